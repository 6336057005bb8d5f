package mailstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/journal"
)

const sender = "me@demo.localhost"

// outgoingMail is a message that the inbox sends.
func outgoingMail(id, subject string) string {
	return "From: me@demo.localhost\r\nTo: x@far.example\r\nBcc: secret@far.example\r\nSubject: " + subject + "\r\nMessage-ID: " + id + "\r\nDate: Sun, 01 Mar 2026 12:00:00 +0000\r\n\r\nhello\r\n"
}

func (b *bed) trySubmit(raw string, change func(*Submission), to ...string) (Submitted, error) {
	sp := NewSpool(b.in)
	defer sp.Close()
	if _, err := io.WriteString(sp, raw); err != nil {
		return Submitted{}, err
	}
	s := Submission{Sender: sender, To: to, Front: []byte("Received: by here; now\r\n"), Spool: sp}
	if change != nil {
		change(&s)
	}
	return b.in.Submit(context.Background(), s)
}

func (b *bed) submit(raw string, to ...string) Submitted {
	b.t.Helper()
	done, err := b.trySubmit(raw, nil, to...)
	if err != nil {
		b.t.Fatal(err)
	}
	return done
}

// claim takes everything that is due into hand.
func (b *bed) claim() []Parcel {
	b.t.Helper()
	box := b.in.ws.Outbox()
	domains, err := box.Domains(b.t.Context(), b.opt.Clock(), "", 0)
	if err != nil {
		b.t.Fatal(err)
	}
	var queues []Queue
	for _, d := range domains {
		queues = append(queues, Queue{d, Prompt}, Queue{d, Bulk})
	}
	parcels, err := box.Claim(b.t.Context(), b.opt.Clock(), queues, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	return parcels
}

func (b *bed) begin(p Parcel) []Claimed {
	b.t.Helper()
	left, err := b.in.ws.Outbox().Begin(b.t.Context(), p, Backoff{time.Minute, time.Hour})
	if err != nil {
		b.t.Fatal(err)
	}
	return left
}

func (b *bed) settle(list ...Result) {
	b.t.Helper()
	if err := b.in.ws.Outbox().Settle(b.t.Context(), list); err != nil {
		b.t.Fatal(err)
	}
}

// attempt claims the only parcel and settles all of its recipients.
func (b *bed) attempt(r Result) []Claimed {
	b.t.Helper()
	parcels := b.claim()
	if len(parcels) != 1 {
		b.t.Fatalf("%d parcels are due, want 1", len(parcels))
	}
	left := b.begin(parcels[0])
	for _, c := range left {
		r.Row, r.Number = c.Row, c.Attempts
		b.settle(r)
	}
	return left
}

func (b *bed) status(id MessageID) Status {
	b.t.Helper()
	m, err := b.in.Message(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return m.Status
}

// types are the types of the journal's lines.
func (b *bed) types() (list []string) {
	b.t.Helper()
	for _, l := range b.lines() {
		list = append(list, l.Type)
	}
	return list
}

func (b *bed) queuedFiles() []string {
	b.t.Helper()
	entries, err := os.ReadDir(filepath.Join(b.wsDir(), "outbox"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		b.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestASubmittedMessageIsInSentAndQueuedForEachRecipient(t *testing.T) {
	b := newBed(t)
	raw := outgoingMail("<1@demo.localhost>", "hi")
	done := b.submit(raw, "x@far.example", "secret@far.example", "y@other.example")
	if done.Status != Queued || done.MessageID != "<1@demo.localhost>" || done.ThreadID == "" {
		t.Errorf("submitted: %+v", done)
	}
	m, err := b.in.Message(t.Context(), done.ID)
	if err != nil || m.Status != Queued || !slices.Equal(m.Mailboxes, []string{SentMailbox}) || !slices.Equal(m.Labels, []string{LabelSent}) || len(m.Envelope.Bcc) != 1 {
		t.Errorf("the copy in Sent: %+v, %v", m, err)
	}
	if got := b.types(); !slices.Equal(got, []string{"message.sent"}) {
		t.Errorf("journal: %q", got)
	}
	parcels := b.claim()
	if len(parcels) != 2 || parcels[0].Domain != "far.example" || len(parcels[0].Recipients) != 2 || parcels[1].Domain != "other.example" || parcels[0].Sender != sender {
		t.Fatalf("parcels: %+v", parcels)
	}
	f, err := b.in.ws.Outbox().Open(t.Context(), done.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, _ := io.ReadAll(f); string(got) != "Received: by here; now\r\n"+raw {
		t.Errorf("the queued bytes: %q", got)
	}
	if again := b.claim(); len(again) != 0 {
		t.Errorf("what is in hand was claimed again: %+v", again)
	}
}

func TestWhatIsDeliveredLeavesTheOutbox(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Delivered, Host: "mx.far.example", Address: "192.0.2.1:25", TLS: "TLS 1.3", Code: 250, Enhanced: "2.0.0", Reply: "ok"})
	if s := b.status(done.ID); s != Delivered {
		t.Errorf("status %q", s)
	}
	if names := b.queuedFiles(); len(names) > 0 {
		t.Errorf("left in the outbox: %q", names)
	}
	if got := b.types(); !slices.Equal(got, []string{"message.sent", "message.delivered"}) {
		t.Errorf("journal: %q", got)
	}
	list, err := b.in.Delivery(t.Context(), done.ID)
	if err != nil || len(list) != 1 || len(list[0].Tries) != 1 || list[0].Tries[0].TLS != "TLS 1.3" || list[0].Tries[0].Host != "mx.far.example" || list[0].Status != Delivered {
		t.Errorf("delivery: %+v, %v", list, err)
	}
	if _, ok, err := b.in.ws.Outbox().NextDue(t.Context()); ok || err != nil {
		t.Errorf("something is due: %v", err)
	}
	if due, _ := b.Queued(); len(due) != 0 {
		t.Errorf("the workspace is still looked at: %v", due)
	}
}

func TestWhatIsDeferredComesAgainWhenItIsDue(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Deferred, Code: 451, Reply: "later", RetryAt: b.opt.Clock().Add(10 * time.Minute)})
	if s := b.status(done.ID); s != Deferred {
		t.Errorf("status %q", s)
	}
	if next, ok, _ := b.in.ws.Outbox().NextDue(t.Context()); !ok || !next.Equal(b.opt.Clock().Add(10*time.Minute)) {
		t.Errorf("next due %v, %v", next, ok)
	}
	if len(b.claim()) != 0 {
		t.Error("it was due at once")
	}
	b.pass(10 * time.Minute)
	left := b.attempt(Result{Status: Delivered, Code: 250})
	if len(left) != 1 || left[0].Attempts != 2 {
		t.Errorf("second attempt: %+v", left)
	}
}

func TestAfterACrashNothingIsTriedAgainAtOnce(t *testing.T) {
	b := newBed(t)
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	claimed := b.claim()
	b.begin(claimed[0])
	b.crash()
	if len(b.claim()) != 0 {
		t.Error("what was being tried is due at once")
	}
	if due, _ := b.Queued(); len(due) != 1 {
		t.Errorf("the workspace is not looked at: %v", due)
	}
	b.pass(time.Minute)
	again := b.claim()
	if len(again) != 1 || again[0].Recipients[0].Attempts != 1 {
		t.Fatalf("after the wait: %+v", again)
	}
	if left := b.begin(again[0]); left[0].Attempts != 2 || !left[0].FirstAt.Equal(b.opt.Clock().Add(-time.Minute)) {
		t.Errorf("the second attempt: %+v", left)
	}
	b.pass(2 * time.Hour)
	b.claim()
	b.crash() // claimed, not begun
	if len(b.claim()) != 1 {
		t.Error("what was only in hand is not due")
	}
}

func TestAnAttemptThatWasNotMadeCountsForNothing(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	left := b.begin(b.claim()[0])
	if err := b.in.ws.Outbox().Withdraw(t.Context(), left, b.opt.Clock().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if b.status(done.ID) != Queued || len(b.claim()) != 0 {
		t.Errorf("status %s", b.status(done.ID))
	}
	b.pass(time.Second)
	again := b.begin(b.claim()[0])
	list, err := b.in.Delivery(t.Context(), done.ID)
	if err != nil || again[0].Attempts != 1 || len(list[0].Tries) != 1 {
		t.Errorf("%+v, %+v, %v", again, list, err)
	}
}

func TestWhatFailsForGoodIsToldAndSuppressed(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "X@far.example", "y@far.example")
	parcels := b.claim()
	left := b.begin(parcels[0])
	b.settle(Result{Row: left[0].Row, Number: 1, Status: Bounced, Reason: "userUnknown", Suppress: true, Code: 550, Enhanced: "5.1.1", Reply: "no such user", Host: "mx.far.example"},
		Result{Row: left[1].Row, Number: 1, Status: Delivered, Code: 250})
	if s := b.status(done.ID); s != Bounced {
		t.Errorf("status %q", s)
	}
	if len(b.queuedFiles()) != 2 {
		t.Errorf("the bytes are gone before the sender was told: %q", b.queuedFiles())
	}
	notices, err := b.in.ws.Outbox().Notices(t.Context(), 10)
	if err != nil || len(notices) != 1 || notices[0].Kind != NoticeFailed || notices[0].Sender != sender || len(notices[0].Recipients) != 1 || notices[0].Recipients[0].Reply != "no such user" || notices[0].Recipients[0].Host != "mx.far.example" {
		t.Fatalf("notices: %+v, %v", notices, err)
	}
	if err := b.in.ws.Outbox().NoticeDone(t.Context(), notices[0]); err != nil || len(b.queuedFiles()) != 0 {
		t.Errorf("after the notice: %v, %q", err, b.queuedFiles())
	}
	if got := b.types(); !slices.Equal(got, []string{"message.sent", "message.bounced", "suppression.added", "message.delivered"}) {
		t.Errorf("journal: %q", got)
	}

	again, err := b.trySubmit(outgoingMail("<2@demo.localhost>", "again"), nil, "x@FAR.example", "z@far.example")
	if err != nil || len(again.Rejected) != 1 || again.Rejected[0].Reason != SuppressedByBounce {
		t.Fatalf("to a suppressed one and another: %+v, %v", again, err)
	}
	before := len(b.lines())
	none, err := b.trySubmit(outgoingMail("<3@demo.localhost>", "again"), nil, "x@far.example")
	if !errors.Is(err, ErrSuppressed) || none.ID != "" {
		t.Errorf("to a suppressed one alone: %+v, %v", none, err)
	}
	if lines := b.lines(); len(lines) != before+1 || lines[before].Type != "message.rejected" {
		t.Errorf("it was not told: %+v", lines[before:])
	}
	if err := b.in.ws.Outbox().Unsuppress(t.Context(), "x@far.example"); err != nil {
		t.Fatal(err)
	}
	b.submit(outgoingMail("<3@demo.localhost>", "again"), "x@far.example")
}

func TestAnAnswerIsGivenAgainAfterARestart(t *testing.T) {
	b := newBed(t)
	hash := sha256.Sum256([]byte("body"))
	request := func(s *Submission) { s.Request = &Repeatable{Name: "key POST /x 1", BodyHash: hash[:]} }
	first, err := b.trySubmit(outgoingMail("<1@demo.localhost>", "hi"), request, "x@far.example")
	if err != nil {
		t.Fatal(err)
	}
	b.reopen()
	again, err := b.trySubmit(outgoingMail("<other@demo.localhost>", "hi"), request, "x@far.example")
	if err != nil || !again.Replayed || again.ID != first.ID || again.MessageID != first.MessageID || again.ThreadID != first.ThreadID {
		t.Errorf("again: %+v, %v", again, err)
	}
	if len(b.claim()) != 1 {
		t.Error("it was queued twice")
	}
	other := sha256.Sum256([]byte("other"))
	if _, err := b.trySubmit(outgoingMail("<2@demo.localhost>", "hi"), func(s *Submission) { s.Request = &Repeatable{"key POST /x 1", other[:]} }, "x@far.example"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("another body: %v", err)
	}
	b.pass(25 * time.Hour)
	if late, err := b.trySubmit(outgoingMail("<3@demo.localhost>", "hi"), request, "x@far.example"); err != nil || late.Replayed {
		t.Errorf("a day later: %+v, %v", late, err)
	}
}

func TestWhatIsHeldWaitsAndWhatIsCancelledIsGivenUp(t *testing.T) {
	b := newBed(t)
	box := b.in.ws.Outbox()
	done, err := b.trySubmit(outgoingMail("<1@demo.localhost>", "hi"), func(s *Submission) { s.Held = true }, "x@far.example")
	if err != nil || done.Status != Held || len(b.claim()) != 0 {
		t.Fatalf("held: %+v, %v", done, err)
	}
	if n, err := box.Unhold(t.Context(), QueueFilter{Message: done.ID}); n != 1 || err != nil || b.status(done.ID) != Queued {
		t.Errorf("released: %d, %v, %s", n, err, b.status(done.ID))
	}
	parcels := b.claim()
	if n, err := box.Hold(t.Context(), QueueFilter{Domain: "far.example"}); n != 1 || err != nil || b.status(done.ID) != Held {
		t.Errorf("held again: %d, %v, %s", n, err, b.status(done.ID))
	}
	if left := b.begin(parcels[0]); len(left) != 0 {
		t.Errorf("what was held since it was claimed is tried: %+v", left)
	}
	if n, err := box.Cancel(t.Context(), QueueFilter{Message: done.ID}); n != 1 || err != nil || b.status(done.ID) != Cancelled {
		t.Errorf("cancelled: %d, %v, %s", n, err, b.status(done.ID))
	}
	if len(b.queuedFiles()) != 0 {
		t.Errorf("left in the outbox: %q", b.queuedFiles())
	}
	if n, err := box.Cancel(t.Context(), QueueFilter{Message: done.ID}); n != 0 || err != nil {
		t.Errorf("cancelled twice: %d, %v", n, err)
	}
}

func TestRetryNowDoesNotWait(t *testing.T) {
	b := newBed(t)
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Deferred, RetryAt: b.opt.Clock().Add(time.Hour)})
	if n, err := b.in.ws.Outbox().Retry(t.Context(), QueueFilter{Waiting: true}); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if len(b.claim()) != 1 {
		t.Error("it still waits")
	}
}

