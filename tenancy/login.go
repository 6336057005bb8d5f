package tenancy

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// credential is a key or password as it is kept, with what it opens.
type credential struct {
	key  Key // without ID for a password
	hash []byte
	ws   string // the workspace's name
}

// selectCredential reads a key with its hash and the name of its workspace.
func selectCredential(tx *sqlite.Tx, where string, args ...any) (c credential, found bool, err error) {
	err = tx.Each("SELECT "+keyColumns+", hash, COALESCE((SELECT w.name FROM workspaces w WHERE w.id = keys.workspace_id), '') FROM keys WHERE "+where, args,
		func(scan func(...any) error) (err error) {
			found = true
			c.key, _, err = readKey(func(dest ...any) error { return scan(append(dest, &c.hash, &c.ws)...) })
			return err
		})
	return c, found, err
}

func (c credential) identity() Identity {
	k := c.key
	return Identity{Kind: k.Kind, KeyID: k.ID, KeyPrefix: k.Prefix, KeyName: k.Name, Permissions: k.Permissions, Networks: k.Networks,
		ExpiresAt: k.ExpiresAt, WorkspaceID: k.WorkspaceID, WorkspaceName: c.ws, InboxID: k.InboxID}
}

// Authenticate finds the grant behind an API key. from is where the caller is; a key that is bound to networks is
// refused from elsewhere, and without a valid address. That the key was used is noted, to the minute, a little later.
func (d *Directory) Authenticate(ctx context.Context, secret string, from netip.Addr) (*Grant, error) {
	if !isSecret(secret) {
		return nil, ErrUnauthenticated
	}
	hash := hashSecret(secret)
	var c credential
	var identity Identity
	err := d.view(ctx, func(tx *sqlite.Tx) error {
		var found bool
		var err error
		if c, found, err = selectCredential(tx, "hash = ?", hash); err != nil {
			return err
		}
		if !found || subtle.ConstantTimeCompare(hash, c.hash) != 1 {
			return ErrUnauthenticated
		}
		identity = c.identity()
		if identity.InboxID != "" {
			identity.Address, err = primaryAddress(tx, identity.InboxID)
		}
		return err
	})
	switch now := d.now(); {
	case err != nil:
		return nil, err
	case c.key.expired(now):
		return nil, errExpired
	case !allowedFrom(c.key.Networks, from):
		return nil, errNetwork
	default:
		d.used.note(c.key, now)
	}
	seal, err := sealingKey(secret)
	if err != nil {
		return nil, err
	}
	return &Grant{dir: d, identity: identity, hash: hash, seal: seal}, nil
}

func primaryAddress(tx *sqlite.Tx, inbox mailstore.InboxID) (string, error) {
	var a address
	err := tx.Row("SELECT a.local, d.name FROM addresses a JOIN domains d ON d.id = a.domain_id WHERE a.inbox_id = ? AND a.is_primary = 1", sqlite.Args(inbox), &a.local, &a.domain)
	return a.String(), absent(err)
}

// Login finds the grant for one inbox, for IMAP and SMTP: user is one of its addresses, password its password or an API
// key that covers it. Whatever is wrong, the answer is the same. Failures are counted over all wires: who fails too often
// is refused for a while, also with the right password.
func (d *Directory) Login(ctx context.Context, user, password string, from netip.Addr) (*Grant, error) {
	now := d.now()
	if err := d.failures.refuse(user, from, now); err != nil {
		return nil, err
	}
	g, err := d.tryLogin(ctx, user, password, from)
	if errors.Is(err, ErrUnauthenticated) {
		d.failures.note(user, from, now)
	}
	return g, err
}

func (d *Directory) tryLogin(ctx context.Context, user, password string, from netip.Addr) (g *Grant, err error) {
	if isSecret(password) {
		g, err = d.loginWithKey(ctx, user, password, from)
	} else {
		g, err = d.loginWithPassword(ctx, user, password)
	}
	if err != nil && isRefusal(err) {
		return nil, ErrUnauthenticated
	}
	return g, err
}

