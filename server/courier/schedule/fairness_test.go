package schedule

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// backlog keeps a workspace's jobs to a site coming, so that it always has some.
func (b *bed) backlog(ws, site string, lane Lane, cost func() int) {
	for b.s.Room(ws, site, lane) > 0 {
		b.ids++
		b.s.Add(Job{ID: fmt.Sprint(b.ids), Workspace: ws, Site: site, Lane: lane, Cost: cost()})
	}
}

func TestWorkspacesShareASiteByCost(t *testing.T) {
	for seed := range uint64(5) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		b := newBed(t, Config{MaxWorkers: 50, WindowPerSite: 4})
		const workspaces, dearest = 12, 30
		got := map[string]int{}
		var running []Grant
		for range 5000 {
			for i := range workspaces { // the twelfth's jobs are up to thirty times as dear as the first's
				b.backlog(fmt.Sprint(i), "one", Bulk, func() int { return 1 + rnd.IntN(1+i*dearest/workspaces) })
			}
			for g, ok := b.s.Next(b.now); ok; g, ok = b.s.Next(b.now) {
				running = append(running, g)
				got[g.Job.Workspace] += g.Job.Cost
			}
			i := rnd.IntN(len(running))
			running[i].Done(Success, b.now)
			running = append(running[:i], running[i+1:]...)
			least, most := extremes(got)
			if len(got) == workspaces && most-least > 2*(DefaultQuantum+dearest) {
				t.Fatalf("seed %d: one has got %d, another %d", seed, least, most)
			}
		}
		check(t, b.s)
	}
}

func TestWorkspacesShareTheWorkersWhateverNumberOfSitesTheyHave(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 4))
	b := newBed(t, Config{MaxWorkers: 5, MaxPerWorkspace: 5, WindowPerSite: 4})
	got := map[string]int{}
	var running []Grant
	const dearest = 10
	for range 3000 {
		for ws := range 5 {
			for site := range 1 + 12*ws { // 1, 13, 25, 37 and 49 sites
				b.backlog(fmt.Sprint(ws), fmt.Sprint(ws, "/", site), Prompt, func() int { return 1 + rnd.IntN(dearest) })
			}
		}
		for _, g := range b.take(9) {
			running = append(running, g)
			got[g.Job.Workspace] += g.Job.Cost
		}
		running[0].Done(Success, b.now)
		running = running[1:]
		if least, most := extremes(got); len(got) == 5 && most-least > 2*(DefaultQuantum+dearest) {
			t.Fatalf("one has got %d, another %d", least, most)
		}
	}
}

func TestASiteThatManyShareKeepsItsSlotsFilledBesideOneWithManySites(t *testing.T) {
	b := newBed(t, Config{MaxWorkers: 12, MaxPerWorkspace: 12, InitialConcurrency: 8, MaxConcurrency: 8, WindowPerSite: 3})
	one, running := 0, []Grant(nil)
	cost := func() int { return 1 }
	for i := range 3000 {
		for site := range 40 {
			b.backlog("many", fmt.Sprint(site), Prompt, cost)
		}
		for ws := range 60 {
			b.backlog(fmt.Sprint("w", ws), "shared", Prompt, cost)
		}
		running = append(running, b.take(12)...)
		if i >= 1000 && running[0].Job.Site == "shared" {
			one++
		}
		running[0].Done(Success, b.now)
		running = running[1:]
	}
	// By workspaces the 60 have nearly all of the twelve; their site bears eight, two thirds.
	if one < 2000*60/100 {
		t.Fatalf("the shared site got %d of 2000", one)
	}
}

func TestSharesFollowTheQuantum(t *testing.T) {
	b := newBed(t, Config{Quantum: func(ws string) int { return map[string]int{"three": 3, "two": 2, "one": 1}[ws] }})
	got := map[string]int{}
	for range 600 {
		for _, ws := range []string{"one", "two", "three"} {
			b.backlog(ws, "site", Prompt, func() int { return 1 })
		}
		g := b.next()
		got[g.Job.Workspace]++
		b.done(Refused, g)
	}
	if got["one"] < 98 || got["one"] > 102 || got["two"] < 198 || got["two"] > 202 {
		t.Fatal(got)
	}
}

func TestAWorkspaceThatCouldNotSendGetsNoMoreThanItsTurnAfterwards(t *testing.T) {
	b := newBed(t, Config{MaxWorkers: 1, InitialConcurrency: 1, FailureCohort: 1, MinRest: time.Minute})
	cost := func() int { return 1 }
	b.add(1, "a", "rests", Prompt)
	b.done(Failed, b.next())
	b.backlog("a", "rests", Prompt, cost)
	for range 500 {
		b.backlog("b", "b", Prompt, cost)
		b.backlog("c", "c", Prompt, cost)
		b.done(Refused, b.next())
	}
	b.pass(time.Minute)
	var got []Grant
	for range 30 {
		got = append(got, b.next())
		b.done(Refused, got[len(got)-1])
		b.backlog("b", "b", Prompt, cost)
		b.backlog("c", "c", Prompt, cost)
	}
	n := 0
	for _, g := range got {
		if g.Job.Workspace == "a" {
			n++
		}
	}
	if n < 9 || n > 11 {
		t.Fatalf("of 30 it got %d: %s", n, order(got))
	}
}

