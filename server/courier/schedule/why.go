package schedule

import (
	"cmp"
	"slices"
	"time"
)

// Reason is why a job is where it is.
type Reason string

const (
	Unknown       Reason = ""              // there is no such job here
	Sending       Reason = "sending"       // it is being sent
	Held          Reason = "held"          // until Release
	NotYet        Reason = "notYet"        // its time has not come; until then
	SiteRests     Reason = "siteRests"     // the site failed too often and is left alone; until then
	SiteBusy      Reason = "siteBusy"      // all slots of the site that it may use are in use
	WorkspaceBusy Reason = "workspaceBusy" // its workspace sends as many as it may
	WorkersBusy   Reason = "workersBusy"   // all workers that it may use are in use
	Turn          Reason = "turn"          // it may go, and others are ahead of it
)

// Why tells why a job waits, and until when if a time is known (else the zero time). The reason named is the one that would last if the
// others went away: the site before the workspace, the workspace before the workers.
func (s *Scheduler) Why(id string, now time.Time) (Reason, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(now)
	j := s.jobs[id]
	if j == nil {
		return Unknown, time.Time{}
	}
	switch j.state {
	case sending:
		return Sending, time.Time{}
	case held:
		return Held, time.Time{}
	case later:
		return NotYet, j.ReadyAt
	}
	t := j.flow.site
	if t.resting() {
		return SiteRests, t.restUntil
	}
	worker, free := s.class()
	switch {
	case t.full(j.Lane):
		return SiteBusy, time.Time{}
	case j.flow.workspace.limited():
		return WorkspaceBusy, time.Time{}
	case !free || worker == reserved && j.Lane == Bulk:
		return WorkersBusy, time.Time{}
	}
	return Turn, time.Time{}
}

// full tells that no slot that the lane may use is free.
func (t *site) full(lane Lane) bool {
	if t.rests > 0 {
		return t.probe != nil
	}
	return t.inUse >= t.limit || lane == Bulk && t.bulkInUse >= t.limit-t.s.cfg.reserved(t.limit)
}

// SiteState is a site as an operator sees it.
type SiteState struct {
	Site        string
	Concurrency int // the most transactions at a time, as learnt so far
	InUse       int
	Waiting     int       // jobs here; the outbox may have more
	RestsUntil  time.Time // zero: it does not rest
	Rests       int       // in a row; above 0 without RestsUntil: the next attempt decides
	LastResult  Result    // of the later of the two times
	LastSuccess time.Time // when it last took or refused a message; zero: never, as far as is known
	LastFailure time.Time // when it was last unwilling, silent or out of reach
}

// Sites are all sites that something is known of, by name.
func (s *Scheduler) Sites(now time.Time) []SiteState {
	s.mu.Lock()
	s.advance(now)
	states := make([]SiteState, 0, len(s.sites))
	for _, t := range s.sites {
		state := SiteState{
			Site: t.name, Concurrency: t.limit, InUse: t.inUse, Waiting: t.waiting, Rests: t.rests,
			LastResult: t.lastResult, LastSuccess: t.lastSuccess, LastFailure: t.lastFailure,
		}
		if t.resting() {
			state.RestsUntil = t.restUntil
		}
		states = append(states, state)
	}
	s.mu.Unlock()
	slices.SortFunc(states, func(a, b SiteState) int { return cmp.Compare(a.Site, b.Site) })
	return states
}

// WorkspaceState is a workspace as an operator sees it.
type WorkspaceState struct {
	Workspace string
	Waiting   int // jobs here, those not ready and held included; the outbox may have more
	Sending   int
}

// Workspaces are all workspaces with jobs, by name.
func (s *Scheduler) Workspaces() []WorkspaceState {
	s.mu.Lock()
	states := make([]WorkspaceState, 0, len(s.workspaces))
	for _, w := range s.workspaces {
		if state := (WorkspaceState{Workspace: w.name, Waiting: w.waiting[Prompt] + w.waiting[Bulk], Sending: w.inUse}); state.Waiting+state.Sending > 0 {
			states = append(states, state)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(states, func(a, b WorkspaceState) int { return cmp.Compare(a.Workspace, b.Workspace) })
	return states
}
