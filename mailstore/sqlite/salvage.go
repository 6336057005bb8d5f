package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"strings"

	driversqlite "modernc.org/sqlite"
)

// Salvage reads rows of a database that may be damaged or of an older schema, without a change to it. Each row comes with the names of
// its columns. It ends at the first row that cannot be read.
func Salvage(ctx context.Context, path, query string, each func(columns []string, values []any) error) (err error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro")
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := each(columns, values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// IsNoSuchThing tells of an error that the database has no such table or column.
func IsNoSuchThing(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "no such table") || strings.Contains(err.Error(), "no such column"))
}

// Function lets SQL call a function of one text, in all databases of the process. It must give the same for the same text; call it
// once for a name, before any database is opened.
func Function(name string, f func(string) string) {
	driversqlite.MustRegisterDeterministicScalarFunction(name, 1, func(_ *driversqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, ok := args[0].(string)
		if !ok {
			return nil, fmt.Errorf("%s takes a text", name)
		}
		return f(text), nil
	})
}
