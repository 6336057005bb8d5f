// Package zonetest is a DNS server for tests: it answers on a loopback port, over UDP and TCP, from a zone written as
// text, the way a resolver would that has looked everything up (it follows CNAMEs and says that recursion is available).
// Switches make a name fail, fall silent, get truncated or wait, and the records can change while it runs.
//
// It knows no mail and nothing of who asks. It is for tests only: nothing else may import it.
package zonetest

import (
	"cmp"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Codes for Fail.
const (
	FormErr  = dns.RcodeFormatError
	ServFail = dns.RcodeServerFailure
	Refused  = dns.RcodeRefused
)

// The TTLs of what the zone does not give one: of records without a TTL, and of negative answers without a SOA.
const (
	DefaultTTL  = 300
	NegativeTTL = 300
)

// Server is a running DNS server. Its methods may be called while it answers. Names are written with or without the dot
// at their end, in any case. The switches work on all types of a name unless types are given.
type Server struct {
	t    testing.TB
	addr string
	done chan struct{} // closed when the test ends

	mu        sync.Mutex
	records   map[string][]dns.RR // by owner, canonical
	switches  map[question]action
	counts    map[question]int
	authentic bool
	updates   int
}

// question is a name and a type; type 0 stands for every type.
type question struct {
	name  string
	qtype uint16
}

// action is what a switch does instead of answering, or before it.
type action struct {
	rcode    int             // not 0: answer with this and nothing else
	silent   bool            // do not answer
	truncate bool            // over UDP, say that the answer is too long
	hold     <-chan struct{} // answer when it is closed
}

// Start serves a zone until the test ends. The text is a zone file (RFC 1035, 5), but for two things: a name without a dot at
// its end is absolute too, and each record names its owner, so that lines may be indented. Mistakes in it end the test.
func Start(t testing.TB, zone string) *Server {
	t.Helper()
	s := &Server{
		t: t, done: make(chan struct{}),
		records: map[string][]dns.RR{}, switches: map[question]action{}, counts: map[question]int{},
	}
	for _, rr := range parse(t, zone) {
		owner := dns.CanonicalName(rr.Header().Name)
		s.records[owner] = append(s.records[owner], rr)
	}
	udp, tcp := listen(t)
	s.addr = udp.LocalAddr().String()
	var wg sync.WaitGroup
	secrets := map[string]string{KeyName: KeySecret}
	servers := []*dns.Server{{PacketConn: udp, Handler: s, TsigSecret: secrets, MsgAcceptFunc: acceptAll}, {Listener: tcp, Handler: s, TsigSecret: secrets, MsgAcceptFunc: acceptAll}}
	for _, server := range servers {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		wg.Go(func() {
			if err := server.ActivateAndServe(); err != nil && !errors.Is(err, net.ErrClosed) {
				t.Errorf("serve DNS: %v", err)
			}
		})
		<-started
	}
	t.Cleanup(func() {
		close(s.done)
		for _, server := range servers {
			server.Shutdown()
		}
		wg.Wait()
	})
	return s
}

// Addr is where it answers, over UDP and TCP: "127.0.0.1:port".
func (s *Server) Addr() string { return s.addr }

// Set makes these all the records of a name; with none, the name is gone. Each is a line of a zone file without the name:
// "MX 10 mx.example.", "60 IN A 192.0.2.1".
func (s *Server) Set(name string, records ...string) {
	s.t.Helper()
	owner := dns.CanonicalName(name)
	var text strings.Builder
	for _, r := range records {
		text.WriteString(owner + " " + r + "\n")
	}
	rrs := parse(s.t, text.String())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[owner] = rrs
	if len(rrs) == 0 {
		delete(s.records, owner)
	}
}

// Fail answers for a name with an error code alone: ServFail, Refused, or another of RFC 1035, 4.1.1.
func (s *Server) Fail(name string, rcode int, types ...uint16) {
	s.change(name, types, action{rcode: rcode})
}

// Silence leaves questions about a name unanswered.
func (s *Server) Silence(name string, types ...uint16) { s.change(name, types, action{silent: true}) }

// Truncate answers about a name over UDP with the TC bit and no records, so that it is asked again over TCP.
func (s *Server) Truncate(name string, types ...uint16) {
	s.change(name, types, action{truncate: true})
}

// Hold keeps answers about a name back until release is closed, or the test ends.
func (s *Server) Hold(name string, release <-chan struct{}, types ...uint16) {
	s.change(name, types, action{hold: release})
}

// Restore undoes the switches of a name.
func (s *Server) Restore(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for q := range s.switches {
		if q.name == dns.CanonicalName(name) {
			delete(s.switches, q)
		}
	}
}

// SetAuthentic sets the AD bit of all answers from now on, as a resolver does that has validated them.
func (s *Server) SetAuthentic(authentic bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.authentic = authentic
}

// Queries is how often a name was asked for, over UDP and TCP together; with types, for these alone. What a switch kept
// from being answered counts too.
func (s *Server) Queries(name string, types ...uint16) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for q, count := range s.counts {
		if q.name == dns.CanonicalName(name) && (len(types) == 0 || slices.Contains(types, q.qtype)) {
			n += count
		}
	}
	return n
}

