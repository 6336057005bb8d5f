package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// Bounds of an import.
const (
	MaxImportBytes = 8 << 20
	MaxImported    = 100_000 // addresses
	importRound    = 1000    // of them, in one commit
)

// columns are those of the file, in the order of an export.
var columns = []string{"address", "reason", "note", "createdAt"}

type (
	suppressionImport struct {
		OperatorQuery
		Idempotent
	}
	imported struct {
		Added int `json:"added" doc:"How many were not suppressed before."`
		Read  int `json:"read" doc:"How many the file holds."`
	}
	// importedSuppression is one entry of a JSON list.
	importedSuppression struct {
		Address   string  `json:"address"`
		Reason    string  `json:"reason"`
		Note      string  `json:"note"`
		CreatedAt ignored `json:"createdAt"`
	}
	// ignored is what an export tells and an import does not take.
	ignored struct{}
)

// UnmarshalJSON takes anything.
func (*ignored) UnmarshalJSON([]byte) error { return nil }

var (
	errImportType = newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body must be text/csv or application/json.")
	errImportMany = fault.New(fault.Invalid, "too_many_entries", "One import takes at most %d addresses; split the file.", MaxImported).At("body")
)

func (s *Server) suppressionFileRoutes(a huma.API, list string) {
	op := route(http.MethodPost, list+"/import", "importSuppressions", "routing", "Suppress the addresses of a file; one with a mistake in it adds nothing", 200)
	op.Description = "text/csv with the columns address, reason and note (with a first line that names them, or address alone), or a JSON list of addresses or of objects {address, reason, note}. At most 100,000."
	s.large[op.Method+" "+op.Path] = large{limit: MaxImportBytes, need: tenancy.SuppressionsCreate}
	registerAction(s, a, op, importSuppressions)
	text := &huma.Schema{Type: huma.TypeString}
	item := &huma.Schema{Extensions: map[string]any{"anyOf": []any{map[string]any{"type": "string"}, map[string]any{"type": "object"}}}, Description: "An address, or {address, reason, note}."}
	wrong := a.OpenAPI().Paths[op.Path].Post.Responses["400"]
	for _, status := range []string{"413", "415"} {
		a.OpenAPI().Paths[op.Path].Post.Responses[status] = &huma.Response{Description: "See code.", Content: wrong.Content}
	}
	a.OpenAPI().Paths[op.Path].Post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"text/csv": {Schema: text}, "application/json": {Schema: &huma.Schema{Type: huma.TypeArray, Items: item}},
	}}
	out := route(http.MethodGet, list+"/export", "exportSuppressions", "routing", "All suppressed addresses as CSV, newest first", 200)
	out.Responses = bytesOf("text/csv")
	register(s, a, out, s.exportSuppressions)
}

func importSuppressions(ctx context.Context, g *tenancy.Grant, in suppressionImport) (int, imported, error) {
	var done imported
	out, err := suppressionsOf(ctx, g, in.workspace(), tenancy.SuppressionsCreate, "query.")
	if err != nil {
		return 0, done, err
	}
	c := callOf(ctx)
	list, err := readSuppressions(c.r.Header.Get("Content-Type"), c.body)
	if err != nil {
		return 0, done, err
	}
	for done.Read = len(list); len(list) > 0; {
		n := min(len(list), importRound)
		added, err := out.Suppress(ctx, list[:n])
		if done.Added += added; err != nil {
			return 0, done, err
		}
		list = list[n:]
	}
	return http.StatusOK, done, nil
}

// readSuppressions reads a file of either type, and tells all that is wrong with it.
func readSuppressions(contentType string, body []byte) (list []mailstore.Suppression, err error) {
	kind, _, _ := mime.ParseMediaType(contentType)
	var m mistakes
	var all []importedSuppression
	switch kind {
	case "text/csv":
		all, err = readCSV(body)
	case "application/json":
		all, err = readJSONList(&m, body)
	default:
		err = errImportType
	}
	if err != nil {
		return nil, err
	}
	for i, x := range all {
		list = append(list, m.suppression(fmt.Sprintf("body[%d]", i), mailstore.Suppression{Address: x.Address, Reason: x.Reason, Detail: x.Note}))
	}
	return list, m.err()
}

