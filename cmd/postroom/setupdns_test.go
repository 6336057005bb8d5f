package main

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

func TestSetupWritesTheRecordsWhereItMay(t *testing.T) {
	zones := zonetest.Start(t, `
		shop.com. 60 SOA ns.shop.com. me.shop.com. 1 3600 600 86400 60
		shop.com. 60 TXT "v=spf1 include:_spf.others.net -all"
	`)
	dir := t.TempDir()
	base := DefaultConfig()
	base.Hostname, base.DataDir = "mail.shop.com", filepath.Join(dir, "d")
	base.DNS.Servers = []string{zones.Addr()}
	base.TLS.DNSProvider, base.TLS.DNSServer, base.TLS.DNSKeyName, base.TLS.DNSKeySecret = rfc2136, zones.Addr(), zonetest.KeyName, zonetest.KeySecret
	base.Domains.Addresses, base.Domains.Zone = []string{"192.0.2.1"}, "hosting.shop.com"
	m := &madeUp{System: "mail.shop.com", IPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, DNS: "validates", Disk: 50 << 30}
	setUp := func(dry bool) string {
		t.Helper()
		c := &setupCommand{Address: "you@shop.com", Config: filepath.Join(dir, "c.toml"), DryRun: dry}
		var out strings.Builder
		kept := base
		if err := c.setUp(t.Context(), terminal{out: &out, err: &out}, m, base, &kept); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(out.String()), " ")
	}
	if out := setUp(true); !strings.Contains(out, "add mail.shop.com A 192.0.2.1") || !strings.Contains(out, "add _spf.hosting.shop.com TXT") || zones.Updates() != 0 {
		t.Errorf("%d updates by a dry run:\n%s", zones.Updates(), out)
	}
	first := setUp(false)
	for _, want := range []string{"add shop.com MX mail.shop.com", "refuse shop.com TXT v=spf1", "put include:_spf.hosting.shop.com into it", "add pr-a-rsa._domainkey.shop.com CNAME pr-a-rsa.shop.com.dkim.hosting.shop.com",
		"add pr-b-ed.shop.com.dkim.hosting.shop.com TXT v=DKIM1; k=ed25519", "Written, but for these"} {
		if !strings.Contains(first, want) {
			t.Errorf("%q is not in %s", want, first)
		}
	}
	n := zones.Updates()
	if again := setUp(false); zones.Updates() != n || n == 0 || !strings.Contains(again, "keep shop.com MX mail.shop.com") {
		t.Errorf("%d updates, then %d more: %s", n, zones.Updates()-n, again)
	}
}

// A name server remembers for long that a name was not there.
func TestSetupAsksNobodyForNamesThatAreYetToBeWritten(t *testing.T) {
	zones := zonetest.Start(t, "com. 60 SOA ns.com. me.com. 1 3600 600 86400 3600")
	dir := t.TempDir()
	base := DefaultConfig()
	base.Hostname, base.DataDir, base.DNS.Servers = "mail.shop.com", filepath.Join(dir, "d"), []string{zones.Addr()}
	m := &madeUp{System: "mail.shop.com", IPs: []netip.Addr{netip.MustParseAddr("8.8.4.4")}, DNS: "validates", Disk: 50 << 30}
	c := &setupCommand{Address: "you@shop.com", Domain: []string{"more.com"}, Config: filepath.Join(dir, "c.toml")}
	var out strings.Builder
	kept := base
	if err := c.setUp(t.Context(), terminal{out: &out, err: &out}, m, base, &kept); err != nil {
		t.Fatal(err)
	}
	records := 0
	for line := range strings.Lines(out.String()) {
		name, _, is := strings.Cut(line, ". 3600 IN ")
		if !is {
			continue
		}
		records++
		if n := zones.Queries(name); n > 0 {
			t.Errorf("%s was asked for %d times", name, n)
		}
	}
	if records < 20 {
		t.Errorf("%d records in %s", records, out.String())
	}
}
