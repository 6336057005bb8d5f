package api

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// v0Key is an API key without its secret.
type v0Key struct {
	Type        string          `json:"type"`
	APIKeyID    string          `json:"api_key_id"`
	Prefix      string          `json:"prefix"`
	Name        string          `json:"name"`
	PodID       string          `json:"pod_id,omitempty"`
	InboxID     string          `json:"inbox_id,omitempty"`
	UsedAt      *stamp          `json:"used_at,omitempty"`
	Permissions map[string]bool `json:"permissions,omitempty"`
	CreatedAt   stamp           `json:"created_at"`
	UpdatedAt   stamp           `json:"updated_at"`
	ExpiresAt   *stamp          `json:"expires_at,omitempty"`
}

type newV0Key struct {
	v0Key
	Secret string `json:"api_key,omitempty"`
}

type v0Keys struct {
	v0Counted
	Keys []v0Key `json:"api_keys"`
}

type v0KeyInput struct {
	Name        *string          `json:"name,omitempty"`
	Permissions *map[string]bool `json:"permissions,omitempty"`
	PublicKey   json.RawMessage  `json:"public_key,omitempty"`
	ClientID    string           `json:"client_id,omitempty"`
	ExpiresAt   nullableTime     `json:"expires_at,omitzero"`
}

// v0Permissions are the names of /v0 for permissions: each stands for all of its ours. Threads and events have none there: who may read
// messages reads them. A key cannot be kept from what bears a label, so the names for that stand for reading messages.
var v0Permissions = map[string][]tenancy.Permission{
	"inbox_read": {tenancy.InboxesRead}, "inbox_create": {tenancy.InboxesCreate}, "inbox_update": {tenancy.InboxesUpdate}, "inbox_delete": {tenancy.InboxesDelete},
	"message_read": {tenancy.MessagesRead, tenancy.ThreadsRead, tenancy.EventsRead}, "message_send": {tenancy.MessagesSend},
	"message_update": {tenancy.MessagesUpdate, tenancy.ThreadsUpdate}, "message_delete": {tenancy.MessagesDelete, tenancy.ThreadsDelete},
	"label_spam_read": {tenancy.MessagesRead}, "label_blocked_read": {tenancy.MessagesRead}, "label_unauthenticated_read": {tenancy.MessagesRead}, "label_trash_read": {tenancy.MessagesRead},
	"draft_read": {tenancy.DraftsRead}, "draft_create": {tenancy.DraftsCreate}, "draft_update": {tenancy.DraftsUpdate}, "draft_delete": {tenancy.DraftsDelete}, "draft_send": {tenancy.DraftsSend},
	"domain_read": {tenancy.DomainsRead}, "domain_create": {tenancy.DomainsCreate}, "domain_update": {tenancy.DomainsUpdate}, "domain_delete": {tenancy.DomainsDelete},
	"list_entry_read": {tenancy.ListsRead}, "list_entry_create": {tenancy.ListsCreate}, "list_entry_delete": {tenancy.ListsDelete},
	"webhook_read": {tenancy.WebhooksRead}, "webhook_create": {tenancy.WebhooksCreate}, "webhook_update": {tenancy.WebhooksUpdate}, "webhook_delete": {tenancy.WebhooksDelete},
	"api_key_read": {tenancy.KeysRead}, "api_key_create": {tenancy.KeysCreate}, "api_key_update": {tenancy.KeysUpdate}, "api_key_delete": {tenancy.KeysDelete},
	"pod_read": {tenancy.WorkspacesRead}, "pod_create": {tenancy.WorkspacesCreate}, "pod_delete": {tenancy.WorkspacesDelete},
}

// v0Labels are the names that cannot be given without reading messages.
var v0LabelReads = []string{"label_spam_read", "label_blocked_read", "label_unauthenticated_read", "label_trash_read"}

// permissionsOfV0 reads a whitelist. Who asks for a label alone, or for nothing, is refused: an empty list would mean all that the maker has.
func permissionsOfV0(asked map[string]bool) ([]string, error) {
	var m mistakes
	given := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		ours, known := v0Permissions[name]
		switch {
		case !known:
			m.add("body.permissions."+name, "There is no such permission on this server.")
		case asked[name] && slices.Contains(v0LabelReads, name):
			if !asked["message_read"] {
				m.add("body.permissions."+name, "This needs message_read.")
			}
		case asked[name]:
			for _, p := range ours {
				given[string(p)] = true
			}
		}
	}
	if len(given) == 0 && len(m) == 0 {
		m.add("body.permissions", "A key needs at least one permission; leave permissions out to give all of your own.")
	}
	return slices.Sorted(maps.Keys(given)), m.err()
}

