package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/postroom/postroom/server/api"
	"github.com/postroom/postroom/server/courier"
	"github.com/postroom/postroom/server/rspamd"
)

// devCommand runs a server to develop against: on loopback, with a certificate of its own and a demo workspace.
type devCommand struct {
	Data         string   `help:"Keep everything in this directory. Without, it is gone at the end." placeholder:"DIR"`
	JSON         bool     `name:"json" help:"Print one line of JSON when ready, for programs."`
	HTTP         string   `name:"http" help:"Address of the API; a free port without." default:"127.0.0.1:0" placeholder:"ADDR"`
	SMTP         string   `name:"smtp" help:"Address for mail in; a free port without." default:"127.0.0.1:0" placeholder:"ADDR"`
	Submission   string   `name:"submission" help:"Address for mail out, with STARTTLS; a free port without." default:"127.0.0.1:0" placeholder:"ADDR"`
	Submissions  string   `name:"submissions" help:"Address for mail out, with implicit TLS; a free port without." default:"127.0.0.1:0" placeholder:"ADDR"`
	Authenticate bool     `help:"Look at SPF, DKIM and DMARC of mail that comes in; it needs a DNS that answers."`
	DNS          []string `name:"dns" help:"A name server to ask; those of the system without." placeholder:"ADDR"`
	Rspamd       string   `name:"rspamd" help:"Ask this rspamd whether mail that comes in is junk." placeholder:"URL"`
	DNSBL        []string `name:"dnsbl" help:"Ask this DNS block list about who brings mail, also from this machine." placeholder:"ZONE" sep:"none"`
	Deliver      bool     `help:"Let mail for other hosts leave. Without, it is caught and shown at /dev/outbox."`
	IMAP         string   `name:"imap" help:"Address for mail clients, with STARTTLS; a free port without." default:"127.0.0.1:0" placeholder:"ADDR"`
	IMAPS        string   `name:"imaps" help:"Address for mail clients, with implicit TLS; a free port without." default:"127.0.0.1:0" placeholder:"ADDR"`
	Verbose      bool     `help:"Log what happens to standard error."`
}

// Validate wants addresses that only this machine reaches: the demo keys are no secret.
func (c *devCommand) Validate() error {
	for flag, text := range map[string]string{"--http": c.HTTP, "--smtp": c.SMTP, "--submission": c.Submission, "--submissions": c.Submissions, "--imap": c.IMAP, "--imaps": c.IMAPS} {
		address, err := parseListen(text)
		if err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
		if !address.loopback() {
			return fmt.Errorf("%s: %s can be reached from other machines: use 127.0.0.1 or [::1], and 'postroom serve' for the rest", flag, text)
		}
	}
	for _, server := range c.DNS {
		if err := checkNameServer(server); err != nil {
			return fmt.Errorf("--dns: %w", err)
		}
	}
	if c.Rspamd != "" {
		if err := rspamd.ParseAddress(c.Rspamd); err != nil {
			return fmt.Errorf("--rspamd: %w", err)
		}
	}
	if _, err := parseLists(c.DNSBL); err != nil {
		return fmt.Errorf("--dnsbl: %w", err)
	}
	return nil
}

// Run returns nil after a clean stop.
func (c *devCommand) Run(ctx context.Context, t terminal) (err error) {
	dataDir, remove, err := c.dataDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()

	cfg, err := c.config(dataDir)
	if err != nil {
		return err
	}
	dev := development{allowPlain: true, allowPrivate: true, onDemand: true}
	if !c.Deliver {
		dev.caught = &courier.Caught{}
	}
	p, err := open(ctx, cfg, newLog(cfg.Log, t), dev)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	kept, err := ensureDemo(ctx, p.dir, filepath.Join(dataDir, "dev.json"))
	if err != nil {
		return fmt.Errorf("make the demo workspace: %w", err)
	}
	if err := c.announce(t, c.ready(p, kept)); err != nil {
		return err
	}
	return p.run(ctx)
}

