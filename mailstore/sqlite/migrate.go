package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"sort"
	"strconv"

	"github.com/postroom/postroom/mailstore/fault"
)

// migrate brings the file from its user_version to the newest migration, each step in a transaction of its own.
func migrate(ctx context.Context, conn *sql.Conn, files fs.FS) error {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	sort.Strings(names)
	var version int
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if version > len(names) {
		return fault.New(fault.Unavailable, "schema_too_new",
			"The data was written by a newer Postroom (schema %d, this program knows %d): install that version or a later one.", version, len(names))
	}
	for i, name := range names {
		number, err := strconv.Atoi(name[:min(4, len(name))])
		if err != nil || number != i+1 {
			return fmt.Errorf("migration %q must begin with %04d", name, i+1)
		}
		if number <= version {
			continue
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("read migration %s: %w", name, err)
		}
		if _, err := conn.ExecContext(ctx, fmt.Sprintf("BEGIN IMMEDIATE;\n%s\n;PRAGMA user_version = %d; COMMIT", text, number)); err != nil {
			conn.ExecContext(ctx, "ROLLBACK")
			return fmt.Errorf("migration %s: %w", name, err)
		}
	}
	return nil
}
