package mailstore

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// place puts a message into its mailbox under the next UID, or under the one it had.
func (w *workspace) place(tx *sqlite.Tx, m newMessage) error {
	mailbox, err := w.mailboxID(tx, m.inbox, m.mailbox, m.now)
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
	p := placement{mailbox: mailbox, uid: uid, message: m.id, modseq: modseq, flags: m.flags, keywords: m.keywords, file: m.file, savedAt: m.savedAt,
		size: m.record.size, receivedAt: m.receivedAt.UnixMicro(), wire: m.wire}
	if err := p.insert(tx); err != nil {
		return err
	}
	w.markDirty(tx, mailbox)
	return nil
}

// insert writes the row.
func (p placement) insert(tx *sqlite.Tx) error {
	_, err := tx.Exec(`INSERT INTO placements (mailbox_id, uid, message_id, modseq, flags, keywords, file, saved_at, size, received_at, updated_at, wire)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, p.mailbox, p.uid, string(p.message), p.modseq, p.flags, encodeKeywords(p.keywords), p.file,
		p.savedAt.UnixMicro(), p.size, p.receivedAt, p.updatedAt, p.wire)
	if err != nil {
		return fmt.Errorf("place message: %w", err)
	}
	return nil
}

func nextModseq(tx *sqlite.Tx, mailbox int64) (modseq int64, err error) {
	err = tx.Row("UPDATE mailboxes SET highestmodseq = highestmodseq + 1 WHERE id = ? RETURNING highestmodseq", sqlite.Args(mailbox), &modseq)
	return modseq, err
}

// placement is a message in a mailbox.
type placement struct {
	mailbox    int64
	name       string // of the mailbox
	dir        string // name of its folder
	inbox      InboxID
	uid        uint32
	message    MessageID
	modseq     int64
	flags      Flags
	keywords   []string
	file       string
	savedAt    time.Time
	size       int64
	receivedAt int64 // microseconds, like updatedAt
	updatedAt  int64 // 0: not since it came
	wire       int64 // row in wires; 0: none

	// of the message
	direction Direction
	thread    ThreadID
	status    Status
	places    int // in how many mailboxes it is, or how many times
}

func (p placement) folder() maildir.Folder {
	return maildir.Folder{Inbox: string(p.inbox), Name: p.dir}
}

// placements loads those that a WHERE clause over p (placements) and b (mailboxes) selects.
func placements(tx *sqlite.Tx, where string, args []any) (list []placement, err error) {
	err = tx.Each(`SELECT p.mailbox_id, b.name, b.folder, b.inbox_id, p.uid, p.message_id, p.modseq, p.flags, p.keywords, p.file, p.saved_at, p.size, p.received_at, p.updated_at, p.wire,
		m.direction, m.thread_id, m.status, (SELECT COUNT(*) FROM placements o WHERE o.message_id = p.message_id)
		FROM placements p JOIN mailboxes b ON b.id = p.mailbox_id JOIN messages m ON m.id = p.message_id `+where, args, func(scan func(...any) error) error {
		var p placement
		var keywords string
		var saved int64
		if err := scan(&p.mailbox, &p.name, &p.dir, &p.inbox, &p.uid, &p.message, &p.modseq, &p.flags, &keywords, &p.file, &saved, &p.size, &p.receivedAt, &p.updatedAt, &p.wire,
			&p.direction, &p.thread, &p.status, &p.places); err != nil {
			return err
		}
		p.keywords, p.savedAt = decodeKeywords(keywords), time.UnixMicro(saved).UTC()
		list = append(list, p)
		return nil
	})
	return list, err
}

// MaxExpunged is how many expunged UIDs of a mailbox are remembered; for clients that come from further back, the UIDs
// that are gone follow from those that are there.
const MaxExpunged = 100_000

// pruneExpunged forgets the oldest expunged UIDs of mailboxes that have more than MaxExpunged.
func pruneExpunged(tx *sqlite.Tx) error {
	floors := map[int64]int64{}
	err := tx.Each("SELECT mailbox_id, COUNT(*) FROM expunged GROUP BY mailbox_id HAVING COUNT(*) > ?", sqlite.Args(MaxExpunged), func(scan func(...any) error) error {
		var mailbox, n int64
		err := scan(&mailbox, &n)
		floors[mailbox] = 0
		return err
	})
	if err != nil {
		return err
	}
	for mailbox := range floors {
		var floor int64
		if err := tx.Row("SELECT modseq FROM expunged WHERE mailbox_id = ? ORDER BY modseq DESC LIMIT 1 OFFSET ?", sqlite.Args(mailbox, MaxExpunged), &floor); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM expunged WHERE mailbox_id = ? AND modseq <= ?", mailbox, floor); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE mailboxes SET expunged_floor = ? WHERE id = ?", floor, mailbox); err != nil {
			return err
		}
	}
	return nil
}

// unlinkPath names a file to remove: inbox, folder, base and the flags that its name is thought to tell; without a base,
// the whole folder. A base name is never used twice, so what is noted here can not come to mean a file that lives.
func unlinkPath(f maildir.Folder, name string) string {
	return f.Inbox + "\x00" + f.Name + "\x00" + name
}

// finishUnlinks removes the files that commits gave up. One does it at a time: the name of a folder may come back once its
// row here is gone, so nobody may still hold a list that names it.
func (w *workspace) finishUnlinks() error {
	w.unlinking.Lock()
	defer w.unlinking.Unlock()
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
			if err := w.unlink(p); err != nil {
				return err
			}
		}
		if err := w.db.Change(func(tx *sqlite.Tx) error {
			const together = 50
			for chunk := range slices.Chunk(paths, together) {
				args := make([]any, together) // those that are left over are NULL, which is no path
				for i, p := range chunk {
					args[i] = p
				}
				if _, err := tx.Exec("DELETE FROM unlinks WHERE path IN (?"+strings.Repeat(", ?", together-1)+")", args...); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
}

// unlink removes what unlinkPath named. Rows of the first schema name the mailbox where the folder stands now.
func (w *workspace) unlink(path string) error {
	part := strings.Split(path, "\x00")
	if len(part) != 3 {
		return nil
	}
	f := maildir.Folder{Inbox: part[0], Name: part[1]}
	if f.Name != "" && !strings.HasPrefix(f.Name, ".") {
		f.Name = maildir.FolderName(f.Name)
	}
	if part[2] == "" {
		return w.tree.RemoveFolder(f)
	}
	base, flags := maildir.SplitName(part[2])
	return w.tree.Remove(f, base, flags)
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
