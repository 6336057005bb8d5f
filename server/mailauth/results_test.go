package mailauth

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/authres"
)

func TestTheFieldTellsTheVerdict(t *testing.T) {
	v := Verdict{
		SPF: SPF{Result: Pass, Domain: "example.org", Reason: "matched ip", HELO: HELO{Result: None, Domain: "mx.example.org"}},
		DKIM: []DKIM{
			{Result: Pass, Domain: "example.org", Selector: "s1", Algorithm: "rsa-sha256", start: "AuUoFEfD"},
			{Result: Fail, Domain: "example.net", Selector: "s2", Algorithm: "ed25519-sha256", start: "ab/d+f==", Reason: "the body was changed"},
		},
		DMARC: DMARC{Result: Pass, Domain: "example.org", PolicyDomain: "example.org", Policy: Reject, SubdomainPolicy: Quarantine, Disposition: NoAction},
		IPRev: IPRev{Result: Pass, IP: netip.MustParseAddr("2001:db8::1"), Name: "mx.example.org"},
	}
	want := "Authentication-Results: mx.example.com;\r\n" +
		"\tspf=pass reason=\"matched ip\" smtp.mailfrom=example.org;\r\n" +
		"\tdkim=pass header.d=example.org header.s=s1 header.a=rsa-sha256\r\n" +
		"\theader.b=AuUoFEfD;\r\n" +
		"\tdkim=fail reason=\"the body was changed\" header.d=example.net\r\n" +
		"\theader.s=s2 header.a=ed25519-sha256 header.b=\"ab/d+f==\";\r\n" +
		"\tdmarc=pass (p=reject sp=quarantine dis=none) header.from=example.org;\r\n" +
		"\tiprev=pass policy.iprev=\"2001:db8::1\" (mx.example.org)\r\n"
	if got := string(v.Header("mx.example.com")); got != want {
		t.Errorf("got %s", got)
	}
	v = Verdict{SPF: SPF{Result: Fail, Domain: "mx.example.org", Null: true, HELO: HELO{Result: Fail, Domain: "mx.example.org"}}, DMARC: DMARC{Result: None}, IPRev: IPRev{Result: PermError}}
	want = "Authentication-Results: mx.example.com;\r\n\tspf=fail smtp.helo=mx.example.org;\r\n\tdkim=none;\r\n\tdmarc=none;\r\n\tiprev=permerror\r\n"
	if got := string(v.Header("mx.example.com")); got != want {
		t.Errorf("got %s", got)
	}
}

func TestAnotherParserReadsTheField(t *testing.T) {
	v := Verdict{
		SPF:   SPF{Result: SoftFail, Domain: "a.test", HELO: HELO{Result: Pass, Domain: "mx.a.test"}},
		DKIM:  []DKIM{{Result: Pass, Domain: "b.test", Selector: "s"}, {Result: TempError, Domain: "c.test"}},
		DMARC: DMARC{Result: Fail, Domain: "d.test"},
		IPRev: IPRev{Result: Pass, IP: netip.MustParseAddr("192.0.2.1")},
	}
	_, value, _ := strings.Cut(unfold(v.Header("mx.test")), ":")
	id, results, err := authres.Parse(value)
	if err != nil || id != "mx.test" || len(results) != 6 {
		t.Fatal(id, results, err)
	}
	if r := results[0].(*authres.SPFResult); r.Value != authres.ResultSoftFail || r.From != "a.test" {
		t.Errorf("%+v", r)
	}
	if r := results[1].(*authres.SPFResult); r.Value != authres.ResultPass || r.Helo != "mx.a.test" {
		t.Errorf("%+v", r)
	}
	if r := results[2].(*authres.DKIMResult); r.Value != authres.ResultPass || r.Domain != "b.test" {
		t.Errorf("%+v", r)
	}
	if r := results[3].(*authres.DKIMResult); r.Value != authres.ResultTempError || r.Domain != "c.test" {
		t.Errorf("%+v", r)
	}
	if r := results[4].(*authres.DMARCResult); r.Value != authres.ResultFail || r.From != "d.test" {
		t.Errorf("%+v", r)
	}
	if r := results[5].(*authres.IPRevResult); r.Value != authres.ResultPass || r.IP != "192.0.2.1" {
		t.Errorf("%+v", r)
	}
}

