package mailstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

const (
	// MaxParcel is how many recipients one parcel has.
	MaxParcel = 100

	// KeepFinished is how long the rows of recipients that wait no more are kept, so that late bounces find them.
	KeepFinished = 30 * 24 * time.Hour
)

// Outbox is a handle on what a workspace has to send.
type Outbox struct{ ws Workspace }

// Outbox hands out what the workspace has to send.
func (w Workspace) Outbox() Outbox { return Outbox{w} }

// Parcel is one message and those of its recipients at one domain that may be tried now: one transaction.
type Parcel struct {
	Workspace   WorkspaceID
	Inbox       InboxID
	Message     MessageID
	MessageID   string // RFC Message-ID
	Sender      string
	Size        int64 // octets of the file
	Lane        Lane
	Domain      string
	CreatedAt   time.Time
	SendAt      time.Time // zero: at once
	Unsubscribe bool      // each recipient gets a link of its own: there is one
	Recipients  []Claimed
}

// Claimed is one recipient of a parcel.
type Claimed struct {
	Row      int64
	Address  string
	Attempts int       // before this one; after Begin with it
	FirstAt  time.Time // of the first attempt, after Begin
	DueAt    time.Time
}

// Backoff is how long to wait after the first, second, … try that failed; the last one holds for all that follow.
type Backoff []time.Duration

// After is the wait after so many tries.
func (b Backoff) After(tries int) time.Duration {
	if len(b) == 0 {
		return time.Hour
	}
	return b[min(max(tries, 1), len(b))-1]
}

// outgoing is a message that was accepted to be sent, as its row holds it.
type outgoing struct {
	id          MessageID
	inbox       InboxID
	thread      ThreadID
	sender      string
	messageID   string
	size        int64
	lane        Lane
	unsubscribe bool
	sendAt      int64
	told        bool
	createdAt   int64
}

const outgoingColumns = "o.id, o.inbox_id, o.thread_id, o.sender, o.message_id, o.size, o.lane, o.unsubscribe, o.send_at, o.told, o.created_at"

func (o *outgoing) dest() []any {
	return []any{&o.id, &o.inbox, &o.thread, &o.sender, &o.messageID, &o.size, &o.lane, &o.unsubscribe, &o.sendAt, &o.told, &o.createdAt}
}

