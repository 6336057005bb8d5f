package api

import (
	"context"
	"encoding/json"

	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// EventBody writes the event that a line tells of, the same as every way of reading gives it, in the words that an endpoint is to
// have it in. Its grant says what may be told.
func (s *Server) EventBody(ctx context.Context, to tenancy.Endpoint, l journal.Line) ([]byte, error) {
	f := follower{grant: to.Grant, workspace: to.WorkspaceID}
	var e any
	var err error
	if to.Dialect == v0Dialect {
		e, _, err = s.v0Event(ctx, &f, l)
	} else {
		e, err = f.event(ctx, l)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(e)
}
