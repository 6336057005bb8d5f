package smtpd

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// session is what the engine asks about mail from other servers: who sends, who receives, what. The engine runs Data beside other commands when a
// message comes in chunks, and ends it before it calls Reset or Logout: so each method holds the lock to its end.
type session struct {
	run   *run
	conn  *smtp.Conn
	front *front

	mu    sync.Mutex
	tx    transaction
	count int // messages that were taken or refused
}

// transaction is one message's envelope.
type transaction struct {
	begun    bool
	helo     string
	protocol string // for Received
	sender   string // "" is the null one
	utf8     bool
	to       []mailstore.Recipient // each inbox once, with the address that named it first
	inboxes  map[mailstore.InboxID]bool
	named    int // recipients that were accepted

	author, subject string // of the message, once it was read

	rejecting int // of to: their workspaces have forged mail rejected
}

// Mail begins a transaction.
func (s *session) Mail(from string, opts *smtp.MailOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.tx.begun:
		return errSenderTwice
	case opts.Size > s.run.cfg.MaxMessageBytes:
		s.record("", mailstore.Rejection{Sender: from}, errTooLarge)
		return errTooLarge
	case s.run.tooFast(s.run.messages, s.front.link.ip):
		s.record("", mailstore.Rejection{}, errTooFast) // for one client it is one record, whatever senders it names
		return errTooFast
	case !opts.UTF8 && !isASCII(from):
		return errSenderUTF8
	}
	s.tx = transaction{begun: true, helo: s.conn.Hostname(), protocol: s.front.protocol(opts.UTF8), sender: from, utf8: opts.UTF8, inboxes: map[mailstore.InboxID]bool{}}
	return nil
}

// Rcpt adds a recipient, which is known to exist when it returns nil.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tx.utf8 && !isASCII(to) {
		return errRecipientUTF8
	}
	found, err := s.find(s.run.ctx, to)
	if err != nil {
		e := s.refuse("recipient refused", err)
		s.record(found.WorkspaceID, mailstore.Rejection{Sender: s.tx.sender, Recipient: to}, e)
		if s.run.tooFast(s.run.rejected, s.front.link.ip) {
			return errGuessing
		}
		return e
	}
	s.tx.named++
	if !s.tx.inboxes[found.InboxID] {
		s.tx.inboxes[found.InboxID] = true
		if found.RejectForged {
			s.tx.rejecting++
		}
		s.tx.to = append(s.tx.to, mailstore.Recipient{Inbox: found.Inbox, Address: found.Address, Bounce: found.Bounce, Report: found.Report})
	}
	return nil
}

// find asks where mail for an address goes. Whether a user or the whole domain is unknown makes the refusal; of a user that is
// unknown the workspace is told.
func (s *session) find(ctx context.Context, to string) (found tenancy.Recipient, err error) {
	if to == barePostmaster {
		return s.run.dir.Postmaster(ctx)
	}
	found, err = s.run.dir.Recipient(ctx, to)
	if fault.KindOf(err) != fault.NotFound {
		return found, err
	}
	found.WorkspaceID, err = s.run.dir.Local(ctx, to[strings.LastIndexByte(to, '@')+1:])
	switch {
	case err != nil:
		return found, err
	case found.WorkspaceID == "":
		return found, errRelay
	}
	return found, errNoSuchUser
}

// Data takes the message. It is stored for all of its recipients when the answer is 250.
func (s *session) Data(r io.Reader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tx.to) == 0 {
		return errAborted // a chunk whose transaction was reset before it was looked at
	}
	s.count++
	id := fmt.Sprintf("%s-%d", s.front.link.id, s.count)
	size, err := s.take(r, id)
	log := s.front.link.log.With("message", id, "from", s.tx.sender, "count", s.tx.named, "size", size)
	if err != nil {
		log.Info("message refused", "err", err)
		e := toReply(err)
		for _, r := range s.tx.to {
			s.record(r.Inbox.WorkspaceID(), mailstore.Rejection{Inbox: r.Inbox.ID(), Sender: s.tx.sender, Author: s.tx.author, Subject: s.tx.subject, Recipient: r.Address}, e)
		}
		return e
	}
	log.Info("message accepted")
	return accepted(id)
}

// take reads the message to its end and delivers it.
func (s *session) take(r io.Reader, id string) (size int64, err error) {
	spool := mailstore.NewSpool(s.tx.to[0].Inbox)
	defer s.front.giveBack(spool)
	head, err := s.front.receive(r, spool)
	if err != nil {
		return spool.Size(), err
	}
	j, err := s.judge(spool, head)
	if j.spool != spool {
		defer s.front.giveBack(j.spool)
	}
	if err != nil {
		return spool.Size(), err
	}
	receipt, err := mailstore.Deliver(s.run.ctx, mailstore.Arrival{Sender: s.tx.sender, Trace: s.trace(id, j.front, time.Now()), Spool: j.spool, To: j.to, Auth: j.auth})
	if err != nil {
		return spool.Size(), fmt.Errorf("deliver: %w", err)
	}
	s.front.link.owe(receipt)
	return spool.Size(), nil
}

// record keeps what was refused, with the workspace that it was for; "" is none. What is our failure, or the client's to mend, is
// no refusal.
func (s *session) record(ws mailstore.WorkspaceID, r mailstore.Rejection, e *smtp.SMTPError) {
	if r.Reason = reasonOf(e); r.Reason == "" {
		return
	}
	r.Detail, r.Source, r.HELO = replyLine(e), s.front.link.ip.String(), s.conn.Hostname()
	s.run.records.add(ws, r)
}

// refuse logs what is our failure, and turns any error into its reply.
func (s *session) refuse(what string, err error) *smtp.SMTPError {
	e := toReply(err)
	if e.Temporary() {
		s.front.link.log.Warn(what, "err", err)
	}
	return e
}

// Reset forgets the transaction.
func (s *session) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tx = transaction{}
}

// Logout forgets the transaction.
func (s *session) Logout() error {
	s.Reset()
	return nil
}
