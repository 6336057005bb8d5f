package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/postroom/postroom/server/health"
	"github.com/postroom/postroom/server/resolver"
)

// plan is what setup makes of a machine: a configuration, and why it is so.
type plan struct {
	cfg       Config
	decisions []finding

	ctx     context.Context
	on      machine
	names   map[netip.Addr][]string // of public addresses
	public  []netip.Addr
	running bool // a server runs on the data directory, so that the ports are its own
	wishes

	account *account // that the server is to run as; nil: the one that setup runs as
	stop    error    // why nothing is to be written
}

// wishes are what somebody asks for.
type wishes struct {
	domain string
	user   string // "": whom the data directory belongs to, or the service's
	relay  bool   // the relay in the configuration is a new one
}

// maxHTTPPorts is how many ports are tried for the API where its own is taken.
const maxHTTPPorts = 20

// decide looks at a machine. The configuration begins as base; its hostname, if it has one, is somebody's word. Names that somebody is only
// going to write into the DNS are not asked for: their absence would be remembered.
func decide(ctx context.Context, on machine, base Config, w wishes, running bool) *plan {
	p := &plan{cfg: base, ctx: ctx, on: on, names: map[netip.Addr][]string{}, running: running, wishes: w}
	p.addresses()
	p.hostname(w.domain)
	p.reverse()
	p.resolver()
	p.outgoing()
	p.ports()
	p.incoming()
	p.serviceUser()
	p.certificate()
	p.disk()
	p.clock()
	return p
}

func (p *plan) say(name string, s health.Status, format string, args ...any) {
	p.decisions = append(p.decisions, finding{Name: name, Status: string(s), Found: fmt.Sprintf(format, args...)})
}

// addresses takes those that are public; others mean a router in between, whose address nobody here knows.
func (p *plan) addresses() {
	all, err := p.on.Addresses()
	if err != nil {
		p.say("addresses", health.Unknown, "%v", err)
		return
	}
	for _, ip := range all {
		if resolver.IsPublic(ip) && len(p.public) < maxAddresses {
			p.public = append(p.public, ip)
			p.names[ip], _ = p.on.Names(p.ctx, ip) // reverse says what that means
		}
	}
	switch {
	case len(p.public) > 0 && len(p.cfg.Domains.Addresses) == 0:
		p.cfg.Domains.Addresses = texts(p.public)
		p.say("addresses", health.OK, "%s: written as domains.addresses", listOf(texts(p.public)))
	case len(p.public) > 0 && !slices.Equal(p.cfg.Domains.Addresses, texts(p.public)):
		p.say("addresses", health.Warning, "the configuration says %s, this machine has %s: correct domains.addresses, unless that is meant", listOf(p.cfg.Domains.Addresses), listOf(texts(p.public)))
	case len(p.cfg.Domains.Addresses) > 0:
		p.say("addresses", health.OK, "%s, as the configuration says", listOf(p.cfg.Domains.Addresses))
	default:
		p.say("addresses", health.Warning, "only private ones (%s): the addresses of the host name in the DNS are taken for ours; else set domains.addresses", listOf(texts(all)))
	}
}

// hostname takes somebody's word, else the name that both the system and the DNS know, else one of the two that is fit, else one below the domain.
func (p *plan) hostname(domain string) {
	system := strings.ToLower(strings.TrimSuffix(p.on.Hostname(), "."))
	var called []string
	for _, ip := range p.public {
		for _, name := range p.names[ip] {
			if fitName(name, ip) {
				called = append(called, name)
			}
		}
	}
	fit := isHostname(system) && !health.IsLocalName(system)
	why := "as you say"
	switch {
	case p.cfg.Hostname != "":
	case fit && slices.Contains(called, system):
		p.cfg.Hostname, why = system, "the name of this machine, and of its address in the DNS"
	case len(called) > 0:
		p.cfg.Hostname, why = called[0], "the name of this machine's address in the DNS"
	case fit && system != domain:
		p.cfg.Hostname, why = system, "the name of this machine"
	default:
		p.cfg.Hostname, why = "mail."+domain, "this machine has no name that others know, so it gets this one"
	}
	p.say("hostname", health.OK, "%s: %s", p.cfg.Hostname, why)
}

