package deflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// errWaits stands for a source that would block.
var errWaits = errors.New("the source has nothing yet")

// A source gives its input in pieces. Before each it says errWaits once, as a connection with a deadline would, and
// before it says anything it calls asked with how much it has given.
type source struct {
	in     []byte
	given  int
	size   func() int // of the next piece, at least 1
	asked  func(given int)
	waited bool
	end    error // behind all of the input
	early  bool  // tells end with the last octets
}

func (s *source) Read(p []byte) (int, error) {
	s.asked(s.given)
	if s.given == len(s.in) {
		return 0, s.end
	}
	if !s.waited {
		s.waited = true
		return 0, errWaits
	}
	s.waited = false
	n := copy(p, s.in[s.given:min(len(s.in), s.given+s.size())])
	s.given += n
	if s.early && s.given == len(s.in) {
		return n, s.end
	}
	return n, nil
}

// readAll reads stream through a Reader in pieces of size octets into buffers of room octets, goes on at errWaits, and checks at each
// time that the Reader asks for more that everything decodable has been read.
func readAll(t testing.TB, stream []byte, size, room func() int) ([]byte, error) {
	t.Helper()
	want, _ := decodeSlowly(stream)
	var out []byte
	asks := 0
	src := &source{in: stream, size: size, end: io.EOF, early: len(stream)%2 == 0, asked: func(given int) {
		asks++
		if n := want.decodable(given); len(out) != n {
			t.Fatalf("of %d octets, %d can be decoded and %d were read when the Reader asked for more", given, n, len(out))
		}
	}}
	r := NewReader(src)
	for {
		p := make([]byte, room())
		n, err := r.Read(p)
		if n > 0 && err != nil {
			t.Fatalf("both %d octets and %v", n, err)
		}
		if n == 0 && err == nil {
			t.Fatal("neither an octet nor an error")
		}
		out = append(out, p[:n]...)
		if err != nil && err != errWaits {
			return out, err
		}
	}
}

func always(n int) func() int { return func() int { return n } }

func TestEverythingDecodableIsReadBeforeMoreIsAskedFor(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ways := map[string][2]func() int{
		"octet by octet":               {always(1), always(4096)},
		"octet by octet, one by one":   {always(1), always(1)},
		"all at once":                  {always(1 << 30), always(1 << 16)},
		"all at once, one by one":      {always(1 << 30), always(1)},
		"small and large pieces":       {func() int { return 1 + r.IntN(50) + r.IntN(2)<<16 }, always(1000)},
		"in random pieces":             {func() int { return 1 + r.IntN(100) }, func() int { return 1 + r.IntN(500) }},
		"in pieces of nearly one read": {func() int { return 2000 + r.IntN(100) }, always(5000)},
	}
	for name, stream := range streams(t) {
		want, wantErr := decodeSlowly(stream)
		if errors.Is(wantErr, ErrCorrupt) {
			t.Fatalf("%s: the stream of the test is corrupt", name)
		}
		for way, w := range ways {
			out, err := readAll(t, stream, w[0], w[1])
			if !bytes.Equal(out, want.out) || err != wantErr {
				t.Errorf("%s, %s: %d octets and %v; want %d and %v", name, way, len(out), err, len(want.out), wantErr)
			}
		}
	}
}

func TestAPartialFlushIsReadAtOnce(t *testing.T) {
	for name, stream := range map[string][]byte{
		"in an open block":         new(bitWriter).openStatic("a1 NOOP\r\n").out,
		"by an empty static block": new(bitWriter).openStatic("a1 NOOP\r\n").endBlock().openStatic("").endBlock().out,
	} {
		r := NewReader(io.MultiReader(bytes.NewReader(stream), iotest.ErrReader(errWaits)))
		got := make([]byte, 100)
		n, err := r.Read(got)
		if string(got[:n]) != "a1 NOOP\r\n" || err != nil {
			t.Errorf("%s: %q, %v", name, got[:n], err)
		}
		if _, err := r.Read(got); err != errWaits {
			t.Errorf("%s: then %v, not the source's error", name, err)
		}
	}
}

func TestTheStandardLibraryReadsTheSame(t *testing.T) {
	for seed := range uint64(150) {
		stream := randomStream(rand.New(rand.NewPCG(seed, 2)), 6)
		want, err := io.ReadAll(flate.NewReader(bytes.NewReader(stream)))
		if err != nil {
			t.Fatalf("seed %d: the stream of the test is corrupt: %v", seed, err)
		}
		got, err := io.ReadAll(NewReader(bytes.NewReader(stream)))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("seed %d: other octets, or %v", seed, err)
		}
	}
}

