package compose

import (
	"bytes"
	"io"
	"testing"
)

func BenchmarkWriteTo(b *testing.B) {
	d := shapes()["everything"]
	d.Attachments[0].Content = bytes.Repeat([]byte("octets of a file "), 1<<16)
	n, err := d.WriteTo(io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(n)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOutbound(b *testing.B) {
	raw := append([]byte("From: a@example.com\r\nBcc: b@example.com\r\n\r\n"), bytes.Repeat([]byte("a line of text that is not too long\r\n"), 1<<15)...)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		o, err := Outbound(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, o.NewReader()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSenders(b *testing.B) {
	header := []byte("Subject: x\r\nTo: b@example.com\r\nFrom: =?utf-8?q?M=C3=BCller=2C_Hans?= <a@example.com>\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Senders(header); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNotice(b *testing.B) {
	n := notices()["two"]
	b.ReportAllocs()
	for b.Loop() {
		n.Bytes()
	}
}
