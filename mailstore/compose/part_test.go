package compose

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestTextReadsBack(t *testing.T) {
	for _, text := range []string{
		"", "\n", "a", "a\n", "a\n\n\nb", "From here\nFrom there", ".\n..\n.x", "trailing \n\t\nspace ", strings.Repeat("x", 1000), strings.Repeat("é", 500), strings.Repeat("a b ", 500),
		"a=b =3D = \n=", "--\n-- \n--x", "tab\there", strings.Repeat("x", 76), strings.Repeat("x", 77), strings.Repeat("x", 75) + "é", strings.Repeat("x", 75) + " ", "日本語\n" + strings.Repeat("。", 100),
		strings.Repeat("x", 75) + ".y", strings.Repeat("x", 75) + "From y",
	} {
		d := draft()
		d.Text = text
		raw := written(t, d)
		if _, body := read(raw); body.Text != strings.Trim(text, "\n") {
			t.Errorf("got %.200q, want %.200q", body.Text, text)
		}
		d.HTML, d.Attachments = "<p>x</p>", []Attachment{{Content: []byte("x"), Filename: "x"}}
		raw = written(t, d)
		_, body := read(raw)
		if want := strings.Trim(text, "\n"); text != "" && body.Text != want {
			t.Errorf("in a multipart: got %.200q, want %.200q", body.Text, want)
		}
		_, after, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		for line := range bytes.SplitSeq(after, []byte("\r\n")) {
			if len(line) > 76 && !bytes.HasPrefix(line, []byte("Content-")) {
				t.Errorf("a line of the body has %d octets: %q", len(line), line)
			}
			if bytes.HasPrefix(line, []byte("From ")) {
				t.Errorf("a line begins with From: %q", line)
			}
		}
	}
}

func TestAnAttachedMessageIsNeverEncoded(t *testing.T) {
	for _, tc := range []struct{ name, content, kind, encoding, want string }{
		{"ascii", "Subject: x\r\n\r\nbody\r\n", "message/rfc822", "7bit", "Subject: x\r\n\r\nbody\r\n"},
		{"line ends", "Subject: x\n\nbody\rand\r\nmore\r", "message/rfc822", "7bit", "Subject: x\r\n\r\nbody\r\nand\r\nmore\r\n"},
		{"8-bit body", "Subject: x\r\n\r\nbödy", "message/rfc822", "8bit", "Subject: x\r\n\r\nbödy"},
		{"8-bit header", "Subject: ü\r\n\r\nbody", "message/global", "8bit", "Subject: ü\r\n\r\nbody"},
		{"long line", "Subject: x\r\n\r\n" + strings.Repeat("x", 999), "application/octet-stream", "base64", "Subject: x\r\n\r\n" + strings.Repeat("x", 999)},
		{"NUL", "Subject: x\r\n\r\n\x00", "application/octet-stream", "base64", "Subject: x\r\n\r\n\x00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := draft()
			d.Attachments = []Attachment{{Filename: "m.eml", ContentType: "message/rfc822", Open: func() io.Reader { return iotest.OneByteReader(strings.NewReader(tc.content)) }}}
			raw := written(t, d)
			p, _ := read(raw)
			part := p.Structure.Parts[1]
			if got := part.Type + "/" + part.Subtype; got != tc.kind || part.Encoding != tc.encoding {
				t.Errorf("%s in %s, want %s in %s", got, part.Encoding, tc.kind, tc.encoding)
			}
			if got := content(t, raw, p, p.Attachments[0]); string(got) != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestABoundaryThatOccursInTheContentIsNotTaken(t *testing.T) {
	d := draft()
	d.Text = "--=_boundary1\n"
	d.Attachments = []Attachment{{ContentType: "message/rfc822", Content: []byte("Subject: x\n\n--=_boundary2\n")}}
	var b bytes.Buffer
	if _, err := d.write(&b, counted()); err != nil {
		t.Fatal(err)
	}
	if p, _ := read(b.Bytes()); p.Structure.Params["boundary"] != "=_boundary3" || shape(p.Structure) != "mixed(text/plain message/rfc822)" {
		t.Errorf("the boundary is %q of %s", p.Structure.Params["boundary"], shape(p.Structure))
	}
}

type failingWriter struct{ after int }

func (f *failingWriter) Write(p []byte) (int, error) {
	if f.after -= len(p); f.after < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestErrorsOfTheWriterAndOfAttachmentsComeBack(t *testing.T) {
	d := draft()
	d.Attachments = []Attachment{{Filename: "x", Content: make([]byte, 1<<20)}}
	if _, err := d.WriteTo(&failingWriter{after: 100_000}); err == nil || !strings.Contains(err.Error(), io.ErrClosedPipe.Error()) {
		t.Errorf("writer: %v", err)
	}
	for _, kind := range []string{"", "message/rfc822"} {
		d.Attachments = []Attachment{{Filename: "x", ContentType: kind, Open: func() io.Reader { return failing{io.ErrNoProgress} }}}
		var b bytes.Buffer
		if _, err := d.WriteTo(&b); err == nil || !strings.Contains(err.Error(), io.ErrNoProgress.Error()) {
			t.Errorf("attachment %q: %v", kind, err)
		}
		if kind != "" && b.Len() > 0 {
			t.Error("something was written")
		}
	}
}

func TestMemoryDoesNotGrowWithAttachmentsThatAreOpened(t *testing.T) {
	d := draft()
	const size = 64 << 20
	d.Attachments = []Attachment{{Filename: "big", Open: func() io.Reader { return io.LimitReader(zeros{}, size) }}}
	perRun := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if n, err := d.WriteTo(io.Discard); err != nil || n < size*4/3 {
				b.Fatal(n, err)
			}
		}
	}).AllocedBytesPerOp()
	if perRun > 1<<20 {
		t.Errorf("%d octets are allocated", perRun)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
