// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"io"
	"net/url"
	"time"
)

// CreateListEntryParams are what CreateListEntry may be told besides; zero values are left out.
type CreateListEntryParams = IdempotencyKeyParams

// CreateListEntry: Put an address or domain on an allow or block list (POST /v1/lists/{direction}/{type}).
func (c *Client) CreateListEntry(ctx context.Context, direction string, kind string, params CreateListEntryParams, body NewListEntryBody) (*ListEntry, error) {
	return do[ListEntry](ctx, c, "POST", "/v1/lists/"+url.PathEscape(direction)+"/"+url.PathEscape(kind), params, body)
}

// CreateSuppressionParams are what CreateSuppression may be told besides; zero values are left out.
type CreateSuppressionParams = IdempotencyKeyParams

// CreateSuppression: Have nothing be sent to addresses any more (POST /v1/suppressions).
func (c *Client) CreateSuppression(ctx context.Context, params CreateSuppressionParams, body NewSuppressionBody) (*Suppressed, error) {
	return do[Suppressed](ctx, c, "POST", "/v1/suppressions", params, body)
}

// DeleteListEntryParams are what DeleteListEntry may be told besides; zero values are left out.
type DeleteListEntryParams = WorkspaceIDInboxIDParams

// DeleteListEntry: Take an address or domain off a list (DELETE /v1/lists/{direction}/{type}/{entry}).
func (c *Client) DeleteListEntry(ctx context.Context, direction string, kind string, entry string, params DeleteListEntryParams) error {
	return none(ctx, c, "DELETE", "/v1/lists/"+url.PathEscape(direction)+"/"+url.PathEscape(kind)+"/"+url.PathEscape(entry), params, nil)
}

// DeleteSuppressionParams are what DeleteSuppression may be told besides; zero values are left out.
type DeleteSuppressionParams = WorkspaceIDParams

// DeleteSuppression: Let mail be sent to an address again (DELETE /v1/suppressions/{address}).
func (c *Client) DeleteSuppression(ctx context.Context, address string, params DeleteSuppressionParams) error {
	return none(ctx, c, "DELETE", "/v1/suppressions/"+url.PathEscape(address), params, nil)
}

// ExportSuppressionsParams are what ExportSuppressions may be told besides; zero values are left out.
type ExportSuppressionsParams = WorkspaceIDParams

// ExportSuppressions: All suppressed addresses as CSV, newest first (GET /v1/suppressions/export).
func (c *Client) ExportSuppressions(ctx context.Context, params ExportSuppressionsParams) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/suppressions/export", "", params, nil)
}

// GetListEntryParams are what GetListEntry may be told besides; zero values are left out.
type GetListEntryParams = WorkspaceIDInboxIDParams

// GetListEntry: Whether an address or domain is on a list (GET /v1/lists/{direction}/{type}/{entry}).
func (c *Client) GetListEntry(ctx context.Context, direction string, kind string, entry string, params GetListEntryParams) (*ListEntry, error) {
	return do[ListEntry](ctx, c, "GET", "/v1/lists/"+url.PathEscape(direction)+"/"+url.PathEscape(kind)+"/"+url.PathEscape(entry), params, nil)
}

// GetSuppressionParams are what GetSuppression may be told besides; zero values are left out.
type GetSuppressionParams = WorkspaceIDParams

// GetSuppression: Why nothing is sent to an address (GET /v1/suppressions/{address}).
func (c *Client) GetSuppression(ctx context.Context, address string, params GetSuppressionParams) (*Suppression, error) {
	return do[Suppression](ctx, c, "GET", "/v1/suppressions/"+url.PathEscape(address), params, nil)
}

// ImportSuppressionsParams are what ImportSuppressions may be told besides; zero values are left out.
type ImportSuppressionsParams = WorkspaceIDIdempotencyKeyParams

// ImportSuppressions: Suppress the addresses of a file; one with a mistake in it adds nothing (POST /v1/suppressions/import). text/csv with the columns address, reason and note (with a first line that names them, or address alone), or a JSON list of addresses or of objects {address, reason, note}. At most 100,000.
func (c *Client) ImportSuppressions(ctx context.Context, params ImportSuppressionsParams, body io.Reader) (*Imported, error) {
	return do[Imported](ctx, c, "POST", "/v1/suppressions/import", params, body)
}

