package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// v0 asks /v0 as the SDK does, with the key in Authorization.
func (w *world) v0(method, path, key, body string, header ...string) answer {
	w.t.Helper()
	return w.do(method, "/v0"+path, "", body, append([]string{"Authorization", "Bearer " + key}, header...)...)
}

func (w *world) mustV0(status int, method, path, key, body string, out any) answer {
	w.t.Helper()
	a := w.v0(method, path, key, body)
	if a.status != status {
		w.t.Fatalf("%s %s %s: %d, want %d: %s", method, path, body, a.status, status, a.body)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(a.body), out); err != nil {
			w.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
	return a
}

// refusal reads an error of /v0.
func (a answer) refusal(t *testing.T) (e v0Error) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || e.Name == "" || e.Code == "" || e.Message == "" || a.header.Get("Content-Type") != "application/json" || strings.Contains(a.body, "about:blank") {
		t.Errorf("incomplete error %d %s", a.status, a.body)
	}
	return e
}

// dialV0 opens a socket of /v0 with the key in both places, as the SDK does.
func (w *world) dialV0(key string) *websocket.Conn {
	w.t.Helper()
	c, _, err := websocket.Dial(w.t.Context(), "ws"+strings.TrimPrefix(w.http.URL, "http")+"/v0?api_key="+url.QueryEscape(key), &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + key}}})
	if err != nil {
		w.t.Fatal(err)
	}
	c.SetReadLimit(4 << 20)
	w.t.Cleanup(func() { c.CloseNow() })
	return c
}

func say(t *testing.T, c *websocket.Conn, frame string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(frame)); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c *websocket.Conn) (text string, e v0Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, raw, err := c.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), `"type":"event"`) {
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
	}
	return string(raw), e
}

