package mailstore

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/journal"
)

func (b *bed) tell(n int) {
	b.t.Helper()
	var lines []journal.Line
	for i := range n {
		lines = append(lines, journal.Line{Type: "inbox.updated", At: b.opt.Clock(), Data: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i))})
	}
	if err := b.in.ws.AppendNews(b.t.Context(), lines); err != nil {
		b.t.Fatal(err)
	}
}

func TestTheStorePrunesItsJournals(t *testing.T) {
	b := newBed(t)
	b.tell(500)
	j := b.in.ws.Journal()
	page, err := j.Read(t.Context(), journal.Cursor{}, nil, nil, 200)
	if err != nil {
		t.Fatal(err)
	}
	b.care()
	if rest, err := j.Read(t.Context(), page.Next, nil, nil, 0); err != nil || rest.Gap || len(rest.Lines) != 300 {
		t.Fatalf("behind the place are %d lines, gap %v, %v", len(rest.Lines), rest.Gap, err)
	}
	b.pass(40 * 24 * time.Hour)
	b.tell(1)
	b.care()
	if all, err := j.Read(t.Context(), journal.Cursor{}, nil, nil, 0); err != nil || len(all.Lines) != 1 {
		t.Errorf("after 40 days %d lines are left, %v", len(all.Lines), err)
	}
	if rest, err := j.Read(t.Context(), page.Next, nil, nil, 0); err != nil || !rest.Gap {
		t.Errorf("the old place gives %+v, %v", rest, err)
	}
}

func TestTheStoreKeepsWhatAWebhookIsStillToBeToldAsLongAsItIsEnabledAndWithinBounds(t *testing.T) {
	f := newFollowing(t)
	f.tell(300)
	f.pass(40 * 24 * time.Hour)
	f.tell(1)
	f.care()
	b := f.next()
	if len(b.Dispatches) != 50 || b.Dispatches[0].Type != "inbox.updated" {
		t.Fatalf("after 40 days it is told %d lines", len(b.Dispatches))
	}
	f.note(b, f.failed(time.Hour), f.delivered())
	f.care()
	f.pass(time.Hour)
	if again := f.next(); again.Dispatches[0].Gone || again.Dispatches[0].EventID != b.Dispatches[0].EventID {
		t.Errorf("what waits is gone: %+v", again.Dispatches[0])
	}
	f.news(FollowerDisabled)
	f.care()
	if n := len(f.lines()); n != 2 {
		t.Errorf("for a webhook that is disabled %d lines are kept", n)
	}
	f.news(FollowerEnabled)
	if b := f.next(); len(b.Dispatches) < 2 || b.Dispatches[0].Type != GapLine && b.Dispatches[1].Type != GapLine {
		t.Errorf("enabled again it is told %+v", b.Dispatches)
	}
	f.tell(100)
	f.pass(journal.DefaultHeldAge + time.Hour)
	f.tell(1)
	f.care()
	if n := len(f.lines()); n != 1 {
		t.Errorf("for a webhook that takes nothing %d lines are kept", n)
	}
}
