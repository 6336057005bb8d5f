package mailstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// MaxQueueChange is how many recipients one Hold, Unhold, Retry or Cancel touches; it is repeated until it touches none.
const MaxQueueChange = 1000

// QueueFilter narrows what of the outbox is meant. Zero fields do not narrow.
type QueueFilter struct {
	Row     int64
	Inbox   InboxID
	Message MessageID
	Domain  string
	Waiting bool // only those that may still be tried
}

// QueueEntry is one recipient of a message that was sent, as people see it.
type QueueEntry struct {
	Row       int64
	Inbox     InboxID
	Message   MessageID
	MessageID string // RFC Message-ID
	Sender    string
	Recipient string
	Domain    string
	Lane      Lane
	Status    Status
	InHand    bool // the courier has it
	Attempts  int
	DueAt     time.Time // of what waits
	Reason    string
	Code      int
	Enhanced  string
	Reply     string
	CreatedAt time.Time
	EndedAt   time.Time // zero: it waits
	Tries     []Try     // only where asked for
}

// Try is one attempt.
type Try struct {
	Number    int
	StartedAt time.Time
	EndedAt   time.Time // zero: it runs, or a crash ended it
	Host      string
	Address   string
	TLS       string
	Verified  string
	Code      int
	Enhanced  string
	Reply     string
}

func (f QueueFilter) where() (string, []any) {
	clauses, args := []string{"1"}, []any{}
	add := func(clause string, arg any) {
		clauses, args = append(clauses, clause), append(args, arg)
	}
	if f.Row != 0 {
		add("r.id = ?", f.Row)
	}
	if f.Inbox != "" {
		add("r.inbox_id = ?", string(f.Inbox))
	}
	if f.Message != "" {
		add("r.outgoing_id = ?", string(f.Message))
	}
	if f.Domain != "" {
		add("r.domain = ?", f.Domain)
	}
	if f.Waiting {
		clauses = append(clauses, "r.waiting = 1")
	}
	return strings.Join(clauses, " AND "), args
}

// from names the index to walk where it is only those that wait: left to itself, SQLite would walk all rows of the last month.
func (f QueueFilter) from() string {
	if f.Waiting && f.Row == 0 && f.Message == "" {
		return " FROM outbox r INDEXED BY outbox_waiting"
	}
	return " FROM outbox r"
}

// Entries lists newest first, at most limit (0: MaxPage) behind after, which is the Row of the last entry of the page before.
func (b Outbox) Entries(ctx context.Context, f QueueFilter, after int64, limit int) (list []QueueEntry, next int64, err error) {
	limit = pageLimit(limit)
	where, args := f.where()
	if after > 0 {
		where, args = where+" AND r.id < ?", append(args, after)
	}
	err = b.ws.use(ctx, func(w *workspace) error {
		return w.db.View(ctx, func(tx *sqlite.Tx) error {
			list, err = w.entries(tx, f.from(), "WHERE "+where+" ORDER BY r.id DESC LIMIT ?", append(args, limit+1))
			return err
		})
	})
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].Row
	}
	return list, next, err
}

func (w *workspace) entries(tx *sqlite.Tx, from, clause string, args []any) (list []QueueEntry, err error) {
	err = tx.Each("SELECT r.claim, "+outboxColumns+", "+outgoingColumns+from+" JOIN outgoing o ON o.id = r.outgoing_id "+clause, args, func(scan func(...any) error) error {
		var claim int64
		var r outboxRow
		var o outgoing
		if err := scan(append(append([]any{&claim}, r.dest()...), o.dest()...)...); err != nil {
			return err
		}
		e := QueueEntry{Row: r.id, Inbox: r.inbox, Message: r.outgoing, MessageID: o.messageID, Sender: o.sender, Recipient: r.recipient, Domain: domainOf(r.recipient), Lane: r.lane,
			Status: r.show(o), Attempts: r.attempts, Reason: r.reason, Code: r.code, Enhanced: r.enhanced, Reply: r.reply, CreatedAt: time.UnixMicro(o.createdAt).UTC()}
		if r.status.waits() {
			e.DueAt, e.InHand = time.UnixMicro(r.dueAt).UTC(), claim == w.store.boot
		} else {
			e.EndedAt = time.UnixMicro(r.finishedAt).UTC()
		}
		list = append(list, e)
		return nil
	})
	return list, err
}

