package tenancy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
)

func (w *world) webhook(g *Grant, n NewWebhook) (Webhook, string) {
	w.t.Helper()
	if n.URL == "" {
		n.URL = "https://hooks.example/mail"
	}
	hook, secret, err := g.CreateWebhook(w.ctx(), "", n)
	if err != nil {
		w.t.Fatal(err)
	}
	return hook, secret
}

func TestAWebhookShowsItsSecretOnceAndItsHeadersNever(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	hook, secret := w.webhook(g, NewWebhook{EventTypes: []string{"message.received"}, InboxIDs: []string{"one@a.test", string(in.ID)}, Description: "ours", Headers: map[string]string{"X-Token": "hush", "Authorization": "Bearer hush"}, Ordered: true})
	if !strings.HasPrefix(secret, "whsec_") || len(secret) != len("whsec_")+44 {
		t.Errorf("the secret is %q", secret)
	}
	shown, err := g.Webhook(w.ctx(), "", hook.ID)
	if err != nil || !shown.Enabled || !shown.Ordered || !slices.Equal(shown.InboxIDs, []mailstore.InboxID{in.ID}) || !slices.Equal(shown.HeaderNames, []string{"Authorization", "X-Token"}) || shown.Description != "ours" {
		t.Errorf("it is %+v, %v", shown, err)
	}
	if text := fmt.Sprintf("%+v", shown); strings.Contains(text, "hush") || strings.Contains(text, secret) {
		t.Errorf("it tells a secret: %s", text)
	}
	e, err := w.dir.Endpoint(w.ctx(), hook.ID)
	if err != nil || e.Headers["X-Token"] != "hush" || !slices.Equal(e.Secrets, []string{secret}) || e.Follower.ID != string(hook.ID) || !e.Follower.Ordered {
		t.Errorf("the service knows %+v, %v", e, err)
	}
	if e.Grant.Allows(Manage) || e.Grant.Allows(Send) || e.Grant.WorkspaceID() != hook.WorkspaceID {
		t.Errorf("it reads as %+v", e.Grant.Me())
	}
}

func TestOfARotatedSecretBothSignUntilTheOverlapIsOver(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	hook, first := w.webhook(g, NewWebhook{})
	_, second, err := g.RotateWebhookSecret(w.ctx(), "", hook.ID)
	if err != nil || second == first {
		t.Fatalf("%q, %v", second, err)
	}
	if e := must(w.dir.Endpoint(w.ctx(), hook.ID)); !slices.Equal(e.Secrets, []string{second, first}) || e.OldUntil == nil {
		t.Errorf("in the overlap: %+v", e)
	}
	w.clock.advance(SecretOverlap)
	if e := must(w.dir.Endpoint(w.ctx(), hook.ID)); !slices.Equal(e.Secrets, []string{second}) || e.OldUntil != nil {
		t.Errorf("behind it: %+v", e)
	}
}

func TestNobodyReadsMailByHavingItPosted(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	hook, _ := w.webhook(g, NewWebhook{})
	manager, _, _ := w.key(g, KeyOwner{Workspace: ws.ID}, "manage")
	teller, _, _ := w.key(g, KeyOwner{Workspace: ws.ID}, "webhooks:create", "webhooks:update", "events:read", "messages:read")
	url := "https://mine.example/"
	refused(t, "create", err3(manager.CreateWebhook(w.ctx(), "", NewWebhook{URL: url})), fault.Forbidden, "permission_denied")
	refused(t, "turn", err2(manager.UpdateWebhook(w.ctx(), "", hook.ID, WebhookChange{URL: &url})), fault.Forbidden, "permission_denied")
	if err := err3(teller.CreateWebhook(w.ctx(), "", NewWebhook{URL: url})); err != nil {
		t.Errorf("with all three: %v", err)
	}
	if err := manager.DeleteWebhook(w.ctx(), "", hook.ID); err != nil {
		t.Errorf("to delete takes no reading: %v", err)
	}
}

