package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
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

// path is where the owner's keys are in the API.
func (o keyOwner) path(more ...string) string {
	if o.Inbox != "" {
		return join(append([]string{"inboxes", o.Inbox, "api-keys"}, more...)...)
	}
	return join(append([]string{"workspaces", o.Workspace, "api-keys"}, more...)...)
}

// query names the workspace of an inbox, if both are given.
func (o keyOwner) query() url.Values {
	if o.Inbox == "" {
		return nil
	}
	return query("workspaceId", o.Workspace)
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
	body := map[string]any{}
	if c.Name != "" {
		body["name"] = c.Name
	}
	if len(c.Permission) > 0 {
		body["permissions"] = c.Permission
	}
	if c.Expires > 0 {
		body["expiresAt"] = time.Now().Add(c.Expires).UTC().Format(time.RFC3339)
	}
	if len(c.Network) > 0 {
		body["networks"] = c.Network
	}
	if err := c.show(ctx, t, "POST", c.path(), c.keyOwner.query(), body); err != nil {
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
	q := c.page.query()
	for name, values := range c.keyOwner.query() {
		q[name] = values
	}
	return c.list(ctx, t, c.path(), q, "keys",
		column{"ID", "id"}, column{"PREFIX", "prefix"}, column{"NAME", "name"}, column{"PERMISSIONS", "permissions"}, column{"EXPIRES", "expiresAt"}, column{"LAST USED", "lastUsedAt"})
}

type keyShow struct {
	remote
	keyOwner
	ID string `arg:"" help:"Its id, key_…"`
}

// Run looks for it in the list, page by page: the API has no address for one key.
func (c *keyShow) Run(ctx context.Context, t terminal) error {
	q := query("limit", "200")
	for name, values := range c.keyOwner.query() {
		q[name] = values
	}
	for {
		raw, err := c.client().call(ctx, "GET", c.path(), q, nil)
		if err != nil {
			return err
		}
		var answer struct {
			Keys []json.RawMessage `json:"keys"`
			Next string            `json:"nextCursor"`
		}
		if err := json.Unmarshal(raw, &answer); err != nil {
			return fmt.Errorf("read answer: %w", err)
		}
		for _, key := range answer.Keys {
			var named struct {
				ID string `json:"id"`
			}
			if json.Unmarshal(key, &named) == nil && named.ID == c.ID {
				return c.print(t, key)
			}
		}
		if answer.Next == "" {
			return fmt.Errorf("there is no key %s here: 'postroom key list' shows those there are", strings.TrimSpace(c.ID))
		}
		q.Set("cursor", answer.Next)
	}
}

type keyDelete struct {
	remote
	keyOwner
	ID string `arg:"" help:"Its id, key_…"`
}

// Run revokes it.
func (c *keyDelete) Run(ctx context.Context, t terminal) error {
	return c.remove(ctx, t, c.path(c.ID), c.keyOwner.query(), c.ID)
}
