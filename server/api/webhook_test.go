package api

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/server/outbound"
	"github.com/postroom/postroom/tenancy"
)

// webhook makes a webhook of a tenant's, to which something was posted.
func (w *world) webhook(n tenant) (id, delivery string) {
	w.t.Helper()
	var hook struct{ ID string }
	w.must(201, "POST", "/v1/webhooks", n.key, `{"url":"https://hooks.`+n.domain+`/mail"}`, &hook)
	return hook.ID, w.posted(n, hook.ID, ident.New("evt", time.Now()))
}

// posted notes that an event was posted to a webhook in vain.
func (w *world) posted(n tenant, hook, event string) string {
	w.t.Helper()
	d, err := w.dir.Following(mailstore.WorkspaceID(n.id)).NoteTest(w.t.Context(), hook, event, "message.received",
		mailstore.DispatchOutcome{Status: mailstore.DispatchFailed, Attempt: &mailstore.DispatchAttempt{StartedAt: time.Now(), Took: 42 * time.Millisecond, Code: 500, Response: "oh no", Error: "it answered 500"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return d.ID
}

// tried is the service that posts, where all is delivered.
func (w *world) tried(ctx context.Context, id tenancy.WebhookID, eventID, eventType string, _ []byte) (mailstore.Dispatch, error) {
	e, err := w.dir.Endpoint(ctx, id)
	if err != nil {
		return mailstore.Dispatch{}, err
	}
	return w.dir.Following(e.WorkspaceID).NoteTest(ctx, string(id), eventID, eventType, mailstore.DispatchOutcome{Status: mailstore.DispatchDelivered, Attempt: &mailstore.DispatchAttempt{StartedAt: time.Now(), Code: 204}})
}

func TestAWebhookIsMadeChangedDisabledAndDeleted(t *testing.T) {
	w := newWorld(t, Config{})
	var hook webhook
	a := w.must(201, "POST", "/v1/webhooks", w.a.key, `{"url":"https://hooks.example/x","eventTypes":["message.received"],"inboxIds":["one@a.example"],"headers":{"X-Token":"hush"},"ordered":true,"description":"ours"}`, &hook)
	if !strings.HasPrefix(hook.Secret, "whsec_") || strings.Contains(a.body, "hush") || !hook.Enabled || hook.InboxIDs[0] != w.a.inbox {
		t.Fatalf("made: %s", a.body)
	}
	a = w.must(200, "GET", "/v1/webhooks/"+hook.ID, w.a.key, "", nil)
	if strings.Contains(a.body, "whsec_") || strings.Contains(a.body, "hush") || !strings.Contains(a.body, `"headerNames":["X-Token"]`) {
		t.Errorf("shown: %s", a.body)
	}
	var changed webhook
	w.must(200, "PATCH", "/v1/webhooks/"+hook.ID, w.a.key, `{"eventTypes":[],"inboxIds":[],"enabled":false,"headers":{}}`, &changed)
	if changed.Enabled || changed.DisabledReason != "byRequest" || changed.DisabledAt == nil || len(changed.EventTypes)+len(changed.InboxIDs)+len(changed.HeaderNames) != 0 || changed.URL != hook.URL || !changed.Ordered {
		t.Errorf("changed: %+v", changed)
	}
	changed = webhook{}
	w.must(200, "PATCH", "/v1/webhooks/"+hook.ID, w.a.key, `{"enabled":true}`, &changed)
	if !changed.Enabled || changed.DisabledReason != "" {
		t.Errorf("enabled: %+v", changed)
	}
	var rotated webhook
	w.must(201, "POST", "/v1/webhooks/"+hook.ID+"/rotate-secret", w.a.key, "", &rotated)
	if rotated.Secret == hook.Secret || !strings.HasPrefix(rotated.Secret, "whsec_") || rotated.OldSecretUntil == nil {
		t.Errorf("rotated: %+v", rotated)
	}
	w.must(204, "DELETE", "/v1/webhooks/"+hook.ID, w.a.key, "", nil)
	w.must(404, "GET", "/v1/webhooks/"+hook.ID, w.a.key, "", nil)
}

func TestAWebhooksSecretComesAgainOnlyToTheKeyThatMadeIt(t *testing.T) {
	w := newWorld(t, Config{})
	create := func(key string) (hook webhook) {
		a := w.do("POST", "/v1/webhooks", key, `{"url":"https://hooks.example/x"}`, "Idempotency-Key", "k1")
		if err := json.Unmarshal([]byte(a.body), &hook); err != nil || a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return hook
	}
	first, again := create(w.a.key), create(w.a.key)
	if again.ID != first.ID || again.Secret != first.Secret || first.Secret == "" {
		t.Errorf("again: %+v", again)
	}
	var k struct{ Key string }
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/api-keys", w.a.key, `{"name":"another"}`, &k)
	if other := create(k.Key); other.Secret != "" || other.ID != first.ID {
		t.Errorf("to another key: %+v", other)
	}
}

func TestAWebhookLeadsNowhereThatTheServerDoesNotGo(t *testing.T) {
	strict := newWorld(t, Config{})
	open := newWorld(t, Config{Outbound: outbound.Policy{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	for url, c := range map[string]struct{ strict, open int }{
		"http://127.0.0.1:3000/x": {400, 201}, "https://127.0.0.1/": {400, 201}, "https://10.0.0.1/": {400, 400}, "https://[::ffff:169.254.169.254]/": {400, 400}, "http://8.8.8.8/": {400, 400},
		"https://hooks.example:25/": {400, 400}, "ftp://hooks.example/": {400, 400}, "https://u:p@hooks.example/": {400, 400}, "https://hooks.example/": {201, 201},
	} {
		strict.must(c.strict, "POST", "/v1/webhooks", strict.a.key, `{"url":"`+url+`"}`, nil)
		open.must(c.open, "POST", "/v1/webhooks", open.a.key, `{"url":"`+url+`"}`, nil)
	}
	a := strict.must(400, "PATCH", "/v1/webhooks/"+strict.a.webhook, strict.a.key, `{"url":"http://127.0.0.1/"}`, nil)
	if !strings.Contains(a.body, `"path":"body.url"`) {
		t.Errorf("refused: %s", a.body)
	}
}

func TestWhatWasPostedIsListedWithItsAttempts(t *testing.T) {
	w := newWorld(t, Config{})
	second := w.posted(w.a, w.a.webhook, "evt_second")
	path := "/v1/webhooks/" + w.a.webhook + "/deliveries"
	var page postingList
	w.must(200, "GET", path+"?limit=1", w.a.key, "", &page)
	if len(page.Deliveries) != 1 || page.Deliveries[0].ID != second || page.NextCursor == "" || page.Deliveries[0].Status != "failed" || page.Deliveries[0].AttemptsList != nil {
		t.Fatalf("the first page is %+v", page)
	}
	cursor := page.NextCursor
	page = postingList{}
	w.must(200, "GET", path+"?limit=1&cursor="+cursor, w.a.key, "", &page)
	if len(page.Deliveries) != 1 || page.Deliveries[0].ID != w.a.delivery || page.NextCursor != "" {
		t.Errorf("the second page is %+v", page)
	}
	for query, n := range map[string]int{"?status=failed": 2, "?status=pending": 0, "?eventType=message.received": 2, "?eventType=message.sent": 0, "?eventId=evt_second": 1} {
		page = postingList{}
		w.must(200, "GET", path+query, w.a.key, "", &page)
		if len(page.Deliveries) != n {
			t.Errorf("%s: %d deliveries", query, len(page.Deliveries))
		}
	}
	var one posting
	w.must(200, "GET", path+"/"+second, w.a.key, "", &one)
	if len(one.AttemptsList) != 1 || one.AttemptsList[0].DurationMs != 42 || one.AttemptsList[0].StatusCode != 500 || one.AttemptsList[0].Response != "oh no" || one.AttemptsList[0].Error != "it answered 500" {
		t.Errorf("it is %+v", one)
	}
	w.must(400, "GET", path+"?cursor="+cursor+"x", w.a.key, "", nil)
	w.must(400, "GET", path+"?status=waiting", w.a.key, "", nil)
}

func TestATestPostsASampleThatSaysSo(t *testing.T) {
	w := newWorld(t, Config{})
	var posted map[string]any
	w.api.cfg.TryWebhook = func(ctx context.Context, id tenancy.WebhookID, eventID, eventType string, body []byte) (mailstore.Dispatch, error) {
		if err := json.Unmarshal(body, &posted); err != nil {
			t.Error(err)
		}
		return w.tried(ctx, id, eventID, eventType, body)
	}
	var p posting
	w.must(200, "POST", "/v1/webhooks/"+w.a.webhook+"/test", w.a.key, `{}`, &p)
	if p.Status != "delivered" || !p.Test || p.EventType != "message.received" || len(p.AttemptsList) != 1 || p.AttemptsList[0].StatusCode != 204 {
		t.Errorf("it gives %+v", p)
	}
	data, _ := posted["data"].(map[string]any)
	if posted["test"] != true || posted["id"] != p.EventID || posted["workspaceId"] != w.a.id || data["subject"] != "A sample" {
		t.Errorf("posted was %v", posted)
	}
	w.must(400, "POST", "/v1/webhooks/"+w.a.webhook+"/test", w.a.key, `{"eventType":"Message"}`, nil)
	off := newWorld(t, Config{})
	off.must(503, "POST", "/v1/webhooks/"+off.a.webhook+"/test", off.a.key, `{}`, nil)
}

func TestEventsArePostedAgain(t *testing.T) {
	w := newWorld(t, Config{})
	var list eventList
	w.must(200, "GET", "/v1/events", w.a.key, "", &list)
	path := "/v1/webhooks/" + w.a.webhook + "/redeliver"
	var again postedAgain
	w.must(200, "POST", path, w.a.key, `{"eventId":"`+list.Events[0].ID+`"}`, &again)
	if again.Redelivered != 1 {
		t.Errorf("one: %+v", again)
	}
	w.must(200, "POST", path, w.a.key, `{"since":"`+list.Events[0].Cursor+`","until":"`+list.Events[2].Cursor+`"}`, &again)
	if again.Redelivered != 2 || again.NextCursor != "" {
		t.Errorf("between cursors: %+v", again)
	}
	w.must(200, "POST", path, w.a.key, `{"since":"2020-01-01T00:00:00Z","until":"2020-01-02T00:00:00Z"}`, &again)
	if again.Redelivered != 0 {
		t.Errorf("between times of long ago: %+v", again)
	}
	var pending postingList
	w.must(200, "GET", "/v1/webhooks/"+w.a.webhook+"/deliveries?status=pending", w.a.key, "", &pending)
	if len(pending.Deliveries) != 3 {
		t.Errorf("%d wait", len(pending.Deliveries))
	}
	w.must(404, "POST", path, w.a.key, `{"eventId":"evt_none"}`, nil)
	for _, body := range []string{`{}`, `{"eventId":"x","since":"2020-01-01T00:00:00Z"}`, `{"since":"yesterday"}`, `{"since":"jc_x"}`, `{"until":"2020-01-01T00:00:00Z"}`} {
		w.must(400, "POST", path, w.a.key, body, nil)
	}
	w.must(200, "PATCH", "/v1/webhooks/"+w.a.webhook, w.a.key, `{"enabled":false}`, nil)
	w.must(409, "POST", path, w.a.key, `{"eventId":"`+list.Events[0].ID+`"}`, nil)
}

// What is posted is what every other way of reading gives.
func TestAPostedEventIsTheEventOfTheOtherWays(t *testing.T) {
	w := newWorld(t, Config{})
	e, err := w.dir.Endpoint(t.Context(), tenancy.WebhookID(w.a.webhook))
	if err != nil {
		t.Fatal(err)
	}
	j, _, err := w.dir.Operator().Journal(t.Context(), mailstore.WorkspaceID(w.a.id))
	if err != nil {
		t.Fatal(err)
	}
	page, err := j.Read(t.Context(), journal.Cursor{}, nil, nil, 0)
	if err != nil || len(page.Lines) < 5 {
		t.Fatalf("%d lines, %v", len(page.Lines), err)
	}
	var list struct{ Events []json.RawMessage }
	w.must(200, "GET", "/v1/events?limit=200", w.a.key, "", &list)
	for i, l := range page.Lines {
		body, err := w.api.EventBody(t.Context(), e, l)
		if err != nil || !sameJSON(body, list.Events[i]) {
			t.Errorf("%s is posted as\n%s\nand read as\n%s, %v", l.Type, body, list.Events[i], err)
		}
	}
}
