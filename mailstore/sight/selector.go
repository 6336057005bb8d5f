package sight

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2/css"
	"golang.org/x/net/html/atom"
)

const maxParts = 12 // compound selectors of one selector

// selector is a complex selector (Selectors Level 4, 3.1): parts with combinators between them.
type selector struct {
	parts       []compound
	specificity int
}

// compound is what one element must be.
type compound struct {
	combinator byte // between the part before and this one: ' ', '>', '+' or '~'
	tag        string
	id         string
	ids        []string // more of them
	classes    []string
	attrs      []attributeTest
	tests      []func(*frame) bool
	none       [][]compound // of none of these lists may a member match
	any        [][]compound // of each of these lists one must
	never      bool         // it asks for a state that no element is in
}

type attributeTest struct {
	name, value string
	operator    css.TokenType // EmptyToken: it is there; DelimToken: equal
	fold        bool
}

func (s selector) siblings() bool {
	return slices.ContainsFunc(s.parts, func(c compound) bool { return c.combinator == '+' || c.combinator == '~' })
}

// readSelectors reads a list of selectors. If one is not valid the list is not (Selectors Level 4, 4.1); those that can
// never match are left out.
func readSelectors(list []token) (selectors []selector, ok bool) {
	if len(list) > maxTokens*4 {
		return nil, false
	}
	for len(list) > 0 {
		r := selectorReader{list: list}
		sel, ok := r.selector()
		if !ok {
			return nil, false
		}
		if !slices.ContainsFunc(sel.parts, func(c compound) bool { return c.never }) {
			selectors = append(selectors, sel)
		}
		if list = r.list; len(list) > 0 { // at a comma
			if list = list[1:]; len(trim(list)) == 0 {
				return nil, false
			}
		}
	}
	return selectors, true
}

// nestedSelectors reads the selectors of a rule within a rule of the selectors outer: "&" stands for these, and where it
// does not stand they are before it (CSS Nesting Module, 3.1). There is room for so many; tooMuch tells that it is not enough, or was not before.
func nestedSelectors(outer []selector, prelude []token, room int, full bool) (list []selector, tooMuch bool) {
	for part := range splitCommas(trim(prelude)) {
		part = trim(part)
		amp := slices.IndexFunc(part, func(t token) bool { return t.kind == css.DelimToken && t.text == "&" })
		before, after := []token(nil), part
		if amp >= 0 {
			before, after = part[:amp], part[amp+1:]
		}
		for _, o := range outer {
			if room--; room < 0 {
				return list, true
			}
			if one, ok := nest(before, o, after, amp >= 0); ok {
				list = append(list, one)
			}
		}
	}
	return list, full
}

// nest reads what stands before the outer selector and behind it; joined tells that "&" stood there.
func nest(before []token, outer selector, after []token, joined bool) (sel selector, ok bool) {
	if len(trim(before)) > 0 {
		list, ok := readSelectors(before)
		if !ok || len(list) != 1 {
			return sel, false
		}
		sel = list[0]
		sel.parts = slices.Clone(sel.parts)
	}
	sel.parts = append(sel.parts, outer.parts...)
	sel.specificity += outer.specificity
	rest := trim(after)
	if len(rest) == 0 {
		return sel, joined && len(sel.parts) <= maxParts
	}
	combinator := byte(' ')
	glued := joined && after[0].kind != css.WhitespaceToken
	if t := rest[0]; t.kind == css.DelimToken && (t.text == ">" || t.text == "+" || t.text == "~") {
		combinator, rest, glued = t.text[0], trim(rest[1:]), false
	}
	inner, ok := readSelectors(rest)
	if !ok || len(inner) != 1 || len(sel.parts)+len(inner[0].parts) > maxParts {
		return sel, false
	}
	parts := slices.Clone(inner[0].parts)
	parts[0].combinator = combinator
	if glued {
		last := &sel.parts[len(sel.parts)-1]
		parts[0] = last.with(parts[0])
		sel.parts = sel.parts[:len(sel.parts)-1]
	}
	sel.parts = append(sel.parts, parts...)
	sel.specificity += inner[0].specificity
	return sel, true
}

