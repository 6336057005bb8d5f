package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/tenancy"
)

// What a draft can be made of.
const (
	asReply    = "reply"
	asReplyAll = "reply-all"
	asForward  = "forward"
)

// NewDraft is what a draft is made of.
type NewDraft struct {
	Letter
	InReplyTo string         `json:"inReplyTo,omitempty" doc:"The Message-ID that it answers, with its angle brackets; of a message of the inbox, it joins its thread."`
	Original  *draftOriginal `json:"original,omitempty" doc:"The message that it answers or hands on."`
}

type draftOriginal struct {
	MessageID string `json:"messageId" doc:"Id of the message, msg_…"`
	As        string `json:"as" enum:"reply,reply-all,forward" doc:"What is made of it, as the routes of these names make it."`
	Quote     bool   `json:"quote,omitempty" doc:"Of a reply: put the original's text below."`
}

// draftChange is what may be changed about a draft; what is absent stays.
type draftChange struct {
	From              people            `json:"from,omitempty" doc:"One of the inbox's addresses."`
	To                people            `json:"to,omitempty" doc:"Recipients in the place of those that are there; [] for none."`
	Cc                people            `json:"cc,omitempty" doc:"Likewise."`
	Bcc               people            `json:"bcc,omitempty" doc:"Likewise."`
	ReplyTo           people            `json:"replyTo,omitempty" doc:"Likewise."`
	Subject           *string           `json:"subject,omitempty" doc:"One line of at most 1000 characters."`
	Text              *string           `json:"text,omitempty" doc:"The text. Text and html are one body: who gives one of them replaces both."`
	HTML              *string           `json:"html,omitempty" doc:"The text as HTML; without text it is made from that."`
	AddAttachments    []newAttachment   `json:"addAttachments,omitempty" doc:"Files to attach beside those that are there; at most 100 in all."`
	RemoveAttachments []string          `json:"removeAttachments,omitempty" maxItems:"100" doc:"Ids of attachments to take away, as this version of the draft has them."`
	Headers           map[string]string `json:"headers,omitempty" doc:"Header fields of your own in the place of those that are there."`
	Labels            []string          `json:"labels,omitempty" doc:"Labels of your own in the place of those that are there."`
	SendAt            moment            `json:"sendAt,omitempty" doc:"When it is sent, at most a year ahead; null takes the time away."`
	Unsubscribe       *bool             `json:"unsubscribe,omitempty" doc:"Give each recipient a link to unsubscribe with one click."`
}

var (
	errScheduling     = fault.New(fault.Forbidden, "permission_denied", "What is scheduled is sent when its time comes, without anybody being asked again: that needs the permission %q. A key that may only draft can have its mail held for approval; leave sendAt out, or take it away with null.", string(tenancy.DraftsSend))
	errDraftTooLong   = fault.New(fault.Conflict, "draft_too_long", "The text of this draft has more than %d octets, and is changed with a mail client.", compose.MaxText)
	errDraftUnsettled = fault.New(fault.Conflict, "draft_changed", "The draft is being changed by others at the same time; get it again and make your change to what it is now.")
)

// draftTries is how often a change of a draft begins anew that others change meanwhile.
const draftTries = 4

// createDraft makes a draft of what is written.
func createDraft(ctx context.Context, g *tenancy.Grant, w *writing, p InboxPath, n NewDraft) (d mailstore.DraftMessage, replayed bool, err error) {
	if n.SendAt != nil && !g.Allows(tenancy.DraftsSend) {
		return d, false, errScheduling
	}
	letter, raw, err := w.compose(ctx, g, p, n)
	if err != nil {
		return d, false, err
	}
	if raw != nil {
		defer raw.Close()
	}
	spool, err := w.spool(letter)
	if err != nil {
		return d, false, err
	}
	defer spool.Close()
	made := mailstore.NewDraft{Spool: spool, Thread: w.thread, Labels: lower(n.Labels), Unsubscribe: n.Unsubscribe, Answers: w.repliesTo, Request: w.request}
	if n.SendAt != nil {
		made.SendAt = *n.SendAt
	}
	return w.sender.Mail.CreateDraft(ctx, made)
}

