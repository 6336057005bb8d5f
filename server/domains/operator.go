package domains

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/dnsupdate"
	"github.com/postroom/postroom/tenancy"
)

const (
	keepEvery = 30 * time.Second // for keys that the operator's zone does not have yet
	keepAge   = 24 * time.Hour   // after which a record of the zone is looked at again, though nothing has changed here
)

var errNoPrimary = fault.New(fault.Conflict, "dns_not_written", "This server writes no DNS: the operator sets tls.dns_provider.")

// Operator are the records that the server itself needs: those of its name, and what the operator's zone holds for all domains and for the keys
// of each verified one.
func (w *Watch) Operator(ctx context.Context) ([]dnscheck.Record, error) {
	s := w.cfg.Server
	s.IPs = w.addresses(ctx)
	list, err := w.zone(ctx, s)
	return append(dnscheck.HostRecords(s), list...), err
}

// zone is what the operator's zone holds. A claim that is not verified has no keys in it: another may have one on the same name.
func (w *Watch) zone(ctx context.Context, s dnscheck.Server) ([]dnscheck.Record, error) {
	var all []dnscheck.Domain
	if s.Zone == "" {
		return nil, nil
	}
	err := w.eachVerified(ctx, func(dom tenancy.Domain) error {
		if dom.Sandbox { // it has no keys
			return nil
		}
		d, err := w.domain(ctx, dom, w.dir.KnownKeys)
		all = append(all, d)
		return err
	})
	return dnscheck.OperatorRecords(s, all...), err
}

// Zone is what the DNS says of what the operator's zone holds for all domains, and how many verified domains lead to keys that it does not have.
func (w *Watch) Zone(ctx context.Context) (r dnscheck.Report, lacking int, err error) {
	if w.cfg.Checker == nil {
		return r, 0, ErrNotAsked
	}
	s := w.cfg.Server
	s.IPs = w.addresses(ctx)
	r = w.cfg.Checker.CheckOperator(ctx, s)
	err = w.eachVerified(ctx, func(dom tenancy.Domain) error {
		known, _ := Report(dom)
		if slices.ContainsFunc(known.Findings, func(f dnscheck.Finding) bool { return f.Ours }) {
			lacking++
		}
		return nil
	})
	return r, lacking, err
}

// eachVerified goes through the verified domains of all workspaces, until do fails.
func (w *Watch) eachVerified(ctx context.Context, do func(tenancy.Domain) error) error {
	for after := tenancy.DomainID(""); ; {
		page, err := w.dir.VerifiedDomains(ctx, after, batch)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, dom := range page {
			if err := do(dom); err != nil {
				return err
			}
			after = dom.ID
		}
	}
}

// PublishOperator writes the records that the server itself needs, or only says what would be written.
func (w *Watch) PublishOperator(ctx context.Context, dryRun bool) ([]dnsupdate.Step, error) {
	if w.cfg.Primary == nil {
		return nil, errNoPrimary
	}
	records, err := w.Operator(ctx)
	if err != nil {
		return nil, err
	}
	return w.publish(ctx, records, nil, dryRun)
}

// PublishDomain writes the records of a domain, or only says what would be written. What was found to do the same stays.
func (w *Watch) PublishDomain(ctx context.Context, dom tenancy.Domain, dryRun bool) ([]dnsupdate.Step, error) {
	if w.cfg.Primary == nil {
		return nil, errNoPrimary
	}
	records, err := w.Records(ctx, dom)
	if err != nil {
		return nil, err
	}
	known, _ := Report(dom)
	return w.publish(ctx, records, func(r dnscheck.Record) bool {
		f, ok := Find(known, r)
		return ok && f.Status == dnscheck.OK
	}, dryRun)
}

func (w *Watch) publish(ctx context.Context, records []dnscheck.Record, fine func(dnscheck.Record) bool, dryRun bool) ([]dnsupdate.Step, error) {
	plan, err := w.cfg.Primary.Plan(ctx, records, fine)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "dns_server_failed", "No records were written: %v.", err) // for the operator alone
	}
	if dryRun {
		return plan, nil
	}
	return w.cfg.Primary.Publish(ctx, plan), nil
}

// keeper knows what the operator's zone has.
type keeper struct {
	*Watch
	written map[string]written // by name
}

type written struct {
	sum [sha256.Size]byte // of the record's text
	due time.Time         // when to look at it again
}

// KeepZone writes what the operator's zone is to hold, whenever that changes, until ctx ends: a key that is made anew is there before it signs.
// What domains had that are gone stays.
func (w *Watch) KeepZone(ctx context.Context) error {
	k := keeper{w, map[string]written{}}
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		if err := k.round(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("write the operator's zone", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// round writes what is new, and looks at what was not looked at for long.
func (k keeper) round(ctx context.Context) error {
	s := k.cfg.Server
	if s.IPs = k.addresses(ctx); len(s.IPs) == 0 {
		return errors.New("the server's own addresses are not known")
	}
	all, err := k.zone(ctx, s)
	if err != nil {
		return err
	}
	var due []dnscheck.Record
	now := k.dir.Now()
	names := map[string]bool{}
	for _, r := range all {
		names[r.Name] = true
		if is := k.written[r.Name]; is.sum != sha256.Sum256([]byte(r.Value)) || !now.Before(is.due) {
			due = append(due, r)
		}
	}
	maps.DeleteFunc(k.written, func(name string, _ written) bool { return !names[name] }) // of domains that are gone
	for len(due) > 0 && ctx.Err() == nil {
		part := due[:min(len(due), batch)]
		due = due[len(part):]
		steps, err := k.publish(ctx, part, nil, false)
		if err != nil {
			return err
		}
		for _, step := range steps {
			k.note(step, now)
		}
	}
	return ctx.Err()
}

// note remembers what became of a record; one that could not be written is tried again later.
func (k keeper) note(step dnsupdate.Step, now time.Time) {
	is := written{sha256.Sum256([]byte(step.Record.Value)), now.Add(keepAge)}
	switch step.Action {
	case dnsupdate.Refuse:
		is.due = now.Add(lateAfter)
		k.log.Error("record of the operator's zone not written", "name", step.Record.Name, "err", step.Advice)
	case dnsupdate.Add, dnsupdate.Replace:
		k.log.Info("record of the operator's zone written", "name", step.Record.Name)
	}
	k.written[step.Record.Name] = is
}
