package tenancy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// usedGrain is how exactly the last use of a key is noted: it is written at most that often.
const usedGrain = time.Minute

// lastUsed remembers which keys were used, off the request's path, until that is written.
type lastUsed struct {
	mu      sync.Mutex
	pending map[KeyID]time.Time // one entry for each key at most
}

// note remembers a use, unless one of the same minute is written or remembered already.
func (u *lastUsed) note(k Key, now time.Time) {
	if k.LastUsedAt != nil && now.Sub(*k.LastUsedAt) < usedGrain {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, known := u.pending[k.ID]; known {
		return
	}
	if u.pending == nil {
		u.pending = map[KeyID]time.Time{}
	}
	u.pending[k.ID] = now
}

// take hands over what is remembered.
func (u *lastUsed) take() map[KeyID]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	batch := u.pending
	u.pending = nil
	return batch
}

// flushLastUsed writes what is remembered. If that fails it is lost, and noted again at the keys' next use.
func (d *Directory) flushLastUsed(ctx context.Context) error {
	batch := d.used.take()
	if len(batch) == 0 {
		return nil
	}
	return d.change(ctx, func(tx *sqlite.Tx) error {
		for id, at := range batch {
			if _, err := tx.Exec("UPDATE keys SET last_used_at = ? WHERE id = ?", at.UnixMicro(), id); err != nil {
				return fmt.Errorf("note the use of keys: %w", err)
			}
		}
		return nil
	})
}
