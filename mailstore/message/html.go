package message

import (
	"bytes"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxText  = 1 << 20 // octets that TextOf gives
	maxQuote = 20      // levels of blockquote that are marked
)

// TextOf gives the readable text of an HTML document: blocks, line breaks and table rows become lines, quoted blocks
// are marked with "> ", list items with "- ", white space is collapsed, and what is not shown (styles, scripts, the
// title, hidden elements) is left out. Of links the text stays. The result is valid UTF-8 without control characters
// but line ends, and at most 1 MiB. Linear.
func TextOf(document string) string {
	text, _ := textOf(document, maxText)
	return text
}

// textOf stops reading at limit octets of text, and tells whether it did.
func textOf(document string, limit int) (text string, truncated bool) {
	w := textWriter{limit: limit}
	tokens := html.NewTokenizer(strings.NewReader(document))
	for !w.full {
		switch tokens.Next() {
		case html.ErrorToken:
			return clip(w.out.String(), limit), false
		case html.TextToken:
			if w.hidden == 0 {
				w.text(string(tokens.Text()))
			}
		case html.StartTagToken:
			w.start(tokens, false)
		case html.SelfClosingTagToken:
			w.start(tokens, true)
		case html.EndTagToken:
			name, _ := tokens.TagName()
			w.end(atom.Lookup(name))
		}
	}
	return clip(w.out.String(), limit), true
}

// textWriter turns the tokens of a document into lines.
type textWriter struct {
	out   strings.Builder
	limit int
	full  bool

	breaks int  // line ends due before the next word: two leave a blank line
	space  bool // a space is due before the next word of the line
	quote  int  // open blockquotes
	last   int  // open blockquotes when the last word was written
	pre    int  // open pre elements
	item   bool // the next word begins a list item

	hidden atom.Atom // the element whose end ends the hiding, or 0
	nested int       // elements of that name open within it
}

func (w *textWriter) start(tokens *html.Tokenizer, selfClosing bool) {
	name, hasAttributes := tokens.TagName()
	tag := atom.Lookup(name)
	kind := elements[tag]
	if w.hidden == atom.P && kind&block != 0 {
		w.hidden = 0 // the start of a block ends a paragraph
	}
	if w.hidden != 0 {
		if tag == w.hidden {
			w.nested++
		}
		return
	}
	if kind&void == 0 && tag != 0 && tag != atom.Body && tag != atom.Html && (kind&unseen != 0 || hasAttributes && hides(tokens)) {
		if !selfClosing {
			w.hidden, w.nested = tag, 0
		}
		return
	}
	w.separate(kind)
	switch tag {
	case atom.Br:
		w.newline(w.breaks + 1)
	case atom.Blockquote:
		w.quote++
	case atom.Pre:
		w.pre++
	case atom.Li:
		w.item = true
	}
}

func (w *textWriter) end(tag atom.Atom) {
	if w.hidden != 0 {
		if tag == w.hidden {
			if w.nested--; w.nested < 0 {
				w.hidden = 0
			}
		}
		return
	}
	w.separate(elements[tag])
	switch tag {
	case atom.Blockquote:
		w.quote = max(0, w.quote-1)
	case atom.Pre:
		w.pre = max(0, w.pre-1)
	case atom.Li:
		w.item = false
	}
}

func (w *textWriter) separate(kind element) {
	switch {
	case kind&paragraph != 0:
		w.newline(2)
	case kind&block != 0:
		w.newline(1)
	case kind&cell != 0:
		w.space = true
	}
}

func (w *textWriter) newline(n int) {
	w.breaks = max(w.breaks, min(n, 2))
}

func (w *textWriter) text(s string) {
	if w.pre > 0 {
		for i, line := range strings.Split(s, "\n") {
			if i > 0 {
				w.newline(w.breaks + 1)
			}
			if line = strings.TrimRight(line, " \t\r"); line != "" {
				w.word(line)
			}
		}
		return
	}
	for s != "" && !w.full {
		word := strings.TrimLeftFunc(s, unicode.IsSpace)
		w.space = w.space || len(word) < len(s)
		end := strings.IndexFunc(word, unicode.IsSpace)
		if end < 0 {
			end = len(word)
		}
		w.word(word[:end])
		s = word[end:]
	}
}

