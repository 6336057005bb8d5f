package dnscheck

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/authtest"
)

// bed is a checker and the name servers that it asks.
type bed struct {
	*Checker
	world *authtest.World
}

func setUp(t testing.TB, zones map[string]string, more string, changes ...func(*Config)) bed {
	t.Helper()
	world := authtest.Start(t, zones)
	recursive := world.Recursive(hostZone + orgZone + more)
	c := Config{
		Resolver: resolver.New(resolver.Config{Servers: []string{recursive.Addr()}, Tries: 1}),
		Question: 5 * time.Second, Port: world.Port(), AllowPrivate: true, Clock: func() time.Time { return now },
	}
	for _, change := range changes {
		change(&c)
	}
	return bed{New(c), world}
}

// zoneHead begins the zone of a domain with name servers at the addresses.
func zoneHead(domain string, addrs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s. SOA ns1.%s. me.%s. 1 3600 600 86400 900\n", domain, domain, domain)
	for i, addr := range addrs {
		fmt.Fprintf(&b, "%s. NS ns%02d.%s.\nns%02d.%s. A %s\n", domain, i+1, domain, i+1, domain, addr)
	}
	return b.String()
}

func good(domain string) string { return ZoneFile(Records(testDomain(domain), testServer())) }

func findingOf(t *testing.T, r Report, purpose string) Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Record.Purpose == purpose {
			return f
		}
	}
	t.Fatalf("no finding of %s", purpose)
	return Finding{}
}

func TestASlowServerIsWaitedFor(t *testing.T) {
	zone := zoneHead("example.test", "127.0.0.41", "127.0.0.42") + good("example.test")
	b := setUp(t, map[string]string{"127.0.0.41": zone, "127.0.0.42": strings.ReplaceAll(zone, "token1", "token0")}, "")
	release := make(chan struct{})
	b.world.Server("127.0.0.42").Hold(release)
	done := make(chan Report)
	go func() { done <- b.Check(t.Context(), testDomain("example.test"), testServer()) }()
	<-b.world.Server("127.0.0.41").Asked()
	<-b.world.Server("127.0.0.42").Asked()
	select {
	case <-done:
		t.Fatal("it did not wait")
	default:
	}
	close(release)
	r := <-done
	if f := findingOf(t, r, PurposeOwnership); f.Status != Propagating || r.Owner != Unproven || !strings.Contains(f.Advice, "ns02.example.test") {
		t.Errorf("%+v", f)
	}
}

