package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

type frame struct {
	Type, ID, Cursor, WorkspaceID, InboxID, Message string
	Data                                            messageObject
}

// dial opens a socket.
func (w *world) dial(query, key string) *websocket.Conn {
	w.t.Helper()
	c, _, err := websocket.Dial(w.t.Context(), "ws"+strings.TrimPrefix(w.http.URL, "http")+"/v1/ws"+query, &websocket.DialOptions{HTTPHeader: http.Header{"X-Api-Key": {key}}})
	if err != nil {
		w.t.Fatal(err)
	}
	c.SetReadLimit(4 << 20)
	w.t.Cleanup(func() { c.CloseNow() })
	return c
}

func next1(t *testing.T, c *websocket.Conn) (f frame) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, raw, err := c.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return f
}

// received reads frames until one of a message comes.
func received(t *testing.T, c *websocket.Conn) frame {
	t.Helper()
	for {
		if f := next1(t, c); f.Type == "message.received" {
			return f
		}
	}
}

func TestASocketThatNeverSpeaksGetsEveryEventOfItsWorkspace(t *testing.T) {
	w := newWorld(t, Config{})
	c := w.dial("?workspaceId="+w.a.id, w.a.key)
	w.deliver(w.b.address, "Subject: not yours\r\n\r\nx\r\n")
	for i := range 5 {
		id := w.deliver(w.a.address, fmt.Sprintf("Subject: %d\r\n\r\nbody %d\r\n", i, i))
		f := received(t, c)
		if f.Data.ID != id || f.Data.Subject != fmt.Sprint(i) || !strings.HasPrefix(f.Data.Text, fmt.Sprintf("body %d", i)) || f.WorkspaceID != w.a.id || f.InboxID != w.a.inbox || f.Cursor == "" {
			t.Fatalf("frame %d is %+v", i, f)
		}
	}
}

func TestACursorReplaysWhatWasMissedInOrder(t *testing.T) {
	w := newWorld(t, Config{})
	c := w.dial("", w.a.key)
	w.deliver(w.a.address, "Subject: first\r\n\r\nx\r\n")
	cursor := received(t, c).Cursor
	c.CloseNow()
	for i := range 45 { // more than a page
		w.deliver(w.a.address, fmt.Sprintf("Subject: %d\r\n\r\nx\r\n", i))
	}
	again := w.dial("?cursor="+cursor, w.a.key)
	for i := range 45 {
		if f := received(t, again); f.Data.Subject != fmt.Sprint(i) {
			t.Fatalf("frame %d is %q", i, f.Data.Subject)
		}
	}
}

func TestSubscribeNarrowsAndReplays(t *testing.T) {
	w := newWorld(t, Config{})
	var all eventList
	w.must(200, "GET", "/v1/events?limit=1", w.a.key, "", &all)
	c := w.dial("", w.a.key)
	ask := func(text string) {
		t.Helper()
		if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{`{`, `{"type":"hello"}`, `{"type":"subscribe","since":"x"}`, `{"type":"subscribe","type":"subscribe"}`} {
		ask(bad)
		if f := next1(t, c); f.Type != "error" || f.Message == "" {
			t.Errorf("%s is answered %+v", bad, f)
		}
	}
	ask(`{"type":"subscribe","eventTypes":["message.received"],"inboxIds":["` + w.a.inbox + `"],"since":"` + all.NextCursor + `"}`)
	if f := next1(t, c); f.Type != "message.received" || f.Data.ID != w.a.message {
		t.Errorf("replayed %+v", f)
	}
	w.deliver("two@a.example", "Subject: of the sibling\r\n\r\nx\r\n")
	w.deliver(w.a.address, "Subject: mine\r\n\r\nx\r\n")
	if f := next1(t, c); f.Data.Subject != "mine" {
		t.Errorf("then %+v", f)
	}
}

func TestACursorOfAnotherJournalSaysGapFirst(t *testing.T) {
	w := newWorld(t, Config{})
	var foreign eventList
	w.must(200, "GET", "/v1/events", w.b.key, "", &foreign)
	if f := next1(t, w.dial("?cursor="+foreign.NextCursor, w.a.key)); f.Type != "gap" {
		t.Errorf("first frame is %+v", f)
	}
	var list eventList
	w.must(200, "GET", "/v1/events?cursor="+foreign.NextCursor, w.a.key, "", &list)
	if !list.Gap || len(list.Events) == 0 {
		t.Errorf("%+v", list)
	}
}

func TestSocketsAreRefusedBeforeTheUpgrade(t *testing.T) {
	w := newWorld(t, Config{MaxSockets: 2})
	for name, c := range map[string]struct {
		query, key string
		status     int
	}{
		"no key": {"", "", 401}, "a wrong key": {"", "pr_ws_wrong", 401}, "another's workspace": {"?workspaceId=" + w.b.id, w.a.key, 404},
		"no such workspace": {"?workspaceId=ws_x", w.a.key, 404}, "an operator's cursor without a workspace": {"?cursor=jc_AQAAAAAAAAAAAQ", w.operator, 400}, "a bad cursor": {"?cursor=x", w.a.key, 400},
	} {
		_, res, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(w.http.URL, "http")+"/v1/ws"+c.query, &websocket.DialOptions{HTTPHeader: http.Header{"X-Api-Key": {c.key}}})
		if err == nil || res == nil || res.StatusCode != c.status {
			t.Errorf("%s: %v, %v", name, res, err)
		}
	}
	w.dial("", w.a.key)
	w.dial("?api_key="+w.a.key, "")
	_, res, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(w.http.URL, "http")+"/v1/ws", &websocket.DialOptions{Subprotocols: []string{"apikey." + w.a.key}})
	if err == nil || res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one more than may be: %v %v", res, err)
	}
	c, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(w.http.URL, "http")+"/v1/ws", &websocket.DialOptions{Subprotocols: []string{"apikey." + w.b.key}})
	if err != nil || c.Subprotocol() != "apikey."+w.b.key {
		t.Fatalf("a key in the subprotocol: %v", err)
	}
	c.CloseNow()
}

