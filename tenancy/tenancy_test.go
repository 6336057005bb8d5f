package tenancy

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
)

// clock is a time that only moves when told to.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(by)
}

// world is a directory over a real store.
type world struct {
	sandbox string // of the directory
	t       testing.TB
	path    string
	clock   *clock
	store   *mailstore.Store
	dir     *Directory
	op      *Grant
}

func newWorld(t testing.TB) *world {
	t.Helper()
	data := t.TempDir()
	w := &world{t: t, path: filepath.Join(data, "postroom.db"), clock: &clock{t: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)}}
	store, err := mailstore.Open(data, mailstore.Options{Clock: w.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	w.store = store
	w.open()
	t.Cleanup(func() {
		if err := errors.Join(w.dir.Close(), w.store.Close()); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) open() {
	w.t.Helper()
	dir, err := Open(context.Background(), w.path, w.store, Options{Clock: w.clock.now, Every: 20 * time.Millisecond, Sandbox: w.sandbox})
	if err != nil {
		w.t.Fatal(err)
	}
	w.dir, w.op = dir, dir.Operator()
}

// reopen closes the directory and opens it again, as a restart does.
func (w *world) reopen() {
	w.t.Helper()
	if err := w.dir.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.open()
}

// must gives the value of a call that may not fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (w *world) ctx() context.Context { return w.t.Context() }

func (w *world) workspace(name string) Workspace {
	w.t.Helper()
	return must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: name}))
}

// key makes a key and authenticates with it.
func (w *world) key(by *Grant, o KeyOwner, permissions ...string) (*Grant, string, Key) {
	w.t.Helper()
	k, secret, err := by.CreateKey(w.ctx(), o, NewKey{Name: "key", Permissions: permissions})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.authenticate(secret), secret, k
}

func (w *world) authenticate(secret string) *Grant {
	w.t.Helper()
	return must(w.dir.Authenticate(w.ctx(), secret, netip.Addr{}))
}

func (w *world) domain(by *Grant, ws mailstore.WorkspaceID, name string) Domain {
	w.t.Helper()
	d, _, err := by.CreateDomain(w.ctx(), ws, NewDomain{name})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) inbox(by *Grant, ws mailstore.WorkspaceID, username, domain string) (Inbox, string) {
	w.t.Helper()
	in, password, existed, err := by.CreateInbox(w.ctx(), ws, NewInbox{Username: username, Domain: domain})
	if err != nil || existed {
		w.t.Fatalf("create %s@%s: existed %v, %v", username, domain, existed, err)
	}
	return in, password
}

// tenant is a workspace with a domain and a key of its own.
func (w *world) tenant(name, domain string) (Workspace, *Grant) {
	w.t.Helper()
	ws := w.workspace(name)
	g, _, _ := w.key(w.op, KeyOwner{Workspace: ws.ID})
	w.domain(w.op, ws.ID, domain)
	return ws, g
}

// refused checks that err is a fault of this kind and code.
func refused(t testing.TB, what string, err error, kind fault.Kind, code string) {
	t.Helper()
	if f := fault.From(err); f == nil || f.Kind != kind || f.Code != code {
		t.Errorf("%s: got %v, want %v %s", what, err, kind, code)
	}
}

// paths are the places that an Invalid names.
func paths(err error) (out []string) {
	if f := fault.From(err); f != nil {
		for _, field := range f.Fields {
			out = append(out, field.Path)
		}
	}
	return out
}

func ptr[T any](v T) *T { return &v }
