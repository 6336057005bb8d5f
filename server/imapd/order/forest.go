package order

// forest answers which tree a node is in while trees are joined and cut, each in amortised logarithmic time: a link-cut
// tree. Walking up instead would be quadratic for long chains of references.
//
// Each tree is split into paths that go down; a path is a splay tree by depth. The root of a splay tree has in up the node
// above the path, which does not know of it. Nodes are counted from 1; 0 is none.
type forest []struct{ left, right, up int32 }

// grow adds n nodes, each a tree of its own.
func (f *forest) grow(n int) {
	if *f == nil {
		n++
	}
	*f = append(*f, make(forest, n)...)
}

// root is the topmost node above x, or x.
func (f forest) root(x int) int {
	top := int32(x)
	f.expose(top)
	for f[top].left != 0 {
		top = f[top].left
	}
	f.splay(top)
	return int(top)
}

// link puts the tree of child, its root, below parent, which is in another tree.
func (f forest) link(parent, child int) {
	f.expose(int32(child))
	f[child].up = int32(parent)
}

// cut makes x, which is no root, the root of a tree of its own.
func (f forest) cut(x int) {
	f.expose(int32(x))
	f[f[x].left].up = 0
	f[x].left = 0
}

// expose makes one path of all that is between the root and x, with x as the root of its splay tree.
func (f forest) expose(x int32) {
	var below int32
	for y := x; y != 0; y = f[y].up {
		f.splay(y)
		f[y].right = below
		below = y
	}
	f.splay(x)
}

// splay makes x the root of its splay tree.
func (f forest) splay(x int32) {
	for {
		p := f[x].up
		if !f.within(x, p) {
			return
		}
		if g := f[p].up; f.within(p, g) {
			if (f[g].left == p) == (f[p].left == x) {
				f.rotate(p)
			} else {
				f.rotate(x)
			}
		}
		f.rotate(x)
	}
}

// within tells whether p is the parent of x in a splay tree, and not above its path.
func (f forest) within(x, p int32) bool { return p != 0 && (f[p].left == x || f[p].right == x) }

// rotate puts x in the place of its parent.
func (f forest) rotate(x int32) {
	p := f[x].up
	g := f[p].up
	switch {
	case g == 0:
	case f[g].left == p:
		f[g].left = x
	case f[g].right == p:
		f[g].right = x
	}
	var inner int32
	if f[p].left == x {
		inner = f[x].right
		f[p].left, f[x].right = inner, p
	} else {
		inner = f[x].left
		f[p].right, f[x].left = inner, p
	}
	if inner != 0 {
		f[inner].up = p
	}
	f[p].up, f[x].up = x, g
}
