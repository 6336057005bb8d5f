// Package authtest is a set of authoritative name servers for tests, each with content of its own: they delegate, refer, follow
// aliases within their zones, answer by wildcards, and can be lame, slow, silent or wrong. Beside them is a recursive server
// that knows what the first of them says.
//
// All servers have one port, at addresses of 127.0.0.0/8. The package knows no mail. It is for tests only: nothing else may import
// it.
package authtest

import (
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

// defaultTTL is that of records that have none.
const defaultTTL = 300

// World is a set of running name servers.
type World struct {
	t       testing.TB
	port    uint16
	servers map[string]*Server // by address
}

// Server is one of them. Its methods may be called while it answers.
type Server struct {
	done  <-chan struct{}
	asked chan struct{} // closed with the first question

	mu       sync.Mutex
	records  map[string][]dns.RR // by owner, canonical
	zones    []string            // owners of SOA records
	failures map[string]int      // codes by canonical name, "." for all
	silent   map[string]bool     // likewise
	lame     bool
	truncate bool
	hold     <-chan struct{}
	count    int
	recursed bool // a question asked for recursion
}

// Start serves zones until the test ends: texts by loopback address, such as "127.0.0.11". A text is a zone file of absolute
// names in which each record names its owner; a server is the authority for each name that has a SOA record. Lines that begin
// with ";@" are switches: "silent", "servfail", "refused", each with a name or for all; "lame", which answers without authority
// and without records; "truncate", which answers over TCP alone.
func Start(t testing.TB, zones map[string]string) *World {
	t.Helper()
	w := &World{t: t, servers: map[string]*Server{}}
	done := make(chan struct{})
	for addr, text := range zones {
		w.servers[addr] = newServer(t, text, done)
	}
	addrs := slices.Sorted(maps.Keys(zones))
	udp, tcp := listen(t, addrs)
	w.port = uint16(udp[0].LocalAddr().(*net.UDPAddr).Port)
	var all sync.WaitGroup
	var running []*dns.Server
	for i, addr := range addrs {
		for _, one := range []*dns.Server{{PacketConn: udp[i], Handler: w.servers[addr]}, {Listener: tcp[i], Handler: w.servers[addr]}} {
			started := make(chan struct{})
			one.NotifyStartedFunc = func() { close(started) }
			all.Go(func() {
				if err := one.ActivateAndServe(); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Errorf("serve DNS: %v", err)
				}
			})
			<-started
			running = append(running, one)
		}
	}
	t.Cleanup(func() {
		close(done)
		for _, one := range running {
			one.Shutdown()
		}
		all.Wait()
	})
	return w
}

func newServer(t testing.TB, text string, done <-chan struct{}) *Server {
	t.Helper()
	s := &Server{done: done, asked: make(chan struct{}), records: map[string][]dns.RR{}, failures: map[string]int{}, silent: map[string]bool{}}
	for line := range strings.Lines(text) {
		if words, is := strings.CutPrefix(strings.TrimSpace(line), ";@"); is {
			s.turn(t, strings.Fields(words))
		}
	}
	p := dns.NewZoneParser(strings.NewReader(text), ".", "")
	p.SetDefaultTTL(defaultTTL)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		owner := dns.CanonicalName(rr.Header().Name)
		s.records[owner] = append(s.records[owner], rr)
		if rr.Header().Rrtype == dns.TypeSOA {
			s.zones = append(s.zones, owner)
		}
	}
	if err := p.Err(); err != nil {
		t.Fatalf("zone: %v", err)
	}
	return s
}

// turn obeys a switch in the text.
func (s *Server) turn(t testing.TB, words []string) {
	t.Helper()
	name := "."
	if len(words) == 2 {
		name = dns.CanonicalName(words[1])
	}
	switch words[0] {
	case "silent":
		s.silent[name] = true
	case "servfail":
		s.failures[name] = dns.RcodeServerFailure
	case "refused":
		s.failures[name] = dns.RcodeRefused
	case "lame":
		s.lame = true
	case "truncate":
		s.truncate = true
	default:
		t.Fatalf("%q is no switch", words[0])
	}
}

// Port is where all servers answer, over UDP and TCP.
func (w *World) Port() uint16 { return w.port }

// Server gives the server at an address.
func (w *World) Server(addr string) *Server {
	w.t.Helper()
	s := w.servers[addr]
	if s == nil {
		w.t.Fatalf("there is no server at %s", addr)
	}
	return s
}

// Recursive starts a recursive server that knows, of each zone, what the first server says that has it, and more: a text as of
// zonetest. It knows no wildcards, and nothing of what is switched.
func (w *World) Recursive(more string) *zonetest.Server {
	w.t.Helper()
	var b strings.Builder
	known := map[string]bool{}
	written := map[string]bool{}
	for _, addr := range slices.Sorted(maps.Keys(w.servers)) {
		s := w.servers[addr]
		for owner, rrs := range s.records {
			if zone := s.zoneOf(owner); zone == "" || known[zone] {
				continue
			}
			for _, rr := range rrs {
				if line := rr.String(); !written[line] {
					written[line] = true
					b.WriteString(line + "\n")
				}
			}
		}
		for _, zone := range s.zones {
			known[zone] = true
		}
	}
	return zonetest.Start(w.t, b.String()+more)
}

// Hold keeps all answers back until release is closed, or the test ends.
func (s *Server) Hold(release <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = release
}

// Queries is how often the server was asked.
func (s *Server) Queries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Asked is closed when the server has got a question.
func (s *Server) Asked() <-chan struct{} { return s.asked }

// Recursed reports whether a question asked for recursion, which is not for an authority.
func (s *Server) Recursed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.recursed
}

