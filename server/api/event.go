package api

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// event is a line of the journal as a client sees it, the same in every way of reading.
type event struct {
	Type        string `json:"type" doc:"message.received, inbox.created, …"`
	ID          string `json:"id" doc:"Dedupes: delivery is at least once."`
	Cursor      string `json:"cursor" doc:"The place behind this event."`
	CreatedAt   stamp  `json:"createdAt" doc:"When it happened."`
	WorkspaceID string `json:"workspaceId" doc:"Where it happened."`
	InboxID     string `json:"inboxId,omitempty" doc:"The inbox that it concerns, if it is one."`
	Data        any    `json:"data" doc:"The object as it was at that moment: for message.* the message."`
}

type eventList struct {
	Events     []event `json:"events" doc:"Oldest first."`
	NextCursor string  `json:"nextCursor" doc:"Where to go on; always there."`
	Gap        bool    `json:"gap,omitempty" doc:"Events between the cursor and the first one given are gone."`
}

// follower reads a journal for one client.
type follower struct {
	grant     *tenancy.Grant
	journal   mailstore.Journal
	workspace mailstore.WorkspaceID
	types     []string
	inboxes   []mailstore.InboxID
	cursor    journal.Cursor
}

// Bounds of what is held in memory for one client at a time.
const (
	pageOfLines   = 50      // lines, each about a kilobyte, that are read at once; their texts are read one by one
	MaxPageOctets = 4 << 20 // of text and HTML in one answer of GET /v1/events; a page may hold fewer events for it
)

func (s *Server) follow(ctx context.Context, g *tenancy.Grant, ws mailstore.WorkspaceID) (*follower, error) {
	j, id, err := g.Journal(ctx, ws)
	if err != nil {
		return nil, at(err, "query.")
	}
	return &follower{grant: g, journal: j, workspace: id}, nil
}

// endCursor is a word for the cursor of the end as it is now.
const endCursor = "end"

// start sets the place: a cursor, or the end as it is now.
func (f *follower) start(ctx context.Context, cursor string) (err error) {
	if cursor != "" && cursor != endCursor {
		f.cursor, err = journal.ParseCursor(cursor)
		return err
	}
	f.cursor, err = f.journal.End(ctx)
	return err
}

// read gives the next lines and moves on. A key that has ended since is told nothing more: what is given was there
// before the key was looked at.
func (f *follower) read(ctx context.Context, limit int) (journal.Page, error) {
	p, err := f.journal.Read(ctx, f.cursor, f.types, f.inboxes, limit)
	if err == nil && len(p.Lines) > 0 {
		err = f.grant.Check(ctx)
	}
	if err != nil {
		return journal.Page{}, err
	}
	f.cursor = p.Next
	return p, nil
}

func (f *follower) event(ctx context.Context, l journal.Line) (event, error) {
	e := event{Type: l.Type, ID: l.ID, Cursor: l.Cursor.String(), CreatedAt: stamp{l.At}, WorkspaceID: string(f.workspace), InboxID: l.InboxID}
	switch {
	case l.MessageID != "" && len(l.Data) > 0 && f.grant.Allows(tenancy.MessagesRead): // events:read alone tells that, not what
		data, err := f.message(ctx, l)
		e.Data = data
		return e, err
	case l.MessageID != "":
		e.Data = messageIDs{l.MessageID, l.InboxID, l.ThreadID}
	case l.Type == "message.rejected":
		data, err := f.rejected(l)
		e.Data = data
		return e, err
	case strings.HasPrefix(l.Type, "suppression.") && len(l.Data) > 0:
		var x mailstore.Suppression
		err := json.Unmarshal(l.Data, &x)
		e.Data = suppressionOf(x)
		return e, err
	case len(l.Data) > 0:
		e.Data = l.Data
	default:
		e.Data = map[string]string{}
	}
	return e, nil
}

// deliveredMessage is what the journal holds of a message, and of one recipient where the line is about one.
type deliveredMessage struct {
	mailstore.Message
	Delivery *mailstore.Delivery `json:"delivery"`
}

// rejectedData is the data of a message.rejected that no message was made for.
type rejectedData struct {
	InboxID  string    `json:"inboxId"`
	Delivery *delivery `json:"delivery,omitempty"`
}

func (f *follower) rejected(l journal.Line) (rejectedData, error) {
	data := rejectedData{InboxID: l.InboxID}
	if len(l.Data) == 0 || !f.grant.Allows(tenancy.MessagesRead) {
		return data, nil
	}
	var m deliveredMessage
	err := json.Unmarshal(l.Data, &m)
	if m.Delivery != nil {
		data.Delivery = deliveryOf(*m.Delivery)
	}
	return data, err
}

