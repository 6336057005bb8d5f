package courier

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/report"
	"github.com/postroom/postroom/server/courier/schedule"
	"github.com/postroom/postroom/server/courier/smtpc"
	"github.com/postroom/postroom/tenancy"
)

// carry makes the transaction that a grant is for, and over the same connection those that the plan gives it next. life
// ends transactions on their way; when ctx ends no other is begun.
//
// What came of a message is written while the next one is made ready, and before that one is handed over: so after a crash there
// is at most one message for each connection of which nobody knows that it was taken.
func (c *Courier) carry(life, ctx context.Context, g schedule.Grant) {
	var conn *connection
	var settling sync.WaitGroup
	defer settling.Wait()
	for {
		l := c.load(g.Job.ID)
		if l == nil { // not in hand any more
			conn.leave()
			g.Done(schedule.Refused, c.cfg.Clock())
			return
		}
		result, settle := c.attempt(life, l, &conn)
		now := c.cfg.Clock()
		if ctx.Err() != nil || conn == nil || !conn.Reusable() || conn.Sent() >= MaxPerConnection {
			settle()
			c.forget(l)
			conn.leave() // before another one takes its place at the site
			g.Done(result, now)
			return
		}
		before, settled := conn.settled, make(chan struct{})
		conn.settled = settled
		settling.Go(func() {
			defer close(settled)
			settle()
			c.forget(l)
			if before != nil {
				<-before
			}
		})
		var again bool
		if g, again = g.Then(result, now, c.fits(conn)); !again {
			c.idle.put(conn, now) // at once: the next one at the site takes it instead of opening another
			return
		}
	}
}

func (c *Courier) load(id string) *load {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.loads[id]
}

// fits tells which jobs a connection may carry.
func (c *Courier) fits(conn *connection) func(schedule.Job) bool {
	return func(j schedule.Job) bool {
		l := c.load(j.ID)
		return l != nil && l.way.key() == conn.key
	}
}

// attempt tries a load once. settle writes what came of it, and is to be called once. conn is a connection that may be used, and
// afterwards the one that was, if it is still there.
func (c *Courier) attempt(ctx context.Context, l *load, conn **connection) (result schedule.Result, settle func()) {
	var ready sync.WaitGroup
	var b *body
	var prepared error
	if l.way.kind == byMX || l.way.kind == byRelay { // signing takes as long as a commit: both at a time
		ready.Go(func() { b, prepared = c.prepare(ctx, l) })
	}
	left, err := l.box.Begin(ctx, l.parcel, c.cfg.Retry)
	ready.Wait()
	if b != nil {
		defer b.Close()
	}
	switch {
	case err != nil:
		if ctx.Err() != nil {
			return schedule.Refused, func() { c.release(ctx, l, time.Time{}) }
		}
		if fault.KindOf(err) != fault.NotFound {
			c.log.Error("begin attempt", "workspace", l.parcel.Workspace, "message", l.parcel.Message, "err", err)
		}
		return schedule.Refused, func() { c.release(ctx, l, c.cfg.Clock().Add(failedFeedPause)) }
	case len(left) == 0: // held or cancelled
		return schedule.Refused, func() {}
	}
	var results []mailstore.Result
	switch l.way.kind {
	case toLocal:
		results, err = c.deliver(ctx, l, left)
	case toCaught:
		results, err = c.catch(ctx, l, left)
	default:
		if err = prepared; err != nil {
			result = schedule.Refused
			break
		}
		c.fly(l.way.site, 1)
		results, result = c.send(ctx, l, b, left, conn)
		if others := c.fly(l.way.site, -1); notTried(ctx, result, others, results) {
			return result, func() { c.withdraw(ctx, l, left) }
		}
	}
	if err != nil {
		c.log.Error("send mail", "workspace", l.parcel.Workspace, "message", l.parcel.Message, "err", err)
		results = c.allFailed(l, left, &refusal{code: 451, status: "4.3.0", text: "internal error of " + c.cfg.Hostname, reason: report.Other}, connection{})
	}
	return result, func() { c.settle(ctx, l, results) }
}

// withdraw undoes an attempt that was none.
func (c *Courier) withdraw(ctx context.Context, l *load, left []mailstore.Claimed) {
	pause := limitedPause
	if ctx.Err() != nil {
		pause = 0
	}
	if err := l.box.Withdraw(context.WithoutCancel(ctx), left, c.cfg.Clock().Add(pause)); err != nil && fault.KindOf(err) != fault.NotFound {
		c.log.Error("withdraw attempt", "workspace", l.parcel.Workspace, "message", l.parcel.Message, "err", err)
	}
}

