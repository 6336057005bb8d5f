package resolver

import (
	"container/list"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// entry is what is known about a question: records, or an error. It is never changed.
type entry struct {
	rrs       []dns.RR // of the type that was asked for, at least one unless err is set
	name      string   // their owner, canonical
	authentic bool
	err       error // an *Error
	expires   time.Time
}

// Octets that an entry and each of its records take in memory beside their texts, roughly.
const (
	entryOverhead  = 400
	recordOverhead = 200
)

func (e entry) octets(q question) int {
	n := entryOverhead + 2*len(q.name) + len(e.name)
	for _, rr := range e.rrs {
		n += recordOverhead + 2*dns.Len(rr)
	}
	return n
}

// cache remembers entries until they expire, and of more than fit into size octets those that were used last.
type cache struct {
	size int

	mu      sync.Mutex
	used    int
	entries map[question]*list.Element // of *cached
	order   list.List                  // most recently used first
}

type cached struct {
	question question
	entry    entry
	octets   int
}

// get finds an entry that holds at a time.
func (c *cache) get(q question, now time.Time) (entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.entries[q]
	if at == nil {
		return entry{}, false
	}
	e := at.Value.(*cached).entry
	if !now.Before(e.expires) {
		c.remove(at)
		return entry{}, false
	}
	c.order.MoveToFront(at)
	return e, true
}

// put remembers an entry in place of an earlier one. One that would take more than its share is not kept.
func (c *cache) put(q question, e entry) {
	octets := e.octets(q)
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.entries[q]; at != nil {
		c.remove(at)
	}
	if octets > min(maxCached, c.size) {
		return
	}
	if c.entries == nil {
		c.entries = map[question]*list.Element{}
	}
	c.entries[q] = c.order.PushFront(&cached{q, e, octets})
	c.used += octets
	for c.used > c.size {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(at *list.Element) {
	gone := c.order.Remove(at).(*cached)
	delete(c.entries, gone.question)
	c.used -= gone.octets
}
