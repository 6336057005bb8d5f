package codes

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// The rules, by the names that Code.Rule gives. "word" is a word of the tables that names a one-time code.
const (
	ruleBound   = "bound to a domain"                 // the last line is "@example.com #123456"
	ruleAfter   = "behind a word"                     // "Your verification code is 123456"
	ruleColon   = "behind a colon"                    // "… code. Enter it here: 123456"
	ruleBefore  = "before a word"                     // "123456 is your verification code"
	ruleAlone   = "alone on its line"                 // below or above a sentence with a word, or under a subject with one
	ruleWeak    = ", with what is said of such codes" // after one of these: the word alone does not tell, but that it expires, say
	rulePurpose = "alone among what is said of such codes"
	ruleUse     = "use it to sign in" // "use 123456 to sign in"
)

// How far from a candidate a word may stand, in characters.
const (
	farBehind = 100 // in the sentence before it
	farColon  = 250 // before a colon
	farBefore = 80  // in the sentence behind it
	farAlone  = 500 // of a line of its own, before
	farBelow  = 300 // behind
	farLabel  = 28  // of a label that names another kind of number
	direct    = 30  // so near that it may be a year
)

// evidence is what speaks for a candidate; the highest rank of a message wins.
type evidence struct {
	rule string
	word string
	rank int
}

const (
	rankPurpose = iota + 1
	rankWeak
	rankStrong
	rankBound
)

// context is what the whole message says, beside the page at hand.
type context struct {
	subject  []mark
	purposes int // different words of purpose
	moods    int // signs of advertisement, journeys and calls
}

func findCodes(pages []*page) []Code {
	var found []Code
	best, ranks := 0, []int{}
	x := contextOf(pages)
	for _, p := range pages {
		w := weigher{page: p, context: x}
		for _, c := range p.candidates() {
			e := w.weigh(c)
			if e.rank == 0 {
				continue
			}
			best = max(best, e.rank)
			ranks = append(ranks, e.rank)
			found = append(found, Code{c.value, strings.TrimSpace(string(p.written[c.start:c.end])), e.word, p.place, p.excerpt(c.span), e.rule})
		}
	}
	var codes []Code
	seen := map[string]bool{}
	for i, c := range found {
		if ranks[i] == best && !seen[c.Value] && len(codes) < MaxCodes {
			seen[c.Value] = true
			codes = append(codes, c)
		}
	}
	return codes
}

func contextOf(pages []*page) (x context) {
	purposes, moods := map[string]bool{}, map[meaning]bool{}
	for _, p := range pages {
		if p.place == Subject {
			x.subject = p.marks
		}
		for _, m := range p.marks {
			switch m.meaning {
			case purpose:
				purposes[m.word] = true
			case offer, booking, meeting:
				moods[m.meaning] = true
			}
		}
	}
	x.purposes, x.moods = len(purposes), len(moods)
	return x
}

// weigher holds the place in a page while its candidates are weighed in their order.
type weigher struct {
	*page
	context
	next int // the first mark that begins behind the candidate
}

// weigh says what speaks for a candidate; rank 0: not enough.
func (w *weigher) weigh(c candidate) evidence {
	if c.bound {
		return evidence{ruleBound, "", rankBound}
	}
	for w.next < len(w.marks) && w.marks[w.next].start < c.end {
		w.next++
	}
	if w.isLabelled(c) || w.isExample(c) {
		return evidence{}
	}
	return w.allowed(c, w.named(c))
}

// isLabelled tells whether the nearest word before the candidate says that it is another kind of number.
func (w *weigher) isLabelled(c candidate) bool {
	for i := w.next - 1; i >= 0; i-- {
		m := w.marks[i]
		if m.end > c.start {
			continue
		}
		gap := c.start - m.end
		near := gap <= farLabel || c.alone && w.isLineBefore(m, c)
		switch {
		case gap > farBehind:
			return false
		case m.meaning == strong || m.meaning == weak:
			return false
		case m.meaning == label && near && !w.holdsDigit(m.end, c.start) && (!w.breaks(m.end, c.start) || c.alone && w.isLineBefore(m, c) && w.labelsLine(m)):
			return true
		case m.meaning == label && near:
			return false
		}
	}
	return false
}

