package mailstore

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/sqlite"
)

func TestLabelsAreFlagsMailboxesAndKeywords(t *testing.T) {
	b := newBed(t)
	m := b.deliver(mail("<1@x>", "", "x", "a@b", "x"))
	steps := []struct {
		c         MessageChange
		labels    []string
		mailboxes []string
		file      string
	}{
		{MessageChange{AddLabels: []string{"read", "Urgent"}}, []string{"received", "urgent"}, []string{"INBOX"}, "maildir/*/cur/msg_*:2,S"},
		{MessageChange{AddLabels: []string{"starred"}}, []string{"received", "starred", "urgent"}, []string{"INBOX"}, "maildir/*/cur/msg_*:2,FS"},
		{MessageChange{AddLabels: []string{"trash"}}, []string{"received", "starred", "trash", "urgent"}, []string{"Trash"}, "maildir/*/.Trash/cur/msg_*:2,FS"},
		{MessageChange{RemoveLabels: []string{"trash", "urgent"}}, []string{"received", "starred"}, []string{"INBOX"}, "maildir/*/cur/msg_*:2,FS"},
		{MessageChange{AddLabels: []string{"spam", "unread"}, RemoveLabels: []string{"starred"}}, []string{"received", "unread", "spam"}, []string{"Junk"}, "maildir/*/.Junk/new/msg_*"},
	}
	for i, s := range steps {
		got, err := b.in.ChangeMessage(t.Context(), m.ID, s.c)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Labels, s.labels) || !slices.Equal(got.Mailboxes, s.mailboxes) {
			t.Errorf("step %d: labels %v in %v", i, got.Labels, got.Mailboxes)
		}
		if f := b.files(s.file); len(f) != 1 {
			t.Errorf("step %d: no file like %s, but %v", i, s.file, append(b.files("maildir/*/*/msg_*"), b.files("maildir/*/.*/*/msg_*")...))
		}
		r, _, err := b.in.Raw(t.Context(), m.ID)
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		r.Close()
	}
	if n := len(b.lines()); n != 1+len(steps) {
		t.Errorf("%d lines", n)
	}
	b.in.ChangeMessage(t.Context(), m.ID, MessageChange{AddLabels: []string{"spam"}})
	if n := len(b.lines()); n != 1+len(steps) {
		t.Error("a change that changes nothing left a line")
	}
}

func TestLabelsThatCannotBeAreRefusedAndNothingIsDone(t *testing.T) {
	b := newBed(t)
	m := b.deliver(mail("<1@x>", "", "x", "a@b", "x"))
	for _, c := range []MessageChange{
		{AddLabels: []string{"ok", "with space"}}, {AddLabels: []string{""}}, {AddLabels: []string{`\Seen`}}, {AddLabels: []string{"é"}},
		{AddLabels: []string{strings.Repeat("x", MaxLabelLength+1)}}, {AddLabels: []string{"sent"}}, {RemoveLabels: []string{"received"}},
		{AddLabels: []string{"a"}, RemoveLabels: []string{"a"}}, {AddLabels: []string{"spam", "trash"}}, {AddLabels: []string{"read", "unread"}},
	} {
		if _, err := b.in.ChangeMessage(t.Context(), m.ID, c); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if got := b.list(MessageFilter{})[0]; !slices.Equal(got.Labels, m.Labels) {
		t.Errorf("labels are %v", got.Labels)
	}
}

func TestDeletingMovesToTrashAndFromThereRemovesForGood(t *testing.T) {
	b := newBed(t)
	m := b.deliver(mail("<1@x>", "", "x", "a@b", "x"))
	if err := b.in.DeleteMessage(t.Context(), m.ID, false); err != nil {
		t.Fatal(err)
	}
	if l := b.list(MessageFilter{Labels: []string{"trash"}}); len(l) != 1 {
		t.Fatalf("%d in trash", len(l))
	}
	if err := b.in.DeleteMessage(t.Context(), m.ID, false); err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Message(t.Context(), m.ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if err := b.in.DeleteMessage(t.Context(), m.ID, false); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if left := append(b.files("maildir/*/*/msg_*"), b.files("maildir/*/.*/*/msg_*")...); len(left) > 0 {
		t.Errorf("files left: %v", left)
	}
	lines := b.lines()
	if last := lines[len(lines)-1]; last.Type != "message.deleted" || last.MessageID != string(m.ID) {
		t.Errorf("last line is %+v", last)
	}
	err := b.in.ws.view(t.Context(), func(tx *sqlite.Tx) error {
		var n int
		if err := tx.Row("SELECT COUNT(*) FROM expunged", nil, &n); err != nil || n != 2 {
			t.Errorf("%d expunged UIDs logged, want 2 (%v)", n, err)
		}
		return tx.Row("SELECT COUNT(*) FROM unlinks", nil, &n)
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAFileThatIsStillToBeRemovedIsRemovedAtTheNextOpening(t *testing.T) {
	b := newBed(t)
	m := b.deliver(mail("<1@x>", "", "x", "a@b", "x"))
	w, err := b.acquire(t.Context(), b.in.ws.id)
	if err != nil {
		t.Fatal(err)
	}
	e := &edit{in: b.in, w: w, at: b.now}
	if err := w.change(func(tx *sqlite.Tx) error { e.tx = tx; return e.delete(m.ID, true) }); err != nil { // the commit, and then no more
		t.Fatal(err)
	}
	b.release(w)
	if n := len(b.files("maildir/*/new/*")); n != 1 {
		t.Fatalf("%d files", n)
	}
	b.crash()
	b.list(MessageFilter{})
	if left := append(b.files("maildir/*/new/*"), b.files("quarantine/*")...); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestAMessageOfAnotherInboxIsAsIfItWereNot(t *testing.T) {
	b := newBed(t)
	m := b.deliver(mail("<1@x>", "", "x", "a@b", "x"))
	other := b.in.ws.Inbox("inb_00000000000000000000000000")
	_, err1 := other.Message(t.Context(), m.ID)
	_, _, err2 := other.Raw(t.Context(), m.ID)
	_, err3 := other.ChangeMessage(t.Context(), m.ID, MessageChange{AddLabels: []string{"x"}})
	err4 := other.DeleteMessage(t.Context(), m.ID, true)
	_, err5 := other.Body(t.Context(), m.ID, 10)
	_, _, err6 := other.Attachment(t.Context(), m.ID, "1")
	err7 := other.DeleteThread(t.Context(), m.ThreadID, true)
	_, err8 := other.ChangeThread(t.Context(), m.ThreadID, MessageChange{AddLabels: []string{"x"}})
	for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("call %d: %v", i+1, err)
		}
	}
	if l, _, _ := other.Messages(t.Context(), MessageFilter{ThreadID: m.ThreadID}, nil, 0); len(l) != 0 {
		t.Errorf("lists %v", l)
	}
}

func TestAReaderFindsAFileThatWasRenamedByHand(t *testing.T) {
	b := newBed(t)
	m := b.deliver(mail("<1@x>", "", "x", "a@b", "find me"))
	old := b.files("maildir/*/new/*")[0]
	if err := os.Rename(old, filepath.Join(filepath.Dir(filepath.Dir(old)), "cur", filepath.Base(old)+":2,RS")); err != nil {
		t.Fatal(err)
	}
	r, _, err := b.in.Raw(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if text, _ := io.ReadAll(r); !strings.Contains(string(text), "find me") {
		t.Errorf("got %q", text)
	}
}
