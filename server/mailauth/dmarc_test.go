package mailauth

import (
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
)

func TestAlignment(t *testing.T) {
	for _, c := range []struct {
		identifier, author string
		relaxed, strict    bool
	}{
		{"example.com", "example.com", true, true},
		{"mail.example.com", "example.com", true, false},
		{"example.com", "mail.example.com", true, false},
		{"a.example.com", "b.example.com", true, false},
		{"example.com", "example.net", false, false},
		{"notexample.com", "example.com", false, false},
		{"example.com.evil.test", "example.com", false, false},
		{"a.example.co.uk", "example.co.uk", true, false},
		{"other.co.uk", "example.co.uk", false, false},
		{"co.uk", "example.co.uk", false, false},
		{"co.uk", "co.uk", true, true},
		{"com", "example.com", false, false},
		{"a.github.io", "b.github.io", false, false}, // a suffix under which strangers have their names
		{"x.a.github.io", "a.github.io", true, false},
		{"x.unknown-top-level", "y.x.unknown-top-level", true, false},
		{"localhost", "localhost", true, true},
		{"", "example.com", false, false},
		{"", "", false, false},
	} {
		if aligned(c.identifier, c.author, false) != c.relaxed || aligned(c.identifier, c.author, true) != c.strict {
			t.Errorf("%q and %q", c.identifier, c.author)
		}
	}
}

func TestPolicies(t *testing.T) {
	for _, c := range []struct {
		record string
		valid  bool
		want   published
	}{
		{"v=DMARC1; p=none", true, published{policy: NoAction, percent: 100}},
		{"v=DMARC1;p=reject;", true, published{policy: Reject, percent: 100}},
		{"v = DMARC1 ; p = Reject ; sp=QUARANTINE", true, published{policy: Reject, subdomains: Quarantine, percent: 100}},
		{"v=DMARC1; pct=20; adkim=s; aspf=S; p=quarantine", true, published{policy: Quarantine, percent: 20, strictDKIM: true, strictSPF: true}},
		{"v=DMARC1; p=reject; pct=101; adkim=x; fo=?; ri=never", true, published{policy: Reject, percent: 100}},
		{"v=DMARC1; p=reject; pct=-1", true, published{policy: Reject, percent: 100}},
		{"v=DMARC1; p=reject; nonsense; rua=mailto:a@b.test", true, published{policy: Reject, percent: 100}},
		{"v=DMARC1; p=reject; p=none", true, published{policy: Reject, percent: 100}},
		{"v=DMARC1; p=discard", false, published{policy: NoAction, percent: 100}},
		{"v=DMARC1; p=discard; rua=mailto:a@b.test", true, published{policy: NoAction, percent: 100}},
		{"v=DMARC1; p=reject; sp=discard", false, published{policy: NoAction, percent: 100}},
		{"v=DMARC1; p=reject; sp=discard; rua=mailto:a@b.test", true, published{policy: NoAction, percent: 100}},
		{"v=DMARC1", false, published{policy: NoAction, percent: 100}},
		{"v=DMARC1; rua=mailto:a@b.test", true, published{policy: NoAction, percent: 100}},
	} {
		if !isDMARC(c.record) {
			t.Errorf("%q is passed over", c.record)
		}
		if got, valid := parsePolicy(c.record); got != c.want || valid != c.valid {
			t.Errorf("%q: got %+v, %v", c.record, got, valid)
		}
	}
	for _, other := range []string{"", "v=spf1 -all", "v=DMARC10; p=none", "v=dmarc1; p=none", "p=none; v=DMARC1", "V=DMARC1; p=none", "v=DMARC1 p=none", "xv=DMARC1; p=none"} {
		if isDMARC(other) {
			t.Errorf("%q is taken for a record", other)
		}
	}
}

