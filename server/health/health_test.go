package health

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/dnscheck"
)

var errDown = errors.New("it is down")

func fixed[T any](v T, err error) func(context.Context) (T, error) {
	return func(context.Context) (T, error) { return v, err }
}

func hostReport(s dnscheck.Status, found string, addresses ...dnscheck.AddressReport) dnscheck.HostReport {
	return dnscheck.HostReport{Hostname: "mail.host.net", Status: s, Found: strings.Fields(found), Addresses: addresses}
}

func own(list ...string) func() ([]netip.Addr, error) {
	var ips []netip.Addr
	for _, text := range list {
		ips = append(ips, netip.MustParseAddr(text))
	}
	return func() ([]netip.Addr, error) { return ips, nil }
}

func probe(reached ...bool) func(context.Context, []string) []dnscheck.ProbeResult {
	return func(_ context.Context, hosts []string) (list []dnscheck.ProbeResult) {
		for i, h := range hosts {
			list = append(list, dnscheck.ProbeResult{Host: h, OK: reached[i], Reason: "timed out"})
		}
		return list
	}
}

// zone is what the operator's zone says of a record in each state, and how many domains lack keys.
func zone(lacking int, states ...dnscheck.Status) func(context.Context) (dnscheck.Report, int, error) {
	var r dnscheck.Report
	for _, s := range states {
		r.Findings = append(r.Findings, dnscheck.Finding{Record: dnscheck.Record{Name: "_spf.op.net"}, Status: s, Advice: "Add it."})
	}
	return func(context.Context) (dnscheck.Report, int, error) { return r, lacking, nil }
}

// lists is what block lists say of an address.
func lists(ip string, listed ...dnscheck.Listing) func(context.Context) (dnscheck.ListReport, error) {
	return fixed(dnscheck.ListReport{Addresses: []dnscheck.AddressListings{{IP: netip.MustParseAddr(ip), Listed: listed}}}, nil)
}

