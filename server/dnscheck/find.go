package dnscheck

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// verdict is what one statement means for a record.
type verdict struct {
	status Status
	found  []string
	advice string
	ours   bool // what is wrong is in the operator's zone
}

func different(found []string, advice string) verdict {
	return verdict{status: Different, found: found, advice: advice}
}

// judge says what a statement means. It may look other names up.
type judge func(ctx context.Context, v statement) verdict

// record looks at one record of the domain.
func (k *check) record(ctx context.Context, r Record) Finding {
	asked := written(r)
	f := k.decide(ctx, r, k.statements(ctx, asked), k.judgeOf(asked))
	switch {
	case strings.HasPrefix(r.Name, "*."):
	case f.Status == Missing && r.Purpose == PurposeDMARC:
		k.inherit(ctx, &f)
	case f.Status == Missing:
		k.doubled(ctx, &f)
	}
	return f
}

// written is a record at a name that can be asked for: for that of a wildcard stands one that nobody has written.
func written(r Record) Record {
	if below, wild := strings.CutPrefix(r.Name, "*."); wild {
		r.Name = randomLabel() + "." + below
	}
	return r
}

// statements are what the authorities say of a record's name. Of a host both kinds of address are asked for.
func (k *check) statements(ctx context.Context, r Record) []statement {
	switch r.Type {
	case "MX":
		return k.look(ctx, r.Name, dns.TypeMX)
	case "SRV":
		return k.look(ctx, r.Name, dns.TypeSRV)
	}
	if isHostRecord(r) {
		return merge(k.look(ctx, r.Name, dns.TypeA), k.look(ctx, r.Name, dns.TypeAAAA))
	}
	return k.look(ctx, r.Name, dns.TypeTXT)
}

// isHostRecord reports whether a record names a host: an alias will do, and its addresses too.
func isHostRecord(r Record) bool {
	switch r.Purpose {
	case PurposeMTASTSPolicy, PurposeAutoconfig, PurposeAutodiscover, PurposeReturnPath:
		return true
	}
	return false
}

// merge puts together what the same sources say of two types. Where one type failed, the other counts if there is anything
// (RFC 4074 tells of servers that answer for one alone).
func merge(a, b []statement) []statement {
	var list []statement
	for _, one := range a {
		i := slices.IndexFunc(b, func(v statement) bool { return v.source == one.source })
		if i < 0 {
			list = append(list, one)
			continue
		}
		other := b[i]
		if len(other.chain) > len(one.chain) {
			one.chain = other.chain
		}
		one.rrs = slices.Concat(one.rrs, other.rrs)
		one.circle = one.circle || other.circle
		one.ttl = max(one.ttl, other.ttl)
		if one.err == nil {
			one.err = other.err
		}
		if len(one.rrs) > 0 || len(one.chain) > 0 {
			one.err = nil
		}
		list = append(list, one)
	}
	return list
}

func (k *check) judgeOf(r Record) judge {
	texts := func(compare func(texts []string) verdict) judge {
		return func(_ context.Context, v statement) verdict { return withAlias(v, compare(v.texts())) }
	}
	switch r.Purpose {
	case PurposeOwnership:
		return texts(func(list []string) verdict { return compareOwnership(list, r.Value) })
	case PurposeMX:
		return k.judgeMX
	case PurposeSPF:
		return func(ctx context.Context, v statement) verdict { return k.judgeSPF(ctx, v, r) }
	case PurposeDKIM:
		return func(_ context.Context, v statement) verdict { return k.judgeDKIM(v, r) }
	case PurposeDMARC:
		return texts(func(list []string) verdict { return compareDMARC(list, k.server.ReportAddress) })
	case PurposeMTASTS:
		return texts(func(list []string) verdict { return compareSTS(list, k.server.PolicyID) })
	case PurposeTLSRPT:
		return texts(func(list []string) verdict { return compareTLSRPT(list, k.server.ReportAddress) })
	}
	if r.Type == "SRV" {
		return func(_ context.Context, v statement) verdict { return k.judgeSRV(v, r) }
	}
	return func(_ context.Context, v statement) verdict { return k.judgeHost(v, r) }
}

// withAlias shows the aliases before what was found.
func withAlias(v statement, one verdict) verdict {
	if len(v.chain) > 0 && one.status != OK {
		one.found = bounded(append(statement{chain: v.chain}.shown(), one.found...))
	}
	return one
}

// decide puts the statements together: all servers have to agree.
func (k *check) decide(ctx context.Context, r Record, statements []statement, say judge) Finding {
	f := Finding{Record: r, Recursive: statements[0].recursive}
	said := map[string]verdict{}
	var good, bad, missing verdict
	var late, cause []string
	var ttl time.Duration
	for _, v := range statements {
		if v.err != nil {
			cause = append(cause, v.err.Error())
			continue
		}
		one, known := said[v.key()]
		if !known {
			one = k.judged(ctx, v, say)
			said[v.key()] = one
		}
		switch one.status {
		case OK:
			good = one
			continue
		case Missing:
			missing = one
		case Failed:
			cause = append(cause, one.advice)
			continue
		default:
			bad = one
		}
		late = append(late, v.source)
		ttl = max(ttl, v.ttl)
	}
	k.compare(r, said)
	if ttl > 0 {
		f.Until = k.at.Add(ttl)
	}
	switch {
	case good.status != "" && len(late) == 0:
		f.Status, f.Found, f.Advice = OK, good.found, good.advice
	case good.status != "":
		f.Status, f.Found = Propagating, bad.found
		f.Advice = "Wait: not all name servers of the zone have the record yet (" + strings.Join(bounded(late), ", ") + " do not)."
	case bad.status != "":
		f.Status, f.Found, f.Advice, f.Ours = bad.status, bad.found, bad.advice, bad.ours
	case missing.status != "":
		f.Status, f.Found, f.Advice = Missing, missing.found, missing.advice
		if f.Advice == "" {
			f.Advice = addAdvice(r)
		}
	default:
		f.Status = Failed
		who := "whoever runs the domain's name servers"
		if slices.Contains(cause, errNoNames.Error()) {
			who = "the operator of this server"
		}
		f.Advice = "The DNS did not answer (" + bounded(append(cause, "no answer"))[0] + "): if this lasts, ask " + who + "."
	}
	return f
}

