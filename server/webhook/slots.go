package webhook

import (
	"context"
	"slices"
	"sync"

	"github.com/postroom/postroom/mailstore"
)

// slots are how many requests run at one time, shared so that a slow endpoint harms nobody: no workspace has more than its
// share, and all slow endpoints together never have them all. Who waits is served in turns of workspaces.
type slots struct {
	all, share, slow int // at most: in all, of one workspace, of slow endpoints

	mu       sync.Mutex
	used     int
	usedSlow int
	by       map[mailstore.WorkspaceID]int
	lines    map[line][]chan struct{} // who waits
	turns    []line                   // of those lines that are not empty; the first is served next
}

// line is where a workspace's endpoints wait, the slow ones apart.
type line struct {
	ws   mailstore.WorkspaceID
	slow bool
}

func newSlots(all, share, slow int) *slots {
	return &slots{all: all, share: share, slow: slow, by: map[mailstore.WorkspaceID]int{}, lines: map[line][]chan struct{}{}}
}

// take waits for a slot, which the caller gives back by give. The error is ctx's.
func (s *slots) take(ctx context.Context, ws mailstore.WorkspaceID, slow bool) (give func(), err error) {
	l := line{ws, slow}
	s.mu.Lock()
	if s.free(l) && len(s.lines[l]) == 0 {
		s.occupy(l)
		s.mu.Unlock()
		return s.giver(l), nil
	}
	ready := make(chan struct{})
	if len(s.lines[l]) == 0 {
		s.turns = append(s.turns, l)
	}
	s.lines[l] = append(s.lines[l], ready)
	s.mu.Unlock()
	select {
	case <-ready:
		return s.giver(l), nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.lines[l], ready); i >= 0 {
		s.lines[l] = slices.Delete(s.lines[l], i, i+1)
		s.forget(l)
	} else { // it was served meanwhile
		s.release(l)
	}
	return nil, ctx.Err()
}

// try takes a slot if there is one for which nobody waits.
func (s *slots) try(ws mailstore.WorkspaceID, slow bool) (give func(), ok bool) {
	l := line{ws, slow}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.turns) > 0 || !s.free(l) {
		return nil, false
	}
	s.occupy(l)
	return s.giver(l), true
}

func (s *slots) giver(l line) func() {
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.release(l)
	}
}

func (s *slots) free(l line) bool {
	return s.used < s.all && s.by[l.ws] < s.share && (!l.slow || s.usedSlow < s.slow)
}

func (s *slots) occupy(l line) {
	s.used++
	s.by[l.ws]++
	if l.slow {
		s.usedSlow++
	}
}

// release frees a slot, and hands out what is free to those who wait.
func (s *slots) release(l line) {
	s.used--
	if s.by[l.ws]--; s.by[l.ws] == 0 {
		delete(s.by, l.ws)
	}
	if l.slow {
		s.usedSlow--
	}
	for i := 0; i < len(s.turns) && s.used < s.all; {
		next := s.turns[i]
		if !s.free(next) {
			i++
			continue
		}
		s.occupy(next)
		close(s.lines[next][0])
		s.lines[next] = s.lines[next][1:]
		s.turns = append(slices.Delete(s.turns, i, i+1), next) // to the end of the turns
		s.forget(next)
	}
}

// forget takes a line out of the turns that is empty.
func (s *slots) forget(l line) {
	if len(s.lines[l]) > 0 {
		return
	}
	delete(s.lines, l)
	if i := slices.Index(s.turns, l); i >= 0 {
		s.turns = slices.Delete(s.turns, i, i+1)
	}
}