// isRefusal tells a wrong credential from a store that does not answer.
func isRefusal(err error) bool {
	for _, refusal := range []error{ErrNotFound, ErrUnauthenticated, errNetwork} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

func (d *Directory) loginWithKey(ctx context.Context, user, key string, from netip.Addr) (*Grant, error) {
	g, err := d.Authenticate(ctx, key, from)
	if err != nil {
		return nil, err
	}
	s, err := g.within("")
	if err != nil {
		return nil, err
	}
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		at, err := findUser(tx, s, user)
		if err != nil {
			return err
		}
		return g.identity.narrow(tx, at)
	})
	return g, err
}

// findUser is findInbox for a login, where only an address is a name.
func findUser(tx *sqlite.Tx, s scope, user string) (place, error) {
	if _, ok := parseAddress(user); !ok {
		return place{}, ErrNotFound
	}
	return findInbox(tx, s, user)
}

// narrow makes an identity that of one inbox.
func (i *Identity) narrow(tx *sqlite.Tx, at place) (err error) {
	i.Kind, i.WorkspaceID, i.InboxID = InboxKey, at.ws, at.inbox
	if i.Address, err = primaryAddress(tx, at.inbox); err != nil {
		return err
	}
	return absent(tx.Row("SELECT name FROM workspaces WHERE id = ?", sqlite.Args(at.ws), &i.WorkspaceName))
}

func (d *Directory) loginWithPassword(ctx context.Context, user, password string) (*Grant, error) {
	g := &Grant{dir: d, hash: hashSecret(password)}
	err := d.view(ctx, func(tx *sqlite.Tx) error {
		at, err := findUser(tx, scope{}, user)
		if err != nil {
			return err
		}
		hash, permissions, err := selectPassword(tx, at.inbox)
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare(hash, g.hash) != 1 {
			return ErrUnauthenticated
		}
		g.identity.Permissions = permissions
		return g.identity.narrow(tx, at)
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

func selectPassword(tx *sqlite.Tx, inbox mailstore.InboxID) (hash []byte, permissions []Permission, err error) {
	var list string
	if err := tx.Row("SELECT hash, permissions FROM passwords WHERE inbox_id = ?", sqlite.Args(inbox), &hash, &list); err != nil {
		return nil, nil, absent(err)
	}
	return hash, permissions, json.Unmarshal([]byte(list), &permissions)
}

// Check asks whether the grant is still what it was: its key or password is there, unexpired and unchanged, and so is
// the inbox or workspace that it is for. Who keeps a grant longer than a request (a socket, an IMAP session) asks it when
// the journal or a clock says so, and lets go on "unauthenticated".
func (g *Grant) Check(ctx context.Context) error {
	if g.hash == nil {
		return nil // the operator on the machine
	}
	return g.dir.view(ctx, func(tx *sqlite.Tx) error {
		if g.identity.InboxID != "" {
			if _, err := primaryAddress(tx, g.identity.InboxID); err != nil {
				return orUnauthenticated(err)
			}
		}
		if g.identity.KeyID == "" {
			return g.checkPassword(tx)
		}
		return g.checkCredential(tx)
	})
}

func (g *Grant) checkPassword(tx *sqlite.Tx) error {
	hash, _, err := selectPassword(tx, g.identity.InboxID)
	if err != nil {
		return orUnauthenticated(err)
	}
	if subtle.ConstantTimeCompare(hash, g.hash) != 1 {
		return ErrUnauthenticated
	}
	return nil
}

func (g *Grant) checkCredential(tx *sqlite.Tx) error {
	c, found, err := selectCredential(tx, "hash = ?", g.hash)
	if err != nil {
		return err
	}
	same := found && slices.Equal(c.key.Permissions, g.identity.Permissions) && slices.Equal(c.key.Networks, g.identity.Networks)
	switch {
	case !same:
		return ErrUnauthenticated
	case c.key.expired(g.dir.now()):
		return errExpired
	}
	return nil
}

// orUnauthenticated says of what is gone that it no longer authenticates.
func orUnauthenticated(err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrUnauthenticated
	}
	return err
}
