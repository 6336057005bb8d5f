package deflate

import (
	"bytes"
	"compress/flate"
	"io"
	"testing"
)

// Each reader and writer is measured beside compress/flate on the same octets.

func BenchmarkReader(b *testing.B) {
	random := make([]byte, 1<<20)
	for i, x := 0, uint32(1); i < len(random); i++ {
		x = x*1664525 + 1013904223
		random[i] = byte(x >> 24)
	}
	for _, c := range []struct {
		name   string
		stream []byte
	}{
		{"text", compressed(b, 6, conversation(10000), 1<<30)},
		{"commands", compressed(b, 6, conversation(1000), 100)},
		{"zeros", compressed(b, 6, make([]byte, 1<<20), 1<<30)},
		{"random", compressed(b, 6, random, 1<<30)},
		{"huffman", compressed(b, flate.HuffmanOnly, conversation(10000), 1<<30)},
	} {
		size := int64(len(readBy(b, flate.NewReader(bytes.NewReader(c.stream)))))
		b.Run(c.name+"/ours", func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				io.Copy(io.Discard, NewReader(bytes.NewReader(c.stream)))
			}
		})
		b.Run(c.name+"/flate", func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				io.Copy(io.Discard, flate.NewReader(bytes.NewReader(c.stream)))
			}
		})
	}
}

func readBy(t testing.TB, r io.Reader) []byte {
	t.Helper()
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// BenchmarkWriter writes answers of 100 octets, of 16 KiB and of 1 MiB, each with its flush, and reports how long the output is
// of each octet written. flate.Writer keeps its state over all answers, so it has 1 MB of memory and refers back.
func BenchmarkWriter(b *testing.B) {
	text := conversation(10000)
	for _, c := range []struct {
		name string
		size int
	}{{"line", 100}, {"page", 16 << 10}, {"whole", 1 << 20}} {
		b.Run(c.name+"/ours", func(b *testing.B) {
			var n counter
			w := NewWriter(&n)
			measureWriter(b, text, c.size, w.Write, w.Flush, &n)
		})
		b.Run(c.name+"/flate", func(b *testing.B) {
			var n counter
			w, err := flate.NewWriter(&n, flate.DefaultCompression)
			if err != nil {
				b.Fatal(err)
			}
			measureWriter(b, text, c.size, w.Write, w.Flush, &n)
		})
	}
}

func measureWriter(b *testing.B, text []byte, size int, write func([]byte) (int, error), flush func() error, n *counter) {
	b.SetBytes(int64(size))
	b.ReportAllocs()
	at := 0
	for b.Loop() {
		if at+size > len(text) {
			at = 0
		}
		write(text[at : at+size])
		flush()
		at += size
	}
	b.ReportMetric(float64(*n)/float64(b.N)/float64(size), "ratio")
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
