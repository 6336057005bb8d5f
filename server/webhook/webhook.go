// Package webhook posts what happens in a workspace to the URLs that it wants to have it at: it follows the journals, signs each
// event, posts it, and tries again what failed.
//
// It owns no table: endpoints are tenancy's, how far each has come and what was tried is in mailstore, and the form of an event is
// handed to it, for it is the same in every way of reading. An event is posted at least once, under an id that stays the same;
// what came of it is noted behind, so a crash between the two posts it again.
package webhook

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/server/outbound"
	"github.com/postroom/postroom/tenancy"
)

// Limits of what is posted.
const (
	Timeout         = 15 * time.Second   // of one request, until its answer has come
	MaxAnswer       = 64 << 10           // octets of an answer that are read
	MaxExcerpt      = 1 << 10            // octets of it that are kept
	MaxPerEndpoint  = 4                  // requests to one endpoint at a time
	MaxPerWorkspace = 40                 // to all endpoints of a workspace
	MaxRequests     = 400                // to all
	MaxSlowRequests = 200                // of them, to endpoints that are slow or fail; each has one at a time
	DisableAfter    = 5 * 24 * time.Hour // an endpoint that has done nothing but fail for so long is disabled

	batchSize       = 32
	slowBatchSize   = 4
	batchFailures   = 4               // in one batch: what is left of it waits for the next one
	slowFailures    = 3               // in a row make an endpoint slow
	slowAnswer      = 5 * time.Second // and so does an answer that takes so long
	maxSlow         = 10_000          // endpoints that are known to be slow; with more all are forgotten, those too that are no more, and learned anew
	disableFailures = 20              // in a row at least, before an endpoint is disabled
	ownFailure      = time.Minute     // a dispatch waits that we could not write
	looksAtOnce     = 8               // workspaces that are looked at
	lease           = 5 * time.Minute // after which a workspace is looked at whose endpoints are being served; a crash comes before that
)

// Config of the service. Body is needed.
type Config struct {
	Version string // of the program, for User-Agent
	Client  *http.Client
	Clock   func() time.Time

	// Body writes the event that a line tells of, as the endpoint is to get it. A line of type mailstore.GapLine has no data.
	Body func(ctx context.Context, e tenancy.Endpoint, l journal.Line) ([]byte, error)

	DrainTimeout time.Duration // for requests that run when the service is to end; default 5 s
}

// Service posts events. Its methods are safe for concurrent use.
type Service struct {
	cfg   Config
	dir   *tenancy.Directory
	log   *slog.Logger
	slots *slots

	life context.Context // of all requests
	cut  context.CancelCauseFunc

	mu      sync.Mutex
	running map[tenancy.WebhookID]bool
	slow    map[tenancy.WebhookID]bool // as far as they are
	looking map[mailstore.WorkspaceID]bool
	again   map[mailstore.WorkspaceID]bool      // to be looked at now, whatever the store says
	later   map[mailstore.WorkspaceID]time.Time // could not be looked at
	wake    chan struct{}
	work    sync.WaitGroup
}

var errDrained = errors.New("the server is shutting down")

// New makes the service. It starts nothing.
func New(cfg Config, dir *tenancy.Directory, log *slog.Logger) *Service {
	cfg.Version = cmp.Or(cfg.Version, "dev")
	cfg.DrainTimeout = cmp.Or(cfg.DrainTimeout, 5*time.Second)
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Client == nil {
		cfg.Client = outbound.Policy{}.Client(nil)
	}
	s := &Service{cfg: cfg, dir: dir, log: log, slots: newSlots(MaxRequests, MaxPerWorkspace, MaxSlowRequests), running: map[tenancy.WebhookID]bool{}, slow: map[tenancy.WebhookID]bool{},
		looking: map[mailstore.WorkspaceID]bool{}, again: map[mailstore.WorkspaceID]bool{}, later: map[mailstore.WorkspaceID]time.Time{}, wake: make(chan struct{}, 1)}
	s.life, s.cut = context.WithCancelCause(context.Background())
	return s
}

// Run posts until ctx ends. Requests that run then have DrainTimeout; what was cut off is posted again by the next run.
func (s *Service) Run(ctx context.Context) error {
	defer s.cfg.Client.CloseIdleConnections()
	defer s.cut(errDrained)
	looks := make(chan struct{}, looksAtOnce)
	for {
		next, rung := s.round(ctx, looks)
		if !s.await(ctx, next, rung) {
			s.drain()
			return nil
		}
	}
}

// await waits until there may be something to do; false when ctx has ended.
func (s *Service) await(ctx context.Context, next time.Time, rung <-chan struct{}) bool {
	var due <-chan time.Time
	if !next.IsZero() {
		timer := time.NewTimer(next.Sub(s.cfg.Clock()))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-rung:
	case <-s.wake:
	case <-due:
	}
	return ctx.Err() == nil
}

// round begins to look at each workspace that is due. It tells when the next one is, the zero time if none waits.
func (s *Service) round(ctx context.Context, looks chan struct{}) (next time.Time, rung <-chan struct{}) {
	due, rung := s.dir.Followed()
	now := s.cfg.Clock()
	for _, ws := range s.dueOf(due, now, &next) {
		select {
		case looks <- struct{}{}:
		case <-ctx.Done():
			return next, rung
		}
		s.work.Go(func() {
			defer func() { <-looks }()
			s.look(ctx, ws)
		})
	}
	return next, rung
}

