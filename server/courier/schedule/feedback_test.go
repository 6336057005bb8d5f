package schedule

import (
	"testing"
	"time"
)

// succeed sends n jobs to the site one after the other beside others, so that its concurrency is used.
func (b *bed) succeed(n int) {
	b.Helper()
	running := b.take(99)
	for range n {
		b.done(Success, running[0])
		running = append(running[1:], b.take(99)...)
	}
	for _, g := range running {
		b.done(Refused, g) // says nothing
	}
}

// fail sends n jobs that fail, one at a time.
func (b *bed) fail(n int, result Result) {
	b.Helper()
	for range n {
		b.done(result, b.next())
	}
}

func (b *bed) concurrency(want int) {
	b.Helper()
	if got := b.site("one").Concurrency; got != want {
		b.Fatalf("the concurrency is %d, want %d", got, want)
	}
}

func TestConcurrencyGrowsByOneWithAsManySuccesses(t *testing.T) {
	b := newBed(t, Config{WindowPerSite: 1000})
	b.add(900, "a", "one", Prompt)
	b.concurrency(5)
	b.succeed(4)
	b.concurrency(5)
	b.succeed(1)
	b.concurrency(6)
	b.succeed(6)
	b.concurrency(7)
	b.succeed(400)
	b.concurrency(20)
	if got := len(b.take(99)); got != 20 {
		t.Fatalf("%d are sent", got)
	}
}

func TestConcurrencyDoesNotGrowWhereItIsNotUsed(t *testing.T) {
	b := newBed(t, Config{})
	for range 50 {
		b.add(1, "a", "one", Prompt)
		b.done(Success, b.next())
	}
	b.concurrency(5)
}

func TestBulkAloneUsesTheConcurrencyEnoughForItToGrow(t *testing.T) {
	b := newBed(t, Config{WindowPerSite: 1000})
	b.add(900, "a", "one", Bulk)
	b.succeed(400)
	b.concurrency(20)
}

func TestOneFailureDoesNotShrinkTheConcurrency(t *testing.T) {
	for _, result := range []Result{Deferred, Failed} {
		b := newBed(t, Config{})
		b.add(90, "a", "one", Prompt)
		b.fail(1, result)
		b.concurrency(5)
		for range 10 {
			b.done(Success, b.next())
		}
		b.fail(1, result)
		b.concurrency(5)
	}
}

func TestConcurrencyShrinksWithAnUnwillingSite(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 10})
	b.add(90, "a", "one", Prompt)
	b.fail(2, Deferred)
	b.concurrency(8)
	b.fail(6, Deferred)
	b.concurrency(2)
	b.fail(2, Deferred)
	b.concurrency(1)
	b.fail(2, Deferred)
	b.concurrency(1)
}

func TestFewHangingConnectionsShrinkLittleAndAllOfThemQuickly(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 20, WindowPerSite: 1000})
	b.add(990, "a", "one", Prompt)
	for range 60 { // one in five
		b.fail(1, Failed)
		for range 4 {
			b.done(Success, b.next())
		}
	}
	b.concurrency(20)
	b.fail(25, Failed)
	b.concurrency(1)
}

func TestARefusedMessageSaysNothingAgainstTheSite(t *testing.T) {
	b := newBed(t, Config{})
	b.add(90, "a", "one", Prompt)
	for range 80 {
		b.done(Refused, b.next())
	}
	b.concurrency(5)
}

func TestASiteThatNamesItsLimitIsTakenAtItsWord(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 15, WindowPerSite: 1000, CeilingFor: hour})
	b.add(900, "a", "one", Prompt)
	running := b.take(99)
	b.done(Limited, running[10:]...) // the eleventh and those that came after it
	b.concurrency(10)
	b.none()
	b.done(Success, running[:10]...)
	b.succeed(100)
	b.concurrency(10)
	b.pass(hour)
	b.succeed(10)
	b.concurrency(11)
}

func TestASiteRestsAfterFailuresAtItsMinimum(t *testing.T) {
	for _, result := range []Result{Deferred, Failed, Limited} {
		b := newBed(t, Config{InitialConcurrency: 1})
		id := b.add(90, "a", "one", Prompt)
		b.fail(2, result)
		b.done(Success, b.next())
		b.s.site("one").limit = 1
		b.fail(2, result)
		b.done(Refused, b.next()) // it answers
		b.fail(3, result)
		b.none()
		b.why(id, SiteRests, b.now.Add(time.Minute))
		if at, ok := b.s.Alarm(); !ok || !at.Equal(b.now.Add(time.Minute)) || !b.site("one").RestsUntil.Equal(at) {
			t.Fatal(at, ok)
		}
	}
}

func TestRestsDoubleUpToTheLongest(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 1})
	id := b.add(90, "a", "one", Prompt)
	b.fail(3, Failed)
	for _, minutes := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		b.why(id, SiteRests, b.now.Add(minutes*time.Minute))
		b.pass(minutes*time.Minute - 1)
		b.none()
		b.pass(1)
		g := b.next()
		if !g.Probe {
			t.Fatal("it is not told that this is a probe")
		}
		b.none() // one only
		b.why(id, SiteBusy, never)
		b.done(Failed, g)
		b.none()
	}
	b.pass(hour)
	b.done(Success, b.next())
	if g := b.next(); g.Probe {
		t.Fatal("a probe after the rest")
	}
	if b.site("one").Rests != 0 {
		t.Fatal("it still rests")
	}
}

func TestARefusedProbeEndsTheRest(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 1})
	b.add(90, "a", "one", Prompt)
	b.fail(3, Failed)
	b.pass(time.Minute)
	b.done(Refused, b.next())
	if b.next().Probe {
		t.Fatal("it still rests")
	}
}

func TestASuccessFromBeforeEndsTheRestAtOnce(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 8})
	b.add(90, "a", "one", Prompt)
	running := b.take(8)
	slow := running[1]
	b.done(Limited, running[0]) // the first connection is one too many: its concurrency is 1
	b.done(Failed, running[2:5]...)
	if b.site("one").Rests != 1 {
		t.Fatal("it does not rest")
	}
	b.none()
	b.done(Success, slow)
	if b.site("one").Rests != 0 {
		t.Fatal("it still rests")
	}
	if _, ok := b.s.Alarm(); ok {
		t.Fatal("an alarm is left")
	}
}

func TestFailuresFromBeforeARestNeitherLengthenItNorHoldUpTheProbe(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 8})
	b.add(90, "a", "one", Prompt)
	hang := b.take(8)
	b.done(Limited, hang[0])
	b.done(Failed, hang[1:4]...)
	hang = hang[4:]
	until := b.site("one").RestsUntil
	b.done(Failed, hang[:2]...)
	if got := b.site("one"); !got.RestsUntil.Equal(until) || got.Rests != 1 {
		t.Fatal(got)
	}
	b.now = until
	probe := b.next() // two still hang
	b.done(Failed, hang[2:]...)
	if b.site("one").Rests != 1 {
		t.Fatal("what hung from before has decided for the probe")
	}
	b.done(Success, probe)
	if b.site("one").Rests != 0 {
		t.Fatal("it still rests")
	}
}

func TestAProbeIsPromptIfThereIsOne(t *testing.T) {
	b := newBed(t, Config{InitialConcurrency: 1})
	b.add(9, "a", "one", Bulk)
	b.fail(3, Failed)
	b.add(1, "b", "one", Prompt)
	b.pass(time.Minute)
	if g := b.next(); g.Job.Workspace != "b" || !g.Probe {
		t.Fatal(g)
	}
}
