package main

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/api"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/tenancy"
)

// maxSocketPath is what fits into a unix socket's address (sun_path of unix(7), with its closing zero).
const maxSocketPath = 107

// checker collects what is wrong with values that are of the right type.
type checker struct {
	lines    map[string]int
	mistakes []mistake
}

// checkConfig finds every value that the server could not or should not run with. It reads the TLS files and starts nothing.
func checkConfig(cfg Config, lines map[string]int) []mistake {
	c := checker{lines: lines}
	c.hostname(cfg.Hostname)
	c.dataDir(cfg.DataDir)
	c.duration("drain_timeout", cfg.DrainTimeout, time.Second, 10*time.Minute)
	c.oneOf("log.level", cfg.Log.Level, "debug", "info", "warn", "error")
	c.oneOf("log.format", cfg.Log.Format, "text", "json")
	c.tls(cfg)
	c.proxy(cfg.Proxy)
	c.listeners(cfg)
	c.number("smtp.max_message_bytes", cfg.SMTP.MaxMessageBytes, 1<<10, 1<<30)
	c.number("smtp.max_connections", int64(cfg.SMTP.MaxConnections), 1, 100_000)
	c.number("smtp.max_connections_per_source", int64(cfg.SMTP.MaxConnectionsPerSource), 1, 100_000)
	c.number("smtp.connections_per_minute", int64(cfg.SMTP.ConnectionsPerMinute), 0, maxPerMinute)
	c.number("smtp.connections_per_minute_of_network", int64(cfg.SMTP.ConnectionsPerMinuteOfNetwork), 0, maxPerMinute)
	c.number("smtp.messages_per_minute", int64(cfg.SMTP.MessagesPerMinute), 0, maxPerMinute)
	c.number("smtp.messages_per_minute_of_network", int64(cfg.SMTP.MessagesPerMinuteOfNetwork), 0, maxPerMinute)
	c.number("smtp.rejected_recipients_per_minute", int64(cfg.SMTP.RejectedRecipientsPerMinute), 0, maxPerMinute)
	c.number("smtp.rejected_recipients_per_minute_of_network", int64(cfg.SMTP.RejectedRecipientsPerMinuteOfNetwork), 0, maxPerMinute)
	if _, err := parseNetworks(cfg.SMTP.TrustedNetworks); err != nil {
		c.wrong("smtp.trusted_networks", "%v", err)
	}
	c.junk(cfg.Junk)
	c.number("submission.max_connections", int64(cfg.Submission.MaxConnections), 1, 100_000)
	c.number("submission.max_connections_per_source", int64(cfg.Submission.MaxConnectionsPerSource), 1, 100_000)
	c.outgoing(cfg.Outgoing)
	c.relay(cfg.Relay)
	if _, err := parseLists(cfg.Health.BlockLists); err != nil {
		c.wrong("health.block_lists", "%v", err)
	}
	if p := cfg.Health.InboundProbe; len(p) > 0 && !filepath.IsAbs(p[0]) {
		c.wrong("health.inbound_probe", "%q is no whole path of a program: write one such as [\"/usr/bin/ssh\", \"probe@elsewhere.example.net\", \"nc -zw5 mail.example.com 25\"]", p[0])
	}
	c.domains(cfg.Domains, cfg.TLS.DNSProvider != "")
	for _, server := range cfg.DNS.Servers {
		if err := checkNameServer(server); err != nil {
			c.wrong("dns.servers", "%v", err)
		}
	}
	c.publicURL(cfg.HTTP.PublicURL)
	if _, err := parseNetworks(cfg.Webhooks.AllowNetworks); err != nil {
		c.wrong("webhooks.allow_networks", "%v", err)
	}
	c.number("imap.max_message_bytes", cfg.IMAP.MaxMessageBytes, 1<<10, 1<<30)
	c.number("imap.max_connections", int64(cfg.IMAP.MaxConnections), 1, 1_000_000)
	c.number("imap.max_connections_per_source", int64(cfg.IMAP.MaxConnectionsPerSource), 1, 1_000_000)
	c.number("imap.max_connections_per_inbox", int64(cfg.IMAP.MaxConnectionsPerInbox), 1, 1_000_000)
	c.number("http.max_connections", int64(cfg.HTTP.MaxConnections), 1, 100_000)
	c.events(cfg.Events)
	c.number("storage.min_free_bytes", cfg.Storage.MinFreeBytes, 0, 1<<50)
	return c.mistakes
}