// dueOf picks those that are due and that nobody looks at, and sets next to the time of the first of the others.
func (s *Service) dueOf(due map[mailstore.WorkspaceID]time.Time, now time.Time, next *time.Time) (list []mailstore.WorkspaceID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ws := range s.again {
		due[ws] = now
	}
	for ws, at := range due {
		if until := s.later[ws]; until.After(at) {
			at = until
		}
		switch {
		case s.looking[ws]: // it wakes us
		case at.After(now):
			if next.IsZero() || at.Before(*next) {
				*next = at
			}
		default:
			s.looking[ws] = true
			delete(s.again, ws)
			delete(s.later, ws)
			list = append(list, ws)
		}
	}
	return list
}

// look starts to serve each endpoint of a workspace that is due and not being served.
func (s *Service) look(ctx context.Context, ws mailstore.WorkspaceID) {
	err := s.start(ctx, ws)
	s.mu.Lock()
	delete(s.looking, ws)
	if err != nil {
		s.later[ws] = s.cfg.Clock().Add(ownFailure)
	}
	s.mu.Unlock()
	s.ring()
	if err != nil && ctx.Err() == nil && fault.KindOf(err) != fault.NotFound {
		s.log.Error("look for events to post", "workspace", ws, "err", err)
	}
}

func (s *Service) start(ctx context.Context, ws mailstore.WorkspaceID) error {
	endpoints, due, err := s.rest(ctx, ws)
	if err != nil {
		return err
	}
	now := s.cfg.Clock()
	for _, e := range endpoints {
		at, waits := due[string(e.ID)]
		if !waits || at.After(now) || ctx.Err() != nil || !s.enter(e.ID) {
			continue
		}
		s.work.Go(func() {
			defer s.leave(e)
			s.serve(ctx, e)
		})
	}
	return nil
}

// rest asks the workspace when each endpoint is due, which notes when it is to be looked at next.
func (s *Service) rest(ctx context.Context, ws mailstore.WorkspaceID) ([]tenancy.Endpoint, map[string]time.Time, error) {
	endpoints, err := s.dir.Endpoints(ctx, ws)
	if err != nil {
		return nil, nil, err
	}
	followers := make([]mailstore.Follower, len(endpoints))
	for i, e := range endpoints {
		followers[i] = e.Follower
	}
	following := s.dir.Following(ws)
	if err := following.Adopt(ctx, followers); err != nil {
		return nil, nil, err
	}
	due, err := following.Rest(ctx, followers, s.isRunning, s.cfg.Clock().Add(lease))
	return endpoints, due, err
}

func (s *Service) isRunning(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running[tenancy.WebhookID(id)]
}

// enter notes that an endpoint is served; false if it is already.
func (s *Service) enter(id tenancy.WebhookID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[id] {
		return false
	}
	s.running[id] = true
	return true
}

// leave notes that it is not any more, and has its workspace looked at: there may be news since.
func (s *Service) leave(e tenancy.Endpoint) {
	s.mu.Lock()
	delete(s.running, e.ID)
	s.again[e.WorkspaceID] = true
	s.mu.Unlock()
	s.ring()
}

func (s *Service) isSlow(id tenancy.WebhookID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slow[id]
}

func (s *Service) setSlow(id tenancy.WebhookID, slow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slow {
		delete(s.slow, id)
		return
	}
	if len(s.slow) >= maxSlow {
		clear(s.slow)
	}
	s.slow[id] = true
}

// ring wakes Run. A ring that is still unheard stands for this one too.
func (s *Service) ring() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// drain waits for what runs, cuts off what takes too long, and notes in each workspace that was served when it is due: what was
// noted for the time of serving would be too late.
func (s *Service) drain() {
	late := time.AfterFunc(s.cfg.DrainTimeout, func() { s.cut(errDrained) })
	defer late.Stop()
	s.work.Wait()
	for ws := range s.again {
		if _, _, err := s.rest(context.Background(), ws); err != nil && fault.KindOf(err) != fault.NotFound {
			s.log.Error("note events that are still to be posted", "workspace", ws, "err", err)
		}
	}
}

// Try posts an event that was made to try an endpoint, enabled or not, and keeps what came of it in its log. It is not tried
// again. The error is ours: an endpoint that fails is a result.
func (s *Service) Try(ctx context.Context, id tenancy.WebhookID, eventID, eventType string, body []byte) (d mailstore.Dispatch, err error) {
	e, err := s.dir.Endpoint(ctx, id)
	if err != nil {
		return d, err
	}
	give, err := s.slots.take(ctx, e.WorkspaceID, s.isSlow(id))
	if err != nil {
		return d, err
	}
	defer give()
	a := s.post(context.WithoutCancel(ctx), e, eventID, body) // it is bounded, and what came of it is kept for a caller that went away
	o := mailstore.DispatchOutcome{Attempt: &a.attempt, Status: mailstore.DispatchDelivered}
	if !a.ok() {
		o.Status = mailstore.DispatchFailed
	}
	return s.dir.Following(e.WorkspaceID).NoteTest(context.WithoutCancel(ctx), string(id), eventID, eventType, o)
}
