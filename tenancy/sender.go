package tenancy

import (
	"context"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Sender is an inbox that the grant's holder may send from.
type Sender struct {
	Mail  mailstore.Inbox
	Inbox Inbox
	Undo  time.Duration // how long a message waits so that it can be cancelled

	own map[string]bool // its addresses at domains that are verified
}

// MaySend hands out an inbox, named by its id or any of its addresses, to who has MessagesSend there. It is the only way
// to send, beside MaySendDraft. A Conflict if the inbox is paused, or none of its addresses is at a verified domain any more.
func (g *Grant) MaySend(ctx context.Context, ws mailstore.WorkspaceID, inbox string) (Sender, error) {
	return g.maySend(ctx, ws, inbox, MessagesSend)
}

// MaySendDraft is MaySend for who has DraftsSend.
func (g *Grant) MaySendDraft(ctx context.Context, ws mailstore.WorkspaceID, inbox string) (Sender, error) {
	return g.maySend(ctx, ws, inbox, DraftsSend)
}

func (g *Grant) maySend(ctx context.Context, ws mailstore.WorkspaceID, inbox string, need Permission) (s Sender, err error) {
	if s, err = g.sender(ctx, ws, inbox, need); err != nil {
		return s, err
	}
	return s, s.mayNow()
}

// mayNow says whether anything can be sent from the inbox as it is.
func (s Sender) mayNow() error {
	switch {
	case s.Inbox.PausedAt != nil:
		return errPaused
	case len(s.own) == 0:
		return errNotVerified
	}
	return nil
}

// MayDraft hands out an inbox in which the grant has the permission need: DraftsCreate or DraftsUpdate. What is written there
// is sent by who may send.
func (g *Grant) MayDraft(ctx context.Context, ws mailstore.WorkspaceID, inbox string, need Permission) (Sender, error) {
	return g.sender(ctx, ws, inbox, need)
}

func (g *Grant) sender(ctx context.Context, ws mailstore.WorkspaceID, inbox string, need Permission) (s Sender, err error) {
	err = g.inInbox(ctx, g.dir.view, need, ws, inbox, func(tx *sqlite.Tx, at place) error {
		s, err = g.dir.readSender(tx, at)
		return err
	})
	return s, err
}

func (d *Directory) readSender(tx *sqlite.Tx, at place) (s Sender, err error) {
	s.Mail = d.store.Workspace(at.ws).Inbox(at.inbox)
	if s.Inbox, err = getInbox(tx, at.inbox); err != nil {
		return s, err
	}
	s.Undo = time.Duration(s.Inbox.UndoSeconds) * time.Second
	s.own = map[string]bool{}
	return s, tx.Each("SELECT a.local, d.name FROM addresses a JOIN domains d ON d.id = a.domain_id WHERE a.inbox_id = ? AND d.status = 'verified'", sqlite.Args(at.inbox), func(scan func(...any) error) error {
		var a address
		err := scan(&a.local, &a.domain)
		s.own[a.String()] = true
		return err
	})
}

// Owns reports whether an address is the inbox's: one of its addresses at a verified domain, or one of them with a +suffix.
func (s Sender) Owns(addr string) bool {
	a, ok := parseAddress(addr)
	if !ok {
		return false
	}
	base := a
	if before, _, found := strings.Cut(a.local, suffixMark); found && before != "" {
		base.local = before
	}
	return s.own[a.String()] || s.own[base.String()]
}

// Canonical gives an address that mail may be sent to, whoever has it: the local part as it is written, but without quotes
// that it does not need (RFC 5321, 4.1.2), the domain in lower-case A-labels. ok is false if it is no address.
func Canonical(addr string) (canonical string, ok bool) {
	local, domain, ok := splitAddress(addr)
	if !ok || len(local) > maxLocal {
		return "", false
	}
	name, reason := parseDomain(domain)
	if reason != "" {
		return "", false
	}
	if !strings.HasPrefix(addr, `"`) {
		return local + "@" + name, true // also with dots side by side: that is no address by the book, and there are such
	}
	return address{local, name}.String(), true
}
