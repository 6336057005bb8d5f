package mailstore

import (
	"context"
	"io"

	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/message"
)

// Workspace is a handle on one workspace. It opens nothing: each call opens the workspace's files if they are not open
// and lets go of them, so a handle may be kept for as long as one likes. Only tenancy makes handles.
type Workspace struct {
	store *Store
	id    WorkspaceID
}

// Inbox is a handle on one inbox of a workspace, with the same promise.
type Inbox struct {
	ws Workspace
	id InboxID
}

// Journal is a handle on the journal of a workspace, narrowed to what its holder may see.
type Journal struct {
	ws     Workspace
	filter journal.Filter
}

// ID is the workspace's id.
func (w Workspace) ID() WorkspaceID { return w.id }

// Inbox hands out an inbox. Whether it exists is tenancy's to know.
func (w Workspace) Inbox(id InboxID) Inbox { return Inbox{ws: w, id: id} }

// Journal hands out the journal; inboxes, if any are given, are all that its holder sees.
func (w Workspace) Journal(inboxes ...InboxID) Journal {
	j := Journal{ws: w}
	for _, id := range inboxes {
		j.filter.Inboxes = append(j.filter.Inboxes, string(id))
	}
	return j
}

// ID is the inbox's id.
func (in Inbox) ID() InboxID { return in.id }

// Journal hands out the journal, narrowed to this inbox.
func (in Inbox) Journal() Journal { return in.ws.Journal(in.id) }

// WorkspaceID is the id of the workspace that owns the inbox.
func (in Inbox) WorkspaceID() WorkspaceID { return in.ws.id }

// The doors and reads of an inbox, by file:
//
//	Messages, Threads, of all inboxes too       listing.go
//	Search, SearchThreads, likewise             find.go
//	Message, Raw, Body, Attachment              message.go
//	ChangeMessage, DeleteMessage                flags.go
//	MessagesNamed, ChangeMessages, DeleteMessages          batch.go
//	Enveloped                                   enveloped.go
//	Thread, ChangeThread, DeleteThread          thread.go
//	Draft, Drafts, CreateDraft, ChangeDraft, DeleteDraft   draft.go, drafting.go
//	SendDraft                                   senddraft.go
//	Reschedule, CancelScheduled                 scheduled.go
//	Deliver (a function: a message may have many inboxes)  deliver.go

var (
	_ interface {
		// Messages lists newest first; next is nil on the last page. Labels, mailboxes and preview are filled in.
		Messages(ctx context.Context, f MessageFilter, after *Place, limit int) (list []Message, next *Place, err error)
		Message(ctx context.Context, id MessageID) (Message, error)
		// Raw opens the message's bytes; the caller closes them. size is in octets.
		Raw(ctx context.Context, id MessageID) (r RawMessage, size int64, err error)
		// Body gives text and HTML, each at most limit octets.
		Body(ctx context.Context, id MessageID, limit int) (message.Body, error)
		// Attachment opens one decoded attachment; the caller closes it.
		Attachment(ctx context.Context, id MessageID, attachment string) (message.Attachment, io.ReadCloser, error)
		ChangeMessage(ctx context.Context, id MessageID, c MessageChange) (Message, error)
		// DeleteMessage moves to Trash; permanent, or from Trash, removes.
		DeleteMessage(ctx context.Context, id MessageID, permanent bool) error
		// Threads lists newest last message first.
		Threads(ctx context.Context, f MessageFilter, after *Place, limit int) (list []Thread, next *Place, err error)
		// Thread resolves a merged id to the thread that lives.
		Thread(ctx context.Context, id ThreadID) (Thread, error)
		ChangeThread(ctx context.Context, id ThreadID, c MessageChange) (Thread, error)
		DeleteThread(ctx context.Context, id ThreadID, permanent bool) error
	} = Inbox{}
	_ interface {
		Read(ctx context.Context, after journal.Cursor, types []string, inboxes []InboxID, limit int) (journal.Page, error)
		End(ctx context.Context) (journal.Cursor, error)
		// Wait returns when there may be a line behind after, or when ctx ends (with its error). It holds nothing open.
		Wait(ctx context.Context, after journal.Cursor) error
	} = Journal{}
)

// RawMessage is a message's file, open for reading.
type RawMessage interface {
	io.ReadSeekCloser
	io.ReaderAt
}
