package main

import (
	"context"
	"fmt"
	"strings"
)

// inboxCommands are what an operator does with the inboxes of a workspace.
type inboxCommands struct {
	Create inboxCreate `cmd:"" help:"Make an inbox and show its password, once."`
	List   inboxList   `cmd:"" help:"List inboxes, the newest first."`
	Show   inboxShow   `cmd:"" help:"Show one inbox."`
	Delete inboxDelete `cmd:"" help:"Delete an inbox with all its mail, for good."`
}

type inboxCreate struct {
	remote
	Workspace   string `required:"" help:"The workspace that it is for." placeholder:"ID"`
	DisplayName string `help:"The name that stands beside the address." placeholder:"NAME"`
	Address     string `arg:"" help:"Its address, at a verified domain of the workspace."`
}

// Validate wants a whole address.
func (c *inboxCreate) Validate() error {
	if at := strings.LastIndexByte(c.Address, '@'); at < 1 || at == len(c.Address)-1 {
		return fmt.Errorf("%q is no address: write one such as sales@example.com", c.Address)
	}
	return nil
}

// Run makes it and shows it.
func (c *inboxCreate) Run(ctx context.Context, t terminal) error {
	at := strings.LastIndexByte(c.Address, '@')
	body := map[string]any{"workspaceId": c.Workspace, "username": c.Address[:at], "domain": c.Address[at+1:]}
	if c.DisplayName != "" {
		body["displayName"] = c.DisplayName
	}
	return c.show(ctx, t, "POST", join("inboxes"), nil, body)
}

type inboxList struct {
	remote
	page
	Workspace string `required:"" help:"The workspace whose inboxes to list." placeholder:"ID"`
}

// Run shows one page.
func (c *inboxList) Run(ctx context.Context, t terminal) error {
	return c.list(ctx, t, join("inboxes"), c.query("workspaceId", c.Workspace), "inboxes",
		column{"ID", "id"}, column{"ADDRESS", "address"}, column{"NAME", "displayName"}, column{"CREATED", "createdAt"})
}

// oneInbox names an inbox. Ids and addresses are unique on a server, so its workspace need not be named.
type oneInbox struct {
	remote
	Workspace string `help:"The workspace that has it, if there is doubt." placeholder:"ID"`
	Inbox     string `arg:"" help:"Its id or address."`
}

type inboxShow struct{ oneInbox }

// Run shows it.
func (c *inboxShow) Run(ctx context.Context, t terminal) error {
	return c.show(ctx, t, "GET", join("inboxes", c.Inbox), query("workspaceId", c.Workspace), nil)
}

type inboxDelete struct{ oneInbox }

// Run deletes it.
func (c *inboxDelete) Run(ctx context.Context, t terminal) error {
	return c.remove(ctx, t, join("inboxes", c.Inbox), query("workspaceId", c.Workspace), c.Inbox)
}
