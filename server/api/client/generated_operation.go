// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"net/url"
	"time"
)

// CancelQueueParams are what CancelQueue may be told besides; zero values are left out.
type CancelQueueParams = WorkspaceIDIdempotencyKeyParams

// CancelQueue: Give recipients up that wait (POST /v1/queue/cancel).
func (c *Client) CancelQueue(ctx context.Context, params CancelQueueParams, body QueueChangeBody) (*QueueChanged, error) {
	return do[QueueChanged](ctx, c, "POST", "/v1/queue/cancel", params, body)
}

// CountQueueParams are what CountQueue may be told besides; zero values are left out.
type CountQueueParams = WorkspaceIDParams

// CountQueue: How much waits for each domain (GET /v1/queue/domains).
func (c *Client) CountQueue(ctx context.Context, params CountQueueParams) (*QueueCounts, error) {
	return do[QueueCounts](ctx, c, "GET", "/v1/queue/domains", params, nil)
}

// GetMetricsParams are what GetMetrics may be told besides; zero values are left out.
type GetMetricsParams struct {
	WorkspaceID string    `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	InboxID     string    `query:"inboxId"`     // Only of this inbox, its id or address; without it of the whole workspace, or of a key's own inbox.
	Types       []string  `query:"types"`       // Only these types of events; separated by commas, or given several times.
	From        time.Time `query:"from"`        // From the hour of this time on; a day before to by the hour, 30 days by the day, unless told.
	To          time.Time `query:"to"`          // Until this time; now unless told.
	Interval    string    `query:"interval"`    // Counts of each hour, of at most 31 days; or of each day in UTC, of at most 366.
}

// GetMetrics: Count messages that came, left, bounced and so on, by hour or day (GET /v1/metrics). Counts are made with the events, are kept for 400 days and outlive them. message.sent counts messages; delivered, deferred, bounced, rejected and complained count recipients.
func (c *Client) GetMetrics(ctx context.Context, params GetMetricsParams) (*MetricsObject, error) {
	return do[MetricsObject](ctx, c, "GET", "/v1/metrics", params, nil)
}

// GetRejectionParams are what GetRejection may be told besides; zero values are left out.
type GetRejectionParams = WorkspaceIDParams

// GetRejection: Get the record of mail that was refused or put aside (GET /v1/rejections/{rejection}).
func (c *Client) GetRejection(ctx context.Context, rejection string, params GetRejectionParams) (*Rejection, error) {
	return do[Rejection](ctx, c, "GET", "/v1/rejections/"+url.PathEscape(rejection), params, nil)
}

// HoldQueueParams are what HoldQueue may be told besides; zero values are left out.
type HoldQueueParams = WorkspaceIDIdempotencyKeyParams

// HoldQueue: Keep recipients from being tried (POST /v1/queue/hold).
func (c *Client) HoldQueue(ctx context.Context, params HoldQueueParams, body QueueChangeBody) (*QueueChanged, error) {
	return do[QueueChanged](ctx, c, "POST", "/v1/queue/hold", params, body)
}

// ListQueueParams are what ListQueue may be told besides; zero values are left out.
type ListQueueParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
	Inbox       string `query:"inbox"`       // Only what this inbox sends; its id or address.
	Domain      string `query:"domain"`      // Only what goes to this domain.
	MessageID   string `query:"messageId"`   // Only recipients of this message, msg_…
	Status      string `query:"status"`      // Only those of this status.
}

// ListQueue: List recipients that wait for mail to leave (GET /v1/queue).
func (c *Client) ListQueue(ctx context.Context, params ListQueueParams) (*QueueList, error) {
	return do[QueueList](ctx, c, "GET", "/v1/queue", params, nil)
}

// ListRejectionsParams are what ListRejections may be told besides; zero values are left out.
type ListRejectionsParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
	InboxID     string `query:"inboxId"`     // Only of this inbox; its id or address.
	Action      string `query:"action"`      // Only what was refused, or only what was put aside.
	Reason      string `query:"reason"`      // Only for this reason.
}

// ListRejections: List mail that was refused or put aside (GET /v1/rejections). An operator who names no workspace sees what was refused and is no workspace's: mail for domains that are not served here, and clients that came too fast.
func (c *Client) ListRejections(ctx context.Context, params ListRejectionsParams) (*RejectionList, error) {
	return do[RejectionList](ctx, c, "GET", "/v1/rejections", params, nil)
}

// ReleaseQueueParams are what ReleaseQueue may be told besides; zero values are left out.
type ReleaseQueueParams = WorkspaceIDIdempotencyKeyParams

// ReleaseQueue: Let recipients that are held be tried again (POST /v1/queue/release).
func (c *Client) ReleaseQueue(ctx context.Context, params ReleaseQueueParams, body QueueChangeBody) (*QueueChanged, error) {
	return do[QueueChanged](ctx, c, "POST", "/v1/queue/release", params, body)
}

// ReleaseRejectionParams are what ReleaseRejection may be told besides; zero values are left out.
type ReleaseRejectionParams = WorkspaceIDIdempotencyKeyParams

// ReleaseRejection: Put a message that was put aside into INBOX (POST /v1/rejections/{rejection}/release).
func (c *Client) ReleaseRejection(ctx context.Context, rejection string, params ReleaseRejectionParams) (*MessageObject, error) {
	return do[MessageObject](ctx, c, "POST", "/v1/rejections/"+url.PathEscape(rejection)+"/release", params, nil)
}

// RetryQueueParams are what RetryQueue may be told besides; zero values are left out.
type RetryQueueParams = WorkspaceIDIdempotencyKeyParams

// RetryQueue: Try recipients now that wait for their next try (POST /v1/queue/retry).
func (c *Client) RetryQueue(ctx context.Context, params RetryQueueParams, body QueueChangeBody) (*QueueChanged, error) {
	return do[QueueChanged](ctx, c, "POST", "/v1/queue/retry", params, body)
}

// Metric is a part of the API.
type Metric struct {
	Points []MetricPoint `json:"points"` // Oldest first, without those that would be 0.
	Total  int64         `json:"total"`  // Of the whole time.
	Type   string        `json:"type"`   // Of events: message.received, message.sent, message.delivered, message.bounced, …
}

// MetricPoint is a part of the API.
type MetricPoint struct {
	At    time.Time `json:"at"`    // When the hour or day begins.
	Count int64     `json:"count"` // How many events there were in it.
}

// MetricsObject is a part of the API.
type MetricsObject struct {
	From     time.Time `json:"from"`     // Where the counts begin.
	Interval string    `json:"interval"` // How long each count is for.
	Metrics  []Metric  `json:"metrics"`  // One for each type of which there was anything, by name.
	To       time.Time `json:"to"`       // Where they end.
}

// QueueChangeBody is a part of the API.
type QueueChangeBody struct {
	All       *bool   `json:"all,omitempty"`       // All that waits, where nothing else is named.
	Domain    *string `json:"domain,omitempty"`    // What goes to this domain.
	ID        *string `json:"id,omitempty"`        // One recipient, out_…
	Inbox     *string `json:"inbox,omitempty"`     // What this inbox sends; its id or address.
	MessageID *string `json:"messageId,omitempty"` // Recipients of this message, msg_…
}

// QueueChanged is a part of the API.
type QueueChanged struct {
	Changed int64 `json:"changed"`       // How many recipients were changed.
	More    bool  `json:"more,omitzero"` // There are more than one request changes; send it again with another Idempotency-Key.
}

// QueueCount is a part of the API.
type QueueCount struct {
	Deferred int64     `json:"deferred"` // Of them, those that were tried before.
	Domain   string    `json:"domain"`   // Where it goes.
	Held     int64     `json:"held"`     // Of them, those that are held.
	OldestAt time.Time `json:"oldestAt"` // When the oldest of them was handed over.
	Waiting  int64     `json:"waiting"`  // Recipients that wait, in all.
}

// QueueCounts is a part of the API.
type QueueCounts struct {
	Domains []QueueCount `json:"domains"` // Most waiting first; at most 200.
}

// QueueEntry is a part of the API.
type QueueEntry struct {
	Attempts      int64     `json:"attempts"`               // How often it was tried.
	AttemptsList  []Attempt `json:"attemptsList"`           // Each try, oldest first.
	Code          int64     `json:"code,omitzero"`          // SMTP reply code of the last try.
	CreatedAt     time.Time `json:"createdAt"`              // When it was handed over.
	Domain        string    `json:"domain"`                 // Where it goes.
	EndedAt       time.Time `json:"endedAt,omitzero"`       // When it stopped waiting.
	EnhancedCode  string    `json:"enhancedCode,omitzero"`  // Enhanced status code (RFC 3463).
	ID            string    `json:"id"`                     // Names it in the queue; begins with out_.
	InboxID       string    `json:"inboxId"`                // The inbox that sends.
	Lane          string    `json:"lane"`                   // prompt: replies and single messages, which go first.
	MessageID     string    `json:"messageId"`              // Id of the message, msg_…
	NextAttemptAt time.Time `json:"nextAttemptAt,omitzero"` // When it is tried next, at the earliest; absent if it is held or does not wait.
	Reason        string    `json:"reason,omitzero"`        // Kind of the last failure, such as mailboxFull.
	Recipient     string    `json:"recipient"`              // The address.
	Reply         string    `json:"reply,omitzero"`         // What the server said, or what went wrong.
	Sender        string    `json:"sender"`                 // Who sends it.
	Status        string    `json:"status"`                 // Where it stands; sent: a relay has it.
	Why           string    `json:"why,omitzero"`           // Why it waits: held, scheduled, notYet (it can still be cancelled), paused (inbox and recipient answer each other too fast), retryAt, queued, sending, turn, siteBusy, siteRests, workspaceBusy or workersBusy.
	WhyUntil      time.Time `json:"whyUntil,omitzero"`      // Until when, where that is known.
}

// QueueList is a part of the API.
type QueueList struct {
	Entries    []QueueEntry `json:"entries"`             // Newest first; with a status, a page may hold fewer than limit and still have a next one.
	NextCursor string       `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
}

