package courier

import (
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/postroom/postroom/mailstore"
)

// Bounds of what is kept of messages that were signed.
const (
	maxFronts = 512
	frontLife = 10 * time.Minute // then a message is signed anew: a signature tells its time
)

// fronts keeps what was put in front of messages, signatures and all, for their other destinations and next tries: signing costs
// more than all the rest. What was kept first goes first.
type fronts struct {
	signing singleflight.Group // destinations that are served at the same time wait for one signature

	mu    sync.Mutex
	byID  map[mailstore.MessageID]front
	order []mailstore.MessageID
}

type front struct {
	text []byte
	at   time.Time
}

// signed gives what was kept of a message, or what sign makes.
func (f *fronts) signed(id mailstore.MessageID, now time.Time, sign func() ([]byte, error)) ([]byte, error) {
	front, err, _ := f.signing.Do(string(id), func() (any, error) {
		if text := f.get(id, now); text != nil {
			return text, nil
		}
		text, err := sign()
		if err == nil {
			f.put(id, text, now)
		}
		return text, err
	})
	text, _ := front.([]byte)
	return text, err
}

func (f *fronts) get(id mailstore.MessageID, now time.Time) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	x, ok := f.byID[id]
	if !ok || now.Sub(x.at) >= frontLife {
		return nil
	}
	return x.text
}

func (f *fronts) put(id mailstore.MessageID, text []byte, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byID == nil {
		f.byID = map[mailstore.MessageID]front{}
	}
	if _, known := f.byID[id]; !known {
		f.order = append(f.order, id)
	}
	f.byID[id] = front{text, now}
	for len(f.order) > maxFronts {
		delete(f.byID, f.order[0])
		f.order = f.order[1:]
	}
}
