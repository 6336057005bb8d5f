// Package words parts text of any language into what a search compares: words without case and accents, and pairs of
// neighbouring characters where a script writes no spaces between words.
//
// It is pure: text in, tokens out, each with its place in the text, so that the same rules make the index, read what is
// looked for and mark what was found. Time is linear in the text.
package words

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxToken is the most octets of a token. A longer word counts by its beginning.
const MaxToken = 64

// Token is one word, symbol or pair of characters.
type Token struct {
	Text  string // folded: letters, digits and symbols, nothing else
	Start int    // octets of the text from which it was made are [Start, End)
	End   int
	Dense bool // of a script without spaces: a character with the next one of its run, or the last one alone
	First int  // of a dense token: where its first character ends
	last  bool // of a dense token: it is the last character of its run
}

// Scan gives the tokens of a text in their order, until give says no. A run of a dense script gives a token for each of its
// characters, so that whatever part of a run is looked for is a phrase of tokens.
func Scan(text string, give func(Token) bool) {
	s := scanner{give: give}
	for i := 0; i < len(text) && !s.stopped; {
		c := text[i]
		if c < utf8.RuneSelf && (i+1 == len(text) || text[i+1] < utf8.RuneSelf) {
			if alphanumeric(c) {
				i = s.plain(text, i)
			} else {
				s.separate()
				i++
			}
			continue
		}
		n := max(1, norm.NFKC.NextBoundaryInString(text[i:], true))
		for _, r := range norm.NFKC.String(text[i : i+n]) {
			s.add(r, i, i+n)
		}
		i += n
	}
	s.separate()
}

// Index gives the tokens of a text with a space between them, at most limit octets.
func Index(text string, limit int) string {
	var b strings.Builder
	Scan(text, func(t Token) bool {
		if b.Len()+len(t.Text)+1 > limit {
			return false
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.Text)
		return true
	})
	return b.String()
}

// scanner makes tokens of characters.
type scanner struct {
	give    func(Token) bool
	stopped bool

	word       []byte // the word in hand; nil if there is none
	start, end int    // of it

	dense *denseChar // the character in hand, which waits for the next one; nil if there is none
}

type denseChar struct {
	r          rune
	start, end int
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// plain takes a run of ASCII letters and digits that begins at i, and gives where it ends. What comes before a character
// that is not ASCII is left to it: an accent may follow.
func (s *scanner) plain(text string, i int) int {
	start := i
	for i < len(text) && alphanumeric(text[i]) && (i+1 == len(text) || text[i+1] < utf8.RuneSelf) {
		i++
	}
	if s.word == nil && i < len(text) && text[i] < utf8.RuneSelf && !alphanumeric(text[i]) || i == len(text) && s.word == nil {
		s.endRun()
		s.emit(Token{Text: clip(strings.ToLower(text[start:i])), Start: start, End: i})
		return i
	}
	for k := start; k < i; k++ {
		s.add(rune(text[k]), k, k+1)
	}
	return i
}

// add takes a character that was made of the octets [start, end).
func (s *scanner) add(r rune, start, end int) {
	switch classify(r) {
	case nothing:
	case separator:
		s.separate()
	case symbol:
		s.separate()
		s.emit(Token{Text: string(r), Start: start, End: end})
	case dense:
		s.endWord()
		s.pair(denseChar{r, start, end})
	case letter:
		s.endRun()
		if s.word == nil {
			s.word, s.start = make([]byte, 0, 16), start
		}
		s.word, s.end = appendFolded(s.word, r), end
	}
}

// pair takes the next character of a run.
func (s *scanner) pair(next denseChar) {
	if c := s.dense; c != nil {
		s.emit(Token{Text: string([]rune{c.r, next.r}), Start: c.start, End: next.end, Dense: true, First: c.end})
	}
	s.dense = &next
}

// separate ends what is in hand.
func (s *scanner) separate() {
	s.endWord()
	s.endRun()
}

func (s *scanner) endWord() {
	if len(s.word) > 0 {
		s.emit(Token{Text: clip(string(s.word)), Start: s.start, End: s.end})
	}
	s.word = nil
}

func (s *scanner) endRun() {
	if c := s.dense; c != nil {
		s.dense = nil
		s.emit(Token{Text: string(c.r), Start: c.start, End: c.end, Dense: true, First: c.end, last: true})
	}
}

func (s *scanner) emit(t Token) {
	if !s.stopped {
		s.stopped = !s.give(t)
	}
}

// clip cuts a token to MaxToken octets, between characters.
func clip(token string) string {
	if len(token) <= MaxToken {
		return token
	}
	n := MaxToken
	for !utf8.RuneStart(token[n]) {
		n--
	}
	return token[:n]
}
