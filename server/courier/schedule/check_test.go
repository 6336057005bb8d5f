package schedule

import (
	"fmt"
	"testing"
	"time"
)

// start is when the virtual time of the tests begins.
var start = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// check fails if the scheduler's books do not agree with each other, or a limit is exceeded.
func check(t *testing.T, s *Scheduler) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.wrong(); err != nil {
		t.Fatal(err)
	}
}

func (s *Scheduler) wrong() error {
	if s.inUse < 0 || s.inUse > s.cfg.MaxWorkers || s.bulkInUse > s.cfg.MaxWorkers-s.cfg.reserved(s.cfg.MaxWorkers) {
		return fmt.Errorf("%d workers in use, %d for bulk", s.inUse, s.bulkInUse)
	}
	inUse, waiting := 0, 0
	byWorkspace, bySite := map[*workspace]*flow{}, map[*site]*flow{}
	for key, f := range s.flows {
		if kept := f.places[0].node.in == &f.site.turns[0].without || f.places[1].node.in == &f.site.turns[1].without; f.key != key || f.waiting[0]+f.waiting[1]+f.inUse == 0 && !kept {
			return fmt.Errorf("flow %v is empty and kept: %v", key, kept)
		}
		if n := f.ready[0].len + f.ready[1].len + f.later.len + f.held.len; n != f.waiting[0]+f.waiting[1] {
			return fmt.Errorf("flow %v has %d jobs, counts %v", key, n, f.waiting)
		}
		for _, sum := range []*flow{at(byWorkspace, f.workspace), at(bySite, f.site)} {
			sum.inUse += f.inUse
			sum.waiting[0] += f.waiting[0]
			sum.waiting[1] += f.waiting[1]
			sum.promptRun += f.ready[0].len + f.ready[1].len
			sum.offer.credit += f.ready[Bulk].len
		}
		inUse += f.inUse
		waiting += f.waiting[0] + f.waiting[1]
		for c := range classes {
			if f.site.turns[c].in(&f.places[c]) != f.wants(c) {
				return fmt.Errorf("flow %v stands in turns %d: %v", key, c, !f.wants(c))
			}
			if cr := f.places[c].credit; cr > f.workspace.quantum || cr < -maxDebt {
				return fmt.Errorf("flow %v has credit %d", key, cr)
			}
		}
		if cr := f.offer.credit; cr > f.workspace.quantum || cr < -maxDebt {
			return fmt.Errorf("flow %v has credit %d in its workspace", key, cr)
		}
		called := f.site.turns[general].has(f, general) || f.site.promptOnly && f.site.turns[reserved].has(f, reserved)
		if (f.offer.node.in != nil) != called {
			return fmt.Errorf("flow %v is called %v and offered %v", key, called, !called)
		}
		shared := false
		for c := range classes {
			shared = shared || f.site.turns[c].has(f, c) && f.site.turns[c].rounds.len() > 0
		}
		if (f.shared.in != nil) != shared {
			return fmt.Errorf("flow %v is shared: %v", key, shared)
		}
	}
	if inUse != s.inUse || len(s.jobs) != inUse+waiting {
		return fmt.Errorf("%d and %d in use, %d waiting, %d jobs", inUse, s.inUse, waiting, len(s.jobs))
	}
	for name, w := range s.workspaces {
		if kept := w.places[0].node.in == &s.rounds[0].without || w.places[1].node.in == &s.rounds[1].without; byWorkspace[w] == nil && !kept {
			return fmt.Errorf("workspace %s is empty and kept: %v", name, kept)
		}
	}
	for w, sum := range byWorkspace {
		if w.inUse != sum.inUse || w.waiting != sum.waiting || w.ready != sum.promptRun || w.inUse > s.cfg.MaxPerWorkspace {
			return fmt.Errorf("workspace %s: %d in use of %d, waiting %v of %v", w.name, w.inUse, sum.inUse, w.waiting, sum.waiting)
		}
		offers := [classes]int{w.offers[0].len + w.offers[1].len, w.reservedOffers.len}
		for c := range classes {
			if s.rounds[c].in(&w.places[c]) != (offers[c] > 0 && !w.limited()) {
				return fmt.Errorf("workspace %s has %d offers and stands in round %d: %v", w.name, offers[c], c, s.rounds[c].in(&w.places[c]))
			}
			if cr := w.places[c].credit; cr > w.quantum || cr < -maxDebt {
				return fmt.Errorf("workspace %s has credit %d", w.name, cr)
			}
		}
	}
	for _, t := range s.sites {
		sum := bySite[t]
		if sum == nil {
			sum = &flow{}
		}
		if t.inUse != sum.inUse || t.waiting != sum.waiting[0]+sum.waiting[1] || t.bulkReady != sum.offer.credit || t.limit < 1 || t.limit > s.cfg.MaxConcurrency {
			return fmt.Errorf("site %s: %d in use of %d, limit %d", t.name, t.inUse, sum.inUse, t.limit)
		}
		if (t.idle.in != nil) != (t.flows == 0 && !t.resting()) {
			return fmt.Errorf("site %s is idle: %v", t.name, t.idle.in != nil)
		}
		n := t.free()
		for c := range classes {
			q := &t.turns[c]
			if q.called.len > n[c] || q.contested != (q.rounds.len() > 0) {
				return fmt.Errorf("site %s calls %d for %d slots of class %d", t.name, q.called.len, n[c], c)
			}
		}
	}
	return nil
}

func at[K comparable](m map[K]*flow, k K) *flow {
	if m[k] == nil {
		m[k] = &flow{}
	}
	return m[k]
}

// possible tells, by looking at everything, whether Next has something to give.
func (s *Scheduler) possible() bool {
	worker, free := s.class()
	if !free {
		return false
	}
	for _, f := range s.flows {
		c := f.site.slot(worker)
		if f.wants(c) && f.site.free()[c] > 0 && !f.workspace.limited() && !f.site.crowds(f, c) {
			return true
		}
	}
	return false
}
