package words

import "strings"

// Phrase is words that are looked for one behind the other.
type Phrase struct {
	Tokens []string
	Prefix bool // the last token may go on
}

// NewPhrase reads what is looked for. prefix says that its last word may go on; the end of a run of a dense script may
// always do so. A text without a letter, digit or symbol gives no tokens.
func NewPhrase(text string, prefix bool) Phrase {
	var list []Token
	Scan(text, func(t Token) bool {
		list = append(list, t)
		return true
	})
	p := Phrase{Prefix: prefix}
	if n := len(list); n > 0 && list[n-1].last {
		p.Prefix = false
		if n > 1 && list[n-2].Dense && !list[n-2].last { // the pair before it holds it
			list = list[:n-1]
		} else {
			p.Prefix = true // a character alone begins a pair, unless it ends a run
		}
	}
	for _, t := range list {
		p.Tokens = append(p.Tokens, t.Text)
	}
	return p
}

// Match is where a phrase stands in a text: the octets [Start, End).
type Match struct {
	Phrase     int // which of them
	Start, End int
}

// Find gives where phrases stand in a text, in their order, the first most of them. Of phrases that begin at the same
// place only the longest is given. Time is that of the text and of the tokens of all phrases.
func Find(text string, phrases []Phrase, most int) (found []Match) {
	longest := 0
	for _, p := range phrases {
		longest = max(longest, len(p.Tokens))
	}
	if longest == 0 || most <= 0 {
		return nil
	}
	window := make([]Token, 0, 2*longest)
	look := func() {
		best := Match{Start: -1}
		for i, p := range phrases {
			if end, ok := p.begins(window); ok && (best.Start < 0 || end > best.End) {
				best = Match{i, window[0].Start, end}
			}
		}
		if best.Start >= 0 {
			found = append(found, best)
		}
		window = window[1:]
	}
	Scan(text, func(t Token) bool {
		if len(window) == cap(window) {
			window = append(make([]Token, 0, 2*longest), window...)
		}
		if window = append(window, t); len(window) == longest {
			look()
		}
		return len(found) < most
	})
	for len(window) > 0 && len(found) < most {
		look()
	}
	return found
}

// begins tells whether a phrase begins with the first of these tokens, and where it ends.
func (p Phrase) begins(tokens []Token) (end int, ok bool) {
	n := len(p.Tokens)
	if n == 0 || n > len(tokens) {
		return 0, false
	}
	for i, want := range p.Tokens[:n-1] {
		if tokens[i].Text != want {
			return 0, false
		}
	}
	last, want := tokens[n-1], p.Tokens[n-1]
	switch {
	case last.Text == want:
		return last.End, true
	case !p.Prefix || !strings.HasPrefix(last.Text, want):
		return 0, false
	case last.Dense:
		return last.First, true
	}
	return last.End, true
}