func TestAMessageWaitsForItsTimeAndForItsUndoWindow(t *testing.T) {
	b := newBed(t)
	at := b.opt.Clock().Add(time.Hour)
	later, err := b.trySubmit(outgoingMail("<1@demo.localhost>", "later"), func(s *Submission) { s.SendAt = at }, "x@far.example")
	if err != nil || later.Status != Scheduled || b.status(later.ID) != Scheduled {
		t.Errorf("scheduled: %+v, %v", later, err)
	}
	soon, err := b.trySubmit(outgoingMail("<2@demo.localhost>", "soon"), func(s *Submission) { s.Undo = 10 * time.Second }, "x@far.example")
	if err != nil || soon.Status != Queued || len(b.claim()) != 0 {
		t.Errorf("in its undo window: %+v, %v", soon, err)
	}
	b.pass(10 * time.Second)
	if p := b.claim(); len(p) != 1 || p[0].Message != soon.ID {
		t.Errorf("after the window: %+v", p)
	}
	b.reopen()
	b.pass(time.Hour)
	if p := b.claim(); len(p) != 2 {
		t.Errorf("after its time: %+v", p)
	}
}

func TestWhatWasAcceptedGoesAlsoWithoutItsCopyInSent(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	if err := b.in.DeleteMessage(t.Context(), done.ID, true); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	f, err := b.in.ws.Outbox().Open(t.Context(), done.ID)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	b.attempt(Result{Status: Delivered, Code: 250})
	lines := b.lines()
	last := lines[len(lines)-1]
	var data struct {
		ID       MessageID
		Delivery Delivery
	}
	if err := json.Unmarshal(last.Data, &data); err != nil || last.Type != "message.delivered" || data.ID != done.ID || data.Delivery.Recipient != "x@far.example" {
		t.Errorf("%s %s, %v", last.Type, last.Data, err)
	}
}

