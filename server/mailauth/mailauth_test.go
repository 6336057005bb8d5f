package mailauth

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/miekg/dns"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

// wellKnown is a domain that does everything right, and its message.
func wellKnown(t testing.TB) (zone, message string) {
	zone = signerZone(t) + `
		example.test. TXT "v=spf1 a:mx.example.test -all"
		mx.example.test. TXT "v=spf1 a -all"
		mx.example.test. A 192.0.2.1
		1.2.0.192.in-addr.arpa. PTR mx.example.test.
		_dmarc.example.test. TXT "v=DMARC1; p=reject"
	`
	return zone, sign(t, letter, dkim.SignOptions{})
}

func TestAMessageOfAWellKnownSenderPasses(t *testing.T) {
	zone, message := wellKnown(t)
	b := setUp(t, zone)
	s := client
	s.TLS = "TLS1.3 TLS_AES_128_GCM_SHA256"
	v := b.verify(t, s, message)
	if v.SPF.Result != Pass || v.SPF.HELO.Result != Pass || only(t, v).Result != Pass || v.IPRev != (IPRev{Pass, client.IP, "mx.example.test"}) ||
		v.DMARC.Result != Pass || !v.Authenticated() || v.TemporaryError || v.From != "ann@example.test" || v.TLS != s.TLS {
		t.Errorf("got %+v", v)
	}
}

func TestAnswersOfTheDNSAreUsedAgain(t *testing.T) {
	zone, message := wellKnown(t)
	b := setUp(t, zone)
	for range 5 {
		if !b.verify(t, client, message).Authenticated() {
			t.Fatal("not authenticated")
		}
	}
	for _, name := range []string{"example.test", "s._domainkey.example.test", "_dmarc.example.test", "1.2.0.192.in-addr.arpa"} {
		if n := b.zones.Queries(name); n != 1 {
			t.Errorf("%s was asked for %d times", name, n)
		}
	}
}

// A look-up that fails is never a pass and never a fail.
func TestFailuresOfTheDNSAreTemporary(t *testing.T) {
	zone, message := wellKnown(t)
	for _, c := range []struct {
		fails                  []string
		spf, dkim, dmarc, name Result
		temporary              bool
	}{
		{[]string{"example.test"}, TempError, Pass, Pass, Pass, false}, // DKIM suffices
		{[]string{"s._domainkey.example.test"}, Pass, TempError, Pass, Pass, false},
		{[]string{"example.test", "s._domainkey.example.test"}, TempError, TempError, TempError, Pass, true},
		{[]string{"_dmarc.example.test"}, Pass, Pass, TempError, Pass, true},
		{[]string{"1.2.0.192.in-addr.arpa"}, Pass, Pass, Pass, TempError, false},
		{[]string{"mx.example.test"}, TempError, Pass, Pass, TempError, false},
	} {
		for how, fail := range map[string]func(*zonetest.Server, string){
			"refusal": func(z *zonetest.Server, name string) { z.Fail(name, zonetest.Refused) },
			"failure": func(z *zonetest.Server, name string) { z.Fail(name, zonetest.ServFail) },
			"silence": func(z *zonetest.Server, name string) { z.Silence(name) },
		} {
			b := setUp(t, zone)
			if how == "silence" {
				b.timeout = 500 * time.Millisecond
			}
			for _, name := range c.fails {
				fail(b.zones, name)
			}
			v := b.verify(t, client, message)
			if v.SPF.Result != c.spf || only(t, v).Result != c.dkim || v.DMARC.Result != c.dmarc || v.IPRev.Result != c.name || v.TemporaryError != c.temporary || v.Authenticated() == c.temporary {
				t.Errorf("%s of %v: got %+v", how, c.fails, v)
			}
		}
	}
}

func TestATemporaryFailureOfAnotherDomainChangesNothing(t *testing.T) {
	zone, _ := wellKnown(t)
	b := setUp(t, zone)
	b.zones.Fail("other.test", zonetest.ServFail)
	b.zones.Fail("s._domainkey.other.test", zonetest.ServFail)
	message := sign(t, letter, dkim.SignOptions{Domain: "other.test"})
	v := b.verify(t, Session{IP: client.IP, HELO: "h", Sender: "x@other.test"}, message)
	if v.DMARC.Result != Fail || v.DMARC.Disposition != Reject || v.TemporaryError {
		t.Errorf("got %+v", v)
	}
}