func TestEachFindingSaysHowGraveItIsAndWhatToDo(t *testing.T) {
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	free := func(n int64, err error) func() (int64, error) { return func() (int64, error) { return n, err } }
	clock := func(kept bool, err error) func() (bool, error) { return func() (bool, error) { return kept, err } }
	certificate := func(s CertificateState) func() []CertificateState {
		return func() []CertificateState { s.Host = "mail.host.net"; return []CertificateState{s} }
	}
	peers := []string{"mx.one.net", "mx.two.net"}
	ip := netip.MustParseAddr("8.8.4.4")
	for _, c := range []struct {
		name string
		cfg  Config
		want string // name, status, and a part of what is said
	}{
		{"a name for others", Config{Hostname: "mail.host.net"}, "ehlo ok mail.host.net"},
		{"a name of this network", Config{Hostname: "mail.lan"}, "ehlo error means nothing"},
		{"a name without a dot", Config{Hostname: "localhost"}, "ehlo error means nothing"},
		{"validated", Config{Names: fixed(true, nil)}, "resolver ok validated"},
		{"not validated", Config{Names: fixed(false, nil)}, "resolver warning unbound"},
		{"no names", Config{Names: fixed(false, errDown)}, "resolver error it is down"},
		{"its own addresses", Config{Host: fixed(hostReport(dnscheck.OK, "8.8.4.4"), nil), Own: own("8.8.4.4")}, "hostname ok leads to 8.8.4.4"},
		{"addresses of others", Config{Host: fixed(hostReport(dnscheck.OK, "8.8.4.4"), nil), Own: own("8.8.8.8")}, "hostname error does not have"},
		{"behind a router", Config{Host: fixed(hostReport(dnscheck.OK, "8.8.4.4"), nil), Own: own("10.0.0.5")}, "hostname warning domains.addresses"},
		{"named by the operator", Config{Host: fixed(hostReport(dnscheck.OK, "8.8.4.4"), nil)}, "hostname ok leads to"},
		{"no such name", Config{Host: fixed(hostReport(dnscheck.Missing, ""), nil)}, "hostname error leads to nothing"},
		{"a DNS that fails", Config{Host: fixed(hostReport(dnscheck.Failed, ""), nil)}, "hostname unknown"},
		{"not asked", Config{Host: fixed(dnscheck.HostReport{}, errDown)}, "hostname unknown it is down"},
		{"port 25", Config{Wires: []Wire{{Name: "smtp", Address: "[::]:25"}, {Name: "imaps"}}}, "ports ok smtp [::]:25; not served: imaps"},
		{"another port", Config{Wires: []Wire{{Name: "smtp", Address: "[::]:2525"}}}, "ports warning port 25 only"},
		{"nobody to reach", Config{Probe: probe()}, "outgoing unknown outgoing.probe_hosts"},
		{"both reached", Config{Probe: probe(true, true), Peers: peers}, "outgoing ok reached mx.one.net, mx.two.net"},
		{"one reached", Config{Probe: probe(false, true), Peers: peers}, "outgoing ok not mx.one.net (timed out)"},
		{"none reached", Config{Probe: probe(false, false), Peers: peers}, "outgoing error [relay]"},
		{"none reached, but a relay", Config{Probe: probe(false, false), Peers: peers, Relay: "smtp.relay.net"}, "outgoing ok through smtp.relay.net"},
		{"no certificate", Config{Certs: func() []CertificateState { return nil }}, "certificate warning tls.cert_file"},
		{"a good one", Config{Hostname: "mail.host.net", Certs: certificate(CertificateState{NotAfter: now.Add(15 * 24 * time.Hour)})}, "certificate/mail.host.net ok good until 2026-04-16"},
		{"one that ends soon", Config{Hostname: "mail.host.net", Certs: certificate(CertificateState{NotAfter: now.Add(13 * 24 * time.Hour)})}, "certificate/mail.host.net warning Renew"},
		{"one that ended", Config{Hostname: "mail.host.net", Certs: certificate(CertificateState{NotAfter: now, Err: "no room"})}, "certificate/mail.host.net error no room"},
		{"one of its own", Config{Certs: certificate(CertificateState{SelfMade: true, NotAfter: now.Add(300 * 24 * time.Hour), Err: "no answer"})}, "certificate/mail.host.net warning no answer"},
		{"one that is not there", Config{Hostname: "mail.host.net", Certs: certificate(CertificateState{Err: "refused"})}, "certificate/mail.host.net error none: refused"},
		{"room", Config{Free: free(1<<30, nil), Floor: 1 << 28}, "disk ok 1.0 GiB"},
		{"little room", Config{Free: free(1<<29, nil), Floor: 1 << 28}, "disk warning 256 MiB"},
		{"no room", Config{Free: free(1<<27, nil), Floor: 1 << 28}, "disk error no mail is accepted"},
		{"no disk", Config{Free: free(0, errDown), Floor: 1 << 28}, "disk unknown it is down"},
		{"a clock", Config{Clock: clock(true, nil)}, "clock ok"},
		{"a clock alone", Config{Clock: clock(false, nil)}, "clock warning chrony"},
		{"no clock", Config{Clock: clock(false, errDown)}, "clock unknown"},
		{"lists", Config{Lists: func(context.Context) []dnsbl.Failure { return nil }}, "lists ok"},
		{"a list that fails", Config{Lists: func(context.Context) []dnsbl.Failure { return []dnsbl.Failure{{List: "bl.net", Reason: "refuses"}} }}, "list/bl.net warning refuses"},
		{"rspamd", Config{Junk: func(context.Context) error { return nil }}, "rspamd ok"},
		{"no rspamd", Config{Junk: func(context.Context) error { return errDown }}, "rspamd error it is down"},
		{"domains", Config{Ready: func(context.Context) (int, int, error) { return 3, 0, nil }}, "domains ok 3 verified"},
		{"the operator's zone", Config{Zone: zone(0, dnscheck.OK)}, "zone ok holds"},
		{"a zone that lacks something", Config{Zone: zone(0, dnscheck.OK, dnscheck.Missing)}, "zone/_spf.op.net error Add it. 'postroom domain publish --operator'"},
		{"a zone that does not answer", Config{Zone: zone(0, dnscheck.Failed)}, "zone/_spf.op.net unknown failed"},
		{"keys that are not there", Config{Zone: zone(2, dnscheck.OK)}, "zone/keys error 2 verified domains"},
		{"domains that lack something", Config{Ready: func(context.Context) (int, int, error) { return 3, 1, nil }}, "domains warning 1 of 3"},
		{"an address", Config{Host: fixed(hostReport(dnscheck.OK, "8.8.4.4", dnscheck.AddressReport{IP: ip, Status: dnscheck.Missing, Advice: "Ask for a name."}), nil)}, "ptr/8.8.4.4 error Ask for a name."},
		{"a listed address", Config{Listed: lists("8.8.4.4", dnscheck.Listing{List: "bl.net", Reason: "spam"})}, "listed/8.8.4.4 error bl.net: spam"},
		{"an address in no list", Config{Listed: lists("8.8.4.4")}, "listed ok 1 addresses, in no list"},
		{"a list that refuses", Config{Listed: fixed(dnscheck.ListReport{Addresses: []dnscheck.AddressListings{{IP: ip, Unlisted: []string{"bl.net: the list refuses to answer"}}}}, nil)}, "listed/8.8.4.4 unknown refuses"},
		{"a private address", Config{Listed: lists("10.0.0.1")}, "listed/10.0.0.1 unknown private"},
		{"no address", Config{Listed: fixed(dnscheck.ListReport{}, nil)}, "listed unknown no address"},
	} {
		c.cfg.Now = func() time.Time { return now }
		found, err := New(c.cfg).Look(t.Context())
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", c.name, found, err)
		}
		words := strings.SplitN(c.want, " ", 3)
		last := found[len(found)-1]
		if last.Name != words[0] || string(last.Status) != words[1] || len(words) > 2 && !strings.Contains(last.Found+" | "+last.Advice, words[2]) {
			t.Errorf("%s: %+v, want %s", c.name, last, c.want)
		}
		if grave := last.Status == Warning || last.Status == Error; grave && last.Advice == "" && !strings.HasPrefix(last.Name, "hostname") {
			t.Errorf("%s: %+v has no advice", c.name, last)
		}
	}
}

