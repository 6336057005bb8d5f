package tenancy

import (
	"context"
	"net/netip"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Kind says how far a grant reaches.
type Kind uint8

const (
	Operator     Kind = 1 + iota // everything
	WorkspaceKey                 // one workspace
	InboxKey                     // one inbox
)

// String is the kind's name in the API.
func (k Kind) String() string {
	return [...]string{"", "operator", "workspace", "inbox"}[k]
}

// Identity is what a caller may know of itself.
type Identity struct {
	Kind          Kind
	KeyID         KeyID  // "" for the operator on the machine and for an inbox password
	KeyPrefix     string // "" likewise
	KeyName       string
	Permissions   []Permission
	Networks      []netip.Prefix
	ExpiresAt     *time.Time
	WorkspaceID   mailstore.WorkspaceID // "" for operators
	WorkspaceName string
	InboxID       mailstore.InboxID // only for inbox keys and passwords
	Address       string            // primary address of that inbox
}

// Grant is what one caller may see and do. Every method asks it first; what it does not cover is ErrNotFound, as if it
// were not there. A Grant is safe for concurrent use. It is as good as the moment it was made: who keeps one longer than
// a request asks Check.
type Grant struct {
	dir      *Directory
	identity Identity
	hash     []byte // SHA-256 of the secret that was presented; nil for the operator on the machine
	seal     []byte // key for answers with a secret in them, derived from that secret; nil without an API key
}

// Kind is how far the grant reaches.
func (g *Grant) Kind() Kind { return g.identity.Kind }

// WorkspaceID is the workspace of a workspace or inbox key; "" for operators.
func (g *Grant) WorkspaceID() mailstore.WorkspaceID { return g.identity.WorkspaceID }

// InboxID is the inbox of an inbox key or password; "" for others.
func (g *Grant) InboxID() mailstore.InboxID { return g.identity.InboxID }

// KeyID is the key behind the grant; "" for the operator on the machine and for an inbox password.
func (g *Grant) KeyID() KeyID { return g.identity.KeyID }

// Me is what the caller may know of itself.
func (g *Grant) Me() Identity { return g.identity }

// Allows reports whether the grant has the permission, whatever it reaches. A broad permission is had only as such.
func (g *Grant) Allows(p Permission) bool { return allows(g.identity.Permissions, p) }

// Operator is the grant of who is on the machine itself: everything, with no key behind it.
func (d *Directory) Operator() *Grant {
	return &Grant{dir: d, identity: Identity{Kind: Operator, Permissions: all()}}
}

// need is the first thing that a method asks. It looks at no object, so its answer tells of none.
func (g *Grant) need(p Permission) error {
	if !g.Allows(p) {
		return errNotPermitted(p)
	}
	return nil
}

// scope is the part of the directory that a call reaches; "" is everything.
type scope struct {
	ws    mailstore.WorkspaceID
	inbox mailstore.InboxID
}

func (s scope) covers(ws mailstore.WorkspaceID, inbox mailstore.InboxID) bool {
	return (s.ws == "" || s.ws == ws) && (s.inbox == "" || s.inbox == inbox)
}

// within narrows the grant's reach to ws; "" is all that it reaches.
func (g *Grant) within(ws mailstore.WorkspaceID) (scope, error) {
	own := g.identity.WorkspaceID
	switch {
	case g.Kind() == Operator:
		return scope{ws: ws}, nil
	case ws != "" && ws != own:
		return scope{}, ErrNotFound
	}
	return scope{own, g.identity.InboxID}, nil
}

// wide is within for what concerns a whole workspace: an inbox key reaches nothing of that.
func (g *Grant) wide(ws mailstore.WorkspaceID) (scope, error) {
	if g.Kind() == InboxKey {
		return scope{}, ErrNotFound
	}
	return g.within(ws)
}

// one is wide for what must name one workspace, which must exist.
func (g *Grant) one(tx *sqlite.Tx, ws mailstore.WorkspaceID) (mailstore.WorkspaceID, error) {
	s, err := g.wide(ws)
	if err != nil {
		return "", err
	}
	if s.ws == "" {
		return "", errWhichWorkspace
	}
	return s.ws, workspaceExists(tx, s.ws)
}

// inside is the part of one workspace, which an operator must name, in which the grant has the permission need. It exists.
func (g *Grant) inside(ctx context.Context, ws mailstore.WorkspaceID, need Permission) (s scope, err error) {
	if err := g.need(need); err != nil {
		return s, err
	}
	if s, err = g.within(ws); err == nil && s.ws == "" {
		err = errWhichWorkspace
	}
	if err != nil {
		return s, err
	}
	return s, g.dir.view(ctx, func(tx *sqlite.Tx) error {
		if s.inbox != "" {
			_, err := findInbox(tx, s, string(s.inbox))
			return err
		}
		return workspaceExists(tx, s.ws)
	})
}

// Mail hands out a mailbox to who has the permission need there. It is the only way to one. The inbox is named by its
// id or any of its addresses.
func (g *Grant) Mail(ctx context.Context, ws mailstore.WorkspaceID, inbox string, need Permission) (mailstore.Inbox, error) {
	found, err := g.find(ctx, ws, inbox, need)
	if err != nil {
		return mailstore.Inbox{}, err
	}
	return g.dir.store.Workspace(found.ws).Inbox(found.inbox), nil
}

// MailOf hands out the messages of all inboxes of a workspace, which an operator must name, to who has the permission need;
// or of one inbox if one is named. An inbox key is handed its own.
func (g *Grant) MailOf(ctx context.Context, ws mailstore.WorkspaceID, inbox string, need Permission) (mailstore.Mail, error) {
	if inbox != "" {
		box, err := g.Mail(ctx, ws, inbox, need)
		return box.Mail(), err
	}
	s, err := g.inside(ctx, ws, need)
	if err != nil {
		return mailstore.Mail{}, err
	}
	return g.dir.store.Workspace(s.ws).Mail(s.inbox), nil
}

// find finds an inbox, by its id or any of its addresses, in which the grant has the permission need.
func (g *Grant) find(ctx context.Context, ws mailstore.WorkspaceID, inbox string, need Permission) (found place, err error) {
	if err := g.need(need); err != nil {
		return found, err
	}
	s, err := g.within(ws)
	if err != nil {
		return found, err
	}
	err = g.dir.view(ctx, func(tx *sqlite.Tx) error {
		found, err = findInbox(tx, s, inbox)
		return err
	})
	return found, err
}

// Journal hands out the journal of a workspace, which an operator must name. An inbox key sees its inbox's lines only.
func (g *Grant) Journal(ctx context.Context, ws mailstore.WorkspaceID) (mailstore.Journal, mailstore.WorkspaceID, error) {
	s, err := g.inside(ctx, ws, EventsRead)
	if err != nil {
		return mailstore.Journal{}, "", err
	}
	if s.inbox != "" {
		return g.dir.store.Workspace(s.ws).Journal(s.inbox), s.ws, nil
	}
	return g.dir.store.Workspace(s.ws).Journal(), s.ws, nil
}

// Live hands out what happens in all workspaces from now on, to operators alone. The caller closes it.
func (g *Grant) Live(ctx context.Context) (*mailstore.Live, error) {
	if err := g.need(EventsRead); err != nil {
		return nil, err
	}
	if g.Kind() != Operator {
		return nil, ErrNotFound
	}
	return g.dir.store.Live(ctx)
}
