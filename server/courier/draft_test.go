package courier

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/courier/mxtest"
)

// draft makes a draft that is to be sent then.
func (b *bed) draft(from, to string, at time.Time) mailstore.DraftMessage {
	b.t.Helper()
	in := b.inbox(from)
	sp := mailstore.NewSpool(in)
	defer sp.Close()
	serial++
	fmt.Fprintf(sp, "From: %s\r\nTo: %s\r\nBcc: hidden@far.test\r\nSubject: draft %d\r\nDate: Sun, 01 Mar 2026 12:00:00 +0000\r\nMessage-ID: <d%d@a.test>\r\n\r\nhello\r\n", from, to, serial, serial)
	d, _, err := in.CreateDraft(context.Background(), mailstore.NewDraft{Spool: sp, SendAt: at})
	b.must(err)
	return d
}

// until waits on the journal until done.
func (b *bed) until(address string, done func(mailstore.Inbox) bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	in := b.inbox(address)
	log, _, err := b.dir.Operator().Journal(ctx, in.WorkspaceID())
	b.must(err)
	for {
		end, err := log.End(ctx)
		b.must(err)
		if done(in) {
			return
		}
		b.must(log.Wait(ctx, end))
	}
}

// sent waits until a draft has left Drafts, and its message has been delivered.
func (b *bed) sent(address string, d mailstore.DraftMessage) (m mailstore.Message) {
	b.t.Helper()
	b.until(address, func(in mailstore.Inbox) bool {
		list, _, err := in.Messages(context.Background(), mailstore.MessageFilter{MessageID: d.Envelope.MessageID, Labels: []string{mailstore.LabelSent}}, nil, 0)
		b.must(err)
		if len(list) > 1 {
			b.t.Fatalf("%d messages were made of one draft", len(list))
		}
		if len(list) == 1 {
			m = list[0]
		}
		return m.Status == mailstore.Delivered
	})
	return m
}

func TestADraftIsSentWhenItsTimeComes(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) { mx = b.exchanger("far.test", mxtest.Options{}) })
	d := b.draft("ann@a.test", "x@far.test", time.Now().Add(2*time.Second))
	m := b.sent("ann@a.test", d)
	if m.CreatedAt.Before(d.SendAt) {
		t.Errorf("it was sent at %v, before %v", m.CreatedAt, d.SendAt)
	}
	got := mx.Transactions()
	if len(got) != 1 || strings.Join(got[0].Recipients, " ") != "x@far.test hidden@far.test" || strings.Contains(string(got[0].Body), "Bcc") || strings.Contains(string(got[0].Body), "01 Mar 2026") {
		t.Errorf("%+v", got)
	}
	if list, _, err := b.inbox("ann@a.test").Drafts().List(t.Context(), nil, 0); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// Its time comes while nothing runs. Whoever starts, and however often it is asked for, one message goes out.
func TestADraftWhoseTimeCameMeanwhileIsSentOnce(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) { mx = b.exchanger("far.test", mxtest.Options{}) })
	b.halt()
	at := time.Now().Add(time.Hour)
	first, later := b.draft("ann@a.test", "x@far.test", at), b.draft("ann@a.test", "y@far.test", at.Add(24*time.Hour))
	b.dir.Close()
	b.store.Close()
	b.ahead = 2 * time.Hour
	b.open()
	var group sync.WaitGroup
	due, err := b.box("a.test").DueDrafts(t.Context(), at, 10)
	if err != nil || len(due) != 1 {
		t.Fatalf("%+v, %v", due, err)
	}
	b.start()
	for range 4 {
		group.Go(func() {
			if err := b.dir.SendDueDraft(context.Background(), b.homes["a.test"], due[0]); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	b.sent("ann@a.test", first)
	b.halt()
	if got := mx.Transactions(); len(got) != 1 || got[0].Recipients[0] != "x@far.test" {
		t.Errorf("%+v", got)
	}
	if d, err := b.inbox("ann@a.test").Draft(t.Context(), later.ID); err != nil || d.Status != mailstore.Scheduled {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestADraftWhoseFileCannotBeReadHoldsUpNoOtherAndIsTriedAgain(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) { mx = b.exchanger("far.test", mxtest.Options{}) })
	b.halt()
	at := time.Now().Add(time.Hour)
	bad, good := b.draft("ann@a.test", "x@far.test", at), b.draft("ann@a.test", "y@far.test", at.Add(time.Second))
	b.dir.Close()
	b.store.Close()
	files, err := filepath.Glob(filepath.Join(b.data, "workspaces", string(b.homes["a.test"]), "maildir", "*", ".Drafts", "*", string(bad.ID)+"*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%q, %v", files, err)
	}
	b.must(os.Rename(files[0], filepath.Join(b.data, "away")))
	b.ahead = 2 * time.Hour
	b.open()
	b.start()
	b.sent("ann@a.test", good)
	b.wait("ann@a.test", b.send("ann@a.test", nil, "z@far.test"), mailstore.Delivered) // mail does not wait for it, though it is due
	b.halt()
	if d, err := b.inbox("ann@a.test").Draft(t.Context(), bad.ID); err != nil || d.Status != mailstore.Scheduled || d.Failure != "" {
		t.Errorf("%+v, %v", d, err)
	}
	b.must(os.Rename(filepath.Join(b.data, "away"), files[0]))
	b.ahead += failedFeedPause
	b.start()
	b.sent("ann@a.test", bad)
	b.halt()
	if got := mx.Transactions(); len(got) != 3 {
		t.Errorf("%+v", got)
	}
}

func TestMoreDraftsAreSentThanOneLookTakes(t *testing.T) {
	b := newBed(t, func(b *bed) { b.exchanger("far.test", mxtest.Options{}) })
	b.halt()
	at := time.Now().Add(time.Hour)
	for range draftsAtOnce + 1 {
		b.draft("ann@a.test", "x@far.test", at)
	}
	b.dir.Close()
	b.store.Close()
	b.ahead = 2 * time.Hour
	b.open()
	b.start()
	b.until("ann@a.test", func(in mailstore.Inbox) bool {
		list, _, err := in.Drafts().List(context.Background(), nil, 0)
		b.must(err)
		return len(list) == 0
	})
}

func TestADraftThatCannotBeSentAtItsTimeStaysAndSaysWhy(t *testing.T) {
	b := newBed(t, func(b *bed) { b.exchanger("far.test", mxtest.Options{}) })
	b.halt()
	at := time.Now().Add(time.Hour)
	d := b.draft("ann@a.test", "x@far.test", at)
	_, err := b.box("a.test").Suppress(t.Context(), []mailstore.Suppression{{Address: "x@far.test", Reason: mailstore.SuppressedByHand}, {Address: "hidden@far.test", Reason: mailstore.SuppressedByHand}})
	b.must(err)
	b.dir.Close()
	b.store.Close()
	b.ahead = 2 * time.Hour
	b.open()
	b.start()
	b.until("ann@a.test", func(in mailstore.Inbox) bool {
		now, err := in.Draft(context.Background(), d.ID)
		b.must(err)
		return now.Status == "" && strings.Contains(now.Failure, "Nothing is sent to this address")
	})
}
