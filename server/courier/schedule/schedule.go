// Package schedule decides which message of the outbox is sent next, to which site, and says of each one why it waits. It
// keeps many workspaces from each other's way: a workspace with a long queue, a slow site or a large message costs another
// one at most its turn.
//
// It knows no network, no store and no clock: the courier adds jobs from the outbox, asks for the next one when a worker is
// free, reports what came of it, and gives the time with each call. Nothing here is written down; after a restart the courier
// adds the jobs again.
//
// # How it decides
//
// At each site (the hosts that share one queue: an MX set or a relay) the workspaces with ready jobs stand in a deficit
// round robin. When the site has free slots, as many workspaces from its front are called. The called ones take part in a
// second deficit round robin, of workspaces for workers; a third within each workspace chooses among the sites that have called
// it. So the search for the next job never looks at one that cannot be sent: a site's change of state moves those that
// it calls, which are no more than its concurrency, and not those that wait.
//
// Some slots are reserved for Prompt jobs, at each site and among the workers. Both round robins exist twice for
// this: for general slots, which any job may use, and for reserved ones.
package schedule

import (
	"sync"
	"time"
)

// Lane tells what kind of sending a job belongs to. Prompt jobs have slots of their own, and go ahead of the Bulk jobs of
// their workspace.
type Lane uint8

const (
	Prompt Lane = iota // replies and single messages
	Bulk
)

// Job is one SMTP transaction that is to be made.
type Job struct {
	ID        string // unique among all jobs; means nothing here
	Workspace string
	Site      string // the canonical name of the MX set or relay
	Lane      Lane
	Cost      int       // 1 and something for the size, in the unit of the quantum; counts as 1 to MaxCost
	ReadyAt   time.Time // not sent earlier
}

// Result is what came of a transaction, as far as it concerns the site.
type Result uint8

const (
	Success  Result = iota
	Refused         // this message is refused for good; says that the site answers, nothing more
	Deferred        // the site is unwilling: 4xx at the start, 421, a rate limit
	Failed          // the site was not reached, or did not answer in time
	Limited         // the site says that it has too many connections of ours
)

// Scheduler has the jobs that wait and are being sent, and what is known of sites. It is safe for concurrent use. No
// call waits for anything but other calls. Time never goes back: an earlier now than one given before counts as that one.
type Scheduler struct {
	cfg Config

	mu         sync.Mutex
	now        time.Time
	jobs       map[string]*job
	flows      map[flowKey]*flow
	workspaces map[string]*workspace
	sites      map[string]*site
	rounds     [classes]rounds[*workspace] // those with a flow that is called, below their limit
	alarms     alarms
	idle       list[*site] // sites without jobs that do not rest, the longest idle first
	inUse      int         // workers
	bulkInUse  int
	marked     []*site // scratch, of settleAll
}

// New makes a scheduler without jobs. It starts nothing.
func New(cfg Config) *Scheduler {
	return &Scheduler{
		cfg: cfg.complete(), jobs: map[string]*job{}, flows: map[flowKey]*flow{}, workspaces: map[string]*workspace{}, sites: map[string]*site{},
	}
}

// Add takes a job in. It reports false, and leaves it, if its ID is known already (it waits, is held or is being sent) or if
// there is no room for it.
func (s *Scheduler) Add(given Job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if given.Lane > Bulk {
		given.Lane = Bulk
	}
	if s.jobs[given.ID] != nil || s.room(given.Workspace, given.Site, given.Lane) <= 0 {
		return false
	}
	j := &job{Job: given, cost: min(max(given.Cost, 1), MaxCost), flow: s.flow(given.Workspace, given.Site)}
	j.node.of, j.alarm.job = j, j
	s.jobs[j.ID] = j
	j.flow.count(j, 1)
	s.queue(j)
	return true
}

// Room is how many more jobs of the workspace, site and lane may be added.
func (s *Scheduler) Room(ws, site string, lane Lane) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.room(ws, site, lane), 0)
}

func (s *Scheduler) room(ws, site string, lane Lane) int {
	if lane > Bulk {
		lane = Bulk
	}
	room := s.cfg.WindowPerSite
	if f := s.flows[flowKey{ws, site}]; f != nil {
		room -= f.waiting[lane]
	}
	if w := s.workspaces[ws]; w != nil {
		room = min(room, s.cfg.WindowPerWorkspace-w.waiting[lane])
	}
	return room
}

// Next takes the next job for a free worker. Whoever gets a Grant must call its Done or Then, once. It reports false if nothing may
// be sent now: there may be something after the next Add, Done or Release, or at the time that Alarm tells.
func (s *Scheduler) Next(now time.Time) (Grant, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(now)
	c, free := s.class()
	if !free {
		return Grant{}, false
	}
	if c == general {
		s.forgetReserved()
	}
	w := s.turn(c)
	if w == nil {
		return Grant{}, false
	}
	f, lane := w.choose(c)
	return s.grant(f, c, lane), true
}

// NextFor takes the next job for a connection to the site that is free, in the order of the workspaces at this site, among those
// whose turn lets them. A connection carries only what may share it: same says whether a job may. It looks at the first
// jobs of ReuseLook workspaces at most. same is called with the scheduler locked: it must be quick and must not call back.
func (s *Scheduler) NextFor(site string, now time.Time, same func(Job) bool) (Grant, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(now)
	return s.nextFor(s.sites[site], same)
}

func (s *Scheduler) nextFor(t *site, same func(Job) bool) (Grant, bool) {
	c, free := s.class()
	if t == nil || !free {
		return Grant{}, false
	}
	f, lane := t.fitting(c, same)
	if f == nil {
		return Grant{}, false
	}
	return s.grant(f, c, lane), true
}

// Alarm is the next time at which something happens by itself: a job becomes ready, the rest of a site ends. It reports false
// if there is none.
func (s *Scheduler) Alarm() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.alarms) == 0 {
		return time.Time{}, false
	}
	return s.alarms[0].at, true
}

// class is the kind of worker that is free, if one is.
func (s *Scheduler) class() (class, bool) {
	switch {
	case s.inUse >= s.cfg.MaxWorkers:
		return 0, false
	case s.bulkInUse >= s.cfg.MaxWorkers-s.cfg.reserved(s.cfg.MaxWorkers):
		return reserved, true
	}
	return general, true
}

// turn is the workspace whose turn it is in the rounds of the class; nil if none is called.
func (s *Scheduler) turn(c class) *workspace {
	r := &s.rounds[c]
	for {
		if n := r.front(); n != nil {
			if r.arrive(&n.of.places[c], n.of.quantum) {
				return n.of
			}
			continue
		}
		over := r.next().len == 0
		r.begin((*workspace).release)
		if over {
			return nil
		}
	}
}

// forgetReserved forgets who had a turn with reserved workers and wants nothing more. It is called when workers are free for all.
func (s *Scheduler) forgetReserved() {
	r := &s.rounds[reserved]
	for n := r.without.front; n != nil; n = r.without.front {
		n.leave()
		n.of.places[reserved].round = 0
		n.of.release()
	}
}

// advance moves the time on: jobs become ready, rests end, idle sites are forgotten.
func (s *Scheduler) advance(now time.Time) {
	if now.After(s.now) {
		s.now = now
	}
	for len(s.alarms) > 0 && !s.alarms[0].at.After(s.now) {
		a := s.alarms[0]
		s.alarms.stop(a)
		if a.job != nil {
			s.queue(a.job)
		} else {
			a.site.settle()
			a.site.release()
		}
	}
	s.forget()
}
