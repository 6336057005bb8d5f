package journal

import (
	"cmp"
	"fmt"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// How much of a journal is kept, unless the configuration says otherwise.
const (
	DefaultAge       = 30 * 24 * time.Hour
	DefaultLines     = 1_000_000
	DefaultHeldAge   = 90 * 24 * time.Hour
	DefaultHeldLines = 4_000_000
)

// PruneStep is the number of lines that one Prune removes at most, so that no commit waits long for it.
const PruneStep = 1000

// Keep says how much of a journal is kept: lines that are older, or that have more newer ones behind them, go. What a
// follower holds stays longer, until it is older than HeldAge or has HeldLines behind it; then that follower gets a gap.
// Zero fields get their defaults.
type Keep struct {
	Age, HeldAge     time.Duration
	Lines, HeldLines int64
}

// WithDefaults fills in what is zero. What is held is never kept for less than what is not.
func (k Keep) WithDefaults() Keep {
	k.Age, k.Lines = cmp.Or(k.Age, DefaultAge), cmp.Or(k.Lines, DefaultLines)
	k.HeldAge = max(cmp.Or(k.HeldAge, DefaultHeldAge), k.Age)
	k.HeldLines = max(cmp.Or(k.HeldLines, DefaultHeldLines), k.Lines)
	return k
}

// Prunable is the number of the last line that the next Prune would remove; 0 if there is none. held is the number up to which
// the slowest follower whose place is kept has read, -1 if there is none.
func Prunable(tx *sqlite.Tx, k Keep, held int64, now time.Time) (int64, error) {
	k = k.WithDefaults()
	first, last, err := span(tx)
	if err != nil || first == last {
		return 0, err
	}
	end := min(first+PruneStep-1, last-1) // the newest line stays: it tells how far the journal reached
	free, err := over(tx, first, end, last-k.Lines, now.Add(-k.Age))
	if err != nil || free < first {
		return 0, err
	}
	if held >= 0 && held < free {
		most, err := over(tx, first, end, last-k.HeldLines, now.Add(-k.HeldAge))
		if err != nil {
			return 0, err
		}
		free = max(most, held)
	}
	if free < first {
		return 0, nil
	}
	return free, nil
}

// over is the number of the last line, from first to end, up to which all have too many newer ones (their number is at
// most crowded) or are older than a time.
func over(tx *sqlite.Tx, first, end, crowded int64, old time.Time) (int64, error) {
	young := end + 1
	err := tx.Row("SELECT COALESCE(MIN(seq), ?) FROM journal WHERE seq >= ? AND seq <= ? AND at >= ?", sqlite.Args(end+1, first, end, old.UnixMicro()), &young)
	return min(end, max(crowded, young-1)), err
}

// Prune removes lines that need not be kept, oldest first, at most PruneStep of them. It tells how many; none means that
// all that is left is to be kept.
func Prune(tx *sqlite.Tx, k Keep, held int64, now time.Time) (int64, error) {
	end, err := Prunable(tx, k, held, now)
	if err != nil || end == 0 {
		return 0, err
	}
	result, err := tx.Exec("DELETE FROM journal WHERE seq <= ?", end)
	if err != nil {
		return 0, fmt.Errorf("prune the journal: %w", err)
	}
	return result.RowsAffected()
}
