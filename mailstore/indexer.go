package mailstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Limits of the indexer.
const (
	indexQuiet  = time.Second      // without a commit before it begins, so that a burst of deliveries is not slowed
	indexLatest = 10 * time.Second // after the first commit it begins, quiet or not
	indexFetch  = 64               // messages taken from the queue at a time
	indexBatch  = 24 << 10         // octets of text in one commit, about
	indexMerge  = 64               // pages of the index that are merged in one commit, which takes some 10 ms with the text
	wordMerge   = 16               // the same of the index of words, which is a fifth of it
)

// indexer fills the full-text index of one open workspace behind the acknowledgement, and makes the wires of messages
// that an earlier version stored. Its goroutine lives while something is queued. What it has not done when the workspace is
// closed, or the process ends, is still in the queue.
type indexer struct {
	w *workspace

	mu      sync.Mutex
	running bool
	stopped bool
	first   time.Time       // of the commits that the goroutine has not looked for; zero if there are none
	last    time.Time       // commit
	urgent  map[part]*hurry // what searches wait for
	poke    chan struct{}   // of capacity 1: urgent or stopped has changed
	done    sync.WaitGroup
}

// part is what a search looks at: a mailbox, or an inbox, or if it is zero the whole workspace.
type part struct {
	mailbox MailboxID
	inbox   InboxID
}

// where is the condition that a message of the queue q belongs to the part.
func (p part) where() (string, []any) {
	switch {
	case p.mailbox != 0:
		return "EXISTS (SELECT 1 FROM placements p WHERE p.message_id = q.message_id AND p.mailbox_id = ?)", sqlite.Args(int64(p.mailbox))
	case p.inbox != "":
		return "EXISTS (SELECT 1 FROM messages o WHERE o.id = q.message_id AND o.inbox_id = ?)", sqlite.Args(string(p.inbox))
	}
	return "TRUE", nil
}

// hurry is what searches of one part wait for.
type hurry struct {
	upTo    int64 // place in the queue
	waiters int
	done    chan struct{} // closed when nothing of the part is queued up to there, or the indexer gave up
	err     error
}

func newIndexer(w *workspace) *indexer {
	return &indexer{w: w, urgent: map[part]*hurry{}, poke: make(chan struct{}, 1)}
}