func TestV0Fact1AListInAQueryIsOneJSONStringOrRepeatedOrOneValue(t *testing.T) {
	w := newWorld(t, Config{})
	list := "/inboxes/" + w.a.address + "/messages"
	w.mustV0(200, "PATCH", list+"/"+url.PathEscape("<1@x.example>"), w.a.key, `{"add_labels":"urgent"}`, nil)
	for query, want := range map[string]int{
		"": 1, "?labels=" + url.QueryEscape(`["unread","urgent"]`): 1, "?labels=unread&labels=urgent": 1, "?labels=urgent": 1, "?labels=" + url.QueryEscape(`["unread","other"]`): 0,
		"?labels=unread&labels=other": 0, "?from=" + url.QueryEscape(`["ann"]`): 1, "?from=ann": 1, "?from=bob": 0, "?subject=hell&ascending=True": 1, "?limit=1000": 1,
	} {
		var page v0Messages
		w.mustV0(200, "GET", list+query, w.a.key, "", &page)
		if len(page.Messages) != want || page.Count != want {
			t.Errorf("%s gives %d", query, len(page.Messages))
		}
	}
	for _, query := range []string{"?lables=x", "?limit=0", "?limit=x", "?after=yesterday", "?ascending=maybe", "?page_token=abc", "?labels=%5B%22%5Cu0000%22%5D", "?limit=1&limit=2"} {
		if a := w.v0("GET", list+query, w.a.key, ""); a.status != 400 || a.refusal(t).Name != "ValidationError" {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
}

func TestV0Fact2IdsInThePathAreEncodedOrNotAndHoldSlashes(t *testing.T) {
	w := newWorld(t, Config{})
	w.deliver(w.a.address, "From: Hub <h@x.example>\r\nSubject: Slash\r\nMessage-ID: <org/repo/pull/1//raw/2@x.example>\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: text/plain; name=n.txt\r\nContent-Disposition: attachment\r\n\r\nnote\r\n--b--\r\n")
	for name, path := range map[string]string{
		"encoded":  "/inboxes/" + url.PathEscape(w.a.address) + "/messages/" + url.PathEscape("<org/repo/pull/1//raw/2@x.example>"),
		"as it is": "/inboxes/" + w.a.address + "/messages/%3Corg/repo/pull/1//raw/2@x.example%3E",
	} {
		var m v0Message
		w.mustV0(200, "GET", path, w.a.key, "", &m)
		if m.Subject != "Slash" || m.MessageID != "<org/repo/pull/1//raw/2@x.example>" || m.InboxID != w.a.address || len(m.Attachments) != 1 {
			t.Fatalf("%s: %+v", name, m)
		}
		var raw v0RawLink
		w.mustV0(200, "GET", path+"/raw", w.a.key, "", &raw)
		var part v0AttachmentLink
		w.mustV0(200, "GET", path+"/attachments/"+m.Attachments[0].AttachmentID, w.a.key, "", &part)
		if part.Filename != "n.txt" || raw.MessageID != m.MessageID {
			t.Errorf("%s: %+v %+v", name, raw, part)
		}
		w.mustV0(200, "POST", path+"/reply", w.a.key, `{"text":"yes"}`, nil)
		w.mustV0(200, "PATCH", path, w.a.key, `{"add_labels":["x"]}`, nil)
	}
	var m v0Message
	w.mustV0(200, "GET", "/inboxes/"+w.a.inbox+"/messages/"+w.a.message, w.a.key, "", &m)
	if m.InboxID != w.a.address || m.MessageID != "<1@x.example>" {
		t.Errorf("by our own ids: %+v", m)
	}
}

func TestV0Fact3NoObjectSpeaksBothDialects(t *testing.T) {
	w := newWorld(t, Config{SilentSocket: time.Millisecond})
	c := w.dialV0(w.a.key)
	w.deliver(w.a.address, "From: ann@x.example\r\nSubject: event\r\n\r\nx\r\n")
	text, _ := hear(t, c)
	all := []string{text}
	in := "/inboxes/" + w.a.address
	for _, path := range []string{"/auth/me", "/pods", "/pods/" + w.a.id, "/inboxes", in, in + "/messages", in + "/messages/%3C1@x.example%3E", in + "/threads", in + "/threads/" + w.a.thread, "/api-keys", "/domains",
		"/domains/a.example", in + "/messages/%3C1@x.example%3E/raw"} {
		all = append(all, w.mustV0(200, "GET", path, w.a.key, "", nil).body)
	}
	for _, text := range all {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if name := camel(v); name != "" {
			t.Errorf("the name %q in %s", name, text)
		}
	}
}

// camel finds a name with an upper-case letter.
func camel(v any) string {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if name := camel(x); name != "" {
				return name
			}
		}
	case map[string]any:
		for name, x := range v {
			if name != strings.ToLower(name) {
				return name
			}
			if name := camel(x); name != "" {
				return name
			}
		}
	}
	return ""
}

func TestV0Fact4ASocketHasNoFramesButEventsAndAnswers(t *testing.T) {
	w := newWorld(t, Config{SilentSocket: time.Hour})
	c := w.dialV0(w.a.key)
	say(t, c, `{"type":"subscribe","event_types":["message.received"],"inbox_ids":["`+w.a.address+`"],"pod_ids":["`+w.a.id+`"]}`)
	text, _ := hear(t, c)
	if text != `{"type":"subscribed","event_types":["message.received"],"inbox_ids":["`+w.a.address+`"],"pod_ids":["`+w.a.id+`"]}` {
		t.Errorf("the answer is %s", text)
	}
	w.deliver("two@a.example", "Subject: not asked for\r\n\r\nx\r\n")
	w.deliver(w.a.address, "From: Ann <ann@x.example>\r\nSubject: event\r\nMessage-ID: <e@x.example>\r\n\r\nHello.\r\n")
	text, e := hear(t, c)
	if e.Type != "event" || e.EventType != "message.received" || !strings.HasPrefix(e.EventID, "evt_") || e.Message == nil || e.Thread == nil || e.Message.Text != "Hello." ||
		e.Message.MessageID != "<e@x.example>" || e.Message.From != "Ann <ann@x.example>" || e.Message.InboxID != w.a.address || e.Thread.ThreadID != e.Message.ThreadID || e.Thread.MessageCount != 1 {
		t.Errorf("the event is %s", text)
	}
	for _, bad := range []string{`{"type":"subscribe","inbox_ids":["one@b.example"]}`, `{"type":"subscribe","pod_ids":["` + w.b.id + `"]}`, `{"type":"subscribe","inboxIds":[]}`, `{"type":"subscribe","event_types":["x"]}`, `x`} {
		say(t, c, bad)
		text, _ := hear(t, c)
		var e struct{ Type, Name, Message string }
		if json.Unmarshal([]byte(text), &e); e.Type != "error" || e.Name == "" || e.Message == "" {
			t.Errorf("%s is answered %s", bad, text)
		}
	}
}

