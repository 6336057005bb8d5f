package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server"
	"github.com/postroom/postroom/server/api"
	"github.com/postroom/postroom/server/autoconfig"
	"github.com/postroom/postroom/server/certs"
	"github.com/postroom/postroom/server/courier"
	"github.com/postroom/postroom/server/courier/schedule"
	"github.com/postroom/postroom/server/courier/sts"
	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/domains"
	"github.com/postroom/postroom/server/health"
	"github.com/postroom/postroom/server/imapd"
	"github.com/postroom/postroom/server/mailauth"
	"github.com/postroom/postroom/server/proxy"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/rspamd"
	"github.com/postroom/postroom/server/smtpd"
	"github.com/postroom/postroom/server/webhook"
	"github.com/postroom/postroom/tenancy"
	"golang.org/x/net/netutil"
)

// serveCommand runs the server of a configuration file until it is told to stop.
type serveCommand struct {
	Config string `required:"" help:"The configuration, TOML; config.example.toml explains it." placeholder:"FILE"`
}

// Run returns nil after a clean stop.
func (c *serveCommand) Run(ctx context.Context, t terminal) error {
	cfg, err := LoadConfig(c.Config)
	if err != nil {
		return err
	}
	return run(ctx, cfg, newLog(cfg.Log, t))
}

func newLog(cfg LogConfig, t terminal) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.logLevel()}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(t.err, opts))
	}
	return slog.New(slog.NewTextHandler(t.err, opts))
}

// run builds the server and runs it until ctx ends or a part of it fails.
func run(ctx context.Context, cfg Config, log *slog.Logger) error {
	p, err := open(ctx, cfg, log, development{})
	if err != nil {
		return err
	}
	log.Info("ready", "smtp", p.smtp.Addr().String(), "submission", addressOf(p.submission), "submissions", addressOf(p.submissions), "imap", addressOf(p.imap), "imaps", addressOf(p.imaps), "http", p.http.Addr().String(), "http_plain", addressOf(p.httpPlain), "data", cfg.DataDir)
	return errors.Join(p.run(ctx), p.close())
}

// postroom is the whole program, opened: the stores are there and the listeners bound, so whoever connects is served as
// soon as run is called. Several fit into one process, each on a data directory of its own. The caller closes it.
type postroom struct {
	cfg   Config
	log   *slog.Logger
	store *mailstore.Store
	dir   *tenancy.Directory
	certs *certs.Certs // nil: no TLS

	smtp, http, socket      net.Listener
	httpPlain               net.Listener // nil: not served
	submission, submissions net.Listener // nil: not served
	imap, imaps             net.Listener // nil: not served

	names    *resolver.Resolver
	policies *sts.Client
	courier  *courier.Courier
	hooks    *webhook.Service
	web      *api.Server // once it runs
	domains  *domains.Watch
	own      func(context.Context) []netip.Addr // the server's addresses
	setup    *autoconfig.Handler                // of mail clients, and MTA-STS policies; nil: there is nothing that mail clients could use
	checker  *dnscheck.Checker
	arrivals *health.Arrivals // of mail from other servers
	development
}

// development is what only a server on loopback does.
type development struct {
	caught     *courier.Caught // where mail for others goes; nil: it leaves
	allowPlain bool            // clients on this machine may log in without TLS

	onDemand bool // the DNS of domains is asked only when somebody wants it

	allowPrivate bool // block lists are asked about clients on this machine too, and webhooks may lead to it
}

