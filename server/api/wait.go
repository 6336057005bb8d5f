package api

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/codes"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/trust"
	"github.com/postroom/postroom/tenancy"
)

// The times of a wait, in seconds.
const (
	MaxMessageWait     = 120
	defaultMessageWait = 30
)

// maxLookBack bounds the messages that are there already and are looked at, the newest first.
const maxLookBack = 10000

// maxCodeLookBack bounds how many of them are read for a code.
const maxCodeLookBack = 100

type waitRequest struct {
	InboxPath
	Idempotent
	Body struct {
		Match          waitMatch `json:"match,omitempty" doc:"Which message: all that is given must be so; an empty one takes any that is received."`
		TimeoutSeconds *int      `json:"timeoutSeconds,omitempty" minimum:"0" maximum:"120" doc:"How long to wait; 30 if it is not given, 0 looks once."`
	}
}

type waitMatch struct {
	From        string `json:"from,omitempty" maxLength:"998" doc:"Part of the author's name or address as the From field has them, without regard to case."`
	Subject     string `json:"subject,omitempty" maxLength:"998" doc:"Part of the subject, likewise."`
	ThreadID    string `json:"threadId,omitempty" maxLength:"100" doc:"Only a message of this thread. Of a thread that does not exist nothing will come."`
	After       string `json:"after,omitempty" maxLength:"100" doc:"Also what is there already: received at this time or later (RFC 3339, by the server's clock), or after the message with this id, received or sent. Take either before you do what triggers the mail, and nothing is missed. Of several that are there the newest is given, of several that come the first. Without it only messages that come while this request waits."`
	IncludeJunk bool   `json:"includeJunk,omitempty" doc:"Also a message that was filed as junk."`
	WithCode    bool   `json:"withCode,omitempty" doc:"Only a message in which a one-time code, or one of the links, is found. Of what is there already the newest 100 that match otherwise are looked at."`
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

	Differs bool `json:"differs" doc:"The text names a host, and the link leads to another registrable domain. Links that are counted do so too."`
}

func codeOf(c codes.Code) codeObject {
	return codeObject{c.Value, c.Written, c.Word, string(c.Place), c.Excerpt, c.Rule}
}

func foundLinkOf(l codes.Link) linkObject {
	return linkObject{l.URL, l.Kind, l.Text, string(l.Place), l.Rule, l.Place == codes.HTML && trust.Misleads(l.Text, l.URL)}
}

// waits counts the requests that wait for a message.
type waits struct {
	mu           sync.Mutex
	all          int
	perWorkspace map[mailstore.WorkspaceID]int
}

