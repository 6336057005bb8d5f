package api

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket/wsjson"
)

// search runs a search and gives what it found.
func (w *world) search(key, query string) (list hitList) {
	w.t.Helper()
	w.must(200, "GET", "/v1/search?"+query, key, "", &list)
	return list
}

func q(text string) string { return "q=" + url.QueryEscape(text) }

func subjectsOf(list []messageObject) (all []string) {
	for _, m := range list {
		all = append(all, m.Subject)
	}
	return all
}

func TestASearchFindsMessagesOfTheWorkspaceWithHighlights(t *testing.T) {
	w := newWorld(t, Config{})
	w.deliver(w.a.address, "From: Ann <ann@x.example>\r\nSubject: <b>Faktura</b> 7\r\n\r\nThe <i>faktura</i> is due.\r\n")
	w.deliver("two@"+w.a.domain, "From: Bob <bob@x.example>\r\nSubject: Other\r\n\r\nfaktura\r\n")
	list := w.search(w.a.key, q("faktura"))
	if got := subjectsOf(list.Hits); !slices.Equal(got, []string{"<b>Faktura</b> 7", "Other"}) || list.NextCursor != "" || list.Partial {
		t.Fatalf("%q, %+v", got, list)
	}
	want := []highlight{
		{"subject", []fragment{{"<b>", false}, {"Faktura", true}, {"</b> 7", false}}},
		{"text", []fragment{{"The <i>", false}, {"faktura", true}, {"</i> is due.", false}}},
	}
	if got := list.Hits[0].Highlights; len(got) != 2 || !slices.Equal(got[0].Fragments, want[0].Fragments) || !slices.Equal(got[1].Fragments, want[1].Fragments) || got[0].Field != "subject" || got[1].Field != "text" {
		t.Errorf("highlights are %+v", got)
	}
	if got := subjectsOf(w.search(w.a.key, q("faktura")+"&sort=newest").Hits); !slices.Equal(got, []string{"Other", "<b>Faktura</b> 7"}) {
		t.Errorf("the newest first: %q", got)
	}
	for _, inbox := range []string{w.a.inbox, w.a.address} {
		if got := subjectsOf(w.search(w.a.key, q("faktura")+"&inboxId="+inbox).Hits); !slices.Equal(got, []string{"<b>Faktura</b> 7"}) {
			t.Errorf("in one inbox: %q", got)
		}
	}
	if got := subjectsOf(w.search(w.operator, q("faktura from:bob")+"&workspaceId="+w.a.id).Hits); !slices.Equal(got, []string{"Other"}) {
		t.Errorf("the operator finds %q", got)
	}
	first := w.search(w.a.key, q("faktura")+"&limit=1")
	second := w.search(w.a.key, q("faktura")+"&limit=1&cursor="+first.NextCursor)
	if len(first.Hits) != 1 || len(second.Hits) != 1 || first.Hits[0].ID == second.Hits[0].ID || second.NextCursor != "" {
		t.Errorf("pages: %+v, %+v", first, second)
	}
	for _, other := range []string{q("other") + "&limit=1", q("faktura") + "&sort=newest", q("faktura") + "&inboxId=" + w.a.inbox} {
		if a := w.do("GET", "/v1/search?"+other+"&cursor="+first.NextCursor, w.a.key, ""); a.status != 400 || a.problem(t).Code != "invalid_cursor" {
			t.Errorf("%s takes the cursor of another search: %d %s", other, a.status, a.body)
		}
	}
}

