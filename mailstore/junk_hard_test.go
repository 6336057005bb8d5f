package mailstore

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// Each record looks for its like by an index, not at all the others.
func TestManyRefusalsDoNotHoldTheWriter(t *testing.T) {
	b := newBed(t)
	b.from("x@x.example")
	for _, query := range []string{"SELECT id FROM rejections WHERE same = 1 AND last_at >= 1 AND action = 'refused' ORDER BY last_at DESC LIMIT 1",
		"SELECT last_at, id FROM rejections WHERE action = 'refused' ORDER BY last_at DESC, id DESC LIMIT 1 OFFSET 10000"} {
		err := b.in.ws.view(t.Context(), func(tx *sqlite.Tx) error {
			return tx.Each("EXPLAIN QUERY PLAN "+query, nil, func(scan func(...any) error) error {
				var a, p, n int
				var detail string
				err := scan(&a, &p, &n, &detail)
				if !strings.Contains(detail, "SEARCH") || !strings.Contains(detail, "INDEX rejections_") {
					t.Errorf("%s: %s", query, detail)
				}
				return err
			})
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// What lies in Junk can be released, however much was refused since.
func TestRefusalsDoNotPushOutWhatCanBeReleased(t *testing.T) {
	b := newBed(t)
	b.from("wanted@x.example", inJunk, func(r *Recipient) { r.Rejection = &Rejection{Reason: ReasonSpam} })
	list, _, err := b.in.ws.Rejections().List(t.Context(), RejectionFilter{Action: Quarantined}, nil, 0)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	b.pass(time.Second)
	for at := range 5 {
		var many []Rejection
		for i := range MaxRejections / 5 {
			many = append(many, Rejection{Action: Refused, Reason: ReasonMalformed, Source: "192.0.2.1", Sender: fmt.Sprint(at, "x", i, "@evil.example"), Recipient: "me@demo.localhost", Count: 1, FirstAt: b.now, LastAt: b.now})
		}
		if err := b.in.ws.Rejections().Record(t.Context(), many); err != nil {
			t.Fatal(err)
		}
		b.pass(2 * RejectionWindow)
	}
	if _, err := b.in.Release(t.Context(), list[0].ID); err != nil {
		t.Errorf("a stranger's refusals took the record of what was put aside: %v", err)
	}
}

// The backfill writes addresses as addressKey makes them.
func TestOldAddressesAreFoundHoweverWritten(t *testing.T) {
	f := newFirstSchema(t)
	f.mailbox(1, InboxMailbox, "", true)
	to := []string{"a@bücher.example", `"b"@x.example`, "Ünal@x.example", "d@x.example"}
	for i, a := range to {
		envelope, _ := json.Marshal(map[string]any{"to": []map[string]string{{"address": a}}})
		f.exec(`INSERT INTO messages (id, inbox_id, thread_id, direction, delivered_to, sender, size, message_id, subject, preview, envelope, structure, attachments, received_at, created_at, updated_at)
			VALUES (?, ?, 't', 2, '', '', 1, '', '', '', ?, '{}', '[]', ?, ?, ?)`, fmt.Sprint("msg_", i), string(f.in.id), string(envelope), 1000+i, 1000+i, 1000+i)
	}
	if err := f.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, a := range to {
		if s := f.screen(f.in, Screening{Author: a}); !s.Written {
			t.Errorf("%s was written to before the upgrade and is not known", a)
		}
	}
}

// With an inbox goes what is known of whom it wrote with, and its lists.
func TestARemovedInboxLeavesNothing(t *testing.T) {
	b := newBed(t)
	b.label(b.from("robo@x.example", func(r *Recipient) { r.Rejection = &Rejection{Reason: ReasonSpam} }).ID, MessageChange{AddLabels: []string{LabelSpam}})
	if _, _, err := b.in.ws.Lists().Add(t.Context(), ListEntry{List: List{Inbox: b.in.id, Direction: ListReceive, Kind: ListBlock}, Entry: "x.example"}); err != nil {
		t.Fatal(err)
	}
	if err := b.in.ws.RemoveInbox(t.Context(), b.in.id); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"senders", "lists", "rejections"} {
		if n := b.count("SELECT COUNT(*) FROM "+table+" WHERE inbox_id = ?", string(b.in.id)); n > 0 {
			t.Errorf("%s: %d rows are left", table, n)
		}
	}
	if s := b.screen(b.in.ws.Inbox("inb_other"), Screening{Author: "robo@x.example"}); s.Judged != "" {
		t.Errorf("an inbox that is gone says that the author is %q", s.Judged)
	}
}

// What strangers write to an inbox does not grow its index for ever.
func TestSendersAreBounded(t *testing.T) {
	b := newBed(t)
	for i := range 50 {
		m := b.from(fmt.Sprint("a", i, "@x.example"))
		if err := b.in.DeleteMessage(t.Context(), m.ID, true); err != nil {
			t.Fatal(err)
		}
	}
	b.pass(3 * 365 * 24 * time.Hour)
	b.from("other@x.example")
	if n := b.count("SELECT COUNT(*) FROM senders"); n > 40 {
		t.Errorf("%d rows are kept for ever of strangers who wrote once, years ago, and whose messages are gone", n)
	}
}

// A block list holds for the domain however it is written.
func TestBlockedAuthorsAreBlockedHoweverWritten(t *testing.T) {
	b := newBed(t)
	for _, entry := range []string{"evil.example", "rob@bad.example"} {
		if _, _, err := b.in.ws.Lists().Add(t.Context(), ListEntry{List: List{Direction: ListReceive, Kind: ListBlock}, Entry: entry}); err != nil {
			t.Fatal(err)
		}
	}
	for _, from := range []string{"rob@evil.example", "Rob <rob@evil.example.>", "rob@EVIL.example", "rob@ev\u00adil.example", "rob@evil。example", `"rob"@bad.example`, "rob@bad.example.", "rob@evil.example, x@other.example", "x@other.example, rob@evil.example", "g: rob@evil.example;", "=?utf-8?q?n?= <rob@evil.example>", "rob (c) @ evil . example"} {
		rec, err := newRecord([]byte(mail("<1@x>", "", "s", from, "text")))
		if err != nil {
			t.Fatal(err)
		}
		q := ScreeningOf(&rec.parsed.Envelope, "bounce@mailer.example")
		if s := b.screen(b.in, q); s.Listed.Kind != ListBlock {
			t.Errorf("From: %s (author %q) is not blocked", from, q.Author)
		}
	}
}

// A rebuild keeps lists, or says that they are gone.
func TestARebuildKeepsLists(t *testing.T) {
	b := newBed(t)
	b.label(b.from("robo@x.example").ID, MessageChange{AddLabels: []string{LabelSpam}})
	if _, _, err := b.in.ws.Lists().Add(t.Context(), ListEntry{List: List{Direction: ListSend, Kind: ListBlock}, Entry: "rival.example"}); err != nil {
		t.Fatal(err)
	}
	r := b.rebuild()
	if n := b.count("SELECT COUNT(*) FROM lists"); n != 1 && len(r.Problems) == 0 {
		t.Errorf("the lists are gone, and nothing says so: mail to rival.example leaves")
	}
	if s := b.screen(b.in, Screening{Author: "robo@x.example"}); s.Judged != Unwanted && len(r.Problems) == 0 {
		t.Errorf("who was junk is %q now", s.Judged)
	}
}

// To whom nothing was sent is not known as written to.
func TestWhoWasNotWrittenToIsNotKnown(t *testing.T) {
	b := newBed(t)
	if _, _, err := b.in.ws.Lists().Add(t.Context(), ListEntry{List: List{Direction: ListSend, Kind: ListBlock}, Entry: "rival.example"}); err != nil {
		t.Fatal(err)
	}
	b.label(b.from("x@rival.example").ID, MessageChange{AddLabels: []string{LabelSpam}})
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@rival.example", "ok@x.example")
	if len(done.Rejected) != 1 {
		t.Fatal(done)
	}
	if s := b.screen(b.in, Screening{Author: "x@rival.example"}); s.Written || s.Judged == Wanted {
		t.Errorf("nothing was sent to them: %+v", s)
	}
}

// A clock that is set back pauses nobody.
func TestAClockThatIsSetBackPausesNobody(t *testing.T) {
	b := newBed(t)
	b.from("x@far.example")
	b.pass(-2 * time.Hour)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	if n := b.count("SELECT COUNT(*) FROM outbox WHERE reason = ?", ReasonLoop); n != 0 {
		t.Errorf("%s waits for an hour after one message and one answer", done.ID)
	}
}

// What lies in Junk again can be released again.
func TestWhatIsInJunkAgainCanBeReleased(t *testing.T) {
	b := newBed(t)
	m := b.from("wanted@x.example", inJunk, func(r *Recipient) { r.Rejection = &Rejection{Reason: ReasonSpam} })
	list, _, err := b.in.ws.Rejections().List(t.Context(), RejectionFilter{}, nil, 0)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	b.label(m.ID, MessageChange{RemoveLabels: []string{LabelSpam}})
	b.label(m.ID, MessageChange{AddLabels: []string{LabelSpam}})
	if _, err := b.in.Release(t.Context(), list[0].ID); err != nil {
		t.Errorf("it lies in Junk and cannot be released: %v", err)
	}
}

// Whoever's name a forger takes is not judged by it.
func TestAForgersMessageDoesNotJudgeTheAuthor(t *testing.T) {
	b := newBed(t)
	sp := NewSpool(b.in)
	defer sp.Close()
	fmt.Fprint(sp, mail("<f@x>", "", "s", "billing@bank.example", "text"))
	rec, err := Deliver(t.Context(), Arrival{Sender: "x@evil.example", Trace: []byte("Return-Path: <x@evil.example>\r\n"), Spool: sp, To: []Recipient{{Inbox: b.in, Address: "me@demo.localhost", Labels: []string{LabelUnauthenticated}}},
		Auth: &Auth{DMARC: AuthDMARC{Result: "fail"}}})
	if err != nil {
		t.Fatal(err)
	}
	b.label(rec.IDs()[0], MessageChange{AddLabels: []string{LabelSpam}})
	if s := b.screen(b.in.ws.Inbox("inb_other"), Screening{Author: "billing@bank.example"}); s.Judged == Unwanted {
		t.Errorf("the bank's own mail goes to Junk in all inboxes because a forger's message was moved there")
	}
}

// The label says that a list keeps a message out of INBOX: it goes however the message gets there.
func TestLabelBlockedGoesWithEachWayOutOfJunk(t *testing.T) {
	b := newBed(t)
	m := b.from("x@x.example", inJunk, func(r *Recipient) { r.Labels = []string{LabelBlocked}; r.Rejection = &Rejection{Reason: ReasonBlocked} })
	uid := b.entries(JunkMailbox)[0].UID
	if _, err := b.in.Transfer(t.Context(), b.box(JunkMailbox).ID, []uint32{uid}, TrashMailbox, true); err != nil {
		t.Fatal(err)
	}
	tuid := b.entries(TrashMailbox)[0].UID
	if _, err := b.in.Transfer(t.Context(), b.box(TrashMailbox).ID, []uint32{tuid}, InboxMailbox, true); err != nil {
		t.Fatal(err)
	}
	got, err := b.in.Message(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	if contains(got.Labels, LabelBlocked) {
		t.Errorf("in %q with labels %q", got.Mailboxes, got.Labels)
	}
}

// Robots that answer each other are known also where one has its answers sent to another address than it writes from.
func TestRobotsWithReplyToArePausedToo(t *testing.T) {
	b := newBed(t)
	for i := range 60 {
		b.pass(time.Second)
		if _, err := b.try(mail(fmt.Sprintf("<r%d@x>", i), "", "s", "noreply@robot.example\r\nReply-To: bot@robot.example", "text")); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Second)
		b.submit(outgoingMail(fmt.Sprintf("<a%d@demo.localhost>", i), "Re: s"), "bot@robot.example")
	}
	if n := b.count("SELECT COUNT(*) FROM outbox WHERE reason = ?", ReasonLoop); n == 0 {
		t.Error("60 messages each way within two minutes, and nothing waits")
	}
}
