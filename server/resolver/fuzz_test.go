package resolver

import (
	"encoding/binary"
	"testing"

	"github.com/miekg/dns"
)

// Whatever a server sends, what is taken from it belongs to the question.
func FuzzAnswer(f *testing.F) {
	seed := func(records ...string) {
		asked := new(dns.Msg).SetQuestion("a.test.", dns.TypeMX)
		m := new(dns.Msg).SetReply(asked)
		for _, text := range records {
			rr, err := dns.NewRR(text)
			if err != nil {
				f.Fatal(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	seed()
	seed("a.test. 60 MX 10 b.test.", "a.test. 60 MX 0 .")
	seed("a.test. 60 CNAME b.test.", "b.test. 60 CNAME a.test.")
	seed("a.test. 60 CNAME c.test.", `c.test. 30 MX 1 \000\\.test.`)
	f.Fuzz(func(t *testing.T, packed []byte) {
		m := new(dns.Msg).SetQuestion("a.test.", dns.TypeMX)
		if len(packed) >= headerSize {
			m.Id = binary.BigEndian.Uint16(packed)
		}
		reply := match(m, packed)
		if reply == nil {
			return
		}
		c := chain{name: "a.test.", qtype: dns.TypeMX, ttl: MaxTTL}
		if err := c.read(reply); err != nil {
			return
		}
		if c.ttl < 0 || c.ttl > MaxTTL || c.aliases > MaxCNAMEs {
			t.Errorf("%+v", c)
		}
		for _, rr := range c.rrs {
			if isHost(host(rr.(*dns.MX).Mx)) {
				if _, err := canonicalName(rr.(*dns.MX).Mx); err != nil {
					t.Errorf("%q is a host but no name", rr)
				}
			}
			if dns.CanonicalName(rr.Header().Name) != c.name {
				t.Errorf("%v is not of %s", rr, c.name)
			}
		}
		authority(reply)
	})
}
