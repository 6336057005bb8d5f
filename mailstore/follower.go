package mailstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Lines of tenancy's by which followers begin and end: AppendNews takes them down in the commit that puts them into the
// journal, so a follower's place is the line of its own beginning, and none is ever behind what its endpoint was told.
// The id in their data names the follower.
const (
	FollowerCreated  = "webhook.created"
	FollowerEnabled  = "webhook.enabled"
	FollowerDisabled = "webhook.disabled"
	FollowerDeleted  = "webhook.deleted"
)

// GapLine is the type of the line that a follower gets in the place of those that are gone.
const GapLine = "gap"

// Follower is who is told of a journal's lines one by one: a webhook endpoint, with what it wants. Ordered tells of each
// inbox's lines in order: one that fails holds those behind it back.
type Follower struct {
	ID      string
	Types   []string  // none: all
	Inboxes []InboxID // none: all, and what concerns the whole workspace
	Ordered bool
}

// Following is a handle on those who follow a workspace's journal: it keeps how far each has come and what waits to be
// tried again. It opens nothing, like every handle.
type Following struct{ ws Workspace }

// Following hands out the followers of the workspace.
func (w Workspace) Following() Following { return Following{ws: w} }

// followNews takes down what a line says of a follower.
func followNews(tx *sqlite.Tx, l journal.Line) error {
	var query string
	switch l.Type {
	case FollowerCreated:
		query = "INSERT INTO followers (id, seq) SELECT ?1, seq FROM journal WHERE id = ?2 ON CONFLICT (id) DO NOTHING"
	case FollowerEnabled:
		query = "UPDATE followers SET enabled = 1, failures = 0, failing_since = 0, rest_until = 0 WHERE id = ?1 AND ?2 <> ''"
	case FollowerDisabled:
		query = "UPDATE followers SET enabled = 0 WHERE id = ?1 AND ?2 <> ''"
	case FollowerDeleted:
		query = "DELETE FROM followers WHERE id = ?1 AND ?2 <> ''"
	default:
		return nil
	}
	var named struct{ ID string }
	if err := json.Unmarshal(l.Data, &named); err != nil {
		return fmt.Errorf("read news of a follower: %w", err)
	}
	if _, err := tx.Exec(query, named.ID, l.ID); err != nil {
		return fmt.Errorf("note a follower: %w", err)
	}
	var err error
	switch l.Type {
	case FollowerEnabled: // what waited is tried at once
		_, err = tx.Exec("UPDATE dispatches SET due_at = 0 WHERE follower_id = ? AND status = 'waiting'", named.ID)
	case FollowerDeleted:
		_, err = tx.Exec("DELETE FROM dispatches WHERE follower_id = ?", named.ID)
	}
	return err
}

// findFollowers learns whether anybody follows the workspace, so that its commits are noted for them.
func (w *workspace) findFollowers() error {
	var any bool
	err := w.db.View(noCtx, func(tx *sqlite.Tx) error {
		return tx.Row("SELECT EXISTS (SELECT 1 FROM followers WHERE enabled = 1)", nil, &any)
	})
	if err == nil {
		w.followed.Store(any)
	}
	return err
}

// checkFollowers does that when the workspace is opened, and notes that there may be something to tell. Where nothing is,
// the first look finds out.
func (w *workspace) checkFollowers() error {
	if err := w.findFollowers(); err != nil || !w.followed.Load() {
		return err
	}
	var behind bool
	err := w.db.View(noCtx, func(tx *sqlite.Tx) error {
		return tx.Row(`SELECT EXISTS (SELECT 1 FROM followers f WHERE f.enabled = 1 AND (f.seq < (SELECT COALESCE(MAX(seq), 0) FROM journal)
			OR EXISTS (SELECT 1 FROM dispatches d WHERE d.follower_id = f.id AND d.status = 'waiting')))`, nil, &behind)
	})
	if behind {
		w.noteFollowed()
	}
	return err
}

// noteFollowed notes that followers may have something to be told. It is not synced: the workspace's awake mark stands for
// it until a clean close.
func (w *workspace) noteFollowed() {
	if err := w.store.followed.note(w.id, w.now()); err != nil {
		w.store.opts.Log.Warn("note news for followers", "workspace", w.id, "err", err)
	}
}

// Followed tells in which workspaces followers are to be looked at now, and which one is the next, each with its time; rung
// is closed when that has changed. A workspace with followers and without news is not among them.
func (s *Store) Followed() (due map[WorkspaceID]time.Time, rung <-chan struct{}) {
	return s.followed.look(s.opts.Clock())
}

// followedPlace is the number of the line that the journal is kept from: behind it lies what an enabled follower has not been
// told, or is to be told again; -1 if there is none.
func followedPlace(tx *sqlite.Tx) (seq int64, err error) {
	err = tx.Row(`SELECT COALESCE(MIN(MIN(f.seq, COALESCE((SELECT MIN(d.seq) - 1 FROM dispatches d WHERE d.follower_id = f.id AND d.status = 'waiting' AND d.seq > 0), f.seq))), -1)
		FROM followers f WHERE f.enabled = 1`, nil, &seq)
	return seq, err
}

