package api

import (
	"log/slog"
	"net/netip"
	"slices"
	"testing"

	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/domains"
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
