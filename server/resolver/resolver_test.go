package resolver

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

func TestAddressesComeByFamily(t *testing.T) {
	r, _, _ := setUp(t, `
		both.test. 300 A 192.0.2.1
		both.test. 300 A 192.0.2.2
		both.test. 60  AAAA 2001:db8::1
		four.test. A 192.0.2.4
		six.test. AAAA 2001:db8::6
		six.test. AAAA ::ffff:192.0.2.6
	`)
	both, err := r.Addresses(t.Context(), "Both.TEST.")
	if err != nil || len(both.IPv4) != 2 || len(both.IPv6) != 1 || both.IPv6[0] != netip.MustParseAddr("2001:db8::1") {
		t.Errorf("both: %+v, %v", both, err)
	}
	if both.TTL != time.Minute || both.Name != "both.test" || both.Authentic {
		t.Errorf("both: %+v", both.Answer)
	}
	four, err := r.Addresses(t.Context(), "four.test")
	if err != nil || !slices.Equal(four.IPv4, []netip.Addr{netip.MustParseAddr("192.0.2.4")}) || four.IPv6 != nil {
		t.Errorf("four: %+v, %v", four, err)
	}
	six, err := r.Addresses(t.Context(), "six.test")
	if err != nil || six.IPv4 != nil || len(six.IPv6) != 1 {
		t.Errorf("six, without the address that is an IPv4 one: %+v, %v", six, err)
	}
}

func TestIPv4AsksForNothingElse(t *testing.T) {
	r, zones, _ := setUp(t, "code.test. A 127.0.0.4\ncode.test. A 127.0.0.2\ncode.test. AAAA 2001:db8::1\nsix.test. AAAA 2001:db8::1")
	found, err := r.IPv4(t.Context(), "code.test")
	if err != nil || !slices.Equal(found.IPv4, []netip.Addr{netip.MustParseAddr("127.0.0.4"), netip.MustParseAddr("127.0.0.2")}) || found.IPv6 != nil {
		t.Errorf("%+v, %v", found, err)
	}
	if n := zones.Queries("code.test", dns.TypeAAAA); n != 0 {
		t.Errorf("asked for IPv6 %d times", n)
	}
	_, err = r.IPv4(t.Context(), "six.test")
	check(t, err, ErrNoRecords, false)
}

func TestOneFamilyIsEnoughWhenTheOtherFails(t *testing.T) {
	r, zones, _ := setUp(t, `
		host.test. A 192.0.2.1
		none.test. TXT "nothing"
	`)
	zones.Fail("host.test", zonetest.ServFail, dns.TypeAAAA)
	found, err := r.Addresses(t.Context(), "host.test")
	if err != nil || len(found.IPv4) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	zones.Fail("none.test", zonetest.ServFail, dns.TypeAAAA)
	_, err = r.Addresses(t.Context(), "none.test")
	check(t, err, nil, true) // there may be one that we could not see
}

func TestOneFamilyIsNotKeptWaitingForTheOther(t *testing.T) {
	for silent, want := range map[uint16]int{dns.TypeAAAA: 4, dns.TypeA: 6} {
		r, zones, _ := setUp(t, "host.test. A 192.0.2.1\nhost.test. AAAA 2001:db8::1")
		r.timeout = time.Hour
		r.grace = 20 * time.Millisecond
		zones.Silence("host.test", silent)
		found, err := r.Addresses(t.Context(), "host.test")
		if err != nil || (len(found.IPv4) == 1) != (want == 4) || (len(found.IPv6) == 1) != (want == 6) {
			t.Errorf("%+v, %v", found, err)
		}
	}
}

