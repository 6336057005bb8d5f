package api

import (
	"cmp"
	"context"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// v0Identity is who the caller is. The organization is the server as a whole.
type v0Identity struct {
	ScopeType      string `json:"scope_type"`
	ScopeID        string `json:"scope_id"`
	OrganizationID string `json:"organization_id"`
	PodID          string `json:"pod_id,omitempty"`
	InboxID        string `json:"inbox_id,omitempty"`
	APIKeyID       string `json:"api_key_id,omitempty"`
}

type v0Organization struct {
	OrganizationID string `json:"organization_id"`
	InboxCount     int    `json:"inbox_count"`
	DomainCount    int    `json:"domain_count"`
	UpdatedAt      stamp  `json:"updated_at"`
	CreatedAt      stamp  `json:"created_at"`
}

// organization is the id of the server as a whole.
func (v *v0Request) organization() string { return v.srv.cfg.Hostname }

func (t *v0Table) identity() {
	t.add(inAll, "GET", "/auth/me", "", func(v *v0Request) (v0Answer, error) {
		me := v.grant.Me()
		id := v0Identity{ScopeType: "organization", ScopeID: v.organization(), OrganizationID: v.organization(), PodID: string(me.WorkspaceID), InboxID: me.Address, APIKeyID: string(me.KeyID)}
		switch me.Kind {
		case tenancy.WorkspaceKey:
			id.ScopeType, id.ScopeID = "pod", id.PodID
		case tenancy.InboxKey:
			id.ScopeType, id.ScopeID = "inbox", id.InboxID
		}
		return answered(id, nil)
	})
	t.add(inAll, "GET", "/organizations", "", func(v *v0Request) (v0Answer, error) {
		n, err := v.grant.Totals(v.ctx)
		return answered(v0Organization{v.organization(), n.Inboxes, n.Domains, stamp{n.UpdatedAt}, stamp{n.CreatedAt}}, err)
	})
}

// v0Pod is a workspace.
type v0Pod struct {
	PodID     string `json:"pod_id"`
	Name      string `json:"name"`
	ClientID  string `json:"client_id,omitempty"`
	UpdatedAt stamp  `json:"updated_at"`
	CreatedAt stamp  `json:"created_at"`
}

func v0PodOf(w tenancy.Workspace) v0Pod {
	return v0Pod{string(w.ID), w.Name, w.ClientID, stamp{w.UpdatedAt}, stamp{w.CreatedAt}}
}

type v0Pods struct {
	v0Counted
	Pods []v0Pod `json:"pods"`
}

type newV0Pod struct {
	Name     string `json:"name,omitempty"`
	ClientID string `json:"client_id,omitempty"`
}

var errPodInUse = fault.New(fault.Conflict, "cannot_delete", "The pod has inboxes or domains; delete those first.")

func (t *v0Table) pods() {
	t.add(inAll, "GET", "/pods", v0Paged, func(v *v0Request) (v0Answer, error) {
		p, err := v.page("pods")
		if err != nil {
			return v0Answer{}, err
		}
		all, last, err := v.grant.Workspaces(v.ctx, p.tenancy())
		return answered(v0Pods{p.counted(len(all), next(p.list, last)), each(all, v0PodOf)}, err)
	})
	body(t, inAll, "POST", "/pods", func(v *v0Request, in newV0Pod) (v0Answer, error) {
		return v0Once(v, func(ctx context.Context) (made[v0Pod], error) {
			w, err := v.grant.CreateWorkspace(ctx, tenancy.NewWorkspace{Name: cmp.Or(in.Name, in.ClientID, "Pod"), ClientID: in.ClientID})
			return made[v0Pod]{body: v0PodOf(w)}, err
		})
	})
	t.add(inPod, "GET", "", "", func(v *v0Request) (v0Answer, error) {
		w, err := v.grant.Workspace(v.ctx, v.workspace())
		return answered(v0PodOf(w), err)
	})
	t.add(inPod, "DELETE", "", "", func(v *v0Request) (v0Answer, error) { return nothing(v.deletePod(v.workspace())) })
}

// deletePod deletes a workspace in which nothing is but what it has from the start.
func (v *v0Request) deletePod(id mailstore.WorkspaceID) error {
	w, err := v.grant.Workspace(v.ctx, id)
	if err != nil {
		return err
	}
	own := w.Domains
	if w.SandboxDomain != "" {
		own--
	}
	if v.grant.Kind() == tenancy.Operator && (w.Inboxes > 0 || own > 0) {
		return errPodInUse
	}
	return v.grant.DeleteWorkspace(v.ctx, id)
}

// tenancy is the page of a list of tenancy's.
func (p v0Page) tenancy() tenancy.Page {
	return tenancy.Page{Limit: p.limit, After: p.at.ID, OldestFirst: p.oldestFirst}
}
