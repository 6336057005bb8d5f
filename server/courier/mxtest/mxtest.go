// Package mxtest is a mail exchanger for tests: an SMTP server on a loopback address that answers as it is told and
// remembers what it has taken. It is no server for anything else, and knows nothing of the rest of the program.
//
// Nothing in it waits for a time: what shall be slow is held by a channel of the test's.
package mxtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
)

// Options is how a Server behaves. The functions are called from the sessions' goroutines, several at a time, and give a
// reply ("550 5.1.1 no", lines separated by \n) or "" for the usual one; each may be nil. They may also give Drop.
type Options struct {
	Addr  string // where to listen; "" is 127.0.0.1 and a free port
	Pipes bool   // listen nowhere: sessions begin with Server.Pipe

	Hostname string // "" is mx.test; the certificate is for it
	Greeting string // instead of 220; after 4xx or 5xx the session takes nothing but QUIT

	TLS            TLS
	Certificate    Certificate
	HandshakeFails bool // the connection is dropped where the handshake would begin

	NoEHLO       bool // only HELO is known
	NoPipelining bool
	NoEightBit   bool
	UTF8         bool
	RequireTLS   bool // REQUIRETLS is offered
	MaxSize      int64

	Auth func(user, password string) bool // AUTH PLAIN and LOGIN are offered, and MAIL wants them

	MaxConns    int // more at a time are greeted with 421; 0 for any number
	MaxMessages int // of a connection, then MAIL is answered 421; 0 for any number

	Mail  func(sender string) string
	Rcpt  func(sender, recipient string) string
	Data  func(Transaction) string // the answer to DATA
	Final func(Transaction) string // the answer to the message; it is recorded if that is 2xx

	DropAfter int64 // octets of a body after which the connection is dropped; 0 for never

	// Hold is called before each answer; the answer waits for the channel, unless it is nil.
	Hold func(Event) <-chan struct{}
}

// What a function of Options may give instead of a reply.
const (
	Drop          = "drop"            // the connection is closed without an answer
	AcceptAndDrop = "accept and drop" // of Final: the message is recorded, and then as Drop
)

// TLS is how a Server offers it.
type TLS uint8

const (
	NoTLS    TLS = iota
	Offered      // STARTTLS
	Required     // STARTTLS, and MAIL without it is answered 530
	Refused      // STARTTLS is offered and answered 454
	Implicit     // from the first octet
)

// Certificate is what the Server shows.
type Certificate uint8

const (
	Valid     Certificate = iota // for Options.Hostname, by the authority in Server.Roots, from 1990 to 2100
	Expired                      // since 1991
	WrongName                    // for wrong.test
	Untrusted                    // by an authority that is not in Server.Roots
)

// Event is a point of a session where it can be held.
type Event struct {
	Conn int    // the number of the connection, from 1
	Verb string // CONNECT, a command in upper case, BODY before the body is read, or FINAL before it is answered
	Arg  string // what follows the command
}

// Transaction is a message with its envelope.
type Transaction struct {
	Conn       int
	Remote     netip.Addr // where the client connected from; zero over a pipe
	Hello      string     // the name in EHLO or HELO
	Sender     string
	Params     string // of MAIL
	Recipients []string
	Body       []byte // without stuffed dots, with CRLF
	TLS        bool
	ServerName string // that the client asked for in the handshake
	User       string // that authenticated
}

// Server is a running exchanger.
type Server struct {
	o     Options
	ln    net.Listener
	tls   *tls.Config
	roots *x509.CertPool
	stop  chan struct{} // closed when the server closes

	sessions sync.WaitGroup

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]int
	total  int
	most   int
	taken  []Transaction
	news   chan struct{} // closed and made anew with each transaction
}

// Start starts a Server. It is closed at the end of the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Hostname == "" {
		o.Hostname = "mx.test"
	}
	s := &Server{o: o, stop: make(chan struct{}), conns: map[net.Conn]int{}, news: make(chan struct{})}
	if o.TLS != NoTLS {
		cert, roots, err := makeCertificate(o.Hostname, o.Certificate)
		if err != nil {
			t.Fatalf("mxtest: %v", err)
		}
		s.tls, s.roots = &tls.Config{Certificates: []tls.Certificate{cert}}, roots
	}
	if !o.Pipes {
		addr := o.Addr
		if addr == "" {
			addr = "127.0.0.1:0"
		}
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatalf("mxtest: %v", err)
		}
		s.ln = ln
		s.sessions.Go(s.accept)
	}
	t.Cleanup(s.Close)
	return s
}

// Addr is where the server listens.
func (s *Server) Addr() netip.AddrPort { return s.ln.Addr().(*net.TCPAddr).AddrPort() }

// Roots has the authority that signed the certificate, unless that is Untrusted. It is nil without TLS.
func (s *Server) Roots() *x509.CertPool { return s.roots }

// TLSConfig is the server's side of its TLS, for a server of the test's own. It is nil without TLS.
func (s *Server) TLSConfig() *tls.Config { return s.tls }

// Pipe begins a session over a pipe, as if the client had connected.
func (s *Server) Pipe() net.Conn {
	ours, theirs := net.Pipe()
	s.begin(ours)
	return theirs
}

// Transactions are the messages taken so far, in order.
func (s *Server) Transactions() []Transaction {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken)
}

// Wait waits until n messages were taken, and gives all.
func (s *Server) Wait(ctx context.Context, n int) ([]Transaction, error) {
	for {
		s.mu.Lock()
		taken, news := slices.Clone(s.taken), s.news
		s.mu.Unlock()
		if len(taken) >= n {
			return taken, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return taken, context.Cause(ctx)
		}
	}
}

// Connections is how many there were, how many there are, and how many there were at most at a time, those that were
// greeted with 421 included.
func (s *Server) Connections() (total, open, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total, len(s.conns), s.most
}

// Close closes all connections and returns when every goroutine has ended. A function of Options that blocks holds it up.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.stop)
		if s.ln != nil {
			s.ln.Close()
		}
		for conn := range s.conns {
			conn.Close()
		}
	}
	s.mu.Unlock()
	s.sessions.Wait()
}

func (s *Server) accept() {
	for {
		conn, err := s.ln.Accept()
		if err != nil {
			return
		}
		s.begin(conn)
	}
}

func (s *Server) begin(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.Close()
		return
	}
	s.total++
	s.conns[conn] = s.total
	s.most = max(s.most, len(s.conns))
	x := newSession(s, conn, s.total, s.o.MaxConns > 0 && len(s.conns) > s.o.MaxConns)
	s.sessions.Go(func() {
		x.serve()
		conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	})
}

func (s *Server) take(t Transaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = append(s.taken, t)
	close(s.news)
	s.news = make(chan struct{})
}
