package mailstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// recover compares the files with the index after an unclean stop: a file of ours without a row was never acknowledged
// and goes to quarantine, unfinished files go, and names are brought in line with flags.
func (w *workspace) recover() error {
	if err := w.root.RemoveAll("tmp"); err != nil {
		return fmt.Errorf("clear spools: %w", err)
	}
	known := map[string]placement{} // by inbox, mailbox folder and base name
	err := w.db.View(noCtx, func(tx *sqlite.Tx) error {
		list, err := placements(tx, "", nil)
		for _, p := range list {
			known[path.Join(p.folder().Dir(), p.file)] = p
		}
		return err
	})
	if err != nil {
		return err
	}
	quarantined := 0
	err = w.eachFolder(func(inbox, dir string) error {
		if err := w.tree.ClearTmp(dir); err != nil {
			return err
		}
		files, err := w.tree.Files(dir)
		if err != nil {
			return err
		}
		for _, f := range files {
			p, ok := known[path.Join(dir, f.Base)]
			if ok {
				if want := fileFlags(p.flags); want != f.Flags {
					if err := w.tree.Rename(p.folder(), p.file, f.Flags, want); err != nil {
						return err
					}
				}
				delete(known, path.Join(dir, f.Base))
			} else if ours(f.Base) {
				quarantined++
				if err := w.tree.Quarantine(f, inbox); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if quarantined > 0 {
		w.store.opts.Log.Warn("files that were never acknowledged are in quarantine", "workspace", w.id, "files", quarantined)
	}
	for name, p := range known {
		w.store.opts.Log.Error("a message's file is missing", "workspace", w.id, "inbox", p.inbox, "message", p.message, "file", name)
	}
	return err
}

// ours reports whether a base name is one that this program gives.
func ours(base string) bool {
	id, _, _ := strings.Cut(base, ".")
	return ident.Valid("msg", id)
}

func (w *workspace) eachFolder(do func(inbox, dir string) error) error {
	inboxes, err := w.tree.Inboxes()
	if err != nil {
		return err
	}
	for _, inbox := range inboxes {
		dirs, err := w.tree.Dirs(inbox)
		if err != nil {
			return err
		}
		for _, dir := range dirs {
			if err := do(inbox, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// adopt takes in the files that other programs put into new of the folders that the index knows.
func (w *workspace) adopt() error {
	type known struct {
		id     int64
		name   string
		inbox  InboxID
		folder string
	}
	var mailboxes []known
	err := w.db.View(noCtx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT id, inbox_id, name, folder FROM mailboxes", nil, func(scan func(...any) error) error {
			var m known
			err := scan(&m.id, &m.inbox, &m.name, &m.folder)
			mailboxes = append(mailboxes, m)
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, m := range mailboxes {
		folder := maildir.Folder{Inbox: string(m.inbox), Name: m.folder}
		names, err := w.tree.NamesInNew(folder.Dir())
		if err != nil {
			return err
		}
		for _, name := range names {
			if base, _ := maildir.SplitName(name); ours(base) || strings.HasPrefix(name, ".") || w.indexed(m.id, base) {
				continue
			}
			if err := w.adoptFile(folder, m.inbox, m.name, path.Join(folder.Dir(), "new", name)); err != nil {
				w.store.opts.Log.Warn("take in a foreign file", "workspace", w.id, "inbox", m.inbox, "err", err)
			}
		}
	}
	return nil
}

// indexed reports whether a mailbox has a row for this base name: a rebuild keeps foreign names.
func (w *workspace) indexed(mailbox int64, base string) bool {
	var n int
	err := w.db.View(noCtx, func(tx *sqlite.Tx) error {
		return tx.Row("SELECT COUNT(*) FROM placements WHERE mailbox_id = ? AND file = ?", sqlite.Args(mailbox, base), &n)
	})
	return err != nil || n > 0
}

// adoptFile gives a foreign file a name of ours, its rows, and takes the old name away.
func (w *workspace) adoptFile(folder maildir.Folder, inbox InboxID, mailbox, name string) error {
	now := w.now()
	rec, modified, err := w.readFile(name)
	if err != nil {
		return err
	}
	id := MessageID(ident.New("msg", now))
	if err := w.tree.Link(name, folder, string(id), ""); err != nil {
		return err
	}
	if err := w.tree.Sync(folder, ""); err != nil {
		return w.fail(err)
	}
	err = w.change(func(tx *sqlite.Tx) error {
		return w.insertMessage(tx, newMessage{id: id, inbox: inbox, record: rec, direction: Appended, mailbox: mailbox, file: string(id),
			receivedAt: modified, now: now, event: "message.appended"})
	})
	if err != nil {
		return errors.Join(err, w.tree.Remove(folder, string(id), ""))
	}
	return w.tree.RemovePath(name)
}

// readFile parses a file that a scan found. Large ones wait for a slot.
func (w *workspace) readFile(name string) (*record, time.Time, error) {
	f, err := w.tree.OpenPath(name)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, time.Time{}, err
	}
	if info.Size() > largeMessage {
		w.store.parses <- struct{}{}
		defer func() { <-w.store.parses }()
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		return nil, time.Time{}, err
	}
	rec, err := newRecord(raw)
	return rec, info.ModTime().UTC().Truncate(time.Microsecond), err
}

// RemoveInbox deletes all mail of an inbox for good: rows, files and what the index remembered. It may be repeated.
func (h Workspace) RemoveInbox(ctx context.Context, id InboxID) error {
	return h.use(ctx, func(w *workspace) error {
		var queued []string
		err := w.change(func(tx *sqlite.Tx) (err error) {
			if queued, err = removeOutgoing(tx, id); err != nil {
				return err
			}
			for _, q := range []string{
				"DELETE FROM wires WHERE id IN (SELECT wire FROM placements WHERE mailbox_id IN (SELECT id FROM mailboxes WHERE inbox_id = ?))",
				"DELETE FROM placements WHERE mailbox_id IN (SELECT id FROM mailboxes WHERE inbox_id = ?)",
				"DELETE FROM expunged WHERE mailbox_id IN (SELECT id FROM mailboxes WHERE inbox_id = ?)",
				"DELETE FROM messages WHERE inbox_id = ?",
				"DELETE FROM mailboxes WHERE inbox_id = ?",
				"DELETE FROM subscriptions WHERE inbox_id = ?",
				"DELETE FROM keyword_spellings WHERE inbox_id = ?",
				"DELETE FROM thread_ids WHERE inbox_id = ?",
				"DELETE FROM threads WHERE inbox_id = ?",
				"DELETE FROM unconfirmed WHERE inbox_id = ?",
				"DELETE FROM senders WHERE inbox_id = ?",
				"DELETE FROM lists WHERE inbox_id = ?",
				"DELETE FROM tallies WHERE inbox_id = ?",
				"DELETE FROM rejections WHERE inbox_id = ?",
				"DELETE FROM reports WHERE inbox_id = ? AND kind = ''",
				"DELETE FROM answers WHERE outgoing_id IN (SELECT message_id FROM drafts WHERE inbox_id = ?)",
				"DELETE FROM drafts WHERE inbox_id = ?",
				"UPDATE journal SET data = '' WHERE inbox_id = ? AND message_id <> ''",
			} {
				if _, err := tx.Exec(q, string(id)); err != nil {
					return fmt.Errorf("remove inbox: %w", err)
				}
			}
			return nil
		})
		for _, name := range queued {
			err = errors.Join(err, w.tree.Unqueue(name))
		}
		if err != nil {
			return err
		}
		return w.tree.RemoveInbox(string(id))
	})
}
