package api

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// narrow subscribes a socket and waits until that holds: frames are read in order.
func narrow(t *testing.T, c *websocket.Conn, eventTypes string) {
	t.Helper()
	for _, text := range []string{`{"type":"subscribe","eventTypes":["` + eventTypes + `"]}`, `{"type":"?"}`} {
		if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for next1(t, c).Type != "error" { // what was sent before
	}
}

// A subscription to other types than key.revoked must not keep a revoked key alive.
func TestARevokedKeyIsToldOfNothingThatHappensAfter(t *testing.T) {
	w := newWorld(t, Config{})
	var k struct{ ID, Key string }
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"k"}`, &k)
	var seen eventList
	w.must(200, "GET", "/v1/events?types=message.received&limit=200", w.a.key, "", &seen)
	grant, err := w.dir.Authenticate(t.Context(), k.Key, loopback)
	if err != nil {
		t.Fatal(err)
	}
	c := w.dial("", k.Key)
	narrow(t, c, "message.received")
	w.must(204, "DELETE", "/v1/workspaces/"+w.a.id+"/keys/"+k.ID, w.a.key, "", nil)
	w.deliver(w.a.address, "Subject: after the revocation\r\n\r\nx\r\n")
	if _, raw, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("the socket is told %s, %v", raw, err)
	}
	// a poll that was let in before, and wakes now
	_, err = w.api.listEvents(t.Context(), grant, &eventsQuery{Cursor: seen.NextCursor, Limit: 50, Wait: 60})
	if p := problem(err); err == nil || p.Status != 401 {
		t.Errorf("the poll is told %v", err)
	}
}

func TestAMisspeltSubscriptionSubscribesToNothing(t *testing.T) {
	w := newWorld(t, Config{})
	for _, bad := range []string{
		`{"type":"subscribe","eventType":["x"]}`, `{"type":"subscribe","EventTypes":["x"]}`, `{"Type":"subscribe"}`, `{"type":"subscribe","eventTypes":"x"}`,
		`{"type":"subscribe","inboxIds":[1]}`, `[]`, `null`, `"subscribe"`, `{"type":"subscribe","since":"lc_x"}`, `{"type":"subscribe","eventTypes":["\u0000"]}`,
	} {
		if sub, err := parseSubscribe([]byte(bad)); err == nil || strings.Contains(err.Error(), "json:") {
			t.Errorf("%s is taken for %+v, %v", bad, sub, err)
		}
	}
	c := w.dial("", w.a.key)
	if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"subscribe","eventType":["x"]}`)); err != nil {
		t.Fatal(err)
	}
	f := next1(t, c)
	for f.Type != "error" {
		f = next1(t, c)
	}
	if !strings.Contains(f.Message, `"eventType"`) {
		t.Errorf("%+v", f)
	}
	w.deliver(w.a.address, "Subject: still here\r\n\r\nx\r\n")
	if f := received(t, c); f.Data.Subject != "still here" {
		t.Errorf("%+v", f)
	}
}

func TestTooManyBadFramesEndTheSocket(t *testing.T) {
	w := newWorld(t, Config{})
	c := w.dial("", w.a.key)
	for range MaxSocketErrors {
		if err := c.Write(t.Context(), websocket.MessageText, []byte("{")); err != nil {
			t.Fatal(err)
		}
	}
	for {
		if _, _, err := c.Read(t.Context()); err != nil {
			if websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
				t.Errorf("closed with %v", err)
			}
			return
		}
	}
}

// A reader must be able to go past it.
func TestTheEventOfAMessageWhoseFileIsMissingStillGoesOut(t *testing.T) {
	w := newWorld(t, Config{})
	removed := 0
	err := filepath.WalkDir(w.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(d.Name(), w.a.message) {
			return err
		}
		removed++
		return os.Remove(path)
	})
	if err != nil || removed == 0 {
		t.Fatalf("removed %d files: %v", removed, err)
	}
	var list struct {
		Events []struct{ Data messageObject }
	}
	a := w.must(200, "GET", "/v1/events?types=message.received", w.a.key, "", nil)
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || len(list.Events) != 1 {
		t.Fatalf("%v in %s", err, a.body)
	}
	if m := list.Events[0].Data; m.Subject != "Hello" || !m.Truncated || m.Text != m.Preview {
		t.Errorf("%+v", m)
	}
}