// limitedPause is how long a message waits that a site did not take because of other connections of ours. It may be short: the plan
// lets fewer go there from then on.
const limitedPause = 100 * time.Millisecond

// fly counts the transactions with a site, and gives how many there are.
func (c *Courier) fly(site string, n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flying[site] += n
	if c.flying[site] == 0 {
		delete(c.flying, site)
	}
	return c.flying[site]
}

// notTried tells that an attempt says nothing about the message: the server was stopped before there was a connection, or the
// site has too many others of ours. If there is no other, the site refuses us, and that is an attempt.
func notTried(ctx context.Context, result schedule.Result, others int, results []mailstore.Result) bool {
	stopped := ctx.Err() != nil
	for _, r := range results {
		if r.Status != mailstore.Deferred || r.Address != "" && r.Code != 421 {
			return false
		}
	}
	return stopped || result == schedule.Limited && others > 0
}

func rowsOf(list []mailstore.Claimed) []int64 {
	rows := make([]int64, len(list))
	for i, r := range list {
		rows[i] = r.Row
	}
	return rows
}

// send hands a load to a server.
func (c *Courier) send(ctx context.Context, l *load, body *body, left []mailstore.Claimed, conn **connection) ([]mailstore.Result, schedule.Result) {
	if *conn == nil {
		*conn = c.idle.take(l.way.key())
	}
	for {
		fresh := *conn == nil
		if fresh {
			var err error
			if *conn, err = c.connect(ctx, l); err != nil {
				var r *refusal
				if !errors.As(err, &r) {
					r = &refusal{code: 451, status: "4.3.2", text: "the attempt was broken off", reason: report.NetworkError, cause: err}
				}
				if l.way.fallback != nil && ctx.Err() == nil {
					l.way.byRelay(l.way.fallback)
					continue
				}
				return c.allFailed(l, left, r, connection{host: r.host}), connectResult(r)
			}
		}
		if (*conn).settled != nil {
			<-(*conn).settled
		}
		m := smtpc.Message{Sender: body.sender, Recipients: addressesOf(left), Body: body.reader(), Size: body.size, EightBit: body.eightBit, UTF8: body.utf8}
		out, err := (*conn).Send(ctx, m)
		var e *smtpc.Error
		if errors.As(err, &e) && e.Stale && !fresh {
			(*conn).Close()
			*conn = nil
			continue
		}
		return c.results(l, left, out, err, **conn), c.result(out, err)
	}
}

func addressesOf(list []mailstore.Claimed) []string {
	addresses := make([]string, len(list))
	for i, r := range list {
		addresses[i] = r.Address
	}
	return addresses
}

// connectResult is what a connection that was not had says of the site.
func connectResult(r *refusal) schedule.Result {
	switch {
	case r.reason == report.NetworkError:
		return schedule.Failed
	case r.reason == report.RateLimited:
		return schedule.Limited
	}
	return schedule.Deferred
}

// result is what a transaction says of the site.
func (c *Courier) result(out smtpc.Outcome, err error) schedule.Result {
	if err != nil {
		var e *smtpc.Error
		if errors.As(err, &e) && e.Local {
			return schedule.Refused
		}
		if e != nil && e.Reply != nil && e.Reply.Code == 421 {
			return schedule.Limited
		}
		return schedule.Failed
	}
	result := schedule.Refused
	for _, r := range out.Recipients {
		switch {
		case r.Accepted():
			return schedule.Success
		case r.Reply.Temporary() && r.Step != smtpc.StepRcpt:
			result = schedule.Deferred
		case r.Reply.Code == 421:
			return schedule.Limited
		}
	}
	return result
}

// results tells of each recipient what came of a transaction.
func (c *Courier) results(l *load, left []mailstore.Claimed, out smtpc.Outcome, err error, conn connection) []mailstore.Result {
	list := make([]mailstore.Result, len(left))
	for i, r := range left {
		o := out.Recipients[i]
		switch {
		case o.Accepted():
			list[i] = c.newResult(r, conn, o.Reply)
			list[i].Status = mailstore.Delivered
			if l.way.kind == byRelay {
				list[i].Status = mailstore.Relayed
			}
		case o.Step == "":
			list[i] = c.failed(l, r, broken(conn.host, err), conn)
		case o.Later:
			list[i] = c.newResult(r, conn, o.Reply)
			list[i].Status, list[i].Reason, list[i].RetryAt = mailstore.Deferred, string(report.RateLimited), c.cfg.Clock()
		default:
			reason, hard := report.Classify(o.Reply.Code, o.Reply.Status, o.Reply.Text)
			f := &refusal{code: o.Reply.Code, status: o.Reply.Status, text: o.Reply.Text, reason: reason}
			if o.Step == smtpc.StepMail && conn.tls == "" && (conn.bare || o.Reply.Code == codeNeedsTLS) && f.permanent() { // of the way we came, not of the message
				f = &refusal{code: 451, status: "4.7.5", text: "no TLS with " + conn.host + ", which wants it: " + o.Reply.Text, reason: report.Policy}
			}
			list[i] = c.failed(l, r, f, conn)
			list[i].Suppress = hard && reason == report.UserUnknown && list[i].Status == mailstore.Bounced && !o.Local
		}
	}
	return list
}

