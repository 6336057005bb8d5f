package api

import (
	"slices"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// v0ListEntry is an address or domain on an allow or block list.
type v0ListEntry struct {
	Entry          string `json:"entry"`
	OrganizationID string `json:"organization_id"`
	PodID          string `json:"pod_id,omitempty"`
	InboxID        string `json:"inbox_id,omitempty"`
	Reason         string `json:"reason,omitempty"`
	Direction      string `json:"direction"`
	ListType       string `json:"list_type"`
	EntryType      string `json:"entry_type"`
	CreatedAt      stamp  `json:"created_at"`
}

type v0ListEntries struct {
	v0Counted
	Entries []v0ListEntry `json:"entries"`
}

type newV0ListEntry struct {
	Entry  string `json:"entry"`
	Reason string `json:"reason,omitempty" maxLength:"500"`
}

// v0List is a list that a path names.
type v0List struct {
	mailstore.List
	lists   mailstore.Lists
	address string // of the inbox whose list it is; "" of the workspace's
}

// list finds the list of the path: of its inbox, or a pod's.
func (v *v0Request) list(need tenancy.Permission) (l v0List, err error) {
	l.Direction, l.Kind = v.path["direction"], v.path["type"]
	if !slices.Contains([]string{"send", "receive", "reply"}, l.Direction) || !slices.Contains([]string{"allow", "block"}, l.Kind) {
		return l, errNoV0Route
	}
	if l.lists, l.Inbox, err = v.grant.Lists(v.ctx, v.workspace(), v.inbox(), need); err != nil || l.Inbox == "" {
		return l, err
	}
	addresses, err := v.addresses(l.Inbox)
	l.address = addresses[l.Inbox]
	return l, err
}

func (v *v0Request) listEntryOf(l v0List) func(mailstore.ListEntry) v0ListEntry {
	return func(x mailstore.ListEntry) v0ListEntry {
		kind := "domain"
		if strings.Contains(x.Entry, "@") {
			kind = "email"
		}
		return v0ListEntry{x.Entry, v.organization(), string(l.lists.WorkspaceID()), l.address, x.Reason, x.Direction, x.Kind, kind, stamp{x.At}}
	}
}

func (t *v0Table) lists() {
	const list, one = "/lists/{direction}/{type}", "/lists/{direction}/{type}/{entry}"
	const everywhere = inAll | inPod | inInbox
	t.add(everywhere, "GET", list, "limit page_token", func(v *v0Request) (v0Answer, error) {
		l, err := v.list(tenancy.ListsRead)
		if err != nil {
			return v0Answer{}, err
		}
		p, err := v.page("lists:" + l.Direction + ":" + l.Kind + ":" + string(l.Inbox))
		if err != nil {
			return v0Answer{}, err
		}
		all, behind, err := l.lists.Entries(v.ctx, l.List, p.at.after(), p.limit)
		return answered(v0ListEntries{p.counted(len(all), nextPlace(p.list, behind)), each(all, v.listEntryOf(l))}, err)
	})
	body(t, everywhere, "POST", list, func(v *v0Request, in newV0ListEntry) (v0Answer, error) {
		l, err := v.list(tenancy.ListsCreate)
		if err != nil {
			return v0Answer{}, err
		}
		return v0OnceBeside(v, func() (any, error) {
			x, _, err := addEntry(v.ctx, l.lists, l.List, in.Entry, in.Reason)
			return v.listEntryOf(l)(x), err
		})
	})
	t.add(everywhere, "GET", one, "", func(v *v0Request) (v0Answer, error) {
		l, err := v.list(tenancy.ListsRead)
		if err != nil {
			return v0Answer{}, err
		}
		x, err := l.lists.Entry(v.ctx, l.List, canonicalEntry(v.path["entry"]))
		return answered(v.listEntryOf(l)(x), err)
	})
	t.add(everywhere, "DELETE", one, "", func(v *v0Request) (v0Answer, error) {
		l, err := v.list(tenancy.ListsDelete)
		if err != nil {
			return v0Answer{}, err
		}
		return nothing(l.lists.Remove(v.ctx, l.List, canonicalEntry(v.path["entry"])))
	})
}
