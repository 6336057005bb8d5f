package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore"
)

func TestListsAreKeptByWorkspaceAndInbox(t *testing.T) {
	w := newWorld(t, Config{})
	const block = "/v1/lists/receive/block"
	var one listEntry
	w.must(201, "POST", block, w.a.key, `{"entry":"Spam@Bücher.Example","reason":"asked for it"}`, &one)
	if one.Entry != "spam@xn--bcher-kva.example" || one.Direction != "receive" || one.Type != "block" || one.InboxID != "" || one.Reason != "asked for it" || one.CreatedAt.IsZero() {
		t.Errorf("%+v", one)
	}
	w.must(200, "POST", block, w.a.key, `{"entry":"spam@bücher.example"}`, nil)
	if a := w.do("POST", "/v1/lists/receive/allow", w.a.key, `{"entry":"spam@bücher.example"}`); a.status != 409 || !strings.Contains(a.body, "listed_otherwise") {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.must(201, "POST", block, w.a.key, `{"entry":"x.example","inboxId":"`+w.a.inbox+`"}`, &one)
	if one.InboxID != w.a.inbox {
		t.Errorf("%+v", one)
	}
	w.must(201, "POST", block, w.a.inboxKey, `{"entry":"y.example"}`, &one) // its own inbox's
	if one.InboxID != w.a.inbox {
		t.Errorf("%+v", one)
	}
	entries := func(key, query string) (names []string) {
		t.Helper()
		var list listEntries
		w.must(200, "GET", block+query, key, "", &list)
		for _, e := range list.Entries {
			names = append(names, e.Entry)
		}
		return names
	}
	if got := entries(w.a.key, ""); !slices.Equal(got, []string{"spam@xn--bcher-kva.example"}) {
		t.Errorf("of the workspace: %q", got)
	}
	if got := entries(w.a.key, "?inboxId="+w.a.address); !slices.Equal(got, []string{"y.example", "x.example"}) {
		t.Errorf("of the inbox: %q", got)
	}
	if got := entries(w.a.inboxKey, ""); !slices.Equal(got, []string{"y.example", "x.example"}) {
		t.Errorf("of the key's own: %q", got)
	}
	if got := entries(w.b.key, ""); len(got) != 0 {
		t.Errorf("of another workspace: %q", got)
	}
	w.must(200, "GET", block+"/SPAM@b%C3%BCcher.example", w.a.key, "", &one)
	w.must(204, "DELETE", block+"/x.example?inboxId="+w.a.inbox, w.a.key, "", nil)
	for _, c := range []struct {
		method, path, key, body string
		status                  int
	}{
		{"POST", block, w.reader(w.a), `{"entry":"z.example"}`, 403}, {"GET", block, w.reader(w.a), "", 200}, {"DELETE", block + "/y.example", w.reader(w.a), "", 403},
		{"GET", block, w.operator, "", 400}, {"GET", block + "?workspaceId=" + w.a.id, w.operator, "", 200}, {"GET", block + "?inboxId=" + w.a.inbox, w.operator, "", 200},
		{"POST", block, w.a.key, `{"entry":"nothing"}`, 400}, {"POST", block, w.a.key, `{"entry":"*.example"}`, 400}, {"POST", block, w.a.key, `{"entry":"a@b@"}`, 400}, {"POST", block, w.a.key, `{}`, 400},
		{"POST", "/v1/lists/elsewhere/block", w.a.key, `{"entry":"z.example"}`, 400}, {"POST", "/v1/lists/send/maybe", w.a.key, `{"entry":"z.example"}`, 400},
		{"GET", block + "/x.example", w.a.key, "", 404}, {"DELETE", block + "/nothing", w.a.key, "", 404}, {"POST", block, w.a.inboxKey, `{"entry":"z.example","inboxId":"` + w.a.sibling + `"}`, 404},
	} {
		if a := w.do(c.method, c.path, c.key, c.body); a.status != c.status {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, a.status, a.body)
		}
	}
	var events eventList
	w.must(200, "GET", "/v1/events?types=list.added,list.removed", w.a.key, "", &events)
	if len(events.Events) != 4 || events.Events[3].Type != "list.removed" || events.Events[3].InboxID != w.a.inbox {
		t.Errorf("%+v", events.Events)
	}
}

