package tenancy

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// NewPassword gives an inbox another password for IMAP and SMTP, which is shown here and never again. The old one ends
// at once. The password may do no more with mail than the grant that makes it.
func (g *Grant) NewPassword(ctx context.Context, ws mailstore.WorkspaceID, inbox string) (in Inbox, password string, err error) {
	err = g.inInbox(ctx, g.dir.change, CredentialsCreate, ws, inbox, func(tx *sqlite.Tx, at place) (err error) {
		if in, err = getInbox(tx, at.inbox); err != nil {
			return err
		}
		password, err = g.setPassword(tx, at.inbox)
		return err
	})
	if err != nil {
		return Inbox{}, "", err
	}
	return in, password, nil
}

func (g *Grant) setPassword(tx *sqlite.Tx, inbox mailstore.InboxID) (string, error) {
	permissions, err := json.Marshal(passwordPermissions(g.identity.Permissions))
	if err != nil {
		return "", err
	}
	password := randomText(passwordBytes)
	_, err = tx.Exec(`INSERT INTO passwords (inbox_id, hash, permissions, created_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (inbox_id) DO UPDATE SET hash = excluded.hash, permissions = excluded.permissions, created_at = excluded.created_at`,
		inbox, hashSecret(password), string(permissions), g.dir.now().UnixMicro())
	if err != nil {
		return "", fmt.Errorf("set password: %w", err)
	}
	return password, nil
}