func TestListsOfMessagesAndThreadsTakeAQuery(t *testing.T) {
	w := newWorld(t, Config{})
	w.deliver(w.a.address, "From: Ann <ann@x.example>\r\nSubject: Lunch\r\nMessage-ID: <l@x.example>\r\n\r\npizza\r\n")
	newest := w.deliver(w.a.address, "From: Bob <bob@x.example>\r\nSubject: Re: Lunch\r\nIn-Reply-To: <l@x.example>\r\n\r\npizza and salad\r\n")
	base := "/v1/inboxes/" + w.a.inbox
	var messages messageList
	w.must(200, "GET", base+"/messages?"+q("pizza"), w.a.key, "", &messages)
	if got := subjectsOf(messages.Messages); !slices.Equal(got, []string{"Re: Lunch", "Lunch"}) || len(messages.Messages[0].Highlights) != 1 {
		t.Errorf("%+v", messages)
	}
	w.must(200, "GET", base+"/messages?"+q("pizza")+"&from=ann&unread=true", w.a.key, "", &messages)
	if got := subjectsOf(messages.Messages); !slices.Equal(got, []string{"Lunch"}) {
		t.Errorf("with filters %q", got)
	}
	w.must(200, "PATCH", base+"/messages/"+newest, w.a.key, `{"addLabels":["food"]}`, nil)
	for query, want := range map[string]int{q("pizza"): 1, q("salad") + "&labels=food": 1, q("pizza") + "&labels=none": 0, q("nothing"): 0} {
		var threads threadList
		w.must(200, "GET", base+"/threads?"+query, w.a.key, "", &threads)
		if len(threads.Threads) != want {
			t.Errorf("%s: %+v", query, threads)
		} else if want == 1 && (threads.Threads[0].MatchID != newest || threads.Threads[0].MessageCount != 2 || len(threads.Threads[0].Highlights) != 1) {
			t.Errorf("%s: %+v", query, threads.Threads[0])
		}
	}
	if a := w.must(200, "GET", base+"/messages", w.a.key, "", nil); strings.Contains(a.body, "highlights") || strings.Contains(a.body, "partial") {
		t.Errorf("without a query: %s", a.body)
	}
}

func TestAQueryThatCannotBeReadIsAnsweredWithWhatToDo(t *testing.T) {
	w := newWorld(t, Config{})
	for text, code := range map[string]string{"before:yesterday": "invalid_query", "has:drive": "invalid_query", "!!": "empty_query", strings.Repeat("a ", 40): "query_too_long", strings.Repeat("x", 3000): "query_too_long"} {
		for _, path := range []string{"/v1/search?", "/v1/inboxes/" + w.a.inbox + "/messages?", "/v1/inboxes/" + w.a.inbox + "/threads?"} {
			p := w.do("GET", path+q(text), w.a.key, "").problem(t)
			if p.Status != 400 || p.Code != code || len(p.Errors) != 1 || p.Errors[0].Path != "query.q" {
				t.Errorf("%s %.20s: %+v", path, text, p)
			}
		}
	}
	for query, status := range map[string]int{"": 400, "q=": 400, "q=a&sort=best": 400, "q=a&limit=201": 400, "q=a&cursor=lc_x": 400, "q=a&x=y": 400, "q=%ff": 400, "q=a&inboxId=nobody@x.example": 404} {
		if a := w.do("GET", "/v1/search?"+query, w.a.key, ""); a.status != status {
			t.Errorf("%q: %d %s", query, a.status, a.body)
		}
	}
	if a := w.do("GET", "/v1/search?q=a", w.operator, ""); a.status != 400 || !strings.Contains(a.body, "query.workspaceId") {
		t.Errorf("an operator who names no workspace: %d %s", a.status, a.body)
	}
}

