package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// v0EventTypes are the events that /v0 knows. Without a word of the client's it is told those that are marked.
var v0EventTypes = map[string]bool{
	"message.received": true, "message.received.spam": false, "message.received.blocked": false, "message.received.unauthenticated": false,
	"message.sent": true, "message.delivered": true, "message.bounced": true, "message.complained": true, "message.rejected": true, "message.opened": true, "domain.verified": true,
}

// v0DefaultTypes are those that a client is told that asks for none.
var v0DefaultTypes = func() (list []string) {
	for name, told := range v0EventTypes {
		if told {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}()

// v0Event is an event: of what happened to a message or a domain, one field is set.
type v0Event struct {
	Type      string        `json:"type"`
	EventType string        `json:"event_type"`
	EventID   string        `json:"event_id"`
	Cursor    string        `json:"cursor"`
	Message   *v0Message    `json:"message,omitempty"`
	Thread    *v0ThreadItem `json:"thread,omitempty"`
	Send      *v0Happened   `json:"send,omitempty"`
	Delivery  *v0Happened   `json:"delivery,omitempty"`
	Bounce    *v0Happened   `json:"bounce,omitempty"`
	Complaint *v0Happened   `json:"complaint,omitempty"`
	Reject    *v0Happened   `json:"reject,omitempty"`
	Domain    *v0Domain     `json:"domain,omitempty"`
}

// v0Happened is what became of a message that was sent.
type v0Happened struct {
	InboxID    string `json:"inbox_id"`
	ThreadID   string `json:"thread_id"`
	MessageID  string `json:"message_id"`
	Timestamp  stamp  `json:"timestamp"`
	Type       string `json:"type,omitempty"`
	SubType    string `json:"sub_type,omitempty"`
	Reason     string `json:"reason,omitempty"`
	Recipients any    `json:"recipients,omitempty"` // addresses, or of a bounce with their statuses
}

type v0BouncedTo struct {
	Address string `json:"address"`
	Status  string `json:"status"`
}

// v0Event is a line as a client of /v0 sees it; false for what it has no word for.
func (s *Server) v0Event(ctx context.Context, f *follower, l journal.Line) (e v0Event, known bool, err error) {
	e = v0Event{Type: "event", EventType: l.Type, EventID: l.ID, Cursor: l.Cursor.String()}
	switch {
	case l.Type == "domain.verified":
		e.Domain, err = s.v0VerifiedDomain(ctx, f, l)
		return e, e.Domain != nil, err
	case l.MessageID == "" || len(l.Data) == 0 || !f.grant.Allows(tenancy.MessagesRead):
		return e, false, nil
	}
	if _, known = v0EventTypes[l.Type]; !known {
		return e, false, nil
	}
	o, err := f.message(ctx, l)
	if err != nil {
		return e, false, err
	}
	addresses, err := primaryAddresses(ctx, f.grant, []mailstore.InboxID{mailstore.InboxID(l.InboxID)})
	if err != nil {
		return e, false, err
	}
	inbox, ok := addresses[mailstore.InboxID(l.InboxID)]
	if !ok {
		return e, false, nil // it is gone
	}
	if o.Delivery == nil && l.Type != "message.sent" {
		message := v0MessageOf(o, inbox)
		e.Message = &message
		e.Thread, err = f.v0ThreadAround(ctx, message, l)
		return e, err == nil, err
	}
	e.tell(l, o, inbox)
	return e, true, nil
}

// tell fills in what became of a message that was sent.
func (e *v0Event) tell(l journal.Line, o messageObject, inbox string) {
	h := &v0Happened{InboxID: inbox, ThreadID: o.ThreadID, MessageID: v0MessageID(o.MessageID, o.ID), Timestamp: stamp{l.At}}
	var recipient []string
	if d := o.Delivery; d != nil {
		h.Timestamp, recipient = d.At, []string{d.Recipient}
		h.Recipients = recipient
	}
	switch l.Type {
	case "message.sent":
		h.Recipients = each(slices.Concat(o.To, o.Cc, o.Bcc), func(p person) string { return p.Address })
		e.Send = h
	case "message.delivered":
		e.Delivery = h
	case "message.bounced":
		h.Type, h.SubType, h.Recipients = "Permanent", o.Delivery.Reason, []v0BouncedTo{{o.Delivery.Recipient, o.Delivery.Status}}
		e.Bounce = h
	case "message.complained":
		h.Type, h.SubType = "abuse", o.Delivery.Reason
		e.Complaint = h
	case "message.rejected":
		h.Reason, h.Recipients = o.Delivery.Reason, nil
		e.Reject = h
	}
}

// v0ThreadAround is the thread of a message as it is now; of one that is gone what the message tells.
func (f *follower) v0ThreadAround(ctx context.Context, m v0Message, l journal.Line) (*v0ThreadItem, error) {
	box, err := f.grant.Mail(ctx, f.workspace, l.InboxID, tenancy.MessagesRead)
	var t mailstore.Thread
	if err == nil {
		t, err = box.Thread(ctx, mailstore.ThreadID(m.ThreadID))
	}
	switch kind := fault.KindOf(err); {
	case err == nil:
		item := v0ThreadOf(t, m.InboxID)
		return &item, nil
	case kind == fault.NotFound, kind == fault.Forbidden:
		return &v0ThreadItem{InboxID: m.InboxID, ThreadID: m.ThreadID, Labels: m.Labels, Timestamp: m.Timestamp, ReceivedTimestamp: &m.Timestamp, Senders: []string{m.From}, Recipients: m.To,
			Subject: m.Subject, Preview: m.Preview, Attachments: m.Attachments, LastMessageID: m.MessageID, MessageCount: 1, Size: m.Size, UpdatedAt: m.UpdatedAt, CreatedAt: m.CreatedAt}, nil
	}
	return nil, err
}

// v0VerifiedDomain is a domain as it is now; nil if it is gone or not to be seen.
func (s *Server) v0VerifiedDomain(ctx context.Context, f *follower, l journal.Line) (*v0Domain, error) {
	var told struct{ Domain string }
	if err := json.Unmarshal(l.Data, &told); err != nil {
		return nil, err
	}
	d, err := s.found(ctx, f.grant, f.workspace, told.Domain)
	if kind := fault.KindOf(err); kind == fault.NotFound || kind == fault.Forbidden {
		return nil, nil
	}
	o := v0DomainOf(d)
	return &o, err
}

// knownV0Types refuses types that no event has.
func knownV0Types(list []string) error {
	var m mistakes
	for i, t := range list {
		if _, known := v0EventTypes[t]; !known {
			m.add(fmt.Sprintf("%s.event_types[%d]", asWritten, i), "There is no event of the type %.40q.", t)
		}
	}
	return m.err()
}
