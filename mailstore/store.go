// Package mailstore is mail at rest: for each workspace a directory with the message files and an SQLite index that
// says what they are, where they lie, and what happened.
//
// Mail comes in by Deliver and is read through handles that tenancy hands out. It knows no network, no password and no
// configuration, and calls nobody back. What is acknowledged is on the disk: bytes synced, name synced, rows and the
// journal's line committed.
package mailstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/journal"
	"golang.org/x/sys/unix"
)

// Limits of the store.
const (
	MaxOpen        = 256             // workspaces kept open; more are opened only while all of these are in use
	MaxInUse       = 2048            // workspaces in use at one moment; more get Unavailable
	IdleClose      = 2 * time.Minute // an open workspace that nobody used for so long is closed
	DefaultMinFree = 256 << 20       // octets of free space below which nothing new is accepted
)

// Options of a store. Zero fields get their defaults.
type Options struct {
	Clock   func() time.Time
	Log     *slog.Logger
	MaxOpen int          // default MaxOpen
	MinFree int64        // octets; default DefaultMinFree, negative means no floor
	Keep    journal.Keep // how much of each journal; zero fields get their defaults

	sync func(*os.File) error            // for tests of a failing disk
	free func(dir string) (int64, error) // for tests of a full disk
}

// Store is the mail of all workspaces below one data directory. Its methods are safe for concurrent use.
type Store struct {
	dir  string
	opts Options
	lock *os.File

	mu      sync.Mutex
	open    map[WorkspaceID]*workspace
	removed map[WorkspaceID]bool // by this process: a handle that was made before leads nowhere
	closed  bool

	bells    bells
	queued   dueSet        // which workspaces have mail that waits to leave
	followed dueSet        // which have something that a follower of their journal is to be told
	boot     int64         // tells this run of the program from others
	parses   chan struct{} // slots for parsing messages above largeMessage
}

// ErrNotFound is what a caller gets for what is not there, and for what it may not see.
var ErrNotFound = fault.New(fault.NotFound, "not_found", "There is no such thing here.")

var (
	errClosed   = fault.New(fault.Unavailable, "shutting_down", "The server is shutting down; try again later.")
	errTooMany  = fault.New(fault.Unavailable, "too_many_workspaces", "Too many workspaces are in use at this moment; try again later.")
	errNoSpace  = fault.New(fault.Unavailable, "storage_full", "The server's storage is full; try again later.")
	errDisk     = fault.New(fault.Unavailable, "storage_failed", "The storage failed; try again later.")
	errNoIndex  = fault.New(fault.Unavailable, "index_missing", "The workspace's index is missing; the operator must run 'postroom rebuild'.")
	errBadPlace = fault.New(fault.Unavailable, "storage_failed", "The workspace's directory is not one; the operator must look at it.")
)

// Open takes the data directory, which is made if it is not there. One process owns it: a second one gets an error that
// says so. Workspaces that an unclean stop left open are put right when they are first used; Recover does it at once.
func Open(dir string, opts Options) (*Store, error) {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.MaxOpen == 0 {
		opts.MaxOpen = MaxOpen
	}
	if opts.MinFree == 0 {
		opts.MinFree = DefaultMinFree
	}
	if opts.sync == nil {
		opts.sync = (*os.File).Sync
	}
	if opts.free == nil {
		opts.free = freeSpace
	}
	for _, d := range []string{dir, filepath.Join(dir, "workspaces"), filepath.Join(dir, "awake")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, fmt.Errorf("make data directory: %w", err)
		}
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open data directory: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		return nil, fault.New(fault.Unavailable, "data_in_use", "Another process uses the data directory %s: stop it first, or choose another directory.", dir).Because(err)
	}
	s := &Store{dir: dir, opts: opts, lock: lock, open: map[WorkspaceID]*workspace{}, removed: map[WorkspaceID]bool{}, parses: make(chan struct{}, maxLargeParses)}
	if err := errors.Join(s.queued.load(dir, "queued", true, opts), s.followed.load(dir, "followed", false, opts)); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.boot = rand.Int64() | 1 // zero is nobody's
	s.bells.ends = map[WorkspaceID]int64{}
	s.bells.waiting = map[WorkspaceID]*bell{}
	s.bells.rings = map[WorkspaceID]uint64{}
	return s, nil
}

// Free is how many octets are free on the disk of the data directory, for users who are not root.
func (s *Store) Free() (int64, error) {
	free, err := s.opts.free(s.dir)
	if err != nil {
		return 0, fmt.Errorf("look at the disk: %w", err)
	}
	return free, nil
}

func freeSpace(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// Workspace hands out a handle. Only tenancy calls it: it knows which workspaces there are and who may have them.
func (s *Store) Workspace(id WorkspaceID) Workspace { return Workspace{store: s, id: id} }

// Awake lists the workspaces that were open when the process before this one ended uncleanly, or are open now.
func (s *Store) Awake() ([]WorkspaceID, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "awake"))
	if err != nil {
		return nil, fmt.Errorf("list awake workspaces: %w", err)
	}
	var ids []WorkspaceID
	for _, e := range entries {
		if ident.Valid("ws", e.Name()) {
			ids = append(ids, WorkspaceID(e.Name()))
		}
	}
	return ids, nil
}

// Run looks after the open workspaces until ctx ends: it writes state files behind the index and closes what is idle.
// Before that it puts right what an unclean stop left behind.
func (s *Store) Run(ctx context.Context) error {
	ids, err := s.Awake()
	if err != nil {
		return err
	}
	for _, id := range ids {
		w, err := s.acquire(ctx, id)
		if err != nil {
			s.opts.Log.Error("recover workspace", "workspace", id, "err", err)
			continue
		}
		s.release(w)
	}
	tick := time.NewTicker(careInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.care()
		}
	}
}

