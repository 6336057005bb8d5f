package message

import (
	"net/mail"
	"strconv"
	"strings"
	"time"
)

// parseDate reads a date (RFC 5322, 3.3), or what can be understood as one: without a day of the week, with dashes,
// in the order of asctime or ISO 8601, with a named or missing zone (then UTC). It gives zero for what is no date, for
// years before 1900, and for a year that JSON could not carry.
func parseDate(s string) time.Time {
	s = clean(s, 200)
	if s == "" {
		return time.Time{}
	}
	t, err := mail.ParseDate(s)
	if err != nil {
		t = guessDate(s)
	} else if name, offset := t.Zone(); offset == 0 && zones[strings.ToLower(name)] != 0 { // the library knows names of its own zone only
		t = t.Add(-time.Duration(zones[strings.ToLower(name)]) * time.Hour).In(time.FixedZone("", zones[strings.ToLower(name)]*3600))
	}
	if t.Year() < 1900 || t.Year() > 9998 {
		return time.Time{}
	}
	_, offset := t.Zone()
	if offset <= -24*3600 || offset >= 24*3600 {
		return t.UTC()
	}
	if offset == 0 {
		return t.UTC()
	}
	return t.In(time.FixedZone("", offset))
}

var months = map[string]time.Month{
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}

// zones are the names with one meaning in mail, in hours from UTC (RFC 5322, 4.3), and some that are common.
var zones = map[string]int{
	"ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
	"cet": 1, "cest": 2, "met": 1, "mest": 2, "wet": 0, "west": 1, "bst": 1, "eet": 2, "eest": 3, "msk": 3, "jst": 9, "kst": 9,
}

// guessed is what guessDate has found; -1 and an absent zone mean not yet.
type guessed struct {
	year, day   int
	month       time.Month
	clock       [3]int
	hasClock    bool
	afternoon   int // hours to add
	zone        int // seconds
	hasZone     bool
	numericZone bool
}

func guessDate(s string) time.Time {
	g := guessed{year: -1, day: -1}
	if iso, ok := guessISO(s); ok {
		return iso
	}
	if i := strings.IndexByte(s, '('); i > 0 {
		s = s[:i]
	}
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '/' }) {
		g.take(word)
	}
	if g.year < 0 || g.day < 1 || g.month == 0 {
		return time.Time{}
	}
	t := time.Date(g.year, g.month, g.day, g.clock[0]+g.afternoon, g.clock[1], g.clock[2], 0, time.FixedZone("", g.zone))
	if t.Day() != g.day { // the 31st of a month that has no such day
		return time.Time{}
	}
	return t
}

func guessISO(s string) (time.Time, bool) {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05Z07:00",
		"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// take puts one word of a date where it belongs.
func (g *guessed) take(word string) {
	lower := strings.ToLower(word)
	switch {
	case strings.Contains(word, ":"):
		g.takeClock(lower)
	case g.hasClock && len(word) == 5 && (word[0] == '+' || word[0] == '-'):
		g.takeZone(word)
	case len(word) > 3 && strings.Count(word, "-") == 2: // 01-Jan-2003
		for part := range strings.SplitSeq(word, "-") {
			g.take(part)
		}
	case word[0] >= '0' && word[0] <= '9':
		g.takeNumber(strings.TrimRight(lower, ".stndrh"))
	case lower == "pm" && g.hasClock && g.clock[0] < 12:
		g.afternoon = 12
	case lower == "am" && g.hasClock && g.clock[0] == 12:
		g.afternoon = -12
	case len(lower) >= 3 && g.month == 0 && months[lower[:3]] != 0:
		g.month = months[lower[:3]]
	case g.hasClock && !g.hasZone:
		if hours, ok := zones[strings.Trim(lower, ".")]; ok {
			g.zone, g.hasZone = hours*3600, true
		}
	}
}

func (g *guessed) takeClock(word string) {
	if g.hasClock {
		return
	}
	if i := strings.IndexAny(word, "+-"); i > 0 { // a zone that touches the time
		defer g.take(word[i:])
		word = word[:i]
	}
	if digits, ok := strings.CutSuffix(word, "pm"); ok {
		defer g.take("pm")
		word = digits
	} else if digits, ok := strings.CutSuffix(word, "am"); ok {
		defer g.take("am")
		word = digits
	}
	var clock [3]int
	for i, part := range strings.SplitN(word, ":", 3) {
		part, _, _ = strings.Cut(part, ".")
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || n > 60 || i == 0 && n > 24 {
			return
		}
		clock[i] = n
	}
	g.clock, g.hasClock = clock, true
}

func (g *guessed) takeZone(word string) {
	n, err := strconv.Atoi(word[1:])
	if err != nil || g.numericZone || n/100 > 14 {
		return
	}
	g.zone = (n/100*60 + n%100) * 60
	if word[0] == '-' {
		g.zone = -g.zone
	}
	g.hasZone, g.numericZone = true, true
}

func (g *guessed) takeNumber(word string) {
	n, err := strconv.Atoi(word)
	switch {
	case err != nil:
	case len(word) <= 2 && g.day < 0 && n >= 1 && n <= 31:
		g.day = n
	case g.year >= 0:
	case len(word) == 4:
		g.year = n
	case len(word) == 2 && n < 50: // RFC 5322, 4.3
		g.year = 2000 + n
	case len(word) == 2 || len(word) == 3:
		g.year = 1900 + n
	}
}