// Adopt begins followers that the index knows nothing of, as after it was lost: from the journal as it is now, with a gap in
// front. What is known stays as it is.
func (f Following) Adopt(ctx context.Context, list []Follower) error {
	return f.ws.use(ctx, func(w *workspace) error {
		unknown, err := w.unknown(list)
		if err != nil || len(unknown) == 0 {
			return err
		}
		err = w.db.Change(func(tx *sqlite.Tx) error {
			for _, id := range unknown {
				if _, err := tx.Exec("INSERT INTO followers (id, seq) VALUES (?, 0) ON CONFLICT (id) DO NOTHING", id); err != nil {
					return fmt.Errorf("begin a follower: %w", err)
				}
				if err := w.tellGap(tx, id, 0); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			err = w.findFollowers()
		}
		return err
	})
}

func (w *workspace) unknown(list []Follower) (ids []string, err error) {
	err = w.db.View(noCtx, func(tx *sqlite.Tx) error {
		for _, f := range list {
			var known bool
			if err := tx.Row("SELECT EXISTS (SELECT 1 FROM followers WHERE id = ?)", sqlite.Args(f.ID), &known); err != nil {
				return err
			}
			if !known {
				ids = append(ids, f.ID)
			}
		}
		return nil
	})
	return ids, err
}

// tellGap puts a gap in front of what comes behind seq, and moves the follower there.
func (w *workspace) tellGap(tx *sqlite.Tx, follower string, seq int64) error {
	if _, err := tx.Exec("UPDATE followers SET seq = ? WHERE id = ?", seq, follower); err != nil {
		return fmt.Errorf("move a follower over a gap: %w", err)
	}
	now := w.now()
	_, err := tx.Exec("INSERT INTO dispatches (id, follower_id, event_id, type, seq, status, created_at) VALUES (?, ?, ?, ?, 0, 'waiting', ?)",
		ident.New("dlv", now), follower, ident.New("evt", now), GapLine, now.UnixMicro())
	if err != nil {
		return fmt.Errorf("tell a gap: %w", err)
	}
	return nil
}

// Rest looks when each of the followers has something to be told: absent if it has nothing. It notes for Store.Followed
// when the workspace is to be looked at next; those who are busy count as due then at the latest.
func (f Following) Rest(ctx context.Context, list []Follower, busy func(id string) bool, then time.Time) (due map[string]time.Time, err error) {
	due = map[string]time.Time{}
	err = f.ws.use(ctx, func(w *workspace) error {
		turn := w.store.followed.turn(w.id)
		var next time.Time
		err := w.db.View(ctx, func(tx *sqlite.Tx) error {
			for _, x := range list {
				at, err := dueOf(tx, x, w.now())
				if err != nil {
					return err
				}
				if busy(x.ID) {
					at = then
				}
				if at.IsZero() {
					continue
				}
				due[x.ID] = at
				if next.IsZero() || at.Before(next) {
					next = at
				}
			}
			return nil
		})
		if err == nil {
			w.store.followed.settle(w.id, turn, next)
		}
		return err
	})
	return due, err
}

// dueOf is when a follower is to be told something; the zero time if nothing waits.
func dueOf(tx *sqlite.Tx, f Follower, now time.Time) (time.Time, error) {
	place, err := followerPlace(tx, f.ID)
	if err != nil || !place.enabled {
		return time.Time{}, err
	}
	due := int64(-1)
	if place.waiting < MaxWaiting && place.behind {
		due = now.UnixMicro()
	} else if err := tx.Row("SELECT COALESCE(MIN(due_at), -1) FROM dispatches d WHERE "+waitingFor(f), sqlite.Args(f.ID), &due); err != nil {
		return time.Time{}, err
	}
	if due < 0 {
		return time.Time{}, nil
	}
	return time.UnixMicro(max(due, place.restUntil)).UTC(), nil
}

// waitingFor selects what of a follower's may be tried when it is due: of an ordered one the first of each inbox.
func waitingFor(f Follower) string {
	const waiting = "d.follower_id = ? AND d.status = 'waiting'"
	if !f.Ordered {
		return waiting
	}
	return waiting + " AND NOT EXISTS (SELECT 1 FROM dispatches b WHERE b.follower_id = d.follower_id AND b.status = 'waiting' AND b.inbox_id = d.inbox_id AND b.seq < d.seq)"
}

// followerState is a follower's row, and what hangs on it.
type followerState struct {
	enabled   bool
	seq       int64
	restUntil int64
	waiting   int  // dispatches
	behind    bool // there are lines behind its place
}

// followerPlace reads it; of who is none, enabled is false.
func followerPlace(tx *sqlite.Tx, id string) (s followerState, err error) {
	err = tx.Row(`SELECT enabled, seq, rest_until, (SELECT COUNT(*) FROM dispatches d WHERE d.follower_id = f.id AND d.status = 'waiting'),
		f.seq < (SELECT COALESCE(MAX(seq), 0) FROM journal) FROM followers f WHERE id = ?`, sqlite.Args(id), &s.enabled, &s.seq, &s.restUntil, &s.waiting, &s.behind)
	if sqlite.NoRows(err) {
		err = nil
	}
	return s, err
}
