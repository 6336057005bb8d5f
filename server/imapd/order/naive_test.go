package order

import "slices"

// naiveNode is a message in naiveReferences, which follows the words of RFC 5256, 3 and walks trees up and down as it needs.
type naiveNode struct {
	item     *Item // nil for a dummy
	parent   *naiveNode
	children []*naiveNode
}

func (n *naiveNode) setParent(p *naiveNode) {
	if n.parent != nil {
		n.parent.children = slices.DeleteFunc(n.parent.children, func(c *naiveNode) bool { return c == n })
	}
	if n.parent = p; p != nil {
		p.children = append(p.children, n)
	}
}

// below tells whether n is p or a descendant of p.
func (n *naiveNode) below(p *naiveNode) bool {
	for ; n != nil; n = n.parent {
		if n == p {
			return true
		}
	}
	return false
}

// date is the item by which a node is sorted.
func (n *naiveNode) date() *Item {
	if n.item != nil {
		return n.item
	}
	n.sortChildren()
	return n.children[0].date()
}

func (n *naiveNode) sortChildren() {
	slices.SortFunc(n.children, func(a, b *naiveNode) int { return bySent(a.date(), b.date()) })
}

func naiveReferences(items []Item) []*naiveNode {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b Item) int { return int(a.UID) - int(b.UID) })
	byID := map[string]*naiveNode{}
	var all []*naiveNode
	for i := range items {
		n := &naiveNode{item: &items[i]}
		all = append(all, n)
		if id := items[i].MessageID; id != "" && byID[id] == nil {
			byID[id] = n
		}
	}
	for i := range items { // (1)
		this := all[i]
		var last *naiveNode
		for _, id := range items[i].References {
			if id == "" {
				continue
			}
			n := byID[id]
			if n == nil {
				n = new(naiveNode)
				byID[id] = n
				all = append(all, n)
			}
			if last != nil && n.parent == nil && !last.below(n) {
				n.setParent(last)
			}
			last = n
		}
		this.setParent(nil)
		if last != nil && !last.below(this) {
			this.setParent(last)
		}
	}
	root := new(naiveNode) // (2)
	for _, n := range all {
		if n.parent == nil {
			n.setParent(root)
		}
	}
	prune(root, root)   // (3)
	root.sortChildren() // (4)
	mergeNaively(root)  // (5)
	sortNaively(root)   // (6)
	return root.children
}

func prune(n, root *naiveNode) {
	for _, c := range slices.Clone(n.children) {
		prune(c, root)
		if c.item != nil || n == root && len(c.children) > 1 {
			continue
		}
		for _, grandchild := range slices.Clone(c.children) {
			grandchild.setParent(n)
		}
		c.setParent(nil)
	}
}

func mergeNaively(root *naiveNode) {
	table := map[string]*naiveNode{}
	subject := func(n *naiveNode) string { s, _ := foldedSubject(n.date().Subject); return s }
	isReply := func(n *naiveNode) bool { _, is := foldedSubject(n.item.Subject); return is }
	for _, n := range root.children {
		switch old := table[subject(n)]; {
		case subject(n) == "":
		case old == nil || old.item != nil && (n.item == nil || isReply(old) && !isReply(n)):
			table[subject(n)] = n
		}
	}
	for _, n := range slices.Clone(root.children) {
		s := subject(n)
		old := table[s]
		switch {
		case s == "" || old == n || n.parent != root:
		case old.item == nil && n.item == nil:
			for _, c := range slices.Clone(n.children) {
				c.setParent(old)
			}
			n.setParent(nil)
		case old.item == nil || isReply(n) && !isReply(old):
			n.setParent(old)
		default:
			both := new(naiveNode)
			both.setParent(root)
			old.setParent(both)
			n.setParent(both)
			table[s] = both
		}
	}
}

func sortNaively(n *naiveNode) {
	for _, c := range n.children {
		sortNaively(c)
	}
	n.sortChildren()
}

// asNodes is what Thread would give.
func asNodes(list []*naiveNode) (nodes []*Node) {
	for _, n := range list {
		node := &Node{Children: asNodes(n.children)}
		if n.item != nil {
			node.Number = n.item.Number
		}
		nodes = append(nodes, node)
	}
	return nodes
}
