package imapd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/server/imapd/order"
)

func TestWhatIsKeptForSortingIsBounded(t *testing.T) {
	var budget describedBudget
	var boxes [3]described
	for i := range boxes {
		for uid := uint32(1); uid <= 100_000; uid++ {
			boxes[i].keep(order.Item{UID: uid, Subject: strings.Repeat("x", 300)}, &budget)
		}
	}
	if got := budget.octets.Load(); got > maxDescribed || got < maxDescribed-1000 {
		t.Errorf("%d octets are counted, the bound is %d", got, maxDescribed)
	}
	if boxes[0].fill(&order.Item{UID: 100_001}) || !boxes[0].fill(&order.Item{UID: 1}) || len(boxes[2].items) != 0 {
		t.Error("what was kept first is not what is kept")
	}
	boxes[0].keep(order.Item{UID: 1, Subject: "again"}, &budget)
	for i := range boxes {
		boxes[i].forget(&budget)
	}
	if got := budget.octets.Load(); got != 0 {
		t.Errorf("%d octets are counted after all was forgotten", got)
	}
	boxes[0].keep(order.Item{UID: 1, Subject: strings.Repeat("x", maxDescribedOctets)}, &budget)
	if len(boxes[0].items) != 0 {
		t.Error("a message with a huge header was kept")
	}
}

func TestAMessageThatIsKnownKeepsItsOwnNumber(t *testing.T) {
	var budget describedBudget
	var d described
	d.keep(order.Item{Number: 7, UID: 9, Subject: "s", References: []string{"<a>"}, Arrival: time.Unix(1, 0), Size: 1}, &budget)
	item := order.Item{Number: 3, UID: 9, Arrival: time.Unix(2, 0), Size: 2}
	if !d.fill(&item) || item.Number != 3 || item.Size != 2 || item.Arrival.Unix() != 2 || item.Subject != "s" || len(item.References) != 1 {
		t.Errorf("%+v", item)
	}
}

func TestSortAnswersTheSameFromMemory(t *testing.T) {
	b := newBed(t, nil)
	c := b.login(ann)
	for i := range 30 {
		c.append("INBOX", `\Seen`, fmt.Sprintf("From: p%d@x.example\r\nTo: t@x.example\r\nSubject: s%d\r\nMessage-ID: <%d@x>\r\nReferences: <%d@x>\r\nDate: Sun, 01 Mar 2026 12:00:%02d +0000\r\n\r\nx\r\n", i*7%10, i*13%30, i, i/3, i*11%30))
	}
	c.ok("SELECT INBOX")
	for _, command := range []string{"SORT (SUBJECT) UTF-8 ALL", "SORT (FROM REVERSE DATE) UTF-8 2:20", "UID SORT (DISPLAYTO) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL", "THREAD ORDEREDSUBJECT UTF-8 ALL"} {
		first, _ := c.do(command)
		again, _ := c.do(command)
		if strings.Join(first, "\n") != strings.Join(again, "\n") || len(first) == 0 {
			t.Errorf("%s: %q, then %q", command, first, again)
		}
	}
}
