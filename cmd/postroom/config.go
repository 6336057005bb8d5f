package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/server/api"
	"github.com/postroom/postroom/server/certs"
	"github.com/postroom/postroom/server/courier"
	"github.com/postroom/postroom/server/courier/schedule"
	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/imapd"
	"github.com/postroom/postroom/server/rspamd"
	"github.com/postroom/postroom/server/smtpd"
	"github.com/postroom/postroom/tenancy"
)

// Config is what the operator decides. The TOML file spells its keys as the tags here; a key that is not here is a
// mistake. config.example.toml explains each one.
type Config struct {
	Hostname     string        `toml:"hostname"`
	DataDir      string        `toml:"data_dir"`
	DrainTimeout time.Duration `toml:"drain_timeout"`

	Log        LogConfig        `toml:"log"`
	TLS        TLSConfig        `toml:"tls"`
	Proxy      ProxyConfig      `toml:"proxy"`
	SMTP       SMTPConfig       `toml:"smtp"`
	Junk       JunkConfig       `toml:"junk"`
	Submission SubmissionConfig `toml:"submission"`
	Outgoing   OutgoingConfig   `toml:"outgoing"`
	Relay      RelayConfig      `toml:"relay"`
	DNS        DNSConfig        `toml:"dns"`
	Domains    DomainsConfig    `toml:"domains"`
	IMAP       IMAPConfig       `toml:"imap"`
	HTTP       HTTPConfig       `toml:"http"`
	Health     HealthConfig     `toml:"health"`
	Webhooks   WebhooksConfig   `toml:"webhooks"`
	Events     EventsConfig     `toml:"events"`
	Storage    StorageConfig    `toml:"storage"`
}

// LogConfig says what is written to standard error.
type LogConfig struct {
	Level  string `toml:"level"`  // debug, info, warn or error
	Format string `toml:"format"` // text or json
}

// TLSConfig says where the certificates are from that all wires show: files, an authority, or both. From neither there is no TLS.
type TLSConfig struct {
	CertFile      string   `toml:"cert_file"` // PEM: the certificate, then what it was signed with
	KeyFile       string   `toml:"key_file"`  // PEM
	MoreCertFiles []string `toml:"more_cert_files"`
	MoreKeyFiles  []string `toml:"more_key_files"` // in the same order

	Names           []string `toml:"names"`      // of the server besides its host name
	ACMEEmail       string   `toml:"acme_email"` // "": no authority is asked
	ACMEDirectory   string   `toml:"acme_directory"`
	ACMEEABKid      string   `toml:"acme_eab_kid"`       // of an account elsewhere that the authority wants to know of; "": none
	ACMEEABHMACFile string   `toml:"acme_eab_hmac_file"` // its key, base64url
	ACMERootFile    string   `toml:"acme_root_file"`     // PEM: whom the authority's own certificate may come from; "" is the system's

	DNSProvider     string `toml:"dns_provider"` // how names are validated by DNS-01; "": they are not
	DNSServer       string `toml:"dns_server"`
	DNSKeyName      string `toml:"dns_key_name"`
	DNSKeyAlgorithm string `toml:"dns_key_algorithm"`
	DNSKeySecret    string `toml:"dns_key_secret"` // base64
	DNSDelegate     string `toml:"dns_delegate"`
}

// ProxyConfig is who stands in front.
type ProxyConfig struct {
	Trusted   []string `toml:"trusted"`   // networks of proxies
	Wires     []string `toml:"wires"`     // on which they send a PROXY header
	Forwarded bool     `toml:"forwarded"` // whether they write X-Forwarded-For
}

// SMTPConfig is mail from other servers.
type SMTPConfig struct {
	Listen                  string `toml:"listen"`
	MaxMessageBytes         int64  `toml:"max_message_bytes"`
	MaxConnections          int    `toml:"max_connections"`
	MaxConnectionsPerSource int    `toml:"max_connections_per_source"`
	Authenticate            bool   `toml:"authenticate"` // look at SPF, DKIM and DMARC

	TrustedNetworks []string `toml:"trusted_networks"` // whose clients relay what others sent

	// How fast clients may be that are not trusted: from a source (an IPv4 address or IPv6 /64), and from the network around it (an
	// IPv4 /24 or IPv6 /48). 0: no limit.
	ConnectionsPerMinute                 int `toml:"connections_per_minute"`
	ConnectionsPerMinuteOfNetwork        int `toml:"connections_per_minute_of_network"`
	MessagesPerMinute                    int `toml:"messages_per_minute"`
	MessagesPerMinuteOfNetwork           int `toml:"messages_per_minute_of_network"`
	RejectedRecipientsPerMinute          int `toml:"rejected_recipients_per_minute"`
	RejectedRecipientsPerMinuteOfNetwork int `toml:"rejected_recipients_per_minute_of_network"`
}

