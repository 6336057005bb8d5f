package dnscheck

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// list writes records in lines, without their reasons.
func list(records []Record) string {
	var b strings.Builder
	for _, r := range records {
		need := "recommended"
		if r.Required {
			need = "required"
		}
		value := r.Value
		if r.Type == "TXT" {
			value = fmt.Sprintf("%.60q", r.Value)
		}
		fmt.Fprintf(&b, "%s %s %s %d %d %d %s %s\n", r.Purpose, r.Name, r.Type, r.Priority, r.Weight, r.Port, value, need)
		if r.Alternative != nil {
			fmt.Fprintf(&b, "  or %s %s %.60s\n", r.Alternative.Type, r.Alternative.Name, r.Alternative.Value)
		}
	}
	return b.String()
}

func TestRecordsOfADomain(t *testing.T) {
	d := Domain{Name: "mail.example.test", Token: "abc", DKIM: []Key{{"s1", "v=DKIM1; k=rsa; p=AA", true}, {"s2", "v=DKIM1; k=rsa; p=BB", false}}}
	s := Server{Hostname: "mx.host.test", PublicHost: "web.host.test", PolicyID: "7", ReportAddress: "r@host.test"}
	want := `ownership _postroom.mail.example.test TXT 0 0 0 "postroom-verification=abc" required
mx mail.example.test MX 10 0 0 mx.host.test required
spf mail.example.test TXT 0 0 0 "v=spf1 a:mx.host.test ~all" required
dkim s1._domainkey.mail.example.test TXT 0 0 0 "v=DKIM1; k=rsa; p=AA" required
dkim s2._domainkey.mail.example.test TXT 0 0 0 "v=DKIM1; k=rsa; p=BB" recommended
dmarc _dmarc.mail.example.test TXT 0 0 0 "v=DMARC1; p=none; rua=mailto:r@host.test" recommended
mta-sts _mta-sts.mail.example.test TXT 0 0 0 "v=STSv1; id=7;" recommended
mta-sts-policy mta-sts.mail.example.test CNAME 0 0 0 mx.host.test recommended
tls-rpt _smtp._tls.mail.example.test TXT 0 0 0 "v=TLSRPTv1; rua=mailto:r@host.test" recommended
autoconfig autoconfig.mail.example.test CNAME 0 0 0 mx.host.test recommended
autodiscover autodiscover.mail.example.test CNAME 0 0 0 mx.host.test recommended
srv-imaps _imaps._tcp.mail.example.test SRV 0 0 993 mx.host.test recommended
srv-submissions _submissions._tcp.mail.example.test SRV 0 0 465 mx.host.test recommended
srv-submission _submission._tcp.mail.example.test SRV 0 0 587 mx.host.test recommended
srv-autodiscover _autodiscover._tcp.mail.example.test SRV 0 0 443 web.host.test recommended
`
	if got := list(Records(d, s)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	for _, r := range Records(d, s) {
		if r.Why == "" || !strings.HasSuffix(r.Why, ".") {
			t.Errorf("%s has no reason: %q", r.Name, r.Why)
		}
	}
}

func TestRecordsFollowWhatTheServerHas(t *testing.T) {
	d := Domain{Name: "example.test", DKIM: []Key{{"s1", "v=DKIM1; k=rsa; p=AA", true}}, TargetZone: true}
	s := Server{Hostname: "mx.host.test", Zone: "ops.test", PolicyID: "7", ReturnPath: "bounces"}
	got := list(Records(d, s))
	for _, want := range []string{
		"spf example.test TXT 0 0 0 \"v=spf1 include:_spf.ops.test ~all\" required\n",
		"dkim s1._domainkey.example.test CNAME 0 0 0 s1.example.test.dkim.ops.test required\n  or TXT s1._domainkey.example.test v=DKIM1; k=rsa; p=AA\n",
		"dmarc _dmarc.example.test TXT 0 0 0 \"v=DMARC1; p=none\" recommended\n",
		"  or CNAME _mta-sts.example.test _mta-sts.ops.test\n",
		"return-path bounces.example.test CNAME 0 0 0 mx.host.test required\n",
		"_autodiscover._tcp.example.test SRV 0 0 443 mx.host.test",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
	for _, never := range []string{"ownership", "tls-rpt"} {
		if strings.Contains(got, never) {
			t.Errorf("%s in:\n%s", never, got)
		}
	}
	if got := list(Records(d, Server{Hostname: "mx.host.test"})); strings.Contains(got, "mta-sts") || strings.Contains(got, "CNAME s1") {
		t.Errorf("without a policy and a zone:\n%s", got)
	}
}

func TestTheOperatorsZoneHoldsWhatDomainsLeadTo(t *testing.T) {
	d := Domain{Name: "example.test", DKIM: []Key{{"s1", "v=DKIM1; k=rsa; p=AA", true}}, TargetZone: true}
	s := Server{Hostname: "mx.host.test", Zone: "ops.test", PolicyID: "7", ReportAddress: "r@host.test", IPs: []netip.Addr{netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("2001:db8::1")}}
	want := `report-authorization *._report._dmarc.host.test TXT 0 0 0 "v=DMARC1" required
spf _spf.ops.test TXT 0 0 0 "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ?all" required
mta-sts _mta-sts.ops.test TXT 0 0 0 "v=STSv1; id=7;" recommended
dkim s1.example.test.dkim.ops.test TXT 0 0 0 "v=DKIM1; k=rsa; p=AA" required
`
	if got := list(OperatorRecords(s, d)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got := list(OperatorRecords(Server{Hostname: "mx.host.test"}, d)); got != "" {
		t.Errorf("without a zone: %s", got)
	}
}

func TestNamesOfKeysAreReadAsTheyAreMade(t *testing.T) {
	for _, domain := range []string{"example.test", "a.b.c.example.test", "xn--bcher-kva.example", "dkim.ops.test", strings.Repeat("abcdefgh.", 22) + "test"} {
		name := DKIMTarget("pr-a-rsa", domain, "ops.test")
		selector, got, ok := ParseDKIMTarget(strings.ToUpper(name)+".", "ops.test")
		if !ok || selector != "pr-a-rsa" || got != domain {
			t.Errorf("%s: %q, %q, %v", name, selector, got, ok)
		}
	}
	if got := DKIMTarget("pr-a-rsa", strings.Repeat("a.", 115)+"test", "ops.test"); got != "" {
		t.Errorf("a name of %d octets", len(got))
	}
	for _, name := range []string{"", "dkim.ops.test", "example.test.dkim.other.test", "s.dkim.ops.test", ".example.test.dkim.ops.test", "s..test.dkim.ops.test", "s.example.test.dkimXops.test", strings.Repeat("a.", 122) + "dkim.ops.test"} {
		if selector, domain, ok := ParseDKIMTarget(name, "ops.test"); ok {
			t.Errorf("%q: %q, %q", name, selector, domain)
		}
	}
}

func TestTheLongestDomainHasNamesForAll(t *testing.T) {
	name := strings.Repeat("abcdefg.", 40)[:MaxDomain-5] + ".test"
	d := testDomain(name)
	for _, r := range Records(d, testServer()) {
		if len(r.Name) > maxName {
			t.Errorf("%s has %d octets", r.Name, len(r.Name))
		}
	}
}

// parse reads a zone file as others do.
func parse(t testing.TB, text string) (rrs []dns.RR) {
	t.Helper()
	p := dns.NewZoneParser(strings.NewReader(text), "", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		rrs = append(rrs, rr)
	}
	if err := p.Err(); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	return rrs
}

func TestAZoneFileSaysWhatTheRecordsSay(t *testing.T) {
	records := Records(testDomain("example.test"), testServer())
	text := ZoneFile(records)
	rrs := parse(t, text)
	if len(rrs) != len(records) {
		t.Fatalf("%d of %d records in:\n%s", len(rrs), len(records), text)
	}
	for i, r := range records {
		want := r.Value
		switch r.Type {
		case "MX":
			want = fmt.Sprintf("%d %s", r.Priority, r.Value)
		case "SRV":
			want = fmt.Sprintf("%d %d %d %s", r.Priority, r.Weight, r.Port, r.Value)
		case "CNAME":
			want = "CNAME " + r.Value
		}
		if got := value(rrs[i]); host(rrs[i].Header().Name) != r.Name || got != want || rrs[i].Header().Ttl != zoneTTL {
			t.Errorf("%s: %q, want %q", rrs[i], got, want)
		}
		if txt, ok := rrs[i].(*dns.TXT); ok && slices.ContainsFunc(txt.Txt, func(s string) bool { return len(s) > 255 }) {
			t.Errorf("%s has a string that is too long", r.Name)
		}
	}
	if n := strings.Count(text, "\n; ") + 1; n != len(records) || !strings.Contains(text, "; mx (required): It tells") || !strings.Contains(text, "; dmarc (recommended): ") {
		t.Errorf("%d comments in:\n%s", n, text)
	}
}

// Whatever a record holds, it is one record of the zone file, with the same text.
func FuzzZoneFile(f *testing.F) {
	f.Add("v=DKIM1; k=rsa; p=AA", "example.test", "why")
	f.Add("say \"no\" \\ \x00\xff\n$INCLUDE /etc/passwd", "a.test\nb.test. A 192.0.2.1", "one\nb.test. A 192.0.2.1")
	f.Add(strings.Repeat("\"", 600), "$ORIGIN", ";")
	f.Fuzz(func(t *testing.T, value, name, why string) {
		text := ZoneFile([]Record{{Type: "TXT", Name: name, Value: value, Why: why, Purpose: why}, {Type: "TXT", Name: "end.test", Value: "end"}})
		if strings.Count(text, "\n") != 5 || strings.ContainsFunc(text, func(c rune) bool { return c > '~' || c < ' ' && c != '\n' }) {
			t.Fatalf("%q", text)
		}
		if !isName(name) || strings.ContainsFunc(name, func(c rune) bool { return !isAlnum(byte(c)) || c > '~' }) && name != "a.test" || len(value) > 60000 {
			return // the parser has bounds of its own
		}
		rrs := parse(t, text)
		if len(rrs) != 2 {
			t.Fatalf("%d records in %q", len(rrs), text)
		}
		if got := (statement{rrs: rrs[:1]}).texts()[0]; got != value {
			t.Errorf("%q, want %q", got, value)
		}
	})
}

func TestARecordOfEachKindServesAllSandboxDomains(t *testing.T) {
	list := sharedRecords(Domain{Name: "inbox.example.com"}, Server{Hostname: "mail.example.com"})
	var got []string
	for _, r := range list {
		got = append(got, r.Type+" "+r.Name+" "+r.Value)
	}
	want := "MX *.inbox.example.com mail.example.com|TXT *.inbox.example.com v=spf1 a:mail.example.com ~all|TXT *.inbox.example.com v=DMARC1; p=none"
	if strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
}