// compose makes the text of a new draft, perhaps of an original, whose bytes are to be closed when it is written.
func (w *writing) compose(ctx context.Context, g *tenancy.Grant, p InboxPath, n NewDraft) (d *compose.Draft, raw io.Closer, err error) {
	if o := n.Original; o != nil {
		path := MessagePath{InboxPath: p, Message: o.MessageID}
		if o.As == asForward {
			d, raw, err = w.forwarding(ctx, g, path)
		} else {
			d, raw, err = w.replying(ctx, g, path, o.Quote, o.As == asReplyAll)
		}
		return d, raw, err
	}
	d = &compose.Draft{Text: w.letter.Text, HTML: w.letter.HTML}
	if err := w.answers(ctx, d, n.InReplyTo); err != nil {
		return nil, nil, err
	}
	w.finish(d)
	return d, nil, nil
}

// letter is what of the change is read like a letter.
func (c draftChange) letter() Letter {
	l := Letter{From: c.From, To: c.To, Cc: c.Cc, Bcc: c.Bcc, ReplyTo: c.ReplyTo, Attachments: c.AddAttachments, Headers: c.Headers}
	l.Unsubscribe = c.Unsubscribe != nil && *c.Unsubscribe
	return l
}

// rewrites reports whether the change is one of the message, and not only of what is known beside it.
func (c draftChange) rewrites() bool {
	given := slices.ContainsFunc([]people{c.From, c.To, c.Cc, c.Bcc, c.ReplyTo}, people.given)
	return given || c.Subject != nil || c.Text != nil || c.HTML != nil || c.Headers != nil || len(c.AddAttachments)+len(c.RemoveAttachments) > 0
}

// changes reports whether the change is one at all.
func (c draftChange) changes() bool {
	return c.rewrites() || c.Labels != nil || c.SendAt.given || c.Unsubscribe != nil
}

// changeDraft changes a draft that is of that version, if one is named. What others change at the same time is kept, where it is
// something else.
func changeDraft(ctx context.Context, g *tenancy.Grant, w *writing, id mailstore.MessageID, version string, c draftChange) (d mailstore.DraftMessage, err error) {
	for range draftTries {
		if d, err = changeOnce(ctx, g, w, id, version, c); !errors.Is(err, mailstore.ErrDraftChanged) || version != "" {
			return d, err
		}
	}
	return d, errDraftUnsettled
}

func changeOnce(ctx context.Context, g *tenancy.Grant, w *writing, id mailstore.MessageID, version string, c draftChange) (d mailstore.DraftMessage, err error) {
	if d, err = w.sender.Mail.Draft(ctx, id); err != nil {
		return d, err
	}
	if version != "" && version != d.Version {
		return d, mailstore.ErrDraftChanged
	}
	if !c.changes() {
		return d, nil
	}
	change := mailstore.DraftChange{Version: d.Version, Unsubscribe: c.Unsubscribe}
	if err := schedule(&change, g, d, c.SendAt); err != nil {
		return d, err
	}
	if c.Labels != nil {
		labels := lower(c.Labels)
		change.Labels = &labels
	}
	if c.rewrites() {
		if change.Spool, err = w.rewrite(ctx, d, c); err != nil {
			return d, err
		}
		defer change.Spool.Close()
	}
	return w.sender.Mail.ChangeDraft(ctx, id, change)
}

// schedule changes the time of a draft. What is scheduled, or is to be, is changed by who may send; who may draft can take the time away.
func schedule(change *mailstore.DraftChange, g *tenancy.Grant, d mailstore.DraftMessage, at moment) error {
	scheduled := d.Status == mailstore.Scheduled
	if at.given {
		t := at.time()
		change.SendAt, scheduled = &t, !t.IsZero()
	}
	if scheduled && !g.Allows(tenancy.DraftsSend) {
		return errScheduling
	}
	return nil
}