// fitName reports whether an address's name is one to show to others: not one that a provider makes of the address, which many take for a
// home connection.
func fitName(name string, ip netip.Addr) bool {
	if !isHostname(name) || health.IsLocalName(name) {
		return false
	}
	if !ip.Is4() {
		return true
	}
	part := strings.Split(ip.String(), ".")
	return !strings.Contains(strings.NewReplacer("-", ".", "_", ".").Replace("."+name), "."+part[3]+".") || !strings.Contains(name, part[0])
}

// reverse asks for the name of each address that has not the host name.
func (p *plan) reverse() {
	for _, ip := range p.public {
		if slices.Contains(p.names[ip], p.cfg.Hostname) {
			p.say("ptr/"+ip.String(), health.OK, "%s", p.cfg.Hostname)
			continue
		}
		p.say("ptr/"+ip.String(), health.Warning, "%s: ask whoever gave you the address to name it %s (PTR)", listOf(p.names[ip]), p.cfg.Hostname)
	}
}

func (p *plan) resolver() {
	validates, err := p.on.Validates(p.ctx)
	switch {
	case err != nil:
		p.say("resolver", health.Error, "names cannot be looked up (%v): put a name server into /etc/resolv.conf, or into dns.servers", err)
	case !validates:
		p.say("resolver", health.Warning, "it answers and does not validate: a resolver on this machine that does, such as unbound, would be better")
	default:
		p.say("resolver", health.OK, "it answers and validates: used as it is")
	}
}

func (p *plan) outgoing() {
	if p.relay {
		p.tryRelay()
		return
	}
	if len(p.cfg.Outgoing.ProbeHosts) == 0 {
		p.say("outgoing", health.Unknown, "whether mail can leave was not asked: name a mail server of others with --probe")
		return
	}
	results := p.on.Probe(p.ctx, p.cfg.Outgoing.ProbeHosts)
	for _, r := range results {
		if r.OK {
			p.say("outgoing", health.OK, "%s answers: mail leaves by itself", r.Host)
			return
		}
	}
	if p.cfg.Relay.Host != "" {
		p.say("outgoing", health.OK, "no other server can be reached: mail leaves through %s", p.cfg.Relay.Host)
		return
	}
	p.say("outgoing", health.Error, "%s cannot be reached (%s): have port 25 opened, or let mail leave through a server that takes it: run this again with --relay smtp://user@host:587, which tries it first", results[0].Host, results[0].Reason)
}

// tryRelay takes a relay only if it takes our login.
func (p *plan) tryRelay() {
	r := p.cfg.Relay
	if err := p.on.Relay(p.ctx, p.cfg); err != nil {
		p.say("relay", health.Error, "%v: correct --relay, or the password that goes with it", err)
		p.stop = errors.New("the relay cannot be used")
		return
	}
	p.say("relay", health.OK, "all mail leaves through %s, which was tried: TLS is good%s", r.Host, map[bool]string{true: "", false: ", and it knows " + r.Username}[r.Username == ""])
}

// serviceUser finds who the server is to run as. Where setup is no root's, it is whoever runs setup.
func (p *plan) serviceUser() {
	const ports = "it needs CAP_NET_BIND_SERVICE for the ports"
	switch uid, there := p.on.Owner(p.cfg.DataDir); {
	case !p.on.Root():
		if p.user != "" {
			p.stop = errors.New("only root can make files another user's: leave --user out, or run this as root")
		}
	case p.running || p.user == "root":
	case p.user != "":
		a, err := p.on.Account(p.user)
		if err != nil {
			p.stop = fmt.Errorf("%w: make the user with 'useradd --system --home-dir %s --shell /usr/sbin/nologin %s'", err, p.cfg.DataDir, p.user)
			p.say("user", health.Error, "%v", err)
			return
		}
		p.account = &a
		p.say("user", health.OK, "the files are for %s, whom the server is to run as; %s", a.Name, ports)
	case there && uid != 0:
		a, err := p.on.Account(strconv.Itoa(uid))
		if err != nil {
			a = account{Name: strconv.Itoa(uid), UID: uid, GID: uid}
		}
		p.account = &a
		p.say("user", health.OK, "the data is %s's, and what is made is his too", a.Name)
	default:
		a, err := p.on.Account(serviceUser)
		if err != nil || there {
			p.say("user", health.Warning, "the files are root's, so that only root can run the server: for a user of its own, 'useradd --system --home-dir %s --shell /usr/sbin/nologin %s' and run this with --user %s", p.cfg.DataDir, serviceUser, serviceUser)
			return
		}
		p.account = &a
		p.say("user", health.OK, "the files are for %s, whom the server is to run as; %s", a.Name, ports)
	}
}