func TestARebuildSendsWhatStillWaited(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example", "y@other.example")
	for _, p := range b.claim() {
		left := b.begin(p)
		if p.Domain == "far.example" {
			b.settle(Result{Row: left[0].Row, Number: 1, Status: Delivered})
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.db", "index.db-wal", "index.db-shm"} {
		os.Remove(filepath.Join(b.wsDir(), name))
	}
	reports, err := Rebuild(t.Context(), b.dir, "", b.opt)
	if err != nil || len(reports) != 1 || reports[0].Queued != 1 || len(reports[0].Problems) != 0 {
		t.Fatalf("%+v, %v", reports, err)
	}
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
	p := b.claim()
	if len(p) != 1 || p[0].Domain != "other.example" || p[0].Message != done.ID || p[0].Sender != sender || p[0].MessageID != done.MessageID {
		t.Errorf("claimed after the rebuild: %+v", p)
	}
	if s := b.status(done.ID); s != Queued {
		t.Errorf("status %q", s)
	}
}

func TestAQueuedFileWithoutARowGoesWhenTheWorkspaceIsOpened(t *testing.T) {
	b := newBed(t)
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	for _, name := range []string{"msg_0000000000000000000000000a", "msg_0000000000000000000000000a.envelope"} {
		if err := os.WriteFile(filepath.Join(b.wsDir(), "outbox", name), []byte("x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.crash()
	b.claim()
	if names := b.queuedFiles(); len(names) != 2 {
		t.Errorf("in the outbox: %q", names)
	}
}

func TestACopyThatAClientAppendsToSentIsTheOneThatIsThere(t *testing.T) {
	b := newBed(t)
	raw := outgoingMail("<1@demo.localhost>", "hi")
	done := b.submit(raw, "x@far.example")
	before, err := b.in.Message(t.Context(), done.ID)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		a, err := b.in.Append(t.Context(), SentMailbox)
		if err != nil {
			t.Fatal(err)
		}
		sp := NewSpool(b.in)
		io.Copy(sp, bytes.NewReader([]byte(raw)))
		if err := a.Add(t.Context(), sp, Uploaded{Flags: Seen}); err != nil {
			t.Fatal(err)
		}
		sp.Close()
		_, uids, err := a.Commit(t.Context())
		if err != nil || !slices.Equal(uids, []uint32{1}) {
			t.Fatalf("appended: %v, %v", uids, err)
		}
	}
	list, _, err := b.in.Messages(t.Context(), MessageFilter{}, nil, 10)
	if err != nil || len(list) != 1 || list[0].ID != before.ID {
		t.Errorf("messages: %+v, %v", list, err)
	}
	files, _ := filepath.Glob(filepath.Join(b.wsDir(), "maildir", "*", ".Sent", "*", "msg_*"))
	if len(files) != 1 {
		t.Errorf("files: %q", files)
	}
}

func TestARemovedInboxSendsNothing(t *testing.T) {
	b := newBed(t)
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	if err := b.in.ws.RemoveInbox(t.Context(), b.in.id); err != nil {
		t.Fatal(err)
	}
	if len(b.claim()) != 0 || len(b.queuedFiles()) != 0 {
		t.Errorf("left: %q", b.queuedFiles())
	}
}

func TestRepliesAndSingleMessagesArePromptAndTheRestIsBulk(t *testing.T) {
	b := newBed(t)
	lane := func(raw string, to ...string) Lane {
		t.Helper()
		done := b.submit(raw, to...)
		list, err := b.in.Delivery(t.Context(), done.ID)
		if err != nil {
			t.Fatal(err)
		}
		return list[0].Lane
	}
	if l := lane(outgoingMail("<a@demo.localhost>", "one"), "x@far.example"); l != Prompt {
		t.Errorf("a single message: %d", l)
	}
	if l := lane("List-Id: <news.demo>\r\n"+outgoingMail("<b@demo.localhost>", "news"), "x@far.example"); l != Bulk {
		t.Errorf("a list's message: %d", l)
	}
	var many []string
	for _, c := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		many = append(many, c+"@far.example")
	}
	if l := lane(outgoingMail("<c@demo.localhost>", "many"), many...); l != Bulk {
		t.Errorf("a message to many: %d", l)
	}
	if l := lane(outgoingMail("<d@demo.localhost>", "next"), "x@far.example"); l != Bulk {
		t.Errorf("a message of an inbox that has much waiting: %d", l)
	}
	if l := lane("In-Reply-To: <q@far.example>\r\n"+outgoingMail("<e@demo.localhost>", "re"), "x@far.example"); l != Prompt {
		t.Errorf("a reply: %d", l)
	}
}

func TestAReplyFlagsWhatItAnswers(t *testing.T) {
	b := newBed(t)
	m := b.deliver(mail("<q@x.example>", "", "question", "a@x.example", "text"))
	before := len(b.lines())
	for range 2 {
		if _, err := b.trySubmit(outgoingMail("<1@demo.localhost>", "re"), func(s *Submission) { s.Answers = m.ID }, "a@x.example"); err != nil {
			t.Fatal(err)
		}
	}
	var flags []Flags
	box, err := b.in.Mailbox(t.Context(), InboxMailbox)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Changes(t.Context(), box.ID, 0, func(e Entry) { flags = append(flags, e.Flags) }); err != nil {
		t.Fatal(err)
	}
	if len(flags) != 1 || flags[0] != Answered {
		t.Errorf("flags: %v", flags)
	}
	var types []string
	for _, l := range b.lines()[before:] {
		types = append(types, l.Type)
	}
	if !slices.Equal(types, []string{"message.sent", "message.updated", "message.sent"}) {
		t.Errorf("journal: %q", types)
	}
	names, _ := filepath.Glob(filepath.Join(b.wsDir(), "maildir", string(b.in.id), "cur", "*:2,R"))
	if len(names) != 1 {
		t.Errorf("the file's name does not tell: %q", names)
	}
	if _, err := b.trySubmit(outgoingMail("<2@demo.localhost>", "re"), func(s *Submission) { s.Answers = "msg_0000000000000000000000000a" }, "a@x.example"); err != nil {
		t.Errorf("an answer to what is gone: %v", err)
	}
}

func TestADelayIsToldOnce(t *testing.T) {
	b := newBed(t)
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	for range 2 {
		b.attempt(Result{Status: Deferred, RetryAt: b.opt.Clock().Add(time.Minute), Delayed: true})
		b.pass(time.Minute)
	}
	notices, err := b.in.ws.Outbox().Notices(t.Context(), 10)
	if err != nil || len(notices) != 1 || notices[0].Kind != NoticeDelayed {
		t.Errorf("%+v, %v", notices, err)
	}
}

func TestFinishedRecipientsAreForgottenAfterAMonth(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Delivered})
	b.pass(KeepFinished + time.Second)
	b.care()
	if _, err := b.in.Delivery(t.Context(), done.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	if s := b.status(done.ID); s != Delivered {
		t.Errorf("status %q", s)
	}
}

func TestOnlyWorkspacesWithQueuedMailAreLookedAtAfterARestart(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<in@x.example>", "", "in", "a@x.example", "text"))
	if due, _ := b.Queued(); len(due) != 0 {
		t.Errorf("a workspace that only got mail: %v", due)
	}
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Deferred, RetryAt: b.opt.Clock().Add(3 * time.Hour)})
	if _, _, err := b.in.ws.Outbox().NextDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := b.opt.Clock().Add(3 * time.Hour)
	b.reopen()
	due, _ := b.Queued()
	if at, ok := due[b.in.ws.id]; !ok || !at.Equal(want) {
		t.Errorf("queued after a restart: %v, want %v", due, want)
	}
	if len(b.open) != 0 {
		t.Error("the workspace was opened for it")
	}
}

func TestASubmissionRacingWithALookIsNotForgotten(t *testing.T) {
	b := newBed(t)
	box := b.in.ws.Outbox()
	stop := make(chan struct{})
	looked := make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				looked <- nil
				return
			default:
			}
			if _, _, err := box.NextDue(context.Background()); err != nil {
				looked <- err
				return
			}
		}
	}()
	for i := range 50 {
		b.submit(outgoingMail("<"+string(rune('a'+i%26))+"@demo.localhost>", "hi"), "x@far.example")
		if due, _ := b.Queued(); len(due) != 1 {
			t.Fatalf("after submission %d the workspace is not looked at", i)
		}
	}
	close(stop)
	if err := <-looked; err != nil {
		t.Fatal(err)
	}
}

func TestTheRejectedLineConcernsNoMessage(t *testing.T) {
	b := newBed(t)
	if _, err := b.in.ws.Outbox().Suppress(t.Context(), []Suppression{{Address: "X@far.example", Reason: SuppressedByHand}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.trySubmit(outgoingMail("<1@demo.localhost>", "hi"), nil, "x@far.example"); !errors.Is(err, ErrSuppressed) {
		t.Fatal(err)
	}
	p, err := b.in.ws.Journal().Read(t.Context(), journal.Cursor{}, []string{"message.rejected"}, nil, 0)
	if err != nil || len(p.Lines) != 1 || p.Lines[0].MessageID != "" || p.Lines[0].InboxID != string(b.in.id) {
		t.Errorf("%+v, %v", p.Lines, err)
	}
	if len(b.queuedFiles()) != 0 {
		t.Errorf("left: %q", b.queuedFiles())
	}
}

// dsn is a report about a message.
func dsn(action, recipient, status, diagnostic, about string) string {
	return "From: Mail Delivery <mailer-daemon@far.example>\r\nTo: me@demo.localhost\r\nSubject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nIt did not work.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.far.example\r\n\r\n" +
		"Final-Recipient: rfc822; " + recipient + "\r\nAction: " + action + "\r\nStatus: " + status + "\r\nDiagnostic-Code: smtp; " + diagnostic + "\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: " + about + "\r\n--b--\r\n"
}

func (b *bed) bounce(raw string, about MessageID) {
	b.t.Helper()
	if _, err := b.try(raw, Recipient{Inbox: b.in, Address: "bounce@demo.localhost", Bounce: about}); err != nil {
		b.t.Fatal(err)
	}
}

func TestABounceThatComesInSettlesTheMessage(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	p := b.claim()[0]
	for _, c := range b.begin(p) {
		b.settle(Result{Row: c.Row, Number: 1, Status: Delivered})
	}
	before := len(b.lines())
	b.bounce(dsn("failed", "X@far.example", "5.1.1", "550 5.1.1 user unknown", "<1@demo.localhost>"), done.ID)
	lines := b.lines()[before:]
	if len(lines) != 3 || lines[0].Type != "message.received" || lines[1].Type != "message.bounced" || lines[2].Type != "suppression.added" || lines[1].MessageID != string(done.ID) {
		t.Fatalf("journal: %+v", lines)
	}
	var data struct{ Delivery Delivery }
	if err := json.Unmarshal(lines[1].Data, &data); err != nil || data.Delivery.Recipient != "x@far.example" || data.Delivery.Reason != "userUnknown" || data.Delivery.Code != 550 {
		t.Errorf("the line: %s, %v", lines[1].Data, err)
	}
	if s := b.status(done.ID); s != Bounced {
		t.Errorf("status %q", s)
	}
	b.bounce(dsn("failed", "x@far.example", "5.1.1", "550 again", "<1@demo.localhost>"), done.ID)
	if got := b.types(); got[len(got)-1] != "message.received" {
		t.Errorf("a second bounce was told again: %q", got)
	}
	if why, err := b.in.Refused(t.Context(), []string{"x@far.example"}); err != nil || len(why) != 1 {
		t.Errorf("suppressed: %v, %v", why, err)
	}
}

func TestOneOfManyRecipientsSuppressesNobodyElse(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example", "y@far.example")
	for _, c := range b.begin(b.claim()[0]) {
		b.settle(Result{Row: c.Row, Number: 1, Status: Delivered})
	}
	b.bounce(dsn("failed", "x@far.example", "5.1.1", "550 5.1.1 user unknown", "<1@demo.localhost>"), done.ID)
	if got := b.types(); got[len(got)-1] != "message.bounced" || b.status(done.ID) != Bounced {
		t.Errorf("it was not told: %q", got)
	}
	b.bounce(complaint("y@far.example"), "")
	if got := b.types(); got[len(got)-1] != "message.complained" {
		t.Errorf("it was not told: %q", got)
	}
	if why, err := b.in.Refused(t.Context(), []string{"x@far.example", "y@far.example"}); err != nil || len(why) != 0 {
		t.Errorf("suppressed: %v, %v", why, err)
	}
}

func TestABounceThatWasNotSentHomeSuppressesNobody(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Delivered})
	b.bounce(dsn("failed", "victim@other.example", "5.1.1", "550 user unknown", "<1@demo.localhost>"), "")
	if s := b.status(done.ID); s != Delivered {
		t.Errorf("a bounce of somebody who did not get it: %q", s)
	}
	b.bounce(dsn("failed", "x@far.example", "5.1.1", "550 user unknown", "<1@demo.localhost>"), "")
	if s := b.status(done.ID); s != Bounced {
		t.Errorf("status %q", s)
	}
	if why, err := b.in.Refused(t.Context(), []string{"x@far.example"}); err != nil || len(why) != 0 {
		t.Errorf("suppressed: %v, %v", why, err)
	}
}

