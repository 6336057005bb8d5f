package deflate

import (
	"math/bits"
	"sync"
)

// Limits of the format (RFC 1951, 3.2.5 to 3.2.7).
const (
	maxBits        = 15 // of a code for literals, lengths or distances
	maxLengthsBits = 7  // of a code for code lengths
	lengthsSymbols = 19
	maxLitlens     = 286
	maxDists       = 30
)

// A code is looked up by the next bits of the input: in a first level by as many as these, and if its code is longer, in a
// second level that the first one links to. No code needs more entries: a test counts them.
const (
	litlenBits    = 10
	distBits      = 8
	litlenEntries = 1336
	distEntries   = 406
)

// An entry says what a code stands for and how many bits it takes.
//
//	bits 0 to 3     bits of the code, of both levels together
//	bits 4 to 7     extra bits that follow the code; of a link, bits that the second level is looked up by
//	bits 8 to 10    the kind; none is a length or a distance
//	bits 16 to 31   the literal, the least length or distance, or where the second level starts
type entry uint32

const (
	extraShift = 4
	valueShift = 16

	literalEntry entry = 1 << 8
	linkEntry    entry = 1 << 9
	otherEntry   entry = 1 << 10 // the end of the block, or what no symbol has

	// Symbols, without the bits of their codes.
	endSymbol     = otherEntry | 1<<valueShift
	invalidSymbol = otherEntry
)

func (e entry) bits() uint  { return uint(e & 15) }
func (e entry) extra() uint { return uint(e >> extraShift & 15) }
func (e entry) value() uint { return uint(e >> valueShift) }

// isEnd tells the two kinds of other entries apart.
func (e entry) isEnd() bool { return e.value() == endSymbol.value() }

// tables are the codes of one block.
type tables struct {
	litlen     [litlenEntries]entry
	dist       [distEntries]entry
	litlenMask uint64 // of the bits that the first level is looked up by
	distMask   uint64
	shared     bool // of static blocks

	lengths lengths
}

// lengths is what the start of a dynamic block is read into.
type lengths struct {
	litlens, dists, ofLengths int // how many are announced
	done                      int // how many have been read

	code  [lengthsSymbols]uint8
	table [1 << maxLengthsBits]uint8 // symbol << 3 | bits
	of    [maxLitlens + maxDists]uint8
}

func (l *lengths) start(litlens, dists, ofLengths int) {
	l.litlens, l.dists, l.ofLengths, l.done = litlens, dists, ofLengths, 0
	clear(l.code[:])
}

// idle are tables that no Reader is using. Tables are needed while a block is read and not between blocks, so connections, which
// are between blocks nearly always, share them.
var idle = sync.Pool{New: func() any { return new(tables) }}

func takeTables() *tables {
	return idle.Get().(*tables)
}

func (r *Reader) dropTables() {
	if r.tables != nil && !r.tables.shared {
		idle.Put(r.tables)
	}
	r.tables = nil
}

// static gives the codes of static blocks (RFC 1951, 3.2.6).
var static = sync.OnceValue(func() *tables {
	t := &tables{shared: true}
	var l [288]uint8
	for i := range l {
		switch {
		case i < 144:
			l[i] = 8
		case i < 256:
			l[i] = 9
		case i < 280:
			l[i] = 7
		default:
			l[i] = 8
		}
	}
	t.litlenMask, _ = fillTable(t.litlen[:], litlenBits, l[:], litlenSymbols[:])
	var d [32]uint8
	for i := range d {
		d[i] = 5
	}
	t.distMask, _ = fillTable(t.dist[:], distBits, d[:], distSymbols[:])
	return t
})

// build makes the two codes from their lengths.
func (t *tables) build() error {
	l := &t.lengths
	litlens, dists := l.of[:l.litlens], l.of[l.litlens:l.litlens+l.dists]
	// A block whose end has no code could not end. RFC 1951 does not say it, zlib refuses it too.
	if litlens[256] == 0 {
		return errNoEnd
	}
	var ok bool
	if t.litlenMask, ok = fillTable(t.litlen[:], litlenBits, litlens, litlenSymbols[:]); !ok {
		return errLitlenCode
	}
	if t.distMask, ok = fillTable(t.dist[:], distBits, dists, distSymbols[:]); !ok {
		return errDistCode
	}
	return nil
}

