package server

import (
	"net/netip"
	"sync"
	"time"
)

// maxPaces is how many sources a Pace remembers. Beyond it those go first that did least.
const maxPaces = 100_000

// Pace bounds how often something happens: so often a minute, and as often at once where nothing happened for a minute. It counts for
// each source (an IPv4 address or IPv6 /64), and for the network around it (an IPv4 /24 or IPv6 /48) with a bound of its own. Safe
// for concurrent use.
type Pace struct {
	each, network int // a minute; 0: no bound

	mu    sync.Mutex
	until map[netip.Prefix]time.Time // when all that was done will be paid for, at the pace of the bound
}

// NewPace makes a Pace with bounds for each source and each network, a minute; 0 is none.
func NewPace(each, network int) *Pace {
	return &Pace{each: each, network: network, until: map[netip.Prefix]time.Time{}}
}

// Network is the network around a source: an IPv4 /24 or IPv6 /48.
func Network(ip netip.Addr) netip.Prefix {
	bits := 24
	if ip.Is6() {
		bits = 48
	}
	p, _ := ip.Prefix(bits) // the zero Addr gives the zero Prefix, like Source
	return p
}

// Take counts one more for a peer. If that is too many, nothing is counted, and wait is how long until it would not be.
func (p *Pace) Take(ip netip.Addr, now time.Time) (wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var next [2]time.Time
	bounds := [2]struct {
		of   netip.Prefix
		most int
	}{{Source(ip), p.each}, {Network(ip), p.network}}
	for i, b := range bounds {
		if b.most <= 0 {
			continue
		}
		next[i] = p.until[b.of]
		if next[i].Before(now) {
			next[i] = now
		}
		next[i] = next[i].Add(time.Minute / time.Duration(b.most))
		wait = max(wait, next[i].Sub(now)-time.Minute)
	}
	if wait > 0 {
		return wait
	}
	if len(p.until) >= maxPaces {
		p.forget(now)
	}
	for i, b := range bounds {
		if b.most > 0 {
			p.until[b.of] = next[i]
		}
	}
	return 0
}

// forget makes room: who has nothing to pay for goes, and if those are few then who has least.
func (p *Pace) forget(now time.Time) {
	for ahead := time.Duration(0); len(p.until) > maxPaces/2; ahead = 2*ahead + time.Second {
		for k, t := range p.until {
			if t.Sub(now) <= ahead {
				delete(p.until, k)
			}
		}
	}
}
