package deflate

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"testing"
)

// A bitWriter makes streams that no compressor makes.
type bitWriter struct {
	out []byte
	bit int // used bits of the last octet, 0 if all are
}

// bits appends the n lowest bits of v, the lowest first.
func (w *bitWriter) bits(v, n int) *bitWriter {
	for i := range n {
		if w.bit == 0 {
			w.out = append(w.out, 0)
		}
		w.out[len(w.out)-1] |= byte(v>>i&1) << w.bit
		w.bit = (w.bit + 1) % 8
	}
	return w
}

// code appends the code of a symbol, its highest bit first.
func (w *bitWriter) code(c *prefixCode, symbol int) {
	n, code := c.codes[symbol][0], c.codes[symbol][1]
	for i := n - 1; i >= 0; i-- {
		w.bits(code>>i, 1)
	}
}

func (w *bitWriter) align() *bitWriter {
	w.bit = 0
	return w
}

func (w *bitWriter) stored(last int, data []byte) *bitWriter {
	w.bits(last, 3).align().bits(len(data), 16).bits(^len(data), 16)
	w.out = append(w.out, data...)
	return w
}

var staticLitlens, staticDists = func() (*prefixCode, *prefixCode) {
	var l [288]int
	var d [32]int
	for i := range l {
		l[i] = 8
		if i >= 144 && i < 256 {
			l[i] = 9
		} else if i >= 256 && i < 280 {
			l[i] = 7
		}
	}
	for i := range d {
		d[i] = 5
	}
	return newPrefixCode(l[:]), newPrefixCode(d[:])
}()

// openStatic starts a static block with text and leaves it open.
func (w *bitWriter) openStatic(text string) *bitWriter {
	w.bits(0, 1).bits(1, 2)
	for _, b := range []byte(text) {
		w.code(staticLitlens, int(b))
	}
	return w
}

func (w *bitWriter) match(litlens, dists *prefixCode, length, dist int) {
	symbol := 28
	for length < lengthLeast[symbol] {
		symbol--
	}
	w.code(litlens, 257+symbol)
	w.bits(length-lengthLeast[symbol], lengthExtra[symbol])
	symbol = 29
	for dist < distLeast[symbol] {
		symbol--
	}
	w.code(dists, symbol)
	w.bits(dist-distLeast[symbol], distExtra[symbol])
}

func (w *bitWriter) endBlock() *bitWriter {
	w.code(staticLitlens, 256)
	return w
}

// dynamicHead appends the start of a dynamic block with these code lengths, without runs.
func (w *bitWriter) dynamicHead(last int, litlens, dists []int) {
	w.bits(last, 1).bits(2, 2).bits(len(litlens)-257, 5).bits(len(dists)-1, 5).bits(15, 4)
	var of [19]int
	for i := range 13 {
		of[i] = 4
	}
	of[13], of[14], of[15], of[16], of[17], of[18] = 5, 5, 5, 5, 5, 5
	for _, symbol := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
		w.bits(of[symbol], 3)
	}
	code := newPrefixCode(of[:])
	for _, n := range append(append([]int{}, litlens...), dists...) {
		w.code(code, n)
	}
}

// randomLengths gives the lengths of a complete code for the symbols of used among n, as uneven as chance makes it.
func randomLengths(r *rand.Rand, n int, used []int) []int {
	leaves := []int{0}
	for len(leaves) < len(used) {
		i := r.IntN(len(leaves))
		if r.IntN(3) > 0 { // the youngest: deep codes
			i = len(leaves) - 1
		}
		if leaves[i] == 15 {
			i = r.IntN(len(leaves))
			if leaves[i] == 15 {
				continue
			}
		}
		leaves[i]++
		leaves = append(leaves, leaves[i])
	}
	r.Shuffle(len(leaves), func(i, j int) { leaves[i], leaves[j] = leaves[j], leaves[i] })
	lengths := make([]int, n)
	for i, symbol := range used {
		lengths[symbol] = max(1, leaves[i])
	}
	return lengths
}

