package codes

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/postroom/postroom/mailstore/sight"
)

// Two characters of private use stand in a page where a link begins and ends.
const linkStart, linkEnd = '\ue000', '\ue001'

// numbered is the first of maxCandidates characters of private use that stand behind linkStart while a page loses what it
// quotes, and number its links.
const numbered = '\U000F0000'

// How far from a link words may stand, in characters.
const (
	farBeforeLink = 400
	farBehindLink = 80
)

// enough is what a link needs of points; see weigh of linkWeigher.
const enough = 3

// linksOfText gives the links of a text that has no markup.
func linksOfText(text string) []Link {
	var b strings.Builder
	var addresses []string
	runes := []rune(strings.Map(withoutLinkSigns, text))
	for i := 0; i < len(runes); {
		n := 0
		if runes[i] == 'h' || runes[i] == 'H' {
			n = schemeLength(foldASCII(runes[i:min(len(runes), i+len("https://"))]))
		}
		if n == 0 || len(addresses) == maxCandidates {
			b.WriteRune(runes[i])
			i++
			continue
		}
		end := urlEnd(runes, i+n)
		if address := string(runes[i:end]); len(address) <= MaxURL {
			addresses = append(addresses, address)
			b.WriteRune(linkStart)
			b.WriteRune(linkEnd)
		}
		i = end
	}
	return weighLinks(Text, b.String(), addresses)
}

func foldASCII(r []rune) []rune {
	folded := slices.Clone(r)
	for i, c := range folded {
		if c < 0x80 {
			folded[i] = unicode.ToLower(c)
		}
	}
	return folded
}

func withoutLinkSigns(r rune) rune {
	if r == linkStart || r == linkEnd || r >= numbered && r < numbered+maxCandidates {
		return -1
	}
	return r
}

// linksOfHTML gives the links that a document shows and that are not in a conversation which it quotes.
func linksOfHTML(view sight.View) []Link {
	var b strings.Builder
	var addresses []string
	at := 0
	for _, l := range view.Links {
		address := strings.TrimSpace(l.Target)
		if l.Hidden || l.Form || l.Start < at || len(address) > MaxURL || len(addresses) == maxCandidates || schemeLength(foldASCII([]rune(clip(address, len("https://"))))) == 0 {
			continue
		}
		words := view.Text[l.Start:l.End]
		if words == "" { // a picture
			words = l.Text
		}
		b.WriteString(strings.Map(withoutLinkSigns, view.Text[at:l.Start]))
		b.WriteRune(linkStart)
		b.WriteRune(numbered + rune(len(addresses)))
		b.WriteString(strings.Map(withoutLinkSigns, words))
		b.WriteRune(linkEnd)
		addresses, at = append(addresses, address), l.End
	}
	if len(addresses) == 0 {
		return nil
	}
	b.WriteString(strings.Map(withoutLinkSigns, view.Text[at:]))
	text, kept := renumbered(newest(b.String()), addresses)
	return weighLinks(HTML, text, kept)
}

// renumbered takes the numbers of links out of a text, of which some links may be gone, and gives the addresses of those
// that are left.
func renumbered(text string, addresses []string) (string, []string) {
	var kept []string
	text = strings.Map(func(r rune) rune {
		if r < numbered || r >= numbered+maxCandidates {
			return r
		}
		if i := int(r - numbered); i < len(addresses) {
			kept = append(kept, addresses[i])
		}
		return -1
	}, text)
	return text, kept
}

// linkWeigher weighs the links of one page.
type linkWeigher struct {
	*page
	marks []mark // of linkWords
	links []span // between the signs
}

func weighLinks(place Place, text string, addresses []string) (found []Link) {
	if len(addresses) == 0 {
		return nil
	}
	w := linkWeigher{page: newPage(place, text)}
	w.marks = linkWords.scan(w.folded)
	for i, r := range w.folded {
		switch r {
		case linkStart:
			w.links = append(w.links, span{i, i})
		case linkEnd:
			if n := len(w.links); n > 0 {
				w.links[n-1].end = i
			}
		}
	}
	for i := range min(len(w.links), len(addresses)) {
		if l, ok := w.weigh(i, addresses[i]); ok {
			found = append(found, l)
		}
	}
	return found
}

