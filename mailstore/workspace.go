package mailstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

//go:embed schema/*.sql
var schema embed.FS

func migrations() fs.FS {
	sub, err := fs.Sub(schema, "schema")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}

// workspace is one workspace while its files are open.
type workspace struct {
	id    WorkspaceID
	store *Store
	root  *os.Root
	db    *sqlite.DB
	tree  *maildir.Tree

	ready chan struct{} // closed when openFiles has ended; err says how
	gone  chan struct{} // closed when the files are closed and the store has forgotten it
	err   error

	// under store.mu
	users      int
	usedAt     time.Time
	closing    bool
	closeBegun bool
	unused     *sync.Cond

	followed atomic.Bool // somebody follows its journal: see follower.go

	draftsAfter atomic.Int64 // in microseconds: drafts are not looked at earlier, see Outbox.DelayDrafts

	failed atomic.Bool // a sync failed: to be closed and opened again
	names  names       // of files, which follow behind their flags

	unlinking sync.Mutex // one removes files at a time: see finishUnlinks

	indexer *indexer // of text, behind the commits

	beganAt journal.Cursor // where the journal ended when the files were opened

	prunedAt time.Time // when pruneFinished ran last; for care alone

	mu        sync.Mutex
	confirmed []MessageID          // deliveries whose answer the client has seen; forgotten with the next commit
	dirty     map[int64]*dirtyMark // mailboxes whose state file is behind
}

type dirtyMark struct {
	due time.Time
}

// openFiles opens or makes the workspace's directory and index, and puts right what an unclean stop left.
func (w *workspace) openFiles() (err error) {
	s := w.store
	if w.root, err = s.openDir(w.id, true); err != nil {
		return err
	}
	w.tree = maildir.New(w.root, s.opts.sync)
	w.dirty = map[int64]*dirtyMark{}
	w.indexer = newIndexer(w)
	unclean := fileExists(filepath.Join(s.dir, "awake", string(w.id)))
	fresh := !fileExists(filepath.Join(s.workspaceDir(w.id), "index.db"))
	if fresh {
		if inboxes, err := w.tree.Inboxes(); err != nil || len(inboxes) > 0 {
			return errors.Join(errNoIndex.Because(err), w.root.Close())
		}
	}
	if err := w.wake(unclean); err != nil {
		return errors.Join(err, w.root.Close())
	}
	if w.db, err = sqlite.Open(context.Background(), filepath.Join(s.workspaceDir(w.id), "index.db"), migrations()); err != nil {
		return errors.Join(fmt.Errorf("open index: %w", err), w.root.Close())
	}
	if err = w.prepare(unclean); err != nil {
		w.indexer.stop()
		err = errors.Join(err, w.db.Close(), w.root.Close())
		w.db = nil
		return err
	}
	w.indexer.notice()
	return nil
}

// prepare begins the journal if there is none, finishes what a crash interrupted, and takes in foreign files.
func (w *workspace) prepare(unclean bool) error {
	var begun int
	if err := w.db.View(context.Background(), func(tx *sqlite.Tx) error {
		return tx.Row("SELECT COUNT(*) FROM meta WHERE name = 'journal_epoch'", nil, &begun)
	}); err != nil {
		return err
	}
	if begun == 0 {
		if err := w.db.Change(journal.Begin); err != nil {
			return err
		}
		if err := syncPath(w.store.workspaceDir(w.id), w.store.opts.sync); err != nil {
			return err
		}
	}
	if err := w.noteBegin(); err != nil {
		return err
	}
	if err := errors.Join(w.finishUnlinks(), w.db.Change(pruneExpunged), w.db.Change(w.pruneFinished), w.db.Change(w.pruneDispatches), w.checkQueue(), w.checkFollowers()); err != nil {
		return err
	}
	if unclean {
		if err := w.recover(); err != nil {
			return fmt.Errorf("recover: %w", err)
		}
	}
	return w.adopt()
}

// wake leaves a durable mark that this workspace is open, before anything in it is acknowledged: an unclean start
// looks only after what was awake.
func (w *workspace) wake(marked bool) error {
	if marked {
		return nil
	}
	dir := filepath.Join(w.store.dir, "awake")
	f, err := os.OpenFile(filepath.Join(dir, string(w.id)), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("mark awake: %w", err)
	}
	if err := errors.Join(f.Close(), syncPath(dir, w.store.opts.sync)); err != nil {
		return fmt.Errorf("mark awake: %w", err)
	}
	return nil
}

