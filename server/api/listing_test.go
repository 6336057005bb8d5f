package api

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// ids are those of a list of messages, or of the newest messages of a list of threads.
func (w *world) ids(path, key string) (list []string) {
	w.t.Helper()
	var page struct {
		Messages []struct{ ID string }
		Threads  []struct{ LastMessageID string }
	}
	w.must(200, "GET", path, key, "", &page)
	for _, m := range page.Messages {
		list = append(list, m.ID)
	}
	for _, th := range page.Threads {
		list = append(list, th.LastMessageID)
	}
	return list
}

func TestListsTakeEveryFilterOfTheContract(t *testing.T) {
	w := newWorld(t, Config{})
	first, aside := w.a.message, w.ids("/v1/inboxes/"+w.a.inbox+"/messages?labels=spam", w.a.key)[0]
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.inbox+"/messages/"+w.a.draft+"?permanent=true", w.a.key, "", nil)
	second := w.deliver(w.a.address, "From: Bob Ray <bob@y.example>\r\nTo: two@a.example\r\nSubject: Dinner\r\nMessage-ID: <2@y.example>\r\n\r\nx\r\n")
	third := w.deliver("two@a.example", "From: bob@y.example\r\nSubject: Lunch\r\n\r\nx\r\n")
	gone := w.deliver(w.a.address, "Subject: gone\r\n\r\nx\r\n")
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.inbox+"/messages/"+gone, w.a.key, "", nil)
	w.must(200, "PATCH", "/v1/inboxes/"+w.a.inbox+"/messages/"+second, w.a.key, `{"unread":false,"addLabels":["urgent"]}`, nil)
	var m messageObject
	w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+second, w.a.key, "", &m)
	at := url.QueryEscape(m.ReceivedAt.UTC().Format("2006-01-02T15:04:05.000000Z"))
	for query, want := range map[string][]string{
		"":                                   {third, second, first},
		"ascending=true":                     {first, second, third},
		"includeTrash=true":                  {gone, third, second, first},
		"includeSpam=true":                   {third, second, aside, first},
		"includeSpam=true&subject=aside":     {aside},
		"labels=urgent":                      {second},
		"labels=urgent&labels=unread":        nil,
		"labels=urgent,read":                 {second},
		"unread=true":                        {third, first},
		"unread=false":                       {second},
		"from=BOB":                           {third, second},
		"from=bob%20ray":                     {second},
		"to=two@a":                           {third, second},
		"subject=nn":                         {second},
		"after=" + at:                        {third, second},
		"before=" + at:                       {first},
		"mailbox=Trash":                      {gone},
		"threadId=" + w.a.thread:             {first},
		"hasAttachment=true":                 {first},
		"hasAttachment=false&from=bob":       {third, second},
		"messageId=%3C2%40y.example%3E":      {second},
		"limit=2&ascending=true&unread=true": {first, third},
	} {
		for _, list := range []string{"/v1/messages", "/v1/threads"} {
			if got := w.ids(list+"?"+query, w.a.key); !slices.Equal(got, want) {
				t.Errorf("%s?%s: %v, want %v", list, query, got, want)
			}
			if got := w.ids(list+"?workspaceId="+w.a.id+"&"+query, w.operator); !slices.Equal(got, want) {
				t.Errorf("%s?%s, as the operator: %v, want %v", list, query, got, want)
			}
			own := slices.DeleteFunc(slices.Clone(want), func(id string) bool { return id == third })
			if got := w.ids(list+"?"+query, w.a.inboxKey); !slices.Equal(got, own) && !strings.Contains(query, "limit") {
				t.Errorf("%s?%s, with an inbox key: %v, want %v", list, query, got, own)
			}
			if got := w.ids("/v1/inboxes/"+w.a.inbox+strings.TrimPrefix(list, "/v1")+"?"+query, w.a.key); !slices.Equal(got, own) && !strings.Contains(query, "limit") {
				t.Errorf("the inbox's %s?%s: %v, want %v", list, query, got, own)
			}
		}
	}
	if a := w.do("GET", "/v1/messages", w.operator, ""); a.status != 400 || !strings.Contains(a.body, "query.workspaceId") {
		t.Errorf("an operator who names no workspace: %d %s", a.status, a.body)
	}
	if a := w.do("GET", "/v1/messages?labels="+strings.Repeat("x,", 40), w.a.key, ""); a.status != 400 || !strings.Contains(a.body, "query.labels") {
		t.Errorf("too many labels: %d %s", a.status, a.body)
	}
}

