package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

func TestWhatHappensIsPostedOnceUnderItsIDWithTheEndpointsHeaders(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		b.serves("hook.example", answers(204))
		s := b.space("a")
		s.deliver(s.inbox, "before")
		id := s.hook("hook.example", func(n *tenancy.NewWebhook) {
			n.Headers = map[string]string{"X-Token": "hush", "User-Agent": "ours"}
			n.InboxIDs = []string{string(s.inbox)}
		})
		s.deliver(s.inbox, "one")
		s.deliver(s.more, "of another inbox")
		s.deliver(s.inbox, "two")
		b.settle()
		if got := b.received("hook.example"); !slices.Equal(sorted(got), []string{"one", "two"}) {
			t.Fatalf("it got %q", got)
		}
		r := b.requests("hook.example")[0]
		if h := r.header; h.Get("X-Token") != "hush" || h.Get("User-Agent") != "ours" || h.Get("Content-Type") != "application/json" || h.Get("Webhook-Id") != r.id || h.Get("Svix-Signature") != h.Get("Webhook-Signature") {
			t.Errorf("its header is %v", h)
		}
		if log := s.log(id); len(log) != 2 || log[0].Status != mailstore.DispatchDelivered || log[0].Attempts != 1 {
			t.Errorf("the log is %+v", log)
		}
		b.restart()
		b.settle()
		if got := b.received("hook.example"); len(got) != 2 {
			t.Errorf("after a restart it got %q", got)
		}
	})
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func TestWhatFailsIsTriedAgainForADayAndThenHasFailed(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		s, id := b.hooked(answers(500))
		s.deliver(s.inbox, "one")
		b.settle()
		begin := b.requests("hook.example")[0].at
		time.Sleep(26 * time.Hour)
		b.settle()
		var waits []time.Duration
		requests := b.requests("hook.example")
		for i, r := range requests[1:] {
			waits = append(waits, r.at.Sub(requests[i].at))
			if r.id != requests[0].id {
				t.Errorf("the id has become %s", r.id)
			}
		}
		if len(waits) != len(backoff) {
			t.Fatalf("it was tried after %v", waits)
		}
		for i, wait := range waits {
			if least := backoff[i]; wait < least || wait > least+time.Duration(jitter*float64(least))+time.Second {
				t.Errorf("wait %d is %s, not about %s", i+1, wait, least)
			}
		}
		if last := requests[len(requests)-1].at.Sub(begin); last < 23*time.Hour || last > 26*time.Hour {
			t.Errorf("it was tried for %s", last)
		}
		d, attempts, err := s.dir.Following(s.id).Dispatch(t.Context(), string(id), s.log(id)[0].ID)
		if err != nil || d.Status != mailstore.DispatchFailed || len(attempts) != len(backoff)+1 || attempts[0].Response != "answer 500" || attempts[0].Error != "it answered 500" {
			t.Errorf("the log has %+v with %+v, %v", d, attempts, err)
		}
		if w := s.webhook(id); !w.Enabled {
			t.Errorf("a day of failing disabled it: %s", w.Reason)
		}
	})
}

func TestAnAnswerThatDoesNotComeIsNotWaitedForLongerThanTheTimeout(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		s, id := b.hooked(hangs)
		s.deliver(s.inbox, "one")
		time.Sleep(Timeout - time.Second)
		if log := s.log(id); len(log) != 0 {
			t.Errorf("before the time the log has %+v", log)
		}
		time.Sleep(time.Second)
		b.settle()
		_, attempts, err := s.dir.Following(s.id).Dispatch(t.Context(), string(id), s.log(id)[0].ID)
		if err != nil || len(attempts) != 1 || attempts[0].Took != Timeout || attempts[0].Code != 0 || attempts[0].Error != "it did not answer within 15s" {
			t.Errorf("it was tried %+v, %v", attempts, err)
		}
	})
}

