package mailstore

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// A state file lies in each mailbox's folder and says, for the day the index is lost, what the files alone do not: one
// JSON object a line, the mailbox first, then its messages. It is written behind the index.
const stateVersion = 1

// How far a state file may be behind: stateDelay, and a millisecond for each message, so that large mailboxes are
// written less often.
const stateDelay = 30 * time.Second

type stateHead struct {
	Version       int    `json:"version"`
	Mailbox       string `json:"mailbox"`
	ObjectID      string `json:"objectId"`
	SpecialUse    string `json:"specialUse,omitempty"`
	Subscribed    bool   `json:"subscribed"`
	UIDValidity   uint32 `json:"uidvalidity"`
	UIDNext       uint32 `json:"uidnext"`
	HighestModseq int64  `json:"highestmodseq"`

	Merged map[ThreadID]ThreadID `json:"merged,omitempty"` // of the inbox, in INBOX's file: threads that lead to another
}

type stateLine struct {
	UID         uint32    `json:"uid"`
	File        string    `json:"file"`
	Message     MessageID `json:"message"`
	Thread      ThreadID  `json:"thread"`
	Direction   Direction `json:"direction"`
	DeliveredTo string    `json:"deliveredTo,omitempty"`
	Sender      string    `json:"sender,omitempty"`
	Flags       Flags     `json:"flags,omitempty"`
	Keywords    []string  `json:"keywords,omitempty"`
	ReceivedAt  time.Time `json:"receivedAt"`
	CreatedAt   time.Time `json:"createdAt"`
	SavedAt     time.Time `json:"savedAt"`
	Draft       *draftRow `json:"draft,omitempty"`
}

// markDirty notes, once the commit is done, that the mailbox's state file is behind.
func (w *workspace) markDirty(tx *sqlite.Tx, mailbox int64) {
	tx.After(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.dirty[mailbox] == nil {
			w.dirty[mailbox] = &dirtyMark{due: w.store.opts.Clock().Add(stateDelay)}
		}
	})
}

// markInboxDirty is markDirty for all mailboxes of an inbox.
func (w *workspace) markInboxDirty(tx *sqlite.Tx, inbox InboxID) error {
	return tx.Each("SELECT id FROM mailboxes WHERE inbox_id = ?", sqlite.Args(string(inbox)), func(scan func(...any) error) error {
		var id int64
		if err := scan(&id); err != nil {
			return err
		}
		w.markDirty(tx, id)
		return nil
	})
}

// writeStates writes the state files that are due, or all that are behind.
func (w *workspace) writeStates(now time.Time, all bool) {
	w.mu.Lock()
	var due []int64
	for id, mark := range w.dirty {
		if all || !now.Before(mark.due) {
			due = append(due, id)
			delete(w.dirty, id)
		}
	}
	w.mu.Unlock()
	for _, id := range due {
		lines, err := w.writeState(id)
		if err != nil {
			w.store.opts.Log.Warn("write state file", "workspace", w.id, "err", err)
			w.mu.Lock()
			w.dirty[id] = &dirtyMark{due: now.Add(stateDelay)}
			w.mu.Unlock()
			continue
		}
		if extra := time.Duration(lines) * time.Millisecond; extra > stateDelay && !all {
			w.mu.Lock()
			if mark := w.dirty[id]; mark != nil {
				mark.due = mark.due.Add(extra)
			}
			w.mu.Unlock()
		}
	}
}

