package compose

import (
	"io"
	"strings"

	"github.com/postroom/postroom/mailstore/message"
)

// Forwarding is how a message is handed on, and what is said to it.
type Forwarding struct {
	From  message.Address
	To    []message.Address
	Text  string
	HTML  string
	Whole bool // the message as it is, as one attachment, rather than its text and its attachments
}

// Forward makes the draft of a forward, without Date. Below the new text come a block that says who wrote the original,
// when and to whom, its text, and, if it or what is said has HTML, its HTML; its attachments go with it. With Whole the
// original itself is attached without its Bcc, and needs Raw. In-Reply-To and References tie it to the original, whose passages it
// keeps: a message that is handed on in a circle is known by them. (An answer has none: who answers each other's answers is no loop.)
func Forward(o Original, f Forwarding) *Draft {
	d := &Draft{From: f.From, To: f.To, Subject: marked("Fwd: ", forwardMarks, o.Envelope.Subject), Text: f.Text, HTML: f.HTML}
	d.InReplyTo, d.References = thread(o.Envelope)
	d.Passages = o.passages()
	if f.Whole {
		d.Attachments = []Attachment{o.whole()}
		return d
	}
	block := forwardedBlock(o.Envelope)
	if f.HTML != "" || o.Body.HTML != "" {
		said := f.HTML
		if said == "" && f.Text != "" {
			said = escapeLines(f.Text)
		}
		var quoted string
		quoted, d.Attachments = o.quoteHTML(forwardStyle, false)
		d.HTML = said + "<br><div>" + escapeLines(block) + "<br></div>" + quoted + "\n"
		if d.Text == "" {
			d.Text = message.TextOf(f.HTML)
		}
	} else {
		d.Attachments = o.attached(nil, false)
	}
	d.Text = above(d.Text) + block + "\n" + strings.TrimRight(bounded(o.Body.Text), "\n") + "\n"
	return d
}

// forwardedBlock tells of the original what its reader needs to know.
func forwardedBlock(e message.Envelope) string {
	var b strings.Builder
	b.WriteString("---------- Forwarded message ----------\n")
	line := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	line("From", displays(e.From))
	if !e.Date.IsZero() {
		line("Date", e.Date.Format("Mon, 2 Jan 2006 at 15:04 -0700"))
	}
	line("Subject", cut(clean(e.Subject), MaxSubject))
	line("To", displays(e.To))
	line("Cc", displays(e.Cc))
	return b.String()
}

// displays lists mailboxes, the first ones of many.
func displays(list []message.Address) string {
	const most = 50
	var b strings.Builder
	for i, a := range list {
		if i == most {
			b.WriteString(", …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(display(a))
	}
	return b.String()
}

// whole attaches the message itself. The Bcc of a message that one has sent is nobody else's business.
func (o Original) whole() Attachment {
	name := strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, cut(clean(o.Envelope.Subject), 50)), ". ")
	if name == "" {
		name = "message"
	}
	return Attachment{
		Filename:    name + ".eml",
		ContentType: "message/rfc822",
		Open: func() io.Reader {
			out, err := Outbound(o.Raw, o.Size)
			if err != nil {
				return failing{err}
			}
			return out.NewReader()
		},
	}
}

// failing is a reader that has nothing to give but an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
