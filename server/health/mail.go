package health

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/postroom/postroom/mailstore"
)

// outgoing tells whether mail can leave to the hosts that the operator has named.
func (c *Check) outgoing(ctx context.Context) []Finding {
	if len(c.cfg.Peers) == 0 {
		return one(outgoing, Unknown, "not asked", "Name one or two mail servers of others in outgoing.probe_hosts to know whether mail can leave.")
	}
	var reached, refused []string
	for _, r := range c.cfg.Probe(ctx, c.cfg.Peers) {
		if r.OK {
			reached = append(reached, r.Host)
		} else {
			refused = append(refused, r.Host+" ("+r.Reason+")")
		}
	}
	switch {
	case len(refused) == 0:
		return one(outgoing, OK, "reached "+listed(reached), "")
	case len(reached) > 0:
		return one(outgoing, OK, "reached "+listed(reached)+", not "+listed(refused), "")
	case c.cfg.Relay != "":
		return one(outgoing, OK, "mail leaves through "+c.cfg.Relay+"; not reached: "+listed(refused), "")
	}
	return one(outgoing, Error, "not reached: "+listed(refused), "Ask whoever runs the network to open port 25 to the outside, or let mail leave through another server: [relay] in the configuration.")
}

// queue tells how much waits. Workspaces without mail that waits are not opened.
func (c *Check) queue(ctx context.Context) []Finding {
	due, _ := c.cfg.Queue.Queued()
	order := slices.SortedFunc(maps.Keys(due), func(a, b mailstore.WorkspaceID) int {
		return cmp.Or(due[a].Compare(due[b]), cmp.Compare(a, b))
	})
	waiting, oldest := 0, time.Time{}
	for _, ws := range order[:min(len(order), MaxQueues)] {
		n, since, err := c.waits(ctx, ws)
		if err != nil {
			return one("queue", Unknown, fmt.Sprintf("mail of %d workspaces waits; it could not be counted: %v", len(due), err), "")
		}
		if waiting += n; n > 0 && (oldest.IsZero() || since.Before(oldest)) {
			oldest = since
		}
	}
	if waiting == 0 {
		return one("queue", OK, "nothing waits", "")
	}
	now := c.cfg.Now()
	f := Finding{Name: "queue", Status: OK, Found: fmt.Sprintf("%d recipients of %d workspaces wait, the oldest for %s", waiting, len(due), now.Sub(oldest).Round(time.Second))}
	if len(order) > MaxQueues {
		f.Found = "at least " + f.Found
	}
	if late := now.Sub(due[order[0]]); late > QueueLate {
		f.Status, f.Advice = Warning, fmt.Sprintf("Some of it should have been tried %s ago: look at the log, and at outgoing.max_connections.", late.Round(time.Minute))
	}
	return []Finding{f}
}

// waits counts the recipients of a workspace that wait, and since when the oldest does. A workspace that was deleted has none.
func (c *Check) waits(ctx context.Context, ws mailstore.WorkspaceID) (n int, oldest time.Time, err error) {
	out, err := c.cfg.Queue.Outbox(ctx, ws)
	if err != nil {
		return 0, oldest, nil
	}
	counts, err := out.Counts(ctx)
	for _, q := range counts {
		if n += q.Waiting; oldest.IsZero() || q.Oldest.Before(oldest) {
			oldest = q.Oldest
		}
	}
	return n, oldest, err
}

func (c *Check) lists(ctx context.Context) (list []Finding) {
	for _, f := range c.cfg.Lists(ctx) {
		list = append(list, Finding{"list/" + f.List, Warning, f.Reason, "Look at the list's terms, and at which name servers may ask it; else take it out of [junk]."})
	}
	if len(list) == 0 {
		return one("lists", OK, "all block lists answer", "")
	}
	return list
}

func (c *Check) junk(ctx context.Context) []Finding {
	if err := c.cfg.Junk(ctx); err != nil {
		return one("rspamd", Error, err.Error(), "Start rspamd, or correct junk.rspamd: mail comes in without its verdict.")
	}
	return one("rspamd", OK, "answers", "")
}

func (c *Check) domains(ctx context.Context) []Finding {
	verified, failing, err := c.cfg.Ready(ctx)
	switch {
	case err != nil:
		return one("domains", Unknown, err.Error(), "")
	case failing > 0:
		return one("domains", Warning, fmt.Sprintf("%d of %d verified domains lack something that is required", failing, verified), "'postroom domain health DOMAIN' says what, and 'postroom domain link DOMAIN' makes a page for whoever runs its DNS.")
	}
	return one("domains", OK, fmt.Sprintf("%d verified, none lacks anything that is required", verified), "")
}
