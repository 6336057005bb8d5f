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

func TestTheStorePrunesItsJournalsAndKeepsWhatIsHeld(t *testing.T) {
	b := newBed(t)
	b.tell(500)
	j := b.in.ws.Journal()
	page, err := j.Read(t.Context(), journal.Cursor{}, nil, nil, 200)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Hold(t.Context(), "usage", page.Next); err != nil {
		t.Fatal(err)
	}
	b.pass(40 * 24 * time.Hour)
	b.tell(1)
	b.care()
	rest, err := j.Read(t.Context(), page.Next, nil, nil, 0)
	if err != nil || rest.Gap || len(rest.Lines) != 301 {
		t.Fatalf("behind the place are %d lines, gap %v, %v", len(rest.Lines), rest.Gap, err)
	}
	if all, err := j.Read(t.Context(), journal.Cursor{}, nil, nil, 0); err != nil || len(all.Lines) != 301 {
		t.Errorf("%d lines in all, %v", len(all.Lines), err)
	}
	b.reopen()
	j = b.in.ws.Journal()
	if c, held, err := j.Held(t.Context(), "usage"); err != nil || !held || c != page.Next {
		t.Errorf("after a restart held is %+v %v %v", c, held, err)
	}
	if err := j.Release(t.Context(), "usage"); err != nil {
		t.Fatal(err)
	}
	b.care()
	if all, err := j.Read(t.Context(), journal.Cursor{}, nil, nil, 0); err != nil || len(all.Lines) != 1 {
		t.Errorf("%d lines after the release, %v", len(all.Lines), err)
	}
	if rest, err := j.Read(t.Context(), page.Next, nil, nil, 0); err != nil || !rest.Gap {
		t.Errorf("the old place gives %+v, %v", rest, err)
	}
}
