package generate

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// document is what is read of an OpenAPI document.
type document struct {
	Paths      map[string]map[string]operation
	Components struct{ Schemas map[string]*schema }
}

type operation struct {
	OperationID string
	Summary     string
	Description string
	Parameters  []parameter
	RequestBody *content
	Responses   map[string]content

	method, path string
}

type content struct {
	Content map[string]struct{ Schema *schema }
}

type parameter struct {
	Name, In, Description string
	Schema                *schema
}

type schema struct {
	Type                 typeName
	Format               string
	Description          string
	Ref                  string `json:"$ref"`
	Items                *schema
	Properties           map[string]*schema
	AdditionalProperties additional
	Required             []string
	AnyOf, OneOf         []*schema
}

// typeName is a type, which in OpenAPI 3.1 may be a list with "null".
type typeName struct {
	name string
	null bool
}

func (t *typeName) UnmarshalJSON(b []byte) error {
	if !bytes.HasPrefix(b, []byte("[")) {
		return json.Unmarshal(b, &t.name)
	}
	var list []string
	err := json.Unmarshal(b, &list)
	for _, name := range list {
		if name == "null" {
			t.null = true
		} else {
			t.name = name
		}
	}
	return err
}

// additional is the schema of members without a name of their own, nil where a boolean stands.
type additional struct{ schema *schema }

func (a *additional) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("{")) {
		return json.Unmarshal(b, &a.schema)
	}
	return nil
}

func (s *schema) refName() string { return strings.TrimPrefix(s.Ref, "#/components/schemas/") }

// innermost is what an array or a map holds, or the schema itself.
func (s *schema) innermost() *schema {
	switch {
	case s.Items != nil:
		return s.Items.innermost()
	case s.AdditionalProperties.schema != nil:
		return s.AdditionalProperties.schema.innermost()
	}
	return s
}

// operations are those that a method is written for, by their ids.
func (d document) operations() (list []operation) {
	for path, methods := range d.Paths {
		for method, o := range methods {
			o.method, o.path = strings.ToUpper(method), path
			if _, answered := o.answer(); answered && !strings.HasSuffix(o.OperationID, "Alias") {
				list = append(list, o)
			}
		}
	}
	slices.SortFunc(list, func(a, b operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	return list
}

// answer is what is answered when the operation is done.
func (o operation) answer() (content, bool) {
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		if strings.HasPrefix(status, "2") {
			return o.Responses[status], true
		}
	}
	return content{}, false
}

// sentSchemas are the schemas that requests hold, with all that is within them.
func (d document) sentSchemas() map[string]bool {
	sent := map[string]bool{}
	var mark func(s *schema)
	mark = func(s *schema) {
		if s == nil {
			return
		}
		if name := s.refName(); s.Ref != "" && !sent[name] {
			sent[name] = true
			mark(d.Components.Schemas[name])
		}
		mark(s.Items)
		mark(s.AdditionalProperties.schema)
		for _, p := range s.Properties {
			mark(p)
		}
		for _, one := range slices.Concat(s.AnyOf, s.OneOf) {
			mark(one)
		}
	}
	for _, o := range d.operations() {
		if o.RequestBody != nil {
			mark(o.RequestBody.Content["application/json"].Schema)
		}
	}
	return sent
}
