package sight

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// order is that in which facts are given.
var order = []Kind{NotDisplayed, Invisible, Transparent, Tiny, SameColor, Clipped, OffScreen, OutlookHidden, NotRendered, NoScript, Title, Comment, Alternative,
	ZeroWidth, Tags, Bidi, VariationSelectors, SoftHyphens, PrivateUse}

// hiddenList gathers facts, one of each kind.
type hiddenList struct {
	facts map[Kind]*hiddenFact
}

type hiddenFact struct {
	Hidden
	excerpt strings.Builder
	runes   int  // in excerpt
	space   bool // due before the next word
}

func (h *hiddenList) fact(kind Kind) *hiddenFact {
	if h.facts == nil {
		h.facts = map[Kind]*hiddenFact{}
	}
	f := h.facts[kind]
	if f == nil {
		f = &hiddenFact{Hidden: Hidden{Kind: kind}}
		h.facts[kind] = f
	}
	return f
}

// text notes a text that is not seen; place says that it is in another place than the one before.
func (h *hiddenList) text(kind Kind, s string, place bool) {
	s = Clean(s)
	if strings.TrimFunc(s, blankOrFiller) == "" {
		return
	}
	f := h.fact(kind)
	if place || f.Times == 0 {
		f.Times++
		f.space = true
	}
	for s != "" {
		word := strings.TrimLeftFunc(s, unicode.IsSpace)
		f.space = f.space || len(word) < len(s)
		end := strings.IndexFunc(word, unicode.IsSpace)
		if end < 0 {
			end = len(word)
		}
		if end > 0 {
			f.word(word[:end])
		}
		s = word[end:]
	}
}

func (f *hiddenFact) word(s string) {
	if f.space && f.Characters > 0 {
		s = " " + s
	}
	f.space = false
	f.Characters += utf8.RuneCountInString(s)
	f.add(s)
}

// add appends to the excerpt while there is room.
func (f *hiddenFact) add(s string) {
	for _, r := range s {
		if f.runes == MaxExcerpt {
			return
		}
		f.excerpt.WriteRune(printable(r))
		f.runes++
	}
}

// add notes characters that have no shape: how many, in so many places, and what they say.
func (h *hiddenList) add(kind Kind, places, characters int, says string) {
	f := h.fact(kind)
	f.Times += places
	f.Characters += characters
	if kind != Tags && kind != VariationSelectors {
		if strings.Contains(f.excerpt.String(), says) {
			return
		}
		if f.runes > 0 {
			says = " " + says
		}
	}
	f.add(says)
}

func (h *hiddenList) list() []Hidden {
	var list []Hidden
	for _, kind := range order {
		f := h.facts[kind]
		if f == nil || kind == SoftHyphens && f.Characters < softHyphens {
			continue
		}
		f.Excerpt = strings.TrimSpace(f.excerpt.String())
		list = append(list, f.Hidden)
	}
	return slices.Clip(list)
}

func printable(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r):
		return '\uFFFD'
	}
	return r
}

func blankOrFiller(r rune) bool {
	return unicode.IsSpace(r) || r == '\u00a0' || strings.ContainsRune(joiners, r)
}
