package mailstore

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/postroom/postroom/mailstore/fault"
)

func TestABatchChangesEachMessageInOneCommitAndSaysWhatItDidNot(t *testing.T) {
	b := newBed(t)
	one, two, full := b.deliver(mail("<1@x>", "", "one", "a@b", "x")), b.deliver(mail("<2@x>", "", "two", "a@b", "x")), b.deliver(mail("<3@x>", "", "full", "a@b", "x"))
	var many []string
	for i := range MaxLabels {
		many = append(many, fmt.Sprintf("label-%d", i))
	}
	if _, err := b.in.ChangeMessage(t.Context(), full.ID, MessageChange{AddLabels: many}); err != nil {
		t.Fatal(err)
	}
	before := len(b.lines())
	list, err := b.in.ChangeMessages(t.Context(), []MessageID{two.ID, "msg_none", full.ID, one.ID, two.ID}, MessageChange{AddLabels: []string{"trash", "more", "read"}})
	if err != nil {
		t.Fatal(err)
	}
	var ids []MessageID
	for _, o := range list {
		ids = append(ids, o.ID)
	}
	if !slices.Equal(ids, []MessageID{two.ID, "msg_none", full.ID, one.ID}) {
		t.Fatalf("%v", ids)
	}
	if !errors.Is(list[1].Err, ErrNotFound) || fault.KindOf(list[2].Err) != fault.Exhausted || list[0].Err != nil || list[3].Err != nil {
		t.Errorf("%+v", list)
	}
	if want := []string{"received", "trash", "more"}; !slices.Equal(list[0].Message.Labels, want) || !slices.Equal(list[3].Message.Labels, want) {
		t.Errorf("%v %v", list[0].Message.Labels, list[3].Message.Labels)
	}
	if !slices.Equal(list[2].Message.Mailboxes, []string{InboxMailbox}) { // it is as it was
		t.Errorf("%+v", list[2].Message)
	}
	if n := len(b.lines()) - before; n != 2 {
		t.Errorf("%d lines", n)
	}
	if list, err = b.in.MessagesNamed(t.Context(), []MessageID{one.ID, "msg_none", one.ID}); err != nil || len(list) != 2 || list[0].Message.ID != one.ID || !errors.Is(list[1].Err, ErrNotFound) {
		t.Errorf("%+v %v", list, err)
	}
	if list, err = b.in.DeleteMessages(t.Context(), []MessageID{one.ID, full.ID, "msg_none"}, false); err != nil || list[0].Err != nil || list[0].Message.ID != "" || !slices.Equal(list[1].Message.Mailboxes, []string{TrashMailbox}) || !errors.Is(list[2].Err, ErrNotFound) {
		t.Errorf("%+v %v", list, err)
	}
	other := b.in.ws.Inbox("inb_00000000000000000000000000")
	if list, err = other.DeleteMessages(t.Context(), []MessageID{two.ID}, true); err != nil || !errors.Is(list[0].Err, ErrNotFound) {
		t.Errorf("another inbox: %+v %v", list, err)
	}
	if list, err = other.MessagesNamed(t.Context(), []MessageID{two.ID}); err != nil || !errors.Is(list[0].Err, ErrNotFound) {
		t.Errorf("another inbox: %+v %v", list, err)
	}
	for _, err := range []error{
		second(b.in.MessagesNamed(t.Context(), make([]MessageID, MaxBatchRead+1))), second(b.in.ChangeMessages(t.Context(), make([]MessageID, MaxBatchChange+1), MessageChange{})),
		second(b.in.ChangeMessages(t.Context(), []MessageID{two.ID}, MessageChange{AddLabels: []string{"sent"}})),
	} {
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
	}
}

func TestABatchAtItsLimitIsDone(t *testing.T) {
	b := newBed(t)
	m := b.deliver(mail("<1@x>", "", "one", "a@b", "x"))
	ids := []MessageID{m.ID}
	for i := range MaxBatchChange - 1 {
		ids = append(ids, MessageID(fmt.Sprintf("msg_%d", i)))
	}
	if list, err := b.in.ChangeMessages(t.Context(), ids, MessageChange{AddLabels: []string{"mine"}}); err != nil || len(list) != MaxBatchChange || list[0].Err != nil || !errors.Is(list[MaxBatchChange-1].Err, ErrNotFound) {
		t.Errorf("%d, %v", len(list), err)
	}
	if list, err := b.in.MessagesNamed(t.Context(), ids[:MaxBatchRead]); err != nil || len(list) != MaxBatchRead || list[0].Err != nil {
		t.Errorf("%d, %v", len(list), err)
	}
	if _, err := b.in.DeleteMessages(t.Context(), append(ids, "msg_more"), true); !errors.Is(err, errBatchChange) {
		t.Errorf("%v", err)
	}
	if list, err := b.in.DeleteMessages(t.Context(), ids, true); err != nil || list[0].Err != nil || len(b.list(MessageFilter{})) != 0 {
		t.Errorf("%v", err)
	}
}

func second[T any](_ T, err error) error { return err }
