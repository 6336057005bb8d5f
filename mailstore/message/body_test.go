package message

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestBodyIsWhatAPersonReads(t *testing.T) {
	part := func(kind, body string) string { return "--b\r\nContent-Type: " + kind + "\r\n\r\n" + body + "\r\n" }
	multipart := func(kind string, parts ...string) string {
		return "Content-Type: multipart/" + kind + "; boundary=b\r\n\r\n" + strings.Join(parts, "") + "--b--\r\n"
	}
	for _, tc := range []struct{ name, raw, text, html string }{
		{"plain", "\r\nhello\r\nworld\r\n", "hello\nworld", ""},
		{"HTML only", "Content-Type: text/html\r\n\r\n<p>hello<p>world", "hello\n\nworld", "<p>hello<p>world"},
		{"alternative", multipart("alternative", part("text/plain", "plain"), part("text/html", "<b>rich</b>")), "plain", "<b>rich</b>"},
		{"alternative of HTML only", multipart("alternative", part("text/html", "<b>rich</b>")), "rich", "<b>rich</b>"},
		{"alternative with two plain forms", multipart("alternative", part("text/plain", "one"), part("text/plain", "two")), "one", ""},
		{"two texts", multipart("mixed", part("text/plain", "one"), part("image/png", "x"), part("text/plain", "two")), "one\ntwo", ""},
		{"HTML with a plain footer", multipart("mixed", part("text/html", "<p>rich"), part("text/plain", "footer")), "rich\nfooter", "<p>rich"},
		{"plain and then HTML of the same", multipart("mixed", part("text/plain", "plain"), part("text/html", "<p>rich")), "plain", "<p>rich"},
		{"attached text", multipart("mixed", part("text/plain", "one"), part("text/plain\r\nContent-Disposition: attachment", "two")), "one", ""},
		{"message within", multipart("mixed", part("text/plain", "one"), part("message/rfc822", "\r\ntwo")), "one", ""},
		{"nested alternatives", "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\r\nplain\r\n--a\r\n" +
			multipart("related", part("text/html", "<p>rich"), part("image/png", "x")) + "--a--", "plain", "<p>rich"},
		{"windows-1252", "Content-Type: text/plain; charset=windows-1252\r\n\r\n\x80 5", "€ 5", ""},
		{"Latin 1 that is not", "Content-Type: text/plain; charset=us-ascii\r\n\r\ncaf\xc3\xa9", "café", ""},
		{"no character set, no UTF-8", "\r\ncaf\xe9", "café", ""},
		{"wrong UTF-8", "Content-Type: text/plain; charset=utf-8\r\n\r\na\xffb", "a\uFFFDb", ""},
		{"UTF-16", "Content-Type: text/plain; charset=utf-16be\r\nContent-Transfer-Encoding: base64\r\n\r\nAGgAaQ==", "hi", ""},
		{"UTF-8 by its mark", "\r\n\xef\xbb\xbfhi", "hi", ""},
		{"character set in HTML", "Content-Type: text/html\r\n\r\n<meta charset=iso-8859-2>\xb1", "ą", "<meta charset=iso-8859-2>ą"},
		{"NUL and controls", "\r\na\x00b\x07c\td", "abc\td", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			raw := []byte(tc.raw)
			p := Parse(raw)
			verify(t, raw, p)
			b := Read(bytes.NewReader(raw), p.Structure, 1<<20)
			if b.Text != tc.text || strings.TrimSpace(b.HTML) != tc.html || b.Truncated {
				t.Errorf("got %+v, want %q and %q", b, tc.text, tc.html)
			}
		})
	}
}