// A message from a domain, signed by another or not at all, which came from a host that may send for a third or not.
func TestDMARC(t *testing.T) {
	const zone = `
		_dmarc.reject.test. TXT "v=DMARC1; p=reject; sp=none"
		_dmarc.quarantine.test. TXT "v=DMARC1; p=quarantine"
		_dmarc.strict.test. TXT "v=DMARC1; p=reject; adkim=s; aspf=s"
		_dmarc.own.reject.test. TXT "v=DMARC1; p=quarantine; sp=none"
		_dmarc.two.test. TXT "v=DMARC1; p=reject"
		_dmarc.two.test. TXT "v=DMARC1; p=none"
		_dmarc.bad.test. TXT "v=DMARC1; p=everything"
		_dmarc.beside.test. TXT "v=DMARC1; p=reject"
		_dmarc.beside.test. TXT "other text"
		_dmarc.part.test. TXT "v=DMARC1; p=reject; pct=30"
		_dmarc.halfq.test. TXT "v=DMARC1; p=quarantine; pct=30"
		_dmarc.co.uk. TXT "v=DMARC1; p=reject"
		_dmarc.alias.test. CNAME _dmarc.reject.test.
	`
	for _, c := range []struct {
		from, signer, spf string // domains; "" of what did not pass
		roll              int
		want              DMARC
		authenticated     bool
	}{
		{"reject.test", "", "", 0, DMARC{Result: Fail, PolicyDomain: "reject.test", Policy: Reject, Disposition: Reject}, false},
		{"reject.test", "reject.test", "", 0, DMARC{Result: Pass, PolicyDomain: "reject.test", Policy: Reject, AlignedDKIM: true}, true},
		{"reject.test", "", "reject.test", 0, DMARC{Result: Pass, PolicyDomain: "reject.test", Policy: Reject, AlignedSPF: true}, true},
		{"reject.test", "mail.reject.test", "bounce.reject.test", 0, DMARC{Result: Pass, PolicyDomain: "reject.test", Policy: Reject, AlignedSPF: true, AlignedDKIM: true}, true},
		{"reject.test", "evil.test", "evil.test", 0, DMARC{Result: Fail, PolicyDomain: "reject.test", Policy: Reject, Disposition: Reject}, false},
		{"a.reject.test", "", "", 0, DMARC{Result: Fail, PolicyDomain: "reject.test", Policy: Reject, Disposition: NoAction}, false},
		{"own.reject.test", "", "", 0, DMARC{Result: Fail, PolicyDomain: "own.reject.test", Policy: Quarantine, Disposition: Quarantine}, false},
		{"a.own.reject.test", "", "", 0, DMARC{Result: Fail, PolicyDomain: "reject.test", Policy: Reject, Disposition: NoAction}, false},
		{"a.b.quarantine.test", "", "", 0, DMARC{Result: Fail, PolicyDomain: "quarantine.test", Policy: Quarantine, Disposition: Quarantine}, false},
		{"strict.test", "strict.test", "", 0, DMARC{Result: Pass, PolicyDomain: "strict.test", Policy: Reject, AlignedDKIM: true}, true},
		{"strict.test", "a.strict.test", "a.strict.test", 0, DMARC{Result: Fail, PolicyDomain: "strict.test", Policy: Reject, Disposition: Reject}, false},
		{"none.test", "", "", 0, DMARC{Result: None}, false},
		{"none.test", "none.test", "", 0, DMARC{Result: None, AlignedDKIM: true}, true},
		{"none.test", "", "a.none.test", 0, DMARC{Result: None, AlignedSPF: true}, true},
		{"none.test", "evil.test", "evil.test", 0, DMARC{Result: None}, false},
		{"two.test", "", "", 0, DMARC{Result: PermError, PolicyDomain: "two.test"}, false},
		{"two.test", "two.test", "", 0, DMARC{Result: PermError, PolicyDomain: "two.test", AlignedDKIM: true}, true},
		{"bad.test", "", "", 0, DMARC{Result: PermError, PolicyDomain: "bad.test"}, false},
		{"beside.test", "", "", 0, DMARC{Result: Fail, PolicyDomain: "beside.test", Policy: Reject, Disposition: Reject}, false},
		{"alias.test", "", "", 0, DMARC{Result: Fail, PolicyDomain: "alias.test", Policy: Reject, Disposition: Reject}, false},
		{"part.test", "", "", 29, DMARC{Result: Fail, PolicyDomain: "part.test", Policy: Reject, Disposition: Reject}, false},
		{"part.test", "", "", 30, DMARC{Result: Fail, PolicyDomain: "part.test", Policy: Reject, Disposition: Quarantine}, false},
		{"halfq.test", "", "", 30, DMARC{Result: Fail, PolicyDomain: "halfq.test", Policy: Quarantine, Disposition: NoAction}, false},
		{"victim.co.uk", "", "", 0, DMARC{Result: None}, false}, // a public suffix is not the owner of what is below it
		{"REJECT.Test", "", "", 0, DMARC{Result: Fail, PolicyDomain: "reject.test", Policy: Reject, Disposition: Reject}, false},
	} {
		b := setUp(t, zone, func(g *Config) { g.IntN = func(int) int { return c.roll } })
		message := strings.ReplaceAll(letter, "example.test", c.from)
		if c.signer != "" {
			b.zones.Set("s._domainkey."+c.signer, record(t, keys().rsa, ""))
			message = sign(t, message, dkim.SignOptions{Domain: c.signer})
		}
		s := Session{IP: client.IP, HELO: "mx.evil.test", Sender: "x@evil.test"}
		if c.spf != "" {
			b.zones.Set(c.spf, text("v=spf1 ip4:192.0.2.1 -all"))
			s.Sender = "x@" + c.spf
		}
		v := b.verify(t, s, message)
		got := v.DMARC
		if got.Domain != strings.ToLower(c.from) || v.From != "ann@"+strings.ToLower(c.from) {
			t.Errorf("%s: got %s, %s", c.from, got.Domain, v.From)
		}
		if c.want.Disposition == "" {
			c.want.Disposition = NoAction
		}
		got.Domain, got.Reason, got.SubdomainPolicy, got.Percent = "", "", "", 0
		if got != c.want || v.Authenticated() != c.authenticated || v.TemporaryError {
			t.Errorf("%s, %s, %s: got %+v, %v, %v", c.from, c.signer, c.spf, got, v.Authenticated(), v.TemporaryError)
		}
	}
}

