package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

var schema = fstest.MapFS{"0001_journal.sql": {Data: []byte(`
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, inbox_id TEXT NOT NULL DEFAULT '',
	message_id TEXT NOT NULL DEFAULT '', thread_id TEXT NOT NULL DEFAULT '', at INTEGER NOT NULL, data TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE tallies (inbox_id TEXT NOT NULL, type TEXT NOT NULL, hour INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (inbox_id, type, hour)) STRICT, WITHOUT ROWID;`)}}

func open(t *testing.T) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "j.db"), schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Change(Begin); err != nil {
		t.Fatal(err)
	}
	return db
}

func fill(t *testing.T, db *sqlite.DB, n int) {
	t.Helper()
	err := db.Change(func(tx *sqlite.Tx) error {
		for i := range n {
			l := Line{Type: fmt.Sprintf("type.%d", i%3), InboxID: fmt.Sprintf("inb_%d", i%5), At: time.UnixMicro(int64(i)), Data: json.RawMessage(`{}`)}
			if err := Append(tx, l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, db *sqlite.DB, after Cursor, f Filter, limit int) (p Page) {
	t.Helper()
	if err := db.View(t.Context(), func(tx *sqlite.Tx) (err error) { p, err = Read(tx, after, f, limit); return err }); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestReadingPageByPageGivesEveryLineOnceInOrder(t *testing.T) {
	db := open(t)
	fill(t, db, 1203)
	var c Cursor
	n := int64(0)
	for {
		p := read(t, db, c, Filter{}, 100)
		for _, l := range p.Lines {
			if n++; l.Cursor.Seq != n {
				t.Fatalf("line %d has number %d", n, l.Cursor.Seq)
			}
		}
		c = p.Next
		if !p.More {
			break
		}
	}
	if n != 1203 {
		t.Fatalf("%d lines", n)
	}
}

func TestAFilterThatPassesFewStillGoesOn(t *testing.T) {
	db := open(t)
	fill(t, db, 2*maxScan+10)
	if err := db.Change(func(tx *sqlite.Tx) error { return Append(tx, Line{Type: "rare", At: time.UnixMicro(1)}) }); err != nil {
		t.Fatal(err)
	}
	var c Cursor
	for range 4 {
		p := read(t, db, c, Filter{Types: []string{"rare"}}, 10)
		if len(p.Lines) == 1 {
			return
		}
		if !p.More || p.Next.Seq <= c.Seq {
			t.Fatalf("stuck at %+v", p)
		}
		c = p.Next
	}
	t.Fatal("never found")
}

func TestPlacesThatAreGoneOrNeverWereGiveAGap(t *testing.T) {
	db := open(t)
	fill(t, db, 20)
	here := read(t, db, Cursor{}, Filter{}, 5).Next
	if _, err := ParseCursor(here.String()); err != nil {
		t.Fatal(err)
	}
	if err := db.Change(func(tx *sqlite.Tx) error { _, err := tx.Exec("DELETE FROM journal WHERE seq <= 10"); return err }); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		at  Cursor
		gap bool
		n   int
	}{
		"the beginning":           {Cursor{}, false, 10},
		"before what was pruned":  {here, true, 10},
		"at the edge of it":       {Cursor{here.Epoch, 10}, false, 10},
		"behind it":               {Cursor{here.Epoch, 15}, false, 5},
		"the end":                 {Cursor{here.Epoch, 20}, false, 0},
		"beyond the end":          {Cursor{here.Epoch, 21}, true, 10},
		"a journal of other days": {Cursor{here.Epoch + 1, 15}, true, 10},
	} {
		if p := read(t, db, c.at, Filter{}, 0); p.Gap != c.gap || len(p.Lines) != c.n {
			t.Errorf("%s: gap %v, %d lines", name, p.Gap, len(p.Lines))
		}
	}
}

func TestALineIsAppendedOnceHoweverOftenItIsRelayed(t *testing.T) {
	db := open(t)
	for range 3 {
		if err := db.Change(func(tx *sqlite.Tx) error { return Append(tx, Line{ID: "evt_same", Type: "x", At: time.UnixMicro(1)}) }); err != nil {
			t.Fatal(err)
		}
	}
	if p := read(t, db, Cursor{}, Filter{}, 0); len(p.Lines) != 1 {
		t.Fatalf("%d lines", len(p.Lines))
	}
}

func TestTextThatIsNoCursorIsRefused(t *testing.T) {
	good := Cursor{Epoch: 1<<63 + 5, Seq: 1 << 40}
	if c, err := ParseCursor(good.String()); err != nil || c != good {
		t.Fatalf("%v, %v", c, err)
	}
	for _, s := range []string{"", "jc_", "jc_AAAA", "lc" + good.String()[2:], good.String() + "AA", "jc_!!!!", "12", "jc_" + good.String()} {
		if _, err := ParseCursor(s); !errors.Is(err, ErrCursor) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestATimeIsFoundInTheJournal(t *testing.T) {
	db := open(t)
	from := func(micro int64) (c Cursor) {
		t.Helper()
		if err := db.View(t.Context(), func(tx *sqlite.Tx) (err error) { c, err = From(tx, time.UnixMicro(micro)); return err }); err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := from(5); c.Seq != 0 {
		t.Errorf("without lines it is %d", c.Seq)
	}
	fill(t, db, 100) // the line of number n is n-1 microseconds old
	if err := db.Change(func(tx *sqlite.Tx) error {
		_, err := tx.Exec("DELETE FROM journal WHERE seq <= 10 OR seq = 50")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for micro, seq := range map[int64]int64{-1: 10, 0: 10, 10: 10, 11: 11, 48: 48, 50: 49, 99: 99, 100: 100, 1000: 100} {
		if got := from(micro).Seq; got != seq {
			t.Errorf("from %d it is %d, not %d", micro, got, seq)
		}
		if p := read(t, db, from(micro), Filter{}, 1); p.Gap || len(p.Lines) == 1 && p.Lines[0].At.UnixMicro() < micro {
			t.Errorf("from %d comes %+v", micro, p)
		}
	}
}
