package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	apiserver "github.com/postroom/postroom/server/api"
	api "github.com/postroom/postroom/server/api/client"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/tenancy"
	"golang.org/x/net/idna"
)

// setupCommand makes a server of a machine: a configuration, and the first workspace, domain, inbox and keys. It may be run again.
type setupCommand struct {
	Address  string   `arg:"" help:"Your address to be, at a domain whose mail comes here." placeholder:"you@example.com"`
	Config   string   `help:"The configuration to write; one that is there is kept." default:"/etc/postroom/config.toml" placeholder:"FILE"`
	Data     string   `help:"Where everything is kept, if not where the configuration says." placeholder:"DIR"`
	Hostname string   `help:"The name of this machine, if not the one that is found." placeholder:"NAME"`
	Domain   []string `help:"Another domain whose mail comes here." placeholder:"DOMAIN" sep:"none"`
	Probe    []string `help:"A mail server of others, to find out whether port 25 is open to the outside." placeholder:"HOST" sep:"none"`
	Relay    string   `help:"A server that takes all mail that leaves, where port 25 is closed; it is tried first." placeholder:"smtp://USER@HOST:587"`

	RelayPasswordFile string `help:"Where the password at the relay is, on one line; - is the standard input. Without, POSTROOM_RELAY_PASSWORD of the environment." placeholder:"FILE"`

	User   string `help:"The user that the server is to run as, for root: all files become that user's." placeholder:"NAME"`
	DryRun bool   `help:"Say what would be done, and do nothing."`

	written []string // the configuration, and its directory, if this run made them
}

// Validate wants an address and names that can be some.
func (c *setupCommand) Validate() error {
	at := strings.LastIndexByte(c.Address, '@')
	if at < 1 || !strings.Contains(c.Address[at+1:], ".") {
		return fmt.Errorf("%q is no address: write one such as you@example.com", c.Address)
	}
	for _, name := range append([]string{c.domain()}, c.Domain...) {
		if name = asciiName(name); !isHostname(name) || !strings.Contains(name, ".") {
			return fmt.Errorf("%q is no domain: write one such as example.com", name)
		}
	}
	if c.Hostname != "" && !isHostname(c.Hostname) {
		return fmt.Errorf("--hostname: %q is no host name: write one such as mail.example.com", c.Hostname)
	}
	if err := checkPeers(c.Probe); err != nil {
		return fmt.Errorf("--probe: %w", err)
	}
	return nil
}

// Run sets this machine up.
func (c *setupCommand) Run(ctx context.Context, t terminal) error {
	base, kept, err := c.base()
	if err != nil {
		return err
	}
	relay, err := c.relay(t.in)
	if err != nil {
		return err
	}
	if relay != nil {
		base.Relay = *relay
	}
	return c.setUp(ctx, t, newThisMachine(base), base, kept)
}

// base is the configuration to begin with: the file's, if it is there, with what the command line says.
func (c *setupCommand) base() (base Config, kept *Config, err error) {
	base = DefaultConfig()
	if _, err := os.Lstat(c.Config); err == nil {
		was, err := LoadConfig(c.Config)
		if err != nil {
			return base, nil, err
		}
		base, kept = was, &was
	} else if !errors.Is(err, fs.ErrNotExist) {
		return base, nil, fmt.Errorf("look for the configuration: %w", err)
	}
	if c.Data != "" {
		if base.DataDir, err = filepath.Abs(c.Data); err != nil {
			return base, nil, fmt.Errorf("find data directory: %w", err)
		}
	}
	if c.Hostname != "" {
		base.Hostname = strings.ToLower(c.Hostname)
	}
	if len(c.Probe) > 0 {
		base.Outgoing.ProbeHosts = c.Probe
	}
	if kept != nil && base.DataDir != kept.DataDir {
		return base, nil, fmt.Errorf("%s keeps its data in %s: leave --data out, or name another file with --config", c.Config, kept.DataDir)
	}
	return base, kept, nil
}

// domain is the address's, in A-labels.
func (c *setupCommand) domain() string {
	return asciiName(c.Address[strings.LastIndexByte(c.Address, '@')+1:])
}

// asciiName is a domain in A-labels (UTS 46); one that is none stays, and is refused by who is asked to make it.
func asciiName(name string) string {
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		return ascii
	}
	return strings.ToLower(name)
}