// randomStream makes a valid stream of blocks of all kinds, with codes, lengths and distances up to their limits.
func randomStream(r *rand.Rand, blocks int) []byte {
	w := new(bitWriter)
	size := 0 // of the output
	for block := range blocks {
		last := 0
		if block == blocks-1 {
			last = 1
		}
		litlens, dists := staticLitlens, staticDists
		switch r.IntN(4) {
		case 0:
			data := make([]byte, r.IntN(1<<uint(r.IntN(16))))
			for i := range data {
				data[i] = byte(r.IntN(256))
			}
			w.stored(last, data)
			size += len(data)
			continue
		case 1:
			w.bits(last, 1).bits(1, 2)
		default:
			all := r.Perm(285)
			for i := range all {
				if all[i] >= 256 {
					all[i]++ // the end's code is set apart
				}
			}
			used := append(all[:1+r.IntN(285)], 256)
			l := randomLengths(r, 286, used)
			d := randomLengths(r, 30, r.Perm(30)[:r.IntN(31)])
			w.dynamicHead(last, l, d)
			litlens, dists = newPrefixCode(l), newPrefixCode(d)
		}
		size += randomSymbols(w, r, litlens, dists, size)
		w.code(litlens, 256)
	}
	return w.out
}

// randomSymbols appends symbols that the codes have and that are valid after size octets, and tells how many octets they are.
func randomSymbols(w *bitWriter, r *rand.Rand, litlens, dists *prefixCode, size int) int {
	before := size
	for range r.IntN(2000) {
		symbol := r.IntN(286)
		switch {
		case litlens.codes[symbol][0] == 0 || symbol == 256:
		case symbol < 256:
			w.code(litlens, symbol)
			size++
		default:
			ds := r.IntN(30)
			if r.IntN(2) == 0 {
				ds = 29
			}
			if dists.codes[ds][0] == 0 {
				continue
			}
			more := r.IntN(1 << distExtra[ds])
			if r.IntN(4) == 0 {
				more = 1<<distExtra[ds] - 1
			}
			if distLeast[ds]+more > size {
				continue
			}
			s := symbol - 257
			length := r.IntN(1 << lengthExtra[s])
			w.code(litlens, symbol)
			w.bits(length, lengthExtra[s])
			w.code(dists, ds)
			w.bits(more, distExtra[ds])
			size += lengthLeast[s] + length
		}
	}
	return size - before
}

