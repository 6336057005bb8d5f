package tenancy

import (
	"context"
	"errors"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Recipient is where mail for an address goes.
type Recipient struct {
	Inbox        mailstore.Inbox
	InboxID      mailstore.InboxID
	WorkspaceID  mailstore.WorkspaceID
	Address      string              // canonical form of what was asked: folded, domain in A-labels; a +suffix is kept as it came
	RejectForged bool                // the workspace has mail rejected whose author's domain asks for it
	Bounce       mailstore.MessageID // the message that this is the return path of; "" if it is none
	Report       bool                // it is the domain's address for reports about its mail, and nobody has it otherwise
}

// suffixMark begins what a sender may add to the local part of any address.
const suffixMark = "+"

// ReportsLocal is the local part of the address that each domain has for what others report about its mail (RFC 7489, RFC 8460), unless
// an inbox has it.
const ReportsLocal = "mail-reports"

// Reports is a domain's address for what others report about its mail.
func (dom Domain) Reports() string { return ReportsLocal + "@" + dom.Name }

// Recipient finds where mail for addr goes: to the inbox that has the address, or has it without its +suffix; for
// postmaster and abuse (RFC 5321 4.5.1, RFC 2142) to somebody of the domain; else to the domain's catch-all. Only
// verified domains have recipients. ErrNotFound means that there is none; any other error says nothing about addr.
func (d *Directory) Recipient(ctx context.Context, addr string) (Recipient, error) {
	local, domain, ok := splitAddress(addr)
	if !ok {
		return Recipient{}, ErrNotFound
	}
	name, reason := parseDomain(domain)
	if reason != "" {
		return Recipient{}, ErrNotFound
	}
	secret, err := d.secret(ctx)
	if err != nil {
		return Recipient{}, err
	}
	var r Recipient
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		dom, err := verifiedDomain(tx, name)
		if err != nil {
			return err
		}
		r.WorkspaceID = dom.WorkspaceID
		if err := tx.Row("SELECT forged = 'reject' FROM workspaces WHERE id = ?", sqlite.Args(dom.WorkspaceID), &r.RejectForged); err != nil {
			return err
		}
		if isReturnPath(local) {
			r.Address = fold(local) + "@" + dom.Name
			r.Bounce, err = d.bounced(secret, dom, local)
			return err
		}
		if fold(local) == ReportsLocal {
			if r.InboxID, err = inboxAt(tx, dom.ID, ReportsLocal); sqlite.NoRows(err) {
				r.Report, r.Address = true, ReportsLocal+"@"+dom.Name
				r.InboxID, err = somebody(tx, dom)
				return absent(err)
			}
		}
		r.InboxID, r.Address, err = route(tx, dom, local)
		return err
	})
	if err == nil && r.Bounce != "" {
		r.InboxID, err = d.store.Workspace(r.WorkspaceID).Outbox().Inbox(ctx, r.Bounce)
	}
	if err != nil {
		return Recipient{}, err
	}
	r.Inbox = d.store.Workspace(r.WorkspaceID).Inbox(r.InboxID)
	return r, nil
}

// route finds the inbox for a local part at a verified domain, and the canonical form of the address.
func route(tx *sqlite.Tx, dom Domain, local string) (mailstore.InboxID, string, error) {
	whole := address{fold(local), dom.Name}
	id, err := inboxAt(tx, dom.ID, whole.local)
	if err == nil || !sqlite.NoRows(err) {
		return id, whole.String(), err
	}
	canonical, base := whole.String(), whole.local
	if before, suffix, found := strings.Cut(local, suffixMark); found && before != "" {
		base = fold(before)
		canonical = address{base + suffixMark + suffix, dom.Name}.String()
		if id, err = inboxAt(tx, dom.ID, base); err == nil || !sqlite.NoRows(err) {
			return id, canonical, err
		}
	}
	id = dom.CatchAll
	if id == "" && (base == "postmaster" || base == "abuse") {
		id, err = somebody(tx, dom)
		return id, canonical, absent(err)
	}
	if id == "" {
		return "", "", ErrNotFound
	}
	return id, canonical, nil
}

func inboxAt(tx *sqlite.Tx, domain DomainID, local string) (id mailstore.InboxID, err error) {
	err = tx.Row("SELECT inbox_id FROM addresses WHERE domain_id = ? AND local = ?", sqlite.Args(domain, local), &id)
	return id, err
}

// somebody is who answers for a domain that names nobody: its oldest inbox, else the oldest one of its workspace. Only
// a workspace without any inbox has nobody.
func somebody(tx *sqlite.Tx, dom Domain) (id mailstore.InboxID, err error) {
	err = tx.Row("SELECT inbox_id FROM addresses WHERE domain_id = ? ORDER BY inbox_id LIMIT 1", sqlite.Args(dom.ID), &id)
	if sqlite.NoRows(err) {
		err = tx.Row("SELECT id FROM inboxes WHERE workspace_id = ? ORDER BY id LIMIT 1", sqlite.Args(dom.WorkspaceID), &id)
	}
	return id, err
}

// Home finds an inbox of a workspace under its primary address, for what is told to who sent a message: whoever has the
// sender's address by now may be somebody else. ErrNotFound if the inbox is gone.
func (d *Directory) Home(ctx context.Context, ws mailstore.WorkspaceID, inbox mailstore.InboxID) (r Recipient, err error) {
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		in, err := getInbox(tx, inbox)
		if err == nil && in.WorkspaceID != ws {
			err = ErrNotFound
		}
		r = Recipient{InboxID: inbox, WorkspaceID: ws, Address: in.Address}
		return err
	})
	if err != nil {
		return Recipient{}, err
	}
	r.Inbox = d.store.Workspace(ws).Inbox(inbox)
	return r, nil
}

// Postmaster finds where mail for <Postmaster> without a domain goes (RFC 5321, 4.5.1): to the postmaster of the host's
// own domain if that is verified here and has one, else of the oldest verified domain at which there is an inbox.
func (d *Directory) Postmaster(ctx context.Context) (Recipient, error) {
	if d.opts.Hostname != "" {
		r, err := d.Recipient(ctx, "postmaster@"+d.opts.Hostname)
		if !errors.Is(err, ErrNotFound) {
			return r, err
		}
	}
	var name string
	err := d.view(ctx, func(tx *sqlite.Tx) error {
		return absent(tx.Row("SELECT name FROM domains d WHERE status = 'verified' AND EXISTS (SELECT 1 FROM addresses a WHERE a.domain_id = d.id) ORDER BY id LIMIT 1", nil, &name))
	})
	if err != nil {
		return Recipient{}, err
	}
	return d.Recipient(ctx, "postmaster@"+name)
}

// Local is the workspace that has domain as a verified domain; "" if none has, so that mail for it is relaying. An error says
// nothing about the domain.
func (d *Directory) Local(ctx context.Context, domain string) (ws mailstore.WorkspaceID, err error) {
	name, reason := parseDomain(domain)
	if reason != "" {
		return "", nil
	}
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		dom, err := verifiedDomain(tx, name)
		ws = dom.WorkspaceID
		return err
	})
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return ws, err
}
