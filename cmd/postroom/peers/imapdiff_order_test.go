package peers

import (
	"slices"
	"strconv"
	"strings"
)

// lineForm: the lines of a list of mailboxes have no order, and neither have those that describe a selected mailbox.
func lineForm(x *diffExchange) {
	selecting := x.command == "SELECT" || x.command == "EXAMINE"
	var sorted, rest []diffLine
	for _, l := range x.lines {
		switch kind := l.kind(); {
		case kind == "LIST", kind == "LSUB", kind == "XLIST", kind == "STATUS", selecting && kind == "OK", selecting && kind == "EXISTS", selecting && kind == "RECENT":
			sorted = append(sorted, l)
		default:
			rest = append(rest, l)
		}
	}
	slices.SortStableFunc(sorted, func(a, b diffLine) int { return strings.Compare(plainly(a.values), plainly(b.values)) })
	x.lines = append(sorted, rest...)
}

// newsForm: what is told of the selected mailbox comes in any order, as long as the numbers fit: an EXPUNGE changes the numbers of
// what is told after it (RFC 9051, 7.5.1). News become, in this order: the flags that there are, one FETCH for each message by the number
// that it had before, one EXPUNGE with all numbers, VANISHED, and EXISTS and RECENT as they are in the end.
func newsForm(x *diffExchange) {
	var n news
	var rest []diffLine
	for _, l := range x.lines {
		if !n.take(l) {
			rest = append(rest, l)
		}
	}
	x.lines = append(n.lines(), rest...)
}

// news are the lines of one answer that tell of the selected mailbox.
type news struct {
	flags, fetches, vanished, counts []diffLine
	gone                             []uint64 // numbers before the first EXPUNGE, ascending
	lost                             []uint64 // for each of counts, how many messages were gone when it was told
	away                             uint64   // messages that are gone
	mailbox                          string
}

// take reports whether a line was one of them.
func (n *news) take(l diffLine) bool {
	switch kind := l.kind(); {
	case kind == "FLAGS", l.hasCode("PERMANENTFLAGS"):
		n.flags = append(n.flags, l)
	case kind == "FETCH":
		l.values[1].text = strconv.FormatUint(n.before(number(l.values[1])), 10)
		n.fetched(l)
	case kind == "EXPUNGE":
		number := n.before(number(l.values[1]))
		at, _ := slices.BinarySearch(n.gone, number)
		n.gone = slices.Insert(n.gone, at, number)
		n.away++
	case kind == "VANISHED":
		n.vanished = append(n.vanished, l)
		if uids, ok := parseSet(l.values[len(l.values)-1].text); ok && len(l.values) == 3 {
			n.away += uint64(len(uids))
		}
	case kind == "EXISTS", kind == "RECENT":
		n.counts, n.lost = append(n.counts, l), append(n.lost, n.away)
	default:
		return false
	}
	n.mailbox = l.mailbox
	return true
}

// before is the number that a message had before the first EXPUNGE.
func (n *news) before(number uint64) uint64 {
	for _, g := range n.gone {
		if g <= number {
			number++
		}
	}
	return number
}

// nameByUID puts the UID in the place of the number: after a VANISHED, which names UIDs, numbers have changed in ways that a line does
// not tell.
func (n *news) nameByUID() {
	for _, l := range n.fetches {
		if len(l.values) != 4 {
			continue
		}
		for j := 0; j+1 < len(l.values[3].items); j += 2 {
			if l.values[3].items[j].isAtom("UID") {
				l.values[1].text = l.values[3].items[j+1].text
			}
		}
	}
}

func (n *news) fetched(l diffLine) {
	for i := range n.fetches {
		if n.fetches[i].values[1].text == l.values[1].text {
			n.fetches[i].merge(l)
			return
		}
	}
	n.fetches = append(n.fetches, l)
}

func (n *news) lines() []diffLine {
	if n.away > uint64(len(n.gone)) {
		n.nameByUID()
	}
	slices.SortStableFunc(n.fetches, func(a, b diffLine) int { return int(number(a.values[1])) - int(number(b.values[1])) })
	lines := append(n.flags, n.fetches...)
	if len(n.gone) > 0 {
		lines = append(lines, diffLine{mailbox: n.mailbox, values: []imapValue{atomOf("*"), atomOf("EXPUNGE"), atomOf(formatSet(n.gone))}})
	}
	lines = append(lines, n.vanished...)
	for i, l := range n.counts {
		if l.kind() == "EXISTS" {
			l.values[1].text = strconv.FormatUint(number(l.values[1])-(n.away-n.lost[i]), 10)
		}
		lines = append(lines, l)
	}
	return lines
}

// merge takes in what a later FETCH says; of what both say, the later holds.
func (l *diffLine) merge(later diffLine) {
	if len(l.values) != 4 || len(later.values) != 4 {
		return
	}
	items := l.values[3].items
	for j := 0; j+1 < len(later.values[3].items); j += 2 {
		item, value := later.values[3].items[j], later.values[3].items[j+1]
		if at := slices.IndexFunc(items, func(v imapValue) bool { return v.kind == atomValue && v.text == item.text }); at >= 0 && at%2 == 0 {
			items[at+1] = value
		} else {
			items = append(items, item, value)
		}
	}
	sortPairs(items)
	l.values[3].items = items
}

// searchForm: SEARCH answers a set (RFC 9051, 7.3.4); SORT answers a list.
func searchForm(x *diffExchange) {
	for _, l := range x.lines {
		if l.kind() != "SEARCH" {
			continue
		}
		numbers := l.values[2:]
		if n := len(numbers); n > 0 && numbers[n-1].kind == listValue {
			numbers = numbers[:n-1]
		}
		slices.SortFunc(numbers, func(a, b imapValue) int {
			m, _ := strconv.Atoi(a.text)
			n, _ := strconv.Atoi(b.text)
			return m - n
		})
	}
}

// pairForm: names with values have no order in STATUS, ESEARCH and ENABLED.
func pairForm(x *diffExchange) {
	for _, l := range x.lines {
		switch l.kind() {
		case "STATUS":
			if len(l.values) == 4 {
				sortPairs(l.values[3].items)
			}
		case "ENABLED":
			sortValues(l.values[2:])
		case "ESEARCH":
			at := 2
			for at < len(l.values) && (l.values[at].kind == listValue || l.values[at].isAtom("UID")) {
				at++
			}
			sortPairs(l.values[at:])
		}
	}
}
