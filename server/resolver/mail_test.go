package resolver

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

func TestMXComesByPreferenceAndShuffled(t *testing.T) {
	r, _, _ := setUp(t, `
		d.test. MX 20 c.test.
		d.test. MX 10 A.test.
		d.test. MX 10 b.test.
		d.test. MX 5 first.test.
	`)
	seen := map[string]bool{}
	r.intN = rand.New(rand.NewPCG(1, 2)).IntN
	for range 20 {
		found, err := r.MX(t.Context(), "d.test")
		if err != nil || found.NullMX || len(found.Records) != 4 || found.Records[0] != (MX{"first.test", 5}) || found.Records[3] != (MX{"c.test", 20}) {
			t.Fatalf("%+v, %v", found, err)
		}
		seen[found.Records[1].Host] = true
	}
	if !seen["a.test"] || !seen["b.test"] {
		t.Errorf("of two equal hosts always the same comes first: %v", seen)
	}
}

func TestMailGoesToTheMXOrTheDomainItself(t *testing.T) {
	var many strings.Builder
	for i := range 2 * MaxMailHosts {
		fmt.Fprintf(&many, "many.test. MX %d mx%d.many.test.\n", i, i)
	}
	r, zones, _ := setUp(t, many.String()+`
		mx.test. MX 20 b.mx.test.
		mx.test. MX 10 a.mx.test.
		mx.test. A 192.0.2.1
		implicit.test. A 192.0.2.1
		six.test. AAAA 2001:db8::1
		null.test. MX 0 .
		null.test. A 192.0.2.1
		halfnull.test. MX 0 .
		halfnull.test. MX 10 mx.test.
		literal.test. MX 10 192.0.2.1.
		literal.test. MX 20 mx.test.
		literals.test. MX 10 192.0.2.1.
		literals.test. MX 10 [192.0.2.1].
		literals.test. MX 10 a\032b.test.
		literals.test. MX 10 10.
		twice.test. MX 10 a.test.
		twice.test. MX 20 A.test.
		www.test. CNAME mx.test.
		alias.test. MX 10 alias-mx.test.
		alias-mx.test. CNAME mx.test.
		text.test. TXT x
		broken.test. A 192.0.2.1
		brokenaddress.test. TXT x
	`)
	zones.Fail("broken.test", zonetest.ServFail, dns.TypeMX)
	zones.Fail("brokenaddress.test", zonetest.ServFail, dns.TypeA)
	for domain, want := range map[string]struct {
		hosts     []string
		implicit  bool
		err       error
		temporary bool
	}{
		"mx.test":            {hosts: []string{"a.mx.test", "b.mx.test"}},
		"MX.test.":           {hosts: []string{"a.mx.test", "b.mx.test"}},
		"implicit.test":      {hosts: []string{"implicit.test"}, implicit: true},
		"Six.test.":          {hosts: []string{"six.test"}, implicit: true},
		"null.test":          {err: ErrNullMX},
		"halfnull.test":      {hosts: []string{"mx.test"}},
		"literal.test":       {hosts: []string{"mx.test"}},
		"literals.test":      {err: ErrNoMailHost},
		"twice.test":         {hosts: []string{"a.test"}},
		"www.test":           {hosts: []string{"a.mx.test", "b.mx.test"}},
		"alias.test":         {hosts: []string{"alias-mx.test"}},
		"text.test":          {err: ErrNoRecords},
		"nowhere.test":       {err: ErrNoSuchName},
		"broken.test":        {temporary: true},
		"brokenaddress.test": {temporary: true},
	} {
		t.Run(domain, func(t *testing.T) {
			route, err := r.Mail(t.Context(), domain)
			if want.hosts == nil {
				check(t, err, want.err, want.temporary)
				return
			}
			var hosts []string
			for _, h := range route.Hosts {
				hosts = append(hosts, h.Host)
			}
			if err != nil || !slices.Equal(hosts, want.hosts) || route.Implicit != want.implicit {
				t.Errorf("%+v, %v", route, err)
			}
		})
	}
	if n := zones.Queries("nowhere.test", dns.TypeA); n != 0 {
		t.Error("a name that does not exist was asked for its address")
	}
	if n := zones.Queries("broken.test", dns.TypeA); n != 0 {
		t.Error("a failed look-up of MX was taken for there being none")
	}
	route, err := r.Mail(t.Context(), "many.test")
	if err != nil || len(route.Hosts) != MaxMailHosts || route.Hosts[MaxMailHosts-1].Preference != MaxMailHosts-1 {
		t.Errorf("%d hosts, %v", len(route.Hosts), err)
	}
	found, err := r.MX(t.Context(), "null.test")
	if err != nil || !found.NullMX {
		t.Errorf("%+v, %v", found, err)
	}
	if addrs, err := r.Addresses(t.Context(), "alias-mx.test"); err != nil || addrs.Name != "mx.test" {
		t.Errorf("the alias of an MX: %+v, %v", addrs, err)
	}
}
