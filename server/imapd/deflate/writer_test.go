package deflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"
)

func TestEverythingFlushedCanBeDecodedByAnyPeer(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	text := conversation(4000)
	var out bytes.Buffer
	w := NewWriter(&out)
	var written []byte
	for range 100 {
		for range r.IntN(4) {
			n := r.IntN(1 << uint(r.IntN(17)))
			at := r.IntN(len(text) - n)
			if m, err := w.Write(text[at : at+n]); m != n || err != nil {
				t.Fatal(m, err)
			}
			written = append(written, text[at:at+n]...)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		for name, newPeer := range map[string]func(io.Reader) io.Reader{
			"compress/flate": func(r io.Reader) io.Reader { return flate.NewReader(r) },
			"Reader":         func(r io.Reader) io.Reader { return NewReader(r) },
		} {
			got := make([]byte, len(written))
			peer := newPeer(io.MultiReader(bytes.NewReader(out.Bytes()), askedForMore{t}))
			if n, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, written) {
				t.Fatalf("%s reads %d octets of %d, and %v", name, n, len(written), err)
			}
		}
		if len(written) > 1<<17 {
			written = nil
			out.Reset() // no part refers to one before
		}
	}
}

// askedForMore stands where a connection would block.
type askedForMore struct{ t *testing.T }

func (a askedForMore) Read([]byte) (int, error) {
	a.t.Error("the peer waits for more than was flushed")
	return 0, io.EOF
}

func TestAWriterEndsItsStreamWhenClosed(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("longer than is stored\r\n", 100), string(conversation(1000))} {
		var out bytes.Buffer
		w := NewWriter(&out)
		io.WriteString(w, text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for name, peer := range map[string]io.Reader{"compress/flate": flate.NewReader(&out), "Reader": NewReader(bytes.NewReader(out.Bytes()))} {
			if got, err := io.ReadAll(peer); string(got) != text || err != nil {
				t.Errorf("%d octets: %s reads %d and %v", len(text), name, len(got), err)
			}
		}
		n := out.Len()
		if err := w.Close(); err != nil || out.Len() != n {
			t.Errorf("the second Close: %v", err)
		}
		if _, err := w.Write([]byte("x")); err == nil {
			t.Error("a closed Writer was written to")
		}
		if err := w.Flush(); err == nil {
			t.Error("a closed Writer was flushed")
		}
	}
}

func TestNothingIsWrittenForAFlushOfNothing(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	w.Flush()
	w.Write(nil)
	w.Flush()
	if out.Len() != 0 {
		t.Errorf("%d octets", out.Len())
	}
	w.Write([]byte("a1 OK done\r\n"))
	w.Flush()
	n := out.Len()
	w.Flush()
	if out.Len() != n {
		t.Errorf("%d octets more", out.Len()-n)
	}
}

func TestAChunkNeverOutgrowsItsMemory(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for _, n := range []int{1, minCompressed - 1, minCompressed, 1000, chunk - 1, chunk} {
		in := make([]byte, n)
		for i := range in {
			in[i] = byte(r.IntN(256))
		}
		for _, last := range []bool{false, true} {
			out := compress(nil, in, last)
			if len(out) > maxChunkOutput || len(out) > n+64 {
				t.Errorf("%d octets become %d", n, len(out))
			}
			want := io.ErrUnexpectedEOF
			if last {
				want = nil
			}
			if got, err := io.ReadAll(NewReader(bytes.NewReader(out))); !bytes.Equal(got, in) || err != want {
				t.Errorf("%d octets come back as %d, and %v", n, len(got), err)
			}
		}
	}
}

// failing takes some octets and then fails, or takes none without an error.
type failing struct {
	left   int
	err    error
	writes int
}

func (f *failing) Write(p []byte) (int, error) {
	f.writes++
	if len(p) > f.left {
		return f.left, f.err
	}
	f.left -= len(p)
	return len(p), nil
}

func TestAnErrorOfTheDestinationIsFinal(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, c := range []struct{ err, want error }{{broken, broken}, {nil, io.ErrShortWrite}} {
		dst := &failing{left: 100, err: c.err}
		w := NewWriter(dst)
		w.Write([]byte("fits"))
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		random := make([]byte, 3*chunk)
		r := rand.New(rand.NewPCG(8, 8))
		for i := range random {
			random[i] = byte(r.IntN(256))
		}
		if n, err := w.Write(random); err != c.want || n != chunk {
			t.Errorf("Write: %d, %v", n, err)
		}
		if err := w.Flush(); err != c.want {
			t.Errorf("Flush: %v", err)
		}
		if err := w.Close(); err != c.want {
			t.Errorf("Close: %v", err)
		}
		if dst.writes != 2 {
			t.Errorf("the destination was written to %d times", dst.writes)
		}
	}
}

func TestTwoPeersTalk(t *testing.T) {
	client, server := net.Pipe()
	deadline := time.Now().Add(30 * time.Second)
	client.SetDeadline(deadline)
	server.SetDeadline(deadline)
	echoed := make(chan error, 1)
	go func() {
		defer server.Close()
		r, w := NewReader(server), NewWriter(server)
		p := make([]byte, 50)
		for {
			n, err := r.Read(p)
			if err != nil {
				if err == io.EOF {
					err = w.Close()
				}
				echoed <- err
				return
			}
			w.Write(p[:n])
			if err := w.Flush(); err != nil {
				echoed <- err
				return
			}
		}
	}()
	r, w := NewReader(client), NewWriter(client)
	text := conversation(500)
	for at := 0; at < len(text); {
		n := min(1+at%97, len(text)-at)
		w.Write(text[at : at+n])
		// The server answers before it has read all, and a pipe holds nothing.
		flushed := make(chan error, 1)
		go func() { flushed <- w.Flush() }()
		got := make([]byte, n)
		if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, text[at:at+n]) {
			t.Fatalf("%q, %v", got, err)
		}
		if err := <-flushed; err != nil {
			t.Fatal(err)
		}
		at += n
	}
	go w.Close()
	if _, err := r.Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
	if err := <-echoed; err != nil {
		t.Error(err)
	}
}
