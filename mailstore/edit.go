package mailstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// MaxPlaces is in how many mailboxes one message is, or how many times.
const MaxPlaces = 100

var errTooManyPlaces = fault.New(fault.Exhausted, "limit_reached", "A message is in at most %d places (limit placesPerMessage).", MaxPlaces)

// edit is a change of messages of one inbox, on its way into one commit.
type edit struct {
	in      Inbox
	w       *workspace
	tx      *sqlite.Tx
	at      time.Time
	links   []link // names that the files need before the commit
	renamed []renamed
	modseqs map[int64]int64 // of the mailboxes that this change has touched
	taken   int             // placements that this change took out of mailboxes
}

type link struct {
	from  placement
	to    maildir.Folder
	base  string
	flags string
}

// renamed is a file whose name is to tell other flags.
type renamed struct {
	placement placement // with the flags as they are now
	was       Flags
}

// edit runs do inside a commit. Names that files need are made and synced before it, those that are not needed any more
// go after it.
func (in Inbox) edit(ctx context.Context, do func(*edit) error) error {
	return in.ws.use(ctx, func(w *workspace) error { return in.editOpen(w, do) })
}

// editOpen is edit of a workspace that the caller holds open.
func (in Inbox) editOpen(w *workspace, do func(*edit) error) error {
	e := &edit{in: in, w: w}
	var earlier []link // of a run that was undone and repeated
	err := w.change(func(tx *sqlite.Tx) error {
		earlier = append(earlier, e.links...)
		e.tx, e.links, e.renamed, e.modseqs, e.taken = tx, nil, nil, nil, 0
		e.at = w.now()
		if err := do(e); err != nil {
			return err
		}
		return e.makeNames()
	})
	if err != nil {
		earlier = append(earlier, e.links...)
	}
	for _, l := range earlier {
		if !w.db.Broken() { // else nobody knows what was committed: recovery compares
			w.tree.Remove(l.to, l.base, l.flags)
		}
	}
	if err != nil {
		return err
	}
	w.renameFiles(e.renamed)
	if e.taken <= renamedAtOnce {
		w.removeFiles()
		return nil
	}
	go in.ws.use(noCtx, func(w *workspace) error { // many: nobody waits for it but who closes the workspace
		w.removeFiles()
		return nil
	})
	return nil
}

// removeFiles removes what changes gave up. They are done; what cannot be removed now is at the next chance.
func (w *workspace) removeFiles() {
	if err := w.finishUnlinks(); err != nil {
		w.store.opts.Log.Warn("remove files", "workspace", w.id, "err", err)
	}
}

// modseq is the MODSEQ that all of this change has in a mailbox.
func (e *edit) modseq(mailbox int64) (int64, error) {
	if m := e.modseqs[mailbox]; m > 0 {
		return m, nil
	}
	m, err := nextModseq(e.tx, mailbox)
	if e.modseqs == nil {
		e.modseqs = map[int64]int64{}
	}
	e.modseqs[mailbox] = m
	return m, err
}

// makeNames links the files of messages that were copied or moved into their new folders, durably.
func (e *edit) makeNames() error {
	type place struct {
		folder maildir.Folder
		inCur  bool
	}
	synced := map[place]bool{}
	for _, l := range e.links {
		if err := e.linkFile(l); err != nil {
			return e.w.fail(err)
		}
		synced[place{l.to, l.flags != ""}] = true
	}
	for p := range synced {
		flags := ""
		if p.inCur {
			flags = ":2,"
		}
		if err := e.w.tree.Sync(p.folder, flags); err != nil {
			return e.w.fail(err)
		}
	}
	return nil
}

// linkFile gives a file one more name. Its own name may tell other flags than is thought, and change while it is looked for.
func (e *edit) linkFile(l link) (err error) {
	from := l.from.folder()
	path := from.Path(l.from.file, fileFlags(e.w.names.onDisk(l.from)))
	for range 4 {
		if err = e.w.tree.Link(path, l.to, l.base, l.flags); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if path, err = e.w.tree.Find(from, l.from.file, fileFlags(l.from.flags)); err != nil {
			return errDisk.Because(err)
		}
	}
	return errDisk.Because(err)
}

func (e *edit) places(id MessageID) ([]placement, Message, error) {
	m, err := e.in.message(e.tx, id)
	if err != nil {
		return nil, m, err
	}
	list, err := placements(e.tx, "WHERE p.message_id = ?", sqlite.Args(string(id)))
	return list, m, err
}

