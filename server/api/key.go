package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// KeyInfo is an API key without its secret.
type KeyInfo struct {
	ID          string   `json:"id" doc:"Begins with key_."`
	Kind        string   `json:"kind" enum:"operator,workspace,inbox" doc:"How far it reaches."`
	Prefix      string   `json:"prefix" doc:"How the secret begins."`
	Name        string   `json:"name" doc:"What its maker called it."`
	Permissions []string `json:"permissions" doc:"What it may do."`
	WorkspaceID string   `json:"workspaceId,omitempty" doc:"Its workspace; absent for operators."`
	InboxID     string   `json:"inboxId,omitempty" doc:"Its inbox, for an inbox key."`
	Networks    []string `json:"networks" doc:"Where it works from; empty means everywhere."`
	ExpiresAt   *stamp   `json:"expiresAt,omitempty" doc:"When it ends; absent if never."`
	LastUsedAt  *stamp   `json:"lastUsedAt,omitempty" doc:"To the minute."`
	CreatedAt   stamp    `json:"createdAt" doc:"When it was made."`
}

func keyOf(k tenancy.Key) KeyInfo {
	return KeyInfo{ID: string(k.ID), Kind: k.Kind.String(), Prefix: k.Prefix, Name: k.Name, Permissions: words(k.Permissions), WorkspaceID: string(k.WorkspaceID),
		InboxID: string(k.InboxID), Networks: each(k.Networks, netip.Prefix.String), ExpiresAt: stampOf(k.ExpiresAt), LastUsedAt: stampOf(k.LastUsedAt), CreatedAt: stamp{k.CreatedAt}}
}

// newKey is a key that was just made.
type newKey struct {
	KeyInfo
	Secret string `json:"key,omitempty" doc:"The secret, shown this once."`
}

type keyList struct {
	Keys       []KeyInfo `json:"keys" doc:"Newest first."`
	NextCursor string    `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
}

type keyInput struct {
	Name        string     `json:"name" doc:"1 to 200 characters."`
	Permissions []string   `json:"permissions,omitempty" doc:"read, draft, send, manage, or finer ones such as messages:read; by default those of the key that makes it."`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty" doc:"When it ends; by default when the key that makes it does."`
	Networks    []string   `json:"networks,omitempty" doc:"IP addresses or prefixes that it works from."`
}

type keyChangeInput struct {
	Name        *string      `json:"name,omitempty" doc:"1 to 200 characters."`
	Permissions *[]string    `json:"permissions,omitempty" doc:"Replaces what is there; no more than the key that changes it has."`
	ExpiresAt   nullableTime `json:"expiresAt,omitzero" doc:"null means never."`
	Networks    *[]string    `json:"networks,omitempty" doc:"Replaces what is there; an empty list means everywhere."`
}

// nullableTime tells null from absent.
type nullableTime struct {
	set  bool
	time *time.Time
}

func (n *nullableTime) UnmarshalJSON(b []byte) error {
	n.set = true
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	return json.Unmarshal(b, &n.time)
}

// Schema says what it looks like.
func (nullableTime) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

func (c keyChangeInput) change() tenancy.KeyChange {
	k := tenancy.KeyChange{Name: c.Name, Permissions: c.Permissions, Networks: c.Networks}
	if c.ExpiresAt.set {
		k.ExpiresAt = &c.ExpiresAt.time
	}
	return k
}

// InboxPath is a route below an inbox.
type InboxPath struct {
	OperatorQuery
	Inbox string `path:"inbox" doc:"Id of the inbox, or one of its addresses."`
}

// owner is a path below which keys lie.
type owner interface {
	owner() tenancy.KeyOwner
	workspace() mailstore.WorkspaceID
}

func (p WorkspacePath) owner() tenancy.KeyOwner { return tenancy.KeyOwner{Workspace: p.workspace()} }
func (p InboxPath) owner() tenancy.KeyOwner {
	return tenancy.KeyOwner{Workspace: p.workspace(), Inbox: p.Inbox}
}

type (
	workspaceKeyCreate struct {
		WorkspacePath
		Idempotent
		Body keyInput
	}
	inboxKeyCreate struct {
		InboxPath
		Idempotent
		Body keyInput
	}
	workspaceKeys struct {
		WorkspacePath
		Page
	}
	inboxKeys struct {
		InboxPath
		Page
	}
	KeyPath struct {
		Key string `path:"key" doc:"Id of the key."`
	}
	WorkspaceKeyPath struct {
		WorkspacePath
		KeyPath
	}
	InboxKeyPath struct {
		InboxPath
		KeyPath
	}
	workspaceKeyChange struct {
		WorkspaceKeyPath
		Body keyChangeInput
	}
	inboxKeyChange struct {
		InboxKeyPath
		Body keyChangeInput
	}
	rotation struct {
		OverlapSeconds int `json:"overlapSeconds,omitempty" minimum:"0" maximum:"2592000" doc:"How long the old secret goes on working; 0 means it ends now."`
	}
	workspaceKeyRotate struct {
		WorkspaceKeyPath
		Idempotent
		Body *rotation
	}
	inboxKeyRotate struct {
		InboxKeyPath
		Idempotent
		Body *rotation
	}
)

