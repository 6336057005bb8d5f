package courier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/report"
	"github.com/postroom/postroom/server/courier/smtpc"
	"github.com/postroom/postroom/server/junk"
	"github.com/postroom/postroom/tenancy"
)

// mailDate is a date as RFC 5322, 3.3 writes it.
const mailDate = "Mon, 02 Jan 2006 15:04:05 -0700"

// deliver hands a load to inboxes of this server.
func (c *Courier) deliver(ctx context.Context, l *load, left []mailstore.Claimed) ([]mailstore.Result, error) {
	results, inboxes, to := c.receivers(ctx, l, left)
	if len(to) == 0 {
		return results, nil
	}
	b, err := c.openBody(ctx, l)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if b.front, err = c.passage(ctx, l); err != nil {
		return nil, err
	}
	spool := mailstore.NewSpool(to[0].Inbox)
	defer spool.Close()
	if _, err := io.Copy(spool, b.reader()); err != nil {
		return nil, fmt.Errorf("copy message: %w", err)
	}
	refused, err := c.screen(ctx, l, spool, to)
	if err == nil {
		to = slices.DeleteFunc(to, func(r mailstore.Recipient) bool { return refused[r.Inbox.ID()] })
	}
	if err == nil && len(to) > 0 {
		// It is not confirmed: should it not be settled and come again, it is stored once. No other message has its return path.
		_, err = mailstore.Deliver(ctx, mailstore.Arrival{Sender: b.sender, Trace: c.trace(b.sender, string(l.parcel.Message)), Spool: spool, To: to})
	}
	for i := range results {
		switch {
		case results[i].Status != mailstore.Delivered:
		case err != nil:
			results[i] = c.failed(l, left[i], notTaken(err), connection{host: c.cfg.Hostname})
		case refused[inboxes[i]]:
			results[i] = c.failed(l, left[i], errCircles, connection{host: c.cfg.Hostname})
		}
	}
	if err != nil {
		c.log.Warn("deliver mail", "workspace", l.parcel.Workspace, "err", err)
	}
	return results, nil
}

// receivers finds the inbox of each recipient that is left, and each inbox once. The results say that it was delivered to those that
// have one.
func (c *Courier) receivers(ctx context.Context, l *load, left []mailstore.Claimed) (results []mailstore.Result, inboxes []mailstore.InboxID, to []mailstore.Recipient) {
	results, inboxes = make([]mailstore.Result, len(left)), make([]mailstore.InboxID, len(left))
	known := map[mailstore.InboxID]bool{}
	here := connection{host: c.cfg.Hostname}
	for i, r := range left {
		found, err := c.dir.Recipient(ctx, r.Address)
		switch {
		case errors.Is(err, tenancy.ErrNotFound):
			results[i] = c.failed(l, r, &refusal{code: 550, status: "5.1.1", text: "no such user here", reason: report.UserUnknown}, here)
			results[i].Suppress = true
		case err != nil:
			results[i] = c.failed(l, r, &refusal{code: 451, status: "4.3.0", text: "not available now", reason: report.Other}, here)
			c.log.Error("find recipient", "workspace", l.parcel.Workspace, "err", err)
		default:
			results[i] = c.newResult(r, here, smtpc.Reply{Code: 250, Status: "2.1.5", Text: "delivered"})
			results[i].Status = mailstore.Delivered
			if inboxes[i] = found.InboxID; !known[found.InboxID] {
				known[found.InboxID] = true
				to = append(to, mailstore.Recipient{Inbox: found.Inbox, Address: found.Address, Bounce: found.Bounce, Report: found.Report})
			}
		}
	}
	return results, inboxes, to
}

// errCircles is told of a message that an inbox does not get again.
var errCircles = &refusal{code: 554, status: "5.4.6", text: "the message goes in circles: it has left this inbox before", reason: report.Policy}

// notTaken says why nothing could be delivered.
func notTaken(err error) *refusal {
	f := &refusal{code: 451, status: "4.3.0", text: "not available now", reason: report.Other}
	if x := fault.From(err); x != nil {
		f.text = x.Message
		if x.Kind == fault.Exhausted {
			f.status, f.reason = "4.2.2", report.MailboxFull
		}
	}
	return f
}

