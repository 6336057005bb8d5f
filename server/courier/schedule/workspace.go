package schedule

// workspace is what is known of a workspace with jobs.
type workspace struct {
	s       *Scheduler
	name    string
	quantum int

	flows   list[*flow]
	waiting [2]int // by lane
	ready   int    // of those, the ones whose time has come
	inUse   int

	promptRun int // Prompt jobs in a row that went while another site called Bulk

	places         [classes]place[*workspace] // in the rounds for workers
	offers         [2]list[*flow]             // by the lane that each offers: called by their sites, for a general worker
	reservedOffers list[*flow]                // called by their sites, for a reserved worker
	shared         list[*flow]
	passed         list[*flow]
}

func (s *Scheduler) workspace(name string) *workspace {
	w := s.workspaces[name]
	if w != nil {
		return w
	}
	w = &workspace{s: s, name: name, quantum: DefaultQuantum}
	if s.cfg.Quantum != nil {
		w.quantum = max(s.cfg.Quantum(name), 1)
	}
	for c := range w.places {
		w.places[c].node.of = w
	}
	s.workspaces[name] = w
	return w
}

// limited tells that the workspace has as many transactions as it may. As each takes a worker, few workspaces are limited at a
// time: MaxWorkers / MaxPerWorkspace at most. So passing them over is cheap.
func (w *workspace) limited() bool { return w.inUse >= w.s.cfg.MaxPerWorkspace }

// choose gives the flow whose turn it is and the lane for a worker of the class: Prompt ahead of Bulk, then one site after the other.
// The workspace stands in the round, so there is one.
func (w *workspace) choose(worker class) (*flow, Lane) {
	if worker == reserved {
		return w.reservedOffers.front.of, Prompt
	}
	lane := Prompt
	if w.offers[Prompt].len == 0 || w.offers[Bulk].len > 0 && w.promptRun >= w.s.cfg.PromptsInARow {
		lane = Bulk
	}
	offers := &w.offers[lane]
	for {
		f := offers.front.of
		if f.offer.arrive(w.quantum) {
			return f, lane
		}
		offers.moveToBack(&f.offer.node)
	}
}

// release forgets the workspace if it has no flows. Who had a turn in this round is remembered until it is over.
func (w *workspace) release() {
	if w.flows.len > 0 || w.s.workspaces[w.name] != w {
		return
	}
	had := false
	for c := range classes {
		had = w.s.rounds[c].keep(&w.places[c]) || had
	}
	if !had {
		delete(w.s.workspaces, w.name)
	}
}

// publish makes the workspace stand in those rounds in which it should. One whose sites had no slot for it does not lose its turn by
// that: it has it when a site calls it, with the credit that it kept, which is at most its quantum.
func (w *workspace) publish() {
	offers := [classes]bool{w.offers[Prompt].len+w.offers[Bulk].len > 0, w.reservedOffers.len > 0}
	for c := range w.places {
		p, r := &w.places[c], &w.s.rounds[c]
		switch wants, in := offers[c] && !w.limited(), r.in(p); {
		case wants && !in:
			r.join(p)
		case !wants && in:
			p.node.leave()
		}
		if w.ready == 0 {
			p.seat.leave()
		}
	}
}

// limitReached is called when the workspace has one more transaction: where others wait behind its flows, they are called in
// its place. Flows behind which nobody waits stay called: the workspace stands in no round.
func (w *workspace) limitReached() {
	if w.inUse == w.s.cfg.MaxPerWorkspace {
		w.s.settle(&w.shared)
	}
}

// limitLeft is called when the workspace has one less.
func (w *workspace) limitLeft() {
	if w.inUse == w.s.cfg.MaxPerWorkspace-1 {
		w.publish()
		w.s.settle(&w.passed)
		for n := w.passed.front; n != nil; n = w.passed.front {
			n.leave()
		}
	}
}

// settle settles the sites of all flows in the list, which may change meanwhile.
func (s *Scheduler) settle(flows *list[*flow]) {
	marked := s.marked[:0]
	for f := range flows.all {
		marked = append(marked, f.site)
	}
	for _, t := range marked {
		t.settle()
	}
	clear(marked)
	s.marked = marked
}
