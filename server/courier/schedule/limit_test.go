package schedule

import (
	"fmt"
	"testing"
	"time"
)

const hour = time.Hour

// never is the time of reasons whose end is not known.
var never time.Time

func TestAWorkspaceMayNotTakeAllWorkersEvenIfItIsAlone(t *testing.T) {
	b := newBed(t, Config{MaxWorkers: 10, MaxPerWorkspace: 4})
	for i := range 9 {
		b.add(9, "a", fmt.Sprint("site", i), Prompt)
	}
	if got := len(b.take(99)); got != 4 {
		t.Fatalf("it took %d", got)
	}
	b.add(1, "b", "site1", Prompt)
	if got := order(b.take(99)); got != "b" {
		t.Fatal(got)
	}
}

func TestNoMoreThanTheWorkersAreBusy(t *testing.T) {
	b := newBed(t, Config{MaxWorkers: 3, MaxPerWorkspace: 3})
	b.add(9, "a", "one", Prompt)
	b.add(9, "b", "two", Prompt)
	got := b.take(99)
	if len(got) != 3 {
		t.Fatalf("%d are sent", len(got))
	}
	if _, ok := b.s.NextFor("one", b.now, func(Job) bool { return true }); ok {
		t.Fatal("a fourth one is sent")
	}
	b.done(Success, got[0])
	b.next()
	b.none()
}

func TestTheLastSlotIsForOthersWhoWait(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 4, MaxConcurrency: 4})
	b.add(20, "a", "one", Prompt)
	if got := len(b.take(99)); got != 4 {
		t.Fatalf("alone it may take all 4; it took %d", got)
	}

	b = newBed(t, Config{InitialConcurrency: 4, MaxConcurrency: 4, Quantum: func(ws string) int { return map[string]int{"a": 10}[ws] }})
	b.add(20, "a", "one", Prompt)
	b.add(1, "b", "one", Prompt)
	if got := order(b.take(99)); got != "aaab" {
		t.Fatal(got) // by its quantum it would have taken all
	}
}

func TestWhenAWorkspaceReachesItsLimitOthersAreCalledInItsPlace(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 2, MaxConcurrency: 2, MaxPerWorkspace: 2, Quantum: func(string) int { return 9 }})
	b.add(5, "a", "one", Prompt) // a is called by both sites, with b behind it
	b.add(5, "a", "two", Prompt)
	b.add(1, "b", "two", Prompt)
	b.add(1, "b", "two", Bulk)
	got := b.take(2)
	if order(got) != "aa" {
		t.Fatal(order(got))
	}
	if rest := order(b.take(9)); rest != "bb" && rest != "b" {
		t.Fatal(rest)
	}
	b.done(Success, got...)
	if g := b.next(); g.Job.Workspace != "a" {
		t.Fatal("a was not called again")
	}
}

func TestAJobIsTakenOnceAndNotBeyondItsWindow(t *testing.T) {
	b := newBed(t, Config{WindowPerSite: 3, WindowPerWorkspace: 5})
	job := Job{ID: "x", Workspace: "a", Site: "one", Lane: Bulk}
	if !b.s.Add(job) || b.s.Add(job) {
		t.Fatal("taken twice")
	}
	b.add(2, "a", "one", Bulk)
	for _, w := range []struct {
		ws, site string
		lane     Lane
		room     int
	}{{"a", "one", Bulk, 0}, {"a", "one", Prompt, 3}, {"a", "two", Bulk, 2}, {"b", "one", Bulk, 3}} {
		if got := b.s.Room(w.ws, w.site, w.lane); got != w.room {
			t.Fatalf("%+v: room %d", w, got)
		}
	}
	if b.s.Add(Job{ID: "y", Workspace: "a", Site: "one", Lane: Bulk}) {
		t.Fatal("taken beyond the window")
	}
	g := b.next()
	if b.s.Room("a", "one", Bulk) != 1 || b.s.Add(g.Job) {
		t.Fatal("what is being sent is known, and takes no room")
	}
	b.done(Deferred, g)
	if !b.s.Add(g.Job) {
		t.Fatal("what is done may be added again")
	}
}

