package mailstore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestThreadsComeOutTheSameInEveryOrderOfArrival(t *testing.T) {
	// 1 <- 2 <- 3, 2 <- 4, and 5 alone
	all := []string{
		mail("<1@x>", "", "Plan", "ann@x.example", "one"),
		mail("<2@x>", "<1@x>", "Re: Plan", "bob@x.example", "two"),
		mail("<3@x>", "<1@x> <2@x>", "Re: Plan", "ann@x.example", "three"),
		mail("<4@x>", "<2@x>", "Something else", "cid@x.example", "four"),
		mail("<5@x>", "", "Plan", "dan@x.example", "five"),
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 12 {
		b := newBed(t)
		order := rng.Perm(len(all))
		for _, i := range order {
			b.deliver(all[i])
			b.pass(time.Second)
		}
		byThread := map[ThreadID][]string{}
		for _, m := range b.list(MessageFilter{}) {
			byThread[m.ThreadID] = append(byThread[m.ThreadID], m.Envelope.MessageID)
		}
		threads, _, err := b.in.Threads(t.Context(), MessageFilter{}, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(byThread) != 2 || len(threads) != 2 {
			t.Fatalf("round %d, order %v: %v", round, order, byThread)
		}
		for _, th := range threads {
			if th.MessageCount != len(byThread[th.ID]) || th.MessageCount != 1 && th.MessageCount != 4 {
				t.Errorf("order %v: thread of %d has %v", order, th.MessageCount, byThread[th.ID])
			}
		}
	}
}

func TestWhenThreadsMergeTheOldestIdLivesAndTheOthersLeadToIt(t *testing.T) {
	b := newBed(t)
	first := b.deliver(mail("<1@x>", "", "One", "a@x", "x"))
	second := b.deliver(mail("<2@x>", "", "Two", "b@x", "x"))
	third := b.deliver(mail("<3@x>", "", "Three", "c@x", "x"))
	b.deliver(mail("<4@x>", "<2@x> <3@x>", "joins two and three", "d@x", "x"))
	b.deliver(mail("<5@x>", "<1@x> <3@x>", "joins all", "d@x", "x"))
	for _, old := range []ThreadID{first.ThreadID, second.ThreadID, third.ThreadID} {
		th, err := b.in.Thread(t.Context(), old)
		if err != nil || th.ID != first.ThreadID || th.MessageCount != 5 {
			t.Errorf("%s leads to %+v, %v", old, th, err)
		}
		if l := b.list(MessageFilter{ThreadID: old}); len(l) != 5 {
			t.Errorf("%s lists %d messages", old, len(l))
		}
	}
	other := b.in.ws.Inbox("inb_00000000000000000000000000")
	if _, err := other.Thread(t.Context(), first.ThreadID); !errors.Is(err, ErrNotFound) {
		t.Errorf("another inbox sees the thread: %v", err)
	}
}

func TestASubjectJoinsOnlyRepliesThatShareAParticipantWithinThirtyDays(t *testing.T) {
	for _, c := range []struct {
		name    string
		subject string
		from    string
		after   time.Duration
		joins   bool
	}{
		{"a reply by a participant", "RE: Budget  2026", "ann@x.example", time.Hour, true},
		{"a reply in German", "AW: Budget 2026", "ann@x.example", time.Hour, true},
		{"the same subject without Re:", "Budget 2026", "ann@x.example", time.Hour, false},
		{"a reply by a stranger", "Re: Budget 2026", "eve@x.example", time.Hour, false},
		{"a reply too late", "Re: Budget 2026", "ann@x.example", 31 * 24 * time.Hour, false},
		{"a forward", "Fwd: Budget 2026", "ann@x.example", time.Hour, false},
		{"another subject", "Re: Budget 2027", "ann@x.example", time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBed(t)
			first := b.deliver(mail("<1@x>", "", "Budget 2026", "ann@x.example", "x"))
			b.pass(c.after)
			second := b.deliver(mail("<2@x>", "", c.subject, c.from, "y"))
			if joined := first.ThreadID == second.ThreadID; joined != c.joins {
				t.Errorf("joined: %v", joined)
			}
		})
	}
}

func TestAThreadGoesWithItsLastMessage(t *testing.T) {
	b := newBed(t)
	one := b.deliver(mail("<1@x>", "", "One", "a@x", "x"))
	two := b.deliver(mail("<2@x>", "<1@x>", "Re: One", "b@x", "x"))
	if err := b.in.DeleteMessage(t.Context(), one.ID, true); err != nil {
		t.Fatal(err)
	}
	if th, err := b.in.Thread(t.Context(), one.ThreadID); err != nil || th.MessageCount != 1 || th.LastMessageID != two.ID {
		t.Fatalf("%+v, %v", th, err)
	}
	if err := b.in.DeleteThread(t.Context(), one.ThreadID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Thread(t.Context(), one.ThreadID); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	if left := b.files("maildir/*/*/msg_*"); len(left) > 0 {
		t.Errorf("files left: %v", left)
	}
}

func TestAListIsPagedWithoutLossWhileThingsComeAndGo(t *testing.T) {
	b := newBed(t)
	want := map[MessageID]bool{}
	for i := range 25 {
		want[b.deliver(mail(fmt.Sprintf("<%d@x>", i), "", "x", "a@b", "x")).ID] = true // all within one instant
	}
	var after *Place
	pages := 0
	for {
		list, next, err := b.in.Messages(t.Context(), MessageFilter{}, after, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			delete(want, m.ID)
		}
		pages++
		b.deliver(mail("<new@x>", "", "new", "a@b", "x"))
		if next == nil {
			break
		}
		after = next
	}
	if len(want) > 0 || pages != 3 {
		t.Fatalf("%d messages were never listed, %d pages", len(want), pages)
	}
}

func TestFiltersPassWhatTheySay(t *testing.T) {
	b := newBed(t)
	ann := b.deliver(mail("<1@x>", "", "Lunch 100%", "Ann Lee <ann@x.example>", "x"))
	b.pass(time.Hour)
	bob := b.deliver(mail("<2@x>", "", "Dinner", "bob@y.example", "x"))
	b.pass(time.Hour)
	junk := b.deliver(mail("<3@x>", "", "Pills", "spam@z.example", "x"))
	change := func(id MessageID, add ...string) {
		t.Helper()
		if _, err := b.in.ChangeMessage(t.Context(), id, MessageChange{AddLabels: add}); err != nil {
			t.Fatal(err)
		}
	}
	change(junk.ID, "spam")
	change(bob.ID, "read", "starred", "customer-7")
	for name, c := range map[string]struct {
		f    MessageFilter
		want []MessageID
	}{
		"all but junk":   {MessageFilter{}, []MessageID{bob.ID, ann.ID}},
		"with junk":      {MessageFilter{IncludeTrash: true, IncludeSpam: true}, []MessageID{junk.ID, bob.ID, ann.ID}},
		"label spam":     {MessageFilter{Labels: []string{"spam"}}, []MessageID{junk.ID}},
		"mailbox":        {MessageFilter{Mailbox: "Junk"}, []MessageID{junk.ID}},
		"unread":         {MessageFilter{Labels: []string{"unread"}}, []MessageID{ann.ID}},
		"read + starred": {MessageFilter{Labels: []string{"read", "starred"}}, []MessageID{bob.ID}},
		"own label":      {MessageFilter{Labels: []string{"Customer-7"}}, []MessageID{bob.ID}},
		"no such label":  {MessageFilter{Labels: []string{"x"}}, nil},
		"from name":      {MessageFilter{From: "ann l"}, []MessageID{ann.ID}},
		"from address":   {MessageFilter{From: "@Y.example"}, []MessageID{bob.ID}},
		"to":             {MessageFilter{To: "ME@demo"}, []MessageID{bob.ID, ann.ID}},
		"percent":        {MessageFilter{Subject: "100%"}, []MessageID{ann.ID}},
		"no wildcard":    {MessageFilter{Subject: "L%h"}, nil},
		"ids":            {MessageFilter{IDs: []MessageID{ann.ID, junk.ID, "msg_x"}}, []MessageID{ann.ID}},
		"an id and more": {MessageFilter{IDs: []MessageID{ann.ID, bob.ID}, Subject: "dinner"}, []MessageID{bob.ID}},
		"message id":     {MessageFilter{MessageID: "<2@x>"}, []MessageID{bob.ID}},
		"after":          {MessageFilter{After: bob.ReceivedAt}, []MessageID{bob.ID}},
		"before":         {MessageFilter{Before: bob.ReceivedAt}, []MessageID{ann.ID}},
	} {
		var got []MessageID
		for _, m := range b.list(c.f) {
			got = append(got, m.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
