package message

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold gives what a search compares: each character decomposed (NFKD, Unicode Standard Annex 15, without reordering)
// and without case, so that "cafe" is part of "Café", "é" of "É", and "日本" stays itself. It works on one character at a
// time: Fold(a+b) is Fold(a)+Fold(b) for valid UTF-8. NUL, TextBreak and what is not UTF-8 become U+FFFD. Folding twice
// changes nothing.
func Fold(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || c == 0 || c >= 'A' && c <= 'Z' {
			return string(appendFolded(append(make([]byte, 0, len(s)+len(s)/4), s[:i]...), s[i:]))
		}
	}
	return s
}

func appendFolded(to []byte, s string) []byte {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			switch {
			case c >= 'A' && c <= 'Z':
				to = append(to, c+'a'-'A')
			case c == 0:
				to = utf8.AppendRune(to, utf8.RuneError)
			default:
				to = append(to, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r >= 0x4E00 && r <= 0x9FFF: // CJK ideographs have neither case nor parts
			to = append(to, s[i:i+n]...)
		case r >= hangulBase && r < hangulBase+hangulCount:
			to = appendJamo(to, r-hangulBase)
		default:
			if parts := norm.NFKD.PropertiesString(s[i:]).Decomposition(); parts != nil {
				for len(parts) > 0 {
					part, size := utf8.DecodeRune(parts)
					to = utf8.AppendRune(to, foldCase(part))
					parts = parts[size:]
				}
			} else {
				to = utf8.AppendRune(to, foldCase(r))
			}
		}
		i += n
	}
	return to
}

// foldCase maps what differs only in case to one character: by way of the title case, as "σ" and "ς" have one only
// there.
func foldCase(r rune) rune {
	if r == 0xFDD0 { // TextBreak
		return utf8.RuneError
	}
	return unicode.ToLower(unicode.ToTitle(r))
}

// Hangul syllables are decomposed by arithmetic (The Unicode Standard, 3.12).
const (
	hangulBase  = 0xAC00
	hangulCount = 11172
	leadBase    = 0x1100
	vowelBase   = 0x1161
	tailBase    = 0x11A7
	vowelCount  = 21
	tailCount   = 28
)

func appendJamo(to []byte, syllable rune) []byte {
	to = utf8.AppendRune(to, leadBase+syllable/(vowelCount*tailCount))
	to = utf8.AppendRune(to, vowelBase+syllable%(vowelCount*tailCount)/tailCount)
	if tail := syllable % tailCount; tail > 0 {
		to = utf8.AppendRune(to, tailBase+tail)
	}
	return to
}