func readCSV(body []byte) (list []importedSuppression, err error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 {
		return nil, fault.New(fault.Invalid, validationFailed, "The file must be UTF-8 without the character U+0000.").At("body")
	}
	r := csv.NewReader(bytes.NewReader(body))
	r.FieldsPerRecord, r.TrimLeadingSpace, r.ReuseRecord = -1, true, true
	place := map[string]int{"address": 0, "reason": 1, "note": 2}
	for first := true; ; first = false {
		record, err := r.Read()
		switch {
		case err == io.EOF:
			return list, nil
		case err != nil:
			return nil, fault.New(fault.Invalid, validationFailed, "The file is no CSV: %v.", err).At("body")
		case first && !strings.Contains(record[0], "@"):
			if place, err = named(record); err != nil {
				return nil, err
			}
			continue
		case len(list) == MaxImported:
			return nil, errImportMany
		}
		cell := func(name string) string {
			if i, there := place[name]; there && i < len(record) {
				return strings.Clone(record[i])
			}
			return ""
		}
		list = append(list, importedSuppression{Address: cell("address"), Reason: cell("reason"), Note: unguarded(cell("note"))})
	}
}

// named finds the columns by a first line that names them.
func named(record []string) (map[string]int, error) {
	place := map[string]int{}
	for i, name := range record {
		if name = strings.ToLower(strings.TrimSpace(name)); name == "email" {
			name = "address"
		}
		place[name] = i
	}
	if _, there := place["address"]; !there {
		return nil, fault.New(fault.Invalid, validationFailed, "The first line holds no address and names no column address.").At("body[0]")
	}
	return place, nil
}

func readJSONList(m *mistakes, body []byte) (list []importedSuppression, err error) {
	var raw []json.RawMessage
	if err := unmarshal(body, &raw); err != nil {
		return nil, fault.New(fault.Invalid, validationFailed, "The body is a JSON list: %v.", err).At("body")
	}
	if len(raw) > MaxImported {
		return nil, errImportMany
	}
	for i, text := range raw {
		var x importedSuppression
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		if json.Unmarshal(text, &x.Address) != nil && dec.Decode(&x) != nil {
			m.add(fmt.Sprintf("body[%d]", i), "An entry is an address or an object {address, reason, note}.")
		}
		list = append(list, x)
	}
	return list, m.err()
}

// guard keeps a spreadsheet from taking what another server said for a formula.
func guard(note string) string {
	if note != "" && strings.ContainsRune("=+-@\t\r'", rune(note[0])) {
		return "'" + note
	}
	return note
}

func unguarded(note string) string {
	if len(note) > 1 && note[0] == '\'' && guard(note[1:]) == note {
		return note[1:]
	}
	return note
}

// exportSuppressions streams: a list may be long. One that breaks off ends the connection, so that nobody takes it for whole.
func (s *Server) exportSuppressions(ctx context.Context, g *tenancy.Grant, in *OperatorQuery) (*huma.StreamResponse, error) {
	out, err := suppressionsOf(ctx, g, in.workspace(), tenancy.SuppressionsRead, "query.")
	if err != nil {
		return nil, err
	}
	page, behind, err := out.Suppressions(ctx, nil, 0)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(h huma.Context) {
		h.SetHeader("Content-Type", "text/csv; charset=utf-8")
		h.SetHeader("Content-Disposition", `attachment; filename="suppressions.csv"`)
		h.SetStatus(http.StatusOK)
		w := csv.NewWriter(h.BodyWriter())
		err := w.Write(columns)
		for err == nil {
			for _, x := range page {
				created, _ := stamp{x.At}.MarshalJSON() // never fails
				err = errors.Join(err, w.Write([]string{x.Address, x.Reason, guard(x.Detail), strings.Trim(string(created), `"`)}))
			}
			if w.Flush(); err == nil {
				err = w.Error()
			}
			if err != nil || behind == nil {
				break
			}
			page, behind, err = out.Suppressions(ctx, behind, 0)
		}
		if err != nil {
			if ctx.Err() == nil {
				s.log.Error("export suppressions", "request", requestID(ctx), "err", err)
			}
			panic(http.ErrAbortHandler)
		}
	}}, nil
}