func TestADrainClosesSocketsWith1012AndEndsWaits(t *testing.T) {
	w := newWorld(t, Config{})
	c := w.dial("", w.a.key)
	var list eventList
	w.must(200, "GET", "/v1/events", w.a.key, "", &list)
	waited := make(chan answer, 1)
	go func() { waited <- w.do("GET", "/v1/events?wait=60&cursor="+list.NextCursor, w.a.key, "") }()
	go w.api.Drain(context.Background())
	_, _, err := c.Read(t.Context())
	if websocket.CloseStatus(err) != websocket.StatusServiceRestart {
		t.Errorf("closed with %v", err)
	}
	if a := <-waited; a.status != 200 {
		t.Errorf("the wait ended with %d %s", a.status, a.body)
	}
}

func TestAClientThatNeverReadsIsCutOffAndHurtsNobody(t *testing.T) {
	w := newWorld(t, Config{SlowReader: 300 * time.Millisecond})
	slow := w.dial("", w.a.key)
	_ = slow // it never reads
	good := w.dial("?workspaceId="+w.b.id, w.b.key)
	large := "Subject: large\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 3000)
	for range 80 { // far more than the buffers of the connection
		w.deliver(w.a.address, large)
	}
	w.deliver(w.b.address, "Subject: quick\r\n\r\nx\r\n")
	if f := received(t, good); f.Data.Subject != "quick" {
		t.Errorf("%+v", f)
	}
	deadline := time.Now().Add(30 * time.Second)
	for open := 2; open != 1; {
		if time.Now().After(deadline) {
			t.Fatalf("%d sockets are open", open)
		}
		w.api.sockets.mu.Lock()
		open = w.api.sockets.all
		w.api.sockets.mu.Unlock()
	}
}

func TestAClientThatCannotKeepUpIsClosedWith1013AndItsLastCursor(t *testing.T) {
	w := newWorld(t, Config{SlowReader: time.Second})
	c := w.dial("", w.a.key)
	large := "Subject: large\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 3000)
	for range 80 {
		w.deliver(w.a.address, large)
	}
	for deadline := time.Now().Add(30 * time.Second); w.api.sockets.slow.Load() == 0; { // found too slow: now it reads on
		if time.Now().After(deadline) {
			t.Fatal("never found too slow")
		}
	}
	last := ""
	for {
		_, raw, err := c.Read(t.Context())
		if err == nil {
			var f frame
			if err := json.Unmarshal(raw, &f); err != nil {
				t.Fatal(err)
			}
			last = f.Cursor
			continue
		}
		var closed websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != websocket.StatusTryAgainLater || !strings.HasSuffix(closed.Reason, last) {
			t.Errorf("closed with %v, last cursor %q", err, last)
		}
		break
	}
	if f := received(t, w.dial("?cursor="+last, w.a.key)); f.Data.Subject != "large" { // nothing is lost
		t.Errorf("%+v", f)
	}
}

