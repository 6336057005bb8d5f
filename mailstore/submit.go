package mailstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
	"golang.org/x/sync/errgroup"
)

const (
	// MaxRecipients is how many recipients one submission has.
	MaxRecipients = 1000

	// FewRecipients and FewWaiting are up to how many recipients a message is a single one, and up to how many waiting
	// recipients its inbox is no bulk sender: see Lane.
	FewRecipients = 5
	FewWaiting    = 20

	// MaxPrompt is how many recipients of prompt messages a workspace has waiting; what comes beyond is bulk.
	MaxPrompt = 500

	keepAnswers = 24 * time.Hour
)

// Lane says what goes first where there is not room for all.
type Lane uint8

const (
	Prompt Lane = 1 + iota // replies, and single messages of inboxes that have little waiting
	Bulk                   // the rest
)

// Status is what became of a message that was sent, or of one of its recipients.
type Status string

const (
	Queued    Status = "queued"    // not tried yet
	Scheduled Status = "scheduled" // not before the time that the sender named
	Held      Status = "held"      // until somebody releases it
	Deferred  Status = "deferred"  // tried; will be tried again
	Relayed   Status = "sent"      // a relay has it; what becomes of it there is not known
	Delivered Status = "delivered" // the recipient's server has it
	Bounced   Status = "bounced"   // failed for good
	Rejected  Status = "rejected"  // never tried: the address is suppressed
	Cancelled Status = "cancelled"
)

// Submission is a message that is to leave.
type Submission struct {
	Sender  string        // reverse-path: an address of the inbox
	To      []string      // envelope recipients: each once, lower-case domain in A-labels
	Front   []byte        // header fields to put in front of the bytes, each ended by CRLF
	Spool   *Spool        // the message with its Bcc, lines ended by CRLF; Submit does not close it
	Thread  ThreadID      // "" to find it
	SendAt  time.Time     // not before; zero: at once
	Undo    time.Duration // how long it waits so that it can be cancelled
	Held    bool
	Bulk    bool     // the sender says that it is no single message
	Labels  []string // the user's own
	Request *Repeatable

	Unsubscribe bool      // each recipient gets a link of its own to unsubscribe (RFC 8058)
	Answers     MessageID // of this inbox: it is flagged as answered in the same commit; "" for none
	Draft       *DraftRef // of this inbox: it leaves Drafts in the same commit; nil for none
}

// Repeatable names a request that may come again: the answer is kept in the commit of its effect for 24 hours.
type Repeatable struct {
	Name     string // whose, method, path and key
	BodyHash []byte // another one under the same name is a Conflict
}

// keep keeps the answer to a request: what it made, and the answer itself where it does not follow from that.
func (r *Repeatable) keep(tx *sqlite.Tx, made MessageID, answer string, now time.Time) error {
	if _, err := tx.Exec("DELETE FROM answers WHERE expires_at <= ?", now.UnixMicro()); err != nil {
		return fmt.Errorf("forget answers: %w", err)
	}
	if _, err := tx.Exec("INSERT INTO answers (request, body_hash, outgoing_id, answer, expires_at) VALUES (?, ?, ?, ?, ?)",
		r.Name, r.BodyHash, string(made), answer, now.Add(keepAnswers).UnixMicro()); err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	return nil
}

// recall gives what keep kept, if the request came before. The same name with another body is a Conflict.
func (r *Repeatable) recall(tx *sqlite.Tx, now time.Time) (made MessageID, answer string, found bool, err error) {
	var hash []byte
	err = tx.Row("SELECT body_hash, outgoing_id, answer FROM answers WHERE request = ? AND expires_at > ?", sqlite.Args(r.Name, now.UnixMicro()), &hash, &made, &answer)
	switch {
	case sqlite.NoRows(err):
		return "", "", false, nil
	case err != nil:
		return "", "", false, fmt.Errorf("recall answer: %w", err)
	case !bytes.Equal(hash, r.BodyHash):
		return "", "", false, errAnswerReused
	}
	return made, answer, true, nil
}

