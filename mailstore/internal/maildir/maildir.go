// Package maildir keeps message files: Maildir++ folders that mutt, Dovecot or rsync can read, written so that what is
// acknowledged is on the disk.
//
// All paths go through the os.Root of one workspace, so no name can lead out of it. It knows no index: names in, bytes
// out. Every folder has cur, new and tmp; a file is written in tmp, synced, and only then given its name.
package maildir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
)

// Tree is the maildirs of one workspace. Its methods are safe for concurrent use.
type Tree struct {
	root *os.Root
	sync func(*os.File) error        // (*os.File).Sync, but for tests of a failing disk
	link func(from, to string) error // root.Link, but for tests of a file system's link limit

	mu    sync.Mutex
	made  map[string]bool
	syncs map[string]*syncer
}

// Folder is one folder: an inbox's id and the folder's name in it.
type Folder struct {
	Inbox string
	Name  string // "" for INBOX, ".Sent"; see FolderName
}

// Dir is the folder's path below the workspace: "maildir/inb_…" for INBOX, "maildir/inb_…/.Sent" for others.
func (f Folder) Dir() string {
	if f.Name == "" {
		return "maildir/" + f.Inbox
	}
	return "maildir/" + f.Inbox + "/" + f.Name
}

// New gives the tree below root. sync is (*os.File).Sync, or what a test puts in its place.
func New(root *os.Root, sync func(*os.File) error) *Tree {
	return &Tree{root: root, sync: sync, link: root.Link, made: map[string]bool{}, syncs: map[string]*syncer{}}
}

// Make makes the folder if it is not there, durably.
func (t *Tree) Make(f Folder) error {
	dir := f.Dir()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.made[dir] {
		return nil
	}
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := t.root.MkdirAll(path.Join(dir, sub), 0o700); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
	}
	if f.Name != "" { // Maildir++ marks a folder that is not the inbox
		if file, err := t.root.OpenFile(path.Join(dir, "maildirfolder"), os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
			file.Close()
		}
	}
	for d := dir; d != "."; d = path.Dir(d) {
		if err := t.syncDir(d); err != nil {
			return err
		}
	}
	t.made[dir] = true
	return nil
}

// Write puts a file of this base name into the folder's tmp and syncs its bytes. It has no name that counts until
// Publish or Link gives it one.
func (t *Tree) Write(f Folder, base string, parts ...io.Reader) (size int64, err error) {
	if err := t.Make(f); err != nil {
		return 0, err
	}
	name := f.Dir() + "/tmp/" + base
	file, err := t.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrNotExist) { // somebody took the folder away since it was made
		t.mu.Lock()
		delete(t.made, f.Dir())
		t.mu.Unlock()
		if err := t.Make(f); err != nil {
			return 0, err
		}
		file, err = t.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	}
	if err != nil {
		return 0, fmt.Errorf("make file: %w", err)
	}
	defer func() {
		if err != nil {
			file.Close()
			t.root.Remove(name)
		}
	}()
	for _, r := range parts {
		n, err := io.Copy(file, r)
		if size += n; err != nil {
			return size, fmt.Errorf("write file: %w", err)
		}
	}
	if err := t.sync(file); err != nil {
		return size, fmt.Errorf("sync file: %w", err)
	}
	if err := file.Close(); err != nil {
		return size, fmt.Errorf("close file: %w", err)
	}
	return size, nil
}

// Publish gives a written file its name: in new, or in cur if there are flags (":2,S"). The name is durable after Sync.
func (t *Tree) Publish(f Folder, base, flags string) error {
	if err := t.root.Rename(f.Dir()+"/tmp/"+base, f.Path(base, flags)); err != nil {
		return fmt.Errorf("name file: %w", err)
	}
	return nil
}

// Path is where a file of this base name and these flags lies, below the workspace.
func (f Folder) Path(base, flags string) string {
	if flags == "" {
		return f.Dir() + "/new/" + base
	}
	return f.Dir() + "/cur/" + base + flags
}

// Discard removes what Write left in tmp.
func (t *Tree) Discard(f Folder, base string) { t.root.Remove(path.Join(f.Dir(), "tmp", base)) }

// Link gives the bytes at from (a path below the workspace) one more name in the folder, as Publish does; where the file
// system has no room for one more link, the bytes are copied and synced.
func (t *Tree) Link(from string, f Folder, base, flags string) error {
	if err := t.Make(f); err != nil {
		return err
	}
	err := t.link(from, f.Path(base, flags))
	if err == nil {
		return nil
	}
	if !errors.Is(err, syscall.EMLINK) {
		return fmt.Errorf("link file: %w", err)
	}
	src, err := t.root.Open(from)
	if err != nil {
		return fmt.Errorf("copy file: %w", err)
	}
	defer src.Close()
	if _, err := t.Write(f, base, src); err != nil {
		return err
	}
	return t.Publish(f, base, flags)
}

