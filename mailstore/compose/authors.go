package compose

import (
	"encoding/base64"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/message"
)

// maxAuthors bounds, in octets, a From field: what 50 addresses with their names need.
const maxAuthors = 32 << 10

// authors gives the addresses of an unfolded value, each once.
func authors(value string) ([]string, error) {
	switch {
	case len(value) > maxAuthors:
		return nil, errManyAuthors
	case !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return r != '\t' && breaks(r) }):
		return nil, errUnclear
	}
	p := authorParser{rest: value}
	if err := p.run(); err != nil {
		return nil, err
	}
	known := map[string]bool{}
	var list []string
	for _, written := range p.found {
		address, reason := canonical(written)
		if reason != "" {
			return nil, errNotAddress
		}
		if local := address[:strings.LastIndexByte(address, '@')]; strings.ContainsAny(strings.Trim(local, `"`), "<>()[],:;@\\\"") {
			return nil, errUnclear // legal in quotes, and some take it for what ends or begins an address
		}
		if !known[address] {
			known[address] = true
			list = append(list, address)
		}
	}
	switch {
	case len(list) == 0:
		return nil, errNoAuthor
	case len(list) > MaxFrom:
		return nil, errManyAuthors
	}
	return list, checkWords(value, known)
}

// authorParser takes an address list apart (RFC 5322, 3.4) and refuses what is not clear.
type authorParser struct {
	rest  string
	found []string

	words    []authorWord // before the angle, of the mailbox being read
	touching bool         // nothing is between the last word and what comes
	angle    bool         // the mailbox has its address
	inGroup  bool
	ended    bool // a group has ended, and a comma is due
}

// authorWord is a run of atoms and quoted strings with nothing between them.
type authorWord struct {
	text string
	at   bool // an at sign is in it, outside quotes
}

func (p *authorParser) run() error {
	for p.rest != "" {
		if err := p.step(); err != nil {
			return err
		}
	}
	if p.inGroup {
		return errUnclear
	}
	return p.finish()
}

func (p *authorParser) step() error {
	switch c := p.rest[0]; c {
	case ' ', '\t':
		p.rest, p.touching = p.rest[1:], false
	case '(':
		return p.comment()
	case ',':
		p.rest, p.ended = p.rest[1:], false
		return p.finish()
	case ';':
		if !p.inGroup {
			return errUnclear
		}
		p.rest, p.inGroup = p.rest[1:], false
		err := p.finish()
		p.ended = true
		return err
	case ':':
		return p.group()
	case '<':
		return p.takeAngle()
	case '"':
		end := quotedEnd(p.rest)
		if end < 0 {
			return errUnclear
		}
		return p.add(end, false)
	case '[':
		end := strings.IndexAny(p.rest[1:], "[],;<>()\"")
		if end < 0 || p.rest[1+end] != ']' {
			return errUnclear
		}
		return p.add(end+2, false)
	case ')', '>', ']', '\\':
		return errUnclear
	default:
		end := strings.IndexAny(p.rest, " \t(,;:<\"[)>]\\")
		if end < 0 {
			end = len(p.rest)
		}
		return p.add(end, strings.Contains(p.rest[:end], "@"))
	}
	return nil
}

// add takes the next octets as a word, or to the word that they touch.
func (p *authorParser) add(octets int, at bool) error {
	if p.angle || p.ended {
		return errUnclear
	}
	text := p.rest[:octets]
	p.rest = p.rest[octets:]
	if n := len(p.words); n > 0 && p.touching {
		p.words[n-1].text += text
		p.words[n-1].at = p.words[n-1].at || at
		return nil
	}
	p.words, p.touching = append(p.words, authorWord{text, at}), true
	return nil
}

// quotedEnd gives the length of the quoted string that s begins with, or -1.
func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

func (p *authorParser) comment() error {
	depth := 0
	for i := 0; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				p.rest, p.touching = p.rest[i+1:], false
				return nil
			}
		}
	}
	return errUnclear
}

// group begins one. Its name is not an address, and groups do not nest.
func (p *authorParser) group() error {
	if p.inGroup || p.angle || p.ended || len(p.words) == 0 || p.hasAt() {
		return errUnclear
	}
	p.rest, p.inGroup, p.words, p.touching = p.rest[1:], true, nil, false
	return nil
}

