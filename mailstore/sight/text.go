package sight

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxQuote = 20 // levels of blockquote that are marked

// textWriter turns words and breaks into lines.
type textWriter struct {
	out   strings.Builder
	limit int
	full  bool

	breaks int  // line ends due before the next word: two leave a blank line
	space  bool // a space is due before the next word of the line
	quote  int  // open blockquotes
	last   int  // open blockquotes when the last word was written
	pre    int  // open pre elements
	item   bool // the next word begins a list item
	first  int  // octets before the first word since it was set to -1
}

// Text is what was written.
func (w *textWriter) Text() string { return clip(w.out.String(), max(0, w.limit)) }

func (w *textWriter) separate(kind element) {
	switch {
	case kind&paragraph != 0:
		w.newline(2)
	case kind&block != 0:
		w.newline(1)
	case kind&cell != 0:
		w.space = true
	}
}

func (w *textWriter) newline(n int) {
	w.breaks = max(w.breaks, min(n, 2))
}

func (w *textWriter) text(s string) {
	if w.full {
		return
	}
	if w.pre > 0 {
		for i, line := range strings.Split(s, "\n") {
			if i > 0 {
				w.newline(w.breaks + 1)
			}
			if line = strings.TrimRight(line, " \t\r"); line != "" {
				w.word(line)
			}
		}
		return
	}
	for s != "" && !w.full {
		word := strings.TrimLeftFunc(s, unicode.IsSpace)
		w.space = w.space || len(word) < len(s)
		end := strings.IndexFunc(word, unicode.IsSpace)
		if end < 0 {
			end = len(word)
		}
		w.word(word[:end])
		s = word[end:]
	}
}

// word writes a word, after the line ends and the quote marks that are due.
func (w *textWriter) word(s string) {
	if s = strings.Map(visible, strings.ToValidUTF8(s, "\uFFFD")); strings.Trim(s, joiners) == "" {
		return
	}
	started := w.out.Len() > 0
	for ; w.breaks > 0 && started; w.breaks-- {
		w.out.WriteByte('\n')
		if w.breaks > 1 {
			w.out.WriteString(strings.TrimRight(strings.Repeat("> ", min(w.last, w.quote, maxQuote)), " "))
		} else {
			w.out.WriteString(strings.Repeat("> ", min(w.quote, maxQuote)))
			w.space = false
		}
	}
	if !started {
		w.out.WriteString(strings.Repeat("> ", min(w.quote, maxQuote)))
		w.breaks, w.space = 0, false
	}
	if w.space {
		w.out.WriteByte(' ')
	}
	if w.item {
		w.out.WriteString("- ")
	}
	w.space, w.item, w.last = false, false, w.quote
	if w.first < 0 {
		w.first = w.out.Len()
	}
	if room := w.limit - w.out.Len(); len(s) >= room {
		s, w.full = clip(s, max(0, room)), true
	}
	w.out.WriteString(s)
}

// joiners have no width and mean something only between letters.
const joiners = "\u200c\u200d\u2060"

// visible drops what cannot be seen: controls, and the fillers that senders hide in the first line.
func visible(r rune) rune {
	switch {
	case r == '\t' || r == '\u00a0':
		return ' '
	case r == '\u00ad', r == '\u034f', r == '\u200b', r == '\ufeff', unicode.IsControl(r):
		return -1
	}
	return r
}

// clip cuts s to at most limit octets, between characters.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

func isBlank(s string) bool {
	for _, r := range s {
		if !unicode.IsSpace(r) {
			return false
		}
	}
	return true
}
