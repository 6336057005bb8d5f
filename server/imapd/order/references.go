package order

import (
	"cmp"
	"slices"
)

// references is the algorithm REFERENCES (RFC 5256, 3).
func references(items []Item) []*Node {
	l := newLinks(items)
	for i := range items { // (1)
		l.add(l.byUID[i])
	}
	t := &threads{items: items}
	t.gather(l) // (2) to (4)
	t.merge()   // (5)
	byRank(t.roots)
	return t.roots // whose children are in order already, as (6) wants them
}

// links are parents and children: step (1). A place is that of an item, counted from 1, or behind all items that of an id
// that no item has. 0 is none.
type links struct {
	items    []Item
	byUID    []int // places of the items
	places   map[string]int
	parent   []int
	children []int // how many
	forest   forest
}

func newLinks(items []Item) *links {
	n := len(items)
	l := &links{items: items, byUID: make([]int, n), places: make(map[string]int, n), parent: make([]int, n+1, 2*n+1), children: make([]int, n+1, 2*n+1)}
	l.forest.grow(n)
	for i := range items {
		l.byUID[i] = i + 1
	}
	slices.SortFunc(l.byUID, func(a, b int) int { return cmp.Compare(items[a-1].UID, items[b-1].UID) })
	for _, place := range l.byUID { // of several with one id it is the first one's
		if id := items[place-1].MessageID; id != "" && l.places[id] == 0 {
			l.places[id] = place
		}
	}
	return l
}

// place is where the message with an id has its place; that of a message that is not there is made.
func (l *links) place(id string) int {
	place, ok := l.places[id]
	if !ok {
		place = len(l.parent)
		l.places[id] = place
		l.parent, l.children = append(l.parent, 0), append(l.children, 0)
		l.forest.grow(1)
	}
	return place
}

// add links a message's references to one another, where they have no parent, and the message to the last of them.
func (l *links) add(place int) {
	last := 0
	for _, id := range l.items[place-1].References {
		if id == "" {
			continue
		}
		next := l.place(id)
		if last != 0 && l.parent[next] == 0 {
			l.link(last, next)
		}
		last = next
	}
	if old := l.parent[place]; old != last {
		if old != 0 { // from a list of references that was cut short
			l.forest.cut(place)
			l.parent[place] = 0
			l.children[old]--
		}
		if last != 0 {
			l.link(last, place)
		}
	}
}

// link makes a child, which has no parent, that of a parent, unless the parent is below the child.
func (l *links) link(parent, child int) {
	if parent == child || l.children[child] > 0 && l.forest.root(parent) == child {
		return
	}
	l.forest.link(parent, child)
	l.parent[child] = parent
	l.children[parent]++
}

// topDown lists all places, parents before their children.
func (l *links) topDown() []int {
	n := len(l.parent)
	first, next := make([]int, n), make([]int, n) // child; sibling
	for place := n - 1; place > 0; place-- {
		if p := l.parent[place]; p != 0 {
			next[place], first[p] = first[p], place
		}
	}
	order := make([]int, 0, n)
	for place := 1; place < n; place++ {
		if l.parent[place] == 0 {
			order = append(order, place)
		}
	}
	for i := 0; i < len(order); i++ {
		for child := first[order[i]]; child != 0; child = next[child] {
			order = append(order, child)
		}
	}
	return order
}

// threads are the trees of nodes that come out.
type threads struct {
	items  []Item
	ranked []*Item // all items by sent date
	roots  []*Node
}

// gather makes trees of the links, without the places of messages that are not there; only one that would leave several
// children at the top stays. Siblings come to stand in order.
func (t *threads) gather(l *links) {
	isItem := func(place int) bool { return place <= len(t.items) }
	holder := make([]int, len(l.parent)) // the next message above, or else the topmost place
	for _, place := range l.topDown() {
		switch p := l.parent[place]; {
		case p == 0:
		case isItem(p) || holder[p] == 0:
			holder[place] = p
		default:
			holder[place] = holder[p]
		}
	}
	ranks := make([]int, len(t.items))
	for i := range ranks {
		ranks[i] = i + 1
	}
	slices.SortFunc(ranks, func(a, b int) int { return bySent(&t.items[a-1], &t.items[b-1]) })
	nodes := make([]Node, len(l.parent))
	t.ranked = make([]*Item, len(ranks))
	for rank, place := range ranks {
		t.ranked[rank] = &t.items[place-1]
		node := &nodes[place]
		node.Number, node.rank = t.items[place-1].Number, rank
		h := holder[place]
		if h == 0 {
			t.roots = append(t.roots, node)
			continue
		}
		above := &nodes[h]
		if !isItem(h) && len(above.Children) == 0 { // by its first child it is sorted
			above.rank = rank
			t.roots = append(t.roots, above)
		}
		above.Children = append(above.Children, node)
	}
	for i, root := range t.roots {
		if root.Number == 0 && len(root.Children) == 1 {
			t.roots[i] = root.Children[0]
		}
	}
}

// top is a node at the top while threads are merged.
type top struct {
	*Node
	subject string // base subject of the message, or of the first child's if there is none
	isReply bool
	changed bool // children came to it
	moved   bool // it is below another one
}

// merge joins threads that have one base subject: step (5).
func (t *threads) merge() {
	tops := make([]top, len(t.roots))
	table := make(map[string]*top, len(t.roots))
	for i, root := range t.roots {
		this := &tops[i]
		this.Node = root
		this.subject, this.isReply = foldedSubject(t.ranked[root.rank].Subject)
		old := table[this.subject]
		if this.subject != "" && (old == nil || old.Number != 0 && (this.Number == 0 || old.isReply && !this.isReply)) {
			table[this.subject] = this
		}
	}
	for i := range tops {
		if this := &tops[i]; this.subject != "" {
			this.join(table[this.subject])
		}
	}
	t.roots = t.roots[:0]
	for i := range tops {
		this := &tops[i]
		if this.moved {
			continue
		}
		this.settle()
		t.roots = append(t.roots, this.Node)
	}
}

// join moves a node below the one that the table of subjects has, or both below a new one that takes that one's place.
// The table prefers a node without a message, so if only one of them is such a node, it is the table's.
func (t *top) join(first *top) {
	if first == t {
		return
	}
	switch {
	case first.Number == 0 && t.Number == 0:
		first.Children = append(first.Children, t.Children...)
	case first.Number == 0 || t.isReply && !first.isReply:
		first.Children = append(first.Children, t.Node)
	default:
		first.settle()
		first.Node = &Node{Children: []*Node{first.Node, t.Node}}
	}
	t.moved, first.changed = true, true
}

// settle puts the node's children in order after others came to them.
func (t *top) settle() {
	if !t.changed {
		return
	}
	byRank(t.Children)
	if t.Number == 0 {
		t.rank = t.Children[0].rank
	}
}
