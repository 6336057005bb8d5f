// Package sight reads text as a person sees it: of an HTML document the words that a mail client shows, and apart from
// them what is there and not shown; of any text the characters that have no shape.
//
// It is pure: text in, values out, nothing is fetched. It knows no messages and judges nobody: a line that newsletters
// hide for the list of messages is hidden text like any other. Time is linear in the document and memory bounded by the
// constants below, whatever the document.
package sight

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Bounds of one document.
const (
	MaxDocument = 512 << 10 // octets of a document that Read looks at
	MaxLinks    = 1000      // links that View holds
	MaxExcerpt  = 300       // characters of Hidden.Excerpt

	maxDepth      = 200       // open elements; a deeper one takes the place of its parent
	maxFormatting = 16        // elements such as <b> that are kept open across blocks
	maxAttributes = 32        // attributes of one element that are looked at
	maxClasses    = 1 << 10   // octets of an attribute that selectors look at
	maxSheets     = 256 << 10 // octets of style sheets
	maxSelectors  = 4000      // selectors of style sheets
	maxMatches    = 2_000_000 // comparisons of a selector's part with an element
	maxInline     = 1000      // different style attributes that are remembered
	maxLinkText   = 300       // octets of a link's text, give or take a word
	maxTarget     = 4 << 10   // octets of a link's target
)

// Kind says why something is not seen. The list is closed.
type Kind string

// The kinds. The first ones are of HTML, the others of characters in any text.
const (
	NotDisplayed  Kind = "not_displayed"    // display: none, the attribute hidden, content-visibility
	Invisible     Kind = "invisible"        // visibility: hidden or collapse
	Transparent   Kind = "transparent"      // opacity or a colour without any
	Tiny          Kind = "tiny"             // a font of at most two pixels, as it is shown
	SameColor     Kind = "same_color"       // the colour of its background, or nearly
	Clipped       Kind = "clipped"          // in a box without height or width, cut away, or scaled to nothing
	OffScreen     Kind = "off_screen"       // far outside of the page
	OutlookHidden Kind = "outlook_hidden"   // mso-hide: Outlook alone does not show it
	NotRendered   Kind = "not_rendered"     // within an element that mail clients do not show, such as <template> or <svg>
	NoScript      Kind = "noscript"         // within <noscript>
	Title         Kind = "title"            // the document's title
	Comment       Kind = "comment"          // a comment, conditional ones of Outlook among them
	Alternative   Kind = "alternative_text" // alt, title, aria-label or placeholder of an element

	ZeroWidth          Kind = "zero_width"          // characters without width where no script and no emoji needs them
	Tags               Kind = "tag_characters"      // U+E0000 to U+E007F: ASCII that is not shown
	Bidi               Kind = "bidi_controls"       // overrides, embeddings and isolates, which change the order of what is shown
	VariationSelectors Kind = "variation_selectors" // more than one behind a character, or behind one that has no variants
	SoftHyphens        Kind = "soft_hyphens"        // at least softHyphens of them
	PrivateUse         Kind = "private_use"         // characters without a meaning that all agree on
)

// Hidden is a fact about text that is there and not seen. Facts of one kind are one.
type Hidden struct {
	Kind       Kind
	Times      int    // places
	Characters int    // in all places
	Excerpt    string // the beginning of it, on one line; of tag characters and variation selectors what they say; of other characters their numbers
}

// Link is a link of a document.
type Link struct {
	Text   string // what is shown of it, on one line; of a picture its alternative text
	Target string // as written
	Base   string // what the document says that targets are relative to; as written
	Form   bool   // it sends a form
	Hidden bool   // nothing of it is shown

	Start, End int // octets of View.Text before it and with it; the same of one that shows no words there
}

// View is what a document shows and what it does not.
type View struct {
	Text      string   // as Text gives it
	Hidden    []Hidden // in the order of the kinds
	Links     []Link   // in their order
	Pictures  int      // that would be fetched from elsewhere when it is shown
	Truncated bool     // there is more in the document than was looked at, or its styles are too intricate
}

// Read gives what a document shows, at most limit octets of text, and what is hidden in it.
func Read(document string, limit int) View {
	w := newWalker(document, limit)
	w.collect = true
	w.run()
	return View{Text: w.Text(), Hidden: w.hidden.list(), Links: w.links, Pictures: w.pictures, Truncated: w.truncated}
}

