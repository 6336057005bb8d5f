package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// maxFollowed is how many inboxes one subscription names at most.
const maxFollowed = 1000

// subscribe is the frame by which a client narrows or replays.
type subscribe struct {
	Type       string   `json:"type"`
	EventTypes []string `json:"eventTypes"`
	InboxIDs   []string `json:"inboxIds"`
	Since      string   `json:"since"`

	cursor  journal.Cursor      // of since
	inboxes []mailstore.InboxID // of inboxIds

	pods     []string  // in /v0
	follower *follower // in the place of the one that is there; nil if that stays
}

var errSubscribe = fault.New(fault.Invalid, validationFailed, `Expected {"type":"subscribe","eventTypes":[…],"inboxIds":[…],"since":"<cursor>"}.`)

// parseSubscribe is strict about names: a misspelt one would subscribe to everything.
func parseSubscribe(data []byte) (sub subscribe, err error) {
	if err := checkJSON(data); err != nil {
		return sub, fault.New(fault.Invalid, validationFailed, "The frame is no JSON: %v.", err)
	}
	var names map[string]json.RawMessage
	if json.Unmarshal(data, &names) != nil || json.Unmarshal(data, &sub) != nil || sub.Type != "subscribe" {
		return sub, errSubscribe
	}
	for name := range names {
		if !slices.Contains([]string{"type", "eventTypes", "inboxIds", "since"}, name) {
			return sub, fault.New(fault.Invalid, validationFailed, "%s %.40q is unknown.", errSubscribe.Message, name)
		}
	}
	if sub.Since != "" {
		sub.cursor, err = journal.ParseCursor(sub.Since)
	}
	return sub, err
}

// knownTypes refuses types that no event has, which would be waited for in vain.
func knownTypes(path string, list []string) error {
	for i, name := range list {
		if !journal.Known(name) {
			return mistake(http.StatusBadRequest, fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("There is no event type %.60q; GET /asyncapi.json lists them.", name))
		}
	}
	return nil
}

// find gives the ids of inboxes, which are named by id or address. What the key may not see is not there.
func (f *follower) find(ctx context.Context, path string, list []string) (ids []mailstore.InboxID, err error) {
	if len(list) > maxFollowed {
		return nil, mistake(http.StatusBadRequest, path, fmt.Sprintf("At most %d inboxes; without any, events of all are given.", maxFollowed))
	}
	for i, name := range list {
		box, err := f.grant.Mail(ctx, f.workspace, name, tenancy.EventsRead)
		if errors.Is(err, tenancy.ErrNotFound) {
			p := problem(err)
			p.Errors = []ProblemField{{Path: fmt.Sprintf("%s[%d]", path, i), Message: "There is no such inbox."}}
			return nil, p
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, box.ID())
	}
	return ids, nil
}

// mistake is a problem about one place in the input.
func mistake(status int, path, message string) *Problem {
	p := newProblem(status, validationFailed, message)
	p.Errors = []ProblemField{{Path: path, Message: message}}
	return p
}

// admit looks at what a frame asks for.
func (f *follower) admit(ctx context.Context, sub *subscribe) (err error) {
	if err := knownTypes("eventTypes", sub.EventTypes); err != nil {
		return err
	}
	sub.inboxes, err = f.find(ctx, "inboxIds", sub.InboxIDs)
	return err
}

// only narrows a follower as a query asks.
func (f *follower) only(ctx context.Context, types, inboxes []string) (err error) {
	f.types = listed(types)
	if err := knownTypes("query.types", f.types); err != nil {
		return err
	}
	f.inboxes, err = f.find(ctx, "query.inboxIds", listed(inboxes))
	return err
}

// streamQuery is what a stream's query may hold.
var streamQuery = []*huma.Param{
	{Name: "workspaceId", In: "query", Schema: &huma.Schema{Type: huma.TypeString}, Description: "Which workspace an operator means; without one, what happens in all of them, live only. For other keys their own."},
	{Name: "cursor", In: "query", Schema: &huma.Schema{Type: huma.TypeString}, Description: "Replay from here; without one, what happens from now on."},
	{Name: "types", In: "query", Schema: listSchema, Description: "Only these types; separated by commas, or given several times."},
	{Name: "inboxIds", In: "query", Schema: listSchema, Description: "Only events of these inboxes, likewise; ids or addresses."},
	{Name: "api_key", In: "query", Schema: &huma.Schema{Type: huma.TypeString}, Description: "The key, where no header can be set."},
}

var listSchema = &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}}

// sourceOf is where the events of a stream come from, or why there is none. Its place is taken here, so nothing that happens
// afterwards is missed.
func (s *Server) sourceOf(r *http.Request, cursor string) (source, error) {
	if err := readable(r.URL.RawQuery, streamQuery, true); err != nil {
		return nil, err
	}
	q := r.URL.Query()
	g := grantOf(r.Context())
	if g.Kind() == tenancy.Operator && q.Get("workspaceId") == "" {
		return s.everywhere(r.Context(), g, q["types"], q["inboxIds"], cursor)
	}
	f, err := s.follow(r.Context(), g, mailstore.WorkspaceID(q.Get("workspaceId")))
	if err == nil {
		err = f.only(r.Context(), q["types"], q["inboxIds"])
	}
	if err != nil {
		return nil, err
	}
	from := &journalSource{follower: f, srv: s, key: standing(f.grant), atEnd: cursor == "", known: cursor == "", version: f.journal.Version()}
	return from, f.start(r.Context(), cursor)
}

// enter is sourceOf, and takes a place among the streams that may be open, if the request stands the check. Whoever gets a source
// gives it to leave.
func (s *Server) enter(r *http.Request, cursor string, check func(*http.Request) error) (source, error) {
	from, err := s.sourceOf(r, cursor)
	if err != nil {
		return nil, err
	}
	return s.placed(r, from, check)
}

// placed is a source that has a place among the streams that may be open.
func (s *Server) placed(r *http.Request, from source, check func(*http.Request) error) (source, error) {
	err := check(r)
	if err == nil {
		err = s.sockets.enter(from.holder(), s.cfg.MaxSockets)
	}
	if err != nil {
		from.close()
		return nil, err
	}
	return from, nil
}

func (s *Server) leave(from source) {
	from.close()
	s.sockets.leave(from.holder())
}
