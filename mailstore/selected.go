package mailstore

import (
	"context"
	"slices"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// Entry is a message in a mailbox, as those see it who have the mailbox selected.
type Entry struct {
	UID        uint32
	Modseq     uint64
	Flags      Flags
	Keywords   []string // lower case, sorted; see Spellings
	Size       int64    // octets
	ReceivedAt int64    // INTERNALDATE, seconds since 1970
}

// Changes is what has happened in a mailbox since a MODSEQ.
type Changes struct {
	Mailbox   Mailbox
	RecentUID uint32 // UIDs from here on were shown to no session yet
	Expunged  []uint32
	Whole     bool // the expunged UIDs are not known so far back: what is not there is gone
}

// Changes calls each for every message whose MODSEQ is above since, in the order of UIDs, and tells which are gone. With
// since 0 these are all messages. It is one consistent snapshot; each must not call the store.
func (in Inbox) Changes(ctx context.Context, id MailboxID, since uint64, each func(Entry)) (c Changes, err error) {
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		found := false
		var floor uint64
		err := tx.Each("SELECT "+mailboxColumns+", recent_uid, expunged_floor FROM mailboxes WHERE id = ? AND inbox_id = ?", sqlite.Args(int64(id), string(in.id)),
			func(scan func(...any) error) (err error) {
				found = true
				c.Mailbox, err = readMailbox(scan, &c.RecentUID, &floor)
				return err
			})
		if err != nil {
			return err
		}
		if !found {
			return ErrNotFound
		}
		if since >= c.Mailbox.HighestModseq && since > 0 {
			return nil
		}
		if err := entries(tx, id, since, each); err != nil || since == 0 {
			return err
		}
		if c.Whole = since < floor; c.Whole {
			return nil
		}
		return tx.Each("SELECT uid FROM expunged WHERE mailbox_id = ? AND modseq > ?", sqlite.Args(int64(id), since), func(scan func(...any) error) error {
			var uid uint32
			err := scan(&uid)
			c.Expunged = append(c.Expunged, uid)
			return err
		})
	})
	slices.Sort(c.Expunged)
	return c, err
}

func entries(tx *sqlite.Tx, id MailboxID, since uint64, each func(Entry)) error {
	query := "SELECT uid, modseq, flags, keywords, size, received_at FROM placements WHERE mailbox_id = ? ORDER BY uid"
	args := sqlite.Args(int64(id))
	if since > 0 {
		query = "SELECT uid, modseq, flags, keywords, size, received_at FROM placements INDEXED BY placements_by_modseq WHERE mailbox_id = ? AND modseq > ? ORDER BY uid"
		args = append(args, since)
	}
	var e Entry
	var keywords []byte
	var received int64
	dest := []any{&e.UID, &e.Modseq, &e.Flags, &keywords, &e.Size, &received}
	return tx.Each(query, args, func(scan func(...any) error) error {
		if err := scan(dest...); err != nil {
			return err
		}
		e.Keywords = nil
		if len(keywords) > 0 {
			e.Keywords = decodeKeywords(string(keywords))
		}
		e.ReceivedAt = time.UnixMicro(received).Unix()
		each(e)
		return nil
	})
}

// Expunged gives the UIDs that have left a mailbox since a MODSEQ, ascending (RFC 7162, 3.2.10). known is false if that is
// further back than is remembered.
func (in Inbox) Expunged(ctx context.Context, id MailboxID, since uint64) (uids []uint32, known bool, err error) {
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		var floor uint64
		if err := tx.Row("SELECT expunged_floor FROM mailboxes WHERE id = ? AND inbox_id = ?", sqlite.Args(int64(id), string(in.id)), &floor); err != nil {
			if sqlite.NoRows(err) {
				return ErrNotFound
			}
			return err
		}
		if known = since >= floor; !known {
			return nil
		}
		return tx.Each("SELECT uid FROM expunged WHERE mailbox_id = ? AND modseq > ?", sqlite.Args(int64(id), since), func(scan func(...any) error) error {
			var uid uint32
			err := scan(&uid)
			uids = append(uids, uid)
			return err
		})
	})
	slices.Sort(uids)
	return uids, known, err
}

// SetRecent notes that UIDs below the given one were shown to a session as recent. It is not waited for, and lost in a
// crash: then they are recent once more.
func (in Inbox) SetRecent(ctx context.Context, id MailboxID, uid uint32) error {
	return in.ws.use(ctx, func(w *workspace) error {
		return w.db.Change(func(tx *sqlite.Tx) error {
			_, err := tx.Exec("UPDATE mailboxes SET recent_uid = MAX(recent_uid, ?) WHERE id = ? AND inbox_id = ?", uid, int64(id), string(in.id))
			return err
		})
	})
}

// Spellings is how the user's clients write keywords that are not all lower case, by the lower case form.
func (in Inbox) Spellings(ctx context.Context) (spellings map[string]string, err error) {
	spellings = map[string]string{}
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT keyword, spelling FROM keyword_spellings WHERE inbox_id = ?", sqlite.Args(string(in.id)), func(scan func(...any) error) error {
			var keyword, spelling string
			err := scan(&keyword, &spelling)
			spellings[keyword] = spelling
			return err
		})
	})
	return spellings, err
}

// Version counts the commits of the inbox's workspace since the process began: as long as it stays, nothing has changed.
func (in Inbox) Version() uint64 { return in.ws.store.bells.version(in.ws.id) }

// WaitVersion returns nil when Version is another than seen, or ctx's error. It holds nothing open.
func (in Inbox) WaitVersion(ctx context.Context, seen uint64) error {
	b, id := &in.ws.store.bells, in.ws.id
	w, _ := b.join(id)
	defer b.leave(id, w)
	if b.version(id) != seen {
		return nil
	}
	select {
	case <-w.rung:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
