package courier

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/server/courier/schedule"
	"github.com/postroom/postroom/tenancy"
)

// load is a parcel in hand.
type load struct {
	id      string // of the job; what is claimed once more gets another
	box     mailstore.Outbox
	parcel  mailstore.Parcel
	way     way
	leaving tenancy.Leaving
}

// space is a workspace as the courier sees it. It is guarded by Courier.mu.
type space struct {
	busy   bool            // it is being looked at
	inHand int             // messages
	bulk   int             // of these
	lanes  map[laneKey]int // of these
	pause  time.Time       // not looked at earlier
	room   bool            // there is room again for something, since the last look began
}

type laneKey struct {
	domain string
	lane   mailstore.Lane
}

// feed takes in hand what is due, workspace by workspace, until ctx ends.
func (c *Courier) feed(ctx context.Context) {
	var looks sync.WaitGroup
	defer looks.Wait()
	slots := make(chan struct{}, maxFeeds)
	for {
		due, rung := c.dir.Queued()
		var next time.Time
		for ws, at := range due {
			at, free := c.mayFeed(ws, at)
			if !free {
				continue
			}
			if at.After(c.cfg.Clock()) {
				if next.IsZero() || at.Before(next) {
					next = at
				}
				continue
			}
			select {
			case slots <- struct{}{}:
			default: // as many as there may be: the end of one rings
				continue
			}
			c.begin(ws)
			looks.Go(func() {
				pause := c.feedOne(ctx, ws)
				c.end(ws, pause)
				<-slots
				ring(c.hungry)
			})
		}
		var alarm <-chan time.Time
		if !next.IsZero() {
			alarm = time.After(min(max(next.Sub(c.cfg.Clock()), 0), longestSleep))
		}
		select {
		case <-ctx.Done():
			return
		case <-rung:
		case <-c.hungry:
		case <-alarm:
		}
	}
}

// mayFeed tells when a workspace is to be looked at that has something due then; free is false while it is being looked at.
func (c *Courier) mayFeed(ws mailstore.WorkspaceID, due time.Time) (at time.Time, free bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.spaces[ws]
	if s == nil {
		return due, true
	}
	if s.pause.After(due) {
		due = s.pause
	}
	return due, !s.busy
}

func (c *Courier) begin(ws mailstore.WorkspaceID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.spaces[ws] == nil {
		c.spaces[ws] = &space{lanes: map[laneKey]int{}}
	}
	c.spaces[ws].busy, c.spaces[ws].room = true, false
}

func (c *Courier) end(ws mailstore.WorkspaceID, pause time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.spaces[ws]
	s.busy = false
	s.pause = time.Time{}
	if pause > 0 && !(s.room && pause == starvedCheck) {
		s.pause = c.cfg.Clock().Add(pause)
	} else if s.inHand == 0 {
		delete(c.spaces, ws)
	}
}

// feedOne takes in hand what is due in one workspace, as far as there is room. It gives how long to leave it alone at least.
func (c *Courier) feedOne(ctx context.Context, ws mailstore.WorkspaceID) (pause time.Duration) {
	fail := func(what string, err error) time.Duration {
		if ctx.Err() == nil {
			c.log.Error(what, "workspace", ws, "err", err)
		}
		return failedFeedPause
	}
	box, err := c.dir.Outbox(ctx, ws)
	if errors.Is(err, tenancy.ErrNotFound) { // deleted: the directory's removal takes the mark with it
		return failedFeedPause
	}
	if err != nil {
		return fail("look at outbox", err)
	}
	if err := c.tell(ctx, box); err != nil { // that holds up nobody's mail
		pause = fail("tell senders", err)
	}
	if err := c.sendDrafts(ctx, ws, box); err != nil { // nor does that, and it is drafts alone that wait
		fail("send drafts", err)
		if err := box.DelayDrafts(ctx, c.cfg.Clock().Add(failedFeedPause)); err != nil {
			return fail("delay drafts", err)
		}
	}
	taken, crowded, err := c.claim(ctx, ws, box)
	if err != nil {
		return fail("claim mail", err)
	}
	next, ok, err := box.NextDue(ctx)
	if err != nil {
		return fail("look at outbox", err)
	}
	if ok && taken == 0 && crowded && !next.After(c.cfg.Clock()) { // there is more than may be in hand: who finishes something rings
		return max(pause, starvedCheck)
	}
	return pause
}

// sendDrafts sends drafts whose time has come. One that cannot be sent for now is tried again after failedFeedPause, and holds
// up no other of this look.
func (c *Courier) sendDrafts(ctx context.Context, ws mailstore.WorkspaceID, box mailstore.Outbox) (err error) {
	due, err := box.DueDrafts(ctx, c.cfg.Clock(), draftsAtOnce)
	for _, x := range due {
		if failed := c.dir.SendDueDraft(ctx, ws, x); failed != nil {
			err = errors.Join(err, fmt.Errorf("send draft %s: %w", x.Draft.ID, failed))
		}
	}
	return err
}

// claim takes parcels in hand, domain by domain, and finds their ways. crowded tells that something was left for which there is
// no room.
func (c *Courier) claim(ctx context.Context, ws mailstore.WorkspaceID, box mailstore.Outbox) (taken int, crowded bool, err error) {
	for after := ""; ctx.Err() == nil; {
		now := c.cfg.Clock()
		domains, err := box.Domains(ctx, now, after, domainsAtOnce)
		if err != nil || len(domains) == 0 {
			return taken, crowded, err
		}
		after = domains[len(domains)-1]
		roomy := c.withRoom(ws, domains)
		crowded = crowded || len(roomy) < 2*len(domains)
		if len(roomy) == 0 {
			continue
		}
		parcels, err := box.Claim(ctx, now, roomy, windowPerDomain/2)
		if err != nil {
			return taken, crowded, err
		}
		taken += len(parcels)
		c.take(ctx, ws, box, parcels)
	}
	return taken, crowded, ctx.Err()
}

