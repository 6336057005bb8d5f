package mailstore

import (
	"fmt"
	"strings"

	"github.com/postroom/postroom/mailstore/report"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// applyReport settles what a report that came in says of a message that the inbox sent: a bounce, a delay, a complaint. It
// finds the message by the return path that the report came to, which nobody else can write, or by the Message-ID that it
// names; then it must name a recipient of that message, and a bounce suppresses nobody: whoever got the message could
// have written it.
func (d *delivery) applyReport(tx *sqlite.Tx, r Recipient) error {
	rep := d.parsed.report
	if rep == nil || d.arrival.Notice {
		return nil
	}
	o, proven, err := reported(tx, r, rep)
	if err != nil || o.id == "" {
		return err
	}
	s := settling{w: d.w, tx: tx, at: d.at, messages: map[MessageID]*settled{}}
	for _, f := range rep.Failures {
		row, err := s.reportedRow(o, f, proven && len(rep.Failures) == 1)
		if err != nil {
			return err
		}
		if row.id == 0 {
			continue
		}
		if err := s.apply(rep.Kind, f, row, proven); err != nil {
			return fmt.Errorf("apply report: %w", err)
		}
	}
	if len(s.messages) == 0 {
		return nil
	}
	d.reports = append(d.reports, &s)
	return s.finish()
}

// reported finds the message that a report is about; proven says that it came to its return path.
func reported(tx *sqlite.Tx, r Recipient, rep *report.Report) (o outgoing, proven bool, err error) {
	query, arg := "o.id = ?", string(r.Bounce)
	if proven = r.Bounce != ""; !proven {
		if query, arg = "o.message_id = ?", rep.MessageID; arg == "" {
			return o, false, nil
		}
	}
	err = tx.Each("SELECT "+outgoingColumns+" FROM outgoing o WHERE o.inbox_id = ? AND "+query+" ORDER BY o.id DESC LIMIT 1", sqlite.Args(string(r.Inbox.id), arg),
		func(scan func(...any) error) error { return scan(o.dest()...) })
	return o, proven, err
}

// reportedRow finds the recipient that a report names: by address, or, if it came to the return path, the only one of the
// message. Its id is 0 if there is none.
func (s *settling) reportedRow(o outgoing, f report.Failure, only bool) (found outboxRow, err error) {
	rows := 0
	var last outboxRow
	err = outboxRows(s.tx, "WHERE r.outgoing_id = ? ORDER BY r.id", sqlite.Args(string(o.id)), func(r outboxRow, o outgoing) error {
		if strings.EqualFold(r.recipient, f.Recipient) || strings.EqualFold(r.recipient, f.Final) {
			found = r
		}
		rows++
		last = r
		return nil
	})
	if found.id == 0 && rows == 1 && only {
		found = last
	}
	if found.id != 0 && s.messages[o.id] == nil {
		s.messages[o.id] = &settled{outgoing: o}
	}
	return found, err
}

// apply writes what a report says of one recipient, unless that is known.
func (s *settling) apply(kind report.Kind, f report.Failure, row outboxRow, proven bool) error {
	o := s.messages[row.outgoing].outgoing
	d := Delivery{Recipient: row.recipient, Reason: string(f.Reason), Host: f.RemoteMTA, Code: f.Code, Enhanced: f.Status, Reply: f.Diagnostic, At: s.at}
	switch kind {
	case report.Complaint:
		d.Status = row.status
		if err := appendDelivery(s.tx, "message.complained", o, d); err != nil {
			return err
		}
		return s.w.suppress(s.tx, Suppression{Address: row.recipient, Reason: SuppressedByComplaint, Detail: f.Diagnostic, Inbox: row.inbox, Message: row.outgoing, At: s.at})
	case report.Delay:
		d.Status = Deferred
		return appendDelivery(s.tx, "message.deferred", o, d)
	case report.Delivered:
		if row.status != Relayed {
			return nil
		}
		row.status, d.Status = Delivered, Delivered
	case report.Bounce:
		if row.status == Bounced || row.status == Rejected {
			return nil
		}
		row.status, row.reason, row.code, row.enhanced, row.reply, d.Status = Bounced, string(f.Reason), f.Code, f.Status, f.Diagnostic, Bounced
	default:
		return nil
	}
	if err := s.write(row); err != nil {
		return err
	}
	if err := appendDelivery(s.tx, "message."+string(d.Status), o, d); err != nil {
		return err
	}
	if row.status == Bounced && proven && f.Hard && f.Reason == report.UserUnknown {
		return s.w.suppress(s.tx, Suppression{Address: row.recipient, Reason: SuppressedByBounce, Detail: f.Diagnostic, Inbox: row.inbox, Message: row.outgoing, At: s.at})
	}
	return nil
}
