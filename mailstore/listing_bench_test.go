package mailstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// BenchmarkListsOf100000Messages lists an inbox and its workspace with every kind of filter, also with those that few
// messages pass and that lie far behind.
func BenchmarkListsOf100000Messages(b *testing.B) {
	const size = 100_000
	s, err := Open(b.TempDir(), Options{MinFree: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	in := s.Workspace(WorkspaceID(ident.New("ws", time.Now()))).Inbox(InboxID(ident.New("inb", time.Now())))
	crowd(b, in, size)
	rare := func(l string) MessageFilter { return MessageFilter{Labels: []string{l}} }
	all := in.ws.Mail("")
	yes := true
	for _, c := range []struct {
		name   string
		mail   Mail
		filter MessageFilter
	}{
		{"inbox", in.Mail(), MessageFilter{}}, {"workspace", all, MessageFilter{}}, {"oldest-first", all, MessageFilter{OldestFirst: true}},
		{"unread", in.Mail(), rare(LabelUnread)}, {"starred", in.Mail(), rare(LabelStarred)}, {"own-label", in.Mail(), rare("rare")}, {"no-such-label", in.Mail(), rare("none")},
		{"trash", in.Mail(), rare(LabelTrash)}, {"mailbox", all, MessageFilter{Mailbox: ArchiveMailbox}}, {"subject", in.Mail(), MessageFilter{Subject: "number 17 "}},
		{"from", in.Mail(), MessageFilter{From: "nobody"}}, {"attachment", in.Mail(), MessageFilter{HasAttachment: &yes}}, {"message-id", all, MessageFilter{MessageID: "<5@x>"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := c.mail.Messages(b.Context(), c.filter, nil, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"-threads", func(b *testing.B) {
			for b.Loop() {
				if _, _, err := c.mail.Threads(b.Context(), c.filter, nil, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// crowd puts rows of messages without files into an inbox, each a thread of its own. The oldest 60 of them are unread,
// starred, labelled, and with an attachment; the 60 behind those lie in Trash.
func crowd(t testing.TB, in Inbox, size int) {
	t.Helper()
	err := in.ws.use(t.Context(), func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error {
			at := time.Now().Add(-time.Duration(size) * time.Second)
			inbox, err := w.mailboxID(tx, in.id, InboxMailbox, at)
			if err != nil {
				return err
			}
			trash, err := w.mailboxID(tx, in.id, TrashMailbox, at)
			if err != nil {
				return err
			}
			for i := range size {
				at = at.Add(time.Second)
				id, thread, now := ident.New("msg", at), ident.New("thr", at), at.UnixMicro()
				flags, keywords, attachments, mailbox := Seen, "", "null", inbox
				switch {
				case i < 60:
					flags, keywords, attachments = Flagged, `["rare"]`, `[{"id":"2"}]`
				case i < 120:
					mailbox = trash
				}
				envelope := fmt.Sprintf(`{"subject":"number %d of many","from":[{"name":"Ann","address":"ann%d@x.example"}],"to":[{"address":"me@demo.example"}]}`, i, i%97)
				for _, step := range []struct {
					query string
					args  []any
				}{
					{`INSERT INTO messages (id, inbox_id, thread_id, direction, delivered_to, sender, size, message_id, subject, preview, envelope, structure, attachments, received_at, created_at, updated_at)
						VALUES (?, ?, ?, 1, 'me@demo.example', 'ann@x.example', 2000, ?, ?, 'The beginning of the text', ?, '{}', ?, ?, ?, ?)`,
						[]any{id, in.id, thread, fmt.Sprintf("<%d@x>", i), fmt.Sprintf("number %d of many", i), envelope, attachments, now, now, now}},
					{"INSERT INTO placements (mailbox_id, uid, message_id, modseq, flags, keywords, file, saved_at) VALUES (?, ?, ?, 1, ?, ?, ?, ?)",
						[]any{mailbox, i + 1, id, flags, keywords, id, now}},
					{"INSERT INTO threads (id, inbox_id, subject, messages, created_at, last_at) VALUES (?, ?, '', 1, ?, ?)", []any{thread, in.id, now, now}},
				} {
					if _, err := tx.Exec(step.query, step.args...); err != nil {
						return err
					}
				}
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}