// message is the message as it was when the line was written, with its text if its file is still there.
func (f *follower) message(ctx context.Context, l journal.Line) (messageObject, error) {
	var m deliveredMessage
	if err := json.Unmarshal(l.Data, &m); err != nil {
		return messageObject{}, err
	}
	o := messageOf(m.Message)
	if m.Delivery != nil {
		o.Delivery = deliveryOf(*m.Delivery)
	}
	box, err := f.grant.Mail(ctx, f.workspace, l.InboxID, tenancy.MessagesRead)
	if err == nil {
		var whole messageObject
		if whole, err = o.withBody(ctx, box, MaxEventBytes); err == nil {
			return whole, nil
		}
	}
	gone := errors.Is(err, fs.ErrNotExist) // a file that is missing must not stop the reader at this event for ever
	if kind := fault.KindOf(err); !gone && kind != fault.NotFound && kind != fault.Forbidden {
		return o, err
	}
	o.Truncated = true
	return o, nil
}

type eventsQuery struct {
	OperatorQuery
	Cursor   string   `query:"cursor" doc:"The place to go on from; without one, the beginning of the journal. end: only what happens from now on."`
	Limit    int      `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Events of a page."`
	Wait     int      `query:"wait" minimum:"0" maximum:"60" doc:"Seconds to wait for an event if there is none."`
	Types    []string `query:"types,explode" doc:"Only these types; separated by commas, or given several times."`
	InboxIDs []string `query:"inboxIds,explode" doc:"Only events of these inboxes, likewise."`
}

func (s *Server) eventRoutes(a huma.API, mux *http.ServeMux) {
	register(s, a, route(http.MethodGet, "/v1/events", "listEvents", "events", "Read the journal, oldest first, and wait for more", 200), s.listEvents)
	mux.HandleFunc("GET "+socketPath, s.serveSocket)
	mux.HandleFunc("GET /asyncapi.json", s.serveAsyncAPI())
	s.documentStream(a, socketPath, "openSocket", "WebSocket: every event as it happens, as one JSON frame",
		"101", &huma.Response{Description: "The protocol is WebSocket from here on."})
	mux.HandleFunc("GET "+streamPath, s.serveStream)
	s.documentStream(a, streamPath, "streamEvents", "Server-sent events: every event as it happens, with the frames of the WebSocket",
		"200", &huma.Response{Description: "A stream that ends when the server does.", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}})
}

// documentStream tells of a route that the library does not serve.
func (s *Server) documentStream(a huma.API, path, id, summary, status string, answer *huma.Response) {
	op := route(http.MethodGet, path, id, "events", summary, 0)
	op.Parameters = streamQuery
	if path == streamPath {
		op.Parameters = append([]*huma.Param{{Name: lastEventID, In: "header", Schema: &huma.Schema{Type: huma.TypeString}, Description: "The place to go on from; it counts before cursor."}}, streamQuery...)
	}
	op.Responses = map[string]*huma.Response{status: answer}
	refusals := []int{400, 401, 403, 404, 429, 500, 503}
	if path == socketPath {
		refusals = append(refusals, 426)
	}
	for _, status := range refusals {
		op.Responses[strconv.Itoa(status)] = problemResponse(a, status)
	}
	a.OpenAPI().AddOperation(&op)
}

func (s *Server) listEvents(ctx context.Context, g *tenancy.Grant, in *eventsQuery) (*result[eventList], error) {
	f, err := s.follow(ctx, g, in.workspace())
	if err != nil {
		return nil, err
	}
	if err := f.only(ctx, in.Types, in.InboxIDs); err != nil {
		return nil, err
	}
	if in.Cursor != "" {
		if err := f.start(ctx, in.Cursor); err != nil {
			return nil, err
		}
	}
	out := eventList{Events: []event{}}
	deadline := s.cfg.Clock().Add(time.Duration(in.Wait) * time.Second)
	for {
		p, err := f.read(ctx, in.Limit)
		if err != nil {
			return nil, err
		}
		if out.Events, err = f.events(ctx, p.Lines); err != nil {
			return nil, err
		}
		out.NextCursor, out.Gap = f.cursor.String(), out.Gap || p.Gap
		if len(out.Events) > 0 || out.Gap || !p.More && !s.await(ctx, f, deadline) {
			return &result[eventList]{out}, nil
		}
	}
}

// events gives lines as events, as many as MaxPageOctets has room for, at least one; the place moves back to the last.
func (f *follower) events(ctx context.Context, lines []journal.Line) ([]event, error) {
	list := make([]event, 0, len(lines))
	octets := 0
	for _, l := range lines {
		e, err := f.event(ctx, l)
		if err != nil {
			return nil, err
		}
		if m, ok := e.Data.(messageObject); ok {
			octets += m.bodyOctets()
		}
		if octets > MaxPageOctets && len(list) > 0 {
			break
		}
		list = append(list, e)
	}
	if len(list) < len(lines) && len(list) > 0 {
		f.cursor = lines[len(list)-1].Cursor
	}
	return list, nil
}

// await waits until there may be more; false at the deadline, at a drain, or when the client has gone.
func (s *Server) await(ctx context.Context, f *follower, deadline time.Time) bool {
	left := deadline.Sub(s.cfg.Clock())
	if left <= 0 || s.isDraining() {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	go func() {
		select {
		case <-s.draining:
			cancel()
		case <-ctx.Done():
		}
	}()
	return f.journal.Wait(ctx, f.cursor) == nil
}