// isExample tells whether the sentence says before the candidate that it gives an example.
func (w *weigher) isExample(c candidate) bool {
	for i := w.next - 1; i >= 0 && c.start-w.marks[i].end <= farBehind; i-- {
		if m := w.marks[i]; m.meaning == example && m.end <= c.start {
			return !w.breaks(m.end, c.start)
		}
	}
	return false
}

// labelsLine tells whether a label is at the end of its line, so that what is below it is its number.
func (w *weigher) labelsLine(m mark) bool {
	line := w.lines[w.lineOf(m.start)]
	for _, r := range w.folded[m.end:line.end] {
		if isWordRune(r) || isDigit(r) {
			return false
		}
	}
	return line.end-line.start <= 60
}

// isLineBefore tells whether a mark stands on the last line with text above the candidate's own.
func (w *weigher) isLineBefore(m mark, c candidate) bool {
	at := w.lineOf(m.start)
	for i := w.lineOf(c.start) - 1; i > at; i-- {
		if w.lines[i].end > w.lines[i].start {
			return false
		}
	}
	return true
}

// isTaken tells whether a number that might have been a code is between a word and a candidate, so that the word is of
// that one. One with a label of its own is not.
func (w *weigher) isTaken(start, end int) bool {
	const long = 5
	for i := w.next - 1; i >= 0 && w.marks[i].start >= start; i-- {
		if w.marks[i].meaning == label && w.marks[i].end <= end {
			return false
		}
	}
	n := 0
	for _, r := range w.folded[start:end] {
		if n++; !isDigit(r) {
			n = 0
		} else if n == long {
			return true
		}
	}
	return false
}

// named looks for the word that names the candidate.
func (w *weigher) named(c candidate) evidence {
	for i := w.next - 1; i >= 0; i-- {
		m := w.marks[i]
		gap := c.start - m.end
		if gap > farAlone {
			break
		}
		if m.meaning != strong && m.meaning != weak || gap < 0 {
			continue
		}
		switch {
		case gap <= farBehind && !w.breaks(m.end, c.start) && (c.alone || !w.wordHeavy(m.end, c.start) && (!w.isTaken(m.end, c.start) || w.behindColon(c))):
			return w.evidenceOf(ruleAfter, m)
		case gap <= farColon && w.behindColon(c) && (c.alone || !w.holdsParagraph(m.end, c.start)):
			return w.evidenceOf(ruleColon, m)
		case c.alone:
			return w.evidenceOf(ruleAlone, m)
		}
	}
	for i := w.next; i < len(w.marks); i++ {
		m := w.marks[i]
		gap := m.start - c.end
		if gap > farBelow {
			break
		}
		if m.meaning != strong && m.meaning != weak {
			continue
		}
		switch {
		case gap <= farBefore && !w.breaks(c.end, m.start) && w.isSaid(c, m):
			return w.evidenceOf(ruleBefore, m)
		case c.alone:
			return w.evidenceOf(ruleAlone, m)
		}
	}
	if c.alone {
		for _, m := range w.subject {
			if m.meaning == strong || m.meaning == weak {
				return w.evidenceOf(ruleAlone, m)
			}
		}
	}
	if w.isUsed(c) {
		return evidence{ruleUse, "", rankPurpose}
	}
	if c.alone && c.form <= grouped && w.place != Subject {
		return evidence{rulePurpose, "", rankPurpose}
	}
	return evidence{}
}

// wordHeavy tells whether so many words are between a word and a candidate that is within a sentence that the two
// have nothing to do with each other.
func (w *weigher) wordHeavy(start, end int) bool {
	const many = 12
	return strings.Count(string(w.folded[start:end]), " ") > many
}

// holdsParagraph tells whether a paragraph ends between: the colon of a line in another one is of a word of its own.
func (w *weigher) holdsParagraph(start, end int) bool {
	return strings.Contains(string(w.folded[start:end]), "\n\n")
}

func (w *weigher) evidenceOf(rule string, m mark) evidence {
	if m.meaning == strong {
		return evidence{rule, m.word, rankStrong}
	}
	return evidence{rule + ruleWeak, m.word, rankWeak}
}

// behindColon tells whether a colon, and nothing but signs, is before the candidate.
func (w *weigher) behindColon(c candidate) bool {
	for i := c.start - 1; i >= 0 && i > c.start-8; i-- {
		switch r := w.folded[i]; {
		case r == ':':
			return true
		case isWordRune(r) || isDigit(r) || isDense(r):
			return false
		}
	}
	return false
}

