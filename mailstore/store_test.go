package mailstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// bed is a store with one inbox, and a clock that the test moves.
type bed struct {
	t   *testing.T
	dir string
	now time.Time
	mu  sync.Mutex
	opt Options
	*Store
	in Inbox
}

func newBed(t *testing.T) *bed {
	b := &bed{t: t, dir: t.TempDir(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	b.opt = Options{MinFree: -1, Clock: func() time.Time { b.mu.Lock(); defer b.mu.Unlock(); return b.now }}
	b.openStore()
	b.in = b.Workspace(WorkspaceID(ident.New("ws", b.now))).Inbox(InboxID(ident.New("inb", b.now)))
	return b
}

func (b *bed) openStore() {
	b.t.Helper()
	s, err := Open(b.dir, b.opt)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Store = s
	b.t.Cleanup(func() { s.Close() })
}

func (b *bed) pass(d time.Duration) { b.mu.Lock(); b.now = b.now.Add(d); b.mu.Unlock() }

// reopen closes the store cleanly and opens it again.
func (b *bed) reopen() {
	b.t.Helper()
	if err := b.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
}

// crash ends the store as a killed process would: nothing is flushed, the marks stay.
func (b *bed) crash() {
	b.t.Helper()
	b.Store.mu.Lock()
	for _, w := range b.open {
		w.failed.Store(true) // no clean close
	}
	b.Store.mu.Unlock()
	b.Close()
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
}

func (b *bed) wsDir() string { return filepath.Join(b.dir, "workspaces", string(b.in.ws.id)) }

func mail(id, refs, subject, from, text string) string {
	m := "From: " + from + "\r\nTo: me@demo.localhost\r\nSubject: " + subject + "\r\n"
	if id != "" {
		m += "Message-ID: " + id + "\r\n"
	}
	if refs != "" {
		m += "References: " + refs + "\r\n"
	}
	return m + "\r\n" + text + "\r\n"
}

func (b *bed) try(raw string, to ...Recipient) (*Receipt, error) {
	sp := NewSpool(b.in)
	defer sp.Close()
	if _, err := io.WriteString(sp, raw); err != nil {
		return nil, err
	}
	if len(to) == 0 {
		to = []Recipient{{Inbox: b.in, Address: "me@demo.localhost"}}
	}
	return Deliver(context.Background(), Arrival{Sender: "a@b.example", Trace: []byte("Return-Path: <a@b.example>\r\n"), Spool: sp, To: to})
}

func (b *bed) deliver(raw string) Message {
	b.t.Helper()
	r, err := b.try(raw)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Confirm()
	m, err := b.in.Message(b.t.Context(), r.IDs()[0])
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

func (b *bed) lines() []journal.Line {
	b.t.Helper()
	p, err := b.in.ws.Journal().Read(b.t.Context(), journal.Cursor{}, nil, nil, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return p.Lines
}

func (b *bed) list(f MessageFilter) []Message {
	b.t.Helper()
	l, _, err := b.in.Messages(b.t.Context(), f, nil, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

func (b *bed) files(pattern string) []string {
	b.t.Helper()
	l, err := filepath.Glob(filepath.Join(b.wsDir(), pattern))
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

func TestADeliveredMessageIsWhatWasSentBehindTheTrace(t *testing.T) {
	b := newBed(t)
	raw := mail("<1@x>", "", "Hello", "Ann <ann@x.example>", "Hi there.")
	m := b.deliver(raw)
	if m.Envelope.Subject != "Hello" || m.Envelope.From[0].Address != "ann@x.example" || !slices.Equal(m.Labels, []string{"received", "unread"}) ||
		!slices.Equal(m.Mailboxes, []string{"INBOX"}) || m.DeliveredTo != "me@demo.localhost" || m.Preview != "Hi there." {
		t.Errorf("message is %+v", m)
	}
	r, size, err := b.in.Raw(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(r)
	r.Close()
	if want := "Return-Path: <a@b.example>\r\n" + raw; string(got) != want || size != int64(len(want)) {
		t.Errorf("bytes are %q (%d)", got, size)
	}
	if lines := b.lines(); len(lines) != 1 || lines[0].Type != "message.received" || lines[0].MessageID != string(m.ID) {
		t.Errorf("journal is %+v", lines)
	}
}

func TestALargeMessagePassesThroughAFileAndLeavesNothingInTmp(t *testing.T) {
	b := newBed(t)
	raw := mail("<1@x>", "", "Large", "ann@x.example", strings.Repeat("0123456789abcdef\r\n", 200000))
	m := b.deliver(raw)
	if m.Size != int64(len(raw)+len("Return-Path: <a@b.example>\r\n")) {
		t.Errorf("size is %d", m.Size)
	}
	if left := append(b.files("tmp/*"), b.files("maildir/*/tmp/*")...); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestRecipientsOfOneWorkspaceShareTheBytesAndOthersDoNot(t *testing.T) {
	b := newBed(t)
	second := b.in.ws.Inbox(InboxID(ident.New("inb", b.now)))
	other := b.Workspace(WorkspaceID(ident.New("ws", b.now))).Inbox(InboxID(ident.New("inb", b.now)))
	r, err := b.try(mail("<1@x>", "", "To all", "a@b", "x"), Recipient{Inbox: b.in, Address: "1@d"}, Recipient{Inbox: second, Address: "2@d"}, Recipient{Inbox: other, Address: "3@d"})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.IDs()) != 3 {
		t.Fatalf("ids: %v", r.IDs())
	}
	var infos []os.FileInfo
	for _, name := range b.files("maildir/*/new/*") {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		infos = append(infos, info)
	}
	if len(infos) != 2 || !os.SameFile(infos[0], infos[1]) {
		t.Errorf("two inboxes of a workspace do not share one file: %v", infos)
	}
	foreign, _ := filepath.Glob(filepath.Join(b.dir, "workspaces", string(other.ws.id), "maildir/*/new/*"))
	info, err := os.Stat(foreign[0])
	if err != nil || os.SameFile(info, infos[0]) {
		t.Errorf("the other workspace shares a file of this one (%v)", err)
	}
	for _, in := range []Inbox{b.in, second, other} {
		if l, _, err := in.Messages(t.Context(), MessageFilter{}, nil, 0); err != nil || len(l) != 1 {
			t.Errorf("inbox %s has %d messages, %v", in.id, len(l), err)
		}
	}
}

func TestARetryWhoseAnswerWasMissedIsStoredOnce(t *testing.T) {
	b := newBed(t)
	raw := mail("<1@x>", "", "Once", "a@b", "x")
	first, err := b.try(raw)
	if err != nil {
		t.Fatal(err)
	}
	b.crash() // the client never saw the answer
	again, err := b.try(raw)
	if err != nil {
		t.Fatal(err)
	}
	if again.IDs()[0] != first.IDs()[0] || len(b.list(MessageFilter{})) != 1 || len(b.lines()) != 1 {
		t.Fatalf("a retry was stored again: %v %v", first.IDs(), again.IDs())
	}
	if n := len(b.files("maildir/*/new/*")); n != 1 {
		t.Errorf("%d files", n)
	}
	again.Confirm()
	if _, err = b.try(raw); err != nil || len(b.list(MessageFilter{})) != 2 {
		t.Fatalf("the same bytes after a confirmed answer are a message of their own: %v", err)
	}
}

func TestARetryAfterTheWindowIsANewMessage(t *testing.T) {
	b := newBed(t)
	raw := mail("<1@x>", "", "Once", "a@b", "x")
	if _, err := b.try(raw); err != nil {
		t.Fatal(err)
	}
	b.pass(RetryWindow + time.Second)
	if _, err := b.try(raw); err != nil || len(b.list(MessageFilter{})) != 2 {
		t.Fatal(err)
	}
}

func TestConfirmationsSurviveAClose(t *testing.T) {
	b := newBed(t)
	raw := mail("<1@x>", "", "Twice", "a@b", "x")
	b.deliver(raw)
	b.reopen()
	b.deliver(raw)
	if n := len(b.list(MessageFilter{})); n != 2 {
		t.Fatalf("%d messages", n)
	}
}

func TestAFailedSyncAcknowledgesNothingAndTheWorkspaceIsOpenedAnew(t *testing.T) {
	b := newBed(t)
	broken := false
	b.opts.sync = func(f *os.File) error {
		if broken && strings.Contains(f.Name(), "maildir") {
			return errors.New("input/output error")
		}
		return f.Sync()
	}
	b.deliver(mail("<1@x>", "", "Before", "a@b", "x"))
	b.Store.mu.Lock()
	before := b.open[b.in.ws.id]
	b.Store.mu.Unlock()
	broken = true
	_, err := b.try(mail("<2@x>", "", "During", "a@b", "x"))
	if fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(fault.From(err).Message, "input/output") {
		t.Error("the stranger's sentence tells of the disk")
	}
	broken = false
	b.deliver(mail("<3@x>", "", "After", "a@b", "x"))
	b.Store.mu.Lock()
	after := b.open[b.in.ws.id]
	b.Store.mu.Unlock()
	if before == after {
		t.Error("the workspace was not opened anew")
	}
	if l := b.list(MessageFilter{}); len(l) != 2 || len(b.lines()) != 2 {
		t.Errorf("%d messages", len(l))
	}
}

func TestBelowTheFloorOfFreeSpaceNothingIsAccepted(t *testing.T) {
	b := newBed(t)
	b.opts.MinFree = 1000
	b.opts.free = func(string) (int64, error) { return 999, nil }
	_, err := b.try(mail("<1@x>", "", "No room", "a@b", "x"))
	if f := fault.From(err); f == nil || f.Code != "storage_full" {
		t.Fatalf("got %v", err)
	}
	_, err = b.try(mail("<1@x>", "", "No room", "a@b", strings.Repeat("x", SpoolMemory*2)))
	if f := fault.From(err); f == nil || f.Code != "storage_full" {
		t.Fatalf("a large one got %v", err)
	}
	if left := append(b.files("maildir/*/*/*"), b.files("tmp/*")...); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAfterACrashUnacknowledgedFilesGoToQuarantineAndForeignOnesAreTakenIn(t *testing.T) {
	b := newBed(t)
	kept := b.deliver(mail("<1@x>", "", "Kept", "a@b", "x"))
	inbox := filepath.Join(b.wsDir(), "maildir", string(b.in.id))
	half := ident.New("msg", b.now)
	for name, text := range map[string]string{"new/" + half: mail("<2@x>", "", "Never acknowledged", "a@b", "x"), "tmp/" + half: "half",
		"new/1700000000.M1P2.host": mail("<3@x>", "", "From fetchmail", "f@b", "y")} {
		if err := os.WriteFile(filepath.Join(inbox, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.crash()
	var subjects []string
	for _, m := range b.list(MessageFilter{}) {
		subjects = append(subjects, m.Envelope.Subject)
	}
	slices.Sort(subjects)
	if !slices.Equal(subjects, []string{"From fetchmail", "Kept"}) {
		t.Fatalf("subjects: %q", subjects)
	}
	if q := b.files("quarantine/*"); len(q) != 1 || !strings.HasSuffix(q[0], half) {
		t.Errorf("quarantine: %v", q)
	}
	if left := b.files("maildir/*/tmp/*"); len(left) > 0 {
		t.Errorf("left in tmp: %v", left)
	}
	if _, err := b.in.Message(t.Context(), kept.ID); err != nil {
		t.Error(err)
	}
}

func TestOneProcessOwnsADataDirectory(t *testing.T) {
	b := newBed(t)
	_, err := Open(b.dir, Options{})
	if f := fault.From(err); f == nil || f.Code != "data_in_use" {
		t.Fatalf("got %v", err)
	}
}

func TestAWorkspaceThatIsALinkIsRefused(t *testing.T) {
	b := newBed(t)
	outside := t.TempDir()
	if err := os.Symlink(outside, b.wsDir()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.try(mail("<1@x>", "", "x", "a@b", "x")); err == nil {
		t.Fatal("delivered through a link")
	}
	if entries, _ := os.ReadDir(outside); len(entries) > 0 {
		t.Errorf("written outside: %v", entries)
	}
}

func TestIdsThatAreNoneLeadNowhere(t *testing.T) {
	b := newBed(t)
	for _, id := range []WorkspaceID{"", "..", "ws_../../x", "ws_x"} {
		if err := b.Workspace(id).Create(t.Context()); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestIdleWorkspacesAreClosedAndOnlyAwakeOnesAreKnownAtStart(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "x", "a@b", "x"))
	if ids, _ := b.Awake(); len(ids) != 1 {
		t.Fatalf("awake: %v", ids)
	}
	b.pass(IdleClose)
	b.care()
	if ids, _ := b.Awake(); len(ids) != 0 || len(b.open) != 0 {
		t.Fatalf("still awake: %v, open: %d", ids, len(b.open))
	}
	if n := len(b.list(MessageFilter{})); n != 1 {
		t.Fatalf("%d messages after opening again", n)
	}
}

func TestTheCacheOfOpenWorkspacesIsBounded(t *testing.T) {
	b := newBed(t)
	b.opts.MaxOpen = 3
	for range 10 {
		b.pass(time.Second)
		if err := b.Workspace(WorkspaceID(ident.New("ws", b.now))).Create(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.Store.mu.Lock()
	defer b.Store.mu.Unlock()
	if n := len(b.open); n > 4 {
		t.Fatalf("%d workspaces are open", n)
	}
}

func TestParallelDeliveriesAreAllStoredAndAnnouncedInOrder(t *testing.T) {
	b := newBed(t)
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			if _, err := b.try(mail(fmt.Sprintf("<%d@x>", i), "", "x", "a@b", fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, l := range b.lines() {
		seen[l.MessageID] = true
	}
	if l := b.list(MessageFilter{}); len(l) != 60 || len(seen) != 60 {
		t.Fatalf("%d messages, %d lines", len(l), len(seen))
	}
	err := b.in.ws.view(t.Context(), func(tx *sqlite.Tx) error {
		list, err := placements(tx, "ORDER BY p.uid", nil)
		for i, p := range list {
			if p.uid != uint32(i+1) || p.modseq != int64(i+2) {
				t.Errorf("placement %d has uid %d, modseq %d", i, p.uid, p.modseq)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAWaitEndsWithTheNextLineAndHoldsNothingOpen(t *testing.T) {
	b := newBed(t)
	j := b.in.ws.Journal()
	end, err := j.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- j.Wait(t.Context(), end) }()
	for waiting := false; !waiting; {
		b.bells.mu.Lock()
		_, waiting = b.bells.ends[b.in.ws.id]
		b.bells.mu.Unlock()
	}
	b.pass(IdleClose)
	b.care()
	b.Store.mu.Lock()
	if len(b.open) != 0 {
		t.Error("a wait holds the workspace open")
	}
	b.Store.mu.Unlock()
	b.deliver(mail("<1@x>", "", "x", "a@b", "x"))
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if p, err := j.Read(t.Context(), end, nil, nil, 0); err != nil || len(p.Lines) != 1 || p.Gap {
		t.Fatalf("%+v, %v", p, err)
	}
	if err := j.Wait(t.Context(), end); err != nil {
		t.Fatal(err) // there is a line already
	}
}

func TestARemovedWorkspaceIsGoneFromTheDisk(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "x", "a@b", "x"))
	if err := b.in.ws.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.wsDir()); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if ids, _ := b.Awake(); len(ids) != 0 {
		t.Errorf("awake: %v", ids)
	}
	if _, err := b.try(mail("<2@x>", "", "x", "a@b", "x")); !errors.Is(err, ErrNotFound) {
		t.Errorf("a handle from before delivers: %v", err)
	}
	if _, err := os.Stat(b.wsDir()); !errors.Is(err, os.ErrNotExist) {
		t.Error("a handle from before made the directory again")
	}
	if err := b.in.ws.Remove(t.Context()); err != nil {
		t.Errorf("once more: %v", err)
	}
}

func TestARemovedInboxLeavesNothingBehind(t *testing.T) {
	b := newBed(t)
	m := b.deliver(mail("<1@x>", "", "A secret subject", "a@b", "A secret text"))
	if err := b.in.ws.RemoveInbox(t.Context(), b.in.id); err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Message(t.Context(), m.ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	for _, l := range b.lines() {
		if strings.Contains(string(l.Data), "secret") {
			t.Error("the journal still tells of it")
		}
	}
	if left := b.files("maildir/*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestWorkspacesThatOpenAndCloseUnderLoadLoseNothing(t *testing.T) {
	b := newBed(t)
	b.opts.MaxOpen = 2
	var ids []WorkspaceID
	for range 8 {
		ids = append(ids, WorkspaceID(ident.New("ws", b.now)))
	}
	inbox := InboxID(ident.New("inb", b.now))
	stop := make(chan struct{})
	var tending, senders sync.WaitGroup
	tending.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				b.pass(IdleClose) // everything that is not in use is idle
				b.care()
			}
		}
	})
	const each = 15
	for n := range 16 {
		senders.Go(func() {
			in := b.Workspace(ids[n%len(ids)]).Inbox(inbox)
			for i := range each {
				r, err := b.try(mail(fmt.Sprintf("<%d.%d@x>", n, i), "", "x", "a@b", "x"), Recipient{Inbox: in, Address: "a@b"})
				if err != nil {
					t.Error(err)
					return
				}
				r.Confirm()
				if _, _, err := in.Messages(t.Context(), MessageFilter{}, nil, 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	close(stop)
	tending.Wait()
	b.reopen()
	for _, id := range ids {
		list, _, err := b.Workspace(id).Inbox(inbox).Messages(t.Context(), MessageFilter{}, nil, 0)
		if err != nil || len(list) != 2*each {
			t.Errorf("%s has %d messages, %v", id, len(list), err)
		}
	}
	if awake, err := b.Awake(); err != nil || len(awake) > MaxInUse {
		t.Error(awake, err)
	}
}