var (
	errTooManyWaits = &fault.Error{Kind: fault.Exhausted, Code: "limit_reached", RetryAfter: 5 * time.Second,
		Message: "As many requests wait for messages as may (limit waits); wait until one is answered, or follow GET /v1/events."}
	errAfter = fault.New(fault.Invalid, validationFailed, "after is a time as in RFC 3339, or the id of a message of this inbox.").At("body.match.after")
)

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
	huma.Register(a, op, func(ctx context.Context, in *waitRequest) (*created[awaited], error) {
		c := callOf(ctx)
		box, err := in.mail(ctx, c.grant, tenancy.MessagesRead)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		kept, replayed, err := onceBeside(ctx, c.grant, c.request(in.idempotencyKey(), in.workspace()), func() (tenancy.Answer, error) {
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
	o, in, err := codesOf(ctx, box, m)
	if err != nil {
		return a, err
	}
	a.Message, a.Codes, a.Links = &o, each(in.Codes, codeOf), each(in.Links, foundLinkOf)
	return a, nil
}

// codesOf is a message with its text, and the codes and links in it.
func codesOf(ctx context.Context, box mailstore.Inbox, m mailstore.Message) (messageObject, codes.Found, error) {
	o, err := messageOf(m).withBody(ctx, box, MaxTextBytes)
	if err != nil {
		return o, codes.Found{}, err
	}
	return o, codes.Find(o.Subject, o.Text, o.HTML), nil
}

// wait gives the id of the first message that matches, or "" when the time is over. It holds a place in the journal, and
// no open workspace.
func (s *Server) wait(ctx context.Context, g *tenancy.Grant, box mailstore.Inbox, in *waitRequest) (mailstore.MessageID, error) {
	seconds := defaultMessageWait
	if in.Body.TimeoutSeconds != nil {
		seconds = *in.Body.TimeoutSeconds
	}
	w := watch{box: box, match: in.Body.Match, from: message.Fold(in.Body.Match.From), subject: message.Fold(in.Body.Match.Subject), begun: s.cfg.Clock(),
		follower: follower{grant: g, journal: box.Journal(), workspace: box.WorkspaceID(), types: in.Body.Match.events()}}
	if err := w.readAfter(ctx); err != nil {
		return "", err
	}
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
	if w.match.After != "" {
		id, err = w.newest(ctx)
	}
	for err == nil && id == "" {
		var more bool
		if id, more, err = w.next(ctx); err != nil || id != "" || more {
			continue
		}
		if !s.await(ctx, &w.follower, deadline) {
			return s.late(ctx, &w, in)
		}
	}
	return id, err
}

// late says why a wait ends without a message.
func (s *Server) late(ctx context.Context, w *watch, in *waitRequest) (mailstore.MessageID, error) {
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case s.isDraining(): // it is not known that nothing will come: the client asks again
		return "", errDraining
	}
	if err := w.follower.grant.Check(ctx); err != nil {
		return "", err
	}
	if _, err := in.mail(ctx, w.follower.grant, tenancy.MessagesRead); err != nil { // the inbox is there no more
		return "", err
	}
	id, _, err := w.next(ctx) // what came at the last moment
	return id, err
}

// watch looks for one message.
type watch struct {
	follower
	box           mailstore.Inbox
	match         waitMatch
	from, subject string          // what is looked for, folded
	since         time.Time       // what match.After means: received then or later
	than          mailstore.Place // or behind the place of a message, if it names one
	begun         time.Time
}

// readAfter reads match.After.
func (w *watch) readAfter(ctx context.Context) (err error) {
	after := w.match.After
	if after == "" {
		return nil
	}
	if w.since, err = time.Parse(time.RFC3339, after); err == nil {
		return nil
	}
	m, err := w.box.Message(ctx, mailstore.MessageID(after))
	if fault.KindOf(err) == fault.NotFound {
		return errAfter
	}
	w.than = placeOf(m)
	return err
}

func placeOf(m mailstore.Message) mailstore.Place {
	return mailstore.Place{At: m.ReceivedAt, ID: string(m.ID)}
}

// isBehind tells whether a message lies behind a place in the order of lists, which is that of receiving.
func isBehind(m mailstore.Message, p mailstore.Place) bool {
	return m.ReceivedAt.After(p.At) || m.ReceivedAt.Equal(p.At) && string(m.ID) > p.ID
}

// matches tells whether a message has in its header what is looked for.
func (w *watch) matches(m mailstore.Message) bool {
	written := func(a message.Address) bool {
		return strings.Contains(message.Fold(a.Name+" <"+a.Address+">"), w.from)
	}
	return m.Direction == mailstore.Received && (w.from == "" || slices.ContainsFunc(m.Envelope.From, written)) &&
		strings.Contains(message.Fold(m.Envelope.Subject), w.subject)
}

// fits tells whether a message is one that is waited for: matches, and what only its text can tell.
func (w *watch) fits(ctx context.Context, m mailstore.Message) (bool, error) {
	if !w.matches(m) {
		return false, nil
	}
	return w.hasCode(ctx, m)
}

// hasCode tells whether a message has a code or a link in it, where that is asked for. One whose file has gone meanwhile has none.
func (w *watch) hasCode(ctx context.Context, m mailstore.Message) (bool, error) {
	if !w.match.WithCode {
		return true, nil
	}
	_, in, err := codesOf(ctx, w.box, m)
	if errors.Is(err, fs.ErrNotExist) || fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return len(in.Codes)+len(in.Links) > 0, err
}

func (m waitMatch) events() []string {
	types := []string{"message.received", "message.received.unauthenticated"}
	if m.IncludeJunk {
		types = append(types, "message.received.spam", "message.received.blocked")
	}
	return types
}

// filters are for where a message may lie: not in Trash, in Junk only if it is asked for.
func (w *watch) filters(ids ...mailstore.MessageID) []mailstore.MessageFilter {
	f := mailstore.MessageFilter{IDs: ids, ThreadID: mailstore.ThreadID(w.match.ThreadID), Labels: []string{mailstore.LabelReceived}, After: w.since}
	if !w.match.IncludeJunk {
		return []mailstore.MessageFilter{f}
	}
	junk := f
	junk.Mailbox = mailstore.JunkMailbox
	return []mailstore.MessageFilter{f, junk}
}

// next looks at the next lines of the journal. Of several messages it takes the one that came first.
func (w *watch) next(ctx context.Context) (id mailstore.MessageID, more bool, err error) {
	p, err := w.read(ctx, pageOfLines)
	if err != nil {
		return "", false, err
	}
	if p.Gap { // the journal was begun anew, and cannot tell what is new
		if w.match.After == "" {
			w.since = w.begun
		}
		if err = w.start(ctx, ""); err == nil {
			id, err = w.newest(ctx)
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

// matching asks the index which of the messages match, as they lie now.
func (w *watch) matching(ctx context.Context, lines []journal.Line) (ids []mailstore.MessageID, err error) {
	if len(lines) == 0 {
		return nil, nil
	}
	named := each(lines, func(l journal.Line) mailstore.MessageID { return mailstore.MessageID(l.MessageID) })
	for _, f := range w.filters(named...) {
		list, _, err := w.box.Messages(ctx, f, nil, len(named))
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			fits, err := w.fits(ctx, m)
			if err != nil {
				return nil, err
			}
			if fits {
				ids = append(ids, m.ID)
			}
		}
	}
	return ids, nil
}

// newest is the newest message that matches and is there already.
func (w *watch) newest(ctx context.Context) (mailstore.MessageID, error) {
	best := w.than
	for _, f := range w.filters() {
		m, err := w.newestOf(ctx, f)
		if err != nil {
			return "", err
		}
		if m.ID != "" && isBehind(m, best) {
			best = placeOf(m)
		}
	}
	if best == w.than {
		return "", nil
	}
	return mailstore.MessageID(best.ID), nil
}

// newestOf is the newest message of a list that matches, or the zero Message.
func (w *watch) newestOf(ctx context.Context, f mailstore.MessageFilter) (mailstore.Message, error) {
	var at *mailstore.Place
	f.After = later(f.After, w.than.At)
	read := 0
	for range maxLookBack / mailstore.MaxPage {
		list, behind, err := w.box.Messages(ctx, f, at, mailstore.MaxPage)
		if err != nil {
			return mailstore.Message{}, err
		}
		for _, m := range list {
			if !w.matches(m) {
				continue
			}
			has, err := w.hasCode(ctx, m)
			if read++; err != nil || has {
				return m, err
			}
			if read == maxCodeLookBack {
				return mailstore.Message{}, nil
			}
		}
		if at = behind; at == nil {
			break
		}
	}
	return mailstore.Message{}, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
