package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The certificate of a server that is developed against: made here, signed by an authority of its own whose key is
// thrown away, so that trusting ca.pem trusts this one certificate and no other.

const (
	selfMadeLife  = 365 * 24 * time.Hour
	selfMadeRenew = 30 * 24 * time.Hour // remade when less than this is left
)

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
	ca, cert, key, err := selfMade(names, now)
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

// selfMade makes an authority and a certificate for the names, ECDSA with P-256, all in PEM.
func selfMade(names []string, now time.Time) (ca, cert, key []byte, err error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	authority := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Postroom development authority"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(selfMadeLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(selfMadeLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	caDER, err := x509.CreateCertificate(rand.Reader, authority, authority, caKey.Public(), caKey)
	if err != nil {
		return nil, nil, nil, err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, authority, leafKey.Public(), caKey)
	if err != nil {
		return nil, nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		return nil, nil, nil, err
	}
	ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
	cert = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leafDER}), ca...)
	key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	return ca, cert, key, nil
}

// serial is 126 random bits: positive and within the 20 octets of RFC 5280, 4.1.2.2.
func serial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b) // never fails (crypto/rand)
	b[0] = b[0]&0x3f | 0x20
	return new(big.Int).SetBytes(b)
}
