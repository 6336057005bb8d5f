package domains

import (
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/tenancy"
)

func TestBlockListsAreAskedDailyAboutAllAddresses(t *testing.T) {
	b := newBed(t)
	b.zones.Set("2.0.0.127.bl.test", "1 A 127.0.0.2")
	b.zones.Set("7.4.8.8.bl.test", "1 A 127.0.0.2", "1 TXT spam")
	names := resolver.New(resolver.Config{Servers: []string{b.zones.Addr()}, Clock: b.clock})
	lists, err := dnsbl.New(dnsbl.Config{Resolver: names, Lists: []dnsbl.List{{Zone: "bl.test", Action: dnsbl.Junk}}, Clock: b.clock})
	b.must(err)
	b.watch.cfg.Checker = dnscheck.New(dnscheck.Config{Resolver: names, Lists: lists, Clock: b.clock})
	b.watch.cfg.Server.IPs = []netip.Addr{netip.MustParseAddr("8.8.4.4")}
	asked := func() int { return b.zones.Queries("4.4.8.8.bl.test", dns.TypeA) }
	look := func(addresses, listed int) {
		t.Helper()
		r, err := b.watch.Listed(t.Context())
		b.must(err)
		n := 0
		for _, a := range r.Addresses {
			n += len(a.Listed)
		}
		if len(r.Addresses) != addresses || n != listed {
			t.Errorf("%+v", r)
		}
	}
	look(1, 0)
	b.pass(listAge - time.Second)
	look(1, 0)
	if asked() != 1 {
		t.Errorf("asked %d times in a day", asked())
	}
	b.pass(time.Second)
	look(1, 0)
	if asked() != 2 {
		t.Errorf("asked %d times after a day", asked())
	}
	b.must(b.dir.Operator().SetSending(t.Context(), b.ws, tenancy.SendingOwner{Workspace: b.ws}, tenancy.Sending{SourceIP: netip.MustParseAddr("8.8.4.7")}))
	look(2, 1)
	n := asked()
	b.pass(listAgain - time.Second)
	if look(2, 1); asked() != n {
		t.Error("a list is asked again within an hour, as an address is in one")
	}
	b.zones.Set("7.4.8.8.bl.test", "1 A 127.255.255.254")
	b.pass(time.Second)
	look(2, 0)
	if r := *b.watch.listed; len(r.Addresses[1].Unlisted) != 1 {
		t.Errorf("a refusal says that an address is in no list: %+v", r)
	}
	b.watch.cfg.Server.IPs = nil
	for i := range 2 * dnscheck.MaxAddresses {
		ip := netip.AddrFrom4([4]byte{10, 0, 0, byte(i / 2)}) // each is named twice, once in the form of IPv6
		if i%2 == 1 {
			ip = netip.AddrFrom16(ip.As16())
		}
		b.watch.cfg.Server.IPs = append(b.watch.cfg.Server.IPs, ip)
	}
	look(dnscheck.MaxAddresses, 0)
}
