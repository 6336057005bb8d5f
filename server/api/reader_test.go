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
