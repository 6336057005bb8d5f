package mailstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// Result is how one try of one recipient ended.
type Result struct {
	Row      int64
	Number   int    // of the attempt; 0: there was none
	Status   Status // Delivered, Relayed, Deferred or Bounced
	Reason   string // of what did not go: report.Reason
	Suppress bool   // nothing is to be sent to the address any more
	Host     string // whom we spoke to
	Address  string // IP and port
	TLS      string // "TLS 1.3"; "" is none
	Verified string // by what the certificate was verified: "mta-sts", "webpki"; "" is not
	Code     int
	Enhanced string
	Reply    string    // what the other side said, or what went wrong
	RetryAt  time.Time // of what is deferred
	Delayed  bool      // the sender is to be told of the delay, if that was not done
}

// Settle writes how tries ended, in one commit with the lines of the journal, and gives what still waits back to be claimed
// when it is due. What failed for good leaves a notice to be sent. A recipient that does not wait any more (it was
// cancelled, or a bounce came in meanwhile) changes only if it was delivered all the same.
func (b Outbox) Settle(ctx context.Context, results []Result) error {
	return b.ws.use(ctx, func(w *workspace) error {
		var s settling
		err := w.change(func(tx *sqlite.Tx) (err error) {
			s = settling{w: w, tx: tx, at: w.now(), messages: map[MessageID]*settled{}}
			for _, r := range results {
				if err := s.settle(r); err != nil {
					return fmt.Errorf("settle: %w", err)
				}
			}
			return s.finish()
		})
		if err != nil {
			return err
		}
		s.cleanUp()
		if s.due.IsZero() {
			return nil
		}
		return w.store.noteQueued(w.id, s.due)
	})
}

// settling is results on their way into one commit.
type settling struct {
	w        *workspace
	tx       *sqlite.Tx
	at       time.Time
	messages map[MessageID]*settled
	due      time.Time      // when something is to be looked at again; zero: nothing is
	later    []func() error // lines of the journal, which tell the messages' status as it is when all is written
}

// wake notes that there is something to do then.
func (s *settling) wake(at time.Time) {
	if s.due.IsZero() || at.Before(s.due) {
		s.due = at
	}
}

// settled is what happened to one message.
type settled struct {
	outgoing outgoing
	failed   []int64 // rows that bounced
	delayed  []int64
	finished []string // recipients that wait no more
	done     bool     // nobody waits, and nobody is to be told
}

func (s *settling) settle(r Result) error {
	if r.Number > 0 {
		if _, err := s.tx.Exec(`UPDATE attempts SET ended_at = ?, host = ?, address = ?, tls = ?, verified = ?, code = ?, enhanced = ?, reply = ? WHERE outbox_id = ? AND number = ?`,
			s.at.UnixMicro(), r.Host, r.Address, r.TLS, r.Verified, r.Code, r.Enhanced, r.Reply, r.Row, r.Number); err != nil {
			return err
		}
	}
	row, found, err := s.row(r.Row)
	if err != nil || !found || !row.status.waits() && r.Status != Delivered && r.Status != Relayed {
		return err
	}
	m := s.messages[row.outgoing]
	row.reason, row.code, row.enhanced, row.reply, row.status = r.Reason, r.Code, r.Enhanced, r.Reply, r.Status
	d := Delivery{Recipient: row.recipient, Status: r.Status, Reason: r.Reason, Host: r.Host, Code: r.Code, Enhanced: r.Enhanced, Reply: r.Reply, At: s.at}
	event := "message.delivered"
	switch r.Status {
	case Deferred:
		row.dueAt, d.NextAt, event = r.RetryAt.UnixMicro(), r.RetryAt.UTC(), "message.deferred"
		s.wake(r.RetryAt)
		if r.Delayed && !m.outgoing.told {
			m.delayed = append(m.delayed, row.id)
		}
	case Bounced:
		m.failed, event = append(m.failed, row.id), "message.bounced"
	case Relayed:
		event = "message.updated"
	}
	if err := s.write(row); err != nil {
		return err
	}
	s.tell(event, m.outgoing, d)
	if r.Suppress {
		s.suppress(Suppression{Address: row.recipient, Reason: SuppressedByBounce, Detail: r.Reply, Inbox: row.inbox, Message: row.outgoing})
	}
	return nil
}

