// Package autoconfig serves, over HTTP, what tells mail clients and other mail servers how to reach a domain's mail: the
// MTA-STS policy (RFC 8461), Thunderbird's autoconfig, Outlook's autodiscover and Apple's profile.
//
// It knows no store and no wire: whether a domain is verified here, and what its policy is, it asks functions that it is given.
// It never knows whether an address exists: every address of a verified domain gets the same settings. What is not served gets
// one answer, whatever the reason, so that nobody learns more than that a domain is here, which its DNS tells anyway.
package autoconfig

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// The bounds of a request. What is beyond them is not served.
const (
	maxRequest = 64 << 10 // octets of a body
	maxDepth   = 16       // elements within elements in it
	maxLocal   = 64       // octets of a local part (RFC 5321, 4.5.3.1.1)
	maxDomain  = 253      // octets of a domain (RFC 1035, 2.3.4, without the root)
	maxWritten = 1 << 10  // octets of a domain as it was written, before it is made A-labels
	maxServers = 8        // of one protocol in Settings
)

// How long others may keep an answer without asking again.
const (
	cacheTime = 5 * time.Minute
	retryTime = time.Minute // after a failure of ours
)

// TLS is how a connection is encrypted.
type TLS string

const (
	Implicit TLS = "implicit" // from its first octet
	StartTLS TLS = "starttls" // by STARTTLS
)

// Server is where a client connects to.
type Server struct {
	Host string // A-labels
	Port int
	TLS  TLS
}

// Settings are what a client needs besides address and password. The best server of each protocol comes first. Clients log
// in with the whole address and a password.
type Settings struct {
	IMAP []Server
	SMTP []Server // submission (RFC 6409, RFC 8314)
}

// Config is what a Handler is made of.
type Config struct {
	// Hosts are names of the server itself, at which documents are served for the domain of the address that the client names.
	// To the first of them Outlook is led, so it must have a certificate. At least one.
	Hosts    []string
	Name     string // of the mail service as users know it; "": the domain's name stands in
	Settings Settings

	// Domain tells whether a domain (A-labels, lower case) is verified here.
	Domain func(ctx context.Context, name string) (bool, error)
	// Policy gives a verified domain's MTA-STS policy. The zero Policy is none: the answer is the same as for a domain that is not
	// here. nil: no domain has one.
	Policy func(ctx context.Context, domain string) (Policy, error)
	// Secure tells whether a request came over TLS; nil looks at the request alone, which is not enough behind a proxy.
	Secure func(*http.Request) bool

	Clock func() time.Time // nil: time.Now
	Log   *slog.Logger
}

// Handler serves the documents. It is safe for concurrent use and holds nothing that changes.
type Handler struct {
	cfg   Config
	hosts map[string]bool // Config.Hosts in their canonical form
}

// New checks a configuration. The error says what to write.
func New(cfg Config) (*Handler, error) {
	h := &Handler{cfg: cfg, hosts: map[string]bool{}}
	if len(cfg.Hosts) == 0 || cfg.Domain == nil || cfg.Log == nil {
		return nil, errors.New("autoconfig: the names of the server, a function for domains and a log are needed")
	}
	for i, host := range cfg.Hosts {
		name, ok := parseDomain(host)
		if !ok {
			return nil, fmt.Errorf("autoconfig: %q is no host name", host)
		}
		h.hosts[name] = true
		if i == 0 {
			h.cfg.Hosts = []string{name}
		}
	}
	if err := cfg.Settings.check(); err != nil {
		return nil, err
	}
	if h.cfg.Secure == nil {
		h.cfg.Secure = func(r *http.Request) bool { return r.TLS != nil }
	}
	if h.cfg.Clock == nil {
		h.cfg.Clock = time.Now
	}
	return h, nil
}

func (s Settings) check() error {
	for protocol, servers := range map[string][]Server{"IMAP": s.IMAP, "SMTP": s.SMTP} {
		if len(servers) == 0 || len(servers) > maxServers {
			return fmt.Errorf("autoconfig: %s needs 1 to %d servers", protocol, maxServers)
		}
		for _, server := range servers {
			if _, ok := parseDomain(server.Host); !ok || server.Port < 1 || server.Port > 65535 {
				return fmt.Errorf("autoconfig: %q with port %d is no server of %s", server.Host, server.Port, protocol)
			}
			if server.TLS != Implicit && server.TLS != StartTLS {
				return fmt.Errorf("autoconfig: the encryption of %s is %q or %q", protocol, Implicit, StartTLS)
			}
		}
	}
	return nil
}

