package mailstore

import (
	"context"
	"fmt"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

const dispatchColumns = "d.id, d.event_id, d.type, d.inbox_id, d.test, d.status, d.attempts, d.stage, d.due_at, d.created_at, d.ended_at, d.code, d.error"

func readDispatch(scan func(...any) error) (d Dispatch, err error) {
	var due, created, ended int64
	err = scan(&d.ID, &d.EventID, &d.Type, &d.InboxID, &d.Test, &d.Status, &d.Attempts, &d.Stage, &due, &created, &ended, &d.Code, &d.Error)
	d.CreatedAt = time.UnixMicro(created).UTC()
	if ended > 0 {
		d.EndedAt = time.UnixMicro(ended).UTC()
	} else {
		d.DueAt = time.UnixMicro(max(due, created)).UTC()
	}
	return d, err
}

// DispatchFilter narrows a list of dispatches. Zero fields do not narrow.
type DispatchFilter struct {
	Status  DispatchStatus
	Type    string
	EventID string
}

// Dispatches lists those of a follower, newest first; next is "" on the last page, else what after continues it with. limit 0
// means MaxPage.
func (f Following) Dispatches(ctx context.Context, follower string, filter DispatchFilter, after string, limit int) (list []Dispatch, next string, err error) {
	limit = pageLimit(limit)
	err = f.ws.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT "+dispatchColumns+` FROM dispatches d WHERE d.follower_id = ?1 AND (?2 = '' OR d.id < ?2) AND ?3 IN ('', d.status) AND ?4 IN ('', d.type) AND ?5 IN ('', d.event_id)
			ORDER BY d.id DESC LIMIT ?6`, sqlite.Args(follower, after, string(filter.Status), filter.Type, filter.EventID, limit+1), func(scan func(...any) error) error {
			d, err := readDispatch(scan)
			list = append(list, d)
			return err
		})
	})
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}

// Dispatch is one of a follower's, with its attempts, oldest first.
func (f Following) Dispatch(ctx context.Context, follower, id string) (d Dispatch, attempts []DispatchAttempt, err error) {
	err = f.ws.view(ctx, func(tx *sqlite.Tx) error {
		found := false
		err := tx.Each("SELECT "+dispatchColumns+" FROM dispatches d WHERE d.follower_id = ? AND d.id = ?", sqlite.Args(follower, id), func(scan func(...any) error) (err error) {
			found = true
			d, err = readDispatch(scan)
			return err
		})
		if err == nil && !found {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		return tx.Each("SELECT number, started_at, took, code, response, error FROM dispatch_attempts WHERE dispatch_id = ? ORDER BY number", sqlite.Args(id), func(scan func(...any) error) error {
			var a DispatchAttempt
			var started, took int64
			err := scan(&a.Number, &started, &took, &a.Code, &a.Response, &a.Error)
			a.StartedAt, a.Took = time.UnixMicro(started).UTC(), time.Duration(took)*time.Microsecond
			attempts = append(attempts, a)
			return err
		})
	})
	return d, attempts, err
}

// Limits of one Again.
const (
	MaxAgain     = 1000 // lines
	maxAgainRead = 20   // pages of the journal that are looked at
)

// JournalRange is a part of a journal: lines behind a place or from a time on, up to a place or before a time. Zero fields do not narrow.
type JournalRange struct {
	After journal.Cursor
	Since time.Time
	Until journal.Cursor
	Till  time.Time
}

// ErrEventGone is answered for an event that the journal does not have, or not any more.
var ErrEventGone = fault.New(fault.NotFound, "event_not_found", "There is no such event in the journal, or not any more.")

// ErrForeignCursor is answered for a place in another journal, or in one that was begun anew since.
var ErrForeignCursor = fault.New(fault.Invalid, "invalid_cursor", "This is a cursor of another workspace's events, or of events that are gone; take one from an event or from nextCursor of GET /v1/events.")

// ErrManyWaiting is answered where nothing may wait in addition.
var ErrManyWaiting = fault.New(fault.Exhausted, "too_many_deliveries_waiting", "%d deliveries of this webhook wait already; come back when fewer do.", MaxWaiting)

// checkRoom is ErrManyWaiting if MaxWaiting dispatches wait for a follower, unless that of the event does itself.
func checkRoom(tx *sqlite.Tx, follower, event string) error {
	var full bool
	err := tx.Row(`SELECT (SELECT COUNT(*) FROM dispatches WHERE follower_id = ?1 AND status = 'waiting') >= ?2
		AND NOT EXISTS (SELECT 1 FROM dispatches WHERE follower_id = ?1 AND event_id = ?3 AND status = 'waiting')`, sqlite.Args(follower, MaxWaiting, event), &full)
	if err == nil && full {
		err = ErrManyWaiting
	}
	return err
}

// AgainOne has a follower be told of one event again, at once.
func (f Following) AgainOne(ctx context.Context, who Follower, event string) error {
	return f.ws.use(ctx, func(w *workspace) error {
		err := w.db.Change(func(tx *sqlite.Tx) error {
			l, found, err := journal.Find(tx, event)
			if err == nil && !found {
				err = ErrEventGone
			}
			if err == nil {
				err = checkRoom(tx, who.ID, event)
			}
			if err != nil {
				return err
			}
			return w.again(tx, who.ID, l)
		})
		if err == nil {
			w.noteFollowed()
		}
		return err
	})
}

// Again has a follower be told once more of what it wants of a range: at most MaxAgain lines, n of them. next is where to go
// on from; more says that there is something behind it. Where MaxWaiting wait already none is added.
func (f Following) Again(ctx context.Context, who Follower, r JournalRange) (n int, next journal.Cursor, more bool, err error) {
	err = f.ws.use(ctx, func(w *workspace) error {
		err := w.db.Change(func(tx *sqlite.Tx) error {
			n, next, more, err = w.againRange(tx, who, r)
			return err
		})
		if err == nil && n > 0 {
			w.noteFollowed()
		}
		return err
	})
	return n, next, more, err
}

func (w *workspace) againRange(tx *sqlite.Tx, who Follower, r JournalRange) (n int, next journal.Cursor, more bool, err error) {
	if err := checkRoom(tx, who.ID, ""); err != nil {
		return 0, next, false, err
	}
	for _, c := range []journal.Cursor{r.After, r.Until} {
		here, err := journal.At(tx, c.Seq)
		if err == nil && c != (journal.Cursor{}) && c != here { // reading would begin with all there is
			err = ErrForeignCursor
		}
		if err != nil {
			return 0, next, false, err
		}
	}
	if next = r.After; next == (journal.Cursor{}) && !r.Since.IsZero() {
		if next, err = journal.From(tx, r.Since); err != nil {
			return 0, next, false, err
		}
	}
	for range maxAgainRead {
		p, err := journal.Read(tx, next, journal.Filter{Types: who.Types, Inboxes: inboxNames(who.Inboxes)}, 0)
		if err != nil {
			return n, next, false, err
		}
		for _, l := range p.Lines {
			switch {
			case r.ends(l):
				return n, next, false, nil
			case n == MaxAgain:
				return n, next, true, nil
			}
			if next = l.Cursor; l.At.Before(r.Since) {
				continue
			}
			if err := w.again(tx, who.ID, l); err != nil {
				return n, next, false, err
			}
			n++
		}
		if next = p.Next; !p.More {
			return n, next, false, nil
		}
	}
	return n, next, true, nil
}

// ends reports whether a line lies behind the range.
func (r JournalRange) ends(l journal.Line) bool {
	return r.Until != (journal.Cursor{}) && l.Cursor.Seq > r.Until.Seq || !r.Till.IsZero() && !l.At.Before(r.Till)
}

// again has a line wait for a follower as if it were new. Its earlier attempts stay.
func (w *workspace) again(tx *sqlite.Tx, follower string, l journal.Line) error {
	err := w.noteOutcome(tx, follower, Dispatch{EventID: l.ID, Type: l.Type, InboxID: InboxID(l.InboxID), Line: l}, DispatchOutcome{Status: DispatchWaiting})
	if err == nil {
		_, err = tx.Exec("UPDATE dispatches SET stage = 0 WHERE follower_id = ? AND event_id = ?", follower, l.ID)
	}
	return err
}

// pruneDispatches forgets what ended long ago, and of each follower what is more than MaxDispatches.
func (w *workspace) pruneDispatches(tx *sqlite.Tx) error {
	if _, err := tx.Exec("DELETE FROM dispatches WHERE status <> 'waiting' AND ended_at < ?", w.now().Add(-KeepDispatches).UnixMicro()); err != nil {
		return fmt.Errorf("forget dispatches: %w", err)
	}
	cuts := map[string]string{} // by follower, the newest that is too old
	err := tx.Each("SELECT f.id, (SELECT d.id FROM dispatches d WHERE d.follower_id = f.id ORDER BY d.id DESC LIMIT 1 OFFSET ?) AS cut FROM followers f WHERE cut IS NOT NULL", sqlite.Args(MaxDispatches),
		func(scan func(...any) error) error {
			var follower, cut string
			err := scan(&follower, &cut)
			cuts[follower] = cut
			return err
		})
	for follower, cut := range cuts {
		if err == nil {
			_, err = tx.Exec("DELETE FROM dispatches WHERE follower_id = ? AND id <= ? AND status <> 'waiting'", follower, cut)
		}
	}
	if err != nil {
		return fmt.Errorf("forget dispatches: %w", err)
	}
	return nil
}
