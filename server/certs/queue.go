package certs

import (
	"container/heap"
	"container/list"
	"crypto/tls"
	"time"
)

// class says which names go first.
type class int

const (
	ownNames   class = iota // the server's own
	renewals                // customers' that have a certificate
	freshNames              // customers' that have none
	classes
)

// subject is a name that has or is to have a certificate. Certs.mu guards it.
type subject struct {
	name  string
	class class
	own   bool
	held  bool             // there is a certificate in the store
	cert  *tls.Certificate // of the server's own names only; nil: none

	notAfter time.Time // of the certificate; zero: none, or not read yet
	renewAt  time.Time
	due      time.Time // when it is worked on next
	failures int       // in a row
	err      string    // why it has no certificate, or no newer one; "" after a success

	undecided bool          // Allow was never asked
	busy      bool          // it is worked on
	place     int           // in its queue; -1: in none
	done      chan struct{} // closed when the attempt has ended that handshakes wait for; nil: none waits
}

// queue has subjects by the time when they are due.
type queue struct{ subjects subjects }

func (q *queue) push(s *subject)   { heap.Push(&q.subjects, s) }
func (q *queue) remove(s *subject) { heap.Remove(&q.subjects, s.place) }

// first is the subject that is due first, nil if there is none.
func (q *queue) first() *subject {
	if len(q.subjects) == 0 {
		return nil
	}
	return q.subjects[0]
}

// subjects is a heap (container/heap).
type subjects []*subject

func (h subjects) Len() int           { return len(h) }
func (h subjects) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h subjects) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *subjects) Push(x any) {
	s := x.(*subject)
	s.place = len(*h)
	*h = append(*h, s)
}

// Pop implements heap.Interface.
func (h *subjects) Pop() any {
	last := len(*h) - 1
	s := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	s.place = -1
	return s
}

// orders bounds how many orders an account makes.
type orders struct {
	until time.Time // when all that were made will be paid for, at one each orderEvery
}

// take makes an order if no more than so many are unpaid, or says how long until it may be made. At least 0: none is refused.
func (o *orders) take(now time.Time, unpaid int) (wait time.Duration) {
	paid := o.until
	if paid.Before(now) {
		paid = now
	}
	if wait = paid.Sub(now) - time.Duration(unpaid-1)*orderEvery; unpaid > 0 && wait > 0 {
		return wait
	}
	o.until = paid.Add(orderEvery)
	return 0
}

// rest is the time for which an authority is left alone that cannot be reached: no name is to blame for that.
type rest struct {
	until    time.Time
	failures int
}

func (r *rest) begin(now time.Time) {
	if now.Before(r.until) {
		return // another attempt has found out at the same time
	}
	r.until = now.Add(after(afterUnreachable, r.failures))
	r.failures++
}

// after is the wait after so many failures before this one.
func after(waits []time.Duration, failures int) time.Duration {
	return waits[min(failures, len(waits)-1)]
}

// loaded has the customers' certificates that were shown last, maxLoaded of them.
type loaded struct {
	byName map[string]*list.Element
	order  list.List // of loadedCert, what was shown last first
}

type loadedCert struct {
	name string
	cert *tls.Certificate
}

func (l *loaded) get(name string) *tls.Certificate {
	e := l.byName[name]
	if e == nil {
		return nil
	}
	l.order.MoveToFront(e)
	return e.Value.(loadedCert).cert
}

func (l *loaded) put(name string, cert *tls.Certificate) {
	if l.byName == nil {
		l.byName = map[string]*list.Element{}
	}
	l.drop(name)
	if l.order.Len() >= maxLoaded {
		l.drop(l.order.Back().Value.(loadedCert).name)
	}
	l.byName[name] = l.order.PushFront(loadedCert{name, cert})
}

func (l *loaded) drop(name string) {
	if e := l.byName[name]; e != nil {
		l.order.Remove(e)
		delete(l.byName, name)
	}
}
