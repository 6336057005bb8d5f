package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

// dispatch works on names when they are due, until ctx ends; then it waits for those that are worked on.
func (c *Certs) dispatch(ctx context.Context, a *authority) {
	ends := make(chan class)
	var running [classes]int
	total := 0
	for {
		for total < maxAttempts {
			s := c.take(running[freshNames] < maxFreshAttempts)
			if s == nil {
				break
			}
			kind := s.class
			running[kind]++
			total++
			go func() {
				c.settle(ctx, s, c.attempt(ctx, a, s))
				ends <- kind
			}()
		}
		var due <-chan time.Time
		if total < maxAttempts {
			due = time.After(c.untilDue(running[freshNames] < maxFreshAttempts))
		}
		select {
		case kind := <-ends:
			running[kind]--
			total--
		case <-c.wake:
		case <-due:
		case <-ctx.Done():
			for ; total > 0; total-- {
				<-ends
			}
			return
		}
	}
}

// take gives the name that goes first of those that are due, nil if there is none.
func (c *Certs) take(fresh bool) *subject {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Before(c.rest.until) {
		return nil
	}
	for kind := range c.queues {
		s := c.queues[kind].first()
		if s == nil || s.due.After(now) || class(kind) == freshNames && !fresh {
			continue
		}
		c.queues[kind].remove(s)
		s.busy = true
		return s
	}
	return nil
}

// maxSleep is how long the dispatcher sleeps when nothing is due: a clock that is set is noticed.
const maxSleep = time.Hour

// untilDue is how long nothing is due.
func (c *Certs) untilDue(fresh bool) time.Duration {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	until := now.Add(maxSleep)
	for kind := range c.queues {
		s := c.queues[kind].first()
		if s != nil && s.due.Before(until) && (class(kind) != freshNames || fresh) {
			until = s.due
		}
	}
	if until.Before(c.rest.until) {
		until = c.rest.until
	}
	return max(until.Sub(now), 0)
}

// outcome is what came of an attempt. All zero: the certificate is still good.
type outcome struct {
	cert    *tls.Certificate
	renewAt time.Time     // when the authority wants it renewed; zero: it did not say
	wait    time.Duration // not 0: so long no order may be made
	refused error         // by Allow
	err     error
}

// attempt looks after a name whose time has come.
func (c *Certs) attempt(ctx context.Context, a *authority, s *subject) (o outcome) {
	c.mu.Lock()
	held, kind, renewAt := s.held, s.class, s.renewAt
	c.mu.Unlock()
	if held {
		if o.renewAt = c.wanted(ctx, a, s.name); !o.renewAt.IsZero() {
			renewAt = o.renewAt
		}
		if c.now().Before(renewAt) {
			return o
		}
	}
	if !s.own {
		if o.refused = c.allow(ctx, s.name); o.refused != nil {
			return o
		}
	}
	c.mu.Lock()
	o.wait = c.orders.take(c.now(), [classes]int{ownNames: 0, renewals: renewalOrders, freshNames: freshOrders}[kind])
	c.mu.Unlock()
	if o.wait > 0 {
		return o
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	if o.err = a.order(ctx, s.name, s.own, held); o.err == nil {
		o.cert, o.err = c.store.load(s.name)
	}
	return o
}

func (c *Certs) allow(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, allowTimeout)
	defer cancel()
	return c.cfg.Allow(ctx, name)
}

// wanted is when the authority wants a certificate renewed, zero if it does not say. It can bring the time forward, and move it
// back by half of what is left then.
func (c *Certs) wanted(ctx context.Context, a *authority, name string) time.Time {
	cert, err := c.store.load(name)
	if err != nil {
		return time.Time{}
	}
	at, err := a.renewal(ctx, cert)
	if err != nil {
		c.log.Debug("the authority does not say when to renew", "name", name, "err", err)
		return time.Time{}
	}
	leaf := cert.Leaf
	if latest := leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / 6); at.After(latest) {
		return latest
	}
	return at
}

// settle writes down what came of an attempt, and when the name is due again.
func (c *Certs) settle(ctx context.Context, s *subject, o outcome) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	s.busy = false
	if s.undecided {
		s.undecided = false
		c.undecided--
	}
	if s.done != nil {
		close(s.done)
		s.done = nil
	}
	if !o.renewAt.IsZero() {
		s.renewAt = o.renewAt
	}
	switch {
	case ctx.Err() != nil:
		return
	case o.cert != nil:
		c.succeed(s, o.cert)
	case o.wait > 0:
		s.due = now.Add(o.wait)
	case o.refused != nil:
		if !c.refuse(s, o.refused) {
			return
		}
	case isUnreachable(o.err):
		c.rest.begin(now)
		s.err, s.due = shown(o.err), c.rest.until
		c.log.Warn("the certificate authority cannot be reached", "name", s.name, "err", o.err, "next", s.due)
	case o.err != nil:
		if !c.fail(s, o.err) {
			return
		}
	default:
		s.due = c.nextLook(s)
	}
	c.queues[s.class].push(s)
}