// ListListEntriesParams are what ListListEntries may be told besides; zero values are left out.
type ListListEntriesParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
	InboxID     string `query:"inboxId"`     // The lists of this inbox, its id or address; without it those of the whole workspace, or of a key's own inbox.
}

// ListListEntries: List who is on an allow or block list (GET /v1/lists/{direction}/{type}).
func (c *Client) ListListEntries(ctx context.Context, direction string, kind string, params ListListEntriesParams) (*ListEntries, error) {
	return do[ListEntries](ctx, c, "GET", "/v1/lists/"+url.PathEscape(direction)+"/"+url.PathEscape(kind), params, nil)
}

// ListSuppressionsParams are what ListSuppressions may be told besides; zero values are left out.
type ListSuppressionsParams = WorkspaceIDLimitCursorParams

// ListSuppressions: List addresses that nothing is sent to any more (GET /v1/suppressions).
func (c *Client) ListSuppressions(ctx context.Context, params ListSuppressionsParams) (*SuppressionList, error) {
	return do[SuppressionList](ctx, c, "GET", "/v1/suppressions", params, nil)
}

// Imported is a part of the API.
type Imported struct {
	Added int64 `json:"added"` // How many were not suppressed before.
	Read  int64 `json:"read"`  // How many the file holds.
}

// ListEntries is a part of the API.
type ListEntries struct {
	Entries    []ListEntry `json:"entries"`             // Newest first.
	NextCursor string      `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
}

// ListEntry is a part of the API.
type ListEntry struct {
	CreatedAt time.Time `json:"createdAt"`        // Since when.
	Direction string    `json:"direction"`        // receive: mail that comes; reply: mail that comes as an answer to what the inbox sent; send: recipients of what leaves.
	Entry     string    `json:"entry"`            // An address, or a domain, which stands for its sub-domains too. Lower case, domain in A-labels.
	InboxID   string    `json:"inboxId,omitzero"` // Whose list it is; absent: of all inboxes of the workspace.
	Reason    string    `json:"reason,omitzero"`  // In your words.
	Type      string    `json:"type"`             // What the list says of them.
}

// NewListEntryBody is a part of the API.
type NewListEntryBody struct {
	Entry       string  `json:"entry"`                 // An address, or a domain, which stands for its sub-domains too.
	InboxID     *string `json:"inboxId,omitempty"`     // On the list of this inbox, its id or address; without it on that of the whole workspace, or of a key's own inbox.
	Reason      *string `json:"reason,omitempty"`      // Anything of your own.
	WorkspaceID *string `json:"workspaceId,omitempty"` // Which workspace an operator means; for other keys their own.
}

// NewSuppressionBody is a part of the API.
type NewSuppressionBody struct {
	Address     *string  `json:"address,omitempty"`     // One address.
	Addresses   []string `json:"addresses,omitzero"`    // Several; give either this or address.
	Note        *string  `json:"note,omitempty"`        // Anything of your own.
	Reason      *string  `json:"reason,omitempty"`      // manual by default.
	WorkspaceID *string  `json:"workspaceId,omitempty"` // Which workspace an operator means; for other keys their own.
}

// Suppressed is a part of the API.
type Suppressed struct {
	Added        int64         `json:"added"`        // How many were not suppressed before.
	Suppressions []Suppression `json:"suppressions"` // As they are now; those that were there keep their reason.
}

// Suppression is a part of the API.
type Suppression struct {
	Address   string    `json:"address"`            // Lower case, domain in A-labels.
	CreatedAt time.Time `json:"createdAt"`          // Since when.
	InboxID   string    `json:"inboxId,omitzero"`   // The inbox whose message led to it.
	MessageID string    `json:"messageId,omitzero"` // Id of the message that led to it, msg_…
	Note      string    `json:"note,omitzero"`      // What was said: by the other server, or by who added it.
	Reason    string    `json:"reason"`             // How it came to it.
}

// SuppressionList is a part of the API.
type SuppressionList struct {
	NextCursor   string        `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
	Suppressions []Suppression `json:"suppressions"`        // Newest first.
}