// open takes the data directory and the ports. On an error it has let go of all of them.
func open(ctx context.Context, cfg Config, log *slog.Logger, dev development) (_ *postroom, err error) {
	p := &postroom{cfg: cfg, log: log, development: dev, arrivals: &health.Arrivals{Own: ownAddresses}}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if err := p.openStores(ctx); err != nil {
		return nil, err
	}
	if p.smtp, err = p.listen(ctx, "smtp", cfg.SMTP.Listen); err != nil {
		return nil, err
	}
	if cfg.Submission.Listen != "" {
		if p.submission, err = p.listen(ctx, "submission", cfg.Submission.Listen); err != nil {
			return nil, err
		}
	}
	if cfg.Submission.ListenTLS != "" && cfg.TLS.wanted() {
		if p.submissions, err = p.listen(ctx, "submissions", cfg.Submission.ListenTLS); err != nil {
			return nil, err
		}
	}
	if cfg.IMAP.Listen != "" {
		if p.imap, err = p.listen(ctx, "imap", cfg.IMAP.Listen); err != nil {
			return nil, err
		}
	}
	if cfg.IMAP.ListenTLS != "" && cfg.TLS.wanted() {
		if p.imaps, err = p.listen(ctx, "imaps", cfg.IMAP.ListenTLS); err != nil {
			return nil, err
		}
	}
	if p.http, err = p.listen(ctx, "http", cfg.HTTP.Listen); err != nil {
		return nil, err
	}
	if cfg.HTTP.ListenPlain != "" {
		if p.httpPlain, err = p.listen(ctx, "http_plain", cfg.HTTP.ListenPlain); err != nil {
			return nil, err
		}
	}
	if err := p.makeCerts(); err != nil {
		return nil, err
	}
	if p.socket, err = listenSocket(cfg.DataDir, log); err != nil {
		return nil, err
	}
	if err := p.makeCourier(); err != nil {
		return nil, err
	}
	if err := p.makeWebhooks(); err != nil {
		return nil, err
	}
	return p, p.makeDomains()
}

// makeCourier puts together what carries mail away.
func (p *postroom) makeCourier() (err error) {
	o := p.cfg.Outgoing
	roots, err := loadRoots(o.CAFile)
	if err != nil {
		return err
	}
	retry, err := parseRetry(o.Retry)
	if err != nil {
		return err
	}
	p.names = resolver.New(resolver.Config{Servers: p.cfg.DNS.Servers, Log: p.log})
	if p.policies, err = sts.New(sts.Config{Resolver: p.names, Dir: filepath.Join(p.cfg.DataDir, "sts"), Roots: roots, AllowPrivate: o.AllowPrivate, Log: p.log}); err != nil {
		return fmt.Errorf("keep MTA-STS policies: %w", err)
	}
	plan := schedule.Default()
	plan.MaxWorkers, plan.MaxPerWorkspace, plan.MaxConcurrency = o.MaxConnections, o.MaxConnectionsPerWorkspace, o.MaxConnectionsPerDestination
	cfg := courier.Config{Hostname: p.cfg.Hostname, Resolver: p.names, Port: o.Port, Relay: p.cfg.Relay.smarthost(), Roots: roots, PublicURL: p.publicURL(), Catch: p.caught, AllowPrivate: o.AllowPrivate,
		Retry: retry, GiveUpAfter: o.GiveUpAfter, DelayedAfter: o.DelayNoticeAfter, Schedule: plan, DrainTimeout: p.cfg.DrainTimeout}
	if o.MTASTS {
		cfg.STS = p.policies
	}
	p.courier = courier.New(cfg, p.dir, p.log)
	return nil
}

// smarthost is the relay of the configuration, nil if there is none.
func (r RelayConfig) smarthost() *tenancy.Smarthost {
	if r.Host == "" {
		return nil
	}
	return &tenancy.Smarthost{Host: r.Host, Port: r.Port, Username: r.Username, Password: r.Password, Mode: r.Mode, TLS: r.TLS}
}

func (p *postroom) openStores(ctx context.Context) error {
	if err := prepareDataDir(p.cfg.DataDir); err != nil {
		return err
	}
	minFree := p.cfg.Storage.MinFreeBytes
	if minFree == 0 {
		minFree = -1 // the store's word for no floor
	}
	var err error
	if p.store, err = mailstore.Open(p.cfg.DataDir, mailstore.Options{Log: p.log, MinFree: minFree, Keep: p.cfg.Events.keep()}); err != nil {
		return err
	}
	opts := tenancy.Options{Log: p.log, Hostname: p.cfg.Hostname, Sandbox: p.cfg.Domains.Sandbox}
	p.dir, err = tenancy.Open(ctx, filepath.Join(p.cfg.DataDir, "postroom.db"), p.store, opts)
	return err
}

