package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// workspace is one tenant.
type workspace struct {
	ID        string         `json:"id" doc:"Begins with ws_."`
	Name      string         `json:"name" doc:"1 to 200 characters; need not be unique."`
	Metadata  map[string]any `json:"metadata" doc:"Anything of your own."`
	Inboxes   int            `json:"inboxes" doc:"How many inboxes it has."`
	Domains   int            `json:"domains" doc:"How many domains it has claimed."`
	Forged    string         `json:"forged" enum:"reject,junk" doc:"What becomes of mail whose author's domain asks to have it rejected (DMARC)."`
	CreatedAt stamp          `json:"createdAt" doc:"When it was made."`
	UpdatedAt stamp          `json:"updatedAt" doc:"When it was last changed."`

	SandboxDomain string `json:"sandboxDomain,omitempty" doc:"A verified domain of the operator's that it has from the start, for the first inboxes; absent if this server has none."`
}

func workspaceOf(w tenancy.Workspace) workspace {
	return workspace{string(w.ID), w.Name, w.Metadata, w.Inboxes, w.Domains, w.Forged, stamp{w.CreatedAt}, stamp{w.UpdatedAt}, w.SandboxDomain}
}

type workspaceList struct {
	Workspaces []workspace `json:"workspaces" doc:"Newest first."`
	NextCursor string      `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
}

type newWorkspace struct {
	Idempotent
	Body struct {
		Name     string         `json:"name" doc:"1 to 200 characters; need not be unique."`
		Metadata map[string]any `json:"metadata,omitempty" doc:"Anything of your own, at most 16 KiB."`
	}
}

// workspace: making one is in no workspace yet.
func (newWorkspace) workspace() mailstore.WorkspaceID { return "" }

type WorkspacePath struct {
	Workspace string `path:"workspace" doc:"Id of the workspace."`
}

func (p WorkspacePath) workspace() mailstore.WorkspaceID { return mailstore.WorkspaceID(p.Workspace) }

type workspaceChange struct {
	WorkspacePath
	Body struct {
		Name     *string        `json:"name,omitempty" doc:"1 to 200 characters."`
		Metadata map[string]any `json:"metadata,omitempty" doc:"By name: a value replaces what is there, null removes it, and what is not named stays; 16 KiB in all."`
		Forged   *string        `json:"forged,omitempty" enum:"reject,junk" doc:"What becomes of mail whose author's domain asks to have it rejected; a key of the workspace may set this one."`
	}
}

func (s *Server) workspaceRoutes(a huma.API) {
	const list, one = "/v1/workspaces", "/v1/workspaces/{workspace}"
	registerPost(s, a, route(http.MethodPost, list, "createWorkspace", "workspaces", "Make a workspace", 201),
		func(ctx context.Context, g *tenancy.Grant, in newWorkspace) (m made[workspace], err error) {
			w, err := g.CreateWorkspace(ctx, tenancy.NewWorkspace{Name: in.Body.Name, Metadata: in.Body.Metadata})
			return made[workspace]{body: workspaceOf(w)}, err
		})
	register(s, a, route(http.MethodGet, list, "listWorkspaces", "workspaces", "List workspaces", 200),
		func(ctx context.Context, g *tenancy.Grant, in *Page) (*result[workspaceList], error) {
			p, err := in.tenancyPage("workspaces")
			if err != nil {
				return nil, err
			}
			all, last, err := g.Workspaces(ctx, p)
			out := workspaceList{Workspaces: each(all, workspaceOf), NextCursor: next("workspaces", last)}
			return &result[workspaceList]{out}, err
		})
	register(s, a, route(http.MethodGet, one, "getWorkspace", "workspaces", "Get a workspace", 200),
		func(ctx context.Context, g *tenancy.Grant, in *WorkspacePath) (*result[workspace], error) {
			w, err := g.Workspace(ctx, in.workspace())
			return &result[workspace]{workspaceOf(w)}, err
		})
	register(s, a, route(http.MethodPatch, one, "updateWorkspace", "workspaces", "Change a workspace", 200),
		func(ctx context.Context, g *tenancy.Grant, in *workspaceChange) (*result[workspace], error) {
			w, err := g.UpdateWorkspace(ctx, in.workspace(), tenancy.WorkspaceChange{Name: in.Body.Name, Metadata: in.Body.Metadata, Forged: in.Body.Forged})
			return &result[workspace]{workspaceOf(w)}, err
		})
	register(s, a, route(http.MethodDelete, one, "deleteWorkspace", "workspaces", "Delete a workspace with all its mail, for good", 204),
		func(ctx context.Context, g *tenancy.Grant, in *WorkspacePath) (*struct{}, error) {
			return nil, g.DeleteWorkspace(ctx, in.workspace())
		})
}

// each turns a list into another; never null in JSON.
func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, x := range list {
		out[i] = f(x)
	}
	return out
}
