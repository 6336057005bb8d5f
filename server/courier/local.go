package courier

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	results := make([]mailstore.Result, len(left))
	var to []mailstore.Recipient
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
			if !known[found.InboxID] {
				known[found.InboxID] = true
				to = append(to, mailstore.Recipient{Inbox: found.Inbox, Address: found.Address, Bounce: found.Bounce})
			}
		}
	}
	if len(to) == 0 {
		return results, nil
	}
	b, err := c.openBody(ctx, l)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	spool := mailstore.NewSpool(to[0].Inbox)
	defer spool.Close()
	if _, err := io.Copy(spool, b.reader()); err != nil {
		return nil, fmt.Errorf("copy message: %w", err)
	}
	if err = screen(ctx, spool, l.parcel.Sender, to); err == nil {
		// It is not confirmed: should it not be settled and come again, it is stored once. No other message has its return path.
		_, err = mailstore.Deliver(ctx, mailstore.Arrival{Sender: b.sender, Trace: c.trace(b.sender, string(l.parcel.Message)), Spool: spool, To: to})
	}
	if err != nil {
		f := &refusal{code: 451, status: "4.3.0", text: "not available now", reason: report.Other}
		if x := fault.From(err); x != nil {
			f.text = x.Message
			if x.Kind == fault.Exhausted {
				f.status, f.reason = "4.2.2", report.MailboxFull
			}
		}
		c.log.Warn("deliver mail", "workspace", l.parcel.Workspace, "err", err)
		for i := range results {
			if results[i].Status == mailstore.Delivered {
				results[i] = c.failed(l, left[i], f, here)
			}
		}
		return results, nil
	}
	return results, nil
}

// screen decides for each recipient where a message from here goes. That it is from its author is known.
func screen(ctx context.Context, spool *mailstore.Spool, sender string, to []mailstore.Recipient) error {
	header, err := headerOf(spool.Reader())
	if err != nil {
		return fmt.Errorf("read header: %w", err)
	}
	letter := message.Parse(header).Envelope
	_, err = junk.Place(ctx, junk.Evidence{}, mailstore.ScreeningOf(&letter, sender), to)
	return err
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