// Submitted is what Submit did.
type Submitted struct {
	ID        MessageID // "" if every recipient was rejected
	ThreadID  ThreadID
	MessageID string // RFC Message-ID
	Status    Status
	Rejected  []Unsent
	Replayed  bool // nothing was done: this is the answer of the first time
}

// Unsent is a recipient that nothing is sent to.
type Unsent struct {
	Address string
	Reason  string // of the suppression, or ReasonListed
}

var (
	errNoRecipients      = fault.New(fault.Invalid, "no_recipients", "The message has no recipient.")
	errTooManyRecipients = fault.New(fault.Exhausted, "limit_reached", "A message can have at most %d recipients (limit recipientsPerMessage).", MaxRecipients)
	errAnswerReused      = fault.New(fault.Conflict, "idempotency_key_reused", "This Idempotency-Key was used for another body; take a new one.")

	// ErrSuppressed is answered when no recipient is left that anything may be sent to.
	ErrSuppressed = fault.New(fault.Forbidden, "recipient_suppressed", "Nothing is sent to this address any more: it bounced, complained or unsubscribed. DELETE /v1/suppressions/{address} if that is over.")
)

// ErrListed is answered when lists keep out every recipient.
var ErrListed = fault.New(fault.Forbidden, "recipient_blocked", "Your lists for sending keep these recipients out: they are on the block list, or not on the allow list. See /v1/lists/send/block and /v1/lists/send/allow.")

// refusedAll is why no recipient is left.
func refusedAll(list []Unsent) error {
	for _, r := range list {
		if r.Reason != ReasonListed {
			return ErrSuppressed
		}
	}
	return ErrListed
}

// Submit takes a message to be sent. When it returns without an error the copy in Sent, the queued bytes and a row for
// each recipient are durable, and message.sent is announced. Recipients that are suppressed, or kept out by
// a list, are told of in Rejected and by message.rejected; if there are no others the error is ErrSuppressed or ErrListed, and no
// message is made.
func (in Inbox) Submit(ctx context.Context, s Submission) (Submitted, error) {
	switch {
	case len(s.To) == 0:
		return Submitted{}, errNoRecipients
	case len(s.To) > MaxRecipients:
		return Submitted{}, errTooManyRecipients
	}
	keywords, err := checkKeywords(s.Labels)
	if err != nil {
		return Submitted{}, err
	}
	a := Arrival{Trace: s.Front, Spool: s.Spool}
	rec, err := a.parse(ctx, in.ws.store)
	if err != nil {
		return Submitted{}, err
	}
	var done Submitted
	err = in.ws.use(ctx, func(w *workspace) error {
		x := submission{Submission: s, in: in, w: w, record: rec, keywords: keywords, at: w.now()}
		done, err = x.run(ctx)
		return err
	})
	if err == nil && done.ID == "" {
		err = refusedAll(done.Rejected)
	}
	return done, err
}

// Recall gives what a request did that came before, with Replayed set; without it, the request did not come in the last 24
// hours. The same name with another body is a Conflict.
func (in Inbox) Recall(ctx context.Context, r *Repeatable) (done Submitted, err error) {
	err = in.ws.use(ctx, func(w *workspace) error {
		x := submission{Submission: Submission{Request: r}, at: w.now()}
		return w.db.View(ctx, func(tx *sqlite.Tx) error { done, err = x.recall(tx); return err })
	})
	return done, err
}

// submission is one message on its way into the outbox.
type submission struct {
	Submission
	in       Inbox
	w        *workspace
	record   *record
	keywords []string
	at       time.Time

	id      MessageID
	folder  maildir.Folder
	renamed []renamed // the answered message's files, whose names follow
	taken   int       // placements of the draft that this was
}

