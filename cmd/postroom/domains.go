package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postroom/postroom/server/autoconfig"
	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/domains"
	"github.com/postroom/postroom/tenancy"
)

// DomainsConfig is what customers' domains are to lead to.
type DomainsConfig struct {
	Addresses   []string `toml:"addresses"`    // that mail leaves from and services are at; none: those of hostname in the DNS
	MTASTS      string   `toml:"mta_sts"`      // mode of the policy that is served for each: none, testing or enforce
	ServiceName string   `toml:"service_name"` // of the mail service, as mail clients show it
	Zone        string   `toml:"zone"`         // the operator's, which domains lead to by CNAME and include; "": there is none
	ZonePublish bool     `toml:"zone_publish"` // what the zone is to hold is written there by itself
	Sandbox     string   `toml:"sandbox"`      // the operator's domain below which each workspace has one from the start; "": none
}

// maxAddresses is how many of the server's own a configuration may name.
const maxAddresses = dnscheck.MaxAddresses

// addresses reads those of the configuration.
func (c DomainsConfig) addresses() (list []netip.Addr, err error) {
	if len(c.Addresses) > maxAddresses {
		return nil, fmt.Errorf("at most %d addresses", maxAddresses)
	}
	for _, text := range c.Addresses {
		ip, err := netip.ParseAddr(text)
		if err != nil || ip.Zone() != "" {
			return nil, fmt.Errorf("%q is no IP address", text)
		}
		list = append(list, ip.Unmap())
	}
	return list, nil
}

// maxZone is how long the operator's zone may be, in octets, so that domains of usual length fit before it.
const maxZone = 60

// domains checks what customers' domains are to lead to.
func (c *checker) domains(d DomainsConfig, writes bool) {
	if _, err := d.addresses(); err != nil {
		c.wrong("domains.addresses", "%v", err)
	}
	if d.Sandbox != "" {
		if err := tenancy.CheckSandbox(d.Sandbox); err != nil {
			c.wrong("domains.sandbox", "%v", err)
		}
	}
	switch {
	case d.Zone == "" && d.ZonePublish:
		c.wrong("domains.zone_publish", "there is nothing to write without domains.zone: set that too, or leave this out")
	case d.Zone != "" && (!isHostname(d.Zone) || d.Zone != strings.ToLower(d.Zone) || len(d.Zone) > maxZone):
		c.wrong("domains.zone", "%q is no zone: write the name of one, in lower case and of at most %d characters, such as \"mail.example.net\"", d.Zone, maxZone)
	case d.Zone != "" && d.Zone == d.Sandbox:
		c.wrong("domains.zone", "this is the sandbox domain: choose another name")
	case d.ZonePublish && !writes:
		c.wrong("domains.zone_publish", "no name server is known that takes the records: set tls.dns_provider")
	}
	c.oneOf("domains.mta_sts", d.MTASTS, "none", "testing", "enforce")
}

// policyAge is how long other servers keep the policy; they look for a new one when its id changes.
const policyAge = 14 * 24 * time.Hour

// policy is the MTA-STS policy of each domain.
func (p *postroom) policy() autoconfig.Policy {
	if p.cfg.Domains.MTASTS == string(autoconfig.None) {
		return autoconfig.Policy{}
	}
	return autoconfig.Policy{Mode: autoconfig.Mode(p.cfg.Domains.MTASTS), MX: []string{p.cfg.Hostname}, MaxAge: policyAge}
}

// makeDomains puts together what looks after domains, and what tells mail clients of them.
func (p *postroom) makeDomains() (err error) {
	own, err := p.cfg.Domains.addresses()
	if err != nil {
		return err
	}
	to := dnscheck.Server{Hostname: p.cfg.Hostname, Zone: p.cfg.Domains.Zone}
	hosts := []string{p.cfg.Hostname}
	if u, err := url.Parse(p.publicURL()); err == nil && u.Hostname() != "" && net.ParseIP(u.Hostname()) == nil {
		if to.PublicHost = u.Hostname(); to.PublicHost != p.cfg.Hostname {
			hosts = append(hosts, to.PublicHost)
		}
	}
	policy := p.policy()
	if policy.Mode != "" {
		to.PolicyID = policy.ID()
	}
	p.own = func(ctx context.Context) []netip.Addr {
		if len(own) > 0 {
			return own
		}
		return p.namedAddresses(ctx)
	}
	lists, err := p.healthLists()
	if err != nil {
		return err
	}
	p.checker = dnscheck.New(dnscheck.Config{Resolver: p.names, AllowPrivate: p.cfg.Outgoing.AllowPrivate, Lists: lists})
	watch := domains.Config{Checker: p.checker, Server: to, Primary: p.cfg.TLS.primary(), Lists: lists != nil, Addresses: p.own}
	if p.certs != nil {
		watch.Leads = p.certs.Request
	}
	p.domains = domains.New(watch, p.dir, p.log)
	settings := p.settings()
	if len(settings.IMAP) == 0 || len(settings.SMTP) == 0 {
		return nil
	}
	p.setup, err = autoconfig.New(autoconfig.Config{
		Hosts: hosts, Name: p.cfg.Domains.ServiceName, Settings: settings, Log: p.log,
		Domain: func(ctx context.Context, name string) (bool, error) {
			ws, err := p.dir.Local(ctx, name)
			return ws != "", err
		},
		Policy: func(context.Context, string) (autoconfig.Policy, error) { return policy, nil },
		Secure: func(r *http.Request) bool { // others' headers were taken away
			return r.TLS != nil || p.cfg.Proxy.Forwarded && r.Header.Get("X-Forwarded-Proto") == "https"
		},
	})
	if err != nil {
		return fmt.Errorf("documents for mail clients: %w", err)
	}
	return nil
}

