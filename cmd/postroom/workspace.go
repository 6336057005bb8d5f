package main

import (
	"context"

	api "github.com/postroom/postroom/server/api/client"
)

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
	return show(c.remote, t, func(a *api.Client) (*api.Workspace, error) {
		return a.CreateWorkspace(ctx, api.CreateWorkspaceParams{}, api.NewWorkspaceBody{Name: c.Name})
	})
}

type workspaceList struct {
	remote
	page
}

// Run shows one page.
func (c *workspaceList) Run(ctx context.Context, t terminal) error {
	return list(c.remote, t, func(a *api.Client) (*api.WorkspaceList, error) {
		return a.ListWorkspaces(ctx, api.ListWorkspacesParams{Limit: c.Limit, Cursor: c.Cursor})
	}, func(l *api.WorkspaceList) ([]api.Workspace, string) { return l.Workspaces, l.NextCursor },
		column[api.Workspace]{"ID", func(w api.Workspace) any { return w.ID }},
		column[api.Workspace]{"NAME", func(w api.Workspace) any { return w.Name }},
		column[api.Workspace]{"INBOXES", func(w api.Workspace) any { return w.Inboxes }},
		column[api.Workspace]{"DOMAINS", func(w api.Workspace) any { return w.Domains }},
		column[api.Workspace]{"CREATED", func(w api.Workspace) any { return w.CreatedAt }})
}

type workspaceShow struct {
	remote
	ID string `arg:"" help:"Its id, ws_…"`
}

// Run shows it.
func (c *workspaceShow) Run(ctx context.Context, t terminal) error {
	return show(c.remote, t, func(a *api.Client) (*api.Workspace, error) { return a.GetWorkspace(ctx, c.ID) })
}

type workspaceDelete struct {
	remote
	ID string `arg:"" help:"Its id, ws_…"`
}

// Run deletes it.
func (c *workspaceDelete) Run(ctx context.Context, t terminal) error {
	return c.remove(t, c.ID, func(a *api.Client) error { return a.DeleteWorkspace(ctx, c.ID) })
}
