package proto

// readStore: a set, [(UNCHANGEDSINCE n)], what to do, and flags in parentheses or bare (RFC 9051, 6.4.6; RFC 7162, 3.1.3).
func readStore(s *scanner, _ bool) any {
	a := &StoreArgs{Set: s.set()}
	s.sp()
	if s.peek() == '(' {
		s.list(func() {
			if w := s.word(); w != "UNCHANGEDSINCE" {
				s.fail("Unknown STORE modifier " + show(w))
			}
			s.sp()
			a.UnchangedSince, a.HasUnchangedSince = s.number(max63), true
		})
		s.sp()
	}
	switch {
	case s.take('+'):
		a.Op = StoreAdd
	case s.take('-'):
		a.Op = StoreRemove
	}
	switch w := s.word(); w {
	case "FLAGS":
	case "FLAGS.SILENT":
		a.Silent = true
	default:
		s.fail("STORE knows FLAGS, +FLAGS, -FLAGS and these with .SILENT, not " + show(w))
	}
	s.sp()
	if s.peek() == '(' {
		a.Flags = s.flags()
		return a
	}
	a.Flags = s.bareFlags()
	return a
}

// bareFlags takes flags with spaces between up to the end, each once.
func (s *scanner) bareFlags() []string {
	var u once
	var out []string
	for {
		if f := s.flag(); u.first(f) {
			out = append(out, f)
		}
		if !s.more() {
			return out
		}
	}
}

func readCopy(s *scanner, _ bool) any {
	a := &CopyArgs{Set: s.set()}
	s.sp()
	a.Mailbox = s.lenient()
	return a
}

func readUIDExpunge(s *scanner, _ bool) any { return &UIDExpungeArgs{Set: s.set()} }
