package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// listEntry is an address or domain on an allow or block list.
type listEntry struct {
	Entry     string `json:"entry" doc:"An address, or a domain, which stands for its sub-domains too. Lower case, domain in A-labels."`
	Direction string `json:"direction" enum:"receive,reply,send" doc:"receive: mail that comes; reply: mail that comes as an answer to what the inbox sent; send: recipients of what leaves."`
	Type      string `json:"type" enum:"allow,block" doc:"What the list says of them."`
	InboxID   string `json:"inboxId,omitempty" doc:"Whose list it is; absent: of all inboxes of the workspace."`
	Reason    string `json:"reason,omitempty" doc:"In your words."`
	CreatedAt stamp  `json:"createdAt" doc:"Since when."`
}

func listEntryOf(x mailstore.ListEntry) listEntry {
	return listEntry{x.Entry, x.Direction, x.Kind, string(x.Inbox), x.Reason, stamp{x.At}}
}

type listEntries struct {
	Entries    []listEntry `json:"entries" doc:"Newest first."`
	NextCursor string      `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
}

type (
	ListPath struct {
		Direction string `path:"direction" enum:"receive,reply,send" doc:"Which mail it is about."`
		Type      string `path:"type" enum:"allow,block" doc:"What it says of them."`
	}
	listQuery struct {
		ListPath
		OperatorQuery
		Page
		Inbox string `query:"inboxId" doc:"The lists of this inbox, its id or address; without it those of the whole workspace, or of a key's own inbox."`
	}
	listEntryPath struct {
		ListPath
		OperatorQuery
		Inbox string `query:"inboxId" doc:"The lists of this inbox, its id or address."`
		Entry string `path:"entry" doc:"The address or domain, percent-encoded where it must be."`
	}
	newListEntry struct {
		ListPath
		Idempotent
		Body struct {
			OperatorBody
			InboxID string `json:"inboxId,omitempty" doc:"On the list of this inbox, its id or address; without it on that of the whole workspace, or of a key's own inbox."`
			Entry   string `json:"entry" doc:"An address, or a domain, which stands for its sub-domains too."`
			Reason  string `json:"reason,omitempty" maxLength:"500" doc:"Anything of your own."`
		}
	}
)

func (n newListEntry) workspace() mailstore.WorkspaceID {
	return mailstore.WorkspaceID(n.Body.WorkspaceID)
}

// in names the list of an inbox, or of the workspace.
func (p ListPath) in(inbox mailstore.InboxID) mailstore.List {
	return mailstore.List{Inbox: inbox, Direction: p.Direction, Kind: p.Type}
}

func (s *Server) listRoutes(a huma.API) {
	const list, one = "/v1/lists/{direction}/{type}", "/v1/lists/{direction}/{type}/{entry}"
	register(s, a, route(http.MethodGet, list, "listListEntries", "routing", "List who is on an allow or block list", 200),
		func(ctx context.Context, g *tenancy.Grant, in *listQuery) (*result[listEntries], error) {
			lists, inbox, err := g.Lists(ctx, in.workspace(), in.Inbox, tenancy.ListsRead)
			if err != nil {
				return nil, at(err, "query.")
			}
			name := listOf(g, "lists:"+in.Direction+":"+in.Type+":"+string(inbox), in.workspace())
			place, err := parsePlace(name, in.Cursor)
			if err != nil {
				return nil, err
			}
			all, behind, err := lists.Entries(ctx, in.in(inbox), place.after(), in.Limit)
			return &result[listEntries]{listEntries{each(all, listEntryOf), nextPlace(name, behind)}}, err
		})
	registerAction(s, a, orFind(route(http.MethodPost, list, "createListEntry", "routing", "Put an address or domain on an allow or block list", 201)),
		func(ctx context.Context, g *tenancy.Grant, in newListEntry) (status int, done listEntry, err error) {
			lists, inbox, err := g.Lists(ctx, in.workspace(), in.Body.InboxID, tenancy.ListsCreate)
			if err != nil {
				return 0, done, at(err, "body.")
			}
			x, added, err := addEntry(ctx, lists, in.in(inbox), in.Body.Entry, in.Body.Reason)
			if status = http.StatusOK; added {
				status = http.StatusCreated
			}
			return status, listEntryOf(x), err
		})
	register(s, a, route(http.MethodGet, one, "getListEntry", "routing", "Whether an address or domain is on a list", 200),
		func(ctx context.Context, g *tenancy.Grant, in *listEntryPath) (*result[listEntry], error) {
			lists, inbox, err := g.Lists(ctx, in.workspace(), in.Inbox, tenancy.ListsRead)
			if err != nil {
				return nil, at(err, "query.")
			}
			x, err := lists.Entry(ctx, in.in(inbox), canonicalEntry(in.Entry))
			return &result[listEntry]{listEntryOf(x)}, err
		})
	register(s, a, route(http.MethodDelete, one, "deleteListEntry", "routing", "Take an address or domain off a list", 204),
		func(ctx context.Context, g *tenancy.Grant, in *listEntryPath) (*struct{}, error) {
			lists, inbox, err := g.Lists(ctx, in.workspace(), in.Inbox, tenancy.ListsDelete)
			if err != nil {
				return nil, at(err, "query.")
			}
			return nil, lists.Remove(ctx, in.in(inbox), canonicalEntry(in.Entry))
		})
}

// addEntry puts an address or domain on a list.
func addEntry(ctx context.Context, lists mailstore.Lists, on mailstore.List, written, why string) (x mailstore.ListEntry, added bool, err error) {
	entry, reason := tenancy.ParseListEntry(written)
	if reason != "" {
		var m mistakes
		m.add("body.entry", "%s", reason)
		return x, false, m.err()
	}
	return lists.Add(ctx, mailstore.ListEntry{List: on, Entry: entry, Reason: why})
}

// canonicalEntry is an entry as it is kept; what can be none is kept nowhere.
func canonicalEntry(written string) string {
	entry, _ := tenancy.ParseListEntry(written)
	return entry
}
