package mailstore

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// defaults are the mailboxes that an inbox gets with its first message, and what they are for (RFC 6154).
var defaults = []struct{ name, use string }{
	{InboxMailbox, ""}, {SentMailbox, `\Sent`}, {DraftsMailbox, `\Drafts`}, {TrashMailbox, `\Trash`}, {JunkMailbox, `\Junk`}, {ArchiveMailbox, `\Archive`},
}

// mailboxID finds a mailbox of an inbox by name. The default ones are made, all at once, when the first is asked for.
func mailboxID(tx *sqlite.Tx, inbox InboxID, name string, now time.Time) (id int64, err error) {
	find := func() error {
		return tx.Row("SELECT id FROM mailboxes WHERE inbox_id = ? AND name = ?", sqlite.Args(string(inbox), name), &id)
	}
	if err = find(); !sqlite.NoRows(err) {
		return id, err
	}
	for _, d := range defaults {
		if err := insertMailbox(tx, mailboxRow{inbox: inbox, name: d.name, use: d.use, uidnext: 1, modseq: 1}, now); err != nil {
			return 0, err
		}
	}
	if err = find(); sqlite.NoRows(err) {
		return 0, ErrNotFound
	}
	return id, err
}

type mailboxRow struct {
	id          int64
	objectID    string
	inbox       InboxID
	name, use   string
	subscribed  bool
	uidvalidity uint32
	uidnext     uint32
	modseq      int64
}

// insertMailbox makes a mailbox, unless the inbox has one of that name. Missing numbers are filled in: UIDVALIDITY is
// the second of its making, which only grows (RFC 9051, 2.3.1.1).
func insertMailbox(tx *sqlite.Tx, m mailboxRow, now time.Time) error {
	if m.objectID == "" {
		m.objectID, m.subscribed = ident.New("mbx", now), true
	}
	if m.uidvalidity == 0 {
		m.uidvalidity = uint32(now.Unix())
	}
	_, err := tx.Exec(`INSERT INTO mailboxes (object_id, inbox_id, name, special_use, subscribed, uidvalidity, uidnext, highestmodseq, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (inbox_id, name) DO NOTHING`,
		m.objectID, string(m.inbox), m.name, m.use, m.subscribed, m.uidvalidity, m.uidnext, m.modseq, now.UnixMicro())
	if err != nil {
		return fmt.Errorf("make mailbox: %w", err)
	}
	return nil
}

// place puts a message into its mailbox under the next UID, or under the one it had.
func (w *workspace) place(tx *sqlite.Tx, m newMessage) error {
	mailbox, err := mailboxID(tx, m.inbox, m.mailbox, m.now)
	if err != nil {
		return err
	}
	if m.savedAt.IsZero() {
		m.savedAt = m.now
	}
	return w.placeIn(tx, mailbox, m)
}

