package schedule

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

const (
	benchJobs       = 100_000
	benchWorkspaces = 10_000
)

// BenchmarkNextAndDone measures one job's way through: Next, Done and the Add of another one, with 100,000 jobs waiting.
func BenchmarkNextAndDone(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 6))
	for _, bench := range []struct {
		name string
		cfg  Config
		job  func(i int) Job
	}{
		{"10000 workspaces at one site", Config{}, func(i int) Job {
			return Job{Workspace: fmt.Sprint(i % benchWorkspaces), Site: "one", Lane: Bulk}
		}},
		{"10000 workspaces at 1000 sites", Config{}, func(i int) Job {
			return Job{Workspace: fmt.Sprint(i % benchWorkspaces), Site: fmt.Sprint(rnd.IntN(1000)), Lane: Lane(rnd.IntN(2))}
		}},
		{"dear jobs", Config{}, func(i int) Job {
			return Job{Workspace: fmt.Sprint(i % benchWorkspaces), Site: fmt.Sprint(rnd.IntN(1000)), Lane: Bulk, Cost: 1 + rnd.IntN(MaxCost)}
		}},
		{"one workspace at its limit with 5000 sites of its own", Config{MaxPerWorkspace: 4, WindowPerWorkspace: benchJobs, Quantum: func(string) int { return 100 }}, func(i int) Job {
			if i%2 == 0 {
				return Job{Workspace: "big", Site: fmt.Sprint(i % 10_000), Lane: Bulk}
			}
			return Job{Workspace: fmt.Sprint(i % benchWorkspaces), Site: "one", Lane: Bulk}
		}},
		{"two workspaces at their limits that share 1000 sites", Config{MaxWorkers: 64, MaxPerWorkspace: 4, WindowPerWorkspace: benchJobs}, func(i int) Job {
			return Job{Workspace: fmt.Sprint(i % 2), Site: fmt.Sprint(i / 2 % 1000), Lane: Bulk}
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			s := New(bench.cfg)
			jobs := make([]Job, benchJobs)
			for i := range jobs {
				jobs[i] = bench.job(i)
				jobs[i].ID = fmt.Sprint(i)
				s.Add(jobs[i])
			}
			now := start
			running := make([]Grant, 0, 300)
			b.ReportAllocs()
			for b.Loop() {
				for {
					g, ok := s.Next(now)
					if !ok {
						break
					}
					running = append(running, g)
				}
				i := rnd.IntN(len(running))
				g := running[i]
				running[i] = running[len(running)-1]
				running = running[:len(running)-1]
				now = now.Add(time.Millisecond)
				g.Done(Success, now)
				s.Add(g.Job)
			}
		})
	}
}

func BenchmarkWhy(b *testing.B) {
	s := New(Config{})
	for i := range benchJobs {
		s.Add(Job{ID: fmt.Sprint(i), Workspace: fmt.Sprint(i % benchWorkspaces), Site: "one", Lane: Bulk})
	}
	for b.Loop() {
		s.Why("77777", start)
	}
}

// BenchmarkSmallBesideBig simulates what a small workspace waits at a provider that a big one uses too, and reports it as ratios to what it
// waits alone. Nothing sleeps: the time is virtual, and the same in each run.
func BenchmarkSmallBesideBig(b *testing.B) {
	for _, sc := range scenarios {
		alone := simulate(sc.p, fair{New(Config{})}, 0, simulated)
		for _, bigs := range []int{1, 20} {
			b.Run(fmt.Sprintf("%s/%d big", sc.name, bigs), func(b *testing.B) {
				var with waits
				for b.Loop() {
					with = simulate(sc.p, fair{New(Config{})}, bigs, simulated)
				}
				report(b, with, alone)
			})
		}
		b.Run(sc.name+"/1 big, plain queue", func(b *testing.B) {
			var with waits
			for b.Loop() {
				with = simulate(sc.p, &fifo{most: sc.p.connections}, 1, simulated)
			}
			report(b, with, alone)
		})
	}
}

func report(b *testing.B, with, alone waits) {
	for _, p := range []struct {
		name string
		at   float64
	}{{"p50", .5}, {"p99", .99}} {
		w, a := percentile(with.accepted, p.at), percentile(alone.accepted, p.at)
		b.ReportMetric(w.Seconds(), p.name+"-s")
		b.ReportMetric(float64(w)/float64(a), p.name+"-ratio")
		b.ReportMetric(percentile(with.tried, p.at).Seconds(), p.name+"-first-try-s")
	}
	b.ReportMetric(float64(with.delivered)/with.took.Seconds(), "big/s")
	b.ReportMetric(0, "ns/op")
}
