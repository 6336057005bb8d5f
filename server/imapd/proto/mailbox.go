package proto

// readSelect: a mailbox and the parameters of RFC 7162, in any order.
func readSelect(s *scanner, _ bool) any {
	a := &SelectArgs{Mailbox: s.lenient()}
	if !s.more() {
		return a
	}
	s.list(func() {
		switch w := s.word(); w {
		case "CONDSTORE":
			a.Condstore = true
		case "QRESYNC":
			if a.QResync != nil {
				s.fail("QRESYNC is given twice")
			}
			s.sp()
			a.QResync = s.qresync()
		default:
			s.fail("Unknown parameter " + show(w))
		}
	})
	return a
}

// qresync: (uidvalidity modseq [known UIDs] [(message numbers UIDs)]) (RFC 7162, 3.2.5).
func (s *scanner) qresync() *QResync {
	q := new(QResync)
	if !s.take('(') {
		s.fail("The arguments of QRESYNC stand in parentheses")
	}
	s.spaces()
	q.UIDValidity = uint32(s.number(max32)) // 0, from a client that knows nothing, matches none
	s.sp()
	q.Modseq = s.number(max63)
	if s.spaces() && s.atSet() {
		q.Known = s.plainSet()
		s.spaces()
	}
	if s.take('(') {
		s.spaces()
		q.MatchSeq = s.plainSet()
		s.sp()
		q.MatchUID = s.plainSet()
		s.spaces()
		if !s.take(')') {
			s.fail("The sequence match data of QRESYNC is not closed")
		}
		s.spaces()
	}
	if !s.take(')') {
		s.fail("The arguments of QRESYNC are not closed")
	}
	return q
}

// readCreate: a mailbox, and USE with special uses (RFC 6154, 3).
func readCreate(s *scanner, _ bool) any {
	a := &CreateArgs{Mailbox: s.lenient()}
	if !s.more() {
		return a
	}
	s.filled(func() {
		if w := s.word(); w != "USE" {
			s.fail("Unknown parameter " + show(w))
		}
		s.sp()
		s.list(func() {
			if s.peek() != '\\' {
				s.fail("A special use begins with a backslash")
			}
			a.Use = append(a.Use, s.flag())
		})
	})
	return a
}

func readMailbox(s *scanner, _ bool) any { return &MailboxArgs{Mailbox: s.lenient()} }

func readRename(s *scanner, _ bool) any {
	a := &RenameArgs{From: s.lenient()}
	s.sp()
	a.To = s.lenient()
	return a
}

// readPlainList: LSUB and XLIST, which have no options.
func readPlainList(s *scanner, _ bool) any {
	a := &ListArgs{Reference: s.lenient()}
	s.sp()
	a.Patterns = []string{s.lenient()}
	return a
}

// readList: [selection options] reference, one pattern or several, [RETURN options] (RFC 9051, 6.3.9; RFC 5258, 6).
func readList(s *scanner, _ bool) any {
	a := new(ListArgs)
	if s.peek() == '(' {
		a.Extended = true
		s.list(func() { s.selectOption(a) })
		if a.SelectRecursive && !a.SelectSubscribed && !a.SelectSpecialUse {
			s.fail("RECURSIVEMATCH needs another selection option, such as SUBSCRIBED")
		}
		s.sp()
	}
	a.Reference = s.lenient()
	s.sp()
	if s.peek() == '(' {
		a.Extended = true
		s.filled(func() {
			if a.Patterns = append(a.Patterns, s.lenient()); len(a.Patterns) > MaxPatterns {
				s.fail("Too many patterns")
			}
		})
	} else {
		a.Patterns = []string{s.lenient()}
	}
	if !s.more() {
		return a
	}
	if w := s.word(); w != "RETURN" {
		s.fail("RETURN is expected instead of " + show(w))
	}
	a.Extended = true
	s.sp()
	s.list(func() { s.returnOption(a) })
	return a
}

func (s *scanner) selectOption(a *ListArgs) {
	switch w := s.word(); w {
	case "SUBSCRIBED":
		a.SelectSubscribed = true
	case "REMOTE":
		a.SelectRemote = true
	case "RECURSIVEMATCH":
		a.SelectRecursive = true
	case "SPECIAL-USE":
		a.SelectSpecialUse = true
	default:
		s.fail("Unknown selection option " + show(w))
	}
}

func (s *scanner) returnOption(a *ListArgs) {
	switch w := s.word(); w {
	case "SUBSCRIBED":
		a.ReturnSubscribed = true
	case "CHILDREN":
		a.ReturnChildren = true
	case "SPECIAL-USE":
		a.ReturnSpecialUse = true
	case "STATUS":
		s.sp()
		a.ReturnStatus = s.statusItems()
	default:
		s.fail("Unknown return option " + show(w))
	}
}

func readStatus(s *scanner, _ bool) any {
	a := &StatusArgs{Mailbox: s.lenient()}
	s.sp()
	a.Items = s.statusItems()
	return a
}

// statusItems takes a list of what STATUS may be asked for, each once.
func (s *scanner) statusItems() []string {
	var items []string
	var u once
	s.filled(func() {
		w := s.word()
		switch w {
		case "MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE", // RFC 9051 and RFC 3501
			"HIGHESTMODSEQ",   // RFC 7162
			"APPENDLIMIT",     // RFC 7889
			"MAILBOXID",       // RFC 8474
			"DELETED-STORAGE": // RFC 9208
			if u.first(w) {
				items = append(items, w)
			}
		default:
			s.fail("Unknown STATUS item " + show(w))
		}
	})
	return items
}
