package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/words"
)

// Parse reads a query. Between conditions AND is meant; OR binds tighter, as in Gmail: "a b OR c" is a, and b or c. A
// parenthesis or a quotation mark that is not closed ends with the text, and what looks like an operator and is none
// ("https://…", "re:") is text. Errors are faults of kind Invalid that say what to do.
func Parse(text string) (Query, error) {
	switch {
	case len(text) > MaxLength:
		return Query{}, invalid("query_too_long", "A query has at most %d octets; this one has %d.", MaxLength, len(text))
	case !utf8.ValidString(text):
		return Query{}, invalid("invalid_query", "A query is UTF-8.")
	}
	p := parser{text: text}
	root := p.all(Any)
	for p.err == nil && p.pos < len(p.text) { // a parenthesis too many
		p.pos++
		root.Nodes = append(root.Nodes, p.all(Any).Nodes...)
	}
	if p.err != nil {
		return Query{}, p.err
	}
	if p.terms == 0 {
		return Query{}, invalid("empty_query", "There is nothing to look for; give a word of letters or digits, or an operator such as is:unread.")
	}
	return Query{Root: root, Aside: p.aside}, nil
}

func invalid(code, format string, args ...any) error {
	return fault.New(fault.Invalid, code, format, args...)
}

// parser reads from pos on. After an error it reads on to nothing.
type parser struct {
	text  string
	pos   int
	depth int
	terms int
	aside bool
	err   error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = invalid("invalid_query", format, args...)
	}
	p.pos = len(p.text)
}

// all reads conditions up to a closing parenthesis, or the end.
func (p *parser) all(field Field) Node {
	root := Node{Kind: And}
	for {
		p.space()
		if p.pos == len(p.text) || p.text[p.pos] == ')' {
			return root
		}
		if n, ok := p.alternatives(field); ok {
			root.Nodes = append(root.Nodes, n)
		}
	}
}

// alternatives reads one condition, or some with OR between them. It is false if there is nothing in them.
func (p *parser) alternatives(field Field) (Node, bool) {
	var list []Node
	for {
		if n, ok := p.one(field); ok {
			list = append(list, n)
		}
		p.space()
		if !p.keyword("OR") {
			break
		}
		p.space()
		if p.pos == len(p.text) || p.text[p.pos] == ')' {
			break
		}
	}
	switch len(list) {
	case 0:
		return Node{}, false
	case 1:
		return list[0], true
	}
	return Node{Kind: Or, Nodes: list}, true
}

// one reads one condition, with what stands before it.
func (p *parser) one(field Field) (n Node, ok bool) {
	if p.keyword("AND") || p.keyword("OR") { // between nothing
		return Node{}, false
	}
	if p.skip('-') {
		if p.pos == len(p.text) || p.blank() {
			return Node{}, false // a dash
		}
		aside := p.aside
		n, ok = p.group(field)
		p.aside = aside // not to look there is no wish to look there
		return Node{Kind: Not, Nodes: []Node{n}}, ok
	}
	return p.group(field)
}

// group reads what stands in parentheses, or a term.
func (p *parser) group(field Field) (Node, bool) {
	if !p.skip('(') {
		return p.term(field)
	}
	if p.depth++; p.depth > MaxDepth {
		p.fail("Parentheses may stand within each other %d times; make the query flatter.", MaxDepth)
		return Node{}, false
	}
	n := p.all(field)
	p.depth--
	p.skip(')')
	if len(n.Nodes) == 1 {
		return n.Nodes[0], true
	}
	return n, len(n.Nodes) > 0
}

// term reads a word, a phrase or an operator with its value.
func (p *parser) term(field Field) (Node, bool) {
	if name, ok := p.operator(); ok {
		o := operators[name]
		if o.text && p.pos < len(p.text) && p.text[p.pos] == '(' {
			return p.group(o.field)
		}
		value, prefix := p.value()
		if value == "" {
			p.fail("%s: needs a value right behind it, such as %s:%s.", name, name, o.example)
			return Node{}, false
		}
		if !o.text {
			return p.condition(name, o, value)
		}
		return p.phrase(o.field, value, prefix)
	}
	value, prefix := p.value()
	return p.phrase(field, value, prefix)
}

// phrase makes a condition of text. It is false of one without a letter, digit or symbol, which asks nothing.
func (p *parser) phrase(field Field, text string, prefix bool) (Node, bool) {
	phrase := words.NewPhrase(text, prefix)
	if len(phrase.Tokens) == 0 || p.err != nil {
		return Node{}, false
	}
	last := phrase.Tokens[len(phrase.Tokens)-1]
	if prefix && phrase.Prefix && utf8.RuneCountInString(last) < MinPrefix && last[0] < utf8.RuneSelf {
		p.fail("%s* would find too much; give at least %d letters before the *.", last, MinPrefix)
		return Node{}, false
	}
	return p.count(Node{Kind: Text, Field: field, Phrase: phrase})
}

// count takes a condition into account.
func (p *parser) count(n Node) (Node, bool) {
	if p.terms++; p.terms > MaxTerms {
		if p.err == nil {
			p.err = invalid("query_too_long", "A query has at most %d conditions; leave some out.", MaxTerms)
		}
		p.pos = len(p.text)
		return Node{}, false
	}
	return n, true
}

func (p *parser) space() {
	for p.pos < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		p.pos += n
	}
}

// blank tells whether white space comes next.
func (p *parser) blank() bool {
	r, _ := utf8.DecodeRuneInString(p.text[p.pos:])
	return unicode.IsSpace(r)
}

func (p *parser) skip(c byte) bool {
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

// keyword takes a word that stands by itself.
func (p *parser) keyword(word string) bool {
	if !strings.HasPrefix(p.text[p.pos:], word) {
		return false
	}
	end := p.pos + len(word)
	if r, _ := utf8.DecodeRuneInString(p.text[end:]); end < len(p.text) && !unicode.IsSpace(r) && r != '(' && r != ')' {
		return false
	}
	p.pos = end
	return true
}

// operator takes the name of an operator and its colon.
func (p *parser) operator() (name string, ok bool) {
	rest := p.text[p.pos:]
	end := strings.IndexFunc(rest[:min(len(rest), longestOperator+1)], func(r rune) bool { return !unicode.IsLetter(r) && r != '_' && r != '-' && !unicode.IsDigit(r) })
	if end <= 0 || rest[end] != ':' {
		return "", false
	}
	name = strings.ToLower(rest[:end])
	if _, ok = operators[name]; ok {
		p.pos += end + 1
	}
	return name, ok
}

// value takes what stands in quotation marks, or a word; prefix tells whether a * follows.
func (p *parser) value() (value string, prefix bool) {
	if p.pos == len(p.text) {
		return "", false
	}
	r, n := utf8.DecodeRuneInString(p.text[p.pos:])
	if isQuote(r) {
		rest := p.text[p.pos+n:]
		end := strings.IndexFunc(rest, isQuote)
		if end < 0 {
			p.pos = len(p.text)
			return rest, false
		}
		_, closing := utf8.DecodeRuneInString(rest[end:])
		p.pos += n + end + closing
		return rest[:end], p.skip('*')
	}
	rest := p.text[p.pos:]
	end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || isQuote(r) || r == '(' || r == ')' })
	if end < 0 {
		end = len(rest)
	}
	p.pos += end
	return strings.CutSuffix(rest[:end], "*")
}

// isQuote takes the marks that a telephone writes, too.
func isQuote(r rune) bool { return r == '"' || r == '“' || r == '”' || r == '„' || r == '＂' }
