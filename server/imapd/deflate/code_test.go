package deflate

import (
	"math/rand/v2"
	"testing"
)

// mostEntries is an upper bound of the entries that a complete code of n symbols takes with a first level of first bits.
//
// Codes are in the order of their lengths, so the codes of a second level of h bits are, if its shortest has a bits beyond the
// first level, at least 1<<a + h - a: all but one of a bits, and that one divided on and on. No second level's codes are shorter
// than those of the one before.
func mostEntries(n, first int) int {
	known := map[[2]int]int{}
	var most func(n, shortest int) int
	most = func(n, shortest int) int {
		key := [2]int{n, shortest}
		if m, ok := known[key]; ok {
			return m
		}
		m := 0
		for a := shortest; a <= maxBits-first; a++ {
			for h := a; h <= maxBits-first; h++ {
				if symbols := 1<<a + h - a; symbols <= n {
					m = max(m, 1<<h+most(n-symbols, h))
				}
			}
		}
		known[key] = m
		return m
	}
	return 1<<first + most(n, 1)
}

func TestTheTablesHoldTheLargestCodes(t *testing.T) {
	if n := mostEntries(maxLitlens, litlenBits); n != litlenEntries {
		t.Errorf("literals and lengths can need %d entries, the table has %d", n, litlenEntries)
	}
	if n := mostEntries(maxDists, distBits); n != distEntries {
		t.Errorf("distances can need %d entries, the table has %d", n, distEntries)
	}
}

func TestATableFindsEachSymbolByItsCode(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	table := make([]entry, litlenEntries)
	var symbols [288]entry
	for i := range symbols {
		symbols[i] = entry(i) << valueShift
	}
	for range 300 {
		used := r.Perm(286)[:2+r.IntN(285)]
		lengths := randomLengths(r, 286, used)
		l := make([]uint8, 286)
		for i, n := range lengths {
			l[i] = uint8(n)
		}
		mask, ok := fillTable(table, litlenBits, l, symbols[:])
		if !ok {
			t.Fatal("a complete code was refused")
		}
		code := newPrefixCode(lengths)
		for _, symbol := range used {
			w := new(bitWriter)
			w.code(code, symbol)
			w.bits(r.IntN(1<<16), 16) // any bits may follow
			next := uint64(0)
			for i, b := range w.out {
				next |= uint64(b) << (8 * i)
			}
			e := table[next&mask]
			if e&linkEntry != 0 {
				e = table[e.value()+uint(next>>litlenBits)&(1<<e.extra()-1)]
			}
			if int(e.value()) != symbol || int(e.bits()) != lengths[symbol] {
				t.Fatalf("symbol %d of %d bits was found as %d of %d bits", symbol, lengths[symbol], e.value(), e.bits())
			}
		}
	}
}
