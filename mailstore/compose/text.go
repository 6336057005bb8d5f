package compose

import (
	"encoding/base64"
	"io"
	"strings"
)

// encodeText gives text with lines ended by CRLF in the encoding that carries it unharmed: 7bit where every line is
// printable ASCII of at most 76 octets that no host on the way alters, else quoted-printable (RFC 2045, 6.7).
func encodeText(s string) (encoding string, body []byte) {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	if isSafe(s) {
		return "7bit", []byte(strings.ReplaceAll(s, "\n", "\r\n"))
	}
	return "quoted-printable", appendQuotedPrintable(nil, s)
}

// isSafe tells whether text can go without an encoding: no long line, no white space at the end of one, which some hosts
// drop, and no "From " at the beginning, which some mark.
func isSafe(s string) bool {
	for line := range strings.SplitSeq(s, "\n") {
		if len(line) > foldAt || strings.HasPrefix(line, "From ") || strings.HasSuffix(line, " ") || strings.HasSuffix(line, "\t") {
			return false
		}
		for i := 0; i < len(line); i++ {
			if line[i] > '~' || line[i] < ' ' && line[i] != '\t' {
				return false
			}
		}
	}
	return true
}

// appendQuotedPrintable encodes text whose lines end in "\n". Lines have at most 76 octets; none begins with "From " or a
// dot.
func appendQuotedPrintable(to []byte, s string) []byte {
	column := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\n' {
			to = append(to, "\r\n"...)
			column = 0
			continue
		}
		width := 1
		last := i+1 == len(s) || s[i+1] == '\n'
		if mustQuote(s, i, last) {
			width = 3
		}
		limit := foldAt - 1 // room for the mark of a soft line break
		if last {
			limit = foldAt
		}
		if column+width > limit {
			to = append(to, "=\r\n"...)
			column = 0
		}
		if column == 0 && (c == '.' || strings.HasPrefix(s[i:], "From ")) {
			width = 3
		}
		if width == 3 {
			to = append(to, '=', hexDigits[c>>4], hexDigits[c&15])
		} else {
			to = append(to, c)
		}
		column += width
	}
	return to
}

func mustQuote(s string, i int, last bool) bool {
	c := s[i]
	if c == ' ' || c == '\t' {
		return last
	}
	return c < '!' || c > '~' || c == '='
}

// writeBase64 writes what r gives in lines of 76 octets (RFC 2045, 6.8), the last one without its end.
func writeBase64(out io.Writer, r io.Reader) error {
	const octets = 57 // of one line
	raw := make([]byte, 128*octets)
	lines := make([]byte, 0, 128*(foldAt+2))
	for first := true; ; first = false {
		n, err := io.ReadFull(r, raw)
		lines = lines[:0]
		for piece := raw[:n]; len(piece) > 0; piece = piece[min(octets, len(piece)):] {
			if !first || len(lines) > 0 {
				lines = append(lines, "\r\n"...)
			}
			lines = base64.StdEncoding.AppendEncode(lines, piece[:min(octets, len(piece))])
		}
		if _, failed := out.Write(lines); failed != nil {
			return failed
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}

// crlfReader ends every line of what it reads by CRLF: a CR or an LF on its own becomes one.
type crlfReader struct {
	in   io.Reader
	raw  [4 << 10]byte
	out  []byte // of buffer, not yet read
	buf  []byte
	last byte
	err  error
}

func (c *crlfReader) Read(p []byte) (int, error) {
	for len(c.out) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.fill()
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

func (c *crlfReader) fill() {
	n, err := c.in.Read(c.raw[:])
	c.err = err
	c.buf = c.buf[:0]
	for _, x := range c.raw[:n] {
		switch {
		case x == '\n' && c.last == '\r':
			c.buf = append(c.buf, '\n')
		case x == '\n':
			c.buf = append(c.buf, "\r\n"...)
		case c.last == '\r':
			c.buf = append(c.buf, '\n', x)
		default:
			c.buf = append(c.buf, x)
		}
		c.last = x
	}
	if c.err != nil && c.last == '\r' {
		c.buf, c.last = append(c.buf, '\n'), '\n'
	}
	c.out = c.buf
}

// nature is what an encoding depends on (RFC 2045, 2.7 to 2.9).
type nature struct {
	eightBit bool // an octet above 127
	inHeader bool // one of them before the first empty line
	binary   bool // a NUL, or a line of more than 998 octets
}

// natureOf reads a message with lines ended by CRLF.
func natureOf(r io.Reader) (n nature, err error) {
	var buf [32 << 10]byte
	length, header := 0, true
	for err == nil {
		var got int
		got, err = r.Read(buf[:])
		for _, c := range buf[:got] {
			switch {
			case c == '\n':
				header = header && length > 0
				length = 0
				continue
			case c == '\r':
				continue
			case c == 0:
				n.binary = true
			case c > 0x7f:
				n.eightBit, n.inHeader = true, n.inHeader || header
			}
			if length++; length > maxLine {
				n.binary = true
			}
		}
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}
