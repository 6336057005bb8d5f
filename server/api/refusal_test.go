package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
)

// A filter that is passed over gives more than was asked for.
func TestNoPartOfAQueryIsPassedOver(t *testing.T) {
	w := newWorld(t, Config{})
	list := "/v1/inboxes/" + w.a.inbox + "/messages"
	w.must(200, "PATCH", list+"/"+w.a.message, w.a.key, `{"addLabels":["first"]}`, nil)
	for name, c := range map[string]struct{ path, field string }{
		"a value twice":            {list + "?limit=1&limit=2", "query.limit"},
		"a NUL":                    {list + "?from=%00", "query.from"},
		"invalid UTF-8":            {list + "?from=%ff", "query.from"},
		"half an escape":           {list + "?from=%zz", "query"},
		"half an escape, events":   {"/v1/events?types=%zz", "query"},
		"a socket's half escape":   {"/v1/ws?cursor=%zz", "query"},
		"a socket's misspelt name": {"/v1/ws?curser=x", "query.curser"},
		"a socket's cursor twice":  {"/v1/ws?cursor=a&cursor=b", "query.cursor"},
	} {
		a := w.do("GET", c.path, w.a.key, "")
		p := a.problem(t)
		if a.status != 400 || p.Code != "validation_failed" || len(p.Errors) != 1 || p.Errors[0].Path != c.field {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.inbox+"/drafts/"+w.a.draft, w.a.key, "", nil)
	for query, want := range map[string]int{
		"labels=first&labels=unread": 1, "labels=first,unread": 1, "labels=first&labels=other": 0, "labels=first,other": 0, "labels=": 1,
	} {
		var messages messageList
		w.must(200, "GET", list+"?"+query, w.a.key, "", &messages)
		var threads threadList
		w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/threads?"+query, w.a.key, "", &threads)
		if len(messages.Messages) != want || len(threads.Threads) != want {
			t.Errorf("%s: %d messages and %d threads, want %d", query, len(messages.Messages), len(threads.Threads), want)
		}
	}
	var events eventList
	w.must(200, "GET", "/v1/events?types=message.received&types=message.opened&inboxIds="+w.a.sibling+"&inboxIds="+w.a.inbox, w.a.key, "", &events)
	if len(events.Events) != 1 {
		t.Errorf("%+v", events.Events)
	}
}

// The router would send "…/messages/.." on to the inbox, and a client would repeat its DELETE there.
func TestAPathIsNeverLedToAnotherRoute(t *testing.T) {
	w := newWorld(t, Config{})
	w.http.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, path := range []string{
		"/v1/inboxes/" + w.a.inbox + "/messages/..", "/v1/inboxes/" + w.a.inbox + "/messages/.", "/v1/inboxes//" + w.a.inbox, "//v1/inboxes/" + w.a.inbox,
		"/v1/inboxes/" + w.a.inbox + "/messages//raw", "/v1/./inboxes/" + w.a.inbox, "/v1/inboxes/" + w.a.inbox + "//",
	} {
		for _, method := range []string{"GET", "DELETE", "OPTIONS"} {
			if a := w.do(method, path, w.a.key, ""); a.status != 404 || a.problem(t).Code != "not_found" {
				t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
			}
		}
	}
	for _, path := range []string{"/v1/inboxes/%2e%2e", "/v1/inboxes/%00", "/v1/inboxes/%ff", "/v1/inboxes/" + w.a.inbox + "%2F"} {
		if a := w.do("GET", path, w.a.key, ""); a.status != 404 || a.problem(t).Code != "not_found" {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	w.must(200, "GET", "/v1/inboxes/"+strings.Replace(w.a.address, "@", "%40", 1), w.a.key, "", nil)
}

func TestOptionsTellsTheMethodsAndAllowsNoForeignPage(t *testing.T) {
	w := newWorld(t, Config{})
	a := w.do("OPTIONS", "/v1/inboxes", "", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
	if a.status != 204 || a.header.Get("Allow") != "GET, HEAD, POST, OPTIONS" {
		t.Errorf("%d %v", a.status, a.header)
	}
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control") {
			t.Errorf("%s is given", name)
		}
	}
	if a := w.do("HEAD", "/v1/me", w.a.key, ""); a.status != 200 || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
	if a := w.do("HEAD", "/v1/me", "", ""); a.status != 401 {
		t.Errorf("HEAD without a key: %d", a.status)
	}
}

func TestWhatWouldBeChangedSilentlyIsRefused(t *testing.T) {
	w := newWorld(t, Config{})
	path := "/v1/inboxes/" + w.a.inbox
	for name, body := range map[string]string{
		"half of a surrogate pair":   `{"displayName":"\ud800"}`,
		"the other half":             `{"displayName":"\udc00x"}`,
		"half in front of a letter":  `{"displayName":"\ud83d\u0041"}`,
		"half as a name":             `{"metadata":{"\udfff":1}}`,
		"a number that would change": `{"metadata":{"n":9007199254740993}}`,
		"a huge number":              `{"metadata":{"n":[-123456789012345678901234567890]}}`,
		"a number beyond a double":   `{"metadata":{"n":1e999}}`,
		"a NUL in a name":            `{"metadata":{"a\u0000b":1}}`,
		"a name twice, deep":         `{"metadata":{"a":[{"b":1,"b":2}]}}`,
		"a name twice, escaped":      `{"metadata":{"a":1,"\u0061":2}}`,
	} {
		if a := w.do("PATCH", path, w.a.key, body); a.status != 400 || a.problem(t).Code != "validation_failed" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	good := `{"displayName":"\ud83d\ude00 \\ud800 \ufffd","metadata":{"n":9007199254740992,"m":-9007199254740992,"f":0.1,"e":1e3,"a":[{"b":1},{"b":2}]}}`
	var got struct {
		DisplayName string
		Metadata    map[string]json.RawMessage
	}
	w.must(200, "PATCH", path, w.a.key, good, &got)
	if got.DisplayName != "😀 \\ud800 \ufffd" || string(got.Metadata["n"]) != "9007199254740992" || string(got.Metadata["f"]) != "0.1" {
		t.Errorf("%+v", got)
	}
}

func TestABodyOfAnotherTypeIsRefused(t *testing.T) {
	w := newWorld(t, Config{})
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/cbor"} {
		a := w.do("POST", "/v1/inboxes", w.a.key, `{"username":"x","domain":"a.example"}`, "Content-Type", contentType)
		if a.status != 415 || a.problem(t).Code != "unsupported_media_type" {
			t.Errorf("%s: %d %s", contentType, a.status, a.body)
		}
	}
	w.must(201, "POST", "/v1/inboxes", w.a.key, `{"username":"x","domain":"a.example"}`, nil)
}

func TestACursorIsGoodInItsWorkspaceAlone(t *testing.T) {
	w := newWorld(t, Config{})
	w.must(201, "POST", "/v1/domains", w.operator, `{"domain":"more.example","workspaceId":"`+w.a.id+`"}`, nil)
	for _, list := range []string{"/v1/inboxes", "/v1/domains"} {
		var page struct{ NextCursor string }
		w.must(200, "GET", list+"?limit=1", w.a.key, "", &page)
		if page.NextCursor == "" {
			t.Fatalf("%s has one page", list)
		}
		query := "?cursor=" + page.NextCursor
		for name, c := range map[string]struct{ query, key string }{
			"another's key": {query, w.b.key}, "an operator over all": {query, w.operator}, "an operator in another": {query + "&workspaceId=" + w.b.id, w.operator},
		} {
			if a := w.do("GET", list+c.query, c.key, ""); a.status != 400 || a.problem(t).Code != "invalid_cursor" {
				t.Errorf("%s, %s: %d %s", list, name, a.status, a.body)
			}
		}
		w.must(200, "GET", list+query, w.a.key, "", nil)
		w.must(200, "GET", list+query+"&workspaceId="+w.a.id, w.a.key, "", nil)
		w.must(200, "GET", list+query+"&workspaceId="+w.a.id, w.operator, "", nil)
	}
}

func TestTwoKeysInOneHeaderAreRefused(t *testing.T) {
	w := newWorld(t, Config{})
	for status, second := range map[int]string{200: w.a.key, 401: w.b.key} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", w.http.URL+"/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header["X-Api-Key"] = []string{w.a.key, second}
		res, err := w.http.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("answered %d, want %d", res.StatusCode, status)
		}
	}
}