func (p *authorParser) hasAt() bool {
	for _, w := range p.words {
		if w.at {
			return true
		}
	}
	return false
}

// takeAngle takes the address of a mailbox with a name. Nothing but the address may be in the brackets: no route, no
// comment, no space.
func (p *authorParser) takeAngle() error {
	if p.angle || p.ended {
		return errUnclear
	}
	end := 1
	for end < len(p.rest) && p.rest[end] != '>' {
		if p.rest[end] != '"' {
			end++
			continue
		}
		n := quotedEnd(p.rest[end:])
		if n < 0 {
			return errUnclear
		}
		end += n
	}
	if end == len(p.rest) {
		return errUnclear
	}
	p.found = append(p.found, p.rest[1:end])
	p.rest, p.angle = p.rest[end+1:], true
	return nil
}

// finish ends a mailbox. A name without quotes that has an at sign counts as an address as well: some readers take it
// for the one that matters.
func (p *authorParser) finish() error {
	words, angle, at := p.words, p.angle, p.hasAt()
	p.words, p.angle, p.touching = nil, false, false
	switch {
	case len(words) == 0 || angle && !at:
		return nil
	case !at:
		return errNotAddress
	case len(words) > 1:
		return errUnclear
	}
	p.found = append(p.found, words[0].text)
	return nil
}

// encodedWord is an encoded word as most readers take it (RFC 2047, 2).
var encodedWord = regexp.MustCompile(`=\?([!-<>@-~]+)\?([bBqQ])\?([ -<>-~=]*?)\?=`)

// checkWords looks into the encoded words of a value. Some readers decode first and take the list apart then: they must
// find no other address, and no line end.
func checkWords(value string, known map[string]bool) error {
	if !strings.Contains(value, "=?") {
		return nil
	}
	var decoded strings.Builder
	rest, after := value, false
	for {
		at := encodedWord.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		if before := rest[:at[0]]; !after || strings.Trim(before, " \t") != "" {
			decoded.WriteString(before)
		}
		word, set, method, text := rest[at[0]:at[1]], rest[at[2]:at[3]], rest[at[4]:at[5]], rest[at[6]:at[7]]
		if hidesASCII(set) || strings.ContainsAny(rawWord(method, text), "\x00\r\n") {
			return errHidden
		}
		decoded.WriteString(message.Parse([]byte("Subject: " + word + "\r\n\r\n")).Envelope.Subject)
		rest, after = rest[at[1]:], true
	}
	decoded.WriteString(rest)
	all := decoded.String()
	if strings.Contains(all, "=?") {
		return errUnclear // a broken word that some readers take for one, or a word within a word
	}
	for _, word := range strings.FieldsFunc(all, func(r rune) bool { return r <= ' ' || strings.ContainsRune("<>()[],;:\"\\", r) }) {
		word = strings.Trim(word, "'.")
		if at := strings.LastIndexByte(word, '@'); at <= 0 || at == len(word)-1 {
			continue
		}
		if address, reason := canonical(word); reason != "" || !known[address] {
			return errHidden
		}
	}
	return nil
}

// hidesASCII tells whether a character set may write an at sign in other octets than ASCII does.
func hidesASCII(set string) bool {
	set = strings.ToLower(set)
	for _, prefix := range []string{"utf-7", "utf7", "unicode-1-1-utf-7", "x-unicode", "utf-16", "utf16", "utf-32", "utf32", "ucs", "iso-10646", "ebcdic", "ibm037", "cp037", "ibm1", "cp1047"} {
		if strings.HasPrefix(set, prefix) {
			return true
		}
	}
	return false
}

// rawWord gives the octets of an encoded word.
func rawWord(method, text string) string {
	if strings.EqualFold(method, "b") {
		text = strings.Map(func(r rune) rune {
			if r == '=' || r == ' ' {
				return -1
			}
			return r
		}, text)
		raw, _ := base64.RawStdEncoding.DecodeString(text)
		return string(raw)
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '=' && i+2 < len(text) {
			if high, low := unhex(text[i+1]), unhex(text[i+2]); high >= 0 && low >= 0 {
				b.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func unhex(c byte) int {
	if c >= 'a' && c <= 'f' {
		c -= 'a' - 'A'
	}
	return strings.IndexByte(hexDigits, c)
}
