package peers

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
)

// diffAccounts numbers the accounts of a test run.
var diffAccounts atomic.Int64

// dovecotTarget is a fresh Dovecot.
func dovecotTarget(t testing.TB) diffTarget {
	t.Helper()
	d := runDovecot(t)
	return diffTarget{name: "Dovecot " + d.Version, addr: d.IMAPS, tls: trusting(t, d.CA), account: func() (string, string, error) {
		return fmt.Sprintf("user%d", diffAccounts.Add(1)), dovecotPassword, nil
	}}
}

// postroomTarget is a fresh `postroom dev`, where each account is an inbox.
func postroomTarget(t testing.TB) diffTarget {
	t.Helper()
	s := start(t, t.TempDir())
	return diffTarget{name: "Postroom", addr: s.IMAPS, tls: trusting(t, s.CA), account: func() (string, string, error) {
		var made struct{ Address, Password string }
		name := fmt.Sprintf("user%d", diffAccounts.Add(1))
		if code := s.call("POST", "/v1/inboxes", s.WorkspaceKey, map[string]string{"username": name, "domain": "demo.localhost"}, &made); code != 201 {
			return "", "", fmt.Errorf("make inbox: the API answers %d", code)
		}
		return made.Address, made.Password, nil
	}}
}

// trusting is a client's TLS configuration that trusts one authority.
func trusting(t testing.TB, ca string) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("%s holds no certificate", ca)
	}
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}
