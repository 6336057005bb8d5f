package tenancy

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// relaying runs Relay until the test ends or stop is called.
func (w *world) relaying() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.dir.Relay(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("Relay: %v", err)
		}
	}
	w.t.Cleanup(stop)
	return stop
}

// lines waits until the journal has n lines and gives them.
func (w *world) lines(g *Grant, ws mailstore.WorkspaceID, n int) (types []string, lines []journal.Line) {
	w.t.Helper()
	j, _, err := g.Journal(w.ctx(), ws)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.ctx(), 30*time.Second)
	defer cancel()
	for {
		page, err := j.Read(ctx, journal.Cursor{}, nil, nil, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(page.Lines) >= n {
			for _, l := range page.Lines {
				types = append(types, l.Type)
			}
			return types, page.Lines
		}
		if err := j.Wait(ctx, page.Next); err != nil {
			w.t.Fatalf("%d lines of %d: %v", len(page.Lines), n, err)
		}
	}
}

// count gives a number of rows.
func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	if err := w.dir.view(w.ctx(), func(tx *sqlite.Tx) error { return tx.Row(query, args, &n) }); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) newRelay() *relay {
	return &relay{dir: w.dir, waits: map[mailstore.WorkspaceID]wait{}}
}

func TestChangesAreToldInTheJournalOfTheirWorkspace(t *testing.T) {
	w := newWorld(t)
	w.relaying()
	ws, g := w.tenant("A", "a.test")
	other, _ := w.tenant("B", "b.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	must(g.UpdateInbox(w.ctx(), "", in.Address, InboxChange{DisplayName: ptr("Alex — One")}))
	_, secret, k := w.key(g, KeyOwner{Inbox: in.Address})
	must(0, g.DeleteKey(w.ctx(), KeyOwner{Inbox: in.Address}, k.ID))
	types, lines := w.lines(g, "", 6)
	if want := []string{KeyCreated, DomainVerified, InboxCreated, InboxUpdated, KeyCreated, KeyRevoked}; !reflect.DeepEqual(types, want) {
		t.Errorf("told %v, want %v", types, want)
	}
	var data map[string]any
	if err := json.Unmarshal(lines[3].Data, &data); err != nil || data["id"] != string(in.ID) || data["displayName"] != "Alex — One" || data["address"] != "one@a.test" || data["workspaceId"] != string(ws.ID) {
		t.Errorf("told %s, %v", lines[3].Data, err)
	}
	for _, l := range lines {
		if l.InboxID != "" != (l.Type[:3] == "inb" || l.Cursor.Seq > 4) || l.At.IsZero() {
			t.Errorf("line %+v", l)
		}
		if string(l.Data) == "" || strings.Contains(string(l.Data), secret) {
			t.Errorf("data %s", l.Data)
		}
	}
	if types, _ := w.lines(w.op, other.ID, 2); len(types) != 2 {
		t.Errorf("the other workspace is told %v", types)
	}
	another, _, _ := w.key(g, KeyOwner{Inbox: in.Address})
	if types, _ := w.lines(another, "", 5); !reflect.DeepEqual(types, []string{InboxCreated, InboxUpdated, KeyCreated, KeyRevoked, KeyCreated}) {
		t.Errorf("an inbox key is told %v", types)
	}
}

func TestAKillBetweenAppendingAndForgettingTellsNothingTwice(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	w.inbox(g, "", "one", "a.test")
	lines, _, err := w.dir.pendingNews(w.ctx(), ws.ID)
	if err != nil || len(lines) != 3 {
		t.Fatal(lines, err)
	}
	if err := w.store.Workspace(ws.ID).AppendNews(w.ctx(), lines[:2]); err != nil {
		t.Fatal(err)
	}
	w.reopen() // killed before it forgot
	g = w.op
	must(0, w.newRelay().round(w.ctx()))
	if n := w.count("SELECT COUNT(*) FROM news"); n != 0 {
		t.Errorf("%d news are left", n)
	}
	_, told := w.lines(g, ws.ID, 3)
	if len(told) != 3 {
		t.Fatalf("%d lines, want 3", len(told))
	}
	for i := range told {
		if told[i].ID != lines[i].ID || told[i].Type != lines[i].Type || !told[i].At.Equal(lines[i].At) {
			t.Errorf("line %d is %+v, want %+v", i, told[i], lines[i])
		}
	}
}

func TestAWorkspaceThatFailsDoesNotHoldUpTheOthers(t *testing.T) {
	w := newWorld(t)
	bad, _ := w.tenant("bad", "a.test")
	good, _ := w.tenant("good", "b.test")
	place := filepath.Join(filepath.Dir(w.path), "workspaces", string(bad.ID))
	if err := os.WriteFile(place, []byte("not a directory"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := w.newRelay()
	must(0, r.round(w.ctx()))
	w.lines(w.op, good.ID, 2)
	left := "SELECT COUNT(*) FROM news WHERE workspace_id = ?"
	if g, b := w.count(left, good.ID), w.count(left, bad.ID); g != 0 || b != 2 {
		t.Errorf("%d news of the good one are left and %d of the bad one, want 0 and 2", g, b)
	}
	if err := os.Remove(place); err != nil {
		t.Fatal(err)
	}
	must(0, r.round(w.ctx()))
	if b := w.count(left, bad.ID); b != 2 {
		t.Error("the bad one was tried again at once")
	}
	w.clock.advance(backoff(0))
	must(0, r.round(w.ctx()))
	w.lines(w.op, bad.ID, 2)
	if b := w.count(left, bad.ID); b != 0 || len(r.waits) != 0 {
		t.Errorf("when it is well again %d news are left, waits %v", b, r.waits)
	}
}

func TestMoreNewsThanOneBatchKeepTheirOrder(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	const n = newsBatch + 50
	if _, _, err := g.Once(w.ctx(), Request{}, func(ctx context.Context) (Answer, error) {
		for i := range n {
			if _, err := g.UpdateInbox(ctx, "", in.Address, InboxChange{DisplayName: ptr(fmt.Sprint(i))}); err != nil {
				return Answer{}, err
			}
		}
		return Answer{}, nil
	}); err != nil {
		t.Fatal(err)
	}
	w.relaying()
	_, lines := w.lines(w.op, ws.ID, n+3)
	for i, l := range lines[3:] {
		var data struct{ DisplayName string }
		if err := json.Unmarshal(l.Data, &data); err != nil || data.DisplayName != fmt.Sprint(i) {
			t.Fatalf("line %d tells %s", i, l.Data)
		}
	}
}

func TestTheMailOfADeletedInboxIsRemoved(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	keep, _ := w.inbox(g, "", "two", "a.test")
	mail := must(g.Mail(w.ctx(), "", in.Address, Read))
	other := must(g.Mail(w.ctx(), "", keep.Address, Read))
	w.deliver(mail)
	w.deliver(other)
	must(0, g.DeleteInbox(w.ctx(), "", in.Address))
	must(0, w.dir.removeMail(w.ctx()))
	if n := w.messages(mail); n != 0 {
		t.Errorf("%d messages are left", n)
	}
	w.deliver(mail) // one that was under way
	w.clock.advance(sweepAfter)
	must(0, w.dir.removeMail(w.ctx()))
	if n := w.count("SELECT COUNT(*) FROM removals"); n != 0 {
		t.Errorf("%d removals are left", n)
	}
	if n := w.messages(mail); n != 0 {
		t.Errorf("%d messages that were under way are left", n)
	}
	if n := w.messages(other); n != 1 {
		t.Errorf("the other inbox has %d messages", n)
	}

	must(0, w.op.DeleteWorkspace(w.ctx(), ws.ID))
	must(0, w.dir.removeMail(w.ctx()))
	if _, err := os.Lstat(filepath.Join(filepath.Dir(w.path), "workspaces", string(ws.ID))); !os.IsNotExist(err) {
		t.Errorf("the workspace's directory: %v", err)
	}
}

func TestARemovalThatFailsIsTriedAgainLater(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	place := filepath.Join(filepath.Dir(w.path), "workspaces", string(ws.ID))
	if err := os.WriteFile(place, []byte("not a directory"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(0, g.DeleteInbox(w.ctx(), "", in.Address))
	for tries := 1; tries <= 3; tries++ {
		must(0, w.dir.removeMail(w.ctx()))
		if n := w.count("SELECT tries FROM removals WHERE swept = 0"); n != tries {
			t.Fatalf("%d tries are noted, want %d", n, tries)
		}
		w.clock.advance(backoff(tries - 1))
	}
	if err := os.Remove(place); err != nil {
		t.Fatal(err)
	}
	must(0, w.dir.removeMail(w.ctx()))
	if n := w.count("SELECT COUNT(*) FROM removals WHERE swept = 1 AND tries = 0"); n != 1 {
		t.Error("the removal is not done")
	}
}

func (w *world) deliver(in mailstore.Inbox) {
	w.t.Helper()
	sp := mailstore.NewSpool(in)
	defer sp.Close()
	if _, err := sp.Write([]byte("Subject: hello\r\n\r\nHello.\r\n")); err != nil {
		w.t.Fatal(err)
	}
	_, err := mailstore.Deliver(w.ctx(), mailstore.Arrival{Sender: "x@y.test", Trace: []byte("Return-Path: <x@y.test>\r\n"), Spool: sp,
		To: []mailstore.Recipient{{Inbox: in, Address: "one@a.test"}}})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) messages(in mailstore.Inbox) int {
	w.t.Helper()
	list, _, err := in.Messages(w.ctx(), mailstore.MessageFilter{}, nil, 10)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(list)
}

func TestRelayEndsWhenItIsTold(t *testing.T) {
	w := newWorld(t)
	w.tenant("A", "a.test")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.dir.Relay(ctx); err != nil {
		t.Error(err)
	}
}

func TestAFileThatBrokeIsTakenAnew(t *testing.T) {
	w := newWorld(t)
	ws, _ := w.tenant("A", "a.test")
	err := w.dir.change(w.ctx(), func(tx *sqlite.Tx) error {
		_, err := tx.Exec("PRAGMA defer_foreign_keys = 1")
		if err == nil {
			_, err = tx.Exec("INSERT INTO inboxes (id, workspace_id, display_name, metadata, created_at, updated_at) VALUES ('x', 'nobody', '', '{}', 0, 0)")
		}
		return err
	})
	if err == nil {
		t.Fatal("the commit did not fail")
	}
	if got := must(w.op.UpdateWorkspace(w.ctx(), ws.ID, WorkspaceChange{Name: ptr("after")})); got.Name != "after" {
		t.Error(got)
	}
}
