package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
)

func (w *world) simulate(n tenant, body string) (out simulated) {
	w.t.Helper()
	w.must(201, "POST", "/v1/inboxes/"+n.inbox+"/simulate", n.key, body, &out)
	return out
}

// events are the types of a workspace's events so far.
func (w *world) events(n tenant) (types []string) {
	w.t.Helper()
	var list eventList
	w.must(200, "GET", "/v1/events?limit=200", n.key, "", &list)
	for _, e := range list.Events {
		types = append(types, e.Type)
	}
	return types
}

// sent sends a message and has it delivered.
func (w *world) sent(n tenant, to string) accepted {
	w.t.Helper()
	m := w.send(n, `{"to":"`+to+`","subject":"Offer","text":"Hello"}`)
	w.try(n, to[strings.LastIndexByte(to, '@')+1:], func(mailstore.Claimed, *mailstore.Result) {})
	return m
}

func TestEachScenarioComesOutAsRealMailWould(t *testing.T) {
	for scenario, want := range map[string]struct{ outcome, why, event, dmarc string }{
		"message":         {"delivered", "", "message.received", "pass"},
		"code":            {"delivered", "", "message.received", "pass"},
		"link":            {"delivered", "", "message.received", "pass"},
		"attachment":      {"delivered", "", "message.received", "pass"},
		"deceptive":       {"delivered", "", "message.received", "pass"},
		"unauthenticated": {"delivered", "", "message.received.unauthenticated", "none"},
		"spam":            {"quarantined", "spam", "message.received.spam", "pass"},
		"blocked":         {"quarantined", "blocked", "message.received.blocked", "pass"},
	} {
		w := newWorld(t, Config{})
		before := len(w.events(w.a))
		out := w.simulate(w.a, `{"scenario":"`+scenario+`"}`)
		if out.Scenario != scenario || out.Outcome != want.outcome || out.Reason != want.why || out.ID == "" || out.ThreadID == "" {
			t.Errorf("%s: %+v", scenario, out)
			continue
		}
		if types := w.events(w.a)[before:]; len(types) != 1 || types[0] != want.event {
			t.Errorf("%s: events %q", scenario, types)
		}
		m := w.get(w.a, out.ID)
		if m.Auth == nil || m.Auth.DMARC.Result != want.dmarc || m.DeliveredTo != w.a.address || m.MessageID != out.MessageID || m.ThreadID != out.ThreadID || m.Text == "" {
			t.Errorf("%s: %+v", scenario, m)
		}
		raw := w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+out.ID+"/raw", w.a.key, "", nil).body
		if !strings.Contains(raw, "\r\nPostroom-Simulated: "+scenario+"\r\n") || !strings.Contains(raw, "\r\nAuthentication-Results: localhost;") || strings.Contains(raw, "\n\n") {
			t.Errorf("%s: %s", scenario, raw)
		}
		if want.why != "" {
			var list rejectionList
			w.must(200, "GET", "/v1/rejections?limit=1", w.a.key, "", &list)
			if list.Rejections[0].Reason != want.why || list.Rejections[0].MessageID != out.ID || m.Junk == nil || m.Junk.Reason != want.why {
				t.Errorf("%s: record %+v, junk %+v", scenario, list.Rejections[0], m.Junk)
			}
		}
	}
}

func TestASimulatedCodeAndLinkAreFoundAndNewEachTime(t *testing.T) {
	w := newWorld(t, Config{})
	seen := map[string]bool{}
	for range 20 {
		out := w.simulate(w.a, `{"scenario":"code"}`)
		a := w.do("POST", w.waitPath(), w.a.key, `{"match":{"after":"2020-01-01T00:00:00Z"},"timeoutSeconds":0}`).awaited(t)
		if a.Message == nil || a.Message.ID != out.ID || len(a.Codes) != 1 || len(a.Codes[0].Value) != 6 || len(a.Links) != 0 || seen[a.Codes[0].Value] {
			t.Fatalf("%+v %+v", a.Codes, a.Links)
		}
		seen[a.Codes[0].Value] = true
	}
	w.simulate(w.a, `{"scenario":"link"}`)
	a := w.do("POST", w.waitPath(), w.a.key, `{"match":{"after":"2020-01-01T00:00:00Z"},"timeoutSeconds":0}`).awaited(t)
	if len(a.Links) != 1 || a.Links[0].Kind != "confirm" || len(a.Codes) != 0 {
		t.Errorf("%+v %+v", a.Codes, a.Links)
	}
}

