package api

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestWhateverABodyIsV0AnswersInWords(t *testing.T) {
	w := newWorld(t, Config{})
	w.deliver(w.a.address, "From: Ann <ann@x.example>\r\nSubject: x\r\nMessage-ID: <a.example@x.example>\r\n\r\nx\r\n")
	many, _ := json.Marshal(map[string]any{"to": make([]string, 10_000), "add_labels": make([]string, 10_000), "message_ids": make([]string, 10_000), "permissions": map[string]bool{strings.Repeat("x", 10_000): true}})
	for _, r := range w.api.v0.routes {
		if r.do == nil || r.method != "POST" && r.method != "PATCH" || strings.HasSuffix(r.path, "/verify") {
			continue
		}
		for _, body := range []string{`[]`, `null`, `7`, `"x"`, `{"unheard_of":1}`, `{"to":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, `{"to":1e999}`, "{\"to\":\"\xff\"}", `{"to":"\ud800"}`, `{"to":{"to":{}}}`,
			`{"attachments":[{"content":{}}]}`, `{"attachments":[[]]}`, `{"headers":{"":""}}`, string(many), `{"name":null,"username":null,"domain":null,"entry":null,"url":null}`} {
			a := w.v0(r.method, fillV0(t, strings.TrimPrefix(r.path, "/v0"), w.a), w.a.key, body)
			if a.status >= 500 || a.status < 400 && !strings.Contains(body, "null") {
				t.Errorf("%s %s %.80s: %d %.300s", r.method, r.path, body, a.status, a.body)
			}
			if a.status >= 400 {
				a.refusal(t)
			}
		}
	}
}

func TestNothingThatReachesAMessageOfV0BringsALineOfItsOwn(t *testing.T) {
	w := newWorld(t, Config{})
	path := "/inboxes/" + w.a.address + "/messages/send"
	for _, body := range []string{
		`{"to":"a@x.example\r\nBcc: spy@x.example","text":"x"}`, `{"to":"Ann\r\nBcc: spy@x.example <a@x.example>","text":"x"}`, `{"to":["a@x.example"],"reply_to":"b@x.example\nX: y","text":"x"}`,
		`{"to":["a@x.example"],"subject":"x\r\nBcc: spy@x.example","text":"x"}`, `{"to":["a@x.example"],"headers":{"X-A\r\nBcc":"spy@x.example"},"text":"x"}`, `{"to":["a@x.example"],"headers":{"X-A":"x\r\nBcc: spy@x.example"},"text":"x"}`,
		`{"to":["a@x.example"],"headers":{"From":"spy@x.example"},"text":"x"}`, `{"to":["a@x.example"],"attachments":[{"filename":"a\r\nX: y","content":"eA=="}],"text":"x"}`,
		`{"to":["a@x.example"],"attachments":[{"content_type":"text/plain\r\nX: y","content":"eA=="}],"text":"x"}`, `{"to":["a@x.example"],"attachments":[{"content_id":"a>\r\nX: y","content":"eA=="}],"text":"x"}`,
		`{"to":["a@x.example"],"labels":["a\r\nb"],"text":"x"}`,
	} {
		if a := w.v0("POST", path, w.a.key, body); a.status != 400 {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	var sent v0Sent
	w.mustV0(200, "POST", path, w.a.key, `{"to":["a@x.example"],"text":"x"}`, &sent)
	w.mustV0(404, "GET", "/inboxes/"+w.a.address+"/messages/"+url.PathEscape(sent.MessageID+"\r\nX: y"), w.a.key, "", nil)
}
