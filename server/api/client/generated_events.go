// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"encoding/json"
	"io"
	"time"
)

// ListEventsParams are what ListEvents may be told besides; zero values are left out.
type ListEventsParams struct {
	WorkspaceID string   `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Cursor      string   `query:"cursor"`      // The place to go on from; without one, the beginning of the journal. end: only what happens from now on.
	Limit       int64    `query:"limit"`       // Events of a page.
	Wait        int64    `query:"wait"`        // Seconds to wait for an event if there is none.
	Types       []string `query:"types"`       // Only these types; separated by commas, or given several times.
	InboxIDs    []string `query:"inboxIds"`    // Only events of these inboxes, likewise.
}

// ListEvents: Read the journal, oldest first, and wait for more (GET /v1/events).
func (c *Client) ListEvents(ctx context.Context, params ListEventsParams) (*EventList, error) {
	return do[EventList](ctx, c, "GET", "/v1/events", params, nil)
}

// StreamEventsParams are what StreamEvents may be told besides; zero values are left out.
type StreamEventsParams struct {
	LastEventID string   `header:"Last-Event-ID"` // The place to go on from; it counts before cursor.
	WorkspaceID string   `query:"workspaceId"`    // Which workspace an operator means; without one, what happens in all of them, live only. For other keys their own.
	Cursor      string   `query:"cursor"`         // Replay from here; without one, what happens from now on.
	Types       []string `query:"types"`          // Only these types; separated by commas, or given several times.
	InboxIDs    []string `query:"inboxIds"`       // Only events of these inboxes, likewise; ids or addresses.
	APIKey      string   `query:"api_key"`        // The key, where no header can be set.
}

// StreamEvents: Server-sent events: every event as it happens, with the frames of the WebSocket (GET /v1/events/stream).
func (c *Client) StreamEvents(ctx context.Context, params StreamEventsParams) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/events/stream", "", params, nil)
}

// Event is a part of the API.
type Event struct {
	CreatedAt   time.Time       `json:"createdAt"`        // When it happened.
	Cursor      string          `json:"cursor"`           // The place behind this event.
	Data        json.RawMessage `json:"data"`             // The object as it was at that moment: for message.* the message.
	ID          string          `json:"id"`               // Dedupes: delivery is at least once.
	InboxID     string          `json:"inboxId,omitzero"` // The inbox that it concerns, if it is one.
	Type        string          `json:"type"`             // message.received, inbox.created, …
	WorkspaceID string          `json:"workspaceId"`      // Where it happened.
}

// EventList is a part of the API.
type EventList struct {
	Events     []Event `json:"events"`       // Oldest first.
	Gap        bool    `json:"gap,omitzero"` // Events between the cursor and the first one given are gone.
	NextCursor string  `json:"nextCursor"`   // Where to go on; always there.
}
