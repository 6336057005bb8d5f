package mailstore

import (
	"testing"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/journal"
)

// gather takes all that a Live has, as many lines for each workspace.
func gather(t *testing.T, l *Live) map[WorkspaceID]int {
	t.Helper()
	got := map[WorkspaceID]int{}
	for {
		id, p, err := l.Next(t.Context(), nil, nil, 3)
		if err != nil {
			t.Fatal(err)
		}
		if id == "" {
			return got
		}
		got[id] += len(p.Lines)
	}
}

func TestALiveFollowerGetsWhatHappensInAnyWorkspaceFromNowOn(t *testing.T) {
	b := newBed(t)
	asleep, fresh := b.Workspace(WorkspaceID(ident.New("ws", b.now))), b.Workspace(WorkspaceID(ident.New("ws", b.now)))
	news := func(w Workspace, n int) {
		t.Helper()
		for range n {
			if err := w.AppendNews(t.Context(), []journal.Line{{Type: "inbox.updated", At: b.now}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	news(asleep, 5)
	b.reopen() // asleep has lines, and is not open
	asleep, fresh = b.Workspace(asleep.id), b.Workspace(fresh.id)
	b.tell(4)
	l, err := b.Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := gather(t, l); len(got) > 0 {
		t.Errorf("of what was before it is told %v", got)
	}
	rung := l.Rung()
	b.tell(7)
	news(asleep, 2)
	news(fresh, 1)
	<-rung
	if got := gather(t, l); len(got) != 3 || got[b.in.ws.id] != 7 || got[asleep.id] != 2 || got[fresh.id] != 1 {
		t.Errorf("it is told %v", got)
	}
	select {
	case <-l.Rung():
		t.Error("there is no more, and it rings")
	default:
	}
	l.Close()
	news(fresh, 1)
	if got := gather(t, l); len(got) > 0 {
		t.Errorf("closed, it is told %v", got)
	}
}
