package sight

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
	"golang.org/x/net/html/atom"
)

// property is one that decides whether something is seen.
type property uint8

const (
	display property = iota
	visibility
	opacity
	fontSize
	fontColor
	fillColor
	backColor
	backPicture
	overflow
	width
	height
	maxWidth
	maxHeight
	position
	left
	top
	right
	bottom
	marginLeft
	marginTop
	indent
	clipping
	clipPath
	transform
	scale
	floating
	contentVisibility
	msoHide
	filter
	zoom
	rotate
	padding
	lineHeight
	spacing
	tableLayout
	contain

	properties
)

var propertyNames = map[string]property{
	"display": display, "visibility": visibility, "opacity": opacity, "font-size": fontSize, "color": fontColor, "-webkit-text-fill-color": fillColor, "background-color": backColor, "background-image": backPicture,
	"overflow": overflow, "overflow-x": overflow, "overflow-y": overflow, "width": width, "height": height, "max-width": maxWidth, "max-height": maxHeight,
	"inline-size": width, "block-size": height, "max-inline-size": maxWidth, "max-block-size": maxHeight,
	"position": position, "left": left, "top": top, "right": right, "bottom": bottom, "margin-left": marginLeft, "margin-top": marginTop, "text-indent": indent,
	"clip": clipping, "clip-path": clipPath, "-webkit-clip-path": clipPath, "transform": transform, "-webkit-transform": transform, "translate": transform, "scale": scale, "float": floating,
	"content-visibility": contentVisibility, "mso-hide": msoHide,
	"inset-inline-start": left, "inset-inline-end": right, "inset-block-start": top, "inset-block-end": bottom, "margin-inline-start": marginLeft, "margin-block-start": marginTop,
	"margin-inline": marginLeft, "margin-block": marginTop, "filter": filter, "-webkit-filter": filter, "zoom": zoom, "rotate": rotate, "padding-left": padding, "padding-top": padding, "padding-inline-start": padding, "padding-block-start": padding,
	"line-height": lineHeight, "letter-spacing": spacing, "table-layout": tableLayout, "contain": contain,
}

// declaration is what a style says of one property: a word, a number with its unit, or a colour.
type declaration struct {
	property  property
	important bool
	word      string
	number    float64
	unit      string // "px" and the like, "%", "" for a number alone; "word" if there is no number
	color     color
}

// length is a length in pixels, of an element whose font is em pixels large. A percentage is of whole, and so is a word.
func (d *declaration) length(em, whole float64) float64 {
	switch d.unit {
	case "word":
		return whole
	case "%":
		if d.number == 0 {
			return 0
		}
		return d.number / 100 * whole
	case "em":
		return d.number * em
	case "ex", "ch":
		return d.number * em / 2
	}
	return d.number * pixels[d.unit]
}

// pixels are the units of length that do not depend on the font.
var pixels = map[string]float64{"": 1, "px": 1, "pt": 4.0 / 3, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6, "rem": ordinaryFont,
	"vw": ordinaryWidth / 100, "vh": 8, "vmin": 8, "vmax": ordinaryWidth / 100, "vi": ordinaryWidth / 100, "vb": 8, "rlh": 20, "lh": 20, "cap": 12, "ic": 16}

// token is one of CSS (CSS Syntax Module Level 3, 4).
type token struct {
	kind css.TokenType
	text string // as written
}

// tokens reads CSS.
type tokens struct{ lexer *css.Lexer }

func newTokens(text string) tokens {
	if strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", "\uFFFD") // as the standard has it; the lexer would end
	}
	return tokens{css.NewLexer(parse.NewInputString(text))}
}

// next gives the next token that is no comment.
func (t tokens) next() token {
	for {
		kind, text := t.lexer.Next()
		if kind != css.CommentToken {
			return token{kind, string(text)}
		}
	}
}

const maxTokens = 200 // of one declaration or one list of selectors; a longer one is passed over

// depth follows brackets.
func depth(kind css.TokenType) int {
	switch kind {
	case css.FunctionToken, css.LeftParenthesisToken, css.LeftBracketToken, css.LeftBraceToken:
		return 1
	case css.RightParenthesisToken, css.RightBracketToken, css.RightBraceToken:
		return -1
	}
	return 0
}