// wishes are what the command line asks for, beside what is in the configuration.
func (c *setupCommand) wishes() wishes {
	return wishes{domain: c.domain(), user: c.User, relay: c.Relay != ""}
}

// setUp decides, and does what was decided.
func (c *setupCommand) setUp(ctx context.Context, t terminal, on machine, base Config, kept *Config) error {
	there := remote{Data: base.DataDir}
	running := there.client().Ready(ctx) == nil
	p := decide(ctx, on, base, c.wishes(), running)
	if err := printFindings(t.out, p.decisions); err != nil {
		return err
	}
	if p.stop != nil {
		return fmt.Errorf("nothing was written: %w", p.stop)
	}
	cfg := p.cfg
	if kept != nil {
		cfg = *kept
	}
	if mistakes := checkConfig(cfg, map[string]int{}); len(mistakes) > 0 {
		return &configError{file: filepath.Base(c.Config), mistakes: mistakes}
	}
	if err := c.writeConfig(t, p.cfg, kept); err != nil {
		return err
	}
	public, err := cfg.Domains.addresses() // behind a router only the operator knows them
	if err != nil || len(public) == 0 {
		public = p.public
	}
	if c.DryRun {
		return c.foretell(ctx, t, cfg, public)
	}
	f := &founding{setupCommand: c, t: t, there: there, api: there.client(), public: public, cfg: cfg}
	if !running {
		if p.account != nil {
			if err := handOver(*p.account, c.Config, cfg.DataDir, c.written); err != nil {
				return err
			}
		}
		lend, err := lendSocket(ctx, cfg)
		if err != nil {
			return err
		}
		f.operatorKey = lend.operatorKey
		err = f.make(ctx)
		if err = errors.Join(err, lend.close()); err != nil {
			return err
		}
		fmt.Fprintf(t.out, "\nNext: postroom serve --config %s\nand, once the records are in the DNS: postroom check --data %s\n", c.Config, cfg.DataDir)
		return nil
	}
	if err := f.make(ctx); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "\nNext, once the records are in the DNS: postroom check --data %s\n", cfg.DataDir)
	return nil
}

