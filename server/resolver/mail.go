package resolver

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/miekg/dns"
)

// MaxMailHosts is how many hosts Mail gives for a domain: with a host that does not answer for minutes, more would keep a
// delivery busy for hours.
const MaxMailHosts = 16

// MX is one mail exchanger.
type MX struct {
	Host       string // in lower case, without the dot at the end; "" for the root
	Preference uint16 // the lowest is tried first
}

// Exchangers are the MX records of a domain.
type Exchangers struct {
	Answer
	Records []MX // by preference; those of equal preference in random order, another for each call
	NullMX  bool // the one record says that the domain takes no mail (RFC 7505); Records still holds it
}

// MX looks up the MX records of a domain as they are: at least one if err is nil. Errors: ErrInvalidName, ErrNoSuchName,
// ErrNoRecords (see Mail for what that means), or a temporary one.
func (r *Resolver) MX(ctx context.Context, name string) (Exchangers, error) {
	e, err := r.lookup(ctx, name, dns.TypeMX)
	if err != nil {
		return Exchangers{}, err
	}
	found := Exchangers{Answer: r.answer(e)}
	for _, rr := range e.rrs {
		mx := rr.(*dns.MX)
		found.Records = append(found.Records, MX{host(mx.Mx), mx.Preference})
	}
	found.NullMX = len(found.Records) == 1 && found.Records[0].Host == ""
	r.shuffle(found.Records)
	slices.SortStableFunc(found.Records, func(a, b MX) int { return cmp.Compare(a.Preference, b.Preference) })
	return found, nil
}

func (r *Resolver) shuffle(records []MX) {
	for i := len(records) - 1; i > 0; i-- {
		j := r.intN(i + 1)
		records[i], records[j] = records[j], records[i]
	}
}

// Route is who takes the mail of a domain.
type Route struct {
	Answer

	// Hosts are to be tried in this order: at least one, at most MaxMailHosts, each once. They may have no address, or be
	// aliases, which RFC 5321 forbids and senders follow.
	Hosts []MX

	// Implicit says that there is no MX record: the one host is the domain itself, which has an address.
	Implicit bool
}

// Mail finds the hosts that take a domain's mail (RFC 5321, 5.1). Permanent errors: ErrNullMX, ErrNoSuchName,
// ErrNoRecords (neither MX nor address), ErrNoMailHost, ErrInvalidName; all others are temporary. That the MX records could
// not be looked up is never taken for there being none.
func (r *Resolver) Mail(ctx context.Context, domain string) (Route, error) {
	found, err := r.MX(ctx, domain)
	if errors.Is(err, ErrNoRecords) {
		return r.implicit(ctx, domain)
	}
	if err != nil {
		return Route{}, err
	}
	if found.NullMX {
		return Route{}, &Error{Name: domain, Type: "MX", Err: ErrNullMX}
	}
	route := Route{Answer: found.Answer}
	for _, mx := range found.Records {
		if len(route.Hosts) == MaxMailHosts {
			break
		}
		// An address instead of a name, or a null MX among others, is passed over.
		known := slices.ContainsFunc(route.Hosts, func(h MX) bool { return h.Host == mx.Host })
		if !known && isHost(mx.Host) {
			route.Hosts = append(route.Hosts, mx)
		}
	}
	if len(route.Hosts) == 0 {
		return Route{}, &Error{Name: domain, Type: "MX", Err: ErrNoMailHost}
	}
	return route, nil
}

// implicit is the route to a domain without MX records.
func (r *Resolver) implicit(ctx context.Context, domain string) (Route, error) {
	addresses, err := r.Addresses(ctx, domain)
	if err != nil {
		return Route{}, err
	}
	return Route{Answer: addresses.Answer, Hosts: []MX{{Host: host(domain)}}, Implicit: true}, nil
}
