package mailauth

import (
	"bytes"
	"strings"
)

// Strip takes the Authentication-Results fields out of a header that claim to be this server's, hostname (RFC 8601, 5): in any
// case, folded, commented, quoted, or so malformed that a reader might take them for it. All else stays as it is, octet
// by octet, but for folded lines before the first field: they would continue the field that is put in front of them.
//
// header ends with its empty line, or may have a body behind it, which is not looked at. If there is nothing to remove, it is
// returned itself.
func Strip(header []byte, hostname string) []byte {
	return strip(header, func(raw []byte) bool {
		return raw[0] == ' ' || raw[0] == '\t' || // of the first line alone: it would go on with the field that we put in front
			looseName(raw) == "authentication-results" && claims(raw[bytes.IndexByte(raw, ':')+1:], hostname)
	})
}

// StripField removes fields of a name, whatever they say, and leaves all else as it stands.
func StripField(header []byte, name string) []byte {
	name = strings.ToLower(name)
	return strip(header, func(raw []byte) bool { return looseName(raw) == name })
}

// strip removes the fields that are foreign.
func strip(header []byte, foreign func(raw []byte) bool) []byte {
	var kept []byte
	copied, changed := 0, false
	for start := 0; start < len(header); {
		end := fieldEnd(header, start)
		raw := header[start:end]
		if endsHeader(raw) {
			break
		}
		if foreign(raw) {
			kept = append(kept, header[copied:start]...)
			copied, changed = end, true
		}
		start = end
	}
	if !changed {
		return header
	}
	return append(kept, header[copied:]...)
}

// claims reports whether a field's value names a host as its author, or may be read so.
func claims(value []byte, hostname string) bool {
	id, ok := authservID(string(value))
	if ok {
		return sameHost(id, hostname)
	}
	plain := strings.ToLower(stripSpace(string(value)))
	return strings.Contains(plain, strings.ToLower(strings.TrimSuffix(hostname, ".")))
}

func sameHost(a, b string) bool {
	one, ok := asciiDomain(a)
	other, both := asciiDomain(b)
	if ok && both {
		return one == other
	}
	return strings.EqualFold(a, b)
}

// authservID reads the beginning of a value: the identifier and, behind it, a version, a semicolon or the end. It is false if
// anything else stands there.
func authservID(s string) (id string, ok bool) {
	if s, ok = skipCFWS(s); !ok {
		return "", false
	}
	if strings.HasPrefix(s, `"`) {
		id, s, ok = unquote(s)
	} else {
		n := 0
		for n < len(s) && (isTokenByte(s[n]) || s[n] >= 0x80) { // RFC 8601, 2.2: of an internationalized message
			n++
		}
		id, s, ok = s[:n], s[n:], n > 0
	}
	if !ok {
		return "", false
	}
	rest, ok := skipCFWS(s)
	if !ok {
		return "", false
	}
	if rest != s {
		rest = strings.TrimLeft(rest, "0123456789")
		if rest, ok = skipCFWS(rest); !ok {
			return "", false
		}
	}
	return id, rest == "" || rest[0] == ';'
}

// skipCFWS takes white space and comments off (RFC 5322, 3.2.2); false if a comment does not end.
func skipCFWS(s string) (string, bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == '\\' && depth > 0:
			i++
		case depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n':
			return s[i:], true
		}
	}
	return "", depth == 0
}

// unquote takes a quoted string off.
func unquote(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
			b.WriteByte(s[i])
		case '\r', '\n': // folding
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}
