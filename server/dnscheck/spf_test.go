package dnscheck

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
)

func TestLookupsOfSPFAreCountedInAllBranches(t *testing.T) {
	zone := "one.test. TXT \"v=spf1 a mx/24 ip4:192.0.2.1 -all\"\n" +
		"loop.test. TXT \"v=spf1 include:loop.test a -all\"\n" +
		"to.test. TXT \"v=spf1 redirect=one.test\"\n"
	for i := range 5 { // each has three of the next: 3 + 9 + 27 + ...
		zone += fmt.Sprintf("tree%d.test. TXT \"v=spf1 include:tree%d.test include:tree%d.test include:tree%d.test -all\"\n", i, i+1, i+1, i+1)
	}
	zones := zonetest.Start(t, zone)
	for record, want := range map[string]int{
		"v=spf1 -all": 0,
		"v=spf1 ip4:192.0.2.1 A:x.test MX exists:%{i}.test ptr":  4,
		"v=spf1 include:one.test ~all":                           3,
		"v=spf1 include:one.test include:one.test ~all":          6,
		"v=spf1 include:one.test ~all redirect=one.test":         3,
		"v=spf1 redirect=to.test":                                4,
		"v=spf1 -all a mx":                                       0,
		"v=spf1 include:loop.test -all":                          3,
		"v=spf1 include:none.test include:%{d}.one.test -all":    2,
		"v=spf1 include:tree0.test -all":                         maxSPFCount,
		"v=spf1" + strings.Repeat(" a", 5000):                    maxSPFCount,
		"v=spf1 -include:one.test ?a ~mx:x.test/24//64 exp=a.te": 5,
	} {
		names := resolver.New(resolver.Config{Servers: []string{zones.Addr()}, Tries: 1})
		k := &check{Checker: New(Config{Resolver: names}), budget: budget{left: MaxQueries}}
		if got := k.countLookups(t.Context(), spfTerms(record)); got != want {
			t.Errorf("%.80s: %d, want %d", record, got, want)
		}
		if used := MaxQueries - k.budget.left; used > maxSPFCount {
			t.Errorf("%.80s: %d questions", record, used)
		}
	}
	if n := zones.Queries("tree5.test", dns.TypeTXT); n > 1 {
		t.Errorf("%d", n)
	}
}

func TestOurTermGoesFirst(t *testing.T) {
	for record, want := range map[string]string{
		"v=spf1 include:a.test -all":         "change the record to v=spf1 a:m.test include:a.test -all",
		"V=SPF1":                             "change the record to V=SPF1 a:m.test",
		"v=spf1  redirect=a.test ":           "change the record to v=spf1 a:m.test redirect=a.test",
		"v=spf1" + strings.Repeat(" a", 300): "write a:m.test behind v=spf1",
	} {
		if got := withTerm(record, "a:m.test"); got != want {
			t.Errorf("%q", got)
		}
	}
}