func TestWhatIsWrongWithAWebhookIsSaidAtOnce(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	_, _, err := g.CreateWebhook(w.ctx(), "", NewWebhook{URL: "ftp://x", EventTypes: []string{"message.received", "Message", "message.*", "message.recieved"}, Description: strings.Repeat("x", 501),
		Headers: map[string]string{"Host": "x", "Webhook-Id": "1", "a b": "x", "X": "a\r\nb"}})
	want := []string{"body.url", "body.eventTypes[1]", "body.eventTypes[2]", "body.eventTypes[3]", "body.description", "body.headers.Host", "body.headers.Webhook-Id", "body.headers.X", "body.headers"}
	if got := paths(err); !slices.Equal(got, want) {
		t.Errorf("wrong are %q", got)
	}
	for _, url := range []string{"", "https://", "https://u:p@x.example", "https://x.example/#a", "http:x", "//x.example", "https://x.example/" + strings.Repeat("x", MaxWebhookURL)} {
		if got := paths(err3(g.CreateWebhook(w.ctx(), "", NewWebhook{URL: url}))); !slices.Equal(got, []string{"body.url"}) {
			t.Errorf("%.40q: wrong are %q", url, got)
		}
	}
	for range MaxWebhooksPerWorkspace {
		w.webhook(g, NewWebhook{})
	}
	refused(t, "one too many", err3(g.CreateWebhook(w.ctx(), "", NewWebhook{URL: "https://x.example"})), fault.Exhausted, "limit_reached")
}

func TestAWebhookHasBounds(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	headers := func(n int) map[string]string {
		list := map[string]string{}
		for i := range n {
			list[fmt.Sprint("X-", i)] = "x"
		}
		return list
	}
	long := func(n int) map[string]string {
		return map[string]string{"X-Long": strings.Repeat("x", n-len("X-Long"))}
	}
	for name, c := range map[string]struct {
		fits, exceeds NewWebhook
		path          string
	}{
		"URL":         {NewWebhook{URL: "https://x.example/" + strings.Repeat("x", MaxWebhookURL-18)}, NewWebhook{URL: "https://x.example/" + strings.Repeat("x", MaxWebhookURL-17)}, "body.url"},
		"types":       {NewWebhook{EventTypes: slices.Repeat([]string{"message.received"}, MaxWebhookTypes)}, NewWebhook{EventTypes: slices.Repeat([]string{"message.received"}, MaxWebhookTypes+1)}, "body.eventTypes"},
		"inboxes":     {NewWebhook{InboxIDs: slices.Repeat([]string{string(in.ID)}, MaxWebhookInboxes)}, NewWebhook{InboxIDs: slices.Repeat([]string{string(in.ID)}, MaxWebhookInboxes+1)}, "body.inboxIds"},
		"description": {NewWebhook{Description: strings.Repeat("ü", MaxWebhookDescription)}, NewWebhook{Description: strings.Repeat("ü", MaxWebhookDescription+1)}, "body.description"},
		"headers":     {NewWebhook{Headers: headers(MaxWebhookHeaders)}, NewWebhook{Headers: headers(MaxWebhookHeaders + 1)}, "body.headers"},
		"a header":    {NewWebhook{Headers: long(MaxWebhookHeaderBytes)}, NewWebhook{Headers: long(MaxWebhookHeaderBytes + 1)}, "body.headers.X-Long"},
	} {
		for _, n := range []*NewWebhook{&c.fits, &c.exceeds} {
			if n.URL == "" {
				n.URL = "https://x.example/"
			}
		}
		hook, _, err := g.CreateWebhook(w.ctx(), "", c.fits)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := paths(err3(g.CreateWebhook(w.ctx(), "", c.exceeds))); !slices.Equal(got, []string{c.path}) {
			t.Errorf("%s: wrong are %q", name, got)
		}
		x := c.exceeds
		change := WebhookChange{URL: &x.URL, EventTypes: &x.EventTypes, InboxIDs: &x.InboxIDs, Description: &x.Description, Headers: &x.Headers}
		if got := paths(err2(g.UpdateWebhook(w.ctx(), "", hook.ID, change))); !slices.Equal(got, []string{c.path}) {
			t.Errorf("%s, changed: wrong are %q", name, got)
		}
	}
}

