package simulation

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/tenancy"
)

// maxLookBack bounds the messages that were sent and are looked at if none is named, the newest first.
const maxLookBack = 50

// about is the message that a simulated one is about.
type about struct {
	mailstore.Message
	sender    string // its envelope sender; of one that was received, the address it came to
	recipient string // whom the report is about, or who answers
}

var (
	errNothingSent = fault.New(fault.Conflict, "nothing_sent", "This inbox has sent nothing that this could be about; send a message to an address such as ann@example.com first, or name one in messageId.")
	errNoMessage   = fault.New(fault.Invalid, "validation_failed", "The inbox has no such message; name one by its id, msg_…, or by its Message-ID with angle brackets.").At("messageId")
	errNotSent     = fault.New(fault.Conflict, "message_not_sent", "This inbox has not sent the message, or so long ago that it is forgotten.").At("messageId")
	errNotTo       = fault.New(fault.Invalid, "validation_failed", "The message did not go to this recipient.").At("recipient")
	errNotThereYet = fault.New(fault.Conflict, "not_delivered", "The recipient has not got the message: only what was delivered can come back. GET …/delivery tells what became of it.").At("messageId")
	errReal        = fault.New(fault.Conflict, "recipient_is_real", "A bounce, a delay or a complaint is only simulated of recipients whom no mail leaves for: at a reserved domain such as example.com, at a domain of the "+
		"workspace, or any if the server catches mail. Of others it would have an address suppressed that works.").At("recipient")
)

// findAbout finds the message that is answered, or that a report is about: the one that is named, or the newest one that fits.
func (s *Simulator) findAbout(ctx context.Context, a *arriving) (err error) {
	if a.About != "" {
		m, err := find(ctx, a.box, a.About)
		if err != nil {
			return err
		}
		a.about, err = s.fits(ctx, a, m)
		return err
	}
	list, _, err := a.box.Messages(ctx, mailstore.MessageFilter{Labels: []string{mailstore.LabelSent}, IncludeTrash: true, IncludeSpam: true}, nil, maxLookBack)
	if err != nil {
		return err
	}
	why := error(errNothingSent)
	for i, m := range list {
		found, err := s.fits(ctx, a, m)
		switch {
		case err == nil:
			a.about = found
			return nil
		case fault.From(err) == nil || fault.KindOf(err) == fault.Unavailable:
			return err
		case i == 0:
			why = err // of the newest one, which is most likely meant
		}
	}
	return why
}

// find finds a message of the inbox by its id or its Message-ID.
func find(ctx context.Context, box mailstore.Inbox, name string) (m mailstore.Message, err error) {
	if ident.Valid("msg", name) {
		m, err = box.Message(ctx, mailstore.MessageID(name))
		if errors.Is(err, mailstore.ErrNotFound) {
			err = errNoMessage
		}
		return m, err
	}
	if !strings.HasPrefix(name, "<") {
		return m, errNoMessage
	}
	list, _, err := box.Messages(ctx, mailstore.MessageFilter{MessageID: name, IncludeTrash: true, IncludeSpam: true}, nil, mailstore.MaxPage)
	if err == nil && len(list) == 0 {
		return m, errNoMessage
	}
	if err != nil {
		return m, err
	}
	if i := slices.IndexFunc(list, func(m mailstore.Message) bool { return m.Direction == mailstore.Sent }); i >= 0 {
		return list[i], nil // of a message to oneself
	}
	return list[0], nil
}

// fits tells whom of a message the scenario can be about, or why of nobody.
func (s *Simulator) fits(ctx context.Context, a *arriving, m mailstore.Message) (about, error) {
	found := about{Message: m}
	list, err := a.box.Delivery(ctx, m.ID)
	switch {
	case errors.Is(err, mailstore.ErrNotFound) && a.Scenario == Reply && m.Direction == mailstore.Received:
		if found.recipient = a.Recipient; found.recipient == "" && len(m.Envelope.From) > 0 {
			found.recipient = m.Envelope.From[0].Address
		}
		return found, nil
	case errors.Is(err, mailstore.ErrNotFound):
		return found, errNotSent
	case err != nil:
		return found, err
	}
	why := error(errNotTo)
	for _, e := range list {
		if a.Recipient != "" && !strings.EqualFold(e.Recipient, a.Recipient) {
			continue
		}
		if err := s.concerns(ctx, a, e); err == nil {
			found.sender, found.recipient = e.Sender, e.Recipient
			return found, nil
		} else if fault.From(err) == nil {
			return found, err
		} else if why == error(errNotTo) {
			why = err
		}
	}
	return found, why
}

// concerns tells whether the scenario can be about a recipient; the error says why not. What a report settles must be simulated as well:
// it may suppress the address.
func (s *Simulator) concerns(ctx context.Context, a *arriving, e mailstore.QueueEntry) error {
	if !a.Scenario.settles() {
		return nil
	}
	if there := e.Status == mailstore.Delivered || e.Status == mailstore.Relayed; !there && (a.Scenario != Complaint || e.Status != mailstore.Bounced) {
		return errNotThereYet
	}
	if s.cfg.Caught || isReserved(e.Domain) {
		return nil
	}
	owner, err := s.dir.Local(ctx, e.Domain)
	if err == nil && owner != a.box.WorkspaceID() {
		err = errReal
	}
	return err
}

// isReserved tells whether a domain is one that nobody can have (RFC 2606, RFC 6761).
func isReserved(domain string) bool {
	domain = strings.ToLower(domain)
	for _, name := range []string{"test", "example", "invalid", "localhost", "example.com", "example.net", "example.org"} {
		if domain == name || strings.HasSuffix(domain, "."+name) {
			return true
		}
	}
	return false
}

// toReturnPath addresses the message to the return path that the one it is about had.
func (s *Simulator) toReturnPath(ctx context.Context, a *arriving) error {
	path, err := s.dir.ReturnPath(ctx, a.box.WorkspaceID(), a.about.ID, domainOf(a.about.sender))
	if err != nil {
		return err
	}
	a.to, err = s.dir.Recipient(ctx, path)
	if errors.Is(err, tenancy.ErrNotFound) || err == nil && a.to.InboxID != a.box.ID() {
		return errNotReceiving
	}
	return err
}
