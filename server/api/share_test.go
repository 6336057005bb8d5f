package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
)

// shared is the page of a workspace at a version.
func (s *shares) shared(workspace int, version uint64) *share {
	return s.page(shareKey{workspace: mailstore.WorkspaceID(fmt.Sprint(workspace))}, version, journal.Cursor{}, func() (journal.Page, error) { return journal.Page{}, nil })
}

func TestPagesAreSharedUpToABound(t *testing.T) {
	var s shares
	for i := range maxShares {
		s.shared(i, 1)
	}
	kept := s.shared(0, 1)
	if s.shared(1, 2); len(s.pages) != maxShares || s.shared(0, 1) != kept {
		t.Errorf("a page in the place of an older one leaves %d, the others forgotten", len(s.pages))
	}
	if s.shared(maxShares, 1); len(s.pages) > maxShares {
		t.Errorf("%d pages", len(s.pages))
	}
}

func TestEventsAreSharedUpToABound(t *testing.T) {
	var s shares
	text := []byte(strings.Repeat("x", 1<<20))
	encode := func() ([]byte, error) { return text, nil }
	for i := range 2 * maxSharedOctets >> 20 {
		p := s.shared(i%3, uint64(i/3))
		for range 2 {
			if got, err := p.frame(frameKey{seq: int64(i)}, encode); err != nil || len(got) != len(text) {
				t.Fatalf("%d octets, %v", len(got), err)
			}
		}
		if s.octets < 0 || s.octets > maxSharedOctets {
			t.Fatalf("%d octets are kept", s.octets)
		}
	}
	p := s.shared(0, 1000)
	for seq := range int64(2 * maxSharedOctets >> 20) { // of one page
		if got, err := p.frame(frameKey{seq: seq}, encode); err != nil || len(got) != len(text) {
			t.Fatalf("%d octets, %v", len(got), err)
		}
		if kept := len(p.frames); s.octets < 0 || kept<<20 > maxSharedOctets {
			t.Fatalf("%d octets are counted, and %d events kept", s.octets, kept)
		}
	}
	s.forget()
	if s.octets != 0 || len(s.pages) != 0 {
		t.Errorf("%d octets, %d pages are left", s.octets, len(s.pages))
	}
}
