package mailstore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// What one call of Rows reads into memory at most.
const (
	MaxRows      = 256
	MaxRowOctets = 4 << 20 // and one row more
)

// Want says which parts of a Row are read.
type Want uint

// The parts. What is not wanted is left zero; UID is always there.
const (
	WantPlace        Want = 1 << iota // MessageID, SavedAt, Size, and where the file is, for OpenRow
	WantWireEnvelope                  // WireEnvelope, and so on
	WantWireBody
	WantWireStructure
	WantWireHeader
	WantStructure
	WantEnvelope
	WantMessage // ThreadID, Preview
)

// Row is a message in a mailbox with what the index has ready.
type Row struct {
	UID       uint32
	MessageID MessageID
	ThreadID  ThreadID
	SavedAt   time.Time
	Size      int64 // octets
	Preview   string

	// As IMAP sends them (see message.Wire).
	WireEnvelope, WireBody, WireStructure string
	WireHeader                            string
	HasWireHeader                         bool // else the file is to be read

	Structure *message.Part
	Envelope  message.Envelope

	place placement
}

// scanned is a row while it is read.
type scanned struct {
	Row
	savedAt             int64
	header              sql.NullString
	structure, envelope []byte
}

// rowParts are the parts of a Row, where they stand and how they are read.
var rowParts = []struct {
	want    Want
	columns string
	from    string // "placements", "wires" or "messages"
	dest    func(*scanned) []any
}{
	{WantPlace, "p.message_id, p.saved_at, p.size, p.flags, p.file, b.folder", "placements", func(r *scanned) []any {
		return []any{&r.MessageID, &r.savedAt, &r.Size, &r.place.flags, &r.place.file, &r.place.dir}
	}},
	{WantWireEnvelope, "COALESCE(w.envelope, '')", "wires", func(r *scanned) []any { return []any{&r.WireEnvelope} }},
	{WantWireBody, "COALESCE(w.body, '')", "wires", func(r *scanned) []any { return []any{&r.WireBody} }},
	{WantWireStructure, "COALESCE(w.structure, '')", "wires", func(r *scanned) []any { return []any{&r.WireStructure} }},
	{WantWireHeader, "w.header", "wires", func(r *scanned) []any { return []any{&r.header} }},
	{WantStructure, "m.structure", "messages", func(r *scanned) []any { return []any{&r.structure} }},
	{WantEnvelope, "m.envelope", "messages", func(r *scanned) []any { return []any{&r.envelope} }},
	{WantMessage, "m.thread_id, m.preview", "messages", func(r *scanned) []any { return []any{&r.ThreadID, &r.Preview} }},
}

// query is the statement that reads the wanted parts of some messages of a mailbox, into the variables of r.
func (want Want) query(uids string, r *scanned) (query string, dest []any) {
	columns, joins := "p.uid, p.wire", ""
	dest = []any{&r.UID, &r.place.wire}
	joined := map[string]bool{"placements": true}
	for _, part := range rowParts {
		if want&part.want == 0 {
			continue
		}
		columns += ", " + part.columns
		dest = append(dest, part.dest(r)...)
		if joined[part.from] {
			continue
		}
		joined[part.from] = true
		if part.from == "wires" {
			joins += " LEFT JOIN wires w ON w.id = p.wire"
		} else {
			joins += " CROSS JOIN messages m ON m.id = p.message_id"
		}
	}
	return "SELECT " + columns + " FROM mailboxes b CROSS JOIN placements p ON p.mailbox_id = b.id" + joins +
		" WHERE b.id = ? AND b.inbox_id = ? AND " + uids + " ORDER BY p.uid", dest
}

