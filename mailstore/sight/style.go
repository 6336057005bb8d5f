package sight

import (
	"math"

	"golang.org/x/net/html/atom"
)

const (
	tinyFont     = 2.0  // pixels; a font that is not larger cannot be read
	thin         = 1.0  // pixels; a box that is not larger shows nothing
	farAway      = -500 // pixels; what is moved so far, or further, is outside of the page
	farAhead     = 5000 // pixels to the right or down, likewise
	faint        = 0.05 // opacity, of 1, below which nothing can be seen
	tight        = -0.5 // of the font's size; letters that stand so much nearer lie upon each other
	alike        = 20   // of 255; colours that differ by less in each channel cannot be told apart
	ordinaryFont = 16.0 // pixels
)

// style is what decides whether a text can be seen: what an element has by itself, by inheritance and by its place.
type style struct {
	hidden    Kind // why nothing within the element is seen, whatever stands there; "" if it is
	invisible bool
	opacity   float64
	size      float64 // of the font, in pixels
	scaled    float64 // by how much the font is made smaller or larger
	indent    float64 // of the first line, in pixels
	spacing   float64 // between letters, in pixels
	lineless  bool    // lines have no height, and what is beyond them is cut
	fixed     bool    // the columns of the table are as wide as they say
	closed    bool    // only the summary of <details> is shown
	color     color
	filled    bool  // color is that of -webkit-text-fill-color
	back      color // behind the text; opaque
	picture   bool  // there is a picture behind the text, or something whose colour is not known
}

var rootStyle = style{opacity: 1, scaled: 1, size: ordinaryFont, color: color{0, 0, 0, 1}, back: color{255, 255, 255, 1}}

// why gives the reason why a text of this style is not seen, or "".
func (s *style) why() Kind {
	switch {
	case s.hidden != "":
		return s.hidden
	case s.invisible:
		return Invisible
	case s.closed:
		return NotDisplayed
	case s.size*s.scaled <= tinyFont:
		return Tiny
	case s.lineless, s.spacing <= tight*s.size:
		return Clipped
	case s.indent <= farAway, s.indent >= farAhead:
		return OffScreen
	case s.color.a < faint:
		return Transparent
	case !s.picture && near(s.color.over(s.back), s.back):
		return SameColor
	}
	return ""
}

// of gives the style of an element within s.
func (s *style) of(f *frame) style {
	c := *s
	if f.kind&unseen != 0 && !f.foreign && (c.hidden == "" || c.hidden == NotRendered) {
		c.hidden = unseenKind(f.tag)
	} else if f.kind&unseen != 0 && c.hidden == "" { // <svg> itself
		c.hidden = NotRendered
	}
	if f.tag == atom.A {
		if _, ok := f.attr("href"); ok {
			c.color = color{0, 0, 238, 1}
		}
	}
	c.disclose(f)
	if f.tag == atom.Table {
		c.fixed = false
	}
	if len(f.declared) == 0 {
		return c
	}
	l := layout{block: f.kind&(block|cell) != 0, table: f.kind&table != 0, inline: f.kind&(block|cell|table) == 0}
	for i := range f.declared {
		if d := &f.declared[i]; d.property == fontSize { // other lengths count by it
			c.size = d.length(s.size, s.size)
		}
	}
	for i := range f.declared {
		c.apply(&f.declared[i], s, &l)
	}
	if c.hidden == "" {
		c.hidden = l.hides(&c)
	}
	return c
}

// disclose takes what the start of an element means for the <details> around it: what is not its summary is hidden until
// somebody opens it.
func (c *style) disclose(f *frame) {
	if c.closed && f.tag == atom.Summary {
		c.closed = false
	} else if c.closed && c.hidden == "" {
		c.hidden = NotDisplayed
	}
	if f.tag == atom.Details {
		_, open := f.attr("open")
		c.closed = !open
	}
}

// layout is what an element's own box is like.
type layout struct {
	block, table, inline   bool
	noDisplay, noContent   bool
	clips                  bool
	flat                   bool // without height or width
	narrow                 bool // without width
	placed                 bool // position: other than static
	absolute               bool
	away, margin           bool // moved far, if it is placed; moved far in any case
	clipped, clipPath, out bool
	outlook                bool
}

