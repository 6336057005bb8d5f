package mailstore

import "testing"

func TestOfMessagesWithOneMessageIDTheReceivedAndNewestIsFound(t *testing.T) {
	b := newBed(t)
	put := func() { b.put(InboxMailbox, mail("<1@x>", "", "Put there", "ann@x.example", "x"), 0) }
	put()
	find := func() map[string]Message {
		t.Helper()
		found, err := b.in.Enveloped(t.Context(), []string{"<1@x>", "<2@x>", "<none@x>", ""})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := find(); len(found) != 1 || found["<1@x>"].Direction != Appended {
		t.Errorf("found %+v", found)
	}
	b.deliver(mail("<1@x>", "", "One", "ann@x.example", "x"))
	newest := b.deliver(mail("<1@x>", "", "One again", "bob@x.example", "x"))
	second := b.deliver(mail("<2@x>", "", "Two", "ann@x.example", "x"))
	b.deliver(mail("", "", "Without", "ann@x.example", "x"))
	put()
	if found := find(); len(found) != 2 || found["<1@x>"].ID != newest.ID || found["<2@x>"].ID != second.ID {
		t.Errorf("found %+v", found)
	}
	if other, err := b.in.ws.Inbox("inb_00000000000000000000000000").Enveloped(t.Context(), []string{"<1@x>"}); err != nil || len(other) != 0 {
		t.Errorf("another inbox finds %v, %v", other, err)
	}
	many := make([]string, MaxEnveloped+1)
	for at, want := range map[int]int{MaxEnveloped - 1: 1, MaxEnveloped: 0} {
		clear(many)
		many[at] = "<1@x>"
		if found, err := b.in.Enveloped(t.Context(), many); err != nil || len(found) != want {
			t.Errorf("as number %d: %d found, %v", at+1, len(found), err)
		}
	}
}