// tell has a line of the journal be written when the message's status is.
func (s *settling) tell(event string, o outgoing, d Delivery) {
	s.later = append(s.later, func() error { return appendDelivery(s.tx, event, o, d) })
}

// suppress has an address be suppressed behind the lines that were told before.
func (s *settling) suppress(x Suppression) {
	x.At = s.at
	s.later = append(s.later, func() error { return s.w.suppress(s.tx, x) })
}

func (s *settling) row(id int64) (row outboxRow, found bool, err error) {
	err = outboxRows(s.tx, "WHERE r.id = ?", sqlite.Args(id), func(r outboxRow, o outgoing) error {
		row, found = r, true
		if s.messages[o.id] == nil {
			s.messages[o.id] = &settled{outgoing: o}
		}
		return nil
	})
	return row, found, err
}

// write writes a row that has got another status.
func (s *settling) write(r outboxRow) error {
	if !r.status.waits() {
		r.finishedAt = s.at.UnixMicro()
		m := s.messages[r.outgoing]
		m.finished = append(m.finished, r.recipient)
	}
	_, err := s.tx.Exec(`UPDATE outbox SET status = ?, waiting = ?, held = ?, due_at = ?, claim = 0, reason = ?, code = ?, enhanced = ?, reply = ?, finished_at = ? WHERE id = ?`,
		r.status, r.status.waits(), r.held && r.status.waits(), r.dueAt, r.reason, r.code, r.enhanced, r.reply, r.finishedAt, r.id)
	return err
}

// finish writes what follows for the messages as a whole.
func (s *settling) finish() error {
	for _, m := range s.messages {
		for kind, rows := range map[NoticeKind][]int64{NoticeFailed: m.failed, NoticeDelayed: m.delayed} {
			if len(rows) == 0 {
				continue
			}
			s.wake(s.at)
			list, _ := json.Marshal(rows) // numbers always encode
			if _, err := s.tx.Exec("INSERT INTO notices (outgoing_id, kind, recipients, at) VALUES (?, ?, ?, ?)", string(m.outgoing.id), kind, string(list), s.at.UnixMicro()); err != nil {
				return fmt.Errorf("note what the sender is to be told: %w", err)
			}
		}
		if len(m.delayed) > 0 {
			if _, err := s.tx.Exec("UPDATE outgoing SET told = 1 WHERE id = ?", string(m.outgoing.id)); err != nil {
				return err
			}
		}
		status, err := statusOf(s.tx, m.outgoing.id)
		if err != nil {
			return err
		}
		if _, err := s.tx.Exec("UPDATE messages SET status = ?, updated_at = ? WHERE id = ?", status, s.at.UnixMicro(), string(m.outgoing.id)); err != nil {
			return err
		}
		if m.done, err = isDone(s.tx, m.outgoing.id); err != nil {
			return err
		}
	}
	for _, tell := range s.later {
		if err := tell(); err != nil {
			return err
		}
	}
	return nil
}

// isDone reports whether nobody waits for a message any more.
func isDone(tx *sqlite.Tx, id MessageID) (done bool, err error) {
	err = tx.Row("SELECT NOT EXISTS (SELECT 1 FROM outbox WHERE outgoing_id = ?1 AND waiting = 1) AND NOT EXISTS (SELECT 1 FROM notices WHERE outgoing_id = ?1)", sqlite.Args(string(id)), &done)
	return done, err
}

// statusOf is the status of a message: that of a recipient who waits, if there is one; else bounced if one bounced.
func statusOf(tx *sqlite.Tx, id MessageID) (Status, error) {
	rank := []Status{Deferred, Queued, Held, Scheduled, Bounced, Relayed, Delivered, Cancelled, Rejected}
	best := len(rank) - 1
	err := outboxRows(tx, "WHERE r.outgoing_id = ?", sqlite.Args(string(id)), func(r outboxRow, o outgoing) error {
		status := r.show(o)
		for i, s := range rank[:best] {
			if s == status {
				best = i
			}
		}
		return nil
	})
	return rank[best], err
}

