package message

import (
	"slices"
	"strings"
	"testing"
)

func TestAddressesAreFound(t *testing.T) {
	for _, tc := range []struct {
		raw  string
		want []Address
	}{
		{"joe@example.com", []Address{{"", "joe@example.com"}}},
		{"Joe <joe@example.com>", []Address{{"Joe", "joe@example.com"}}},
		{"Joe Q. Public <joe@example.com>, ann@example.com", []Address{{"Joe Q. Public", "joe@example.com"}, {"", "ann@example.com"}}},
		{`"Public, Joe" <joe@example.com>`, []Address{{"Public, Joe", "joe@example.com"}}},
		{`"Joe \"J\" P" <joe@example.com>`, []Address{{`Joe "J" P`, "joe@example.com"}}},
		{"joe@example.com (Joe)", []Address{{"Joe", "joe@example.com"}}},
		{"joe@example.com (Joe (at home))", []Address{{"Joe (at home)", "joe@example.com"}}},
		{"(a comment) joe (b) @ (c) example.com", []Address{{"c", "joe@example.com"}}},
		{"Friends: joe@example.com, Ann <ann@example.com>; bob@example.com", []Address{{"", "joe@example.com"}, {"Ann", "ann@example.com"}, {"", "bob@example.com"}}},
		{"undisclosed-recipients:;", nil},
		{"Undisclosed recipients:(nobody);", nil},
		{"a@x; b@y;c@z", []Address{{"", "a@x"}, {"", "b@y"}, {"", "c@z"}}},
		{"Public, Joe <joe@example.com>", []Address{{"Public, Joe", "joe@example.com"}}},
		{"Joe joe@example.com", []Address{{"Joe", "joe@example.com"}}},
		{`"Joe <joe@example.com>`, []Address{{"Joe", "joe@example.com"}}},
		{`Joe" <joe@example.com>`, []Address{{"Joe", "joe@example.com"}}},
		{"Joe <joe@example.com", []Address{{"Joe", "joe@example.com"}}},
		{"Joe <<joe@example.com>>", []Address{{"Joe", "joe@example.com"}}},
		{"Joe (never closed <joe@example.com>", []Address{{"Joe never closed", "joe@example.com"}}},
		{"<@relay,@other:joe@example.com>", []Address{{"", "joe@example.com"}}},
		{`"joe public"@example.com`, []Address{{"", `"joe public"@example.com`}}},
		{`"joe@home"@example.com`, []Address{{"", `"joe@home"@example.com`}}},
		{"joe@[IPv6:2001:db8::1]", []Address{{"", "joe@[IPv6:2001:db8::1]"}}},
		{"'Joe' <joe@example.com>", []Address{{"Joe", "joe@example.com"}}},
		{"joe@example.com <joe@example.com>", []Address{{"joe@example.com", "joe@example.com"}}},
		{"=?utf-8?Q?J=C3=B6rg?= <joerg@example.com>", []Address{{"Jörg", "joerg@example.com"}}},
		{`"=?utf-8?Q?J=C3=B6rg?=" <joerg@example.com>`, []Address{{"Jörg", "joerg@example.com"}}},
		{"=?utf-8?Q?a=40evil.example=2C_?= <joe@example.com>", []Address{{"a@evil.example,", "joe@example.com"}}},
		{"=?utf-8?Q?Joe_=3Cjoe=40example.com=3E?=", []Address{{"Joe <joe@example.com>", ""}}},
		{"root", []Address{{"", "root"}}},
		{"root, daemon", []Address{{"", "root"}, {"", "daemon"}}},
		{"Mail Delivery", []Address{{"Mail Delivery", ""}}},
		{"Nobody <>", []Address{{"Nobody", ""}}},
		{"<>", nil},
		{",,;,", nil},
		{"", nil},
		{"<mailto:joe@example.com>", []Address{{"", "joe@example.com"}}},
		{"J\xf6rg <j@x>", []Address{{"Jörg", "j@x"}}},
		{"Joe\x00 <j\x01@x>", []Address{{"Joe", "j@x"}}},
		{"<a@x> <b@y>", []Address{{"", "a@x"}}},
	} {
		got := Parse([]byte("To: " + tc.raw + "\r\n\r\n")).Envelope.To
		if !slices.Equal(got, tc.want) {
			t.Errorf("%q gives %+v, want %+v", tc.raw, got, tc.want)
		}
	}
}

func TestRecipientsOfAllFieldsAreKeptAndOneFrom(t *testing.T) {
	e := Parse([]byte("From: a@x\r\nTo: b@x\r\nFrom: c@x\r\nTo: d@x\r\n\r\n")).Envelope
	if len(e.From) != 1 || e.From[0].Address != "a@x" || len(e.To) != 2 || e.To[1].Address != "d@x" {
		t.Errorf("from %v, to %v", e.From, e.To)
	}
}

func TestHostileAddressListsEnd(t *testing.T) {
	for _, unit := range []string{"a@b,", "<", ">", "\"", "(", ")", "[", "]", ":", "\\", "a ", "@", "x@y :", "[,", "<,", "(\\", "\"\\", "a, ", "=?", "=?a?q?"} {
		raw := []byte("To: z@z" + strings.Repeat(unit, MaxHeaderBytes/len(unit)) + "\r\n\r\n")
		verify(t, raw, Parse(raw))
	}
}