// Prefixes are the labels before a domain whose hosts are for documents alone: they lead here by the domain's DNS.
var Prefixes = []string{"mta-sts.", "autoconfig.", "autodiscover."}

// Serves reports whether a request is for this handler: by its path, or because its host begins with one of Prefixes and is
// none of Config.Hosts. ACME challenges at such hosts must be answered before.
func (h *Handler) Serves(r *http.Request) bool {
	if _, ok := documentAt(r.URL.Path); ok {
		return true
	}
	host, _ := hostOf(r)
	if h.hosts[host] {
		return false
	}
	for _, prefix := range Prefixes {
		if strings.HasPrefix(host, prefix) {
			return true
		}
	}
	return false
}

// ServeHTTP answers with a document. What it does not serve is 404, in the same words for an unknown host, domain or path.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	doc, ok := documentAt(r.URL.Path)
	if !ok {
		notFound(w)
		return
	}
	place, err := h.placeOf(r, doc.prefixes)
	switch {
	case err != nil:
		h.unavailable(w, err)
	case place == nil:
		notFound(w)
	default:
		doc.serve(h, w, r, *place)
	}
}

// document is something that is served.
type document struct {
	prefixes []string // before the domain, in the hosts that serve it besides Config.Hosts; the longest first
	serve    func(h *Handler, w http.ResponseWriter, r *http.Request, p place)
}

// Paths of the documents. Those of autodiscover are taken in any case, as Outlook writes them in several.
const (
	PolicyPath      = "/.well-known/mta-sts.txt"
	ThunderbirdPath = "/mail/config-v1.1.xml"
	WellKnownPath   = "/.well-known/autoconfig/mail/config-v1.1.xml"
	OutlookPath     = "/autodiscover/autodiscover.xml"
	OutlookJSONPath = "/autodiscover/autodiscover.json"
	ProfilePath     = "/mail/profile.mobileconfig"
)

// documentAt finds the document that a path leads to.
func documentAt(path string) (document, bool) {
	switch path {
	case PolicyPath:
		return document{[]string{"mta-sts."}, (*Handler).policy}, true
	case ThunderbirdPath:
		return document{[]string{"autoconfig."}, (*Handler).thunderbird}, true
	case WellKnownPath:
		return document{[]string{"autoconfig.", ""}, (*Handler).thunderbird}, true
	case ProfilePath:
		return document{[]string{"autoconfig.", ""}, (*Handler).profile}, true
	}
	if strings.EqualFold(path, OutlookPath) {
		return document{[]string{"autodiscover.", ""}, (*Handler).outlook}, true
	}
	if n := len(OutlookJSONPath); len(path) >= n && strings.EqualFold(path[:n], OutlookJSONPath) && (len(path) == n || path[n] == '/') {
		return document{[]string{"autodiscover.", ""}, (*Handler).outlookJSON}, true
	}
	return document{}, false
}

// reads reports whether the method only reads, and answers if it does not.
func reads(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	text(w, http.StatusMethodNotAllowed, "this is only read: use GET\n")
	return false
}

// notFound is the one answer to what is not served.
func notFound(w http.ResponseWriter) {
	private(w)
	text(w, http.StatusNotFound, "not found\n")
}

func (h *Handler) unavailable(w http.ResponseWriter, err error) {
	private(w)
	h.cfg.Log.Error("a set-up document could not be made", "err", err)
	w.Header().Set("Retry-After", fmt.Sprint(int(retryTime.Seconds())))
	text(w, http.StatusServiceUnavailable, "not now: try again in a minute\n")
}

func text(w http.ResponseWriter, status int, body string) {
	write(w, status, "text/plain; charset=utf-8", []byte(body))
}

// write sends an answer. A client that is gone does not matter.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// public lets others keep an answer for a while, private does not: it may hold an address, or change at once.
func public(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(cacheTime.Seconds())))
}

func private(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }
