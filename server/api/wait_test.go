package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
)

const codeMail = "From: Codehaven <noreply@codehaven.example>\r\nSubject: [Codehaven] Please verify your device\r\nContent-Type: text/html\r\n\r\n" +
	"<p>Your verification code: <b>804 113</b></p><p>It expires in 10 minutes.</p><a href=\"https://codehaven.example/verify?token=ab12cd34\">Verify device</a>\r\n"

func (w *world) waitPath() string { return "/v1/inboxes/" + w.a.inbox + "/wait" }

// waiting starts a wait and returns once it has its place in the journal.
func (w *world) waiting(body string) (done chan answer) {
	w.t.Helper()
	before := w.waitsOpen()
	done = make(chan answer, 1)
	go func() { done <- w.do("POST", w.waitPath(), w.a.key, body) }()
	w.untilWaits(before + 1)
	return done
}

func (w *world) waitsOpen() int {
	w.api.waits.mu.Lock()
	defer w.api.waits.mu.Unlock()
	return w.api.waits.all
}

func (w *world) untilWaits(n int) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); w.waitsOpen() != n; {
		if time.Now().After(deadline) {
			w.t.Fatalf("%d waits, want %d", w.waitsOpen(), n)
		}
	}
}

func (a answer) awaited(t *testing.T) (out awaited) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.status != 200 {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return out
}

func now() string { return time.Now().UTC().Format(time.RFC3339Nano) }

func TestAWaitGivesAMessageThatIsThereAlreadyWithItsCodesAndLinks(t *testing.T) {
	w := newWorld(t, Config{})
	after := now()
	w.deliver(w.a.address, "Subject: other\r\n\r\nx\r\n")
	id := w.deliver(w.a.address, codeMail)
	a := w.do("POST", w.waitPath(), w.a.key, `{"match":{"from":"CODEHAVEN","subject":"verify","after":"`+after+`"},"timeoutSeconds":0}`).awaited(t)
	if a.TimedOut || a.Message == nil || a.Message.ID != id || a.Message.HTML == "" || a.Message.ReceivedAt == nil {
		t.Fatalf("%+v", a)
	}
	if len(a.Codes) != 1 || a.Codes[0].Value != "804113" || a.Codes[0].Written != "804 113" || a.Codes[0].Place != "html" || a.Codes[0].Word != "verification code" {
		t.Errorf("codes %+v", a.Codes)
	}
	if len(a.Links) != 1 || a.Links[0].URL != "https://codehaven.example/verify?token=ab12cd34" || a.Links[0].Kind != "confirm" {
		t.Errorf("links %+v", a.Links)
	}
}

func TestALinkThatNamesAnotherPlaceIsToldByAWait(t *testing.T) {
	w := newWorld(t, Config{})
	after := now()
	w.deliver(w.a.address, "Subject: Verify\r\nContent-Type: text/html\r\n\r\n<p>Verify your email address:</p><a href=\"https://evil.example/verify?token=ab12cd34\">https://bank.example/verify</a>\r\n"+
		"<p>Verify your email address:</p><a href=\"https://go.bank.example/verify?token=ab12cd35\">https://bank.example/verify</a>\r\n")
	a := w.do("POST", w.waitPath(), w.a.key, `{"match":{"after":"`+after+`"}}`).awaited(t)
	if len(a.Links) != 2 || !a.Links[0].Differs || a.Links[1].Differs {
		t.Errorf("%+v", a.Links)
	}
}

func TestOfSeveralThatAreThereTheNewestIsGiven(t *testing.T) {
	w := newWorld(t, Config{})
	after := now()
	w.deliver(w.a.address, "Subject: code\r\n\r\nold\r\n")
	id := w.deliver(w.a.address, "Subject: code\r\n\r\nnew\r\n")
	if a := w.do("POST", w.waitPath(), w.a.key, `{"match":{"after":"`+after+`"}}`).awaited(t); a.Message.ID != id {
		t.Errorf("%+v", a.Message)
	}
}