func TestAnEventThatWeCannotWriteWaitsAndIsNoFailureOfItsEndpoint(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		s, id := b.hooked(answers(200))
		able := func(err error) { b.mu.Lock(); b.unable = err; b.mu.Unlock() }
		able(errors.New("no disk"))
		s.deliver(s.inbox, "one")
		b.settle()
		if log := s.log(id); len(b.requests("hook.example")) != 0 || len(log) != 1 || log[0].Status != mailstore.DispatchWaiting || log[0].Attempts != 0 {
			t.Fatalf("the log is %+v", log)
		}
		able(nil)
		time.Sleep(ownFailure - time.Second)
		b.settle()
		if got := b.received("hook.example"); len(got) != 0 {
			t.Errorf("before its time it got %q", got)
		}
		time.Sleep(time.Second)
		b.settle()
		if log := s.log(id); len(b.received("hook.example")) != 1 || log[0].Status != mailstore.DispatchDelivered || log[0].Attempts != 1 {
			t.Errorf("then the log is %+v", log)
		}
	})
}

func TestAnEndpointThatTakesLongIsPostedToOneAtATimeUntilItTakesLess(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		s, _ := b.hooked(takes(slowAnswer, 200))
		s.deliver(s.inbox, "first")
		time.Sleep(slowAnswer + time.Second)
		most := func() int {
			for range 10 {
				s.deliver(s.inbox, "more")
			}
			time.Sleep(time.Minute)
			b.settle()
			b.mu.Lock()
			defer b.mu.Unlock()
			defer clear(b.most)
			return b.most["hook.example"]
		}
		if n := most(); n != 1 {
			t.Errorf("while it is slow it has %d requests at a time", n)
		}
		b.serves("hook.example", takes(slowAnswer-time.Second, 200))
		most() // which shows it
		if n := most(); n != MaxPerEndpoint {
			t.Errorf("when it is not it has %d requests at a time", n)
		}
		if got := b.received("hook.example"); len(got) != 31 {
			t.Errorf("it got %d", len(got))
		}
	})
}

func TestBehindSomeFailuresTheRestOfABatchGoesOneAtATime(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		s, id := b.hooked(takes(time.Second, 500))
		s.enable(id, false)
		for range batchSize {
			s.deliver(s.inbox, "one of many")
		}
		s.enable(id, true) // the whole batch at once
		time.Sleep(10 * time.Second)
		b.settle()
		const first = batchFailures + MaxPerEndpoint - 1 // and those that began while the last failure was on its way
		requests := b.requests("hook.example")
		if len(requests) <= first+1 {
			t.Fatalf("in ten seconds it got %d requests", len(requests))
		}
		for i := first + 1; i < len(requests); i++ {
			if wait := requests[i].at.Sub(requests[i-1].at); wait < time.Second {
				t.Errorf("request %d came %s behind the one before", i+1, wait)
			}
		}
	})
}

// The counts are of a bubble's time: what hangs, hangs for as long as a request may.
func TestEndpointsThatHangHarmNobodyElse(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		bad := b.space("bad")
		for i := range 30 {
			bad.hook(fmt.Sprintf("hang%d.example", i)) // nobody answers there
		}
		good := b.space("good")
		b.serves("good.example", answers(200))
		good.hook("good.example")
		sibling := bad.hook("sibling.example") // in the workspace of those that hang
		b.serves("sibling.example", answers(200))
		for i := range 40 {
			bad.deliver(bad.inbox, fmt.Sprint("bad ", i))
		}
		b.settle()
		begin := time.Now()
		for i := range 40 {
			good.deliver(good.inbox, fmt.Sprint("good ", i))
		}
		b.settle()
		if got := b.received("good.example"); len(got) != 40 || time.Since(begin) >= time.Second {
			t.Errorf("beside those that hang, %d of 40 came within %s", len(got), time.Since(begin))
		}
		b.mu.Lock()
		hanging := 0
		for host, n := range b.running {
			if n > MaxPerEndpoint {
				t.Errorf("%s has %d requests at a time", host, n)
			}
			hanging += n
		}
		b.mu.Unlock()
		if hanging > MaxPerWorkspace {
			t.Errorf("the workspace has %d requests at a time", hanging)
		}
		time.Sleep(10 * time.Minute)
		b.settle()
		if got := b.received("sibling.example"); len(got) != 40 {
			t.Errorf("in the same workspace, %d of 40 came in ten minutes", len(got))
		}
		b.mu.Lock()
		clear(b.most)
		b.mu.Unlock()
		time.Sleep(10 * time.Minute)
		b.mu.Lock()
		for host, n := range b.most {
			if n > 1 {
				t.Errorf("%s hangs and has %d requests at a time", host, n)
			}
		}
		b.mu.Unlock()
		if w := bad.webhook(sibling); !w.Enabled {
			t.Error("the sibling was disabled")
		}
	})
}

