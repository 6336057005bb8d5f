package api

import (
	"context"
	"maps"
	"slices"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// v0Dialect is what a webhook is called that was made by /v0: it is told of events in the words of its WebSocket.
const v0Dialect = "v0"

// v0Webhook is an endpoint that events are posted to. Its secret is given to who may give it another one.
type v0Webhook struct {
	WebhookID  string   `json:"webhook_id"`
	URL        string   `json:"url"`
	EventTypes []string `json:"event_types,omitempty"`
	PodIDs     []string `json:"pod_ids,omitempty"`
	InboxIDs   []string `json:"inbox_ids,omitempty"`
	Secret     string   `json:"secret"`
	Enabled    bool     `json:"enabled"`
	ClientID   string   `json:"client_id,omitempty"`
	UpdatedAt  stamp    `json:"updated_at"`
	CreatedAt  stamp    `json:"created_at"`
}

// v0WebhookOf is a webhook; addresses name its inboxes.
func v0WebhookOf(w tenancy.Webhook, secret string, addresses map[mailstore.InboxID]string) v0Webhook {
	o := v0Webhook{WebhookID: string(w.ID), URL: w.URL, EventTypes: w.EventTypes, PodIDs: []string{string(w.WorkspaceID)}, Secret: secret, Enabled: w.Enabled, ClientID: w.ClientID,
		UpdatedAt: stamp{w.UpdatedAt}, CreatedAt: stamp{w.CreatedAt}}
	for _, id := range w.InboxIDs {
		if address, there := addresses[id]; there {
			o.InboxIDs = append(o.InboxIDs, address)
		}
	}
	return o
}

type v0Webhooks struct {
	v0Counted
	Webhooks []v0Webhook `json:"webhooks"`
}

type (
	newV0Webhook struct {
		URL        string            `json:"url" maxLength:"2048"`
		EventTypes []string          `json:"event_types,omitempty" maxItems:"100"`
		PodIDs     []string          `json:"pod_ids,omitempty" maxItems:"10"`
		InboxIDs   []string          `json:"inbox_ids,omitempty" maxItems:"1000"`
		ClientID   string            `json:"client_id,omitempty"`
		Headers    map[string]string `json:"headers,omitempty"`
	}
	v0WebhookChange struct {
		EventTypes     *[]string `json:"event_types,omitempty" maxItems:"100"`
		AddInboxIDs    []string  `json:"add_inbox_ids,omitempty" maxItems:"1000"`
		RemoveInboxIDs []string  `json:"remove_inbox_ids,omitempty" maxItems:"1000"`
		AddPodIDs      []string  `json:"add_pod_ids,omitempty" maxItems:"10"`
		RemovePodIDs   []string  `json:"remove_pod_ids,omitempty" maxItems:"10"`
	}
	v0HeaderChange struct {
		Headers       map[string]string `json:"headers,omitempty"`
		RemoveHeaders []string          `json:"remove_headers,omitempty" maxItems:"100"`
	}
	v0HeaderNames struct {
		HeaderNames []string `json:"header_names"`
	}
)

// v0Types are the types that a webhook is told of: none is those that are told by default.
func v0Types(asked []string) ([]string, error) {
	if len(asked) == 0 {
		asked = v0DefaultTypes
	}
	return asked, knownV0Types(asked)
}

func (t *v0Table) webhooks() {
	const list, one = "/webhooks", "/webhooks/{webhook}"
	const everywhere = inAll | inPod | inInbox
	t.add(everywhere, "GET", list, v0Paged, (*v0Request).listWebhooks)
	body(t, everywhere, "POST", list, (*v0Request).createWebhook)
	t.add(everywhere, "GET", one, "", func(v *v0Request) (v0Answer, error) { return v.shownWebhook(v.webhook()) })
	body(t, everywhere, "PATCH", one, (*v0Request).changeWebhook)
	t.add(everywhere, "DELETE", one, "", func(v *v0Request) (v0Answer, error) {
		w, err := v.webhook()
		if err != nil {
			return v0Answer{}, err
		}
		return nothing(v.grant.DeleteWebhook(v.ctx, v.workspace(), w.ID))
	})
	t.add(everywhere, "GET", one+"/headers", "", func(v *v0Request) (v0Answer, error) {
		w, err := v.webhook()
		return answered(v0HeaderNames{append([]string{}, w.HeaderNames...)}, err)
	})
	body(t, everywhere, "PATCH", one+"/headers", func(v *v0Request, in v0HeaderChange) (v0Answer, error) {
		change := map[string]*string{}
		for _, name := range in.RemoveHeaders {
			change[name] = nil
		}
		for name, value := range in.Headers {
			change[name] = &value
		}
		w, err := v.webhook()
		if err == nil {
			_, err = v.grant.UpdateWebhook(v.ctx, v.workspace(), w.ID, tenancy.WebhookChange{Merge: change})
		}
		return nothing(err)
	})
}

// webhook is the webhook of the path, if it is told of the inbox of the path, or that names none.
func (v *v0Request) webhook() (w tenancy.Webhook, err error) {
	only, err := v.onlyInbox()
	if err != nil {
		return w, err
	}
	if w, err = v.grant.Webhook(v.ctx, v.workspace(), tenancy.WebhookID(v.path["webhook"])); err == nil && only != "" && !slices.Equal(w.InboxIDs, []mailstore.InboxID{only}) {
		err = tenancy.ErrNotFound
	}
	return w, err
}

// onlyInbox is the inbox of the path; "" if it names none.
func (v *v0Request) onlyInbox() (mailstore.InboxID, error) {
	if v.inbox() == "" {
		return "", nil
	}
	box, err := v.grant.Mail(v.ctx, v.workspace(), v.inbox(), tenancy.WebhooksRead)
	return box.ID(), err
}

// shownWebhook answers with a webhook, and its secret if the caller may give it another one.
func (v *v0Request) shownWebhook(w tenancy.Webhook, err error) (v0Answer, error) {
	if err != nil {
		return v0Answer{}, err
	}
	all, err := v.shownWebhooks([]tenancy.Webhook{w})
	if err != nil {
		return v0Answer{}, err
	}
	return answered(all[0], nil)
}

func (v *v0Request) shownWebhooks(list []tenancy.Webhook) ([]v0Webhook, error) {
	var ids []mailstore.InboxID
	for _, w := range list {
		ids = append(ids, w.InboxIDs...)
	}
	addresses, err := v.addresses(ids...)
	if err != nil {
		return nil, err
	}
	return each(list, func(w tenancy.Webhook) v0Webhook {
		secret, _ := v.grant.WebhookSecret(v.ctx, w.WorkspaceID, w.ID) // who may not has none
		return v0WebhookOf(w, secret, addresses)
	}), nil
}

// listWebhooks narrows each page to those of the inbox of the path, so that one may hold fewer than were asked for.
func (v *v0Request) listWebhooks() (v0Answer, error) {
	only, err := v.onlyInbox()
	if err != nil {
		return v0Answer{}, err
	}
	p, err := v.page("webhooks:" + string(only))
	if err != nil {
		return v0Answer{}, err
	}
	all, last, err := v.grant.Webhooks(v.ctx, v.workspace(), p.tenancy())
	if err != nil {
		return v0Answer{}, err
	}
	all = slices.DeleteFunc(all, func(w tenancy.Webhook) bool {
		return only != "" && !slices.Equal(w.InboxIDs, []mailstore.InboxID{only})
	})
	shown, err := v.shownWebhooks(all)
	return answered(v0Webhooks{p.counted(len(all), next(p.list, last)), shown}, err)
}

func (v *v0Request) createWebhook(in newV0Webhook) (v0Answer, error) {
	types, err := v0Types(in.EventTypes)
	if err != nil {
		return v0Answer{}, err
	}
	ws, err := v.onePod(in.PodIDs)
	if err != nil {
		return v0Answer{}, err
	}
	n := tenancy.NewWebhook{URL: in.URL, EventTypes: types, InboxIDs: in.InboxIDs, Headers: in.Headers, Dialect: v0Dialect, ClientID: in.ClientID}
	if v.inbox() != "" {
		box, err := v.grant.Mail(v.ctx, ws, v.inbox(), tenancy.WebhooksCreate)
		if err != nil {
			return v0Answer{}, err
		}
		ws, n.InboxIDs = box.WorkspaceID(), []string{string(box.ID())}
	}
	return v0Once(v, func(ctx context.Context) (made[v0Webhook], error) {
		w, secret, err := v.grant.CreateWebhook(ctx, ws, n)
		if err == nil {
			err = v.srv.checkURL(&w.URL)
		}
		if err != nil {
			return made[v0Webhook]{}, err
		}
		addresses, err := primaryAddresses(ctx, v.grant, w.InboxIDs)
		open := v0WebhookOf(w, "", addresses)
		return made[v0Webhook]{body: v0WebhookOf(w, secret, addresses), secretless: &open}, err
	})
}

// onePod is the workspace that a list of pods names: the path's, or one that stands alone.
func (v *v0Request) onePod(ids []string) (mailstore.WorkspaceID, error) {
	ws := v.workspace()
	for _, id := range ids {
		if ws == "" {
			ws = mailstore.WorkspaceID(id)
		}
		if ws != mailstore.WorkspaceID(id) {
			return "", errWebhookPods
		}
	}
	return ws, nil
}

var errWebhookPods = notBuilt("One webhook for several pods")

// changeWebhook adds inboxes and takes others away; a webhook is told of one pod, which stays.
func (v *v0Request) changeWebhook(in v0WebhookChange) (v0Answer, error) {
	w, err := v.webhook()
	if err != nil {
		return v0Answer{}, err
	}
	if pods := slices.Concat(in.AddPodIDs, in.RemovePodIDs); len(in.RemovePodIDs) > 0 || slices.ContainsFunc(pods, func(id string) bool { return id != string(w.WorkspaceID) }) {
		return v0Answer{}, errWebhookPods
	}
	var c tenancy.WebhookChange
	if in.EventTypes != nil {
		types, err := v0Types(*in.EventTypes)
		if err != nil {
			return v0Answer{}, err
		}
		c.EventTypes = &types
	}
	if len(in.AddInboxIDs)+len(in.RemoveInboxIDs) > 0 {
		if c.InboxIDs, err = v.webhookInboxes(w, in); err != nil {
			return v0Answer{}, err
		}
	}
	return v.shownWebhook(v.grant.UpdateWebhook(v.ctx, v.workspace(), w.ID, c))
}

// webhookInboxes are the inboxes of a webhook after a change. The last one is not taken away: none would be all.
func (v *v0Request) webhookInboxes(w tenancy.Webhook, in v0WebhookChange) (*[]string, error) {
	ids := map[string]bool{}
	for _, id := range w.InboxIDs {
		ids[string(id)] = true
	}
	for i, names := range [][]string{in.AddInboxIDs, in.RemoveInboxIDs} {
		for _, name := range names {
			box, err := v.grant.Mail(v.ctx, w.WorkspaceID, name, tenancy.WebhooksUpdate)
			if err != nil {
				return nil, err
			}
			if ids[string(box.ID())] = true; i == 1 {
				delete(ids, string(box.ID()))
			}
		}
	}
	var m mistakes
	if len(ids) == 0 {
		m.add(asWritten+".remove_inbox_ids", "A webhook without inboxes would be told of all; delete it instead.")
	}
	list := slices.Sorted(maps.Keys(ids))
	return &list, m.err()
}
