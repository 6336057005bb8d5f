package sts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestFilesAreBoundedAndOldOnesGo(t *testing.T) {
	dir := t.TempDir()
	f := &files{dir: dir, most: 20}
	if err := os.WriteFile(filepath.Join(dir, temporaryPrefix+"123"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	start := time.Unix(1_800_000_000, 0)
	for i := range 100 {
		at := start.Add(time.Duration(i) * time.Second)
		for _, domain := range []string{fmt.Sprintf("%d.test", i), "used.test"} {
			if err := f.write(domain, Policy{ID: fmt.Sprint(i), FetchedAt: at}, []byte(good)); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) > 20 || len(entries) != f.count {
			t.Fatalf("%d files, %d counted, %v", len(entries), f.count, err)
		}
	}
	for domain, id := range map[string]string{"used.test": "99", "99.test": "99", "1.test": ""} {
		if p, err := f.read(domain); err != nil || p.ID != id {
			t.Errorf("%s: %+v, %v", domain, p, err)
		}
	}
	again := &files{dir: dir, most: 20}
	if p, err := again.read("used.test"); err != nil || p.Mode != Enforce || !p.FetchedAt.Equal(start.Add(99*time.Second)) {
		t.Errorf("after a restart: %+v, %v", p, err)
	}
}

func TestADamagedFileIsFetchedAnew(t *testing.T) {
	for name, damage := range map[string]string{
		"empty":             "",
		"half":              `{"domain":"example.test","id":"one"`,
		"no policy":         `{"domain":"example.test","id":"one","fetchedAt":"2026-01-01T00:00:00Z","policy":""}`,
		"of another domain": `{"domain":"other.test","id":"one","fetchedAt":"2126-01-01T00:00:00Z","policy":"version: STSv1\nmode: none\nmax_age: 9\n"}`,
		"without an id":     `{"domain":"example.test","fetchedAt":"2126-01-01T00:00:00Z","policy":"version: STSv1\nmode: none\nmax_age: 9\n"}`,
		"huge":              `{"x":"` + string(make([]byte, maxFile)) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t)
			path := b.files.path(domain)
			if err := os.WriteFile(path, []byte(damage), 0o600); err != nil {
				t.Fatal(err)
			}
			b.want(t, "one", Enforce, false)
			b.restart(t)
			b.host.fail()
			b.want(t, "one", Enforce, false)
		})
	}
}

func TestAPolicyFromTheFutureIsFetchedAnew(t *testing.T) {
	b := setUp(t)
	b.clock.pass(10 * 24 * time.Hour)
	b.want(t, "one", Enforce, false)
	b.clock.pass(-10 * 24 * time.Hour)
	b.want(t, "one", Enforce, false)
	b.idle()
	if p := b.want(t, "one", Enforce, false); !p.FetchedAt.Equal(b.clock.Now()) {
		t.Errorf("%+v", p)
	}
}

func TestAPolicyThatCannotBeKeptHoldsForNow(t *testing.T) {
	b := setUp(t)
	if err := os.Remove(b.dir); err != nil {
		t.Fatal(err)
	}
	b.want(t, "one", Enforce, false)
	b.want(t, "one", Enforce, false)
	if n := b.host.hits.Load(); n != 2 {
		t.Errorf("fetched %d times", n)
	}
}

func TestRefreshRenewsWhatIsDueAndRemovesWhatHasRunOut(t *testing.T) {
	b := setUp(t)
	b.want(t, "one", Enforce, false)
	if err := b.files.write("old.test", Policy{ID: "old", FetchedAt: b.clock.Now().Add(-week)}, []byte(good)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "broken.json"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.clock.pass(RefreshAge - time.Second)
	refresh := func(hits int32, files int) {
		t.Helper()
		if err := b.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		paths, err := b.files.paths()
		if n := b.host.hits.Load(); n != hits || len(paths) != files || err != nil {
			t.Errorf("fetched %d times, %d files, %v", n, len(paths), err)
		}
	}
	refresh(1, 1)
	b.clock.pass(time.Second)
	refresh(2, 1)
	refresh(2, 1)
	b.zones.Set("_mta-sts." + domain)
	b.clock.pass(RefreshAge)
	refresh(2, 1) // it is not announced any more, and lasts
	b.want(t, "one", Enforce, true)
	b.clock.pass(week)
	refresh(2, 0)
	if err := b.files.write("new.test", Policy{ID: "new", FetchedAt: b.clock.Now()}, []byte(good)); err != nil || b.files.count != 1 {
		t.Errorf("%d are counted, %v", b.files.count, err)
	}
}

func TestRunRefreshesUntilItIsToldToStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Config{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		for range 3 {
			fetched := time.Now().Add(time.Minute - week)
			if err := c.files.write(domain, Policy{ID: "one", FetchedAt: fetched}, []byte(good)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(RefreshPause)
			synctest.Wait()
			if paths, err := c.files.paths(); err != nil || len(paths) != 0 {
				t.Errorf("what has run out is still there: %v, %v", paths, err)
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
