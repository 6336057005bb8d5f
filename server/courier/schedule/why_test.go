package schedule

import (
	"fmt"
	"testing"
	"time"
)

func TestWhyTellsEachReason(t *testing.T) {
	b := newBed(t, Config{MaxWorkers: 6, MaxPerWorkspace: 3, InitialConcurrency: 2, MaxConcurrency: 2})
	b.why("nobody", Unknown, never)
	sent := b.add(1, "a", "one", Bulk)
	full := b.add(1, "a", "one", Bulk)
	b.why(full, Turn, never)
	g := b.next()
	b.why(sent, Sending, never)
	b.why(full, SiteBusy, never) // the other slot is reserved
	prompt := b.add(1, "b", "one", Prompt)
	b.why(prompt, Turn, never)
	b.add(2, "a", "two", Prompt)
	b.take(9)
	b.why(b.add(1, "a", "three", Prompt), WorkspaceBusy, never)
	for i := range 6 {
		b.add(1, "c", fmt.Sprint("c", i), Bulk)
	}
	b.take(9)
	b.why(b.add(1, "d", "d", Bulk), WorkersBusy, never)
	b.done(Success, g)
	b.why(sent, Unknown, never)
}

func TestAnOperatorSeesSitesAndWorkspaces(t *testing.T) {
	b := newBed(t, Config{})
	b.add(3, "a", "one", Prompt)
	b.add(1, "b", "one", Bulk)
	b.put(Job{Workspace: "b", Site: "another", ReadyAt: b.now.Add(hour)})
	g := b.next()
	b.pass(time.Second)
	b.done(Success, g)
	b.pass(time.Second)
	b.done(Deferred, b.next())
	b.next()
	sites := b.s.Sites(b.now)
	want := SiteState{Site: "one", Concurrency: 5, InUse: 1, Waiting: 1, LastResult: Deferred, LastSuccess: b.now.Add(-time.Second), LastFailure: b.now}
	if len(sites) != 2 || sites[0].Site != "another" || sites[0].Waiting != 1 || sites[1] != want {
		t.Fatalf("%+v", sites)
	}
	got := fmt.Sprint(b.s.Workspaces())
	if got != "[{a 1 1} {b 1 0}]" && got != "[{a 1 0} {b 1 1}]" && got != "[{a 0 1} {b 2 0}]" {
		t.Fatal(got)
	}
}
