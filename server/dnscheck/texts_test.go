package dnscheck

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever strangers write into a zone, the verdict on it is bounded and printable, and what should be there is known.
func FuzzTexts(f *testing.F) {
	key := testDomain("example.test").DKIM[1].Record
	for _, text := range []string{
		key, "v=DKIM1; p=", `"v=DKIM1; " "p=AA"`, "v=DMARC1; p=none; rua=mailto:a@b.test!10m,,", "v=STSv1; id=1;", "v=TLSRPTv1; rua=https://x",
		"v=spf1 include:a.test redirect=b.test -all", "postroom-verification=x", ";;;=;a=b=c", "v=spf1 \x00\xff +", `"`, strings.Repeat("a=b;", 300),
	} {
		f.Add(text, "v=DMARC1; p=reject")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		texts := []string{one, two}
		for name, v := range map[string]verdict{
			"ownership": compareOwnership(texts, "postroom-verification=token"),
			"dkim":      compareDKIM(texts, key),
			"dmarc":     compareDMARC(texts, "reports@host.test"),
			"sts":       compareSTS(texts, "1"),
			"tls":       compareTLSRPT(texts, "reports@host.test"),
		} {
			if v.status != OK && v.status != Different && v.status != Missing {
				t.Errorf("%s: status %q", name, v.status)
			}
			if v.status == Different && v.advice == "" {
				t.Errorf("%s: no advice", name)
			}
			for _, s := range append(v.found, v.advice) {
				if len(s) > MaxFoundText || !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) {
					t.Errorf("%s: %q", name, s)
				}
			}
		}
		if isSPF(one) {
			if advice := withTerm(one, "a:mail.host.test"); len(advice) > MaxFoundText+100 || oneLine(advice) != advice {
				t.Errorf("%q", advice)
			}
			spfTerms(one)
		}
		if v := compareOwnership(append(texts, "postroom-verification=token"), "postroom-verification=token"); v.status != OK {
			t.Errorf("the token is there: %+v", v)
		}
	})
}
