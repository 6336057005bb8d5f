// Package sqlite opens one SQLite file the way this project needs it: write-ahead log, synchronous=FULL, one writer
// whose commits are shared, a few readers, and migrations.
//
// It knows nothing of what is stored. What is committed is durable when Change returns.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	_ "modernc.org/sqlite" // the driver, in Go
)

// Limits of one file.
const (
	MaxBatch   = 256              // changes that share one commit
	MaxWaiting = 4096             // changes that may wait for the writer; more are refused with Unavailable
	MaxReaders = 4                // connections that read at a time
	openWithin = 10 * time.Second // for opening and reading the pragmas back; migrations have no limit
)

// ErrBroken is answered after a commit failed for a reason of the disk. Nothing that the batch did is acknowledged; the
// owner closes the file and opens it again, which finds what the disk really holds.
var ErrBroken = fault.New(fault.Unavailable, "storage_failed", "The storage failed; try again later.")

var errBusy = fault.New(fault.Unavailable, "storage_busy", "Too many changes are waiting; try again later.")

var errClosed = fault.New(fault.Unavailable, "storage_closed", "The storage is closed; try again later.")

// DB is one SQLite file. All methods are safe for concurrent use.
type DB struct {
	path    string
	writeDB *sql.DB
	write   *sql.Conn
	readDB  *sql.DB

	mu      sync.Mutex
	waiting []*change
	leading bool
	idle    *sync.Cond // signalled when leading ends
	broken  error

	stmts statements // of the writer; used by the leader only

	readers chan struct{} // a slot for each View that runs
	idleMu  sync.Mutex
	spare   *reader // one reader is kept with what it has prepared
}

// reader is a connection that reads.
type reader struct {
	conn  *sql.Conn
	stmts statements
}

// Tx is one transaction. It is valid only inside the function it was handed to.
type Tx struct {
	conn  *sql.Conn
	stmts *statements
	after []func()
}

type change struct {
	do   func(*Tx) error
	done chan error
	err  error
	tx   Tx
}

// statements keeps what one connection has prepared.
type statements struct {
	conn *sql.Conn
	byQ  map[string]*sql.Stmt
	busy map[string]bool // its rows are being read
}

func newStatements(conn *sql.Conn) statements {
	return statements{conn: conn, byQ: map[string]*sql.Stmt{}, busy: map[string]bool{}}
}

// Open opens or makes the file at path and brings it to the newest schema. A file that a newer program wrote is refused.
// Migrations are the files NNNN_name.sql of the file system, in order; they are only ever added to.
func Open(ctx context.Context, path string, migrations fs.FS) (*DB, error) {
	db := &DB{path: path, readers: make(chan struct{}, MaxReaders)}
	db.idle = sync.NewCond(&db.mu)
	pragmas := url.Values{}
	for _, p := range []string{"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(10000)", "temp_store(MEMORY)", "cache_size(-2000)", "journal_size_limit(4194304)"} {
		pragmas.Add("_pragma", p)
	}
	pragmas.Set("_txlock", "immediate")
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode()

	var err error
	if db.writeDB, err = sql.Open("sqlite", name); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.writeDB.SetMaxOpenConns(1)
	if db.write, err = db.writeDB.Conn(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.writeDB.Close())
	}
	db.stmts = newStatements(db.write)
	if err = db.check(ctx); err == nil {
		err = migrate(ctx, db.write, migrations)
	}
	if err == nil {
		db.readDB, err = sql.Open("sqlite", name+"&mode=ro")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.write.Close(), db.writeDB.Close())
	}
	db.readDB.SetMaxOpenConns(MaxReaders)
	db.readDB.SetMaxIdleConns(0) // the one that is kept is kept here
	return db, nil
}

// check reads the pragmas back: a misspelt one would be ignored in silence.
func (db *DB) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := db.write.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return fmt.Errorf("read pragma %s: %w", pragma, err)
		}
		if got != want {
			return fmt.Errorf("pragma %s is %q, must be %q", pragma, got, want)
		}
	}
	return nil
}

// Path is where the file lies.
func (db *DB) Path() string { return db.path }

// Close waits for the changes in hand, folds the log into the file and closes it. Changes that come later are refused.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.broken == nil {
		db.broken = errClosed
	}
	for db.leading {
		db.idle.Wait()
	}
	db.mu.Unlock()
	db.stmts.close()
	for range MaxReaders { // those that read come to their end
		db.readers <- struct{}{}
	}
	if db.spare != nil {
		db.spare.close()
		db.spare = nil
	}
	for range MaxReaders {
		<-db.readers
	}
	return errors.Join(db.readDB.Close(), db.write.Close(), db.writeDB.Close())
}

