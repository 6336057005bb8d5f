package health

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"
)

func TestWhetherOthersReachPort25IsSaidAsFarAsItIsKnown(t *testing.T) {
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	addresses := func(context.Context) []netip.Addr { return []netip.Addr{netip.MustParseAddr("8.8.4.4")} }
	knock := func(err error) func(context.Context, netip.Addr) error {
		return func(context.Context, netip.Addr) error { return err }
	}
	probed := func(said string, err error) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return said, err }
	}
	last := func(ago time.Duration) func() time.Time {
		return func() time.Time {
			if ago == 0 {
				return time.Time{}
			}
			return now.Add(-ago)
		}
	}
	for name, c := range map[string]struct {
		in   Incoming
		want Status
	}{
		"a probe that reaches it":         {Incoming{Probe: probed("220 mail", nil), Last: last(0)}, OK},
		"a probe that does not":           {Incoming{Probe: probed("", errDown), Last: last(time.Minute)}, Error},
		"somebody came":                   {Incoming{Last: last(time.Hour), Knock: knock(errDown)}, OK},
		"somebody came long ago":          {Incoming{Last: last(ArrivalAge), Own: own("8.8.4.4"), Knock: knock(nil)}, Unknown},
		"only this machine":               {Incoming{Last: last(0), Own: own("8.8.4.4"), Knock: knock(nil)}, Unknown},
		"a port that is led here":         {Incoming{Last: last(0), Own: own("8.8.4.4")}, Unknown},
		"not even this machine":           {Incoming{Last: last(0), Own: own("8.8.4.4"), Knock: knock(errDown)}, Error},
		"a router that leads nowhere":     {Incoming{Last: last(0), Own: own("10.0.0.1"), Knock: knock(errDown)}, Unknown},
		"a machine without its addresses": {Incoming{Last: last(0), Own: func() ([]netip.Addr, error) { return nil, errors.New("none") }, Knock: knock(errDown)}, Unknown},
	} {
		c.in.Addresses = addresses
		found, err := New(Config{Incoming: &c.in, Now: func() time.Time { return now }}).Look(t.Context())
		if err != nil || len(found) != 1 || found[0].Name != "incoming" || found[0].Status != c.want || (c.want == OK) != (found[0].Advice == "") {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
}

func TestOnlyOthersAreArrivals(t *testing.T) {
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	a := &Arrivals{Own: own("8.8.4.4", "2001:4860::1"), Now: func() time.Time { return now }}
	for _, ip := range []string{"127.0.0.1", "10.0.0.7", "192.168.1.1", "8.8.4.4", "::ffff:8.8.4.4", "2001:4860::1", "fe80::1"} {
		if a.Met(netip.MustParseAddr(ip)); !a.Last().IsZero() {
			t.Fatalf("%s is of others", ip)
		}
	}
	a.Met(netip.Addr{})
	a.Met(netip.MustParseAddr("1.1.1.1"))
	first := a.Last()
	now = now.Add(time.Hour)
	a.Met(netip.MustParseAddr("2606:4700::1"))
	if first.IsZero() || a.Last().Sub(first) != time.Hour {
		t.Errorf("%s, %s", first, a.Last())
	}
}
