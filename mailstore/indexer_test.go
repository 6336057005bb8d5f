package mailstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sqlite"
)

func TestAChangeOfAMessageIsNoReasonToIndexItAgain(t *testing.T) {
	b := newBed(t)
	m := b.deliver(mail("<1@x>", "", "apple", "a@b", "fruit"))
	b.search(InboxMailbox, AnyText, "fruit")
	if _, err := b.in.ChangeMessage(t.Context(), m.ID, MessageChange{AddLabels: []string{"starred", "mine"}}); err != nil {
		t.Fatal(err)
	}
	if n := b.count("SELECT COUNT(*) FROM search_queue"); n != 0 {
		t.Errorf("%d messages are queued", n)
	}
}

func TestWhatACrashLeftInTheQueueIsIndexedLater(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "apple", "a@b", "first fruit"))
	long := b.deliver(mail("<2@x>", "", "long", "a@b", strings.Repeat("another fruit\r\n", 20000)))
	if n := b.count("SELECT COUNT(*) FROM search_queue"); n != 2 {
		t.Fatalf("%d messages are queued", n)
	}
	// The first rows of the long message are written, as if the process had been killed between two commits.
	err := b.in.ws.use(t.Context(), func(w *workspace) error {
		w.indexer.stop()
		list, err := w.indexer.queued(part{}, false, 0)
		if err != nil {
			return err
		}
		var begun batch
		e := w.entry(list[1])
		if e.id != long.ID || len(e.rows) < 10 {
			t.Fatalf("%s has %d rows", e.id, len(e.rows))
		}
		for row := range 3 {
			begun.add(e, row)
		}
		return w.indexer.commit(&begun)
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := b.count("SELECT COUNT(*) FROM search_rows"); n != 3 {
		t.Fatalf("%d rows", n)
	}
	b.crash()
	if got := b.search(InboxMailbox, BodyText, "fruit"); !slices.Equal(got, []uint32{1, 2}) {
		t.Error(got)
	}
	want := 1
	b.in.ws.use(t.Context(), func(w *workspace) error {
		want += len(w.entry(queued{id: long.ID}).rows)
		return nil
	})
	if n := b.count("SELECT COUNT(*) FROM search_rows"); n != want {
		t.Errorf("%d rows, not %d", n, want)
	}
}

func TestADataDirectoryOfTheFirstSchemaBecomesSearchable(t *testing.T) {
	b := newBed(t)
	if err := b.in.ws.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range b.files("index.db*") {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	first, err := fs.ReadFile(migrations(), "0001_mail.sql")
	if err != nil {
		t.Fatal(err)
	}
	old, err := sqlite.Open(t.Context(), filepath.Join(b.wsDir(), "index.db"), fstest.MapFS{"0001_mail.sql": {Data: first}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		raw := []byte(mail(fmt.Sprintf("<%d@x>", i), "", fmt.Sprintf("old apple %d", i), "Ann <a@b>", "first fruit"))
		id := ident.New("msg", b.now)
		dir := filepath.Join(b.wsDir(), "maildir", string(b.in.id))
		for _, sub := range []string{"tmp", "new", "cur"} {
			if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if i != 2 { // the file of the third is gone
			if err := os.WriteFile(filepath.Join(dir, "new", id), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		structure, err := json.Marshal(message.Parse(raw).Structure)
		if err != nil {
			t.Fatal(err)
		}
		if err := old.Change(func(tx *sqlite.Tx) error {
			for _, step := range []struct {
				query string
				args  []any
			}{
				{"INSERT INTO mailboxes (id, object_id, inbox_id, name, uidvalidity, created_at) VALUES (1, 'mbx_1', ?, 'INBOX', 1, 1) ON CONFLICT DO NOTHING", sqlite.Args(string(b.in.id))},
				{"INSERT INTO messages (id, inbox_id, thread_id, direction, size, envelope, structure, attachments, received_at, created_at, updated_at) VALUES (?, ?, 'thr_1', 1, ?, '{}', ?, '[]', 1, 1, 1)",
					sqlite.Args(id, string(b.in.id), len(raw), string(structure))},
				{"INSERT INTO placements (mailbox_id, uid, message_id, modseq, file, saved_at) VALUES (1, ?, ?, 1, ?, 1)", sqlite.Args(i+1, id, id)},
			} {
				if _, err := tx.Exec(step.query, step.args...); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
	if got := b.search(InboxMailbox, SubjectText, "old apple"); !slices.Equal(got, []uint32{1, 2}) {
		t.Errorf("found %v", got)
	}
	if n := b.count("SELECT COUNT(*) FROM placements p JOIN wires w ON w.id = p.wire WHERE envelope LIKE '%old apple%' AND structure LIKE '%us-ascii%' AND header IS NOT NULL"); n != 2 {
		t.Errorf("%d messages have their wires", n)
	}
	if n := b.count("SELECT COUNT(*) FROM search_queue"); n != 0 {
		t.Errorf("%d messages are still queued", n)
	}
}

func TestASearchThatWaitsForTheIndexEndsWithItsContext(t *testing.T) {
	b := newBed(t)
	for range maxLargeParses { // so that the large message below cannot be read for the index
		b.parses <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sp := NewSpool(b.in)
	defer sp.Close()
	fmt.Fprint(sp, mail("<1@x>", "", "large", "a@b", strings.Repeat("x", largeMessage)))
	<-b.parses // one for the delivery
	if _, err := Deliver(ctx, Arrival{Spool: sp, To: []Recipient{{Inbox: b.in, Address: "a@b"}}}); err != nil {
		t.Fatal(err)
	}
	b.parses <- struct{}{}
	answer := make(chan error)
	go func() {
		_, err := b.in.SearchText(ctx, b.mailbox(InboxMailbox), SubjectText, "large")
		answer <- err
	}()
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("the search ended with %v", err)
	}
	for range maxLargeParses {
		<-b.parses
	}
	if got := b.search(InboxMailbox, SubjectText, "large"); !slices.Equal(got, []uint32{1}) {
		t.Errorf("found %v", got)
	}
}

func TestMessagesAreIndexedOnceDeliveriesPause(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(dir, Options{MinFree: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		in := s.Workspace(WorkspaceID(ident.New("ws", time.Now()))).Inbox(InboxID(ident.New("inb", time.Now())))
		deliver := func() {
			sp := NewSpool(in)
			defer sp.Close()
			fmt.Fprint(sp, mail("", "", "a", "a@b", ident.New("msg", time.Now())))
			if _, err := Deliver(t.Context(), Arrival{Spool: sp, To: []Recipient{{Inbox: in, Address: "a@b"}}}); err != nil {
				t.Fatal(err)
			}
		}
		queued := func() (n int) {
			if err := in.ws.view(t.Context(), func(tx *sqlite.Tx) error { return tx.Row("SELECT COUNT(*) FROM search_queue", nil, &n) }); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for range 3 {
			deliver()
			<-time.After(indexQuiet - time.Millisecond)
			synctest.Wait()
		}
		if n := queued(); n != 3 {
			t.Errorf("%d are queued while messages come in", n)
		}
		<-time.After(2 * time.Millisecond)
		synctest.Wait()
		if n := queued(); n != 0 {
			t.Errorf("%d are queued after a pause", n)
		}
		most := 0
		for start := time.Now(); time.Since(start) < indexLatest+indexQuiet; {
			deliver()
			<-time.After(indexQuiet / 2)
			synctest.Wait()
			most = max(most, queued())
		}
		if limit := int(indexLatest/(indexQuiet/2)) + 1; most > limit {
			t.Errorf("%d were queued, in a stream without a pause", most)
		}
	})
}
