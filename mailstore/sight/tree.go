package sight

import (
	"slices"
	"strings"

	"golang.org/x/net/html/atom"
)

// start takes a start tag.
func (w *walker) start(selfClosing bool) {
	f := w.read()
	switch f.tag {
	case atom.Html, atom.Body:
		w.bottom(f)
		return
	case atom.Head:
		if !w.started && len(w.stack) == fixed {
			w.push(f)
		}
		return
	}
	if w.top().foreign && !integration[w.top().tag] {
		_, hasColor := f.attr("color")
		if !breakOut[f.tag] && !(f.tag == atom.Font && hasColor) {
			f.foreign = true
			if !selfClosing {
				w.push(f)
			}
			return
		}
		for w.top().foreign && !integration[w.top().tag] {
			w.pop()
		}
	}
	w.leaveHead(f.kind)
	if !w.imply(f) {
		w.separate(f.kind & (block | paragraph | cell)) // for readers: browsers pass it over
		return
	}
	if f.tag != 0 && f.kind&(special|headOnly) == 0 || f.kind&formatting != 0 {
		w.reconstruct()
	}
	f.foreign = f.tag == atom.Svg || f.tag == atom.Math
	if f.foreign && selfClosing {
		return
	}
	if f.kind&void != 0 {
		w.void(f)
		return
	}
	w.push(f)
	if f.tag == atom.Noscript {
		w.tokens.NextIsNotRawText()
	}
	if f.kind&formatting != 0 {
		w.activate(f)
	}
	if f.kind&scope != 0 && f.kind&table != 0 && f.tag != atom.Table || f.tag == atom.Object || f.tag == atom.Marquee || f.tag == atom.Applet || f.tag == atom.Template {
		w.active = append(w.active, nil)
	}
	w.opened(f)
}

// opened writes what the start of an element means for lines, and notes links.
func (w *walker) opened(f *frame) {
	if f.style.hidden == "" {
		w.separate(f.kind)
		switch f.tag {
		case atom.Blockquote:
			w.quote++
		case atom.Pre, atom.Listing, atom.Xmp, atom.Plaintext:
			w.pre++
		case atom.Li:
			w.item = true
		}
	}
	if !w.collect {
		return
	}
	w.alternatives(f)
	w.startLink(f)
	if _, ok := f.attr("background"); ok {
		w.picture(f, "background")
	}
}

// read makes a frame of the tag that the tokenizer is at.
func (w *walker) read() *frame {
	name, more := w.tokens.TagName()
	f := w.frame()
	f.tag = atom.Lookup(name)
	f.kind = elements[f.tag]
	if f.tag != 0 {
		f.name = f.tag.String()
	} else {
		f.name = string(name)
	}
	for more {
		var key, value []byte
		key, value, more = w.tokens.TagAttr()
		if len(f.attrs) == maxAttributes {
			continue
		}
		k := atom.String(key)
		if _, twice := f.attr(k); twice {
			continue
		}
		f.attrs = append(f.attrs, attribute{k, string(value)})
		switch k {
		case "id":
			f.id = f.attrs[len(f.attrs)-1].value
		case "class":
			f.classes = strings.Fields(clip(f.attrs[len(f.attrs)-1].value, maxClasses))
		}
	}
	return f
}

// frame gives an empty frame, one that is not used any more if there is one.
func (w *walker) frame() *frame {
	n := len(w.free)
	if n == 0 {
		return &frame{}
	}
	f := w.free[n-1]
	w.free = w.free[:n-1]
	*f = frame{attrs: f.attrs[:0]}
	return f
}

// discard takes a frame back that nothing refers to.
func (w *walker) discard(f *frame) {
	if w.noted == f {
		w.noted = nil
	}
	if f.kind&formatting == 0 && !w.sheet.siblings && len(w.free) < maxDepth {
		w.free = append(w.free, f)
	}
}

// bottom merges a tag into the html or body element that is always there.
func (w *walker) bottom(f *frame) {
	w.leaveHead(0)
	if len(w.stack) > fixed && f.tag == atom.Body && w.inTemplate() {
		return
	}
	old := w.stack[0]
	if f.tag == atom.Body {
		old, w.started = w.stack[1], true
	}
	for _, a := range f.attrs {
		if _, there := old.attr(a.key); !there && len(old.attrs) < maxAttributes {
			old.attrs = append(old.attrs, a)
		}
	}
	if old.id == "" {
		old.id = f.id
	}
	if old.classes == nil {
		old.classes = f.classes
	}
	for i := range w.stack[:fixed] {
		w.stack[i].declared = w.declarations(i)
	}
	w.restyle(0)
	if w.collect {
		w.picture(f, "background")
	}
}

func (w *walker) inTemplate() bool {
	return slices.ContainsFunc(w.stack, func(f *frame) bool { return f.tag == atom.Template })
}

// leaveHead ends the head before what cannot stand in it.
func (w *walker) leaveHead(kind element) {
	if kind&headOnly != 0 {
		return
	}
	w.started = true
	if len(w.stack) > fixed && w.stack[fixed].tag == atom.Head {
		if top := w.top().tag; top == atom.Head || top == atom.Noscript {
			w.popTo(fixed)
		}
	}
}

