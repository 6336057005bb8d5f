package mailstore

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// behind is how many files have names that do not tell their flags yet.
func (b *bed) behind() (n int) {
	b.t.Helper()
	if err := b.in.ws.use(b.t.Context(), func(w *workspace) error { n = len(w.names.taken()); return nil }); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// named counts the files whose names end so; "" counts those in new.
func (b *bed) named(end string) int {
	if end == "" {
		return len(b.files("maildir/*/new/msg_*"))
	}
	return len(b.files("maildir/*/cur/msg_*" + end))
}

func uidsTo(n int) (uids []uint32) {
	for i := range n {
		uids = append(uids, uint32(i+1))
	}
	return uids
}

// flagMany flags more messages than are renamed at once.
func flagMany(b *bed, c FlagChange) (n int) {
	b.t.Helper()
	n = renamedAtOnce + 4
	b.fill(n)
	b.store(uidsTo(n), c)
	return n
}

func TestAFewNamesFollowTheirFlagsAtOnce(t *testing.T) {
	b := newBed(t)
	b.fill(renamedAtOnce)
	b.store(uidsTo(renamedAtOnce), FlagChange{Op: AddFlags, Flags: Seen | Deleted})
	if n := b.named(":2,ST"); n != renamedAtOnce || b.behind() != 0 {
		t.Errorf("%d files tell it, %d are behind", n, b.behind())
	}
}

func TestManyNamesFollowWithTheNextRoundOfCare(t *testing.T) {
	b := newBed(t)
	n := flagMany(b, FlagChange{Op: AddFlags, Flags: Flagged})
	if b.behind() != n || b.named("") != n {
		t.Fatalf("%d are behind, %d are in new", b.behind(), b.named(""))
	}
	b.care()
	if b.behind() != 0 || b.named(":2,F") != n {
		t.Errorf("%d are behind, %d tell it", b.behind(), b.named(":2,F"))
	}
	b.store(uidsTo(n), FlagChange{Op: RemoveFlags, Flags: Flagged})
	b.care()
	if b.named("") != n {
		t.Errorf("%d are in new again", b.named(""))
	}
}

func TestNamesCatchUpAtACleanClose(t *testing.T) {
	b := newBed(t)
	n := flagMany(b, FlagChange{AddFlags, Seen, []string{"work"}})
	b.reopen()
	if b.named(":2,S") != n {
		t.Errorf("%d tell it", b.named(":2,S"))
	}
}

func TestNamesThatACrashLeftBehindAreMended(t *testing.T) {
	b := newBed(t)
	n := flagMany(b, FlagChange{Op: AddFlags, Flags: Seen})
	b.crash()
	if got := len(b.entries(InboxMailbox)); got != n || b.named(":2,S") != n || len(b.files("quarantine/*")) > 0 {
		t.Errorf("%d messages, %d tell it", got, b.named(":2,S"))
	}
}

func TestFilesWhoseNamesAreBehindAreReadCopiedMovedAndRemoved(t *testing.T) {
	b := newBed(t)
	n := flagMany(b, FlagChange{Op: AddFlags, Flags: Seen | Deleted})
	for i := range n {
		r, _, err := b.in.Raw(t.Context(), b.messageAt(InboxMailbox, uint32(i+1)))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r)
		if r.Close(); !strings.Contains(string(text), fmt.Sprintf("Subject %d\r\n", i+1)) {
			t.Errorf("UID %d is %q", i+1, text)
		}
	}
	b.transfer([]uint32{1, 2}, "Archive", false)
	b.transfer([]uint32{3, 4}, "Archive", true)
	if f := b.files("maildir/*/.Archive/cur/*:2,ST"); len(f) != 4 {
		t.Errorf("Archive has %v", f)
	}
	gone, err := b.in.Expunge(t.Context(), b.box(InboxMailbox).ID, uidsTo(n))
	if err != nil || len(gone) != n-2 {
		t.Errorf("%d are gone, %v", len(gone), err)
	}
	b.care()
	if err := b.in.ws.use(t.Context(), (*workspace).finishUnlinks); err != nil { // of many nobody has waited for it
		t.Fatal(err)
	}
	if left := slices.Concat(b.files("maildir/*/new/*"), b.files("maildir/*/cur/*")); len(left) > 0 || b.behind() != 0 {
		t.Errorf("left: %v, %d behind", left, b.behind())
	}
	if f := b.files("maildir/*/.Archive/cur/*:2,ST"); len(f) != 4 {
		t.Errorf("Archive has %v", f)
	}
}

