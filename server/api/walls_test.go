package api

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
)

// bodies are what a request to each POST and PATCH route sends, so that only the wall stands in its way. A route that
// takes a body and has no entry fails the test, and so does a route with a path that attempts does not know.
var bodies = map[string]string{
	"POST /v1/workspaces":                                   `{"name":"x"}`,
	"PATCH /v1/workspaces/{workspace}":                      `{"name":"taken over"}`,
	"POST /v1/domains":                                      `{"domain":"new.example","workspaceId":"{workspace}"}`,
	"PATCH /v1/domains/{domain}":                            `{"catchAll":"{inbox}"}`,
	"POST /v1/inboxes":                                      `{"username":"three","domain":"{domain}"}`,
	"PATCH /v1/inboxes/{inbox}":                             `{"displayName":"taken over"}`,
	"POST /v1/inboxes/{inbox}/addresses":                    `{"address":"more@{domain}"}`,
	"POST /v1/inboxes/{inbox}/credentials":                  ``,
	"POST /v1/inboxes/{inbox}/pause":                        ``,
	"POST /v1/inboxes/{inbox}/resume":                       ``,
	"PATCH /v1/inboxes/{inbox}/messages/{message}":          `{"addLabels":["taken"]}`,
	"PATCH /v1/inboxes/{inbox}/threads/{thread}":            `{"addLabels":["taken"]}`,
	"POST /v1/workspaces/{workspace}/api-keys":              `{"name":"x"}`,
	"POST /v1/inboxes/{inbox}/api-keys":                     `{"name":"x"}`,
	"PATCH /v1/workspaces/{workspace}/api-keys/{key}":       `{"name":"taken over"}`,
	"PATCH /v1/inboxes/{inbox}/api-keys/{key}":              `{"name":"taken over"}`,
	"POST /v1/workspaces/{workspace}/api-keys/{key}/rotate": `{}`,
	"POST /v1/inboxes/{inbox}/api-keys/{key}/rotate":        `{}`,
	"POST /v1/inboxes/{inbox}/wait":                         `{"match":{"after":"2020-01-01T00:00:00Z"},"timeoutSeconds":0}`,
	"POST /v1/inboxes/{inbox}/simulate":                     `{"scenario":"code"}`,
	"POST /v1/inboxes/{inbox}/messages":                     `{"to":"Ann <ann@x.example>","subject":"Hello","text":"x"}`,
	"POST /v1/inboxes/{inbox}/messages/{message}/reply":     `{"text":"x"}`,
	"POST /v1/inboxes/{inbox}/messages/{message}/reply-all": `{"text":"x"}`,
	"POST /v1/inboxes/{inbox}/messages/{message}/forward":   `{"to":"bob@x.example"}`,
	"POST /v1/inboxes/{inbox}/messages/{message}/cancel":    ``,
	"POST /v1/inboxes/{inbox}/drafts":                       `{"to":"ann@x.example","text":"x"}`,
	"PATCH /v1/inboxes/{inbox}/drafts/{draft}":              `{"subject":"taken over"}`,
	"POST /v1/inboxes/{inbox}/drafts/{draft}/send":          ``,
	"POST /v1/inboxes/{inbox}/messages/batch-get":           `{"ids":["{message}"]}`,
	"POST /v1/inboxes/{inbox}/messages/batch-update":        `{"ids":["{message}"],"addLabels":["taken"]}`,
	"POST /v1/inboxes/{inbox}/messages/batch-delete":        `{"ids":["{message}"]}`,
	"POST /v1/queue/retry":                                  `{"inbox":"{inbox}"}`,
	"POST /v1/queue/cancel":                                 `{"inbox":"{inbox}"}`,
	"POST /v1/queue/hold":                                   `{"inbox":"{inbox}"}`,
	"POST /v1/queue/release":                                `{"inbox":"{inbox}"}`,
	"POST /v1/suppressions":                                 `{"address":"carol@x.example","workspaceId":"{workspace}"}`,
	"POST /v1/suppressions/import":                          `["dave@x.example"]`,
	"POST /v1/lists/{direction}/{type}":                     `{"entry":"carol@x.example","inboxId":"{inbox}"}`,
	"POST /v1/rejections/{rejection}/release":               ``,
	"POST /v1/domains/{domain}/rotate-dkim":                 ``,
	"POST /v1/domains/{domain}/verify":                      ``,
	"POST /v1/domains/{domain}/setup-link":                  `{}`,
	"POST /v1/domains/{domain}/publish":                     `{}`,
	"POST /v1/operator/publish":                             `{}`,
	"POST /v1/webhooks":                                     `{"url":"https://hooks.example/","inboxIds":["{inbox}"],"workspaceId":"{workspace}"}`,
	"PATCH /v1/webhooks/{webhook}":                          `{"url":"https://taken.example/","headers":{"X-Taken":"1"}}`,
	"POST /v1/webhooks/{webhook}/rotate-secret":             ``,
	"POST /v1/webhooks/{webhook}/test":                      `{}`,
	"POST /v1/webhooks/{webhook}/redeliver":                 `{"since":"2020-01-01T00:00:00Z"}`,
	"PUT /v1/workspaces/{workspace}/sending":                `{"hostname":"mail.taken.example"}`,
	"PUT /v1/domains/{domain}/sending":                      `{"hostname":"mail.taken.example"}`,
	"PUT /v1/inboxes/{inbox}/sending":                       `{"hostname":"mail.taken.example"}`,
}

