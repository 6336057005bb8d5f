package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/tenancy"
)

// identity is who the caller is.
type identity struct {
	Kind          string   `json:"kind" enum:"operator,workspace,inbox" doc:"How far the key reaches."`
	KeyID         string   `json:"keyId,omitempty" doc:"The key; absent for the operator on the machine."`
	KeyPrefix     string   `json:"keyPrefix,omitempty" doc:"How its secret begins."`
	KeyName       string   `json:"keyName,omitempty" doc:"What its maker called it."`
	Permissions   []string `json:"permissions" doc:"What the key may do."`
	ExpiresAt     *stamp   `json:"expiresAt,omitempty" doc:"When the key ends; absent if never."`
	WorkspaceID   string   `json:"workspaceId,omitempty" doc:"The workspace that it sees; absent for operators."`
	WorkspaceName string   `json:"workspaceName,omitempty" doc:"The name of that workspace."`
	InboxID       string   `json:"inboxId,omitempty" doc:"The inbox that it sees, for an inbox key."`
	Address       string   `json:"address,omitempty" doc:"Primary address of the inbox of an inbox key."`
}

func (s *Server) identityRoutes(a huma.API) {
	register(s, a, route(http.MethodGet, "/v1/me", "getMe", "identity", "Who the key is", 200),
		func(_ context.Context, g *tenancy.Grant, _ *struct{}) (*result[identity], error) {
			me := g.Me()
			return &result[identity]{identity{Kind: me.Kind.String(), KeyID: string(me.KeyID), KeyPrefix: me.KeyPrefix, KeyName: me.KeyName,
				Permissions: words(me.Permissions), ExpiresAt: stampOf(me.ExpiresAt), WorkspaceID: string(me.WorkspaceID), WorkspaceName: me.WorkspaceName,
				InboxID: string(me.InboxID), Address: me.Address}}, nil
		})
}

// words are permissions as text; never null.
func words(list []tenancy.Permission) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = string(p)
	}
	return out
}
