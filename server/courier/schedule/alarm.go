package schedule

import (
	"container/heap"
	"time"
)

// alarm is a time at which a job becomes ready or the rest of a site ends.
type alarm struct {
	at    time.Time
	index int  // its place in the heap plus one; 0 when it is not set
	job   *job // one of the two
	site  *site
}

// alarms is a heap, the earliest first.
type alarms []*alarm

func (h *alarms) set(a *alarm, at time.Time) {
	a.at = at
	if a.index > 0 {
		heap.Fix(h, a.index-1)
		return
	}
	heap.Push(h, a)
}

func (h *alarms) stop(a *alarm) {
	if a.index > 0 {
		heap.Remove(h, a.index-1)
	}
}

func (h alarms) Len() int           { return len(h) }
func (h alarms) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h alarms) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

func (h *alarms) Push(x any) {
	a := x.(*alarm)
	*h = append(*h, a)
	a.index = len(*h)
}

func (h *alarms) Pop() any {
	last := len(*h) - 1
	a := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	a.index = 0
	return a
}
