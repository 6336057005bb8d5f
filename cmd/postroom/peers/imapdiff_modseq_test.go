package peers

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// modseqClock is HIGHESTMODSEQ of INBOX after each step of a dialogue. Two servers count differently; during which step a message
// changed is what they must agree on. An empty clock shows all mod-sequences alike.
type modseqClock []uint64

// of shows a mod-sequence by the step that made it.
func (c modseqClock) of(mailbox string, v imapValue) string {
	n, err := strconv.ParseUint(v.text, 10, 64)
	switch {
	case err != nil:
		return v.text
	case n == 0:
		return "0"
	case len(c) == 0 || !strings.EqualFold(mailbox, "INBOX"):
		return "modseq"
	}
	at := slices.IndexFunc(c, func(highest uint64) bool { return highest >= n })
	if at < 0 {
		return "a modseq of the future"
	}
	return fmt.Sprintf("modseq of step %d", at+1)
}

// modseqForm marks mod-sequences, so that they are shown by their step.
func modseqForm(x *diffExchange) {
	x.eachFetchItem(func(l *diffLine, name string, value *imapValue) {
		if name == "MODSEQ" && len(value.items) == 1 {
			value.items[0].kind = modseqValue
		}
	})
	for i := range x.lines {
		l := &x.lines[i]
		switch {
		case l.hasCode("HIGHESTMODSEQ") && len(l.code().items) == 2:
			l.code().items[1].kind = modseqValue
		case l.kind() == "STATUS" && len(l.values) == 4:
			l.mailbox = l.values[2].text
			for j := 0; j+1 < len(l.values[3].items); j += 2 {
				if l.values[3].items[j].isAtom("HIGHESTMODSEQ") {
					l.values[3].items[j+1].kind = modseqValue
				}
			}
		case l.kind() == "SEARCH" || l.kind() == "SORT":
			if n := len(l.values); l.values[n-1].kind == listValue && len(l.values[n-1].items) == 2 {
				l.values[n-1].items[1].kind = modseqValue
			}
		case l.kind() == "ESEARCH":
			for j := 2; j+1 < len(l.values); j++ {
				if l.values[j].isAtom("MODSEQ") {
					l.values[j+1].kind = modseqValue
				}
			}
		}
	}
}

// unaskedForm: MODSEQ may come with each FETCH once CONDSTORE is on. In the answer to a FETCH that did not ask for it and marks
// nothing as seen it is left out.
func unaskedForm(x *diffExchange) {
	text := strings.ToUpper(x.step.text)
	if x.command != "FETCH" || strings.Contains(text, "MODSEQ") || strings.Contains(text, "CHANGEDSINCE") || marksSeen.MatchString(text) {
		return
	}
	for i := range x.lines {
		l := &x.lines[i]
		if l.kind() != "FETCH" || len(l.values) != 4 {
			continue
		}
		items := l.values[3].items
		for j := len(items) - 2; j >= 0; j -= 2 {
			if items[j].isAtom("MODSEQ") && len(items) > 2 {
				items = slices.Delete(items, j, j+2)
			}
		}
		l.values[3].items = items
	}
}

var marksSeen = regexp.MustCompile(`(BODY|BINARY)\[|RFC822(\.TEXT)?[ )]`)
