// Package trust says of a message what a reader that cannot see must know before it believes the message: the text that a
// person sees, apart from the history that is quoted, and facts about what is hidden, where links lead, what files really
// are, and who the sender claims to be. Facts, not verdicts: a newsletter has many of them.
//
// It is pure and derives all of it from the message's bytes, within the bounds below. Nothing is fetched. What it gives
// is the sender's word and as little to be obeyed as the message itself.
package trust

import (
	"io"
	"strings"

	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sight"
)

// Bounds of one message.
const (
	MaxLinks       = 200 // different links that are given
	MaxAttachments = 100 // attachments whose content is looked at

	maxDeclared = 200 // octets of a name that the sender gives to a type
)

// Where a fact was found. The list is closed.
type Where string

const (
	InHTML    Where = "html"
	InText    Where = "text"
	InSubject Where = "subject"
	InName    Where = "sender_name"
)

// OtherAlternative is the kind of a fact about plain text that says what the HTML beside it does not.
const OtherAlternative sight.Kind = "other_alternative"

// Hidden is a fact about text that a person does not see.
type Hidden struct {
	Where Where
	sight.Hidden
}

// Facts is what is known of a message from its bytes.
type Facts struct {
	Text        string // what a person sees, new in this message; of HTML where there is any
	Quoted      string // what else a person sees: quoted messages, signatures, footers
	Hidden      []Hidden
	Links       []Link
	Attachments []Attachment
	Pictures    int    // that a mail client would fetch from elsewhere, which tells that the message was read
	NameClaims  string // the domain that the sender's name names, if it is not the address's
	ReplyTo     string // the domain that answers would go to, if it is not the address's
	Truncated   bool   // there is more than was looked at
}

// Of reads a message whose tree is root, at most limit octets of text and of HTML.
func Of(r io.ReaderAt, root *message.Part, e message.Envelope, attachments []message.Attachment, limit int) Facts {
	f := &Facts{}
	forms, truncated := message.Forms(r, root, limit)
	f.Truncated = truncated
	links := linkList{}
	var text strings.Builder
	for _, form := range forms {
		piece := f.form(form, &links, max(0, limit-text.Len()))
		if piece == "" {
			continue
		}
		if text.Len() > 0 {
			text.WriteString("\n\n")
		}
		text.WriteString(piece)
	}
	f.split(text.String())
	f.note(InSubject, sight.Characters(e.Subject))
	f.sender(e)
	f.Links, f.Truncated = links.list, f.Truncated || links.more
	f.Attachments = attachmentsOf(r, root, attachments)
	f.Truncated = f.Truncated || len(attachments) > MaxAttachments
	return *f
}

// form notes the facts about one piece of the message and gives at most limit octets of what is seen of it.
func (f *Facts) form(form message.Form, links *linkList, limit int) string {
	f.note(InText, sight.Characters(form.Plain))
	if form.HTML == "" {
		text := sight.Clean(form.Plain)
		links.text(text, InText)
		f.Truncated = f.Truncated || len(text) > limit
		return strings.Trim(cut(text, limit), "\n")
	}
	v := sight.Read(form.HTML, limit)
	f.note(InHTML, v.Hidden)
	f.Pictures += v.Pictures
	f.Truncated = f.Truncated || v.Truncated
	for _, l := range v.Links {
		links.html(l)
	}
	text := sight.Clean(v.Text)
	links.text(text, InHTML)
	if other := onlyIn(form.Plain, text); other.Times > 0 {
		f.note(InText, []sight.Hidden{other})
	}
	return text
}

// note adds facts; those of one kind and place are one.
func (f *Facts) note(where Where, list []sight.Hidden) {
next:
	for _, h := range list {
		for i := range f.Hidden {
			if g := &f.Hidden[i]; g.Where == where && g.Kind == h.Kind {
				g.Times += h.Times
				g.Characters += h.Characters
				continue next
			}
		}
		f.Hidden = append(f.Hidden, Hidden{where, h})
	}
}

// split sets what is new in the message apart from what is quoted.
func (f *Facts) split(text string) {
	f.Text = strings.TrimSpace(message.ReplyText(text))
	at := strings.Index(text, f.Text)
	if at < 0 {
		f.Text = text
		return
	}
	before, after := strings.TrimSpace(text[:at]), strings.TrimSpace(text[at+len(f.Text):])
	f.Quoted = strings.TrimSpace(before + "\n\n" + after)
}

// sender notes what the header says of who wrote the message that does not fit together.
func (f *Facts) sender(e message.Envelope) {
	if len(e.From) == 0 {
		return
	}
	from := e.From[0]
	f.note(InName, sight.Characters(from.Name))
	domain := domainOf(from.Address)
	if claimed := claimedHost(from.Name); claimed != "" && registrable(claimed) != registrable(domain) {
		f.NameClaims = claimed
	}
	for _, to := range e.ReplyTo {
		if d := domainOf(to.Address); d != "" && registrable(d) != registrable(domain) {
			f.ReplyTo = d
			return
		}
	}
}

func domainOf(address string) string {
	host, _ := hostForms(address[strings.LastIndexByte(address, '@')+1:])
	return host
}
