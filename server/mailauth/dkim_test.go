package mailauth

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

func TestTheSignaturesOfTheRFCsPass(t *testing.T) {
	for _, c := range []struct {
		file string
		want []DKIM
	}{
		{"rfc6376", []DKIM{{Result: Pass, Domain: "example.com", Selector: "brisbane", Algorithm: "rsa-sha256", KeyBits: 1024, start: "AuUoFEfD"}}},
		{"rfc8463", []DKIM{
			{Result: Pass, Domain: "football.example.com", Selector: "brisbane", Algorithm: "ed25519-sha256", KeyBits: 256, start: "/gCrinpc"},
			{Result: Pass, Domain: "football.example.com", Selector: "test", Algorithm: "rsa-sha256", KeyBits: 1024, start: "F45dVWDf"},
		}},
	} {
		zone, message := section(t, "testdata/dkim/"+c.file+".txt")
		message = crlf(message)
		b := setUp(t, zone)
		v := b.verify(t, client, message)
		if fmt.Sprint(v.DKIM) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %+v", c.file, v.DKIM)
		}
		for _, change := range []struct{ old, new string }{
			{"hungry", "thirsty"}, {"dinner", "lunch"}, {"joe@football", "eve@football"}, {"t=1528637909", "t=1528637908"}, {"q=dns/txt", "q=dns/txt;z=a"},
		} {
			changed := strings.Replace(message, change.old, change.new, 1)
			for i, d := range b.verify(t, client, changed).DKIM {
				if changed != message && d.Result == Pass && (i == 0 || change.new == "thirsty") {
					t.Errorf("%s: %s for %s passes", c.file, change.new, change.old)
				}
			}
		}
	}
}

func TestASignatureThatSaysTooLittleDoesNotPass(t *testing.T) {
	b := setUp(t, signerZone(t))
	good := sign(t, letter, dkim.SignOptions{})
	check(t, only(t, b.verify(t, client, good)), Pass, "")
	replace := func(old, new string) string {
		t.Helper()
		changed := strings.Replace(good, old, new, 1)
		if changed == good {
			t.Fatalf("no %q in %s", old, good)
		}
		return changed
	}
	for _, c := range []struct {
		message string
		result  Result
		reason  string
	}{
		{replace("v=1;", "v=2;"), Neutral, "the signature is of an unknown version"},
		{replace("v=1;", ""), Neutral, "the signature has no v= tag"},
		{replace("v=1;", "v=1; v=1;"), Neutral, "the signature is malformed"},
		{replace("v=1;", "v=1; nonsense;"), Neutral, "the signature is malformed"},
		{replace("d=example.test;", "d=exa mple..test;"), Neutral, "d= is no domain"},
		{replace("s=s;", "s=;"), Neutral, "s= is no selector"},
		{replace("a=rsa-sha256;", "a=rsa-sha1;"), PermError, "the algorithm is not supported"},
		{replace("a=rsa-sha256;", "a=ed25519-sha256;"), PermError, "the key is for another algorithm"},
		{replace("c=relaxed/relaxed;", "c=nofws;"), PermError, "the canonicalization is not supported"},
		{replace("v=1;", "v=1; q=dns/other;"), PermError, "the key is not in the DNS"},
		{replace("v=1;", "v=1; l=3;"), Policy, "only a part of the body is signed"},
		{replace("v=1;", "v=1; i=eve@example.net;"), PermError, "i= is not of the domain"},
		{replace("v=1;", "v=1; i=eve@notexample.test;"), PermError, "i= is not of the domain"},
		{replace("v=1;", "v=1; i=a.example.test;"), PermError, "i= is not of the domain"},
		{replace("v=1;", "v=1; i=@A.Example.TEST;"), Fail, "the signature is not of this message"},
		{replace("v=1;", "v=1; x=1799999999;"), Fail, "the signature has expired"},
		{replace("v=1;", "v=1; x=soon;"), Fail, "x= is malformed"},
		{replace(" h=", " h=X"), PermError, "From is not signed"},
		{replace("s=s;", "s=none;"), PermError, "there is no key"},
		{replace("\r\n b=", "\r\n b=?"), Neutral, "b= is malformed"},
		{replace("bh=", "bh=AAAA"), Fail, "the body was changed"},
		{strings.Replace(good, "At one?", "At two?", 1), Fail, "the body was changed"},
		{strings.Replace(good, "Lunch", "Dinner", 1), Fail, "the signature is not of this message"},
	} {
		check(t, only(t, b.verify(t, client, c.message)), c.result, c.reason)
	}
}

