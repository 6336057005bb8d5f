package mailstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Limits of threads.
const (
	MaxThreadPeople  = 50   // senders, and recipients, that a thread shows
	MaxThreadMessage = 1000 // messages that one change of a thread touches; a longer thread is changed message by message

	subjectWindow     = 30 * 24 * time.Hour // a reply without references joins by subject only within this time
	subjectCandidates = 5                   // threads of the same subject that are looked at
)

// threadFor finds or makes the thread of a new message: the one that has or names one of its Message-IDs; several such
// threads become one; else, for a reply, one of the same subject that shares a participant; else a new one. All its
// Message-IDs are noted, so that what arrives later finds it whatever the order.
func (w *workspace) threadFor(tx *sqlite.Tx, m newMessage) (ThreadID, error) {
	env := &m.record.parsed.Envelope
	ids := messageIDs(env)
	thread := m.thread
	if thread == "" {
		found, err := threadsNaming(tx, m.inbox, ids)
		if err != nil {
			return "", err
		}
		switch {
		case len(found) > 0:
			if thread, err = w.mergeThreads(tx, m, found); err != nil {
				return "", err
			}
		case isReply(env.Subject):
			if thread, err = threadBySubject(tx, m, env); err != nil {
				return "", err
			}
		}
	}
	if thread == "" {
		thread = ThreadID(ident.New("thr", m.now))
	}
	at := m.receivedAt.UnixMicro()
	if _, err := tx.Exec(`INSERT INTO threads (id, inbox_id, subject, base_subject, messages, created_at, last_at) VALUES (?, ?, ?, ?, 1, ?, ?)
		ON CONFLICT (id) DO UPDATE SET messages = messages + 1, last_at = MAX(last_at, excluded.last_at)`,
		string(thread), string(m.inbox), env.Subject, baseSubject(env.Subject), m.now.UnixMicro(), at); err != nil {
		return "", err
	}
	for _, id := range ids {
		if _, err := tx.Exec("INSERT INTO thread_ids (inbox_id, message_id, thread_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			string(m.inbox), id, string(thread)); err != nil {
			return "", err
		}
	}
	return thread, nil
}

