// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"net/url"
	"time"
)

// CreateWebhookParams are what CreateWebhook may be told besides; zero values are left out.
type CreateWebhookParams = IdempotencyKeyParams

// CreateWebhook: Have events posted to a URL (POST /v1/webhooks).
func (c *Client) CreateWebhook(ctx context.Context, params CreateWebhookParams, body NewWebhookBody) (*Webhook, error) {
	return do[Webhook](ctx, c, "POST", "/v1/webhooks", params, body)
}

// DeleteWebhookParams are what DeleteWebhook may be told besides; zero values are left out.
type DeleteWebhookParams = WorkspaceIDParams

// DeleteWebhook: Delete a webhook with its log (DELETE /v1/webhooks/{webhook}).
func (c *Client) DeleteWebhook(ctx context.Context, webhook string, params DeleteWebhookParams) error {
	return none(ctx, c, "DELETE", "/v1/webhooks/"+url.PathEscape(webhook), params, nil)
}

// GetWebhookParams are what GetWebhook may be told besides; zero values are left out.
type GetWebhookParams = WorkspaceIDParams

// GetWebhook: Get a webhook, without its secret (GET /v1/webhooks/{webhook}).
func (c *Client) GetWebhook(ctx context.Context, webhook string, params GetWebhookParams) (*Webhook, error) {
	return do[Webhook](ctx, c, "GET", "/v1/webhooks/"+url.PathEscape(webhook), params, nil)
}

// GetWebhookDeliveryParams are what GetWebhookDelivery may be told besides; zero values are left out.
type GetWebhookDeliveryParams = WorkspaceIDParams

// GetWebhookDelivery: Get a delivery with its attempts (GET /v1/webhooks/{webhook}/deliveries/{delivery}).
func (c *Client) GetWebhookDelivery(ctx context.Context, webhook string, delivery string, params GetWebhookDeliveryParams) (*Posting, error) {
	return do[Posting](ctx, c, "GET", "/v1/webhooks/"+url.PathEscape(webhook)+"/deliveries/"+url.PathEscape(delivery), params, nil)
}

// ListWebhookDeliveriesParams are what ListWebhookDeliveries may be told besides; zero values are left out.
type ListWebhookDeliveriesParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
	Status      string `query:"status"`      // Only those that stand so.
	EventType   string `query:"eventType"`   // Only events of this type.
	EventID     string `query:"eventId"`     // Only this event.
}

// ListWebhookDeliveries: List what was posted to a webhook, and what waits (GET /v1/webhooks/{webhook}/deliveries).
func (c *Client) ListWebhookDeliveries(ctx context.Context, webhook string, params ListWebhookDeliveriesParams) (*PostingList, error) {
	return do[PostingList](ctx, c, "GET", "/v1/webhooks/"+url.PathEscape(webhook)+"/deliveries", params, nil)
}

// ListWebhooksParams are what ListWebhooks may be told besides; zero values are left out.
type ListWebhooksParams = WorkspaceIDLimitCursorParams

// ListWebhooks: List webhooks (GET /v1/webhooks).
func (c *Client) ListWebhooks(ctx context.Context, params ListWebhooksParams) (*WebhookList, error) {
	return do[WebhookList](ctx, c, "GET", "/v1/webhooks", params, nil)
}

// RedeliverWebhookParams are what RedeliverWebhook may be told besides; zero values are left out.
type RedeliverWebhookParams = WorkspaceIDIdempotencyKeyParams

// RedeliverWebhook: Post an event again, or a range of them (POST /v1/webhooks/{webhook}/redeliver).
func (c *Client) RedeliverWebhook(ctx context.Context, webhook string, params RedeliverWebhookParams, body WebhookAgainBody) (*PostedAgain, error) {
	return do[PostedAgain](ctx, c, "POST", "/v1/webhooks/"+url.PathEscape(webhook)+"/redeliver", params, body)
}

