package proto

import (
	"strings"
	"unicode/utf8"
)

// scanner walks over a command. After the first error it stands at the end and stays there: each step that wants
// something fails again, so no loop goes on.
type scanner struct {
	text        string
	pos         int
	literals    [][]byte
	used        int // literals that were passed
	utf8        bool
	unknown     bool // the error is of kind Unknown
	secret      bool // what is read is not to be repeated in an error
	err         *Error
	keys, texts int // of a search, so far
}

func newScanner(text string, literals [][]byte, o Options) *scanner {
	return &scanner{text: text, literals: literals, utf8: o.UTF8}
}

// The classes of characters in RFC 9051, 9.
const (
	atomClass   = 1 << iota // ATOM-CHAR
	stringClass             // ASTRING-CHAR
	listClass               // list-char
	tagClass                // of a tag
	wordClass               // of a keyword of the grammar: letters, digits, "." and "-"
	digitClass
)

var classes = func() (t [256]uint8) {
	for c := byte('!'); c <= '~'; c++ {
		switch c {
		case '(', ')', '{', '"', '\\':
		case '%', '*':
			t[c] = listClass
		case ']':
			t[c] = stringClass | listClass | tagClass
		case '+':
			t[c] = atomClass | stringClass | listClass
		default:
			t[c] = atomClass | stringClass | listClass | tagClass
		}
		switch {
		case c >= '0' && c <= '9':
			t[c] |= wordClass | digitClass
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '.', c == '-':
			t[c] |= wordClass
		}
	}
	return t
}()

func isTagChar(c byte) bool    { return classes[c]&tagClass != 0 }
func isAtomChar(c byte) bool   { return classes[c]&atomClass != 0 }
func isStringChar(c byte) bool { return classes[c]&stringClass != 0 }
func isListChar(c byte) bool   { return classes[c]&listClass != 0 }
func isWordChar(c byte) bool   { return classes[c]&wordClass != 0 }
func isDigit(c byte) bool      { return classes[c]&digitClass != 0 }

// atEnd is true where nothing is left.
func (s *scanner) atEnd() bool { return s.pos >= len(s.text) }

// peek is the next octet, 0 at the end.
func (s *scanner) peek() byte {
	if s.atEnd() {
		return 0
	}
	return s.text[s.pos]
}

// take passes over c, if it is next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c || s.atEnd() {
		return false
	}
	s.pos++
	return true
}

// spaces passes over any number of spaces, and tells if there was one. Between arguments, and within parentheses, clients
// send more of them than the grammar has.
func (s *scanner) spaces() bool {
	start := s.pos
	for s.pos < len(s.text) && s.text[s.pos] == ' ' {
		s.pos++
	}
	return s.pos > start
}

// spaced is spaces, but also true between two lists: some clients leave the space out there.
func (s *scanner) spaced() bool {
	return s.spaces() || s.pos > 0 && s.text[s.pos-1] == ')' && s.peek() == '('
}

// sp wants a space and something behind it.
func (s *scanner) sp() {
	spaced := s.spaced()
	switch {
	case s.atEnd():
		s.fail("Arguments are missing at the end")
	case s.peek() >= 0x80:
		s.fail(notASCII)
	case !spaced:
		s.failHere("A space is missing before")
	}
}

const notASCII = "Octets above 127 belong into a quoted string or a literal"

// more passes over spaces and tells if another argument follows. What follows without a space is left for end to refuse.
func (s *scanner) more() bool { return s.spaced() && !s.atEnd() }

// end wants nothing but spaces to be left.
func (s *scanner) end() {
	switch spaced := s.spaces(); {
	case s.atEnd():
	case spaced:
		s.failHere("Too many arguments, from")
	default:
		s.failHere("Not understood from")
	}
}

// run takes the octets of a class; "" if there is none.
func (s *scanner) run(class func(byte) bool) string {
	start := s.pos
	for s.pos < len(s.text) && class(s.text[s.pos]) {
		s.pos++
	}
	return s.text[start:s.pos]
}

// word takes a keyword of the grammar, in upper case.
func (s *scanner) word() string {
	w := s.run(isWordChar)
	if w == "" {
		s.failHere("A keyword is missing before")
	}
	return strings.ToUpper(w)
}

// tryWord takes the keyword w, if it is next as a whole.
func (s *scanner) tryWord(w string) bool {
	n := len(w)
	if len(s.text)-s.pos < n || !strings.EqualFold(s.text[s.pos:s.pos+n], w) {
		return false
	}
	if rest := s.text[s.pos+n:]; rest != "" && isStringChar(rest[0]) {
		return false
	}
	s.pos += n
	return true
}

// atom takes an atom.
func (s *scanner) atom() string {
	a := s.run(isAtomChar)
	if a == "" {
		s.failHere("An atom is missing before")
	}
	return a
}

// astring takes an atom, a quoted string or a literal.
func (s *scanner) astring() string { return s.stringOr(isStringChar) }

// lenient is astring, but a bare one may hold "%" and "*": clients forget to quote names and texts that do.
func (s *scanner) lenient() string { return s.stringOr(isListChar) }