// Rows reads messages of a mailbox, up to the limits above. UIDs ascend; those that are not there are left out. done is how
// many of the UIDs the rows answer for.
func (in Inbox) Rows(ctx context.Context, id MailboxID, uids []uint32, want Want) (rows []Row, done int, err error) {
	const wires = WantWireEnvelope | WantWireBody | WantWireStructure
	uids = uids[:min(len(uids), MaxRows)]
	rows = make([]Row, 0, len(uids))
	where, args := someUIDs(uids)
	octets := 0
	var missing []int // rows of a time before there was the ready form
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		var r scanned
		query, dest := want.query(where, &r)
		return tx.Each(query, append(sqlite.Args(int64(id), string(in.id)), args...), func(scan func(...any) error) error {
			r = scanned{}
			if err := scan(dest...); err != nil {
				return err
			}
			if err := r.complete(in.id, id); err != nil {
				return err
			}
			if want&wires != 0 && r.place.wire == 0 {
				missing = append(missing, len(rows))
			}
			rows = append(rows, r.Row)
			octets += len(r.WireEnvelope) + len(r.WireBody) + len(r.WireStructure) + len(r.WireHeader) + len(r.structure) + len(r.envelope)
			if octets > MaxRowOctets {
				return errEnough
			}
			return nil
		})
	})
	done = len(uids)
	if errors.Is(err, errEnough) {
		err = nil
		done, _ = slices.BinarySearch(uids, rows[len(rows)-1].UID)
		done++
	}
	if len(missing) > 0 && err == nil {
		err = in.makeWires(ctx, id, rows, missing)
	}
	return rows, done, err
}

// complete makes a Row of what was read.
func (r *scanned) complete(inbox InboxID, mailbox MailboxID) error {
	r.SavedAt = time.UnixMicro(r.savedAt).UTC()
	r.place.mailbox, r.place.inbox, r.place.uid, r.place.message = int64(mailbox), inbox, r.UID, r.MessageID
	r.WireHeader, r.HasWireHeader = r.header.String, r.header.Valid
	if r.structure != nil {
		if err := json.Unmarshal(r.structure, &r.Structure); err != nil {
			return fmt.Errorf("decode structure of %s: %w", r.MessageID, err)
		}
	}
	if r.envelope != nil {
		if err := json.Unmarshal(r.envelope, &r.Envelope); err != nil {
			return fmt.Errorf("decode envelope of %s: %w", r.MessageID, err)
		}
	}
	return nil
}

var errEnough = errors.New("enough rows")

// someUIDs is the condition that p.uid is one of them; UIDs ascend.
func someUIDs(uids []uint32) (where string, args []any) {
	if n := len(uids); n > 0 && int(uids[n-1]-uids[0]) == n-1 { // a run
		return "p.uid BETWEEN ? AND ?", sqlite.Args(uids[0], uids[n-1])
	}
	encoded, _ := json.Marshal(uids) // numbers always encode
	return "p.uid IN (SELECT value FROM json_each(?))", sqlite.Args(string(encoded))
}

// makeWires makes the ready form of some rows from their files. A row whose file is gone is left without.
func (in Inbox) makeWires(ctx context.Context, id MailboxID, rows []Row, which []int) error {
	uids := make([]uint32, len(which))
	for k, i := range which {
		uids[k] = rows[i].UID
	}
	return in.ws.use(ctx, func(w *workspace) error {
		var places []placement
		err := w.db.View(ctx, func(tx *sqlite.Tx) (err error) {
			places, err = in.placed(tx, id, uids)
			return err
		})
		for _, p := range places {
			if err != nil {
				break
			}
			var rec *record
			var path string
			if path, err = w.tree.Find(p.folder(), p.file, fileFlags(w.names.onDisk(p))); err == nil {
				rec, _, err = w.readFile(path)
			}
			if errors.Is(err, fs.ErrNotExist) {
				err = nil
				continue
			}
			if err == nil {
				i, _ := slices.BinarySearchFunc(rows, p.uid, func(r Row, uid uint32) int { return cmp.Compare(r.UID, uid) })
				rows[i].WireEnvelope, rows[i].WireBody, rows[i].WireStructure = rec.wire.Envelope, rec.wire.Body, rec.wire.BodyStructure
			}
		}
		return err
	})
}

// OpenRow opens the bytes of a message that Rows gave with its place; the caller closes them. If it has left the mailbox since but is
// still somewhere in the inbox, it is opened there; ErrNotFound if it is gone, or a draft that has another text now.
func (in Inbox) OpenRow(ctx context.Context, r *Row) (RawMessage, error) {
	var f *os.File
	err := in.ws.use(ctx, func(w *workspace) (err error) {
		f, err = w.tree.Open(r.place.folder(), r.place.file, fileFlags(w.names.onDisk(r.place)))
		return err
	})
	switch {
	case err == nil:
		return f, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if f, _, _, err = in.openAs(ctx, r.MessageID, r.place.wire); err != nil {
		return nil, err
	}
	return f, nil
}