// run serves until ctx ends or a service fails, and lets the others drain. A line for each service.
func (p *postroom) run(ctx context.Context) error {
	lists, scanner, err := p.junk()
	if err != nil {
		return err
	}
	if scanner != nil {
		defer scanner.Close()
	}
	web := api.New(p.apiConfig(lists, scanner), p.dir, p.log)
	p.web = web
	incoming := p.incomingConfig()
	incoming.Lists, incoming.Scanner = lists, scanner
	mail := smtpd.New(incoming, p.dir, p.log)
	senders := smtpd.New(p.submissionConfig(), p.dir, p.log)
	clients := imapd.New(p.imapConfig(), p.dir, p.log)

	services := []server.Service{
		{Name: "store", Run: p.store.Run, Last: true},
		{Name: "relay", Run: p.dir.Relay, Last: true},
		{Name: "smtp", Run: func(ctx context.Context) error { return mail.Serve(ctx, p.smtp, false) }},
		{Name: "courier", Run: p.courier.Run},
		{Name: "webhooks", Run: p.hooks.Run},
		{Name: "sts", Run: p.policies.Run},
		{Name: "dkim rotation", Run: courier.Rotation{After: p.cfg.Outgoing.DKIMRotateAfter, Courier: p.courier}.Run},
		{Name: "http", Run: p.httpService(p.http, p.httpTLS(), p.public(p.withSetup(web.Handler())), web.Drain).Run},
		{Name: "socket", Run: p.httpService(p.socket, nil, web.SocketHandler(), nil).Run},
	}
	if !p.onDemand {
		services = append(services, server.Service{Name: "domains", Run: p.domains.Run})
	}
	if p.cfg.Domains.ZonePublish {
		services = append(services, server.Service{Name: "operator's zone", Run: p.domains.KeepZone})
	}
	if p.certs != nil {
		services = append(services, server.Service{Name: "certificates", Run: p.certs.Run})
	}
	if p.httpPlain != nil {
		services = append(services, server.Service{Name: "plain http", Run: p.httpService(p.httpPlain, nil, p.plainHandler(), nil).Run})
	}
	if lists != nil {
		services = append(services, server.Service{Name: "block lists", Run: lists.Run})
	}
	if p.submission != nil {
		services = append(services, server.Service{Name: "submission", Run: func(ctx context.Context) error { return senders.Serve(ctx, p.submission, false) }})
	}
	if p.submissions != nil {
		services = append(services, server.Service{Name: "submissions", Run: func(ctx context.Context) error { return senders.Serve(ctx, p.submissions, true) }})
	}
	if p.imap != nil {
		services = append(services, server.Service{Name: "imap", Run: func(ctx context.Context) error { return clients.Serve(ctx, p.imap, false) }})
	}
	if p.imaps != nil {
		services = append(services, server.Service{Name: "imaps", Run: func(ctx context.Context) error { return clients.Serve(ctx, p.imaps, true) }})
	}
	return server.Run(ctx, p.log, services...)
}

// close gives everything back; what is closed already does not count.
func (p *postroom) close() error {
	var errs []error
	for _, ln := range []net.Listener{p.smtp, p.submission, p.submissions, p.imap, p.imaps, p.http, p.httpPlain, p.socket} {
		if ln == nil {
			continue
		}
		if err := ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, fmt.Errorf("close listener: %w", err))
		}
	}
	if p.policies != nil {
		p.policies.Close()
	}
	if p.dir != nil {
		errs = append(errs, p.dir.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	return errors.Join(errs...)
}

// addressOf is where a listener listens, "" if there is none.
func addressOf(ln net.Listener) string {
	if ln == nil {
		return ""
	}
	return ln.Addr().String()
}

// listen binds a wire's address, behind a proxy if one is to be there.
func (p *postroom) listen(ctx context.Context, wire, address string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for %s: %w", wire, err)
	}
	if slices.Contains(p.cfg.Proxy.Wires, wire) {
		return proxy.NewListener(ln, p.proxies(), p.log), nil
	}
	return ln, nil
}

// proxies are those that stand in front.
func (p *postroom) proxies() proxy.Trusted {
	networks, _ := parseNetworks(p.cfg.Proxy.Trusted) // it was checked
	return networks
}

func (p *postroom) apiConfig(lists *dnsbl.Lists, scanner *rspamd.Client) api.Config {
	cfg := api.Config{Version: thisBuild().Version, Hostname: p.cfg.Hostname, Domains: p.domains, Health: p.makeHealth(lists, scanner), PublicURL: p.publicURL(), MaxMessageBytes: p.cfg.SMTP.MaxMessageBytes, MaxSockets: p.cfg.Events.MaxStreams, PDFText: newPDFReader().text,
		Outbound: p.outboundPolicy(), TryWebhook: p.hooks.Try}
	cfg.Why = func(ws mailstore.WorkspaceID, row int64) (string, time.Time) {
		reason, until := p.courier.Why(ws, row)
		return string(reason), until
	}
	if p.certs != nil {
		cfg.Certificate = func(host string) (string, time.Time, string) {
			state := p.certs.State(host)
			return string(state.Source), state.NotAfter, state.Err
		}
	}
	if p.caught != nil {
		cfg.Caught = func() (list []api.CaughtMessage) {
			for _, m := range p.caught.List() {
				list = append(list, api.CaughtMessage(m))
			}
			return list
		}
	}
	return cfg
}

