package schedule

// class is a kind of slot or worker.
type class int

const (
	general  class = iota // for any job
	reserved              // for Prompt jobs alone
	classes
)

// state is where a job is.
type state uint8

const (
	ready   state = iota
	later         // its time has not come
	held          // until Release
	sending       // granted
	gone
)

type job struct {
	Job
	cost  int // within 1 to MaxCost
	flow  *flow
	state state
	node  node[*job]
	alarm alarm // while later

	// While it is being sent.
	epoch    int // of the site, at its start
	together int // how many were being sent to the site at its start, itself included
}

type flowKey struct{ workspace, site string }

// flow is what one workspace has for one site.
type flow struct {
	key       flowKey
	workspace *workspace
	site      *site

	ready   [2]list[*job] // by lane, in the order in which they became ready
	later   list[*job]
	held    list[*job]
	waiting [2]int // by lane, all of the above
	inUse   int

	promptRun int // Prompt jobs in a row that went while Bulk was ready

	places        [classes]place[*flow] // in the turns of its site
	offer         place[*flow]          // in its workspace's offers for a general worker
	reservedOffer node[*flow]           // and for a reserved one
	ofWorkspace   node[*flow]           // in its workspace's list of all
	shared        node[*flow]           // in its workspace's list of called flows behind which others wait
	passed        node[*flow]           // in its workspace's list of flows that were passed over because of its limit
}

// flow gives the flow, new if need be.
func (s *Scheduler) flow(ws, at string) *flow {
	key := flowKey{ws, at}
	f := s.flows[key]
	if f != nil {
		return f
	}
	f = &flow{key: key, workspace: s.workspace(ws), site: s.site(at)}
	for _, n := range []*node[*flow]{&f.places[general].node, &f.places[reserved].node, &f.offer.node, &f.reservedOffer, &f.ofWorkspace, &f.shared, &f.passed} {
		n.of = f
	}
	s.flows[key] = f
	f.workspace.flows.pushBack(&f.ofWorkspace)
	f.site.flows++
	return f
}

// release forgets the flow if it has no jobs, and its workspace and site with it if those have none. Who had a turn at the site
// in this round is remembered until the round is over.
func (f *flow) release() {
	w, t := f.workspace, f.site
	if f.waiting[Prompt]+f.waiting[Bulk]+f.inUse > 0 || w.s.flows[f.key] != f {
		return
	}
	had := false
	for c := range classes {
		had = t.turns[c].keep(&f.places[c]) || had
	}
	if had {
		return
	}
	delete(w.s.flows, f.key)
	f.ofWorkspace.leave()
	f.passed.leave()
	f.shared.leave()
	w.release()
	t.flows--
	t.release()
}

// passOver notes that the flow would be called if its workspace were not at its limit.
func (f *flow) passOver() { f.passed.stand(&f.workspace.passed, true) }

// queue puts a job where its time says.
func (s *Scheduler) queue(j *job) {
	f := j.flow
	f.take(j)
	if j.ReadyAt.After(s.now) {
		j.state = later
		f.later.pushBack(&j.node)
		s.alarms.set(&j.alarm, j.ReadyAt)
		return
	}
	j.state = ready
	f.ready[j.Lane].pushBack(&j.node)
	f.workspace.ready++
	if j.Lane == Bulk {
		f.site.bulkReady++
	}
	f.site.changed(f)
}

// take takes a job out of the list that it stands in.
func (f *flow) take(j *job) {
	if j.node.in == nil {
		return
	}
	j.node.leave()
	switch j.state {
	case later:
		f.site.s.alarms.stop(&j.alarm)
	case ready:
		f.workspace.ready--
		if j.Lane == Bulk {
			f.site.bulkReady--
		}
	}
}

// count adds n to all counts of waiting jobs.
func (f *flow) count(j *job, n int) {
	f.waiting[j.Lane] += n
	f.workspace.waiting[j.Lane] += n
	f.site.waiting += n
}

// wants tells whether the flow has a job for a slot of the class.
func (f *flow) wants(c class) bool {
	return f.ready[Prompt].len > 0 || c == general && f.ready[Bulk].len > 0
}

// lane is the lane whose turn it is for a general slot.
func (f *flow) lane() Lane {
	switch {
	case f.ready[Bulk].len == 0:
		return Prompt
	case f.ready[Prompt].len == 0 || f.promptRun >= f.site.s.cfg.PromptsInARow:
		return Bulk
	}
	return Prompt
}

// countRun counts how often Prompt went ahead of Bulk. It is called while the job still stands in its list.
func (f *flow) countRun(lane Lane) {
	for _, run := range []struct {
		n    *int
		bulk int
	}{{&f.promptRun, f.ready[Bulk].len}, {&f.site.promptRun, f.site.bulkReady}, {&f.workspace.promptRun, f.workspace.offers[Bulk].len}} {
		if lane == Bulk {
			*run.n = 0
		} else if run.bulk > 0 {
			*run.n++
		}
	}
}

// chargeOffer charges a job to the flow's turn among the flows of its workspace.
func (f *flow) chargeOffer(worker class, cost int) {
	if worker == reserved {
		if in := f.reservedOffer.in; in != nil {
			in.moveToBack(&f.reservedOffer)
		}
		return
	}
	if f.offer.charge(cost) && f.offer.node.in != nil {
		f.offer.node.in.moveToBack(&f.offer.node)
	}
}

// publish makes the flow stand in those lists of its workspace in which it should: what it offers to workers, and whether others
// wait behind it.
func (f *flow) publish() {
	t, w := f.site, f.workspace
	called, calledPrompt := t.turns[general].has(f, general), t.turns[reserved].has(f, reserved)
	var offers *list[*flow]
	switch {
	case called:
		offers = &w.offers[f.lane()]
	case calledPrompt && t.promptOnly:
		offers = &w.offers[Prompt]
	}
	if f.offer.node.in != offers {
		f.offer.node.leave()
		if offers != nil {
			offers.pushBack(&f.offer.node)
		}
	}
	if !f.wants(general) {
		f.offer.seat.leave()
	}
	f.reservedOffer.stand(&w.reservedOffers, calledPrompt)
	f.shared.stand(&w.shared, called && t.turns[general].contested || calledPrompt && t.turns[reserved].contested)
	w.publish()
}

// stand makes the node stand in the list or not.
func (n *node[T]) stand(l *list[T], in bool) {
	switch {
	case in && n.in == nil:
		l.pushBack(n)
	case !in:
		n.leave()
	}
}
