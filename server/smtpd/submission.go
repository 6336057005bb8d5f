package smtpd

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/tenancy"
)

// submission is what the engine asks about mail of those who have logged in (RFC 6409). The front lets nobody else come
// as far as here. As with a session, Data may run beside other commands, so each method holds the lock to its end.
type submission struct {
	run   *run
	front *front

	mu    sync.Mutex
	tx    outgoing
	count int // messages that were taken or refused
}

// outgoing is one message's envelope.
type outgoing struct {
	begun    bool
	protocol string // for Received
	sender   string // as tenancy.Canonical gives it
	utf8     bool
	mail     mailstore.Inbox
	to       []string        // likewise, in the order they came
	known    map[string]bool // in lower case
}

// Mail begins a transaction. The sender must be one of the inbox's addresses, and the login still good.
func (s *submission) Mail(from string, opts *smtp.MailOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.tx.begun:
		return errSenderTwice
	case opts.Size > s.run.cfg.MaxMessageBytes:
		return errTooLarge
	case !opts.UTF8 && !isASCII(from):
		return errSenderUTF8
	case from == "":
		return errNullSender // what answers or reports by itself has other ways
	}
	who, err := s.front.login.sender(s.run.ctx)
	if err != nil {
		return s.refuse("sender refused", err)
	}
	sender, ok := tenancy.Canonical(quoted(from))
	if !ok || !who.Owns(sender) {
		return errNotYours
	}
	s.tx = outgoing{begun: true, protocol: s.front.protocol(opts.UTF8), sender: sender, utf8: opts.UTF8, mail: who.Mail, known: map[string]bool{}}
	return nil
}

// Rcpt adds a recipient, wherever it is, unless the workspace sends nothing there any more.
func (s *submission) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tx.utf8 && !isASCII(to) {
		return errRecipientUTF8
	}
	if to == barePostmaster {
		to = "postmaster@" + s.run.cfg.Hostname // RFC 5321, 4.5.1
	}
	address, ok := tenancy.Canonical(quoted(to))
	if !ok {
		return errNoAddress
	}
	folded := strings.ToLower(address)
	if s.tx.known[folded] {
		return nil
	}
	refused, err := s.tx.mail.Refused(s.run.ctx, []string{address})
	if err != nil {
		return s.refuse("recipient refused", fmt.Errorf("look for suppression: %w", err))
	}
	if reason, yes := refused[folded]; yes {
		s.front.link.log.Info("nothing is sent to recipient", "reason", reason)
		if err := s.tx.mail.TellRejected(s.run.ctx, []mailstore.Unsent{{Address: address, Reason: reason}}); err != nil {
			return s.refuse("recipient refused", fmt.Errorf("tell of suppression: %w", err))
		}
		return errSuppressed(reason)
	}
	s.tx.known[folded] = true
	s.tx.to = append(s.tx.to, address)
	return nil
}

// Data takes the message. When the answer is 250 its copy in Sent, its bytes in the outbox and a row for each recipient are
// durable.
func (s *submission) Data(r io.Reader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tx.to) == 0 {
		return errAborted // a chunk whose transaction was reset before it was looked at
	}
	s.count++
	id := fmt.Sprintf("%s-%d", s.front.link.id, s.count)
	spool := mailstore.NewSpool(s.tx.mail)
	defer s.front.giveBack(spool)
	done, err := s.submit(r, spool, id)
	log := s.front.link.log.With("from", s.tx.sender, "count", len(s.tx.to), "size", spool.Size())
	if err != nil {
		log.Info("submission refused", "message", id, "err", err)
		return toSubmissionReply(err)
	}
	s.front.link.moved()
	log.Info("submission queued", "message", done.ID, "trace", id, "suppressed", len(done.Rejected))
	return queued(done.ID)
}

// submit reads the message to its end and hands it to the outbox.
func (s *submission) submit(r io.Reader, spool *mailstore.Spool, id string) (done mailstore.Submitted, err error) {
	head, err := s.front.receive(r, spool)
	if err != nil {
		return done, err
	}
	header := make([]byte, head)
	if _, err := io.ReadFull(spool.Reader(), header); err != nil {
		return done, fmt.Errorf("read header: %w", err)
	}
	who, err := s.front.login.sender(s.run.ctx) // an hour may have passed
	if err != nil {
		return done, err
	}
	if err := checkAuthors(who, s.tx.sender, header); err != nil {
		return done, err
	}
	now := time.Now()
	front := append(s.trace(id, now), compose.Complete(header, domainOf(s.tx.sender), now)...)
	done, err = who.Mail.Submit(s.run.ctx, mailstore.Submission{Sender: s.tx.sender, To: s.tx.to, Front: front, Spool: spool, Undo: who.Undo})
	if err != nil {
		return done, fmt.Errorf("submit: %w", err)
	}
	return done, nil
}

// checkAuthors wants everybody who is named as sender or author, on the envelope and in the header, to be the inbox.
func checkAuthors(who tenancy.Sender, envelope string, header []byte) error {
	if !who.Owns(envelope) {
		return errNotYours // any more
	}
	_, err := who.Author(header)
	if errors.Is(err, tenancy.ErrSenderNotOwned) {
		return errFromNotYours
	}
	return err
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// refuse logs what is our failure, and turns any error into its reply.
func (s *submission) refuse(what string, err error) error {
	e := toSubmissionReply(err)
	if e.Temporary() && e != errRevoked {
		s.front.link.log.Warn(what, "err", err)
	}
	return e
}

// Reset forgets the transaction.
func (s *submission) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tx = outgoing{}
}

// Logout forgets the transaction.
func (s *submission) Logout() error {
	s.Reset()
	return nil
}
