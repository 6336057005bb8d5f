package proto

import (
	"strconv"
	"strings"
)

// maxQuoted is the longest string that is sent in quotes, in octets. Clients have buffers for lines.
const maxQuoted = 1000

// AppendString appends a string: in quotes if it is ASCII without NUL and line ends and has at most 1,000 octets, else as a
// literal. A NUL, which no literal may hold (RFC 9051, CHAR8), is sent as 0x80, as Dovecot does.
func AppendString(dst []byte, s string) []byte {
	if len(s) > maxQuoted || strings.ContainsFunc(s, notInQuoted) {
		return appendLiteral(dst, s)
	}
	return appendQuoted(dst, s)
}

// AppendAString appends an astring: bare if it can be an atom, else as AppendString does. A bare NIL is not taken for a
// string by every client, so it gets quotes.
func AppendAString(dst []byte, s string) []byte {
	if isBare(s) {
		return append(dst, s...)
	}
	return AppendString(dst, s)
}

func isBare(s string) bool {
	if s == "" || len(s) > maxQuoted || strings.EqualFold(s, "NIL") {
		return false
	}
	for i := range len(s) {
		if !isStringChar(s[i]) {
			return false
		}
	}
	return true
}

// notInQuoted tells characters that need a literal. Octets that are no UTF-8 are among them: they come as U+FFFD.
func notInQuoted(r rune) bool { return r == 0 || r == '\r' || r == '\n' || r > 0x7f }

func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}

func appendLiteral(dst []byte, s string) []byte {
	dst = strconv.AppendInt(append(dst, '{'), int64(len(s)), 10)
	dst = append(dst, "}\r\n"...)
	start := len(dst)
	dst = append(dst, s...)
	for i := start; i < len(dst); i++ {
		if dst[i] == 0 {
			dst[i] = 0x80
		}
	}
	return dst
}
