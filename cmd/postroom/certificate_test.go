package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/postroom/postroom/server/certs"
)

var selfMadeNames = []string{"localhost", demoDomain, "127.0.0.1", "::1"}

func TestTheSelfMadeCertificateIsTrustedThroughItsAuthority(t *testing.T) {
	files, err := ensureSelfMade(t.TempDir(), selfMadeNames, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	shown, err := certs.New(certs.Config{Hostname: "localhost", Pairs: TLSConfig{CertFile: files.cert, KeyFile: files.key}.pairs()})
	if err != nil {
		t.Fatal(err)
	}
	cfg := shown.MailTLS()
	ca, err := os.ReadFile(files.ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	for _, name := range selfMadeNames {
		if err := handshake(t, cfg, &tls.Config{RootCAs: roots, ServerName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if handshake(t, cfg, &tls.Config{RootCAs: roots, ServerName: "example.com"}) == nil {
		t.Error("it serves for a name that it was not made for")
	}
}

func handshake(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	go func() {
		conn := tls.Server(b, server)
		conn.Handshake()
		io.Copy(io.Discard, conn)
	}()
	return tls.Client(a, client).Handshake()
}

func TestTheSelfMadeCertificateIsKeptUntilItEnds(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	read := func(now time.Time, names ...string) string {
		t.Helper()
		files, err := ensureSelfMade(dir, names, now)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := os.ReadFile(files.cert)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(files.key); err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("key file: %v, %v", info.Mode(), err)
		}
		return string(cert)
	}
	first := read(now, selfMadeNames...)
	if read(now.Add(300*24*time.Hour), selfMadeNames...) != first {
		t.Error("it was made anew without need")
	}
	if read(now, append(selfMadeNames, "other.localhost")...) == first {
		t.Error("it was kept for a name that it has not")
	}
	if second := read(now, selfMadeNames...); read(now.Add(350*24*time.Hour), selfMadeNames...) == second {
		t.Error("it was kept though it ends soon")
	}
}