func TestASocketsHandshakeIsRefusedAsAProblem(t *testing.T) {
	w := newWorld(t, Config{})
	good := []string{"Connection", "keep-alive, Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="}
	for name, c := range map[string]struct {
		at     int
		value  string
		status int
	}{
		"not an upgrade": {1, "close", 426}, "to something else": {3, "h2c", 426}, "an old version": {5, "8", 400}, "no key": {7, "", 400}, "a short key": {7, "AAAA", 400},
	} {
		header := append([]string{}, good...)
		header[c.at] = c.value
		if a := w.do("GET", "/v1/ws", w.a.key, "", header...); a.status != c.status || a.problem(t).Code == "" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	w.api.Drain(t.Context())
	if a := w.do("GET", "/v1/ws", w.a.key, "", good...); a.status != 503 || a.header.Get("Retry-After") == "" || a.problem(t).Code != "shutting_down" {
		t.Errorf("while draining: %d %s", a.status, a.body)
	}
}

// net/http does not know of sockets, so nobody else would cut one whose client takes nothing.
func TestADrainCutsSocketsThatAreLeftAtItsEnd(t *testing.T) {
	w := newWorld(t, Config{SlowReader: 4 * time.Second}) // a frame is given up after twice that
	w.dial("", w.a.key)                                   // it never reads
	large := "Subject: large\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 3000)
	for range 80 {
		w.deliver(w.a.address, large)
	}
	for w.api.sockets.slow.Load() == 0 { // the test's own deadline ends it
		runtime.Gosched()
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.api.Drain(over); !errors.Is(err, context.Canceled) {
		t.Errorf("the drain said %v", err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := w.api.sockets.wait(soon); err != nil {
		t.Error("the socket is still there")
	}
}

// What a client asks for in vain is told to it, and what it had before goes on.
func TestASubscriptionToWhatIsNotThereIsAnsweredAndChangesNothing(t *testing.T) {
	w := newWorld(t, Config{})
	c := w.dial("", w.a.inboxKey)
	narrow(t, c, "message.received")
	ask := func(text string) (answer string) {
		t.Helper()
		if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		for {
			_, raw, err := c.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(string(raw), `{"type":"error"`) {
				return string(raw)
			}
		}
	}
	if a := ask(`{"type":"subscribe","eventTypes":["message.received","message.recieved"]}`); !strings.Contains(a, `"code":"validation_failed"`) || !strings.Contains(a, `"path":"eventTypes[1]"`) || !strings.Contains(a, "message.recieved") {
		t.Error(a)
	}
	none := ask(`{"type":"subscribe","inboxIds":["` + nobody().inbox + `"]}`)
	if !strings.Contains(none, `"code":"not_found"`) || !strings.Contains(none, `"path":"inboxIds[0]"`) {
		t.Error(none)
	}
	for whose, id := range map[string]string{"the sibling": w.a.sibling, "another workspace's": w.b.inbox, "another workspace's address": w.b.address} {
		if a := ask(`{"type":"subscribe","inboxIds":["` + id + `"]}`); a != none {
			t.Errorf("%s is answered %s, what never was %s", whose, a, none)
		}
	}
	w.deliver(w.a.address, "Subject: still here\r\n\r\nx\r\n")
	if f := received(t, c); f.Data.Subject != "still here" {
		t.Errorf("%+v", f)
	}
}

func TestASubscriptionTakesThePlaceOfTheOneBefore(t *testing.T) {
	w := newWorld(t, Config{})
	var list eventList
	w.must(200, "GET", "/v1/events?limit=1", w.a.key, "", &list)
	c := w.dial("?types=message.deleted", w.a.key)
	ask := func(text string) {
		t.Helper()
		if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	ask(`{"type":"subscribe","inboxIds":["two@a.example"],"since":"` + list.NextCursor + `"}`)
	second := w.deliver("two@a.example", "Subject: second\r\n\r\nx\r\n")
	for {
		f := next1(t, c)
		if f.InboxID != w.a.sibling {
			t.Fatalf("narrowed to the sibling, and told %+v", f)
		}
		if f.Data.ID == second {
			break
		}
	}
	ask(`{"type":"subscribe","eventTypes":["message.received"],"since":"` + list.NextCursor + `"}`)
	if f := next1(t, c); f.Type != "message.received" || f.Data.ID != w.a.message {
		t.Errorf("replayed %+v", f)
	}
	ask(`{"type":"subscribe","since":"jc_AQAAAAAAAAAAAQ"}`)
	for f := next1(t, c); f.Type != "gap"; f = next1(t, c) {
		if f.Type != "message.received" {
			t.Fatalf("before the gap %+v", f)
		}
	}
}

func TestASocketIsPinged(t *testing.T) {
	w := newWorld(t, Config{PingInterval: 30 * time.Millisecond})
	pinged := make(chan struct{}, 100)
	c, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(w.http.URL, "http")+"/v1/ws", &websocket.DialOptions{HTTPHeader: map[string][]string{"X-Api-Key": {w.a.key}},
		OnPingReceived: func(context.Context, []byte) bool {
			select {
			case pinged <- struct{}{}:
			default:
			}
			return true
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	ctx := c.CloseRead(t.Context())
	for range 3 {
		select {
		case <-pinged:
		case <-ctx.Done():
			t.Fatal("it was closed")
		}
	}
}

// What many read at the same moment is read and encoded once, and told to each as its key may see it.
func TestReadersOfOneJournalAreEachToldWhatTheyMaySee(t *testing.T) {
	w := newWorld(t, Config{})
	var k, revoked struct{ ID, Key string }
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"k","permissions":["events:read"]}`, &k)
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"r"}`, &revoked)
	var all []*websocket.Conn
	for i := range 20 {
		all = append(all, w.dial("?types=message.received", []string{w.a.key, k.Key, w.a.inboxKey, revoked.Key}[i%4]))
	}
	w.deliver("two@a.example", "Subject: of the sibling\r\n\r\nx\r\n")
	w.deliver(w.a.address, "Subject: first\r\n\r\nx\r\n")
	for i, c := range all {
		first := next1(t, c)
		if i%4 != 2 {
			first = next1(t, c)
		}
		if want := map[bool]string{true: "", false: "first"}[i%4 == 1]; first.InboxID != w.a.inbox || first.Data.Subject != want {
			t.Errorf("reader %d is told %+v", i, first)
		}
	}
	w.must(204, "DELETE", "/v1/workspaces/"+w.a.id+"/keys/"+revoked.ID, w.a.key, "", nil)
	id := w.deliver(w.a.address, "Subject: second\r\n\r\nx\r\n")
	for i, c := range all {
		_, raw, err := c.Read(t.Context())
		if i%4 == 3 {
			if websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
				t.Errorf("the revoked key is told %s, %v", raw, err)
			}
		} else if err != nil || !strings.Contains(string(raw), id) {
			t.Errorf("reader %d is told %s, %v", i, raw, err)
		}
	}
}
