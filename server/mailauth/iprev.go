package mailauth

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"github.com/postroom/postroom/server/resolver"
)

// checkName looks for a name of the client's address that has this address (RFC 8601, 3).
func (v *Verifier) checkName(ctx context.Context, ip netip.Addr) IPRev {
	ip = ip.Unmap().WithZone("")
	if !ip.IsValid() {
		return IPRev{Result: PermError}
	}
	ctx, cancel := context.WithTimeout(ctx, reverseTime)
	defer cancel()
	found, err := v.resolver.PTR(ctx, ip)
	if resolver.IsTemporary(err) {
		return IPRev{Result: TempError, IP: ip}
	}
	if err != nil {
		return IPRev{Result: PermError, IP: ip}
	}
	names := found.Records[:min(len(found.Records), MaxNames)]
	results := make([]Result, len(names))
	var lookups sync.WaitGroup
	for i, name := range names {
		lookups.Go(func() { results[i] = v.leadsTo(ctx, name, ip) })
	}
	lookups.Wait()
	if i := slices.Index(results, Pass); i >= 0 {
		return IPRev{Result: Pass, IP: ip, Name: names[i]}
	}
	if slices.Contains(results, TempError) {
		return IPRev{Result: TempError, IP: ip}
	}
	return IPRev{Result: Fail, IP: ip}
}

func (v *Verifier) leadsTo(ctx context.Context, name string, ip netip.Addr) Result {
	if _, ok := asciiDomain(name); !ok {
		return Fail
	}
	found, err := v.resolver.Addresses(ctx, name)
	switch {
	case resolver.IsTemporary(err):
		return TempError
	case err == nil && (slices.Contains(found.IPv4, ip) || slices.Contains(found.IPv6, ip)):
		return Pass
	case err == nil && found.Partial != nil:
		return TempError
	}
	return Fail
}
