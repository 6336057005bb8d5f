package mailstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// MaxAppended is how many messages one Appending takes.
const MaxAppended = 2000

var errTooManyAppended = fault.New(fault.Exhausted, "limit_reached", "At most %d messages can be appended by one command (limit messagesPerAppend).", MaxAppended)

// Appending puts messages into a mailbox that a client has uploaded, all or none of them (RFC 9051, 6.3.12; RFC 3502). It
// is for one goroutine. Either Commit or Discard ends it.
type Appending struct {
	in      Inbox
	mailbox Mailbox
	folder  maildir.Folder
	list    []appended
}

type appended struct {
	id       MessageID
	record   *record
	flags    Flags
	written  []string // keywords as written
	keywords []string
	at       time.Time
}

// Uploaded is what APPEND says of a message.
type Uploaded struct {
	Flags      Flags
	Keywords   []string  // as written
	ReceivedAt time.Time // INTERNALDATE; zero: now
}

// Append begins to append to the mailbox of that name, ErrNotFound if there is none.
func (in Inbox) Append(ctx context.Context, mailbox string) (*Appending, error) {
	m, err := in.Mailbox(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	a := &Appending{in: in, mailbox: m}
	err = in.ws.use(ctx, func(w *workspace) (err error) {
		a.folder, err = w.folderOf(in.id, mailbox)
		return err
	})
	return a, err
}

// Add takes one message, whose bytes are on the disk when it returns. It does not close the spool.
func (a *Appending) Add(ctx context.Context, sp *Spool, u Uploaded) error {
	if len(a.list) >= MaxAppended {
		return errTooManyAppended
	}
	m := appended{flags: u.Flags, written: u.Keywords, at: u.ReceivedAt.UTC().Truncate(time.Microsecond)}
	var err error
	if m.keywords, err = checkKeywords(u.Keywords); err != nil {
		return err
	}
	if m.record, err = sp.parse(ctx, a.in.ws.store); err != nil {
		return err
	}
	return a.in.ws.use(ctx, func(w *workspace) error {
		if err := w.enoughSpace(); err != nil {
			return err
		}
		if u.ReceivedAt.IsZero() {
			m.at = w.now()
		}
		m.id = MessageID(ident.New("msg", w.now()))
		if _, err := w.tree.Write(a.folder, string(m.id), sp.Reader()); err != nil {
			return w.fail(err)
		}
		a.list = append(a.list, m)
		return nil
	})
}

// parse reads the whole message once. Large ones wait for a slot, so that memory is bounded.
func (sp *Spool) parse(ctx context.Context, s *Store) (*record, error) {
	a := Arrival{Spool: sp}
	return a.parse(ctx, s)
}

// Discard takes back what was not committed.
func (a *Appending) Discard() {
	if len(a.list) == 0 {
		return
	}
	a.in.ws.use(noCtx, func(w *workspace) error {
		for _, m := range a.list {
			w.tree.Discard(a.folder, string(m.id))
		}
		a.list = nil
		return nil
	})
}

// Commit makes the messages part of the mailbox. They are durable and announced when it returns; uids are theirs, in the
// order in which they were added. On an error none of them is there.
func (a *Appending) Commit(ctx context.Context) (m Mailbox, uids []uint32, err error) {
	return a.commit(ctx, nil)
}

// Replace is Commit of one message that takes the place of another of some mailbox of the inbox, in the same commit
// (RFC 8508). ErrNotFound if that one is gone.
func (a *Appending) Replace(ctx context.Context, from MailboxID, uid uint32) (m Mailbox, uids []uint32, err error) {
	return a.commit(ctx, func(e *edit) error {
		list, err := a.in.placed(e.tx, from, []uint32{uid})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrNotFound
		}
		return e.expunge(list)
	})
}

func (a *Appending) commit(ctx context.Context, beside func(*edit) error) (m Mailbox, uids []uint32, err error) {
	defer a.Discard()
	err = a.in.ws.use(ctx, func(w *workspace) error {
		err := a.publish(w)
		if err == nil {
			m, uids, err = a.insert(w, beside)
		}
		if err != nil {
			a.takeBack(w)
		}
		return err
	})
	if err != nil {
		return m, nil, err
	}
	a.list = nil
	return m, uids, nil
}