func (i workspaceKeyCreate) input() keyInput           { return i.Body }
func (i inboxKeyCreate) input() keyInput               { return i.Body }
func (i workspaceKeys) asked() Page                    { return i.Page }
func (i inboxKeys) asked() Page                        { return i.Page }
func (p KeyPath) id() tenancy.KeyID                    { return tenancy.KeyID(p.Key) }
func (i workspaceKeyChange) change() tenancy.KeyChange { return i.Body.change() }
func (i inboxKeyChange) change() tenancy.KeyChange     { return i.Body.change() }
func (i workspaceKeyRotate) overlap() time.Duration    { return i.Body.overlap() }
func (i inboxKeyRotate) overlap() time.Duration        { return i.Body.overlap() }

// overlap is zero when the body says nothing or is not there.
func (r *rotation) overlap() time.Duration {
	if r == nil {
		return 0
	}
	return time.Duration(r.OverlapSeconds) * time.Second
}

// keyRoutes are the same below workspaces and inboxes, and below both under two names.
func (s *Server) keyRoutes(a huma.API) {
	for _, x := range []struct{ path, id string }{{"/api-keys", "Key"}, {"/keys", "KeyAlias"}} {
		below[workspaceKeyCreate, workspaceKeys, WorkspaceKeyPath, workspaceKeyChange, workspaceKeyRotate](s, a, "/v1/workspaces/{workspace}"+x.path, "Workspace"+x.id)
		below[inboxKeyCreate, inboxKeys, InboxKeyPath, inboxKeyChange, inboxKeyRotate](s, a, "/v1/inboxes/{inbox}"+x.path, "Inbox"+x.id)
	}
}

func below[
	Create interface {
		post
		owner
		input() keyInput
	},
	List interface {
		owner
		asked() Page
	},
	One interface {
		owner
		id() tenancy.KeyID
	},
	Change interface {
		owner
		id() tenancy.KeyID
		change() tenancy.KeyChange
	},
	Rotate interface {
		post
		owner
		id() tenancy.KeyID
		overlap() time.Duration
	}](s *Server, a huma.API, path, name string) {
	one := path + "/{key}"
	registerPost(s, a, route(http.MethodPost, path, "create"+name, "keys", "Make a key, shown once", 201),
		func(ctx context.Context, g *tenancy.Grant, in Create) (made[newKey], error) {
			i := in.input()
			k, secret, err := g.CreateKey(ctx, in.owner(), tenancy.NewKey{Name: i.Name, Permissions: i.Permissions, ExpiresAt: i.ExpiresAt, Networks: i.Networks})
			return madeKey(k, secret), err
		})
	register(s, a, route(http.MethodGet, path, "list"+strings.Replace(name, "Key", "Keys", 1), "keys", "List keys", 200),
		func(ctx context.Context, g *tenancy.Grant, in *List) (*result[keyList], error) {
			o := (*in).owner()
			list := listOf(g, "keys", o.Workspace) + ":" + o.Inbox
			p, err := (*in).asked().tenancyPage(list)
			if err != nil {
				return nil, err
			}
			all, last, err := g.Keys(ctx, o, p)
			return &result[keyList]{keyList{each(all, keyOf), next(list, last)}}, err
		})
	register(s, a, route(http.MethodGet, one, "get"+name, "keys", "Get a key", 200),
		func(ctx context.Context, g *tenancy.Grant, in *One) (*result[KeyInfo], error) {
			k, err := g.Key(ctx, (*in).owner(), (*in).id())
			return &result[KeyInfo]{keyOf(k)}, err
		})
	register(s, a, route(http.MethodPatch, one, "update"+name, "keys", "Change a key", 200),
		func(ctx context.Context, g *tenancy.Grant, in *Change) (*result[KeyInfo], error) {
			k, err := g.UpdateKey(ctx, (*in).owner(), (*in).id(), (*in).change())
			return &result[KeyInfo]{keyOf(k)}, err
		})
	register(s, a, route(http.MethodDelete, one, "delete"+name, "keys", "Revoke a key", 204),
		func(ctx context.Context, g *tenancy.Grant, in *One) (*struct{}, error) {
			return nil, g.DeleteKey(ctx, (*in).owner(), (*in).id())
		})
	registerPost(s, a, route(http.MethodPost, one+"/rotate", "rotate"+name, "keys", "Make a key that takes the place of this one", 201),
		func(ctx context.Context, g *tenancy.Grant, in Rotate) (made[newKey], error) {
			k, secret, err := g.RotateKey(ctx, in.owner(), in.id(), in.overlap())
			return madeKey(k, secret), err
		})
}

func madeKey(k tenancy.Key, secret string) made[newKey] {
	return made[newKey]{body: newKey{keyOf(k), secret}, secretless: &newKey{KeyInfo: keyOf(k)}}
}
