package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// webhook is an endpoint that events are posted to.
type webhook struct {
	ID             string   `json:"id" doc:"Begins with whk_."`
	WorkspaceID    string   `json:"workspaceId" doc:"Whose events it gets."`
	URL            string   `json:"url" doc:"Where they are posted to."`
	EventTypes     []string `json:"eventTypes" doc:"Which it gets; empty means all."`
	InboxIDs       []string `json:"inboxIds" doc:"Of which inboxes; empty means all, and what concerns the whole workspace."`
	Description    string   `json:"description" doc:"Your own words; may be empty."`
	HeaderNames    []string `json:"headerNames" doc:"The headers of its own that each request has. Their values are never shown."`
	Ordered        bool     `json:"ordered" doc:"Each inbox's events come one after the other: one that fails holds those behind it back."`
	Enabled        bool     `json:"enabled" doc:"Whether events are posted. While it is disabled, its place in the journal stays."`
	DisabledReason string   `json:"disabledReason,omitempty" enum:"byRequest,failing,gone" doc:"Why it is disabled: somebody wanted it, it failed for five days, or it answered 410."`
	DisabledAt     *stamp   `json:"disabledAt,omitempty" doc:"Since when."`
	OldSecretUntil *stamp   `json:"oldSecretUntil,omitempty" doc:"Until when the secret before this one signs as well."`
	CreatedAt      stamp    `json:"createdAt" doc:"When it was made; it gets what happened since."`
	UpdatedAt      stamp    `json:"updatedAt" doc:"When it was last changed."`
	Secret         string   `json:"secret,omitempty" doc:"By which requests are signed (Standard Webhooks), shown this once."`
}

func webhookOf(w tenancy.Webhook) webhook {
	return webhook{ID: string(w.ID), WorkspaceID: string(w.WorkspaceID), URL: w.URL, EventTypes: append([]string{}, w.EventTypes...), InboxIDs: each(w.InboxIDs, func(id mailstore.InboxID) string { return string(id) }), Description: w.Description,
		HeaderNames: append([]string{}, w.HeaderNames...), Ordered: w.Ordered, Enabled: w.Enabled, DisabledReason: w.Reason, DisabledAt: stampOf(w.DisabledAt), OldSecretUntil: stampOf(w.OldUntil),
		CreatedAt: stamp{w.CreatedAt}, UpdatedAt: stamp{w.UpdatedAt}}
}

func madeWebhook(w tenancy.Webhook, secret string) made[webhook] {
	public := webhookOf(w)
	body := public
	body.Secret = secret
	return made[webhook]{body: body, secretless: &public}
}

