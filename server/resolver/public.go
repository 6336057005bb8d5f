package resolver

import "net/netip"

// notPublic are networks beside those that netip knows as loopback, private, link-local or multicast: a record of
// strangers must not lead us to a neighbour of ours (the IANA registries of special-purpose addresses).
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // of carriers (RFC 6598)
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // of benchmarks (RFC 2544)
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"),          // IPv4 within IPv6, the old form
	netip.MustParsePrefix("64:ff9b:1::/48"), // translation within a network (RFC 8215)
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), // Teredo among others
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4: leads to the IPv4 address within
	netip.MustParsePrefix("fec0::/10"),
}

// translated is where NAT64 shows the public IPv4 internet (RFC 6052): such an address is as public as the one within.
var translated = netip.MustParsePrefix("64:ff9b::/96")

// IsPublic reports whether an address belongs to the public internet.
func IsPublic(addr netip.Addr) bool {
	addr = addr.WithZone("").Unmap()
	if translated.Contains(addr) {
		b := addr.As16()
		addr = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	for _, network := range notPublic {
		if network.Contains(addr) {
			return false
		}
	}
	return true
}