func (o outgoing) insert(tx *sqlite.Tx) error {
	_, err := tx.Exec("INSERT INTO outgoing (id, inbox_id, thread_id, sender, message_id, size, lane, unsubscribe, send_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		string(o.id), string(o.inbox), string(o.thread), o.sender, o.messageID, o.size, o.lane, o.unsubscribe, o.sendAt, o.createdAt)
	return err
}

// outboxRow is one recipient as its row holds it.
type outboxRow struct {
	id         int64
	outgoing   MessageID
	inbox      InboxID
	recipient  string
	lane       Lane
	status     Status
	held       bool
	dueAt      int64
	attempts   int
	reason     string
	code       int
	enhanced   string
	reply      string
	finishedAt int64
}

const outboxColumns = "r.id, r.outgoing_id, r.inbox_id, r.recipient, r.lane, r.status, r.held, r.due_at, r.attempts, r.reason, r.code, r.enhanced, r.reply, r.finished_at"

func (r *outboxRow) dest() []any {
	return []any{&r.id, &r.outgoing, &r.inbox, &r.recipient, &r.lane, &r.status, &r.held, &r.dueAt, &r.attempts, &r.reason, &r.code, &r.enhanced, &r.reply, &r.finishedAt}
}

func (r outboxRow) insert(tx *sqlite.Tx) error {
	_, err := tx.Exec(`INSERT INTO outbox (outgoing_id, inbox_id, recipient, domain, lane, status, waiting, held, due_at, reason, finished_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(r.outgoing), string(r.inbox), r.recipient, domainOf(r.recipient), r.lane, r.status, r.status.waits(), r.held, r.dueAt, r.reason, r.finishedAt)
	return err
}

// waits reports whether a recipient of this status may still be tried.
func (s Status) waits() bool { return s == Queued || s == Deferred }

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// outboxRows loads what a clause behind the join of r (outbox) and o (outgoing) selects.
func outboxRows(tx *sqlite.Tx, clause string, args []any, give func(outboxRow, outgoing) error) error {
	return tx.Each("SELECT "+outboxColumns+", "+outgoingColumns+" FROM outbox r JOIN outgoing o ON o.id = r.outgoing_id "+clause, args, func(scan func(...any) error) error {
		var r outboxRow
		var o outgoing
		if err := scan(append(r.dest(), o.dest()...)...); err != nil {
			return err
		}
		return give(r, o)
	})
}

// Domains lists domains behind after, in order, for which something is due that nobody has in hand. limit 0 is all.
func (b Outbox) Domains(ctx context.Context, now time.Time, after string, limit int) (list []string, err error) {
	err = b.ws.use(ctx, func(w *workspace) error {
		return w.db.View(ctx, func(tx *sqlite.Tx) error {
			var few bool
			if list, few, err = w.fewDue(tx, now, after, limit); few || err != nil {
				return err
			}
			for domain := after; limit <= 0 || len(list) < limit; {
				err := tx.Row("SELECT domain FROM outbox WHERE waiting = 1 AND held = 0 AND domain > ? ORDER BY domain LIMIT 1", sqlite.Args(domain), &domain)
				if sqlite.NoRows(err) {
					return nil
				}
				if err != nil {
					return err
				}
				var due bool
				for _, lane := range []Lane{Prompt, Bulk} {
					if due {
						break
					}
					if err := tx.Row("SELECT EXISTS (SELECT 1 FROM outbox WHERE waiting = 1 AND held = 0 AND domain = ? AND lane = ? AND due_at <= ? AND claim <> ?)",
						sqlite.Args(domain, lane, now.UnixMicro(), w.store.boot), &due); err != nil {
						return err
					}
				}
				if due {
					list = append(list, domain)
				}
			}
			return nil
		})
	})
	return list, err
}

// maxFewDue is up to how many rows that are due are read one by one: to look for them domain by domain would take long where
// many domains wait for later.
const maxFewDue = 2000

// fewDue is Domains where few rows are due; few is false if they are more.
func (w *workspace) fewDue(tx *sqlite.Tx, now time.Time, after string, limit int) (list []string, few bool, err error) {
	rows := 0
	err = tx.Each("SELECT domain FROM outbox INDEXED BY outbox_by_due WHERE waiting = 1 AND held = 0 AND due_at <= ? AND claim <> ? LIMIT ?", sqlite.Args(now.UnixMicro(), w.store.boot, maxFewDue+1),
		func(scan func(...any) error) error {
			var domain string
			err := scan(&domain)
			if rows++; domain > after {
				list = append(list, domain)
			}
			return err
		})
	if err != nil || rows > maxFewDue {
		return nil, false, err
	}
	slices.Sort(list)
	if list = slices.Compact(list); limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return list, true, nil
}

// Queue is what waits for one domain in one lane.
type Queue struct {
	Domain string
	Lane   Lane
}

// Claim takes into hand up to most messages that are due of each of the queues. What is in hand is not claimed again while the
// program runs, until Settle or Release gives it back.
func (b Outbox) Claim(ctx context.Context, now time.Time, queues []Queue, most int) (parcels []Parcel, err error) {
	err = b.ws.use(ctx, func(w *workspace) error {
		return w.db.Change(func(tx *sqlite.Tx) error {
			parcels = nil
			for _, q := range queues {
				more, err := w.claim(tx, now.UnixMicro(), q.Domain, q.Lane, most)
				if err != nil {
					return fmt.Errorf("claim: %w", err)
				}
				parcels = append(parcels, more...)
			}
			return nil
		})
	})
	return parcels, err
}

// errNoRoom ends a walk over rows.
var errNoRoom = errors.New("no room")

// claim walks the rows in the order in which they are due, as the index has them, and ends where the first message begins for
// which there is no room: the rows of one message lie together.
func (w *workspace) claim(tx *sqlite.Tx, now int64, domain string, lane Lane, most int) (parcels []Parcel, err error) {
	byMessage := map[MessageID]int{}
	var rows []int64
	err = outboxRows(tx, "WHERE r.waiting = 1 AND r.held = 0 AND r.domain = ? AND r.lane = ? AND r.due_at <= ? AND r.claim <> ? ORDER BY r.due_at, r.id LIMIT ?",
		sqlite.Args(domain, lane, now, w.store.boot, most*MaxParcel), func(r outboxRow, o outgoing) error {
			i, known := byMessage[o.id]
			if !known || o.unsubscribe || len(parcels[i].Recipients) >= MaxParcel {
				if len(parcels) == most {
					return errNoRoom
				}
				i = len(parcels)
				byMessage[o.id] = i
				p := Parcel{Workspace: w.id, Inbox: o.inbox, Message: o.id, MessageID: o.messageID, Sender: o.sender, Size: o.size, Lane: lane, Unsubscribe: o.unsubscribe, Domain: domain, CreatedAt: time.UnixMicro(o.createdAt).UTC()}
				if o.sendAt > 0 {
					p.SendAt = time.UnixMicro(o.sendAt).UTC()
				}
				parcels = append(parcels, p)
			}
			parcels[i].Recipients = append(parcels[i].Recipients, Claimed{Row: r.id, Address: r.recipient, Attempts: r.attempts, DueAt: time.UnixMicro(r.dueAt).UTC()})
			rows = append(rows, r.id)
			return nil
		})
	if err != nil && !errors.Is(err, errNoRoom) || len(rows) == 0 {
		return nil, err
	}
	encoded, _ := json.Marshal(rows) // numbers always encode
	_, err = tx.Exec("UPDATE outbox SET claim = ? WHERE id IN (SELECT value FROM json_each(?))", w.store.boot, string(encoded))
	return parcels, err
}

// Begin records that a parcel is tried now, as if it had failed already: a crash leaves it waiting for its next try. It
// gives the recipients that are still to be tried. Those that were held or cancelled since are let go; those that were
// suppressed or put on a block list since are rejected, with message.rejected.
func (b Outbox) Begin(ctx context.Context, p Parcel, backoff Backoff) (left []Claimed, err error) {
	err = b.ws.use(ctx, func(w *workspace) error {
		var s settling
		begin := func(tx *sqlite.Tx) error {
			left = nil
			s = settling{w: w, tx: tx, at: w.now(), messages: map[MessageID]*settled{}}
			refused, err := refusedOf(tx, p.Inbox, addressesOf(p.Recipients))
			if err != nil {
				return err
			}
			for _, c := range p.Recipients {
				if reason, yes := refused[strings.ToLower(c.Address)]; yes {
					if err := s.reject(c, reason); err != nil {
						return fmt.Errorf("begin attempt: %w", err)
					}
					continue
				}
				ok, err := w.begin(tx, &c, s.at.Add(backoff.After(c.Attempts+1)), s.at)
				if err != nil {
					return fmt.Errorf("begin attempt: %w", err)
				}
				if ok {
					left = append(left, c)
				}
			}
			if len(left) > 0 && !p.SendAt.IsZero() { // its time has come
				if _, err := tx.Exec("UPDATE messages SET status = ? WHERE id = ? AND status = ?", Queued, string(p.Message), Scheduled); err != nil {
					return fmt.Errorf("begin attempt: %w", err)
				}
			}
			return s.finish()
		}
		err := w.db.Change(begin)
		if err == nil && len(s.messages) > 0 { // lines were written
			w.store.bells.ring(w.id)
			s.cleanUp()
		}
		return err
	})
	return left, err
}

func addressesOf(list []Claimed) []string {
	addresses := make([]string, len(list))
	for i, c := range list {
		addresses[i] = c.Address
	}
	return addresses
}

// begin records one attempt; it is false for a recipient that is let go, which is then claimed anew by who finds it due.
func (w *workspace) begin(tx *sqlite.Tx, c *Claimed, next, now time.Time) (ok bool, err error) {
	err = tx.Row(`UPDATE outbox SET attempts = attempts + 1, due_at = ?1 WHERE id = ?2 AND waiting = 1 AND held = 0 AND claim = ?3 RETURNING attempts`,
		sqlite.Args(next.UnixMicro(), c.Row, w.store.boot), &c.Attempts)
	if sqlite.NoRows(err) {
		_, err = tx.Exec("UPDATE outbox SET claim = 0 WHERE id = ? AND claim = ?", c.Row, w.store.boot)
		return false, err
	}
	if err == nil {
		_, err = tx.Exec("INSERT INTO attempts (outbox_id, number, started_at) VALUES (?, ?, ?)", c.Row, c.Attempts, now.UnixMicro())
	}
	if err != nil {
		return false, err
	}
	var first int64
	if err := tx.Row("SELECT started_at FROM attempts WHERE outbox_id = ? ORDER BY number LIMIT 1", sqlite.Args(c.Row), &first); err != nil {
		return false, err
	}
	c.FirstAt = time.UnixMicro(first).UTC()
	return true, nil
}

// reject gives a recipient up whose address was suppressed while it waited.
func (s *settling) reject(c Claimed, reason string) error {
	row, found, err := s.row(c.Row)
	if err != nil || !found || !row.status.waits() {
		return err
	}
	row.status, row.reason, row.reply = Rejected, reason, ""
	s.tell("message.rejected", s.messages[row.outgoing].outgoing, Delivery{Recipient: row.recipient, Status: Rejected, Reason: reason, At: s.at})
	return s.write(row)
}

// Release gives back what was claimed and not begun; not before, if it is not zero, is when it may be tried.
func (b Outbox) Release(ctx context.Context, rows []int64, notBefore time.Time) error {
	encoded, _ := json.Marshal(rows) // numbers always encode
	due := int64(0)
	if !notBefore.IsZero() {
		due = notBefore.UnixMicro()
	}
	return b.ws.use(ctx, func(w *workspace) error {
		err := w.db.Change(func(tx *sqlite.Tx) error {
			_, err := tx.Exec("UPDATE outbox SET claim = 0, due_at = MAX(due_at, ?) WHERE id IN (SELECT value FROM json_each(?)) AND claim = ?", due, string(encoded), w.store.boot)
			return err
		})
		if err != nil {
			return err
		}
		if notBefore.IsZero() {
			notBefore = w.now()
		}
		return w.store.noteQueued(w.id, notBefore)
	})
}

// Withdraw undoes Begin for recipients that were not tried after all; they may be tried from notBefore on.
func (b Outbox) Withdraw(ctx context.Context, list []Claimed, notBefore time.Time) error {
	return b.ws.use(ctx, func(w *workspace) error {
		err := w.db.Change(func(tx *sqlite.Tx) error {
			for _, c := range list {
				var id int64
				err := tx.Row("UPDATE outbox SET attempts = attempts - 1, due_at = ?, claim = 0 WHERE id = ? AND attempts = ? AND claim = ? AND waiting = 1 RETURNING id",
					sqlite.Args(notBefore.UnixMicro(), c.Row, c.Attempts, w.store.boot), &id)
				if sqlite.NoRows(err) {
					continue
				}
				if err == nil {
					_, err = tx.Exec("DELETE FROM attempts WHERE outbox_id = ? AND number = ?", c.Row, c.Attempts)
				}
				if err != nil {
					return fmt.Errorf("withdraw attempt: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return w.store.noteQueued(w.id, notBefore)
	})
}

// NextDue looks when something is to be claimed, a draft sent, or a notice written, next, and notes it for Store.Queued. ok is
// false if nothing waits.
func (b Outbox) NextDue(ctx context.Context) (next time.Time, ok bool, err error) {
	err = b.ws.use(ctx, func(w *workspace) error {
		turn := w.store.turn(w.id)
		due, waits, err := w.nextDue()
		if err != nil {
			return err
		}
		next, ok = due, !due.IsZero()
		if due.IsZero() && waits {
			due = w.now().Add(heldCheck)
		}
		w.store.setQueued(w.id, turn, due)
		return nil
	})
	return next, ok, err
}

// heldCheck is how often a workspace is looked at in which all that waits is held or in hand.
const heldCheck = time.Hour

// nextDue is when something is due that nobody has in hand, zero if nothing is; waits says that something is there.
func (w *workspace) nextDue() (due time.Time, waits bool, err error) {
	err = w.db.View(noCtx, func(tx *sqlite.Tx) error {
		var notices bool
		if err := tx.Row("SELECT EXISTS (SELECT 1 FROM notices), EXISTS (SELECT 1 FROM outbox WHERE waiting = 1) OR EXISTS (SELECT 1 FROM drafts WHERE send_at > 0)", nil, &notices, &waits); err != nil {
			return err
		}
		if notices {
			due = w.now()
			return nil
		}
		for _, q := range []struct {
			query string
			args  []any
		}{
			{"SELECT due_at FROM outbox WHERE waiting = 1 AND held = 0 AND claim <> ? ORDER BY due_at LIMIT 1", sqlite.Args(w.store.boot)},
			{"SELECT MAX(send_at, ?) FROM drafts WHERE send_at > 0 ORDER BY send_at LIMIT 1", sqlite.Args(w.draftsAfter.Load())},
		} {
			var at int64
			err := tx.Row(q.query, q.args, &at)
			if err != nil && !sqlite.NoRows(err) {
				return err
			}
			if first := time.UnixMicro(at).UTC(); err == nil && (due.IsZero() || first.Before(due)) {
				due = first
			}
		}
		return nil
	})
	return due, waits, err
}

// Inbox tells which inbox sent a message, ErrNotFound if none did, or so long ago that it is forgotten.
func (b Outbox) Inbox(ctx context.Context, id MessageID) (inbox InboxID, err error) {
	err = b.ws.view(ctx, func(tx *sqlite.Tx) error {
		err := tx.Row("SELECT inbox_id FROM outgoing WHERE id = ?", sqlite.Args(string(id)), &inbox)
		if sqlite.NoRows(err) {
			return ErrNotFound
		}
		return err
	})
	return inbox, err
}

// Open opens the bytes of a queued message as they were accepted, with Bcc; the caller closes them. They are not to be had
// any more once nobody waits for them.
func (b Outbox) Open(ctx context.Context, id MessageID) (f *os.File, err error) {
	err = b.ws.use(ctx, func(w *workspace) error {
		f, err = w.tree.OpenQueued(string(id))
		return err
	})
	return f, err
}

// checkQueue removes from the outbox on disk what no row waits for, and notes what is due. It is done when the workspace
// is opened.
func (w *workspace) checkQueue() error {
	names, err := w.tree.Queued()
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	if err := w.db.View(noCtx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT DISTINCT outgoing_id FROM outbox INDEXED BY outbox_waiting WHERE waiting = 1 UNION SELECT outgoing_id FROM notices", nil, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			wanted[id] = true
			return err
		})
	}); err != nil {
		return err
	}
	for _, name := range names {
		if !wanted[name] {
			if err := w.tree.Unqueue(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	due, waits, err := w.nextDue()
	if err != nil || !waits && due.IsZero() {
		return err
	}
	if due.IsZero() {
		due = w.now().Add(heldCheck)
	}
	return w.store.noteQueued(w.id, due)
}

// pruneInterval is how often an open workspace forgets what finished long ago.
const pruneInterval = time.Hour

// prune is called by one goroutine.
func (w *workspace) prune(now time.Time) {
	if now.Sub(w.prunedAt) < pruneInterval {
		return
	}
	w.prunedAt = now
	if err := errors.Join(w.db.Change(w.pruneFinished), w.db.Change(w.pruneDispatches)); err != nil {
		w.store.opts.Log.Warn("forget finished mail", "workspace", w.id, "err", err)
	}
}

// pruneFinished forgets recipients, and then messages, that finished long ago.
func (w *workspace) pruneFinished(tx *sqlite.Tx) error {
	oldest := w.now().Add(-KeepFinished).UnixMicro()
	for _, q := range []string{
		"DELETE FROM attempts WHERE outbox_id IN (SELECT id FROM outbox WHERE waiting = 0 AND finished_at < ?)",
		"DELETE FROM outbox WHERE waiting = 0 AND finished_at < ?",
		"DELETE FROM outgoing WHERE created_at < ? AND NOT EXISTS (SELECT 1 FROM outbox r WHERE r.outgoing_id = outgoing.id) AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.outgoing_id = outgoing.id)",
	} {
		if _, err := tx.Exec(q, oldest); err != nil {
			return fmt.Errorf("forget finished recipients: %w", err)
		}
	}
	return nil
}
