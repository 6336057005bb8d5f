package api

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/postroom/postroom/mailstore/journal"
)

const (
	streamPath  = "/v1/events/stream"
	lastEventID = "Last-Event-ID"
)

// Clients of a server that restarts come back after a while, in milliseconds, that is not the same for all.
const (
	minRetry = 1000
	maxRetry = 5000
)

// serveStream is GET /v1/events/stream: server-sent events (WHATWG HTML, 9.2). Each event's data is the frame that a WebSocket
// sends, its id the cursor behind it. Events have no names, so that onmessage of an EventSource gets all.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request) {
	cursor := r.Header.Get(lastEventID)
	if cursor == "" {
		cursor = r.URL.Query().Get("cursor")
	}
	from, err := s.enter(r, cursor, func(*http.Request) error { return nil })
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer s.leave(from)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	bare := unwrapped(w)
	out := &eventStream{w: bare, control: http.NewResponseController(bare), srv: s}
	defer context.AfterFunc(s.life, func() { out.deadline(-1); cancel() })()
	if !out.begin(from.place()) {
		return
	}
	d := &feed{srv: s, from: from, out: out, check: grantOf(r.Context()).Check}
	ended, err := d.run(ctx)
	if ended == endedByDrain || err != nil && s.isDraining() {
		out.write("retry: %d\n\n", minRetry+rand.IntN(maxRetry-minRetry))
		return
	}
	if _, known := over(err); err != nil && !known && ctx.Err() == nil {
		s.log.Error("read the journal for a stream", "request", requestID(r.Context()), "err", err)
	}
}

// unwrapped is the writer without those around it that give each write a deadline of their own: a stream has its own.
func unwrapped(w http.ResponseWriter) http.ResponseWriter {
	for {
		outer, wrapped := w.(interface{ Unwrap() http.ResponseWriter })
		if !wrapped {
			return w
		}
		w = outer.Unwrap()
	}
}

// eventStream writes server-sent events. A client that does not take one in SlowReader is cut off; it comes back with the id
// of the last one that it took.
type eventStream struct {
	srv     *Server
	w       http.ResponseWriter
	control *http.ResponseController
}

// begin answers at once, with the place where the stream begins, so that a client that is cut off before the first event
// misses nothing.
func (e *eventStream) begin(place journal.Cursor) bool {
	h := e.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // for nginx, which would gather events
	e.w.WriteHeader(http.StatusOK)
	return e.beat(context.Background(), place)
}

func (e *eventStream) send(_ context.Context, frame []byte, behind journal.Cursor) bool {
	if behind == (journal.Cursor{}) {
		return e.write("data: %s\n\n", frame)
	}
	return e.write("id: %s\ndata: %s\n\n", behind, frame)
}

// beat is a comment and an id without data: the client's Last-Event-ID moves on, and no event is fired.
func (e *eventStream) beat(_ context.Context, place journal.Cursor) bool {
	if place == (journal.Cursor{}) {
		return e.write(": still here\n\n")
	}
	return e.write(": still here\nid: %s\n\n", place)
}

func (e *eventStream) write(format string, args ...any) bool {
	e.deadline(e.srv.cfg.SlowReader)
	_, err := fmt.Fprintf(e.w, format, args...)
	if err == nil {
		err = e.control.Flush()
	}
	return err == nil
}

// deadline is for what is written next. A connection that knows none (a test's recorder) has nobody to wait for.
func (e *eventStream) deadline(left time.Duration) {
	_ = e.control.SetWriteDeadline(time.Now().Add(left))
}
