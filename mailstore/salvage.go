package mailstore

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/postroom/postroom/mailstore/sqlite"
)

// salvaged are the tables that nothing but the index holds, taken from an old one as far as it can be read.
var salvaged = []string{"lists", "senders", "suppressions", "rejections", "reports", "drafts", "tallies"}

// noOldIndex is the problem that there is nothing to salvage from.
const noOldIndex = "the old index is not there: allow and block lists, suppressions, records of refused mail, what users have judged, what became of messages that were sent, and counts for metrics are lost"

// salvageBatch is how many rows are in one commit.
const salvageBatch = 500

// salvage takes from the old index what neither files nor state files know. What cannot be read is a problem that is told.
func (b *rebuilder) salvage(ctx context.Context) error {
	old := filepath.Join(b.w.store.workspaceDir(b.w.id), "index.db")
	if !fileExists(old) {
		b.problem("%s", noOldIndex)
		return nil
	}
	for _, table := range salvaged {
		err := b.copyRows(ctx, old, "SELECT * FROM "+table, func(tx *sqlite.Tx, columns []string, values []any) error {
			_, err := tx.Exec("INSERT OR REPLACE INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES (?"+strings.Repeat(", ?", len(columns)-1)+")", values...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return b.copyRows(ctx, old, "SELECT id, status, auth, junk FROM messages WHERE status <> '' OR auth <> '' OR junk <> ''", func(tx *sqlite.Tx, _ []string, values []any) error {
		_, err := tx.Exec(`UPDATE messages SET auth = ?3, junk = ?4, status = CASE WHEN EXISTS (SELECT 1 FROM outgoing o WHERE o.id = messages.id) THEN status ELSE ?2 END WHERE id = ?1`, values...)
		return err
	})
}

// copyRows hands rows of the old index on, in batches. Its failures are problems; those of the new index are errors. An old index of
// before there was such a table has none.
func (b *rebuilder) copyRows(ctx context.Context, old, query string, put func(tx *sqlite.Tx, columns []string, values []any) error) error {
	var columns []string
	var batch [][]any
	var failed error
	flush := func() error {
		failed = b.w.db.Change(func(tx *sqlite.Tx) error {
			for _, values := range batch {
				if err := put(tx, columns, values); err != nil {
					return err
				}
			}
			return nil
		})
		batch = batch[:0]
		return failed
	}
	err := sqlite.Salvage(ctx, old, query, func(names []string, values []any) error {
		columns, batch = names, append(batch, values)
		if len(batch) < salvageBatch {
			return nil
		}
		return flush()
	})
	if failed == nil && len(batch) > 0 {
		flush()
	}
	if failed == nil && err != nil && !sqlite.IsNoSuchThing(err) {
		b.problem("the old index: not all of it could be read (%s): %v", query, err)
	}
	return failed
}
