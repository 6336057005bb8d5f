package api

import (
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
)

// send sends from a tenant's first inbox.
func (w *world) send(n tenant, body string) (m accepted) {
	w.t.Helper()
	w.must(202, "POST", "/v1/inboxes/"+n.inbox+"/messages", n.key, body, &m)
	return m
}

// get is a message as GET gives it.
func (w *world) get(n tenant, id string) (m messageObject) {
	w.t.Helper()
	w.must(200, "GET", "/v1/inboxes/"+n.inbox+"/messages/"+id, n.key, "", &m)
	return m
}

// queued are the recipients in the outbox, and the bytes that wait.
func (w *world) queued(n tenant, id string) (to []string, raw string) {
	w.t.Helper()
	out, err := w.dir.Outbox(w.t.Context(), mailstore.WorkspaceID(n.id))
	if err != nil {
		w.t.Fatal(err)
	}
	list, _, err := out.Entries(w.t.Context(), mailstore.QueueFilter{Message: mailstore.MessageID(id)}, 0, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range list {
		to = append([]string{e.Recipient}, to...)
	}
	f, err := out.Open(w.t.Context(), mailstore.MessageID(id))
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		w.t.Fatal(err)
	}
	return to, string(b)
}

func TestAMessageIsAcceptedKeptAndQueued(t *testing.T) {
	w := newWorld(t, Config{})
	a := w.send(w.a, `{"to":"Ann Lee <ann@x.example>","cc":["bob@X.example",{"name":"Çelik","address":"c@bücher.example"}],"bcc":{"address":"d@y.example"},"replyTo":"desk@a.example",
		"subject":"Grüße 😀","text":"Hello\nyou","html":"<p>Hello</p><img src=\"cid:pic\">","headers":{"X-Job":"42"},"labels":["Outreach"],
		"attachments":[{"filename":"a.txt","content":"aGk="},{"filename":"p.png","contentType":"image/png","content":"iVBORw","contentId":"pic","disposition":"inline"}]}`)
	if a.Status != "queued" || len(a.Rejected) != 0 || !strings.HasSuffix(a.MessageID, "@a.example>") || !strings.HasPrefix(a.ThreadID, "thr_") {
		t.Errorf("%+v", a)
	}
	m := w.get(w.a, a.ID)
	if m.From != (person{"Alex — One", "one@a.example"}) || m.Subject != "Grüße 😀" || m.To[0] != (person{"Ann Lee", "ann@x.example"}) || m.Cc[0].Address != "bob@x.example" ||
		m.Cc[1] != (person{"Çelik", "c@xn--bcher-kva.example"}) || m.Bcc[0].Address != "d@y.example" || m.ReplyTo[0].Address != "desk@a.example" || m.Status != "queued" ||
		m.ThreadID != a.ThreadID || m.MessageID != a.MessageID || m.SentAt == nil || strings.Join(m.Labels, " ") != "sent outreach" || strings.Join(m.Mailboxes, " ") != "Sent" {
		t.Errorf("%+v", m)
	}
	if !strings.HasPrefix(m.Text, "Hello\nyou") || !strings.Contains(m.HTML, "cid:pic") || len(m.Attachments) != 2 {
		t.Errorf("%+v", m)
	}
	to, raw := w.queued(w.a, a.ID)
	if strings.Join(to, " ") != "ann@x.example bob@x.example c@xn--bcher-kva.example d@y.example" {
		t.Errorf("envelope is %v", to)
	}
	if !strings.Contains(raw, "\r\nX-Job: 42\r\n") || !strings.Contains(raw, "aGk=") {
		t.Errorf("%s", raw)
	}
	for i, want := range []string{"hi", "\x89PNG"} {
		found := false
		for _, x := range m.Attachments {
			part := w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+a.ID+"/attachments/"+x.ID, w.a.key, "", nil)
			found = found || part.body == want
		}
		if !found {
			t.Errorf("attachment %d is not there", i)
		}
	}
}

