package tenancy

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// KeyID is the id of a key, key_…. It is no secret.
type KeyID string

// Key is an API key without its secret, which nobody can read again.
type Key struct {
	ID          KeyID
	Kind        Kind
	Prefix      string // how the secret begins
	Name        string
	Permissions []Permission
	WorkspaceID mailstore.WorkspaceID // "" for operator keys
	InboxID     mailstore.InboxID     // only for inbox keys
	ExpiresAt   *time.Time
	Networks    []netip.Prefix // empty = from everywhere
	LastUsedAt  *time.Time     // to the minute, written behind
	ReplacedAt  *time.Time     // rotated then; it works until ExpiresAt
	CreatedAt   time.Time
}

// KeyOwner says whose keys are meant: an inbox's if Inbox is set, else a workspace's, else the caller's own kind: an
// operator's keys, the workspace key's workspace, the inbox key's inbox.
type KeyOwner struct {
	Workspace mailstore.WorkspaceID
	Inbox     string // id or address
}

// NewKey is what a key is made from.
type NewKey struct {
	Name        string
	Permissions []string   // empty = as the key that makes it, which is read, draft, send and manage for one that nobody narrowed
	ExpiresAt   *time.Time // nil = as the key that makes it
	Networks    []string   // IP addresses or CIDR prefixes; empty = as the key that makes it
}

// KeyChange says what to change; nil fields stay.
type KeyChange struct {
	Name        *string
	Permissions *[]string
	ExpiresAt   **time.Time // pointer to nil = never
	Networks    *[]string   // empty = from everywhere
}

// MaxOverlap is how long a rotated key may go on working.
const MaxOverlap = 30 * 24 * time.Hour

const keyColumns = "id, kind, workspace_id, inbox_id, prefix, name, permissions, networks, expires_at, last_used_at, replaced_at, created_at"

func readKey(scan func(...any) error) (k Key, id string, err error) {
	var ws, inbox sql.NullString
	var permissions, networks string
	var expires, used, replaced sql.NullInt64
	var created int64
	if err = scan(&k.ID, &k.Kind, &ws, &inbox, &k.Prefix, &k.Name, &permissions, &networks, &expires, &used, &replaced, &created); err != nil {
		return k, "", err
	}
	k.WorkspaceID, k.InboxID = mailstore.WorkspaceID(ws.String), mailstore.InboxID(inbox.String)
	k.ExpiresAt, k.LastUsedAt, k.ReplacedAt, k.CreatedAt = fromNull(expires), fromNull(used), fromNull(replaced), fromMicro(created)
	if err = json.Unmarshal([]byte(permissions), &k.Permissions); err == nil {
		err = json.Unmarshal([]byte(networks), &k.Networks)
	}
	return k, string(k.ID), err
}

func selectKey(tx *sqlite.Tx, where string, args ...any) (k Key, err error) {
	err = tx.Each("SELECT "+keyColumns+" FROM keys WHERE "+where, args, func(scan func(...any) error) (err error) {
		k, _, err = readKey(scan)
		return err
	})
	if err == nil && k.ID == "" {
		err = ErrNotFound
	}
	return k, err
}

// expired reports whether the key has stopped working.
func (k Key) expired(now time.Time) bool { return k.ExpiresAt != nil && !now.Before(*k.ExpiresAt) }

// Allows reports whether the key has all of the permissions.
func (k Key) Allows(list ...Permission) bool { return allowsAll(k.Permissions, list) }

// Whole reports whether nobody narrowed what the key may.
func (k Key) Whole() bool { return allowsAll(k.Permissions, all()) }

// keyring is whose keys a call is about.
type keyring struct {
	kind  Kind
	ws    mailstore.WorkspaceID
	inbox mailstore.InboxID
}

func (r keyring) holds(k Key) bool {
	return k.Kind == r.kind && k.WorkspaceID == r.ws && k.InboxID == r.inbox
}

