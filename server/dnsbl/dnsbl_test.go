package dnsbl

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
)

// zone has a list of addresses that is as it should be, and one of domains.
const zone = `
	2.0.0.127.bl.test. A 127.0.0.2
	7.2.0.192.bl.test. A 127.0.0.4
	7.2.0.192.bl.test. A 127.0.0.2
	7.2.0.192.bl.test. TXT "Sent spam: see https://bl.test/192.0.2.7"
	8.2.0.192.bl.test. A 127.0.0.10
	1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test. A 127.0.0.2
	test.names.test. A 127.0.1.2
	bad.example.names.test. A 127.0.1.4
	bad.example.names.test. TXT "b\195\164d\009 \226\128\139one\010"
`

type bed struct {
	*Lists
	zones *zonetest.Server
	log   *lockedBuffer
}

func setUp(t testing.TB, lists []List, changes ...func(*Config)) bed {
	t.Helper()
	b := bed{zones: zonetest.Start(t, zone), log: &lockedBuffer{}}
	names := resolver.New(resolver.Config{Servers: []string{b.zones.Addr()}, Timeout: 5 * time.Second, Tries: 1})
	c := Config{Resolver: names, Lists: lists, Log: slog.New(slog.NewTextHandler(b.log, nil))}
	for _, change := range changes {
		change(&c)
	}
	var err error
	if b.Lists, err = New(c); err != nil {
		t.Fatal(err)
	}
	return b
}

// lockedBuffer is a log that several write to.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func ip(text string) Question { return Question{IP: netip.MustParseAddr(text)} }

