package smtpd

import (
	"bytes"
	"io"
	"strings"
)

// intake lets a message through to its spool and refuses it as soon as it breaks a bound. It sees the octets as they
// will be stored.
type intake struct {
	to  io.Writer
	cfg *Config

	size     int64
	inBody   bool
	start    []byte // of the header line that is being read, as much as tells its name
	line     int    // octets of that line
	received int
}

const receivedField = "received:"

// Write passes b on.
func (in *intake) Write(b []byte) (int, error) {
	if in.size += int64(len(b)); in.size > in.cfg.MaxMessageBytes {
		return 0, errTooLarge
	}
	for rest := b; len(rest) > 0 && !in.inBody; {
		piece, after, whole := bytes.Cut(rest, []byte("\n"))
		in.header(piece, whole)
		rest = after
	}
	if !in.inBody && in.size > in.cfg.MaxHeaderBytes {
		return 0, errHeader
	}
	if in.received > in.cfg.MaxReceived {
		return 0, errLoop
	}
	return in.to.Write(b)
}

// header takes a piece of a header line; whole is true when the line ends with it.
func (in *intake) header(piece []byte, whole bool) {
	in.line += len(piece)
	in.start = append(in.start, piece[:min(len(piece), len(receivedField)-len(in.start))]...)
	if !whole {
		return
	}
	switch {
	case strings.EqualFold(string(in.start), receivedField):
		in.received++
	case in.line == 0 || in.line == 1 && in.start[0] == '\r':
		in.inBody = true
	}
	in.start, in.line = in.start[:0], 0
}
