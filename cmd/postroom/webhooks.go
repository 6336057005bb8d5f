package main

import (
	"context"
	"net/netip"

	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/server/outbound"
	"github.com/postroom/postroom/server/webhook"
	"github.com/postroom/postroom/tenancy"
)

// WebhooksConfig is where events are posted to.
type WebhooksConfig struct {
	AllowNetworks []string `toml:"allow_networks"` // private ones that webhooks may lead to, also by http
}

// loopbacks are this machine's own addresses.
var loopbacks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// outboundPolicy says where a webhook may lead; a server for development posts to programs on its own machine.
func (p *postroom) outboundPolicy() outbound.Policy {
	networks, _ := parseNetworks(p.cfg.Webhooks.AllowNetworks) // it was checked
	if p.allowPrivate {
		networks = append(networks, loopbacks...)
	}
	return outbound.Policy{Networks: networks}
}

// makeWebhooks puts together what posts events, in the form that the API gives them.
func (p *postroom) makeWebhooks() error {
	roots, err := loadRoots(p.cfg.Outgoing.CAFile)
	if err != nil {
		return err
	}
	body := func(ctx context.Context, e tenancy.Endpoint, l journal.Line) ([]byte, error) {
		return p.web.EventBody(ctx, e, l) // which is there before the service runs
	}
	p.hooks = webhook.New(webhook.Config{Version: thisBuild().Version, Client: p.outboundPolicy().Client(roots), Body: body}, p.dir, p.log)
	return nil
}