// declarations reads a style attribute.
func (t tokens) declarations() (list []declaration) {
	t.readDeclarations(&list, true, func([]token) { t.skipBlock() })
	return list
}

// block reads a block of declarations to its closing brace. Of a rule within it, rule is given what stands before the
// brace, and reads the rest of it.
func (t tokens) block(list *[]declaration, rule func(prelude []token)) {
	t.readDeclarations(list, false, rule)
}

func (t tokens) readDeclarations(list *[]declaration, inline bool, rule func(prelude []token)) {
	var one []token
	open := 0
	for {
		tok := t.next()
		switch {
		case tok.kind == css.ErrorToken, !inline && open == 0 && tok.kind == css.RightBraceToken:
			*list = declare(*list, one)
			return
		case open == 0 && tok.kind == css.SemicolonToken:
			*list = declare(*list, one)
			one = one[:0]
			continue
		case open == 0 && tok.kind == css.LeftBraceToken:
			rule(slices.Clone(trim(one)))
			one = one[:0]
			continue
		}
		open = max(0, open+depth(tok.kind))
		if len(one) <= maxTokens {
			one = append(one, tok)
		}
	}
}

// declare adds what one declaration says.
func declare(list []declaration, one []token) []declaration {
	one = trim(one)
	if len(one) < 3 || len(one) > maxTokens || one[0].kind != css.IdentToken {
		return list
	}
	name := strings.ToLower(unescape(one[0].text))
	value := trim(one[1:])
	if len(value) == 0 || value[0].kind != css.ColonToken {
		return list
	}
	value = trim(value[1:])
	important := false
	if n := len(value); n >= 2 && value[n-1].kind == css.IdentToken && strings.EqualFold(unescape(value[n-1].text), "important") {
		if before := trim(value[:n-1]); len(before) > 0 && before[len(before)-1].text == "!" {
			value, important = trim(before[:len(before)-1]), true
		}
	}
	from := len(list)
	list = valueOf(list, name, value)
	for i := range list[from:] {
		list[from+i].important = important
	}
	return list
}

func trim(list []token) []token {
	for len(list) > 0 && list[0].kind == css.WhitespaceToken {
		list = list[1:]
	}
	for len(list) > 0 && list[len(list)-1].kind == css.WhitespaceToken {
		list = list[:len(list)-1]
	}
	return list
}

// valueOf adds what the value of a property says; of one that is not known, or has a value that is not understood, nothing.
func valueOf(list []declaration, name string, value []token) []declaration {
	if len(value) == 0 {
		return list
	}
	value = computed(value)
	first := word(value[0])
	switch name {
	case "background":
		return background(list, value)
	case "font":
		for _, t := range value {
			if d := (declaration{property: fontSize}); d.numeral(t) && (d.unit != "" || d.number == 0) || d.named(fontSizes, word(t)) {
				return append(list, d)
			}
			if t.text == "/" {
				break
			}
		}
		return list
	case "margin":
		return sides(list, value, marginTop, marginLeft)
	case "inset":
		return sides(list, value, top, left)
	}
	p, known := propertyNames[name]
	if !known {
		return list
	}
	d := declaration{property: p, unit: "word"}
	switch p {
	case fontColor, fillColor, backColor:
		if isWide(first) || first == "currentcolor" {
			d.word = first
			return append(list, d)
		}
		c, ok := readColor(value)
		if !ok && p == backColor && value[0].kind == css.FunctionToken {
			return append(list, declaration{property: backPicture, unit: "word", word: "picture"}) // such as var(): it may be any
		}
		if !ok {
			return list
		}
		d.color = c
	case fontSize:
		if !d.named(fontSizes, first) && !d.numeral(value[0]) {
			return list
		}
	case opacity, zoom:
		if !d.numeral(value[0]) {
			return list
		}
		d = d.fraction()
	case filter:
		d.number = filtered(value)
	case lineHeight:
		if d.numeral(value[0]) && d.unit == "" {
			d.unit = "em"
		}
	case width, height, maxWidth, maxHeight, left, top, right, bottom, marginLeft, marginTop, indent, padding, spacing:
		if !d.numeral(value[0]) && first == "" {
			return list
		}
	case backPicture:
		d.word = "picture"
		if first == "none" || isWide(first) {
			d.word = "none"
		} else if c, ok := gradientColor(value[1:]); ok && strings.HasSuffix(first, "gradient(") {
			d.word, d.color = "color", c
		}
	case clipping, clipPath, transform, scale, rotate:
		d.word = shape(p, name, value)
		d.number = scaling(p, value)
	default:
		if first == "" {
			return list
		}
		d.word = first
	}
	return append(list, d)
}

