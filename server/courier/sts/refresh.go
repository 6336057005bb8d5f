package sts

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// Run refreshes policies from time to time until ctx ends; then it returns nil. Without it a policy is refreshed only when mail
// goes to its domain, and one that runs out in between protects nobody (RFC 8461, 10.2).
func (c *Client) Run(ctx context.Context) error {
	tick := time.NewTicker(RefreshPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := c.Refresh(ctx); err != nil && ctx.Err() == nil {
				c.log.Error("policies of MTA-STS cannot be refreshed", "err", err)
			}
		}
	}
}

// Refresh fetches the policies anew that are older than RefreshAge or half of their time, and removes those that have run
// out. Hosts that fail are logged; the error is the directory's or ctx's.
func (c *Client) Refresh(ctx context.Context) error {
	paths, err := c.files.paths()
	if err != nil {
		return err
	}
	var all errgroup.Group
	all.SetLimit(maxRefreshes)
	for _, path := range paths {
		if ctx.Err() != nil {
			break
		}
		kept, p, err := readFile(path)
		switch now := c.clock(); {
		case err != nil || p.expired(now):
			if err := c.files.removeExpired(path, now); err != nil {
				c.log.Warn("a policy of MTA-STS that has run out cannot be removed", "err", err)
			}
		case p.due(now):
			all.Go(func() error { c.refresh(ctx, kept.Domain, p); return nil })
		}
	}
	all.Wait()
	return ctx.Err()
}

// refresh fetches a policy anew if the domain still announces one. If not, it lasts as long as it said.
func (c *Client) refresh(ctx context.Context, domain string, kept Policy) {
	id, err := c.announced(ctx, domain)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		c.report(domain, err)
		return
	}
	c.renewed(ctx, domain, id, kept) // a failure is logged where it happens
}