// weigh gives points for words of the link's text (2, of signing in 1), of what stands before it where the text says
// little (likewise) or nothing of the kind (1), of the address (2), and 1 for what is confirmed, or where the text only
// asks to click. A link also needs something in its address that cannot be guessed.
func (w *linkWeigher) weigh(i int, address string) (l Link, ok bool) {
	a := readAddress(address)
	if !a.secret || a.denies {
		return l, false
	}
	s := w.links[i]
	text := w.pick(s.start, s.end)
	if text.denies() {
		return l, false
	}
	points, kind, rule := text.points(), text.kind(), []string{}
	if points > 0 {
		rule = append(rule, "text")
		if near := w.around(i); !text.object && near.object && near.kind() != 0 && !near.nearestDenies {
			points, rule = points+1, append(rule, "context")
		}
	} else if near := w.around(i); near.kind() != 0 {
		bare := w.place == Text || text.generic || !w.hasWords(s.start, s.end)
		if bare && near.nearestDenies {
			return l, false
		}
		if points = 1; bare {
			points = min(near.points(), enough)
		}
		kind, rule = near.kind(), append(rule, "context")
	} else if near.generic || text.generic {
		points, rule = 1, append(rule, "context")
	}
	if a.kind != 0 {
		points, rule = points+2, append(rule, "address")
	}
	if kind == 0 || kind == signIn && a.kind != 0 {
		kind = a.kind
	}
	if points < enough || len(rule) == 1 && rule[0] == "address" {
		return l, false
	}
	shown := strings.TrimSpace(string(w.written[s.start+1 : max(s.start+1, s.end)]))
	if shown == "" {
		shown = strings.TrimSpace(strings.Map(withoutLinkSigns, w.excerpt(s)))
	}
	if r := []rune(shown); len(r) > MaxExcerpt {
		shown = string(r[:MaxExcerpt])
	}
	return Link{address, kindNames[kind], shown, w.place, strings.Join(rule, "+")}, true
}

var kindNames = map[meaning]string{confirm: "confirm", signIn: "signIn", reset: "reset", invite: "invite"}

// picked are the words of a part of a page.
type picked struct {
	actions       []mark // nearest to the link last
	object        bool
	deny          bool
	generic       bool
	nearestDenies bool // the last of actions and denials is a denial
}

func (w *linkWeigher) pick(start, end int) (p picked) {
	first, _ := slices.BinarySearchFunc(w.marks, start, func(m mark, at int) int { return m.start - at })
	for _, m := range w.marks[first:] {
		if m.end > end {
			break
		}
		switch m.meaning {
		case object:
			p.object = true
		case generic:
			p.generic = true
		case deny:
			p.deny, p.nearestDenies = true, true
		default:
			p.actions, p.nearestDenies = append(p.actions, m), false
		}
	}
	return p
}

func (p picked) denies() bool { return p.deny }

// kind is that of the action that says most.
func (p picked) kind() (k meaning) {
	best := 0
	for _, m := range p.actions {
		if n := weight(m); n >= best {
			best, k = n, m.meaning
		}
	}
	return k
}

func (p picked) points() (n int) {
	for _, m := range p.actions {
		n = max(n, weight(m))
	}
	if n > 0 && p.object {
		n++
	}
	return n
}

// weight is 1 for what ordinary links say as well, and 3 for a sentence that says all.
func weight(m mark) int {
	if (m.meaning == invite || m.meaning == reset) && strings.Contains(m.word, " ") && m.word != "join now" {
		return 3
	}
	if m.meaning == signIn && !slices.ContainsFunc(signInLinks, func(s string) bool { return strings.Contains(m.word, s) }) {
		return 1
	}
	return 2
}