func TestOfAnOrderedEndpointAFailureHoldsItsInboxAlone(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		b.serves("hook.example", func(r received) *http.Response {
			if r.what == "one" {
				return respond(503)
			}
			return respond(200)
		})
		s := b.space("a")
		s.hook("hook.example", func(n *tenancy.NewWebhook) { n.Ordered = true })
		for _, subject := range []string{"one", "two", "three"} {
			s.deliver(s.inbox, subject)
			s.deliver(s.more, "other "+subject)
		}
		b.settle()
		got := b.received("hook.example")
		if want := []string{"one", "other one", "other three", "other two"}; !slices.Equal(sorted(got), want) {
			t.Errorf("it got %q", got)
		}
		b.serves("hook.example", answers(200))
		time.Sleep(10 * time.Second)
		b.settle()
		if got := b.received("hook.example")[4:]; !slices.Equal(got, []string{"one", "two", "three"}) {
			t.Errorf("when that was taken it got %q", got)
		}
	})
}

func TestAnEndpointThatIsGoneIsDisabledAtOnceAndGoesOnFromItsPlace(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		s, id := b.hooked(answers(410))
		s.deliver(s.inbox, "one")
		b.settle()
		if w := s.webhook(id); w.Enabled || w.Reason != tenancy.WebhookGone {
			t.Fatalf("it is %+v", w)
		}
		b.serves("hook.example", answers(200))
		s.deliver(s.inbox, "two")
		time.Sleep(48 * time.Hour)
		b.settle()
		if got := b.received("hook.example"); len(got) != 1 {
			t.Errorf("while it is disabled it got %q", got)
		}
		s.enable(id, true)
		if got := b.received("hook.example")[1:]; !slices.Equal(sorted(got), []string{"one", "two"}) {
			t.Errorf("when it is enabled it got %q", got)
		}
	})
}

func TestAnEndpointThatFailsForDaysIsDisabledWithAnEvent(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		b.serves("hook.example", answers(500))
		b.serves("watch.example", answers(200))
		s := b.space("a")
		id := s.hook("hook.example")
		s.hook("watch.example", func(n *tenancy.NewWebhook) { n.EventTypes = []string{mailstore.FollowerDisabled} })
		for range 7 * 24 {
			s.deliver(s.inbox, "hourly")
			time.Sleep(time.Hour)
			if !s.webhook(id).Enabled {
				break
			}
		}
		w := s.webhook(id)
		if w.Enabled || w.Reason != tenancy.WebhookFailing || w.DisabledAt.Sub(w.CreatedAt) < DisableAfter {
			t.Errorf("it is %+v", w)
		}
		b.settle()
		if got := b.received("watch.example"); !slices.Equal(got, []string{mailstore.FollowerDisabled}) {
			t.Errorf("another endpoint was told %q", got)
		}
	})
}

