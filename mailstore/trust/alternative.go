package trust

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/sight"
)

// When plain text says something else than HTML: so many words are in it alone, and they are a quarter of it; or very
// many are.
const (
	fewOthers  = 8
	manyOthers = 40
	maxWords   = 20_000 // of each that are compared
)

// onlyIn tells what a plain text says that the text beside it does not. Addresses do not count, for in HTML they are
// behind the text. Linear. Times is 0 if that is little.
func onlyIn(plain, beside string) sight.Hidden {
	known := map[string]bool{}
	for word := range words(beside) {
		if len(known) == maxWords {
			break
		}
		known[word] = true
	}
	all, others := 0, 0
	h := sight.Hidden{Kind: OtherAlternative, Times: 1}
	var excerpt strings.Builder
	for field := range strings.FieldsSeq(sight.Clean(plain)) {
		if strings.Contains(field, "://") || strings.Contains(field, "www.") {
			continue
		}
		other := 0
		for word := range words(field) {
			if all++; !known[word] {
				other++
			}
		}
		if all > maxWords {
			break
		}
		if other == 0 {
			continue
		}
		others += other
		h.Characters += utf8.RuneCountInString(field)
		if excerpt.Len() < 4*sight.MaxExcerpt {
			excerpt.WriteString(" " + field)
		}
	}
	if others < fewOthers || others*4 < all && others < manyOthers {
		return sight.Hidden{}
	}
	h.Excerpt = oneLine(excerpt.String(), sight.MaxExcerpt)
	return h
}

// words gives the words of a text in lower case; of scripts without spaces each character is one.
func words(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }) {
			first, _ := utf8.DecodeRuneInString(word)
			if first < 0x2E80 {
				if !yield(strings.ToLower(word)) {
					return
				}
				continue
			}
			for _, r := range word {
				if !yield(string(r)) {
					return
				}
			}
		}
	}
}

// oneLine brings a text onto one line of at most limit characters, without characters that have no shape.
func oneLine(s string, limit int) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range sight.Clean(s) {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			space = true
			continue
		}
		space = space && b.Len() > 0
		if n++; space {
			n++
		}
		if n >= limit {
			b.WriteRune('…')
			break
		}
		if space {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}
