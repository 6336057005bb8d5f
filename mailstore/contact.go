package mailstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sqlite"
	"github.com/postroom/postroom/mailstore/trust"
)

// MaxContactCount bounds Contact.Before: more are not counted.
const MaxContactCount = 1000

// Contact is what an inbox knows of the author of a message from the time before it. The address is the sender's word;
// the message's Auth says whether its domain stands behind it.
type Contact struct {
	Address   string    // of the first author; "" if the message names none
	Before    int       // messages from the address that came before and are still here; at most MaxContactCount
	FirstAt   time.Time // when the first of them came; zero if there is none
	WrittenAt time.Time // when the inbox first wrote to the address, if that was before; else zero
}

// Contact tells what the inbox knew of the author of one of its messages when it came.
func (in Inbox) Contact(ctx context.Context, m Message) (c Contact, err error) {
	if len(m.Envelope.From) == 0 || m.Envelope.From[0].Address == "" {
		return c, nil
	}
	c.Address = m.Envelope.From[0].Address
	key, at := lowerASCII(c.Address), m.ReceivedAt.UnixMicro()
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		var first, written sql.NullInt64
		if err := tx.Row(`SELECT COUNT(*), MIN(received_at) FROM (SELECT received_at FROM messages INDEXED BY messages_by_author
			WHERE inbox_id = ? AND lower(envelope ->> '$.from[0].address') = ? AND direction <> 2 AND (received_at, id) < (?, ?) ORDER BY received_at LIMIT ?)`,
			sqlite.Args(string(in.id), key, at, string(m.ID), MaxContactCount), &c.Before, &first); err != nil {
			return err
		}
		if err := tx.Row("SELECT MIN(first_at) FROM written_to WHERE inbox_id = ? AND address = ?", sqlite.Args(string(in.id), key), &written); err != nil {
			return err
		}
		if first.Valid {
			c.FirstAt = time.UnixMicro(first.Int64).UTC()
		}
		if written.Valid && written.Int64 < at {
			c.WrittenAt = time.UnixMicro(written.Int64).UTC()
		}
		return nil
	})
	return c, err
}

// lowerASCII is what lower() of SQLite gives.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// Trust gives the facts about a message that its bytes tell, at most limit octets of text.
func (in Inbox) Trust(ctx context.Context, m Message, limit int) (trust.Facts, error) {
	f, _, structure, err := in.open(ctx, m.ID)
	if err != nil {
		return trust.Facts{}, err
	}
	defer f.Close()
	return trust.Of(f, structure, m.Envelope, append([]message.Attachment{}, m.Attachments...), limit), nil
}
