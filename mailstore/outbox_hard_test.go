package mailstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

func (b *bed) out() Outbox { return b.in.ws.Outbox() }

// inside runs do over the open workspace.
func (b *bed) inside(do func(*workspace)) {
	b.t.Helper()
	if err := b.in.ws.use(context.Background(), func(w *workspace) error { do(w); return nil }); err != nil {
		b.t.Fatal(err)
	}
}

// touched checks how many recipients a change of the queue touched.
func (b *bed) touched(want int) func(int, error) {
	return func(n int, err error) {
		b.t.Helper()
		if n != want || err != nil {
			b.t.Fatalf("touched %d, want %d: %v", n, want, err)
		}
	}
}

func TestARetryOfWhatIsBeingTriedDoesNotTryItTwice(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	left := b.begin(b.claim()[0])
	b.touched(0)(b.out().Retry(t.Context(), QueueFilter{Message: done.ID}))
	if again := b.claim(); len(again) != 0 {
		t.Errorf("what is being tried is claimed once more: %+v", again)
	}
	b.settle(Result{Row: left[0].Row, Number: 1, Status: Deferred, RetryAt: b.opt.Clock().Add(time.Hour)})
	b.touched(1)(b.out().Retry(t.Context(), QueueFilter{Message: done.ID}))
	if len(b.claim()) != 1 {
		t.Error("after it ended it cannot be retried")
	}
}

func TestWhatIsHeldAndReleasedInHandIsNotClaimedTwice(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	p := b.claim()[0]
	b.touched(1)(b.out().Hold(t.Context(), QueueFilter{Message: done.ID}))
	b.touched(1)(b.out().Unhold(t.Context(), QueueFilter{Message: done.ID}))
	if again := b.claim(); len(again) != 0 {
		t.Errorf("what is in hand is claimed once more: %+v", again)
	}
	if left := b.begin(p); len(left) != 1 {
		t.Error("what is in hand cannot be tried")
	}
	b.touched(1)(b.out().Hold(t.Context(), QueueFilter{Message: done.ID}))
	b.touched(1)(b.out().Unhold(t.Context(), QueueFilter{Message: done.ID}))
	b.pass(time.Hour)
	if again := b.claim(); len(again) != 0 {
		t.Errorf("what is being tried is claimed once more: %+v", again)
	}
}

func TestWhatBeginLetsGoIsClaimedWhenItIsReleased(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	p := b.claim()[0]
	b.touched(1)(b.out().Hold(t.Context(), QueueFilter{Message: done.ID}))
	if left := b.begin(p); len(left) != 0 {
		t.Fatalf("what is held is tried: %+v", left)
	}
	b.touched(1)(b.out().Unhold(t.Context(), QueueFilter{Message: done.ID}))
	if again := b.claim(); len(again) != 1 {
		t.Error("it is not claimed any more")
	}
}

