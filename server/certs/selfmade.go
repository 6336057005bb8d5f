package certs

import (
	"context"
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
	"time"
)

// SelfMadeLife is how long a certificate holds that is made here.
const SelfMadeLife = 365 * 24 * time.Hour

// selfMadeRenew is how much of it may be left when it is made again.
const selfMadeRenew = 30 * 24 * time.Hour

// makeFallback makes what is shown for as long as there is nothing better: mail servers take any certificate over none.
func (c *Certs) makeFallback() error {
	_, cert, key, err := SelfMade([]string{c.cfg.Hostname}, c.now())
	if err != nil {
		return fmt.Errorf("make certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("make certificate: %w", err)
	}
	c.selfMade.Store(&pair)
	return nil
}

// keepFallback makes it again before it ends.
func (c *Certs) keepFallback(ctx context.Context) {
	tick := time.NewTicker(maxSleep)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if c.now().Before(c.selfMade.Load().Leaf.NotAfter.Add(-selfMadeRenew)) {
			continue
		}
		if err := c.makeFallback(); err != nil {
			c.log.Error("the server's own certificate was not made again", "err", err)
		}
	}
}

// SelfMade makes an authority, whose key is thrown away, and a certificate of it for the names (host names and IP addresses), so that
// trusting the authority is trusting this one certificate. ECDSA with P-256, all in PEM.
func SelfMade(names []string, now time.Time) (ca, cert, key []byte, err error) {
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
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(SelfMadeLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(SelfMadeLife),
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
