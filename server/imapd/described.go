package imapd

import (
	"sync"
	"sync/atomic"

	"github.com/postroom/postroom/server/imapd/order"
)

// Bounds of what is kept of headers for SORT and THREAD; what comes beyond is read again each time.
const (
	maxDescribed       = 64 << 20 // octets, of all mailboxes together
	describedOverhead  = 320      // octets of one message beside its texts
	maxDescribedOctets = 4 << 10  // of one message; a larger one is not kept
)

// describedBudget counts what is kept in all mailboxes of a server.
type describedBudget struct{ octets atomic.Int64 }

func (b *describedBudget) take(n int64) bool {
	if b.octets.Add(n) <= maxDescribed {
		return true
	}
	b.octets.Add(-n)
	return false
}

// described keeps what SORT and THREAD go by of the messages of one mailbox. It never changes for a message, so it is good as
// long as the box is.
type described struct {
	mu     sync.Mutex
	items  map[uint32]order.Item // by UID
	octets int64
}

// fill describes an item if it is known.
func (d *described) fill(item *order.Item) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	known, ok := d.items[item.UID]
	if ok {
		known.Number, known.UID, known.Arrival, known.Size = item.Number, item.UID, item.Arrival, item.Size
		*item = known
	}
	return ok
}

// keep notes an item that was described, if there is room for it.
func (d *described) keep(item order.Item, budget *describedBudget) {
	n := int64(describedOverhead + len(item.Subject) + len(item.From) + len(item.To) + len(item.Cc) + len(item.DisplayFrom) + len(item.DisplayTo) + len(item.MessageID))
	for _, r := range item.References {
		n += int64(len(r)) + 16
	}
	if n > maxDescribedOctets {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.items[item.UID]; known || !budget.take(n) {
		return
	}
	if d.items == nil {
		d.items = map[uint32]order.Item{}
	}
	d.items[item.UID] = item
	d.octets += n
}

// forget gives everything back.
func (d *described) forget(budget *describedBudget) {
	d.mu.Lock()
	defer d.mu.Unlock()
	budget.octets.Add(-d.octets)
	d.items, d.octets = nil, 0
}
