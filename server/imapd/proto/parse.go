package proto

import "strings"

// Options are what a connection has agreed on.
type Options struct {
	// UTF8 is true once the client has enabled UTF8=ACCEPT or IMAP4rev2: octets above 127 in a quoted string must then be
	// UTF-8 (RFC 6855, 3). Without it they are taken as they are, for the clients that send them all the same.
	UTF8 bool
}

// Parse reads one command.
//
// text is the command with its literals taken out: each line that announces a literal still ends with its marker, {n},
// {n+}, ~{n} or ~{n+}, and its line end, and literals are the octets of each, in that order. The last line end is optional,
// and a bare LF counts as one.
//
// The error is always an *Error. Parse takes time and memory in proportion to its input. The strings of the command may
// share memory with one another, but never with text or literals.
//
// APPEND and REPLACE are read by ParseAppend while they arrive; one that gets here has no message, which is an error.
func Parse(text []byte, literals [][]byte, o Options) (*Command, error) {
	s := newScanner(cutLineEnd(string(text)), literals, o)
	cmd := new(Command)
	f := s.command(cmd)
	if s.err == nil && f.read != nil {
		s.sp()
		if s.err == nil {
			cmd.Args = f.read(s, cmd.UID)
		}
	}
	s.end()
	if s.err != nil {
		return nil, s.errorOf(cmd)
	}
	return cmd, nil
}

// form is how a command is written.
type form struct {
	secret bool                           // no error repeats what follows the name
	read   func(s *scanner, uid bool) any // what follows the name and a space; nil if nothing does
	uid    bool                           // UID may stand in front
	uidTo  func(s *scanner, uid bool) any // in place of read, behind UID
	stream bool                           // APPEND and REPLACE
}

// commands are all that are known, by their name in upper case.
var commands = map[string]form{
	"CAPABILITY": {}, "NOOP": {}, "LOGOUT": {}, "STARTTLS": {}, "NAMESPACE": {}, "CHECK": {}, "CLOSE": {}, "UNSELECT": {}, "IDLE": {},

	"ID":           {read: readID},
	"AUTHENTICATE": {read: readAuthenticate, secret: true},
	"LOGIN":        {read: readLogin, secret: true},
	"ENABLE":       {read: readEnable},
	"COMPRESS":     {read: readCompress},

	"SELECT":       {read: readSelect},
	"EXAMINE":      {read: readSelect},
	"CREATE":       {read: readCreate},
	"DELETE":       {read: readMailbox},
	"RENAME":       {read: readRename},
	"SUBSCRIBE":    {read: readMailbox},
	"UNSUBSCRIBE":  {read: readMailbox},
	"LIST":         {read: readList},
	"LSUB":         {read: readPlainList},
	"XLIST":        {read: readPlainList},
	"STATUS":       {read: readStatus},
	"GETQUOTA":     {read: readGetQuota},
	"GETQUOTAROOT": {read: readMailbox},
	"SETQUOTA":     {read: readSetQuota},
	"NOTIFY":       {read: readNotify},

	"EXPUNGE": {uid: true, uidTo: readUIDExpunge},
	"SEARCH":  {read: readSearch, uid: true},
	"SORT":    {read: readSort, uid: true},
	"THREAD":  {read: readThread, uid: true},
	"FETCH":   {read: readFetch, uid: true},
	"STORE":   {read: readStore, uid: true},
	"COPY":    {read: readCopy, uid: true},
	"MOVE":    {read: readCopy, uid: true},

	"APPEND":  {read: readNoMessage, stream: true},
	"REPLACE": {read: readNoMessage, uid: true, stream: true},
}

// command reads the tag and the name into cmd, and tells the form of what follows.
func (s *scanner) command(cmd *Command) form {
	tag := s.run(isTagChar)
	if tag == "" || len(tag) > MaxTag || s.pos < len(s.text) && s.peek() != ' ' {
		s.fail("A command begins with a tag: letters and digits, and a space")
		return form{}
	}
	cmd.Tag = tag
	s.spaces()
	if s.atEnd() {
		s.fail("The command's name is missing behind the tag")
		return form{}
	}
	written := s.run(isAtomChar)
	name := strings.ToUpper(written)
	if name == "UID" {
		cmd.UID = true
		s.sp()
		written = s.run(isAtomChar)
		name = strings.ToUpper(written)
	}
	if written == "" {
		s.failHere("The command's name is missing before")
	}
	if s.err != nil {
		return form{}
	}
	f, known := commands[name]
	if !known || cmd.UID && !f.uid {
		if cmd.UID {
			written = "UID " + written
		}
		s.fail("Unknown command " + show(strings.ToUpper(written)))
		s.unknown = true
		return form{}
	}
	cmd.Name, s.secret = name, f.secret
	if cmd.UID && f.uidTo != nil {
		f.read = f.uidTo
	}
	return f
}

// cutLineEnd takes one line end off.
func cutLineEnd(text string) string {
	if cut, ok := strings.CutSuffix(text, "\n"); ok {
		return strings.TrimSuffix(cut, "\r")
	}
	return text
}