func TestALargeMessageIsTruncatedInItsEvent(t *testing.T) {
	w := newWorld(t, Config{})
	c := w.dial("", w.a.key)
	w.deliver(w.a.address, "Subject: large\r\n\r\n"+strings.Repeat(strings.Repeat("x", 70)+"\r\n", 3000))
	if f := received(t, c); !f.Data.Truncated || len(f.Data.Text) > MaxEventBytes || len(f.Data.Text) < MaxEventBytes/2 {
		t.Errorf("%d octets, truncated %v", len(f.Data.Text), f.Data.Truncated)
	}
}

func TestAPageOfEventsIsBoundedInOctetsAndLosesNothing(t *testing.T) {
	w := newWorld(t, Config{})
	large := "Subject: large\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 3000)
	for range 50 {
		w.deliver(w.a.address, large)
	}
	cursor, pages, got := "", 0, 0
	for {
		var list eventList
		a := w.must(200, "GET", "/v1/events?types=message.received&limit=200&cursor="+cursor, w.a.key, "", &list)
		if len(a.body) > 2*MaxPageOctets {
			t.Fatalf("%d octets in one page", len(a.body))
		}
		if len(list.Events) == 0 {
			break
		}
		pages, got, cursor = pages+1, got+len(list.Events), list.NextCursor
	}
	if got != 51 || pages < 2 {
		t.Errorf("%d events in %d pages", got, pages)
	}
}

func TestAKeyThatMayReadEventsAndNoMessagesLearnsNothingOfTheirContent(t *testing.T) {
	w := newWorld(t, Config{})
	var k struct{ Key string }
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"k","permissions":["events:read"]}`, &k)
	a := w.must(200, "GET", "/v1/events?types=message.received", k.Key, "", nil)
	if !strings.Contains(a.body, w.a.message) || strings.Contains(a.body, "Hello") || strings.Contains(a.body, "ann@x.example") {
		t.Errorf("it is told %s", a.body)
	}
}

func TestTheEventOfARemovedMessageStillTellsOfIt(t *testing.T) {
	w := newWorld(t, Config{})
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.inbox+"/messages/"+w.a.message+"?permanent=true", w.a.key, "", nil)
	a := w.must(200, "GET", "/v1/events?types=message.received,message.deleted", w.a.key, "", nil)
	var list struct {
		Events []struct {
			Type string
			Data messageObject
		}
	}
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || len(list.Events) != 2 {
		t.Fatalf("%v: %s", err, a.body)
	}
	if e := list.Events[0]; e.Data.Subject != "Hello" || !e.Data.Truncated {
		t.Errorf("%+v", e)
	}
	if e := list.Events[1]; e.Type != "message.deleted" || e.Data.ID != w.a.message {
		t.Errorf("%+v", e)
	}
}

func TestALongPollAnswersAsSoonAsThereIsAnEvent(t *testing.T) {
	w := newWorld(t, Config{})
	var list eventList
	for list.NextCursor == "" || len(list.Events) > 0 { // to the end, past what the relay still brings
		w.must(200, "GET", "/v1/events?cursor="+list.NextCursor, w.a.key, "", &list)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			var got struct{ Events []struct{ Type string } }
			a := w.do("GET", "/v1/events?types=message.received&wait=30&cursor="+list.NextCursor, w.a.key, "")
			if err := json.Unmarshal([]byte(a.body), &got); err != nil || len(got.Events) != 1 {
				t.Errorf("%v: %s", err, a.body)
			}
		})
	}
	w.deliver(w.a.address, "Subject: now\r\n\r\nx\r\n")
	wg.Wait()
}

func TestARevokedKeyLosesItsSocket(t *testing.T) {
	w := newWorld(t, Config{})
	var k struct{ ID, Key string }
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"k"}`, &k)
	c := w.dial("", k.Key)
	w.must(204, "DELETE", "/v1/workspaces/"+w.a.id+"/keys/"+k.ID, w.a.key, "", nil)
	for {
		_, _, err := c.Read(t.Context())
		if err == nil {
			continue
		}
		if websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("closed with %v", err)
		}
		return
	}
}
