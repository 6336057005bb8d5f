package imapd

import (
	"errors"
	"io"
	"strconv"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/imapd/proto"
)

// refusal is why a message is not taken; it is answered as it is.
type refusal struct{ answer string }

func (r refusal) Error() string { return r.answer }

// appendMessages answers APPEND (RFC 9051, 6.3.12; RFC 3502) and REPLACE (RFC 8508), whose first message is about to arrive.
// All of the messages are stored, or none.
func (s *session) appendMessages(cmd *proto.Command) error {
	args := cmd.Args.(*proto.AppendArgs)
	a, replaced, err := s.beginAppend(cmd, args)
	if err != nil {
		s.refuseAppend(cmd, err)
		return s.passOver(args.Size, args.NonSync)
	}
	defer a.Discard()
	for args != nil {
		left, err := s.receive(a, args)
		if err == nil {
			args, left, err = s.afterMessage(cmd, args)
			if err == nil {
				continue
			}
		}
		if isBroken(err) {
			return err
		}
		s.refuseAppend(cmd, err)
		if left < 0 { // the client waits for our word, or the command has ended
			return nil
		}
		return s.passOver(left, true)
	}
	return s.commitAppend(cmd, a, replaced)
}

// broken is an error of the connection.
type broken struct{ error }

func (b broken) Unwrap() error { return b.error }

func isBroken(err error) bool {
	var b broken
	return errors.As(err, &b)
}

// beginAppend finds the mailbox, before a message is asked for. replaced is the UID that REPLACE takes away.
func (s *session) beginAppend(cmd *proto.Command, args *proto.AppendArgs) (a *mailstore.Appending, replaced uint32, err error) {
	if cmd.Name == "REPLACE" {
		v := s.selected
		if v == nil {
			return nil, 0, refusal{"BAD No mailbox selected"}
		}
		uids, ok := s.resolve(proto.Set{Ranges: []proto.Range{{First: args.Number, Last: args.Number}}}, cmd.UID)
		switch {
		case !ok:
			return nil, 0, refusal{"BAD " + invalidSet}
		case len(uids) == 0:
			return nil, 0, refusal{"NO " + goneMessages}
		case v.readOnly:
			return nil, 0, refusal{"NO [CANNOT] Mailbox is read-only"}
		case !s.mayExpunge(v.name):
			return nil, 0, refusal{"NO " + noPermission}
		}
		replaced = uids[0]
	}
	name, err := proto.DecodeMailbox(args.Mailbox, s.utf8)
	if err != nil {
		return nil, 0, refusal{"NO [CANNOT] Invalid mailbox name"}
	}
	if !s.mayAppend(name) {
		return nil, 0, refusal{"NO " + noPermission}
	}
	a, err = s.user.inbox.Append(s.ctx, name)
	if errors.Is(err, mailstore.ErrNotFound) {
		err = refusal{"NO [TRYCREATE] Mailbox doesn't exist"}
	}
	return a, replaced, err
}

// refuseAppend answers why nothing was stored.
func (s *session) refuseAppend(cmd *proto.Command, err error) {
	var r refusal
	var e *proto.Error
	switch {
	case errors.As(err, &r):
		s.link.say(cmd.Tag + " " + r.answer)
	case errors.As(err, &e):
		s.bad(err)
	default:
		s.no(cmd, s.reason(cmd, err))
	}
}

// receive takes one message. On an error, left is how many of its octets are still on their way; -1 if the client has not
// been asked for them.
func (s *session) receive(a *mailstore.Appending, args *proto.AppendArgs) (left int64, err error) {
	left = args.Size
	if !args.NonSync {
		left = -1
	}
	switch most := s.server.cfg.MaxMessageBytes; {
	case args.Size > most:
		return left, refusal{"NO [TOOBIG] The message is too large: at most " + strconv.FormatInt(most, 10) + " octets (APPENDLIMIT)"}
	case args.Size == 0: // RFC 3502: nothing is to be stored
		return left, refusal{"NO [CANNOT] A message is not empty"}
	}
	up := mailstore.Uploaded{ReceivedAt: args.Date}
	var wrong string
	if up.Flags, up.Keywords, wrong = parseFlags(args.Flags); wrong != "" {
		return left, refusal{"BAD Unknown system flag"}
	}
	if !args.NonSync {
		s.goAhead()
	}
	sp := mailstore.NewSpool(s.user.inbox)
	defer sp.Close()
	var to io.Writer = sp
	if !args.Binary {
		to = &mailstore.CanonicalLines{To: sp}
	}
	buf := make([]byte, min(args.Size, 32<<10))
	for left = args.Size; left > 0; {
		s.link.await(s.server.cfg.LiteralTimeout, false)
		n, err := s.link.in.Read(buf[:min(left, int64(len(buf)))])
		left -= int64(n)
		if _, err := to.Write(buf[:n]); err != nil {
			return left, err
		}
		if err != nil && left > 0 {
			return left, broken{err}
		}
	}
	s.link.await(s.server.cfg.CommandTimeout, false)
	return 0, a.Add(s.ctx, sp, up)
}

// afterMessage reads what follows a message: the end of the command, or the next message. On an error, left is as for
// receive.
func (s *session) afterMessage(cmd *proto.Command, last *proto.AppendArgs) (next *proto.AppendArgs, left int64, err error) {
	line, err := s.line(&incoming{})
	if err != nil {
		return nil, 0, broken{err}
	}
	next, err = proto.ParseAppendNext(cmd, last, line, s.options())
	if err == nil {
		return next, 0, nil
	}
	left = -1
	if size, nonSync, _, ok := proto.LiteralAt(trimEnd(line)); ok && nonSync {
		left = size
	}
	return nil, left, err
}

func (s *session) commitAppend(cmd *proto.Command, a *mailstore.Appending, replaced uint32) error {
	var m mailstore.Mailbox
	var uids []uint32
	var err error
	if cmd.Name == "REPLACE" {
		m, uids, err = a.Replace(s.ctx, s.selected.box.key.id, replaced)
		if errors.Is(err, mailstore.ErrNotFound) {
			s.no(cmd, goneMessages)
			return nil
		}
	} else {
		m, uids, err = a.Commit(s.ctx)
	}
	if err != nil {
		return s.tryCreate(cmd, err)
	}
	b := append([]byte("[APPENDUID "), strconv.FormatUint(uint64(m.UIDValidity), 10)...)
	code := string(append(proto.FormatUIDs(append(b, ' '), uids), "] "...))
	if cmd.Name == "REPLACE" { // RFC 8508, 4.3: told before the old one goes
		s.link.say("* OK " + code + "Replacement Message ready")
		return s.done(cmd, true, "Replace completed.")
	}
	return s.done(cmd, true, code+"Append completed.")
}