// isWide tells whether a word is one that every property takes (CSS Cascading and Inheritance, 7).
func isWide(word string) bool {
	switch word {
	case "inherit", "initial", "unset", "revert", "revert-layer":
		return true
	}
	return false
}

// word is an identifier or the name of a function, in lower case and without escapes, or "".
func word(t token) string {
	switch t.kind {
	case css.IdentToken, css.FunctionToken:
		return strings.ToLower(unescape(t.text))
	}
	return ""
}

// numeral takes a number with its unit.
func (d *declaration) numeral(t token) bool {
	switch t.kind {
	case css.NumberToken, css.PercentageToken, css.DimensionToken:
	default:
		return false
	}
	end := 0
	for end < len(t.text) {
		c := t.text[end]
		exponent := (c == 'e' || c == 'E') && end+1 < len(t.text) && (isDigit(t.text[end+1]) || (t.text[end+1] == '-' || t.text[end+1] == '+') && end+2 < len(t.text) && isDigit(t.text[end+2]))
		if !isDigit(c) && c != '.' && !(c == '-' || c == '+') && !exponent {
			break
		}
		if exponent {
			end++
		}
		end++
	}
	n, err := strconv.ParseFloat(t.text[:end], 64)
	if err != nil && n == 0 {
		return false
	}
	d.number, d.unit = n, strings.ToLower(unescape(t.text[end:]))
	_, known := pixels[d.unit]
	return known || d.unit == "%" || d.unit == "em" || d.unit == "ex" || d.unit == "ch"
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// fraction brings a percentage to a number.
func (d declaration) fraction() declaration {
	if d.unit == "%" {
		d.number /= 100
	}
	return d
}

// fontSizes are words for sizes, in pixels or, below 0, in em.
var fontSizes = map[string]float64{"xx-small": 9, "x-small": 10, "small": 13, "medium": 16, "large": 18, "x-large": 24, "xx-large": 32, "xxx-large": 48, "smaller": -0.83, "larger": -1.2,
	"initial": 16, "inherit": -1, "unset": -1}

func (d *declaration) named(sizes map[string]float64, word string) bool {
	n, ok := sizes[word]
	if ok {
		if d.number, d.unit = n, "px"; n < 0 {
			d.number, d.unit = -n, "em"
		}
	}
	return ok
}

// sides takes the values of a shorthand for four sides.
func sides(list []declaration, value []token, topmost, leftmost property) []declaration {
	var found []declaration
	for _, t := range value {
		if d := (declaration{unit: "word"}); d.numeral(t) || word(t) == "auto" {
			found = append(found, d)
		}
	}
	if len(found) == 0 || len(found) > 4 {
		return list
	}
	first, last := found[0], found[0]
	if len(found) == 4 {
		last = found[3]
	} else if len(found) > 1 {
		last = found[1]
	}
	first.property, last.property = topmost, leftmost
	return append(list, first, last)
}

// background takes the shorthand: a colour, a picture, or both. What it does not name it takes away.
func background(list []declaration, value []token) []declaration {
	picture, current, c, found := "none", "", color{}, false
	for i, t := range value {
		switch w := word(t); {
		case strings.HasSuffix(w, "gradient("):
			if c1, ok := gradientColor(value[i+1:]); !ok {
				picture = "picture"
			} else if !found {
				c, found = c1, true
			}
		case t.kind == css.URLToken, t.kind == css.BadURLToken, w == "url(", w == "image-set(", w == "-webkit-image-set(", w == "var(", w == "element(":
			picture = "picture"
		case !found && w == "currentcolor":
			current, found = w, true
		case !found:
			if c1, ok := readColor(value[i:]); ok {
				c, found = c1, true
			}
		}
	}
	if isWide(word(value[0])) {
		return list
	}
	return append(list, declaration{property: backPicture, unit: "word", word: picture}, declaration{property: backColor, word: current, color: c})
}

// gradientColor gives the colour of a gradient whose colours cannot be told apart.
func gradientColor(arguments []token) (c color, same bool) {
	n, open := 0, 1
	for i, t := range arguments {
		if open += depth(t.kind); open <= 0 {
			break
		}
		one, ok := readColor(arguments[i:])
		switch {
		case word(t) == "var(":
			return c, false
		case !ok:
			continue
		case n > 0 && (!near(one, c) || one.a != c.a):
			return c, false
		}
		c = one
		n++
	}
	return c, n > 0
}

func isFar(d declaration) bool {
	v := d.length(ordinaryFont, 0)
	return v <= farAway || v >= farAhead || d.unit == "%" && (d.number <= -300 || d.number >= 1000)
}

// attributesOf adds what the attributes of an element say of its style: before HTML had styles, and the attribute hidden.
func attributesOf(list []declaration, f *frame) []declaration {
	for _, a := range f.attrs {
		switch a.key {
		case "hidden", "popover":
			list = append(list, declaration{property: display, word: "none"})
		case "bgcolor":
			if f.kind&table == 0 && f.tag != atom.Body && f.tag != atom.Marquee {
				break
			}
			if c, ok := legacyColor(a.value); ok {
				list = append(list, declaration{property: backColor, color: c})
			}
		case "background":
			if a.value != "" && (f.kind&table != 0 || f.tag == atom.Body) {
				list = append(list, declaration{property: backPicture, word: "picture"})
			}
		case "color", "text":
			if c, ok := legacyColor(a.value); ok && (f.tag == atom.Font) == (a.key == "color") && (f.tag == atom.Font || f.tag == atom.Body) {
				list = append(list, declaration{property: fontColor, color: c})
			}
		case "size":
			if f.tag == atom.Font {
				list = append(list, declaration{property: fontSize, number: 13, unit: "px"})
			}
		}
	}
	if f.tag == atom.Dialog {
		if _, open := f.attr("open"); !open {
			list = append(list, declaration{property: display, word: "none"})
		}
	}
	return list
}

// declarations gives what all styles together say of an element at a place of the stack, each property once
// (CSS Cascading and Inheritance, 6).
func (w *walker) declarations(at int) []declaration {
	f := w.stack[at]
	text, hasInline := f.attr("style")
	rules := w.sheet.matching(w.stack, at)
	if len(f.attrs) == 0 && len(rules) == 0 && f.tag != atom.Dialog {
		return nil
	}
	var own []declaration
	if hasInline {
		own = w.inlineStyle(text)
	}
	attrs := attributesOf(nil, f)
	if len(rules) == 0 && len(attrs) == 0 {
		return own
	}
	var winners [properties]*declaration
	take := func(list []declaration, important bool) {
		for i := range list {
			if list[i].important == important {
				winners[list[i].property] = &list[i]
			}
		}
	}
	take(attrs, false)
	for _, important := range []bool{false, true} {
		for _, r := range rules {
			take(r.declarations, important)
		}
		take(own, important)
	}
	var list []declaration
	for _, d := range winners {
		if d != nil {
			list = append(list, *d)
		}
	}
	return list
}

// inlineStyle reads a style attribute; mails repeat few of them.
func (w *walker) inlineStyle(text string) []declaration {
	if list, ok := w.inline[text]; ok {
		return list
	}
	var winners [properties]*declaration
	all := newTokens(text).declarations()
	for i := range all {
		if d := &all[i]; winners[d.property] == nil || d.important || !winners[d.property].important {
			winners[d.property] = d
		}
	}
	var list []declaration
	for _, d := range winners {
		if d != nil {
			list = append(list, *d)
		}
	}
	if w.inline == nil {
		w.inline = map[string][]declaration{}
	}
	if len(w.inline) < maxInline {
		w.inline[text] = list
	}
	return list
}
