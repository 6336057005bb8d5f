package api

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
)

func (w *world) queue(key, query string) (list queueList) {
	w.t.Helper()
	w.must(200, "GET", "/v1/queue"+query, key, "", &list)
	return list
}

func (w *world) change(key, verb, body string) int {
	w.t.Helper()
	var done queueChanged
	w.must(200, "POST", "/v1/queue/"+verb, key, body, &done)
	return done.Changed
}

func TestTheQueueIsListedNarrowedAndChanged(t *testing.T) {
	w := newWorld(t, Config{})
	one := w.send(w.a, `{"to":["ann@x.example","bob@y.example"]}`)
	var other accepted
	w.must(202, "POST", "/v1/inboxes/"+w.a.sibling+"/messages", w.a.key, `{"to":"carl@x.example","inReplyTo":"<q@x.example>"}`, &other)
	w.send(w.b, `{"to":"dora@x.example"}`)
	w.send(w.a, `{"to":"later@z.example","sendAt":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`)

	all := w.queue(w.a.key, "")
	if len(all.Entries) != 4 || all.Entries[0].Recipient.Recipient != "later@z.example" || all.Entries[3].Recipient.Recipient != "ann@x.example" || all.NextCursor != "" {
		t.Fatalf("%+v", all)
	}
	if e := all.Entries[1]; e.InboxID != w.a.sibling || e.MessageID != other.ID || e.Domain != "x.example" || e.Lane != "prompt" || e.Sender != "two@a.example" || e.Why != "queued" || e.NextAttemptAt == nil {
		t.Errorf("%+v", e)
	}
	for query, want := range map[string]int{"?inbox=" + w.a.inbox: 3, "?inbox=two@a.example": 1, "?domain=X.example": 2, "?messageId=" + one.ID: 2, "?status=scheduled": 1, "?status=queued": 3,
		"?status=held": 0, "?domain=x.example&inbox=" + w.a.inbox: 1, "?domain=nowhere.example": 0} {
		if got := w.queue(w.a.key, query); len(got.Entries) != want {
			t.Errorf("%s gives %d entries", query, len(got.Entries))
		}
	}
	if got := w.queue(w.a.inboxKey, ""); len(got.Entries) != 3 {
		t.Errorf("the inbox's key sees %d", len(got.Entries))
	}
	if got := w.queue(w.operator, "?workspaceId="+w.a.id); len(got.Entries) != 4 {
		t.Errorf("the operator sees %d", len(got.Entries))
	}
	for path, c := range map[string]struct {
		key    string
		status int
		code   string
	}{
		"":                      {w.operator, 400, "workspace_required"},
		"?inbox=" + w.a.sibling: {w.a.inboxKey, 404, "not_found"},
		"?inbox=" + w.b.inbox:   {w.a.key, 404, "not_found"},
		"?messageId=x":          {w.a.key, 404, "not_found"},
		"?domain=a@x.example":   {w.a.key, 404, "not_found"},
		"?status=delivered":     {w.a.key, 400, "validation_failed"},
		"?cursor=x":             {w.a.key, 400, "invalid_cursor"},
		"/domains":              {w.a.inboxKey, 404, "not_found"},
	} {
		if a := w.do("GET", "/v1/queue"+path, c.key, ""); a.status != c.status || a.problem(t).Code != c.code {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	var counts queueCounts
	w.must(200, "GET", "/v1/queue/domains", w.a.key, "", &counts)
	if len(counts.Domains) != 3 || counts.Domains[0].Domain != "x.example" || counts.Domains[0].Waiting != 2 || counts.Domains[0].OldestAt.IsZero() {
		t.Errorf("%+v", counts)
	}

	if n := w.change(w.a.key, "hold", `{"domain":"x.example"}`); n != 2 || len(w.queue(w.a.key, "?status=held").Entries) != 2 {
		t.Errorf("held %d", n)
	}
	if n := w.change(w.a.key, "release", `{"id":"`+all.Entries[1].ID+`"}`); n != 1 {
		t.Errorf("released %d", n)
	}
	if n := w.change(w.a.inboxKey, "release", `{"all":true}`); n != 1 {
		t.Errorf("the inbox's key released %d", n)
	}
	if n := w.change(w.a.inboxKey, "cancel", `{"all":true}`); n != 3 || len(w.queue(w.a.key, "").Entries) != 1 {
		t.Errorf("the inbox's key cancelled %d", n)
	}
	if n := w.change(w.a.key, "cancel", `{"messageId":"`+one.ID+`"}`); n != 0 {
		t.Errorf("cancelled %d again", n)
	}
	for _, c := range []struct {
		key, body string
		status    int
	}{
		{w.a.key, `{}`, 400}, {w.a.key, `{"all":true,"domain":"x.example"}`, 400}, {w.a.key, `{"all":false}`, 400}, {w.a.key, `{"id":"out_1"}`, 404},
		{w.a.key, `{"id":"` + all.Entries[1].ID + `0"}`, 404}, {w.a.key, `{"id":"` + all.Entries[1].ID + `","messageId":"` + one.ID + `"}`, 404}, {w.b.key, `{"id":"` + all.Entries[1].ID + `"}`, 404},
		{w.a.inboxKey, `{"id":"` + all.Entries[1].ID + `"}`, 404}, {w.reader(w.a), `{"all":true}`, 403}, {w.operator, `{"all":true}`, 400}, {w.a.key, `{"alle":true}`, 400},
	} {
		if a := w.do("POST", "/v1/queue/retry", c.key, c.body); a.status != c.status {
			t.Errorf("%s: %d %s", c.body, a.status, a.body)
		}
	}
	if len(w.queue(w.b.key, "").Entries) != 1 {
		t.Error("the neighbour's queue was changed")
	}
}

func TestRetryMakesWhatWaitsDue(t *testing.T) {
	w := newWorld(t, Config{})
	w.send(w.a, `{"to":"ann@x.example"}`)
	w.try(w.a, "x.example", func(_ mailstore.Claimed, r *mailstore.Result) {
		r.Status, r.Code, r.RetryAt = mailstore.Deferred, 451, time.Now().Add(time.Hour)
	})
	if e := w.queue(w.a.key, "?status=deferred").Entries; len(e) != 1 || e[0].Why != "retryAt" {
		t.Fatalf("%+v", e)
	}
	if n := w.change(w.a.key, "retry", `{"all":true}`); n != 1 {
		t.Errorf("%d", n)
	}
	if e := w.queue(w.a.key, "").Entries; len(e) != 1 || e[0].Why != "queued" {
		t.Errorf("%+v", e)
	}
	w.try(w.a, "x.example", func(mailstore.Claimed, *mailstore.Result) {})
	if e := w.queue(w.a.key, "").Entries; len(e) != 0 {
		t.Errorf("%+v", e)
	}
}

func TestTheQueueIsPagedAndManyAreChangedByOneRequest(t *testing.T) {
	w := newWorld(t, Config{})
	for range 3 {
		list := make([]string, 500)
		for i := range list {
			list[i] = fmt.Sprintf(`"r%d@x.example"`, i)
		}
		w.send(w.a, `{"to":[`+strings.Join(list, ",")+`]}`)
	}
	w.change(w.a.key, "hold", `{"id":"`+w.queue(w.a.key, "?limit=1").Entries[0].ID+`"}`)
	for query, want := range map[string]int{"?limit=200": 1500, "?limit=7&status=held": 1, "?limit=151&status=queued": 1499} {
		seen := map[string]bool{}
		for page, pages := w.queue(w.a.key, query), 0; ; pages++ {
			for _, e := range page.Entries {
				if seen[e.ID] {
					t.Fatalf("%s is listed twice", e.ID)
				}
				seen[e.ID] = true
			}
			if page.NextCursor == "" || pages > 100 {
				break
			}
			page = w.queue(w.a.key, query+"&cursor="+url.QueryEscape(page.NextCursor))
		}
		if len(seen) != want {
			t.Errorf("%s lists %d", query, len(seen))
		}
	}
	if a := w.do("GET", "/v1/queue?cursor="+w.queue(w.a.key, "?limit=1").NextCursor, w.b.key, ""); a.status != 400 {
		t.Errorf("another's cursor: %d", a.status)
	}
	if n := w.change(w.a.key, "cancel", `{"all":true}`); n != 1500 || len(w.queue(w.a.key, "").Entries) != 0 {
		t.Errorf("cancelled %d", n)
	}
}
