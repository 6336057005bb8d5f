package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore"
)

func modeOf(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestANewDataDirectoryIsForItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := prepareDataDir(dir); err != nil {
		t.Fatal(err)
	}
	if got := modeOf(t, dir); got != 0o700 {
		t.Errorf("mode %v", got)
	}
}

func TestAnOpenDirectoryIsClosedIfItIsEmptyOrOurs(t *testing.T) {
	dir := t.TempDir()
	for _, fill := range []func(){
		func() {},
		func() {
			store, err := mailstore.Open(dir, mailstore.Options{})
			if err != nil {
				t.Fatal(err)
			}
			store.Close()
		},
	} {
		fill()
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := prepareDataDir(dir); err != nil {
			t.Fatal(err)
		}
		if got := modeOf(t, dir); got != 0o700 {
			t.Errorf("mode %v", got)
		}
	}
}

func TestSomebodyElsesDirectoryIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lock"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	err := prepareDataDir(dir)
	if err == nil || !strings.Contains(err.Error(), "choose a new one") {
		t.Fatalf("error is %v", err)
	}
	if got := modeOf(t, dir); got != 0o777 {
		t.Errorf("mode %v", got)
	}
}
