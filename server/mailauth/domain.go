package mailauth

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// asciiDomain gives a domain in lower-case A-labels without a dot at its end (RFC 8616, 4); false if it is none that the DNS
// could hold. Labels are letters, digits, hyphens and underscores.
func asciiDomain(s string) (string, bool) {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 1000 {
		return "", false
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			var err error
			if s, err = idna.Lookup.ToASCII(s); err != nil {
				return "", false
			}
			break
		}
	}
	if s == "" || len(s) > 253 {
		return "", false
	}
	s = strings.ToLower(s)
	label := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			if label == 0 {
				return "", false
			}
			label = 0
			continue
		case !isAlnum(c) && c != '-' && c != '_':
			return "", false
		}
		if label++; label > 63 {
			return "", false
		}
	}
	return s, label > 0
}

// organization gives the organizational domain (RFC 7489, 3.2): the public suffix and one label more, or the domain itself
// where there is no more.
func organization(domain string) string {
	if found, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return found
	}
	return domain
}

// aligned reports whether an identifier stands for an author's domain (RFC 7489, 3.1).
func aligned(identifier, author string, strict bool) bool {
	if identifier == "" || identifier == author || strict {
		return identifier != "" && identifier == author
	}
	return organization(identifier) == organization(author)
}
