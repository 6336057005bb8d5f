package schedule

import "time"

// site is what is known of a site. It outlives its jobs for a while.
type site struct {
	s    *Scheduler
	name string

	flows     int // workspaces with jobs for it
	waiting   int
	bulkReady int
	inUse     int
	bulkInUse int

	turns      [classes]turns
	promptOnly bool // its free slots are for Prompt jobs alone
	promptRun  int  // Prompt jobs in a row that went while Bulk was ready

	// What it has taught us; see feedback.go.
	limit        int     // its concurrency
	feedback     float64 // successes less failures since the limit changed
	ceiling      int     // 0: none known
	ceilingUntil time.Time
	inRow        int // failures since the last success
	failures     int // of those, the ones at limit 1
	rests        int // in a row; 0: it does not rest, and was not resting at the last attempt
	restUntil    time.Time
	epoch        int  // counts its rests
	probe        *job // the attempt that decides about the next rest, while it is under way
	alarm        alarm

	lastResult               Result
	lastSuccess, lastFailure time.Time

	idle      node[*site]
	idleSince time.Time
}

func (s *Scheduler) site(name string) *site {
	t := s.sites[name]
	if t == nil {
		t = &site{s: s, name: name, limit: s.cfg.InitialConcurrency}
		t.idle.of, t.alarm.site = t, t
		s.sites[name] = t
	}
	t.idle.leave()
	return t
}

// release lets a site without jobs be forgotten in time. One that rests is kept until its rest ends.
func (t *site) release() {
	if t.flows > 0 || t.resting() || t.idle.in != nil {
		return
	}
	t.idleSince = t.s.now
	t.s.idle.pushBack(&t.idle)
}

// forget forgets sites that have had no jobs for long, and the ones idle for longest when there are many.
func (s *Scheduler) forget() {
	for n := s.idle.front; n != nil; n = s.idle.front {
		if s.idle.len <= s.cfg.MaxIdleSites && s.now.Sub(n.of.idleSince) < s.cfg.ForgetAfter {
			return
		}
		delete(s.sites, n.of.name)
		n.leave()
	}
}

func (t *site) resting() bool { return t.restUntil.After(t.s.now) }

// free is how many more jobs may be sent to the site, by class: general for any job, reserved (which includes those) for Prompt jobs.
// A site whose rest is over gets one, whatever hangs there from earlier.
func (t *site) free() (n [classes]int) {
	switch {
	case t.resting():
		return n
	case t.rests > 0 && t.probe != nil:
		return n
	case t.rests > 0:
		n[reserved] = 1
	default:
		n[reserved] = max(t.limit-t.inUse, 0)
	}
	switch {
	case t.rests == 0 && t.limit > 1:
		n[general] = max(min(n[reserved], t.limit-t.s.cfg.reserved(t.limit)-t.bulkInUse), 0)
	case t.promptRun >= t.s.cfg.PromptsInARow || !t.turns[reserved].movable():
		n[general] = n[reserved] // one slot for all: Prompt goes first, but not for ever
	}
	return n
}

// slot is the class of slot that a worker of a class uses here.
func (t *site) slot(worker class) class {
	if worker == reserved || t.promptOnly {
		return reserved
	}
	return general
}

// crowds tells that the flow has all slots of the site but one while others want one too.
func (t *site) crowds(f *flow, c class) bool {
	return t.limit > 1 && f.inUse >= t.limit-1 && t.turns[c].all() > 1
}

// changed brings the site's turns up to date with the ready jobs of the flow.
func (t *site) changed(f *flow) {
	for c := range classes {
		q := &t.turns[c]
		switch wants, in := f.wants(c), q.in(&f.places[c]); {
		case wants && !in:
			q.join(&f.places[c])
		case !wants && in:
			q.leave(f, c)
		}
	}
	t.settle()
	f.publish()
}

// settle calls as many workspaces as the site has free slots for. It is called after each change of the site, of its turns, and of
// the limits of workspaces in them.
func (t *site) settle() {
	n := t.free()
	promptOnly := n[general] == 0 && n[reserved] > 0
	flipped := promptOnly != t.promptOnly
	t.promptOnly = promptOnly
	for c := range classes {
		t.turns[c].call(t, c, n[c])
	}
	if flipped {
		for f := range t.turns[reserved].called.all {
			f.publish()
		}
	}
}
