package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// Bounds of the queue's routes.
const (
	MaxQueueRounds = 50 // times mailstore.MaxQueueChange recipients are changed by one request
	maxQueuePages  = 10 // pages that are looked through for a status that few have
)

// queueEntry is one recipient that waits.
type queueEntry struct {
	Recipient
	InboxID   string `json:"inboxId" doc:"The inbox that sends."`
	MessageID string `json:"messageId" doc:"Id of the message, msg_…"`
	Sender    string `json:"sender" doc:"Who sends it."`
	Domain    string `json:"domain" doc:"Where it goes."`
	Lane      string `json:"lane" enum:"prompt,bulk" doc:"prompt: replies and single messages, which go first."`
	CreatedAt stamp  `json:"createdAt" doc:"When it was handed over."`
}

func (s *Server) queueEntryOf(ws mailstore.WorkspaceID, e mailstore.QueueEntry) queueEntry {
	lane := "prompt"
	if e.Lane == mailstore.Bulk {
		lane = "bulk"
	}
	return queueEntry{s.recipientOf(ws, e), string(e.Inbox), string(e.Message), e.Sender, e.Domain, lane, stamp{e.CreatedAt}}
}

// entryID names a recipient of a message: by the message, so that it means nothing anywhere else, and its row.
func entryID(e mailstore.QueueEntry) string {
	return fmt.Sprintf("out_%s_%d", strings.TrimPrefix(string(e.Message), "msg_"), e.Row)
}

// parseEntryID reads an id of entryID's.
func parseEntryID(id string) (f mailstore.QueueFilter, ok bool) {
	word, row, _ := strings.Cut(strings.TrimPrefix(id, "out_"), "_")
	f.Message = mailstore.MessageID("msg_" + word)
	n, err := strconv.ParseInt(row, 10, 64)
	f.Row = n
	return f, err == nil && n > 0 && isMessageID(string(f.Message)) && id == entryID(mailstore.QueueEntry{Message: f.Message, Row: n})
}