func TestV0Fact4PingsAreTheProtocolsAndNoFrames(t *testing.T) {
	w := newWorld(t, Config{PingInterval: 20 * time.Millisecond, SilentSocket: 10 * time.Millisecond})
	pinged := make(chan struct{}, 100)
	c, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(w.http.URL, "http")+"/v0?api_key="+w.a.key, &websocket.DialOptions{OnPingReceived: func(context.Context, []byte) bool {
		select {
		case pinged <- struct{}{}:
		default:
		}
		return true
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	frames := make(chan string, 10)
	go func() {
		defer close(frames)
		for {
			_, raw, err := c.Read(t.Context())
			if err != nil {
				return
			}
			frames <- string(raw)
		}
	}()
	for range 3 {
		<-pinged
	}
	w.deliver(w.a.address, "Subject: the first frame\r\n\r\nx\r\n")
	if first := <-frames; !strings.Contains(first, `"event_type":"message.received"`) {
		t.Errorf("before any event came %s", first)
	}
}

func TestV0Fact5ASilentSocketIsSubscribedToItsKeysScope(t *testing.T) {
	w := newWorld(t, Config{SilentSocket: 10 * time.Millisecond})
	pod, inbox := w.dialV0(w.a.key), w.dialV0(w.a.inboxKey)
	w.deliver("two@a.example", "Subject: sibling\r\n\r\nx\r\n")
	w.deliver(w.b.address, "Subject: foreign\r\n\r\nx\r\n")
	w.quarantine(w.a, w.a.address) // nobody is told of it who does not ask
	w.deliver(w.a.address, "Subject: mine\r\n\r\nx\r\n")
	for _, want := range []string{"sibling", "mine"} {
		if text, e := hear(t, pod); e.Message == nil || e.Message.Subject != want {
			t.Errorf("the pod's hears %s", text)
		}
	}
	if text, e := hear(t, inbox); e.Message == nil || e.Message.Subject != "mine" {
		t.Errorf("the inbox's hears %s", text)
	}
}

func TestV0Fact5WhoSubscribesInTimeHearsOnlyThat(t *testing.T) {
	w := newWorld(t, Config{SilentSocket: time.Hour})
	c := w.dialV0(w.a.key)
	w.deliver(w.a.address, "Subject: before\r\n\r\nx\r\n")
	say(t, c, `{"type":"subscribe","inbox_ids":["two@a.example"]}`)
	if text, _ := hear(t, c); !strings.Contains(text, `"subscribed"`) {
		t.Errorf("hears %s", text)
	}
	w.deliver("two@a.example", "Subject: after\r\n\r\nx\r\n")
	if text, e := hear(t, c); e.Message == nil || e.Message.Subject != "after" {
		t.Errorf("hears %s", text)
	}
	op := w.dialV0(w.operator)
	say(t, op, `{"type":"subscribe"}`)
	if text, _ := hear(t, op); !strings.Contains(text, "pod") {
		t.Errorf("an operator hears %s", text)
	}
	say(t, op, `{"type":"subscribe","inbox_ids":["`+w.b.address+`"]}`)
	if text, _ := hear(t, op); !strings.Contains(text, `"subscribed"`) {
		t.Errorf("an operator hears %s", text)
	}
	w.deliver(w.b.address, "Subject: of b\r\n\r\nx\r\n")
	if text, e := hear(t, op); e.Message == nil || e.Message.Subject != "of b" {
		t.Errorf("an operator hears %s", text)
	}
}

func TestV0Fact6ASocketIsNeverClosedAsIfAllWereWell(t *testing.T) {
	w := newWorld(t, Config{})
	c := w.dialV0(w.a.key)
	waiting := w.dialV0(w.a.key)
	say(t, c, `{"type":"subscribe"}`)
	hear(t, c)
	go w.api.Drain(context.Background())
	for _, c := range []*websocket.Conn{c, waiting} {
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusServiceRestart {
			t.Errorf("a drain closes with %v", err)
		}
	}
	for _, code := range []websocket.StatusCode{websocket.StatusNormalClosure, websocket.StatusServiceRestart, websocket.StatusPolicyViolation} {
		if (eventful{}).closing(code) == websocket.StatusNormalClosure {
			t.Errorf("%d becomes 1000", code)
		}
	}
	for _, key := range []string{"", w.a.key + "x"} {
		_, res, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(w.http.URL, "http")+"/v0?api_key="+key, nil)
		if err == nil || res.StatusCode != 401 {
			t.Errorf("key %q: %v", key, err)
		}
	}
}

func TestV0Fact7WhatWasAcceptedIsNeverAnsweredAsAFailureAndARepetitionSendsNothing(t *testing.T) {
	w := newWorld(t, Config{})
	path := "/inboxes/" + w.a.address + "/messages/send"
	const letter = `{"to":["ann@x.example"],"subject":"once","text":"x"}`
	first := w.v0("POST", path, w.a.key, letter, "Idempotency-Key", "job-1")
	w.restart()
	again := w.v0("POST", path, w.a.key, letter, "Idempotency-Key", "job-1")
	if first.status != 200 || again.status != 200 || first.body != again.body || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("first %d %s, again %d %s", first.status, first.body, again.status, again.body)
	}
	other := w.v0("POST", path, w.a.key, `{"to":["bob@x.example"],"text":"y"}`, "Idempotency-Key", "job-1")
	if other.status != 409 || other.refusal(t).Name != "ConflictError" {
		t.Errorf("another letter: %d %s", other.status, other.body)
	}
	var sent v0Sent
	json.Unmarshal([]byte(first.body), &sent)
	if err := w.dir.Operator().DeleteInbox(t.Context(), "", w.a.inbox); err != nil { // what the answer says was known when the message was accepted
		t.Fatal(err)
	}
	if sent.MessageID == "" || !strings.HasPrefix(sent.ThreadID, "thr_") {
		t.Errorf("sent %+v", sent)
	}
	w.api.Drain(t.Context())
	w.store.Close()
	if a := w.v0("POST", "/inboxes/"+w.b.address+"/messages/send", w.b.key, letter); a.status != 503 || a.header.Get("Retry-After") == "" || a.refusal(t).Code != "service_unavailable" {
		t.Errorf("what was not accepted: %d %s", a.status, a.body)
	}
}

