package resolver

import (
	"context"
	"sync"
)

// question is a canonical name and a type.
type question struct {
	name  string
	qtype uint16
}

// flights are the look-ups that run, one for each question however many wait for it. The zero value is ready.
type flights struct {
	mu      sync.Mutex
	running map[question]*flight
}

// flight is one look-up. It lives as long as anybody waits for it.
type flight struct {
	done    chan struct{} // closed once entry is set
	entry   entry
	waiting int
	cancel  context.CancelFunc
}

// do gives what look finds for a question, from a look-up that already runs if there is one. The error is that of ctx: a
// caller whose ctx ends goes away, and the look-up goes on for the others. When the last one has gone it is cancelled.
func (f *flights) do(ctx context.Context, q question, look func(context.Context, question) entry) (entry, error) {
	if err := ctx.Err(); err != nil {
		return entry{}, err
	}
	f.mu.Lock()
	shared := f.running[q]
	if shared == nil {
		shared = f.start(ctx, q, look)
	}
	shared.waiting++
	f.mu.Unlock()

	select {
	case <-shared.done:
		return shared.entry, nil
	case <-ctx.Done():
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if shared.waiting--; shared.waiting == 0 {
		f.remove(q, shared)
		shared.cancel()
	}
	return entry{}, ctx.Err()
}

// start begins a look-up. The caller holds the lock.
func (f *flights) start(ctx context.Context, q question, look func(context.Context, question) entry) *flight {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxLookup)
	started := &flight{done: make(chan struct{}), cancel: cancel}
	if f.running == nil {
		f.running = map[question]*flight{}
	}
	f.running[q] = started
	go func() {
		defer cancel()
		started.entry = look(ctx, q)
		f.mu.Lock()
		f.remove(q, started)
		f.mu.Unlock()
		close(started.done)
	}()
	return started
}

// remove forgets a look-up, unless a later one has taken its place. The caller holds the lock.
func (f *flights) remove(q question, gone *flight) {
	if f.running[q] == gone {
		delete(f.running, q)
	}
}