func TestACheckEndsInTime(t *testing.T) {
	zone := ";@silent\n" + zoneHead("example.test", "127.0.0.43")
	for name, run := range map[string]func(b bed) Report{
		"timeout": func(b bed) Report { return b.Check(t.Context(), testDomain("example.test"), testServer()) },
		"cancel": func(b bed) Report {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return b.Check(ctx, testDomain("example.test"), testServer())
		},
	} {
		b := setUp(t, map[string]string{"127.0.0.43": zone}, "", func(c *Config) { c.Timeout = 100 * time.Millisecond })
		r := run(b)
		if r.Known() || r.Owner != Unknown || r.Complete() || len(r.Findings) == 0 {
			t.Errorf("%s: %s", name, render(r))
		}
		for _, f := range r.Findings {
			if f.Status != Failed || f.Advice == "" {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

func TestWhatIsNoNameIsNoDomain(t *testing.T) {
	b := setUp(t, map[string]string{"127.0.0.49": zoneHead("example.test", "127.0.0.49") + `
_postroom.example.test. CNAME a\\.b.example.test.
autoconfig.example.test. CNAME a\\.b.other.test.
example.test. MX 10 a\\.b.example.test.
`}, "")
	r := b.Check(t.Context(), testDomain("example.test"), testServer())
	if len(r.Servers) != 1 || r.Servers[0].Problem != "" || r.Owner == Proven {
		t.Errorf("%s", render(r))
	}
	for _, name := range []string{"", ".", "a..b", "test", "a b.test", strings.Repeat("a", 70) + ".test", strings.Repeat("a.", 200) + "test", "192.0.2.1"} {
		if r := b.Check(t.Context(), testDomain(name), testServer()); r.Complete() || r.Owner == Proven {
			t.Errorf("%q: %s", name, render(r))
		}
	}
	if r := b.Check(t.Context(), Domain{Name: "example.test"}, Server{}); r.Complete() || r.Owner != Unknown {
		t.Errorf("%s", render(r))
	}
}

func TestOnlyTheFirstServersAreAsked(t *testing.T) {
	zones := map[string]string{}
	var addrs []string
	for i := range 9 {
		addrs = append(addrs, fmt.Sprintf("127.0.0.%d", 50+i))
	}
	for _, addr := range addrs {
		zones[addr] = zoneHead("example.test", addrs...) + good("example.test")
	}
	b := setUp(t, zones, "")
	r := b.Check(t.Context(), testDomain("example.test"), testServer())
	if !r.Complete() || len(r.Servers) != MaxServers {
		t.Errorf("%s", render(r))
	}
	sum := 0
	for i, addr := range addrs {
		n := b.world.Server(addr).Queries()
		sum += n
		if (n > 0) != (i < MaxServers) {
			t.Errorf("%s was asked %d times", addr, n)
		}
	}
	if sum > MaxQueries/2 { // there has to be room for what goes wrong
		t.Errorf("%d questions", sum)
	}
}

func TestQuestionsAreCounted(t *testing.T) {
	zone := zoneHead("example.test", "127.0.0.44")
	for i := range 12 { // chains without end in another zone
		zone += fmt.Sprintf("c%d.example.test. CNAME c%d.other.test.\n", i, i)
	}
	zone += "*.example.test. CNAME c0.other.test.\nexample.test. MX 10 c0.example.test.\n"
	other := zoneHead("other.test", "127.0.0.45")
	for i := range 12 {
		other += fmt.Sprintf("c%d.other.test. CNAME c%d.example.test.\n", i, i+1)
	}
	b := setUp(t, map[string]string{"127.0.0.44": zone, "127.0.0.45": other}, "")
	r := b.Check(t.Context(), testDomain("example.test"), testServer())
	if n := b.world.Server("127.0.0.44").Queries() + b.world.Server("127.0.0.45").Queries(); n > MaxQueries {
		t.Errorf("%d questions", n)
	}
	if f := findingOf(t, r, PurposeAutoconfig); f.Status != Different || !strings.Contains(f.Advice, "circle") || len(f.Found) > MaxFound {
		t.Errorf("%+v", f)
	}

	k := &check{Checker: b.Checker, budget: budget{left: 2}, domain: testDomain("example.test"), server: testServer()}
	for i, spent := range []bool{false, false, true, true} {
		if got := !k.budget.take(); got != spent {
			t.Errorf("question %d: %v", i, got)
		}
	}
	k.resolver = resolver.New(resolver.Config{Servers: []string{"127.0.0.1:1"}, Tries: 1})
	n := &nameServer{name: "ns", addrs: []string{"127.0.0.44:1"}}
	if _, err := k.ask(t.Context(), n, "example.test", 1); err != errSpent {
		t.Error(err)
	}
}

func TestReferralsEnd(t *testing.T) {
	const levels = MaxZones + maxReferrals
	addr := func(i int) string { return fmt.Sprintf("127.0.1.%d", i+1) }
	zones := map[string]string{addr(0): zoneHead("example.test", addr(0))}
	name := "example.test"
	for i := range levels {
		name = "z." + name
		zones[addr(i)] += fmt.Sprintf("%s. NS ns.%s.\nns.%s. A %s\n", name, name, name, addr(i+1))
		zones[addr(i+1)] = fmt.Sprintf("%s. SOA ns.%s. me.%s. 1 3600 600 86400 900\n%s. NS ns.%s.\n", name, name, name, name, name)
	}
	zones[addr(levels)] += good(name)
	b := setUp(t, zones, "")
	r := b.Check(t.Context(), testDomain(name), testServer())
	asked := 0
	for i := range levels + 1 {
		n := b.world.Server(addr(i)).Queries()
		asked += n
		if i >= MaxZones && n > 0 {
			t.Errorf("the server at level %d was asked %d times", i, n)
		}
	}
	if b.world.Server(addr(MaxZones-1)).Queries() == 0 {
		t.Error("the referrals were not followed")
	}
	if asked > MaxQueries || len(r.Servers) > MaxZones || len(r.Problems) > maxProblems {
		t.Errorf("%d questions\n%s", asked, render(r))
	}
	if f := findingOf(t, r, PurposeOwnership); !f.Recursive {
		t.Errorf("%+v", f)
	}
}

func TestWhatIsLongIsCut(t *testing.T) {
	zone := zoneHead("example.test", "127.0.0.48")
	for i := range 40 {
		zone += fmt.Sprintf("_postroom.example.test. TXT \"%d%s\" \"%s\" \"%s\"\n", i, strings.Repeat("x", 250), strings.Repeat("y", 255), strings.Repeat("\\195", 255))
	}
	b := setUp(t, map[string]string{"127.0.0.48": zone}, "")
	f := findingOf(t, b.Check(t.Context(), testDomain("example.test"), testServer()), PurposeOwnership)
	if f.Status != Different || len(f.Found) != MaxFound {
		t.Errorf("%+v", f)
	}
	for _, s := range f.Found {
		if len(s) > MaxFoundText || oneLine(s) != s {
			t.Errorf("%q", s)
		}
	}
}

func TestOnlyDifferencesAreTold(t *testing.T) {
	one, two, three := Record{Purpose: PurposeMX, Name: "a.test", Required: true}, Record{Purpose: PurposeSPF, Name: "a.test"}, Record{Purpose: PurposeDKIM, Name: "s._domainkey.a.test"}
	report := func(statuses ...Status) Report {
		r := Report{Owner: Proven}
		for i, s := range statuses {
			r.Findings = append(r.Findings, Finding{Record: []Record{one, two, three}[i], Status: s})
		}
		return r
	}
	told := func(before, after Report) map[string]Status {
		list := map[string]Status{}
		for _, c := range Diff(before, after) {
			list[c.After.Record.Purpose] = c.Before
		}
		return list
	}
	for name, c := range map[string]struct {
		before, after Report
		want          map[string]Status
	}{
		"the same":       {report(OK, Missing, Different), report(OK, Missing, Different), map[string]Status{}},
		"lost":           {report(OK, OK, OK), report(OK, Missing, OK), map[string]Status{PurposeSPF: OK}},
		"found":          {report(Missing, OK, Propagating), report(OK, OK, OK), map[string]Status{PurposeMX: Missing, PurposeDKIM: Propagating}},
		"failed":         {report(OK, OK, OK), report(Failed, Failed, Failed), map[string]Status{}},
		"new":            {report(OK), report(OK, OK), map[string]Status{PurposeSPF: ""}},
		"not any more":   {report(OK, OK, OK), report(OK), map[string]Status{}},
		"nothing before": {Report{}, report(OK, Failed, Missing), map[string]Status{PurposeMX: "", PurposeDKIM: ""}},
	} {
		if got := told(c.before, c.after); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	changed := report(OK, OK, Different)
	changed.Findings[2].Found = []string{"another"}
	if got := told(report(OK, OK, Different), changed); len(got) != 1 {
		t.Errorf("another thing that is different: %v", got)
	}

	kept := Remember(report(OK, OK, Missing), report(Failed, Missing, Failed))
	if got := told(kept, report(Missing, Missing, Missing)); !maps.Equal(got, map[string]Status{PurposeMX: OK}) {
		t.Errorf("after a failure: %v", got)
	}
	blind := report(Failed)
	blind.Owner = Unknown
	if kept := Remember(report(OK), blind); kept.Owner != Proven || !kept.Complete() || blind.Findings[0].Status != Failed {
		t.Errorf("%+v", kept)
	}
}

func TestTheNextLookComesLaterAndLater(t *testing.T) {
	done := Report{Findings: []Finding{{Record: Record{Required: true}, Status: OK}}}
	open := Report{Findings: []Finding{{Record: Record{Required: true}, Status: Missing}}}
	blind := Report{Findings: []Finding{{Record: Record{Required: true}, Status: Failed}}}
	cached := Report{Findings: []Finding{{Record: Record{Required: true}, Status: Missing, Recursive: true}}}
	created := time.Unix(1_800_000_000, 0)
	day := 24 * time.Hour
	for _, c := range []struct {
		name     string
		age      time.Duration
		verified bool
		attempts int
		report   Report
		until    time.Duration // of what the resolver remembers, behind the last look
		want     time.Duration
	}{
		{"at once", 0, false, 0, Report{}, 0, 0},
		{"first", time.Second, false, 1, open, 0, 10 * time.Second},
		{"second", time.Minute, false, 2, open, 0, 15 * time.Second},
		{"tenth", time.Hour, false, 10, open, 0, 384433593750},
		{"in the first days", day, false, 100, open, 0, time.Hour},
		{"late", 4 * day, false, 100, open, 0, 6 * time.Hour},
		{"old", 15 * day, false, 100, open, 0, day},
		{"authorities remember nothing", time.Second, false, 1, Report{Findings: []Finding{{Status: Missing, Until: created.Add(time.Hour)}}}, 0, 10 * time.Second},
		{"resolvers do", time.Second, false, 1, cached, 5 * time.Minute, 5 * time.Minute},
		{"within bounds", time.Second, false, 1, cached, 3 * time.Hour, 15 * time.Minute},
		{"no answer", time.Second, false, 1, blind, 0, time.Minute},
		{"verified", time.Hour, true, 3, done, 0, day},
		{"verified and broken", 90 * day, true, 3, open, 0, time.Hour},
		{"verified and nothing known", 90 * day, true, 3, blind, 0, time.Hour},
	} {
		last := created.Add(c.age)
		if c.until > 0 {
			c.report.Findings[0].Until = last.Add(c.until)
		}
		if got := Next(created, last, c.verified, c.attempts, c.report).Sub(last); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for n := 1; n < 50; n++ {
		a, b := growing(n), growing(n+1)
		if b < a || b > HourlyWait {
			t.Errorf("%v after %v", b, a)
		}
	}
	if growing(1_000_000_000) != HourlyWait {
		t.Error("it does not end at an hour")
	}
}
