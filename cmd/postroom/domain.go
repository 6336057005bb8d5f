package main

import "context"

// domainCommands are what an operator does with the domains of a workspace.
type domainCommands struct {
	Create  domainCreate  `cmd:"" help:"Give a domain to a workspace. It is verified at once: the operator's word is the proof."`
	List    domainList    `cmd:"" help:"List domains, the newest first."`
	Show    domainShow    `cmd:"" help:"Show one domain with its DNS records and what was found of them."`
	Verify  domainVerify  `cmd:"" help:"Ask the DNS about a domain now, and show it."`
	Health  domainHealth  `cmd:"" help:"Show how a domain does."`
	Zone    domainZone    `cmd:"" help:"Print a domain's DNS records as a zone file, or those of the server itself."`
	Publish domainPublish `cmd:"" help:"Write a domain's DNS records into its zone, or those of the server itself, where tls.dns_provider says how."`
	Link    domainLink    `cmd:"" help:"Make a link to a page with the records, for whoever runs the domain's DNS."`
	Rotate  domainRotate  `cmd:"" help:"Have the other pair of DKIM keys sign from now on; both stay in the DNS."`
	Delete  domainDelete  `cmd:"" help:"Take a domain from its workspace."`
}

type domainCreate struct {
	remote
	Workspace string `required:"" help:"The workspace that it is for." placeholder:"ID"`
	Domain    string `arg:"" help:"Its name."`
}

// Run makes it and shows it.
func (c *domainCreate) Run(ctx context.Context, t terminal) error {
	return c.show(ctx, t, "POST", join("domains"), nil, map[string]any{"domain": c.Domain, "workspaceId": c.Workspace})
}

type domainList struct {
	remote
	page
	Workspace string `required:"" help:"The workspace whose domains to list." placeholder:"ID"`
}

// Run shows one page.
func (c *domainList) Run(ctx context.Context, t terminal) error {
	return c.list(ctx, t, join("domains"), c.query("workspaceId", c.Workspace), "domains",
		column{"ID", "id"}, column{"DOMAIN", "domain"}, column{"STATUS", "status"}, column{"CATCH-ALL", "catchAll"}, column{"CREATED", "createdAt"})
}

// oneDomain names a domain of a workspace.
type oneDomain struct {
	remote
	Workspace string `required:"" help:"The workspace that has it." placeholder:"ID"`
	Domain    string `arg:"" help:"Its name or id."`
}

type domainShow struct{ oneDomain }

// Run shows it.
func (c *domainShow) Run(ctx context.Context, t terminal) error {
	return c.show(ctx, t, "GET", join("domains", c.Domain), query("workspaceId", c.Workspace), nil)
}

type domainVerify struct{ oneDomain }

// Run asks and shows the domain.
func (c *domainVerify) Run(ctx context.Context, t terminal) error {
	return c.show(ctx, t, "POST", join("domains", c.Domain, "verify"), query("workspaceId", c.Workspace), nil)
}

type domainHealth struct{ oneDomain }

// Run shows it.
func (c *domainHealth) Run(ctx context.Context, t terminal) error {
	return c.show(ctx, t, "GET", join("domains", c.Domain, "health"), query("workspaceId", c.Workspace), nil)
}

type domainLink struct {
	oneDomain
	Hours int `help:"How long it is good." default:"168"`
}

// Run makes it and shows it.
func (c *domainLink) Run(ctx context.Context, t terminal) error {
	return c.show(ctx, t, "POST", join("domains", c.Domain, "setup-link"), query("workspaceId", c.Workspace), map[string]any{"hours": c.Hours})
}

type domainRotate struct{ oneDomain }

// Run rotates and shows the domain with its records.
func (c *domainRotate) Run(ctx context.Context, t terminal) error {
	return c.show(ctx, t, "POST", join("domains", c.Domain, "rotate-dkim"), query("workspaceId", c.Workspace), nil)
}

type domainDelete struct{ oneDomain }

// Run deletes it.
func (c *domainDelete) Run(ctx context.Context, t terminal) error {
	return c.remove(ctx, t, join("domains", c.Domain), query("workspaceId", c.Workspace), c.Domain)
}