func TestWhatIsGivenTakesThePlaceOfTheScenario(t *testing.T) {
	w := newWorld(t, Config{})
	out := w.simulate(w.a, `{"scenario":"attachment","to":"one+x@a.example","from":"Bob <bob@y.example>","subject":"Mine","html":"<p>Own</p>","attachments":[{"filename":"a.txt","content":"aGk="}],"auth":{"spf":"softfail","dkim":"none","policy":"none"}}`)
	m := w.get(w.a, out.ID)
	if m.Subject != "Mine" || m.From != (person{"Bob", "bob@y.example"}) || m.DeliveredTo != "one+x@a.example" || strings.TrimSpace(m.Text) != "Own" || len(m.Attachments) != 1 || m.Attachments[0].Filename != "a.txt" {
		t.Errorf("%+v", m)
	}
	if a := m.Auth; a.SPF.Result != "softfail" || a.SPF.Domain != "y.example" || len(a.DKIM) != 0 || a.DMARC.Result != "fail" || a.DMARC.Disposition != "none" || !slices.Contains(m.Labels, "unauthenticated") {
		t.Errorf("%+v %v", a, m.Labels)
	}
	out = w.simulate(w.a, `{"scenario":"deceptive"}`)
	if f := w.get(w.a, out.ID).Trust; f == nil || len(f.Hidden) != 1 || len(f.Links) != 1 || !f.Links[0].Differs || f.Sender.NameClaims != "example.com" {
		t.Errorf("%+v", f)
	}
}

func TestAForgedMessageIsTreatedAsTheWorkspaceChooses(t *testing.T) {
	w := newWorld(t, Config{})
	path := "/v1/workspaces/" + w.a.id
	w.must(200, "PATCH", path, w.a.key, `{"forged":"junk"}`, nil)
	if out := w.simulate(w.a, `{"scenario":"forged"}`); out.Outcome != "quarantined" || out.Reason != "forged" || out.ID == "" {
		t.Errorf("%+v", out)
	}
	w.must(200, "PATCH", path, w.a.key, `{"forged":"reject"}`, nil)
	out := w.simulate(w.a, `{"scenario":"forged","from":"x@y.example"}`)
	if out.Outcome != "refused" || out.Reason != "forged" || out.ID != "" || out.MessageID == "" {
		t.Errorf("%+v", out)
	}
	var list rejectionList
	w.must(200, "GET", "/v1/rejections?limit=1", w.a.key, "", &list)
	if r := list.Rejections[0]; r.Action != "refused" || r.Reason != "forged" || r.Author != "x@y.example" || r.InboxID != w.a.inbox {
		t.Errorf("%+v", r)
	}
}

