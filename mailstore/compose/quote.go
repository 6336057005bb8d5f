package compose

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/message"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// attribution is the line above a quoted text, in the form that mailstore/message (and every other reader of replies)
// knows.
func attribution(e message.Envelope) string {
	who := "somebody"
	if len(e.From) > 0 {
		who = display(e.From[0])
	}
	if e.Date.IsZero() {
		return who + " wrote:"
	}
	return "On " + e.Date.Format("Mon, 2 Jan 2006 at 15:04 -0700") + ", " + who + " wrote:"
}

// display is a mailbox as people read it.
func display(a message.Address) string {
	name, address := cut(clean(a.Name), MaxName), cut(clean(a.Address), MaxAddress)
	switch {
	case name == "":
		return address
	case address == "":
		return name
	}
	return name + " <" + address + ">"
}

// above is new text with a blank line between it and what follows.
func above(text string) string {
	if text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n"); text == "" {
		return ""
	}
	return text + "\n\n"
}

// quoteText marks each line; a mark that is there gets another one without a space (RFC 3676, 4.5).
func quoteText(text string) string {
	text = strings.TrimRight(bounded(text), "\n")
	if text == "" {
		return ""
	}
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteByte('>')
		if line != "" && line[0] != '>' {
			b.WriteByte(' ')
		}
		b.WriteString(strings.TrimRight(line, " \t\r"))
		b.WriteByte('\n')
	}
	return b.String()
}

// bounded cuts a text that is too long to be sent around with each answer, at the end of a line.
func bounded(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
	if len(text) <= maxQuoted {
		return text
	}
	end := maxQuoted
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	if i := strings.LastIndexByte(text[:end], '\n'); i > end/2 {
		end = i
	}
	return text[:end] + "\n[…]\n"
}

const (
	citeStyle    = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"
	forwardStyle = "margin:0"
)

// quoteHTML gives the original in a blockquote, and the pictures that it shows.
//
// The original's document is taken apart and written again, so that whatever tags it leaves open or closes too often, all
// of it stays within the blockquote: nobody can write words that look like the answer's. For the same reason what acts on
// the whole page is left out: style sheets, scripts, base, meta. The rest is as it was.
func (o Original) quoteHTML(style string, picturesOnly bool) (string, []Attachment) {
	document, ok := "", false
	if o.Body.HTML != "" && len(o.Body.HTML) <= maxQuoted && !o.Body.Truncated {
		document, ok = contained(o.Body.HTML)
	}
	if !ok {
		document = escapeLines(bounded(o.Body.Text))
	}
	quoted := `<blockquote type="cite" style="` + style + `">` + document + "</blockquote>"
	return quoted, o.attached(references(document), picturesOnly)
}

// contained gives what is in the body of a document, as HTML in which every element is closed; false if it is nested too
// deeply to be read.
func contained(document string) (string, bool) {
	root, err := html.Parse(strings.NewReader(strings.ReplaceAll(strings.ToValidUTF8(document, "\uFFFD"), "\x00", "")))
	if err != nil {
		return "", false
	}
	body := find(root, atom.Body)
	if body == nil {
		return "", false // a frameset
	}
	drop(body)
	var b bytes.Buffer
	for child := body.FirstChild; child != nil; child = child.NextSibling {
		if err := html.Render(&b, child); err != nil {
			return "", false
		}
	}
	return b.String(), true
}

func find(n *html.Node, tag atom.Atom) *html.Node {
	if n.Type == html.ElementNode && n.DataAtom == tag {
		return n
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		if found := find(child, tag); found != nil {
			return found
		}
	}
	return nil
}

// drop takes out what acts on the whole page, comments (some programs act on those), and what swallows the text behind it.
func drop(n *html.Node) {
	for child := n.FirstChild; child != nil; {
		next := child.NextSibling
		gone := child.Type == html.CommentNode
		switch child.DataAtom {
		case atom.Style, atom.Script, atom.Base, atom.Meta, atom.Link, atom.Title, atom.Plaintext, atom.Noscript, atom.Xmp, atom.Noembed, atom.Noframes, atom.Iframe, atom.Frameset, atom.Template, atom.Svg, atom.Math:
			gone = gone || child.Type == html.ElementNode
		}
		if gone {
			n.RemoveChild(child)
		} else {
			drop(child)
		}
		child = next
	}
}

// escapeLines writes text as HTML, each line with its end.
func escapeLines(text string) string {
	return strings.ReplaceAll(html.EscapeString(strings.TrimRight(text, "\n")), "\n", "<br>\n") + "<br>\n"
}

// attached takes the original's attachments over; with picturesOnly those alone that the quoted HTML shows. They are read
// from Raw when the draft is written.
func (o Original) attached(shown map[string]bool, picturesOnly bool) (list []Attachment) {
	if o.Structure == nil || o.Raw == nil {
		return nil
	}
	taken := map[string]bool{}
	for _, a := range o.Attachments {
		part := message.Find(o.Structure, a.ID)
		id := a.ContentID
		if !isContentID(id) || taken[id] {
			id = ""
		}
		if part == nil || picturesOnly && (id == "" || !shown[id]) {
			continue
		}
		taken[id] = true
		list = append(list, Attachment{
			Filename:    a.Filename,
			ContentType: typeAgain(part),
			Open:        func() io.Reader { return message.Decode(o.Raw, part) },
			ContentID:   id,
		})
	}
	return list
}

// typeAgain gives the type of a part with its character set, if they can be written again.
func typeAgain(p *message.Part) string {
	kind := p.Type + "/" + p.Subtype
	if p.Type == "multipart" || !isToken(p.Type) || !isToken(p.Subtype) || len(kind) > 127 {
		return "application/octet-stream"
	}
	if set := p.Params["charset"]; isToken(set) && len(set) < 40 {
		kind += "; charset=" + set
	}
	return kind
}
