package resolver

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

func TestWhatDoesNotFitComesOverTCP(t *testing.T) {
	var zone strings.Builder
	for i := range 100 {
		fmt.Fprintf(&zone, "big.test. TXT \"%03d%s\"\n", i, long(60))
	}
	r, zones, _ := setUp(t, zone.String()+"\nsmall.test. TXT x\nforced.test. TXT x\n")
	zones.Truncate("forced.test")
	for name, want := range map[string]struct{ records, queries int }{"big.test": {100, 2}, "small.test": {1, 1}, "forced.test": {1, 2}} {
		found, err := r.TXT(t.Context(), name)
		if err != nil || len(found.Records) != want.records || zones.Queries(name) != want.queries {
			t.Errorf("%s: %d records with %d queries, %v", name, len(found.Records), zones.Queries(name), err)
		}
	}
}

func TestATruncatedAnswerIsNoneWithoutTCP(t *testing.T) {
	r := New(Config{Tries: 1, Servers: []string{answering(t, func(asked *dns.Msg) [][]byte {
		m := reply(t, asked, "a.test. 60 TXT half")
		m.Truncated = true
		return [][]byte{pack(t, m)}
	})}})
	_, err := r.TXT(t.Context(), "a.test")
	check(t, err, nil, true)
}

// Whoever cannot see the question guesses: each of these comes before the answer and is passed over.
func TestAnswersToOtherQuestionsArePassedOver(t *testing.T) {
	for name, forge := range map[string]func(asked, m *dns.Msg) []byte{
		"another id":         func(_, m *dns.Msg) []byte { m.Id++; return pack(t, m) },
		"another name":       func(_, m *dns.Msg) []byte { m.Question[0].Name = "b.test."; return pack(t, m) },
		"another type":       func(_, m *dns.Msg) []byte { m.Question[0].Qtype = dns.TypeA; return pack(t, m) },
		"another class":      func(_, m *dns.Msg) []byte { m.Question[0].Qclass = dns.ClassCHAOS; return pack(t, m) },
		"no question":        func(_, m *dns.Msg) []byte { m.Question = nil; return pack(t, m) },
		"two questions":      func(_, m *dns.Msg) []byte { m.Question = append(m.Question, m.Question[0]); return pack(t, m) },
		"a question back":    func(_, m *dns.Msg) []byte { m.Response = false; return pack(t, m) },
		"another operation":  func(_, m *dns.Msg) []byte { m.Opcode = dns.OpcodeNotify; return pack(t, m) },
		"nothing":            func(*dns.Msg, *dns.Msg) []byte { return nil },
		"noise":              func(*dns.Msg, *dns.Msg) []byte { return []byte("not a message of the DNS") },
		"a header alone":     func(_, m *dns.Msg) []byte { return pack(t, m)[:12] },
		"cut in a record":    func(_, m *dns.Msg) []byte { p := pack(t, m); return p[:len(p)-3] },
		"cut before records": func(asked, m *dns.Msg) []byte { return pack(t, m)[:12+len("\x01a\x04test\x00")+4] },
	} {
		t.Run(name, func(t *testing.T) {
			r := New(Config{Tries: 1, Servers: []string{answering(t, func(asked *dns.Msg) [][]byte {
				forged := forge(asked, reply(t, asked, "a.test. 60 TXT forged"))
				return [][]byte{forged, pack(t, reply(t, asked, "a.test. 60 TXT true"))}
			})}})
			found, err := r.TXT(t.Context(), "a.test")
			if err != nil || len(found.Records) != 1 || found.Records[0] != "true" {
				t.Errorf("%q, %v", found.Records, err)
			}
		})
	}
}

func TestRecordsOfOtherNamesAreNotTaken(t *testing.T) {
	r := New(Config{Tries: 1, Servers: []string{answering(t, func(asked *dns.Msg) [][]byte {
		if asked.Question[0].Name == "victim.test." {
			return [][]byte{pack(t, reply(t, asked, "victim.test. 60 TXT true"))}
		}
		m := reply(t, asked, "victim.test. 60 TXT forged", "A.test. 60 TXT mine", "b.test. 60 CNAME victim.test.", "a.test. 60 CH TXT chaos")
		m.Extra = append(m.Extra, reply(t, asked, "victim.test. 60 TXT forged").Answer...)
		return [][]byte{pack(t, m)}
	})}})
	found, err := r.TXT(t.Context(), "a.test")
	if err != nil || len(found.Records) != 1 || found.Records[0] != "mine" {
		t.Errorf("%q, %v", found.Records, err)
	}
	if found, err := r.TXT(t.Context(), "victim.test"); err != nil || found.Records[0] != "true" {
		t.Errorf("victim: %q, %v", found.Records, err)
	}
}