// withoutPace lets clients be as fast as they can.
func (c SMTPConfig) withoutPace() SMTPConfig {
	c.ConnectionsPerMinute, c.MessagesPerMinute, c.RejectedRecipientsPerMinute = 0, 0, 0
	c.ConnectionsPerMinuteOfNetwork, c.MessagesPerMinuteOfNetwork, c.RejectedRecipientsPerMinuteOfNetwork = 0, 0, 0
	return c
}

// SubmissionConfig is mail from those who log in. An empty address serves nothing.
type SubmissionConfig struct {
	Listen                  string `toml:"listen"`     // STARTTLS
	ListenTLS               string `toml:"listen_tls"` // implicit TLS; nothing without a certificate
	MaxConnections          int    `toml:"max_connections"`
	MaxConnectionsPerSource int    `toml:"max_connections_per_source"`
}

// OutgoingConfig is mail that leaves.
type OutgoingConfig struct {
	Retry                        []string      `toml:"retry"` // durations: after the first, second, … try; the last one holds for all that follow
	GiveUpAfter                  time.Duration `toml:"give_up_after"`
	DelayNoticeAfter             time.Duration `toml:"delay_notice_after"`
	MaxConnections               int           `toml:"max_connections"`
	MaxConnectionsPerWorkspace   int           `toml:"max_connections_per_workspace"`
	MaxConnectionsPerDestination int           `toml:"max_connections_per_destination"`
	MTASTS                       bool          `toml:"mta_sts"`
	DKIMRotateAfter              time.Duration `toml:"dkim_rotate_after"` // 0: never
	Port                         int           `toml:"port"`
	AllowPrivate                 bool          `toml:"allow_private"`
	ProbeHosts                   []string      `toml:"probe_hosts"` // mail servers of others that a check of this one tries to reach
	CAFile                       string        `toml:"ca_file"`     // PEM: whom certificates of other servers may come from; "" is the system's
}

// RelayConfig is a server that takes all mail that leaves. An empty host is none.
type RelayConfig struct {
	Host     string `toml:"host"`
	Port     int    `toml:"port"`
	Username string `toml:"username"`
	Password string `toml:"password"`
	Mode     string `toml:"mode"` // only or fallback
	TLS      string `toml:"tls"`  // required, implicit or none
}

// DNSConfig is who is asked for names. None: what the system has.
type DNSConfig struct {
	Servers []string `toml:"servers"`
}

// IMAPConfig is people's mail clients. An empty address serves nothing.
type IMAPConfig struct {
	Listen                  string `toml:"listen"`     // STARTTLS
	ListenTLS               string `toml:"listen_tls"` // implicit TLS; nothing without a certificate
	MaxMessageBytes         int64  `toml:"max_message_bytes"`
	MaxConnections          int    `toml:"max_connections"`
	MaxConnectionsPerSource int    `toml:"max_connections_per_source"`
	MaxConnectionsPerInbox  int    `toml:"max_connections_per_inbox"`
}

// HTTPConfig is the API.
type HTTPConfig struct {
	Listen         string `toml:"listen"`
	ListenPlain    string `toml:"listen_plain"` // validations by HTTP-01, and redirects to HTTPS; "": not served
	TLS            bool   `toml:"tls"`
	Insecure       bool   `toml:"insecure"` // plain HTTP beyond loopback, where keys can be read on the way
	MaxConnections int    `toml:"max_connections"`
	PublicURL      string `toml:"public_url"` // where links in mail lead
}

// HealthConfig is whom a check of the server asks about it. None: nobody.
type HealthConfig struct {
	BlockLists   []string `toml:"block_lists"`   // lists of addresses, as junk.dnsbl has them
	InboundProbe []string `toml:"inbound_probe"` // a program and its arguments, that finds out from outside whether port 25 is reached
}

// EventsConfig is how much of each workspace's journal is kept.
type EventsConfig struct {
	KeepFor       time.Duration `toml:"keep_for"`
	KeepLines     int64         `toml:"keep_lines"`
	KeepHeldFor   time.Duration `toml:"keep_held_for"` // for a follower that has not read it yet
	KeepHeldLines int64         `toml:"keep_held_lines"`
	MaxStreams    int           `toml:"max_streams_per_workspace"` // WebSockets and server-sent streams together
}

func (c EventsConfig) keep() journal.Keep {
	return journal.Keep{Age: c.KeepFor, Lines: c.KeepLines, HeldAge: c.KeepHeldFor, HeldLines: c.KeepHeldLines}
}

// StorageConfig is what the store may use.
type StorageConfig struct {
	MinFreeBytes int64 `toml:"min_free_bytes"` // below this much free space nothing new is accepted
}

// defaultDataDir is where serve keeps the data, and where the subcommands look for a running server.
const defaultDataDir = "/var/lib/postroom"