func TestASimulatedBounceSettlesWhatWasSent(t *testing.T) {
	w := newWorld(t, Config{})
	m := w.sent(w.a, "ann@x.example")
	before := len(w.events(w.a))
	out := w.simulate(w.a, `{"scenario":"bounce"}`)
	if out.AboutID != m.ID || out.Recipient != "ann@x.example" || out.Outcome != "delivered" || out.ThreadID != m.ThreadID {
		t.Errorf("%+v", out)
	}
	var d recipientList
	w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+m.ID+"/delivery", w.a.key, "", &d)
	if r := d.Recipients[0]; r.Status != "bounced" || r.Reason != "userUnknown" || r.Code != 550 || r.EnhancedCode != "5.1.1" {
		t.Errorf("%+v", r)
	}
	if types := w.events(w.a)[before:]; !slices.Equal(types, []string{"message.received", "message.bounced", "suppression.added"}) {
		t.Errorf("events %q", types)
	}
	var list suppressionList
	w.must(200, "GET", "/v1/suppressions", w.a.key, "", &list)
	if len(list.Suppressions) != 1 || list.Suppressions[0].Address != "ann@x.example" || list.Suppressions[0].Reason != "bounce" {
		t.Errorf("%+v", list)
	}
	if a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/simulate", w.a.key, `{"scenario":"bounce"}`); a.status != 409 || a.problem(t).Code != "not_delivered" {
		t.Errorf("once more: %d %s", a.status, a.body)
	}
	for reason, status := range map[string]string{"mailboxFull": "5.2.2", "spam": "5.7.1", "content": "5.3.4"} {
		m := w.sent(w.a, reason+"@x.example")
		w.simulate(w.a, `{"scenario":"bounce","reason":"`+reason+`","messageId":`+quote(m.MessageID)+`}`)
		w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+m.ID+"/delivery", w.a.key, "", &d)
		if r := d.Recipients[0]; r.Status != "bounced" || r.Reason != reason || r.EnhancedCode != status {
			t.Errorf("%s: %+v", reason, r)
		}
	}
	w.must(200, "GET", "/v1/suppressions", w.a.key, "", &list)
	if len(list.Suppressions) != 1 {
		t.Errorf("%+v", list)
	}
}

func quote(s string) string { text, _ := json.Marshal(s); return string(text) }

func TestOtherReportsAndRepliesAreAboutWhatWasSent(t *testing.T) {
	w := newWorld(t, Config{})
	for scenario, want := range map[string][]string{
		"delay":     {"message.received", "message.deferred"},
		"complaint": {"message.received", "message.complained", "suppression.added"},
		"autoReply": {"message.received"},
		"reply":     {"message.received"},
	} {
		m := w.sent(w.a, strings.ToLower(scenario)+"@x.example")
		before := len(w.events(w.a))
		out := w.simulate(w.a, `{"scenario":"`+scenario+`"}`)
		if types := w.events(w.a)[before:]; !slices.Equal(types, want) {
			t.Errorf("%s: events %q", scenario, types)
		}
		if out.AboutID != m.ID || out.Recipient != strings.ToLower(scenario)+"@x.example" || (out.ThreadID == m.ThreadID) == (scenario == "complaint") { // which names the message in a part alone
			t.Errorf("%s: %+v", scenario, out)
		}
	}
	out := w.simulate(w.a, `{"scenario":"reply","messageId":"`+w.a.message+`"}`)
	if m := w.get(w.a, out.ID); m.From.Address != "ann@x.example" || m.ThreadID != w.a.thread || m.Subject != "Re: Hello" || m.InReplyTo != "<1@x.example>" {
		t.Errorf("%+v", m)
	}
}

// What would suppress an address that works is not simulated.
func TestNoReportIsSimulatedOfARealRecipient(t *testing.T) {
	w := newWorld(t, Config{})
	m := w.sent(w.a, "ann@real.com")
	for _, scenario := range []string{"bounce", "delay", "complaint"} {
		if a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/simulate", w.a.key, `{"scenario":"`+scenario+`","messageId":"`+m.ID+`"}`); a.status != 409 || a.problem(t).Code != "recipient_is_real" {
			t.Errorf("%s: %d %s", scenario, a.status, a.body)
		}
	}
	other := w.sent(w.a, "one@b.example") // reserved, like all domains of the tests
	if out := w.simulate(w.a, `{"scenario":"bounce"}`); out.AboutID != other.ID {
		t.Errorf("%+v", out)
	}
	var list suppressionList
	w.must(200, "GET", "/v1/suppressions", w.a.key, "", &list)
	if len(list.Suppressions) != 1 || list.Suppressions[0].Address != "one@b.example" {
		t.Errorf("%+v", list)
	}

	caught := newWorld(t, Config{Caught: func() []CaughtMessage { return nil }})
	caught.sent(caught.a, "ann@real.com")
	if out := caught.simulate(caught.a, `{"scenario":"bounce"}`); out.Recipient != "ann@real.com" {
		t.Errorf("%+v", out)
	}
}