// healthLists are the block lists that are asked about the server itself, nil if there are none.
func (p *postroom) healthLists() (*dnsbl.Lists, error) {
	lists, err := parseLists(p.cfg.Health.BlockLists)
	if err != nil || len(lists) == 0 {
		return nil, err
	}
	return dnsbl.New(dnsbl.Config{Resolver: p.names, Lists: lists, AllowPrivate: p.allowPrivate, Log: p.log})
}

// namedAddresses are those that the server's name has in the DNS; none if it cannot be asked.
func (p *postroom) namedAddresses(ctx context.Context) []netip.Addr {
	found, err := p.names.Addresses(ctx, p.cfg.Hostname)
	if err != nil {
		p.log.Warn("find the server's own addresses", "host", p.cfg.Hostname, "err", err)
	}
	return append(found.IPv4, found.IPv6...)
}

// errNotHere is why a name gets no certificate.
var errNotHere = errors.New("it is no name of a verified domain that this server answers to")

// ownHosts begin the names under which a customer may have the server's wires as its own: mail clients and programs are then told a name of
// the customer's. They are few for each domain, so that nobody can have certificates made without end.
var ownHosts = []string{"mail.", "imap.", "smtp.", "api."}

// allowName says whether a customer's name may have a certificate: it is one for documents or for the wires, of a verified domain, and leads
// here now.
func (p *postroom) allowName(ctx context.Context, name string) error {
	if !p.isCustomers(ctx, name) {
		return errNotHere
	}
	found, err := p.names.Addresses(ctx, name)
	if err != nil {
		return err
	}
	own := p.own(ctx)
	for _, ip := range append(found.IPv4, found.IPv6...) {
		if slices.Contains(own, ip) {
			return nil
		}
	}
	return fmt.Errorf("%s does not lead to this server", name)
}

func (p *postroom) isCustomers(ctx context.Context, name string) bool {
	for _, prefix := range slices.Concat(autoconfig.Prefixes, ownHosts) {
		domain, ok := strings.CutPrefix(name, prefix)
		if !ok || prefix == policyPrefix && p.policy().Mode == "" || p.isSandbox(domain) {
			continue
		}
		if ws, err := p.dir.Local(ctx, domain); err == nil && ws != "" {
			return true
		}
	}
	return false
}

// isSandbox reports whether a domain is a workspace's below the operator's sandbox domain. An authority counts certificates by what is
// registered: workspaces must not use up those of the operator.
func (p *postroom) isSandbox(domain string) bool {
	return p.cfg.Domains.Sandbox != "" && strings.HasSuffix(domain, "."+p.cfg.Domains.Sandbox)
}

// policyPrefix begins the host of an MTA-STS policy (RFC 8461, 3.3).
const policyPrefix = "mta-sts."

// settings are what mail clients are told, the better way first.
func (p *postroom) settings() (s autoconfig.Settings) {
	add := func(list *[]autoconfig.Server, ln net.Listener, kind autoconfig.TLS) {
		if ln == nil || p.certs == nil {
			return // nobody is led to where a password would travel in the open
		}
		_, port, err := net.SplitHostPort(ln.Addr().String())
		if n, bad := strconv.Atoi(port); err == nil && bad == nil {
			*list = append(*list, autoconfig.Server{Host: p.cfg.Hostname, Port: n, TLS: kind})
		}
	}
	add(&s.IMAP, p.imaps, autoconfig.Implicit)
	add(&s.IMAP, p.imap, autoconfig.StartTLS)
	add(&s.SMTP, p.submissions, autoconfig.Implicit)
	add(&s.SMTP, p.submission, autoconfig.StartTLS)
	return s
}

// withSetup serves documents for mail clients and other mail servers beside the API.
func (p *postroom) withSetup(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.setup != nil && p.setup.Serves(r) {
			p.setup.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}
