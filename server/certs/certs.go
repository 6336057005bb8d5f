// Package certs has the certificates that the wires show: it gets them from a certificate authority over ACME (RFC 8555),
// takes those that the operator brings as files, and makes one itself for as long as there is no other.
//
// It knows no wire, no domain and no customer: names come from its Config and from handshakes, and whether a name that is
// not the server's own may have a certificate says a function of its caller. Certificates and keys lie below its
// directory and can all be fetched again. What comes out is a tls.Config for each kind of wire, a handler for HTTP-01,
// and States.
//
// Nothing waits for an authority: the server starts with what it has. Each name has its own certificate, its own
// back-off and its own place in the queue, so that one that fails does not hold up another.
package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultDirectory is Let's Encrypt's.
const DefaultDirectory = "https://acme-v02.api.letsencrypt.org/directory"

// Bounds that nobody needs to change. An authority's are known for Let's Encrypt: 300 orders in 3 hours for an account, 5 failed
// validations in an hour for a name.
const (
	maxAttempts      = 4                // names that are worked on at one time
	maxFreshAttempts = 3                // of them, customers' names without a certificate: a renewal always finds room
	maxWaitingNames  = 256              // customers' names without a certificate that wait for their first attempt
	maxFailingNames  = 10_000           // customers' names without a certificate, together with those that have failed
	maxRefused       = 10_000           // refusals that are remembered
	refusedFor       = time.Minute      // for which a refusal holds
	maxLoaded        = 1000             // customers' certificates in memory; the others are read from the disk when they are asked for
	maxHandshakes    = 32               // handshakes that wait for a certificate at one time; the others get another name's at once
	handshakeWait    = 7 * time.Second  // for a certificate that is on its way; HTTP gives a handshake 10 seconds in all
	allowTimeout     = 30 * time.Second // for the caller's decision
	attemptTimeout   = 5 * time.Minute  // for an order from its first step to the certificate
	pollTimeout      = 90 * time.Second // for the authority to validate and to sign
	orderEvery       = 43 * time.Second // on average: 250 orders in 3 hours
	freshOrders      = 20               // customers' new certificates that are ordered without waiting
	renewalOrders    = 50               // renewals; those of the server's own names never wait
	renewalPause     = time.Hour        // between two renewals of a name, whatever its certificate says
	ariEvery         = 12 * time.Hour   // how often the authority is asked when it wants a certificate renewed (RFC 9773)
	checkFiles       = 5 * time.Second  // how often the operator's files are looked at
	maxPairs         = 100
)

// After how long a name is tried again, by the failures in a row; the last holds for all that follow.
var (
	afterFailure     = []time.Duration{10 * time.Minute, 20 * time.Minute, time.Hour, 3 * time.Hour, 12 * time.Hour, 24 * time.Hour}
	afterUnreachable = []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute}
)

// giveUpAfter is how many failures in a row a customer's name may have that never had a certificate. It is tried again when it is asked for.
const giveUpAfter = 12

// Config is what the caller decides.
type Config struct {
	Hostname string   // the server's name, whose certificate is shown to who asks for no name or an unknown one
	Names    []string // other names of the server
	Dir      string   // where certificates are kept, made with mode 0700
	Pairs    []Pair   // the operator's own; they go before all others for their names, and the first one before the server's
	ACME     *ACME    // nil: no authority is asked

	// Allow says whether a name that is not the server's own may have a certificate: nil if its domain is verified and the name's DNS
	// points here now. What it does not know at all it must refuse at once, for anybody can ask for any name; the error is kept
	// as the name's. It is called before a name's first order and before each renewal. Nil: no such names.
	Allow func(ctx context.Context, name string) error

	Now func() time.Time // tells when to renew; nil: time.Now
	Log *slog.Logger
}

// Pair is a certificate and its key, in files in PEM.
type Pair struct{ CertFile, KeyFile string }

// ACME is an authority and how it sees that a name is ours. At least one of HTTPPort, TLSPort and, for the server's own
// names, DNS is there.
type ACME struct {
	Email     string         // of the account; giving it agrees to the authority's terms
	Directory string         // URL; "" is DefaultDirectory
	Roots     *x509.CertPool // whom its certificate may come from; nil: whom the system trusts

	KeyID, MACKey string // of an account elsewhere that the authority wants to know of (RFC 8555, 7.3.4), the key in base64url; "": none

	HTTPPort int // a listener of this machine that is reached at port 80 and whose requests go to ChallengeHandler; 0: none
	TLSPort  int // a listener of this machine that is reached at port 443 and that shows WebTLS; 0: none
	DNS      *DNS
}

// Certs are the certificates of a server. Its methods may be called from anywhere at any time; without Run nothing is
// ordered and no file is read again.
type Certs struct {
	cfg   Config
	now   func() time.Time
	log   *slog.Logger
	pairs []*pair
	store store // of ACME; zero without

	selfMade atomic.Pointer[tls.Certificate]
	waiting  chan struct{} // a place for each handshake that waits
	wake     chan struct{} // something may be due

	mu        sync.Mutex
	own       []*subject // the first is the hostname's, unless a pair has it
	subjects  map[string]*subject
	queues    [classes]queue
	fresh     int                  // customers' names in subjects without a certificate
	undecided int                  // of them, those for which Allow was never asked
	refused   map[string]time.Time // until when
	loaded    loaded
	orders    orders
	rest      rest
}

