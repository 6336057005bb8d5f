package api

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/domains"
)

func TestAWorkspaceShowsItsSandboxDomainAndUsesItAtOnce(t *testing.T) {
	w := newWorld(t, Config{})
	w.sandbox = "inbox.operator.example"
	w.restart()
	w.api.cfg.Domains = domains.New(domains.Config{Server: dnscheck.Server{Hostname: "mail.example", IPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}, w.dir, slog.New(slog.DiscardHandler))
	var ws workspace
	w.must(200, "GET", "/v1/workspaces/"+w.a.id, w.a.key, "", &ws)
	if !strings.HasSuffix(ws.SandboxDomain, ".inbox.operator.example") {
		t.Fatalf("%+v", ws)
	}
	w.must(201, "POST", "/v1/inboxes", w.a.key, `{"username":"first","domain":"`+ws.SandboxDomain+`"}`, nil)
	var out simulated
	w.must(201, "POST", "/v1/inboxes/first@"+ws.SandboxDomain+"/simulate", w.a.key, `{"scenario":"code"}`, &out)
	if out.Outcome != "delivered" {
		t.Errorf("%+v", out)
	}
	var d domain
	w.must(200, "GET", "/v1/domains/"+ws.SandboxDomain, w.a.key, "", &d)
	if !d.Sandbox || d.Status != "verified" || len(d.DNSRecords) != 0 {
		t.Errorf("%+v", d)
	}
	w.must(200, "POST", "/v1/domains/"+ws.SandboxDomain+"/verify", w.a.key, "", &d)
	for method, path := range map[string]string{"DELETE": "", "POST": "/rotate-dkim"} {
		if a := w.do(method, "/v1/domains/"+ws.SandboxDomain+path, w.a.key, ""); a.status != 409 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for _, path := range []string{"/v1/domains/" + ws.SandboxDomain, "/v1/domains/" + w.sandbox} {
		if a := w.do("GET", path, w.b.key, ""); a.status != 404 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	zone := w.must(200, "GET", "/v1/domains/"+w.sandbox+"/zone-file", w.operator, "", nil).body
	for _, want := range []string{"\n*.inbox.operator.example. 3600 IN MX 10 mail.example.\n", "\n*.inbox.operator.example. 3600 IN TXT \"v=DMARC1; p=none\"\n", "_domainkey.inbox.operator.example. 3600 IN TXT \"v=DKIM1; k=rsa;"} {
		if !strings.Contains(zone, want) {
			t.Errorf("no %q in %s", want, zone)
		}
	}
}
