package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/server/outbound"
	"github.com/postroom/postroom/tenancy"
)

// Letter is what a message is made of.
type Letter struct {
	From        people            `json:"from,omitempty" doc:"One of the inbox's addresses, with +suffix if you like; without it the primary one, with the inbox's display name."`
	To          people            `json:"to,omitempty" doc:"Recipients: one or a list."`
	Cc          people            `json:"cc,omitempty" doc:"Recipients of a copy: one or a list."`
	Bcc         people            `json:"bcc,omitempty" doc:"Recipients that the others are not told of: one or a list."`
	ReplyTo     people            `json:"replyTo,omitempty" doc:"Where answers should go, if not to from: one or a list."`
	Subject     string            `json:"subject,omitempty" doc:"One line of at most 1000 characters."`
	Text        string            `json:"text,omitempty" doc:"The text. With html alone it is made from that."`
	HTML        string            `json:"html,omitempty" doc:"The text as HTML."`
	Attachments []newAttachment   `json:"attachments,omitempty" doc:"Files, and pictures that the HTML shows; at most 100."`
	Headers     map[string]string `json:"headers,omitempty" doc:"Header fields of your own by their names; at most 50, together 16 KiB."`
	Labels      []string          `json:"labels,omitempty" doc:"Labels of your own that the message bears."`
	SendAt      *time.Time        `json:"sendAt,omitempty" doc:"Not before this time, at most a year ahead; a time that has passed is at once."`
	Unsubscribe bool              `json:"unsubscribe,omitempty" doc:"Give each recipient a link to unsubscribe with one click (RFC 8058); the message then goes to each alone."`
}

type newAttachment struct {
	Filename    string `json:"filename,omitempty" doc:"What the recipient sees; the last part of a path."`
	ContentType string `json:"contentType,omitempty" doc:"Such as application/pdf; without it, by the filename's end."`
	Content     string `json:"content,omitempty" doc:"The octets, in base64."`
	URL         string `json:"url,omitempty" maxLength:"2000" doc:"Where the octets are fetched from while the request is answered, in the place of content: https on the public internet, without redirects; of at most 10 attachments, within 20 seconds."`
	ContentID   string `json:"contentId,omitempty" doc:"By which the HTML shows it: cid:…"`
	Disposition string `json:"disposition,omitempty" enum:"attachment,inline" doc:"How it is meant; attachment by default."`
}

var (
	errNotOwned  = fault.New(fault.Forbidden, "sender_not_owned", "A message is from an address of its inbox; this is none of them.").At("body.from")
	errNobody    = fault.New(fault.Invalid, "no_recipients", "The message has no recipient; name one in to, cc or bcc.").At("body.to")
	errTooManyTo = fault.New(fault.Exhausted, "limit_reached", "A message can have at most %d recipients (limit recipientsPerMessage).", compose.MaxRecipients).At("body.to")
	errTooLong   = errors.New("the message is too long")
)

// writing is a letter on its way to be a message.
type writing struct {
	sender tenancy.Sender
	letter Letter
	lifted []lifted
	now    time.Time
	most   int64 // octets of the message

	from        message.Address
	to, cc, bcc []mailbox
	replyTo     []mailbox
	attachments []compose.Attachment
	kept        int    // attachments that a draft has already, before these
	attachedAs  string // what they are called in the body; "" is attachments
	headers     []compose.Header
	thread      mailstore.ThreadID
	repliesTo   mailstore.MessageID // what this replies to
	request     *mailstore.Repeatable
	fetch       fetcher
	noLinks     bool // there is no address where links to unsubscribe could lead
}

// read takes the letter apart and tells all that is wrong with it at once.
func (w *writing) read(ctx context.Context) error {
	var m mistakes
	l := w.letter
	w.to, w.cc, w.bcc, w.replyTo = m.people("body.to", l.To), m.people("body.cc", l.Cc), m.people("body.bcc", l.Bcc), m.people("body.replyTo", l.ReplyTo)
	from := m.people("body.from", l.From)
	if len(from) > 1 {
		m.add("body.from", "A message is from one address.")
	}
	w.attachments = m.attachments(w.attached(), l.Attachments, w.lifted, w.fetch.srv.cfg.Outbound)
	for name, value := range l.Headers {
		if lower := strings.ToLower(name); l.Unsubscribe && (lower == "list-unsubscribe" || lower == "list-unsubscribe-post") {
			m.add("body.headers."+name, "The server writes this one, for unsubscribe is set.")
		}
		w.headers = append(w.headers, compose.Header{Name: name, Value: value})
	}
	if l.Unsubscribe && w.noLinks {
		m.add("body.unsubscribe", "This server has no public address for links; its operator must set http.public_url.")
	}
	slices.SortFunc(w.headers, func(a, b compose.Header) int { return cmp.Compare(a.Name, b.Name) })
	if l.SendAt != nil && l.SendAt.Sub(w.now) > mailstore.MaxAhead {
		m.add("body.sendAt", "A message can be scheduled at most a year ahead (limit scheduleAhead).")
	}
	if err := m.err(); err != nil {
		return err
	}
	if len(w.to)+len(w.cc)+len(w.bcc) > compose.MaxRecipients {
		return errTooManyTo
	}
	if err := w.author(from); err != nil {
		return err
	}
	return w.fetchAttachments(ctx)
}

