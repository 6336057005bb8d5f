// Package domains keeps the state of domains by what their DNS says: it asks when it is time, tells tenancy what it has found, and says
// what a domain's records should be.
//
// It knows no wire, and owns no table: tenancy has the claims and decides what follows.
package domains

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/dnsupdate"
	"github.com/postroom/postroom/tenancy"
)

const (
	// MinAge is how old a report is at least before the same domain is asked about again, whoever wants it.
	MinAge = 10 * time.Second

	lookEvery = 5 * time.Second // for claims that are due
	atOnce    = 8               // domains that are asked about at one time because they are due
	ofOne     = 4               // domains of a workspace that are asked about at one time, whoever wants it
	batch     = 64              // claims that are read at one time
	lateAfter = 5 * time.Minute // when a claim is due again that could not be written
	hostAge   = time.Minute     // whoever mends something soon sees it
	maxShown  = 200 << 10       // octets of a report that is kept; of a longer one only what is wrong
)

// The names of all records of a claim fit into the DNS.
const _ = uint(dnscheck.MaxDomain - tenancy.MaxClaim)

// Config says what domains are to lead to.
type Config struct {
	Checker *dnscheck.Checker // nil: the DNS is not asked
	Server  dnscheck.Server
	Primary *dnsupdate.Primary // that takes updates of the operator's zones; nil: no DNS is written

	// Lists has Run ask block lists about the server's addresses.
	Lists bool

	// Leads is told of each host below a verified domain that is to serve documents and leads here, whenever that is seen: it may need
	// a certificate. nil: nobody is.
	Leads func(host string)

	// Addresses are those that mail leaves from and services are at. nil: Server has them.
	Addresses func(context.Context) []netip.Addr
}

// ErrNotAsked is answered where the DNS is not asked.
var ErrNotAsked = fault.New(fault.Unavailable, "dns_not_asked", "This server does not ask the DNS.")

// Watch looks after the domains of a server. Its methods may be called concurrently.
type Watch struct {
	cfg Config
	dir *tenancy.Directory
	log *slog.Logger

	mu     sync.Mutex
	asking map[tenancy.DomainID]chan struct{} // claims whose DNS is being asked; closed when that ends
	turns  map[mailstore.WorkspaceID]*turns

	hosting sync.Mutex // of one who asks about the server itself
	host    *dnscheck.HostReport
	listing sync.Mutex // of one who asks block lists
	listed  *dnscheck.ListReport
}

// New makes a watch. It starts nothing.
func New(cfg Config, dir *tenancy.Directory, log *slog.Logger) *Watch {
	return &Watch{cfg: cfg, dir: dir, log: log, asking: map[tenancy.DomainID]chan struct{}{}, turns: map[mailstore.WorkspaceID]*turns{}}
}

// Records are those that a domain should have. Keys that it does not have yet are made.
func (w *Watch) Records(ctx context.Context, dom tenancy.Domain) ([]dnscheck.Record, error) {
	return w.records(ctx, dom, w.dir.Keys)
}

// KnownRecords is Records without those of keys that the domain does not have yet, for lists of domains: to make keys takes a while.
func (w *Watch) KnownRecords(ctx context.Context, dom tenancy.Domain) ([]dnscheck.Record, error) {
	return w.records(ctx, dom, w.dir.KnownKeys)
}

// records are those of a domain. A sandbox domain has none of its own: what is above it has records for all.
func (w *Watch) records(ctx context.Context, dom tenancy.Domain, keysOf func(context.Context, tenancy.Domain) ([]tenancy.DKIMKey, error)) ([]dnscheck.Record, error) {
	if dom.Sandbox {
		return nil, nil
	}
	d, err := w.domain(ctx, dom, keysOf)
	return dnscheck.Records(d, w.leadsTo(dom)), err
}

// leadsTo is what a domain is to lead to. Reports about its mail come to an address of its own, so that no other domain has to allow them.
func (w *Watch) leadsTo(dom tenancy.Domain) dnscheck.Server {
	s := w.cfg.Server
	s.ReportAddress = dom.Reports()
	return s
}

// addresses are those of the server, now.
func (w *Watch) addresses(ctx context.Context) []netip.Addr {
	if w.cfg.Addresses != nil {
		return w.cfg.Addresses(ctx)
	}
	return w.cfg.Server.IPs
}

// Host is what the DNS says of the server itself; it is asked anew when the last answer is older than hostAge.
func (w *Watch) Host(ctx context.Context) (dnscheck.HostReport, error) {
	if w.cfg.Checker == nil {
		return dnscheck.HostReport{}, ErrNotAsked
	}
	w.hosting.Lock()
	defer w.hosting.Unlock()
	if now := w.dir.Now(); w.host == nil || now.Sub(w.host.At) > hostAge {
		r := w.cfg.Checker.CheckHost(ctx, w.cfg.Server.Hostname, w.addresses(ctx))
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		w.host = &r
	}
	return *w.host, nil
}

