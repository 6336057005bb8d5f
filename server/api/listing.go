package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// maxFilterLabels bounds the labels that one list asks for.
const maxFilterLabels = 32

// Query narrows a list of messages, or of threads, of which one message is to pass all of it.
type Query struct {
	Page
	Q             string    `query:"q" doc:"What to look for, written as for GET /v1/search: newest first, with highlights; threads are those in which a message is found."`
	Labels        []string  `query:"labels,explode" doc:"Only messages that bear all of these, at most 32; separated by commas, or given several times."`
	From          string    `query:"from" maxLength:"500" doc:"Part of the sender's name or address."`
	To            string    `query:"to" maxLength:"500" doc:"Part of a recipient's name or address."`
	Subject       string    `query:"subject" maxLength:"500" doc:"Part of the subject."`
	ThreadID      string    `query:"threadId" doc:"Only messages of this thread."`
	Mailbox       string    `query:"mailbox" doc:"Name of an IMAP mailbox."`
	MessageID     string    `query:"messageId" doc:"The RFC Message-ID, with its angle brackets."`
	After         time.Time `query:"after" doc:"Received at this time or later; of a thread, its newest message."`
	Before        time.Time `query:"before" doc:"Received before this time; likewise."`
	Unread        string    `query:"unread" enum:"true,false" doc:"true: only unread ones; false: only read ones."`
	HasAttachment string    `query:"hasAttachment" enum:"true,false" doc:"Whether something is attached."`
	IncludeTrash  bool      `query:"includeTrash" doc:"Also those that lie in Trash alone."`
	IncludeSpam   bool      `query:"includeSpam" doc:"Also those that lie in Junk alone."`
	Ascending     bool      `query:"ascending" doc:"Oldest first instead of newest first."`
}

func (q Query) filter() (mailstore.MessageFilter, error) {
	f := mailstore.MessageFilter{ThreadID: mailstore.ThreadID(q.ThreadID), Mailbox: q.Mailbox, Labels: listed(q.Labels), From: q.From, To: q.To, Subject: q.Subject,
		MessageID: q.MessageID, After: q.After, Before: q.Before, IncludeTrash: q.IncludeTrash, IncludeSpam: q.IncludeSpam, OldestFirst: q.Ascending}
	if len(f.Labels) > maxFilterLabels {
		return f, errQuery("labels", "At most 32 labels.")
	}
	switch q.Unread {
	case "true":
		f.Labels = append(slices.Clone(f.Labels), mailstore.LabelUnread)
	case "false":
		f.Labels = append(slices.Clone(f.Labels), mailstore.LabelRead)
	}
	if q.HasAttachment != "" {
		has := q.HasAttachment == "true"
		f.HasAttachment = &has
	}
	return f, nil
}

// read reads the asked-for page of a list of some mail by one of its methods. kind names the list in cursors, which are good for
// this mail in this order alone.
func read[T any](q Query, m mailstore.Mail, kind string, by func(mailstore.MessageFilter, *mailstore.Place, int) ([]T, *mailstore.Place, error)) (all []T, next string, err error) {
	f, err := q.filter()
	if err != nil {
		return nil, "", err
	}
	list := kind + ":" + string(m.InboxID())
	if m.InboxID() == "" {
		list = kind + ":" + string(m.WorkspaceID())
	}
	if q.Ascending {
		list += ":ascending"
	}
	at, err := parsePlace(list, q.Cursor)
	if err != nil {
		return nil, "", err
	}
	all, behind, err := by(f, at.after(), q.Limit)
	return all, nextPlace(list, behind), err
}

