package schedule

import (
	"cmp"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The simulation has a virtual clock and no goroutines: events happen in the order of their times. Small sends a single message to the
// provider every few seconds; big workspaces have 50,000 queued between them. The courier is the test's own, in its
// simplest form: it refills the windows, asks for work whenever something has changed, reuses connections, and tries again later.

// provider is a mail host that accepts slowly. It refuses connections above its limit.
type provider struct {
	accept      time.Duration // half of it to one and a half, for a transaction
	connections int
	deferred    float64       // the share of transactions that it answers with 4xx, which says that it is unwilling
	hangs       float64       // the share of connections that hang until our timeout
	timeout     time.Duration //
	outage      time.Duration // it hangs altogether for so long,
	outageEvery time.Duration // so often; 0: never
	every       time.Duration // between messages of the small workspace; 0: singleEvery
	big, small  Lane          // in which they send
}

// queueing is what the simulated courier asks: the scheduler, or a plain queue.
type queueing interface {
	add(Job) bool
	room(ws string, lane Lane) int
	next(time.Time) (work, bool)
	alarm() (time.Time, bool)
}

type work interface {
	job() Job
	then(Result, time.Time) (work, bool)
}

const (
	bigQueue      = 50_000
	singleEvery   = 5 * time.Second
	tryAgain      = 5 * time.Minute // after 4xx or a timeout
	tryAgainSoon  = time.Second     // after too many connections, which says nothing of the message
	perConnection = 20              // transactions
	inbox         = "provider"      // the name of the site
)

// waits are what the small workspace's messages waited: until they were first tried, and until they were accepted.
type waits struct {
	tried, accepted []time.Duration
	small           map[string]time.Time
	delivered       int // messages of big workspaces
	refused         int // connections above the provider's limit
	took            time.Duration
}

func percentile(of []time.Duration, p float64) time.Duration {
	s := slices.Sorted(slices.Values(of))
	if len(s) == 0 {
		return 0
	}
	return s[min(int(p*float64(len(s))), len(s)-1)]
}

type event struct {
	at  time.Time
	seq int
	do  func()
}

type events []event

func (h events) Len() int { return len(h) }
func (h events) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].seq < h[j].seq
	}
	return h[i].at.Before(h[j].at)
}
func (h events) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *events) Push(x any)   { *h = append(*h, x.(event)) }
func (h *events) Pop() any {
	e := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return e
}

type simulation struct {
	p     provider
	q     queueing
	tries map[string]uint64 // of the small workspace's messages, and of all others together
	now   time.Time
	line  events
	seq   int
	open  int // connections
	left  map[string]int
	names []string
	again time.Time // the alarm that is set
	w     waits
}

// simulate lets the small workspace send for the given time, beside so many big ones.
func simulate(p provider, q queueing, bigs int, during time.Duration) waits {
	s := &simulation{p: p, q: q, tries: map[string]uint64{}, now: start, left: map[string]int{}}
	s.w.small = map[string]time.Time{}
	for i := range bigs {
		ws := fmt.Sprint("big", i)
		s.names = append(s.names, ws)
		s.left[ws] = bigQueue / bigs
	}
	// The small workspace begins when the big ones have filled what they can, and the site is known.
	arrivals := rand.New(rand.NewPCG(8, 8)) // the same in each run
	for at, n := 10*time.Minute, 0; at < during; n++ {
		id := fmt.Sprint("single", n)
		s.at(start.Add(at), func() {
			s.w.small[id] = s.now
			s.q.add(Job{ID: id, Workspace: "small", Site: inbox, Lane: p.small, Cost: 1})
		})
		at += time.Duration((0.5 + arrivals.Float64()) * float64(cmp.Or(p.every, singleEvery)))
	}
	end := start.Add(during)
	s.work()
	for len(s.line) > 0 && (s.now.Before(end) || len(s.w.small) > 0) {
		e := heap.Pop(&s.line).(event)
		s.now = e.at
		e.do()
		s.work()
	}
	s.w.took = s.now.Sub(start)
	return s.w
}

func (s *simulation) at(t time.Time, do func()) {
	s.seq++
	heap.Push(&s.line, event{t, s.seq, do})
}

// work refills and starts what may be started.
func (s *simulation) work() {
	for _, ws := range s.names {
		for room := s.q.room(ws, s.p.big); room > 0 && s.left[ws] > 0; room-- {
			s.q.add(Job{ID: fmt.Sprint(ws, "/", s.left[ws]), Workspace: ws, Site: inbox, Lane: s.p.big, Cost: 1})
			s.left[ws]--
		}
	}
	for {
		w, ok := s.q.next(s.now)
		if !ok {
			break
		}
		s.connect(w)
	}
	if at, ok := s.q.alarm(); ok && (at.Before(s.again) || !s.again.After(s.now)) {
		s.again = at
		s.at(at, func() {})
	}
}