// build makes the table of the code that code lengths are written in. It is false if that is not a complete prefix code. One
// with a single symbol is none: with that, no block's codes could be written.
func (l *lengths) build() bool {
	left := 1 << maxLengthsBits
	for _, n := range l.code {
		if n > 0 {
			left -= 1 << (maxLengthsBits - n)
		}
	}
	if left != 0 {
		return false
	}
	code := uint8(0) // from its highest bit on
	for n := uint8(1); n <= maxLengthsBits; n++ {
		for symbol, length := range l.code {
			if length != n {
				continue
			}
			for i := int(bits.Reverse8(code)); i < len(l.table); i += 1 << n {
				l.table[i] = uint8(symbol)<<3 | n
			}
			code += 1 << (8 - n)
		}
	}
	return true
}

// fillTable makes the table of the prefix code in which symbols[i] has a code of lengths[i] bits, or none if it is 0 (RFC 1951,
// 3.2.2). Its first level is looked up by the bits of mask, at most firstBits of them.
//
// It is false unless the code is complete, with the exceptions that zlib makes and RFC 1951 (3.2.7) makes for distances: one symbol
// alone may have a code of one bit, and there may be no symbol at all. The bits without a meaning are then invalid.
func fillTable(table []entry, firstBits int, lengths []uint8, symbols []entry) (mask uint64, ok bool) {
	var count [maxBits + 1]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	used, longest, left := 0, 0, 1
	for n := 1; n <= maxBits; n++ {
		left = left<<1 - count[n]
		if left < 0 {
			return 0, false
		}
		if count[n] > 0 {
			used, longest = used+count[n], n
		}
	}
	if left > 0 {
		if longest > 1 {
			return 0, false
		}
		table[0], table[1] = invalidSymbol|1, invalidSymbol|1
		longest = 1
	}

	// The symbols in the order of their codes.
	var start [maxBits + 2]int
	for n := 1; n <= maxBits; n++ {
		start[n+1] = start[n] + count[n]
	}
	var order [288]uint16
	for symbol, n := range lengths {
		if n > 0 {
			order[start[n]] = uint16(symbol)
			start[n]++
		}
	}

	first := min(firstBits, longest)
	size := 1 << first // of the table up to here, with its second levels
	second, secondBits := table[:0], 0
	prefix := -1 // of the second level that is being filled
	code := 0    // its bits in reverse, as the input has them
	for _, symbol := range order[:used] {
		n := int(lengths[symbol])
		e := symbols[symbol] | entry(n)
		if n <= first {
			for i := code; i < 1<<first; i += 1 << n {
				table[i] = e
			}
		} else {
			if p := code & (1<<first - 1); p != prefix {
				prefix = p
				secondBits = secondLevel(count[:], n, first)
				second = table[size : size+1<<secondBits]
				table[p] = linkEntry | entry(secondBits)<<extraShift | entry(size)<<valueShift
				size += 1 << secondBits
			}
			for i := code >> first; i < 1<<secondBits; i += 1 << (n - first) {
				second[i] = e
			}
		}
		count[n]--
		code = following(code, n)
	}
	return 1<<first - 1, true
}

// secondLevel tells by how many bits the next second level is looked up: by those that its longest code has beyond the
// first. count holds how many codes of each length are left, the next of which has n bits.
func secondLevel(count []int, n, first int) int {
	left := 1 << (n - first)
	for {
		left -= count[n]
		if left <= 0 {
			return n - first
		}
		n++
		left <<= 1
	}
}

// following gives the code after one of n bits, both in reverse: it adds 1 at the highest of them and carries downwards. Codes
// get longer by zeros at their end, which here are above.
func following(code, n int) int {
	bit := 1 << (n - 1)
	for code&bit != 0 {
		code &^= bit
		bit >>= 1
	}
	return code | bit
}

// litlenSymbols and distSymbols are what the symbols of the two codes stand for (RFC 1951, 3.2.5). The last two of each
// take part in the static codes and stand for nothing.
var (
	litlenSymbols = func() (s [288]entry) {
		for i := range 256 {
			s[i] = literalEntry | entry(i)<<valueShift
		}
		s[256] = endSymbol
		least := 3
		for i := 257; i < 285; i++ {
			extra := max(0, (i-261)/4)
			s[i] = entry(extra)<<extraShift | entry(least)<<valueShift
			least += 1 << extra
		}
		s[285] = maxMatch << valueShift
		s[286], s[287] = invalidSymbol, invalidSymbol
		return s
	}()
	distSymbols = func() (s [32]entry) {
		least := 1
		for i := range maxDists {
			extra := max(0, (i-2)/2)
			s[i] = entry(extra)<<extraShift | entry(least)<<valueShift
			least += 1 << extra
		}
		s[30], s[31] = invalidSymbol, invalidSymbol
		return s
	}()
)
