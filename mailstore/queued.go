package mailstore

import (
	"container/heap"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
)

// queuedSet knows which workspaces have mail that waits to leave, and when the first of it is due, so that those that sleep
// cost nothing: a file for each in <data>/queued, whose time is that of the next try. It is durable before the first
// acknowledged submission and goes when nothing waits.
type queuedSet struct {
	sync func() error // of the directory; those who come together share one

	mu     sync.Mutex
	known  map[WorkspaceID]*queuedSpace
	order  queuedOrder
	turns  map[WorkspaceID]uint64 // counts what was noted, so that a look that was overtaken changes nothing
	making map[WorkspaceID]int    // how many are making the workspace's file at this moment
	rung   chan struct{}          // closed and replaced when there is something new
}

type queuedSpace struct {
	id  WorkspaceID
	due time.Time
	at  int // in the order
}

// queuedOrder is a heap: the first is due first.
type queuedOrder []*queuedSpace

// Len implements heap.Interface.
func (o queuedOrder) Len() int { return len(o) }

// Less implements heap.Interface.
func (o queuedOrder) Less(i, j int) bool { return o[i].due.Before(o[j].due) }

// Swap implements heap.Interface.
func (o queuedOrder) Swap(i, j int) {
	o[i], o[j] = o[j], o[i]
	o[i].at, o[j].at = i, j
}

// Push implements heap.Interface.
func (o *queuedOrder) Push(x any) {
	s := x.(*queuedSpace)
	s.at = len(*o)
	*o = append(*o, s)
}

// Pop implements heap.Interface.
func (o *queuedOrder) Pop() any {
	last := len(*o) - 1
	s := (*o)[last]
	(*o)[last] = nil
	*o = (*o)[:last]
	return s
}

func (q *queuedSet) set(id WorkspaceID, due time.Time) {
	if s := q.known[id]; s != nil {
		s.due = due
		heap.Fix(&q.order, s.at)
		return
	}
	s := &queuedSpace{id: id, due: due}
	q.known[id] = s
	heap.Push(&q.order, s)
}

func (q *queuedSet) remove(id WorkspaceID) {
	if s := q.known[id]; s != nil {
		heap.Remove(&q.order, s.at)
		delete(q.known, id)
	}
}

func (s *Store) queuedDir() string { return filepath.Join(s.dir, "queued") }

// loadQueued reads what an earlier run left.
func (s *Store) loadQueued() error {
	q := &s.queued
	q.known, q.turns, q.making, q.rung = map[WorkspaceID]*queuedSpace{}, map[WorkspaceID]uint64{}, map[WorkspaceID]int{}, make(chan struct{})
	q.sync = maildir.Shared(func() error { return syncPath(s.queuedDir(), s.opts.sync) })
	if !fileExists(s.queuedDir()) {
		if err := errors.Join(os.MkdirAll(s.queuedDir(), 0o700), syncPath(s.dir, s.opts.sync)); err != nil {
			return fmt.Errorf("make data directory: %w", err)
		}
	}
	entries, err := os.ReadDir(s.queuedDir())
	if err != nil {
		return fmt.Errorf("list workspaces with queued mail: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && ident.Valid("ws", e.Name()) {
			q.set(WorkspaceID(e.Name()), info.ModTime())
		}
	}
	return nil
}

// noteQueued notes that a workspace has mail that is due then, durably if it had none. No other workspace waits for that.
func (s *Store) noteQueued(id WorkspaceID, due time.Time) error {
	q := &s.queued
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turns[id]++
	if q.known[id] == nil {
		if err := s.makeQueued(id); err != nil {
			return fmt.Errorf("note queued mail: %w", err)
		}
	}
	was := q.known[id]
	if was != nil && !due.Before(was.due) {
		return nil
	}
	if was != nil {
		s.writeDue(id, due)
	}
	q.set(id, due)
	close(q.rung)
	q.rung = make(chan struct{})
	return nil
}

// makeQueued makes a workspace's file, durably. It is called with the lock and lets go of it meanwhile; nobody removes the
// file until it is done.
func (s *Store) makeQueued(id WorkspaceID) error {
	q := &s.queued
	q.making[id]++
	q.mu.Unlock()
	file, err := os.OpenFile(s.queuedFile(id), os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = errors.Join(file.Close(), q.sync())
	}
	q.mu.Lock()
	if q.making[id]--; q.making[id] == 0 {
		delete(q.making, id)
	}
	return err
}

// writeDue has the next run of the program know when to look. It is not synced: after a crash all that was open is looked at.
func (s *Store) writeDue(id WorkspaceID, due time.Time) {
	if err := os.Chtimes(s.queuedFile(id), due, due); err != nil {
		s.opts.Log.Warn("note when queued mail is due", "workspace", id, "err", err)
	}
}

func (s *Store) queuedFile(id WorkspaceID) string { return filepath.Join(s.queuedDir(), string(id)) }

// Queued tells which workspaces with waiting mail are to be looked at now, and which one is the next, each with its time;
// rung is closed when that has changed. What is due later costs nothing.
func (s *Store) Queued() (due map[WorkspaceID]time.Time, rung <-chan struct{}) {
	q := &s.queued
	now := s.opts.Clock()
	due = map[WorkspaceID]time.Time{}
	q.mu.Lock()
	defer q.mu.Unlock()
	var next *queuedSpace
	for walk := []int{0}; len(walk) > 0; { // down the heap, as far as something is due
		at := walk[len(walk)-1]
		walk = walk[:len(walk)-1]
		if at >= len(q.order) {
			continue
		}
		if x := q.order[at]; !x.due.After(now) {
			due[x.id] = x.due
			walk = append(walk, 2*at+1, 2*at+2)
		} else if next == nil || x.due.Before(next.due) {
			next = x
		}
	}
	if next != nil {
		due[next.id] = next.due
	}
	return due, q.rung
}

// turn is what was noted so far; see setQueued.
func (s *Store) turn(id WorkspaceID) uint64 {
	s.queued.mu.Lock()
	defer s.queued.mu.Unlock()
	return s.queued.turns[id]
}

// setQueued notes what a look into the workspace found, unless something was noted since turn: due zero is nothing.
func (s *Store) setQueued(id WorkspaceID, turn uint64, due time.Time) {
	q := &s.queued
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.turns[id] != turn || q.making[id] > 0 {
		return
	}
	if !due.IsZero() {
		if q.known[id] != nil {
			q.set(id, due)
			s.writeDue(id, due)
		}
		return
	}
	if err := os.Remove(s.queuedFile(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.opts.Log.Warn("forget queued mail", "workspace", id, "err", err)
		return
	}
	q.remove(id)
}
