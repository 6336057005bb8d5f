package smtpd

import (
	"bufio"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/postroom/postroom/mailstore"
)

// link is one client: its connection, with or without TLS, and what is remembered of it from the first octet to the
// last. One goroutine uses it at a time; only stop and abort may be called by another.
type link struct {
	run    *run
	id     string
	ip     netip.Addr
	wire   *wire
	stream net.Conn // the wire, or TLS above it
	tls    *tls.ConnectionState
	in     *bufio.Reader
	out    []byte // replies that were not sent yet
	deaf   error  // why no reply can be sent any more
	log    *slog.Logger
	since  time.Time

	rejected int // recipients
	errors   int // other permanent refusals
	failed   int // logins
	idle     int // commands since a message moved
	messages int // accepted
	end      string

	owed []*mailstore.Receipt // accepted, and perhaps not known to the client
	sent struct {             // when the replies were sent last
		reads int
		quiet bool
	}
}

// maxUnsent is how many octets of replies wait for the client's commands to run out.
const maxUnsent = 16 << 10

var errCommandLine = errors.New("the command line is too long")

func newLink(r *run, conn net.Conn, id string, ip netip.Addr) *link {
	w := &wire{Conn: conn, writeTimeout: r.cfg.WriteTimeout}
	l := &link{run: r, id: id, ip: ip, wire: w, stream: w, since: time.Now()}
	l.logAs()
	l.in = bufio.NewReaderSize(l, r.cfg.MaxCommandLine) // a line that does not fit is too long
	return l
}

// logAs has the log tell who the client is, beside its session: nothing is nobody.
func (l *link) logAs(who ...any) {
	l.log = l.run.log.With("session", l.id, "remote", l.ip).With(who...)
}

// Read is where input is waited for, so all replies go out before it: pipelined commands are answered together.
func (l *link) Read(p []byte) (int, error) {
	if err := l.flush(); err != nil {
		return 0, err
	}
	return l.stream.Read(p)
}

// readLine gives one line with its end, good until the next read. A wait for a line gives way to a stop of the server.
func (l *link) readLine(until time.Time) ([]byte, error) {
	l.wire.await(0, until, true)
	line, err := l.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errCommandLine
	}
	return line, err
}

// say adds replies to what will be sent.
func (l *link) say(line string) {
	l.out = append(append(l.out, line...), "\r\n"...)
}

func (l *link) refuse(e *smtp.SMTPError) { l.say(replyLine(e)) }

// flush sends the replies.
func (l *link) flush() error {
	if len(l.out) == 0 || l.deaf != nil {
		return l.deaf
	}
	l.sent.reads, l.sent.quiet = l.wire.reads, len(l.owed) > 0 && l.wire.quiet()
	_, l.deaf = l.stream.Write(l.out)
	l.out = l.out[:0]
	return l.deaf
}

// owe notes an acceptance that the client must still hear of.
func (l *link) owe(r *mailstore.Receipt) {
	l.owed = append(l.owed, r)
	l.moved()
}

// moved notes that a message was accepted.
func (l *link) moved() {
	l.messages++
	l.idle = 0
}

// confirm is called for each command line. If it arrived after the replies were sent, the client has come past them;
// one that was pipelined behind the message says nothing.
func (l *link) confirm() {
	if len(l.owed) == 0 || !l.sent.quiet || l.wire.reads == l.sent.reads {
		return
	}
	for _, r := range l.owed {
		r.Confirm()
	}
	l.owed = nil
}

// startTLS does the handshake. What the client sent ahead of it is thrown away: nobody knows who wrote it (RFC 3207, 4.2).
func (l *link) startTLS() error {
	l.in.Discard(l.in.Buffered())
	if err := l.flush(); err != nil {
		return err
	}
	return l.handshake()
}

// handshake puts TLS over the wire.
func (l *link) handshake() error {
	l.wire.await(0, time.Now().Add(l.run.cfg.HandshakeTimeout), true)
	conn := tls.Server(l.wire, l.run.cfg.TLS)
	if err := conn.HandshakeContext(l.run.ctx); err != nil {
		return err
	}
	state := conn.ConnectionState()
	l.stream, l.tls = conn, &state
	l.in.Reset(l)
	return nil
}

// close ends the connection after the last replies and writes the line of the log that tells of it.
func (l *link) close() {
	if err := l.flush(); err == nil && l.end != endByClient {
		l.finish()
	}
	l.stream.Close()
	l.run.left(l)
	if l.end == "" {
		l.end = "the engine closed it" // too many errors of syntax, or a panic
	}
	l.log.Info("session ended", "messages", l.messages, "rejected", l.rejected, "tls", l.tls != nil, "seconds", time.Since(l.since).Seconds(), "end", l.end)
}

// endByClient is how a session ends that the client ended.
const endByClient = "the client left"

// finish lets a last refusal reach the client.
func (l *link) finish() {
	if conn, ok := l.stream.(*tls.Conn); ok {
		conn.CloseWrite() // its failure is that of the wire, which is closed next
	}
	l.wire.finish()
}

// stop ends the connection as soon as no message is on its way.
func (l *link) stop() { l.wire.stop() }

// abort ends the connection now.
func (l *link) abort() { l.wire.Conn.Close() }