func TestACutStreamEndsUnexpectedly(t *testing.T) {
	stream := compressed(t, 9, conversation(5), 100)
	for n := range stream {
		if _, err := io.ReadAll(NewReader(bytes.NewReader(stream[:n]))); err != io.ErrUnexpectedEOF {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func TestWhatFollowsTheFinalBlockIsIgnored(t *testing.T) {
	stream := append(compressed(t, 6, []byte("hello"), 5), "\xff\xff\xff"...)
	r := NewReader(io.MultiReader(bytes.NewReader(stream), iotest.ErrReader(errWaits)))
	got, err := io.ReadAll(r)
	if string(got) != "hello" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("then %v", err)
	}
}

func TestCorruptStreamsSayWhatIsWrong(t *testing.T) {
	// litlens and dists of a block whose codes are fine.
	fine := func() (l, d []int) {
		l, d = make([]int, 286), make([]int, 30)
		l['a'], l[256], l[257], d[0], d[29] = 1, 2, 2, 1, 1
		return l, d
	}
	block := func(change func(l, d []int) ([]int, []int)) []byte {
		w := new(bitWriter).openStatic("ab").endBlock()
		l, d := fine()
		l, d = change(l, d)
		w.dynamicHead(1, l, d)
		return w.bits(0, 64).out
	}
	static := func(add func(w *bitWriter)) []byte {
		w := new(bitWriter).openStatic("ab")
		add(w)
		return w.bits(0, 64).out
	}
	// lengthsHead starts a dynamic block with these lengths of the code of code lengths.
	lengthsHead := func(of map[int]int) *bitWriter {
		w := new(bitWriter).openStatic("ab").endBlock()
		w.bits(1, 1).bits(2, 2).bits(0, 5).bits(0, 5).bits(15, 4)
		for _, symbol := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
			w.bits(of[symbol], 3)
		}
		return w
	}
	for name, c := range map[string]struct {
		stream []byte
		want   error
	}{
		"reserved block type":    {new(bitWriter).openStatic("ab").endBlock().bits(7, 3).out, errBlockType},
		"stored length":          {new(bitWriter).openStatic("ab").endBlock().bits(0, 3).align().bits(5, 16).bits(5, 16).out, errStored},
		"287 literals":           {new(bitWriter).openStatic("ab").endBlock().bits(4, 3).bits(30, 5).bits(0, 9).out, errCounts},
		"31 distances":           {new(bitWriter).openStatic("ab").endBlock().bits(4, 3).bits(0, 5).bits(30, 5).bits(0, 4).out, errCounts},
		"incomplete lengths":     {lengthsHead(map[int]int{0: 1, 1: 2}).bits(0, 64).out, errLengthsCode},
		"single length":          {lengthsHead(map[int]int{1: 1}).bits(0, 64).out, errLengthsCode},
		"no lengths":             {lengthsHead(nil).bits(0, 64).out, errLengthsCode},
		"too many lengths":       {lengthsHead(map[int]int{0: 1, 1: 1, 2: 1}).bits(0, 64).out, errLengthsCode},
		"repeat of nothing":      {lengthsHead(map[int]int{16: 1, 0: 1}).bits(3, 3).out, errRepeat},
		"run beyond the end":     {lengthsHead(map[int]int{18: 1, 0: 1}).bits(0xff, 8).bits(0xff, 8).bits(0xff, 8).out, errTooMany},
		"run one beyond the end": {lengthsHead(map[int]int{18: 1, 0: 1}).bits(1, 1).bits(127, 7).bits(1, 1).bits(121-11, 7).out, errTooMany},
		"no end":                 {block(func(l, d []int) ([]int, []int) { l[256], l[258] = 0, 2; return l, d }), errNoEnd},
		"literals incomplete":    {block(func(l, d []int) ([]int, []int) { l['a'] = 2; return l, d }), errLitlenCode},
		"literals too many":      {block(func(l, d []int) ([]int, []int) { l['b'] = 5; return l, d }), errLitlenCode},
		"one literal, 2 bits":    {block(func(l, d []int) ([]int, []int) { l['a'], l[257] = 0, 0; return l, d }), errLitlenCode},
		"distances incomplete":   {block(func(l, d []int) ([]int, []int) { d[0] = 2; return l, d }), errDistCode},
		"distances too many":     {block(func(l, d []int) ([]int, []int) { d[1] = 5; return l, d }), errDistCode},
		"one distance, 2 bits":   {block(func(l, d []int) ([]int, []int) { d[0], d[29] = 2, 0; return l, d }), errDistCode},
		"static length 286":      {static(func(w *bitWriter) { w.code(staticLitlens, 286) }), errLitlen},
		"static length 287":      {static(func(w *bitWriter) { w.code(staticLitlens, 287) }), errLitlen},
		"static distance 30":     {static(func(w *bitWriter) { w.code(staticLitlens, 257); w.code(staticDists, 30) }), errDist},
		"static distance 31":     {static(func(w *bitWriter) { w.code(staticLitlens, 257); w.code(staticDists, 31) }), errDist},
		"distance too far":       {static(func(w *bitWriter) { w.match(staticLitlens, staticDists, 3, 3) }), errTooFar},
		"distance of no code": {dynamicOf(map[int]int{'a': 1, 257: 2, 256: 2}, nil, func(w *bitWriter, l, d *prefixCode) {
			w.code(l, 'a')
			w.code(l, 'a')
			w.code(l, 257)
			w.bits(0, 1)
		}), errDist},
		"distance beside the only code": {dynamicOf(map[int]int{'a': 1, 257: 2, 256: 2}, map[int]int{0: 1}, func(w *bitWriter, l, d *prefixCode) {
			w.code(l, 'a')
			w.code(l, 'a')
			w.code(l, 257)
			w.bits(1, 1)
		}), errDist},
		"literal beside the only code": {append(new(bitWriter).stored(0, []byte("ab")).out, func() []byte {
			l := make([]int, 257)
			l[256] = 1
			w := new(bitWriter)
			w.dynamicHead(1, l, make([]int, 1))
			return w.bits(1, 1).out
		}()...), errLitlen},
	} {
		for _, tail := range []int{0, 40} { // the careful way and the fast one
			stream := append(c.stream[:len(c.stream):len(c.stream)], make([]byte, tail)...)
			r := NewReader(bytes.NewReader(stream))
			out, err := io.ReadAll(r)
			if len(out) != 2 {
				t.Errorf("%s: %q was read before the error", name, out)
			}
			if err != c.want || !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: %v; want %v", name, err, c.want)
			}
			if _, again := r.Read(make([]byte, 1)); again != err {
				t.Errorf("%s: then %v", name, again)
			}
		}
		if want, err := decodeSlowly(c.stream); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: the reference gives %d octets and %v", name, len(want.out), err)
		}
	}
}