func TestAnExpiryIsToldByTheClock(t *testing.T) {
	b := setUp(t, signerZone(t))
	message := sign(t, letter, dkim.SignOptions{Expiration: now.Add(time.Second)})
	check(t, only(t, b.verify(t, client, message)), Pass, "")
	b.clock = func() time.Time { return now.Add(2 * time.Second) }
	check(t, only(t, b.verify(t, client, message)), Fail, "the signature has expired")
}

// The oldest trick: a signature covers the last of several fields, and most readers show the first.
func TestAFieldAddedInFrontOfASignedOneIsSeen(t *testing.T) {
	b := setUp(t, signerZone(t))
	good := sign(t, letter, dkim.SignOptions{})
	for _, name := range []string{"Subject", "To", "Date", "Message-ID", "sUBJECT "} {
		v := b.verify(t, client, name+": other\r\n"+good)
		check(t, only(t, v), Policy, "there is a "+strings.ToLower(strings.TrimSpace(name))+" field that is not signed")
		if v.Authenticated() {
			t.Errorf("%s: authenticated", name)
		}
	}
	oversigned := sign(t, letter, dkim.SignOptions{HeaderKeys: []string{"From", "From", "Subject", "Subject"}})
	check(t, only(t, b.verify(t, client, oversigned)), Pass, "")
	check(t, only(t, b.verify(t, client, "Subject: other\r\n"+oversigned)), Fail, "the signature is not of this message")
	check(t, only(t, b.verify(t, client, "X-Other: other\r\n"+good)), Pass, "")
}

func TestKeysAreHeldToTheirRecords(t *testing.T) {
	k := keys()
	small := "v=DKIM1; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALR+Os3wKp7U0NCuHSyhEbhi/qLKPRzMTJBmX3MUnYiWuUR58RGKOiFRLwUCqDN5yYHfMn3ruSjRHvHpyPq8/k8CAwEAAQ=="
	plain := sign(t, letter, dkim.SignOptions{})
	below := sign(t, letter, dkim.SignOptions{Identifier: "ann@a.example.test"})
	for _, c := range []struct {
		message string
		records []string
		want    DKIM
	}{
		{plain, []string{record(t, k.rsa, "t=y;")}, DKIM{Result: Pass, KeyBits: 2048, Testing: true}},
		{plain, []string{record(t, k.rsa, "t=y:s;")}, DKIM{Result: Pass, KeyBits: 2048, Testing: true}},
		{below, []string{record(t, k.rsa, "")}, DKIM{Result: Pass, KeyBits: 2048}},
		{below, []string{record(t, k.rsa, "t=s;")}, DKIM{Result: PermError, KeyBits: 2048, Reason: "the key is not for subdomains"}},
		{plain, []string{record(t, k.rsa, "h=sha1;")}, DKIM{Result: PermError, Reason: "the key is for another hash"}},
		{plain, []string{record(t, k.rsa, "h=sha1:sha256; s=email;")}, DKIM{Result: Pass, KeyBits: 2048}},
		{plain, []string{record(t, k.rsa, "s=tlsrpt;")}, DKIM{Result: PermError, Reason: "the key is not for mail"}},
		{plain, []string{record(t, k.ed, "")}, DKIM{Result: PermError, Reason: "the key is for another algorithm"}},
		{plain, []string{text("v=DKIM1; p=")}, DKIM{Result: PermError, Reason: "the key is revoked"}},
		{plain, []string{text("v=DKIM1; p=AAAA")}, DKIM{Result: PermError, Reason: "the key is malformed"}},
		{plain, []string{text("v=DKIM1; p=????")}, DKIM{Result: PermError, Reason: "the key is malformed"}},
		{plain, []string{text("v=DKIM2; p=AAAA")}, DKIM{Result: PermError, Reason: "there is no key"}},
		{plain, []string{text("v=spf1 -all"), record(t, k.rsa, "")}, DKIM{Result: Pass, KeyBits: 2048}},
		{plain, []string{record(t, k.rsa, "t=y;"), record(t, k.rsa, "")}, DKIM{Result: PermError, Reason: "there is more than one key"}},
		{plain, []string{text(small)}, DKIM{Result: Fail, KeyBits: 512, Reason: "the key has less than 1024 bits"}},
	} {
		b := setUp(t, "")
		b.zones.Set("s._domainkey.example.test", c.records...)
		got := only(t, b.verify(t, client, c.message))
		c.want.Domain, c.want.Selector, c.want.Algorithm, c.want.start = "example.test", "s", "rsa-sha256", got.start
		if got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.records, got, c.want)
		}
	}
}