// dataDir is the directory to use and what to do with it at the end.
func (c *devCommand) dataDir() (dir string, remove func() error, err error) {
	if c.Data != "" {
		dir, err = filepath.Abs(c.Data)
		return dir, func() error { return nil }, err
	}
	dir, err = os.MkdirTemp("", "postroom-dev-")
	if err != nil {
		return "", nil, fmt.Errorf("make data directory: %w", err)
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

// config is the configuration that serve would read from a file.
func (c *devCommand) config(dataDir string) (Config, error) {
	if err := prepareDataDir(dataDir); err != nil {
		return Config{}, err
	}
	files, err := ensureSelfMade(dataDir, []string{"localhost", demoDomain, "127.0.0.1", "::1"}, time.Now())
	if err != nil {
		return Config{}, err
	}
	cfg := DefaultConfig()
	cfg.Hostname = "localhost"
	cfg.DataDir = dataDir
	cfg.DrainTimeout = 5 * time.Second
	cfg.TLS = TLSConfig{CertFile: files.cert, KeyFile: files.key}
	cfg.Submission.Listen, cfg.Submission.ListenTLS = c.Submission, c.Submissions
	cfg.SMTP.Listen, cfg.HTTP.Listen, cfg.IMAP.Listen, cfg.IMAP.ListenTLS = c.SMTP, c.HTTP, c.IMAP, c.IMAPS
	cfg.SMTP.Authenticate, cfg.SMTP.TrustedNetworks = c.Authenticate, nil // all that comes is from this machine
	cfg.SMTP = cfg.SMTP.withoutPace()
	cfg.HTTP.MaxConnections = api.MaxSockets // all from this machine
	cfg.DNS.Servers, cfg.Junk.Rspamd, cfg.Junk.DNSBL = c.DNS, c.Rspamd, c.DNSBL
	cfg.Log.Level = slog.LevelError.String()
	if c.Verbose {
		cfg.Log.Level = slog.LevelDebug.String()
	}
	return cfg, nil
}

// devReady is what a program needs to know: one flat line of JSON. What a wire's key is called stays; a wire that is not there is left out.
type devReady struct {
	HTTP         string   `json:"http"` // URL, without a slash at its end
	SMTP         string   `json:"smtp"` // host:port, like those that follow
	Submission   string   `json:"submission"`
	Submissions  string   `json:"submissions"`
	IMAP         string   `json:"imap"`
	IMAPS        string   `json:"imaps"`
	OperatorKey  string   `json:"operatorKey"`
	WorkspaceID  string   `json:"workspaceId"`
	WorkspaceKey string   `json:"workspaceKey"`
	Inbox        devInbox `json:"inbox"`
	CA           string   `json:"ca"` // path of the authority that signed the certificate, PEM
	DataDir      string   `json:"dataDir"`
}

type devInbox struct {
	ID       string `json:"id"`
	Address  string `json:"address"`
	Password string `json:"password"`
}

func (c *devCommand) ready(p *postroom, d demo) devReady {
	return devReady{
		HTTP: "http://" + p.http.Addr().String(), SMTP: p.smtp.Addr().String(), Submission: addressOf(p.submission), Submissions: addressOf(p.submissions), IMAP: addressOf(p.imap), IMAPS: addressOf(p.imaps),
		OperatorKey: d.OperatorKey, WorkspaceID: d.WorkspaceID, WorkspaceKey: d.WorkspaceKey, Inbox: d.Inbox,
		CA: selfMadeIn(p.cfg.DataDir).ca, DataDir: p.cfg.DataDir,
	}
}

// announce says that the server is ready: the listeners are bound, so whoever connects now is served.
func (c *devCommand) announce(t terminal, r devReady) error {
	if c.JSON {
		return json.NewEncoder(t.out).Encode(r)
	}
	_, err := fmt.Fprint(t.out, r.page(c.Data == ""))
	return err
}

// page is the same for a person, with commands to paste.
func (r devReady) page(temporary bool) string {
	kept := "kept"
	if temporary {
		kept = "removed at the end; --data DIR keeps it"
	}
	return strings.NewReplacer(
		"{http}", r.HTTP, "{smtp}", r.SMTP, "{submission}", r.Submission, "{submissions}", r.Submissions, "{imap}", r.IMAP, "{imaps}", r.IMAPS, "{operatorKey}", r.OperatorKey, "{workspaceId}", r.WorkspaceID, "{workspaceKey}", r.WorkspaceKey,
		"{address}", r.Inbox.Address, "{password}", r.Inbox.Password, "{ca}", r.CA, "{data}", r.DataDir, "{kept}", kept,
		"{ws}", "ws"+strings.TrimPrefix(r.HTTP, "http"),
	).Replace(devPage)
}

const devPage = `
Postroom is ready. Ctrl-C stops it.

  API            {http}
  Mail in        smtp://{smtp}
  Mail out       smtps://{submissions}  (smtp://{submission} with STARTTLS)
  Mail clients   imaps://{imaps}  (imap://{imap} with STARTTLS)
  Inbox          {address}
  Password       {password}
  Workspace      {workspaceId}
  Workspace key  {workspaceKey}
  Operator key   {operatorKey}
  Certificate    {ca}
  Data           {data}  ({kept})

Send a mail in:

  printf 'From: Ada <ada@example.com>\r\nTo: {address}\r\nSubject: Hello\r\n\r\nIt works.\r\n' | \
    curl -sS smtp://{smtp} --mail-from ada@example.com --mail-rcpt {address} -T -

Read it:

  curl -sS -H 'X-API-Key: {workspaceKey}' {http}/v1/inboxes/{address}/messages

Answer it. Mail for other hosts is caught here, and shown as it would leave:

  curl -sS -H 'X-API-Key: {workspaceKey}' -H 'Content-Type: application/json' {http}/v1/inboxes/{address}/messages \
    -d '{"to":"ada@example.com","subject":"Hello back","text":"It does."}'
  curl -sS -H 'X-API-Key: {operatorKey}' {http}/dev/outbox

Read it as a mail client does:

  curl -sS --cacert {ca} -u {address}:{password} 'imaps://{imaps}/INBOX;MAILINDEX=1'

Watch what arrives:

  node --experimental-websocket -e 'new WebSocket("{ws}/v1/ws?workspaceId={workspaceId}&api_key={workspaceKey}").onmessage = e => console.log(e.data)'

Look around as the operator, without a key:

  postroom inbox list --workspace {workspaceId} --data {data}

`
