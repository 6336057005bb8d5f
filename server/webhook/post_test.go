package webhook

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/outbound"
	"github.com/postroom/postroom/tenancy"
)

// The example of the specification (Standard Webhooks 1.0, "Signature scheme").
func TestTheSignatureIsThatOfTheStandard(t *testing.T) {
	h := http.Header{}
	secret := "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	if err := sign(h, []string{secret, secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)); err != nil {
		t.Fatal(err)
	}
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if got := h.Get("webhook-signature"); got != want+" "+want || h.Get("svix-signature") != got || h.Get("webhook-timestamp") != "1614265330" || h.Get("svix-id") != "msg_p5jXN8AQM9LWM0D4loKWxJek" {
		t.Errorf("the header is %v", h)
	}
	if err := sign(h, []string{"whsec_?"}, "x", time.Now(), nil); err == nil {
		t.Error("a secret that is none signs")
	}
}

func TestAnOwnerIsToldWhatFailedAndNothingOfOurNetwork(t *testing.T) {
	for want, err := range map[string]error{
		"an address that the server does not connect to": fmt.Errorf("dial tcp 10.0.0.5:443: %w", outbound.ErrRefused),
		"has no address":               &net.DNSError{Name: "x.example", Server: "10.0.0.2:53", IsNotFound: true},
		"could not be looked up":       &net.DNSError{Name: "x.example", Server: "10.0.0.2:53", IsTimeout: true},
		"certificate is not good":      x509.UnknownAuthorityError{},
		"did not answer within 15s":    fmt.Errorf("post: %w", context.DeadlineExceeded),
		"the connection was refused":   &net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 5)}, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"the connection failed, or wh": errors.New("read tcp 10.0.0.2:1->10.0.0.5:443: unexpected EOF"),
	} {
		if got := failure(err); !strings.Contains(got, want) || strings.Contains(got, "10.0.0.") {
			t.Errorf("%v is told as %q", err, got)
		}
	}
}

// counting gives octets without end and counts them.
type counting struct{ n int64 }

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	c.n += int64(len(p))
	return len(p), nil
}

func TestAnAnswerIsReadWithinBounds(t *testing.T) {
	endless := &counting{}
	text, err := excerpt(endless)
	if err != nil || len(text) != MaxExcerpt || endless.n > 2*MaxAnswer {
		t.Errorf("%d octets are kept of %d that were read, %v", len(text), endless.n, err)
	}
	if text, err := excerpt(strings.NewReader("a\x00b\xff")); text != "a\uFFFDb\uFFFD" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := excerpt(io.MultiReader(strings.NewReader("a"), failing{})); err == nil {
		t.Error("an answer that breaks off is whole")
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestWhatAnEndpointAsksForIsKeptWithinBounds(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "soon": 0, "1.5": 0, "120": 2 * time.Minute, "3601": maxRetryAfter, "999999999": maxRetryAfter, strings.Repeat("9", 30): maxRetryAfter,
		now.Add(10 * time.Minute).Format(http.TimeFormat): 10 * time.Minute, now.Add(time.Hour * 48).Format(http.TimeFormat): maxRetryAfter, now.Add(-time.Hour).Format(http.TimeFormat): 0,
	} {
		for _, status := range []int{429, 503} {
			if got := restOf(respond(status, "Retry-After", text), now); want == 0 && !got.IsZero() || want > 0 && !got.Equal(now.Add(want)) {
				t.Errorf("%d with %q: until %s, not for %s", status, text, got, want)
			}
		}
		if got := restOf(respond(500, "Retry-After", text), now); !got.IsZero() {
			t.Errorf("500 with %q: until %s", text, got)
		}
	}
}

func TestSlotsAreSharedInTurns(t *testing.T) {
	s := newSlots(4, 3, 2)
	take := func(ws string, slow bool) func() {
		t.Helper()
		give, err := s.take(t.Context(), mailstore.WorkspaceID(ws), slow)
		if err != nil {
			t.Fatal(err)
		}
		return give
	}
	slowOne, slowTwo := take("a", true), take("b", true)
	if _, ok := s.try("c", true); ok {
		t.Error("slow ones have more than their slots")
	}
	first, second := take("a", false), take("a", false)
	if _, ok := s.try("c", false); ok {
		t.Error("there are more than all slots")
	}
	second()
	if _, ok := s.try("a", false); !ok { // its third
		t.Fatal("a free slot is not given")
	}
	slowTwo() // one is free again, and a has its share
	if _, ok := s.try("a", false); ok {
		t.Error("a workspace has more than its share")
	}
	last := take("c", false)

	served := make(chan string, 4) // now all are taken, and two workspaces wait
	queue := func(ws string) {
		before := s.waiting()
		go func() {
			if _, err := s.take(context.Background(), mailstore.WorkspaceID(ws), false); err == nil {
				served <- ws
			}
		}()
		for s.waiting() == before { // until it waits
			runtime.Gosched()
		}
	}
	queue("d")
	queue("d")
	queue("e")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.take(gone, "f", false); err == nil {
		t.Error("one who has gone is served")
	}
	first()
	slowOne()
	if one, two := <-served, <-served; one == two {
		t.Errorf("%s is served twice before another has had its turn", one)
	}
	last()
	if third := <-served; third != "d" {
		t.Errorf("the last is %s", third)
	}
}

func TestSoManySlowEndpointsAreRemembered(t *testing.T) {
	s := New(Config{}, nil, slog.New(slog.DiscardHandler))
	id := func(i int) tenancy.WebhookID { return tenancy.WebhookID(fmt.Sprint("whk_", i)) }
	for i := range maxSlow + 1 {
		if s.setSlow(id(i), true); !s.isSlow(id(i)) || len(s.slow) > maxSlow {
			t.Fatalf("with %d, %d are remembered", i+1, len(s.slow))
		}
	}
	if s.setSlow(id(maxSlow), false); s.isSlow(id(maxSlow)) {
		t.Error("one that is slow no more is remembered")
	}
}

func (s *slots) waiting() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.lines {
		n += len(line)
	}
	return n
}