// The library would put an untyped error's text into the answer.
func TestInnerTextReachesNoStranger(t *testing.T) {
	w := newWorld(t, Config{})
	const secret = "open /srv/secret: no such file"
	for name, err := range map[string]error{"an error": errors.New(secret), "the library's": fromHuma(nil, 500, secret)} {
		p := problem(err)
		if p.Status != 500 || p.Code != "internal" || strings.Contains(p.Detail+p.Title, "secret") || len(p.Errors) != 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	w.api.mux.HandleFunc("GET /panics", func(http.ResponseWriter, *http.Request) { panic(secret) })
	a := w.do("GET", "/panics", "", "")
	if a.status != 500 || a.problem(t).Code != "internal" || strings.Contains(a.body, "secret") {
		t.Errorf("a panic: %d %s", a.status, a.body)
	}
	w.must(200, "GET", "/healthz", "", "", nil)
}

func TestAChangedMessageIsAnsweredWhole(t *testing.T) {
	w := newWorld(t, Config{})
	path := "/v1/inboxes/" + w.a.inbox + "/messages/" + w.a.message
	changed := w.must(200, "PATCH", path, w.a.key, `{"unread":false}`, nil)
	if read := w.must(200, "GET", path, w.a.key, "", nil); changed.body != read.body {
		t.Errorf("changed: %s\nread: %s", changed.body, read.body)
	}
	var k struct{ Key string }
	w.must(201, "POST", "/v1/inboxes/"+w.a.inbox+"/keys", w.a.key, `{"name":"sorter","permissions":["messages:update"]}`, &k)
	var m messageObject
	w.must(200, "PATCH", path, k.Key, `{"unread":true}`, &m)
	if m.ExtractedText != "" || m.HTML != "" || !m.Truncated {
		t.Errorf("a key that may not read is told %+v", m)
	}
}