// Rejection is a part of the API.
type Rejection struct {
	Action     string    `json:"action"`              // refused: it was not taken, and its sender knows; quarantined: it lies in Junk and can be released.
	Author     string    `json:"author,omitzero"`     // Address in From; absent if the message was not read.
	Count      int64     `json:"count"`               // How often the same came within an hour.
	CreatedAt  time.Time `json:"createdAt"`           // The first time.
	Detail     string    `json:"detail,omitzero"`     // What was answered, or found.
	Helo       string    `json:"helo,omitzero"`       // How it greeted; its own claim.
	ID         string    `json:"id"`                  // rej_…
	InboxID    string    `json:"inboxId,omitzero"`    // Whose mail it would have been; absent if nobody has the address.
	LastAt     time.Time `json:"lastAt"`              // The last time.
	MessageID  string    `json:"messageId,omitzero"`  // Id of the message that lies in Junk, msg_…
	Reason     string    `json:"reason"`              // Why.
	Recipient  string    `json:"recipient,omitzero"`  // Envelope recipient.
	ReleasedAt time.Time `json:"releasedAt,omitzero"` // When it was released, or moved out of Junk.
	Sender     string    `json:"sender,omitzero"`     // Envelope sender; absent: the null one.
	Source     string    `json:"source,omitzero"`     // IP address of the client.
	Subject    string    `json:"subject,omitzero"`    // Of what was read.
}

// RejectionList is a part of the API.
type RejectionList struct {
	NextCursor string      `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
	Rejections []Rejection `json:"rejections"`          // The latest first. Kept for 30 days, at most 10,000.
}