func (c *Certs) succeed(s *subject, cert *tls.Certificate) {
	c.rest = rest{}
	if s.class == freshNames {
		s.class = renewals
		c.fresh--
	}
	c.hold(s, cert)
	c.loaded.drop(s.name)
	s.failures, s.err = 0, ""
	if soonest := c.now().Add(renewalPause); s.due.Before(soonest) {
		s.due = soonest
	}
	c.log.Info("certificate obtained", "name", s.name, "notAfter", s.notAfter)
}

// hold notes the certificate of a name, and when it is looked at next.
func (c *Certs) hold(s *subject, cert *tls.Certificate) {
	s.held, s.notAfter, s.renewAt = true, cert.Leaf.NotAfter, renewalOf(cert.Leaf)
	if s.own {
		s.cert = cert
	}
	s.due = c.nextLook(s)
}

// nextLook is when a certificate is due, or the authority to be asked about it; spread, so that many are not asked for at once.
func (c *Certs) nextLook(s *subject) time.Time {
	look := c.now().Add(ariEvery/2 + rand.N(ariEvery/2))
	if s.renewAt.Before(look) {
		return s.renewAt
	}
	return look
}

// shortLived is the life of a certificate of which half is kept in hand; of others it is a third.
const shortLived = 10 * 24 * time.Hour

// renewalOf is when a certificate is renewed if the authority does not say.
func renewalOf(leaf *x509.Certificate) time.Time {
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	if life < shortLived {
		return leaf.NotAfter.Add(-life / 2)
	}
	return leaf.NotAfter.Add(-life / 3)
}

// refuse keeps a refusal: of a name without a certificate for a moment, of one that has one until that ends. False: the name is gone.
func (c *Certs) refuse(s *subject, why error) bool {
	now := c.now()
	if s.held && now.Before(s.notAfter) {
		s.err, s.due = shown(why), now.Add(afterFailure[len(afterFailure)-1])
		return true
	}
	if s.held {
		c.log.Info("certificate of a name that may have none any more has ended", "name", s.name, "err", why)
		if err := c.store.remove(s.name); err != nil {
			c.log.Warn("a stored certificate cannot be removed", "name", s.name, "err", err)
		}
	} else if len(c.refused) < maxRefused || c.forgetRefusals(now) {
		c.refused[s.name] = now.Add(refusedFor)
	}
	c.drop(s)
	return false
}

// forgetRefusals makes room for new ones, if some have ended.
func (c *Certs) forgetRefusals(now time.Time) bool {
	for name, until := range c.refused {
		if !now.Before(until) {
			delete(c.refused, name)
		}
	}
	return len(c.refused) < maxRefused
}

func (c *Certs) drop(s *subject) {
	delete(c.subjects, s.name)
	c.loaded.drop(s.name)
	if s.class == freshNames {
		c.fresh--
	}
}

// fail keeps why a name has no certificate. False: it is given up until somebody asks for it again.
func (c *Certs) fail(s *subject, err error) bool {
	c.rest = rest{} // it has answered
	s.err = shown(err)
	var problem acme.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusTooManyRequests {
		s.failures = max(s.failures, tooMany)
	}
	s.due = c.now().Add(after(afterFailure, s.failures))
	s.failures++
	c.log.Warn("certificate not obtained", "name", s.name, "err", err, "next", s.due)
	if s.class == freshNames && s.failures >= giveUpAfter {
		c.drop(s)
		return false
	}
	return true
}

// tooMany is how many failures a name has at least for whom the authority says that it had too many orders (RFC 8555, 6.6): an hour's wait.
const tooMany = 2

// isUnreachable reports whether it was the authority that failed, and not the name.
func isUnreachable(err error) bool {
	var problem acme.Problem
	if errors.As(err, &problem) {
		return problem.Status >= http.StatusInternalServerError
	}
	var transport *url.Error
	return errors.As(err, &transport)
}

// maxError is how much of an error is kept, in octets.
const maxError = 500

// shown is an error as a line of bounded length.
func shown(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	return strings.ToValidUTF8(text[:min(len(text), maxError)], "")
}
