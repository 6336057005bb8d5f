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

// maxScan bounds the lines that one Read looks at when a filter passes few of them.
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

func (f Filter) passes(l Line) bool {
	return (len(f.Inboxes) == 0 || contains(f.Inboxes, l.InboxID)) && (len(f.Types) == 0 || contains(f.Types, l.Type))
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
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
	var first, last int64
	if err := tx.Row("SELECT COALESCE(MIN(seq), 0), COALESCE(MAX(seq), 0) FROM journal", nil, &first, &last); err != nil {
		return Page{}, err
	}
	p := Page{Next: Cursor{Epoch: e, Seq: after.Seq}}
	if after != (Cursor{}) && (after.Epoch != e || after.Seq > last || after.Seq < first-1) {
		p.Gap = true
		p.Next.Seq = 0
	}
	scanned := 0
	err = tx.Each("SELECT "+columns+" FROM journal WHERE seq > ? ORDER BY seq LIMIT ?",
		sqlite.Args(p.Next.Seq, maxScan), func(scan func(...any) error) error {
			scanned++
			if len(p.Lines) == limit {
				p.More = true
				return nil
			}
			l, err := readLine(e, scan)
			if err != nil {
				return err
			}
			p.Next.Seq = l.Cursor.Seq
			if f.passes(l) {
				p.Lines = append(p.Lines, l)
			}
			return nil
		})
	p.More = p.More || scanned == maxScan
	return p, err
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
