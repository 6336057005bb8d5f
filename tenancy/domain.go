package tenancy

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// DomainID is the id of a claim on a domain, dom_….
type DomainID string

// Status of a claim on a domain.
type Status string

const (
	Pending  Status = "pending"  // claimed, which excludes nobody; it receives and sends nothing
	Verified Status = "verified" // proven; one workspace only
)

// Domain is a workspace's claim on a domain.
type Domain struct {
	ID          DomainID
	Name        string // A-labels, lower case
	WorkspaceID mailstore.WorkspaceID
	Status      Status
	CatchAll    mailstore.InboxID // "" = off
	CreatedAt   time.Time
	UpdatedAt   time.Time
	VerifiedAt  *time.Time

	Proof     string          // ByOperator or ByDNS, of the last time that it was verified
	Taken     bool            // it is proven, and another workspace has it verified
	CheckedAt time.Time       // when its DNS was asked last; zero: never
	CheckDue  time.Time       // when it is asked next; zero: not by itself
	Checks    int             // how often it was asked since it was claimed, lost, or asked for by hand
	AwaySince time.Time       // since when nothing of it points here; zero: it does, or it is pending
	Sandbox   bool            // it is below the operator's sandbox domain, and not the workspace's to change
	Report    json.RawMessage // of the last Checkup; empty: there was none

	dkimPair  string    // which pair of DKIM keys signs
	dkimSince time.Time // since when; zero: from the first on
}

// NewDomain is what a claim is made from.
type NewDomain struct {
	Domain string // U-labels or A-labels
}

// DomainChange says what to change; nil fields stay.
type DomainChange struct {
	CatchAll *string // id or address of an inbox of the same workspace; "" = off
}

const domainColumns = "id, workspace_id, name, status, catch_all, created_at, updated_at, verified_at, proof, taken, checked_at, check_due, checks, away_since, report, dkim_pair, dkim_since, sandbox"

func readDomain(scan func(...any) error) (d Domain, id string, err error) {
	var catchAll sql.NullString
	var created, updated, checked, due, away, since int64
	var report string
	var verified sql.NullInt64
	if err = scan(&d.ID, &d.WorkspaceID, &d.Name, &d.Status, &catchAll, &created, &updated, &verified, &d.Proof, &d.Taken, &checked, &due, &d.Checks, &away, &report, &d.dkimPair, &since, &d.Sandbox); err != nil {
		return d, "", err
	}
	d.dkimSince, d.CheckedAt, d.CheckDue, d.AwaySince, d.Report = timeOrZero(since), timeOrZero(checked), timeOrZero(due), timeOrZero(away), json.RawMessage(report)
	d.CatchAll = mailstore.InboxID(catchAll.String)
	d.CreatedAt, d.UpdatedAt, d.VerifiedAt = fromMicro(created), fromMicro(updated), fromNull(verified)
	return d, string(d.ID), nil
}

// selectDomain gives the first row; ErrNotFound if there is none.
func selectDomain(tx *sqlite.Tx, where string, args ...any) (d Domain, err error) {
	err = tx.Each("SELECT "+domainColumns+" FROM domains WHERE "+where+" LIMIT 1", args, func(scan func(...any) error) (err error) {
		d, _, err = readDomain(scan)
		return err
	})
	if err == nil && d.ID == "" {
		err = ErrNotFound
	}
	return d, err
}

// findDomain finds a claim by its id or by the domain's name. Where several workspaces claim a name and the scope holds
// them all, the verified claim is meant, else the oldest.
func findDomain(tx *sqlite.Tx, s scope, nameOrID string) (Domain, error) {
	where, value := "id = ?", nameOrID
	if !ident.Valid("dom", nameOrID) {
		name, reason := parseDomain(nameOrID)
		if reason != "" {
			return Domain{}, ErrNotFound
		}
		where, value = "name = ?", name
	}
	if s.ws == "" {
		return selectDomain(tx, where+" ORDER BY status DESC, id", value)
	}
	return selectDomain(tx, where+" AND workspace_id = ?", value, s.ws)
}

