package codes

import (
	"strings"
	"unicode"
)

// form is how a candidate is written; those further down need more to speak for them.
type form uint8

const (
	digits  form = iota // 123456
	grouped             // 123 456, 12-34-56, 1 2 3 4 5 6
	prefixd             // G-123456
	mixed               // A1B2C3, ABCD-12EF
	lower               // a1b2c3, sparo-keld-7721
	letters             // ABCDEF, ABCD-EFGH
)

// The lengths of codes.
const (
	minDigits, maxDigits   = 4, 10
	minMixed, maxMixed     = 4, 12
	minLetters, maxLetters = 5, 10
	maxGroups, maxDashed   = 8, 24 // of "AB12-CD34-EF56": groups, characters
	maxAlone               = 250   // characters of a line on which a code stands alone among signs
)

// candidate is a word of a page that has the form of a code and is no date, amount, number of a telephone and so on.
type candidate struct {
	span
	form    form
	value   string
	alone   bool // nothing else stands on its line
	bound   bool // "@example.com #123456"
	dateish bool // a year, or a day written without signs
}

// candidates finds the candidates of a page in their order.
func (p *page) candidates() (list []candidate) {
	for _, line := range p.lines {
		if p.isSource(line) {
			continue
		}
		for i := line.start; i < line.end; {
			if !isAlnum(p.folded[i]) || i > line.start && isWordRune(p.folded[i-1]) {
				i++
				continue
			}
			c, end, ok := p.candidate(line, i)
			if ok {
				list = append(list, c)
			}
			if len(list) == maxCandidates {
				return list
			}
			i = end
		}
	}
	return list
}

