package mailstore

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
)

// due are the drafts whose time has come.
func (b *bed) due() []DueDraft {
	b.t.Helper()
	list, err := b.out().DueDrafts(b.t.Context(), b.opt.Clock(), 10)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

// next is when the courier is to look at the workspace, as it knows without opening it.
func (b *bed) next() time.Time {
	due, _ := b.Queued()
	return due[b.in.ws.id]
}

func TestADraftWithATimeIsScheduledAndWakesItsWorkspace(t *testing.T) {
	b := newBed(t)
	at := b.opt.Clock().Add(48 * time.Hour)
	d := b.draft(draftMail("Later", "x"), func(n *NewDraft) { n.SendAt = at })
	if d.Status != Scheduled || !d.SendAt.Equal(at) || !slices.Equal(d.Labels, []string{LabelDraft, LabelScheduled}) {
		t.Errorf("%+v", d)
	}
	if got := b.list(MessageFilter{Labels: []string{LabelScheduled}}); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	if next, ok, err := b.out().NextDue(t.Context()); err != nil || !ok || !next.Equal(at) { // as the courier looks, which is told by the commit
		t.Errorf("%v %v, %v", next, ok, err)
	}
	for name, again := range map[string]func(){"at once": func() {}, "after a clean stop": b.reopen, "after a crash": b.crash} {
		again()
		if !b.next().Equal(at) || len(b.due()) != 0 {
			t.Errorf("%s: %v, %v", name, b.next(), b.due())
		}
	}
	b.pass(48 * time.Hour)
	if list := b.due(); len(list) != 1 || list[0].Draft != (DraftRef{d.ID, d.Version}) || list[0].Inbox != b.in.id {
		t.Errorf("%+v", list)
	}
	if _, err := b.in.SendDraft(t.Context(), sending(d.ID)); err != nil {
		t.Fatal(err)
	}
	if len(b.due()) != 0 {
		t.Error("what was sent is due")
	}
}

func TestATimeOfADraftIsChangedAndTakenAway(t *testing.T) {
	b := newBed(t)
	at, none := b.opt.Clock().Add(time.Hour), time.Time{}
	d := b.draft(draftMail("Later", "x"), nil)
	for name, wrong := range map[string]time.Time{"passed": b.opt.Clock(), "too far ahead": b.opt.Clock().Add(MaxAhead + time.Second)} {
		if _, err := b.in.ChangeDraft(t.Context(), d.ID, DraftChange{SendAt: &wrong}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	with := b.changeDraft(d.ID, DraftChange{SendAt: &at})
	if with.Status != Scheduled || with.Version == d.Version {
		t.Errorf("%+v", with)
	}
	text := b.changeDraft(d.ID, DraftChange{Spool: b.spool(draftMail("Later still", "y"))})
	if !text.SendAt.Equal(at) {
		t.Errorf("another text took the time away: %+v", text)
	}
	without := b.changeDraft(d.ID, DraftChange{SendAt: &none})
	if without.Status != "" || !without.SendAt.IsZero() || slices.Contains(without.Labels, LabelScheduled) {
		t.Errorf("%+v", without)
	}
	b.pass(2 * time.Hour)
	if len(b.due()) != 0 {
		t.Errorf("%+v", b.due())
	}
}

func TestDraftsThatAreDueLongestComeFirst(t *testing.T) {
	b := newBed(t)
	var want []MessageID
	for _, after := range []time.Duration{3, 1, 2} {
		d := b.draft(draftMail("Later", "x"), func(n *NewDraft) { n.SendAt = b.opt.Clock().Add(after * time.Hour) })
		want = append(want, d.ID)
	}
	b.pass(3 * time.Hour)
	list, err := b.out().DueDrafts(t.Context(), b.opt.Clock(), 2)
	if err != nil || len(list) != 2 || list[0].Draft.ID != want[1] || list[1].Draft.ID != want[2] || len(b.due()) != 3 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestADraftThatLeftDraftsIsNotSentAtItsTime(t *testing.T) {
	b := newBed(t)
	at := b.opt.Clock().Add(time.Hour)
	timed := func(n *NewDraft) { n.SendAt = at }
	trashed, flagged, gone, kept := b.draft(draftMail("1", "x"), timed), b.draft(draftMail("2", "x"), timed), b.draft(draftMail("3", "x"), timed), b.draft(draftMail("4", "x"), timed)
	if err := errors.Join(b.in.DeleteDraft(t.Context(), trashed.ID, "", false), b.in.DeleteDraft(t.Context(), gone.ID, "", true)); err != nil {
		t.Fatal(err)
	}
	b.storeIn(DraftsMailbox, 2, Deleted)
	b.pass(time.Hour)
	var may []MessageID
	for _, x := range b.due() {
		if x.Draft.Version != "" {
			may = append(may, x.Draft.ID)
			continue
		}
		if err := b.in.DropDraftTime(t.Context(), x, "It was not there."); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(may, []MessageID{kept.ID}) || len(b.due()) != 1 {
		t.Errorf("%v, %+v", may, b.due())
	}
	for _, id := range []MessageID{trashed.ID, flagged.ID} {
		if m, err := b.in.Message(t.Context(), id); err != nil || m.Status != "" {
			t.Errorf("%+v, %v", m, err)
		}
	}
	if d, err := b.in.Draft(t.Context(), flagged.ID); err != nil || d.Failure != "It was not there." {
		t.Errorf("%+v, %v", d, err)
	}
}

// storeIn adds flags to a message of a mailbox.
func (b *bed) storeIn(mailbox string, uid uint32, f Flags) {
	b.t.Helper()
	if _, err := b.in.StoreFlags(b.t.Context(), b.box(mailbox).ID, []uint32{uid}, FlagChange{Op: AddFlags, Flags: f}, nil); err != nil {
		b.t.Fatal(err)
	}
}

func TestAScheduledMessageIsRescheduledUntilItIsInHand(t *testing.T) {
	b := newBed(t)
	now := b.opt.Clock()
	done, err := b.trySubmit(outgoingMail("<1@x>", "later"), func(s *Submission) { s.SendAt = now.Add(time.Hour) }, "x@far.example")
	if err != nil {
		t.Fatal(err)
	}
	if m := b.list(MessageFilter{Labels: []string{LabelScheduled}}); len(m) != 1 || !m[0].SendAt.Equal(now.Add(time.Hour)) || !slices.Equal(m[0].Labels, []string{LabelSent, LabelScheduled}) {
		t.Errorf("%+v", m)
	}
	end := b.end()
	later := now.Add(3 * time.Hour)
	if m, err := b.in.Reschedule(t.Context(), done.ID, later); err != nil || !m.SendAt.Equal(later) || m.Status != Scheduled {
		t.Fatalf("%+v, %v", m, err)
	}
	if lines := b.linesSince(end); len(lines) != 1 || lines[0].Type != "message.updated" {
		t.Errorf("%+v", lines)
	}
	b.pass(2 * time.Hour)
	if got := b.claim(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	b.crash()
	if r := b.remake(); r.Queued != 1 {
		t.Errorf("%+v", r)
	}
	if got := b.claim(); len(got) != 0 {
		t.Errorf("a rebuild brought the first time back: %+v", got)
	}
	b.pass(time.Hour)
	parcels := b.claim()
	if len(parcels) != 1 || !parcels[0].SendAt.Equal(later) {
		t.Fatalf("%+v", parcels)
	}
	if _, err := b.in.Reschedule(t.Context(), done.ID, later.Add(time.Hour)); !errors.Is(err, errNotScheduled) {
		t.Errorf("in hand: %v", err)
	}
	b.begin(parcels[0])
	if m, err := b.in.Message(t.Context(), done.ID); err != nil || m.Status != Queued || slices.Contains(m.Labels, LabelScheduled) {
		t.Errorf("while it is tried: %+v, %v", m, err)
	}
}

func TestATimeThatHasPassedIsAtOnceAndACancelledMessageHasNone(t *testing.T) {
	b := newBed(t)
	now := b.opt.Clock()
	submit := func() MessageID {
		done, err := b.trySubmit(outgoingMail("<1@x>", "later"), func(s *Submission) { s.SendAt = now.Add(time.Hour) }, "x@far.example")
		if err != nil {
			t.Fatal(err)
		}
		return done.ID
	}
	first, second := submit(), submit()
	if m, err := b.in.Reschedule(t.Context(), first, now.Add(-time.Hour)); err != nil || m.Status != Queued || !m.SendAt.IsZero() {
		t.Errorf("%+v, %v", m, err)
	}
	if !b.next().Before(now.Add(time.Second)) {
		t.Errorf("nobody looks before %v", b.next())
	}
	if got := b.claim(); len(got) != 1 || got[0].Message != first {
		t.Errorf("%+v", got)
	}
	if m, err := b.in.CancelScheduled(t.Context(), second); err != nil || m.Status != Cancelled || slices.Contains(m.Labels, LabelScheduled) {
		t.Errorf("%+v, %v", m, err)
	}
	for name, id := range map[string]MessageID{"cancelled": second, "in hand": first, "received": b.deliver(mail("<2@x>", "", "Hello", "ann@x.example", "x")).ID} {
		_, moved := b.in.Reschedule(t.Context(), id, now.Add(time.Hour))
		if _, err := b.in.CancelScheduled(t.Context(), id); !errors.Is(err, errNotScheduled) || !errors.Is(moved, errNotScheduled) {
			t.Errorf("%s: %v, %v", name, moved, err)
		}
	}
	if _, err := b.in.Reschedule(t.Context(), "msg_none", now); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := b.in.Reschedule(t.Context(), second, now.Add(MaxAhead+time.Hour)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
}

func TestWhatIsDeletedIsNotSentAtItsTime(t *testing.T) {
	b := newBed(t)
	submit := func() MessageID {
		done, err := b.trySubmit(outgoingMail("<1@x>", "later"), func(s *Submission) { s.SendAt = b.opt.Clock().Add(time.Hour) }, "x@far.example")
		if err != nil {
			t.Fatal(err)
		}
		return done.ID
	}
	alone, threaded := submit(), submit()
	if err := b.in.DeleteMessage(t.Context(), alone, false); err != nil {
		t.Fatal(err)
	}
	m, err := b.in.Message(t.Context(), threaded)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.in.DeleteThread(t.Context(), m.ThreadID, true); err != nil {
		t.Fatal(err)
	}
	first, second, labelled, together := submit(), submit(), submit(), submit()
	if _, err := b.in.DeleteMessages(t.Context(), []MessageID{first, "msg_none", second}, false); err != nil {
		t.Fatal(err)
	}
	trash := MessageChange{AddLabels: []string{LabelTrash}}
	if m, err := b.in.ChangeMessage(t.Context(), labelled, trash); err != nil || m.Status != Cancelled {
		t.Errorf("%+v, %v", m, err)
	}
	if list, err := b.in.ChangeMessages(t.Context(), []MessageID{together}, trash); err != nil || list[0].Message.Status != Cancelled {
		t.Errorf("%+v, %v", list, err)
	}
	if m, err = b.in.Message(t.Context(), submit()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.ChangeThread(t.Context(), m.ThreadID, trash); err != nil {
		t.Fatal(err)
	}
	kept := submit()
	if list, err := b.in.DeleteMessages(t.Context(), nil, true); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if m, err := b.in.ChangeMessage(t.Context(), kept, MessageChange{AddLabels: []string{"mine"}}); err != nil || m.Status != Scheduled {
		t.Errorf("%+v, %v", m, err)
	}
	b.pass(2 * time.Hour)
	if got := b.claim(); len(got) != 1 || got[0].Message != kept {
		t.Errorf("%+v", got)
	}
}

func TestARebuildKeepsWhatIsKnownOfADraft(t *testing.T) {
	for name, lose := range map[string]bool{"with the old index": false, "without": true} {
		b := newBed(t)
		answered := b.deliver(mail("<1@x>", "", "Hello", "ann@x.example", "x"))
		at := b.opt.Clock().Add(time.Hour)
		d := b.draft(draftMail("Later", "one"), func(n *NewDraft) {
			n.SendAt, n.Answers, n.Unsubscribe, n.Labels = at, answered.ID, true, []string{"mine"}
		})
		d = b.changeDraft(d.ID, DraftChange{Spool: b.spool(draftMail("Later", "two"))})
		b.reopen() // the state files are written
		if lose {
			b.remake()
		} else {
			b.rebuild()
		}
		got, err := b.in.Draft(t.Context(), d.ID)
		if err != nil || got.Version != d.Version || !got.SendAt.Equal(at) || got.Answers != answered.ID || !got.Unsubscribe || got.Status != Scheduled || !slices.Equal(got.Labels, d.Labels) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if raw := b.raw(d.ID); !strings.Contains(raw, "two") {
			t.Errorf("%s: %s", name, raw)
		}
		b.pass(time.Hour)
		if b.next().IsZero() || len(b.due()) != 1 {
			t.Errorf("%s: %v, %v", name, b.next(), b.due())
		}
	}
}

// What wakes the workspace is on disk before the draft is: without it nobody would look at its time.
func TestADraftWhoseTimeCannotBeNotedIsNotMade(t *testing.T) {
	b := newBed(t)
	broken := true
	b.opt.sync = func(f *os.File) error {
		if broken && filepath.Base(f.Name()) == "queued" {
			return errors.New("input/output error")
		}
		return f.Sync()
	}
	b.reopen()
	n := NewDraft{Spool: b.spool(draftMail("Later", "x")), SendAt: b.opt.Clock().Add(time.Hour)}
	if _, _, err := b.in.CreateDraft(t.Context(), n); !errors.Is(err, errDisk) {
		t.Errorf("%v", err)
	}
	if files := b.draftFiles(); len(files) != 0 {
		t.Errorf("%v are left", files)
	}
	broken = false
	if d, _, err := b.in.CreateDraft(t.Context(), n); err != nil || d.Status != Scheduled || len(b.draftFiles()) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
}

// A disk that fails, or a process that ends, leaves the draft as it was or as it is to be, and no half of either.
func TestACrashLeavesADraftOldOrNew(t *testing.T) {
	b := newBed(t)
	d := b.draft(draftMail("Plan", "one"), nil)
	b.inside(func(w *workspace) { // a file that was written and not committed
		x := &drafting{in: b.in, w: w, id: d.ID, base: string(d.ID) + ".zzz"}
		if err := x.write(b.spool(draftMail("Plan", "never"))); err != nil {
			t.Fatal(err)
		}
	})
	b.crash()
	if raw := b.raw(d.ID); !strings.Contains(raw, "one") || len(b.draftFiles()) != 1 {
		t.Errorf("%s, %v", raw, b.draftFiles())
	}
	b.changeDraft(d.ID, DraftChange{Spool: b.spool(draftMail("Plan", "two"))})
	b.crash()
	if raw := b.raw(d.ID); !strings.Contains(raw, "two") || len(b.draftFiles()) != 1 {
		t.Errorf("%s, %v", raw, b.draftFiles())
	}
	done, err := b.in.SendDraft(t.Context(), sending(d.ID))
	if err != nil {
		t.Fatal(err)
	}
	b.crash()
	if _, err := b.in.Draft(t.Context(), d.ID); !errors.Is(err, ErrNotFound) || b.status(done.ID) != Queued || len(b.draftFiles()) != 0 {
		t.Errorf("%v, %v", err, b.draftFiles())
	}
}
