package main

import (
	"context"

	api "github.com/postroom/postroom/server/api/client"
)

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
	return show(c.remote, t, func(a *api.Client) (*api.Domain, error) {
		return a.CreateDomain(ctx, api.CreateDomainParams{}, api.NewDomainBody{Domain: c.Domain, WorkspaceID: &c.Workspace})
	})
}

type domainList struct {
	remote
	page
	Workspace string `required:"" help:"The workspace whose domains to list." placeholder:"ID"`
}

// Run shows one page.
func (c *domainList) Run(ctx context.Context, t terminal) error {
	return list(c.remote, t, func(a *api.Client) (*api.DomainList, error) {
		return a.ListDomains(ctx, api.ListDomainsParams{WorkspaceID: c.Workspace, Limit: c.Limit, Cursor: c.Cursor})
	}, func(l *api.DomainList) ([]api.Domain, string) { return l.Domains, l.NextCursor },
		column[api.Domain]{"ID", func(d api.Domain) any { return d.ID }},
		column[api.Domain]{"DOMAIN", func(d api.Domain) any { return d.Domain }},
		column[api.Domain]{"STATUS", func(d api.Domain) any { return d.Status }},
		column[api.Domain]{"CATCH-ALL", func(d api.Domain) any { return d.CatchAll }},
		column[api.Domain]{"CREATED", func(d api.Domain) any { return d.CreatedAt }})
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
	return show(c.remote, t, func(a *api.Client) (*api.Domain, error) {
		return a.GetDomain(ctx, c.Domain, api.GetDomainParams{WorkspaceID: c.Workspace})
	})
}

type domainVerify struct{ oneDomain }

// Run asks and shows the domain.
func (c *domainVerify) Run(ctx context.Context, t terminal) error {
	return show(c.remote, t, func(a *api.Client) (*api.Domain, error) {
		return a.VerifyDomain(ctx, c.Domain, api.VerifyDomainParams{WorkspaceID: c.Workspace})
	})
}

type domainHealth struct{ oneDomain }

// Run shows it.
func (c *domainHealth) Run(ctx context.Context, t terminal) error {
	return show(c.remote, t, func(a *api.Client) (*api.DomainHealth, error) {
		return a.GetDomainHealth(ctx, c.Domain, api.GetDomainHealthParams{WorkspaceID: c.Workspace})
	})
}

type domainLink struct {
	oneDomain
	Hours int64 `help:"How long it is good." default:"168"`
}

// Run makes it and shows it.
func (c *domainLink) Run(ctx context.Context, t terminal) error {
	return show(c.remote, t, func(a *api.Client) (*api.SetupLink, error) {
		return a.CreateSetupLink(ctx, c.Domain, api.CreateSetupLinkParams{WorkspaceID: c.Workspace}, api.NewSetupLinkBody{Hours: &c.Hours})
	})
}

type domainRotate struct{ oneDomain }

// Run rotates and shows the domain with its records.
func (c *domainRotate) Run(ctx context.Context, t terminal) error {
	return show(c.remote, t, func(a *api.Client) (*api.Domain, error) {
		return a.RotateDKIM(ctx, c.Domain, api.RotateDKIMParams{WorkspaceID: c.Workspace})
	})
}

type domainDelete struct{ oneDomain }

// Run deletes it.
func (c *domainDelete) Run(ctx context.Context, t terminal) error {
	return c.remove(t, c.Domain, func(a *api.Client) error {
		return a.DeleteDomain(ctx, c.Domain, api.DeleteDomainParams{WorkspaceID: c.Workspace})
	})
}
