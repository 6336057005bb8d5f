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
	Tags        []string
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

// tag is the part of the API that an operation belongs to.
func (o operation) tag() string {
	if len(o.Tags) == 0 {
		return sharedFile
	}
	return o.Tags[0]
}

// reach marks the named schemas that a schema holds, with all that is within them.
func (d document) reach(s *schema, marked map[string]bool) {
	if s == nil {
		return
	}
	if name := s.refName(); s.Ref != "" && !marked[name] {
		marked[name] = true
		d.reach(d.Components.Schemas[name], marked)
	}
	d.reach(s.Items, marked)
	d.reach(s.AdditionalProperties.schema, marked)
	for _, p := range s.Properties {
		d.reach(p, marked)
	}
	for _, one := range slices.Concat(s.AnyOf, s.OneOf) {
		d.reach(one, marked)
	}
}

// sentSchemas are the schemas that requests hold, with all that is within them.
func (d document) sentSchemas() map[string]bool {
	sent := map[string]bool{}
	for _, o := range d.operations() {
		if o.RequestBody != nil {
			d.reach(o.RequestBody.Content["application/json"].Schema, sent)
		}
	}
	return sent
}

// owners are the tags whose operations alone hold each schema; sharedFile, if there are several or none.
func (d document) owners() map[string]string {
	owners := map[string]string{}
	for _, o := range d.operations() {
		held := map[string]bool{}
		for _, answer := range o.Responses {
			d.reach(answer.Content["application/json"].Schema, held)
		}
		if o.RequestBody != nil {
			d.reach(o.RequestBody.Content["application/json"].Schema, held)
		}
		for name := range held {
			if tag, known := owners[name]; known && tag != o.tag() {
				owners[name] = sharedFile
			} else {
				owners[name] = o.tag()
			}
		}
	}
	for name := range d.Components.Schemas {
		if owners[name] == "" {
			owners[name] = sharedFile
		}
	}
	return owners
}
