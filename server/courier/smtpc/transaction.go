package smtpc

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// window is how many octets of commands go out before their answers are read. A server that answers each command before
// it reads the next would otherwise block, and we with it (RFC 2920, 3.1).
const window = 4096

// transaction is one message on its way.
type transaction struct {
	c    *Client
	m    *Message
	out  Outcome
	utf8 bool
	todo []int // recipients to be named, by their place

	pending  []command // those in Client.commands, whose replies come in this order
	accepted []int     // recipients that the server has taken
	refused  bool      // MAIL was refused
	full     Reply     // the reply that said that there are too many recipients
	goAhead  bool      // the server waits for the body
	ended    bool      // by a 421: every recipient has its result
}

type command struct {
	step Step
	rcpt int // for RCPT, its place
}

// run sends the message. If every recipient has its result, an error of the session is none of the message.
func (t *transaction) run() error {
	err := t.exchange()
	if err == nil {
		return nil
	}
	for _, r := range t.out.Recipients {
		if r.Step == "" {
			return err
		}
	}
	return nil
}

func (t *transaction) exchange() error {
	if err := t.envelope(); err != nil || t.ended || !t.goAhead {
		return err
	}
	switch {
	case len(t.accepted) == 0:
		return t.nothing()
	case t.refused:
		// The server refused the sender and took the rest: it would take an empty message too.
		t.c.Close()
		return nil
	}
	return t.body()
}

// envelope sends RSET if needed, MAIL, RCPT and DATA: together if the server offers PIPELINING, else one by one.
func (t *transaction) envelope() error {
	if t.c.dirty {
		if err := t.say(command{step: StepReset}, "RSET"); err != nil {
			return err
		}
	}
	if err := t.say(command{step: StepMail}, t.mail()); err != nil {
		return err
	}
	for n, i := range t.todo {
		line := "RCPT TO:<" + t.m.Recipients[i] + ">"
		if err := t.room(line); err != nil || t.ended || t.refused {
			return err
		}
		if t.full.Code != 0 {
			t.postpone(t.todo[n:])
			break
		}
		if err := t.say(command{StepRcpt, i}, line); err != nil {
			return err
		}
	}
	if err := t.room("DATA"); err != nil || t.ended || t.refused {
		return err
	}
	if len(t.pending) == 0 && len(t.accepted) == 0 {
		return nil
	}
	if err := t.say(command{step: StepData}, "DATA"); err != nil {
		return err
	}
	return t.answers()
}

// mail is the MAIL command with its parameters.
func (t *transaction) mail() string {
	m, x := t.m, t.c.extensions
	var b strings.Builder
	b.WriteString("MAIL FROM:<" + m.Sender + ">")
	if x.Size && m.Size > 0 {
		b.WriteString(" SIZE=" + strconv.FormatInt(m.Size, 10))
	}
	if x.EightBitMIME && (m.EightBit || t.utf8) {
		b.WriteString(" BODY=8BITMIME")
	}
	if t.utf8 {
		b.WriteString(" SMTPUTF8")
	}
	if m.RequireTLS {
		b.WriteString(" REQUIRETLS")
	}
	return b.String()
}

// room reads the answers to what was said, if line may not go out together with it.
func (t *transaction) room(line string) error {
	if n := len(t.c.commands); n == 0 || t.c.extensions.Pipelining && n+len(line)+2 <= window {
		return nil
	}
	return t.answers()
}

// say adds a command to those that go out together.
func (t *transaction) say(cmd command, line string) error {
	if err := t.room(line); err != nil || t.ended {
		return err
	}
	t.c.commands = append(append(t.c.commands, line...), "\r\n"...)
	t.pending = append(t.pending, cmd)
	return nil
}