func TestAWaitWithoutATimeTakesOnlyWhatComes(t *testing.T) {
	w := newWorld(t, Config{})
	w.deliver(w.a.address, codeMail)
	if a := w.do("POST", w.waitPath(), w.a.key, `{"timeoutSeconds":0}`).awaited(t); !a.TimedOut || a.Message != nil || a.Codes == nil || a.Links == nil {
		t.Errorf("%+v", a)
	}
	done := w.waiting(`{"match":{"subject":"device"},"timeoutSeconds":60}`)
	w.deliver(w.a.address, "Subject: something else\r\n\r\nx\r\n")
	w.deliver("two@a.example", codeMail) // of the sibling
	id := w.deliver(w.a.address, codeMail)
	if a := (<-done).awaited(t); a.Message.ID != id || a.Codes[0].Value != "804113" {
		t.Errorf("%+v", a)
	}
}

func TestAWaitIsNotAnsweredByWhatIsSentPutThereJunkOrTrash(t *testing.T) {
	w := newWorld(t, Config{})
	after := now()
	w.must(202, "POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, `{"to":"ann@x.example","subject":"s","text":"x"}`, nil)
	trashed := w.deliver(w.a.address, "Subject: s\r\n\r\nx\r\n")
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.inbox+"/messages/"+trashed, w.a.key, "", nil)
	r, err := w.dir.Recipient(t.Context(), w.a.address)
	if err != nil {
		t.Fatal(err)
	}
	sp := mailstore.NewSpool(r.Inbox)
	defer sp.Close()
	io.WriteString(sp, "Subject: s\r\n\r\nx\r\n")
	junk, err := mailstore.Deliver(t.Context(), mailstore.Arrival{Sender: "b@x.example", Spool: sp, To: []mailstore.Recipient{{Inbox: r.Inbox, Address: r.Address, Mailbox: mailstore.JunkMailbox}}})
	if err != nil {
		t.Fatal(err)
	}
	if a := w.do("POST", w.waitPath(), w.a.key, `{"match":{"subject":"s","after":"`+after+`"},"timeoutSeconds":0}`).awaited(t); !a.TimedOut {
		t.Errorf("%+v", a.Message)
	}
	if a := w.do("POST", w.waitPath(), w.a.key, `{"match":{"subject":"s","after":"`+after+`","includeJunk":true},"timeoutSeconds":0}`).awaited(t); a.TimedOut || a.Message.ID != string(junk.IDs()[0]) {
		t.Errorf("%+v", a)
	}
}

func TestAThreadMatchesAWait(t *testing.T) {
	w := newWorld(t, Config{})
	done := w.waiting(`{"match":{"threadId":"` + w.a.thread + `"},"timeoutSeconds":60}`)
	w.deliver(w.a.address, "Subject: other\r\n\r\nx\r\n")
	id := w.deliver(w.a.address, "Subject: Re: Hello\r\nIn-Reply-To: <1@x.example>\r\nReferences: <1@x.example>\r\n\r\nYour code is 482913, it expires.\r\n")
	if a := (<-done).awaited(t); a.Message.ID != id || len(a.Codes) != 0 { // a reply tells of no codes
		t.Errorf("%+v", a)
	}
}

