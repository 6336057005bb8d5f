package dnscheck

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Whatever a server sends, what is taken from it is about its own zone, bounded and printable.
func FuzzAnswer(f *testing.F) {
	seed := func(change func(m *dns.Msg), records ...string) {
		m := new(dns.Msg).SetReply(new(dns.Msg).SetQuestion("a.example.test.", dns.TypeTXT))
		for _, text := range records {
			rr, err := dns.NewRR(text)
			if err != nil {
				f.Fatal(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		change(m)
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	seed(func(*dns.Msg) {}, `a.example.test. 60 TXT "one" "two"`, `a.example.test. 60 TXT "\195\000"`)
	seed(func(*dns.Msg) {}, "a.example.test. CNAME b.example.test.", "b.example.test. CNAME a.example.test.")
	seed(func(*dns.Msg) {}, "a.example.test. CNAME x.other.test.", `x.other.test. TXT "not theirs"`)
	seed(func(m *dns.Msg) { m.Answer, m.Ns, m.Extra = nil, m.Answer[:1], m.Answer[1:] }, "a.example.test. NS ns.a.example.test.", "ns.a.example.test. A 192.0.2.1", "ns.other.test. A 192.0.2.2")
	seed(func(m *dns.Msg) { m.Answer, m.Ns = nil, m.Answer }, "example.test. SOA a. b. 1 2 3 4 4294967295")
	f.Fuzz(func(t *testing.T, packed []byte) {
		m := new(dns.Msg)
		if m.Unpack(packed) != nil {
			return
		}
		const zone = "example.test"
		if cut := referral(m, zone, "a.example.test"); cut != "" {
			if cut == zone || !within(cut, zone) || !within("a.example.test", cut) {
				t.Errorf("a referral to %q", cut)
			}
			for name := range glue(cut, m) {
				if !within(name, cut) {
					t.Errorf("an address of %q", name)
				}
			}
		}
		if n := len(nsNames(m.Ns)); n > MaxServers {
			t.Errorf("%d servers", n)
		}
		if ttl := negativeTTL(authority(m)); ttl < 0 || ttl > maxTTL {
			t.Errorf("a TTL of %v", ttl)
		}
		for _, qtype := range []uint16{dns.TypeTXT, dns.TypeMX, dns.TypeA, dns.TypeSRV} {
			var v statement
			name := v.read(m, "a.example.test", qtype, zone)
			if len(v.chain) > MaxCNAMEs+1 || len(v.rrs) > maxAnswer || len(v.rrs) > 0 && !within(name, zone) {
				t.Errorf("%q: %d aliases, %d records", name, len(v.chain), len(v.rrs))
			}
			for _, s := range v.shown() {
				if len(s) > MaxFoundText || oneLine(s) != s {
					t.Errorf("%q", s)
				}
			}
			v.key()
			v.texts()
			for _, rr := range v.rrs {
				addressOf(rr)
			}
		}
	})
}

func TestServersWithPrivateAddressesAreNotAsked(t *testing.T) {
	k := &check{Checker: New(Config{})}
	addrs := func(list ...string) (all []netip.Addr) {
		for _, a := range list {
			all = append(all, netip.MustParseAddr(a))
		}
		return all
	}
	n := k.newServer(t.Context(), "example.test", "ns", addrs("2606:4700::1", "10.0.0.1", "127.0.0.1", "::1", "::ffff:192.168.0.1", "169.254.169.254", "9.9.9.9", "8.8.8.8"))
	if got := strings.Join(n.addrs, " "); got != "9.9.9.9:53 [2606:4700::1]:53" || n.problem == "" || n.isDead() {
		t.Errorf("%s, %q", got, n.problem)
	}
	if n = k.newServer(t.Context(), "example.test", "ns", addrs("10.0.0.1", "fd00::1")); len(n.addrs) != 0 || !n.isDead() || n.problem != "its address is private" {
		t.Errorf("%+v", n.addrs)
	}
}

func TestAServerThatNeverAnsweredIsNotAskedAgain(t *testing.T) {
	b := setUp(t, map[string]string{"127.0.0.60": ";@silent\n" + zoneHead("example.test", "127.0.0.60")}, "", func(c *Config) { c.Question = 30 * time.Millisecond })
	k := &check{Checker: b.Checker, budget: budget{left: 100}}
	n := k.newServer(t.Context(), "example.test", "ns", []netip.Addr{netip.MustParseAddr("127.0.0.60")})
	for range 3 {
		if _, err := k.ask(t.Context(), n, "example.test", dns.TypeMX); err == nil {
			t.Fatal("it answered")
		}
	}
	if got := b.world.Server("127.0.0.60").Queries(); got != tries {
		t.Errorf("it was asked %d times", got)
	}
}

func TestOneKindOfAddressWillDo(t *testing.T) {
	rr, err := dns.NewRR("a.test. AAAA 2001:db8::1")
	if err != nil {
		t.Fatal(err)
	}
	failed := []statement{{source: "a", err: errNoTime}, {source: "b", err: errNoTime}}
	there := []statement{{source: "a", rrs: []dns.RR{rr}}, {source: "b"}}
	for _, list := range [][]statement{merge(failed, there), merge(there, failed)} {
		if list[0].err != nil || len(list[0].rrs) != 1 || list[1].err == nil {
			t.Errorf("%+v", list)
		}
	}
}
