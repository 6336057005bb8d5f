package main

import (
	"net"
	"net/http"
	"net/netip"
	"path/filepath"

	"github.com/postroom/postroom/server/certs"
	"github.com/postroom/postroom/server/dnsupdate"
)

// makeCerts puts together the certificates; the listeners at which names are validated are there already.
func (p *postroom) makeCerts() (err error) {
	t := p.cfg.TLS
	if !t.wanted() {
		return nil
	}
	cfg := certs.Config{Hostname: p.cfg.Hostname, Names: t.Names, Dir: filepath.Join(p.cfg.DataDir, "tls"), Pairs: t.pairs(), Allow: p.allowName, Log: p.log}
	if t.ACMEEmail != "" {
		if cfg.ACME, err = p.acme(); err != nil {
			return err
		}
	}
	p.certs, err = certs.New(cfg)
	return err
}

func (p *postroom) acme() (*certs.ACME, error) {
	t := p.cfg.TLS
	roots, err := loadRoots(t.ACMERootFile)
	if err != nil {
		return nil, err
	}
	key, err := t.accountKey()
	if err != nil {
		return nil, err
	}
	a := &certs.ACME{Email: t.ACMEEmail, Directory: t.ACMEDirectory, Roots: roots, KeyID: t.ACMEEABKid, MACKey: key, HTTPPort: portOf(p.httpPlain)}
	if p.cfg.HTTP.TLS {
		a.TLSPort = portOf(p.http)
	}
	if primary := t.primary(); primary != nil {
		a.DNS = &certs.DNS{Delegate: t.DNSDelegate, Update: primary}
		for _, server := range p.cfg.DNS.Servers {
			a.DNS.Resolvers = append(a.DNS.Resolvers, withPort(server))
		}
	}
	return a, nil
}

// primary is the name server that takes updates, nil if there is none.
func (t TLSConfig) primary() *dnsupdate.Primary {
	if t.DNSProvider != rfc2136 {
		return nil
	}
	return &dnsupdate.Primary{Server: withPort(t.DNSServer), KeyName: t.DNSKeyName, Algorithm: t.DNSKeyAlgorithm, Secret: t.DNSKeySecret}
}

// portOf is where a listener listens, 0 if there is none.
func portOf(ln net.Listener) int {
	if ln == nil {
		return 0
	}
	at, _ := netip.ParseAddrPort(ln.Addr().String())
	return int(at.Port())
}

// withPort is a name server's address with its port.
func withPort(server string) string {
	if ip, err := netip.ParseAddr(server); err == nil {
		return netip.AddrPortFrom(ip, 53).String()
	}
	return server
}

// plainHandler is for the listener that speaks HTTP without TLS beside the one of the API: validations, and the way to HTTPS.
func (p *postroom) plainHandler() http.Handler {
	next := p.withSetup(http.HandlerFunc(toHTTPS))
	if p.certs == nil {
		return next
	}
	return p.certs.ChallengeHandler(next)
}

// toHTTPS sends who only reads to the same place on port 443. What carries a body or a key was in the open already and is refused,
// so that it is noticed.
func toHTTPS(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	switch {
	case !isHostname(host):
		http.Error(w, "This request names no host. Use https.", http.StatusBadRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "Use https.", http.StatusForbidden)
	default:
		w.Header().Set("Connection", "close")
		http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusMovedPermanently)
	}
}
