package authtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func ask(t *testing.T, w *World, network, addr, name string, qtype uint16) (*dns.Msg, error) {
	t.Helper()
	c := dns.Client{Net: network, Timeout: 100 * time.Millisecond}
	q := new(dns.Msg).SetQuestion(name, qtype)
	q.RecursionDesired = false
	m, _, err := c.Exchange(q, fmt.Sprintf("%s:%d", addr, w.Port()))
	return m, err
}

const one, two = "127.0.0.31", "127.0.0.32"

func world(t *testing.T) *World {
	return Start(t, map[string]string{one: `
a.test. SOA ns.a.test. me.a.test. 1 3600 600 86400 60
a.test. NS ns.a.test.
ns.a.test. A 127.0.0.31
www.a.test. CNAME host.a.test.
host.a.test. A 192.0.2.1
out.a.test. CNAME x.b.test.
*.wild.a.test. TXT "any"
there.wild.a.test. A 192.0.2.2
sub.a.test. NS ns.sub.a.test.
ns.sub.a.test. A 127.0.0.32
`, two: `
;@silent dead.sub.a.test
;@servfail bad.sub.a.test
;@truncate
sub.a.test. SOA ns.sub.a.test. me.a.test. 1 3600 600 86400 60
sub.a.test. TXT "below"
`})
}

func TestItAnswersAsAnAuthority(t *testing.T) {
	w := world(t)
	for _, c := range []struct {
		name                      string
		qtype                     uint16
		rcode, answers, authority int
		authoritative             bool
	}{
		{"host.a.test.", dns.TypeA, dns.RcodeSuccess, 1, 0, true},
		{"host.a.test.", dns.TypeTXT, dns.RcodeSuccess, 0, 1, true},
		{"none.a.test.", dns.TypeA, dns.RcodeNameError, 0, 1, true},
		{"www.a.test.", dns.TypeA, dns.RcodeSuccess, 2, 0, true},
		{"out.a.test.", dns.TypeA, dns.RcodeSuccess, 1, 0, true},
		{"x.wild.a.test.", dns.TypeTXT, dns.RcodeSuccess, 1, 0, true},
		{"x.y.wild.a.test.", dns.TypeTXT, dns.RcodeSuccess, 1, 0, true},
		{"there.wild.a.test.", dns.TypeTXT, dns.RcodeSuccess, 0, 1, true},
		{"x.sub.a.test.", dns.TypeTXT, dns.RcodeSuccess, 0, 1, false},
		{"b.test.", dns.TypeTXT, dns.RcodeRefused, 0, 0, false},
	} {
		m, err := ask(t, w, "udp", one, c.name, c.qtype)
		if err != nil || m.Rcode != c.rcode || len(m.Answer) != c.answers || len(m.Ns) != c.authority || m.Authoritative != c.authoritative {
			t.Errorf("%s: %v, %v", c.name, m, err)
		}
	}
	if s := w.Server(one); s.Queries() != 10 || s.Recursed() {
		t.Errorf("%d queries", s.Queries())
	}
}

func TestSwitchesTurn(t *testing.T) {
	w := world(t)
	m, err := ask(t, w, "udp", two, "sub.a.test.", dns.TypeTXT)
	if err != nil || !m.Truncated {
		t.Errorf("%v, %v", m, err)
	}
	if m, err = ask(t, w, "tcp", two, "sub.a.test.", dns.TypeTXT); err != nil || len(m.Answer) != 1 {
		t.Errorf("%v, %v", m, err)
	}
	if m, err = ask(t, w, "tcp", two, "bad.sub.a.test.", dns.TypeTXT); err != nil || m.Rcode != dns.RcodeServerFailure {
		t.Errorf("%v, %v", m, err)
	}
	if m, err = ask(t, w, "udp", two, "dead.sub.a.test.", dns.TypeTXT); err == nil {
		t.Errorf("%v", m)
	}
	w.Server(one).Hold(make(chan struct{}))
	if m, err = ask(t, w, "udp", one, "a.test.", dns.TypeNS); err == nil {
		t.Errorf("%v", m)
	}
}

func TestARecursiveServerKnowsThemAll(t *testing.T) {
	r := world(t).Recursive("x.b.test. A 192.0.2.9")
	c := dns.Client{Timeout: 5 * time.Second}
	for name, want := range map[string]int{"out.a.test.": 2, "ns.sub.a.test.": 1} {
		m, _, err := c.Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), r.Addr())
		if err != nil || len(m.Answer) != want {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}
