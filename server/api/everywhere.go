package api

import (
	"context"
	"errors"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

var errLiveOnly = fault.New(fault.Invalid, validationFailed, "A stream over all workspaces is live only, for a cursor belongs to one of them: give workspaceId too, or no cursor.")

// liveSource is what happens in all workspaces, for an operator: from now on, each workspace's events in their order.
type liveSource struct {
	*follower // its workspace is the one of the last batch
	live      *mailstore.Live
}

// everywhere begins one.
func (s *Server) everywhere(ctx context.Context, g *tenancy.Grant, types, inboxes []string, cursor string) (source, error) {
	if cursor != "" && cursor != endCursor {
		return nil, errLiveOnly
	}
	f := &follower{grant: g}
	if err := f.only(ctx, types, inboxes); err != nil {
		return nil, err
	}
	live, err := g.Live(ctx)
	return &liveSource{follower: f, live: live}, err
}

func (l *liveSource) place() journal.Cursor { return journal.Cursor{} } // there is none that holds for all

func (l *liveSource) holder() string { return "" }

func (l *liveSource) close() { l.live.Close() }

func (l *liveSource) rung() (<-chan struct{}, func()) { return l.live.Rung(), func() {} }

// admit also refuses a cursor.
func (l *liveSource) admit(ctx context.Context, sub *subscribe) error {
	if sub.Since != "" {
		return errLiveOnly
	}
	all := follower{grant: l.grant} // next moves the workspace of the other
	return all.admit(ctx, sub)
}

func (l *liveSource) narrow(sub subscribe) { l.types, l.inboxes = sub.EventTypes, sub.inboxes }

// next gives news of one workspace. One that has been deleted meanwhile has none.
func (l *liveSource) next(ctx context.Context) (batch, error) {
	id, p, err := l.live.Next(ctx, l.types, l.inboxes, pageOfLines)
	if id == "" || errors.Is(err, mailstore.ErrNotFound) {
		return batch{more: id != ""}, nil
	}
	if err == nil && len(p.Lines) > 0 {
		err = l.grant.Check(ctx)
	}
	if err != nil {
		return batch{}, err
	}
	l.workspace = id
	return batch{more: true, count: len(p.Lines), frame: func(ctx context.Context, i int) ([]byte, journal.Cursor, error) {
		text, err := l.encoded(ctx, p.Lines[i])
		return text, p.Lines[i].Cursor, err
	}}, nil
}
