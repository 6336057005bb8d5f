package smtpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/server"
)

// Serve takes connections from l until ctx ends: with implicit, TLS comes first (RFC 8314), else STARTTLS is offered if
// there is a certificate. Then it closes l, tells those who wait for a command to come again later, lets messages on their
// way come to their end, and after the drain timeout closes what is left. When it returns all that it started has ended.
// The error is nil after a stop that was asked for. One server serves several listeners, which share its limits.
func (s *Server) Serve(ctx context.Context, l net.Listener, implicit bool) error {
	if implicit && s.cfg.TLS == nil {
		return errors.Join(errors.New("serve SMTP: TLS from the first octet needs a certificate"), l.Close())
	}
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	r := &run{Server: s, ctx: inner, implicit: implicit, fronts: make(chan net.Conn), closed: make(chan struct{}), links: map[*link]struct{}{}}
	r.engine = r.newEngine()

	recording := make(chan struct{})
	go func() { defer close(recording); s.records.keep(r.closed) }()
	engine := make(chan error, 1)
	go func() { engine <- r.engine.Serve(r) }()
	err := server.Accept(ctx, l, s.log, r.welcome)

	r.drain(cancel)
	shutdown := r.engine.Shutdown(context.WithoutCancel(ctx))
	r.Close() // the engine may not have known it yet
	if ended := <-engine; !errors.Is(ended, net.ErrClosed) {
		err = errors.Join(err, ended)
	}
	<-recording
	return errors.Join(err, shutdown)
}

// run is one call of Serve. It is the listener that the engine takes its connections from.
type run struct {
	*Server
	ctx      context.Context // ends when the drain timeout is over
	implicit bool            // TLS comes first
	engine   *smtp.Server
	fronts   chan net.Conn

	closeOnce sync.Once
	closed    chan struct{}

	mu    sync.Mutex
	links map[*link]struct{}
	alive sync.WaitGroup // one for each link
}

// newEngine makes the engine of commands. Lengths and times are the front's matter, not the engine's: its line limit
// would cut messages, its size limit refuses those of exactly that size, and its deadlines end messages that are slow.
func (r *run) newEngine() *smtp.Server {
	e := smtp.NewServer(smtp.BackendFunc(r.newSession))
	e.Domain = r.cfg.Hostname
	e.MaxLineLength = 0
	e.MaxMessageBytes = 0
	e.MaxRecipients = r.cfg.MaxRecipients
	e.EnableSMTPUTF8 = true
	e.ErrorLog = engineLog{r.log}
	return e
}

func (r *run) newSession(c *smtp.Conn) (smtp.Session, error) {
	f, ok := c.Conn().(*front)
	if !ok {
		return nil, errInternal
	}
	if r.cfg.Submission {
		return &submission{run: r, front: f}, nil
	}
	return &session{run: r, conn: c, front: f}, nil
}

// welcome lets a connection in, or turns it away without a goroutine of its own.
func (r *run) welcome(conn net.Conn) {
	ip := server.AddressOf(conn.RemoteAddr())
	if r.cfg.Met != nil {
		r.cfg.Met(ip)
	}
	fast := r.tooFast(r.connections, ip)
	if fast || !r.gate.Enter(ip) {
		r.log.Debug("connection refused", "remote", ip)
		if fast {
			r.records.add("", mailstore.Rejection{Reason: mailstore.ReasonTooFast, Detail: errTooMany.Message, Source: ip.String()})
		}
		if !r.implicit {
			conn.SetWriteDeadline(time.Now().Add(refuseTimeout))
			conn.Write([]byte(replyLine(errTooMany) + "\r\n"))
		}
		conn.Close()
		return
	}
	l := newLink(r, conn, ident.New("ses", time.Now()), ip)
	r.mu.Lock()
	r.links[l] = struct{}{}
	r.alive.Add(1)
	r.mu.Unlock()
	r.serve(newFront(l))
}

// refuseTimeout bounds the one reply that the accepting loop writes itself; it fits any socket's buffer.
const refuseTimeout = 100 * time.Millisecond

// serve hands a front to the engine, which closes it when it is done.
func (r *run) serve(f *front) {
	select {
	case r.fronts <- f:
	case <-r.closed:
		f.Close()
	}
}

// left is called once when a link has ended.
func (r *run) left(l *link) {
	r.gate.Leave(l.ip)
	r.mu.Lock()
	delete(r.links, l)
	r.mu.Unlock()
	r.alive.Done()
}

// drain ends all links: gently, and after the timeout at once.
func (r *run) drain(cancel context.CancelFunc) {
	r.each((*link).stop)
	gone := make(chan struct{})
	go func() { r.alive.Wait(); close(gone) }()
	late := time.NewTimer(r.cfg.DrainTimeout)
	defer late.Stop()
	select {
	case <-gone:
	case <-late.C:
		cancel()
		r.each((*link).abort)
		<-gone
	}
}

func (r *run) each(do func(*link)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range r.links {
		do(l)
	}
}

// Accept gives the engine its next connection.
func (r *run) Accept() (net.Conn, error) {
	select {
	case c := <-r.fronts:
		return c, nil
	case <-r.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (r *run) Close() error {
	r.closeOnce.Do(func() { close(r.closed) })
	return nil
}

// Addr is a name: the fronts come from nowhere else.
func (r *run) Addr() net.Addr { return frontAddr{} }

type frontAddr struct{}

func (frontAddr) Network() string { return "front" }
func (frontAddr) String() string  { return "front" }

// engineLog writes what the engine has to say: panics in a session, and nothing else that matters.
type engineLog struct{ log *slog.Logger }

func (e engineLog) Printf(format string, v ...any) {
	e.log.Error("SMTP engine", "err", fmt.Sprintf(format, v...))
}
func (e engineLog) Println(v ...any) { e.log.Error("SMTP engine", "err", fmt.Sprint(v...)) }
