package smtpc

import (
	"strings"
	"testing"
)

func TestOnlyAddressesMayGoOnTheWire(t *testing.T) {
	for s, want := range map[string]bool{
		"a@b.example": true, "A.b+c@x-y.example": true, "a..b.@b": true, "o'neil/x=y@b_c.example": true,
		`"a b"@b.example`: true, `"<a>"@b.example`: true, `"a\"b"@b.example`: true, `"a@b"@b.example`: true,
		"jürgen@bücher.example": true, "a@[1.2.3.4]": true, "a@[IPv6:2001:db8::1]": true,

		"": false, "a": false, "@b": false, "a@": false, `""@b.example`: false, `"a@b.example`: false, `"a\"@b.example`: false,
		`"a"b@c.example`: false, "a@b@c.example": false, "a b@c.example": false, "<a@b.example": false, "a@b.example>": false,
		"a@b.example> SIZE=1": false, "a@b example": false, "a@b\r\nDATA": false, "a\n@b": false, "a\x00@b": false, "\"a\r\nDATA\r\n\"@b": false,
		"\"a\x00\"@b": false, "a\u0085@b": false, "a\u2028@b": false, "a\u00a0@b": false, "a\xff@b": false, "a@b\x7f": false,
		"a@[1.2.3]": false, "a@[::1]": false, "a@[IPv6:1.2.3.4]": false, "a@[IPv6:fe80::1%x]": false, "a@[1.2.3.4": false,
		strings.Repeat("a", 509) + "@b": false,
	} {
		if isAddress(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}
