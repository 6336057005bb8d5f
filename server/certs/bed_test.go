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
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/server/certs/acmetest"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// bed is an authority and certificates that it signs, with a clock that the test sets.
type bed struct {
	*acmetest.Authority
	t    *testing.T
	acme *ACME

	mu    sync.Mutex
	shift time.Duration // of the clock
	log   chan string   // "message name: err" of what was logged at info and above
}

func newBed(t *testing.T) *bed { return bedWith(t, acmetest.New(t)) }

func bedWith(t *testing.T, authority *acmetest.Authority) *bed {
	return &bed{Authority: authority, t: t, log: make(chan string, 1000), acme: &ACME{Email: "operator@example.com", Directory: authority.Directory, Roots: authority.Roots}}
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
	go plain.Serve(b.HTTP)
	go secure.ServeTLS(b.HTTPS, "", "")
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

func fromPebble(t *testing.T, cert *x509.Certificate, name string) {
	t.Helper()
	if !acmetest.Signed(cert, name) {
		t.Fatalf("the certificate for %s is of %q for %v", name, cert.Issuer.CommonName, cert.DNSNames)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
