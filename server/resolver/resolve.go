package resolver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/miekg/dns"
)

// resolve finds what the DNS says about a question, following aliases, and remembers it.
func (r *Resolver) resolve(ctx context.Context, q question) entry {
	if e, known := r.cache.get(q, r.clock()); known { // found since the caller looked
		return e
	}
	c := chain{name: q.name, qtype: q.qtype, ttl: MaxTTL, authentic: true}
	err := r.follow(ctx, &c)
	e := entry{rrs: c.rrs, name: c.name, authentic: c.authentic}
	if err != nil {
		permanent := errors.Is(err, ErrNoSuchName) || errors.Is(err, ErrNoRecords)
		if !permanent {
			c.ttl = FailureTTL
		}
		e = entry{err: &Error{Name: host(q.name), Type: typeName(q.qtype), Err: err, temporary: !permanent}}
	}
	e.expires = r.clock().Add(c.ttl)
	if c.ttl > 0 && !errors.Is(ctx.Err(), context.Canceled) { // what was broken off says nothing
		r.cache.put(q, e)
	}
	return e
}

// chain is how far a look-up has come.
type chain struct {
	name      string // the alias that was reached
	qtype     uint16
	aliases   int
	rrs       []dns.RR
	ttl       time.Duration // the least of all links, or that of the negative answer
	authentic bool          // all links are
}

// follow asks until there are records at the end of the chain, or it is known that there are none.
func (r *Resolver) follow(ctx context.Context, c *chain) error {
	for {
		msg, authentic, err := r.query(ctx, question{c.name, c.qtype})
		if err != nil {
			return err
		}
		c.authentic = c.authentic && authentic
		before := c.aliases
		if err := c.read(msg); err != nil {
			return err
		}
		if len(c.rrs) > 0 && msg.Rcode == dns.RcodeSuccess {
			return nil
		}
		soa, referral := authority(msg)
		switch {
		case msg.Rcode == dns.RcodeNameError:
			c.ttl = negativeTTL(soa)
			return ErrNoSuchName
		case soa == nil && c.aliases > before: // a server that leaves the rest of the chain to us
			continue
		case soa == nil && referral:
			return errReferral
		}
		c.ttl = negativeTTL(soa)
		return ErrNoRecords
	}
}

// errReferral is the answer of a server that is not recursive: it knows who knows. That there are no records is not said.
var errReferral = errors.New("the server does not look names up for us")

// read takes the links of the chain and the records at its end from an answer, in whatever order they stand there. What
// belongs to other names is left alone.
func (c *chain) read(msg *dns.Msg) error {
	for {
		var alias *dns.CNAME
		for _, rr := range msg.Answer {
			h := rr.Header()
			if h.Class != dns.ClassINET || h.Rdlength == 0 || dns.CanonicalName(h.Name) != c.name {
				continue
			}
			if h.Rrtype == c.qtype {
				c.rrs = append(c.rrs, rr)
				c.ttl = min(c.ttl, ttl(h.Ttl))
			} else if a, ok := rr.(*dns.CNAME); ok {
				alias = a
			}
		}
		if len(c.rrs) > 0 || alias == nil {
			return nil
		}
		if c.aliases++; c.aliases > MaxCNAMEs {
			return fmt.Errorf("%w from %s on", ErrCNAMELoop, host(c.name))
		}
		c.ttl = min(c.ttl, ttl(alias.Hdr.Ttl))
		c.name = dns.CanonicalName(alias.Target)
	}
}

// authority is the SOA of a negative answer, nil if there is none, and whether other servers are named there.
func authority(msg *dns.Msg) (soa *dns.SOA, referral bool) {
	for _, rr := range msg.Ns {
		switch rr := rr.(type) {
		case *dns.SOA:
			soa = rr
		case *dns.NS:
			referral = true
		}
	}
	return soa, referral
}

// negativeTTL is how long a negative answer holds (RFC 2308, 5). Without a SOA it should not be kept at all; some seconds
// keep a broken zone from being asked for each message.
func negativeTTL(soa *dns.SOA) time.Duration {
	if soa == nil {
		return FailureTTL
	}
	return min(ttl(soa.Hdr.Ttl), ttl(soa.Minttl), MaxNegativeTTL)
}

// ttl reads a TTL; with its highest bit set it is zero (RFC 2181, 8).
func ttl(seconds uint32) time.Duration {
	if seconds > 1<<31-1 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
