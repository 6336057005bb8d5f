package main

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// serviceUser is the user that a server of root's machine is to run as where nobody says another.
const serviceUser = "postroom"

// account is a user of the machine.
type account struct {
	Name     string
	UID, GID int
}

// findAccount looks a user up by name or number.
func findAccount(name string) (account, error) {
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	if err != nil {
		return account{}, fmt.Errorf("there is no user %s", name)
	}
	a := account{Name: u.Username}
	if a.UID, err = strconv.Atoi(u.Uid); err == nil {
		a.GID, err = strconv.Atoi(u.Gid)
	}
	return a, err
}

// ownerOf is the user to whom a directory belongs; false if it is not there.
func ownerOf(dir string) (uid int, there bool) {
	var st syscall.Stat_t
	if syscall.Stat(dir, &st) != nil {
		return 0, false
	}
	return int(st.Uid), true
}

// handOver makes the data directory the user's and what setup has just written readable for its group, and then becomes that user for good: all
// that is made from there on is his, and nothing has to be given away file by file. What was there already stays as it is.
func handOver(a account, config, data string, written []string) error {
	if err := giveData(a, data); err != nil {
		return err
	}
	for _, path := range written {
		if err := os.Lchown(path, 0, a.GID); err != nil {
			return fmt.Errorf("let %s read the configuration: %w", a.Name, err)
		}
	}
	if err := become(a); err != nil {
		return fmt.Errorf("go on as %s: %w", a.Name, err)
	}
	file, err := os.Open(config)
	if err != nil {
		return fmt.Errorf("%s cannot read %s: run 'chgrp %d %s %s' and 'chmod g+rX' on both, then setup again", a.Name, config, a.GID, filepath.Dir(config), config)
	}
	return file.Close()
}

// giveData makes a directory for a user, or gives him one in which nothing is yet.
func giveData(a account, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	if uid, _ := ownerOf(dir); uid == a.UID {
		return nil
	}
	entries, err := os.ReadDir(dir)
	switch {
	case err != nil:
		return fmt.Errorf("look at data directory: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("%s holds files of another user than %s: while no server runs, give them away with 'chown -R %s: %s', then run setup again", dir, a.Name, a.Name, dir)
	}
	if err := os.Lchown(dir, a.UID, a.GID); err != nil {
		return fmt.Errorf("give the data directory to %s: %w", a.Name, err)
	}
	return nil
}

// become makes this process another user's, in all of its threads.
func become(a account) error {
	if err := syscall.Setgroups([]int{a.GID}); err != nil {
		return err
	}
	if err := syscall.Setgid(a.GID); err != nil {
		return err
	}
	return syscall.Setuid(a.UID)
}
