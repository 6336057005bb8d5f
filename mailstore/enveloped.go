package mailstore

import (
	"context"
	"encoding/json"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// MaxEnveloped is the number of Message-IDs that are looked for at once.
const MaxEnveloped = 500

// Enveloped finds messages of the inbox by their RFC Message-IDs, MaxEnveloped at most. Where several have one Message-ID, as in mail to
// oneself, one is given: the one that was received rather than that which was sent or put there, of several the newest. What is not
// there is left out.
func (in Inbox) Enveloped(ctx context.Context, ids []string) (found map[string]Message, err error) {
	ids = ids[:min(len(ids), MaxEnveloped)]
	encoded, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	found = make(map[string]Message, len(ids))
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		list, err := loadMessages(tx, byID+`WHERE id IN (SELECT id FROM (
			SELECT id, ROW_NUMBER() OVER (PARTITION BY message_id ORDER BY direction, received_at DESC, id DESC) AS place
			FROM messages INDEXED BY messages_by_message_id WHERE inbox_id = ? AND message_id IN (SELECT value FROM json_each(?)) AND message_id <> '') WHERE place = 1)`,
			sqlite.Args(string(in.id), string(encoded)))
		for _, m := range list {
			found[m.Envelope.MessageID] = m
		}
		return err
	})
	return found, err
}
