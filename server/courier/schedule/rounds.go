package schedule

// seat is the account of one participant of a deficit round robin. A turn begins with the quantum added; it goes on while
// there is credit, and what a job costs is taken off afterwards. A dear job leaves a debt, which is paid by turns passed over.
// So the cost of the next job need not be known, and credit stays between -maxDebt and the quantum.
type seat struct {
	credit int
	turn   bool // the turn has begun and the credit is not used up
}

// maxDebt bounds what a participant owes, in units of cost. Reused connections may take jobs out of turn, which adds up.
const maxDebt = 2 * MaxCost

// arrive is called when the participant's turn has come. It reports whether it may go on; if not, the next one's comes.
func (s *seat) arrive(quantum int) bool {
	if !s.turn {
		s.credit += quantum
		s.turn = true
	}
	s.turn = s.credit > 0
	return s.turn
}

// charge takes the cost of a job off, and reports whether that ended the turn. A job out of turn is paid for when the turn comes.
func (s *seat) charge(cost int) (ended bool) {
	s.credit = max(s.credit-cost, -maxDebt)
	ended = s.turn && s.credit <= 0
	s.turn = s.turn && !ended
	return ended
}

// leave ends the turn of one who wants nothing more. Credit is lost, debt is not.
func (s *seat) leave() {
	s.credit = min(s.credit, 0)
	s.turn = false
}

// place is a seat in a round robin of rounds.
type place[T any] struct {
	seat
	node  node[T]
	round int // after the one in which the last turn began; 0: there was none
}

// rounds is a deficit round robin. In each round each participant has one turn. One that comes in while a round is under way and has not had
// its turn in it has it next: who sends seldom does not wait for those who always send, and who always sends loses nothing,
// since a round has one turn for each. The zero value is empty.
type rounds[T any] struct {
	round   int
	fresh   list[T]    // came in during this round
	lists   [2]list[T] // by round: those who have their turn in it, and those who have it in the next one
	without list[T]    // who had a turn in this round and wants nothing more; remembered until the round is over
}

func (r *rounds[T]) current() *list[T] { return &r.lists[r.round&1] }
func (r *rounds[T]) next() *list[T]    { return &r.lists[1-r.round&1] }
func (r *rounds[T]) len() int          { return r.fresh.len + r.lists[0].len + r.lists[1].len }

// front is the place whose turn it is, if no one else's in this round; nil if this round is over.
func (r *rounds[T]) front() *node[T] {
	if r.fresh.front != nil {
		return r.fresh.front
	}
	return r.current().front
}

// in tells whether the participant waits for its turn or has it.
func (r *rounds[T]) in(p *place[T]) bool { return p.node.in != nil && p.node.in != &r.without }

// join lets a participant in. Whose turn was not over goes on with it.
func (r *rounds[T]) join(p *place[T]) {
	p.node.leave()
	switch {
	case p.turn:
		r.fresh.pushFront(&p.node)
	case r.had(p):
		r.next().pushBack(&p.node)
	default:
		r.fresh.pushBack(&p.node)
	}
}

// had tells whether the participant's turn in this round has begun.
func (r *rounds[T]) had(p *place[T]) bool { return p.round == r.round+1 }

// arrive is called for one whose turn has come. If it may not go on, it stands in the next round afterwards.
func (r *rounds[T]) arrive(p *place[T], quantum int) bool {
	p.round = r.round + 1
	if p.seat.arrive(quantum) {
		return true
	}
	r.end(p)
	return false
}

// end lets a participant have its next turn in the next round.
func (r *rounds[T]) end(p *place[T]) {
	p.node.leave()
	r.next().pushBack(&p.node)
}

// keep remembers one that wants nothing more until the round is over, so that it cannot have a second turn by coming back. It reports
// false if it had none in this round.
func (r *rounds[T]) keep(p *place[T]) bool {
	if !r.had(p) {
		return false
	}
	p.node.stand(&r.without, true)
	return true
}

// begin begins the next round. Who did not have its turn, being passed over, has it first. gone is called for those who were
// remembered.
func (r *rounds[T]) begin(gone func(T)) {
	next := r.next()
	for _, l := range []*list[T]{r.current(), &r.fresh} {
		for n := l.back; n != nil; n = l.back {
			n.leave()
			next.pushFront(n)
		}
	}
	r.round++
	for n := r.without.front; n != nil; n = r.without.front {
		n.leave()
		gone(n.of)
	}
}
