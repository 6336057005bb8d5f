package message

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// wire makes the Wire of a message that is written with bare line feeds.
func wire(message string) Wire {
	raw := crlf([]byte(message))
	return NewWire(raw, Parse(raw).Structure)
}

func TestEnvelopesReadAsClientsExpectThem(t *testing.T) {
	const nobody = "NIL NIL NIL NIL NIL NIL"
	for _, tc := range []struct{ name, header, want string }{
		{"nothing is known", "X: y", `(NIL NIL ` + nobody + ` NIL NIL)`},
		{"sender and reply-to default to from", "Date: Thu, 1 Jan 2026 00:00:00 +0000\nSubject: Hello\nFrom: Ann Lee <ann@a.example>\nTo: b@b.example\nMessage-ID: <1@a>\nIn-Reply-To: <0@a>\n <00@a>",
			`("Thu, 1 Jan 2026 00:00:00 +0000" "Hello" (("Ann Lee" NIL "ann" "a.example")) (("Ann Lee" NIL "ann" "a.example")) (("Ann Lee" NIL "ann" "a.example")) ((NIL NIL "b" "b.example")) NIL NIL "<0@a> <00@a>" "<1@a>")`},
		{"a blank field is empty and not absent", "Subject:\nDate: \nMessage-ID:\nSubject: ", `("" "" ` + nobody + ` NIL "")`},
		{"a subject is one line, and its encoded words stay", "Subject:  a\t =?utf-8?q?b?=\n   c  ", `(NIL "a =?utf-8?q?b?= c" ` + nobody + ` NIL NIL)`},
		{"a line without a colon loses nothing behind it", "Subject: one\nGARBAGE\nFrom: Joe <j@x>", `(NIL "one GARBAGE" (("Joe" NIL "j" "x")) (("Joe" NIL "j" "x")) (("Joe" NIL "j" "x")) NIL NIL NIL NIL NIL)`},
		{"octets above 127 come in a literal", "Subject: caf\xc3\xa9 \x01", "(NIL {7}\r\ncaf\xc3\xa9 \x01 " + nobody + ` NIL NIL)`},
		{"octets that are no UTF-8 are made UTF-8", "Subject: caf\xe9", "(NIL {5}\r\ncaf\xc3\xa9 " + nobody + ` NIL NIL)`},
		{"NUL has no way through", "Subject: a\x00b", "(NIL {5}\r\na\xef\xbf\xbdb " + nobody + ` NIL NIL)`},
		{"quotes and backslashes are escaped", `Subject: "a" \b`, `(NIL "\"a\" \\b" ` + nobody + ` NIL NIL)`},
		{"many of them make a literal", `Subject: """""`, "(NIL {5}\r\n\"\"\"\"\" " + nobody + ` NIL NIL)`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := wire(tc.header + "\n\nbody").Envelope; got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestAddressListsKeepGroupsAndMarkWhatIsMissing(t *testing.T) {
	for _, tc := range []struct{ to, want string }{
		{`g: a@b, <c@d>;, "gr oup":;`, `((NIL NIL "g" NIL)(NIL NIL "a" "b")(NIL NIL "c" "d")(NIL NIL NIL NIL)(NIL NIL "gr oup" NIL)(NIL NIL NIL NIL))`},
		{`undisclosed-recipients:;`, `((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL))`},
		{`group: a@b, c@d`, `((NIL NIL "group" NIL)(NIL NIL "a" "b")(NIL NIL "c" "d")(NIL NIL NIL NIL))`},
		{`foo, bar baz, <x>, @y, foo <>`, `((NIL NIL "foo" "MISSING_DOMAIN")("bar baz" NIL "MISSING_MAILBOX" "MISSING_DOMAIN")(NIL NIL "x" "MISSING_DOMAIN")(NIL NIL "MISSING_MAILBOX" "y")("foo" NIL "MISSING_MAILBOX" "MISSING_DOMAIN"))`},
		{`"a	 b" <"q r"@[1.2.3.4]>, "x\"y"@z, a..b@c`, `(("a b" NIL "q r" "[1.2.3.4]")(NIL NIL "x\"y" "z")(NIL NIL "a..b" "c"))`},
		{`<@r1,@r2:x@y>, Ann <@r:x@y>`, `((NIL "@r1,@r2" "x" "y")("Ann" "@r" "x" "y"))`},
		{`(comment) a@b (Name Here), =?utf-8?q?caf=C3=A9?= <a@b>`, `(("Name Here" NIL "a" "b")("=?utf-8?q?caf=C3=A9?=" NIL "a" "b"))`},
		{`Foo [Bar] <foo@bar.example>, john@doe.example <j@d.example>, Doe, J <j@d>`, `(("Foo [Bar]" NIL "foo" "bar.example")("john@doe.example" NIL "j" "d.example")("Doe, J" NIL "j" "d"))`},
		{`a@b, , c@d,`, `((NIL NIL "a" "b")(NIL NIL "c" "d"))`},
		{`a@b; x@y`, `((NIL NIL "a" "b")(NIL NIL "x" "y"))`},
		{"a@b\nTo: c@d", `((NIL NIL "a" "b")(NIL NIL "c" "d"))`},
		{"\"unclosed <a@b>\nTo: \"Ann\" <c@d>", `(("unclosed" NIL "a" "b")("Ann" NIL "c" "d"))`},
		{``, `NIL`},
	} {
		want := "(NIL NIL NIL NIL NIL " + tc.want + " NIL NIL NIL NIL)"
		if got := wire("To: " + tc.to + "\n\n").Envelope; got != want {
			t.Errorf("%s\ngot  %s\nwant %s", tc.to, got, want)
		}
	}
}

func TestStructuresReadAsClientsExpectThem(t *testing.T) {
	for _, tc := range []struct{ name, message, want string }{
		{"no header", "\nbody\n", `("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1 NIL NIL NIL NIL)`},
		{"the last line has no end", "\nbody", `("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 0 NIL NIL NIL NIL)`},
		{"names are as written, encodings in lower case", "Content-Type: TEXT/Html; CharSet=UTF-8\nContent-Transfer-Encoding: BASE64\n\n", `("TEXT" "Html" ("CharSet" "UTF-8") NIL NIL "base64" 0 0 NIL NIL NIL NIL)`},
		{"all the rest", "Content-Type: image/png; name=\"a\\\"b\"\nContent-ID: <a>\n  b\nContent-Description: x  y\nContent-MD5: Q==\nContent-Disposition: Attachment; FileName=x\nContent-Language: en, de (x)\nContent-Location: a/b\n\nbody",
			`("image" "png" ("name" "a\"b") "<a>  b" "x  y" "7bit" 4 "Q==" ("Attachment" ("FileName" "x")) ("en" "de") "a/b")`},
		{"pieces of a parameter are joined", "Content-Type: text/plain; name*0=foo; name*1=bar; x=y\n\n", `("text" "plain" ("x" "y" "name" "foobar" "charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)`},
		{"and stay encoded", "Content-Type: text/plain; name*0*=utf-8''foo%20; name*1=\"a%\"; charset=x\n\n", `("text" "plain" ("charset" "x" "name*" "utf-8''foo%20a%25") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)`},
		{"pieces that do not fit come as they are", "Content-Type: text/plain; charset=x; z*0=a; z*2=b; n*=utf-8''q\n\n", `("text" "plain" ("charset" "x" "z*0" "a" "z*2" "b" "n*" "utf-8''q") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)`},
		{"a multipart has no spaces between its parts", "Content-Type: multipart/Mixed; boundary=x\n\n--x\n\na\n--x\nContent-Type: text/html\n\nb\n--x--\n",
			`(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1 0 NIL NIL NIL NIL)("text" "html" ("charset" "us-ascii") NIL NIL "7bit" 1 0 NIL NIL NIL NIL) "Mixed" ("boundary" "x") NIL NIL NIL)`},
		{"a multipart without parts has one", "Content-Type: multipart/mixed; boundary=x\n\nbody", `(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 0 NIL NIL NIL NIL) "mixed" ("boundary" "x") NIL NIL NIL)`},
		{"a message has an envelope", "Content-Type: message/rfc822\n\nSubject: a\n\nfoo\n",
			`("message" "rfc822" NIL NIL NIL "7bit" 19 (NIL "a" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)`},
		{"a digest's parts are messages", "Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: a\n\nfoo\n--x--",
			`(("message" "rfc822" NIL NIL NIL "7bit" 17 (NIL "a" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 0 NIL NIL NIL NIL) 2 NIL NIL NIL NIL) "digest" ("boundary" "x") NIL NIL NIL)`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := wire(tc.message)
			if got.BodyStructure != tc.want {
				t.Errorf("got  %s\nwant %s", got.BodyStructure, tc.want)
			}
			if basic := withoutExtensions(t, tc.want); got.Body != basic {
				t.Errorf("BODY is %s\nnot     %s", got.Body, basic)
			}
		})
	}
}

// withoutExtensions makes BODY of a BODYSTRUCTURE.
func withoutExtensions(t *testing.T, structure string) string {
	var write func(v any) string
	part := func(items []any) string {
		keep := 7 // type, subtype, parameters, id, description, encoding, size
		if _, ok := items[0].([]any); ok {
			for keep = 0; ; keep++ {
				if _, ok := items[keep].([]any); !ok {
					break
				}
			}
			var b strings.Builder
			for _, child := range items[:keep] {
				b.WriteString(write(child))
			}
			return "(" + b.String() + " " + items[keep].(string) + ")"
		}
		isMessage := strings.EqualFold(items[0].(string)+items[1].(string), `"message""rfc822"`)
		if isMessage {
			keep += 3
		} else if strings.EqualFold(items[0].(string), `"text"`) {
			keep++
		}
		var words []string
		for i, v := range items[:keep] {
			if s, ok := v.(string); ok {
				words = append(words, s)
			} else if isMessage && i == 8 {
				words = append(words, write(v))
			} else {
				words = append(words, plain(v))
			}
		}
		return "(" + strings.Join(words, " ") + ")"
	}
	write = func(v any) string { return part(v.([]any)) }
	v, rest, err := readItem(structure)
	if err != nil || rest != "" {
		t.Fatalf("%s: %v", structure, err)
	}
	return write(v)
}

func plain(v any) string {
	list, ok := v.([]any)
	if !ok {
		return v.(string)
	}
	var words []string
	for _, v := range list {
		words = append(words, plain(v))
	}
	return "(" + strings.Join(words, " ") + ")"
}

// readItem reads one nstring, number or list of IMAP (RFC 9051, 9) as strictly as a client may: strings as they were
// written, lists as []any.
func readItem(s string) (item any, rest string, err error) {
	switch {
	case s == "":
		return nil, "", fmt.Errorf("nothing there")
	case s[0] == '(':
		items := []any{}
		for s = s[1:]; ; {
			if s == "" {
				return nil, "", fmt.Errorf("list does not end")
			}
			if s[0] == ')' && len(items) > 0 {
				return items, s[1:], nil
			}
			if s[0] == ' ' {
				s = s[1:]
			}
			if item, s, err = readItem(s); err != nil {
				return nil, "", err
			}
			items = append(items, item)
		}
	case s[0] == '"':
		for i := 1; i < len(s); i++ {
			switch c := s[i]; {
			case c == '"':
				return s[:i+1], s[i+1:], nil
			case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
				i++
			case c == '\\' || c == '\r' || c == '\n' || c == 0 || c >= 0x80:
				return nil, "", fmt.Errorf("%q in a quoted string", c)
			}
		}
		return nil, "", fmt.Errorf("string does not end")
	case s[0] == '{':
		number, after, ok := strings.Cut(s[1:], "}\r\n")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || n > len(after) || strings.ContainsRune(after[:n], 0) || !utf8.ValidString(after[:n]) {
			return nil, "", fmt.Errorf("bad literal")
		}
		return s[:len(s)-len(after)+n], after[n:], nil
	}
	end := strings.IndexAny(s, " ()")
	if end < 1 {
		return nil, "", fmt.Errorf("bad atom at %.20q", s)
	}
	if _, err := strconv.ParseUint(s[:end], 10, 32); err != nil && s[:end] != "NIL" {
		return nil, "", fmt.Errorf("bad atom %q", s[:end])
	}
	return s[:end], s[end:], nil
}

// verifyWire checks what NewWire promises of every message.
func verifyWire(t testing.TB, raw []byte, root *Part) {
	t.Helper()
	w := NewWire(raw, root)
	var items [3]any
	for i, s := range []string{w.Envelope, w.Body, w.BodyStructure} {
		var rest string
		var err error
		if items[i], rest, err = readItem(s); err != nil || rest != "" {
			t.Fatalf("cannot be read: %v, %q left, of %.2000q", err, rest, s)
		}
	}
	if envelope, ok := items[0].([]any); !ok || len(envelope) != 10 {
		t.Errorf("envelope is %.500q", w.Envelope)
	}
	var part func(v any, p *Part)
	part = func(v any, p *Part) {
		items, ok := v.([]any)
		if !ok {
			t.Fatalf("a part is %v", v)
		}
		if p.Type == "multipart" {
			if len(items) != len(p.Parts)+5 {
				t.Fatalf("%d parts and %d items", len(p.Parts), len(items))
			}
			for i, child := range p.Parts {
				part(items[i], child)
			}
			return
		}
		want := 11
		switch {
		case isMessage(p) && len(p.Parts) == 1:
			want = 14
			part(items[8], p.Parts[0])
		case p.Type == "text":
			want = 12
		}
		if len(items) != want || items[6] != strconv.FormatInt(p.End-p.Body, 10) {
			t.Errorf("a part of %d octets has %d items: %.500v", p.End-p.Body, len(items), items)
		}
	}
	part(items[2], root)
	if limit := len(raw)*8 + MaxWireText + 400*(MaxParts+MaxDepth); len(w.BodyStructure)+len(w.Envelope) > limit {
		t.Errorf("%d octets of a message of %d", len(w.BodyStructure)+len(w.Envelope), len(raw))
	}
	header := raw[root.Header:root.Body]
	if len(header) > MaxHeaderBytes {
		return
	}
	if w.Header != nil {
		for _, fields := range [][]string{{"subject", "FROM", "To", "Date", "Message-ID"}, {"Content-Type", "list-id"}, {"X-Mailer", "cc"}} {
			if ready, full := FilterHeader(w.Header, fields, false), FilterHeader(header, fields, false); !bytes.Equal(ready, full) {
				t.Errorf("ready lines %q are not %q", ready, full)
			}
		}
	}
	fields := []string{"Subject", "from"}
	if yes, no := FilterHeader(header, fields, false), FilterHeader(header, fields, true); len(yes)+len(no) != len(FilterHeader(header, nil, true)) {
		t.Errorf("%d octets and %d are not %d", len(yes), len(no), len(FilterHeader(header, nil, true)))
	}
}

func TestWiresOfTheCorpusCanBeReadByAnyClient(t *testing.T) {
	for _, folder := range []string{"mime", "bounces"} {
		for name, raw := range corpus(t, folder) {
			t.Run(name, func(t *testing.T) {
				raw = crlf(raw)
				verifyWire(t, raw, Parse(raw).Structure)
			})
		}
	}
}

func TestWiresStayBounded(t *testing.T) {
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	for name, message := range map[string]string{
		"many addresses":      "To: " + many("Ann Lee <ann@a.example>, ", 20000) + "\n\n",
		"many groups":         "To: " + many("g:;", 50000) + "\n\n",
		"a long subject":      "Subject: " + many("x", 200000) + "\n\n",
		"many parameters":     "Content-Type: text/plain; " + many("a=\"\\\"\\\"\\\"\\\"\\\"\"; ", 10000) + "\n\n",
		"many languages":      "Content-Language: " + many("en, ", 50000) + "\n\n",
		"parts with much":     "Content-Type: multipart/mixed; boundary=x\n\n" + many("--x\nContent-Type: text/plain; name=\""+many("n", 5000)+"\"\nContent-Description: "+many("d", 5000)+"\n\n", 1500),
		"messages in depth":   many("Content-Type: message/rfc822\n\n", 5000),
		"a header of garbage": many("garbage\n", 50000) + "\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			raw := crlf([]byte(message))
			root := Parse(raw).Structure
			verifyWire(t, raw, root)
			if w := NewWire(raw, root); len(w.Envelope)+len(w.BodyStructure) > 2*MaxWireText+400*(MaxParts+MaxDepth) {
				t.Errorf("%d octets", len(w.Envelope)+len(w.BodyStructure))
			}
		})
	}
}

func TestAWireOfAnotherFileHarmsNobody(t *testing.T) {
	long := crlf([]byte("Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x\n\nb\n--x--\n"))
	root := Parse(long).Structure
	for n := range long {
		w := NewWire(long[:n], root)
		for _, s := range []string{w.Envelope, w.Body, w.BodyStructure} {
			if _, rest, err := readItem(s); err != nil || rest != "" {
				t.Fatalf("%q: %v", s, err)
			}
		}
	}
}

func BenchmarkNewWire(b *testing.B) {
	raw := crlf([]byte("Received: by x; Thu, 1 Jan 2026 00:00:00 +0000\nDate: Thu, 1 Jan 2026 00:00:00 +0000\nFrom: Ann Lee <ann@a.example>\nTo: Bob <bob@b.example>, c@d.example\nSubject: Quarterly figures\nMessage-ID: <1@a.example>\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=\"x\"\n\n--x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("The quick brown fox.\n", 200) + "--x\nContent-Type: text/html; charset=utf-8\n\n" + strings.Repeat("<p>The quick brown fox.</p>\n", 200) + "--x--\n"))
	root := Parse(raw).Structure
	b.Run("wire", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			NewWire(raw, root)
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Parse(raw)
		}
	})
}
