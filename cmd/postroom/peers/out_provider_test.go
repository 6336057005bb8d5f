package peers

import (
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/server/courier/mxtest"
)

// A provider that bears five connections of ours gets two hundred messages, each once: we learn how many it bears, and
// seldom knock where there is no room.
func TestAProviderThatLimitsConnectionsGetsEveryMessageOnce(t *testing.T) {
	const limit, messages = 5, 200
	s := newSending(t)
	var mu sync.Mutex
	crowded := 0 // connections that found more than the limit
	var provider *mxtest.Server
	ready := make(chan struct{})
	provider = mxtest.Start(t, mxtest.Options{Addr: net.JoinHostPort("127.0.0.11", strconv.Itoa(s.port)), MaxConns: limit, Hold: func(e mxtest.Event) <-chan struct{} {
		switch e.Verb {
		case "CONNECT":
			<-ready
			if _, open, _ := provider.Connections(); open > limit {
				mu.Lock()
				crowded++
				mu.Unlock()
			}
		case "FINAL": // it takes a moment for each message
			taken := make(chan struct{})
			time.AfterFunc(10*time.Millisecond, func() { close(taken) })
			return taken
		}
		return nil
	}})
	close(ready)
	s.receiver("provider.test", "127.0.0.11")
	s.run()
	began := time.Now()
	ids := s.sendEach(messages, "provider.test")
	for _, id := range ids {
		s.settled(id, "delivered")
	}
	onceEach(t, provider, "provider.test", messages)
	total, _, most := provider.Connections()
	carried := map[int]int{}
	for _, m := range provider.Transactions() {
		carried[m.Conn]++
	}
	t.Logf("%d messages in %v over %d connections; %d more were too many; at most %d at a time", messages, time.Since(began).Round(time.Millisecond), len(carried), total-len(carried), most)
	if refused := total - len(carried); refused > messages/10 || crowded > messages/10 {
		t.Errorf("%d connections came to nothing, %d found the provider full", refused, crowded)
	}
	if most > limit+limit {
		t.Errorf("%d connections at a time", most)
	}
	if got := fmt.Sprint(s.inbox()); got != "[]" {
		t.Errorf("the inbox holds %s", got)
	}
}
