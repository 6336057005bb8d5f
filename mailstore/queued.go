package mailstore

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
)

// queuedSet knows which workspaces have mail that waits to leave, and when the first of it is due, so that those that sleep
// cost nothing: a file for each in <data>/queued, whose time is that of the next try. It is durable before the first
// acknowledged submission and goes when nothing waits.
type queuedSet struct {
	mu    sync.Mutex
	due   map[WorkspaceID]time.Time
	turns map[WorkspaceID]uint64 // counts what was noted, so that a look that was overtaken changes nothing
	rung  chan struct{}          // closed and replaced when there is something new
}

func (s *Store) queuedDir() string { return filepath.Join(s.dir, "queued") }

// loadQueued reads what an earlier run left.
func (s *Store) loadQueued() error {
	q := &s.queued
	q.due, q.turns, q.rung = map[WorkspaceID]time.Time{}, map[WorkspaceID]uint64{}, make(chan struct{})
	if err := os.MkdirAll(s.queuedDir(), 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	entries, err := os.ReadDir(s.queuedDir())
	if err != nil {
		return fmt.Errorf("list workspaces with queued mail: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && ident.Valid("ws", e.Name()) {
			q.due[WorkspaceID(e.Name())] = info.ModTime()
		}
	}
	return nil
}

// noteQueued notes that a workspace has mail that is due then, durably if it had none.
func (s *Store) noteQueued(id WorkspaceID, due time.Time) error {
	q := &s.queued
	q.mu.Lock()
	defer q.mu.Unlock()
	was, known := q.due[id]
	q.turns[id]++
	if !known {
		file, err := os.OpenFile(filepath.Join(s.queuedDir(), string(id)), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("note queued mail: %w", err)
		}
		if err := errors.Join(file.Close(), syncPath(s.queuedDir(), s.opts.sync)); err != nil {
			return fmt.Errorf("note queued mail: %w", err)
		}
	}
	if !known || due.Before(was) {
		q.due[id] = due
		close(q.rung)
		q.rung = make(chan struct{})
	}
	return nil
}

// Queued tells when each workspace with waiting mail is to be looked at; rung is closed when that has changed.
func (s *Store) Queued() (due map[WorkspaceID]time.Time, rung <-chan struct{}) {
	q := &s.queued
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.due), q.rung
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
	if q.turns[id] != turn {
		return
	}
	name := filepath.Join(s.queuedDir(), string(id))
	if !due.IsZero() {
		q.due[id] = due
		os.Chtimes(name, due, due) // lost, it is looked at too early
		return
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.opts.Log.Warn("forget queued mail", "workspace", id, "err", err)
		return
	}
	delete(q.due, id)
	delete(q.turns, id)
}