func TestASourceThatGivesNothingIsGivenUp(t *testing.T) {
	if _, err := NewReader(new(idleSource)).Read(make([]byte, 1)); err != io.ErrNoProgress {
		t.Error(err)
	}
}

type idleSource struct{}

func (*idleSource) Read([]byte) (int, error) { return 0, nil }

// A lastWord says an error once, with its last octets.
type lastWord struct {
	in   []byte
	said bool
}

func (l *lastWord) Read(p []byte) (int, error) {
	if l.said {
		return 0, io.EOF
	}
	l.said = true
	return copy(p, l.in), errWaits
}

func TestAnErrorThatComesWithOctetsIsToldBehindThem(t *testing.T) {
	r := NewReader(&lastWord{in: new(bitWriter).openStatic("a1 NOOP\r\n").out})
	if got, err := io.ReadAll(r); string(got) != "a1 NOOP\r\n" || err != errWaits {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := r.Read(make([]byte, 1)); err != io.ErrUnexpectedEOF {
		t.Errorf("then %v", err)
	}
}

func TestAnEmptyReadAsksForNothing(t *testing.T) {
	if n, err := NewReader(iotest.ErrReader(errWaits)).Read(nil); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestACallersBufferIsNotWrittenBeyondWhatIsRead(t *testing.T) {
	r := NewReader(bytes.NewReader(compressed(t, 6, conversation(100), 1000)))
	p := make([]byte, 300)
	for {
		clear(p)
		n, err := r.Read(p[:200])
		if bytes.Count(p[n:], []byte{0}) != len(p)-n {
			t.Fatal("octets beyond those that were read")
		}
		if err != nil {
			break
		}
	}
}