// setFlags gives a placement the flags and keywords that p has; before is what it was.
func (e *edit) setFlags(before, p placement) error {
	modseq, err := e.modseq(p.mailbox)
	if err != nil {
		return err
	}
	if _, err := e.tx.Exec("UPDATE placements SET flags = ?, keywords = ?, modseq = ?, updated_at = ? WHERE mailbox_id = ? AND uid = ?",
		p.flags, encodeKeywords(p.keywords), modseq, e.at.UnixMicro(), p.mailbox, p.uid); err != nil {
		return err
	}
	e.w.markDirty(e.tx, p.mailbox)
	if p.flags != before.flags {
		e.renamed = append(e.renamed, renamed{p, before.flags})
	}
	return nil
}

// transfer is place, tells of it, and gives the UIDs there.
func (e *edit) transfer(list []placement, to string, move bool) (uids []uint32, err error) {
	placed, err := e.place(list, to, move)
	for _, p := range placed {
		uids = append(uids, p.uid)
	}
	if err != nil {
		return nil, err
	}
	return uids, e.touch(placed)
}

// place puts messages into the mailbox of that name, in the order given, with their flags, and takes them out of where
// they are if they move. It gives them as they are there.
func (e *edit) place(list []placement, to string, move bool) (placed []placement, err error) {
	if err := e.judge(list, to); err != nil {
		return nil, err
	}
	mailbox, err := e.w.mailboxID(e.tx, e.in.id, to, e.at)
	if err != nil {
		return nil, err
	}
	modseq, err := e.modseq(mailbox)
	if err != nil {
		return nil, err
	}
	var first uint32
	var folder string
	if err := e.tx.Row("UPDATE mailboxes SET uidnext = uidnext + ? WHERE id = ? RETURNING uidnext - ?, folder", sqlite.Args(len(list), mailbox, len(list)), &first, &folder); err != nil {
		return nil, err
	}
	added := map[MessageID]int{}
	for i, p := range list {
		if added[p.message]++; !move && p.places+added[p.message] > MaxPlaces {
			return nil, errTooManyPlaces
		}
		there := p
		there.mailbox, there.name, there.dir, there.uid, there.modseq = mailbox, to, folder, first+uint32(i), modseq
		there.file = string(p.message) + "." + ident.New("c", e.at)[2:]
		there.savedAt, there.updatedAt = e.at, e.at.UnixMicro()
		if to != JunkMailbox && to != TrashMailbox {
			there.keywords = slices.DeleteFunc(slices.Clone(p.keywords), func(k string) bool { return k == LabelBlocked })
		}
		if !move {
			there.places += added[p.message]
		}
		if err := there.insert(e.tx); err != nil {
			return nil, err
		}
		e.links = append(e.links, link{from: p, to: there.folder(), base: there.file, flags: fileFlags(p.flags)})
		placed = append(placed, there)
	}
	if move {
		if err := e.take(list); err != nil {
			return nil, err
		}
	}
	e.w.markDirty(e.tx, mailbox)
	return placed, nil
}

// take takes placements of one mailbox out of it: the rows go, their UIDs are logged as expunged, their files are noted for
// removal.
func (e *edit) take(list []placement) error {
	if len(list) == 0 {
		return nil
	}
	e.taken += len(list)
	mailbox := list[0].mailbox
	modseq, err := e.modseq(mailbox)
	if err != nil {
		return err
	}
	uids := make([]uint32, len(list))
	for i, p := range list {
		uids[i] = p.uid
		path := unlinkPath(p.folder(), p.file+fileFlags(e.w.names.onDisk(p)))
		if _, err := e.tx.Exec("INSERT INTO unlinks (path) VALUES (?) ON CONFLICT DO NOTHING", path); err != nil {
			return err
		}
	}
	gone, _ := json.Marshal(uids) // numbers always encode
	if _, err := e.tx.Exec("DELETE FROM placements WHERE mailbox_id = ? AND uid IN (SELECT value FROM json_each(?))", mailbox, string(gone)); err != nil {
		return fmt.Errorf("expunge: %w", err)
	}
	if _, err := e.tx.Exec("INSERT INTO expunged (mailbox_id, modseq, uid) SELECT ?, ?, value FROM json_each(?)", mailbox, modseq, string(gone)); err != nil {
		return fmt.Errorf("expunge: %w", err)
	}
	e.w.markDirty(e.tx, mailbox)
	return nil
}

// left is called with placements that are gone: messages that are in no mailbox any more go, of the others it is told
// that they have changed.
func (e *edit) left(list []placement) error {
	var stay, gone []placement
	done := map[MessageID]bool{}
	for _, p := range list {
		if done[p.message] {
			continue
		}
		done[p.message] = true
		places := 0
		if p.places > 1 {
			if err := e.tx.Row("SELECT COUNT(*) FROM placements WHERE message_id = ?", sqlite.Args(string(p.message)), &places); err != nil {
				return err
			}
		}
		if places == 0 {
			gone = append(gone, p)
			continue
		}
		stay = append(stay, p)
		if _, err := e.tx.Exec("UPDATE placements SET updated_at = ? WHERE message_id = ?", e.at.UnixMicro(), string(p.message)); err != nil {
			return err
		}
	}
	if err := e.remove(gone); err != nil {
		return err
	}
	return e.touch(stay)
}

