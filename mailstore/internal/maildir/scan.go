package maildir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// File is one file of a folder, as a scan finds it.
type File struct {
	Base  string
	Flags string // ":2,S", or "" in new
	New   bool   // it lies in new
	Path  string // below the workspace
	Size  int64
	Time  time.Time
}

// Inboxes lists the ids of the inboxes that have a maildir.
func (t *Tree) Inboxes() ([]string, error) { return t.list("maildir") }

// Dirs lists the folders of an inbox as paths below the workspace: that of INBOX first, then those with a dot in front.
func (t *Tree) Dirs(inbox string) ([]string, error) {
	top := path.Join("maildir", inbox)
	names, err := t.list(top)
	if err != nil {
		return nil, err
	}
	dirs := []string{top}
	for _, name := range names {
		if strings.HasPrefix(name, ".") {
			dirs = append(dirs, path.Join(top, name))
		}
	}
	return dirs, nil
}

// Files lists the messages in cur and new of a folder's path. Names that begin with a dot are not messages.
func (t *Tree) Files(dir string) ([]File, error) {
	var files []File
	for _, sub := range []string{"new", "cur"} {
		names, err := t.list(path.Join(dir, sub))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasPrefix(name, ".") {
				continue
			}
			f := File{New: sub == "new", Path: path.Join(dir, sub, name)}
			f.Base, f.Flags = SplitName(name)
			info, err := t.root.Lstat(f.Path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("look at file: %w", err)
			}
			if !info.Mode().IsRegular() { // a link or a folder is no message
				continue
			}
			f.Size, f.Time = info.Size(), info.ModTime()
			files = append(files, f)
		}
	}
	return files, nil
}

// NamesInNew lists the names in new of a folder's path, without looking at the files.
func (t *Tree) NamesInNew(dir string) ([]string, error) { return t.list(path.Join(dir, "new")) }

// OpenPath opens a file that a scan found.
func (t *Tree) OpenPath(name string) (*os.File, error) { return t.root.Open(name) }

// RemovePath removes a file that a scan found.
func (t *Tree) RemovePath(name string) error { return t.root.Remove(name) }

// ClearTmp removes what unfinished writes left in tmp of a folder's path.
func (t *Tree) ClearTmp(dir string) error {
	names, err := t.list(path.Join(dir, "tmp"))
	for _, name := range names {
		err = errors.Join(err, t.root.Remove(path.Join(dir, "tmp", name)))
	}
	return err
}

const quarantineDir = "quarantine"

// Quarantine moves a file out of its folder into the workspace's quarantine, where people can look at it.
func (t *Tree) Quarantine(f File, inbox string) error {
	if err := t.root.MkdirAll(quarantineDir, 0o700); err != nil {
		return fmt.Errorf("make quarantine: %w", err)
	}
	if err := t.root.Rename(f.Path, path.Join(quarantineDir, inbox+"-"+f.Base)); err != nil {
		return fmt.Errorf("quarantine file: %w", err)
	}
	return nil
}

// WriteState replaces the state file of a folder as a whole, durably.
func (t *Tree) WriteState(f Folder, write func(*os.File) error) error {
	if err := t.Make(f); err != nil {
		return err
	}
	name := path.Join(f.Dir(), stateName)
	file, err := t.root.OpenFile(name+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	err = write(file)
	if err == nil {
		err = t.sync(file)
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = t.root.Rename(name+".new", name)
	}
	if err == nil {
		err = t.syncDir(f.Dir())
	}
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

// OpenState opens the state file of a folder's path.
func (t *Tree) OpenState(dir string) (*os.File, error) { return t.root.Open(path.Join(dir, stateName)) }

const stateName = "postroom-state.jsonl"