func TestTheJournalTellsOfAWebhookWithoutWhatIsSecret(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	hook, secret := w.webhook(g, NewWebhook{Headers: map[string]string{"X-Token": "hush"}})
	if list := must(w.dir.Endpoints(w.ctx(), ws.ID)); len(list) != 0 {
		t.Errorf("before its beginning is in the journal: %+v", list)
	}
	w.relaying()
	must(g.UpdateWebhook(w.ctx(), "", hook.ID, WebhookChange{Description: ptr("x")}))
	must(g.UpdateWebhook(w.ctx(), "", hook.ID, WebhookChange{Enabled: ptr(false)}))
	must(g.UpdateWebhook(w.ctx(), "", hook.ID, WebhookChange{Enabled: ptr(true)}))
	if err := w.dir.DisableWebhook(w.ctx(), hook.ID, WebhookFailing); err != nil {
		t.Fatal(err)
	}
	if err := w.dir.DisableWebhook(w.ctx(), hook.ID, WebhookGone); err != nil { // it is disabled already
		t.Fatal(err)
	}
	if shown := must(g.Webhook(w.ctx(), "", hook.ID)); shown.Enabled || shown.Reason != WebhookFailing || shown.DisabledAt == nil {
		t.Errorf("it is %+v", shown)
	}
	if list := must(w.dir.Endpoints(w.ctx(), ws.ID)); len(list) != 0 {
		t.Errorf("of those that are enabled: %+v", list)
	}
	if err := g.DeleteWebhook(w.ctx(), "", hook.ID); err != nil {
		t.Fatal(err)
	}
	types, lines := w.lines(g, ws.ID, 8)
	want := []string{mailstore.FollowerCreated, WebhookUpdated, mailstore.FollowerDisabled, mailstore.FollowerEnabled, mailstore.FollowerDisabled, mailstore.FollowerDeleted}
	if !slices.Equal(types[len(types)-6:], want) {
		t.Errorf("the journal has %q", types)
	}
	for _, l := range lines {
		if text := string(l.Data); strings.Contains(text, secret) || strings.Contains(text, "hush") {
			t.Errorf("%s tells a secret: %s", l.Type, text)
		}
	}
	var told struct{ DisabledReason string }
	if err := json.Unmarshal(lines[len(lines)-2].Data, &told); err != nil || told.DisabledReason != WebhookFailing {
		t.Errorf("webhook.disabled says %q, %v", told.DisabledReason, err)
	}
}

func TestADeletedWorkspaceHasNoEndpointsAndNothingDue(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	hook, _ := w.webhook(g, NewWebhook{})
	stop := w.relaying()
	w.lines(g, ws.ID, 3)
	must(g.UpdateWebhook(w.ctx(), "", hook.ID, WebhookChange{Ordered: ptr(true)}))
	w.lines(g, ws.ID, 4) // which the webhook is to be told
	if due, _ := w.dir.Followed(); len(due) != 1 {
		t.Errorf("due is %v", due)
	}
	stop()
	if err := w.op.DeleteWorkspace(w.ctx(), ws.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, "its endpoints", err2(w.dir.Endpoints(w.ctx(), ws.ID)), fault.NotFound, "not_found")
	if err := w.dir.removeMail(w.ctx()); err != nil {
		t.Fatal(err)
	}
	if due, _ := w.dir.Followed(); len(due) != 0 {
		t.Errorf("due is %v", due)
	}
}
