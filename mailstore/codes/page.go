package codes

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// page is a text made ready for looking: written and folded have the same length, one element for each character.
// Digits of all scripts are those of ASCII, spaces are single ones, dashes are "-", and marks without width are gone.
type page struct {
	place   Place
	written []rune
	folded  []rune // lower case, without accents; URLs and addresses are blotted out
	lines   []span
	marks   []mark
}

// span is the part [start, end) of a page.
type span struct{ start, end int }

// blot stands for the characters of URLs and addresses: no letter, no digit, no space.
const blot = '\x01'

func newPage(place Place, s string) *page {
	p := &page{place: place}
	for _, r := range norm.NFC.String(s) {
		r = plain(r)
		n := len(p.written)
		switch {
		case r < 0:
			continue
		case r == ' ' && (n == 0 || p.written[n-1] == ' ' || p.written[n-1] == '\n'):
			continue
		case r == '\n' && n > 0 && p.written[n-1] == ' ':
			p.written = p.written[:n-1]
		}
		p.written = append(p.written, r)
	}
	p.joinBoxes()
	p.folded = make([]rune, len(p.written))
	for i, r := range p.written {
		p.folded[i] = fold(r)
	}
	p.blotURLs()
	p.blotAddresses()
	start := 0
	for i := 0; i <= len(p.written); i++ {
		if i == len(p.written) || p.written[i] == '\n' {
			p.lines = append(p.lines, span{start, i})
			start = i + 1
		}
	}
	p.marks = scan(p.folded)
	return p
}

// plain gives the one form of a character; -1 for what has no width.
func plain(r rune) rune {
	switch {
	case r == '\n':
		return r
	case r < 0x80:
		if r == '\t' {
			return ' '
		}
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	case r == 0xad, r == 0x34f, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x2069, r == 0xfeff, unicode.IsControl(r):
		return -1
	case unicode.Is(unicode.Zs, r):
		return ' '
	case r >= 0x2010 && r <= 0x2015, r == 0x2212, r == 0xfe63:
		return '-'
	case r >= 0xff01 && r <= 0xff5e && r != '！' && r != '？' && r != '，':
		return r - 0xfee0
	case unicode.Is(unicode.Nd, r):
		return '0' + digit(r)
	}
	return r
}

// digit is the value of a decimal digit: those of a script stand together, zero first (The Unicode Standard, 4.6).
func digit(r rune) rune {
	for _, x := range unicode.Nd.R16 {
		if lo, hi := rune(x.Lo), rune(x.Hi); lo <= r && r <= hi {
			return (r - lo) % 10
		}
	}
	for _, x := range unicode.Nd.R32 {
		if lo, hi := rune(x.Lo), rune(x.Hi); lo <= r && r <= hi {
			return (r - lo) % 10
		}
	}
	return 0
}

// fold gives a character in lower case and without its accent.
func fold(r rune) rune {
	r = unicode.ToLower(r)
	switch {
	case r < 0x80 || r >= 0x2000 && r < 0x1e000 && !(r >= 0xa640 && r < 0xab70):
		return r
	case r == 'ß':
		return 's'
	case r == 'đ':
		return 'd'
	case r == 'ł':
		return 'l'
	case r == 'ø':
		return 'o'
	case r == 'ı':
		return 'i'
	case r >= 0x900 && r < 0x1000: // of Indic scripts a sign is a letter of its own
		return r
	}
	if parts := norm.NFD.PropertiesString(string(r)).Decomposition(); parts != nil {
		for _, first := range string(parts) {
			return first
		}
	}
	return r
}

func foldString(s string) []rune {
	folded := []rune(norm.NFC.String(s))
	for i, r := range folded {
		folded[i] = fold(r)
	}
	return folded
}

// joinBoxes makes one line of at least minBoxes lines that hold one letter or digit each: a code in boxes.
func (p *page) joinBoxes() {
	const minBoxes = 4
	lines := strings.Split(string(p.written), "\n")
	out := make([]string, 0, len(lines))
	for i := 0; i < len(lines); {
		n, boxes := 0, []string{}
		for i+n < len(lines) && (isBox(lines[i+n]) || len(boxes) > 0 && lines[i+n] == "") {
			if lines[i+n] != "" {
				boxes = append(boxes, lines[i+n])
			}
			n++
		}
		if len(boxes) >= minBoxes {
			out = append(out, strings.Join(boxes, " "), "")
			i += n
			continue
		}
		out = append(out, lines[i:i+max(n, 1)]...)
		i += max(n, 1)
	}
	p.written = []rune(strings.Join(out, "\n"))
}

