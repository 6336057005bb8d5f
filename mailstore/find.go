package mailstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/query"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Limits of a search.
const (
	MaxSearchSteps = 20_000           // messages that one page looks at; then it ends, and the next one goes on
	MaxSearchTime  = 10 * time.Second // for a page, with the wait for the indexer

	firstCandidates = MaxRanked + 24 // that the index is asked for at first; then it is asked for all that a page looks at
	searchStep      = 64             // messages that are looked at together
	rowsPerSecond   = 1 << 16        // numbers of word_rows in a second
)

var (
	errSearchBehind = fault.New(fault.Unavailable, "search_behind", "The newest messages are still being indexed; try again in a moment.")
	errSearchSlow   = fault.New(fault.Unavailable, "search_too_slow", "This search takes too long; give a longer beginning before a *, or narrow it with after: or from:.")
)

// Search is what is looked for.
type Search struct {
	Query  query.Query
	Filter MessageFilter // what it narrows besides; Trash and Junk are left out unless it or the query asks for them
	Ranked bool          // the best first; else the newest
	After  *SearchPlace  // nil is the beginning
	Limit  int           // hits of a page, MaxPage at most
}

// SearchPlace is where a page ended. It stays good while things come and go.
type SearchPlace struct {
	Row int64 // in word_rows

	// Of a ranked search: which messages are ranked, [Bottom, Top], and how the last hit was. Behind them come the others,
	// the newest first.
	Top, Bottom, Score int64
}

// Hit is a message that was found.
type Hit struct {
	Message    Message
	Highlights []Highlight
}

// ThreadHit is a thread of which a message was found.
type ThreadHit struct {
	Thread     Thread
	MessageID  MessageID   // the newest one that was found
	Highlights []Highlight // of that
}

// Search finds messages. It waits until all that was committed before the call is indexed. next is nil on the last page; a
// page may be short and not the last, where much had to be looked at. partial tells that mail of before an update of the
// program is still being indexed.
func (m Mail) Search(ctx context.Context, s Search) (hits []Hit, next *SearchPlace, partial bool, err error) {
	hits = []Hit{}
	partial, err = m.find(ctx, s, func(f *finder) error {
		if next, err = f.page(); err != nil {
			return err
		}
		hits, err = f.load()
		return err
	}, func(f *finder) error {
		for i := range hits {
			hits[i].Highlights = f.highlights(&hits[i].Message)
		}
		return nil
	})
	return hits, next, partial, err
}

// SearchThreads finds threads in which some message is found, the one with the newest of those first. The rest is as with
// Search; it cannot be ranked.
func (m Mail) SearchThreads(ctx context.Context, s Search) (hits []ThreadHit, next *SearchPlace, partial bool, err error) {
	s.Ranked = false
	hits = []ThreadHit{}
	var found []Hit
	partial, err = m.find(ctx, s, func(f *finder) error {
		f.threads = map[ThreadID]bool{}
		if next, err = f.page(); err != nil {
			return err
		}
		if found, err = f.load(); err != nil {
			return err
		}
		for _, hit := range found {
			t, err := m.ws.Inbox(hit.Message.InboxID).thread(f.tx, hit.Message.ThreadID)
			if err != nil {
				return err
			}
			hits = append(hits, ThreadHit{Thread: t, MessageID: hit.Message.ID})
		}
		return nil
	}, func(f *finder) error {
		for i := range hits {
			hits[i].Highlights = f.highlights(&found[i].Message)
		}
		return nil
	})
	return hits, next, partial, err
}

// find prepares a search, reads in one snapshot, and then does what needs the files.
func (m Mail) find(ctx context.Context, s Search, read, then func(*finder) error) (partial bool, err error) {
	within, cancel := context.WithTimeout(ctx, MaxSearchTime)
	defer cancel()
	err = m.ws.use(within, func(w *workspace) error {
		if err := w.indexer.catchUp(within, part{inbox: m.inbox}); err != nil {
			return late(ctx, err, errSearchBehind)
		}
		f := newFinder(within, w, m.inbox, s)
		err := w.db.View(within, func(tx *sqlite.Tx) error {
			f.tx = tx
			if err := tx.Row("SELECT EXISTS (SELECT 1 FROM word_backlog)", nil, &partial); err != nil {
				return err
			}
			return read(f)
		})
		if err != nil {
			return late(ctx, err, errSearchSlow)
		}
		return then(f)
	})
	return partial, err
}