func (x *submission) run(ctx context.Context) (done Submitted, err error) {
	if x.Request != nil { // most of those that come again are known before anything is written
		if err := x.w.db.View(ctx, func(tx *sqlite.Tx) error { done, err = x.recall(tx); return err }); err != nil || done.Replayed {
			return done, err
		}
	}
	if err := x.w.enoughSpace(); err != nil {
		return done, err
	}
	if err := x.writeFiles(); err != nil {
		x.takeBack()
		return done, err
	}
	if err := x.w.store.noteQueued(x.w.id, x.dueAt()); err != nil {
		x.takeBack()
		return done, x.w.fail(err)
	}
	err = x.w.change(func(tx *sqlite.Tx) (err error) {
		done, err = x.commit(tx)
		return err
	})
	switch {
	case err != nil && x.w.db.Broken(): // nobody knows what the disk holds: recovery compares
	case err != nil || done.ID != x.id:
		x.takeBack()
	default:
		x.w.renameFiles(x.renamed)
		if x.taken > 0 {
			x.w.removeFiles()
		}
		x.w.noteDue(x.dueAt()) // the courier may have looked before the commit
	}
	return done, err
}

// dueAt is when the message may be tried first.
func (x *submission) dueAt() time.Time {
	if due := x.at.Add(x.Undo); x.SendAt.Before(due) {
		return due
	}
	return x.SendAt
}

// envelopeFile is what lies beside the queued bytes, for the day the index is lost.
type envelopeFile struct {
	Inbox       InboxID   `json:"inbox"`
	Thread      ThreadID  `json:"thread,omitempty"`
	Sender      string    `json:"sender"`
	To          []string  `json:"to"`
	MessageID   string    `json:"messageId"`
	Size        int64     `json:"size"`
	Lane        Lane      `json:"lane"`
	Held        bool      `json:"held,omitempty"`
	Unsubscribe bool      `json:"unsubscribe,omitempty"`
	SendAt      time.Time `json:"sendAt,omitzero"`
	CreatedAt   time.Time `json:"createdAt"`
}

const sentFlags = ":2,S"

// writeFiles writes the bytes once, synced, and gives them two durable names: in Sent and in the outbox.
func (x *submission) writeFiles() error {
	x.id = MessageID(ident.New("msg", x.at))
	x.folder = maildir.Folder{Inbox: string(x.in.id), Name: maildir.FolderName(SentMailbox)}
	tree, base := x.w.tree, string(x.id)
	if _, err := tree.Write(x.folder, base, bytes.NewReader(x.Front), x.Spool.Reader()); err != nil {
		return x.w.fail(err)
	}
	envelope, err := json.Marshal(envelopeFile{Inbox: x.in.id, Thread: x.Thread, Sender: x.Sender, To: x.To, MessageID: x.record.parsed.Envelope.MessageID,
		Size: x.record.size, Lane: x.guessLane(), Held: x.Held, Unsubscribe: x.Unsubscribe, SendAt: x.SendAt, CreatedAt: x.at})
	if err != nil {
		return fmt.Errorf("encode envelope: %w", err)
	}
	if err := tree.Queue(x.folder, base, envelope); err != nil {
		return x.w.fail(err)
	}
	if err := tree.Publish(x.folder, base, sentFlags); err != nil {
		return x.w.fail(err)
	}
	var group errgroup.Group
	group.Go(func() error { return tree.Sync(x.folder, sentFlags) })
	group.Go(tree.SyncQueue)
	if err := group.Wait(); err != nil {
		return x.w.fail(err)
	}
	return nil
}

// takeBack removes the files of a message that got no row.
func (x *submission) takeBack() {
	x.w.tree.Discard(x.folder, string(x.id))
	x.w.tree.Remove(x.folder, string(x.id), sentFlags)
	x.w.tree.Unqueue(string(x.id))
}