// show is a recipient's status as the API tells it.
func (r outboxRow) show(o outgoing) Status {
	switch {
	case !r.status.waits():
		return r.status
	case r.held:
		return Held
	case r.attempts == 0 && o.sendAt > 0 && r.dueAt >= o.sendAt:
		return Scheduled
	}
	return r.status
}

// cleanUp brings the files of the outbox in line with what was committed.
func (s *settling) cleanUp() {
	for id, m := range s.messages {
		var err error
		switch {
		case m.done:
			err = s.w.tree.Unqueue(string(id))
		case len(m.finished) > 0:
			if err = s.w.tree.NoteSettled(string(id), m.finished); errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
		}
		if err != nil {
			s.w.store.opts.Log.Warn("clean up the outbox", "workspace", s.w.id, "message", id, "err", err)
		}
	}
}

// NoticeKind says what a sender is to be told.
type NoticeKind string

const (
	NoticeFailed  NoticeKind = "failed"
	NoticeDelayed NoticeKind = "delayed"
)

// Notice is what a sender is to be told of a message (RFC 3464).
type Notice struct {
	ID         int64
	Kind       NoticeKind
	At         time.Time
	Workspace  WorkspaceID
	Inbox      InboxID
	Message    MessageID
	MessageID  string // RFC Message-ID of the message that it is about
	Sender     string // who is told
	CreatedAt  time.Time
	Recipients []Fate
}

// Fate is what became of one recipient so far.
type Fate struct {
	Address  string
	Status   Status
	Reason   string
	Host     string
	Code     int
	Enhanced string
	Reply    string
	Attempts int
	At       time.Time // of the last try
}

// Notices lists what senders are to be told, oldest first.
func (b Outbox) Notices(ctx context.Context, limit int) (list []Notice, err error) {
	err = b.ws.view(ctx, func(tx *sqlite.Tx) error {
		var rows []string
		err := tx.Each(`SELECT n.id, n.kind, n.at, n.recipients, o.inbox_id, o.id, o.message_id, o.sender, o.created_at FROM notices n JOIN outgoing o ON o.id = n.outgoing_id
			ORDER BY n.id LIMIT ?`, sqlite.Args(limit), func(scan func(...any) error) error {
			var n Notice
			var at, created int64
			var recipients string
			err := scan(&n.ID, &n.Kind, &at, &recipients, &n.Inbox, &n.Message, &n.MessageID, &n.Sender, &created)
			n.Workspace = b.ws.id
			n.At, n.CreatedAt = time.UnixMicro(at).UTC(), time.UnixMicro(created).UTC()
			list, rows = append(list, n), append(rows, recipients)
			return err
		})
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Recipients, err = fates(tx, rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// fates reads what became of recipients, given a JSON list of their rows.
func fates(tx *sqlite.Tx, rows string) (list []Fate, err error) {
	err = tx.Each(`SELECT r.recipient, r.status, r.reason, COALESCE(a.host, ''), r.code, r.enhanced, r.reply, r.attempts, COALESCE(NULLIF(a.ended_at, 0), r.finished_at) FROM outbox r
		LEFT JOIN attempts a ON a.outbox_id = r.id AND a.number = r.attempts WHERE r.id IN (SELECT value FROM json_each(?)) ORDER BY r.id`, sqlite.Args(rows),
		func(scan func(...any) error) error {
			var f Fate
			var at int64
			err := scan(&f.Address, &f.Status, &f.Reason, &f.Host, &f.Code, &f.Enhanced, &f.Reply, &f.Attempts, &at)
			f.At = time.UnixMicro(at).UTC()
			list = append(list, f)
			return err
		})
	return list, err
}

// NoticeDone forgets a notice, because the sender has it.
func (b Outbox) NoticeDone(ctx context.Context, n Notice) error {
	return b.ws.use(ctx, func(w *workspace) error {
		var done bool
		err := w.change(func(tx *sqlite.Tx) (err error) {
			if _, err = tx.Exec("DELETE FROM notices WHERE id = ?", n.ID); err == nil {
				done, err = isDone(tx, n.Message)
			}
			return err
		})
		if err == nil && done {
			return w.tree.Unqueue(string(n.Message))
		}
		return err
	})
}
