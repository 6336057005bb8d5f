// Package mailauth says of a message that came in over SMTP who really sent it: SPF (RFC 7208), DKIM (RFC 6376, 8301,
// 8463), DMARC (RFC 7489), the client's name (iprev, RFC 8601), and an Authentication-Results field that tells them all.
//
// Verdicts are values, not errors: whatever is wrong with a message, a record or the DNS is a result. The package knows no
// store, no tenant and no SMTP engine, and decides nothing: what becomes of a message is its caller's affair. It gets the
// facts of a session and the octets of a message, and asks the DNS through server/resolver.
package mailauth

import (
	"context"
	"io"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/postroom/postroom/server/resolver"
)

// What a Config holds where it says nothing.
const (
	DefaultMaxSignatures = 10
	DefaultMaxLookups    = 50
	DefaultTimeout       = 20 * time.Second
)

// Bounds that nobody needs to change.
const (
	MaxHeader  = 1 << 20 // octets of a header; of a longer one nothing is taken for authentic
	MaxFields  = 5000    // header fields, likewise
	MaxAuthors = 5       // domains in From that a policy is looked up for
	MaxNames   = 10      // names of an address that are looked at (RFC 7208, 4.6.4)
	MinKeyBits = 1024    // of an RSA key (RFC 8301, 3.2)
	MaxKeyBits = 8192    // likewise: checking a signature takes longer the more there are

	chunk = 64 << 10 // octets of a body in hand at one time

	// reverseTime is for looking at names that an address claims. Whoever connects holds that zone, and may let it be slow.
	reverseTime = 6 * time.Second
)

// Config is what the operator decides. Zero fields but Resolver get the defaults above.
type Config struct {
	Resolver *resolver.Resolver

	MaxSignatures int // of one message that are checked; the others are counted in Verdict.Unchecked

	// MaxLookups bounds what one SPF check may ask the DNS, beyond the limits of RFC 7208, 4.6.4, which allow for some
	// hundred. A message has at most two of these checks, a look-up for each signature, two for each author, and
	// 1 + MaxNames for iprev.
	MaxLookups int

	Timeout time.Duration // for everything together; what is not known by then is temperror

	Clock func() time.Time // tells whether a signature has expired; nil: time.Now
	IntN  func(n int) int  // a random number in [0, n), for pct of a DMARC record; nil: math/rand/v2
}

// Verifier checks messages. Its methods may be called concurrently; goroutines of a check end with it.
type Verifier struct {
	resolver      *resolver.Resolver
	maxSignatures int
	maxLookups    int
	timeout       time.Duration
	clock         func() time.Time
	intN          func(n int) int
}

// New makes a verifier. It starts nothing and asks nobody.
func New(c Config) *Verifier {
	if c.MaxSignatures <= 0 {
		c.MaxSignatures = DefaultMaxSignatures
	}
	if c.MaxLookups <= 0 {
		c.MaxLookups = DefaultMaxLookups
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.IntN == nil {
		c.IntN = rand.IntN
	}
	return &Verifier{
		resolver:      c.Resolver,
		maxSignatures: c.MaxSignatures,
		maxLookups:    c.MaxLookups,
		timeout:       c.Timeout,
		clock:         c.Clock,
		intN:          c.IntN,
	}
}

// Session is what is known of the SMTP transaction.
type Session struct {
	IP     netip.Addr // of the client
	HELO   string     // its name as it gave it, or an address literal
	Sender string     // the reverse-path, "" for the null one
	TLS    string     // version and cipher, "" without; it goes into the verdict as it is
}

// Verify checks a message of size octets, as it came: its own fields of this server must not be in front of it yet. The
// body is read once, in parts. It returns soon after the timeout, or when ctx ends, with what is known by then.
func (v *Verifier) Verify(ctx context.Context, s Session, message io.ReaderAt, size int64) Verdict {
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	verdict := Verdict{TLS: s.TLS}
	h := readHeader(message, size)
	by := h.authors()
	if len(by.addresses) > 0 {
		verdict.From = by.addresses[0]
	}
	var checks sync.WaitGroup
	checks.Go(func() { verdict.SPF = v.checkSPF(ctx, s) })
	checks.Go(func() { verdict.IPRev = v.checkName(ctx, s.IP) })
	policies := make([]published, len(by.domains))
	for i, domain := range by.domains {
		checks.Go(func() { policies[i] = v.policy(ctx, domain) })
	}
	verdict.DKIM, verdict.Unchecked = v.checkSignatures(ctx, h, message, size, by.domains)
	checks.Wait()
	verdict.DMARC, verdict.TemporaryError = v.judge(by, policies, verdict.SPF, verdict.DKIM)
	return verdict
}
