package deflate

import "encoding/binary"

// symbol decodes one symbol, with its distance if it is a length. The last octet need not be used up for that. It is
// false if the input ends within the symbol.
func (r *Reader) symbol() bool {
	r.load() // the longest symbol has 48 bits: 15 + 5 of a length, 15 + 13 of a distance
	t := r.tables
	hold, nbits := r.hold, r.nbits

	// Missing bits read as 0. An entry whose code is not longer than the bits there are does not depend on them.
	e := t.litlen[hold&t.litlenMask]
	if e&linkEntry != 0 {
		e = t.litlen[e.value()+uint(hold>>litlenBits)&(1<<e.extra()-1)]
	}
	if e.bits() > nbits {
		return false
	}
	hold, nbits = hold>>e.bits(), nbits-e.bits()
	if e&literalEntry != 0 {
		r.hold, r.nbits = hold, nbits
		r.window[r.next] = byte(e.value())
		r.advance(1)
		return true
	}
	if e&otherEntry != 0 {
		if !e.isEnd() {
			r.fail = errLitlen
			return true
		}
		r.hold, r.nbits = hold, nbits
		r.endBlock()
		return true
	}
	if e.extra() > nbits {
		return false
	}
	length := int(e.value()) + int(hold&(1<<e.extra()-1))
	hold, nbits = hold>>e.extra(), nbits-e.extra()

	e = t.dist[hold&t.distMask]
	if e&linkEntry != 0 {
		e = t.dist[e.value()+uint(hold>>distBits)&(1<<e.extra()-1)]
	}
	if e.bits() > nbits {
		return false
	}
	if e&otherEntry != 0 {
		r.fail = errDist
		return true
	}
	hold, nbits = hold>>e.bits(), nbits-e.bits()
	if e.extra() > nbits {
		return false
	}
	dist := int(e.value()) + int(hold&(1<<e.extra()-1))
	if dist > r.history() {
		r.fail = errTooFar
		return true
	}
	r.hold, r.nbits = hold>>e.extra(), nbits-e.extra()
	for range length {
		r.window[r.next] = r.window[(r.next-dist)&(len(r.window)-1)]
		r.advance(1)
	}
	return true
}

// symbols decodes symbols as long as neither the end of the input nor that of the window is near, and leaves the
// rest, and the end of the block and what is wrong in it, to symbol. It does what symbol does, many times as fast: it need not
// ask whether bits have arrived and keeps what it works on out of the Reader.
func (r *Reader) symbols() {
	const (
		ahead = 16 // octets of input: two loads of eight
		room  = maxMatch + 2
	)
	t := r.tables
	in, pos := r.in[:r.end], r.pos
	window, next := r.window, r.next
	hold, nbits := r.hold, r.nbits
	litlenMask, distMask := t.litlenMask, t.distMask
	inLimit := len(in) - ahead
	limit := min(len(window), next+len(window)-r.unread) - room
	history := r.history()
	before := next

	for pos <= inLimit && next <= limit {
		// Bits above nbits that are in hold from the load before are those that are loaded again. At least 56 bits.
		hold |= binary.LittleEndian.Uint64(in[pos:]) << (nbits & 63)
		pos += int((63 - nbits) >> 3)
		nbits |= 56

		// Up to three literals at once: those of the first level have at most litlenBits bits.
		e := t.litlen[hold&litlenMask]
		if e&literalEntry != 0 {
			hold, nbits = hold>>e.bits(), nbits-e.bits()
			window[next] = byte(e >> valueShift)
			next++
			e = t.litlen[hold&litlenMask]
			if e&literalEntry != 0 {
				hold, nbits = hold>>e.bits(), nbits-e.bits()
				window[next] = byte(e >> valueShift)
				next++
				e = t.litlen[hold&litlenMask]
				if e&literalEntry != 0 {
					hold, nbits = hold>>e.bits(), nbits-e.bits()
					window[next] = byte(e >> valueShift)
					next++
					continue
				}
			}
			hold |= binary.LittleEndian.Uint64(in[pos:]) << (nbits & 63)
			pos += int((63 - nbits) >> 3)
			nbits |= 56
		}
		if e&(linkEntry|otherEntry) != 0 {
			if e&otherEntry != 0 {
				break
			}
			e = t.litlen[e.value()+uint(hold>>litlenBits)&(1<<e.extra()-1)]
			if e&literalEntry != 0 {
				hold, nbits = hold>>e.bits(), nbits-e.bits()
				window[next] = byte(e >> valueShift)
				next++
				continue
			}
			if e&otherEntry != 0 {
				break
			}
		}

		// A length, and the distance. Nothing is taken until it is known to be right.
		h := hold >> e.bits()
		used := e.bits() + e.extra()
		length := int(e.value()) + int(h&(1<<e.extra()-1))
		h >>= e.extra()
		e = t.dist[h&distMask]
		if e&linkEntry != 0 {
			e = t.dist[e.value()+uint(h>>distBits)&(1<<e.extra()-1)]
		}
		if e&otherEntry != 0 {
			break
		}
		h >>= e.bits() & 63
		dist := int(e.value()) + int(h&(1<<e.extra()-1))
		if dist > history+next-before {
			break
		}
		hold = h >> e.extra()
		nbits -= used + e.bits() + e.extra()
		copyMatch(window, next, dist, length)
		next += length
	}

	r.pos, r.hold, r.nbits = pos, hold&(1<<nbits-1), nbits
	r.advance(next - before)
}

// copyMatch copies length octets from dist before next to next, where there is room for them. Octets that it writes may be among
// those that it copies. If the window has its full size, dist may reach round its start.
func copyMatch(window []byte, next, dist, length int) {
	end := next + length
	from := next - dist
	if from < 0 {
		next += copy(window[next:end], window[from+len(window):])
		from = 0
	}
	for next < end {
		next += copy(window[next:end], window[from:next])
	}
}
