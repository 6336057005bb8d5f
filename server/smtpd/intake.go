package smtpd

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/emersion/go-smtp"

	"github.com/postroom/postroom/mailstore"
)

// intake lets a message through to its spool and refuses it as soon as it breaks a bound. It sees the octets as they
// will be stored.
type intake struct {
	to  io.Writer
	cfg *Config

	size     int64
	head     int64 // octets of the header section so far, with the empty line that ends it
	inBody   bool
	start    []byte // of the header line that is being read, as much as tells its name
	line     int    // octets of that line
	received int
}

const receivedField = "received:"

// receive reads a message to its end into the spool, and refuses what no message may hold. head is how many octets its
// header section has.
func (f *front) receive(r io.Reader, spool *mailstore.Spool) (head int64, err error) {
	in := intake{to: spool, cfg: &f.link.run.cfg}
	if _, err := io.Copy(&in, r); err != nil {
		if errors.Is(err, smtp.ErrDataReset) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errAborted
		}
		return 0, err
	}
	if flaw := f.text.flaw; flaw != nil {
		return 0, flaw
	}
	return in.head, nil
}

// giveBack closes a spool.
func (f *front) giveBack(spool *mailstore.Spool) {
	if err := spool.Close(); err != nil {
		f.link.log.Error("close spool", "err", err)
	}
}

// Write passes b on.
func (in *intake) Write(b []byte) (int, error) {
	if in.size += int64(len(b)); in.size > in.cfg.MaxMessageBytes {
		return 0, errTooLarge
	}
	for rest := b; len(rest) > 0 && !in.inBody; {
		piece, after, whole := bytes.Cut(rest, []byte("\n"))
		in.header(piece, whole)
		in.head += int64(len(rest) - len(after))
		rest = after
	}
	if in.head > in.cfg.MaxHeaderBytes {
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
