package codes

import (
	"slices"
	"strings"
)

// meaning is what a word of the tables says.
type meaning uint8

const (
	strong  meaning = iota + 1 // names a one-time code: "verification code"
	weak                       // may name one: "code", "PIN"
	purpose                    // is said where a one-time code is sent: "expires", "do not share"
	label                      // names a number or code of another kind, which follows: "order number", "discount code"
	example                    // what follows only shows how a code looks: "for example"
	offer                      // said in advertisements
	booking                    // said of journeys and stays
	meeting                    // said in invitations to a call
	confirm                    // of links: verifies an address, an account, a device
	signIn                     // signs in
	reset                      // sets a new password
	invite                     // accepts an invitation
	object                     // what is confirmed: "email address", "account"
	deny                       // of links: undoes, leaves, reports; or serves something else
	generic                    // of links: says nothing by itself: "click here"
)

// mark is a word of the tables where it stands in a page.
type mark struct {
	meaning meaning
	span
	word string
}

// entry is one word of the tables, folded. In the tables "*" before a word lets it be the end of a longer one, and "|"
// behind it forbids that it is the beginning of a longer one.
type entry struct {
	meaning    meaning
	runes      []rune
	word       string
	inner, end bool
}

// dictionary finds words by their first two characters; longer words come first.
type dictionary map[[2]rune][]entry

var words, linkWords = newDictionary(strong, weak, purpose, label, example, offer, booking, meeting), newDictionary(confirm, signIn, reset, invite, object, deny, generic)

func newDictionary(meanings ...meaning) dictionary {
	d := dictionary{}
	for _, t := range tables {
		if !slices.Contains(meanings, t.meaning) {
			continue
		}
		for w := range strings.SplitSeq(t.words, ",") {
			w = strings.TrimSpace(w)
			if w == "" {
				continue
			}
			e := entry{meaning: t.meaning, inner: strings.HasPrefix(w, "*"), end: strings.HasSuffix(w, "|")}
			e.word = strings.Trim(w, "*|")
			e.runes = foldString(e.word)
			key := [2]rune{e.runes[0], e.runes[1]}
			d[key] = append(d[key], e)
		}
	}
	for key := range d {
		slices.SortStableFunc(d[key], func(a, b entry) int { return len(b.runes) - len(a.runes) })
	}
	return d
}

func scan(folded []rune) []mark { return words.scan(folded) }

// scan finds the words in a text, from left to right, the longest first; none overlaps another.
func (d dictionary) scan(folded []rune) (marks []mark) {
	for i := 0; i+1 < len(folded); i++ {
		for _, e := range d[[2]rune{folded[i], folded[i+1]}] {
			if e.stands(folded, i) {
				marks = append(marks, mark{e.meaning, span{i, i + len(e.runes)}, e.word})
				i += len(e.runes) - 1
				break
			}
		}
	}
	return marks
}

// stands tells whether the word stands at i, apart from other words where it must.
func (e entry) stands(folded []rune, i int) bool {
	if len(folded)-i < len(e.runes) {
		return false
	}
	for k, r := range e.runes {
		if c := folded[i+k]; c != r && !(r == ' ' && c == '\n') && !(r == '-' && c == ' ') {
			return false
		}
	}
	behind := i + len(e.runes)
	if isJoined(folded, i-1, i-2) || isJoined(folded, behind, behind+1) {
		return false
	}
	return (e.inner || isPrefixing(e.runes[0]) || i == 0 || !isWordRune(folded[i-1]) || !isWordRune(folded[i])) &&
		(!e.end || behind == len(folded) || !isWordRune(folded[behind]))
}

// isJoined tells whether "_" at i, with a letter or digit beyond it, makes a word a part of the name of something in a
// program: "verify_code".
func isJoined(folded []rune, i, beyond int) bool {
	return i >= 0 && beyond >= 0 && i < len(folded) && beyond < len(folded) && folded[i] == '_' && isWordRune(folded[beyond])
}

// isPrefixing tells of the scripts that write the article and prepositions together with the word.
func isPrefixing(r rune) bool { return r >= 0x0590 && r < 0x0700 }
