package tenancy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Who says that a domain is the workspace's.
const (
	ByOperator = "operator" // whose word nothing in the DNS revokes
	ByDNS      = "dns"      // a text that only who has the domain can put there
)

const (
	// AwayGrace is how long a domain that was proven by the DNS keeps its state while nothing of it points here any more.
	AwayGrace = 7 * 24 * time.Hour

	// maxUnseen is how much of the time between two answers counts as away: in more of it nobody has looked.
	maxUnseen = 48 * time.Hour

	maxReport = 256 << 10 // octets of Checkup.Report; a longer one is not kept
)

// errReport is answered for a report that is too long to be kept.
var errReport = fault.New(fault.Invalid, "report_too_long", "The report of a domain has at most %d octets.", maxReport)

// Checkup is what the DNS said of a domain when it was asked.
type Checkup struct {
	At, Due time.Time // when that was, and when to ask again; a zero Due: not by itself
	Failed  bool      // the DNS did not answer what counts, which says nothing of Owned and Here
	Owned   bool      // the text is there that proves the workspace's claim
	Here    bool      // mail for the domain comes here, or is signed with a key of the claim's that the domain has published

	Report  json.RawMessage // for who shows it
	Changes json.RawMessage // what is worse than before, to be told; nil: nothing
}

// Ownership is the text by which the DNS of a domain proves a workspace's claim. It is the same for ever, and another one for each
// workspace and domain.
func (d *Directory) Ownership(ctx context.Context, dom Domain) (string, error) {
	secret, err := d.secret(ctx)
	if err != nil {
		return "", err
	}
	return mac(secret, "ownership", string(dom.WorkspaceID), dom.Name, "1") + mac(secret, "ownership", string(dom.WorkspaceID), dom.Name, "2"), nil
}

