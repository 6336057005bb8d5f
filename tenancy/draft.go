package tenancy

import (
	"context"
	"errors"
	"fmt"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// ErrSenderNotOwned is answered for a message that names somebody else than its inbox as who wrote or sends it.
var ErrSenderNotOwned = fault.New(fault.Forbidden, "sender_not_owned", "A message is from an address of its inbox; this one names another in From or Sender.")

var errDraftAway = fault.New(fault.NotFound, "draft_away", "At its time the draft was not in Drafts any more, or was flagged as deleted.")

// Author reads who a header says has written the message, who must all be the inbox, and gives the one that is its envelope
// sender. Errors are ErrSenderNotOwned and those of compose.Senders.
func (s Sender) Author(header []byte) (sender string, err error) {
	authors, sent, err := compose.Senders(header)
	if err != nil {
		return "", fmt.Errorf("read authors: %w", err)
	}
	if sent != "" {
		authors = append([]string{sent}, authors...)
	}
	for _, a := range authors {
		if !s.Owns(a) {
			return "", ErrSenderNotOwned
		}
	}
	sender, ok := Canonical(authors[0])
	if !ok {
		return "", ErrSenderNotOwned
	}
	return sender, nil
}

// SendDraft sends a draft of the inbox as it lies there, whoever put it there; see mailstore.Inbox.SendDraft.
func (s Sender) SendDraft(ctx context.Context, r mailstore.DraftRef, request *mailstore.Repeatable) (mailstore.Submitted, error) {
	return s.Mail.SendDraft(ctx, mailstore.DraftSending{Draft: r, Undo: s.Undo, Request: request, Author: s.Author, Recipient: Canonical})
}

// Drafts hands out the drafts of a workspace, which an operator must name, to who has DraftsRead there; those of its inbox to an
// inbox key.
func (g *Grant) Drafts(ctx context.Context, ws mailstore.WorkspaceID) (mailstore.Drafts, error) {
	s, err := g.inside(ctx, ws, DraftsRead)
	if err != nil {
		return mailstore.Drafts{}, err
	}
	return g.dir.store.Workspace(s.ws).Drafts(s.inbox), nil
}

// SendDueDraft sends a draft whose time has come, if its inbox may send by now. One that cannot be sent, and would not be any
// later, stays in Drafts without a time, with the reason. An error means that it is to be tried again.
func (d *Directory) SendDueDraft(ctx context.Context, ws mailstore.WorkspaceID, x mailstore.DueDraft) error {
	err := d.sendDue(ctx, ws, x)
	f := fault.From(err)
	switch {
	case err == nil || errors.Is(err, mailstore.ErrDraftChanged): // it is looked at again if it has a time
		return nil
	case f == nil || f.Kind == fault.Unavailable || f.Kind == fault.Internal || f.RetryAfter > 0:
		return err
	}
	if err := d.store.Workspace(ws).Inbox(x.Inbox).DropDraftTime(ctx, x, f.Message); !errors.Is(err, mailstore.ErrDraftChanged) {
		return err
	}
	return nil
}

func (d *Directory) sendDue(ctx context.Context, ws mailstore.WorkspaceID, x mailstore.DueDraft) error {
	if x.Draft.Version == "" {
		return errDraftAway
	}
	var s Sender
	err := d.view(ctx, func(tx *sqlite.Tx) (err error) {
		s, err = d.readSender(tx, place{ws: ws, inbox: x.Inbox})
		return err
	})
	if err == nil {
		err = s.mayNow()
	}
	if err == nil {
		s.Undo = 0 // the time for second thoughts is over
		_, err = s.SendDraft(ctx, x.Draft, nil)
	}
	return err
}
