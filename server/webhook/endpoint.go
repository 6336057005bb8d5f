package webhook

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// serve posts to one endpoint until there is nothing more for it. For each batch it takes a slot anew, so that others have their
// turns; nothing is read before it has one.
func (s *Service) serve(ctx context.Context, e tenancy.Endpoint) {
	for ctx.Err() == nil {
		more, err := s.serveBatch(ctx, e)
		if err != nil && ctx.Err() == nil {
			s.log.Error("post events", "workspace", e.WorkspaceID, "webhook", e.ID, "err", err)
		}
		if err != nil || !more {
			return
		}
		now, err := s.dir.Endpoint(ctx, e.ID) // it may have been changed or deleted meanwhile
		if err != nil || !now.Enabled {
			s.setSlow(e.ID, false)
			return
		}
		e = now
	}
}

func (s *Service) serveBatch(ctx context.Context, e tenancy.Endpoint) (more bool, err error) {
	slow := s.isSlow(e.ID)
	give, err := s.slots.take(ctx, e.WorkspaceID, slow)
	if err != nil {
		return false, err
	}
	defer give()
	limit := batchSize
	if slow {
		limit = slowBatchSize
	}
	following := s.dir.Following(e.WorkspaceID)
	batch, err := following.Next(ctx, e.Follower, limit)
	if err != nil || batch.Empty() {
		return false, err
	}
	c := carrying{service: s, endpoint: e, batch: batch, outcomes: make([]mailstore.DispatchOutcome, len(batch.Dispatches))}
	c.run(ctx, slow)
	failing, err := following.Note(context.WithoutCancel(ctx), e.Follower, batch, c.outcomes, c.rest)
	if err != nil {
		return false, err
	}
	s.setSlow(e.ID, failing.Failures >= slowFailures || c.slowest >= slowAnswer)
	return true, s.judge(context.WithoutCancel(ctx), e, failing, c.gone)
}

// judge disables an endpoint that is gone, or that has failed for too long.
func (s *Service) judge(ctx context.Context, e tenancy.Endpoint, failing mailstore.Failing, gone bool) error {
	reason := tenancy.WebhookGone
	if !gone {
		if failing.Failures < disableFailures || s.cfg.Clock().Sub(failing.Since) < DisableAfter {
			return nil
		}
		reason = tenancy.WebhookFailing
	}
	s.log.Info("webhook disabled", "workspace", e.WorkspaceID, "webhook", e.ID, "reason", reason)
	return s.dir.DisableWebhook(ctx, e.ID, reason)
}

// carrying is a batch on its way. Its dispatches go in lanes: in one after the other, beside those of other lanes. Of an ordered
// endpoint each inbox has a lane, else each dispatch.
type carrying struct {
	service  *Service
	endpoint tenancy.Endpoint
	batch    mailstore.Batch
	outcomes []mailstore.DispatchOutcome

	mu       sync.Mutex
	lanes    [][]int // of the batch's dispatches, those that nobody has taken
	failures int     // in this batch
	rest     time.Time
	gone     bool
	slowest  time.Duration
}

// run carries the whole batch: here, and in further slots as long as there are any for which nobody waits.
func (c *carrying) run(ctx context.Context, slow bool) {
	c.lanes = c.split()
	var beside sync.WaitGroup
	if !slow {
		for range min(MaxPerEndpoint, len(c.lanes)) - 1 {
			give, ok := c.service.slots.try(c.endpoint.WorkspaceID, slow)
			if !ok {
				break
			}
			beside.Go(func() { defer give(); c.work(ctx) })
		}
	}
	c.work(ctx)
	beside.Wait()
}

func (c *carrying) split() (lanes [][]int) {
	byInbox := map[mailstore.InboxID]int{}
	for i, d := range c.batch.Dispatches {
		c.outcomes[i] = mailstore.DispatchOutcome{Status: mailstore.DispatchWaiting}
		lane, known := byInbox[d.InboxID]
		switch {
		case d.Held:
		case c.endpoint.Ordered && known:
			lanes[lane] = append(lanes[lane], i)
		default:
			byInbox[d.InboxID] = len(lanes)
			lanes = append(lanes, []int{i})
		}
	}
	return lanes
}

// work carries lanes until none is left. What is left in a lane behind a failure waits, for the next batch or until the failed one is
// tried again.
func (c *carrying) work(ctx context.Context) {
	for lane := c.take(); lane != nil; lane = c.take() {
		for _, i := range lane {
			if ctx.Err() != nil || c.stopped() {
				return
			}
			c.outcomes[i] = c.carry(c.batch.Dispatches[i])
			if c.endpoint.Ordered && c.outcomes[i].Status == mailstore.DispatchWaiting {
				break
			}
		}
	}
}

func (c *carrying) take() (lane []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.lanes) > 0 {
		lane, c.lanes = c.lanes[0], c.lanes[1:]
	}
	return lane
}

// stopped reports whether the endpoint has said, or shown, that more of the batch is of no use now.
func (c *carrying) stopped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone || !c.rest.IsZero() || c.failures >= batchFailures
}

// carry posts one dispatch.
func (c *carrying) carry(d mailstore.Dispatch) mailstore.DispatchOutcome {
	s := c.service
	now := s.cfg.Clock()
	if d.Gone {
		return mailstore.DispatchOutcome{Status: mailstore.DispatchFailed, Attempt: &mailstore.DispatchAttempt{StartedAt: now, Error: "the event is not in the journal any more"}}
	}
	body, err := s.cfg.Body(s.life, c.endpoint, d.Line)
	if err != nil { // our own failure says nothing of the endpoint
		if s.life.Err() == nil {
			s.log.Error("write an event for a webhook", "workspace", c.endpoint.WorkspaceID, "webhook", c.endpoint.ID, "event", d.EventID, "err", err)
		}
		return mailstore.DispatchOutcome{Status: mailstore.DispatchWaiting, DueAt: now.Add(ownFailure)}
	}
	a := s.post(s.life, c.endpoint, d.EventID, body)
	if a.cut {
		return mailstore.DispatchOutcome{Status: mailstore.DispatchWaiting}
	}
	c.learn(a)
	return outcomeOf(a, d.Stage+1)
}

func (c *carrying) learn(a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slowest = max(c.slowest, a.attempt.Took)
	c.gone = c.gone || a.attempt.Code == http.StatusGone
	if a.rest.After(c.rest) {
		c.rest = a.rest
	}
	if !a.ok() {
		c.failures++
	}
}

// outcomeOf is what becomes of a dispatch behind its attempt, the so-many-th since it began to wait.
func outcomeOf(a answer, attempts int) mailstore.DispatchOutcome {
	o := mailstore.DispatchOutcome{Attempt: &a.attempt, Status: mailstore.DispatchDelivered}
	if a.ok() {
		return o
	}
	if at, ok := again(a.attempt.StartedAt.Add(a.attempt.Took), attempts); ok {
		o.Status, o.DueAt = mailstore.DispatchWaiting, at
	} else {
		o.Status = mailstore.DispatchFailed
	}
	return o
}
