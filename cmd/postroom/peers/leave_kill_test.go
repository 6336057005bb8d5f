package peers

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/smtp"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// leaveBackoff is how long a message waits after a try that failed, or that a crash ended.
const leaveBackoff = 2 * time.Second

// leaving is what those who submit know: which messages were begun, and which of them were answered 250.
type leaving struct {
	h    *house
	goal int

	mu       sync.Mutex
	next     int
	begun    map[string]bool
	answered map[string]bool
}

// submit keeps a session busy until it breaks or there are as many answers as are wanted. What was not answered is not sent
// once more.
func (l *leaving) submit(address string, first chan<- struct{}) {
	c, err := l.login(address)
	if err != nil {
		return // the server died meanwhile
	}
	defer c.Close()
	for {
		l.mu.Lock()
		if len(l.answered) >= l.goal {
			l.mu.Unlock()
			c.Quit()
			return
		}
		l.next++
		id := fmt.Sprintf("submitted-%d@house.test", l.next)
		l.begun[id] = true
		l.mu.Unlock()
		to := "x@" + farDomain(l.next%len(l.h.sink.listeners))
		if submit(c, l.h.address, to, l.h.text(id, to, 2<<10)) != nil {
			return
		}
		l.mu.Lock()
		l.answered[id] = true
		l.mu.Unlock()
		select {
		case first <- struct{}{}:
		default:
		}
	}
}

func (l *leaving) login(address string) (*smtp.Client, error) {
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: patience}, Config: &tls.Config{ServerName: "localhost", InsecureSkipVerify: true}}
	conn, err := dialer.DialContext(l.h.t.Context(), "tcp", address)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	c, err := smtp.NewClient(conn, "localhost")
	if err == nil {
		err = c.Auth(smtp.PlainAuth("", l.h.address, l.h.password, "localhost"))
	}
	if err != nil {
		conn.Close()
	}
	return c, err
}

// done tells whether as many messages were answered as are wanted.
func (l *leaving) done() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.answered) >= l.goal
}

// The server is killed while it takes mail in and lets it leave, and then while a long queue leaves. Nothing that was answered
// is lost, nothing arrives that nobody sent, and a message arrives twice only where a connection was cut behind it; nothing is
// tried again before its time.
func TestKilledWhileMailLeavesNothingIsLost(t *testing.T) {
	submitted, queued, killsIn, killsOut := 1500, 3500, 6, 8
	if testing.Short() {
		submitted, queued, killsIn, killsOut = 150, 350, 2, 3
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	s := startSink(t, 3)
	s.record, s.hold = true, 5*time.Millisecond
	h := newHouse(t, s, leaveBackoff.String())
	l := &leaving{h: h, goal: submitted, begun: map[string]bool{}, answered: map[string]bool{}}

	for round := 0; !l.done(); round++ {
		server := h.serve()
		first := make(chan struct{}, 1)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { l.submit(server.Submissions, first) })
		}
		if round < killsIn {
			select {
			case <-first:
			case <-time.After(patience):
				t.Fatalf("round %d: nothing was accepted\n%s", round, h.log())
			}
			<-time.After(time.Duration(rng.IntN(300)) * time.Millisecond) // the random moment
			server.kill()
		}
		all.Wait()
		if round >= killsIn {
			if err := server.stop(); err != nil {
				t.Error(err)
			}
		}
	}
	h.fill(queued, h.address, "queued")
	expected := map[string]bool{}
	for id := range l.answered {
		expected[id] = true
	}
	for i := range queued {
		id := fmt.Sprintf("queued-%d@house.test", i)
		expected[id], l.begun[id] = true, true
	}
	for range killsOut {
		server := h.serve()
		more := 1 + rng.IntN(queued/killsOut)
		before := s.count()
		if !s.until(patience, func(_ map[string]bool, taken int) bool { return taken >= before+more }) {
			t.Fatalf("after a restart nothing leaves\n%s", h.log())
		}
		<-time.After(time.Duration(rng.IntN(20)) * time.Millisecond)
		server.kill()
	}
	h.runOut(expected)
	l.check(expected)
}

// count is how many messages were taken.
func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.list)
}

// log is the end of the server's log.
func (h *house) log() string {
	text, _ := os.ReadFile(h.logFile())
	return string(text[max(0, len(text)-8<<10):])
}

// runOut runs the server until all that is expected has come and nothing waits any more. At the end the server is stopped.
func (h *house) runOut(expected map[string]bool) {
	h.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		server := h.serve()
		h.sink.until(patience, func(seen map[string]bool, _ int) bool {
			for id := range expected {
				if !seen[id] {
					return false
				}
			}
			return true
		})
		h.sink.until(leaveBackoff, func(map[string]bool, int) bool { return false }) // what was being tried when the server was killed
		if err := server.stop(); err != nil {
			h.t.Error(err)
		}
		waiting := 0
		h.entries(func(e mailstore.QueueEntry) {
			if e.EndedAt.IsZero() {
				waiting++
			}
		})
		if waiting == 0 {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("%d recipients still wait\n%s", waiting, h.log())
		}
	}
}

// entries gives all that is and was in the outbox. The server must not run.
func (h *house) entries(give func(mailstore.QueueEntry)) {
	h.t.Helper()
	h.open(func(ctx context.Context, _ *mailstore.Store, dir *tenancy.Directory) error {
		box, err := dir.Outbox(ctx, h.ws)
		for after := int64(0); err == nil; {
			var list []mailstore.QueueEntry
			list, after, err = box.Entries(ctx, mailstore.QueueFilter{}, after, 0)
			for _, e := range list {
				give(e)
			}
			if after == 0 {
				break
			}
		}
		return err
	})
}

func (l *leaving) check(expected map[string]bool) {
	t := l.h.t
	arrived, begun, cuts := l.h.sink.arrivals()
	attempts := map[string]int{} // by Message-ID
	l.h.entries(func(e mailstore.QueueEntry) {
		id := strings.Trim(e.MessageID, "<>")
		attempts[id] += e.Attempts
		if e.Status != mailstore.Delivered {
			t.Errorf("%s is %s", id, e.Status)
		}
		if len(arrived[id]) == 0 {
			t.Errorf("%s is told to be delivered and did not arrive", id)
		}
	})
	for id := range expected {
		if len(arrived[id]) == 0 {
			t.Errorf("%s was accepted and did not arrive", id)
		}
	}
	twice := 0
	for id, list := range arrived {
		if !l.begun[id] {
			t.Errorf("%s arrived and nobody sent it", id)
		}
		if attempts[id] < len(list) {
			t.Errorf("%s arrived %d times in %d attempts", id, len(list), attempts[id])
		}
		for _, a := range list[:len(list)-1] {
			twice++
			if !a.conn.cut || !a.last {
				t.Errorf("%s arrived once more although its connection was not cut behind it", id)
			}
		}
	}
	if twice > cuts {
		t.Errorf("%d messages arrived twice, and %d connections were cut", twice, cuts)
	}
	for sender, times := range begun {
		for i := 1; i < len(times); i++ {
			if gap := times[i].Sub(times[i-1]); gap < leaveBackoff/2 { // the attempt is written some time before MAIL
				t.Errorf("%s was tried again after %v", sender, gap)
			}
		}
	}
	t.Logf("%d messages, of which %d were never answered to those who sent them, arrived; %d of them twice, over %d connections that were cut", len(arrived), len(arrived)-len(expected), twice, cuts)
}