func TestACursorOfAListIsGoodForItsMailAndOrderAlone(t *testing.T) {
	w := newWorld(t, Config{})
	w.deliver(w.a.address, "Subject: second\r\n\r\nx\r\n")
	for _, list := range []string{"messages", "threads"} {
		var page struct{ NextCursor string }
		w.must(200, "GET", "/v1/"+list+"?limit=1", w.a.key, "", &page)
		cursor := "?cursor=" + page.NextCursor
		w.must(200, "GET", "/v1/"+list+cursor, w.a.key, "", nil)
		w.must(200, "GET", "/v1/"+list+cursor+"&workspaceId="+w.a.id, w.operator, "", nil)
		for name, c := range map[string][2]string{
			"another order": {"/v1/" + list + cursor + "&ascending=true", w.a.key}, "another workspace": {"/v1/" + list + cursor, w.b.key},
			"an inbox of it": {"/v1/inboxes/" + w.a.inbox + "/" + list + cursor, w.a.key}, "an inbox key": {"/v1/" + list + cursor, w.a.inboxKey},
		} {
			if a := w.do("GET", c[0], c[1], ""); a.status != 400 || a.problem(t).Code != "invalid_cursor" {
				t.Errorf("%s, %s: %d %s", list, name, a.status, a.body)
			}
		}
	}
}

func TestBatchesReadChangeAndDeleteMessagesAndTellOfEach(t *testing.T) {
	w := newWorld(t, Config{})
	second := w.deliver(w.a.address, "Subject: second\r\n\r\nThe text.\r\n")
	path := "/v1/inboxes/" + w.a.inbox + "/messages/batch-"
	ids := `"ids":["` + second + `","` + w.b.message + `","` + w.a.message + `","` + second + `"]`
	var read readResults
	w.must(200, "POST", path+"get", w.a.inboxKey, "{"+ids+"}", &read)
	if len(read.Results) != 3 || strings.TrimSpace(read.Results[0].Message.Text) != "The text." || read.Results[1].Message != nil || read.Results[1].Problem.Code != "not_found" || read.Results[2].ID != w.a.message {
		t.Errorf("%+v", read)
	}
	var changed changeResults
	w.must(200, "POST", path+"update", w.a.key, "{"+ids+`,"addLabels":["Seen-By-Bot"],"unread":false}`, &changed)
	if want := []string{"received", "seen-by-bot"}; len(changed.Results) != 3 || !slices.Equal(changed.Results[0].Labels, want) || changed.Results[1].Problem.Code != "not_found" || !slices.Equal(changed.Results[2].Labels, want) {
		t.Errorf("%+v", changed)
	}
	changed = changeResults{}
	w.must(200, "POST", path+"delete", w.a.key, "{"+ids+"}", &changed)
	if !slices.Contains(changed.Results[0].Labels, "trash") || changed.Results[1].Problem.Code != "not_found" {
		t.Errorf("%+v", changed)
	}
	changed = changeResults{}
	w.must(200, "POST", path+"delete", w.a.key, "{"+ids+`,"permanent":true}`, &changed)
	if changed.Results[0].Labels != nil || changed.Results[0].Problem != nil {
		t.Errorf("%+v", changed)
	}
	w.must(404, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+second, w.a.key, "", nil)
	w.must(200, "GET", "/v1/inboxes/"+w.b.inbox+"/messages/"+w.b.message, w.b.key, "", nil)
	many := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = "msg_" + strings.Repeat("0", i%20)
		}
		text, _ := json.Marshal(list)
		return `{"ids":` + string(text) + `}`
	}
	for _, c := range []struct {
		call string
		body string
	}{{"get", many(101)}, {"update", many(1001)}, {"delete", many(1001)}, {"get", `{"ids":[]}`}, {"get", `{"ids":null}`}, {"get", `{}`}} {
		if a := w.do("POST", path+c.call, w.a.key, c.body); a.status != 400 || !strings.Contains(a.body, "ids") {
			t.Errorf("%s %.30s: %d %s", c.call, c.body, a.status, a.body)
		}
	}
	w.must(200, "POST", path+"update", w.a.key, many(1000), nil)
	var k struct{ Key string }
	w.must(201, "POST", "/v1/inboxes/"+w.a.inbox+"/keys", w.a.key, `{"name":"reader","permissions":["read"]}`, &k)
	w.must(200, "POST", path+"get", k.Key, "{"+ids+"}", nil)
	w.must(403, "POST", path+"update", k.Key, "{"+ids+"}", nil)
	w.must(403, "POST", path+"delete", k.Key, "{"+ids+"}", nil)
}
