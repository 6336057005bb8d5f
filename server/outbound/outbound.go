// Package outbound is how the server asks HTTP servers that strangers name: a webhook's, a policy host. A name leads where its
// owner wants, also to the machine that asks, so the address is looked at that is really connected to, when it is connected
// to: what a name said a moment ago counts for nothing.
//
// It knows no endpoint and no message; wires are handed a client or a guard, and say what they ask.
package outbound

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/postroom/postroom/server/resolver"
)

// Bounds of a client.
const (
	connectTimeout = 5 * time.Second
	maxHeaderBytes = 16 << 10 // of an answer
	maxIdle        = 200      // connections that are kept open
	idleTimeout    = 30 * time.Second
	firstFreePort  = 1024 // below, only the ports of HTTP are connected to: the others speak something else
)

// Guard says which addresses are connected to. The zero Guard allows the public internet alone.
type Guard struct {
	Networks []netip.Prefix // that are allowed too, though they are private
	NoPublic bool           // only Networks
	All      bool           // every address
}

// Check is nil for an address that may be connected to. What leads to another address, as translation and tunnels do, is as
// good as the address within, or not allowed: see resolver.IsPublic.
func (g Guard) Check(addr netip.Addr) error {
	addr = addr.WithZone("").Unmap()
	for _, network := range g.Networks {
		if network.Contains(addr) {
			return nil
		}
	}
	switch {
	case g.All, !g.NoPublic && resolver.IsPublic(addr):
		return nil
	case resolver.IsPublic(addr):
		return fmt.Errorf("%w: to %s only https is spoken", ErrRefused, addr)
	}
	return fmt.Errorf("%w: %s is not an address of the public internet", ErrRefused, addr)
}

// ErrRefused is wrapped by what a guard refuses.
var ErrRefused = errors.New("not allowed")

// Control is for net.Dialer: it is called with the address that a name has led to, before it is connected to.
func (g Guard) Control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q is no address", ErrRefused, address)
	}
	return g.Check(to.Addr())
}

// Policy is what the operator allows of URLs that strangers name: https to the public internet, and both https and http to the
// networks.
type Policy struct {
	Networks []netip.Prefix
}

// CheckURL says what is wrong with a URL before anything is connected to: "" if nothing is. A name is looked at when it is
// connected to.
func (p Policy) CheckURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return "A URL that begins with https:// is needed."
	}
	if u.Scheme == "http" && len(p.Networks) == 0 {
		return "The URL must begin with https://."
	}
	if port := cmp.Or(u.Port(), "443"); port != "443" && port != "80" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n < firstFreePort {
			return fmt.Sprintf("The port is 443, 80, or one from %d on.", firstFreePort)
		}
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		if p.guard(u.Scheme).Check(addr) != nil {
			return "This address is not one that the server connects to: it is not of the public internet, or needs https."
		}
	}
	return ""
}

func (p Policy) guard(scheme string) Guard {
	return Guard{Networks: p.Networks, NoPublic: scheme == "http"}
}

// Client makes a client that keeps to the policy: certificates are verified (by roots, nil being the system's), redirects are
// not followed, nothing goes through a proxy, and an answer's head is bounded. Deadlines and the bound of a body are the caller's.
func (p Policy) Client(roots *x509.CertPool) *http.Client {
	t := transport{}
	for scheme, into := range map[string]**http.Transport{"http": &t.plain, "https": &t.secure} {
		dialer := net.Dialer{Timeout: connectTimeout, Control: p.guard(scheme).Control}
		*into = &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    connectTimeout,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // a body is bounded as it is sent
			MaxResponseHeaderBytes: maxHeaderBytes,
			MaxIdleConns:           maxIdle,
			IdleConnTimeout:        idleTimeout,
		}
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// transport has a guard of its own for each scheme.
type transport struct{ plain, secure *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return t.secure.RoundTrip(r)
	}
	return t.plain.RoundTrip(r)
}

// CloseIdleConnections is called by http.Client's.
func (t transport) CloseIdleConnections() {
	t.plain.CloseIdleConnections()
	t.secure.CloseIdleConnections()
}
