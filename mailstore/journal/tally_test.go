package journal

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

func TestLinesAboutMailAreCountedOnceForTheirInboxAndTheWorkspace(t *testing.T) {
	db := open(t)
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	err := db.Change(func(tx *sqlite.Tx) error {
		for i, l := range []Line{
			{ID: "evt_1", Type: "message.received", InboxID: "inb_a", At: day}, {ID: "evt_1", Type: "message.received", InboxID: "inb_a", At: day}, // a relay's second try
			{Type: "message.received", InboxID: "inb_b", At: day.Add(59 * time.Minute)}, {Type: "message.received", InboxID: "inb_a", At: day.Add(time.Hour)},
			{Type: "message.bounced", InboxID: "inb_a", At: day.Add(25 * time.Hour)}, {Type: "message.updated", InboxID: "inb_a", At: day}, {Type: "inbox.created", InboxID: "inb_a", At: day},
			{Type: "message.received", InboxID: "inb_a", At: day.Add(-KeepTallies - time.Hour)}, {Type: "message.received", InboxID: "inb_a", At: day.Add(2 * time.Hour)}, // the old one goes
		} {
			if err := Append(tx, l); err != nil {
				return fmt.Errorf("line %d: %w", i, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		inbox    string
		from, to time.Time
		step     time.Duration
		want     []Tally
	}{
		"an inbox by hours":     {"inb_a", day, day.Add(2 * time.Hour), time.Hour, []Tally{{"message.received", day, 1}, {"message.received", day.Add(time.Hour), 1}}},
		"an hour that began":    {"inb_a", day, day.Add(61 * time.Minute), time.Hour, []Tally{{"message.received", day, 1}, {"message.received", day.Add(time.Hour), 1}}},
		"the workspace by days": {"", day.Add(-2 * KeepTallies), day.Add(48 * time.Hour), 24 * time.Hour, []Tally{{"message.bounced", day.Add(24 * time.Hour), 1}, {"message.received", day, 4}}},
		"another inbox":         {"inb_c", day, day.Add(48 * time.Hour), time.Hour, nil},
	} {
		var got []Tally
		if err := db.View(t.Context(), func(tx *sqlite.Tx) (err error) { got, err = Tallies(tx, c.inbox, c.from, c.to, c.step); return err }); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, c.want)
		}
	}
}