func TestV0Fact8DownloadsAreLinksThatNeedNoKeyAndEnd(t *testing.T) {
	w := newWorld(t, Config{})
	w.api.cfg.PublicURL = "" // so that links lead to where the request came
	message := "/inboxes/" + w.a.address + "/messages/%3C1@x.example%3E"
	var m v0Message
	w.mustV0(200, "GET", message, w.a.key, "", &m)
	var raw v0RawLink
	var part v0AttachmentLink
	w.mustV0(200, "GET", message+"/raw", w.a.key, "", &raw)
	w.mustV0(200, "GET", message+"/attachments/"+m.Attachments[0].AttachmentID, w.a.key, "", &part)
	get := func(link string) answer {
		t.Helper()
		path, ok := strings.CutPrefix(link, w.http.URL)
		if !ok {
			t.Fatalf("the link is %s", link)
		}
		return w.do("GET", path, "", "")
	}
	if a := get(raw.DownloadURL); a.status != 200 || !strings.HasPrefix(a.body, "From: Ann") || int64(len(a.body)) != raw.Size || a.header.Get("Content-Type") != "message/rfc822" {
		t.Errorf("raw: %d %v %s", a.status, a.header, a.body)
	}
	if a := get(part.DownloadURL); a.status != 200 || strings.TrimSpace(a.body) != "<script>alert(1)</script>" || a.header.Get("Content-Type") != "application/octet-stream" ||
		!strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") || a.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("attachment: %d %v %s", a.status, a.header, a.body)
	}
	if left := time.Until(raw.ExpiresAt.Time); left <= 0 || left > downloadFor {
		t.Errorf("it is good for %v", left)
	}
	for _, link := range []string{raw.DownloadURL[:len(raw.DownloadURL)-1], strings.Replace(raw.DownloadURL, w.a.inbox, w.b.inbox, 1), w.http.URL + downloadPath + "x"} {
		if a := get(link); a.status != 404 {
			t.Errorf("%s: %d", link, a.status)
		}
	}
	w.mustV0(404, "GET", message+"/attachments/99", w.a.key, "", nil)
	w.mustV0(204, "DELETE", message, w.a.key, "", nil)
	if a := get(raw.DownloadURL); a.status != 404 {
		t.Errorf("of a message that is gone: %d", a.status)
	}
}

