package mailstore

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/postroom/postroom/mailstore/report"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// applyReport settles what a report that came in says of a message that the inbox sent: a bounce, a delay, a complaint. It
// finds the message by the return path that the report came to, which only those can write who got the message or handled
// it, or by the Message-ID that it names, which many more may know; then it must name a recipient of that message whom it was
// sent to, and a bounce suppresses nobody. Of a message to several, each of them could write a report about the others: it is
// told, and suppresses nobody and ends no tries.
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
	rows, err := reportedRows(tx, o)
	if err != nil {
		return err
	}
	alone := len(rows.all) == 1 // who writes the report speaks for nobody else
	for _, f := range rep.Failures {
		row := rows.find(f, proven && len(rep.Failures) == 1)
		if row == nil || !concerns(rep.Kind, *row, proven && alone) {
			continue
		}
		s.messages[o.id] = cmp.Or(s.messages[o.id], &settled{outgoing: o})
		if *row, err = s.apply(rep.Kind, f, *row, proven, alone); err != nil {
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

// recipients are those of one message, by address in lower case; one that is named twice is there once.
type recipients struct {
	by  map[string]*outboxRow
	all []*outboxRow
}

func reportedRows(tx *sqlite.Tx, o outgoing) (list recipients, err error) {
	list.by = map[string]*outboxRow{}
	err = outboxRows(tx, "WHERE r.outgoing_id = ? ORDER BY r.id", sqlite.Args(string(o.id)), func(r outboxRow, _ outgoing) error {
		list.all = append(list.all, &r)
		list.by[strings.ToLower(r.recipient)] = &r
		return nil
	})
	return list, err
}

// find gives the recipient that a report names: by address, or, if it came to the return path, the only one of the message.
// It is nil if there is none.
func (l recipients) find(f report.Failure, only bool) *outboxRow {
	for _, address := range []string{f.Recipient, f.Final} {
		if row := l.by[strings.ToLower(address)]; row != nil {
			return row
		}
	}
	if only && len(l.all) == 1 {
		return l.all[0]
	}
	return nil
}

// concerns reports whether a report can be about what became of a recipient: nobody bounces what was never sent. Of one
// that is still tried, a server may have taken the message whose answer was not seen; only a trusted bounce ends the tries,
// else whoever knows the Message-ID could keep the message from the others.
func concerns(kind report.Kind, row outboxRow, trusted bool) bool {
	switch row.status {
	case Delivered:
		return kind == report.Bounce || kind == report.Delay || kind == report.Complaint
	case Relayed:
		return kind != report.AutoReply
	case Bounced:
		return kind == report.Complaint
	case Queued, Deferred:
		return kind == report.Complaint || kind == report.Bounce && trusted && row.attempts > 0
	}
	return false
}

// apply writes what a report says of one recipient, and gives the row as it is then.
func (s *settling) apply(kind report.Kind, f report.Failure, row outboxRow, proven, alone bool) (outboxRow, error) {
	o := s.messages[row.outgoing].outgoing
	d := Delivery{Recipient: row.recipient, Reason: string(f.Reason), Host: f.RemoteMTA, Code: f.Code, Enhanced: f.Status, Reply: f.Diagnostic, At: s.at}
	switch kind {
	case report.Complaint:
		d.Status = row.status
		s.tell("message.complained", o, d)
		if !alone {
			return row, nil
		}
		s.suppress(Suppression{Address: row.recipient, Reason: SuppressedByComplaint, Detail: f.Diagnostic, Inbox: row.inbox, Message: row.outgoing})
		return row, nil
	case report.Delay:
		d.Status = Deferred
		s.tell("message.deferred", o, d)
		return row, nil
	case report.Delivered:
		if row.status != Relayed {
			return row, nil
		}
		row.status, d.Status = Delivered, Delivered
	case report.Bounce:
		row.status, row.reason, row.code, row.enhanced, row.reply, d.Status = Bounced, string(f.Reason), f.Code, f.Status, f.Diagnostic, Bounced
	default:
		return row, nil
	}
	if err := s.write(row); err != nil {
		return row, err
	}
	s.tell("message."+string(d.Status), o, d)
	if row.status == Bounced && proven && alone && f.Hard && f.Reason == report.UserUnknown {
		s.suppress(Suppression{Address: row.recipient, Reason: SuppressedByBounce, Detail: f.Diagnostic, Inbox: row.inbox, Message: row.outgoing})
	}
	return row, nil
}
