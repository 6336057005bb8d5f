// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"net/url"
	"time"
)

// DeleteThreadParams are what DeleteThread may be told besides; zero values are left out.
type DeleteThreadParams = WorkspaceIDPermanentParams

// DeleteThread: Move a thread's messages to Trash, or remove them (DELETE /v1/inboxes/{inbox}/threads/{thread}).
func (c *Client) DeleteThread(ctx context.Context, inbox string, thread string, params DeleteThreadParams) error {
	return none(ctx, c, "DELETE", "/v1/inboxes/"+url.PathEscape(inbox)+"/threads/"+url.PathEscape(thread), params, nil)
}

// GetThreadParams are what GetThread may be told besides; zero values are left out.
type GetThreadParams struct {
	WorkspaceID   string `query:"workspaceId"`   // Which workspace an operator means; for other keys their own.
	View          string `query:"view"`          // prompt: the thread as text for a language model, of a form of its own; as text/plain if Accept prefers that to application/json. Otherwise the thread with its messages.
	MaxCharacters int64  `query:"maxCharacters"` // Of the prompt; 40000 unless told. Only with view=prompt.
}

// GetThread: Get a thread with its messages, or as a prompt for a language model (GET /v1/inboxes/{inbox}/threads/{thread}).
func (c *Client) GetThread(ctx context.Context, inbox string, thread string, params GetThreadParams) (*WholeThread, error) {
	return do[WholeThread](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/threads/"+url.PathEscape(thread), params, nil)
}

// ListThreadsParams are what ListThreads may be told besides; zero values are left out.
type ListThreadsParams = ListMessagesParams

// ListThreads: List threads (GET /v1/inboxes/{inbox}/threads).
func (c *Client) ListThreads(ctx context.Context, inbox string, params ListThreadsParams) (*ThreadList, error) {
	return do[ThreadList](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/threads", params, nil)
}

// ListWorkspaceThreadsParams are what ListWorkspaceThreads may be told besides; zero values are left out.
type ListWorkspaceThreadsParams = ListMessagesParams

// ListWorkspaceThreads: List threads of all inboxes of a workspace; with an inbox key, of its inbox (GET /v1/threads).
func (c *Client) ListWorkspaceThreads(ctx context.Context, params ListWorkspaceThreadsParams) (*ThreadList, error) {
	return do[ThreadList](ctx, c, "GET", "/v1/threads", params, nil)
}

// UpdateThreadParams are what UpdateThread may be told besides; zero values are left out.
type UpdateThreadParams = WorkspaceIDParams

// UpdateThread: Change the labels of all messages of a thread (PATCH /v1/inboxes/{inbox}/threads/{thread}).
func (c *Client) UpdateThread(ctx context.Context, inbox string, thread string, params UpdateThreadParams, body LabelChange) (*Thread, error) {
	return do[Thread](ctx, c, "PATCH", "/v1/inboxes/"+url.PathEscape(inbox)+"/threads/"+url.PathEscape(thread), params, body)
}

// LabelChange is a part of the API.
type LabelChange struct {
	AddLabels    []string `json:"addLabels,omitzero"`    // unread, read, starred, spam, trash, or labels of your own.
	RemoveLabels []string `json:"removeLabels,omitzero"` // Labels to take away, of the same kinds.
	Unread       *bool    `json:"unread,omitempty"`      // The same as adding or removing unread.
}

// Thread is a part of the API.
type Thread struct {
	CreatedAt     time.Time   `json:"createdAt"`           // When its first message was stored.
	Highlights    []Highlight `json:"highlights,omitzero"` // In a search alone: where that message has what was looked for.
	ID            string      `json:"id"`                  // Begins with thr_.
	InboxID       string      `json:"inboxId"`             // The inbox that it belongs to.
	Labels        []string    `json:"labels"`              // Of any of its messages.
	LastAt        time.Time   `json:"lastAt"`              // When its newest message came.
	LastMessageID string      `json:"lastMessageId"`       // Id of its newest message.
	MatchID       string      `json:"matchId,omitzero"`    // In a search alone: its newest message that was found.
	MessageCount  int64       `json:"messageCount"`        // How many messages it has.
	Preview       string      `json:"preview"`             // Of its newest message.
	Recipients    []Person    `json:"recipients"`          // Who was written to, each once.
	Senders       []Person    `json:"senders"`             // Who wrote, each once.
	Size          int64       `json:"size"`                // Octets of all of them.
	Subject       string      `json:"subject"`             // Of its first message.
}

// ThreadList is a part of the API.
type ThreadList struct {
	NextCursor string   `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
	Partial    bool     `json:"partial,omitzero"`    // Of a search: mail of before an update of the server is still being indexed; older messages may be missing.
	Threads    []Thread `json:"threads"`             // By the time of their newest messages, in the order asked for; of a search, of the newest that are found.
}

// ThreadPrompt is a part of the API.
type ThreadPrompt struct {
	Messages  int64  `json:"messages"`  // How many messages are in it.
	Omitted   int64  `json:"omitted"`   // How many are not: what does not fit is left out from the middle, and what lies in Trash or Junk altogether, unless all of the thread does.
	Prompt    string `json:"prompt"`    // The thread, oldest message first: for each a line about who and when, the new text as a person sees it within a fence that is new in each answer, and facts about links, attachments and hidden text.
	Truncated bool   `json:"truncated"` // The text of a message was cut, or not all of one was looked at.
}

// WholeThread is a part of the API.
type WholeThread struct {
	CreatedAt     time.Time       `json:"createdAt"`           // When its first message was stored.
	Highlights    []Highlight     `json:"highlights,omitzero"` // In a search alone: where that message has what was looked for.
	ID            string          `json:"id"`                  // Begins with thr_.
	InboxID       string          `json:"inboxId"`             // The inbox that it belongs to.
	Labels        []string        `json:"labels"`              // Of any of its messages.
	LastAt        time.Time       `json:"lastAt"`              // When its newest message came.
	LastMessageID string          `json:"lastMessageId"`       // Id of its newest message.
	MatchID       string          `json:"matchId,omitzero"`    // In a search alone: its newest message that was found.
	MessageCount  int64           `json:"messageCount"`        // How many messages it has.
	Messages      []MessageObject `json:"messages"`            // Oldest first; at most 200, the newest. GET …/messages?threadId= lists all.
	Preview       string          `json:"preview"`             // Of its newest message.
	Recipients    []Person        `json:"recipients"`          // Who was written to, each once.
	Senders       []Person        `json:"senders"`             // Who wrote, each once.
	Size          int64           `json:"size"`                // Octets of all of them.
	Subject       string          `json:"subject"`             // Of its first message.
	Truncated     bool            `json:"truncated,omitzero"`  // There are more messages than are given, or a text was cut.
}