// What another implementation has signed passes, whatever the canonical forms, and its verifier agrees about what was
// changed on the way.
func TestItAgreesWithAnotherImplementation(t *testing.T) {
	b := setUp(t, signerZone(t))
	bodies := []string{"", "\r\n", "\r\n\r\n", "a", "a\r\n", "a\r\n\r\n\r\n", " \t\r\n", "a \t b \r\n\r\n  c\r\n", "\r\n a\r\n", "a  ", strings.Repeat("line \r\n", 30000)}
	head := "From: Ann <ann@example.test>\r\nSubject: a  \r\n\t folded  \tone \r\nX: \r\n\r\n"
	for i, body := range bodies {
		for _, c := range []struct{ header, body dkim.Canonicalization }{
			{"simple", "simple"}, {"simple", "relaxed"}, {"relaxed", "simple"}, {"relaxed", "relaxed"},
		} {
			for selector, signer := range map[string]dkim.SignOptions{"s": {Signer: keys().rsa}, "e": {Signer: keys().ed}} {
				signer.Selector, signer.HeaderCanonicalization, signer.BodyCanonicalization = selector, c.header, c.body
				message := sign(t, head+body, signer)
				for j, sent := range []string{
					message, message + "\r\n", message + " \r\n", message + "x\r\n", strings.Replace(message, "folded  \t", "folded ", 1),
					strings.Replace(message, "a \t b", "a b", 1), strings.Replace(message, "Subject:", "subject :", 1),
				} {
					if body == "" && strings.HasSuffix(sent, "x\r\n") {
						continue
					}
					theirs, err := dkim.VerifyWithOptions(strings.NewReader(sent), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
						found, err := b.resolver.TXT(t.Context(), name)
						return found.Records, err
					}})
					if err != nil || len(theirs) != 1 {
						t.Fatal(err, theirs)
					}
					ours := only(t, b.verify(t, client, sent))
					if (ours.Result == Pass) != (theirs[0].Err == nil) {
						t.Errorf("body %d, %v, %s, change %d: ours says %q (%s), theirs %v", i, c, selector, j, ours.Result, ours.Reason, theirs[0].Err)
					}
				}
			}
		}
	}
}

func TestManySignaturesAreBounded(t *testing.T) {
	b := setUp(t, signerZone(t))
	good := sign(t, letter, dkim.SignOptions{})
	junk := strings.Repeat("DKIM-Signature: v=1; a=rsa-sha256; d=junk.test; s=x; h=from; bh=AAAA; b=AAAA\r\n", 100)
	v := b.verify(t, client, junk+good)
	if len(v.DKIM) != DefaultMaxSignatures || v.Unchecked != 91 {
		t.Errorf("%d checked, %d not", len(v.DKIM), v.Unchecked)
	}
	check(t, v.DKIM[len(v.DKIM)-1], Pass, "")
	if n := b.zones.Queries("x._domainkey.junk.test"); n != 1 {
		t.Errorf("the key was asked for %d times", n)
	}
	if !v.Authenticated() {
		t.Error("the author's signature was not found among the others")
	}
}

// sized gives a message that is made while it is read.
type sized struct {
	head string
	fill string
	size int64
	most int // octets that were asked for at once
}