// Without a signature all hangs on SPF.
func TestSPFThatFailedIsOpenForItsOwnDomainAlone(t *testing.T) {
	zone, _ := wellKnown(t)
	b := setUp(t, zone)
	b.zones.Fail("example.test", zonetest.ServFail)
	if v := b.verify(t, client, letter); v.DMARC.Result != TempError || v.DMARC.Disposition != NoAction || !v.TemporaryError {
		t.Errorf("got %+v", v)
	}
	b = setUp(t, "")
	b.zones.Fail("example.test", zonetest.ServFail)
	if v := b.verify(t, client, letter); v.DMARC.Result != None || !v.TemporaryError || v.Authenticated() {
		t.Errorf("got %+v", v)
	}
}

func TestALongAnswerIsAskedForOverTCP(t *testing.T) {
	zone, message := wellKnown(t)
	b := setUp(t, zone)
	for _, name := range []string{"example.test", "s._domainkey.example.test", "_dmarc.example.test"} {
		b.zones.Truncate(name)
	}
	if v := b.verify(t, client, message); v.DMARC.Result != Pass || v.SPF.Result != Pass || only(t, v).Result != Pass {
		t.Errorf("got %+v", v)
	}
}

func TestWhatTheTimeDoesNotSufficeForIsTemporary(t *testing.T) {
	zone, message := wellKnown(t)
	b := setUp(t, zone, func(c *Config) { c.Timeout = 100 * time.Millisecond })
	for _, name := range []string{"example.test", "mx.example.test", "s._domainkey.example.test", "_dmarc.example.test", "1.2.0.192.in-addr.arpa"} {
		b.zones.Hold(name, make(chan struct{}))
	}
	begin := time.Now()
	v := b.verify(t, client, message)
	if took := time.Since(begin); took > 400*time.Millisecond {
		t.Errorf("took %v", took)
	}
	if v.SPF.Result != TempError || v.SPF.HELO.Result != TempError || only(t, v).Result != TempError || v.IPRev.Result != TempError ||
		v.DMARC.Result != TempError || !v.TemporaryError || v.Authenticated() || v.DMARC.Disposition != NoAction {
		t.Errorf("got %+v", v)
	}
}

func TestACallerThatGoesAwayIsNotKept(t *testing.T) {
	zone, message := wellKnown(t)
	b := setUp(t, zone)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v := b.Verify(ctx, client, strings.NewReader(message), int64(len(message)))
	if v.Authenticated() || !v.TemporaryError || v.SPF.Result != TempError {
		t.Errorf("got %+v", v)
	}
}

// cutting is a message whose reader ends the check.
type cutting struct {
	io.ReaderAt
	cancel func()
}

func (c cutting) ReadAt(p []byte, at int64) (int, error) {
	if at > chunk {
		c.cancel()
	}
	return c.ReaderAt.ReadAt(p, at)
}

func TestALongBodyEndsWithTheTime(t *testing.T) {
	zone, _ := wellKnown(t)
	message := sign(t, letter+strings.Repeat("a line\r\n", 100_000), dkim.SignOptions{})
	b := setUp(t, zone)
	b.verify(t, client, message) // so that the key is in the cache
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	v := b.Verify(ctx, client, cutting{strings.NewReader(message), cancel}, int64(len(message)))
	check(t, only(t, v), TempError, "the message could not be read in time")
}

// broken cannot be read from some place on.
type broken struct {
	text string
	from int64
}

func (b broken) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > b.from {
		return 0, errors.New("disk failure at /some/path")
	}
	return strings.NewReader(b.text).ReadAt(p, at)
}

func TestAMessageThatCannotBeReadIsATemporaryError(t *testing.T) {
	zone, message := wellKnown(t)
	message += strings.Repeat("more\r\n", 20000)
	b := setUp(t, zone)
	for _, from := range []int64{0, 5000} {
		v := b.Verify(t.Context(), Session{IP: client.IP, HELO: "h", Sender: "x@other.test"}, broken{message, from}, int64(len(message)))
		if only(t, v).Result != TempError || v.DMARC.Result != TempError || !v.TemporaryError || v.Authenticated() {
			t.Errorf("from %d on: got %+v", from, v)
		}
		if strings.Contains(string(v.Header("mx.test")), "path") {
			t.Error("the failure is told to everybody")
		}
	}
}

