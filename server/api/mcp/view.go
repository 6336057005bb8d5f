package mcp

import (
	"encoding/json"
	"time"

	"github.com/postroom/postroom/server/api/client"
)

// The forms that tools answer in are those of the API without what a model does not need: each octet costs it room.

type inboxView struct {
	ID          string                     `json:"inboxId"`
	Address     string                     `json:"address"`
	Addresses   []string                   `json:"otherAddresses,omitempty"`
	DisplayName string                     `json:"displayName,omitempty"`
	Metadata    map[string]json.RawMessage `json:"metadata,omitempty"`
	Existed     bool                       `json:"existed,omitempty"`
	CreatedAt   time.Time                  `json:"createdAt"`
}

func viewInbox(in *client.Inbox) inboxView {
	v := inboxView{ID: in.ID, Address: in.Address, DisplayName: in.DisplayName, Metadata: in.Metadata, Existed: in.Existed, CreatedAt: in.CreatedAt}
	for _, a := range in.Addresses {
		if a.Address != in.Address {
			v.Addresses = append(v.Addresses, a.Address)
		}
	}
	return v
}

type attachmentView struct {
	ID          string `json:"attachmentId"`
	Filename    string `json:"filename"`
	ContentType string `json:"contentType"`
	Size        int64  `json:"size"`
}

type messageView struct {
	ID          string           `json:"messageId"`
	InboxID     string           `json:"inboxId"`
	ThreadID    string           `json:"threadId"`
	From        client.Person    `json:"from"`
	To          []client.Person  `json:"to"`
	Cc          []client.Person  `json:"cc,omitempty"`
	Bcc         []client.Person  `json:"bcc,omitempty"`
	ReplyTo     []client.Person  `json:"replyTo,omitempty"`
	Subject     string           `json:"subject"`
	At          time.Time        `json:"at"`
	Labels      []string         `json:"labels"`
	Status      string           `json:"status,omitempty"`
	Preview     string           `json:"preview,omitempty"`
	Text        string           `json:"text,omitempty"`
	NewText     string           `json:"newText,omitempty"`
	HTML        string           `json:"html,omitempty"`
	Truncated   bool             `json:"truncated,omitempty"`
	Attachments []attachmentView `json:"attachments,omitempty"`
	DMARC       string           `json:"dmarc,omitempty"`
	Trust       *trustView       `json:"trust,omitempty"`
}

// trustView are facts about what a model cannot see.
type trustView struct {
	Sender         *client.SenderFacts `json:"sender,omitempty"`
	Links          []client.LinkFact   `json:"links,omitempty"`
	Hidden         []client.HiddenText `json:"hiddenText,omitempty"`
	RemotePictures int64               `json:"remotePictures,omitempty"`
}

// summary is a message in a list.
func summary(m client.MessageObject) messageView {
	v := messageView{ID: m.ID, InboxID: m.InboxID, ThreadID: m.ThreadID, From: m.From, To: m.To, Cc: m.Cc, Subject: m.Subject, At: m.CreatedAt, Labels: m.Labels, Status: m.Status, Preview: m.Preview}
	for _, a := range m.Attachments {
		v.Attachments = append(v.Attachments, attachmentView{a.ID, a.Filename, a.ContentType, a.Size})
	}
	switch {
	case !m.ReceivedAt.IsZero():
		v.At = m.ReceivedAt
	case !m.SentAt.IsZero():
		v.At = m.SentAt
	}
	return v
}

// viewMessage is a message with its text. Where the message says something else than a person sees, what a person sees
// is taken.
func viewMessage(m client.MessageObject, html bool) messageView {
	v := summary(m)
	v.Preview, v.Text, v.Truncated, v.Bcc, v.ReplyTo = "", m.Text, m.Truncated, m.Bcc, m.ReplyTo
	if m.ExtractedText != m.Text {
		v.NewText = m.ExtractedText
	}
	if html {
		v.HTML = m.HTML
	}
	if m.Auth != nil {
		v.DMARC = m.Auth.DMARC.Result
	}
	if t := m.Trust; t != nil {
		if t.Text != "" {
			v.Text = t.Text
		}
		v.Trust = &trustView{t.Sender, t.Links, t.Hidden, t.RemotePictures}
	}
	return v
}

type messagesView struct {
	Messages   []messageView `json:"messages"`
	NextCursor string        `json:"nextCursor,omitempty"`
}

type threadView struct {
	ID            string          `json:"threadId"`
	InboxID       string          `json:"inboxId"`
	Subject       string          `json:"subject"`
	Senders       []client.Person `json:"senders"`
	Recipients    []client.Person `json:"recipients"`
	Labels        []string        `json:"labels"`
	Preview       string          `json:"preview"`
	MessageCount  int64           `json:"messageCount"`
	LastMessageID string          `json:"lastMessageId"`
	LastAt        time.Time       `json:"lastAt"`
	Messages      []messageView   `json:"messages,omitempty"`
}

func viewThread(t client.Thread) threadView {
	return threadView{ID: t.ID, InboxID: t.InboxID, Subject: t.Subject, Senders: t.Senders, Recipients: t.Recipients, Labels: t.Labels, Preview: t.Preview, MessageCount: t.MessageCount, LastMessageID: t.LastMessageID, LastAt: t.LastAt}
}

type threadsView struct {
	Threads    []threadView `json:"threads"`
	NextCursor string       `json:"nextCursor,omitempty"`
}

func each[In, Out any](list []In, do func(In) Out) []Out {
	out := make([]Out, len(list))
	for i, x := range list {
		out[i] = do(x)
	}
	return out
}

// optional is nil for the empty string.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