func isAlnum(r rune) bool { return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' }
func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func (p *page) holdsDigit(start, end int) bool {
	for _, r := range p.folded[start:end] {
		if isDigit(r) {
			return true
		}
	}
	return false
}

// isSource tells whether a line looks like program text.
func (p *page) isSource(line span) bool {
	text := string(p.folded[line.start:line.end])
	for _, s := range sources {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// groups reads words from i on that are joined by the same single sign, " " or "-". Behind a space only digits go on. It
// stops at more than maxGroups, for no code has them: a word is so read a few times at most.
func (p *page) groups(i, lineEnd int) (list []span, sep rune) {
	for {
		end := i
		for end < lineEnd && isAlnum(p.folded[end]) {
			end++
		}
		if end < lineEnd && isWordRune(p.folded[end]) { // it ends in a letter of another kind
			return list, sep
		}
		list = append(list, span{i, end})
		if len(list) > maxGroups || end+1 >= lineEnd || !isAlnum(p.folded[end+1]) {
			return list, sep
		}
		next := p.folded[end]
		if next == '·' || next == '_' && len(list) == 0 {
			next = '-'
		}
		if next != ' ' && next != '-' || sep != 0 && next != sep || next == ' ' && !p.goesOn(list[0], end+1, lineEnd) {
			return list, sep
		}
		sep, i = next, end+1
	}
}

// goesOn tells whether a word behind a space can be of the same code as the word before it: both of digits, or both of
// one character.
func (p *page) goesOn(first span, i, lineEnd int) bool {
	end := i
	for end < lineEnd && isAlnum(p.folded[end]) {
		end++
	}
	if end < lineEnd && isWordRune(p.folded[end]) {
		return false
	}
	if first.end-first.start == 1 && end-i == 1 && (isDigit(p.folded[i]) || unicode.IsUpper(p.written[i])) {
		return true
	}
	return p.allDigits(first) && p.allDigits(span{i, end})
}

func (p *page) allDigits(s span) bool {
	for _, r := range p.folded[s.start:s.end] {
		if !isDigit(r) {
			return false
		}
	}
	return true
}

// candidate reads what begins at i. end is where to go on.
func (p *page) candidate(line span, i int) (c candidate, end int, ok bool) {
	groups, sep := p.groups(i, line.end)
	if len(groups) == 0 {
		for end = i + 1; end < line.end && isWordRune(p.folded[end]); end++ {
		}
		return c, end, false
	}
	whole := span{i, groups[len(groups)-1].end}
	c.span = whole
	c.form, c.value, ok = p.formOf(groups, sep)
	if !ok && sep == ' ' && len(groups) > 1 && !p.isSeries(groups) { // words, not groups
		c.span = groups[0]
		c.form, c.value, ok = p.formOf(groups[:1], 0)
		whole = groups[0]
	}
	if !ok {
		return c, whole.end, false
	}
	c.bound = p.isBound(line, c.span)
	c.alone = p.isAlone(line, c.span)
	c.dateish = isDateish(c.value)
	return c, whole.end, c.bound || !p.attached(c) && !p.measured(line, c)
}

// isSeries tells of groups of digits joined by spaces that they are a number of a telephone, a card or an account, of which
// no group is a code: three or more, or two of which the second is longer than the amount that may follow a code.
func (p *page) isSeries(groups []span) bool {
	const few, amount = 3, 2
	for _, g := range groups {
		if !p.allDigits(g) {
			return false
		}
	}
	return len(groups) >= few || groups[1].end-groups[1].start > amount
}

// formOf tells the form of words that stand together, and the value that they spell.
func (p *page) formOf(groups []span, sep rune) (form, string, bool) {
	total, allDigits, equal, anyDigit, anyLower := 0, true, true, false, false
	var parts []string
	for _, g := range groups {
		n := g.end - g.start
		total += n
		equal = equal && n == groups[0].end-groups[0].start
		for _, r := range p.written[g.start:g.end] {
			anyDigit = anyDigit || isDigit(r)
			allDigits = allDigits && isDigit(r)
			anyLower = anyLower || unicode.IsLower(r)
		}
		parts = append(parts, string(p.written[g.start:g.end]))
	}
	first := groups[0].end - groups[0].start
	switch {
	case len(groups) == 1 && allDigits:
		return digits, parts[0], total >= minDigits && total <= maxDigits
	case allDigits:
		ok := equal && total >= minDigits && total <= maxDigits && !(sep == '-' && first == 2 && (total == 4 || isDay(parts))) && !isYears(parts)
		return grouped, strings.Join(parts, ""), ok
	case sep == ' ' && equal && first == 1 && !anyLower:
		return mixed, strings.Join(parts, ""), total >= minMixed && total <= maxMixed
	case sep == ' ':
		return 0, "", false
	case len(groups) == 1 && !anyDigit:
		return letters, parts[0], !anyLower && total >= minLetters && total <= maxLetters
	case len(groups) == 1 && anyLower:
		return lower, parts[0], isOpaque(parts[0])
	case len(groups) == 1:
		return mixed, parts[0], total >= minMixed && total <= maxMixed
	case len(groups) == 2 && first <= 2 && !p.holdsDigit(groups[0].start, groups[0].end) && p.allDigits(groups[1]) && total-first >= minDigits && total-first <= 8:
		return prefixd, parts[1], !anyLower
	case len(groups) > maxGroups || total > maxDashed || total < 6 || first < 2:
		return 0, "", false
	case anyLower:
		return lower, strings.Join(parts, "-"), anyDigit && total >= 8
	case !anyDigit:
		return letters, strings.Join(parts, "-"), equal
	}
	return mixed, strings.Join(parts, "-"), true
}

// isOpaque tells of a word of letters and digits whether it is no word of a language with a number: "a1b2c3", but
// neither "30min" nor "summer25".
func isOpaque(word string) bool {
	if len(word) < 6 || len(word) > maxMixed {
		return false
	}
	changes, count := 0, 0
	for i := range len(word) {
		if isDigit(rune(word[i])) {
			count++
		}
		if i > 0 && isDigit(rune(word[i])) != isDigit(rune(word[i-1])) {
			changes++
		}
	}
	return count >= 2 && changes >= 2 || count >= 1 && changes >= 2 && len(word) >= 8
}

// isDay tells whether three parts of two digits can be a date.
func isDay(parts []string) bool {
	return len(parts) == 3 && (parts[0] <= "31" && parts[1] <= "12" || parts[1] <= "12" && parts[2] <= "31" || parts[0] <= "12" && parts[1] <= "31")
}

func isYears(parts []string) bool {
	return len(parts) == 2 && isDateish(parts[0]) && isDateish(parts[1])
}

// isDateish tells of a year, or a day as in 20260512.
func isDateish(value string) bool {
	if len(value) != 4 && len(value) != 8 || !(strings.HasPrefix(value, "19") || strings.HasPrefix(value, "20")) {
		return false
	}
	return len(value) == 4 || value[4:6] >= "01" && value[4:6] <= "12" && value[6:] >= "01" && value[6:] <= "31"
}

// isBound tells whether the line is the last one of a message that is bound to a domain: "@example.com #123456".
func (p *page) isBound(line span, s span) bool {
	return s.end == line.end && s.start >= line.start+4 && p.folded[line.start] == '@' && p.folded[s.start-1] == '#' && p.folded[s.start-2] == ' ' &&
		!strings.ContainsRune(string(p.folded[line.start:s.start-2]), ' ')
}

// isAlone tells whether the line holds nothing else but a few signs.
func (p *page) isAlone(line span, s span) bool {
	if line.end-line.start > maxAlone {
		return false
	}
	for i := line.start; i < line.end; i++ {
		if r := p.folded[i]; (i < s.start || i >= s.end) && (r == blot || unicode.IsLetter(r) || isDigit(r) || strings.ContainsRune(moneyRunes, r) && r != '>' && r != '#') {
			return false
		}
	}
	return true
}

// attached tells whether signs around the candidate make it a part of something else: an amount, a number with a
// fraction, an address of the network, a path, the end of a number whose beginning is hidden, a value of a program's log.
func (p *page) attached(c candidate) bool {
	if i := c.start - 1; i >= 0 {
		before, beyond := p.folded[i], rune(' ')
		if i > 0 {
			beyond = p.folded[i-1]
		}
		if before == blot || strings.ContainsRune(moneyRunes, before) || strings.ContainsRune(".,:'’", before) && isAlnum(beyond) && (before != ':' || isDigit(beyond)) ||
			before == '-' && (isWordRune(beyond) || isDigit(beyond)) || strings.ContainsRune("=[", before) && isWordRune(beyond) || before == '.' && beyond == '.' || before == ' ' && strings.ContainsRune(moneyRunes, beyond) && beyond != '#' && beyond != '>' {
			return true
		}
		if before == ' ' && isDigit(beyond) && c.form <= grouped { // the tail of a number with groups
			return true
		}
		if (before == ')' || before == ' ' && beyond == ')') && c.form <= grouped && p.closesDigits(i) { // (0495) 555 01
			return true
		}
	}
	if i := c.end; i < len(p.folded) {
		after, beyond := p.folded[i], rune(' ')
		if i+1 < len(p.folded) {
			beyond = p.folded[i+1]
		}
		if after == blot || strings.ContainsRune("%@\\=&^~", after) || strings.ContainsRune(".,:/'’", after) && (isAlnum(beyond) || beyond == '/') ||
			after == '-' && (isWordRune(beyond) || isDigit(beyond)) || after == '_' && isAlnum(beyond) ||
			after == '.' && beyond == '.' && i+2 < len(p.folded) && isAlnum(p.folded[i+2]) {
			return true
		}
	}
	return false
}

// closesDigits tells whether the parenthesis at or before i holds digits alone.
func (p *page) closesDigits(i int) bool {
	for i > 0 && p.folded[i] != ')' {
		i--
	}
	n := 0
	for i--; i >= 0 && isDigit(p.folded[i]); i-- {
		n++
	}
	return n > 0 && i >= 0 && p.folded[i] == '('
}

// measured tells whether the word behind or before the candidate makes it an amount, a span of time or a date.
func (p *page) measured(line span, c candidate) bool {
	if c.form > grouped {
		return false
	}
	i := c.end
	if i < line.end && p.folded[i] == ' ' {
		i++
	}
	if i < line.end && strings.ContainsRune(unitRunes, p.folded[i]) {
		return true
	}
	end := i
	for end < line.end && end-i < 20 && (isWordRune(p.folded[end]) || p.folded[end] == '.' && end > i) {
		end++
	}
	if word := string(p.folded[i:end]); units[word] || units[strings.TrimRight(word, ".")] {
		return word != "" && !c.alone
	}
	start := c.start
	if start > line.start && p.folded[start-1] == ' ' {
		start--
	}
	from := start
	for from > line.start && start-from < 20 && isWordRune(p.folded[from-1]) {
		from--
	}
	word := string(p.folded[from:start])
	return len(word) == 3 && units[word] && word != "day" && word != "min" || word == "rs"
}