// Change runs do inside a transaction and returns when it is durably committed. If do fails, what it did is undone and
// its error returned; the changes that share the commit are not touched. Changes run one at a time, in the order of
// their coming. do may run again if the transaction has to be repeated, so it must not keep what an earlier run found.
// There is no context on purpose: a caller that goes away must not undo what others wait for.
func (db *DB) Change(do func(*Tx) error) error {
	c := &change{do: do, done: make(chan error, 1)}
	db.mu.Lock()
	if db.broken != nil {
		err := db.broken
		db.mu.Unlock()
		return err
	}
	if len(db.waiting) >= MaxWaiting {
		db.mu.Unlock()
		return errBusy
	}
	db.waiting = append(db.waiting, c)
	if !db.leading {
		db.leading = true
		go db.lead()
	}
	db.mu.Unlock()
	return <-c.done
}

// lead commits batches until nobody waits. One goroutine leads at a time; Close waits for it.
func (db *DB) lead() {
	for {
		db.mu.Lock()
		n := min(len(db.waiting), MaxBatch)
		if n == 0 {
			db.leading = false
			db.idle.Broadcast()
			db.mu.Unlock()
			return
		}
		batch := append([]*change(nil), db.waiting[:n]...)
		db.waiting = append(db.waiting[:0], db.waiting[n:]...)
		broken := db.broken
		db.mu.Unlock()
		if broken != nil && !errors.Is(broken, errClosed) {
			answer(batch, broken)
			continue
		}
		db.commit(batch)
	}
}

func answer(batch []*change, err error) {
	for _, c := range batch {
		if c.err != nil {
			c.done <- c.err
		} else {
			c.done <- err
		}
	}
}

// commit runs a batch in one transaction, each change behind a savepoint. If SQLite ends the transaction by itself
// (a full disk does that), the change that met it gets the error and the others are run again in a new one.
func (db *DB) commit(batch []*change) {
	ctx := context.Background()
	for {
		if _, err := db.write.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
			db.breakWith(fmt.Errorf("begin: %w", err))
			answer(batch, ErrBroken.Because(err))
			return
		}
		culprit := -1
		for i, c := range batch {
			if c.err = nil; db.run(c, len(batch) > 1) {
				continue
			}
			culprit = i
			break
		}
		if len(batch) == 1 && culprit < 0 && batch[0].err != nil { // alone: the transaction is undone with it
			if _, err := db.write.ExecContext(ctx, "ROLLBACK"); err != nil {
				batch[0].err = ErrBroken.Because(batch[0].err)
			}
			answer(batch, nil)
			return
		}
		if culprit >= 0 {
			db.write.ExecContext(ctx, "ROLLBACK")
			answer(batch[culprit:culprit+1], ErrBroken)
			if batch = append(batch[:culprit], batch[culprit+1:]...); len(batch) == 0 {
				return
			}
			continue
		}
		if _, err := db.write.ExecContext(ctx, "COMMIT"); err != nil {
			db.write.ExecContext(ctx, "ROLLBACK")
			db.breakWith(fmt.Errorf("commit: %w", err))
			answer(batch, ErrBroken.Because(err))
			return
		}
		for _, c := range batch {
			if c.err == nil {
				for _, f := range c.tx.after {
					f()
				}
			}
		}
		answer(batch, nil)
		return
	}
}

// run executes one change, behind a savepoint if others share its transaction; false if the whole transaction is gone, with
// c.err set. A savepoint makes SQLite keep every page as it was, and walk all of them at the end of many a statement: a
// change of a thousand rows is far quicker without.
func (db *DB) run(c *change, shared bool) (alive bool) {
	c.tx = Tx{conn: db.write, stmts: &db.stmts}
	if !shared {
		c.err = protect(c)
		return true
	}
	if _, c.err = c.tx.Exec("SAVEPOINT one"); c.err != nil {
		return false
	}
	if c.err = protect(c); c.err != nil {
		if _, err := c.tx.Exec("ROLLBACK TO one"); err != nil {
			c.err = ErrBroken.Because(c.err)
			return false
		}
	}
	if _, err := c.tx.Exec("RELEASE one"); err != nil {
		c.err = ErrBroken.Because(err)
		return false
	}
	return true
}

// protect turns a panic of one change into its error, so that the changes beside it are answered.
func protect(c *change) (err error) {
	defer func() {
		if p := recover(); p != nil {
			buf := make([]byte, 8<<10)
			err = fmt.Errorf("panic in a change: %v\n%s", p, buf[:runtime.Stack(buf, false)])
		}
	}()
	return c.do(&c.tx)
}

func (db *DB) breakWith(err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.broken == nil {
		db.broken = ErrBroken.Because(err)
	}
}

// Broken reports whether a commit has failed, so that the file must be closed and opened again.
func (db *DB) Broken() bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.broken != nil && !errors.Is(db.broken, errClosed)
}

