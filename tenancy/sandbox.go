package tenancy

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/sqlite"
	"golang.org/x/text/unicode/norm"
)

// A workspace has a domain below one of the operator's from the start, its sandbox domain, so that its first mail is in and out before
// anybody has written DNS. It is the operator's: the workspace cannot give it up, has no keys for it, and it does not count as one of its
// domains. Its mail is signed with the keys of the domain above, for which the operator has published records once.
const (
	sandboxName     = "Shared domain" // of the workspace that holds the domain above
	maxSandbox      = 150             // octets of the domain above, so that the names below it fit
	maxSandboxWord  = 30              // octets of a label that come from the workspace's name
	sandboxLetters  = 6               // at random behind them
	sandboxAtOnce   = 500             // workspaces that get theirs in one change
	sandboxFallback = "inbox"         // for a name without any letter or digit that a label can have
)

var errSandboxDomain = fault.New(fault.Conflict, "sandbox_domain", "This domain is the operator's, and your workspace has it for trying things out; claim a domain of your own for the rest.")

// parseSandbox reads the name of the domain above.
func parseSandbox(s string) (string, error) {
	name, reason := parseDomain(s)
	switch {
	case reason != "":
		return "", errors.New(reason)
	case len(name) > maxSandbox:
		return "", fmt.Errorf("a sandbox domain has at most %d characters", maxSandbox)
	}
	return name, nil
}

// CheckSandbox tells what is wrong with a name for Options.Sandbox.
func CheckSandbox(name string) error {
	canonical, err := parseSandbox(name)
	if err == nil && canonical != name {
		err = fmt.Errorf("write it as %s", canonical)
	}
	return err
}

// prepareSandbox makes the domain above the operator's, if it is not, and gives each workspace that has none a domain below it.
func (d *Directory) prepareSandbox(ctx context.Context) error {
	name, err := parseSandbox(d.opts.Sandbox)
	if err != nil {
		return fmt.Errorf("the sandbox domain %q: %w", d.opts.Sandbox, err)
	}
	d.opts.Sandbox = name
	err = d.change(ctx, func(tx *sqlite.Tx) error {
		dom, err := verifiedDomain(tx, name)
		switch {
		case err == nil && dom.Proof != ByOperator:
			return fmt.Errorf("the workspace %s has %s verified by its DNS: it cannot be the sandbox domain of all", dom.WorkspaceID, name)
		case err == nil || !errors.Is(err, ErrNotFound):
			return err
		}
		ws, err := d.insertWorkspace(tx, sandboxName, "{}")
		if err == nil {
			dom, _, err = d.claim(tx, ws, name)
		}
		if err == nil {
			_, err = d.verify(tx, dom, ByOperator)
		}
		return err
	})
	for more := true; more && err == nil; {
		more, err = d.giveSandboxes(ctx)
	}
	if err != nil {
		return fmt.Errorf("prepare the sandbox domain: %w", err)
	}
	return nil
}

// giveSandboxes gives some of the workspaces that have no sandbox domain theirs. The one that has the domain above needs none.
func (d *Directory) giveSandboxes(ctx context.Context) (more bool, err error) {
	err = d.change(ctx, func(tx *sqlite.Tx) error {
		type without struct {
			id   mailstore.WorkspaceID
			name string
		}
		var list []without
		err := tx.Each(`SELECT id, name FROM workspaces w WHERE NOT EXISTS (SELECT 1 FROM domains d WHERE d.workspace_id = w.id AND (d.sandbox = 1 OR d.name = ? AND d.status = 'verified'))
			ORDER BY id LIMIT ?`, sqlite.Args(d.opts.Sandbox, sandboxAtOnce), func(scan func(...any) error) error {
			var w without
			err := scan(&w.id, &w.name)
			list = append(list, w)
			return err
		})
		if more = len(list) == sandboxAtOnce; err != nil {
			return err
		}
		for _, w := range list {
			if err := d.giveSandbox(tx, w.id, w.name); err != nil {
				return err
			}
		}
		return nil
	})
	return more, err
}

// giveSandbox gives a workspace its sandbox domain, where there is one for all.
func (d *Directory) giveSandbox(tx *sqlite.Tx, ws mailstore.WorkspaceID, name string) error {
	if d.opts.Sandbox == "" {
		return nil
	}
	domain, err := freeSandbox(tx, name, d.opts.Sandbox)
	if err != nil {
		return err
	}
	id, now := d.newID("dom"), d.now().UnixMicro()
	if _, err := tx.Exec("INSERT INTO domains (id, workspace_id, name, status, proof, sandbox, created_at, updated_at, verified_at) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?)",
		id, ws, domain, Verified, ByOperator, now, now, now); err != nil {
		return fmt.Errorf("insert sandbox domain: %w", err)
	}
	dom, err := selectDomain(tx, "id = ?", id)
	if err != nil {
		return err
	}
	return d.tellDomain(tx, DomainVerified, dom)
}

// freeSandbox finds a name that nobody has.
func freeSandbox(tx *sqlite.Tx, workspace, above string) (string, error) {
	for {
		name := sandboxLabel(workspace) + "." + above
		var taken bool
		if err := tx.Row("SELECT EXISTS (SELECT 1 FROM domains WHERE name = ?)", sqlite.Args(name), &taken); err != nil {
			return "", fmt.Errorf("find a sandbox domain: %w", err)
		}
		if !taken {
			return name, nil
		}
	}
}

// sandboxLabel makes a label of a workspace's name: its Latin letters, without their marks, and digits with single hyphens between them, and letters at random.
// So it never has two hyphens side by side, which A-labels have.
func sandboxLabel(workspace string) string {
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(strings.ToLower(workspace)))
	words := strings.FieldsFunc(bare, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	word := strings.Join(words, "-")
	word = strings.TrimRight(word[:min(len(word), maxSandboxWord)], "-")
	if word == "" {
		word = sandboxFallback
	}
	return word + "-" + strings.ToLower(rand.Text()[:sandboxLetters])
}

// IsShared reports whether the names below a domain are domains of workspaces: it is the sandbox domain of all, or was when some of them were
// made, which keep theirs.
func (d *Directory) IsShared(ctx context.Context, dom Domain) (shared bool, err error) {
	if dom.Sandbox || dom.Proof != ByOperator || dom.Status != Verified {
		return false, nil
	}
	if dom.Name == d.opts.Sandbox {
		return true, nil
	}
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Row("SELECT EXISTS (SELECT 1 FROM domains WHERE sandbox = 1 AND substr(name, instr(name, '.') + 1) = ?)", sqlite.Args(dom.Name), &shared)
	})
	return shared, err
}

// aboveSandbox is the domain whose keys sign for a sandbox domain: the operator's, also when the configuration names another one by now.
func aboveSandbox(tx *sqlite.Tx, dom Domain) (Domain, error) {
	_, above, _ := strings.Cut(dom.Name, ".")
	parent, err := verifiedDomain(tx, above)
	if err == nil && parent.Proof != ByOperator {
		return Domain{}, ErrNotFound
	}
	return parent, err
}
