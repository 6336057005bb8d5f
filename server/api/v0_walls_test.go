package api

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// v0Bodies are what a request to each route of /v0 that takes a body sends, by method and the end of its path.
var v0Bodies = map[string]string{
	"POST /pods": `{"name":"x"}`, "POST /inboxes": `{"username":"three","domain":"{domain}"}`, "PATCH /inboxes/{inbox}": `{"display_name":"taken over"}`,
	"POST /messages/send": `{"to":["ann@x.example"],"text":"x"}`, "POST /reply": `{"text":"x"}`, "POST /reply-all": `{"text":"x"}`, "POST /forward": `{"to":["ann@x.example"]}`,
	"PATCH /messages/{message}": `{"add_labels":["taken"]}`, "PATCH /threads/{thread}": `{"add_labels":["taken"]}`,
	"POST /api-keys": `{"name":"x"}`, "PATCH /api-keys/{key}": `{"name":"taken over"}`, "POST /domains": `{"domain":"claimed.example"}`, "PATCH /domains/{domain}": `{}`,
	"POST /lists/{direction}/{type}": `{"entry":"carol@x.example"}`, "POST /verify": "",
	"POST /batch-get": `{"message_ids":["<a.example@x.example>","<b.example@x.example>"]}`, "POST /batch-update": `{"message_ids":["<b.example@x.example>"],"add_labels":["taken"]}`,
	"POST /drafts": `{"to":["ann@x.example"],"text":"x"}`, "PATCH /drafts/{draft}": `{"subject":"taken over"}`, "POST /drafts/{draft}/send": `{}`,
	"POST /webhooks": `{"url":"https://hooks.x.example/"}`, "PATCH /webhooks/{webhook}": `{"event_types":["message.sent"]}`, "PATCH /webhooks/{webhook}/headers": `{"headers":{"X-A":"b"}}`,
}

var v0Placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// fillV0 puts a tenant's things into a route of /v0.
func fillV0(t *testing.T, s string, n tenant) string {
	t.Helper()
	key := n.keyID
	if strings.Contains(s, "/inboxes/") {
		key = n.inboxKeyID
	}
	values := map[string]string{"{pod}": n.id, "{inbox}": n.address, "{message}": "<" + n.domain + "@x.example>", "{thread}": n.thread, "{key}": key, "{domain}": n.domain,
		"{attachment}": n.message + ".2", "{direction}": "receive", "{type}": "block", "{entry}": n.address, "{draft}": n.draft, "{webhook}": n.webhook}
	return v0Placeholder.ReplaceAllStringFunc(s, func(p string) string {
		v, ok := values[p]
		if !ok {
			t.Errorf("the wall test does not know %s", p)
		}
		return url.PathEscape(v)
	})
}

// v0Body is what a route is sent.
func v0Body(t *testing.T, r *v0Route) string {
	t.Helper()
	best := ""
	for end := range v0Bodies {
		method, path, _ := strings.Cut(end, " ")
		if r.method == method && strings.HasSuffix(r.path, path) && len(end) > len(best) {
			best = end
		}
	}
	if best == "" && (r.method == "POST" || r.method == "PATCH") {
		t.Errorf("the wall test has no body for %s %s", r.method, r.path)
	}
	return v0Bodies[best]
}

// Every route of /v0, asked for another's things, answers as for what never was; where it names nobody, nothing of another is in the answer.
func TestNoRouteOfV0ShowsOrChangesWhatIsAnothers(t *testing.T) {
	w := newWorld(t, Config{})
	for _, n := range []*tenant{&w.a, &w.b} { // a Message-ID that is nobody else's, with mail in the thread that n knows
		n.message = w.deliver(n.address, "From: Ann <ann@x.example>\r\nSubject: Re: Hello\r\nMessage-ID: <"+n.domain+"@x.example>\r\nReferences: <1@x.example>\r\n\r\nOf "+n.domain+" alone.\r\n")
		w.mustV0(200, "POST", "/lists/receive/block", n.key, `{"entry":"`+n.address+`"}`, nil)
	}
	ghost := nobody()
	before := w.snapshot(w.b)
	for _, r := range w.api.v0.routes {
		if r.do == nil {
			continue
		}
		body := v0Body(t, r)
		named := strings.Contains(r.path, "{pod}") || strings.Contains(r.path, "{inbox}") || strings.Contains(r.path, "{thread}") || strings.Contains(r.path, "{key}") || strings.Contains(r.path, "{domain}") || strings.Contains(r.path, "{draft}") || strings.Contains(r.path, "{webhook}")
		path := strings.TrimPrefix(r.path, "/v0")
		if strings.HasSuffix(path, "/search") {
			path += "?q=alone"
		}
		for kind, key := range map[string]string{"workspace": w.a.key, "inbox": w.a.inboxKey} {
			got := w.v0(r.method, fillV0(t, path, w.b), key, fillV0Body(body, w.b))
			if named {
				never := w.v0(r.method, fillV0(t, path, ghost), key, fillV0Body(body, ghost))
				if got.status != never.status || strip(got.body) != strip(never.body) || got.status < 400 {
					t.Errorf("%s %s with a key of another %s: %d %s; for what never was: %d %s", r.method, r.path, kind, got.status, got.body, never.status, never.body)
				}
				continue
			}
			for _, secret := range []string{w.b.id, w.b.address, w.b.thread, w.b.message, w.b.keyID, "Of b.example"} {
				if got.status < 300 && strings.Contains(got.body, secret) && !strings.Contains(path, "{entry}") {
					t.Errorf("%s %s with a key of a %s tells %s: %s", r.method, r.path, kind, secret, got.body)
				}
			}
		}
	}
	if after := w.snapshot(w.b); after != before {
		t.Errorf("the other workspace was changed from\n%s\nto\n%s", before, after)
	}
}

func fillV0Body(body string, n tenant) string {
	return strings.ReplaceAll(body, "{domain}", n.domain)
}

var v0RequestIDs = regexp.MustCompile(`"request_id":"[^"]*"`)

func strip(body string) string { return v0RequestIDs.ReplaceAllString(body, "") }

func TestEveryRouteOfV0IsReached(t *testing.T) {
	w := newWorld(t, Config{})
	for _, r := range w.api.v0.routes {
		if r.do == nil {
			continue
		}
		a := w.v0(r.method, fillV0(t, strings.TrimPrefix(r.path, "/v0"), nobody()), w.operator, v0Body(t, r))
		if a.status >= 500 || strings.Contains(a.body, errNoV0Route.Detail) && !strings.Contains(r.path, "/lists/") {
			t.Errorf("%s %s: %d %s", r.method, r.path, a.status, a.body)
		}
	}
}
