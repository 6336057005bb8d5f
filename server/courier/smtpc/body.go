package smtpc

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

const (
	// blockSize is how many octets of a body are read, and about how many are written, at a time. Each block has its
	// deadline, and within it each octet that moves renews it.
	blockSize = 32 << 10

	// lastWord is how long a reply is waited for after a body could not be written: it may have been sent before the
	// server closed, and tell why.
	lastWord = 2 * time.Second

	maxEmptyReads = 100 // in a row
)

// body sends the message and its final dot, and settles the accepted recipients by the answer.
func (t *transaction) body() error {
	c := t.c
	if c.in.Buffered() > 0 { // the server has changed its mind
		return t.broken(&Error{Step: StepBody, Err: ErrUnasked})
	}
	if c.read == nil {
		c.read, c.out = make([]byte, blockSize), make([]byte, 0, blockSize*7/3+8)
	}
	d := dots{out: c.out[:0]}
	for empty := 0; ; {
		n, err := t.m.Body.Read(c.read)
		if flaw := d.add(c.read[:n]); flaw != nil {
			return t.giveUp(flaw)
		}
		if size := t.m.Size; size > 0 && d.size > size {
			return t.giveUp(fmt.Errorf("%w: it has more than the announced %d octets", ErrBody, size))
		}
		if err == io.EOF {
			break
		}
		if empty++; n > 0 {
			empty = 0
		}
		if err == nil && empty > maxEmptyReads {
			err = io.ErrNoProgress
		}
		if err != nil {
			return t.giveUp(fmt.Errorf("read body: %w", err))
		}
		if len(d.out) >= blockSize {
			if _, err := c.stream.Write(d.out); err != nil {
				return t.broken(&Error{Step: StepBody, Err: c.reason(err)})
			}
			d.out = d.out[:0]
		}
	}
	if flaw := d.finish(); flaw != nil {
		return t.giveUp(flaw)
	}
	if size := t.m.Size; size > 0 && d.size < size {
		return t.giveUp(fmt.Errorf("%w: it has %d octets instead of the announced %d", ErrBody, d.size, size))
	}
	if n, err := c.stream.Write(d.out); err != nil && n < len(d.out) { // the end of the final dot was not sent
		return t.broken(&Error{Step: StepBody, Err: c.reason(err)})
	}
	r, err := c.reply(StepFinal, c.timeouts.Final, nil)
	if err != nil {
		return err
	}
	return t.final(r)
}

// final settles by the answer to the final dot.
func (t *transaction) final(r Reply) error {
	c := t.c
	if !r.Positive() && !r.Temporary() && !r.Permanent() {
		e := c.failed(StepFinal, ErrUnexpected)
		e.Reply = &r
		return e
	}
	c.dirty = false
	if r.Positive() {
		c.sent++
	}
	t.out.Final = r
	t.settle(t.accepted, Result{Step: StepFinal, Reply: r})
	return nil
}

// giveUp ends the connection within the body, for a reason of our own. What the server has is no message.
func (t *transaction) giveUp(err error) error {
	t.c.Close()
	return &Error{Step: StepBody, Err: err, Local: true}
}

// broken ends the connection within the body. If the server has said no before, that is the result.
func (t *transaction) broken(e *Error) error {
	c := t.c
	defer c.Close()
	if c.closed.Load() {
		return e
	}
	c.wire.end = time.Time{}
	c.wire.expect(lastWord)
	r, err := readReply(c.in, nil)
	if err != nil || !r.Temporary() && !r.Permanent() {
		return e
	}
	t.out.Final = r
	t.settle(t.accepted, Result{Step: StepBody, Reply: r})
	return nil
}

// dots makes the octets that go on the wire of those of a message: a line that begins with a dot gets a second one (RFC
// 5321, 4.5.2). It refuses what another server could take for the end of a line.
type dots struct {
	out  []byte
	size int64 // of the message so far
	last byte  // its last octet, 0 at the beginning
}

// add takes the next octets of the message. It adds at most a third more than they are, and one.
func (d *dots) add(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if bytes.IndexByte(p, 0) >= 0 {
		return errNUL
	}
	last, lines := d.last, 0
	if (last == '\n' || last == 0) && p[0] == '.' {
		d.out = append(d.out, '.')
	}
	copied := 0
	for begin := 0; ; lines++ {
		lf := bytes.IndexByte(p[begin:], '\n')
		if lf < 0 {
			break
		}
		if lf += begin; lf > 0 {
			last = p[lf-1]
		}
		if last != '\r' {
			return errBareLF
		}
		if begin = lf + 1; begin < len(p) && p[begin] == '.' {
			d.out = append(append(d.out, p[copied:begin]...), '.')
			copied = begin
		}
	}
	// Each LF has its CR. A CR too many is a bare one, but for one at the end: the next octets tell.
	if count(p, '\r')+count([]byte{d.last}, '\r')-count(p[len(p)-1:], '\r') != lines {
		return errBareCR
	}
	d.out = append(d.out, p[copied:]...)
	d.size += int64(len(p))
	d.last = p[len(p)-1]
	return nil
}

func count(p []byte, c byte) int { return bytes.Count(p, []byte{c}) }

var (
	errBareCR = fmt.Errorf("%w: it holds a CR without LF", ErrBody)
	errNUL    = fmt.Errorf("%w: it holds a NUL", ErrBody)
	errBareLF = fmt.Errorf("%w: it holds an LF without CR", ErrBody)
)

// finish adds the final dot.
func (d *dots) finish() error {
	switch d.last {
	case '\r':
		return errBareCR
	case '\n', 0:
	default:
		d.out = append(d.out, "\r\n"...)
	}
	d.out = append(d.out, ".\r\n"...)
	return nil
}
