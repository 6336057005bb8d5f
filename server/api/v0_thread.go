package api

import (
	"slices"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/tenancy"
)

// v0ThreadItem is a conversation within one inbox.
type v0ThreadItem struct {
	InboxID           string         `json:"inbox_id"`
	ThreadID          string         `json:"thread_id"`
	Labels            []string       `json:"labels"`
	Timestamp         stamp          `json:"timestamp"`
	ReceivedTimestamp *stamp         `json:"received_timestamp,omitempty"`
	SentTimestamp     *stamp         `json:"sent_timestamp,omitempty"`
	Senders           []string       `json:"senders"`
	Recipients        []string       `json:"recipients"`
	Subject           string         `json:"subject,omitempty"`
	Preview           string         `json:"preview,omitempty"`
	Attachments       []v0Attachment `json:"attachments,omitempty"`
	LastMessageID     string         `json:"last_message_id"`
	MessageCount      int            `json:"message_count"`
	Size              int64          `json:"size"`
	UpdatedAt         stamp          `json:"updated_at"`
	CreatedAt         stamp          `json:"created_at"`
}

type v0Threads struct {
	v0Counted
	Threads []v0ThreadItem `json:"threads"`
}

// v0Thread has its messages, oldest first; of a long thread the newest, and older ones by pages.
type v0Thread struct {
	v0ThreadItem
	v0Counted
	Messages []v0Message `json:"messages"`
}

// v0ThreadOf is a thread of the inbox that has a primary address.
func v0ThreadOf(t mailstore.Thread, inbox string) v0ThreadItem {
	address := func(a message.Address) string { return v0Person(personOf(a)) }
	return v0ThreadItem{inbox, string(t.ID), v0LabelsOf(t.Labels, ""), stamp{t.LastAt}, timeOf(t.ReceivedAt), timeOf(t.SentAt), each(t.Senders, address), each(t.Recipients, address), t.Subject, t.Preview,
		each(t.Attachments, func(a mailstore.ThreadAttachment) v0Attachment {
			return v0AttachmentOf(string(a.Message), attachmentOf(a.Attachment))
		}), v0MessageID(t.LastEnvelopeID, string(t.LastMessageID)),
		t.MessageCount, t.Size, stamp{t.UpdatedAt}, stamp{t.CreatedAt}}
}

type v0ThreadLabels struct {
	ThreadID string   `json:"thread_id"`
	Labels   []string `json:"labels"`
}

// maxV0ThreadPage bounds the messages of a thread that are given at once, each with maxThreadText of text.
const maxV0ThreadPage = 100

func (t *v0Table) threads() {
	const list, one = "/threads", "/threads/{thread}"
	t.add(inInbox, "GET", list, v0Filters+"senders recipients subject", (*v0Request).listThreads)
	t.add(inInbox, "GET", one, "limit page_token", (*v0Request).getThread)
	t.add(inInbox, "GET", one+"/attachments/{attachment}", "", (*v0Request).threadAttachmentLink)
	body(t, inInbox, "PATCH", one, func(v *v0Request, in v0LabelChange) (v0Answer, error) {
		box, err := v.threadBox(tenancy.ThreadsUpdate)
		if err != nil {
			return v0Answer{}, err
		}
		change, err := in.change()
		if err != nil {
			return v0Answer{}, err
		}
		th, err := box.ChangeThread(v.ctx, v.thread(), change)
		return answered(v0ThreadLabels{string(th.ID), v0LabelsOf(th.Labels, "")}, err)
	})
	t.add(inInbox, "DELETE", one, "permanent", func(v *v0Request) (v0Answer, error) {
		box, err := v.threadBox(tenancy.ThreadsDelete)
		if err != nil {
			return v0Answer{}, err
		}
		return nothing(box.DeleteThread(v.ctx, v.thread(), true))
	})
}

func (v *v0Request) thread() mailstore.ThreadID { return mailstore.ThreadID(v.path["thread"]) }

// threadBox is the inbox of the thread that the path names.
func (v *v0Request) threadBox(need tenancy.Permission) (mailstore.Inbox, error) {
	return v.grant.Mail(v.ctx, v.workspace(), v.inbox(), need)
}

func (v *v0Request) listThreads() (v0Answer, error) {
	box, address, err := v.box(tenancy.ThreadsRead)
	if err != nil {
		return v0Answer{}, err
	}
	f := v.query.filter()
	p, err := v.page("threads:" + string(box.ID()))
	if err != nil {
		return v0Answer{}, err
	}
	all, behind, err := box.Threads(v.ctx, f.Labels, p.at.after(), p.limit)
	return answered(v0Threads{p.counted(len(all), nextPlace(p.list, behind)), each(all, func(t mailstore.Thread) v0ThreadItem { return v0ThreadOf(t, address) })}, err)
}

func (v *v0Request) getThread() (v0Answer, error) {
	box, err := v.threadBox(tenancy.ThreadsRead)
	if err != nil {
		return v0Answer{}, err
	}
	th, err := box.Thread(v.ctx, v.thread())
	if err != nil {
		return v0Answer{}, err
	}
	p, err := v.page("thread:" + string(th.ID))
	if err != nil {
		return v0Answer{}, err
	}
	p.limit = min(p.limit, maxV0ThreadPage)
	list, behind, err := box.Messages(v.ctx, mailstore.MessageFilter{ThreadID: th.ID, IncludeTrash: true, Hidden: []string{mailstore.LabelDraft}}, p.at.after(), p.limit)
	if err != nil {
		return v0Answer{}, err
	}
	addresses, err := v.addresses(box.ID())
	if err != nil {
		return v0Answer{}, err
	}
	address := addresses[box.ID()]
	whole := v0Thread{v0ThreadOf(th, address), p.counted(len(list), nextPlace(p.list, behind)), make([]v0Message, 0, len(list))}
	for _, m := range slices.Backward(list) {
		o, err := messageOf(m).withBody(v.ctx, box, maxThreadText)
		if err != nil {
			return v0Answer{}, err
		}
		whole.Messages = append(whole.Messages, v0MessageOf(o, address))
	}
	return answered(whole, nil)
}

// threadAttachmentLink finds an attachment by its id, which names the message of the thread.
func (v *v0Request) threadAttachmentLink() (v0Answer, error) {
	box, err := v.threadBox(tenancy.ThreadsRead)
	if err != nil {
		return v0Answer{}, err
	}
	th, err := box.Thread(v.ctx, v.thread())
	if err != nil {
		return v0Answer{}, err
	}
	id, _, _ := strings.Cut(v.path["attachment"], v0AttachmentMark)
	m, err := box.Message(v.ctx, mailstore.MessageID(id))
	if err == nil && m.ThreadID != th.ID {
		err = tenancy.ErrNotFound
	}
	if err != nil {
		return v0Answer{}, err
	}
	a, err := v.attachmentOf(box, m)
	return answered(a, err)
}
