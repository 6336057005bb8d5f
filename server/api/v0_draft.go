package api

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// v0DraftItem is a draft as lists give it.
type v0DraftItem struct {
	InboxID     string         `json:"inbox_id"`
	DraftID     string         `json:"draft_id"`
	ClientID    string         `json:"client_id,omitempty"`
	Labels      []string       `json:"labels"`
	To          []string       `json:"to,omitempty"`
	Cc          []string       `json:"cc,omitempty"`
	Bcc         []string       `json:"bcc,omitempty"`
	Subject     string         `json:"subject,omitempty"`
	Preview     string         `json:"preview,omitempty"`
	Attachments []v0Attachment `json:"attachments,omitempty"`
	InReplyTo   string         `json:"in_reply_to,omitempty"`
	SendStatus  string         `json:"send_status,omitempty"`
	SendAt      *stamp         `json:"send_at,omitempty"`
	UpdatedAt   stamp          `json:"updated_at"`
}

type v0Draft struct {
	v0DraftItem
	ReplyTo    []string `json:"reply_to,omitempty"`
	Text       string   `json:"text,omitempty"`
	HTML       string   `json:"html,omitempty"`
	References []string `json:"references,omitempty"`
	CreatedAt  stamp    `json:"created_at"`
}

type v0Drafts struct {
	v0Counted
	Drafts []v0DraftItem `json:"drafts"`
}

// v0DraftItemOf is a draft of the inbox that has a primary address.
func v0DraftItemOf(o messageObject, inbox string) v0DraftItem {
	i := v0DraftItem{InboxID: inbox, DraftID: o.ID, Labels: v0LabelsOf(o.Labels, o.Status), To: each(o.To, v0Person), Cc: each(o.Cc, v0Person), Bcc: each(o.Bcc, v0Person), Subject: o.Subject, Preview: o.Preview,
		Attachments: each(o.Attachments, func(a attachment) v0Attachment { return v0AttachmentOf(o.ID, a) }), InReplyTo: o.InReplyTo, SendAt: o.SendAt, UpdatedAt: o.UpdatedAt}
	switch {
	case o.Status == v0Scheduled:
		i.SendStatus = v0Scheduled
	case o.Failure != "":
		i.SendStatus = "failed"
	}
	return i
}

func v0DraftOf(o messageObject, inbox string) v0Draft {
	return v0Draft{v0DraftItemOf(o, inbox), each(o.ReplyTo, v0Person), o.Text, o.HTML, o.References, o.CreatedAt}
}

type (
	newV0Draft struct {
		V0Recipients
		Labels      []string          `json:"labels,omitempty"`
		ReplyTo     people            `json:"reply_to,omitempty"`
		Subject     string            `json:"subject,omitempty"`
		Text        string            `json:"text,omitempty"`
		HTML        string            `json:"html,omitempty"`
		Attachments []newV0Attachment `json:"attachments,omitempty"`
		InReplyTo   string            `json:"in_reply_to,omitempty"`
		ForwardOf   string            `json:"forward_of,omitempty"`
		ReplyAll    bool              `json:"reply_all,omitempty"`
		SendAt      *time.Time        `json:"send_at,omitempty"`
		ClientID    string            `json:"client_id,omitempty" maxLength:"240"`
	}
	v0DraftChange struct {
		V0Recipients
		ReplyTo           people            `json:"reply_to,omitempty"`
		Subject           *string           `json:"subject,omitempty" nullable:"true"`
		Text              *string           `json:"text,omitempty" nullable:"true"`
		HTML              *string           `json:"html,omitempty" nullable:"true"`
		AddAttachments    []newV0Attachment `json:"add_attachments,omitempty"`
		RemoveAttachments []string          `json:"remove_attachments,omitempty" maxItems:"100"`
		SendAt            moment            `json:"send_at,omitempty"`
		V0LabelChange
	}
)

// draft is the same as /v1 has it. What it answers or hands on is named by its Message-ID.
func (v *v0Request) newDraft(in newV0Draft) (n NewDraft, err error) {
	content := V0Content{Labels: in.Labels, ReplyTo: in.ReplyTo, Text: in.Text, HTML: in.HTML, Attachments: in.Attachments}
	if n.Letter, err = content.letter(in.V0Recipients, in.Subject); err != nil {
		return n, err
	}
	n.SendAt = in.SendAt
	of := draftOriginal{As: asReply}
	switch {
	case in.InReplyTo != "" && in.ForwardOf != "":
		var m mistakes
		m.add(asWritten+".forward_of", "A draft answers a message or hands one on; give one of in_reply_to and forward_of.")
		return n, m.err()
	case in.ForwardOf != "":
		of.As, of.MessageID = asForward, in.ForwardOf
	case in.InReplyTo != "":
		if of.MessageID = in.InReplyTo; in.ReplyAll {
			of.As = asReplyAll
		}
	default:
		return n, nil
	}
	box, err := v.grant.Mail(v.ctx, v.workspace(), v.inbox(), tenancy.MessagesRead)
	if err != nil {
		return n, err
	}
	m, err := byEnvelope(v.ctx, box, of.MessageID)
	of.MessageID = string(m.ID)
	n.Original = &of
	return n, err
}

