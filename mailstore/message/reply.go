package message

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ReplyText gives the new text of a reply: text without the conversation below it, and without a signature.
//
// What is dropped: everything from a separator of an older message on ("-----Original Message-----", the header block
// of Outlook, or "On … wrote:" with unquoted text after it, in the languages of phrases.go); quoted blocks at the end
// with the line that introduces them; a single quoted block at the start that is introduced so, when the answer is
// below it; a signature after "-- ", a line like "Sent from my iPhone", the footer of a mailing list. Quotes between
// the parts of an answer stay. If nothing would be left, as of a message that is only forwarded, text comes back as it
// is. Linear.
func ReplyText(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	lines = lines[:historyStart(lines)]
	const layers = 10 // of signature, footer and quote on top of each other
	for range layers {
		before := len(lines)
		lines = dropBlank(lines)
		lines = dropSignature(lines)
		lines = dropFooter(lines)
		lines = dropTrailingQuote(lines)
		if len(lines) == before {
			break
		}
	}
	lines = dropLeadingQuote(lines)
	if reply := strings.TrimRightFunc(strings.Join(lines, "\n"), unicode.IsSpace); strings.TrimSpace(reply) != "" {
		return strings.TrimLeft(reply, "\n")
	}
	return text
}

// maxPhrase bounds, in octets, the lines that are looked at for a phrase; new text is longer.
const maxPhrase = 500

// historyStart gives the index of the line at which an older message begins without being quoted.
func historyStart(lines []string) int {
	for i, line := range lines {
		if len(line) > maxPhrase || isBlank(line) || isQuoted(line) {
			continue
		}
		if isSeparator(line) || isHeaderBlock(lines[i:]) {
			return ruleBefore(lines, i)
		}
		if n := attribution(lines, i, false); n > 0 {
			if next := skipBlank(lines, i+n); next == len(lines) || !isQuoted(lines[next]) {
				return i
			}
		}
	}
	return len(lines)
}

// ruleBefore steps back from line i over blank lines and a line that is only a rule.
func ruleBefore(lines []string, i int) int {
	above := i
	for above > 0 && isBlank(lines[above-1]) && i-above < 3 {
		above--
	}
	if above > 0 && isRule(lines[above-1]) {
		return above - 1
	}
	return i
}

func isBlank(line string) bool { return strings.TrimSpace(line) == "" }

// isQuoted accepts up to three spaces before the mark.
func isQuoted(line string) bool {
	for i := 0; i < len(line) && i < 4; i++ {
		if line[i] == '>' {
			return true
		}
		if line[i] != ' ' {
			return false
		}
	}
	return false
}

// isRule tells whether the line is drawn: five or more dashes or underscores and nothing else.
func isRule(line string) bool {
	line = strings.TrimSpace(line)
	return len(line) >= 5 && strings.Trim(line, "-_=*—–") == ""
}

func skipBlank(lines []string, i int) int {
	for i < len(lines) && isBlank(lines[i]) {
		i++
	}
	return i
}

