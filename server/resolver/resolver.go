// Package resolver asks the DNS: it is the one resolver of the program, a stub that puts its questions to recursive name
// servers and remembers what they say.
//
// It knows nothing of mail policy, but for RFC 5321, 5.1, which is about the DNS: Mail says which hosts take a domain's
// mail. Questions come as names from its callers, answers go back as values, and nothing is kept on disk.
//
// Answers, positive and negative, are kept as long as their TTLs say (RFC 2308), within bounds. Equal questions at the
// same time are asked once. A datagram counts as the answer only if it comes from the asked port of the asked server, with
// the question's id, name, type and class; ids and local ports are random for each question.
package resolver

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"
)

// What a Config holds where it says nothing.
const (
	DefaultTimeout    = 5 * time.Second
	DefaultTries      = 2
	DefaultCacheSize  = 16 << 20
	DefaultMaxQueries = 1000
)

// How long answers are kept, whatever their TTLs say.
const (
	MaxTTL         = 24 * time.Hour
	MaxNegativeTTL = 5 * time.Minute // a name that was just set up is soon seen
	FailureTTL     = 5 * time.Second // temporary failures, and negative answers that say nothing of how long they hold
)

// Bounds that nobody needs to change.
const (
	MaxCNAMEs     = 10               // of one look-up
	maxLookup     = 45 * time.Second // for one look-up with all its questions, and waiting for its turn
	maxCached     = 64 << 10         // octets of one answer that is kept
	maxServers    = 3                // that are taken from the system's configuration, as its own resolver does
	maxStrays     = 16               // datagrams that are not the answer, before the question is put over TCP
	udpSize       = 1232             // octets of an answer over UDP that is asked for: small enough for no fragments
	maxDatagram   = 4096             // octets of an answer over UDP that is read, if a server sends more than was asked for
	rereadServers = 30 * time.Second // how soon a change of the system's configuration is seen
	ailingTime    = 30 * time.Second // for which a server that did not answer is asked after the others
	familyGrace   = 2 * time.Second  // for the addresses of one family when those of the other are there
)

// Config is what the operator decides. Zero fields get the defaults above.
type Config struct {
	// Servers are recursive name servers, "host:port" or an IP address, asked in this order. None: those of
	// /etc/resolv.conf, which is read again when it has changed.
	Servers []string

	Timeout    time.Duration // for an answer of one server
	Tries      int           // how often each server is asked that does not answer
	CacheSize  int           // octets that remembered answers may take
	MaxQueries int           // questions on their way at one time; more wait

	Clock func() time.Time // tells the age of answers; nil: time.Now
	IntN  func(n int) int  // a random number in [0, n), which orders MX records of equal preference; nil: math/rand/v2
	Log   *slog.Logger     // nil: nothing is logged
}

// Resolver looks names up. Its methods may be called concurrently. It has no goroutine of its own: those of a look-up end
// with it, and a look-up that nobody waits for any more is broken off.
type Resolver struct {
	timeout time.Duration
	tries   int
	clock   func() time.Time
	intN    func(n int) int
	log     *slog.Logger
	servers servers
	slots   chan struct{} // one for each question on its way
	cache   cache
	flights flights
	dialer  net.Dialer
	grace   time.Duration // familyGrace
}

// New makes a resolver. It starts nothing and asks nobody.
func New(c Config) *Resolver {
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Tries <= 0 {
		c.Tries = DefaultTries
	}
	if c.CacheSize <= 0 {
		c.CacheSize = DefaultCacheSize
	}
	if c.MaxQueries <= 0 {
		c.MaxQueries = DefaultMaxQueries
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.IntN == nil {
		c.IntN = rand.IntN
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	r := &Resolver{
		timeout: c.Timeout,
		tries:   c.Tries,
		clock:   c.Clock,
		intN:    c.IntN,
		log:     c.Log,
		slots:   make(chan struct{}, c.MaxQueries),
		grace:   familyGrace,
	}
	r.servers.fixed = parseServers(c.Servers)
	r.servers.path = "/etc/resolv.conf"
	r.cache.size = c.CacheSize
	return r
}

// Answer is what all answers have.
type Answer struct {
	// Name is the name that has the records, without the dot at its end: the end of the chain of CNAMEs, or the name that
	// was asked for, in lower case.
	Name string

	// TTL is how much longer the answer may be used.
	TTL time.Duration

	// Authentic says that the server has validated the answer with DNSSEC, every link of the chain included. It is only
	// believed of a server on this machine: the AD bit of another could be anybody's. DANE (RFC 7672) will rest on it.
	Authentic bool
}

func (r *Resolver) answer(e entry) Answer {
	return Answer{Name: host(e.name), TTL: max(e.expires.Sub(r.clock()), 0), Authentic: e.authentic}
}

// lookup answers a question from memory or by asking. An error is an *Error.
func (r *Resolver) lookup(ctx context.Context, name string, qtype uint16) (entry, error) {
	canonical, err := canonicalName(name)
	if err != nil {
		return entry{}, &Error{Name: name, Type: typeName(qtype), Err: err}
	}
	q := question{canonical, qtype}
	e, known := r.cache.get(q, r.clock())
	if !known {
		e, err = r.flights.do(ctx, q, r.resolve)
		if err != nil {
			return entry{}, &Error{Name: name, Type: typeName(qtype), Err: err, temporary: true}
		}
	}
	if e.err != nil {
		return entry{}, e.err
	}
	return e, nil
}