// remove takes away the rows of messages that are in no mailbox any more, and tells of it.
func (e *edit) remove(list []placement) error {
	if len(list) == 0 {
		return nil
	}
	ids, wires, threads := make([]MessageID, len(list)), make([]int64, len(list)), make([]ThreadID, len(list))
	for i, p := range list {
		ids[i], wires[i], threads[i] = p.message, p.wire, p.thread
	}
	encodedWires, _ := json.Marshal(wires) // numbers always encode
	for _, step := range []struct{ query, list string }{
		{"DELETE FROM unconfirmed WHERE message_id IN (SELECT value FROM json_each(?))", encodeIDs(ids)},
		{"DELETE FROM drafts WHERE message_id IN (SELECT value FROM json_each(?))", encodeIDs(ids)},
		{"DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))", encodeIDs(ids)},
		{"DELETE FROM wires WHERE id IN (SELECT value FROM json_each(?))", string(encodedWires)},
	} {
		if _, err := e.tx.Exec(step.query, step.list); err != nil {
			return fmt.Errorf("remove message: %w", err)
		}
	}
	slices.Sort(threads)
	if err := shrinkThreads(e.tx, slices.Compact(threads)); err != nil {
		return err
	}
	for _, p := range list {
		l := journal.Line{Type: "message.deleted", InboxID: string(e.in.id), MessageID: string(p.message), ThreadID: string(p.thread), At: e.at}
		if err := journal.Append(e.tx, l); err != nil {
			return err
		}
	}
	return nil
}

// change is what a journal's line of message.updated holds: what of the message is not as it was when it came. The rest
// is read from the message itself; see hydrate.
type change struct {
	Labels    []string  `json:"labels"`
	Mailboxes []string  `json:"mailboxes"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// touch notes in the journal that messages have changed. The placements are as they are now.
func (e *edit) touch(list []placement) error {
	var ids []MessageID
	places := map[MessageID][]placement{}
	var several []MessageID // in more than one place
	for _, p := range list {
		if _, known := places[p.message]; known {
			continue
		}
		ids = append(ids, p.message)
		if places[p.message] = []placement{p}; p.places > 1 {
			several = append(several, p.message)
		}
	}
	if len(several) > 0 {
		all, err := placesOf(e.tx, several)
		if err != nil {
			return err
		}
		for id, p := range all {
			places[id] = p
		}
	}
	for _, id := range ids {
		p := places[id]
		data, err := json.Marshal(struct {
			Change change `json:"change"`
		}{change{labelsOf(p[0].direction, p), mailboxNames(p), e.at}})
		if err != nil {
			return err
		}
		l := journal.Line{Type: "message.updated", InboxID: string(e.in.id), MessageID: string(id), ThreadID: string(p[0].thread), At: e.at, Data: data}
		if err := journal.Append(e.tx, l); err != nil {
			return err
		}
	}
	return nil
}

// hydrate completes the lines of touch and appendDelivery to the message as it was then. Of a message that is gone only the
// ids are left, and what became of its recipient.
func hydrate(tx *sqlite.Tx, lines []journal.Line) error {
	type held struct {
		Change *change `json:"change"`
		deliveryNews
	}
	news := map[int]held{}
	var ids []MessageID
	for i, l := range lines {
		if !bytes.HasPrefix(l.Data, []byte(`{"change"`)) && !bytes.HasPrefix(l.Data, []byte(`{"delivery"`)) {
			continue
		}
		var h held
		if err := json.Unmarshal(l.Data, &h); err != nil {
			return err
		}
		if h.Change != nil || h.Delivery != nil {
			news[i] = h
			ids = append(ids, MessageID(l.MessageID))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	messages, err := messagesByID(tx, slices.Compact(ids))
	if err != nil {
		return err
	}
	for i, h := range news {
		l := &lines[i]
		m, there := messages[MessageID(l.MessageID)]
		switch {
		case h.Delivery != nil:
			if !there {
				m = Message{ID: MessageID(l.MessageID), InboxID: InboxID(l.InboxID), ThreadID: ThreadID(l.ThreadID)}
			}
			m.Status = h.Status
			l.Data, err = json.Marshal(struct {
				Message
				Delivery *Delivery `json:"delivery"`
			}{m, h.Delivery})
		case there:
			m.Labels, m.Mailboxes, m.UpdatedAt = h.Change.Labels, h.Change.Mailboxes, h.Change.UpdatedAt
			l.Data, err = json.Marshal(m)
		default:
			l.Data = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
