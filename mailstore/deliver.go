package mailstore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/report"
	"github.com/postroom/postroom/mailstore/sqlite"
	"golang.org/x/sync/errgroup"
)

const (
	// RetryWindow is how long a delivery whose answer the client may have missed is remembered.
	RetryWindow = 5 * 24 * time.Hour

	largeMessage   = 256 << 10 // octets; only maxLargeParses messages above it are parsed at a time
	maxLargeParses = 4
	parallelSpaces = 8 // workspaces that one message is delivered to at a time
)

// Arrival is a message that came in, and whom it is for.
type Arrival struct {
	Sender string      // reverse-path without angle brackets; "" is the null one
	Trace  []byte      // header fields to put in front of the bytes, each ended by CRLF (RFC 5321, 4.4)
	Spool  *Spool      // the bytes as they were received; Deliver does not close it
	To     []Recipient // each inbox once
	Auth   *Auth       // what is known of who sent it; nil: nothing was looked at
	Notice bool        // written by this server about mail that was sent: it is not read for what is known
}

// Recipient is one inbox that a message is for.
type Recipient struct {
	Inbox   Inbox
	Address string    // the envelope recipient
	Mailbox string    // "" means INBOX
	Labels  []string  // the user's own labels to begin with
	Bounce  MessageID // of this inbox, if the address is the return path of a message that it sent
	Report  bool      // the address is the one for reports about its domain: it is filed in ReportsMailbox

	Junk      *Junk      // what was found that speaks against the message; nil: nothing
	Rejection *Rejection // the record to keep of its being put aside, without what is known here anyway; nil: it is not
}

// Receipt stands for a delivery that was acknowledged to a client.
type Receipt struct {
	spaces []receiptSpace
}

type receiptSpace struct {
	ws  Workspace
	ids []MessageID
}

// IDs are the ids that the message got, one for each recipient, in no order. A retry has those of the first time.
func (r *Receipt) IDs() []MessageID {
	var ids []MessageID
	for _, s := range r.spaces {
		ids = append(ids, s.ids...)
	}
	return ids
}

// Confirm notes that the client has seen the answer, so that the same bytes, when they come again, are a message of
// their own. It is written with a later commit.
func (r *Receipt) Confirm() {
	for _, s := range r.spaces {
		s.ws.use(context.Background(), func(w *workspace) error {
			w.mu.Lock()
			w.confirmed = append(w.confirmed, s.ids...)
			many := len(w.confirmed) > maxConfirmed
			w.mu.Unlock()
			if many {
				w.flushConfirmed()
			}
			return nil
		})
	}
}

const maxConfirmed = 1000

var errMailboxGone = fault.New(fault.Unavailable, "mailbox_gone", "The mailbox was renamed or deleted meanwhile; try again.")

