package mailstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sqlite"
	"github.com/postroom/postroom/mailstore/trust"
)

// MaxPage is the number of messages or threads that one list gives at most.
const MaxPage = 200

var noCtx = context.Background()

func pageLimit(n int) int {
	if n <= 0 || n > MaxPage {
		return MaxPage
	}
	return n
}

// isDraft is the condition that a message is a draft; its argument is DraftsMailbox.
var isDraft = inMailbox("(p.flags & 16 <> 0 OR b.name = ?)")

func inMailbox(condition string) string {
	return "EXISTS (SELECT 1 FROM placements p JOIN mailboxes b ON b.id = p.mailbox_id WHERE p.message_id = messages.id AND " + condition + ")"
}

func like(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s) + "%"
}

// labelClause is the condition under which a message bears a label; see labelsOf. NOT before it negates all of it.
func labelClause(label string) (string, []any) {
	switch label {
	case LabelReceived:
		return "NOT (direction = 2 OR direction = 3 AND " + isDraft + ")", []any{DraftsMailbox}
	case LabelScheduled:
		return "status = ?", []any{Scheduled}
	case LabelSent:
		return "direction = 2", nil
	case LabelUnread:
		return inMailbox("p.flags & 1 = 0"), nil
	case LabelRead:
		return "NOT " + inMailbox("p.flags & 1 = 0"), nil
	case LabelStarred:
		return inMailbox("p.flags & 4 <> 0"), nil
	case LabelDraft:
		return isDraft, []any{DraftsMailbox}
	case LabelTrash:
		return inMailbox("b.name = ?"), []any{TrashMailbox}
	case LabelSpam:
		return inMailbox("b.name = ?"), []any{JunkMailbox}
	}
	return inMailbox("EXISTS (SELECT 1 FROM json_each(NULLIF(p.keywords, '')) WHERE value = ?)"), []any{strings.ToLower(label)}
}

// messagesByID reads messages of the workspace. What is not there is left out.
func messagesByID(tx *sqlite.Tx, ids []MessageID) (map[MessageID]Message, error) {
	list, err := loadMessages(tx, byID+"WHERE id IN (SELECT value FROM json_each(?))", sqlite.Args(encodeIDs(ids)))
	there := make(map[MessageID]Message, len(list))
	for _, m := range list {
		there[m.ID] = m
	}
	return there, err
}

// loadMessages reads the messages that a clause behind FROM messages selects, with their mailboxes and labels.
func loadMessages(tx *sqlite.Tx, clause string, args []any) (list []Message, err error) {
	list = []Message{}
	err = tx.Each(`SELECT id, inbox_id, thread_id, direction, delivered_to, sender, size, preview, envelope, attachments, received_at, created_at, updated_at, status, auth, junk,
		CASE WHEN status = 'scheduled' THEN COALESCE((SELECT send_at FROM drafts d WHERE d.message_id = messages.id), (SELECT send_at FROM outgoing o WHERE o.id = messages.id), 0) ELSE 0 END
		FROM messages `+clause, args, func(scan func(...any) error) error {
		var m Message
		var envelope, attachments, auth, junk string
		var received, created, updated, sendAt int64
		if err := scan(&m.ID, &m.InboxID, &m.ThreadID, &m.Direction, &m.DeliveredTo, &m.Sender, &m.Size, &m.Preview, &envelope, &attachments,
			&received, &created, &updated, &m.Status, &auth, &junk, &sendAt); err != nil {
			return err
		}
		if err := errors.Join(json.Unmarshal([]byte(envelope), &m.Envelope), json.Unmarshal([]byte(attachments), &m.Attachments)); err != nil {
			return fmt.Errorf("decode message %s: %w", m.ID, err)
		}
		var wrong [2]error
		m.Auth, wrong[0] = decodeAuth(auth)
		m.Junk, wrong[1] = decodeJunk(junk)
		if err := errors.Join(wrong[:]...); err != nil {
			return fmt.Errorf("decode message %s: %w", m.ID, err)
		}
		m.ReceivedAt, m.CreatedAt, m.UpdatedAt = time.UnixMicro(received).UTC(), time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
		if sendAt > 0 {
			m.SendAt = time.UnixMicro(sendAt).UTC()
		}
		list = append(list, m)
		return nil
	})
	if err != nil {
		return nil, err
	}
	ids := make([]MessageID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	byMessage, err := placesOf(tx, ids)
	if err != nil {
		return nil, err
	}
	for i := range list {
		m, places := &list[i], byMessage[list[i].ID]
		m.Mailboxes, m.Labels = mailboxNames(places), labelsOf(m.Direction, places)
		for _, p := range places {
			if at := time.UnixMicro(p.updatedAt).UTC(); at.After(m.UpdatedAt) {
				m.UpdatedAt = at
			}
		}
	}
	return list, nil
}

// placesOf tells where messages lie.
func placesOf(tx *sqlite.Tx, ids []MessageID) (map[MessageID][]placement, error) {
	all, err := placements(tx, "WHERE p.message_id IN (SELECT value FROM json_each(?)) ORDER BY p.message_id, p.mailbox_id, p.uid", sqlite.Args(encodeIDs(ids)))
	byMessage := make(map[MessageID][]placement, len(ids))
	for _, p := range all {
		byMessage[p.message] = append(byMessage[p.message], p)
	}
	return byMessage, err
}

func encodeIDs(ids []MessageID) string {
	b, _ := json.Marshal(ids) // strings always encode
	return string(b)
}

// mailboxNames are the mailboxes that hold a message, each once.
func mailboxNames(places []placement) []string {
	names := []string{}
	for _, p := range places {
		if !contains(names, p.name) {
			names = append(names, p.name)
		}
	}
	return names
}

// labelsOf gives the labels that follow from where a message lies and how it is flagged, then the user's own, sorted.
func labelsOf(d Direction, places []placement) []string {
	var labels, own []string
	has := func(test func(placement) bool) bool { return slices.ContainsFunc(places, test) }
	draft := has(func(p placement) bool { return p.flags&Draft != 0 || p.name == DraftsMailbox })
	for _, x := range []struct {
		label string
		on    bool
	}{
		{LabelReceived, d != Sent && !(d == Appended && draft)},
		{LabelSent, d == Sent},
		{LabelUnread, has(func(p placement) bool { return p.flags&Seen == 0 })},
		{LabelStarred, has(func(p placement) bool { return p.flags&Flagged != 0 })},
		{LabelDraft, draft},
		{LabelScheduled, has(func(p placement) bool { return p.status == Scheduled })},
		{LabelSpam, has(func(p placement) bool { return p.name == JunkMailbox })},
		{LabelTrash, has(func(p placement) bool { return p.name == TrashMailbox })},
	} {
		if x.on {
			labels = append(labels, x.label)
		}
	}
	for _, p := range places {
		own = append(own, p.keywords...)
	}
	slices.Sort(own)
	return append(labels, slices.Compact(own)...)
}

// Message is one message of the inbox.
func (in Inbox) Message(ctx context.Context, id MessageID) (m Message, err error) {
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		m, err = in.message(tx, id)
		return err
	})
	return m, err
}

