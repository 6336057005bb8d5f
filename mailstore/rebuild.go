package mailstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// RebuildGap is how far UIDNEXT and MODSEQ move on in a rebuild, so that no number that a client has seen since the
// state files were written comes back for something else.
const RebuildGap = 10000

// Report says what a rebuild did in one workspace.
type Report struct {
	Workspace WorkspaceID
	Mailboxes int
	Messages  int
	Queued    int      // recipients that a message waits for to leave
	Recorded  int      // messages whose UID and keywords the state files knew
	Problems  []string // what could not be read, in words
}

// Rebuild remakes the index of one workspace, or of all if id is empty, from the maildir and its state files. The
// store must be closed: it takes the data directory's lock itself. The old index, if there is one, is kept beside the
// new one under a name that tells its time. Cursors into the old journal get a gap.
func Rebuild(ctx context.Context, dir string, id WorkspaceID, opts Options) ([]Report, error) {
	s, err := Open(dir, opts)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	ids := []WorkspaceID{id}
	if id == "" {
		if ids, err = s.onDisk(); err != nil {
			return nil, err
		}
	} else if !ident.Valid("ws", string(id)) || !fileExists(s.workspaceDir(id)) {
		return nil, ErrNotFound
	}
	var reports []Report
	for _, id := range ids {
		if ctx.Err() != nil {
			return reports, ctx.Err()
		}
		r, err := s.rebuild(ctx, id)
		if err != nil {
			return reports, fmt.Errorf("rebuild %s: %w", id, err)
		}
		reports = append(reports, r)
	}
	return reports, nil
}

func (s *Store) onDisk() (ids []WorkspaceID, err error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "workspaces"))
	for _, e := range entries {
		if ident.Valid("ws", e.Name()) && e.IsDir() {
			ids = append(ids, WorkspaceID(e.Name()))
		}
	}
	return ids, err
}

// rebuild writes the new index under another name and puts it in place when it is whole.
func (s *Store) rebuild(ctx context.Context, id WorkspaceID) (r Report, err error) {
	r.Workspace = id
	w := &workspace{id: id, store: s, dirty: map[int64]*dirtyMark{}}
	if w.root, err = s.openDir(id, false); err != nil {
		return r, err
	}
	defer w.root.Close()
	w.tree = maildir.New(w.root, s.opts.sync)
	fresh := filepath.Join(s.workspaceDir(id), "index.rebuild")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(fresh + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
	}
	if w.db, err = sqlite.Open(ctx, fresh, migrations()); err != nil {
		return r, err
	}
	b := rebuilder{w: w, report: &r, now: s.opts.Clock().UTC().Truncate(time.Microsecond), merged: map[InboxID]map[ThreadID]ThreadID{}}
	if err = w.db.Change(journal.Begin); err == nil {
		err = w.eachFolder(b.scan)
	}
	if err == nil {
		err = b.index(ctx)
	}
	if err == nil {
		err = errors.Join(b.leadMerged(), b.moveUIDValidity(), b.queue(), b.salvage(ctx), b.drafts(), b.tellFollowers())
	}
	if err == nil { // the state files are behind the new index: they get the gap now
		w.writeStates(time.Time{}, true)
		if w.failed.Load() {
			err = errDisk
		}
	}
	if err = errors.Join(err, w.db.Close()); err != nil {
		return r, err
	}
	return r, s.putInPlace(id, fresh, b.now)
}

func (s *Store) putInPlace(id WorkspaceID, fresh string, now time.Time) error {
	index := filepath.Join(s.workspaceDir(id), "index.db")
	for _, suffix := range []string{"-wal", "-shm", ""} { // the log of the old index must not meet the new one
		old := index + suffix
		if fileExists(old) {
			if err := os.Rename(old, fmt.Sprintf("%s.%s%s", index, now.Format("20060102T150405"), suffix)); err != nil {
				return err
			}
		}
	}
	if err := os.Rename(fresh, index); err != nil {
		return err
	}
	return syncPath(s.workspaceDir(id), s.opts.sync)
}

