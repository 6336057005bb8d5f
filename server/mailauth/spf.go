package mailauth

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"blitiri.com.ar/go/spf"

	"github.com/postroom/postroom/server/resolver"
)

// checkSPF checks the reverse-path and the name in HELO (RFC 7208, 2.3 and 2.4).
func (v *Verifier) checkSPF(ctx context.Context, s Session) SPF {
	ip := s.IP.Unmap().WithZone("")
	var helo, from HELO
	var both sync.WaitGroup
	both.Go(func() {
		helo = HELO{Result: None, Reason: "the name given in HELO is no domain"}
		if domain, ok := senderDomain(s.HELO); ok {
			helo.Domain = domain
			helo.Result, helo.Reason = v.checkHost(ctx, ip, domain, "postmaster", domain)
		}
	})
	if s.Sender != "" {
		from = HELO{Result: None, Reason: "the reverse-path has no domain"}
		at := strings.LastIndexByte(s.Sender, '@')
		if domain, ok := senderDomain(s.Sender[at+1:]); ok && at >= 0 {
			from.Domain = domain
			from.Result, from.Reason = v.checkHost(ctx, ip, s.HELO, s.Sender[:at], domain)
		}
	}
	both.Wait()
	if s.Sender == "" {
		from = helo
	}
	return SPF{Result: from.Result, Domain: from.Domain, Reason: from.Reason, Null: s.Sender == "", HELO: helo}
}

// SenderQuestion asks whether an address may send mail for a domain, apart from any message.
type SenderQuestion struct {
	IP     netip.Addr
	HELO   string   // what the client says of itself
	Domain string   // of the reverse-path, in A-labels
	Texts  []string // all TXT records of the domain, which are not looked up
}

// CheckSender is what SPF says of mail from an address for a domain whose records the caller knows. What they refer to is
// looked up, bounded as with a message. It returns soon after ctx ends. The reason is as that of SPF.
func CheckSender(ctx context.Context, names *resolver.Resolver, q SenderQuestion) (Result, string) {
	domain, ok := senderDomain(q.Domain)
	if !ok || !q.IP.IsValid() {
		return None, "there is no domain or no address"
	}
	known := map[string][]string{domain: q.Texts}
	return evaluate(ctx, &spfDNS{resolver: names, known: known, left: DefaultMaxLookups}, q.IP.Unmap().WithZone(""), q.HELO, "postmaster", domain)
}

// senderDomain gives a domain that can have a record: one of several labels (RFC 7208, 4.3).
func senderDomain(s string) (string, bool) {
	domain, ok := asciiDomain(s)
	if _, err := netip.ParseAddr(domain); err == nil {
		return "", false
	}
	return domain, ok && strings.Contains(domain, ".")
}

// checkHost is check_host (RFC 7208, 4). local is what is before the at sign.
func (v *Verifier) checkHost(ctx context.Context, ip netip.Addr, helo, local, domain string) (Result, string) {
	if !ip.IsValid() {
		return None, "the client's address is not known"
	}
	// The library takes the domain from behind the first at sign, which a quoted local part may have.
	local = strings.ReplaceAll(local, "@", "_")
	if local == "" {
		local = "postmaster"
	}
	return evaluate(ctx, &spfDNS{resolver: v.resolver, left: v.maxLookups}, ip, helo, local, domain)
}

// evaluate is check_host over the DNS of one check.
func evaluate(ctx context.Context, names *spfDNS, ip netip.Addr, helo, local, domain string) (Result, string) {
	result, err := spf.CheckHostWithSender(ip.AsSlice(), helo, local+"@"+domain, spf.WithContext(ctx), spf.WithResolver(names))
	switch {
	case names.cut: // what was not known by then might have matched
		return TempError, "the time did not suffice"
	case names.spent:
		return PermError, "too many look-ups"
	}
	return Result(result), spfReason(err)
}

