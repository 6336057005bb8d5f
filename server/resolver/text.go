package resolver

import (
	"context"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// Texts are TXT records.
type Texts struct {
	Answer
	Records []string // octets, the strings of one record joined without anything between
}

// TXT looks up the texts of a name, in the order in which the server gives them: at least one if err is nil. Errors:
// ErrInvalidName, ErrNoSuchName, ErrNoRecords, or a temporary one.
func (r *Resolver) TXT(ctx context.Context, name string) (Texts, error) {
	e, err := r.lookup(ctx, name, dns.TypeTXT)
	if err != nil {
		return Texts{}, err
	}
	found := Texts{Answer: r.answer(e)}
	for _, rr := range e.rrs {
		found.Records = append(found.Records, Text(rr.(*dns.TXT)))
	}
	return found, nil
}

// Text gives the octets of a TXT record, its strings joined without anything between.
func Text(rr *dns.TXT) string { return unescape(strings.Join(rr.Txt, "")) }

// Names are PTR records.
type Names struct {
	Answer
	Records []string // in lower case, without the dot at the end
}

// PTR looks up the names of an IP address. Whoever holds the address writes them: a name counts only if one of its own
// addresses is this one. Errors: as with TXT.
func (r *Resolver) PTR(ctx context.Context, addr netip.Addr) (Names, error) {
	name, err := dns.ReverseAddr(addr.Unmap().WithZone("").String())
	if err != nil {
		return Names{}, &Error{Name: addr.String(), Type: "PTR", Err: ErrInvalidName}
	}
	e, err := r.lookup(ctx, name, dns.TypePTR)
	if err != nil {
		return Names{}, err
	}
	found := Names{Answer: r.answer(e)}
	for _, rr := range e.rrs {
		found.Records = append(found.Records, host(rr.(*dns.PTR).Ptr))
	}
	return found, nil
}
