package tenancy

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Inbox is a place where mail arrives, with its addresses and settings. Its mail is mailstore's.
type Inbox struct {
	ID          mailstore.InboxID
	WorkspaceID mailstore.WorkspaceID
	Address     string    // the primary one
	Addresses   []Address // all, the primary one first
	Username    string    // of the primary address
	Domain      string    // of the primary address
	DisplayName string
	Metadata    map[string]any // never nil
	UndoSeconds int            // how long a message waits so that it can be cancelled
	ClientID    string         // the word under which its maker makes it once; "" = none
	PausedAt    *time.Time     // since when it sends nothing; nil: it does
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// NewInbox is what an inbox is made from.
type NewInbox struct {
	Username    string
	Domain      string
	DisplayName string
	Metadata    map[string]any
	ClientID    string // another call with the same word gives the same inbox, whatever else it asks for; "" = none
}

// InboxChange says what to change; nil fields stay.
type InboxChange struct {
	DisplayName *string
	Metadata    map[string]any // by name: a value replaces what is there, nil removes it
	UndoSeconds *int           // 0 to MaxUndoSeconds
}

// MaxUndoSeconds is the longest undo window of an inbox.
const MaxUndoSeconds = 3600

// place is where an inbox is.
type place struct {
	ws    mailstore.WorkspaceID
	inbox mailstore.InboxID
}

// findInbox finds an inbox by its id or by any of its addresses. At a domain that has lost its state an address names its inbox as
// before, unless another workspace has the domain now.
func findInbox(tx *sqlite.Tx, s scope, idOrAddress string) (at place, err error) {
	if ident.Valid("inb", idOrAddress) {
		err = tx.Row("SELECT workspace_id, id FROM inboxes WHERE id = ?", sqlite.Args(idOrAddress), &at.ws, &at.inbox)
	} else if a, ok := parseAddress(idOrAddress); ok {
		err = tx.Row(`SELECT d.workspace_id, a.inbox_id FROM domains d JOIN addresses a ON a.domain_id = d.id WHERE d.name = ? AND a.local = ? AND ? IN ('', d.workspace_id)
			ORDER BY d.status DESC, d.updated_at DESC LIMIT 1`, sqlite.Args(a.domain, a.local, s.ws), &at.ws, &at.inbox)
	} else {
		err = ErrNotFound
	}
	if err == nil && !s.covers(at.ws, at.inbox) {
		err = ErrNotFound
	}
	if err != nil {
		return place{}, absent(err)
	}
	return at, nil
}

const inboxColumns = "id, workspace_id, display_name, metadata, undo_seconds, paused_at, client_id, created_at, updated_at"

// readInbox reads all but the addresses.
func readInbox(scan func(...any) error) (in Inbox, id string, err error) {
	var metadata string
	var paused, created, updated int64
	if err = scan(&in.ID, &in.WorkspaceID, &in.DisplayName, &metadata, &in.UndoSeconds, &paused, &in.ClientID, &created, &updated); err != nil {
		return in, "", err
	}
	if paused > 0 {
		at := fromMicro(paused)
		in.PausedAt = &at
	}
	in.CreatedAt, in.UpdatedAt = fromMicro(created), fromMicro(updated)
	in.Metadata, err = parseMetadata(metadata)
	return in, string(in.ID), err
}

func getInbox(tx *sqlite.Tx, id mailstore.InboxID) (Inbox, error) {
	var out []Inbox
	err := tx.Each("SELECT "+inboxColumns+" FROM inboxes WHERE id = ?", sqlite.Args(id), func(scan func(...any) error) error {
		in, _, err := readInbox(scan)
		out = append(out, in)
		return err
	})
	if err != nil {
		return Inbox{}, err
	}
	if len(out) == 0 {
		return Inbox{}, ErrNotFound
	}
	err = addAddresses(tx, out)
	return out[0], err
}

// PrimaryAddresses gives the primary addresses of inboxes that the grant reaches, by their ids. Who may see what is in an inbox may
// see what it is called.
func (g *Grant) PrimaryAddresses(ctx context.Context, ids []mailstore.InboxID) (all map[mailstore.InboxID]string, err error) {
	s, err := g.within("")
	if err != nil {
		return nil, err
	}
	list := make([]Inbox, len(ids))
	for i, id := range ids {
		list[i].ID = id
	}
	all = make(map[mailstore.InboxID]string, len(ids))
	err = g.dir.view(ctx, func(tx *sqlite.Tx) error {
		if err := addAddresses(tx, list); err != nil {
			return err
		}
		for _, in := range list {
			if _, err := findInbox(tx, s, string(in.ID)); err == nil {
				all[in.ID] = in.Address
			}
		}
		return nil
	})
	return all, err
}

// addAddresses fills in the addresses of inboxes.
func addAddresses(tx *sqlite.Tx, inboxes []Inbox) error {
	ids := make([]mailstore.InboxID, len(inboxes))
	at := make(map[mailstore.InboxID]*Inbox, len(inboxes))
	for i := range inboxes {
		ids[i] = inboxes[i].ID
		at[ids[i]] = &inboxes[i]
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	return tx.Each(`SELECT a.inbox_id, a.local, d.name, a.is_primary FROM addresses a JOIN domains d ON d.id = a.domain_id
		WHERE a.inbox_id IN (SELECT value FROM json_each(?)) ORDER BY a.is_primary DESC, a.created_at, a.local`, sqlite.Args(string(list)),
		func(scan func(...any) error) error {
			var id mailstore.InboxID
			var a address
			var primary bool
			if err := scan(&id, &a.local, &a.domain, &primary); err != nil {
				return err
			}
			in := at[id]
			in.Addresses = append(in.Addresses, Address{a.String(), primary})
			if primary {
				in.Address, in.Username, in.Domain = a.String(), a.local, a.domain
			}
			return nil
		})
}

// CreateInbox makes an inbox at a verified domain of the workspace, with a password that is shown here and never again.
// The password may do no more with mail than the grant that makes it. An inbox of the workspace that has the address as
// its primary one is given back with existed and without a password.
func (g *Grant) CreateInbox(ctx context.Context, ws mailstore.WorkspaceID, n NewInbox) (in Inbox, password string, existed bool, err error) {
	if err := g.need(InboxesCreate); err != nil {
		return Inbox{}, "", false, err
	}
	spec, err := n.check()
	if err != nil {
		return Inbox{}, "", false, err
	}
	err = g.dir.change(ctx, func(tx *sqlite.Tx) error {
		spec.id, password, existed = mailstore.InboxID(g.dir.newID("inb")), "", false
		if spec.ws, err = g.one(tx, ws); err != nil {
			return err
		}
		if in, existed, err = inboxOfClient(tx, spec.ws, n.ClientID); existed || err != nil {
			return err
		}
		domain, err := findDomain(tx, scope{ws: spec.ws}, spec.address.domain)
		if err != nil {
			return err
		}
		if domain.Status != Verified {
			return errNotVerified
		}
		if in, existed, err = existingInbox(tx, domain.ID, spec.address.local); existed || err != nil {
			return err
		}
		if in, err = g.dir.insertInbox(tx, spec, domain.ID); err != nil {
			return err
		}
		password, err = g.setPassword(tx, in.ID)
		return err
	})
	if err != nil {
		return Inbox{}, "", false, err
	}
	return in, password, existed, nil
}

// inboxSpec is a NewInbox that was found good.
type inboxSpec struct {
	id          mailstore.InboxID
	ws          mailstore.WorkspaceID
	address     address
	displayName string
	metadata    string
	clientID    string
}

func (n NewInbox) check() (spec inboxSpec, err error) {
	var p problems
	var reason string
	if spec.address.local, reason = parseUsername(n.Username); reason != "" {
		p.add("body.username", "%s", reason)
	}
	if spec.address.domain, reason = parseDomain(n.Domain); reason != "" {
		p.add("body.domain", "%s", reason)
	}
	p.checkDisplayName("body.displayName", n.DisplayName)
	p.checkClientID(n.ClientID)
	spec.displayName, spec.clientID = n.DisplayName, n.ClientID
	spec.metadata = p.checkMetadata("body.metadata", merged(nil, n.Metadata))
	return spec, p.err()
}

// existingInbox finds the inbox that has an address as its primary one; an alias is a conflict.
func existingInbox(tx *sqlite.Tx, domain DomainID, local string) (in Inbox, existed bool, err error) {
	var id mailstore.InboxID
	var primary bool
	err = tx.Row("SELECT inbox_id, is_primary FROM addresses WHERE domain_id = ? AND local = ?", sqlite.Args(domain, local), &id, &primary)
	switch {
	case sqlite.NoRows(err):
		return Inbox{}, false, nil
	case err != nil:
		return Inbox{}, false, err
	case !primary:
		return Inbox{}, false, errAddressTaken
	}
	in, err = getInbox(tx, id)
	return in, err == nil, err
}

func (d *Directory) insertInbox(tx *sqlite.Tx, spec inboxSpec, domain DomainID) (Inbox, error) {
	w, err := getWorkspace(tx, spec.ws)
	if err != nil {
		return Inbox{}, err
	}
	if w.Inboxes >= MaxInboxesPerWorkspace {
		return Inbox{}, errLimit("inboxes", MaxInboxesPerWorkspace)
	}
	now := d.now().UnixMicro()
	if _, err := tx.Exec("INSERT INTO inboxes (id, workspace_id, display_name, metadata, client_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)", spec.id, spec.ws, spec.displayName, spec.metadata, spec.clientID, now, now); err != nil {
		return Inbox{}, fmt.Errorf("insert inbox: %w", err)
	}
	if err := d.insertAddress(tx, domain, spec.address.local, spec.id, true); err != nil {
		return Inbox{}, err
	}
	in, err := getInbox(tx, spec.id)
	if err != nil {
		return Inbox{}, err
	}
	return in, d.tellInbox(tx, InboxCreated, in)
}

// InboxFilter narrows a list of inboxes. Zero fields do not narrow.
type InboxFilter struct {
	MetadataName  string // only inboxes that have MetadataValue, a text or a number, under this name
	MetadataValue string
	Words         string // each begins a word of the display name, the user name, the domain or an address
}

// Inboxes lists the inboxes of a workspace: for an operator who names none, of all; for an inbox key, its own.
func (g *Grant) Inboxes(ctx context.Context, ws mailstore.WorkspaceID, f InboxFilter, p Page) (out []Inbox, next string, err error) {
	if err := g.need(InboxesRead); err != nil {
		return nil, "", err
	}
	s, err := g.within(ws)
	if err != nil {
		return nil, "", err
	}
	err = g.dir.view(ctx, func(tx *sqlite.Tx) error {
		sel, err := s.selection(tx)
		if err != nil {
			return err
		}
		if s.inbox != "" {
			sel.and("id = ?", s.inbox)
		}
		sel.withWords(strings.Fields(f.Words))
		if f.MetadataName != "" {
			sel.and("EXISTS (SELECT 1 FROM json_each(metadata) WHERE key = ? AND type IN ('text', 'integer', 'real') AND CAST(value AS TEXT) = ?)", f.MetadataName, f.MetadataValue)
		}
		if out, next, err = list(tx, "SELECT "+inboxColumns+" FROM inboxes", "inb", sel, p, readInbox); err != nil {
			return err
		}
		return addAddresses(tx, out)
	})
	return out, next, err
}

// withWords narrows to inboxes that words are found of.
func (s *selection) withWords(words []string) {
	for _, word := range words {
		begins, within := likePrefix(word), "% "+likePrefix(word)
		s.and(`(display_name LIKE ? ESCAPE '\' OR display_name LIKE ? ESCAPE '\' OR EXISTS (SELECT 1 FROM addresses a JOIN domains d ON d.id = a.domain_id
			WHERE a.inbox_id = inboxes.id AND (a.local LIKE ? ESCAPE '\' OR d.name LIKE ? ESCAPE '\' OR a.local || '@' || d.name LIKE ? ESCAPE '\')))`, begins, within, begins, begins, begins)
	}
}

// likePrefix is the pattern of what begins with a text.
func likePrefix(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s) + "%"
}

// Inbox shows one inbox, named by its id or any of its addresses.
func (g *Grant) Inbox(ctx context.Context, ws mailstore.WorkspaceID, idOrAddress string) (in Inbox, err error) {
	err = g.inInbox(ctx, g.dir.view, InboxesRead, ws, idOrAddress, func(tx *sqlite.Tx, at place) (err error) {
		in, err = getInbox(tx, at.inbox)
		return err
	})
	return in, err
}

// inInbox runs do, in a view or a change, with the inbox that the caller named, if it is the caller's.
func (g *Grant) inInbox(ctx context.Context, run func(context.Context, func(*sqlite.Tx) error) error, p Permission,
	ws mailstore.WorkspaceID, idOrAddress string, do func(*sqlite.Tx, place) error) error {
	if err := g.need(p); err != nil {
		return err
	}
	s, err := g.within(ws)
	if err != nil {
		return err
	}
	return run(ctx, func(tx *sqlite.Tx) error {
		at, err := findInbox(tx, s, idOrAddress)
		if err != nil {
			return err
		}
		return do(tx, at)
	})
}

// changed stamps an inbox, tells of it and gives it as it is now.
func (d *Directory) changed(tx *sqlite.Tx, id mailstore.InboxID) (Inbox, error) {
	if _, err := tx.Exec("UPDATE inboxes SET updated_at = ? WHERE id = ?", d.now().UnixMicro(), id); err != nil {
		return Inbox{}, fmt.Errorf("update inbox: %w", err)
	}
	in, err := getInbox(tx, id)
	if err != nil {
		return Inbox{}, err
	}
	return in, d.tellInbox(tx, InboxUpdated, in)
}

// UpdateInbox changes what an inbox is called and what is noted about it.
func (g *Grant) UpdateInbox(ctx context.Context, ws mailstore.WorkspaceID, idOrAddress string, c InboxChange) (in Inbox, err error) {
	var p problems
	if c.DisplayName != nil {
		p.checkDisplayName("body.displayName", *c.DisplayName)
	}
	if c.UndoSeconds != nil && (*c.UndoSeconds < 0 || *c.UndoSeconds > MaxUndoSeconds) {
		p.add("body.undoSeconds", "0 to %d seconds.", MaxUndoSeconds)
	}
	err = g.inInbox(ctx, g.dir.change, InboxesUpdate, ws, idOrAddress, func(tx *sqlite.Tx, at place) (err error) {
		p := p // a run that is repeated begins anew
		if in, err = getInbox(tx, at.inbox); err != nil {
			return err
		}
		metadata := p.checkMetadata("body.metadata", merged(in.Metadata, c.Metadata))
		if err := p.err(); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE inboxes SET display_name = COALESCE(?, display_name), metadata = ?, undo_seconds = COALESCE(?, undo_seconds) WHERE id = ?",
			c.DisplayName, metadata, c.UndoSeconds, at.inbox); err != nil {
			return fmt.Errorf("update inbox: %w", err)
		}
		in, err = g.dir.changed(tx, at.inbox)
		return err
	})
	return in, err
}

