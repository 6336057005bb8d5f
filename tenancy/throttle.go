package tenancy

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
)

// Failed logins. Each pair of a source and a user may fail a few times, and each source some more for all users together;
// then one more try comes free with each interval. A source is an IPv4 address or an IPv6 network of 64 bits.
const (
	MaxFailedLogins         = 10
	MaxFailedLoginsOfSource = 100
	FailedLoginInterval     = 30 * time.Second

	maxFailureCounts = 100_000 // counts that are kept; beyond it the oldest half is forgotten
)

// failures counts failed logins. The zero value is ready.
type failures struct {
	mu     sync.Mutex
	counts map[failureKey]failureCount
}

type failureKey struct {
	source netip.Prefix
	user   string // "" for the source as a whole
}

// failureCount is a number of failures that shrinks by one with each interval.
type failureCount struct {
	n  int
	at time.Time // as of then
}

func (c failureCount) now(t time.Time) failureCount {
	passed := int(t.Sub(c.at) / FailedLoginInterval)
	if passed <= 0 {
		return c
	}
	return failureCount{max(c.n-passed, 0), c.at.Add(time.Duration(passed) * FailedLoginInterval)}
}

func failureKeys(user string, from netip.Addr) map[failureKey]int {
	bits := 32
	if from.Is6() {
		bits = 64
	}
	source, _ := from.Prefix(bits) // the zero Addr gives the zero Prefix, a source like any other
	user = strings.ToLower(user)
	if len(user) > maxAddress {
		user = user[:maxAddress]
	}
	return map[failureKey]int{{source, user}: MaxFailedLogins, {source, ""}: MaxFailedLoginsOfSource}
}

// maxAddress bounds what is remembered of a user's name, in octets (RFC 5321, 4.5.3.1.3).
const maxAddress = 256

// refuse fails if there were too many failures. It says when to come again.
func (f *failures) refuse(user string, from netip.Addr, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k, most := range failureKeys(user, from) {
		if c := f.counts[k].now(now); c.n >= most {
			wait := c.at.Add(FailedLoginInterval).Sub(now)
			e := fault.New(fault.Exhausted, "too_many_failed_logins", "Too many failed logins; try again in %d seconds.", int(wait/time.Second)+1)
			e.RetryAfter = wait
			return e
		}
	}
	return nil
}

func (f *failures) note(user string, from netip.Addr, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts == nil {
		f.counts = map[failureKey]failureCount{}
	}
	if len(f.counts) >= maxFailureCounts {
		f.forget(now)
	}
	for k := range failureKeys(user, from) {
		c, known := f.counts[k]
		if c = c.now(now); !known || c.n == 0 {
			c.at = now
		}
		c.n++
		f.counts[k] = c
	}
}

// forget makes room: what has passed goes, and if that is not enough, what has failed least.
func (f *failures) forget(now time.Time) {
	for least := 0; len(f.counts) >= maxFailureCounts/2 && least <= MaxFailedLoginsOfSource; least++ {
		for k, c := range f.counts {
			if c.now(now).n <= least {
				delete(f.counts, k)
			}
		}
	}
}