func TestAWaitAfterAMessageTakesOnlyWhatCameAfterIt(t *testing.T) {
	w := newWorld(t, Config{})
	before := w.deliver(w.a.address, codeMail)
	var sent struct{ ID string }
	w.must(202, "POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, `{"to":"ann@x.example","subject":"s","text":"x"}`, &sent)
	ask := func(id string) answer {
		return w.do("POST", w.waitPath(), w.a.key, `{"match":{"after":"`+id+`"},"timeoutSeconds":0}`)
	}
	for _, id := range []string{before, sent.ID} {
		if a := ask(id).awaited(t); !a.TimedOut {
			t.Errorf("after %s: %+v", id, a.Message)
		}
	}
	done := w.waiting(`{"match":{"after":"` + sent.ID + `"},"timeoutSeconds":60}`)
	id := w.deliver(w.a.address, "Subject: answer\r\n\r\nx\r\n")
	if a := (<-done).awaited(t); a.Message.ID != id {
		t.Errorf("%+v", a.Message)
	}
	for _, known := range []string{before, sent.ID} {
		if a := ask(known).awaited(t); a.Message == nil || a.Message.ID != id {
			t.Errorf("after %s: %+v", known, a.Message)
		}
	}
	sibling := w.deliver("two@a.example", codeMail)
	for _, bad := range []string{sibling, w.b.message, "msg_nothing", "yesterday"} {
		if a := ask(bad); a.status != 400 || a.problem(t).Code != "validation_failed" || a.problem(t).Errors[0].Path != "body.match.after" {
			t.Errorf("after %s: %d %s", bad, a.status, a.body)
		}
	}
}

func TestAWaitMatchesWithoutRegardToCase(t *testing.T) {
	w := newWorld(t, Config{})
	after := now()
	id := w.deliver(w.a.address, "From: =?utf-8?Q?=C3=89mile_Ko=C5=A1=C5=A5?= <Robot@Mail.Example>\r\nSubject: =?utf-8?B?0JrQvtC0INC/0L7QtNGC0LLQtdGA0LbQtNC10L3QuNGP?=\r\n\r\nx\r\n")
	for match, found := range map[string]bool{
		`"from":"émile"`: true, `"from":"ÉMILE KOŠŤ"`: true, `"from":"robot@mail.example"`: true, `"from":"košť <robot@"`: true, `"subject":"код ПОДТВЕРЖДЕНИЯ"`: true,
		`"from":"émile","subject":"код"`: true, `"from":"émile","subject":"code"`: false, `"from":"address"`: false, `"from":"name"`: false, `"from":"%"`: false, `"subject":"_"`: false,
		`"threadId":"thr_nothing"`: false,
	} {
		a := w.do("POST", w.waitPath(), w.a.key, `{"match":{"after":"`+after+`",`+match+`},"timeoutSeconds":0}`).awaited(t)
		if a.TimedOut == found || found && a.Message.ID != id {
			t.Errorf("%s: %+v", match, a.Message)
		}
	}
}

func TestAMessageThatComesWhileAWaitBeginsIsNotMissed(t *testing.T) {
	w := newWorld(t, Config{})
	for range 20 {
		after := now()
		came := make(chan string, 1)
		go func() { came <- w.deliver(w.a.address, codeMail) }()
		a := w.do("POST", w.waitPath(), w.a.key, `{"match":{"after":"`+after+`"},"timeoutSeconds":60}`).awaited(t)
		if id := <-came; a.Message == nil || a.Message.ID != id {
			t.Fatalf("%s came, got %+v", id, a.Message)
		}
	}
}

func TestAWaitForJunkTakesWhatIsBlockedToo(t *testing.T) {
	w := newWorld(t, Config{})
	done := w.waiting(`{"match":{"includeJunk":true},"timeoutSeconds":60}`)
	r, err := w.dir.Recipient(t.Context(), w.a.address)
	if err != nil {
		t.Fatal(err)
	}
	sp := mailstore.NewSpool(r.Inbox)
	defer sp.Close()
	io.WriteString(sp, "Subject: s\r\n\r\nx\r\n")
	blocked, err := mailstore.Deliver(t.Context(), mailstore.Arrival{Sender: "b@x.example", Spool: sp,
		To: []mailstore.Recipient{{Inbox: r.Inbox, Address: r.Address, Mailbox: mailstore.JunkMailbox, Labels: []string{mailstore.LabelBlocked}}}})
	if err != nil {
		t.Fatal(err)
	}
	if a := (<-done).awaited(t); a.Message == nil || a.Message.ID != string(blocked.IDs()[0]) {
		t.Errorf("%+v", a)
	}
}

func TestAWaitAtAnInboxThatIsDeletedTellsNothing(t *testing.T) {
	w := newWorld(t, Config{})
	done := w.waiting(`{"timeoutSeconds":1}`)
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.inbox, w.a.key, "", nil)
	if a := <-done; a.status != 404 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestTwoHundredWaitsAtOneInboxAreAnsweredByOneMessage(t *testing.T) {
	w := newWorld(t, Config{})
	var running sync.WaitGroup
	ids := make([]string, 200)
	for i := range ids {
		running.Go(func() {
			a := w.do("POST", w.waitPath(), w.a.key, `{"match":{"subject":"DEVICE"},"timeoutSeconds":100}`)
			var out awaited
			if err := json.Unmarshal([]byte(a.body), &out); err == nil && out.Message != nil && len(out.Codes) == 1 {
				ids[i] = out.Message.ID
			}
		})
	}
	w.untilWaits(len(ids))
	w.deliver(w.a.address, "Subject: noise\r\n\r\nx\r\n")
	id := w.deliver(w.a.address, codeMail)
	running.Wait()
	for i, got := range ids {
		if got != id {
			t.Fatalf("wait %d got %q, want %q", i, got, id)
		}
	}
}

func TestAWaitEndsWithItsClient(t *testing.T) {
	w := newWorld(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		req, _ := http.NewRequestWithContext(ctx, "POST", w.http.URL+w.waitPath(), strings.NewReader(`{"timeoutSeconds":120}`))
		req.Header.Set("X-API-Key", w.a.key)
		req.Header.Set("Content-Type", "application/json")
		_, err := w.http.Client().Do(req)
		gone <- err
	}()
	w.untilWaits(1)
	cancel()
	if err := <-gone; err == nil {
		t.Error("it was answered")
	}
	w.untilWaits(0)
}

func TestADrainEndsWaitsSoThatTheyAreAskedAgain(t *testing.T) {
	w := newWorld(t, Config{})
	done := w.waiting(`{"timeoutSeconds":120}`)
	w.api.Drain(t.Context())
	if a := <-done; a.status != 503 || a.problem(t).Code != "shutting_down" || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAfterARestartAWaitFindsWhatCameBefore(t *testing.T) {
	w := newWorld(t, Config{})
	after := now()
	id := w.deliver(w.a.address, codeMail)
	w.restart()
	if a := w.do("POST", w.waitPath(), w.a.key, `{"match":{"after":"`+after+`","subject":"device"}}`).awaited(t); a.Message == nil || a.Message.ID != id {
		t.Errorf("%+v", a)
	}
}

func TestOfTwoMessagesThatComeTogetherTheFirstIsGiven(t *testing.T) {
	w := newWorld(t, Config{})
	for range 5 {
		done := w.waiting(`{"match":{"subject":"pair"},"timeoutSeconds":60}`)
		var running sync.WaitGroup
		for i := range 2 {
			running.Go(func() { w.deliver(w.a.address, fmt.Sprintf("Subject: pair %d\r\n\r\nx\r\n", i)) })
		}
		running.Wait()
		got := (<-done).awaited(t).Message.ID
		var list eventList
		w.must(200, "GET", "/v1/events?types=message.received&limit=200", w.a.key, "", &list)
		raw, _ := json.Marshal(list.Events[len(list.Events)-2].Data)
		var first messageObject
		json.Unmarshal(raw, &first)
		if first.ID != got {
			t.Fatalf("got %s, first is %s", got, first.ID)
		}
	}
}

func TestWaitsAreBoundedAndCheckWhatTheyAreAsked(t *testing.T) {
	w := newWorld(t, Config{MaxWaits: 1})
	done := w.waiting(`{"timeoutSeconds":60}`)
	if a := w.do("POST", w.waitPath(), w.a.key, `{}`); a.status != 429 || a.problem(t).Code != "limit_reached" || a.header.Get("Retry-After") == "" {
		t.Errorf("one more: %d %s", a.status, a.body)
	}
	if a := w.do("POST", "/v1/inboxes/"+w.b.inbox+"/wait", w.b.key, `{"timeoutSeconds":0}`); a.status != 200 {
		t.Errorf("of another workspace: %d %s", a.status, a.body)
	}
	w.deliver(w.a.address, codeMail)
	(<-done).awaited(t)
	w.untilWaits(0)
	for _, bad := range []string{`{"timeoutSeconds":121}`, `{"timeoutSeconds":-1}`, `{"match":{"to":"x"}}`, `{"match":{"after":"yesterday"}}`, `{"after":"2026-01-01T00:00:00Z"}`} {
		if a := w.do("POST", w.waitPath(), w.a.key, bad); a.status != 400 {
			t.Errorf("%s is answered %d %s", bad, a.status, a.body)
		}
	}
}

func TestAWaitNeedsToReadMessagesAndNoEvents(t *testing.T) {
	w := newWorld(t, Config{})
	for permission, status := range map[string]int{"messages:read": 200, "events:read": 403} {
		var k struct{ Key string }
		w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"k","permissions":["`+permission+`"]}`, &k)
		if a := w.do("POST", w.waitPath(), k.Key, `{"timeoutSeconds":0}`); a.status != status {
			t.Errorf("%s: %d %s", permission, a.status, a.body)
		}
	}
	if a := w.do("POST", w.waitPath(), w.b.key, `{"timeoutSeconds":0}`); a.status != 404 {
		t.Errorf("another's: %d %s", a.status, a.body)
	}
}

func TestAWaitOfAKeyThatIsRevokedTellsNothing(t *testing.T) {
	w := newWorld(t, Config{})
	var k struct{ ID, Key string }
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"k"}`, &k)
	done := make(chan answer, 1)
	go func() { done <- w.do("POST", w.waitPath(), k.Key, `{"timeoutSeconds":60}`) }()
	w.untilWaits(1)
	w.must(204, "DELETE", "/v1/workspaces/"+w.a.id+"/keys/"+k.ID, w.a.key, "", nil)
	w.deliver(w.a.address, codeMail)
	if a := <-done; a.status < 400 || strings.Contains(a.body, "804113") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestTheAnswerOfAWaitIsGivenAgainWithoutBeingKept(t *testing.T) {
	w := newWorld(t, Config{})
	after := now()
	id := w.deliver(w.a.address, codeMail)
	body := `{"match":{"after":"` + after + `"},"timeoutSeconds":0}`
	w.do("POST", w.waitPath(), w.a.key, body, "Idempotency-Key", "k")
	w.deliver(w.a.address, "Subject: newer\r\n\r\nx\r\n")
	if a := w.do("POST", w.waitPath(), w.a.key, body, "Idempotency-Key", "k"); a.awaited(t).Message.ID != id || a.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%s", a.body)
	}
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.inbox+"/messages/"+id+"?permanent=true", w.a.key, "", nil)
	if a := w.do("POST", w.waitPath(), w.a.key, body, "Idempotency-Key", "k"); a.status != 404 {
		t.Errorf("of a message that is gone: %d %s", a.status, a.body)
	}
}