func (s *Server) change(name string, types []uint16, a action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(types) == 0 {
		types = []uint16{0}
	}
	for _, t := range types {
		s.switches[question{dns.CanonicalName(name), t}] = a
	}
}

// ServeDNS answers one question; it is for the server alone.
func (s *Server) ServeDNS(w dns.ResponseWriter, asked *dns.Msg) {
	if asked.Opcode == dns.OpcodeUpdate {
		s.write(w, asked, s.update(w, asked))
		return
	}
	q := question{dns.CanonicalName(asked.Question[0].Name), asked.Question[0].Qtype}
	a := s.note(q)
	if a.hold != nil {
		select {
		case <-a.hold:
		case <-s.done:
			return
		}
	}
	if a.silent {
		return
	}
	reply := s.answer(asked, q)
	if a.rcode != 0 {
		reply.Rcode = a.rcode
		reply.Answer, reply.Ns = nil, nil
	}
	_, overUDP := w.LocalAddr().(*net.UDPAddr)
	if opt := asked.IsEdns0(); opt != nil {
		reply.SetEdns0(opt.UDPSize(), false)
		if overUDP {
			reply.Truncate(max(int(opt.UDPSize()), dns.MinMsgSize))
		}
	} else if overUDP {
		reply.Truncate(dns.MinMsgSize)
	}
	if overUDP && a.truncate {
		reply.Truncated, reply.Answer, reply.Ns = true, nil, nil
	}
	s.write(w, asked, reply)
}

// write answers, signed where the question was.
func (s *Server) write(w dns.ResponseWriter, asked, reply *dns.Msg) {
	if t := asked.IsTsig(); t != nil && w.TsigStatus() == nil {
		reply.SetTsig(t.Hdr.Name, t.Algorithm, t.Fudge, int64(t.TimeSigned))
		reply.Authoritative = true // who signs wants to change zones that are kept here
	}
	w.WriteMsg(reply) // who asked may be gone
}

// note counts a question and finds its switch.
func (s *Server) note(q question) action {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[q]++
	if a, ok := s.switches[q]; ok {
		return a
	}
	return s.switches[question{q.name, 0}]
}

// answer is what the zone says. A chain of CNAMEs is followed as far as it goes, but once around a loop at most.
func (s *Server) answer(asked *dns.Msg, q question) *dns.Msg {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := new(dns.Msg).SetReply(asked)
	reply.RecursionAvailable = true
	reply.AuthenticatedData = s.authentic
	name := q.name
	for seen := map[string]bool{}; !seen[name]; {
		seen[name] = true
		found := false
		next := name
		for _, rr := range s.records[name] {
			switch t := rr.Header().Rrtype; {
			case t == q.qtype:
				reply.Answer = append(reply.Answer, dns.Copy(rr))
				found = true
			case t == dns.TypeCNAME:
				reply.Answer = append(reply.Answer, dns.Copy(rr))
				next = dns.CanonicalName(rr.(*dns.CNAME).Target)
			}
		}
		if found {
			return reply
		}
		if next == name {
			if !s.exists(name) {
				reply.Rcode = dns.RcodeNameError
			}
			reply.Ns = []dns.RR{s.authority(name)}
			return reply
		}
		name = next
	}
	return reply
}

// exists reports whether there is a name, or one below it (RFC 8020).
func (s *Server) exists(name string) bool {
	if len(s.records[name]) > 0 {
		return true
	}
	for owner := range s.records {
		if dns.IsSubDomain(name, owner) {
			return true
		}
	}
	return false
}

// authority is the SOA of the closest zone around a name, or one made up.
func (s *Server) authority(name string) dns.RR {
	for off, end := 0, false; !end; off, end = dns.NextLabel(name, off) {
		for _, rr := range s.records[name[off:]] {
			if rr.Header().Rrtype == dns.TypeSOA {
				return dns.Copy(rr)
			}
		}
	}
	return &dns.SOA{
		Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: NegativeTTL},
		Ns:  "ns.invalid.", Mbox: "postmaster.invalid.", Serial: 1, Refresh: 3600, Retry: 600, Expire: 86400, Minttl: NegativeTTL,
	}
}

func parse(t testing.TB, zone string) []dns.RR {
	t.Helper()
	var text strings.Builder
	for line := range strings.Lines(zone) {
		text.WriteString(strings.TrimLeft(line, " \t"))
	}
	p := dns.NewZoneParser(strings.NewReader(text.String()), ".", "")
	p.SetDefaultTTL(DefaultTTL)
	var rrs []dns.RR
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		rrs = append(rrs, rr)
	}
	if err := p.Err(); err != nil {
		t.Fatalf("zone: %v", err)
	}
	return rrs
}

// listen finds a port that is free for UDP and for TCP.
func listen(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	var failure error
	for range 20 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		if err == nil {
			return udp, tcp
		}
		failure = cmp.Or(failure, err)
		tcp.Close()
	}
	t.Fatalf("no port is free for both UDP and TCP: %v", failure)
	return nil, nil
}
