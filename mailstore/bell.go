package mailstore

import (
	"context"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// bells wake those who wait for a journal. They carry no data. ends remembers how far a journal was known to reach
// since its last ring, so that a wait need not open the workspace to learn that there is nothing.
type bells struct {
	mu      sync.Mutex
	waiting map[WorkspaceID]*bell
	ends    map[WorkspaceID]int64
	rings   map[WorkspaceID]uint64
	live    map[*Live]bool // who follow all workspaces
}

type bell struct {
	rung  chan struct{}
	users int
}

func (b *bells) ring(id WorkspaceID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.ends, id)
	b.rings[id]++
	for l := range b.live {
		l.note(id)
	}
	if w := b.waiting[id]; w != nil {
		close(w.rung)
		delete(b.waiting, id)
	}
}

// version counts the rings.
func (b *bells) version(id WorkspaceID) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rings[id]
}

// join gives a channel that the next ring closes, and the known end (-1: unknown).
func (b *bells) join(id WorkspaceID) (w *bell, end int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w = b.waiting[id]
	if w == nil {
		w = &bell{rung: make(chan struct{})}
		b.waiting[id] = w
	}
	w.users++
	end, known := b.ends[id]
	if !known {
		end = -1
	}
	return w, end
}

func (b *bells) leave(id WorkspaceID, w *bell) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w.users--; w.users == 0 && b.waiting[id] == w {
		delete(b.waiting, id)
	}
}

// learn notes where the journal ended, unless w was rung since.
func (b *bells) learn(id WorkspaceID, w *bell, end int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting[id] == w {
		b.ends[id] = end
	}
}

// Read gives lines behind after, oldest first: those of the given types and inboxes (none given: all), within what the
// handle's holder may see. The zero cursor is the beginning. limit 0 means journal.MaxRead.
func (j Journal) Read(ctx context.Context, after journal.Cursor, types []string, inboxes []InboxID, limit int) (p journal.Page, err error) {
	f := j.filter
	f.Types = types
	if len(inboxes) > 0 {
		wanted := []string{}
		for _, id := range inboxes {
			if len(f.Inboxes) == 0 || contains(f.Inboxes, string(id)) {
				wanted = append(wanted, string(id))
			}
		}
		if len(wanted) == 0 {
			wanted = []string{"-"} // nothing that the holder may see
		}
		f.Inboxes = wanted
	}
	err = j.ws.view(ctx, func(tx *sqlite.Tx) error {
		if p, err = journal.Read(tx, after, f, limit); err != nil {
			return err
		}
		return hydrate(tx, p.Lines)
	})
	return p, err
}

// End is the place behind the newest line: what happens later comes behind it.
func (j Journal) End(ctx context.Context) (c journal.Cursor, err error) {
	err = j.ws.view(ctx, func(tx *sqlite.Tx) error {
		c, err = journal.End(tx)
		return err
	})
	return c, err
}

// Tallies are how many messages came, left, bounced and so on, by event type, from the hour of from until to, in steps of whole
// hours: of the inbox that the handle is narrowed to, or of the workspace.
func (j Journal) Tallies(ctx context.Context, from, to time.Time, step time.Duration) (list []journal.Tally, err error) {
	inbox := ""
	if len(j.filter.Inboxes) > 0 {
		inbox = j.filter.Inboxes[0]
	}
	err = j.ws.view(ctx, func(tx *sqlite.Tx) error {
		list, err = journal.Tallies(tx, inbox, from, to, step)
		return err
	})
	return list, err
}

// Version counts the commits of the journal's workspace since the process began: as long as it stays, nothing has happened.
func (j Journal) Version() uint64 { return j.ws.store.bells.version(j.ws.id) }

// Rung gives a channel that is closed by the first commit behind a version, at once if there was one. It is Wait for a select;
// nothing is opened. leave lets go of it.
func (j Journal) Rung(version uint64) (rung <-chan struct{}, leave func()) {
	b, id := &j.ws.store.bells, j.ws.id
	w, _ := b.join(id)
	leave = func() { b.leave(id, w) }
	if b.version(id) != version {
		return rungAlready, leave
	}
	return w.rung, leave
}

var rungAlready = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Wait returns nil when there may be a line behind after, of whatever kind, or ctx's error. It holds nothing open.
func (j Journal) Wait(ctx context.Context, after journal.Cursor) error {
	s, id := j.ws.store, j.ws.id
	w, end := s.bells.join(id)
	defer s.bells.leave(id, w)
	if end < 0 {
		c, err := j.End(ctx)
		if err != nil {
			return err
		}
		if c.Epoch != after.Epoch {
			return nil
		}
		s.bells.learn(id, w, c.Seq)
		end = c.Seq
	}
	if end > after.Seq {
		return nil
	}
	select {
	case <-w.rung:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
