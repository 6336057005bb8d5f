package mailstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Limits of labels.
const (
	MaxLabels      = 64 // of the user's own on one message
	MaxLabelLength = 64 // octets
)

// systemLabels are the labels with a meaning of their own; the others are keywords.
var systemLabels = []string{LabelReceived, LabelSent, LabelUnread, LabelRead, LabelSpam, LabelTrash, LabelDraft, LabelStarred}

// userLabels are the keywords among labels: lower case, sorted, each once.
func userLabels(labels []string) []string {
	var own []string
	for _, l := range labels {
		if l = strings.ToLower(l); !contains(systemLabels, l) {
			own = append(own, l)
		}
	}
	slices.Sort(own)
	return slices.Compact(own)
}

// checkLabel says what is wrong with a label of the user's own. It has to be an IMAP keyword (RFC 9051, flag-keyword).
func checkLabel(label string) error {
	if label == "" || len(label) > MaxLabelLength {
		return fault.New(fault.Invalid, "invalid_label", "A label has 1 to %d characters.", MaxLabelLength)
	}
	for _, c := range []byte(label) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`(){%*"\]`, c) >= 0 {
			return fault.New(fault.Invalid, "invalid_label", `A label is made of ASCII letters, digits and signs other than ( ) { %% * " \ ], without spaces, so that it works as an IMAP keyword.`)
		}
	}
	return nil
}

// check refuses what cannot be done before anything is done.
func (c MessageChange) check() error {
	for _, l := range append(slices.Clone(c.AddLabels), c.RemoveLabels...) {
		switch l {
		case LabelReceived, LabelSent, LabelDraft:
			return fault.New(fault.Invalid, "fixed_label", "The label %q follows from what the message is and cannot be added or removed.", l)
		}
		if err := checkLabel(l); err != nil {
			return err
		}
	}
	for _, l := range c.AddLabels {
		if contains(c.RemoveLabels, l) {
			return fault.New(fault.Invalid, "contradicting_labels", "The label %q is to be added and removed; do one of both.", l)
		}
	}
	if c.wants(LabelSpam) == 1 && c.wants(LabelTrash) == 1 || c.wants(LabelUnread)*c.wants(LabelRead) == 1 {
		return fault.New(fault.Invalid, "contradicting_labels", "A message cannot be both spam and trash, nor both read and unread.")
	}
	return nil
}

// wants tells whether a label is to be there (1), not to be there (-1), or left as it is (0).
func (c MessageChange) wants(label string) int {
	switch {
	case contains(c.AddLabels, label):
		return 1
	case contains(c.RemoveLabels, label):
		return -1
	}
	return 0
}

// flags are the flags that result from f.
func (c MessageChange) flags(f Flags) Flags {
	unread := c.wants(LabelUnread) - c.wants(LabelRead)
	switch {
	case unread > 0:
		f &^= Seen
	case unread < 0:
		f |= Seen
	}
	switch c.wants(LabelStarred) {
	case 1:
		f |= Flagged
	case -1:
		f &^= Flagged
	}
	return f
}

func (c MessageChange) keywords(now []string) ([]string, error) {
	remove := userLabels(c.RemoveLabels)
	list := slices.DeleteFunc(slices.Concat(now, userLabels(c.AddLabels)), func(l string) bool { return contains(remove, l) })
	slices.Sort(list)
	if list = slices.Compact(list); len(list) > MaxLabels {
		return nil, fault.New(fault.Exhausted, "limit_reached", "A message has at most %d labels of your own (limit labelsPerMessage).", MaxLabels)
	}
	return list, nil
}

// mailbox is where the change puts a message that lies in from; "" leaves it.
func (c MessageChange) mailbox(from string, d Direction) string {
	home := InboxMailbox
	if d == Sent {
		home = SentMailbox
	}
	switch {
	case c.wants(LabelTrash) == 1:
		return TrashMailbox
	case c.wants(LabelSpam) == 1:
		return JunkMailbox
	case c.wants(LabelTrash) == -1 && from == TrashMailbox, c.wants(LabelSpam) == -1 && from == JunkMailbox:
		return home
	}
	return ""
}

