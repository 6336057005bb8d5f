package mailstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// MaxAhead is how far ahead a message or a draft can be scheduled.
const MaxAhead = 366 * 24 * time.Hour

// DraftMessage is a message that is being written. It lies in the mailbox Drafts, where mail clients see it and put theirs; what lies
// there is a draft, whoever put it there. Its id stays when it is changed here; a mail client that changes it puts a new
// message in its place.
type DraftMessage struct {
	Message
	Version     string    `json:"version"`               // of its text and of what follows; flags and labels do not change it
	Unsubscribe bool      `json:"unsubscribe,omitempty"` // each recipient gets a link of its own (RFC 8058)
	Answers     MessageID `json:"answers,omitempty"`     // the message of the inbox that it answers
	Failure     string    `json:"failure,omitempty"`     // why it could not be sent at its time
}

// Errors of drafts.
var (
	ErrDraftChanged   = fault.New(fault.Conflict, "draft_changed", "The draft was changed since; get it again and make your change to what it is now.")
	errDraftElsewhere = fault.New(fault.Conflict, "draft_copied", "The draft lies in other mailboxes too, where a mail client copied it, and would change there; remove the copies, or make a new draft.")
	errTooFarAhead    = fault.New(fault.Invalid, "validation_failed", "A message can be scheduled at most a year ahead (limit scheduleAhead).").At("body.sendAt")
	errTimePassed     = fault.New(fault.Invalid, "validation_failed", "This time has passed; name a later one, or send the draft.").At("body.sendAt")
	errNotScheduled   = fault.New(fault.Conflict, "not_scheduled", "The message does not wait for a time: it was sent, is being sent, or was cancelled.")
)

// Drafts is a handle on the drafts of an inbox, or of a workspace.
type Drafts struct {
	ws    Workspace
	inbox InboxID // "" is all
}

// Drafts hands out the drafts of an inbox; of all if it is "".
func (w Workspace) Drafts(inbox InboxID) Drafts { return Drafts{w, inbox} }

// Drafts hands out the drafts of the inbox.
func (in Inbox) Drafts() Drafts { return in.ws.Drafts(in.id) }

// List lists drafts, those last changed first, at most limit (0: MaxPage). next is nil on the last page.
func (b Drafts) List(ctx context.Context, after *Place, limit int) (list []DraftMessage, next *Place, err error) {
	limit = pageLimit(limit)
	where, args := "WHERE b.name = ? AND p.uid = (SELECT MAX(o.uid) FROM placements o WHERE o.message_id = p.message_id AND o.mailbox_id = p.mailbox_id)", sqlite.Args(DraftsMailbox)
	if b.inbox != "" {
		where, args = where+" AND b.inbox_id = ?", append(args, string(b.inbox))
	}
	if after != nil {
		where, args = where+" AND (p.received_at, p.message_id) < (?, ?)", append(args, after.At.UnixMicro(), after.ID)
	}
	err = b.ws.view(ctx, func(tx *sqlite.Tx) error {
		places, err := placements(tx, where+" ORDER BY p.received_at DESC, p.message_id DESC LIMIT ?", append(args, limit+1))
		if err != nil {
			return err
		}
		list, err = loadDrafts(tx, places)
		return err
	})
	if len(list) > limit {
		list = list[:limit]
		next = &Place{At: list[limit-1].ReceivedAt, ID: string(list[limit-1].ID)}
	}
	return list, next, err
}

// Draft is one draft of the inbox, ErrNotFound if the message is not in Drafts.
func (in Inbox) Draft(ctx context.Context, id MessageID) (d DraftMessage, err error) {
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		d, _, err = in.draft(tx, id)
		return err
	})
	return d, err
}

// draft gives a draft and where it lies in Drafts: once, but for what a client copied there.
func (in Inbox) draft(tx *sqlite.Tx, id MessageID) (d DraftMessage, places []placement, err error) {
	places, err = placements(tx, "WHERE p.message_id = ? AND b.inbox_id = ? AND b.name = ? ORDER BY p.uid DESC", sqlite.Args(string(id), string(in.id), DraftsMailbox))
	if err != nil {
		return d, nil, err
	}
	if len(places) == 0 {
		return d, nil, ErrNotFound
	}
	list, err := loadDrafts(tx, places[:1])
	if err != nil {
		return d, nil, err
	}
	return list[0], places, nil
}

