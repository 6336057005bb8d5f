package deflate

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// python runs a script with zlib, an independent peer, and gives its output.
func python(t *testing.T, script string, in []byte, args ...string) []byte {
	t.Helper()
	const path = "/usr/bin/python3"
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is absent, and in CI nothing may be", path)
		}
		t.Skipf("%s is absent", path)
	}
	cmd := exec.Command(path, append([]string{"-c", script}, args...)...)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, stderr.Bytes())
	}
	return out
}

// Frames have four octets of length in front, the highest first.

func framed(parts [][]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(p))), p...)
	}
	return out
}

func unframed(t *testing.T, in []byte) (parts [][]byte) {
	t.Helper()
	for len(in) > 0 {
		n := binary.BigEndian.Uint32(in)
		parts, in = append(parts, in[4:4+n]), in[4+n:]
	}
	return parts
}

const frames = `
import json, struct, sys, zlib
def frames():
    while head := sys.stdin.buffer.read(4):
        yield sys.stdin.buffer.read(struct.unpack('>I', head)[0])
def put(part):
    sys.stdout.buffer.write(struct.pack('>I', len(part)) + part)
`

// talk is what one side says, each part with a flush behind it: short and long, text and not.
func talk() [][]byte {
	text := conversation(900)
	parts := [][]byte{[]byte("a1 NOOP\r\n"), []byte("a2 IDLE\r\n"), []byte("DONE\r\n"), {0}, []byte("x")}
	for n := 1; n < 1<<16; n = n*3 + 1 {
		parts = append(parts, text[:n], text[len(text)-n/2-1:])
	}
	noise := make([]byte, 70000)
	for i, x := 0, uint32(9); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	return append(parts, noise, make([]byte, 200000), []byte("a9 LOGOUT\r\n"))
}

func TestZlibIsReadAfterEachOfItsFlushes(t *testing.T) {
	const script = frames + `
level, strategy, mode = json.loads(sys.argv[1])
c = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
for part in frames():
    put(c.compress(part) + c.flush(mode))
put(c.flush(zlib.Z_FINISH))
`
	parts := talk()
	for name, mode := range map[string]int{"Z_PARTIAL_FLUSH": 1, "Z_SYNC_FLUSH": 2, "Z_FULL_FLUSH": 3} {
		for _, level := range []int{0, 1, 6, 9} {
			for strategy := range 5 { // default, filtered, Huffman only, runs, static codes
				args, _ := json.Marshal([]int{level, strategy, mode})
				t.Run(fmt.Sprintf("%s level %d strategy %d", name, level, strategy), func(t *testing.T) {
					flushed := unframed(t, python(t, script, framed(parts), string(args)))
					if len(flushed) != len(parts)+1 {
						t.Fatalf("%d flushes for %d parts", len(flushed), len(parts))
					}
					var arrived bytes.Buffer
					r := NewReader(waiting{&arrived})
					for i, part := range parts {
						arrived.Write(flushed[i])
						got := readToWait(t, r, errWaits)
						if !bytes.Equal(got, part) {
							t.Fatalf("part %d of %d octets was flushed and %d octets are read", i, len(part), len(got))
						}
					}
					arrived.Write(flushed[len(parts)])
					if got := readToWait(t, r, io.EOF); len(got) > 0 {
						t.Errorf("%d octets at the end", len(got))
					}
				})
			}
		}
	}
}

// waiting gives errWaits instead of an end.
type waiting struct{ *bytes.Buffer }

func (w waiting) Read(p []byte) (int, error) {
	n, err := w.Buffer.Read(p)
	if err == io.EOF {
		err = errWaits
	}
	return n, err
}

func readToWait(t testing.TB, r *Reader, want error) []byte {
	t.Helper()
	var got []byte
	p := make([]byte, 5000)
	for {
		n, err := r.Read(p)
		got = append(got, p[:n]...)
		if err != nil {
			if err != want {
				t.Fatalf("%v; want %v", err, want)
			}
			return got
		}
	}
}

func TestZlibReadsEachFlush(t *testing.T) {
	const script = frames + `
d = zlib.decompressobj(-15)
for part in frames():
    put(d.decompress(part))
put(b'ended' if d.eof and not d.unused_data else b'not ended')
`
	parts := talk()
	var sent [][]byte
	var out bytes.Buffer
	w := NewWriter(&out)
	for _, part := range parts {
		w.Write(part)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		sent = append(sent, bytes.Clone(out.Bytes()))
		out.Reset()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := unframed(t, python(t, script, framed(append(sent, out.Bytes()))))
	if len(got) != len(parts)+2 {
		t.Fatalf("%d answers for %d parts", len(got), len(parts))
	}
	for i, part := range parts {
		if !bytes.Equal(got[i], part) {
			t.Errorf("part %d of %d octets was read as %d octets", i, len(part), len(got[i]))
		}
	}
	if end := got[len(got)-1]; string(end) != "ended" {
		t.Errorf("the stream has %s", end)
	}
}
