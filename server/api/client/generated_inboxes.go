// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"encoding/json"
	"net/url"
	"time"
)

// CreateAddressParams are what CreateAddress may be told besides; zero values are left out.
type CreateAddressParams = WorkspaceIDIdempotencyKeyParams

// CreateAddress: Give an inbox one more address (POST /v1/inboxes/{inbox}/addresses).
func (c *Client) CreateAddress(ctx context.Context, inbox string, params CreateAddressParams, body NewAddressBody) (*Inbox, error) {
	return do[Inbox](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/addresses", params, body)
}

// CreateInboxParams are what CreateInbox may be told besides; zero values are left out.
type CreateInboxParams = IdempotencyKeyParams

// CreateInbox: Make an inbox (POST /v1/inboxes).
func (c *Client) CreateInbox(ctx context.Context, params CreateInboxParams, body NewInboxBody) (*Inbox, error) {
	return do[Inbox](ctx, c, "POST", "/v1/inboxes", params, body)
}

// CreateInboxPasswordParams are what CreateInboxPassword may be told besides; zero values are left out.
type CreateInboxPasswordParams = WorkspaceIDIdempotencyKeyParams

// CreateInboxPassword: Make a new password for IMAP and SMTP, shown once; the old one ends (POST /v1/inboxes/{inbox}/credentials).
func (c *Client) CreateInboxPassword(ctx context.Context, inbox string, params CreateInboxPasswordParams) (*Inbox, error) {
	return do[Inbox](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/credentials", params, nil)
}

// DeleteAddressParams are what DeleteAddress may be told besides; zero values are left out.
type DeleteAddressParams = WorkspaceIDParams

// DeleteAddress: Take an address from an inbox (DELETE /v1/inboxes/{inbox}/addresses/{address}).
func (c *Client) DeleteAddress(ctx context.Context, inbox string, address string, params DeleteAddressParams) error {
	return none(ctx, c, "DELETE", "/v1/inboxes/"+url.PathEscape(inbox)+"/addresses/"+url.PathEscape(address), params, nil)
}

// DeleteInboxParams are what DeleteInbox may be told besides; zero values are left out.
type DeleteInboxParams = WorkspaceIDParams

// DeleteInbox: Delete an inbox with all its mail, for good (DELETE /v1/inboxes/{inbox}).
func (c *Client) DeleteInbox(ctx context.Context, inbox string, params DeleteInboxParams) error {
	return none(ctx, c, "DELETE", "/v1/inboxes/"+url.PathEscape(inbox), params, nil)
}

// GetInboxParams are what GetInbox may be told besides; zero values are left out.
type GetInboxParams = WorkspaceIDParams

// GetInbox: Get an inbox (GET /v1/inboxes/{inbox}).
func (c *Client) GetInbox(ctx context.Context, inbox string, params GetInboxParams) (*Inbox, error) {
	return do[Inbox](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox), params, nil)
}

// GetInboxSendingParams are what GetInboxSending may be told besides; zero values are left out.
type GetInboxSendingParams = WorkspaceIDParams

// GetInboxSending: How its mail leaves (GET /v1/inboxes/{inbox}/sending).
func (c *Client) GetInboxSending(ctx context.Context, inbox string, params GetInboxSendingParams) (*Sending, error) {
	return do[Sending](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/sending", params, nil)
}

// ListAddressesParams are what ListAddresses may be told besides; zero values are left out.
type ListAddressesParams = WorkspaceIDParams

// ListAddresses: List the addresses of an inbox (GET /v1/inboxes/{inbox}/addresses).
func (c *Client) ListAddresses(ctx context.Context, inbox string, params ListAddressesParams) (*AddressList, error) {
	return do[AddressList](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/addresses", params, nil)
}

// ListInboxesParams are what ListInboxes may be told besides; zero values are left out.
type ListInboxesParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
	Metadata    string `query:"metadata"`    // name:value, for inboxes alone whose metadata has this text or number under this name.
}

// ListInboxes: List inboxes (GET /v1/inboxes).
func (c *Client) ListInboxes(ctx context.Context, params ListInboxesParams) (*InboxList, error) {
	return do[InboxList](ctx, c, "GET", "/v1/inboxes", params, nil)
}

// PauseInboxParams are what PauseInbox may be told besides; zero values are left out.
type PauseInboxParams = WorkspaceIDIdempotencyKeyParams

// PauseInbox: Keep an inbox from sending; mail still comes in (POST /v1/inboxes/{inbox}/pause). Whoever sends from it is refused, over the API and by submission. What waits in its outbox by then still leaves, unless POST /v1/queue/hold holds it.
func (c *Client) PauseInbox(ctx context.Context, inbox string, params PauseInboxParams) (*Inbox, error) {
	return do[Inbox](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/pause", params, nil)
}

// PutInboxSendingParams are what PutInboxSending may be told besides; zero values are left out.
type PutInboxSendingParams = WorkspaceIDParams

// PutInboxSending: Set how its mail leaves; what is not given is not set any more (PUT /v1/inboxes/{inbox}/sending).
func (c *Client) PutInboxSending(ctx context.Context, inbox string, params PutInboxSendingParams, body SendingChange) (*Sending, error) {
	return do[Sending](ctx, c, "PUT", "/v1/inboxes/"+url.PathEscape(inbox)+"/sending", params, body)
}

// ResumeInboxParams are what ResumeInbox may be told besides; zero values are left out.
type ResumeInboxParams = WorkspaceIDIdempotencyKeyParams

// ResumeInbox: Let an inbox send again (POST /v1/inboxes/{inbox}/resume).
func (c *Client) ResumeInbox(ctx context.Context, inbox string, params ResumeInboxParams) (*Inbox, error) {
	return do[Inbox](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/resume", params, nil)
}

// UpdateInboxParams are what UpdateInbox may be told besides; zero values are left out.
type UpdateInboxParams = WorkspaceIDParams

// UpdateInbox: Change an inbox (PATCH /v1/inboxes/{inbox}).
func (c *Client) UpdateInbox(ctx context.Context, inbox string, params UpdateInboxParams, body InboxChangeBody) (*Inbox, error) {
	return do[Inbox](ctx, c, "PATCH", "/v1/inboxes/"+url.PathEscape(inbox), params, body)
}

// Address is a part of the API.
type Address struct {
	Address string `json:"address"` // In its canonical form.
	Primary bool   `json:"primary"` // True for one address of the inbox.
}

// AddressList is a part of the API.
type AddressList struct {
	Addresses []Address `json:"addresses"` // The primary one first.
}

// Inbox is a part of the API.
type Inbox struct {
	Address     string                     `json:"address"`           // The primary address.
	Addresses   []Address                  `json:"addresses"`         // All addresses, the primary one first.
	CreatedAt   time.Time                  `json:"createdAt"`         // When it was made.
	DisplayName string                     `json:"displayName"`       // The name that people see.
	Domain      string                     `json:"domain"`            // What stands behind it.
	Existed     bool                       `json:"existed,omitzero"`  // It was there already.
	ID          string                     `json:"id"`                // Begins with inb_.
	Metadata    map[string]json.RawMessage `json:"metadata"`          // Anything of your own.
	Password    string                     `json:"password,omitzero"` // For IMAP and SMTP, shown this once.
	PausedAt    time.Time                  `json:"pausedAt,omitzero"` // Since when it sends nothing; absent if it sends.
	UndoSeconds int64                      `json:"undoSeconds"`       // How long a message waits before it leaves, so that it can be cancelled.
	UpdatedAt   time.Time                  `json:"updatedAt"`         // When it was last changed.
	Username    string                     `json:"username"`          // What stands before the @ of the primary address.
	WorkspaceID string                     `json:"workspaceId"`       // The workspace that owns it.
}

// InboxChangeBody is a part of the API.
type InboxChangeBody struct {
	DisplayName *string        `json:"displayName,omitempty"` // At most 256 characters.
	Metadata    map[string]any `json:"metadata,omitzero"`     // By name: a value replaces what is there, null removes it, and what is not named stays; 16 KiB in all.
	UndoSeconds *int64         `json:"undoSeconds,omitempty"` // How long a message waits before it leaves, 0 to 3600.
}

// InboxList is a part of the API.
type InboxList struct {
	Inboxes    []Inbox `json:"inboxes"`             // Newest first.
	NextCursor string  `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
}

// NewAddressBody is a part of the API.
type NewAddressBody struct {
	Address string `json:"address"`           // At a verified domain of the workspace.
	Primary *bool  `json:"primary,omitempty"` // Make it the primary one.
}

// NewInboxBody is a part of the API.
type NewInboxBody struct {
	DisplayName *string        `json:"displayName,omitempty"` // At most 256 characters.
	Domain      string         `json:"domain"`                // A verified domain of the workspace.
	Metadata    map[string]any `json:"metadata,omitzero"`     // Anything of your own, at most 16 KiB.
	Username    string         `json:"username"`              // What stands before the @.
	WorkspaceID *string        `json:"workspaceId,omitempty"` // Which workspace an operator means; for other keys their own.
}
