package api

import (
	"context"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// v0MessageItem is a message as lists give it, without its text. Its id is the RFC Message-ID, or ours where it has none.
type v0MessageItem struct {
	InboxID     string         `json:"inbox_id"`
	ThreadID    string         `json:"thread_id"`
	MessageID   string         `json:"message_id"`
	Labels      []string       `json:"labels"`
	Timestamp   stamp          `json:"timestamp"`
	From        string         `json:"from"`
	To          []string       `json:"to"`
	Cc          []string       `json:"cc,omitempty"`
	Bcc         []string       `json:"bcc,omitempty"`
	Subject     string         `json:"subject,omitempty"`
	Preview     string         `json:"preview,omitempty"`
	Attachments []v0Attachment `json:"attachments,omitempty"`
	InReplyTo   string         `json:"in_reply_to,omitempty"`
	References  []string       `json:"references,omitempty"`
	Size        int64          `json:"size"`
	UpdatedAt   stamp          `json:"updated_at"`
	CreatedAt   stamp          `json:"created_at"`
}

type v0Message struct {
	v0MessageItem
	ReplyTo       []string `json:"reply_to,omitempty"`
	Text          string   `json:"text,omitempty"`
	HTML          string   `json:"html,omitempty"`
	ExtractedText string   `json:"extracted_text,omitempty"`
}

type v0Attachment struct {
	AttachmentID       string `json:"attachment_id"`
	Filename           string `json:"filename,omitempty"`
	Size               int64  `json:"size"`
	ContentType        string `json:"content_type,omitempty"`
	ContentDisposition string `json:"content_disposition,omitempty"`
	ContentID          string `json:"content_id,omitempty"`
}

// v0AttachmentMark parts the id of the message from the attachment's own in an attachment's id, which is alone in the inbox.
const v0AttachmentMark = "."

func v0AttachmentOf(message string, a attachment) v0Attachment {
	return v0Attachment{message + v0AttachmentMark + a.ID, a.Filename, a.Size, a.ContentType, a.Disposition, a.ContentID}
}

type v0Messages struct {
	v0Counted
	Messages []v0MessageItem `json:"messages"`
}

// v0Person writes "Ann <ann@example.com>", with quotes where the name needs them (RFC 5322, 3.2.4).
func v0Person(p person) string {
	switch {
	case p.Name == "":
		return p.Address
	case strings.ContainsAny(p.Name, `()<>[]:;@\,."`):
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p.Name) + `" <` + p.Address + ">"
	}
	return p.Name + " <" + p.Address + ">"
}

// v0ItemOf is a message of the inbox that has a primary address.
func v0ItemOf(o messageObject, inbox string) v0MessageItem {
	at := o.ReceivedAt
	if at == nil {
		at = o.SentAt
	}
	return v0MessageItem{InboxID: inbox, ThreadID: o.ThreadID, MessageID: v0MessageID(o.MessageID, o.ID), Labels: v0LabelsOf(o.Labels, o.Status), Timestamp: *at, From: v0Person(o.From),
		To: each(o.To, v0Person), Cc: each(o.Cc, v0Person), Bcc: each(o.Bcc, v0Person), Subject: o.Subject, Preview: o.Preview, Attachments: each(o.Attachments, func(a attachment) v0Attachment { return v0AttachmentOf(o.ID, a) }),
		InReplyTo: o.InReplyTo, References: o.References, Size: o.Size, UpdatedAt: o.UpdatedAt, CreatedAt: o.CreatedAt}
}

// v0MessageOf is a message with its text.
func v0MessageOf(o messageObject, inbox string) v0Message {
	return v0Message{v0ItemOf(o, inbox), each(o.ReplyTo, v0Person), o.Text, o.HTML, o.ExtractedText}
}

func v0MessageID(envelope, own string) string {
	if envelope != "" {
		return envelope
	}
	return own
}

