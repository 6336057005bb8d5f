package dnscheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"github.com/postroom/postroom/server/resolver"
)

// statement is what one source says of a name and a type.
type statement struct {
	source    string   // name of the server; "": the recursive resolver, or the registry
	recursive bool     // it is the recursive resolver
	chain     []string // names that aliases lead to, in order
	rrs       []dns.RR // at the end of the chain; none: there are no such records
	circle    bool     // there are too many aliases
	ttl       time.Duration
	err       error // the DNS failed: nothing is known

	referral *zone // the server says that others are the authority
}

// budget is how many questions are left.
type budget struct{ left int32 }

// Why nothing is known of a name. They and all errors of a statement are fit for strangers.
var (
	errSpent  = errors.New("too many questions were needed")
	errNoTime = errors.New("the time did not suffice")
	errNoName = errors.New("it leads to what is no name")
)

func (b *budget) take() bool { return atomic.AddInt32(&b.left, -1) >= 0 }

// look asks all authorities of a name, or the recursive resolver if none of them answers. There is at least one statement.
func (k *check) look(ctx context.Context, name string, qtype uint16) []statement {
	z, err := k.zoneOf(ctx, name)
	for range maxReferrals {
		if err != nil {
			return []statement{k.elsewhere(ctx, name, qtype, nil, err)}
		}
		statements := k.all(ctx, z, name, qtype)
		if i := slices.IndexFunc(statements, func(v statement) bool { return v.referral != nil }); i >= 0 {
			z = statements[i].referral
			continue
		}
		if slices.ContainsFunc(statements, func(v statement) bool { return v.err == nil }) {
			return statements
		}
		err = statements[0].err
	}
	return []statement{k.elsewhere(ctx, name, qtype, nil, err)}
}

// all asks the servers of a zone at the same time.
func (k *check) all(ctx context.Context, z *zone, name string, qtype uint16) []statement {
	statements := make([]statement, len(z.servers))
	var all sync.WaitGroup
	for i, n := range z.servers {
		all.Go(func() { statements[i] = k.from(ctx, n, name, qtype, nil) })
	}
	all.Wait()
	return statements
}

// elsewhere is what is known without an authority, for a reason: of a name whose domain is not in the DNS there is nothing, and
// all else the recursive resolver has to know.
func (k *check) elsewhere(ctx context.Context, name string, qtype uint16, chain []string, reason error) statement {
	if errors.Is(reason, errNotDelegated) {
		if within(name, organization(k.domain.Name)) {
			k.problem(ProblemNoZone, organization(k.domain.Name), "The domain is not in the DNS: register it, or name its servers at the registrar.")
		}
		return statement{chain: chain}
	}
	if ctx.Err() == nil && !errors.Is(reason, errSpent) {
		k.problem(ProblemRecursive, k.registered(name), "The name servers in charge could not be asked, or not about every name; what is shown comes from a resolver and may be old.")
	}
	v := statement{recursive: true, chain: chain}
	answer, err := k.resolver.Records(ctx, name, qtype)
	v.ttl = answer.TTL
	switch {
	case err == nil:
		v.rrs = answer.Records[:min(len(answer.Records), maxAnswer)]
		if answer.Name != name {
			v.chain = append(slices.Clone(chain), answer.Name)
		}
	case errors.Is(err, resolver.ErrCNAMELoop):
		v.circle = true
	case errors.Is(reason, errNoNames): // so that it has none means nothing
		v.err = reason
	case errors.Is(err, resolver.ErrNoRecords), errors.Is(err, resolver.ErrNoSuchName):
		v.ttl = resolver.MaxNegativeTTL
	default:
		v.err = reason
	}
	return v
}

// registered is the zone that a name is known to lie in, or what is registered above it.
func (k *check) registered(name string) string {
	if z := k.zones.closest(name); z != nil {
		return z.name
	}
	return organization(name)
}