// late is an error of a search, which has another reason if the caller is still there.
func late(ctx context.Context, err error, reason *fault.Error) error {
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return reason.Because(err)
	}
	return err
}

// finder is one search while it runs.
type finder struct {
	ctx    context.Context
	w      *workspace
	tx     *sqlite.Tx
	inbox  InboxID
	search Search
	limit  int
	most   int // candidates that a page looks at

	match  string // for the index
	filter string // SQL for what the index cannot say
	args   []any
	from   int64 // rows that can be a hit, of what the query says of times
	to     int64

	phrases []query.Node
	threads map[ThreadID]bool // that are on the page; nil if messages are wanted

	rows []int64 // the hits, in their order
	text int     // octets that were read for highlights
}

func newFinder(ctx context.Context, w *workspace, inbox InboxID, s Search) *finder {
	f := &finder{ctx: ctx, w: w, inbox: inbox, search: s, limit: pageLimit(s.Limit), most: MaxSearchSteps, from: math.MinInt64, to: math.MaxInt64, phrases: s.Query.Phrases()}
	f.match = wordConditionOf(s.Query.Root).match
	if inbox != "" {
		f.match = "(" + f.match + " AND " + matchMark(inboxMark(inbox)) + ")"
	}
	s.Filter.IncludeTrash, s.Filter.IncludeSpam = s.Filter.IncludeTrash || s.Query.Aside, s.Filter.IncludeSpam || s.Query.Aside
	var c clauses
	c.add("TRUE")
	s.Filter.narrow(&c, inbox)
	f.filter, f.args = "("+strings.TrimPrefix(c.text.String(), "WHERE ")+")", c.args
	if clause, more := sqlOf(s.Query.Root); clause != "" {
		f.filter, f.args = f.filter+" AND "+clause, append(f.args, more...)
	}
	f.within(s.Filter.After, s.Filter.Before)
	for _, n := range s.Query.Root.Nodes {
		switch n.Kind {
		case query.After:
			f.within(n.Time, time.Time{})
		case query.Before:
			f.within(time.Time{}, n.Time)
		}
	}
	return f
}

// within narrows the rows to a span of time, give or take a second.
func (f *finder) within(after, before time.Time) {
	if !after.IsZero() {
		f.from = max(f.from, (after.Unix()-1)*rowsPerSecond)
	}
	if !before.IsZero() {
		f.to = min(f.to, (before.Unix()+1)*rowsPerSecond)
	}
}

// page finds the hits of a page, and tells where the next one begins; nil if there is none.
func (f *finder) page() (*SearchPlace, error) {
	if f.search.Ranked && f.scored() {
		return f.rankedPage()
	}
	to := f.to
	if f.search.After != nil {
		to = min(to, f.search.After.Row-1)
	}
	last, more, err := f.newest(to)
	if !more || err != nil {
		return nil, err
	}
	return &SearchPlace{Row: last}, nil
}

