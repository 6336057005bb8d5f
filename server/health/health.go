// Package health looks at a server that runs, and says what is wrong with it and how to mend it: its names in the DNS, its ports and
// certificates, the disk and the clock, what waits to leave, and whom it asks.
//
// It knows no wire and changes nothing. What it looks at comes from its Config; findings go to the operator, and nothing in them is a
// tenant's: no domain, no address, no text.
package health

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/tenancy"
)

// Bounds of looking.
const (
	Step   = 20 * time.Second // for one part; what is not known by then is unknown
	MaxAge = time.Minute      // of findings that others' servers had to be asked for

	CertificateWarning = 14 * 24 * time.Hour // before a certificate ends
	QueueLate          = 15 * time.Minute    // after which mail that is due should have been tried
	MaxQueues          = 100                 // workspaces whose queues are counted, those due first
	lowDisk            = 4                   // times the floor; less is a warning
)

// Status is how grave a finding is.
type Status string

// From good to bad; Unknown says nothing.
const (
	OK      Status = "ok"
	Unknown Status = "unknown" // it was not asked, or there was no answer
	Warning Status = "warning" // it works, and something should be better
	Error   Status = "error"   // something does not work
)

// Finding is one thing that was looked at.
type Finding struct {
	Name   string // what: stable, one word, with what it is about behind a slash where there are several: "certificate/imaps"
	Status Status
	Found  string // a sentence or a part of one
	Advice string // what to do; "" if nothing
}

// Config is what to look at. What is nil is left out.
type Config struct {
	Hostname string // the server's name in EHLO

	Names    func(context.Context) (validates bool, err error)        // whether names can be looked up: resolver.Check
	Host     func(context.Context) (dnscheck.HostReport, error)       // what the DNS says of the server: domains.Host
	Listed   func(context.Context) (dnscheck.ListReport, error)       // what block lists say of the addresses that mail leaves from: domains.Listed
	Own      func() ([]netip.Addr, error)                             // addresses that the machine has; nil: the operator has named them
	Probe    func(context.Context, []string) []dnscheck.ProbeResult   // whether mail can leave: dnscheck.Probe
	Incoming *Incoming                                                // whether others reach this server
	Peers    []string                                                 // whom Probe is to reach
	Relay    string                                                   // that takes all mail; "": none
	Wires    []Wire                                                   // what is listened on
	Certs    func() []CertificateState                                // one for each of the server's names
	Free     func() (octets int64, err error)                         // space on the disk
	Floor    int64                                                    // octets of it below which nothing new is accepted
	Clock    func() (kept bool, err error)                            // how right the clock is
	Lists    func(context.Context) []dnsbl.Failure                    // block lists that do not answer: dnsbl.Check
	Junk     func(context.Context) error                              // whether rspamd answers: rspamd.Ping
	Ready    func(context.Context) (verified, failing int, err error) // domains, and those with something required missing: domains.Failing
	Zone     func(context.Context) (dnscheck.Report, int, error)      // the operator's zone, and domains that lead to keys it lacks: domains.Zone
	Queue    *tenancy.Directory                                       // whose mail waits
	Now      func() time.Time                                         // nil: time.Now
}

// part is something to look at by itself.
type part struct {
	name string
	slow bool // others are asked: findings are kept for MaxAge
	look func(context.Context) []Finding

	turn  chan struct{} // of who looks
	at    time.Time
	found []Finding
}

// Check looks at a server. Its methods may be called concurrently; who comes while another looks gets the same findings.
type Check struct {
	cfg   Config
	parts []*part
}

// outgoing is the part that tells whether mail can leave.
const outgoing = "outgoing"

// New makes a check. It starts nothing and looks at nothing.
func New(cfg Config) *Check {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Check{cfg: cfg}
	add := func(there bool, name string, slow bool, look func(context.Context) []Finding) {
		if there {
			c.parts = append(c.parts, &part{name: name, slow: slow, look: look, turn: make(chan struct{}, 1)})
		}
	}
	add(cfg.Hostname != "", "ehlo", false, c.ehlo)
	add(cfg.Names != nil, "resolver", true, c.resolver)
	add(cfg.Host != nil, "hostname", true, c.host)
	add(cfg.Listed != nil, "listed", true, c.listed)
	add(len(cfg.Wires) > 0, "ports", false, c.ports)
	add(cfg.Probe != nil, outgoing, true, c.outgoing)
	add(cfg.Incoming != nil, "incoming", true, c.incoming)
	add(cfg.Certs != nil, "certificate", false, c.certificates)
	add(cfg.Free != nil, "disk", false, c.disk)
	add(cfg.Clock != nil, "clock", false, c.clock)
	add(cfg.Queue != nil, "queue", true, c.queue)
	add(cfg.Lists != nil, "lists", true, c.lists)
	add(cfg.Junk != nil, "rspamd", true, c.junk)
	add(cfg.Ready != nil, "domains", true, c.domains)
	add(cfg.Zone != nil, "zone", true, c.zone)
	return c
}

// Look gives all findings, in an order that stays. It returns when ctx ends, or within about Step.
func (c *Check) Look(ctx context.Context) ([]Finding, error) { return c.lookAtAll(ctx, c.parts) }

// Leaves tells whether mail can leave this server: by port 25 to hosts that the operator has named, or through a relay. Unknown, if nobody
// is named.
func (c *Check) Leaves(ctx context.Context) (Status, error) {
	i := slices.IndexFunc(c.parts, func(p *part) bool { return p.name == outgoing })
	if i < 0 {
		return Unknown, nil
	}
	found, err := c.lookAtAll(ctx, c.parts[i:i+1])
	return Worst(found), err
}

func (c *Check) lookAtAll(ctx context.Context, parts []*part) ([]Finding, error) {
	found := make([][]Finding, len(parts))
	done := make(chan struct{})
	go func() {
		defer close(done)
		var all sync.WaitGroup
		for i, p := range parts {
			all.Go(func() { found[i] = c.lookAt(context.WithoutCancel(ctx), p) })
		}
		all.Wait()
	}()
	select {
	case <-done:
		return slices.Concat(found...), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// lookAt gives what is known of a part, or looks. A caller who leaves does not end it: the next one gets what it finds.
func (c *Check) lookAt(ctx context.Context, p *part) []Finding {
	p.turn <- struct{}{} // given back within Step
	defer func() { <-p.turn }()
	now := c.cfg.Now()
	if p.slow && p.found != nil && now.Sub(p.at) < MaxAge && !now.Before(p.at) {
		return p.found
	}
	ctx, cancel := context.WithTimeout(ctx, Step)
	defer cancel()
	p.found = p.look(ctx)
	if ctx.Err() != nil && len(p.found) == 0 {
		p.found = one(p.name, Unknown, "there was no answer in time", "")
	}
	p.at = c.cfg.Now()
	return p.found
}

// Worst is the gravest status of findings; OK if there are none.
func Worst(found []Finding) Status {
	order := []Status{OK, Unknown, Warning, Error}
	worst := OK
	for _, f := range found {
		if slices.Index(order, f.Status) > slices.Index(order, worst) {
			worst = f.Status
		}
	}
	return worst
}

func one(name string, s Status, found, advice string) []Finding {
	return []Finding{{name, s, found, advice}}
}
