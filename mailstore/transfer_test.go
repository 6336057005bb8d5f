package mailstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// fill delivers n messages, which get the UIDs 1 to n.
func (b *bed) fill(n int) (list []Message) {
	b.t.Helper()
	for i := range n {
		list = append(list, b.deliver(mail(fmt.Sprintf("<%d@x>", i+1), "", fmt.Sprint("Subject ", i+1), "ann@x.example", fmt.Sprint("Text ", i+1))))
	}
	return list
}

func (b *bed) store(uids []uint32, c FlagChange) Stored {
	b.t.Helper()
	s, err := b.in.StoreFlags(b.t.Context(), b.box(InboxMailbox).ID, uids, c, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *bed) transfer(uids []uint32, to string, move bool) Transferred {
	b.t.Helper()
	tr, err := b.in.Transfer(b.t.Context(), b.box(InboxMailbox).ID, uids, to, move)
	if err != nil {
		b.t.Fatal(err)
	}
	return tr
}

// messageAt is the message that has a UID.
func (b *bed) messageAt(mailbox string, uid uint32) MessageID {
	b.t.Helper()
	rows, _, err := b.in.Rows(b.t.Context(), b.box(mailbox).ID, []uint32{uid}, WantPlace)
	if err != nil || len(rows) != 1 {
		b.t.Fatalf("UID %d of %s: %v, %v", uid, mailbox, rows, err)
	}
	return rows[0].MessageID
}

// crowd puts more messages into INBOX than one commit touches, and gives their UIDs.
func (b *bed) crowd() []uint32 {
	b.t.Helper()
	const each = 96 // times that each message is there, at most MaxPlaces
	n := MaxAtOnce/each + 1
	b.fill(n)
	uids := uidsTo(n)
	for len(uids) < n*each {
		uids = append(uids, b.transfer(uids[:min(len(uids), n*each-len(uids))], InboxMailbox, false).To...)
	}
	return uids
}

func (b *bed) linesSince(c journal.Cursor, types ...string) []journal.Line {
	b.t.Helper()
	p, err := b.in.ws.Journal().Read(b.t.Context(), c, types, nil, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return p.Lines
}

func (b *bed) end() journal.Cursor {
	b.t.Helper()
	c, err := b.in.ws.Journal().End(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func TestStoringReplacesAddsAndRemovesFlags(t *testing.T) {
	b := newBed(t)
	b.fill(2)
	for i, x := range []struct {
		c        FlagChange
		flags    Flags
		keywords []string
	}{
		{FlagChange{AddFlags, Seen | Flagged, []string{"Work", "a"}}, Seen | Flagged, []string{"a", "work"}},
		{FlagChange{AddFlags, Draft, []string{"WORK", "b"}}, Seen | Flagged | Draft, []string{"a", "b", "work"}},
		{FlagChange{RemoveFlags, Seen | Deleted, []string{"A", "z"}}, Flagged | Draft, []string{"b", "work"}},
		{FlagChange{ReplaceFlags, Answered, []string{"only"}}, Answered, []string{"only"}},
		{FlagChange{Op: ReplaceFlags}, 0, nil},
	} {
		before := b.box(InboxMailbox).HighestModseq
		s := b.store([]uint32{1, 77}, x.c)
		e := b.entries(InboxMailbox)
		if e[0].Flags != x.flags || !slices.Equal(e[0].Keywords, x.keywords) || e[1].Flags != 0 {
			t.Errorf("step %d: %+v", i, e)
		}
		if !slices.Equal(s.Modseqs, []uint64{before + 1}) || e[0].Modseq != before+1 {
			t.Errorf("step %d: MODSEQ %v and %d after %d", i, s.Modseqs, e[0].Modseq, before)
		}
	}
	spellings, err := b.in.Spellings(t.Context())
	if err != nil || len(spellings) != 1 || spellings["work"] != "Work" {
		t.Errorf("spellings are %v, %v", spellings, err)
	}
}

func TestStoringWhatIsThereAlreadyChangesNothing(t *testing.T) {
	b := newBed(t)
	b.fill(1)
	b.store([]uint32{1}, FlagChange{AddFlags, Seen, []string{"work"}})
	box, end := b.box(InboxMailbox), b.end()
	if s := b.store([]uint32{1}, FlagChange{AddFlags, Seen, []string{"WORK"}}); len(s.Modseqs) != 0 {
		t.Errorf("%+v", s)
	}
	if now := b.box(InboxMailbox); now != box || len(b.linesSince(end)) != 0 {
		t.Errorf("was %+v and is %+v", box, now)
	}
}

func TestOneChangeOfManyMessagesHasOneModseqForEachCommit(t *testing.T) {
	b := newBed(t)
	uids := b.crowd()
	s := b.store(uids, FlagChange{Op: AddFlags, Flags: Flagged})
	if len(s.Modseqs) != 2 || s.Modseqs[1] != s.Modseqs[0]+1 {
		t.Fatalf("MODSEQs are %v", s.Modseqs)
	}
	for i, e := range b.entries(InboxMailbox) {
		if want := s.Modseqs[i/MaxAtOnce]; e.Modseq != want || e.Flags != Flagged {
			t.Fatalf("UID %d is %+v, want MODSEQ %d", e.UID, e, want)
		}
	}
}

func TestWhatHasChangedSinceIsLeftAlone(t *testing.T) {
	b := newBed(t)
	b.fill(3)
	since := b.box(InboxMailbox).HighestModseq
	b.store([]uint32{2}, FlagChange{Op: AddFlags, Flags: Answered})
	s, err := b.in.StoreFlags(t.Context(), b.box(InboxMailbox).ID, []uint32{1, 2, 3}, FlagChange{Op: AddFlags, Flags: Deleted}, &since)
	if err != nil || !slices.Equal(s.Modified, []uint32{2}) || len(s.Modseqs) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, e := range b.entries(InboxMailbox) {
		if deleted := e.Flags&Deleted != 0; deleted != (e.UID != 2) {
			t.Errorf("%+v", e)
		}
	}
}

func TestKeywordsThatCannotBeAreRefused(t *testing.T) {
	b := newBed(t)
	b.fill(1)
	before := b.entries(InboxMailbox)
	var many []string
	for i := range MaxLabels + 1 {
		many = append(many, fmt.Sprint("k", i))
	}
	for _, x := range []struct {
		keywords []string
		code     string
	}{
		{[]string{""}, "invalid_label"}, {[]string{"a b"}, "invalid_label"}, {[]string{`\x`}, "invalid_label"}, {[]string{"é"}, "invalid_label"},
		{[]string{strings.Repeat("k", MaxLabelLength+1)}, "invalid_label"}, {[]string{"ok", "Trash"}, "invalid_keyword"}, {[]string{"unread"}, "invalid_keyword"}, {many, "limit_reached"},
	} {
		_, err := b.in.StoreFlags(t.Context(), b.box(InboxMailbox).ID, []uint32{1}, FlagChange{AddFlags, Seen, x.keywords}, nil)
		refusedAs(t, fmt.Sprintf("%.30q", x.keywords), err, x.code)
		_, _, err = b.tryPut(InboxMailbox, mail("<x@x>", "", "x", "a@b", "x"), 0, x.keywords...)
		refusedAs(t, fmt.Sprintf("append with %.30q", x.keywords), err, x.code)
	}
	b.store([]uint32{1}, FlagChange{AddFlags, 0, many[:MaxLabels]})
	_, err := b.in.StoreFlags(t.Context(), b.box(InboxMailbox).ID, []uint32{1}, FlagChange{AddFlags, Seen, []string{"more"}}, nil)
	refusedAs(t, "one more", err, "limit_reached")
	if after := b.entries(InboxMailbox); len(after) != 1 || after[0].Flags != before[0].Flags {
		t.Errorf("INBOX holds %+v", after)
	}
}

func TestACopyIsTheSameMessageInOneMoreMailbox(t *testing.T) {
	b := newBed(t)
	list := b.fill(3)
	b.store([]uint32{2}, FlagChange{AddFlags, Seen | Flagged, []string{"vip"}})
	b.put("Archive", mail("<other@x>", "", "Other", "a@b", "x"), 0)
	end := b.end()
	tr := b.transfer([]uint32{2, 3, 99}, "Archive", false)
	if !slices.Equal(tr.From, []uint32{2, 3}) || !slices.Equal(tr.To, []uint32{2, 3}) || tr.Mailbox.Name != "Archive" {
		t.Errorf("%+v", tr)
	}
	for i := range tr.From {
		if b.messageAt("Archive", tr.To[i]) != list[tr.From[i]-1].ID {
			t.Errorf("UID %d is not the copy of %d", tr.To[i], tr.From[i])
		}
	}
	m, err := b.in.Message(t.Context(), list[1].ID)
	if err != nil || !slices.Equal(m.Mailboxes, []string{"INBOX", "Archive"}) || !slices.Equal(m.Labels, []string{"received", "starred", "vip"}) {
		t.Errorf("%+v, %v", m, err)
	}
	files := append(b.files("maildir/*/cur/"+string(m.ID)+"*"), b.files("maildir/*/.Archive/cur/"+string(m.ID)+"*")...)
	if len(files) != 2 || !strings.HasSuffix(files[0], ":2,FS") || !strings.HasSuffix(files[1], ":2,FS") {
		t.Fatalf("files are %v", files)
	}
	one, err1 := os.Stat(files[0])
	two, err2 := os.Stat(files[1])
	if err1 != nil || err2 != nil || !os.SameFile(one, two) {
		t.Error("the bytes were copied")
	}
	if lines := b.linesSince(end); len(lines) != 2 || lines[0].Type != "message.updated" || lines[1].Type != "message.updated" {
		t.Errorf("journal: %+v", lines)
	}
	if used, err := b.in.StorageUsed(t.Context()); err != nil || used != list[0].Size+list[1].Size+list[2].Size+int64(len(mail("<other@x>", "", "Other", "a@b", "x"))) {
		t.Errorf("storage is %d, %v", used, err)
	}
}

func TestAMoveToWhatIsNotThereMovesNothing(t *testing.T) {
	b := newBed(t)
	b.fill(2)
	for _, move := range []bool{false, true} {
		tr, err := b.in.Transfer(t.Context(), b.box(InboxMailbox).ID, []uint32{1, 2}, "Nowhere", move)
		if !errors.Is(err, ErrNotFound) || len(tr.From) > 0 {
			t.Errorf("%+v, %v", tr, err)
		}
	}
	if n := len(b.entries(InboxMailbox)); n != 2 {
		t.Errorf("INBOX holds %d", n)
	}
}

func TestAMessageIsInOnlySoManyPlaces(t *testing.T) {
	b := newBed(t)
	b.fill(2)
	for range MaxPlaces - 1 {
		b.transfer([]uint32{1}, "Archive", false)
	}
	_, err := b.in.Transfer(t.Context(), b.box(InboxMailbox).ID, []uint32{2, 1}, "Archive", false)
	refusedAs(t, "one more", err, "limit_reached")
	if n := len(b.entries("Archive")); n != MaxPlaces-1 {
		t.Errorf("Archive holds %d", n)
	}
	b.transfer([]uint32{1}, "Archive", true)
	if n := len(b.entries("Archive")); n != MaxPlaces {
		t.Errorf("after a move, Archive holds %d", n)
	}
}

func TestAMovedMessageLeavesAndComesUnderNewUIDs(t *testing.T) {
	b := newBed(t)
	list := b.fill(3)
	b.create("Work")
	before := b.box(InboxMailbox).HighestModseq
	tr := b.transfer([]uint32{1, 3}, "Work", true)
	if !slices.Equal(tr.To, []uint32{1, 2}) || b.messageAt("Work", 2) != list[2].ID {
		t.Errorf("%+v", tr)
	}
	gone, known, err := b.in.Expunged(t.Context(), b.box(InboxMailbox).ID, before)
	if err != nil || !known || !slices.Equal(gone, []uint32{1, 3}) {
		t.Errorf("expunged %v, %v, %v", gone, known, err)
	}
	back, err := b.in.Transfer(t.Context(), b.box("Work").ID, []uint32{1, 2}, InboxMailbox, true)
	if err != nil || !slices.Equal(back.To, []uint32{4, 5}) {
		t.Errorf("back: %+v, %v", back, err)
	}
	same := b.transfer([]uint32{4}, InboxMailbox, true) // into the mailbox that it is in
	if !slices.Equal(same.To, []uint32{6}) || b.messageAt(InboxMailbox, 6) != list[0].ID {
		t.Errorf("within: %+v", same)
	}
	if files := append(b.files("maildir/*/new/*"), b.files("maildir/*/.Work/*/msg_*")...); len(files) != 3 {
		t.Errorf("files: %v", files)
	}
}

func TestExpungingRemovesWhatIsFlaggedAndItsFiles(t *testing.T) {
	b := newBed(t)
	list := b.fill(4)
	b.transfer([]uint32{2}, "Archive", false)
	b.store([]uint32{1, 2, 3}, FlagChange{Op: AddFlags, Flags: Deleted})
	box, end := b.box(InboxMailbox), b.end()
	gone, err := b.in.Expunge(t.Context(), box.ID, []uint32{1, 2, 4, 50})
	if err != nil || !slices.Equal(gone, []uint32{1, 2}) {
		t.Fatalf("%v, %v", gone, err)
	}
	types := map[string]string{}
	for _, l := range b.linesSince(end) {
		types[l.MessageID] = l.Type
	}
	if len(types) != 2 || types[string(list[0].ID)] != "message.deleted" || types[string(list[1].ID)] != "message.updated" {
		t.Errorf("journal: %v", types)
	}
	if _, err := b.in.Message(t.Context(), list[0].ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if m, err := b.in.Message(t.Context(), list[1].ID); err != nil || !slices.Equal(m.Mailboxes, []string{"Archive"}) {
		t.Errorf("%v, %v", m.Mailboxes, err)
	}
	if files := append(b.files("maildir/*/new/*"), b.files("maildir/*/cur/*")...); len(files) != 2 {
		t.Errorf("files: %v", files)
	}
	b.transfer([]uint32{4}, InboxMailbox, false) // the same message twice in one mailbox
	b.store([]uint32{4, 5}, FlagChange{Op: AddFlags, Flags: Deleted})
	if gone, err := b.in.Expunge(t.Context(), box.ID, []uint32{3, 4, 5}); err != nil || !slices.Equal(gone, []uint32{3, 4, 5}) {
		t.Errorf("%v, %v", gone, err)
	}
	if n := b.count("SELECT COUNT(*) FROM messages"); n != 1 {
		t.Errorf("%d messages are left", n)
	}
	if left := append(b.files("maildir/*/new/*"), b.files("maildir/*/cur/*")...); len(left) > 0 {
		t.Errorf("files: %v", left)
	}
}

func TestChangesTellWhatIsOtherThanItWas(t *testing.T) {
	b := newBed(t)
	b.fill(4)
	id, since := b.box(InboxMailbox).ID, b.box(InboxMailbox).HighestModseq
	var seen []uint32
	changes := func(since uint64) Changes {
		t.Helper()
		seen = nil
		c, err := b.in.Changes(t.Context(), id, since, func(e Entry) { seen = append(seen, e.UID) })
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := changes(since); len(seen)+len(c.Expunged) > 0 || c.Whole || c.Mailbox.HighestModseq != since {
		t.Errorf("nothing: %v, %+v", seen, c)
	}
	b.store([]uint32{3, 4}, FlagChange{Op: AddFlags, Flags: Deleted})
	b.in.Expunge(t.Context(), id, []uint32{4})
	b.fill(1)
	if c := changes(since); !slices.Equal(seen, []uint32{3, 5}) || !slices.Equal(c.Expunged, []uint32{4}) || c.Whole {
		t.Errorf("%v, %+v", seen, c)
	}
	if c := changes(0); !slices.Equal(seen, []uint32{1, 2, 3, 5}) || len(c.Expunged) > 0 {
		t.Errorf("all: %v, %+v", seen, c)
	}
	b.rebuild()
	id = b.box(InboxMailbox).ID
	if c := changes(since); !c.Whole || !slices.Equal(seen, []uint32{1, 2, 3, 5}) {
		t.Errorf("from before a rebuild: %v, %+v", seen, c)
	}
	if _, known, err := b.in.Expunged(t.Context(), id, since); err != nil || known {
		t.Errorf("expunged UIDs of before a rebuild are known: %v, %v", known, err)
	}
}

func TestOnlySoManyExpungedUIDsAreRemembered(t *testing.T) {
	b := newBed(t)
	b.fill(1)
	id := b.box(InboxMailbox).ID
	err := b.in.ws.use(t.Context(), func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error {
			if _, err := tx.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
				INSERT INTO expunged (mailbox_id, modseq, uid) SELECT ?, 10 + i / 2, 100 + i FROM n`, MaxExpunged+50, int64(id)); err != nil {
				return err
			}
			_, err := tx.Exec("UPDATE mailboxes SET highestmodseq = 1000000, uidnext = 1000000 WHERE id = ?", int64(id))
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	b.reopen()
	if n := b.count("SELECT COUNT(*) FROM expunged"); n > MaxExpunged || n < MaxExpunged-2 {
		t.Errorf("%d are remembered", n)
	}
	floor := uint64(b.count("SELECT expunged_floor FROM mailboxes WHERE id = ?", int64(id)))
	if _, known, err := b.in.Expunged(t.Context(), id, floor-1); err != nil || known {
		t.Errorf("below the floor: %v, %v", known, err)
	}
	gone, known, err := b.in.Expunged(t.Context(), id, floor)
	if err != nil || !known || len(gone) != b.count("SELECT COUNT(*) FROM expunged") {
		t.Errorf("at the floor: %d, %v, %v", len(gone), known, err)
	}
}

func TestAMoveThatFailsOnTheDiskMovesNothing(t *testing.T) {
	b := newBed(t)
	broken := false
	b.opts.sync = func(f *os.File) error {
		if broken && strings.Contains(f.Name(), ".Work") {
			return errors.New("input/output error")
		}
		return f.Sync()
	}
	b.fill(2)
	b.create("Work")
	broken = true
	_, err := b.in.Transfer(t.Context(), b.box(InboxMailbox).ID, []uint32{1, 2}, "Work", true)
	if fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("got %v", err)
	}
	broken = false
	if n, m := len(b.entries(InboxMailbox)), len(b.entries("Work")); n != 2 || m != 0 {
		t.Errorf("INBOX holds %d, Work %d", n, m)
	}
	b.transfer([]uint32{1, 2}, "Work", true)
	b.crash()
	if n := len(b.entries("Work")); n != 2 {
		t.Errorf("Work holds %d", n)
	}
	if files := append(b.files("maildir/*/new/*"), b.files("maildir/*/.Work/new/*")...); len(files) != 2 {
		t.Errorf("files: %v", files)
	}
}

func TestACrashBetweenLinkAndCommitOfACopyLeavesNoMessageMore(t *testing.T) {
	b := newBed(t)
	b.fill(1)
	b.box("Archive")
	err := b.in.ws.use(t.Context(), func(w *workspace) error {
		e := &edit{in: b.in, w: w, at: b.now}
		return w.change(func(tx *sqlite.Tx) error {
			e.tx = tx
			list, err := b.in.placed(tx, b.box(InboxMailbox).ID, []uint32{1})
			if err != nil {
				return err
			}
			if _, err := e.transfer(list, "Archive", false); err != nil {
				return err
			}
			return errors.Join(e.makeNames(), errors.New("the process ends here"))
		})
	})
	if err == nil {
		t.Fatal("committed")
	}
	if n := len(b.files("maildir/*/.Archive/new/*")); n != 1 {
		t.Fatalf("%d files", n)
	}
	b.crash()
	if n := len(b.entries("Archive")); n != 0 {
		t.Errorf("Archive holds %d", n)
	}
	if q := b.files("quarantine/*"); len(q) != 1 {
		t.Errorf("quarantine: %v", q)
	}
	r, _, err := b.in.Raw(t.Context(), b.messageAt(InboxMailbox, 1))
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
}

func TestARowThatWasReadIsOpenedWhereverItsMessageIsNow(t *testing.T) {
	b := newBed(t)
	b.fill(1)
	rows, _, err := b.in.Rows(t.Context(), b.box(InboxMailbox).ID, []uint32{1}, WantPlace)
	if err != nil {
		t.Fatal(err)
	}
	open := func() (string, error) {
		r, err := b.in.OpenRow(t.Context(), &rows[0])
		if err != nil {
			return "", err
		}
		defer r.Close()
		text, err := io.ReadAll(r)
		return string(text), err
	}
	b.store([]uint32{1}, FlagChange{Op: AddFlags, Flags: Seen})
	if text, err := open(); err != nil || !strings.Contains(text, "Text 1") {
		t.Errorf("flagged: %q, %v", text, err)
	}
	b.transfer([]uint32{1}, "Archive", true)
	if text, err := open(); err != nil || !strings.Contains(text, "Text 1") {
		t.Errorf("moved: %q, %v", text, err)
	}
	if err := b.in.DeleteMessage(t.Context(), rows[0].MessageID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := open(); !errors.Is(err, ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
}

func TestWhatIsRecentIsRecentOnce(t *testing.T) {
	b := newBed(t)
	b.fill(3)
	id := b.box(InboxMailbox).ID
	recent := func(want uint32) {
		t.Helper()
		if c, err := b.in.Counts(t.Context(), id); err != nil || c.Recent != want {
			t.Errorf("%d are recent, want %d (%v)", c.Recent, want, err)
		}
	}
	recent(3)
	b.in.SetRecent(t.Context(), id, 3)
	recent(1)
	b.in.SetRecent(t.Context(), id, 2) // never back
	recent(1)
	b.reopen()
	recent(1)
	b.pass(time.Second)
	b.fill(1)
	recent(2)
}