// writeConfig writes the file, for its owner and group, unless one is there: then it says what that one has different.
func (c *setupCommand) writeConfig(t terminal, cfg Config, kept *Config) error {
	if kept != nil {
		fmt.Fprintf(t.out, "\n%s is there and kept.\n", c.Config)
		for _, line := range differences(*kept, cfg) {
			fmt.Fprintf(t.out, "  %s\n", printable(line))
		}
		return nil
	}
	if c.DryRun && cfg.Relay.Password != "" {
		cfg.Relay.Password = "(as given)"
	}
	text, err := configText(cfg)
	if err != nil {
		return err
	}
	if c.DryRun {
		fmt.Fprintf(t.out, "\n%s would be:\n\n%s", c.Config, text)
		return nil
	}
	dir := filepath.Dir(c.Config)
	_, missing := os.Lstat(dir)
	err = os.MkdirAll(dir, 0o750)
	if errors.Is(missing, fs.ErrNotExist) && err == nil {
		c.written = append(c.written, dir)
		err = os.Chmod(dir, 0o750) // whatever the umask is
	}
	if err != nil {
		return fmt.Errorf("make directory of the configuration: %w", err)
	}
	file, err := os.OpenFile(c.Config, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Chmod(0o640), file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	c.written = append(c.written, c.Config)
	fmt.Fprintf(t.out, "\n%s is written.\n", c.Config)
	return nil
}

// foretell shows what can be known of what would be made.
func (c *setupCommand) foretell(ctx context.Context, t terminal, cfg Config, public []netip.Addr) error {
	fmt.Fprintf(t.out, "\nIn %s there would be a workspace for %s, the inbox %s, and keys.\nThese records would be asked for, beside those of the DKIM keys:\n\n", cfg.DataDir, c.domain(), c.Address)
	printHostRecords(t, cfg.Hostname, public)
	to := dnscheck.Server{Hostname: cfg.Hostname, IPs: public, Zone: cfg.Domains.Zone}
	all := append(dnscheck.HostRecords(to), dnscheck.OperatorRecords(to)...)
	for _, name := range append([]string{c.domain()}, c.Domain...) {
		name = asciiName(name)
		at := to
		at.ReportAddress = tenancy.Domain{Name: name}.Reports()
		records := dnscheck.Records(dnscheck.Domain{Name: name}, at)
		all = append(all, records...)
		fmt.Fprintf(t.out, "\n%s", dnscheck.ZoneFile(records))
	}
	primary := cfg.TLS.primary()
	if primary == nil {
		return nil
	}
	plan, err := primary.Plan(ctx, all, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "\nThis would become of them at %s:\n\n", cfg.TLS.DNSServer)
	var steps []api.PublishStep
	for _, s := range plan {
		steps = append(steps, api.PublishStep{Action: string(s.Action), Type: s.Record.Type, Name: s.Record.Name, Value: s.Record.Value, Advice: s.Advice, Found: s.Found})
	}
	return printSteps(t.out, steps)
}

// printHostRecords shows the records of the server's own name.
func printHostRecords(t terminal, hostname string, public []netip.Addr) {
	if len(public) == 0 {
		fmt.Fprintf(t.out, "; %s needs an A record with the address that others see\n", hostname)
		return
	}
	fmt.Fprint(t.out, dnscheck.ZoneFile(dnscheck.HostRecords(dnscheck.Server{Hostname: hostname, IPs: public})))
}

// lent is a data directory without a server, whose socket setup serves for as long as it needs it: everything is made by the same way as
// with a server, and no mail moves.
type lent struct {
	p           *postroom
	http        *http.Server
	done        chan error
	operatorKey string // that was just made; "" if there was one
}

func lendSocket(ctx context.Context, cfg Config) (_ *lent, err error) {
	l := &lent{p: &postroom{cfg: cfg, log: slog.New(slog.DiscardHandler)}, done: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.p.close())
		}
	}()
	if err := l.p.openStores(ctx); err != nil {
		return nil, err
	}
	if l.operatorKey, _, err = l.p.dir.EnsureOperatorKey(ctx); err != nil {
		return nil, err
	}
	l.p.names = resolver.New(resolver.Config{Servers: cfg.DNS.Servers})
	if err := l.p.makeDomains(); err != nil {
		return nil, err
	}
	if l.p.socket, err = listenSocket(cfg.DataDir, l.p.log); err != nil {
		return nil, err
	}
	l.http = &http.Server{Handler: apiserver.New(apiserver.Config{Version: thisBuild().Version, Domains: l.p.domains}, l.p.dir, l.p.log).SocketHandler(), ReadHeaderTimeout: headerWait}
	go func() { l.done <- l.http.Serve(l.p.socket) }()
	return l, nil
}

// headerWait is how long a request's header may take.
const headerWait = 10 * time.Second

func (l *lent) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), headerWait)
	defer cancel()
	err := l.http.Shutdown(ctx)
	if served := <-l.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, l.p.close())
}

// founding makes what a new server needs, through a socket. What is there is kept.
type founding struct {
	*setupCommand
	t           terminal
	there       remote
	api         *api.Client
	cfg         Config
	public      []netip.Addr
	workspace   string
	operatorKey string // that was just made
	secrets     bool   // something was shown that nobody can see again
}

// make does one after the other, and then shows what is to be kept or written into the DNS.
func (f *founding) make(ctx context.Context) error {
	fmt.Fprintln(f.t.out)
	if f.operatorKey != "" {
		f.secret("Operator key   ", f.operatorKey)
	}
	if err := f.findWorkspace(ctx); err != nil {
		return err
	}
	for _, name := range append([]string{f.domain()}, f.Domain...) {
		if _, err := f.api.CreateDomain(ctx, api.CreateDomainParams{}, api.NewDomainBody{Domain: name, WorkspaceID: &f.workspace}); err != nil {
			return f.there.failed(err)
		}
	}
	fmt.Fprintf(f.t.out, "Workspace      %s\n", f.workspace)
	if err := f.inbox(ctx); err != nil {
		return err
	}
	if err := f.key(ctx); err != nil {
		return err
	}
	if f.secrets {
		fmt.Fprintln(f.t.out, "\nPasswords and keys are shown this once: keep them now.")
	}
	if f.cfg.TLS.primary() != nil {
		return f.publish(ctx)
	}
	fmt.Fprint(f.t.out, "\nWrite these records into the DNS:\n\n")
	printHostRecords(f.t, f.cfg.Hostname, f.public)
	return f.records(ctx)
}