// notice tells that something was committed. It does not block. A rebuild has no indexer.
func (ix *indexer) notice() {
	if ix == nil {
		return
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.last = time.Now()
	if ix.first.IsZero() {
		ix.first = ix.last
	}
	ix.start()
}

// start has the goroutine run, under the lock.
func (ix *indexer) start() {
	if !ix.running && !ix.stopped {
		ix.running = true
		ix.done.Go(ix.run)
	}
}

// stop ends the goroutine after the message in hand and waits for it, for good.
func (ix *indexer) stop() {
	ix.mu.Lock()
	ix.stopped = true
	ix.signal()
	ix.mu.Unlock()
	ix.done.Wait()
}

func (ix *indexer) signal() {
	select {
	case ix.poke <- struct{}{}:
	default:
	}
}

// catchUp returns when what was committed in the part before the call is in the index. The backlog of an earlier version
// is not waited for.
func (ix *indexer) catchUp(ctx context.Context, p part) error {
	var upTo int64
	where, args := p.where()
	err := ix.w.db.View(ctx, func(tx *sqlite.Tx) error {
		return tx.Row("SELECT COALESCE(MAX(q.id), 0) FROM search_queue q WHERE "+where, args, &upTo)
	})
	if err != nil || upTo == 0 {
		return err
	}
	ix.mu.Lock()
	h := ix.urgent[p]
	if h == nil {
		h = &hurry{done: make(chan struct{})}
		ix.urgent[p] = h
	}
	h.upTo = max(h.upTo, upTo)
	h.waiters++
	ix.start()
	ix.signal()
	ix.mu.Unlock()
	select {
	case <-h.done:
		return h.err
	case <-ctx.Done():
		ix.mu.Lock()
		defer ix.mu.Unlock()
		if h.waiters--; h.waiters == 0 && ix.urgent[p] == h {
			delete(ix.urgent, p)
		}
		return ctx.Err()
	}
}

// run empties the queue each time that it is due.
func (ix *indexer) run() {
	for ix.rest() {
		for more := true; more; {
			var err error
			if more, err = ix.work(); err != nil {
				ix.fail(err)
				return
			}
		}
	}
}

// rest waits until it is time to work. It is false when there is nothing to do, and then run has ended.
func (ix *indexer) rest() bool {
	for {
		ix.mu.Lock()
		if ix.stopped || ix.first.IsZero() && len(ix.urgent) == 0 {
			ix.running = false
			ix.mu.Unlock()
			return false
		}
		due := min(time.Until(ix.last.Add(indexQuiet)), time.Until(ix.first.Add(indexLatest)))
		if due <= 0 || len(ix.urgent) > 0 {
			ix.first = time.Time{}
			ix.mu.Unlock()
			return true
		}
		ix.mu.Unlock()
		timer := time.NewTimer(due)
		select {
		case <-timer.C:
		case <-ix.poke:
			timer.Stop()
		}
	}
}

// work indexes some messages, those first that a search waits for. more is false when there is nothing left to do for
// the moment, or the indexer is to stop.
func (ix *indexer) work() (more bool, err error) {
	p, h, upTo := ix.next()
	list, err := ix.queued(p, h != nil, upTo)
	if err == nil && len(list) == 0 && h == nil {
		list, err = ix.backlog()
	}
	if err != nil {
		return false, fmt.Errorf("read the queue: %w", err)
	}
	if len(list) == 0 && h != nil {
		ix.finish(p, h, upTo)
		return true, nil
	}
	if len(list) == 0 {
		return ix.merge()
	}
	var b batch
	for _, q := range list {
		if ix.pressed(h) {
			break
		}
		e := ix.w.entry(q)
		for i := range e.steps() {
			b.add(e, i)
			if b.octets >= indexBatch {
				if err := ix.commit(&b); err != nil {
					return false, err
				}
			}
		}
	}
	return !ix.isStopped(), ix.commit(&b)
}

// next tells whose messages come first, and up to which place in the queue; h is nil if nobody waits.
func (ix *indexer) next() (p part, h *hurry, upTo int64) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for p, h = range ix.urgent {
		return p, h, h.upTo
	}
	return part{}, nil, 0
}

// finish tells the searches of a part that all up to a place in the queue is indexed, unless one came meanwhile that
// waits for more.
func (ix *indexer) finish(p part, h *hurry, upTo int64) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ix.urgent[p] == h && h.upTo == upTo {
		delete(ix.urgent, p)
		close(h.done)
	}
}

// fail gives up until the next commit or search, and tells those who wait.
func (ix *indexer) fail(err error) {
	if fault.From(err) == nil {
		ix.w.store.opts.Log.Error("index messages for search", "workspace", ix.w.id, "err", err)
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.running, ix.first = false, time.Time{}
	for p, h := range ix.urgent {
		delete(ix.urgent, p)
		h.err = err
		close(h.done)
	}
}

// pressed tells whether to look up from the work for h, or for nobody.
func (ix *indexer) pressed(h *hurry) bool {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.stopped || h == nil && len(ix.urgent) > 0
}

func (ix *indexer) isStopped() bool {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.stopped
}

// queued is a message in the queue.
type queued struct {
	id       MessageID
	place    int64 // in the queue; a text that is changed meanwhile gets another
	size     int64
	wireless bool // its wire is to be made
	old      bool // of the backlog: only its words are wanted
}

// queued reads the head of the queue, or of one part of it up to a place.
func (ix *indexer) queued(p part, only bool, upTo int64) (list []queued, err error) {
	where, args := "", sqlite.Args()
	if only {
		where, args = p.where()
		where, args = " AND q.id <= ? AND "+where, append(sqlite.Args(upTo), args...)
	}
	err = ix.w.db.View(noCtx, func(tx *sqlite.Tx) error {
		return tx.Each(`SELECT m.id, q.id, m.size, EXISTS (SELECT 1 FROM placements w WHERE w.message_id = m.id AND w.wire = 0)
			FROM search_queue q CROSS JOIN messages m WHERE m.id = q.message_id`+where+" ORDER BY q.id LIMIT ?", append(args, indexFetch), func(scan func(...any) error) error {
			var q queued
			err := scan(&q.id, &q.place, &q.size, &q.wireless)
			list = append(list, q)
			return err
		})
	})
	return list, err
}

// backlog reads the head of the backlog, the newest messages first.
func (ix *indexer) backlog() (list []queued, err error) {
	err = ix.w.db.View(noCtx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT m.id, m.size FROM word_backlog q CROSS JOIN messages m WHERE m.id = q.message_id ORDER BY q.id LIMIT ?", sqlite.Args(indexFetch), func(scan func(...any) error) error {
			q := queued{old: true}
			err := scan(&q.id, &q.size)
			list = append(list, q)
			return err
		})
	})
	return list, err
}