// imply does what a start tag does to the elements that are open: some end by it. It tells whether the element begins.
func (w *walker) imply(f *frame) bool {
	if s := w.find(atom.Select, 0); s >= 0 {
		switch f.tag {
		case atom.Input, atom.Textarea, atom.Select, atom.Button:
			w.popTo(s)
			return f.tag != atom.Select
		case atom.Option, atom.Optgroup, atom.Hr, atom.Script, atom.Template:
		default:
			if f.kind&table == 0 || w.find(atom.Table, 0) < 0 {
				return false
			}
			w.popTo(s)
		}
	}
	if f.kind&table != 0 && f.tag != atom.Table {
		return w.implyTable(f.tag)
	}
	if f.kind&closesP != 0 {
		w.closeP()
	}
	switch f.tag {
	case atom.Li:
		w.closeItem(atom.Li, atom.Li)
		w.closeP()
	case atom.Dt, atom.Dd:
		w.closeItem(atom.Dt, atom.Dd)
		w.closeP()
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		if isHeading(w.top().tag) {
			w.pop()
		}
	case atom.Option, atom.Optgroup:
		if w.top().tag == atom.Option {
			w.pop()
		}
	case atom.Button:
		if i := w.find(atom.Button, scope); i >= 0 {
			w.popTo(i)
		}
	case atom.A:
		if i := w.lastActive(atom.A); i >= 0 {
			w.endFormatting(atom.A, "a")
		}
	}
	return true
}