func TestOthersAreAskedOnceAMinuteWhoeverLooks(t *testing.T) {
	now, asked := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC), 0
	c := New(Config{Now: func() time.Time { return now }, Junk: func(context.Context) error { asked++; return nil }})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := c.Look(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	now = now.Add(MaxAge)
	if _, err := c.Look(t.Context()); err != nil || asked != 2 {
		t.Errorf("asked %d times after MaxAge, %v", asked, err)
	}
}

func TestWhatDoesNotAnswerIsUnknownAndHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := func(ctx context.Context) []dnsbl.Failure { <-ctx.Done(); return nil }
		c := New(Config{Hostname: "mail.host.net", Lists: func(ctx context.Context) []dnsbl.Failure {
			return append(silent(ctx), dnsbl.Failure{List: "bl.net", Reason: "the look-up failed"})
		}, Names: func(ctx context.Context) (bool, error) { <-ctx.Done(); return false, ctx.Err() }})
		begun := time.Now()
		found, err := c.Look(t.Context())
		if err != nil || len(found) != 3 || time.Since(begun) != Step {
			t.Errorf("%v, %v after %s", found, err, time.Since(begun))
		}
	})
}

func TestWhoLeavesIsNotHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{Junk: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Look(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		found, err := c.Look(t.Context()) // and finds what was begun
		if err != nil || len(found) != 1 || found[0].Status != Error {
			t.Errorf("%v, %v", found, err)
		}
	})
}

func TestTheWorstIsToldOfAll(t *testing.T) {
	for want, list := range map[Status][]Status{OK: nil, Unknown: {OK, Unknown}, Warning: {Warning, Unknown, OK}, Error: {OK, Error, Warning}} {
		var found []Finding
		for _, s := range list {
			found = append(found, Finding{Status: s})
		}
		if got := Worst(found); got != want {
			t.Errorf("%v: %s", list, got)
		}
	}
}
