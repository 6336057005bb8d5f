package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
)

// newZoned is a world whose DNS has an empty zone new.test.
func newZoned(t *testing.T) (*world, *zonetest.Server) {
	zones := zonetest.Start(t, `
		mail.example. 1 A 192.0.2.1
		1.2.0.192.in-addr.arpa. 1 PTR mail.example.
		new.test. 1 SOA ns.new.test. me.new.test. 1 3600 600 86400 1
		new.test. 1 NS ns.new.test.
		ns.new.test. 1 A 127.0.0.1
	`)
	certificate := func(host string) (string, time.Time, string) {
		return "acme", time.Unix(1_900_000_000, 0), "of " + host
	}
	return newWorldWith(t, Config{PublicURL: "https://mail.example/", Certificate: certificate}, resolver.New(resolver.Config{Servers: []string{zones.Addr()}})), zones
}

// record finds the first record of a purpose.
func (d domain) record(purpose string) dnsRecord {
	for _, r := range d.DNSRecords {
		if r.Purpose == purpose {
			return r
		}
	}
	return dnsRecord{}
}

func TestADomainIsConnected(t *testing.T) {
	w, _ := newZoned(t)
	var d domain
	w.must(201, "POST", "/v1/domains", w.a.key, `{"domain":"New.Test"}`, &d)
	w.must(200, "GET", "/v1/domains/new.test", w.a.key, "", &d)
	own := d.record("ownership")
	if d.Status != "pending" || own.Type != "TXT" || own.Name != "_postroom.new.test" || !strings.HasPrefix(own.Value, "postroom-verification=") || own.Status != "unchecked" || !own.Required || own.Why == "" {
		t.Errorf("%+v", own)
	}
	selectors := 0
	for _, r := range d.DNSRecords {
		if r.Purpose == "dkim" {
			selectors++
		}
	}
	if mx, srv := d.record("mx"), d.record("srv-imaps"); selectors != 4 || mx.Value != "mail.example" || *mx.Priority != 10 || *srv.Port != 993 || *srv.Weight != 0 {
		t.Errorf("%d, %+v, %+v", selectors, mx, srv)
	}
	w.must(200, "POST", "/v1/domains/new.test/verify", w.a.key, "", &d)
	if d.Status != "pending" || d.record("ownership").Status != "missing" || d.record("ownership").Advice == "" || d.CheckedAt == nil || d.NextCheckAt == nil {
		t.Errorf("%+v", d.record("ownership"))
	}
	if a := w.do("POST", "/v1/inboxes", w.a.key, `{"username":"info","domain":"new.test"}`); a.status != 409 {
		t.Errorf("%d %s", a.status, a.body)
	}

	w, zones := newZoned(t) // another, whose DNS has the text from the start
	w.must(201, "POST", "/v1/domains", w.a.key, `{"domain":"new.test"}`, &d)
	zones.Set("_postroom.new.test.", fmt.Sprintf("1 TXT %q", d.record("ownership").Value))
	w.must(200, "POST", "/v1/domains/new.test/verify", w.a.key, "", &d)
	if d.Status != "verified" || d.record("ownership").Status != "ok" || d.record("mx").Status != "missing" {
		t.Errorf("%s, %+v", d.Status, d.record("ownership"))
	}
	w.must(201, "POST", "/v1/inboxes", w.a.key, `{"username":"info","domain":"new.test"}`, nil)

	var h domainHealth
	w.must(200, "GET", "/v1/domains/new.test/health", w.a.key, "", &h)
	if h.Healthy || h.Counts["missing"] == 0 || h.Counts["ok"] != 1 || !h.Wrong[0].Required || h.Server == nil || h.Server.Status != "ok" || h.Server.Addresses[0].Names[0] != "mail.example" || h.Server.Addresses[0].Status != "ok" {
		t.Errorf("%+v, %+v", h, h.Server)
	}
	if len(h.Hosts) != 1 || h.Hosts[0].Host != "mail.example" || h.Hosts[0].Source != "acme" || h.Hosts[0].NotAfter == nil || h.Hosts[0].Problem != "of mail.example" {
		t.Errorf("%+v", h.Hosts)
	}
	var list domainList
	w.must(200, "GET", "/v1/domains", w.a.key, "", &list)
	if len(list.Domains) != 2 || list.Domains[0].record("ownership").Status != "ok" {
		t.Errorf("%+v", list)
	}
	if a := w.do("POST", "/v1/domains/new.test/verify", w.b.key, ""); a.status != 404 {
		t.Errorf("of another workspace: %d", a.status)
	}
}

