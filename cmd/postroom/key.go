package main

import (
	"context"
	"fmt"
	"time"

	api "github.com/postroom/postroom/server/api/client"
)

// keyCommands are what an operator does with API keys.
type keyCommands struct {
	Create keyCreate `cmd:"" help:"Make a key and show it, once."`
	List   keyList   `cmd:"" help:"List keys, the newest first."`
	Show   keyShow   `cmd:"" help:"Show one key, without its secret."`
	Delete keyDelete `cmd:"" help:"Revoke a key."`
}

// keyOwner says whose keys are meant: a workspace's, or those of one inbox.
type keyOwner struct {
	Workspace string `help:"The workspace that has the key." placeholder:"ID"`
	Inbox     string `help:"The inbox that has the key: its id or address." placeholder:"INBOX"`
}

// Validate wants an owner.
func (o *keyOwner) Validate() error {
	if o.Workspace == "" && o.Inbox == "" {
		return fmt.Errorf("whose key? Name --workspace or --inbox")
	}
	return nil
}

type keyCreate struct {
	remote
	keyOwner
	Name       string        `help:"What people call it." placeholder:"NAME"`
	Permission []string      `help:"What it may do: read, draft, send, manage, or finer ones such as messages:read. All four without." placeholder:"PERMISSION"`
	Expires    time.Duration `help:"How long it works, such as 720h. For ever without." placeholder:"DURATION"`
	Network    []string      `help:"Addresses from which it works, such as 192.0.2.0/24. Everywhere without." placeholder:"NETWORK"`
}

// Run makes it and shows it with its secret.
func (c *keyCreate) Run(ctx context.Context, t terminal) error {
	body := api.KeyInput{Name: c.Name, Permissions: c.Permission, Networks: c.Network}
	if c.Expires > 0 {
		body.ExpiresAt = new(time.Now().Add(c.Expires).UTC().Truncate(time.Second))
	}
	err := show(c.remote, t, func(a *api.Client) (*api.NewKey, error) {
		if c.Inbox != "" {
			return a.CreateInboxKey(ctx, c.Inbox, api.CreateInboxKeyParams{WorkspaceID: c.Workspace}, body)
		}
		return a.CreateWorkspaceKey(ctx, c.Workspace, api.CreateWorkspaceKeyParams{}, body)
	})
	if err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintln(t.err, "The key is shown this once: keep it now.")
	}
	return nil
}

type keyList struct {
	remote
	keyOwner
	page
}

// Run shows one page.
func (c *keyList) Run(ctx context.Context, t terminal) error {
	return list(c.remote, t, func(a *api.Client) (*api.KeyList, error) {
		if c.Inbox != "" {
			return a.ListInboxKeys(ctx, c.Inbox, api.ListInboxKeysParams{WorkspaceID: c.Workspace, Limit: c.Limit, Cursor: c.Cursor})
		}
		return a.ListWorkspaceKeys(ctx, c.Workspace, api.ListWorkspaceKeysParams{Limit: c.Limit, Cursor: c.Cursor})
	}, func(l *api.KeyList) ([]api.KeyInfo, string) { return l.Keys, l.NextCursor },
		column[api.KeyInfo]{"ID", func(k api.KeyInfo) any { return k.ID }},
		column[api.KeyInfo]{"PREFIX", func(k api.KeyInfo) any { return k.Prefix }},
		column[api.KeyInfo]{"NAME", func(k api.KeyInfo) any { return k.Name }},
		column[api.KeyInfo]{"PERMISSIONS", func(k api.KeyInfo) any { return k.Permissions }},
		column[api.KeyInfo]{"EXPIRES", func(k api.KeyInfo) any { return k.ExpiresAt }},
		column[api.KeyInfo]{"LAST USED", func(k api.KeyInfo) any { return k.LastUsedAt }})
}

type keyShow struct {
	remote
	keyOwner
	ID string `arg:"" help:"Its id, key_…"`
}

// Run looks for it in the list, page by page: the API has no address for one key.
func (c *keyShow) Run(ctx context.Context, t terminal) error {
	return show(c.remote, t, func(a *api.Client) (*api.KeyInfo, error) {
		if c.Inbox != "" {
			return a.GetInboxKey(ctx, c.Inbox, c.ID, api.GetInboxKeyParams{WorkspaceID: c.Workspace})
		}
		return a.GetWorkspaceKey(ctx, c.Workspace, c.ID)
	})
}

type keyDelete struct {
	remote
	keyOwner
	ID string `arg:"" help:"Its id, key_…"`
}

// Run revokes it.
func (c *keyDelete) Run(ctx context.Context, t terminal) error {
	return c.remove(t, c.ID, func(a *api.Client) error {
		if c.Inbox != "" {
			return a.DeleteInboxKey(ctx, c.Inbox, c.ID, api.DeleteInboxKeyParams{WorkspaceID: c.Workspace})
		}
		return a.DeleteWorkspaceKey(ctx, c.Workspace, c.ID)
	})
}
