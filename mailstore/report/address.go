package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanAddress gives an address with its domain in lower case, without brackets, a scheme, quotes around it or a
// source route (RFC 5321, appendix C), or "" if s is none.
func cleanAddress(s string) string {
	s = strings.Trim(strings.TrimSpace(s), "<>\"' \t,;")
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	if strings.HasPrefix(s, "@") {
		_, s, _ = strings.Cut(s, ":")
	}
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 || len(s) > maxAddress || !utf8.ValidString(s) {
		return ""
	}
	local, domain := s[:at], strings.ToLower(strings.TrimRight(s[at+1:], "."))
	if domain == "" || strings.ContainsFunc(domain, notDomain) {
		return ""
	}
	if !strings.HasPrefix(local, `"`) && strings.ContainsFunc(local, notLocal) || strings.ContainsFunc(local, unicode.IsControl) {
		return ""
	}
	return local + "@" + domain
}

func notDomain(r rune) bool {
	return r < utf8.RuneSelf && !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_[]:", r)) || !unicode.IsPrint(r)
}

func notLocal(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("<>()[],;:\\\"", r) || !unicode.IsPrint(r)
}

// findAddress gives the first address in s.
func findAddress(s string) string {
	for s != "" {
		at := strings.IndexByte(s, '@')
		if at < 0 {
			return ""
		}
		start := strings.LastIndexFunc(s[:at], isBreak)
		if start >= 0 {
			_, size := utf8.DecodeRuneInString(s[start:])
			start += size
		} else {
			start = 0
		}
		end := strings.IndexFunc(s[at:], isBreak)
		if end < 0 {
			end = len(s)
		} else {
			end += at
		}
		if address := cleanAddress(strings.TrimRight(s[start:end], ".")); address != "" {
			return address
		}
		s = s[end:]
	}
	return ""
}

// isBreak tells whether an address in running text ends at r.
func isBreak(r rune) bool {
	return r <= ' ' || strings.ContainsRune("<>()[],;:\"'`", r) || r >= 0x3000 && r <= 0x30ff || r >= 0xff00 && r <= 0xffef
}

// oneLine makes s one line of valid UTF-8 without control characters, spaces collapsed, of at most limit octets.
func oneLine(s string, limit int) string {
	const slack = 4 // what collapses is not worth more
	s = strings.ToValidUTF8(clip(s, slack*limit), "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(clip(strings.Join(strings.Fields(s), " "), limit))
}

// clip cuts s to at most limit octets, between characters.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return strings.Clone(s[:limit])
}