func TestNamesOfAddressesMustLeadBack(t *testing.T) {
	b := setUp(t, `
		1.2.0.192.in-addr.arpa. PTR gone.test.
		1.2.0.192.in-addr.arpa. PTR other.test.
		1.2.0.192.in-addr.arpa. PTR good.test.
		2.2.0.192.in-addr.arpa. PTR other.test.
		4.2.0.192.in-addr.arpa. PTR fails.test.
		5.2.0.192.in-addr.arpa. PTR a\;b\"c.test.
		1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR six.test.
		good.test. A 192.0.2.1
		other.test. A 192.0.2.9
		six.test. AAAA 2001:db8::1
	`)
	b.zones.Fail("fails.test", zonetest.ServFail)
	for _, c := range []struct {
		ip   string
		want Result
		name string
	}{
		{"192.0.2.1", Pass, "good.test"}, {"::ffff:192.0.2.1", Pass, "good.test"}, {"192.0.2.2", Fail, ""}, {"192.0.2.3", PermError, ""},
		{"192.0.2.4", TempError, ""}, {"192.0.2.5", Fail, ""}, {"2001:db8::1", Pass, "six.test"},
	} {
		if got := b.checkName(t.Context(), netip.MustParseAddr(c.ip)); got.Result != c.want || got.Name != c.name {
			t.Errorf("%s: got %+v", c.ip, got)
		}
	}
}

func TestAnAddressWithManyNamesIsNotFollowedForEver(t *testing.T) {
	var zone strings.Builder
	for i := range 40 {
		zone.WriteString("1.2.0.192.in-addr.arpa. PTR n" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + ".test.\n")
	}
	b := setUp(t, zone.String())
	if got := b.checkName(t.Context(), client.IP); got.Result != Fail {
		t.Errorf("got %+v", got)
	}
	asked := 0
	for i := range 40 {
		asked += b.zones.Queries("n"+string(rune('a'+i%26))+string(rune('a'+i/26))+".test", dns.TypeA)
	}
	if asked != MaxNames {
		t.Errorf("%d names were looked up", asked)
	}
}

func FuzzMessage(f *testing.F) {
	signed := sign(f, letter, dkim.SignOptions{})
	for _, message := range []string{signed, letter, "", "\r\n", "From: a@b\r\nFrom: c@d\r\n\r\nx", " From: a@b\nx\n\n", "DKIM-Signature: v=1\r\n", strings.Replace(signed, "v=1;", "v=1; l=1;", 1)} {
		f.Add(message)
	}
	f.Fuzz(func(t *testing.T, message string) {
		h := readHeader(strings.NewReader(message), int64(len(message)))
		if h.err != nil {
			t.Fatal(h.err)
		}
		octets := 0
		for _, field := range h.fields {
			octets += len(field.raw)
		}
		if rest := message[octets:h.body]; strings.Trim(rest, "\r\n") != "" {
			t.Errorf("%q is between header and body", rest)
		}
		by := h.authors()
		if len(by.domains) > MaxAuthors || by.problem == "" && len(by.addresses) == 0 {
			t.Errorf("%+v", by)
		}
		for i := range h.fields {
			if h.fields[i].name != "dkim-signature" {
				continue
			}
			s, d := parseSignature(h.fields[i], now)
			if d.Result != "" {
				continue
			}
			hashes := hashBody(context.Background(), strings.NewReader(message[h.body:]), 100, true, true)
			if result, _ := h.verify(&s, key{public: keys().rsa.Public()}, hashes); result == Pass && !strings.Contains(strings.ToLower(message), "ann@example.test") {
				t.Errorf("passes: %q", message)
			}
		}
	})
}

// One message of 10 KB with everything in the cache of the resolver.
func BenchmarkVerify(b *testing.B) {
	zone, _ := wellKnown(b)
	body := strings.Repeat("A line of some words, as people write them in letters.\r\n", 180)
	message := sign(b, letter+body, dkim.SignOptions{})
	v := setUp(b, zone)
	if !v.verify(b, client, message).Authenticated() {
		b.Fatal("not authenticated")
	}
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		v.verify(b, client, message)
	}
}

func BenchmarkBody(b *testing.B) {
	m := &sized{fill: strings.Repeat("A line of some words, as people write them in letters.\r\n", 100), size: 10 << 20}
	for _, c := range []struct {
		name            string
		simple, relaxed bool
	}{{"simple", true, false}, {"relaxed", false, true}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(m.size)
			for b.Loop() {
				hashBody(context.Background(), &reader{m: m}, m.size, c.simple, c.relaxed)
			}
		})
	}
}

type reader struct {
	m  *sized
	at int64
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.m.ReadAt(p, r.at)
	r.at += int64(n)
	return n, err
}