// DueDomains lists claims whose DNS is to be asked by now: of each workspace the longest due, then of each the next, and so on, so that
// one with many keeps no other waiting.
func (d *Directory) DueDomains(ctx context.Context, limit int) (list []Domain, err error) {
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT "+domainColumns+` FROM domains JOIN (
				SELECT id AS due, ROW_NUMBER() OVER (PARTITION BY workspace_id ORDER BY check_due, id) AS turn FROM domains WHERE check_due > 0 AND check_due <= ?
			) ON id = due ORDER BY turn, check_due, id LIMIT ?`, sqlite.Args(d.now().UnixMicro(), limit),
			func(scan func(...any) error) error {
				dom, _, err := readDomain(scan)
				list = append(list, dom)
				return err
			})
	})
	return list, err
}

// VerifiedDomains lists verified domains of all workspaces by their ids, those behind after: for what looks after them all.
func (d *Directory) VerifiedDomains(ctx context.Context, after DomainID, limit int) (list []Domain, err error) {
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT "+domainColumns+" FROM domains WHERE status = 'verified' AND id > ? ORDER BY id LIMIT ?", sqlite.Args(after, limit),
			func(scan func(...any) error) error {
				dom, _, err := readDomain(scan)
				list = append(list, dom)
				return err
			})
	})
	return list, err
}

// PutOff has the DNS of a claim not be asked by itself before a time.
func (d *Directory) PutOff(ctx context.Context, id DomainID, until time.Time) error {
	return d.change(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("UPDATE domains SET check_due = ? WHERE id = ?", until.UnixMicro(), id)
		return err
	})
}

// Claim gives a claim on a domain, whoever's it is: for what looks after them all. ErrNotFound if there is none.
func (d *Directory) Claim(ctx context.Context, id DomainID) (dom Domain, err error) {
	err = d.view(ctx, func(tx *sqlite.Tx) error { dom, err = selectDomain(tx, "id = ?", id); return err })
	return dom, err
}

// Keys gives the DKIM keys of a claim, whoever's it is: for what looks after them all. They are made when they are asked for the first time.
func (d *Directory) Keys(ctx context.Context, dom Domain) ([]DKIMKey, error) {
	return d.dkimKeys(ctx, dom)
}

// KnownKeys is Keys without those that were never asked for.
func (d *Directory) KnownKeys(ctx context.Context, dom Domain) ([]DKIMKey, error) {
	list, _, err := d.readDKIM(ctx, dom)
	return list, err
}

// Now is the directory's time.
func (d *Directory) Now() time.Time { return d.now() }

// Checked writes what came of asking, and what follows: a claim that is proven becomes verified unless another workspace has the domain,
// and one that was proven by the DNS is a claim again once nothing has pointed here for AwayGrace, or once it is not proven any more
// for so long and another workspace's claim is. Mail and addresses stay where they are. ErrNotFound if the claim is gone.
func (d *Directory) Checked(ctx context.Context, id DomainID, c Checkup) (dom Domain, err error) {
	if len(c.Report) > maxReport {
		return dom, errReport
	}
	err = d.change(ctx, func(tx *sqlite.Tx) error {
		if dom, err = selectDomain(tx, "id = ?", id); err != nil {
			return err
		}
		contested, err := isContested(tx, dom)
		if err != nil {
			return err
		}
		c.Here = c.Here && !contested
		lost, away := dom.settle(c)
		if _, err := tx.Exec("UPDATE domains SET checked_at = ?, check_due = ?, checks = checks + 1, report = ?, away_since = ? WHERE id = ?",
			c.At.UnixMicro(), microOrZero(c.Due), string(c.Report), microOrZero(away), id); err != nil {
			return fmt.Errorf("keep what the DNS said: %w", err)
		}
		switch {
		case lost:
			return d.lose(tx, id, c)
		case c.Owned && !c.Failed && dom.Status == Pending:
			dom, err = d.prove(tx, dom)
			return err
		case dom.Taken && !c.Failed:
			if err := setTaken(tx, id, false); err != nil {
				return err
			}
		}
		begins := dom.AwaySince.IsZero() && !away.IsZero()
		if dom, err = selectDomain(tx, "id = ?", id); err == nil && (c.Changes != nil || begins && !dom.LostAt().IsZero()) {
			err = d.tellFailed(tx, dom, c.Changes)
		}
		return err
	})
	if err != nil {
		return dom, err
	}
	return d.Claim(ctx, id)
}

// settle tells since when a domain is away, and whether that is too long. What nobody knows of the time since the last answer is left out:
// away then seems to begin later.
func (dom Domain) settle(c Checkup) (lost bool, away time.Time) {
	unseen := c.At.Sub(dom.CheckedAt)
	switch {
	case dom.Status != Verified || !c.Failed && (c.Owned || c.Here):
		return false, time.Time{}
	case dom.AwaySince.IsZero() && c.Failed:
		return false, time.Time{}
	case dom.AwaySince.IsZero():
		return false, c.At
	case !c.Failed:
		unseen -= maxUnseen
	}
	away = dom.AwaySince.Add(max(unseen, 0))
	return dom.Proof == ByDNS && !c.Failed && c.At.Sub(away) >= AwayGrace, away
}

// isContested reports whether another workspace has proven the domain, so that mail which comes here does not speak for this claim.
func isContested(tx *sqlite.Tx, dom Domain) (contested bool, err error) {
	err = tx.Row("SELECT EXISTS (SELECT 1 FROM domains WHERE name = ? AND taken = 1 AND id <> ?)", sqlite.Args(dom.Name, dom.ID), &contested)
	if err != nil {
		err = fmt.Errorf("look for other claims: %w", err)
	}
	return contested, err
}

func setTaken(tx *sqlite.Tx, id DomainID, taken bool) error {
	if _, err := tx.Exec("UPDATE domains SET taken = ? WHERE id = ?", taken, id); err != nil {
		return fmt.Errorf("note that a domain is another's: %w", err)
	}
	return nil
}

// LostAt is when a verified domain becomes a claim again unless something of it points here by then; zero: it does not.
func (dom Domain) LostAt() time.Time {
	if dom.AwaySince.IsZero() || dom.Proof != ByDNS {
		return time.Time{}
	}
	return dom.AwaySince.Add(AwayGrace)
}

// prove verifies a claim that the DNS proves. Where another workspace has the domain it stays a claim until that one has lost it.
func (d *Directory) prove(tx *sqlite.Tx, dom Domain) (Domain, error) {
	verified, err := d.verify(tx, dom, ByDNS)
	if !errors.Is(err, errDomainTaken) {
		return verified, err
	}
	if err := setTaken(tx, dom.ID, true); err != nil {
		return dom, err
	}
	return selectDomain(tx, "id = ?", dom.ID)
}

func (d *Directory) lose(tx *sqlite.Tx, id DomainID, c Checkup) error {
	if _, err := tx.Exec("UPDATE domains SET status = ?, verified_at = NULL, away_since = 0, checks = 0, updated_at = ? WHERE id = ?", Pending, d.now().UnixMicro(), id); err != nil {
		return fmt.Errorf("lose domain: %w", err)
	}
	dom, err := selectDomain(tx, "id = ?", id)
	if err != nil {
		return err
	}
	return d.tellFailed(tx, dom, c.Changes)
}

// CheckDomain has the DNS of a claim be asked anew, often at first, and gives the claim.
func (g *Grant) CheckDomain(ctx context.Context, ws mailstore.WorkspaceID, nameOrID string) (dom Domain, err error) {
	s, err := g.reach(DomainsUpdate, ws)
	if err != nil {
		return dom, err
	}
	err = g.dir.change(ctx, func(tx *sqlite.Tx) error {
		if dom, err = findDomain(tx, s, nameOrID); err != nil {
			return err
		}
		if dom.Sandbox { // its DNS is the operator's
			return nil
		}
		_, err := tx.Exec("UPDATE domains SET check_due = ?, checks = 0 WHERE id = ?", g.dir.now().UnixMicro(), dom.ID)
		return err
	})
	return dom, err
}

func microOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func timeOrZero(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return fromMicro(micros)
}
