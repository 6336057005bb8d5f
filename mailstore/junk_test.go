package mailstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// from is a message of an author.
func (b *bed) from(author string, change ...func(*Recipient)) Message {
	b.t.Helper()
	b.pass(time.Second)
	r := Recipient{Inbox: b.in, Address: "me@demo.localhost"}
	for _, c := range change {
		c(&r)
	}
	rec, err := b.try(mail(fmt.Sprintf("<%d@x>", b.now.UnixNano()), "", "s", author, "text"), r)
	if err != nil {
		b.t.Fatal(err)
	}
	m, err := r.Inbox.Message(b.t.Context(), rec.IDs()[0])
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

func (b *bed) screen(in Inbox, q Screening) Standing {
	b.t.Helper()
	s, err := in.Screen(b.t.Context(), q)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func inJunk(r *Recipient) { r.Mailbox = JunkMailbox }

// label changes labels as the API does.
func (b *bed) label(id MessageID, c MessageChange) {
	b.t.Helper()
	if _, err := b.in.ChangeMessage(b.t.Context(), id, c); err != nil {
		b.t.Fatal(err)
	}
}

func TestWhatUsersDoTeachesWhoIsWanted(t *testing.T) {
	b := newBed(t)
	other := b.in.ws.Inbox("inb_other")
	judged := func(in Inbox, author string) string {
		t.Helper()
		return b.screen(in, Screening{Author: author}).Judged
	}
	spam := MessageChange{AddLabels: []string{LabelSpam}}
	ham := MessageChange{RemoveLabels: []string{LabelSpam}}

	m := b.from(`"Robo" <Robo@Münster.Example>`)
	if got := judged(b.in, "robo@münster.example"); got != "" {
		t.Errorf("before anything: %q", got)
	}
	b.label(m.ID, spam) // by the API
	if got := judged(b.in, "robo@xn--mnster-3ya.example"); got != Unwanted {
		t.Errorf("moved to Junk: %q", got)
	}
	if got := judged(other, "ROBO@münster.example"); got != Unwanted {
		t.Errorf("in another inbox: %q", got)
	}
	b.label(m.ID, ham)
	if got := judged(b.in, "robo@münster.example"); got != Wanted {
		t.Errorf("moved back: %q", got)
	}
	b.reopen()
	if got := judged(b.in, "robo@münster.example"); got != Wanted {
		t.Errorf("after a restart: %q", got)
	}

	n := b.from("by-imap@x.example")
	entries := b.entries(InboxMailbox)
	uid := entries[len(entries)-1].UID
	moved := b.transfer([]uint32{uid}, JunkMailbox, false) // COPY, as old clients do before they delete
	if got := judged(b.in, "by-imap@x.example"); got != Unwanted {
		t.Errorf("copied to Junk: %q", got)
	}
	if _, err := b.in.Transfer(t.Context(), b.box(JunkMailbox).ID, moved.To, TrashMailbox, true); err != nil {
		t.Fatal(err)
	}
	if got := judged(b.in, "by-imap@x.example"); got != Unwanted {
		t.Errorf("thrown away from Junk: %q", got)
	}
	if err := b.in.DeleteMessage(t.Context(), n.ID, true); err != nil {
		t.Fatal(err)
	}
	b.from("unjudged@x.example", inJunk)
	if got := judged(b.in, "unjudged@x.example"); got != "" {
		t.Errorf("the server put it there, nobody else: %q", got)
	}
	if got := judged(b.in, "by-imap@x.example"); got != Unwanted {
		t.Errorf("after the message is gone: %q", got)
	}
}

func TestWhoIsWrittenToIsKnown(t *testing.T) {
	b := newBed(t)
	if s := b.screen(b.in, Screening{Author: "x@far.example"}); s != (Standing{}) {
		t.Errorf("nobody is known: %+v", s)
	}
	b.label(b.from("x@far.example").ID, MessageChange{AddLabels: []string{LabelSpam}})
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example", "hidden@far.example")
	s := b.screen(b.in, Screening{Author: "X@far.example"})
	if !s.Written || s.Judged != Wanted {
		t.Errorf("whom I write to is not junk any more: %+v", s)
	}
	if s := b.screen(b.in, Screening{Author: "hidden@far.example"}); !s.Written {
		t.Errorf("a blind copy: %+v", s)
	}
	if s := b.screen(b.in, Screening{Author: "secret@far.example"}); s.Written {
		t.Errorf("named in the header, not written to: %+v", s)
	}
	if s := b.screen(b.in.ws.Inbox("inb_other"), Screening{Author: "hidden@far.example"}); s.Written || s.Judged != "" {
		t.Errorf("what one inbox writes says nothing for the others: %+v", s)
	}
	if s := b.screen(b.in, Screening{Author: "y@y.example", References: []string{"<0@elsewhere>", "<1@demo.localhost>"}}); !s.Answer {
		t.Errorf("an answer: %+v", s)
	}
	reply := strings.Replace(outgoingMail("<2@demo.localhost>", "Re: hi"), "Subject:", "In-Reply-To: <q@y.example>\r\nSubject:", 1)
	b.submit(reply, "y@y.example")
	if s := b.screen(b.in.ws.Inbox("inb_other"), Screening{Author: "y@y.example"}); s.Judged != Wanted {
		t.Errorf("who was answered is wanted in the workspace: %+v", s)
	}

	a, err := b.in.Acquaintance(t.Context(), "X@far.example")
	if err != nil || a.Sent != 1 || a.Received != 1 || a.ReceivedAt.IsZero() || !a.SentAt.After(a.ReceivedAt.Add(-time.Second)) {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestListsRule(t *testing.T) {
	b := newBed(t)
	ws, ctx := b.in.ws, t.Context()
	put := func(inbox InboxID, direction, kind string, entries ...string) {
		t.Helper()
		for _, e := range entries {
			if _, added, err := ws.Lists().Add(ctx, ListEntry{List: List{inbox, direction, kind}, Entry: e}); err != nil || !added {
				t.Fatalf("%s: %t, %v", e, added, err)
			}
		}
	}
	rule := func(q Screening) string {
		t.Helper()
		r := b.screen(b.in, q).Listed
		return strings.TrimSpace(r.Kind + " " + r.Entry)
	}
	check := func(want string, q Screening) {
		t.Helper()
		if got := rule(q); got != want {
			t.Errorf("%+v: %q, not %q", q, got, want)
		}
	}
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")

	check("", Screening{Author: "a@x.example"})
	put("", ListReceive, ListBlock, "x.example", "Bad@y.example")
	put("", ListReceive, ListAllow, "good@x.example", "deep.x.example")
	check("block x.example", Screening{Author: "a@x.example"})
	check("block x.example", Screening{Author: "a@sub.x.example"})
	check("allow deep.x.example", Screening{Author: "a@very.deep.x.example"})
	check("allow good@x.example", Screening{Author: "GOOD@x.example"})
	check("block bad@y.example", Screening{Author: "bad@Y.example"})
	check("block bad@y.example", Screening{Author: "good@x.example", Sender: "bad@y.example"}) // who sends it hides behind another
	check("block", Screening{Author: "who@z.example"})                                         // not on the allow list
	check("block", Screening{})
	check("", Screening{Author: "who@z.example", References: []string{"<1@demo.localhost>"}}) // an answer
	check("block x.example", Screening{Author: "a@x.example", References: []string{"<1@demo.localhost>"}})

	put(b.in.id, ListReceive, ListAllow, "a@x.example")
	put(b.in.id, ListReceive, ListBlock, "good@x.example")
	check("allow a@x.example", Screening{Author: "a@x.example"})
	check("block good@x.example", Screening{Author: "good@x.example"})
	if r := b.screen(ws.Inbox("inb_other"), Screening{Author: "good@x.example"}).Listed; r.Kind != ListAllow {
		t.Errorf("another inbox: %+v", r)
	}

	put("", ListReply, ListAllow, "z.example")
	check("allow z.example", Screening{Author: "who@z.example", References: []string{"<1@demo.localhost>"}})
	check("block", Screening{Author: "a@x.example", References: []string{"<1@demo.localhost>"}})
	check("allow a@x.example", Screening{Author: "a@x.example"})

	if _, _, err := ws.Lists().Add(ctx, ListEntry{List: List{"", ListReceive, ListAllow}, Entry: "X.EXAMPLE"}); !errors.Is(err, errListedOtherwise) {
		t.Errorf("on both lists: %v", err)
	}
	if _, added, err := ws.Lists().Add(ctx, ListEntry{List: List{"", ListReceive, ListBlock}, Entry: "x.example"}); err != nil || added {
		t.Errorf("twice: %t, %v", added, err)
	}
	if err := ws.Lists().Remove(ctx, List{"", ListReceive, ListAllow}, "x.example"); !errors.Is(err, ErrNotFound) {
		t.Errorf("off the other list: %v", err)
	}
	if err := ws.Lists().Remove(ctx, List{"", ListReceive, ListBlock}, "x.example"); err != nil {
		t.Error(err)
	}
	first, next, err := ws.Lists().Entries(ctx, List{"", ListReceive, ListAllow}, nil, 1)
	if err != nil || len(first) != 1 || next == nil {
		t.Fatalf("%+v, %v, %v", first, next, err)
	}
	second, next, err := ws.Lists().Entries(ctx, List{"", ListReceive, ListAllow}, next, 1)
	if err != nil || len(second) != 1 || next != nil || second[0].Entry == first[0].Entry {
		t.Errorf("%+v, %v, %v", second, next, err)
	}
	if types := b.types(); !slices.Contains(types, "list.added") || types[len(types)-1] != "list.removed" {
		t.Errorf("%q", types)
	}
}

func TestListsForSendingKeepRecipientsOut(t *testing.T) {
	b := newBed(t)
	ctx := t.Context()
	list := func(kind, entry string) {
		t.Helper()
		if _, _, err := b.in.ws.Lists().Add(ctx, ListEntry{List: List{"", ListSend, kind}, Entry: entry}); err != nil {
			t.Fatal(err)
		}
	}
	waiting := b.submit(outgoingMail("<0@demo.localhost>", "hi"), "late@rival.example")
	list(ListBlock, "rival.example")
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example", "Y@Sub.rival.example")
	if len(done.Rejected) != 1 || done.Rejected[0] != (Unsent{"Y@Sub.rival.example", ReasonListed}) {
		t.Errorf("%+v", done.Rejected)
	}
	if _, err := b.trySubmit(outgoingMail("<2@demo.localhost>", "hi"), nil, "z@rival.example"); !errors.Is(err, ErrListed) {
		t.Errorf("%v", err)
	}
	for _, p := range b.claim() {
		if left := b.begin(p); p.Message == waiting.ID && len(left) != 0 {
			t.Errorf("what waited when the entry came leaves: %+v", left)
		}
	}
	if b.status(waiting.ID) != Rejected {
		t.Errorf("%s", b.status(waiting.ID))
	}
	list(ListAllow, "friend.example")
	why, err := b.in.Refused(ctx, []string{"a@friend.example", "b@else.example"})
	if err != nil || len(why) != 1 || why["b@else.example"] != ReasonListed {
		t.Errorf("%v, %v", why, err)
	}
}

func TestWhatIsPutAsideIsRecordedAndReleased(t *testing.T) {
	b := newBed(t)
	ctx := t.Context()
	aside := func(r *Recipient) {
		r.Mailbox, r.Labels = JunkMailbox, []string{LabelBlocked}
		r.Junk = &Junk{Reason: ReasonBlocked, Detail: "x.example is on the block list"}
		r.Rejection = &Rejection{Reason: ReasonBlocked, Detail: "x.example is on the block list", Source: "192.0.2.1", HELO: "mx.x.example"}
	}
	m := b.from("a@x.example", aside)
	if !slices.Contains(m.Labels, LabelBlocked) || !slices.Contains(m.Labels, LabelSpam) || m.Junk == nil || m.Junk.Reason != ReasonBlocked {
		t.Errorf("%+v", m)
	}
	if types := b.types(); types[len(types)-1] != "message.received.blocked" {
		t.Errorf("%q", types)
	}
	list, next, err := b.in.ws.Rejections().List(ctx, RejectionFilter{Inbox: b.in.id, Action: Quarantined, Reason: ReasonBlocked}, nil, 0)
	if err != nil || next != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	want := Rejection{ID: list[0].ID, Action: Quarantined, Reason: ReasonBlocked, Detail: "x.example is on the block list", Inbox: b.in.id, Source: "192.0.2.1", HELO: "mx.x.example", Sender: "a@b.example",
		Author: "a@x.example", Recipient: "me@demo.localhost", Subject: "s", Message: m.ID, Count: 1, FirstAt: list[0].FirstAt, LastAt: list[0].FirstAt}
	if list[0] != want || list[0].FirstAt.IsZero() {
		t.Errorf("%+v", list[0])
	}
	if _, err := b.in.ws.Inbox("inb_other").Release(ctx, want.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("of another inbox: %v", err)
	}
	b.reopen()
	out, err := b.in.Release(ctx, want.ID)
	if err != nil || slices.Contains(out.Labels, LabelBlocked) || slices.Contains(out.Labels, LabelSpam) || !slices.Equal(out.Mailboxes, []string{InboxMailbox}) {
		t.Fatalf("%+v, %v", out, err)
	}
	lines := b.lines()
	var told Message
	last := lines[len(lines)-1]
	if err := json.Unmarshal(last.Data, &told); err != nil || last.Type != "message.received" || told.ID != m.ID || slices.Contains(told.Labels, LabelSpam) {
		t.Errorf("%s %s, %v", last.Type, last.Data, err)
	}
	if s := b.screen(b.in, Screening{Author: "a@x.example"}); s.Judged != Wanted {
		t.Errorf("%+v", s)
	}
	if _, err := b.in.Release(ctx, want.ID); !errors.Is(err, errAlreadyReleased) {
		t.Errorf("twice: %v", err)
	}
	if r, err := b.in.ws.Rejections().Get(ctx, want.ID); err != nil || r.ReleasedAt.IsZero() {
		t.Errorf("%+v, %v", r, err)
	}

	n := b.from("b@x.example", aside)
	b.label(n.ID, MessageChange{RemoveLabels: []string{LabelSpam}}) // the user moves it
	moved, _ := b.in.Message(ctx, n.ID)
	if slices.Contains(moved.Labels, LabelBlocked) {
		t.Errorf("%q", moved.Labels)
	}
	gone := b.from("c@x.example", aside)
	if err := b.in.DeleteMessage(ctx, gone.ID, true); err != nil {
		t.Fatal(err)
	}
	if list, _, err = b.in.ws.Rejections().List(ctx, RejectionFilter{}, nil, 0); err != nil || len(list) != 3 || list[1].ReleasedAt.IsZero() || !list[0].ReleasedAt.IsZero() {
		t.Fatalf("%+v, %v", list, err)
	}
	if _, err := b.in.Release(ctx, list[0].ID); !errors.Is(err, errQuarantineGone) {
		t.Errorf("deleted: %v", err)
	}
}

func TestRecordsOfWhatWasRefusedAreCountedAndBounded(t *testing.T) {
	b := newBed(t)
	ctx := t.Context()
	at := b.now
	record := func(list ...Rejection) {
		t.Helper()
		if err := b.in.ws.Rejections().Record(ctx, list); err != nil {
			t.Fatal(err)
		}
	}
	one := func(recipient string) Rejection {
		return Rejection{Action: Refused, Reason: ReasonUnknownUser, Detail: strings.Repeat("é", 1000), Source: "192.0.2.1", Sender: "a@b\xff.example", Recipient: recipient, Count: 2, FirstAt: at, LastAt: at}
	}
	all := func() (list []Rejection) {
		t.Helper()
		for next := (*Place)(nil); ; {
			page, after, err := b.in.ws.Rejections().List(ctx, RejectionFilter{}, next, 0)
			if err != nil {
				t.Fatal(err)
			}
			if list = append(list, page...); after == nil {
				return list
			}
			next = after
		}
	}
	record(one("x@demo.localhost"), one("y@demo.localhost"))
	at = at.Add(RejectionWindow - time.Second)
	record(one("x@demo.localhost"))
	list := all()
	if len(list) != 2 || list[0].Recipient != "x@demo.localhost" || list[0].Count != 4 || !list[0].LastAt.Equal(at) || len(list[0].Detail) != maxRejectionText || list[0].Sender != "a@b\uFFFD.example" {
		t.Errorf("%+v", list)
	}
	if _, err := b.in.Release(ctx, list[0].ID); !errors.Is(err, ErrNotFound) { // it is of no inbox
		t.Errorf("%v", err)
	}
	at = at.Add(2 * RejectionWindow)
	record(one("x@demo.localhost"))
	if list = all(); len(list) != 3 {
		t.Errorf("later it is a record of its own: %+v", list)
	}
	var many []Rejection
	for i := range MaxRejections {
		many = append(many, one(fmt.Sprint(i, "@demo.localhost")))
	}
	at = at.Add(time.Second)
	record(many...)
	record(one("last@demo.localhost"))
	if list = all(); len(list) != MaxRejections || list[0].Recipient != "last@demo.localhost" {
		t.Errorf("%d records", len(list))
	}
	at = at.Add(RejectionAge + time.Minute)
	record(one("new@demo.localhost"))
	if list = all(); len(list) != 1 {
		t.Errorf("%d records after their time", len(list))
	}
}

// robot has the inbox and an address answer each other so many times, and gives when what was sent last is due.
func (b *bed) robot(turns int, every time.Duration) (due time.Time) {
	b.t.Helper()
	var last Submitted
	for i := range turns {
		b.pass(every)
		b.from("robot@far.example")
		b.pass(every)
		last = b.submit(outgoingMail(fmt.Sprintf("<%d-%d@demo.localhost>", b.now.UnixNano(), i), "Re"), "robot@far.example")
	}
	entries, _, err := b.out().Entries(b.t.Context(), QueueFilter{Message: last.ID}, 0, 1)
	if err != nil || len(entries) != 1 {
		b.t.Fatalf("%v, %v", entries, err)
	}
	return entries[0].DueAt
}

func TestTwoRobotsThatAnswerEachOtherArePaused(t *testing.T) {
	b := newBed(t)
	if due := b.robot(MaxTurns/2, time.Second); due.After(b.now) {
		t.Errorf("paused after %d turns", MaxTurns)
	}
	due := b.robot(3, time.Second)
	if !due.After(b.now.Add(PauseFor - time.Minute)) {
		t.Fatalf("due at %s, now %s", due, b.now)
	}
	var told struct {
		Address, Reason string
		Until           time.Time
	}
	paused := 0
	for _, l := range b.lines() {
		if l.Type == "conversation.paused" {
			paused++
			if err := json.Unmarshal(l.Data, &told); err != nil || l.InboxID != string(b.in.id) {
				t.Errorf("%+v, %v", l, err)
			}
		}
	}
	if paused != 1 || told.Address != "robot@far.example" || told.Reason != ReasonLoop || !told.Until.Equal(due) {
		t.Errorf("%d times: %+v, due %s", paused, told, due)
	}
	if other := b.submit(outgoingMail("<o@demo.localhost>", "hi"), "person@far.example"); other.Status != Queued {
		t.Error(other)
	}
	b.pass(PauseFor)
	if due := b.robot(2, time.Second); due.After(b.now) {
		t.Errorf("still paused: due %s, now %s", due, b.now)
	}
}

func TestPeopleWhoWriteToAndFroAreNotPaused(t *testing.T) {
	b := newBed(t)
	if due := b.robot(3*MaxTurns, TurnEvery); due.After(b.now) {
		t.Errorf("due at %s, now %s", due, b.now)
	}
}

func TestSendersOfOlderDataAreKnown(t *testing.T) {
	f := newFirstSchema(t)
	f.mailbox(1, InboxMailbox, "", true)
	for i, m := range []struct {
		direction Direction
		envelope  string
	}{
		{Received, `{"from":[{"address":"Old@Friend.example"}]}`}, {Received, `{"from":[{"address":"old@friend.example"}]}`}, {Received, `{}`},
		{Sent, `{"from":[{"address":"me@demo.localhost"}],"to":[{"address":"old@friend.example"},{"address":"b@x.example"}],"bcc":[{"address":"c@x.example"}]}`},
	} {
		f.exec(`INSERT INTO messages (id, inbox_id, thread_id, direction, delivered_to, sender, size, message_id, subject, preview, envelope, structure, attachments, received_at, created_at, updated_at)
			VALUES (?, ?, 't', ?, '', '', 1, '', '', '', ?, '{}', '[]', ?, ?, ?)`, fmt.Sprint("msg_", i), string(f.in.id), m.direction, m.envelope, 1000+i, 1000+i, 1000+i)
	}
	if err := f.db.Close(); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]Acquaintance{
		"old@friend.example": {Received: 2, ReceivedAt: time.UnixMicro(1000).UTC(), Sent: 1, SentAt: time.UnixMicro(1003).UTC()},
		"b@x.example":        {Sent: 1, SentAt: time.UnixMicro(1003).UTC()}, "c@x.example": {Sent: 1, SentAt: time.UnixMicro(1003).UTC()},
		"me@demo.localhost": {},
	} {
		if a, err := f.in.Acquaintance(t.Context(), address); err != nil || a != want {
			t.Errorf("%s: %+v, %v", address, a, err)
		}
	}
}

func TestJunkIsKeptAsItWasFound(t *testing.T) {
	b := newBed(t)
	found := &Junk{Spared: SparedWritten, Score: 7.5, Required: 15, Action: "add header", Symbols: []JunkSymbol{{"GTUBE", 1.5, "test"}}, Lists: []JunkList{{"bl.example", "seen"}}, Failed: []string{"rspamd"}}
	m := b.from("a@x.example", func(r *Recipient) { r.Junk = found })
	one, err := json.Marshal(m.Junk)
	if err != nil {
		t.Fatal(err)
	}
	if two, _ := json.Marshal(found); string(one) != string(two) {
		t.Errorf("%s", one)
	}
}
