package tenancy

import (
	"context"
	"fmt"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Workspace is one tenant.
type Workspace struct {
	ID       mailstore.WorkspaceID
	Name     string
	Metadata map[string]any // never nil
	Inboxes  int
	Domains  int
	ClientID string // the word under which its maker makes it once; "" = none
	Forged   string // what becomes of mail whose author's domain asks to have it rejected: RejectForged or JunkForged

	SandboxDomain string // that it has from the start, verified; "": this server has none

	CreatedAt time.Time
	UpdatedAt time.Time
}

// What becomes of mail whose author's domain asks to have it rejected (RFC 7489, 6.3).
const (
	RejectForged = "reject"
	JunkForged   = "junk"
)

// NewWorkspace is what a workspace is made from.
type NewWorkspace struct {
	Name     string
	Metadata map[string]any
	ClientID string // another call with the same word gives the same workspace; "" makes a new one always
}

// WorkspaceChange says what to change; nil fields stay.
type WorkspaceChange struct {
	Name     *string
	Metadata map[string]any // by name: a value replaces what is there, nil removes it
	Forged   *string        // RejectForged or JunkForged
}

const workspaceColumns = "id, name, metadata, inboxes, domains, forged, client_id, created_at, updated_at, " +
	"COALESCE((SELECT d.name FROM domains d WHERE d.workspace_id = workspaces.id AND d.sandbox = 1), '')"

func readWorkspace(scan func(...any) error) (w Workspace, id string, err error) {
	var metadata string
	var created, updated int64
	if err = scan(&w.ID, &w.Name, &metadata, &w.Inboxes, &w.Domains, &w.Forged, &w.ClientID, &created, &updated, &w.SandboxDomain); err != nil {
		return w, "", err
	}
	w.CreatedAt, w.UpdatedAt = fromMicro(created), fromMicro(updated)
	w.Metadata, err = parseMetadata(metadata)
	return w, string(w.ID), err
}

func getWorkspace(tx *sqlite.Tx, id mailstore.WorkspaceID) (w Workspace, err error) {
	err = tx.Each("SELECT "+workspaceColumns+" FROM workspaces WHERE id = ?", sqlite.Args(id), func(scan func(...any) error) (err error) {
		w, _, err = readWorkspace(scan)
		return err
	})
	if err == nil && w.ID == "" {
		err = ErrNotFound
	}
	return w, err
}

func workspaceExists(tx *sqlite.Tx, id mailstore.WorkspaceID) error {
	var one int
	return absent(tx.Row("SELECT 1 FROM workspaces WHERE id = ?", sqlite.Args(id), &one))
}

// CreateWorkspace makes a workspace, a new one whatever its name, unless its client's word for it is known. Only operators do.
func (g *Grant) CreateWorkspace(ctx context.Context, n NewWorkspace) (w Workspace, err error) {
	if g.Kind() != Operator {
		return Workspace{}, errOperatorOnly
	}
	if err := g.need(WorkspacesCreate); err != nil {
		return Workspace{}, err
	}
	var p problems
	p.checkName("body.name", n.Name)
	metadata := p.checkMetadata("body.metadata", merged(nil, n.Metadata))
	p.checkClientID(n.ClientID)
	if err := p.err(); err != nil {
		return Workspace{}, err
	}
	err = g.dir.change(ctx, func(tx *sqlite.Tx) (err error) {
		id, err := workspaceOfClient(tx, n.ClientID)
		if err == nil && id == "" {
			id, err = g.dir.makeWorkspace(tx, n, metadata)
		}
		if err != nil {
			return err
		}
		w, err = getWorkspace(tx, id)
		return err
	})
	return w, err
}

// makeWorkspace makes a workspace with what it has from the start.
func (d *Directory) makeWorkspace(tx *sqlite.Tx, n NewWorkspace, metadata string) (mailstore.WorkspaceID, error) {
	id, err := d.insertWorkspace(tx, n.Name, metadata)
	if err == nil {
		err = nameForClient(tx, "workspaces", string(id), n.ClientID)
	}
	if err == nil {
		err = d.giveSandbox(tx, id, n.Name)
	}
	return id, err
}

func (d *Directory) insertWorkspace(tx *sqlite.Tx, name, metadata string) (mailstore.WorkspaceID, error) {
	id, now := mailstore.WorkspaceID(d.newID("ws")), d.now().UnixMicro()
	if _, err := tx.Exec("INSERT INTO workspaces (id, name, metadata, created_at, updated_at) VALUES (?, ?, ?, ?, ?)", id, name, metadata, now, now); err != nil {
		return "", fmt.Errorf("insert workspace: %w", err)
	}
	return id, nil
}

// Workspaces lists what the grant reaches: all for operators, its own for a workspace key.
func (g *Grant) Workspaces(ctx context.Context, p Page) (out []Workspace, next string, err error) {
	s, err := g.reach(WorkspacesRead, "")
	if err != nil {
		return nil, "", err
	}
	var sel selection
	if s.ws != "" {
		sel.and("id = ?", s.ws)
	}
	err = g.dir.view(ctx, func(tx *sqlite.Tx) (err error) {
		out, next, err = list(tx, "SELECT "+workspaceColumns+" FROM workspaces", "ws", sel, p, readWorkspace)
		return err
	})
	return out, next, err
}

// Totals is how much there is of what a grant reaches.
type Totals struct {
	Workspaces, Inboxes, Domains int
	CreatedAt, UpdatedAt         time.Time // of the oldest workspace, and the latest change of one; zero if there is none
}

// Totals counts: everything for operators, its own workspace for a workspace key.
func (g *Grant) Totals(ctx context.Context) (t Totals, err error) {
	s, err := g.reach(WorkspacesRead, "")
	if err != nil {
		return t, err
	}
	var created, updated int64
	err = g.dir.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Row("SELECT COUNT(*), COALESCE(SUM(inboxes), 0), COALESCE(SUM(domains), 0), COALESCE(MIN(created_at), 0), COALESCE(MAX(updated_at), 0) FROM workspaces WHERE ?1 IN ('', id)",
			sqlite.Args(s.ws), &t.Workspaces, &t.Inboxes, &t.Domains, &created, &updated)
	})
	t.CreatedAt, t.UpdatedAt = timeOrZero(created), timeOrZero(updated)
	return t, err
}