// with is an element that is what both ask for.
func (c compound) with(o compound) compound {
	if o.tag != "" {
		c.tag = o.tag
	}
	if o.id != "" {
		c.ids = append(slices.Clone(c.ids), o.id)
	}
	c.ids = slices.Concat(c.ids, o.ids)
	c.classes = slices.Concat(c.classes, o.classes)
	c.attrs = slices.Concat(c.attrs, o.attrs)
	c.tests = slices.Concat(c.tests, o.tests)
	c.none, c.any = slices.Concat(c.none, o.none), slices.Concat(c.any, o.any)
	return c
}

// splitCommas gives what stands between the commas of a list.
func splitCommas(list []token) func(yield func([]token) bool) {
	return func(yield func([]token) bool) {
		open, from := 0, 0
		for i, t := range list {
			if open += depth(t.kind); t.kind == css.CommaToken && open == 0 {
				if !yield(list[from:i]) {
					return
				}
				from = i + 1
			}
		}
		yield(list[from:])
	}
}

type selectorReader struct {
	list []token
}

func (r *selectorReader) peek() token {
	if len(r.list) == 0 {
		return token{kind: css.ErrorToken}
	}
	return r.list[0]
}

func (r *selectorReader) take() token {
	t := r.peek()
	if len(r.list) > 0 {
		r.list = r.list[1:]
	}
	return t
}

func (r *selectorReader) selector() (sel selector, ok bool) {
	r.list = trim(r.list)
	combinator := byte(' ')
	for {
		c, specificity, ok := r.compound()
		if !ok || len(sel.parts) == maxParts {
			return sel, false
		}
		c.combinator = combinator
		sel.parts = append(sel.parts, c)
		sel.specificity += specificity
		space := r.peek().kind == css.WhitespaceToken
		for r.peek().kind == css.WhitespaceToken {
			r.take()
		}
		switch t := r.peek(); {
		case t.kind == css.ErrorToken, t.kind == css.CommaToken:
			return sel, true
		case t.kind == css.DelimToken && (t.text == ">" || t.text == "+" || t.text == "~"):
			combinator = t.text[0]
			r.take()
			for r.peek().kind == css.WhitespaceToken {
				r.take()
			}
		case space:
			combinator = ' '
		default:
			return sel, false
		}
	}
}

// Weights of specificity.
const (
	idWeight    = 1 << 20
	classWeight = 1 << 10
)

// compound reads one compound selector.
func (r *selectorReader) compound() (c compound, specificity int, ok bool) {
	for {
		t := r.peek()
		switch {
		case t.kind == css.IdentToken && !ok:
			c.tag = strings.ToLower(unescape(t.text))
			specificity++
			r.take()
		case t.kind == css.DelimToken && t.text == "*" && !ok:
			r.take()
		case t.kind == css.HashToken:
			r.take()
			id := unescape(t.text[1:])
			if c.id == "" {
				c.id = id
			} else {
				c.ids = append(c.ids, id)
			}
			specificity += idWeight
		case t.kind == css.DelimToken && t.text == ".":
			r.take()
			name := r.take()
			if name.kind != css.IdentToken {
				return c, 0, false
			}
			c.classes = append(c.classes, unescape(name.text))
			specificity += classWeight
		case t.kind == css.LeftBracketToken:
			r.take()
			if !r.attribute(&c) {
				return c, 0, false
			}
			specificity += classWeight
		case t.kind == css.ColonToken:
			r.take()
			n, valid := r.pseudo(&c)
			if !valid {
				return c, 0, false
			}
			specificity += n
		default:
			return c, specificity, ok
		}
		ok = true
	}
}

// attribute reads what stands behind an opening bracket.
func (r *selectorReader) attribute(c *compound) bool {
	end := slices.IndexFunc(r.list, func(t token) bool { return t.kind == css.RightBracketToken })
	if end < 0 {
		return false
	}
	inner := slices.DeleteFunc(slices.Clone(r.list[:end]), func(t token) bool { return t.kind == css.WhitespaceToken })
	r.list = r.list[end+1:]
	if len(inner) == 0 || inner[0].kind != css.IdentToken {
		return false
	}
	test := attributeTest{name: strings.ToLower(unescape(inner[0].text)), operator: css.EmptyToken}
	switch {
	case len(inner) == 1:
	case len(inner) == 3, len(inner) == 4 && (strings.EqualFold(inner[3].text, "i") || strings.EqualFold(inner[3].text, "s")):
		test.operator = inner[1].kind
		if test.operator == css.DelimToken && inner[1].text != "=" {
			return false
		}
		switch v := inner[2]; v.kind {
		case css.StringToken:
			test.value = unescape(v.text[1 : len(v.text)-1])
		case css.IdentToken:
			test.value = unescape(v.text)
		default:
			return false
		}
		test.fold = len(inner) == 4 && strings.EqualFold(inner[3].text, "i")
	default:
		return false
	}
	c.attrs = append(c.attrs, test)
	return true
}

