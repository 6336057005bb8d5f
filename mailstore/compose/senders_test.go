package compose

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore/fault"
)

func TestSendersAreAllAddressesOfFrom(t *testing.T) {
	for _, tc := range []struct{ header, want string }{
		{"From: ann@example.com", `["ann@example.com"] ""`},
		{"From: Ann <ann@example.com>", `["ann@example.com"] ""`},
		{"from:ann@example.com", `["ann@example.com"] ""`},
		{"FROM:\r\n ann@example.com", `["ann@example.com"] ""`},
		{"From: \"Example, Ann\" <ann@EXAMPLE.com>", `["ann@example.com"] ""`},
		{"From: Ann B. Example <ann@bücher.example>", `["ann@xn--bcher-kva.example"] ""`},
		{"From: =?utf-8?q?M=C3=BCller=2C_Hans_=28Sales=29?= <h@example.com>", `["h@example.com"] ""`},
		{"From: =?iso-2022-jp?B?GyRCJDMkcyRLJEEkTyFWQExKOCFXGyhC?= <h@example.com>", `["h@example.com"] ""`},
		{"From: =?utf-8?q?h=40example=2Ecom?= <h@example.com>", `["h@example.com"] ""`},
		{"From: Raw Ünï <h@example.com>", `["h@example.com"] ""`},
		{"From: ann@example.com (Ann (the boss) Example)", `["ann@example.com"] ""`},
		{"From: (evil@example.net) Ann <ann@example.com> (c)", `["ann@example.com"] ""`},
		{"From: a@example.com, B <b@example.com>,, c@example.com", `["a@example.com" "b@example.com" "c@example.com"] ""`},
		{"From: a@example.com,\r\n\tB\r\n <b@example.com>", `["a@example.com" "b@example.com"] ""`},
		{"From: Us: a@example.com, B <b@example.com>;", `["a@example.com" "b@example.com"] ""`},
		{"From: Us: a@example.com;, c@example.com", `["a@example.com" "c@example.com"] ""`},
		{"From: ann@example.com <ann@example.com>", `["ann@example.com"] ""`},
		{"From: bank@example.net <ann@example.com>", `["ann@example.com" "bank@example.net"] ""`},
		{`From: "bank@example.net" <ann@example.com>`, `["ann@example.com"] ""`},
		{`From: "ann"@example.com`, `["ann@example.com"] ""`},
		{`From: "a b"@example.net`, `["\"a b\"@example.net"] ""`},
		{"From: a@example.com\r\nSender: S <s@example.com>", `["a@example.com"] "s@example.com"`},
		{"Subject: From: b@example.net\r\n From: c@example.net\r\nFrom: a@example.com", `["a@example.com"] ""`},
		{"X-From: b@example.net\r\nFrom-X: c@example.net\r\nFrom: a@example.com", `["a@example.com"] ""`},
		{"From: a@[192.0.2.1]", `["a@[192.0.2.1]"] ""`},
		{"From: 用户@example.com", `["用户@example.com"] ""`},
	} {
		from, sender, err := Senders([]byte(tc.header + "\r\n\r\nFrom: body@example.net\r\n"))
		if got := fmt.Sprintf("%q %q", from, sender); err != nil || got != tc.want {
			t.Errorf("%q: %s, %v; want %s", tc.header, got, err, tc.want)
		}
	}
}

