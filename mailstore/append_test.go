package mailstore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
)

// put has a client upload a message.
func (b *bed) put(mailbox, raw string, flags Flags, keywords ...string) (Mailbox, uint32) {
	b.t.Helper()
	m, uid, err := b.tryPut(mailbox, raw, flags, keywords...)
	if err != nil {
		b.t.Fatal(err)
	}
	return m, uid
}

func (b *bed) tryPut(mailbox, raw string, flags Flags, keywords ...string) (Mailbox, uint32, error) {
	a, err := b.in.Append(b.t.Context(), mailbox)
	if err != nil {
		return Mailbox{}, 0, err
	}
	defer a.Discard()
	if err := b.add(a, raw, Uploaded{Flags: flags, Keywords: keywords}); err != nil {
		return Mailbox{}, 0, err
	}
	m, uids, err := a.Commit(b.t.Context())
	if err != nil {
		return m, 0, err
	}
	return m, uids[0], nil
}

func (b *bed) add(a *Appending, raw string, u Uploaded) error {
	sp := NewSpool(b.in)
	defer sp.Close()
	if _, err := io.WriteString(sp, raw); err != nil {
		return err
	}
	return a.Add(b.t.Context(), sp, u)
}

// uploading begins to append messages with these subjects.
func (b *bed) uploading(mailbox string, subjects ...string) *Appending {
	b.t.Helper()
	a, err := b.in.Append(b.t.Context(), mailbox)
	if err != nil {
		b.t.Fatal(err)
	}
	for i, subject := range subjects {
		if err := b.add(a, mail("<"+subject+"@x>", "", subject, "a@b", "x"), Uploaded{Flags: Flags(i)}); err != nil {
			b.t.Fatal(err)
		}
	}
	return a
}

// everyFile is all files of messages, finished or not.
func (b *bed) everyFile() []string {
	return slices.Concat(b.files("maildir/*/*/msg_*"), b.files("maildir/*/.*/*/msg_*"), b.files("tmp/*"))
}

func TestAnAppendedMessageIsThereAsItWasUploaded(t *testing.T) {
	b := newBed(t)
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	a, err := b.in.Append(t.Context(), DraftsMailbox)
	if err != nil {
		t.Fatal(err)
	}
	raw := mail("<1@x>", "", "A draft", "me@x", "not done yet")
	if err := b.add(a, raw, Uploaded{Flags: Seen | Draft, Keywords: []string{"Later"}, ReceivedAt: at}); err != nil {
		t.Fatal(err)
	}
	if n := len(b.list(MessageFilter{})); n != 0 {
		t.Error("it is there before the commit")
	}
	end := b.end()
	m, uids, err := a.Commit(t.Context())
	if err != nil || !slices.Equal(uids, []uint32{1}) || m.Name != DraftsMailbox || m.UIDValidity != b.box(DraftsMailbox).UIDValidity {
		t.Fatalf("%+v %v, %v", m, uids, err)
	}
	got := b.list(MessageFilter{})[0]
	if !slices.Equal(got.Labels, []string{"draft", "later"}) || got.Direction != Appended || !got.ReceivedAt.Equal(at) || got.Size != int64(len(raw)) || got.Sender != "" {
		t.Errorf("%+v", got)
	}
	lines := b.linesSince(end)
	if len(lines) != 1 || lines[0].Type != "message.appended" || !strings.Contains(string(lines[0].Data), `"subject":"A draft"`) {
		t.Errorf("journal: %+v", lines)
	}
	if f := b.files("maildir/*/.Drafts/cur/" + string(got.ID) + ":2,DS"); len(f) != 1 {
		t.Errorf("files: %v", b.everyFile())
	}
	b.put(SentMailbox, raw, Seen)
	if l := b.list(MessageFilter{Mailbox: SentMailbox}); len(l) != 1 || !slices.Contains(l[0].Labels, "sent") {
		t.Errorf("in Sent: %+v", l)
	}
}

