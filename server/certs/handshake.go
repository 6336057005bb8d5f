package certs

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/mholt/acmez/v3"
)

// MailTLS is for SMTP, submission and IMAP: no ALPN. A handshake never waits for a certificate.
func (c *Certs) MailTLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return c.certificate(hello.Context(), hello.ServerName, 0), nil
	}}
}

// WebTLS is for HTTPS: HTTP/2 and HTTP/1.1, and the validation of TLS-ALPN-01 (RFC 8737). A handshake waits for the first certificate of a
// customer's name, for handshakeWait at most.
func (c *Certs) WebTLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1", acmez.ACMETLS1Protocol},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if isValidation(hello) {
				return validation(hello.ServerName)
			}
			return c.certificate(hello.Context(), hello.ServerName, handshakeWait), nil
		}}
}

// isValidation: a validation offers its protocol and no other (RFC 8737, 3).
func isValidation(hello *tls.ClientHelloInfo) bool {
	return len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acmez.ACMETLS1Protocol
}

// certificate is what is shown to who asks for a name: one for that name, or else the server's own.
func (c *Certs) certificate(ctx context.Context, serverName string, wait time.Duration) *tls.Certificate {
	name, ok := canonical(serverName)
	if !ok {
		return c.ownCertificate()
	}
	if p := c.pairOf(name); p != nil {
		return p.certificate()
	}
	if cert := c.held(name); cert != nil {
		return cert
	}
	if done := c.request(name, true); done != nil && wait > 0 && c.await(ctx, done, wait) {
		if cert := c.held(name); cert != nil {
			return cert
		}
	}
	return c.ownCertificate()
}

// held is the certificate of a name from the authority, nil if there is none.
func (c *Certs) held(name string) *tls.Certificate {
	c.mu.Lock()
	s := c.subjects[name]
	if s == nil || !s.held {
		c.mu.Unlock()
		return nil
	}
	cert := s.cert
	if !s.own {
		cert = c.loaded.get(name)
	}
	c.mu.Unlock()
	if cert != nil || s.own {
		return cert
	}
	cert, err := c.store.load(name)
	if err != nil {
		c.log.Warn("a stored certificate cannot be read", "name", name, "err", err)
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if newer := c.loaded.get(name); newer != nil {
		return newer
	}
	if !cert.Leaf.NotAfter.Before(s.notAfter) { // else it was renewed while the old one was read
		c.loaded.put(name, cert)
	}
	return cert
}

// ownCertificate is the server's: the operator's first pair, the hostname's, or the one that was made here.
func (c *Certs) ownCertificate() *tls.Certificate {
	if len(c.pairs) > 0 {
		return c.pairs[0].certificate()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.own) > 0 && c.own[0].cert != nil {
		return c.own[0].cert
	}
	return c.selfMade.Load()
}

// await waits for an attempt to end. False at once if too many wait already.
func (c *Certs) await(ctx context.Context, done <-chan struct{}, wait time.Duration) bool {
	select {
	case c.waiting <- struct{}{}:
	default:
		return false
	}
	defer func() { <-c.waiting }()
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case <-done:
		return true
	case <-late.C:
	case <-ctx.Done():
	}
	return false
}

// Request has a certificate ordered for a customer's name, if Allow agrees, before anybody asks for it. A refusal of the last
// minute is forgotten, and one that failed is tried again at once. It returns at once.
func (c *Certs) Request(text string) {
	name, ok := canonical(text)
	if !ok || c.pairOf(name) != nil {
		return
	}
	c.mu.Lock()
	delete(c.refused, name)
	if s := c.subjects[name]; s != nil && !s.held && s.place >= 0 {
		c.queues[s.class].remove(s)
		s.due = c.now()
		c.queues[s.class].push(s)
	}
	c.mu.Unlock()
	c.request(name, false)
	c.rouse()
}

// request takes in a customer's name that has no certificate, if there is room. With wait, the channel is closed when the
// attempt that is due now has ended; nil: there is none to wait for.
func (c *Certs) request(name string, wait bool) <-chan struct{} {
	if c.cfg.ACME == nil || c.cfg.Allow == nil {
		return nil
	}
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subjects[name]
	if s == nil {
		if now.Before(c.refused[name]) || c.undecided >= maxWaitingNames || c.fresh >= maxFailingNames {
			return nil
		}
		s = &subject{name: name, class: freshNames, due: now, place: -1, undecided: true}
		c.subjects[name] = s
		c.fresh++
		c.undecided++
		c.queues[s.class].push(s)
		c.rouse()
	}
	if !wait || s.held || !s.busy && s.due.After(now) {
		return nil
	}
	if s.done == nil {
		s.done = make(chan struct{})
	}
	return s.done
}