// codeNeedsTLS is the answer to MAIL where TLS is demanded (RFC 3207, 4).
const codeNeedsTLS = 530

// broken is what is told of a session that ended before it answered.
func broken(host string, err error) *refusal {
	r := &refusal{code: 451, status: "4.4.2", reason: report.NetworkError, text: "the connection to " + host + " ended before the message was taken", cause: err}
	var e *smtpc.Error
	if !errors.As(err, &e) {
		return r
	}
	switch {
	case e.Reply != nil:
		r.code, r.status, r.text, r.cause = e.Reply.Code, e.Reply.Status, e.Reply.Text, nil
		r.reason, _ = report.Classify(r.code, r.status, r.text)
	case errors.Is(err, smtpc.ErrBody):
		r.code, r.status, r.reason, r.text = 554, "5.6.0", report.Content, "the message is malformed and cannot be sent"
	case e.MaybeAccepted():
		r.text = host + " did not answer whether it took the message; it is sent once more"
	}
	return r
}

func (c *Courier) newResult(r mailstore.Claimed, conn connection, reply smtpc.Reply) mailstore.Result {
	return mailstore.Result{Row: r.Row, Number: r.Attempts, Host: conn.host, Address: conn.address, TLS: conn.tls, Verified: conn.proof, Code: reply.Code, Enhanced: reply.Status, Reply: reply.Text}
}

// failed decides between another try and giving up, which is by the time since the first try.
func (c *Courier) failed(l *load, r mailstore.Claimed, f *refusal, conn connection) mailstore.Result {
	result := c.newResult(r, conn, smtpc.Reply{Code: f.code, Status: f.status, Text: f.Error()})
	if result.Host == "" {
		result.Host = f.host
	}
	result.Reason = string(f.reason)
	now := c.cfg.Clock()
	switch age := now.Sub(r.FirstAt); { // not since it was accepted: it may have been held
	case f.permanent():
		result.Status = mailstore.Bounced
	case age >= c.cfg.GiveUpAfter:
		result.Status, result.Reason = mailstore.Bounced, string(report.Expired)
	default:
		result.Status = mailstore.Deferred
		result.RetryAt = now.Add(c.wait(r))
		result.Delayed = age >= c.cfg.DelayedAfter
	}
	return result
}

// wait is how long until the next try.
func (c *Courier) wait(r mailstore.Claimed) time.Duration { return c.cfg.Retry.After(r.Attempts) }

// allFailed is failed for all recipients of a load.
func (c *Courier) allFailed(l *load, left []mailstore.Claimed, f *refusal, conn connection) []mailstore.Result {
	list := make([]mailstore.Result, len(left))
	for i, r := range left {
		list[i] = c.failed(l, r, f, conn)
	}
	return list
}

// settle writes what came of a load. It does not give up because somebody stops the server: what a server has taken must be
// known. If the store cannot write it now, it is tried again until it can; the recipients stay in hand meanwhile.
func (c *Courier) settle(ctx context.Context, l *load, results []mailstore.Result) {
	for _, r := range results {
		c.log.Info("attempt ended", "workspace", l.parcel.Workspace, "inbox", l.parcel.Inbox, "message", l.parcel.Message, "remote", r.Host, "status", string(r.Status), "reason", r.Reason, "code", r.Code, "tls", r.TLS)
	}
	if c.settled(ctx, l, results) {
		return
	}
	c.late.Go(func() {
		for wait := settleAgain; ; wait = min(2*wait, longestSleep) {
			again := time.NewTimer(wait)
			select {
			case <-again.C:
			case <-ctx.Done():
				again.Stop()
				return
			}
			if c.settled(ctx, l, results) {
				return
			}
		}
	})
}

func (c *Courier) settled(ctx context.Context, l *load, results []mailstore.Result) bool {
	err := l.box.Settle(context.WithoutCancel(ctx), results)
	if err == nil || errors.Is(err, tenancy.ErrNotFound) {
		return true
	}
	c.log.Error("settle mail", "workspace", l.parcel.Workspace, "message", l.parcel.Message, "err", err)
	return false
}
