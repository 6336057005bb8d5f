package mailstore

import (
	"encoding/json"
	"strings"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// maxFew is how many messages are looked at one by one and sorted. What more of them have is found soon on a walk in the
// order of the list.
const maxFew = 2000

// pool is a query for the ids of messages among which all are that a filter passes, answered by an index.
type pool struct {
	query string
	args  []any
}

// few gives a pool that is small, if the filter has one.
func (f MessageFilter) few(tx *sqlite.Tx, inbox InboxID) (p pool, ok bool, err error) {
	for _, p := range f.pools(inbox) {
		var n int
		if err := tx.Row("SELECT COUNT(*) FROM ("+p.query+" LIMIT ?)", append(p.args[:len(p.args):len(p.args)], maxFew+1), &n); err != nil {
			return p, false, err
		}
		if n <= maxFew {
			return p, true, nil
		}
	}
	return p, false, nil
}

// pools are those of the filter's conditions that an index answers.
func (f MessageFilter) pools(inbox InboxID) (list []pool) {
	if f.Mailbox != "" {
		list = append(list, placed("", "", inbox, f.Mailbox))
	}
	for _, label := range f.Labels {
		switch label = strings.ToLower(label); label {
		case LabelUnread:
			list = append(list, placed("INDEXED BY placements_unseen", " AND p.flags & 1 = 0", inbox, ""))
		case LabelStarred:
			list = append(list, placed("INDEXED BY placements_flagged", " AND p.flags & 4 <> 0", inbox, ""))
		case LabelTrash:
			list = append(list, placed("", "", inbox, TrashMailbox))
		case LabelSpam:
			list = append(list, placed("", "", inbox, JunkMailbox))
		case LabelReceived, LabelSent, LabelRead, LabelDraft, LabelScheduled:
		default:
			quoted, _ := json.Marshal(label) // as it stands in the list; no label holds a quotation mark
			list = append(list, placed("INDEXED BY placements_labelled", " AND p.keywords <> '' AND instr(p.keywords, ?) > 0", inbox, "", string(quoted)))
		}
	}
	if f.MessageID != "" && inbox != "" {
		list = append(list, pool{"SELECT id FROM messages INDEXED BY messages_by_message_id WHERE inbox_id = ? AND message_id = ?", []any{string(inbox), f.MessageID}})
	} else if f.MessageID != "" {
		list = append(list, pool{"SELECT id FROM messages INDEXED BY messages_by_message_id WHERE inbox_id IN (SELECT DISTINCT inbox_id FROM mailboxes) AND message_id = ?", []any{f.MessageID}})
	}
	if f.HasAttachment != nil && *f.HasAttachment {
		p := pool{query: "SELECT id FROM messages INDEXED BY messages_with_attachments WHERE attachments NOT IN ('null', '[]')"}
		if inbox != "" {
			p = pool{p.query + " AND inbox_id = ?", []any{string(inbox)}}
		}
		list = append(list, p)
	}
	return list
}

// placed is the pool of messages that lie somewhere in a certain way: in the mailboxes of an inbox, or of that name.
func placed(index, condition string, inbox InboxID, mailbox string, args ...any) pool {
	var c clauses
	if inbox != "" {
		c.add("inbox_id = ?", string(inbox))
	}
	if mailbox != "" {
		c.add("name = ?", mailbox)
	}
	return pool{"SELECT p.message_id FROM placements p " + index + " WHERE p.mailbox_id IN (SELECT id FROM mailboxes " + c.text.String() + ")" + condition, append(c.args, args...)}
}