// author is who the message is from.
func (w *writing) author(from []mailbox) error {
	w.from = message.Address{Name: w.sender.Inbox.DisplayName, Address: w.sender.Inbox.Address}
	if len(from) == 1 {
		if w.from.Address = from[0].Address.Address; !w.sender.Owns(w.from.Address) {
			return errNotOwned
		}
		w.from.Name = cmp.Or(from[0].Name, w.from.Name)
	}
	return nil
}

// fetchAttachments gets those that the letter gives a URL of, when nothing else is wrong with it.
func (w *writing) fetchAttachments(ctx context.Context) error {
	contents, err := w.fetch.all(ctx, w.attached(), w.letter.Attachments, w.most)
	for i, content := range contents {
		w.attachments[i].Content = content
	}
	return err
}

// attachments reads attachments; what is no base64 is a mistake. The content of one with a URL is still to come.
func (m *mistakes) attachments(place string, list []newAttachment, contents []lifted, urls outbound.Policy) (all []compose.Attachment) {
	fetched := 0
	for i, a := range list {
		var content []byte
		at := fmt.Sprintf("%s[%d].", place, i)
		if a.URL == "" {
			var ok bool
			if content, ok = contentOf(contents, a.Content); !ok {
				m.add(at+"content", "Give the content in base64, or a url.")
			}
		} else if fetched++; a.Content != "" {
			m.add(at+"url", "Give content or url, not both.")
		} else if wrong := urls.CheckURL(a.URL); wrong != "" {
			m.add(at+"url", "%s", wrong)
		} else if fetched > MaxFetched {
			m.add(at+"url", "At most 10 attachments are fetched (limit fetchedAttachments).")
		}
		all = append(all, compose.Attachment{Filename: a.Filename, ContentType: a.ContentType, Content: content, ContentID: a.ContentID, Inline: a.Disposition == "inline"})
	}
	return all
}

// contentOf finds what was taken out of the body.
func contentOf(contents []lifted, mark string) ([]byte, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(mark, liftMark))
	if err != nil || n < 0 || n >= len(contents) || contents[n].bad {
		return nil, false
	}
	return contents[n].octets, true
}

// finish puts what the letter says into a draft that may have some of it.
func (w *writing) finish(d *compose.Draft) {
	d.From, d.Date = w.from, w.now
	if !w.letter.To.given() {
		w.to = written(d.To)
	}
	if !w.letter.Cc.given() {
		w.cc = written(d.Cc)
	}
	d.To, d.Cc, d.Bcc, d.ReplyTo = addressesOf(w.to), addressesOf(w.cc), addressesOf(w.bcc), addressesOf(w.replyTo)
	d.Subject = cmp.Or(w.letter.Subject, d.Subject)
	d.Attachments = append(w.attachments, readableAttachments(d.Attachments, w.attachments)...)
	d.Headers = w.headers
}

// written are recipients that a draft has by itself; those that mail cannot be sent to are left out.
func written(list []message.Address) (all []mailbox) {
	for _, a := range list {
		if canonical, ok := tenancy.Canonical(a.Address); ok {
			all = append(all, mailbox{message.Address{Name: a.Name, Address: canonical}, "body.to"})
		}
	}
	return all
}

