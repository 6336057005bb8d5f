package compose

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// canonical gives an address with its domain in lower-case A-labels and its local part quoted only where it must be
// (RFC 5322, 3.4.1), or the reason why it is none, as a sentence.
func canonical(s string) (address, reason string) {
	at := strings.LastIndexByte(s, '@')
	switch {
	case s == "":
		return "", "An address is needed, such as ann@example.com."
	case !utf8.ValidString(s):
		return "", "The address is not valid UTF-8."
	case at <= 0 || at == len(s)-1:
		return "", "An address is written as local@domain, without a name or brackets."
	}
	local, reason := canonicalLocal(s[:at])
	if reason != "" {
		return "", reason
	}
	domain, reason := canonicalDomain(s[at+1:])
	if reason != "" {
		return "", reason
	}
	if address = local + "@" + domain; len(address) > MaxAddress {
		return "", "An address has at most 254 octets."
	}
	return address, ""
}

func canonicalLocal(s string) (local, reason string) {
	const bad = "What stands before the @ holds a character that an address cannot have."
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		var ok bool
		if s, ok = unquote(s[1 : len(s)-1]); !ok {
			return "", bad
		}
	} else if strings.ContainsFunc(s, func(r rune) bool { return r < utf8.RuneSelf && r != '.' && !isAtext(byte(r)) }) {
		return "", bad
	}
	if strings.Contains(s, "=?") || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r != ' ' && unicode.IsSpace(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff'
	}) {
		return "", bad
	}
	if strings.HasPrefix(s, "'") {
		return "", "An address does not begin with an apostrophe; many programs take it for a quotation mark."
	}
	if isDotAtom(s) {
		return s, ""
	}
	return quote(s), "" // such as "john..doe", which some hosts have
}

// unquote takes the quoted pairs out of what is between quotes; false if a quote or a lone backslash is in it.
func unquote(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '"' {
			return "", false
		}
		if c == '\\' {
			if i++; i == len(s) {
				return "", false
			}
			c = s[i]
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// isDotAtom tells whether s is a dot-atom (RFC 5322, 3.2.3; RFC 6532, 3.2).
func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for i := 0; i < len(atom); i++ {
			if atom[i] < utf8.RuneSelf && !isAtext(atom[i]) {
				return false
			}
		}
	}
	return true
}

func canonicalDomain(s string) (domain, reason string) {
	const bad = "What stands after the @ is no domain name: labels are letters, digits and hyphens, with dots between them."
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return canonicalLiteral(s)
	}
	if !isASCII(s) {
		if len(s) > 4*MaxAddress {
			return "", bad
		}
		var err error
		if s, err = idna.Lookup.ToASCII(s); err != nil {
			return "", bad
		}
	}
	s = strings.ToLower(s)
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", bad
		}
		for i := 0; i < len(label); i++ {
			if c := label[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') { // some hosts have underscores
				return "", bad
			}
		}
	}
	if len(s) > 253 {
		return "", "A domain has at most 253 characters."
	}
	return s, ""
}

// canonicalLiteral reads an address literal (RFC 5321, 4.1.3).
func canonicalLiteral(s string) (domain, reason string) {
	inside := s[1 : len(s)-1]
	six := len(inside) > 5 && strings.EqualFold(inside[:5], "IPv6:")
	if six {
		inside = inside[5:]
	}
	ip, err := netip.ParseAddr(inside)
	switch {
	case err != nil || ip.Zone() != "" || ip.Is4() == six:
		return "", "What stands between [ and ] after the @ is no IP address."
	case six:
		return "[IPv6:" + ip.String() + "]", ""
	}
	return "[" + ip.String() + "]", ""
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// sameAddress compares as mailboxes do in practice: without regard to case.
func sameAddress(a, b string) bool {
	return folded(a) == folded(b)
}

func folded(s string) string {
	if address, reason := canonical(s); reason == "" {
		s = address
	}
	return strings.ToLower(s)
}

// isID tells whether s is a message id that can be written: ASCII in angle brackets.
func isID(s string) bool {
	return len(s) > 2 && len(s) <= MaxID && s[0] == '<' && s[len(s)-1] == '>' &&
		!strings.ContainsFunc(s[1:len(s)-1], func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' })
}
