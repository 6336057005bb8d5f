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

// migrate brings the file from its user_version to the newest migration, all steps in one transaction: it is as it was, or as the program
// wants it, and a new file is synced once.
func migrate(ctx context.Context, conn *sql.Conn, files fs.FS) error {
	names, err := numbered(files)
	if err != nil {
		return err
	}
	var version int
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	switch {
	case version > len(names):
		return fault.New(fault.Unavailable, "schema_too_new",
			"The data was written by a newer Postroom (schema %d, this program knows %d): install that version or a later one.", version, len(names))
	case version == len(names):
		return nil
	}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin to migrate: %w", err)
	}
	if err := apply(ctx, conn, files, names[version:]); err != nil {
		conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return err
	}
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d; COMMIT", len(names))); err != nil {
		conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return fmt.Errorf("commit migrations: %w", err)
	}
	return nil
}

// numbered are the migrations in their order; the name of each begins with its number.
func numbered(files fs.FS) ([]string, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	sort.Strings(names)
	for i, name := range names {
		if number, err := strconv.Atoi(name[:min(4, len(name))]); err != nil || number != i+1 {
			return nil, fmt.Errorf("migration %q must begin with %04d", name, i+1)
		}
	}
	return names, nil
}

func apply(ctx context.Context, conn *sql.Conn, files fs.FS, names []string) error {
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("read migration %s: %w", name, err)
		}
		if _, err := conn.ExecContext(ctx, string(text)); err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
	}
	return nil
}