func TestAMessageIsDueAfterARestartThoughAnotherIsScheduled(t *testing.T) {
	b := newBed(t)
	if _, err := b.trySubmit(outgoingMail("<1@demo.localhost>", "later"), func(s *Submission) { s.SendAt = b.opt.Clock().Add(300 * 24 * time.Hour) }, "x@far.example"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.out().NextDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.submit(outgoingMail("<2@demo.localhost>", "now"), "x@far.example")
	b.reopen() // before the courier has looked
	due, _ := b.Queued()
	if at := due[b.in.ws.id]; at.IsZero() || at.After(b.opt.Clock()) {
		t.Errorf("the workspace is looked at only at %v", at)
	}
}

func TestAnUnprovenBounceEndsNoTries(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example", "y@far.example")
	p := b.claim()[0]
	for _, c := range b.begin(p) {
		r := Result{Row: c.Row, Number: 1, Status: Delivered}
		if c.Address == "y@far.example" {
			r.Status, r.RetryAt = Deferred, b.opt.Clock().Add(time.Minute)
		}
		b.settle(r)
	}
	before := len(b.lines())
	b.bounce(dsn("failed", "y@far.example", "5.1.1", "550 user unknown", "<1@demo.localhost>"), "") // by x, who got the message
	if got := b.types()[before:]; !slices.Equal(got, []string{"message.received"}) {
		t.Errorf("journal: %q", got)
	}
	b.pass(time.Minute)
	if p := b.claim(); len(p) != 1 || p[0].Message != done.ID {
		t.Errorf("y will not get it: %+v", p)
	}
}

func TestAReportChangesNothingOfWhatWasNeverSent(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example", "y@far.example")
	if _, err := b.out().Cancel(t.Context(), QueueFilter{Message: done.ID}); err != nil {
		t.Fatal(err)
	}
	before := len(b.lines())
	for _, action := range []string{"failed", "delayed", "delivered"} {
		b.bounce(dsn(action, "y@far.example", "5.1.1", "550 user unknown", "<1@demo.localhost>"), done.ID)
	}
	if got := b.types()[before:]; !slices.Equal(got, []string{"message.received", "message.received", "message.received"}) || b.status(done.ID) != Cancelled {
		t.Errorf("journal: %q, status %s", got, b.status(done.ID))
	}
	if why, err := b.in.Refused(t.Context(), []string{"y@far.example"}); err != nil || len(why) != 0 {
		t.Errorf("suppressed: %v, %v", why, err)
	}
}

// rebuild loses the index and makes it anew.
func (b *bed) remake() Report {
	b.t.Helper()
	if err := b.Close(); err != nil {
		b.t.Fatal(err)
	}
	for _, name := range []string{"index.db", "index.db-wal", "index.db-shm"} {
		os.Remove(filepath.Join(b.wsDir(), name))
	}
	reports, err := Rebuild(b.t.Context(), b.dir, "", b.opt)
	if err != nil || len(reports) != 1 {
		b.t.Fatalf("%+v, %v", reports, err)
	}
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
	return reports[0]
}

func TestARebuildLosesNoQueuedBytesThatItCannotRead(t *testing.T) {
	envelope := func(b *bed, id MessageID, change func(map[string]any)) {
		name := filepath.Join(b.wsDir(), "outbox", string(id)+".envelope")
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var e map[string]any
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatal(err)
		}
		change(e)
		raw, _ = json.Marshal(e)
		if err := os.WriteFile(name, append(raw, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(b *bed, name string) {
		if err := os.Remove(filepath.Join(b.wsDir(), "outbox", name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, damage := range map[string]func(*bed, MessageID){
		"a cut envelope": func(b *bed, id MessageID) {
			if err := os.Truncate(filepath.Join(b.wsDir(), "outbox", string(id)+".envelope"), 20); err != nil {
				t.Fatal(err)
			}
		},
		"no envelope": func(b *bed, id MessageID) { remove(b, string(id)+".envelope") },
		"no bytes":    func(b *bed, id MessageID) { remove(b, string(id)) },
		"cut bytes": func(b *bed, id MessageID) {
			remove(b, string(id)) // it is one more name of the copy in Sent
			if err := os.WriteFile(filepath.Join(b.wsDir(), "outbox", string(id)), []byte("From: me"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"another inbox": func(b *bed, id MessageID) {
			envelope(b, id, func(e map[string]any) { e["inbox"] = "inb_0000000000000000000000000z" })
		},
		"no recipient": func(b *bed, id MessageID) { envelope(b, id, func(e map[string]any) { e["to"] = []string{"nobody"} }) },
		"no lane":      func(b *bed, id MessageID) { envelope(b, id, func(e map[string]any) { e["lane"] = 9 }) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.t = t
			bad := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
			good := b.submit(outgoingMail("<2@demo.localhost>", "hi"), "y@far.example")
			damage(b, bad.ID)
			r := b.remake()
			if len(r.Problems) != 1 || r.Queued != 1 {
				t.Errorf("report: %+v", r)
			}
			if p := b.claim(); len(p) != 1 || p[0].Message != good.ID {
				t.Errorf("claimed: %+v", p)
			}
			kept := b.files("quarantine/*" + string(bad.ID) + "*")
			if len(kept) == 0 {
				t.Errorf("what was accepted is gone: outbox %q", b.queuedFiles())
			}
			if names := b.queuedFiles(); len(names) != 2 {
				t.Errorf("in the outbox: %q", names)
			}
		})
	}
}

func TestARebuildSaysNothingOfAMessageThatNobodyWaitsFor(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Bounced, Code: 550}) // the bytes stay for the notice
	if r := b.remake(); r.Queued != 0 {
		t.Errorf("report: %+v", r)
	}
	if s := b.status(done.ID); s != "" {
		t.Errorf("status %q, which nobody knows any more", s)
	}
	if len(b.claim()) != 0 || len(b.queuedFiles()) != 0 {
		t.Errorf("left in the outbox: %q", b.queuedFiles())
	}
}

func TestWhatIsHeldStaysHeldThroughARebuild(t *testing.T) {
	b := newBed(t)
	held := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	released, err := b.trySubmit(outgoingMail("<2@demo.localhost>", "hi"), func(s *Submission) { s.Held = true }, "y@far.example")
	if err != nil {
		t.Fatal(err)
	}
	b.touched(1)(b.out().Hold(t.Context(), QueueFilter{Message: held.ID}))
	b.touched(1)(b.out().Unhold(t.Context(), QueueFilter{Message: released.ID}))
	b.remake()
	if p := b.claim(); len(p) != 1 || p[0].Message != released.ID {
		t.Errorf("claimed: %+v", p)
	}
	if b.status(held.ID) != Held || b.status(released.ID) != Queued {
		t.Errorf("status %q and %q", b.status(held.ID), b.status(released.ID))
	}
}

func TestForeignNamesInTheOutboxHarmNothing(t *testing.T) {
	b := newBed(t)
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".envelope", ".nfs0001", "lost+found/x"} {
		path := filepath.Join(b.wsDir(), "outbox", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
	if len(b.claim()) != 1 {
		t.Error("the message is gone")
	}
}

func TestTheOutboxIsMadeAnewWhereSomebodyTookItAway(t *testing.T) {
	b := newBed(t)
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Delivered})
	if err := os.Remove(filepath.Join(b.wsDir(), "outbox")); err != nil {
		t.Fatal(err)
	}
	b.submit(outgoingMail("<2@demo.localhost>", "hi"), "x@far.example")
}

func TestASettledRecipientIsKnownThoughACrashCutTheLineBefore(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example", "y@other.example", "z@third.example")
	f, err := os.OpenFile(filepath.Join(b.wsDir(), "outbox", string(done.ID)+".envelope"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, "x@far.exa")
	f.Close()
	for _, p := range b.claim() {
		if left := b.begin(p); p.Domain == "other.example" {
			b.settle(Result{Row: left[0].Row, Number: 1, Status: Delivered})
		}
	}
	if r := b.remake(); r.Queued != 2 {
		t.Errorf("%+v", r)
	}
}

func TestARecipientThatARelayTookWhileItWasCancelledIsTold(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	left := b.begin(b.claim()[0])
	b.touched(1)(b.out().Cancel(t.Context(), QueueFilter{Message: done.ID}))
	b.settle(Result{Row: left[0].Row, Number: 1, Status: Relayed, Code: 250})
	if s := b.status(done.ID); s != Relayed {
		t.Errorf("the relay has it, and its status is %q", s)
	}
}

func TestALineTellsTheStatusAsItIs(t *testing.T) {
	b := newBed(t)
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Deferred, RetryAt: b.opt.Clock()})
	b.attempt(Result{Status: Delivered})
	for _, l := range b.lines() {
		var m struct {
			Status   Status
			Delivery Delivery
		}
		if err := json.Unmarshal(l.Data, &m); err != nil {
			t.Fatal(err)
		}
		if m.Delivery.Status != "" && m.Status != m.Delivery.Status {
			t.Errorf("%s: the message is %q, its only recipient %q", l.Type, m.Status, m.Delivery.Status)
		}
	}
}

func TestAHoldAndItsEndAreTold(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example", "y@far.example")
	for status, do := range map[Status]func(context.Context, QueueFilter) (int, error){Held: b.out().Hold, Queued: b.out().Unhold} {
		if status == Queued {
			b.touched(2)(b.out().Hold(t.Context(), QueueFilter{Message: done.ID}))
		}
		before := len(b.lines())
		b.touched(2)(do(t.Context(), QueueFilter{Message: done.ID}))
		lines := b.lines()[before:]
		if len(lines) != 1 || lines[0].Type != "message.updated" || lines[0].MessageID != string(done.ID) {
			t.Fatalf("%s: journal: %+v", status, lines)
		}
		p, err := b.in.ws.Journal().Read(t.Context(), journal.Cursor{}, []string{"message.updated"}, nil, 0)
		var m Message
		if err == nil {
			err = json.Unmarshal(p.Lines[len(p.Lines)-1].Data, &m)
		}
		if err != nil || m.ID != done.ID || m.Status != status || !slices.Equal(m.Mailboxes, []string{SentMailbox}) {
			t.Errorf("the line: %+v, %v", m, err)
		}
		if status == Held {
			b.touched(2)(b.out().Unhold(t.Context(), QueueFilter{Message: done.ID}))
		}
	}
}

func TestAnAddressIsSuppressedHoweverItIsWritten(t *testing.T) {
	b := newBed(t)
	if _, err := b.out().Suppress(t.Context(), []Suppression{{Address: "John@far.example", Reason: SuppressedByHand}, {Address: "ren\u00e9@far.example", Reason: SuppressedByHand}, {Address: `"a b"@far.example`, Reason: SuppressedByHand}, {Address: "<C>&@far.example", Reason: SuppressedByHand}}); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"JOHN@FAR.example", `"john"@far.example`, `"jo\hn"@far.example`, "rene\u0301@far.example", "REN\u00c9@far.example", `"A\ B"@far.example`, `"<c>&"@far.example`} {
		if _, err := b.trySubmit(outgoingMail("<1@demo.localhost>", "hi"), nil, to); !errors.Is(err, ErrSuppressed) {
			t.Errorf("%s: %v", to, err)
		}
		if s, err := b.out().Suppression(t.Context(), to); err != nil || s.Reason != SuppressedByHand {
			t.Errorf("%s: %+v, %v", to, s, err)
		}
	}
	if err := b.out().Unsuppress(t.Context(), `"John"@far.example`); err != nil {
		t.Error(err)
	}
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "john@far.example", `"john doe"@far.example`)
}

func TestAnAddressThatIsSuppressedMeanwhileGetsNothingMore(t *testing.T) {
	b := newBed(t)
	if _, err := b.trySubmit(outgoingMail("<1@demo.localhost>", "news"), func(s *Submission) { s.SendAt = b.opt.Clock().Add(time.Hour) }, "x@far.example"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.out().Suppress(t.Context(), []Suppression{{Address: "x@far.example", Reason: SuppressedByUnsubscribe}}); err != nil {
		t.Fatal(err)
	}
	b.pass(time.Hour)
	for _, p := range b.claim() {
		if left := b.begin(p); len(left) > 0 {
			t.Errorf("who unsubscribed is sent to: %+v", left)
		}
	}
}

func TestWhatWaitsIsFoundAmongMuchThatIsFinished(t *testing.T) {
	b := newBed(t)
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	for _, f := range []QueueFilter{{Waiting: true}, {Waiting: true, Domain: "far.example"}, {Waiting: true, Inbox: b.in.id}, {Waiting: true, Message: "msg_x"}, {Waiting: true, Row: 1}} {
		where, args := f.where()
		b.inside(func(w *workspace) {
			for _, q := range []string{"SELECT r.claim, " + outboxColumns + ", " + outgoingColumns + f.from() + " JOIN outgoing o ON o.id = r.outgoing_id WHERE " + where + " ORDER BY r.id DESC LIMIT 200",
				"SELECT r.id" + f.from() + " WHERE " + where + " AND r.held = 0 ORDER BY r.id LIMIT 1000"} {
				if err := w.db.View(t.Context(), func(tx *sqlite.Tx) error {
					return tx.Each("EXPLAIN QUERY PLAN "+q, args, func(scan func(...any) error) error {
						var a, p, n int
						var plan string
						err := scan(&a, &p, &n, &plan)
						if strings.HasPrefix(plan, "SCAN r") && !strings.Contains(plan, "outbox_waiting") {
							t.Errorf("%+v: %s", f, plan)
						}
						return err
					})
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// fill puts recipients into the outbox by rows alone.
func (b *bed) queueRows(n int, row func(i int, r *outboxRow)) {
	b.t.Helper()
	b.inside(func(w *workspace) {
		if err := w.db.Change(func(tx *sqlite.Tx) error {
			for i := range n {
				o := outgoing{id: MessageID(fmt.Sprintf("msg_%026d", i)), inbox: b.in.id, sender: sender, messageID: "<x>", lane: Bulk, createdAt: b.now.UnixMicro()}
				r := outboxRow{outgoing: o.id, inbox: b.in.id, recipient: "x@far.example", lane: Bulk, status: Queued, dueAt: b.now.UnixMicro()}
				row(i, &r)
				if err := errors.Join(o.insert(tx), r.insert(tx)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.t.Fatal(err)
		}
	})
}

func TestFewDueAmongManyDomainsAreFoundSoon(t *testing.T) {
	b := newBed(t)
	b.queueRows(20_000, func(i int, r *outboxRow) {
		r.recipient = fmt.Sprintf("x@d%06d.example", i)
		r.status, r.dueAt = Deferred, b.now.Add(time.Hour).UnixMicro()
	})
	at := time.Now()
	if list, err := b.out().Domains(t.Context(), b.now, "", 100); err != nil || len(list) != 0 {
		t.Errorf("%q, %v", list, err)
	}
	if took := time.Since(at); took > 200*time.Millisecond {
		t.Errorf("it took %v to see that nothing is due", took)
	}
}

func TestTheLinesOfAThousandRecipientsAreSmall(t *testing.T) {
	b := newBed(t)
	var to []string
	var head strings.Builder
	for i := range 1000 {
		to = append(to, fmt.Sprintf("recipient.number%04d@far.example", i))
		fmt.Fprintf(&head, "To: \"Recipient Number %04d\" <%s>\r\n", i, to[i])
	}
	if _, err := b.trySubmit(head.String()+"From: me@demo.localhost\r\nMessage-ID: <1@x>\r\n\r\nhi\r\n", nil, to...); err != nil {
		t.Fatal(err)
	}
	for _, p := range b.claim() {
		var results []Result
		for _, c := range b.begin(p) {
			results = append(results, Result{Row: c.Row, Number: c.Attempts, Status: Delivered})
		}
		b.settle(results...)
	}
	var octets int
	b.inside(func(w *workspace) {
		if err := w.db.View(t.Context(), func(tx *sqlite.Tx) error { return tx.Row("SELECT SUM(LENGTH(data)) FROM journal", nil, &octets) }); err != nil {
			t.Fatal(err)
		}
	})
	if octets > 4<<20 {
		t.Errorf("%d octets of journal for a message of %d", octets, head.Len())
	}
}

func TestSleepingWorkspacesThatGetMailTogetherShareTheWaiting(t *testing.T) {
	b := newBed(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	var syncs atomic.Int32
	first, hold := make(chan struct{}), make(chan struct{})
	b.opt.sync = func(f *os.File) error {
		if filepath.Base(f.Name()) == "queued" && syncs.Add(1) == 1 {
			close(first)
			<-hold
		}
		return f.Sync()
	}
	b.openStore()
	var all sync.WaitGroup
	note := func() {
		id := WorkspaceID(ident.New("ws", b.now))
		all.Go(func() {
			if err := b.noteQueued(id, b.now); err != nil {
				t.Error(err)
			}
		})
	}
	note()
	<-first
	for range 100 {
		note()
	}
	if due, _ := b.Queued(); len(due) != 0 { // does not wait for the disk
		t.Errorf("%v is given before it is durable", due)
	}
	for entries := []os.DirEntry(nil); len(entries) < 101; {
		entries, _ = os.ReadDir(b.queuedDir())
	}
	close(hold)
	all.Wait()
	if due, _ := b.Queued(); len(due) != 101 || syncs.Load() > 20 {
		t.Errorf("%d are given, after %d syncs", len(due), syncs.Load())
	}
}

func TestAMarkThatIsNotDurableIsNoMark(t *testing.T) {
	b := newBed(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	fail := true
	b.opt.sync = func(f *os.File) error {
		if fail && filepath.Base(f.Name()) == "queued" {
			return errors.New("the disk says no")
		}
		return f.Sync()
	}
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
	if _, err := b.trySubmit(outgoingMail("<1@demo.localhost>", "hi"), nil, "x@far.example"); err == nil {
		t.Fatal("it was accepted")
	}
	if len(b.queuedFiles()) != 0 || len(b.list(MessageFilter{})) != 0 {
		t.Errorf("left: %q", b.queuedFiles())
	}
	fail = false
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	if due, _ := b.Queued(); len(due) != 1 {
		t.Error("it is not looked at")
	}
}

func TestWhatASyncFailedForIsNotAcceptedAndLeavesNothing(t *testing.T) {
	for n, done := 1, false; !done; n++ {
		b := newBed(t)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		var left atomic.Int64 // syncs until the one that fails; two may run at a time
		b.opt.sync = func(f *os.File) error {
			if left.Add(-1) == 0 {
				return errors.New("the disk says no")
			}
			return f.Sync()
		}
		b.openStore()
		b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
		b.list(MessageFilter{}) // open, so that the syncs of the submission alone are counted
		left.Store(int64(n))
		sent, err := b.trySubmit(outgoingMail("<1@demo.localhost>", "hi"), nil, "x@far.example")
		done = left.Load() > 0 // it has no more syncs than that
		left.Store(0)
		if done != (err == nil) {
			t.Fatalf("sync %d failed: %v", n, err)
		}
		b.crash()
		p, files, list := b.claim(), b.queuedFiles(), b.list(MessageFilter{})
		if done {
			if len(p) != 1 || p[0].Message != sent.ID || len(files) != 2 || len(list) != 1 {
				t.Errorf("accepted: %+v, %q, %+v", p, files, list)
			}
			break
		}
		if len(p) != 0 || len(files) != 0 || len(list) != 0 {
			t.Errorf("sync %d failed, and it is there: %+v, %q, %+v", n, p, files, list)
		}
		b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
		if len(b.claim()) != 1 {
			t.Errorf("after sync %d failed nothing is sent", n)
		}
		b.Close()
	}
}

func TestAFullDiskTakesNothingAndLosesNothing(t *testing.T) {
	b := newBed(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	free := int64(1 << 40)
	b.opt.MinFree, b.opt.free = 1<<20, func(string) (int64, error) { return free, nil }
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	free = 1000
	if _, err := b.trySubmit(outgoingMail("<2@demo.localhost>", "hi"), nil, "x@far.example"); !errors.Is(err, errNoSpace) {
		t.Errorf("%v", err)
	}
	if len(b.queuedFiles()) != 2 {
		t.Errorf("left: %q", b.queuedFiles())
	}
	b.attempt(Result{Status: Delivered}) // what is there leaves, and makes room
	if b.status(done.ID) != Delivered || len(b.queuedFiles()) != 0 {
		t.Errorf("status %s, left: %q", b.status(done.ID), b.queuedFiles())
	}
}

func TestWhatIsInHandStaysSoWhileItsWorkspaceIsClosed(t *testing.T) {
	b := newBed(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b.opt.MaxOpen = 1
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example", "y@far.example")
	other := b.Workspace(WorkspaceID(ident.New("ws", b.now)))
	away := func() { // only one workspace is kept open
		t.Helper()
		if err := other.Create(t.Context()); err != nil || len(b.open) != 1 || b.open[b.in.ws.id] != nil {
			t.Fatalf("%d are open: %v", len(b.open), err)
		}
	}
	p := b.claim()[0]
	away()
	if again := b.claim(); len(again) != 0 {
		t.Errorf("claimed once more: %+v", again)
	}
	away()
	left := b.begin(p)
	away()
	if n, _, err := b.out().NextDue(t.Context()); err != nil || !n.IsZero() {
		t.Errorf("due at %v, %v", n, err)
	}
	b.touched(2)(b.out().Hold(t.Context(), QueueFilter{Message: done.ID}))
	away()
	b.settle(Result{Row: left[0].Row, Number: 1, Status: Delivered}, Result{Row: left[1].Row, Number: 1, Status: Deferred, RetryAt: b.opt.Clock()})
	away()
	b.touched(1)(b.out().Unhold(t.Context(), QueueFilter{Message: done.ID}))
	if p := b.claim(); len(p) != 1 || p[0].Recipients[0].Address != "y@far.example" {
		t.Errorf("%+v", p)
	}
}

func TestARemovedWorkspaceIsNotLookedAtAndTakesNothingBack(t *testing.T) {
	b := newBed(t)
	b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	p := b.claim()[0]
	if err := b.in.ws.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, begin := b.out().Begin(t.Context(), p, nil)
	for what, err := range map[string]error{"begin": begin, "settle": b.out().Settle(t.Context(), []Result{{Row: 1, Number: 1, Status: Deferred}}),
		"release": b.out().Release(t.Context(), []int64{1}, b.now), "withdraw": b.out().Withdraw(t.Context(), p.Recipients, b.now)} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if due, _ := b.Queued(); len(due) != 0 {
		t.Errorf("it is looked at: %v", due)
	}
	if entries, _ := os.ReadDir(b.queuedDir()); len(entries) != 0 || fileExists(b.wsDir()) {
		t.Errorf("left: %v", entries)
	}
}

func TestAWorkspaceOfTheFirstVersionSends(t *testing.T) {
	f := newFirstSchema(t)
	f.ready()
	done := f.submit(outgoingMail("<new@demo.localhost>", "hi"), "x@far.example")
	if f.status("msg_01kjmma2g05ehdzmt778em7q51") != "" || f.status(done.ID) != Queued {
		t.Errorf("status %q", f.status(done.ID))
	}
	f.attempt(Result{Status: Delivered})
	if f.status(done.ID) != Delivered {
		t.Errorf("status %q", f.status(done.ID))
	}
}

func TestAnAutomaticReplyChangesNothingOfTheMessage(t *testing.T) {
	b := newBed(t)
	done := b.submit(outgoingMail("<1@demo.localhost>", "hi"), "x@far.example")
	b.attempt(Result{Status: Delivered})
	before, err := b.in.Message(t.Context(), done.ID)
	if err != nil {
		t.Fatal(err)
	}
	b.pass(time.Hour)
	lines := len(b.lines())
	b.bounce("From: x@far.example\r\nTo: me@demo.localhost\r\nSubject: Out of office: hi\r\nAuto-Submitted: auto-replied\r\nIn-Reply-To: <1@demo.localhost>\r\nReferences: <1@demo.localhost>\r\n\r\nI am away.\r\n", done.ID)
	after, err := b.in.Message(t.Context(), done.ID)
	if err != nil || !after.UpdatedAt.Equal(before.UpdatedAt) || after.Status != Delivered {
		t.Errorf("%+v, %v", after, err)
	}
	if got := b.types()[lines:]; !slices.Equal(got, []string{"message.received"}) {
		t.Errorf("journal: %q", got)
	}
}
