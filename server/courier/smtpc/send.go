package smtpc

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"
)

// Message is one transaction.
type Message struct {
	Sender     string   // the envelope's; "" for the null path
	Recipients []string // at least one
	Body       io.Reader
	Size       int64 // octets of Body, exactly: with another number nothing is sent to its end; 0 if not known

	EightBit   bool // the body is not ASCII only; to a server without 8BITMIME it goes all the same, as it was signed
	UTF8       bool // the header needs SMTPUTF8; an address that does is seen
	RequireTLS bool // go only where REQUIRETLS is kept (RFC 8689): to a server that offers it, under TLS that was Required
}

// Result is what became of one recipient.
type Result struct {
	Step  Step  // which step decided: mail, rcpt, data, body or final; "" if none did
	Reply Reply // the reply that decided; of a message that was accepted it is that to the final dot
	Local bool  // the reply is our own: the message was not offered, as the answer was known
	Later bool  // the server takes no more recipients in one transaction; this one belongs into the next
}

// Accepted is true if the server has taken the message for this recipient.
func (r Result) Accepted() bool { return r.Step == StepFinal && r.Reply.Positive() }

// Outcome is what became of a message.
type Outcome struct {
	Recipients []Result // as Message.Recipients
	// Final is the last reply to the message as a whole: to the final dot, or to MAIL or DATA if that refused. It is zero
	// if no step but RCPT decided.
	Final Reply
}

// Send hands over a message. The error is nil if every recipient has its result, refusals and all; it is an *Error if the
// session failed before. Then the recipients that had been decided are in the Outcome, and the others have no step:
// Error.MaybeAccepted tells if the server may have taken the message for them. ctx ends it at once, and so the connection.
//
// The body must have CRLF as its line ends, no other CR or LF, and no NUL: it is otherwise given up before its final dot,
// so no server accepts a piece of it, and none can be made to see two messages (RFC 5321, 2.3.8). A last line without an
// end gets one.
func (c *Client) Send(ctx context.Context, m Message) (Outcome, error) {
	t := &transaction{c: c, m: &m, out: Outcome{Recipients: make([]Result, len(m.Recipients))}}
	if len(m.Recipients) == 0 {
		return t.out, &Error{Step: StepRcpt, Err: errors.New("the message has no recipient"), Local: true}
	}
	if c.closed.Load() {
		return t.out, &Error{Step: StepMail, Err: ErrClosed, Stale: c.used}
	}
	if t.refuse(); len(t.todo) == 0 {
		return t.out, nil
	}
	release := c.guard(ctx)
	c.wire.end = time.Now().Add(c.timeouts.Message)
	err := t.run()
	c.wire.end = time.Time{}
	c.used = true
	return t.out, because(err, release())
}

// because puts the cause of a context's end into the error that it led to.
func because(err, cause error) error {
	if e, ok := errors.AsType[*Error](err); ok && cause != nil && e.Reply == nil && !e.Local {
		e.Err, e.Stale = cause, false
	}
	return err
}

// refuse settles by ourselves what the server would refuse, and leaves the others in todo.
func (t *transaction) refuse() {
	m, x := t.m, t.c.extensions
	all := Reply{}
	t.utf8 = m.UTF8 || !isASCII(m.Sender)
	switch {
	case m.Sender != "" && !isAddress(m.Sender):
		all = Reply{553, "5.1.7", "the sender's address is malformed"}
	case m.RequireTLS && (!x.RequireTLS || t.c.tls == nil || t.c.cfg.TLS != Required):
		all = Reply{550, "5.7.30", "the server does not support REQUIRETLS, or was not verified"}
	case m.Size > x.MaxSize && x.MaxSize > 0:
		all = Reply{552, "5.3.4", "the message has " + strconv.FormatInt(m.Size, 10) + " octets and the server takes " + strconv.FormatInt(x.MaxSize, 10)}
	case t.utf8 && !x.UTF8:
		all = Reply{550, "5.6.7", "the message needs SMTPUTF8, which the server does not offer"}
	}
	for i, address := range m.Recipients {
		own := all
		switch {
		case all.Code != 0:
		case !isAddress(address):
			own = Reply{553, "5.1.3", "the recipient's address is malformed"}
		case isASCII(address):
		case !x.UTF8:
			own = Reply{553, "5.6.7", "the recipient's address needs SMTPUTF8, which the server does not offer"}
		default:
			t.utf8 = true
		}
		if own.Code == 0 {
			t.todo = append(t.todo, i)
			continue
		}
		step := StepRcpt
		if all.Code != 0 {
			step = StepMail
		}
		t.out.Recipients[i] = Result{Step: step, Reply: own, Local: true}
	}
	t.out.Final = all
}
