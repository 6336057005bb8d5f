package main

import (
	"context"
	"fmt"
	"strings"
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
	body := map[string]any{"url": c.URL, "workspaceId": c.Workspace}
	for name, list := range map[string][]string{"eventTypes": c.Type, "inboxIds": c.Inbox} {
		if len(list) > 0 {
			body[name] = list
		}
	}
	if headers, err := c.headers(); err != nil {
		return err
	} else if len(headers) > 0 {
		body["headers"] = headers
	}
	if c.Ordered {
		body["ordered"] = true
	}
	if c.Description != "" {
		body["description"] = c.Description
	}
	if err := c.show(ctx, t, "POST", join("webhooks"), nil, body); err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintln(t.err, "The secret is shown this once: keep it now.")
	}
	return nil
}

func (c *webhookAdd) headers() (map[string]string, error) {
	headers := map[string]string{}
	for _, text := range c.Header {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usageError("a header is written as NAME=VALUE: " + text)
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
	return c.list(ctx, t, join("webhooks"), c.query("workspaceId", c.Workspace), "webhooks", column{"ID", "id"}, column{"WORKSPACE", "workspaceId"}, column{"URL", "url"},
		column{"TYPES", "eventTypes"}, column{"ENABLED", "enabled"}, column{"REASON", "disabledReason"})
}

type webhookTest struct {
	remote
	ID   string `arg:"" help:"Its id, whk_…"`
	Type string `help:"What the sample is to be; message.received without." placeholder:"TYPE"`
}

// Run posts the sample and shows the delivery.
func (c *webhookTest) Run(ctx context.Context, t terminal) error {
	body := map[string]any{}
	if c.Type != "" {
		body["eventType"] = c.Type
	}
	return c.show(ctx, t, "POST", join("webhooks", c.ID, "test"), nil, body)
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
	q := c.query("status", c.Status, "eventType", c.Type)
	return c.list(ctx, t, join("webhooks", c.ID, "deliveries"), q, "deliveries", column{"ID", "id"}, column{"TYPE", "eventType"}, column{"STATUS", "status"}, column{"TRIES", "attempts"},
		column{"CODE", "statusCode"}, column{"ERROR", "error"}, column{"NEXT", "nextAttemptAt"})
}

type webhookEnable struct {
	remote
	ID string `arg:"" help:"Its id, whk_…"`
}

// Run enables it and shows it.
func (c *webhookEnable) Run(ctx context.Context, t terminal) error {
	return c.show(ctx, t, "PATCH", join("webhooks", c.ID), nil, map[string]any{"enabled": true})
}

type webhookRemove struct {
	remote
	ID string `arg:"" help:"Its id, whk_…"`
}

// Run deletes it.
func (c *webhookRemove) Run(ctx context.Context, t terminal) error {
	return c.remove(ctx, t, join("webhooks", c.ID), nil, c.ID)
}
