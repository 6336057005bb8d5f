package tenancy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Bounds of the relay.
const (
	newsBatch   = 200             // lines appended in one commit of a workspace
	relayAtOnce = 8               // workspaces served at a time
	longestWait = 5 * time.Minute // between tries at a workspace or a removal that fails
	purgeBatch  = 500             // expired rows removed in one commit
)

// backoff is how long to wait after so many failures in a row.
func backoff(failures int) time.Duration {
	return min(time.Second<<min(failures, 10), longestWait)
}

// Relay is a service: it moves news into the journals of the workspaces, removes the mail of what was deleted, and does
// the directory's housekeeping, until ctx ends; then it returns nil. It works when a commit rings and every
// Options.Every. Whatever moment it is stopped at, each line is in its journal once in the end. One Relay runs at a time.
func (d *Directory) Relay(ctx context.Context) error {
	r := relay{dir: d, waits: map[mailstore.WorkspaceID]wait{}}
	tick := time.NewTicker(d.opts.Every)
	defer tick.Stop()
	for {
		d.try(ctx, "move news", r.round)
		d.try(ctx, "remove mail", d.removeMail)
		select {
		case <-ctx.Done():
			return nil
		case <-d.ring:
		case <-tick.C:
			d.try(ctx, "note the use of keys", d.flushLastUsed)
			d.try(ctx, "forget answers", d.forgetAnswers)
			d.try(ctx, "end replaced keys", d.endReplacedKeys)
		}
	}
}

// try runs one duty of the relay and logs its failure; the next round tries again.
func (d *Directory) try(ctx context.Context, what string, duty func(context.Context) error) {
	if err := duty(ctx); err != nil && ctx.Err() == nil {
		d.opts.Log.Error("cannot "+what, "err", err)
	}
}

// relay remembers which workspaces fail, so that these wait longer and the others do not wait for them.
type relay struct {
	dir *Directory

	mu    sync.Mutex
	waits map[mailstore.WorkspaceID]wait
}

type wait struct {
	failures int
	until    time.Time
}

// round serves each workspace that has news and need not wait.
func (r *relay) round(ctx context.Context) error {
	waiting, err := r.dir.workspacesWithNews(ctx)
	if err != nil {
		return err
	}
	slots := make(chan struct{}, relayAtOnce)
	var all sync.WaitGroup
	for _, ws := range waiting {
		if !r.ready(ws) {
			continue
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			r.note(ctx, ws, r.serve(ctx, ws))
		})
	}
	all.Wait()
	return ctx.Err()
}

func (r *relay) ready(ws mailstore.WorkspaceID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.dir.now().Before(r.waits[ws].until)
}

// note remembers how a workspace fared.
func (r *relay) note(ctx context.Context, ws mailstore.WorkspaceID, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.waits, ws)
		return
	}
	w := r.waits[ws]
	r.waits[ws] = wait{w.failures + 1, r.dir.now().Add(backoff(w.failures))}
	if ctx.Err() == nil {
		r.dir.opts.Log.Warn("cannot move news into the journal yet", "workspace", ws, "err", err)
	}
}

// serve moves all news of one workspace, in order: append first, forget then. Between the two the line is in both, and
// its id keeps it from being appended again.
func (r *relay) serve(ctx context.Context, ws mailstore.WorkspaceID) error {
	for ctx.Err() == nil {
		lines, last, err := r.dir.pendingNews(ctx, ws)
		if err != nil || len(lines) == 0 {
			return err
		}
		if err := r.dir.store.Workspace(ws).AppendNews(ctx, lines); err != nil {
			return err
		}
		if err := r.dir.forgetNews(ctx, ws, last); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (d *Directory) workspacesWithNews(ctx context.Context) (out []mailstore.WorkspaceID, err error) {
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT DISTINCT workspace_id FROM news", nil, func(scan func(...any) error) error {
			var ws mailstore.WorkspaceID
			err := scan(&ws)
			out = append(out, ws)
			return err
		})
	})
	return out, err
}

// pendingNews gives the oldest news of a workspace and the place of the last of them.
func (d *Directory) pendingNews(ctx context.Context, ws mailstore.WorkspaceID) (lines []journal.Line, last int64, err error) {
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT seq, id, type, inbox_id, at, data FROM news WHERE workspace_id = ? ORDER BY seq LIMIT ?", sqlite.Args(ws, newsBatch),
			func(scan func(...any) error) error {
				var l journal.Line
				var at int64
				var data string
				err := scan(&last, &l.ID, &l.Type, &l.InboxID, &at, &data)
				l.At, l.Data = fromMicro(at), json.RawMessage(data)
				lines = append(lines, l)
				return err
			})
	})
	return lines, last, err
}

// forgetNews deletes the news of a workspace up to a place.
func (d *Directory) forgetNews(ctx context.Context, ws mailstore.WorkspaceID, last int64) error {
	return d.change(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec("DELETE FROM news WHERE workspace_id = ? AND seq <= ?", ws, last); err != nil {
			return fmt.Errorf("forget news: %w", err)
		}
		return nil
	})
}

// forgetAnswers removes the answers that are no longer given again, a bounded number at a time.
func (d *Directory) forgetAnswers(ctx context.Context) error {
	for {
		n, err := d.forgetSomeAnswers(ctx)
		if err != nil || n < purgeBatch {
			return err
		}
	}
}

func (d *Directory) forgetSomeAnswers(ctx context.Context) (n int64, err error) {
	now := d.now().UnixMicro()
	var due bool
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Row("SELECT EXISTS (SELECT 1 FROM idempotency WHERE expires_at <= ?)", sqlite.Args(now), &due)
	})
	if err != nil || !due {
		return 0, err
	}
	err = d.change(ctx, func(tx *sqlite.Tx) error {
		result, err := tx.Exec(`DELETE FROM idempotency WHERE (scope, method, path, name) IN
			(SELECT scope, method, path, name FROM idempotency WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`, now, purgeBatch)
		if err != nil {
			return fmt.Errorf("forget answers: %w", err)
		}
		n, err = result.RowsAffected()
		return err
	})
	return n, err
}

// endReplacedKeys deletes keys that were rotated and whose overlap is over.
func (d *Directory) endReplacedKeys(ctx context.Context) error {
	now := d.now().UnixMicro()
	var over []KeyID
	err := d.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT id FROM keys WHERE replaced_at IS NOT NULL AND expires_at <= ? LIMIT ?", sqlite.Args(now, purgeBatch), func(scan func(...any) error) error {
			var id KeyID
			err := scan(&id)
			over = append(over, id)
			return err
		})
	})
	if err != nil || len(over) == 0 {
		return err
	}
	return d.change(ctx, func(tx *sqlite.Tx) error {
		for _, id := range over {
			k, err := selectKey(tx, "id = ?", id)
			if errors.Is(err, ErrNotFound) {
				continue // deleted meanwhile
			}
			if err != nil {
				return err
			}
			if err := d.revoke(tx, k); err != nil {
				return err
			}
		}
		return nil
	})
}