// rebuilder collects what lies on the disk and then writes it in the order in which it came.
type rebuilder struct {
	w      *workspace
	report *Report
	now    time.Time
	found  []foundFile
	merged map[InboxID]map[ThreadID]ThreadID
}

type foundFile struct {
	maildir.File
	inbox   InboxID
	mailbox string
	line    *stateLine // nil if no state file knows it
	at      time.Time
}

// scan reads one folder's state file, makes its mailbox, and notes its files.
func (b *rebuilder) scan(inbox, dir string) error {
	if !ident.Valid("inb", inbox) {
		b.problem("%s is not an inbox", inbox)
		return nil
	}
	st, err := b.state(dir)
	if err != nil {
		b.problem("%s: %v", dir, err)
	}
	folder := maildir.Folder{Inbox: inbox}
	if last := filepath.Base(dir); strings.HasPrefix(last, ".") {
		folder.Name = last
	}
	name := InboxMailbox
	row := mailboxRow{inbox: InboxID(inbox), uidnext: 1 + RebuildGap, modseq: 1 + RebuildGap}
	if st != nil {
		h := st.head
		name = h.Mailbox
		if h.Merged != nil {
			b.merged[InboxID(inbox)] = h.Merged
		}
		row = mailboxRow{inbox: InboxID(inbox), use: h.SpecialUse, objectID: h.ObjectID, subscribed: h.Subscribed, uidvalidity: h.UIDValidity,
			uidnext: h.UIDNext + RebuildGap, modseq: h.HighestModseq + RebuildGap}
	} else if folder.Name != "" {
		name = maildir.MailboxName(folder.Name)
		for _, d := range defaults {
			if d.name == name {
				row.use = d.use
			}
		}
	}
	row.name, row.folder, row.floor = name, folder.Name, row.modseq
	if err := b.w.db.Change(func(tx *sqlite.Tx) error { return b.w.insertMailbox(tx, row, b.now) }); err != nil {
		return err
	}
	b.report.Mailboxes++
	files, err := b.w.tree.Files(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		ff := foundFile{File: f, inbox: InboxID(inbox), mailbox: name, at: f.Time.UTC().Truncate(time.Microsecond)}
		if st != nil {
			if l, ok := st.lines[f.Base]; ok {
				ff.line, ff.at = &l, l.ReceivedAt
			}
		}
		b.found = append(b.found, ff)
	}
	return nil
}

func (b *rebuilder) problem(format string, args ...any) {
	b.report.Problems = append(b.report.Problems, fmt.Sprintf(format, args...))
}

func (b *rebuilder) state(dir string) (*state, error) {
	f, err := b.w.tree.OpenState(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readState(f)
}

// index writes the rows, oldest message first, so that threads and new UIDs come out as they did.
func (b *rebuilder) index(ctx context.Context) error {
	sort.SliceStable(b.found, func(i, j int) bool {
		x, y := b.found[i], b.found[j]
		if !x.at.Equal(y.at) {
			return x.at.Before(y.at)
		}
		return x.Base < y.Base
	})
	for len(b.found) > 0 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n := min(len(b.found), rebuildBatch)
		if err := b.insertAll(b.found[:n]); err != nil {
			return err
		}
		b.found = b.found[n:]
	}
	return nil
}

