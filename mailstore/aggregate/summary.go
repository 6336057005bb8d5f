package aggregate

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// The bounds of a picture, whatever reports say.
const (
	MaxDomains = 20     // of a source that a Summary shows: those of most messages
	MaxSources = 10_000 // addresses that are told apart; rows of further ones count as those without an address
	maxNames   = 50_000 // domains of all sources together; further ones are not counted by themselves
)

// Summary is who sends in a domain's name, as many reports together show it.
type Summary struct {
	Reports  int // without those that came twice
	Messages int64
	Passed   int64 // of them, DMARC
	Failed   int64
	First    time.Time // the first and the last day that is reported, at 0:00 UTC; zero if no report says
	Last     time.Time
	Sources  []Source // of most messages first, then by address
}

// Source is what came from one address.
type Source struct {
	IP          netip.Addr // the zero Addr for rows without one
	Messages    int64
	Passed      int64 // of them, DMARC: by an aligned signature, or an aligned SPF
	Failed      int64
	PassedDKIM  int64 // by an aligned signature
	PassedSPF   int64
	Quarantined int64
	Rejected    int64
	DKIM        []Domain // who signed; at most MaxDomains, of most messages first
	SPF         []Domain // whom SPF was asked about
	First, Last time.Time
}

// Domain is a domain that messages of a source were checked for, aligned or not.
type Domain struct {
	Name     string
	Messages int64
	Passed   int64 // of them, the check for this domain
}

// Summarize makes one picture of reports, as a Picture does.
func Summarize(reports []Report) Summary {
	var p Picture
	for i := range reports {
		p.Add(&reports[i])
	}
	return p.Summary()
}

// Picture is what reports show together, one after the other: none needs to be kept. The zero value is ready. Memory is bounded but for the
// names of the reports that were added. It is not safe for concurrent use.
type Picture struct {
	sum     Summary
	seen    map[reportKey]bool
	sources map[netip.Addr]*tally
	names   int // in all tallies
}

// Add takes in a report. One that came twice, with the same reporter, id, domain and time, counts once. The time is linear in the rows.
func (p *Picture) Add(r *Report) {
	key := reportKey{r.Organization, r.Email, r.ID, r.Policy.Domain, r.Begin.Unix(), r.End.Unix()}
	if r.ID != "" && p.seen[key] {
		return
	}
	if p.seen == nil {
		p.seen, p.sources = map[reportKey]bool{}, map[netip.Addr]*tally{}
	}
	p.seen[key] = true
	p.sum.Reports++
	p.sum.First, p.sum.Last = span(p.sum.First, p.sum.Last, r)
	for i := range r.Rows {
		from := p.source(r.Rows[i].Source)
		from.First, from.Last = span(from.First, from.Last, r)
		p.count(from, &r.Rows[i])
	}
}

// source is the tally of an address, or of those that are too many.
func (p *Picture) source(ip netip.Addr) *tally {
	if p.sources[ip] == nil && len(p.sources) >= MaxSources {
		ip = netip.Addr{}
	}
	from := p.sources[ip]
	if from == nil {
		from = &tally{Source: Source{IP: ip}, dkim: map[string]*Domain{}, spf: map[string]*Domain{}}
		p.sources[ip] = from
	}
	return from
}

// Summary is the picture as it is now. The time is n log n in the sources.
func (p *Picture) Summary() Summary {
	s := p.sum
	for _, from := range p.sources {
		one := from.Source
		one.DKIM, one.SPF = sorted(from.dkim), sorted(from.spf)
		s.Messages, s.Passed, s.Failed = s.Messages+one.Messages, s.Passed+one.Passed, s.Failed+one.Failed
		s.Sources = append(s.Sources, one)
	}
	slices.SortFunc(s.Sources, func(a, b Source) int { return cmp.Or(cmp.Compare(b.Messages, a.Messages), a.IP.Compare(b.IP)) })
	return s
}

type reportKey struct {
	organization, email, id, domain string
	begin, end                      int64
}

// tally is a source that is being counted.
type tally struct {
	Source
	dkim, spf map[string]*Domain
}

// count adds a row to a tally.
func (p *Picture) count(t *tally, row *Row) {
	n := row.Count
	t.Messages += n
	if row.Pass() {
		t.Passed += n
	} else {
		t.Failed += n
	}
	if row.DKIM == Pass {
		t.PassedDKIM += n
	}
	if row.SPF == Pass {
		t.PassedSPF += n
	}
	switch row.Disposition {
	case Quarantine:
		t.Quarantined += n
	case Reject:
		t.Rejected += n
	}
	signers, hosts := map[string]bool{}, map[string]bool{} // whether it passed, of each domain once a row
	for _, d := range row.DKIMResults {
		signers[d.Domain] = signers[d.Domain] || d.Result == Pass
	}
	for _, h := range row.SPFResults {
		hosts[h.Domain] = hosts[h.Domain] || h.Result == Pass
	}
	p.countDomains(t.dkim, signers, n)
	p.countDomains(t.spf, hosts, n)
}

func (p *Picture) countDomains(domains map[string]*Domain, passed map[string]bool, messages int64) {
	for name, pass := range passed {
		if name == "" {
			continue
		}
		d := domains[name]
		if d == nil && p.names == maxNames {
			continue
		}
		if d == nil {
			p.names++
			d = &Domain{Name: name}
			domains[name] = d
		}
		d.Messages += messages
		if pass {
			d.Passed += messages
		}
	}
}

func sorted(domains map[string]*Domain) []Domain {
	var list []Domain
	for _, d := range domains {
		list = append(list, *d)
	}
	slices.SortFunc(list, func(a, b Domain) int { return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Name, b.Name)) })
	return slices.Clone(list[:min(len(list), MaxDomains)])
}

// span widens a range of days by those of a report. Some write the first second of the next day as its end.
func span(first, last time.Time, r *Report) (time.Time, time.Time) {
	end := r.End
	if end.After(r.Begin) {
		end = end.Add(-time.Second)
	}
	for _, t := range []time.Time{r.Begin, end} {
		if t.IsZero() {
			continue
		}
		day := t.Truncate(24 * time.Hour)
		if first.IsZero() || day.Before(first) {
			first = day
		}
		if day.After(last) {
			last = day
		}
	}
	return first, last
}
