package mailstore

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// uids gives the UID of every message by mailbox and id.
func (b *bed) uids() (map[string]uint32, map[string]mailboxRow) {
	b.t.Helper()
	uids, boxes := map[string]uint32{}, map[string]mailboxRow{}
	err := b.in.ws.view(b.t.Context(), func(tx *sqlite.Tx) error {
		list, err := placements(tx, "", nil)
		for _, p := range list {
			uids[p.name+" "+string(p.message)] = p.uid
		}
		if err != nil {
			return err
		}
		return tx.Each("SELECT name, uidvalidity, uidnext, highestmodseq, object_id, special_use FROM mailboxes", nil, func(scan func(...any) error) error {
			var m mailboxRow
			err := scan(&m.name, &m.uidvalidity, &m.uidnext, &m.modseq, &m.objectID, &m.use)
			boxes[m.name] = m
			return err
		})
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return uids, boxes
}

func (b *bed) rebuild() Report {
	b.t.Helper()
	if err := b.Close(); err != nil {
		b.t.Fatal(err)
	}
	reports, err := Rebuild(b.t.Context(), b.dir, "", b.opt)
	if err != nil || len(reports) != 1 {
		b.t.Fatalf("%v, %v", reports, err)
	}
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
	return reports[0]
}

func TestARebuildOfADeletedIndexKeepsWhatWasRecorded(t *testing.T) {
	b := newBed(t)
	for i, subject := range []string{"One", "Two", "Three", "Four"} {
		b.deliver(mail("<"+subject+"@x>", "", subject, "ann@x.example", strings.Repeat("x", i)))
		b.pass(time.Minute)
	}
	reply := b.deliver(mail("<5@x>", "<One@x>", "Re: One", "bob@x.example", "y"))
	change := func(id MessageID, labels ...string) {
		t.Helper()
		if _, err := b.in.ChangeMessage(t.Context(), id, MessageChange{AddLabels: labels}); err != nil {
			t.Fatal(err)
		}
	}
	all := b.list(MessageFilter{})
	change(all[1].ID, "read", "starred", "vip")
	change(all[2].ID, "trash")
	change(all[3].ID, "spam")
	cursor, err := b.in.ws.Journal().End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := b.list(MessageFilter{IncludeTrash: true, IncludeSpam: true})
	uids, boxes := b.uids()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range b.files("index.db*") {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
	if _, _, err := b.in.Messages(t.Context(), MessageFilter{}, nil, 0); fault.From(err) == nil || fault.From(err).Code != "index_missing" {
		t.Fatalf("without its index the workspace says %v", err)
	}
	r := b.rebuild()
	if r.Messages != 5 || r.Recorded != 5 || !slices.Equal(r.Problems, []string{noOldIndex}) || r.Mailboxes != 3 {
		t.Errorf("report: %+v", r)
	}
	after := b.list(MessageFilter{IncludeTrash: true, IncludeSpam: true})
	for _, list := range [][]Message{before, after} {
		for i := range list {
			list[i].UpdatedAt = time.Time{} // not recorded
		}
	}
	x, _ := json.Marshal(before)
	y, _ := json.Marshal(after)
	if string(x) != string(y) {
		t.Errorf("messages before\n%s\nafter\n%s", x, y)
	}
	if th, err := b.in.Thread(t.Context(), reply.ThreadID); err != nil || th.MessageCount != 2 {
		t.Errorf("thread: %+v, %v", th, err)
	}
	newUIDs, newBoxes := b.uids()
	for k, uid := range uids {
		if newUIDs[k] != uid {
			t.Errorf("%s had uid %d and has %d", k, uid, newUIDs[k])
		}
	}
	for name, m := range newBoxes {
		old := boxes[name]
		if m.uidvalidity != old.uidvalidity || m.objectID != old.objectID || m.use != old.use || m.uidnext < old.uidnext+RebuildGap || m.modseq < old.modseq+RebuildGap {
			t.Errorf("%s was %+v and is %+v", name, old, m)
		}
	}
	p, err := b.in.ws.Journal().Read(t.Context(), cursor, nil, nil, 0)
	if err != nil || !p.Gap {
		t.Errorf("an old cursor got %+v, %v", p, err)
	}
}

func TestARebuildWithoutStateFilesStillFindsAllMail(t *testing.T) {
	b := newBed(t)
	m := b.deliver(mail("<1@x>", "", "Kept", "a@b", "x"))
	b.reopen()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(b.files("maildir/*/postroom-state.jsonl"), b.files("index.db*")...) {
		os.Remove(name)
	}
	foreign := filepath.Join(b.wsDir(), "maildir", string(b.in.id), "cur", "1700.M1.host:2,S")
	if err := os.WriteFile(foreign, []byte(mail("<2@x>", "<1@x>", "Foreign", "f@b", "y")), 0o600); err != nil {
		t.Fatal(err)
	}
	b.openStore()
	r := b.rebuild()
	if r.Messages != 2 || r.Recorded != 0 {
		t.Errorf("report: %+v", r)
	}
	list := b.list(MessageFilter{})
	if len(list) != 2 {
		t.Fatalf("%d messages", len(list))
	}
	ids := []MessageID{list[0].ID, list[1].ID}
	if !slices.Contains(ids, m.ID) || list[0].ThreadID != list[1].ThreadID {
		t.Errorf("%v lost %s, threads %s %s", ids, m.ID, list[0].ThreadID, list[1].ThreadID)
	}
	b.reopen()
	if n := len(b.list(MessageFilter{})); n != 2 {
		t.Errorf("after one more opening there are %d messages", n)
	}
}

func TestADamagedStateFileIsReportedAndCostsOnlyWhatItHeld(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "One", "a@b", "x"))
	b.deliver(mail("<2@x>", "", "Two", "a@b", "x"))
	b.reopen()
	name := b.files("maildir/*/postroom-state.jsonl")[0]
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text[:len(text)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	r := b.rebuild()
	if r.Messages != 2 || r.Recorded != 1 || len(r.Problems) != 1 {
		t.Errorf("report: %+v", r)
	}
	uids, _ := b.uids()
	var seen []uint32
	for _, u := range uids {
		seen = append(seen, u)
	}
	slices.Sort(seen)
	if seen[0] != 1 || seen[1] <= RebuildGap {
		t.Errorf("uids: %v", seen)
	}
}

func TestARebuildAfterAMergeKeepsTheThreadWhole(t *testing.T) {
	b := newBed(t)
	one := b.deliver(mail("<1@x>", "", "One", "a@x", "x"))
	two := b.deliver(mail("<2@x>", "", "Two", "b@x", "x"))
	if _, err := b.in.ChangeMessage(t.Context(), two.ID, MessageChange{AddLabels: []string{"spam"}}); err != nil {
		t.Fatal(err)
	}
	b.reopen() // the state files name two threads
	b.deliver(mail("<3@x>", "<1@x> <2@x>", "joins", "c@x", "x"))
	b.rebuild()
	for _, id := range []ThreadID{one.ThreadID, two.ThreadID} {
		if th, err := b.in.Thread(t.Context(), id); err != nil || th.ID != one.ThreadID || th.MessageCount != 3 {
			t.Errorf("%s leads to %+v, %v", id, th, err)
		}
	}
}

func TestStateFilesAreWrittenBehindTheIndexInTime(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "One", "a@b", "x"))
	b.care()
	if n := len(b.files("maildir/*/postroom-state.jsonl")); n != 0 {
		t.Fatal("written at once")
	}
	b.pass(stateDelay)
	b.care()
	if n := len(b.files("maildir/*/postroom-state.jsonl")); n != 1 {
		t.Fatal("not written when due")
	}
}

func TestRebuildRefusesAnIdThatIsNone(t *testing.T) {
	b := newBed(t)
	b.Close()
	for _, id := range []WorkspaceID{"../..", WorkspaceID(ident.New("ws", b.now))} {
		if _, err := Rebuild(t.Context(), b.dir, id, b.opt); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestARebuildKeepsTheCountsOfTheJournal(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "One", "ann@x.example", "x"))
	b.deliver(mail("<2@x>", "", "Two", "ann@x.example", "x"))
	counted := func() (list []journal.Tally) {
		b.t.Helper()
		now := b.opt.Clock()
		list, err := b.in.Journal().Tallies(t.Context(), now.Add(-time.Hour), now.Add(time.Hour), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	before := counted()
	b.reopen()
	b.rebuild()
	if after := counted(); len(before) != 1 || before[0].Count != 2 || !slices.Equal(after, before) {
		t.Errorf("%+v, %+v", before, after)
	}
}
