package schedule

import (
	"fmt"
	"testing"
)

func anyJob(Job) bool { return true }

func TestAConnectionThatCarriesOnIsSharedInTurn(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 1, MaxConcurrency: 1})
	for _, ws := range []string{"a", "b", "c"} {
		b.add(9, ws, "one", Prompt)
	}
	g := b.next()
	got := []Grant{g}
	for range 8 {
		var ok bool
		if g, ok = g.Then(Success, b.now, anyJob); !ok {
			t.Fatal("nothing to carry")
		}
		check(t, b.s)
		got = append(got, g)
	}
	if order(got) != "abcabcabc" {
		t.Fatal(order(got))
	}
}

func TestThenKeepsTheSlotFromOthers(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 1, MaxConcurrency: 1})
	b.add(9, "a", "one", Prompt)
	g := b.next()
	if _, ok := b.s.NextFor("one", b.now, anyJob); ok {
		t.Fatal("there was no slot")
	}
	if g, ok := g.Then(Success, b.now, anyJob); !ok || g.Job.Site != "one" {
		t.Fatal("the slot is gone")
	}
	if _, ok := g.Then(Success, b.now, anyJob); ok {
		t.Fatal("it was ended twice")
	}
	b.none()
}

func TestAConnectionCarriesOnlyWhatMayShareIt(t *testing.T) {
	b := newBed(t, Config{})
	b.add(3, "a", "one", Prompt)
	b.add(3, "b", "one", Prompt)
	want := b.add(1, "c", "one", Bulk)
	b.add(3, "c", "one", Prompt)
	b.add(3, "c", "two", Prompt)
	g, ok := b.s.NextFor("one", b.now, func(j Job) bool { return j.ID == want })
	if !ok || g.Job.ID != want {
		t.Fatal(g.Job, ok)
	}
	if _, ok := b.s.NextFor("one", b.now, func(Job) bool { return false }); ok {
		t.Fatal("it carries what may not share it")
	}
	if _, ok := b.s.NextFor("nowhere", b.now, anyJob); ok {
		t.Fatal("a site that is not known")
	}
	check(t, b.s)
	if got := order(b.take(2)); got != "ab" {
		t.Fatal(got) // they kept their turns
	}
}

func TestTheSearchForAConnectionIsBounded(t *testing.T) {
	b := newBed(t, Config{})
	for i := range 1000 {
		b.add(1, fmt.Sprint(i), "one", Prompt)
	}
	asked := 0
	b.s.NextFor("one", b.now, func(Job) bool { asked++; return false })
	if asked == 0 || asked > ReuseLook+20 {
		t.Fatalf("it asked %d times", asked)
	}
}

func TestAConnectionCarriesPromptAloneWhereOnlyReservedSlotsAreFree(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 2, MaxConcurrency: 2})
	b.add(9, "a", "one", Bulk)
	b.next()
	if _, ok := b.s.NextFor("one", b.now, anyJob); ok {
		t.Fatal("bulk took a reserved slot")
	}
	b.add(1, "b", "one", Prompt)
	if g, ok := b.s.NextFor("one", b.now, anyJob); !ok || g.Job.Lane != Prompt {
		t.Fatal(g, ok)
	}
}