// byEnvelope finds a message by its RFC Message-ID, see Enveloped, or by our id.
func byEnvelope(ctx context.Context, box mailstore.Inbox, id string) (mailstore.Message, error) {
	if isMessageID(id) {
		return box.Message(ctx, mailstore.MessageID(id))
	}
	found, err := box.Enveloped(ctx, []string{id})
	m, ok := found[id]
	if err == nil && !ok {
		err = tenancy.ErrNotFound
	}
	return m, err
}

// message finds the message of the path.
func (v *v0Request) message(need tenancy.Permission) (box mailstore.Inbox, address string, m mailstore.Message, err error) {
	if box, address, err = v.box(need); err == nil {
		m, err = byEnvelope(v.ctx, box, v.path["message"])
	}
	return box, address, m, err
}

type v0MessageLabels struct {
	MessageID string   `json:"message_id"`
	Labels    []string `json:"labels"`
}

func v0LabelsNow(m mailstore.Message) v0MessageLabels {
	return v0MessageLabels{v0MessageID(m.Envelope.MessageID, string(m.ID)), v0LabelsOf(m.Labels, string(m.Status))}
}

func (t *v0Table) messages() {
	const list, one = "/messages", "/messages/" + v0Long
	t.add(inInbox, "GET", list, v0Filters+"from to subject", (*v0Request).listMessages)
	t.add(inInbox, "GET", list+"/search", v0SearchQuery, (*v0Request).searchMessages)
	t.sends(list)
	t.batches(list)
	t.add(inInbox, "GET", one+"/raw", "", (*v0Request).rawLink)
	t.add(inInbox, "GET", one+"/attachments/{attachment}", "", (*v0Request).attachmentLink)
	t.add(inInbox, "GET", one, "", func(v *v0Request) (v0Answer, error) {
		box, address, m, err := v.message(tenancy.MessagesRead)
		if err != nil {
			return v0Answer{}, err
		}
		o, err := messageOf(m).withBody(v.ctx, box, MaxTextBytes)
		return answered(v0MessageOf(o, address), err)
	})
	body(t, inInbox, "PATCH", one, func(v *v0Request, in V0LabelChange) (v0Answer, error) {
		box, _, m, err := v.message(tenancy.MessagesUpdate)
		if err != nil {
			return v0Answer{}, err
		}
		change, err := in.change()
		if err != nil {
			return v0Answer{}, err
		}
		m, err = box.ChangeMessage(v.ctx, m.ID, change)
		return answered(v0LabelsNow(m), err)
	})
	t.add(inInbox, "DELETE", one, "", func(v *v0Request) (v0Answer, error) {
		box, _, m, err := v.message(tenancy.MessagesDelete)
		if err != nil {
			return v0Answer{}, err
		}
		return nothing(box.DeleteMessage(v.ctx, m.ID, true))
	})
}

func (v *v0Request) listMessages() (v0Answer, error) {
	box, address, err := v.box(tenancy.MessagesRead)
	if err != nil {
		return v0Answer{}, err
	}
	f := v.query.filter()
	f.From, f.To, f.Subject = v.query.part("from"), v.query.part("to"), v.query.part("subject")
	p, err := v.page("messages:" + string(box.ID()))
	if err != nil {
		return v0Answer{}, err
	}
	f.OldestFirst = p.oldestFirst
	all, behind, err := box.Messages(v.ctx, f, p.at.after(), p.limit)
	return answered(v0Messages{p.counted(len(all), nextPlace(p.list, behind)), each(all, func(m mailstore.Message) v0MessageItem { return v0ItemOf(messageOf(m), address) })}, err)
}

// part gives the text that has to be in a field; one for each field.
func (q *v0Query) part(name string) string {
	all := q.list(name)
	if len(all) > 1 {
		q.wrong.add("query."+name, "One value can be looked for; search for several words with /messages/search.")
	}
	return strings.Join(all, "")
}
