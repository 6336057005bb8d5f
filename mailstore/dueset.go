package mailstore

import (
	"container/heap"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
)

// dueSet knows which workspaces have something that waits, and when the first of it is due, so that those that sleep cost
// nothing: a file for each in a directory, whose time is that of the next try. It goes when nothing waits.
type dueSet struct {
	dir     string
	durable bool // a file is on the disk before note returns; else it is durable once flush was called, or the workspace's awake mark stands for it
	log     *slog.Logger
	sync    func() error // of the directory; those who come together share one

	mu     sync.Mutex
	known  map[WorkspaceID]*dueSpace
	order  dueOrder
	turns  map[WorkspaceID]uint64 // counts what was noted, so that a look that was overtaken changes nothing
	making map[WorkspaceID]int    // how many are making the workspace's file at this moment
	rung   chan struct{}          // closed and replaced when there is something new
}

type dueSpace struct {
	id  WorkspaceID
	due time.Time
	at  int // in the order
}

// dueOrder is a heap: the first is due first.
type dueOrder []*dueSpace

// Len implements heap.Interface.
func (o dueOrder) Len() int { return len(o) }

// Less implements heap.Interface.
func (o dueOrder) Less(i, j int) bool { return o[i].due.Before(o[j].due) }

// Swap implements heap.Interface.
func (o dueOrder) Swap(i, j int) {
	o[i], o[j] = o[j], o[i]
	o[i].at, o[j].at = i, j
}

// Push implements heap.Interface.
func (o *dueOrder) Push(x any) {
	s := x.(*dueSpace)
	s.at = len(*o)
	*o = append(*o, s)
}

// Pop implements heap.Interface.
func (o *dueOrder) Pop() any {
	last := len(*o) - 1
	s := (*o)[last]
	(*o)[last] = nil
	*o = (*o)[:last]
	return s
}

func (q *dueSet) set(id WorkspaceID, due time.Time) {
	if s := q.known[id]; s != nil {
		s.due = due
		heap.Fix(&q.order, s.at)
		return
	}
	s := &dueSpace{id: id, due: due}
	q.known[id] = s
	heap.Push(&q.order, s)
}

func (q *dueSet) remove(id WorkspaceID) {
	if s := q.known[id]; s != nil {
		heap.Remove(&q.order, s.at)
		delete(q.known, id)
	}
}

// load makes the directory if need be, and reads what an earlier run left there.
func (q *dueSet) load(data, name string, durable bool, opts Options) error {
	q.dir, q.durable, q.log = filepath.Join(data, name), durable, opts.Log
	q.known, q.turns, q.making, q.rung = map[WorkspaceID]*dueSpace{}, map[WorkspaceID]uint64{}, map[WorkspaceID]int{}, make(chan struct{})
	q.sync = maildir.Shared(func() error { return syncPath(q.dir, opts.sync) })
	if !fileExists(q.dir) {
		if err := errors.Join(os.MkdirAll(q.dir, 0o700), syncPath(data, opts.sync)); err != nil {
			return fmt.Errorf("make data directory: %w", err)
		}
	}
	entries, err := os.ReadDir(q.dir)
	if err != nil {
		return fmt.Errorf("list workspaces in %s: %w", name, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && ident.Valid("ws", e.Name()) {
			q.set(WorkspaceID(e.Name()), info.ModTime())
		}
	}
	return nil
}

// note notes that a workspace has something that is due then. No other workspace waits for that.
func (q *dueSet) note(id WorkspaceID, due time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turns[id]++
	if q.known[id] == nil {
		if err := q.makeFile(id); err != nil {
			return err
		}
	}
	was := q.known[id]
	if was != nil && !due.Before(was.due) {
		return nil
	}
	if was != nil {
		q.writeDue(id, due)
	}
	q.set(id, due)
	close(q.rung)
	q.rung = make(chan struct{})
	return nil
}

// makeFile makes a workspace's file. It is called with the lock and lets go of it meanwhile; nobody removes the file until
// it is done.
func (q *dueSet) makeFile(id WorkspaceID) error {
	q.making[id]++
	q.mu.Unlock()
	file, err := os.OpenFile(q.file(id), os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = file.Close()
	}
	if err == nil && q.durable {
		err = q.sync()
	}
	q.mu.Lock()
	if q.making[id]--; q.making[id] == 0 {
		delete(q.making, id)
	}
	return err
}

// flush makes durable that a workspace has something that waits, if it has.
func (q *dueSet) flush(id WorkspaceID) error {
	q.mu.Lock()
	waits := q.known[id] != nil
	q.mu.Unlock()
	if !waits {
		return nil
	}
	return q.sync()
}

// writeDue has the next run of the program know when to look. It is not synced: after a crash all that was open is looked at.
func (q *dueSet) writeDue(id WorkspaceID, due time.Time) {
	if err := os.Chtimes(q.file(id), due, due); err != nil {
		q.log.Warn("note when a workspace is due", "workspace", id, "err", err)
	}
}

func (q *dueSet) file(id WorkspaceID) string { return filepath.Join(q.dir, string(id)) }

// look tells which workspaces are due now, and which one is the next, each with its time; rung is closed when that has
// changed. What is due later costs nothing.
func (q *dueSet) look(now time.Time) (due map[WorkspaceID]time.Time, rung <-chan struct{}) {
	due = map[WorkspaceID]time.Time{}
	q.mu.Lock()
	defer q.mu.Unlock()
	var next *dueSpace
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

// turn is what was noted so far; see settle.
func (q *dueSet) turn(id WorkspaceID) uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.turns[id]
}

// settle notes what a look into the workspace found, unless something was noted since turn: due zero is nothing.
func (q *dueSet) settle(id WorkspaceID, turn uint64, due time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.turns[id] != turn || q.making[id] > 0 {
		return
	}
	if !due.IsZero() {
		if q.known[id] != nil {
			q.set(id, due)
			q.writeDue(id, due)
		}
		return
	}
	if err := os.Remove(q.file(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		q.log.Warn("forget that a workspace is due", "workspace", id, "err", err)
		return
	}
	q.remove(id)
}
