package courier

import (
	"context"
	"errors"
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
func (c *Courier) carry(life, ctx context.Context, g schedule.Grant) {
	var conn *connection
	for {
		l := c.load(g.Job.ID)
		result := c.attempt(life, l, &conn)
		c.forget(l)
		if conn != nil && (!conn.Reusable() || conn.Sent() >= MaxPerConnection) {
			conn.leave()
			conn = nil
		}
		now := c.cfg.Clock()
		if ctx.Err() != nil || conn == nil {
			g.Done(result, now)
			break
		}
		var ok bool
		if g, ok = g.Then(result, now, c.fits(conn)); !ok {
			c.idle.put(conn, now)
			return
		}
	}
	conn.leave()
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

// attempt tries a load once and settles what came of it. conn is a connection that may be used, and afterwards one that may
// be used again.
func (c *Courier) attempt(ctx context.Context, l *load, conn **connection) schedule.Result {
	log := c.log.With("workspace", l.parcel.Workspace, "inbox", l.parcel.Inbox, "message", l.parcel.Message, "remote", l.way.site)
	left, err := l.box.Begin(ctx, l.parcel, c.cfg.Retry)
	if err != nil {
		if ctx.Err() == nil && fault.KindOf(err) != fault.NotFound {
			log.Error("begin attempt", "err", err)
		}
		if err := l.box.Release(context.WithoutCancel(ctx), rowsOf(l.parcel.Recipients), c.cfg.Clock().Add(failedFeedPause)); err != nil && fault.KindOf(err) != fault.NotFound {
			log.Error("give mail back", "err", err)
		}
		return schedule.Refused
	}
	if len(left) == 0 { // held or cancelled
		return schedule.Refused
	}
	var results []mailstore.Result
	var result schedule.Result
	switch l.way.kind {
	case toLocal:
		results, err = c.deliver(ctx, l, left)
	case toCaught:
		results, err = c.catch(ctx, l, left)
	default:
		c.fly(l.way.site, 1)
		results, result, err = c.send(ctx, l, left, conn)
		others := c.fly(l.way.site, -1)
		if err == nil && notTried(ctx, result, others, results) {
			pause := limitedPause
			if ctx.Err() != nil {
				pause = 0
			}
			if err := l.box.Withdraw(context.WithoutCancel(ctx), left, c.cfg.Clock().Add(pause)); err != nil && fault.KindOf(err) != fault.NotFound {
				log.Error("withdraw attempt", "err", err)
			}
			return result
		}
	}
	if err != nil {
		log.Error("send mail", "err", err)
		results = c.allFailed(l, left, &refusal{code: 451, status: "4.3.0", text: "internal error of " + c.cfg.Hostname, reason: report.Other}, connection{})
	}
	c.settle(ctx, l, results)
	return result
}

// limitedPause is how long a message waits that a site did not take because of other connections of ours.
const limitedPause = time.Second

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
func (c *Courier) send(ctx context.Context, l *load, left []mailstore.Claimed, conn **connection) ([]mailstore.Result, schedule.Result, error) {
	body, err := c.prepare(ctx, l, left)
	if err != nil {
		return nil, schedule.Refused, err
	}
	defer body.Close()
	if *conn == nil {
		*conn = c.idle.take(l.way.key())
	}
	for {
		fresh := *conn == nil
		if fresh {
			if *conn, err = c.connect(ctx, l); err != nil {
				var r *refusal
				if !errors.As(err, &r) {
					r = &refusal{code: 451, status: "4.3.2", text: "the attempt was broken off", reason: report.NetworkError, cause: err}
				}
				if l.way.fallback != nil && ctx.Err() == nil {
					l.way.byRelay(l.way.fallback)
					continue
				}
				return c.allFailed(l, left, r, connection{host: r.host}), connectResult(r), nil
			}
		}
		m := smtpc.Message{Sender: body.sender, Recipients: addressesOf(left), Body: body.reader(), Size: body.size, EightBit: body.eightBit, UTF8: body.utf8}
		out, err := (*conn).Send(ctx, m)
		var e *smtpc.Error
		if errors.As(err, &e) && e.Stale && !fresh {
			(*conn).Close()
			*conn = nil
			continue
		}
		return c.results(l, left, out, err, **conn), c.result(out, err), nil
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
			list[i] = c.failed(l, r, f, conn)
			list[i].Suppress = hard && reason == report.UserUnknown && list[i].Status == mailstore.Bounced && !o.Local
		}
	}
	return list
}

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

// failed decides between another try and giving up.
func (c *Courier) failed(l *load, r mailstore.Claimed, f *refusal, conn connection) mailstore.Result {
	result := c.newResult(r, conn, smtpc.Reply{Code: f.code, Status: f.status, Text: f.Error()})
	if result.Host == "" {
		result.Host = f.host
	}
	result.Reason = string(f.reason)
	now := c.cfg.Clock()
	since := l.parcel.CreatedAt
	if l.parcel.SendAt.After(since) {
		since = l.parcel.SendAt
	}
	switch age := now.Sub(since); {
	case f.permanent():
		result.Status = mailstore.Bounced
		result.Suppress = f.reason == report.UserUnknown && conn.host == ""
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
// known.
func (c *Courier) settle(ctx context.Context, l *load, results []mailstore.Result) {
	err := l.box.Settle(context.WithoutCancel(ctx), results)
	if err != nil && !errors.Is(err, tenancy.ErrNotFound) {
		c.log.Error("settle mail", "workspace", l.parcel.Workspace, "message", l.parcel.Message, "err", err)
		if err := l.box.Release(context.WithoutCancel(ctx), rowsOf(l.parcel.Recipients), time.Time{}); err != nil {
			c.log.Error("give mail back", "workspace", l.parcel.Workspace, "err", err)
		}
	}
	for _, r := range results {
		c.log.Info("attempt ended", "workspace", l.parcel.Workspace, "inbox", l.parcel.Inbox, "message", l.parcel.Message, "remote", r.Host, "status", string(r.Status), "reason", r.Reason, "code", r.Code, "tls", r.TLS)
	}
}
