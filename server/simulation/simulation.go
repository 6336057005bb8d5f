// Package simulation makes mail that comes in without anybody sending it, for who builds programs that read mail: a message, a code, a
// bounce of what an inbox has sent. It goes the way of mail that comes by SMTP from the point on where the client's address and the DNS
// have been asked: the same decision where it is filed, the same delivery, the same reading of reports. What those would have said is
// made up. Nothing leaves the machine.
//
// It knows no wire. It is handed an inbox by who may put messages there, and delivers to no other.
package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/server/junk"
	"github.com/postroom/postroom/server/mailauth"
	"github.com/postroom/postroom/tenancy"
)

// What became of a message.
const (
	Delivered   = "delivered"   // into the inbox
	Quarantined = "quarantined" // into Junk, with a record
	Refused     = "refused"     // it was not taken; there is a record
)

// clientIP is where simulated mail comes from: an address that nobody has (RFC 5737).
var clientIP = netip.MustParseAddr("192.0.2.1")

// ErrTooLarge is told of a message that has more octets than may be.
var ErrTooLarge = errors.New("the simulated message is too large")

// Config of a simulator.
type Config struct {
	Hostname string // of this server
	MaxBytes int64  // octets of a message
	Caught   bool   // mail for other hosts is caught here: no recipient is a real one
	Clock    func() time.Time
}

// Simulator makes mail. It is safe for concurrent use.
type Simulator struct {
	cfg Config
	dir *tenancy.Directory
}

// New makes a simulator.
func New(cfg Config, dir *tenancy.Directory) *Simulator { return &Simulator{cfg, dir} }

// Request says what is to come. What is empty is made up as the scenario has it.
type Request struct {
	Scenario    Scenario
	To          string // one of the inbox's addresses, with +suffix if you like
	From        message.Address
	Subject     string
	Text, HTML  string
	Attachments []compose.Attachment
	About       string // a message of the inbox, by its id or its Message-ID: what is answered, or what a report is about
	Recipient   string // of that message: whom a report is about, or who answers
	Reason      string // of a bounce: one of Reasons
	Checks      Checks // what SPF, DKIM and DMARC are to say
}

// Result is what came of it.
type Result struct {
	Outcome   string              // Delivered, Quarantined or Refused
	Why       string              // mailstore.Reason… of what was not delivered
	ID        mailstore.MessageID // "" if it was refused
	Thread    mailstore.ThreadID
	MessageID string              // the RFC Message-ID
	About     mailstore.MessageID // of the message that it is about or answers; "" if there is none
	Recipient string              // of that message
}

// arriving is a message on its way in.
type arriving struct {
	Request
	box    mailstore.Inbox
	to     tenancy.Recipient
	sender string // reverse-path
	about  about  // zero: it is about nothing
	draft  *compose.Draft
	report []byte // in the place of draft
}

// Deliver makes what is asked for and delivers it to an inbox. The errors are faults whose fields have the names of the API ("from").
func (s *Simulator) Deliver(ctx context.Context, box mailstore.Inbox, r Request) (Result, error) {
	if err := r.check(); err != nil {
		return Result{}, err
	}
	a := &arriving{Request: r, box: box}
	if err := s.address(ctx, a); err != nil {
		return Result{}, err
	}
	if err := s.write(ctx, a); err != nil {
		return Result{}, err
	}
	spool := mailstore.NewSpool(box)
	defer spool.Close()
	if err := a.writeTo(spool, s.cfg.MaxBytes); err != nil {
		return Result{}, err
	}
	return s.take(ctx, a, spool)
}

// errNotItsAddress is told of an address that is another's, or nobody's, in the same words.
var errNotItsAddress = fault.New(fault.Invalid, "validation_failed", "The address is none of this inbox.").At("to")

// address finds where the message goes, as for mail that comes by SMTP.
func (s *Simulator) address(ctx context.Context, a *arriving) error {
	if a.Scenario.isReport() { // it goes to a return path
		return nil
	}
	to := a.To
	if to == "" {
		home, err := s.dir.Home(ctx, a.box.WorkspaceID(), a.box.ID())
		if err != nil {
			return err
		}
		to = home.Address
	}
	found, err := s.dir.Recipient(ctx, to)
	if fault.KindOf(err) == fault.NotFound && a.To == "" {
		return errNotReceiving
	}
	if fault.KindOf(err) == fault.NotFound || err == nil && (found.InboxID != a.box.ID() || found.Bounce != "" || found.Report) {
		return errNotItsAddress
	}
	a.to = found
	return err
}

var errNotReceiving = fault.New(fault.Conflict, "domain_not_verified", "The inbox receives no mail: the domain of its address is not verified.")