// from asks one server, and follows aliases from there on. Aliases before are in chain.
func (k *check) from(ctx context.Context, n *nameServer, name string, qtype uint16, chain []string) statement {
	v := statement{source: n.name, chain: slices.Clone(chain)}
	for {
		msg, err := k.ask(ctx, n, name, qtype)
		if err != nil {
			v.err = err
			return v
		}
		if cut := referral(msg, n.zone, name); cut != "" {
			if len(v.chain) > len(chain) {
				return k.follow(ctx, v, name, qtype)
			}
			v.referral, v.err = k.referred(ctx, cut, msg)
			return v
		}
		if !msg.Authoritative {
			n.note("", "it is no authority for "+n.zone, false)
			v.err = fmt.Errorf("%s is no authority for %s", n.name, n.zone)
			return v
		}
		before := len(v.chain)
		name = v.read(msg, name, qtype, n.zone)
		soa := authority(msg)
		switch {
		case v.circle:
			return v
		case len(v.rrs) > 0 || k.arrived(v, qtype):
			return v
		case !within(name, n.zone):
			return k.follow(ctx, v, name, qtype)
		case len(v.chain) > before && soa == nil: // the server leaves the rest to us
			continue
		}
		v.ttl = max(v.ttl, negativeTTL(soa))
		return v
	}
}

// follow goes on with an alias that leads into another zone. Its authorities are asked one after the other until one answers.
func (k *check) follow(ctx context.Context, v statement, name string, qtype uint16) statement {
	z, err := k.zoneOf(ctx, name)
	var last statement
	for i, hops := 0, 0; err == nil && hops < maxReferrals; {
		if i == len(z.servers) {
			err = last.err
			break
		}
		last = k.from(ctx, z.servers[i], name, qtype, v.chain)
		switch {
		case last.referral != nil:
			z, i = last.referral, 0
			hops++
		case last.err != nil:
			i++
		default:
			last.source, last.ttl = v.source, max(last.ttl, v.ttl)
			return last
		}
	}
	if err == nil {
		err = errTooMany
	}
	last = k.elsewhere(ctx, name, qtype, v.chain, err)
	last.source, last.ttl, last.recursive = v.source, max(last.ttl, v.ttl), false // the authority has named the alias
	return last
}

// arrived reports whether a chain of a host leads to the server: what its addresses are is the operator's affair.
func (k *check) arrived(v statement, qtype uint16) bool {
	return (qtype == dns.TypeA || qtype == dns.TypeAAAA) && slices.ContainsFunc(v.chain, k.isOurs)
}

// isOurs reports whether a name is one of the server's own.
func (k *check) isOurs(name string) bool {
	return name == k.server.Hostname || name == k.server.publicHost()
}

// read takes aliases and records of a name from an answer, and gives the name at the end of the chain. What a server says
// of names outside its zone is passed over.
func (v *statement) read(msg *dns.Msg, name string, qtype uint16, zone string) string {
	answers := msg.Answer[:min(len(msg.Answer), maxAnswer)]
	for !v.circle && within(name, zone) {
		alias := ""
		for _, rr := range answers {
			h := rr.Header()
			if h.Class != dns.ClassINET || host(h.Name) != name || h.Rdlength == 0 {
				continue
			}
			if h.Rrtype == qtype {
				v.rrs = append(v.rrs, rr)
				v.ttl = max(v.ttl, seconds(h.Ttl))
			} else if a, ok := rr.(*dns.CNAME); ok {
				alias = host(a.Target)
				v.ttl = max(v.ttl, seconds(h.Ttl))
			}
		}
		if len(v.rrs) > 0 || alias == "" {
			return name
		}
		name = alias
		v.circle = len(v.chain) == MaxCNAMEs || slices.Contains(v.chain, name)
		v.chain = append(v.chain, name)
	}
	return name
}

// ask puts a question to a server, on each of its addresses and more than once if need be. An answer is NOERROR or NXDOMAIN.
func (k *check) ask(ctx context.Context, n *nameServer, name string, qtype uint16) (*dns.Msg, error) {
	if n.isDead() {
		return nil, fmt.Errorf("%s does not answer", n.name)
	}
	for range tries {
		for _, addr := range n.addrs {
			if !k.budget.take() {
				return nil, errSpent
			}
			msg, err := k.askOnce(ctx, addr, name, qtype)
			if err == nil && (msg.Rcode == dns.RcodeSuccess || msg.Rcode == dns.RcodeNameError) {
				n.heard(addr)
				return msg, nil
			}
			if err == nil {
				n.heard(addr)
				n.note(addr, "it answers "+dns.RcodeToString[msg.Rcode], false)
				return nil, fmt.Errorf("%s answers %s", n.name, dns.RcodeToString[msg.Rcode])
			}
			if errors.Is(err, resolver.ErrInvalidName) {
				return nil, errNoName
			}
			if ctx.Err() != nil {
				return nil, errNoTime
			}
		}
	}
	n.silent()
	return nil, fmt.Errorf("%s does not answer", n.name)
}

