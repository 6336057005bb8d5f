package mcp

import (
	"context"
	"time"

	"github.com/postroom/postroom/server/api/client"
)

type (
	waitFor struct {
		oneInbox
		From        string `json:"from,omitempty" jsonschema:"part of the author's name or address"`
		Subject     string `json:"subject,omitempty" jsonschema:"part of the subject"`
		Thread      string `json:"threadId,omitempty" jsonschema:"only a message of this thread"`
		After       string `json:"after,omitempty" jsonschema:"also what is there already: received at this time (RFC 3339) or later, or after the message with this id"`
		IncludeJunk bool   `json:"includeJunk,omitempty" jsonschema:"also a message that was filed as junk"`
		Timeout     *int64 `json:"timeoutSeconds,omitempty" jsonschema:"how long to wait, at most 120; 30 unless told, 0 looks once"`
	}
	awaitedView struct {
		TimedOut bool                `json:"timedOut"`
		Message  *messageView        `json:"message,omitempty"`
		Codes    []client.CodeObject `json:"codes,omitempty"`
		Links    []client.LinkObject `json:"links,omitempty"`
	}
	codesView struct {
		TimedOut bool                `json:"timedOut"`
		Code     string              `json:"code,omitempty"`
		Codes    []client.CodeObject `json:"codes,omitempty"`
		Links    []client.LinkObject `json:"links,omitempty"`
		From     *client.Person      `json:"from,omitempty"`
		Subject  string              `json:"subject,omitempty"`
		ID       string              `json:"messageId,omitempty"`
	}
)

// codeLookBack is how far get_code looks back unless told.
const codeLookBack = 10 * time.Minute

func (s *server) waitTools() {
	addTool(s, reads, "wait_for_message", "Wait until a message comes that matches, and read it, with the one-time codes and the links in it.", func(ctx context.Context, c *Caller, in waitFor) (any, error) {
		a, err := in.wait(ctx, c, false)
		if err != nil {
			return nil, err
		}
		v := awaitedView{TimedOut: a.TimedOut, Codes: a.Codes, Links: a.Links}
		if a.Message != nil {
			m := viewMessage(*a.Message, false)
			v.Message = &m
		}
		return marked(v)
	})
	addTool(s, reads, "get_code", "Get the one-time code, or the link to confirm or sign in, that a service has sent or is about to send. Looks at the last ten minutes unless after says otherwise.", getCode)
}

func (in waitFor) wait(ctx context.Context, c *Caller, code bool) (*client.Awaited, error) {
	match := &client.WaitMatch{From: optional(in.From), Subject: optional(in.Subject), ThreadID: optional(in.Thread), After: optional(in.After)}
	if in.IncludeJunk {
		match.IncludeJunk = new(true)
	}
	if code {
		match.WithCode = new(true)
	}
	return c.API.WaitForMessage(ctx, in.Inbox, client.WaitForMessageParams{WorkspaceID: c.Workspace}, client.WaitRequestBody{Match: match, TimeoutSeconds: in.Timeout})
}

func getCode(ctx context.Context, c *Caller, in waitFor) (any, error) {
	if in.After == "" {
		in.After = time.Now().Add(-codeLookBack).UTC().Format(time.RFC3339)
	}
	a, err := in.wait(ctx, c, true)
	if err != nil {
		return nil, err
	}
	if a.Message == nil {
		return codesView{TimedOut: true}, nil
	}
	return marked(found(a))
}

func found(a *client.Awaited) codesView {
	v := codesView{Codes: a.Codes, Links: a.Links, From: &a.Message.From, Subject: a.Message.Subject, ID: a.Message.ID}
	if len(a.Codes) > 0 {
		v.Code = a.Codes[0].Value
	}
	return v
}
