// Package imapd is mail for people's clients: IMAP4rev2 and rev1 (RFC 9051, RFC 3501) with the extensions that clients
// use, behaving as Dovecot does where the standards leave room.
//
// It has an engine of its own: package proto reads commands, a session answers them one after the other from a view of the
// selected mailbox, and the sessions of one mailbox share its state (box.go), which follows the index by MODSEQ. No lock is
// held while a socket is written. Who logs in gets a grant from tenancy, and every mailbox through it. The package owns no
// table and knows no other wire.
package imapd

import (
	"crypto/tls"
	"log/slog"
	"sync"
	"time"

	"github.com/postroom/postroom/server"
	"github.com/postroom/postroom/tenancy"
)

// What a Config holds where it says nothing.
const (
	DefaultMaxMessageBytes         = 50 << 20
	DefaultMaxConnections          = 10_000
	DefaultMaxConnectionsPerSource = 500
	DefaultMaxConnectionsPerInbox  = 100

	DefaultLoginTimeout     = time.Minute      // from the first octet to a login
	DefaultIdleTimeout      = 31 * time.Minute // for the next command; RFC 9051, 5.4 wants at least 30
	DefaultKeepAlive        = 2 * time.Minute  // between signs of life in IDLE
	DefaultCommandTimeout   = time.Minute      // for the rest of a command that has begun
	DefaultLiteralTimeout   = 5 * time.Minute  // for each read of a message
	DefaultHandshakeTimeout = 30 * time.Second
	DefaultWriteTimeout     = time.Minute
	DefaultDrainTimeout     = 30 * time.Second
)

// Bounds that nobody needs to change.
const (
	maxLineBefore    = 8 << 10  // octets of a command before login, literals included
	maxCommand       = 4 << 20  // octets of a command after login, literals included: a set of 400,000 UIDs
	maxLiterals      = 1000     // literals of one command
	maxBadCommands   = 20       // in a row; a client that sends so many is not speaking IMAP
	maxFailedLogins  = 5        // of one connection
	maxIdleStates    = 1 << 20  // messages of mailboxes that nobody has selected, whose state is kept
	maxDiscard       = 64 << 20 // octets of a refused literal that are read to get to its end
	flushAt          = 16 << 10 // octets of answers that are sent at once
	maxNotifyFilters = 1000     // mailboxes that one NOTIFY names
)

// Config is what the operator decides. Zero fields get the defaults above, but for Hostname and TLS.
type Config struct {
	Hostname string
	Version  string      // told to clients by ID
	TLS      *tls.Config // nil: STARTTLS is not offered, and nobody can log in but from this machine

	MaxMessageBytes         int64 // octets of one message that a client uploads
	MaxConnections          int   // at one time
	MaxConnectionsPerSource int   // at one time from one IPv4 address or IPv6 /64
	MaxConnectionsPerInbox  int   // at one time, logged in

	LoginTimeout     time.Duration
	IdleTimeout      time.Duration
	KeepAlive        time.Duration
	CommandTimeout   time.Duration
	LiteralTimeout   time.Duration
	HandshakeTimeout time.Duration
	WriteTimeout     time.Duration
	DrainTimeout     time.Duration // for commands that run when the server is told to stop
}

func (c Config) withDefaults() Config {
	c.MaxMessageBytes = orDefault(c.MaxMessageBytes, DefaultMaxMessageBytes)
	c.MaxConnections = orDefault(c.MaxConnections, DefaultMaxConnections)
	c.MaxConnectionsPerSource = orDefault(c.MaxConnectionsPerSource, DefaultMaxConnectionsPerSource)
	c.MaxConnectionsPerInbox = orDefault(c.MaxConnectionsPerInbox, DefaultMaxConnectionsPerInbox)
	c.LoginTimeout = orDefault(c.LoginTimeout, DefaultLoginTimeout)
	c.IdleTimeout = orDefault(c.IdleTimeout, DefaultIdleTimeout)
	c.KeepAlive = orDefault(c.KeepAlive, DefaultKeepAlive)
	c.CommandTimeout = orDefault(c.CommandTimeout, DefaultCommandTimeout)
	c.LiteralTimeout = orDefault(c.LiteralTimeout, DefaultLiteralTimeout)
	c.HandshakeTimeout = orDefault(c.HandshakeTimeout, DefaultHandshakeTimeout)
	c.WriteTimeout = orDefault(c.WriteTimeout, DefaultWriteTimeout)
	c.DrainTimeout = orDefault(c.DrainTimeout, DefaultDrainTimeout)
	if c.TLS != nil { // records as large as what is written: answers are gathered before
		c.TLS = c.TLS.Clone()
		c.TLS.DynamicRecordSizingDisabled = true
	}
	return c
}

func orDefault[T int | int64 | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// Server serves IMAP. Its methods are safe for concurrent use.
type Server struct {
	cfg   Config
	dir   *tenancy.Directory
	log   *slog.Logger
	gate  *server.Gate
	boxes boxes

	mu       sync.Mutex
	sessions map[*session]struct{}
	inboxes  map[inboxKey]int // logged in
	alive    sync.WaitGroup   // one for each session
	stopping bool
}

// New makes a server, which starts nothing.
func New(cfg Config, dir *tenancy.Directory, log *slog.Logger) *Server {
	cfg = cfg.withDefaults()
	return &Server{
		cfg: cfg, dir: dir, log: log, gate: server.NewGate(cfg.MaxConnections, cfg.MaxConnectionsPerSource),
		boxes: boxes{open: map[boxKey]*box{}}, sessions: map[*session]struct{}{}, inboxes: map[inboxKey]int{},
	}
}