// messageIDs are the Message-IDs that a message has or names, each once.
func messageIDs(env *message.Envelope) []string {
	var ids []string
	for _, id := range slices.Concat([]string{env.MessageID}, env.InReplyTo, env.References) {
		if len(id) > len("<>") && !contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// threadsNaming gives the living threads of the inbox that know one of the Message-IDs, oldest first.
func threadsNaming(tx *sqlite.Tx, inbox InboxID, ids []string) (found []ThreadID, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	encoded, _ := json.Marshal(ids) // strings always encode
	err = tx.Each("SELECT DISTINCT thread_id FROM thread_ids WHERE inbox_id = ? AND message_id IN (SELECT value FROM json_each(?)) ORDER BY thread_id",
		sqlite.Args(string(inbox), string(encoded)), func(scan func(...any) error) error {
			var id ThreadID
			err := scan(&id)
			found = append(found, id)
			return err
		})
	return found, err
}

// mergeThreads makes one thread of several: the oldest id lives and the others lead to it.
func (w *workspace) mergeThreads(tx *sqlite.Tx, m newMessage, found []ThreadID) (ThreadID, error) {
	live := found[0]
	if len(found) > 1 { // the state files name threads
		if err := w.markInboxDirty(tx, m.inbox); err != nil {
			return "", err
		}
	}
	for _, gone := range found[1:] {
		for _, step := range []struct {
			query string
			args  []any
		}{
			{"UPDATE messages SET thread_id = ?, updated_at = ? WHERE thread_id = ?", sqlite.Args(string(live), m.now.UnixMicro(), string(gone))},
			{"UPDATE thread_ids SET thread_id = ? WHERE thread_id = ?", sqlite.Args(string(live), string(gone))},
			{`UPDATE threads SET messages = messages + (SELECT messages FROM threads WHERE id = ?2),
				last_at = MAX(last_at, (SELECT last_at FROM threads WHERE id = ?2)) WHERE id = ?1`, sqlite.Args(string(live), string(gone))},
			{"UPDATE threads SET merged_into = ?1 WHERE id = ?2 OR merged_into = ?2", sqlite.Args(string(live), string(gone))},
			{"UPDATE threads SET messages = 0 WHERE id = ?", sqlite.Args(string(gone))},
		} {
			if _, err := tx.Exec(step.query, step.args...); err != nil {
				return "", err
			}
		}
		data, _ := json.Marshal(map[string]any{"id": live, "inboxId": m.inbox, "merged": []ThreadID{gone}})
		if err := journal.Append(tx, journal.Line{Type: "thread.updated", InboxID: string(m.inbox), ThreadID: string(live), At: m.now, Data: data}); err != nil {
			return "", err
		}
	}
	return live, nil
}

// threadBySubject finds a thread for a reply that names no message that is known here.
func threadBySubject(tx *sqlite.Tx, m newMessage, env *message.Envelope) (ThreadID, error) {
	base := baseSubject(env.Subject)
	if base == "" {
		return "", nil
	}
	var candidates []ThreadID
	err := tx.Each(`SELECT id FROM threads WHERE inbox_id = ? AND base_subject = ? AND merged_into = '' AND messages > 0
		AND last_at BETWEEN ? AND ? ORDER BY last_at DESC LIMIT ?`,
		sqlite.Args(string(m.inbox), base, m.receivedAt.Add(-subjectWindow).UnixMicro(), m.receivedAt.Add(subjectWindow).UnixMicro(), subjectCandidates),
		func(scan func(...any) error) error {
			var id ThreadID
			err := scan(&id)
			candidates = append(candidates, id)
			return err
		})
	if err != nil {
		return "", err
	}
	mine := people(env)
	for _, id := range candidates {
		list, err := loadMessages(tx, "WHERE thread_id = ? ORDER BY received_at DESC, id DESC LIMIT ?", sqlite.Args(string(id), MaxThreadPeople))
		if err != nil {
			return "", err
		}
		for _, other := range list {
			if slices.ContainsFunc(people(&other.Envelope), func(a string) bool { return contains(mine, a) && a != strings.ToLower(m.deliveredTo) }) {
				return id, nil
			}
		}
	}
	return "", nil
}

// people are the addresses that take part in a message, in lower case.
func people(env *message.Envelope) []string {
	var list []string
	for _, a := range slices.Concat(env.From, env.ReplyTo, env.To, env.Cc) {
		if a.Address != "" {
			list = append(list, strings.ToLower(a.Address))
		}
	}
	return list
}

// replyMarks are what clients of many languages put before the subject of an answer or a forward.
var (
	replyMarks   = []string{"re", "aw", "antw", "sv", "vs", "ref", "rif", "odp", "res", "ynt", "回复", "回覆", "答复", "返信"}
	forwardMarks = []string{"fwd", "fw", "wg", "tr", "vb", "rv", "i", "enc", "转发", "轉寄"}
)

// isReply reports whether a subject begins with Re: or its like.
func isReply(subject string) bool {
	mark, _, ok := cutMark(subject)
	return ok && contains(replyMarks, mark)
}

// baseSubject is the subject without Re:, Fwd: and the like in front, folded (RFC 5256, 2.1).
func baseSubject(subject string) string {
	for {
		mark, rest, ok := cutMark(subject)
		if !ok || !contains(replyMarks, mark) && !contains(forwardMarks, mark) {
			return strings.ToLower(strings.Join(strings.Fields(subject), " "))
		}
		subject = rest
	}
}

// cutMark parts "Re[2]: x" into "re" and "x".
func cutMark(subject string) (mark, rest string, ok bool) {
	head, rest, ok := strings.Cut(strings.TrimSpace(strings.Replace(subject, "：", ":", 1)), ":")
	if !ok || len(head) > 20 {
		return "", "", false
	}
	if i := strings.IndexAny(head, "[("); i > 0 {
		head = head[:i]
	}
	return strings.ToLower(strings.TrimSpace(head)), rest, true
}

// shrinkThreads counts removed messages out of their threads. An empty thread goes, with what led to it; its Message-IDs
// go too, so that nothing of it remains.
func shrinkThreads(tx *sqlite.Tx, threads []ThreadID) error {
	encoded, _ := json.Marshal(threads) // strings always encode
	const empty = "(SELECT id FROM threads WHERE id IN (SELECT value FROM json_each(?)) AND messages = 0)"
	for _, q := range []string{
		`UPDATE threads SET messages = (SELECT COUNT(*) FROM messages WHERE thread_id = threads.id),
			last_at = COALESCE((SELECT MAX(received_at) FROM messages WHERE thread_id = threads.id), last_at) WHERE id IN (SELECT value FROM json_each(?))`,
		"DELETE FROM thread_ids WHERE thread_id IN " + empty,
		"DELETE FROM threads WHERE merged_into IN " + empty,
		"DELETE FROM threads WHERE id IN (SELECT value FROM json_each(?)) AND messages = 0",
	} {
		if _, err := tx.Exec(q, string(encoded)); err != nil {
			return fmt.Errorf("shrink threads: %w", err)
		}
	}
	return nil
}

func loadThreads(tx *sqlite.Tx, clause string, args []any) (list []Thread, err error) {
	list = []Thread{}
	err = tx.Each("SELECT id, inbox_id, subject, messages, created_at, last_at FROM threads "+clause, args, func(scan func(...any) error) error {
		var t Thread
		var created, last int64
		if err := scan(&t.ID, &t.InboxID, &t.Subject, &t.MessageCount, &created, &last); err != nil {
			return err
		}
		t.CreatedAt, t.LastAt = time.UnixMicro(created).UTC(), time.UnixMicro(last).UTC()
		list = append(list, t)
		return nil
	})
	for i := range list {
		if err = list[i].fill(tx); err != nil {
			return nil, err
		}
	}
	return list, err
}

// fill adds what a thread shows of its messages: the newest 200 speak for all.
func (t *Thread) fill(tx *sqlite.Tx) error {
	messages, err := loadMessages(tx, "WHERE thread_id = ? ORDER BY received_at DESC, id DESC LIMIT ?", sqlite.Args(string(t.ID), MaxPage))
	if err != nil {
		return err
	}
	if err := tx.Row("SELECT COALESCE(SUM(size), 0) FROM messages "+byThread+"WHERE thread_id = ?", sqlite.Args(string(t.ID)), &t.Size); err != nil {
		return err
	}
	t.Senders, t.Recipients, t.Labels = []message.Address{}, []message.Address{}, []string{}
	for i, m := range messages {
		if i == 0 {
			t.LastMessageID, t.LastEnvelopeID, t.Preview = m.ID, m.Envelope.MessageID, m.Preview
		}
		t.note(m)
		t.Senders = addPeople(t.Senders, m.Envelope.From)
		t.Recipients = addPeople(t.Recipients, slices.Concat(m.Envelope.To, m.Envelope.Cc))
		for _, l := range m.Labels {
			if !contains(t.Labels, l) {
				t.Labels = append(t.Labels, l)
			}
		}
	}
	slices.Sort(t.Labels)
	return nil
}

// note adds when one of its messages came, left and changed, and its attachments.
func (t *Thread) note(m Message) {
	at := &t.ReceivedAt
	if m.Direction == Sent {
		at = &t.SentAt
	}
	if m.ReceivedAt.After(*at) {
		*at = m.ReceivedAt
	}
	if m.UpdatedAt.After(t.UpdatedAt) {
		t.UpdatedAt = m.UpdatedAt
	}
	for _, a := range m.Attachments[:min(len(m.Attachments), MaxThreadPeople-len(t.Attachments))] {
		t.Attachments = append(t.Attachments, ThreadAttachment{m.ID, a})
	}
}

func addPeople(list, more []message.Address) []message.Address {
	for _, a := range more {
		known := slices.ContainsFunc(list, func(b message.Address) bool { return strings.EqualFold(a.Address, b.Address) })
		if !known && len(list) < MaxThreadPeople {
			list = append(list, a)
		}
	}
	return list
}

// Thread is one thread of the inbox. The id of a thread that was merged leads to the one that lives.
func (in Inbox) Thread(ctx context.Context, id ThreadID) (t Thread, err error) {
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		t, err = in.thread(tx, id)
		return err
	})
	return t, err
}

