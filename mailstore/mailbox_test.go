package mailstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// box is the mailbox of that name, which must be there.
func (b *bed) box(name string) Mailbox {
	b.t.Helper()
	m, err := b.in.Mailbox(b.t.Context(), name)
	if err != nil {
		b.t.Fatalf("%s: %v", name, err)
	}
	return m
}

func (b *bed) create(name string) Mailbox {
	b.t.Helper()
	m, err := b.in.CreateMailbox(b.t.Context(), name, "")
	if err != nil {
		b.t.Fatalf("%s: %v", name, err)
	}
	return m
}

// names are the mailboxes that are not default ones.
func (b *bed) names() (names []string) {
	b.t.Helper()
	list, err := b.in.Mailboxes(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, m := range list {
		if !isDefault(m.Name) {
			names = append(names, m.Name)
		}
	}
	return names
}

// folder is the name of a mailbox's folder.
func (b *bed) folder(name string) (folder string) {
	b.t.Helper()
	err := b.in.ws.view(b.t.Context(), func(tx *sqlite.Tx) (err error) {
		_, folder, err = findMailbox(tx, b.in.id, name)
		return err
	})
	if err != nil {
		b.t.Fatalf("%s: %v", name, err)
	}
	return folder
}

func (b *bed) entries(name string) (list []Entry) {
	b.t.Helper()
	if _, err := b.in.Changes(b.t.Context(), b.box(name).ID, 0, func(e Entry) { list = append(list, e) }); err != nil {
		b.t.Fatal(err)
	}
	return list
}

func refusedAs(t *testing.T, what string, err error, code string) {
	t.Helper()
	if f := fault.From(err); f == nil || f.Code != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func TestNamesThatNoMailboxCanHaveAreRefused(t *testing.T) {
	b := newBed(t)
	b.create("Work")
	for _, name := range []string{"", "/", "/a", "a/", "a//b", "a\nb", "a\x00b", "a\x7fb", "a\u2028b", "a\xffb", "a*", "a%b", strings.Repeat("x", MaxMailboxName+1),
		strings.TrimSuffix(strings.Repeat("a/", MaxMailboxLevels+1), "/")} {
		_, err := b.in.CreateMailbox(t.Context(), name, "")
		refusedAs(t, fmt.Sprintf("create %.20q", name), err, "invalid_mailbox_name")
		refusedAs(t, fmt.Sprintf("rename to %.20q", name), b.in.RenameMailbox(t.Context(), "Work", name), "invalid_mailbox_name")
	}
	if got := b.names(); !slices.Equal(got, []string{"Work"}) {
		t.Errorf("there are %q", got)
	}
}

func TestOddNamesAreAllMailboxesOfTheirOwn(t *testing.T) {
	b := newBed(t)
	odd := []string{"a.b", "a/b", "a", "A", "a~2", "two words", " ", "..", "../..", "&", "&-", "&AGE-", "Entw\u00fcrfe", "Entwu\u0308rfe", "台北/日本語", "😀", `"quoted" \back`, "[x]", "(x)", "{1}", "'",
		"new", "cur", "tmp", "inbox", "INBOX/below", "Sent/below", ".Sent", "postroom-state.jsonl", strings.Repeat("x", MaxMailboxName), strings.Repeat("x", MaxMailboxName-1) + "y",
		strings.TrimSuffix(strings.Repeat("a/", MaxMailboxLevels), "/")}
	for i, name := range odd {
		b.create(name)
		b.put(name, mail(fmt.Sprintf("<%d@x>", i), "", fmt.Sprint("in ", i), "a@b", "x"), 0)
	}
	b.rebuild()
	for i, name := range odd {
		list := b.list(MessageFilter{Mailbox: name})
		if len(list) != 1 || list[0].Envelope.Subject != fmt.Sprint("in ", i) {
			t.Errorf("%.40q holds %+v", name, list)
		}
	}
}

func TestAMailboxThatIsMadeAgainIsAnotherOne(t *testing.T) {
	b := newBed(t)
	first := b.create("Work")
	b.put("Work", mail("<1@x>", "", "Old", "a@b", "x"), Seen)
	folder := b.folder("Work")
	if err := b.in.DeleteMailbox(t.Context(), "Work"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Mailbox(t.Context(), "Work"); !errors.Is(err, ErrNotFound) {
		t.Errorf("after its deletion: %v", err)
	}
	if left := b.files("maildir/*/" + folder); len(left) > 0 {
		t.Errorf("left on the disk: %v", left)
	}
	second := b.create("Work")
	if second.ID == first.ID || second.ObjectID == first.ObjectID || second.UIDValidity <= first.UIDValidity || second.UIDNext != 1 {
		t.Errorf("was %+v and is %+v", first, second)
	}
	if got := b.folder("Work"); got != folder {
		t.Errorf("its folder is %s, though %s is free", got, folder)
	}
	if list := b.entries("Work"); len(list) != 0 {
		t.Errorf("it holds %+v", list)
	}
}

func TestUIDValidityNeverComesBackWhateverTheClockSays(t *testing.T) {
	b := newBed(t)
	last := b.create("Work").UIDValidity
	for _, step := range []struct {
		what string
		do   func()
	}{
		{"in the same second", func() {}}, {"with the clock an hour back", func() { b.pass(-time.Hour) }}, {"after a clean close", b.reopen},
		{"after a crash", b.crash}, {"an hour later", func() { b.pass(3 * time.Hour) }},
	} {
		if err := b.in.DeleteMailbox(t.Context(), "Work"); err != nil {
			t.Fatal(err)
		}
		step.do()
		if v := b.create("Work").UIDValidity; v <= last {
			t.Errorf("%s UIDVALIDITY %d follows %d", step.what, v, last)
		} else {
			last = v
		}
	}
}

func TestUIDValidityDoesNotComeBackAfterARebuild(t *testing.T) {
	b := newBed(t)
	var last uint32
	for i := range 100 { // many in a second run ahead of the clock
		last = b.create(fmt.Sprint("Work", i)).UIDValidity
	}
	if err := b.in.DeleteMailbox(t.Context(), "Work0"); err != nil {
		t.Fatal(err)
	}
	b.rebuild()
	if v := b.create("Work0").UIDValidity; v <= last {
		t.Errorf("UIDVALIDITY %d was given after %d", v, last)
	}
}

func TestAFolderThatARenamedMailboxKeepsIsNotGivenAgain(t *testing.T) {
	b := newBed(t)
	b.create("Work")
	b.put("Work", mail("<1@x>", "", "Old", "a@b", "x"), 0)
	if err := b.in.RenameMailbox(t.Context(), "Work", "Play"); err != nil {
		t.Fatal(err)
	}
	b.create("Work")
	b.put("Work", mail("<2@x>", "", "New", "a@b", "x"), 0)
	if b.folder("Work") == b.folder("Play") {
		t.Errorf("both lie in %s", b.folder("Work"))
	}
	for range 2 {
		for name, subject := range map[string]string{"Work": "New", "Play": "Old"} {
			if list := b.list(MessageFilter{Mailbox: name}); len(list) != 1 || list[0].Envelope.Subject != subject {
				t.Errorf("%s holds %+v", name, list)
			}
		}
		b.rebuild()
	}
}

func TestAFolderOfAnotherProgramIsNotTaken(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "x", "a@b", "x"))
	foreign := filepath.Join(b.wsDir(), "maildir", string(b.in.id), ".Work", "cur")
	if err := os.MkdirAll(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	b.create("Work")
	if got := b.folder("Work"); got == ".Work" {
		t.Error("the folder of another program was taken")
	}
}

func TestRenamingTakesAlongWhatIsBelow(t *testing.T) {
	b := newBed(t)
	for _, name := range []string{"a", "a/b", "a/b/c", "a/é", "ab", "a!"} {
		b.create(name)
		b.put(name, mail("<"+name+"@x>", "", name, "a@b", "x"), 0)
	}
	before := b.box("a/b")
	if err := b.in.RenameMailbox(t.Context(), "a", "z/y"); err != nil {
		t.Fatal(err)
	}
	if got, want := b.names(), []string{"a!", "ab", "z/y", "z/y/b", "z/y/b/c", "z/y/é"}; !slices.Equal(got, want) {
		t.Fatalf("there are %q, want %q", got, want)
	}
	after := b.box("z/y/b")
	before.Name = after.Name
	if after != before {
		t.Errorf("was %+v and is %+v", before, after)
	}
	if list := b.list(MessageFilter{Mailbox: "z/y/b"}); len(list) != 1 || list[0].Envelope.Subject != "a/b" {
		t.Errorf("it holds %+v", list)
	}
	if err := b.in.RenameMailbox(t.Context(), "z", "q"); err != nil { // a level that is no mailbox
		t.Fatal(err)
	}
	if got := b.names(); !slices.Contains(got, "q/y/b/c") {
		t.Errorf("there are %q", got)
	}
}

func TestARenameThatCannotBeChangesNothing(t *testing.T) {
	b := newBed(t)
	long := strings.Repeat("l", MaxMailboxName-4)
	for _, name := range []string{"a", "a/b", "z/b", "a/" + long} {
		b.create(name)
	}
	before := b.names()
	for _, x := range []struct{ from, to, code string }{
		{"a", "z/b", "mailbox_exists"}, {"a", "z", "mailbox_exists"}, {"a", "a", "mailbox_exists"}, {"a", "a/c", "invalid_mailbox_name"}, {"a", "Sent", "mailbox_exists"},
		{"a", "INBOX", "mailbox_exists"}, {"a", "longer", "invalid_mailbox_name"}, {"none", "q", "not_found"}, {"Sent", "q", "fixed_mailbox"}, {"INBOX", "a", "mailbox_exists"},
	} {
		refusedAs(t, x.from+" to "+x.to, b.in.RenameMailbox(t.Context(), x.from, x.to), x.code)
	}
	if after := b.names(); !slices.Equal(before, after) {
		t.Errorf("there were %q and are %q", before, after)
	}
}

func TestTheDefaultMailboxesStay(t *testing.T) {
	b := newBed(t)
	for _, d := range defaults {
		refusedAs(t, "delete "+d.name, b.in.DeleteMailbox(t.Context(), d.name), "fixed_mailbox")
		if d.name != InboxMailbox {
			refusedAs(t, "rename "+d.name, b.in.RenameMailbox(t.Context(), d.name, "other"), "fixed_mailbox")
		}
		if m := b.box(d.name); m.SpecialUse != d.use {
			t.Errorf("%s is for %q", d.name, m.SpecialUse)
		}
	}
}

func TestARebuildBringsBackTheDefaultMailboxesThatWereNeverUsed(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "One", "a@b", "x"))
	b.create("Work")
	if err := b.in.Subscribe(t.Context(), SentMailbox, false); err != nil {
		t.Fatal(err)
	}
	b.rebuild()
	for _, d := range defaults {
		if m := b.box(d.name); m.SpecialUse != d.use {
			t.Errorf("%s is for %q", d.name, m.SpecialUse)
		}
	}
	b.put(DraftsMailbox, mail("<2@x>", "", "Two", "a@b", "x"), Draft)
	if subscribed, err := b.in.Subscriptions(t.Context()); err != nil || !slices.Equal(subscribed, []string{"Archive", "Drafts", "INBOX", "Junk", "Trash"}) {
		t.Errorf("subscribed to %q, %v", subscribed, err)
	}
}