// closeFiles writes what is behind and closes. The mark is taken away only if all went well.
func (w *workspace) closeFiles() error {
	if w.db == nil {
		return nil
	}
	w.indexer.stop()
	clean := !w.failed.Load() && !w.db.Broken()
	if clean {
		w.flushConfirmed()
		w.catchUpNames()
		w.writeStates(time.Time{}, true)
		clean = !w.failed.Load() && !w.db.Broken()
	}
	err := errors.Join(w.db.Close(), w.root.Close())
	if clean && err == nil {
		err = w.store.followed.flush(w.id)
	}
	if clean && err == nil {
		err = os.Remove(filepath.Join(w.store.dir, "awake", string(w.id)))
	}
	return err
}

// change commits one change of this workspace and wakes those who wait for its journal.
func (w *workspace) change(do func(*sqlite.Tx) error) error {
	err := w.db.Change(do)
	if err == nil {
		w.store.bells.ring(w.id)
		if w.followed.Load() {
			w.noteFollowed()
		}
		w.indexer.notice()
	}
	return err
}

// fail notes that the disk did not do what it was told: the workspace is closed and opened again from what is there.
func (w *workspace) fail(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	w.failed.Store(true)
	return errDisk.Because(err)
}

func fileExists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// use runs do over the open workspace.
func (h Workspace) use(ctx context.Context, do func(*workspace) error) error {
	w, err := h.store.acquire(ctx, h.id)
	if err != nil {
		return err
	}
	defer h.store.release(w)
	return do(w)
}

// view reads one consistent snapshot.
func (h Workspace) view(ctx context.Context, do func(*sqlite.Tx) error) error {
	return h.use(ctx, func(w *workspace) error { return w.db.View(ctx, do) })
}

// Create makes the workspace's directory and index. Doing it again changes nothing.
func (h Workspace) Create(ctx context.Context) error {
	return h.use(ctx, func(*workspace) error { return nil })
}

// Remove deletes the workspace's directory with all its mail, for good. What is not there is no error. Calls that are
// running finish first; tenancy hands out no handle on a workspace that it has deleted.
func (h Workspace) Remove(ctx context.Context) error {
	s := h.store
	if !ident.Valid("ws", string(h.id)) {
		return ErrNotFound
	}
	s.mu.Lock()
	s.removed[h.id] = true
	w := s.open[h.id]
	if w == nil { // hold its place, so that nobody opens it meanwhile
		w = &workspace{id: h.id, store: s, ready: make(chan struct{}), gone: make(chan struct{}), unused: sync.NewCond(&s.mu), closing: true}
		s.open[h.id] = w
	} else if w.closing {
		s.mu.Unlock()
		<-w.gone
		return h.Remove(ctx)
	} else {
		w.closing = true
		w.closeBegun = true
		for w.users > 0 {
			w.unused.Wait()
		}
	}
	s.mu.Unlock()
	err := errors.Join(w.closeFiles(), removeAll(filepath.Join(s.dir, "workspaces"), string(h.id)))
	os.Remove(filepath.Join(s.dir, "awake", string(h.id)))
	s.setQueued(h.id, s.turn(h.id), time.Time{})
	s.followed.settle(h.id, s.followed.turn(h.id), time.Time{})
	s.mu.Lock()
	delete(s.open, h.id)
	close(w.gone)
	s.mu.Unlock()
	s.bells.ring(h.id)
	return err
}

// removeAll deletes name below dir and never follows a link out of it.
func removeAll(dir, name string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return root.RemoveAll(name)
}

// AppendNews writes lines of tenancy's into the journal. It is durable when it returns; a line whose id is known is
// skipped, so a relay may try again.
func (h Workspace) AppendNews(ctx context.Context, lines []journal.Line) error {
	return h.use(ctx, func(w *workspace) error {
		followers := false
		err := w.change(func(tx *sqlite.Tx) error {
			for _, l := range lines {
				if err := errors.Join(journal.Append(tx, l), followNews(tx, l)); err != nil {
					return err
				}
				followers = followers || strings.HasPrefix(l.Type, "webhook.")
			}
			return nil
		})
		if err == nil && followers {
			if err = w.findFollowers(); err == nil && w.followed.Load() {
				w.noteFollowed()
			}
		}
		return err
	})
}
