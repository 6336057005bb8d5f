package tenancy

import (
	"context"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Lists hands out the allow and block lists of a workspace, which an operator must name, to who has the permission need there.
// inbox, its id or address, names the lists of that inbox, "" those of the whole workspace; a caller that reaches one inbox only
// has the lists of that one.
func (g *Grant) Lists(ctx context.Context, ws mailstore.WorkspaceID, inbox string, need Permission) (mailstore.Lists, mailstore.InboxID, error) {
	s, found, err := g.narrow(ctx, ws, inbox, need)
	return g.dir.store.Workspace(s).Lists(), found, err
}

// Rejections hands out the records of what a workspace was not given, in the same way; a caller that reaches one inbox, or names
// one, must keep to it.
func (g *Grant) Rejections(ctx context.Context, ws mailstore.WorkspaceID, inbox string) (mailstore.Rejections, mailstore.InboxID, error) {
	s, found, err := g.narrow(ctx, ws, inbox, RejectionsRead)
	return g.dir.store.Workspace(s).Rejections(), found, err
}

// narrow is inside, or if an inbox is named what find gives of it.
func (g *Grant) narrow(ctx context.Context, ws mailstore.WorkspaceID, inbox string, need Permission) (mailstore.WorkspaceID, mailstore.InboxID, error) {
	if inbox == "" {
		s, err := g.inside(ctx, ws, need)
		return s.ws, s.inbox, err
	}
	found, err := g.find(ctx, ws, inbox, need)
	return found.ws, found.inbox, err
}

// ServerRejections lists what was refused and is no workspace's, for operators.
func (g *Grant) ServerRejections(ctx context.Context, f mailstore.RejectionFilter, after *mailstore.Place, limit int) (list []mailstore.Rejection, next *mailstore.Place, err error) {
	if err := g.need(RejectionsRead); err != nil {
		return nil, nil, err
	}
	if g.Kind() != Operator {
		return nil, nil, ErrNotFound
	}
	err = g.dir.view(ctx, func(tx *sqlite.Tx) error {
		list, next, err = mailstore.ReadRejections(tx, f, after, limit)
		return err
	})
	return list, next, err
}

// RecordRejections keeps records of what was refused: with the workspace that it was for, "" where that is none.
func (d *Directory) RecordRejections(ctx context.Context, ws mailstore.WorkspaceID, list []mailstore.Rejection) error {
	if ws != "" {
		return d.store.Workspace(ws).Rejections().Record(ctx, list)
	}
	return d.change(ctx, func(tx *sqlite.Tx) error { return mailstore.RecordRejections(tx, list) })
}

// ParseListEntry gives the canonical form of what is to be on a list, an address or a domain, or the reason why it cannot be.
func ParseListEntry(entry string) (canonical, reason string) {
	entry = strings.TrimSpace(entry)
	if !strings.Contains(entry, "@") {
		return parseDomain(entry)
	}
	canonical, ok := Canonical(entry)
	if !ok {
		return "", "This is neither an address, written as local@domain, nor a domain such as example.com."
	}
	return strings.ToLower(canonical), ""
}
