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
	"unicode/utf16"
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

// Folder names one folder: an inbox's id and the mailbox's name.
type Folder struct {
	Inbox   string
	Mailbox string // "INBOX", "Sent", "A/B"
}

// Dir is the folder's path below the workspace: "maildir/inb_…" for INBOX, "maildir/inb_…/.Sent" for others.
func (f Folder) Dir() string {
	if f.Mailbox == "INBOX" {
		return path.Join("maildir", f.Inbox)
	}
	return path.Join("maildir", f.Inbox, FolderName(f.Mailbox))
}

// New gives the tree below root. sync is (*os.File).Sync, or what a test puts in its place.
func New(root *os.Root, sync func(*os.File) error) *Tree {
	return &Tree{root: root, sync: sync, link: root.Link, made: map[string]bool{}, syncs: map[string]*syncer{}}
}

// FolderName is the Maildir++ name of a mailbox: a dot, then its levels with dots between. What Maildir++ has no way
// to say (a dot, a slash, non-ASCII) is written in modified UTF-7 (RFC 3501, 5.1.3), as Dovecot does.
func FolderName(mailbox string) string {
	var b strings.Builder
	var pending []uint16
	flush := func() {
		if len(pending) == 0 {
			return
		}
		raw := make([]byte, 0, 2*len(pending))
		for _, u := range pending {
			raw = append(raw, byte(u>>8), byte(u))
		}
		b.WriteString("&" + modifiedBase64(raw) + "-")
		pending = nil
	}
	for level, name := range strings.Split(mailbox, "/") {
		if level >= 0 {
			flush()
			b.WriteByte('.')
		}
		for _, r := range name {
			switch {
			case r == '&':
				flush()
				b.WriteString("&-")
			case r > ' ' && r < 0x7f && r != '.' && r != '/':
				flush()
				b.WriteRune(r)
			case r > 0xffff:
				hi, lo := utf16.EncodeRune(r)
				pending = append(pending, uint16(hi), uint16(lo))
			default:
				pending = append(pending, uint16(r))
			}
		}
	}
	flush()
	return b.String()
}

func modifiedBase64(raw []byte) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,"
	var b strings.Builder
	var acc uint32
	bits := 0
	for _, x := range raw {
		acc, bits = acc<<8|uint32(x), bits+8
		for bits >= 6 {
			bits -= 6
			b.WriteByte(digits[acc>>bits&63])
		}
	}
	if bits > 0 {
		b.WriteByte(digits[acc<<(6-bits)&63])
	}
	return b.String()
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
	if f.Mailbox != "INBOX" { // Maildir++ marks a folder that is not the inbox
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
	name := path.Join(f.Dir(), "tmp", base)
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

// Publish gives a written file its name in new. The name is durable after Sync.
func (t *Tree) Publish(f Folder, base string) error {
	dir := f.Dir()
	if err := t.root.Rename(path.Join(dir, "tmp", base), path.Join(dir, "new", base)); err != nil {
		return fmt.Errorf("name file: %w", err)
	}
	return nil
}

// Discard removes what Write left in tmp.
func (t *Tree) Discard(f Folder, base string) { t.root.Remove(path.Join(f.Dir(), "tmp", base)) }

// Link gives the bytes at from (a path below the workspace) one more name, in new of the folder; where the file system
// has no room for one more link, the bytes are copied and synced.
func (t *Tree) Link(from string, f Folder, base string) error {
	if err := t.Make(f); err != nil {
		return err
	}
	err := t.link(from, path.Join(f.Dir(), "new", base))
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
	return t.Publish(f, base)
}

// Sync makes the names in new of the folder durable. Calls that overlap share one sync.
func (t *Tree) Sync(f Folder) error {
	dir := path.Join(f.Dir(), "new")
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
	name, err := t.find(f, base, flags)
	if err != nil {
		return nil, err
	}
	file, err := t.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) { // renamed in between
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

func (t *Tree) find(f Folder, base, flags string) (string, error) {
	dir := f.Dir()
	expected := path.Join(dir, "cur", base+flags)
	if flags == "" {
		expected = path.Join(dir, "new", base)
	}
	if _, err := t.root.Lstat(expected); err == nil {
		return expected, nil
	}
	if fresh := path.Join(dir, "new", base); fresh != expected {
		if _, err := t.root.Lstat(fresh); err == nil {
			return fresh, nil
		}
	}
	for try := 0; try < 2; try++ { // a rename between two looks hides a name once at most
		names, err := t.list(path.Join(dir, "cur"))
		if err != nil {
			return "", err
		}
		for _, name := range names {
			if b, _ := SplitName(name); b == base {
				return path.Join(dir, "cur", name), nil
			}
		}
	}
	return "", fmt.Errorf("find file %s: %w", base, fs.ErrNotExist)
}

// Rename gives the file the name that tells its flags. It is not synced: the index is the truth while it lives.
func (t *Tree) Rename(f Folder, base, flags string) error {
	from, err := t.find(f, base, flags)
	if err != nil {
		return err
	}
	to := path.Join(f.Dir(), "cur", base+flags)
	if flags == "" {
		to = path.Join(f.Dir(), "new", base)
	}
	if from == to {
		return nil
	}
	return t.root.Rename(from, to)
}

// Remove takes the file's name away. A file that is not there is no error.
func (t *Tree) Remove(f Folder, base, flags string) error {
	name, err := t.find(f, base, flags)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := t.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove file: %w", err)
	}
	return nil
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
