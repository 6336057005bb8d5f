package smtpd

import (
	"net"
	"net/netip"
	"sync"
)

// gate counts connections, in all and for each source. Its zero counts are ready for use.
type gate struct {
	all, each int // how many may be in at one time

	mu     sync.Mutex
	inside int
	from   map[netip.Prefix]int
}

// enter lets a connection in, or says that there are too many. Each one that was let in leaves once.
func (g *gate) enter(ip netip.Addr) bool {
	src := source(ip)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside >= g.all || g.from[src] >= g.each {
		return false
	}
	if g.from == nil {
		g.from = map[netip.Prefix]int{}
	}
	g.inside++
	g.from[src]++
	return true
}

func (g *gate) leave(ip netip.Addr) {
	src := source(ip)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.from[src]--; g.from[src] == 0 {
		delete(g.from, src)
	}
}

// source is what counts as one peer: an IPv4 address, or the /64 that one IPv6 site has.
func source(ip netip.Addr) netip.Prefix {
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // the zero Addr gives the zero Prefix, which is a source like any other
	return p
}

// addressOf is the IP address of a peer, the zero Addr if it has none.
func addressOf(a net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}
