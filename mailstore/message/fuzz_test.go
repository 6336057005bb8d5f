package message

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	f.Add(message16K())
	for _, s := range []string{
		"", "\r\n", "Subject: =?utf-8?Q?a?=\r\n\r\nhi", "To: \"a\" <b@c>, d: e@f;(g)\r\nDate: 1 Jan 2001 10:00\r\n\r\n",
		"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: s\r\n\r\nhi\r\n--b--\r\n",
		"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=",
		"Content-Type: text/html; charset*0*=utf-8''x; charset*1=y\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>=C3=A9=\r\n",
		"Content-Type: a/b; name=\"=?utf-8?B?YQ==?=\"\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n%:&5L;&\\\r\nend\r\n",
		"Sender: a: b <@c:d@e>, \"f\\\"\" (g);, <\r\nContent-Disposition: a; b*0*=\"c\"; b*1=%\r\nContent-Language: d (e\r\nx\r\n\r\n",
		"References: <a@b> c@d\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n--b\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := Parse(raw)
		verify(t, raw, p)
		verifyWire(t, raw, p.Structure)
	})
}

func FuzzSearchText(f *testing.F) {
	for _, s := range []string{searchMail, "", "\n\n", "From: a\nfrom: b\nGARBAGE\n\nc", "Content-Type: text/html; charset=x\n\n\xff<meta charset=utf-8>\x00"} {
		f.Add(crlf([]byte(s)), "a")
	}
	f.Fuzz(func(t *testing.T, raw []byte, needle string) {
		root := Parse(raw).Structure
		text := NewSearchText(bytes.NewReader(raw), int64(len(raw)), root)
		header, body := Needles(needle)
		for field, column := range []string{FromText: text.From, ToText: text.To, CcText: text.Cc, BccText: text.Bcc, SubjectText: text.Subject, HeaderText: text.Header, BodyText: text.Body} {
			if TextField(field) == BodyText {
				header = body
			}
			want := column != "" && strings.Contains(column, header)
			if got, err := Contains(bytes.NewReader(raw), int64(len(raw)), root, TextField(field), needle); !text.Partial && (got != want || err != nil) {
				t.Errorf("field %d contains %q: %v, %v", field, needle, got, err)
			}
			if !utf8.ValidString(column) || strings.ContainsRune(column, 0) {
				t.Errorf("field %d is no clean text", field)
			}
		}
	})
}

func FuzzReplyText(f *testing.F) {
	for _, s := range []string{
		"new\n\nOn Mon, Jan 1, 2001 at 10:00 AM Joe <joe@example.com> wrote:\n> old", "new\n-- \nJoe", "a\n\nFrom: b\nSent: c\nTo: d\n\ne",
		"new\n\n-----Original Message-----\nold", "> a\n\nb\n\n> c\n", "x 于2001年1月1日写道：\n> a", "a\n\nSent from my iPhone\n\n______________________\nlist a@b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := ReplyText(text)
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q is not valid UTF-8", got)
		}
		if !strings.Contains(strings.ReplaceAll(text, "\r\n", "\n"), got) && got != text {
			t.Errorf("%q is not of the text", got)
		}
		if strings.TrimSpace(text) != "" && strings.TrimSpace(got) == "" {
			t.Error("nothing is left")
		}
	})
}

func FuzzTextOf(f *testing.F) {
	for _, s := range []string{"<p>a<br>b</p>", "<blockquote>a<blockquote>b", "<table><tr><td>a<td>b", "<pre>\n a", "<p hidden>a<p>b", "<style>a</style>&amp;&#0;", "<a b='c'>\x00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, document string) {
		got := TextOf(document)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\r\x1b") || len(got) > maxText {
			t.Errorf("%q is not clean text", got)
		}
	})
}
