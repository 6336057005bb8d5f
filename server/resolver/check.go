package resolver

import (
	"context"

	"github.com/miekg/dns"
)

// signedZone is a zone that is always there and signed (DNSSEC).
const signedZone = "org"

// Check looks whether names can be looked up at all, and whether the answers are validated with DNSSEC: see Answer.Authentic. Errors: those
// of Records.
func (r *Resolver) Check(ctx context.Context) (validates bool, err error) {
	found, err := r.Records(ctx, signedZone, dns.TypeNS)
	return found.Authentic, err
}
