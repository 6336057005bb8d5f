// Package courier carries what waits in the outboxes to where it belongs: it finds the recipients' servers, signs, hands
// over by SMTP, and settles what came of it. Mail for inboxes of this server it hands to mailstore.Deliver.
//
// It learns from tenancy which workspaces have something due, takes a bounded part of it in hand, and leaves it to package
// schedule who is next, so that no workspace waits for another's queue. What it does is written in the outbox before and
// after; if the process dies, nothing is lost and nothing is tried again at once.
package courier

import (
	"cmp"
	"context"
	"crypto/x509"
	"log/slog"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/courier/schedule"
	"github.com/postroom/postroom/server/courier/smtpc"
	"github.com/postroom/postroom/server/courier/sts"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/tenancy"
)

// What a Config holds where it says nothing.
const (
	DefaultGiveUpAfter  = 5 * 24 * time.Hour
	DefaultDelayedAfter = 4 * time.Hour
	DefaultPort         = 25
	DefaultDrainTimeout = 30 * time.Second
)

// DefaultRetry are the waits after the first, second, … try.
var DefaultRetry = mailstore.Backoff{5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour}

// Limits.
const (
	MaxAddresses     = 8    // of hosts that are tried in one attempt
	MaxPerConnection = 100  // messages over one connection
	windowPerDomain  = 50   // messages in hand for one workspace, domain and lane
	windowPerSpace   = 2000 // messages in hand for one workspace
	draftsAtOnce     = 100  // of a workspace whose time has come, that are sent in one look
	domainsAtOnce    = 100  // of a workspace that are claimed for in one commit
	lookupsAtOnce    = 20   // domains of a workspace that are looked up at a time
	maxFeeds         = 128  // workspaces that are looked at a time
	lookupTimeout    = 30 * time.Second
	starvedCheck     = 5 * time.Second // how often a workspace is looked at of which nothing more can be taken in hand
	idleConnection   = 5 * time.Second // how long a connection is kept that nobody has a message for
	maxIdle          = 100             // of those
	noticesAtOnce    = 20
	octetsPerCost    = 256 << 10   // of a message that cost as much as one more
	longestSleep     = time.Minute // before the clock is looked at again: it may have been set
	settleAgain      = time.Second // before what could not be settled is tried again; then twice as long, up to longestSleep
	failedFeedPause  = time.Minute
	unreachablePause = time.Minute // before something is claimed again that the schedule has no room for
)

// Config is what the operator decides. Hostname and Resolver are needed.
type Config struct {
	Hostname  string // our name in EHLO and Received
	Resolver  *resolver.Resolver
	STS       Policies           // nil: MTA-STS is not looked at
	Port      int                // of the recipients' servers
	Relay     *tenancy.Smarthost // for all; nil for none
	Roots     *x509.CertPool     // nil: the system's
	PublicURL string             // where links of ours lead, "https://mail.example.com"; "" for none
	Catch     *Caught            // where mail for others goes instead of leaving; nil: it leaves

	AllowPrivate bool // servers of recipients may be at loopback and private addresses

	Retry        mailstore.Backoff
	GiveUpAfter  time.Duration // since the first try
	DelayedAfter time.Duration // the sender is told then

	Schedule     schedule.Config
	Timeouts     smtpc.Timeouts
	DrainTimeout time.Duration // for transactions on their way when it is to stop
	Clock        func() time.Time
}

// Policies tells what a domain demands of those who send to it; *sts.Client does.
type Policies interface {
	Policy(ctx context.Context, domain string) (sts.Policy, error)
}

func (c Config) withDefaults() Config {
	c.Port = cmp.Or(c.Port, DefaultPort)
	c.GiveUpAfter = cmp.Or(c.GiveUpAfter, DefaultGiveUpAfter)
	c.DelayedAfter = cmp.Or(c.DelayedAfter, DefaultDelayedAfter)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, DefaultDrainTimeout)
	if len(c.Retry) == 0 {
		c.Retry = DefaultRetry
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return c
}

// Courier is the service. Make it with New and run it once.
type Courier struct {
	cfg  Config
	dir  *tenancy.Directory
	log  *slog.Logger
	plan *schedule.Scheduler
	idle idle // connections

	fronts fronts

	hungry chan struct{} // rings when a workspace may take more in hand
	ready  chan struct{} // rings when the plan has changed

	late sync.WaitGroup // what could not be settled at once

	mu     sync.Mutex
	serial uint64                           // counts loads
	flying map[string]int                   // transactions with each site
	loads  map[string]*load                 // in hand, by job
	rows   map[rowKey]string                // the job of each recipient in hand
	spaces map[mailstore.WorkspaceID]*space // of which something is in hand, or that are being looked at
}

type rowKey struct {
	ws  mailstore.WorkspaceID
	row int64
}

// New makes a courier. It starts nothing.
func New(cfg Config, dir *tenancy.Directory, log *slog.Logger) *Courier {
	return &Courier{
		cfg: cfg.withDefaults(), dir: dir, log: log, plan: schedule.New(cfg.Schedule), hungry: make(chan struct{}, 1), ready: make(chan struct{}, 1),
		flying: map[string]int{}, loads: map[string]*load{}, rows: map[rowKey]string{}, spaces: map[mailstore.WorkspaceID]*space{},
	}
}

// ring wakes who waits for the channel. It never blocks: a ring that is still unheard stands for this one too.
func ring(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run carries mail until ctx ends. Then it begins nothing more, lets what is on its way come to its end within the drain
// timeout, and returns nil when all that it started has ended.
func (c *Courier) Run(ctx context.Context) error {
	life, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var all sync.WaitGroup
	all.Go(func() { c.feed(ctx) })
	all.Go(func() { c.dispatch(ctx, life, &all) })
	stopped := make(chan struct{})
	go func() {
		all.Wait()
		cut() // what could not be settled so far is found by the next run
		c.late.Wait()
		close(stopped)
	}()
	<-ctx.Done()
	patience := time.NewTimer(c.cfg.DrainTimeout)
	defer patience.Stop()
	select {
	case <-stopped:
	case <-patience.C:
		cut()
		<-stopped
	}
	c.idle.close()
	return nil
}

// dispatch gives each job that may go to a goroutine of its own, as many as the plan lets go.
func (c *Courier) dispatch(ctx, life context.Context, all *sync.WaitGroup) {
	for {
		now := c.cfg.Clock()
		for ctx.Err() == nil {
			g, ok := c.plan.Next(now)
			if !ok {
				break
			}
			all.Go(func() {
				c.carry(life, ctx, g)
				ring(c.ready)
			})
		}
		var alarm <-chan time.Time
		if at, ok := c.plan.Alarm(); ok {
			alarm = time.After(min(max(at.Sub(c.cfg.Clock()), 0), longestSleep))
		}
		select {
		case <-ctx.Done():
			return
		case <-c.ready:
		case <-alarm:
		}
	}
}

// Why tells why a recipient of the outbox waits, as far as it is in hand: schedule.Unknown if it is not. until is zero if no
// time is known.
func (c *Courier) Why(ws mailstore.WorkspaceID, row int64) (why schedule.Reason, until time.Time) {
	c.mu.Lock()
	job := c.rows[rowKey{ws, row}]
	c.mu.Unlock()
	if job == "" {
		return schedule.Unknown, time.Time{}
	}
	return c.plan.Why(job, c.cfg.Clock())
}

// Sites tells how sending to each site goes that something is known of.
func (c *Courier) Sites() []schedule.SiteState { return c.plan.Sites(c.cfg.Clock()) }
