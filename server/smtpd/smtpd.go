// Package smtpd is SMTP in. From other servers: it listens where the world's MX look-ups lead, knows each recipient before
// it takes a message, and hands what it took to mailstore. From people's clients and programs: with Submission it takes
// what an inbox sends, after a login, and hands it to that inbox's outbox (RFC 6409).
//
// go-smtp is the engine of commands. In front of it, above TLS, stands a reader of our own, which mends what a session
// cannot: it hands over one command line at a time, refuses what smugglers use, does STARTTLS, bounds everything, and
// sees whether a client was still there after our answer. AUTH is the front's as well, so the engine never sees a password.
// The package knows no other wire and owns no table: who may receive and who may send is tenancy's to say, and what was
// accepted lies in mailstore.
package smtpd

import (
	"crypto/tls"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server"
	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/mailauth"
	"github.com/postroom/postroom/server/rspamd"
	"github.com/postroom/postroom/tenancy"
)

// What a Config holds where it says nothing.
const (
	DefaultMaxMessageBytes         = 50 << 20
	DefaultMaxHeaderBytes          = 1 << 20
	DefaultMaxTextLine             = 1 << 20 // RFC 5321, 4.5.3.1.6 says 998; many programs send longer ones
	DefaultMaxCommandLine          = 4 << 10 // RFC 5321, 4.5.3.1.4 says 512, and extensions add to it
	DefaultMaxRecipients           = 1000
	DefaultMaxReceived             = 100 // RFC 5321, 6.3
	DefaultMaxConnections          = 1000
	DefaultMaxConnectionsPerSource = 50
	DefaultMaxRejectedRecipients   = 20
	DefaultMaxErrors               = 20
	DefaultMaxIdleCommands         = 100
	DefaultMaxFailedLogins         = 5

	DefaultIdleTimeout        = 5 * time.Minute // RFC 5321, 4.5.3.2.7
	DefaultLoginTimeout       = 5 * time.Minute // some clients ask their user for the password meanwhile
	DefaultDataTimeout        = 3 * time.Minute // RFC 5321, 4.5.3.2.5
	DefaultTransactionTimeout = time.Hour
	DefaultHandshakeTimeout   = 30 * time.Second
	DefaultWriteTimeout       = time.Minute
	DefaultDrainTimeout       = 30 * time.Second
)

// Config is what the operator decides. Zero fields get the defaults above, but for the first four.
type Config struct {
	Hostname   string      // this host's name: in the greeting and in Received
	TLS        *tls.Config // nil: STARTTLS is not offered
	Submission bool        // mail of those who log in, to anybody; without it mail for those who live here

	// Auth finds out who really sent a message that comes in; nil: nothing is looked at.
	Auth *mailauth.Verifier

	Lists   *dnsbl.Lists   // DNS lists that are asked about clients and senders; nil: none
	Scanner *rspamd.Client // that is asked about messages; nil: none

	// Trusted are networks whose clients relay what others sent, so that their addresses prove nothing: what they bring is not
	// looked at.
	Trusted []netip.Prefix

	// Met is told the address of each client that connects; nil: nobody is.
	Met func(netip.Addr)

	// AllowPlainOnLoopback lets clients on this machine log in without TLS.
	AllowPlainOnLoopback bool

	MaxMessageBytes         int64 // octets of one message as sent
	MaxHeaderBytes          int64 // octets of its header section
	MaxTextLine             int   // octets of a line of a message, with CRLF
	MaxCommandLine          int   // octets of a command line, with CRLF
	MaxRecipients           int   // of one message; at most mailstore.MaxRecipients with Submission
	MaxReceived             int   // Received fields; a message with more goes in circles
	MaxConnections          int   // at one time
	MaxConnectionsPerSource int   // at one time from one IPv4 address or IPv6 /64
	MaxRejectedRecipients   int   // of one connection; with Submission DefaultMaxRecipients if nothing is said
	MaxErrors               int   // other permanent refusals of one connection, and messages that came too fast
	MaxIdleCommands         int   // commands in a row that move no message (NOOP, RSET, ...)
	MaxFailedLogins         int   // of one connection

	// How fast clients may be, without Submission and outside of Trusted. 0: no bound.
	Connections, Messages, RejectedRecipients Rate

	IdleTimeout        time.Duration // for a whole command line
	LoginTimeout       time.Duration // with Submission, from the first octet to a login
	DataTimeout        time.Duration // for each read of message text
	TransactionTimeout time.Duration // for all text of one message
	HandshakeTimeout   time.Duration // for the TLS handshake
	WriteTimeout       time.Duration // for each write of replies
	DrainTimeout       time.Duration // for messages on their way when the server is told to stop
}