func dropBlank(lines []string) []string {
	for len(lines) > 0 && isBlank(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// normal brings a line into the form in which phrases are written: lower case, plain apostrophes and spaces.
func normal(line string) string {
	return normalize.Replace(strings.ToLower(strings.TrimSpace(line)))
}

var normalize = strings.NewReplacer("’", "'", "\u00a0", " ", "\u202f", " ", "：", ":", "\t", " ", "\u200b", "")

// isSeparator recognizes "-----Original Message-----" and "Begin forwarded message:".
func isSeparator(line string) bool {
	line = normal(line)
	phrase := strings.Trim(line, "-_=*—–>#| ")
	if before, ok := strings.CutSuffix(phrase, ":"); ok {
		return slices.Contains(separatorLines, before) || len(before) < len(line)-2 && separators[before]
	}
	if separators[phrase] {
		first, _ := utf8.DecodeRuneInString(line)
		return strings.ContainsRune("-_=*—–", first)
	}
	return false
}

// isHeaderBlock tells whether the lines begin with the header of an older message as Outlook and others write it: the
// sender, and soon after it a date, and a recipient or a subject.
func isHeaderBlock(lines []string) bool {
	if headerLabel(lines[0])&labelFrom == 0 {
		return false
	}
	found, others := label(0), 0
	for _, line := range lines[:min(len(lines), 12)] {
		if isBlank(line) {
			continue
		}
		if kind := headerLabel(line); kind != 0 {
			found |= kind
			others = 0
		} else if others++; others > 2 { // a long list of recipients wraps
			break
		}
	}
	return found&labelDate != 0 && found&(labelTo|labelSubject) != 0
}

// headerLabel gives what the word before the colon of a line can mean.
func headerLabel(line string) label {
	const longest = 40
	if len(line) > 4*maxPhrase {
		return 0
	}
	line = strings.TrimLeft(line, " \t*_")
	word, _, ok := strings.Cut(normalize.Replace(clip(line, longest)), ":")
	if !ok {
		return 0
	}
	return labels[strings.Trim(strings.ToLower(word), "*_ ")]
}

// attribution gives the number of lines, from line i on, of the sentence that introduces a quote ("On … wrote:"), or 0.
// Where a quote follows it, less is asked of it.
func attribution(lines []string, i int, quoteFollows bool) int {
	const most = 4
	first := normal(lines[i])
	opened := opens(first)
	if !opened && !quoteFollows && i > 0 && !isBlank(lines[i-1]) {
		return 0
	}
	joined := ""
	for n := 1; n <= most && i+n <= len(lines); n++ {
		line := lines[i+n-1]
		if isBlank(line) || isQuoted(line) || len(joined)+len(line) > maxPhrase {
			return 0
		}
		joined += " " + normal(line)
		if introduces(joined, opened, quoteFollows) {
			return n
		}
	}
	return 0
}

// opens tells whether the line begins as the sentence does in some language.
func opens(line string) bool {
	line = strings.TrimLeft(line, "*_- ")
	for _, opener := range openers {
		if strings.HasPrefix(line, opener) {
			return true
		}
	}
	return false
}

func introduces(sentence string, opened, quoteFollows bool) bool {
	sentence = strings.TrimRight(sentence, " *_")
	if !strings.HasSuffix(sentence, ":") {
		return false
	}
	dated := strings.ContainsAny(sentence, "0123456789")
	addressed := strings.Contains(sentence, "@")
	if addressed && (dated && dateMarks(sentence) || quoteFollows && hasClock(sentence)) {
		return true // Gmail says no more than a date, an address and a colon in some languages
	}
	if !slices.ContainsFunc(verbs, func(verb string) bool { return containsWord(sentence, verb) }) {
		return false
	}
	if quoteFollows {
		return opened || dated || addressed || len(sentence) < 80
	}
	return dated && addressed || opened && hasClock(sentence) // or somebody only tells what somebody wrote
}

// hasClock finds a time of day: 10:00 or 10h00.
func hasClock(s string) bool {
	digit := func(i int) bool { return s[i] >= '0' && s[i] <= '9' }
	for i := 1; i+2 < len(s); i++ {
		if (s[i] == ':' || s[i] == 'h') && digit(i-1) && digit(i+1) && digit(i+2) {
			return true
		}
	}
	return false
}

func dateMarks(s string) bool {
	return strings.Contains(s, "年") && strings.Contains(s, "月") || strings.Contains(s, "년") && strings.Contains(s, "월")
}

// containsWord tells whether verb stands in s apart from other letters; writing without spaces has no such border.
func containsWord(s, verb string) bool {
	first, _ := utf8.DecodeRuneInString(verb)
	for from := 0; ; {
		at := strings.Index(s[from:], verb)
		if at < 0 {
			return false
		}
		at += from
		if first >= 0x3000 {
			return true
		}
		before, _ := utf8.DecodeLastRuneInString(s[:at])
		after, _ := utf8.DecodeRuneInString(s[at+len(verb):])
		if !unicode.IsLetter(before) && !unicode.IsLetter(after) {
			return true
		}
		from = at + len(verb)
	}
}

// dropSignature drops what follows the line "-- " (RFC 3676, 4.3), if no quote follows it. Where the space at the end
// was lost, what follows must be short.
func dropSignature(lines []string) []string {
	const long = 12
	for i := len(lines) - 1; i >= 0 && !isQuoted(lines[i]); i-- {
		if lines[i] == "-- " || (lines[i] == "--" || lines[i] == "—") && len(lines)-i <= long {
			lines = lines[:i]
		}
	}
	return lines
}

// dropFooter drops a last line that a device or program added, and the footer of a mailing list under its rule.
func dropFooter(lines []string) []string {
	if len(lines) == 0 {
		return lines
	}
	if last := lines[len(lines)-1]; len(last) <= maxPhrase && isDevice(last) {
		return lines[:len(lines)-1]
	}
	const longest = 8
	for i := len(lines) - 1; i >= 0 && i >= len(lines)-longest && !isQuoted(lines[i]); i-- {
		rule := strings.TrimSpace(lines[i])
		if len(rule) < 20 || strings.Trim(rule, "_-") != "" {
			continue
		}
		footer := strings.ToLower(strings.Join(lines[i+1:], " "))
		if footer == "" || len(footer) < 4*maxPhrase && strings.Contains(footer, "list") && strings.ContainsAny(footer, "@/") {
			return lines[:i]
		}
	}
	return lines
}

// isDevice recognizes "Sent from my iPhone" and its like: a few words, and no sentence.
func isDevice(line string) bool {
	line = normal(line)
	if link := strings.IndexAny(line, "<["); link > 0 {
		line = strings.TrimSpace(line[:link])
	}
	line = strings.TrimSuffix(line, ".")
	if strings.ContainsAny(line, ",;?!") || len(strings.Fields(line)) > 9 {
		return false
	}
	for _, device := range devices {
		rest, ok := strings.CutPrefix(line, device.start)
		if ok && strings.HasSuffix(rest, device.end) && len(strings.Fields(rest)) <= device.words {
			return true
		}
	}
	return false
}

// dropTrailingQuote drops the quoted lines at the end, and what introduces them.
func dropTrailingQuote(lines []string) []string {
	end := len(lines)
	for end > 0 && (isQuoted(lines[end-1]) || isBlank(lines[end-1])) {
		end--
	}
	if end == len(lines) || !slices.ContainsFunc(lines[end:], isQuoted) {
		return lines
	}
	return lines[:introduction(lines, end)]
}

// introduction gives the index at which the sentence that ends above line end begins, or end if there is none.
func introduction(lines []string, end int) int {
	last := end
	for last > 0 && isBlank(lines[last-1]) {
		last--
	}
	start := end
	for n := 1; n <= 4 && last-n >= 0; n++ {
		if attribution(lines[:last], last-n, true) != n {
			continue
		}
		if opens(normal(lines[last-n])) {
			return last - n
		}
		if start == end {
			start = last - n
		}
	}
	return start
}

// dropLeadingQuote drops a quote at the start that is introduced, if it is the only one and the answer is below it.
func dropLeadingQuote(lines []string) []string {
	first := skipBlank(lines, 0)
	quote := first
	for quote < len(lines) && !isQuoted(lines[quote]) {
		quote++
	}
	if quote == len(lines) || quote-first > 6 || quote == first || introduction(lines, quote) != first {
		return lines
	}
	answer := quote
	for answer < len(lines) && (isQuoted(lines[answer]) || isBlank(lines[answer])) {
		answer++
	}
	if answer == len(lines) || slices.ContainsFunc(lines[answer:], isQuoted) {
		return lines
	}
	return lines[answer:]
}