func (s *simulation) connect(w work) {
	s.open++
	if s.open > s.p.connections {
		s.w.refused++
		s.at(s.now.Add(100*time.Millisecond), func() {
			s.open--
			s.end(w, Limited, 0)
		})
		return
	}
	s.send(w, perConnection-1)
}

func (s *simulation) send(w work, more int) {
	if since, waits := s.w.small[w.job().ID]; waits && w.job().ReadyAt.IsZero() {
		s.w.tried = append(s.w.tried, s.now.Sub(since))
	}
	rnd := s.luck(w.job())
	takes, result := time.Duration((0.5+rnd.Float64())*float64(s.p.accept)), Success
	switch {
	case rnd.Float64() < s.p.hangs, s.p.outageEvery > 0 && s.now.Sub(start)%s.p.outageEvery < s.p.outage:
		takes, result = s.p.timeout, Failed
	case rnd.Float64() < s.p.deferred:
		result = Deferred
	}
	s.at(s.now.Add(takes), func() {
		if result != Success || more == 0 {
			s.open--
			s.end(w, result, 0)
			return
		}
		s.end(w, result, more)
	})
}

// luck is what decides how a transaction goes: for each try of a message of the small workspace the same, whoever else sends.
func (s *simulation) luck(j Job) *rand.Rand {
	name, n := "", uint64(0)
	if j.Workspace == "small" {
		name = j.ID
		fmt.Sscanf(name, "single%d", &n)
		n++
	}
	s.tries[name]++
	return rand.New(rand.NewPCG(n, s.tries[name]))
}

// end settles a job and goes on with the connection, if it may carry more.
func (s *simulation) end(w work, result Result, more int) {
	j := w.job()
	if more > 0 {
		next, ok := w.then(result, s.now)
		if ok {
			s.send(next, more-1)
		} else {
			s.open--
		}
	} else {
		w.then(result, time.Time{})
	}
	if result == Success {
		if since, ok := s.w.small[j.ID]; ok {
			s.w.accepted = append(s.w.accepted, s.now.Sub(since))
			delete(s.w.small, j.ID)
		} else {
			s.w.delivered++
		}
		return
	}
	wait := tryAgain
	if result == Limited {
		wait = tryAgainSoon
	}
	s.at(s.now.Add(wait), func() {
		j.ReadyAt = s.now
		s.q.add(j)
	})
}

// fair is the scheduler as the simulation asks it.
type fair struct{ s *Scheduler }

type fairWork struct{ g Grant }

func (f fair) add(j Job) bool                { return f.s.Add(j) }
func (f fair) room(ws string, lane Lane) int { return f.s.Room(ws, inbox, lane) }
func (f fair) alarm() (time.Time, bool)      { return f.s.Alarm() }

func (f fair) next(now time.Time) (work, bool) {
	g, ok := f.s.Next(now)
	return fairWork{g}, ok
}

func (w fairWork) job() Job { return w.g.Job }

func (w fairWork) then(r Result, now time.Time) (work, bool) {
	if now.IsZero() {
		w.g.Done(r, now)
		return nil, false
	}
	g, ok := w.g.Then(r, now, func(Job) bool { return true })
	return fairWork{g}, ok
}

// fifo is a plain queue: as many at a time as the provider bears, the oldest first. It is what fairness is measured against.
type fifo struct {
	jobs  []Job
	inUse int
	most  int
}

type fifoWork struct {
	q *fifo
	j Job
}

func (q *fifo) add(j Job) bool           { q.jobs = append(q.jobs, j); return true }
func (q *fifo) room(string, Lane) int    { return bigQueue }
func (q *fifo) alarm() (time.Time, bool) { return time.Time{}, false }

func (q *fifo) next(time.Time) (work, bool) {
	if q.inUse >= q.most || len(q.jobs) == 0 {
		return nil, false
	}
	j := q.jobs[0]
	q.jobs = q.jobs[1:]
	q.inUse++
	return fifoWork{q, j}, true
}

func (w fifoWork) job() Job { return w.j }

func (w fifoWork) then(_ Result, now time.Time) (work, bool) {
	w.q.inUse--
	if now.IsZero() {
		return nil, false
	}
	return w.q.next(now)
}
