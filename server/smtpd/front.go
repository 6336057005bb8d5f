package smtpd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/emersion/go-smtp"
)

// front is a connection as the engine sees it: it reads one command line at a time, or message text and nothing behind
// it. STARTTLS ends a front, and a new one that knows nothing takes its place on the same link. Only the engine's
// goroutine uses it, but for flaw, which is read when the text has ended.
type front struct {
	link *link

	mode     mode
	staged   []byte // for the engine to read
	held     []byte // a command that waits until the engine has forgotten a message of chunks
	ended    bool   // the engine reads no more and writes into nothing
	passedOn bool   // the link belongs to another front

	login    *login // nil: nobody has logged in
	greeted  bool   // EHLO or HELO was accepted
	verb     string // of the command that is being answered, "" before the first
	extended bool   // greeted with EHLO
	silent   bool   // the engine's next reply is not to be sent: the client did not ask for it
	reply    []byte // of the engine, up to a line's end
	replies  int    // lines of the reply so far

	text     text      // of the message that is being sent
	chunk    int64     // octets to come of a chunk
	chunks   bool      // a message of chunks has begun
	last     bool      // the chunk is the last one
	broken   bool      // the chunk ended too early
	transfer int64     // octets of message text in this transaction
	until    time.Time // all text must be there
}

// mode is what the client's next octets are.
type mode uint8

const (
	inCommands mode = iota
	inData
	inChunk
)

// endOfText ends DATA for the engine wherever it stands: the x makes sure that it is inside a line.
var endOfText = []byte("x\r\n.\r\n")

func newFront(l *link) *front { return &front{link: l} }

// Read gives the engine what it is to see next.
func (f *front) Read(p []byte) (n int, err error) {
	defer f.guard(&n, &err)
	if f.link.run.implicit && f.link.tls == nil && !f.ended {
		f.beginTLS()
	}
	for len(f.staged) == 0 {
		switch {
		case f.ended && f.mode == inChunk && !f.broken:
			f.breakChunk()
		case f.ended && f.mode == inChunk:
			f.mode, f.chunks = inCommands, false
			return 0, io.ErrUnexpectedEOF // or the engine would take half a chunk for a whole one
		case f.ended && f.chunks:
			f.abandon()
		case f.ended:
			return 0, io.EOF
		case f.mode == inCommands:
			f.nextCommand()
		case f.mode == inData:
			f.nextData()
		case f.mode == inChunk:
			f.nextChunk()
		}
	}
	n = copy(p, f.staged)
	f.staged = f.staged[n:]
	return n, nil
}

// guard keeps a mistake of ours from ending the process: the engine recovers only inside its commands. The error is not
// io.EOF, which the engine would take for the end of a chunk.
func (f *front) guard(n *int, err *error) {
	if p := recover(); p != nil {
		f.link.log.Error("panic in the front", "err", fmt.Sprint(p), "stack", string(debug.Stack()))
		f.fatal(errInternal421)
		*n, *err = 0, io.ErrUnexpectedEOF
	}
}

// beginText starts a new message.
func (f *front) beginText(chunked bool) {
	cfg := &f.link.run.cfg
	f.text = text{maxLine: cfg.MaxTextLine, chunked: chunked}
	f.transfer = 0
	f.until = time.Now().Add(cfg.TransactionTimeout)
}

// nextData stages the next text of DATA. Text that has a flaw is not handed on, but its end is still looked for, so
// that the client hears the refusal. Its end is the strict one, whereas the engine would be led astray.
func (f *front) nextData() {
	f.awaitText()
	b, ok := f.arrived()
	if !ok {
		return
	}
	n, end := f.text.scan(b)
	if f.text.flaw == nil {
		f.staged = b[:n]
	} else if end {
		f.staged = endOfText
	}
	if end {
		f.mode = inCommands
	}
	f.took(n)
}

// nextChunk stages the next octets of a chunk, all of them: their number is the engine's only end.
func (f *front) nextChunk() {
	f.awaitText()
	b, ok := f.arrived()
	if !ok {
		return
	}
	b = b[:min(int64(len(b)), f.chunk)]
	if f.took(len(b)); f.ended {
		return
	}
	f.text.scan(b)
	f.staged = b
	if f.chunk -= int64(len(b)); f.chunk == 0 {
		f.endChunk()
	}
}

func (f *front) endChunk() {
	f.mode = inCommands
	if f.last {
		f.text.finish()
	}
}

// abandon ends a message of chunks that the client dropped. The engine would break off its reading beside the command
// that does so, and could then give the old message's result to the next one: so it is told of a last chunk, and the
// session of a flaw.
func (f *front) abandon() {
	f.text.flaw = errAborted
	f.staged = []byte("BDAT 0 LAST\r\n")
	f.chunks, f.silent = false, true
}

// breakChunk gives the engine one octet more of a chunk that has ended too early. The engine calls the session from a
// goroutine that may not have begun when it forgets the session, and would then panic; that it took an octet shows that it
// has. Should the octet fill the chunk, the flaw keeps the message from being taken.
func (f *front) breakChunk() {
	f.text.flaw = errAborted
	f.staged, f.broken = []byte{'x'}, true
	if f.chunk--; f.chunk == 0 {
		f.mode = inCommands
	}
}

func (f *front) awaitText() { f.link.wire.await(f.link.run.cfg.DataTimeout, f.until, false) }

// arrived waits until there is input and gives all there is, or ends the session.
func (f *front) arrived() (b []byte, ok bool) {
	if _, err := f.link.in.Peek(1); err != nil {
		f.hangUp(err)
		return nil, false
	}
	b, err := f.link.in.Peek(f.link.in.Buffered())
	return b, err == nil
}

// took counts what was read of a message. The client hears of a message that is too large at its end; one that does not
// end is cut off.
func (f *front) took(n int) {
	f.link.in.Discard(n)
	if f.transfer += int64(n); f.transfer > f.link.run.cfg.maxTransfer() {
		f.fatal(errTooLarge)
	}
}

// hangUp ends the session because there is no more input.
func (f *front) hangUp(err error) {
	switch {
	case f.link.wire.stopped() && (errors.Is(err, errStopping) || errors.Is(err, os.ErrDeadlineExceeded)):
		f.fatal(errStopping421)
	case errors.Is(err, os.ErrDeadlineExceeded):
		f.fatal(errTimeout)
	case errors.Is(err, errCommandLine):
		f.fatal(errLongCommand)
	case f.link.wire.stopped():
		f.ended, f.staged = true, nil
		f.link.end = "the server stopped and did not wait any longer"
	default:
		f.ended, f.staged = true, nil
		f.link.end = endByClient
	}
}

// fatal sends a last reply and ends the session.
func (f *front) fatal(e *smtp.SMTPError) {
	if !f.ended {
		f.link.refuse(e)
		f.link.end = e.Message
	}
	f.ended, f.staged = true, nil
}

// Close ends the link, unless a newer front has it.
func (f *front) Close() error {
	if !f.passedOn {
		f.passedOn = true
		f.link.close()
	}
	return nil
}

// The deadlines are the link's own matter: the engine has none.

func (f *front) SetDeadline(time.Time) error      { return nil }
func (f *front) SetReadDeadline(time.Time) error  { return nil }
func (f *front) SetWriteDeadline(time.Time) error { return nil }

func (f *front) LocalAddr() net.Addr  { return f.link.wire.LocalAddr() }
func (f *front) RemoteAddr() net.Addr { return f.link.wire.RemoteAddr() }