// RotateWebhookSecretParams are what RotateWebhookSecret may be told besides; zero values are left out.
type RotateWebhookSecretParams = WorkspaceIDIdempotencyKeyParams

// RotateWebhookSecret: Give a webhook a new secret, shown once; for 24 hours both sign (POST /v1/webhooks/{webhook}/rotate-secret).
func (c *Client) RotateWebhookSecret(ctx context.Context, webhook string, params RotateWebhookSecretParams) (*Webhook, error) {
	return do[Webhook](ctx, c, "POST", "/v1/webhooks/"+url.PathEscape(webhook)+"/rotate-secret", params, nil)
}

// TestWebhookParams are what TestWebhook may be told besides; zero values are left out.
type TestWebhookParams = WorkspaceIDIdempotencyKeyParams

// TestWebhook: Post a sample event now, and see what came of it (POST /v1/webhooks/{webhook}/test).
func (c *Client) TestWebhook(ctx context.Context, webhook string, params TestWebhookParams, body WebhookTestBody) (*Posting, error) {
	return do[Posting](ctx, c, "POST", "/v1/webhooks/"+url.PathEscape(webhook)+"/test", params, body)
}

// UpdateWebhookParams are what UpdateWebhook may be told besides; zero values are left out.
type UpdateWebhookParams = WorkspaceIDParams

// UpdateWebhook: Change a webhook, disable it or enable it again (PATCH /v1/webhooks/{webhook}).
func (c *Client) UpdateWebhook(ctx context.Context, webhook string, params UpdateWebhookParams, body WebhookChangeBody) (*Webhook, error) {
	return do[Webhook](ctx, c, "PATCH", "/v1/webhooks/"+url.PathEscape(webhook), params, body)
}

// NewWebhookBody is a part of the API.
type NewWebhookBody struct {
	Description *string           `json:"description,omitempty"` // At most 500 characters.
	EventTypes  []string          `json:"eventTypes,omitzero"`   // Such as message.received; none means all.
	Headers     map[string]string `json:"headers,omitzero"`      // Headers of your own for each request, such as Authorization; at most 20. They are never shown.
	InboxIDs    []string          `json:"inboxIds,omitzero"`     // Only events of these inboxes, by id or address; none means all, and what concerns the whole workspace.
	Ordered     *bool             `json:"ordered,omitempty"`     // Post each inbox's events one after the other.
	URL         string            `json:"url"`                   // https, at a host of the public internet, or what the operator of this server allows beside it.
	WorkspaceID *string           `json:"workspaceId,omitempty"` // Which workspace an operator means; for other keys their own.
}

// PostedAgain is a part of the API.
type PostedAgain struct {
	NextCursor  string `json:"nextCursor,omitzero"` // There are more: give it as since to go on.
	Redelivered int64  `json:"redelivered"`         // How many events are posted again, at once; at most 1000.
}

// Posting is a part of the API.
type Posting struct {
	Attempts      int64            `json:"attempts"`               // How often it was posted.
	AttemptsList  []PostingAttempt `json:"attemptsList,omitzero"`  // Each attempt, oldest first; only where one delivery is given.
	CreatedAt     time.Time        `json:"createdAt"`              // When it was first posted, or put off.
	EndedAt       time.Time        `json:"endedAt,omitzero"`       // When it was delivered, or failed.
	Error         string           `json:"error,omitzero"`         // What was wrong with the last attempt.
	EventID       string           `json:"eventId"`                // The event's id, and the webhook-id of each request.
	EventType     string           `json:"eventType"`              // Such as message.received; gap tells that events are gone which were not told in time.
	ID            string           `json:"id"`                     // Begins with dlv_.
	InboxID       string           `json:"inboxId,omitzero"`       // The inbox that the event concerns, if it is one.
	NextAttemptAt time.Time        `json:"nextAttemptAt,omitzero"` // When it is posted next, at the earliest.
	Status        string           `json:"status"`                 // failed: it is not tried any more.
	StatusCode    int64            `json:"statusCode,omitzero"`    // HTTP status of the last answer; absent if there was none.
	Test          bool             `json:"test,omitzero"`          // It was made to try the webhook.
}