func TestTheSenderIsAnAddressOfTheInbox(t *testing.T) {
	w := newWorld(t, Config{})
	w.must(201, "POST", "/v1/inboxes/"+w.a.inbox+"/addresses", w.a.key, `{"address":"alias@a.example"}`, nil)
	for from, want := range map[string]person{
		`"alias@a.example"`:               {"Alex — One", "alias@a.example"},
		`"Desk <one+shop@A.example>"`:     {"Desk", "one+shop@a.example"},
		`{"address":"one@a.example"}`:     {"Alex — One", "one@a.example"},
		`[{"address":"one@a.example"}]`:   {"Alex — One", "one@a.example"},
		`"\"Desk, the\" <one@a.example>"`: {"Desk, the", "one@a.example"},
	} {
		if m := w.get(w.a, w.send(w.a, `{"to":"x@x.example","from":`+from+`}`).ID); m.From != want {
			t.Errorf("from %s is %+v", from, m.From)
		}
	}
	for _, from := range []string{"two@a.example", "one@b.example", "nobody@nowhere.example", "alias+x@b.example"} {
		a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, `{"to":"x@x.example","from":"`+from+`"}`)
		if p := a.problem(t); a.status != 403 || p.Code != "sender_not_owned" || p.Errors[0].Path != "body.from" {
			t.Errorf("from %s: %d %s", from, a.status, a.body)
		}
	}
}

func TestAnAddressThatIsNamedTwiceGetsOneCopy(t *testing.T) {
	w := newWorld(t, Config{})
	to, _ := w.queued(w.a, w.send(w.a, `{"to":["ann@x.example","Ann <ann@X.EXAMPLE>"],"cc":"ann@x.example","bcc":"bob@x.example"}`).ID)
	if strings.Join(to, " ") != "ann@x.example bob@x.example" {
		t.Errorf("%v", to)
	}
}

func TestARepeatedRequestSendsOnceAlsoAfterARestart(t *testing.T) {
	w := newWorld(t, Config{})
	path := "/v1/inboxes/" + w.a.inbox + "/messages"
	later := `{"to":"ann@x.example","subject":"once","sendAt":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `","attachments":[{"filename":"a","content":"aGk="}]}`
	first := w.do("POST", path, w.a.key, later, "Idempotency-Key", "k1")
	if first.status != 202 || first.header.Get("Idempotency-Replayed") != "" || !strings.Contains(first.body, `"status":"scheduled"`) {
		t.Fatalf("%d %s", first.status, first.body)
	}
	same := func(when string) {
		t.Helper()
		again := w.do("POST", path, w.a.key, later, "Idempotency-Key", "k1")
		if again.status != 202 || again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s: %d %v %s", when, again.status, again.header, again.body)
		}
	}
	same("at once")
	w.restart()
	same("after a restart")
	for name, body := range map[string]string{"another text": strings.Replace(later, "once", "twice", 1), "another attachment": strings.Replace(later, "aGk=", "aGo=", 1)} {
		if a := w.do("POST", path, w.a.key, body, "Idempotency-Key", "k1"); a.status != 409 || a.problem(t).Code != "idempotency_key_reused" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	var list queueList
	w.must(200, "GET", "/v1/queue", w.a.key, "", &list)
	if len(list.Entries) != 1 {
		t.Errorf("%d recipients wait", len(list.Entries))
	}
	if a := w.do("POST", path, w.a.key, later, "Idempotency-Key", "naïve"); a.status != 400 || a.problem(t).Code != "invalid_idempotency_key" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestARequestIsRepeatedWhateverBecameOfWhatItNamed(t *testing.T) {
	w := newWorld(t, Config{})
	one := "/v1/inboxes/" + w.a.inbox + "/messages/" + w.a.message
	first := w.do("POST", one+"/reply", w.a.key, `{"text":"Yes"}`, "Idempotency-Key", "k")
	w.must(204, "DELETE", one+"?permanent=true", w.a.key, "", nil)
	w.must(201, "POST", "/v1/suppressions", w.a.key, `{"address":"ann@x.example"}`, nil)
	again := w.do("POST", one+"/reply", w.a.key, `{"text":"Yes"}`, "Idempotency-Key", "k")
	if first.status != 202 || again.status != 202 || again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%d %s, then %d %s", first.status, first.body, again.status, again.body)
	}
	if a := w.do("POST", one+"/reply", w.b.key, `{"text":"Yes"}`, "Idempotency-Key", "k"); a.status != 404 {
		t.Errorf("another's key: %d %s", a.status, a.body)
	}
}