type queueList struct {
	Entries    []queueEntry `json:"entries" doc:"Newest first; with a status, a page may hold fewer than limit and still have a next one."`
	NextCursor string       `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
}

// queueCount is what waits for one domain.
type queueCount struct {
	Domain   string `json:"domain" doc:"Where it goes."`
	Waiting  int    `json:"waiting" doc:"Recipients that wait, in all."`
	Held     int    `json:"held" doc:"Of them, those that are held."`
	Deferred int    `json:"deferred" doc:"Of them, those that were tried before."`
	OldestAt stamp  `json:"oldestAt" doc:"When the oldest of them was handed over."`
}

func queueCountOf(c mailstore.QueueCount) queueCount {
	return queueCount{c.Domain, c.Waiting, c.Held, c.Deferred, stamp{c.Oldest}}
}

type queueCounts struct {
	Domains []queueCount `json:"domains" doc:"Most waiting first; at most 200."`
}

type (
	queueQuery struct {
		OperatorQuery
		Page
		Inbox     string `query:"inbox" doc:"Only what this inbox sends; its id or address."`
		Domain    string `query:"domain" doc:"Only what goes to this domain."`
		MessageID string `query:"messageId" doc:"Only recipients of this message, msg_…"`
		Status    string `query:"status" enum:"queued,scheduled,held,deferred" doc:"Only those of this status."`
	}
	queueChange struct {
		OperatorQuery
		Idempotent
		Body struct {
			ID        string `json:"id,omitempty" doc:"One recipient, out_…"`
			Inbox     string `json:"inbox,omitempty" doc:"What this inbox sends; its id or address."`
			MessageID string `json:"messageId,omitempty" doc:"Recipients of this message, msg_…"`
			Domain    string `json:"domain,omitempty" doc:"What goes to this domain."`
			All       bool   `json:"all,omitempty" doc:"All that waits, where nothing else is named."`
		}
	}
	queueChanged struct {
		Changed int  `json:"changed" doc:"How many recipients were changed."`
		More    bool `json:"more,omitempty" doc:"There are more than one request changes; send it again with another Idempotency-Key."`
	}
)

var errWhichEntries = fault.New(fault.Invalid, validationFailed, "Say what is meant: id, inbox, messageId or domain, or all.").At("body")

func (s *Server) queueRoutes(a huma.API) {
	const list = "/v1/queue"
	register(s, a, route(http.MethodGet, list, "listQueue", "operation", "List recipients that wait for mail to leave", 200), s.listQueue)
	register(s, a, route(http.MethodGet, list+"/domains", "countQueue", "operation", "How much waits for each domain", 200),
		func(ctx context.Context, g *tenancy.Grant, in *OperatorQuery) (*result[queueCounts], error) {
			out, inbox, err := g.Queue(ctx, in.workspace(), tenancy.MessagesRead)
			if err != nil {
				return nil, at(err, "query.")
			}
			if inbox != "" { // an inbox's share is not counted apart
				return nil, tenancy.ErrNotFound
			}
			counts, err := out.Counts(ctx)
			return &result[queueCounts]{queueCounts{each(counts, queueCountOf)}}, err
		})
	type change func(mailstore.Outbox, context.Context, mailstore.QueueFilter) (int, error)
	for _, c := range []struct {
		verb, summary string
		do            change
	}{
		{"retry", "Try recipients now that wait for their next try", mailstore.Outbox.Retry},
		{"cancel", "Give recipients up that wait", mailstore.Outbox.Cancel},
		{"hold", "Keep recipients from being tried", mailstore.Outbox.Hold},
		{"release", "Let recipients that are held be tried again", mailstore.Outbox.Unhold},
	} {
		registerAction(s, a, route(http.MethodPost, list+"/"+c.verb, c.verb+"Queue", "operation", c.summary, 200),
			func(ctx context.Context, g *tenancy.Grant, in queueChange) (int, queueChanged, error) {
				out, f, err := in.filter(ctx, g)
				if err != nil {
					return 0, queueChanged{}, err
				}
				n, more, err := rounds(ctx, func(ctx context.Context, f mailstore.QueueFilter) (int, error) { return c.do(out, ctx, f) }, f)
				return http.StatusOK, queueChanged{n, more}, err
			})
	}
}

// filter finds what a change means. What is named and not there is ErrNotFound.
func (in queueChange) filter(ctx context.Context, g *tenancy.Grant) (out mailstore.Outbox, f mailstore.QueueFilter, err error) {
	b := in.Body
	if named := b.ID + b.Inbox + b.MessageID + b.Domain; (named != "") == b.All {
		return out, f, errWhichEntries
	}
	out, f, err = queueFilter(ctx, g, in.workspace(), tenancy.MessagesSend, b.Inbox, b.MessageID, b.Domain)
	if err != nil {
		return out, f, err
	}
	if b.ID != "" {
		one, ok := parseEntryID(b.ID)
		if !ok || f.Message != "" && f.Message != one.Message {
			return out, f, mailstore.ErrNotFound
		}
		f.Row, f.Message = one.Row, one.Message
	}
	if f.Message == "" {
		return out, f, nil
	}
	list, _, err := out.Entries(ctx, f, 0, 1)
	if err == nil && len(list) == 0 {
		err = mailstore.ErrNotFound
	}
	return out, f, err
}

// queueFilter is the part of a workspace's queue that is asked for, within what the grant reaches.
func queueFilter(ctx context.Context, g *tenancy.Grant, ws mailstore.WorkspaceID, need tenancy.Permission, inbox, message, domain string) (out mailstore.Outbox, f mailstore.QueueFilter, err error) {
	out, own, err := g.Queue(ctx, ws, need)
	if err != nil {
		return out, f, at(err, "query.")
	}
	f.Inbox = own
	if inbox != "" {
		box, err := g.Mail(ctx, ws, inbox, need)
		if err != nil {
			return out, f, err
		}
		f.Inbox = box.ID()
	}
	if f.Message = mailstore.MessageID(message); message != "" && !isMessageID(message) {
		return out, f, mailstore.ErrNotFound
	}
	if domain != "" {
		canonical, ok := tenancy.Canonical("x@" + domain)
		if !ok || strings.Contains(domain, "@") {
			return out, f, mailstore.ErrNotFound
		}
		f.Domain = strings.TrimPrefix(canonical, "x@")
	}
	return out, f, nil
}

// rounds repeats a change until it touches nothing more; more says that it was given up before.
func rounds(ctx context.Context, change func(context.Context, mailstore.QueueFilter) (int, error), f mailstore.QueueFilter) (n int, more bool, err error) {
	for range MaxQueueRounds {
		if err := ctx.Err(); err != nil {
			return n, true, err
		}
		touched, err := change(ctx, f)
		if n += touched; err != nil || touched < mailstore.MaxQueueChange {
			return n, false, err
		}
	}
	return n, true, nil
}

func (s *Server) listQueue(ctx context.Context, g *tenancy.Grant, in *queueQuery) (*result[queueList], error) {
	out, f, err := queueFilter(ctx, g, in.workspace(), tenancy.MessagesRead, in.Inbox, in.MessageID, in.Domain)
	if err != nil {
		return nil, err
	}
	f.Waiting = true
	ws := in.workspace()
	if own := g.WorkspaceID(); own != "" {
		ws = own
	}
	name := "queue:" + string(ws)
	place, err := parsePlace(name, in.Cursor)
	if err != nil {
		return nil, err
	}
	after := place.At // a row in the place of a time
	page := queueList{Entries: []queueEntry{}}
	for range maxQueuePages {
		list, behind, err := out.Entries(ctx, f, after, in.Limit)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			if in.Status != "" && string(e.Status) != in.Status {
				continue
			}
			page.Entries = append(page.Entries, s.queueEntryOf(ws, e))
			if len(page.Entries) == in.Limit && e.Row != list[len(list)-1].Row {
				behind = e.Row
				break
			}
		}
		if after = behind; behind == 0 || len(page.Entries) == in.Limit {
			break
		}
	}
	if after > 0 {
		page.NextCursor = rowCursor(name, after)
	}
	return &result[queueList]{page}, nil
}

// rowCursor is the cursor behind a row of a list.
func rowCursor(list string, row int64) string {
	return place{List: list, ID: "row", At: row}.String()
}
