package dnsbl

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/postroom/postroom/server/resolver"
)

// Question is whom to ask about.
type Question struct {
	IP      netip.Addr // of the client
	Domains []string   // in A-labels; for lists of domains
}

// Result is what the lists say, in the order of their configuration.
type Result struct {
	Hits     []Hit
	Failures []Failure // at most one of a list
}

// Hit is an entry of a list.
type Hit struct {
	List    string // its zone
	Action  Action
	Subject string       // what is listed: the address, or a domain
	Answers []netip.Addr // the codes that the list answered and that count, in order: what they mean is the list's affair
	Reason  string       // what the list says to it, printable ASCII; "" if it says nothing
}

// Failure is a list that could not be asked, or whose answer is not to be believed.
type Failure struct {
	List   string
	Reason string // fit for strangers
	Err    error  // for the log; nil if the reason says it all
}

// Reasons of a Failure.
const (
	lookupFailed = "the look-up failed"
	refused      = "the list refuses to answer"
	noAnswer     = "the answer is none that a list gives"
	listsAll     = "the list has every address"
	listsNothing = "the list has not the entry that all lists have"
)

// Ask asks all lists at once. It returns soon after the timeout, or when ctx ends, with what is known by then. Nobody is asked
// about private and loopback addresses, nor about domains of one label.
func (l *Lists) Ask(ctx context.Context, q Question) Result {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	lookups := l.lookups(q)
	hits, failures := make([]*Hit, len(lookups)), make([]*Failure, len(lookups))
	var all sync.WaitGroup
	for i, one := range lookups {
		all.Go(func() { hits[i], failures[i] = l.ask(ctx, one) })
	}
	all.Wait()
	var r Result
	for i := range lookups {
		if hits[i] != nil {
			r.Hits = append(r.Hits, *hits[i])
		}
		f := failures[i]
		if f != nil && !slices.ContainsFunc(r.Failures, func(other Failure) bool { return other.List == f.List }) {
			l.warn(*f)
			r.Failures = append(r.Failures, *f)
		}
	}
	return r
}

// lookup is one thing to find in one list.
type lookup struct {
	list    List
	subject string
	entry   string // the name before the zone
	never   string // likewise, of what no list of this kind has (RFC 5782, 5)
}

func (l *Lists) lookups(q Question) (all []lookup) {
	ip := q.IP.Unmap().WithZone("")
	for _, list := range l.lists {
		if list.Domains {
			for _, domain := range domains(q.Domains) {
				all = append(all, lookup{list, domain, domain, "invalid"})
			}
		} else if ip.IsValid() && (l.private || isPublic(ip)) {
			all = append(all, lookup{list, ip.String(), entryOf(ip), neverListed(ip)})
		}
	}
	return all
}

// ask looks one thing up. Of both values at most one is there.
func (l *Lists) ask(ctx context.Context, one lookup) (*Hit, *Failure) {
	answers, failure := l.find(ctx, one.list, one.entry)
	if len(answers) == 0 || failure != nil {
		return nil, failure
	}
	hit := &Hit{List: one.list.Zone, Action: one.list.Action, Subject: one.subject, Answers: answers}
	var told sync.WaitGroup
	told.Go(func() { hit.Reason = l.reason(ctx, one) })
	all, failure := l.find(ctx, List{Zone: one.list.Zone}, one.never)
	told.Wait()
	if len(all) > 0 {
		failure = &Failure{List: one.list.Zone, Reason: listsAll}
	}
	if failure != nil {
		return nil, failure
	}
	return hit, nil
}

// find gives the answers of a list that count, none if it has no such entry.
func (l *Lists) find(ctx context.Context, list List, entry string) (answers []netip.Addr, failure *Failure) {
	found, err := l.resolver.IPv4(ctx, entry+"."+list.Zone)
	if resolver.IsTemporary(err) {
		return nil, &Failure{list.Zone, lookupFailed, err}
	}
	for _, answer := range found.IPv4 {
		switch {
		case refusals.Contains(answer):
			return nil, &Failure{List: list.Zone, Reason: refused}
		case !loopback.Contains(answer):
			return nil, &Failure{List: list.Zone, Reason: noAnswer}
		case list.counts(answer):
			answers = append(answers, answer)
		}
	}
	slices.SortFunc(answers, netip.Addr.Compare)
	return answers[:min(len(answers), MaxAnswers)], nil
}

// reason is the text of an entry (RFC 5782, 2.1), "" if there is none in time.
func (l *Lists) reason(ctx context.Context, one lookup) string {
	ctx, cancel := context.WithTimeout(ctx, reasonTime)
	defer cancel()
	found, err := l.resolver.TXT(ctx, one.entry+"."+one.list.Zone)
	if err != nil {
		return ""
	}
	return printable(found.Records[0])
}

// printable makes one line of ASCII from a stranger's octets.
func printable(text string) string {
	text = text[:min(len(text), MaxReason)]
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		switch {
		case c == '\t' || c == '\r' || c == '\n':
			return ' '
		case c < ' ' || c > '~':
			return '?'
		}
		return c
	}, text))
}

// warn logs a failure, but not each one of a list that fails for long.
func (l *Lists) warn(f Failure) {
	l.mu.Lock()
	now := l.clock()
	last, before := l.warned[f.List]
	quiet := before && now.Sub(last) < warnEvery
	if !quiet {
		l.warned[f.List] = now
	}
	l.mu.Unlock()
	if !quiet {
		l.log.Warn("a block list cannot be used: "+f.Reason, "list", f.List, "err", f.Err)
	}
}
