package imapd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/imapd/proto"
	"github.com/postroom/postroom/tenancy"
)

// session is one client from its first octet to its last. One goroutine runs it.
type session struct {
	server *Server
	ctx    context.Context // ends when the drain timeout is over
	id     string
	ip     netip.Addr
	log    *slog.Logger
	since  time.Time
	link   *link

	user     *user
	selected *selected // nil: no mailbox is selected

	// what the client has enabled
	utf8, condstore, qresync, rev2 bool
	notify                         *notification

	badCount     int // commands in a row that could not be read
	failedLogins int
	identified   bool   // an ID was noted
	byUID        bool   // the command that is answered was written with UID
	vanishedTold bool   // in the answer to this command
	end          string // why the session ended
	bye          bool   // it has been told
}

// user is who has logged in: one inbox, and what may be done with it.
type user struct {
	key     inboxKey
	grant   *tenancy.Grant
	inbox   mailstore.Inbox
	address string
	checked time.Time // when the grant was asked last whether it still holds
}

// checkEvery is how old the answer of a grant may be.
const checkEvery = 2 * time.Second

// patience is how long the next command may be waited for.
func (s *session) patience() time.Duration {
	if s.user != nil {
		return s.server.cfg.IdleTimeout
	}
	return max(s.server.cfg.LoginTimeout-time.Since(s.since), 0)
}

// awaitMore gives the client some time for the rest of a command; before login all of it must be there in time.
func (s *session) awaitMore(d time.Duration) {
	if s.user == nil {
		d = min(d, s.patience())
	}
	s.link.await(d, false)
}

// run serves the client to the end.
func (s *session) run(implicit bool) {
	if implicit {
		if s.server.cfg.TLS == nil {
			return
		}
		if err := s.link.startTLS(s.ctx, s.server.cfg.TLS, s.server.cfg.HandshakeTimeout); err != nil {
			s.end = "no TLS: " + err.Error()
			return
		}
	}
	s.link.say("* OK [CAPABILITY " + s.capabilities() + "] " + s.server.cfg.Hostname + " is ready.")
	for !s.bye {
		if s.link.in.Buffered() == 0 || s.link.dead != nil { // answers of pipelined commands go out together
			if err := s.link.flush(); err != nil {
				s.end = "nothing can be sent: " + err.Error()
				return
			}
		}
		if err := s.one(); err != nil && s.link.dead == nil {
			s.hangUp(err)
		}
	}
}

// one reads one command and answers it. An error ends the session.
func (s *session) one() error {
	if s.notify != nil && len(s.notify.groups) > 0 && s.link.in.Buffered() == 0 {
		if err := s.awaitNotified(); err != nil || s.bye {
			return err
		}
	}
	cmd, message, err := s.next()
	switch {
	case err != nil:
		return err
	case cmd == nil && s.badCount >= maxBadCommands:
		s.sayBye("Too many commands that cannot be read.")
		return nil
	case cmd == nil:
		return nil
	}
	s.badCount = 0
	if s.user != nil && time.Since(s.user.checked) > checkEvery && cmd.Name != "LOGOUT" {
		if err := s.check(); err != nil {
			return nil
		}
	}
	if message {
		return s.appendMessages(cmd)
	}
	return s.serve(cmd)
}

// check asks the grant whether it still holds, and says goodbye if not.
func (s *session) check() error {
	err := s.user.grant.Check(s.ctx)
	if err != nil {
		s.sayBye("Your password or key is not valid any more.")
		return err
	}
	s.user.checked = time.Now()
	return nil
}

// hangUp says why the session ends, if the client can hear it.
func (s *session) hangUp(err error) {
	switch {
	case s.link.stopped() && (errors.Is(err, errStopping) || errors.Is(err, os.ErrDeadlineExceeded)):
		s.sayBye("[UNAVAILABLE] The server is shutting down; try again later.")
	case errors.Is(err, os.ErrDeadlineExceeded) && s.user == nil:
		s.sayBye("Disconnected: nobody logged in.")
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.sayBye("Disconnected for inactivity.")
	case errors.Is(err, errTooLong), errors.Is(err, errLiterals):
		s.sayBye(sentence(err) + ".")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		s.end, s.bye = "the client closed the connection", true
	default:
		s.end, s.bye = err.Error(), true
	}
}

func (s *session) sayBye(text string) {
	if !s.bye {
		s.link.say("* BYE " + text)
		s.end, s.bye = text, true
	}
}

// close ends the connection and gives everything back.
func (s *session) close() {
	s.unselect()
	if s.user != nil {
		s.server.leave(s.user.key)
	}
	s.link.finish()
	log := s.log.With("duration", time.Since(s.since).Round(time.Millisecond), "tls", s.link.tls != nil)
	if s.user != nil {
		log.Info("IMAP session ended", "workspace", s.user.key.ws, "end", s.end)
		return
	}
	log.Debug("IMAP session ended", "end", s.end)
}

// secure reports whether nobody can listen: TLS, or both ends on this machine.
func (s *session) secure() bool { return s.link.tls != nil || s.ip.IsLoopback() }

// answers to a command.
func (s *session) ok(cmd *proto.Command, text string)    { s.link.say(cmd.Tag + " OK " + text) }
func (s *session) no(cmd *proto.Command, text string)    { s.link.say(cmd.Tag + " NO " + text) }
func (s *session) badly(cmd *proto.Command, text string) { s.link.say(cmd.Tag + " BAD " + text) }
