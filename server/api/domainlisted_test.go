package api

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/domains"
	"github.com/postroom/postroom/server/health"
)

func TestADomainsHealthSaysWhichListsTheServersAddressesAreIn(t *testing.T) {
	w, zones := newZoned(t)
	zones.Set("2.0.0.127.bl.test", "1 A 127.0.0.2")
	zones.Set("1.2.0.192.bl.test", "1 A 127.0.0.2")
	lists, err := dnsbl.New(dnsbl.Config{Resolver: w.dns, Lists: []dnsbl.List{{Zone: "bl.test", Action: dnsbl.Junk}}})
	if err != nil {
		t.Fatal(err)
	}
	w.must(201, "POST", "/v1/domains", w.a.key, `{"domain":"new.test"}`, nil)
	for _, asked := range []*dnsbl.Lists{nil, lists} { // off by default
		to := dnscheck.Server{Hostname: "mail.example", IPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}
		w.api.cfg.Domains = domains.New(domains.Config{Checker: dnscheck.New(dnscheck.Config{Resolver: w.dns, Lists: asked}), Server: to}, w.dir, slog.New(slog.DiscardHandler))
		var h domainHealth
		w.must(200, "GET", "/v1/domains/new.test/health", w.a.key, "", &h)
		if h.Server == nil || len(h.Server.Addresses) != 1 || slices.Equal(h.Server.Addresses[0].Listed, []string{"bl.test"}) != (asked != nil) {
			t.Errorf("lists %v: %+v", asked != nil, h.Server)
		}
	}
}

func TestADomainsHealthSaysWhetherMailLeaves(t *testing.T) {
	w, _ := newZoned(t)
	w.must(201, "POST", "/v1/domains", w.a.key, `{"domain":"new.test"}`, nil)
	probe := func(reached bool) func(context.Context, []string) []dnscheck.ProbeResult {
		return func(_ context.Context, hosts []string) []dnscheck.ProbeResult {
			return []dnscheck.ProbeResult{{Host: hosts[0], OK: reached, Reason: "timeout"}}
		}
	}
	for want, cfg := range map[string]health.Config{
		"unknown": {Probe: probe(true)}, "ok": {Probe: probe(true), Peers: []string{"mx.peer.test"}}, "error": {Probe: probe(false), Peers: []string{"mx.peer.test"}},
	} {
		w.api.cfg.Health = health.New(cfg)
		var h domainHealth
		a := w.must(200, "GET", "/v1/domains/new.test/health", w.a.key, "", &h)
		if h.Server == nil || h.Server.Leaves != want || strings.Contains(a.body, "mx.peer.test") { // whom the operator tries is not for tenants
			t.Errorf("want %s: %s", want, a.body)
		}
	}
}
