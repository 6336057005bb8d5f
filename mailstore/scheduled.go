package mailstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// DueDraft is a draft whose time has come.
type DueDraft struct {
	Inbox InboxID
	Draft DraftRef // as it was when it was looked for; "" of one that is not in Drafts any more
}

// DueDrafts lists drafts that are to be sent by now, those first that are due longest.
func (b Outbox) DueDrafts(ctx context.Context, now time.Time, limit int) (list []DueDraft, err error) {
	err = b.ws.view(ctx, func(tx *sqlite.Tx) error {
		if err := tx.Each("SELECT inbox_id, message_id FROM drafts WHERE send_at > 0 AND send_at <= ? ORDER BY send_at, message_id LIMIT ?", sqlite.Args(now.UnixMicro(), limit), func(scan func(...any) error) error {
			var x DueDraft
			err := scan(&x.Inbox, &x.Draft.ID)
			list = append(list, x)
			return err
		}); err != nil {
			return err
		}
		for i, x := range list {
			d, places, err := b.ws.Inbox(x.Inbox).draft(tx, x.Draft.ID)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
			if err == nil && places[0].flags&Deleted == 0 { // who flagged it so wants it away
				list[i].Draft.Version = d.Version
			}
		}
		return nil
	})
	return list, err
}

// DropDraftTime takes its time from a draft that could not be sent then, and notes why. It is ErrDraftChanged if the draft is not
// as it was any more.
func (in Inbox) DropDraftTime(ctx context.Context, x DueDraft, why string) error {
	return in.edit(ctx, func(e *edit) error {
		if d, _, err := in.draft(e.tx, x.Draft.ID); err == nil && x.Draft.Version != "" && d.Version != x.Draft.Version {
			return ErrDraftChanged
		}
		list, err := placements(e.tx, "WHERE p.message_id = ? AND b.inbox_id = ?", sqlite.Args(string(x.Draft.ID), string(in.id)))
		if err != nil || len(list) == 0 { // its row went with it
			return err
		}
		if err := changeDraftRow(e.tx, in.id, x.Draft.ID, func(row *draftRow) { row.SendAt, row.Failure = 0, why }); err != nil {
			return err
		}
		for _, p := range list {
			e.w.markDirty(e.tx, p.mailbox)
		}
		return appendMessage(e.tx, "message.updated", x.Draft.ID, e.at)
	})
}

// Reschedule changes when a message is sent that waits for a time; a time that has passed is at once. It is a Conflict if the
// message waits for none, or is in the courier's hand.
func (in Inbox) Reschedule(ctx context.Context, id MessageID, at time.Time) (m Message, err error) {
	err = in.ws.use(ctx, func(w *workspace) error {
		if err := checkSendAt(at, w.now()); err != nil {
			return err
		}
		if err := w.store.noteQueued(w.id, at); err != nil {
			return w.fail(err)
		}
		err := w.change(func(tx *sqlite.Tx) error {
			if err := in.reschedule(tx, w, id, at); err != nil {
				return err
			}
			m, err = in.message(tx, id)
			return err
		})
		if err != nil {
			return err
		}
		if err := w.tree.NoteSendAt(string(id), at); err != nil && !errors.Is(err, fs.ErrNotExist) { // for the day the index is lost
			w.store.opts.Log.Warn("note when a message is sent", "workspace", w.id, "message", id, "err", err)
		}
		w.noteDue(at)
		return nil
	})
	return m, err
}

func (in Inbox) reschedule(tx *sqlite.Tx, w *workspace, id MessageID, at time.Time) error {
	if _, err := in.message(tx, id); err != nil {
		return err
	}
	now, sendAt := w.now(), int64(0)
	if at.After(now) {
		sendAt = at.UnixMicro()
	}
	var waiting []outboxRow
	var taken bool
	err := outboxRows(tx, "WHERE r.outgoing_id = ? AND r.inbox_id = ? AND r.waiting = 1", sqlite.Args(string(id), string(in.id)), func(r outboxRow, o outgoing) error {
		taken = taken || o.sendAt == 0 || r.attempts > 0
		waiting = append(waiting, r)
		return nil
	})
	if err != nil {
		return err
	}
	var inHand bool
	if err := tx.Row("SELECT EXISTS (SELECT 1 FROM outbox WHERE outgoing_id = ? AND waiting = 1 AND claim = ?)", sqlite.Args(string(id), w.store.boot), &inHand); err != nil {
		return err
	}
	if taken || inHand || len(waiting) == 0 {
		return errNotScheduled
	}
	if _, err := tx.Exec("UPDATE outgoing SET send_at = ? WHERE id = ?", sendAt, string(id)); err != nil {
		return fmt.Errorf("reschedule: %w", err)
	}
	for _, r := range waiting {
		till, err := pausedTill(tx, in.id, r.recipient)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE outbox SET due_at = ? WHERE id = ?", max(sendAt, till, now.UnixMicro()), r.id); err != nil {
			return fmt.Errorf("reschedule: %w", err)
		}
	}
	status, err := statusOf(tx, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE messages SET status = ?, updated_at = ? WHERE id = ?", status, now.UnixMicro(), string(id)); err != nil {
		return err
	}
	return appendMessage(tx, "message.updated", id, now)
}

// CancelScheduled cancels a message that waits for a time: it stays in Sent, and nobody gets it. Otherwise as Reschedule.
func (in Inbox) CancelScheduled(ctx context.Context, id MessageID) (m Message, err error) {
	if m, err = in.Message(ctx, id); err != nil {
		return m, err
	}
	if m.Status != Scheduled || m.Direction != Sent {
		return m, errNotScheduled
	}
	if _, err := in.ws.Outbox().Cancel(ctx, QueueFilter{Inbox: in.id, Message: id}); err != nil {
		return m, err
	}
	return in.Message(ctx, id)
}

// cancelThose cancels those of the messages named, or of the thread named, that wait for a time. What is in the courier's hand by now
// goes its way.
func (in Inbox) cancelThose(ctx context.Context, f MessageFilter) error {
	if len(f.IDs) == 0 && f.ThreadID == "" { // else it would be all that there are
		return nil
	}
	f.Labels, f.IncludeTrash, f.IncludeSpam = []string{LabelSent, LabelScheduled}, true, true
	for after, more := (*Place)(nil), true; more; more = after != nil {
		list, next, err := in.Messages(ctx, f, after, 0)
		if err != nil {
			return err
		}
		for _, m := range list {
			if _, err := in.CancelScheduled(ctx, m.ID); err != nil && !errors.Is(err, errNotScheduled) && !errors.Is(err, ErrNotFound) {
				return err
			}
		}
		after = next
	}
	return nil
}

// withdraw is cancelThose for a change that moves these messages to Trash.
func (in Inbox) withdraw(ctx context.Context, f MessageFilter, c MessageChange) error {
	if c.wants(LabelTrash) != 1 {
		return nil
	}
	return in.cancelThose(ctx, f)
}

// noteDue has the courier look at the workspace then. What it is about is committed: that this fails is no failure of it.
func (w *workspace) noteDue(at time.Time) {
	if err := w.store.noteQueued(w.id, at); err != nil {
		w.store.opts.Log.Error("note queued mail", "workspace", w.id, "err", err)
	}
}