// ChangeMessage changes labels: unread and starred are flags, spam and trash move the message, others are keywords. A
// change that changes nothing leaves no trace.
func (in Inbox) ChangeMessage(ctx context.Context, id MessageID, c MessageChange) (m Message, err error) {
	if err := c.check(); err != nil {
		return Message{}, err
	}
	err = in.edit(ctx, func(e *edit) error {
		if err := e.change(id, c); err != nil {
			return err
		}
		m, err = in.message(e.tx, id)
		return err
	})
	return m, err
}

// DeleteMessage moves the message to Trash. permanent, or a message that is in Trash alone, is removed for good.
func (in Inbox) DeleteMessage(ctx context.Context, id MessageID, permanent bool) error {
	return in.edit(ctx, func(e *edit) error { return e.delete(id, permanent) })
}

// edit is a change of messages of one inbox, on its way into one commit.
type edit struct {
	in    Inbox
	w     *workspace
	tx    *sqlite.Tx
	at    time.Time
	links []link // names that the files need before the commit
	moved []placement
}

type link struct {
	from placement
	to   maildir.Folder
	base string
}

// edit runs do inside a commit. Names that files need are made and synced before it, those that are not needed any more
// go after it.
func (in Inbox) edit(ctx context.Context, do func(*edit) error) error {
	return in.ws.use(ctx, func(w *workspace) error {
		e := &edit{in: in, w: w}
		err := w.change(func(tx *sqlite.Tx) error {
			e.tx, e.links, e.moved = tx, nil, nil
			e.at = w.store.opts.Clock().UTC().Truncate(time.Microsecond)
			if err := do(e); err != nil {
				return err
			}
			return e.makeNames()
		})
		if err != nil {
			for _, l := range e.links {
				if !w.db.Broken() {
					w.tree.Remove(l.to, l.base, "")
				}
			}
			return err
		}
		w.names.Lock()
		defer w.names.Unlock()
		w.rename(e.moved)
		if err := w.finishUnlinks(); err != nil { // the change is done; what is left is removed at the next chance
			w.store.opts.Log.Warn("remove files", "workspace", w.id, "err", err)
		}
		return nil
	})
}

// makeNames links the files of moved messages into their new folders, durably.
func (e *edit) makeNames() error {
	folders := map[maildir.Folder]bool{}
	for _, l := range e.links {
		path, err := e.w.tree.Find(l.from.folder(), l.from.file, fileFlags(l.from.flags))
		if err != nil {
			return errDisk.Because(err)
		}
		if err := e.w.tree.Link(path, l.to, l.base); err != nil {
			return e.w.fail(err)
		}
		folders[l.to] = true
	}
	for f := range folders {
		if err := e.w.tree.Sync(f); err != nil {
			return e.w.fail(err)
		}
	}
	return nil
}

// rename gives files the names that tell their flags as they are now. It comes behind the commit and may be lost.
func (w *workspace) rename(list []placement) {
	for _, p := range list {
		var flags Flags
		err := w.db.View(noCtx, func(tx *sqlite.Tx) error {
			return tx.Row("SELECT flags FROM placements WHERE mailbox_id = ? AND uid = ?", sqlite.Args(p.mailbox, p.uid), &flags)
		})
		if err == nil {
			err = w.tree.Rename(p.folder(), p.file, fileFlags(flags))
		}
		if err != nil && !sqlite.NoRows(err) {
			w.store.opts.Log.Warn("rename file", "workspace", w.id, "message", p.message, "err", err)
		}
	}
}

func (e *edit) places(id MessageID) ([]placement, Message, error) {
	m, err := e.in.message(e.tx, id)
	if err != nil {
		return nil, m, err
	}
	list, err := placements(e.tx, "WHERE p.message_id = ?", sqlite.Args(string(id)))
	return list, m, err
}