func TestAWorkspaceWhoseSiteIsBusyKeepsItsTurn(t *testing.T) {
	b := newBed(t, Config{MaxWorkers: 2, InitialConcurrency: 1, MaxConcurrency: 1})
	for i, ws := range []string{"a", "b", "c", "d", "e"} {
		b.add(20, ws, fmt.Sprint("site", i), Prompt)
	}
	first := b.next()
	for range 4 * 5 { // rounds of the others
		b.done(Success, b.next())
	}
	b.next()
	b.done(Success, first)
	if g := b.next(); first.Job.Workspace != "a" || g.Job.Workspace != "a" {
		t.Fatal(g.Job) // the others had their turns
	}
}

func TestWhoComesInHasItsTurnBeforeThoseWhoHadTheirs(t *testing.T) {
	for what, site := range map[string]func(ws string) string{
		"at a site":     func(string) string { return "one" },
		"for a worker":  func(ws string) string { return "site of " + ws },
		"a worker each": func(ws string) string { return "site " + ws[:1] },
	} {
		b := newBed(t, Config{MaxWorkers: 1, InitialConcurrency: 1, MaxConcurrency: 1})
		for i := range 9 {
			b.add(9, fmt.Sprint(i), site(fmt.Sprint(i)), Prompt)
		}
		for range 9 + 5 {
			b.done(Success, b.next())
		}
		b.add(1, "a", site("a"), Prompt)
		b.add(1, "b", site("b"), Prompt)
		var got []Grant
		for range 7 {
			g := b.next()
			got = append(got, g)
			b.done(Success, g)
			if g.Job.Workspace == "a" {
				b.add(1, "a", site("a"), Prompt) // and once more, which is too often for this round
			}
		}
		if s := order(got); s != "5ab6780" && s != "ab56780" { // the 5 may have been called already
			t.Fatalf("%s: %s", what, s)
		}
	}
}

func TestADebtIsNotPaidByHavingNothingToSendForAMoment(t *testing.T) {
	for _, site := range []string{"one", "another"} {
		b := newBed(t, Config{MaxWorkers: 1, InitialConcurrency: 1, MaxConcurrency: 1})
		n := 0
		for range 220 {
			b.backlog("b", "one", Prompt, func() int { return 1 })
			if b.s.Room("a", site, Prompt) == Default().WindowPerSite {
				b.put(Job{Workspace: "a", Site: site, Cost: 10})
			}
			g := b.next()
			if g.Job.Workspace == "a" {
				n++
				b.put(Job{Workspace: "a", Site: site, Cost: 10}) // its queue was empty, and is not any more
			}
			b.done(Refused, g)
		}
		if n < 18 || n > 22 {
			t.Fatalf("it sent %d of 220 at ten times the cost", n)
		}
	}
}

func TestTheSitesOfAWorkspaceShareItsTurnsByCost(t *testing.T) {
	b := newBed(t, Config{MaxWorkers: 1})
	got := map[string]int{}
	for range 500 {
		b.backlog("a", "dear", Prompt, func() int { return 4 })
		b.backlog("a", "cheap", Prompt, func() int { return 1 })
		g := b.next()
		got[g.Job.Site] += g.Job.Cost
		b.done(Refused, g)
	}
	if d := got["dear"] - got["cheap"]; d < -8 || d > 8 {
		t.Fatal(got)
	}
}

// TestNobodyStarves lets random workspaces send to random sites that fail, rest, and limit connections. Whatever is ready and whose
// site answers goes within a bound.
func TestNobodyStarves(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		b := newBed(t, Config{MaxWorkers: 8, MaxPerWorkspace: 4, MaxConcurrency: 5, InitialConcurrency: 2, WindowPerSite: 6, MinRest: time.Second, MaxRest: 8 * time.Second})
		const workspaces, sites = 15, 4
		type running struct {
			g   Grant
			end time.Time
		}
		var out []running
		since := map[string]time.Time{}
		var longest time.Duration
		for range 10_000 {
			for range 3 {
				ws, site := rnd.IntN(workspaces), rnd.IntN(sites)
				if ws > 5 && rnd.IntN(20) > 0 {
					continue // most send seldom
				}
				b.ids++
				job := Job{ID: fmt.Sprint(b.ids), Workspace: fmt.Sprint(ws), Site: fmt.Sprint(site), Lane: Lane(rnd.IntN(2)), Cost: 1 + rnd.IntN(8)}
				if b.s.Add(job) {
					since[job.ID] = b.now
				}
			}
			for _, g := range b.take(8) {
				longest = max(longest, b.now.Sub(since[g.Job.ID]))
				delete(since, g.Job.ID)
				out = append(out, running{g, b.now.Add(time.Duration(50+rnd.IntN(200)) * time.Millisecond)})
			}
			b.pass(20 * time.Millisecond)
			rest := out[:0]
			for _, r := range out {
				if r.end.After(b.now) {
					rest = append(rest, r)
					continue
				}
				result := Success
				if rnd.IntN(10) == 0 {
					result = Result(rnd.IntN(5))
				}
				r.g.Done(result, b.now)
			}
			out = rest
		}
		for _, at := range since {
			longest = max(longest, b.now.Sub(at))
		}
		// Of two lanes, 12 jobs of a workspace and site are ahead of a job, each for a round of 15 workspaces with a job of cost 8, a
		// transaction takes 150 ms, and at the worst a site takes one at a time: 216 seconds, and rests of 8.
		if longest > 4*time.Minute {
			t.Fatalf("seed %d: someone waited for %v", seed, longest)
		}
	}
}

func extremes(m map[string]int) (least, most int) {
	first := true
	for _, n := range m {
		if first || n < least {
			least = n
		}
		if first || n > most {
			most = n
		}
		first = false
	}
	return least, most
}