// streams are streams by name: valid ones, ended or not.
func streams(t testing.TB) map[string][]byte {
	t.Helper()
	text := conversation(40)
	s := map[string][]byte{}
	s["static block left open"] = new(bitWriter).openStatic("a1 NOOP\r\n").out
	s["static block left open after a match"] = func() []byte {
		w := new(bitWriter).openStatic("a1 NOOP\r\n")
		w.match(staticLitlens, staticDists, 9, 9)
		return w.out
	}()
	s["partial flush"] = new(bitWriter).openStatic("a1 NOOP\r\n").endBlock().openStatic("").endBlock().
		openStatic("a2 NOOP\r\n").endBlock().openStatic("").endBlock().out
	s["two partial flushes each time"] = new(bitWriter).openStatic("a1 NOOP\r\n").endBlock().openStatic("").endBlock().
		openStatic("").endBlock().openStatic("a2 NOOP\r\n").endBlock().openStatic("").endBlock().openStatic("").endBlock().out
	s["stored blocks"] = new(bitWriter).stored(0, []byte("a1 NOOP\r\n")).stored(0, nil).stored(1, text).out
	s["stored block behind static ones"] = new(bitWriter).openStatic("x").endBlock().stored(0, []byte("a1 NOOP\r\n")).
		openStatic("yz").endBlock().stored(1, nil).out
	s["empty"] = new(bitWriter).stored(1, nil).out
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		s[fmt.Sprintf("level %d", level)] = compressed(t, level, text, len(text))
		s[fmt.Sprintf("level %d, flushed", level)] = compressed(t, level, text, 70)
	}
	s["no code for distances"] = dynamicOf(map[int]int{'a': 1, 256: 1}, nil, func(w *bitWriter, l, d *prefixCode) {
		for range 20 {
			w.code(l, 'a')
		}
	})
	s["one code for distances"] = dynamicOf(map[int]int{'a': 1, 257: 2, 256: 2}, map[int]int{0: 1}, func(w *bitWriter, l, d *prefixCode) {
		w.code(l, 'a')
		for range 20 {
			w.match(l, d, 3, 1)
		}
	})
	s["only an end"] = dynamicOf(map[int]int{256: 1}, nil, func(*bitWriter, *prefixCode, *prefixCode) {})
	s["codes of 1 to 15 bits"] = func() []byte {
		litlens := map[int]int{285: 15, 284: 15, 256: 14}
		for n := 1; n < 14; n++ {
			litlens['a'+n] = n
		}
		dists := map[int]int{0: 15, 1: 15}
		for n := 1; n < 15; n++ {
			dists[n+1] = n
		}
		return dynamicOf(litlens, dists, func(w *bitWriter, l, d *prefixCode) {
			for n := 13; n > 0; n-- {
				w.code(l, 'a'+n)
			}
			for _, dist := range []int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 192} {
				w.match(l, d, 258, dist)
				w.match(l, d, 240, dist)
			}
		})
	}()
	s["more than a window from one read"] = func() []byte {
		text := string(conversation(3)[:251])
		w := new(bitWriter).openStatic(text)
		for i := range 1500 {
			w.match(staticLitlens, staticDists, 258-i%7, 251)
		}
		for range 1500 {
			w.match(staticLitlens, staticDists, 257, 32768)
		}
		return w.out
	}()
	for seed := range uint64(12) {
		s[fmt.Sprintf("random %d", seed)] = randomStream(rand.New(rand.NewPCG(seed, 1)), 1+int(seed))
	}
	return s
}

// dynamicOf makes a final dynamic block with these code lengths.
func dynamicOf(litlens, dists map[int]int, symbols func(w *bitWriter, l, d *prefixCode)) []byte {
	l, d := make([]int, 286), make([]int, 30)
	for symbol, n := range litlens {
		l[symbol] = n
	}
	for symbol, n := range dists {
		d[symbol] = n
	}
	w := new(bitWriter)
	w.dynamicHead(1, l, d)
	lc, dc := newPrefixCode(l), newPrefixCode(d)
	symbols(w, lc, dc)
	w.code(lc, 256)
	return w.out
}

// compressed is text, by compress/flate, with a flush behind each n octets and the end behind all.
func compressed(t testing.TB, level int, text []byte, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	for len(text) > 0 {
		n = min(n, len(text))
		w.Write(text[:n])
		w.Flush()
		text = text[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// conversation is text such as a server sends, about 100 octets for each of n messages.
func conversation(n int) []byte {
	r := rand.New(rand.NewPCG(7, 7))
	names := []string{"Ana Silva", "Bo Chen", "Claire Dupont", "Dmitri Ivanov", "Emeka Obi", "Freya Olsen"}
	var out bytes.Buffer
	for i := range n {
		name := names[r.IntN(len(names))]
		fmt.Fprintf(&out, "* %d FETCH (UID %d FLAGS (\\Seen) MODSEQ (%d) ENVELOPE (NIL %q ((%q NIL \"u%d\" \"example.org\"))))\r\n",
			i+1, 3*i+r.IntN(3), 4000+r.IntN(2000), fmt.Sprintf("Report %d of %x", r.IntN(100), r.Uint32()), name, r.IntN(50))
	}
	return out.Bytes()
}