// withRoom gives the queues of the domains of which less than half of what may be in hand is. Bulk that fills all that a workspace may
// have in hand leaves room for what is prompt.
func (c *Courier) withRoom(ws mailstore.WorkspaceID, domains []string) (list []mailstore.Queue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.spaces[ws]
	for _, d := range domains {
		for _, lane := range []mailstore.Lane{mailstore.Prompt, mailstore.Bulk} {
			if s.lanes[laneKey{d, lane}] <= windowPerDomain/2 && (lane == mailstore.Prompt || s.bulk < windowPerSpace) {
				list = append(list, mailstore.Queue{Domain: d, Lane: lane})
			}
		}
	}
	return list
}

// take notes parcels as in hand and gives them to the plan when their way is known, those of a domain together. It returns
// when all are there.
func (c *Courier) take(ctx context.Context, ws mailstore.WorkspaceID, box mailstore.Outbox, parcels []mailstore.Parcel) {
	byDomain := map[string][]*load{}
	c.mu.Lock()
	s := c.spaces[ws]
	for _, p := range parcels {
		c.serial++
		l := &load{id: strconv.FormatUint(c.serial, 10), box: box, parcel: p}
		c.loads[l.id] = l
		for _, r := range p.Recipients {
			c.rows[rowKey{ws, r.Row}] = l.id
		}
		s.inHand++
		if p.Lane == mailstore.Bulk {
			s.bulk++
		}
		s.lanes[laneKey{p.Domain, p.Lane}]++
		byDomain[p.Domain] = append(byDomain[p.Domain], l)
	}
	c.mu.Unlock()
	senders := senders{c: c, known: map[senderKey]tenancy.Leaving{}}
	var group errgroup.Group
	group.SetLimit(lookupsAtOnce)
	for domain, loads := range byDomain {
		group.Go(func() error {
			c.route(ctx, domain, &senders, loads)
			return nil
		})
	}
	group.Wait()
	ring(c.ready)
}

// route finds the way of loads for one domain and adds them to the plan.
func (c *Courier) route(ctx context.Context, domain string, senders *senders, loads []*load) {
	look := lookup{c: c, domain: domain, senders: senders}
	for _, l := range loads {
		if err := look.way(ctx, l); err != nil {
			c.noWay(ctx, l, err)
			continue
		}
		job := schedule.Job{ID: l.id, Workspace: planned(l.parcel), Site: l.way.site, Lane: lane(l.parcel.Lane), Cost: len(l.parcel.Recipients) + int(l.parcel.Size/octetsPerCost)}
		if !c.plan.Add(job) {
			c.giveBack(ctx, l, c.cfg.Clock().Add(unreachablePause))
		}
	}
}

// planned is the name under which the plan counts a parcel for its workspace: what is prompt for itself, so that a workspace's bulk
// that fills all of its workers holds up none of its replies. What is prompt is bounded (mailstore.MaxPrompt).
func planned(p mailstore.Parcel) string {
	if p.Lane == mailstore.Prompt {
		return string(p.Workspace) + " prompt"
	}
	return string(p.Workspace)
}

func lane(l mailstore.Lane) schedule.Lane {
	if l == mailstore.Prompt {
		return schedule.Prompt
	}
	return schedule.Bulk
}

// giveBack lets go of a load that was not tried.
func (c *Courier) giveBack(ctx context.Context, l *load, notBefore time.Time) {
	c.release(ctx, l, notBefore)
	c.forget(l)
}

// release lets the rows of a load be claimed once more, from notBefore on.
func (c *Courier) release(ctx context.Context, l *load, notBefore time.Time) {
	if err := l.box.Release(context.WithoutCancel(ctx), rowsOf(l.parcel.Recipients), notBefore); err != nil && fault.KindOf(err) != fault.NotFound {
		c.log.Error("give mail back", "workspace", l.parcel.Workspace, "message", l.parcel.Message, "err", err)
	}
}

// forget is called when a load is settled, and lets its workspace take more in hand.
func (c *Courier) forget(l *load) {
	ws, key := l.parcel.Workspace, laneKey{l.parcel.Domain, l.parcel.Lane}
	c.mu.Lock()
	delete(c.loads, l.id)
	for _, r := range l.parcel.Recipients {
		if k := (rowKey{ws, r.Row}); c.rows[k] == l.id { // it may be in hand once more
			delete(c.rows, k)
		}
	}
	s := c.spaces[ws]
	s.inHand--
	if l.parcel.Lane == mailstore.Bulk {
		s.bulk--
	}
	if s.lanes[key]--; s.lanes[key] == 0 {
		delete(s.lanes, key)
	}
	hungry := s.lanes[key] == windowPerDomain/2 || s.bulk == windowPerSpace/2 || s.inHand == 0
	if hungry {
		s.pause, s.room = time.Time{}, true
	}
	if s.inHand == 0 && !s.busy {
		delete(c.spaces, ws)
	}
	c.mu.Unlock()
	if hungry {
		ring(c.hungry)
	}
}