func (s *sized) ReadAt(p []byte, at int64) (int, error) {
	s.most = max(s.most, len(p))
	n := 0
	for n < len(p) && at < s.size {
		text := s.head[min(at, int64(len(s.head))):]
		if text == "" {
			text = s.fill[(at-int64(len(s.head)))%int64(len(s.fill)):]
		}
		text = text[:min(int64(len(text)), s.size-at)]
		copied := copy(p[n:], text)
		n, at = n+copied, at+int64(copied)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func TestALargeMessageTakesLittleMemory(t *testing.T) {
	b := setUp(t, signerZone(t))
	signature := func(body string) string {
		return "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/" + body + "; d=example.test; s=s; h=from; bh=AAAA; b=AAAA\r\n"
	}
	for fill, size := range map[string]int64{"\r\n": 50 << 20, " \t": 10 << 20, "\r": 10 << 20, "a \r\n": 10 << 20} {
		m := &sized{head: signature("simple") + signature("relaxed") + letter, fill: strings.Repeat(fill, 10000), size: size}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		v := b.Verify(t.Context(), client, m, m.size)
		runtime.ReadMemStats(&after)
		if octets := after.TotalAlloc - before.TotalAlloc; octets > 4<<20 {
			t.Errorf("%q: %d octets of memory", fill, octets)
		}
		for _, d := range v.DKIM {
			check(t, d, Fail, "the body was changed")
		}
	}
}

func TestATooLargeHeaderIsNotRead(t *testing.T) {
	b := setUp(t, "_dmarc.example.test. TXT \"v=DMARC1; p=none\"")
	for _, fill := range []string{"X: y\r\n", "a", " \r\n", "\r"} {
		m := &sized{head: "From: ann@example.test\r\nX: ", fill: fill, size: 10 << 20}
		v := b.Verify(t.Context(), client, m, m.size)
		check(t, only(t, v), PermError, "the header is too large")
		if v.DMARC.Result != PermError || v.DMARC.Disposition != Quarantine || v.Authenticated() {
			t.Errorf("%q: %+v", fill, v.DMARC)
		}
		if m.most > MaxHeader+2 {
			t.Errorf("%d octets were read at once", m.most)
		}
	}
}

func TestTooManyFieldsAreNotRead(t *testing.T) {
	b := setUp(t, signerZone(t))
	message := sign(t, letter, dkim.SignOptions{})
	check(t, only(t, b.verify(t, client, strings.Repeat("X: y\r\n", MaxFields-6)+message)), Pass, "")
	check(t, only(t, b.verify(t, client, strings.Repeat("X: y\r\n", MaxFields-5)+message)), PermError, "the header is too large")
}

func FuzzSignature(f *testing.F) {
	for _, value := range []string{
		" v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=AAAA; b=AAAA", "v=1;a=ed25519-sha256;d=a.test;s=s;h=From:from;bh=;b=\r\n AA\tAA ;x=1;t=0",
		" b=a; b=c", ";;;", " v=1; a=rsa-sha256; c=relaxed; d=\xc3\xa4.test; i=@b.a.test; s=s; l=1; q=dns/txt; h=from; bh=AAAA; zb=x; b=AAAA",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		raw := "DKIM-Signature:" + value
		field := newField([]byte(raw), true)
		s, d := parseSignature(field, now)
		if d.Result == Pass || (d.Result == "") != (d.Reason == "") {
			t.Fatalf("%+v", d)
		}
		for _, name := range []string{d.Domain, d.Selector} {
			if again, ok := asciiDomain(name); name != "" && (!ok || again != name) {
				t.Errorf("%q becomes %q", name, again)
			}
		}
		if d.Result != "" {
			return
		}
		if d.Domain == "" || d.Selector == "" || len(s.value) == 0 || !slices.Contains(s.signed, "from") {
			t.Errorf("%+v, %+v", s, d)
		}
		// Without its value the field is the same, but for nothing in b=.
		empty := s.empty()
		if string(empty.raw) != "DKIM-Signature:"+string(empty.value) || len(empty.raw) != len(raw)-(s.end-s.start) {
			t.Errorf("%q becomes %q", raw, empty.raw)
		}
		list, err := parseTags(string(empty.value))
		if b, ok := list.get("b"); err != nil || !ok || b.value != "" {
			t.Errorf("%q has %+v", empty.value, list)
		}
	})
}