func TestV0Fact9ErrorsAreInTheSDKsForm(t *testing.T) {
	w := newWorld(t, Config{})
	var reader struct {
		Key string `json:"api_key"`
	}
	w.mustV0(201, "POST", "/api-keys", w.a.key, `{"name":"reader","permissions":{"message_read":true,"inbox_read":true,"api_key_create":true}}`, &reader)
	w.must(201, "POST", "/v1/suppressions", w.a.key, `{"address":"gone@x.example"}`, nil)
	in := "/inboxes/" + w.a.address
	for name, c := range map[string]struct {
		method, path, key, body string
		status                  int
		name, code, field       string
	}{
		"no key":              {"GET", "/auth/me", "", "", 401, "UnauthorizedError", "unknown_api_key", ""},
		"a wrong key":         {"GET", "/auth/me", "pr_ws_x", "", 401, "UnauthorizedError", "unknown_api_key", ""},
		"no route":            {"GET", "/nothing", w.a.key, "", 404, "NotFoundError", "not_found", ""},
		"a wrong method":      {"PUT", "/inboxes", w.a.key, "{}", 405, "MethodNotAllowedError", "method_not_allowed", ""},
		"nothing there":       {"GET", in + "/messages/%3Cnone@x%3E", w.a.key, "", 404, "NotFoundError", "not_found", ""},
		"another's":           {"GET", "/inboxes/" + w.b.address, w.a.key, "", 404, "NotFoundError", "not_found", ""},
		"no permission":       {"POST", in + "/messages/send", reader.Key, `{"to":"a@x.example","text":"x"}`, 403, "ForbiddenError", "missing_permission", ""},
		"more than its own":   {"POST", "/api-keys", reader.Key, `{"name":"more"  ,"permissions":{"message_send":true}}`, 403, "ForbiddenError", "permission_escalation", ""},
		"an unknown name":     {"POST", "/inboxes", w.a.key, `{"user_name":"x"}`, 400, "ValidationError", "validation_error", "user_name"},
		"our own dialect":     {"PATCH", in, w.a.key, `{"displayName":"x"}`, 400, "ValidationError", "validation_error", "displayName"},
		"a bad address":       {"POST", in + "/messages/send", w.a.key, `{"to":["x"],"reply_to":["y"],"text":"x"}`, 400, "ValidationError", "validation_error", "reply_to[0]"},
		"no recipient":        {"POST", in + "/messages/send", w.a.key, `{"text":"x"}`, 400, "ValidationError", "validation_error", "to"},
		"a bad attachment":    {"POST", in + "/messages/send", w.a.key, `{"to":"a@x.example","attachments":[{"content":"%"}]}`, 400, "ValidationError", "validation_error", "attachments[0].content"},
		"no JSON":             {"POST", "/inboxes", w.a.key, `{`, 400, "ValidationError", "validation_error", "body"},
		"an inbox that is":    {"POST", "/inboxes", w.a.key, `{"username":"one","domain":"a.example"}`, 403, "IsTakenError", "resource_taken", ""},
		"a domain not its":    {"POST", "/inboxes", w.a.key, `{"username":"x","domain":"b.example"}`, 404, "NotFoundError", "not_found", ""},
		"a suppressed one":    {"POST", in + "/messages/send", w.a.key, `{"to":"gone@x.example","text":"x"}`, 403, "MessageRejectedError", "message_rejected", "to"},
		"a fixed label":       {"PATCH", in + "/messages/%3C1@x.example%3E", w.a.key, `{"add_labels":["bounced"]}`, 400, "ValidationError", "validation_error", ""},
		"an unknown right":    {"POST", "/api-keys", w.a.key, `{"name":"x","permissions":{"everything":true}}`, 400, "ValidationError", "validation_error", "permissions.everything"},
		"no right at all":     {"POST", "/api-keys", w.a.key, `{"name":"x","permissions":{"message_read":false}}`, 400, "ValidationError", "validation_error", "permissions"},
		"which pod":           {"POST", "/inboxes", w.operator, `{"username":"x","domain":"a.example"}`, 400, "ValidationError", "validation_error", "pod_id"},
		"a pod with inboxes":  {"DELETE", "/pods/" + w.a.id, w.operator, "", 409, "ConflictError", "conflict", ""},
		"not built":           {"POST", "/agent/sign-up", w.a.key, `{"human_email":"x"}`, 501, "NotImplementedError", "not_implemented", ""},
		"a public key":        {"POST", "/api-keys", w.a.key, `{"public_key":{"kty":"EC"}}`, 501, "NotImplementedError", "not_implemented", ""},
		"a socket as a route": {"GET", "", w.a.key, "", 426, "UpgradeRequiredError", "upgrade_required", ""},
	} {
		a := w.v0(c.method, c.path, c.key, c.body)
		e := a.refusal(t)
		if a.status != c.status || e.Name != c.name || e.Code != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		named := c.field == ""
		for _, f := range e.Errors {
			named = named || f.Path == c.field
		}
		if !named {
			t.Errorf("%s does not name %s: %s", name, c.field, a.body)
		}
	}
	if a := w.v0("POST", "/inboxes", w.operator, `{}`); a.refusal(t).Fix == "" {
		t.Errorf("no way out: %s", a.body)
	}
	if a := w.do("POST", "/v0/inboxes", "", `{}`, "Authorization", "Bearer "+w.a.key, "Content-Type", "text/plain"); a.status != 415 || a.refusal(t).Code == "" {
		t.Errorf("text: %d %s", a.status, a.body)
	}
}