func (in Inbox) message(tx *sqlite.Tx, id MessageID) (Message, error) {
	list, err := loadMessages(tx, "WHERE id = ? AND inbox_id = ?", sqlite.Args(string(id), string(in.id)))
	if err != nil {
		return Message{}, err
	}
	if len(list) == 0 {
		return Message{}, ErrNotFound
	}
	return list[0], nil
}

// open opens the message's file and tells its structure. The file holds nothing open but itself: who reads it slowly keeps
// nobody from closing or removing the workspace.
func (in Inbox) open(ctx context.Context, id MessageID) (f *os.File, size int64, structure *message.Part, err error) {
	return in.openAs(ctx, id, 0)
}

// openAs is open of a message as it was when it had this wire: the text of a draft changes. 0 is any.
func (in Inbox) openAs(ctx context.Context, id MessageID, wire int64) (f *os.File, size int64, structure *message.Part, err error) {
	err = in.ws.use(ctx, func(w *workspace) error {
		const tries = 4 // a move between reading the row and opening the file takes the file away once
		for try := 0; ; try++ {
			var text string
			var places []placement
			err := w.db.View(ctx, func(tx *sqlite.Tx) error {
				if err := tx.Row("SELECT size, structure FROM messages WHERE id = ? AND inbox_id = ?", sqlite.Args(string(id), string(in.id)), &size, &text); err != nil {
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
			if wire != 0 && !slices.ContainsFunc(places, func(p placement) bool { return p.wire == wire }) {
				return ErrNotFound
			}
			if err = json.Unmarshal([]byte(text), &structure); err != nil {
				return fmt.Errorf("decode structure of %s: %w", id, err)
			}
			for _, p := range places {
				if f, err = w.tree.Open(p.folder(), p.file, fileFlags(w.names.onDisk(p))); err == nil {
					return nil
				}
			}
			if err == nil || try == tries-1 {
				return errors.Join(errDisk.Because(fmt.Errorf("the file of %s is gone", id)), err)
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	})
	return f, size, structure, err
}

// Open opens the message's bytes, size octets, and tells their structure; the caller closes them.
func (in Inbox) Open(ctx context.Context, id MessageID) (r RawMessage, size int64, structure *message.Part, err error) {
	f, size, structure, err := in.open(ctx, id)
	if err != nil {
		return nil, 0, nil, err
	}
	return f, size, structure, nil
}

// Raw opens the message's bytes, size octets; the caller closes them.
func (in Inbox) Raw(ctx context.Context, id MessageID) (r RawMessage, size int64, err error) {
	f, size, _, err := in.open(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	return f, size, nil
}

// Body gives the message's text and HTML as UTF-8, each at most limit octets.
func (in Inbox) Body(ctx context.Context, id MessageID, limit int) (message.Body, error) {
	f, _, structure, err := in.open(ctx, id)
	if err != nil {
		return message.Body{}, err
	}
	defer f.Close()
	return message.Read(f, structure, limit), nil
}

// Trust gives the facts about a message of the inbox that its bytes tell, of at most limit octets of text and of HTML.
func (in Inbox) Trust(ctx context.Context, m Message, limit int) (trust.Facts, error) {
	f, _, structure, err := in.open(ctx, m.ID)
	if err != nil {
		return trust.Facts{}, err
	}
	defer f.Close()
	return trust.Of(f, structure, m.Envelope, m.Attachments, limit), nil
}

// Attachment opens one attachment by its id, decoded; the caller closes it.
func (in Inbox) Attachment(ctx context.Context, id MessageID, attachment string) (message.Attachment, io.ReadCloser, error) {
	m, err := in.Message(ctx, id)
	if err != nil {
		return message.Attachment{}, nil, err
	}
	i := slices.IndexFunc(m.Attachments, func(a message.Attachment) bool { return a.ID == attachment })
	if i < 0 {
		return message.Attachment{}, nil, ErrNotFound
	}
	f, _, structure, err := in.open(ctx, id)
	if err != nil {
		return message.Attachment{}, nil, err
	}
	part := message.Find(structure, attachment)
	if part == nil {
		return message.Attachment{}, nil, errors.Join(ErrNotFound, f.Close())
	}
	return m.Attachments[i], struct {
		io.Reader
		io.Closer
	}{message.Decode(f, part), f}, nil
}