// What is another's is neither found, nor highlighted, nor counted, whatever is asked.
func TestTheWallStandsInSearches(t *testing.T) {
	w := newWorld(t, Config{})
	const secret = "Subject: zebra secretword\r\n\r\nzebra secretword in the text\r\n"
	w.deliver(w.b.address, secret)
	w.deliver("two@"+w.a.domain, secret)
	w.deliver(w.a.address, "Subject: zebra own\r\n\r\nzebra\r\n")
	for name, c := range map[string]struct{ key, inbox string }{"an inbox key": {w.a.inboxKey, w.a.inbox}, "another workspace's inbox key": {w.b.inboxKey, w.b.inbox}} {
		for _, text := range []string{"zebra", "zebra OR is:unread", "-nothing", "in:anywhere", "secretword OR own", "is:unread OR -is:unread"} {
			for _, sort := range []string{"relevance", "newest"} {
				list := w.search(c.key, q(text)+"&includeTrash=true&limit=1&sort="+sort)
				for ; ; list = w.search(c.key, q(text)+"&includeTrash=true&limit=1&sort="+sort+"&cursor="+list.NextCursor) {
					for _, m := range list.Hits {
						if m.InboxID != c.inbox {
							t.Errorf("%s finds %+v by %s", name, m, text)
						}
					}
					if list.NextCursor == "" {
						break
					}
				}
			}
		}
	}
	if a := w.must(200, "GET", "/v1/search?"+q("secretword"), w.a.inboxKey, "", nil); a.body != w.must(200, "GET", "/v1/search?"+q("neverwas"), w.a.inboxKey, "", nil).body {
		t.Errorf("a word of the sibling's answers %s", a.body)
	}
	if list := w.search(w.a.key, q("secretword")); len(list.Hits) != 1 || list.Hits[0].InboxID != w.a.sibling {
		t.Errorf("the workspace finds %+v", list.Hits)
	}
	for _, key := range []string{w.a.key, w.a.inboxKey} {
		for _, n := range []tenant{w.b, nobody()} {
			for _, where := range []string{"inboxId=" + n.inbox, "inboxId=" + n.address, "workspaceId=" + n.id, "workspaceId=" + n.id + "&inboxId=" + n.inbox} {
				got, want := w.do("GET", "/v1/search?q=zebra&"+where, key, ""), w.do("GET", "/v1/search?q=zebra&inboxId="+nobody().inbox, key, "")
				if got.status != 404 || stranger(got.body) != stranger(want.body) {
					t.Errorf("%s: %d %s", where, got.status, got.body)
				}
			}
		}
	}
	if a := w.do("GET", "/v1/search?q=zebra&inboxId="+w.a.sibling, w.a.inboxKey, ""); a.status != 404 {
		t.Errorf("the sibling: %d %s", a.status, a.body)
	}
	var k struct{ Key string }
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"k","permissions":["events:read"]}`, &k)
	if a := w.do("GET", "/v1/search?q=zebra", k.Key, ""); a.status != 403 {
		t.Errorf("without messages:read: %d %s", a.status, a.body)
	}
}

func TestWhatAnEventTellsOfIsFound(t *testing.T) {
	w := newWorld(t, Config{})
	c := w.dial("", w.a.key)
	for _, word := range []string{"firstword", "secondword", "thirdword"} {
		id := w.deliver(w.a.address, "Subject: "+word+"\r\n\r\nx\r\n")
		for {
			var f frame
			if err := wsjson.Read(t.Context(), c, &f); err != nil {
				t.Fatal(err)
			}
			if f.Type == "message.received" && f.Data.ID == id {
				break
			}
		}
		if list := w.search(w.a.key, q(word)); len(list.Hits) != 1 || list.Hits[0].ID != id {
			t.Errorf("%s is not found: %+v", word, list)
		}
	}
}

func TestADraftIsFoundByWhatItSaysNow(t *testing.T) {
	w := newWorld(t, Config{})
	var d struct{ ID string }
	w.must(201, "POST", "/v1/inboxes/"+w.a.inbox+"/drafts", w.a.key, `{"to":"ann@x.example","subject":"Draft","text":"aubergine"}`, &d)
	find := func(word string) []string { return subjectsOf(w.search(w.a.key, q("in:drafts "+word)).Hits) }
	if got := find("aubergine"); !slices.Equal(got, []string{"Draft"}) {
		t.Fatalf("before: %q", got)
	}
	w.must(200, "PATCH", "/v1/inboxes/"+w.a.inbox+"/drafts/"+d.ID, w.a.key, `{"text":"zucchini"}`, nil)
	if got := find("zucchini"); !slices.Equal(got, []string{"Draft"}) {
		t.Errorf("by the new text: %q", got)
	}
	if got := find("aubergine"); len(got) != 0 {
		t.Errorf("by the old text: %q", got)
	}
}
