package main

import (
	"context"
	"net/url"
)

// queueCommands are what an operator does with what a workspace has to send.
type queueCommands struct {
	List    queueListCommand `cmd:"" help:"List recipients that wait, and why each waits, the newest first."`
	Domains queueDomains     `cmd:"" help:"How much waits for each domain."`
	Retry   queueRetry       `cmd:"" help:"Try now what waits for its next try."`
	Cancel  queueCancel      `cmd:"" help:"Give up what waits."`
	Hold    queueHold        `cmd:"" help:"Keep what waits from being tried."`
	Release queueRelease     `cmd:"" help:"Let what is held be tried again."`
}

type queueListCommand struct {
	remote
	page
	Workspace string `required:"" help:"The workspace whose mail it is." placeholder:"ID"`
	Inbox     string `help:"Only what this inbox sends." placeholder:"ADDRESS"`
	Domain    string `help:"Only what goes to this domain." placeholder:"NAME"`
	Message   string `help:"Only recipients of this message." placeholder:"ID"`
	Status    string `help:"Only those of this status: queued, scheduled, held or deferred." placeholder:"STATUS"`
}

// Run shows one page.
func (c *queueListCommand) Run(ctx context.Context, t terminal) error {
	q := c.query("workspaceId", c.Workspace, "inbox", c.Inbox, "domain", c.Domain, "messageId", c.Message, "status", c.Status)
	return c.list(ctx, t, join("queue"), q, "entries", column{"ID", "id"}, column{"RECIPIENT", "recipient"}, column{"STATUS", "status"}, column{"WHY", "why"},
		column{"TRIES", "attempts"}, column{"NEXT", "nextAttemptAt"}, column{"REPLY", "reply"})
}

type queueDomains struct {
	remote
	Workspace string `required:"" help:"The workspace whose mail it is." placeholder:"ID"`
}

// Run shows them all.
func (c *queueDomains) Run(ctx context.Context, t terminal) error {
	return c.list(ctx, t, join("queue", "domains"), query("workspaceId", c.Workspace), "domains",
		column{"DOMAIN", "domain"}, column{"WAITING", "waiting"}, column{"DEFERRED", "deferred"}, column{"HELD", "held"}, column{"OLDEST", "oldestAt"})
}

// queueChoice names what is meant of what a workspace has to send.
type queueChoice struct {
	remote
	Workspace string `required:"" help:"The workspace whose mail it is." placeholder:"ID"`
	ID        string `help:"One recipient, as 'queue list' shows it." placeholder:"ID"`
	Inbox     string `help:"What this inbox sends." placeholder:"ADDRESS"`
	Domain    string `help:"What goes to this domain." placeholder:"NAME"`
	Message   string `help:"Recipients of this message." placeholder:"ID"`
	All       bool   `help:"All that waits."`
}

// Validate wants something to be named.
func (c *queueChoice) Validate() error {
	if named := c.ID + c.Inbox + c.Domain + c.Message; (named != "") == c.All {
		return usageError("say what is meant: --id, --inbox, --domain or --message, or --all")
	}
	return nil
}

func (c *queueChoice) change(ctx context.Context, t terminal, verb string) error {
	body := map[string]any{}
	for name, value := range map[string]string{"id": c.ID, "inbox": c.Inbox, "domain": c.Domain, "messageId": c.Message} {
		if value != "" {
			body[name] = value
		}
	}
	if c.All {
		body["all"] = true
	}
	return c.show(ctx, t, "POST", join("queue", verb), url.Values{"workspaceId": {c.Workspace}}, body)
}

type queueRetry struct{ queueChoice }

// Run changes it and shows how much.
func (c *queueRetry) Run(ctx context.Context, t terminal) error { return c.change(ctx, t, "retry") }

type queueCancel struct{ queueChoice }

// Run changes it and shows how much.
func (c *queueCancel) Run(ctx context.Context, t terminal) error { return c.change(ctx, t, "cancel") }

type queueHold struct{ queueChoice }

// Run changes it and shows how much.
func (c *queueHold) Run(ctx context.Context, t terminal) error { return c.change(ctx, t, "hold") }

type queueRelease struct{ queueChoice }

// Run changes it and shows how much.
func (c *queueRelease) Run(ctx context.Context, t terminal) error { return c.change(ctx, t, "release") }
