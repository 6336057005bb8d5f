package message

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSubjectIsDecoded(t *testing.T) {
	for _, tc := range []struct{ name, raw, want string }{
		{"plain", "Hello", "Hello"},
		{"folded", "Hello\r\n  world", "Hello  world"},
		{"folded with a tab", "Hello\r\n\tworld", "Hello world"},
		{"quoted-printable word", "=?utf-8?Q?caf=C3=A9_au_lait?=", "café au lait"},
		{"lower case method and hex", "=?UTF-8?q?caf=c3=a9?=", "café"},
		{"base64 word", "=?utf-8?B?Y2Fmw6k=?=", "café"},
		{"base64 without padding", "=?utf-8?b?Y2Fmw6k?=", "café"},
		{"space between two words is dropped", "=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"},
		{"space between a word and text stays", "=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"},
		{"words that touch", "=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"},
		{"a character split between words", "=?utf-8?B?YcM?=\r\n =?utf-8?Q?=A9?=", "aé"},
		{"two character sets", "=?iso-8859-1?Q?=E9?= =?utf-8?Q?=C3=A9?=", "éé"},
		{"language of RFC 2231", "=?iso-8859-1*fr?Q?=E9t=E9?=", "été"},
		{"unknown character set", "=?x-nothing?Q?caf=C3=A9?=", "café"},
		{"spaces within a word", "=?utf-8?Q?hello big world?=", "hello big world"},
		{"question mark within a word", "=?utf-8?Q?what??=", "what?"},
		{"end lost", "=?utf-8?B?SGVsbG8", "Hello"},
		{"end lost before the next word", "=?utf-8?Q?one =?utf-8?Q?two?=", "onetwo"},
		{"no word", "a =?b? =?= ?= c", "a =?b? =?= ?= c"},
		{"raw UTF-8", "caf\xc3\xa9", "café"},
		{"raw windows-1252", "caf\xe9 \x80", "café €"},
		{"raw ISO-2022-JP", "\x1b$B$3$s\x1b(B", "こん"},
		{"control characters", "a\x00b\x07c=?utf-8?Q?=00=0D=0Ad?=", "abc  d"},
		{"broken UTF-8 in a word", "=?utf-8?Q?a=C3?= b", "a\uFFFD b"},
		{"Japanese in Shift_JIS", "=?shift_jis?B?grGC8YLJgr+CzQ==?=", "こんにちは"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Parse([]byte("Subject: " + tc.raw + "\r\n\r\n")).Envelope.Subject; got != strings.TrimSpace(tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestBrokenHeaderKeepsItsOtherFields(t *testing.T) {
	for _, tc := range []struct{ name, raw string }{
		{"mbox separator", "From joe@example.com Thu Jan  1 10:00:00 2009\nSubject: s\nTo: a@b\n\n"},
		{"line without a colon first", "nonsense\nSubject: s\nTo: a@b\n\n"},
		{"first line indented", " Subject: s\nTo: a@b\n\n"},
		{"space before the colon", "Subject : s\nTo : a@b\n\n"},
		{"no space after the colon", "Subject:s\nTo:a@b\n\n"},
		{"no blank line", "Subject: s\r\nTo: a@b"},
		{"unfolded continuation", "To:\na@b\nSubject: s\n\n"},
		{"empty field before the real one", "Subject:\nSubject: s\nTo: a@b\n\n"},
		{"carriage returns twice", "Subject: s\r\r\nTo: a@b\r\r\n\r\n"},
		{"octets that are no text", "X-\xff\xfe: 1\n\x00\x01\nSubject: s\nTo: a@b\n\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := Parse([]byte(tc.raw)).Envelope
			if e.Subject != "s" || len(e.To) != 1 || e.To[0].Address != "a@b" {
				t.Errorf("subject %q, to %v", e.Subject, e.To)
			}
		})
	}
}

func TestMessageIDsAreFound(t *testing.T) {
	for _, tc := range []struct {
		raw  string
		want []string
	}{
		{"<a@b>", []string{"<a@b>"}},
		{"<a@b><c@d>\r\n\t<e@f>", []string{"<a@b>", "<c@d>", "<e@f>"}},
		{`Your message of "Mon, 1 Jan 2001" <a@b>`, []string{"<a@b>"}},
		{"a@b, c@d", []string{"<a@b>", "<c@d>"}},
		{"your message of Monday", nil},
		{"<<a@b>>", []string{"<a@b>"}},
		{"<a@\r\n b>", []string{"<a@b>"}},
		{"<> <" + strings.Repeat("x", 2000) + "@b> <c@d>", []string{"<c@d>"}},
	} {
		e := Parse([]byte("In-Reply-To: " + tc.raw + "\r\nReferences: " + tc.raw + "\r\n\r\n")).Envelope
		if !slices.Equal(e.InReplyTo, tc.want) || !slices.Equal(e.References, tc.want) {
			t.Errorf("%.60q gives %q and %q, want %q", tc.raw, e.InReplyTo, e.References, tc.want)
		}
	}
	for raw, want := range map[string]string{"<a@b>": "<a@b>", "a@b": "<a@b>", "<12345>": "<12345>", "12345": "<12345>", "": ""} {
		if got := Parse([]byte("Message-ID: " + raw + "\r\n\r\n")).Envelope.MessageID; got != want {
			t.Errorf("message id %q gives %q, want %q", raw, got, want)
		}
	}
}

func TestManyReferencesKeepTheFirstAndTheLast(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		b.WriteString(" <")
		b.WriteString(strings.Repeat("i", i%7))
		b.WriteString([]string{"first", "middle", "last"}[min(i, 1)+max(0, i-4998)])
		b.WriteString("@x>\r\n")
	}
	refs := Parse([]byte("References:" + b.String() + "\r\n")).Envelope.References
	if len(refs) != MaxReferences || refs[0] != "<first@x>" || !strings.HasSuffix(refs[len(refs)-1], "last@x>") {
		t.Errorf("%d references from %s to %s", len(refs), refs[0], refs[len(refs)-1])
	}
}

func TestDateIsUnderstood(t *testing.T) {
	want := time.Date(2003, 7, 1, 8, 52, 37, 0, time.UTC)
	for _, s := range []string{
		"Tue, 1 Jul 2003 10:52:37 +0200", "1 Jul 2003 10:52:37 +0200", "Tue,  1 Jul 03 10:52:37 +0200 (CEST)", "Tue, 01-Jul-2003 10:52:37 +0200",
		"Tue Jul  1 10:52:37 2003 +0200", "2003-07-01T10:52:37+02:00", "2003-07-01 08:52:37", "Tue, 1 July 2003 08:52:37 GMT",
		"Tues, 1 Jul 2003 10:52:37 CEST", "Tue, 1 Jul 2003 03:52:37 EST", "1 Jul 03 01:52:37 PDT", "Tue, 1 Jul 2003 08:52:37", "1 Jul 2003 10:52:37+0200", "Jul 1, 2003 8:52:37 AM", "Tue, 1 Jul 103 04:52:37 -0400",
	} {
		if got := parseDate(s); !got.Equal(want) {
			t.Errorf("%q is %v", s, got)
		}
	}
	for _, s := range []string{"", "yesterday", "Tue, 32 Jul 2003 10:52:37 +0200", "31 Feb 2003 10:00 +0000", "0001-01-01T00:00:00Z", "1 Jul 99999 10:00:00 +0000", strings.Repeat("1 ", 1000)} {
		if got := parseDate(s); !got.IsZero() {
			t.Errorf("%q is %v, want none", s, got)
		}
	}
}

func TestParametersAreDecoded(t *testing.T) {
	for _, tc := range []struct{ name, raw, want string }{
		{"quoted", `attachment; filename="a b.txt"`, "a b.txt"},
		{"token", `attachment; filename=a.txt`, "a.txt"},
		{"spaces without quotes", `attachment; filename=a b (1).txt; size=3`, "a b (1).txt"},
		{"quote never closed", `attachment; filename="a.txt; size=3`, "a.txt"},
		{"escaped quote", `attachment; filename="a \"b\".txt"`, `a "b".txt`},
		{"semicolon within quotes", `attachment; filename="a;b.txt"`, "a;b.txt"},
		{"path is cut off", `attachment; filename="C:\dir\a.txt"`, "a.txt"},
		{"encoded word", `attachment; filename="=?utf-8?Q?caf=C3=A9.txt?="`, "café.txt"},
		{"charset of RFC 2231", `attachment; filename*=utf-8''caf%C3%A9.txt`, "café.txt"},
		{"continuations out of order", `attachment; filename*1="b.txt"; filename*0="a"`, "ab.txt"},
		{"extended continuations", `attachment; filename*0*=iso-8859-1'fr'caf; filename*1*=%E9; filename*2=".txt"`, "café.txt"},
		{"encoded word over continuations", `attachment; filename*0="=?utf-8?Q?caf"; filename*1="=C3=A9.txt?="`, "café.txt"},
		{"extended counts more", `attachment; filename="cafe.txt"; filename*=utf-8''caf%C3%A9.txt`, "café.txt"},
		{"first counts", `attachment; filename=a.txt; filename=b.txt`, "a.txt"},
		{"raw octets", "attachment; filename=\"caf\xe9.txt\"", "café.txt"},
		{"no semicolon", `attachment filename=a.txt`, "a.txt"},
		{"too many semicolons", `attachment;;; ; filename=a.txt;`, "a.txt"},
		{"dots are no name", `attachment; filename=".."`, ""},
		{"long name keeps its extension", `attachment; filename="` + strings.Repeat("é", 300) + `.txt"`, strings.Repeat("é", 125) + ".txt"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := Parse([]byte("Content-Type: application/pdf\r\nContent-Disposition: " + tc.raw + "\r\n\r\nx"))
			if len(p.Attachments) != 1 || p.Attachments[0].Filename != tc.want {
				t.Errorf("got %+v, want %q", p.Attachments, tc.want)
			}
		})
	}
}

func TestAnswersOfMachinesAreAutomatic(t *testing.T) {
	for head, want := range map[string]bool{
		"Auto-Submitted: auto-replied":             true,
		"Auto-Submitted: Auto-Generated (because)": true,
		"Auto-Submitted: no":                       false,
		"Auto-Submitted: no (really)":              false,
		"Precedence: auto_reply":                   true,
		"Precedence: list":                         false,
		"Content-Type: multipart/report; report-type=delivery-status; boundary=x": true,
		"From: Mail Delivery System <MAILER-DAEMON@example.com>":                  true,
		"From: joe@example.com": false,
	} {
		if got := Parse([]byte(head + "\r\n\r\n")).Automatic; got != want {
			t.Errorf("%q is automatic: %v", head, got)
		}
	}
}