// batch is what goes into one commit: rows of entries, one after the other.
type batch struct {
	steps  []batchStep
	octets int
}

type batchStep struct {
	*entry
	row int
}

func (b *batch) add(e *entry, row int) {
	b.steps = append(b.steps, batchStep{e, row})
	b.octets += 1 << 10 // for a row itself
	if row < len(e.rows) {
		b.octets += e.rows[row].size()
	}
	if row == e.steps()-1 && e.words != nil {
		b.octets += e.words.size()
	}
}

// commit writes a batch, and merges a little.
func (ix *indexer) commit(b *batch) error {
	if len(b.steps) == 0 {
		return nil
	}
	steps := b.steps
	*b = batch{}
	err := ix.w.db.Change(func(tx *sqlite.Tx) error {
		for _, s := range steps {
			if err := s.write(tx); err != nil {
				return err
			}
		}
		return mergeStep(tx)
	})
	if err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

// write writes one row of an entry. The queue tells whether the message is still there as it was read, and begins a message anew whose
// rows were not written to the end.
func (s batchStep) write(tx *sqlite.Tx) error {
	if s.old {
		return s.writeOld(tx)
	}
	var waiting int
	if err := tx.Row("SELECT COUNT(*) FROM search_queue WHERE id = ? AND message_id = ?", sqlite.Args(s.place, string(s.id)), &waiting); err != nil || waiting == 0 {
		return err
	}
	if s.row == 0 {
		for _, q := range []string{
			"DELETE FROM search_text WHERE rowid IN (SELECT id FROM search_rows WHERE message_id = ?)",
			"DELETE FROM search_rows WHERE message_id = ?",
		} {
			if _, err := tx.Exec(q, string(s.id)); err != nil {
				return err
			}
		}
	}
	if s.row < len(s.rows) {
		if err := s.rows[s.row].insert(tx, s.id, s.partial); err != nil {
			return err
		}
	}
	if s.row+1 < len(s.rows) {
		return nil
	}
	if s.wire != nil {
		wire, err := insertWire(tx, s.wire)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE placements SET wire = ? WHERE message_id = ? AND wire = 0", wire, string(s.id)); err != nil {
			return err
		}
	}
	if s.words != nil {
		if err := s.words.insert(tx, s.id); err != nil {
			return err
		}
	}
	_, err := tx.Exec("DELETE FROM search_queue WHERE id = ?", s.place)
	return err
}

// mergeStep merges a little of both indexes.
func mergeStep(tx *sqlite.Tx) error {
	if _, err := tx.Exec("INSERT INTO search_text (search_text, rank) VALUES ('merge', ?)", indexMerge); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT INTO word_text (word_text, rank) VALUES ('merge', ?)", wordMerge)
	return err
}

// merge merges a little more while the queue is empty; more is true if there was something to merge.
func (ix *indexer) merge() (more bool, err error) {
	if ix.pressed(nil) {
		return !ix.isStopped(), nil
	}
	err = ix.w.db.Change(func(tx *sqlite.Tx) error {
		var before, after int64
		if err := tx.Row("SELECT total_changes()", nil, &before); err != nil {
			return err
		}
		if err := mergeStep(tx); err != nil {
			return err
		}
		err := tx.Row("SELECT total_changes()", nil, &after)
		more = after-before >= 3 // SQLite's documentation of FTS5: a merge that finds something to do makes two changes, else one
		return err
	})
	if err != nil {
		return false, fmt.Errorf("merge the index: %w", err)
	}
	return more && !ix.isStopped(), nil
}