// events looks at how much of the journals is kept. What is held is kept no shorter than the rest.
func (c *checker) events(e EventsConfig) {
	c.duration("events.keep_for", e.KeepFor, time.Hour, 10*365*24*time.Hour)
	c.duration("events.keep_held_for", e.KeepHeldFor, e.KeepFor, 10*365*24*time.Hour)
	c.number("events.keep_lines", e.KeepLines, 1000, 1_000_000_000)
	c.number("events.keep_held_lines", e.KeepHeldLines, e.KeepLines, 1_000_000_000)
	c.number("events.max_streams_per_workspace", int64(e.MaxStreams), 1, api.MaxSockets)
}

func checkNameServer(text string) error {
	_, noAddr := netip.ParseAddr(text)
	_, noAddrPort := netip.ParseAddrPort(text)
	if noAddr != nil && noAddrPort != nil {
		return fmt.Errorf(`%q is no address: write one such as "127.0.0.1" or "127.0.0.1:53"`, text)
	}
	return nil
}

func (c *checker) outgoing(o OutgoingConfig) {
	if _, err := parseRetry(o.Retry); err != nil {
		c.wrong("outgoing.retry", "%v", err)
	}
	c.duration("outgoing.give_up_after", o.GiveUpAfter, time.Minute, 30*24*time.Hour)
	c.duration("outgoing.delay_notice_after", o.DelayNoticeAfter, time.Minute, 30*24*time.Hour)
	if o.DKIMRotateAfter != 0 {
		c.duration("outgoing.dkim_rotate_after", o.DKIMRotateAfter, tenancy.DKIMOverlap, 10*365*24*time.Hour)
	}
	c.number("outgoing.max_connections", int64(o.MaxConnections), 1, 10_000)
	c.number("outgoing.max_connections_per_workspace", int64(o.MaxConnectionsPerWorkspace), 1, 10_000)
	c.number("outgoing.max_connections_per_destination", int64(o.MaxConnectionsPerDestination), 1, 1000)
	if err := checkPeers(o.ProbeHosts); err != nil {
		c.wrong("outgoing.probe_hosts", "%v", err)
	}
	c.number("outgoing.port", int64(o.Port), 1, 65535)
	if _, err := loadRoots(o.CAFile); err != nil {
		c.wrong("outgoing.ca_file", "%v", err)
	}
}

// checkPeers looks at hosts that are to be reached.
func checkPeers(list []string) error {
	if len(list) > dnscheck.MaxProbes {
		return fmt.Errorf("at most %d hosts", dnscheck.MaxProbes)
	}
	for _, text := range list {
		host, port, err := net.SplitHostPort(text)
		if err != nil {
			host, port = text, "25"
		}
		_, noAddr := netip.ParseAddr(host)
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || !isHostname(host) && noAddr != nil {
			return fmt.Errorf(`%q is no mail server: write one such as "mx.example.com", with a port if it is not 25`, text)
		}
	}
	return nil
}

// maxPerMinute is the highest limit of how fast clients may be.
const maxPerMinute = 1_000_000

// maxTrusted is how many networks may be trusted.
const maxTrusted = 100

