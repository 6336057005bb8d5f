package proto

import "math"

// LiteralAt tells whether a line, without its end, announces a literal: it ends with {n}, {n+}, ~{n} or ~{n+} behind a
// space or an opening parenthesis. size is in octets; one that does not fit, or has more than 19 digits, is
// math.MaxInt64, which nobody can hold. nonSync: the octets follow without being asked for (RFC 7888). binary: it is a
// literal8 (RFC 3516).
func LiteralAt(line []byte) (size int64, nonSync, binary, ok bool) {
	i := len(line) - 1
	if i < 0 || line[i] != '}' {
		return 0, false, false, false
	}
	i--
	if i >= 0 && line[i] == '+' {
		i--
	}
	for i >= 0 && isDigit(line[i]) {
		i--
	}
	if i < 0 || line[i] != '{' {
		return 0, false, false, false
	}
	if i > 0 && line[i-1] == '~' {
		i--
	}
	if i == 0 || line[i-1] != ' ' && line[i-1] != '(' {
		return 0, false, false, false
	}
	m, ok := cutMarker(string(line[i:]))
	return m.size, m.nonSync, m.binary, ok
}

// marker is the announcement of a literal.
type marker struct {
	size            int64
	nonSync, binary bool
	length          int // of the marker itself
}

// maxMarkerDigits is how long a number of octets may be: 2^63-1 has 19 digits.
const maxMarkerDigits = 19

// cutMarker reads the marker with which text begins.
func cutMarker(text string) (m marker, ok bool) {
	i := 0
	next := func(c byte) bool {
		if i < len(text) && text[i] == c {
			i++
			return true
		}
		return false
	}
	m.binary = next('~')
	if !next('{') {
		return marker{}, false
	}
	start := i
	for i < len(text) && isDigit(text[i]) {
		d := int64(text[i] - '0')
		if i-start >= maxMarkerDigits || m.size > (math.MaxInt64-d)/10 {
			m.size = math.MaxInt64
		} else {
			m.size = m.size*10 + d
		}
		i++
	}
	if i == start {
		return marker{}, false
	}
	m.nonSync = next('+')
	if !next('}') {
		return marker{}, false
	}
	m.length = i
	return m, true
}
