package tenancy

import (
	"fmt"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// checkClientID looks at a client's own word for what it makes; "" is none.
func (p *problems) checkClientID(word string) {
	if utf8.RuneCountInString(word) > MaxClientID || !isLine(word) {
		p.add("body.clientId", "A client's own id is one line of at most %d characters.", MaxClientID)
	}
}

// workspaceOfClient finds the workspace that was made under a client's word; "" if there is none.
func workspaceOfClient(tx *sqlite.Tx, word string) (id mailstore.WorkspaceID, err error) {
	err = findOfClient(tx, "SELECT id FROM workspaces WHERE client_id = ?", &id, word)
	return id, err
}

// inboxOfClient finds the inbox of a workspace that was made under a client's word.
func inboxOfClient(tx *sqlite.Tx, ws mailstore.WorkspaceID, word string) (in Inbox, found bool, err error) {
	var id mailstore.InboxID
	if err = findOfClient(tx, "SELECT id FROM inboxes WHERE client_id = ? AND workspace_id = ?", &id, word, ws); id == "" || err != nil {
		return in, false, err
	}
	in, err = getInbox(tx, id)
	return in, err == nil, err
}

// webhookOfClient finds the webhook of a workspace that was made under a client's word; without an id if there is none.
func (d *Directory) webhookOfClient(tx *sqlite.Tx, ws mailstore.WorkspaceID, word string) (e Endpoint, err error) {
	var id WebhookID
	if err = findOfClient(tx, "SELECT id FROM webhooks WHERE client_id = ? AND workspace_id = ?", &id, word, ws); id == "" || err != nil {
		return e, err
	}
	return d.getEndpoint(tx, scope{}, id)
}

func findOfClient(tx *sqlite.Tx, query string, id any, word string, args ...any) error {
	if word == "" {
		return nil
	}
	err := tx.Row(query, append(sqlite.Args(word), args...), id)
	if sqlite.NoRows(err) {
		return nil
	}
	return err
}

// nameForClient notes the word under which a row of a table was made.
func nameForClient(tx *sqlite.Tx, table, id, word string) error {
	if word == "" {
		return nil
	}
	if _, err := tx.Exec("UPDATE "+table+" SET client_id = ? WHERE id = ?", word, id); err != nil {
		return fmt.Errorf("note the client's id: %w", err)
	}
	return nil
}
