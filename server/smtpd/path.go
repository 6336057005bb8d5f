package smtpd

import (
	"strings"
	"unicode/utf8"
)

// maxPath is the longest path in octets. RFC 5321, 4.5.3.1.3 says 256; senders that write the whole recipient into
// their bounce address need more.
const maxPath = 512

// cutPath takes the path from the start of a MAIL or RCPT argument (RFC 5321, 4.1.2, with RFC 6531, 3.3): rest is what
// follows it, the parameters. bare is true for <Postmaster>, the one mailbox that needs no domain. Source routes are
// passed over, and dots may stand anywhere in a local part: some carriers gave out such addresses.
func cutPath(s string) (rest string, bare, ok bool) {
	s = strings.TrimLeft(s, " ")
	begin := s
	if s, ok = strings.CutPrefix(s, "<"); !ok {
		return "", false, false
	}
	if s, ok = cutRoute(s); !ok {
		return "", false, false
	}
	local, s, ok := cutLocal(s)
	if !ok {
		return "", false, false
	}
	switch {
	case local == "" && begin[1] == '>': // the null path
	case strings.HasPrefix(s, "@") && local != "":
		if s, ok = cutDomain(s[1:]); !ok {
			return "", false, false
		}
	case strings.EqualFold(local, "postmaster") && begin[1] != '@':
		bare = true
	default:
		return "", false, false
	}
	if s, ok = strings.CutPrefix(s, ">"); !ok {
		return "", false, false
	}
	path := begin[:len(begin)-len(s)]
	if len(path) > maxPath || !utf8.ValidString(path) || s != "" && s[0] != ' ' {
		return "", false, false
	}
	return s, bare, true
}

// cutRoute passes over "@a,@b:", which receivers accept and ignore (RFC 5321, 4.1.1.3 and appendix C).
func cutRoute(s string) (rest string, ok bool) {
	if !strings.HasPrefix(s, "@") {
		return s, true
	}
	route, rest, ok := strings.Cut(s, ":")
	if !ok {
		return "", false
	}
	for hop := range strings.SplitSeq(route, ",") {
		domain, found := strings.CutPrefix(hop, "@")
		if !found || domain == "" || strings.ContainsFunc(domain, notInDomain) {
			return "", false
		}
	}
	return rest, true
}

// cutLocal takes a dot-string or a quoted string; local is as written.
func cutLocal(s string) (local, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexFunc(s, notInAtom)
		if end < 0 {
			return "", "", false
		}
		return s[:end], s[end:], true
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[:i+1], s[i+1:], i > 1
		case c == '\\' && i+1 < len(s) && s[i+1] >= ' ' && s[i+1] < 0x7f:
			i++
		case c < ' ' || c == 0x7f || c == '\\':
			return "", "", false
		}
	}
	return "", "", false
}

// cutDomain takes a domain or an address literal.
func cutDomain(s string) (rest string, ok bool) {
	if strings.HasPrefix(s, "[") {
		literal, rest, ok := strings.Cut(s[1:], "]")
		return rest, ok && literal != "" && !strings.ContainsFunc(literal, notInLiteral)
	}
	end := strings.IndexFunc(s, notInDomain)
	return s[max(end, 0):], end > 0
}

func notInAtom(r rune) bool {
	return r != '.' && r < utf8.RuneSelf && !isAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

func notInDomain(r rune) bool {
	return r < utf8.RuneSelf && !isAlphanumeric(r) && r != '.' && r != '-' && r != '_'
}

func notInLiteral(r rune) bool { return !isAlphanumeric(r) && r != '.' && r != ':' && r != '-' }

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// quoted writes an unquoted mailbox as a path holds it. The domain begins behind the last @.
func quoted(mailbox string) string {
	at := strings.LastIndexByte(mailbox, '@')
	if at < 0 || !strings.ContainsFunc(mailbox[:at], notInAtom) {
		return mailbox
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range mailbox[:at] {
		if r == '"' || r == '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String() + mailbox[at:]
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
