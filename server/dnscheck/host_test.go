package dnscheck

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
)

func TestTheServersOwnNameAndAddresses(t *testing.T) {
	zones := zonetest.Start(t, `
		mx.host.test. A 192.0.2.1
		mx.host.test. A 192.0.2.4
		mx.host.test. AAAA 2001:db8::1
		strange.host.test. A 192.0.2.99
		1.2.0.192.in-addr.arpa. PTR MX.host.test.
		2.2.0.192.in-addr.arpa. PTR mx.host.test.
		3.2.0.192.in-addr.arpa. PTR vps3.provider.test.
		1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mx.host.test.
		2.0.0.127.bl.test. A 127.0.0.2
		1.2.0.192.bl.test. A 127.0.0.2
		1.2.0.192.bl.test. TXT "spam"
		3.2.0.192.bl.test. A 127.255.255.254
	`)
	zones.Fail("5.2.0.192.in-addr.arpa", zonetest.ServFail)
	zones.Fail("fails.host.test", zonetest.ServFail)
	zones.Fail("2.2.0.192.bl.test", zonetest.ServFail)
	names := resolver.New(resolver.Config{Servers: []string{zones.Addr()}, Tries: 1})
	lists, err := dnsbl.New(dnsbl.Config{Resolver: names, Lists: []dnsbl.List{{Zone: "bl.test", Action: dnsbl.Junk}}, AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	c := New(Config{Resolver: names, Lists: lists, Clock: func() time.Time { return now }})
	var ips []netip.Addr
	for _, ip := range []string{"::ffff:192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "2001:db8::1"} {
		ips = append(ips, netip.MustParseAddr(ip))
	}
	r := c.CheckHost(t.Context(), "mx.host.test", ips)
	if r.Status != OK || len(r.Found) != 3 || r.Advice != "" {
		t.Errorf("%+v", r)
	}
	want := []struct {
		status Status
		advice string
	}{
		{OK, ""},
		{Different, "Add 192.0.2.2 to the addresses of mx.host.test: its name must lead back to it."},
		{Different, "Ask whoever gave you the address 192.0.2.3 to change its name (PTR) to mx.host.test, which this server calls itself in EHLO."},
		{Missing, "Ask whoever gave you the address 192.0.2.4 to give it the name mx.host.test (PTR): many receivers refuse mail from addresses without one."},
		{Failed, "The name of 192.0.2.5 could not be looked up: if this lasts, ask whoever gave you the address 192.0.2.5."},
		{OK, ""},
	}
	for i, a := range r.Addresses {
		if a.Status != want[i].status || a.Advice != want[i].advice {
			t.Errorf("%s: %+v", a.IP, a)
		}
	}
	reports := c.CheckLists(t.Context(), ips).Addresses
	for i, a := range reports {
		if listed := len(a.Listed) == 1 && a.Listed[0] == (Listing{"bl.test", "spam"}); listed != (i == 0) {
			t.Errorf("%s: %+v", a.IP, a.Listed)
		}
		if unknown := len(a.Unlisted) == 1; unknown != (i == 1 || i == 2) {
			t.Errorf("%s: %+v", a.IP, a.Unlisted)
		}
	}
	for name, status := range map[string]Status{"strange.host.test": Different, "none.host.test": Missing, "fails.host.test": Failed} {
		if r := c.CheckHost(t.Context(), name, nil); r.Status != status || r.Advice == "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := New(Config{Resolver: names}).CheckLists(t.Context(), ips[:1]); r.Addresses[0].Listed != nil {
		t.Errorf("lists were asked that nobody named: %+v", r)
	}
	if r := New(Config{Resolver: names}).CheckLists(t.Context(), make([]netip.Addr, MaxAddresses+1)); len(r.Addresses) != MaxAddresses {
		t.Errorf("%d addresses", len(r.Addresses))
	}
}

// greeting serves one connection with a text, and gives what came back.
func greeting(t *testing.T, text string) (addr string, heard <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1)
	var served sync.WaitGroup
	served.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, text)
		line, _ := bufio.NewReader(conn).ReadString('\n')
		said <- line
	})
	t.Cleanup(func() {
		l.Close()
		served.Wait()
	})
	return l.Addr().String(), said
}

func TestProbeFindsWhetherMailCanLeave(t *testing.T) {
	open, heard := greeting(t, "220 mx.test ESMTP\x07 ready\r\n")
	refuses, _ := greeting(t, "554 go away\r\n")
	silent, _ := greeting(t, "")
	endless, _ := greeting(t, strings.Repeat("2", 2000))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	c := New(Config{ProbeTimeout: time.Second})
	results := c.Probe(t.Context(), []string{open, refuses, silent, endless, closed.Addr().String()})
	if r := results[0]; !r.OK || r.Banner != "220 mx.test ESMTP  ready" || r.Reason != "" {
		t.Errorf("%+v", r)
	}
	if got := <-heard; got != "QUIT\r\n" {
		t.Errorf("%q", got)
	}
	for _, r := range results[1:] {
		if r.OK || r.Reason == "" || len(r.Banner) > maxBanner {
			t.Errorf("%+v", r)
		}
	}
	if n := len(c.Probe(t.Context(), make([]string, 50))); n != MaxProbes {
		t.Errorf("%d hosts", n)
	}
}
