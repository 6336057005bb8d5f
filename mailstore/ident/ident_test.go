package ident

import (
	"sort"
	"sync"
	"testing"
	"time"
)

func TestIdsSortByTimeOfCreation(t *testing.T) {
	now := time.UnixMilli(1700000000000)
	var ids []string
	for i := range 2000 {
		ids = append(ids, New("msg", now.Add(time.Duration(i/100)*time.Millisecond)))
	}
	if !sort.StringsAreSorted(ids) {
		t.Fatal("ids made one after the other do not sort so")
	}
	for _, id := range ids {
		if !Valid("msg", id) {
			t.Fatalf("%q is not valid", id)
		}
	}
}

func TestIdsAreUniqueAcrossGoroutines(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				id := New("x", time.Now())
				mu.Lock()
				if seen[id] {
					t.Errorf("%s came twice", id)
				}
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestForeignIdsAreRefused(t *testing.T) {
	id := New("inb", time.Now())
	for _, s := range []string{"", "inb_", id[4:], id + "0", "msg" + id[3:], "inb_" + "u" + id[5:], "inb_../../../../../../../../etc"} {
		if Valid("inb", s) {
			t.Errorf("%q passes as an inbox id", s)
		}
	}
}
