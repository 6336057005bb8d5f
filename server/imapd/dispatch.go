package imapd

import (
	"strconv"

	"github.com/postroom/postroom/server/imapd/proto"
)

// state is where a command may be used (RFC 9051, 3).
type state uint8

const (
	always      state = iota
	beforeLogin       // not authenticated
	loggedIn          // authenticated or selected
	inMailbox         // selected
)

// command is how one is answered. An error ends the session.
type command struct {
	where state
	do    func(*session, *proto.Command) error
}

var commands map[string]command

func init() {
	commands = map[string]command{
		"CAPABILITY":   {where: always, do: (*session).capability},
		"NOOP":         {where: always, do: (*session).noop},
		"LOGOUT":       {where: always, do: (*session).logout},
		"ID":           {where: always, do: (*session).identify},
		"STARTTLS":     {where: beforeLogin, do: (*session).startTLS},
		"LOGIN":        {where: beforeLogin, do: (*session).login},
		"AUTHENTICATE": {where: beforeLogin, do: (*session).authenticate},
		"ENABLE":       {where: loggedIn, do: (*session).enable},
		"COMPRESS":     {where: loggedIn, do: (*session).compress},
		"NAMESPACE":    {where: loggedIn, do: (*session).namespace},
		"SELECT":       {where: loggedIn, do: (*session).selectMailbox},
		"EXAMINE":      {where: loggedIn, do: (*session).selectMailbox},
		"CREATE":       {where: loggedIn, do: (*session).create},
		"DELETE":       {where: loggedIn, do: (*session).delete},
		"RENAME":       {where: loggedIn, do: (*session).rename},
		"SUBSCRIBE":    {where: loggedIn, do: (*session).subscribe},
		"UNSUBSCRIBE":  {where: loggedIn, do: (*session).subscribe},
		"LIST":         {where: loggedIn, do: (*session).list},
		"LSUB":         {where: loggedIn, do: (*session).lsub},
		"XLIST":        {where: loggedIn, do: (*session).list},
		"STATUS":       {where: loggedIn, do: (*session).status},
		"GETQUOTA":     {where: loggedIn, do: (*session).getQuota},
		"GETQUOTAROOT": {where: loggedIn, do: (*session).getQuotaRoot},
		"SETQUOTA":     {where: loggedIn, do: (*session).setQuota},
		"IDLE":         {where: loggedIn, do: (*session).idle},
		"NOTIFY":       {where: loggedIn, do: (*session).setNotify},
		"CHECK":        {where: inMailbox, do: (*session).noop},
		"CLOSE":        {where: inMailbox, do: (*session).closeMailbox},
		"UNSELECT":     {where: inMailbox, do: (*session).unselectMailbox},
		"EXPUNGE":      {where: inMailbox, do: (*session).expunge},
		"FETCH":        {where: inMailbox, do: (*session).fetch},
		"STORE":        {where: inMailbox, do: (*session).store},
		"SEARCH":       {where: inMailbox, do: (*session).search},
		"SORT":         {where: inMailbox, do: (*session).sort},
		"THREAD":       {where: inMailbox, do: (*session).thread},
		"COPY":         {where: inMailbox, do: (*session).copy},
		"MOVE":         {where: inMailbox, do: (*session).copy},
	}
}

// serve answers one command.
func (s *session) serve(cmd *proto.Command) error {
	c, known := commands[cmd.Name]
	s.byUID, s.vanishedTold = cmd.UID, false
	switch {
	case !known:
		s.badly(cmd, "Unknown command")
	case s.user == nil && c.where >= loggedIn:
		s.badly(cmd, "Please log in first")
	case s.user != nil && c.where == beforeLogin:
		s.badly(cmd, "You are logged in already")
	case c.where == inMailbox && s.selected == nil:
		s.badly(cmd, "No mailbox selected")
	default:
		return c.do(s, cmd)
	}
	return nil
}

// done gives the tagged OK of a command, after what happened meanwhile.
func (s *session) done(cmd *proto.Command, mayExpunge bool, text string) error {
	if err := s.sync(mayExpunge); err != nil {
		return s.fail(cmd, err)
	}
	if s.vanishedTold && text[0] != '[' { // RFC 7162, 3.2.10.2
		text = s.highestModseq() + text
	}
	s.ok(cmd, text)
	return nil
}

// highestModseq is the response code up to which the client has been told everything. It must not cover an expunge that
// the client has not heard of: one that resynchronises from there would never (RFC 7162, 3.2.10).
func (s *session) highestModseq() string {
	return "[HIGHESTMODSEQ " + strconv.FormatUint(s.selected.synced, 10) + "] "
}

func (s *session) noop(cmd *proto.Command) error {
	return s.done(cmd, true, cmd.Name+" completed.")
}

func (s *session) logout(cmd *proto.Command) error {
	s.sayBye("Logging out")
	s.ok(cmd, "Logout completed.")
	return nil
}
