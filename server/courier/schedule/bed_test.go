package schedule

import (
	"fmt"
	"testing"
	"time"
)

// bed is a scheduler with a time of its own, whose books are checked after each step.
type bed struct {
	*testing.T
	s   *Scheduler
	now time.Time
	ids int
}

func newBed(t *testing.T, cfg Config) *bed { return &bed{T: t, s: New(cfg), now: start} }

// add adds jobs that are ready and cost 1, and gives the last one's ID.
func (b *bed) add(n int, ws, site string, lane Lane) (id string) {
	b.Helper()
	for range n {
		id = b.put(Job{Workspace: ws, Site: site, Lane: lane, Cost: 1})
	}
	return id
}

func (b *bed) put(j Job) string {
	b.Helper()
	b.ids++
	j.ID = fmt.Sprint(b.ids)
	if !b.s.Add(j) {
		b.Fatalf("job %+v was not taken", j)
	}
	check(b.T, b.s)
	return j.ID
}

// next takes the next job, which there must be.
func (b *bed) next() Grant {
	b.Helper()
	g, ok := b.s.Next(b.now)
	if !ok {
		b.Fatal("nothing may be sent")
	}
	check(b.T, b.s)
	return g
}

// take takes what there is, n at most.
func (b *bed) take(n int) (out []Grant) {
	b.Helper()
	for len(out) < n {
		g, ok := b.s.Next(b.now)
		if !ok {
			break
		}
		out = append(out, g)
	}
	check(b.T, b.s)
	return out
}

// none fails if something may be sent.
func (b *bed) none() {
	b.Helper()
	if g, ok := b.s.Next(b.now); ok {
		b.Fatalf("%+v may be sent", g.Job)
	}
}

func (b *bed) done(result Result, grants ...Grant) {
	b.Helper()
	for _, g := range grants {
		g.Done(result, b.now)
		check(b.T, b.s)
	}
}

func (b *bed) pass(d time.Duration) { b.now = b.now.Add(d) }

func (b *bed) site(name string) SiteState {
	for _, t := range b.s.Sites(b.now) {
		if t.Site == name {
			return t
		}
	}
	return SiteState{}
}

func (b *bed) why(id string, want Reason, until time.Time) {
	b.Helper()
	if why, when := b.s.Why(id, b.now); why != want || !when.Equal(until) {
		b.Fatalf("it waits because of %q until %v; want %q until %v", why, when, want, until)
	}
}

// order is who was granted, as the first letters of their workspaces.
func order(grants []Grant) (s string) {
	for _, g := range grants {
		s += g.Job.Workspace[:1]
	}
	return s
}

func lanes(grants []Grant) (s string) {
	for _, g := range grants {
		s += []string{"P", "b"}[g.Job.Lane]
	}
	return s
}