type messageList struct {
	Messages   []messageObject `json:"messages" doc:"In the order asked for, without html and with text cut to preview."`
	NextCursor string          `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
	Partial    bool            `json:"partial,omitempty" doc:"Of a search: mail of before an update of the server is still being indexed; older messages may be missing."`
}

// messages lists messages of some mail.
func (q Query) messages(ctx context.Context, m mailstore.Mail) (*result[messageList], error) {
	if q.Q != "" {
		return searched(q, func(t textQuery) (messageList, error) { return t.messages(ctx, m) })
	}
	all, next, err := read(q, m, "messages", func(f mailstore.MessageFilter, after *mailstore.Place, limit int) ([]mailstore.Message, *mailstore.Place, error) {
		return m.Messages(ctx, f, after, limit)
	})
	return &result[messageList]{messageList{Messages: each(all, messageOf), NextCursor: next}}, err
}

// searched is a list of what a text query finds.
func searched[L any](q Query, find func(textQuery) (L, error)) (*result[L], error) {
	f, err := q.filter()
	if err == nil && q.Ascending {
		err = errQuery("ascending", "With q the newest are first.")
	}
	if err != nil {
		return nil, err
	}
	list, err := find(textQuery{q: q.Q, page: q.Page, filter: f})
	return &result[L]{list}, err
}

type threadList struct {
	Threads    []Thread `json:"threads" doc:"By the time of their newest messages, in the order asked for; of a search, of the newest that are found."`
	NextCursor string   `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
	Partial    bool     `json:"partial,omitempty" doc:"Of a search: mail of before an update of the server is still being indexed; older messages may be missing."`
}

// threads lists threads of some mail.
func (q Query) threads(ctx context.Context, m mailstore.Mail) (*result[threadList], error) {
	if q.Q != "" {
		return searched(q, func(t textQuery) (threadList, error) { return t.threads(ctx, m) })
	}
	all, next, err := read(q, m, "threads", func(f mailstore.MessageFilter, after *mailstore.Place, limit int) ([]mailstore.Thread, *mailstore.Place, error) {
		return m.Threads(ctx, f, after, limit)
	})
	return &result[threadList]{threadList{Threads: each(all, threadOf), NextCursor: next}}, err
}

type (
	inboxListing struct {
		InboxPath
		Query
	}
	workspaceListing struct {
		OperatorQuery
		Query
	}
)

// mail is what an inbox's list, or a workspace's, is of.
func (l inboxListing) mail(ctx context.Context, g *tenancy.Grant, need tenancy.Permission) (mailstore.Mail, error) {
	box, err := l.InboxPath.mail(ctx, g, need)
	return box.Mail(), err
}

func (l workspaceListing) mail(ctx context.Context, g *tenancy.Grant, need tenancy.Permission) (mailstore.Mail, error) {
	m, err := g.MailOf(ctx, l.workspace(), "", need)
	return m, at(err, "query.")
}

func (s *Server) listingRoutes(a huma.API) {
	list[inboxListing](s, a, route(http.MethodGet, "/v1/inboxes/{inbox}/messages", "listMessages", "messages", "List messages", 200), tenancy.MessagesRead, Query.messages)
	list[inboxListing](s, a, route(http.MethodGet, "/v1/inboxes/{inbox}/threads", "listThreads", "threads", "List threads", 200), tenancy.ThreadsRead, Query.threads)
	list[workspaceListing](s, a, route(http.MethodGet, "/v1/messages", "listWorkspaceMessages", "messages", "List messages of all inboxes of a workspace; with an inbox key, of its inbox", 200), tenancy.MessagesRead, Query.messages)
	list[workspaceListing](s, a, route(http.MethodGet, "/v1/threads", "listWorkspaceThreads", "threads", "List threads of all inboxes of a workspace; with an inbox key, of its inbox", 200), tenancy.ThreadsRead, Query.threads)
}

type listing interface {
	mail(context.Context, *tenancy.Grant, tenancy.Permission) (mailstore.Mail, error)
	asked() Query
}

func (q Query) asked() Query { return q }

// list adds a route that lists some mail.
func list[L listing, O any](s *Server, a huma.API, op huma.Operation, need tenancy.Permission, do func(Query, context.Context, mailstore.Mail) (*O, error)) {
	register(s, a, op, func(ctx context.Context, g *tenancy.Grant, in *L) (*O, error) {
		m, err := (*in).mail(ctx, g, need)
		if err != nil {
			return nil, err
		}
		return do((*in).asked(), ctx, m)
	})
}
