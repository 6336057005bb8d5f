package mailstore

import (
	"context"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// Mail is a handle on the messages of a workspace, of all its inboxes or of one. Like the others it opens nothing.
type Mail struct {
	ws    Workspace
	inbox InboxID // "" is all of them
}

// Mail hands out the messages of the workspace, or of one inbox of it.
func (w Workspace) Mail(inbox InboxID) Mail { return Mail{w, inbox} }

// Mail hands out the messages of the inbox.
func (in Inbox) Mail() Mail { return Mail{in.ws, in.id} }

// WorkspaceID is the id of the workspace whose mail it is.
func (m Mail) WorkspaceID() WorkspaceID { return m.ws.id }

// InboxID is the inbox whose mail it is; "" for all inboxes of the workspace.
func (m Mail) InboxID() InboxID { return m.inbox }

// Messages lists what the filter passes, newest first; see Mail.Messages.
func (in Inbox) Messages(ctx context.Context, f MessageFilter, after *Place, limit int) (list []Message, next *Place, err error) {
	return in.Mail().Messages(ctx, f, after, limit)
}

// Threads lists the threads of the inbox; see Mail.Threads.
func (in Inbox) Threads(ctx context.Context, f MessageFilter, after *Place, limit int) (list []Thread, next *Place, err error) {
	return in.Mail().Threads(ctx, f, after, limit)
}

// Messages lists what the filter passes, in its order, behind after if it is given, at most limit (MaxPage at most). next
// is nil on the last page. What few messages have is looked up and sorted; else the index is walked in the order of the list.
func (m Mail) Messages(ctx context.Context, f MessageFilter, after *Place, limit int) (list []Message, next *Place, err error) {
	limit = pageLimit(limit)
	err = m.ws.view(ctx, func(tx *sqlite.Tx) error {
		var c clauses
		index, err := f.begin(tx, &c, m.inbox)
		if err != nil {
			return err
		}
		f.narrow(&c, m.inbox)
		f.behind(&c, "received_at", after)
		list, err = loadMessages(tx, index+c.text.String()+f.order("received_at"), append(c.args, limit+1))
		return err
	})
	if len(list) > limit {
		list = list[:limit]
		next = &Place{At: list[limit-1].ReceivedAt, ID: string(list[limit-1].ID)}
	}
	return list, next, err
}

// begin chooses the way to the messages: the index to walk is named, for left to itself SQLite would take any.
func (f MessageFilter) begin(tx *sqlite.Tx, c *clauses, inbox InboxID) (index string, err error) {
	switch {
	case len(f.IDs) > 0:
		return byID, nil
	case f.ThreadID != "":
		return byThread, nil
	}
	p, small, err := f.few(tx, inbox)
	switch {
	case err != nil:
		return "", err
	case small:
		c.add("id IN ("+p.query+")", p.args...)
		return byID, nil
	case inbox == "":
		return "INDEXED BY messages_by_time_of_workspace ", nil
	}
	return "INDEXED BY messages_by_time ", nil
}

const (
	byID     = "INDEXED BY sqlite_autoindex_messages_1 " // of the primary key
	byThread = "INDEXED BY messages_by_thread "
)

// Threads lists the threads in which some message passes the filter, by the time of their last messages; After and Before
// are of that time. The rest is as with Messages.
func (m Mail) Threads(ctx context.Context, f MessageFilter, after *Place, limit int) (list []Thread, next *Place, err error) {
	limit = pageLimit(limit)
	err = m.ws.view(ctx, func(tx *sqlite.Tx) error {
		var c clauses
		index, err := f.beginThreads(tx, &c, m.inbox)
		if err != nil {
			return err
		}
		f.narrowThreads(&c, m.inbox)
		f.behind(&c, "last_at", after)
		list, err = loadThreads(tx, index+c.text.String()+f.order("last_at"), append(c.args, limit+1))
		return err
	})
	if len(list) > limit {
		list = list[:limit]
		next = &Place{At: list[limit-1].LastAt, ID: string(list[limit-1].ID)}
	}
	return list, next, err
}

// beginThreads chooses the way to the threads.
func (f MessageFilter) beginThreads(tx *sqlite.Tx, c *clauses, inbox InboxID) (index string, err error) {
	p, small, err := f.few(tx, inbox)
	switch {
	case err != nil:
		return "", err
	case small:
		c.add("id IN (SELECT thread_id FROM messages "+byID+"WHERE id IN ("+p.query+"))", p.args...)
		return "INDEXED BY sqlite_autoindex_threads_1 ", nil
	case inbox == "":
		return "INDEXED BY threads_by_time_of_workspace ", nil
	}
	return "INDEXED BY threads_by_time ", nil
}

// order is the end of a list's query; column is the time by which it is ordered.
func (f MessageFilter) order(column string) string {
	if f.OldestFirst {
		return " ORDER BY " + column + ", id LIMIT ?"
	}
	return " ORDER BY " + column + " DESC, id DESC LIMIT ?"
}

// behind narrows a list to what comes behind a place of it.
func (f MessageFilter) behind(c *clauses, column string, after *Place) {
	if after == nil {
		return
	}
	sign := "<"
	if f.OldestFirst {
		sign = ">"
	}
	c.add("("+column+", id) "+sign+" (?, ?)", after.At.UnixMicro(), after.ID)
}

// clauses are the conditions of a query, with their values.
type clauses struct {
	text strings.Builder
	args []any
}

func (c *clauses) add(clause string, args ...any) {
	word := " AND "
	if c.text.Len() == 0 {
		word = "WHERE "
	}
	c.text.WriteString(word + clause)
	c.args = append(c.args, args...)
}

// between narrows a time to what the filter says.
func (c *clauses) between(column string, after, before time.Time) {
	if !after.IsZero() {
		c.add(column+" >= ?", after.UnixMicro())
	}
	if !before.IsZero() {
		c.add(column+" < ?", before.UnixMicro())
	}
}

// narrow writes the filter as SQL, for the messages of an inbox, or of all.
func (f MessageFilter) narrow(c *clauses, inbox InboxID) {
	if inbox != "" {
		c.add("inbox_id = ?", string(inbox))
	}
	if len(f.IDs) > 0 {
		c.add("id IN (SELECT value FROM json_each(?))", encodeIDs(f.IDs))
	}
	if f.ThreadID != "" {
		c.add("thread_id IN (SELECT ? UNION SELECT merged_into FROM threads WHERE id = ? AND merged_into <> '')", string(f.ThreadID), string(f.ThreadID))
	}
	if f.MessageID != "" {
		c.add("message_id = ?", f.MessageID)
	}
	c.between("received_at", f.After, f.Before)
	f.whereItLies(c)
	f.whatItSays(c)
}

// whereItLies narrows by mailbox and label. What lies only in Trash or Junk is left out unless it is asked for.
func (f MessageFilter) whereItLies(c *clauses) {
	if f.Mailbox != "" {
		c.add(inMailbox("b.name = ?"), f.Mailbox)
	}
	trash, spam := f.IncludeTrash || f.Mailbox != "", f.IncludeSpam || f.Mailbox != ""
	for _, label := range f.Labels {
		clause, args := labelClause(label)
		c.add(clause, args...)
		aside := label == LabelSpam || label == LabelTrash
		trash, spam = trash || aside, spam || aside
	}
	for _, label := range f.Hidden {
		clause, args := hides(label)
		c.add("NOT "+clause, args...)
	}
	if f.Status != "" {
		c.add("status = ?", string(f.Status))
	}
	switch {
	case !trash && !spam:
		c.add(inMailbox("b.name NOT IN (?, ?)"), TrashMailbox, JunkMailbox)
	case !trash:
		c.add(inMailbox("b.name <> ?"), TrashMailbox)
	case !spam:
		c.add(inMailbox("b.name <> ?"), JunkMailbox)
	}
}

// whatItSays narrows by what stands in the message.
func (f MessageFilter) whatItSays(c *clauses) {
	if f.From != "" {
		c.add(`(envelope ->> '$.from') LIKE ? ESCAPE '\'`, like(f.From))
	}
	if f.To != "" {
		c.add(`(COALESCE(envelope ->> '$.to', '') || COALESCE(envelope ->> '$.cc', '') || delivered_to) LIKE ? ESCAPE '\'`, like(f.To))
	}
	if f.Subject != "" {
		c.add(`subject LIKE ? ESCAPE '\'`, like(f.Subject))
	}
	if f.HasAttachment != nil {
		c.add("(attachments NOT IN ('null', '[]')) = ?", *f.HasAttachment)
	}
}

// narrowThreads writes the filter as SQL for threads.
func (f MessageFilter) narrowThreads(c *clauses, inbox InboxID) {
	if inbox != "" {
		c.add("inbox_id = ?", string(inbox))
	}
	c.add("merged_into = ''")
	c.between("last_at", f.After, f.Before)
	f.After, f.Before = time.Time{}, time.Time{}
	var of clauses
	of.add("thread_id = threads.id")
	f.narrow(&of, inbox)
	c.add("EXISTS (SELECT 1 FROM messages "+byThread+of.text.String()+")", of.args...)
}
