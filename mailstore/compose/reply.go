package compose

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/message"
)

// Original is the message that a reply or a forward is made of, as mailstore/message gave it.
type Original struct {
	Envelope    message.Envelope
	Body        message.Body
	Structure   *message.Part        // nil: nothing of the attachments is taken over
	Attachments []message.Attachment // of Structure
	Raw         io.ReaderAt          // the octets that Structure speaks of; read when the draft is written
	Size        int64
}

// Answer is what is said to a message.
type Answer struct {
	From    message.Address
	Own     []string // addresses of the one who answers, who is not to get the answer; with "+…" behind the local part too
	All     bool     // to all who got the message
	Text    string
	HTML    string
	NoQuote bool // without the original's text below
}

// Reply makes the draft of an answer, without Date and attachments. It goes to those whom the original asks to answer to
// (Reply-To before From; RFC 5322, 3.6.2), with All also to its To and Cc, each once; an answer to a message of one's own
// goes to those that it went to. Addresses that nothing can be sent to are left out, so a draft may be without recipients.
// The original's text is quoted below, its HTML as well if the answer has HTML; pictures that the quoted HTML shows go
// with it.
func Reply(o Original, a Answer) *Draft {
	d := &Draft{From: a.From, Subject: marked("Re: ", replyMarks, o.Envelope.Subject), Text: a.Text, HTML: a.HTML}
	d.To, d.Cc = answerTo(o.Envelope, a)
	d.InReplyTo, d.References = thread(o.Envelope)
	if a.NoQuote {
		return d
	}
	if a.HTML != "" {
		var quoted string
		quoted, d.Attachments = o.quoteHTML(citeStyle, true)
		d.HTML = a.HTML + "<br><div>" + escapeLines(attribution(o.Envelope)) + quoted + "</div>\n"
		if d.Text == "" {
			d.Text = message.TextOf(a.HTML)
		}
	}
	d.Text = above(d.Text) + attribution(o.Envelope) + "\n" + quoteText(o.Body.Text)
	return d
}

// answerTo gives the recipients of an answer.
func answerTo(e message.Envelope, a Answer) (to, cc []message.Address) {
	own := map[string]bool{}
	for _, address := range append(a.Own, a.From.Address) {
		own[folded(address)] = true
	}
	r := recipients{own: own, seen: map[string]bool{}}
	if len(e.From) > 0 && r.isOwn(e.From[0].Address) {
		if to = r.take(e.To); a.All {
			cc = r.take(e.Cc)
		}
		if len(to)+len(cc) > 0 {
			return to, cc
		}
		r.own = nil // a note to oneself
		return r.take(e.From), nil
	}
	if to = r.take(e.ReplyTo); len(to) == 0 {
		to = r.take(e.From)
	}
	if a.All {
		cc = r.take(slices.Concat(e.To, e.Cc))
	}
	return to, cc
}

// recipients gathers addresses, each once and none of one's own.
type recipients struct {
	own, seen map[string]bool
}

func (r recipients) take(list []message.Address) (taken []message.Address) {
	for _, a := range list {
		address, reason := canonical(a.Address)
		if key := strings.ToLower(address); reason == "" && !r.isOwn(address) && !r.seen[key] {
			r.seen[key] = true
			taken = append(taken, message.Address{Name: cut(clean(a.Name), MaxName), Address: address})
		}
	}
	return taken
}

// isOwn takes ann+shop@example.com for ann@example.com.
func (r recipients) isOwn(address string) bool {
	address = folded(address)
	if r.own[address] {
		return true
	}
	local, domain, _ := strings.Cut(address, "@")
	base, _, suffixed := strings.Cut(local, "+")
	return suffixed && r.own[base+"@"+domain]
}

// thread gives the fields that tie an answer to a message (RFC 5322, 3.6.4). Ids that would make the answer undeliverable,
// because they are not ASCII or too long for a line, are left out.
func thread(e message.Envelope) (inReplyTo string, references []string) {
	ancestors := e.References
	if len(ancestors) == 0 && len(e.InReplyTo) == 1 {
		ancestors = e.InReplyTo
	}
	for _, id := range ancestors {
		if isID(id) && id != e.MessageID && !slices.Contains(references, id) {
			references = append(references, id)
		}
	}
	if isID(e.MessageID) {
		inReplyTo, references = e.MessageID, append(references, e.MessageID)
	}
	if len(references) > MaxReferences {
		references = append(references[:1:1], references[len(references)-MaxReferences+1:]...)
	}
	return inReplyTo, references
}

// What clients of many languages write before the subject of an answer and of a forward.
var (
	replyMarks   = []string{"re", "aw", "antw", "sv", "vs", "ref", "rif", "odp", "res", "ynt", "回复", "回覆", "答复", "返信"}
	forwardMarks = []string{"fwd", "fw", "wg", "tr", "vb", "rv", "enc", "转发", "轉寄"}
)

// marked puts a mark before a subject in the place of those of its kind that are there.
func marked(mark string, kind []string, subject string) string {
	subject = clean(subject)
	for {
		head, rest, ok := strings.Cut(strings.Replace(subject, "：", ":", 1), ":")
		if !ok || len(head) > 20 {
			break
		}
		if i := strings.IndexAny(head, "[("); i > 0 { // Re[2]:
			head = head[:i]
		}
		if !slices.Contains(kind, strings.ToLower(strings.TrimSpace(head))) {
			break
		}
		subject = strings.TrimSpace(rest)
	}
	return strings.TrimSpace(cut(mark+subject, MaxSubject))
}

// clean makes s one line of UTF-8 without control characters.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\u2028' || r == '\u2029':
			return ' '
		case breaks(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
}

// cut keeps the first characters of s.
func cut(s string, characters int) string {
	if utf8.RuneCountInString(s) <= characters {
		return s
	}
	for i := range s {
		if characters--; characters < 0 {
			return strings.TrimSpace(s[:i])
		}
	}
	return s
}
