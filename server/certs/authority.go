package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"
)

// store has certificates and keys as files, by the names that certmagic gives them.
type store struct {
	files  *certmagic.FileStorage
	issuer string // certmagic's name for the authority
}

func openStore(dir string, a *ACME) (store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return store{}, fmt.Errorf("make certificate directory: %w", err)
	}
	issuer := certmagic.NewACMEIssuer(&certmagic.Config{}, certmagic.ACMEIssuer{CA: a.Directory}).IssuerKey()
	return store{&certmagic.FileStorage{Path: dir}, issuer}, nil
}

// load reads a certificate and its key. One that is not there is fs.ErrNotExist.
func (s store) load(name string) (*tls.Certificate, error) {
	ctx := context.Background() // files know no contexts
	certificate, err := s.files.Load(ctx, certmagic.StorageKeys.SiteCert(s.issuer, name))
	if err != nil {
		return nil, err
	}
	key, err := s.files.Load(ctx, certmagic.StorageKeys.SitePrivateKey(s.issuer, name))
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	return &pair, pair.Leaf.VerifyHostname(name)
}

func (s store) remove(name string) error {
	return s.files.Delete(context.Background(), certmagic.StorageKeys.CertsSitePrefix(s.issuer, name))
}

// names are those that have a certificate of the authority.
func (s store) names() (names []string, err error) {
	keys, err := s.files.List(context.Background(), certmagic.StorageKeys.CertsPrefix(s.issuer), false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, key := range keys {
		if name, ok := canonical(path.Base(key)); ok {
			names = append(names, name)
		}
	}
	return names, err
}

// authority orders certificates. Of certmagic it uses the order, the account and the files; when to order, what to do after
// a failure and what to show is decided here, without certmagic's cache, whose upkeep finds nothing to do.
type authority struct {
	cache          *certmagic.Cache
	own, customers *certmagic.Config
	issuer         *certmagic.ACMEIssuer
}

func newAuthority(a *ACME, s store, log *slog.Logger) *authority {
	zapped := zap.New(bridge{log})
	z := &authority{}
	z.cache = certmagic.NewCache(certmagic.CacheOptions{Logger: zapped, GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return z.own, nil }})
	template := certmagic.ACMEIssuer{CA: a.Directory, Email: a.Email, Agreed: true, TrustedRoots: a.Roots, Logger: zapped, CertObtainTimeout: pollTimeout,
		// Where nobody listens on these ports certmagic would. With those of our own listeners it cannot; were they closed, it would be reached from this
		// machine alone.
		ListenHost: "127.0.0.1", AltHTTPPort: a.HTTPPort, AltTLSALPNPort: a.TLSPort, DisableHTTPChallenge: a.HTTPPort == 0, DisableTLSALPNChallenge: a.TLSPort == 0,
		DisableDistributedSolvers: true}
	if a.KeyID != "" {
		template.ExternalAccount = &acme.EAB{KeyID: a.KeyID, MACKey: a.MACKey}
	}
	config := func(issuer certmagic.ACMEIssuer) *certmagic.Config {
		cfg := certmagic.New(z.cache, certmagic.Config{Storage: s.files, Logger: zapped, OCSP: certmagic.OCSPConfig{DisableStapling: true}})
		z.issuer = certmagic.NewACMEIssuer(cfg, issuer)
		cfg.Issuers = []certmagic.Issuer{z.issuer}
		return cfg
	}
	z.customers = config(template)
	if a.DNS != nil {
		template.DNS01Solver = a.DNS.solver(zapped)
	}
	z.own = config(template)
	return z
}

func (z *authority) close() { z.cache.Stop() }

// order gets a certificate into the store: the first, or a new one in the place of one that is there.
func (z *authority) order(ctx context.Context, name string, own, renew bool) error {
	cfg := z.customers
	if own {
		cfg = z.own
	}
	if renew {
		return cfg.RenewCertSync(ctx, name, true)
	}
	return cfg.ObtainCertSync(ctx, name)
}

// renewalTimeout is how long the authority may take to say when it wants a certificate renewed.
const renewalTimeout = 30 * time.Second

// renewal is a moment in the window in which the authority wants a certificate renewed (RFC 9773).
func (z *authority) renewal(ctx context.Context, cert *tls.Certificate) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, renewalTimeout)
	defer cancel()
	info, err := z.issuer.GetRenewalInfo(ctx, certmagic.Certificate{Certificate: *cert})
	return info.SelectedTime, err
}
