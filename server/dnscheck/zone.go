package dnscheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"

	"github.com/postroom/postroom/server/resolver"
)

// zone is a zone with the servers that its parent or the resolver names. It is never changed, but for the notes of its servers.
type zone struct {
	name    string
	servers []*nameServer // at least one
}

// nameServer is one authority of a zone.
type nameServer struct {
	name  string
	zone  string
	addrs []string // host:port, at most one of each family; none: problem says why

	mu       sync.Mutex
	used     string // the address that answered, or was asked
	answered bool
	problem  string // the first one
	dead     bool   // it does not answer: it is not asked again in this check
}

// note remembers how a server has fared. What it did right once does not undo a problem.
func (n *nameServer) note(addr, problem string, dead bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.used = cmp.Or(addr, n.used)
	n.problem = cmp.Or(n.problem, problem)
	n.dead = n.dead || dead
}

func (n *nameServer) isDead() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dead
}

// Why there is no zone.
var (
	errNotDelegated = errors.New("the domain is not in the DNS")
	errTooMany      = errors.New("the domain leads to too many zones")
	errNoNames      = errors.New("this server's resolver finds no names at all")
)

// zones are those that a check has found. The zero value is ready.
type zones struct {
	mu    sync.Mutex
	known map[string]*found // by name of the zone, or by the name whose zone was looked for
	count int
}

// found is a zone that is known, or is just being looked for.
type found struct {
	done chan struct{}
	zone *zone
	err  error
}

// get gives what look finds for a key, looking once. It waits for another who looks.
func (z *zones) get(ctx context.Context, key string, look func() (*zone, error)) (*zone, error) {
	z.mu.Lock()
	f := z.known[key]
	if f == nil {
		f = &found{done: make(chan struct{}), err: errTooMany}
		if z.known == nil {
			z.known = map[string]*found{}
		}
		z.known[key] = f
		z.count++
		few := z.count <= MaxZones
		z.mu.Unlock()
		if few {
			f.zone, f.err = look()
		}
		close(f.done)
		return f.zone, f.err
	}
	z.mu.Unlock()
	select {
	case <-f.done:
		return f.zone, f.err
	case <-ctx.Done():
		return nil, errNoTime
	}
}

// organization is the public suffix of a name and one label more: what is registered.
func organization(name string) string {
	if found, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return found
	}
	return name
}

// zoneOf finds the zone that a name lies in: the closest that is known, or the one that the registered name above it lies in,
// as the recursive resolver knows it. It asks nothing about names below what is registered: those that are just being created
// would be remembered as missing. Zones further down are found by referral.
func (k *check) zoneOf(ctx context.Context, name string) (*zone, error) {
	if z := k.zones.closest(name); z != nil {
		return z, nil
	}
	registered := organization(name)
	return k.zones.get(ctx, "of "+registered, func() (*zone, error) {
		for cut, more := registered, true; more; _, cut, more = strings.Cut(cut, ".") {
			answer, err := k.resolver.Records(ctx, cut, dns.TypeNS)
			switch {
			case err == nil && answer.Name == cut:
				return k.newZone(ctx, cut, nsNames(answer.Records), nil)
			case errors.Is(err, resolver.ErrNoSuchName):
				return nil, k.notDelegated(ctx)
			case err != nil && !errors.Is(err, resolver.ErrNoRecords):
				return nil, fmt.Errorf("the name servers of %s cannot be found", cut)
			}
		}
		return nil, k.notDelegated(ctx)
	})
}

// notDelegated is the reason for a domain that has no name servers. A resolver that does not know what everybody knows either has lost its way
// to the DNS, and says nothing about the domain.
func (k *check) notDelegated(ctx context.Context) error {
	if _, err := k.resolver.Check(ctx); err != nil {
		return errNoNames
	}
	return errNotDelegated
}

// closest is the known zone that a name lies in, nil if there is none.
func (z *zones) closest(name string) (best *zone) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, f := range z.known {
		select {
		case <-f.done:
		default:
			continue
		}
		if f.zone != nil && within(name, f.zone.name) && (best == nil || len(f.zone.name) > len(best.name)) {
			best = f.zone
		}
	}
	return best
}

