package resolver

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Addresses are those of a host.
type Addresses struct {
	Answer
	IPv4 []netip.Addr
	IPv6 []netip.Addr

	// Partial is the temporary error of one family while the other has answered: there may be addresses that are not here.
	Partial error
}

// Addresses looks up the addresses of a host, A and AAAA. There is at least one if err is nil: that a family has none, or
// could not be looked up, is no error while the other has some. Errors: ErrInvalidName (an IP address is no name),
// ErrNoSuchName, ErrNoRecords, or a temporary one.
func (r *Resolver) Addresses(ctx context.Context, name string) (Addresses, error) {
	if _, err := netip.ParseAddr(name); err == nil {
		return Addresses{}, &Error{Name: name, Type: "A", Err: ErrInvalidName}
	}
	v4, v6, err4, err6 := r.families(ctx, name)
	var found Addresses
	for _, rr := range v4.rrs {
		if addr, ok := netip.AddrFromSlice(rr.(*dns.A).A.To4()); ok {
			found.IPv4 = append(found.IPv4, addr)
		}
	}
	for _, rr := range v6.rrs {
		if addr, ok := netip.AddrFromSlice(rr.(*dns.AAAA).AAAA); ok && !addr.Is4In6() {
			found.IPv6 = append(found.IPv6, addr)
		}
	}
	switch {
	case len(found.IPv4) > 0 && len(found.IPv6) > 0:
		found.Answer = r.answer(v4)
		other := r.answer(v6)
		found.TTL = min(found.TTL, other.TTL)
		found.Authentic = found.Authentic && other.Authentic
	case len(found.IPv4) > 0:
		found.Answer = r.answer(v4)
	case len(found.IPv6) > 0:
		found.Answer = r.answer(v6)
	default:
		return Addresses{}, addressError(name, err4, err6)
	}
	for _, err := range []error{err4, err6} {
		if IsTemporary(err) {
			found.Partial = err
		}
	}
	return found, nil
}

// IPv4 looks up the A records of a name alone, in the order in which the server gives them: at least one if err is nil. It is
// for names that are no hosts, whose addresses are codes (RFC 5782). Errors: as with TXT.
func (r *Resolver) IPv4(ctx context.Context, name string) (Addresses, error) {
	e, err := r.lookup(ctx, name, dns.TypeA)
	if err != nil {
		return Addresses{}, err
	}
	found := Addresses{Answer: r.answer(e)}
	for _, rr := range e.rrs {
		if addr, ok := netip.AddrFromSlice(rr.(*dns.A).A.To4()); ok {
			found.IPv4 = append(found.IPv4, addr)
		}
	}
	return found, nil
}

// families looks up both families at once. When one is there, the other has familyGrace left: there are name servers that
// never answer for one of them (RFC 4074).
func (r *Resolver) families(ctx context.Context, name string) (v4, v6 entry, err4, err6 error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	patience := time.AfterFunc(maxLookup, cancel) // longer than either takes by itself
	defer patience.Stop()
	var both sync.WaitGroup
	both.Go(func() {
		if v4, err4 = r.lookup(ctx, name, dns.TypeA); err4 == nil {
			patience.Reset(r.grace)
		}
	})
	if v6, err6 = r.lookup(ctx, name, dns.TypeAAAA); err6 == nil {
		patience.Reset(r.grace)
	}
	both.Wait()
	return v4, v6, err4, err6
}

// addressError says why there is no address. What could not be looked up might be one, so that it outweighs the rest.
func addressError(name string, errs ...error) error {
	for _, err := range errs {
		if IsTemporary(err) {
			return err
		}
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return &Error{Name: name, Type: "A", Err: ErrNoRecords}
}