// publicURL is where links in mail lead; a server for development is its own outside.
func (p *postroom) publicURL() string {
	if p.cfg.HTTP.PublicURL == "" && p.caught != nil {
		return "http://" + p.http.Addr().String()
	}
	return p.cfg.HTTP.PublicURL
}

func (p *postroom) smtpConfig() smtpd.Config {
	return smtpd.Config{
		Hostname:                p.cfg.Hostname,
		TLS:                     p.mailTLS(),
		MaxMessageBytes:         p.cfg.SMTP.MaxMessageBytes,
		MaxConnections:          p.cfg.SMTP.MaxConnections,
		MaxConnectionsPerSource: p.cfg.SMTP.MaxConnectionsPerSource,
		DrainTimeout:            p.cfg.DrainTimeout,
	}
}

// incomingConfig is for mail from other servers.
func (p *postroom) incomingConfig() smtpd.Config {
	cfg, c := p.smtpConfig(), p.cfg.SMTP
	cfg.Met = p.arrivals.Met
	cfg.Trusted, _ = parseNetworks(c.TrustedNetworks) // it was checked
	cfg.Connections = smtpd.Rate{PerSource: c.ConnectionsPerMinute, PerNetwork: c.ConnectionsPerMinuteOfNetwork}
	cfg.Messages = smtpd.Rate{PerSource: c.MessagesPerMinute, PerNetwork: c.MessagesPerMinuteOfNetwork}
	cfg.RejectedRecipients = smtpd.Rate{PerSource: c.RejectedRecipientsPerMinute, PerNetwork: c.RejectedRecipientsPerMinuteOfNetwork}
	if c.Authenticate {
		cfg.Auth = mailauth.New(mailauth.Config{Resolver: p.names})
	}
	return cfg
}

func (p *postroom) submissionConfig() smtpd.Config {
	cfg := p.smtpConfig()
	cfg.Submission = true
	cfg.AllowPlainOnLoopback = p.allowPlain
	cfg.MaxConnections, cfg.MaxConnectionsPerSource = p.cfg.Submission.MaxConnections, p.cfg.Submission.MaxConnectionsPerSource
	return cfg
}

func (p *postroom) imapConfig() imapd.Config {
	return imapd.Config{
		Hostname:                p.cfg.Hostname,
		Version:                 thisBuild().Version,
		TLS:                     p.mailTLS(),
		MaxMessageBytes:         p.cfg.IMAP.MaxMessageBytes,
		MaxConnections:          p.cfg.IMAP.MaxConnections,
		MaxConnectionsPerSource: p.cfg.IMAP.MaxConnectionsPerSource,
		MaxConnectionsPerInbox:  p.cfg.IMAP.MaxConnectionsPerInbox,
		DrainTimeout:            p.cfg.DrainTimeout,
	}
}

// mailTLS is for the wires of mail, nil without certificates.
func (p *postroom) mailTLS() *tls.Config {
	if p.certs == nil {
		return nil
	}
	return p.certs.MailTLS()
}

func (p *postroom) httpTLS() *tls.Config {
	if !p.cfg.HTTP.TLS {
		return nil
	}
	return p.certs.WebTLS()
}

// public is a handler for requests from outside, with the client's address where a proxy tells it.
func (p *postroom) public(handler http.Handler) http.Handler {
	if !p.cfg.Proxy.Forwarded {
		return handler
	}
	return proxy.Forwarded(p.proxies(), handler)
}

const maxSocketConnections = 256

func (p *postroom) httpService(ln net.Listener, secure *tls.Config, handler http.Handler, drain func(context.Context) error) httpService {
	most := p.cfg.HTTP.MaxConnections
	if ln == p.socket {
		most = maxSocketConnections
	}
	return httpService{listener: netutil.LimitListener(ln, most), tls: secure, handler: handler, drain: drain, grace: p.cfg.DrainTimeout, log: p.log}
}