func TestABadSimulationIsRefusedInClearWords(t *testing.T) {
	w := newWorld(t, Config{})
	for body, want := range map[string]struct {
		status     int
		code, path string
	}{
		`{"scenario":"bounce"}`:             {409, "nothing_sent", ""},
		`{"scenario":"storm"}`:              {400, "validation_failed", "body.scenario"},
		`{}`:                                {400, "validation_failed", "body"},
		`{"scenario":"code","subjekt":"x"}`: {400, "validation_failed", "body.subjekt"},
		`{"scenario":"code","to":"one@b.example"}`:                            {400, "validation_failed", "body.to"},
		`{"scenario":"code","to":"two@a.example"}`:                            {400, "validation_failed", "body.to"},
		`{"scenario":"code","from":"nobody"}`:                                 {400, "validation_failed", "body.from"},
		`{"scenario":"code","from":["a@x.example","b@x.example"]}`:            {400, "validation_failed", "body.from"},
		`{"scenario":"code","subject":"a\r\nBcc: x@y.example"}`:               {400, "validation_failed", "body.subject"},
		`{"scenario":"code","messageId":"` + w.a.message + `"}`:               {400, "validation_failed", "body.messageId"},
		`{"scenario":"code","reason":"spam"}`:                                 {400, "validation_failed", "body.reason"},
		`{"scenario":"bounce","text":"x"}`:                                    {400, "validation_failed", "body.text"},
		`{"scenario":"reply","messageId":"` + w.b.message + `"}`:              {400, "validation_failed", "body.messageId"},
		`{"scenario":"bounce","messageId":"` + w.a.message + `"}`:             {409, "message_not_sent", "body.messageId"},
		`{"scenario":"attachment","attachments":[{"content":"not base64!"}]}`: {400, "validation_failed", "body.attachments[0].content"},
		`{"scenario":"code","auth":{"spf":"maybe"}}`:                          {400, "validation_failed", "body.auth.spf"},
	} {
		a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/simulate", w.a.key, body)
		p := a.problem(t)
		named := want.path == ""
		for _, f := range p.Errors {
			named = named || f.Path == want.path
		}
		if a.status != want.status || p.Code != want.code || !named {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	m := w.send(w.a, `{"to":"ann@x.example"}`)
	if a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/simulate", w.a.key, `{"scenario":"bounce","messageId":"`+m.ID+`"}`); a.status != 409 || a.problem(t).Code != "not_delivered" {
		t.Errorf("of what waits: %d %s", a.status, a.body)
	}
	if a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/simulate", w.a.key, `{"scenario":"reply","recipient":"bob@x.example"}`); a.status != 400 || a.problem(t).Errors[0].Path != "body.recipient" {
		t.Errorf("of another: %d %s", a.status, a.body)
	}
}

func TestToSimulateTakesWhoMayPutMessagesThere(t *testing.T) {
	w := newWorld(t, Config{})
	for permission, status := range map[string]int{"messages:create": 201, "read": 403, "send": 403} {
		var k struct{ Key string }
		w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"k","permissions":["`+permission+`"]}`, &k)
		if a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/simulate", k.Key, `{"scenario":"message"}`); a.status != status {
			t.Errorf("%s: %d %s", permission, a.status, a.body)
		}
	}
}

func TestSimulationsHaveALimit(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	var s simulations
	for i := range MaxSimulations {
		if err := s.take("ws_a", now); err != nil {
			t.Fatalf("the %dth: %v", i+1, err)
		}
	}
	if err := s.take("ws_a", now); err == nil || !strings.Contains(err.Error(), "simulationsPerMinute") {
		t.Errorf("one more: %v", err)
	}
	if err := s.take("ws_b", now); err != nil {
		t.Errorf("another workspace: %v", err)
	}
	if err := s.take("ws_a", now.Add(time.Minute/MaxSimulations)); err != nil {
		t.Errorf("a little later: %v", err)
	}
}
