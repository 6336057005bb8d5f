// Package journal is the one ordered record of all that happened in a workspace.
//
// A line is appended inside the transaction of the change that it tells of, so neither exists without the other. Lines
// are read by place; a bell wakes those who wait and carries no data, so a missed ring costs nothing.
package journal

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// MaxRead is the number of lines that one Read gives at most.
const MaxRead = 500

// maxScan bounds the numbers that one Read looks at when a filter passes few lines.
const maxScan = 5000

// Line is one thing that happened. Data is what the thing was at that moment, as JSON; who appends it says its shape.
type Line struct {
	Cursor    Cursor
	ID        string // evt_…, the same in every way of reading; dedupes
	Type      string // "message.received"
	InboxID   string // empty for what concerns the whole workspace
	MessageID string
	ThreadID  string
	At        time.Time
	Data      json.RawMessage
}

// Cursor is a place in one journal: behind the line with this number. A journal that was begun anew has another epoch.
type Cursor struct {
	Epoch uint64
	Seq   int64
}

// ErrCursor is answered for text that is no cursor of a journal.
var ErrCursor = fault.New(fault.Invalid, "invalid_cursor", "This is not a cursor of an event stream; take one from an event or from nextCursor of GET /v1/events.")

// String is the cursor's text: opaque, safe in a URL.
func (c Cursor) String() string {
	b := binary.BigEndian.AppendUint64([]byte{1}, c.Epoch)
	b = binary.AppendUvarint(b, uint64(c.Seq))
	return "jc_" + base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads what String wrote.
func ParseCursor(s string) (Cursor, error) {
	rest, ok := strings.CutPrefix(s, "jc_")
	if !ok {
		return Cursor{}, ErrCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil || len(b) < 10 || b[0] != 1 {
		return Cursor{}, ErrCursor
	}
	seq, n := binary.Uvarint(b[9:])
	if n <= 0 || n != len(b)-9 || seq > 1<<62 {
		return Cursor{}, ErrCursor
	}
	return Cursor{Epoch: binary.BigEndian.Uint64(b[1:9]), Seq: int64(seq)}, nil
}

// Filter narrows what is read. Zero fields do not narrow.
type Filter struct {
	Inboxes []string // only lines of these inboxes
	Types   []string
}

// Begin gives a new journal its epoch. It is called once, when the file is made or made anew.
func Begin(tx *sqlite.Tx) error {
	var b [8]byte
	rand.Read(b[:])
	_, err := tx.Exec("INSERT INTO meta (name, value) VALUES ('journal_epoch', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", fmt.Sprintf("%x", b))
	return err
}

func epoch(tx *sqlite.Tx) (uint64, error) {
	var hex string
	if err := tx.Row("SELECT value FROM meta WHERE name = 'journal_epoch'", nil, &hex); err != nil {
		return 0, fmt.Errorf("read the journal's epoch: %w", err)
	}
	var e uint64
	_, err := fmt.Sscanf(hex, "%x", &e)
	return e, err
}

// Append writes a line in tx. An empty ID is filled in. A line whose ID is there already is not written again: that is
// what makes a relay's second try harmless.
func Append(tx *sqlite.Tx, l Line) error {
	if l.ID == "" {
		l.ID = ident.New("evt", l.At)
	}
	written, err := tx.Exec(`INSERT INTO journal (id, type, inbox_id, message_id, thread_id, at, data) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`, l.ID, l.Type, l.InboxID, l.MessageID, l.ThreadID, l.At.UnixMicro(), string(l.Data))
	if err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	if n, err := written.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return count(tx, l)
}

// End is the place behind the newest line.
func End(tx *sqlite.Tx) (Cursor, error) {
	e, err := epoch(tx)
	if err != nil {
		return Cursor{}, err
	}
	c := Cursor{Epoch: e}
	err = tx.Row("SELECT COALESCE(MAX(seq), 0) FROM journal", nil, &c.Seq)
	return c, err
}

// Page is what one Read found. Next is the place to go on from, also when Lines is empty. Gap says that lines between
// the cursor and the first one given are gone for good.
type Page struct {
	Lines []Line
	Next  Cursor
	Gap   bool
	More  bool // there may be more behind Next
}

// Read gives lines behind after, oldest first, at most limit (0 means MaxRead). The zero Cursor is the beginning. An
// unknown place gives a Page with Gap set, read from the beginning.
func Read(tx *sqlite.Tx, after Cursor, f Filter, limit int) (Page, error) {
	if limit <= 0 || limit > MaxRead {
		limit = MaxRead
	}
	e, err := epoch(tx)
	if err != nil {
		return Page{}, err
	}
	first, last, err := span(tx)
	if err != nil {
		return Page{}, err
	}
	p := Page{Next: Cursor{Epoch: e, Seq: after.Seq}}
	p.Gap = after != (Cursor{}) && (after.Epoch != e || after.Seq > last || after.Seq < first-1)
	if p.Gap || after == (Cursor{}) {
		p.Next.Seq = max(0, first-1)
	}
	end := min(p.Next.Seq+maxScan, last)
	if p.Lines, err = f.lines(tx, p.Next, end, limit); err != nil {
		return Page{}, err
	}
	if len(p.Lines) == limit {
		end = p.Lines[limit-1].Cursor.Seq
	}
	p.Next.Seq = max(p.Next.Seq, end)
	p.More = p.Next.Seq < last
	return p, nil
}

// span is the numbers of the oldest and of the newest line, zeros without any.
func span(tx *sqlite.Tx) (first, last int64, err error) {
	err = tx.Row("SELECT COALESCE((SELECT MIN(seq) FROM journal), 0), COALESCE((SELECT MAX(seq) FROM journal), 0)", nil, &first, &last)
	return first, last, err
}

// lines gives the lines behind after, up to the number end, that pass. The database filters: what does not pass is never
// copied.
func (f Filter) lines(tx *sqlite.Tx, after Cursor, end int64, limit int) (list []Line, err error) {
	types, inboxes, err := f.lists()
	if err != nil {
		return nil, err
	}
	err = tx.Each("SELECT "+columns+` FROM journal WHERE seq > ? AND seq <= ?
		AND (? OR type IN (SELECT value FROM json_each(?))) AND (? OR inbox_id IN (SELECT value FROM json_each(?))) ORDER BY seq LIMIT ?`,
		sqlite.Args(after.Seq, end, len(f.Types) == 0, types, len(f.Inboxes) == 0, inboxes, limit), func(scan func(...any) error) error {
			l, err := readLine(after.Epoch, scan)
			list = append(list, l)
			return err
		})
	return list, err
}

// lists are the filter's fields as JSON.
func (f Filter) lists() (types, inboxes string, err error) {
	t, err := json.Marshal(append([]string{}, f.Types...))
	if err != nil {
		return "", "", err
	}
	in, err := json.Marshal(append([]string{}, f.Inboxes...))
	return string(t), string(in), err
}

const columns = "seq, id, type, inbox_id, message_id, thread_id, at, data"

func readLine(epoch uint64, scan func(...any) error) (Line, error) {
	l := Line{Cursor: Cursor{Epoch: epoch}}
	var at int64
	var data string
	err := scan(&l.Cursor.Seq, &l.ID, &l.Type, &l.InboxID, &l.MessageID, &l.ThreadID, &at, &data)
	l.At, l.Data = time.UnixMicro(at).UTC(), json.RawMessage(data)
	return l, err
}

// Find gives the line of an event; found is false if it is not there, or not any more.
func Find(tx *sqlite.Tx, id string) (l Line, found bool, err error) {
	e, err := epoch(tx)
	if err != nil {
		return Line{}, false, err
	}
	err = tx.Each("SELECT "+columns+" FROM journal WHERE id = ?", sqlite.Args(id), func(scan func(...any) error) (err error) {
		found = true
		l, err = readLine(e, scan)
		return err
	})
	return l, found, err
}

// At is the place behind the line with this number.
func At(tx *sqlite.Tx, seq int64) (Cursor, error) {
	e, err := epoch(tx)
	return Cursor{Epoch: e, Seq: seq}, err
}

// From is the place in front of the first line of a time or later; without one, behind all. Lines are taken to be as old as they
// stand: a clock that was set back may have left a younger one in front.
func From(tx *sqlite.Tx, at time.Time) (Cursor, error) {
	first, last, err := span(tx)
	if err != nil {
		return Cursor{}, err
	}
	low, high := max(first, 1), last+1 // all in front of low are older, none from high on
	for low < high && err == nil {
		middle, found, when := low+(high-low)/2, last, int64(0)
		if err = tx.Row("SELECT seq, at FROM journal WHERE seq >= ? ORDER BY seq LIMIT 1", sqlite.Args(middle), &found, &when); when < at.UnixMicro() {
			low = found + 1
		} else {
			high = middle
		}
	}
	if err != nil {
		return Cursor{}, fmt.Errorf("find a time in the journal: %w", err)
	}
	return At(tx, low-1)
}
