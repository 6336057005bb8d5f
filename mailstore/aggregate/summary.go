package aggregate

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// MaxDomains is how many domains of a source a Summary shows: those of most messages.
const MaxDomains = 20

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

// Summarize makes one picture of reports. One that came twice, with the same reporter, id, domain and time, counts once. The
// time is n log n in the rows.
func Summarize(reports []Report) Summary {
	s := Summary{}
	seen := map[reportKey]bool{}
	sources := map[netip.Addr]*tally{}
	for i := range reports {
		r := &reports[i]
		key := reportKey{r.Organization, r.Email, r.ID, r.Policy.Domain, r.Begin.Unix(), r.End.Unix()}
		if r.ID != "" && seen[key] {
			continue
		}
		seen[key] = true
		s.Reports++
		s.First, s.Last = span(s.First, s.Last, r)
		for _, row := range r.Rows {
			from := sources[row.Source]
			if from == nil {
				from = &tally{Source: Source{IP: row.Source}, dkim: map[string]*Domain{}, spf: map[string]*Domain{}}
				sources[row.Source] = from
			}
			from.First, from.Last = span(from.First, from.Last, r)
			from.add(row)
		}
	}
	for _, from := range sources {
		from.DKIM, from.SPF = sorted(from.dkim), sorted(from.spf)
		s.Messages, s.Passed, s.Failed = s.Messages+from.Messages, s.Passed+from.Passed, s.Failed+from.Failed
		s.Sources = append(s.Sources, from.Source)
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

func (t *tally) add(row Row) {
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
	countDomains(t.dkim, signers, n)
	countDomains(t.spf, hosts, n)
}

func countDomains(domains map[string]*Domain, passed map[string]bool, messages int64) {
	for name, pass := range passed {
		if name == "" {
			continue
		}
		d := domains[name]
		if d == nil {
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
