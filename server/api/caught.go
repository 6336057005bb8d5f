package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// CaughtMessage is a message that would have left, had mail not been caught.
type CaughtMessage struct {
	ID          mailstore.MessageID
	WorkspaceID mailstore.WorkspaceID
	InboxID     mailstore.InboxID
	From        string   // envelope sender
	To          []string // envelope recipients
	At          time.Time
	Raw         []byte // as it would have gone on the wire, with its signatures
}

// caughtMessage is the same as the API tells it.
type caughtMessage struct {
	ID          string   `json:"id" doc:"Of the message in Sent."`
	WorkspaceID string   `json:"workspaceId" doc:"The workspace that sent it."`
	InboxID     string   `json:"inboxId" doc:"The inbox that sent it."`
	From        string   `json:"from" doc:"Envelope sender."`
	To          []string `json:"to" doc:"Envelope recipients."`
	At          stamp    `json:"at" doc:"When it would have left."`
	Raw         string   `json:"raw" doc:"As it would have gone on the wire."`
	Encoding    string   `json:"encoding" enum:"utf-8,base64" doc:"How raw holds its octets; base64 where they are no UTF-8."`
}

func caughtOf(m CaughtMessage) caughtMessage {
	c := caughtMessage{string(m.ID), string(m.WorkspaceID), string(m.InboxID), m.From, append([]string{}, m.To...), stamp{m.At}, string(m.Raw), "utf-8"}
	if !utf8.Valid(m.Raw) {
		c.Raw, c.Encoding = base64.StdEncoding.EncodeToString(m.Raw), "base64"
	}
	return c
}

type caughtList struct {
	Messages []caughtMessage `json:"messages" doc:"Newest first."`
}

const caughtPath = "/dev/outbox"

var errOperatorOnly = fault.New(fault.Forbidden, "permission_denied", "Only an operator may do this.")

// caughtRoutes are there only where mail is caught: on a server for development.
func (s *Server) caughtRoutes(a huma.API) {
	if s.cfg.Caught == nil {
		return
	}
	register(s, a, route(http.MethodGet, caughtPath, "listCaught", "dev", "Mail that would have left this server", 200),
		func(_ context.Context, g *tenancy.Grant, _ *struct{}) (*result[caughtList], error) {
			if g.Kind() != tenancy.Operator || !g.Allows(tenancy.MessagesRead) {
				return nil, errOperatorOnly
			}
			return &result[caughtList]{caughtList{each(s.cfg.Caught(), caughtOf)}}, nil
		})
}
