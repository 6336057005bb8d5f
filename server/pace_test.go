package server

import (
	"net/netip"
	"testing"
	"time"
)

func TestPaceBoundsSourcesAndTheirNetworks(t *testing.T) {
	p := NewPace(6, 10)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	take := func(ip string) time.Duration { return p.Take(netip.MustParseAddr(ip), now) }
	for i := range 6 {
		if wait := take("192.0.2.1"); wait != 0 {
			t.Errorf("%d: wait %s", i, wait)
		}
	}
	if wait := take("192.0.2.1"); wait != 10*time.Second {
		t.Errorf("the 7th: wait %s", wait)
	}
	for range 4 {
		if wait := take("192.0.2.2"); wait != 0 {
			t.Errorf("another of the network: wait %s", wait)
		}
	}
	if wait := take("192.0.2.3"); wait != 6*time.Second {
		t.Errorf("the network is at its bound: wait %s", wait)
	}
	if wait := take("198.51.100.1"); wait != 0 {
		t.Errorf("another network: wait %s", wait)
	}
	now = now.Add(10 * time.Second)
	if wait := take("192.0.2.1"); wait != 0 {
		t.Errorf("when it said: wait %s", wait)
	}
	now = now.Add(time.Hour)
	for range 6 {
		take("2001:db8:1:2::1")
	}
	if take("2001:db8:1:2::ffff") == 0 || take("2001:db8:1:3::1") != 0 {
		t.Error("one IPv6 site is one source, and its network has others")
	}
	none := NewPace(0, 0)
	for range 1000 {
		if none.Take(netip.MustParseAddr("192.0.2.1"), now) != 0 {
			t.Fatal("no bound")
		}
	}
}

func TestPaceRemembersSoManySources(t *testing.T) {
	p := NewPace(1, 0)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ip := netip.MustParseAddr("2001:db8::")
	for i := range 3 * maxPaces {
		b := ip.As16()
		b[5], b[6], b[7] = byte(i>>16), byte(i>>8), byte(i)
		p.Take(netip.AddrFrom16(b), now.Add(time.Duration(i)*time.Microsecond))
		if len(p.until) > maxPaces {
			t.Fatalf("%d are remembered", len(p.until))
		}
	}
}
