package resolver

import (
	"net/netip"
	"strings"
)

// Bounds on names (RFC 1035, 2.3.4), in octets and without the dot at the end.
const (
	maxName  = 253
	maxLabel = 63
)

// canonicalName checks a name and gives it in lower case with a dot at its end. Any label of printable ASCII will do, as
// those of services begin with an underscore; but for a backslash, which would be read as an escape.
func canonicalName(name string) (string, error) {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > maxName {
		return "", ErrInvalidName
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxLabel {
			return "", ErrInvalidName
		}
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || c == '\\' {
			return "", ErrInvalidName
		}
	}
	return strings.ToLower(name) + ".", nil
}

// host is a name of the DNS as callers get it: in lower case, without the dot at its end.
func host(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

// isHost reports whether a name from the DNS can be that of a host: letters, digits, hyphens and, since there are such
// hosts, underscores; and not an IP address.
func isHost(name string) bool {
	if _, err := canonicalName(name); err != nil {
		return false
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return false
	}
	if strings.ContainsFunc(name, func(c rune) bool { return !inHost(c) }) {
		return false
	}
	return !isNumber(name[strings.LastIndexByte(name, '.')+1:])
}

func inHost(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}

// isNumber reports whether a last label makes a name look like an IPv4 address; no top-level domain is a number.
func isNumber(label string) bool { return strings.Trim(label, "0123456789") == "" }

// unescape gives the octets of a string as the DNS library writes it: \" and \\ and \DDD.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\' || i+1 == len(s):
			b.WriteByte(s[i])
		case i+3 < len(s) && isNumber(s[i+1:i+4]):
			b.WriteByte((s[i+1]-'0')*100 + (s[i+2]-'0')*10 + (s[i+3] - '0'))
			i += 3
		default:
			i++
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
