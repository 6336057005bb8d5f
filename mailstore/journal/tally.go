package journal

import (
	"fmt"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// KeepTallies is how long it is known how many lines there were in an hour.
const KeepTallies = 400 * 24 * time.Hour

// Tally is how many lines of a type came in a span of time that began at At.
type Tally struct {
	Type  string
	At    time.Time
	Count int64
}

// tallied reports whether lines of a type are counted: those that tell of mail on its way, and not of what people do with it.
func tallied(event string) bool {
	return strings.HasPrefix(event, "message.") && event != "message.updated" && event != "message.deleted"
}

// count adds a line to the tallies of its inbox and of the workspace, in the commit that it is written in.
func count(tx *sqlite.Tx, l Line) error {
	if !tallied(l.Type) {
		return nil
	}
	inboxes := []string{""}
	if l.InboxID != "" {
		inboxes = append(inboxes, l.InboxID)
	}
	hour := hourOf(l.At)
	for _, inbox := range inboxes {
		var n int64
		err := tx.Row(`INSERT INTO tallies (inbox_id, type, hour, count) VALUES (?, ?, ?, 1)
			ON CONFLICT (inbox_id, type, hour) DO UPDATE SET count = count + 1 RETURNING count`, sqlite.Args(inbox, l.Type, hour), &n)
		if err == nil && n == 1 {
			_, err = tx.Exec("DELETE FROM tallies WHERE inbox_id = ? AND type = ? AND hour < ?", inbox, l.Type, hour-int64(KeepTallies/time.Hour))
		}
		if err != nil {
			return fmt.Errorf("count in the journal: %w", err)
		}
	}
	return nil
}

func hourOf(at time.Time) int64 { return at.Unix() / int64(time.Hour/time.Second) }

// Tallies are the counts of an inbox, or with "" of the workspace, by type and time, from the hour of from until to, in steps of
// whole hours that begin with 1970. Where nothing came there is none. It looks at
// what is kept of the inbox, at most a row for each type and hour of KeepTallies.
func Tallies(tx *sqlite.Tx, inbox string, from, to time.Time, step time.Duration) (list []Tally, err error) {
	hours := int64(step / time.Hour)
	err = tx.Each(`SELECT type, hour / ?1 * ?1, SUM(count) FROM tallies
		WHERE inbox_id = ?2 AND hour >= ?3 AND hour < ?4 GROUP BY 1, 2 ORDER BY 1, 2`,
		sqlite.Args(hours, inbox, hourOf(from), hourOf(to.Add(time.Hour-1))), func(scan func(...any) error) error {
			var t Tally
			var hour int64
			err := scan(&t.Type, &hour, &t.Count)
			t.At = time.Unix(hour*3600, 0).UTC()
			list = append(list, t)
			return err
		})
	return list, err
}
