package server

import (
	"net/netip"
	"testing"
)

func TestGateCountsIPv6BySite(t *testing.T) {
	g := NewGate(10, 1)
	for ip, want := range map[string]bool{"2001:db8:0:1::1": true, "2001:db8:0:2::1": true, "192.0.2.1": true, "192.0.2.2": true} {
		if g.Enter(netip.MustParseAddr(ip)) != want {
			t.Errorf("%s: want %v", ip, want)
		}
	}
	for _, ip := range []string{"2001:db8:0:1:ffff::9", "2001:db8:0:2::2", "192.0.2.1"} {
		if g.Enter(netip.MustParseAddr(ip)) {
			t.Errorf("%s came in beside its neighbour", ip)
		}
	}
	g.Leave(netip.MustParseAddr("2001:db8:0:1::1"))
	if !g.Enter(netip.MustParseAddr("2001:db8:0:1::2")) {
		t.Error("the place of one who left is not free")
	}
}