// Text gives the readable text of a document, at most limit octets, and tells whether there is more: blocks, line breaks
// and table rows become lines, quoted blocks are marked with "> ", list items with "- ", white space is collapsed, and
// what is not shown is left out. Of links the text stays. The result is valid UTF-8 without control characters but line
// ends and without characters that only fill.
func Text(document string, limit int) (text string, truncated bool) {
	w := newWalker(document, limit)
	w.run()
	return w.Text(), w.truncated
}

// walker goes through the tokens of a document with the open elements on a stack, as the HTML standard's tree
// construction has them (13.2.6), as far as it decides which styles a text has. There is no tree: markup of a few octets
// can repeat hundreds of elements there.
type walker struct {
	textWriter
	document string
	tokens   *html.Tokenizer
	sheet    sheet
	inline   map[string][]declaration // what style attributes say
	stack    []*frame
	active   []*frame // the list of active formatting elements; nil is a marker
	free     []*frame
	started  bool // the body has begun

	collect   bool // hidden text, links and pictures are wanted
	hidden    hiddenList
	noted     *frame // the element whose hidden text was noted last, until something is shown
	links     []Link
	link      *openLink
	base      string
	pictures  int
	truncated bool
}

// openLink is a link whose end has not come.
type openLink struct {
	frame   *frame
	target  string
	form    bool
	start   int // as of Link; -1 until a word of it is shown
	text    strings.Builder
	alt     strings.Builder
	picture bool
}

func newWalker(document string, limit int) *walker {
	w := &walker{textWriter: textWriter{limit: limit}, document: document}
	if len(document) > MaxDocument {
		w.document, w.truncated = clip(document, MaxDocument), true
	}
	w.sheet.read(w.document)
	w.tokens = html.NewTokenizer(strings.NewReader(w.document))
	w.stack = make([]*frame, 0, 32)
	w.push(&frame{tag: atom.Html, name: "html"})
	w.push(&frame{tag: atom.Body, name: "body"})
	return w
}

func (w *walker) run() {
	for !w.full || w.collect {
		switch w.tokens.Next() {
		case html.ErrorToken:
			w.endLink()
			w.truncated = w.truncated || w.full || w.sheet.tooMuch
			return
		case html.TextToken:
			w.textToken(string(w.tokens.Text()))
		case html.StartTagToken:
			w.start(false)
		case html.SelfClosingTagToken:
			w.start(true)
		case html.EndTagToken:
			name, _ := w.tokens.TagName()
			w.end(atom.Lookup(name), string(name))
		case html.CommentToken:
			if w.collect {
				w.hidden.text(Comment, commentText(string(w.tokens.Text())), true)
			}
		}
	}
	w.truncated = true
}

func (w *walker) top() *frame { return w.stack[len(w.stack)-1] }

// textToken takes the text between two tags.
func (w *walker) textToken(s string) {
	blank := isBlank(s)
	if !blank && w.top().tag == atom.Head {
		w.pop()
	}
	if !blank && !w.top().foreign {
		w.reconstruct()
		w.started = true
	}
	f := w.top()
	why := f.style.why()
	if w.collect && !blank {
		scan(s, w.hidden.add)
	}
	if why == "" {
		if !blank {
			w.noted = nil
		}
		w.first = -1
		w.text(s)
		if w.link == nil || !w.link.frame.open {
			return
		}
		if w.link.start < 0 {
			w.link.start = w.first
		}
		if w.link.text.Len() < maxLinkText {
			w.link.text.WriteString(s)
		}
		return
	}
	if w.collect && !blank && f.tag != atom.Script && f.tag != atom.Style {
		w.hidden.text(why, s, w.noted != f)
		w.noted = f
	}
}

// commentText is what a comment says: without the markup in it, and without what makes it a condition of Outlook's.
func commentText(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "[if") {
		if _, rest, ok := strings.Cut(s, "]>"); ok {
			s = strings.TrimSuffix(rest, "<!")
		}
	}
	if strings.HasSuffix(s, "[endif]") {
		s = strings.TrimSuffix(strings.TrimSuffix(s, "[endif]"), "<!")
	}
	if strings.IndexByte(s, '<') < 0 {
		return s
	}
	var b strings.Builder
	for s != "" {
		text, rest, _ := strings.Cut(s, "<")
		b.WriteString(text)
		b.WriteByte(' ')
		if name := strings.ToLower(rest[:min(len(rest), 6)]); strings.HasPrefix(name, "style") || strings.HasPrefix(name, "script") || strings.HasPrefix(name, "xml") {
			end := strings.Index(strings.ToLower(rest), "</"+strings.TrimRight(name, "> \n"))
			if end < 0 {
				break
			}
			rest = rest[end:]
		}
		_, s, _ = strings.Cut(rest, ">")
	}
	return b.String()
}
