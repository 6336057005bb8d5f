package mailstore

import (
	"fmt"
	"time"
)

// What waits to leave is known without opening a workspace: a file in <data>/queued, which is durable before the first
// acknowledged submission.

func (s *Store) queuedDir() string { return s.queued.dir }

// noteQueued notes that a workspace has mail that is due then, durably if it had none.
func (s *Store) noteQueued(id WorkspaceID, due time.Time) error {
	if err := s.queued.note(id, due); err != nil {
		return fmt.Errorf("note queued mail: %w", err)
	}
	return nil
}

// Queued tells which workspaces with waiting mail are to be looked at now, and which one is the next, each with its time;
// rung is closed when that has changed. What is due later costs nothing.
func (s *Store) Queued() (due map[WorkspaceID]time.Time, rung <-chan struct{}) {
	return s.queued.look(s.opts.Clock())
}

// turn is what was noted so far; see setQueued.
func (s *Store) turn(id WorkspaceID) uint64 { return s.queued.turn(id) }

// setQueued notes what a look into the workspace found, unless something was noted since turn: due zero is nothing.
func (s *Store) setQueued(id WorkspaceID, turn uint64, due time.Time) { s.queued.settle(id, turn, due) }
