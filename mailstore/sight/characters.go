package sight

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	softHyphens = 10 // so many in a text are a fact; long words have a few
	maxNumbers  = 8  // characters of a run whose numbers are told
)

// Characters gives the facts about the characters of a text that have no shape.
func Characters(s string) []Hidden {
	var h hiddenList
	scan(s, h.add)
	return h.list()
}

// Clean makes a text valid UTF-8 and drops the characters of a text that have no shape, but for joiners where a script or an emoji needs them. What it
// gives has none that Characters knows but characters for private use, which have a shape somewhere.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD") // or octets from both sides of what is dropped could become a character
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	from := 0
	shapeless(s, func(kind Kind, start, end int) {
		if kind != PrivateUse {
			b.WriteString(s[from:start])
			from = end
		}
	})
	b.WriteString(s[from:])
	return b.String()
}

// isPlain tells without decoding that nothing in s is without a shape: such characters begin at U+00AD.
func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < 0x80, c == 0xC3: // ASCII, and the letters of Latin-1
		case c >= 0xC4 && c <= 0xCB, c >= 0xCE && c <= 0xDF && c != 0xD8: // Latin, Greek, Cyrillic, Hebrew, Arabic
		case c >= 0x80 && c <= 0xBF: // continues one of these
		default:
			return false
		}
	}
	return true
}

// scan gives each run of characters without a shape: how many they are, and what they say.
func scan(s string, give func(kind Kind, places, characters int, says string)) {
	if isPlain(s) {
		return
	}
	shapeless(s, func(kind Kind, start, end int) {
		run := s[start:end]
		n := utf8.RuneCountInString(run)
		switch kind {
		case Tags:
			give(kind, 1, n, decodeTags(run))
		case VariationSelectors:
			give(kind, 1, n, decodeSelectors(run))
		default:
			give(kind, 1, n, numbers(run))
		}
	})
}

// shapeless gives the runs of characters without a shape, each of one kind, in their order.
func shapeless(s string, give func(kind Kind, start, end int)) {
	var kind Kind
	start := 0
	before := rune(-1) // the last character with a shape
	last := rune(-1)   // the character before
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == blackFlag {
			if n := flag(s[i+size:]); n > 0 { // such as those of England, Scotland and Wales
				if kind != "" {
					give(kind, start, i)
					kind = ""
				}
				i += size + n
				before, last = r, r
				continue
			}
		}
		k := kindOf(r)
		switch {
		case k == ZeroWidth && (r == zwj || r == zwnj) && last == before && joins(r, before, s[i+size:]):
			k = ""
		case k == VariationSelectors && last == before && hasVariants(before, r) && kindOf(next(s[i+size:])) != VariationSelectors:
			k = ""
		case k == ZeroWidth && (r == '\u200e' || r == '\u200f') && last == before && besideRightToLeft(before, s[i+size:]):
			k = ""
		}
		if k != kind {
			if kind != "" {
				give(kind, start, i)
			}
			kind, start = k, i
		}
		last = r
		if k == "" {
			before = r
		}
		i += size
	}
	if kind != "" {
		give(kind, start, len(s))
	}
}

const (
	zwnj      = '\u200c'
	zwj       = '\u200d'
	blackFlag = '\U0001F3F4'
	cancelTag = '\U000E007F'
)

func kindOf(r rune) Kind {
	switch {
	case r < 0xAD:
		return ""
	case r == 0xAD:
		return SoftHyphens
	case r >= 0xE0000 && r <= 0xE007F:
		return Tags
	case r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0100 && r <= 0xE01EF:
		return VariationSelectors
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0x061C:
		return Bidi
	case r >= 0x200B && r <= 0x200F, r >= 0x2060 && r <= 0x2065, r >= 0x206A && r <= 0x206F, r == 0x034F, r == 0x180E, r == 0xFEFF, r >= 0x180B && r <= 0x180D,
		r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0, r == 0x17B4, r == 0x17B5, r >= 0xE0080 && r <= 0xE0FFF, r >= 0xFFF9 && r <= 0xFFFB, r >= 0x1D173 && r <= 0x1D17A, r >= 0x1BCA0 && r <= 0x1BCA3:
		return ZeroWidth
	case unicode.Is(unicode.Co, r):
		return PrivateUse
	}
	return ""
}