// draftRow is what is known of a draft beside its message.
type draftRow struct {
	Revision    int64     `json:"revision,omitempty"`
	SendAt      int64     `json:"sendAt,omitempty"` // microseconds; 0: none
	Unsubscribe bool      `json:"unsubscribe,omitempty"`
	Answers     MessageID `json:"answers,omitempty"`
	Failure     string    `json:"failure,omitempty"`
}

func (r draftRow) write(tx *sqlite.Tx, inbox InboxID, id MessageID) error {
	if _, err := tx.Exec("INSERT OR REPLACE INTO drafts (message_id, inbox_id, revision, send_at, unsubscribe, answers, failure) VALUES (?, ?, ?, ?, ?, ?, ?)",
		string(id), string(inbox), r.Revision, r.SendAt, r.Unsubscribe, string(r.Answers), r.Failure); err != nil {
		return fmt.Errorf("write draft: %w", err)
	}
	status := Status("")
	if r.SendAt > 0 {
		status = Scheduled
	}
	_, err := tx.Exec("UPDATE messages SET status = ? WHERE id = ? AND direction <> ?", status, string(id), Sent) // of what was sent it says what became of it
	return err
}

// changeDraftRow changes what is known of a draft beside its message, and counts the change.
func changeDraftRow(tx *sqlite.Tx, inbox InboxID, id MessageID, change func(*draftRow)) error {
	rows, err := draftRows(tx, []MessageID{id})
	if err != nil {
		return err
	}
	row := rows[id]
	row.Revision++
	change(&row)
	return row.write(tx, inbox, id)
}

// draftRows reads the rows of some drafts.
func draftRows(tx *sqlite.Tx, ids []MessageID) (map[MessageID]draftRow, error) {
	rows := map[MessageID]draftRow{}
	err := tx.Each("SELECT message_id, revision, send_at, unsubscribe, answers, failure FROM drafts WHERE message_id IN (SELECT value FROM json_each(?))", sqlite.Args(encodeIDs(ids)),
		func(scan func(...any) error) error {
			var id MessageID
			var r draftRow
			err := scan(&id, &r.Revision, &r.SendAt, &r.Unsubscribe, &r.Answers, &r.Failure)
			rows[id] = r
			return err
		})
	return rows, err
}

// loadDrafts reads the drafts of some placements, in their order.
func loadDrafts(tx *sqlite.Tx, places []placement) ([]DraftMessage, error) {
	ids := make([]MessageID, len(places))
	for i, p := range places {
		ids[i] = p.message
	}
	messages, err := messagesByID(tx, ids)
	if err != nil {
		return nil, err
	}
	rows, err := draftRows(tx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]DraftMessage, 0, len(places))
	for _, p := range places {
		r := rows[p.message]
		list = append(list, DraftMessage{Message: messages[p.message], Version: draftVersion(p, r), Unsubscribe: r.Unsubscribe, Answers: r.Answers, Failure: r.Failure})
	}
	return list, nil
}

// draftVersion names a text by its UID, which each text has of its own, and what is known beside it by the row's count.
func draftVersion(p placement, r draftRow) string { return fmt.Sprintf("%d.%d", p.uid, r.Revision) }

// checkSendAt refuses a time that is too far ahead.
func checkSendAt(at, now time.Time) error {
	if at.Sub(now) > MaxAhead {
		return errTooFarAhead
	}
	return nil
}

// recallDraft finds the draft that a request made when it came before, as it was then.
func recallDraft(tx *sqlite.Tx, r *Repeatable, now time.Time) (d DraftMessage, found bool, err error) {
	if r == nil {
		return d, false, nil
	}
	_, answer, found, err := r.recall(tx, now)
	if err != nil || !found {
		return d, false, err
	}
	return d, true, json.Unmarshal([]byte(answer), &d)
}