// judged is the verdict on a statement whose aliases lead somewhere.
func (k *check) judged(ctx context.Context, v statement, say judge) verdict {
	if v.circle {
		return different(v.shown(), "Mend the CNAME records of this name: they lead in a circle, or through too many names.")
	}
	return say(ctx, v)
}

// compare notes that servers say different things which are all as good.
func (k *check) compare(r Record, said map[string]verdict) {
	good := 0
	for _, one := range said {
		if one.status == OK {
			good++
		}
	}
	if good > 1 {
		k.problem(ProblemDisagree, r.Name, "The name servers of the zone have different "+r.Type+" records for the name; if this lasts, some of them are not kept up to date.")
	}
}

func addAdvice(r Record) string {
	switch r.Type {
	case "MX":
		return fmt.Sprintf("Add an MX record for %s with priority %d and the host %s.", r.Name, r.Priority, r.Value)
	case "SRV":
		return fmt.Sprintf("Add an SRV record at %s with priority %d, weight %d, port %d and the host %s.", r.Name, r.Priority, r.Weight, r.Port, r.Value)
	case "CNAME":
		return fmt.Sprintf("Add a CNAME record at %s that leads to %s.", r.Name, r.Value)
	}
	return fmt.Sprintf("Add a TXT record at %s with the text given here.", r.Name)
}

// inherit takes the policy of the organizational domain for a domain that has none of its own (RFC 7489, 6.6.3).
func (k *check) inherit(ctx context.Context, f *Finding) {
	above := organization(k.domain.Name)
	if above == k.domain.Name {
		k.doubled(ctx, f)
		return
	}
	r := f.Record
	r.Name = "_dmarc." + above
	inherited := k.decide(ctx, r, k.look(ctx, r.Name, dns.TypeTXT), k.judgeOf(r))
	switch inherited.Status {
	case OK:
		f.Status, f.Advice, f.Until = OK, inherited.Advice, time.Time{}
		f.Found = bounded(append([]string{"the policy of " + above}, inherited.Found...))
	case Failed:
		f.Status, f.Advice = Failed, inherited.Advice
	}
}

// doubled looks whether a missing record lies where providers put it that add the zone's name to what is already a whole name.
func (k *check) doubled(ctx context.Context, f *Finding) {
	z := k.zones.closest(f.Record.Name)
	if z == nil || f.Recursive || f.Record.Name == z.name {
		return
	}
	qtype, known := dns.StringToType[f.Record.Type]
	name := f.Record.Name + "." + z.name
	if !known || len(name) > maxName {
		return
	}
	for _, v := range k.look(ctx, name, qtype) {
		wild := qtype != dns.TypeCNAME && len(v.chain) > 0
		if v.err == nil && !wild && len(v.rrs) > 0 && sameValue(v, f.Record) {
			f.Found = bounded([]string{"at " + name + ":", value(v.rrs[0])})
			f.Advice = "The record lies at " + name + ": where the name is written, leave out the " + z.name + " at its end, which is added by itself."
			return
		}
	}
}

// sameValue reports whether a statement holds a record's value: a wildcard's would be another.
func sameValue(v statement, r Record) bool {
	return slices.ContainsFunc(v.rrs, func(rr dns.RR) bool {
		switch rr := rr.(type) {
		case *dns.CNAME:
			return host(rr.Target) == r.Value
		case *dns.SRV:
			return host(rr.Target) == r.Value
		}
		return strings.Contains(value(rr), r.Value)
	})
}

// wildcard asks for a name that nobody has written. Records of a wildcard stand in the way, or seem to be there and are not.
func (k *check) wildcard(ctx context.Context) {
	name := randomLabel() + "." + k.domain.Name
	if len(name) > maxName {
		return
	}
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeTXT, dns.TypeMX} {
		for _, v := range k.look(ctx, name, qtype) {
			if shown := v.shown(); v.err == nil && len(shown) > 0 {
				k.problem(ProblemWildcard, "*."+k.domain.Name, "A wildcard answers for names that nobody has written ("+shown[0]+"); names that are missing here lead there.")
				return
			}
		}
	}
}

// summary are the problems with what is wrong with the servers of the domain's zones, in order.
func (k *check) summary(r Report) []Problem {
	for _, n := range r.Servers {
		if n.Problem != "" && within(k.domain.Name, n.Zone) {
			where := ""
			if n.Address != "" {
				where = " (" + n.Address + ")"
			}
			k.problem(ProblemNameServer, n.Name, "There is something wrong with this name server"+where+" of "+n.Zone+": "+n.Problem+".")
		}
	}
	slices.SortFunc(k.problems, func(a, b Problem) int {
		return strings.Compare(a.Code+" "+a.Name+" "+a.Text, b.Code+" "+b.Name+" "+b.Text)
	})
	return k.problems
}