func (in Inbox) thread(tx *sqlite.Tx, id ThreadID) (Thread, error) {
	list, err := loadThreads(tx, "WHERE inbox_id = ?1 AND merged_into = '' AND id IN (SELECT ?2 UNION SELECT merged_into FROM threads WHERE id = ?2 AND inbox_id = ?1)",
		sqlite.Args(string(in.id), string(id)))
	if err != nil {
		return Thread{}, err
	}
	if len(list) == 0 {
		return Thread{}, ErrNotFound
	}
	return list[0], nil
}

// ChangeThread changes the labels of all its messages, in one commit.
func (in Inbox) ChangeThread(ctx context.Context, id ThreadID, c MessageChange) (t Thread, err error) {
	if err := c.check(); err != nil {
		return Thread{}, err
	}
	err = in.edit(ctx, func(e *edit) error {
		if err := e.eachOf(id, func(m MessageID) error { return e.change(m, c) }); err != nil {
			return err
		}
		t, err = in.thread(e.tx, id)
		return err
	})
	return t, err
}

// DeleteThread deletes all its messages as DeleteMessage does, in one commit.
func (in Inbox) DeleteThread(ctx context.Context, id ThreadID, permanent bool) error {
	if err := in.cancelThread(ctx, id); err != nil {
		return err
	}
	return in.edit(ctx, func(e *edit) error {
		return e.eachOf(id, func(m MessageID) error { return e.delete(m, permanent) })
	})
}

// eachOf runs do for each message of a thread.
func (e *edit) eachOf(id ThreadID, do func(MessageID) error) error {
	t, err := e.in.thread(e.tx, id)
	if err != nil {
		return err
	}
	if t.MessageCount > MaxThreadMessage {
		return fault.New(fault.Exhausted, "limit_reached", "The thread has more than %d messages (limit messagesPerThreadChange); change them one by one.", MaxThreadMessage)
	}
	list, err := loadMessages(e.tx, "WHERE thread_id = ?", sqlite.Args(string(t.ID)))
	if err != nil {
		return err
	}
	for _, m := range list {
		if err := do(m.ID); err != nil {
			return err
		}
	}
	return nil
}