func TestOneRequestThatComesManyTimesAtOnceSendsOnce(t *testing.T) {
	w := newWorld(t, Config{})
	answers := make([]answer, 8)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			answers[i] = w.do("POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, `{"to":"ann@x.example"}`, "Idempotency-Key", "k")
		})
	}
	group.Wait()
	replayed := 0
	for _, a := range answers {
		if a.header.Get("Idempotency-Replayed") == "true" {
			replayed++
		}
		if a.status != 202 || a.body != answers[0].body {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if n := len(w.queue(w.a.key, "").Entries); n != 1 || replayed != len(answers)-1 {
		t.Errorf("%d wait, %d were told again", n, replayed)
	}
}

func TestAReplyGoesBackAndJoinsTheThread(t *testing.T) {
	w := newWorld(t, Config{})
	id := w.deliver(w.a.address, "From: Ann <ann@x.example>\r\nTo: one@a.example, Bob <bob@y.example>\r\nCc: two@a.example, carl@z.example\r\nSubject: Lunch\r\nMessage-ID: <l@x.example>\r\nReferences: <k@x.example>\r\n\r\nToday?\r\n")
	original := w.get(w.a, id)
	one := "/v1/inboxes/" + w.a.inbox + "/messages/" + id
	var a accepted
	w.must(202, "POST", one+"/reply", w.a.key, `{"text":"Yes"}`, &a)
	m := w.get(w.a, a.ID)
	to, _ := w.queued(w.a, a.ID)
	if a.ThreadID != original.ThreadID || m.InReplyTo != "<l@x.example>" || strings.Join(m.References, " ") != "<k@x.example> <l@x.example>" || m.Subject != "Re: Lunch" ||
		strings.Join(to, " ") != "ann@x.example" || strings.TrimSpace(m.Text) != "Yes" {
		t.Errorf("%+v to %v", m, to)
	}
	w.must(202, "POST", one+"/reply-all", w.a.key, `{"text":"Yes","quote":true}`, &a)
	m = w.get(w.a, a.ID)
	to, _ = w.queued(w.a, a.ID)
	if strings.Join(to, " ") != "ann@x.example bob@y.example two@a.example carl@z.example" || !strings.Contains(m.Text, "> Today?") || m.ExtractedText != "Yes" {
		t.Errorf("%+v to %v", m, to)
	}
	w.must(202, "POST", one+"/reply", w.a.key, `{"text":"Yes","to":"desk@q.example","subject":"Other","bcc":"log@q.example","html":"<p>Yes</p>"}`, &a)
	m = w.get(w.a, a.ID)
	to, _ = w.queued(w.a, a.ID)
	if strings.Join(to, " ") != "desk@q.example log@q.example" || m.Subject != "Other" || m.ThreadID != original.ThreadID || m.HTML == "" {
		t.Errorf("%+v to %v", m, to)
	}
	var th wholeThread
	w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/threads/"+original.ThreadID, w.a.key, "", &th)
	if len(th.Messages) != 4 {
		t.Errorf("%d messages are in the thread", len(th.Messages))
	}
	nobody := w.deliver(w.a.address, "Subject: from nobody\r\n\r\nx\r\n")
	if a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/messages/"+nobody+"/reply", w.a.key, `{"text":"x"}`); a.status != 400 || a.problem(t).Code != "no_recipients" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAForwardTakesTheTextAndTheAttachmentsAlong(t *testing.T) {
	w := newWorld(t, Config{})
	var a accepted
	w.must(202, "POST", "/v1/inboxes/"+w.a.inbox+"/messages/"+w.a.message+"/forward", w.a.key, `{"to":"bob@y.example","text":"See below","attachments":[{"filename":"own.txt","content":"b3du"}]}`, &a)
	m := w.get(w.a, a.ID)
	if a.ThreadID != w.a.thread || m.Subject != "Fwd: Hello" || !strings.HasPrefix(m.Text, "See below") || !strings.Contains(m.Text, "Lunch?") || len(m.Attachments) != 2 ||
		m.Attachments[0].Filename != "own.txt" || m.Attachments[1].Filename != `a"b.html` {
		t.Errorf("%+v", m)
	}
	part := w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+a.ID+"/attachments/"+m.Attachments[1].ID, w.a.key, "", nil)
	if strings.TrimSpace(part.body) != "<script>alert(1)</script>" {
		t.Errorf("%q", part.body)
	}
	strange := w.deliver(w.a.address, "From: Ann <ann@x.example>\r\nSubject: \x07odd\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: app lication\r\n"+
		"Content-Disposition: attachment; filename=\"../../etc/pass\\\\wd\"\r\nContent-ID: <x y>\r\n\r\nz\r\n--b--\r\n")
	w.must(202, "POST", "/v1/inboxes/"+w.a.inbox+"/messages/"+strange+"/forward", w.a.key, `{"to":"bob@y.example"}`, &a)
	if a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/messages/"+w.a.message+"/forward", w.a.key, `{"text":"x"}`); a.status != 400 || a.problem(t).Errors[0].Path != "body.to" {
		t.Errorf("to nobody: %d %s", a.status, a.body)
	}
}

