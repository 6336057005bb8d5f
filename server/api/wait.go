package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/codes"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// The times of a wait, in seconds.
const (
	MaxMessageWait     = 120
	defaultMessageWait = 30
)

type waitRequest struct {
	InboxPath
	Idempotent
	Body struct {
		Match          waitMatch `json:"match,omitempty" doc:"Which message; an empty one takes any that is received."`
		TimeoutSeconds *int      `json:"timeoutSeconds,omitempty" minimum:"0" maximum:"120" doc:"How long to wait; 30 if it is not given, 0 looks once."`
	}
}

type waitMatch struct {
	From        string     `json:"from,omitempty" maxLength:"998" doc:"Part of the sender's name or address, without regard to case."`
	Subject     string     `json:"subject,omitempty" maxLength:"998" doc:"Part of the subject, without regard to case."`
	ThreadID    string     `json:"threadId,omitempty" doc:"Only a message of this thread."`
	After       *time.Time `json:"after,omitempty" doc:"Received at this time or later, also if it is there already: take the time before you do what triggers the mail, and nothing is missed. Without it only messages that come while this request waits."`
	IncludeJunk bool       `json:"includeJunk,omitempty" doc:"Also a message that was filed as junk."`
}

// awaited is what a wait answers.
type awaited struct {
	TimedOut bool           `json:"timedOut" doc:"No message came in time; message is absent then."`
	Message  *messageObject `json:"message,omitempty" doc:"As GET gives it."`
	Codes    []codeObject   `json:"codes" doc:"One-time codes in it, found by rule; not in replies and not in quoted history. Often none."`
	Links    []linkObject   `json:"links" doc:"Links in it that verify, sign in, reset a password or accept an invitation, found by rule. They are not opened."`
}

type codeObject struct {
	Value   string `json:"value" doc:"As one would type it: 123456, ABCD-EFGH."`
	Written string `json:"written" doc:"As it stands in the message: 123 456."`
	Word    string `json:"word,omitempty" doc:"The word by which it was found: verification code."`
	Place   string `json:"place" enum:"subject,text,html" doc:"Where it was seen first."`
	Excerpt string `json:"excerpt" doc:"The line that holds it."`
	Rule    string `json:"rule" doc:"Why it is taken for a code."`
}

type linkObject struct {
	URL   string `json:"url" doc:"Whole, as it stands in the message."`
	Kind  string `json:"kind" enum:"confirm,signIn,reset,invite" doc:"What it is for."`
	Text  string `json:"text" doc:"Of the link, or what stands before it; may be empty."`
	Place string `json:"place" enum:"text,html" doc:"Where it was seen first."`
	Rule  string `json:"rule" doc:"What spoke for it: text, context, address."`
}

func codeOf(c codes.Code) codeObject {
	return codeObject{c.Value, c.Written, c.Word, string(c.Place), c.Excerpt, c.Rule}
}

func linkOf(l codes.Link) linkObject {
	return linkObject{l.URL, l.Kind, l.Text, string(l.Place), l.Rule}
}

// waits counts the requests that wait for a message.
type waits struct {
	mu           sync.Mutex
	all          int
	perWorkspace map[mailstore.WorkspaceID]int
}

var errTooManyWaits = fault.New(fault.Exhausted, "limit_reached", "As many requests wait for messages as may (limit waits); wait until one is answered, or follow GET /v1/events.")

// enter counts one until leave is called, once.
func (c *waits) enter(ws mailstore.WorkspaceID, most int) (leave func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= MaxWaits || c.perWorkspace[ws] >= most {
		return nil, errTooManyWaits
	}
	c.all++
	c.perWorkspace[ws]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all--
		if c.perWorkspace[ws]--; c.perWorkspace[ws] == 0 {
			delete(c.perWorkspace, ws)
		}
	}, nil
}

// waitRoute adds the one POST that changes nothing. Under an Idempotency-Key only the id of the message is kept, so that
// neither its text nor a code outlives it.
func (s *Server) waitRoute(a huma.API) {
	op := route(http.MethodPost, "/v1/inboxes/{inbox}/wait", "waitForMessage", "messages", "Wait for a message and give the codes and links in it", 200)
	op.Errors = append(op.Errors, http.StatusConflict, http.StatusServiceUnavailable)
	huma.Register(a, op, func(ctx context.Context, in *waitRequest) (*created[awaited], error) {
		c := callOf(ctx)
		box, err := in.mail(ctx, c.grant, tenancy.MessagesRead)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		request := tenancy.Request{Method: c.r.Method, Path: c.r.URL.Path, Key: in.idempotencyKey(), Body: c.body, Workspace: in.workspace()}
		kept, replayed, err := onceBeside(ctx, c.grant, request, func() (tenancy.Answer, error) {
			id, err := s.wait(ctx, c.grant, box, in)
			if err != nil {
				return tenancy.Answer{}, err
			}
			text, err := json.Marshal(id)
			return tenancy.Answer{Status: http.StatusOK, Body: text}, err
		})
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		out := &created[awaited]{Status: kept.Status}
		if replayed {
			out.Replayed = "true"
		}
		var id mailstore.MessageID
		if err = json.Unmarshal(kept.Body, &id); err == nil {
			out.Body, err = found(ctx, box, id)
		}
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return out, nil
	})
}