// reach is need and wide in one.
func (g *Grant) reach(p Permission, ws mailstore.WorkspaceID) (scope, error) {
	if err := g.need(p); err != nil {
		return scope{}, err
	}
	return g.wide(ws)
}

// Workspace shows one workspace.
func (g *Grant) Workspace(ctx context.Context, id mailstore.WorkspaceID) (w Workspace, err error) {
	s, err := g.reach(WorkspacesRead, id)
	if err != nil {
		return Workspace{}, err
	}
	err = g.dir.view(ctx, func(tx *sqlite.Tx) (err error) {
		w, err = getWorkspace(tx, s.ws)
		return err
	})
	return w, err
}

// UpdateWorkspace changes a workspace. Only operators do.
func (g *Grant) UpdateWorkspace(ctx context.Context, id mailstore.WorkspaceID, c WorkspaceChange) (w Workspace, err error) {
	reach := g.own
	if c.Name == nil && c.Metadata == nil && c.Forged != nil { // a tenant's own choice
		reach = g.reach
	}
	s, err := reach(WorkspacesUpdate, id)
	if err != nil {
		return Workspace{}, err
	}
	var p problems
	if c.Forged != nil && *c.Forged != RejectForged && *c.Forged != JunkForged {
		p.add("body.forged", `"reject" or "junk".`)
	}
	if c.Name != nil {
		p.checkName("body.name", *c.Name)
	}
	err = g.dir.change(ctx, func(tx *sqlite.Tx) (err error) {
		p := p // a run that is repeated begins anew
		if w, err = getWorkspace(tx, s.ws); err != nil {
			return err
		}
		metadata := p.checkMetadata("body.metadata", merged(w.Metadata, c.Metadata))
		if err := p.err(); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE workspaces SET name = COALESCE(?, name), metadata = ?, forged = COALESCE(?, forged), updated_at = ? WHERE id = ?",
			c.Name, metadata, c.Forged, g.dir.now().UnixMicro(), s.ws)
		if err != nil {
			return fmt.Errorf("update workspace: %w", err)
		}
		w, err = getWorkspace(tx, s.ws)
		return err
	})
	return w, err
}

// own is reach for what only operators do to a workspace: others are refused at their own, and see no other.
func (g *Grant) own(p Permission, id mailstore.WorkspaceID) (scope, error) {
	s, err := g.reach(p, id)
	if err == nil && g.Kind() != Operator {
		err = errOperatorOnly
	}
	return s, err
}

// DeleteWorkspace deletes a workspace with all that is in it, for good. Only operators do. Its mail is gone from the
// disk a moment later, when Relay has removed it.
func (g *Grant) DeleteWorkspace(ctx context.Context, id mailstore.WorkspaceID) error {
	s, err := g.own(WorkspacesDelete, id)
	if err != nil {
		return err
	}
	return g.dir.change(ctx, func(tx *sqlite.Tx) error {
		if err := workspaceExists(tx, s.ws); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM news WHERE workspace_id = ?", s.ws); err != nil {
			return fmt.Errorf("delete news: %w", err)
		}
		if _, err := tx.Exec("DELETE FROM workspaces WHERE id = ?", s.ws); err != nil {
			return fmt.Errorf("delete workspace: %w", err)
		}
		return g.dir.orderRemoval(tx, s.ws, "")
	})
}
