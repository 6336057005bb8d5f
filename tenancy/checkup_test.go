package tenancy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// checked writes a checkup of now.
func (w *world) checked(d Domain, c Checkup) Domain {
	w.t.Helper()
	c.At, c.Due = w.clock.now(), w.clock.now().Add(time.Hour)
	got, err := w.dir.Checked(w.ctx(), d.ID, c)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) claim(g *Grant, name string) Domain {
	w.t.Helper()
	d, _, err := g.CreateDomain(w.ctx(), "", NewDomain{Domain: name})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func TestAClaimThatTheDNSProvesIsVerified(t *testing.T) {
	w := newWorld(t)
	stop := w.relaying()
	defer stop()
	ws, g := w.tenant("a", "a.test")
	d := w.claim(g, "new.test")
	if due, err := w.dir.DueDomains(w.ctx(), 10); err != nil || !slices.ContainsFunc(due, func(x Domain) bool { return x.ID == d.ID }) || d.Status != Pending {
		t.Fatalf("%+v, %v", due, err)
	}
	if _, _, _, err := g.CreateInbox(w.ctx(), "", NewInbox{Username: "x", Domain: "new.test"}); !errors.Is(err, errNotVerified) {
		t.Errorf("an inbox before that: %v", err)
	}
	if d = w.checked(d, Checkup{Owned: true, Failed: true}); d.Status != Pending {
		t.Errorf("a failure proves: %+v", d)
	}
	if d = w.checked(d, Checkup{Here: true}); d.Status != Pending {
		t.Errorf("an MX record proves: %+v", d)
	}
	d = w.checked(d, Checkup{Owned: true, Report: json.RawMessage(`{"x":1}`)})
	if d.Status != Verified || d.Proof != ByDNS || d.Checks != 3 || string(d.Report) != `{"x":1}` || !d.CheckDue.Equal(w.clock.now().Add(time.Hour)) || d.VerifiedAt == nil {
		t.Errorf("%+v", d)
	}
	if due := must(w.dir.DueDomains(w.ctx(), 10)); slices.ContainsFunc(due, func(x Domain) bool { return x.ID == d.ID }) {
		t.Errorf("%+v", due)
	}
	w.inbox(g, "", "x", "new.test")
	types, _ := w.lines(g, ws.ID, 4)
	if !slices.Contains(types, DomainVerified) {
		t.Errorf("%q", types)
	}
	if _, err := w.dir.Checked(w.ctx(), d.ID, Checkup{Report: json.RawMessage(strings.Repeat(" ", maxReport+1))}); !errors.Is(err, errReport) {
		t.Error(err)
	}
	if _, err := w.dir.Checked(w.ctx(), "dom_00000000000000000000000000", Checkup{}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestOwnershipIsOfAWorkspaceAndADomain(t *testing.T) {
	w := newWorld(t)
	_, a := w.tenant("a", "a.test")
	_, b := w.tenant("b", "b.test")
	seen := map[string]bool{}
	for _, d := range []Domain{w.claim(a, "x.test"), w.claim(a, "y.test"), w.claim(b, "x.test")} {
		text := must(w.dir.Ownership(w.ctx(), d))
		if seen[text] || len(text) != 26 || text != must(w.dir.Ownership(w.ctx(), d)) {
			t.Errorf("%s: %s", d.Name, text)
		}
		seen[text] = true
	}
}

// A domain that changes hands: its new owner waits until the old one has lost it.
func TestTwoWorkspacesNeverHaveOneDomainVerified(t *testing.T) {
	w := newWorld(t)
	_, a := w.tenant("a", "a.test")
	_, b := w.tenant("b", "b.test")
	old := w.checked(w.claim(a, "x.test"), Checkup{Owned: true})
	in, _ := w.inbox(a, "", "info", "x.test")
	fresh := w.checked(w.claim(b, "x.test"), Checkup{Owned: true})
	if old.Status != Verified || fresh.Status != Pending || !fresh.Taken {
		t.Fatalf("%+v, %+v", old, fresh)
	}
	if old = w.checked(old, Checkup{}); old.AwaySince.IsZero() || !old.LostAt().Equal(w.clock.now().Add(AwayGrace)) {
		t.Errorf("%+v", old)
	}
	old = w.look(old, Checkup{}, graceDays-1)
	if old = w.look(old, Checkup{Failed: true}, 1); old.Status != Verified {
		t.Error("lost because the DNS failed")
	}
	w.goesTo("info@x.test", in.ID, "info@x.test")
	if old = w.look(old, Checkup{Changes: json.RawMessage(`["gone"]`)}, 1); old.Status != Pending || old.VerifiedAt != nil || old.Checks != 0 {
		t.Errorf("%+v", old)
	}
	w.goesNowhere("info@x.test")
	if got, err := a.Inbox(w.ctx(), "", "info@x.test"); err != nil || got.ID != in.ID {
		t.Errorf("the inbox is gone: %v", err)
	}
	if _, err := a.MaySend(w.ctx(), "", in.Address); !errors.Is(err, errNotVerified) {
		t.Errorf("it may send: %v", err)
	}
	if fresh = w.checked(fresh, Checkup{Owned: true}); fresh.Status != Verified || fresh.Taken {
		t.Errorf("%+v", fresh)
	}
	other, _ := w.inbox(b, "", "info", "x.test")
	w.goesTo("info@x.test", other.ID, "info@x.test")
	if got, err := a.Inbox(w.ctx(), "", "info@x.test"); err != nil || got.ID != in.ID {
		t.Errorf("%v, %v", got.ID, err)
	}
	if old = w.checked(old, Checkup{Owned: true}); old.Status != Pending || !old.Taken {
		t.Errorf("%+v", old)
	}
}

func TestADomainThatPointsHereAgainInTimeKeepsItsState(t *testing.T) {
	w := newWorld(t)
	stop := w.relaying()
	defer stop()
	ws, g := w.tenant("a", "a.test")
	d := w.checked(w.claim(g, "x.test"), Checkup{Owned: true})
	w.inbox(g, "", "info", "x.test")
	w.checked(d, Checkup{Changes: json.RawMessage(`["mx"]`)})
	w.clock.advance(AwayGrace - time.Second)
	if d = w.checked(d, Checkup{Here: true}); d.Status != Verified || !d.AwaySince.IsZero() {
		t.Errorf("%+v", d)
	}
	w.checked(d, Checkup{})
	w.clock.advance(AwayGrace - time.Second)
	if d = w.checked(d, Checkup{}); d.Status != Verified {
		t.Errorf("%+v", d)
	}
	types, lines := w.lines(g, ws.ID, 5)
	at := slices.Index(types, DomainFailed)
	if at < 0 || !strings.Contains(string(lines[at].Data), `"changes":["mx"]`) || !strings.Contains(string(lines[at].Data), `"lostAt":"`) {
		t.Errorf("%q", types)
	}
}

func TestWhatAnOperatorVouchesForIsNotLost(t *testing.T) {
	w := newWorld(t)
	ws, _ := w.tenant("a", "a.test")
	d := w.domain(w.op, ws.ID, "vouched.test")
	w.checked(d, Checkup{})
	w.clock.advance(10 * AwayGrace)
	if d = w.checked(d, Checkup{}); d.Status != Verified || d.Proof != ByOperator || !d.LostAt().IsZero() || d.AwaySince.IsZero() {
		t.Errorf("%+v", d)
	}
}

func TestACheckThatIsAskedForIsDueAtOnce(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("a", "a.test")
	_, b := w.tenant("b", "b.test")
	d := w.checked(w.claim(g, "x.test"), Checkup{})
	if _, err := b.CheckDomain(w.ctx(), "", string(d.ID)); !errors.Is(err, ErrNotFound) {
		t.Errorf("of another workspace: %v", err)
	}
	if got := must(g.CheckDomain(w.ctx(), "", "X.test")); got.ID != d.ID {
		t.Errorf("%+v", got)
	}
	due := must(w.dir.DueDomains(w.ctx(), 10))
	if !slices.ContainsFunc(due, func(x Domain) bool { return x.ID == d.ID && x.Checks == 0 }) {
		t.Errorf("%+v", due)
	}
	for i := range 3 {
		w.claim(g, fmt.Sprintf("more%d.test", i))
	}
	if due := must(w.dir.DueDomains(w.ctx(), 2)); len(due) != 2 {
		t.Errorf("%d", len(due))
	}
}

func TestASetupLinkIsGoodForItsDomainAndItsTime(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("a", "a.test")
	d := w.claim(g, "x.test")
	until := w.clock.now().Add(time.Hour).Truncate(time.Second)
	token := must(g.SetupToken(w.ctx(), "", "x.test", until))
	if got, at, err := w.dir.Setup(w.ctx(), token); err != nil || got.ID != d.ID || !at.Equal(until) {
		t.Errorf("%+v, %v, %v", got, at, err)
	}
	words := strings.Split(token, ".")
	other := w.claim(g, "y.test")
	for _, bad := range []string{"", ".", "..", token + "x", strings.ToUpper(token), strings.TrimPrefix(string(other.ID), "dom_") + "." + words[1] + "." + words[2],
		words[0] + ".zzzzzzzz." + words[2], strings.Repeat(".", 1<<20)} {
		if _, _, err := w.dir.Setup(w.ctx(), bad); !errors.Is(err, ErrNotFound) {
			t.Errorf("%.50q: %v", bad, err)
		}
	}
	if err := g.DeleteDomain(w.ctx(), "", "y.test"); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Hour)
	if _, _, err := w.dir.Setup(w.ctx(), token); !errors.Is(err, ErrNotFound) {
		t.Errorf("after its end: %v", err)
	}
}
