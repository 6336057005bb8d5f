package message

import (
	"fmt"
	"strings"
	"testing"
)

// outline writes a tree as one line: type/subtype of each part, with its parts in brackets.
func outline(p *Part) string {
	s := p.Type + "/" + p.Subtype
	if len(p.Parts) > 0 {
		var parts []string
		for _, child := range p.Parts {
			parts = append(parts, outline(child))
		}
		s += "[" + strings.Join(parts, " ") + "]"
	}
	return s
}

func TestTreeIsFound(t *testing.T) {
	const mixed = "Content-Type: multipart/mixed; boundary=b\n\n"
	for _, tc := range []struct{ name, raw, want string }{
		{"no header", "\nhello", "text/plain"},
		{"nothing", "", "text/plain"},
		{"no type", "Subject: s\n\nhello", "text/plain"},
		{"type without a subtype", "Content-Type: text\n\nhello", "text/plain"},
		{"type html", "Content-Type: html\n\nhello", "text/html"},
		{"no type, but a file name", "Content-Type: ; name=a.pdf\n\nhello", "application/octet-stream"},
		{"two parts", mixed + "--b\n\na\n--b\nContent-Type: IMAGE/PNG\n\nx\n--b--\n", "multipart/mixed[text/plain image/png]"},
		{"preamble and epilogue", mixed + "--c\npre\n--b\n\na\n--b--\n--b\n\nepilogue\n--b--\n", "multipart/mixed[text/plain]"},
		{"space after the delimiter", mixed + "--b  \n\na\n--b-- \t\n", "multipart/mixed[text/plain]"},
		{"end lost", mixed + "--b\n\na\n--b\n\nb", "multipart/mixed[text/plain text/plain]"},
		{"no boundary", "Content-Type: multipart/mixed\n\n--b\n\na\n--b--\n", "multipart/mixed[text/plain]"},
		{"no part", mixed + "hello", "multipart/mixed[text/plain]"},
		{"header only", "Content-Type: multipart/mixed; boundary=b", "multipart/mixed[text/plain]"},
		{"boundary that begins as another", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n\na\n--bb\n\nc\n--bb--\n--b\n\nd\n--b--\n",
			"multipart/mixed[multipart/alternative[text/plain text/plain] text/plain]"},
		{"inner end lost", mixed + "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\na\n--b\n\nd\n--b--\n", "multipart/mixed[multipart/mixed[text/plain] text/plain]"},
		{"inner boundary the same", mixed + "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\na\n--b--\n", "multipart/mixed[multipart/mixed[text/plain]]"},
		{"boundary ends in dashes", "Content-Type: multipart/mixed; boundary=\"b--\"\n\n--b--\n\na\n--b--\n\nc\n--b----\n", "multipart/mixed[text/plain text/plain]"},
		{"header of a part without a blank line", mixed + "--b\nContent-Type: text/html\n--b\n\na\n--b--", "multipart/mixed[text/html text/plain]"},
		{"message", "Content-Type: message/rfc822\n\nSubject: s\nContent-Type: text/html\n\nhi", "message/rfc822[text/html]"},
		{"message of RFC 6532", "Content-Type: message/global\n\nSubject: s\n\nhi", "message/global[text/plain]"},
		{"message that is encoded", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogcwo=", "message/rfc822[text/plain]"},
		{"empty message", mixed + "--b\nContent-Type: message/rfc822\n\n--b--", "multipart/mixed[message/rfc822[text/plain]]"},
		{"message cut in its header", mixed + "--b\nContent-Type: message/rfc822\n\nSubject: s\n--b--", "multipart/mixed[message/rfc822[text/plain]]"},
		{"digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: s\n\nhi\n--b\nContent-Type: text/plain\n\nhi\n--b--", "multipart/digest[message/rfc822[text/plain] text/plain]"},
	} {
		for _, ending := range []string{"\n", "\r\n"} {
			t.Run(fmt.Sprintf("%s %d", tc.name, len(ending)), func(t *testing.T) {
				raw := []byte(strings.ReplaceAll(tc.raw, "\n", ending))
				p := Parse(raw)
				verify(t, raw, p)
				if got := outline(p.Structure); got != tc.want {
					t.Errorf("got %s, want %s", got, tc.want)
				}
			})
		}
	}
}

func TestOffsetsGiveHeadersAndBodies(t *testing.T) {
	const raw = "Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n" +
		"--b\r\nX: 1\r\n\r\none\r\ntwo\r\n--b\r\n\r\n\r\n--b\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nthree\r\n\r\n--b--\r\nepilogue"
	root := Parse([]byte(raw)).Structure
	for _, tc := range []struct {
		id, header, body string
		lines            int64
	}{
		{"1", "X: 1\r\n\r\n", "one\r\ntwo", 2},
		{"2", "\r\n", "", 0},
		{"3", "", "", 0},
		{"4", "Content-Type: message/rfc822\r\n\r\n", "Subject: inner\r\n\r\nthree\r\n", 3},
		{"4.1", "Subject: inner\r\n\r\n", "three\r\n", 1},
	} {
		p := Find(root, tc.id)
		if p == nil {
			t.Fatalf("part %s is not found", tc.id)
		}
		if header, body := raw[p.Header:p.Body], raw[p.Body:p.End]; header != tc.header || body != tc.body || p.Lines != tc.lines {
			t.Errorf("part %s: header %q, body %q, %d lines", tc.id, header, body, p.Lines)
		}
	}
	if raw[root.Body:root.End] != raw[strings.Index(raw, "preamble"):] {
		t.Error("the root does not reach to the end")
	}
	if e := Find(root, "4").Envelope; e == nil || e.Subject != "inner" {
		t.Errorf("envelope of the inner message is %+v", e)
	}
}

func TestTextWhereTheHeaderShouldBeIsBody(t *testing.T) {
	const raw = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nhello there\r\n\r\nworld\r\n--b--\r\n"
	p := Parse([]byte(raw)).Structure.Parts[0]
	if body := raw[p.Body:p.End]; body != "hello there\r\n\r\nworld" || p.Lines != 3 {
		t.Errorf("body is %q of %d lines", body, p.Lines)
	}
}

func TestPartsAreFoundBySection(t *testing.T) {
	plain := Parse([]byte("\r\nhi")).Structure
	forward := Parse([]byte("Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--")).Structure
	if Find(plain, "1") != plain || Find(forward, "1") != forward || Find(forward, "1.2") != forward.Parts[0].Parts[1] {
		t.Error("a section is not found")
	}
	for _, id := range []string{"", "0", "2", "1.1", "1.", ".1", "-1", "+1", "1x", "99999999999999999999", "1.1.1"} {
		if p := Find(plain, id); p != nil {
			t.Errorf("section %q of a plain message is %v", id, p)
		}
	}
	if Find(forward, "1.3") != nil || Find(nil, "1") != nil {
		t.Error("a section is found that is not there")
	}
}

func TestAttachmentsAreWhatAPersonWouldCallSo(t *testing.T) {
	part := func(header, body string) string { return "--b\r\n" + header + "\r\n\r\n" + body + "\r\n" }
	for _, tc := range []struct{ name, kind, parts, want string }{
		{"text and a file", "mixed", part("Content-Type: text/plain", "x") + part("Content-Type: application/pdf; name=a.pdf", "x"), "2 a.pdf attachment"},
		{"text that is a file", "mixed", part("Content-Type: text/plain", "x") + part("Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt", "x"), "2 a.txt attachment"},
		{"named text inline", "mixed", part("Content-Type: text/plain", "x") + part("Content-Type: text/plain; name=a.txt\r\nContent-Disposition: inline", "x"), "2 a.txt inline"},
		{"named text first", "mixed", part("Content-Type: text/plain; name=body.txt", "x"), ""},
		{"footer of a list", "mixed", part("Content-Type: text/plain", "x") + part("Content-Type: text/plain", "footer"), ""},
		{"picture in HTML", "related", part("Content-Type: text/html", "x") + part("Content-Type: image/png\r\nContent-ID: <i@x>", "x"), "2  inline"},
		{"invitation", "alternative", part("Content-Type: text/plain", "x") + part("Content-Type: text/calendar", "x"), "2  attachment"},
		{"AMP", "alternative", part("Content-Type: text/plain", "x") + part("Content-Type: text/x-amp-html", "x"), ""},
		{"forwarded message", "mixed", part("Content-Type: message/rfc822", "Subject: s\r\n\r\nx"), "1  attachment"},
		{"delivery report", "report", part("Content-Type: text/plain", "x") + part("Content-Type: message/delivery-status", "x") + part("Content-Type: message/rfc822", "x"), "3  attachment"},
		{"unknown disposition", "mixed", part("Content-Type: text/plain\r\nContent-Disposition: strange", "x"), "1  attachment"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, a := range Parse([]byte("Content-Type: multipart/" + tc.kind + "; boundary=b\r\n\r\n" + tc.parts + "--b--")).Attachments {
				got = append(got, a.ID+" "+a.Filename+" "+a.Disposition)
			}
			if strings.Join(got, ", ") != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