func TestAMessageMayNameTheOneThatItAnswers(t *testing.T) {
	w := newWorld(t, Config{})
	a := w.send(w.a, `{"to":"ann@x.example","subject":"Another","inReplyTo":"<1@x.example>"}`)
	if m := w.get(w.a, a.ID); a.ThreadID != w.a.thread || m.InReplyTo != "<1@x.example>" {
		t.Errorf("%+v", m)
	}
	a = w.send(w.a, `{"to":"ann@x.example","inReplyTo":"<of-nobody@x.example>"}`)
	if m := w.get(w.a, a.ID); a.ThreadID == w.a.thread || m.InReplyTo != "<of-nobody@x.example>" || strings.Join(m.References, "") != "<of-nobody@x.example>" {
		t.Errorf("%+v", m)
	}
}

func TestWhoMayNotReadCannotHaveAMessageForwarded(t *testing.T) {
	w := newWorld(t, Config{})
	var k struct{ Key string }
	w.must(201, "POST", "/v1/inboxes/"+w.a.inbox+"/keys", w.a.key, `{"name":"sender","permissions":["send"]}`, &k)
	one := "/v1/inboxes/" + w.a.inbox + "/messages"
	w.must(202, "POST", one, k.Key, `{"to":"ann@x.example"}`, nil)
	for _, verb := range []string{"forward", "reply", "reply-all"} {
		if a := w.do("POST", one+"/"+w.a.message+"/"+verb, k.Key, `{"to":"me@x.example"}`); a.status != 403 || a.problem(t).Code != "permission_denied" {
			t.Errorf("%s: %d %s", verb, a.status, a.body)
		}
	}
	w.must(201, "POST", "/v1/inboxes/"+w.a.inbox+"/keys", w.a.key, `{"name":"reader","permissions":["read"]}`, &k)
	for _, verb := range []string{"", "/" + w.a.message + "/forward", "/" + w.a.message + "/reply", "/" + w.a.message + "/cancel"} {
		if a := w.do("POST", one+verb, k.Key, `{"to":"me@x.example"}`); a.status != 403 || a.problem(t).Code != "permission_denied" {
			t.Errorf("%s: %d %s", verb, a.status, a.body)
		}
	}
}

func TestASuppressedRecipientIsRejectedAndTheRestIsSent(t *testing.T) {
	w := newWorld(t, Config{})
	w.must(201, "POST", "/v1/suppressions", w.a.key, `{"address":"Ann@x.example","reason":"complaint"}`, nil)
	a := w.send(w.a, `{"to":["ann@x.example","bob@x.example"]}`)
	if len(a.Rejected) != 1 || a.Rejected[0] != (unsent{"ann@x.example", "complaint"}) {
		t.Errorf("%+v", a)
	}
	path := "/v1/inboxes/" + w.a.inbox + "/messages"
	none := w.do("POST", path, w.a.key, `{"to":["bcc@x.example"],"bcc":[]}`)
	if none.status != 202 {
		t.Errorf("%d %s", none.status, none.body)
	}
	refused := w.do("POST", path, w.a.key, `{"cc":["ANN@x.example"]}`)
	if p := refused.problem(t); refused.status != 403 || p.Code != "recipient_suppressed" || p.Errors[0].Path != "body.cc[0]" {
		t.Errorf("%d %s", refused.status, refused.body)
	}
	var events struct {
		Events []struct {
			Type, InboxID string
			Data          struct {
				ID, InboxID string
				Delivery    delivery
			}
		}
	}
	w.must(200, "GET", "/v1/events?types=message.rejected", w.a.key, "", &events)
	if len(events.Events) != 2 || events.Events[0].Data.ID != a.ID || events.Events[0].Data.Delivery.Reason != "complaint" || events.Events[1].Data.ID != "" ||
		events.Events[1].Data.InboxID != w.a.inbox || events.Events[1].Data.Delivery.Recipient != "ANN@x.example" || events.Events[1].Data.Delivery.Status != "rejected" {
		t.Errorf("%+v", events)
	}
}
