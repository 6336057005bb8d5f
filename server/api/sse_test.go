package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// eventSource is a client of server-sent events, as a browser's is one.
type eventSource struct {
	t     *testing.T
	body  io.ReadCloser
	lines *bufio.Scanner
	id    string // the last event ID
	retry string
	beats int
}

// stream opens the stream. Without a key in the header it is to be in the query.
func (w *world) stream(query, key string, header ...string) *eventSource {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), "GET", w.http.URL+streamPath+query, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("X-API-Key", key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := w.http.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { res.Body.Close() })
	if kind := res.Header.Get("Content-Type"); res.StatusCode != 200 || kind != "text/event-stream" || res.Header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("the stream is answered %d %v", res.StatusCode, res.Header)
	}
	e := &eventSource{t: w.t, body: res.Body, lines: bufio.NewScanner(res.Body)}
	e.lines.Buffer(nil, 4<<20)
	return e
}

// next reads up to the next event with data; false at the end of the stream.
func (e *eventSource) next() (f frame, ok bool) {
	e.t.Helper()
	for e.lines.Scan() {
		name, value, _ := strings.Cut(e.lines.Text(), ": ")
		switch name {
		case "id":
			e.id = value
		case "retry":
			e.retry = value
		case "":
			if value != "" {
				e.beats++
			}
		case "data":
			if err := json.Unmarshal([]byte(value), &f); err != nil {
				e.t.Fatalf("%v in %s", err, value)
			}
			return f, true
		}
	}
	return f, false
}

func (e *eventSource) received() frame {
	e.t.Helper()
	for {
		f, ok := e.next()
		if !ok {
			e.t.Fatal("the stream has ended")
		}
		if f.Type == "message.received" {
			return f
		}
	}
}

func TestAStreamGivesTheFramesOfASocket(t *testing.T) {
	w := newWorld(t, Config{})
	e, c := w.stream("?workspaceId="+w.a.id, w.a.key), w.dial("", w.a.key)
	w.deliver(w.b.address, "Subject: not yours\r\n\r\nx\r\n")
	for i := range 3 {
		w.deliver(w.a.address, fmt.Sprintf("Subject: %d\r\n\r\n<b> & %d\r\n", i, i))
		f, g := e.received(), received(t, c)
		if f.Data.Subject != fmt.Sprint(i) || f.ID != g.ID || f.Cursor != g.Cursor || f.Data.Text != g.Data.Text || f.Data.Text == "" || e.id != f.Cursor {
			t.Fatalf("streamed %+v with id %s, socket %+v", f, e.id, g)
		}
	}
}

func TestAStreamResumesBehindTheLastEventID(t *testing.T) {
	w := newWorld(t, Config{})
	e := w.stream("", w.a.key)
	begun := w.deliver(w.a.address, "Subject: first\r\n\r\nx\r\n")
	if f := e.received(); f.Data.ID != begun {
		t.Fatalf("%+v", f)
	}
	e.body.Close()
	for i := range 60 { // more than a page
		w.deliver(w.a.address, fmt.Sprintf("Subject: %d\r\n\r\nx\r\n", i))
	}
	again := w.stream("?cursor=jc_nonsense&api_key="+w.a.key, "", lastEventID, e.id)
	for i := range 60 {
		if f := again.received(); f.Data.Subject != fmt.Sprint(i) {
			t.Fatalf("event %d is %q", i, f.Data.Subject)
		}
	}
	by := w.stream("?types=message.received&inboxIds="+w.a.address+"&cursor="+e.id, w.a.key)
	w.deliver("two@a.example", "Subject: of the sibling\r\n\r\nx\r\n")
	w.deliver(w.a.address, "Subject: last\r\n\r\nx\r\n")
	for i := range 61 {
		f, _ := by.next()
		if f.Type != "message.received" || f.InboxID != w.a.inbox || i == 60 && f.Data.Subject != "last" {
			t.Fatalf("narrowed event %d is %+v", i, f)
		}
	}
}

func TestAStreamSaysGapFirst(t *testing.T) {
	w := newWorld(t, Config{})
	var foreign eventList
	w.must(200, "GET", "/v1/events", w.b.key, "", &foreign)
	if f, _ := w.stream("?cursor="+foreign.NextCursor, w.a.key).next(); f.Type != "gap" {
		t.Errorf("first is %+v", f)
	}
}

