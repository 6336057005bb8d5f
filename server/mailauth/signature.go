package mailauth

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signature is a DKIM-Signature field that can be checked once its key is known.
type signature struct {
	field         field
	signed        []string // names of fields, in lower case, as they enter the hash
	bodyHash      []byte
	value         []byte // b=
	start, end    int    // of b= in field.value
	relaxedHeader bool
	relaxedBody   bool
	below         bool // i= has a subdomain of d=
}

// parseSignature reads a field. What cannot be checked has a result in the DKIM, which otherwise is empty.
func parseSignature(f field, now time.Time) (signature, DKIM) {
	s := signature{field: f}
	var d DKIM
	t, err := parseTags(string(f.value))
	if err != nil {
		return s, d.with(Neutral, "the signature is malformed")
	}
	d.Algorithm = strings.ToLower(clip(t.value("a", ""), 40))
	d.start = clip(t.value("b", ""), 8)
	domain, isDomain := asciiDomain(t.value("d", ""))
	selector, isSelector := asciiDomain(t.value("s", ""))
	if isDomain {
		d.Domain = domain
	}
	if isSelector {
		d.Selector = selector
	}
	for _, name := range []string{"v", "a", "b", "bh", "d", "h", "s"} {
		if _, ok := t.get(name); !ok {
			return s, d.with(Neutral, "the signature has no "+name+"= tag")
		}
	}
	switch {
	case t.value("v", "") != "1":
		return s, d.with(Neutral, "the signature is of an unknown version")
	case !isDomain:
		return s, d.with(Neutral, "d= is no domain")
	case !isSelector:
		return s, d.with(Neutral, "s= is no selector")
	case d.Algorithm != "rsa-sha256" && d.Algorithm != "ed25519-sha256": // RFC 8301, 3.1 forbids rsa-sha1
		return s, d.with(PermError, "the algorithm is not supported")
	case !has(t.value("q", "dns/txt"), "dns/txt"):
		return s, d.with(PermError, "the key is not in the DNS")
	}
	if !s.canonicalization(t.value("c", "simple/simple")) {
		return s, d.with(PermError, "the canonicalization is not supported")
	}
	b, _ := t.get("b")
	s.start, s.end = b.start, b.end
	s.value, err = base64.StdEncoding.DecodeString(stripSpace(b.value))
	if err != nil || len(s.value) == 0 {
		return s, d.with(Neutral, "b= is malformed")
	}
	if s.bodyHash, err = base64.StdEncoding.DecodeString(t.value("bh", "")); err != nil {
		return s, d.with(Neutral, "bh= is malformed")
	}
	s.signed = strings.Split(strings.ToLower(t.value("h", "")), ":")
	if !has(t.value("h", ""), "from") {
		return s, d.with(PermError, "From is not signed") // RFC 6376, 5.4
	}
	if !s.identifier(t, domain) {
		return s, d.with(PermError, "i= is not of the domain") // RFC 6376, 6.1.1
	}
	if reason := expiry(t, now); reason != "" {
		return s, d.with(Fail, reason)
	}
	if _, ok := t.get("l"); ok { // anybody can add to such a message what most readers will show (RFC 6376, 8.2)
		return s, d.with(Policy, "only a part of the body is signed")
	}
	return s, d
}

func (d DKIM) with(r Result, reason string) DKIM {
	d.Result, d.Reason = r, reason
	return d
}

func (s *signature) canonicalization(c string) bool {
	head, body, _ := strings.Cut(strings.ToLower(c), "/")
	if body == "" {
		body = "simple"
	}
	s.relaxedHeader, s.relaxedBody = head == "relaxed", body == "relaxed"
	return (s.relaxedHeader || head == "simple") && (s.relaxedBody || body == "simple")
}

// identifier reads i= and reports whether its domain is d= or below it.
func (s *signature) identifier(t tags, domain string) bool {
	i, ok := t.get("i")
	if !ok {
		return true
	}
	value := stripSpace(i.value)
	at := strings.LastIndexByte(value, '@')
	if at < 0 {
		return false
	}
	of, ok := asciiDomain(value[at+1:])
	s.below = strings.HasSuffix(of, "."+domain)
	return ok && (of == domain || s.below)
}

// empty gives the field without its signature, as it was when it was signed (RFC 6376, 3.7).
func (s *signature) empty() field {
	f := s.field
	before := f.raw[:len(f.raw)-len(f.value)+s.start]
	after := f.value[s.end:]
	f.raw = slices.Concat(before, after)
	f.value = slices.Concat(f.value[:s.start], after)
	return f
}

// expiry tells what is wrong with t= and x=, if anything is.
func expiry(t tags, now time.Time) string {
	x, ok := t.get("x")
	if !ok {
		return ""
	}
	expires, good := parseSeconds(x.value)
	if !good {
		return "x= is malformed"
	}
	if made, ok := t.get("t"); ok {
		if at, good := parseSeconds(made.value); !good || at >= expires {
			return "x= is not later than t="
		}
	}
	if now.Unix() > expires {
		return "the signature has expired"
	}
	return ""
}

// parseSeconds reads a time of up to 12 digits (RFC 6376, 3.5).
func parseSeconds(s string) (int64, bool) {
	if len(s) == 0 || len(s) > 12 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func clip(s string, n int) string { return s[:min(len(s), n)] }
