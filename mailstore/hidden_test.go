package mailstore

import (
	"slices"
	"testing"
	"time"
)

// A label parts the list in two: what bears it, and what is left when it is hidden.
func TestWhatALabelHidesIsWhatBearsIt(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "Unread", "ann@x.example", "x"))
	b.label(b.deliver(mail("<2@x>", "", "Marked", "ann@x.example", "x")).ID, MessageChange{AddLabels: []string{LabelStarred, "todo", LabelRead}})
	b.label(b.deliver(mail("<3@x>", "", "Away", "ann@x.example", "x")).ID, MessageChange{AddLabels: []string{LabelTrash}})
	b.label(b.deliver(mail("<4@x>", "", "Junk", "ann@x.example", "x")).ID, MessageChange{AddLabels: []string{LabelSpam}})
	b.put(InboxMailbox, mail("<5@x>", "", "Put there", "ann@x.example", "x"), 0)
	b.draft(draftMail("Draft", "x"), nil)
	if _, err := b.trySubmit(outgoingMail("<6@x>", "Later"), func(s *Submission) { s.SendAt = b.opt.Clock().Add(time.Hour) }, "x@far.example"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.try(mail("<7@x>", "", "Blocked", "eve@x.example", "x"), Recipient{Inbox: b.in, Address: "me@demo.localhost", Labels: []string{LabelBlocked}}); err != nil {
		t.Fatal(err)
	}
	everything := MessageFilter{IncludeTrash: true, IncludeSpam: true}
	all := b.list(everything)
	if len(all) != 8 {
		t.Fatalf("%d messages", len(all))
	}
	for _, label := range append(slices.Clone(systemLabels), "todo", LabelBlocked, "none") {
		with, without := everything, everything
		with.Labels, without.Hidden = []string{label}, []string{label}
		bear, rest := b.list(with), b.list(without)
		if label == LabelSpam { // what is in Junk because it is blocked is hidden with that label
			bear = slices.DeleteFunc(bear, func(m Message) bool { return slices.Contains(m.Labels, LabelBlocked) })
		}
		for _, m := range bear {
			if label != LabelRead && !slices.Contains(m.Labels, label) { // read is not among them
				t.Errorf("%s: %v", label, m.Labels)
			}
		}
		for _, m := range all {
			same := func(o Message) bool { return o.ID == m.ID }
			if slices.ContainsFunc(bear, same) == slices.ContainsFunc(rest, same) {
				t.Errorf("%s: %q, with %v, is in both lists or in none", label, m.Envelope.Subject, m.Labels)
			}
		}
	}
}
