// Package acmetest is a certificate authority for tests: Let's Encrypt's pebble in this process, with a DNS in which every name is this
// machine and the listeners at which pebble validates names. All of it is on loopback. It can go down and come back.
//
// It knows nothing of who asks. It is for tests only: nothing else may import it.
package acmetest

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
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

// Authority is a running pebble. Its methods may be called while it answers.
type Authority struct {
	Directory string         // URL
	Roots     *x509.CertPool // whom the certificate of its interface comes from
	RootPEM   []byte         // the same

	DNS        *challtestsrv.ChallSrv // what it asks
	DNSAddress string

	HTTP, HTTPS net.Listener // it validates at the ports of these; the test serves there

	handler http.Handler

	mu    sync.Mutex
	asked int
	down  bool
}

// prepare sets pebble's switches, which it reads from the environment: it does not wait before it validates, and validates each order.
var prepare = sync.OnceFunc(func() {
	os.Setenv("PEBBLE_VA_NOSLEEP", "1")
	os.Setenv("PEBBLE_WFE_AUTHZREUSE", "0")
})

// New starts an authority, which ends with the test.
func New(t testing.TB) *Authority { return start(t, nil) }

// NewBound starts one that takes accounts only of who has an account elsewhere: keys are the secrets of those, in base64url, by their ids
// (RFC 8555, 7.3.4).
func NewBound(t testing.TB, keys map[string]string) *Authority { return start(t, keys) }

func start(t testing.TB, accounts map[string]string) *Authority {
	t.Helper()
	prepare()
	a := &Authority{HTTP: listen(t), HTTPS: listen(t)}
	a.serveDNS(t)
	quiet := log.New(io.Discard, "", 0)
	memory := db.NewMemoryStore()
	for id, key := range accounts {
		if err := memory.AddExternalAccountKeyByID(id, key); err != nil {
			t.Fatal(err)
		}
	}
	signer := ca.New(quiet, memory, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {}})
	validation := va.New(quiet, port(a.HTTP), port(a.HTTPS), false, a.DNSAddress, memory)
	front := wfe.New(quiet, memory, validation, signer, []string{"pebble.test"}, true, accounts != nil, 1, 1)
	a.handler = front.Handler()
	server := httptest.NewUnstartedServer(http.HandlerFunc(a.serve))
	server.Config.ErrorLog = quiet
	server.StartTLS()
	t.Cleanup(server.Close)
	a.Directory = server.URL + wfe.DirectoryPath
	a.Roots = x509.NewCertPool()
	a.Roots.AddCert(server.Certificate())
	a.RootPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return a
}

func (a *Authority) serveDNS(t testing.TB) {
	t.Helper()
	a.DNSAddress = FreeAddress(t)
	var err error
	if a.DNS, err = challtestsrv.New(challtestsrv.Config{Log: log.New(io.Discard, "", 0), DNSAddrs: []string{a.DNSAddress}}); err != nil {
		t.Fatal(err)
	}
	a.DNS.SetDefaultDNSIPv6("")
	go a.DNS.Run()
	t.Cleanup(a.DNS.Shutdown)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if conn, err := net.Dial("tcp4", a.DNSAddress); err == nil {
			conn.Close()
			return
		}
	}
	t.Fatalf("nothing listens on %s", a.DNSAddress)
}

// serve is pebble, or a gateway that cannot reach it.
func (a *Authority) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.asked++
	down := a.down
	a.mu.Unlock()
	if down {
		panic(http.ErrAbortHandler)
	}
	a.handler.ServeHTTP(w, r)
}

// SetDown has it cut off all who ask, or answer again.
func (a *Authority) SetDown(down bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = down
}

// Requests is how many it has got.
func (a *Authority) Requests() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

// Signed reports whether a certificate is of an authority of this package, for a name.
func Signed(cert *x509.Certificate, name string) bool {
	return strings.HasPrefix(cert.Issuer.CommonName, "Pebble") && cert.VerifyHostname(name) == nil
}

// FreeAddress is one on loopback that was free for TCP and UDP a moment ago.
func FreeAddress(t testing.TB) string {
	t.Helper()
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

func listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

func port(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port }
