package mailstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Limits of a search.
const (
	MaxNeedle = 64 << 10 // octets of what is looked for; more is refused

	segmentText = 24 << 10 // octets of text in one row of the index; a longer text is in several rows
	maxPhrase   = 128      // octets that the index is asked for, and by which rows overlap; of a longer needle the files decide
	maxTerms    = 64       // runs of three characters that one query asks for
	minPhrase   = 3        // characters that the index knows as a unit
)

// TextField is a part of a message that can be searched.
type TextField = message.TextField

// The fields of a message that SearchText looks at.
const (
	FromText    = message.FromText
	ToText      = message.ToText
	CcText      = message.CcText
	BccText     = message.BccText
	SubjectText = message.SubjectText
	HeaderText  = message.HeaderText
	BodyText    = message.BodyText
	AnyText     = message.AnyText // header or body
)

var errNeedle = fault.New(fault.Invalid, "search_too_long", "What is searched for must not be longer than %d octets.", MaxNeedle)

// SearchText gives the UIDs, ascending, of the messages of a mailbox whose text contains the needle: IMAP's substring
// search (RFC 9051, 6.4.4), with the meaning that message.SearchText and message.Fold give it, exact for a needle of any
// length up to MaxNeedle. An empty one is in every header and body, and of the other fields in those that are there. It
// waits until all that was committed before the call is indexed; ctx ends that.
func (in Inbox) SearchText(ctx context.Context, mailbox MailboxID, field TextField, needle string) (uids []uint32, err error) {
	if len(needle) > MaxNeedle {
		return nil, errNeedle
	}
	err = in.ws.use(ctx, func(w *workspace) error {
		if err := w.db.View(ctx, func(tx *sqlite.Tx) error { return in.owns(tx, mailbox) }); err != nil {
			return err
		}
		if err := w.indexer.catchUp(ctx, part{mailbox: mailbox}); err != nil {
			return err
		}
		s := textSearch{mailbox: mailbox, found: []uint32{}, unsure: map[uint32]MessageID{}}
		if err := w.db.View(ctx, func(tx *sqlite.Tx) error { return s.ask(tx, field, needle) }); err != nil {
			return err
		}
		if err := s.verify(ctx, w, field, needle); err != nil {
			return err
		}
		uids = s.found
		return nil
	})
	return uids, err
}

// textSearch is one search of a mailbox.
type textSearch struct {
	mailbox MailboxID
	found   []uint32             // sorted, each once
	unsure  map[uint32]MessageID // only the file can tell
}

// condition is a needle and the columns of the index that it may be in.
type condition struct {
	columns string
	needle  string
}

func conditions(field TextField, needle string) []condition {
	header, body := message.Needles(needle)
	switch field {
	case BodyText:
		return []condition{{"body", body}}
	case AnyText:
		if header == body {
			return []condition{{"header body", body}}
		}
		return []condition{{"header", header}, {"body", body}}
	}
	return []condition{{columnNames[field], header}}
}

var columnNames = [...]string{FromText: "from_", ToText: "to_", CcText: "cc", BccText: "bcc", SubjectText: "subject", HeaderText: "header", BodyText: "body"}

// ask asks the index.
func (s *textSearch) ask(tx *sqlite.Tx, field TextField, needle string) error {
	if needle == "" && field >= HeaderText {
		return s.collect(tx, "SELECT uid FROM placements WHERE mailbox_id = ?", int64(s.mailbox))
	}
	for _, c := range conditions(field, needle) {
		var err error
		switch {
		case needle == "":
			err = s.match(tx, c.columns, []string{strings.Repeat(message.TextBreak, minPhrase)}) // see textRow
		case len(c.needle) > maxPhrase:
			err = s.suspect(tx, `SELECT p.uid, r.message_id FROM search_text f CROSS JOIN search_rows r CROSS JOIN placements p
				WHERE r.id = f.rowid AND p.message_id = r.message_id AND p.mailbox_id = ? AND search_text MATCH ?`,
				int64(s.mailbox), matchAny(c.columns, []string{clipText(c.needle, maxPhrase)}))
		case utf8.RuneCountInString(c.needle) >= minPhrase:
			err = s.match(tx, c.columns, []string{c.needle})
		default:
			err = s.matchShort(tx, c)
		}
		if err != nil {
			return err
		}
	}
	return s.suspect(tx, `SELECT p.uid, p.message_id FROM search_rows r CROSS JOIN placements p
		WHERE r.partial = 1 AND p.message_id = r.message_id AND p.mailbox_id = ?`, int64(s.mailbox))
}

