package mailstore

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// walked reads a list page by page; between the pages mail comes and goes.
func (b *bed) walked(m Mail, f MessageFilter, limit int, between func(page int)) (ids []string) {
	b.t.Helper()
	var after *Place
	for page := 0; ; page++ {
		list, next, err := m.Messages(b.t.Context(), f, after, limit)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, m := range list {
			ids = append(ids, string(m.ID))
		}
		if after = next; after == nil {
			return ids
		}
		between(page)
	}
}

func TestAWorkspacesListHoldsTheMailOfAllItsInboxesInOrder(t *testing.T) {
	b := newBed(t)
	other := b.in.ws.Inbox(InboxID("inb_00000000000000000000000001"))
	var want []string
	for i := range 7 {
		to := b.in
		if i%2 == 1 {
			to = other
		}
		r, err := b.try(mail("<"+string(rune('a'+i))+"@x>", "", "Nr", "a@b", "x"), Recipient{Inbox: to, Address: "me@x"})
		if err != nil {
			t.Fatal(err)
		}
		r.Confirm()
		want = append(want, string(r.IDs()[0]))
		b.pass(time.Second)
	}
	all, none := b.in.ws.Mail(""), func(int) {}
	if got := b.walked(all, MessageFilter{OldestFirst: true}, 2, none); !slices.Equal(got, want) {
		t.Errorf("oldest first: %v", got)
	}
	if got := b.walked(other.Mail(), MessageFilter{OldestFirst: true}, 1, none); !slices.Equal(got, []string{want[1], want[3], want[5]}) {
		t.Errorf("of one inbox: %v", got)
	}
	threads, _, err := all.Threads(t.Context(), MessageFilter{}, nil, 0)
	if err != nil || len(threads) != 7 || threads[0].InboxID != b.in.id || threads[1].InboxID != other.id {
		t.Errorf("%v %+v", err, threads)
	}
	slices.Reverse(want)
	got := b.walked(all, MessageFilter{}, 3, func(page int) { // what comes is in front, what goes leaves no hole
		b.deliver(mail("", "", "new", "c@d", "x"))
		if err := b.in.DeleteMessage(t.Context(), MessageID(want[2]), true); page == 0 && err != nil {
			t.Fatal(err)
		}
	})
	if !slices.Equal(got, want) {
		t.Errorf("newest first: %v, want %v", got, want)
	}
}

// Whether few or many messages have what a filter asks for, the answer is the same: of 2,400 rows 60 are unread, and 2,340 are not in
// Trash.
func TestFiltersAnswerTheSameForFewAndForMany(t *testing.T) {
	b := newBed(t)
	crowd(t, b.in, 2400)
	yes, no := true, false
	for name, c := range map[string]struct {
		f    MessageFilter
		want int
	}{
		"all":                 {MessageFilter{}, 2340},
		"with trash":          {MessageFilter{IncludeTrash: true}, 2400},
		"with spam alone":     {MessageFilter{IncludeSpam: true}, 2340},
		"a large mailbox":     {MessageFilter{Mailbox: InboxMailbox}, 2340},
		"a small mailbox":     {MessageFilter{Mailbox: TrashMailbox}, 60},
		"unread":              {MessageFilter{Labels: []string{LabelUnread}}, 60},
		"read":                {MessageFilter{Labels: []string{LabelRead}}, 2280},
		"starred, own":        {MessageFilter{Labels: []string{LabelStarred, "RARE"}}, 60},
		"part of a label":     {MessageFilter{Labels: []string{"rar"}}, 0},
		"unread in trash":     {MessageFilter{Labels: []string{LabelUnread, LabelTrash}}, 0},
		"trash":               {MessageFilter{Labels: []string{LabelTrash}}, 60},
		"attachments":         {MessageFilter{HasAttachment: &yes}, 60},
		"none":                {MessageFilter{HasAttachment: &no}, 2280},
		"unread of one":       {MessageFilter{Labels: []string{LabelUnread}, Subject: "number 59 "}, 1},
		"read of one":         {MessageFilter{Labels: []string{LabelRead}, From: "ann96@"}, 23},
		"a large mailbox, to": {MessageFilter{Mailbox: InboxMailbox, To: "me@demo"}, 2340},
		"a Message-ID":        {MessageFilter{MessageID: "<1999@x>"}, 1},
	} {
		for where, m := range map[string]Mail{"inbox": b.in.Mail(), "workspace, oldest first": b.in.ws.Mail("")} {
			c.f.OldestFirst = m.InboxID() == ""
			got := b.walked(m, c.f, 199, func(int) {})
			if !slices.IsSortedFunc(got, func(a, b string) int { // ids sort by the time of creation
				if c.f.OldestFirst {
					return strings.Compare(a, b)
				}
				return strings.Compare(b, a)
			}) || len(slices.Compact(slices.Clone(got))) != c.want {
				t.Errorf("%s, %s: %d messages, want %d", name, where, len(got), c.want)
			}
		}
	}
	threads, next, err := b.in.ws.Mail("").Threads(t.Context(), MessageFilter{Labels: []string{"rare"}, OldestFirst: true}, nil, 50)
	if err != nil || len(threads) != 50 || next == nil {
		t.Fatalf("%d threads, %v, %v", len(threads), next, err)
	}
	more, _, err := b.in.Threads(t.Context(), MessageFilter{Labels: []string{"rare"}, OldestFirst: true, After: threads[55-50].LastAt}, next, 50)
	if err != nil || len(more) != 10 || !more[0].LastAt.After(threads[49].LastAt) {
		t.Errorf("%d threads, %v", len(more), err)
	}
}

func TestAListIsNarrowedByWhatStandsInNamesAndAddressesAndByNothingElse(t *testing.T) {
	b := newBed(t)
	b.deliver("From: \"R&D <Ann> \\\"A\\\"\" <ann_1@x.example>\r\nTo: Bob & Co <bob@y.example>, c@y.example\r\nCc: \"Dan / O'Neil\" <dan@z.example>\r\nSubject: 50% off\r\n\r\nx\r\n")
	for _, c := range []struct {
		filter MessageFilter
		want   int
	}{
		{MessageFilter{From: "r&d"}, 1}, {MessageFilter{From: "<ann>"}, 1}, {MessageFilter{From: `"A"`}, 1}, {MessageFilter{From: "ANN_1@x"}, 1}, {MessageFilter{From: `R&D <Ann> "A"`}, 1},
		{MessageFilter{From: "name"}, 0}, {MessageFilter{From: "address"}, 0}, {MessageFilter{From: `":"`}, 0}, {MessageFilter{From: `\`}, 0}, {MessageFilter{From: "{"}, 0}, {MessageFilter{From: "annX1"}, 0}, {MessageFilter{From: "%"}, 0},
		{MessageFilter{To: "bob & co"}, 1}, {MessageFilter{To: "BOB@y"}, 1}, {MessageFilter{To: "c@y.example"}, 1}, {MessageFilter{To: "o'neil"}, 1}, {MessageFilter{To: "me@demo"}, 1},
		{MessageFilter{To: "name"}, 0}, {MessageFilter{To: "]["}, 0}, {MessageFilter{To: `","`}, 0},
		{MessageFilter{Subject: "50% o"}, 1}, {MessageFilter{Subject: "5_%"}, 0},
	} {
		list, _, err := b.in.Messages(t.Context(), c.filter, nil, 0)
		if err != nil || len(list) != c.want {
			t.Errorf("%+v: %d, %v", c.filter, len(list), err)
		}
	}
}
