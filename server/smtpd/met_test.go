package smtpd

import (
	"net"
	"net/netip"
	"testing"

	"github.com/postroom/postroom/mailstore"
)

func TestWhoeverConnectsIsTold(t *testing.T) {
	met := make(chan netip.Addr, 1)
	b := newEmptyBed(t, func(c *Config) { c.Met = func(ip netip.Addr) { met <- ip } }, mailstore.Options{MinFree: -1}).listen()
	conn, err := net.Dial("tcp", b.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if ip := <-met; ip != netip.MustParseAddr("127.0.0.1") {
		t.Error(ip)
	}
}
