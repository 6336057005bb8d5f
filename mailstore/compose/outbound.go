package compose

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/postroom/postroom/mailstore/fault"
)

// ErrHeaderTooLarge is answered for a message whose header has more than MaxHeader octets.
var ErrHeaderTooLarge = fault.New(fault.Invalid, "header_too_large", "The header of the message has more than %d octets.", MaxHeader)

// Outgoing is a message as it goes on the wire. It may be read by many at once and as often as needed; it closes nothing.
type Outgoing struct {
	Size     int64 // octets
	EightBit bool  // an octet above 127 is in it: it needs 8BITMIME (RFC 6152)
	SMTPUTF8 bool  // an octet above 127 is in its header: it needs SMTPUTF8 (RFC 6531)

	header []byte // up to and with its empty line
	body   *io.SectionReader
}

// Outbound makes a message fit to leave: without its Bcc, Resent-Bcc (RFC 5322, 3.6.3), Return-Path and Postroom-Simulated fields, and byte for
// byte the same for the rest. What is a field and where the header ends is as mailstore/message reads it: a line that is neither
// a field nor folded belongs to the field before it. The message is read once to its end; memory holds the header, of at
// most MaxHeader octets, else the error is ErrHeaderTooLarge. Other errors are those of r.
func Outbound(r io.ReaderAt, size int64) (*Outgoing, error) {
	header, err := ReadHeader(r, size)
	if err != nil {
		return nil, err
	}
	o := &Outgoing{body: io.NewSectionReader(r, int64(len(header)), size-int64(len(header)))}
	o.header = withoutBcc(header)
	o.Size = int64(len(o.header)) + o.body.Size()
	o.SMTPUTF8 = isEightBit(o.header)
	o.EightBit = o.SMTPUTF8
	if !o.EightBit {
		if o.EightBit, err = findEightBit(io.NewSectionReader(o.body, 0, o.body.Size())); err != nil {
			return nil, fmt.Errorf("read message: %w", err)
		}
	}
	return o, nil
}

// NewReader gives the message from its start.
func (o *Outgoing) NewReader() io.ReadSeeker { return io.NewSectionReader(o, 0, o.Size) }

// ReadAt makes an Outgoing an io.ReaderAt.
func (o *Outgoing) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("read message: negative offset")
	}
	if off < int64(len(o.header)) {
		n = copy(p, o.header[off:])
		if n == len(p) {
			return n, nil
		}
	}
	start := off + int64(n) - int64(len(o.header))
	m, err := o.body.ReadAt(p[n:], start)
	if err == io.EOF && start+int64(m) < o.body.Size() {
		err = io.ErrUnexpectedEOF // the file is shorter than it was: half a message never passes for a whole one
	}
	return n + m, err
}

// ReadHeader reads the header of a message of size octets, up to and with the empty line that ends it, or all if there is none.
// It has at most MaxHeader octets, else the error is ErrHeaderTooLarge.
func ReadHeader(r io.ReaderAt, size int64) ([]byte, error) {
	var header []byte
	for step := int64(16 << 10); ; step *= 2 {
		want := min(size, step, MaxHeader+2) // one octet more than the limit, and what an empty line may add
		have := int64(len(header))
		header = append(header, make([]byte, want-have)...)
		if n, err := r.ReadAt(header[have:], have); int64(n) < want-have {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, fmt.Errorf("read message: %w", err)
		}
		if end := headerEnd(header); end >= 0 {
			header = header[:end]
			break
		}
		if want == size {
			break
		}
		if want > MaxHeader {
			return nil, ErrHeaderTooLarge
		}
	}
	if len(header) > MaxHeader {
		return nil, ErrHeaderTooLarge
	}
	return header, nil
}

// headerEnd gives the offset behind the first empty line, or -1. Lines end in LF; the CRs before it do not count.
func headerEnd(b []byte) int {
	for pos := 0; pos < len(b); {
		i := bytes.IndexByte(b[pos:], '\n')
		if i < 0 {
			return -1
		}
		if len(bytes.TrimRight(b[pos:pos+i], "\r")) == 0 {
			return pos + i + 1
		}
		pos += i + 1
	}
	return -1
}

// withoutBcc copies a header without its Bcc fields, and without a Return-Path, which only who delivers may write
// (RFC 5321, 4.4).
func withoutBcc(header []byte) []byte {
	kept := make([]byte, 0, len(header))
	for f := range fields(header) {
		if !f.is("bcc") && !f.is("resent-bcc") && !f.is("return-path") && !f.is(simulatedLower) {
			kept = append(kept, f.lines...)
		}
	}
	return kept
}

// field is one field of a header as mailstore/message reads it.
type field struct {
	name  []byte // as written; nil of lines before the first field, and of the empty line
	lines []byte // all of it, from the name to the last line end
}

func (f field) is(lower string) bool {
	return len(f.name) == len(lower) && string(bytes.ToLower(f.name)) == lower
}

// fields walks a header in its order; the lines of all fields together are the header.
func fields(header []byte) func(yield func(field) bool) {
	return func(yield func(field) bool) {
		var f field
		start, pos := 0, 0
		first := true
		for pos < len(header) {
			line := header[pos:]
			if i := bytes.IndexByte(line, '\n'); i >= 0 {
				line = line[:i+1]
			}
			empty := len(bytes.TrimRight(line, "\r\n")) == 0
			begins := line
			if first {
				begins = bytes.TrimLeft(line, " \t") // there is nothing that the first line could continue
			}
			name := nameOf(begins)
			if empty || name != nil {
				if f.lines = header[start:pos]; pos > start && !yield(f) {
					return
				}
				f, start = field{name: name}, pos
				first = first && name == nil
			}
			pos += len(line)
			if empty {
				break
			}
		}
		if f.lines = header[start:]; len(f.lines) > 0 {
			yield(f)
		}
	}
}

// nameOf gives the name of the field that a line begins, or nil. A space before the colon is obsolete syntax (RFC 5322,
// 4.5). Names with characters that no real field uses are refused, so that a wrapped address or parameter is not taken
// for a field.
func nameOf(line []byte) []byte {
	for i, c := range line {
		switch {
		case c == ':' && i > 0:
			return line[:i]
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', bytes.IndexByte([]byte("-_.+!#$%&*|~"), c) >= 0:
		case (c == ' ' || c == '\t') && i > 0:
			if rest := bytes.TrimLeft(line[i:], " \t"); len(rest) > 0 && rest[0] == ':' {
				return line[:i]
			}
			return nil
		default:
			return nil
		}
	}
	return nil
}

func isEightBit(b []byte) bool {
	for _, c := range b {
		if c > 0x7f {
			return true
		}
	}
	return false
}

func findEightBit(r io.Reader) (bool, error) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if isEightBit(buf[:n]) {
			return true, nil
		}
		switch err {
		case nil:
		case io.EOF:
			return false, nil
		default:
			return false, err
		}
	}
}
