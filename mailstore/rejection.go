package mailstore

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Bounds of the records of what was refused or put aside.
const (
	MaxRejections   = 10_000              // of a workspace; the oldest go first
	RejectionAge    = 30 * 24 * time.Hour // since the last time
	RejectionWindow = time.Hour           // what comes again within it is counted, and no record of its own

	maxRejectionText = 500 // octets of each of its texts
)

// What was done with a message.
const (
	Refused     = "refused"     // it was not taken: its sender knows
	Quarantined = "quarantined" // it lies in Junk, and can be released
)

// Why a message was refused or put aside.
const (
	ReasonUnknownUser = "unknownUser" // nobody has the address
	ReasonNotServed   = "notServed"   // the domain of the address is not served here
	ReasonForged      = "forged"      // the author's domain asks for it, and nothing proves that it is from there (DMARC)
	ReasonBlocked     = "blocked"     // the author or sender is on a block list
	ReasonNotAllowed  = "notAllowed"  // there is an allow list, and the author is not on it
	ReasonUnwanted    = "unwanted"    // a user moved mail of this author to Junk
	ReasonDNSBL       = "dnsbl"       // a DNS list has the client's address
	ReasonSpam        = "spam"        // rspamd says so
	ReasonLater       = "later"       // rspamd says that it should come again
	ReasonInCircles   = "loop"        // too many Received fields, or the inbox's own trace
	ReasonTooLarge    = "tooLarge"
	ReasonMalformed   = "malformed"
	ReasonTooFast     = "tooFast" // a limit of the client's address or network
	ReasonPolicy      = "policy"  // whatever else
)

// Rejection is the record of mail that was refused, or put aside. A record of what was refused may stand for several.
type Rejection struct {
	ID         string // rej_…
	Action     string // Refused or Quarantined
	Reason     string
	Detail     string // what was answered or found
	Inbox      InboxID
	Source     string // IP address of the client
	HELO       string
	Sender     string // reverse-path; "" is the null one
	Author     string // address in From; "" if it was not read
	Recipient  string
	Subject    string
	Message    MessageID // of what was put aside
	Count      int
	FirstAt    time.Time
	LastAt     time.Time
	ReleasedAt time.Time
}

// RejectionFilter narrows a list. Zero fields do not narrow.
type RejectionFilter struct {
	Inbox          InboxID
	Action, Reason string
}

const rejectionColumns = "id, action, reason, detail, inbox_id, source, helo, sender, author, recipient, subject, message_id, count, first_at, last_at, released_at"

var (
	// ErrNothingStored is answered where there is nothing to release.
	ErrNothingStored   = fault.New(fault.Conflict, "nothing_to_release", "This message was refused and not stored; its sender knows that. Only what is quarantined can be released.")
	errAlreadyReleased = fault.New(fault.Conflict, "already_released", "This message was released, or moved out of Junk, before.")
	errQuarantineGone  = fault.New(fault.Conflict, "message_gone", "This message was deleted since.")
)

// Rejections is a handle on the records of a workspace.
type Rejections struct{ ws Workspace }

// Rejections hands out the records of the workspace.
func (w Workspace) Rejections() Rejections { return Rejections{w} }

// Workspace is whose records they are.
func (r Rejections) Workspace() WorkspaceID { return r.ws.id }

// clean is the record with texts that are bounded UTF-8.
func (r Rejection) clean() Rejection {
	for _, s := range []*string{&r.Detail, &r.HELO, &r.Sender, &r.Author, &r.Recipient, &r.Subject} {
		*s = strings.ToValidUTF8(*s, "\uFFFD")
		for len(*s) > maxRejectionText {
			_, last := utf8.DecodeLastRuneInString((*s)[:maxRejectionText+1])
			*s = (*s)[:maxRejectionText+1-last]
		}
	}
	return r
}

// RecordRejections writes records in tx, of a database that has the table: of what was refused, the same within RejectionWindow
// only raises the count. What is too old or too many goes.
func RecordRejections(tx *sqlite.Tx, list []Rejection) error {
	var latest time.Time
	for _, r := range list {
		r = r.clean()
		if r.LastAt.After(latest) {
			latest = r.LastAt
		}
		if r.Action == Refused {
			known, err := countAgain(tx, r)
			if err != nil {
				return err
			}
			if known {
				continue
			}
		}
		if _, err := tx.Exec("INSERT INTO rejections ("+rejectionColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", ident.New("rej", r.LastAt), r.Action, r.Reason, r.Detail,
			string(r.Inbox), r.Source, r.HELO, r.Sender, r.Author, r.Recipient, r.Subject, string(r.Message), max(r.Count, 1), r.FirstAt.UnixMicro(), r.LastAt.UnixMicro()); err != nil {
			return fmt.Errorf("record rejection: %w", err)
		}
	}
	if _, err := tx.Exec("DELETE FROM rejections WHERE last_at < ?", latest.Add(-RejectionAge).UnixMicro()); err != nil {
		return fmt.Errorf("forget rejections: %w", err)
	}
	_, err := tx.Exec("DELETE FROM rejections WHERE (last_at, id) IN (SELECT last_at, id FROM rejections ORDER BY last_at DESC, id DESC LIMIT -1 OFFSET ?)", MaxRejections)
	if err != nil {
		return fmt.Errorf("forget rejections: %w", err)
	}
	return nil
}

