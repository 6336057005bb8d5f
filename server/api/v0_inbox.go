package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// v0Inbox is an inbox. Its id is its primary address.
type v0Inbox struct {
	PodID       string         `json:"pod_id"`
	InboxID     string         `json:"inbox_id"`
	Email       string         `json:"email"`
	DisplayName string         `json:"display_name,omitempty"`
	ClientID    string         `json:"client_id,omitempty"`
	Metadata    map[string]any `json:"metadata,omitempty"`
	UpdatedAt   stamp          `json:"updated_at"`
	CreatedAt   stamp          `json:"created_at"`
}

func v0InboxOf(in tenancy.Inbox) v0Inbox {
	return v0Inbox{string(in.WorkspaceID), in.Address, in.Address, in.DisplayName, in.ClientID, in.Metadata, stamp{in.UpdatedAt}, stamp{in.CreatedAt}}
}

type v0Inboxes struct {
	v0Counted
	Inboxes []v0Inbox `json:"inboxes"`
}

type newV0Inbox struct {
	Username    string         `json:"username,omitempty"`
	Domain      string         `json:"domain,omitempty"`
	DisplayName string         `json:"display_name,omitempty"`
	ClientID    string         `json:"client_id,omitempty"`
	Metadata    map[string]any `json:"metadata,omitempty"`
}

type v0InboxChange struct {
	DisplayName *string    `json:"display_name,omitempty"`
	Metadata    v0Metadata `json:"metadata,omitzero"`
}

// v0Metadata is what is put into an inbox's metadata; null takes all of it away, and a null in it one name.
type v0Metadata struct {
	given bool
	names map[string]any // nil = null
}

// UnmarshalJSON tells null from absent.
func (m *v0Metadata) UnmarshalJSON(text []byte) error {
	m.given = true
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	return json.Unmarshal(text, &m.names)
}

// Schema says what it looks like.
func (v0Metadata) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Nullable: true, AdditionalProperties: true}
}

// metadata is a change as /v1 has it: null takes each name away that is there.
func (v *v0Request) metadata(m v0Metadata) (map[string]any, error) {
	if !m.given || m.names != nil {
		return m.names, nil
	}
	in, err := v.grant.Inbox(v.ctx, v.workspace(), v.inbox())
	for name := range in.Metadata {
		in.Metadata[name] = nil
	}
	return in.Metadata, err
}

var (
	errTaken    = fault.New(fault.Conflict, "address_taken", "There is an inbox of this name already.")
	errNoDomain = fault.New(fault.Conflict, "domain_not_verified", "The pod has no verified domain; make one, or let the operator set a sandbox domain.")
)

func (t *v0Table) inboxes() {
	const anywhere = inAll | inPod
	t.add(anywhere, "GET", "/inboxes", v0Paged, func(v *v0Request) (v0Answer, error) {
		p, err := v.page("inboxes")
		if err != nil {
			return v0Answer{}, err
		}
		all, last, err := v.grant.Inboxes(v.ctx, v.workspace(), tenancy.InboxFilter{}, p.tenancy())
		return answered(v0Inboxes{p.counted(len(all), next(p.list, last)), each(all, v0InboxOf)}, err)
	})
	t.add(anywhere, "GET", "/inboxes/search", v0Paged+"q", func(v *v0Request) (v0Answer, error) {
		words := v.query.words("q")
		p, err := v.page("inboxes:search")
		if err != nil {
			return v0Answer{}, err
		}
		all, last, err := v.grant.Inboxes(v.ctx, v.workspace(), tenancy.InboxFilter{Words: words}, p.tenancy())
		return answered(v0Inboxes{p.counted(len(all), next(p.list, last)), each(all, v0InboxOf)}, err)
	})
	body(t, anywhere, "POST", "/inboxes", func(v *v0Request, in newV0Inbox) (v0Answer, error) {
		return v0Once(v, func(ctx context.Context) (made[v0Inbox], error) { return v.createInbox(ctx, in) })
	})
	one := func(scope v0Scope, path string) {
		t.add(scope, "GET", path, "", func(v *v0Request) (v0Answer, error) {
			in, err := v.grant.Inbox(v.ctx, v.workspace(), v.inbox())
			return answered(v0InboxOf(in), err)
		})
		body(t, scope, "PATCH", path, func(v *v0Request, in v0InboxChange) (v0Answer, error) {
			names, err := v.metadata(in.Metadata)
			if err != nil {
				return v0Answer{}, err
			}
			changed, err := v.grant.UpdateInbox(v.ctx, v.workspace(), v.inbox(), tenancy.InboxChange{DisplayName: in.DisplayName, Metadata: names})
			return answered(v0InboxOf(changed), err)
		})
		t.add(scope, "DELETE", path, "", func(v *v0Request) (v0Answer, error) {
			return nothing(v.grant.DeleteInbox(v.ctx, v.workspace(), v.inbox()))
		})
	}
	one(inInbox, "")
	one(inPod, "/inboxes/{inbox}")
}

// createInbox makes an inbox; what was made before under the same client_id is given back, and any other of that address is taken.
func (v *v0Request) createInbox(ctx context.Context, in newV0Inbox) (m made[v0Inbox], err error) {
	if in.Domain == "" {
		if in.Domain, err = v.grant.DefaultDomain(ctx, v.workspace()); errors.Is(err, tenancy.ErrNotFound) && v.mayHold() {
			err = errNoDomain
		}
		if err != nil {
			return m, err
		}
	}
	i, _, existed, err := v.grant.CreateInbox(ctx, v.workspace(), tenancy.NewInbox{Username: cmp.Or(in.Username, tenancy.AnyUsername()), Domain: in.Domain,
		DisplayName: in.DisplayName, Metadata: in.Metadata, ClientID: in.ClientID})
	if err == nil && existed && (in.ClientID == "" || i.ClientID != in.ClientID) {
		err = errTaken
	}
	return made[v0Inbox]{body: v0InboxOf(i), existed: existed}, err
}

// mayHold reports whether the caller may know that the pod it means has no domain.
func (v *v0Request) mayHold() bool {
	return v.grant.Kind() == tenancy.WorkspaceKey && (v.workspace() == "" || v.workspace() == v.grant.WorkspaceID())
}

// box hands out the inbox of the path, with its primary address.
func (v *v0Request) box(need tenancy.Permission) (box mailstore.Inbox, address string, err error) {
	if box, err = v.grant.Mail(v.ctx, v.workspace(), v.inbox(), need); err != nil {
		return box, "", err
	}
	all, err := v.addresses(box.ID())
	return box, all[box.ID()], err
}

// addresses gives the primary addresses of inboxes, which are their ids here.
func (v *v0Request) addresses(ids ...mailstore.InboxID) (map[mailstore.InboxID]string, error) {
	return primaryAddresses(v.ctx, v.grant, ids)
}

func primaryAddresses(ctx context.Context, g *tenancy.Grant, ids []mailstore.InboxID) (map[mailstore.InboxID]string, error) {
	once := map[mailstore.InboxID]bool{}
	for _, id := range ids {
		once[id] = true
	}
	return g.PrimaryAddresses(ctx, slices.Collect(maps.Keys(once)))
}
