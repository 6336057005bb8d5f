package sight

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

// shape tells whether what cuts, moves or turns an element leaves "nothing" of it, or moves it "away".
func shape(p property, name string, value []token) string {
	switch {
	case p == scale:
		list := numerals(value)
		if slices.ContainsFunc(list[:min(len(list), 2)], isZero) {
			return "nothing"
		}
		return ""
	case p == rotate:
		return turnedAway(value)
	case name == "translate":
		if slices.ContainsFunc(numerals(value), isFar) {
			return "away"
		}
		return ""
	}
	for i, t := range value {
		if t.kind != css.FunctionToken {
			continue
		}
		arguments := value[i+1:]
		switch w := word(t); {
		case p == clipping && w == "rect(", p == clipPath:
			if cutsAll(w, arguments, p == clipPath) {
				return "nothing"
			}
		case p == transform:
			if s := moves(w, arguments); s != "" {
				return s
			}
		}
	}
	return ""
}

// numerals are those of a function's arguments, or of a value.
func numerals(value []token) (list []declaration) {
	for _, t := range value {
		if t.kind == css.RightParenthesisToken {
			break
		}
		if d := (declaration{}); d.numeral(t) {
			list = append(list, d)
		}
	}
	return list
}

func isZero(d declaration) bool { return d.number < 0.02 && d.number > -0.02 }

// cutsAll tells whether a basic shape leaves nothing (CSS Shapes Module Level 1, 3); path tells that it is one of clip-path.
func cutsAll(name string, arguments []token, path bool) bool {
	list := numerals(arguments)
	side := func(i int) declaration { // of one to four, as margins have them
		switch {
		case i < len(list):
			return list[i]
		case i == 3 && len(list) > 1:
			return list[1]
		case i > 1:
			return list[i-2]
		}
		return list[0]
	}
	if len(list) == 0 {
		return false
	}
	switch name {
	case "rect(":
		return len(list) == 4 && (below(list[2], list[0]) || below(list[1], list[3]))
	case "inset(":
		list = list[:min(len(list), 4)]
		whole := func(a, b declaration) bool {
			return a.unit == "%" && b.unit == "%" && a.number+b.number >= 99 || a.unit == "%" && a.number >= 99 || b.unit == "%" && b.number >= 99 || isFar(a) || isFar(b)
		}
		return whole(side(0), side(2)) || whole(side(1), side(3))
	case "circle(", "ellipse(":
		return list[0].number <= thin || name == "ellipse(" && len(list) > 1 && list[1].number <= thin
	case "xywh(":
		return len(list) >= 4 && (list[2].number <= thin || list[3].number <= thin)
	case "polygon(":
		flat := func(from int) bool {
			for i := from; i < len(list); i += 2 {
				if list[i].unit != list[from].unit && !(isZero(list[i]) && isZero(list[from])) || math.Abs(list[i].number-list[from].number) > thin {
					return false
				}
			}
			return true
		}
		return path && len(list) > 1 && (flat(0) || flat(1))
	}
	return false
}

// below tells whether one side of a cut is not beyond the other.
func below(a, b declaration) bool {
	return (a.unit == b.unit || isZero(a) || isZero(b)) && a.number-b.number <= thin
}

// moves tells what one function of a transform does.
func moves(name string, arguments []token) string {
	list := numerals(arguments)
	switch {
	case strings.HasPrefix(name, "rotate") && name != "rotate(" && name != "rotatez(":
		return turnedAway(append([]token{{css.IdentToken, strings.TrimSuffix(strings.TrimPrefix(name, "rotate"), "(")}}, arguments...))
	case len(list) == 0:
	case strings.HasPrefix(name, "scale") && name != "scalez(":
		if slices.ContainsFunc(list[:min(len(list), 2)], isZero) {
			return "nothing"
		}
	case name == "matrix(" && len(list) >= 4:
		if isZero(declaration{number: list[0].number*list[3].number - list[1].number*list[2].number}) {
			return "nothing"
		}
		if slices.ContainsFunc(list[4:], isFar) {
			return "away"
		}
	case strings.HasPrefix(name, "translate") && slices.ContainsFunc(list, isFar):
		return "away"
	}
	return ""
}

// turnedAway tells whether a turn around another axis than that to the reader shows an element from its edge.
func turnedAway(value []token) string {
	const thinnest = 0.02 // of its width
	var axis []float64
	level, angle := true, 0.0
	for _, t := range value {
		if w := word(t); w == "x" || w == "y" {
			level = false
		}
		if a, ok := degrees(t); ok {
			angle = a
			break
		}
		if d := (declaration{}); d.numeral(t) {
			axis = append(axis, d.number)
		}
	}
	if len(axis) >= 3 {
		level = axis[0] == 0 && axis[1] == 0
	}
	if !level && math.Abs(math.Cos(angle*math.Pi/180)) < thinnest {
		return "nothing"
	}
	return ""
}

// degrees reads an angle.
func degrees(t token) (float64, bool) {
	text := strings.ToLower(t.text)
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz")
	n, err := strconv.ParseFloat(number, 64)
	if t.kind != css.DimensionToken || err != nil {
		return 0, false
	}
	switch text[len(number):] {
	case "deg":
		return n, true
	case "grad":
		return n * 0.9, true
	case "rad":
		return n * 180 / math.Pi, true
	case "turn":
		return n * 360, true
	}
	return 0, false
}

// scaling is the factor by which a transform or scale makes letters smaller, in the direction in which it makes them the
// smallest; 1 of one that does not.
func scaling(p property, value []token) float64 {
	factor := 1.0
	take := func(arguments []token) {
		list := numerals(arguments)
		least := math.Inf(1)
		for _, d := range list[:min(len(list), 2)] {
			least = min(least, math.Abs(d.fraction().number))
		}
		if len(list) > 0 {
			factor *= least
		}
	}
	switch p {
	case scale:
		take(value)
	case transform:
		for i, t := range value {
			switch word(t) {
			case "scale(", "scalex(", "scaley(", "scale3d(":
				take(value[i+1:])
			}
		}
	}
	return factor
}

// filtered is what the functions of a filter leave of an element, of 1 (Filter Effects Module Level 1, 6).
func filtered(value []token) float64 {
	const unreadable = 8 // pixels of a blur
	left := 1.0
	for i, t := range value {
		list := numerals(value[i+1:])
		if len(list) == 0 {
			continue
		}
		switch word(t) {
		case "opacity(":
			left *= min(max(list[0].fraction().number, 0), 1)
		case "blur(":
			if list[0].length(ordinaryFont, 0) >= unreadable {
				left = 0
			}
		case "contrast(":
			if list[0].fraction().number < faint {
				left = 0
			}
		}
	}
	return left
}
