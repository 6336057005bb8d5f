package peers

import (
	"slices"
	"strings"
	"time"
)

// normalForm is one reason for which answers that look different are the same. Each is explained under its name in
// docs/imap-differences.md.
type normalForm struct {
	name  string
	apply func(x *diffExchange)
}

// normalForms are applied in this order.
var normalForms = []normalForm{
	{"capability", capabilityForm},
	{"identity", identityForm},
	{"name-form", nameForm},
	{"flag-order", flagForm},
	{"fetch-order", fetchForm},
	{"internaldate-zone", internalDateForm},
	{"encoding-case", encodingForm},
	{"uidvalidity", uidValidityForm},
	{"modseq-unasked", unaskedForm},
	{"modseq-step", modseqForm},
	{"number-sets", setForm},
	{"pair-order", pairForm},
	{"search-order", searchForm},
	{"news-order", newsForm},
	{"line-order", lineForm},
}

// written brings all exchanges of a dialogue into the common form and writes them.
func written(exchanges []*diffExchange, clock modseqClock) [][]string {
	lines := make([][]string, len(exchanges))
	for i, x := range exchanges {
		for _, form := range normalForms {
			form.apply(x)
		}
		for _, l := range x.lines {
			lines[i] = append(lines[i], show(l.values, func(v imapValue) string { return clock.of(l.mailbox, v) }))
		}
	}
	return lines
}

// code is the response code of a line, nil if it has none.
func (l diffLine) code() *imapValue {
	if len(l.values) == 3 && l.values[2].kind == listValue && len(l.values[2].items) > 0 && slices.Contains([]string{"OK", "NO", "BAD", "BYE", "PREAUTH"}, l.values[1].text) {
		return &l.values[2]
	}
	return nil
}

func (l diffLine) hasCode(name string) bool {
	c := l.code()
	return c != nil && c.items[0].isAtom(name)
}

// capabilityForm: what a server offers is its own affair; that it says so is compared. After a login it may say so in a response of its
// own or in the code of the last.
func capabilityForm(x *diffExchange) {
	if last := len(x.lines) - 1; last == 1 && (x.command == "LOGIN" || x.command == "AUTHENTICATE") && x.lines[0].kind() == "CAPABILITY" {
		x.lines = x.lines[1:]
		x.lines[0].values = append(x.lines[0].values, listOf(atomOf("CAPABILITY")))
	}
	for _, l := range x.lines {
		switch {
		case l.kind() == "CAPABILITY":
			l.values[1].text = "CAPABILITY …"
			clear(l.values[2:])
		case l.hasCode("CAPABILITY"):
			l.code().items = l.code().items[:1]
		}
	}
	for i, l := range x.lines {
		if l.kind() == "CAPABILITY …" {
			x.lines[i].values = l.values[:2]
		}
	}
}

// identityForm: who a server is, which charsets it knows.
func identityForm(x *diffExchange) {
	for i, l := range x.lines {
		switch {
		case l.kind() == "ID":
			x.lines[i].values = l.values[:2]
		case l.hasCode("BADCHARSET"):
			l.code().items = l.code().items[:1]
		}
	}
}

// nameForm: a mailbox's name may be an atom or a string (RFC 9051, astring), and INBOX has no case.
func nameForm(x *diffExchange) {
	for _, l := range x.lines {
		at := 0
		switch l.kind() {
		case "LIST", "LSUB", "XLIST":
			at = 4
		case "STATUS", "QUOTAROOT", "QUOTA":
			at = 2
		}
		if at == 0 || at >= len(l.values) || l.values[at].kind == listValue {
			continue
		}
		l.values[at].kind = stringValue
		for _, v := range l.values[at+1:] { // the names of LIST's extended data are strings of any form too
			for j := 0; j < len(v.items); j += 2 {
				v.items[j].kind = atomValue
			}
		}
		if strings.EqualFold(l.values[at].text, "INBOX") {
			l.values[at].text = "INBOX"
		}
	}
}

// flagForm: flags are a set, and those of the standard have no case (RFC 9051, 2.3.2).
func flagForm(x *diffExchange) {
	for _, l := range x.lines {
		switch kind := l.kind(); {
		case kind == "FLAGS" && len(l.values) == 3, kind == "LIST" && len(l.values) > 2, kind == "LSUB" && len(l.values) > 2, kind == "XLIST" && len(l.values) > 2:
			sortFlags(l.values[2].items)
		case kind == "FETCH" && len(l.values) == 4:
			for i := 0; i+1 < len(l.values[3].items); i += 2 {
				if l.values[3].items[i].isAtom("FLAGS") {
					sortFlags(l.values[3].items[i+1].items)
				}
			}
		case l.hasCode("PERMANENTFLAGS") && len(l.code().items) == 2:
			sortFlags(l.code().items[1].items)
		}
	}
}