// PostingAttempt is a part of the API.
type PostingAttempt struct {
	DurationMs int64     `json:"durationMs"`          // How long it took, in milliseconds.
	Error      string    `json:"error,omitzero"`      // What was wrong; absent if it was delivered.
	Number     int64     `json:"number"`              // 1 is the first.
	Response   string    `json:"response,omitzero"`   // The beginning of the answer's body, at most 1024 octets.
	StartedAt  time.Time `json:"startedAt"`           // When it began.
	StatusCode int64     `json:"statusCode,omitzero"` // HTTP status of the answer; absent if there was none.
}

// PostingList is a part of the API.
type PostingList struct {
	Deliveries []Posting `json:"deliveries"`          // Newest first; those that ended more than 14 days ago are forgotten, and of one webhook all but the last 10,000.
	NextCursor string    `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
}

// Webhook is a part of the API.
type Webhook struct {
	CreatedAt      time.Time `json:"createdAt"`               // When it was made; it gets what happened since.
	Description    string    `json:"description"`             // Your own words; may be empty.
	DisabledAt     time.Time `json:"disabledAt,omitzero"`     // Since when.
	DisabledReason string    `json:"disabledReason,omitzero"` // Why it is disabled: somebody wanted it, it failed for five days, or it answered 410.
	Enabled        bool      `json:"enabled"`                 // Whether events are posted. While it is disabled, its place in the journal stays.
	EventTypes     []string  `json:"eventTypes"`              // Which it gets; empty means all.
	HeaderNames    []string  `json:"headerNames"`             // The headers of its own that each request has. Their values are never shown.
	ID             string    `json:"id"`                      // Begins with whk_.
	InboxIDs       []string  `json:"inboxIds"`                // Of which inboxes; empty means all, and what concerns the whole workspace.
	OldSecretUntil time.Time `json:"oldSecretUntil,omitzero"` // Until when the secret before this one signs as well.
	Ordered        bool      `json:"ordered"`                 // Each inbox's events come one after the other: one that fails holds those behind it back.
	Secret         string    `json:"secret,omitzero"`         // By which requests are signed (Standard Webhooks), shown this once.
	UpdatedAt      time.Time `json:"updatedAt"`               // When it was last changed.
	URL            string    `json:"url"`                     // Where they are posted to.
	WorkspaceID    string    `json:"workspaceId"`             // Whose events it gets.
}

// WebhookAgainBody is a part of the API.
type WebhookAgainBody struct {
	EventID *string `json:"eventId,omitempty"` // Post this one event again.
	Since   *string `json:"since,omitempty"`   // Post all events behind this cursor, or from this time on (RFC 3339), that the webhook wants.
	Until   *string `json:"until,omitempty"`   // Up to and with this cursor, or before this time; without, up to now.
}

// WebhookChangeBody is a part of the API.
type WebhookChangeBody struct {
	Description *string           `json:"description,omitempty"` // At most 500 characters.
	Enabled     *bool             `json:"enabled,omitempty"`     // true: go on from its place, with what waits tried at once. false: post nothing.
	EventTypes  []string          `json:"eventTypes,omitzero"`   // Replaces what is there; an empty list means all.
	Headers     map[string]string `json:"headers,omitzero"`      // Replaces all of them.
	InboxIDs    []string          `json:"inboxIds,omitzero"`     // Replaces what is there; an empty list means all.
	Ordered     *bool             `json:"ordered,omitempty"`     // Post each inbox's events one after the other.
	URL         *string           `json:"url,omitempty"`         // As when it is made.
}

// WebhookList is a part of the API.
type WebhookList struct {
	NextCursor string    `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
	Webhooks   []Webhook `json:"webhooks"`            // Newest first.
}

// WebhookTestBody is a part of the API.
type WebhookTestBody struct {
	EventType *string `json:"eventType,omitempty"` // What the sample is to be; message.received by default.
}
