package words

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// class says what a character is to a search.
type class uint8

const (
	separator class = iota
	nothing         // as if it were not there
	letter          // or a digit, or a mark: a part of a word
	dense           // of a script without spaces between words
	symbol          // a word by itself
)

// denseScripts are written without spaces, or, as Korean, with spaces between more than words.
var denseScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo, unicode.Yi, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
	unicode.Javanese, unicode.Balinese, unicode.Tai_Le, unicode.New_Tai_Lue, unicode.Tai_Tham,
}

const (
	longVowel  = 'ー' // of both kana, and so of no script
	tatweel    = 'ـ' // stretches an Arabic word
	zeroSpace  = '\u200b'
	firstDense = 0x0E00 // no dense script begins below it
)

func classify(r rune) class {
	switch {
	case r < utf8.RuneSelf:
		if alphanumeric(byte(r)) {
			return letter
		}
		return separator
	case r >= 0x4E00 && r <= 0x9FFF, r >= 0xAC00 && r <= 0xD7A3, r == longVowel:
		return dense
	case r == zeroSpace, r == utf8.RuneError:
		return separator
	case r == tatweel, unicode.Is(unicode.Cf, r), r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0100 && r <= 0xE01EF: // variation selectors
		return nothing
	case r >= firstDense && unicode.In(r, denseScripts...) && (unicode.IsLetter(r) || unicode.IsMark(r)):
		return dense
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r):
		return letter
	case unicode.In(r, unicode.So, unicode.Sc):
		return symbol
	}
	return separator
}

// accented are the scripts whose marks a reader may leave out. In others, as those of India, marks are vowels.
var accented = []*unicode.RangeTable{unicode.Inherited, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Hebrew, unicode.Arabic, unicode.Syriac}

// plainForms are letters with a simpler spelling that is no part of them by Unicode.
var plainForms = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ħ': "h", 'ŧ': "t", 'ı': "i",
	'ى': "ي", 'ة': "ه", 'ی': "ي", 'ک': "ك",
}

// appendFolded adds a character of a word without its case and accents.
func appendFolded(to []byte, r rune) []byte {
	if len(to) > MaxToken {
		return to
	}
	if r < utf8.RuneSelf {
		return append(to, byte(lowerASCII(r)))
	}
	var buffer [utf8.UTFMax]byte
	own := buffer[:utf8.EncodeRune(buffer[:], r)]
	parts := norm.NFD.Properties(own).Decomposition()
	if parts == nil {
		parts = own
	}
	for len(parts) > 0 {
		part, n := utf8.DecodeRune(parts)
		parts = parts[n:]
		if !unicode.IsMark(part) || !unicode.In(part, accented...) {
			to = appendPlain(to, unicode.ToLower(unicode.ToTitle(part))) // by way of the title case, where "σ" and "ς" are one
		}
	}
	return to
}

func appendPlain(to []byte, r rune) []byte {
	if plain, ok := plainForms[r]; ok {
		return append(to, plain...)
	}
	switch { // digits of Arabic and Persian
	case r >= '٠' && r <= '٩':
		r += '0' - '٠'
	case r >= '۰' && r <= '۹':
		r += '0' - '۰'
	}
	return utf8.AppendRune(to, r)
}

func lowerASCII(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}