// domain is a claim as the DNS should have it.
func (w *Watch) domain(ctx context.Context, dom tenancy.Domain, keysOf func(context.Context, tenancy.Domain) ([]tenancy.DKIMKey, error)) (d dnscheck.Domain, err error) {
	d = dnscheck.Domain{Name: dom.Name, TargetZone: w.cfg.Server.Zone != ""}
	if d.Shared, err = w.dir.IsShared(ctx, dom); err != nil {
		return d, err
	}
	if d.Token, err = w.dir.Ownership(ctx, dom); err != nil {
		return d, err
	}
	keys, err := keysOf(ctx, dom)
	for _, k := range keys {
		d.DKIM = append(d.DKIM, dnscheck.Key{Selector: k.Selector, Record: k.Record(), Active: k.Active})
	}
	return d, err
}

// Report is what was found the last time; ok is false if the DNS was never asked.
func Report(dom tenancy.Domain) (r dnscheck.Report, ok bool) {
	if len(dom.Report) == 0 || json.Unmarshal(dom.Report, &r) != nil {
		return dnscheck.Report{}, false
	}
	return r, true
}

// Check asks the DNS about a claim now, unless that was done less than MinAge ago, and gives the claim as it is then.
func (w *Watch) Check(ctx context.Context, dom tenancy.Domain) (tenancy.Domain, error) {
	if dom.Sandbox {
		return dom, nil // its DNS is the operator's
	}
	if w.cfg.Checker == nil {
		return dom, ErrNotAsked
	}
	for {
		w.mu.Lock()
		other := w.asking[dom.ID]
		if other == nil {
			break
		}
		w.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return dom, ctx.Err()
		}
	}
	mine := make(chan struct{})
	w.asking[dom.ID] = mine
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.asking, dom.ID)
		w.mu.Unlock()
		close(mine)
	}()
	dom, err := w.dir.Claim(ctx, dom.ID) // another may have asked meanwhile
	if err != nil || w.dir.Now().Sub(dom.CheckedAt) < MinAge {
		return dom, err
	}
	giveBack, err := w.turn(ctx, dom.WorkspaceID)
	if err != nil {
		return dom, err
	}
	defer giveBack()
	return w.ask(ctx, dom)
}

// turns are those of one workspace.
type turns struct {
	places chan struct{}
	users  int // who has one or waits for one
}