// leadMerged has the threads that were merged lead to the ones that live, where those are known.
func (b *rebuilder) leadMerged() error {
	return b.w.db.Change(func(tx *sqlite.Tx) error {
		for inbox, merged := range b.merged {
			for gone, live := range merged {
				if _, err := tx.Exec(`INSERT INTO threads (id, inbox_id, merged_into, created_at, last_at)
					SELECT ?1, ?2, COALESCE(NULLIF(merged_into, ''), id), ?4, ?4 FROM threads WHERE id = ?3 AND inbox_id = ?2 ON CONFLICT (id) DO NOTHING`,
					string(gone), string(inbox), string(live), b.now.UnixMicro()); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// moveUIDValidity has what comes next be higher by a gap than all that are known: mailboxes that are gone had some too.
func (b *rebuilder) moveUIDValidity() error {
	return b.w.db.Change(func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO meta (name, value) SELECT 'uidvalidity', CAST(MAX(uidvalidity) + ? AS TEXT) FROM mailboxes HAVING COUNT(*) > 0
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, RebuildGap)
		return err
	})
}

// queue takes up what waited to leave when the index was lost. Recipients that were settled since their envelope was last
// noted get the message once more, under the same Message-ID. What cannot be sent goes to quarantine: it was accepted.
func (b *rebuilder) queue() error {
	names, err := b.w.tree.Queued()
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		e, noted, err := b.envelope(name)
		if err != nil {
			b.problem("outbox/%s: it cannot be sent and is in quarantine: %v", name, err)
			if err := b.w.tree.QuarantineQueued(name); err != nil {
				return err
			}
			continue
		}
		if err := b.w.db.Change(func(tx *sqlite.Tx) error { return b.requeue(tx, MessageID(name), e, noted) }); err != nil {
			return fmt.Errorf("queue %s: %w", name, err)
		}
		if err := b.w.store.noteQueued(b.w.id, b.now); err != nil {
			return err
		}
	}
	return nil
}

// envelope reads and checks what lies beside queued bytes.
func (b *rebuilder) envelope(name string) (e envelopeFile, noted maildir.Noted, err error) {
	raw, noted, err := b.w.tree.Envelope(name)
	if err == nil {
		err = json.Unmarshal(raw, &e)
	}
	if err != nil {
		return e, noted, err
	}
	size, err := b.w.tree.QueuedSize(name)
	switch {
	case err != nil:
		return e, noted, err
	case !ours(name):
		return e, noted, errors.New("it is none of ours")
	case size != e.Size:
		return e, noted, fmt.Errorf("it has %d octets where the envelope says %d", size, e.Size)
	case !ident.Valid("inb", string(e.Inbox)) || !b.w.tree.HasFolder(maildir.Folder{Inbox: string(e.Inbox)}):
		return e, noted, fmt.Errorf("its inbox %q is not here", e.Inbox)
	case e.Lane != Prompt && e.Lane != Bulk || e.Sender == "" || len(e.To) == 0 || !slices.ContainsFunc(e.To, func(to string) bool { return strings.Contains(to, "@") }):
		return e, noted, errors.New("its envelope is incomplete")
	}
	return e, noted, nil
}

func (b *rebuilder) requeue(tx *sqlite.Tx, id MessageID, e envelopeFile, noted maildir.Noted) error {
	if !slices.ContainsFunc(e.To, func(to string) bool { return !noted.Settled[to] }) {
		return nil // nobody waits for it; what became of it is not known any more
	}
	o := outgoing{id: id, inbox: e.Inbox, thread: e.Thread, sender: e.Sender, messageID: e.MessageID, size: e.Size, lane: e.Lane, unsubscribe: e.Unsubscribe, createdAt: e.CreatedAt.UnixMicro()}
	if noted.SendAt != nil {
		e.SendAt = *noted.SendAt
	}
	if e.SendAt.After(b.now) {
		o.sendAt = e.SendAt.UnixMicro()
	}
	err := tx.Row("SELECT thread_id FROM messages WHERE id = ?", sqlite.Args(string(id)), &o.thread)
	if err != nil && !sqlite.NoRows(err) {
		return err
	}
	if err := o.insert(tx); err != nil {
		return err
	}
	queued := 0
	for _, to := range e.To {
		if noted.Settled[to] {
			continue
		}
		r := outboxRow{outgoing: id, inbox: e.Inbox, recipient: to, lane: e.Lane, status: Queued, held: e.Held, dueAt: max(o.sendAt, b.now.UnixMicro())}
		if held, known := noted.Held[to]; known {
			r.held = held
		}
		if err := r.insert(tx); err != nil {
			return err
		}
		queued++
	}
	status, err := statusOf(tx, id)
	if err == nil {
		_, err = tx.Exec("UPDATE messages SET status = ? WHERE id = ?", status, string(id))
	}
	if err == nil {
		tx.After(func() { b.report.Queued += queued })
	}
	return err
}

const rebuildBatch = 100 // messages in one commit

// insertAll reads the files and writes their rows in one commit.
func (b *rebuilder) insertAll(batch []foundFile) error {
	recs := make([]*record, len(batch))
	for i, f := range batch {
		rec, _, err := b.w.readFile(f.Path)
		if err != nil {
			b.problem("%s: %v", f.Path, err)
			continue
		}
		recs[i] = rec
		b.report.Messages++
		if f.line != nil {
			b.report.Recorded++
		}
	}
	return b.w.db.Change(func(tx *sqlite.Tx) error {
		for i, f := range batch {
			if recs[i] == nil {
				continue
			}
			if err := b.insert(tx, f, recs[i]); err != nil {
				return fmt.Errorf("index %s: %w", f.Path, err)
			}
		}
		return nil
	})
}

func (b *rebuilder) insert(tx *sqlite.Tx, f foundFile, rec *record) error {
	m := newMessage{inbox: f.inbox, record: rec, mailbox: f.mailbox, file: f.Base, flags: parseFileFlags(f.Flags), receivedAt: f.at, now: b.now, direction: Received}
	if f.mailbox == SentMailbox {
		m.direction = Sent
	}
	switch {
	case f.line != nil:
		l := f.line
		m.id, m.thread, m.uid, m.keywords, m.direction = l.Message, l.Thread, l.UID, l.Keywords, l.Direction
		m.deliveredTo, m.sender, m.savedAt, m.now = l.DeliveredTo, l.Sender, l.SavedAt, l.CreatedAt
		if f.New { // a name in new tells no flags
			m.flags = l.Flags
		}
	case ours(f.Base):
		id, _, _ := strings.Cut(f.Base, ".")
		m.id = MessageID(id)
	default:
		m.id, m.direction = MessageID(ident.New("msg", f.at)), Appended
	}
	var there int
	if err := tx.Row("SELECT COUNT(*) FROM messages WHERE id = ? AND inbox_id = ?", sqlite.Args(string(m.id), string(m.inbox)), &there); err != nil {
		return err
	}
	if there > 0 { // in one more mailbox
		if err := tx.Row("SELECT wire FROM placements WHERE message_id = ? LIMIT 1", sqlite.Args(string(m.id)), &m.wire); err != nil {
			return err
		}
		return b.w.place(tx, m)
	}
	if err := b.w.insertMessage(tx, m); err != nil || f.line == nil || f.line.Draft == nil {
		return err
	}
	return f.line.Draft.write(tx, m.inbox, m.id)
}

// drafts forgets what the old index knew of drafts that are not there any more, gives those that have a time their status, and
// has the courier look at them.
func (b *rebuilder) drafts() error {
	var first int64
	err := b.w.db.Change(func(tx *sqlite.Tx) error {
		for _, q := range []string{
			"DELETE FROM drafts WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.id = drafts.message_id AND m.inbox_id = drafts.inbox_id)",
			"UPDATE messages SET status = CASE WHEN (SELECT send_at FROM drafts WHERE message_id = messages.id) > 0 THEN 'scheduled' ELSE '' END WHERE id IN (SELECT message_id FROM drafts)",
		} {
			if _, err := tx.Exec(q); err != nil {
				return fmt.Errorf("put drafts right: %w", err)
			}
		}
		return tx.Row("SELECT COALESCE(MIN(NULLIF(send_at, 0)), 0) FROM drafts", nil, &first)
	})
	if err != nil || first == 0 {
		return err
	}
	return b.w.store.noteQueued(b.w.id, b.now)
}

// tellFollowers has those who follow the journal, of whom the new index knows nothing, be looked at: see Following.Adopt.
func (b *rebuilder) tellFollowers() error {
	return errors.Join(b.w.store.followed.note(b.w.id, b.now), b.w.store.followed.flush(b.w.id))
}
