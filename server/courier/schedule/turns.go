package schedule

// turns is the deficit round robin of the workspaces at a site, for slots of one class. Those whose turn it is are called.
type turns struct {
	rounds[*flow]             // those that are not called
	called        list[*flow] // may be sent from, as far as the site is concerned
	contested     bool        // someone waits behind them
}

func (q *turns) all() int { return q.called.len + q.rounds.len() }

func (q *turns) has(f *flow, c class) bool { return f.places[c].node.in == &q.called }

// leave takes out a flow that wants nothing more.
func (q *turns) leave(f *flow, c class) {
	f.places[c].node.leave()
	f.places[c].seat.leave()
}

// call calls flows until n are called. Those that are called too many go back, as do those that may not go on while others wait; their turn
// is not over. Those whose workspace is at its limit give way to others.
func (q *turns) call(t *site, c class, n int) {
	for m := q.called.back; m != nil; {
		before := m.prev
		if q.called.len > n || t.crowds(m.of, c) {
			q.uncall(m, c)
		}
		m = before
	}
	for n > 0 {
		var gives *node[*flow]
		if q.called.len == n {
			if q.rounds.len() == 0 {
				break
			}
			if gives = q.lastLimited(); gives == nil {
				break
			}
		}
		f := q.find(t, c, func(*flow) bool { return true })
		if f == nil {
			break
		}
		if gives != nil {
			q.uncall(gives, c)
		}
		f.places[c].node.leave()
		q.called.pushBack(&f.places[c].node)
		f.publish()
	}
	if contested := q.rounds.len() > 0; contested != q.contested {
		q.contested = contested
		for f := range q.called.all {
			f.publish()
		}
	}
}

func (q *turns) uncall(n *node[*flow], c class) {
	q.join(&n.of.places[c])
	n.of.publish()
}

func (q *turns) lastLimited() *node[*flow] {
	for n := q.called.back; n != nil; n = n.prev {
		if n.of.workspace.limited() {
			return n
		}
	}
	return nil
}

// movable tells whether a flow is there whose workspace is not at its limit.
func (q *turns) movable() bool {
	for _, l := range []*list[*flow]{&q.called, &q.fresh, q.current(), q.next()} {
		for f := range l.all {
			if !f.workspace.limited() {
				return true
			}
			f.passOver()
		}
	}
	return false
}

// find is the next flow that may be called and that the caller wants; nil if there is none. Flows in debt pay with their turn. The others
// that are passed over keep it. Where nobody wants a slot that is free, the round is over.
func (q *turns) find(t *site, c class, wanted func(*flow) bool) *flow {
	for {
		for _, l := range []*list[*flow]{&q.fresh, q.current()} {
			for n := l.front; n != nil; {
				f, after := n.of, n.next
				switch {
				case t.crowds(f, c):
				case f.workspace.limited():
					f.passOver()
				case q.arrive(&f.places[c], f.workspace.quantum) && wanted(f):
					return f
				}
				n = after
			}
		}
		over := q.next().len == 0
		q.begin((*flow).release)
		if over {
			return nil
		}
	}
}

// fitting gives a flow with a job that a connection to the site may carry, for a worker of the class, and the job's lane; nil if
// there is none.
func (t *site) fitting(worker class, same func(Job) bool) (found *flow, lane Lane) {
	c := t.slot(worker)
	if t.free()[c] == 0 {
		return nil, 0
	}
	looked := 0
	fits := func(f *flow) bool {
		if looked++; looked > ReuseLook {
			return true // enough
		}
		first := Prompt
		if c == general {
			first = f.lane()
		}
		for _, lane = range []Lane{first, 1 - first} {
			if (c == general || lane == Prompt) && f.ready[lane].len > 0 && same(f.ready[lane].front.of.Job) {
				return true
			}
		}
		return false
	}
	q := &t.turns[c]
	for f := range q.called.all {
		if !f.workspace.limited() && !t.crowds(f, c) && fits(f) {
			found = f
			break
		}
	}
	if found == nil {
		found = q.find(t, c, fits)
	}
	if looked > ReuseLook {
		return nil, 0
	}
	return found, lane
}