// spfReason is the library's word for what matched or went wrong, without what servers have said.
func spfReason(err error) string {
	var failure *net.DNSError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &failure) && failure.IsTemporary:
		return "a look-up of " + failure.Name + " failed"
	case errors.As(err, &failure):
		return "there is no " + failure.Name
	}
	return err.Error()
}

// spfDNS is the DNS of one check, which asks one thing after the other.
type spfDNS struct {
	resolver *resolver.Resolver
	known    map[string][]string // texts that are not looked up, by canonical name
	left     int                 // look-ups
	spent    bool                // there were too many
	cut      bool                // the time was over before a look-up was

	// Names that the client's address claims, and until when they are looked at.
	claimed map[string]bool
	until   time.Time
}

var errSpent = errors.New("too many look-ups")

// failed turns an error of the resolver into what the library knows: not found, or temporary.
func (d *spfDNS) failed(ctx context.Context, name string, err error) error {
	temporary := resolver.IsTemporary(err)
	d.cut = d.cut || temporary && ctx.Err() != nil
	return &net.DNSError{Err: "look-up failed", Name: name, IsTemporary: temporary, IsNotFound: !temporary}
}

func (d *spfDNS) spend() error {
	if d.left == 0 {
		d.spent = true
		return errSpent
	}
	d.left--
	return nil
}

// LookupTXT gives the texts of a name that may have a record. A record with a mistake anywhere in it is an error, though the
// library would stop at the first match (RFC 7208, 4.6).
func (d *spfDNS) LookupTXT(ctx context.Context, name string) ([]string, error) {
	if err := d.spend(); err != nil {
		return nil, err
	}
	texts, known := d.known[strings.ToLower(strings.TrimSuffix(name, "."))]
	if !known {
		found, err := d.resolver.TXT(ctx, name)
		if err != nil {
			return nil, d.failed(ctx, name, err)
		}
		texts = found.Records
	}
	for _, record := range texts {
		if isSPF(record) && !validSPF(record) {
			return nil, errRecord
		}
	}
	return texts, nil
}

// LookupMX gives the mail exchangers of a name.
func (d *spfDNS) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	if err := d.spend(); err != nil {
		return nil, err
	}
	found, err := d.resolver.MX(ctx, name)
	if err != nil {
		return nil, d.failed(ctx, name, err)
	}
	var list []*net.MX
	for _, mx := range found.Records {
		list = append(list, &net.MX{Host: mx.Host, Pref: mx.Preference})
	}
	return list, nil
}

// LookupIPAddr gives the addresses of a host.
func (d *spfDNS) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	if err := d.spend(); err != nil {
		return nil, err
	}
	inner := ctx
	if d.claimed[host] {
		var cancel context.CancelFunc
		inner, cancel = context.WithDeadline(ctx, d.until)
		defer cancel()
	}
	found, err := d.resolver.Addresses(inner, host)
	if err == nil && found.Partial != nil { // what is missing could be what matches: never a fail for a failure
		err = found.Partial
	}
	if err != nil {
		return nil, d.failed(ctx, host, err)
	}
	var list []net.IPAddr
	for _, addresses := range [][]netip.Addr{found.IPv4, found.IPv6} {
		for _, a := range addresses {
			list = append(list, net.IPAddr{IP: a.AsSlice()})
		}
	}
	return list, nil
}

// LookupAddr gives the names that an address claims. That they cannot be looked up means no match and not temperror
// (RFC 7208, 5.5), or whoever connects could choose between the two.
func (d *spfDNS) LookupAddr(ctx context.Context, address string) ([]string, error) {
	if err := d.spend(); err != nil {
		return nil, err
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return nil, err
	}
	d.until = time.Now().Add(reverseTime)
	inner, cancel := context.WithDeadline(ctx, d.until)
	defer cancel()
	found, err := d.resolver.PTR(inner, ip)
	if err != nil {
		return nil, d.failed(ctx, address, err)
	}
	d.claimed = map[string]bool{}
	for _, name := range found.Records {
		d.claimed[name] = true
	}
	return found.Records, nil
}
