package peers

import (
	"bufio"
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// eventRounds is how often the server is killed while clients follow its events.
const eventRounds = 20

// told is one event as a client sees it.
type told struct{ Type, ID, Cursor string }

// address is where the server is at this moment; it has another address after each start.
type address struct {
	mu     sync.Mutex
	moved  *sync.Cond
	server *server
	moves  int
}

func newAddress() *address {
	a := &address{}
	a.moved = sync.NewCond(&a.mu)
	return a
}

func (a *address) set(s *server) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.server, a.moves = s, a.moves+1
	a.moved.Broadcast()
}

// next waits for another address than the one before; nil at the end.
func (a *address) next(before int) (*server, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.moves == before {
		a.moved.Wait()
	}
	return a.server, a.moves
}

// witness follows the events by one of the ways and comes back with its last cursor when it is cut off, as a client should.
type witness struct {
	key string
	way func(ctx context.Context, s *server, w *witness) // returns when it is cut off

	mu     sync.Mutex
	cond   *sync.Cond
	cursor string
	list   []told
	seen   map[string]bool
	twice  int
	gaps   int
}

func (w *witness) hear(t told) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case t.Type == "gap":
		w.gaps++
	case w.seen[t.ID]:
		w.twice++
	default:
		w.seen[t.ID] = true
		w.list = append(w.list, t)
	}
	if t.Cursor != "" {
		w.cursor = t.Cursor
	}
	w.cond.Broadcast()
}

func (w *witness) place() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cursor
}

// follow does that until there is no server any more.
func (w *witness) follow(ctx context.Context, a *address) {
	for move := 0; ; {
		var s *server
		if s, move = a.next(move); s == nil {
			return
		}
		w.way(ctx, s, w)
	}
}

// reach waits until an event was heard.
func (w *witness) reach(id string) bool {
	over := time.AfterFunc(patience, w.cond.Broadcast)
	defer over.Stop()
	deadline := time.Now().Add(patience)
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.seen[id] && time.Now().Before(deadline) {
		w.cond.Wait()
	}
	return w.seen[id]
}

func overSocket(ctx context.Context, s *server, w *witness) {
	c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.HTTP, "http")+"/v1/ws?cursor="+url.QueryEscape(w.place()), &websocket.DialOptions{HTTPHeader: http.Header{"X-Api-Key": {w.key}}})
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(4 << 20)
	for {
		_, raw, err := c.Read(ctx)
		var t told
		if err != nil || json.Unmarshal(raw, &t) != nil {
			return
		}
		w.hear(t)
	}
}

func overStream(ctx context.Context, s *server, w *witness) {
	req, err := http.NewRequestWithContext(ctx, "GET", s.HTTP+"/v1/events/stream", nil)
	if err != nil {
		return
	}
	req.Header.Set("X-API-Key", w.key)
	req.Header.Set("Last-Event-ID", w.place())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var t told
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if json.Unmarshal([]byte(data), &t) != nil {
				return
			}
			w.hear(t)
		}
	}
}

// Between a commit and its frame the server is killed, again and again. Who comes back with the last cursor is told of every
// event, in the order of the journal; id tells what came twice.
func TestKilledBetweenCommitAndFrameNoEventIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: it starts and kills the server 20 times")
	}
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	l := &load{body: map[string]string{}, answered: map[string]bool{}}
	here := newAddress()
	s := start(t, dir)
	begin := s.events("")
	cursor := begin.NextCursor
	witnesses := map[string]*witness{"WebSocket": {way: overSocket}, "server-sent events": {way: overStream}}
	var following sync.WaitGroup
	for _, w := range witnesses {
		w.key, w.cursor, w.seen, w.cond = s.WorkspaceKey, cursor, map[string]bool{}, sync.NewCond(&w.mu)
		following.Go(func() { w.follow(t.Context(), here) })
	}
	t.Cleanup(func() { here.set(nil); following.Wait() })
	for round := range eventRounds {
		if round > 0 {
			s = start(t, dir)
		}
		here.set(s)
		first := make(chan struct{}, 1)
		var sending sync.WaitGroup
		for range 4 {
			sending.Go(func() { l.send(s, first) })
		}
		select {
		case <-first: // a commit: its frame may be on its way, or not
		case <-time.After(patience):
			t.Fatalf("round %d: nothing was accepted\n%s", round, s.stderr)
		}
		<-time.After(time.Duration(rng.IntN(60)) * time.Millisecond) // the random moment
		s.kill()
		sending.Wait()
	}
	s = start(t, dir)
	here.set(s)
	var all []told
	for c := cursor; ; {
		page := s.events(c)
		all = append(all, page.Events...)
		if c = page.NextCursor; len(page.Events) == 0 {
			break
		}
	}
	if len(all) < eventRounds {
		t.Fatalf("only %d events", len(all))
	}
	for way, w := range witnesses {
		if !w.reach(all[len(all)-1].ID) {
			t.Errorf("%s: the last event never came", way)
		}
		w.mu.Lock()
		for i, e := range all {
			if i >= len(w.list) || w.list[i].ID != e.ID {
				t.Errorf("%s: event %d of %d, %s, is missing or out of order; %d were told", way, i, len(all), e.Type, len(w.list))
				break
			}
		}
		if w.gaps > 0 {
			t.Errorf("%s: %d gaps", way, w.gaps)
		}
		t.Logf("%s: %d events over %d kills, %d of them twice", way, len(w.list), eventRounds, w.twice)
		w.mu.Unlock()
	}
}

type eventPage struct {
	Events     []told
	NextCursor string
}

// events is the page behind a cursor.
func (s *server) events(cursor string) (p eventPage) {
	s.t.Helper()
	q := url.Values{"limit": {"200"}}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	if code := s.call("GET", "/v1/events?"+q.Encode(), s.WorkspaceKey, nil, &p); code != 200 {
		s.t.Fatalf("events answered %d", code)
	}
	return p
}