// match finds the messages that have one of the phrases in one of the columns.
func (s *textSearch) match(tx *sqlite.Tx, columns string, phrases []string) error {
	return s.collect(tx, `SELECT p.uid FROM search_text f CROSS JOIN search_rows r CROSS JOIN placements p
		WHERE r.id = f.rowid AND p.message_id = r.message_id AND p.mailbox_id = ? AND search_text MATCH ?`, int64(s.mailbox), matchAny(columns, phrases))
}

// matchAny writes a query of FTS5.
func matchAny(columns string, phrases []string) string {
	var b strings.Builder
	b.WriteString("{" + columns + "} : (")
	for i, p := range phrases {
		if i > 0 {
			b.WriteString(" OR ")
		}
		b.WriteString(`"` + strings.ReplaceAll(p, `"`, `""`) + `"`)
	}
	b.WriteString(")")
	return b.String()
}

// matchShort finds a needle of one or two characters: wherever it stands a run of three characters begins, as texts are
// padded at their ends, so it is asked for all runs that there are with this beginning, the most frequent ones first.
func (s *textSearch) matchShort(tx *sqlite.Tx, c condition) error {
	type term struct {
		text      string
		documents int64
	}
	var terms []term
	err := tx.Each("SELECT term, doc FROM search_terms WHERE term >= ? AND term <= ?", sqlite.Args(c.needle, c.needle+"\U0010FFFF\U0010FFFF"), func(scan func(...any) error) error {
		var t term
		err := scan(&t.text, &t.documents)
		terms = append(terms, t)
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(terms, func(a, b term) int { return cmp.Compare(b.documents, a.documents) })
	var all int
	if err := tx.Row("SELECT COUNT(*) FROM placements WHERE mailbox_id = ?", sqlite.Args(int64(s.mailbox)), &all); err != nil {
		return err
	}
	for some := range slices.Chunk(terms, maxTerms) {
		var phrases []string
		for _, t := range some {
			phrases = append(phrases, t.text)
		}
		if err := s.match(tx, c.columns, phrases); err != nil || len(s.found) == all {
			return err
		}
	}
	return nil
}

// collect adds the UIDs of a query to those found.
func (s *textSearch) collect(tx *sqlite.Tx, query string, args ...any) error {
	var uid uint32
	dest := []any{&uid}
	err := tx.Each(query, args, func(scan func(...any) error) error {
		err := scan(dest...)
		s.found = append(s.found, uid)
		return err
	})
	s.tidy()
	return err
}

func (s *textSearch) tidy() {
	slices.Sort(s.found)
	s.found = slices.Compact(s.found)
}

// suspect notes the UIDs and messages of a query as unsure.
func (s *textSearch) suspect(tx *sqlite.Tx, query string, args ...any) error {
	return tx.Each(query, args, func(scan func(...any) error) error {
		var uid uint32
		var id MessageID
		err := scan(&uid, &id)
		s.unsure[uid] = id
		return err
	})
}

// verify looks into the files of what is unsure. A message that has gone meanwhile does not match.
func (s *textSearch) verify(ctx context.Context, w *workspace, field TextField, needle string) error {
	sorted := len(s.found)
	defer s.tidy()
	for uid, id := range s.unsure {
		if _, sure := slices.BinarySearch(s.found[:sorted], uid); sure {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		var matches bool
		err := w.look(id, func(f *os.File, size int64, root *message.Part) (err error) {
			matches, err = message.Contains(f, size, root, field, needle)
			return err
		})
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrNotFound):
		case err != nil:
			return errDisk.Because(fmt.Errorf("search in %s: %w", id, err))
		case matches:
			s.found = append(s.found, uid)
		}
	}
	return nil
}

// look opens a message's file for do.
func (w *workspace) look(id MessageID, do func(f *os.File, size int64, root *message.Part) error) error {
	const tries = 3 // a move between reading the row and opening the file takes the file away
	for try := 1; ; try++ {
		var size int64
		var structure string
		var places []placement
		err := w.db.View(noCtx, func(tx *sqlite.Tx) (err error) {
			if err := tx.Row("SELECT size, structure FROM messages WHERE id = ?", sqlite.Args(string(id)), &size, &structure); err != nil {
				if sqlite.NoRows(err) {
					return ErrNotFound
				}
				return err
			}
			places, err = placements(tx, "WHERE p.message_id = ?", sqlite.Args(string(id)))
			return err
		})
		if err != nil {
			return err
		}
		var root *message.Part
		if err := json.Unmarshal([]byte(structure), &root); err != nil {
			return fmt.Errorf("decode structure: %w", err)
		}
		err = fmt.Errorf("the message is in no mailbox: %w", fs.ErrNotExist)
		for _, p := range places {
			var f *os.File
			if f, err = w.tree.Open(p.folder(), p.file, fileFlags(w.names.onDisk(p))); err == nil {
				return errors.Join(do(f, size, root), f.Close())
			}
		}
		if try == tries || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

// entry is a message as the index has it.
type entry struct {
	id      MessageID
	place   int64 // in the queue
	rows    []textRow
	partial bool
	wire    *message.Wire // nil if there is one
	words   *wordRow      // nil of a message that is gone
	old     bool          // only the words are to be written
}

// steps is in how many steps the entry is written: its rows, and with the last one all else.
func (e *entry) steps() int { return max(1, len(e.rows)) }

// entry reads a message. One that cannot be read gets no rows, and is not asked for again.
func (w *workspace) entry(q queued) *entry {
	if q.size > largeMessage {
		w.store.parses <- struct{}{}
		defer func() { <-w.store.parses }()
	}
	e, body := &entry{id: q.id, place: q.place, old: q.old}, ""
	err := w.look(q.id, func(f *os.File, size int64, root *message.Part) error {
		body = message.Read(f, root, MaxWordText).Text
		if q.old {
			return nil
		}
		if q.wireless {
			raw := bytes.NewBuffer(make([]byte, 0, size+1))
			if _, err := io.Copy(raw, io.NewSectionReader(f, 0, size)); err != nil {
				return err
			}
			wire := message.NewWire(raw.Bytes(), root)
			e.wire = &wire
		}
		text := message.NewSearchText(f, size, root)
		e.rows, e.partial = textRows(text), text.Partial
		return nil
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		w.store.opts.Log.Warn("a message cannot be read for search", "workspace", w.id, "message", q.id, "err", err)
	}
	if e.words, err = w.wordRow(q.id, body); err != nil && !errors.Is(err, ErrNotFound) {
		w.store.opts.Log.Warn("a message's row cannot be read for search", "workspace", w.id, "message", q.id, "err", err)
	}
	return e
}

// textRow is a row of the index: pieces of the columns, in their order. At the end of each piece that is not empty two more
// TextBreaks are written: so a run of three characters begins at every character of the text, and a field that is there
// ends in three TextBreaks, be it blank.
type textRow [BodyText + 1]string

func (r *textRow) size() (n int) {
	for _, piece := range r {
		n += len(piece)
	}
	return n
}

func (r *textRow) insert(tx *sqlite.Tx, id MessageID, partial bool) error {
	result, err := tx.Exec("INSERT INTO search_rows (message_id, partial) VALUES (?, ?)", string(id), partial)
	if err != nil {
		return err
	}
	rowid, err := result.LastInsertId()
	if err != nil {
		return err
	}
	args := []any{rowid}
	for _, piece := range r {
		if piece != "" {
			piece += message.TextBreak + message.TextBreak
		}
		args = append(args, piece)
	}
	_, err = tx.Exec("INSERT INTO search_text (rowid, from_, to_, cc, bcc, subject, header, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", args...)
	return err
}

// textRows cuts a text into rows of about segmentText octets. What follows in the next row begins maxPhrase octets
// before the cut, so every needle up to that length is whole in one of them.
func textRows(t message.SearchText) []textRow {
	rows := []textRow{{}}
	for column, text := range [...]string{FromText: t.From, ToText: t.To, CcText: t.Cc, BccText: t.Bcc, SubjectText: t.Subject, HeaderText: t.Header, BodyText: t.Body} {
		for text != "" {
			piece := clipText(text, segmentText)
			row := &rows[len(rows)-1]
			if n := row.size(); row[column] != "" || n > 0 && n+len(piece) > segmentText {
				rows = append(rows, textRow{})
				row = &rows[len(rows)-1]
			}
			row[column] = piece
			if len(piece) == len(text) {
				break
			}
			text = text[len(clipText(piece, len(piece)-maxPhrase)):]
		}
	}
	return rows
}

// clipText cuts s to at most limit octets, between characters.
func clipText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