// writeState writes one mailbox's state file from one snapshot of the index.
func (w *workspace) writeState(mailbox int64) (lines int, err error) {
	err = w.db.View(noCtx, func(tx *sqlite.Tx) error {
		head := stateHead{Version: stateVersion}
		var inbox, folder string
		err := tx.Row(`SELECT inbox_id, folder, name, object_id, special_use, EXISTS (SELECT 1 FROM subscriptions s WHERE s.inbox_id = mailboxes.inbox_id AND s.name = mailboxes.name),
			uidvalidity, uidnext, highestmodseq FROM mailboxes WHERE id = ?`,
			sqlite.Args(mailbox), &inbox, &folder, &head.Mailbox, &head.ObjectID, &head.SpecialUse, &head.Subscribed, &head.UIDValidity, &head.UIDNext, &head.HighestModseq)
		if sqlite.NoRows(err) { // its inbox was removed
			return nil
		}
		if err != nil {
			return err
		}
		if head.Mailbox == InboxMailbox {
			if head.Merged, err = mergedThreads(tx, inbox); err != nil {
				return err
			}
		}
		return w.tree.WriteState(maildir.Folder{Inbox: inbox, Name: folder}, func(f *os.File) error {
			out := bufio.NewWriterSize(f, 64<<10)
			enc := json.NewEncoder(out)
			if err := enc.Encode(head); err != nil {
				return err
			}
			err := tx.Each(`SELECT p.uid, p.file, p.message_id, m.thread_id, m.direction, m.delivered_to, m.sender, p.flags, p.keywords,
				m.received_at, m.created_at, p.saved_at, d.message_id IS NOT NULL, COALESCE(d.revision, 0), COALESCE(d.send_at, 0), COALESCE(d.unsubscribe, 0), COALESCE(d.answers, ''), COALESCE(d.failure, '')
				FROM placements p JOIN messages m ON m.id = p.message_id LEFT JOIN drafts d ON d.message_id = p.message_id WHERE p.mailbox_id = ? ORDER BY p.uid`,
				sqlite.Args(mailbox), func(scan func(...any) error) error {
					var l stateLine
					var keywords string
					var received, created, saved int64
					var isDraft bool
					var draft draftRow
					if err := scan(&l.UID, &l.File, &l.Message, &l.Thread, &l.Direction, &l.DeliveredTo, &l.Sender, &l.Flags, &keywords, &received, &created, &saved,
						&isDraft, &draft.Revision, &draft.SendAt, &draft.Unsubscribe, &draft.Answers, &draft.Failure); err != nil {
						return err
					}
					l.Keywords = decodeKeywords(keywords)
					l.ReceivedAt, l.CreatedAt, l.SavedAt = time.UnixMicro(received).UTC(), time.UnixMicro(created).UTC(), time.UnixMicro(saved).UTC()
					if isDraft {
						l.Draft = &draft
					}
					lines++
					return enc.Encode(l)
				})
			if err != nil {
				return err
			}
			return out.Flush()
		})
	})
	return lines, err
}

func mergedThreads(tx *sqlite.Tx, inbox string) (map[ThreadID]ThreadID, error) {
	merged := map[ThreadID]ThreadID{}
	err := tx.Each("SELECT id, merged_into FROM threads WHERE inbox_id = ? AND merged_into <> ''", sqlite.Args(inbox), func(scan func(...any) error) error {
		var gone, live ThreadID
		err := scan(&gone, &live)
		merged[gone] = live
		return err
	})
	return merged, err
}

// state is a state file that was read.
type state struct {
	head  stateHead
	lines map[string]stateLine // by base name
}

// readState reads what writeState wrote. A file that is damaged gives what stands before the damage, and the error.
func readState(r io.Reader) (*state, error) {
	s := &state{lines: map[string]stateLine{}}
	dec := json.NewDecoder(bufio.NewReaderSize(r, 64<<10))
	if err := dec.Decode(&s.head); err != nil {
		return nil, fmt.Errorf("read state file: %w", err)
	}
	if s.head.Version != stateVersion {
		return nil, fmt.Errorf("read state file: version %d is unknown", s.head.Version)
	}
	for {
		var l stateLine
		if err := dec.Decode(&l); err == io.EOF {
			return s, nil
		} else if err != nil {
			return s, fmt.Errorf("read state file: %w", err)
		}
		s.lines[l.File] = l
	}
}