func (w *workspace) placeIn(tx *sqlite.Tx, mailbox int64, m newMessage) error {
	uid, modseq := m.uid, int64(0)
	var err error
	if uid == 0 {
		err = tx.Row("UPDATE mailboxes SET uidnext = uidnext + 1, highestmodseq = highestmodseq + 1 WHERE id = ? RETURNING uidnext - 1, highestmodseq",
			sqlite.Args(mailbox), &uid, &modseq)
	} else {
		modseq, err = nextModseq(tx, mailbox)
	}
	if err != nil {
		return fmt.Errorf("take uid: %w", err)
	}
	_, err = tx.Exec("INSERT INTO placements (mailbox_id, uid, message_id, modseq, flags, keywords, file, saved_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		mailbox, uid, string(m.id), modseq, m.flags, encodeKeywords(m.keywords), m.file, m.savedAt.UnixMicro())
	if err != nil {
		return fmt.Errorf("place message: %w", err)
	}
	w.markDirty(tx, mailbox)
	return nil
}

func nextModseq(tx *sqlite.Tx, mailbox int64) (modseq int64, err error) {
	err = tx.Row("UPDATE mailboxes SET highestmodseq = highestmodseq + 1 WHERE id = ? RETURNING highestmodseq", sqlite.Args(mailbox), &modseq)
	return modseq, err
}

// placement is a message in a mailbox.
type placement struct {
	mailbox  int64
	name     string // of the mailbox
	inbox    InboxID
	uid      uint32
	message  MessageID
	modseq   int64
	flags    Flags
	keywords []string
	file     string
	savedAt  time.Time
}

func (p placement) folder() maildir.Folder {
	return maildir.Folder{Inbox: string(p.inbox), Mailbox: p.name}
}

// placements loads those that a WHERE clause over p (placements) and b (mailboxes) selects.
func placements(tx *sqlite.Tx, where string, args []any) (list []placement, err error) {
	err = tx.Each(`SELECT p.mailbox_id, b.name, b.inbox_id, p.uid, p.message_id, p.modseq, p.flags, p.keywords, p.file, p.saved_at
		FROM placements p JOIN mailboxes b ON b.id = p.mailbox_id `+where, args, func(scan func(...any) error) error {
		var p placement
		var keywords string
		var saved int64
		if err := scan(&p.mailbox, &p.name, &p.inbox, &p.uid, &p.message, &p.modseq, &p.flags, &keywords, &p.file, &saved); err != nil {
			return err
		}
		p.keywords, p.savedAt = decodeKeywords(keywords), time.UnixMicro(saved).UTC()
		list = append(list, p)
		return nil
	})
	return list, err
}

// unplace takes a message out of a mailbox: the row goes, its UID is logged as expunged, its file is noted for removal.
func (w *workspace) unplace(tx *sqlite.Tx, p placement) error {
	modseq, err := nextModseq(tx, p.mailbox)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		query string
		args  []any
	}{
		{"DELETE FROM placements WHERE mailbox_id = ? AND uid = ?", sqlite.Args(p.mailbox, p.uid)},
		{"INSERT INTO expunged (mailbox_id, modseq, uid) VALUES (?, ?, ?)", sqlite.Args(p.mailbox, modseq, p.uid)},
		{"INSERT INTO unlinks (path) VALUES (?) ON CONFLICT DO NOTHING", sqlite.Args(unlinkPath(p))},
	} {
		if _, err := tx.Exec(step.query, step.args...); err != nil {
			return fmt.Errorf("expunge: %w", err)
		}
	}
	w.markDirty(tx, p.mailbox)
	return nil
}

// unlinkPath names a file to remove: inbox, mailbox, base. A base name is never used twice, so what is noted here can
// not come to mean a file that lives.
func unlinkPath(p placement) string { return string(p.inbox) + "\x00" + p.name + "\x00" + p.file }

// finishUnlinks removes the files that commits gave up.
func (w *workspace) finishUnlinks() error {
	for {
		var paths []string
		if err := w.db.View(noCtx, func(tx *sqlite.Tx) error {
			return tx.Each("SELECT path FROM unlinks LIMIT 500", nil, func(scan func(...any) error) error {
				var p string
				err := scan(&p)
				paths = append(paths, p)
				return err
			})
		}); err != nil || len(paths) == 0 {
			return err
		}
		for _, p := range paths {
			part := strings.Split(p, "\x00")
			if len(part) != 3 {
				continue
			}
			if err := w.tree.Remove(maildir.Folder{Inbox: part[0], Mailbox: part[1]}, part[2], ""); err != nil {
				return err
			}
		}
		if err := w.db.Change(func(tx *sqlite.Tx) error {
			for _, p := range paths {
				if _, err := tx.Exec("DELETE FROM unlinks WHERE path = ?", p); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
}

func encodeKeywords(list []string) string {
	if len(list) == 0 {
		return ""
	}
	b, _ := json.Marshal(list) // strings always encode
	return string(b)
}

func decodeKeywords(text string) (list []string) {
	if text != "" {
		json.Unmarshal([]byte(text), &list) // what encodeKeywords wrote
	}
	return list
}

// fileFlags is the end of a file's name that tells its flags (the Maildir convention, letters in ASCII order); "" lies
// in new.
func fileFlags(f Flags) string {
	if f == 0 {
		return ""
	}
	s := ":2,"
	for _, x := range []struct {
		flag   Flags
		letter string
	}{{Draft, "D"}, {Flagged, "F"}, {Answered, "R"}, {Seen, "S"}, {Deleted, "T"}} {
		if f&x.flag != 0 {
			s += x.letter
		}
	}
	return s
}

func parseFileFlags(s string) (f Flags) {
	for _, c := range strings.TrimPrefix(s, ":2,") {
		switch c {
		case 'D':
			f |= Draft
		case 'F':
			f |= Flagged
		case 'R':
			f |= Answered
		case 'S':
			f |= Seen
		case 'T':
			f |= Deleted
		}
	}
	return f
}

func contains[T comparable](list []T, x T) bool { return slices.Contains(list, x) }