// Deliver stores a message for all of its recipients. When it returns without an error the message is durable and
// announced for each of them. An error is temporary and for all of them: some may have it already, and when the same
// bytes come again from the same sender these are not stored twice.
func Deliver(ctx context.Context, a Arrival) (*Receipt, error) {
	if len(a.To) == 0 {
		return nil, fault.New(fault.Invalid, "no_recipients", "The message has no recipient.")
	}
	store := a.To[0].Inbox.ws.store
	a.To = slices.Clone(a.To)
	if err := a.needReports(ctx); err != nil {
		return nil, err
	}
	parsed, err := a.parse(ctx, store)
	if err != nil {
		return nil, err
	}
	var group errgroup.Group
	group.SetLimit(parallelSpaces)
	var mu sync.Mutex
	receipt := &Receipt{}
	for ws, to := range byWorkspace(a.To) {
		group.Go(func() error {
			return ws.use(ctx, func(w *workspace) error {
				d := delivery{w: w, arrival: a, parsed: parsed, to: to, at: w.now()}
				ids, err := d.run()
				if err == nil {
					mu.Lock()
					receipt.spaces = append(receipt.spaces, receiptSpace{ws, ids})
					mu.Unlock()
				}
				return err
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return receipt, nil
}

func byWorkspace(to []Recipient) map[Workspace][]Recipient {
	m := map[Workspace][]Recipient{}
	for _, r := range to {
		m[r.Inbox.ws] = append(m[r.Inbox.ws], r)
	}
	return m
}

// record is what is kept of a parsed message, as the columns hold it.
type record struct {
	parsed      *message.Parsed
	envelope    string
	structure   string
	attachments string
	wire        message.Wire
	report      *report.Report // nil: it is none
	size        int64
}

func newRecord(raw []byte) (*record, error) {
	p := message.Parse(raw)
	if p.Attachments == nil {
		p.Attachments = []message.Attachment{}
	}
	r := &record{parsed: p, wire: message.NewWire(raw, p.Structure), size: int64(len(raw))}
	for v, text := range map[any]*string{&p.Envelope: &r.envelope, p.Structure: &r.structure, &p.Attachments: &r.attachments} {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("encode message: %w", err)
		}
		*text = string(b)
	}
	return r, nil
}

// parse reads the whole message once. Large ones wait for a slot, so that memory is bounded.
func (a *Arrival) parse(ctx context.Context, s *Store) (*record, error) {
	size := int64(len(a.Trace)) + a.Spool.Size()
	if size > largeMessage {
		select {
		case s.parses <- struct{}{}:
			defer func() { <-s.parses }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	raw := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead)) // room for the read that finds the end
	if _, err := io.Copy(raw, a.bytes()); err != nil {
		return nil, errDisk.Because(fmt.Errorf("read spool: %w", err))
	}
	rec, err := newRecord(raw.Bytes())
	if rep, ok := report.Parse(raw.Bytes()); ok && err == nil {
		rec.report = &rep
	}
	return rec, err
}

func (a *Arrival) bytes() io.Reader {
	return io.MultiReader(bytes.NewReader(a.Trace), a.Spool.Reader())
}

// delivery is one message on its way into one workspace.
type delivery struct {
	w       *workspace
	arrival Arrival
	parsed  *record
	to      []Recipient
	at      time.Time

	ids   []MessageID      // of the files, one for each recipient
	files []maildir.Folder // where each file lies

	reports []*settling // what reports settled, in the run that was committed
}

// run writes and names the files, then commits the rows; whatever does not end in a commit is taken back.
func (d *delivery) run() ([]MessageID, error) {
	if err := d.w.enoughSpace(); err != nil {
		return nil, err
	}
	if err := d.writeFiles(); err != nil {
		d.takeBack(nil)
		return nil, err
	}
	var stored, unused []MessageID
	err := d.w.change(func(tx *sqlite.Tx) (err error) {
		stored, unused, err = d.commit(tx)
		return err
	})
	if err != nil {
		if fault.From(err) == nil || !d.w.db.Broken() { // after a failed commit nobody knows: recovery compares
			d.takeBack(nil)
		}
		return nil, err
	}
	d.takeBack(unused)
	for _, s := range d.reports {
		s.cleanUp()
	}
	return stored, nil
}

func (w *workspace) enoughSpace() error {
	free, err := w.store.opts.free(w.store.dir)
	if err != nil {
		return errDisk.Because(fmt.Errorf("measure free space: %w", err))
	}
	if free < w.store.opts.MinFree {
		return errNoSpace
	}
	return nil
}

// writeFiles writes the bytes once, synced, and gives them one durable name for each recipient.
func (d *delivery) writeFiles() error {
	for _, r := range d.to {
		folder, err := d.w.folderOf(r.Inbox.id, cmpMailbox(r.Mailbox))
		if err != nil {
			return err
		}
		d.ids = append(d.ids, MessageID(ident.New("msg", d.at)))
		d.files = append(d.files, folder)
	}
	tree := d.w.tree
	first := string(d.ids[0])
	if _, err := tree.Write(d.files[0], first, d.arrival.bytes()); err != nil {
		return d.w.fail(err)
	}
	for i := 1; i < len(d.to); i++ {
		if err := tree.Link(d.files[0].Dir()+"/tmp/"+first, d.files[i], string(d.ids[i]), ""); err != nil {
			tree.Discard(d.files[0], first)
			return d.w.fail(err)
		}
	}
	if err := tree.Publish(d.files[0], first, ""); err != nil {
		tree.Discard(d.files[0], first)
		return d.w.fail(err)
	}
	synced := map[maildir.Folder]bool{}
	for _, f := range d.files {
		if synced[f] {
			continue
		}
		synced[f] = true
		if err := tree.Sync(f, ""); err != nil {
			return d.w.fail(err)
		}
	}
	return nil
}

// folderOf is the folder of a mailbox. Default mailboxes have theirs before they are made.
func (w *workspace) folderOf(inbox InboxID, mailbox string) (maildir.Folder, error) {
	folder := maildir.Folder{Inbox: string(inbox), Name: maildir.FolderName(mailbox)}
	if isDefault(mailbox) {
		return folder, nil
	}
	err := w.db.View(noCtx, func(tx *sqlite.Tx) (err error) {
		_, folder.Name, err = findMailbox(tx, inbox, mailbox)
		return err
	})
	return folder, err
}

func cmpMailbox(name string) string {
	if name == "" {
		return InboxMailbox
	}
	return name
}

// takeBack removes files that got no row: those named, or all if nil.
func (d *delivery) takeBack(only []MessageID) {
	for i, id := range d.ids {
		if i < len(d.files) && (only == nil && d.to != nil || slices.Contains(only, id)) {
			d.w.tree.Remove(d.files[i], string(id), "")
		}
	}
}

// commit writes the rows of all recipients: stored are the ids that hold the message now, unused those whose file is
// not needed because the message was there already.
func (d *delivery) commit(tx *sqlite.Tx) (stored, unused []MessageID, err error) {
	d.reports = nil
	if err := d.w.forgetConfirmed(tx); err != nil {
		return nil, nil, err
	}
	for i, r := range d.to {
		known, err := d.retryOf(tx, r)
		if err != nil {
			return nil, nil, err
		}
		if known != "" {
			stored, unused = append(stored, known), append(unused, d.ids[i])
			continue
		}
		if err := d.insert(tx, d.ids[i], d.files[i], r); err != nil {
			return nil, nil, err
		}
		stored = append(stored, d.ids[i])
	}
	if unused == nil {
		unused = []MessageID{}
	}
	return stored, unused, nil
}

// retryOf finds the message that these bytes are a retry of, and drops what is too old to match.
func (d *delivery) retryOf(tx *sqlite.Tx, r Recipient) (known MessageID, err error) {
	oldest := d.at.Add(-RetryWindow).UnixMicro()
	if _, err := tx.Exec("DELETE FROM unconfirmed WHERE at < ?", oldest); err != nil {
		return "", err
	}
	err = tx.Row("SELECT message_id FROM unconfirmed WHERE inbox_id = ? AND sha256 = ? AND sender = ? AND recipient = ?",
		sqlite.Args(string(r.Inbox.id), d.arrival.Spool.sum(), d.arrival.Sender, strings.ToLower(r.Address)), &known)
	if sqlite.NoRows(err) {
		return "", nil
	}
	return known, err
}

// insert writes the rows of one recipient, if the mailbox is still the one whose folder has the file.
func (d *delivery) insert(tx *sqlite.Tx, id MessageID, file maildir.Folder, r Recipient) error {
	if name := cmpMailbox(r.Mailbox); !isDefault(name) {
		if _, folder, err := findMailbox(tx, r.Inbox.id, name); err != nil || folder != file.Name {
			return errors.Join(errMailboxGone, err)
		}
	}
	m := newMessage{
		id: id, inbox: r.Inbox.id, record: d.parsed, direction: Received, deliveredTo: r.Address, sender: d.arrival.Sender,
		mailbox: cmpMailbox(r.Mailbox), keywords: userLabels(r.Labels), receivedAt: d.at, now: d.at, file: string(id), auth: d.arrival.Auth, junk: r.Junk, event: receivedEvent(r),
	}
	if err := d.w.insertMessage(tx, m); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT INTO unconfirmed (inbox_id, recipient, sender, sha256, message_id, at) VALUES (?, ?, ?, ?, ?, ?)",
		string(r.Inbox.id), strings.ToLower(r.Address), d.arrival.Sender, d.arrival.Spool.sum(), string(id), d.at.UnixMicro())
	if err != nil {
		return err
	}
	return errors.Join(d.recordQuarantine(tx, id, r), d.noteReport(tx, id, r), d.applyReport(tx, r))
}

// recordQuarantine keeps the record of a message that was put aside.
func (d *delivery) recordQuarantine(tx *sqlite.Tx, id MessageID, r Recipient) error {
	if r.Rejection == nil {
		return nil
	}
	e, q := &d.parsed.parsed.Envelope, *r.Rejection
	q.Action, q.Inbox, q.Sender, q.Recipient, q.Subject, q.Message, q.FirstAt, q.LastAt = Quarantined, r.Inbox.id, d.arrival.Sender, r.Address, e.Subject, id, d.at, d.at
	if len(e.From) > 0 {
		q.Author = e.From[0].Address
	}
	return RecordRejections(tx, []Rejection{q})
}

func receivedEvent(r Recipient) string {
	switch {
	case r.Report:
		return "report.received"
	case contains(r.Labels, LabelBlocked):
		return "message.received.blocked"
	case r.Mailbox == JunkMailbox:
		return "message.received.spam"
	case contains(r.Labels, LabelUnauthenticated):
		return "message.received.unauthenticated"
	}
	return "message.received"
}

// newMessage is all that a message's first row needs.
type newMessage struct {
	id          MessageID
	inbox       InboxID
	record      *record
	direction   Direction
	deliveredTo string
	sender      string
	mailbox     string
	wire        int64 // its row in wires; 0: none yet
	flags       Flags
	keywords    []string
	file        string
	thread      ThreadID // "" to find it
	uid         uint32   // 0 for the next one
	receivedAt  time.Time
	savedAt     time.Time // zero: now
	now         time.Time
	status      Status // of what is sent
	auth        *Auth
	junk        *Junk
	to          []string // whom a submission is for; nil: whom the header names
	event       string   // "" for none
}

// insertMessage writes the rows of a message in its first mailbox, and the journal's line.
func (w *workspace) insertMessage(tx *sqlite.Tx, m newMessage) error {
	env := &m.record.parsed.Envelope
	thread, err := w.threadFor(tx, m)
	if err != nil {
		return fmt.Errorf("find thread: %w", err)
	}
	auth, err := m.auth.encode()
	if err != nil {
		return err
	}
	junk, err := m.junk.encode()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO messages (id, inbox_id, thread_id, direction, delivered_to, sender, size, message_id, subject, preview,
		envelope, structure, attachments, received_at, created_at, updated_at, status, auth, junk)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(m.id), string(m.inbox), string(thread), m.direction, m.deliveredTo, m.sender, m.record.size, env.MessageID, env.Subject,
		m.record.parsed.Preview, m.record.envelope, m.record.structure, m.record.attachments, m.receivedAt.UnixMicro(), m.now.UnixMicro(), m.now.UnixMicro(), m.status, auth, junk)
	if err != nil {
		return fmt.Errorf("insert message: %w", err)
	}
	if m.wire, err = insertWire(tx, &m.record.wire); err != nil {
		return err
	}
	if err := errors.Join(w.place(tx, m), w.meet(tx, m)); err != nil {
		return err
	}
	if m.event == "" {
		return nil
	}
	return appendMessage(tx, m.event, m.id, m.now)
}

func insertWire(tx *sqlite.Tx, w *message.Wire) (id int64, err error) {
	r, err := tx.Exec("INSERT INTO wires (envelope, body, structure, header) VALUES (?, ?, ?, ?)", w.Envelope, w.Body, w.BodyStructure, sql.NullString{String: string(w.Header), Valid: w.Header != nil})
	if err != nil {
		return 0, fmt.Errorf("insert wire: %w", err)
	}
	return r.LastInsertId()
}

// appendMessage writes a journal line that holds the message as it is at this moment.
func appendMessage(tx *sqlite.Tx, event string, id MessageID, at time.Time) error {
	list, err := loadMessages(tx, "WHERE id = ?", sqlite.Args(string(id)))
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return ErrNotFound
	}
	data, err := json.Marshal(list[0])
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	return journal.Append(tx, journal.Line{Type: event, InboxID: string(list[0].InboxID), MessageID: string(id),
		ThreadID: string(list[0].ThreadID), At: at, Data: data})
}

// forgetConfirmed drops, in tx, the deliveries whose client has seen the answer.
func (w *workspace) forgetConfirmed(tx *sqlite.Tx) error {
	w.mu.Lock()
	ids := slices.Clone(w.confirmed)
	w.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	for _, id := range ids {
		if _, err := tx.Exec("DELETE FROM unconfirmed WHERE message_id = ?", string(id)); err != nil {
			return err
		}
	}
	tx.After(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.confirmed = slices.DeleteFunc(w.confirmed, func(id MessageID) bool { return slices.Contains(ids, id) })
	})
	return nil
}

// flushConfirmed writes what Confirm noted, in a commit of its own.
func (w *workspace) flushConfirmed() {
	w.mu.Lock()
	n := len(w.confirmed)
	w.mu.Unlock()
	if n > 0 {
		if err := w.db.Change(w.forgetConfirmed); err != nil {
			w.store.opts.Log.Warn("forget confirmed deliveries", "workspace", w.id, "err", err)
		}
	}
}
