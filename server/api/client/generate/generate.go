// Package generate writes the typed client from the API's OpenAPI document.
//
// It knows the part of OpenAPI 3.1 that the document uses and refuses what it does not know. It reads no file and
// writes none: a test of the API compares what it gives with what is there.
package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"maps"
	"slices"
	"strings"
)

// Client gives the generated files of the client by their names: for each tag of the document its methods, and the types that no other
// tag has; and the types that several have. Operations whose id ends in Alias are left out: they are there under another path. So
// is what has no answer, which is the WebSocket.
func Client(openAPI []byte) (map[string][]byte, error) {
	var doc document
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		return nil, fmt.Errorf("decode document: %w", err)
	}
	owners, sent := doc.owners(), doc.sentSchemas()
	params := sharedParameters(doc.operations())
	writers := map[string]*writer{}
	of := func(tag string) *writer {
		if writers[tag] == nil {
			writers[tag] = &writer{shared: params}
		}
		return writers[tag]
	}
	for _, o := range doc.operations() {
		if err := of(o.tag()).method(o); err != nil {
			return nil, fmt.Errorf("%s %s: %w", o.method, o.path, err)
		}
	}
	of(sharedFile).parameterTypes()
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		if name == "Problem" || name == "ProblemField" {
			continue // written by hand: they are errors
		}
		if err := of(owners[name]).object(name, doc.Components.Schemas[name], sent[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	files := map[string][]byte{}
	for tag, w := range writers {
		source, err := w.source()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", tag, err)
		}
		files["generated_"+tag+".go"] = source
	}
	return files, nil
}

// sharedFile holds what several tags have.
const sharedFile = "shared"

// imports are what a file may need, and how it is seen that it does.
var imports = []struct{ path, use string }{
	{"context", "context.Context"}, {"encoding/json", "json.RawMessage"}, {"io", "io.Read"}, {"net/url", "url.PathEscape"}, {"time", "time.Time"},
}

// source is what was written as a file, with the imports that it needs.
func (w *writer) source() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.\n\npackage client\n\nimport (\n")
	for _, i := range imports {
		if bytes.Contains(w.Bytes(), []byte(i.use)) {
			fmt.Fprintf(&b, "%q\n", i.path)
		}
	}
	b.WriteString(")\n\n")
	b.Write(w.Bytes())
	source, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("format: %w", err)
	}
	return source, nil
}

// writer holds what is written.
type writer struct {
	bytes.Buffer
	shared map[string]parameterStruct // structs of parameters that several operations have, by their fields
}

func (w *writer) print(format string, args ...any) { fmt.Fprintf(w, format, args...) }

// object writes a schema with properties as a struct, and the structs within it.
func (w *writer) object(name string, s *schema, sent bool) error {
	w.print("// %s is %s\n", name, sentence(s.Description, "a part of the API."))
	if len(s.Properties) == 0 {
		kind, err := w.kind(name, s, sent)
		w.print("type %s %s\n\n", name, kind)
		return err
	}
	type inner struct {
		name string
		s    *schema
	}
	var later []inner
	w.print("type %s struct {\n", name)
	for _, property := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[property]
		field := exported(property)
		kind, err := w.kind(name+field, p, sent)
		if err != nil {
			return fmt.Errorf("%s: %w", property, err)
		}
		if o := p.innermost(); len(o.Properties) > 0 {
			later = append(later, inner{name + field, o})
		}
		required := slices.Contains(s.Required, property)
		kind, tag := optional(kind, property, p, required, sent)
		w.print("%s %s `json:%q` // %s\n", field, kind, tag, oneLine(p.Description))
	}
	w.print("}\n\n")
	for _, i := range later {
		if err := w.object(i.name, i.s, sent); err != nil {
			return err
		}
	}
	return nil
}

// optional adds to a kind and a tag what it means that a member may be absent. In what is sent, absent and zero are not
// the same, so scalars are pointers there; what may be null besides is a Nullable.
func optional(kind, property string, s *schema, required, sent bool) (string, string) {
	list := strings.HasPrefix(kind, "[]") || strings.HasPrefix(kind, "map[") || kind == "any" || kind == "json.RawMessage"
	switch {
	case required:
		return kind, property
	case sent && !list && s.Type.null:
		return "Nullable[" + kind + "]", property + ",omitzero"
	case sent && !list:
		return "*" + kind, property + ",omitempty"
	case !list && (s.Ref != "" || len(s.Properties) > 0):
		return "*" + kind, property + ",omitempty"
	default:
		return kind, property + ",omitzero"
	}
}

// kind is the Go type of a schema. A struct within it is called name.
func (w *writer) kind(name string, s *schema, sent bool) (string, error) {
	switch {
	case s.Ref != "":
		return s.refName(), nil
	case len(s.AnyOf) > 0 || len(s.OneOf) > 0:
		if sent {
			return "any", nil
		}
		return "json.RawMessage", nil
	case len(s.Properties) > 0:
		return name, nil
	}
	switch s.Type.name {
	case "string":
		if s.Format == "date-time" {
			return "time.Time", nil
		}
		return "string", nil
	case "integer":
		return "int64", nil
	case "number":
		return "float64", nil
	case "boolean":
		return "bool", nil
	case "array":
		item, err := w.kind(name, s.Items, sent)
		return "[]" + item, err
	case "object":
		if s.AdditionalProperties.schema == nil {
			return "map[string]any", nil
		}
		item, err := w.kind(name, s.AdditionalProperties.schema, sent)
		return "map[string]" + item, err
	case "":
		if sent {
			return "any", nil
		}
		return "json.RawMessage", nil
	}
	return "", fmt.Errorf("the type %q is not known here", s.Type.name)
}

// sentence is a description as the rest of a comment that begins with a name.
func sentence(text, otherwise string) string {
	if text = oneLine(text); text == "" {
		return otherwise
	}
	return strings.ToLower(text[:1]) + text[1:]
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