// Delivery tells of each recipient of a message that was sent what was tried, oldest try first. ErrNotFound if the message
// was not sent, or so long ago that it is forgotten.
func (in Inbox) Delivery(ctx context.Context, id MessageID) (list []QueueEntry, err error) {
	err = in.ws.use(ctx, func(w *workspace) error {
		return w.db.View(ctx, func(tx *sqlite.Tx) error {
			if list, err = w.entries(tx, QueueFilter{Message: id}.from(), "WHERE r.outgoing_id = ? AND r.inbox_id = ? ORDER BY r.id", sqlite.Args(string(id), string(in.id))); err != nil {
				return err
			}
			if len(list) == 0 {
				return ErrNotFound
			}
			for i := range list {
				if list[i].Tries, err = tries(tx, list[i].Row); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return list, err
}

func tries(tx *sqlite.Tx, row int64) (list []Try, err error) {
	err = tx.Each("SELECT number, started_at, ended_at, host, address, tls, verified, code, enhanced, reply FROM attempts WHERE outbox_id = ? ORDER BY number", sqlite.Args(row),
		func(scan func(...any) error) error {
			var t Try
			var started, ended int64
			err := scan(&t.Number, &started, &ended, &t.Host, &t.Address, &t.TLS, &t.Verified, &t.Code, &t.Enhanced, &t.Reply)
			t.StartedAt = time.UnixMicro(started).UTC()
			if ended > 0 {
				t.EndedAt = time.UnixMicro(ended).UTC()
			}
			list = append(list, t)
			return err
		})
	return list, err
}

// Hold keeps recipients that wait from being tried until Unhold. One that is being tried at that moment is held when that try
// has failed. It gives how many it touched.
func (b Outbox) Hold(ctx context.Context, f QueueFilter) (int, error) {
	return b.change(ctx, f, "r.held = 0", func(q *queueChange, r outboxRow) error {
		r.held = true
		q.held[r.outgoing] = append(q.held[r.outgoing], r.recipient)
		return q.rewrite(r)
	})
}

// Unhold lets what was held be tried again.
func (b Outbox) Unhold(ctx context.Context, f QueueFilter) (int, error) {
	return b.change(ctx, f, "r.held = 1", func(q *queueChange, r outboxRow) error {
		r.held = false
		q.released[r.outgoing] = append(q.released[r.outgoing], r.recipient)
		return q.rewrite(r)
	})
}

// Retry lets recipients that wait for their next try be tried now. What is held stays so, and what is being tried is not
// tried a second time beside that.
func (b Outbox) Retry(ctx context.Context, f QueueFilter) (int, error) {
	store := b.ws.store
	return b.change(ctx, f, fmt.Sprintf("r.held = 0 AND r.claim <> %d AND r.due_at > %d", store.boot, store.opts.Clock().UnixMicro()), func(q *queueChange, r outboxRow) error {
		r.dueAt = q.at.UnixMicro()
		return q.rewrite(r)
	})
}

// Cancel gives recipients up that wait. One that is being tried at that moment may still be delivered, and is then told so.
func (b Outbox) Cancel(ctx context.Context, f QueueFilter) (int, error) {
	return b.change(ctx, f, "1", func(q *queueChange, r outboxRow) error {
		r.status = Cancelled
		if err := q.write(r); err != nil {
			return err
		}
		q.settling.tell("message.updated", q.messages[r.outgoing].outgoing, Delivery{Recipient: r.recipient, Status: Cancelled, At: q.at})
		return nil
	})
}

// queueChange is one round of a change of the queue on its way into a commit.
type queueChange struct {
	settling
	rewritten      []MessageID            // messages whose recipients go on waiting in another way
	held, released map[MessageID][]string // their recipients
}

// rewrite writes a recipient that goes on waiting. Who has it in hand keeps it: if it were claimed once more meanwhile, it
// would be sent twice.
func (q *queueChange) rewrite(r outboxRow) error {
	if !slices.Contains(q.rewritten, r.outgoing) {
		q.rewritten = append(q.rewritten, r.outgoing)
	}
	_, err := q.tx.Exec("UPDATE outbox SET held = ?, due_at = ? WHERE id = ?", r.held, r.dueAt, r.id)
	return err
}

// announce tells once for each message that it waits in another way.
func (q *queueChange) announce() error {
	there, err := messagesByID(q.tx, q.rewritten)
	if err != nil {
		return err
	}
	for _, id := range q.rewritten {
		o := q.messages[id].outgoing
		l := journal.Line{Type: "message.updated", InboxID: string(o.inbox), MessageID: string(id), ThreadID: string(o.thread), At: q.at}
		if m, ok := there[id]; ok { // else its copy in Sent is gone
			if l.Data, err = json.Marshal(m); err != nil {
				return fmt.Errorf("encode message: %w", err)
			}
			l.ThreadID = string(m.ThreadID)
		}
		if err := journal.Append(q.tx, l); err != nil {
			return err
		}
	}
	return nil
}

// noteHeld notes beside the queued bytes what is held, for the day the index is lost.
func (q *queueChange) noteHeld() {
	for held, messages := range map[bool]map[MessageID][]string{true: q.held, false: q.released} {
		for id, recipients := range messages {
			if err := q.w.tree.NoteHeld(string(id), recipients, held); err != nil && !errors.Is(err, fs.ErrNotExist) {
				q.w.store.opts.Log.Warn("note what is held", "workspace", q.w.id, "message", id, "err", err)
			}
		}
	}
}

func (b Outbox) change(ctx context.Context, f QueueFilter, condition string, do func(*queueChange, outboxRow) error) (n int, err error) {
	f.Waiting = true
	where, args := f.where()
	err = b.ws.use(ctx, func(w *workspace) error {
		var q queueChange
		err := w.change(func(tx *sqlite.Tx) error {
			q = queueChange{settling: settling{w: w, tx: tx, at: w.now(), messages: map[MessageID]*settled{}}, held: map[MessageID][]string{}, released: map[MessageID][]string{}}
			var ids []int64
			err := tx.Each("SELECT r.id"+f.from()+" WHERE "+where+" AND "+condition+" ORDER BY r.id LIMIT ?", append(args, MaxQueueChange), func(scan func(...any) error) error {
				var id int64
				err := scan(&id)
				ids = append(ids, id)
				return err
			})
			if n = len(ids); err != nil {
				return err
			}
			for _, id := range ids {
				r, _, err := q.row(id)
				if err == nil {
					err = do(&q, r)
				}
				if err != nil {
					return err
				}
			}
			if err := q.finish(); err != nil {
				return err
			}
			return q.announce()
		})
		if err != nil || n == 0 {
			return err
		}
		q.noteHeld()
		q.cleanUp()
		return w.store.noteQueued(w.id, q.at)
	})
	return n, err
}

// QueueCount is how much waits for one domain.
type QueueCount struct {
	Domain   string
	Waiting  int
	Held     int
	Deferred int
	Oldest   time.Time
}

// MaxQueueCounts is how many domains Counts tells of, those with most waiting.
const MaxQueueCounts = 200

// Counts tells how much waits, by domain, most first.
func (b Outbox) Counts(ctx context.Context) (list []QueueCount, err error) {
	err = b.ws.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each(`SELECT r.domain, COUNT(*), SUM(r.held), SUM(r.status = 'deferred'), MIN(o.created_at) FROM outbox r JOIN outgoing o ON o.id = r.outgoing_id
			WHERE r.waiting = 1 GROUP BY r.domain ORDER BY COUNT(*) DESC, r.domain LIMIT ?`, sqlite.Args(MaxQueueCounts), func(scan func(...any) error) error {
			var c QueueCount
			var oldest int64
			err := scan(&c.Domain, &c.Waiting, &c.Held, &c.Deferred, &oldest)
			c.Oldest = time.UnixMicro(oldest).UTC()
			list = append(list, c)
			return err
		})
	})
	return list, err
}

// removeOutgoing deletes what an inbox has in the outbox, and gives the names of its files.
func removeOutgoing(tx *sqlite.Tx, inbox InboxID) (names []string, err error) {
	err = tx.Each("SELECT id FROM outgoing WHERE inbox_id = ?", sqlite.Args(string(inbox)), func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		names = append(names, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	encoded, _ := json.Marshal(names) // strings always encode
	for _, q := range []string{
		"DELETE FROM answers WHERE outgoing_id IN (SELECT value FROM json_each(?))",
		"DELETE FROM notices WHERE outgoing_id IN (SELECT value FROM json_each(?))",
		"DELETE FROM attempts WHERE outbox_id IN (SELECT id FROM outbox WHERE outgoing_id IN (SELECT value FROM json_each(?)))",
		"DELETE FROM outbox WHERE outgoing_id IN (SELECT value FROM json_each(?))",
		"DELETE FROM outgoing WHERE id IN (SELECT value FROM json_each(?))",
	} {
		if _, err := tx.Exec(q, string(encoded)); err != nil {
			return nil, fmt.Errorf("remove outgoing mail: %w", err)
		}
	}
	return names, nil
}