// items takes a field apart by the grammar (RFC 8601, 2.2): the words between semicolons, quoted strings without their
// quotes, comments left out. It is false if the field is not well-formed.
func items(t *testing.T, field string) (list [][]string, ok bool) {
	t.Helper()
	name, s, found := strings.Cut(field, ":")
	if !found || name != "Authentication-Results" || !strings.HasSuffix(s, "\r\n") {
		return nil, false
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(s, "\r\n"), "\r\n") {
		if strings.ContainsAny(line, "\r\n") || len(line) > 998 || strings.TrimSpace(line) == "" || line[0] != ' ' && line[0] != '\t' {
			return nil, false
		}
	}
	s = strings.ReplaceAll(s, "\r\n", "")
	item := []string{}
	word, inWord := "", false
	end := func() {
		if inWord {
			item = append(item, word)
		}
		word, inWord = "", false
	}
	for s != "" {
		switch c := s[0]; {
		case c == ' ' || c == '\t':
			end()
			s = s[1:]
		case c == ';':
			end()
			list, item = append(list, item), []string{}
			s = s[1:]
		case c == '(':
			end()
			if s, ok = skipComment(s); !ok {
				return nil, false
			}
		case c == '"':
			inner, rest, closed := unquote(s)
			if !closed {
				return nil, false
			}
			word, inWord, s = word+inner, true, rest
		case c == '=' || isTokenByte(c):
			word, inWord, s = word+string(c), true, s[1:]
		default:
			return nil, false
		}
	}
	end()
	return append(list, item), true
}

func skipComment(s string) (string, bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[i+1:], true
			}
		}
	}
	return "", false
}

// Whatever stands in the values, the field has the results that the verdict has, and no more.
func checkInjection(t *testing.T, hostile string) {
	t.Helper()
	v := Verdict{
		SPF:   SPF{Result: Fail, Domain: hostile, Reason: hostile, HELO: HELO{Result: Fail, Domain: hostile, Reason: hostile}},
		DKIM:  []DKIM{{Result: Fail, Domain: hostile, Selector: hostile, Algorithm: hostile, start: hostile, Reason: hostile}},
		DMARC: DMARC{Result: Fail, Domain: hostile, PolicyDomain: hostile, Policy: Reject, Disposition: Reject, Reason: hostile},
		IPRev: IPRev{Result: Fail, IP: netip.MustParseAddr("192.0.2.1"), Name: hostile},
	}
	field := string(v.Header("mx.test"))
	list, ok := items(t, field)
	if !ok || len(list) != 6 {
		t.Fatalf("%q: %d items in %q", hostile, len(list), field)
	}
	shown := visible(hostile)
	var want []string
	property := func(name string) {
		if hostile != "" {
			want = append(want, name+"="+shown)
		}
	}
	for i, names := range [][]string{{"mx.test"}, {"spf=fail", "reason", "smtp.mailfrom"}, {"spf=fail", "reason", "smtp.helo"}, {"dkim=fail", "reason", "header.d", "header.s", "header.a", "header.b"}, {"dmarc=fail", "reason", "header.from"}} {
		want = names[:1:1]
		for _, name := range names[1:] {
			property(name)
		}
		if strings.Join(list[i], "\x00") != strings.Join(want, "\x00") {
			t.Errorf("%q: got %q, want %q", hostile, list[i], want)
		}
	}
	if got := strings.Join(list[5], " "); got != "iprev=fail policy.iprev=192.0.2.1" {
		t.Errorf("%q: got %q", hostile, got)
	}
}

var hostileValues = []string{
	"", "a", "a; dkim=pass header.d=bank.test", "a\"; dkim=pass", "a\\\"; dkim=pass", "a\\", "\"", "a\r\n\r\nbody", "a\r\nFrom: b@c.test", "a\x00b",
	"(", ")", "a) dkim=pass (", "\\)", "bücher.test", " ", "\t", "a@b", strings.Repeat("x", 3000), strings.Repeat("\\", 3000), "a=b", "=?utf-8?q?a?=",
}

func TestNothingOfASenderBecomesAResult(t *testing.T) {
	for _, hostile := range hostileValues {
		checkInjection(t, hostile)
	}
}

func FuzzHeader(f *testing.F) {
	for _, hostile := range hostileValues {
		f.Add(hostile)
	}
	f.Fuzz(func(t *testing.T, hostile string) { checkInjection(t, hostile) })
}