// Sync makes the names of files with these flags durable: those in new, or those in cur. Calls that overlap share one sync.
func (t *Tree) Sync(f Folder, flags string) error {
	return t.syncShared(path.Dir(f.Path("x", flags)))
}

// syncShared syncs a directory, once for all who ask meanwhile.
func (t *Tree) syncShared(dir string) error {
	t.mu.Lock()
	s := t.syncs[dir]
	if s == nil {
		s = &syncer{do: func() error { return t.syncDir(dir) }}
		t.syncs[dir] = s
	}
	t.mu.Unlock()
	return s.run()
}

func (t *Tree) syncDir(dir string) error {
	d, err := t.root.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	defer d.Close()
	if err := t.sync(d); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}

// Open opens the file of this base name. flags is what its name is expected to end in (":2,S"); a reader that misses
// it looks again by the base name, for names change when flags do.
func (t *Tree) Open(f Folder, base, flags string) (*os.File, error) {
	file, err := t.root.Open(f.Path(base, flags))
	if errors.Is(err, fs.ErrNotExist) {
		var name string
		if name, err = t.find(f, base, flags); err == nil {
			file, err = t.root.Open(name)
		}
	}
	if errors.Is(err, fs.ErrNotExist) { // renamed in between
		var name string
		if name, err = t.find(f, base, ""); err == nil {
			file, err = t.root.Open(name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	return file, nil
}

// Find is the path below the workspace of the file of this base name.
func (t *Tree) Find(f Folder, base, flags string) (string, error) { return t.find(f, base, flags) }

// findTries is how often a file is looked for: a rename between two looks hides it.
const findTries = 3

func (t *Tree) find(f Folder, base, flags string) (string, error) {
	cur := f.Dir() + "/cur"
	for range findTries {
		for _, path := range []string{f.Path(base, flags), f.Path(base, "")} {
			if _, err := t.root.Lstat(path); err == nil {
				return path, nil
			}
		}
		names, err := t.list(cur)
		if err != nil {
			return "", err
		}
		for _, name := range names {
			if b, _ := SplitName(name); b == base {
				return cur + "/" + name, nil
			}
		}
	}
	return "", fmt.Errorf("find file %s: %w", base, fs.ErrNotExist)
}

// Rename gives the file whose name tells the flags from the name that tells the flags to. It is not synced: the index is
// the truth while it lives. A file that has another name than that is looked for.
func (t *Tree) Rename(f Folder, base, from, to string) error {
	target := f.Path(base, to)
	if from != to {
		if err := t.root.Rename(f.Path(base, from), target); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	source, err := t.find(f, base, to)
	if err != nil || source == target {
		return err
	}
	return t.root.Rename(source, target)
}

// Remove takes the file's name away. A file that is not there is no error.
func (t *Tree) Remove(f Folder, base, flags string) error {
	err := t.root.Remove(f.Path(base, flags))
	for try := 0; errors.Is(err, fs.ErrNotExist) && try < findTries; try++ {
		name, notFound := t.find(f, base, flags)
		if notFound != nil {
			err = notFound
			break
		}
		err = t.root.Remove(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove file: %w", err)
	}
	return nil
}

// RemoveFolder removes a folder with all that is in it, never INBOX's.
func (t *Tree) RemoveFolder(f Folder) error {
	if f.Name == "" {
		return errors.New("remove folder: it is the inbox itself")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.made, f.Dir())
	if err := t.root.RemoveAll(f.Dir()); err != nil {
		return fmt.Errorf("remove folder: %w", err)
	}
	return nil
}

// HasFolder reports whether there is a folder of that name, whatever is in it.
func (t *Tree) HasFolder(f Folder) bool {
	_, err := t.root.Lstat(f.Dir())
	return err == nil
}

// RemoveInbox removes all folders of an inbox.
func (t *Tree) RemoveInbox(inbox string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.made)
	if err := t.root.RemoveAll(path.Join("maildir", inbox)); err != nil {
		return fmt.Errorf("remove inbox: %w", err)
	}
	return nil
}

// SplitName parts a file's name into its base and its flags: "a:2,S" into "a" and ":2,S".
func SplitName(name string) (base, flags string) {
	if i := strings.Index(name, ":2,"); i >= 0 {
		return name[:i], name[i:]
	}
	return name, ""
}

func (t *Tree) list(dir string) ([]string, error) {
	d, err := t.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list folder: %w", err)
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list folder: %w", err)
	}
	return names, nil
}