func TestEachFailureHasItsKind(t *testing.T) {
	r, zones, _ := setUp(t, `
		there.test. TXT "x"
		a.between.test. TXT "x"
	`)
	impatient(r)
	zones.Fail("broken.test", zonetest.ServFail)
	zones.Fail("refused.test", zonetest.Refused)
	zones.Silence("silent.test")
	for name, want := range map[string]struct {
		err       error
		temporary bool
		text      string
	}{
		"there.test":   {ErrNoRecords, false, "look up A of there.test: no records of this type"},
		"between.test": {ErrNoRecords, false, ""},
		"nowhere.test": {ErrNoSuchName, false, "look up A of nowhere.test: no such name"},
		"broken.test":  {nil, true, "SERVFAIL"},
		"refused.test": {nil, true, "REFUSED"},
		"silent.test":  {nil, true, "deadline exceeded"},
		"192.0.2.1":    {ErrInvalidName, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Addresses(t.Context(), name)
			check(t, err, want.err, want.temporary)
			if text := strings.Replace(err.Error(), "AAAA", "A", 1); !strings.Contains(text, want.text) {
				t.Errorf("got %q, want %q in it", text, want.text)
			}
		})
	}
}

func TestNobodyToAskIsTemporary(t *testing.T) {
	zones := zonetest.Start(t, "")
	r := New(Config{Servers: []string{zones.Addr()}, Tries: 1})
	r.servers.fixed[0].addr = "127.0.0.1:1" // nobody listens there
	_, err := r.TXT(t.Context(), "x.test")
	check(t, err, nil, true)
}

func TestInvalidNamesAreNotAsked(t *testing.T) {
	r, zones, _ := setUp(t, "")
	label := strings.Repeat("a", 63)
	for _, name := range []string{
		"", ".", "..", "a..test", ".test", "test..",
		long(64) + ".test",
		strings.Repeat(label+".", 3) + long(62) + ".", // 254
		"a b.test", "a\x00.test", "a\n.test", "a\x7f.test", "bücher.test", `a\.test`, `a\046b.test`,
	} {
		_, err := r.MX(t.Context(), name)
		check(t, err, ErrInvalidName, false)
		_, err = r.Mail(t.Context(), name)
		check(t, err, ErrInvalidName, false)
		_, err = r.Addresses(t.Context(), name)
		check(t, err, ErrInvalidName, false)
	}
	for _, name := range []string{
		label + ".test", strings.Repeat(label+".", 3) + long(61), "_dmarc.test", "1.2.0.192.test", "0/25.2.0.192.test", "com",
	} {
		_, err := r.TXT(t.Context(), name)
		check(t, err, ErrNoSuchName, false)
		if n := zones.Queries(name); n != 1 {
			t.Errorf("%s was asked %d times", name, n)
		}
	}
}

func TestTextsAreJoinedOctetForOctet(t *testing.T) {
	r, _, _ := setUp(t, `
		t.test. TXT "v=spf1 " "-all"
		t.test. TXT "a\"b\\c\000\255\009" "; \195\188"
		t.test. TXT ""
	`)
	found, err := r.TXT(t.Context(), "t.test")
	want := []string{"v=spf1 -all", "a\"b\\c\x00\xff\t; ü", ""}
	if err != nil || !slices.Equal(found.Records, want) {
		t.Errorf("got %q, %v; want %q", found.Records, err, want)
	}
}

func TestPTRReadsTheReverseZone(t *testing.T) {
	r, _, _ := setUp(t, `
		1.2.0.192.in-addr.arpa. PTR Mail.Example.
		1.2.0.192.in-addr.arpa. PTR other.example.
		2.2.0.192.in-addr.arpa. CNAME 2.0/25.2.0.192.in-addr.arpa.
		2.0/25.2.0.192.in-addr.arpa. PTR delegated.example.
		1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR six.example.
	`)
	for addr, want := range map[string][]string{
		"192.0.2.1":        {"mail.example", "other.example"},
		"::ffff:192.0.2.1": {"mail.example", "other.example"},
		"192.0.2.2":        {"delegated.example"},
		"2001:db8::1":      {"six.example"},
		"2001:db8::1%eth0": {"six.example"},
	} {
		found, err := r.PTR(t.Context(), netip.MustParseAddr(addr))
		if err != nil || !slices.Equal(found.Records, want) {
			t.Errorf("%s: %q, %v", addr, found.Records, err)
		}
	}
	_, err := r.PTR(t.Context(), netip.MustParseAddr("192.0.2.3"))
	check(t, err, ErrNoSuchName, false)
	_, err = r.PTR(t.Context(), netip.Addr{})
	check(t, err, ErrInvalidName, false)
}

