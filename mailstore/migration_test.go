package mailstore

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// firstSchema is a workspace as the first version of the program left it: rows by the first migration alone, and files.
type firstSchema struct {
	*bed
	db   *sqlite.DB
	next int
}

func newFirstSchema(t *testing.T) *firstSchema {
	b := newBed(t)
	if err := os.MkdirAll(b.wsDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	first, err := schema.ReadFile("schema/0001_mail.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(b.wsDir(), "index.db"), fstest.MapFS{"0001_mail.sql": {Data: first}})
	if err != nil {
		t.Fatal(err)
	}
	f := &firstSchema{bed: b, db: db}
	f.change(journal.Begin)
	return f
}

func (f *firstSchema) change(do func(*sqlite.Tx) error) {
	f.t.Helper()
	if err := f.db.Change(do); err != nil {
		f.t.Fatal(err)
	}
}

func (f *firstSchema) exec(query string, args ...any) {
	f.t.Helper()
	f.change(func(tx *sqlite.Tx) error { _, err := tx.Exec(query, args...); return err })
}

func (f *firstSchema) mailbox(id int64, name, use string, subscribed bool) {
	f.t.Helper()
	f.exec("INSERT INTO mailboxes (id, object_id, inbox_id, name, special_use, subscribed, uidvalidity, uidnext, highestmodseq, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 10, 20, ?)",
		id, "mbx_"+name, string(f.in.id), name, use, subscribed, 1000+id, f.now.UnixMicro())
}

// message stores a message in a mailbox, with its file in a folder.
func (f *firstSchema) message(id string, mailbox int64, uid int, raw string, flags Flags, keywords, folder string) {
	f.t.Helper()
	rec, err := newRecord([]byte(raw))
	if err != nil {
		f.t.Fatal(err)
	}
	at := f.now.Add(time.Duration(f.next) * time.Minute).UnixMicro()
	f.next++
	thread := "thr_" + id
	f.exec("INSERT INTO threads (id, inbox_id, subject, messages, created_at, last_at) VALUES (?, ?, ?, 1, ?, ?)", thread, string(f.in.id), rec.parsed.Envelope.Subject, at, at)
	f.exec(`INSERT INTO messages (id, inbox_id, thread_id, direction, size, message_id, subject, preview, envelope, structure, attachments, received_at, created_at, updated_at)
		VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, string(f.in.id), thread, rec.size, rec.parsed.Envelope.MessageID, rec.parsed.Envelope.Subject, rec.parsed.Preview,
		rec.envelope, rec.structure, rec.attachments, at, at, at)
	f.exec("INSERT INTO placements (mailbox_id, uid, message_id, modseq, flags, keywords, file, saved_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", mailbox, uid, id, 10+uid, flags, keywords, id, at)
	f.file(folder, id+fileFlags(flags), raw)
}

// file writes a file into new, or into cur if its name tells flags.
func (f *firstSchema) file(folder, name, raw string) string {
	f.t.Helper()
	sub := "new"
	if strings.Contains(name, ":2,") {
		sub = "cur"
	}
	for _, d := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(f.wsDir(), "maildir", string(f.in.id), folder, d), 0o700); err != nil {
			f.t.Fatal(err)
		}
	}
	path := filepath.Join(f.wsDir(), "maildir", string(f.in.id), folder, sub, name)
	if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// ready is the first version's workspace, closed.
func (f *firstSchema) ready() {
	f.t.Helper()
	f.mailbox(1, InboxMailbox, "", true)
	f.mailbox(2, SentMailbox, `\Sent`, true)
	f.mailbox(3, TrashMailbox, `\Trash`, false)
	f.mailbox(4, "Work/Projects", "", true)
	f.mailbox(5, "R&D", "", true)
	f.mailbox(6, DraftsMailbox, `\Drafts`, true)
	f.mailbox(7, JunkMailbox, `\Junk`, true)
	f.mailbox(8, ArchiveMailbox, `\Archive`, true)
	f.message("msg_01kjmma2g05ehdzmt778em7q51", 1, 1, mail("<1@x>", "", "One", "ann@x.example", "first text"), 0, "", "")
	f.message("msg_01kjmma2g05ehdzmt778em7q52", 1, 3, mail("<2@x>", "", "Two", "ann@x.example", "second text"), Seen|Flagged, `["vip"]`, "")
	f.message("msg_01kjmma2g05ehdzmt778em7q53", 3, 1, mail("<3@x>", "", "Three", "ann@x.example", "third text"), Seen, "", ".Trash")
	f.message("msg_01kjmma2g05ehdzmt778em7q54", 4, 1, mail("<4@x>", "", "Four", "ann@x.example", "fourth text"), 0, "", ".Work.Projects")
	f.message("msg_01kjmma2g05ehdzmt778em7q55", 5, 1, mail("<5@x>", "", "Five", "ann@x.example", "fifth text"), 0, "", ".R&-D")
	f.exec("INSERT INTO expunged (mailbox_id, modseq, uid) VALUES (1, 15, 2)")
	if err := f.db.Close(); err != nil {
		f.t.Fatal(err)
	}
}

func TestMailOfTheFirstVersionIsReadAsItWas(t *testing.T) {
	f := newFirstSchema(t)
	f.ready()
	for subject, where := range map[string]string{"One": "INBOX", "Two": "INBOX", "Three": "Trash", "Four": "Work/Projects", "Five": "R&D"} {
		list := f.list(MessageFilter{Subject: subject, IncludeTrash: true, IncludeSpam: true})
		if len(list) != 1 || !slices.Equal(list[0].Mailboxes, []string{where}) {
			t.Fatalf("%s is %+v", subject, list)
		}
		r, _, err := f.in.Raw(t.Context(), list[0].ID)
		if err != nil {
			t.Fatalf("%s: %v", subject, err)
		}
		text, err := io.ReadAll(r)
		r.Close()
		if err != nil || !strings.Contains(string(text), "Subject: "+subject) {
			t.Errorf("%s is %q, %v", subject, text, err)
		}
	}
	m := f.box(InboxMailbox)
	if m.ID != 1 || m.ObjectID != "mbx_INBOX" || m.UIDValidity != 1001 || m.UIDNext != 10 || m.HighestModseq != 20 {
		t.Errorf("INBOX is %+v", m)
	}
	entries := f.entries(InboxMailbox)
	if len(entries) != 2 || entries[1].UID != 3 || entries[1].Flags != Seen|Flagged || !slices.Equal(entries[1].Keywords, []string{"vip"}) || entries[1].Modseq != 13 ||
		entries[1].Size != int64(len(mail("<2@x>", "", "Two", "ann@x.example", "second text"))) || entries[1].ReceivedAt != f.now.Add(time.Minute).Unix() {
		t.Errorf("INBOX holds %+v", entries)
	}
	if gone, known, err := f.in.Expunged(t.Context(), 1, 10); err != nil || !known || !slices.Equal(gone, []uint32{2}) {
		t.Errorf("expunged: %v, %v, %v", gone, known, err)
	}
	if subscribed, err := f.in.Subscriptions(t.Context()); err != nil || !slices.Equal(subscribed, []string{"Archive", "Drafts", "INBOX", "Junk", "R&D", "Sent", "Work/Projects"}) {
		t.Errorf("subscribed to %q, %v", subscribed, err)
	}
}

func TestWhatIMAPSaysOfMailOfTheFirstVersionIsMadeFromItsFile(t *testing.T) {
	f := newFirstSchema(t)
	f.ready()
	fresh := newBed(t) // the same message, stored by this version
	fresh.put(InboxMailbox, mail("<2@x>", "", "Two", "ann@x.example", "second text"), 0)
	const want = WantPlace | WantWireEnvelope | WantWireBody | WantWireStructure | WantStructure | WantEnvelope | WantMessage
	wanted, _, err := fresh.in.Rows(t.Context(), fresh.box(InboxMailbox).ID, []uint32{1}, want)
	if err != nil || len(wanted) != 1 {
		t.Fatal(wanted, err)
	}
	rows, done, err := f.in.Rows(t.Context(), 1, []uint32{1, 2, 3}, want)
	if err != nil || done != 3 || len(rows) != 2 {
		t.Fatalf("%d rows for %d, %v", len(rows), done, err)
	}
	r, w := rows[1], wanted[0]
	if w.WireEnvelope == "" || r.WireEnvelope != w.WireEnvelope || r.WireBody != w.WireBody || r.WireStructure != w.WireStructure || r.Preview != w.Preview || r.Envelope.Subject != "Two" {
		t.Errorf("row is %+v\nwant %+v", r, w)
	}
	raw, err := f.in.OpenRow(t.Context(), &r)
	if err != nil {
		t.Fatal(err)
	}
	raw.Close()
	if found := f.search(InboxMailbox, AnyText, "second text"); !slices.Equal(found, []uint32{3}) {
		t.Errorf("a search finds %v", found)
	}
}

func TestMailOfTheFirstVersionIsChangedMovedAndRebuilt(t *testing.T) {
	f := newFirstSchema(t)
	f.ready()
	ctx := t.Context()
	if _, err := f.in.StoreFlags(ctx, 1, []uint32{1, 3}, FlagChange{Op: AddFlags, Flags: Answered}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := f.in.Transfer(ctx, 1, []uint32{1}, "Work/Projects", true); err != nil {
		t.Fatal(err)
	}
	if err := f.in.RenameMailbox(ctx, "Work", "Play"); err != nil {
		t.Fatal(err)
	}
	made := f.create("Work/Projects")
	if got := f.folder("Work/Projects"); got == ".Work.Projects" || made.UIDValidity <= 1005 {
		t.Errorf("the new mailbox is %+v in %s", made, got)
	}
	if n := len(f.files("maildir/*/.Work.Projects/*/msg_*")); n != 2 {
		t.Errorf("%d files", n)
	}
	report := f.rebuild() // state files are written of what has changed
	if report.Messages != 5 || report.Recorded != 3 || len(report.Problems) > 0 {
		t.Errorf("report: %+v", report)
	}
	if list := f.entries("Play/Projects"); len(list) != 2 || list[1].Flags != Answered {
		t.Errorf("it holds %+v", list)
	}
}

func TestFilesThatTheFirstVersionWasToRemoveAreRemoved(t *testing.T) {
	f := newFirstSchema(t)
	var gone []string
	for _, x := range []struct{ mailbox, folder, name string }{
		{"INBOX", "", "msg_01kjmma2g05ehdzmt778em7q61:2,S"}, {"Trash", ".Trash", "msg_01kjmma2g05ehdzmt778em7q62"}, {"Work/Projects", ".Work.Projects", "msg_01kjmma2g05ehdzmt778em7q63:2,FS"},
	} {
		gone = append(gone, f.file(x.folder, x.name, mail("<gone@x>", "", "Gone", "a@b", "x")))
		base, _, _ := strings.Cut(x.name, ":2,")
		f.exec("INSERT INTO unlinks (path) VALUES (?)", string(f.in.id)+"\x00"+x.mailbox+"\x00"+base)
	}
	f.ready()
	if n := len(f.list(MessageFilter{IncludeTrash: true, IncludeSpam: true})); n != 5 {
		t.Errorf("%d messages", n)
	}
	for _, path := range gone {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is there: %v", filepath.Base(path), err)
		}
	}
	if n := f.count("SELECT COUNT(*) FROM unlinks"); n != 0 {
		t.Errorf("%d are still noted", n)
	}
	if n := len(f.files("maildir/*/new/msg_*")) + len(f.files("maildir/*/cur/msg_*")) + len(f.files("maildir/*/.*/*/msg_*")); n != 5 {
		t.Errorf("%d files are left", n)
	}
}