func isBox(line string) bool {
	return len(line) == 1 && (line[0] >= '0' && line[0] <= '9' || line[0] >= 'A' && line[0] <= 'Z')
}

// blotURLs makes the letters and digits of URLs unseen.
func (p *page) blotURLs() {
	for i := 0; i < len(p.folded); i++ {
		if n := schemeLength(p.folded[i:]); n > 0 {
			end := urlEnd(p.folded, i+n)
			p.blot(i, end)
			i = end
		}
	}
}

// schemeLength is the length of what a URL begins with, or 0.
func schemeLength(r []rune) int {
	for _, scheme := range []string{"https://", "http://", "www."} {
		if hasPrefix(r, scheme) {
			return len(scheme)
		}
	}
	return 0
}

func hasPrefix(r []rune, ascii string) bool {
	if len(r) < len(ascii) {
		return false
	}
	for i := range len(ascii) {
		if r[i] != rune(ascii[i]) {
			return false
		}
	}
	return true
}

// urlEnd is where the URL ends whose first characters stand before i.
func urlEnd(r []rune, i int) int {
	for i < len(r) && r[i] > ' ' && r[i] < 0x7f && !strings.ContainsRune("<>\"`", r[i]) {
		i++
	}
	for i > 0 && strings.ContainsRune(".,;:!?'*_)]}", r[i-1]) { // punctuation of the sentence around it
		if r[i-1] == ')' && balanced(r, i) {
			break
		}
		i--
	}
	return i
}

// balanced tells whether the parenthesis that ends before i was opened within the same word.
func balanced(r []rune, i int) bool {
	const far = 200
	for k := i - 2; k >= 0 && k > i-far && r[k] > ' '; k-- {
		if r[k] == '(' {
			return true
		}
	}
	return false
}

// blotAddresses does so with mail addresses.
func (p *page) blotAddresses() {
	part := func(r rune) bool { return isWordRune(r) || strings.ContainsRune(".-_+%", r) }
	for i, r := range p.folded {
		if r != '@' {
			continue
		}
		start, end := i, i+1
		for start > 0 && part(p.folded[start-1]) {
			start--
		}
		for end < len(p.folded) && part(p.folded[end]) {
			end++
		}
		if start < i && end > i+1 {
			p.blot(start, end)
		}
	}
}

func (p *page) blot(start, end int) {
	for i := start; i < end; i++ {
		p.folded[i] = blot
	}
}

// lineOf is the index of the line that holds the character at i.
func (p *page) lineOf(i int) int {
	lo, hi := 0, len(p.lines)-1
	for lo < hi {
		if mid := (lo + hi + 1) / 2; p.lines[mid].start <= i {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

// excerpt is the line around [start, end), cut to MaxExcerpt characters.
func (p *page) excerpt(s span) string {
	line := p.lines[p.lineOf(s.start)]
	if line.end-line.start > MaxExcerpt {
		line.start = max(line.start, s.start-MaxExcerpt/2)
		line.end = min(line.end, line.start+MaxExcerpt)
	}
	return strings.TrimSpace(string(p.written[line.start:line.end]))
}

// breaks tells whether a sentence or a paragraph ends within [start, end).
func (p *page) breaks(start, end int) bool {
	for i := start; i < end && i+1 < len(p.folded); i++ {
		switch r, next := p.folded[i], p.folded[i+1]; {
		case r == '\n' && next == '\n':
			return true
		case (r == '.' || r == '!' || r == '?' || r == ';') && (next == ' ' || next == '\n') && !p.abbreviated(i):
			return true
		case r == '。' || r == '！' || r == '？' || r == '।':
			return true
		}
	}
	return false
}

// abbreviated tells whether the point at i ends a short word, as in "no. 12" or "z. B. 12".
func (p *page) abbreviated(i int) bool {
	const short = 3
	n := 0
	for k := i - 1; k >= 0 && n <= short && unicode.IsLetter(p.folded[k]); k-- {
		n++
	}
	return p.folded[i] == '.' && n > 0 && n <= short && i+2 < len(p.written) && !unicode.IsUpper(p.written[i+2])
}

// isWordRune tells of letters and digits that stand together with others as one word: not of scripts without spaces.
func isWordRune(r rune) bool {
	if r < 0x80 {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return (unicode.IsLetter(r) || unicode.IsMark(r)) && !isDense(r)
}

// isDense tells of scripts that write words without spaces, or glue endings to what stands before.
func isDense(r rune) bool {
	return r >= 0x0e00 && r < 0x0f00 || r >= 0x1100 && r < 0x1200 || r >= 0x2e80 && r < 0xa500 || r >= 0xac00 && r < 0xd7b0 || r >= 0xf900 && r < 0xfb00 || r >= 0x20000
}
