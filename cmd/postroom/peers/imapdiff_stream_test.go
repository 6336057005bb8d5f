package peers

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// streamMaker makes dialogues by chance. The same seed makes the same dialogue; what a server answers changes nothing in it.
type streamMaker struct {
	r     *rand.Rand
	steps []diffStep
	marks int
	dated bool // each message has a Date
	sized bool // the command has a size already: Dovecot 2.3 joins two of them, also where OR or NOT stands before them
}

// diffStreams are the kinds of streams, by name.
var diffStreams = []struct {
	name string
	make func(m *streamMaker)
}{
	{"fetch", (*streamMaker).fetches},
	{"search", (*streamMaker).searches},
	{"change", func(m *streamMaker) { m.changes("SELECT INBOX") }},
	{"condstore", func(m *streamMaker) { m.changes("SELECT INBOX (CONDSTORE)") }},
	{"qresync", (*streamMaker).qresyncChanges},
	{"name", (*streamMaker).names},
}

func diffStream(kind int, seed uint64) diffDialogue {
	m := &streamMaker{r: rand.New(rand.NewPCG(seed, uint64(kind)))}
	diffStreams[kind].make(m)
	return diffDialogue{title: fmt.Sprintf("%s/seed_%d", diffStreams[kind].name, seed), steps: m.steps}
}

func (m *streamMaker) say(session, format string, args ...any) {
	m.steps = append(m.steps, diffStep{session: session, text: fmt.Sprintf(format, args...)})
}

func (m *streamMaker) silent(format string, args ...any) {
	m.steps = append(m.steps, diffStep{text: fmt.Sprintf(format, args...)})
}

// one picks one of several; some makes a list of a few, each once.
func (m *streamMaker) one(of ...string) string { return of[m.r.IntN(len(of))] }