// publish shows what is to be written into the DNS, and writes it. What others wrote stays, and is no failure of setup.
func (f *founding) publish(ctx context.Context) error {
	var places []*recordsOf
	for _, name := range append([]string{f.domain()}, f.Domain...) {
		places = append(places, &recordsOf{Domain: name, Workspace: f.workspace})
	}
	places = append(places, &recordsOf{Operator: true}) // by then the domains have their keys
	for _, dry := range []bool{true, false} {
		var all []api.PublishStep
		for _, place := range places {
			done, err := place.publish(ctx, f.api, dry)
			if err != nil {
				return f.there.failed(err)
			}
			all = append(all, done.Steps...)
		}
		if dry {
			fmt.Fprintf(f.t.out, "\nThese records go into the DNS, by %s:\n\n", f.cfg.TLS.DNSServer)
		} else if all = slices.DeleteFunc(all, func(s api.PublishStep) bool { return !refused(s) }); len(all) > 0 {
			fmt.Fprint(f.t.out, "\nWritten, but for these, which are yours to write:\n\n")
		} else {
			fmt.Fprint(f.t.out, "\nThey are written.\n")
		}
		if err := printSteps(f.t.out, all); err != nil {
			return err
		}
	}
	return nil
}

// secret shows what nobody can see again.
func (f *founding) secret(what, text string) {
	f.secrets = true
	fmt.Fprintln(f.t.out, what+text)
}

// findWorkspace takes the one that has the domain, or makes one. A claim of somebody who has not proven it is nothing: the operator's mail
// would be a stranger's.
func (f *founding) findWorkspace(ctx context.Context) error {
	dom, err := f.api.GetDomain(ctx, f.domain(), api.GetDomainParams{})
	missing := (*api.Problem)(nil)
	switch {
	case err == nil && dom.Status == string(tenancy.Verified):
		f.workspace = dom.WorkspaceID
		return nil
	case err != nil && (!errors.As(err, &missing) || missing.Status != http.StatusNotFound):
		return f.there.failed(err)
	}
	ws, err := f.api.CreateWorkspace(ctx, api.CreateWorkspaceParams{}, api.NewWorkspaceBody{Name: f.domain()})
	if err != nil {
		return f.there.failed(err)
	}
	f.workspace = ws.ID
	return nil
}

func (f *founding) inbox(ctx context.Context) error {
	at := strings.LastIndexByte(f.Address, '@')
	in, err := f.api.CreateInbox(ctx, api.CreateInboxParams{}, api.NewInboxBody{WorkspaceID: &f.workspace, Username: f.Address[:at], Domain: f.domain()})
	if err != nil {
		return f.there.failed(err)
	}
	if in.Existed {
		fmt.Fprintf(f.t.out, "Inbox          %s (it was there)\n", printable(in.Address))
		return nil
	}
	fmt.Fprintf(f.t.out, "Inbox          %s\n", printable(in.Address))
	f.secret("Password       ", in.Password)
	return nil
}

// key makes a key of the workspace, if it has none.
func (f *founding) key(ctx context.Context) error {
	keys, err := f.api.ListWorkspaceKeys(ctx, f.workspace, api.ListWorkspaceKeysParams{Limit: 1})
	if err != nil {
		return f.there.failed(err)
	}
	if len(keys.Keys) > 0 {
		return nil
	}
	made, err := f.api.CreateWorkspaceKey(ctx, f.workspace, api.CreateWorkspaceKeyParams{}, api.KeyInput{Name: "setup"})
	if err != nil {
		return f.there.failed(err)
	}
	f.secret("Workspace key  ", made.Key)
	return nil
}

// records shows those of each domain.
func (f *founding) records(ctx context.Context) error {
	for _, name := range append([]string{f.domain()}, f.Domain...) {
		text, err := f.zone(ctx, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(f.t.out, "\n%s", printableText(text))
	}
	return nil
}

func (f *founding) zone(ctx context.Context, name string) (string, error) {
	file, err := (&recordsOf{Domain: name, Workspace: f.workspace}).zoneFile(ctx, f.api)
	if err != nil {
		return "", f.there.failed(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, api.MaxAnswer))
	if err != nil {
		return "", fmt.Errorf("read zone file: %w", err)
	}
	return string(text), nil
}
