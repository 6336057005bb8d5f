package mailauth

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// header is the header of a message, taken apart as DKIM sees it: lines that begin with a space belong to the field before
// them, and every other line begins one, whatever it holds.
type header struct {
	fields []field
	body   int64 // where the body begins, in octets of the message
	err    error // errHeader, or of reading
}

// field is one header field.
type field struct {
	name  string // in lower case; "" of a line that is no field
	raw   []byte // with its line ends
	value []byte // of raw, what is behind the colon
	plain bool   // every reader takes its first line for the beginning of a field of that name
}

var errHeader = errors.New("the header is too large")

// readHeader reads up to the first empty line. A message without one is all header.
func readHeader(message io.ReaderAt, size int64) header {
	var text []byte
	for n := int64(4 << 10); ; n *= 4 {
		n = min(n, size, MaxHeader+2)
		text = append(make([]byte, 0, n), text...)
		got, err := message.ReadAt(text[len(text):n], int64(len(text)))
		text = text[:len(text)+got]
		if int64(len(text)) < n {
			return header{err: errors.Join(io.ErrUnexpectedEOF, err)}
		}
		end, found := headerEnd(text)
		switch {
		case found && end <= MaxHeader+2:
			return splitHeader(text[:end])
		case n == size && n <= MaxHeader:
			return splitHeader(text)
		case n > MaxHeader:
			h := splitHeader(text)
			h.err = errHeader
			return h
		}
	}
}

// headerEnd finds the end of the empty line.
func headerEnd(text []byte) (int, bool) {
	for pos := 0; ; {
		i := bytes.IndexByte(text[pos:], '\n')
		if i < 0 {
			return 0, false
		}
		empty := endsHeader(text[pos:])
		if pos += i + 1; empty {
			return pos, true
		}
	}
}

// endsHeader reports whether a text begins with an empty line.
func endsHeader(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\n")) || bytes.HasPrefix(text, []byte("\r\n"))
}

func splitHeader(text []byte) header {
	h := header{body: int64(len(text))}
	for start := 0; start < len(text); {
		end := fieldEnd(text, start)
		raw := text[start:end]
		if endsHeader(raw) {
			break
		}
		if len(h.fields) == MaxFields {
			h.err = errHeader
			break
		}
		h.fields = append(h.fields, newField(raw, start == 0))
		start = end
	}
	return h
}

// fieldEnd gives the end of the field that begins at start, with its continuation lines.
func fieldEnd(text []byte, start int) int {
	for pos := start; ; {
		i := bytes.IndexByte(text[pos:], '\n')
		if i < 0 {
			return len(text)
		}
		pos += i + 1
		if pos == len(text) || text[pos] != ' ' && text[pos] != '\t' {
			return pos
		}
	}
}

func newField(raw []byte, first bool) field {
	f := field{raw: raw}
	before, value, found := bytes.Cut(raw, []byte{':'})
	if first { // there is nothing that it could continue
		before = bytes.TrimLeft(before, " \t")
	}
	name := bytes.TrimRight(before, " \t")
	if !found || len(name) == 0 || bytes.IndexByte(before, '\n') >= 0 {
		return f
	}
	f.value, f.plain = value, len(name) == len(before)
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return field{raw: raw}
		}
		f.plain = f.plain && (isAlnum(c) || c == '-' || c == '_' || c == '.')
	}
	f.name = strings.ToLower(string(name))
	return f
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// unfold takes the line ends out of a value (RFC 5322, 2.2.3).
func unfold(value []byte) string {
	return strings.NewReplacer("\r\n", "", "\n", "").Replace(string(value))
}

// stripSpace takes all folding white space out of a value (RFC 6376, 2.8).
func stripSpace(s string) string {
	if !strings.ContainsAny(s, " \t\r\n") {
		return s
	}
	return strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(s)
}
