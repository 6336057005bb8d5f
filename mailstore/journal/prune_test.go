package journal

import (
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// prune prunes until nothing is to go, and tells in how many steps.
func prune(t *testing.T, db *sqlite.DB, k Keep, held int64, now time.Time) (steps int) {
	t.Helper()
	for {
		var n int64
		if err := db.Change(func(tx *sqlite.Tx) (err error) { n, err = Prune(tx, k, held, now); return err }); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return steps
		}
		if n > PruneStep {
			t.Fatalf("%d lines in one step", n)
		}
		steps++
	}
}

func left(t *testing.T, db *sqlite.DB) (first, last int64) {
	t.Helper()
	if err := db.View(t.Context(), func(tx *sqlite.Tx) (err error) { first, last, err = span(tx); return err }); err != nil {
		t.Fatal(err)
	}
	return first, last
}

// The line of number n is n-1 microseconds old at time 0.
func at(micro int64) time.Time { return time.UnixMicro(micro) }

func TestAJournalIsPrunedByAgeAndByLines(t *testing.T) {
	for name, c := range map[string]struct {
		keep  Keep
		now   int64
		first int64
	}{
		"nothing is old":     {Keep{Age: 5000}, 0, 1},
		"older than an age":  {Keep{Age: 1000 * time.Microsecond}, 2000, 1001},
		"more than so many":  {Keep{Age: time.Hour, Lines: 300}, 0, 2701},
		"whatever is more":   {Keep{Age: 1000 * time.Microsecond, Lines: 2500}, 1200, 501},
		"everything is old":  {Keep{Age: time.Microsecond}, 1 << 40, 3000},
		"everything is many": {Keep{Age: time.Hour, Lines: 1}, 0, 3000},
	} {
		db := open(t)
		fill(t, db, 3000)
		end := read(t, db, Cursor{}, Filter{}, 1).Next
		end.Seq = 3000
		prune(t, db, c.keep, -1, at(c.now))
		if first, last := left(t, db); first != c.first || last != 3000 {
			t.Errorf("%s: lines %d to %d are left, not from %d", name, first, last, c.first)
		}
		if p := read(t, db, end, Filter{}, 0); p.Gap {
			t.Errorf("%s: who had read all gets a gap", name)
		}
	}
}

func TestPruningGoesInSteps(t *testing.T) {
	db := open(t)
	fill(t, db, 3*PruneStep)
	if steps := prune(t, db, Keep{Age: time.Microsecond}, -1, at(1<<40)); steps != 3 {
		t.Errorf("%d steps", steps)
	}
}

func TestWhatAFollowerHoldsStaysUntilTheHardLimitAndThenGivesAGap(t *testing.T) {
	keep := Keep{Age: 100 * time.Microsecond, HeldAge: 2000 * time.Microsecond}
	db := open(t)
	fill(t, db, 3000)
	begin := read(t, db, Cursor{}, Filter{}, 1).Next
	slow, quick := Cursor{begin.Epoch, 700}, Cursor{begin.Epoch, 2900}
	prune(t, db, keep, slow.Seq, at(2500))
	if first, _ := left(t, db); first != 701 {
		t.Fatalf("with a place behind 700 lines from %d are left", first)
	}
	prune(t, db, keep, slow.Seq, at(3500)) // what is older than HeldAge goes whoever holds it
	if first, _ := left(t, db); first != 1501 {
		t.Errorf("past the hard limit lines from %d are left", first)
	}
	if p := read(t, db, slow, Filter{}, 1); !p.Gap || p.Lines[0].Cursor.Seq != 1501 {
		t.Errorf("the slow one reads on with %+v", p)
	}
	if p := read(t, db, quick, Filter{}, 1); p.Gap {
		t.Error("the quick one gets a gap")
	}
	prune(t, db, keep, quick.Seq, at(3500))
	if first, _ := left(t, db); first != 2901 {
		t.Errorf("without the slow one lines from %d are left", first)
	}
}

func TestTheHardLimitCountsLinesToo(t *testing.T) {
	db := open(t)
	fill(t, db, 3000)
	prune(t, db, Keep{Age: time.Hour, Lines: 100, HeldLines: 2000}, 0, at(0))
	if first, _ := left(t, db); first != 1001 {
		t.Errorf("lines from %d are left", first)
	}
}

func TestWhatIsHeldIsNeverKeptForLessThanWhatIsNot(t *testing.T) {
	if k := (Keep{}).WithDefaults(); k != (Keep{DefaultAge, DefaultHeldAge, DefaultLines, DefaultHeldLines}) {
		t.Errorf("without a wish: %+v", k)
	}
	long, many := 2*DefaultHeldAge, int64(2*DefaultHeldLines)
	if k := (Keep{Age: long, Lines: many}).WithDefaults(); k.HeldAge != long || k.HeldLines != many {
		t.Errorf("with a long one: %+v", k)
	}
	if k := (Keep{Age: 2, HeldAge: 1, Lines: 4, HeldLines: 3}).WithDefaults(); k != (Keep{2, 2, 4, 4}) {
		t.Errorf("with one that contradicts itself: %+v", k)
	}
}