// parseNetworks reads networks, or single addresses.
func parseNetworks(list []string) (networks []netip.Prefix, err error) {
	if len(list) > maxTrusted {
		return nil, fmt.Errorf("at most %d networks", maxTrusted)
	}
	for _, text := range list {
		network, err := netip.ParsePrefix(text)
		if addr, bad := netip.ParseAddr(text); err != nil && bad == nil {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil || network != network.Masked() {
			return nil, fmt.Errorf(`%q is no network: write one such as "192.0.2.0/24", or an address`, text)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// maxRetry is how many waits a schedule of tries may have.
const maxRetry = 100

// parseRetry reads the waits between tries.
func parseRetry(list []string) (mailstore.Backoff, error) {
	if len(list) == 0 || len(list) > maxRetry {
		return nil, fmt.Errorf(`write 1 to %d waits, such as ["5m", "1h"]`, maxRetry)
	}
	var waits mailstore.Backoff
	for _, text := range list {
		d, err := time.ParseDuration(text)
		if err != nil || d < time.Second || d > 7*24*time.Hour {
			return nil, fmt.Errorf(`%q is no wait: write one from "1s" to "168h"`, text)
		}
		waits = append(waits, d)
	}
	return waits, nil
}

// loadRoots reads whom certificates of other servers may come from; nil is the system's choice.
func loadRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return pool, nil
}

func (c *checker) relay(r RelayConfig) {
	if r.Host != "" && !isHostname(r.Host) {
		if _, err := netip.ParseAddr(r.Host); err != nil {
			c.wrong("relay.host", `%q is no host: write one such as "smtp.example.com"`, r.Host)
		}
	}
	c.number("relay.port", int64(r.Port), 1, 65535)
	c.oneOf("relay.mode", r.Mode, tenancy.RelayOnly, tenancy.RelayFallback)
	c.oneOf("relay.tls", r.TLS, "required", "implicit", "none")
	if r.TLS == "none" && r.Username != "" {
		c.wrong("relay.tls", "the password would travel in the open: choose required or implicit, or leave the user name out")
	}
	if r.Host == "" && r.Username != "" {
		c.wrong("relay.username", "there is no relay to log in to: set relay.host")
	}
}

func (c *checker) publicURL(text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		c.wrong("http.public_url", `%q is no address of a site: write one such as "https://mail.example.com"`, text)
	}
}

func (c *checker) wrong(key, format string, args ...any) {
	c.mistakes = append(c.mistakes, mistake{line: c.lines[key], key: key, text: fmt.Sprintf(format, args...)})
}

func (c *checker) hostname(name string) {
	switch {
	case name == "" && c.lines["hostname"] == 0:
		c.wrong("hostname", `this key is needed: write the name under which other mail servers reach this one, hostname = "mail.example.com"`)
	case !isHostname(name):
		c.wrong("hostname", `%q is no host name: write one such as "mail.example.com"`, name)
	}
}

// isHostname reports whether name is a host name of RFC 1123, 2.1, with at least two labels, or localhost.
func isHostname(name string) bool {
	labels := strings.Split(name, ".")
	if len(name) > 253 || len(labels) < 2 && name != "localhost" {
		return false
	}
	return !slices.ContainsFunc(labels, func(label string) bool {
		return label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != ""
	})
}

func (c *checker) dataDir(dir string) {
	if !filepath.IsAbs(dir) {
		c.wrong("data_dir", "%q is not a whole path: it must begin with /", dir)
	} else if len(socketPath(dir)) > maxSocketPath {
		c.wrong("data_dir", "the path is too long for the socket in it: choose one of at most %d characters", maxSocketPath-len(socketPath("")))
	}
}

func (c *checker) duration(key string, d, least, most time.Duration) {
	if d < least || d > most {
		c.wrong(key, "%v is out of range: choose from %v to %v", d, least, most)
	}
}

func (c *checker) number(key string, n, least, most int64) {
	if n < least || n > most {
		c.wrong(key, "%d is out of range: choose from %d to %d", n, least, most)
	}
}

func (c *checker) oneOf(key, value string, choices ...string) {
	if !slices.Contains(choices, value) {
		c.wrong(key, "%q is none of the choices: %s", value, strings.Join(choices, ", "))
	}
}

// listeners checks each address, that no two of them take the same port, and that no key travels in the open.
func (c *checker) listeners(cfg Config) {
	type listener struct {
		key, text string
		address   *listenAddress
	}
	var taken []listener
	add := func(key, text string) *listenAddress {
		l := listener{key, text, c.address(key, text)}
		if l.address != nil {
			for _, other := range taken {
				if l.address.overlaps(other.address) {
					c.wrong(key, "%s is taken by %s (%s): choose another port", text, other.key, other.text)
				}
			}
			taken = append(taken, l)
		}
		return l.address
	}
	add("smtp.listen", cfg.SMTP.Listen)
	if cfg.Submission.Listen != "" {
		add("submission.listen", cfg.Submission.Listen)
	}
	if cfg.Submission.ListenTLS != "" {
		add("submission.listen_tls", cfg.Submission.ListenTLS)
	}
	if cfg.IMAP.Listen != "" {
		add("imap.listen", cfg.IMAP.Listen)
	}
	if cfg.IMAP.ListenTLS != "" {
		add("imap.listen_tls", cfg.IMAP.ListenTLS)
	}
	if cfg.HTTP.ListenPlain != "" {
		add("http.listen_plain", cfg.HTTP.ListenPlain)
	}
	http := add("http.listen", cfg.HTTP.Listen)
	switch {
	case cfg.HTTP.TLS && cfg.HTTP.Insecure:
		c.wrong("http.insecure", "this says plain HTTP and http.tls says TLS: remove one of them")
	case cfg.HTTP.TLS && !cfg.TLS.wanted():
		c.wrong("http.tls", "there is no certificate: set tls.acme_email, or tls.cert_file and tls.key_file")
	case !cfg.HTTP.TLS && !cfg.HTTP.Insecure && http != nil && !http.loopback():
		c.wrong("http.listen", "%s can be reached from other machines and keys would travel unencrypted: set http.tls = true, or listen on 127.0.0.1 behind a proxy that speaks TLS; http.insecure = true allows it all the same", cfg.HTTP.Listen)
	}
}

// listenAddress is where a wire listens. An empty host means every address of the machine.
type listenAddress struct {
	host string
	port uint16 // 0: any that is free
}

// address reads "host:port", or notes a mistake and returns nil.
func (c *checker) address(key, text string) *listenAddress {
	a, err := parseListen(text)
	if err != nil {
		c.wrong(key, "%v", err)
		return nil
	}
	return &a
}

func parseListen(text string) (listenAddress, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return listenAddress{}, fmt.Errorf(`%q is no address: write one such as "127.0.0.1:8080", "[::1]:8080" or ":25"`, text)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return listenAddress{}, fmt.Errorf("%q is no port: choose a number from 1 to 65535, or 0 for one that is free", port)
	}
	if _, err := netip.ParseAddr(host); host != "" && host != "localhost" && err != nil {
		return listenAddress{}, fmt.Errorf("%q is no IP address: write the address of this machine to listen on, or leave it out for all", host)
	}
	return listenAddress{host: host, port: uint16(n)}, nil
}

func (a *listenAddress) loopback() bool {
	ip, err := netip.ParseAddr(a.host)
	return a.host == "localhost" || err == nil && ip.IsLoopback()
}

func (a *listenAddress) everywhere() bool {
	ip, err := netip.ParseAddr(a.host)
	return a.host == "" || err == nil && ip.IsUnspecified()
}

func (a *listenAddress) overlaps(b *listenAddress) bool {
	return a.port != 0 && a.port == b.port && (a.host == b.host || a.everywhere() || b.everywhere())
}

// logLevel is the level of a checked configuration.
func (l LogConfig) logLevel() slog.Level {
	var level slog.Level
	if level.UnmarshalText([]byte(l.Level)) != nil {
		return slog.LevelInfo
	}
	return level
}
