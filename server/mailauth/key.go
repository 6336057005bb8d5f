package mailauth

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/postroom/postroom/server/resolver"
)

// key is a public key of a domain (RFC 6376, 3.6.1).
type key struct {
	public  crypto.PublicKey // *rsa.PublicKey or ed25519.PublicKey
	bits    int
	testing bool // t=y
	exact   bool // t=s: i= must have the very domain
}

// findKey looks the key of a signature up. The result is "" if there is one that can be used; the reason is for the other
// results.
func (v *Verifier) findKey(ctx context.Context, d DKIM) (key, Result, string) {
	found, err := v.resolver.TXT(ctx, d.Selector+"._domainkey."+d.Domain)
	if resolver.IsTemporary(err) {
		return key{}, TempError, "the key could not be looked up"
	}
	if err != nil {
		return key{}, PermError, "there is no key"
	}
	// There should be one record (RFC 6376, 3.6.2.2). What is no key at all, of a wildcard say, is passed over.
	var records []tags
	for _, record := range found.Records {
		t, err := parseTags(record)
		if err != nil || t.value("v", "DKIM1") != "DKIM1" {
			continue
		}
		if _, ok := t.get("p"); ok {
			records = append(records, t)
		}
	}
	switch len(records) {
	case 0:
		return key{}, PermError, "there is no key"
	case 1:
		return parseKey(records[0], d.Algorithm)
	}
	return key{}, PermError, "there is more than one key"
}

func parseKey(t tags, algorithm string) (key, Result, string) {
	k := key{testing: has(t.value("t", ""), "y"), exact: has(t.value("t", ""), "s")}
	if t.value("p", "") == "" {
		return k, PermError, "the key is revoked"
	}
	kind, _, _ := strings.Cut(algorithm, "-")
	switch {
	case !strings.EqualFold(t.value("k", "rsa"), kind):
		return k, PermError, "the key is for another algorithm"
	case !has(t.value("h", "sha256"), "sha256"):
		return k, PermError, "the key is for another hash"
	case !has(t.value("s", "*"), "*") && !has(t.value("s", "*"), "email"):
		return k, PermError, "the key is not for mail"
	}
	der, err := base64.StdEncoding.DecodeString(t.value("p", ""))
	if err != nil {
		return k, PermError, "the key is malformed"
	}
	if kind == "ed25519" {
		if len(der) != ed25519.PublicKeySize {
			return k, PermError, "the key is malformed"
		}
		k.public, k.bits = ed25519.PublicKey(der), 8*ed25519.PublicKeySize
		return k, "", ""
	}
	public, err := parseRSA(der)
	if err != nil {
		return k, PermError, "the key is malformed"
	}
	k.public, k.bits = public, public.N.BitLen()
	switch {
	case k.bits < MinKeyBits:
		return k, Fail, fmt.Sprintf("the key has less than %d bits", MinKeyBits)
	case k.bits > MaxKeyBits:
		return k, PermError, fmt.Sprintf("the key has more than %d bits", MaxKeyBits)
	}
	return k, "", ""
}

// parseRSA reads a SubjectPublicKeyInfo, or the bare key in it, which RFC 6376 allows in one place and not in another.
func parseRSA(der []byte) (*rsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return x509.ParsePKCS1PublicKey(der)
	}
	if public, ok := parsed.(*rsa.PublicKey); ok {
		return public, nil
	}
	return nil, errors.New("another kind of key")
}

// verifies reports whether a signature is of a digest.
func (k key) verifies(digest, signature []byte) bool {
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest, signature) == nil
	case ed25519.PublicKey:
		return len(digest) == sha256.Size && ed25519.Verify(public, digest, signature) // RFC 8463, 3
	}
	return false
}