func TestSeveralMessagesAreAppendedInTheirOrder(t *testing.T) {
	b := newBed(t)
	b.put("Archive", mail("<0@x>", "", "zero", "a@b", "x"), 0)
	_, uids, err := b.uploading("Archive", "one", "two", "three").Commit(t.Context())
	if err != nil || !slices.Equal(uids, []uint32{2, 3, 4}) {
		t.Fatalf("%v, %v", uids, err)
	}
	for i, subject := range []string{"zero", "one", "two", "three"} {
		m, err := b.in.Message(t.Context(), b.messageAt("Archive", uint32(i+1)))
		if err != nil || m.Envelope.Subject != subject {
			t.Errorf("UID %d is %q, %v", i+1, m.Envelope.Subject, err)
		}
	}
	if e := b.entries("Archive"); e[2].Flags != 1 || e[3].Flags != 2 {
		t.Errorf("%+v", e)
	}
}

func TestWhatIsNotCommittedLeavesNothing(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "kept", "a@b", "x"))
	a := b.uploading("Archive", "one", "two")
	if n := len(b.everyFile()); n != 3 {
		t.Fatalf("%d files", n)
	}
	a.Discard()
	a.Discard() // once more does no harm
	if left := b.everyFile(); len(left) != 1 || len(b.entries("Archive")) != 0 {
		t.Errorf("left: %v", left)
	}
	b.uploading("Archive", "three") // and then the process is killed
	b.crash()
	if n := len(b.entries("Archive")); n != 0 || len(b.everyFile()) != 1 || len(b.files("quarantine/*")) != 0 {
		t.Errorf("%d messages, files %v", n, b.everyFile())
	}
}

func TestACrashBetweenTheNamesAndTheCommitAcknowledgesNothing(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "kept", "a@b", "x"))
	a := b.uploading("Archive", "one", "two")
	if err := b.in.ws.use(t.Context(), a.publish); err != nil { // and then the process is killed
		t.Fatal(err)
	}
	b.crash()
	if n := len(b.entries("Archive")); n != 0 {
		t.Errorf("Archive holds %d", n)
	}
	if q := b.files("quarantine/*"); len(q) != 2 {
		t.Errorf("quarantine: %v", q)
	}
	if n := len(b.lines()); n != 1 {
		t.Errorf("the journal has %d lines", n)
	}
}

func TestAFailedSyncAppendsNothing(t *testing.T) {
	for _, where := range []string{"tmp/msg_", "new", "cur"} {
		t.Run(where, func(t *testing.T) {
			b := newBed(t)
			broken := false
			b.opts.sync = func(f *os.File) error {
				if broken && strings.Contains(f.Name(), ".Archive/"+where) {
					return errors.New("input/output error")
				}
				return f.Sync()
			}
			b.put("Archive", mail("<1@x>", "", "kept", "a@b", "x"), 0)
			a, err := b.in.Append(t.Context(), "Archive")
			if err != nil {
				t.Fatal(err)
			}
			broken = true
			for _, flags := range []Flags{0, Seen} {
				if err == nil {
					err = b.add(a, mail("<2@x>", "", "lost", "a@b", "x"), Uploaded{Flags: flags})
				}
			}
			if err == nil {
				_, _, err = a.Commit(t.Context())
			}
			a.Discard()
			if fault.KindOf(err) != fault.Unavailable || strings.Contains(fault.From(err).Message, "input/output") {
				t.Fatalf("got %v", err)
			}
			broken = false
			if n := len(b.entries("Archive")); n != 1 {
				t.Errorf("Archive holds %d", n)
			}
			b.put("Archive", mail("<3@x>", "", "after", "a@b", "x"), 0)
			b.crash()
			if n := len(b.entries("Archive")); n != 2 {
				t.Errorf("after a crash, Archive holds %d", n)
			}
			if left := b.everyFile(); len(left) != 2 {
				t.Errorf("files: %v", left)
			}
		})
	}
}