// commit writes all rows of the message, and the journal's lines.
func (x *submission) commit(tx *sqlite.Tx) (done Submitted, err error) {
	if done, err = x.recall(tx); err != nil || done.Replayed {
		return done, err
	}
	if err := x.checkDraft(tx); err != nil {
		return done, err
	}
	refused, err := refusedOf(tx, x.in.id, x.To)
	if err != nil {
		return done, err
	}
	var rejected []Unsent
	var sent []string
	for _, to := range x.To {
		if reason, yes := refused[strings.ToLower(to)]; yes {
			rejected = append(rejected, Unsent{to, reason})
		} else {
			sent = append(sent, to)
		}
	}
	if len(rejected) == len(x.To) {
		return Submitted{Rejected: rejected}, x.tellRejected(tx, "", rejected)
	}
	lane, err := x.lane(tx)
	if err != nil {
		return done, err
	}
	m := newMessage{id: x.id, inbox: x.in.id, record: x.record, direction: Sent, sender: x.Sender, mailbox: SentMailbox, flags: Seen, keywords: x.keywords,
		file: string(x.id), thread: x.Thread, receivedAt: x.at, now: x.at, status: x.status(), to: sent}
	if err := x.w.insertMessage(tx, m); err != nil {
		return done, err
	}
	done = Submitted{ID: x.id, MessageID: x.record.parsed.Envelope.MessageID, Status: m.status, Rejected: rejected}
	if err := tx.Row("SELECT thread_id FROM messages WHERE id = ?", sqlite.Args(string(x.id)), &done.ThreadID); err != nil {
		return done, err
	}
	if err := x.insertRows(tx, done, lane, refused); err != nil {
		return done, fmt.Errorf("queue message: %w", err)
	}
	if err := appendMessage(tx, "message.sent", x.id, x.at); err != nil {
		return done, err
	}
	e := &edit{in: x.in, w: x.w, tx: tx, at: x.at}
	err = errors.Join(x.tellRejected(tx, x.id, rejected), x.flagAnswered(e), x.takeDraft(e), x.remember(tx))
	x.renamed, x.taken = e.renamed, e.taken
	return done, err
}

// flagAnswered flags the message that this one answers, wherever it lies.
func (x *submission) flagAnswered(e *edit) error {
	if x.Answers == "" {
		return nil
	}
	list, err := placements(e.tx, "WHERE p.message_id = ? AND b.inbox_id = ?", sqlite.Args(string(x.Answers), string(x.in.id)))
	if err != nil {
		return err
	}
	changed := false
	for i, p := range list {
		if p.flags&Answered == 0 {
			list[i].flags |= Answered
			changed = true
			if err := e.setFlags(p, list[i]); err != nil {
				return err
			}
		}
	}
	if !changed {
		return nil
	}
	return e.touch(list)
}

func (x *submission) status() Status {
	switch {
	case x.Held:
		return Held
	case x.SendAt.After(x.at):
		return Scheduled
	}
	return Queued
}

func (x *submission) insertRows(tx *sqlite.Tx, done Submitted, lane Lane, refused map[string]string) error {
	sendAt := int64(0)
	if x.SendAt.After(x.at) {
		sendAt = x.SendAt.UnixMicro()
	}
	o := outgoing{id: x.id, inbox: x.in.id, thread: done.ThreadID, sender: x.Sender, messageID: done.MessageID, size: x.record.size, lane: lane, unsubscribe: x.Unsubscribe, sendAt: sendAt, createdAt: x.at.UnixMicro()}
	if err := o.insert(tx); err != nil {
		return err
	}
	for _, to := range x.To {
		r := outboxRow{outgoing: x.id, inbox: x.in.id, recipient: to, lane: lane, status: Queued, held: x.Held, dueAt: x.dueAt().UnixMicro()}
		till, err := pausedTill(tx, x.in.id, to)
		if err != nil {
			return err
		}
		if till > r.dueAt {
			r.dueAt, r.reason = till, ReasonLoop
		}
		if reason, yes := refused[strings.ToLower(to)]; yes {
			r.status, r.reason, r.held, r.finishedAt = Rejected, reason, false, x.at.UnixMicro()
		}
		if err := r.insert(tx); err != nil {
			return err
		}
	}
	return nil
}

// guessLane is the lane as far as the message itself tells.
func (x *submission) guessLane() Lane {
	if x.Bulk || x.Unsubscribe || len(x.To) > FewRecipients || x.record.parsed.Bulk {
		return Bulk
	}
	return Prompt
}