// word writes a word, after the line ends and the quote marks that are due.
func (w *textWriter) word(s string) {
	if s = strings.Map(visible, strings.ToValidUTF8(s, "\uFFFD")); strings.Trim(s, joiners) == "" {
		return
	}
	started := w.out.Len() > 0
	for ; w.breaks > 0 && started; w.breaks-- {
		w.out.WriteByte('\n')
		if w.breaks > 1 {
			w.out.WriteString(strings.TrimRight(strings.Repeat("> ", min(w.last, w.quote, maxQuote)), " "))
		} else {
			w.out.WriteString(strings.Repeat("> ", min(w.quote, maxQuote)))
			w.space = false
		}
	}
	if !started {
		w.out.WriteString(strings.Repeat("> ", min(w.quote, maxQuote)))
		w.breaks, w.space = 0, false
	}
	if w.space {
		w.out.WriteByte(' ')
	}
	if w.item {
		w.out.WriteString("- ")
	}
	w.space, w.item, w.last = false, false, w.quote
	if room := w.limit - w.out.Len(); len(s) >= room {
		s, w.full = clip(s, max(0, room)), true
	}
	w.out.WriteString(s)
}

// joiners have no width and mean something only between letters.
const joiners = "\u200c\u200d\u2060"

// visible drops what cannot be seen: controls, and the fillers that senders hide in the first line.
func visible(r rune) rune {
	switch {
	case r == '\t' || r == '\u00a0':
		return ' '
	case r == '\u00ad', r == '\u034f', r == '\u200b', r == '\ufeff', unicode.IsControl(r):
		return -1
	}
	return r
}

// hides tells whether the attributes of a tag hide the element.
func hides(tokens *html.Tokenizer) bool {
	found := false
	for {
		key, value, more := tokens.TagAttr()
		switch string(key) {
		case "hidden":
			found = true
		case "style":
			style := bytes.ReplaceAll(bytes.ToLower(value), []byte(" "), nil)
			found = found || bytes.Contains(style, []byte("display:none")) || bytes.Contains(style, []byte("visibility:hidden"))
		}
		if !more {
			return found
		}
	}
}

// element says how an element is laid out.
type element uint8

const (
	block     element = 1 << iota // on lines of its own
	paragraph                     // with a blank line before and after
	cell                          // apart from its neighbours on the line
	unseen                        // not shown
	void                          // without content
)

var elements = map[atom.Atom]element{
	atom.P: block | paragraph, atom.H1: block | paragraph, atom.H2: block | paragraph, atom.H3: block | paragraph,
	atom.H4: block | paragraph, atom.H5: block | paragraph, atom.H6: block | paragraph, atom.Ul: block | paragraph,
	atom.Ol: block | paragraph, atom.Dl: block | paragraph, atom.Hr: block | paragraph | void, atom.Table: block,
	atom.Div: block, atom.Blockquote: block, atom.Pre: block, atom.Li: block, atom.Tr: block, atom.Dt: block, atom.Dd: block,
	atom.Section: block, atom.Article: block, atom.Header: block, atom.Footer: block, atom.Main: block, atom.Nav: block,
	atom.Aside: block, atom.Address: block, atom.Center: block, atom.Form: block, atom.Fieldset: block, atom.Figure: block,
	atom.Figcaption: block, atom.Details: block, atom.Summary: block, atom.Caption: block, atom.Body: block,
	atom.Td: cell, atom.Th: cell, atom.Option: cell, atom.Button: cell,
	atom.Script: unseen, atom.Style: unseen, atom.Title: unseen, atom.Template: unseen, atom.Iframe: unseen,
	atom.Object: unseen, atom.Noembed: unseen, atom.Noframes: unseen, atom.Textarea: unseen, atom.Select: unseen,
	atom.Svg: unseen, atom.Math: unseen, atom.Audio: unseen, atom.Video: unseen,
	atom.Br: void, atom.Img: void, atom.Input: void, atom.Meta: void, atom.Link: void, atom.Base: void, atom.Col: void,
	atom.Wbr: void, atom.Area: void, atom.Embed: void, atom.Source: void, atom.Track: void, atom.Param: void,
}