// PauseInbox keeps an inbox from sending until ResumeInbox: by the API, by submission, for everybody. Mail still comes in and
// is read. What waits in its outbox by then still leaves, unless it is held there.
func (g *Grant) PauseInbox(ctx context.Context, ws mailstore.WorkspaceID, idOrAddress string) (Inbox, error) {
	return g.setPaused(ctx, ws, idOrAddress, true)
}

// ResumeInbox lets an inbox send again.
func (g *Grant) ResumeInbox(ctx context.Context, ws mailstore.WorkspaceID, idOrAddress string) (Inbox, error) {
	return g.setPaused(ctx, ws, idOrAddress, false)
}

// setPaused tells of what has changed; an inbox that is so already stays as it is.
func (g *Grant) setPaused(ctx context.Context, ws mailstore.WorkspaceID, idOrAddress string, paused bool) (in Inbox, err error) {
	err = g.inInbox(ctx, g.dir.change, InboxesUpdate, ws, idOrAddress, func(tx *sqlite.Tx, at place) (err error) {
		if in, err = getInbox(tx, at.inbox); err != nil || (in.PausedAt != nil) == paused {
			return err
		}
		now := g.dir.now().UnixMicro()
		since, event := int64(0), InboxResumed
		if paused {
			since, event = now, InboxPaused
		}
		if _, err := tx.Exec("UPDATE inboxes SET paused_at = ?, updated_at = ? WHERE id = ?", since, now, at.inbox); err != nil {
			return fmt.Errorf("pause inbox: %w", err)
		}
		if in, err = getInbox(tx, at.inbox); err != nil {
			return err
		}
		return g.dir.tellInbox(tx, event, in)
	})
	return in, err
}

// DeleteInbox deletes an inbox with its addresses, keys and password, for good. Its mail is gone from the disk a moment
// later, when Relay has removed it. Its addresses may be given to another inbox at once.
func (g *Grant) DeleteInbox(ctx context.Context, ws mailstore.WorkspaceID, idOrAddress string) error {
	return g.inInbox(ctx, g.dir.change, InboxesDelete, ws, idOrAddress, func(tx *sqlite.Tx, at place) error {
		in, err := getInbox(tx, at.inbox)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM inboxes WHERE id = ?", at.inbox); err != nil {
			return fmt.Errorf("delete inbox: %w", err)
		}
		if err := g.dir.tellInbox(tx, InboxDeleted, in); err != nil {
			return err
		}
		return g.dir.orderRemoval(tx, at.ws, at.inbox)
	})
}
