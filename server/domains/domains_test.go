package domains

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
	"github.com/postroom/postroom/tenancy"
)

// bed is a directory over a real store, and a DNS whose only server is recursive: authorities are tried in package dnscheck.
type bed struct {
	t     *testing.T
	dir   *tenancy.Directory
	watch *Watch
	zones *zonetest.Server
	ws    mailstore.WorkspaceID
	g     *tenancy.Grant

	mu  sync.Mutex
	now time.Time
}

func (b *bed) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bed) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func newBed(t *testing.T) *bed {
	b := &bed{t: t, now: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)}
	data := t.TempDir()
	store, err := mailstore.Open(data, mailstore.Options{Clock: b.clock, MinFree: -1})
	b.must(err)
	b.dir, err = tenancy.Open(t.Context(), filepath.Join(data, "postroom.db"), store, tenancy.Options{Clock: b.clock})
	b.must(err)
	t.Cleanup(func() {
		if err := errors.Join(b.dir.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	b.zones = zonetest.Start(t, `
		mail.host.test. 1 A 192.0.2.1
		shop.test. 1 SOA ns.shop.test. me.shop.test. 1 3600 600 86400 1
		shop.test. 1 NS ns.shop.test.
		ns.shop.test. 1 A 127.0.0.1
		org. 1 NS a0.org.test.
	`) // a name server at a private address is not asked
	dns := resolver.New(resolver.Config{Servers: []string{b.zones.Addr()}, Clock: b.clock})
	b.watch = New(Config{Checker: dnscheck.New(dnscheck.Config{Resolver: dns, Clock: b.clock}), Server: dnscheck.Server{Hostname: "mail.host.test", IPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}},
		b.dir, slog.New(slog.DiscardHandler))
	w, err := b.dir.Operator().CreateWorkspace(t.Context(), tenancy.NewWorkspace{Name: "one"})
	b.must(err)
	b.ws = w.ID
	_, secret, err := b.dir.Operator().CreateKey(t.Context(), tenancy.KeyOwner{Workspace: w.ID}, tenancy.NewKey{Name: "k"})
	b.must(err)
	b.g, err = b.dir.Authenticate(t.Context(), secret, netip.Addr{})
	b.must(err)
	return b
}

func (b *bed) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// publish puts records of a claim into the DNS.
func (b *bed) publish(dom tenancy.Domain, purposes ...string) {
	b.t.Helper()
	list, err := b.watch.Records(b.t.Context(), dom)
	b.must(err)
	for _, r := range list {
		for _, p := range purposes {
			if r.Purpose != p {
				continue
			}
			value := r.Value
			switch r.Type {
			case "TXT":
				value = `"` + strings.Join(pieces(r.Value), `" "`) + `"`
			case "MX":
				value = fmt.Sprint(r.Priority, " ", r.Value, ".")
			}
			b.zones.Set(r.Name+".", append(apex(r.Name), "1 "+r.Type+" "+value)...)
		}
	}
}

// apex are the records that the zone itself has.
func apex(name string) []string {
	if name != "shop.test" {
		return nil
	}
	return []string{"1 SOA ns.shop.test. me.shop.test. 1 3600 600 86400 1", "1 NS ns.shop.test."}
}

func pieces(s string) (list []string) {
	for len(s) > 200 {
		list, s = append(list, s[:200]), s[200:]
	}
	return append(list, s)
}

func (b *bed) events(n int) (types []string, last string) {
	b.t.Helper()
	ctx, stop := context.WithCancel(b.t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- b.dir.Relay(ctx) }()
	log, _, err := b.dir.Operator().Journal(ctx, b.ws)
	b.must(err)
	for {
		end, err := log.End(ctx)
		b.must(err)
		types = nil
		page, err := log.Read(ctx, journal.Cursor{}, nil, nil, 100)
		b.must(err)
		for _, l := range page.Lines {
			types, last = append(types, l.Type), string(l.Data)
		}
		if len(types) >= n {
			stop()
			<-done
			return types, last
		}
		b.must(log.Wait(ctx, end))
	}
}

func TestAClaimIsVerifiedOnceItsTextIsThere(t *testing.T) {
	b := newBed(t)
	dom, _, err := b.g.CreateDomain(t.Context(), "", tenancy.NewDomain{Domain: "shop.test"})
	b.must(err)
	b.must(b.watch.round(t.Context()))
	dom, err = b.dir.Claim(t.Context(), dom.ID)
	b.must(err)
	if r, ok := Report(dom); !ok || dom.Status != tenancy.Pending || r.Owner == dnscheck.Proven || !dom.CheckDue.After(b.clock()) {
		t.Fatalf("%s, %s", dom.Status, dom.Report)
	}
	b.publish(dom, dnscheck.PurposeOwnership, dnscheck.PurposeMX)
	b.pass(10 * time.Minute)
	b.must(b.watch.round(t.Context()))
	if dom, err = b.dir.Claim(t.Context(), dom.ID); err != nil || dom.Status != tenancy.Verified {
		t.Fatalf("%s, %s, %v", dom.Status, dom.Report, err)
	}
	r, _ := Report(dom)
	list, err := b.watch.Records(t.Context(), dom)
	b.must(err)
	for _, record := range list {
		f, ok := Find(r, record)
		if !ok || (record.Purpose == dnscheck.PurposeMX) != (f.Status == dnscheck.OK) && record.Purpose != dnscheck.PurposeOwnership {
			t.Errorf("%s: %+v", record.Purpose, f)
		}
	}
}

func TestADomainThatPointsElsewhereIsWarnedOfAndLost(t *testing.T) {
	b := newBed(t)
	dom, _, err := b.g.CreateDomain(t.Context(), "", tenancy.NewDomain{Domain: "shop.test"})
	b.must(err)
	b.publish(dom, dnscheck.PurposeOwnership, dnscheck.PurposeMX)
	dom, err = b.watch.Check(t.Context(), dom)
	if err != nil || dom.Status != tenancy.Verified {
		t.Fatalf("%s, %s, %v", dom.Status, dom.Report, err)
	}
	b.zones.Set("shop.test.", append(apex("shop.test"), "1 MX 10 elsewhere.test.")...)
	b.zones.Set("_postroom.shop.test.")
	if again, err := b.watch.Check(t.Context(), dom); err != nil || !again.CheckedAt.Equal(dom.CheckedAt) {
		t.Errorf("asked twice within MinAge: %v", err)
	}
	b.pass(time.Hour)
	if dom, err = b.watch.Check(t.Context(), dom); err != nil || dom.AwaySince.IsZero() || dom.Status != tenancy.Verified {
		t.Fatalf("%s, %s, %v", dom.Status, dom.Report, err)
	}
	b.zones.Fail("shop.test.", zonetest.ServFail)
	b.zones.Fail("_postroom.shop.test.", zonetest.ServFail)
	b.pass(tenancy.AwayGrace)
	if dom, err = b.watch.Check(t.Context(), dom); err != nil || dom.Status != tenancy.Verified {
		t.Fatalf("a DNS that fails loses nothing: %s, %v", dom.Report, err)
	}
	b.zones.Restore("shop.test.")
	b.zones.Restore("_postroom.shop.test.")
	for days := 0; dom.Status == tenancy.Verified; days++ {
		b.pass(24 * time.Hour)
		if dom, err = b.watch.Check(t.Context(), dom); err != nil || days > 7 {
			t.Fatalf("%d days: %s, %s, %v", days, dom.Status, dom.Report, err)
		}
	}
	types, last := b.events(4)
	if got := strings.Join(types, " "); got != "key.created domain.verified domain.failed domain.failed" {
		t.Errorf("%s: %s", got, last)
	}
}

func TestWhatWasAskedAboutAMomentAgoIsPutOff(t *testing.T) {
	b := newBed(t)
	dom, _, err := b.g.CreateDomain(t.Context(), "", tenancy.NewDomain{Domain: "shop.test"})
	b.must(err)
	_, err = b.watch.Check(t.Context(), dom)
	b.must(err)
	_, err = b.g.CheckDomain(t.Context(), "", "shop.test") // it is due now
	b.must(err)
	b.must(b.watch.round(t.Context())) // and this ends
	if dom, err = b.dir.Claim(t.Context(), dom.ID); err != nil || !dom.CheckDue.Equal(b.clock().Add(MinAge)) {
		t.Errorf("%s, %v", dom.CheckDue, err)
	}
}

func TestManyWhoAskAboutOneDomainAskOnce(t *testing.T) {
	b := newBed(t)
	dom, _, err := b.g.CreateDomain(t.Context(), "", tenancy.NewDomain{Domain: "shop.test"})
	b.must(err)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := b.watch.Check(t.Context(), dom); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if dom, err = b.dir.Claim(t.Context(), dom.ID); err != nil || dom.Checks != 1 {
		t.Errorf("%d, %v", dom.Checks, err)
	}
}

func TestDomainsThatLackSomethingAreCounted(t *testing.T) {
	b := newBed(t)
	dom, _, err := b.g.CreateDomain(t.Context(), "", tenancy.NewDomain{Domain: "shop.test"})
	b.must(err)
	count := func(wantVerified, wantFailing int) {
		t.Helper()
		verified, failing, err := b.watch.Failing(t.Context())
		if err != nil || verified != wantVerified || failing != wantFailing {
			t.Errorf("%d verified, %d failing, %v", verified, failing, err)
		}
	}
	count(0, 0)
	b.publish(dom, dnscheck.PurposeOwnership, dnscheck.PurposeMX)
	_, err = b.watch.Check(t.Context(), dom)
	b.must(err)
	count(1, 1) // SPF and DKIM are not there
	_, _, err = b.dir.Operator().CreateDomain(t.Context(), b.ws, tenancy.NewDomain{Domain: "new.test"})
	b.must(err)
	count(2, 1) // nobody has asked about the new one
}

// A domain that sends through this server and has its mail elsewhere does not lose its state because somebody tidied up.
func TestAKeyInTheDNSKeepsADomain(t *testing.T) {
	b := newBed(t)
	dom, _, err := b.g.CreateDomain(t.Context(), "", tenancy.NewDomain{Domain: "shop.test"})
	b.must(err)
	b.publish(dom, dnscheck.PurposeOwnership, dnscheck.PurposeDKIM)
	dom, err = b.watch.Check(t.Context(), dom)
	b.must(err)
	b.zones.Set("_postroom.shop.test.")
	for range 10 {
		b.pass(24 * time.Hour)
		if dom, err = b.watch.Check(t.Context(), dom); err != nil || dom.Status != tenancy.Verified || !dom.AwaySince.IsZero() {
			t.Fatalf("%s, %s, %v", dom.Status, dom.Report, err)
		}
	}
	list, err := b.watch.Records(t.Context(), dom)
	b.must(err)
	for _, r := range list {
		if r.Purpose == dnscheck.PurposeDKIM {
			b.zones.Set(r.Name+".", `1 TXT "v=DKIM1; p=AAAA"`)
		}
	}
	b.pass(24 * time.Hour)
	if dom, err = b.watch.Check(t.Context(), dom); err != nil || dom.AwaySince.IsZero() {
		t.Errorf("another key keeps it: %s, %v", dom.Report, err)
	}
}

func TestFewDomainsOfAWorkspaceAreAskedAboutAtOneTime(t *testing.T) {
	w := New(Config{}, nil, slog.New(slog.DiscardHandler))
	var back []func()
	for range ofOne {
		giveBack, err := w.turn(t.Context(), "ws_a")
		if err != nil {
			t.Fatal(err)
		}
		back = append(back, giveBack)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.turn(gone, "ws_a"); !errors.Is(err, context.Canceled) {
		t.Errorf("one more: %v", err)
	}
	other, err := w.turn(t.Context(), "ws_b")
	if err != nil {
		t.Fatalf("another workspace waits: %v", err)
	}
	other()
	back[0]()
	if back[0], err = w.turn(t.Context(), "ws_a"); err != nil {
		t.Error(err)
	}
	for _, giveBack := range back {
		giveBack()
	}
	if len(w.turns) != 0 {
		t.Errorf("%d workspaces are remembered", len(w.turns))
	}
}
