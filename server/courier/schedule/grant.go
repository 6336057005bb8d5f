package schedule

import "time"

// Grant is the leave to send one job.
type Grant struct {
	Job   Job
	Probe bool // the site rested, and this attempt decides whether it rests again

	s *Scheduler
	j *job
}

// Done ends the transaction and frees its worker and its slot. The job is gone; to try again, it is added again. Calling it a second time does
// nothing.
func (g Grant) Done(result Result, now time.Time) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.s.advance(now)
	g.s.end(g.j, result)
}

// Then is Done and NextFor for the same site in one step, so that nobody takes the slot of a connection that is open and can carry another
// job. If it reports false, the slot is free and the connection should be closed.
func (g Grant) Then(result Result, now time.Time, same func(Job) bool) (Grant, bool) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.s.advance(now)
	if g.j.state != sending {
		return Grant{}, false
	}
	g.s.end(g.j, result)
	return g.s.nextFor(g.s.sites[g.Job.Site], same)
}

// grant starts the flow's first job of the lane, for a worker of the class, and charges it to the turns that it uses.
func (s *Scheduler) grant(f *flow, worker class, lane Lane) Grant {
	t, w := f.site, f.workspace
	slot := t.slot(worker)
	j := f.ready[lane].front.of
	f.countRun(lane)
	f.take(j)
	f.count(j, -1)

	if lane == Bulk {
		s.bulkInUse++
		t.bulkInUse++
	}
	s.inUse++
	t.inUse++
	w.inUse++
	f.inUse++
	j.state, j.epoch, j.together = sending, t.epoch, t.inUse
	probe := t.rests > 0
	if probe {
		t.probe = j
	}

	if f.places[slot].charge(j.cost) {
		t.turns[slot].end(&f.places[slot])
	}
	if w.places[worker].charge(j.cost) && s.rounds[worker].in(&w.places[worker]) {
		s.rounds[worker].end(&w.places[worker])
	}
	f.chargeOffer(worker, j.cost)
	t.changed(f)
	w.limitReached()
	return Grant{Job: j.Job, Probe: probe, s: s, j: j}
}

// end takes a job that was sent out of all counts.
func (s *Scheduler) end(j *job, result Result) {
	if j.state != sending {
		return
	}
	j.state = gone
	delete(s.jobs, j.ID)
	f := j.flow
	t, w := f.site, f.workspace
	t.note(result, j)
	if j.Lane == Bulk {
		s.bulkInUse--
		t.bulkInUse--
	}
	s.inUse--
	t.inUse--
	w.inUse--
	f.inUse--
	if t.probe == j {
		t.probe = nil
	}
	t.settle()
	w.limitLeft()
	f.release()
}
