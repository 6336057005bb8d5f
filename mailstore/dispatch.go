package mailstore

import (
	"context"
	"fmt"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Limits of what waits for a follower, and of what is kept.
const (
	MaxWaiting          = 1000                // dispatches that wait for one follower: while there are so many its place stays where it is, and none is asked for again
	MaxDispatches       = 10_000              // kept for one follower
	KeepDispatches      = 14 * 24 * time.Hour // for which those that ended are kept
	MaxDispatchAttempts = 50                  // kept of one dispatch, the newest
	downAfter           = 10                  // attempts that fail in a row: a success behind them has all that waits be tried at once
)

// DispatchStatus is where a dispatch stands.
type DispatchStatus string

// The states of a dispatch.
const (
	DispatchWaiting   DispatchStatus = "waiting" // in the API "pending"
	DispatchDelivered DispatchStatus = "delivered"
	DispatchFailed    DispatchStatus = "failed"
)

// Dispatch is a line on its way to a follower, or that was.
type Dispatch struct {
	ID        string // "" while it was never noted
	EventID   string
	Type      string
	InboxID   InboxID
	Test      bool
	Status    DispatchStatus
	Attempts  int
	DueAt     time.Time // when it is tried again; zero if it does not wait
	CreatedAt time.Time // when it was first noted
	EndedAt   time.Time // zero while it waits
	Code      int       // HTTP status of the last attempt; 0: there was no answer
	Error     string    // of the last attempt

	// For who carries it: its line, or Gone if the journal has it no more; Held says that it is not to be tried yet, for an
	// earlier one of its inbox waits. Stage counts the attempts since it began to wait.
	Line  journal.Line
	Gone  bool
	Held  bool
	Stage int
}

// DispatchAttempt is one try of a dispatch.
type DispatchAttempt struct {
	Number    int // 1 is the first
	StartedAt time.Time
	Took      time.Duration
	Code      int    // HTTP status; 0: there was no answer
	Response  string // the beginning of the answer's body
	Error     string // "" if it succeeded
}

// Batch is what a follower is to be told now, in the order of the journal.
type Batch struct {
	Dispatches []Dispatch

	next  int64 // the place behind the lines that were read
	moved bool  // next is to be noted
}

// Empty reports whether there is nothing to be told and nothing to be noted.
func (b Batch) Empty() bool { return len(b.Dispatches) == 0 && !b.moved }

// DispatchOutcome is what came of one dispatch of a batch. Without an Attempt it was not tried, and waits.
type DispatchOutcome struct {
	Attempt *DispatchAttempt
	Status  DispatchStatus
	DueAt   time.Time // of one that waits
}

// Failing tells how a follower fares: attempts that failed since the last one that did not, and the first of them.
type Failing struct {
	Failures int
	Since    time.Time // zero if none did
}

// Next gives what the follower is to be told now, at most limit dispatches: first what waits and is due, then lines behind its
// place. Nothing is noted until Note, so after a crash the same comes again. A follower that is not enabled gets nothing.
func (f Following) Next(ctx context.Context, who Follower, limit int) (b Batch, err error) {
	err = f.ws.use(ctx, func(w *workspace) error {
		gap := int64(-1)
		read := func(tx *sqlite.Tx) (err error) {
			b, gap, err = nextBatch(tx, who, w.now(), limit)
			return err
		}
		if err := w.db.View(ctx, read); err != nil || gap < 0 {
			return err
		}
		if err := w.db.Change(func(tx *sqlite.Tx) error { return w.tellGap(tx, who.ID, gap) }); err != nil {
			return err
		}
		return w.db.View(ctx, read)
	})
	return b, err
}

// nextBatch reads a batch; gap is the place behind lines that are gone, -1 if none are.
func nextBatch(tx *sqlite.Tx, who Follower, now time.Time, limit int) (b Batch, gap int64, err error) {
	place, err := followerPlace(tx, who.ID)
	if err != nil || !place.enabled || place.restUntil > now.UnixMicro() {
		return Batch{}, -1, err
	}
	if b.Dispatches, err = dueDispatches(tx, who, now, limit); err != nil {
		return b, -1, err
	}
	if room := limit - len(b.Dispatches); room > 0 && place.behind && place.waiting < MaxWaiting {
		gap, err = b.addFresh(tx, who, place.seq, room)
		return b, gap, err
	}
	return b, -1, nil
}

// dueDispatches are those that wait and are due, with their lines.
func dueDispatches(tx *sqlite.Tx, who Follower, now time.Time, limit int) (list []Dispatch, err error) {
	err = tx.Each("SELECT "+dispatchColumns+" FROM dispatches d WHERE "+waitingFor(who)+" AND d.due_at <= ? ORDER BY d.seq, d.id LIMIT ?", sqlite.Args(who.ID, now.UnixMicro(), limit),
		func(scan func(...any) error) error {
			d, err := readDispatch(scan)
			list = append(list, d)
			return err
		})
	if err != nil {
		return nil, err
	}
	for i := range list {
		d := &list[i]
		if d.Type == GapLine {
			d.Line = journal.Line{ID: d.EventID, Type: GapLine, At: d.CreatedAt}
			d.Line.Cursor, err = journal.At(tx, 0)
		} else {
			err = d.findLine(tx)
		}
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// findLine gives a dispatch its line, or says that it is gone.
func (d *Dispatch) findLine(tx *sqlite.Tx) error {
	l, found, err := journal.Find(tx, d.EventID)
	if d.Gone = !found; err != nil || d.Gone {
		return err
	}
	lines := []journal.Line{l}
	err = hydrate(tx, lines)
	d.Line = lines[0]
	return err
}

// addFresh adds lines behind a place. Those of an inbox of which an earlier one waits are held, if the follower is ordered.
func (b *Batch) addFresh(tx *sqlite.Tx, who Follower, seq int64, limit int) (gap int64, err error) {
	after, err := journal.At(tx, seq)
	if err != nil {
		return -1, err
	}
	p, err := journal.Read(tx, after, journal.Filter{Types: who.Types, Inboxes: inboxNames(who.Inboxes)}, limit)
	if err != nil {
		return -1, err
	}
	if p.Gap {
		first := int64(1)
		err := tx.Row("SELECT COALESCE(MIN(seq), 1) FROM journal", nil, &first)
		return first - 1, err
	}
	if err := hydrate(tx, p.Lines); err != nil {
		return -1, err
	}
	held := map[string]bool{}
	if who.Ordered {
		if held, err = waitingInboxes(tx, who.ID); err != nil {
			return -1, err
		}
	}
	for _, l := range p.Lines {
		b.Dispatches = append(b.Dispatches, Dispatch{EventID: l.ID, Type: l.Type, InboxID: InboxID(l.InboxID), Status: DispatchWaiting, Line: l, Held: held[l.InboxID]})
	}
	b.next, b.moved = p.Next.Seq, p.Next.Seq != seq
	return -1, nil
}

func inboxNames(list []InboxID) (names []string) {
	for _, id := range list {
		names = append(names, string(id))
	}
	return names
}

func waitingInboxes(tx *sqlite.Tx, follower string) (map[string]bool, error) {
	held := map[string]bool{}
	err := tx.Each("SELECT DISTINCT inbox_id FROM dispatches WHERE follower_id = ? AND status = 'waiting'", sqlite.Args(follower), func(scan func(...any) error) error {
		var inbox string
		err := scan(&inbox)
		held[inbox] = true
		return err
	})
	return held, err
}

// Note notes what came of each dispatch of a batch, and moves the follower behind it, in one commit. Nothing is tried before
// rest, if it is not zero. What came of a follower that has been deleted meanwhile is forgotten.
func (f Following) Note(ctx context.Context, who Follower, b Batch, outcomes []DispatchOutcome, rest time.Time) (failing Failing, err error) {
	err = f.ws.use(ctx, func(w *workspace) error {
		return w.db.Change(func(tx *sqlite.Tx) error {
			failing, err = w.noteBatch(tx, who, b, outcomes, rest)
			return err
		})
	})
	return failing, err
}

func (w *workspace) noteBatch(tx *sqlite.Tx, who Follower, b Batch, outcomes []DispatchOutcome, rest time.Time) (failing Failing, err error) {
	var since int64
	err = tx.Row("SELECT failures, failing_since FROM followers WHERE id = ?", sqlite.Args(who.ID), &failing.Failures, &since)
	if sqlite.NoRows(err) {
		return failing, nil
	}
	if err != nil {
		return failing, err
	}
	recovered := false
	for i, o := range outcomes {
		if err := w.noteOutcome(tx, who.ID, b.Dispatches[i], o); err != nil {
			return failing, err
		}
		switch {
		case o.Attempt == nil:
		case o.Status == DispatchDelivered:
			recovered = recovered || failing.Failures >= downAfter
			failing.Failures, since = 0, 0
		default:
			if failing.Failures++; since == 0 {
				since = o.Attempt.StartedAt.UnixMicro()
			}
		}
	}
	restUntil := int64(0)
	if !rest.IsZero() {
		restUntil = rest.UnixMicro()
	}
	if _, err := tx.Exec("UPDATE followers SET failures = ?, failing_since = ?, rest_until = MAX(rest_until, ?), seq = MAX(seq, ?) WHERE id = ?", failing.Failures, since, restUntil, b.next, who.ID); err != nil {
		return failing, fmt.Errorf("move a follower: %w", err)
	}
	if recovered {
		if _, err := tx.Exec("UPDATE dispatches SET due_at = 0 WHERE follower_id = ? AND status = 'waiting'", who.ID); err != nil {
			return failing, fmt.Errorf("hurry what waits: %w", err)
		}
	}
	if since > 0 {
		failing.Since = time.UnixMicro(since).UTC()
	}
	return failing, nil
}

// noteOutcome writes one dispatch and its attempt.
func (w *workspace) noteOutcome(tx *sqlite.Tx, follower string, d Dispatch, o DispatchOutcome) error {
	now := w.now()
	if d.ID == "" {
		d.ID = ident.New("dlv", now)
		err := tx.Row(`INSERT INTO dispatches (id, follower_id, event_id, type, inbox_id, seq, test, status, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?)
			ON CONFLICT (follower_id, event_id) DO UPDATE SET status = 'waiting' RETURNING id`,
			sqlite.Args(d.ID, follower, d.EventID, d.Type, string(d.InboxID), d.Line.Cursor.Seq, d.Test, now.UnixMicro()), &d.ID)
		if err != nil {
			return fmt.Errorf("note a dispatch: %w", err)
		}
	}
	ended, due, tried := int64(0), int64(0), 0
	if o.Status != DispatchWaiting {
		ended = now.UnixMicro()
	} else if !o.DueAt.IsZero() {
		due = o.DueAt.UnixMicro()
	}
	var a DispatchAttempt
	if o.Attempt != nil {
		a, tried = *o.Attempt, 1
	}
	var number int
	err := tx.Row(`UPDATE dispatches SET status = ?1, due_at = ?2, ended_at = ?3, attempts = attempts + ?4, stage = stage + ?4, code = IIF(?4, ?5, code), error = IIF(?4, ?6, error)
		WHERE id = ?7 RETURNING attempts`, sqlite.Args(string(o.Status), due, ended, tried, a.Code, a.Error, d.ID), &number)
	if sqlite.NoRows(err) {
		return nil // it was forgotten meanwhile
	}
	if err == nil && tried > 0 {
		_, err = tx.Exec("INSERT INTO dispatch_attempts (dispatch_id, number, started_at, took, code, response, error) VALUES (?, ?, ?, ?, ?, ?, ?)",
			d.ID, number, a.StartedAt.UnixMicro(), a.Took.Microseconds(), a.Code, a.Response, a.Error)
	}
	if err == nil && number > MaxDispatchAttempts {
		_, err = tx.Exec("DELETE FROM dispatch_attempts WHERE dispatch_id = ? AND number <= ?", d.ID, number-MaxDispatchAttempts)
	}
	if err != nil {
		return fmt.Errorf("note an attempt: %w", err)
	}
	return nil
}

// NoteTest keeps what came of an event that was made to try the follower, which need not be enabled.
func (f Following) NoteTest(ctx context.Context, follower, eventID, eventType string, o DispatchOutcome) (d Dispatch, err error) {
	err = f.ws.use(ctx, func(w *workspace) error {
		return w.db.Change(func(tx *sqlite.Tx) error {
			return w.noteOutcome(tx, follower, Dispatch{EventID: eventID, Type: eventType, Test: true}, o)
		})
	})
	if err != nil {
		return d, err
	}
	list, _, err := f.Dispatches(ctx, follower, DispatchFilter{EventID: eventID}, "", 1)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return d, err
	}
	return list[0], nil
}
