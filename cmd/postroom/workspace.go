package main

import "context"

// workspaceCommands are what an operator does with workspaces.
type workspaceCommands struct {
	Create workspaceCreate `cmd:"" help:"Make a workspace."`
	List   workspaceList   `cmd:"" help:"List workspaces, the newest first."`
	Show   workspaceShow   `cmd:"" help:"Show one workspace."`
	Delete workspaceDelete `cmd:"" help:"Delete a workspace with all its mail, for good."`
}

type workspaceCreate struct {
	remote
	Name string `arg:"" help:"What people call it."`
}

// Run makes it and shows it.
func (c *workspaceCreate) Run(ctx context.Context, t terminal) error {
	return c.show(ctx, t, "POST", join("workspaces"), nil, map[string]any{"name": c.Name})
}

type workspaceList struct {
	remote
	page
}

// Run shows one page.
func (c *workspaceList) Run(ctx context.Context, t terminal) error {
	return c.list(ctx, t, join("workspaces"), c.query(), "workspaces",
		column{"ID", "id"}, column{"NAME", "name"}, column{"INBOXES", "inboxes"}, column{"DOMAINS", "domains"}, column{"CREATED", "createdAt"})
}

type workspaceShow struct {
	remote
	ID string `arg:"" help:"Its id, ws_…"`
}

// Run shows it.
func (c *workspaceShow) Run(ctx context.Context, t terminal) error {
	return c.show(ctx, t, "GET", join("workspaces", c.ID), nil, nil)
}

type workspaceDelete struct {
	remote
	ID string `arg:"" help:"Its id, ws_…"`
}

// Run deletes it.
func (c *workspaceDelete) Run(ctx context.Context, t terminal) error {
	return c.remove(ctx, t, join("workspaces", c.ID), nil, c.ID)
}
