package imapd

import (
	"bufio"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/postroom/postroom/server/imapd/proto"
)

// idle answers IDLE (RFC 9051, 6.3.13): what happens in the mailbox is told at once, until the client says DONE.
func (s *session) idle(cmd *proto.Command) error {
	s.link.say("+ idling")
	if err := s.link.flush(); err != nil {
		return err
	}
	s.link.await(s.server.cfg.IdleTimeout, true)
	stop := s.follow(func() error { return s.sync(true) })
	line, err := s.link.in.ReadSlice('\n')
	stop()
	if err != nil {
		switch {
		case s.bye: // the follower has said why
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			return errTooLong
		}
		return err
	}
	if !strings.EqualFold(strings.TrimRight(string(trimEnd(line)), " "), "DONE") {
		s.badly(cmd, "Expected DONE.")
		return nil
	}
	return s.done(cmd, true, "Idle completed.")
}

// follow has tell run now, whenever something happens in the workspace, and see to it that a connection that is gone is
// noticed, until the function that it gives is called. The session must not write meanwhile. When the session cannot go
// on, the wait for the client is cut short.
func (s *session) follow(tell func() error) (stop func()) {
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.followUntil(ctx, tell); err != nil {
			if !s.bye {
				s.log.Warn("IMAP follower failed", "err", err)
				s.sayBye("[SERVERBUG] Internal error; it has been logged")
			}
			s.link.flush()
			s.link.interrupt()
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

func (s *session) followUntil(ctx context.Context, tell func() error) error {
	inbox := s.user.inbox
	said := time.Now()
	for ctx.Err() == nil {
		seen := inbox.Version()
		if err := tell(); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if time.Since(said) >= s.server.cfg.KeepAlive {
			s.link.say("* OK Still here")
			said = time.Now()
		}
		if err := s.link.flush(); err != nil {
			return nil // reading will notice too
		}
		quiet := min(max(time.Until(said.Add(s.server.cfg.KeepAlive)), 0), recheckEvery)
		if !s.checkDue() {
			quiet = min(quiet, checkEvery) // what rang may have been the end of the key
		}
		alive, done := context.WithTimeout(ctx, quiet)
		inbox.WaitVersion(alive, seen)
		done()
		if ctx.Err() == nil && s.checkDue() {
			if err := s.check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// recheckEvery is how long a key that has expired, which nothing tells of, may live on in IDLE.
const recheckEvery = 15 * time.Second

func (s *session) checkDue() bool { return time.Since(s.user.checked) > checkEvery }