func addrs(list ...string) (all []netip.Addr) {
	for _, text := range list {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}

var bl = List{Zone: "bl.test", Action: Reject}

func TestWhatAListHasIsAHitWithItsReason(t *testing.T) {
	b := setUp(t, []List{bl, {Zone: "names.test", Domains: true, Action: Junk}})
	listed := Hit{List: "bl.test", Action: Reject, Subject: "192.0.2.7", Answers: addrs("127.0.0.2", "127.0.0.4"), Reason: "Sent spam: see https://bl.test/192.0.2.7"}
	six := Hit{List: "bl.test", Action: Reject, Subject: "2001:db8::1", Answers: addrs("127.0.0.2")}
	named := Hit{List: "names.test", Action: Junk, Subject: "bad.example", Answers: addrs("127.0.1.4"), Reason: "b?d  ?one"}
	for _, c := range []struct {
		name string
		ask  Question
		want []Hit
	}{
		{"listed", ip("192.0.2.7"), []Hit{listed}},
		{"listed, as IPv6 writes IPv4", ip("::ffff:192.0.2.7"), []Hit{listed}},
		{"not listed", ip("192.0.2.9"), nil},
		{"IPv6", ip("2001:db8::1%eth0"), []Hit{six}},
		{"IPv6 not listed", ip("2001:db8::2"), nil},
		{"a domain", Question{Domains: []string{"good.example", "Bad.Example.", "bad.example"}}, []Hit{named}},
		{"both", Question{IP: netip.MustParseAddr("192.0.2.7"), Domains: []string{"bad.example"}}, []Hit{listed, named}},
		{"nothing", Question{}, nil},
	} {
		if got := b.Ask(t.Context(), c.ask); !reflect.DeepEqual(got, Result{Hits: c.want}) {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	if b.log.String() != "" {
		t.Errorf("the log says %s", b.log)
	}
}

func TestOnlyAnswersThatTheOperatorNamesCount(t *testing.T) {
	some, err := ParseList("BL.test.=127.0.0.4,127.0.0.8/30")
	if err != nil {
		t.Fatal(err)
	}
	b := setUp(t, []List{some})
	if got := b.Ask(t.Context(), ip("192.0.2.7")); len(got.Hits) != 1 || !slices.Equal(got.Hits[0].Answers, addrs("127.0.0.4")) {
		t.Errorf("one of two counts: %+v", got)
	}
	if got := b.Ask(t.Context(), ip("192.0.2.8")); len(got.Hits) != 1 {
		t.Errorf("in a network that counts: %+v", got)
	}
	b.zones.Set("9.2.0.192.bl.test", "A 127.0.0.2")
	if got := b.Ask(t.Context(), ip("192.0.2.9")); got.Hits != nil || got.Failures != nil {
		t.Errorf("what does not count is nothing: %+v", got)
	}
}

// A failure is never a hit, whatever else the list says.
func TestAFailureIsNoHit(t *testing.T) {
	cases := map[string]struct {
		spoil  func(z *zonetest.Server)
		reason string
		temp   bool // there is an error for the log
	}{
		"SERVFAIL":                 {func(z *zonetest.Server) { z.Fail("7.2.0.192.bl.test", zonetest.ServFail) }, lookupFailed, true},
		"REFUSED":                  {func(z *zonetest.Server) { z.Fail("7.2.0.192.bl.test", zonetest.Refused) }, lookupFailed, true},
		"over quota":               {func(z *zonetest.Server) { z.Set("7.2.0.192.bl.test", "A 127.255.255.254", "A 127.0.0.2") }, refused, false},
		"a parked domain":          {func(z *zonetest.Server) { z.Set("7.2.0.192.bl.test", "A 203.0.113.5") }, noAnswer, false},
		"everything is listed":     {func(z *zonetest.Server) { z.Set("1.0.0.127.bl.test", "A 127.0.0.2") }, listsAll, false},
		"with a code of its own":   {func(z *zonetest.Server) { z.Set("1.0.0.127.bl.test", "A 127.0.0.99") }, listsAll, false},
		"not known whether it is":  {func(z *zonetest.Server) { z.Fail("1.0.0.127.bl.test", zonetest.ServFail) }, lookupFailed, true},
		"that question is refused": {func(z *zonetest.Server) { z.Set("1.0.0.127.bl.test", "A 127.255.255.1") }, refused, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := setUp(t, []List{bl, {Zone: "other.test", Action: Junk}})
			b.zones.Set("7.2.0.192.other.test", "A 127.0.0.2")
			c.spoil(b.zones)
			got := b.Ask(t.Context(), ip("192.0.2.7"))
			if len(got.Failures) != 1 || got.Failures[0].List != "bl.test" || got.Failures[0].Reason != c.reason || (got.Failures[0].Err != nil) != c.temp {
				t.Errorf("failures %+v, want %q", got.Failures, c.reason)
			}
			if len(got.Hits) != 1 || got.Hits[0].List != "other.test" {
				t.Errorf("hits %+v, want that of the other list alone", got.Hits)
			}
		})
	}
}

func TestIPv6AndDomainsHaveAnEntryOfTheirOwnThatNoListHas(t *testing.T) {
	b := setUp(t, []List{bl, {Zone: "names.test", Domains: true}})
	b.zones.Set(never6+".bl.test", "A 127.0.0.2")
	b.zones.Set("invalid.names.test", "A 127.0.0.2")
	got := b.Ask(t.Context(), Question{IP: netip.MustParseAddr("2001:db8::1"), Domains: []string{"bad.example"}})
	if len(got.Hits) != 0 || len(got.Failures) != 2 || got.Failures[0].Reason != listsAll || got.Failures[1].Reason != listsAll {
		t.Errorf("%+v", got)
	}
	if want := "1.0.0.0.0.0.f.7.f.f.f.f." + strings.Repeat("0.", 19) + "0"; never6 != want {
		t.Errorf("%s, want %s", never6, want)
	}
}

func TestNobodyIsAskedAboutPrivateAddresses(t *testing.T) {
	b := setUp(t, []List{bl})
	for _, text := range []string{"127.0.0.2", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.1.1", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.2"} {
		q := ip(text)
		if got := b.Ask(t.Context(), q); got.Hits != nil || got.Failures != nil {
			t.Errorf("%s: %+v", text, got)
		}
		if n := b.zones.Queries(entryOf(q.IP.Unmap()) + ".bl.test"); n != 0 {
			t.Errorf("%s was asked about", text)
		}
	}
	private := setUp(t, []List{bl}, func(c *Config) { c.AllowPrivate = true })
	if got := private.Ask(t.Context(), ip("127.0.0.2")); len(got.Hits) != 1 {
		t.Errorf("where it is allowed: %+v", got)
	}
}

func TestOddDomainsAreNotAskedAbout(t *testing.T) {
	b := setUp(t, []List{{Zone: "names.test", Domains: true}})
	long := strings.Repeat(strings.Repeat("a", 60)+".", 4) + "example"
	got := b.Ask(t.Context(), Question{Domains: []string{"", "test", "192.0.2.7", "::1", "a..b", "with space.example", long, "bad.example"}})
	if len(got.Hits) != 1 || len(got.Failures) != 0 {
		t.Errorf("%+v", got)
	}
	if got := domains([]string{"", "test", "192.0.2.7", "a.b", "A.b.", "c.d", "e.f", "g.h", "i.j", "k.l"}); !slices.Equal(got, []string{"a.b", "c.d", "e.f", "g.h", "i.j"}) {
		t.Errorf("%q", got)
	}
}

// All lists are asked at once, and all of them have one deadline.
func TestASilentListKeepsNobodyWaiting(t *testing.T) {
	silent := List{Zone: "silent.test", Action: Reject}
	b := setUp(t, []List{silent, bl}, func(c *Config) { c.Timeout = 500 * time.Millisecond })
	b.zones.Silence("7.2.0.192.silent.test")
	got := b.Ask(t.Context(), ip("192.0.2.7"))
	if len(got.Hits) != 1 || len(got.Failures) != 1 || got.Failures[0].List != "silent.test" || got.Failures[0].Reason != lookupFailed {
		t.Errorf("%+v", got)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if got := b.Ask(ended, ip("192.0.2.8")); len(got.Hits) != 0 || len(got.Failures) != 2 {
		t.Errorf("after the end: %+v", got)
	}
}

func TestAHitStandsWithoutItsText(t *testing.T) {
	b := setUp(t, []List{bl}, func(c *Config) { c.Timeout = 500 * time.Millisecond })
	const txt = 16
	b.zones.Silence("7.2.0.192.bl.test", txt)
	got := b.Ask(t.Context(), ip("192.0.2.7"))
	if len(got.Hits) != 1 || got.Hits[0].Reason != "" || len(got.Failures) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestLongTextsAndManyAnswersAreCut(t *testing.T) {
	b := setUp(t, []List{bl})
	var records []string
	for i := range 20 {
		records = append(records, "A "+netip.AddrFrom4([4]byte{127, 0, 0, byte(100 - i)}).String())
	}
	records = append(records, `TXT "`+strings.Repeat("x", 250)+`" "`+strings.Repeat("y", 250)+`"`)
	b.zones.Set("7.2.0.192.bl.test", records...)
	got := b.Ask(t.Context(), ip("192.0.2.7"))
	if len(got.Hits) != 1 || len(got.Hits[0].Answers) != MaxAnswers || got.Hits[0].Reason != strings.Repeat("x", MaxReason) {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsAskedTwiceIsRemembered(t *testing.T) {
	b := setUp(t, []List{bl})
	for range 3 {
		b.Ask(t.Context(), ip("192.0.2.7"))
		b.Ask(t.Context(), ip("192.0.2.9"))
	}
	for _, name := range []string{"7.2.0.192.bl.test", "9.2.0.192.bl.test", "1.0.0.127.bl.test"} {
		if n := b.zones.Queries(name, 1); n != 1 {
			t.Errorf("%s was asked for %d times", name, n)
		}
	}
}

func TestCheckTellsListsFromOthers(t *testing.T) {
	lists := []List{bl, {Zone: "names.test", Domains: true}, {Zone: "all.test"}, {Zone: "gone.test"}, {Zone: "broken.test"}, {Zone: "quota.test"}, {Zone: "allnames.test", Domains: true}}
	b := setUp(t, lists)
	for _, name := range []string{never4 + ".all.test", always4 + ".all.test", "invalid.allnames.test", "test.allnames.test"} {
		b.zones.Set(name, "A 127.0.0.2")
	}
	b.zones.Set(never4+".quota.test", "A 127.255.255.252")
	b.zones.Fail(never4+".broken.test", zonetest.ServFail)
	var got []string
	for _, f := range b.Check(t.Context()) {
		got = append(got, f.List+": "+f.Reason)
	}
	want := []string{"all.test: " + listsAll, "gone.test: " + listsNothing, "broken.test: " + lookupFailed, "quota.test: " + refused, "allnames.test: " + listsAll}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Run says at the start which lists are none; a list that fails for long is not logged with each message.
func TestTheLogSaysNowAndThenThatAListFails(t *testing.T) {
	var now struct {
		sync.Mutex
		time.Time
	}
	now.Time = time.Unix(1_800_000_000, 0)
	clock := func() time.Time {
		now.Lock()
		defer now.Unlock()
		return now.Time
	}
	said := make(chan struct{}, 10)
	b := setUp(t, []List{{Zone: "gone.test"}}, func(c *Config) {
		c.Clock, c.Log = clock, slog.New(slog.NewTextHandler(teller(said), nil))
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	<-said
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	b.zones.Fail("7.2.0.192.gone.test", zonetest.ServFail)
	b.Ask(t.Context(), ip("192.0.2.7"))
	if len(said) != 0 {
		t.Error("it was said again at once")
	}
	now.Lock()
	now.Time = now.Add(warnEvery)
	now.Unlock()
	b.Ask(t.Context(), ip("192.0.2.7"))
	b.Ask(t.Context(), ip("192.0.2.7"))
	if len(said) != 1 {
		t.Errorf("it was said %d times", len(said))
	}
}

// teller tells of each line that is logged.
type teller chan struct{}

func (w teller) Write(p []byte) (int, error) {
	w <- struct{}{}
	return len(p), nil
}

func TestWhatCanBeNoListIsRefused(t *testing.T) {
	for _, text := range []string{"", "bl", "bl..test", ".test", "b l.test", "bl.test=", "bl.test=127.0.0.2,", "bl.test=192.0.2.1", "bl.test=::1", "bl.test=0.0.0.0/0", "bl.test=127.0.0.3/8", "bl.test=127.0.0.2;127.0.0.3",
		"ümlaut.test", strings.Repeat("a", 64) + ".test", strings.Repeat("a.", 95) + "test", "bl.test=" + strings.Repeat("127.0.0.2,", maxNets) + "127.0.0.2"} {
		if l, err := ParseList(text); err == nil {
			t.Errorf("%q is %+v", text, l)
		}
	}
	for _, text := range []string{"zen.Example.org", "key_1.bl.test.", "bl.test=127.0.0.0/8"} {
		if _, err := ParseList(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := New(Config{Lists: slices.Repeat([]List{bl}, MaxLists+1)}); err == nil {
		t.Error("there is no end to lists")
	}
	if _, err := New(Config{Lists: []List{{Zone: "x"}}}); err == nil {
		t.Error("New takes what is no list")
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("text")
	f.Add("b\xc3\xa4d\t\x00")
	f.Fuzz(func(t *testing.T, text string) {
		got := printable(text)
		if len(got) > MaxReason || strings.ContainsFunc(got, func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Errorf("%q", got)
		}
	})
}