// flag gives the octets of the tag characters behind a black flag that make it the flag of a part of a country.
func flag(s string) int {
	const most = 8
	i, letters := 0, 0
	for n := 0; n < most && i < len(s); n++ {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if r == cancelTag && letters >= 4 && letters <= 6 {
			return i
		}
		if r < 0xE0061 || r > 0xE007A {
			return 0
		}
		letters++
	}
	return 0
}

func next(s string) rune {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return -1
	}
	return r
}

// joins tells whether a joiner stands where one is needed: between emoji, or beside a letter of a script whose letters
// join (The Unicode Standard, 23.2).
func joins(r, before rune, rest string) bool {
	after := next(rest)
	if before < 0 {
		return false
	}
	if r == zwj && isPictograph(before) && isPictograph(after) && after != 0xFE0F {
		return true
	}
	return unicode.In(before, joining...) && (after < 0 || !isJoiner(after))
}

func isJoiner(r rune) bool { return kindOf(r) != "" }

// joining are the scripts that write with joiners.
var joining = []*unicode.RangeTable{unicode.Arabic, unicode.Syriac, unicode.Nko, unicode.Mongolian, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya,
	unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar, unicode.Tibetan, unicode.Thai, unicode.Lao, unicode.Balinese, unicode.Javanese}

// isPictograph accepts what emoji sequences are made of.
func isPictograph(r rune) bool {
	switch {
	case r >= 0x1F000 && r <= 0x1FAFF, r >= 0x2190 && r <= 0x2BFF, r >= 0x1F3FB && r <= 0x1F3FF, r == 0xFE0F, r == 0x00A9, r == 0x00AE, r == 0x3030, r == 0x303D, r == 0x3297, r == 0x3299, r == 0x203C, r == 0x2049, r == 0x2122, r == 0x2139:
		return true
	}
	return false
}

// hasVariants tells whether a selector behind a character can mean something: emoji and text presentation, symbols, and
// variants of ideographs (Unicode Technical Standard 37).
func hasVariants(before, selector rune) bool {
	switch {
	case selector >= 0xE0100:
		return unicode.Is(unicode.Han, before)
	case isPictograph(before), before >= '0' && before <= '9', before == '#', before == '*':
		return true
	}
	return unicode.Is(unicode.Han, before) || unicode.Is(unicode.Sm, before) || unicode.Is(unicode.So, before) || unicode.In(before, unicode.Mongolian, unicode.Myanmar, unicode.Phags_Pa)
}

// besideRightToLeft tells whether a mark of direction stands beside a letter that is written from right to left.
func besideRightToLeft(before rune, rest string) bool {
	return isRightToLeft(before) || isRightToLeft(next(rest)) || before == ' ' || unicode.IsPunct(before) || before < 0 && isRightToLeft(next(rest))
}

func isRightToLeft(r rune) bool {
	return r >= 0 && unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko)
}

// decodeTags gives the ASCII that tag characters stand for.
func decodeTags(run string) string {
	var b strings.Builder
	for _, r := range run {
		if c := r - 0xE0000; c >= ' ' && c < 0x7F {
			b.WriteByte(byte(c))
		}
	}
	return b.String()
}

// decodeSelectors gives what the selectors say if each stands for an octet, or their numbers.
func decodeSelectors(run string) string {
	var octets []byte
	for _, r := range run {
		if r >= 0xE0100 {
			octets = append(octets, byte(r-0xE0100+16))
		} else {
			octets = append(octets, byte(r-0xFE00))
		}
	}
	text := string(octets)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && !unicode.IsSpace(r) }) {
		return numbers(run)
	}
	return text
}

// numbers names the different characters of a run.
func numbers(run string) string {
	var b strings.Builder
	seen := map[rune]bool{}
	for _, r := range run {
		if seen[r] {
			continue
		}
		if seen[r] = true; len(seen) > maxNumbers {
			break
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "U+%04X", r)
	}
	return b.String()
}
