package proto

import "strings"

// readNotify: NONE, or SET [STATUS] and event groups (RFC 5465, 8).
func readNotify(s *scanner, _ bool) any {
	a := new(NotifyArgs)
	switch w := s.word(); w {
	case "NONE":
		return a
	case "SET":
	default:
		s.fail("NOTIFY is followed by SET or NONE, not by " + show(w))
	}
	s.sp()
	if s.tryWord("STATUS") {
		a.Status = true
		s.sp()
	}
	var selected bool
	for {
		g := s.eventGroup()
		if strings.HasPrefix(g.Filter, "SELECTED") {
			if selected {
				s.fail("SELECTED and SELECTED-DELAYED may be given once")
			}
			selected = true
		}
		a.Groups = append(a.Groups, g)
		if !s.more() {
			return a
		}
	}
}

// eventGroup: (filter NONE) or (filter (event …)).
func (s *scanner) eventGroup() (g NotifyGroup) {
	if !s.take('(') {
		s.fail("An event group stands in parentheses")
	}
	s.spaces()
	switch g.Filter = s.word(); g.Filter {
	case "SELECTED", "SELECTED-DELAYED", "INBOXES", "PERSONAL", "SUBSCRIBED":
	case "SUBTREE", "MAILBOXES":
		s.sp()
		if s.peek() == '(' {
			s.filled(func() { g.Mailboxes = append(g.Mailboxes, s.lenient()) })
		} else {
			g.Mailboxes = []string{s.lenient()}
		}
	default:
		s.fail("Unknown mailbox filter " + show(g.Filter))
	}
	s.sp()
	if !s.tryWord("NONE") {
		s.events(&g)
	}
	s.spaces()
	if !s.take(')') {
		s.fail("An event group is not closed")
	}
	return g
}

// eventNames are the events of RFC 5465, 5 and how it writes them.
var eventNames = map[string]string{
	"MESSAGENEW": "MessageNew", "MESSAGEEXPUNGE": "MessageExpunge", "FLAGCHANGE": "FlagChange", "ANNOTATIONCHANGE": "AnnotationChange",
	"MAILBOXNAME": "MailboxName", "SUBSCRIPTIONCHANGE": "SubscriptionChange", "MAILBOXMETADATACHANGE": "MailboxMetadataChange",
	"SERVERMETADATACHANGE": "ServerMetadataChange",
}

// events takes the events of a group, each once. One that nobody knows is kept as written: the answer to it is NO with
// BADEVENT, not BAD.
func (s *scanner) events(g *NotifyGroup) {
	var u once
	s.filled(func() {
		written := s.atom()
		name, known := eventNames[strings.ToUpper(written)]
		if !known {
			name = written
		}
		if u.first(name) {
			g.Events = append(g.Events, name)
		}
		if name != "MessageNew" {
			return
		}
		before := s.pos
		if s.spaces(); s.peek() != '(' {
			s.pos = before
			return
		}
		if !strings.HasPrefix(g.Filter, "SELECTED") {
			s.fail("Only for the selected mailbox may MessageNew say what to fetch")
		}
		g.Fetch = s.fetchItems()
	})
	has := func(name string) bool { return u.seen[strings.ToUpper(name)] }
	if has("MessageNew") != has("MessageExpunge") || (has("FlagChange") || has("AnnotationChange")) && !has("MessageNew") {
		s.fail("MessageNew and MessageExpunge go together, and other message events need both")
	}
}
