package dnscheck

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/postroom/postroom/server/dnsbl"
)

// ListReport is what DNS lists say of addresses.
type ListReport struct {
	At        time.Time
	Addresses []AddressListings
}

// AddressListings is what DNS lists say of an address.
type AddressListings struct {
	IP       netip.Addr
	Listed   []Listing
	Unlisted []string // lists of which it is not known, with the reason: they refuse to answer, or did not
}

// Listing is an entry of a DNS list.
type Listing struct {
	List   string `json:"list"`
	Reason string `json:"reason,omitempty"` // what the list says
}

// CheckLists asks the DNS lists of the configuration about addresses, MaxAddresses at most. Lists know nothing of private ones, about which
// nobody is asked. It returns soon after the timeout, or when ctx ends.
func (c *Checker) CheckLists(ctx context.Context, ips []netip.Addr) ListReport {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	ips = ips[:min(len(ips), MaxAddresses)]
	r := ListReport{At: c.clock(), Addresses: make([]AddressListings, len(ips))}
	turns := make(chan struct{}, defaultMaxAtOnce)
	var all sync.WaitGroup
	for i, ip := range ips {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			r.Addresses[i] = c.listed(ctx, ip.Unmap().WithZone(""))
		})
	}
	all.Wait()
	return r
}

func (c *Checker) listed(ctx context.Context, ip netip.Addr) AddressListings {
	a := AddressListings{IP: ip}
	if c.lists == nil {
		return a
	}
	result := c.lists.Ask(ctx, dnsbl.Question{IP: ip})
	for _, hit := range result.Hits {
		a.Listed = append(a.Listed, Listing{hit.List, hit.Reason})
	}
	for _, failure := range result.Failures {
		a.Unlisted = append(a.Unlisted, failure.List+": "+failure.Reason)
	}
	return a
}
