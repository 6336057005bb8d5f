package sight

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

const maxMath = 16 // parentheses and functions within each other

// computed puts numbers in the place of the math functions of a value (CSS Values and Units Level 4, 10). Lengths are
// computed for an ordinary font and screen; where there is a percentage, it alone counts. What cannot be computed stays.
func computed(value []token) []token {
	if !slices.ContainsFunc(value, isMath) {
		return value
	}
	list := make([]token, 0, len(value))
	for i := 0; i < len(value); {
		if !isMath(value[i]) {
			list = append(list, value[i])
			i++
			continue
		}
		c := calculation{list: value[i:]}
		q, ok := c.factor(0)
		if !ok {
			return value
		}
		list = append(list, q.token())
		i = len(value) - len(c.list)
	}
	return list
}

func isMath(t token) bool {
	if t.kind != css.FunctionToken {
		return false
	}
	switch word(t) {
	case "calc(", "-webkit-calc(", "-moz-calc(", "min(", "max(", "clamp(":
		return true
	}
	return false
}

// quantity is a number, a length in pixels or a percentage.
type quantity struct {
	number float64
	unit   string // "", "px" or "%"
}

func (q quantity) token() token {
	text := strconv.FormatFloat(q.number, 'f', -1, 64)
	switch q.unit {
	case "":
		return token{css.NumberToken, text}
	case "%":
		return token{css.PercentageToken, text + "%"}
	}
	return token{css.DimensionToken, text + q.unit}
}

// calculation reads an expression.
type calculation struct{ list []token }

func (c *calculation) space() {
	for len(c.list) > 0 && c.list[0].kind == css.WhitespaceToken {
		c.list = c.list[1:]
	}
}

// sign takes one of some signs.
func (c *calculation) sign(signs string) string {
	c.space()
	if len(c.list) == 0 || c.list[0].kind != css.DelimToken || !strings.Contains(signs, c.list[0].text) {
		return ""
	}
	s := c.list[0].text
	c.list = c.list[1:]
	return s
}

func (c *calculation) sum(depth int) (q quantity, ok bool) {
	q, ok = c.product(depth)
	for ok {
		s := c.sign("+-")
		if s == "" {
			return q, true
		}
		var r quantity
		if r, ok = c.product(depth); s == "-" {
			r.number = -r.number
		}
		q = q.plus(r)
	}
	return q, false
}

// plus adds. A percentage is more than a length, for it is of something large; beside it a length is passed over.
func (q quantity) plus(r quantity) quantity {
	switch {
	case q.unit == r.unit, r.number == 0:
		return quantity{q.number + r.number, q.unit}
	case q.number == 0, r.unit == "%":
		return r
	}
	return q
}

func (c *calculation) product(depth int) (q quantity, ok bool) {
	q, ok = c.factor(depth)
	for ok {
		s := c.sign("*/")
		if s == "" {
			return q, true
		}
		var r quantity
		if r, ok = c.factor(depth); !ok {
			break
		}
		if q.unit == "" {
			q.unit = r.unit
		}
		if s == "*" {
			q.number *= r.number
		} else {
			q.number /= r.number
		}
		ok = !math.IsNaN(q.number) && !math.IsInf(q.number, 0)
	}
	return q, false
}

func (c *calculation) factor(depth int) (q quantity, ok bool) {
	c.space()
	if len(c.list) == 0 || depth == maxMath {
		return q, false
	}
	t := c.list[0]
	c.list = c.list[1:]
	if t.kind == css.LeftParenthesisToken || isMath(t) {
		return c.function(word(t), depth+1)
	}
	var d declaration
	if !d.numeral(t) {
		return q, false
	}
	switch t.kind {
	case css.NumberToken:
		return quantity{number: d.number}, true
	case css.PercentageToken:
		return quantity{d.number, "%"}, true
	}
	return quantity{d.length(ordinaryFont, 0), "px"}, true
}

// function reads the arguments of a function, or what stands in parentheses.
func (c *calculation) function(name string, depth int) (q quantity, ok bool) {
	var list []quantity
	for {
		a, ok := c.sum(depth)
		if !ok || len(list) == maxTokens {
			return q, false
		}
		list = append(list, a)
		if c.space(); len(c.list) == 0 {
			break // the end closes all
		}
		end := c.list[0].kind
		if c.list = c.list[1:]; end == css.RightParenthesisToken {
			break
		}
		if end != css.CommaToken {
			return q, false
		}
	}
	less := func(a, b quantity) int { return int(math.Copysign(1, a.number-b.number)) }
	switch name {
	case "min(":
		return slices.MinFunc(list, less), true
	case "max(":
		return slices.MaxFunc(list, less), true
	case "clamp(":
		if len(list) != 3 {
			return q, false
		}
		return slices.MaxFunc([]quantity{list[0], slices.MinFunc(list[1:], less)}, less), true
	}
	return list[0], len(list) == 1
}