func (k *check) askOnce(ctx context.Context, addr, name string, qtype uint16) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, k.question)
	defer cancel()
	return k.resolver.AskServer(ctx, addr, name, qtype)
}

// heard notes that a server has answered.
func (n *nameServer) heard(addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.used, n.answered, n.dead = addr, true, false
}

// silent notes that a server has not answered. One that never did is not asked again; of another it may be the name.
func (n *nameServer) silent() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.problem == "" {
		n.problem = "it does not answer"
	}
	if n.used == "" && len(n.addrs) > 0 {
		n.used = n.addrs[0]
	}
	n.dead = !n.answered
}

// referral is the zone whose servers an answer refers to, "" if it is none: one below the server's zone and around the name.
func referral(msg *dns.Msg, zone, name string) string {
	if len(msg.Answer) > 0 || msg.Rcode != dns.RcodeSuccess || authority(msg) != nil {
		return ""
	}
	for _, rr := range msg.Ns {
		if ns, ok := rr.(*dns.NS); ok {
			if cut := host(ns.Hdr.Name); cut != zone && within(cut, zone) && within(name, cut) {
				return cut
			}
		}
	}
	return ""
}

// authority is the SOA of a negative answer, nil if there is none.
func authority(msg *dns.Msg) *dns.SOA {
	for _, rr := range msg.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			return soa
		}
	}
	return nil
}

// negativeTTL is how long a negative answer is remembered (RFC 2308, 5). Without a SOA nobody should.
func negativeTTL(soa *dns.SOA) time.Duration {
	if soa == nil {
		return 0
	}
	return min(seconds(soa.Hdr.Ttl), seconds(soa.Minttl))
}

// maxTTL is the longest that resolvers keep anything, whatever it says.
const maxTTL = 7 * 24 * time.Hour

// seconds reads a TTL; with its highest bit set it is zero (RFC 2181, 8).
func seconds(ttl uint32) time.Duration {
	if ttl > 1<<31-1 {
		return 0
	}
	return min(time.Duration(ttl)*time.Second, maxTTL)
}

// texts are the TXT records of a statement, the strings of each joined.
func (v statement) texts() (list []string) {
	for _, rr := range v.rrs {
		if t, ok := rr.(*dns.TXT); ok {
			list = append(list, resolver.Text(t))
		}
	}
	return list
}

// addresses are the A and AAAA records of a statement.
func (v statement) addresses() (list []netip.Addr) {
	for _, rr := range v.rrs {
		if addr, ok := addressOf(rr); ok {
			list = append(list, addr)
		}
	}
	return list
}

// key tells statements apart that say different things.
func (v statement) key() string {
	values := make([]string, len(v.rrs))
	for i, rr := range v.rrs {
		values[i] = value(rr)
	}
	slices.Sort(values)
	return fmt.Sprintf("%q %q %v", v.chain, values, v.circle)
}

// value is a record as people know it, without name and TTL.
func value(rr dns.RR) string {
	switch rr := rr.(type) {
	case *dns.TXT:
		return resolver.Text(rr)
	case *dns.MX:
		return fmt.Sprintf("%d %s", rr.Preference, cmp.Or(host(rr.Mx), "."))
	case *dns.SRV:
		return fmt.Sprintf("%d %d %d %s", rr.Priority, rr.Weight, rr.Port, cmp.Or(host(rr.Target), "."))
	case *dns.CNAME:
		return "CNAME " + host(rr.Target)
	}
	return strings.TrimPrefix(rr.String(), rr.Header().String())
}

// shown are the values of a statement, bounded and printable.
func (v statement) shown() (list []string) {
	for _, name := range v.chain {
		list = append(list, "CNAME "+name)
	}
	for _, rr := range v.rrs {
		list = append(list, value(rr))
	}
	return bounded(list)
}

func bounded(list []string) []string {
	list = slices.Clone(list[:min(len(list), MaxFound)])
	for i, s := range list {
		list[i] = strings.TrimSpace(oneLine(s[:min(len(s), MaxFoundText)]))
	}
	return list
}
