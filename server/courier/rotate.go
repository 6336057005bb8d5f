package courier

import (
	"context"
	"strings"
	"time"

	"github.com/postroom/postroom/tenancy"
)

const (
	// DefaultRotateAfter is how long a domain's DKIM keys sign.
	DefaultRotateAfter = 180 * 24 * time.Hour

	rotateEvery = 6 * time.Hour // how often domains are looked at
	rotatePage  = 50
)

// Rotation has the other keys of domains sign whose keys are old, if the DNS has them already: a signature whose key cannot be
// found is worse than an old one. It is a service beside the courier.
type Rotation struct {
	After   time.Duration // how long keys sign; 0: for ever
	Courier *Courier
}

// Run looks at all domains now and then until ctx ends.
func (r Rotation) Run(ctx context.Context) error {
	tick := time.NewTicker(rotateEvery)
	defer tick.Stop()
	for {
		if r.After > 0 {
			r.Rotate(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Rotate looks at all domains once.
func (r Rotation) Rotate(ctx context.Context) {
	c := r.Courier
	for after := tenancy.DomainID(""); ; {
		list, next, err := c.dir.DKIMDue(ctx, r.After, after, rotatePage)
		if err != nil {
			if ctx.Err() == nil {
				c.log.Error("look for old DKIM keys", "err", err)
			}
			return
		}
		for _, due := range list {
			if !c.published(ctx, due.Next) {
				c.log.Info("DKIM keys are old, and the ones to follow are not in the DNS", "workspace", due.Workspace, "domain", due.Domain)
				continue
			}
			if _, err := c.dir.Operator().RotateDKIM(ctx, due.Workspace, due.Domain); err != nil {
				c.log.Error("rotate DKIM keys", "workspace", due.Workspace, "domain", due.Domain, "err", err)
				continue
			}
			c.log.Info("DKIM keys rotated", "workspace", due.Workspace, "domain", due.Domain)
		}
		if next == "" {
			return
		}
		after = next
	}
}

// published reports whether the DNS tells of all the keys.
func (c *Courier) published(ctx context.Context, keys []tenancy.DKIMKey) bool {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	for _, k := range keys {
		found, err := c.cfg.Resolver.TXT(ctx, k.Name())
		if err != nil {
			return false
		}
		there := false
		for _, text := range found.Records {
			there = there || strings.Contains(strings.ReplaceAll(text, " ", ""), "p="+k.Public)
		}
		if !there {
			return false
		}
	}
	return len(keys) > 0
}
