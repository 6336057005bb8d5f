package api

import (
	"strings"
	"testing"
)

// What is the caller's own in front does not open what is another's behind: own inbox with the victim's message, own
// workspace with the victim's key, and so on for each last part of each route.
func TestAnotherWorkspacesThingsAreNotReachedThroughOnesOwn(t *testing.T) {
	w := newWorld(t, Config{})
	w.b.message = w.furnish(w.b) // one that was sent, for the routes that are about those
	before := w.snapshot(w.b)
	walked := 0
	for _, x := range w.targets() {
		parts := placeholder.FindAllString(x.path, -1)
		if len(parts) < 2 {
			continue
		}
		for _, foreign := range parts[1:] {
			if foreign == "{type}" {
				continue // a word
			}
			walked++
			path := func(n tenant) string {
				mixed := strings.Replace(x.path, foreign, strings.Replace(fill(t, "/v1/inboxes#"+foreign, n), "/v1/inboxes#", "", 1), 1)
				if foreign == "{key}" && strings.HasPrefix(x.path, "/v1/workspaces") {
					mixed = strings.Replace(x.path, foreign, n.keyID, 1)
				}
				return fill(t, mixed, w.a)
			}
			if foreign == "{attachment}" {
				continue // a number within a message
			}
			body := fill(t, x.body, w.a)
			got, want := w.do(x.method, path(w.b), w.a.key, body), w.do(x.method, path(nobody()), w.a.key, body)
			if got.status < 400 || got.status != want.status || stranger(got.body) != stranger(want.body) {
				t.Errorf("%s with a foreign %s answered %d %s, but for what never was %d %s", x.route, foreign, got.status, got.body, want.status, want.body)
			}
		}
	}
	if walked < 20 {
		t.Errorf("only %d routes were walked", walked)
	}
	if after := w.snapshot(w.b); after != before {
		t.Errorf("the victim was changed:\n%s\n%s", before, after)
	}
}

// The same for what a body or a query names.
func TestABodyOrQueryThatNamesAnothersThingIsAnsweredAsIfThereWereNone(t *testing.T) {
	w := newWorld(t, Config{})
	w.furnish(w.a)
	sent := w.furnish(w.b)
	var queue queueList
	w.must(200, "GET", "/v1/queue", w.b.key, "", &queue)
	before := w.snapshot(w.b)
	none := nobody()
	for name, c := range map[string]struct {
		method, path string
		body         func(tenant) string
		status       int
	}{
		"a catch-all, by id":      {"PATCH", "/v1/domains/" + w.a.domain, func(n tenant) string { return `{"catchAll":"` + n.inbox + `"}` }, 404},
		"a catch-all, by address": {"PATCH", "/v1/domains/" + w.a.domain, func(n tenant) string { return `{"catchAll":"` + n.address + `"}` }, 404},
		"an address":              {"POST", "/v1/inboxes/" + w.a.inbox + "/addresses", func(n tenant) string { return `{"address":"` + n.address + `"}` }, 404},
		"an inbox at a domain":    {"POST", "/v1/inboxes", func(n tenant) string { return `{"username":"one","domain":"` + n.domain + `"}` }, 404},
		"a sender":                {"POST", "/v1/inboxes/" + w.a.inbox + "/messages", func(n tenant) string { return `{"to":"ann@x.example","from":"` + n.address + `"}` }, 403},
		"a queue's inbox":         {"POST", "/v1/queue/hold", func(n tenant) string { return `{"inbox":"` + n.inbox + `"}` }, 404},
		"a queue's address":       {"POST", "/v1/queue/hold", func(n tenant) string { return `{"inbox":"` + n.address + `"}` }, 404},
		"a queue's message": {"POST", "/v1/queue/cancel", func(n tenant) string {
			if n.id == w.b.id {
				return `{"messageId":"` + sent + `"}`
			}
			return `{"messageId":"` + n.message + `"}`
		}, 404},
		"a queue's entry": {"POST", "/v1/queue/cancel", func(n tenant) string {
			if n.id == w.b.id {
				return `{"id":"` + queue.Entries[0].ID + `"}`
			}
			return `{"id":"out_` + strings.TrimPrefix(n.message, "msg_") + `_1"}`
		}, 404},
		"a list's inbox":             {"POST", "/v1/lists/receive/block", func(n tenant) string { return `{"entry":"x.example","inboxId":"` + n.inbox + `"}` }, 404},
		"a list's address":           {"POST", "/v1/lists/receive/block", func(n tenant) string { return `{"entry":"x.example","inboxId":"` + n.address + `"}` }, 404},
		"a list's workspace":         {"POST", "/v1/lists/receive/block", func(n tenant) string { return `{"entry":"x.example","workspaceId":"` + n.id + `"}` }, 404},
		"a webhook's inbox":          {"POST", "/v1/webhooks", func(n tenant) string { return `{"url":"https://h.example","inboxIds":["` + n.inbox + `"]}` }, 404},
		"a webhook's workspace":      {"POST", "/v1/webhooks", func(n tenant) string { return `{"url":"https://h.example","workspaceId":"` + n.id + `"}` }, 404},
		"a workspace to suppress in": {"POST", "/v1/suppressions", func(n tenant) string { return `{"address":"x@x.example","workspaceId":"` + n.id + `"}` }, 404},
		"a workspace": {"POST", "/v1/inboxes", func(n tenant) string {
			return `{"username":"x","domain":"` + w.a.domain + `","workspaceId":"` + n.id + `"}`
		}, 404},
	} {
		got, want := w.do(c.method, c.path, w.a.key, c.body(w.b)), w.do(c.method, c.path, w.a.key, c.body(none))
		if got.status != c.status || stranger(got.body) != stranger(want.body) {
			t.Errorf("%s: %d %s, of nobody: %d %s", name, got.status, got.body, want.status, want.body)
		}
	}
	for _, path := range []string{"/v1/inboxes/{inbox}", "/v1/inboxes/{inbox}/messages", "/v1/inboxes/{inbox}/keys", "/v1/domains/{domain}"} { // an operator who says the wrong workspace
		got := w.do("GET", fill(t, path, w.b)+"?workspaceId="+w.a.id, w.operator, "")
		want := w.do("GET", fill(t, path, none)+"?workspaceId="+w.a.id, w.operator, "")
		if got.status != 404 || stranger(got.body) != stranger(want.body) {
			t.Errorf("%s: %d %s, of nobody: %d %s", path, got.status, got.body, want.status, want.body)
		}
	}
	var list messageList
	w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages?threadId="+w.b.thread, w.a.key, "", &list)
	if len(list.Messages) != 0 {
		t.Errorf("messages of another's thread: %+v", list.Messages)
	}
	if after := w.snapshot(w.b); after != before {
		t.Errorf("the victim was changed:\n%s\n%s", before, after)
	}
}