func (a *arriving) writeTo(spool *mailstore.Spool, most int64) error {
	out := &bounded{to: spool, left: most}
	if a.report != nil {
		_, err := out.Write(a.report)
		return err
	}
	_, err := a.draft.WriteTo(out)
	if errors.Is(err, ErrTooLarge) {
		return ErrTooLarge
	}
	return err
}

// bounded is a writer that takes so many octets.
type bounded struct {
	to   io.Writer
	left int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, ErrTooLarge
	}
	return b.to.Write(p)
}

// take decides about a message and delivers it, as server/smtpd does.
func (s *Simulator) take(ctx context.Context, a *arriving, spool *mailstore.Spool) (Result, error) {
	letter, err := envelopeOf(spool)
	if err != nil {
		return Result{}, err
	}
	result := Result{Outcome: Delivered, MessageID: letter.MessageID, About: a.about.ID, Recipient: a.about.recipient}
	question := mailstore.ScreeningOf(&letter, a.sender)
	verdict := a.Checks.verdict(a.Scenario, domainOf(question.Author), a.sender)
	found := a.Scenario.evidence(verdict)
	to := []mailstore.Recipient{{Inbox: a.to.Inbox, Address: a.to.Address, Bounce: a.to.Bounce}}
	if found.Forged && verdict.DMARC.Disposition == mailauth.Reject && a.to.RejectForged {
		result.Outcome, result.Why = Refused, mailstore.ReasonForged
		return result, s.record(ctx, a, question.Author, letter.Subject)
	}
	if found.Doubtful {
		to[0].Labels = []string{mailstore.LabelUnauthenticated}
	}
	if a.Scenario == Blocked {
		blocked := mailstore.Standing{Listed: mailstore.Ruling{Kind: mailstore.ListBlock, Entry: question.Author}}
		junk.Decide(found, blocked).Apply(&to[0])
	} else if _, err := junk.Place(ctx, found, question, a.Scenario.isReport(), to); err != nil {
		return result, err
	}
	if to[0].Rejection != nil {
		result.Outcome, result.Why = Quarantined, to[0].Rejection.Reason
	}
	receipt, err := mailstore.Deliver(ctx, mailstore.Arrival{Sender: a.sender, Trace: s.trace(a, verdict), Spool: spool, To: to, Auth: junk.AuthOf(verdict)})
	if err != nil {
		return result, fmt.Errorf("deliver: %w", err)
	}
	receipt.Confirm()
	result.ID = receipt.IDs()[0]
	m, err := a.box.Message(ctx, result.ID)
	result.Thread = m.ThreadID
	return result, err
}

// record keeps that a message was refused.
func (s *Simulator) record(ctx context.Context, a *arriving, author, subject string) error {
	now := s.cfg.Clock()
	return s.dir.RecordRejections(ctx, a.box.WorkspaceID(), []mailstore.Rejection{{Action: mailstore.Refused, Reason: mailstore.ReasonForged,
		Detail: "simulated: the author's domain asks for it", Inbox: a.box.ID(), Source: clientIP.String(), HELO: heloOf(a.sender), Sender: a.sender,
		Author: author, Subject: subject, Recipient: a.to.Address, Count: 1, FirstAt: now, LastAt: now}})
}

// trace is what is put in front (RFC 5321, 4.4), with the field that says that nobody sent it.
func (s *Simulator) trace(a *arriving, v mailauth.Verdict) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Return-Path: <%s>\r\n", a.sender)
	fmt.Fprintf(&b, "Received: from %s ([%s])\r\n\tby %s (simulation);\r\n\t%s\r\n", heloOf(a.sender), clientIP, s.cfg.Hostname, s.cfg.Clock().UTC().Format(mailDate))
	b.Write(v.Header(s.cfg.Hostname))
	fmt.Fprintf(&b, "%s: %s\r\n", compose.SimulatedField, a.Scenario)
	return b.Bytes()
}

// mailDate is a date as RFC 5322, 3.3 writes it.
const mailDate = "Mon, 02 Jan 2006 15:04:05 -0700"

// maxEnvelope is how many octets of a message are read for its envelope.
const maxEnvelope = compose.MaxHeader

func envelopeOf(spool *mailstore.Spool) (message.Envelope, error) {
	head, err := io.ReadAll(io.LimitReader(spool.Reader(), maxEnvelope))
	if err != nil {
		return message.Envelope{}, fmt.Errorf("read header: %w", err)
	}
	if end := bytes.Index(head, []byte("\r\n\r\n")); end >= 0 {
		head = head[:end+4]
	}
	return message.Parse(head).Envelope, nil
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// heloOf is the name of the server that a message comes from.
func heloOf(sender string) string {
	if sender == "" {
		return "mx.example.com"
	}
	return "mx." + domainOf(sender)
}
