package imapd

import (
	"errors"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/server/imapd/proto"
	"github.com/postroom/postroom/tenancy"
)

// fail is the border: it answers a command that failed. No inner text is told.
func (s *session) fail(cmd *proto.Command, err error) error {
	if errors.Is(err, errDeleted) { // the session has been told
		return nil
	}
	if s.ctx.Err() != nil {
		return errStopping
	}
	if dead := s.link.dead; dead != nil { // nobody hears an answer
		if errors.Is(dead, errHalfLiteral) {
			s.log.Error("IMAP command failed", "command", cmd.Name, "err", err)
		}
		return dead
	}
	s.no(cmd, s.reason(cmd, err))
	return nil
}

// reason turns a failure into a response code and a sentence (RFC 5530, RFC 9051, 7.1).
func (s *session) reason(cmd *proto.Command, err error) string {
	f := fault.From(err)
	switch fault.KindOf(err) {
	case fault.NotFound:
		return noSuchMailbox
	case fault.Conflict:
		switch f.Code {
		case "mailbox_exists":
			return "[ALREADYEXISTS] Mailbox already exists"
		case "special_use_taken":
			return "[USEATTR] " + f.Message
		}
		return "[CANNOT] " + f.Message
	case fault.Forbidden:
		if f.Code == "fixed_mailbox" {
			return "[CANNOT] " + f.Message
		}
		return "[NOPERM] Permission denied"
	case fault.Invalid:
		return "[CANNOT] " + f.Message
	case fault.Exhausted:
		if f.Code == "storage_limit_reached" {
			return "[OVERQUOTA] " + f.Message
		}
		return "[LIMIT] " + f.Message
	case fault.Unavailable:
		s.log.Warn("IMAP command failed", "command", cmd.Name, "err", err)
		return "[UNAVAILABLE] " + f.Message
	}
	s.log.Error("IMAP command failed", "command", cmd.Name, "err", err)
	return "[SERVERBUG] Internal error; it has been logged"
}

const (
	noSuchMailbox = "[NONEXISTENT] Mailbox doesn't exist"
	noPermission  = "[NOPERM] Permission denied"
	goneMessages  = "[EXPUNGEISSUED] Some of the requested messages no longer exist"
)

// tryCreate is the answer where the client may make the mailbox and try again (RFC 9051, 6.3.12).
func (s *session) tryCreate(cmd *proto.Command, err error) error {
	if errors.Is(err, mailstore.ErrNotFound) {
		s.no(cmd, "[TRYCREATE] Mailbox doesn't exist")
		return nil
	}
	return s.fail(cmd, err)
}

// may tells whether the user may do something with messages of a mailbox: what is needed everywhere, or for drafts what is
// needed for those.
func (s *session) may(mailbox string, need, forDrafts tenancy.Permission) bool {
	g := s.user.grant
	return g.Allows(need) || mailbox == mailstore.DraftsMailbox && g.Allows(forDrafts)
}

func (s *session) mayStore(mailbox string) bool {
	return s.may(mailbox, tenancy.MessagesUpdate, tenancy.DraftsUpdate)
}

func (s *session) mayExpunge(mailbox string) bool {
	return s.may(mailbox, tenancy.MessagesDelete, tenancy.DraftsDelete)
}

func (s *session) mayAppend(mailbox string) bool {
	return s.may(mailbox, tenancy.MessagesCreate, tenancy.DraftsCreate)
}