// found is the answer with a message; of none, that the time is over.
func found(ctx context.Context, box mailstore.Inbox, id mailstore.MessageID) (awaited, error) {
	a := awaited{TimedOut: id == "", Codes: []codeObject{}, Links: []linkObject{}}
	if a.TimedOut {
		return a, nil
	}
	m, err := box.Message(ctx, id)
	if err != nil {
		return a, err
	}
	o, err := messageOf(m).withBody(ctx, box, MaxTextBytes)
	if err != nil {
		return a, err
	}
	in := codes.Find(o.Subject, o.Text, o.HTML)
	a.Message, a.Codes, a.Links = &o, each(in.Codes, codeOf), each(in.Links, linkOf)
	return a, nil
}

// wait gives the id of the first message that matches, or "" when the time is over. It holds a place in the journal, and
// no open workspace.
func (s *Server) wait(ctx context.Context, g *tenancy.Grant, box mailstore.Inbox, in *waitRequest) (mailstore.MessageID, error) {
	seconds := defaultMessageWait
	if in.Body.TimeoutSeconds != nil {
		seconds = *in.Body.TimeoutSeconds
	}
	w := watch{box: box, match: in.Body.Match, begun: s.cfg.Clock(),
		follower: follower{grant: g, journal: box.Journal(), workspace: box.WorkspaceID(), types: in.Body.Match.events()}}
	deadline := w.begun.Add(time.Duration(seconds) * time.Second)
	if err := w.start(ctx, ""); err != nil { // the place is taken before it is looked: nothing falls in between
		return "", err
	}
	leave, err := s.waits.enter(w.workspace, s.cfg.MaxWaits)
	if err != nil {
		return "", err
	}
	defer leave()
	var id mailstore.MessageID
	if w.match.After != nil {
		id, err = w.newest(ctx, *w.match.After)
	}
	for err == nil && id == "" {
		var more bool
		if id, more, err = w.next(ctx); err != nil || id != "" || more {
			continue
		}
		if !s.await(ctx, &w.follower, deadline) {
			return s.late(ctx, &w)
		}
	}
	return id, err
}

// late says why a wait ends without a message.
func (s *Server) late(ctx context.Context, w *watch) (mailstore.MessageID, error) {
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case s.isDraining(): // it is not known that nothing will come: the client asks again
		return "", errDraining
	}
	if err := w.follower.grant.Check(ctx); err != nil {
		return "", err
	}
	id, _, err := w.next(ctx) // what came at the last moment
	return id, err
}

// watch looks for one message.
type watch struct {
	follower
	box   mailstore.Inbox
	match waitMatch
	begun time.Time
}

func (m waitMatch) events() []string {
	types := []string{"message.received", "message.received.unauthenticated"}
	if m.IncludeJunk {
		types = append(types, "message.received.spam")
	}
	return types
}

func (m waitMatch) filter() mailstore.MessageFilter {
	f := mailstore.MessageFilter{From: m.From, Subject: m.Subject, ThreadID: mailstore.ThreadID(m.ThreadID), Labels: []string{mailstore.LabelReceived}}
	if m.After != nil {
		f.After = *m.After
	}
	return f
}

// next looks at the next lines of the journal. Of several messages it takes the one that came first.
func (w *watch) next(ctx context.Context) (id mailstore.MessageID, more bool, err error) {
	p, err := w.read(ctx, pageOfLines)
	if err != nil {
		return "", false, err
	}
	if p.Gap { // the journal was begun anew, and cannot tell what is new
		since := w.begun
		if w.match.After != nil {
			since = *w.match.After
		}
		if err = w.start(ctx, ""); err == nil {
			id, err = w.newest(ctx, since)
		}
		return id, false, err
	}
	matching, err := w.matching(ctx, p.Lines)
	for _, l := range p.Lines {
		if id := mailstore.MessageID(l.MessageID); slices.Contains(matching, id) {
			return id, false, err
		}
	}
	return "", p.More, err
}

// matching asks the index which of the messages match, as they lie now: with the words of the list's filter, which so
// mean the same.
func (w *watch) matching(ctx context.Context, lines []journal.Line) (ids []mailstore.MessageID, err error) {
	f := w.match.filter()
	for _, l := range lines {
		f.IDs = append(f.IDs, mailstore.MessageID(l.MessageID))
	}
	if len(f.IDs) == 0 {
		return nil, nil
	}
	for _, f := range w.places(f) {
		list, _, err := w.box.Messages(ctx, f, nil, len(f.IDs))
		if err != nil {
			return nil, err
		}
		ids = append(ids, each(list, func(m mailstore.Message) mailstore.MessageID { return m.ID })...)
	}
	return ids, nil
}

// places are the filters for where a message may lie: not in Trash, in Junk only if it is asked for.
func (w *watch) places(f mailstore.MessageFilter) []mailstore.MessageFilter {
	if !w.match.IncludeJunk {
		return []mailstore.MessageFilter{f}
	}
	junk := f
	junk.Mailbox = mailstore.JunkMailbox
	return []mailstore.MessageFilter{f, junk}
}

// newest is the newest message that matches and was received at a time or later.
func (w *watch) newest(ctx context.Context, since time.Time) (mailstore.MessageID, error) {
	f := w.match.filter()
	f.After = since
	var best mailstore.Message
	for _, f := range w.places(f) {
		var at *mailstore.Place
		for ended := false; !ended; {
			list, behind, err := w.box.Messages(ctx, f, at, pageOfLines)
			if err != nil {
				return "", err
			}
			i := slices.IndexFunc(list, func(m mailstore.Message) bool { return m.Direction == mailstore.Received })
			if i >= 0 && list[i].ReceivedAt.After(best.ReceivedAt) {
				best = list[i]
			}
			at, ended = behind, i >= 0 || behind == nil // else all of these were put there by clients
		}
	}
	return best.ID, nil
}
