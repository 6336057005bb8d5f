package mailstore

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sqlite"
	"github.com/postroom/postroom/mailstore/words"
)

// Limits of the index of words.
const (
	MaxWordText = 256 << 10 // octets of a message's text, decoded, that a search by words sees

	maxWordHead  = 64 << 10        // octets of tokens of each other field
	maxWordIndex = 2 * MaxWordText // octets of tokens of the text; of a script whose tokens are pairs of characters the last seventh of so long a text is left out
)

// wordColumn is a column of word_text.
type wordColumn int

const (
	fromWords wordColumn = iota
	toWords
	ccWords
	bccWords
	subjectWords
	bodyWords
	fileWords
	markWords
	wordColumns
)

var wordColumnNames = [wordColumns]string{"from_", "to_", "cc", "bcc", "subject", "body", "files", "marks"}

// Marks of a message.
const (
	everyMark      = "every"
	attachmentMark = "attachment"
)

// inboxMark is the mark of an inbox's messages: one token of FTS5's.
func inboxMark(id InboxID) string { return strings.ToLower(strings.ReplaceAll(string(id), "_", "")) }

// wordRow is a message as the index of words has it.
type wordRow [wordColumns]string

func (r *wordRow) size() (n int) {
	for _, text := range r {
		n += len(text)
	}
	return n
}

// wordRow parts what the index knows of a message, and its text.
func (w *workspace) wordRow(id MessageID, text string) (*wordRow, error) {
	var m Message
	var envelope, attachments string
	err := w.db.View(noCtx, func(tx *sqlite.Tx) error {
		return tx.Row("SELECT inbox_id, delivered_to, envelope, attachments FROM messages WHERE id = ?", sqlite.Args(string(id)), &m.InboxID, &m.DeliveredTo, &envelope, &attachments)
	})
	if sqlite.NoRows(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	for text, to := range map[string]any{envelope: &m.Envelope, attachments: &m.Attachments} {
		if err := json.Unmarshal([]byte(text), to); err != nil {
			return nil, fmt.Errorf("decode message %s: %w", id, err)
		}
	}
	return newWordRow(&m, text), nil
}

func newWordRow(m *Message, text string) *wordRow {
	e, r := &m.Envelope, &wordRow{}
	for column, text := range map[wordColumn]string{fromWords: addressText(e.From), toWords: addressText(e.To) + "\n" + m.DeliveredTo, ccWords: addressText(e.Cc), bccWords: addressText(e.Bcc),
		subjectWords: e.Subject, fileWords: strings.Join(filenames(m.Attachments), "\n")} {
		r[column] = words.Index(text, maxWordHead)
	}
	r[bodyWords] = words.Index(text, maxWordIndex)
	r[markWords] = everyMark + " " + inboxMark(m.InboxID)
	if slices.ContainsFunc(m.Attachments, func(a message.Attachment) bool { return a.Disposition == "attachment" }) {
		r[markWords] += " " + attachmentMark
	}
	return r
}

// addressText writes addresses as a person reads them, each on a line.
func addressText(list []message.Address) string {
	lines := make([]string, len(list))
	for i, a := range list {
		lines[i] = addressLine(a)
	}
	return strings.Join(lines, "\n")
}

func addressLine(a message.Address) string {
	if a.Name == "" {
		return a.Address
	}
	return a.Name + " <" + a.Address + ">"
}

func filenames(list []message.Attachment) []string {
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.Filename
	}
	return names
}

// insert writes the row of a message that has none. A message that is gone has no place, and gets no row.
func (r *wordRow) insert(tx *sqlite.Tx, id MessageID) error {
	var rowid int64
	if err := tx.Row("SELECT id FROM word_rows WHERE message_id = ?", sqlite.Args(string(id)), &rowid); err != nil {
		if sqlite.NoRows(err) {
			return nil
		}
		return err
	}
	args := []any{rowid}
	for _, text := range r {
		args = append(args, text)
	}
	_, err := tx.Exec("INSERT INTO word_text (rowid, "+strings.Join(wordColumnNames[:], ", ")+") VALUES (?"+strings.Repeat(", ?", int(wordColumns))+")", args...)
	return err
}

// writeOld writes what the backlog asks for. The backlog tells whether it is still wanted.
func (e *entry) writeOld(tx *sqlite.Tx) error {
	result, err := tx.Exec("DELETE FROM word_backlog WHERE message_id = ?", string(e.id))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 || e.words == nil {
		return err
	}
	return e.words.insert(tx, e.id)
}