const careInterval = 15 * time.Second

// care writes the state files that are due and closes the workspaces that are idle.
func (s *Store) care() {
	now := s.opts.Clock()
	var due, idle []*workspace
	s.mu.Lock()
	for _, w := range s.open {
		select {
		case <-w.ready:
		default:
			continue
		}
		if w.err != nil || w.closing {
			continue
		}
		if w.users == 0 && now.Sub(w.usedAt) >= IdleClose {
			w.closing = true
			idle = append(idle, w)
		} else {
			w.users++
			due = append(due, w)
		}
	}
	s.mu.Unlock()
	for _, w := range due {
		w.catchUpNames()
		w.writeStates(now, false)
		w.prune(now)
		w.pruneJournal(now)
		s.release(w)
	}
	for _, w := range idle {
		s.close(w)
	}
}

// Close closes all workspaces cleanly and gives the data directory back. Calls that are still running finish first.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	var errs []error
	for {
		s.mu.Lock()
		var w *workspace
		for _, w = range s.open {
			break
		}
		if w == nil {
			s.mu.Unlock()
			break
		}
		for w.users > 0 {
			w.unused.Wait()
		}
		mine := !w.closing
		w.closing = true
		s.mu.Unlock()
		if mine {
			errs = append(errs, s.close(w))
		} else {
			<-w.gone
		}
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

// acquire gives the open workspace, opening it if need be. The caller releases it.
func (s *Store) acquire(ctx context.Context, id WorkspaceID) (*workspace, error) {
	if !ident.Valid("ws", string(id)) {
		return nil, ErrNotFound
	}
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return nil, errClosed
		}
		if s.removed[id] {
			s.mu.Unlock()
			return nil, ErrNotFound
		}
		w := s.open[id]
		switch {
		case w == nil:
			if len(s.open) >= MaxInUse {
				s.mu.Unlock()
				return nil, errTooMany
			}
			w = &workspace{id: id, store: s, ready: make(chan struct{}), gone: make(chan struct{}), unused: sync.NewCond(&s.mu), users: 1}
			s.open[id] = w
			evict := s.oldestIdle()
			s.mu.Unlock()
			if evict != nil {
				s.close(evict)
			}
			w.err = w.openFiles()
			close(w.ready)
			if w.err != nil {
				s.mu.Lock()
				w.closing = true
				s.mu.Unlock()
			}
		case w.closing:
			s.mu.Unlock()
			select {
			case <-w.gone:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			continue
		default:
			w.users++
			s.mu.Unlock()
			select {
			case <-w.ready:
			case <-ctx.Done():
				s.release(w)
				return nil, ctx.Err()
			}
		}
		if w.err != nil {
			err := w.err
			s.release(w)
			return nil, err
		}
		return w, nil
	}
}

// oldestIdle picks, under the lock, the workspace to close when too many are open.
func (s *Store) oldestIdle() *workspace {
	if len(s.open) <= s.opts.MaxOpen {
		return nil
	}
	var oldest *workspace
	for _, w := range s.open {
		if w.users == 0 && !w.closing && (oldest == nil || w.usedAt.Before(oldest.usedAt)) {
			oldest = w
		}
	}
	if oldest != nil {
		oldest.closing = true
	}
	return oldest
}

// release lets go of a workspace. One whose disk failed, or that did not open, is closed by the last who lets go.
func (s *Store) release(w *workspace) {
	s.mu.Lock()
	w.users--
	w.usedAt = s.opts.Clock()
	broken := w.err != nil || w.failed.Load() || (w.db != nil && w.db.Broken())
	last := w.users == 0
	if last {
		w.unused.Broadcast()
	}
	if broken {
		first := !w.closing
		w.closing = true
		// who failed to open set closing itself: then the last one closes
		if last && (first || !w.closeBegun) {
			w.closeBegun = true
			s.mu.Unlock()
			s.close(w)
			return
		}
	}
	s.mu.Unlock()
}

// close closes the files and forgets the workspace. closing is set, nobody uses it.
func (s *Store) close(w *workspace) error {
	err := w.closeFiles()
	if err != nil {
		s.opts.Log.Error("close workspace", "workspace", w.id, "err", err)
	}
	s.mu.Lock()
	delete(s.open, w.id)
	close(w.gone)
	s.mu.Unlock()
	return err
}

// workspaceDir is where a workspace lies.
func (s *Store) workspaceDir(id WorkspaceID) string {
	return filepath.Join(s.dir, "workspaces", string(id))
}

// openDir opens a workspace's directory, which must be a directory and not a link.
func (s *Store) openDir(id WorkspaceID, make bool) (*os.Root, error) {
	parent, err := os.OpenRoot(filepath.Join(s.dir, "workspaces"))
	if err != nil {
		return nil, fmt.Errorf("open workspaces: %w", err)
	}
	defer parent.Close()
	info, err := parent.Lstat(string(id))
	if errors.Is(err, fs.ErrNotExist) && make {
		if err = parent.Mkdir(string(id), 0o700); err == nil {
			if err = syncPath(filepath.Join(s.dir, "workspaces"), s.opts.sync); err == nil {
				info, err = parent.Lstat(string(id))
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("look at workspace: %w", err)
	}
	if !info.IsDir() {
		return nil, errBadPlace
	}
	return parent.OpenRoot(string(id))
}

func syncPath(dir string, sync func(*os.File) error) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return sync(d)
}