func TestAFullMailboxBouncesAndIsNotSuppressed(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Delivered})
	b.bounce(dsn("failed", "alias@elsewhere.example", "5.2.2", "552 5.2.2 mailbox full", "<unknown@x>"), done.ID) // the only recipient is meant
	if s := b.status(done.ID); s != Bounced {
		t.Errorf("status %q", s)
	}
	if why, err := b.in.Refused(t.Context(), []string{"x@far.example", "alias@elsewhere.example"}); err != nil || len(why) != 0 {
		t.Errorf("suppressed: %v, %v", why, err)
	}
}

func TestABounceEndsTheTriesOfWhatStillWaits(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Deferred, RetryAt: b.opt.Clock().Add(time.Minute)})
	b.bounce(dsn("failed", "x@far.example", "5.1.1", "550 user unknown", "<1@demo.localhost>"), done.ID)
	b.pass(time.Hour)
	if len(b.claim()) != 0 || len(b.queuedFiles()) != 0 {
		t.Errorf("it is still tried: %q", b.queuedFiles())
	}
}

// complaint is one about the message <1@demo.localhost> (RFC 5965).
func complaint(who string) string {
	return "From: fbl@far.example\r\nTo: me@demo.localhost\r\nSubject: complaint\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n" +
		"--b\r\n\r\nA complaint.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\nOriginal-Rcpt-To: <" + who + ">\r\n\r\n" +
		"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: me@demo.localhost\r\nTo: " + who + "\r\nSubject: hi\r\nMessage-ID: <1@demo.localhost>\r\n\r\nhello\r\n--b--\r\n"
}