func verifiedDomain(tx *sqlite.Tx, name string) (Domain, error) {
	return selectDomain(tx, "name = ? AND status = 'verified'", name)
}

// CreateDomain claims a domain for a workspace. An operator's word verifies it; another's claim is pending, as if nobody
// else had the domain, whether or not that is so. What the workspace has already is given back with existed.
func (g *Grant) CreateDomain(ctx context.Context, ws mailstore.WorkspaceID, n NewDomain) (d Domain, existed bool, err error) {
	if err := g.need(DomainsCreate); err != nil {
		return Domain{}, false, err
	}
	var p problems
	name, reason := parseDomain(n.Domain)
	switch {
	case reason != "":
		p.add("body.domain", "%s", reason)
	case len(name) > MaxClaim && g.Kind() != Operator:
		p.add("body.domain", "A domain has at most %d characters here, so that the names of its records fit into the DNS.", MaxClaim)
	}
	if err := p.err(); err != nil {
		return Domain{}, false, err
	}
	err = g.dir.change(ctx, func(tx *sqlite.Tx) (err error) {
		owner, err := g.one(tx, ws)
		if err != nil {
			return err
		}
		d, existed, err = g.dir.claim(tx, owner, name)
		if err == nil && g.Kind() == Operator && d.Status == Pending {
			d, err = g.dir.verify(tx, d, ByOperator)
		}
		return err
	})
	if err != nil {
		return Domain{}, false, err
	}
	return d, existed, nil
}

func (d *Directory) claim(tx *sqlite.Tx, ws mailstore.WorkspaceID, name string) (dom Domain, existed bool, err error) {
	if dom, err = findDomain(tx, scope{ws: ws}, name); err == nil {
		return dom, true, nil
	} else if !errors.Is(err, ErrNotFound) {
		return Domain{}, false, err
	}
	w, err := getWorkspace(tx, ws)
	if err != nil {
		return Domain{}, false, err
	}
	if w.SandboxDomain != "" {
		w.Domains-- // it was not asked for
	}
	if w.Domains >= MaxDomainsPerWorkspace {
		return Domain{}, false, errLimit("domains", MaxDomainsPerWorkspace)
	}
	id, now := d.newID("dom"), d.now().UnixMicro()
	if _, err := tx.Exec("INSERT INTO domains (id, workspace_id, name, status, check_due, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)", id, ws, name, Pending, now, now, now); err != nil {
		return Domain{}, false, fmt.Errorf("insert domain: %w", err)
	}
	dom, err = selectDomain(tx, "id = ?", id)
	return dom, false, err
}

// verify makes a claim the only one that counts.
func (d *Directory) verify(tx *sqlite.Tx, dom Domain, proof string) (Domain, error) {
	if _, err := verifiedDomain(tx, dom.Name); err == nil {
		return Domain{}, errDomainTaken
	} else if !errors.Is(err, ErrNotFound) {
		return Domain{}, err
	}
	now := d.now().UnixMicro()
	if _, err := tx.Exec("UPDATE domains SET status = ?, proof = ?, taken = 0, verified_at = ?, updated_at = ? WHERE id = ?", Verified, proof, now, now, dom.ID); err != nil {
		return Domain{}, fmt.Errorf("verify domain: %w", err)
	}
	dom, err := selectDomain(tx, "id = ?", dom.ID)
	if err != nil {
		return Domain{}, err
	}
	return dom, d.tellDomain(tx, DomainVerified, dom)
}

// Domains lists the claims of a workspace; for an operator who names none, of all.
func (g *Grant) Domains(ctx context.Context, ws mailstore.WorkspaceID, p Page) (out []Domain, next string, err error) {
	s, err := g.reach(DomainsRead, ws)
	if err != nil {
		return nil, "", err
	}
	err = g.dir.view(ctx, func(tx *sqlite.Tx) error {
		sel, err := s.selection(tx)
		if err != nil {
			return err
		}
		out, next, err = list(tx, "SELECT "+domainColumns+" FROM domains", "dom", sel, p, readDomain)
		return err
	})
	return out, next, err
}