func (v *v0Request) draftID() mailstore.MessageID { return mailstore.MessageID(v.path["draft"]) }

// inboxPath is the inbox of the path, for the functions of /v1.
func (v *v0Request) inboxPath() (p InboxPath) {
	p.WorkspaceID, p.Inbox = string(v.workspace()), v.inbox()
	return p
}

func (t *v0Table) drafts() {
	const list, one = "/drafts", "/drafts/{draft}"
	const everywhere = inAll | inPod | inInbox
	t.add(everywhere, "GET", list, v0Paged+"labels before after", (*v0Request).listDrafts)
	t.add(everywhere, "GET", one, "", func(v *v0Request) (v0Answer, error) {
		box, err := v.boxOf(tenancy.DraftsRead, mailstore.MessageFilter{IDs: []mailstore.MessageID{v.draftID()}})
		if err != nil {
			return v0Answer{}, err
		}
		d, err := box.Draft(v.ctx, v.draftID())
		if err != nil {
			return v0Answer{}, err
		}
		o, err := draftOf(d).withBody(v.ctx, box, MaxTextBytes)
		if err != nil {
			return v0Answer{}, err
		}
		return v.shownDraft(o, "")
	})
	t.add(everywhere, "GET", one+"/attachments/{attachment}", "", (*v0Request).draftAttachmentLink)
	heavy(tenancy.DraftsCreate, body(t, inInbox, "POST", list, (*v0Request).createDraft))
	heavy(tenancy.DraftsUpdate, body(t, inInbox, "PATCH", one, (*v0Request).changeDraft))
	t.add(inInbox, "DELETE", one, "", func(v *v0Request) (v0Answer, error) {
		box, err := v.grant.Mail(v.ctx, v.workspace(), v.inbox(), tenancy.DraftsDelete)
		if err != nil {
			return v0Answer{}, err
		}
		return nothing(box.DeleteDraft(v.ctx, v.draftID(), "", true))
	})
	body(t, inInbox, "POST", one+"/send", (*v0Request).sendDraft)
}

// shownDraft answers with a draft, which was made under a client's id if one is given.
func (v *v0Request) shownDraft(o messageObject, client string) (v0Answer, error) {
	addresses, err := v.addresses(mailstore.InboxID(o.InboxID))
	d := v0DraftOf(o, addresses[mailstore.InboxID(o.InboxID)])
	d.ClientID = client
	return answered(d, err)
}

// listDrafts narrows each page of drafts, so that a page may hold fewer than were asked for, and none.
func (v *v0Request) listDrafts() (v0Answer, error) {
	drafts, name, err := v.allDrafts()
	if err != nil {
		return v0Answer{}, err
	}
	labels, before, after := lower(v.query.list("labels")), v.query.time("before"), v.query.time("after")
	p, err := v.page(name)
	if err == nil && p.oldestFirst {
		err = notBuilt("Listing drafts with the oldest first")
	}
	if err != nil {
		return v0Answer{}, err
	}
	all, behind, err := drafts.List(v.ctx, p.at.after(), p.limit)
	if err != nil {
		return v0Answer{}, err
	}
	addresses, err := v.addresses(each(all, func(d mailstore.DraftMessage) mailstore.InboxID { return d.InboxID })...)
	items := []v0DraftItem{}
	for _, d := range all {
		i := v0DraftItemOf(draftOf(d), addresses[d.InboxID])
		missing := slices.ContainsFunc(labels, func(l string) bool { return !slices.Contains(i.Labels, l) })
		if !missing && (before.IsZero() || i.UpdatedAt.Before(before)) && !i.UpdatedAt.Before(after) {
			items = append(items, i)
		}
	}
	return answered(v0Drafts{p.counted(len(items), nextPlace(p.list, behind)), items}, err)
}

// allDrafts are the drafts of the inbox of the path, or of a pod, and what the list of them is called.
func (v *v0Request) allDrafts() (mailstore.Drafts, string, error) {
	if v.inbox() == "" {
		drafts, err := v.grant.Drafts(v.ctx, v.workspace())
		return drafts, "drafts:" + string(v.grant.WorkspaceID()), err
	}
	box, err := v.grant.Mail(v.ctx, v.workspace(), v.inbox(), tenancy.DraftsRead)
	return box.Drafts(), "drafts:" + string(box.ID()), err
}

