package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// prepareDataDir makes the data directory, for its owner alone. One that lets others in is closed to them if it is
// empty or already Postroom's; anything else is left as it is and refused: it may be somebody's home or /tmp.
func prepareDataDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at data directory: %w", err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	ours, err := isOurs(dir)
	if err != nil {
		return fmt.Errorf("look at data directory: %w", err)
	}
	if !ours {
		return fmt.Errorf("the directory %s is open to other users and holds other things: choose a new one for the data", dir)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("close data directory to other users: %w", err)
	}
	return nil
}

// isOurs reports whether a directory is empty or holds our lock file.
func isOurs(dir string) (bool, error) {
	if _, err := os.Lstat(filepath.Join(dir, "lock")); err == nil {
		_, err = os.Lstat(filepath.Join(dir, "workspaces"))
		return err == nil, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	entries, err := os.ReadDir(dir)
	return len(entries) == 0, err
}
