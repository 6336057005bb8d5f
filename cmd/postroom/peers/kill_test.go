package peers

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/smtp"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// rounds is how often the server is killed; the contract asks for 30 at least.
const rounds = 32

// load is what the clients know: which messages were sent, and which of them were answered 250.
type load struct {
	mu       sync.Mutex
	next     int
	body     map[string]string // by Message-ID, all that were ever begun
	answered map[string]bool
	open     []string // begun and not answered: to be sent again, byte for byte
	killed   bool
}

func (l *load) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.open); n > 0 && !l.killed {
		id := l.open[n-1]
		l.open = l.open[:n-1]
		return id
	}
	l.next++
	id := fmt.Sprintf("<kill-%d@sender.example>", l.next)
	l.body[id] = fmt.Sprintf("From: a@sender.example\r\nSubject: %d\r\nMessage-ID: %s\r\n\r\n%s\r\nlast line of %d\r\n", l.next, id,
		strings.Repeat("All work and no play makes Jack a dull boy.\r\n", 1+l.next%3*400), l.next)
	return id
}

func (l *load) settle(id string, answered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if answered {
		l.answered[id] = true
	} else {
		l.open = append(l.open, id)
	}
}

// send keeps one connection busy until it breaks.
func (l *load) send(s *server, first chan<- struct{}) {
	conn, err := net.DialTimeout("tcp", s.SMTP, patience)
	if err != nil {
		return
	}
	conn.SetDeadline(time.Now().Add(patience))
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		conn.Close()
		return
	}
	defer c.Close()
	for {
		id := l.take()
		err := transaction(c, s.Inbox.Address, l.text(id))
		l.settle(id, err == nil)
		if err != nil {
			return
		}
		select {
		case first <- struct{}{}:
		default:
		}
	}
}

func (l *load) text(id string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.body[id]
}

// transaction sends one message of somebody elsewhere over an open session.
func transaction(c *smtp.Client, to, text string) error {
	return submit(c, "a@sender.example", to, text)
}

// Nothing that was answered 250 is missing, nothing announced is absent, nothing is half, and what was sent again because
// no answer came is there once.
func TestKilledAtRandomMomentsNothingAcknowledgedIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: it starts and kills the server 32 times")
	}
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	l := &load{body: map[string]string{}, answered: map[string]bool{}}
	for round := range rounds {
		s := start(t, dir)
		first := make(chan struct{}, 1)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { l.send(s, first) })
		}
		select {
		case <-first: // the load runs
		case <-s.done:
			t.Fatalf("round %d: the server ended\n%s", round, s.stderr)
		case <-time.After(patience):
			t.Fatalf("round %d: nothing was accepted\n%s", round, s.stderr)
		}
		<-time.After(time.Duration(rng.IntN(150)) * time.Millisecond) // the random moment
		s.kill()
		wg.Wait()
	}
	s := start(t, dir)
	c, err := smtp.Dial(s.SMTP)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range l.open { // every client tries again until it has its answer
		if err := transaction(c, s.Inbox.Address, l.body[id]); err != nil {
			t.Fatal(err)
		}
		l.answered[id] = true
	}
	c.Close()
	l.check(t, s)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	t.Logf("%d messages over %d kills", len(l.answered), rounds)
}

// check reads everything back.
func (l *load) check(t *testing.T, s *server) {
	t.Helper()
	stored := map[string]int{} // how often each Message-ID is listed
	byID := map[string]string{}
	cursor := ""
	for {
		var page struct {
			Messages   []struct{ ID, MessageID string }
			NextCursor string
		}
		q := url.Values{"limit": {"200"}, "cursor": {cursor}}
		if cursor == "" {
			q.Del("cursor")
		}
		if code := s.call("GET", "/v1/inboxes/"+s.Inbox.ID+"/messages?"+q.Encode(), s.WorkspaceKey, nil, &page); code != 200 {
			t.Fatalf("list answered %d", code)
		}
		for _, m := range page.Messages {
			stored[m.MessageID]++
			byID[m.ID] = m.MessageID
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	for id := range l.answered {
		if stored[id] != 1 {
			t.Errorf("%s was answered 250 and is there %d times", id, stored[id])
		}
	}
	for id, messageID := range byID {
		raw := s.raw(id)
		if want := l.body[messageID]; want == "" || !strings.HasSuffix(raw, want) {
			t.Errorf("%s is not what was sent: %d octets", messageID, len(raw))
		}
	}
	announced := s.waitFor(len(byID))
	for _, id := range announced {
		if _, ok := byID[id]; !ok {
			t.Errorf("%s was announced and is absent", id)
		}
	}
	if len(announced) != len(byID) {
		t.Errorf("%d messages, %d announcements", len(byID), len(announced))
	}
}