// around gives the words of the paragraph before a link, or of the one above if there are none, or else behind it.
func (w *linkWeigher) around(i int) picked {
	start, from := w.links[i].start, 0
	if i > 0 {
		from = w.links[i-1].end
	}
	from = max(from, start-farBeforeLink)
	begin := start
	for paragraphs := 0; begin > from; begin-- {
		if w.folded[begin-1] == '\n' && begin < start && w.folded[begin] == '\n' && w.hasWords(begin, start) {
			if paragraphs++; paragraphs > 0 {
				break
			}
		}
	}
	p := w.pick(begin, start)
	if len(p.actions) > 0 || p.nearestDenies {
		return p
	}
	end := w.links[i].end
	stop := min(len(w.folded), end+farBehindLink)
	for k := end + 1; k < stop; k++ {
		if w.folded[k] == linkStart || w.folded[k] == '\n' && k+1 < stop && w.folded[k+1] == '\n' {
			stop = k
		}
	}
	behind := w.pick(end, stop)
	behind.generic = behind.generic || p.generic
	behind.object = behind.object || p.object
	return behind
}

func (w *linkWeigher) hasWords(start, end int) bool {
	for _, r := range w.folded[start:end] {
		if unicode.IsLetter(r) {
			return true
		}
	}
	return false
}

// address is what a URL says by itself.
type address struct {
	kind   meaning // 0: nothing
	denies bool
	secret bool // it holds something that cannot be guessed
}

func readAddress(s string) (a address) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil { // nobody who means well puts something before an "@"
		return a
	}
	var b strings.Builder
	b.WriteString(strings.ToLower(u.Path + "/" + u.Fragment))
	for pair := range strings.FieldsFuncSeq(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		name = strings.ToLower(name)
		if value, err = url.QueryUnescape(value); err != nil || ignoredParameters[name] || strings.HasPrefix(name, "utm_") {
			continue
		}
		b.WriteString("?" + name)
		if !hasDigit(value) && len(value) < 24 {
			b.WriteString("=" + strings.ToLower(value))
		}
		a.secret = a.secret || isSecret(name, value)
	}
	for segment := range strings.FieldsFuncSeq(u.Path+"/"+u.Fragment, func(r rune) bool { return r == '/' || r == '=' || r == '?' || r == '&' }) {
		a.secret = a.secret || isSecretSegment(segment)
	}
	names := b.String()
	for _, part := range denyingAddresses {
		a.denies = a.denies || strings.Contains(names, part)
	}
	for _, x := range addressWords {
		if slices.ContainsFunc(x.parts, func(part string) bool { return strings.Contains(names, part) }) {
			a.kind = x.kind
			break
		}
	}
	return a
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

// isSecret tells whether a parameter holds something that cannot be guessed.
func isSecret(name, value string) bool {
	if slices.ContainsFunc(secretParameters, func(p string) bool { return name == p || len(p) > 3 && strings.Contains(name, p) }) {
		return len(value) >= 4
	}
	return len(value) >= 6 && hasDigit(value) && strings.ContainsFunc(value, unicode.IsLetter) && !strings.Contains(value, "@") || len(value) >= 20 && !strings.ContainsAny(value, " @/")
}

func isSecretSegment(s string) bool {
	letters, capitals := 0, 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			letters++
		}
		if unicode.IsUpper(r) {
			capitals++
		}
	}
	return len(s) >= 8 && hasDigit(s) && letters > 0 && !strings.Contains(s, ".") || len(s) >= 20 && (capitals > 2 && !strings.Contains(s, "-") || hasDigit(s))
}

// distinctLinks keeps each URL once.
func distinctLinks(list []Link) (links []Link) {
	seen := map[string]bool{}
	for _, l := range list {
		if !seen[l.URL] && len(links) < MaxLinks {
			seen[l.URL] = true
			links = append(links, l)
		}
	}
	return links
}
