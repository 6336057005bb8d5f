// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"net/url"
	"time"
)

// CreateInboxKeyParams are what CreateInboxKey may be told besides; zero values are left out.
type CreateInboxKeyParams = WorkspaceIDIdempotencyKeyParams

// CreateInboxKey: Make a key, shown once (POST /v1/inboxes/{inbox}/api-keys).
func (c *Client) CreateInboxKey(ctx context.Context, inbox string, params CreateInboxKeyParams, body KeyInput) (*NewKey, error) {
	return do[NewKey](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/api-keys", params, body)
}

// CreateWorkspaceKeyParams are what CreateWorkspaceKey may be told besides; zero values are left out.
type CreateWorkspaceKeyParams = IdempotencyKeyParams

// CreateWorkspaceKey: Make a key, shown once (POST /v1/workspaces/{workspace}/api-keys).
func (c *Client) CreateWorkspaceKey(ctx context.Context, workspace string, params CreateWorkspaceKeyParams, body KeyInput) (*NewKey, error) {
	return do[NewKey](ctx, c, "POST", "/v1/workspaces/"+url.PathEscape(workspace)+"/api-keys", params, body)
}

// DeleteInboxKeyParams are what DeleteInboxKey may be told besides; zero values are left out.
type DeleteInboxKeyParams = WorkspaceIDParams

// DeleteInboxKey: Revoke a key (DELETE /v1/inboxes/{inbox}/api-keys/{key}).
func (c *Client) DeleteInboxKey(ctx context.Context, inbox string, key string, params DeleteInboxKeyParams) error {
	return none(ctx, c, "DELETE", "/v1/inboxes/"+url.PathEscape(inbox)+"/api-keys/"+url.PathEscape(key), params, nil)
}

// DeleteWorkspaceKey: Revoke a key (DELETE /v1/workspaces/{workspace}/api-keys/{key}).
func (c *Client) DeleteWorkspaceKey(ctx context.Context, workspace string, key string) error {
	return none(ctx, c, "DELETE", "/v1/workspaces/"+url.PathEscape(workspace)+"/api-keys/"+url.PathEscape(key), nil, nil)
}

// GetInboxKeyParams are what GetInboxKey may be told besides; zero values are left out.
type GetInboxKeyParams = WorkspaceIDParams

// GetInboxKey: Get a key (GET /v1/inboxes/{inbox}/api-keys/{key}).
func (c *Client) GetInboxKey(ctx context.Context, inbox string, key string, params GetInboxKeyParams) (*KeyInfo, error) {
	return do[KeyInfo](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/api-keys/"+url.PathEscape(key), params, nil)
}

// GetWorkspaceKey: Get a key (GET /v1/workspaces/{workspace}/api-keys/{key}).
func (c *Client) GetWorkspaceKey(ctx context.Context, workspace string, key string) (*KeyInfo, error) {
	return do[KeyInfo](ctx, c, "GET", "/v1/workspaces/"+url.PathEscape(workspace)+"/api-keys/"+url.PathEscape(key), nil, nil)
}

// ListInboxKeysParams are what ListInboxKeys may be told besides; zero values are left out.
type ListInboxKeysParams = WorkspaceIDLimitCursorParams

// ListInboxKeys: List keys (GET /v1/inboxes/{inbox}/api-keys).
func (c *Client) ListInboxKeys(ctx context.Context, inbox string, params ListInboxKeysParams) (*KeyList, error) {
	return do[KeyList](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/api-keys", params, nil)
}

// ListWorkspaceKeysParams are what ListWorkspaceKeys may be told besides; zero values are left out.
type ListWorkspaceKeysParams = LimitCursorParams

// ListWorkspaceKeys: List keys (GET /v1/workspaces/{workspace}/api-keys).
func (c *Client) ListWorkspaceKeys(ctx context.Context, workspace string, params ListWorkspaceKeysParams) (*KeyList, error) {
	return do[KeyList](ctx, c, "GET", "/v1/workspaces/"+url.PathEscape(workspace)+"/api-keys", params, nil)
}

// RotateInboxKeyParams are what RotateInboxKey may be told besides; zero values are left out.
type RotateInboxKeyParams = WorkspaceIDIdempotencyKeyParams

// RotateInboxKey: Make a key that takes the place of this one (POST /v1/inboxes/{inbox}/api-keys/{key}/rotate).
func (c *Client) RotateInboxKey(ctx context.Context, inbox string, key string, params RotateInboxKeyParams, body Rotation) (*NewKey, error) {
	return do[NewKey](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/api-keys/"+url.PathEscape(key)+"/rotate", params, body)
}

// RotateWorkspaceKeyParams are what RotateWorkspaceKey may be told besides; zero values are left out.
type RotateWorkspaceKeyParams = IdempotencyKeyParams

// RotateWorkspaceKey: Make a key that takes the place of this one (POST /v1/workspaces/{workspace}/api-keys/{key}/rotate).
func (c *Client) RotateWorkspaceKey(ctx context.Context, workspace string, key string, params RotateWorkspaceKeyParams, body Rotation) (*NewKey, error) {
	return do[NewKey](ctx, c, "POST", "/v1/workspaces/"+url.PathEscape(workspace)+"/api-keys/"+url.PathEscape(key)+"/rotate", params, body)
}

// UpdateInboxKeyParams are what UpdateInboxKey may be told besides; zero values are left out.
type UpdateInboxKeyParams = WorkspaceIDParams

// UpdateInboxKey: Change a key (PATCH /v1/inboxes/{inbox}/api-keys/{key}).
func (c *Client) UpdateInboxKey(ctx context.Context, inbox string, key string, params UpdateInboxKeyParams, body KeyChangeInput) (*KeyInfo, error) {
	return do[KeyInfo](ctx, c, "PATCH", "/v1/inboxes/"+url.PathEscape(inbox)+"/api-keys/"+url.PathEscape(key), params, body)
}

// UpdateWorkspaceKey: Change a key (PATCH /v1/workspaces/{workspace}/api-keys/{key}).
func (c *Client) UpdateWorkspaceKey(ctx context.Context, workspace string, key string, body KeyChangeInput) (*KeyInfo, error) {
	return do[KeyInfo](ctx, c, "PATCH", "/v1/workspaces/"+url.PathEscape(workspace)+"/api-keys/"+url.PathEscape(key), nil, body)
}

// KeyChangeInput is a part of the API.
type KeyChangeInput struct {
	ExpiresAt   Nullable[time.Time] `json:"expiresAt,omitzero"`   // null means never.
	Name        *string             `json:"name,omitempty"`       // 1 to 200 characters.
	Networks    []string            `json:"networks,omitzero"`    // Replaces what is there; an empty list means everywhere.
	Permissions []string            `json:"permissions,omitzero"` // Replaces what is there; no more than the key that changes it has.
}

// KeyInfo is a part of the API.
type KeyInfo struct {
	CreatedAt   time.Time `json:"createdAt"`            // When it was made.
	ExpiresAt   time.Time `json:"expiresAt,omitzero"`   // When it ends; absent if never.
	ID          string    `json:"id"`                   // Begins with key_.
	InboxID     string    `json:"inboxId,omitzero"`     // Its inbox, for an inbox key.
	Kind        string    `json:"kind"`                 // How far it reaches.
	LastUsedAt  time.Time `json:"lastUsedAt,omitzero"`  // To the minute.
	Name        string    `json:"name"`                 // What its maker called it.
	Networks    []string  `json:"networks"`             // Where it works from; empty means everywhere.
	Permissions []string  `json:"permissions"`          // What it may do.
	Prefix      string    `json:"prefix"`               // How the secret begins.
	WorkspaceID string    `json:"workspaceId,omitzero"` // Its workspace; absent for operators.
}

// KeyInput is a part of the API.
type KeyInput struct {
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"`  // When it ends; by default when the key that makes it does.
	Name        string     `json:"name"`                 // 1 to 200 characters.
	Networks    []string   `json:"networks,omitzero"`    // IP addresses or prefixes that it works from.
	Permissions []string   `json:"permissions,omitzero"` // read, draft, send, manage, or finer ones such as messages:read; by default those of the key that makes it.
}

// KeyList is a part of the API.
type KeyList struct {
	Keys       []KeyInfo `json:"keys"`                // Newest first.
	NextCursor string    `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
}

// NewKey is a part of the API.
type NewKey struct {
	CreatedAt   time.Time `json:"createdAt"`            // When it was made.
	ExpiresAt   time.Time `json:"expiresAt,omitzero"`   // When it ends; absent if never.
	ID          string    `json:"id"`                   // Begins with key_.
	InboxID     string    `json:"inboxId,omitzero"`     // Its inbox, for an inbox key.
	Key         string    `json:"key,omitzero"`         // The secret, shown this once.
	Kind        string    `json:"kind"`                 // How far it reaches.
	LastUsedAt  time.Time `json:"lastUsedAt,omitzero"`  // To the minute.
	Name        string    `json:"name"`                 // What its maker called it.
	Networks    []string  `json:"networks"`             // Where it works from; empty means everywhere.
	Permissions []string  `json:"permissions"`          // What it may do.
	Prefix      string    `json:"prefix"`               // How the secret begins.
	WorkspaceID string    `json:"workspaceId,omitzero"` // Its workspace; absent for operators.
}

// Rotation is a part of the API.
type Rotation struct {
	OverlapSeconds *int64 `json:"overlapSeconds,omitempty"` // How long the old secret goes on working; 0 means it ends now.
}
