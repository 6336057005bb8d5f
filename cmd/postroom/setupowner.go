package main

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// checkOwner keeps root from putting files into another user's data directory, which the server could not open then.
func checkOwner(uid int, dataDir string) error {
	info, err := os.Stat(dataDir)
	if err != nil || uid != 0 { // what cannot be seen shows when it is written
		return nil
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	name := nameOfUser(owner.Uid)
	return fmt.Errorf("%s belongs to the user %s, and what root makes there the server could not open: run this as that user, such as by 'sudo -u %s postroom setup …', with --config where that user can write", dataDir, name, name)
}

// nameOfUser is a user's name, or the number if it has none.
func nameOfUser(uid uint32) string {
	number := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return number
}

// ownerAdvice says what is left to do where root has made everything; "" if it has not.
func ownerAdvice(uid int, dataDir, config string) string {
	if uid != 0 {
		return ""
	}
	return fmt.Sprintf("\nAll of it belongs to root. For a server that runs as another user: chown -R USER %s && chgrp GROUP %s\n", dataDir, config)
}