// rewrite writes the text of a draft anew, changed; who calls closes what it is given.
func (w *writing) rewrite(ctx context.Context, m mailstore.DraftMessage, c draftChange) (*mailstore.Spool, error) {
	raw, size, structure, err := w.sender.Mail.Open(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	body := message.Read(raw, structure, compose.MaxText)
	if body.Truncated {
		return nil, errDraftTooLong
	}
	d, err := compose.Resume(compose.Original{Envelope: m.Envelope, Body: body, Structure: structure, Attachments: m.Attachments, Raw: raw, Size: size})
	if err != nil {
		return nil, err
	}
	if err := w.apply(d, m, c); err != nil {
		return nil, err
	}
	return w.spool(d)
}

// apply changes what is given.
func (w *writing) apply(d *compose.Draft, m mailstore.DraftMessage, c draftChange) error {
	if c.From.given() || d.From.Address == "" {
		d.From, d.Sender = w.from, nil
	}
	for _, x := range []struct {
		given bool
		to    *[]message.Address
		list  []mailbox
	}{{c.To.given(), &d.To, w.to}, {c.Cc.given(), &d.Cc, w.cc}, {c.Bcc.given(), &d.Bcc, w.bcc}, {c.ReplyTo.given(), &d.ReplyTo, w.replyTo}} {
		if x.given {
			*x.to = addressesOf(x.list)
		}
	}
	if c.Subject != nil {
		d.Subject = *c.Subject
	}
	if c.Text != nil || c.HTML != nil {
		d.Text, d.HTML = valueOf(c.Text), valueOf(c.HTML)
	}
	if c.Headers != nil {
		d.Headers = w.headers
	}
	d.Date = w.now
	return w.reattach(d, m, c)
}

func valueOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// reattach takes attachments away and adds others behind those that stay.
func (w *writing) reattach(d *compose.Draft, m mailstore.DraftMessage, c draftChange) error {
	if len(d.Attachments) != len(m.Attachments) {
		return fmt.Errorf("draft %s has %d attachments, and %d are known", m.ID, len(d.Attachments), len(m.Attachments))
	}
	var wrong mistakes
	for i, id := range c.RemoveAttachments {
		if !slices.ContainsFunc(m.Attachments, func(a message.Attachment) bool { return a.ID == id }) {
			wrong.add(fmt.Sprintf("body.removeAttachments[%d]", i), "The draft has no such attachment.")
		}
	}
	var kept []compose.Attachment
	for i, a := range d.Attachments {
		if !slices.Contains(c.RemoveAttachments, m.Attachments[i].ID) {
			kept = append(kept, a)
		}
	}
	w.kept = len(kept)
	d.Attachments = append(readableAttachments(kept, w.attachments), w.attachments...)
	return wrong.err()
}

// attached is where the letter's attachments stand in the body.
func (w *writing) attached() string { return "body." + cmp.Or(w.attachedAs, "attachments") }

// moveTime changes when a message or a draft is sent; the zero time cancels the one and leaves the other a draft without a time.
func moveTime(ctx context.Context, g *tenancy.Grant, box mailstore.Inbox, id mailstore.MessageID, at time.Time) error {
	d, err := box.Draft(ctx, id)
	switch {
	case err == nil:
		change := mailstore.DraftChange{Version: d.Version}
		if err := schedule(&change, g, d, moment{given: true, at: &at}); err != nil {
			return err
		}
		_, err = box.ChangeDraft(ctx, id, change)
		return err
	case !errors.Is(err, mailstore.ErrNotFound):
		return err
	case !g.Allows(tenancy.MessagesSend):
		return fault.New(fault.Forbidden, "permission_denied", "This needs the permission %q.", string(tenancy.MessagesSend))
	case at.IsZero():
		_, err = box.CancelScheduled(ctx, id)
	default:
		_, err = box.Reschedule(ctx, id, at)
	}
	return err
}
