package sight

import (
	"slices"
	"strings"

	"github.com/tdewolff/parse/v2/css"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	ordinaryWidth  = 1024.0 // pixels of the screen that media queries are asked for
	ordinaryHeight = 768.0  // likewise
	maxNesting     = 16     // blocks such as @media within each other
)

// sheet is the style sheets of a document, as one.
type sheet struct {
	universal []*rule
	ids       map[string][]*rule
	classes   map[string][]*rule
	tags      map[string][]*rule
	rules     int
	nested    int // selectors of rules within rules
	octets    int
	budget    int  // comparisons that are left
	siblings  bool // a selector asks for the elements before one
	tooMuch   bool

	found []*rule // of the last call of matching
}

// rule is a selector with its declarations.
type rule struct {
	selector
	order        int
	declarations []declaration
}

// read reads the <style> elements of a document, wherever they stand.
func (s *sheet) read(document string) {
	s.budget = maxMatches
	if !containsFold(document, "<style") {
		return
	}
	tokens := html.NewTokenizer(strings.NewReader(document))
	within := false
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken:
			name, more := tokens.TagName()
			switch within = false; atom.Lookup(name) {
			case atom.Style:
				within = true
				for more {
					var key, value []byte
					key, value, more = tokens.TagAttr()
					if string(key) == "media" && !appliesToScreen(newTokens(string(value)).rest()) {
						within = false
					}
				}
			case atom.Noscript:
				tokens.NextIsNotRawText()
			}
		case html.TextToken:
			if within {
				text := string(tokens.Text())
				if room := maxSheets - s.octets; len(text) > room {
					text, s.tooMuch = clip(text, max(0, room)), true
				}
				s.octets += len(text)
				s.parse(text)
			}
		default:
			within = false
		}
	}
}

// containsFold tells whether s contains a tag's beginning in any case; sub begins with "<" and is lower case.
func containsFold(s, sub string) bool {
	for {
		i := strings.IndexByte(s, sub[0])
		if i < 0 || len(s)-i < len(sub) {
			return false
		}
		if strings.EqualFold(s[i:i+len(sub)], sub) {
			return true
		}
		s = s[i+1:]
	}
}

// rest gives the tokens that are left, up to maxTokens.
func (t tokens) rest() (list []token) {
	for tok := t.next(); tok.kind != css.ErrorToken && len(list) <= maxTokens; tok = t.next() {
		list = append(list, tok)
	}
	return list
}

// parse reads one style sheet (CSS Syntax Module Level 3, 5).
func (s *sheet) parse(text string) {
	t := newTokens(text)
	var blocks []bool // of the at-rules that are open, whether they apply
	for {
		tok := t.next()
		switch tok.kind {
		case css.ErrorToken:
			return
		case css.WhitespaceToken, css.CDOToken, css.CDCToken, css.SemicolonToken:
		case css.RightBraceToken:
			blocks = blocks[:max(0, len(blocks)-1)]
		case css.AtKeywordToken:
			prelude, opened := t.prelude(nil, true)
			if !opened {
				break
			}
			applies, nests := atRule(strings.ToLower(unescape(tok.text)), prelude)
			if !nests || len(blocks) == maxNesting {
				t.skipBlock()
				break
			}
			blocks = append(blocks, applies)
		default:
			prelude, opened := t.prelude([]token{tok}, false)
			if !opened {
				return
			}
			selectors, ok := readSelectors(prelude)
			s.block(t, selectors, ok && !slices.Contains(blocks, false), 0)
		}
	}
}

// block reads the block of a rule, which may hold rules itself (CSS Nesting Module, 3), to its closing brace. What does
// not apply is read all the same.
func (s *sheet) block(t tokens, selectors []selector, applies bool, nested int) {
	var list []declaration
	t.block(&list, func(prelude []token) {
		switch {
		case nested == maxNesting:
			t.skipBlock()
		case len(prelude) > 0 && prelude[0].kind == css.AtKeywordToken:
			ok, nests := atRule(strings.ToLower(unescape(prelude[0].text)), prelude[1:])
			if !nests {
				t.skipBlock()
				return
			}
			s.block(t, selectors, applies && ok, nested+1)
		default:
			var inner []selector
			if applies {
				inner, s.tooMuch = nestedSelectors(selectors, prelude, maxSelectors-s.nested, s.tooMuch)
				s.nested += len(inner)
			}
			s.block(t, inner, applies, nested+1)
		}
	})
	if applies && len(list) > 0 {
		s.add(selectors, list)
	}
}

