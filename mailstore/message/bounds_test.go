package message

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// These messages take minutes where the work is not linear.

func TestBoundsHold(t *testing.T) {
	nested := func(kind string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: %s; boundary=b%d\r\n\r\n--b%d\r\n", kind, i, i)
		}
		return b.String()
	}
	siblings := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 100_000) + "--b--\r\n"
	for _, tc := range []struct{ name, raw string }{
		{"100,000 parts within parts", nested("multipart/mixed", 100_000)},
		{"100,000 messages within messages", strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 100_000)},
		{"100,000 sibling parts", siblings},
		{"100,000 attachments", strings.ReplaceAll(siblings, "--b\r\n\r\n", "--b\r\nContent-Type: a/b; name=c\r\n\r\n")},
		{"one boundary for all levels", strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 100_000)},
		{"delimiters that match nothing", nested("multipart/mixed", 40) + strings.Repeat("--b\r\n", 1_000_000)},
		{"long boundaries that begin alike", func() string {
			var b strings.Builder
			long := strings.Repeat("b", 60_000)
			for i := range 40 {
				fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=%s%02d\r\n\r\n--%s%02d\r\n", long, i, long, i)
			}
			return b.String() + strings.Repeat("--"+long+"x\r\n", 50)
		}()},
		{"header of 5 MB in one field", "Subject: " + strings.Repeat("x", 5<<20) + "\r\n\r\nbody"},
		{"header of 5 MB in short fields", strings.Repeat("To: a@b\r\n", 5<<20/9) + "\r\nbody"},
		{"header of 5 MB in folded lines", "References:" + strings.Repeat("\r\n <a@b>", 5<<20/8) + "\r\n\r\nbody"},
		{"header of 5 MB without a field", strings.Repeat("nothing\r\n", 5<<20/9) + "\r\nbody"},
		{"line of 10 MB", "\r\n" + strings.Repeat("x", 10<<20)},
		{"line of 10 MB in quoted-printable", "Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Repeat("=", 10<<20)},
		{"10 MB of spaces in quoted-printable", "Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Repeat(" ", 10<<20)},
		{"100,000 parameters", "Content-Type: a/b" + strings.Repeat(";\r\n a=b", 100_000) + "\r\n\r\n"},
		{"encoded words without an end", "Subject: " + strings.Repeat("=?a?q?x", 100_000) + "\r\n\r\n"},
		{"encoded words in many sets", "Subject: " + strings.Repeat("=?utf-8?q?x?==?koi8-r?b?eA?=", 10_000) + "\r\n\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			raw := []byte(tc.raw)
			verify(t, raw, Parse(raw))
		})
	}
}

func TestPartsBeyondTheBoundsAreLeftOut(t *testing.T) {
	head := "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	p := Parse([]byte(head + strings.Repeat("--b\r\n\r\nx\r\n", 2*MaxParts) + "--b--\r\n"))
	if n := len(p.Structure.Parts); n != MaxParts-1 {
		t.Errorf("%d parts are kept", n)
	}
	depth := 0
	for part := Parse([]byte(strings.Repeat(head+"--b\r\n", 2*MaxDepth))).Structure; ; part = part.Parts[0] {
		depth++
		if len(part.Parts) == 0 {
			if part.Type+"/"+part.Subtype != "application/octet-stream" {
				t.Errorf("the deepest part is %s/%s", part.Type, part.Subtype)
			}
			break
		}
	}
	if depth != MaxDepth {
		t.Errorf("parts are %d deep", depth)
	}
}

func TestFieldsBeyondMaxHeaderBytesAreSkippedAndOffsetsStayRight(t *testing.T) {
	raw := "Subject: s\r\n" + strings.Repeat("X: y\r\n", MaxHeaderBytes/6) + "From: a@b\r\n\r\nbody"
	p := Parse([]byte(raw))
	if p.Envelope.Subject != "s" || len(p.Envelope.From) != 0 || raw[p.Structure.Body:] != "body" {
		t.Errorf("envelope %+v, body at %d", p.Envelope, p.Structure.Body)
	}
}

func TestManyAddressesAreCut(t *testing.T) {
	e := Parse([]byte("To: " + strings.Repeat("a@b, ", 2*MaxAddresses) + "\r\nCc: " + strings.Repeat("a@b\r\nCc: ", 2*MaxAddresses) + "\r\n\r\n")).Envelope
	if len(e.To) != MaxAddresses || len(e.Cc) != MaxAddresses {
		t.Errorf("%d and %d addresses are kept", len(e.To), len(e.Cc))
	}
}

func TestPreviewIsCutBetweenCharacters(t *testing.T) {
	p := Parse([]byte("Content-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat("é\r\n\r\n \t", 1000)))
	if want := strings.TrimSpace(strings.Repeat("é ", PreviewLength/2)); p.Preview != want {
		t.Errorf("preview is %q", p.Preview)
	}
}

// message16K is of the size and kind of most mail: text and HTML, a few received lines, a small attachment.
func message16K() []byte {
	var b bytes.Buffer
	for i := range 4 {
		fmt.Fprintf(&b, "Received: from mx%d.example.com (mx%d.example.com [192.0.2.%d])\r\n\tby mx.example.net with ESMTPS id abc%d\r\n\tfor <ann@example.net>; Tue, 1 Jul 2003 10:52:37 +0200\r\n", i, i, i, i)
	}
	b.WriteString("DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from:to:subject;\r\n\tbh=" + strings.Repeat("x", 44) + ";\r\n\tb=" + strings.Repeat("y", 340) + "\r\n")
	b.WriteString("From: =?utf-8?Q?J=C3=B6rg?= <joerg@example.com>\r\nTo: Ann <ann@example.net>, \"Bob, B.\" <bob@example.net>\r\n" +
		"Subject: =?utf-8?B?R3LDvMOfZSBhdXMgS8O2bG4=?=\r\nDate: Tue, 1 Jul 2003 10:52:37 +0200\r\nMessage-ID: <1@example.com>\r\nReferences: <a@x> <b@x>\r\n <c@x>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"outer\"\r\n\r\n--outer\r\nContent-Type: multipart/alternative; boundary=\"inner\"\r\n\r\n" +
		"--inner\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	b.WriteString(strings.Repeat("Some text with an =C3=A9 in it, of the length that lines of mail have.\r\n", 40))
	b.WriteString("--inner\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><body>")
	b.WriteString(strings.Repeat("<p>Some text with an =C3=A9 in it, of the length that lines have.</p>\r\n", 50))
	b.WriteString("--inner--\r\n--outer\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	b.WriteString(strings.Repeat("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx\r\n", 95))
	b.WriteString("--outer--\r\n")
	return b.Bytes()
}

func BenchmarkParse16K(b *testing.B) {
	raw := message16K()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(raw)
	}
}

func BenchmarkParseHTMLOnly(b *testing.B) {
	raw := []byte("Content-Type: text/html; charset=utf-8\r\n\r\n<html><head><style>" + strings.Repeat("p { margin: 0 }\r\n", 600) + "</style></head><body>" + strings.Repeat("<p>Some <b>text</b></p>\r\n", 200))
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(raw)
	}
}