func TestRenamingInboxMovesItsMessages(t *testing.T) {
	b := newBed(t)
	m := b.deliver(mail("<1@x>", "", "One", "a@b", "x"))
	inbox := b.box(InboxMailbox)
	if err := b.in.RenameMailbox(t.Context(), InboxMailbox, "old"); err != nil {
		t.Fatal(err)
	}
	if now := b.box(InboxMailbox); now.ID != inbox.ID || now.UIDNext != inbox.UIDNext || len(b.entries(InboxMailbox)) != 0 {
		t.Errorf("INBOX was %+v and is %+v", inbox, now)
	}
	if got, err := b.in.Message(t.Context(), m.ID); err != nil || !slices.Equal(got.Mailboxes, []string{"old"}) {
		t.Errorf("%+v, %v", got.Mailboxes, err)
	}
}

func TestSubscriptionsOutliveTheirMailboxes(t *testing.T) {
	b := newBed(t)
	has := func(want ...string) {
		t.Helper()
		got, err := b.in.Subscriptions(t.Context())
		if err != nil || !slices.Equal(got, slices.Sorted(slices.Values(append(want, "Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash")))) {
			t.Errorf("subscribed to %q, %v", got, err)
		}
	}
	has()
	b.create("a")
	b.create("b")
	for _, name := range []string{"a", "b"} {
		if err := b.in.Subscribe(t.Context(), name, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(b.in.DeleteMailbox(t.Context(), "a"), b.in.RenameMailbox(t.Context(), "b", "c")); err != nil {
		t.Fatal(err)
	}
	has("a", "b")
	b.reopen()
	has("a", "b")
	refusedAs(t, "to what is not there", b.in.Subscribe(t.Context(), "none", true), "not_found")
	if err := errors.Join(b.in.Subscribe(t.Context(), "a", false), b.in.Subscribe(t.Context(), "never", false)); err != nil {
		t.Fatal(err)
	}
	has("b")
	if err := b.in.Subscribe(t.Context(), "c", true); err != nil {
		t.Fatal(err)
	}
	b.rebuild()
	if got, _ := b.in.Subscriptions(t.Context()); !slices.Contains(got, "c") || slices.Contains(got, "a") {
		t.Errorf("after a rebuild, subscribed to %q", got)
	}
}

func TestASpecialUseIsGivenOnce(t *testing.T) {
	b := newBed(t)
	if _, err := b.in.CreateMailbox(t.Context(), "Weighty", `\Important`); err != nil {
		t.Fatal(err)
	}
	for _, use := range []string{`\Important`, `\Sent`, `\Trash`, `\All`, `\Flagged`, `\Mine`, "x"} {
		_, err := b.in.CreateMailbox(t.Context(), "Other", use)
		refusedAs(t, use, err, "special_use_taken")
	}
	b.rebuild()
	if m := b.box("Weighty"); m.SpecialUse != `\Important` {
		t.Errorf("after a rebuild it is for %q", m.SpecialUse)
	}
}

func TestMoreMailboxesThanTheLimitAreRefused(t *testing.T) {
	b := newBed(t)
	b.create("first")
	err := b.in.ws.use(t.Context(), func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error {
			for i := range MaxMailboxes - len(defaults) - 1 {
				if err := w.insertMailbox(tx, mailboxRow{inbox: b.in.id, name: fmt.Sprint("m", i), folder: fmt.Sprint(".m", i), uidnext: 1, modseq: 1}, b.now); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.in.CreateMailbox(t.Context(), "one more", "")
	refusedAs(t, "one more", err, "limit_reached")
	if err := b.in.DeleteMailbox(t.Context(), "m1"); err != nil {
		t.Fatal(err)
	}
	b.create("one more")
}

func TestDeletingAMailboxSparesWhatOthersHold(t *testing.T) {
	b := newBed(t)
	b.create("a")
	b.create("a/below")
	uids := b.crowd() // more than one commit takes
	both := b.messageAt(InboxMailbox, 1)
	b.transfer(uids, "a", true)
	if _, err := b.in.Transfer(t.Context(), b.box("a").ID, []uint32{1}, InboxMailbox, false); err != nil {
		t.Fatal(err)
	}
	messages, end := b.count("SELECT COUNT(*) FROM messages"), b.end()
	if err := b.in.DeleteMailbox(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if got := b.names(); !slices.Equal(got, []string{"a/below"}) {
		t.Errorf("there are %q", got)
	}
	if list := b.list(MessageFilter{}); len(list) != 1 || list[0].ID != both || !slices.Equal(list[0].Mailboxes, []string{"INBOX"}) {
		t.Errorf("left are %+v", list)
	}
	if p, w, u := b.count("SELECT COUNT(*) FROM placements"), b.count("SELECT COUNT(*) FROM wires"), b.count("SELECT COUNT(*) FROM unlinks"); p != 1 || w != 1 || u != 0 {
		t.Errorf("left are %d placements, %d wires, %d files to remove", p, w, u)
	}
	if n := b.count("SELECT COUNT(*) FROM expunged WHERE mailbox_id NOT IN (SELECT id FROM mailboxes)"); n != 0 {
		t.Errorf("%d expunged UIDs of no mailbox are remembered", n)
	}
	lines := b.linesSince(end, "message.deleted", "mailbox.deleted")
	if last := lines[len(lines)-1]; len(lines) != messages || last.Type != "mailbox.deleted" || !strings.Contains(string(last.Data), `"name":"a"`) {
		t.Errorf("the journal has %d lines for %d messages, the last %+v", len(lines), messages, last)
	}
	if left := b.files("maildir/*/.a"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestAMailboxOfAnotherInboxIsAsIfItWereNot(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "x", "a@b", "x"))
	id, ctx := b.box(InboxMailbox).ID, t.Context()
	other := b.in.ws.Inbox(InboxID(ident.New("inb", b.now)))
	before := b.entries(InboxMailbox)
	for _, id := range []MailboxID{id, 999} {
		_, err1 := other.Counts(ctx, id)
		_, err2 := other.Changes(ctx, id, 0, func(Entry) { t.Error("an entry") })
		_, _, err3 := other.Expunged(ctx, id, 0)
		_, err4 := other.StoreFlags(ctx, id, []uint32{1}, FlagChange{Flags: Deleted}, nil)
		_, err5 := other.Transfer(ctx, id, []uint32{1}, "Trash", true)
		_, err6 := other.Expunge(ctx, id, []uint32{1})
		_, err7 := other.SearchText(ctx, id, AnyText, "x")
		for i, err := range []error{err1, err2, err3, err4, err5, err6, err7} {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("call %d: %v", i+1, err)
			}
		}
		if rows, _, err := other.Rows(ctx, id, []uint32{1}, WantPlace|WantMessage); err != nil || len(rows) > 0 {
			t.Errorf("rows %+v, %v", rows, err)
		}
		if err := other.SetRecent(ctx, id, 100); err != nil {
			t.Error(err)
		}
	}
	if c, err := b.in.Counts(ctx, id); err != nil || c.Recent != 1 || !slices.EqualFunc(before, b.entries(InboxMailbox), func(x, y Entry) bool { return x.UID == y.UID && x.Modseq == y.Modseq }) {
		t.Errorf("it was changed: %+v, %v", c, err)
	}
}

func TestAMailboxThatIsDeletedDuringAnAppendTakesNothing(t *testing.T) {
	b := newBed(t)
	for _, again := range []bool{false, true} {
		b.create("Work")
		a, err := b.in.Append(t.Context(), "Work")
		if err != nil {
			t.Fatal(err)
		}
		sp := NewSpool(b.in)
		fmt.Fprint(sp, mail("<1@x>", "", "late", "a@b", "x"))
		if err := a.Add(t.Context(), sp, Uploaded{}); err != nil {
			t.Fatal(err)
		}
		sp.Close()
		if err := b.in.DeleteMailbox(t.Context(), "Work"); err != nil {
			t.Fatal(err)
		}
		if again {
			b.create("Work")
		}
		if _, _, err := a.Commit(t.Context()); !errors.Is(err, ErrNotFound) {
			t.Errorf("made again %v: %v", again, err)
		}
		if again && len(b.entries("Work")) != 0 {
			t.Error("it holds a message")
		}
	}
	if left := append(b.files("maildir/*/.Work/*/msg*"), b.files("quarantine/*")...); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