func TestNotesOfChangesThatComeInAnotherOrderDoNotLeaveAWrongName(t *testing.T) {
	b := newBed(t)
	m := b.fill(1)[0]
	err := b.in.ws.use(t.Context(), func(w *workspace) error {
		var notes [][]renamed
		for _, flags := range []Flags{Seen, Flagged, Seen} {
			e := &edit{in: b.in, w: w, at: b.now}
			if err := w.change(func(tx *sqlite.Tx) error {
				e.tx, e.modseqs = tx, nil
				list, _, err := e.places(m.ID)
				if err != nil {
					return err
				}
				p := list[0]
				p.flags = flags
				return e.setFlags(list[0], p)
			}); err != nil {
				return err
			}
			notes = append(notes, e.renamed)
		}
		for _, i := range []int{1, 0, 2} { // their goroutines get on as they like
			w.names.note(notes[i])
		}
		w.catchUpNames()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if b.named(":2,S") != 1 {
		t.Errorf("the file is %v", b.everyFile())
	}
}

func TestManyWhoFlagAndMoveAtOnceLoseNoFile(t *testing.T) {
	b := newBed(t)
	const n = 40
	list := b.fill(n)
	b.box("Archive")
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for round := range 10 {
				var uids []uint32
				box, name := b.box(InboxMailbox), "Archive"
				if (worker+round)%3 == 0 {
					box, name = b.box("Archive"), InboxMailbox
				}
				_, err := b.in.Changes(t.Context(), box.ID, 0, func(e Entry) {
					if int(e.UID+uint32(round))%(worker+2) == 0 {
						uids = append(uids, e.UID)
					}
				})
				if err == nil {
					_, err = b.in.StoreFlags(t.Context(), box.ID, uids, FlagChange{Op: FlagOp(round % 3), Flags: Flags(1 << (worker % 3))}, nil)
				}
				if err == nil && round%2 == 0 {
					_, err = b.in.Transfer(t.Context(), box.ID, uids, name, true)
				}
				if err != nil {
					t.Error(err)
				}
				if worker == 0 {
					b.care()
				}
				r, _, err := b.in.Raw(t.Context(), list[(worker*round)%n].ID)
				if err != nil {
					t.Error(err)
					continue
				}
				r.Close()
			}
		})
	}
	all.Wait()
	b.reopen()
	if files := b.everyFile(); len(files) != n {
		t.Errorf("%d files", len(files))
	}
	for mailbox, dir := range map[string]string{InboxMailbox: "maildir/*/", "Archive": "maildir/*/.Archive/"} {
		for _, e := range b.entries(mailbox) {
			sub := "cur/"
			if e.Flags == 0 {
				sub = "new/"
			}
			if f := b.files(dir + sub + string(b.messageAt(mailbox, e.UID)) + "*" + fileFlags(e.Flags)); len(f) != 1 {
				t.Errorf("UID %d of %s with %s has the files %v", e.UID, mailbox, fileFlags(e.Flags), f)
			}
		}
	}
}

// A folder that waits to be removed must not be removed when a mailbox has been made in its place.
func TestWhatIsRemovedLateIsNotWhatWasMadeSince(t *testing.T) {
	b := newBed(t)
	b.opts.Clock = time.Now
	b.fill(3)
	inbox := b.box(InboxMailbox)
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end) && !t.Failed(); {
		var all sync.WaitGroup
		all.Go(func() { // many files to remove
			var made []uint32
			for range 60 {
				made = append(made, b.transfer([]uint32{1, 2, 3}, InboxMailbox, false).To...)
			}
			_, err := b.in.StoreFlags(t.Context(), inbox.ID, made, FlagChange{Op: AddFlags, Flags: Deleted}, nil)
			if err == nil {
				_, err = b.in.Expunge(t.Context(), inbox.ID, made)
			}
			if err != nil {
				t.Error(err)
			}
		})
		for k := range 3 {
			all.Go(func() {
				name := fmt.Sprint("Work", k)
				for range 4 {
					b.makeFillAndDelete(name)
				}
			})
		}
		all.Wait()
	}
}

func (b *bed) makeFillAndDelete(name string) {
	_, err := b.in.CreateMailbox(b.t.Context(), name, "")
	var m Mailbox
	var uid uint32
	if err == nil {
		m, uid, err = b.tryPut(name, mail("<2@x>", "", "Two", "a@b", "x"), Seen)
	}
	var rows []Row
	if err == nil {
		rows, _, err = b.in.Rows(b.t.Context(), m.ID, []uint32{uid}, WantPlace)
	}
	for range 3 {
		if err != nil {
			break
		}
		var r RawMessage
		if r, err = b.in.OpenRow(b.t.Context(), &rows[0]); err == nil {
			err = r.Close()
		}
	}
	if err == nil {
		err = b.in.DeleteMailbox(b.t.Context(), name)
	}
	if err != nil {
		b.t.Errorf("%s: %v", name, err)
	}
}

func TestAFileThatWasRenamedByHandIsRenamedFromThere(t *testing.T) {
	b := newBed(t)
	b.fill(1)
	old := b.files("maildir/*/new/msg_*")[0]
	if err := os.Rename(old, strings.Replace(old, "/new/", "/cur/", 1)+":2,FR"); err != nil {
		t.Fatal(err)
	}
	b.store([]uint32{1}, FlagChange{Op: AddFlags, Flags: Seen})
	if b.named(":2,S") != 1 {
		t.Errorf("files: %v", b.everyFile())
	}
}
