package compose

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/message"
)

// appendField appends a header field, ended by CRLF. Words are parted by one space; a line is folded before a word that
// would end beyond column 76 (RFC 5322, 2.2.3). No word may be empty or hold a line end.
func appendField(to []byte, name string, words ...string) []byte {
	to = append(append(to, name...), ':')
	column := len(name) + 1
	for i, word := range words {
		first := i == 0 && 1+len(word) > foldAt && column+1+len(word) <= maxLine // moving it would not help
		if column+1+len(word) > foldAt && !first {
			to = append(to, "\r\n"...)
			column = 0
		}
		to = append(append(to, ' '), word...)
		column += 1 + len(word)
	}
	return append(to, "\r\n"...)
}

// textWords gives the words of an unstructured value that begins at a column: as it is where it is ASCII of ordinary
// words, else as encoded words all through. Spaces come back exactly.
func textWords(s string, column int) []string {
	if isPlain(s) {
		if words := spaced(s); !anyLonger(words, foldAt-2) {
			return words
		}
	}
	return encodedWords(s, column)
}

// customWords gives the words of a caller's own field. One that is ASCII stays as it is, for it may have a structure.
func customWords(x Header) []string {
	value := strings.TrimSpace(x.Value)
	if isPrintableASCII(value) {
		return spaced(value)
	}
	return encodedWords(value, len(x.Name)+1)
}

// spaced parts s at its spaces; of several spaces the ones after the first begin the word.
func spaced(s string) (words []string) {
	for s != "" {
		start := 0
		for start < len(s) && s[start] == ' ' {
			start++
		}
		end := len(s)
		if i := strings.IndexByte(s[start:], ' '); i >= 0 {
			end = start + i
		}
		words = append(words, s[:end])
		s = strings.TrimPrefix(s[end:], " ")
	}
	return words
}

func anyLonger(words []string, limit int) bool {
	for _, w := range words {
		if len(w) > limit {
			return true
		}
	}
	return false
}

// isPlain tells whether s is printable ASCII that nobody takes for an encoded word.
func isPlain(s string) bool {
	return isPrintableASCII(s) && !strings.Contains(s, "=?")
}

func isPrintableASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// encodedWords writes s as encoded words (RFC 2047) of UTF-8, none longer than 75 octets and none with half a character.
// The first one leaves room for what stands before the column. Of the two encodings the shorter one is taken.
func encodedWords(s string, column int) (words []string) {
	const overhead = len("=?utf-8?q?" + "?=")
	q := 0
	for i := 0; i < len(s); i++ {
		q += qLength(s[i])
	}
	useQ := q <= base64.StdEncoding.EncodedLen(len(s))
	room := min(maxWord, foldAt-1-column) - overhead
	if room < 4*utf8.UTFMax {
		room = maxWord - overhead
	}
	for s != "" {
		n, used := 0, 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if useQ {
				for i := n; i < n+size; i++ {
					used += qLength(s[i])
				}
			} else {
				used = base64.StdEncoding.EncodedLen(n + size)
			}
			if used > room {
				break
			}
			n += size
		}
		if useQ {
			words = append(words, "=?utf-8?q?"+appendQ(s[:n])+"?=")
		} else {
			words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		}
		s, room = s[n:], maxWord-overhead
	}
	return words
}

// qLength is the number of octets of c in the Q encoding as it may stand in a phrase (RFC 2047, 5, rule 3).
func qLength(c byte) int {
	if c == ' ' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!*+-/", c) >= 0 {
		return 1
	}
	return 3
}

const hexDigits = "0123456789ABCDEF"

func appendQ(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('_')
		case qLength(c) == 1:
			b.WriteByte(c)
		default:
			b.Write([]byte{'=', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}

// addressWords gives the words of an address list. Encoded words stand in names only (RFC 2047, 5); an address with a
// local part that is not ASCII stands as it is (RFC 6532). The list begins at a column.
func addressWords(list []message.Address, column int) (words []string) {
	for i, a := range list {
		address, _ := canonical(a.Address)
		if name := strings.TrimSpace(a.Name); name != "" {
			words = append(words, phrase(name, column)...)
			address = "<" + address + ">"
		}
		if i < len(list)-1 {
			address += ","
		}
		words = append(words, address)
		column = 0
	}
	return words
}

// phrase writes a display name: as atoms, as a quoted string, or as encoded words (RFC 5322, 3.2.5).
func phrase(name string, column int) []string {
	const longest = 60 // octets that are kept together on a line
	if !isPlain(name) || len(name) > longest {
		return encodedWords(name, column)
	}
	atoms := strings.Split(name, " ")
	for _, atom := range atoms {
		if !isAtom(atom) {
			return []string{quote(name)}
		}
	}
	return atoms
}

// quote writes a quoted string (RFC 5322, 3.2.4).
func quote(s string) string {
	return `"` + quoteEscape.Replace(s) + `"`
}

var quoteEscape = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// isAtom tells whether s is an atom (RFC 5322, 3.2.3) of ASCII.
func isAtom(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isAtext(s[i]) {
			return false
		}
	}
	return s != ""
}

func isAtext(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}
