package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"text/tabwriter"

	api "github.com/postroom/postroom/server/api/client"
	"github.com/postroom/postroom/server/certs"
	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/health"
	"github.com/postroom/postroom/server/rspamd"
	"golang.org/x/sys/unix"
)

// checkCommand asks a running server what is wrong with it.
type checkCommand struct{ remote }

// errFound ends a check that found something that does not work. It was printed already.
var errFound = errors.New("something does not work; the list above says what to do")

// finding is one of the API's.
type finding = api.ServerFinding

// Run prints what was found. It fails if something does not work; warnings are no failure.
func (c *checkCommand) Run(ctx context.Context, t terminal) error {
	raw, answer, err := answered(c.remote, func(a *api.Client) (*api.ServerHealth, error) { return a.GetHealth(ctx) })
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(t.out, raw)
	} else {
		err = printFindings(t.out, answer.Findings)
	}
	if err == nil && answer.Status == string(health.Error) {
		return errFound
	}
	return err
}

// printFindings has a line for each, and below it what to do.
func printFindings(w io.Writer, list []finding) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range list {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", printable(f.Status), printable(f.Name), printable(f.Found))
		if f.Advice != "" {
			fmt.Fprintf(tw, "\t\t-> %s\n", printable(f.Advice))
		}
	}
	return tw.Flush()
}

// makeHealth puts together what looks at the server itself.
func (p *postroom) makeHealth(lists *dnsbl.Lists, scanner *rspamd.Client) *health.Check {
	cfg := health.Config{
		Hostname: p.cfg.Hostname, Names: p.names.Check, Host: p.domains.Host, Probe: p.checker.Probe, Peers: p.cfg.Outgoing.ProbeHosts, Relay: p.cfg.Relay.Host,
		Wires: p.wires(), Certs: p.certificates, Free: p.store.Free, Floor: p.cfg.Storage.MinFreeBytes, Clock: machineClock, Ready: p.domains.Failing, Queue: p.dir,
	}
	if p.caught == nil {
		cfg.Incoming = p.incoming()
	}
	if len(p.cfg.Domains.Addresses) == 0 {
		cfg.Own = ownAddresses
	}
	if len(p.cfg.Health.BlockLists) > 0 {
		cfg.Listed = p.domains.Listed
	}
	if p.cfg.Domains.Zone != "" {
		cfg.Zone = p.domains.Zone
	}
	if lists != nil {
		cfg.Lists = lists.Check
	}
	if scanner != nil {
		cfg.Junk = scanner.Ping
	}
	return health.New(cfg)
}

// wires are the doors of the server, as they are open.
func (p *postroom) wires() []health.Wire {
	secure := p.certs != nil
	return []health.Wire{
		{Name: "smtp", Address: addressOf(p.smtp), TLS: secure}, {Name: "submission", Address: addressOf(p.submission), TLS: secure}, {Name: "submissions", Address: addressOf(p.submissions), TLS: secure},
		{Name: "imap", Address: addressOf(p.imap), TLS: secure}, {Name: "imaps", Address: addressOf(p.imaps), TLS: secure}, {Name: "http", Address: addressOf(p.http), TLS: p.cfg.HTTP.TLS},
	}
}

// certificates are those of the server's names.
func (p *postroom) certificates() (list []health.CertificateState) {
	if p.certs == nil {
		return nil
	}
	known := map[string]bool{}
	for _, s := range p.certs.States() {
		if known[s.Name] { // in a file as well
			continue
		}
		known[s.Name] = true
		list = append(list, health.CertificateState{Host: s.Name, SelfMade: s.Source == certs.SelfMadeHere, NotAfter: s.NotAfter, Err: s.Err})
	}
	return list
}

// ownAddresses are those of the machine's interfaces, without those of links.
func ownAddresses() (list []netip.Addr, err error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("look at the machine's addresses: %w", err)
	}
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if ip := prefix.Addr().Unmap(); err == nil && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() {
			list = append(list, ip)
		}
	}
	return list, nil
}

// machineClock asks the kernel whether something keeps its clock right (adjtimex(2)); nobody outside is asked.
func machineClock() (kept bool, err error) {
	state, err := unix.Adjtimex(&unix.Timex{})
	if err != nil {
		return false, fmt.Errorf("ask for the clock's state: %s", strings.ToLower(err.Error()))
	}
	return state != unix.TIME_ERROR, nil
}