// v0PermissionsOf tells what a key may; nil if nobody narrowed it.
func v0PermissionsOf(k tenancy.Key) map[string]bool {
	if k.Whole() {
		return nil
	}
	all := map[string]bool{}
	for name, ours := range v0Permissions {
		if k.Allows(ours...) {
			all[name] = true
		}
	}
	return all
}

// v0KeyOf is a key; addresses name its inbox.
func v0KeyOf(k tenancy.Key, addresses map[mailstore.InboxID]string) v0Key {
	return v0Key{Type: "bearer", APIKeyID: string(k.ID), Prefix: k.Prefix, Name: k.Name, PodID: string(k.WorkspaceID), InboxID: addresses[k.InboxID], UsedAt: stampOf(k.LastUsedAt),
		Permissions: v0PermissionsOf(k), CreatedAt: stamp{k.CreatedAt}, UpdatedAt: stamp{k.CreatedAt}, ExpiresAt: stampOf(k.ExpiresAt)}
}

func (v *v0Request) keyOwner() tenancy.KeyOwner {
	return tenancy.KeyOwner{Workspace: v.workspace(), Inbox: v.inbox()}
}

var errPublicKeys = notBuilt("Signing in with a public key")

func (in v0KeyInput) permissions() ([]string, error) {
	if in.Permissions == nil {
		return nil, nil
	}
	return permissionsOfV0(*in.Permissions)
}

func (t *v0Table) keys() {
	const list, one = "/api-keys", "/api-keys/{key}"
	const everywhere = inAll | inPod | inInbox
	t.add(everywhere, "GET", list, v0Paged+"type", (*v0Request).listKeys)
	body(t, everywhere, "POST", list, (*v0Request).createKey)
	t.add(everywhere, "GET", one, "", func(v *v0Request) (v0Answer, error) {
		k, err := v.grant.Key(v.ctx, v.keyOwner(), tenancy.KeyID(v.path["key"]))
		return v.shownKey(k, err)
	})
	body(t, everywhere, "PATCH", one, func(v *v0Request, in v0KeyInput) (v0Answer, error) {
		permissions, err := in.permissions()
		if err != nil {
			return v0Answer{}, err
		}
		c := tenancy.KeyChange{Name: in.Name}
		if permissions != nil {
			c.Permissions = &permissions
		}
		k, err := v.grant.UpdateKey(v.ctx, v.keyOwner(), tenancy.KeyID(v.path["key"]), c)
		return v.shownKey(k, err)
	})
	t.add(everywhere, "DELETE", one, "", func(v *v0Request) (v0Answer, error) {
		return nothing(v.grant.DeleteKey(v.ctx, v.keyOwner(), tenancy.KeyID(v.path["key"])))
	})
}

func (v *v0Request) shownKey(k tenancy.Key, err error) (v0Answer, error) {
	if err != nil {
		return v0Answer{}, err
	}
	addresses, err := v.addresses(k.InboxID)
	return answered(v0KeyOf(k, addresses), err)
}

func (v *v0Request) listKeys() (v0Answer, error) {
	kind := v.query.text("type")
	p, err := v.page("keys:" + v.inbox())
	if err != nil {
		return v0Answer{}, err
	}
	all, last, err := v.grant.Keys(v.ctx, v.keyOwner(), p.tenancy())
	if kind == "public_key" { // there are none
		all, last = nil, ""
	}
	ids := each(all, func(k tenancy.Key) mailstore.InboxID { return k.InboxID })
	if err != nil {
		return v0Answer{}, err
	}
	addresses, err := v.addresses(ids...)
	return answered(v0Keys{p.counted(len(all), next(p.list, last)), each(all, func(k tenancy.Key) v0Key { return v0KeyOf(k, addresses) })}, err)
}

func (v *v0Request) createKey(in v0KeyInput) (v0Answer, error) {
	if in.PublicKey != nil || in.ClientID != "" {
		return v0Answer{}, errPublicKeys
	}
	permissions, err := in.permissions()
	if err != nil {
		return v0Answer{}, err
	}
	n := tenancy.NewKey{Name: "API key", Permissions: permissions, ExpiresAt: in.ExpiresAt.time}
	if in.Name != nil {
		n.Name = *in.Name
	}
	return v0Once(v, func(ctx context.Context) (made[newV0Key], error) {
		k, secret, err := v.grant.CreateKey(ctx, v.keyOwner(), n)
		if err != nil {
			return made[newV0Key]{}, err
		}
		addresses, err := primaryAddresses(ctx, v.grant, []mailstore.InboxID{k.InboxID})
		open := v0KeyOf(k, addresses)
		return made[newV0Key]{body: newV0Key{open, secret}, secretless: &newV0Key{v0Key: open}}, err
	})
}