func TestANullReversePathIsCheckedByHELO(t *testing.T) {
	b := setUp(t, `
		_dmarc.example.test. TXT "v=DMARC1; p=reject"
		mx.example.test. TXT "v=spf1 ip4:192.0.2.1 -all"
	`)
	v := b.verify(t, Session{IP: client.IP, HELO: "mx.example.test"}, letter)
	if v.DMARC.Result != Pass || !v.DMARC.AlignedSPF {
		t.Errorf("got %+v", v.DMARC)
	}
	v = b.verify(t, Session{IP: client.IP, HELO: "mx.example.test", Sender: "x@evil.test"}, letter)
	if v.SPF.HELO.Result != Pass || v.DMARC.Result != Fail { // HELO counts for the null reverse-path alone (RFC 7489, 4.1)
		t.Errorf("got %+v", v.DMARC)
	}
}

// Each of these would show one author and authenticate another.
func TestAnAuthorThatIsNotCertainIsNotAuthentic(t *testing.T) {
	const zone = `
		_dmarc.good.test. TXT "v=DMARC1; p=reject"
		_dmarc.mild.test. TXT "v=DMARC1; p=none"
	`
	const good, evil = "ann@good.test", "eve@example.test" // eve signs
	for _, c := range []struct {
		head        string
		result      Result
		disposition Disposition
	}{
		{"From: " + evil + "\r\n", None, NoAction},
		{"From: (" + good + ") " + evil + "\r\n", None, NoAction},
		{"From: \"" + good + "\" <" + evil + ">\r\n", None, NoAction}, // a name is a name; what it pretends is for others to judge
		{"From: Eve <" + evil + ">, Bob <bob@example.test>\r\n", None, NoAction},
		{"From: " + good + "\r\nFrom: " + evil + "\r\n", PermError, Reject},
		{"From: " + evil + "\r\nFrom: " + good + "\r\n", PermError, Reject},
		{"From: " + evil + "\r\nFROM : " + evil + "\r\n", PermError, Quarantine},
		{"From: x@mild.test\r\nFrom: " + evil + "\r\n", PermError, Quarantine},
		{"From: " + good + ", " + evil + "\r\n", Fail, Reject}, // the strictest policy of all authors
		{"From: " + evil + ", " + good + "\r\n", Fail, Reject},
		{"From: " + good + " <" + evil + ">\r\n", Fail, Reject},
		{"From: <" + good + "> <" + evil + ">\r\n", PermError, Reject},
		{"From: Team: " + good + ", " + evil + ";\r\n", Fail, Reject},
		{"From: =?utf-8?q?ann=40good=2Etest?= <" + evil + ">\r\n", PermError, NoAction},
		{"From: =?utf-8?q?ann?= <" + evil + ">\r\n", None, NoAction},
		{"From: =?utf-8?b?YW5uQGdvb2QudGVzdA==?=\r\n", PermError, Reject},
		{"From: " + evil + "\r\nnot a field <" + good + ">\r\n", PermError, Quarantine},
		{"From: " + evil + "\r\nX(y): <" + good + ">\r\n", PermError, Quarantine},
		{"From: " + evil + "\r\nSubject: a\rFrom: " + good + "\r\n", PermError, Quarantine},
		{"From: " + evil + "\r\nSubject: a\nFrom: " + good + "\r\n", PermError, Reject},
		{"Fr\x00om: " + good + "\r\nFrom: " + evil + "\r\n", PermError, Quarantine},
		{" From: " + good + "\r\nFrom: " + evil + "\r\n", PermError, Reject},
		{"From\r\n : " + good + "\r\nFrom: " + evil + "\r\n", PermError, Quarantine},
		{"Subject: none\r\n", PermError, NoAction},
		{"From:\r\n", PermError, NoAction},
		{"From: Team:;\r\n", PermError, NoAction},
		{"From: nobody\r\n", PermError, NoAction},
		{"From: eve@[192.0.2.1]\r\n", None, NoAction},
		{"From: a@a.test, b@b.test, c@c.test, d@d.test, e@e.test, f@f.test\r\n", PermError, Quarantine},
	} {
		b := setUp(t, zone+signerZone(t))
		signed := sign(t, "From: "+evil+"\r\n\r\nHello\r\n", dkim.SignOptions{HeaderKeys: []string{"From"}})
		signature := signed[:strings.LastIndex(signed, "From: "+evil)]
		message := signature + c.head + "\r\nHello\r\n"
		if c.head[0] == ' ' { // what continues nothing
			message = c.head + signature + "\r\nHello\r\n"
		}
		v := b.verify(t, client, message)
		if v.DMARC.Result != c.result || v.DMARC.Disposition != c.disposition {
			t.Errorf("%q: got %q, %q (%s)", c.head, v.DMARC.Result, v.DMARC.Disposition, v.DMARC.Reason)
		}
		if v.Authenticated() && c.result != None {
			t.Errorf("%q: authenticated", c.head)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	for _, record := range []string{"v=DMARC1; p=reject; sp=none; pct=20; adkim=s", "v=DMARC1;p=x;rua=mailto:a@b.test", "v=DMARC1;;;=;p==;p", "v=DMARC1"} {
		f.Add(record)
	}
	f.Fuzz(func(t *testing.T, record string) {
		p, valid := parsePolicy(record)
		if p.percent < 0 || p.percent > 100 || p.policy == "" {
			t.Errorf("%+v", p)
		}
		if _, known := disposition(string(p.policy)); !known || p.policy != NoAction && !valid {
			t.Errorf("%+v", p)
		}
		isDMARC(record)
	})
}