func sortFlags(flags []imapValue) {
	for i := range flags {
		if strings.HasPrefix(flags[i].text, `\`) {
			flags[i].text = strings.ToLower(flags[i].text)
		}
	}
	sortValues(flags)
}

// fetchForm: the items of a FETCH have no order, and a section's field names no case.
func fetchForm(x *diffExchange) {
	for _, l := range x.lines {
		if l.kind() != "FETCH" || len(l.values) != 4 || len(l.values[3].items)%2 != 0 {
			continue
		}
		items := l.values[3].items
		for i := 0; i < len(items); i += 2 {
			items[i].text = sectionForm(items[i].text)
		}
		sortPairs(items)
	}
}

// sectionForm writes BODY[HEADER.FIELDS ("from" To)] as BODY[HEADER.FIELDS (FROM TO)].
func sectionForm(name string) string { return strings.ToUpper(strings.ReplaceAll(name, `"`, "")) }

// sortPairs orders names with their values by name; a list that begins alike twice stays in its order.
func sortPairs(items []imapValue) {
	var pairs [][2]imapValue
	for i := 0; i+1 < len(items); i += 2 {
		pairs = append(pairs, [2]imapValue{items[i], items[i+1]})
	}
	slices.SortStableFunc(pairs, func(a, b [2]imapValue) int {
		return strings.Compare(strings.ToUpper(a[0].text), strings.ToUpper(b[0].text))
	})
	for i, p := range pairs {
		items[2*i], items[2*i+1] = p[0], p[1]
		items[2*i].glued = false
	}
}

// internalDateForm: the zone is the server's choice, the moment is not (RFC 9051, 2.3.3). Two servers are not given a message
// within the same second.
func internalDateForm(x *diffExchange) {
	x.eachFetchItem(func(l *diffLine, name string, value *imapValue) {
		if name != "INTERNALDATE" && name != "SAVEDATE" {
			return
		}
		if date, err := time.Parse("_2-Jan-2006 15:04:05 -0700", value.text); err == nil {
			value.text = date.UTC().Format(time.RFC3339)
			if time.Since(date).Abs() < time.Hour {
				value.text = "now"
			}
		}
	})
}

// encodingForm: the names of transfer encodings have no case (RFC 2045, 6.1), and we write them in lower case, which some clients want.
func encodingForm(x *diffExchange) {
	var lower func(v *imapValue)
	lower = func(v *imapValue) {
		for i := range v.items {
			lower(&v.items[i])
		}
		switch text := strings.ToLower(v.text); text {
		case "7bit", "8bit", "binary", "base64", "quoted-printable":
			v.text = text
		}
	}
	x.eachFetchItem(func(_ *diffLine, name string, value *imapValue) {
		if name == "BODY" || name == "BODYSTRUCTURE" {
			lower(value)
		}
	})
}

func (x *diffExchange) eachFetchItem(f func(l *diffLine, name string, value *imapValue)) {
	for i := range x.lines {
		l := &x.lines[i]
		if l.kind() != "FETCH" || len(l.values) != 4 {
			continue
		}
		for j := 0; j+1 < len(l.values[3].items); j += 2 {
			f(l, strings.ToUpper(l.values[3].items[j].text), &l.values[3].items[j+1])
		}
	}
}

// uidValidityForm: UIDVALIDITY is any number (RFC 9051, 2.3.1.1).
func uidValidityForm(x *diffExchange) {
	for _, l := range x.lines {
		if c := l.code(); c != nil && len(c.items) > 1 && slices.Contains([]string{"UIDVALIDITY", "APPENDUID", "COPYUID"}, strings.ToUpper(c.items[0].text)) {
			c.items[1].text = "V"
		}
		if l.kind() == "STATUS" && len(l.values) == 4 {
			for i := 0; i+1 < len(l.values[3].items); i += 2 {
				if l.values[3].items[i].isAtom("UIDVALIDITY") {
					l.values[3].items[i+1].text = "V"
				}
			}
		}
	}
}

// setForm: a set of numbers can be written in many ways (RFC 9051, sequence-set). In COPYUID the two sets belong together.
func setForm(x *diffExchange) {
	for _, l := range x.lines {
		switch {
		case l.kind() == "VANISHED":
			sortSet(&l.values[len(l.values)-1])
		case l.kind() == "ESEARCH":
			for i := 2; i+1 < len(l.values); i++ {
				if l.values[i].isAtom("ALL") || l.values[i].isAtom("PARTIAL") {
					sortSet(&l.values[i+1])
				}
			}
		case l.hasCode("MODIFIED") && len(l.code().items) == 2:
			sortSet(&l.code().items[1])
		case l.hasCode("APPENDUID") && len(l.code().items) == 3:
			sortSet(&l.code().items[2])
		case l.hasCode("COPYUID") && len(l.code().items) == 4:
			copyForm(&l.code().items[2], &l.code().items[3])
		}
	}
}

func sortSet(v *imapValue) {
	if numbers, ok := parseSet(v.text); ok {
		slices.Sort(numbers)
		v.text = formatSet(slices.Compact(numbers))
	}
}

func copyForm(from, to *imapValue) {
	a, ok1 := parseSet(from.text)
	b, ok2 := parseSet(to.text)
	if !ok1 || !ok2 || len(a) != len(b) {
		return
	}
	order := make([]int, len(a))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return int(a[i]) - int(a[j]) })
	var froms, tos []uint64
	for _, i := range order {
		froms, tos = append(froms, a[i]), append(tos, b[i])
	}
	from.text, to.text = formatSet(froms), formatSet(tos)
}
