package sight

import (
	"slices"
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

const maxConditions = 16 // parentheses within each other

// appliesToScreen evaluates a list of media queries for a screen of ordinary width with light colours
// (Media Queries Level 4).
func appliesToScreen(list []token) bool {
	if len(trim(list)) == 0 {
		return true
	}
	open, from := 0, 0
	for i, t := range list {
		if open += depth(t.kind); t.kind != css.CommaToken || open > 0 {
			continue
		}
		if mediaQuery(list[from:i]) {
			return true
		}
		from = i + 1
	}
	return mediaQuery(list[from:])
}

// mediaQuery evaluates a type of media with conditions, or conditions alone.
func mediaQuery(list []token) bool {
	list = trim(list)
	negated := false
	if len(list) > 0 && list[0].kind == css.IdentToken && (word(list[0]) != "not" || len(trim(list[1:])) > 0 && trim(list[1:])[0].kind == css.IdentToken) {
		switch word(list[0]) {
		case "not":
			negated, list = true, trim(list[1:])
		case "only":
			list = trim(list[1:])
		}
		if len(list) == 0 {
			return false
		}
		if kind := word(list[0]); kind != "all" && kind != "screen" {
			return negated
		}
		if list = trim(list[1:]); len(list) == 0 {
			return !negated
		}
		if word(list[0]) != "and" {
			return false
		}
		list = trim(list[1:])
	}
	result, known := mediaConditions(list, 0)
	return known && result != negated
}

// mediaConditions evaluates conditions in parentheses that "and", "or" and "not" join. What is not known is neither true
// nor false.
func mediaConditions(list []token, nested int) (result, known bool) {
	if nested == maxConditions {
		return false, false
	}
	result, known = true, true
	joined, negated := "and", false
	for list = trim(list); len(list) > 0; list = trim(list) {
		t := list[0]
		if w := word(t); t.kind == css.IdentToken && (w == "and" || w == "or" || w == "not") {
			if list = list[1:]; w == "not" {
				negated = true
			} else {
				joined = w
			}
			continue
		}
		if t.kind != css.LeftParenthesisToken {
			return false, false
		}
		end := closing(list)
		one, sure := mediaCondition(trim(list[1:end]), nested+1)
		one, negated = one != negated, false
		switch {
		case joined == "and":
			known = known && sure || known && !result || sure && !one
			result = result && one
		default:
			known = known && sure || known && result || sure && one
			result = result || one
		}
		list = list[min(end+1, len(list)):]
	}
	return result, known
}

// closing gives the place of the parenthesis that closes the first one, or the end.
func closing(list []token) int {
	open := 0
	for i, t := range list {
		if open += depth(t.kind); open == 0 {
			return i
		}
	}
	return len(list)
}

func mediaCondition(list []token, nested int) (result, known bool) {
	if len(list) == 0 {
		return false, false
	}
	if list[0].kind == css.LeftParenthesisToken || word(list[0]) == "not" {
		return mediaConditions(list, nested)
	}
	if at := slices.IndexFunc(list, isComparison); at >= 0 {
		return mediaRange(list, at)
	}
	name := strings.TrimPrefix(word(list[0]), "-webkit-")
	value := trim(list[1:])
	if len(value) > 0 && value[0].kind == css.ColonToken {
		value = computed(trim(value[1:]))
	}
	if len(value) == 0 {
		_, words := mediaWords[name]
		_, number := mediaNumbers[name]
		return mediaAlone[name], words || number || mediaAlone[name]
	}
	if short, ok := strings.CutPrefix(name, "min-"); ok {
		return compareFeature(short, ">=", value)
	}
	if short, ok := strings.CutPrefix(name, "max-"); ok {
		return compareFeature(short, "<=", value)
	}
	if want, ok := mediaWords[name]; ok {
		return word(value[0]) == want, true
	}
	return compareFeature(name, "=", value)
}

// mediaAlone are the features that are there.
var mediaAlone = map[string]bool{"color": true, "hover": true, "any-hover": true, "pointer": true, "any-pointer": true, "width": true, "height": true, "resolution": true, "aspect-ratio": true, "update": true,
	"overflow-block": true, "overflow-inline": true, "color-gamut": true, "device-pixel-ratio": true, "device-width": true, "device-height": true}

// mediaWords are the features whose values are words, with the ordinary ones.
var mediaWords = map[string]string{"prefers-color-scheme": "light", "orientation": "landscape", "hover": "hover", "any-hover": "hover", "pointer": "fine", "any-pointer": "fine", "scripting": "none",
	"prefers-reduced-motion": "no-preference", "prefers-contrast": "no-preference", "prefers-reduced-transparency": "no-preference", "prefers-reduced-data": "no-preference", "forced-colors": "none",
	"inverted-colors": "none", "update": "fast", "display-mode": "browser", "color-gamut": "srgb", "dynamic-range": "standard", "scan": "progressive", "overflow-block": "scroll", "overflow-inline": "scroll"}

// mediaNumbers are the features whose values are numbers, with the ordinary ones: lengths in pixels, resolutions in dots
// for each.
var mediaNumbers = map[string]float64{"width": ordinaryWidth, "device-width": ordinaryWidth, "height": ordinaryHeight, "device-height": ordinaryHeight, "aspect-ratio": ordinaryWidth / ordinaryHeight,
	"device-aspect-ratio": ordinaryWidth / ordinaryHeight, "color": 8, "monochrome": 0, "grid": 0, "resolution": 1, "device-pixel-ratio": 1, "color-index": 0}

func isComparison(t token) bool {
	return t.kind == css.DelimToken && (t.text == "<" || t.text == ">" || t.text == "=")
}

// mediaRange evaluates "width >= 300px" and "300px < width < 50em"; at is the place of the first sign.
func mediaRange(list []token, at int) (result, known bool) {
	left, sign, list := trim(list[:at]), list[at].text, list[at+1:]
	if len(list) > 0 && list[0].text == "=" && sign != "=" {
		sign, list = sign+"=", list[1:]
	}
	next := slices.IndexFunc(list, isComparison)
	right := list
	if next >= 0 {
		right = list[:next]
	}
	right = trim(right)
	if len(left) == 0 || len(right) == 0 {
		return false, false
	}
	if left[0].kind == css.IdentToken {
		return compareFeature(word(left[0]), sign, computed(right))
	}
	if result, known = compareFeature(word(right[0]), turned(sign), computed(left)); !known || next < 0 {
		return result, known
	}
	rest, sure := mediaRange(append(slices.Clone(right), list[next:]...), len(right))
	return result && rest, sure
}

// turned is a sign for its sides exchanged.
func turned(sign string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '<':
			return '>'
		case '>':
			return '<'
		}
		return r
	}, sign)
}