type webhookList struct {
	Webhooks   []webhook `json:"webhooks" doc:"Newest first."`
	NextCursor string    `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
}

type (
	// WebhookPath is a route below a webhook.
	WebhookPath struct {
		OperatorQuery
		Webhook string `path:"webhook" doc:"Id of the webhook."`
	}
	newWebhook struct {
		Idempotent
		Body struct {
			URL         string            `json:"url" maxLength:"2048" doc:"https, at a host of the public internet, or what the operator of this server allows beside it."`
			EventTypes  []string          `json:"eventTypes,omitempty" maxItems:"100" doc:"Such as message.received; none means all."`
			InboxIDs    []string          `json:"inboxIds,omitempty" maxItems:"1000" doc:"Only events of these inboxes, by id or address; none means all, and what concerns the whole workspace."`
			Description string            `json:"description,omitempty" doc:"At most 500 characters."`
			Headers     map[string]string `json:"headers,omitempty" doc:"Headers of your own for each request, such as Authorization; at most 20. They are never shown."`
			Ordered     bool              `json:"ordered,omitempty" doc:"Post each inbox's events one after the other."`
			WorkspaceID string            `json:"workspaceId,omitempty" doc:"Which workspace an operator means; for other keys their own."`
		}
	}
	webhooks struct {
		OperatorQuery
		Page
	}
	webhookChange struct {
		WebhookPath
		Body struct {
			URL         *string            `json:"url,omitempty" maxLength:"2048" doc:"As when it is made."`
			EventTypes  *[]string          `json:"eventTypes,omitempty" maxItems:"100" doc:"Replaces what is there; an empty list means all."`
			InboxIDs    *[]string          `json:"inboxIds,omitempty" maxItems:"1000" doc:"Replaces what is there; an empty list means all."`
			Description *string            `json:"description,omitempty" doc:"At most 500 characters."`
			Headers     *map[string]string `json:"headers,omitempty" doc:"Replaces all of them."`
			Ordered     *bool              `json:"ordered,omitempty" doc:"Post each inbox's events one after the other."`
			Enabled     *bool              `json:"enabled,omitempty" doc:"true: go on from its place, with what waits tried at once. false: post nothing."`
		}
	}
	webhookRotation struct {
		WebhookPath
		Idempotent
	}
)

func (n newWebhook) workspace() mailstore.WorkspaceID {
	return mailstore.WorkspaceID(n.Body.WorkspaceID)
}

func (p WebhookPath) id() tenancy.WebhookID { return tenancy.WebhookID(p.Webhook) }

// checkURL says whether we would connect there.
func (s *Server) checkURL(url *string) error {
	if url == nil {
		return nil
	}
	var m mistakes
	if wrong := s.cfg.Outbound.CheckURL(*url); wrong != "" {
		m.add("body.url", "%s", wrong)
	}
	return m.err()
}

func (s *Server) webhookRoutes(a huma.API) {
	const list, one = "/v1/webhooks", "/v1/webhooks/{webhook}"
	registerPost(s, a, route(http.MethodPost, list, "createWebhook", "webhooks", "Have events posted to a URL", 201),
		func(ctx context.Context, g *tenancy.Grant, in newWebhook) (made[webhook], error) {
			b := in.Body
			w, secret, err := g.CreateWebhook(ctx, in.workspace(), tenancy.NewWebhook{URL: b.URL, EventTypes: b.EventTypes, InboxIDs: b.InboxIDs, Description: b.Description, Headers: b.Headers, Ordered: b.Ordered})
			if err == nil {
				err = s.checkURL(&b.URL)
			}
			return madeWebhook(w, secret), inBody(err)
		})
	register(s, a, route(http.MethodGet, list, "listWebhooks", "webhooks", "List webhooks", 200),
		func(ctx context.Context, g *tenancy.Grant, in *webhooks) (*result[webhookList], error) {
			name := listOf(g, "webhooks", in.workspace())
			p, err := in.tenancyPage(name)
			if err != nil {
				return nil, err
			}
			all, last, err := g.Webhooks(ctx, in.workspace(), p)
			return &result[webhookList]{webhookList{each(all, webhookOf), next(name, last)}}, err
		})
	register(s, a, route(http.MethodGet, one, "getWebhook", "webhooks", "Get a webhook, without its secret", 200),
		func(ctx context.Context, g *tenancy.Grant, in *WebhookPath) (*result[webhook], error) {
			w, err := g.Webhook(ctx, in.workspace(), in.id())
			return &result[webhook]{webhookOf(w)}, err
		})
	register(s, a, route(http.MethodPatch, one, "updateWebhook", "webhooks", "Change a webhook, disable it or enable it again", 200), s.updateWebhook)
	register(s, a, route(http.MethodDelete, one, "deleteWebhook", "webhooks", "Delete a webhook with its log", 204),
		func(ctx context.Context, g *tenancy.Grant, in *WebhookPath) (*struct{}, error) {
			return nil, g.DeleteWebhook(ctx, in.workspace(), in.id())
		})
	registerPost(s, a, route(http.MethodPost, one+"/rotate-secret", "rotateWebhookSecret", "webhooks", "Give a webhook a new secret, shown once; for 24 hours both sign", 201),
		func(ctx context.Context, g *tenancy.Grant, in webhookRotation) (made[webhook], error) {
			w, secret, err := g.RotateWebhookSecret(ctx, in.workspace(), in.id())
			return madeWebhook(w, secret), err
		})
	s.postingRoutes(a, one)
}

// updateWebhook asks first whether there is such a webhook for the caller: what is wrong with a URL is nothing to tell of one that
// is not.
func (s *Server) updateWebhook(ctx context.Context, g *tenancy.Grant, in *webhookChange) (*result[webhook], error) {
	if _, _, _, err := g.Following(ctx, in.workspace(), in.id(), tenancy.WebhooksUpdate); err != nil {
		return nil, err
	}
	b := in.Body
	if err := s.checkURL(b.URL); err != nil {
		return nil, err
	}
	w, err := g.UpdateWebhook(ctx, in.workspace(), in.id(), tenancy.WebhookChange{URL: b.URL, EventTypes: b.EventTypes, InboxIDs: b.InboxIDs, Description: b.Description, Headers: b.Headers, Ordered: b.Ordered, Enabled: b.Enabled})
	return &result[webhook]{webhookOf(w)}, err
}

var (
	errWebhookDisabled = fault.New(fault.Conflict, "webhook_disabled", "The webhook is disabled; enable it first.")
	errNoPosting       = fault.New(fault.Unavailable, "webhooks_off", "This server posts no events.")
)
