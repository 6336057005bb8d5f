package api

import (
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// Bounds of what is shared. What does not fit is read by each reader for itself.
const (
	maxShares       = 256      // pages
	maxSharedOctets = 16 << 20 // of encoded events in them
)

// shares are the newest pages of journals, for the many that follow the same one: when a commit wakes them, the first reads
// the page, asks once for each key whether it is still good, and encodes each event; the others take that.
type shares struct {
	mu     sync.Mutex
	pages  map[shareKey]*share
	octets int
}

// shareKey is what a page was read for: a workspace, and the inbox that is all of it that a key sees.
type shareKey struct {
	workspace mailstore.WorkspaceID
	inbox     mailstore.InboxID
}

// share is one page. It is good for one version of its workspace: what a commit changes is read anew.
type share struct {
	all     *shares
	version uint64
	after   journal.Cursor
	read    func() (journal.Page, error)

	mu     sync.Mutex
	checks map[string]func() error
	frames map[frameKey]func() ([]byte, error)

	// under all.mu
	octets int
	gone   bool
}

// frameKey is an event and how much of it may be told.
type frameKey struct {
	seq  int64
	full bool
}

// page gives the page behind after that was read at that version, or has it read.
func (s *shares) page(key shareKey, version uint64, after journal.Cursor, read func() (journal.Page, error)) *share {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.pages[key]
	if old != nil && old.version == version && old.after == after {
		return old
	}
	if old == nil && len(s.pages) >= maxShares {
		s.forget()
	}
	s.drop(old)
	p := &share{all: s, version: version, after: after, read: apart(read), checks: map[string]func() error{}, frames: map[frameKey]func() ([]byte, error){}}
	if s.pages == nil {
		s.pages = map[shareKey]*share{}
	}
	s.pages[key] = p
	return p
}

// forget drops everything. It is called under the lock.
func (s *shares) forget() {
	for _, p := range s.pages {
		s.drop(p)
	}
	clear(s.pages)
}

func (s *shares) drop(p *share) {
	if p != nil && !p.gone {
		p.gone = true
		s.octets -= p.octets
	}
}

// keep takes room for an encoded event. If there is none, everything is forgotten.
func (s *shares) keep(p *share, octets int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.gone {
		return false
	}
	if s.octets+octets > maxSharedOctets {
		s.forget()
		return false
	}
	s.octets += octets
	p.octets += octets
	return true
}

// check asks whether a key is still good, once for each and after the page was read: what is given was there before.
func (p *share) check(key string, ask func() error) error {
	p.mu.Lock()
	once, there := p.checks[key]
	if !there {
		asked := apart(func() (struct{}, error) { return struct{}{}, ask() })
		once = func() error { _, err := asked(); return err }
		p.checks[key] = once
	}
	p.mu.Unlock()
	return once()
}

// frame is an event as it goes out.
func (p *share) frame(key frameKey, encode func() ([]byte, error)) ([]byte, error) {
	p.mu.Lock()
	once, there := p.frames[key]
	if !there {
		once = apart(func() ([]byte, error) {
			text, err := encode()
			if err != nil || !p.all.keep(p, len(text)) {
				p.mu.Lock()
				delete(p.frames, key)
				p.mu.Unlock()
			}
			return text, err
		})
		p.frames[key] = once
	}
	p.mu.Unlock()
	return once()
}

// apart does something once, in a goroutine of its own: what goes deep grows that one's stack and not those of thousands of
// sockets, which keep them for long.
func apart[T any](do func() (T, error)) func() (T, error) {
	return sync.OnceValues(func() (result T, err error) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				}
			}()
			result, err = do()
		}()
		<-done
		return result, err
	})
}

// standing tells keys apart: two grants of the same standing are good or bad together.
func standing(g *tenancy.Grant) string {
	me := g.Me()
	return fmt.Sprintln(me.KeyID, me.InboxID, me.Permissions, me.Networks)
}