func (l *layout) hides(c *style) Kind {
	switch {
	case l.noDisplay, l.noContent:
		return NotDisplayed
	case c.opacity < faint:
		return Transparent
	case l.clips && l.flat && !l.table && !l.inline, l.clips && l.narrow && l.table && c.fixed, l.clipped && l.absolute, l.clipPath, l.out:
		return Clipped
	case l.away && l.placed, l.margin:
		return OffScreen
	case l.outlook:
		return OutlookHidden
	}
	return ""
}

// apply applies one declaration; s is the parent's style.
func (c *style) apply(d *declaration, s *style, l *layout) {
	px := func() float64 { return d.length(c.size, math.NaN()) }
	switch d.property {
	case display:
		switch d.word {
		case "none":
			l.noDisplay = true
		case "inline", "contents":
			l.inline, l.table = true, false
		case "table-cell", "table-row", "table", "inline-table", "table-row-group":
			l.inline, l.table = false, true
		case "inherit", "unset", "initial", "revert":
		default:
			l.inline, l.table = false, false
		}
	case visibility:
		c.invisible = d.word == "hidden" || d.word == "collapse" || d.word == "inherit" && s.invisible
	case opacity:
		c.opacity *= min(max(d.number, 0), 1)
	case filter:
		c.opacity *= d.number
	case zoom:
		if d.unit != "word" && d.number > 0 {
			c.scaled *= d.number
		}
	case fontColor:
		switch {
		case c.filled:
		case d.word == "inherit", d.word == "unset", d.word == "currentcolor":
			c.color = s.color
		case d.word == "":
			c.color = d.color
		}
	case fillColor:
		if d.word == "" {
			c.color, c.filled = d.color, true
		}
	case backColor:
		switch d.word {
		case "currentcolor":
			c.back, c.picture = c.color.over(c.back), c.picture && c.color.a < 1
		case "":
			c.back, c.picture = d.color.over(c.back), c.picture && d.color.a < 1
		}
	case backPicture:
		if c.picture = c.picture || d.word == "picture"; d.word == "color" {
			c.back = d.color.over(c.back)
		}
	case overflow:
		l.clips = d.word != "visible"
	case width, height, maxWidth, maxHeight:
		if v := px(); v <= thin {
			l.flat = true
			l.narrow = l.narrow || d.property == width || d.property == maxWidth
		}
	case position:
		l.placed = d.word != "static"
		l.absolute = d.word == "absolute" || d.word == "fixed"
		l.inline = l.inline && !l.absolute
	case left, top, right, bottom:
		if v := px(); v <= farAway || v >= farAhead || d.unit == "%" && d.number <= -100 {
			l.away = true
		}
	case marginLeft, marginTop, padding:
		if v := px(); v <= farAway || v >= farAhead {
			l.margin = true
		}
	case spacing:
		if v := px(); !math.IsNaN(v) {
			c.spacing = v
		}
	case lineHeight:
		c.lineless = l.clips && px() <= thin
	case tableLayout:
		c.fixed = d.word == "fixed"
	case contain:
		l.clips = l.clips || d.word == "strict" || d.word == "paint" || d.word == "content"
	case indent:
		if v := px(); !math.IsNaN(v) {
			c.indent = v
		}
	case clipping:
		l.clipped = d.word == "nothing"
	case clipPath:
		l.clipPath = d.word == "nothing"
	case transform, scale, rotate:
		c.scaled *= d.number
		l.out = l.out || d.word == "nothing"
		l.margin = l.margin || d.word == "away"
	case floating:
		l.inline = l.inline && d.word == "none"
	case contentVisibility:
		l.noContent = d.word == "hidden"
	case msoHide:
		l.outlook = d.word == "all"
	}
}

// color is red, green and blue of 255, and opacity of 1.
type color struct{ r, g, b, a float64 }

// over is the colour that shows where c lies over an opaque one.
func (c color) over(back color) color {
	mix := func(top, bottom float64) float64 { return top*c.a + bottom*(1-c.a) }
	return color{mix(c.r, back.r), mix(c.g, back.g), mix(c.b, back.b), 1}
}

func near(a, b color) bool {
	return math.Abs(a.r-b.r) <= alike && math.Abs(a.g-b.g) <= alike && math.Abs(a.b-b.b) <= alike
}
