package tenancy

import (
	"fmt"
	"net/netip"
	"slices"
)

// checkNetworks reads IP addresses and CIDR prefixes; each once.
func (p *problems) checkNetworks(path string, list []string) []netip.Prefix {
	out := []netip.Prefix{}
	if len(list) > MaxNetworks {
		p.add(path, "At most %d networks.", MaxNetworks)
		return out
	}
	for i, s := range list {
		network, ok := parseNetwork(s)
		switch {
		case !ok:
			p.add(fmt.Sprintf("%s[%d]", path, i), "This is neither an IP address nor a CIDR prefix such as 192.0.2.0/24.")
		case !slices.Contains(out, network):
			out = append(out, network)
		}
	}
	return out
}

func parseNetwork(s string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	network, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	if addr := network.Addr(); addr.Is4In6() { // ::ffff:192.0.2.0/120 is 192.0.2.0/24
		if network.Bits() < 96 {
			return netip.Prefix{}, false
		}
		network = netip.PrefixFrom(addr.Unmap(), network.Bits()-96)
	}
	return network.Masked(), true
}

// withinNetworks reports whether each inner network lies inside one of the outer ones. No networks means everywhere.
func withinNetworks(outer, inner []netip.Prefix) bool {
	if len(outer) == 0 {
		return true
	}
	for _, n := range inner {
		if !slices.ContainsFunc(outer, func(o netip.Prefix) bool { return o.Bits() <= n.Bits() && o.Contains(n.Addr()) }) {
			return false
		}
	}
	return len(inner) > 0
}

// allowedFrom reports whether a key with these networks may be used from an address.
func allowedFrom(networks []netip.Prefix, from netip.Addr) bool {
	from = from.Unmap().WithZone("")
	return len(networks) == 0 || slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(from) })
}
