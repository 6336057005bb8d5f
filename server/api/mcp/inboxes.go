package mcp

import (
	"context"

	"github.com/postroom/postroom/server/api/client"
)

type (
	page struct {
		Limit  int64  `json:"limit,omitempty" jsonschema:"how many, at most 50; 20 unless told"`
		Cursor string `json:"cursor,omitempty" jsonschema:"nextCursor of the answer before"`
	}
	oneInbox struct {
		Inbox string `json:"inboxId" jsonschema:"id or address of the inbox"`
	}
	once struct {
		IdempotencyKey string `json:"idempotencyKey,omitempty" jsonschema:"any text of your own: the same one again has no second effect"`
	}
	newInbox struct {
		once
		Username    string         `json:"username" jsonschema:"what stands before the @"`
		Domain      string         `json:"domain,omitempty" jsonschema:"a verified domain of the workspace; without it the first one there is"`
		DisplayName string         `json:"displayName,omitempty" jsonschema:"the name that people see"`
		Metadata    map[string]any `json:"metadata,omitempty" jsonschema:"anything of your own"`
	}
	inboxChange struct {
		oneInbox
		DisplayName *string        `json:"displayName,omitempty" jsonschema:"the name that people see"`
		Metadata    map[string]any `json:"metadata,omitempty" jsonschema:"anything of your own"`
	}
	inboxesView struct {
		Inboxes    []inboxView `json:"inboxes"`
		NextCursor string      `json:"nextCursor,omitempty"`
	}
)

const defaultListed = 20

func (p page) limit() int64 {
	if p.Limit <= 0 {
		return defaultListed
	}
	return min(p.Limit, maxListed)
}

func (s *server) inboxTools() {
	addTool(s, reads, "list_inboxes", "List the inboxes that you may use.", func(ctx context.Context, c *Caller, in page) (any, error) {
		list, err := c.API.ListInboxes(ctx, client.ListInboxesParams{WorkspaceID: c.Workspace, Limit: in.limit(), Cursor: in.Cursor})
		if err != nil {
			return nil, err
		}
		return inboxesView{each(list.Inboxes, func(in client.Inbox) inboxView { return viewInbox(&in) }), list.NextCursor}, nil
	})
	addTool(s, reads, "get_inbox", "Get one inbox.", func(ctx context.Context, c *Caller, in oneInbox) (any, error) {
		return inboxOf(c.API.GetInbox(ctx, in.Inbox, client.GetInboxParams{WorkspaceID: c.Workspace}))
	})
	addTool(s, adds, "create_inbox", "Make an inbox with an address of its own. One that exists already in this workspace is given as it is.", createInbox)
	addTool(s, changes, "update_inbox", "Change an inbox's display name or metadata.", func(ctx context.Context, c *Caller, in inboxChange) (any, error) {
		return inboxOf(c.API.UpdateInbox(ctx, in.Inbox, client.UpdateInboxParams{WorkspaceID: c.Workspace}, client.InboxChangeBody{DisplayName: in.DisplayName, Metadata: in.Metadata}))
	})
}

// inboxOf is an inbox as tools give it: without its password, which is not for a model.
func inboxOf(in *client.Inbox, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return viewInbox(in), nil
}

func createInbox(ctx context.Context, c *Caller, in newInbox) (any, error) {
	if in.Domain == "" {
		var err error
		if in.Domain, err = firstDomain(ctx, c); err != nil {
			return nil, err
		}
	}
	return inboxOf(c.API.CreateInbox(ctx, client.CreateInboxParams{IdempotencyKey: in.IdempotencyKey},
		client.NewInboxBody{Username: in.Username, Domain: in.Domain, DisplayName: optional(in.DisplayName), Metadata: in.Metadata, WorkspaceID: optional(c.Workspace)}))
}

// firstDomain is the verified domain that a workspace has had for longest among the newest, so that an answer does not change
// when one is added.
func firstDomain(ctx context.Context, c *Caller) (name string, err error) {
	list, err := c.API.ListDomains(ctx, client.ListDomainsParams{WorkspaceID: c.Workspace, Limit: 200})
	if err != nil {
		return "", err
	}
	for _, d := range list.Domains {
		if d.Status == "verified" {
			name = d.Domain
		}
	}
	if name == "" {
		return "", toldError("This workspace has no verified domain; name one in domain, or have the operator add one.")
	}
	return name, nil
}