// isSaid tells whether the words between a candidate and the word behind it join them: "is your", "ist Ihr", or nothing.
func (w *weigher) isSaid(c candidate, m mark) bool {
	between := strings.TrimLeft(string(w.folded[c.end:m.start]), " \"'”»)]*_`\n")
	if utf8.RuneCountInString(between) <= 2 {
		return true
	}
	for _, word := range isWords {
		rest, ok := strings.CutPrefix(between, word)
		if !ok {
			continue
		}
		if next, _ := utf8.DecodeRuneInString(rest); !isWordRune(next) || isDense(next) {
			return true
		}
	}
	return false
}

// isUsed recognizes "use 123456 to sign in".
func (w *weigher) isUsed(c candidate) bool {
	const near = 40
	before := strings.TrimRight(string(w.folded[max(0, c.start-near):c.start]), " \"'“„«*_`")
	if c.form > grouped && c.form != mixed {
		return false
	}
	for _, verb := range useWords {
		rest, ok := strings.CutSuffix(before, verb)
		if last, _ := utf8.DecodeLastRuneInString(rest); !ok || rest != "" && isWordRune(last) {
			continue
		}
		for i := w.next; i < len(w.marks) && w.marks[i].start-c.end <= near; i++ {
			if w.marks[i].meaning == purpose && !w.breaks(c.end, w.marks[i].start) {
				return true
			}
		}
	}
	return false
}

// allowed asks more of evidence that is weak, and of candidates whose form is.
func (w *weigher) allowed(c candidate, e evidence) evidence {
	enough := true
	behind := strings.HasPrefix(e.rule, ruleAfter) || strings.HasPrefix(e.rule, ruleColon)
	near := behind && w.nearest(c) <= direct
	switch e.rank {
	case rankWeak:
		enough = w.purposes > 2*w.moods && (w.moods == 0 || !isCoupon(c.value)) || near && w.behindColon(c) && w.isAnnounced()
	case rankPurpose:
		enough = w.purposes >= 2 && w.purposes > w.moods && (e.rule == ruleUse || len(c.value) >= 5 && len(c.value) <= 8)
	}
	switch {
	case c.dateish:
		enough = enough && e.rank >= rankWeak && (c.alone || near && w.isEqualled(c))
	case c.form == letters:
		enough = enough && e.rank == rankStrong && (near && (w.behindColon(c) || c.alone) || c.alone && strings.Contains(c.value, "-") || c.alone && w.behindColon(c))
	case c.form == lower:
		enough = enough && e.rank == rankStrong && (near || c.alone || strings.HasPrefix(e.rule, ruleColon))
	case c.form == mixed && e.rank == rankWeak:
		enough = enough && (behind || c.alone)
	case len(c.value) > 8 && c.form <= grouped:
		enough = enough && e.rank == rankStrong
	}
	if !enough {
		return evidence{}
	}
	return e
}

// isAnnounced tells whether the subject names a one-time code.
func (w *weigher) isAnnounced() bool {
	return slices.ContainsFunc(w.subject, func(m mark) bool { return m.meaning == strong })
}

// isEqualled tells whether only signs, or a word like "is", are between the candidate and the word before it that names
// codes: "your code is 2026", and not "… before May 2026".
func (w *weigher) isEqualled(c candidate) bool {
	between := strings.Trim(string(w.folded[c.start-w.nearest(c):c.start]), " \n:;,.-\"'“”„«»「【[(*_`#>")
	return between == "" || slices.Contains(isWords, between)
}

// isCoupon tells of a value that it is a word with a number behind it: "SUMMER25".
func isCoupon(value string) bool {
	word := strings.TrimRight(value, "0123456789")
	return len(word) >= 3 && len(word) < len(value) && !strings.ContainsAny(word, "0123456789-")
}

// nearest is how far before the candidate a word that names codes stands.
func (w *weigher) nearest(c candidate) int {
	for i := w.next - 1; i >= 0; i-- {
		if m := w.marks[i]; (m.meaning == strong || m.meaning == weak) && m.end <= c.start {
			return c.start - m.end
		}
	}
	return len(w.folded)
}