func (e *edit) change(id MessageID, c MessageChange) error {
	list, m, err := e.places(id)
	if err != nil {
		return err
	}
	changed := false
	for _, p := range list {
		did, err := e.changePlacement(p, m.Direction, c)
		if err != nil {
			return err
		}
		changed = changed || did
	}
	if !changed {
		return nil
	}
	return e.touch(id)
}

// touch notes that a message has changed, in its row and in the journal.
func (e *edit) touch(id MessageID) error {
	if _, err := e.tx.Exec("UPDATE messages SET updated_at = ? WHERE id = ?", e.at.UnixMicro(), string(id)); err != nil {
		return err
	}
	return appendMessage(e.tx, "message.updated", id, e.at)
}

func (e *edit) changePlacement(p placement, d Direction, c MessageChange) (changed bool, err error) {
	before := p
	p.flags = c.flags(p.flags)
	if p.keywords, err = c.keywords(p.keywords); err != nil {
		return false, err
	}
	if to := c.mailbox(p.name, d); to != "" && to != p.name {
		return true, e.move(before, p, to)
	}
	if p.flags == before.flags && slices.Equal(p.keywords, before.keywords) {
		return false, nil
	}
	modseq, err := nextModseq(e.tx, p.mailbox)
	if err != nil {
		return false, err
	}
	if _, err := e.tx.Exec("UPDATE placements SET flags = ?, keywords = ?, modseq = ? WHERE mailbox_id = ? AND uid = ?",
		p.flags, encodeKeywords(p.keywords), modseq, p.mailbox, p.uid); err != nil {
		return false, err
	}
	e.w.markDirty(e.tx, p.mailbox)
	e.moved = append(e.moved, p)
	return true, nil
}

// move takes a placement out of its mailbox and puts it, with the flags of p, into another one of the inbox. If the
// message lies there already it only leaves.
func (e *edit) move(from, p placement, to string) error {
	mailbox, err := mailboxID(e.tx, e.in.id, to, e.at)
	if err != nil {
		return err
	}
	var there int
	if err := e.tx.Row("SELECT COUNT(*) FROM placements WHERE mailbox_id = ? AND message_id = ?", sqlite.Args(mailbox, string(p.message)), &there); err != nil {
		return err
	}
	if there == 0 {
		base := string(p.message) + "." + ident.New("c", e.at)[2:]
		m := newMessage{id: p.message, flags: p.flags, keywords: p.keywords, file: base, savedAt: e.at}
		if err := e.w.placeIn(e.tx, mailbox, m); err != nil {
			return err
		}
		e.links = append(e.links, link{from: from, to: maildir.Folder{Inbox: string(e.in.id), Mailbox: to}, base: base})
		moved, err := placements(e.tx, "WHERE p.mailbox_id = ? AND p.message_id = ?", sqlite.Args(mailbox, string(p.message)))
		if err != nil {
			return err
		}
		e.moved = append(e.moved, moved...)
	}
	return e.w.unplace(e.tx, from)
}

func (e *edit) delete(id MessageID, permanent bool) error {
	list, m, err := e.places(id)
	if err != nil {
		return err
	}
	inTrash := !slices.ContainsFunc(list, func(p placement) bool { return p.name != TrashMailbox })
	if !permanent && !inTrash {
		return e.change(id, MessageChange{AddLabels: []string{LabelTrash}})
	}
	for _, p := range list {
		if err := e.w.unplace(e.tx, p); err != nil {
			return err
		}
	}
	return e.remove(m)
}

// remove takes away the row of a message that is in no mailbox any more, and tells of it.
func (e *edit) remove(m Message) error {
	for _, q := range []string{"DELETE FROM unconfirmed WHERE message_id = ?", "DELETE FROM messages WHERE id = ?"} {
		if _, err := e.tx.Exec(q, string(m.ID)); err != nil {
			return err
		}
	}
	if err := dropFromThread(e.tx, m); err != nil {
		return err
	}
	return journal.Append(e.tx, journal.Line{Type: "message.deleted", InboxID: string(m.InboxID), MessageID: string(m.ID), ThreadID: string(m.ThreadID), At: e.at})
}