// keyring finds whose keys are meant, if the grant reaches them.
func (g *Grant) keyring(tx *sqlite.Tx, o KeyOwner) (keyring, error) {
	inbox := o.Inbox
	if inbox == "" && o.Workspace == "" {
		switch g.Kind() {
		case Operator:
			return keyring{kind: Operator}, nil
		case InboxKey:
			inbox = string(g.InboxID())
		}
	}
	if inbox == "" {
		ws, err := g.one(tx, o.Workspace)
		return keyring{kind: WorkspaceKey, ws: ws}, err
	}
	s, err := g.within(o.Workspace)
	if err != nil {
		return keyring{}, err
	}
	at, err := findInbox(tx, s, inbox)
	return keyring{InboxKey, at.ws, at.inbox}, err
}

// findKey finds a key of a keyring.
func (g *Grant) findKey(tx *sqlite.Tx, o KeyOwner, id KeyID) (Key, error) {
	r, err := g.keyring(tx, o)
	if err != nil {
		return Key{}, err
	}
	k, err := selectKey(tx, "id = ?", id)
	if err == nil && !r.holds(k) {
		err = ErrNotFound
	}
	if err != nil {
		return Key{}, err
	}
	return k, nil
}

// coversKey reports whether a key may be given by this grant: it may no more than the grant itself.
func (g *Grant) coversKey(k Key) bool {
	own := g.identity
	late := own.ExpiresAt != nil && (k.ExpiresAt == nil || k.ExpiresAt.After(*own.ExpiresAt))
	return allowsAll(own.Permissions, k.Permissions) && !late && withinNetworks(own.Networks, k.Networks)
}

// CreateKey makes a key, always a new one, and shows its secret, once. It may no more than the grant that makes it.
func (g *Grant) CreateKey(ctx context.Context, o KeyOwner, n NewKey) (k Key, secret string, err error) {
	if err := g.need(KeysCreate); err != nil {
		return Key{}, "", err
	}
	spec, err := g.checkKey(n)
	if err != nil {
		return Key{}, "", err
	}
	err = g.dir.change(ctx, func(tx *sqlite.Tx) error {
		r, err := g.keyring(tx, o)
		if err != nil {
			return err
		}
		if !g.coversKey(spec) {
			return errExceeds
		}
		fresh := spec
		fresh.Kind, fresh.WorkspaceID, fresh.InboxID = r.kind, r.ws, r.inbox
		k, secret, err = g.dir.insertKey(tx, fresh)
		return err
	})
	if err != nil {
		return Key{}, "", err
	}
	return k, secret, nil
}

// checkKey reads a NewKey; what it does not say is as the grant's own.
func (g *Grant) checkKey(n NewKey) (Key, error) {
	k := Key{Name: n.Name, Permissions: g.identity.Permissions, Networks: g.identity.Networks, ExpiresAt: g.identity.ExpiresAt}
	var p problems
	p.checkName("body.name", n.Name)
	if len(n.Permissions) > 0 {
		k.Permissions = p.checkPermissions("body.permissions", n.Permissions)
	}
	if len(n.Networks) > 0 {
		k.Networks = p.checkNetworks("body.networks", n.Networks)
	}
	if n.ExpiresAt != nil {
		k.ExpiresAt = p.checkExpiry("body.expiresAt", *n.ExpiresAt, g.dir.now())
	}
	return k, p.err()
}

func (p *problems) checkExpiry(path string, at, now time.Time) *time.Time {
	if !at.After(now) || at.Year() > 9999 {
		p.add(path, "The expiry must lie in the future.")
	}
	at = at.UTC().Truncate(time.Microsecond)
	return &at
}

