package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

// still has certificates that are never ordered: Run does not run.
func still(t *testing.T) *Certs {
	t.Helper()
	c, err := New(Config{Hostname: "mail.example.com", Dir: t.TempDir(), ACME: &ACME{Email: "operator@example.com"}, Allow: func(context.Context, string) error { return errors.New("no") }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNamesThatNobodyKnowsTakeBoundedMemory(t *testing.T) {
	c := still(t)
	for i := range 3 * maxWaitingNames {
		c.certificate(context.Background(), fmt.Sprintf("name%d.example.net", i), 0)
	}
	if len(c.subjects) != 1+maxWaitingNames || c.fresh != maxWaitingNames {
		t.Fatalf("%d names are kept", len(c.subjects))
	}
	for range maxRefused + 1000 {
		s := c.take(true)
		if s == nil || s.own {
			c.certificate(context.Background(), fmt.Sprintf("more%d.example.net", len(c.refused)), 0)
			continue
		}
		c.settle(context.Background(), s, outcome{refused: errors.New("no")})
	}
	if len(c.refused) > maxRefused || c.fresh > maxWaitingNames || c.undecided != c.fresh {
		t.Errorf("%d refusals, %d fresh, %d undecided", len(c.refused), c.fresh, c.undecided)
	}
}

func TestNamesThatFailTakeBoundedMemory(t *testing.T) {
	c := still(t)
	c.fresh = maxFailingNames
	if c.certificate(t.Context(), "one-more.example.net", 0); len(c.subjects) != 1 {
		t.Errorf("%d names are kept", len(c.subjects))
	}
	c.fresh--
	if c.certificate(t.Context(), "one-more.example.net", 0); len(c.subjects) != 2 {
		t.Errorf("%d names are kept", len(c.subjects))
	}
}

func TestARefusalHoldsForAMinute(t *testing.T) {
	c := still(t)
	now := time.Now()
	c.now = func() time.Time { return now }
	const name = "refused.example.net"
	c.certificate(t.Context(), name, 0)
	c.settle(t.Context(), c.subjects[name], outcome{refused: errors.New("no")})
	now = now.Add(refusedFor - time.Second)
	if c.certificate(t.Context(), name, 0); c.subjects[name] != nil {
		t.Error("it is decided again at once")
	}
	now = now.Add(time.Second)
	if c.certificate(t.Context(), name, 0); c.subjects[name] == nil {
		t.Error("it is never decided again")
	}
}

func TestOddNamesAreNeverTakenIn(t *testing.T) {
	c := still(t)
	for _, name := range []string{"", "localhost", "*.example.com", "192.0.2.1", "::1", "a..example.com", "-a.example.com", "under_score.example.com", "exa mple.com", "example.com\x00", "../../etc/passwd", "example.com/..", string(make([]byte, 300))} {
		c.Request(name)
		if cert := c.certificate(context.Background(), name, 0); cert != c.selfMade.Load() {
			t.Errorf("%q has a certificate of its own", name)
		}
	}
	if len(c.subjects) != 1 {
		t.Errorf("%d names are kept", len(c.subjects))
	}
}

func TestOnlySoManyHandshakesWait(t *testing.T) {
	c := still(t)
	for range maxHandshakes {
		c.waiting <- struct{}{}
	}
	if c.await(context.Background(), make(chan struct{}), time.Hour) {
		t.Error("it waited and was served")
	}
	<-c.waiting
	if c.await(context.Background(), make(chan struct{}), time.Millisecond) || len(c.waiting) != maxHandshakes-1 {
		t.Error("it waits longer than it may")
	}
}

func TestAHandshakeStopsWaitingWithItsClient(t *testing.T) {
	c := still(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if c.certificate(ctx, "slow.example.net", time.Hour) != c.selfMade.Load() || len(c.waiting) != 0 {
		t.Error("it waits on")
	}
}

func TestTheServersNamesGoFirstThenRenewals(t *testing.T) {
	c := still(t)
	now := c.now()
	for i, s := range []*subject{{name: "fresh", class: freshNames, due: now.Add(-3 * time.Hour)}, {name: "renewal", class: renewals, due: now.Add(-2 * time.Hour)}, {name: "later", class: renewals, due: now.Add(time.Hour)}} {
		s.place = -1
		c.subjects[fmt.Sprint(i)] = s
		c.queues[s.class].push(s)
	}
	if s := c.take(false); s == nil || s.name != "mail.example.com" {
		t.Fatalf("first %+v", s)
	}
	if s := c.take(true); s == nil || s.name != "renewal" {
		t.Fatalf("second %+v", s)
	}
	if s := c.take(false); s != nil {
		t.Fatalf("a fresh name has taken a place that is for others: %+v", s)
	}
	if s := c.take(true); s == nil || s.name != "fresh" {
		t.Fatalf("third %+v", s)
	}
}

func TestOrdersKeepBelowTheAuthoritysLimit(t *testing.T) {
	var o orders
	start := time.Unix(0, 0)
	made := 0
	for at := start; at.Before(start.Add(3 * time.Hour)); at = at.Add(time.Second) {
		for o.take(at, renewalOrders) == 0 {
			made++
		}
	}
	if made < 290 || made > 302 {
		t.Errorf("%d orders in three hours", made)
	}
	if wait := o.take(start.Add(3*time.Hour), freshOrders); wait < 20*time.Minute {
		t.Errorf("a new name waits %v behind the renewals", wait)
	}
	if wait := o.take(start.Add(3*time.Hour), 0); wait != 0 {
		t.Errorf("the server's own name waits %v", wait)
	}
}

func TestFailuresAreTheNamesOrTheAuthoritys(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&url.Error{Op: "Get", URL: "https://ca.example", Err: errors.New("connection refused")}, true},
		{fmt.Errorf("order: %w", acme.Problem{Status: 503}), true},
		{fmt.Errorf("order: %w", acme.Problem{Status: 403}), false},
		{fmt.Errorf("order: %w", acme.Problem{Status: 429}), false},
		{errors.New("update the DNS: refused"), false},
		{nil, false},
	} {
		if got := isUnreachable(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

func TestWaitsGrowWithFailures(t *testing.T) {
	c := still(t)
	now := time.Now()
	c.now = func() time.Time { return now }
	s := &subject{name: "a.example.net", class: freshNames, place: -1}
	c.subjects[s.name], c.fresh = s, 1
	for i := range giveUpAfter {
		kept := c.fail(s, errors.New("wrong answer"))
		if want := now.Add(after(afterFailure, i)); !s.due.Equal(want) {
			t.Errorf("after failure %d due at %v, want %v", i+1, s.due, want)
		}
		if kept != (i < giveUpAfter-1) {
			t.Errorf("after failure %d kept: %v", i+1, kept)
		}
	}
	if c.fresh != 0 || c.subjects[s.name] != nil {
		t.Error("it is not given up")
	}
	limited := &subject{name: "b.example.net", class: renewals, place: -1}
	if c.fail(limited, acme.Problem{Status: 429}); !limited.due.Equal(now.Add(time.Hour)) {
		t.Errorf("after too many orders due at %v", limited.due)
	}
	var r rest
	for i := range 10 {
		r.begin(now)
		r.begin(now) // at the same time
		if want := now.Add(after(afterUnreachable, i)); !r.until.Equal(want) {
			t.Errorf("rest %d until %v, want %v", i, r.until, want)
		}
		now = r.until
	}
}

func TestOnlySoManyCertificatesAreInMemory(t *testing.T) {
	var l loaded
	for i := range 2 * maxLoaded {
		l.put(fmt.Sprint(i), &tls.Certificate{})
		l.get("0")
	}
	if l.order.Len() != maxLoaded || len(l.byName) != maxLoaded || l.get("0") == nil || l.get("1") != nil || l.get(fmt.Sprint(2*maxLoaded-1)) == nil {
		t.Errorf("%d certificates, the first one %v", l.order.Len(), l.get("0"))
	}
}

func FuzzCanonical(f *testing.F) {
	for _, name := range []string{"mail.example.com", "MAIL.example.com.", "192.0.2.1", "a.b", "xn--bcher-kva.example", "*.example.com", "..", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, ok := canonical(text)
		if !ok {
			return
		}
		if again, ok := canonical(name); !ok || again != name {
			t.Errorf("%q becomes %q becomes %q", text, name, again)
		}
		if len(name) > 253 || name[0] == '.' || name[0] == '-' {
			t.Errorf("%q is no name", name)
		}
	})
}
