package dnsupdate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/resolver"
)

// Action is what becomes of a record.
type Action string

const (
	Keep    Action = "keep"    // it is there, or something that does the same
	Add     Action = "add"     // nothing stands in its way
	Replace Action = "replace" // of what only this software writes there, an older one is there
	Refuse  Action = "refuse"  // something of others is there, which is theirs to change
)

// Step is what is to be done for one record.
type Step struct {
	Record dnscheck.Record
	Action Action
	Found  []string // what is there, as a zone file has it
	Advice string   // of Refuse: a sentence that says what to do; of a step that failed: why

	zone          string
	before, taken []dns.RR // of the name and type: all, and those that Replace takes away
	rr            dns.RR
}

// Plan looks at what the primary has and says what is to be done for each record. A record of which fine is true is kept as it is,
// whatever the primary says: something does the same. Nothing is written. It fails if the primary does not answer.
func (p *Primary) Plan(ctx context.Context, records []dnscheck.Record, fine func(dnscheck.Record) bool) ([]Step, error) {
	zones := map[string]string{} // by the name's parent, which nearly all names share
	var steps []Step
	for _, r := range records {
		if fine != nil && fine(r) {
			steps = append(steps, Step{Record: r, Action: Keep})
			continue
		}
		s, err := p.plan(ctx, r, zones)
		if errors.Is(err, errNoZone) {
			s, err = Step{Record: r, Action: Refuse, Advice: "The primary name server has no zone for this name: write the record by hand where its zone is."}, nil
		}
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return steps, nil
}

func (p *Primary) plan(ctx context.Context, r dnscheck.Record, zones map[string]string) (Step, error) {
	rr, err := dns.NewRR(dnscheck.ZoneFile([]dnscheck.Record{r}))
	if err != nil {
		return Step{}, fmt.Errorf("make record %s: %w", r.Name, err)
	}
	name := dns.CanonicalName(rr.Header().Name)
	zone, err := p.zone(ctx, name, zones)
	if err != nil {
		return Step{}, err
	}
	types := []uint16{rr.Header().Rrtype}
	if types[0] == dns.TypeCNAME {
		types = []uint16{dns.TypeCNAME, dns.TypeA, dns.TypeAAAA, dns.TypeTXT, dns.TypeMX}
	}
	there, err := p.look(ctx, name, types...)
	if err != nil {
		return Step{}, err
	}
	s := judge(r, rr, there)
	s.zone = zone
	return s, nil
}

// zone finds the zone of a name, once for those that lie beside each other.
func (p *Primary) zone(ctx context.Context, name string, known map[string]string) (string, error) {
	_, parent, _ := strings.Cut(name, ".")
	if zone := known[parent]; zone != "" {
		return zone, nil
	}
	zone, err := p.zoneOf(ctx, name)
	if err == nil && zone != name { // what is beside the top of a zone is in the one above
		known[parent] = zone
	}
	return zone, err
}

// judge says what is to be done where there are records of the name.
func judge(r dnscheck.Record, rr dns.RR, there []dns.RR) Step {
	s := Step{Record: r, rr: rr, before: there}
	for _, old := range there {
		s.Found = append(s.Found, text(old))
	}
	alias := slices.IndexFunc(there, func(old dns.RR) bool { return old.Header().Rrtype == dns.TypeCNAME })
	switch {
	case contains(there, rr):
		s.Action = Keep
	case alias >= 0:
		s.refuse("There is an alias already: take it away, then this record can be written.")
	case rr.Header().Rrtype == dns.TypeCNAME && len(there) > 0:
		s.refuse("There are other records at this name already, and an alias cannot be beside any: take them away if nothing needs them.")
	case rr.Header().Rrtype == dns.TypeTXT:
		s.text(there)
	case len(there) == 0:
		s.Action = Add
	case rr.Header().Rrtype == dns.TypeMX:
		s.exchanger(there)
	default:
		s.refuse("There is another record of this type at the name already: correct it by hand.")
	}
	return s
}

func (s *Step) refuse(advice string) { s.Action, s.Advice = Refuse, advice }

// exchanger keeps an MX record of the same host with another preference, and refuses to have mail go to two places.
func (s *Step) exchanger(there []dns.RR) {
	for _, old := range there {
		if mx, ok := old.(*dns.MX); ok && dns.CanonicalName(mx.Mx) == dns.CanonicalName(s.rr.(*dns.MX).Mx) {
			s.Action = Keep
			return
		}
	}
	s.refuse("Mail goes to another server so far: take its MX record away once mail is to come here, then this one can be written.")
}

// text looks at texts of the same kind, of which there can be only one; others are none of its business.
func (s *Step) text(there []dns.RR) {
	for _, old := range there {
		if txt, ok := old.(*dns.TXT); ok && dnscheck.SameKind(s.Record, resolver.Text(txt)) {
			s.taken = append(s.taken, old)
		}
	}
	switch old := s.taken; {
	case len(old) == 0:
		s.Action = Add
	case dnscheck.IsOurs(s.Record):
		s.Action = Replace
	case len(old) == 1 && dnscheck.DoesToo(s.Record, resolver.Text(old[0].(*dns.TXT))):
		s.Action = Keep
	default:
		s.refuse(dnscheck.MergeAdvice(s.Record))
	}
	if s.Action != Replace {
		s.taken = nil
	}
}

// text is a record without its name and TTL.
func text(rr dns.RR) string {
	return dns.TypeToString[rr.Header().Rrtype] + " " + strings.TrimPrefix(rr.String(), rr.Header().String())
}

// Publish does what a plan says, record by record, and gives what came of it: where one could not be written, its step says Refuse and why,
// and the others are written all the same.
func (p *Primary) Publish(ctx context.Context, plan []Step) []Step {
	done := slices.Clone(plan)
	for i, s := range done {
		if err := p.do(ctx, s); err != nil {
			done[i].refuse(strings.ToUpper(err.Error()[:1]) + err.Error()[1:] + ".")
		}
	}
	return done
}

func (p *Primary) do(ctx context.Context, s Step) error {
	if s.Action != Add && s.Action != Replace {
		return nil
	}
	return p.change(ctx, s.zone, s.before, s.taken, s.rr)
}