// insertKey gives a key its id and secret and stores it.
func (d *Directory) insertKey(tx *sqlite.Tx, k Key) (Key, string, error) {
	if err := keyLimit(tx, k); err != nil {
		return Key{}, "", err
	}
	secret, prefix := newSecret(k.Kind)
	permissions, err := json.Marshal(k.Permissions)
	if err != nil {
		return Key{}, "", err
	}
	if k.Networks == nil {
		k.Networks = []netip.Prefix{}
	}
	networks, err := json.Marshal(k.Networks)
	if err != nil {
		return Key{}, "", err
	}
	id := d.newID("key")
	_, err = tx.Exec(`INSERT INTO keys (id, kind, workspace_id, inbox_id, hash, prefix, name, permissions, networks, expires_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, k.Kind, orNull(k.WorkspaceID), orNull(k.InboxID), hashSecret(secret), prefix, k.Name,
		string(permissions), string(networks), micro(k.ExpiresAt), d.now().UnixMicro())
	if err != nil {
		return Key{}, "", fmt.Errorf("insert key: %w", err)
	}
	if k, err = selectKey(tx, "id = ?", id); err != nil {
		return Key{}, "", err
	}
	return k, secret, d.tellKey(tx, KeyCreated, k)
}

func keyLimit(tx *sqlite.Tx, k Key) error {
	query, args, limit := "SELECT keys FROM workspaces WHERE id = ?", sqlite.Args(k.WorkspaceID), MaxKeysPerWorkspace
	if k.Kind == Operator {
		query, args, limit = "SELECT COUNT(*) FROM keys WHERE workspace_id IS NULL", nil, MaxOperatorKeys
	}
	var count int
	if err := tx.Row(query, args, &count); err != nil {
		return absent(err)
	}
	if count >= limit {
		return errLimit("keys", limit)
	}
	return nil
}

// Keys lists the keys of an owner, without their secrets. A workspace's are its own, not those of its inboxes.
func (g *Grant) Keys(ctx context.Context, o KeyOwner, p Page) (out []Key, next string, err error) {
	if err := g.need(KeysRead); err != nil {
		return nil, "", err
	}
	err = g.dir.view(ctx, func(tx *sqlite.Tx) error {
		r, err := g.keyring(tx, o)
		if err != nil {
			return err
		}
		var sel selection
		switch sel.and("kind = ?", r.kind); r.kind {
		case WorkspaceKey:
			sel.and("workspace_id = ?", r.ws)
		case InboxKey:
			sel.and("inbox_id = ?", r.inbox)
		}
		out, next, err = list(tx, "SELECT "+keyColumns+" FROM keys", "key", sel, p, readKey)
		return err
	})
	return out, next, err
}

// Key shows one key of an owner.
func (g *Grant) Key(ctx context.Context, o KeyOwner, id KeyID) (k Key, err error) {
	if err := g.need(KeysRead); err != nil {
		return Key{}, err
	}
	err = g.dir.view(ctx, func(tx *sqlite.Tx) (err error) {
		k, err = g.findKey(tx, o, id)
		return err
	})
	return k, err
}

// UpdateKey changes a key. What the key may afterwards must lie within what the grant itself may.
func (g *Grant) UpdateKey(ctx context.Context, o KeyOwner, id KeyID, c KeyChange) (k Key, err error) {
	if err := g.need(KeysUpdate); err != nil {
		return Key{}, err
	}
	apply, err := g.checkKeyChange(c)
	if err != nil {
		return Key{}, err
	}
	err = g.dir.change(ctx, func(tx *sqlite.Tx) error {
		old, err := g.findKey(tx, o, id)
		if err != nil {
			return err
		}
		if old.ReplacedAt != nil {
			return errReplaced
		}
		next := apply(old)
		if (c.Permissions != nil || c.ExpiresAt != nil || c.Networks != nil) && !g.coversKey(next) {
			return errExceeds
		}
		k = next
		return updateKey(tx, next)
	})
	if err != nil {
		return Key{}, err
	}
	return k, nil
}

// checkKeyChange reads a change and gives what applies it to a key.
func (g *Grant) checkKeyChange(c KeyChange) (apply func(Key) Key, err error) {
	var p problems
	var want Key
	if c.Name != nil {
		p.checkName("body.name", *c.Name)
	}
	if c.Permissions != nil {
		if want.Permissions = p.checkPermissions("body.permissions", *c.Permissions); len(*c.Permissions) == 0 {
			p.add("body.permissions", "A key needs at least one permission.")
		}
	}
	if c.Networks != nil {
		want.Networks = p.checkNetworks("body.networks", *c.Networks)
	}
	if c.ExpiresAt != nil && *c.ExpiresAt != nil {
		want.ExpiresAt = p.checkExpiry("body.expiresAt", **c.ExpiresAt, g.dir.now())
	}
	return func(k Key) Key {
		if c.Name != nil {
			k.Name = *c.Name
		}
		if c.Permissions != nil {
			k.Permissions = want.Permissions
		}
		if c.Networks != nil {
			k.Networks = want.Networks
		}
		if c.ExpiresAt != nil {
			k.ExpiresAt = want.ExpiresAt
		}
		return k
	}, p.err()
}

func updateKey(tx *sqlite.Tx, k Key) error {
	permissions, err := json.Marshal(k.Permissions)
	if err != nil {
		return err
	}
	networks, err := json.Marshal(k.Networks)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE keys SET name = ?, permissions = ?, networks = ?, expires_at = ? WHERE id = ?", k.Name, string(permissions), string(networks), micro(k.ExpiresAt), k.ID); err != nil {
		return fmt.Errorf("update key: %w", err)
	}
	return nil
}

// DeleteKey ends a key at once. The last key of an owner may be deleted too.
func (g *Grant) DeleteKey(ctx context.Context, o KeyOwner, id KeyID) error {
	if err := g.need(KeysDelete); err != nil {
		return err
	}
	return g.dir.change(ctx, func(tx *sqlite.Tx) error {
		k, err := g.findKey(tx, o, id)
		if err != nil {
			return err
		}
		return g.dir.revoke(tx, k)
	})
}

func (d *Directory) revoke(tx *sqlite.Tx, k Key) error {
	if _, err := tx.Exec("DELETE FROM keys WHERE id = ?", k.ID); err != nil {
		return fmt.Errorf("delete key: %w", err)
	}
	return d.tellKey(tx, KeyRevoked, k)
}

// RotateKey makes a key that may what the old one may, under a new id, and shows its secret, once. The old one works for
// overlap longer, at most MaxOverlap, and is then deleted; with no overlap, at once.
func (g *Grant) RotateKey(ctx context.Context, o KeyOwner, id KeyID, overlap time.Duration) (k Key, secret string, err error) {
	if err := g.need(KeysCreate); err != nil {
		return Key{}, "", err
	}
	var p problems
	if overlap < 0 || overlap > MaxOverlap {
		p.add("body.overlapSeconds", "The overlap is between 0 and %d seconds.", int(MaxOverlap.Seconds()))
	}
	if err := p.err(); err != nil {
		return Key{}, "", err
	}
	err = g.dir.change(ctx, func(tx *sqlite.Tx) error {
		old, err := g.findKey(tx, o, id)
		if err != nil {
			return err
		}
		if old.ReplacedAt != nil || old.expired(g.dir.now()) {
			return errReplaced
		}
		if !g.coversKey(old) { // the secret that is shown would give more than the caller has
			return errExceeds
		}
		if k, secret, err = g.dir.insertKey(tx, old); err != nil {
			return err
		}
		return g.dir.replace(tx, old, overlap)
	})
	if err != nil {
		return Key{}, "", err
	}
	return k, secret, nil
}

// replace lets a rotated key end.
func (d *Directory) replace(tx *sqlite.Tx, old Key, overlap time.Duration) error {
	if overlap == 0 {
		return d.revoke(tx, old)
	}
	now := d.now()
	end := now.Add(overlap)
	if old.ExpiresAt != nil && old.ExpiresAt.Before(end) {
		end = *old.ExpiresAt
	}
	if _, err := tx.Exec("UPDATE keys SET replaced_at = ?, expires_at = ? WHERE id = ?", now.UnixMicro(), micro(&end), old.ID); err != nil {
		return fmt.Errorf("replace key: %w", err)
	}
	return nil
}

// EnsureOperatorKey makes an operator key if there is none that works, and shows its secret, once.
func (d *Directory) EnsureOperatorKey(ctx context.Context) (secret string, created bool, err error) {
	err = d.change(ctx, func(tx *sqlite.Tx) error {
		secret, created = "", false
		var count int
		if err := tx.Row("SELECT COUNT(*) FROM keys WHERE kind = ? AND (expires_at IS NULL OR expires_at > ?)", sqlite.Args(Operator, d.now().UnixMicro()), &count); err != nil || count > 0 {
			return err
		}
		_, secret, err = d.insertKey(tx, Key{Kind: Operator, Name: "operator", Permissions: all()})
		created = err == nil
		return err
	})
	if err != nil {
		return "", false, err
	}
	return secret, created, nil
}
