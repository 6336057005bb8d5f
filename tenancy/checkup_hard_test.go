package tenancy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
)

// look has the DNS of a domain be asked once a day, with the same answer.
func (w *world) look(d Domain, c Checkup, days int) Domain {
	w.t.Helper()
	for range days {
		w.clock.advance(24 * time.Hour)
		d = w.checked(d, c)
	}
	return d
}

const graceDays = int(AwayGrace / (24 * time.Hour))

// Who has sold a domain does not keep it because its new owner has mail come to the same server.
func TestADomainThatAnotherHasProvenIsLostAlthoughItsMailComesHere(t *testing.T) {
	w := newWorld(t)
	stop := w.relaying()
	defer stop()
	ws, a := w.tenant("a", "a.test")
	_, b := w.tenant("b", "b.test")
	old := w.checked(w.claim(a, "x.test"), Checkup{Owned: true, Here: true})
	if old = w.look(old, Checkup{Here: true}, 3*graceDays); old.Status != Verified || !old.AwaySince.IsZero() {
		t.Fatalf("lost to nobody: %+v", old)
	}
	fresh := w.checked(w.claim(b, "x.test"), Checkup{Owned: true, Here: true})
	if old = w.look(old, Checkup{Owned: true, Here: true}, 2*graceDays); old.Status != Verified || !old.AwaySince.IsZero() {
		t.Fatalf("lost although it is proven: %+v", old)
	}
	if old = w.look(old, Checkup{Here: true}, graceDays); old.Status != Verified || old.AwaySince.IsZero() {
		t.Fatalf("%+v", old)
	}
	if old = w.look(old, Checkup{Here: true}, 1); old.Status != Pending {
		t.Fatalf("%+v", old)
	}
	if fresh = w.checked(fresh, Checkup{Owned: true, Here: true}); fresh.Status != Verified {
		t.Errorf("%+v", fresh)
	}
	types, lines := w.lines(a, ws.ID, 5)
	if at := slices.Index(types, DomainFailed); at < 0 || !strings.Contains(string(lines[at].Data), `"lostAt":"`) || slices.Index(types[at+1:], DomainFailed) < 0 {
		t.Errorf("no warning before it was lost: %q", types)
	}
}

// Who has proven a domain once, and does not any more, takes nothing from who has it.
func TestAProofThatIsGoneTakesNothingAway(t *testing.T) {
	w := newWorld(t)
	_, a := w.tenant("a", "a.test")
	_, b := w.tenant("b", "b.test")
	old := w.checked(w.claim(a, "x.test"), Checkup{Owned: true, Here: true})
	other := w.checked(w.claim(b, "x.test"), Checkup{Owned: true})
	if other = w.checked(other, Checkup{Failed: true}); !other.Taken {
		t.Errorf("a DNS that fails says something: %+v", other)
	}
	if other = w.checked(other, Checkup{Here: true}); other.Taken {
		t.Errorf("%+v", other)
	}
	if old = w.look(old, Checkup{Here: true}, 2*graceDays); old.Status != Verified {
		t.Errorf("%+v", old)
	}
}

// Days on which the DNS did not answer are none on which a domain was away.
func TestADNSThatFailsBringsNoLossNearer(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("a", "a.test")
	d := w.checked(w.claim(g, "x.test"), Checkup{Owned: true})
	d = w.look(d, Checkup{}, 1)
	since := d.LostAt()
	d = w.look(d, Checkup{Failed: true}, 3*graceDays)
	if got := d.LostAt().Sub(since); got != 3*AwayGrace {
		t.Errorf("it is lost %s later", got)
	}
	if d = w.look(d, Checkup{}, graceDays-1); d.Status != Verified {
		t.Fatalf("%+v", d)
	}
	if d = w.look(d, Checkup{}, 1); d.Status != Pending {
		t.Errorf("%+v", d)
	}
}

// A server that was off for weeks has not seen that the domain was away.
func TestTimeInWhichNobodyLookedBringsNoLossNearer(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("a", "a.test")
	d := w.checked(w.claim(g, "x.test"), Checkup{Owned: true})
	d = w.look(d, Checkup{}, 1)
	w.clock.advance(30 * 24 * time.Hour)
	if d = w.checked(d, Checkup{}); d.Status != Verified {
		t.Fatalf("%+v", d)
	}
	if d = w.look(d, Checkup{}, graceDays); d.Status != Pending {
		t.Errorf("%+v", d)
	}
}

// A domain that changed hands: addresses of who had it stand in nobody's way.
func TestAnAddressAtALostClaimIsFreeForWhoHasTheDomain(t *testing.T) {
	w := newWorld(t)
	_, a := w.tenant("a", "a.test")
	_, b := w.tenant("b", "b.test")
	old := w.checked(w.claim(a, "x.test"), Checkup{Owned: true})
	w.inbox(a, "", "info", "x.test")
	if old = w.look(old, Checkup{Changes: json.RawMessage(`["gone"]`)}, graceDays+1); old.Status != Pending {
		t.Fatalf("%+v", old)
	}
	w.checked(w.claim(b, "x.test"), Checkup{Owned: true})
	in, _ := w.inbox(b, "", "team", "x.test")
	if _, err := b.AddAddress(w.ctx(), "", in.Address, "info@x.test", true); err != nil {
		t.Fatal(err)
	}
	w.goesTo("info@x.test", in.ID, "info@x.test")
	second, _ := w.inbox(b, "", "second", "x.test")
	if _, err := b.AddAddress(w.ctx(), "", second.Address, "info@x.test", false); !errors.Is(err, errAddressTaken) {
		t.Errorf("twice in one domain: %v", err)
	}
}

// Who has claimed a thousand domains whose DNS is slow keeps nobody else waiting.
func TestDomainsOfAllWorkspacesAreAskedAboutInTurn(t *testing.T) {
	w := newWorld(t)
	_, a := w.tenant("a", "a.test")
	_, b := w.tenant("b", "b.test")
	for _, d := range must(w.dir.DueDomains(w.ctx(), 10)) {
		w.checked(d, Checkup{})
	}
	for i := range 10 {
		w.claim(a, fmt.Sprintf("many%d.test", i))
		w.clock.advance(time.Second)
	}
	w.claim(b, "one.test")
	w.claim(b, "two.test")
	var names []string
	for _, d := range must(w.dir.DueDomains(w.ctx(), 5)) {
		names = append(names, d.Name)
	}
	if got := strings.Join(names, " "); got != "many0.test one.test many1.test two.test many2.test" {
		t.Error(got)
	}
}

func TestADomainIsClaimedOnlyIfItsRecordsFitIntoTheDNS(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("a", "a.test")
	name := strings.Repeat("a.", MaxClaim/2-2) + "test"
	if len(name) != MaxClaim {
		t.Fatal(len(name))
	}
	w.claim(g, name)
	_, _, err := g.CreateDomain(w.ctx(), "", NewDomain{Domain: "a." + name})
	refused(t, "longer", err, fault.Invalid, "validation_failed")
}
