package mxtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

// makeCertificate makes an authority and a certificate by it. The times reach back: within testing/synctest it is 2000.
func makeCertificate(hostname string, kind Certificate) (tls.Certificate, *x509.CertPool, error) {
	authority, err := makeAuthority()
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.Leaf)
	template := certificate(2, hostname)
	template.DNSNames = []string{hostname}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	switch kind {
	case Expired:
		template.NotAfter = time.Date(1991, 1, 1, 0, 0, 0, 0, time.UTC)
	case WrongName:
		template.DNSNames = []string{"wrong.test"}
	case Untrusted:
		if authority, err = makeAuthority(); err != nil {
			return tls.Certificate{}, nil, err
		}
	}
	cert, err := sign(template, authority)
	return cert, roots, err
}

func makeAuthority() (tls.Certificate, error) {
	template := certificate(1, "authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	return sign(template, tls.Certificate{})
}

func certificate(serial int64, name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// sign makes a certificate by an authority, or by itself for the zero one.
func sign(template *x509.Certificate, by tls.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	parent, signer := by.Leaf, by.PrivateKey
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}
