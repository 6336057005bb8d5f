package mailstore

import (
	"context"
	"sync"

	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Live follows the journals of all workspaces from the moment it was made, and remembers nothing beyond itself. Only tenancy
// hands one out. Rung and Next are for one goroutine; whoever has it calls Close.
type Live struct {
	store *Store

	mu     sync.Mutex
	places map[WorkspaceID]journal.Cursor // where to read on, of workspaces that were open since
	rung   map[WorkspaceID]bool           // those with news
	bell   chan struct{}                  // closed when there are some
}

// Live begins to follow. What is committed after it returns is given.
func (s *Store) Live(ctx context.Context) (*Live, error) {
	l := &Live{store: s, places: map[WorkspaceID]journal.Cursor{}, rung: map[WorkspaceID]bool{}, bell: make(chan struct{})}
	s.bells.mu.Lock()
	if s.bells.live == nil {
		s.bells.live = map[*Live]bool{}
	}
	s.bells.live[l] = true
	s.bells.mu.Unlock()
	s.mu.Lock()
	var open []WorkspaceID
	for id := range s.open {
		open = append(open, id)
	}
	s.mu.Unlock()
	for _, id := range open {
		c, err := s.Workspace(id).Journal().End(ctx)
		if err != nil && ctx.Err() != nil {
			l.Close()
			return nil, err
		}
		if err == nil { // one that cannot be opened has no news
			l.places[id] = c
		}
	}
	return l, nil
}

// Close ends it.
func (l *Live) Close() {
	b := &l.store.bells
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.live, l)
}

// note is called when a workspace has news.
func (l *Live) note(id WorkspaceID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rung) == 0 {
		close(l.bell)
	}
	l.rung[id] = true
}

// Rung gives a channel that is closed when there is news.
func (l *Live) Rung() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bell
}

// Next gives lines of one workspace that has news, at most limit; the id is "" if none has.
func (l *Live) Next(ctx context.Context, types []string, inboxes []InboxID, limit int) (id WorkspaceID, p journal.Page, err error) {
	if id = l.take(); id == "" {
		return "", p, nil
	}
	after, known := l.places[id]
	if !known { // it was opened since: all behind where it began is news
		if after, err = l.store.Workspace(id).began(ctx); err != nil {
			return id, p, err
		}
	}
	if p, err = l.store.Workspace(id).Journal().Read(ctx, after, types, inboxes, limit); err != nil {
		return id, p, err
	}
	if l.places[id] = p.Next; p.More {
		l.note(id)
	}
	return id, p, nil
}

// take takes one workspace off those with news.
func (l *Live) take() (id WorkspaceID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id = range l.rung {
		delete(l.rung, id)
		if len(l.rung) == 0 {
			l.bell = make(chan struct{})
		}
		break
	}
	return id
}

// began is where the journal ended when the workspace's files were opened.
func (h Workspace) began(ctx context.Context) (c journal.Cursor, err error) {
	err = h.use(ctx, func(w *workspace) error {
		c = w.beganAt
		return nil
	})
	return c, err
}

// noteBegin notes that place. Nothing has been appended since the files were opened.
func (w *workspace) noteBegin() error {
	return w.db.View(context.Background(), func(tx *sqlite.Tx) (err error) {
		w.beganAt, err = journal.End(tx)
		return err
	})
}
