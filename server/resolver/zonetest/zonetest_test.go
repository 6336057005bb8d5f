package zonetest

import (
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func exchange(t *testing.T, s *Server, network, name string, qtype uint16) (*dns.Msg, error) {
	t.Helper()
	c := dns.Client{Net: network, Timeout: 100 * time.Millisecond}
	m, _, err := c.Exchange(new(dns.Msg).SetQuestion(dns.Fqdn(name), qtype), s.Addr())
	return m, err
}

func TestItAnswersAsAResolver(t *testing.T) {
	s := Start(t, `
		example.test. 60 SOA ns.example.test. me.example.test. 7 3600 600 86400 30
		example.test. MX 10 mx.example.test.
		www.example.test CNAME mx.example.test
		mx.example.test. A 192.0.2.1
	`)
	for _, network := range []string{"udp", "tcp"} {
		m, err := exchange(t, s, network, "WWW.example.test", dns.TypeA)
		if err != nil || m.Rcode != dns.RcodeSuccess || len(m.Answer) != 2 || !m.RecursionAvailable || m.AuthenticatedData {
			t.Errorf("%s: %v, %v", network, m, err)
		}
	}
	m, err := exchange(t, s, "udp", "mx.example.test", dns.TypeTXT)
	if err != nil || m.Rcode != dns.RcodeSuccess || len(m.Ns) != 1 || m.Ns[0].(*dns.SOA).Serial != 7 {
		t.Errorf("%v, %v", m, err)
	}
	m, err = exchange(t, s, "udp", "x.test", dns.TypeTXT)
	if err != nil || m.Rcode != dns.RcodeNameError || len(m.Ns) != 1 || m.Ns[0].Header().Name != "." {
		t.Errorf("%v, %v", m, err)
	}
	if n := s.Queries("www.example.test."); n != 2 {
		t.Errorf("%d queries", n)
	}
	if n := s.Queries("mx.example.test", dns.TypeA); n != 0 {
		t.Errorf("%d queries", n)
	}
}

func TestRecordsChangeAndSwitchesTurn(t *testing.T) {
	s := Start(t, "a.test. TXT one")
	s.Set("a.test", "60 TXT two", "A 192.0.2.1")
	s.SetAuthentic(true)
	m, err := exchange(t, s, "udp", "a.test", dns.TypeTXT)
	if err != nil || len(m.Answer) != 1 || m.Answer[0].(*dns.TXT).Txt[0] != "two" || m.Answer[0].Header().Ttl != 60 || !m.AuthenticatedData {
		t.Errorf("%v, %v", m, err)
	}
	s.Fail("a.test", Refused, dns.TypeTXT)
	if m, err = exchange(t, s, "udp", "a.test", dns.TypeTXT); err != nil || m.Rcode != dns.RcodeRefused || m.Answer != nil {
		t.Errorf("%v, %v", m, err)
	}
	if m, err = exchange(t, s, "udp", "a.test", dns.TypeA); err != nil || len(m.Answer) != 1 {
		t.Errorf("%v, %v", m, err)
	}
	s.Restore("A.test")
	s.Truncate("a.test")
	if m, err = exchange(t, s, "udp", "a.test", dns.TypeTXT); err != nil || !m.Truncated || m.Answer != nil {
		t.Errorf("%v, %v", m, err)
	}
	if m, err = exchange(t, s, "tcp", "a.test", dns.TypeTXT); err != nil || m.Truncated || len(m.Answer) != 1 {
		t.Errorf("%v, %v", m, err)
	}
	s.Silence("a.test")
	if m, err = exchange(t, s, "udp", "a.test", dns.TypeTXT); err == nil || !err.(net.Error).Timeout() {
		t.Errorf("%v, %v", m, err)
	}
	release := make(chan struct{})
	s.Hold("a.test", release)
	if m, err = exchange(t, s, "udp", "a.test", dns.TypeTXT); err == nil || !err.(net.Error).Timeout() {
		t.Errorf("%v, %v", m, err)
	}
	close(release)
	if m, err = exchange(t, s, "udp", "a.test", dns.TypeTXT); err != nil || len(m.Answer) != 1 {
		t.Errorf("%v, %v", m, err)
	}
	s.Set("a.test")
	if m, err = exchange(t, s, "udp", "a.test", dns.TypeTXT); err != nil || m.Rcode != dns.RcodeNameError {
		t.Errorf("%v, %v", m, err)
	}
}
