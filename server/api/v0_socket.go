package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/coder/websocket"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// serveV0Socket is the WebSocket of /v0. An operator's is over no workspace until it has named a pod or inboxes of one.
func (s *Server) serveV0Socket(w http.ResponseWriter, r *http.Request) {
	c := &socket{dialect: eventful{}}
	g, err := grantOf(r.Context()), error(nil)
	if g.Kind() != tenancy.Operator {
		if c.follower, err = s.v0Follow(r.Context(), g, ""); err == nil { // the place is taken before the handshake ends
			c.follower.types = v0DefaultTypes
		}
	}
	s.openSocket(w, r, c, err)
}

// v0Follow follows a workspace's journal from now on.
func (s *Server) v0Follow(ctx context.Context, g *tenancy.Grant, ws mailstore.WorkspaceID) (*follower, error) {
	f, err := s.follow(ctx, g, ws)
	if err != nil {
		return nil, err
	}
	return f, f.start(ctx, "")
}

// eventful is the dialect of /v0. It says nothing that its clients do not know: no gap, and no frame to greet or to ping.
type eventful struct{}

func (eventful) silence(c *socket) time.Duration { return c.srv.cfg.SilentSocket }
func (eventful) gap() any                        { return nil }
func (eventful) subscribed(sub subscribe) any    { return sub.answer }

func (eventful) wrong(err error) any {
	e := v0ErrorOf(problem(err))
	return map[string]string{"type": "error", "name": e.Name, "message": e.Message}
}

// closing never says that all is well: a client of /v0 does not come back after that.
func (eventful) closing(code websocket.StatusCode) websocket.StatusCode {
	if code == websocket.StatusNormalClosure {
		return websocket.StatusGoingAway
	}
	return code
}

func (eventful) event(ctx context.Context, c *socket, l journal.Line) (any, error) {
	e, known, err := c.srv.v0Event(ctx, c.follower, l)
	if !known || err != nil {
		return nil, err
	}
	return e, nil
}

// v0Subscribe is the frame by which a client says what it wants to hear.
type v0Subscribe struct {
	Type       string   `json:"type"`
	EventTypes []string `json:"event_types,omitempty"`
	InboxIDs   []string `json:"inbox_ids,omitempty"`
	PodIDs     []string `json:"pod_ids,omitempty"`
}

var errV0Subscribe = fault.New(fault.Invalid, validationFailed, `Send {"type":"subscribe","event_types":[…],"inbox_ids":[…],"pod_ids":[…]}.`)

// maxV0Subscribed bounds the inboxes, and the pods, that one frame names.
const maxV0Subscribed = 1000

func (eventful) parse(ctx context.Context, c *socket, frame []byte) (sub subscribe, err error) {
	var asked v0Subscribe
	var names map[string]json.RawMessage
	if unmarshal(frame, &names) != nil || json.Unmarshal(frame, &asked) != nil || asked.Type != "subscribe" || len(asked.InboxIDs)+len(asked.PodIDs) > maxV0Subscribed {
		return sub, errV0Subscribe
	}
	for name := range names {
		if !slices.Contains([]string{"type", "event_types", "inbox_ids", "pod_ids"}, name) {
			return sub, fault.New(fault.Invalid, validationFailed, "%s %.40q is unknown.", errV0Subscribe.Message, name)
		}
	}
	for _, name := range asked.EventTypes {
		if _, known := v0EventTypes[name]; !known {
			return sub, fault.New(fault.Invalid, validationFailed, "There is no event of the type %.40q.", name)
		}
	}
	ws, err := c.podOf(ctx, asked, &sub)
	if err == nil && c.grant.Kind() == tenancy.Operator {
		sub.follower, err = c.srv.v0Follow(ctx, c.grant, ws)
	}
	if sub.EventTypes = asked.EventTypes; len(sub.EventTypes) == 0 {
		sub.EventTypes = v0DefaultTypes
	}
	asked.Type = "subscribed"
	sub.answer = asked
	return sub, err
}

var errOnePod = fault.New(fault.Invalid, "workspace_required", "A socket hears of one pod: name one in pod_ids, or inboxes of one in inbox_ids.")

// podOf finds the inboxes that a client names, and the one workspace that all it names is in.
func (c *socket) podOf(ctx context.Context, asked v0Subscribe, sub *subscribe) (ws mailstore.WorkspaceID, err error) {
	pods := map[mailstore.WorkspaceID]bool{}
	for _, id := range asked.PodIDs {
		_, pod, err := c.grant.Journal(ctx, mailstore.WorkspaceID(id))
		if err != nil {
			return "", unknownName(err, "pod", id)
		}
		pods[pod] = true
	}
	for _, name := range asked.InboxIDs {
		box, err := c.grant.Mail(ctx, "", name, tenancy.EventsRead)
		if err != nil {
			return "", unknownName(err, "inbox", name)
		}
		pods[box.WorkspaceID()] = true
		sub.InboxIDs = append(sub.InboxIDs, string(box.ID()))
	}
	if len(pods) > 1 || len(pods) == 0 && c.grant.Kind() == tenancy.Operator {
		return "", errOnePod
	}
	for pod := range pods {
		ws = pod
	}
	return ws, nil
}

// unknownName says which name of a frame leads nowhere.
func unknownName(err error, what, name string) error {
	if errors.Is(err, tenancy.ErrNotFound) {
		return fault.New(fault.NotFound, "not_found", "There is no %s %s here.", what, fmt.Sprintf("%.100q", name))
	}
	return err
}