// states are pseudo-classes that no element of a mail is in while it is only read.
var states = map[string]bool{"hover": true, "active": true, "focus": true, "visited": true, "focus-within": true, "focus-visible": true, "target": true, "checked": true, "disabled": true,
	"indeterminate": true, "invalid": true, "required": true, "before": true, "after": true, "first-line": true, "first-letter": true, "last-child": true, "only-child": true, "first-of-type": true,
	"last-of-type": true, "only-of-type": true, "empty": true, "default": true, "in-range": true, "out-of-range": true, "placeholder-shown": true, "autofill": true, "fullscreen": true, "valid": false}

// pseudo reads what stands behind a colon. It is not valid if browsers do not know it.
func (r *selectorReader) pseudo(c *compound) (specificity int, valid bool) {
	if r.peek().kind == css.ColonToken { // a pseudo-element
		r.take()
		t := r.take()
		c.never = true
		if t.kind == css.FunctionToken {
			r.arguments()
		}
		return 1, t.kind == css.IdentToken || t.kind == css.FunctionToken
	}
	t := r.take()
	name := word(t)
	if t.kind == css.FunctionToken {
		arguments := r.arguments()
		return r.function(c, name, arguments)
	}
	if t.kind != css.IdentToken {
		return 0, false
	}
	switch name {
	case "root":
		c.tests = append(c.tests, func(f *frame) bool { return f.tag == atom.Html })
	case "link", "any-link":
		c.tests = append(c.tests, func(f *frame) bool { _, ok := f.attr("href"); return ok && f.tag == atom.A })
	case "first-child":
		c.tests = append(c.tests, func(f *frame) bool { return f.index == 1 })
	case "enabled", "read-only", "read-write", "optional", "valid", "scope", "defined":
		if name == "read-only" || name == "defined" {
			break // every element that matters
		}
		c.never = true
	default:
		if !states[name] && !strings.HasPrefix(name, "-webkit-") {
			return 0, false
		}
		c.never = true
	}
	return classWeight, true
}

// arguments takes the tokens to the parenthesis that closes.
func (r *selectorReader) arguments() []token {
	open := 1
	for i, t := range r.list {
		if open += depth(t.kind); open == 0 {
			list := r.list[:i]
			r.list = r.list[i+1:]
			return list
		}
	}
	list := r.list
	r.list = nil
	return list
}

func (r *selectorReader) function(c *compound, name string, arguments []token) (specificity int, valid bool) {
	switch name {
	case "nth-child(":
		step, from, ok := nth(arguments)
		c.tests = append(c.tests, func(f *frame) bool {
			n := f.index - from
			return n == 0 || step != 0 && n%step == 0 && n/step >= 0
		})
		return classWeight, ok
	case "not(", "is(", "where(", "matches(", "-webkit-any(":
		inner := selectorReader{list: arguments}
		var list []compound
		for {
			inner.list = trim(inner.list)
			one, n, ok := inner.compound()
			inner.list = trim(inner.list)
			end := inner.peek().kind
			if !ok || end != css.CommaToken && end != css.ErrorToken {
				c.never = true // a complex selector, which is not looked into
				return classWeight, true
			}
			specificity = max(specificity, n)
			list = append(list, one)
			if end == css.ErrorToken {
				break
			}
			inner.take()
		}
		if name == "not(" {
			c.none = append(c.none, list)
		} else {
			c.any = append(c.any, list)
		}
		if name == "where(" {
			specificity = 0
		}
		return specificity, true
	case "nth-last-child(", "nth-of-type(", "nth-last-of-type(", "lang(", "has(", "dir(", "host(", "state(":
		c.never = true
		return classWeight, true
	}
	return 0, false
}

