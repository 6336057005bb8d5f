package mailauth

import (
	"bytes"
	"hash"
)

// appendRelaxed appends a header field in the relaxed form (RFC 6376, 3.4.2), with CRLF at its end.
func appendRelaxed(b []byte, f field) []byte {
	b = append(append(b, f.name...), ':')
	start, space := len(b), false
	for _, c := range f.value {
		switch c {
		case ' ', '\t', '\r', '\n':
			space = true
			continue
		}
		if space && len(b) > start {
			b = append(b, ' ')
		}
		space = false
		b = append(b, c)
	}
	return append(b, "\r\n"...)
}

// bodyHash hashes a body in one of its canonical forms (RFC 6376, 3.4.3 and 3.4.4), as it is written, in constant memory: empty
// lines are counted, since those at the end do not belong to it.
type bodyHash struct {
	hash    hash.Hash
	relaxed bool

	out     []byte
	lines   int64 // line ends that wait for what comes behind them
	cr      bool  // a CR waits for its LF
	space   bool  // white space waits for what comes behind it; of relaxed alone
	started bool  // something was written
}

var manyLines = bytes.Repeat([]byte("\r\n"), 512)

func (b *bodyHash) write(text []byte) {
	b.out = b.out[:0]
	for len(text) > 0 {
		c := text[0]
		switch {
		case b.cr && c == '\n':
			b.cr, b.space = false, false
			b.lines++
			text = text[1:]
		case b.cr: // a bare CR is an octet like others
			b.cr = false
			b.release()
			b.out = append(b.out, '\r')
		case c == '\r':
			b.cr = true
			text = text[1:]
		case b.relaxed && (c == ' ' || c == '\t'):
			b.space = true
			text = text[1:]
		default:
			b.release()
			n := b.run(text)
			b.out = append(b.out, text[:n]...)
			text = text[n:]
		}
	}
	b.hash.Write(b.out)
}

// run tells how many octets of a text, at least the first, need no care.
func (b *bodyHash) run(text []byte) int {
	n := bytes.IndexByte(text, '\r')
	if n < 0 {
		n = len(text)
	}
	if b.relaxed {
		for i, c := range text[:n] {
			if c == ' ' || c == '\t' {
				return i
			}
		}
	}
	return n
}

// release writes what has waited: there is something behind it.
func (b *bodyHash) release() {
	b.started = true
	for b.lines > 0 {
		n := min(b.lines, int64(len(manyLines)/2))
		b.out = append(b.out, manyLines[:2*n]...)
		if b.lines -= n; len(b.out) > chunk {
			b.hash.Write(b.out)
			b.out = b.out[:0]
		}
	}
	if b.space {
		b.out = append(b.out, ' ')
		b.space = false
	}
}

// sum ends the body.
func (b *bodyHash) sum() []byte {
	if b.cr {
		b.cr, b.out = false, b.out[:0]
		b.release()
		b.hash.Write(append(b.out, '\r'))
	}
	if b.started || !b.relaxed {
		b.hash.Write([]byte("\r\n"))
	}
	return b.hash.Sum(nil)
}
