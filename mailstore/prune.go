package mailstore

import (
	"context"
	"time"

	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// maxPruneSteps is how many times a workspace's journal is pruned in one round of care: some 1,300 lines a second, more than
// a workspace writes.
const maxPruneSteps = 20

// pruneJournal removes what need not be kept, a step at a time, so that deliveries come in between. The bell is not rung:
// nothing new is there.
func (w *workspace) pruneJournal(now time.Time) {
	for range maxPruneSteps {
		removed, err := w.pruneStep(now)
		if err != nil {
			w.store.opts.Log.Warn("prune the journal", "workspace", w.id, "err", err)
		}
		if err != nil || removed == 0 {
			return
		}
	}
}

// pruneStep looks first, so that a journal that is short costs no commit.
func (w *workspace) pruneStep(now time.Time) (removed int64, err error) {
	var end int64
	if err := w.db.View(context.Background(), func(tx *sqlite.Tx) error {
		held, err := heldPlace(tx)
		if err == nil {
			end, err = journal.Prunable(tx, w.store.opts.Keep, held, now)
		}
		return err
	}); err != nil || end == 0 {
		return 0, err
	}
	err = w.db.Change(func(tx *sqlite.Tx) error {
		held, err := heldPlace(tx)
		if err == nil {
			removed, err = journal.Prune(tx, w.store.opts.Keep, held, now)
		}
		return err
	})
	return removed, err
}

// heldPlace is the number of the line up to which the slowest follower has read; -1 if nobody follows. All who follow durably
// are asked here.
func heldPlace(tx *sqlite.Tx) (int64, error) {
	held, err := journal.OldestPlace(tx)
	if err != nil {
		return 0, err
	}
	seq, followed, err := followedPlace(tx)
	if followed && (held < 0 || seq < held) {
		held = seq
	}
	return held, err
}

// Hold notes durably that the follower of that name has read up to c; what lies behind is kept for it longer than for
// nobody (see journal.Keep). A follower holds its place now and then: what it read since is given again after a crash.
func (j Journal) Hold(ctx context.Context, name string, c journal.Cursor) error {
	return j.ws.use(ctx, func(w *workspace) error {
		return w.db.Change(func(tx *sqlite.Tx) error { return journal.Hold(tx, name, c, w.now()) })
	})
}

// Held is the place that the follower of that name holds, if it holds one.
func (j Journal) Held(ctx context.Context, name string) (c journal.Cursor, held bool, err error) {
	err = j.ws.view(ctx, func(tx *sqlite.Tx) error {
		c, held, err = journal.Held(tx, name)
		return err
	})
	return c, held, err
}

// Release lets go of a place; nothing is kept for that follower any more.
func (j Journal) Release(ctx context.Context, name string) error {
	return j.ws.use(ctx, func(w *workspace) error {
		return w.db.Change(func(tx *sqlite.Tx) error { return journal.Release(tx, name) })
	})
}
