package mailstore

import (
	"testing"
	"time"
)

func (b *bed) contact(m Message) Contact {
	b.t.Helper()
	c, err := b.in.Contact(b.t.Context(), m)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func TestAContactIsWhatWasKnownWhenTheMessageCame(t *testing.T) {
	b := newBed(t)
	first := b.deliver(mail("<1@x>", "", "One", "Ann@X.example", "text"))
	b.pass(time.Hour)
	second := b.deliver(mail("<2@x>", "", "Two", "ann@x.example", "text"))
	b.pass(time.Hour)
	b.deliver(mail("<3@x>", "", "Three", "bob@x.example", "text"))
	if c := b.contact(first); c.Address != "Ann@X.example" || c.Before != 0 || !c.FirstAt.IsZero() || !c.WrittenAt.IsZero() {
		t.Errorf("of the first message: %+v", c)
	}
	if c := b.contact(second); c.Before != 1 || !c.FirstAt.Equal(first.ReceivedAt) {
		t.Errorf("of the second one: %+v", c)
	}
	written := b.now
	b.submit("From: a@a.example\r\nTo: Carl <CARL@x.example>\r\nCc: dora@x.example\r\nBcc: emil@x.example\r\nSubject: s\r\n\r\nx\r\n", "carl@x.example", "dora@x.example", "emil@x.example")
	b.pass(time.Hour)
	for _, who := range []string{"carl", "dora", "emil"} {
		m := b.deliver(mail("<"+who+"@x>", "", "Four", who+"@x.example", "text"))
		if c := b.contact(m); c.Before != 0 || !c.WrittenAt.Equal(written) {
			t.Errorf("of %s: %+v, want %s", who, c, written)
		}
	}
	if c := b.contact(second); !c.WrittenAt.IsZero() {
		t.Errorf("it wrote to ann: %+v", c)
	}
	if c := b.contact(b.deliver("Subject: from nobody\r\n\r\nx\r\n")); c != (Contact{}) {
		t.Errorf("of nobody: %+v", c)
	}
}

func TestContactsOfAnInboxThatIsRemovedAreForgotten(t *testing.T) {
	b := newBed(t)
	b.submit("From: a@a.example\r\nTo: carl@x.example\r\nSubject: s\r\n\r\nx\r\n", "carl@x.example")
	if n := b.count("SELECT COUNT(*) FROM written_to"); n != 1 {
		t.Fatalf("%d", n)
	}
	if err := b.in.ws.RemoveInbox(t.Context(), b.in.id); err != nil {
		t.Fatal(err)
	}
	if n := b.count("SELECT COUNT(*) FROM written_to"); n != 0 {
		t.Errorf("%d are left", n)
	}
}

func TestMailOfTheFirstVersionTellsOfContacts(t *testing.T) {
	f := newFirstSchema(t)
	f.mailbox(2, SentMailbox, `\Sent`, true)
	f.message("msg_01kjmma2g05ehdzmt778em7q51", 2, 1, "From: a@a.example\r\nTo: Carl <CARL@x.example>\r\n\r\nx\r\n", Seen, "", ".Sent")
	f.exec("UPDATE messages SET direction = 2")
	if err := f.db.Close(); err != nil {
		t.Fatal(err)
	}
	f.pass(time.Hour)
	if c := f.contact(f.deliver(mail("<c@x>", "", "Hi", "carl@x.example", "text"))); c.WrittenAt.IsZero() {
		t.Errorf("%+v", c)
	}
}
