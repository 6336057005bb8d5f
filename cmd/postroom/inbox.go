package main

import (
	"context"
	"fmt"
	"strings"

	api "github.com/postroom/postroom/server/api/client"
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
	body := api.NewInboxBody{WorkspaceID: &c.Workspace, Username: c.Address[:at], Domain: c.Address[at+1:], DisplayName: given(c.DisplayName)}
	return show(c.remote, t, func(a *api.Client) (*api.Inbox, error) { return a.CreateInbox(ctx, api.CreateInboxParams{}, body) })
}

type inboxList struct {
	remote
	page
	Workspace string `required:"" help:"The workspace whose inboxes to list." placeholder:"ID"`
}

// Run shows one page.
func (c *inboxList) Run(ctx context.Context, t terminal) error {
	return list(c.remote, t, func(a *api.Client) (*api.InboxList, error) {
		return a.ListInboxes(ctx, api.ListInboxesParams{WorkspaceID: c.Workspace, Limit: c.Limit, Cursor: c.Cursor})
	}, func(l *api.InboxList) ([]api.Inbox, string) { return l.Inboxes, l.NextCursor },
		column[api.Inbox]{"ID", func(in api.Inbox) any { return in.ID }},
		column[api.Inbox]{"ADDRESS", func(in api.Inbox) any { return in.Address }},
		column[api.Inbox]{"NAME", func(in api.Inbox) any { return in.DisplayName }},
		column[api.Inbox]{"CREATED", func(in api.Inbox) any { return in.CreatedAt }})
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
	return show(c.remote, t, func(a *api.Client) (*api.Inbox, error) {
		return a.GetInbox(ctx, c.Inbox, api.GetInboxParams{WorkspaceID: c.Workspace})
	})
}

type inboxDelete struct{ oneInbox }

// Run deletes it.
func (c *inboxDelete) Run(ctx context.Context, t terminal) error {
	return c.remove(t, c.Inbox, func(a *api.Client) error {
		return a.DeleteInbox(ctx, c.Inbox, api.DeleteInboxParams{WorkspaceID: c.Workspace})
	})
}