// compareFeature compares what an ordinary screen has with a value.
func compareFeature(name, sign string, value []token) (result, known bool) {
	has, known := mediaNumbers[name]
	var d declaration
	if !known || !d.numeral(value[0]) && !d.resolution(value[0]) {
		return false, false
	}
	want := d.number
	if !strings.HasSuffix(name, "ratio") && d.unit != "dots" {
		want = d.length(ordinaryFont, 0)
	}
	if rest := trim(value[1:]); len(rest) > 0 && rest[0].text == "/" { // of an aspect
		if below := (declaration{}); len(trim(rest[1:])) > 0 && below.numeral(trim(rest[1:])[0]) {
			want /= below.number
		}
	}
	switch sign {
	case "<":
		return has < want, true
	case "<=":
		return has <= want, true
	case ">":
		return has > want, true
	case ">=":
		return has >= want, true
	}
	return has == want, true
}

// dots are the units of resolution, in dots for each pixel.
var dots = map[string]float64{"dppx": 1, "x": 1, "dpi": 1.0 / 96, "dpcm": 2.54 / 96}

// resolution takes a number with a unit of resolution.
func (d *declaration) resolution(t token) bool {
	unit := strings.TrimLeft(strings.ToLower(t.text), "0123456789.+-")
	each, known := dots[unit]
	number := declaration{}
	if t.kind != css.DimensionToken || !known || !number.numeral(token{css.NumberToken, t.text[:len(t.text)-len(unit)]}) {
		return false
	}
	d.number, d.unit = number.number*each, "dots"
	return true
}
