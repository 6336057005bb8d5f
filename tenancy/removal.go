package tenancy

import (
	"context"
	"fmt"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// sweepAfter is when mail is removed a second time: a delivery that was under way when its inbox was deleted may have
// put a message there since. No SMTP transaction lasts so long.
const sweepAfter = time.Hour

// removalBatch bounds the removals of one round.
const removalBatch = 100

// orderRemoval notes, in the commit that deletes an inbox ("" for the whole workspace), that its mail is to be removed.
func (d *Directory) orderRemoval(tx *sqlite.Tx, ws mailstore.WorkspaceID, inbox mailstore.InboxID) error {
	if inbox == "" { // the workspace's directory goes with all that is in it
		if _, err := tx.Exec("DELETE FROM removals WHERE workspace_id = ?", ws); err != nil {
			return fmt.Errorf("order removal: %w", err)
		}
	}
	if _, err := tx.Exec("INSERT INTO removals (workspace_id, inbox_id, due_at) VALUES (?, ?, ?)", ws, inbox, d.now().UnixMicro()); err != nil {
		return fmt.Errorf("order removal: %w", err)
	}
	tx.After(d.wake)
	return nil
}

// removal is mail that is to be removed.
type removal struct {
	id    int64
	at    place
	tries int
	swept bool
}

// removeMail removes the mail of what was deleted, as far as that is due. What fails is tried again, later each time.
func (d *Directory) removeMail(ctx context.Context) error {
	due, err := d.dueRemovals(ctx)
	if err != nil {
		return err
	}
	for _, r := range due {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := d.settleRemoval(ctx, r, d.remove(ctx, r.at)); err != nil {
			return err
		}
	}
	return nil
}

func (d *Directory) dueRemovals(ctx context.Context) (due []removal, err error) {
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT id, workspace_id, inbox_id, tries, swept FROM removals WHERE due_at <= ? ORDER BY due_at LIMIT ?", sqlite.Args(d.now().UnixMicro(), removalBatch),
			func(scan func(...any) error) error {
				var r removal
				err := scan(&r.id, &r.at.ws, &r.at.inbox, &r.tries, &r.swept)
				due = append(due, r)
				return err
			})
	})
	return due, err
}

func (d *Directory) remove(ctx context.Context, at place) error {
	ws := d.store.Workspace(at.ws)
	if at.inbox == "" {
		return ws.Remove(ctx)
	}
	return ws.RemoveInbox(ctx, at.inbox)
}

// settleRemoval notes how a removal went.
func (d *Directory) settleRemoval(ctx context.Context, r removal, failed error) error {
	query, args := "UPDATE removals SET swept = 1, tries = 0, due_at = ? WHERE id = ?", sqlite.Args(d.now().Add(sweepAfter).UnixMicro(), r.id)
	switch {
	case failed != nil:
		d.opts.Log.Warn("cannot remove mail yet", "workspace", r.at.ws, "inbox", r.at.inbox, "err", failed)
		query, args = "UPDATE removals SET tries = tries + 1, due_at = ? WHERE id = ?", sqlite.Args(d.now().Add(backoff(r.tries)).UnixMicro(), r.id)
	case r.swept:
		query, args = "DELETE FROM removals WHERE id = ?", sqlite.Args(r.id)
	}
	return d.change(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec(query, args...); err != nil {
			return fmt.Errorf("settle removal: %w", err)
		}
		return nil
	})
}
