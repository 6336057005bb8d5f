package tenancy

import (
	"net/netip"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
)

func TestWhoFailsTooOftenIsRefusedForAWhile(t *testing.T) {
	var f failures
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	here, there := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for range MaxFailedLogins {
		if err := f.refuse("Ann@x.example", here, now); err != nil {
			t.Fatal(err)
		}
		f.note("ann@x.example", here, now)
	}
	err := f.refuse("ann@x.example", here, now)
	if fault.KindOf(err) != fault.Exhausted || fault.From(err).RetryAfter != FailedLoginInterval {
		t.Fatalf("after %d failures: %v", MaxFailedLogins, err)
	}
	if f.refuse("ann@x.example", there, now) != nil || f.refuse("bob@x.example", here, now) != nil {
		t.Error("another source or another user is refused as well")
	}
	now = now.Add(FailedLoginInterval)
	if err := f.refuse("ann@x.example", here, now); err != nil {
		t.Errorf("after the interval: %v", err)
	}
	f.note("ann@x.example", here, now)
	if f.refuse("ann@x.example", here, now) == nil {
		t.Error("one interval gave more than one try")
	}
}

func TestOneSourceCannotTryManyUsers(t *testing.T) {
	var f failures
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for i := range MaxFailedLoginsOfSource {
		f.note(string(rune('a'+i%26))+"@"+time.Duration(i).String(), netip.MustParseAddr("2001:db8::1"), now)
	}
	if f.refuse("new@x.example", netip.MustParseAddr("2001:db8::ffff"), now) == nil {
		t.Error("the network may go on")
	}
	if err := f.refuse("new@x.example", netip.MustParseAddr("2001:db8:0:1::1"), now); err != nil {
		t.Errorf("its neighbour: %v", err)
	}
}

func TestTheCountsOfFailuresAreBounded(t *testing.T) {
	var f failures
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	attacker := netip.MustParseAddr("192.0.2.1")
	for range MaxFailedLogins {
		f.note("ann@x.example", attacker, now)
	}
	for i := range 3 * maxFailureCounts {
		f.note("x", netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	if len(f.counts) > maxFailureCounts+1 {
		t.Errorf("%d counts", len(f.counts))
	}
	if f.refuse("ann@x.example", attacker, now) == nil {
		t.Error("who failed most is forgotten first")
	}
}
