package sts

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
)

// domain is the domain of most tests; its policy host serves good unless it is told otherwise.
const (
	domain = "example.test"
	zone   = `
		_mta-sts.example.test. 0 TXT "v=STSv1; id=one;"
		mta-sts.example.test. 0 A 127.0.0.1
	`
	good = "version: STSv1\r\nmode: enforce\r\nmx: mx.example.test\r\nmx: *.mail.example.test\r\nmax_age: 604800\r\n"
	week = 604800 * time.Second
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bed is a client, the DNS that it asks and a policy host.
type bed struct {
	*Client
	zones *zonetest.Server
	clock *clock
	host  *policyHost
	dir   string
	conf  Config
}

func setUp(t *testing.T) *bed {
	t.Helper()
	b := &bed{zones: zonetest.Start(t, zone), clock: &clock{now: time.Now().Truncate(time.Second)}, dir: t.TempDir() + "/sts"}
	b.host = serve(t, b.clock)
	b.conf = Config{
		Resolver: resolver.New(resolver.Config{Servers: []string{b.zones.Addr()}, Timeout: 2 * time.Second, Tries: 1, Clock: b.clock.Now}),
		Dir:      b.dir, Roots: b.host.roots, Port: b.host.port, AllowPrivate: true, Clock: b.clock.Now,
	}
	b.restart(t)
	return b
}

// restart puts a new client in place of the old one. What the resolver remembers is forgotten too.
func (b *bed) restart(t *testing.T) {
	t.Helper()
	if b.Client != nil {
		b.Close()
	}
	b.conf.Resolver = resolver.New(resolver.Config{Servers: []string{b.zones.Addr()}, Timeout: 2 * time.Second, Tries: 1, Clock: b.clock.Now})
	c, err := New(b.conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	b.Client = c
}

func (b *bed) announce(id string) { b.zones.Set("_mta-sts."+domain, `0 TXT "v=STSv1; id=`+id+`"`) }

// want asks for the domain's policy and compares its id and mode, and whether something was wrong.
func (b *bed) want(t *testing.T, id string, mode Mode, failed bool) Policy {
	t.Helper()
	p, err := b.Policy(t.Context(), domain)
	if err != nil || p.ID != id || p.Mode != mode || (p.Failure != nil) != failed {
		t.Errorf("got %q %v with %v, %v; want %q %v", p.ID, p.Mode, p.Failure, err, id, mode)
	}
	return p
}

// idle waits until no fetch runs.
func (b *bed) idle() { b.running.Wait() }

// policyHost serves policies over HTTPS, with a certificate for mta-sts.example.test.
type policyHost struct {
	roots *x509.CertPool
	port  int
	hits  atomic.Int32

	mu     sync.Mutex
	answer http.HandlerFunc
	cert   tls.Certificate
	clock  *clock
	issue  func(c *x509.Certificate) tls.Certificate
}

func serve(t *testing.T, clock *clock) *policyHost {
	t.Helper()
	h := &policyHost{clock: clock}
	h.roots, h.issue = authority(t, clock)
	h.certify(func(*x509.Certificate) {})
	h.say(good)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.hits.Add(1)
		if r.URL.Path != "/.well-known/mta-sts.txt" || r.Host != "mta-sts."+domain {
			t.Errorf("asked for %s%s", r.Host, r.URL)
		}
		h.mu.Lock()
		answer := h.answer
		h.mu.Unlock()
		answer(w, r)
	}))
	s.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		return &h.cert, nil
	}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if h.port, err = strconv.Atoi(u.Port()); err != nil {
		t.Fatal(err)
	}
	return h
}

// do answers requests with a function from now on.
func (h *policyHost) do(answer http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = answer
}

// say serves a text as the policy.
func (h *policyHost) say(policy string) {
	h.do(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, policy)
	})
}

// fail answers that it cannot.
func (h *policyHost) fail() {
	h.do(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
}

// certify issues a certificate that a function has changed.
func (h *policyHost) certify(change func(*x509.Certificate)) {
	c := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		DNSNames:     []string{"mta-sts." + domain},
		NotBefore:    h.clock.Now().Add(-time.Hour),
		NotAfter:     h.clock.Now().Add(365 * 24 * time.Hour),
	}
	change(c)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cert = h.issue(c)
}

// authority makes a certificate authority and gives who trusts it and how it issues.
func authority(t *testing.T, clock *clock) (*x509.CertPool, func(*x509.Certificate) tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: clock.Now().Add(-time.Hour), NotAfter: clock.Now().Add(2 * 365 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if ca, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	return roots, func(c *x509.Certificate) tls.Certificate {
		issued, err := x509.CreateCertificate(rand.Reader, c, ca, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		return tls.Certificate{Certificate: [][]byte{issued}, PrivateKey: key}
	}
}

// deaf is a port where connections are taken and nothing is ever said.
func deaf(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}
