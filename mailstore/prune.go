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
		held, err := followedPlace(tx)
		if err == nil {
			end, err = journal.Prunable(tx, w.store.opts.Keep, held, now)
		}
		return err
	}); err != nil || end == 0 {
		return 0, err
	}
	err = w.db.Change(func(tx *sqlite.Tx) error {
		held, err := followedPlace(tx)
		if err == nil {
			removed, err = journal.Prune(tx, w.store.opts.Keep, held, now)
		}
		return err
	})
	return removed, err
}
