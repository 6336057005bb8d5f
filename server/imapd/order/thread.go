package order

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Algorithms are those that Thread knows.
var Algorithms = []string{"REFERENCES", "ORDEREDSUBJECT"}

// Node is a message and what follows it.
type Node struct {
	Number   uint32 // 0: a message that is not there, but holds together those that are
	Children []*Node

	rank int // place of the message among all, by sent date; of a node without a message that of its first child
}

// Thread arranges items as trees, in the order in which they are told; nil if it does not know the algorithm, which is in
// upper case. Items stay as they are. Only the first nodes of threads can be without a message, and then they have at
// least two children.
func Thread(items []Item, algorithm string) []*Node {
	switch algorithm {
	case "REFERENCES":
		return references(items)
	case "ORDEREDSUBJECT":
		return orderedSubject(items)
	}
	return nil
}

// AppendThread appends trees in the form of the THREAD response (RFC 5256, 5, thread-data): "(2)(3 6 (4 23)(44 7 96))".
func AppendThread(dst []byte, nodes []*Node) []byte {
	open := [][]*Node{nodes} // siblings that are still to be told, the innermost last
	for len(open) > 0 {
		siblings := &open[len(open)-1]
		if len(*siblings) == 0 {
			if open = open[:len(open)-1]; len(open) > 0 {
				dst = append(dst, ')')
			}
			continue
		}
		n := (*siblings)[0]
		*siblings = (*siblings)[1:]
		dst = append(dst, '(')
		for space := false; ; n = n.Children[0] {
			if n.Number != 0 {
				if space {
					dst = append(dst, ' ')
				}
				dst = strconv.AppendUint(dst, uint64(n.Number), 10)
				space = true
			}
			if len(n.Children) == 1 {
				continue
			}
			if space && len(n.Children) > 0 {
				dst = append(dst, ' ')
			}
			open = append(open, n.Children)
			break
		}
	}
	return dst
}

// orderedSubject: messages with one base subject are a thread; the first is the parent of all others.
func orderedSubject(items []Item) []*Node {
	type row struct {
		*Item
		subject string
	}
	rows := make([]row, len(items))
	for i := range items {
		subject, _ := foldedSubject(items[i].Subject)
		rows[i] = row{&items[i], subject}
	}
	slices.SortFunc(rows, func(a, b row) int {
		if c := strings.Compare(a.subject, b.subject); c != 0 {
			return c
		}
		return bySent(a.Item, b.Item)
	})
	nodes := make([]Node, len(items))
	type thread struct {
		first *Item
		node  *Node
	}
	var threads []thread
	for i, r := range rows {
		nodes[i].Number = r.Number
		if i > 0 && r.subject == rows[i-1].subject {
			parent := threads[len(threads)-1].node
			parent.Children = append(parent.Children, &nodes[i])
			continue
		}
		threads = append(threads, thread{r.Item, &nodes[i]})
	}
	slices.SortFunc(threads, func(a, b thread) int { return bySent(a.first, b.first) })
	roots := make([]*Node, len(threads))
	for i, t := range threads {
		roots[i] = t.node
	}
	return roots
}

// byRank sorts siblings.
func byRank(nodes []*Node) {
	slices.SortFunc(nodes, func(a, b *Node) int { return cmp.Compare(a.rank, b.rank) })
}
