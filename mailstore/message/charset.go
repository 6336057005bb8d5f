package message

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// toUTF8 converts b from a character set to valid UTF-8. Where the set is not named or not known, b is taken as UTF-8
// if it is, else as windows-1252. ASCII is not believed: what calls itself so often has octets above 127.
func toUTF8(b []byte, name string) string {
	if isASCII(b) {
		switch name {
		case "", "utf-8", "us-ascii", "iso-8859-1", "windows-1252":
			return string(b)
		}
	}
	if set := lookupCharset(name); set != nil {
		if out, err := set.NewDecoder().Bytes(b); err == nil {
			return strings.ToValidUTF8(string(out), "\uFFFD")
		}
	}
	if utf8.Valid(b) {
		return string(b)
	}
	if name == "utf-8" {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	out, _ := charmap.Windows1252.NewDecoder().Bytes(b)
	return strings.ToValidUTF8(string(out), "\uFFFD")
}

// lookupCharset gives nil for UTF-8, ASCII, and what it does not know.
func lookupCharset(name string) encoding.Encoding {
	if name == "" || len(name) > 64 {
		return nil
	}
	name = strings.TrimPrefix(strings.ToLower(strings.Trim(name, " \t\"'")), "charset=") // as in charset="charset=utf-8"
	switch name {
	case "", "utf-8", "utf8", "us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit", "x-unknown", "default", "replacement":
		return nil
	case "hz-gb-2312":
		return simplifiedchinese.HZGB2312
	}
	if set, _ := charset.Lookup(strings.TrimPrefix(name, "x-")); set != nil && set != encoding.Replacement && set != encoding.Nop {
		return set
	}
	if set, _ := charset.Lookup(name); set != nil && set != encoding.Replacement && set != encoding.Nop {
		return set
	}
	if strings.HasPrefix(name, "cp") {
		name = "ibm" + name[2:]
	}
	if set, err := ianaindex.IANA.Encoding(name); err == nil && set != nil {
		return set
	}
	return nil
}

func isASCII[T []byte | string](s T) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// decodeWords decodes the encoded words of a header value (RFC 2047). White space between two of them is dropped, and
// neighbours in one character set are converted together, so that a character split between them comes out whole.
// Spaces within a word, a lost end, and words that touch each other or other text are tolerated. Linear.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	var out strings.Builder
	var run []byte
	var set string
	flush := func() {
		if len(run) > 0 {
			out.WriteString(toUTF8(run, set))
			run = run[:0]
		}
	}
	afterWord := false
	for {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		word, ok := scanWord(s[i:])
		if !ok {
			flush()
			out.WriteString(s[:i+2])
			s, afterWord = s[i+2:], false
			continue
		}
		if !afterWord || strings.Trim(s[:i], " \t") != "" {
			flush()
			out.WriteString(s[:i])
		}
		if word.set != set {
			flush()
			set = word.set
		}
		run = word.decode(run)
		s, afterWord = s[i+word.length:], true
	}
	flush()
	out.WriteString(s)
	return out.String()
}

// word is one encoded word: "=?" set "?" method "?" text "?=".
type word struct {
	set    string // lower case, without the language of RFC 2231, 5
	method byte   // 'b' or 'q'
	text   string
	length int // octets of the whole
}

// scanWord reads the encoded word that s, which begins with "=?", begins with.
func scanWord(s string) (word, bool) {
	const maxSet = 80
	set, rest, ok := strings.Cut(s[2:min(len(s), maxSet)], "?")
	if !ok || set == "" || strings.ContainsAny(set, " \t=") {
		return word{}, false
	}
	start := 2 + len(set) + 3
	if len(rest) < 2 || rest[1] != '?' || start > len(s) {
		return word{}, false
	}
	w := word{method: rest[0] | 0x20}
	if w.method != 'b' && w.method != 'q' {
		return word{}, false
	}
	w.set, _, _ = strings.Cut(strings.ToLower(set), "*")
	w.text = s[start:]
	// The text ends at its mark, or where the next word begins if its mark was lost, or with the value.
	for i := 0; i+1 < len(w.text); i++ {
		if w.text[i] == '?' && w.text[i+1] == '=' {
			w.text, w.length = w.text[:i], start+i+2
			return w, true
		}
		if strings.HasPrefix(w.text[i:], "=?") && !strings.HasPrefix(w.text[i:], "=?=") {
			w.text, w.length = strings.TrimRight(w.text[:i], " \t"), start+i
			return w, true
		}
	}
	w.length = len(s)
	return w, true
}

func (w word) decode(to []byte) []byte {
	if w.method == 'b' {
		digits := make([]byte, 0, len(w.text))
		for i := 0; i < len(w.text); i++ {
			if base64Digit[w.text[i]] != 0 {
				digits = append(digits, w.text[i])
			}
		}
		if len(digits)%4 == 1 {
			digits = digits[:len(digits)-1]
		}
		to, _ = base64.RawStdEncoding.AppendDecode(to, digits)
		return to
	}
	for i := 0; i < len(w.text); i++ {
		c := w.text[i]
		switch {
		case c == '_':
			c = ' '
		case c == '=' && i+2 < len(w.text):
			if high, low := unhex(w.text[i+1]), unhex(w.text[i+2]); high >= 0 && low >= 0 {
				c = byte(high<<4 | low)
				i += 2
			}
		}
		to = append(to, c)
	}
	return to
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
