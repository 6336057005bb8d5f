package mailstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
)

// draftMail is the text of a draft.
func draftMail(subject, text string) string {
	return "Date: Sun, 01 Mar 2026 12:00:00 +0000\r\nFrom: me@demo.localhost\r\nTo: x@far.example\r\nBcc: secret@far.example\r\nSubject: " + subject + "\r\nMessage-ID: <d@demo.localhost>\r\n\r\n" + text + "\r\n"
}

func (b *bed) spool(raw string) *Spool {
	b.t.Helper()
	sp := NewSpool(b.in)
	b.t.Cleanup(func() { sp.Close() })
	if _, err := io.WriteString(sp, raw); err != nil {
		b.t.Fatal(err)
	}
	return sp
}

func (b *bed) draft(raw string, change func(*NewDraft)) DraftMessage {
	b.t.Helper()
	n := NewDraft{Spool: b.spool(raw)}
	if change != nil {
		change(&n)
	}
	d, _, err := b.in.CreateDraft(b.t.Context(), n)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

func (b *bed) changeDraft(id MessageID, c DraftChange) DraftMessage {
	b.t.Helper()
	d, err := b.in.ChangeDraft(b.t.Context(), id, c)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// sending is how the tests send a draft.
func sending(id MessageID) DraftSending {
	return DraftSending{Draft: DraftRef{ID: id}, Author: func([]byte) (string, error) { return sender, nil }, Recipient: func(a string) (string, bool) { return a, strings.Contains(a, "@") }}
}

func (b *bed) raw(id MessageID) string {
	b.t.Helper()
	f, _, err := b.in.Raw(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	raw, err := io.ReadAll(f)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(raw)
}

func (b *bed) draftFiles() []string { return b.files("maildir/*/.Drafts/cur/*") }

func TestADraftIsAMessageInDrafts(t *testing.T) {
	b := newBed(t)
	end := b.end()
	d := b.draft(draftMail("Plan", "one"), func(n *NewDraft) { n.Labels = []string{"Mine"} })
	if !slices.Equal(d.Labels, []string{LabelDraft, "mine"}) || !slices.Equal(d.Mailboxes, []string{DraftsMailbox}) || d.Version == "" || d.Status != "" || len(d.Envelope.Bcc) != 1 {
		t.Errorf("%+v", d)
	}
	if lines := b.linesSince(end); len(lines) != 1 || lines[0].Type != "message.appended" || lines[0].MessageID != string(d.ID) {
		t.Errorf("%+v", lines)
	}
	if got := b.list(MessageFilter{Labels: []string{LabelReceived}}); len(got) != 0 {
		t.Errorf("a draft was received: %+v", got)
	}
	b.deliver(mail("<1@x>", "", "Hello", "ann@x.example", "x"))
	put := b.upload(draftMail("Of a client", "two"))
	list, next, err := b.in.ws.Drafts(b.in.id).List(t.Context(), nil, 1)
	if err != nil || len(list) != 1 || next == nil {
		t.Fatalf("%+v %v, %v", list, next, err)
	}
	more, last, err := b.in.ws.Drafts("").List(t.Context(), next, 1)
	if err != nil || len(more) != 1 || last != nil || !slices.ContainsFunc(append(list, more...), func(x DraftMessage) bool { return x.ID == put }) {
		t.Errorf("%+v %v, %v", more, last, err)
	}
	if none, _, err := b.in.ws.Drafts("inb_other").List(t.Context(), nil, 0); err != nil || len(none) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}

// upload appends a draft as a mail client does.
func (b *bed) upload(raw string) MessageID {
	b.t.Helper()
	_, uid := b.put(DraftsMailbox, raw, Draft)
	return b.messageAt(DraftsMailbox, uid)
}

func TestAChangedDraftKeepsItsIDAndGetsANewUID(t *testing.T) {
	b := newBed(t)
	d := b.draft(draftMail("Plan", "penguin"), func(n *NewDraft) { n.Labels = []string{"mine"} })
	before := b.box(DraftsMailbox)
	if found := b.search(DraftsMailbox, message.BodyText, "penguin"); len(found) != 1 {
		t.Fatalf("%v", found)
	}
	rows, _, err := b.in.Rows(t.Context(), before.ID, []uint32{1}, WantPlace)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%+v, %v", rows, err)
	}
	b.pass(time.Minute)
	end := b.end()
	changed := b.changeDraft(d.ID, DraftChange{Version: d.Version, Spool: b.spool(draftMail("Better plan", "ostrich"))})
	if changed.ID != d.ID || changed.Version == d.Version || changed.Envelope.Subject != "Better plan" || !slices.Equal(changed.Labels, d.Labels) || changed.ThreadID != d.ThreadID || !changed.CreatedAt.Equal(d.CreatedAt) {
		t.Errorf("%+v", changed)
	}
	if lines := b.linesSince(end); len(lines) != 1 || lines[0].Type != "message.updated" || !strings.Contains(string(lines[0].Data), "Better plan") {
		t.Errorf("%+v", lines)
	}
	if raw := b.raw(d.ID); !strings.Contains(raw, "ostrich") {
		t.Errorf("%s", raw)
	}
	after := b.box(DraftsMailbox)
	var there []uint32
	c, err := b.in.Changes(t.Context(), before.ID, before.HighestModseq, func(e Entry) { there = append(there, e.UID) })
	if err != nil || !slices.Equal(there, []uint32{2}) || !slices.Equal(c.Expunged, []uint32{1}) || after.UIDNext != 3 {
		t.Errorf("%v %+v, %v", there, c, err)
	}
	if f, err := b.in.OpenRow(t.Context(), &rows[0]); !errors.Is(err, ErrNotFound) {
		t.Errorf("the old UID opens %v, %v", f, err)
	}
	for text, want := range map[string]int{"penguin": 0, "ostrich": 1} {
		if found := b.search(DraftsMailbox, message.BodyText, text); len(found) != want {
			t.Errorf("%s: %v", text, found)
		}
	}
	if files := b.draftFiles(); len(files) != 1 {
		t.Errorf("%v", files)
	}
	if th, err := b.in.Thread(t.Context(), d.ThreadID); err != nil || th.MessageCount != 1 || th.Subject != "Better plan" {
		t.Errorf("%+v, %v", th, err)
	}
	if _, err := b.in.ChangeDraft(t.Context(), d.ID, DraftChange{Version: d.Version, Spool: b.spool(draftMail("Late", "x"))}); !errors.Is(err, ErrDraftChanged) {
		t.Errorf("%v", err)
	}
	if files := b.draftFiles(); len(files) != 1 {
		t.Errorf("what was refused left %v", files)
	}
}

func TestADraftThatAClientFlaggedKeepsItsFlagsWhenItIsChanged(t *testing.T) {
	b := newBed(t)
	id := b.upload(draftMail("Of a client", "one"))
	if _, err := b.in.ChangeMessage(t.Context(), id, MessageChange{AddLabels: []string{LabelStarred, "vip"}}); err != nil {
		t.Fatal(err)
	}
	d := b.changeDraft(id, DraftChange{Spool: b.spool(draftMail("Of us", "two"))})
	if !slices.Equal(d.Labels, []string{LabelUnread, LabelStarred, LabelDraft, "vip"}) {
		t.Errorf("%v", d.Labels)
	}
	if files := b.draftFiles(); len(files) != 1 || !strings.HasSuffix(files[0], ":2,DF") {
		t.Errorf("%v", files)
	}
	b.reopen()
	if raw := b.raw(id); !strings.Contains(raw, "two") {
		t.Errorf("%s", raw)
	}
}

func TestADraftThatLiesElsewhereTooIsNotChangedThere(t *testing.T) {
	b := newBed(t)
	d := b.draft(draftMail("Plan", "one"), nil)
	if _, err := b.in.Transfer(t.Context(), b.box(DraftsMailbox).ID, []uint32{1}, ArchiveMailbox, false); err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.ChangeDraft(t.Context(), d.ID, DraftChange{Spool: b.spool(draftMail("Plan", "two"))}); !errors.Is(err, errDraftElsewhere) {
		t.Errorf("%v", err)
	}
	done, err := b.in.SendDraft(t.Context(), sending(d.ID))
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.in.Message(t.Context(), d.ID)
	if err != nil || !slices.Equal(m.Mailboxes, []string{ArchiveMailbox}) || done.ID == d.ID {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestAWithdrawnDraftGoesToTrashAndComesBackToDrafts(t *testing.T) {
	b := newBed(t)
	d := b.draft(draftMail("Plan", "one"), nil)
	if err := b.in.DeleteDraft(t.Context(), d.ID, "other", false); !errors.Is(err, ErrDraftChanged) {
		t.Errorf("%v", err)
	}
	if err := b.in.DeleteDraft(t.Context(), d.ID, d.Version, false); err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Draft(t.Context(), d.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	m, err := b.in.ChangeMessage(t.Context(), d.ID, MessageChange{RemoveLabels: []string{LabelTrash}})
	if err != nil || !slices.Equal(m.Mailboxes, []string{DraftsMailbox}) {
		t.Errorf("%+v, %v", m, err)
	}
	if err := b.in.DeleteDraft(t.Context(), d.ID, "", true); err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Message(t.Context(), d.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestASentDraftLeavesDraftsInTheCommitThatQueuesIt(t *testing.T) {
	b := newBed(t)
	answered := b.deliver(mail("<1@x>", "", "Hello", "ann@x.example", "x"))
	d := b.draft(draftMail("Plan", "one\r\n.two"), func(n *NewDraft) {
		n.Thread, n.Answers, n.Labels, n.Unsubscribe = answered.ThreadID, answered.ID, []string{"mine"}, true
	})
	b.pass(time.Hour)
	end := b.end()
	done, err := b.in.SendDraft(t.Context(), sending(d.ID))
	if err != nil || done.Status != Queued || done.ThreadID != answered.ThreadID || done.MessageID != "<d@demo.localhost>" {
		t.Fatalf("%+v, %v", done, err)
	}
	var types []string
	for _, l := range b.linesSince(end) {
		types = append(types, l.Type)
	}
	if !slices.Equal(types, []string{"message.sent", "message.updated", "message.deleted"}) {
		t.Errorf("%v", types)
	}
	if _, err := b.in.Message(t.Context(), d.ID); !errors.Is(err, ErrNotFound) || len(b.draftFiles()) != 0 {
		t.Errorf("the draft is still there: %v, %v", err, b.draftFiles())
	}
	want := strings.Replace(draftMail("Plan", "one\r\n.two"), "12:00:00", "13:00:00", 1)
	if raw := b.raw(done.ID); raw != want {
		t.Errorf("sent\n%s\nwant\n%s", raw, want)
	}
	sent, err := b.in.Message(t.Context(), done.ID)
	if err != nil || !slices.Equal(sent.Labels, []string{LabelSent, "mine"}) {
		t.Errorf("%+v, %v", sent, err)
	}
	if m, err := b.in.Message(t.Context(), answered.ID); err != nil || !b.has(m.ID, Answered) {
		t.Errorf("%+v, %v", m, err)
	}
	parcels := b.claim()
	if len(parcels) != 2 || !parcels[0].Unsubscribe {
		t.Errorf("%+v", parcels)
	}
	if _, err := b.in.SendDraft(t.Context(), sending(d.ID)); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// has reports whether a message is flagged so wherever it lies.
func (b *bed) has(id MessageID, f Flags) (yes bool) {
	b.t.Helper()
	err := b.in.edit(b.t.Context(), func(e *edit) error {
		list, _, err := e.places(id)
		yes = len(list) > 0 && !slices.ContainsFunc(list, func(p placement) bool { return p.flags&f == 0 })
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return yes
}

func TestADraftOfAClientIsSentWithCompleteFieldsAndLineEnds(t *testing.T) {
	b := newBed(t)
	id := b.upload("From: me@demo.localhost\nTo: x@far.example\nReturn-Path: <evil@x>\nSubject: bare\n\nline\nline\n")
	done, err := b.in.SendDraft(t.Context(), sending(id))
	if err != nil {
		t.Fatal(err)
	}
	raw := b.raw(done.ID)
	if strings.Contains(strings.ReplaceAll(raw, "\r\n", ""), "\n") || !strings.HasPrefix(raw, "Date: Sun, 01 Mar 2026 12:00:00 +0000\r\nMessage-ID: <") || strings.Contains(raw, "Return-Path") || !strings.HasSuffix(raw, "\r\n\r\nline\r\nline\r\n") {
		t.Errorf("%q", raw)
	}
	for name, text := range map[string]string{"nobody": "From: me@demo.localhost\r\n\r\nx\r\n", "no address": "From: me@demo.localhost\r\nTo: bob\r\n\r\nx\r\n"} {
		id := b.upload(text)
		if _, err := b.in.SendDraft(t.Context(), sending(id)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := b.in.Draft(t.Context(), id); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused := sending(b.upload(draftMail("Plan", "x")))
	refused.Author = func([]byte) (string, error) { return "", io.ErrUnexpectedEOF }
	if _, err := b.in.SendDraft(t.Context(), refused); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}

func TestADraftToNobodyWhoMayBeSentToStays(t *testing.T) {
	b := newBed(t)
	if _, err := b.out().Suppress(t.Context(), []Suppression{{Address: "x@far.example", Reason: SuppressedByHand}, {Address: "secret@far.example", Reason: SuppressedByHand}}); err != nil {
		t.Fatal(err)
	}
	d := b.draft(draftMail("Plan", "x"), nil)
	if _, err := b.in.SendDraft(t.Context(), sending(d.ID)); !errors.Is(err, ErrSuppressed) {
		t.Errorf("%v", err)
	}
	if now, err := b.in.Draft(t.Context(), d.ID); err != nil || now.Version != d.Version || len(b.queuedFiles()) != 0 {
		t.Errorf("%+v, %v, %v", now, err, b.queuedFiles())
	}
}

func TestManyWhoSendOneDraftSendItOnce(t *testing.T) {
	b := newBed(t)
	for _, keyed := range []bool{true, false} {
		d := b.draft(draftMail("Plan", "x"), nil)
		s := sending(d.ID)
		if keyed {
			s.Request = &Repeatable{Name: "send", BodyHash: []byte("h")}
		}
		const many = 6
		var done [many]Submitted
		var errs [many]error
		var group sync.WaitGroup
		for i := range many {
			group.Go(func() { done[i], errs[i] = b.in.SendDraft(context.Background(), s) })
		}
		group.Wait()
		sent := 0
		for i := range many {
			if errs[i] == nil && !done[i].Replayed {
				sent++
			}
			if keyed && (errs[i] != nil || done[i].ID != done[0].ID) || !keyed && errs[i] != nil && !errors.Is(errs[i], ErrNotFound) && !errors.Is(errs[i], ErrDraftChanged) {
				t.Errorf("keyed %v: %+v, %v", keyed, done[i], errs[i])
			}
		}
		if sent != 1 {
			t.Errorf("keyed %v: sent %d times", keyed, sent)
		}
	}
	if len(b.list(MessageFilter{Mailbox: SentMailbox})) != 2 {
		t.Error("not two messages are in Sent")
	}
}

// What is changed while it is sent goes as it is then, but for a version that was named; one that never comes to rest stays.
func TestADraftThatIsChangedWhileItIsSentIsSentAsItIsThen(t *testing.T) {
	b := newBed(t)
	try := func(changes int, named bool) (done Submitted, looked int, err error) {
		d := b.draft(draftMail("Plan", "first"), nil)
		s := sending(d.ID)
		if named {
			s.Draft.Version = d.Version
		}
		s.Author = func([]byte) (string, error) {
			if looked++; looked <= changes {
				b.changeDraft(d.ID, DraftChange{Spool: b.spool(draftMail("Plan", fmt.Sprint("changed ", looked)))})
			}
			return sender, nil
		}
		done, err = b.in.SendDraft(t.Context(), s)
		return done, looked, err
	}
	if done, looked, err := try(2, false); err != nil || looked != 3 || !strings.HasSuffix(b.raw(done.ID), "\r\n\r\nchanged 2\r\n") {
		t.Errorf("changed twice: looked at %d times, %v", looked, err)
	}
	for named, want := range map[bool]int{false: draftTries, true: 1} {
		if _, looked, err := try(100, named); !errors.Is(err, ErrDraftChanged) || looked != want {
			t.Errorf("a version is named: %v; looked at %d times, %v", named, looked, err)
		}
	}
	if list := b.list(MessageFilter{Mailbox: DraftsMailbox}); len(list) != 2 || len(b.list(MessageFilter{Mailbox: SentMailbox})) != 1 || len(b.claim()) != 1 {
		t.Errorf("%d drafts are there", len(list))
	}
}

func TestADraftBeyondALimitIsRefusedAndLeavesNothing(t *testing.T) {
	b := newBed(t)
	now := b.opt.Clock()
	labels := make([]string, MaxLabels+1)
	for i := range labels {
		labels[i] = fmt.Sprint("label-", i)
	}
	for name, change := range map[string]func(*NewDraft){
		"labels": func(n *NewDraft) { n.Labels = labels }, "no label": func(n *NewDraft) { n.Labels = []string{"two words"} },
		"passed": func(n *NewDraft) { n.SendAt = now }, "too far ahead": func(n *NewDraft) { n.SendAt = now.Add(MaxAhead + time.Second) },
	} {
		n := NewDraft{Spool: b.spool(draftMail("Plan", "x"))}
		change(&n)
		if _, _, err := b.in.CreateDraft(t.Context(), n); fault.From(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if files := b.draftFiles(); len(files) != 0 || !b.next().IsZero() {
		t.Errorf("%v, %v", files, b.next())
	}
	d := b.draft(draftMail("Plan", "x"), func(n *NewDraft) { n.Labels, n.SendAt = labels[1:], now.Add(MaxAhead) })
	if _, err := b.in.ChangeDraft(t.Context(), d.ID, DraftChange{Labels: &labels, Spool: b.spool(draftMail("Plan", "y"))}); !errors.Is(err, errTooManyLabels) {
		t.Errorf("%v", err)
	}
	if again, err := b.in.Draft(t.Context(), d.ID); err != nil || again.Version != d.Version || len(b.draftFiles()) != 1 {
		t.Errorf("%+v, %v, %v", again, b.draftFiles(), err)
	}
	named := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("x%d@far.example", i)
		}
		return strings.Join(list, ",\r\n ")
	}
	for name, raw := range map[string]string{
		"recipients of one field": "From: me@demo.localhost\r\nTo: " + named(MaxRecipients+1) + "\r\n\r\nx\r\n",
		"recipients":              "From: me@demo.localhost\r\nTo: " + named(MaxRecipients-1) + "\r\nCc: a@far.example, b@far.example\r\n\r\nx\r\n",
		"octets of a header":      "From: me@demo.localhost\r\nTo: x@far.example\r\n" + strings.Repeat("X-Long: x\r\n", message.MaxHeaderBytes/11) + "Bcc: never@far.example\r\n\r\nx\r\n",
	} {
		id := b.upload(raw)
		if _, err := b.in.SendDraft(t.Context(), sending(id)); fault.From(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := b.in.Draft(t.Context(), id); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := b.claim(); len(got) != 0 {
		t.Errorf("%d parcels", len(got))
	}
	if done, err := b.in.SendDraft(t.Context(), sending(b.upload("From: me@demo.localhost\r\nTo: "+named(MaxRecipients-1)+"\r\n\r\nx\r\n"))); err != nil || b.status(done.ID) != Queued {
		t.Errorf("%v", err)
	}
}

func TestARepeatedRequestMakesOneDraft(t *testing.T) {
	b := newBed(t)
	request := func(n *NewDraft) { n.Request = &Repeatable{Name: "make", BodyHash: []byte("h")} }
	var made [6]DraftMessage
	var group sync.WaitGroup
	for i := range made {
		group.Go(func() { made[i] = b.draft(draftMail("Plan", "x"), request) })
	}
	group.Wait()
	b.crash()
	again := b.draft(draftMail("Plan", "x"), request)
	for _, d := range made {
		if d.ID != again.ID || d.Version != again.Version {
			t.Errorf("%s and %s", d.ID, again.ID)
		}
	}
	if len(b.list(MessageFilter{Mailbox: DraftsMailbox})) != 1 || len(b.draftFiles()) != 1 {
		t.Errorf("%v", b.draftFiles())
	}
	if err := b.in.DeleteDraft(t.Context(), again.ID, "", true); err != nil {
		t.Fatal(err)
	}
	if d, found, err := b.in.RecallDraft(t.Context(), &Repeatable{Name: "make", BodyHash: []byte("h")}); err != nil || !found || d.ID != again.ID {
		t.Errorf("%+v %v, %v", d, found, err)
	}
	if _, _, err := b.in.RecallDraft(t.Context(), &Repeatable{Name: "make", BodyHash: []byte("other")}); !errors.Is(err, errAnswerReused) {
		t.Errorf("%v", err)
	}
}

func TestADraftOfAThreadThatWasMergedMeanwhileJoinsTheOneThatLives(t *testing.T) {
	b := newBed(t)
	first, second := b.deliver(mail("<1@x>", "", "One", "ann@x.example", "x")), b.deliver(mail("<2@x>", "", "Two", "ann@x.example", "x"))
	b.deliver(mail("<3@x>", "<1@x> <2@x>", "Three", "ann@x.example", "x"))
	live, gone := first.ThreadID, second.ThreadID
	d := b.draft(draftMail("Plan", "x"), func(n *NewDraft) { n.Thread = gone })
	th, err := b.in.Thread(t.Context(), gone)
	if err != nil || d.ThreadID != live || th.ID != live || th.MessageCount != 4 {
		t.Errorf("%s, %+v, %v", d.ThreadID, th, err)
	}
	done, err := b.trySubmit(outgoingMail("<4@x>", "Four"), func(s *Submission) { s.Thread = gone }, "x@far.example")
	if err != nil || done.ThreadID != live {
		t.Errorf("%+v, %v", done, err)
	}
	if list, _, err := b.in.Messages(t.Context(), MessageFilter{ThreadID: live}, nil, 0); err != nil || len(list) != 5 {
		t.Errorf("%d messages, %v", len(list), err)
	}
}