func (m *streamMaker) some(most int, of ...string) string {
	var list []string
	for range 1 + m.r.IntN(most) {
		if one := m.one(of...); !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return strings.Join(list, " ")
}

// chance is true so many times in a hundred.
func (m *streamMaker) chance(percent int) bool { return m.r.IntN(100) < percent }

// set is a set of numbers up to top, which may be more than there are.
func (m *streamMaker) set(top int) string {
	number := func() string { return fmt.Sprint(1 + m.r.IntN(top)) }
	var parts []string
	for range 1 + m.r.IntN(3) {
		part := number()
		if m.chance(50) {
			part += ":" + number()
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}

// narrow is a set of few numbers.
func (m *streamMaker) narrow(top int) string {
	first := 1 + m.r.IntN(top)
	switch m.r.IntN(3) {
	case 0:
		return fmt.Sprint(first)
	case 1:
		return fmt.Sprintf("%d:%d", first, first+m.r.IntN(4))
	}
	return fmt.Sprintf("%d,%d", first, 1+m.r.IntN(top))
}

const streamFetches, streamSearches, streamChanges, streamNames = 120, 150, 90, 70

func (m *streamMaker) fetches() {
	box, top, depth := "small", 15, 1
	if m.chance(60) {
		box, top, depth = "corpus", 110, 1
	}
	m.silent("fill INBOX %s", box)
	m.say("A", "EXAMINE INBOX")
	for range streamFetches {
		var items []string
		for range 1 + m.r.IntN(3) {
			if item := m.fetchItem(depth); !slices.Contains(items, item) { // Dovecot answers twice what is asked twice
				items = append(items, item)
			}
		}
		uid := m.one("", "", "UID ")
		m.say("A", "%sFETCH %s (%s)", uid, m.narrow(top), strings.Join(items, " "))
	}
}

// fetchItem asks for a part at most so deep; Dovecot gives a part that is no multipart for a part within it.
func (m *streamMaker) fetchItem(depth int) string {
	if m.chance(25) {
		return m.one("UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE", "BODY", "RFC822.HEADER", "RFC822.TEXT", "RFC822")
	}
	var section []string
	for range m.r.IntN(depth + 1) {
		section = append(section, fmt.Sprint(1+m.r.IntN(3)))
	}
	last := m.one("", "HEADER", "TEXT", "MIME", "HEADER.FIELDS ("+m.fields()+")", "HEADER.FIELDS.NOT ("+m.fields()+")")
	if last == "MIME" && len(section) == 0 {
		last = ""
	}
	if last != "" {
		section = append(section, last)
	}
	item := "BODY.PEEK[" + strings.Join(section, ".") + "]"
	if m.chance(40) && !strings.HasPrefix(last, "HEADER.FIELDS") { // between CR and LF of fields, Dovecot 2.3 is off by one
		item += fmt.Sprintf("<%d.%d>", m.r.IntN(300), 1+m.r.IntN(300))
	}
	return item
}

func (m *streamMaker) fields() string {
	return m.some(3, "Subject", "FROM", "to", `"Date"`, "Message-ID", "Content-Type", "Received", "X-None", "MIME-Version")
}

func (m *streamMaker) searches() {
	box, top := m.one("many", "small", "thread", "corpus"), 60
	m.silent("fill INBOX %s", box)
	m.say("A", "SELECT INBOX")
	m.dated = box == "many" || box == "thread"
	for range streamSearches {
		uid := m.one("", "", "UID ")
		m.sized = false
		key := m.searchKeys(top, 2)
		switch m.r.IntN(10) {
		case 0:
			m.say("A", "%sSORT (%s) UTF-8 %s", uid, m.sortKey(), key)
		case 1:
			if !m.dated {
				continue
			}
			m.say("A", "%sTHREAD REFERENCES UTF-8 %s", uid, key) // ORDEREDSUBJECT sorts by a text
		case 2:
			m.say("A", "%sSEARCH RETURN (%s) %s", uid, m.some(3, "MIN", "MAX", "COUNT", "ALL"), key)
		case 3:
			m.say("A", "%sSEARCH RETURN (SAVE%s) %s", uid, m.one("", "", " COUNT", " ALL", " MIN", " MIN MAX"), key)
			m.say("A", "%sSEARCH %s", uid, m.one("$", "NOT $", "$ SEEN", "UID $", "OR $ FLAGGED"))
		default:
			m.say("A", "%sSEARCH %s", uid, key)
		}
	}
}

// sortKey is one that is no text: how Dovecot 2.3 orders messages of equal text depends on what it has sorted before. Texts are for
// dialogues.
func (m *streamMaker) sortKey() string {
	return m.one("", "", "REVERSE ") + m.one("ARRIVAL", "DATE", "SIZE")
}

func (m *streamMaker) searchKeys(top, depth int) string {
	var keys []string
	for range 1 + m.r.IntN(2) {
		keys = append(keys, m.searchKey(top, depth))
	}
	return strings.Join(keys, " ")
}

func (m *streamMaker) searchKey(top, depth int) string {
	if depth > 0 {
		switch m.r.IntN(5) {
		case 0:
			return "NOT " + m.searchKey(top, depth-1)
		case 1:
			return "OR " + m.searchKey(top, depth-1) + " " + m.searchKey(top, depth-1)
		case 2:
			return "(" + m.searchKeys(top, depth-1) + ")"
		}
	}
	word := m.one("apple", "an", "Banana", "e", `"he "`, "example", "test", "forest", `"plain text"`, "inner", "multipart", "zzz")
	day := fmt.Sprintf("%d-%s-%d", 1+m.r.IntN(28), m.one("Jan", "Feb", "Mar", "Oct"), 2010+m.r.IntN(15))
	switch m.r.IntN(8) {
	case 0:
		return m.one("ALL", "ANSWERED", "DELETED", "DRAFT", "FLAGGED", "SEEN", "RECENT", "NEW", "OLD", "UNANSWERED", "UNDELETED", "UNDRAFT", "UNFLAGGED", "UNSEEN")
	case 1:
		return m.one("KEYWORD", "UNKEYWORD") + " " + m.one("$work", "later")
	case 2:
		return m.set(top)
	case 3:
		return "UID " + m.set(top)
	case 4:
		if !m.dated {
			return m.one("SINCE", "BEFORE", "ON") + " " + day
		}
		return m.one("SINCE", "BEFORE", "ON", "SENTSINCE", "SENTBEFORE", "SENTON") + " " + day
	case 5:
		if m.sized {
			return "ALL"
		}
		m.sized = true
		return m.one("LARGER", "SMALLER") + fmt.Sprint(" ", m.r.IntN(3000))
	case 6:
		return m.one("SUBJECT", "FROM", "TO", "CC", "BCC", "HEADER Message-ID", "HEADER Content-Type", "HEADER X-None") + " " + word
	}
	return m.one("BODY", "TEXT") + " " + word
}