// createDraft makes a draft; a client's id is its Idempotency-Key.
func (v *v0Request) createDraft(in newV0Draft) (v0Answer, error) {
	n, err := v.newDraft(in)
	if err != nil {
		return v0Answer{}, err
	}
	post := newDraft{InboxPath: v.inboxPath(), Body: n}
	if post.IdempotencyKey = v.idempotencyKey(); post.IdempotencyKey == "" && in.ClientID != "" {
		post.IdempotencyKey = "client_id:" + in.ClientID
	}
	made, err := v.srv.postDraft(v.ctx, post)
	if err != nil {
		return v0Answer{}, err
	}
	a, err := v.shownDraft(made.Body, in.ClientID)
	a.replayed = made.Replayed != ""
	return a, err
}

// changeDraft changes what is given; null empties it.
func (v *v0Request) changeDraft(in v0DraftChange) (v0Answer, error) {
	sender, err := v.grant.MayDraft(v.ctx, v.workspace(), v.inbox(), tenancy.DraftsUpdate)
	if err != nil {
		return v0Answer{}, err
	}
	c := draftChange{To: in.To.emptied(), Cc: in.Cc.emptied(), Bcc: in.Bcc.emptied(), ReplyTo: in.ReplyTo.emptied(), Subject: in.Subject, Text: in.Text, HTML: in.HTML, SendAt: in.SendAt}
	var names map[string]json.RawMessage
	if err := json.Unmarshal(v.body, &names); err != nil {
		return v0Answer{}, err
	}
	for name, text := range map[string]**string{"subject": &c.Subject, "text": &c.Text, "html": &c.HTML} {
		if _, given := names[name]; given && *text == nil {
			*text = new(string)
		}
	}
	added, err := V0Content{Attachments: in.AddAttachments}.letter(V0Recipients{}, "")
	if err != nil {
		return v0Answer{}, err
	}
	c.AddAttachments = added.Attachments
	for _, id := range in.RemoveAttachments {
		c.RemoveAttachments = append(c.RemoveAttachments, strings.TrimPrefix(id, string(v.draftID())+v0AttachmentMark))
	}
	if len(in.AddLabels)+len(in.RemoveLabels) > 0 {
		if c.Labels, err = v.draftLabels(sender.Mail, in.V0LabelChange); err != nil {
			return v0Answer{}, err
		}
	}
	w := v.srv.writing(v.call, sender, c.letter())
	w.attachedAs = addedAttachments
	if err := w.read(); err != nil {
		return v0Answer{}, err
	}
	d, err := changeDraft(v.ctx, v.grant, w, v.draftID(), "", c)
	if err != nil {
		return v0Answer{}, err
	}
	return v.shownDraft(draftAsReadBy(v.ctx, v.grant, sender.Mail, d), "")
}

// draftLabels are the labels of the user's own that a draft has after a change.
func (v *v0Request) draftLabels(box mailstore.Inbox, c V0LabelChange) ([]string, error) {
	change, err := c.change()
	if err != nil {
		return nil, err
	}
	d, err := box.Draft(v.ctx, v.draftID())
	if err != nil {
		return nil, err
	}
	return change.Keywords(d.Labels)
}

// sendDraft sends a draft as it lies there, with other labels if some are given.
func (v *v0Request) sendDraft(in V0LabelChange) (v0Answer, error) {
	if len(in.AddLabels)+len(in.RemoveLabels) > 0 {
		if _, err := v.changeDraft(v0DraftChange{V0LabelChange: in}); err != nil && fault.KindOf(err) != fault.NotFound { // it may have been sent by the same request before
			return v0Answer{}, err
		}
	}
	post := draftSend{DraftPath: DraftPath{InboxPath: v.inboxPath(), Draft: v.path["draft"]}}
	post.IdempotencyKey = v.idempotencyKey()
	sent, err := postDraftSend(v.ctx, v.call, post)
	return v0Answer{body: v0Sent{sent.MessageID, string(sent.ThreadID)}, replayed: sent.Replayed}, err
}

func (v *v0Request) draftAttachmentLink() (v0Answer, error) {
	box, err := v.boxOf(tenancy.DraftsRead, mailstore.MessageFilter{IDs: []mailstore.MessageID{v.draftID()}})
	if err != nil {
		return v0Answer{}, err
	}
	d, err := box.Draft(v.ctx, v.draftID())
	if err != nil {
		return v0Answer{}, err
	}
	a, err := v.attachmentOf(box, d.Message)
	return answered(a, err)
}