func TestAliasesAreFollowed(t *testing.T) {
	r, _, _ := setUp(t, `
		a.test. 600 CNAME B.test.
		b.test. 60 CNAME c.test.
		c.test. 300 A 192.0.2.1
		lost.test. CNAME nowhere.test.
		empty.test. CNAME c.test.
	`)
	found, err := r.Addresses(t.Context(), "a.test")
	if err != nil || len(found.IPv4) != 1 || found.Name != "c.test" || found.TTL != time.Minute {
		t.Errorf("%+v, %v", found, err)
	}
	_, err = r.TXT(t.Context(), "lost.test")
	check(t, err, ErrNoSuchName, false)
	_, err = r.TXT(t.Context(), "empty.test")
	check(t, err, ErrNoRecords, false)
}

// chainOf is n aliases and what they lead to.
func chainOf(n int) string {
	var zone strings.Builder
	for i := range n {
		zone.WriteString("c" + string(rune('a'+i)) + ".test. CNAME c" + string(rune('b'+i)) + ".test.\n")
	}
	return zone.String() + "c" + string(rune('a'+n)) + ".test. TXT found\n"
}

func TestChainsEnd(t *testing.T) {
	r, _, _ := setUp(t, chainOf(MaxCNAMEs))
	if found, err := r.TXT(t.Context(), "ca.test"); err != nil || found.Records[0] != "found" {
		t.Errorf("%+v, %v", found, err)
	}
	r, zones, _ := setUp(t, chainOf(MaxCNAMEs+1)+`
		self.test. CNAME self.test.
		x.test. CNAME y.test.
		y.test. CNAME x.test.
	`)
	for _, name := range []string{"ca.test", "self.test", "x.test"} {
		_, err := r.TXT(t.Context(), name)
		check(t, err, ErrCNAMELoop, true)
		if n := zones.Queries(name); n > MaxCNAMEs {
			t.Errorf("%s was asked %d times", name, n)
		}
	}
}

// A server may leave the rest of a chain to who asks.
func TestAChainIsFollowedAcrossAnswers(t *testing.T) {
	r := New(Config{Servers: []string{answering(t, func(asked *dns.Msg) [][]byte {
		switch name := asked.Question[0].Name; name {
		case "a.test.":
			return [][]byte{pack(t, reply(t, asked, "a.test. 60 CNAME b.test."))}
		case "b.test.":
			return [][]byte{pack(t, reply(t, asked, "b.test. 30 CNAME c.test."))}
		case "c.test.":
			return [][]byte{pack(t, reply(t, asked, "c.test. 90 TXT end"))}
		default:
			return [][]byte{pack(t, reply(t, asked, name+" 60 CNAME x"+name))} // for ever
		}
	})}})
	found, err := r.TXT(t.Context(), "a.test")
	if err != nil || found.Records[0] != "end" || found.TTL > 30*time.Second || found.Name != "c.test" {
		t.Errorf("%+v, %v", found, err)
	}
	_, err = r.TXT(t.Context(), "x.test")
	check(t, err, ErrCNAMELoop, true)
}

func TestOnlyAServerOnThisMachineIsBelievedToValidate(t *testing.T) {
	r, zones, clock := setUp(t, "a.test. 60 TXT x")
	zones.SetAuthentic(true)
	if found, err := r.TXT(t.Context(), "a.test"); err != nil || !found.Authentic {
		t.Errorf("from loopback: %+v, %v", found, err)
	}
	r.servers.fixed[0].loopback = false
	clock.pass(time.Minute)
	if found, err := r.TXT(t.Context(), "a.test"); err != nil || found.Authentic {
		t.Errorf("from elsewhere: %+v, %v", found, err)
	}
	for addr, want := range map[string]bool{
		"127.0.0.1:53": true, "127.0.0.53": true, "[::1]:53": true, "::1": true, "192.0.2.1:53": false, "192.0.2.1": false, "localhost:53": false,
	} {
		if got := parseServers([]string{addr})[0].loopback; got != want {
			t.Errorf("%s: loopback is %v", addr, got)
		}
	}
}