func TestBelowTheFloorOfFreeSpaceNothingIsAppended(t *testing.T) {
	b := newBed(t)
	b.box(InboxMailbox)
	b.opts.MinFree = 1000
	b.opts.free = func(string) (int64, error) { return 999, nil }
	for _, text := range []string{"x", strings.Repeat("x", SpoolMemory*2)} {
		_, _, err := b.tryPut("Archive", mail("<1@x>", "", "No room", "a@b", text), 0)
		refusedAs(t, "append", err, "storage_full")
	}
	if left := b.everyFile(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestAnAppendToWhatIsNotThereIsRefused(t *testing.T) {
	b := newBed(t)
	if _, err := b.in.Append(t.Context(), "Nowhere"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestAnAppendFollowsNoRename(t *testing.T) {
	b := newBed(t)
	b.create("Work")
	a := b.uploading("Work", "late")
	if err := b.in.RenameMailbox(t.Context(), "Work", "Play"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Commit(t.Context()); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if left := b.everyFile(); len(left) > 0 || len(b.entries("Play")) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestMoreMessagesThanTheLimitAreRefused(t *testing.T) {
	b := newBed(t)
	a := b.uploading("Archive", "one")
	for range MaxAppended - 1 { // as if they had been added
		a.list = append(a.list, a.list[0])
	}
	refusedAs(t, "one more", b.add(a, mail("<2@x>", "", "x", "a@b", "x"), Uploaded{}), "limit_reached")
	a.Discard()
}

func TestReplacingPutsOneInThePlaceOfAnother(t *testing.T) {
	b := newBed(t)
	m, uid := b.put(DraftsMailbox, mail("<1@x>", "", "first", "a@b", "x"), Draft)
	old := b.messageAt(DraftsMailbox, uid)
	end := b.end()
	_, uids, err := b.uploading(DraftsMailbox, "second").Replace(t.Context(), m.ID, uid)
	if err != nil || !slices.Equal(uids, []uint32{2}) {
		t.Fatalf("%v, %v", uids, err)
	}
	if e := b.entries(DraftsMailbox); len(e) != 1 || e[0].UID != 2 {
		t.Errorf("Drafts holds %+v", e)
	}
	var types []string
	for _, l := range b.linesSince(end) {
		types = append(types, l.Type)
	}
	slices.Sort(types)
	if !slices.Equal(types, []string{"message.appended", "message.deleted"}) {
		t.Errorf("journal: %v", types)
	}
	if _, err := b.in.Message(t.Context(), old); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, _, err := b.uploading(DraftsMailbox, "third").Replace(t.Context(), m.ID, uid); !errors.Is(err, ErrNotFound) {
		t.Errorf("of what is gone: %v", err)
	}
	if n := len(b.entries(DraftsMailbox)); n != 1 || len(b.everyFile()) != 1 {
		t.Errorf("Drafts holds %d, files %v", n, b.everyFile())
	}
	b.in = b.in.ws.Inbox("inb_00000000000000000000000000")
	if _, _, err := b.uploading(DraftsMailbox, "foreign").Replace(t.Context(), m.ID, 2); !errors.Is(err, ErrNotFound) {
		t.Errorf("of another inbox: %v", err)
	}
}

func TestLineEndsBecomeCRLFWhereverTheWritesAreCut(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a\r\nb\r\n": "a\r\nb\r\n", "a\nb\n": "a\r\nb\r\n", "\n\n": "\r\n\r\n", "a\rb": "a\rb", "a\r\r\nb": "a\r\r\nb", "\r\n\n\r\n": "\r\n\r\n\r\n", "a\x00b\x00": "a\x80b\x80",
		"a\r": "a\r", "\x00\n": "\x80\r\n",
	} {
		for size := range len(in) + 1 {
			var out bytes.Buffer
			c := &CanonicalLines{To: &out}
			for chunk := range slices.Chunk([]byte(in), size+1) {
				if n, err := c.Write(chunk); err != nil || n != len(chunk) {
					t.Fatal(n, err)
				}
			}
			if out.String() != want {
				t.Errorf("%q in pieces of %d is %q, want %q", in, size+1, out.String(), want)
			}
		}
	}
}

func TestAWriterThatFailsIsNotHidden(t *testing.T) {
	r, w := io.Pipe()
	r.CloseWithError(errors.New("no room"))
	if _, err := fmt.Fprint(&CanonicalLines{To: w}, "a\n"); err == nil || err.Error() != "no room" {
		t.Error(err)
	}
}
