package compose

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore/message"
)

func FuzzSenders(f *testing.F) {
	for _, s := range []string{
		"From: a@b", "From: A <a@b>, \"c,d\" <e@f>", "From: x: a@b, c@d;", "From: a@b (c (d) \\) e)", "From: =?utf-8?q?a=40b?= <c@d>", "From: =?utf-8?b?YQ==?= =?iso-2022-jp?q?x?= <c@d>",
		"From: a@b\r\nFrom: c@d", "From:\r\n a\r\n @b", "From: a@b\r\nSender: \"x\"@[192.0.2.1]", "From: <\"a>\"@b>", "From: a@b\n", "From: \"a@b", "From: a@b <c@d>", "From: '\"a@b\"' <c@d>",
	} {
		f.Add([]byte(s + "\r\n\r\n"))
	}
	f.Fuzz(func(t *testing.T, header []byte) {
		from, sender, err := Senders(header)
		if err != nil {
			if from != nil || sender != "" {
				t.Fatal("senders beside an error")
			}
			return
		}
		if len(from) == 0 || len(from) > MaxFrom {
			t.Fatalf("%d senders", len(from))
		}
		known := map[string]bool{}
		for _, a := range from {
			if c, reason := canonical(a); reason != "" || c != a {
				t.Fatalf("%q is not as it would be written: %q %s", a, c, reason)
			}
			known[a] = true
		}
		// Whom another reader of ours takes for the writer must be among them.
		e := message.Parse(header).Envelope
		if len(e.From) == 0 {
			t.Fatalf("nobody else sees %q in %q", from, header)
		}
		for _, a := range e.From {
			if c, reason := canonical(a.Address); reason != "" || !known[c] {
				t.Fatalf("another reader sees %q, not %q, in %q", a.Address, from, header)
			}
		}
	})
}

func FuzzOutbound(f *testing.F) {
	for _, s := range []string{
		"From: a\r\nBcc: b\r\n\r\nc", "Bcc: a\r\n b\r\nTo: c\r\n", "\r\nBcc: a", " Bcc: a\nTo: b\n\n", "bcc:", "x\r\nBcc : a\r\ny\r\n\r\n", "To: a\r\r\nResent-Bcc: b\r\r\n\r\r\nc", "Bcc: a\r\n \r\nTo: b\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := Outbound(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			if len(raw) <= MaxHeader {
				t.Fatal(err)
			}
			return
		}
		out, err := io.ReadAll(o.NewReader())
		if err != nil || int64(len(out)) != o.Size || o.Size > int64(len(raw)) {
			t.Fatalf("%d octets of %d: %v", len(out), o.Size, err)
		}
		if e := message.Parse(out).Envelope; len(e.Bcc) > 0 {
			t.Fatalf("%q is left of %q", e.Bcc, raw)
		}
		if !bytes.Contains(bytes.ToLower(raw), []byte("bcc")) && !bytes.Equal(out, raw) {
			t.Fatalf("%q became %q", raw, out)
		}
		if body := raw[len(raw)-int(o.body.Size()):]; !bytes.HasSuffix(out, body) {
			t.Fatal("the body is changed")
		}
		if _, again := outbound(t, out); !bytes.Equal(again, out) {
			t.Fatalf("a second time %q became %q", out, again)
		}
		Complete(raw, "example.com", noon)
	})
}

func FuzzDraft(f *testing.F) {
	f.Add("Subject", "Name", "a@b", "file.txt", "text", "<p>html</p>")
	f.Add("=?utf-8?q?x?=", "\"", "\"a b\"@ü", "ü\\", "From x\n.\n ", "<img src=cid:x>")
	f.Fuzz(func(t *testing.T, subject, name, address, filename, text, document string) {
		d := draft()
		d.Subject, d.To, d.Text, d.HTML = subject, []message.Address{{Name: name, Address: address}}, text, document
		d.Attachments = []Attachment{{Filename: filename, ContentID: "x", Content: []byte(text)}}
		d.Headers = []Header{{"X-Test", subject}}
		if d.Check() != nil {
			return
		}
		raw := written(t, d)
		p, _ := read(raw)
		e := p.Envelope
		want, _ := canonical(address)
		if len(e.To) != 1 || e.To[0].Address != want || len(e.From) != 1 || e.From[0] != ann || len(e.Bcc)+len(e.Cc) > 0 {
			t.Fatalf("%+v of %q", e, raw)
		}
		if len(p.Attachments) != 1 {
			t.Fatalf("%d attachments in %q", len(p.Attachments), raw)
		}
	})
}

func FuzzNotice(f *testing.F) {
	f.Add("a@b", "mx.example", "550 no", "Subject: x\r\n\r\n")
	f.Fuzz(func(t *testing.T, address, host, reply, header string) {
		n := notices()["failed"]
		n.Recipients[0].Address, n.Recipients[0].Host, n.Recipients[0].Reply, n.Header, n.Subject = address, host, reply, []byte(header), reply
		raw := n.Bytes()
		checkLines(t, raw)
		p, _ := read(raw)
		if got := shape(p.Structure); got != "report(text/plain message/delivery-status text/rfc822-headers)" {
			t.Fatal(got)
		}
		status := p.Structure.Parts[1]
		if strings.Count(string(raw[status.Body:status.End]), "\r\n\r\n") != 1 {
			t.Fatalf("%s", raw)
		}
	})
}