func TestAZoneFileHasAllRecords(t *testing.T) {
	w, _ := newZoned(t)
	var d domain
	w.must(201, "POST", "/v1/domains", w.a.key, `{"domain":"new.test"}`, nil)
	a := w.must(200, "GET", "/v1/domains/new.test/zone-file", w.a.key, "", nil)
	w.must(200, "GET", "/v1/domains/new.test", w.a.key, "", &d)
	for _, r := range d.DNSRecords {
		if !strings.Contains(a.body, r.Name+".") {
			t.Errorf("%s is not there", r.Name)
		}
	}
	if a.header.Get("Content-Type") != zoneFileType {
		t.Errorf("%q", a.header)
	}
}

func TestASetupLinkNeedsNoKey(t *testing.T) {
	w, zones := newZoned(t)
	var d domain
	var link setupLink
	w.must(201, "POST", "/v1/domains", w.a.key, `{"domain":"new.test"}`, &d)
	w.must(201, "POST", "/v1/domains/new.test/setup-link", w.a.key, `{"hours":1}`, &link)
	path, ok := strings.CutPrefix(link.URL, "https://mail.example")
	if !ok || link.ExpiresAt.IsZero() {
		t.Fatalf("%+v", link)
	}
	zones.Set("_postroom.new.test.", fmt.Sprintf("1 TXT %q", d.record("ownership").Value))
	zones.Set("_dmarc.new.test.", `1 TXT "<script>alert(1)</script>"`)
	page := w.must(200, "GET", path, "", "", nil)
	for _, want := range []string{"The domain is verified", d.record("ownership").Value, "p=MII", "&lt;script&gt;", "mail.example", "only if mail of new.test is to be received and sent by " + d.record("mx").Value} {
		if !strings.Contains(page.body, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if strings.Contains(page.body, "<script>") || !strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'") || page.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%q", page.header)
	}
	if zone := w.must(200, "GET", path+"/zone", "", "", nil); !strings.Contains(zone.body, "_postroom.new.test.") {
		t.Errorf("%q", zone.body)
	}
	for _, bad := range []string{path + "x", path[:len(path)-1], "/setup/a.b.c", path + "x/zone"} {
		if a := w.do(http.MethodGet, bad, "", ""); a.status != 404 || strings.Contains(a.body, "new.test") {
			t.Errorf("%s: %d %s", bad, a.status, a.body)
		}
	}
	for _, body := range []string{`{"hours":0}`, `{"hours":2161}`} {
		if a := w.do("POST", "/v1/domains/new.test/setup-link", w.a.key, body); a.status != 400 {
			t.Errorf("%s: %d", body, a.status)
		}
	}
}

func TestWithoutADNSNothingIsVerified(t *testing.T) {
	w := newWorld(t, Config{})
	w.must(201, "POST", "/v1/domains", w.a.key, `{"domain":"new.test"}`, nil)
	if a := w.do("POST", "/v1/domains/new.test/verify", w.a.key, ""); a.status != 503 || a.problem(t).Code != "dns_not_asked" {
		t.Errorf("%d %s", a.status, a.body)
	}
	var h domainHealth
	w.must(200, "GET", "/v1/domains/"+w.a.domain+"/health", w.a.key, "", &h)
	if h.Server != nil || h.Counts["unchecked"] == 0 {
		t.Errorf("%+v", h)
	}
}
