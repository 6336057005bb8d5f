package main

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// openDirectory opens real stores on a directory.
func openDirectory(t *testing.T, dataDir string) (dir *tenancy.Directory, closeAll func()) {
	t.Helper()
	store, err := mailstore.Open(dataDir, mailstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir, err = tenancy.Open(t.Context(), filepath.Join(dataDir, "postroom.db"), store, tenancy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return dir, func() {
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

// checkDemo wants every secret of a demo to open what it says.
func checkDemo(t *testing.T, dir *tenancy.Directory, d demo) {
	t.Helper()
	b := demoBuilder{demo: d, dir: dir, operator: dir.Operator()}
	if !b.works(t.Context(), d.OperatorKey, tenancy.Operator, "") {
		t.Error("the operator key does not work")
	}
	if !b.works(t.Context(), d.WorkspaceKey, tenancy.WorkspaceKey, d.WorkspaceID) {
		t.Error("the workspace key does not work")
	}
	grant, err := dir.Login(t.Context(), d.Inbox.Address, d.Inbox.Password, netip.IPv6Loopback())
	if err != nil || string(grant.InboxID()) != d.Inbox.ID {
		t.Errorf("the inbox password does not work: %v", err)
	}
	if to, err := dir.Recipient(t.Context(), d.Inbox.Address); err != nil || string(to.InboxID) != d.Inbox.ID {
		t.Errorf("the inbox gets no mail: %v", err)
	}
}

func TestTheDemoStaysTheSameOverRestarts(t *testing.T) {
	dataDir := t.TempDir()
	file := filepath.Join(dataDir, "dev.json")
	var first demo
	for start := range 3 {
		dir, closeAll := openDirectory(t, dataDir)
		d, err := ensureDemo(t.Context(), dir, file)
		if err != nil {
			t.Fatal(err)
		}
		checkDemo(t, dir, d)
		closeAll()
		if start == 0 {
			first = d
		} else if d != first {
			t.Errorf("start %d gave %+v, the first %+v", start, d, first)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the kept keys: %v, %v", info.Mode(), err)
	}
}

func TestTheDemoIsMendedAfterLosses(t *testing.T) {
	for name, lose := range map[string]func(ctx context.Context, dir *tenancy.Directory, d demo, file string) error{
		"file":      func(_ context.Context, _ *tenancy.Directory, _ demo, file string) error { return os.Remove(file) },
		"half file": func(_ context.Context, _ *tenancy.Directory, _ demo, file string) error { return os.Truncate(file, 20) },
		"workspace": func(ctx context.Context, dir *tenancy.Directory, d demo, _ string) error {
			return dir.Operator().DeleteWorkspace(ctx, mailstore.WorkspaceID(d.WorkspaceID))
		},
		"inbox": func(ctx context.Context, dir *tenancy.Directory, d demo, _ string) error {
			return dir.Operator().DeleteInbox(ctx, "", d.Inbox.ID)
		},
		"password": func(ctx context.Context, dir *tenancy.Directory, d demo, _ string) error {
			_, _, err := dir.Operator().NewPassword(ctx, "", d.Inbox.ID)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dataDir := t.TempDir()
			file := filepath.Join(dataDir, "dev.json")
			dir, closeAll := openDirectory(t, dataDir)
			defer closeAll()
			d, err := ensureDemo(t.Context(), dir, file)
			if err != nil {
				t.Fatal(err)
			}
			if err := lose(t.Context(), dir, d, file); err != nil {
				t.Fatal(err)
			}
			if d, err = ensureDemo(t.Context(), dir, file); err != nil {
				t.Fatal(err)
			}
			checkDemo(t, dir, d)
		})
	}
}
