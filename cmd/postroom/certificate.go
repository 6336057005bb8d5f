package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/postroom/postroom/server/certs"
)

// The certificate of a server that is developed against: made here, signed by an authority of its own whose key is
// thrown away, so that trusting ca.pem trusts this one certificate and no other.

const selfMadeRenew = 30 * 24 * time.Hour // remade when less than this is left

// selfMadeFiles are the paths below a data directory.
type selfMadeFiles struct{ ca, cert, key string }

func selfMadeIn(dataDir string) selfMadeFiles {
	dir := filepath.Join(dataDir, "tls")
	return selfMadeFiles{ca: filepath.Join(dir, "ca.pem"), cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
}

// ensureSelfMade makes the files for the names (host names and IP addresses) if they are not there, have other names, or end soon.
func ensureSelfMade(dataDir string, names []string, now time.Time) (selfMadeFiles, error) {
	files := selfMadeIn(dataDir)
	if files.good(names, now) {
		return files, nil
	}
	if err := os.MkdirAll(filepath.Dir(files.ca), 0o700); err != nil {
		return files, fmt.Errorf("make certificate directory: %w", err)
	}
	ca, cert, key, err := certs.SelfMade(names, now)
	if err != nil {
		return files, fmt.Errorf("make certificate: %w", err)
	}
	for path, content := range map[string][]byte{files.ca: ca, files.cert: cert, files.key: key} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return files, fmt.Errorf("write certificate: %w", err)
		}
	}
	return files, nil
}

// good reports whether the files are a pair that its own authority signed, for all the names, with time left.
func (f selfMadeFiles) good(names []string, now time.Time) bool {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return false
	}
	ca, err := os.ReadFile(f.ca)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(ca) {
		return false
	}
	for _, name := range names {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: now.Add(selfMadeRenew)}); err != nil {
			return false
		}
	}
	return true
}