// ports looks at each address that is to be listened on. That of the API is our own choice; the others are where everybody looks.
func (p *plan) ports() {
	if p.running {
		p.say("ports", health.OK, "they are the running server's")
		return
	}
	var free []string
	for _, wire := range []struct{ name, address string }{{"smtp", p.cfg.SMTP.Listen}, {"submission", p.cfg.Submission.Listen}, {"submissions", p.cfg.Submission.ListenTLS},
		{"imap", p.cfg.IMAP.Listen}, {"imaps", p.cfg.IMAP.ListenTLS}} {
		if wire.address == "" {
			continue
		}
		switch s := p.on.Port(p.ctx, wire.address); {
		case s.Forbidden:
			p.say("port/"+wire.name, health.Warning, "this user may not listen on %s: run the server with CAP_NET_BIND_SERVICE, or as root", wire.address)
		case s.Taken:
			p.say("port/"+wire.name, health.Error, "%s is taken by %s: stop that and keep it from starting again, or choose another address", wire.address, someone(s.By))
		default:
			free = append(free, wire.name+" "+wire.address)
		}
	}
	if len(free) > 0 {
		p.say("ports", health.OK, "%s: free, and listened on", strings.Join(free, ", "))
	}
	p.httpPort()
}

// incoming says what nobody can see from here: what is in front of the machine lets its own connections to itself through, or was never on their way.
func (p *plan) incoming() {
	const later = "'postroom check' tells once somebody has connected"
	switch {
	case len(p.cfg.Health.InboundProbe) > 0:
		p.say("incoming", health.Unknown, "'postroom check' has the probe of the configuration try whether others reach port 25")
	case len(p.public) == 0:
		p.say("incoming", health.Unknown, "lead the ports above from the router to this machine; whether others reach them cannot be seen from here: %s", later)
	default:
		p.say("incoming", health.Unknown, "whether others reach port 25 cannot be seen from here, so look at the provider's firewall: %s", later)
	}
}

// httpPort takes the next port that is free.
func (p *plan) httpPort() {
	first := p.on.Port(p.ctx, p.cfg.HTTP.Listen)
	a, err := parseListen(p.cfg.HTTP.Listen)
	if !first.Taken || err != nil {
		return
	}
	for i := range uint16(maxHTTPPorts) {
		address := net.JoinHostPort(a.host, strconv.Itoa(int(a.port+1+i)))
		if s := p.on.Port(p.ctx, address); !s.Taken && !s.Forbidden {
			p.say("port/http", health.OK, "%s is taken by %s: the API is at %s", p.cfg.HTTP.Listen, someone(first.By), address)
			p.cfg.HTTP.Listen = address
			return
		}
	}
	p.say("port/http", health.Error, "%s is taken by %s: set http.listen", p.cfg.HTTP.Listen, someone(first.By))
}

func someone(by string) string {
	if by == "" {
		return "another program"
	}
	return by
}

func (p *plan) certificate() {
	if p.cfg.TLS.CertFile == "" {
		p.cfg.TLS.CertFile, p.cfg.TLS.KeyFile = p.on.Certificate(p.cfg.Hostname)
	}
	if p.cfg.TLS.CertFile == "" {
		p.say("certificate", health.Warning, "there is none for %s: until [tls] has one, mail comes in unencrypted and mail clients cannot log in", p.cfg.Hostname)
		return
	}
	if p.account != nil {
		p.say("certificate", health.Warning, "%s: see to it that %s can read it and its key, or the server will not start", p.cfg.TLS.CertFile, p.account.Name)
		return
	}
	p.say("certificate", health.OK, "%s", p.cfg.TLS.CertFile)
}