// screen decides for each recipient where a message from here goes, and refuses what comes to an inbox in circles. That it is from its
// author is known.
func (c *Courier) screen(ctx context.Context, l *load, spool *mailstore.Spool, to []mailstore.Recipient) (refused map[mailstore.InboxID]bool, err error) {
	header, err := headerOf(spool.Reader())
	if err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	letter := message.Parse(header).Envelope
	circles, _, err := junk.InCircles(ctx, c.dir, header, to)
	if err != nil {
		return nil, err
	}
	refused = map[mailstore.InboxID]bool{}
	question := mailstore.ScreeningOf(&letter, l.parcel.Sender)
	for i, r := range to {
		if !circles[i] {
			continue
		}
		refused[r.Inbox.ID()] = true
		now := c.cfg.Clock()
		record := mailstore.Rejection{Action: mailstore.Refused, Reason: mailstore.ReasonInCircles, Detail: errCircles.Error(), Inbox: r.Inbox.ID(),
			Sender: l.parcel.Sender, Author: question.Author, Subject: letter.Subject, Recipient: r.Address, Count: 1, FirstAt: now, LastAt: now}
		if err := c.dir.RecordRejections(ctx, r.Inbox.WorkspaceID(), []mailstore.Rejection{record}); err != nil {
			return nil, err
		}
	}
	_, err = junk.Place(ctx, junk.Evidence{}, question, false, to)
	return refused, err
}

// trace is what is put in front of a message that comes from here (RFC 5321, 4.4).
func (c *Courier) trace(sender, id string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "Return-Path: <%s>\r\n", sender)
	fmt.Fprintf(&b, "Received: by %s (courier)\r\n\tid %s;\r\n\t%s\r\n", c.cfg.Hostname, id, c.cfg.Clock().UTC().Format(mailDate))
	return []byte(b.String())
}

// tell sends the notices that a workspace's senders are to get. Each is the same octets until it is noted as done, so that
// one that was delivered before a crash is not delivered twice.
func (c *Courier) tell(ctx context.Context, box mailstore.Outbox) error {
	for {
		list, err := box.Notices(ctx, noticesAtOnce)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, n := range list {
			if err := c.tellOne(ctx, box, n); err != nil {
				return err
			}
		}
	}
}

func (c *Courier) tellOne(ctx context.Context, box mailstore.Outbox, n mailstore.Notice) error {
	to, err := c.dir.Home(ctx, n.Workspace, n.Inbox)
	if errors.Is(err, tenancy.ErrNotFound) { // the sender is gone, and nobody else is told
		return box.NoticeDone(ctx, n)
	}
	if err != nil {
		return err
	}
	spool := mailstore.NewSpool(to.Inbox)
	defer spool.Close()
	if err := c.writeNotice(ctx, box, n, spool); err != nil {
		return fmt.Errorf("write notice: %w", err)
	}
	receipt, err := mailstore.Deliver(ctx, mailstore.Arrival{Trace: c.trace("", string(n.Message)), Spool: spool, To: []mailstore.Recipient{{Inbox: to.Inbox, Address: to.Address}}, Notice: true})
	if err != nil {
		return fmt.Errorf("deliver notice: %w", err)
	}
	if err := box.NoticeDone(ctx, n); err != nil {
		return err
	}
	receipt.Confirm()
	return nil
}

// writeNotice writes a notice; of the original it shows the header.
func (c *Courier) writeNotice(ctx context.Context, box mailstore.Outbox, n mailstore.Notice, w io.Writer) error {
	notice := compose.Notice{Host: c.cfg.Hostname, To: message.Address{Address: n.Sender}, ID: fmt.Sprintf("%s-%d", n.Message, n.ID), At: n.At, Delayed: n.Kind == mailstore.NoticeDelayed,
		Arrived: n.CreatedAt, MessageID: n.MessageID}
	for _, f := range n.Recipients {
		u := compose.Undelivered{Address: f.Address, Reason: f.Reason, Status: f.Enhanced, Host: f.Host, Code: f.Code, Reply: f.Reply, Attempts: f.Attempts, LastAttempt: f.At}
		if notice.Delayed {
			u.Until = n.CreatedAt.Add(c.cfg.GiveUpAfter)
		}
		notice.Recipients = append(notice.Recipients, u)
	}
	if file, err := box.Open(ctx, n.Message); err == nil {
		defer file.Close()
		if notice.Header, err = headerOf(file); err != nil { // it is told all the same
			c.log.Error("read the header of a message for a notice", "message", n.Message, "err", err)
			notice.Header = nil
		}
		e := message.Parse(notice.Header).Envelope
		notice.Subject, notice.References = e.Subject, e.References
	}
	_, err := w.Write(notice.Bytes())
	return err
}