func TestASecondFromCannotBeHidden(t *testing.T) {
	const me, ok, evil = "From: me@example.com\r\n", "Subject: x\r\n", "evil@example.net"
	for _, tc := range []struct{ what, header, code string }{
		{"none", ok + "\r\n", "from_missing"},
		{"twice", me + "From: " + evil + "\r\n\r\n", "from_repeated"},
		{"twice the same", me + me + "\r\n", "from_repeated"},
		{"other case", me + ok + "fRoM: " + evil + "\r\n\r\n", "from_repeated"},
		{"empty one first", "From:\r\n" + me + "\r\n", "from_repeated"},
		{"space before the colon", me + "From : " + evil + "\r\n\r\n", "header_malformed"},
		{"tab before the colon", "From\t: " + evil + "\r\n\r\n", "header_malformed"},
		{"no-break space before the colon", me + "From\u00a0: " + evil + "\r\n\r\n", "header_malformed"},
		{"zero width in the name", me + "Fr\u200bom: " + evil + "\r\n\r\n", "header_malformed"},
		{"Cyrillic o", me + "Frоm: " + evil + "\r\n\r\n", "header_malformed"},
		{"NUL in the name", me + "From\x00: " + evil + "\r\n\r\n", "header_malformed"},
		{"NUL in another field", me + "Subject: x\x00From: " + evil + "\r\n\r\n", "header_malformed"},
		{"bare LF", me + "Subject: x\nFrom: " + evil + "\r\n\r\n", "header_malformed"},
		{"bare CR", me + "Subject: x\rFrom: " + evil + "\r\n\r\n", "header_malformed"},
		{"CR CR LF", me + "Subject: x\r\r\nFrom: " + evil + "\r\n\r\n", "header_malformed"},
		{"form feed", me + "Subject: x\fFrom: " + evil + "\r\n\r\n", "header_malformed"},
		{"next line of Unicode in From", "From: me@example.com\u0085From: " + evil + "\r\n\r\n", "from_unclear"},
		{"folded first line", " From: " + evil + "\r\n" + me + "\r\n", "header_malformed"},
		{"line of spaces", me + " \r\nFrom: " + evil + "\r\n\r\n", "header_malformed"},
		{"line of a tab", "Subject: x\r\n\t\r\n" + me + "\r\n", "header_malformed"},
		{"mbox line", "From evil@example.net Tue Nov 24 12:00:00 2026\r\n" + me + "\r\n", "header_malformed"},
		{"mbox line later", me + "From evil@example.net\r\n\r\n", "header_malformed"},
		{"no separator", me + "Hello,\r\nFrom: " + evil + "\r\n\r\n", "header_malformed"},
		{"no separator, with a colon", me + "Hello: you\r\nFrom: " + evil + "\r\n\r\n", "from_repeated"},
		{"a name that others take for folded text", "From: me@example.com\r\n,evil@example.net: x\r\n\r\n", "header_malformed"},
		{"apostrophe", "From: <'me@example.com>\r\n\r\n", "from_invalid"},
		{"scheme", "From: <mailto:me@example.com>\r\n\r\n", "from_invalid"},
		{"no name", me + ": " + evil + "\r\n\r\n", "header_malformed"},
		{"no end", me, "header_unended"},
		{"no end of the last line", "From: me@example.com", "header_unended"},
		{"nothing", "", "header_unended"},
		{"body at once", "\r\n" + me + "\r\n", "from_missing"},
		{"empty", "From:\r\n\r\n", "from_empty"},
		{"comment alone", "From: (me@example.com)\r\n\r\n", "from_empty"},
		{"empty group", "From: Us:;\r\n\r\n", "from_empty"},
		{"open group", "From: Us: me@example.com\r\n\r\n", "from_unclear"},
		{"group in a group", "From: Us: You: me@example.com;;\r\n\r\n", "from_unclear"},
		{"group named by an address", "From: evil@example.net: me@example.com;\r\n\r\n", "from_unclear"},
		{"group and more", "From: Us: me@example.com; " + evil + "\r\n\r\n", "from_unclear"},
		{"semicolon", "From: me@example.com; " + evil + "\r\n\r\n", "from_unclear"},
		{"two without a comma", "From: me@example.com " + evil + "\r\n\r\n", "from_unclear"},
		{"two in brackets", "From: <me@example.com> <" + evil + ">\r\n\r\n", "from_unclear"},
		{"text behind", "From: <me@example.com> " + evil + "\r\n\r\n", "from_unclear"},
		{"two in one bracket", "From: <me@example.com,evil@example.net>\r\n\r\n", "from_invalid"},
		{"bracket in a bracket", "From: <evil@example.net<me@example.com>>\r\n\r\n", "from_unclear"},
		{"source route", "From: <@example.net,@b:me@example.com>\r\n\r\n", "from_invalid"},
		{"space in the address", "From: <evil@example.net me@example.com>\r\n\r\n", "from_invalid"},
		{"comment in the address", "From: evil@example.net(,)me@example.com\r\n\r\n", "from_unclear"},
		{"comment in the local part", "From: me(x)@example.com\r\n\r\n", "from_unclear"},
		{"comment in brackets", "From: <me@example.com(>" + evil + "\r\n\r\n", "from_unclear"},
		{"open comment", "From: me@example.com (\r\n\r\n", "from_unclear"},
		{"open comment with an escape", "From: me@example.com (x\\)\r\n\r\n", "from_unclear"},
		{"closed comment", "From: me@example.com )\r\n\r\n", "from_unclear"},
		{"open quote", "From: \"x <evil@example.net>, <me@example.com>\r\n\r\n", "from_unclear"},
		{"open bracket", "From: <me@example.com\r\n\r\n", "from_unclear"},
		{"at sign with spaces", "From: evil @ example.net <me@example.com>\r\n\r\n", "from_unclear"},
		{"local name alone", "From: root\r\n\r\n", "from_invalid"},
		{"name alone", "From: Ann Example, me@example.com\r\n\r\n", "from_invalid"},
		{"address as a local part", "From: \"me@example.com\"@example.net\r\n\r\n", "from_unclear"},
		{"bracket in a local part", "From: <\"me@example.com>\"@example.net>\r\n\r\n", "from_unclear"},
		{"encoded comma", "From: =?utf-8?q?evil=40example=2Enet=2C?= <me@example.com>\r\n\r\n", "from_hidden"},
		{"encoded brackets", "From: =?utf-8?b?PGV2aWxAZXhhbXBsZS5uZXQ+?= <me@example.com>\r\n\r\n", "from_hidden"},
		{"encoded in two words", "From: =?utf-8?q?evil=40exam?= =?utf-8?q?ple=2Enet=3E?= <me@example.com>\r\n\r\n", "from_hidden"},
		{"encoded in two character sets", "From: =?utf-8?q?evil=40exam?=\r\n =?iso-8859-1?q?ple=2Enet=3E?= <me@example.com>\r\n\r\n", "from_hidden"},
		{"encoded NUL", "From: =?utf-8?q?me=00?= <me@example.com>\r\n\r\n", "from_hidden"},
		{"encoded line end", "From: =?utf-8?b?eA0KRnJvbTogeQ==?= <me@example.com>\r\n\r\n", "from_hidden"},
		{"encoded local part", "From: =?utf-8?b?ZXZpbEBleGFtcGxlLm5ldA==?=@example.com\r\n\r\n", "from_invalid"},
		{"encoded in brackets", "From: x <=?utf-8?q?evil?=@example.com>\r\n\r\n", "from_invalid"},
		{"encoded in UTF-7", "From: =?utf-7?q?evil+AEA-example.net?= <me@example.com>\r\n\r\n", "from_hidden"},
		{"encoded in UTF-16", "From: =?utf-16?b?AGUAdgBpAGwAQABlAHgAYQBtAHAAbABl?= <me@example.com>\r\n\r\n", "from_hidden"},
		{"broken encoded word", "From: =?utf-8?q?evil=40example.net <me@example.com>\r\n\r\n", "from_unclear"},
		{"encoded word in an encoded word", "From: =?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?= <me@example.com>\r\n\r\n", "from_unclear"},
		{"not UTF-8", "From: \xff <me@example.com>\r\n\r\n", "from_unclear"},
		{"Sender twice", me + "Sender: me@example.com\r\nSENDER: " + evil + "\r\n\r\n", "sender_repeated"},
		{"two in Sender", me + "Sender: me@example.com, " + evil + "\r\n\r\n", "sender_unclear"},
		{"empty Sender", me + "Sender:\r\n\r\n", "from_empty"},
		{"too long", "From: " + strings.Repeat("x", maxAuthors) + " <me@example.com>\r\n\r\n", "from_too_long"},
		{"header too large", me + "X: " + strings.Repeat("x", MaxHeader) + "\r\n\r\n", "header_too_large"},
	} {
		from, sender, err := Senders([]byte(tc.header))
		f := fault.From(err)
		switch {
		case f == nil || f.Kind != fault.Invalid || f.Code != tc.code:
			t.Errorf("%s: %q, %q, %v; want %s", tc.what, from, sender, err, tc.code)
		case from != nil || sender != "":
			t.Errorf("%s: %q beside an error", tc.what, from)
		}
	}
}

func TestManyAuthorsAreRefused(t *testing.T) {
	var list []string
	for i := range MaxFrom + 1 {
		list = append(list, fmt.Sprintf("a%d@example.com", i))
	}
	if _, _, err := Senders([]byte("From: " + strings.Join(list, ",\r\n ") + "\r\n\r\n")); fault.From(err) == nil || fault.From(err).Code != "from_too_long" {
		t.Error(err)
	}
	if from, _, err := Senders([]byte("From: " + strings.Join(list[1:], ",\r\n ") + "\r\n\r\n")); err != nil || len(from) != MaxFrom {
		t.Error(len(from), err)
	}
}

// What we write ourselves must pass our own door.
func TestSendersOfWhatIsWrittenHere(t *testing.T) {
	for name, d := range shapes() {
		from, sender, err := Senders(written(t, d))
		want := ""
		if d.Sender != nil {
			want = d.Sender.Address
		}
		if err != nil || len(from) != 1 || from[0] != "ann@example.com" || sender != want {
			t.Errorf("%s: %q, %q, %v", name, from, sender, err)
		}
	}
}