// insert commits the rows.
func (a *Appending) insert(w *workspace, beside func(*edit) error) (m Mailbox, uids []uint32, err error) {
	var spare []appended // there already
	err = a.in.editOpen(w, func(e *edit) error {
		uids, spare = nil, nil
		var folder string
		if m, folder, err = findMailbox(e.tx, a.in.id, a.mailbox.Name); err != nil {
			return err
		}
		if m.ID != a.mailbox.ID || folder != a.folder.Name {
			return ErrNotFound
		}
		if beside != nil {
			if err := beside(e); err != nil {
				return err
			}
		}
		for _, x := range a.list {
			uid, err := x.submitted(e, m)
			if uid > 0 {
				spare = append(spare, x)
			} else if err == nil {
				uid, err = x.insert(e, m)
			}
			if err != nil {
				return err
			}
			uids = append(uids, uid)
		}
		return nil
	})
	if err == nil {
		for _, x := range spare {
			w.tree.Remove(a.folder, string(x.id), fileFlags(x.flags))
		}
	}
	return m, uids, err
}

// publish gives the files their names, durably.
func (a *Appending) publish(w *workspace) error {
	seen := map[bool]bool{}
	for _, m := range a.list {
		err := w.tree.Publish(a.folder, string(m.id), fileFlags(m.flags))
		if errors.Is(err, fs.ErrNotExist) { // the mailbox was deleted, and its folder with what Add wrote
			return ErrNotFound.Because(err)
		}
		if err != nil {
			return w.fail(err)
		}
		seen[m.flags != 0] = true
	}
	for flagged := range seen {
		flags := ""
		if flagged {
			flags = ":2,"
		}
		if err := w.tree.Sync(a.folder, flags); err != nil {
			return w.fail(err)
		}
	}
	return nil
}

// takeBack removes the files of a commit that failed. After a failed COMMIT nobody knows what the disk holds: then they
// stay, and recovery compares them with the rows.
func (a *Appending) takeBack(w *workspace) {
	if !w.db.Broken() {
		for _, m := range a.list {
			w.tree.Discard(a.folder, string(m.id))
			w.tree.Remove(a.folder, string(m.id), fileFlags(m.flags))
		}
	}
	a.list = nil
}

func (x appended) insert(e *edit, m Mailbox) (uid uint32, err error) {
	direction := Appended
	if m.SpecialUse == `\Sent` {
		direction = Sent
	}
	if err := spell(e.tx, e.in.id, x.written); err != nil {
		return 0, err
	}
	err = e.w.insertMessage(e.tx, newMessage{id: x.id, inbox: e.in.id, record: x.record, direction: direction, mailbox: m.Name, flags: x.flags,
		keywords: x.keywords, file: string(x.id), receivedAt: x.at, now: e.at, event: "message.appended"})
	if err != nil {
		return 0, err
	}
	err = e.tx.Row("SELECT uid FROM placements WHERE message_id = ?", sqlite.Args(string(x.id)), &uid)
	return uid, err
}

// submitted finds the copy that Submit has put into Sent of a message that a client, which does not know of it, appends
// there as well: 0 if there is none.
func (x appended) submitted(e *edit, m Mailbox) (uid uint32, err error) {
	id := x.record.parsed.Envelope.MessageID
	if id == "" || m.SpecialUse != `\Sent` {
		return 0, nil
	}
	err = e.tx.Row("SELECT p.uid FROM outgoing o JOIN placements p ON p.message_id = o.id AND p.mailbox_id = ? WHERE o.inbox_id = ? AND o.message_id = ? ORDER BY o.id DESC LIMIT 1",
		sqlite.Args(m.ID, string(e.in.id), id), &uid)
	if sqlite.NoRows(err) {
		return 0, nil
	}
	return uid, err
}

// CanonicalLines makes the line ends of a message that a client uploads CRLF, whatever they were, and octets of zero what
// IMAP can carry, 0x80 (RFC 9051 has no NUL outside of binary literals). It is for messages that are no binary literals.
type CanonicalLines struct {
	To   io.Writer
	last byte
	buf  bytes.Buffer
}

// Write passes bytes on.
func (c *CanonicalLines) Write(p []byte) (int, error) {
	c.buf.Reset()
	for _, x := range p {
		switch {
		case x == '\n' && c.last != '\r':
			c.buf.WriteString("\r\n")
		case x == 0:
			c.buf.WriteByte(0x80)
		default:
			c.buf.WriteByte(x)
		}
		c.last = x
	}
	if _, err := c.To.Write(c.buf.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}