func TestRemovedAndHeldJobsAreNotSent(t *testing.T) {
	b := newBed(t, Config{})
	a, c, d := b.add(1, "a", "one", Prompt), b.add(1, "a", "one", Prompt), b.add(1, "a", "two", Prompt)
	b.add(2, "other", "one", Bulk)
	if !b.s.Remove(a) || b.s.Remove(a) || !b.s.Hold(c) || !b.s.Hold(c) || b.s.Release(d) {
		t.Fatal("remove or hold")
	}
	b.why(c, Held, never)
	sent := b.take(9)
	if order(sent) != "aoo" && order(sent) != "oao" && order(sent) != "ooa" || b.s.Remove(d) || b.s.Hold(d) {
		t.Fatal(order(sent))
	}
	if !b.s.Release(c) || b.next().Job.ID != c {
		t.Fatal("released")
	}
	b.add(4, "a", "three", Prompt)
	b.s.Hold(b.add(1, "a", "three", Prompt))
	b.put(Job{Workspace: "a", Site: "three", ReadyAt: b.now.Add(hour)})
	if n := b.s.RemoveWorkspace("a"); n != 6 {
		t.Fatalf("%d were removed", n)
	}
	check(t, b.s)
	b.none()
	b.done(Success, sent...)
	if _, ok := b.s.Alarm(); ok || b.s.RemoveWorkspace("a") != 0 {
		t.Fatal("something is left")
	}
}

func TestAJobIsNotSentBeforeItsTime(t *testing.T) {
	b := newBed(t, Config{})
	id := b.put(Job{Workspace: "a", Site: "one", ReadyAt: b.now.Add(hour)})
	b.put(Job{Workspace: "a", Site: "one", ReadyAt: b.now.Add(2 * hour)})
	b.none()
	b.why(id, NotYet, b.now.Add(hour))
	if at, ok := b.s.Alarm(); !ok || !at.Equal(b.now.Add(hour)) {
		t.Fatal(at, ok)
	}
	b.pass(hour)
	if b.next().Job.ID != id {
		t.Fatal("another one")
	}
	b.none()
	if _, ok := b.s.Next(b.now.Add(-9 * hour)); ok {
		t.Fatal("time went back")
	}
}

func TestTheStateOfWhatHasNoJobsIsForgotten(t *testing.T) {
	b := newBed(t, Config{MaxIdleSites: 5, ForgetAfter: hour})
	for i := range 20 {
		b.add(1, fmt.Sprint(i), fmt.Sprint("site", i), Prompt)
		b.done(Success, b.next())
	}
	b.none()
	if len(b.s.flows)+len(b.s.workspaces)+len(b.s.jobs) > 0 || len(b.s.Sites(b.now)) != 5 || b.site("site19").LastSuccess.IsZero() {
		t.Fatal(len(b.s.flows), len(b.s.workspaces), len(b.s.jobs), len(b.s.sites))
	}
	b.pass(hour)
	if n := len(b.s.Sites(b.now)); n != 0 {
		t.Fatalf("%d sites are known", n)
	}
}

func TestWhoUsedAReservedWorkerIsForgottenWhenThereAreOthers(t *testing.T) {
	b := newBed(t, Config{MaxWorkers: 2, MaxPerWorkspace: 1})
	b.add(1, "b", "one", Bulk)
	bulk := b.next()
	for i := range 20 {
		b.add(1, fmt.Sprint(i), "two", Prompt)
		b.done(Success, b.next())
	}
	b.done(Success, bulk)
	b.none()
	if n := len(b.s.workspaces); n > 0 {
		t.Fatalf("%d workspaces are remembered", n)
	}
}

func TestTheRestOfASiteIsNotForgotten(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 1, FailureCohort: 1, MinRest: 3 * hour, MaxRest: 9 * hour, ForgetAfter: hour, MaxIdleSites: 1})
	b.add(1, "a", "one", Prompt)
	b.done(Failed, b.next())
	for i := range 9 {
		b.add(1, "b", fmt.Sprint("site", i), Prompt)
		b.done(Success, b.next())
	}
	b.pass(3*hour - 1)
	b.why(b.add(1, "a", "one", Prompt), SiteRests, b.now.Add(1))
	b.s.RemoveWorkspace("a")
	b.pass(1)
	if b.none(); b.site("one").Rests != 1 {
		t.Fatal("it is forgotten together with its rest")
	}
	b.pass(hour)
	if b.none(); b.site("one").Rests != 0 {
		t.Fatal("it is not forgotten")
	}
}
