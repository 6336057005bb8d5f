package zonetest

import (
	"encoding/base64"
	"slices"

	"github.com/miekg/dns"
)

// KeyName is the key (TSIG, hmac-sha256) that may change zones by DNS UPDATE (RFC 2136), for which a zone needs a SOA record.
const KeyName = "updates.test."

// KeySecret is its secret, in base64.
var KeySecret = base64.StdEncoding.EncodeToString([]byte("a secret of thirty-two octets!!!"))

// acceptAll takes updates too, which the library refuses otherwise.
func acceptAll(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }

// Updates is how often the zones were changed by DNS UPDATE.
func (s *Server) Updates() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.updates
}

// update makes the changes of a message, all or none (RFC 2136, 3).
func (s *Server) update(w dns.ResponseWriter, asked *dns.Msg) *dns.Msg {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := new(dns.Msg).SetReply(asked)
	zone := dns.CanonicalName(asked.Question[0].Name)
	switch {
	case asked.IsTsig() == nil:
		reply.Rcode = dns.RcodeRefused
	case w.TsigStatus() != nil:
		reply.Rcode = dns.RcodeNotAuth
	case !slices.ContainsFunc(s.records[zone], func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeSOA }):
		reply.Rcode = dns.RcodeNotZone
	default:
		if reply.Rcode = s.unmet(asked.Answer); reply.Rcode == dns.RcodeSuccess {
			s.updates++
			for _, rr := range asked.Ns {
				s.apply(rr)
			}
		}
	}
	return reply
}

// unmet is the code of the first prerequisite that does not hold (RFC 2136, 3.2).
func (s *Server) unmet(prerequisites []dns.RR) int {
	exactly := map[string][]dns.RR{} // sets of records that have to be there
	for _, rr := range prerequisites {
		h := rr.Header()
		name := dns.CanonicalName(h.Name)
		switch {
		case h.Class == dns.ClassNONE && h.Rrtype == dns.TypeANY && len(s.records[name]) > 0:
			return dns.RcodeYXDomain
		case h.Class == dns.ClassNONE && h.Rrtype != dns.TypeANY && len(s.ofType(name, h.Rrtype)) > 0:
			return dns.RcodeYXRrset
		case h.Class == dns.ClassINET:
			exactly[name] = append(exactly[name], rr)
		}
	}
	for name, want := range exactly {
		if got := s.ofType(name, want[0].Header().Rrtype); len(got) != len(want) || slices.ContainsFunc(want, func(rr dns.RR) bool { return indexOf(got, rr) < 0 }) {
			return dns.RcodeNXRrset
		}
	}
	return dns.RcodeSuccess
}

func (s *Server) ofType(name string, kind uint16) (list []dns.RR) {
	for _, rr := range s.records[name] {
		if rr.Header().Rrtype == kind {
			list = append(list, rr)
		}
	}
	return list
}

// apply adds a record or takes it away.
func (s *Server) apply(rr dns.RR) {
	name := dns.CanonicalName(rr.Header().Name)
	i := indexOf(s.records[name], rr)
	switch {
	case rr.Header().Class == dns.ClassNONE && i >= 0:
		if s.records[name] = slices.Delete(s.records[name], i, i+1); len(s.records[name]) == 0 {
			delete(s.records, name)
		}
	case rr.Header().Class == dns.ClassINET && i < 0:
		s.records[name] = append(s.records[name], rr)
	}
}

// indexOf finds a record of the same name, type and content.
func indexOf(list []dns.RR, rr dns.RR) int {
	wanted := dns.Copy(rr)
	wanted.Header().Class = dns.ClassINET
	return slices.IndexFunc(list, func(one dns.RR) bool { return dns.IsDuplicate(one, wanted) })
}