// DefaultDomain is the domain of an inbox of a workspace that is made without one: the workspace's sandbox domain, else the verified
// one that it has claimed first. ErrNotFound if it has none.
func (g *Grant) DefaultDomain(ctx context.Context, ws mailstore.WorkspaceID) (name string, err error) {
	if err := g.need(InboxesCreate); err != nil {
		return "", err
	}
	err = g.dir.view(ctx, func(tx *sqlite.Tx) error {
		owner, err := g.one(tx, ws)
		if err != nil {
			return err
		}
		d, err := selectDomain(tx, "workspace_id = ? AND status = 'verified' ORDER BY sandbox DESC, id", owner)
		name = d.Name
		return err
	})
	return name, err
}

// Domain shows one claim, named by its id or by the domain.
func (g *Grant) Domain(ctx context.Context, ws mailstore.WorkspaceID, nameOrID string) (d Domain, err error) {
	s, err := g.reach(DomainsRead, ws)
	if err != nil {
		return Domain{}, err
	}
	err = g.dir.view(ctx, func(tx *sqlite.Tx) (err error) {
		d, err = findDomain(tx, s, nameOrID)
		return err
	})
	return d, err
}

// DomainReports gives a claim and what others have reported about its mail since a time. Anybody can write a report.
func (g *Grant) DomainReports(ctx context.Context, ws mailstore.WorkspaceID, nameOrID string, since time.Time) (d Domain, r mailstore.DomainReports, err error) {
	if d, err = g.Domain(ctx, ws, nameOrID); err == nil {
		r, err = g.dir.store.Workspace(d.WorkspaceID).Reports(ctx, d.Name, since)
	}
	return d, r, err
}

// UpdateDomain sets or clears the catch-all of a verified domain.
func (g *Grant) UpdateDomain(ctx context.Context, ws mailstore.WorkspaceID, nameOrID string, c DomainChange) (d Domain, err error) {
	s, err := g.reach(DomainsUpdate, ws)
	if err != nil {
		return Domain{}, err
	}
	err = g.dir.change(ctx, func(tx *sqlite.Tx) (err error) {
		if d, err = findDomain(tx, s, nameOrID); err != nil || c.CatchAll == nil {
			return err
		}
		d, err = g.dir.setCatchAll(tx, d, *c.CatchAll)
		return err
	})
	if err != nil {
		return Domain{}, err
	}
	return d, nil
}

func (d *Directory) setCatchAll(tx *sqlite.Tx, dom Domain, inbox string) (Domain, error) {
	var to place
	if inbox != "" {
		if dom.Status != Verified {
			return Domain{}, errNotVerified
		}
		var err error
		if to, err = findInbox(tx, scope{ws: dom.WorkspaceID}, inbox); err != nil {
			return Domain{}, err
		}
	}
	if _, err := tx.Exec("UPDATE domains SET catch_all = ?, updated_at = ? WHERE id = ?", orNull(to.inbox), d.now().UnixMicro(), dom.ID); err != nil {
		return Domain{}, fmt.Errorf("set catch-all: %w", err)
	}
	return selectDomain(tx, "id = ?", dom.ID)
}

// DeleteDomain gives a claim up. A domain at which inboxes have addresses is kept.
func (g *Grant) DeleteDomain(ctx context.Context, ws mailstore.WorkspaceID, nameOrID string) error {
	s, err := g.reach(DomainsDelete, ws)
	if err != nil {
		return err
	}
	return g.dir.change(ctx, func(tx *sqlite.Tx) error {
		d, err := findDomain(tx, s, nameOrID)
		if err != nil {
			return err
		}
		if d.Sandbox && g.Kind() != Operator {
			return errSandboxDomain
		}
		var used int
		if err := tx.Row("SELECT EXISTS (SELECT 1 FROM addresses WHERE domain_id = ?)", sqlite.Args(d.ID), &used); err != nil {
			return err
		}
		if used != 0 {
			return errDomainInUse
		}
		if _, err := tx.Exec("DELETE FROM domains WHERE id = ?", d.ID); err != nil {
			return fmt.Errorf("delete domain: %w", err)
		}
		return g.dir.tellDomain(tx, DomainDeleted, d)
	})
}