func TestWhatListsKeepOutIsNotSentAndToldByPlace(t *testing.T) {
	w := newWorld(t, Config{})
	w.must(201, "POST", "/v1/lists/send/block", w.a.key, `{"entry":"rival.example"}`, nil)
	m := w.send(w.a, `{"to":["ann@x.example","bob@rival.example"],"text":"x"}`)
	if len(m.Rejected) != 1 || m.Rejected[0] != (unsent{"bob@rival.example", mailstore.ReasonListed}) {
		t.Errorf("%+v", m.Rejected)
	}
	a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, `{"to":["bob@rival.example"],"text":"x"}`)
	p := a.problem(t)
	if a.status != 403 || p.Code != "recipient_blocked" || len(p.Errors) != 1 || p.Errors[0].Path != "body.to[0]" || strings.Contains(p.Errors[0].Message, "suppress") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestRejectionsAreShownAndReleased(t *testing.T) {
	w := newWorld(t, Config{})
	id, record := w.quarantine(w.a, w.a.address)
	var r rejection
	w.must(200, "GET", "/v1/rejections/"+record, w.a.key, "", &r)
	if r.Action != "quarantined" || r.Reason != "blocked" || r.MessageID != id || r.InboxID != w.a.inbox || r.Sender != "rob@bad.example" || r.Recipient != w.a.address || r.Source != "192.0.2.1" || r.ReleasedAt != nil {
		t.Errorf("%+v", r)
	}
	if err := w.dir.RecordRejections(t.Context(), mailstore.WorkspaceID(w.a.id), []mailstore.Rejection{{Action: mailstore.Refused, Reason: mailstore.ReasonUnknownUser, Recipient: "nobody@a.example", FirstAt: r.CreatedAt.Time, LastAt: r.CreatedAt.Time}}); err != nil {
		t.Fatal(err)
	}
	if err := w.dir.RecordRejections(t.Context(), "", []mailstore.Rejection{{Action: mailstore.Refused, Reason: mailstore.ReasonNotServed, Recipient: "nobody@far.example", FirstAt: r.CreatedAt.Time, LastAt: r.CreatedAt.Time}}); err != nil {
		t.Fatal(err)
	}
	reasons := func(key, query string) (got []string) {
		t.Helper()
		for cursor := ""; ; {
			var list rejectionList
			w.must(200, "GET", "/v1/rejections?limit=1"+query+cursor, key, "", &list)
			for _, r := range list.Rejections {
				got = append(got, r.Reason)
			}
			if list.NextCursor == "" {
				slices.Sort(got)
				return got
			}
			cursor = "&cursor=" + list.NextCursor
		}
	}
	for name, c := range map[string]struct {
		key, query string
		want       []string
	}{
		"the workspace":           {w.a.key, "", []string{"blocked", "blocked", "unknownUser"}},
		"one inbox":               {w.a.key, "&inboxId=" + w.a.inbox, []string{"blocked", "blocked"}},
		"a key of the inbox":      {w.a.inboxKey, "", []string{"blocked", "blocked"}},
		"another inbox":           {w.a.key, "&inboxId=" + w.a.sibling, nil},
		"what was refused":        {w.a.key, "&action=refused", []string{"unknownUser"}},
		"by reason":               {w.a.key, "&reason=unknownUser", []string{"unknownUser"}},
		"another workspace":       {w.b.key, "", []string{"blocked"}},
		"an operator's":           {w.operator, "", []string{"notServed"}},
		"an operator's workspace": {w.operator, "&workspaceId=" + w.a.id, []string{"blocked", "blocked", "unknownUser"}},
	} {
		if got := reasons(c.key, c.query); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	w.must(404, "POST", "/v1/rejections/"+record+"/release", w.b.key, "", nil)
	w.must(403, "POST", "/v1/rejections/"+record+"/release", w.reader(w.a), "", nil)
	var m messageObject
	a := w.do("POST", "/v1/rejections/"+record+"/release", w.a.inboxKey, "", "Idempotency-Key", "k")
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if again := w.do("POST", "/v1/rejections/"+record+"/release", w.a.inboxKey, "", "Idempotency-Key", "k"); again.body != a.body {
		t.Errorf("again: %d %s", again.status, again.body)
	}
	w.must(409, "POST", "/v1/rejections/"+record+"/release", w.a.key, "", nil)
	w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+id, w.a.key, "", &m)
	if slices.Contains(m.Labels, "spam") || slices.Contains(m.Labels, "blocked") || m.Junk == nil || m.Junk.Reason != "blocked" {
		t.Errorf("%+v", m)
	}
	var list rejectionList
	w.must(200, "GET", "/v1/rejections?action=refused", w.a.key, "", &list)
	w.must(409, "POST", "/v1/rejections/"+list.Rejections[0].ID+"/release", w.a.key, "", nil)
	w.must(404, "GET", "/v1/rejections/"+list.Rejections[0].ID, w.a.inboxKey, "", nil)
}