func TestAnEndpointThatIsSeldomPostedToIsNotDisabledForAFewFailures(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		s, id := b.hooked(answers(500))
		each := len(backoff) + 1 // attempts of an event
		for n := 1; n*each < disableFailures; n++ {
			s.deliver(s.inbox, "one in a while")
			time.Sleep(DisableAfter)
			if w := s.webhook(id); !w.Enabled || len(b.requests("hook.example")) != n*each {
				t.Errorf("behind %d failures it is %+v", len(b.requests("hook.example")), w)
			}
		}
		s.deliver(s.inbox, "the last")
		time.Sleep(24 * time.Hour)
		b.settle()
		if w := s.webhook(id); w.Enabled || w.Reason != tenancy.WebhookFailing || len(b.requests("hook.example")) != disableFailures {
			t.Errorf("behind %d failures it is %+v", len(b.requests("hook.example")), w)
		}
	})
}

func TestAnEndpointIsLeftAloneForAsLongAsItAsksWithinBounds(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		s, _ := b.hooked(answers(429, "Retry-After", "120"))
		s.deliver(s.inbox, "one")
		b.settle()
		s.deliver(s.inbox, "two")
		time.Sleep(110 * time.Second)
		b.settle()
		if got := b.received("hook.example"); len(got) != 1 {
			t.Errorf("before the time it got %q", got)
		}
		b.serves("hook.example", answers(429, "Retry-After", "999999999"))
		time.Sleep(20 * time.Second)
		b.settle()
		before := len(b.received("hook.example"))
		if before < 2 {
			t.Fatal("behind the time it got nothing")
		}
		time.Sleep(maxRetryAfter - 30*time.Second)
		b.settle()
		if got := b.received("hook.example"); len(got) != before {
			t.Errorf("within the hour it got %q", got[before:])
		}
		time.Sleep(time.Minute)
		b.settle()
		if got := b.received("hook.example"); len(got) == before {
			t.Error("an hour is the most, and it got nothing behind it")
		}
	})
}

func TestWhatWaitsWhenTheServerStopsIsPostedByTheNextRunWithoutDelay(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		s := b.space("a")
		id := s.hook("hook.example") // hangs
		s.deliver(s.inbox, "one")
		b.settle()
		begin := time.Now()
		b.stop()
		if took := time.Since(begin); took > 6*time.Second {
			t.Errorf("it drained for %s", took)
		}
		b.serves("hook.example", answers(200))
		b.start()
		b.settle()
		got := b.requests("hook.example")
		if len(got) != 2 || got[0].id != got[1].id {
			t.Fatalf("it got %+v", got)
		}
		if log := s.log(id); len(log) != 1 || log[0].Status != mailstore.DispatchDelivered || log[0].Attempts != 1 {
			t.Errorf("what was cut off counts as a failure: %+v", log)
		}
	})
}

func TestATestIsPostedAtOnceKeptAndNotRepeated(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		_, id := b.hooked(answers(500))
		d, err := b.hooks.Try(t.Context(), id, "evt_test", "message.received", []byte(`{"id":"evt_test","type":"message.received"}`))
		if err != nil || !d.Test || d.Status != mailstore.DispatchFailed || d.Code != 500 || d.Error != "it answered 500" {
			t.Errorf("it gives %+v, %v", d, err)
		}
		time.Sleep(24 * time.Hour)
		b.settle()
		if got := b.received("hook.example"); len(got) != 1 {
			t.Errorf("it got %q", got)
		}
		if _, err := b.hooks.Try(t.Context(), "whk_00000000000000000000000000", "e", "t", nil); err != tenancy.ErrNotFound {
			t.Errorf("of none: %v", err)
		}
	})
}

func TestADeletedWebhookGetsNothingMore(t *testing.T) {
	inTime(t, func(t *testing.T, b *bed) {
		s, id := b.hooked(answers(500))
		s.deliver(s.inbox, "one")
		b.settle()
		if err := b.dir.Operator().DeleteWebhook(t.Context(), s.id, id); err != nil {
			t.Fatal(err)
		}
		s.deliver(s.inbox, "two")
		time.Sleep(24 * time.Hour)
		b.settle()
		if got := b.received("hook.example"); len(got) != 1 {
			t.Errorf("it got %q", got)
		}
		if due, _ := b.dir.Followed(); len(due) != 0 {
			t.Errorf("due is %v", due)
		}
	})
}