func TestV0Fact10OfTwoMessagesWithOneMessageIDTheReceivedOneAnswers(t *testing.T) {
	w := newWorld(t, Config{})
	in := "/inboxes/" + w.a.address + "/messages"
	var sent v0Sent
	w.mustV0(200, "POST", in+"/send", w.a.key, `{"to":["`+w.a.address+`"],"subject":"to myself","text":"x"}`, &sent)
	path := in + "/" + url.PathEscape(sent.MessageID)
	var m v0Message
	w.mustV0(200, "GET", path, w.a.key, "", &m)
	if m.Labels[0] != "sent" {
		t.Errorf("before it came: %v", m.Labels)
	}
	w.deliver(w.a.address, fmt.Sprintf("From: %s\r\nTo: %[1]s\r\nSubject: to myself\r\nMessage-ID: %s\r\n\r\nx\r\n", w.a.address, sent.MessageID))
	w.mustV0(200, "GET", path, w.a.key, "", &m)
	if m.Labels[0] != "received" || m.ThreadID != sent.ThreadID {
		t.Errorf("after it came: %v in %s", m.Labels, m.ThreadID)
	}
	var page v0Messages
	w.mustV0(200, "GET", in+"?subject=myself", w.a.key, "", &page)
	if page.Count != 2 || page.Messages[0].MessageID != page.Messages[1].MessageID {
		t.Errorf("lists %+v", page.Messages)
	}
}

