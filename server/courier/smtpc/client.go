package smtpc

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

// Client is an open session.
type Client struct {
	cfg      Config
	timeouts Timeouts
	wire     *wire
	stream   net.Conn // the wire, or TLS above it
	in       *bufio.Reader

	greeting   Reply
	extensions Extensions
	tls        *tls.ConnectionState
	verified   bool

	closed atomic.Bool
	used   bool // a Send has come to its end
	dirty  bool // the server holds a transaction that was not ended
	sent   int

	commands []byte // of one group, reused
	read     []byte // of the body, reused
	out      []byte // the body as it is sent, reused
}

func newClient(conn net.Conn, cfg Config) *Client {
	w := &wire{Conn: conn}
	c := &Client{cfg: cfg, timeouts: cfg.Timeouts.orDefaults(), wire: w, stream: w}
	w.block = c.timeouts.Block
	c.in = bufio.NewReaderSize(w, maxReplyLine)
	return c
}

// Extensions is what the server said last in EHLO: under TLS, if there is TLS.
func (c *Client) Extensions() Extensions { return c.extensions }

// Greeting is what the server said first.
func (c *Client) Greeting() Reply { return c.greeting }

// TLS is nil if there is none.
func (c *Client) TLS() *tls.ConnectionState { return c.tls }

// Verified is true if the certificate of the server is valid for Config.ServerName, whatever the mode.
func (c *Client) Verified() bool { return c.verified }

// Reusable is true if another message may be sent. That the server has closed meanwhile is not known; see Error.Stale.
func (c *Client) Reusable() bool { return !c.closed.Load() }

// Sent is how many messages the server has accepted.
func (c *Client) Sent() int { return c.sent }

// Reset ends a transaction that a Send left open (RFC 5321, 4.1.1.5). Send does it by itself; it also finds out if the
// server is still there.
func (c *Client) Reset(ctx context.Context) error {
	if c.closed.Load() {
		return &Error{Step: StepReset, Err: ErrClosed}
	}
	release := c.guard(ctx)
	r, err := c.ask(StepReset, c.timeouts.Hello, "RSET")
	if err == nil && !r.Positive() {
		err = &Error{Step: StepReset, Reply: &r}
	}
	if err := because(err, release()); err != nil {
		c.Close()
		return err
	}
	c.dirty = false
	return nil
}

// Quit takes leave of the server and closes the connection. Its error changes nothing for the messages that were sent.
func (c *Client) Quit(ctx context.Context) error {
	release := c.guard(ctx)
	err := c.quit()
	return because(err, release())
}

func (c *Client) quit() error {
	if c.closed.Load() {
		return nil
	}
	defer c.Close()
	c.wire.block = c.timeouts.Quit
	r, err := c.ask(StepQuit, c.timeouts.Quit, "QUIT")
	switch {
	case err != nil:
		return err
	case !r.Positive():
		return &Error{Step: StepQuit, Reply: &r}
	}
	if conn, ok := c.stream.(*tls.Conn); ok {
		conn.CloseWrite() // the alert is a courtesy; the session has ended
	}
	return nil
}

// Close closes the connection at once. Any goroutine may call it, and more than once.
func (c *Client) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	return c.wire.Conn.Close()
}

// guard closes the connection when ctx ends. release ends that; its result is why ctx has ended, and the connection is
// then closed.
func (c *Client) guard(ctx context.Context) (release func() error) {
	stop := context.AfterFunc(ctx, func() { c.Close() })
	return func() error {
		if stop() {
			return nil
		}
		c.Close()
		return context.Cause(ctx)
	}
}

// failed makes an *Error of what a read or a write gave, and closes the connection.
func (c *Client) failed(step Step, err error) *Error {
	err = c.reason(err)
	c.Close()
	return &Error{Step: step, Err: err}
}

// reason puts in front of an error what it comes from. Who gave a context puts its cause in; see because.
func (c *Client) reason(err error) error {
	switch {
	case c.wire.over():
		return fmt.Errorf("%w: %w", ErrMessageTime, err)
	case c.closed.Load():
		return fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return err
}

// ask sends one command and reads its reply, whatever it is. A reply of 421 closes the connection.
func (c *Client) ask(step Step, wait time.Duration, line string) (Reply, error) {
	return c.askFor(step, wait, line, nil)
}

func (c *Client) askFor(step Step, wait time.Duration, line string, each func([]byte)) (Reply, error) {
	if r, err := c.unasked(step); err != nil || r.ends() {
		return r, err
	}
	if _, err := c.stream.Write(append([]byte(line), "\r\n"...)); err != nil {
		return Reply{}, c.failed(step, err)
	}
	return c.reply(step, wait, each)
}

// reply reads a reply.
func (c *Client) reply(step Step, wait time.Duration, each func([]byte)) (Reply, error) {
	c.wire.expect(wait)
	r, err := readReply(c.in, each)
	if err != nil {
		return Reply{}, c.failed(step, err)
	}
	if r.ends() {
		c.Close()
	}
	return r, nil
}

// unasked reads what the server said ahead of a command: only a 421 may come so (RFC 5321, 3.8). Anything else would be
// taken for the answer to what follows, and every answer after it for that of another recipient. No reply is the zero one.
func (c *Client) unasked(step Step) (Reply, error) {
	if c.in.Buffered() == 0 {
		return Reply{}, nil
	}
	r, err := c.reply(step, lastWord, nil)
	if err == nil && !r.ends() {
		return Reply{}, c.failed(step, ErrUnasked)
	}
	return r, err
}
