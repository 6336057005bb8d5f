package maildir

import "sync"

// syncer shares the waiting for one directory: who comes while a sync runs is served by the next one, together with all
// others who came meanwhile. Nobody is served by a sync that began before it came.
type syncer struct {
	do func() error

	mu      sync.Mutex
	running bool
	next    *round
}

// Shared gives a do whose calls that overlap share one run, which began after each of them came.
func Shared(do func() error) func() error {
	s := &syncer{do: do}
	return s.run
}

type round struct {
	done chan struct{}
	err  error
}

func (s *syncer) run() error {
	s.mu.Lock()
	if s.next == nil {
		s.next = &round{done: make(chan struct{})}
	}
	mine := s.next
	if !s.running {
		s.running = true
		s.next = nil
		s.mu.Unlock()
		s.serve(mine)
	} else {
		s.mu.Unlock()
	}
	<-mine.done
	return mine.err
}

// serve runs one round and, if others came meanwhile, has the next one run beside the caller.
func (s *syncer) serve(r *round) {
	r.err = s.do()
	close(r.done)
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.next
	s.next = nil
	if next == nil {
		s.running = false
		return
	}
	go s.serve(next)
}