// countAgain raises the count of a record that tells the same.
func countAgain(tx *sqlite.Tx, r Rejection) (known bool, err error) {
	done, err := tx.Exec(`UPDATE rejections SET count = count + ?, last_at = MAX(last_at, ?) WHERE id = (SELECT id FROM rejections
		WHERE last_at >= ? AND action = ? AND reason = ? AND inbox_id = ? AND source = ? AND sender = ? AND recipient = ? AND author = ? ORDER BY last_at DESC LIMIT 1)`,
		max(r.Count, 1), r.LastAt.UnixMicro(), r.FirstAt.Add(-RejectionWindow).UnixMicro(), r.Action, r.Reason, string(r.Inbox), r.Source, r.Sender, r.Recipient, r.Author)
	if err != nil {
		return false, fmt.Errorf("count rejection: %w", err)
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

// Record keeps records of what was refused. They are durable when it returns.
func (r Rejections) Record(ctx context.Context, list []Rejection) error {
	return r.ws.use(ctx, func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error { return RecordRejections(tx, list) })
	})
}

// List tells what was refused or put aside, the latest first; next is nil on the last page. limit 0 means MaxPage.
func (r Rejections) List(ctx context.Context, f RejectionFilter, after *Place, limit int) (list []Rejection, next *Place, err error) {
	err = r.ws.view(ctx, func(tx *sqlite.Tx) error {
		list, next, err = ReadRejections(tx, f, after, limit)
		return err
	})
	return list, next, err
}

// ReadRejections is Rejections.List in tx, of any database that has the table.
func ReadRejections(tx *sqlite.Tx, f RejectionFilter, after *Place, limit int) (list []Rejection, next *Place, err error) {
	limit = pageLimit(limit)
	where, args := "WHERE TRUE", []any{}
	for _, x := range []struct{ column, value string }{{"inbox_id", string(f.Inbox)}, {"action", f.Action}, {"reason", f.Reason}} {
		if x.value != "" {
			where, args = where+" AND "+x.column+" = ?", append(args, x.value)
		}
	}
	if after != nil {
		where, args = where+" AND (last_at, id) < (?, ?)", append(args, after.At.UnixMicro(), after.ID)
	}
	err = tx.Each("SELECT "+rejectionColumns+" FROM rejections "+where+" ORDER BY last_at DESC, id DESC LIMIT ?", append(args, limit+1), func(scan func(...any) error) error {
		r, err := scanRejection(scan)
		list = append(list, r)
		return err
	})
	if len(list) > limit {
		list = list[:limit]
		next = &Place{At: list[limit-1].LastAt, ID: list[limit-1].ID}
	}
	return list, next, err
}

func scanRejection(scan func(...any) error) (r Rejection, err error) {
	var first, last, released int64
	err = scan(&r.ID, &r.Action, &r.Reason, &r.Detail, &r.Inbox, &r.Source, &r.HELO, &r.Sender, &r.Author, &r.Recipient, &r.Subject, &r.Message, &r.Count, &first, &last, &released)
	r.FirstAt, r.LastAt, r.ReleasedAt = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC(), optionalTime(released)
	return r, err
}

func findRejection(tx *sqlite.Tx, id string) (r Rejection, err error) {
	err = ErrNotFound
	each := tx.Each("SELECT "+rejectionColumns+" FROM rejections WHERE id = ?", sqlite.Args(id), func(scan func(...any) error) error {
		r, err = scanRejection(scan)
		return err
	})
	if each != nil {
		err = each
	}
	return r, err
}

// Get is one record, ErrNotFound if there is none.
func (r Rejections) Get(ctx context.Context, id string) (x Rejection, err error) {
	err = r.ws.view(ctx, func(tx *sqlite.Tx) error {
		x, err = findRejection(tx, id)
		return err
	})
	return x, err
}

// Release puts a message that was quarantined into INBOX and announces it as received; whoever wrote it is wanted from now
// on. ErrNotFound if there is no such record of this inbox; a Conflict if there is nothing to release.
func (in Inbox) Release(ctx context.Context, id string) (m Message, err error) {
	err = in.edit(ctx, func(e *edit) error {
		r, err := findRejection(e.tx, id)
		switch {
		case err != nil:
			return err
		case r.Inbox != in.id:
			return ErrNotFound
		case r.Action != Quarantined:
			return ErrNothingStored
		case !r.ReleasedAt.IsZero():
			return errAlreadyReleased
		}
		if err := e.release(r.Message); err != nil {
			return err
		}
		if err := appendMessage(e.tx, "message.received", r.Message, e.at); err != nil {
			return err
		}
		m, err = in.message(e.tx, r.Message)
		return err
	})
	return m, err
}

// release moves a message out of Junk without the labels that say why it lay there; judge notes that it is released.
func (e *edit) release(id MessageID) error {
	list, _, err := e.places(id)
	if err != nil {
		return errQuarantineGone
	}
	for _, p := range list {
		if p.name == JunkMailbox {
			return e.change(id, MessageChange{RemoveLabels: []string{LabelSpam, LabelBlocked}})
		}
	}
	return errAlreadyReleased
}
