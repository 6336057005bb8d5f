package tenancy

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// WebhookID is the id of a webhook, whk_….
type WebhookID string

// Why a webhook is disabled.
const (
	WebhookByRequest = "byRequest" // somebody with a key disabled it
	WebhookFailing   = "failing"   // it failed for days
	WebhookGone      = "gone"      // it answered 410
)

// SecretOverlap is how long a secret signs beside the one that has taken its place.
const SecretOverlap = 24 * time.Hour

// Webhook is an endpoint: a URL that a workspace's events are posted to, without its secret and the values of its headers,
// which nobody can read again.
type Webhook struct {
	ID          WebhookID
	WorkspaceID mailstore.WorkspaceID
	URL         string
	EventTypes  []string            // empty: all
	InboxIDs    []mailstore.InboxID // empty: all, and what concerns the whole workspace
	Description string
	HeaderNames []string // of its own headers, sorted
	Ordered     bool     // each inbox's events one after the other
	Dialect     string   // in whose words it is told: "" those of /v1, "v0" those of /v0
	ClientID    string   // the word under which its maker makes it once; "" = none
	Enabled     bool
	Reason      string     // why it is disabled: WebhookByRequest, WebhookFailing or WebhookGone
	DisabledAt  *time.Time // nil: it is enabled
	OldUntil    *time.Time // until when the secret before this one signs too; nil: there is none
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// follower is who it is to the workspace's journal.
func (w Webhook) follower() mailstore.Follower {
	return mailstore.Follower{ID: string(w.ID), Types: w.EventTypes, Inboxes: w.InboxIDs, Ordered: w.Ordered}
}

// Endpoint is a webhook as the service that posts knows it, with all that it needs.
type Endpoint struct {
	Webhook
	Headers  map[string]string
	Secrets  []string // whsec_…, the newest first; each signs
	Follower mailstore.Follower
	Grant    *Grant // reads what the events tell of: its workspace, and no more
}

const webhookColumns = "id, workspace_id, url, event_types, inbox_ids, description, headers, ordered, dialect, client_id, secret, old_secret, old_until, enabled, reason, disabled_at, created_at, updated_at"

func (d *Directory) readEndpoint(scan func(...any) error) (e Endpoint, id string, err error) {
	var types, inboxes, headers, secret, old string
	var oldUntil, created, updated int64
	var disabled sql.NullInt64
	if err = scan(&e.ID, &e.WorkspaceID, &e.URL, &types, &inboxes, &e.Description, &headers, &e.Ordered, &e.Dialect, &e.ClientID, &secret, &old, &oldUntil, &e.Enabled, &e.Reason, &disabled, &created, &updated); err != nil {
		return e, "", err
	}
	for text, into := range map[string]any{types: &e.EventTypes, inboxes: &e.InboxIDs, headers: &e.Headers} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return e, "", fmt.Errorf("read webhook: %w", err)
		}
	}
	e.HeaderNames, e.Secrets = slices.Sorted(maps.Keys(e.Headers)), []string{secret}
	if until := fromMicro(oldUntil); d.now().Before(until) {
		e.Secrets, e.OldUntil = append(e.Secrets, old), &until
	}
	e.DisabledAt, e.CreatedAt, e.UpdatedAt = fromNull(disabled), fromMicro(created), fromMicro(updated)
	e.Follower = e.follower()
	e.Grant = &Grant{dir: d, identity: Identity{Kind: WorkspaceKey, Permissions: []Permission{Read}, WorkspaceID: e.WorkspaceID}}
	return e, string(e.ID), nil
}

func (d *Directory) readWebhook(scan func(...any) error) (Webhook, string, error) {
	e, id, err := d.readEndpoint(scan)
	return e.Webhook, id, err
}

// getEndpoint finds a webhook in a scope.
func (d *Directory) getEndpoint(tx *sqlite.Tx, s scope, id WebhookID) (e Endpoint, err error) {
	if !ident.Valid("whk", string(id)) {
		return e, ErrNotFound
	}
	err = tx.Each("SELECT "+webhookColumns+" FROM webhooks WHERE id = ?", sqlite.Args(id), func(scan func(...any) error) (err error) {
		e, _, err = d.readEndpoint(scan)
		return err
	})
	if err == nil && (e.ID == "" || !s.covers(e.WorkspaceID, "")) {
		return Endpoint{}, ErrNotFound
	}
	return e, err
}

