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
	from := &v0Source{srv: s, grant: grantOf(r.Context())}
	var err error
	if from.grant.Kind() != tenancy.Operator {
		if from.follower, err = s.v0Follow(r.Context(), from.grant, ""); err == nil { // the place is taken before the handshake ends
			from.types, from.held = v0DefaultTypes, string(from.workspace)
			from.silence = make(chan struct{})
			time.AfterFunc(s.cfg.SilentSocket, func() { close(from.silence) })
		}
	}
	var placed source
	if err == nil {
		placed, err = s.placed(r, from, handshake)
	}
	s.openSocket(w, r, placed, eventful{}, err)
}

// v0Follow follows a workspace's journal from now on.
func (s *Server) v0Follow(ctx context.Context, g *tenancy.Grant, ws mailstore.WorkspaceID) (*follower, error) {
	f, err := s.follow(ctx, g, ws)
	if err != nil {
		return nil, err
	}
	return f, f.start(ctx, "")
}

// v0Source is a journal as a socket of /v0 hears it: nothing until its client has subscribed, or has said nothing for so long that it
// is told all.
type v0Source struct {
	*follower // nil: an operator's, that has named nothing yet
	srv       *Server
	grant     *tenancy.Grant
	held      string        // whose limit of streams counts, from the beginning
	silence   chan struct{} // closed when the client has been silent for long; nil: it may be silent for ever
	begun     bool
	version   uint64 // of the workspace, when it was last read
}

func (v *v0Source) next(ctx context.Context) (batch, error) {
	if !v.begun {
		select {
		case <-v.silence:
			v.begun = true
		default:
			return batch{}, nil
		}
	}
	v.version = v.journal.Version()
	p, err := v.read(ctx, pageOfLines)
	return batch{more: p.More, count: len(p.Lines), frame: func(ctx context.Context, i int) (text []byte, behind journal.Cursor, err error) {
		e, known, err := v.srv.v0Event(ctx, v.follower, p.Lines[i])
		if known && err == nil {
			text, err = encodeFrame(e)
		}
		return text, p.Lines[i].Cursor, err
	}}, err
}

func (v *v0Source) rung() (<-chan struct{}, func()) {
	if !v.begun {
		return v.silence, func() {}
	}
	return v.journal.Rung(v.version)
}

func (v *v0Source) narrow(sub subscribe) {
	if sub.follower != nil {
		v.follower = sub.follower
	}
	v.begun, v.types, v.inboxes = true, sub.EventTypes, sub.inboxes
}

func (v *v0Source) place() (c journal.Cursor) {
	if v.follower != nil {
		c = v.cursor
	}
	return c
}

func (v *v0Source) holder() string { return v.held }

func (v *v0Source) close() {}

// admit finds the inboxes that a client names, and the one workspace that all it names is in.
func (v *v0Source) admit(ctx context.Context, sub *subscribe) error {
	pods := map[mailstore.WorkspaceID]bool{}
	for _, id := range sub.pods {
		_, pod, err := v.grant.Journal(ctx, mailstore.WorkspaceID(id))
		if err != nil {
			return unknownName(err, "pod", id)
		}
		pods[pod] = true
	}
	for _, name := range sub.InboxIDs {
		box, err := v.grant.Mail(ctx, "", name, tenancy.EventsRead)
		if err != nil {
			return unknownName(err, "inbox", name)
		}
		pods[box.WorkspaceID()] = true
		sub.inboxes = append(sub.inboxes, box.ID())
	}
	operator := v.grant.Kind() == tenancy.Operator
	if len(pods) > 1 || len(pods) == 0 && operator {
		return errOnePod
	}
	var err error
	for pod := range pods {
		if operator {
			sub.follower, err = v.srv.v0Follow(ctx, v.grant, pod)
		}
	}
	return err
}

var errOnePod = fault.New(fault.Invalid, "workspace_required", "A socket hears of one pod: name one in pod_ids, or inboxes of one in inbox_ids.")

// unknownName says which name of a frame leads nowhere.
func unknownName(err error, what, name string) error {
	if errors.Is(err, tenancy.ErrNotFound) {
		return fault.New(fault.NotFound, "not_found", "There is no %s %s here.", what, fmt.Sprintf("%.100q", name))
	}
	return err
}

// eventful is the dialect of /v0. It says nothing that its clients do not know: no gap, and no frame to greet or to ping.
type eventful struct{}

func (eventful) answer(sub subscribe) any {
	return v0Subscribe{"subscribed", sub.EventTypes, sub.InboxIDs, sub.pods}
}

func (eventful) complaint(p *Problem) any {
	e := v0ErrorOf(p)
	return map[string]string{"type": "error", "name": e.Name, "message": e.Message}
}

// closing never says that all is well: a client of /v0 does not come back after that.
func (eventful) closing(code websocket.StatusCode) websocket.StatusCode {
	if code == websocket.StatusNormalClosure {
		return websocket.StatusGoingAway
	}
	return code
}

// v0Subscribe is the frame by which a client says what it wants to hear, and the answer.
type v0Subscribe struct {
	Type       string   `json:"type"`
	EventTypes []string `json:"event_types,omitempty"`
	InboxIDs   []string `json:"inbox_ids,omitempty"`
	PodIDs     []string `json:"pod_ids,omitempty"`
}

var errV0Subscribe = fault.New(fault.Invalid, validationFailed, `Send {"type":"subscribe","event_types":[…],"inbox_ids":[…],"pod_ids":[…]}.`)

func (eventful) parse(frame []byte) (sub subscribe, err error) {
	var asked v0Subscribe
	var names map[string]json.RawMessage
	if unmarshal(frame, &names) != nil || json.Unmarshal(frame, &asked) != nil || asked.Type != "subscribe" || len(asked.InboxIDs)+len(asked.PodIDs) > maxFollowed {
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
	sub = subscribe{EventTypes: asked.EventTypes, InboxIDs: asked.InboxIDs, pods: asked.PodIDs}
	if len(sub.EventTypes) == 0 {
		sub.EventTypes = v0DefaultTypes
	}
	return sub, nil
}