// turn waits until fewer than ofOne domains of a workspace are asked about: strangers' name servers get no more questions by our hand than
// that, whoever claims their domains.
func (w *Watch) turn(ctx context.Context, ws mailstore.WorkspaceID) (giveBack func(), err error) {
	w.mu.Lock()
	t := w.turns[ws]
	if t == nil {
		t = &turns{places: make(chan struct{}, ofOne)}
		w.turns[ws] = t
	}
	t.users++
	w.mu.Unlock()
	leave := func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(w.turns, ws)
		}
	}
	select {
	case t.places <- struct{}{}:
		return func() { <-t.places; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// ask asks the DNS and writes what it said.
func (w *Watch) ask(ctx context.Context, dom tenancy.Domain) (tenancy.Domain, error) {
	d, err := w.domain(ctx, dom, w.dir.KnownKeys) // nobody can have published others, and to make thousands would keep a server busy
	if err != nil {
		return dom, err
	}
	to := w.leadsTo(dom)
	to.IPs = w.addresses(ctx)
	now := w.cfg.Checker.Check(ctx, d, to)
	if ctx.Err() != nil {
		return dom, ctx.Err()
	}
	before, _ := Report(dom)
	kept := dnscheck.Remember(before, now)
	c := tenancy.Checkup{At: now.At, Owned: now.Owner == dnscheck.Proven, Here: w.here(now), Changes: worse(before, now)}
	c.Failed = !c.Owned && !c.Here && (now.Owner == dnscheck.Unknown || failed(now, dnscheck.PurposeMX) || failed(now, dnscheck.PurposeDKIM))
	c.Due = dnscheck.Next(dom.CreatedAt, now.At, dom.Status == tenancy.Verified || c.Owned && !dom.Taken, dom.Checks+1, now)
	if c.Report, err = encode(kept); err != nil {
		return dom, err
	}
	after, err := w.dir.Checked(ctx, dom.ID, c)
	if err == nil && after.Status == tenancy.Verified && w.cfg.Leads != nil {
		for _, f := range now.Findings {
			if f.Status == dnscheck.OK && slices.Contains(documents, f.Record.Purpose) {
				w.cfg.Leads(f.Record.Name)
			}
		}
	}
	if err == nil && after.Status != dom.Status {
		w.log.Info("domain changed", "workspace", dom.WorkspaceID, "domain", dom.Name, "status", after.Status)
	}
	return after, err
}

// documents are the purposes of hosts that serve documents by HTTPS.
var documents = []string{dnscheck.PurposeMTASTSPolicy, dnscheck.PurposeAutoconfig, dnscheck.PurposeAutodiscover}

// here reports whether mail for the domain comes to this server, be it to others too, or what leaves here is signed with a key that the
// domain has published.
func (w *Watch) here(r dnscheck.Report) bool {
	return slices.ContainsFunc(r.Findings, func(f dnscheck.Finding) bool {
		there := f.Status == dnscheck.OK || f.Status == dnscheck.Propagating
		return f.Record.Purpose == dnscheck.PurposeDKIM && there || f.Record.Purpose == dnscheck.PurposeMX && (there || slices.ContainsFunc(f.Found, w.namesUs))
	})
}

// namesUs reads an MX record as findings show it: its preference and its host.
func (w *Watch) namesUs(found string) bool {
	var preference int
	var host string
	if n, _ := fmt.Sscanf(found, "%d %s", &preference, &host); n != 2 {
		host = found
	}
	return host == w.cfg.Server.Hostname
}

func failed(r dnscheck.Report, purpose string) bool {
	return slices.ContainsFunc(r.Findings, func(f dnscheck.Finding) bool { return f.Record.Purpose == purpose && f.Status == dnscheck.Failed })
}

// worse is what was well before and is not any more, as JSON; nil if there is nothing.
func worse(before, after dnscheck.Report) json.RawMessage {
	changes := slices.DeleteFunc(dnscheck.Diff(before, after), func(c dnscheck.Change) bool {
		return c.Before != dnscheck.OK || c.After.Status == dnscheck.OK || c.After.Status == dnscheck.Propagating
	})
	if len(changes) == 0 {
		return nil
	}
	text, err := json.Marshal(changes)
	if err != nil {
		return nil // strings, numbers and times always encode
	}
	return text
}

// encode is a report as it is kept.
func encode(r dnscheck.Report) (json.RawMessage, error) {
	text, err := json.Marshal(r)
	if err == nil && len(text) > maxShown {
		for i := range r.Findings {
			r.Findings[i].Found = nil
		}
		r.Problems, r.Servers = nil, nil
		text, err = json.Marshal(r)
	}
	if err != nil {
		return nil, fmt.Errorf("encode report: %w", err)
	}
	return text, nil
}

// Run asks about the domains that are due, until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var lists time.Time // when to look whether it is time to ask them
	for {
		if err := w.round(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("look for domains to check", "err", err)
		}
		if now := w.dir.Now(); w.cfg.Lists && !now.Before(lists) {
			lists = now.Add(listAgain)
			if _, err := w.Listed(ctx); err != nil && ctx.Err() == nil {
				w.log.Error("ask block lists about the server's addresses", "err", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// round asks about all that are due.
func (w *Watch) round(ctx context.Context) error {
	turns := make(chan struct{}, atOnce)
	for ctx.Err() == nil {
		due, err := w.dir.DueDomains(ctx, batch)
		if err != nil || len(due) == 0 {
			return err
		}
		var all sync.WaitGroup
		for _, dom := range due {
			turns <- struct{}{}
			all.Go(func() {
				defer func() { <-turns }()
				w.one(ctx, dom)
			})
		}
		all.Wait()
	}
	return ctx.Err()
}

// one asks about a claim that is due. What cannot be written is put off: it would else be due for ever.
func (w *Watch) one(ctx context.Context, dom tenancy.Domain) {
	after, err := w.Check(ctx, dom)
	now := w.dir.Now()
	until := now.Add(MinAge)
	switch {
	case ctx.Err() != nil || errors.Is(err, tenancy.ErrNotFound) || err == nil && (after.CheckDue.IsZero() || after.CheckDue.After(now)):
		return
	case err != nil:
		w.log.Error("check domain", "workspace", dom.WorkspaceID, "domain", dom.Name, "err", err)
		until = now.Add(lateAfter)
	} // else it was asked about a moment ago
	if err := w.dir.PutOff(ctx, dom.ID, until); err != nil {
		w.log.Error("put off the check of a domain", "domain", dom.Name, "err", err)
	}
}

// Failing counts verified domains, and those of them whose last report says that something required is missing or wrong. What the DNS did
// not answer does not count.
func (w *Watch) Failing(ctx context.Context) (verified, failing int, err error) {
	err = w.eachVerified(ctx, func(dom tenancy.Domain) error {
		verified++
		if r, _ := Report(dom); slices.ContainsFunc(r.Findings, func(f dnscheck.Finding) bool { return lacks(dom, f) }) {
			failing++
		}
		return nil
	})
	return verified, failing, err
}

// lacks reports whether a finding says that a domain lacks what it needs. An operator's word stands in for the text that proves it.
func lacks(dom tenancy.Domain, f dnscheck.Finding) bool {
	proven := f.Record.Purpose == dnscheck.PurposeOwnership && dom.Proof == tenancy.ByOperator
	return f.Record.Required && !proven && (f.Status == dnscheck.Missing || f.Status == dnscheck.Different)
}

// Find gives the finding of a record, if the report has one. That of another key than the domain has by now is none.
func Find(r dnscheck.Report, record dnscheck.Record) (dnscheck.Finding, bool) {
	f, ok := r.Find(record)
	if record.Purpose == dnscheck.PurposeDKIM && f.Record.Value != record.Value {
		return dnscheck.Finding{}, false
	}
	return f, ok
}