func TestAComplaintSuppressesWhoComplained(t *testing.T) {
	b := newBed(t)
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "y@far.example")
	b.bounce(complaint("y@far.example"), "")
	if got := b.types(); !slices.Equal(got[1:], []string{"message.received", "message.complained", "suppression.added"}) {
		t.Errorf("journal: %q", got)
	}
	if s, err := b.in.ws.Outbox().Suppression(t.Context(), "y@far.example"); err != nil || s.Reason != SuppressedByComplaint {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAReportOfAnotherInboxChangesNothing(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Delivered})
	other := b.in.ws.Inbox(InboxID("inb_0000000000000000000000000z"))
	if _, err := b.try(dsn("failed", "x@far.example", "5.1.1", "550 user unknown", "<1@demo.localhost>"), Recipient{Inbox: other, Address: "o@demo.localhost", Bounce: done.ID}); err != nil {
		t.Fatal(err)
	}
	if s := b.status(done.ID); s != Delivered {
		t.Errorf("status %q", s)
	}
}

func TestWhatIsDueLaterIsNotLookedAt(t *testing.T) {
	b := newBed(t)
	at := b.opt.Clock()
	for i := range 200 {
		id := WorkspaceID(ident.New("ws", at))
		if err := b.noteQueued(id, at.Add(time.Duration(i-99)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	due, _ := b.Queued()
	later := 0
	for _, d := range due {
		if d.After(at) {
			later++
			if !d.Equal(at.Add(time.Minute)) {
				t.Errorf("the next one is at %v", d)
			}
		}
	}
	if len(due) != 101 || later != 1 {
		t.Errorf("%d are given, %d of them later", len(due), later)
	}
}
