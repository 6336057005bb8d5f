package api

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// moment is a time that may be taken away: absent leaves what is there, null takes it away.
type moment struct {
	given bool
	at    *time.Time
}

// UnmarshalJSON reads a time or null.
func (m *moment) UnmarshalJSON(text []byte) error {
	m.given, m.at = true, nil
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	return json.Unmarshal(text, &m.at)
}

// MarshalJSON writes what UnmarshalJSON reads.
func (m moment) MarshalJSON() ([]byte, error) { return json.Marshal(m.at) }

// Schema is that of a time that may be null.
func (moment) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

// time is the zero time for null.
func (m moment) time() time.Time {
	if m.at == nil {
		return time.Time{}
	}
	return *m.at
}