// prelude reads what stands before a block, and its opening brace; of an at-rule there may be a semicolon instead.
func (t tokens) prelude(list []token, at bool) (prelude []token, opened bool) {
	open := 0
	for {
		tok := t.next()
		switch {
		case tok.kind == css.ErrorToken:
			return list, false
		case tok.kind == css.LeftBraceToken && open == 0:
			return list, true
		case tok.kind == css.SemicolonToken && open == 0 && at:
			return list, false
		}
		open = max(0, open+depth(tok.kind))
		if len(list) <= maxTokens*4 {
			list = append(list, tok)
		}
	}
}

// skipBlock passes over a block whose brace is open.
func (t tokens) skipBlock() {
	for open := 1; open > 0; {
		switch t.next().kind {
		case css.ErrorToken:
			return
		case css.LeftBraceToken:
			open++
		case css.RightBraceToken:
			open--
		}
	}
}

// atRule tells whether an at-rule holds rules, and whether these apply.
func atRule(name string, prelude []token) (applies, nests bool) {
	switch name {
	case "@media":
		return appliesToScreen(prelude), true
	case "@supports", "@layer", "@scope", "@starting-style":
		return !slices.ContainsFunc(prelude, func(t token) bool { return word(t) == "not" }) && name != "@starting-style", true
	case "@container":
		if at := slices.IndexFunc(prelude, func(t token) bool { return t.kind == css.LeftParenthesisToken || word(t) == "not" }); at >= 0 {
			applies, _ = mediaConditions(prelude[at:], 0)
		}
		return applies, true
	case "@document", "@-moz-document":
		return false, true
	}
	return false, false
}

// add adds rules, one for each selector.
func (s *sheet) add(selectors []selector, declared []declaration) {
	for _, sel := range selectors {
		if s.rules == maxSelectors {
			s.tooMuch = true
			return
		}
		s.rules++
		r := &rule{selector: sel, order: s.rules, declarations: declared}
		s.siblings = s.siblings || sel.siblings()
		last := &sel.parts[len(sel.parts)-1]
		switch {
		case last.id != "":
			s.ids = index(s.ids, last.id, r)
		case len(last.classes) > 0:
			s.classes = index(s.classes, last.classes[0], r)
		case last.tag != "":
			s.tags = index(s.tags, last.tag, r)
		default:
			s.universal = append(s.universal, r)
		}
	}
}

func index(m map[string][]*rule, key string, r *rule) map[string][]*rule {
	if m == nil {
		m = map[string][]*rule{}
	}
	m[key] = append(m[key], r)
	return m
}

// matching gives the rules that hold for the element at a place of the stack, the weakest first. The next call takes them
// away.
func (s *sheet) matching(stack []*frame, at int) []*rule {
	if s.rules == 0 {
		return nil
	}
	f := stack[at]
	s.found = s.found[:0]
	s.match(s.universal, stack, at)
	s.match(s.tags[f.name], stack, at)
	if f.id != "" {
		s.match(s.ids[f.id], stack, at)
	}
	for i, c := range f.classes {
		if !slices.Contains(f.classes[:min(i, 50)], c) {
			s.match(s.classes[c], stack, at)
		}
	}
	slices.SortFunc(s.found, func(a, b *rule) int {
		if a.specificity != b.specificity {
			return a.specificity - b.specificity
		}
		return a.order - b.order
	})
	return s.found
}

func (s *sheet) match(list []*rule, stack []*frame, at int) {
	for _, r := range list {
		if s.budget <= 0 {
			s.tooMuch = true
			return
		}
		if s.matches(&r.selector, len(r.parts)-1, stack, at) {
			s.found = append(s.found, r)
		}
	}
}
