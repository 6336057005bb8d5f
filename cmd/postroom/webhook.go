package main

import (
	"context"
	"fmt"
	"strings"

	api "github.com/postroom/postroom/server/api/client"
)

// webhookCommands are what an operator does with webhooks.
type webhookCommands struct {
	Add        webhookAdd        `cmd:"" help:"Have a workspace's events posted to a URL, and show the secret, once."`
	List       webhookList       `cmd:"" help:"List webhooks, the newest first."`
	Test       webhookTest       `cmd:"" help:"Post a sample event now, and show what came of it."`
	Deliveries webhookDeliveries `cmd:"" help:"List what was posted, the newest first."`
	Enable     webhookEnable     `cmd:"" help:"Let a webhook that is disabled go on from its place."`
	Remove     webhookRemove     `cmd:"" help:"Delete a webhook with its log."`
}

type webhookAdd struct {
	remote
	URL         string   `arg:"" help:"Where events are posted to." name:"url"`
	Workspace   string   `required:"" help:"The workspace whose events they are." placeholder:"ID"`
	Type        []string `help:"Only events of this type, such as message.received. All without." placeholder:"TYPE"`
	Inbox       []string `help:"Only events of this inbox. All without." placeholder:"INBOX"`
	Header      []string `help:"A header of your own for each request, never shown again." placeholder:"NAME=VALUE" sep:"none"`
	Ordered     bool     `help:"Post each inbox's events one after the other."`
	Description string   `help:"Your own words." placeholder:"TEXT"`
}

// Run makes it and shows it with its secret.
func (c *webhookAdd) Run(ctx context.Context, t terminal) error {
	headers, err := c.headers()
	if err != nil {
		return err
	}
	body := api.NewWebhookBody{URL: c.URL, WorkspaceID: given(c.Workspace), EventTypes: c.Type, InboxIDs: c.Inbox, Headers: headers, Ordered: given(c.Ordered), Description: given(c.Description)}
	err = show(c.remote, t, func(a *api.Client) (*api.Webhook, error) {
		return a.CreateWebhook(ctx, api.CreateWebhookParams{}, body)
	})
	if err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintln(t.err, "The secret is shown this once: keep it now.")
	}
	return nil
}

func (c *webhookAdd) headers() (map[string]string, error) {
	var headers map[string]string // none is not given
	for _, text := range c.Header {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usageError("a header is written as NAME=VALUE: " + text)
		}
		if headers == nil {
			headers = map[string]string{}
		}
		headers[name] = value
	}
	return headers, nil
}

type webhookList struct {
	remote
	page
	Workspace string `help:"Only those of this workspace." placeholder:"ID"`
}

// Run shows one page.
func (c *webhookList) Run(ctx context.Context, t terminal) error {
	return list(c.remote, t, func(a *api.Client) (*api.WebhookList, error) {
		return a.ListWebhooks(ctx, api.ListWebhooksParams{WorkspaceID: c.Workspace, Limit: c.Limit, Cursor: c.Cursor})
	}, func(l *api.WebhookList) ([]api.Webhook, string) { return l.Webhooks, l.NextCursor },
		column[api.Webhook]{"ID", func(w api.Webhook) any { return w.ID }},
		column[api.Webhook]{"WORKSPACE", func(w api.Webhook) any { return w.WorkspaceID }},
		column[api.Webhook]{"URL", func(w api.Webhook) any { return w.URL }},
		column[api.Webhook]{"TYPES", func(w api.Webhook) any { return w.EventTypes }},
		column[api.Webhook]{"ENABLED", func(w api.Webhook) any { return w.Enabled }},
		column[api.Webhook]{"REASON", func(w api.Webhook) any { return w.DisabledReason }})
}

type webhookTest struct {
	remote
	ID   string `arg:"" help:"Its id, whk_…"`
	Type string `help:"What the sample is to be; message.received without." placeholder:"TYPE"`
}

// Run posts the sample and shows the delivery.
func (c *webhookTest) Run(ctx context.Context, t terminal) error {
	return show(c.remote, t, func(a *api.Client) (*api.Posting, error) {
		return a.TestWebhook(ctx, c.ID, api.TestWebhookParams{}, api.WebhookTestBody{EventType: given(c.Type)})
	})
}

type webhookDeliveries struct {
	remote
	page
	ID     string `arg:"" help:"Its id, whk_…"`
	Status string `help:"Only those of this status: pending, delivered or failed." placeholder:"STATUS"`
	Type   string `help:"Only events of this type." placeholder:"TYPE"`
}

// Run shows one page.
func (c *webhookDeliveries) Run(ctx context.Context, t terminal) error {
	return list(c.remote, t, func(a *api.Client) (*api.PostingList, error) {
		return a.ListWebhookDeliveries(ctx, c.ID, api.ListWebhookDeliveriesParams{Status: c.Status, EventType: c.Type, Limit: c.Limit, Cursor: c.Cursor})
	}, func(l *api.PostingList) ([]api.Posting, string) { return l.Deliveries, l.NextCursor },
		column[api.Posting]{"ID", func(p api.Posting) any { return p.ID }},
		column[api.Posting]{"TYPE", func(p api.Posting) any { return p.EventType }},
		column[api.Posting]{"STATUS", func(p api.Posting) any { return p.Status }},
		column[api.Posting]{"TRIES", func(p api.Posting) any { return p.Attempts }},
		column[api.Posting]{"CODE", func(p api.Posting) any { return p.StatusCode }},
		column[api.Posting]{"ERROR", func(p api.Posting) any { return p.Error }},
		column[api.Posting]{"NEXT", func(p api.Posting) any { return p.NextAttemptAt }})
}

type webhookEnable struct {
	remote
	ID string `arg:"" help:"Its id, whk_…"`
}

// Run enables it and shows it.
func (c *webhookEnable) Run(ctx context.Context, t terminal) error {
	return show(c.remote, t, func(a *api.Client) (*api.Webhook, error) {
		return a.UpdateWebhook(ctx, c.ID, api.UpdateWebhookParams{}, api.WebhookChangeBody{Enabled: new(true)})
	})
}

type webhookRemove struct {
	remote
	ID string `arg:"" help:"Its id, whk_…"`
}

// Run deletes it.
func (c *webhookRemove) Run(ctx context.Context, t terminal) error {
	return c.remove(t, c.ID, func(a *api.Client) error { return a.DeleteWebhook(ctx, c.ID, api.DeleteWebhookParams{}) })
}