func TestBodyIsCutBetweenCharacters(t *testing.T) {
	for _, tc := range []struct {
		raw, want string
		limit     int
		truncated bool
	}{
		{"\r\nabcdef", "abc", 3, true},
		{"\r\nabcdef", "abcdef", 6, false},
		{"\r\n" + strings.Repeat("é", 100), "ééé", 7, true},
		{"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + strings.Repeat("\xe9", 100), "ééé", 7, true},
		{"Content-Type: text/plain; charset=shift_jis\r\n\r\n" + strings.Repeat("\x82\xa0", 100), "ああ", 8, true},
		{"Content-Type: text/html\r\n\r\n<style>" + strings.Repeat(" ", 1000) + "</style>hello", "hello", 100, true},
	} {
		p := Parse([]byte(tc.raw))
		b := Read(strings.NewReader(tc.raw), p.Structure, tc.limit)
		if b.Text != tc.want || b.Truncated != tc.truncated {
			t.Errorf("%.40q cut at %d gives %q (%v), want %q", tc.raw, tc.limit, b.Text, b.Truncated, tc.want)
		}
	}
}

type failingReader struct{}

func (failingReader) ReadAt([]byte, int64) (int, error) { return 0, errors.New("disk gone") }

func TestBodyThatCannotBeReadIsEmpty(t *testing.T) {
	p := Parse([]byte("\r\nhello"))
	if b := Read(failingReader{}, p.Structure, 100); b.Text != "" {
		t.Errorf("text is %q", b.Text)
	}
	if _, err := io.ReadAll(Decode(failingReader{}, p.Structure)); err == nil {
		t.Error("Decode hides the error of the reader")
	}
}

func TestTransferEncodingIsUndone(t *testing.T) {
	for _, tc := range []struct{ name, encoding, raw, want string }{
		{"none", "7bit", "a=41\r\n", "a=41\r\n"},
		{"unknown", "x-strange", "a=41\r\n", "a=41\r\n"},
		{"base64", "base64", "aGVs\r\nbG8=\r\n", "hello"},
		{"base64 in upper case", "BASE64", "aGVsbG8=", "hello"},
		{"base64 with junk", "base64", "aG!V s*bG\x008=", "hello"},
		{"base64 without padding", "base64", "aGVsbG8", "hello"},
		{"base64 with one digit too many", "base64", "aGVsb", "hel"},
		{"base64 with text after it", "base64", "aGVsbG8=\r\n-- \r\nfooter", "hello"},
		{"base64 with early padding", "base64", "=aGVsbG8=", "hello"},
		{"quoted-printable", "quoted-printable", "caf=C3=A9 =\r\nau lait\r\n", "café au lait\r\n"},
		{"quoted-printable in lower case", "Quoted-Printable", "caf=c3=a9", "café"},
		{"quoted-printable that is broken", "quoted-printable", "a=ZZ b= c=4", "a=ZZ b= c=4"},
		{"quoted-printable with space at ends of lines", "quoted-printable", "a  \r\nb=20\r\nc = \r\nd", "a\r\nb \r\nc d"},
		{"quoted-printable with bare line feeds", "quoted-printable", "a=\nb\n", "ab\n"},
		{"quoted-printable cut at its end", "quoted-printable", "a=", "a="},
		{"uuencode", "x-uuencode", "text\r\nbegin 644 a\r\n%:&5L;&\\\r\n`\r\nend\r\n", "hello"},
		{"dashes in the name", "7-bit", "a", "a"},
		{"comment", "base64 (really)", "aGVsbG8=", "hello"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			raw := []byte("Content-Type: application/x\r\nContent-Transfer-Encoding: " + tc.encoding + "\r\n\r\n" + tc.raw)
			p := Parse(raw)
			got, err := io.ReadAll(iotest.OneByteReader(Decode(bytes.NewReader(raw), p.Structure)))
			if err != nil || string(got) != tc.want {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
			if size := p.Attachments[0].Size; size != int64(len(tc.want)) {
				t.Errorf("size is %d, not %d", size, len(tc.want))
			}
		})
	}
}

func TestLongQuotedPrintableLineIsWhole(t *testing.T) {
	for shift := range 8 { // the escapes meet the ends of the buffer in every way
		line := strings.Repeat("x", shift) + strings.Repeat("=C3=A9", 5000)
		raw := []byte("Content-Transfer-Encoding: quoted-printable\r\n\r\n" + line)
		got, _ := io.ReadAll(Decode(bytes.NewReader(raw), Parse(raw).Structure))
		if want := strings.Repeat("x", shift) + strings.Repeat("é", 5000); string(got) != want {
			t.Fatalf("shifted by %d: %d octets, not %d", shift, len(got), len(want))
		}
	}
}
