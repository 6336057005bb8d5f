package autoconfig

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// place is where a request came: at a verified domain's host, or at one of the server's own.
type place struct {
	domain string // A-labels, lower case; "" at a host of the server, where the address decides
}

// placeOf finds the place of a request's host; nil if nothing is served there.
func (h *Handler) placeOf(r *http.Request, prefixes []string) (*place, error) {
	host, ok := hostOf(r)
	if !ok {
		return nil, nil
	}
	if h.hosts[host] {
		return &place{}, nil
	}
	for _, prefix := range prefixes {
		name, ok := strings.CutPrefix(host, prefix)
		if !ok {
			continue
		}
		if here, err := h.verified(r.Context(), name); here || err != nil {
			return &place{domain: name}, err
		}
	}
	return nil, nil
}

// verified tells whether a domain is verified here; what is no mail domain never is.
func (h *Handler) verified(ctx context.Context, name string) (bool, error) {
	if !strings.Contains(name, ".") {
		return false, nil
	}
	return h.cfg.Domain(ctx, name)
}

// domainFor is the domain that a request at this place is about, "" if it is about none here. A customer's host speaks for its
// own domain alone, a host of the server for every verified one.
func (h *Handler) domainFor(ctx context.Context, p place, m mailbox) (string, error) {
	switch {
	case p.domain != "":
		if m.domain != "" && m.domain != p.domain {
			return "", nil
		}
		return p.domain, nil
	case m.domain == "":
		return "", nil
	}
	if here, err := h.verified(ctx, m.domain); !here || err != nil {
		return "", err
	}
	return m.domain, nil
}

// hostOf gives the host of a request without its port, as parseDomain does.
func hostOf(r *http.Request) (string, bool) {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return parseDomain(strings.TrimSuffix(host, "."))
}

// parseDomain gives a domain's or host's A-labels in lower case (UTS 46, Lookup).
func parseDomain(s string) (string, bool) {
	if s == "" || len(s) > maxWritten || !utf8.ValidString(s) || strings.ContainsAny(s, "*:[]") {
		return "", false
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return "", false
	}
	name, err := idna.Lookup.ToASCII(s)
	if err != nil || len(name) > maxDomain || name == "" || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") {
		return "", false
	}
	return name, true
}

// mailbox is an address that a client names. The zero mailbox is none.
type mailbox struct {
	local  string
	domain string // A-labels, lower case
}

func (m mailbox) String() string { return m.local + "@" + m.domain }

// parseMailbox reads an address. ok is false for what nobody has here: a local part that is no dot-string (RFC 5321, 4.1.2;
// RFC 6531, 3.3), or a domain that is none.
func parseMailbox(s string) (m mailbox, ok bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > maxLocal || !utf8.ValidString(s) || !isDotString(s[:at]) {
		return mailbox{}, false
	}
	domain, ok := parseDomain(s[at+1:])
	if !ok {
		return mailbox{}, false
	}
	return mailbox{strings.Clone(s[:at]), domain}, true
}

func isDotString(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAtext(r) }) {
			return false
		}
	}
	return true
}

// isAtext reports whether r may stand in an atom: of what is not ASCII, that is what can be seen.
func isAtext(r rune) bool {
	if r >= utf8.RuneSelf {
		return r != utf8.RuneError && unicode.IsGraphic(r) && !unicode.IsSpace(r)
	}
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

// queryMailbox reads an address from a query's parameter, whose name is taken in any case.
func queryMailbox(r *http.Request, name string) (mailbox, bool) { return parseMailbox(query(r, name)) }

// query gives the first value of a parameter, whose name is taken in any case.
func query(r *http.Request, name string) string {
	values := r.URL.Query()
	if value := values.Get(name); value != "" {
		return value
	}
	found, best := "", ""
	for key, list := range values {
		if strings.EqualFold(key, name) && len(list) > 0 && (best == "" || key < best) {
			best, found = key, list[0]
		}
	}
	return found
}
