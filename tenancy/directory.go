package tenancy

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/sqlite"
)

//go:embed schema/*.sql
var schema embed.FS

// Directory is the directory of tenants. Its methods are safe for concurrent use.
type Directory struct {
	store *mailstore.Store
	opts  Options
	path  string

	mu sync.RWMutex // held for reading while db is used
	db *sqlite.DB

	ring chan struct {
	} // wakes Relay
	used     lastUsed
	failures failures // of logins
	tokens   atomic.Pointer[[]byte]
	signers  signers
}

// Open opens or makes the directory at path and brings it to the newest schema. It starts no goroutine. The store stays
// the caller's, who closes it after the directory.
func Open(ctx context.Context, path string, store *mailstore.Store, opts Options) (*Directory, error) {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Every <= 0 {
		opts.Every = 5 * time.Second
	}
	db, err := sqlite.Open(ctx, path, migrations())
	if err != nil {
		return nil, fmt.Errorf("open the directory of tenants: %w", err)
	}
	d := &Directory{store: store, opts: opts, path: path, db: db, ring: make(chan struct{}, 1)}
	if opts.Sandbox != "" {
		if err := d.prepareSandbox(ctx); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return d, nil
}

func migrations() fs.FS {
	files, err := fs.Sub(schema, "schema")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return files
}

// Close writes what is still held back and closes the file. Relay must have ended.
func (d *Directory) Close() error {
	err := d.flushLastUsed(context.Background())
	d.mu.Lock()
	defer d.mu.Unlock()
	return errors.Join(err, d.db.Close())
}

// now is the time to the microsecond, which is what the tables keep.
func (d *Directory) now() time.Time { return d.opts.Clock().UTC().Truncate(time.Microsecond) }

// newID makes an id. Inside a change, ids are made in the order of the commits.
func (d *Directory) newID(prefix string) string { return ident.New(prefix, d.opts.Clock()) }

// transaction is what a context carries inside Once: methods that are called with it work in its transaction.
type transaction struct {
	dir *Directory
	tx  *sqlite.Tx
}

type transactionKey struct{}

func (d *Directory) joined(ctx context.Context) *sqlite.Tx {
	if t, ok := ctx.Value(transactionKey{}).(*transaction); ok && t.dir == d {
		return t.tx
	}
	return nil
}

func (d *Directory) join(ctx context.Context, tx *sqlite.Tx) context.Context {
	return context.WithValue(ctx, transactionKey{}, &transaction{d, tx})
}

// change runs do in a transaction of its own, or as a part of the one that ctx carries; then it is undone alone if it
// fails. do may run twice and must not keep what an earlier run found.
func (d *Directory) change(ctx context.Context, do func(*sqlite.Tx) error) error {
	if tx := d.joined(ctx); tx != nil {
		return nest(tx, do)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.RLock()
	db := d.db
	err := db.Change(do)
	d.mu.RUnlock()
	if db.Broken() {
		d.reopen(db)
	}
	return err
}

func nest(tx *sqlite.Tx, do func(*sqlite.Tx) error) error {
	if _, err := tx.Exec("SAVEPOINT part"); err != nil {
		return err
	}
	err := do(tx)
	if err != nil {
		if _, undo := tx.Exec("ROLLBACK TO part"); undo != nil {
			return errors.Join(err, undo)
		}
	}
	if _, release := tx.Exec("RELEASE part"); release != nil {
		return errors.Join(err, release)
	}
	return err
}

// view runs do over what is committed, or inside the transaction that ctx carries.
func (d *Directory) view(ctx context.Context, do func(*sqlite.Tx) error) error {
	if tx := d.joined(ctx); tx != nil {
		return do(tx)
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.db.View(ctx, do)
}

// reopen takes the file anew after a commit failed: what it holds is then read from the disk, not remembered. If that
// fails too, the next change tries it again.
func (d *Directory) reopen(broken *sqlite.DB) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.db != broken {
		return // somebody else did
	}
	broken.Close() // its error is the one that was already answered
	db, err := sqlite.Open(context.Background(), d.path, migrations())
	if err != nil {
		d.opts.Log.Error("cannot open the directory of tenants again", "err", err)
		return
	}
	d.db = db
}
