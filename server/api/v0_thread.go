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
	const everywhere = inAll | inPod | inInbox
	t.add(everywhere, "GET", list, v0Filters+"senders recipients subject", (*v0Request).listThreads)
	t.add(everywhere, "GET", list+"/search", v0SearchQuery, (*v0Request).searchThreads)
	t.add(everywhere, "GET", one, "limit page_token", (*v0Request).getThread)
	t.add(everywhere, "GET", one+"/attachments/{attachment}", "", (*v0Request).threadAttachmentLink)
	body(t, everywhere, "PATCH", one, func(v *v0Request, in V0LabelChange) (v0Answer, error) {
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
	t.add(everywhere, "DELETE", one, "permanent", func(v *v0Request) (v0Answer, error) {
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
	return v.boxOf(need, mailstore.MessageFilter{ThreadID: v.thread()})
}

// mail is the messages of what the path names: of an inbox, or of a pod.
func (v *v0Request) mail(need tenancy.Permission) (mailstore.Mail, error) {
	return v.grant.MailOf(v.ctx, v.workspace(), v.inbox(), need)
}

// boxOf is the inbox of the path, or where the path names none the one that has a message that passes the filter.
func (v *v0Request) boxOf(need tenancy.Permission, f mailstore.MessageFilter) (mailstore.Inbox, error) {
	inbox := v.inbox()
	if inbox == "" {
		mail, err := v.mail(need)
		if err != nil {
			return mailstore.Inbox{}, err
		}
		f.IncludeTrash, f.IncludeSpam = true, true
		list, _, err := mail.Messages(v.ctx, f, nil, 1)
		if err == nil && len(list) == 0 {
			err = tenancy.ErrNotFound
		}
		if err != nil {
			return mailstore.Inbox{}, err
		}
		inbox = string(list[0].InboxID)
	}
	return v.grant.Mail(v.ctx, v.workspace(), inbox, need)
}

func (v *v0Request) listThreads() (v0Answer, error) {
	mail, err := v.mail(tenancy.ThreadsRead)
	if err != nil {
		return v0Answer{}, err
	}
	f := v.query.filter()
	f.From, f.To, f.Subject = v.query.part("senders"), v.query.part("recipients"), v.query.part("subject")
	p, err := v.page("threads:" + string(mail.WorkspaceID()) + ":" + string(mail.InboxID()))
	if err != nil {
		return v0Answer{}, err
	}
	f.OldestFirst = p.oldestFirst
	all, behind, err := mail.Threads(v.ctx, f, p.at.after(), p.limit)
	if err != nil {
		return v0Answer{}, err
	}
	addresses, err := v.addresses(each(all, func(t mailstore.Thread) mailstore.InboxID { return t.InboxID })...)
	return answered(v0Threads{p.counted(len(all), nextPlace(p.list, behind)), each(all, func(t mailstore.Thread) v0ThreadItem { return v0ThreadOf(t, addresses[t.InboxID]) })}, err)
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
	list, behind, err := box.Messages(v.ctx, mailstore.MessageFilter{ThreadID: th.ID, IncludeTrash: true, IncludeSpam: true, Hidden: []string{mailstore.LabelDraft}}, p.at.after(), p.limit)
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
