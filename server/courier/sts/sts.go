// Package sts finds out whether the mail of a domain must go over TLS to hosts that the domain names: SMTP MTA Strict
// Transport Security (RFC 8461), on the sender's side.
//
// It tells policies and does not apply them: it knows no SMTP and no MX lookup. A domain's announcement comes from the DNS
// through the resolver, the policy from the domain's own host over HTTPS. Policies are kept in a directory of small files,
// which survives a restart: an attacker who can suppress a look-up gains nothing while a policy that was once seen lasts.
// The files are a cache; whoever deletes them loses that memory and no mail.
package sts

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/postroom/postroom/server/resolver"
)

// What a Config holds where it says nothing.
const (
	DefaultPort         = 443
	DefaultFetchTimeout = time.Minute // for one fetch, look-ups included (RFC 8461, 3.3)
	DefaultMaxPolicies  = 10_000
)

// Bounds that nobody needs to change.
const (
	MaxPolicySize  = 64 << 10        // octets of a policy (RFC 8461, 3.3)
	RetryInterval  = 5 * time.Minute // before a host is asked again whose policy could not be fetched (RFC 8461, 3.3)
	RefreshAge     = 24 * time.Hour  // of a policy that is fetched anew (RFC 8461, 3.3); earlier if it lasts less than twice as long
	RefreshPause   = time.Hour       // between two passes of Run
	maxFetches     = 256             // at one time
	maxRefreshes   = 8               // of these, for Refresh
	maxFailures    = 10_000          // hosts that failed lately, which are remembered
	maxHeaderSize  = 16 << 10        // octets of an answer's header
	maxAddresses   = 4               // of a policy host that are tried
	connectTimeout = 10 * time.Second
)

// Config is what is decided from outside. Resolver and Dir are needed; other zero fields get the defaults above.
type Config struct {
	Resolver *resolver.Resolver
	Dir      string // where policies are kept; it is made if need be, mode 0700, and belongs to one Client alone

	Roots        *x509.CertPool // whom policy hosts' certificates must come from; nil: the system's
	Port         int            // of policy hosts
	AllowPrivate bool           // also fetch from loopback and private addresses
	FetchTimeout time.Duration
	MaxPolicies  int // that are kept; beyond it those that were fetched longest ago go, used or not

	Clock func() time.Time // nil: time.Now
	Log   *slog.Logger     // nil: nothing is logged
}

// Client knows the policies of domains. Its methods may be called concurrently. Close it when nobody uses it any more.
type Client struct {
	resolver     *resolver.Resolver
	files        files
	http         *http.Client
	port         int
	allowPrivate bool
	timeout      time.Duration
	clock        func() time.Time
	log          *slog.Logger
	slots        chan struct{} // one for each fetch that runs

	ctx   context.Context // of fetches, which outlive the calls that began them
	close context.CancelFunc

	mu       sync.Mutex
	closed   bool
	fetches  map[string]*fetch // that run, by domain
	failures map[string]failure
	running  sync.WaitGroup // the goroutines of fetches
}

// New makes a client. It asks nobody and starts nothing; it fails if the directory cannot be made.
func New(c Config) (*Client, error) {
	if c.Port == 0 {
		c.Port = DefaultPort
	}
	if c.FetchTimeout <= 0 {
		c.FetchTimeout = DefaultFetchTimeout
	}
	if c.MaxPolicies <= 0 {
		c.MaxPolicies = DefaultMaxPolicies
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	client := &Client{
		resolver:     c.Resolver,
		files:        files{dir: c.Dir, most: c.MaxPolicies},
		port:         c.Port,
		allowPrivate: c.AllowPrivate,
		timeout:      c.FetchTimeout,
		clock:        c.Clock,
		log:          c.Log,
		slots:        make(chan struct{}, maxFetches),
		fetches:      map[string]*fetch{},
		failures:     map[string]failure{},
	}
	client.http = client.newHTTP(c.Roots)
	client.ctx, client.close = context.WithCancel(context.Background())
	return client, nil
}

// Close breaks off fetches that run and waits for them. Policies that are kept can still be asked for.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.close()
	c.running.Wait()
}

// Policy is the policy in force for a domain's mail. The domain is that of the recipient's address (or of a relay), in
// A-labels; a subdomain has a policy of its own or none (RFC 8461, 3.4). If there is none, now or from before, Mode is None.
//
// That a policy could not be looked up or fetched is no error: then the one from before holds while it lasts, and if there is
// none, mail goes on without (RFC 8461, 3.3). Policy.Failure tells what was wrong. The error is ctx's alone.
//
// It may take as long as a fetch if the domain has announced a policy that is not known yet.
func (c *Client) Policy(ctx context.Context, domain string) (Policy, error) {
	domain, ok := canonicalDomain(domain)
	if !ok {
		return Policy{}, ctx.Err()
	}
	id, err := c.announced(ctx, domain)
	if ctx.Err() != nil {
		return Policy{}, ctx.Err()
	}
	kept := c.kept(domain)
	if err != nil {
		if kept.ID != "" || !errors.Is(err, errNoRecord) {
			kept.Failure = err
		}
		return kept, nil
	}
	if kept.ID == id {
		if kept.due(c.clock()) {
			if _, err := c.begin(domain, id); err != nil { // and go on with what there is
				kept.Failure = err
			}
		}
		return kept, nil
	}
	return c.renewed(ctx, domain, id, kept)
}

// renewed is the policy that a domain has announced by an id, or else the one that was kept.
func (c *Client) renewed(ctx context.Context, domain, id string, kept Policy) (Policy, error) {
	f, err := c.begin(domain, id)
	if err == nil {
		select {
		case <-f.done:
			err = f.err
		case <-ctx.Done():
			return Policy{}, ctx.Err()
		}
	}
	if err != nil {
		kept.Failure = err
		return kept, nil
	}
	return f.policy, nil
}

// kept is the policy that was fetched before and still lasts; one without an ID if there is none.
func (c *Client) kept(domain string) Policy {
	p, err := c.files.read(domain)
	if err != nil {
		c.log.Warn("a policy of MTA-STS that was kept cannot be read", "domain", domain, "err", err)
	}
	if p.expired(c.clock()) {
		return Policy{}
	}
	return p
}

// announced is the id of the policy that a domain announces (RFC 8461, 3.1).
func (c *Client) announced(ctx context.Context, domain string) (id string, err error) {
	texts, err := c.resolver.TXT(ctx, "_mta-sts."+domain)
	switch {
	case errors.Is(err, resolver.ErrNoSuchName), errors.Is(err, resolver.ErrNoRecords), errors.Is(err, resolver.ErrInvalidName):
		return "", errNoRecord
	case err != nil:
		return "", err
	}
	return ParseRecords(texts.Records)
}
