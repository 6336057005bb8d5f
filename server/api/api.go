// Package api is the HTTP and WebSocket interface, /v1 and beside it /v0: it authenticates a request, hands it a grant, and turns what the
// stores know into the objects of the contract.
//
// It knows no other wire and owns no table. Every answer goes through the conventions of this package: strict JSON in,
// problem+json for what went wrong, opaque cursors, and Idempotency-Key on every POST.
package api

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/api/mcp"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/domains"
	"github.com/postroom/postroom/server/health"
	"github.com/postroom/postroom/server/outbound"
	"github.com/postroom/postroom/tenancy"
)

// Limits of the interface.
const (
	MaxBodyBytes    = 1 << 20   // octets of a request's JSON
	MaxDepth        = 64        // levels of nesting in it
	MaxTextBytes    = 1 << 20   // octets of text, and of HTML, in a message that is fetched
	MaxEventBytes   = 128 << 10 // octets of text, and of HTML, in an event
	MaxWait         = 60        // seconds that a long poll waits at most
	DefaultLimit    = 50        // entries of a page
	MaxLimit        = 200
	MaxSockets      = 20000 // WebSockets and server-sent streams at a time, in all
	MaxWaits        = 20000 // requests that wait for a message at a time, in all
	MaxFrameBytes   = 64 << 10
	MaxSocketErrors = 10       // bad frames of one client, then its socket is closed
	MaxMessageBytes = 50 << 20 // octets of a message that is sent, unless the configuration says otherwise
)

// DefaultMaxSockets is how many WebSockets and server-sent streams one workspace may have open.
const DefaultMaxSockets = 1000

// Config of the interface. Zero fields get their defaults.
type Config struct {
	Version    string // of the program, for the OpenAPI document
	Hostname   string // of this server, for what simulated mail says of its way; default "localhost"
	MaxSockets int    // WebSockets and server-sent streams of one workspace at a time; default DefaultMaxSockets
	MaxWaits   int    // requests of one workspace that wait for a message at a time; default 1000

	// Domains says what the DNS of domains should be, and what it is. nil: they are to lead to "localhost", and the DNS is not asked.
	Domains *domains.Watch

	// Certificate tells of the certificate that a host name is shown: where it is from ("" is none), until when it is good, and why there is
	// none or no newer one. nil: this server has none.
	Certificate func(host string) (source string, notAfter time.Time, problem string)

	Health *health.Check // looks at the server itself for an operator; nil: nothing is found

	PublicURL string // where this interface is reached from outside, for links to unsubscribe; "" for none

	MaxMessageBytes int64 // octets of a message that is sent, with its attachments in base64; default MaxMessageBytes

	// Why tells why a row of a workspace's outbox waits, as the courier knows it: "" if it does not. until is zero if no time
	// is known. nil: nobody knows.
	Why func(ws mailstore.WorkspaceID, row int64) (reason string, until time.Time)

	// Caught gives the mail that is caught instead of leaving, newest first. nil: mail leaves.
	Caught func() []CaughtMessage

	Outbound      outbound.Policy // which URLs of webhooks and attachments are connected to
	OutboundRoots *x509.CertPool  // whose certificates are believed there; nil: the system's
	FetchTimeout  time.Duration   // in which all attachments of a message that have a URL are to come; default FetchTimeout

	// TryWebhook posts a sample event to a webhook and tells what came of it. nil: no events are posted.
	TryWebhook func(ctx context.Context, id tenancy.WebhookID, eventID, eventType string, body []byte) (mailstore.Dispatch, error)

	PDFText func(ctx context.Context, file []byte) (string, error) // reads the text of a PDF; nil: nobody can

	PingInterval time.Duration // of WebSockets; default 25 s
	SilentSocket time.Duration // a WebSocket of /v0 whose client has not subscribed after this long is told all; default 2 s
	SlowReader   time.Duration // a frame that a client has not taken after this long ends its socket; default 10 s
	Clock        func() time.Time
}

func (c Config) withDefaults() Config {
	c.Version = cmp.Or(c.Version, "dev")
	c.Hostname = cmp.Or(c.Hostname, "localhost")
	c.MaxSockets = cmp.Or(c.MaxSockets, DefaultMaxSockets)
	c.MaxWaits = cmp.Or(c.MaxWaits, 1000)
	c.PingInterval = cmp.Or(c.PingInterval, 25*time.Second)
	c.SilentSocket = cmp.Or(c.SilentSocket, 2*time.Second)
	c.FetchTimeout = cmp.Or(c.FetchTimeout, FetchTimeout)
	c.SlowReader = cmp.Or(c.SlowReader, 10*time.Second)
	c.MaxMessageBytes = cmp.Or(c.MaxMessageBytes, MaxMessageBytes)
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return c
}

// Server is the interface. It serves any number of listeners by its handlers.
type Server struct {
	cfg         Config
	dir         *tenancy.Directory
	log         *slog.Logger
	mux         *http.ServeMux
	sockets     sockets
	shares      shares
	waits       waits
	simulations simulations
	large       map[string]large // the routes that take large bodies, by their patterns
	v0          *v0Table
	room        *room
	mcp         *mcp.HTTP

	drainOnce  sync.Once
	draining   chan struct{}
	agentsGone chan struct{}   // the sessions of /mcp have ended
	life       context.Context // of all sockets
	cut        context.CancelFunc
}

// New makes the interface. It starts nothing.
func New(cfg Config, dir *tenancy.Directory, log *slog.Logger) *Server {
	if cfg.Domains == nil {
		cfg.Domains = domains.New(domains.Config{Server: dnscheck.Server{Hostname: "localhost"}}, dir, log)
	}
	if cfg.Health == nil {
		cfg.Health = health.New(health.Config{})
	}
	s := &Server{cfg: cfg.withDefaults(), dir: dir, log: log, draining: make(chan struct{}), agentsGone: make(chan struct{}), large: map[string]large{}, room: newRoom(MaxLargeBodies, MaxWorkspaceLargeBodies)}
	s.life, s.cut = context.WithCancel(context.Background())
	s.sockets.perWorkspace = map[string]int{}
	s.waits.perWorkspace = map[mailstore.WorkspaceID]int{}
	s.mcp = mcp.NewHTTP(mcp.Config{Version: s.cfg.Version, PDFText: s.cfg.PDFText, Log: log}, identify, s.Handler())
	s.mux, s.v0 = s.routes(), s.v0Routes()
	return s
}

// Handler serves those who have a key.
func (s *Server) Handler() http.Handler { return s.handler(s.authenticate) }

// SocketHandler serves the operator on the machine, who needs no key: put it behind a socket that nobody else may open.
func (s *Server) SocketHandler() http.Handler {
	return s.handler(func(*http.Request) (*tenancy.Grant, error) { return s.dir.Operator(), nil })
}

// Drain ends what lasts: WebSockets are closed with 1012, waits answer at once, /readyz says 503. It returns when the
// last socket has gone, or with ctx's error, having cut the sockets that are left: net/http does not know of them.
func (s *Server) Drain(ctx context.Context) error {
	s.drainOnce.Do(func() {
		s.sockets.close()
		close(s.draining)
		go func() { s.mcp.Close(); close(s.agentsGone) }()
	})
	err := errors.Join(s.sockets.wait(ctx), ended(ctx, s.agentsGone))
	s.cut()
	if err != nil {
		soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		err = errors.Join(err, s.sockets.wait(soon))
	}
	return err
}

// ended waits for something to end, or for ctx.
func ended(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lastWords is how long streams that were cut may take to notice.
const lastWords = 5 * time.Second

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}
