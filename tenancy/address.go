package tenancy

import (
	"context"
	"fmt"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Address is one address of an inbox in its canonical form: folded local part, domain in A-labels.
type Address struct {
	Address string
	Primary bool
}

// errWorkspaceOnly keeps an inbox key from taking names of its workspace's domains.
var errWorkspaceOnly = fault.New(fault.Forbidden, "permission_denied", "A key of an inbox cannot change addresses; use a key of its workspace.")

func (d *Directory) insertAddress(tx *sqlite.Tx, domain DomainID, local string, inbox mailstore.InboxID, primary bool) error {
	_, err := tx.Exec("INSERT INTO addresses (domain_id, local, inbox_id, is_primary, created_at) VALUES (?, ?, ?, ?, ?)", domain, local, inbox, primary, d.now().UnixMicro())
	if err != nil {
		return fmt.Errorf("insert address: %w", err)
	}
	return nil
}

// AddAddress gives an inbox one more address at a verified domain of its workspace, as its primary one if asked. An
// address that it has already may so become primary; another inbox's is a Conflict.
func (g *Grant) AddAddress(ctx context.Context, ws mailstore.WorkspaceID, inbox, addr string, primary bool) (in Inbox, err error) {
	var p problems
	a := p.checkAddress("body.address", addr)
	err = g.inAddresses(ctx, ws, inbox, func(tx *sqlite.Tx, at place) error {
		if err := p.err(); err != nil {
			return err
		}
		if err := g.dir.addAddress(tx, at, a); err != nil {
			return err
		}
		if primary {
			if err := makePrimary(tx, at.inbox, a); err != nil {
				return err
			}
		}
		in, err = g.dir.changed(tx, at.inbox)
		return err
	})
	return in, err
}

// inAddresses is inInbox for changes of addresses, which are its workspace's to give.
func (g *Grant) inAddresses(ctx context.Context, ws mailstore.WorkspaceID, inbox string, do func(*sqlite.Tx, place) error) error {
	return g.inInbox(ctx, g.dir.change, InboxesUpdate, ws, inbox, func(tx *sqlite.Tx, at place) error {
		if g.Kind() == InboxKey {
			return errWorkspaceOnly
		}
		return do(tx, at)
	})
}

// checkAddress reads an address that is to be made.
func (p *problems) checkAddress(path, s string) (a address) {
	local, domain, ok := splitAddress(s)
	if !ok {
		p.add(path, "An address is needed, such as name@example.com.")
		return address{}
	}
	var reason string
	if a.local, reason = parseUsername(local); reason != "" {
		p.add(path, "%s", reason)
	}
	if a.domain, reason = parseDomain(domain); reason != "" {
		p.add(path, "%s", reason)
	}
	return a
}

func (d *Directory) addAddress(tx *sqlite.Tx, at place, a address) error {
	domain, err := findDomain(tx, scope{ws: at.ws}, a.domain)
	if err != nil {
		return err
	}
	if domain.Status != Verified {
		return errNotVerified
	}
	switch owner, err := inboxAt(tx, domain.ID, a.local); {
	case err == nil && owner == at.inbox:
		return nil
	case err == nil:
		return errAddressTaken
	case !sqlite.NoRows(err):
		return err
	}
	var count int
	if err := tx.Row("SELECT COUNT(*) FROM addresses WHERE inbox_id = ?", sqlite.Args(at.inbox), &count); err != nil {
		return err
	}
	if count >= MaxAddressesPerInbox {
		return errLimit("addresses", MaxAddressesPerInbox)
	}
	return d.insertAddress(tx, domain.ID, a.local, at.inbox, false)
}

func makePrimary(tx *sqlite.Tx, inbox mailstore.InboxID, a address) error {
	if _, err := tx.Exec("UPDATE addresses SET is_primary = 0 WHERE inbox_id = ? AND is_primary = 1", inbox); err != nil {
		return fmt.Errorf("change primary address: %w", err)
	}
	_, err := tx.Exec("UPDATE addresses SET is_primary = 1 WHERE inbox_id = ? AND local = ? AND domain_id = (SELECT id FROM domains WHERE name = ? AND status = 'verified')", inbox, a.local, a.domain)
	if err != nil {
		return fmt.Errorf("change primary address: %w", err)
	}
	return nil
}

// RemoveAddress takes an address from an inbox, other than its primary one.
func (g *Grant) RemoveAddress(ctx context.Context, ws mailstore.WorkspaceID, inbox, addr string) (in Inbox, err error) {
	a, ok := parseAddress(addr)
	err = g.inAddresses(ctx, ws, inbox, func(tx *sqlite.Tx, at place) error {
		if !ok {
			return ErrNotFound
		}
		var domain DomainID
		var primary bool
		err := tx.Row("SELECT a.domain_id, a.is_primary FROM addresses a JOIN domains d ON d.id = a.domain_id WHERE a.inbox_id = ? AND a.local = ? AND d.name = ?",
			sqlite.Args(at.inbox, a.local, a.domain), &domain, &primary)
		if err != nil {
			return absent(err)
		}
		if primary {
			return errPrimary
		}
		if _, err := tx.Exec("DELETE FROM addresses WHERE domain_id = ? AND local = ?", domain, a.local); err != nil {
			return fmt.Errorf("delete address: %w", err)
		}
		in, err = g.dir.changed(tx, at.inbox)
		return err
	})
	return in, err
}
