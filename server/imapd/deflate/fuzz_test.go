package deflate

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"testing"
)

// What a fuzz target takes at most, in octets: a stream of this size is decoded to a few MB.
const maxFuzzed = 4 << 10

// FuzzReader reads any octets in pieces that seed chooses, and compares octets and end with the reference, at each piece,
// and with compress/flate.
func FuzzReader(f *testing.F) {
	for _, stream := range streams(f) {
		if len(stream) <= maxFuzzed {
			f.Add(stream, uint64(1))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		if len(stream) > maxFuzzed {
			return
		}
		r := rand.New(rand.NewPCG(seed, 0))
		most := 1 + r.IntN(len(stream)+1)
		room := 1 + r.IntN(1<<uint(r.IntN(17)))
		got, err := readAll(t, stream, func() int { return 1 + r.IntN(most) }, func() int { return 1 + r.IntN(room) })
		want, wantErr := decodeSlowly(stream)
		if !bytes.Equal(got, want.out) || !sameEnd(err, wantErr) {
			t.Fatalf("%d octets and %v; the reference gives %d and %v", len(got), err, len(want.out), wantErr)
		}

		std, stdErr := io.ReadAll(flate.NewReader(bytes.NewReader(stream)))
		if stdErr == nil {
			if err != io.EOF || !bytes.Equal(got, std) {
				t.Fatalf("%d octets and %v; compress/flate gives %d", len(got), err, len(std))
			}
			return
		}
		if err == io.EOF {
			t.Fatalf("an end; compress/flate says %v", stdErr)
		}
		// Of a wrong or cut stream compress/flate may give more, as it goes on in a block that has no code for its end, or less,
		// as it decodes nothing of fewer bits than its shortest code takes.
		if !bytes.HasPrefix(std, got) && !bytes.HasPrefix(got, std) {
			t.Fatalf("%d octets and %v; compress/flate gives other %d and %v", len(got), err, len(std), stdErr)
		}
	})
}

// FuzzWriter writes data in pieces and with flushes that seed chooses and reads it back after each flush.
func FuzzWriter(f *testing.F) {
	f.Add(conversation(20), uint64(1), false)
	f.Add(make([]byte, 3000), uint64(2), true)
	f.Add([]byte("a1 OK done\r\n"), uint64(3), true)
	f.Fuzz(func(t *testing.T, data []byte, seed uint64, often bool) {
		r := rand.New(rand.NewPCG(seed, 0))
		if !often {
			data = bytes.Repeat(data, 1+r.IntN(1+3*chunk/(len(data)+1)))
		}
		var sent bytes.Buffer
		var all []byte
		w := NewWriter(io.MultiWriter(&sent, (*appender)(&all)))
		peer := NewReader(waiting{&sent})
		var written, got []byte
		for rest := data; len(rest) > 0; {
			n := 1 + r.IntN(len(rest))
			if often {
				n = min(n, 1+r.IntN(500))
			}
			if m, err := w.Write(rest[:n]); m != n || err != nil {
				t.Fatal(m, err)
			}
			written, rest = append(written, rest[:n]...), rest[n:]
			if r.IntN(2) == 0 {
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
				got = append(got, readToWait(t, peer, errWaits)...)
				if !bytes.Equal(got, written) {
					t.Fatalf("after a flush %d octets are read of %d", len(got), len(written))
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got = append(got, readToWait(t, peer, io.EOF)...)
		if !bytes.Equal(got, data) {
			t.Fatalf("%d octets are read of %d", len(got), len(data))
		}
		if std, err := io.ReadAll(flate.NewReader(bytes.NewReader(all))); err != nil || !bytes.Equal(std, data) {
			t.Fatalf("compress/flate reads %d octets of %d, and %v", len(std), len(data), err)
		}
	})
}

type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}
