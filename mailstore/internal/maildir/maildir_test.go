package maildir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func tree(t *testing.T) (*Tree, string) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return New(root, (*os.File).Sync), dir
}

func TestFolderNamesAreMaildirPlusPlus(t *testing.T) {
	for name, want := range map[string]string{
		"Sent": ".Sent", "A/B": ".A.B", "a.b": ".a&AC4-b", "R&D": ".R&-D", "Entwürfe": ".Entw&APw-rfe", "台北": ".&U,BTFw-", "two words": ".two&ACA-words",
		"../x": ".&AC4ALg-.x", "😀": ".&2D3eAA-",
	} {
		if got := FolderName(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestAFileHasNoNameBeforeItIsPublished(t *testing.T) {
	tr, dir := tree(t)
	f := Folder{Inbox: "inb_1", Name: ".A.B"}
	if _, err := tr.Write(f, "m1", strings.NewReader("head\r\n"), strings.NewReader("body")); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Open(f, "m1", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("before: %v", err)
	}
	if err := tr.Publish(f, "m1", ""); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "maildir/inb_1/.A.B/new/m1")); err != nil || string(got) != "head\r\nbody" {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestAWriteThatFailsLeavesNothing(t *testing.T) {
	tr, dir := tree(t)
	tr.sync = func(f *os.File) error {
		if strings.Contains(f.Name(), "tmp/m1") {
			return errors.New("no")
		}
		return nil
	}
	if _, err := tr.Write(Folder{Inbox: "inb_1"}, "m1", strings.NewReader("x")); err == nil {
		t.Fatal("no error")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "maildir/*/tmp/*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestNamesCannotLeadOut(t *testing.T) {
	tr, dir := tree(t)
	outside := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "maildir"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "maildir", "inb_1")); err != nil {
		t.Fatal(err)
	}
	for _, inbox := range []string{"inb_1", "../../x"} {
		if _, err := tr.Write(Folder{Inbox: inbox}, "m", strings.NewReader("x")); err == nil {
			t.Errorf("%q led out", inbox)
		}
	}
	if entries, _ := os.ReadDir(outside); len(entries) > 0 {
		t.Errorf("outside: %v", entries)
	}
}

func TestNobodyIsServedByASyncThatBeganBeforeItCame(t *testing.T) {
	var mu sync.Mutex
	runs, inside := 0, 0
	gate := make(chan struct{})
	entered := make(chan struct{}, 100)
	s := &syncer{do: func() error {
		mu.Lock()
		runs++
		inside++
		if inside > 1 {
			t.Error("two syncs at a time")
		}
		mu.Unlock()
		entered <- struct{}{}
		<-gate
		mu.Lock()
		inside--
		mu.Unlock()
		return nil
	}}
	var wg sync.WaitGroup
	wg.Go(func() { s.run() })
	<-entered // the first sync runs
	for range 20 {
		wg.Go(func() { s.run() })
	}
	for joined := false; !joined; {
		s.mu.Lock()
		joined = s.next != nil
		s.mu.Unlock()
	}
	gate <- struct{}{} // the first one ends: the others need one that begins now
	<-entered
	close(gate)
	wg.Wait()
	if runs < 2 || runs > 21 {
		t.Errorf("%d syncs", runs)
	}
}

func TestAFolderThatWasTakenAwayIsMadeAgain(t *testing.T) {
	tr, dir := tree(t)
	f := Folder{Inbox: "inb_1"}
	for range 2 {
		if _, err := tr.Write(f, "m1", strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		if err := tr.Publish(f, "m1", ""); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "maildir")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPastTheLinkLimitBytesAreCopied(t *testing.T) {
	tr, dir := tree(t)
	f, g := Folder{Inbox: "inb_1"}, Folder{Inbox: "inb_2", Name: ".Sent"}
	if _, err := tr.Write(f, "m1", strings.NewReader("bytes")); err != nil {
		t.Fatal(err)
	}
	tr.link = func(from, to string) error {
		return &os.LinkError{Op: "linkat", Old: from, New: to, Err: syscall.EMLINK}
	}
	if err := tr.Link(f.Dir()+"/tmp/m1", g, "m2", ""); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, g.Dir(), "new", "m2")); err != nil || string(got) != "bytes" {
		t.Fatalf("%q, %v", got, err)
	}
}
