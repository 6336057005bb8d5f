package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/postroom/postroom/mailstore/fault"
)

var schema = fstest.MapFS{"0001_first.sql": {Data: []byte("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT NOT NULL UNIQUE) STRICT")}}

func open(t testing.TB, path string, files fstest.MapFS) *DB {
	t.Helper()
	db, err := Open(t.Context(), path, files)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func count(t *testing.T, db *DB) (n int) {
	t.Helper()
	if err := db.View(t.Context(), func(tx *Tx) error { return tx.Row("SELECT COUNT(*) FROM t", nil, &n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAFailedChangeUndoesOnlyItself(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "a.db"), schema)
	var wg sync.WaitGroup
	var mu sync.Mutex
	failed := 0
	for i := range 100 {
		wg.Go(func() {
			err := db.Change(func(tx *Tx) error {
				if _, err := tx.Exec("INSERT INTO t (v) VALUES (?)", fmt.Sprint(i)); err != nil {
					return err
				}
				if i%10 == 3 {
					_, err := tx.Exec("INSERT INTO t (v) VALUES (?)", fmt.Sprint(i)) // breaks UNIQUE
					return err
				}
				return nil
			})
			if err != nil {
				mu.Lock()
				failed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if n := count(t, db); n != 90 || failed != 10 {
		t.Fatalf("%d rows and %d failures, want 90 and 10", n, failed)
	}
}

func TestAPanicInOneChangeIsItsOwnError(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "a.db"), schema)
	err := db.Change(func(tx *Tx) error { tx.Exec("INSERT INTO t (v) VALUES ('x')"); panic("oh") })
	if err == nil || !strings.Contains(err.Error(), "panic in a change: oh") {
		t.Fatalf("got %v", err)
	}
	if err := db.Change(func(tx *Tx) error { _, err := tx.Exec("INSERT INTO t (v) VALUES ('y')"); return err }); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db); n != 1 {
		t.Fatalf("%d rows, want 1", n)
	}
}

func TestWhenTheTransactionEndsByItselfTheOthersAreReplayed(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "a.db"), schema)
	gate := make(chan struct{})
	started := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { db.Change(func(*Tx) error { close(started); <-gate; return nil }) })
	<-started
	var errs [5]error
	for i := range errs { // these share one batch: the writer is held
		wg.Go(func() {
			errs[i] = db.Change(func(tx *Tx) error {
				if _, err := tx.Exec("INSERT INTO t (v) VALUES (?)", fmt.Sprint(i)); err != nil {
					return err
				}
				if i == 2 { // what a full disk does to the transaction
					tx.conn.ExecContext(context.Background(), "ROLLBACK")
					return errors.New("disk full")
				}
				return nil
			})
		})
	}
	for n := 0; n < len(errs); {
		db.mu.Lock()
		n = len(db.waiting)
		db.mu.Unlock()
	}
	close(gate)
	wg.Wait()
	for i, err := range errs {
		if (err != nil) != (i == 2) {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if n := count(t, db); n != 4 {
		t.Fatalf("%d rows, want 4", n)
	}
}

func TestAfterAFailedCommitNothingIsAcknowledgedAnyMore(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "a.db"), schema)
	err := db.Change(func(tx *Tx) error {
		tx.Exec("INSERT INTO t (v) VALUES ('x')")
		_, err := tx.conn.ExecContext(context.Background(), "PRAGMA defer_foreign_keys=1; CREATE TABLE c (p INTEGER REFERENCES t(k)); INSERT INTO c VALUES (99)")
		return err
	})
	if err == nil || fault.KindOf(err) != fault.Unavailable || !db.Broken() {
		t.Fatalf("commit failed but got %v, broken %v", err, db.Broken())
	}
	if err := db.Change(func(*Tx) error { return nil }); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("a later change got %v", err)
	}
}

func TestAnOlderProgramRefusesANewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	newer := fstest.MapFS{"0001_first.sql": schema["0001_first.sql"], "0002_more.sql": {Data: []byte("CREATE TABLE u (x)")}}
	open(t, path, newer).Close()
	_, err := Open(t.Context(), path, schema)
	if err == nil || !strings.Contains(err.Error(), "newer Postroom") {
		t.Fatalf("got %v", err)
	}
}

func TestAMigrationIsWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	open(t, path, schema).Close()
	bad := fstest.MapFS{"0001_first.sql": schema["0001_first.sql"], "0002_bad.sql": {Data: []byte("CREATE TABLE u (x); NONSENSE")}}
	if _, err := Open(t.Context(), path, bad); err == nil {
		t.Fatal("a broken migration opened")
	}
	good := fstest.MapFS{"0001_first.sql": schema["0001_first.sql"], "0002_good.sql": {Data: []byte("CREATE TABLE u (x)")}}
	db := open(t, path, good)
	if n := count(t, db); n != 0 {
		t.Fatal(n)
	}
	fresh := filepath.Join(t.TempDir(), "b.db") // of several none is left if one is broken
	if _, err := Open(t.Context(), fresh, bad); err == nil {
		t.Fatal("a broken migration opened")
	}
	db = open(t, fresh, fstest.MapFS{"0001_other.sql": {Data: []byte("CREATE TABLE u (x)")}})
	if err := db.View(t.Context(), func(tx *Tx) error {
		var n int
		return tx.Row("SELECT COUNT(*) FROM u", nil, &n)
	}); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"0002_first.sql", "first.sql"} {
		if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "c.db"), fstest.MapFS{wrong: schema["0001_first.sql"]}); err == nil || !strings.Contains(err.Error(), "must begin with 0001") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestAfterRunsOnlyForWhatWasCommitted(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "a.db"), schema)
	ran := ""
	db.Change(func(tx *Tx) error { tx.After(func() { ran += "kept " }); return nil })
	db.Change(func(tx *Tx) error { tx.After(func() { ran += "undone " }); return errors.New("no") })
	if ran != "kept " {
		t.Fatalf("ran %q", ran)
	}
}

func TestAClosedFileRefusesInClearWords(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "a?b#c %41.db"), schema)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Change(func(*Tx) error { return nil }); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("Change: %v", err)
	}
	if err := db.View(t.Context(), func(*Tx) error { return nil }); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("View: %v", err)
	}
}

func TestAStatementThatTakesLongEndsWithItsContext(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "a.db"), schema)
	ctx, cancel := context.WithCancel(t.Context())
	err := db.View(t.Context(), func(tx *Tx) error {
		go cancel() // it may have begun by then, or not
		var n int
		return tx.RowWithin(ctx, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n", nil, &n)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if n := count(t, db); n != 0 {
		t.Errorf("%d rows", n)
	}
}
