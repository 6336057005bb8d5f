package api

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
)

// replayGrowth is how much the heap may grow while a journal is replayed, however long it is, in octets.
const replayGrowth = 24 << 20

// replayLines is how long it is here: a million lines with POSTROOM_LONG.
func replayLines() int {
	if os.Getenv("POSTROOM_LONG") != "" {
		return 1_000_000
	}
	return 20_000
}

// lengthen appends lines to a journal, of which every thousandth is of another type. It gives the place before them.
func (w *world) lengthen(n tenant, lines int) (before journal.Cursor) {
	w.t.Helper()
	ws := w.store.Workspace(mailstore.WorkspaceID(n.id))
	before, err := ws.Journal().End(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	const atOnce = 2000
	for first := 0; first < lines; first += atOnce {
		var batch []journal.Line
		for i := first; i < min(first+atOnce, lines); i++ {
			l := journal.Line{Type: "inbox.updated", InboxID: n.inbox, At: time.Now(), Data: json.RawMessage(fmt.Sprintf(`{"id":"%s","n":%d,"displayName":"%0600d"}`, n.inbox, i, i))}
			if i%1000 == 999 {
				l.Type = "domain.verified"
			}
			batch = append(batch, l)
		}
		if err := ws.AppendNews(w.t.Context(), batch); err != nil {
			w.t.Fatal(err)
		}
	}
	return before
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A replay holds a page at a time, by whatever way, and gives every line once and in order.
func TestAReplayOfALongJournalHoldsAPageAtATime(t *testing.T) {
	w := newWorld(t, Config{SlowReader: time.Minute})
	lines := replayLines()
	cursor := w.lengthen(w.a, lines).String()
	type numbered struct{ Data struct{ N int } }
	for way, open := range map[string]func() func() []byte{
		"WebSocket": func() func() []byte {
			c := w.dial("?cursor="+cursor, w.a.key)
			return func() []byte {
				_, raw, err := c.Read(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return raw
			}
		},
		"server-sent events": func() func() []byte {
			e := w.stream("?cursor="+cursor, w.a.key)
			return func() []byte {
				for e.lines.Scan() {
					if raw := e.lines.Bytes(); len(raw) > 6 && string(raw[:6]) == "data: " {
						return raw[6:]
					}
				}
				t.Fatal("the stream has ended")
				return nil
			}
		},
	} {
		next := open()
		before, most := heap(), uint64(0)
		for i := range lines {
			var f numbered
			if err := json.Unmarshal(next(), &f); err != nil || f.Data.N != i {
				t.Fatalf("%s: line %d is %d, %v", way, i, f.Data.N, err)
			}
			if i%(lines/10) == lines/10-1 {
				most = max(most, heap())
			}
		}
		if most > before+replayGrowth {
			t.Errorf("%s: the heap grew from %d to %d octets", way, before, most)
		}
		t.Logf("%s: %d lines, heap %d KB before, at most %d KB meanwhile", way, lines, before>>10, most>>10)
	}
}

// A filter that passes few lines finds them all, without the others being copied.
func TestAReplayThatPassesFewLinesCopiesOnlyThose(t *testing.T) {
	w := newWorld(t, Config{})
	lines := replayLines()
	before := w.lengthen(w.a, lines)
	c := w.dial("?types=domain.verified&cursor="+before.String(), w.a.key)
	for i := range lines / 1000 {
		var f struct {
			Type string
			Data struct{ N int }
		}
		_, raw, err := c.Read(t.Context())
		if err != nil || json.Unmarshal(raw, &f) != nil || f.Type != "domain.verified" || f.Data.N != i*1000+999 {
			t.Fatalf("line %d is %s, %v", i, raw, err)
		}
	}
	c.Close(websocket.StatusNormalClosure, "")
	book := w.store.Workspace(mailstore.WorkspaceID(w.a.id)).Journal()
	allocated := testing.AllocsPerRun(5, func() {
		if _, err := book.Read(t.Context(), before, []string{"domain.verified"}, nil, 50); err != nil {
			t.Fatal(err)
		}
	})
	if allocated > 1500 { // of 5000 lines; one that is copied takes more than five
		t.Errorf("a read that passes 5 of 5000 lines allocates %.0f times", allocated)
	}
}
