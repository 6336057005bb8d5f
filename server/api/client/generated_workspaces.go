// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"encoding/json"
	"net/url"
	"time"
)

// CreateWorkspaceParams are what CreateWorkspace may be told besides; zero values are left out.
type CreateWorkspaceParams = IdempotencyKeyParams

// CreateWorkspace: Make a workspace (POST /v1/workspaces).
func (c *Client) CreateWorkspace(ctx context.Context, params CreateWorkspaceParams, body NewWorkspaceBody) (*Workspace, error) {
	return do[Workspace](ctx, c, "POST", "/v1/workspaces", params, body)
}

// DeleteWorkspace: Delete a workspace with all its mail, for good (DELETE /v1/workspaces/{workspace}).
func (c *Client) DeleteWorkspace(ctx context.Context, workspace string) error {
	return none(ctx, c, "DELETE", "/v1/workspaces/"+url.PathEscape(workspace), nil, nil)
}

// GetWorkspace: Get a workspace (GET /v1/workspaces/{workspace}).
func (c *Client) GetWorkspace(ctx context.Context, workspace string) (*Workspace, error) {
	return do[Workspace](ctx, c, "GET", "/v1/workspaces/"+url.PathEscape(workspace), nil, nil)
}

// GetWorkspaceSending: How its mail leaves (GET /v1/workspaces/{workspace}/sending).
func (c *Client) GetWorkspaceSending(ctx context.Context, workspace string) (*Sending, error) {
	return do[Sending](ctx, c, "GET", "/v1/workspaces/"+url.PathEscape(workspace)+"/sending", nil, nil)
}

// ListWorkspacesParams are what ListWorkspaces may be told besides; zero values are left out.
type ListWorkspacesParams = LimitCursorParams

// ListWorkspaces: List workspaces (GET /v1/workspaces).
func (c *Client) ListWorkspaces(ctx context.Context, params ListWorkspacesParams) (*WorkspaceList, error) {
	return do[WorkspaceList](ctx, c, "GET", "/v1/workspaces", params, nil)
}

// PutWorkspaceSending: Set how its mail leaves; what is not given is not set any more (PUT /v1/workspaces/{workspace}/sending).
func (c *Client) PutWorkspaceSending(ctx context.Context, workspace string, body SendingChange) (*Sending, error) {
	return do[Sending](ctx, c, "PUT", "/v1/workspaces/"+url.PathEscape(workspace)+"/sending", nil, body)
}

// UpdateWorkspace: Change a workspace (PATCH /v1/workspaces/{workspace}).
func (c *Client) UpdateWorkspace(ctx context.Context, workspace string, body WorkspaceChangeBody) (*Workspace, error) {
	return do[Workspace](ctx, c, "PATCH", "/v1/workspaces/"+url.PathEscape(workspace), nil, body)
}

// NewWorkspaceBody is a part of the API.
type NewWorkspaceBody struct {
	Metadata map[string]any `json:"metadata,omitzero"` // Anything of your own, at most 16 KiB.
	Name     string         `json:"name"`              // 1 to 200 characters; need not be unique.
}

// Workspace is a part of the API.
type Workspace struct {
	CreatedAt     time.Time                  `json:"createdAt"`              // When it was made.
	Domains       int64                      `json:"domains"`                // How many domains it has claimed.
	Forged        string                     `json:"forged"`                 // What becomes of mail whose author's domain asks to have it rejected (DMARC).
	ID            string                     `json:"id"`                     // Begins with ws_.
	Inboxes       int64                      `json:"inboxes"`                // How many inboxes it has.
	Metadata      map[string]json.RawMessage `json:"metadata"`               // Anything of your own.
	Name          string                     `json:"name"`                   // 1 to 200 characters; need not be unique.
	SandboxDomain string                     `json:"sandboxDomain,omitzero"` // A verified domain of the operator's that it has from the start, for the first inboxes; absent if this server has none.
	UpdatedAt     time.Time                  `json:"updatedAt"`              // When it was last changed.
}

// WorkspaceChangeBody is a part of the API.
type WorkspaceChangeBody struct {
	Forged   *string        `json:"forged,omitempty"`  // What becomes of mail whose author's domain asks to have it rejected; a key of the workspace may set this one.
	Metadata map[string]any `json:"metadata,omitzero"` // By name: a value replaces what is there, null removes it, and what is not named stays; 16 KiB in all.
	Name     *string        `json:"name,omitempty"`    // 1 to 200 characters.
}

// WorkspaceList is a part of the API.
type WorkspaceList struct {
	NextCursor string      `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
	Workspaces []Workspace `json:"workspaces"`          // Newest first.
}
