package imapd

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/postroom/postroom/server/imapd/deflate"
)

// link is a client's connection: deadlines for each read and write below TLS, answers gathered above it. The session's
// goroutine reads; writing is the session's too, but while it waits for DONE or a command its watcher's. stop and abort
// may be called by any.
type link struct {
	conn         net.Conn // below TLS
	stream       io.ReadWriter
	in           *bufio.Reader
	out          []byte // not sent yet
	compressor   *deflate.Writer
	tls          *tls.ConnectionState
	secured      *tls.Conn // nil: without TLS
	writeTimeout time.Duration
	dead         error // why nothing can be sent any more

	mu          sync.Mutex
	until       time.Time // when a read ends at the latest
	waiting     bool      // for a command: stop ends the read
	stopping    bool
	interrupted bool // no read ends well any more
}

var (
	errStopping    = errors.New("the server is stopping")
	errHalfLiteral = errors.New("a literal cannot be sent to its end")
)

const readBuffer = 4 << 10

func newLink(conn net.Conn, writeTimeout time.Duration) *link {
	l := &link{conn: conn, writeTimeout: writeTimeout}
	l.stream = timed{l}
	l.in = bufio.NewReaderSize(reader{l}, readBuffer)
	return l
}

// timed is the connection with the link's deadlines.
type timed struct{ *link }

func (t timed) Read(p []byte) (int, error) {
	t.mu.Lock()
	if t.interrupted || t.stopping && t.waiting {
		t.mu.Unlock()
		return 0, errStopping
	}
	t.conn.SetReadDeadline(t.until)
	t.mu.Unlock()
	return t.conn.Read(p)
}

func (t timed) Write(p []byte) (int, error) {
	t.conn.SetWriteDeadline(time.Now().Add(t.writeTimeout))
	return t.conn.Write(p)
}

// tlsConn is timed as TLS wants it; its deadlines are the link's own matter.
type tlsConn struct {
	net.Conn
	timed
}

func (c tlsConn) Read(p []byte) (int, error)  { return c.timed.Read(p) }
func (c tlsConn) Write(p []byte) (int, error) { return c.timed.Write(p) }

// reader is where input is waited for.
type reader struct{ *link }

func (r reader) Read(p []byte) (int, error) { return r.stream.Read(p) }

// await says how long the next reads may take together, and whether a stop of the server ends them.
func (l *link) await(d time.Duration, waiting bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until, l.waiting = time.Now().Add(d), waiting
	if !l.interrupted && (!l.stopping || !waiting) {
		l.conn.SetReadDeadline(l.until)
	}
}

// stop ends the wait for a command, now and later.
func (l *link) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopping = true
	if l.waiting {
		l.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// interrupt ends the read that runs, and those to come.
func (l *link) interrupt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.interrupted = true
	l.conn.SetReadDeadline(time.Unix(1, 0))
}

func (l *link) stopped() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stopping
}

// abort ends all reads and writes.
func (l *link) abort() { l.conn.Close() }

// startTLS does the handshake. What the client sent ahead of it is thrown away: nobody knows who wrote it (RFC 9051, 11.1).
func (l *link) startTLS(ctx context.Context, cfg *tls.Config, timeout time.Duration) error {
	l.in.Discard(l.in.Buffered())
	l.await(timeout, true)
	conn := tls.Server(tlsConn{l.conn, timed{l}}, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	state := conn.ConnectionState()
	l.tls = &state
	l.stream, l.secured = conn, conn
	l.in.Reset(reader{l})
	return nil
}

// compress begins DEFLATE in both directions (RFC 4978). Octets that have arrived already are compressed.
func (l *link) compress() {
	ahead, _ := l.in.Peek(l.in.Buffered())
	rest := append([]byte(nil), ahead...)
	inner := l.stream
	l.compressor = deflate.NewWriter(inner)
	l.stream = compressed{deflate.NewReader(&leading{rest, inner}), l.compressor}
	l.in.Reset(reader{l})
}

type compressed struct {
	io.Reader
	w *deflate.Writer
}

func (c compressed) Write(p []byte) (int, error) { return c.w.Write(p) }

// leading reads some octets first.
type leading struct {
	first []byte
	then  io.Reader
}

func (r *leading) Read(p []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(p, r.first)
		r.first = r.first[n:]
		return n, nil
	}
	return r.then.Read(p)
}

// outs are buffers for answers; an idle connection has none.
var outs = sync.Pool{New: func() any { b := make([]byte, 0, flushAt+4<<10); return &b }}

// buffer gives the buffer to append answers to.
func (l *link) buffer() []byte {
	if l.out == nil {
		l.out = (*outs.Get().(*[]byte))[:0]
	}
	return l.out
}

// appended takes the buffer back, and sends it if it is full.
func (l *link) appended(b []byte) {
	l.out = b
	if len(b) >= flushAt {
		l.push()
	}
}

func (l *link) say(line string) {
	l.appended(append(append(l.buffer(), line...), "\r\n"...))
}

// push sends what is gathered. A failure shows at the next read.
func (l *link) push() {
	if len(l.out) == 0 {
		return
	}
	if l.dead == nil {
		_, l.dead = l.stream.Write(l.out)
	}
	l.out = l.out[:0]
}

// flush sends all that is gathered, so that the client has it, and lets go of the buffer.
func (l *link) flush() error {
	l.push()
	if l.compressor != nil && l.dead == nil {
		l.dead = l.compressor.Flush()
	}
	if l.out != nil {
		if b := l.out; cap(b) <= 2*flushAt {
			outs.Put(&b)
		}
		l.out = nil
	}
	return l.dead
}

// copy sends n octets from r, which has them. If it has not, nothing more can be said: the client would take it for the rest.
func (l *link) copy(r io.Reader, n int64) error {
	for n > 0 && l.dead == nil {
		b := l.buffer()
		room := min(int64(flushAt-len(b)), n)
		if room <= 0 {
			l.push()
			continue
		}
		at := len(b)
		b = b[:at+int(room)]
		if _, err := io.ReadFull(r, b[at:]); err != nil {
			l.out, l.dead = b[:at], errHalfLiteral
			return err
		}
		n -= room
		l.appended(b)
	}
	return l.dead
}

// finish closes the connection after the last answers. The client gets a moment to read them: closing with unread input
// would have the system throw them away.
func (l *link) finish() {
	l.flush()
	if l.secured != nil {
		l.secured.CloseWrite()
	}
	if half, ok := l.conn.(interface{ CloseWrite() error }); ok && l.dead == nil && half.CloseWrite() == nil {
		l.conn.SetReadDeadline(time.Now().Add(lingerTimeout))
		var sink [1 << 10]byte
		for range lingerReads {
			if _, err := l.conn.Read(sink[:]); err != nil {
				break
			}
		}
	}
	l.conn.Close()
}

const (
	lingerTimeout = time.Second
	lingerReads   = 1000
)
