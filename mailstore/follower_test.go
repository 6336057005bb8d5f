package mailstore

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// following is a bed with a follower.
type following struct {
	*bed
	who Follower
}

func newFollowing(t *testing.T) *following {
	t.Helper()
	b := newBed(t)
	b.deliver(mail("<0@x>", "", "before", "a@b", "x"))
	f := &following{b, Follower{ID: ident.New("whk", b.now)}}
	f.news(FollowerCreated)
	return f
}

// news moves a line of tenancy's about the follower into the journal.
func (f *following) news(what string) {
	f.t.Helper()
	data, _ := json.Marshal(map[string]string{"id": f.who.ID})
	if err := f.in.ws.AppendNews(f.t.Context(), []journal.Line{{ID: ident.New("evt", f.now), Type: what, At: f.now, Data: data}}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *following) to() Following { return f.in.ws.Following() }

func (f *following) next() Batch {
	f.t.Helper()
	b, err := f.to().Next(f.t.Context(), f.who, 50)
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

// note has each of a batch end so; the last one stands for those that follow.
func (f *following) note(b Batch, outcomes ...DispatchOutcome) Failing {
	f.t.Helper()
	for len(outcomes) < len(b.Dispatches) {
		outcomes = append(outcomes, outcomes[len(outcomes)-1])
	}
	failing, err := f.to().Note(f.t.Context(), f.who, b, outcomes[:len(b.Dispatches)], time.Time{})
	if err != nil {
		f.t.Fatal(err)
	}
	return failing
}

func (f *following) delivered() DispatchOutcome {
	return DispatchOutcome{Attempt: &DispatchAttempt{StartedAt: f.now, Took: 3 * time.Millisecond, Code: 204}, Status: DispatchDelivered}
}

func (f *following) failed(again time.Duration) DispatchOutcome {
	return DispatchOutcome{Attempt: &DispatchAttempt{StartedAt: f.now, Code: 500, Response: "no", Error: "it answered 500"}, Status: DispatchWaiting, DueAt: f.now.Add(again)}
}

// rest is when the follower is due next.
func (f *following) rest() time.Time {
	f.t.Helper()
	due, err := f.to().Rest(f.t.Context(), []Follower{f.who}, func(string) bool { return false }, time.Time{})
	if err != nil {
		f.t.Fatal(err)
	}
	return due[f.who.ID]
}

// place is the number of the line that the journal is kept from, -1 if it is kept for nobody.
func (f *following) place() (seq int64) {
	f.t.Helper()
	if err := f.in.ws.view(f.t.Context(), func(tx *sqlite.Tx) (err error) { seq, err = followedPlace(tx); return err }); err != nil {
		f.t.Fatal(err)
	}
	return seq
}

// subjects are those of a batch's messages, with "(held)" behind what is held.
func (b Batch) subjects() (list []string) {
	for _, d := range b.Dispatches {
		var m struct{ Envelope struct{ Subject string } }
		json.Unmarshal(d.Line.Data, &m)
		name := m.Envelope.Subject
		if name == "" {
			name = d.Type
		}
		if d.Held {
			name += " (held)"
		}
		list = append(list, name)
	}
	return list
}

func (f *following) wants(what string, b Batch, subjects ...string) {
	f.t.Helper()
	if got := b.subjects(); !slices.Equal(got, subjects) {
		f.t.Fatalf("%s: %q, not %q", what, got, subjects)
	}
}

func TestAFollowerIsToldWhatComesBehindItsBeginningAndTheSameAgainUntilThatIsNoted(t *testing.T) {
	f := newFollowing(t)
	f.wants("at first", f.next())
	f.deliver(mail("<1@x>", "", "one", "a@b", "x"))
	f.deliver(mail("<2@x>", "", "two", "a@b", "x"))
	f.wants("the lines", f.next(), "one", "two")
	f.crash()
	b := f.next()
	f.wants("after a crash", b, "one", "two")
	f.note(b, f.delivered())
	f.wants("when it is noted", f.next())
	f.crash()
	f.wants("when it is noted, after a crash", f.next())
	list, next, err := f.to().Dispatches(t.Context(), f.who.ID, DispatchFilter{}, "", 1)
	if err != nil || len(list) != 1 || next != list[0].ID || list[0].Status != DispatchDelivered || list[0].EventID != b.Dispatches[1].EventID || list[0].Code != 204 {
		t.Errorf("the newest is %+v, next %q, %v", list, next, err)
	}
	list, next, err = f.to().Dispatches(t.Context(), f.who.ID, DispatchFilter{}, next, 1)
	if err != nil || len(list) != 1 || next != "" || list[0].EventID != b.Dispatches[0].EventID {
		t.Errorf("the one before is %+v, next %q, %v", list, next, err)
	}
}

func TestWhatFailsWaitsAndIsTriedWhenItIsDue(t *testing.T) {
	f := newFollowing(t)
	f.deliver(mail("<1@x>", "", "one", "a@b", "x"))
	f.note(f.next(), f.failed(time.Minute))
	f.wants("at once", f.next())
	if due := f.rest(); !due.Equal(f.now.Add(time.Minute)) {
		t.Errorf("it is due at %s", due)
	}
	if due, _ := f.Followed(); !due[f.in.ws.id].Equal(f.now.Add(time.Minute)) {
		t.Errorf("the workspace is due at %v", due)
	}
	f.deliver(mail("<2@x>", "", "two", "a@b", "x"))
	f.note(f.next(), f.delivered())
	f.pass(time.Minute)
	b := f.next()
	f.wants("when it is due", b, "one")
	if b.Dispatches[0].Stage != 1 || b.Dispatches[0].Attempts != 1 {
		t.Errorf("it is %+v", b.Dispatches[0])
	}
	failing := f.note(b, DispatchOutcome{Attempt: &DispatchAttempt{StartedAt: f.now, Error: "it did not answer in time"}, Status: DispatchFailed})
	if failing.Failures != 1 || !failing.Since.Equal(f.now) {
		t.Errorf("it fares %+v", failing)
	}
	if due := f.rest(); !due.IsZero() {
		t.Errorf("what was given up is due at %s", due)
	}
	d, attempts, err := f.to().Dispatch(t.Context(), f.who.ID, b.Dispatches[0].ID)
	if err != nil || d.Status != DispatchFailed || len(attempts) != 2 || attempts[0].Response != "no" || attempts[1].Number != 2 || attempts[1].Error == "" {
		t.Errorf("it is %+v with %+v, %v", d, attempts, err)
	}
	if _, _, err := f.to().Dispatch(t.Context(), "whk_other", d.ID); err != ErrNotFound {
		t.Errorf("another follower's: %v", err)
	}
}

func TestOfAnOrderedFollowerAFailureHoldsOnlyItsInboxBack(t *testing.T) {
	f := newFollowing(t)
	f.who.Ordered = true
	second := f.in.ws.Inbox(InboxID(ident.New("inb", f.now)))
	send := func(in Inbox, subject string) {
		if _, err := f.try(mail("", "", subject, "a@b", "x"), Recipient{Inbox: in, Address: "x@d"}); err != nil {
			t.Fatal(err)
		}
	}
	send(f.in, "one")
	f.note(f.next(), f.failed(time.Minute))
	send(f.in, "two")
	send(second, "other")
	send(f.in, "three")
	b := f.next()
	f.wants("behind a failure", b, "two (held)", "other", "three (held)")
	held := DispatchOutcome{Status: DispatchWaiting}
	f.note(b, held, f.delivered(), held)
	f.wants("while it waits", f.next())
	if due := f.rest(); !due.Equal(f.now.Add(time.Minute)) {
		t.Errorf("it is due at %s", due)
	}
	f.pass(time.Minute)
	for _, want := range []string{"one", "two", "three"} {
		b := f.next()
		f.wants("when it is due", b, want)
		f.note(b, f.delivered())
	}
}

func TestAWorkspaceWithAFollowerAndWithoutNewsSleeps(t *testing.T) {
	f := newFollowing(t)
	f.note(f.next(), f.delivered())
	f.rest()
	file := filepath.Join(f.dir, "followed", string(f.in.ws.id))
	if due, _ := f.Followed(); len(due) != 0 || fileExists(file) {
		t.Fatalf("nothing is to be told, and due is %v", due)
	}
	f.reopen()
	if due, _ := f.Followed(); len(due) != 0 || len(f.open) != 0 {
		t.Errorf("after a start: due %v, %d open", due, len(f.open))
	}
	_, rung := f.Followed()
	f.deliver(mail("<1@x>", "", "one", "a@b", "x"))
	select {
	case <-rung:
	default:
		t.Error("a new line rang nobody")
	}
	f.note(f.next(), f.failed(time.Hour))
	f.rest()
	f.reopen()
	if due, _ := f.Followed(); !due[f.in.ws.id].Equal(f.now.Add(time.Hour)) || len(f.open) != 0 {
		t.Errorf("what waits is due at %v, %d open", due, len(f.open))
	}
	if err := f.in.ws.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if due, _ := f.Followed(); len(due) != 0 || fileExists(file) {
		t.Errorf("of a workspace that is gone is due %v", due)
	}
}

func TestWhatWasNotToldIsLookedForAfterACrash(t *testing.T) {
	f := newFollowing(t)
	f.deliver(mail("<1@x>", "", "one", "a@b", "x"))
	if err := os.Remove(filepath.Join(f.dir, "followed", string(f.in.ws.id))); err != nil { // it was not synced
		t.Fatal(err)
	}
	f.crash()
	if ids, err := f.Awake(); err != nil || !slices.Contains(ids, f.in.ws.id) {
		t.Fatalf("awake are %v, %v", ids, err)
	}
	f.list(MessageFilter{}) // as Run does with what was awake
	if due, _ := f.Followed(); len(due) != 1 {
		t.Errorf("due is %v", due)
	}
}

func TestADisabledFollowerKeepsItsPlaceAndGoesOnFromThere(t *testing.T) {
	f := newFollowing(t)
	f.deliver(mail("<1@x>", "", "one", "a@b", "x"))
	f.note(f.next(), f.failed(time.Hour))
	f.news(FollowerDisabled)
	f.deliver(mail("<2@x>", "", "two", "a@b", "x"))
	f.wants("while it is disabled", f.next())
	if due := f.rest(); !due.IsZero() {
		t.Errorf("it is due at %s", due)
	}
	if place := f.place(); place != -1 {
		t.Errorf("the journal is kept for it, from %d", place)
	}
	f.news(FollowerEnabled)
	b := f.next()
	f.wants("when it is enabled", b, "one", FollowerDisabled, "two", FollowerEnabled)
	if failing := f.note(b, f.delivered()); failing.Failures != 0 {
		t.Errorf("it fares %+v", failing)
	}
	f.news(FollowerDeleted)
	if list, _, err := f.to().Dispatches(t.Context(), f.who.ID, DispatchFilter{}, "", 0); err != nil || len(list) != 0 {
		t.Errorf("of a deleted one is kept %+v, %v", list, err)
	}
	f.note(b, f.delivered()) // it was on its way
	if list, _, _ := f.to().Dispatches(t.Context(), f.who.ID, DispatchFilter{}, "", 0); len(list) != 0 {
		t.Errorf("of a deleted one is noted %+v", list)
	}
}

func TestNewsThatComeTwiceBeginAFollowerOnce(t *testing.T) {
	f := newFollowing(t)
	data, _ := json.Marshal(map[string]string{"id": f.who.ID})
	line := journal.Line{ID: ident.New("evt", f.now), Type: FollowerCreated, At: f.now, Data: data}
	f.note(f.next(), f.delivered())
	place := f.place()
	for range 2 {
		if err := f.in.ws.AppendNews(t.Context(), []journal.Line{line}); err != nil {
			t.Fatal(err)
		}
	}
	if now := f.place(); now != place {
		t.Errorf("its place went from %d to %d", place, now)
	}
}

func (f *following) prune(upTo int64) {
	f.t.Helper()
	err := f.in.ws.use(f.t.Context(), func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error {
			_, err := tx.Exec("DELETE FROM journal WHERE seq <= ?", upTo)
			return err
		})
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func TestThePlaceOfTheLastFollowerIsWhereTheJournalIsKeptFrom(t *testing.T) {
	f := newFollowing(t)
	f.deliver(mail("<1@x>", "", "one", "a@b", "x"))
	f.deliver(mail("<2@x>", "", "two", "a@b", "x"))
	lines := f.lines()
	b := f.next()
	f.note(b, f.failed(time.Hour), f.delivered())
	if place, want := f.place(), lines[len(lines)-2].Cursor.Seq-1; place != want {
		t.Errorf("what waits lies behind %d, the place is %d", want, place)
	}
	f.pass(time.Hour)
	f.note(f.next(), f.delivered())
	if place := f.place(); place != lines[len(lines)-1].Cursor.Seq {
		t.Errorf("with nothing left to tell the place is %d", place)
	}
}

func TestAFollowerWhoseLinesAreGoneIsToldAGapFirst(t *testing.T) {
	f := newFollowing(t)
	f.deliver(mail("<1@x>", "", "one", "a@b", "x"))
	f.note(f.next(), f.failed(time.Minute))
	f.deliver(mail("<2@x>", "", "two", "a@b", "x"))
	f.deliver(mail("<3@x>", "", "three", "a@b", "x"))
	lines := f.lines()
	f.prune(lines[len(lines)-2].Cursor.Seq)
	b := f.next()
	f.wants("behind the gap", b, GapLine, "three")
	f.wants("the same again", f.next(), GapLine, "three")
	if again := f.next(); again.Dispatches[0].EventID != b.Dispatches[0].EventID {
		t.Error("the gap has another id")
	}
	f.note(b, f.delivered())
	f.pass(time.Minute)
	if b = f.next(); len(b.Dispatches) != 1 || !b.Dispatches[0].Gone {
		t.Errorf("what waited and is gone is %+v", b)
	}
}

func TestAfterTheIndexIsLostFollowersGoOnBehindAGap(t *testing.T) {
	f := newFollowing(t)
	f.deliver(mail("<1@x>", "", "one", "a@b", "x"))
	f.Close()
	if _, err := Rebuild(t.Context(), f.dir, f.in.ws.id, f.opt); err != nil {
		t.Fatal(err)
	}
	f.openStore()
	f.in = f.Workspace(f.in.ws.id).Inbox(f.in.id)
	if due, _ := f.Followed(); len(due) != 1 {
		t.Fatalf("nobody looks: %v", due)
	}
	for range 2 {
		if err := f.to().Adopt(t.Context(), []Follower{f.who}); err != nil {
			t.Fatal(err)
		}
	}
	f.deliver(mail("<2@x>", "", "two", "a@b", "x"))
	b := f.next()
	if got := b.subjects(); got[0] != GapLine || got[len(got)-1] != "two" || slices.Contains(got[1:], GapLine) {
		t.Errorf("it is told %q", got)
	}
}

func TestOneEventOrARangeIsToldAgain(t *testing.T) {
	f := newFollowing(t)
	for i := range 4 {
		f.pass(time.Minute)
		f.deliver(mail("", "", fmt.Sprint(i), "a@b", "x"))
	}
	b := f.next()
	f.note(b, f.delivered())
	if err := f.to().AgainOne(t.Context(), f.who, b.Dispatches[2].EventID); err != nil {
		t.Fatal(err)
	}
	again := f.next()
	f.wants("one", again, "2")
	if again.Dispatches[0].EventID != b.Dispatches[2].EventID || again.Dispatches[0].Stage != 0 || again.Dispatches[0].Attempts != 1 || again.Dispatches[0].Code != 204 {
		t.Errorf("it is %+v", again.Dispatches[0])
	}
	f.note(again, f.delivered())
	if err := f.to().AgainOne(t.Context(), f.who, ident.New("evt", f.now)); err != ErrEventGone {
		t.Errorf("an event that never was: %v", err)
	}
	for name, c := range map[string]struct {
		r    JournalRange
		want []string
	}{
		"between cursors": {JournalRange{After: b.Dispatches[0].Line.Cursor, Until: b.Dispatches[2].Line.Cursor}, []string{"1", "2"}},
		"between times":   {JournalRange{Since: b.Dispatches[1].Line.At, Till: b.Dispatches[3].Line.At}, []string{"1", "2"}},
		"to the end":      {JournalRange{After: b.Dispatches[2].Line.Cursor}, []string{"3"}},
	} {
		n, _, more, err := f.to().Again(t.Context(), f.who, c.r)
		if err != nil || n != len(c.want) || more {
			t.Errorf("%s: %d, %v, %v", name, n, more, err)
		}
		batch := f.next()
		f.wants(name, batch, c.want...)
		f.note(batch, f.delivered())
	}
	foreign := b.Dispatches[0].Line.Cursor
	foreign.Epoch++
	for _, r := range []JournalRange{{After: foreign}, {After: b.Dispatches[0].Line.Cursor, Until: foreign}} {
		if n, _, _, err := f.to().Again(t.Context(), f.who, r); n != 0 || err != ErrForeignCursor {
			t.Errorf("of another journal, %d are told again, %v", n, err)
		}
	}
	f.who.Types = []string{"message.sent"}
	if n, _, _, err := f.to().Again(t.Context(), f.who, JournalRange{}); n != 0 || err != nil {
		t.Errorf("of what it does not want, %d are told again, %v", n, err)
	}
}

// Who goes on from next has left the time behind; what is older is not to come for that.
func TestWhatIsToldAgainFromATimeOnNeedNotReadWhatIsOlder(t *testing.T) {
	f := newFollowing(t)
	f.who.Types = []string{"message.received"}
	for range maxAgainRead {
		f.tell(journal.MaxRead + 50)
		f.deliver(mail("", "", "old", "a@b", "x"))
	}
	f.pass(time.Hour)
	f.deliver(mail("", "", "new", "a@b", "x"))
	f.who.Types = nil
	n, next, more, err := f.to().Again(t.Context(), f.who, JournalRange{Since: f.now})
	if err != nil || n != 1 || more {
		t.Errorf("%d are told again, more %v behind %v, %v", n, more, next, err)
	}
}

func TestASuccessBehindManyFailuresHurriesWhatWaits(t *testing.T) {
	f := newFollowing(t)
	for i := range downAfter {
		f.deliver(mail("", "", fmt.Sprint(i), "a@b", "x"))
	}
	f.note(f.next(), f.failed(time.Hour))
	f.wants("while it is down", f.next())
	f.deliver(mail("", "", "new", "a@b", "x"))
	f.note(f.next(), f.delivered())
	if b := f.next(); len(b.Dispatches) != downAfter {
		t.Errorf("%d are tried", len(b.Dispatches))
	}
}

func TestTheLogOfDispatchesIsBoundedByAge(t *testing.T) {
	f := newFollowing(t)
	f.deliver(mail("", "", "one", "a@b", "x"))
	f.deliver(mail("", "", "two", "a@b", "x"))
	f.note(f.next(), f.delivered(), f.failed(30*24*time.Hour))
	f.pass(KeepDispatches + time.Minute)
	f.reopen()
	list, _, err := f.to().Dispatches(t.Context(), f.who.ID, DispatchFilter{}, "", 0)
	if err != nil || len(list) != 1 || list[0].Status != DispatchWaiting {
		t.Errorf("kept are %+v, %v", list, err)
	}
}

func TestTheLogOfDispatchesIsBoundedByNumber(t *testing.T) {
	f := newFollowing(t)
	f.fill(MaxDispatches+5, f.delivered())
	f.inside(func(w *workspace) {
		if err := w.db.Change(w.pruneDispatches); err != nil {
			t.Fatal(err)
		}
	})
	if left := f.count("SELECT COUNT(*) FROM dispatches"); left != MaxDispatches {
		t.Errorf("%d are kept", left)
	}
}

// fill notes dispatches of events that are not in the journal.
func (f *following) fill(n int, o DispatchOutcome) {
	f.t.Helper()
	f.inside(func(w *workspace) {
		err := w.db.Change(func(tx *sqlite.Tx) error {
			for range n {
				if err := w.noteOutcome(tx, f.who.ID, Dispatch{EventID: ident.New("evt", f.now), Type: "x"}, o); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			f.t.Fatal(err)
		}
	})
}

func TestWhileManyWaitTheFollowersPlaceStaysAndNoneIsAskedForAgain(t *testing.T) {
	f := newFollowing(t)
	f.deliver(mail("", "", "old", "a@b", "x"))
	old := f.next()
	f.note(old, f.delivered())
	f.fill(MaxWaiting-1, f.failed(time.Hour))
	f.deliver(mail("", "", "last", "a@b", "x"))
	f.note(f.next(), f.failed(time.Hour))
	f.deliver(mail("", "", "new", "a@b", "x"))
	f.wants("with so many", f.next())
	if due := f.rest(); !due.Equal(f.now.Add(time.Hour)) {
		t.Errorf("it is due at %s", due)
	}
	if err := f.to().AgainOne(t.Context(), f.who, old.Dispatches[0].EventID); err != ErrManyWaiting {
		t.Errorf("one that does not wait: %v", err)
	}
	if n, _, _, err := f.to().Again(t.Context(), f.who, JournalRange{}); n != 0 || err != ErrManyWaiting {
		t.Errorf("of a range, %d are told again, %v", n, err)
	}
	lines := f.lines()
	if err := f.to().AgainOne(t.Context(), f.who, lines[len(lines)-2].ID); err != nil {
		t.Errorf("one that waits: %v", err)
	}
	b := f.next()
	f.wants("one that was asked for", b, "last")
	f.note(b, f.delivered())
	f.wants("with fewer", f.next(), "new")
}

func TestOneCallTellsSoManyAgainAndWhereToGoOn(t *testing.T) {
	f := newFollowing(t)
	begin := f.end()
	f.tell(MaxAgain + 1)
	n, next, more, err := f.to().Again(t.Context(), f.who, JournalRange{After: begin})
	if err != nil || n != MaxAgain || !more || next.Seq != begin.Seq+MaxAgain {
		t.Fatalf("%d are told again, more %v behind %v, %v", n, more, next, err)
	}
	f.note(f.next(), f.delivered())
	if n, _, more, err := f.to().Again(t.Context(), f.who, JournalRange{After: next}); err != nil || n != 1 || more {
		t.Errorf("then %d are told again, more %v, %v", n, more, err)
	}
}

func TestOneCallLooksAtSoManyPagesOfTheJournal(t *testing.T) {
	f := newFollowing(t)
	for range maxAgainRead + 1 {
		f.tell(journal.MaxRead)
	}
	begin := f.lines()[0].Cursor
	n, next, more, err := f.to().Again(t.Context(), f.who, JournalRange{Since: f.now.Add(time.Second), After: begin})
	if want := begin.Seq + maxAgainRead*journal.MaxRead; err != nil || n != 0 || !more || next.Seq != want {
		t.Errorf("%d are told again, more %v behind %d, not %d, %v", n, more, next.Seq, want, err)
	}
}

func TestOfADispatchTheNewestAttemptsAreKept(t *testing.T) {
	f := newFollowing(t)
	f.deliver(mail("", "", "one", "a@b", "x"))
	for range MaxDispatchAttempts + 2 {
		b := f.next()
		f.wants("each time", b, "one")
		f.note(b, f.failed(time.Minute))
		f.pass(time.Minute)
	}
	id := f.next().Dispatches[0].ID
	d, attempts, err := f.to().Dispatch(t.Context(), f.who.ID, id)
	if err != nil || d.Attempts != MaxDispatchAttempts+2 || len(attempts) != MaxDispatchAttempts || attempts[0].Number != 3 {
		t.Errorf("%d attempts, of which %d are kept from %d on, %v", d.Attempts, len(attempts), attempts[0].Number, err)
	}
}
