package api

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// stamp is a time as every answer writes it: UTC, always with six digits of a second, so that stamps sort as text.
type stamp struct{ time.Time }

const stampForm = `"2006-01-02T15:04:05.000000Z"`

// MarshalJSON writes the one form.
func (t stamp) MarshalJSON() ([]byte, error) { return t.UTC().AppendFormat(nil, stampForm), nil }

// Schema says what it looks like.
func (stamp) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2026-04-01T09:30:00.000000Z"}}
}

// stampOf is nil for no time.
func stampOf(t *time.Time) *stamp {
	if t == nil {
		return nil
	}
	return &stamp{*t}
}
