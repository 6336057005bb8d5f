package tenancy

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Types of the lines that this package puts into the journals.
const (
	InboxCreated   = "inbox.created"
	InboxUpdated   = "inbox.updated"
	InboxDeleted   = "inbox.deleted"
	InboxPaused    = "inbox.paused"
	InboxResumed   = "inbox.resumed"
	DomainVerified = "domain.verified"
	DomainFailed   = "domain.failed"
	DomainDeleted  = "domain.deleted"
	KeyCreated     = "key.created"
	KeyRevoked     = "key.revoked"
	WebhookUpdated = "webhook.updated" // the others of a webhook are mailstore's: see its Follower
)

// tell writes a row of news into the transaction of the change that it tells of, and rings Relay once that is committed.
// object is told as it is after the change, or was before it was deleted.
func (d *Directory) tell(tx *sqlite.Tx, event string, ws mailstore.WorkspaceID, inbox mailstore.InboxID, object any) error {
	data, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("write news: %w", err)
	}
	_, err = tx.Exec("INSERT INTO news (id, workspace_id, type, inbox_id, at, data) VALUES (?, ?, ?, ?, ?, ?)",
		d.newID("evt"), ws, event, inbox, d.now().UnixMicro(), string(data))
	if err != nil {
		return fmt.Errorf("write news: %w", err)
	}
	tx.After(d.wake)
	return nil
}

// wake rings Relay. It never blocks: a ring that is still unheard stands for this one too.
func (d *Directory) wake() {
	select {
	case d.ring <- struct{}{}:
	default:
	}
}

func (d *Directory) tellInbox(tx *sqlite.Tx, event string, in Inbox) error {
	type addressNews struct {
		Address string `json:"address"`
		Primary bool   `json:"primary"`
	}
	addresses := make([]addressNews, 0, len(in.Addresses))
	for _, a := range in.Addresses {
		addresses = append(addresses, addressNews(a))
	}
	return d.tell(tx, event, in.WorkspaceID, in.ID, struct {
		ID          mailstore.InboxID     `json:"id"`
		WorkspaceID mailstore.WorkspaceID `json:"workspaceId"`
		Address     string                `json:"address"`
		Addresses   []addressNews         `json:"addresses"`
		Username    string                `json:"username"`
		Domain      string                `json:"domain"`
		DisplayName string                `json:"displayName"`
		Metadata    map[string]any        `json:"metadata"`
		PausedAt    *time.Time            `json:"pausedAt,omitempty"`
		CreatedAt   time.Time             `json:"createdAt"`
		UpdatedAt   time.Time             `json:"updatedAt"`
	}{in.ID, in.WorkspaceID, in.Address, addresses, in.Username, in.Domain, in.DisplayName, in.Metadata, in.PausedAt, in.CreatedAt, in.UpdatedAt})
}

// domainNews is a domain as events tell of it.
type domainNews struct {
	ID          DomainID              `json:"id"`
	WorkspaceID mailstore.WorkspaceID `json:"workspaceId"`
	Domain      string                `json:"domain"`
	Status      Status                `json:"status"`
	CatchAll    mailstore.InboxID     `json:"catchAll,omitempty"`
	CreatedAt   time.Time             `json:"createdAt"`
	UpdatedAt   time.Time             `json:"updatedAt"`
	VerifiedAt  *time.Time            `json:"verifiedAt,omitempty"`
	LostAt      *time.Time            `json:"lostAt,omitempty"`  // when it is a claim again unless it points here by then
	Changes     json.RawMessage       `json:"changes,omitempty"` // what is worse than before
}

func newsOf(dom Domain) domainNews {
	n := domainNews{ID: dom.ID, WorkspaceID: dom.WorkspaceID, Domain: dom.Name, Status: dom.Status, CatchAll: dom.CatchAll, CreatedAt: dom.CreatedAt, UpdatedAt: dom.UpdatedAt, VerifiedAt: dom.VerifiedAt}
	if at := dom.LostAt(); !at.IsZero() {
		n.LostAt = &at
	}
	return n
}

func (d *Directory) tellDomain(tx *sqlite.Tx, event string, dom Domain) error {
	return d.tell(tx, event, dom.WorkspaceID, "", newsOf(dom))
}

// tellFailed tells what is worse of a domain than before.
func (d *Directory) tellFailed(tx *sqlite.Tx, dom Domain, changes json.RawMessage) error {
	n := newsOf(dom)
	n.Changes = changes
	return d.tell(tx, DomainFailed, dom.WorkspaceID, "", n)
}

// tellKey tells of a key, never of its secret. Operators' keys belong to no workspace, so nobody is told of them.
func (d *Directory) tellKey(tx *sqlite.Tx, event string, k Key) error {
	if k.WorkspaceID == "" {
		return nil
	}
	return d.tell(tx, event, k.WorkspaceID, k.InboxID, struct {
		ID          KeyID                 `json:"id"`
		Kind        string                `json:"kind"`
		Prefix      string                `json:"prefix"`
		Name        string                `json:"name"`
		Permissions []Permission          `json:"permissions"`
		WorkspaceID mailstore.WorkspaceID `json:"workspaceId"`
		InboxID     mailstore.InboxID     `json:"inboxId,omitempty"`
		Networks    []netip.Prefix        `json:"networks"`
		ExpiresAt   *time.Time            `json:"expiresAt,omitempty"`
		CreatedAt   time.Time             `json:"createdAt"`
	}{k.ID, k.Kind.String(), k.Prefix, k.Name, k.Permissions, k.WorkspaceID, k.InboxID, k.Networks, k.ExpiresAt, k.CreatedAt})
}