// New reads what is there. The operator's files must be good; what is wrong with a stored certificate makes it be fetched again.
func New(cfg Config) (*Certs, error) {
	c := &Certs{cfg: cfg, now: cfg.Now, log: cfg.Log, waiting: make(chan struct{}, maxHandshakes), wake: make(chan struct{}, 1),
		subjects: map[string]*subject{}, refused: map[string]time.Time{}}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if err := c.loadPairs(); err != nil {
		return nil, err
	}
	if err := c.makeFallback(); err != nil {
		return nil, err
	}
	if cfg.ACME != nil {
		acme := *cfg.ACME
		c.cfg.ACME = &acme
		if err := c.openStore(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// openStore takes in the names that are to have certificates, and those of the store.
func (c *Certs) openStore() error {
	a := c.cfg.ACME
	if a.Email == "" {
		return errors.New("get certificates: an authority wants to know whose account it is: give an e-mail address")
	}
	if a.Directory == "" {
		a.Directory = DefaultDirectory
	}
	var err error
	if c.store, err = openStore(filepath.Join(c.cfg.Dir, "acme"), a); err != nil {
		return err
	}
	for _, text := range c.ownNames() {
		if _, ok := canonical(text); !ok {
			return fmt.Errorf("get certificates: %q is no host name that can have one: write one such as mail.example.com", text)
		}
	}
	c.addOwns()
	if c.cfg.Allow == nil {
		return nil
	}
	names, err := c.store.names()
	if err != nil {
		return fmt.Errorf("list certificates: %w", err)
	}
	for _, name := range names {
		if c.subjects[name] == nil {
			c.subjects[name] = &subject{name: name, class: renewals, held: true, place: -1}
		}
	}
	return nil
}

// ownNames are the server's, as the configuration writes them.
func (c *Certs) ownNames() []string { return append([]string{c.cfg.Hostname}, c.cfg.Names...) }

// addOwns takes in those of the server's own names that no file of the operator's has a certificate for.
func (c *Certs) addOwns() {
	for _, text := range c.ownNames() {
		if name, ok := canonical(text); ok && c.pairOf(name) == nil {
			c.addOwn(name)
		}
	}
	c.rouse()
}

// addOwn takes in one of the server's own names, with its certificate if there is one, unless it is there.
func (c *Certs) addOwn(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.subjects[name] != nil {
		return
	}
	s := &subject{name: name, class: ownNames, own: true, place: -1, due: c.now()}
	if cert := c.read(name); cert != nil {
		c.hold(s, cert)
	}
	c.subjects[name] = s
	c.own = append(c.own, s)
	c.queues[s.class].push(s)
}

// Run orders and renews certificates and looks at the operator's files until ctx ends. It has ended all that it began when it returns.
func (c *Certs) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	if len(c.pairs) > 0 {
		running.Go(func() { c.watchPairs(ctx) })
	}
	running.Go(func() { c.keepFallback(ctx) })
	if c.cfg.ACME == nil {
		<-ctx.Done()
		return nil
	}
	authority := newAuthority(c.cfg.ACME, c.store, c.log)
	defer authority.close()
	running.Go(func() { c.dateAll(ctx) })
	c.dispatch(ctx, authority)
	running.Wait()
	return nil
}

// dateAll reads when the certificates of the store end, so that they are renewed in time.
func (c *Certs) dateAll(ctx context.Context) {
	c.mu.Lock()
	var names []string
	for name, s := range c.subjects {
		if s.held && s.notAfter.IsZero() {
			names = append(names, name)
		}
	}
	c.mu.Unlock()
	for _, name := range names {
		if ctx.Err() != nil {
			return
		}
		cert := c.read(name)
		c.mu.Lock()
		s := c.subjects[name]
		if cert != nil {
			c.hold(s, cert)
		} else {
			s.due, s.held, s.class = c.now(), false, freshNames
			c.fresh++
		}
		c.queues[s.class].push(s)
		c.mu.Unlock()
		c.rouse()
	}
}

// read is a certificate of the store, nil if there is none. One that cannot be used is removed, so that it is fetched again.
func (c *Certs) read(name string) *tls.Certificate {
	cert, err := c.store.load(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.log.Warn("a stored certificate cannot be read and is fetched again", "name", name, "err", err)
		err = c.store.remove(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.log.Warn("a stored certificate cannot be removed", "name", name, "err", err)
	}
	return cert
}

// rouse has the dispatcher look again.
func (c *Certs) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// canonical is a name as it is looked up: lower case, without a dot at its end. False for what no authority of the public could
// certify: an address, a single label, characters that no host name has (RFC 1123, 2.1), a wildcard.
func canonical(text string) (string, bool) {
	name := strings.ToLower(strings.TrimSuffix(text, "."))
	labels := strings.Split(name, ".")
	if len(name) > 253 || len(labels) < 2 {
		return "", false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "", false
		}
	}
	last := labels[len(labels)-1]
	return name, strings.Trim(last, "0123456789") != "" // else an IPv4 address
}