// A place that moves on without events would be older than the journal some day.
func TestABeatMovesTheLastEventIDOn(t *testing.T) {
	w := newWorld(t, Config{PingInterval: 50 * time.Millisecond})
	e := w.stream("?types=message.deleted", w.a.key)
	w.deliver(w.a.address, "Subject: of no interest\r\n\r\nx\r\n")
	var list eventList
	for list.NextCursor == "" || len(list.Events) > 0 {
		w.must(200, "GET", "/v1/events?cursor="+list.NextCursor, w.a.key, "", &list)
	}
	for e.id != list.NextCursor {
		if !e.lines.Scan() {
			t.Fatal("the stream has ended")
		}
		if id, ok := strings.CutPrefix(e.lines.Text(), "id: "); ok {
			e.id = id
		}
		if strings.HasPrefix(e.lines.Text(), "data:") {
			t.Fatal(e.lines.Text())
		}
	}
}

func TestADrainEndsAStreamWithATimeToComeBack(t *testing.T) {
	w := newWorld(t, Config{})
	e := w.stream("", w.a.key)
	if err := w.api.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for {
		if _, ok := e.next(); !ok {
			break
		}
	}
	if e.lines.Err() != nil || e.retry == "" {
		t.Errorf("it ended with %v, retry %q", e.lines.Err(), e.retry)
	}
}

func TestARevokedKeyLosesItsStream(t *testing.T) {
	w := newWorld(t, Config{})
	var k struct{ ID, Key string }
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"k"}`, &k)
	e := w.stream("?types=message.received", k.Key)
	w.must(204, "DELETE", "/v1/workspaces/"+w.a.id+"/keys/"+k.ID, w.a.key, "", nil)
	w.deliver(w.a.address, "Subject: after the revocation\r\n\r\nx\r\n")
	if f, ok := e.next(); ok {
		t.Errorf("it is told %+v", f)
	}
	if e.lines.Err() != nil {
		t.Error(e.lines.Err())
	}
}

func TestAKeyThatEndsInSilenceLosesItsStreamAtABeat(t *testing.T) {
	w := newWorld(t, Config{PingInterval: 50 * time.Millisecond})
	var k struct{ Key string }
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"k","expiresAt":"`+time.Now().Add(2*time.Second).Format(time.RFC3339Nano)+`"}`, &k)
	e := w.stream("?types=message.deleted", k.Key)
	for {
		if _, ok := e.next(); !ok {
			break
		}
	}
	if e.beats == 0 || e.lines.Err() != nil {
		t.Errorf("%d beats, then %v", e.beats, e.lines.Err())
	}
}

func TestAStreamsClientThatNeverReadsIsCutOffAndHurtsNobody(t *testing.T) {
	w := newWorld(t, Config{SlowReader: 300 * time.Millisecond})
	w.stream("", w.a.key) // it never reads
	good := w.stream("", w.b.key)
	large := "Subject: large\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 3000)
	for range 80 { // far more than the buffers of the connection
		w.deliver(w.a.address, large)
	}
	w.deliver(w.b.address, "Subject: quick\r\n\r\nx\r\n")
	if f := good.received(); f.Data.Subject != "quick" {
		t.Errorf("%+v", f)
	}
	soon, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for open := 2; open != 1; {
		if soon.Err() != nil {
			t.Fatalf("%d streams are open", open)
		}
		w.api.sockets.mu.Lock()
		open = w.api.sockets.all
		w.api.sockets.mu.Unlock()
	}
}

func TestStreamsAreRefusedBeforeTheyBegin(t *testing.T) {
	w := newWorld(t, Config{MaxSockets: 1})
	for name, c := range map[string]struct {
		query, key string
		status     int
		path       string
	}{
		"no key": {"", "", 401, ""}, "a wrong key": {"?api_key=pr_ws_wrong", "", 401, ""}, "another's workspace": {"?workspaceId=" + w.b.id, w.a.key, 404, ""},
		"a bad cursor": {"?cursor=x", w.a.key, 400, ""}, "a type that is none": {"?types=message.received,message.recieved", w.a.key, 400, "query.types[1]"},
		"another's inbox": {"?inboxIds=" + w.b.inbox, w.a.key, 404, "query.inboxIds[0]"}, "a parameter that is none": {"?type=x", w.a.key, 400, "query.type"},
	} {
		a := w.do("GET", streamPath+c.query, c.key, "")
		p := a.problem(t)
		if a.status != c.status || c.path != "" && (len(p.Errors) != 1 || p.Errors[0].Path != c.path) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	w.dial("", w.a.key)
	if a := w.do("GET", streamPath, w.a.key, ""); a.status != http.StatusTooManyRequests {
		t.Errorf("one more than may be: %d %s", a.status, a.body)
	}
}
