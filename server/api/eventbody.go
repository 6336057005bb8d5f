package api

import (
	"context"
	"encoding/json"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// EventBody writes the event that a line tells of, the same as every way of reading gives it, for who posts it elsewhere. The
// grant says what may be told.
func EventBody(ctx context.Context, g *tenancy.Grant, ws mailstore.WorkspaceID, l journal.Line) ([]byte, error) {
	f := follower{grant: g, workspace: ws}
	e, err := f.event(ctx, l)
	if err != nil {
		return nil, err
	}
	return json.Marshal(e)
}
