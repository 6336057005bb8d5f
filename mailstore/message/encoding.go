package message

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
)

// Decode gives the body of a part with its transfer encoding undone (RFC 2045, 6): base64, quoted-printable and
// uuencode; any other encoding is read as it is. Damage is never an error: what cannot be decoded is skipped (base64)
// or kept as it stands (quoted-printable). Memory is bounded by a few KiB. Errors are those of r alone.
func Decode(r io.ReaderAt, p *Part) io.Reader {
	return decode(io.NewSectionReader(r, p.Body, p.End-p.Body), p.Encoding)
}

// DecodedSize is the number of octets that Decode gives for a part of the message raw.
func DecodedSize(raw []byte, p *Part) int64 {
	if !isEncoded(p.Encoding) {
		return p.End - p.Body
	}
	if p.Encoding == "base64" {
		return base64Size(raw[p.Body:p.End])
	}
	n, _ := io.Copy(io.Discard, decode(bytes.NewReader(raw[p.Body:p.End]), p.Encoding))
	return n
}

func isEncoded(encoding string) bool {
	switch encoding {
	case "base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue":
		return true
	}
	return false
}

func decode(r io.Reader, encoding string) io.Reader {
	switch encoding {
	case "base64":
		return &base64Reader{in: r}
	case "quoted-printable":
		return &lineReader{in: bufio.NewReaderSize(r, 4<<10), decode: quotedPrintable}
	case "x-uuencode", "uuencode", "x-uue":
		return &lineReader{in: bufio.NewReaderSize(r, 4<<10), decode: uuencode()}
	}
	return r
}

// base64Digit is 1 for the characters of the base64 alphabet, and 0 for all others.
var base64Digit = func() (digit [256]byte) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		digit[c] = 1
	}
	return digit
}()

// base64Reader decodes base64 (RFC 2045, 6.8): characters outside the alphabet are skipped, padding that is due ends
// the data, and missing padding is no fault.
type base64Reader struct {
	in      io.Reader
	buffer  [4 << 10]byte
	digits  [4<<10 + 4]byte // digits[:held] wait for a full group of four
	held    int
	decoded [3 << 10]byte
	out     []byte // of decoded, not yet read
	err     error
}

func (b *base64Reader) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		b.fill()
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

func (b *base64Reader) fill() {
	n, err := b.in.Read(b.buffer[:])
	b.err = err
	for _, c := range b.buffer[:n] {
		if base64Digit[c] != 0 {
			b.digits[b.held] = c
			b.held++
		} else if c == '=' && b.held%4 >= 2 {
			b.err = io.EOF
			break
		}
	}
	whole := b.held &^ 3
	if b.err != nil { // what is left of the last group
		if whole = b.held; whole%4 == 1 {
			whole--
		}
	}
	n, _ = base64.RawStdEncoding.Decode(b.decoded[:], b.digits[:whole])
	b.out = b.decoded[:n]
	b.held = copy(b.digits[:], b.digits[whole:b.held])
}

// base64Size counts what base64Reader gives.
func base64Size(body []byte) int64 {
	digits := int64(0)
	for _, c := range body {
		if base64Digit[c] != 0 {
			digits++
		} else if c == '=' && digits%4 >= 2 {
			break
		}
	}
	return digits * 3 / 4 // of a group of one digit nothing, of two one octet, of three two
}

// lineReader decodes line by line. A line longer than the buffer comes in several pieces.
type lineReader struct {
	in     *bufio.Reader
	decode func(to, piece []byte) (decoded, rest []byte) // rest is to come again in front of the next piece
	held   []byte
	buffer []byte
	out    []byte // of buffer, not yet read
	err    error
}

func (l *lineReader) Read(p []byte) (int, error) {
	for len(l.out) == 0 {
		if l.err != nil {
			return 0, l.err
		}
		piece, err := l.in.ReadSlice('\n')
		if err != bufio.ErrBufferFull {
			l.err = err
		}
		if len(l.held) > 0 {
			piece = append(l.held, piece...)
		}
		decoded, rest := l.decode(l.buffer[:0], piece)
		if l.err != nil {
			decoded, rest = append(decoded, rest...), nil
		}
		l.held = append([]byte(nil), rest...)
		l.buffer, l.out = decoded, decoded
	}
	n := copy(p, l.out)
	l.out = l.out[n:]
	return n, nil
}

// quotedPrintable decodes the encoding of RFC 2045, 6.7. What is no valid escape stays as it is; the white space that
// transport may have added at the end of a line goes, as the standard says.
func quotedPrintable(to, piece []byte) (decoded, rest []byte) {
	text := bytes.TrimRight(piece, "\r\n")
	ending := piece[len(text):]
	if len(ending) > 0 && ending[len(ending)-1] == '\n' {
		if text = bytes.TrimRight(text, " \t"); len(text) > 0 && text[len(text)-1] == '=' {
			text, ending = text[:len(text)-1], nil // a soft line break
		}
	} else if i := bytes.LastIndexByte(piece, '='); i >= 0 && i >= len(piece)-2 {
		text, ending, rest = piece[:i], nil, piece[i:] // an escape that may go on in the next piece
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '=' && i+2 < len(text) {
			if high, low := unhex(text[i+1]), unhex(text[i+2]); high >= 0 && low >= 0 {
				c = byte(high<<4 | low)
				i += 2
			}
		}
		to = append(to, c)
	}
	return append(to, ending...), rest
}

// uuencode decodes what stands between a line "begin" and a line "end".
func uuencode() func(to, line []byte) (decoded, rest []byte) {
	begun, ended := false, false
	return func(to, line []byte) (decoded, rest []byte) {
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case !begun:
			begun = bytes.HasPrefix(line, []byte("begin "))
			return to, nil
		case ended || len(line) == 0 || bytes.Equal(line, []byte("end")):
			ended = ended || len(line) > 0
			return to, nil
		}
		count := int(line[0]-' ') & 63
		at := func(i int) byte {
			if i < len(line) {
				return (line[i] - ' ') & 63
			}
			return 0
		}
		for i := 1; count > 0 && i < len(line); i, count = i+4, count-3 {
			a, b, c, d := at(i), at(i+1), at(i+2), at(i+3)
			group := [3]byte{a<<2 | b>>4, b<<4 | c>>2, c<<6 | d}
			to = append(to, group[:min(count, 3)]...)
		}
		return to, nil
	}
}
