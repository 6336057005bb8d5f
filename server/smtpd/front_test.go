package smtpd

import (
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/emersion/go-smtp"
)

func TestTextFindsItsEndInWhateverPieces(t *testing.T) {
	for in, want := range map[string]struct {
		n    int
		flaw *smtp.SMTPError
	}{
		".\r\nNOOP\r\n":        {3, nil},
		"a\r\n.\r\nNOOP":       {6, nil},
		"..\r\n.\r\nX":         {7, nil},
		"a\r\n.b\r\n..\r\n":    {-1, nil},
		"a\n.\n":               {-1, errBareLF},
		"a\n.\r\n\r\n.\r\nX":   {10, errBareLF},
		"a\r\n.\n":             {-1, errBareLF},
		"a\r.\r\n":             {-1, errBareCR},
		"a\r\n.\r\r\n.\r\nX":   {10, errBareCR},
		"a\r\r\n.\r\nX":        {7, errBareCR},
		"\r\r\r\n.\r\n":        {7, errBareCR},
		".\r.\r\n.\r\n":        {8, errBareCR},
		"\x00\r\n.\r\n":        {6, errNUL},
		"0123456789\r\n.\r\n":  {15, errTextLine},
		"01234567\r\n.\r\nabc": {13, nil},
	} {
		for size := 1; size <= len(in); size++ {
			s := text{maxLine: 10}
			n, end := 0, false
			for n < len(in) && !end {
				var m int
				m, end = s.scan([]byte(in[n:min(n+size, len(in))]))
				n += m
			}
			if end != (want.n >= 0) || end && n != want.n || s.flaw != want.flaw {
				t.Errorf("%q in pieces of %d: n %d, end %v, flaw %v", in, size, n, end, s.flaw)
			}
		}
	}
}

func TestPaths(t *testing.T) {
	for in, want := range map[string]struct {
		rest     string
		bare, ok bool
	}{
		"<>":                                   {"", false, true},
		"<> SIZE=1":                            {" SIZE=1", false, true},
		" <a@b.example>":                       {"", false, true},
		"<a.b..c.@b.example>":                  {"", false, true},
		"<@x.example,@y.example:a@b>":          {"", false, true},
		"<@x.example:postmaster>":              {"", false, false},
		"<@x.example>":                         {"", false, false},
		"<@:a@b>":                              {"", false, false},
		"<postMaster> X":                       {" X", true, true},
		`<"postmaster">`:                       {"", false, false},
		"<a@[192.0.2.1]>":                      {"", false, true},
		"<a@[IPv6:2001:db8::1]>":               {"", false, true},
		"<a@[]>":                               {"", false, false},
		"<a@[1>":                               {"", false, false},
		"<ü@ü.example>":                        {"", false, true},
		"<\xff@b>":                             {"", false, false},
		`<"a\"@ >"@b>`:                         {"", false, true},
		`<""@b>`:                               {"", false, false},
		`<"a\`:                                 {"", false, false},
		"":                                     {"", false, false},
		"<":                                    {"", false, false},
		"<a":                                   {"", false, false},
		"<a@":                                  {"", false, false},
		"<a@b":                                 {"", false, false},
		"<a@b> >":                              {" >", false, true},
		"<a@b>x":                               {"", false, false},
		"<a@b@c>":                              {"", false, false},
		"<a(b@c>":                              {"", false, false},
		"<a@b\t>":                              {"", false, false},
		"<" + strings.Repeat("a", 600) + "@b>": {"", false, false},
	} {
		rest, bare, ok := cutPath(in)
		if rest != want.rest || bare != want.bare || ok != want.ok {
			t.Errorf("%q: %q, %v, %v", in, rest, bare, ok)
		}
	}
}

func TestQuoted(t *testing.T) {
	for in, want := range map[string]string{
		"":             "",
		"a.b@c":        "a.b@c",
		"a@b@c":        `"a@b"@c`,
		`a "\b@c`:      `"a \"\\b"@c`,
		"jürgen@ü.com": "jürgen@ü.com",
	} {
		if got := quoted(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzPath(f *testing.F) {
	f.Add("<a@b> SIZE=1")
	f.Add(`<"a\"b"@[1.2.3.4]>`)
	f.Add("<@a,@b:c@d>")
	f.Fuzz(func(t *testing.T, s string) {
		rest, _, ok := cutPath(s)
		if ok && (!strings.HasSuffix(s, rest) || !utf8.ValidString(strings.TrimSuffix(s, rest))) {
			t.Errorf("%q: rest %q", s, rest)
		}
	})
}

func TestIntakeSeesTheSameInWhateverPieces(t *testing.T) {
	const header = "RECEIVED: a\r\n\tb\r\nreceived : not the name\r\nReceived:\r\nSubject: Received: no\r\n"
	for _, c := range []struct {
		in       string
		received int
		err      error
	}{
		{header + "\r\nReceived: in the body\r\n", 2, nil},
		{header, 2, nil},
		{"\r\nReceived: in the body\r\n", 0, nil},
		{header + "Received: one too many\r\n\r\n", 3, errLoop},
		{strings.Repeat("X: 0123456789\r\n", 10), 0, errHeader},
		{"\r\n" + strings.Repeat("0123456789\r\n", 20), 0, errTooLarge},
	} {
		for size := 1; size <= len(c.in); size++ {
			in := intake{to: io.Discard, cfg: &Config{MaxMessageBytes: 200, MaxHeaderBytes: 120, MaxReceived: 2}}
			var err error
			for rest := c.in; rest != "" && err == nil; rest = rest[min(size, len(rest)):] {
				_, err = io.WriteString(&in, rest[:min(size, len(rest))])
			}
			if err != c.err || in.received != c.received {
				t.Errorf("%q in pieces of %d: %v, %d Received", c.in, size, err, in.received)
			}
		}
	}
}
