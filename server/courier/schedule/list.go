package schedule

// node is the place of one value in a list. A value has one node for each kind of list that it can stand in, so that joining
// and leaving allocate nothing and cost the same wherever it stands.
type node[T any] struct {
	prev, next *node[T]
	in         *list[T] // nil when it stands in none
	of         T
}

// list is a doubly linked list of nodes. The zero value is empty.
type list[T any] struct {
	front, back *node[T]
	len         int
}

func (l *list[T]) pushBack(n *node[T]) {
	n.in, n.prev, n.next = l, l.back, nil
	if l.back == nil {
		l.front = n
	} else {
		l.back.next = n
	}
	l.back = n
	l.len++
}

func (l *list[T]) pushFront(n *node[T]) {
	n.in, n.prev, n.next = l, nil, l.front
	if l.front == nil {
		l.back = n
	} else {
		l.front.prev = n
	}
	l.front = n
	l.len++
}

func (l *list[T]) moveToBack(n *node[T]) {
	if l.back != n {
		n.leave()
		l.pushBack(n)
	}
}

// leave takes the node out of its list, if it stands in one.
func (n *node[T]) leave() {
	l := n.in
	if l == nil {
		return
	}
	if n.prev == nil {
		l.front = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		l.back = n.prev
	} else {
		n.next.prev = n.prev
	}
	l.len--
	n.in, n.prev, n.next = nil, nil, nil
}

// all yields the values from the front on. The list must not change meanwhile.
func (l *list[T]) all(yield func(T) bool) {
	for n := l.front; n != nil; n = n.next {
		if !yield(n.of) {
			return
		}
	}
}
