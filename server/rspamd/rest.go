package rspamd

import (
	"context"
	"errors"
	"sync"
	"time"
)

// An rspamd that hangs would have each message wait for its Timeout: after so many that waited in vain, one after another, it is left
// alone for a time, and then asked by one message at a time until it answers.
const (
	maxInVain = 3
	restTime  = 30 * time.Second
)

var errResting = errors.New("it has not answered for a while, and is left alone")

// rest is how it goes.
type rest struct {
	mu     sync.Mutex
	inVain int
	until  time.Time
}

// begin tells whether a question may be put.
func (r *rest) begin(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inVain < maxInVain {
		return true
	}
	if now.Before(r.until) {
		return false
	}
	r.until = now.Add(restTime)
	return true
}

// end takes what came of a question: nil, or an error. What fails at once costs nobody anything; a client that went away says
// nothing of rspamd.
func (r *rest) end(err error, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		if r.inVain++; r.inVain == maxInVain {
			r.until = now.Add(restTime)
		}
	case !errors.Is(err, context.Canceled):
		r.inVain = 0
	}
}