// A flood of guesses ends over TCP, where guessing does not help.
func TestAFloodOfGuessesIsAnsweredOverTCP(t *testing.T) {
	r, zones, _ := setUp(t, "a.test. TXT true")
	flooder := answering(t, func(asked *dns.Msg) [][]byte {
		m := reply(t, asked, "a.test. 60 TXT forged")
		var guesses [][]byte
		for range maxStrays {
			m.Id++
			guesses = append(guesses, pack(t, m))
		}
		return guesses
	})
	m := new(dns.Msg).SetQuestion("a.test.", dns.TypeTXT)
	if _, err := r.overUDP(t.Context(), flooder, m, pack(t, m)); err != errStrays {
		t.Errorf("got %v", err)
	}
	if got, err := r.overTCP(t.Context(), zones.Addr(), m, pack(t, m)); err != nil || len(got.Answer) != 1 {
		t.Errorf("over TCP: %v, %v", got, err)
	}
}

func TestIDsDoNotRepeatInOrder(t *testing.T) {
	var mu sync.Mutex
	var ids []uint16
	r := New(Config{Tries: 1, Servers: []string{answering(t, func(asked *dns.Msg) [][]byte {
		mu.Lock()
		ids = append(ids, asked.Id)
		mu.Unlock()
		return [][]byte{pack(t, reply(t, asked, asked.Question[0].Name+" 60 TXT x"))}
	})}})
	for i := range 5 {
		if _, err := r.TXT(t.Context(), fmt.Sprintf("%d.test", i)); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	steps := map[uint16]bool{}
	for i := range ids[1:] {
		steps[ids[i+1]-ids[i]] = true
	}
	if len(steps) < 3 { // by chance once in 2^30
		t.Errorf("ids can be foretold: %v", ids)
	}
}

func TestAServerWithoutEDNSIsAskedWithoutIt(t *testing.T) {
	var asks atomic.Int32
	r := New(Config{Tries: 1, Servers: []string{answering(t, func(asked *dns.Msg) [][]byte {
		asks.Add(1)
		if opt := asked.IsEdns0(); opt != nil {
			if opt.UDPSize() != udpSize || opt.Do() || !asked.AuthenticatedData || !asked.RecursionDesired {
				t.Errorf("asked with %v", asked)
			}
			m := reply(t, asked)
			m.Rcode = dns.RcodeFormatError
			m.Question = nil
			return [][]byte{pack(t, m)}
		}
		return [][]byte{pack(t, reply(t, asked, "a.test. 60 TXT old"))}
	})}})
	found, err := r.TXT(t.Context(), "a.test")
	if err != nil || found.Records[0] != "old" || asks.Load() != 2 {
		t.Errorf("%+v, %v after %d questions", found, err, asks.Load())
	}
}

func TestAReferralIsNotAnAnswer(t *testing.T) {
	r := New(Config{Tries: 1, Servers: []string{answering(t, func(asked *dns.Msg) [][]byte {
		m := reply(t, asked)
		m.RecursionAvailable = false
		m.Ns = reply(t, asked, "test. 60 NS ns.test.").Answer
		return [][]byte{pack(t, m)}
	})}})
	_, err := r.TXT(t.Context(), "a.test")
	check(t, err, nil, true)
}

// An MX record without data must not read as one that refuses mail.
func TestARecordWithoutDataIsNone(t *testing.T) {
	r := New(Config{Tries: 1, Servers: []string{answering(t, func(asked *dns.Msg) [][]byte {
		packed := pack(t, reply(t, asked))
		packed[7] = 1 // one answer: the name asked for, type, class, TTL, no data
		packed = append(packed, 0xc0, 12, 0, byte(asked.Question[0].Qtype), 0, 1, 0, 0, 0, 60, 0, 0)
		return [][]byte{packed}
	})}})
	found, err := r.MX(t.Context(), "a.test")
	check(t, err, ErrNoRecords, false)
	if found.NullMX {
		t.Error("it is a null MX")
	}
	_, err = r.Addresses(t.Context(), "a.test")
	check(t, err, ErrNoRecords, false)
}

func TestTheNextServerIsAskedWhenOneFails(t *testing.T) {
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	first := zonetest.Start(t, "a.test. TXT first\nb.test. TXT first\nc.test. TXT first\ne.test. TXT first")
	second := zonetest.Start(t, "a.test. TXT second\nb.test. TXT second\nc.test. TXT second")
	r := New(Config{Servers: []string{first.Addr(), second.Addr()}, Timeout: 50 * time.Millisecond, Tries: 2, Clock: c.Now})
	want := func(name, text string) {
		t.Helper()
		if found, err := r.TXT(t.Context(), name); err != nil || found.Records[0] != text {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
	first.Fail("a.test", zonetest.ServFail)
	want("a.test", "second")
	first.Silence("b.test")
	want("b.test", "second")
	want("c.test", "second") // the first is spared for a while
	if n := first.Queries("c.test"); n != 0 {
		t.Errorf("a server that is down was asked %d times", n)
	}
	c.pass(ailingTime)
	want("e.test", "first")
	if n := second.Queries("e.test"); n != 0 {
		t.Errorf("the second was asked %d times", n)
	}
	first.Fail("d.test", zonetest.ServFail)
	second.Silence("d.test")
	_, err := r.TXT(t.Context(), "d.test")
	check(t, err, nil, true)
	if first.Queries("d.test") != 1 || second.Queries("d.test") != 2 {
		t.Errorf("who fails was asked %d times, who is silent %d times", first.Queries("d.test"), second.Queries("d.test"))
	}
}
