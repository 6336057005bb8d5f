package proto

import (
	"cmp"
	"slices"
	"strconv"
)

// String is the set in the form of the grammar.
func (s Set) String() string {
	if s.Saved {
		return "$"
	}
	var b []byte
	for i, r := range s.Ranges {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendNumber(b, r.First)
		if r.Last != r.First {
			b = append(b, ':')
			b = appendNumber(b, r.Last)
		}
	}
	return string(b)
}

func appendNumber(dst []byte, n uint32) []byte {
	if n == Star {
		return append(dst, '*')
	}
	return strconv.AppendUint(dst, uint64(n), 10)
}

// HasStar tells whether "*" occurs in the set.
func (s Set) HasStar() bool {
	return slices.ContainsFunc(s.Ranges, func(r Range) bool { return r.First == Star || r.Last == Star })
}

// Resolve is the set with largest in place of "*", ascending, without overlaps: neighbours are one range. Every range of the
// result has 1 <= First <= Last; numbers above largest stay if they are written. "9:*" is 4:9 if
// largest is 4 (RFC 9051, seq-range).
//
// For message numbers largest is how many messages there are; for UIDs it is that of the last message, and UIDNEXT if there
// is none (RFC 9051, seq-number). If largest is 0, ranges with "*" hold nothing.
//
// A set that is "$" has no ranges: who holds the saved result answers for it.
func (s Set) Resolve(largest uint32) []Range {
	out := make([]Range, 0, len(s.Ranges))
	sorted := true
	for _, r := range s.Ranges {
		if r.First == Star {
			r.First = largest
		}
		if r.Last == Star {
			r.Last = largest
		}
		if r.First > r.Last {
			r.First, r.Last = r.Last, r.First
		}
		if r.First == 0 {
			continue
		}
		if n := len(out); n > 0 {
			last := &out[n-1]
			switch {
			case r.First < last.First:
				sorted = false
			case sorted && joins(*last, r):
				last.Last = max(last.Last, r.Last)
				continue
			}
		}
		out = append(out, r)
	}
	if !sorted {
		slices.SortFunc(out, func(a, b Range) int { return cmp.Compare(a.First, b.First) })
		out = merge(out)
	}
	return out
}

// joins tells if b, which does not begin before a, overlaps or follows a at once.
func joins(a, b Range) bool { return b.First <= a.Last || b.First-a.Last == 1 }

// merge joins what overlaps in ranges that are sorted by First.
func merge(ranges []Range) []Range {
	out := ranges[:0]
	for _, r := range ranges {
		if n := len(out); n > 0 && joins(out[n-1], r) {
			out[n-1].Last = max(out[n-1].Last, r.Last)
			continue
		}
		out = append(out, r)
	}
	return out
}

// FormatUIDs appends ascending numbers as a set: "1:3,5". Numbers that are equal count once; no numbers append nothing.
func FormatUIDs(dst []byte, uids []uint32) []byte {
	for i := 0; i < len(uids); {
		first, last := uids[i], uids[i]
		for i++; i < len(uids) && uids[i]-last <= 1; i++ {
			last = uids[i]
		}
		dst = strconv.AppendUint(dst, uint64(first), 10)
		if last > first {
			dst = append(dst, ':')
			dst = strconv.AppendUint(dst, uint64(last), 10)
		}
		if i < len(uids) {
			dst = append(dst, ',')
		}
	}
	return dst
}

// atSet tells whether a set begins here.
func (s *scanner) atSet() bool { return s.atSetNumber() || s.peek() == '$' }

func (s *scanner) atSetNumber() bool { return isDigit(s.peek()) || s.peek() == '*' }

// set takes a sequence set (RFC 9051, sequence-set). Of a range that is written backwards the ends are swapped; "*" comes
// to stand behind.
func (s *scanner) set() Set {
	if s.take('$') {
		return Set{Saved: true}
	}
	ranges := make([]Range, 0, 1+s.commas())
	for {
		r := Range{First: s.setNumber()}
		r.Last = r.First
		if s.take(':') {
			r.Last = s.setNumber()
		}
		if s.err != nil {
			return Set{}
		}
		if r.First == Star || r.Last != Star && r.First > r.Last {
			r.First, r.Last = r.Last, r.First
		}
		ranges = append(ranges, r)
		if !s.take(',') || !s.atSetNumber() { // a comma too many at the end does no harm
			return Set{Ranges: ranges}
		}
	}
}

// plainSet takes a set in which neither "*" nor "$" may stand.
func (s *scanner) plainSet() *Set {
	set := s.set()
	if set.Saved || set.HasStar() {
		s.fail("* and $ are not allowed in this set")
	}
	return &set
}

// commas counts those of the set that begins here.
func (s *scanner) commas() int {
	n := 0
	for i := s.pos; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == ',':
			n++
		case !isDigit(c) && c != ':' && c != '*':
			return n
		}
	}
	return n
}

// setNumber takes a number of a set, or "*".
func (s *scanner) setNumber() uint32 {
	if s.take('*') {
		return Star
	}
	if c := s.peek(); !isDigit(c) {
		s.failHere("A set is written like 1:4,7,9:*; it is wrong at")
		return 0
	}
	return uint32(s.positive(max32))
}
