package tenancy

import (
	"database/sql"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// size is how many the page holds.
func (p Page) size() int {
	if p.Limit <= 0 {
		return DefaultPage
	}
	return min(p.Limit, MaxPage)
}

// behind is the condition of what follows an id.
func (p Page) behind() string {
	if p.OldestFirst {
		return "id > ?"
	}
	return "id < ?"
}

func (p Page) order() string {
	if p.OldestFirst {
		return " ORDER BY id"
	}
	return " ORDER BY id DESC"
}

// selection builds the end of a list's query: only fixed text goes into it, values are bound.
type selection struct {
	where []string
	args  []any
}

func (s *selection) and(condition string, args ...any) {
	s.where = append(s.where, condition)
	s.args = append(s.args, args...)
}

// list reads one page, newest first unless the page says otherwise, of a query that ends before its WHERE. prefix is that of the list's ids.
func list[T any](tx *sqlite.Tx, query, prefix string, s selection, p Page, read func(scan func(...any) error) (T, string, error)) (out []T, next string, err error) {
	if p.After != "" {
		if !ident.Valid(prefix, p.After) {
			return nil, "", errBadCursor
		}
		s.and(p.behind(), p.After)
	}
	if len(s.where) > 0 {
		query += " WHERE " + strings.Join(s.where, " AND ")
	}
	last, more := "", false
	err = tx.Each(query+p.order()+" LIMIT ?", append(s.args, p.size()+1), func(scan func(...any) error) error {
		if len(out) == p.size() {
			more = true
			return nil
		}
		item, id, err := read(scan)
		out, last = append(out, item), id
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if more {
		next = last
	}
	return out, next, nil
}

// selection of what the scope holds. The workspace must exist.
func (s scope) selection(tx *sqlite.Tx) (sel selection, err error) {
	if s.ws != "" {
		err = workspaceExists(tx, s.ws)
		sel.and("workspace_id = ?", s.ws)
	}
	return sel, err
}

// absent turns "no row" into what a caller is told.
func absent(err error) error {
	if sqlite.NoRows(err) {
		return ErrNotFound
	}
	return err
}

func micro(t *time.Time) sql.NullInt64 {
	if t == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: true}
}

func fromMicro(n int64) time.Time { return time.UnixMicro(n).UTC() }

func fromNull(n sql.NullInt64) *time.Time {
	if !n.Valid {
		return nil
	}
	t := fromMicro(n.Int64)
	return &t
}

// orNull stores "" as NULL, for columns that refer to another table.
func orNull[S ~string](s S) sql.NullString { return sql.NullString{String: string(s), Valid: s != ""} }