func (p *plan) disk() {
	free, err := p.on.Free(p.cfg.DataDir)
	switch {
	case err != nil:
		p.say("disk", health.Unknown, "%v", err)
	case free < p.cfg.Storage.MinFreeBytes:
		p.say("disk", health.Error, "%s free for %s: below %s nothing is accepted, so make room", health.Octets(free), p.cfg.DataDir, health.Octets(p.cfg.Storage.MinFreeBytes))
	default:
		p.say("disk", health.OK, "%s free for %s", health.Octets(free), p.cfg.DataDir)
	}
}

func (p *plan) clock() {
	kept, err := p.on.ClockKept()
	switch {
	case err != nil:
		p.say("clock", health.Unknown, "%v", err)
	case !kept:
		p.say("clock", health.Warning, "nothing keeps it right: run a time service such as chrony")
	default:
		p.say("clock", health.OK, "a time service keeps it right")
	}
}

// setting is a key of the configuration that setup writes.
type setting struct {
	table, key, why string
	value           func(*Config) any
}

var settings = []setting{
	{"", "hostname", "The name of this machine as other mail servers know it.", func(c *Config) any { return c.Hostname }},
	{"", "data_dir", "Where everything is kept.", func(c *Config) any { return c.DataDir }},
	{"tls", "cert_file", "The certificate that every wire shows.", func(c *Config) any { return c.TLS.CertFile }},
	{"tls", "key_file", "Its key.", func(c *Config) any { return c.TLS.KeyFile }},
	{"outgoing", "probe_hosts", "Mail servers of others that 'postroom check' tries to reach.", func(c *Config) any { return c.Outgoing.ProbeHosts }},
	{"relay", "host", "The server that takes all mail that leaves.", func(c *Config) any { return c.Relay.Host }},
	{"relay", "port", "Its port.", func(c *Config) any { return c.Relay.Port }},
	{"relay", "username", "Who this server is there.", func(c *Config) any { return c.Relay.Username }},
	{"relay", "password", "The password that goes with it.", func(c *Config) any { return c.Relay.Password }},
	{"relay", "tls", "How it is spoken to.", func(c *Config) any { return c.Relay.TLS }},
	{"domains", "addresses", "The public addresses of this machine.", func(c *Config) any { return c.Domains.Addresses }},
	{"http", "listen", "Where the API is served.", func(c *Config) any { return c.HTTP.Listen }},
}

// configText is a configuration as a file: what every server has to say, and what differs from the defaults.
func configText(c Config) (string, error) {
	var b strings.Builder
	b.WriteString("# Postroom's configuration, written by 'postroom setup'. config.example.toml explains every key.\n")
	base, table := DefaultConfig(), ""
	for _, s := range settings {
		if s.table != "" && reflect.DeepEqual(s.value(&c), s.value(&base)) {
			continue
		}
		if s.table != table {
			table = s.table
			b.WriteString("\n[" + table + "]")
		}
		line, err := toml.Marshal(map[string]any{s.key: s.value(&c)})
		if err != nil {
			return "", fmt.Errorf("write configuration: %w", err)
		}
		fmt.Fprintf(&b, "\n# %s\n%s", s.why, line)
	}
	return b.String(), nil
}

// differences says where a configuration that is kept says something else than what was found.
func differences(kept, wanted Config) (list []string) {
	for _, s := range settings {
		a, b := s.value(&kept), s.value(&wanted)
		if s.key == "password" { // nobody is shown one
			if a != b {
				list = append(list, strings.TrimPrefix(s.table+"."+s.key, ".")+" is another one")
			}
			continue
		}
		if !reflect.DeepEqual(a, b) {
			list = append(list, fmt.Sprintf("%s is %v; setup would write %v", strings.TrimPrefix(s.table+"."+s.key, "."), a, b))
		}
	}
	return list
}

func texts(ips []netip.Addr) (list []string) {
	for _, ip := range ips {
		list = append(list, ip.String())
	}
	return list
}

func listOf(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
