package api

import (
	"sync"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
)

// Bounds of large bodies: those of more than MaxBodyBytes, which few routes take.
const (
	MaxLargeBodies          = 256 << 20 // octets in memory at a time, over all requests
	MaxWorkspaceLargeBodies = 80 << 20  // of them, for one workspace; operators count as one
)

var (
	errNoRoom  = fault.New(fault.Unavailable, "server_busy", "The server has too many large requests in hand; try again later.")
	errNoShare = fault.New(fault.Exhausted, "limit_reached", "The workspace has large requests of %d octets in hand (limit largeRequests); wait until one is answered.", MaxWorkspaceLargeBodies)
)

// room is what large bodies may take of the memory. Nobody waits for it: who finds none is told to come again.
type room struct {
	mu          sync.Mutex
	most, share int64
	used        int64
	by          map[mailstore.WorkspaceID]int64
}

func newRoom(most, share int64) *room {
	return &room{most: most, share: share, by: map[mailstore.WorkspaceID]int64{}}
}

// take takes octets for a workspace until give is called, once.
func (r *room) take(ws mailstore.WorkspaceID, octets int64) (give func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.by[ws]+octets > r.share:
		return nil, errNoShare
	case r.used+octets > r.most:
		return nil, errNoRoom
	}
	r.used += octets
	r.by[ws] += octets
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.used -= octets
		if r.by[ws] -= octets; r.by[ws] == 0 {
			delete(r.by, ws)
		}
	}, nil
}
