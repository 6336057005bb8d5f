package deflate

import "io"

// The steps here take from the input either all they need for one thing or nothing, so each can be tried again when more
// has arrived. They are false if the input was too short. They set fail if it is wrong.

// The block types (RFC 1951, 3.2.3).
const (
	typeStored = iota
	typeStatic
	typeDynamic
)

// block reads the start of a block.
func (r *Reader) block() bool {
	if !r.bits(3) {
		return false
	}
	last := r.hold&1 != 0
	switch r.hold >> 1 & 3 {
	case typeStored:
		// The length follows at the next octet (RFC 1951, 3.2.4).
		skip := 3 + (r.nbits-3)%8
		if !r.bits(skip + 32) {
			return false
		}
		n := r.hold >> skip & 0xffff
		if n^r.hold>>(skip+16)&0xffff != 0xffff {
			r.fail = errStored
			return true
		}
		r.drop(skip + 32)
		r.last, r.stored, r.step = last, int(n), atStored
	case typeStatic:
		r.drop(3)
		r.last, r.tables, r.step = last, static(), atSymbols
	case typeDynamic:
		if !r.bits(3 + 14) {
			return false
		}
		// The number of code lengths for literals, distances, and code lengths themselves (RFC 1951, 3.2.7).
		litlens := int(r.hold>>3&31) + 257
		dists := int(r.hold>>8&31) + 1
		if litlens > maxLitlens || dists > maxDists {
			r.fail = errCounts
			return true
		}
		t := takeTables()
		t.lengths.start(litlens, dists, int(r.hold>>13&15)+4)
		r.drop(3 + 14)
		r.last, r.tables, r.step = last, t, atLengthsCode
	default:
		r.fail = errBlockType
	}
	return true
}

// endBlock goes on behind a block.
func (r *Reader) endBlock() {
	r.dropTables()
	r.step = atBlock
	if r.last {
		r.fail = io.EOF
	}
}

// copyStored copies what has arrived of a stored block.
func (r *Reader) copyStored() bool {
	if r.stored == 0 {
		r.endBlock()
		return true
	}
	if r.nbits > 0 { // a whole number of octets
		r.window[r.next] = byte(r.hold)
		r.drop(8)
		r.advance(1)
		r.stored--
		return true
	}
	if r.pos == r.end {
		return false
	}
	room := min(len(r.window)-r.next, len(r.window)-r.unread, r.stored)
	n := copy(r.window[r.next:r.next+room], r.in[r.pos:r.end])
	r.pos += n
	r.stored -= n
	r.advance(n)
	return true
}

// lengthsCode reads the code that the code lengths are written in: three bits for each of its lengths, in an order of
// their own (RFC 1951, 3.2.7).
func (r *Reader) lengthsCode() bool {
	l := &r.tables.lengths
	for l.done < l.ofLengths {
		if !r.bits(3) {
			return false
		}
		l.code[lengthsOrder[l.done]] = uint8(r.hold & 7)
		l.done++
		r.drop(3)
	}
	if !l.build() {
		r.fail = errLengthsCode
		return true
	}
	l.done = 0
	r.step = atLengths
	return true
}

var lengthsOrder = [lengthsSymbols]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// lengths reads the code lengths, of literals and then of distances, as one sequence in which runs may cross from
// the one to the other (RFC 1951, 3.2.7).
func (r *Reader) lengths() bool {
	l := &r.tables.lengths
	total := l.litlens + l.dists
	for l.done < total {
		r.load()
		e := l.table[r.hold%(1<<maxLengthsBits)]
		n := uint(e & 7)
		if n > r.nbits {
			return false
		}
		symbol := e >> 3
		if symbol <= maxBits {
			l.of[l.done] = uint8(symbol)
			l.done++
			r.drop(n)
			continue
		}
		run := lengthRuns[symbol-maxBits-1]
		if n+run.extra > r.nbits {
			return false
		}
		count := run.least + int(r.hold>>n&(1<<run.extra-1))
		value := uint8(0)
		if run.repeats {
			if l.done == 0 {
				r.fail = errRepeat
				return true
			}
			value = l.of[l.done-1]
		}
		if l.done+count > total {
			r.fail = errTooMany
			return true
		}
		for range count {
			l.of[l.done] = value
			l.done++
		}
		r.drop(n + run.extra)
	}
	r.fail = r.tables.build()
	r.step = atSymbols
	return true
}

// lengthRuns are the symbols 16, 17 and 18 of the code lengths.
var lengthRuns = [3]struct {
	least   int
	extra   uint
	repeats bool // the length before; else it is 0
}{{3, 2, true}, {3, 3, false}, {11, 7, false}}
