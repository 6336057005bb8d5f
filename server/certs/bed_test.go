package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/letsencrypt/challtestsrv"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

func TestMain(m *testing.M) {
	os.Setenv("PEBBLE_VA_NOSLEEP", "1")
	os.Setenv("PEBBLE_WFE_AUTHZREUSE", "0") // each order is validated
	os.Exit(m.Run())
}

// bed is a pebble, a DNS for it and the listeners that it validates names at, all on loopback. In its DNS every name is this machine.
type bed struct {
	t     *testing.T
	dns   *challtestsrv.ChallSrv
	dnsAt string
	acme  *ACME

	http, https net.Listener
	directory   *httptest.Server
	handler     http.Handler // pebble's

	mu    sync.Mutex
	asked int           // requests to pebble
	down  bool          // it answers none
	shift time.Duration // of the clock
	log   chan string   // "message name" of what was logged at info and above
}

func newBed(t *testing.T) *bed {
	b := &bed{t: t, log: make(chan string, 1000)}
	b.dnsAt = freeAddress(t)
	quiet := log.New(io.Discard, "", 0)
	var err error
	if b.dns, err = challtestsrv.New(challtestsrv.Config{Log: quiet, DNSAddrs: []string{b.dnsAt}}); err != nil {
		t.Fatal(err)
	}
	b.dns.SetDefaultDNSIPv6("")
	go b.dns.Run()
	t.Cleanup(b.dns.Shutdown)
	b.reachable(b.dnsAt)
	b.http, b.https = listen(t), listen(t)

	memory := db.NewMemoryStore()
	authority := ca.New(quiet, memory, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {}})
	validation := va.New(quiet, port(b.http), port(b.https), false, b.dnsAt, memory)
	front := wfe.New(quiet, memory, validation, authority, []string{"pebble.test"}, true, false, 1, 1)
	b.handler = front.Handler()
	b.directory = httptest.NewUnstartedServer(http.HandlerFunc(b.serve))
	b.directory.Config.ErrorLog = quiet
	b.directory.StartTLS()
	t.Cleanup(b.directory.Close)
	roots := x509.NewCertPool()
	roots.AddCert(b.directory.Certificate())
	b.acme = &ACME{Email: "operator@example.com", Directory: b.directory.URL + wfe.DirectoryPath, Roots: roots}
	return b
}

// serve is pebble, or a gateway in front of it that cannot reach it.
func (b *bed) serve(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.asked++
	down := b.down
	b.mu.Unlock()
	if down {
		panic(http.ErrAbortHandler)
	}
	b.handler.ServeHTTP(w, r)
}

func (b *bed) setDown(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

func (b *bed) requests() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

// start runs the certificates and serves what the authority asks for. Everything ends with the test.
func (b *bed) start(cfg Config) *Certs {
	b.t.Helper()
	cfg.ACME, cfg.Now, cfg.Log = b.acme, b.now, slog.New(logTo{b.log})
	if cfg.Dir == "" {
		cfg.Dir = b.t.TempDir()
	}
	c, err := New(cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	run(b.t, c)
	plain := &http.Server{Handler: c.ChallengeHandler(http.NotFoundHandler())}
	secure := &http.Server{Handler: http.NotFoundHandler(), TLSConfig: c.WebTLS(), ErrorLog: log.New(io.Discard, "", 0)}
	go plain.Serve(b.http)
	go secure.ServeTLS(b.https, "", "")
	b.t.Cleanup(func() { plain.Close(); secure.Close() })
	return c
}

// run runs until the test ends.
func run(t *testing.T, c *Certs) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func (b *bed) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Now().Add(b.shift)
}

// pass moves the clock on.
func (b *bed) pass(c *Certs, d time.Duration) {
	b.mu.Lock()
	b.shift += d
	b.mu.Unlock()
	c.rouse()
}

// wait waits until something was logged of a name.
func (b *bed) wait(message, name string) {
	b.t.Helper()
	var others []string
	late := time.After(patience)
	for {
		select {
		case got := <-b.log:
			if others = append(others, got); strings.HasPrefix(got, message+" "+name) {
				return
			}
		case <-late:
			b.t.Fatalf("%q was not logged of %s; other messages: %v", message, name, others)
		}
	}
}

// logTo passes on the message of each record and the name in it.
type logTo struct{ to chan string }

func (l logTo) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (l logTo) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l logTo) WithGroup(string) slog.Handler                    { return l }

func (l logTo) Handle(_ context.Context, r slog.Record) error {
	name, why := "", ""
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "name" || a.Key == "file" {
			name = a.Value.String()
		}
		if a.Key == "err" {
			why = ": " + a.Value.String()
		}
		return true
	})
	select {
	case l.to <- r.Message + " " + name + why:
	default:
	}
	return nil
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

func port(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port }

// freeAddress is one that was free for both TCP and UDP a moment ago.
func freeAddress(t *testing.T) string {
	for range 100 {
		ln := listen(t)
		address := ln.Addr().String()
		pc, err := net.ListenPacket("udp4", address)
		ln.Close()
		if err == nil {
			pc.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

// reachable waits until something listens.
func (b *bed) reachable(address string) {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if conn, err := net.Dial("tcp4", address); err == nil {
			conn.Close()
			return
		}
	}
	b.t.Fatalf("nothing listens on %s", address)
}

// shake does a handshake with a config of ours and gives the certificate that was shown.
func shake(t *testing.T, server *tls.Config, name string, protocols ...string) *x509.Certificate {
	t.Helper()
	state, err := tryShake(t, server, name, protocols...)
	if err != nil {
		t.Fatalf("handshake for %q: %v", name, err)
	}
	return state.PeerCertificates[0]
}

func tryShake(t *testing.T, server *tls.Config, name string, protocols ...string) (tls.ConnectionState, error) {
	t.Helper()
	ln := listen(t)
	served := make(chan error, 1)
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			defer conn.Close()
			err = tls.Server(conn, server).Handshake()
		}
		served <- err
	}()
	raw, err := net.Dial("tcp4", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	client := tls.Client(raw, &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: protocols})
	err = client.Handshake()
	if failed := <-served; err == nil {
		err = failed
	}
	return client.ConnectionState(), err
}

func isFor(cert *x509.Certificate, name string) bool { return cert.VerifyHostname(name) == nil }

func isPebbles(cert *x509.Certificate) bool {
	return len(cert.Issuer.CommonName) > 6 && cert.Issuer.CommonName[:6] == "Pebble"
}

func fromPebble(t *testing.T, cert *x509.Certificate, name string) {
	t.Helper()
	if !isPebbles(cert) || !isFor(cert, name) {
		t.Fatalf("the certificate for %s is of %q for %v", name, cert.Issuer.CommonName, cert.DNSNames)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