// stringOr takes a string, or a run of a class.
func (s *scanner) stringOr(class func(byte) bool) string {
	switch c := s.peek(); {
	case c == '"':
		return s.quoted()
	case c == '{':
		return s.literal()
	case c == '~' && strings.HasPrefix(s.text[s.pos:], "~{"):
		s.fail("A literal8 may only hold a message of APPEND or REPLACE")
		return ""
	}
	a := s.run(class)
	switch {
	case a != "":
	case s.atEnd():
		s.fail("A string is missing at the end")
	case s.peek() >= 0x80:
		s.fail(notASCII)
	default:
		s.failHere("A string is missing before")
	}
	return a
}

// quoted takes a quoted string. A backslash before anything else than a quote or a backslash is passed over, as Dovecot does.
func (s *scanner) quoted() string {
	if !s.take('"') {
		s.failHere("A quoted string is missing before")
		return ""
	}
	start := s.pos
	var b []byte   // what precedes clean, without its backslashes
	clean := start // where the octets begin that are not in b
	high := false
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; {
		case c == '"':
			out := s.text[start:s.pos]
			if clean > start {
				out = string(append(b, s.text[clean:s.pos]...))
			}
			s.pos++
			if high && s.utf8 && !utf8.ValidString(out) {
				s.fail("A quoted string is not UTF-8")
				return ""
			}
			return out
		case c == '\r', c == '\n', c == 0:
			s.fail("A quoted string may hold no line end and no NUL: use a literal")
			return ""
		case c == '\\' && s.pos+1 < len(s.text):
			b = append(b, s.text[clean:s.pos]...)
			s.pos++
			clean = s.pos
			switch c := s.text[s.pos]; {
			case c == '\r', c == '\n', c == 0:
				s.pos-- // refused in the next step
			case c >= 0x80:
				high = true
			}
		case c >= 0x80:
			high = true
		}
	}
	s.fail("A quoted string has no closing quote")
	return ""
}

// literal takes a literal: its marker and line end from the text, its octets from the list.
func (s *scanner) literal() string {
	m, ok := cutMarker(s.text[s.pos:])
	end := s.pos + m.length
	switch rest := s.text[min(end, len(s.text)):]; {
	case !ok:
		s.fail("A literal is announced as {octets} at the end of a line")
		return ""
	case strings.HasPrefix(rest, "\r\n"):
		end += 2
	case strings.HasPrefix(rest, "\n"):
		end++
	default:
		s.fail("The line must end behind the announcement of a literal")
		return ""
	}
	if s.used >= len(s.literals) || int64(len(s.literals[s.used])) != m.size {
		s.fail("A literal does not have the announced length")
		return ""
	}
	out := string(s.literals[s.used])
	s.used++
	s.pos = end
	if strings.IndexByte(out, 0) >= 0 {
		s.fail("A literal may hold no NUL")
	}
	return out
}

// number takes a number of at most max.
func (s *scanner) number(max uint64) uint64 {
	i := s.pos
	for i < len(s.text) && s.text[i] == '0' {
		i++
	}
	start := i
	var n uint64
	for ; i < len(s.text) && isDigit(s.text[i]) && i-start < maxDigits; i++ {
		n = n*10 + uint64(s.text[i]-'0')
	}
	switch {
	case i == s.pos:
		s.failHere("A number is missing before")
		return 0
	case n > max || i < len(s.text) && isDigit(s.text[i]):
		s.fail("A number is too large")
		return 0
	}
	s.pos = i
	return n
}

// positive takes a number from 1 to max.
func (s *scanner) positive(max uint64) uint64 {
	n := s.number(max)
	if n == 0 {
		s.fail("A number is 0 where the least is 1")
	}
	return n
}

// The largest numbers of the grammar.
const (
	maxDigits = 19 // a number of so many fits 64 bits

	max32 = 1<<32 - 1
	max63 = 1<<63 - 1 // number64, mod-sequence-value
)

// list takes a list in parentheses: item is called where each of its elements begins, and n is how many there were.
func (s *scanner) list(item func()) (n int) {
	if !s.take('(') {
		s.failHere("A list in parentheses is missing before")
		return 0
	}
	s.spaces()
	for !s.take(')') {
		before := s.pos
		item()
		switch {
		case s.err != nil:
			return n
		case s.pos == before:
			s.failHere("A list is not closed or holds something wrong at")
			return n
		}
		n++
		if !s.spaced() && s.peek() != ')' {
			s.failHere("A list is not closed or holds something wrong at")
			return n
		}
	}
	return n
}

// filled is list, but wants an element.
func (s *scanner) filled(item func()) {
	if s.list(item) == 0 {
		s.fail("A list is empty")
	}
}

// flag takes a flag as written: a keyword, or a backslash and a name.
func (s *scanner) flag() string {
	start := s.pos
	s.take('\\')
	if s.run(isAtomChar) == "" {
		s.fail("A flag is missing before " + show(s.text[start:]))
	}
	return s.text[min(start, s.pos):s.pos]
}

// flags takes a list of flags, each once whatever its case.
func (s *scanner) flags() []string {
	var u once
	out := []string{}
	s.list(func() {
		if f := s.flag(); u.first(f) {
			out = append(out, f)
		}
	})
	return out
}

// once tells words that were not seen before, whatever their case.
type once struct{ seen map[string]bool }

func (u *once) first(word string) bool {
	key := strings.ToUpper(word)
	if u.seen[key] {
		return false
	}
	if u.seen == nil {
		u.seen = make(map[string]bool)
	}
	u.seen[key] = true
	return true
}