// referred is the zone that a server refers to in the authority section of an answer, with addresses beside it.
func (k *check) referred(ctx context.Context, cut string, msg *dns.Msg) (*zone, error) {
	return k.zones.get(ctx, cut, func() (*zone, error) {
		var cutters []dns.RR
		for _, rr := range msg.Ns {
			if host(rr.Header().Name) == cut {
				cutters = append(cutters, rr)
			}
		}
		return k.newZone(ctx, cut, nsNames(cutters), glue(cut, msg))
	})
}

// nsNames are the names of servers, each once, in order.
func nsNames(rrs []dns.RR) (names []string) {
	for _, rr := range rrs {
		if ns, ok := rr.(*dns.NS); ok {
			names = append(names, host(ns.Ns))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(len(names), MaxServers)]
}

// glue are addresses of servers within the zone they serve: no one else could say them.
func glue(cut string, msg *dns.Msg) map[string][]netip.Addr {
	list := map[string][]netip.Addr{}
	for i, rr := range msg.Extra {
		name := host(rr.Header().Name)
		if !within(name, cut) || i >= maxAnswer {
			continue
		}
		if addr, ok := addressOf(rr); ok {
			list[name] = append(list[name], addr)
		}
	}
	return list
}

// addressOf reads an A or AAAA record.
func addressOf(rr dns.RR) (addr netip.Addr, ok bool) {
	switch rr := rr.(type) {
	case *dns.A:
		addr, ok = netip.AddrFromSlice(rr.A.To4())
	case *dns.AAAA:
		addr, ok = netip.AddrFromSlice(rr.AAAA)
	}
	return addr, ok
}

func (k *check) newZone(ctx context.Context, name string, servers []string, glue map[string][]netip.Addr) (*zone, error) {
	if len(servers) == 0 {
		return nil, errNotDelegated
	}
	z := &zone{name: name, servers: make([]*nameServer, len(servers))}
	var all sync.WaitGroup
	for i, one := range servers {
		all.Go(func() { z.servers[i] = k.newServer(ctx, name, one, glue[one]) })
	}
	all.Wait()
	return z, nil
}

// newServer finds the addresses of a server: the first of each family.
func (k *check) newServer(ctx context.Context, zone, name string, addrs []netip.Addr) *nameServer {
	n := &nameServer{name: name, zone: zone}
	if len(addrs) == 0 {
		answer, err := k.resolver.Addresses(ctx, name)
		if err != nil {
			n.note("", "its address cannot be found", true)
			return n
		}
		addrs = slices.Concat(answer.IPv4, answer.IPv6)
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	bits := 0
	for _, addr := range addrs {
		switch {
		case !k.private && !resolver.IsPublic(addr):
			n.note(addr.String(), "its address is private", false)
		case addr.BitLen() != bits:
			bits = addr.BitLen()
			n.addrs = append(n.addrs, net.JoinHostPort(addr.String(), strconv.Itoa(int(k.port))))
		}
	}
	if len(n.addrs) == 0 {
		n.note("", "", true)
	}
	return n
}

// asked are all servers that the check knows, by zone and name.
func (k *check) asked() (list []NameServer) {
	k.zones.mu.Lock()
	defer k.zones.mu.Unlock()
	for _, f := range k.zones.known {
		select {
		case <-f.done:
		default:
			continue
		}
		if f.zone == nil {
			continue
		}
		for _, n := range f.zone.servers {
			n.mu.Lock()
			list = append(list, NameServer{Name: n.name, Zone: f.zone.name, Address: plainAddress(n.used), Problem: n.problem})
			n.mu.Unlock()
		}
	}
	slices.SortFunc(list, func(a, b NameServer) int {
		return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Problem, b.Problem))
	})
	return slices.CompactFunc(list, func(a, b NameServer) bool { return a.Zone == b.Zone && a.Name == b.Name })
}

// plainAddress is an address without its port.
func plainAddress(addr string) string {
	if at, err := netip.ParseAddrPort(addr); err == nil {
		return at.Addr().String()
	}
	return addr
}

// host is a name without the dot at its end, in lower case.
func host(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }
