package health

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postroom/postroom/server/resolver"
)

const (
	// ArrivalAge is how old a connection from outside may be that still says that others reach port 25.
	ArrivalAge = 7 * 24 * time.Hour

	arrivalStep = time.Minute // between two that are noted
)

// Arrivals know when somebody last connected from outside, which is what proves that others reach the server. The methods may be called
// concurrently.
type Arrivals struct {
	Own func() ([]netip.Addr, error) // the machine's own addresses, from which it may have connected to itself
	Now func() time.Time             // nil: time.Now

	mu   sync.Mutex
	last time.Time
}

func (a *Arrivals) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

// Met notes a connection from an address, if it is one of others.
func (a *Arrivals) Met(ip netip.Addr) {
	now := a.now()
	a.mu.Lock()
	known := now.Sub(a.last) < arrivalStep
	a.mu.Unlock()
	if known || !resolver.IsPublic(ip) {
		return
	}
	own, err := a.Own()
	if err != nil || slices.Contains(own, ip.Unmap()) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = now
}

// Last is when somebody connected from outside; zero: not since the start.
func (a *Arrivals) Last() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last
}

// Incoming is what is looked at to know whether others reach the server at port 25. From within that cannot be seen for sure: a firewall in between
// is not on the way to oneself.
type Incoming struct {
	Addresses func(context.Context) []netip.Addr      // of the server, as others see them
	Own       func() ([]netip.Addr, error)            // that the machine has itself
	Knock     func(context.Context, netip.Addr) error // connects to port 25 of an address and waits for our own greeting; nil: it is led here in a way that this machine's own connections do not take
	Last      func() time.Time                        // when somebody connected from outside: Arrivals.Last
	Probe     func(context.Context) (string, error)   // has another machine try, and gives what it says; nil: none is named
}

// incoming tells whether others reach port 25. What another machine finds counts, and else whether somebody came; what this machine finds at its own
// addresses counts only against it.
func (c *Check) incoming(ctx context.Context) []Finding {
	in := c.cfg.Incoming
	if in.Probe != nil {
		said, err := in.Probe(ctx)
		if err != nil {
			return one("incoming", Error, "the probe did not reach this server: "+err.Error(), "Open port 25 to this machine, in its firewall and in the provider's; or look at health.inbound_probe, if it is the probe that fails.")
		}
		return one("incoming", OK, strings.TrimSpace("the probe reached this server "+said), "")
	}
	if last := in.Last(); !last.IsZero() && c.cfg.Now().Sub(last) < ArrivalAge {
		return one("incoming", OK, fmt.Sprintf("others reach port 25: somebody connected %s ago", c.cfg.Now().Sub(last).Round(time.Minute)), "")
	}
	const advice = "Send mail here from elsewhere, which will be seen, or name a probe in health.inbound_probe; if nothing comes, open port 25 in this machine's firewall and in the provider's."
	var reached []string
	for _, ip := range in.Addresses(ctx) {
		if in.Knock == nil {
			break
		}
		own, _ := in.Own() // of others nothing is concluded
		err := in.Knock(ctx, ip)
		switch {
		case err == nil:
			reached = append(reached, ip.String())
		case slices.Contains(own, ip): // no router in between
			return one("incoming", Error, fmt.Sprintf("port 25 of %s cannot be reached even from this machine: %v", ip, err), "Look at smtp.listen and at this machine's firewall.")
		}
	}
	if len(reached) == 0 {
		return one("incoming", Unknown, "nobody from outside has connected to port 25 since the start, and this machine cannot try from outside", advice)
	}
	return one("incoming", Unknown, "nobody from outside has connected since the start; this machine itself reaches port 25 of "+listed(reached)+", which does not show that others do", advice)
}
