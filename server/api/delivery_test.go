package api

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// try plays the courier: it tries the recipients of a tenant that are due and settles each as settle says.
func (w *world) try(n tenant, domain string, settle func(c mailstore.Claimed, r *mailstore.Result)) {
	w.t.Helper()
	out, err := w.dir.Outbox(w.t.Context(), mailstore.WorkspaceID(n.id))
	if err != nil {
		w.t.Fatal(err)
	}
	parcels, err := out.Claim(w.t.Context(), time.Now(), []mailstore.Queue{{Domain: domain, Lane: mailstore.Prompt}, {Domain: domain, Lane: mailstore.Bulk}}, 100)
	if err != nil || len(parcels) == 0 {
		w.t.Fatalf("claimed %v, %v", parcels, err)
	}
	for _, p := range parcels {
		left, err := out.Begin(w.t.Context(), p, mailstore.Backoff{time.Hour})
		if err != nil {
			w.t.Fatal(err)
		}
		var results []mailstore.Result
		for _, c := range left {
			r := mailstore.Result{Row: c.Row, Number: c.Attempts, Status: mailstore.Delivered, Host: "mx." + domain, Address: "192.0.2.1:25", TLS: "TLS 1.3", Verified: "mta-sts", Code: 250, Enhanced: "2.0.0", Reply: "ok"}
			settle(c, &r)
			results = append(results, r)
		}
		if err := out.Settle(w.t.Context(), results); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestWhatBecameOfEachRecipientIsTold(t *testing.T) {
	w := newWorld(t, Config{})
	a := w.send(w.a, `{"to":["ann@x.example","bob@x.example","carl@x.example"]}`)
	w.try(w.a, "x.example", func(c mailstore.Claimed, r *mailstore.Result) {
		switch c.Address[:3] {
		case "bob":
			r.Status, r.Code, r.Enhanced, r.Reply, r.Reason, r.RetryAt = mailstore.Deferred, 451, "4.3.0", "later", "other", time.Now().Add(time.Hour)
		case "car":
			r.Status, r.Code, r.Enhanced, r.Reply, r.Reason, r.Suppress = mailstore.Bounced, 550, "5.1.1", "=unknown", "userUnknown", true
		}
	})
	var list recipientList
	text := w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+a.ID+"/delivery", w.a.inboxKey, "", &list).body
	if len(list.Recipients) != 3 {
		t.Fatal(text)
	}
	ann, bob, carl := list.Recipients[0], list.Recipients[1], list.Recipients[2]
	if ann.Status != "delivered" || ann.Why != "" || ann.NextAttemptAt != nil || ann.EndedAt == nil || ann.Attempts != 1 || len(ann.AttemptsList) != 1 ||
		ann.AttemptsList[0].Host != "mx.x.example" || ann.AttemptsList[0].TLS != "TLS 1.3" || ann.AttemptsList[0].Verified != "mta-sts" || ann.AttemptsList[0].EndedAt == nil {
		t.Errorf("%+v", ann)
	}
	if bob.Status != "deferred" || bob.Why != "retryAt" || bob.WhyUntil == nil || bob.NextAttemptAt == nil || bob.Code != 451 || bob.Reply != "later" {
		t.Errorf("%+v", bob)
	}
	if carl.Status != "bounced" || carl.Reason != "userUnknown" || carl.EnhancedCode != "5.1.1" {
		t.Errorf("%+v", carl)
	}
	if m := w.get(w.a, a.ID); m.Status != "deferred" || m.Delivery != nil {
		t.Errorf("the message is %+v", m)
	}
	var events eventList
	w.must(200, "GET", "/v1/events?types=message.sent,message.delivered,message.deferred,message.bounced,suppression.added", w.a.key, "", &events)
	byType := map[string]messageObject{}
	for _, e := range events.Events {
		text, _ := json.Marshal(e.Data)
		var m messageObject
		json.Unmarshal(text, &m)
		byType[e.Type] = m
		if e.Type == "suppression.added" {
			if !strings.Contains(string(text), `"address":"carl@x.example"`) || !strings.Contains(string(text), `"note":"=unknown"`) {
				t.Errorf("%s", text)
			}
		} else if m.ID != a.ID || m.Status == "" {
			t.Errorf("%s tells %s", e.Type, text)
		}
	}
	for name, want := range map[string]string{"message.delivered": "ann@x.example", "message.deferred": "bob@x.example", "message.bounced": "carl@x.example"} {
		if d := byType[name].Delivery; d == nil || d.Recipient != want || d.Host != "mx.x.example" || (name == "message.deferred") != (d.NextAt != nil) {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if byType["message.sent"].Delivery != nil || len(byType) != 5 {
		t.Errorf("%+v", byType)
	}
	w.must(404, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+w.a.message+"/delivery", w.a.key, "", nil) // it was received
}

func TestAKeyForEventsAloneIsNotToldWhatWasDelivered(t *testing.T) {
	w := newWorld(t, Config{})
	w.must(201, "POST", "/v1/suppressions", w.a.key, `{"address":"ann@x.example"}`, nil)
	w.do("POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, `{"to":"ann@x.example"}`)
	w.send(w.a, `{"to":"bob@x.example"}`)
	w.try(w.a, "x.example", func(mailstore.Claimed, *mailstore.Result) {})
	var k struct{ Key string }
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"k","permissions":["events:read"]}`, &k)
	a := w.must(200, "GET", "/v1/events?types=message.rejected,message.delivered,message.sent", k.Key, "", nil)
	if strings.Contains(a.body, "bob@") || strings.Contains(a.body, "ann@") || strings.Count(a.body, `"type":`) != 3 {
		t.Error(a.body)
	}
}

func TestAMessageIsCancelledWhileItWaits(t *testing.T) {
	w := newWorld(t, Config{})
	var in inbox
	w.must(200, "PATCH", "/v1/inboxes/"+w.a.inbox, w.a.key, `{"undoSeconds":60}`, &in)
	if in.UndoSeconds != 60 {
		t.Errorf("%+v", in)
	}
	if a := w.do("PATCH", "/v1/inboxes/"+w.a.inbox, w.a.key, `{"undoSeconds":3601}`); a.status != 400 || a.problem(t).Errors[0].Path != "body.undoSeconds" {
		t.Errorf("%d %s", a.status, a.body)
	}
	a := w.send(w.a, `{"to":["ann@x.example","bob@y.example"]}`)
	one := "/v1/inboxes/" + w.a.inbox + "/messages/"
	var list recipientList
	w.must(200, "GET", one+a.ID+"/delivery", w.a.key, "", &list)
	if r := list.Recipients[0]; r.Why != "notYet" || r.WhyUntil == nil || r.Status != "queued" {
		t.Errorf("%+v", r)
	}
	var done cancelled
	w.must(200, "POST", one+a.ID+"/cancel", w.a.inboxKey, "", &done)
	if done.Cancelled != 2 || w.get(w.a, a.ID).Status != "cancelled" {
		t.Errorf("%+v", done)
	}
	for _, id := range []string{a.ID, w.a.message} {
		if a := w.do("POST", one+id+"/cancel", w.a.key, ""); a.status != 409 || a.problem(t).Code != "nothing_waits" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
}

func TestWhyIsAskedOfTheCourierFirst(t *testing.T) {
	until := time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC)
	known := map[int64]string{}
	w := newWorld(t, Config{Why: func(ws mailstore.WorkspaceID, row int64) (string, time.Time) { return known[row], until }})
	a := w.send(w.a, `{"to":["ann@x.example","bob@y.example"],"sendAt":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`)
	known[1] = "siteRests"
	var list recipientList
	w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+a.ID+"/delivery", w.a.key, "", &list)
	if r := list.Recipients[0]; r.Why != "siteRests" || !r.WhyUntil.Equal(until) {
		t.Errorf("%+v", r)
	}
	if r := list.Recipients[1]; r.Why != "scheduled" || r.Status != "scheduled" || r.WhyUntil == nil {
		t.Errorf("%+v", r)
	}
	w.must(200, "POST", "/v1/queue/hold", w.a.key, `{"all":true}`, nil)
	list = recipientList{}
	w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+a.ID+"/delivery", w.a.key, "", &list)
	if r := list.Recipients[0]; r.Why != "held" || r.Status != "held" || r.NextAttemptAt != nil {
		t.Errorf("%+v", r)
	}
}

func TestALinkToUnsubscribeActsWhenItsFormIsPosted(t *testing.T) {
	w := newWorld(t, Config{})
	token, err := w.dir.UnsubscribeToken(t.Context(), tenancy.Unsubscription{Workspace: mailstore.WorkspaceID(w.a.id), Inbox: mailstore.InboxID(w.a.inbox), Message: mailstore.MessageID(w.a.message), Address: "<b>&@x.example"})
	if err != nil {
		t.Fatal(err)
	}
	const form = "application/x-www-form-urlencoded"
	page := w.do("GET", "/u/"+token, "", "")
	policy := page.header.Get("Content-Security-Policy")
	if page.status != 200 || !strings.Contains(page.body, "&lt;b&gt;&amp;@x.example") || !strings.Contains(page.body, `<form method="post">`) || page.header.Get("Cache-Control") != "no-store" ||
		!strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || page.header.Get("Referrer-Policy") != "no-referrer" || page.header.Get("Set-Cookie") != "" {
		t.Errorf("%d %v %s", page.status, page.header, page.body)
	}
	for name, c := range map[string]struct {
		method, token, body, contentType string
		status                           int
	}{
		"a look at a forged link":  {"GET", token + "x", "", "", 404},
		"a forged link":            {"POST", "x" + token, "List-Unsubscribe=One-Click", form, 404},
		"a link of nobody":         {"POST", "YQ", "List-Unsubscribe=One-Click", form, 404},
		"no form":                  {"POST", token, "", form, 400},
		"another form":             {"POST", token, "List-Unsubscribe=Two", form, 400},
		"the form in the query":    {"POST", token + "?List-Unsubscribe=One-Click", "x=y", form, 400},
		"a form of another type":   {"POST", token, "List-Unsubscribe=One-Click", "text/plain", 400},
		"a form that is too large": {"POST", token, "x=" + strings.Repeat("x", 5000) + "&List-Unsubscribe=One-Click", form, 400},
	} {
		if a := w.do(c.method, "/u/"+c.token, "", c.body, "Content-Type", c.contentType); a.status != c.status || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	var list suppressionList
	if w.must(200, "GET", "/v1/suppressions", w.a.key, "", &list); len(list.Suppressions) != 0 {
		t.Fatalf("suppressed already: %+v", list)
	}
	multi := "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
	for _, c := range [][2]string{{"List-Unsubscribe=One-Click", form}, {multi, "multipart/form-data; boundary=b"}} {
		if a := w.do("POST", "/u/"+token, "", c[0], "Content-Type", c[1]); a.status != 200 || !strings.Contains(a.body, "Done") || a.header.Get("Location") != "" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	var s suppression
	w.must(200, "GET", "/v1/suppressions/"+url.PathEscape("<B>&@x.example"), w.a.key, "", &s)
	if s.Reason != "unsubscribe" || s.InboxID != w.a.inbox || s.MessageID != w.a.message {
		t.Errorf("%+v", s)
	}
	w.must(404, "GET", "/v1/suppressions/"+url.PathEscape("<b>&@x.example"), w.b.key, "", nil)
}

func TestMailThatIsCaughtIsForTheOperatorAlone(t *testing.T) {
	at := time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC)
	w := newWorld(t, Config{Caught: func() []CaughtMessage {
		return []CaughtMessage{{ID: "msg_1", WorkspaceID: "ws_1", InboxID: "inb_1", From: "a@x.example", To: []string{"b@y.example"}, At: at, Raw: []byte("Subject: é\r\n\r\n")}, {Raw: []byte("\xff")}}
	}})
	var list caughtList
	w.must(200, "GET", "/dev/outbox", w.operator, "", &list)
	if len(list.Messages) != 2 || list.Messages[0].Raw != "Subject: é\r\n\r\n" || list.Messages[0].Encoding != "utf-8" || list.Messages[0].To[0] != "b@y.example" || !list.Messages[0].At.Equal(at) ||
		list.Messages[1].Raw != "/w==" || list.Messages[1].Encoding != "base64" {
		t.Errorf("%+v", list)
	}
	for _, key := range []string{w.a.key, w.a.inboxKey} {
		if a := w.do("GET", "/dev/outbox", key, ""); a.status != 403 || a.problem(t).Code != "permission_denied" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	w.must(401, "GET", "/dev/outbox", "", "", nil)
	plain := newWorld(t, Config{})
	for _, key := range []string{"", plain.operator} {
		plain.must(404, "GET", "/dev/outbox", key, "", nil)
	}
}

func TestADomainTellsItsKeysAndRotatesThem(t *testing.T) {
	w := newWorld(t, Config{})
	var d domain
	w.must(200, "GET", "/v1/domains/a.example", w.a.key, "", &d)
	text := func(d domain) (active, other string) {
		for _, r := range d.DNSRecords {
			if r.Type == "TXT" && strings.HasSuffix(r.Name, "._domainkey.a.example") && strings.HasPrefix(r.Value, "v=DKIM1; k=") && r.Required {
				active += r.Name + r.Value
			} else if r.Purpose == "dkim" {
				other += r.Name + r.Value
			}
		}
		return active, other
	}
	active, other := text(d)
	if strings.Count(active, "v=DKIM1") != 2 || strings.Count(other, "v=DKIM1") != 2 {
		t.Fatalf("%+v", d.DNSRecords)
	}
	w.must(403, "POST", "/v1/domains/a.example/rotate-dkim", w.reader(w.a), "", nil)
	w.must(200, "POST", "/v1/domains/a.example/rotate-dkim", w.a.key, "", &d)
	if a, o := text(d); a != other || o != active {
		t.Errorf("%+v", d.DNSRecords)
	}
	var again domain
	w.must(200, "GET", "/v1/domains/a.example", w.a.key, "", &again)
	if a, _ := text(again); a != other {
		t.Errorf("%+v", again.DNSRecords)
	}
	if a := w.do("POST", "/v1/domains/a.example/rotate-dkim", w.a.key, ""); a.status != 409 || a.problem(t).Code != "rotated_lately" {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.must(201, "POST", "/v1/domains", w.a.key, `{"domain":"claimed.example"}`, nil)
	w.must(200, "GET", "/v1/domains/claimed.example", w.a.key, "", &again)
	if a, _ := text(again); strings.Count(a, "v=DKIM1") != 0 || again.record("dkim").Name != "pr-a-rsa._domainkey.claimed.example" { // text looks for a.example
		t.Errorf("a claim has %+v", again.DNSRecords)
	}
	if a := w.do("POST", "/v1/domains/claimed.example/rotate-dkim", w.a.key, ""); a.status != 409 || a.problem(t).Code != "domain_not_verified" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// reader is a key of a tenant that reads.
func (w *world) reader(n tenant) string {
	w.t.Helper()
	var k struct{ Key string }
	w.must(201, "POST", "/v1/workspaces/"+n.id+"/keys", n.key, `{"name":"reader","permissions":["read"]}`, &k)
	return k.Key
}

func TestSendingIsSetAndItsPasswordIsNeverShown(t *testing.T) {
	w := newWorld(t, Config{})
	for _, of := range []string{"/v1/workspaces/" + w.a.id, "/v1/domains/" + w.a.domain, "/v1/inboxes/" + w.a.inbox} {
		path := of + "/sending"
		if a := w.must(200, "GET", path, w.a.key, "", nil); strings.TrimSpace(a.body) != "{}" {
			t.Errorf("%s is at first %s", path, a.body)
		}
		set := w.must(200, "PUT", path, w.a.key, `{"relay":{"host":"Smtp.Relay.example","username":"u","password":"s3cret!"},"hostname":"mail.a.example"}`, nil)
		got := w.must(200, "GET", path, w.a.key, "", nil)
		const want = `{"relay":{"host":"smtp.relay.example","port":587,"username":"u","mode":"only","tls":"required"},"hostname":"mail.a.example"}`
		if strings.TrimSpace(got.body) != want || set.body != got.body {
			t.Errorf("%s: set %s, got %s", path, set.body, got.body)
		}
		if a := w.do("PUT", path, w.a.key, `{"sourceIp":"192.0.2.7"}`); a.status != 400 || a.problem(t).Errors[0].Path != "body.sourceIp" {
			t.Errorf("%d %s", a.status, a.body)
		}
		for body, field := range map[string]string{`{"sourceIp":"x"}`: "body.sourceIp", `{"relay":{"host":""}}`: "body.relay.host", `{"relay":{"host":"h","port":70000}}`: "body.relay.port",
			`{"relay":{"host":"h","mode":"x"}}`: "body.relay.mode", `{"relay":{"host":"h","tls":"none","username":"u"}}`: "body.relay.tls", `{"hostname":"a b"}`: "body.hostname",
			`{"relay":{"host":"h","secret":"x"}}`: "body.relay.secret", `{"relays":[]}`: "body.relays"} {
			a := w.do("PUT", path, w.a.key, body)
			if p := a.problem(t); a.status != 400 || len(p.Errors) == 0 || p.Errors[0].Path != field {
				t.Errorf("%s: %d %s", body, a.status, a.body)
			}
		}
		operators := path
		if !strings.Contains(of, "workspaces") {
			operators += "?workspaceId=" + w.a.id
		}
		if a := w.must(200, "PUT", operators, w.operator, `{"sourceIp":"192.0.2.7"}`, nil); strings.TrimSpace(a.body) != `{"sourceIp":"192.0.2.7"}` {
			t.Errorf("%s", a.body)
		}
		w.must(403, "PUT", path, w.reader(w.a), `{}`, nil)
		w.must(404, "PUT", path, w.a.inboxKey, `{}`, nil)
	}
}