func isHeading(tag atom.Atom) bool {
	switch tag {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return false
}

// implyTable makes room for a part of a table, which is nothing outside of one.
func (w *walker) implyTable(tag atom.Atom) bool {
	t := w.find(atom.Table, 0)
	if t < 0 {
		return false
	}
	keep := t + 1
	row := keep
	for row < len(w.stack) && w.stack[row].tag != atom.Tr {
		row++
	}
	switch tag {
	case atom.Td, atom.Th:
		keep = min(row+1, len(w.stack))
		if row == len(w.stack) && len(w.stack) > t+1 && w.stack[t+1].kind&table != 0 {
			keep = t + 2
		}
	case atom.Tr:
		if keep < len(w.stack) {
			if g := w.stack[keep].tag; g == atom.Tbody || g == atom.Thead || g == atom.Tfoot {
				keep++
			}
		}
	}
	w.popTo(keep)
	return true
}

// find gives the place of the innermost open element of a name, looking no further than an element of the kind border, or -1.
func (w *walker) find(tag atom.Atom, border element) int {
	for i := len(w.stack) - 1; i >= fixed; i-- {
		f := w.stack[i]
		if f.tag == tag && !f.foreign || f.tag == tag && (tag == atom.Svg || tag == atom.Math) {
			return i
		}
		if f.kind&border != 0 {
			return -1
		}
	}
	return -1
}

func (w *walker) closeP() {
	for i := len(w.stack) - 1; i >= fixed; i-- {
		switch f := w.stack[i]; {
		case f.tag == atom.P:
			w.popTo(i)
			return
		case f.kind&scope != 0, f.tag == atom.Button:
			return
		}
	}
}

// closeItem ends a list item before the next one.
func (w *walker) closeItem(a, b atom.Atom) {
	for i := len(w.stack) - 1; i >= fixed; i-- {
		switch f := w.stack[i]; {
		case f.tag == a, f.tag == b:
			w.popTo(i)
			return
		case f.kind&special != 0 && f.tag != atom.Address && f.tag != atom.Div && f.tag != atom.P:
			return
		}
	}
}

// end takes an end tag.
func (w *walker) end(tag atom.Atom, name string) {
	kind := elements[tag]
	switch {
	case tag == atom.Html || tag == atom.Body:
		return
	case tag == atom.Br:
		w.newline(w.breaks + 1)
		return
	case kind&void != 0:
		return
	case w.top().foreign:
		w.endForeign(tag, name)
		return
	case kind&formatting != 0:
		w.endFormatting(tag, name)
		return
	}
	if i := w.meant(tag, name, kind); i >= 0 {
		w.popTo(i)
		return
	}
	if tag == atom.P {
		w.newline(2)
	}
}

// meant gives the place of the element that an end tag ends, or -1.
func (w *walker) meant(tag atom.Atom, name string, kind element) int {
	for i := len(w.stack) - 1; i >= fixed; i-- {
		f := w.stack[i]
		switch {
		case f.tag == tag && f.name == name, isHeading(tag) && isHeading(f.tag):
			return i
		case kind&table != 0:
			if f.tag == atom.Table || f.tag == atom.Template {
				return -1
			}
		case kind&special != 0:
			if f.kind&scope != 0 || tag == atom.P && f.tag == atom.Button || tag == atom.Li && (f.tag == atom.Ol || f.tag == atom.Ul) {
				return -1
			}
		case f.kind&special != 0:
			return -1
		}
	}
	return -1
}

func (w *walker) endForeign(tag atom.Atom, name string) {
	if tag == atom.P || tag == atom.Br {
		for w.top().foreign {
			w.pop()
		}
		w.newline(2)
		return
	}
	for i := len(w.stack) - 1; i >= fixed; i-- {
		if w.stack[i].name == name {
			w.popTo(i)
			return
		}
		if !w.stack[i].foreign {
			return
		}
	}
}

// endFormatting ends an element such as <b> (HTML standard, the adoption agency algorithm): blocks that are open within
// it stay open, without its style.
func (w *walker) endFormatting(tag atom.Atom, name string) {
	at := w.lastActive(tag)
	if at < 0 {
		if i := w.meant(tag, name, 0); i >= 0 {
			w.popTo(i)
		}
		return
	}
	f := w.active[at]
	if !f.open {
		w.active = slices.Delete(w.active, at, at+1)
		w.endLinkOf(f)
		return
	}
	i := slices.Index(w.stack, f)
	within := -1
	for j := len(w.stack) - 1; j > i; j-- {
		if w.stack[j].kind&scope != 0 {
			return
		}
		if w.stack[j].kind&special != 0 {
			within = j
		}
	}
	w.active = slices.Delete(w.active, at, at+1)
	if within < 0 {
		w.popTo(i)
		return
	}
	kept := w.stack[:i]
	for _, g := range w.stack[i:within] {
		if g.kind&formatting != 0 && g != f {
			kept = append(kept, g)
			continue
		}
		w.closed(g, g.kind)
	}
	w.stack = append(kept, w.stack[within:]...)
	w.restyle(i)
}

// lastActive gives the place of the last active formatting element of a name since the last marker, or -1.
func (w *walker) lastActive(tag atom.Atom) int {
	for i := len(w.active) - 1; i >= 0 && w.active[i] != nil; i-- {
		if w.active[i].tag == tag {
			return i
		}
	}
	return -1
}

// activate notes a formatting element.
func (w *walker) activate(f *frame) {
	n := 0
	for i := len(w.active) - 1; i >= 0 && w.active[i] != nil; i-- {
		if n++; n == maxFormatting {
			w.active = slices.Delete(w.active, i, i+1)
			break
		}
	}
	w.active = append(w.active, f)
}

// reconstruct opens the formatting elements again that a block's end has closed.
func (w *walker) reconstruct() {
	i := len(w.active)
	for i > 0 && w.active[i-1] != nil && !w.active[i-1].open {
		i--
	}
	for ; i < len(w.active); i++ {
		w.push(w.active[i])
	}
}

// push opens an element. At the bound of the depth it takes the place of the deepest one.
func (w *walker) push(f *frame) {
	if len(w.stack) >= maxDepth {
		w.pop()
	}
	if n := len(w.stack); n > 0 {
		parent := w.stack[n-1]
		parent.children++
		f.index = parent.children
		if w.sheet.siblings {
			f.before = parent.last
			const most = 8
			parent.last = append(slices.Clone(parent.last[max(0, len(parent.last)-most+1):]), f)
			if len(f.before) > 0 {
				f.before[len(f.before)-1].before = nil // so that no chain grows
			}
		}
	}
	f.open = true
	w.stack = append(w.stack, f)
	f.declared = w.declarations(len(w.stack) - 1)
	w.restyle(len(w.stack) - 1)
}

// restyle computes styles from a place of the stack on.
func (w *walker) restyle(from int) {
	for i := from; i < len(w.stack); i++ {
		parent := &rootStyle
		if i > 0 {
			parent = &w.stack[i-1].style
		}
		w.stack[i].style = parent.of(w.stack[i])
	}
}

func (w *walker) pop() { w.popTo(len(w.stack) - 1) }

// popTo closes the elements from a place of the stack on.
func (w *walker) popTo(keep int) {
	for keep = max(keep, fixed); len(w.stack) > keep; {
		f := w.top()
		w.stack = w.stack[:len(w.stack)-1]
		if len(w.stack) > keep {
			w.closed(f, f.kind&^paragraph) // it has no end tag
		} else {
			w.closed(f, f.kind)
		}
		if f.kind&scope != 0 && f.tag != atom.Table { // its marker, and what stands behind it
			for i := len(w.active) - 1; i >= 0; i-- {
				if w.active[i] == nil {
					w.active = w.active[:i]
					break
				}
			}
			if w.link != nil && !w.link.frame.open {
				w.endLinkOf(w.link.frame)
			}
		}
	}
}

// endLinkOf ends the link of an element that is closed, unless it goes on in the next block.
func (w *walker) endLinkOf(f *frame) {
	if w.link != nil && w.link.frame == f && !slices.Contains(w.active, f) {
		w.endLink()
	}
}

// closed writes what the end of an element means for lines.
func (w *walker) closed(f *frame, kind element) {
	f.open = false
	f.last = nil
	w.endLinkOf(f)
	defer w.discard(f)
	if f.style.hidden != "" {
		return
	}
	w.separate(kind)
	switch f.tag {
	case atom.Blockquote:
		w.quote = max(0, w.quote-1)
	case atom.Pre, atom.Listing, atom.Xmp, atom.Plaintext:
		w.pre = max(0, w.pre-1)
	case atom.Li:
		w.item = false
	}
}