// newest adds hits among the rows up to one, the newest first, until the page is full or it has looked at MaxSearchSteps.
// more tells that there may be more, behind the row last.
func (f *finder) newest(to int64) (last int64, more bool, err error) {
	pending := make([]int64, 0, searchStep)
	steps := 0
	err = f.candidates(f.from, to, func(row int64) error {
		steps++
		if pending = append(pending, row); len(pending) < cap(pending) && steps < f.most {
			return nil
		}
		last, more, err = f.take(pending)
		pending = pending[:0]
		switch {
		case err != nil:
			return err
		case !more && steps == f.most:
			last, more = row, true
		}
		if more {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return last, more, nil
	}
	if err != nil {
		return 0, false, err
	}
	return f.take(pending)
}

// candidates gives the rows of a span that the index finds, the newest first, until give has an error.
func (f *finder) candidates(from, to int64, give func(row int64) error) error {
	for size := firstCandidates; ; size = MaxSearchSteps {
		rows, err := f.matching(f.match, from, to, size)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := give(row); err != nil {
				return err
			}
		}
		if len(rows) < size {
			return nil
		}
		to = rows[size-1] - 1
	}
}

// matching gives the newest rows of a span that the index finds.
func (f *finder) matching(match string, from, to int64, most int) (rows []int64, err error) {
	var encoded []byte
	err = f.tx.RowWithin(f.ctx, "SELECT json_group_array(rowid) FROM (SELECT rowid FROM word_text WHERE word_text MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?)",
		sqlite.Args(match, from, to, most), &encoded)
	if err == nil {
		err = json.Unmarshal(encoded, &rows)
	}
	slices.SortFunc(rows, func(a, b int64) int { return cmp.Compare(b, a) })
	return rows, err
}

// take adds those of some rows that the filter passes to the page. more tells that it is full and there is another hit; last
// is then the last one on it.
func (f *finder) take(rows []int64) (last int64, more bool, err error) {
	passed, err := f.pass(rows)
	if err != nil {
		return 0, false, err
	}
	for _, row := range rows {
		thread, ok := passed[row]
		if !ok {
			continue
		}
		known, err := f.knownThread(row, thread)
		switch {
		case err != nil:
			return 0, false, err
		case known:
		case len(f.rows) == f.limit:
			return f.rows[f.limit-1], true, nil
		default:
			f.rows = append(f.rows, row)
			if f.threads != nil {
				f.threads[thread] = true
			}
		}
	}
	return 0, false, nil
}

// pass gives those of some rows that the filter passes, with their threads.
func (f *finder) pass(rows []int64) (map[int64]ThreadID, error) {
	var encoded []byte
	passed := make(map[int64]ThreadID, len(rows))
	query := "SELECT json_group_object(id, thread) FROM (SELECT r.id, (SELECT thread_id FROM messages " + byID + "WHERE messages.id = r.message_id AND " + f.filter +
		") AS thread FROM json_each(?) j CROSS JOIN word_rows r WHERE r.id = j.value) WHERE thread IS NOT NULL"
	err := f.tx.RowWithin(f.ctx, query, append(slices.Clone(f.args), encodeRows(rows)), &encoded)
	if err == nil {
		err = json.Unmarshal(encoded, &passed)
	}
	return passed, err
}

// knownThread tells whether a search for threads has given the thread already: on this page, or on one before it because of
// a newer message.
func (f *finder) knownThread(row int64, thread ThreadID) (known bool, err error) {
	if f.threads == nil || f.threads[thread] || f.search.After == nil {
		return f.threads[thread], nil
	}
	query := `SELECT EXISTS (SELECT 1 FROM word_rows r WHERE r.message_id IN (SELECT id FROM messages ` + byThread + `WHERE thread_id = ?) AND r.id >= ?
		AND EXISTS (SELECT 1 FROM word_text WHERE word_text MATCH ? AND rowid = r.id) AND EXISTS (SELECT 1 FROM messages ` + byID + "WHERE messages.id = r.message_id AND " + f.filter + "))"
	err = f.tx.RowWithin(f.ctx, query, append(sqlite.Args(string(thread), f.search.After.Row, f.match), f.args...), &known)
	if known {
		f.threads[thread] = true
	}
	return known, err
}

// load reads the messages of the page.
func (f *finder) load() ([]Hit, error) {
	ids := make([]MessageID, 0, len(f.rows))
	err := f.tx.Each("SELECT r.message_id FROM json_each(?) j CROSS JOIN word_rows r WHERE r.id = j.value ORDER BY j.key", sqlite.Args(encodeRows(f.rows)), func(scan func(...any) error) error {
		var id MessageID
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	messages, err := messagesByID(f.tx, ids)
	if err != nil {
		return nil, err
	}
	hits := make([]Hit, len(ids))
	for i, id := range ids {
		hits[i] = Hit{Message: messages[id]}
	}
	return hits, nil
}