// plainName is the name of an attachment as it can be written again. What came in may be named anyhow.
var plainName = strings.NewReplacer("/", "_", `\`, "_")

// readableAttachments gives the original's attachments names that can be written, and no Content-ID that the letter's have.
func readableAttachments(list, own []compose.Attachment) []compose.Attachment {
	for i := range list {
		name := strings.Map(func(r rune) rune {
			if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
				return -1
			}
			return r
		}, strings.ToValidUTF8(plainName.Replace(list[i].Filename), "\uFFFD"))
		if strings.Trim(name, " .") == "" || len(name) > compose.MaxFilename {
			name = ""
		}
		list[i].Filename = name
		if slices.ContainsFunc(own, func(a compose.Attachment) bool { return a.ContentID != "" && a.ContentID == list[i].ContentID }) {
			list[i].ContentID = ""
		}
	}
	return list
}

// submit writes the draft and hands it over to be sent.
func (w *writing) submit(ctx context.Context, d *compose.Draft) (sent mailstore.Submitted, err error) {
	places := w.places()
	if len(w.to)+len(w.cc)+len(w.bcc) == 0 {
		return sent, errNobody
	}
	spool, err := w.spool(d)
	if err != nil {
		return sent, err
	}
	defer spool.Close()
	s := mailstore.Submission{Sender: w.from.Address, Spool: spool, Thread: w.thread, Undo: w.sender.Undo, Labels: lower(w.letter.Labels), Request: w.request, Unsubscribe: w.letter.Unsubscribe, Answers: w.repliesTo}
	known := map[string]bool{}
	for _, list := range [][]mailbox{w.to, w.cc, w.bcc} {
		for _, m := range list {
			if !known[m.Address.Address] {
				known[m.Address.Address] = true
				s.To = append(s.To, m.Address.Address)
			}
		}
	}
	if w.letter.SendAt != nil {
		s.SendAt = *w.letter.SendAt
	}
	sent, err = w.sender.Mail.Submit(ctx, s)
	if errors.Is(err, mailstore.ErrSuppressed) || errors.Is(err, mailstore.ErrListed) {
		err = refusedAt(*fault.From(err), places, sent.Rejected)
	}
	return sent, err
}

// spool writes the draft; who calls closes what it is given.
func (w *writing) spool(d *compose.Draft) (*mailstore.Spool, error) {
	if len(d.To)+len(d.Cc)+len(d.Bcc) > compose.MaxRecipients {
		return nil, errTooManyTo
	}
	if err := w.placed(d.Check()); err != nil {
		return nil, err
	}
	spool := mailstore.NewSpool(w.sender.Mail)
	_, err := d.WriteTo(&bounded{to: spool, left: w.most})
	if err == nil {
		return spool, nil
	}
	if err = w.placed(err); errors.Is(err, errTooLong) {
		err = tooLargeMessage(w.most)
	}
	return nil, errors.Join(err, spool.Close())
}

func tooLargeMessage(most int64) *Problem {
	return newProblem(http.StatusRequestEntityTooLarge, "message_too_large", fmt.Sprintf("A message can have at most %d octets, with its attachments in base64.", most))
}

// places tells where each recipient was written first.
func (w *writing) places() map[string]string {
	places := map[string]string{}
	for _, list := range [][]mailbox{w.to, w.cc, w.bcc} {
		for _, m := range list {
			if _, known := places[m.Address.Address]; !known {
				places[m.Address.Address] = m.place
			}
		}
	}
	return places
}

// refusedAt names each recipient that nothing is sent to, and why.
func refusedAt(f fault.Error, places map[string]string, list []mailstore.Unsent) error {
	for _, r := range list[:min(len(list), maxMistakes)] {
		why := " is suppressed: " + r.Reason + "."
		if r.Reason == mailstore.ReasonListed {
			why = " is kept out by your lists for sending."
		}
		f.Fields = append(f.Fields, fault.Field{Path: places[r.Address], Message: r.Address + why})
	}
	return &f
}

// placed gives the mistakes of a draft the places of the body that it was made from.
func (w *writing) placed(err error) error {
	f := fault.From(err)
	if f == nil || len(f.Fields) == 0 {
		return err
	}
	c := *f
	c.Fields = nil
	for _, x := range f.Fields {
		c.Fields = append(c.Fields, fault.Field{Path: w.place(x.Path), Message: x.Message})
	}
	return &c
}

// place turns to[2] and headers[0].name of a draft into body.to[2] and body.headers.X-Name.
func (w *writing) place(path string) string {
	field, index, ok := strings.Cut(path, "[")
	if !ok {
		return "body." + path
	}
	digits, _, _ := strings.Cut(index, "]")
	n, err := strconv.Atoi(digits)
	lists := map[string][]mailbox{"to": w.to, "cc": w.cc, "bcc": w.bcc, "replyTo": w.replyTo}
	switch {
	case err == nil && n < len(lists[field]):
		return lists[field][n].place
	case err == nil && field == "attachments" && w.kept > 0 && n >= w.kept:
		_, rest, _ := strings.Cut(index, "]")
		return fmt.Sprintf("%s[%d]%s", w.attached(), n-w.kept, rest)
	case err == nil && field == "headers" && n < len(w.headers):
		return "body.headers." + strings.ToValidUTF8(w.headers[n].Name, "\uFFFD")
	}
	return "body." + path
}

// bounded is a writer that takes so many octets.
type bounded struct {
	to   io.Writer
	left int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errTooLong
	}
	return b.to.Write(p)
}
