package main

import (
	"context"

	api "github.com/postroom/postroom/server/api/client"
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
	return list(c.remote, t, func(a *api.Client) (*api.QueueList, error) {
		return a.ListQueue(ctx, api.ListQueueParams{WorkspaceID: c.Workspace, Inbox: c.Inbox, Domain: c.Domain, MessageID: c.Message, Status: c.Status, Limit: c.Limit, Cursor: c.Cursor})
	}, func(l *api.QueueList) ([]api.QueueEntry, string) { return l.Entries, l.NextCursor },
		column[api.QueueEntry]{"ID", func(e api.QueueEntry) any { return e.ID }},
		column[api.QueueEntry]{"RECIPIENT", func(e api.QueueEntry) any { return e.Recipient }},
		column[api.QueueEntry]{"STATUS", func(e api.QueueEntry) any { return e.Status }},
		column[api.QueueEntry]{"WHY", func(e api.QueueEntry) any { return e.Why }},
		column[api.QueueEntry]{"TRIES", func(e api.QueueEntry) any { return e.Attempts }},
		column[api.QueueEntry]{"NEXT", func(e api.QueueEntry) any { return e.NextAttemptAt }},
		column[api.QueueEntry]{"REPLY", func(e api.QueueEntry) any { return e.Reply }})
}

type queueDomains struct {
	remote
	Workspace string `required:"" help:"The workspace whose mail it is." placeholder:"ID"`
}

// Run shows them all.
func (c *queueDomains) Run(ctx context.Context, t terminal) error {
	return list(c.remote, t, func(a *api.Client) (*api.QueueCounts, error) {
		return a.CountQueue(ctx, api.CountQueueParams{WorkspaceID: c.Workspace})
	}, func(l *api.QueueCounts) ([]api.QueueCount, string) { return l.Domains, "" },
		column[api.QueueCount]{"DOMAIN", func(q api.QueueCount) any { return q.Domain }},
		column[api.QueueCount]{"WAITING", func(q api.QueueCount) any { return q.Waiting }},
		column[api.QueueCount]{"DEFERRED", func(q api.QueueCount) any { return q.Deferred }},
		column[api.QueueCount]{"HELD", func(q api.QueueCount) any { return q.Held }},
		column[api.QueueCount]{"OLDEST", func(q api.QueueCount) any { return q.OldestAt }})
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

// change does something with what was chosen.
func (c *queueChoice) change(t terminal, do func(*api.Client, string, api.QueueChangeBody) (*api.QueueChanged, error)) error {
	body := api.QueueChangeBody{ID: given(c.ID), Inbox: given(c.Inbox), Domain: given(c.Domain), MessageID: given(c.Message), All: given(c.All)}
	return show(c.remote, t, func(a *api.Client) (*api.QueueChanged, error) { return do(a, c.Workspace, body) })
}

type queueRetry struct{ queueChoice }

// Run tries again and says how many.
func (c *queueRetry) Run(ctx context.Context, t terminal) error {
	return c.change(t, func(a *api.Client, ws string, body api.QueueChangeBody) (*api.QueueChanged, error) {
		return a.RetryQueue(ctx, api.RetryQueueParams{WorkspaceID: ws}, body)
	})
}

type queueCancel struct{ queueChoice }

// Run gives up and says how many.
func (c *queueCancel) Run(ctx context.Context, t terminal) error {
	return c.change(t, func(a *api.Client, ws string, body api.QueueChangeBody) (*api.QueueChanged, error) {
		return a.CancelQueue(ctx, api.CancelQueueParams{WorkspaceID: ws}, body)
	})
}

type queueHold struct{ queueChoice }

// Run holds and says how many.
func (c *queueHold) Run(ctx context.Context, t terminal) error {
	return c.change(t, func(a *api.Client, ws string, body api.QueueChangeBody) (*api.QueueChanged, error) {
		return a.HoldQueue(ctx, api.HoldQueueParams{WorkspaceID: ws}, body)
	})
}

type queueRelease struct{ queueChoice }

// Run releases and says how many.
func (c *queueRelease) Run(ctx context.Context, t terminal) error {
	return c.change(t, func(a *api.Client, ws string, body api.QueueChangeBody) (*api.QueueChanged, error) {
		return a.ReleaseQueue(ctx, api.ReleaseQueueParams{WorkspaceID: ws}, body)
	})
}
