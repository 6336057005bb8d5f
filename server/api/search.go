package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/query"
	"github.com/postroom/postroom/tenancy"
)

// aboutQueries tells how a query is written.
const aboutQueries = "Words are all looked for, in any order, in subject, addresses, text and attachment names, whatever their case and accents; in languages without spaces, parts of a text. " +
	`"words in quotes" stand one behind the other; invoi* is the beginning of a word; -word must not be there; a OR b; parentheses group. ` +
	"Operators: from:, to: (also Cc and Bcc), cc:, bcc:, subject:, filename:, label:, in: (a mailbox; in:anywhere is all of them), is:unread, is:read, is:starred, is:sent, is:received, is:draft, has:attachment, thread:, " +
	"before: and after: (a day such as 2026-05-31, from midnight UTC, or a time; after: includes it). from:(ann OR bob) and subject:\"two words\" work too. What looks like an operator and is none is text. " +
	"Trash and Junk are left out unless in: or label: names them. At most 2,048 octets and 32 conditions; of each message the first 256 KiB of text are searched, and of attachments the names."

// highlight shows where a hit has what was looked for. Nothing in it is HTML: who shows it on a page escapes it.
type highlight struct {
	Field     string     `json:"field" enum:"subject,from,to,cc,bcc,deliveredTo,attachment,text" doc:"Where it is; attachment is a file's name."`
	Fragments []fragment `json:"fragments" doc:"Together they are the field, or of text an excerpt on one line. Plain text, not HTML."`
}

type fragment struct {
	Text  string `json:"text" doc:"Plain text, as the sender wrote it; escape it before it goes into a page."`
	Match bool   `json:"match,omitempty" doc:"It is what was looked for."`
}

func highlightOf(h mailstore.Highlight) highlight {
	o, at := highlight{Field: h.Field, Fragments: []fragment{}}, 0
	add := func(end int, match bool) {
		if end > at {
			o.Fragments = append(o.Fragments, fragment{h.Text[at:end], match})
		}
		at = end
	}
	for _, r := range h.Ranges {
		add(r.Start, false)
		add(r.End, true)
	}
	add(len(h.Text), false)
	return o
}

type hitList struct {
	Hits       []messageObject `json:"hits" doc:"Messages as lists give them, with highlights."`
	NextCursor string          `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one. A page may have fewer hits than it could and not be the last."`
	Partial    bool            `json:"partial,omitempty" doc:"Mail of before an update of the server is still being indexed; older messages may be missing."`
}

type searchQuery struct {
	OperatorQuery
	Page
	Q            string `query:"q" required:"true" doc:"What to look for; see the description of this operation."`
	Sort         string `query:"sort" enum:"relevance,newest" default:"relevance" doc:"relevance: where it stands (subject, sender, attachment names, recipients, text, in this order) and how new it is, among the newest 1,000; the others follow, newest first."`
	Inbox        string `query:"inboxId" doc:"Only in this inbox, its id or address; without it in all of the workspace, or in a key's own inbox."`
	IncludeTrash bool   `query:"includeTrash" doc:"Also what lies in Trash alone."`
	IncludeSpam  bool   `query:"includeSpam" doc:"Also what lies in Junk alone."`
}

func (s *Server) searchRoutes(a huma.API) {
	op := route(http.MethodGet, "/v1/search", "search", "messages", "Search messages", 200)
	op.Description = aboutQueries
	op.Errors = append(op.Errors, http.StatusServiceUnavailable)
	register(s, a, op, func(ctx context.Context, g *tenancy.Grant, in *searchQuery) (*result[hitList], error) {
		mail, err := g.MailOf(ctx, in.workspace(), in.Inbox, tenancy.MessagesRead)
		if err != nil {
			return nil, at(err, "query.")
		}
		text := textQuery{in.Q, in.Page, mailstore.MessageFilter{IncludeTrash: in.IncludeTrash, IncludeSpam: in.IncludeSpam}, in.Sort == "relevance"}
		found, err := text.messages(ctx, mail)
		return &result[hitList]{hitList{found.Messages, found.NextCursor, found.Partial}}, err
	})
}

// textQuery is the q of a list, with the list's own filter.
type textQuery struct {
	q      string
	page   Page
	filter mailstore.MessageFilter
	ranked bool
}

// messages is a list of the messages that are found.
func (t textQuery) messages(ctx context.Context, mail mailstore.Mail) (list messageList, err error) {
	s, name, err := t.search("messages", mail)
	if err != nil {
		return list, err
	}
	hits, next, partial, err := mail.Search(ctx, s)
	list = messageList{NextCursor: searchCursor(name, next), Partial: partial, Messages: each(hits, func(h mailstore.Hit) messageObject {
		o := messageOf(h.Message)
		o.Highlights = each(h.Highlights, highlightOf)
		return o
	})}
	return list, err
}

// threads is a list of the threads in which a message is found.
func (t textQuery) threads(ctx context.Context, mail mailstore.Mail) (list threadList, err error) {
	s, name, err := t.search("threads", mail)
	if err != nil {
		return list, err
	}
	hits, next, partial, err := mail.SearchThreads(ctx, s)
	list = threadList{NextCursor: searchCursor(name, next), Partial: partial, Threads: each(hits, func(h mailstore.ThreadHit) Thread {
		o := threadOf(h.Thread)
		o.MatchID, o.Highlights = string(h.MessageID), each(h.Highlights, highlightOf)
		return o
	})}
	return list, err
}

// search is what the store is asked, and the name of the list, which is that of this query alone.
func (t textQuery) search(kind string, mail mailstore.Mail) (s mailstore.Search, name string, err error) {
	q, err := query.Parse(t.q)
	if f := fault.From(err); f != nil {
		return s, "", f.At("query.q")
	}
	sum := sha256.Sum256([]byte(t.q))
	name = fmt.Sprintf("search:%s:%s:%s:%v:%s", kind, mail.WorkspaceID(), mail.InboxID(), t.ranked, base64.RawURLEncoding.EncodeToString(sum[:9]))
	after, err := parseSearchCursor(name, t.page.Cursor)
	return mailstore.Search{Query: q, Filter: t.filter, Ranked: t.ranked, After: after, Limit: t.page.Limit}, name, err
}

const searchPlaceForm = "%d.%d.%d.%d"

func searchCursor(list string, p *mailstore.SearchPlace) string {
	if p == nil {
		return ""
	}
	return place{List: list, ID: fmt.Sprintf(searchPlaceForm, p.Row, p.Top, p.Bottom, p.Score)}.String()
}

func parseSearchCursor(list, cursor string) (*mailstore.SearchPlace, error) {
	at, err := parsePlace(list, cursor)
	if err != nil || at.ID == "" {
		return nil, err
	}
	var p mailstore.SearchPlace
	if _, err := fmt.Sscanf(at.ID, searchPlaceForm, &p.Row, &p.Top, &p.Bottom, &p.Score); err != nil {
		return nil, errCursor
	}
	return &p, nil
}