func TestAWaitForACodePassesOverMessagesWithoutOne(t *testing.T) {
	w := newWorld(t, Config{})
	after := now()
	old := w.deliver(w.a.address, codeMail)
	w.deliver(w.a.address, "Subject: later, without\r\n\r\nx\r\n")
	body := `{"match":{"withCode":true,"after":"` + after + `"},"timeoutSeconds":0}`
	if a := w.do("POST", w.waitPath(), w.a.key, body).awaited(t); a.Message == nil || a.Message.ID != old || len(a.Codes) != 1 {
		t.Errorf("of what is there: %+v", a)
	}
	done := w.waiting(`{"match":{"withCode":true}}`)
	w.deliver(w.a.address, "Subject: without\r\n\r\nx\r\n")
	id := w.deliver(w.a.address, codeMail)
	if a := (<-done).awaited(t); a.Message == nil || a.Message.ID != id {
		t.Errorf("of what comes: %+v", a)
	}
}

func TestAWaitForACodeLooksBackOnlySoFar(t *testing.T) {
	w := newWorld(t, Config{})
	after := now()
	id := w.deliver(w.a.address, codeMail)
	for range maxCodeLookBack - 1 {
		w.deliver(w.a.address, "Subject: without\r\n\r\nx\r\n")
	}
	body := `{"match":{"withCode":true,"after":"` + after + `"},"timeoutSeconds":0}`
	if a := w.do("POST", w.waitPath(), w.a.key, body).awaited(t); a.Message == nil || a.Message.ID != id {
		t.Errorf("the last that is read: %+v", a)
	}
	w.deliver(w.a.address, "Subject: without\r\n\r\nx\r\n")
	if a := w.do("POST", w.waitPath(), w.a.key, body).awaited(t); a.Message != nil {
		t.Errorf("one further back was read: %+v", a)
	}
}
