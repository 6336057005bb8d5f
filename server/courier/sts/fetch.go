package sts

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/postroom/postroom/server/outbound"
)

// fetch is one that runs, for all who wait for the policy of a domain.
type fetch struct {
	done   chan struct{} // closed once policy or err is set
	policy Policy
	err    error
}

// failure is a fetch that did not succeed.
type failure struct {
	at  time.Time
	err error
}

var errClosed = errors.New("the server is stopping")

// begin fetches the policy that a domain has announced by an id, unless a fetch for the domain runs already or has just
// ended; it gives that one then. The error says why nothing was begun: the last failure is too recent, or the client closed.
func (c *Client) begin(domain, id string) (*fetch, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.fetches[domain]; f != nil {
		return f, nil
	}
	now := c.clock()
	if last, failed := c.failures[domain]; failed && now.Before(last.at.Add(RetryInterval)) {
		return nil, last.err
	}
	// A fetch that others began may have ended since the caller looked.
	if p, err := c.files.read(domain); err == nil && p.ID == id && !p.expired(now) && !p.due(now) {
		done := make(chan struct{})
		close(done)
		return &fetch{done: done, policy: p}, nil
	}
	if c.closed {
		return nil, errClosed
	}
	f := &fetch{done: make(chan struct{})}
	c.fetches[domain] = f
	c.running.Go(func() {
		f.policy, f.err = c.fetch(domain, id)
		c.end(domain, f.err)
		close(f.done)
	})
	return f, nil
}

// end notes how a fetch has ended.
func (c *Client) end(domain string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.fetches, domain)
	delete(c.failures, domain)
	if err == nil || c.ctx.Err() != nil || errors.Is(err, errBusy) {
		return
	}
	if len(c.failures) >= maxFailures {
		c.forget()
	}
	c.failures[domain] = failure{c.clock(), err}
}

// forget makes room among the failures: what is long ago goes, and if that is not enough, any half. The caller holds the lock.
func (c *Client) forget() {
	for domain, f := range c.failures {
		if !c.clock().Before(f.at.Add(RetryInterval)) {
			delete(c.failures, domain)
		}
	}
	for domain := range c.failures {
		if len(c.failures) <= maxFailures/2 {
			return
		}
		delete(c.failures, domain)
	}
}

// errBusy is a fetch whose turn did not come. It says nothing about the host.
var errBusy = errors.New("too many policies are being fetched")

// fetch gets a policy from its host and keeps it.
func (c *Client) fetch(domain, id string) (Policy, error) {
	ctx, cancel := context.WithTimeout(c.ctx, c.timeout)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return Policy{}, errBusy
	}
	body, err := c.get(ctx, "mta-sts."+domain)
	var p Policy
	if err == nil {
		p, err = ParsePolicy(body)
	}
	if err != nil {
		err = fmt.Errorf("fetch the policy of %s: %w", domain, err)
		c.report(domain, err)
		return Policy{}, err
	}
	p.ID, p.FetchedAt = id, c.clock().UTC().Truncate(time.Second)
	if err := c.files.write(domain, p, body); err != nil { // it holds for now, and is fetched again next time
		c.log.Error("a policy of MTA-STS cannot be kept", "domain", domain, "err", err)
	}
	return p, nil
}

// report logs what kept a policy from being fetched: loudly if one is in force that will run out unless somebody sees to it,
// and half of its time has gone (RFC 8461, 10.2).
func (c *Client) report(domain string, err error) {
	if c.ctx.Err() != nil {
		return
	}
	if p := c.kept(domain); p.Mode == Enforce && !c.clock().Before(p.FetchedAt.Add(p.MaxAge/2)) {
		c.log.Warn("a policy of MTA-STS runs out and cannot be refreshed", "domain", domain, "expires", p.FetchedAt.Add(p.MaxAge), "err", err)
		return
	}
	c.log.Info("a policy of MTA-STS cannot be fetched", "domain", domain, "err", err)
}

// newHTTP makes the client for policies (RFC 8461, 3.3): the certificate is verified, redirects are not followed, nothing
// goes through a proxy or is kept open.
func (c *Client) newHTTP(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            c.dial,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, Time: c.clock},
			DisableKeepAlives:      true,
			DisableCompression:     true, // its size is bounded as it is sent
			MaxResponseHeaderBytes: maxHeaderSize,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// get asks a policy host for its policy.
func (c *Client) get(ctx context.Context, host string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/.well-known/mta-sts.txt", nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/plain")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the host answered %d", response.StatusCode)
	}
	// Else a host that shows what its users upload could be made to show a policy (RFC 8461, 3.2).
	if kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || kind != "text/plain" {
		return nil, fmt.Errorf("%w: it is not text/plain", ErrInvalidPolicy)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxPolicySize+1)) // ParsePolicy refuses what is longer
	if err != nil {
		return nil, err
	}
	return body, nil
}

// dial connects to a policy host, whose name it looks up itself: the addresses are checked that are used.
func (c *Client) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	found, err := c.resolver.Addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: connectTimeout, Control: outbound.Guard{All: c.allowPrivate}.Control}
	err = nil
	for _, ip := range alternate(found.IPv6, found.IPv4) {
		conn, failure := dialer.DialContext(ctx, network, net.JoinHostPort(ip.String(), strconv.Itoa(c.port)))
		if failure == nil {
			return conn, nil
		}
		err = errors.Join(err, failure)
	}
	return nil, err
}

// alternate takes addresses of both families in turn, no more than maxAddresses.
func alternate(a, b []netip.Addr) []netip.Addr {
	var all []netip.Addr
	for i := range max(len(a), len(b)) {
		if i < len(a) {
			all = append(all, a[i])
		}
		if i < len(b) {
			all = append(all, b[i])
		}
	}
	return all[:min(len(all), maxAddresses)]
}