// Rate is how often a client may do something in a minute.
type Rate struct {
	PerSource  int // from an IPv4 address or IPv6 /64
	PerNetwork int // from an IPv4 /24 or IPv6 /48
}

func (c Config) withDefaults() Config {
	c.MaxMessageBytes = orDefault(c.MaxMessageBytes, DefaultMaxMessageBytes)
	c.MaxHeaderBytes = orDefault(c.MaxHeaderBytes, DefaultMaxHeaderBytes)
	c.MaxTextLine = orDefault(c.MaxTextLine, DefaultMaxTextLine)
	c.MaxCommandLine = orDefault(c.MaxCommandLine, DefaultMaxCommandLine)
	c.MaxRecipients = orDefault(c.MaxRecipients, DefaultMaxRecipients)
	c.MaxReceived = orDefault(c.MaxReceived, DefaultMaxReceived)
	c.MaxConnections = orDefault(c.MaxConnections, DefaultMaxConnections)
	c.MaxConnectionsPerSource = orDefault(c.MaxConnectionsPerSource, DefaultMaxConnectionsPerSource)
	if c.Submission { // a list of recipients with many that are suppressed is no guessing
		c.MaxRecipients = min(c.MaxRecipients, mailstore.MaxRecipients)
		c.MaxRejectedRecipients = orDefault(c.MaxRejectedRecipients, DefaultMaxRecipients)
	}
	c.MaxRejectedRecipients = orDefault(c.MaxRejectedRecipients, DefaultMaxRejectedRecipients)
	c.MaxErrors = orDefault(c.MaxErrors, DefaultMaxErrors)
	c.MaxIdleCommands = orDefault(c.MaxIdleCommands, DefaultMaxIdleCommands)
	c.MaxFailedLogins = orDefault(c.MaxFailedLogins, DefaultMaxFailedLogins)
	c.LoginTimeout = orDefault(c.LoginTimeout, DefaultLoginTimeout)
	c.IdleTimeout = orDefault(c.IdleTimeout, DefaultIdleTimeout)
	c.DataTimeout = orDefault(c.DataTimeout, DefaultDataTimeout)
	c.TransactionTimeout = orDefault(c.TransactionTimeout, DefaultTransactionTimeout)
	c.HandshakeTimeout = orDefault(c.HandshakeTimeout, DefaultHandshakeTimeout)
	c.WriteTimeout = orDefault(c.WriteTimeout, DefaultWriteTimeout)
	c.DrainTimeout = orDefault(c.DrainTimeout, DefaultDrainTimeout)
	return c
}

func orDefault[T int | int64 | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// maxTransfer is how much message text of one transaction is read at most. What is above MaxMessageBytes is thrown away,
// so that the client hears the refusal and can go on; above this the connection is closed.
func (c Config) maxTransfer() int64 { return 2*c.MaxMessageBytes + 1<<20 }

func (r Rate) pace() *server.Pace { return server.NewPace(r.PerSource, r.PerNetwork) }

// tooFast counts one more for a client, and tells whether that is too many.
func (s *Server) tooFast(p *server.Pace, ip netip.Addr) bool {
	return !s.cfg.Submission && !s.trusts(ip) && p.Take(ip, time.Now()) > 0
}

func (s *Server) trusts(ip netip.Addr) bool {
	return slices.ContainsFunc(s.cfg.Trusted, func(n netip.Prefix) bool { return n.Contains(ip) })
}

// Server takes mail from other servers or, with Config.Submission, from those who log in.
type Server struct {
	cfg  Config
	dir  *tenancy.Directory
	log  *slog.Logger
	gate *server.Gate

	connections, messages, rejected *server.Pace
	records                         records
}

// New makes a server, which starts nothing.
func New(cfg Config, dir *tenancy.Directory, log *slog.Logger) *Server {
	cfg = cfg.withDefaults()
	return &Server{cfg: cfg, dir: dir, log: log, gate: server.NewGate(cfg.MaxConnections, cfg.MaxConnectionsPerSource),
		connections: cfg.Connections.pace(), messages: cfg.Messages.pace(), rejected: cfg.RejectedRecipients.pace(), records: records{dir: dir, log: log}}
}