// answers sends the commands that were said and reads their replies.
func (t *transaction) answers() error {
	c, pending := t.c, t.pending
	lines := c.commands
	c.commands, t.pending = lines[:0], t.pending[:0]
	if len(pending) == 0 || t.ended {
		return nil
	}
	first := pending[0].step
	if r, err := c.unasked(first); err != nil || r.ends() {
		return t.ends(first, r, err)
	}
	if _, err := c.stream.Write(lines); err != nil {
		return t.ends(first, Reply{}, c.failed(first, err))
	}
	for _, cmd := range pending {
		r, err := c.reply(cmd.step, c.patience(cmd.step), nil)
		if err != nil || r.ends() {
			return t.ends(cmd.step, r, err)
		}
		if !t.answer(cmd, r) {
			e := c.failed(cmd.step, ErrUnexpected)
			e.Reply = &r
			return e
		}
	}
	return nil
}

// patience is how long the answer of a step is waited for.
func (c *Client) patience(s Step) time.Duration {
	switch s {
	case StepMail:
		return c.timeouts.Mail
	case StepRcpt:
		return c.timeouts.Rcpt
	case StepData:
		return c.timeouts.Data
	}
	return c.timeouts.Hello
}

// ends is the end of a session in the middle: by a 421, which is then the result of all that have none, or by an error. If
// the connection was used before and nothing of this message was taken, it is neither the server's opinion nor a loss.
func (t *transaction) ends(step Step, r Reply, err error) error {
	t.ended = true
	if t.c.used && (step == StepReset || step == StepMail) {
		e := &Error{Step: step, Stale: true}
		if err != nil {
			e.Err = err.(*Error).Err
		} else {
			e.Reply = &r
		}
		return e
	}
	if err != nil {
		return err
	}
	if step != StepRcpt {
		t.out.Final = r
	}
	t.settle(t.todo, Result{Step: step, Reply: r})
	return nil
}

// answer takes a reply that is not 421. It is false for one that does not fit.
func (t *transaction) answer(cmd command, r Reply) bool {
	class := r.Code / 100
	no := class == 4 || class == 5
	switch {
	case cmd.step == StepReset:
		t.c.dirty = false
		return class == 2
	case cmd.step == StepMail && class == 2:
		t.c.dirty = true
	case cmd.step == StepMail && no:
		t.refused, t.out.Final = true, r
		t.settle(t.todo, Result{Step: StepMail, Reply: r})
	case cmd.step == StepRcpt && class == 2:
		t.accepted = append(t.accepted, cmd.rcpt)
	case cmd.step == StepRcpt && no:
		later := t.tooMany(r)
		if later {
			t.full = r
		}
		t.settle([]int{cmd.rcpt}, Result{Step: StepRcpt, Reply: r, Later: later})
	case cmd.step == StepData && class == 3:
		t.goAhead = true
	case cmd.step == StepData && no:
		if len(t.accepted) > 0 && !t.refused {
			t.out.Final = r
		}
		t.settle(t.accepted, Result{Step: StepData, Reply: r})
	default:
		return false
	}
	return true
}

// tooMany is true of the reply that means that this transaction is full (RFC 5321, 4.5.3.1.10). The same codes mean a full
// disk or mailbox; if they do, the next transaction, where this recipient is the first, will tell.
func (t *transaction) tooMany(r Reply) bool {
	return (r.Code == 452 || r.Code == 552) && len(t.accepted) > 0 &&
		(r.Status == "" || strings.HasSuffix(r.Status, ".5.3") && len(r.Status) == len("4.5.3"))
}

// postpone leaves recipients for another transaction.
func (t *transaction) postpone(rest []int) {
	t.settle(rest, Result{Step: StepRcpt, Reply: t.full, Later: true})
	t.todo = slices.Clip(t.todo[:len(t.todo)-len(rest)])
}

// settle gives a result to those of the recipients that have none.
func (t *transaction) settle(rcpts []int, r Result) {
	for _, i := range rcpts {
		if t.out.Recipients[i].Step == "" {
			t.out.Recipients[i] = r
		}
	}
}

// nothing ends the body that a server asked for although it took no recipient (RFC 2920, 3.1).
func (t *transaction) nothing() error {
	c := t.c
	if _, err := c.stream.Write([]byte(".\r\n")); err != nil {
		return c.failed(StepData, err)
	}
	_, err := c.reply(StepData, c.timeouts.Final, nil)
	c.dirty = false
	return err
}
