package tenancy

import (
	"strings"
	"testing"
)

func TestDomainsAreTakenByTheirALabels(t *testing.T) {
	for in, want := range map[string]string{
		"example.com": "example.com", "EXAMPLE.Com": "example.com", "bücher.example": "xn--bcher-kva.example", "BÜCHER.example": "xn--bcher-kva.example",
		"xn--bcher-kva.example": "xn--bcher-kva.example", "例え。テスト": "xn--r8jz45g.xn--zckzah", "demo.localhost": "demo.localhost", "a-b.c1": "a-b.c1",
		strings.Repeat("a", 63) + ".test": strings.Repeat("a", 63) + ".test",
	} {
		if got, reason := parseDomain(in); got != want || reason != "" {
			t.Errorf("%q: %q, %q; want %q", in, got, reason, want)
		}
	}
}

func TestWhatIsNoDomainIsRefusedWithAReason(t *testing.T) {
	for _, in := range []string{"", "localhost", "com", "example.com.", ".example.com", "a..b", "*.example.com", "1.2.3.4", "[1.2.3.4]", "[IPv6:::1]", "::1", "1.2.3", "a.123",
		"exa mple.com", "exa_mple.com", "-a.com", "a-.com", "a@b.com", "a\x00b.com", "a\r\nb.com", "\xff.com", "xn--a.com", "xn--ls8h=.com", "a.c\u200bom/", strings.Repeat("a", 64) + ".com",
		strings.Repeat("a.", 127) + "com", strings.Repeat("x", 5000)} {
		if got, reason := parseDomain(in); reason == "" {
			t.Errorf("%q passes as %q", in, got)
		}
	}
}

func TestUsernamesAreFoldedDotStrings(t *testing.T) {
	for in, want := range map[string]string{"sourcing": "sourcing", "SWE-Senior": "swe-senior", "a.b": "a.b", "o'brien": "o'brien", "Jürgen": "jürgen", "用户": "用户",
		"e\u0301ric": "\u00e9ric", "#!$%&'*-/=?^_`{|}~": "#!$%&'*-/=?^_`{|}~", strings.Repeat("a", 64): strings.Repeat("a", 64)} {
		if got, reason := parseUsername(in); got != want || reason != "" {
			t.Errorf("%q: %q, %q; want %q", in, got, reason, want)
		}
	}
	for _, in := range []string{"", ".a", "a.", "a..b", "a b", "a@b", "a+b", `"a b"`, "a\nb", "a\x00", "a\u200bb", "a\u00a0b", "a\u202eb", "\xff", "a,b", "a;b", "<a>", strings.Repeat("a", 65), strings.Repeat("ü", 33)} {
		if got, reason := parseUsername(in); reason == "" {
			t.Errorf("%q passes as %q", in, got)
		}
	}
}

func TestAddressesAreTakenApartAndPutTogether(t *testing.T) {
	for in, want := range map[string]string{`A@B.test`: "a@b.test", `"A"@b.test`: "a@b.test", `"a b"@b.test`: `"a b"@b.test`, `"a\"\\@"@b.test`: `"a\"\\@"@b.test`, `"x@y"@b.test`: `"x@y"@b.test`} {
		if a, ok := parseAddress(in); !ok || a.String() != want {
			t.Errorf("%q: %q, %v; want %q", in, a, ok, want)
		}
	}
	for _, in := range []string{"", "a", "@b.test", "a@", `"a@b.test`, `"a"b"@b.test`, `"\"@b.test`, `""@b.test`, "a@b.test\r\n", "a\x00@b.test", "a@[127.0.0.1]", "\xff@b.test"} {
		if a, ok := parseAddress(in); ok {
			t.Errorf("%q passes as %q", in, a)
		}
	}
}

func FuzzAddressesAreStable(f *testing.F) {
	for _, s := range []string{"a@b.test", `"a b"@bücher.test`, "İ@b.test", "a+b@b.test"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, ok := parseAddress(s)
		if !ok {
			return
		}
		if again, ok := parseAddress(a.String()); !ok || again != a {
			t.Errorf("%q became %q, which becomes %q, %v", s, a, again, ok)
		}
	})
}
