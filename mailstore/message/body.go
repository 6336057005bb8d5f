package message

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/sight"
	"golang.org/x/net/html/charset"
)

// Body is what a person reads of a message: valid UTF-8 without NUL, with lines that end in "\n".
type Body struct {
	Text      string // made from HTML where the message has no plain text
	HTML      string
	Truncated bool // more than the limit is in the message
}

// maxDocument is how much of an HTML part is read for its text, whatever the limit: style sheets come first.
const maxDocument = 256 << 10

// Read decodes the text of the message whose tree is root, at most limit octets of each of Text and HTML.
//
// Text is all inline text/plain in its order, and HTML all inline text/html. Of a multipart/alternative Text takes the
// plain form and HTML the HTML one; where an alternative, or the message before the first plain part, has HTML only,
// its text stands in. Messages and files within the message are left out. A part that cannot be read counts as empty.
// Memory is bounded by a small multiple of limit and 256 KiB.
func Read(r io.ReaderAt, root *Part, limit int) Body {
	b := newBodyReader(r, root, limit)
	b.wantHTML = true
	walk(root, b.visit)
	return Body{Text: strings.Trim(b.text.String(), "\n"), HTML: b.html.String(), Truncated: b.truncated}
}

// Form is a piece of what a person reads of a message: plain text, HTML, or the same in both.
type Form struct {
	Plain, HTML string // UTF-8 as in Body
}

// Forms gives the pieces in their order, at most limit octets of all plain text, and of all HTML; of a
// multipart/alternative one piece with the forms that Read takes. truncated tells that there is more.
func Forms(r io.ReaderAt, root *Part, limit int) (forms []Form, truncated bool) {
	b := newBodyReader(r, root, limit)
	places := map[*Part]int{}
	place := func(l leaf) *Form {
		i, known := places[l.alternative]
		if !known || l.alternative == nil {
			i = len(forms)
			places[l.alternative] = i
			forms = append(forms, Form{})
		}
		return &forms[i]
	}
	walk(root, func(l leaf) {
		switch {
		case !l.isBody():
		case l.isPlain() && (l.alternative == nil || b.plainOf[l.alternative] == l.branch):
			if b.room(&b.text, l) {
				text := b.decodeText(l.Part, b.limit-b.text.Len())
				b.text.WriteString(text)
				f := place(l)
				f.Plain = joinLines(f.Plain, text)
			}
		case l.isHTML() && (l.alternative == nil || b.htmlOf[l.alternative] == l.branch):
			if b.room(&b.html, l) {
				document := b.decodeText(l.Part, b.limit-b.html.Len())
				b.html.WriteString(document)
				f := place(l)
				f.HTML = joinLines(f.HTML, document)
			}
		}
	})
	return forms, b.truncated
}

func joinLines(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b
}

// firstText gives the beginning of what Read gives as Text.
func firstText(r io.ReaderAt, root *Part, limit int) string {
	b := newBodyReader(r, root, limit)
	walk(root, b.visit)
	return b.text.String()
}

func newBodyReader(r io.ReaderAt, root *Part, limit int) *bodyReader {
	b := &bodyReader{r: r, limit: max(0, limit), plainOf: map[*Part]*Part{}, htmlOf: map[*Part]*Part{}}
	walk(root, func(l leaf) {
		switch {
		case l.alternative == nil || !l.isBody():
		case l.isPlain() && b.plainOf[l.alternative] == nil:
			b.plainOf[l.alternative] = l.branch
		case l.isHTML():
			b.htmlOf[l.alternative] = l.branch
		}
	})
	return b
}

func (l leaf) isPlain() bool { return l.Type == "text" && l.Subtype == "plain" }
func (l leaf) isHTML() bool  { return l.Type == "text" && l.Subtype == "html" }

type bodyReader struct {
	r          io.ReaderAt
	limit      int
	wantHTML   bool
	plainOf    map[*Part]*Part // the branch of an alternative with its first plain form
	htmlOf     map[*Part]*Part // the branch with its last, and so its richest (RFC 2046, 5.1.4), HTML form
	text, html strings.Builder
	hasPlain   bool
	truncated  bool
}

func (b *bodyReader) visit(l leaf) {
	switch {
	case !l.isBody():
	case l.isPlain():
		if l.alternative != nil && b.plainOf[l.alternative] != l.branch {
			return
		}
		b.hasPlain = true
		if b.room(&b.text, l) {
			b.add(&b.text, b.decodeText(l.Part, b.limit))
		}
	case l.isHTML():
		if l.alternative != nil && b.htmlOf[l.alternative] != l.branch {
			return
		}
		needText := b.plainOf[l.alternative] == nil && (l.alternative != nil || !b.hasPlain) && b.room(&b.text, l)
		needHTML := b.wantHTML && b.room(&b.html, l)
		if !needText && !needHTML {
			return
		}
		document := b.decodeText(l.Part, max(b.limit, maxDocument))
		if needHTML {
			b.add(&b.html, document)
		}
		if needText {
			text, cut := sight.Text(document, b.limit)
			b.truncated = b.truncated || cut
			b.add(&b.text, text)
		}
	}
}

// room tells whether anything can still be added to a body, and notes that it cannot.
func (b *bodyReader) room(to *strings.Builder, l leaf) bool {
	if to.Len() < b.limit || l.Body == l.End {
		return true
	}
	b.truncated = true
	return false
}

// add appends s to a body, on a new line.
func (b *bodyReader) add(to *strings.Builder, s string) {
	if s == "" {
		return
	}
	if to.Len() > 0 {
		s = "\n" + s
	}
	if room := b.limit - to.Len(); len(s) > room {
		s, b.truncated = clip(s, max(0, room)), true
	}
	to.WriteString(s)
}

// decodeText gives up to limit octets of a text part as UTF-8.
func (b *bodyReader) decodeText(p *Part, limit int) string {
	const longest = 8 // octets of a character in any character set, with its escapes
	raw, _ := io.ReadAll(io.LimitReader(Decode(b.r, p), int64(max(0, limit))+longest))
	set := strings.ToLower(p.Params["charset"])
	cut := len(raw) == limit+longest
	if cut {
		b.truncated = true
		if lookupCharset(set) == nil { // UTF-8, or a guess that half a character at the end must not spoil
			for i := 1; i <= 4 && i <= len(raw); i++ {
				if utf8.RuneStart(raw[len(raw)-i]) {
					if !utf8.FullRune(raw[len(raw)-i:]) {
						raw = raw[:len(raw)-i]
					}
					break
				}
			}
		}
	}
	if p.Subtype == "html" && lookupCharset(set) == nil {
		_, declared, _ := charset.DetermineEncoding(raw[:min(len(raw), 1024)], "")
		if declared != "windows-1252" || !utf8.Valid(raw) { // windows-1252 is also what it says when it does not know
			set = declared
		}
	}
	text := cleanText(toUTF8(raw, set))
	if cut {
		text = strings.TrimRight(text, "\uFFFD")
	}
	if len(text) > limit {
		b.truncated = true
	}
	return clip(text, limit)
}

// cleanText makes line ends "\n" and drops control characters but tabs.
func cleanText(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			return strings.Map(textual, s)
		}
	}
	return s
}

func textual(r rune) rune {
	switch {
	case r == '\r':
		return '\n'
	case r != '\n' && r != '\t' && unicode.IsControl(r), r == '\ufeff':
		return -1
	}
	return r
}