func TestV0Fact11LabelsAreTheSystemsAndTheUsersOwn(t *testing.T) {
	w := newWorld(t, Config{})
	in := "/inboxes/" + w.a.address + "/messages"
	one := in + "/%3C1@x.example%3E"
	labels := func() string {
		var m v0Message
		w.mustV0(200, "GET", one, w.a.key, "", &m)
		return strings.Join(m.Labels, " ")
	}
	change := func(body, want string) {
		t.Helper()
		var c v0MessageLabels
		w.mustV0(200, "PATCH", one, w.a.key, body, &c)
		if got := strings.Join(c.Labels, " "); got != want || got != labels() || c.MessageID != "<1@x.example>" {
			t.Errorf("%s: %q, then %q", body, got, labels())
		}
	}
	if labels() != "received unread" {
		t.Errorf("new: %s", labels())
	}
	change(`{"add_labels":["read","Needs-Reply"],"remove_labels":["unread"]}`, "received needs-reply read")
	change(`{"remove_labels":"read"}`, "received unread needs-reply")
	change(`{"add_labels":"spam"}`, "received unread spam needs-reply")
	change(`{"add_labels":"trash"}`, "received unread trash needs-reply")
	w.quarantine(w.a, w.a.address)
	count := func(query string, want int) {
		t.Helper()
		var page v0Messages
		if w.mustV0(200, "GET", in+query, w.a.key, "", &page); page.Count != want {
			t.Errorf("%s lists %d, want %d", query, page.Count, want)
		}
	}
	count("", 0)
	count("?include_trash=true", 1)
	count("?include_spam=true", 0) // what a list kept out is blocked, and not spam; one more lies in Junk from the start
	count("?include_blocked=true", 2)
	count("?labels=trash", 1)
	count("?labels=needs-reply&include_trash=true", 1)
	change(`{"remove_labels":"trash"}`, "received unread needs-reply")
	count("", 1)
	count("?labels=unread", 1)
	var sent v0Sent
	w.mustV0(200, "POST", in+"/send", w.a.key, `{"to":"ann@x.example","text":"x","labels":["outreach"]}`, &sent)
	var m v0Message
	w.mustV0(200, "GET", in+"/"+url.PathEscape(sent.MessageID), w.a.key, "", &m)
	if got := strings.Join(m.Labels, " "); got != "sent outreach read" {
		t.Errorf("sent: %s", got)
	}
	count("?labels=bounced", 0)
	count("?labels=scheduled", 0)
	var all v0Messages
	w.mustV0(200, "GET", in+"?ascending=true&limit=1", w.a.key, "", &all)
	if all.Count != 1 || all.Messages[0].MessageID != "<1@x.example>" || all.NextPageToken == "" {
		t.Errorf("the oldest first: %+v", all)
	}
	w.mustV0(200, "GET", in+"?ascending=true&limit=1&page_token="+all.NextPageToken, w.a.key, "", &all)
	if all.Count != 1 || all.Messages[0].MessageID != sent.MessageID {
		t.Errorf("then: %+v", all)
	}
	w.mustV0(400, "GET", in+"?page_token="+all.NextPageToken+"x", w.a.key, "", nil)
}
