package peers

import "fmt"

// changes has two or three sessions that change one mailbox and look at it.
func (m *streamMaker) changes(selecting string) {
	m.silent("fill INBOX %s", m.one("many", "small", "thread"))
	for _, s := range []string{"A", "B"} {
		m.say(s, "%s", selecting)
	}
	m.say("A", `STORE 1:* +FLAGS.SILENT (one two $three)`) // so that none of them is new
	m.say("A", `STORE 1:* -FLAGS.SILENT (\Deleted one two $three)`)
	for range streamChanges {
		m.change(m.one("A", "A", "B", "B", "C"), selecting)
	}
	for _, s := range []string{"A", "B"} {
		m.say(s, "NOOP")
		m.say(s, "UID FETCH 1:* (FLAGS)")
	}
}

// qresyncChanges is the same for sessions that have QRESYNC on, and one that has not.
func (m *streamMaker) qresyncChanges() {
	m.say("A", "ENABLE QRESYNC")
	m.say("B", "ENABLE %s", m.one("QRESYNC", "CONDSTORE", "CONDSTORE QRESYNC"))
	m.changes("SELECT INBOX")
}

const changeTop = 20 // most commands are about the first messages, so that they meet

// change is one command. Before most of them the session hears what the others did: what a command does to messages that are gone, or
// new and not yet told, is for dialogues to say, since servers may choose (RFC 2180).
func (m *streamMaker) change(s, selecting string) {
	uid := m.one("", "UID ")
	kind := m.r.IntN(20)
	if kind < 9 || kind > 12 && kind != 17 {
		m.say(s, "NOOP")
	}
	switch kind {
	case 0, 1, 2, 3:
		m.say(s, "%sSTORE %s %s%s%s (%s)", uid, m.narrow(changeTop), m.unchangedSince(), m.one("+", "+", "-", ""), m.one("FLAGS", "FLAGS", "FLAGS.SILENT"), m.flags())
	case 4:
		m.say(s, `%sSTORE %s +FLAGS (\Deleted)`, uid, m.narrow(changeTop))
	case 5:
		m.say(s, "EXPUNGE")
	case 6:
		m.say(s, "UID EXPUNGE %s", m.set(2*changeTop))
	case 7:
		m.say(s, "%sMOVE %s %s", uid, m.narrow(changeTop), m.one("Trash", "Archive", "Trash", "Nowhere", "INBOX"))
	case 8:
		m.say(s, "%sCOPY %s %s", uid, m.narrow(changeTop), m.one("Trash", "INBOX", "INBOX", "Nowhere"))
	case 9, 10:
		m.say(s, `APPEND INBOX (%s) {+"Subject: appended %d\r\n\r\nbody\r\n"}`, m.flags(), m.r.IntN(1000))
	case 11, 12:
		m.say(s, "%s", m.one("NOOP", "NOOP", "CHECK"))
	case 13:
		m.say(s, "%sFETCH %s (%s)", uid, m.narrow(changeTop), m.one("FLAGS", "UID FLAGS", "UID", "BODY[TEXT]", "FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)]"))
	case 14:
		m.say(s, "%sSEARCH %s", uid, m.one("ALL", "SEEN", "DELETED", "KEYWORD one", "UNSEEN", "1:5", "UID 1:5"))
	case 15:
		m.say(s, "STATUS %s (MESSAGES UIDNEXT UNSEEN)", m.one("Trash", "Archive"))
	case 16:
		if m.chance(70) {
			m.say(s, "NOOP")
			return
		}
		m.say(s, "%s", m.one("UNSELECT", "CLOSE", "SELECT Trash"))
		m.say(s, "%s", selecting)
	case 17:
		m.marks++
		m.silent("mark m%d INBOX", m.marks)
	default:
		if m.marks == 0 || selecting == "SELECT INBOX" && m.chance(50) {
			m.say(s, "NOOP")
			return
		}
		m.say(s, "%sFETCH 1:* (FLAGS) (CHANGEDSINCE $m%d)", uid, m.aMark())
	}
}

func (m *streamMaker) aMark() int { return 1 + m.r.IntN(m.marks) }

func (m *streamMaker) unchangedSince() string {
	if m.marks == 0 || m.chance(75) {
		return ""
	}
	return fmt.Sprintf("(UNCHANGEDSINCE $m%d) ", m.aMark())
}

func (m *streamMaker) flags() string {
	return m.some(3, `\Seen`, `\Flagged`, `\Answered`, `\Draft`, `\Deleted`, "one", "two", "$three")
}

// names has mailboxes made, renamed, subscribed, listed and deleted.
func (m *streamMaker) names() {
	name := func() string {
		n := m.one("a", "b", "c", "d")
		for range m.r.IntN(3) {
			n += "/" + m.one("a", "b", "c")
		}
		return n
	}
	for i := range streamNames {
		switch m.r.IntN(12) {
		case 0, 1, 2, 3:
			m.say("A", "CREATE %s", name())
		case 4:
			m.say("A", "DELETE %s/%s/%s", m.one("a", "b", "c", "d"), m.one("a", "b", "c"), m.one("a", "b", "c")) // with children, Dovecot half forgets it
		case 5:
			m.say("A", "RENAME %s %s", name(), m.one(name()+"/", "", "")+fmt.Sprint("new", i)) // never to one that is there
		case 6:
			m.say("A", "%s %s", m.one("SUBSCRIBE", "UNSUBSCRIBE"), name())
		case 7:
			m.say("A", `LSUB "" %s`, m.one(`"*"`, `"%"`, `"a/*"`, `"%/%"`))
		case 8:
			m.say("A", `LIST %s "" %s RETURN (%s)`, m.one("()", "(SUBSCRIBED)"), m.one(`"*"`, `"%"`, `"a/%"`), m.one("CHILDREN", "SUBSCRIBED"))
			m.say("A", `LIST (SUBSCRIBED RECURSIVEMATCH) "" %s RETURN (%s)`, m.one(`"%"`, `"a/%"`), m.one("CHILDREN", "SUBSCRIBED"))
		case 9:
			m.say("A", "STATUS %s (MESSAGES UIDNEXT)", name())
		default:
			m.say("A", `LIST "%s" %s`, m.one("", "", "a/", "b/"), m.one(`"*"`, `"%"`, `"%/%"`, `"*a"`, `"a*"`, `"%b"`))
		}
	}
	m.say("A", `LIST "" "*"`)
	m.say("A", `LSUB "" "*"`)
}
