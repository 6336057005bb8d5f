package resolver

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// setUp serves a zone and makes a resolver that asks there. Silence is told from an answer within a short time: what is
// served from memory on loopback takes no longer.
func setUp(t *testing.T, zone string) (*Resolver, *zonetest.Server, *clock) {
	t.Helper()
	zones := zonetest.Start(t, zone)
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	r := New(Config{Servers: []string{zones.Addr()}, Timeout: 2 * time.Second, Tries: 1, Clock: c.Now, IntN: func(int) int { return 0 }})
	return r, zones, c
}

// impatient makes silence cheap.
func impatient(r *Resolver) { r.timeout = 50 * time.Millisecond }

// check compares an error's kind and whether it is temporary.
func check(t *testing.T, err, want error, temporary bool) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want an *Error", err, err)
	}
	if want != nil && !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if e.Temporary() != temporary || IsTemporary(err) != temporary {
		t.Errorf("%v: temporary is %v, want %v", err, e.Temporary(), temporary)
	}
}

// answering serves one UDP port with a function that gives the datagrams to send back for each question, as they are.
func answering(t *testing.T, replies func(asked *dns.Msg) [][]byte) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	t.Cleanup(func() {
		conn.Close()
		served.Wait()
	})
	served.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			asked := new(dns.Msg)
			if err := asked.Unpack(buf[:n]); err != nil {
				t.Errorf("question: %v", err)
				return
			}
			for _, packed := range replies(asked) {
				if _, err := conn.WriteTo(packed, from); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Errorf("answer: %v", err)
				}
			}
		}
	})
	return conn.LocalAddr().String()
}

func pack(t *testing.T, m *dns.Msg) []byte {
	t.Helper()
	packed, err := m.Pack()
	if err != nil {
		t.Error(err)
	}
	return packed
}

// reply is an answer with records, each a line of a zone file.
func reply(t *testing.T, asked *dns.Msg, records ...string) *dns.Msg {
	t.Helper()
	m := new(dns.Msg).SetReply(asked)
	m.RecursionAvailable = true
	for _, r := range records {
		rr, err := dns.NewRR(r)
		if err != nil {
			t.Error(err)
			return m
		}
		m.Answer = append(m.Answer, rr)
	}
	return m
}

func long(n int) string { return strings.Repeat("a", n) }
