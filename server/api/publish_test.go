package api

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/dnsupdate"
	"github.com/postroom/postroom/server/domains"
	"github.com/postroom/postroom/server/resolver/zonetest"
)

// publishes has the server write DNS, into zones that take updates.
func (w *world) publishes(zones *zonetest.Server) {
	primary := &dnsupdate.Primary{Server: zones.Addr(), KeyName: zonetest.KeyName, Algorithm: "hmac-sha256", Secret: zonetest.KeySecret}
	to := dnscheck.Server{Hostname: "mail.example", Zone: "zone.new.test", IPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}
	w.api.cfg.Domains = domains.New(domains.Config{Checker: dnscheck.New(dnscheck.Config{Resolver: w.dns}), Server: to, Primary: primary}, w.dir, slog.New(slog.DiscardHandler))
}

func TestAnOperatorHasRecordsWritten(t *testing.T) {
	w, zones := newZoned(t)
	w.publishes(zones)
	w.must(201, "POST", "/v1/domains", w.operator, `{"domain":"new.test","workspaceId":"`+w.a.id+`"}`, nil)
	var dry, wet, again publishing
	w.must(200, "POST", "/v1/domains/new.test/publish", w.operator, `{"dryRun":true}`, &dry)
	if zones.Updates() != 0 || len(dry.Steps) == 0 {
		t.Errorf("%d updates by a dry run, %+v", zones.Updates(), dry)
	}
	w.must(200, "POST", "/v1/domains/new.test/publish", w.operator, `{}`, &wet)
	n := zones.Updates()
	w.must(200, "POST", "/v1/domains/new.test/publish", w.operator, `{}`, &again)
	for i, s := range wet.Steps {
		if s.Action != "add" || dry.Steps[i].Action != "add" || again.Steps[i].Action != "keep" {
			t.Errorf("%+v, %+v, %+v", dry.Steps[i], s, again.Steps[i])
		}
	}
	if n != len(wet.Steps) || zones.Updates() != n {
		t.Errorf("%d updates for %d steps, then %d", n, len(wet.Steps), zones.Updates()-n)
	}
	zone := w.must(200, "GET", "/v1/operator/zone-file", w.operator, "", nil).body
	for _, want := range []string{"\nmail.example. 3600 IN A 192.0.2.1\n", "\n_spf.zone.new.test. 3600 IN TXT \"v=spf1 ip4:192.0.2.1 ?all\"\n", "\npr-a-ed.new.test.dkim.zone.new.test. 3600 IN TXT \"v=DKIM1; k=ed25519;"} {
		if !strings.Contains("\n"+zone, want) {
			t.Errorf("no %q in %s", want, zone)
		}
	}
	w.must(200, "POST", "/v1/operator/publish", w.operator, `{}`, &wet)
	if zones.Updates() == n {
		t.Errorf("%+v", wet)
	}
	for _, route := range []string{"POST /v1/domains/new.test/publish", "POST /v1/operator/publish", "GET /v1/operator/zone-file"} {
		method, path, _ := strings.Cut(route, " ")
		body := ""
		if method == "POST" {
			body = "{}"
		}
		if a := w.do(method, path, w.a.key, body); a.status != 403 {
			t.Errorf("%s with a workspace's key: %d %s", route, a.status, a.body)
		}
	}
}

func TestWithoutANameServerNothingIsWritten(t *testing.T) {
	w, _ := newZoned(t)
	for _, path := range []string{"/v1/domains/" + w.a.domain + "/publish", "/v1/operator/publish"} {
		if a := w.do("POST", path, w.operator, "{}"); a.status != 409 || !strings.Contains(a.body, "tls.dns_provider") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}