// View runs do over one consistent snapshot of what is committed. It does not wait for writers.
func (db *DB) View(ctx context.Context, do func(*Tx) error) error {
	select {
	case db.readers <- struct{}{}:
		defer func() { <-db.readers }()
	case <-ctx.Done():
		return fmt.Errorf("take a reader: %w", ctx.Err())
	}
	r, err := db.takeReader(ctx)
	if err != nil {
		return err
	}
	if _, err := r.conn.ExecContext(ctx, "BEGIN DEFERRED"); err != nil {
		r.close()
		return fmt.Errorf("begin to read: %w", err)
	}
	defer func() {
		if _, err := r.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); err != nil {
			r.close()
			return
		}
		db.giveBack(r)
	}()
	return do(&Tx{conn: r.conn, stmts: &r.stmts})
}

func (db *DB) takeReader(ctx context.Context) (*reader, error) {
	db.mu.Lock()
	closed := errors.Is(db.broken, errClosed)
	db.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	db.idleMu.Lock()
	r := db.spare
	db.spare = nil
	db.idleMu.Unlock()
	if r != nil {
		return r, nil
	}
	conn, err := db.readDB.Conn(ctx)
	if err != nil {
		if errors.Is(err, sql.ErrConnDone) || strings.Contains(err.Error(), "database is closed") {
			return nil, errClosed.Because(err)
		}
		return nil, fmt.Errorf("take a reader: %w", err)
	}
	return &reader{conn: conn, stmts: newStatements(conn)}, nil
}

func (db *DB) giveBack(r *reader) {
	db.idleMu.Lock()
	defer db.idleMu.Unlock()
	if db.spare == nil {
		db.spare = r
		return
	}
	r.close()
}

func (r *reader) close() {
	r.stmts.close()
	r.conn.Close()
}

// After has f called when the transaction is committed, before Change returns; not if it is undone. f must not block.
func (tx *Tx) After(f func()) { tx.after = append(tx.after, f) }

// Exec runs a statement. Arguments are bound, never written into the text.
func (tx *Tx) Exec(query string, args ...any) (sql.Result, error) {
	ctx := context.Background()
	stmt, err := tx.stmts.get(ctx, query)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return tx.conn.ExecContext(ctx, query, args...)
	}
	return stmt.ExecContext(ctx, args...)
}

// query gives the rows of a statement. They are closed by done.
func (tx *Tx) query(ctx context.Context, query string, args []any) (rows *sql.Rows, done func(), err error) {
	stmt, err := tx.stmts.get(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	if stmt == nil {
		if rows, err = tx.conn.QueryContext(ctx, query, args...); err != nil {
			return nil, nil, err
		}
		return rows, func() { rows.Close() }, nil
	}
	if rows, err = stmt.QueryContext(ctx, args...); err != nil {
		return nil, nil, err
	}
	tx.stmts.busy[query] = true
	return rows, func() { rows.Close(); delete(tx.stmts.busy, query) }, nil
}

// Row scans the single row of a statement; sql.ErrNoRows if there is none.
func (tx *Tx) Row(query string, args []any, dest ...any) error {
	return tx.RowWithin(context.Background(), query, args, dest...)
}

// RowWithin is Row for a statement that may take long: the end of ctx interrupts it, and its error is the answer. There is
// no such thing for many rows: the driver interrupts only the way to the first one.
func (tx *Tx) RowWithin(ctx context.Context, query string, args []any, dest ...any) error {
	rows, done, err := tx.query(ctx, query, args)
	if err != nil {
		return err
	}
	defer done()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := rows.Scan(dest...); err != nil {
		return err
	}
	return rows.Err()
}

// Each calls f for each row of a statement, with a function that scans it.
func (tx *Tx) Each(query string, args []any, f func(scan func(...any) error) error) error {
	rows, done, err := tx.query(context.Background(), query, args)
	if err != nil {
		return err
	}
	defer done()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// maxStatements is how many statements one connection keeps prepared; texts with a varying part are few.
const maxStatements = 200

// get gives the prepared statement; nil if its rows are being read at this moment.
func (s *statements) get(ctx context.Context, query string) (*sql.Stmt, error) {
	if s.busy[query] {
		return nil, nil
	}
	if stmt := s.byQ[query]; stmt != nil {
		return stmt, nil
	}
	if len(s.byQ) >= maxStatements && len(s.busy) == 0 {
		s.close()
	}
	stmt, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.byQ[query] = stmt
	return stmt, nil
}

func (s *statements) close() {
	for q, stmt := range s.byQ {
		stmt.Close()
		delete(s.byQ, q)
	}
}

// Args is a list of arguments, for Row and Each.
func Args(args ...any) []any { return args }

// NoRows reports whether err says that there was no row.
func NoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }
