package message

import "strings"

// parseAddresses appends the mailboxes of an address list (RFC 5322, 3.4) to list, up to MaxAddresses in all. It takes
// groups apart (their names are dropped), takes a comment for the name where there is no other, lets semicolons
// separate, and reads on after quotes, brackets and comments that are never closed. Encoded words are decoded after
// the list is taken apart, so what they contain can never become an address. Linear.
func parseAddresses(list []Address, s string) []Address {
	p := addressParser{rest: s, list: list}
	p.run()
	return p.list
}

type addressParser struct {
	rest string
	list []Address

	wire    bool          // fill found, with what ENVELOPE tells beyond list; names stay encoded
	found   []wireAddress // in the place of list
	inGroup bool
	route   string

	words    []addressWord // of the mailbox being read
	comment  string
	angle    string
	hasAngle bool
	touching bool   // no space since the last word
	pending  string // a name before a comma that may belong to the next mailbox: Smith, John <js@example.com>

	hasAt bool // one of the words has an at sign

	noQuote, noComment, noAngle, noLiteral bool // no such thing is closed in rest
}

func (p *addressParser) run() {
	for p.rest != "" && !p.full() {
		p.step()
	}
	p.finish()
	p.flushPending()
	p.endGroup()
}

func (p *addressParser) full() bool { return len(p.list)+len(p.found) >= MaxAddresses }

// emit adds a mailbox to the list.
func (p *addressParser) emit(a Address, route string) {
	switch {
	case p.full():
	case p.wire:
		p.found = append(p.found, wireAddress{Address: a, route: route})
	default:
		p.list = append(p.list, a)
	}
}

// addressWord is a run without spaces: raw as written, name without quotes.
type addressWord struct {
	raw, name string
	at        bool // has an at sign outside quotes
}

// step takes one token off rest.
func (p *addressParser) step() {
	switch c := p.rest[0]; c {
	case ' ', '\t', '\r', '\n':
		p.rest, p.touching = p.rest[1:], false
	case ',', ';':
		p.rest = p.rest[1:]
		p.finish()
		if c == ';' {
			p.flushPending()
			p.endGroup()
		}
	case '"':
		p.quote()
	case '(':
		p.skipComment()
	case '<':
		p.takeAngle()
	case ':':
		p.colon()
	case '[':
		p.literal()
	default:
		end := strings.IndexAny(p.rest, " \t\r\n,;\"(<:[")
		if end < 0 {
			end = len(p.rest)
		}
		atom := p.rest[:end]
		p.rest = p.rest[end:]
		p.add(atom, atom, strings.Contains(atom, "@"))
	}
}

// add appends a token to the words, glued to the one before if nothing is between them; around the at sign and the
// dots of an address there may be space (RFC 5322, 4.4).
func (p *addressParser) add(raw, name string, at bool) {
	p.hasAt = p.hasAt || at
	if n := len(p.words); n > 0 && len(p.words[n-1].raw) < maxName {
		last := &p.words[n-1]
		if p.touching || at && raw[0] == '@' || strings.HasSuffix(last.raw, "@") || last.at && (raw[0] == '.' || strings.HasSuffix(last.raw, ".")) {
			last.raw, last.name, last.at = last.raw+raw, last.name+name, last.at || at
			p.touching = true
			return
		}
	}
	p.words = append(p.words, addressWord{raw, name, at})
	p.touching = true
}

// literal takes a domain literal (RFC 5322, 3.4.1), or a bracket that begins none.
func (p *addressParser) literal() {
	end := -1
	if !p.noLiteral {
		end = strings.IndexAny(p.rest, "],<>")
		p.noLiteral = end < 0
	}
	if end < 0 || p.rest[end] != ']' {
		end = 0
	}
	p.add(p.rest[:end+1], p.rest[:end+1], false)
	p.rest = p.rest[end+1:]
}

func (p *addressParser) quote() {
	if !p.noQuote {
		if value, rest, closed := quoted(p.rest); closed {
			p.add(p.rest[:len(p.rest)-len(rest)], value, false)
			p.rest = rest
			return
		}
		p.noQuote = true
	}
	p.rest = p.rest[1:]
}

func (p *addressParser) skipComment() {
	if !p.noComment {
		depth := 0
		for i := 0; i < len(p.rest); i++ {
			switch p.rest[i] {
			case '\\':
				i++
			case '(':
				depth++
			case ')':
				if depth--; depth == 0 {
					p.comment, p.rest, p.touching = p.rest[1:i], p.rest[i+1:], false
					return
				}
			}
		}
		p.noComment = true
	}
	p.rest, p.touching = p.rest[1:], false
}

func (p *addressParser) takeAngle() {
	p.rest = strings.TrimLeft(p.rest, "<")
	end := -1
	if !p.noAngle {
		end = strings.IndexByte(p.rest, '>')
		p.noAngle = end < 0
	}
	if end < 0 {
		if end = strings.IndexAny(p.rest, ",;"); end < 0 {
			end = len(p.rest)
		}
	}
	inside := p.rest[:end]
	p.rest = strings.TrimLeft(p.rest[end:], ">")
	p.touching = false
	if p.hasAngle && p.angle != "" {
		return // a second address in one mailbox: the first counts
	}
	if route := strings.LastIndexByte(inside, ':'); route >= 0 && strings.HasPrefix(strings.TrimSpace(inside), "@") {
		p.route, inside = inside[:route], inside[route+1:] // RFC 5322, 4.4: a source route is ignored
	}
	p.angle, p.hasAngle = inside, true
}

// colon ends the name of a group, unless it is within an address.
func (p *addressParser) colon() {
	p.rest = p.rest[1:]
	if p.hasAt {
		p.add(":", ":", false)
		return
	}
	p.beginGroup()
	p.reset()
}

func (p *addressParser) reset() {
	p.words, p.comment, p.angle, p.hasAngle, p.touching, p.hasAt = p.words[:0], "", "", false, false, false
	p.route = ""
}

// finish adds the mailbox that was read, if it is one.
func (p *addressParser) finish() {
	defer p.reset()
	address := cleanAddress(p.angle)
	if !p.hasAngle {
		for i, w := range p.words {
			if w.at {
				address = cleanAddress(w.raw)
				p.words = append(p.words[:i], p.words[i+1:]...)
				break
			}
		}
	}
	name := p.name(address != "")
	switch {
	case address == "" && name == "":
		return
	case address == "" && !p.hasAngle:
		p.flushPending()
		p.pending = name
		return
	case p.pending != "" && p.hasAngle && name != "":
		name, p.pending = clean(p.pending+", "+name, maxName), ""
	}
	p.flushPending()
	p.emit(Address{Name: name, Address: address}, p.route)
}

// flushPending adds a mailbox that has no at sign: one word is a local user, several are a name without an address.
func (p *addressParser) flushPending() {
	if p.pending == "" {
		return
	}
	if strings.Contains(p.pending, " ") {
		p.emit(Address{Name: p.pending}, "")
	} else {
		p.emit(Address{Address: p.pending}, "")
	}
	p.pending = ""
}

// name is the display name: the words, or else, if there is an address it can belong to, the comment.
func (p *addressParser) name(hasAddress bool) string {
	var phrase strings.Builder
	for i, w := range p.words {
		if i > 0 {
			phrase.WriteByte(' ')
		}
		phrase.WriteString(w.name)
	}
	if p.wire {
		return p.wireName(phrase.String(), hasAddress)
	}
	name := clean(decodeWords(phrase.String()), maxName)
	if len(name) > 1 && name[0] == '\'' && name[len(name)-1] == '\'' {
		name = strings.TrimSpace(name[1 : len(name)-1]) // Outlook quotes names twice
	}
	if name == "" && hasAddress {
		name = clean(decodeWords(unescape.Replace(p.comment)), maxName)
	}
	return name
}

// cleanAddress takes out what an address cannot have: brackets, a scheme, and, if nothing is quoted, space and
// comments.
func cleanAddress(s string) string {
	s = clean(s, maxName)
	if !strings.Contains(s, `"`) && strings.ContainsAny(s, " (") {
		depth := 0
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '(':
				depth++
			case r == ')' && depth > 0:
				depth--
			case depth == 0 && r != ' ':
				return r
			}
			return -1
		}, s)
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	return strings.Trim(s, "<> '")
}
