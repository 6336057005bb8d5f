package server

import (
	"net"
	"net/netip"
	"sync"
)

// Gate counts the connections of a wire, in all and for each source.
type Gate struct {
	all, each int // how many may be in at one time

	mu     sync.Mutex
	inside int
	from   map[netip.Prefix]int
}

// NewGate makes a gate that lets in so many connections at one time, and so many of them from one source.
func NewGate(all, each int) *Gate {
	return &Gate{all: all, each: each, from: map[netip.Prefix]int{}}
}

// Enter lets a connection in, or says that there are too many. Each one that was let in leaves once.
func (g *Gate) Enter(ip netip.Addr) bool {
	src := Source(ip)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside >= g.all || g.from[src] >= g.each {
		return false
	}
	g.inside++
	g.from[src]++
	return true
}

// Leave lets a connection out.
func (g *Gate) Leave(ip netip.Addr) {
	src := Source(ip)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.from[src]--; g.from[src] == 0 {
		delete(g.from, src)
	}
}

// Inside is how many connections are in.
func (g *Gate) Inside() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside
}

// Source is what counts as one peer: an IPv4 address, or the /64 that one IPv6 site has.
func Source(ip netip.Addr) netip.Prefix {
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // the zero Addr gives the zero Prefix, which is a source like any other
	return p
}

// AddressOf is the IP address of a peer, the zero Addr if it has none.
func AddressOf(a net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}
