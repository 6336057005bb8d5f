package smtpc

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxAddress is the longest address in octets. RFC 5321, 4.5.3.1.3 says 254 without the brackets; return paths that hold
// the whole recipient need more.
const maxAddress = 510

// isAddress is true of what may stand between < and > of MAIL and RCPT: an atom with dots anywhere or a quoted string, @,
// and a domain or an address literal (RFC 5321, 4.1.2, with RFC 6531, 3.3). Nothing else goes on the wire: a space or a
// bracket would begin something else there, a line end another command.
func isAddress(s string) bool {
	if len(s) > maxAddress || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return false
	}
	local, domain, ok := cutLocal(s)
	return ok && local != "" && isDomain(domain)
}

// cutLocal splits an address behind its local part.
func cutLocal(s string) (local, domain string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		local, domain, ok = strings.Cut(s, "@")
		return local, domain, ok && !strings.ContainsFunc(local, notInAtom)
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			domain, ok = strings.CutPrefix(s[i+1:], "@")
			return s[:i+1], domain, ok && i > 1
		}
	}
	return "", "", false
}

func isDomain(s string) bool {
	if literal, ok := strings.CutPrefix(s, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		return ok && isLiteral(literal)
	}
	return s != "" && !strings.ContainsFunc(s, notInDomain)
}

// isLiteral is true of the address in an address literal (RFC 5321, 4.1.3).
func isLiteral(s string) bool {
	s, six := strings.CutPrefix(s, "IPv6:")
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Zone() == "" && ip.Is6() == six
}

// isHelloName is true of what we say of ourselves (RFC 5321, 4.1.1.1). Receivers refuse localhost, and it is never true.
func isHelloName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if strings.EqualFold(label, "localhost") {
			return false
		}
	}
	return len(s) <= 255 && isASCII(s) && isDomain(s)
}

func notInAtom(r rune) bool {
	return r < utf8.RuneSelf && r != '.' && !isAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) ||
		unicode.IsSpace(r)
}

func notInDomain(r rune) bool {
	return r < utf8.RuneSelf && r != '.' && r != '-' && r != '_' && !isAlphanumeric(r) || unicode.IsSpace(r)
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
