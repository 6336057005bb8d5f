package courier

import (
	"context"
	"errors"
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
	id      string
	box     mailstore.Outbox
	parcel  mailstore.Parcel
	way     way
	leaving tenancy.Leaving
}

// space is a workspace as the courier sees it. It is guarded by Courier.mu.
type space struct {
	busy   bool            // it is being looked at
	inHand int             // messages
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
			alarm = time.After(max(next.Sub(c.cfg.Clock()), 0))
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
	if err := c.tell(ctx, box); err != nil {
		return fail("tell senders", err)
	}
	taken, err := c.claim(ctx, ws, box)
	if err != nil {
		return fail("claim mail", err)
	}
	next, ok, err := box.NextDue(ctx)
	if err != nil {
		return fail("look at outbox", err)
	}
	if ok && taken == 0 && !next.After(c.cfg.Clock()) { // there is more than may be in hand: who finishes something rings
		return starvedCheck
	}
	return 0
}

// claim takes parcels in hand, domain by domain, and finds their ways.
func (c *Courier) claim(ctx context.Context, ws mailstore.WorkspaceID, box mailstore.Outbox) (taken int, err error) {
	for after := ""; ctx.Err() == nil; {
		now := c.cfg.Clock()
		domains, err := box.Domains(ctx, now, after, domainsAtOnce)
		if err != nil || len(domains) == 0 {
			return taken, err
		}
		after = domains[len(domains)-1]
		if domains = c.withRoom(ws, domains); len(domains) == 0 {
			continue
		}
		parcels, err := box.Claim(ctx, now, domains, windowPerDomain/2)
		if err != nil {
			return taken, err
		}
		taken += len(parcels)
		c.take(ctx, ws, box, parcels)
		if c.full(ws) {
			return taken, nil
		}
	}
	return taken, ctx.Err()
}

// withRoom keeps the domains of which less than half of what may be in hand is.
func (c *Courier) withRoom(ws mailstore.WorkspaceID, domains []string) (list []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.spaces[ws]
	for _, d := range domains {
		if max(s.lanes[laneKey{d, mailstore.Prompt}], s.lanes[laneKey{d, mailstore.Bulk}]) <= windowPerDomain/2 {
			list = append(list, d)
		}
	}
	return list
}

func (c *Courier) full(ws mailstore.WorkspaceID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spaces[ws].inHand >= windowPerSpace
}

// take notes parcels as in hand and gives them to the plan when their way is known, those of a domain together. It returns
// when all are there.
func (c *Courier) take(ctx context.Context, ws mailstore.WorkspaceID, box mailstore.Outbox, parcels []mailstore.Parcel) {
	byDomain := map[string][]*load{}
	c.mu.Lock()
	s := c.spaces[ws]
	for _, p := range parcels {
		l := &load{id: string(ws) + " " + strconv.FormatInt(p.Recipients[0].Row, 10), box: box, parcel: p}
		c.loads[l.id] = l
		for _, r := range p.Recipients {
			c.rows[rowKey{ws, r.Row}] = l.id
		}
		s.inHand++
		s.lanes[laneKey{p.Domain, p.Lane}]++
		byDomain[p.Domain] = append(byDomain[p.Domain], l)
	}
	c.mu.Unlock()
	var group errgroup.Group
	group.SetLimit(lookupsAtOnce)
	for domain, loads := range byDomain {
		group.Go(func() error {
			c.route(ctx, domain, loads)
			return nil
		})
	}
	group.Wait()
	ring(c.ready)
}

// route finds the way of loads for one domain and adds them to the plan.
func (c *Courier) route(ctx context.Context, domain string, loads []*load) {
	look := lookup{c: c, domain: domain}
	for _, l := range loads {
		if err := look.way(ctx, l); err != nil {
			c.noWay(ctx, l, err)
			continue
		}
		job := schedule.Job{ID: l.id, Workspace: string(l.parcel.Workspace), Site: l.way.site, Lane: lane(l.parcel.Lane), Cost: len(l.parcel.Recipients) + int(l.parcel.Size/octetsPerCost)}
		if !c.plan.Add(job) {
			c.giveBack(ctx, l, c.cfg.Clock().Add(unreachablePause))
		}
	}
}

func lane(l mailstore.Lane) schedule.Lane {
	if l == mailstore.Prompt {
		return schedule.Prompt
	}
	return schedule.Bulk
}

// giveBack lets go of a load that was not tried.
func (c *Courier) giveBack(ctx context.Context, l *load, notBefore time.Time) {
	rows := make([]int64, len(l.parcel.Recipients))
	for i, r := range l.parcel.Recipients {
		rows[i] = r.Row
	}
	if err := l.box.Release(context.WithoutCancel(ctx), rows, notBefore); err != nil && fault.KindOf(err) != fault.NotFound {
		c.log.Error("give mail back", "workspace", l.parcel.Workspace, "err", err)
	}
	c.forget(l)
}

// forget is called when a load is settled, and lets its workspace take more in hand.
func (c *Courier) forget(l *load) {
	ws, key := l.parcel.Workspace, laneKey{l.parcel.Domain, l.parcel.Lane}
	c.mu.Lock()
	delete(c.loads, l.id)
	for _, r := range l.parcel.Recipients {
		delete(c.rows, rowKey{ws, r.Row})
	}
	s := c.spaces[ws]
	s.inHand--
	if s.lanes[key]--; s.lanes[key] == 0 {
		delete(s.lanes, key)
	}
	hungry := s.lanes[key] == windowPerDomain/2 || s.inHand == windowPerSpace/2 || s.inHand == 0
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