// lane decides what the message is: a reply, a single message of an inbox that has little waiting, or bulk.
func (x *submission) lane(tx *sqlite.Tx) (Lane, error) {
	if x.guessLane() == Bulk {
		return Bulk, nil
	}
	var prompt, waiting int
	if err := tx.Row("SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE waiting = 1 AND lane = 1 LIMIT ?)", sqlite.Args(MaxPrompt), &prompt); err != nil {
		return 0, err
	}
	switch {
	case prompt >= MaxPrompt:
		return Bulk, nil
	case len(x.record.parsed.Envelope.InReplyTo) > 0:
		return Prompt, nil
	}
	if err := tx.Row("SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE inbox_id = ? AND waiting = 1 LIMIT ?)", sqlite.Args(string(x.in.id), FewWaiting+1), &waiting); err != nil {
		return 0, err
	}
	if waiting > FewWaiting {
		return Bulk, nil
	}
	return Prompt, nil
}

// tellRejected announces the recipients that nothing is sent to.
func (x *submission) tellRejected(tx *sqlite.Tx, id MessageID, list []Unsent) error {
	for _, r := range list {
		d := Delivery{Recipient: r.Address, Status: Rejected, Reason: r.Reason, At: x.at}
		if err := appendDelivery(tx, "message.rejected", outgoing{id: id, inbox: x.in.id}, d); err != nil {
			return err
		}
	}
	return nil
}

// recall finds what this request did when it came before.
func (x *submission) recall(tx *sqlite.Tx) (done Submitted, err error) {
	if x.Request == nil {
		return done, nil
	}
	made, _, found, err := x.Request.recall(tx, x.at)
	if err != nil || !found {
		return done, err
	}
	var sendAt int64
	err = tx.Row("SELECT id, thread_id, message_id, send_at FROM outgoing WHERE id = ?", sqlite.Args(string(made)), &done.ID, &done.ThreadID, &done.MessageID, &sendAt)
	switch {
	case sqlite.NoRows(err):
		return Submitted{}, nil
	case err != nil:
		return Submitted{}, fmt.Errorf("recall answer: %w", err)
	}
	if done.Status, done.Replayed = Queued, true; sendAt > 0 {
		done.Status = Scheduled
	}
	err = tx.Each("SELECT recipient, reason FROM outbox WHERE outgoing_id = ? AND status = ? ORDER BY id", sqlite.Args(string(done.ID), Rejected), func(scan func(...any) error) error {
		var r Unsent
		err := scan(&r.Address, &r.Reason)
		done.Rejected = append(done.Rejected, r)
		return err
	})
	return done, err
}

// remember keeps what was done, in its commit.
func (x *submission) remember(tx *sqlite.Tx) error {
	if x.Request == nil {
		return nil
	}
	return x.Request.keep(tx, x.id, "", x.at)
}

// Delivery is what a journal's line about a recipient tells beside the message.
type Delivery struct {
	Recipient string    `json:"recipient"`
	Status    Status    `json:"status"`
	Reason    string    `json:"reason,omitempty"`
	Host      string    `json:"host,omitempty"`
	Code      int       `json:"code,omitempty"`
	Enhanced  string    `json:"enhancedCode,omitempty"`
	Reply     string    `json:"reply,omitempty"`
	NextAt    time.Time `json:"nextAt,omitzero"` // of what is deferred
	At        time.Time `json:"at"`
}

// deliveryNews is what a line about one recipient holds: what became of it, and of the message with it. The rest is read from
// the message when the line is read; see hydrate. A message to a thousand recipients has thousands of such lines.
type deliveryNews struct {
	Delivery *Delivery `json:"delivery"`
	Status   Status    `json:"status,omitempty"` // of the message, "" if its copy in Sent is gone
}

// appendDelivery writes a line about one recipient.
func appendDelivery(tx *sqlite.Tx, event string, o outgoing, d Delivery) error {
	n := deliveryNews{Delivery: &d}
	thread := o.thread
	if err := tx.Row("SELECT status, thread_id FROM messages WHERE id = ?", sqlite.Args(string(o.id)), &n.Status, &thread); err != nil && !sqlite.NoRows(err) {
		return err
	}
	data, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode delivery: %w", err)
	}
	return journal.Append(tx, journal.Line{Type: event, InboxID: string(o.inbox), MessageID: string(o.id), ThreadID: string(thread), At: d.At, Data: data})
}