// toTell refuses grants that may not read what a webhook tells: nobody reads mail by having it posted.
func (g *Grant) toTell(p Permission) error {
	if err := g.need(p); err != nil {
		return err
	}
	if !g.Allows(EventsRead) || !g.Allows(MessagesRead) {
		return errTells
	}
	return nil
}

var errTells = fault.New(fault.Forbidden, "permission_denied", "A webhook tells of messages: this needs the permissions %q and %q too.", string(EventsRead), string(MessagesRead))

// CreateWebhook makes a webhook, whose secret is shown here and to who may give it another one. It is told of what happens from now on.
func (g *Grant) CreateWebhook(ctx context.Context, ws mailstore.WorkspaceID, n NewWebhook) (w Webhook, secret string, err error) {
	if err := g.toTell(WebhooksCreate); err != nil {
		return Webhook{}, "", err
	}
	wrong := n.check()
	err = g.dir.change(ctx, func(tx *sqlite.Tx) error {
		ws, err := g.one(tx, ws)
		if err == nil {
			err = wrong.err()
		}
		if err != nil {
			return err
		}
		made, err := g.dir.webhookOfClient(tx, ws, n.ClientID)
		if made.ID != "" || err != nil {
			if w, secret = made.Webhook, ""; g.Allows(WebhooksUpdate) { // who may give it another one
				secret = made.secret()
			}
			return err
		}
		inboxes, err := ownInboxes(tx, ws, n.InboxIDs)
		if err != nil {
			return err
		}
		if err := webhookRoom(tx, ws); err != nil {
			return err
		}
		id, now := WebhookID(g.dir.newID("whk")), g.dir.now().UnixMicro()
		secret = newSigningSecret()
		_, err = tx.Exec("INSERT INTO webhooks (id, workspace_id, url, event_types, inbox_ids, description, headers, ordered, dialect, client_id, secret, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			id, ws, n.URL, asList(n.EventTypes), asList(inboxes), n.Description, asObject(n.Headers), n.Ordered, n.Dialect, n.ClientID, secret, now, now)
		if err != nil {
			return fmt.Errorf("insert webhook: %w", err)
		}
		w, err = g.dir.tellWebhook(tx, mailstore.FollowerCreated, id)
		return err
	})
	return w, secret, err
}

func webhookRoom(tx *sqlite.Tx, ws mailstore.WorkspaceID) error {
	var n int
	if err := tx.Row("SELECT COUNT(*) FROM webhooks WHERE workspace_id = ?", sqlite.Args(ws), &n); err != nil {
		return err
	}
	if n >= MaxWebhooksPerWorkspace {
		return errLimit("webhooks", MaxWebhooksPerWorkspace)
	}
	return nil
}

// ownInboxes finds the inboxes of a workspace that are named by id or address.
func ownInboxes(tx *sqlite.Tx, ws mailstore.WorkspaceID, names []string) ([]mailstore.InboxID, error) {
	list := []mailstore.InboxID{}
	for _, name := range names {
		at, err := findInbox(tx, scope{ws: ws}, name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, at.inbox) {
			list = append(list, at.inbox)
		}
	}
	return list, nil
}

// tellWebhook tells of a webhook as it is now, without what is secret.
func (d *Directory) tellWebhook(tx *sqlite.Tx, event string, id WebhookID) (Webhook, error) {
	e, err := d.getEndpoint(tx, scope{}, id)
	if err != nil {
		return Webhook{}, err
	}
	return e.Webhook, d.tell(tx, event, e.WorkspaceID, "", struct {
		ID          WebhookID             `json:"id"`
		WorkspaceID mailstore.WorkspaceID `json:"workspaceId"`
		URL         string                `json:"url"`
		EventTypes  []string              `json:"eventTypes"`
		InboxIDs    []mailstore.InboxID   `json:"inboxIds"`
		Description string                `json:"description"`
		Ordered     bool                  `json:"ordered"`
		Enabled     bool                  `json:"enabled"`
		Reason      string                `json:"disabledReason,omitempty"`
		CreatedAt   time.Time             `json:"createdAt"`
		UpdatedAt   time.Time             `json:"updatedAt"`
	}{e.ID, e.WorkspaceID, e.URL, append([]string{}, e.EventTypes...), append([]mailstore.InboxID{}, e.InboxIDs...), e.Description, e.Ordered, e.Enabled, e.Reason, e.CreatedAt, e.UpdatedAt})
}

// Webhooks lists those of a workspace; for an operator who names none, of all.
func (g *Grant) Webhooks(ctx context.Context, ws mailstore.WorkspaceID, p Page) (out []Webhook, next string, err error) {
	s, err := g.reach(WebhooksRead, ws)
	if err != nil {
		return nil, "", err
	}
	err = g.dir.view(ctx, func(tx *sqlite.Tx) error {
		sel, err := s.selection(tx)
		if err != nil {
			return err
		}
		out, next, err = list(tx, "SELECT "+webhookColumns+" FROM webhooks", "whk", sel, p, g.dir.readWebhook)
		return err
	})
	return out, next, err
}

// Webhook shows one.
func (g *Grant) Webhook(ctx context.Context, ws mailstore.WorkspaceID, id WebhookID) (w Webhook, err error) {
	err = g.withWebhook(ctx, g.dir.view, WebhooksRead, ws, id, func(tx *sqlite.Tx, e Endpoint) error {
		w = e.Webhook
		return nil
	})
	return w, err
}

// WebhookSecret is what a webhook's requests are signed with, for who may give it another one.
func (g *Grant) WebhookSecret(ctx context.Context, ws mailstore.WorkspaceID, id WebhookID) (secret string, err error) {
	if err := g.toTell(WebhooksUpdate); err != nil {
		return "", err
	}
	err = g.withWebhook(ctx, g.dir.view, WebhooksUpdate, ws, id, func(_ *sqlite.Tx, e Endpoint) error {
		secret = e.secret()
		return nil
	})
	return secret, err
}

// secret is the newest one; "" if there is none.
func (e Endpoint) secret() string {
	if len(e.Secrets) == 0 {
		return ""
	}
	return e.Secrets[0]
}

// withWebhook runs do, in a view or a change, with the webhook that the caller named, if it is the caller's.
func (g *Grant) withWebhook(ctx context.Context, run func(context.Context, func(*sqlite.Tx) error) error, p Permission,
	ws mailstore.WorkspaceID, id WebhookID, do func(*sqlite.Tx, Endpoint) error) error {
	s, err := g.reach(p, ws)
	if err != nil {
		return err
	}
	return run(ctx, func(tx *sqlite.Tx) error {
		e, err := g.dir.getEndpoint(tx, s, id)
		if err != nil {
			return err
		}
		return do(tx, e)
	})
}

// UpdateWebhook changes a webhook. One that is enabled again goes on from its place, with what waits tried at once.
func (g *Grant) UpdateWebhook(ctx context.Context, ws mailstore.WorkspaceID, id WebhookID, c WebhookChange) (w Webhook, err error) {
	if err := g.toTell(WebhooksUpdate); err != nil {
		return Webhook{}, err
	}
	wrong := c.check()
	err = g.withWebhook(ctx, g.dir.change, WebhooksUpdate, ws, id, func(tx *sqlite.Tx, e Endpoint) error {
		if err := wrong.err(); err != nil {
			return err
		}
		inboxes, err := c.inboxes(tx, e.WorkspaceID)
		if err != nil {
			return err
		}
		headers, err := c.headers(e)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE webhooks SET url = COALESCE(?, url), event_types = COALESCE(?, event_types), inbox_ids = COALESCE(?, inbox_ids), description = COALESCE(?, description),
			headers = COALESCE(?, headers), ordered = COALESCE(?, ordered), updated_at = ? WHERE id = ?`,
			c.URL, orStay(c.EventTypes, asList[string]), inboxes, c.Description, headers, c.Ordered, g.dir.now().UnixMicro(), id)
		if err != nil {
			return fmt.Errorf("update webhook: %w", err)
		}
		if c.Enabled != nil && *c.Enabled != e.Enabled {
			w, err = g.dir.switchWebhook(tx, id, *c.Enabled, WebhookByRequest)
			return err
		}
		w, err = g.dir.tellWebhook(tx, WebhookUpdated, id)
		return err
	})
	return w, err
}

// switchWebhook enables a webhook, or disables it for a reason, and tells of it.
func (d *Directory) switchWebhook(tx *sqlite.Tx, id WebhookID, enabled bool, reason string) (Webhook, error) {
	event, at := mailstore.FollowerDisabled, sql.NullInt64{Int64: d.now().UnixMicro(), Valid: true}
	if enabled {
		event, reason, at = mailstore.FollowerEnabled, "", sql.NullInt64{}
	}
	if _, err := tx.Exec("UPDATE webhooks SET enabled = ?, reason = ?, disabled_at = ?, updated_at = ? WHERE id = ?", enabled, reason, at, d.now().UnixMicro(), id); err != nil {
		return Webhook{}, fmt.Errorf("switch webhook: %w", err)
	}
	return d.tellWebhook(tx, event, id)
}

// DeleteWebhook deletes a webhook, and the log of what was posted to it.
func (g *Grant) DeleteWebhook(ctx context.Context, ws mailstore.WorkspaceID, id WebhookID) error {
	return g.withWebhook(ctx, g.dir.change, WebhooksDelete, ws, id, func(tx *sqlite.Tx, e Endpoint) error {
		if _, err := g.dir.tellWebhook(tx, mailstore.FollowerDeleted, id); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM webhooks WHERE id = ?", id); err != nil {
			return fmt.Errorf("delete webhook: %w", err)
		}
		return nil
	})
}

// RotateWebhookSecret gives a webhook a new secret, which is shown here and never again. For SecretOverlap the one before it
// signs as well.
func (g *Grant) RotateWebhookSecret(ctx context.Context, ws mailstore.WorkspaceID, id WebhookID) (w Webhook, secret string, err error) {
	if err := g.toTell(WebhooksUpdate); err != nil {
		return Webhook{}, "", err
	}
	err = g.withWebhook(ctx, g.dir.change, WebhooksUpdate, ws, id, func(tx *sqlite.Tx, e Endpoint) error {
		secret = newSigningSecret()
		now := g.dir.now()
		if _, err := tx.Exec("UPDATE webhooks SET old_secret = secret, old_until = ?, secret = ?, updated_at = ? WHERE id = ?", now.Add(SecretOverlap).UnixMicro(), secret, now.UnixMicro(), id); err != nil {
			return fmt.Errorf("rotate secret: %w", err)
		}
		w, err = g.dir.tellWebhook(tx, WebhookUpdated, id)
		return err
	})
	return w, secret, err
}

// Following hands out the followers of the workspace that has a webhook, and who the webhook is among them, to who has the
// permission need there.
func (g *Grant) Following(ctx context.Context, ws mailstore.WorkspaceID, id WebhookID, need Permission) (f mailstore.Following, who mailstore.Follower, w Webhook, err error) {
	err = g.withWebhook(ctx, g.dir.view, need, ws, id, func(tx *sqlite.Tx, e Endpoint) error {
		f, who, w = g.dir.Following(e.WorkspaceID), e.Follower, e.Webhook
		return nil
	})
	return f, who, w, err
}

// Following hands out the followers of a workspace to the service that posts; others ask their Grant.
func (d *Directory) Following(ws mailstore.WorkspaceID) mailstore.Following {
	return d.store.Workspace(ws).Following()
}

// Followed tells when webhooks of each workspace are to be looked at; rung is closed when that changes.
func (d *Directory) Followed() (due map[mailstore.WorkspaceID]time.Time, rung <-chan struct{}) {
	return d.store.Followed()
}

// Endpoints are the enabled webhooks of a workspace whose beginning has come to its journal; ErrNotFound if there is no such
// workspace any more.
func (d *Directory) Endpoints(ctx context.Context, ws mailstore.WorkspaceID) (list []Endpoint, err error) {
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		if err := workspaceExists(tx, ws); err != nil {
			return err
		}
		return tx.Each("SELECT "+webhookColumns+` FROM webhooks w WHERE workspace_id = ? AND enabled = 1
			AND NOT EXISTS (SELECT 1 FROM news n WHERE n.workspace_id = w.workspace_id AND n.type = '`+mailstore.FollowerCreated+`' AND json_extract(n.data, '$.id') = w.id) ORDER BY id`,
			sqlite.Args(ws), func(scan func(...any) error) error {
				e, _, err := d.readEndpoint(scan)
				list = append(list, e)
				return err
			})
	})
	return list, err
}

// Endpoint is one webhook, enabled or not.
func (d *Directory) Endpoint(ctx context.Context, id WebhookID) (e Endpoint, err error) {
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		e, err = d.getEndpoint(tx, scope{}, id)
		return err
	})
	return e, err
}

// DisableWebhook disables a webhook that fails or is gone, and tells of it. One that is not there or not enabled stays so.
func (d *Directory) DisableWebhook(ctx context.Context, id WebhookID, reason string) error {
	return d.change(ctx, func(tx *sqlite.Tx) error {
		e, err := d.getEndpoint(tx, scope{}, id)
		if fault.KindOf(err) == fault.NotFound || err == nil && !e.Enabled {
			return nil
		}
		if err == nil {
			_, err = d.switchWebhook(tx, id, false, reason)
		}
		return err
	})
}
