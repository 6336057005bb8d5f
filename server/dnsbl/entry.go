package dnsbl

import (
	"net/netip"
	"strconv"
	"strings"
)

const hexDigits = "0123456789abcdef"

// entryOf is the name of an address in a list: its octets in decimal, or of IPv6 its half-octets in hexadecimal, the last one
// first (RFC 5782, 2.1 and 2.4).
func entryOf(ip netip.Addr) string {
	octets := ip.AsSlice()
	labels := make([]string, 0, 32)
	for i := len(octets) - 1; i >= 0; i-- {
		if ip.Is4() {
			labels = append(labels, strconv.Itoa(int(octets[i])))
		} else {
			labels = append(labels, hexDigits[octets[i]&15:][:1], hexDigits[octets[i]>>4:][:1])
		}
	}
	return strings.Join(labels, ".")
}

// Entries that tell whether a list is one (RFC 5782, 5).
var (
	never4  = entryOf(netip.MustParseAddr("127.0.0.1")) // no list has it
	always4 = entryOf(netip.MustParseAddr("127.0.0.2")) // each list has it
	never6  = entryOf(netip.MustParseAddr("::ffff:127.0.0.1"))
)

func neverListed(ip netip.Addr) string {
	if ip.Is4() {
		return never4
	}
	return never6
}

// carriers is between a carrier and its customers (RFC 6598).
var carriers = netip.MustParsePrefix("100.64.0.0/10")

// isPublic reports whether a public list may know an address.
func isPublic(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !carriers.Contains(ip)
}

// domains are the first of the domains that can be asked about, each once.
func domains(list []string) (names []string) {
	seen := map[string]bool{}
	for _, name := range list {
		name = strings.ToLower(strings.TrimSuffix(name, "."))
		_, err := netip.ParseAddr(name)
		if err == nil || !strings.Contains(name, ".") || seen[name] || len(names) == MaxDomains {
			continue
		}
		seen[name] = true
		names = append(names, name)
	}
	return names
}
