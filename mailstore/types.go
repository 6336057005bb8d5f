package mailstore

import (
	"time"

	"github.com/postroom/postroom/mailstore/message"
)

// The ids of things. They are made by package ident and opaque to everybody else.
type (
	WorkspaceID string // ws_…
	InboxID     string // inb_…
	MessageID   string // msg_…
	ThreadID    string // thr_…
)

// Flags are the system flags of a message in a mailbox (RFC 9051, 2.3.2).
type Flags uint8

const (
	Seen Flags = 1 << iota
	Answered
	Flagged
	Deleted
	Draft
)

// Direction says how a message came into its inbox.
type Direction uint8

const (
	Received Direction = 1 + iota
	Sent
	Appended
)

// The mailboxes that every inbox has, by name.
const (
	InboxMailbox   = "INBOX"
	SentMailbox    = "Sent"
	DraftsMailbox  = "Drafts"
	TrashMailbox   = "Trash"
	JunkMailbox    = "Junk"
	ArchiveMailbox = "Archive"
)

// The labels that the server gives. All other labels are the user's own, which IMAP calls keywords.
const (
	LabelReceived = "received"
	LabelSent     = "sent"
	LabelUnread   = "unread"
	LabelRead     = "read"
	LabelSpam     = "spam"
	LabelTrash    = "trash"
	LabelDraft    = "draft"
	LabelStarred  = "starred"

	LabelScheduled = "scheduled" // it waits for a time that was named
)

// Message is a message of an inbox as the index knows it. Text and HTML are read from its file by Inbox.Body.
type Message struct {
	ID          MessageID            `json:"id"`
	InboxID     InboxID              `json:"inboxId"`
	ThreadID    ThreadID             `json:"threadId"`
	Mailboxes   []string             `json:"mailboxes"`
	Direction   Direction            `json:"direction"`
	DeliveredTo string               `json:"deliveredTo,omitempty"`
	Sender      string               `json:"sender,omitempty"`
	Envelope    message.Envelope     `json:"envelope"`
	Preview     string               `json:"preview,omitempty"`
	Labels      []string             `json:"labels"`
	Attachments []message.Attachment `json:"attachments"`
	Size        int64                `json:"size"`
	Status      Status               `json:"status,omitempty"` // of what was sent, and Scheduled of a draft that has a time
	SendAt      time.Time            `json:"sendAt,omitzero"`  // of what is Scheduled
	Auth        *Auth                `json:"auth,omitempty"`   // of what came in
	Junk        *Junk                `json:"junk,omitempty"`   // likewise
	ReceivedAt  time.Time            `json:"receivedAt"`
	CreatedAt   time.Time            `json:"createdAt"`
	UpdatedAt   time.Time            `json:"updatedAt"`
}

// Thread is a conversation within one inbox.
type Thread struct {
	ID            ThreadID          `json:"id"`
	InboxID       InboxID           `json:"inboxId"`
	Subject       string            `json:"subject"`
	Senders       []message.Address `json:"senders"`    // who wrote, each once, at most MaxThreadPeople
	Recipients    []message.Address `json:"recipients"` // To and Cc, each once, at most MaxThreadPeople
	Labels        []string          `json:"labels"`     // of any of its messages
	Preview       string            `json:"preview,omitempty"`
	MessageCount  int               `json:"messageCount"`
	LastMessageID MessageID         `json:"lastMessageId,omitempty"`
	Size          int64             `json:"size"`
	LastAt        time.Time         `json:"lastAt"`
	CreatedAt     time.Time         `json:"createdAt"`

	LastEnvelopeID string             `json:"-"` // the RFC Message-ID of its newest message; may be empty
	Attachments    []ThreadAttachment `json:"-"` // of its messages, newest first, at most MaxThreadPeople
	ReceivedAt     time.Time          `json:"-"` // of the newest message that came; zero if none did
	SentAt         time.Time          `json:"-"` // of the newest message that was sent; zero if none was
	UpdatedAt      time.Time          `json:"-"` // when one of them was last changed
}

// ThreadAttachment is an attachment of a message of a thread.
type ThreadAttachment struct {
	Message MessageID
	message.Attachment
}

// Place is where a list page ended: the next page begins behind it. It stays good while things come and go.
type Place struct {
	At time.Time
	ID string
}

// MessageFilter narrows a list of messages. Zero fields do not narrow.
type MessageFilter struct {
	IDs           []MessageID // none of other ids; for a few
	ThreadID      ThreadID
	Mailbox       string    // name of an IMAP mailbox
	Labels        []string  // all of them
	From, To      string    // part of an address or name, without regard to case
	Subject       string    // part of the subject, without regard to case
	MessageID     string    // RFC Message-ID
	After, Before time.Time // of ReceivedAt, of threads of LastAt; After is included, Before is not
	HasAttachment *bool     // whether something is attached
	IncludeTrash  bool      // without it, messages that are only in Trash are left out, unless a label or mailbox asks for them
	IncludeSpam   bool      // likewise of Junk
	Hidden        []string  // labels: what bears one of them is left out; see hides
	Status        Status    // what became of what was sent
	OldestFirst   bool      // the list's order; else newest first
}

// MessageChange is what a client may change about a message.
type MessageChange struct {
	AddLabels    []string
	RemoveLabels []string
}
