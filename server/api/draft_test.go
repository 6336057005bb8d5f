package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
)

func (w *world) drafts(n tenant) string { return "/v1/inboxes/" + n.inbox + "/drafts" }

// draft makes a draft in a tenant's first inbox.
func (w *world) draft(n tenant, body string) (m messageObject) {
	w.t.Helper()
	w.must(201, "POST", w.drafts(n), n.key, body, &m)
	return m
}

func (w *world) changeDraft(n tenant, id, body string) (m messageObject) {
	w.t.Helper()
	w.must(200, "PATCH", w.drafts(n)+"/"+id, n.key, body, &m)
	return m
}

// key makes a key of a tenant's first inbox with some permissions.
func (w *world) keyWith(n tenant, permissions string) string {
	w.t.Helper()
	var k struct{ Key string }
	w.must(201, "POST", "/v1/inboxes/"+n.inbox+"/keys", n.key, `{"name":"k","permissions":[`+permissions+`]}`, &k)
	return k.Key
}

func addresses(list []person) string {
	return strings.Join(each(list, func(p person) string { return p.Address }), " ")
}

const wholeDraft = `{"to":"Ann Lee <ann@x.example>","cc":["bob@x.example"],"bcc":"d@y.example","replyTo":"desk@a.example","subject":"Grüße","text":"Hello","html":"<p>Hello</p><img src=\"cid:pic\">",
	"headers":{"X-Job":"42"},"labels":["Outreach"],"attachments":[{"filename":"a.txt","content":"aGk="},{"filename":"p.png","contentType":"image/png","content":"iVBORw","contentId":"pic","disposition":"inline"}]}`

func TestADraftIsMadeListedChangedAndSent(t *testing.T) {
	w := newWorld(t, Config{})
	d := w.draft(w.a, wholeDraft)
	if strings.Join(d.Labels, " ") != "draft outreach" || d.Version == "" || addresses(d.Bcc) != "d@y.example" || !strings.HasPrefix(d.Text, "Hello") || len(d.Attachments) != 2 || d.From.Address != "one@a.example" {
		t.Errorf("%+v", d)
	}
	if m := w.get(w.a, d.ID); strings.Join(m.Mailboxes, " ") != "Drafts" || m.Subject != "Grüße" {
		t.Errorf("%+v", m)
	}
	var page, all draftList
	w.must(200, "GET", w.drafts(w.a)+"?limit=1", w.a.key, "", &page)
	w.must(200, "GET", "/v1/drafts", w.a.key, "", &all)
	if len(page.Drafts) != 1 || page.Drafts[0].ID != d.ID || page.NextCursor == "" || page.Drafts[0].Version != d.Version || len(all.Drafts) != 2 {
		t.Errorf("%+v, %+v", page, all)
	}
	var last draftList
	w.must(200, "GET", w.drafts(w.a)+"?limit=1&cursor="+page.NextCursor, w.a.key, "", &last)
	if len(last.Drafts) != 1 || last.Drafts[0].ID != w.a.draft || last.NextCursor != "" {
		t.Errorf("%+v", last)
	}
	changed := w.changeDraft(w.a, d.ID, `{"subject":"Later","cc":[]}`)
	if changed.ID != d.ID || changed.Version == d.Version || changed.Subject != "Later" || len(changed.Cc) != 0 || addresses(changed.To) != "ann@x.example" || changed.To[0].Name != "Ann Lee" ||
		addresses(changed.Bcc) != "d@y.example" || addresses(changed.ReplyTo) != "desk@a.example" || changed.Text != d.Text || changed.HTML != d.HTML || changed.MessageID != d.MessageID ||
		changed.ThreadID != d.ThreadID || strings.Join(changed.Labels, " ") != "draft outreach" || len(changed.Attachments) != 2 {
		t.Errorf("%+v", changed)
	}
	w.must(404, "GET", w.drafts(w.a)+"/"+w.a.message, w.a.key, "", nil)
	var sent accepted
	w.must(202, "POST", w.drafts(w.a)+"/"+d.ID+"/send", w.a.key, "", &sent)
	to, raw := w.queued(w.a, sent.ID)
	if sent.MessageID != d.MessageID || sent.ThreadID != d.ThreadID || strings.Join(to, " ") != "ann@x.example d@y.example" || !strings.Contains(raw, "\r\nX-Job: 42\r\n") {
		t.Errorf("%+v to %v:\n%s", sent, to, raw)
	}
	if m := w.get(w.a, sent.ID); strings.Join(m.Labels, " ") != "sent outreach" || m.Subject != "Later" || len(m.Attachments) != 2 {
		t.Errorf("%+v", m)
	}
	w.must(404, "GET", w.drafts(w.a)+"/"+d.ID, w.a.key, "", nil)
	w.must(404, "POST", w.drafts(w.a)+"/"+d.ID+"/send", w.a.key, "", nil)
}