// nth reads an+b (CSS Syntax Module Level 3, 6).
func nth(list []token) (step, from int, ok bool) {
	var b strings.Builder
	for _, t := range list {
		if t.kind != css.WhitespaceToken {
			b.WriteString(strings.ToLower(t.text))
		}
	}
	s := b.String()
	switch s {
	case "odd":
		return 2, 1, true
	case "even":
		return 2, 0, true
	}
	number := func(s string) int {
		switch s {
		case "", "+":
			return 1
		case "-":
			return -1
		}
		n, err := strconv.Atoi(s)
		ok = ok && err == nil
		return n
	}
	ok = true
	before, after, hasStep := strings.Cut(s, "n")
	if !hasStep {
		return 0, number(s), ok && s != ""
	}
	step = number(before)
	if after != "" {
		from = number(after)
	}
	return step, from, ok
}

// matches tells whether the parts of a selector up to one match the element at a place of the stack and those around it.
func (s *sheet) matches(sel *selector, part int, stack []*frame, at int) bool {
	return s.matchesFrame(sel, part, stack, at, stack[at])
}

// matchesFrame is matches for an element that has the ancestors stack[:at].
func (s *sheet) matchesFrame(sel *selector, part int, stack []*frame, at int, f *frame) bool {
	if s.budget--; s.budget < 0 || !sel.parts[part].is(f) {
		return false
	}
	if part == 0 {
		return true
	}
	switch sel.parts[part].combinator {
	case '>':
		return at > 0 && s.matches(sel, part-1, stack, at-1)
	case '+':
		n := len(f.before)
		return n > 0 && s.matchesFrame(sel, part-1, stack, at, f.before[n-1])
	case '~':
		return slices.ContainsFunc(f.before, func(g *frame) bool { return s.matchesFrame(sel, part-1, stack, at, g) })
	}
	for i := at - 1; i >= 0; i-- {
		if s.matches(sel, part-1, stack, i) {
			return true
		}
	}
	return false
}

// is tells whether an element is what a compound selector asks for.
func (c *compound) is(f *frame) bool {
	if c.never || c.tag != "" && c.tag != f.name || c.id != "" && c.id != f.id {
		return false
	}
	for _, id := range c.ids {
		if id != f.id {
			return false
		}
	}
	for _, class := range c.classes {
		if !slices.Contains(f.classes, class) {
			return false
		}
	}
	for i := range c.attrs {
		if !c.attrs[i].holds(f) {
			return false
		}
	}
	for _, test := range c.tests {
		if !test(f) {
			return false
		}
	}
	matches := func(o compound) bool { return o.is(f) }
	for _, list := range c.any {
		if !slices.ContainsFunc(list, matches) {
			return false
		}
	}
	for _, list := range c.none {
		if slices.ContainsFunc(list, matches) {
			return false
		}
	}
	return true
}

func (a *attributeTest) holds(f *frame) bool {
	value, there := f.attr(a.name)
	if !there || a.operator == css.EmptyToken {
		return there
	}
	want := a.value
	value = value[:min(len(value), maxClasses)]
	if a.fold {
		value, want = strings.ToLower(value), strings.ToLower(want)
	}
	switch a.operator {
	case css.DelimToken:
		return value == want
	case css.IncludeMatchToken:
		return want != "" && slices.Contains(strings.Fields(value), want)
	case css.DashMatchToken:
		return value == want || strings.HasPrefix(value, want+"-")
	case css.PrefixMatchToken:
		return want != "" && strings.HasPrefix(value, want)
	case css.SuffixMatchToken:
		return want != "" && strings.HasSuffix(value, want)
	case css.SubstringMatchToken:
		return want != "" && strings.Contains(value, want)
	}
	return false
}

// unescape undoes the escapes of an identifier or a string (CSS Syntax Module Level 3, 4.3.7).
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		digits := 0
		for digits < 6 && i+digits < len(s) && isHex(s[i+digits]) {
			digits++
		}
		if digits == 0 {
			switch s[i] {
			case '\n', '\f':
			default:
				b.WriteByte(s[i])
			}
			continue
		}
		n, _ := strconv.ParseUint(s[i:i+digits], 16, 32)
		if r := rune(n); n == 0 || !utf8.ValidRune(r) {
			b.WriteRune(utf8.RuneError)
		} else {
			b.WriteRune(r)
		}
		if i += digits - 1; i+1 < len(s) && (s[i+1] == ' ' || s[i+1] == '\n' || s[i+1] == '\t') {
			i++
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
