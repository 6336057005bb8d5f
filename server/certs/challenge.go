package certs

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

// challengePath is where an authority asks (RFC 8555, 8.3).
const challengePath = "/.well-known/acme-challenge/"

// ChallengeHandler answers an authority that validates a name by HTTP-01 and leaves all other requests to next. Only a
// validation that this process has begun is answered, and only for its own name and token.
func (c *Certs) ChallengeHandler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, challengePath) {
			next.ServeHTTP(w, r)
			return
		}
		challenge, ok := certmagic.GetACMEChallenge(strings.ToLower(r.Host))
		if !ok || challenge.Type != acme.ChallengeTypeHTTP01 || r.URL.Path != challenge.HTTP01ResourcePath() {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = io.WriteString(w, challenge.KeyAuthorization) // an authority that is gone asks again
	})
}

var errNoValidation = errors.New("no validation by TLS-ALPN-01 is under way for this name")

// validation is the certificate for a validation by TLS-ALPN-01 (RFC 8737, 3).
func validation(name string) (*tls.Certificate, error) {
	challenge, ok := certmagic.GetACMEChallenge(strings.ToLower(name))
	if !ok || challenge.Type != acme.ChallengeTypeTLSALPN01 {
		return nil, errNoValidation
	}
	return acmez.TLSALPN01ChallengeCert(challenge.Challenge)
}