func TestTheAttachmentsOfADraftAreAddedReadAndTakenAway(t *testing.T) {
	w := newWorld(t, Config{})
	d := w.draft(w.a, wholeDraft)
	named := func(d messageObject, name string) (id string) {
		for _, a := range d.Attachments {
			if a.Filename == name {
				id = a.ID
			}
		}
		return id
	}
	d = w.changeDraft(w.a, d.ID, `{"addAttachments":[{"filename":"b.txt","content":"Yg=="}],"removeAttachments":["`+named(d, "a.txt")+`"]}`)
	if len(d.Attachments) != 2 || named(d, "a.txt") != "" {
		t.Fatalf("%+v", d.Attachments)
	}
	for name, want := range map[string]string{"b.txt": "b", "p.png": "\x89PNG"} {
		if a := w.must(200, "GET", w.drafts(w.a)+"/"+d.ID+"/attachments/"+named(d, name), w.a.key, "", nil); a.body != want {
			t.Errorf("%s is %q", name, a.body)
		}
	}
	for _, a := range d.Attachments {
		if a.Filename == "p.png" && (a.ContentID != "pic" || a.Disposition != "inline") {
			t.Errorf("%+v", a)
		}
	}
	for body, field := range map[string]string{
		`{"removeAttachments":["9"]}`:                                                "body.removeAttachments[0]",
		`{"addAttachments":[{"content":"!"}]}`:                                       "body.addAttachments[0].content",
		`{"addAttachments":[{"filename":"../x","content":"aGk="}]}`:                  "body.addAttachments[0].filename",
		`{"addAttachments":[{"filename":"a\r\nb: c","content":"aGk="}]}`:             "body.addAttachments[0].filename",
		`{"to":["x@x.example","y"]}`:                                                 "body.to[1]",
		`{"headers":{"X-A":"b\r\nBcc: evil@x.example"}}`:                             "body.headers.X-A",
		`{"headers":{"Bcc":"evil@x.example"}}`:                                       "body.headers.Bcc",
		`{"subject":"x\r\nBcc: evil@x.example"}`:                                     "body.subject",
		`{"from":"Me\r\nBcc: evil@x.example <one@a.example>"}`:                       "body.from",
		`{"sendAt":"` + time.Now().Add(-time.Hour).Format(time.RFC3339) + `"}`:       "body.sendAt",
		`{"sendAt":"` + time.Now().Add(400*24*time.Hour).Format(time.RFC3339) + `"}`: "body.sendAt",
		`{"sendAt":"tomorrow"}`:                                                      "body.sendAt",
	} {
		a := w.do("PATCH", w.drafts(w.a)+"/"+d.ID, w.a.key, body)
		if p := a.problem(t); a.status != 400 || len(p.Errors) == 0 || p.Errors[0].Path != field {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if a := w.do("PATCH", w.drafts(w.a)+"/"+d.ID, w.a.key, `{"from":"one@b.example"}`); a.status != 403 || a.problem(t).Code != "sender_not_owned" {
		t.Errorf("%d %s", a.status, a.body)
	}
	var now messageObject
	if w.must(200, "GET", w.drafts(w.a)+"/"+d.ID, w.a.key, "", &now); now.Version != d.Version {
		t.Errorf("what was refused changed the draft: %+v", now)
	}
	large := `{"addAttachments":[{"filename":"l","content":"` + strings.Repeat("AAAA", 1<<20) + `"}]}`
	if d = w.changeDraft(w.a, d.ID, large); len(d.Attachments) != 3 || w.api.room.used != 0 {
		t.Errorf("%+v, %d octets kept", d.Attachments, w.api.room.used)
	}
	many := make([]string, 100)
	for i := range many {
		many[i] = `{"content":"aGk="}`
	}
	if a := w.do("PATCH", w.drafts(w.a)+"/"+d.ID, w.a.key, `{"addAttachments":[`+strings.Join(many, ",")+`]}`); a.status != 400 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestTextAndHTMLAreOneBody(t *testing.T) {
	w := newWorld(t, Config{})
	d := w.draft(w.a, wholeDraft)
	if d = w.changeDraft(w.a, d.ID, `{"html":"<b>New</b>"}`); strings.TrimSpace(d.Text) != "New" || !strings.Contains(d.HTML, "<b>New</b>") {
		t.Errorf("%+v", d)
	}
	if d = w.changeDraft(w.a, d.ID, `{"text":"Plain"}`); strings.TrimSpace(d.Text) != "Plain" || d.HTML != "" {
		t.Errorf("%+v", d)
	}
}

func TestAChangeOfAnotherVersionIsRefused(t *testing.T) {
	w := newWorld(t, Config{})
	d := w.draft(w.a, `{"to":"ann@x.example","text":"x"}`)
	one := w.drafts(w.a) + "/" + d.ID
	first := w.do("PATCH", one, w.a.key, `{"subject":"One"}`, "If-Match", `"`+d.Version+`"`)
	if first.status != 200 || first.header.Get("ETag") == "" || first.header.Get("ETag") == `"`+d.Version+`"` {
		t.Fatalf("%d %v %s", first.status, first.header, first.body)
	}
	for name, c := range map[string]struct{ method, path, body string }{"change": {"PATCH", one, `{"subject":"Two"}`}, "deletion": {"DELETE", one, ""}, "sending": {"POST", one + "/send", ""}} {
		if a := w.do(c.method, c.path, w.a.key, c.body, "If-Match", d.Version); a.status != 412 || a.problem(t).Code != "draft_changed" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := w.do("GET", one, w.a.key, ""); a.header.Get("ETag") != first.header.Get("ETag") {
		t.Errorf("%v", a.header)
	}
	// without a version those who change other things at once all have their way
	var group sync.WaitGroup
	for _, body := range []string{`{"subject":"Three"}`, `{"cc":"c@x.example"}`, `{"labels":["l"]}`} {
		group.Go(func() {
			if a := w.do("PATCH", one, w.a.key, body); a.status != 200 {
				t.Errorf("%s: %d %s", body, a.status, a.body)
			}
		})
	}
	group.Wait()
	var now messageObject
	if w.must(200, "GET", one, w.a.key, "", &now); now.Subject != "Three" || addresses(now.Cc) != "c@x.example" || strings.Join(now.Labels, " ") != "draft l" || strings.TrimSpace(now.Text) != "x" {
		t.Errorf("%+v", now)
	}
	w.must(204, "DELETE", one, w.a.key, "", nil)
	w.must(404, "PATCH", one, w.a.key, `{"subject":"Four"}`, nil)
}

func TestDraftsAreMadeOfRepliesAndForwards(t *testing.T) {
	w := newWorld(t, Config{})
	original := w.get(w.a, w.a.message)
	for as, want := range map[string]struct {
		to, subject string
		attachments int
	}{"reply": {"ann@x.example", "Re: Hello", 0}, "reply-all": {"ann@x.example", "Re: Hello", 0}, "forward": {"", "Fwd: Hello", 1}} {
		d := w.draft(w.a, `{"text":"Mine","original":{"messageId":"`+w.a.message+`","as":"`+as+`","quote":true}}`)
		if d.ThreadID != original.ThreadID || d.InReplyTo != "<1@x.example>" || addresses(d.To) != want.to || d.Subject != want.subject || len(d.Attachments) != want.attachments || !strings.Contains(d.Text, "Lunch?") {
			t.Errorf("%s: %+v", as, d)
		}
		d = w.changeDraft(w.a, d.ID, `{"to":"bob@y.example"}`)
		if d.ThreadID != original.ThreadID || d.InReplyTo != "<1@x.example>" || strings.Join(d.References, " ") != "<1@x.example>" || len(d.Attachments) != want.attachments {
			t.Errorf("%s, changed: %+v", as, d)
		}
		var sent accepted
		w.must(202, "POST", w.drafts(w.a)+"/"+d.ID+"/send", w.a.key, "", &sent)
		if sent.ThreadID != original.ThreadID {
			t.Errorf("%s: %+v", as, sent)
		}
	}
	if a := w.do("POST", w.drafts(w.a), w.a.key, `{"original":{"messageId":"`+w.b.message+`","as":"reply"}}`); a.status != 404 {
		t.Errorf("%d %s", a.status, a.body)
	}
	d := w.draft(w.a, `{"inReplyTo":"<1@x.example>","text":"x"}`)
	if d.ThreadID != original.ThreadID || d.InReplyTo != "<1@x.example>" {
		t.Errorf("%+v", d)
	}
}

func TestWhoMayOnlyDraftCannotSendNorSchedule(t *testing.T) {
	w := newWorld(t, Config{})
	drafter, reader := w.keyWith(w.a, `"draft","read"`), w.keyWith(w.a, `"read"`)
	later := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	var d messageObject
	w.must(201, "POST", w.drafts(w.a), drafter, `{"to":"ann@x.example","subject":"For approval"}`, &d)
	one := w.drafts(w.a) + "/" + d.ID
	w.must(200, "PATCH", one, drafter, `{"text":"x"}`, nil)
	for name, c := range map[string]struct{ method, path, key, body string }{
		"sending":             {"POST", one + "/send", drafter, ""},
		"scheduling":          {"PATCH", one, drafter, `{"sendAt":"` + later + `"}`},
		"a scheduled draft":   {"POST", w.drafts(w.a), drafter, `{"sendAt":"` + later + `"}`},
		"a draft of a reader": {"POST", w.drafts(w.a), reader, `{"text":"x"}`},
		"a reader's change":   {"PATCH", one, reader, `{"text":"x"}`},
		"a reader's removal":  {"DELETE", one, reader, ""},
	} {
		if a := w.do(c.method, c.path, c.key, c.body); a.status != 403 || a.problem(t).Code != "permission_denied" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	w.changeDraft(w.a, d.ID, `{"sendAt":"`+later+`"}`)
	if a := w.do("PATCH", one, drafter, `{"text":"another text under the same time"}`); a.status != 403 {
		t.Errorf("%d %s", a.status, a.body)
	}
	var freed messageObject
	w.must(200, "PATCH", one, drafter, `{"text":"y","sendAt":null}`, &freed)
	if freed.Status != "" || freed.SendAt != nil {
		t.Errorf("%+v", freed)
	}
	blind := w.keyWith(w.a, `"draft"`)
	var unread messageObject
	w.must(201, "POST", w.drafts(w.a), blind, `{"text":"x"}`, &unread)
	w.must(403, "GET", w.drafts(w.a)+"/"+unread.ID, blind, "", nil)
	w.must(403, "POST", w.drafts(w.a), blind, `{"original":{"messageId":"`+w.a.message+`","as":"reply"}}`, nil)
	w.must(204, "DELETE", one, drafter, "", nil)
}

func TestADraftThatNamesAnotherAsItsAuthorIsNotSent(t *testing.T) {
	w := newWorld(t, Config{})
	for name, raw := range map[string]string{
		"From":       "From: one@b.example\r\nTo: ann@x.example\r\n\r\nx\r\n",
		"Sender":     "From: one@a.example\r\nSender: one@b.example\r\nTo: ann@x.example\r\n\r\nx\r\n",
		"two Froms":  "From: one@a.example\r\nFrom: one@b.example\r\nTo: ann@x.example\r\n\r\nx\r\n",
		"no From":    "To: ann@x.example\r\n\r\nx\r\n",
		"no address": "From: one@a.example\r\nTo: ann\r\n\r\nx\r\n",
		"nobody":     "From: one@a.example\r\n\r\nx\r\n",
	} {
		id := w.appended(w.a, raw)
		if a := w.do("POST", w.drafts(w.a)+"/"+id+"/send", w.a.key, ""); a.status != 400 && a.status != 403 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	id := w.appended(w.a, "From: one@a.example\r\nTo: ann@x.example\r\nBcc: log@y.example\r\nX-Client: y\r\nSubject: Of a client\r\n\r\nx\r\n")
	w.changeDraft(w.a, id, `{"subject":"Of both"}`)
	var sent accepted
	w.must(202, "POST", w.drafts(w.a)+"/"+id+"/send", w.a.key, "", &sent)
	if to, raw := w.queued(w.a, sent.ID); strings.Join(to, " ") != "ann@x.example log@y.example" || !strings.Contains(raw, "X-Client: y\r\n") || !strings.Contains(raw, "Subject: Of both\r\n") {
		t.Errorf("%v\n%s", to, raw)
	}
	if len(w.queue(w.a.key, "").Entries) != 2 {
		t.Error("something else waits")
	}
}

// appended puts a message into Drafts as a mail client does.
func (w *world) appended(n tenant, raw string) string {
	w.t.Helper()
	r, err := w.dir.Recipient(w.t.Context(), n.address)
	if err != nil {
		w.t.Fatal(err)
	}
	sp := mailstore.NewSpool(r.Inbox)
	defer sp.Close()
	io.WriteString(sp, raw)
	a, err := r.Inbox.Append(w.t.Context(), mailstore.DraftsMailbox)
	if err == nil {
		err = a.Add(w.t.Context(), sp, mailstore.Uploaded{Flags: mailstore.Draft | mailstore.Seen})
	}
	if err == nil {
		_, _, err = a.Commit(w.t.Context())
	}
	if err != nil {
		w.t.Fatal(err)
	}
	var list draftList
	w.must(200, "GET", w.drafts(n)+"?limit=1", n.key, "", &list)
	return list.Drafts[0].ID
}

func TestDraftsAreToldOfInEvents(t *testing.T) {
	w := newWorld(t, Config{})
	var start eventList
	w.must(200, "GET", "/v1/events?limit=200", w.a.key, "", &start)
	d := w.draft(w.a, `{"to":"ann@x.example","subject":"Told"}`)
	w.changeDraft(w.a, d.ID, `{"subject":"Told again"}`)
	w.must(202, "POST", w.drafts(w.a)+"/"+d.ID+"/send", w.a.key, "", nil)
	id := w.appended(w.a, "From: one@a.example\r\nSubject: Of a client\r\n\r\nx\r\n")
	w.must(204, "DELETE", w.drafts(w.a)+"/"+id+"?permanent=true", w.a.key, "", nil)
	var list struct {
		Events []struct {
			Type string
			Data struct{ ID, Subject string }
		}
	}
	w.must(200, "GET", "/v1/events?limit=200&cursor="+start.NextCursor, w.a.key, "", &list)
	var got []string
	for _, e := range list.Events {
		who := "other"
		if e.Data.ID == d.ID {
			who = "draft"
		}
		got = append(got, e.Type+" "+who+" "+e.Data.Subject)
	}
	want := []string{"message.appended draft Told", "message.updated draft Told again", "message.sent other Told again", "message.deleted draft ", "message.appended other Of a client", "message.deleted other "}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

func TestSendAtOfWhatWaitsIsChangedAndCancelled(t *testing.T) {
	w := newWorld(t, Config{})
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	first := w.send(w.a, `{"to":"ann@x.example","subject":"Later","sendAt":"`+at(time.Hour)+`"}`)
	one := "/v1/inboxes/" + w.a.inbox + "/messages/" + first.ID
	var list messageList
	w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages?labels=scheduled", w.a.key, "", &list)
	if first.Status != "scheduled" || len(list.Messages) != 1 || list.Messages[0].SendAt == nil || strings.Join(list.Messages[0].Labels, " ") != "sent scheduled" {
		t.Errorf("%+v, %+v", first, list)
	}
	later := at(2 * time.Hour)
	change := func(id, body string) (m messageObject) {
		t.Helper()
		w.must(200, "PATCH", "/v1/inboxes/"+w.a.inbox+"/messages/"+id, w.a.key, body, &m)
		return m
	}
	m := change(first.ID, `{"sendAt":"`+later+`","addLabels":["moved"]}`)
	if m.Status != "scheduled" || m.SendAt.Format(time.RFC3339) != later || strings.Join(m.Labels, " ") != "sent scheduled moved" {
		t.Errorf("%+v", m)
	}
	w.restart()
	if m = w.get(w.a, first.ID); m.SendAt.Format(time.RFC3339) != later {
		t.Errorf("%+v", m)
	}
	labeller := w.keyWith(w.a, `"read","messages:update"`)
	if a := w.do("PATCH", one, labeller, `{"sendAt":null}`); a.status != 403 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if m = change(first.ID, `{"sendAt":null}`); m.Status != "cancelled" || m.SendAt != nil {
		t.Errorf("%+v", m)
	}
	if a := w.do("PATCH", one, w.a.key, `{"sendAt":"`+later+`"}`); a.status != 409 || a.problem(t).Code != "not_scheduled" {
		t.Errorf("%d %s", a.status, a.body)
	}
	second := w.send(w.a, `{"to":"ann@x.example","sendAt":"`+at(time.Hour)+`"}`)
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.inbox+"/messages/"+second.ID, w.a.key, "", nil)
	third := w.send(w.a, `{"to":"ann@x.example","sendAt":"`+at(time.Hour)+`"}`)
	m = change(third.ID, `{"sendAt":"`+at(-time.Hour)+`"}`)
	if q := w.queue(w.a.key, "").Entries; len(q) != 1 || q[0].MessageID != third.ID || q[0].Status != "queued" || m.Status != "queued" {
		t.Errorf("%+v, %+v", q, m)
	}
	draft := w.draft(w.a, `{"to":"ann@x.example","sendAt":"`+at(time.Hour)+`"}`)
	m = change(draft.ID, `{"sendAt":null}`)
	if draft.Status != "scheduled" || strings.Join(draft.Labels, " ") != "draft scheduled" || m.Status != "" || strings.Join(m.Labels, " ") != "draft" {
		t.Errorf("%+v, %+v", draft, m)
	}
}

// failing serves the interface to clients who are told of a failure that was none: each request is done, and the first answer to it
// is lost.
func (w *world) failing() (url string, lost *atomic.Int32) {
	lost = &atomic.Int32{}
	seen := sync.Map{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, again := seen.LoadOrStore(r.Method+r.URL.Path+r.Header.Get("Idempotency-Key"), true)
		if again {
			w.api.Handler().ServeHTTP(rw, r)
			return
		}
		rec := httptest.NewRecorder()
		w.api.Handler().ServeHTTP(rec, r)
		if rec.Code/100 == 2 {
			lost.Add(1)
		}
		rw.WriteHeader(http.StatusBadGateway)
	}))
	w.t.Cleanup(server.Close)
	return server.URL, lost
}

func TestARetryAfterALostAnswerMakesOne(t *testing.T) {
	w := newWorld(t, Config{})
	draft := w.draft(w.a, `{"to":"ann@x.example","subject":"drafted"}`)
	url, lost := w.failing()
	straight := w.http.URL
	w.http.URL = url
	one := "/v1/inboxes/" + w.a.inbox + "/messages"
	for _, c := range []struct{ path, body string }{
		{one, `{"to":"ann@x.example","subject":"sent"}`},
		{one + "/" + w.a.message + "/reply", `{"text":"replied"}`},
		{one + "/" + w.a.message + "/forward", `{"to":"bob@x.example","text":"forwarded"}`},
		{w.drafts(w.a) + "/" + draft.ID + "/send", ""},
		{w.drafts(w.a), `{"subject":"made"}`},
	} {
		first := w.do("POST", c.path, w.a.key, c.body, "Idempotency-Key", "k")
		answers := make([]answer, 4)
		var group sync.WaitGroup
		for i := range answers { // the client retries, and so does its proxy
			group.Go(func() { answers[i] = w.do("POST", c.path, w.a.key, c.body, "Idempotency-Key", "k") })
		}
		group.Wait()
		var id struct{ ID string }
		json.Unmarshal([]byte(answers[0].body), &id)
		for _, a := range answers {
			if first.status != 502 || a.status/100 != 2 || a.body != answers[0].body || a.header.Get("Idempotency-Replayed") != "true" || id.ID == "" {
				t.Errorf("%s: %d, then %d %v %s", c.path, first.status, a.status, a.header, a.body)
			}
		}
	}
	w.http.URL = straight
	if n := lost.Load(); n != 5 {
		t.Errorf("%d answers were lost", n)
	}
	if n := len(w.queue(w.a.key, "").Entries); n != 4 {
		t.Errorf("%d wait, and 4 were to be sent", n)
	}
	var list draftList
	if w.must(200, "GET", w.drafts(w.a), w.a.key, "", &list); len(list.Drafts) != 2 {
		t.Errorf("%+v", list)
	}
}

func TestTwinsMakeOneDraftAndSendOneMessage(t *testing.T) {
	w := newWorld(t, Config{})
	twins := func(path, body string) (answers [8]answer) {
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() { answers[i] = w.do("POST", path, w.a.key, body, "Idempotency-Key", "k") })
		}
		group.Wait()
		for _, a := range answers {
			if a.status/100 != 2 || a.body != answers[0].body {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
		return answers
	}
	made := twins(w.drafts(w.a), `{"to":"ann@x.example"}`)
	var d messageObject
	json.Unmarshal([]byte(made[0].body), &d)
	twins(w.drafts(w.a)+"/"+d.ID+"/send", "")
	var list draftList
	w.must(200, "GET", w.drafts(w.a), w.a.key, "", &list)
	if n := len(w.queue(w.a.key, "").Entries); n != 1 || len(list.Drafts) != 1 {
		t.Errorf("%d wait, %d drafts", n, len(list.Drafts))
	}
	// what was made is told again as it was, though it is gone
	again := w.do("POST", w.drafts(w.a), w.a.key, `{"to":"ann@x.example"}`, "Idempotency-Key", "k")
	var told messageObject
	if json.Unmarshal([]byte(again.body), &told); again.status != 201 || told.ID != d.ID || told.Version != d.Version || !told.Truncated {
		t.Errorf("%d %s", again.status, again.body)
	}
	if a := w.do("POST", w.drafts(w.a), w.a.key, `{"to":"bob@x.example"}`, "Idempotency-Key", "k"); a.status != 409 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAChangeThatIsRefusedLeavesTheTimeOfAMessage(t *testing.T) {
	w := newWorld(t, Config{})
	var sent accepted
	w.must(202, "POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, `{"to":"ann@x.example","text":"x","sendAt":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`, &sent)
	for _, body := range []string{`{"sendAt":null,"addLabels":["draft"]}`, `{"sendAt":null,"removeLabels":["two words"]}`} {
		w.must(400, "PATCH", "/v1/inboxes/"+w.a.inbox+"/messages/"+sent.ID, w.a.key, body, nil)
	}
	if m := w.get(w.a, sent.ID); m.Status != "scheduled" {
		t.Errorf("%+v", m)
	}
}

func TestAnEmptyEntityTagIsNoVersion(t *testing.T) {
	w := newWorld(t, Config{})
	d := w.draft(w.a, `{"to":"ann@x.example"}`)
	for method, path := range map[string]string{"PATCH": "", "DELETE": "", "POST": "/send"} {
		body := ""
		if method == "PATCH" {
			body = `{"subject":"x"}`
		}
		if a := w.do(method, w.drafts(w.a)+"/"+d.ID+path, w.a.key, body, "If-Match", `""`); a.status != 412 {
			t.Errorf("%s: %d %s", method, a.status, a.body)
		}
	}
	if a := w.do("PATCH", w.drafts(w.a)+"/"+d.ID, w.a.key, `{"subject":"x"}`, "If-Match", d.Version); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAChangeOfNothingLeavesADraftAsItIs(t *testing.T) {
	w := newWorld(t, Config{})
	d := w.draft(w.a, `{"to":"ann@x.example","labels":["mine"]}`)
	if now := w.changeDraft(w.a, d.ID, `{}`); now.Version != d.Version || now.UpdatedAt != d.UpdatedAt {
		t.Errorf("%+v", now)
	}
	if a := w.do("PATCH", w.drafts(w.a)+"/"+d.ID, w.a.key, `{}`, "If-Match", `"9.9"`); a.status != 412 {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.must(404, "PATCH", w.drafts(w.a)+"/"+w.a.message, w.a.key, `{}`, nil)
}
