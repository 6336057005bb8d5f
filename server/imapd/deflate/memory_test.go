package deflate

import (
	"bytes"
	"io"
	"runtime"
	"testing"
	"testing/iotest"
)

// heapOf is how many octets of heap each of n things holds that use makes. Pools are emptied before.
func heapOf(n int, use func() any) int {
	things := make([]any, n)
	before := heap()
	for i := range things {
		things[i] = use()
	}
	after := heap()
	runtime.KeepAlive(things)
	return max(0, after-before) / n
}

func heap() int {
	runtime.GC()
	runtime.GC() // a pool gives up at the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// readUntil reads what stream gives and leaves a Reader that waits.
func readUntil(t *testing.T, stream []byte) *Reader {
	t.Helper()
	r := NewReader(io.MultiReader(bytes.NewReader(stream), iotest.ErrReader(errWaits)))
	if _, err := io.Copy(io.Discard, r); err != errWaits {
		t.Fatal(err)
	}
	return r
}

func TestAnIdleReaderHoldsItsInputAndItsWindow(t *testing.T) {
	few := compressed(t, 6, conversation(5), 100)
	many := compressed(t, 6, conversation(1000), 100)
	whole := compressed(t, 6, conversation(1000), 1<<20)
	within := whole[:len(whole)/2]
	if r := readUntil(t, within); r.tables == nil || r.tables.shared {
		t.Fatal("the stream of the test does not end within a block of its own codes")
	}
	for _, c := range []struct {
		name   string
		stream []byte
		most   int
	}{
		{"nothing", nil, 4000},
		{"little", few[:len(few)-5], 4000},
		{"much", many[:len(many)-5], 36 << 10},
		{"an open block", within, 44 << 10},
	} {
		n := heapOf(50, func() any {
			r := readUntil(t, c.stream)
			r.src = nil
			return r
		})
		t.Logf("after %s: %d octets", c.name, n)
		if n > c.most {
			t.Errorf("after %s a Reader holds %d octets, more than %d", c.name, n, c.most)
		}
	}
	if n := heapOf(200, func() any { return NewReader(nil) }); n > 400 {
		t.Errorf("a Reader that nobody has read holds %d octets", n)
	}
}

func TestAnIdleWriterHoldsNothing(t *testing.T) {
	n := heapOf(200, func() any {
		w := NewWriter(io.Discard)
		w.Write(conversation(20))
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		return w
	})
	t.Logf("%d octets", n)
	if n > 200 {
		t.Errorf("a Writer holds %d octets after a Flush", n)
	}
}

// A blockedWriter tells that it is being written to, and waits.
type blockedWriter struct{ entered, leave chan struct{} }

func (b *blockedWriter) Write(p []byte) (int, error) {
	b.entered <- struct{}{}
	<-b.leave
	return len(p), nil
}

func TestAWriterHoldsNoCompressorWhileItsPeerDoesNotRead(t *testing.T) {
	const writers = 50
	text := conversation(2000)
	dst := &blockedWriter{entered: make(chan struct{}), leave: make(chan struct{})}
	done := make(chan error)
	before := heap()
	for range writers {
		go func() {
			w := NewWriter(dst)
			w.Write(text)
			done <- w.Flush()
		}()
		<-dst.entered
	}
	held := (heap() - before) / writers
	go func() {
		for range dst.entered {
		}
	}()
	close(dst.leave)
	for range writers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	close(dst.entered)
	t.Logf("%d octets", held)
	if held > 72<<10 {
		t.Errorf("a blocked Writer holds %d octets", held)
	}
}

func TestTablesAreUsedAgain(t *testing.T) {
	const blocks = 400
	l, d := make([]int, 286), make([]int, 30)
	l['a'], l[256] = 1, 1
	w := new(bitWriter)
	code := newPrefixCode(l)
	for range blocks {
		w.dynamicHead(0, l, d)
		w.code(code, 'a')
		w.code(code, 256)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := readUntil(t, w.out)
	runtime.ReadMemStats(&after)
	// The race detector makes a pool forget a quarter.
	if n := (after.TotalAlloc - before.TotalAlloc) / blocks; n > 4<<10 {
		t.Errorf("%d octets were allocated for each block", n)
	}
	runtime.KeepAlive(r)
}

// A bomb is an endless static block of matches of 258 octets, 8 of them in 13 octets.
type bomb struct {
	head, period []byte
	at, given    int
}

func newBomb() *bomb {
	w := new(bitWriter).openStatic("x")
	for len(w.out) < 14 || w.bit != 3 { // where the literal left it
		w.match(staticLitlens, staticDists, 258, 1)
	}
	n := len(w.out)
	for range 8 {
		w.match(staticLitlens, staticDists, 258, 1)
	}
	return &bomb{head: w.out[:n-1], period: w.out[n-1 : n+12]}
}

func (b *bomb) Read(p []byte) (int, error) {
	for i := range p {
		if b.at < len(b.head) {
			p[i] = b.head[b.at]
		} else {
			p[i] = b.period[(b.at-len(b.head))%len(b.period)]
		}
		b.at++
	}
	b.given += len(p)
	return len(p), nil
}

func TestABombIsReadInBoundedMemory(t *testing.T) {
	const size = 64 << 20
	src := newBomb()
	p := make([]byte, 1<<16)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := NewReader(src)
	for left := size; left > 0; {
		n, err := r.Read(p[:min(left, len(p))])
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Count(p[:n], []byte("x")) != n {
			t.Fatal("wrong octets")
		}
		left -= n
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 100<<10 {
		t.Errorf("%d octets were allocated for %d octets of output", n, size)
	}
	if most := size*13/(8*258) + inputSize + 1024; src.given > most {
		t.Errorf("%d octets were taken from the source, more than %d", src.given, most)
	}
}

func TestABombIsNotDecodedAheadOfItsReader(t *testing.T) {
	src := newBomb()
	r := NewReader(src)
	for range 1000 {
		if n, err := r.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	if src.given > inputSize {
		t.Errorf("%d octets were taken from the source for 1000 octets of output", src.given)
	}
	if r.unread > maxWindow {
		t.Errorf("%d octets have been decoded ahead", r.unread)
	}
}
