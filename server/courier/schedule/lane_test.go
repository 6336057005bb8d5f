package schedule

import (
	"fmt"
	"testing"
)

func TestPromptGoesAheadOfTheBulkOfItsWorkspace(t *testing.T) {
	b := newBed(t, Config{})
	b.add(3, "a", "one", Bulk)
	b.add(1, "a", "one", Prompt)
	b.add(2, "a", "two", Bulk)
	b.add(1, "a", "two", Prompt)
	if got := lanes(b.take(9)); got != "PPbbbbb" {
		t.Fatal(got)
	}
}

func TestBulkGoesAfterSomePromptInARow(t *testing.T) {
	b := newBed(t, Config{PromptsInARow: 2})
	b.add(2, "a", "one", Bulk)
	b.add(9, "a", "one", Prompt)
	var got []Grant
	for range 8 {
		got = append(got, b.next())
		b.done(Success, got[len(got)-1])
	}
	if lanes(got) != "PPbPPbPP" {
		t.Fatal(lanes(got))
	}
}

func TestBulkToAnotherSiteGoesAfterSomePromptInARow(t *testing.T) {
	b := newBed(t, Config{PromptsInARow: 3, InitialConcurrency: 20})
	b.add(2, "a", "one", Bulk)
	b.add(9, "a", "two", Prompt)
	if got := lanes(b.take(8)); got != "PPPbPPPb" {
		t.Fatal(got)
	}
}

func TestPromptOfAnotherWorkspaceGoesFirstWhereThereIsOneSlot(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 1, MaxConcurrency: 1, PromptsInARow: 3})
	for i := range 9 {
		b.add(3, fmt.Sprint("bulk", i), "one", Bulk)
	}
	b.done(Success, b.next())
	b.add(5, "p", "one", Prompt)
	b.add(5, "q", "one", Prompt)
	var got []Grant
	for range 12 {
		got = append(got, b.next())
		b.none()
		b.done(Success, got[len(got)-1])
	}
	if order(got) != "pqpbqpqbpqpb" {
		t.Fatal(order(got))
	}
}

func TestBulkIsNotKeptFromOneSlotByAWorkspaceAtItsLimit(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 1, MaxConcurrency: 1, MaxPerWorkspace: 1})
	b.add(1, "p", "elsewhere", Prompt)
	hangs := b.next()
	b.add(1, "p", "one", Prompt)
	b.add(2, "b", "one", Bulk)
	g := b.next()
	if g.Job.Workspace != "b" {
		t.Fatal(g.Job)
	}
	b.done(Success, g)
	b.done(Failed, hangs)
	if g = b.next(); g.Job.Workspace != "p" {
		t.Fatal(g.Job)
	}
}

func TestAFifthOfASiteIsReservedForPrompt(t *testing.T) {
	for concurrency, want := range map[int]int{1: 0, 2: 1, 5: 1, 6: 2, 10: 2, 11: 3, 20: 4} {
		b := newBed(t, Config{InitialConcurrency: concurrency})
		b.add(30, "b", "one", Bulk)
		b.add(30, "c", "one", Bulk)
		if got := len(b.take(99)); got != concurrency-want {
			t.Fatalf("of %d, bulk took %d", concurrency, got)
		}
		b.add(30, "p", "one", Prompt)
		if got := b.take(99); len(got) != want {
			t.Fatalf("of %d, prompt got %d", concurrency, len(got))
		}
	}
}

func TestAFifthOfTheWorkersIsReservedForPrompt(t *testing.T) {
	b := newBed(t, Config{MaxWorkers: 10, MaxPerWorkspace: 3})
	for i := range 9 {
		b.add(9, fmt.Sprint(i), fmt.Sprint("site", i), Bulk)
	}
	if got := len(b.take(99)); got != 8 {
		t.Fatalf("bulk took %d of 10 workers", got)
	}
	b.add(2, "p", "site1", Prompt)
	b.add(2, "q", "elsewhere", Prompt)
	if got := order(b.take(99)); got != "pq" {
		t.Fatal(got)
	}
}

func TestPromptDoesNotTakeMoreThanItsWorkspacesShareOfGeneralSlots(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 2, MaxConcurrency: 2, WindowPerSite: 1000})
	b.add(900, "p", "one", Prompt)
	for _, ws := range []string{"a", "b", "c"} {
		b.add(900, ws, "one", Bulk)
	}
	got := map[string]int{}
	running := b.take(2)
	for range 600 {
		g := running[0]
		got[g.Job.Workspace]++
		b.done(Success, g)
		running = append(running[1:], b.take(1)...)
	}
	// p has the reserved slot, which is half, and at most a fourth of the other one.
	if got["p"] > 600/2+600/8+5 || got["a"] < 600/8-5 {
		t.Fatal(got)
	}
}
