// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"time"
)

// GetMe: Who the key is (GET /v1/me).
func (c *Client) GetMe(ctx context.Context) (*Identity, error) {
	return do[Identity](ctx, c, "GET", "/v1/me", nil, nil)
}

// Identity is a part of the API.
type Identity struct {
	Address       string    `json:"address,omitzero"`       // Primary address of the inbox of an inbox key.
	ExpiresAt     time.Time `json:"expiresAt,omitzero"`     // When the key ends; absent if never.
	InboxID       string    `json:"inboxId,omitzero"`       // The inbox that it sees, for an inbox key.
	KeyID         string    `json:"keyId,omitzero"`         // The key; absent for the operator on the machine.
	KeyName       string    `json:"keyName,omitzero"`       // What its maker called it.
	KeyPrefix     string    `json:"keyPrefix,omitzero"`     // How its secret begins.
	Kind          string    `json:"kind"`                   // How far the key reaches.
	Permissions   []string  `json:"permissions"`            // What the key may do.
	WorkspaceID   string    `json:"workspaceId,omitzero"`   // The workspace that it sees; absent for operators.
	WorkspaceName string    `json:"workspaceName,omitzero"` // The name of that workspace.
}