// ServeDNS answers one question; it is for the server alone.
func (s *Server) ServeDNS(w dns.ResponseWriter, asked *dns.Msg) {
	name := dns.CanonicalName(asked.Question[0].Name)
	s.mu.Lock()
	if s.count++; s.count == 1 {
		close(s.asked)
	}
	s.recursed = s.recursed || asked.RecursionDesired
	hold := s.hold
	s.mu.Unlock()
	if s.silent[name] || s.silent["."] {
		return
	}
	if hold != nil {
		select {
		case <-hold:
		case <-s.done:
			return
		}
	}
	reply := s.answer(asked, name)
	_, overUDP := w.LocalAddr().(*net.UDPAddr)
	size := dns.MinMsgSize
	if opt := asked.IsEdns0(); opt != nil {
		reply.SetEdns0(opt.UDPSize(), false)
		size = max(int(opt.UDPSize()), size)
	}
	if overUDP {
		reply.Truncate(size)
		if s.truncate {
			reply.Truncated, reply.Answer, reply.Ns = true, nil, nil
		}
	}
	w.WriteMsg(reply) // who asked may be gone
}

func (s *Server) answer(asked *dns.Msg, name string) *dns.Msg {
	reply := new(dns.Msg).SetReply(asked)
	code, fails := s.failures[name]
	if !fails {
		code, fails = s.failures["."]
	}
	switch {
	case fails:
		reply.Rcode = code
	case s.lame:
	case s.zoneOf(name) == "":
		reply.Rcode = dns.RcodeRefused
	default:
		s.say(reply, name, asked.Question[0].Qtype)
	}
	return reply
}

// say answers with authority, or refers to who has it.
func (s *Server) say(reply *dns.Msg, name string, qtype uint16) {
	for range 20 { // links of a chain
		zone := s.zoneOf(name)
		if zone == "" {
			return // the alias leads elsewhere
		}
		if cut := s.cut(name, zone); cut != "" {
			s.refer(reply, cut)
			return
		}
		reply.Authoritative = true
		rrs, exists := s.at(name, zone)
		next := ""
		found := false
		for _, rr := range rrs {
			if rr.Header().Rrtype == qtype {
				reply.Answer = append(reply.Answer, rr)
				found = true
			} else if alias, ok := rr.(*dns.CNAME); ok {
				reply.Answer = append(reply.Answer, rr)
				next = dns.CanonicalName(alias.Target)
			}
		}
		if found {
			return
		}
		if next == "" {
			if !exists {
				reply.Rcode = dns.RcodeNameError
			}
			reply.Ns = append(reply.Ns, s.soa(zone))
			return
		}
		name = next
	}
}

// at gives the records of a name, or those of a wildcard as if they were its own (RFC 4592).
func (s *Server) at(name, zone string) (rrs []dns.RR, exists bool) {
	if s.exists(name) {
		return s.records[name], true
	}
	for above := parent(name); dns.IsSubDomain(zone, above); above = parent(above) {
		for _, rr := range s.records["*."+above] {
			own := dns.Copy(rr)
			own.Header().Name = name
			rrs = append(rrs, own)
		}
		if len(rrs) > 0 {
			return rrs, true
		}
		if s.exists(above) || above == zone {
			break
		}
	}
	return nil, false
}

// exists reports whether there is a name, or one below it (RFC 8020).
func (s *Server) exists(name string) bool {
	for owner := range s.records {
		if dns.IsSubDomain(name, owner) {
			return true
		}
	}
	return false
}

// zoneOf is the closest zone around a name that the server has, "" if there is none.
func (s *Server) zoneOf(name string) (best string) {
	for _, zone := range s.zones {
		if dns.IsSubDomain(zone, name) && len(zone) > len(best) {
			best = zone
		}
	}
	return best
}

// cut is the name at or above a name, below the zone, that is delegated to others.
func (s *Server) cut(name, zone string) string {
	for at := name; at != zone && dns.IsSubDomain(zone, at); at = parent(at) {
		if slices.ContainsFunc(s.records[at], func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeNS }) {
			return at
		}
	}
	return ""
}

func (s *Server) refer(reply *dns.Msg, cut string) {
	for _, rr := range s.records[cut] {
		ns, ok := rr.(*dns.NS)
		if !ok {
			continue
		}
		reply.Ns = append(reply.Ns, rr)
		for _, glue := range s.records[dns.CanonicalName(ns.Ns)] {
			if t := glue.Header().Rrtype; t == dns.TypeA || t == dns.TypeAAAA {
				reply.Extra = append(reply.Extra, glue)
			}
		}
	}
}

func (s *Server) soa(zone string) dns.RR {
	i := slices.IndexFunc(s.records[zone], func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeSOA })
	return s.records[zone][i]
}

// parent is a name without its first label.
func parent(name string) string {
	next, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[next:]
}

// listen finds a port that is free at all addresses, for UDP and for TCP.
func listen(t testing.TB, addrs []string) (udp []net.PacketConn, tcp []net.Listener) {
	t.Helper()
	var failure error
	for range 20 {
		port := uint16(0)
		udp, tcp, failure = nil, nil, nil
		for _, addr := range addrs {
			at := netip.AddrPortFrom(netip.MustParseAddr(addr), port).String()
			l, err := net.Listen("tcp", at)
			if err != nil {
				failure = err
				break
			}
			tcp = append(tcp, l)
			port = uint16(l.Addr().(*net.TCPAddr).Port)
			p, err := net.ListenPacket("udp", l.Addr().String())
			if err != nil {
				failure = err
				break
			}
			udp = append(udp, p)
		}
		if failure == nil {
			return udp, tcp
		}
		for _, l := range tcp {
			l.Close()
		}
		for _, p := range udp {
			p.Close()
		}
	}
	t.Fatalf("no port is free at %v: %v", addrs, failure)
	return nil, nil
}