// own are the routes that name nobody: the caller sees its own, and nothing of the victim's may be in the answer.
var own = map[string]bool{
	"GET /v1/queue": true, "GET /v1/queue/domains": true, "GET /v1/suppressions": true, "GET /v1/suppressions/export": true, "POST /v1/suppressions/import": true,
	"GET /v1/lists/{direction}/{type}": true, "GET /v1/rejections": true, "GET /v1/search": true, "GET /v1/drafts": true, "GET /v1/messages": true, "GET /v1/metrics": true, "GET /v1/threads": true,
	"GET /v1/me": true, "GET /v1/workspaces": true, "POST /v1/workspaces": true, "GET /v1/domains": true, "GET /v1/inboxes": true, "GET /v1/events": true, "GET /v1/ws": true, "GET /v1/events/stream": true, "GET /v1/webhooks": true,
}

type target struct{ route, method, path, body string }

// targets are all routes of the document.
func (w *world) targets() (list []target) {
	w.t.Helper()
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	w.must(200, "GET", "/openapi.json", "", "", &doc)
	for path, methods := range doc.Paths {
		for method := range methods {
			method = strings.ToUpper(method)
			name := method + " " + path
			body, known := bodies[strings.Replace(name, "/keys", "/api-keys", 1)]
			if !known && (method == "POST" || method == "PATCH" || method == "PUT") {
				w.t.Errorf("the wall test has no body for %s", name)
			}
			list = append(list, target{name, method, path, body})
		}
	}
	return list
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// fill puts a tenant's things into a route.
func fill(t *testing.T, s string, n tenant) string {
	t.Helper()
	keyID := n.keyID
	if strings.HasPrefix(s, "/v1/inboxes") {
		keyID = n.inboxKeyID
	}
	values := map[string]string{"{workspace}": n.id, "{domain}": n.domain, "{inbox}": n.inbox, "{message}": n.message, "{draft}": n.draft, "{thread}": n.thread, "{key}": keyID,
		"{address}": n.address, "{attachment}": "2", "{direction}": "receive", "{type}": "block", "{entry}": n.address, "{rejection}": n.rejection, "{webhook}": n.webhook, "{delivery}": n.delivery}
	return placeholder.ReplaceAllStringFunc(s, func(p string) string {
		v, ok := values[p]
		if !ok {
			t.Errorf("the wall test does not know %s", p)
		}
		return v
	})
}

// nobody is a tenant that never was.
func nobody() tenant {
	now := time.Now()
	return tenant{id: ident.New("ws", now), domain: "nobody.example", inbox: ident.New("inb", now), message: ident.New("msg", now), draft: ident.New("msg", now), thread: ident.New("thr", now),
		keyID: ident.New("key", now), inboxKeyID: ident.New("key", now), rejection: ident.New("rej", now), webhook: ident.New("whk", now), delivery: ident.New("dlv", now), address: "one@nobody.example"}
}

var requestIDs = regexp.MustCompile(`"requestId":"[^"]*"`)

func stranger(body string) string { return requestIDs.ReplaceAllString(body, `"requestId":""`) }

// snapshot is all of a tenant that its own key sees.
func (w *world) snapshot(n tenant) string {
	var b strings.Builder
	w.must(200, "GET", "/v1/domains/"+n.domain, n.key, "", nil) // which makes its keys
	for _, path := range []string{"/v1/workspaces/" + n.id, "/v1/domains", "/v1/inboxes", "/v1/workspaces/" + n.id + "/keys", "/v1/inboxes/" + n.inbox + "/keys",
		"/v1/inboxes/" + n.inbox + "/messages", "/v1/drafts", "/v1/inboxes/" + n.inbox + "/threads", "/v1/inboxes/" + n.sibling, "/v1/queue", "/v1/suppressions", "/v1/lists/receive/block", "/v1/rejections",
		"/v1/workspaces/" + n.id + "/sending", "/v1/domains/" + n.domain + "/sending", "/v1/inboxes/" + n.inbox + "/sending", "/v1/domains/" + n.domain, "/v1/webhooks", "/v1/webhooks/" + n.webhook + "/deliveries/" + n.delivery} {
		b.WriteString(w.must(200, "GET", path, n.key, "", nil).body)
	}
	return b.String()
}

// furnish gives a tenant mail that waits and an address that is suppressed.
func (w *world) furnish(n tenant) (sent string) {
	w.t.Helper()
	var m accepted
	w.must(202, "POST", "/v1/inboxes/"+n.inbox+"/messages", n.key, `{"to":["ann@x.example","bob@y.example"],"subject":"Waiting","text":"x"}`, &m)
	w.must(201, "POST", "/v1/suppressions", n.key, `{"address":"`+n.address+`"}`, nil)
	w.must(201, "POST", "/v1/lists/receive/block", n.key, `{"entry":"`+n.address+`"}`, nil)
	return m.ID
}

// What may not be seen answers in the same words as what never was, on every route, and is not changed.
func TestTheWallOfAWorkspaceStandsOnEveryRoute(t *testing.T) {
	w := newWorld(t, Config{})
	w.furnish(w.b)
	before := w.snapshot(w.b)
	for name, attacker := range map[string]string{"another workspace's key": w.a.key, "another workspace's inbox key": w.a.inboxKey} {
		for _, x := range w.targets() {
			if strings.HasSuffix(x.route, "/v1/ws") || strings.HasSuffix(x.route, "/v1/events/stream") {
				continue // below: they have no end
			}
			if own[x.route] {
				if a := w.do(x.method, x.path, attacker, fill(t, x.body, w.b)); strings.Contains(a.body, w.b.id) || strings.Contains(a.body, w.b.inbox) || strings.Contains(a.body, w.b.domain) {
					t.Errorf("%s: %s tells of the victim: %s", name, x.route, a.body)
				}
				continue
			}
			got := w.do(x.method, fill(t, x.path, w.b), attacker, fill(t, x.body, w.b))
			if x.route == "POST /v1/domains" { // the same domain, but a workspace that is not the caller's
				if got.status != 404 && got.status != 403 {
					t.Errorf("%s: %s answered %d %s", name, x.route, got.status, got.body)
				}
				continue
			}
			want := w.do(x.method, fill(t, x.path, nobody()), attacker, fill(t, x.body, nobody()))
			if got.status < 400 || got.status != want.status || stranger(got.body) != stranger(want.body) {
				t.Errorf("%s: %s answered %d %s, but for what never was %d %s", name, x.route, got.status, got.body, want.status, want.body)
			}
		}
	}
	for name, query := range map[string]string{"ws": "/v1/ws?workspaceId=", "events": "/v1/events?workspaceId=", "stream": "/v1/events/stream?workspaceId=", "inboxes": "/v1/inboxes?workspaceId=", "domains": "/v1/domains?workspaceId=",
		"queue": "/v1/queue?workspaceId=", "counts": "/v1/queue/domains?workspaceId=", "suppressions": "/v1/suppressions?workspaceId=", "export": "/v1/suppressions/export?workspaceId=",
		"messages": "/v1/messages?workspaceId=", "threads": "/v1/threads?workspaceId=", "metrics": "/v1/metrics?workspaceId=", "metrics of an inbox": "/v1/metrics?inboxId=" + w.b.inbox + "&workspaceId=", "lists": "/v1/lists/receive/block?workspaceId=", "rejections": "/v1/rejections?workspaceId=",
		"drafts": "/v1/drafts?workspaceId=", "search": "/v1/search?q=hello&workspaceId=", "webhooks": "/v1/webhooks?workspaceId="} {
		got, want := w.do("GET", query+w.b.id, w.a.key, ""), w.do("GET", query+nobody().id, w.a.key, "")
		if got.status != 404 || stranger(got.body) != stranger(want.body) {
			t.Errorf("%s of another workspace: %d %s, of none: %d %s", name, got.status, got.body, want.status, want.body)
		}
	}
	if after := w.snapshot(w.b); after != before {
		t.Errorf("the victim was changed:\n%s\n%s", before, after)
	}
}

func TestAnInboxKeySeesNothingOfItsSibling(t *testing.T) {
	w := newWorld(t, Config{})
	sibling := w.a
	sibling.inbox, sibling.address = w.a.sibling, "two@a.example"
	var draft messageObject
	w.must(201, "POST", "/v1/inboxes/"+w.a.sibling+"/drafts", w.a.key, `{"subject":"private"}`, &draft)
	sibling.draft = draft.ID
	sibling.message = w.deliver("two@a.example", "Subject: private\r\n\r\nx\r\n")
	none := nobody()
	for _, x := range w.targets() {
		if own[x.route] || !strings.Contains(x.path, "{inbox}") {
			continue
		}
		got := w.do(x.method, fill(t, x.path, sibling), w.a.inboxKey, fill(t, x.body, sibling))
		want := w.do(x.method, fill(t, x.path, none), w.a.inboxKey, fill(t, x.body, none))
		if got.status < 400 || got.status != want.status || stranger(got.body) != stranger(want.body) {
			t.Errorf("%s answered %d %s, but for what never was %d %s", x.route, got.status, got.body, want.status, want.body)
		}
	}
	for _, path := range []string{"/v1/events?inboxIds=", "/v1/events/stream?inboxIds=", "/v1/ws?inboxIds="} {
		got, want := w.do("GET", path+w.a.sibling, w.a.inboxKey, ""), w.do("GET", path+none.inbox, w.a.inboxKey, "")
		if got.status != 404 || stranger(got.body) != stranger(want.body) {
			t.Errorf("%s of the sibling: %d %s, of none: %d %s", path, got.status, got.body, want.status, want.body)
		}
	}
	var list eventList
	w.must(200, "GET", "/v1/events", w.a.inboxKey, "", &list)
	for _, e := range list.Events {
		if e.InboxID != w.a.inbox {
			t.Errorf("an event of %q", e.InboxID)
		}
	}
}

func TestNoRouteOfV1AnswersWithoutAKey(t *testing.T) {
	w := newWorld(t, Config{})
	for _, x := range w.targets() {
		a := w.do(x.method, fill(t, x.path, w.b), "", fill(t, x.body, w.b))
		if a.status != http.StatusUnauthorized {
			t.Errorf("%s answered %d %s", x.route, a.status, a.body)
		}
	}
}
