package resolver

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/miekg/dns"

	"github.com/postroom/postroom/server/resolver/authtest"
)

func TestRecordsOfAnyTypeAreLookedUp(t *testing.T) {
	r, zones, _ := setUp(t, "a.test. NS ns1.a.test.\na.test. NS ns2.a.test.\n_imaps._tcp.a.test. SRV 0 1 993 mail.a.test.\nb.test. CNAME a.test.")
	found, err := r.Records(t.Context(), "B.test.", dns.TypeNS)
	if err != nil || found.Name != "a.test" || len(found.Records) != 2 || found.Records[1].(*dns.NS).Ns != "ns2.a.test." {
		t.Errorf("%+v, %v", found, err)
	}
	found.Records[0] = nil // an answer is its caller's
	if found, err = r.Records(t.Context(), "b.test", dns.TypeNS); err != nil || found.Records[0] == nil || zones.Queries("b.test") != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	_, err = r.Records(t.Context(), "a.test", dns.TypeSRV)
	check(t, err, ErrNoRecords, false)
}

func TestAnAuthorityIsAskedAsOne(t *testing.T) {
	world := authtest.Start(t, map[string]string{"127.0.0.21": `
a.test. SOA ns.a.test. me.a.test. 1 3600 600 86400 60
a.test. NS ns.a.test.
sub.a.test. NS ns.sub.a.test.
ns.sub.a.test. A 192.0.2.1
;@servfail bad.a.test
`})
	r, _, _ := setUp(t, "")
	server := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.21"), world.Port()).String()
	for _, c := range []struct {
		name          string
		rcode         int
		authoritative bool
	}{{"a.test", dns.RcodeSuccess, true}, {"X.a.test", dns.RcodeNameError, true}, {"y.sub.a.test", dns.RcodeSuccess, false}, {"bad.a.test", dns.RcodeServerFailure, false}, {"b.test", dns.RcodeRefused, false}} {
		msg, err := r.AskServer(t.Context(), server, c.name, dns.TypeNS)
		if err != nil || msg.Rcode != c.rcode || msg.Authoritative != c.authoritative {
			t.Errorf("%s: %v, %v", c.name, msg, err)
		}
	}
	if world.Server("127.0.0.21").Recursed() {
		t.Error("recursion was asked for")
	}
	if _, err := r.AskServer(t.Context(), server, "a..test", dns.TypeNS); !errors.Is(err, ErrInvalidName) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.AskServer(ctx, server, "a.test", dns.TypeNS); err == nil {
		t.Error("an answer without time")
	}
}
