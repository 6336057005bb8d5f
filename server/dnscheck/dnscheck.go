// Package dnscheck knows what the DNS of a mail domain should say, and finds out what it says.
//
// Records are values made from values. Check asks the name servers that are the authority for a domain, one by one, so that
// neither it nor anybody's resolver remembers that a record was not there before somebody wrote it; where no authority
// answers it asks a recursive resolver and says so. CheckHost looks at the server's own name and addresses, Probe whether mail
// can leave, Next when to look again.
//
// Names and records come from strangers: what is asked, and for how long, is bounded for each check, and name servers with
// private addresses are not asked. A DNS that fails says nothing about a domain; this is a status of its own and never the
// same as a record that is missing. The package knows no tenant and no store; domains come from its callers, and reports go
// back to them.
package dnscheck

import (
	"cmp"
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"time"

	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/resolver"
)

// What a Config holds where it says nothing.
const (
	DefaultTimeout     = 40 * time.Second
	DefaultQuestion    = 3 * time.Second
	DefaultProbe       = 10 * time.Second
	defaultPort        = 53
	defaultMailPort    = "25"
	defaultMaxAtOnce   = 8
	wildcardLabelRunes = 12
)

// Bounds of one check.
const (
	MaxQueries   = 400 // to authorities
	MaxServers   = 5   // of a zone that are asked: the first ones by name
	MaxZones     = 12  // that are looked into
	MaxCNAMEs    = 8   // of one name
	maxReferrals = 8   // of one question
	maxAnswer    = 50  // records of one answer that are looked at
	maxProblems  = 20  // of a report
	tries        = 2   // of a server that does not answer
)

// Config is what the operator decides. Zero fields but Resolver get the defaults above.
type Config struct {
	Resolver *resolver.Resolver // finds name servers and their addresses, and what SPF records refer to

	Timeout  time.Duration // for a check; what is not known by then has failed
	Question time.Duration // for an answer of one name server
	Port     uint16        // of name servers; another is for tests

	// AllowPrivate asks name servers that have private or loopback addresses: NS records are anybody's.
	AllowPrivate bool

	Lists *dnsbl.Lists // that CheckLists asks about the server's addresses; nil: none

	ProbeTimeout time.Duration // for each host of Probe

	Clock func() time.Time // nil: time.Now
}

// Checker looks at the DNS. Its methods may be called concurrently; goroutines of a check end with it.
type Checker struct {
	resolver *resolver.Resolver
	timeout  time.Duration
	question time.Duration
	probe    time.Duration
	port     uint16
	private  bool
	lists    *dnsbl.Lists
	clock    func() time.Time
}

// New makes a checker. It starts nothing and asks nobody.
func New(c Config) *Checker {
	made := &Checker{
		resolver: c.Resolver,
		timeout:  cmp.Or(c.Timeout, DefaultTimeout),
		question: cmp.Or(c.Question, DefaultQuestion),
		probe:    cmp.Or(c.ProbeTimeout, DefaultProbe),
		port:     cmp.Or(c.Port, defaultPort),
		private:  c.AllowPrivate,
		lists:    c.Lists,
		clock:    c.Clock,
	}
	if made.clock == nil {
		made.clock = time.Now
	}
	return made
}

// check is one look at one domain.
type check struct {
	*Checker
	domain Domain
	server Server
	at     time.Time
	zones  zones
	budget budget

	mu       sync.Mutex
	problems []Problem
}

// Check looks at all records of a domain. It returns soon after the timeout, or when ctx ends, with what is known by then;
// whatever goes wrong is in the report.
func (c *Checker) Check(ctx context.Context, d Domain, s Server) Report {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.check(ctx, d, s, Records(d, s))
}

// CheckOperator looks at what the operator's zone holds for all domains, as Check does. Keys of single domains are looked at with those.
func (c *Checker) CheckOperator(ctx context.Context, s Server) Report {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.check(ctx, Domain{Name: s.Zone}, s, OperatorRecords(s))
}

func (c *Checker) check(ctx context.Context, d Domain, s Server, records []Record) Report {
	k := &check{Checker: c, domain: d, server: s, at: c.clock(), budget: budget{left: MaxQueries}}
	report := Report{At: k.at, Findings: make([]Finding, len(records)), Owner: Unknown}

	turns := make(chan struct{}, defaultMaxAtOnce)
	var all sync.WaitGroup
	for i, r := range records {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			report.Findings[i] = k.record(ctx, r)
		})
	}
	if !d.Shared && d.Name != s.Zone { // there they are meant
		all.Go(func() { k.wildcard(ctx) })
	}
	all.Wait()

	if z, err := k.zoneOf(ctx, d.Name); err == nil {
		report.Zone = z.name
	}
	report.Servers = k.asked()
	report.Problems = k.summary(report)
	for _, f := range report.Findings {
		if f.Record.Purpose == PurposeOwnership {
			report.Owner = proof(f.Status)
		}
	}
	return report
}

func proof(s Status) Proof {
	switch s {
	case OK:
		return Proven
	case Failed:
		return Unknown
	}
	return Unproven
}

// problem notes what is wrong, once.
func (k *check) problem(code, name, text string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.problems {
		if p.Code == code && p.Name == name && p.Text == text {
			return
		}
	}
	if len(k.problems) < maxProblems {
		k.problems = append(k.problems, Problem{code, name, text})
	}
}

// randomLabel is a label that nobody has written into a zone.
func randomLabel() string { return strings.ToLower(rand.Text()[:wildcardLabelRunes]) }
