package mailauth

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

// The files of testdata/spf hold a zone and, behind ---, cases: client, HELO, reverse-path ("<>" for the null one) and the
// result. "fails NAME" makes a name fail; a semicolon begins a comment.
func TestSPF(t *testing.T) {
	files, err := filepath.Glob("testdata/spf/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		zone, cases := section(t, file)
		b := setUp(t, zone)
		for line := range strings.Lines(cases) {
			words := strings.Fields(line)
			switch {
			case len(words) == 0 || words[0] == ";":
			case words[0] == "fails":
				b.zones.Fail(words[1], zonetest.ServFail)
			case len(words) == 4:
				s := Session{IP: netip.MustParseAddr(words[0]), HELO: words[1], Sender: words[2]}
				if s.Sender == "<>" {
					s.Sender = ""
				}
				if got := b.checkSPF(t.Context(), s); string(got.Result) != words[3] {
					t.Errorf("%s: %s got %s (%s)", filepath.Base(file), strings.TrimSpace(line), got.Result, got.Reason)
				}
			default:
				t.Fatalf("%s: %s", file, line)
			}
		}
	}
}

func TestSPFTellsWhoWasChecked(t *testing.T) {
	b := setUp(t, `
		a.test. TXT "v=spf1 ip4:192.0.2.1 -all"
		mx.b.test. TXT "v=spf1 -all"
	`)
	got := b.checkSPF(t.Context(), Session{IP: netip.MustParseAddr("::ffff:192.0.2.1"), HELO: "MX.b.test.", Sender: "ann@A.test"})
	if want := (SPF{Result: Pass, Domain: "a.test", Reason: "matched ip", HELO: HELO{Fail, "mx.b.test", "matched all"}}); got != want {
		t.Errorf("got %+v", got)
	}
	got = b.checkSPF(t.Context(), Session{IP: netip.MustParseAddr("192.0.2.1"), HELO: "mx.b.test"})
	if want := (SPF{Result: Fail, Domain: "mx.b.test", Reason: "matched all", Null: true, HELO: HELO{Fail, "mx.b.test", "matched all"}}); got != want {
		t.Errorf("got %+v", got)
	}
	if got = b.checkSPF(t.Context(), Session{}); got.Result != None || got.HELO.Result != None {
		t.Errorf("got %+v", got)
	}
}

func TestSPFStopsAtItsLimitOfLookups(t *testing.T) {
	var zone strings.Builder
	zone.WriteString("a.test. TXT \"v=spf1 mx:m0.test mx:m1.test mx:m2.test mx:m3.test mx:m4.test mx:m5.test mx:m6.test +all\"\n")
	for i := range 7 {
		for j := range 10 {
			fmt.Fprintf(&zone, "m%d.test. MX 1 h%d-%d.test.\nh%d-%d.test. A 192.0.2.200\n", i, i, j, i, j)
		}
	}
	s := Session{IP: netip.MustParseAddr("192.0.2.1"), Sender: "x@a.test"}
	b := setUp(t, zone.String())
	if got := b.checkSPF(t.Context(), s); got.Result != PermError || got.Reason != "too many look-ups" {
		t.Errorf("got %+v", got)
	}
	asked := 0
	for i := range 7 {
		for j := range 10 {
			asked += b.zones.Queries(fmt.Sprintf("h%d-%d.test", i, j), dns.TypeA)
		}
	}
	if asked >= DefaultMaxLookups {
		t.Errorf("%d hosts were looked up", asked)
	}
	b = setUp(t, zone.String(), func(c *Config) { c.MaxLookups = 100 })
	if got := b.checkSPF(t.Context(), s); got.Result != Pass {
		t.Errorf("got %+v", got)
	}
}

// What the time did not suffice for might have matched, so the end of a record is no answer.
func TestSPFWithoutTimeIsATemporaryError(t *testing.T) {
	for _, record := range []string{"v=spf1 a:slow.test -all", "v=spf1 mx:slow.test -all", "v=spf1 ptr -all", "v=spf1 include:slow.test +all", "v=spf1 redirect=slow.test"} {
		b := setUp(t, "a.test. "+text(record), func(c *Config) { c.Timeout = 100 * time.Millisecond })
		b.zones.Silence("slow.test")
		b.zones.Silence("1.2.0.192.in-addr.arpa")
		v := b.verify(t, Session{IP: netip.MustParseAddr("192.0.2.1"), HELO: "h", Sender: "x@a.test"}, letter)
		if v.SPF.Result != TempError {
			t.Errorf("%s: got %+v", record, v.SPF)
		}
	}
}

func FuzzSPFRecord(f *testing.F) {
	for _, record := range []string{"v=spf1 a/24//64 mx:%{d} -all", "v=spf1 exists:%{ir}.%{v}.x.test redirect=a.test", "v=spf1 ip6:2001:db8::/32 ?all exp=a.test", "v=spf1 ptr:a.b"} {
		f.Add(record)
	}
	f.Fuzz(func(t *testing.T, record string) {
		if !isSPF(record) {
			return
		}
		valid := validSPF(record)
		if valid != validSPF(record+" ") {
			t.Error("a space at the end matters")
		}
		if validSPF(record + " nonsense") {
			t.Error("nonsense is valid")
		}
		if valid != validSPF(record+" -all") {
			t.Error("another mechanism matters")
		}
	})
}

func TestSPFOfRecordsThatTheCallerKnows(t *testing.T) {
	b := setUp(t, "d.test. TXT \"v=spf1 -all\"\nother.test. TXT \"v=spf1 ip4:192.0.2.1 -all\"\nmail.test. A 192.0.2.1")
	b.zones.Fail("fails.test", zonetest.ServFail)
	for _, c := range []struct {
		texts  []string
		result Result
	}{
		{[]string{"v=spf1 include:other.test -all", "something else"}, Pass},
		{[]string{"v=spf1 a:mail.test -all"}, Pass},
		{[]string{"v=spf1 ip4:192.0.2.2 ~all"}, SoftFail},
		{[]string{"v=spf1 +all", "v=spf1 -all"}, PermError},
		{[]string{"v=spf1 foo:bar"}, PermError},
		{[]string{"v=spf1 include:D.test. ip4:192.0.2.2 -all"}, PermError}, // of itself, without end
		{[]string{"v=spf1 include:fails.test -all"}, TempError},
		{nil, None},
	} {
		q := SenderQuestion{IP: netip.MustParseAddr("::ffff:192.0.2.1"), HELO: "mail.test", Domain: "D.test", Texts: c.texts}
		if result, reason := CheckSender(t.Context(), b.resolver, q); result != c.result {
			t.Errorf("%q: %s (%s), want %s", c.texts, result, reason, c.result)
		}
	}
	if n := b.zones.Queries("d.test", dns.TypeTXT); n != 0 {
		t.Errorf("what is known was asked for %d times", n)
	}
	if result, _ := CheckSender(t.Context(), b.resolver, SenderQuestion{Domain: "d.test"}); result != None {
		t.Error(result)
	}
}
