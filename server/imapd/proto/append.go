package proto

import "time"

// maxHead is within how many octets the name of a command is looked for that may bring a message: no other command is
// read here again with each of its literals. It leaves room for the longest tag.
const maxHead = MaxTag + 256

// ParseAppend looks whether a message is about to arrive, so that its octets can go to where they are kept instead of
// into memory.
//
// text and literals are as in Parse, but text ends with the marker of a literal that has not been read; the line's end may
// follow it. If that literal is the message of APPEND, REPLACE or UID REPLACE, atMessage is true and cmd.Args is an
// *AppendArgs that also says what the marker says. Else atMessage is false: the literal is an argument (a mailbox's name,
// or another command's), to be read into memory; then cmd has the tag and the name, as far as they could be read, and no
// Args.
//
// An error is an *Error: the command is APPEND or REPLACE and wrong before the message. Its literal, and what follows, are
// still to be passed over as LiteralAt says.
//
// Once the message is read, the rest of its line goes to ParseAppendNext.
func ParseAppend(text []byte, literals [][]byte, o Options) (cmd *Command, atMessage bool, err error) {
	cmd = new(Command)
	if head := text[:min(len(text), maxHead)]; !newScanner(string(head), nil, o).command(cmd).stream {
		return cmd, false, nil
	}
	s := newScanner(cutLineEnd(string(text)), literals, o)
	s.command(cmd)
	a := new(AppendArgs)
	s.sp()
	if cmd.Name == "REPLACE" {
		a.Number = s.setNumber()
		s.sp()
	}
	if s.atOpenLiteral() {
		return cmd, false, nil
	}
	a.Mailbox = s.lenient()
	s.sp()
	s.message(a)
	if s.err != nil {
		return cmd, false, s.errorOf(cmd)
	}
	cmd.Args = a
	return cmd, true, nil
}

// ParseAppendNext reads the line that follows a message's literal. cmd is from ParseAppend, and last is what preceded
// that literal: cmd.Args, or what ParseAppendNext gave before.
//
// next is nil if the command ends here. Else another message follows (RFC 3502), whose literal's marker ends the line.
// Its Mailbox is empty: it is that of the command.
//
// After an error, which is an *Error, and if the line ends with a marker, its literal is to be passed over as LiteralAt says.
func ParseAppendNext(cmd *Command, last *AppendArgs, line []byte, o Options) (next *AppendArgs, err error) {
	s := newScanner(cutLineEnd(string(line)), nil, o)
	if last.UTF8 {
		s.spaces()
		if !s.take(')') {
			s.fail("A parenthesis must close UTF8 behind the message")
		}
	}
	if s.err == nil && cmd.Name == "APPEND" && s.more() {
		next = new(AppendArgs)
		s.message(next)
	}
	s.end()
	if s.err != nil {
		return nil, s.errorOf(cmd)
	}
	return next, nil
}

// message takes [flags] [date] and the marker of a literal (RFC 9051, append; RFC 6855, 4).
func (s *scanner) message(a *AppendArgs) {
	if s.peek() == '(' {
		a.Flags = s.flags()
		s.sp()
	}
	if s.peek() == '"' {
		a.Date = s.dateTime()
		s.sp()
	}
	if s.tryWord("UTF8") {
		a.UTF8 = true
		s.sp()
		if !s.take('(') {
			s.fail("UTF8 is followed by a literal8 in parentheses")
		}
		s.spaces()
	}
	m, ok := cutMarker(s.text[s.pos:])
	switch {
	case s.err != nil:
	case !ok || !s.atOpenLiteral():
		s.failHere("The message must be a literal: {octets} at the end of the line, not")
	case a.UTF8 && !m.binary:
		s.fail("UTF8 is followed by a literal8: ~{octets}")
	default:
		a.Size, a.Binary, a.NonSync = m.size, m.binary, m.nonSync
		s.pos += m.length
	}
}

// dateTime takes a date and time in quotes.
func (s *scanner) dateTime() time.Time {
	written := s.quoted()
	t, ok := ParseDateTime(written)
	if !ok && s.err == nil {
		s.fail("A date and time is written like \"01-Feb-2026 13:00:00 +0000\", not " + show(written))
	}
	return t
}

// atOpenLiteral tells whether nothing but a literal's marker is left.
func (s *scanner) atOpenLiteral() bool {
	m, ok := cutMarker(s.text[s.pos:])
	return ok && s.pos+m.length == len(s.text) && s.used == len(s.literals)
}

// readNoMessage is for a whole APPEND or REPLACE: ParseAppend found no message in it.
func readNoMessage(s *scanner, _ bool) any {
	s.fail("The message must be a literal: {octets} at the end of the line")
	return nil
}