// DefaultConfig is what holds for every key that the file does not have. The hostname has no default.
func DefaultConfig() Config {
	plan := schedule.Default()
	return Config{
		DataDir:      defaultDataDir,
		DrainTimeout: 30 * time.Second,
		Log:          LogConfig{Level: "info", Format: "text"},
		TLS:          TLSConfig{MoreCertFiles: []string{}, MoreKeyFiles: []string{}, Names: []string{}, ACMEDirectory: certs.DefaultDirectory, DNSKeyAlgorithm: "hmac-sha256"},
		Proxy:        ProxyConfig{Trusted: []string{}, Wires: []string{}},
		SMTP: SMTPConfig{Listen: ":25", MaxMessageBytes: smtpd.DefaultMaxMessageBytes, MaxConnections: smtpd.DefaultMaxConnections, MaxConnectionsPerSource: smtpd.DefaultMaxConnectionsPerSource, Authenticate: true, TrustedNetworks: []string{"127.0.0.0/8", "::1/128"},
			ConnectionsPerMinute: 120, ConnectionsPerMinuteOfNetwork: 600, MessagesPerMinute: 600, MessagesPerMinuteOfNetwork: 3000, RejectedRecipientsPerMinute: 60, RejectedRecipientsPerMinuteOfNetwork: 300},
		Junk:       JunkConfig{RspamdTimeout: rspamd.DefaultTimeout, DNSBL: []string{}, DNSBLDomains: []string{}, DNSBLAction: string(dnsbl.Junk)},
		Submission: SubmissionConfig{Listen: ":587", ListenTLS: ":465", MaxConnections: smtpd.DefaultMaxConnections, MaxConnectionsPerSource: smtpd.DefaultMaxConnectionsPerSource},
		Outgoing: OutgoingConfig{Retry: []string{"5m", "15m", "30m", "1h", "2h", "4h", "8h"}, GiveUpAfter: courier.DefaultGiveUpAfter, DelayNoticeAfter: courier.DefaultDelayedAfter,
			MaxConnections: plan.MaxWorkers, MaxConnectionsPerWorkspace: plan.MaxPerWorkspace, MaxConnectionsPerDestination: plan.MaxConcurrency, MTASTS: true, DKIMRotateAfter: courier.DefaultRotateAfter, Port: courier.DefaultPort, ProbeHosts: []string{}},
		Relay:   RelayConfig{Port: 587, Mode: tenancy.RelayOnly, TLS: "required"},
		DNS:     DNSConfig{Servers: []string{}},
		Domains: DomainsConfig{Addresses: []string{}, MTASTS: "none"},
		IMAP: IMAPConfig{Listen: ":143", ListenTLS: ":993", MaxMessageBytes: imapd.DefaultMaxMessageBytes, MaxConnections: imapd.DefaultMaxConnections,
			MaxConnectionsPerSource: imapd.DefaultMaxConnectionsPerSource, MaxConnectionsPerInbox: imapd.DefaultMaxConnectionsPerInbox},
		HTTP:     HTTPConfig{Listen: "127.0.0.1:8080", MaxConnections: 4096},
		Events:   EventsConfig{KeepFor: journal.DefaultAge, KeepLines: journal.DefaultLines, KeepHeldFor: journal.DefaultHeldAge, KeepHeldLines: journal.DefaultHeldLines, MaxStreams: api.DefaultMaxSockets},
		Health:   HealthConfig{BlockLists: []string{}, InboundProbe: []string{}},
		Webhooks: WebhooksConfig{AllowNetworks: []string{}},
		Storage:  StorageConfig{MinFreeBytes: mailstore.DefaultMinFree},
	}
}

// LoadConfig reads a file and checks everything that can be checked before anything is started. Its error is a
// *configError with every mistake, or says why the file cannot be read.
func LoadConfig(file string) (Config, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return Config{}, fmt.Errorf("there is no file %s: copy config.example.toml there and set your hostname", file)
	}
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	cfg, lines, mistakes := parseConfig(data)
	if lines != nil {
		mistakes = append(mistakes, checkConfig(cfg, lines)...)
	}
	if len(mistakes) == 0 {
		return cfg, nil
	}
	slices.SortStableFunc(mistakes, func(a, b mistake) int { return a.line - b.line })
	return Config{}, &configError{file: filepath.Base(file), mistakes: mistakes}
}

// mistake is one thing to put right. Line 0 means that something is missing.
type mistake struct {
	line int
	key  string
	text string // what is wrong and what to do
}

// configError is all the mistakes of a file, in the order of its lines.
type configError struct {
	file     string
	mistakes []mistake
}

// Error has a line for each mistake: file, line, key, what to do.
func (e *configError) Error() string {
	var b strings.Builder
	if len(e.mistakes) == 1 {
		b.WriteString("the configuration has 1 mistake:")
	} else {
		fmt.Fprintf(&b, "the configuration has %d mistakes:", len(e.mistakes))
	}
	for _, m := range e.mistakes {
		b.WriteString("\n  " + e.file)
		if m.line > 0 {
			fmt.Fprintf(&b, ":%d", m.line)
		}
		if m.key != "" {
			b.WriteString(": " + m.key)
		}
		b.WriteString(": " + m.text)
	}
	return b.String()
}
