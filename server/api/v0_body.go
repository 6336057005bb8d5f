package api

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// read decodes the body as strictly as /v1 does: see unmarshal, and names that are not in the schema are refused.
func (v *v0Request) read(bodies huma.Registry, schema *huma.Schema, into any) error {
	text := v.body
	if len(text) == 0 {
		text = []byte("{}")
	} else if kind, _, _ := mime.ParseMediaType(v.r.Header.Get("Content-Type")); kind != "application/json" {
		return newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body must be application/json.")
	}
	var m mistakes
	var value any
	if err := unmarshal(text, &value); err != nil {
		m.add("body", "%s.", strings.TrimSuffix(err.Error(), "."))
		return m.err()
	}
	var found huma.ValidateResult
	huma.Validate(bodies, schema, huma.NewPathBuffer([]byte(asWritten), len(asWritten)), huma.ModeWriteToServer, value, &found)
	for _, err := range found.Errors {
		f := fieldOf(err)
		m.add(f.Path, "%s", f.Message)
	}
	if len(m) == 0 {
		if err := json.Unmarshal(text, into); err != nil {
			m.add("body", "%s.", err.Error())
		}
	}
	return m.err()
}

// asWritten begins the place of a mistake whose names are the client's.
const asWritten = "written"

// oneOrMore is a text or a list of texts.
type oneOrMore []string

// UnmarshalJSON takes both.
func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*o = make(oneOrMore, 1)
		return json.Unmarshal(text, &(*o)[0])
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// Schema tells of both.
func (oneOrMore) Schema(huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString}
	return &huma.Schema{OneOf: []*huma.Schema{text, {Type: huma.TypeArray, Items: text}}}
}
