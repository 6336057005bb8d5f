package schedule

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// small has numbers at which everything happens often.
func small(rnd *rand.Rand) Config {
	return Config{
		MaxWorkers: 1 + rnd.IntN(12), MaxPerWorkspace: 1 + rnd.IntN(6), InitialConcurrency: 1 + rnd.IntN(4), MaxConcurrency: 4 + rnd.IntN(4),
		ReservedOneIn: 2 + rnd.IntN(4), PromptsInARow: 1 + rnd.IntN(3), FailureCohort: 1 + rnd.IntN(3), WindowPerSite: 8, WindowPerWorkspace: 20,
		ForgetAfter: 10 * time.Minute, MaxIdleSites: 3,
		Quantum: func(ws string) int { return 1 + len(ws)%3 },
	}
}

func TestTheBooksAgreeAndNothingThatMayGoIsKeptBack(t *testing.T) {
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		s := New(small(rnd))
		now := start
		var out []Grant
		ids := 0
		some := func() string { return fmt.Sprint(rnd.IntN(ids + 1)) }
		for step := range 600 {
			switch rnd.IntN(12) {
			case 0, 1, 2, 3:
				ids++
				job := Job{
					ID: fmt.Sprint(ids), Workspace: "workspace"[:1+rnd.IntN(9)], Site: "site"[:1+rnd.IntN(4)], Lane: Lane(rnd.IntN(2)),
					Cost: 1 + rnd.IntN(5)*rnd.IntN(20), ReadyAt: now.Add(time.Duration(rnd.IntN(40)-30) * time.Second),
				}
				room := s.Room(job.Workspace, job.Site, job.Lane)
				if added := s.Add(job); added != (room > 0) {
					t.Fatalf("seed %d step %d: room %d, added %v", seed, step, room, added)
				}
			case 4, 5, 6:
				s.mu.Lock()
				s.advance(now)
				possible := s.possible()
				s.mu.Unlock()
				g, ok := s.Next(now)
				if ok != possible {
					t.Fatalf("seed %d step %d: possible %v, given %v", seed, step, possible, ok)
				}
				if ok {
					if g.Job.ReadyAt.After(now) {
						t.Fatal("not ready")
					}
					out = append(out, g)
				}
			case 7, 8:
				if len(out) > 0 {
					i := rnd.IntN(len(out))
					g := out[i]
					out = append(out[:i], out[i+1:]...)
					result := Result(rnd.IntN(5))
					if rnd.IntN(2) == 0 {
						result = Success
					}
					if rnd.IntN(2) == 0 {
						g.Done(result, now)
					} else if g, ok := g.Then(result, now, func(j Job) bool { return len(j.ID)%2 == 0 }); ok {
						out = append(out, g)
					}
					g.Done(result, now)
				}
			case 9:
				now = now.Add(time.Duration(rnd.IntN(60)) * time.Second)
				s.Why(some(), now)
			case 10:
				switch rnd.IntN(4) {
				case 0:
					s.Remove(some())
				case 1:
					s.Hold(some())
				case 2:
					s.Release(some())
				case 3:
					if rnd.IntN(5) == 0 {
						s.RemoveWorkspace("workspace"[:1+rnd.IntN(9)])
					}
				}
			case 11:
				if g, ok := s.NextFor("site"[:1+rnd.IntN(4)], now, func(Job) bool { return true }); ok {
					out = append(out, g)
				}
			}
			s.mu.Lock()
			err := s.wrong()
			s.mu.Unlock()
			if err != nil {
				t.Fatalf("seed %d step %d: %v", seed, step, err)
			}
		}
	}
}

func TestManyGoroutinesSendEachJobOnceWithinAllLimits(t *testing.T) {
	const workers, workspaces, sites, each = 24, 9, 4, 60
	cfg := Config{MaxWorkers: 16, MaxPerWorkspace: 5, MaxConcurrency: 6, MinRest: time.Second, MaxRest: 4 * time.Second, CeilingFor: time.Minute, WindowPerSite: 10}
	s := New(cfg)
	var clock atomic.Int64
	now := func() time.Time { return start.Add(time.Duration(clock.Add(int64(50 * time.Millisecond)))) }
	var all atomic.Int32
	var perWorkspace [workspaces]atomic.Int32
	var perSite [sites]atomic.Int32
	var sent [workspaces * sites * each]atomic.Int32
	var left atomic.Int32
	left.Store(int32(len(sent)))

	enter := func(g Grant) (ws, site int) {
		fmt.Sscanf(g.Job.Workspace+g.Job.Site, "w%ds%d", &ws, &site)
		if n := all.Add(1); n > 16 {
			t.Errorf("%d workers", n)
		}
		if n := perWorkspace[ws].Add(1); n > 5 {
			t.Errorf("%d of one workspace", n)
		}
		if n := perSite[site].Add(1); n > 6 {
			t.Errorf("%d at one site", n)
		}
		return ws, site
	}
	var wg sync.WaitGroup
	for ws := range workspaces {
		wg.Go(func() {
			for i := range sites * each {
				job := Job{ID: fmt.Sprint(ws*sites*each + i), Workspace: fmt.Sprint("w", ws), Site: fmt.Sprint("s", i%sites), Lane: Lane(i % 3 / 2), Cost: i % 7}
				for !s.Add(job) {
					s.Why(job.ID, now())
				}
			}
		})
	}
	for worker := range workers {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(worker), 2))
			for left.Load() > 0 {
				g, ok := s.Next(now())
				for ok {
					ws, site := enter(g)
					var n int
					fmt.Sscan(g.Job.ID, &n)
					result := Success
					if rnd.IntN(6) == 0 {
						result = Result(rnd.IntN(5))
					}
					if sent[n].Add(1) > 1 {
						t.Errorf("job %d is sent twice", n)
					}
					left.Add(-1)
					perWorkspace[ws].Add(-1)
					perSite[site].Add(-1)
					all.Add(-1)
					if rnd.IntN(3) == 0 {
						g.Done(result, now())
						break
					}
					g, ok = g.Then(result, now(), func(Job) bool { return rnd.IntN(3) > 0 })
				}
				s.Sites(now())
				s.Workspaces()
				s.Alarm()
			}
		})
	}
	wg.Wait()
	check(t, s)
	// Once all sites have had their rest, no round remembers who had a turn.
	if g, ok := s.Next(now().Add(cfg.MaxRest)); ok {
		t.Fatalf("job %s is left", g.Job.ID)
	}
	if len(s.jobs)+len(s.flows)+len(s.workspaces) > 0 {
		t.Fatal("something is left")
	}
}
