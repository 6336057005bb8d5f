package api

import (
	"strings"
	"testing"
)

func TestAPausedInboxAnswersWhyItSendsNothing(t *testing.T) {
	w := newWorld(t, Config{})
	one := "/v1/inboxes/" + w.a.inbox
	var in inbox
	w.must(200, "POST", one+"/pause", w.a.inboxKey, "", &in)
	if in.PausedAt == nil {
		t.Errorf("%+v", in)
	}
	if a := w.do("POST", one+"/messages", w.a.key, `{"to":"ann@x.example","text":"x"}`); a.status != 409 || a.problem(t).Code != "inbox_paused" {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.deliver(w.a.address, "Subject: still comes in\r\n\r\nx\r\n")
	in = inbox{}
	w.must(200, "POST", one+"/resume", w.a.key, "", &in)
	if in.PausedAt != nil {
		t.Errorf("%+v", in)
	}
	w.must(202, "POST", one+"/messages", w.a.key, `{"to":"ann@x.example","text":"x"}`, nil)
}

func TestMetadataIsMergedAndListedBy(t *testing.T) {
	w := newWorld(t, Config{})
	one := "/v1/inboxes/" + w.a.inbox
	w.must(200, "PATCH", one, w.a.key, `{"metadata":{"customer":"c:17","plan":"small"}}`, nil)
	a := w.must(200, "PATCH", one, w.a.key, `{"metadata":{"plan":null,"seats":3}}`, nil)
	if !strings.Contains(a.body, `"metadata":{"customer":"c:17","seats":3}`) {
		t.Errorf("%s", a.body)
	}
	for query, want := range map[string]int{"customer:c:17": 1, "seats:3": 1, "plan:small": 0, "plan:": 0} {
		var list inboxList
		w.must(200, "GET", "/v1/inboxes?metadata="+query, w.a.key, "", &list)
		if len(list.Inboxes) != want {
			t.Errorf("%s: %+v", query, list)
		}
	}
	for _, query := range []string{"customer", ":17"} {
		if a := w.do("GET", "/v1/inboxes?metadata="+query, w.a.key, ""); a.status != 400 || !strings.Contains(a.body, "query.metadata") {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
}

// What a merged thread was called leads to the one that lives, on every route of it.
func TestTheIDOfAMergedThreadIsGoodEverywhere(t *testing.T) {
	w := newWorld(t, Config{})
	threadOf := func(id string) (th string) {
		var m messageObject
		w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+id, w.a.key, "", &m)
		return m.ThreadID
	}
	first := threadOf(w.deliver(w.a.address, "Subject: one\r\nMessage-ID: <one@x.example>\r\n\r\nx\r\n"))
	second := threadOf(w.deliver(w.a.address, "Subject: two\r\nMessage-ID: <two@x.example>\r\n\r\nx\r\n"))
	w.deliver(w.a.address, "Subject: both\r\nReferences: <one@x.example> <two@x.example>\r\n\r\nx\r\n")
	path := "/v1/inboxes/" + w.a.inbox + "/threads/" + second
	var th wholeThread
	w.must(200, "GET", path, w.a.key, "", &th)
	if th.ID != first || th.MessageCount != 3 || len(th.Messages) != 3 {
		t.Errorf("%+v", th)
	}
	var changed Thread
	w.must(200, "PATCH", path, w.a.key, `{"addLabels":["done"],"removeLabels":["unread"]}`, &changed)
	if changed.ID != first || strings.Join(changed.Labels, " ") != "done received" {
		t.Errorf("%+v", changed)
	}
	if got := w.ids("/v1/messages?labels=done&threadId="+second, w.a.key); len(got) != 3 {
		t.Errorf("%v", got)
	}
	w.must(204, "DELETE", path, w.a.key, "", nil)
	w.must(204, "DELETE", path+"?permanent=true", w.a.key, "", nil)
	w.must(404, "GET", path, w.a.key, "", nil)
	w.must(404, "GET", "/v1/inboxes/"+w.a.inbox+"/threads/"+first, w.a.key, "", nil)
}
