package generate

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// method writes the method of an operation, and the struct of its parameters.
func (w *writer) method(o operation) error {
	name := exported(o.OperationID)
	args, params, err := w.parameters(name, o)
	if err != nil {
		return err
	}
	body, err := w.body(name, o, &args)
	if err != nil {
		return err
	}
	w.print("// %s: %s (%s %s).", name, strings.TrimSuffix(oneLine(o.Summary), "."), o.method, o.path)
	if o.Description != "" {
		w.print(" %s", oneLine(o.Description))
	}
	w.print("\nfunc (c *Client) %s(ctx context.Context%s) ", name, args)
	call := fmt.Sprintf("ctx, c, %q, %s", o.method, path(o.path))
	answer, _ := o.answer()
	switch json := answer.Content["application/json"].Schema; {
	case len(answer.Content) == 0:
		w.print("error {\nreturn none(%s, %s, %s)\n}\n\n", call, params, body)
	case json == nil:
		w.print("(io.ReadCloser, error) {\nreturn open(%s, \"\", %s, %s)\n}\n\n", call, params, body)
	default:
		kind, err := w.answer(name, json)
		if err != nil {
			return err
		}
		w.print("(*%s, error) {\nreturn do[%s](%s, %s, %s)\n}\n\n", kind, kind, call, params, body)
	}
	return nil
}

// answer is the type of a JSON answer. Of several forms it is the first, which is what is given where nothing else is
// asked for.
func (w *writer) answer(name string, s *schema) (string, error) {
	if len(s.OneOf) > 0 {
		s = s.OneOf[0]
	}
	kind, err := w.kind(name+"Answer", s, false)
	if err == nil && kind == name+"Answer" {
		return "", fmt.Errorf("an answer without a name of its own")
	}
	return kind, err
}

// parameters gives the method's arguments and what the call gets, and writes the struct of what is in the query and the headers.
func (w *writer) parameters(name string, o operation) (args, params string, err error) {
	for _, p := range o.Parameters {
		if p.In == "path" {
			args += ", " + argument(p.Name) + " string"
		}
	}
	if !o.hasParameters() {
		return args, "nil", nil
	}
	fields, err := o.fields()
	if err != nil {
		return "", "", err
	}
	w.print("// %sParams are what %s may be told besides; zero values are left out.\n", name, name)
	if s, several := w.shared[fields]; several && s.name != name+"Params" {
		w.print("type %sParams = %s\n\n", name, s.name)
	} else {
		w.print("type %sParams struct {\n%s}\n\n", name, fields)
	}
	return args + ", params " + name + "Params", "params", nil
}

func (o operation) hasParameters() bool {
	return slices.ContainsFunc(o.Parameters, func(p parameter) bool { return p.In != "path" })
}

// fields are the fields of the struct of an operation's parameters, as they are written.
func (o operation) fields() (string, error) {
	var b strings.Builder
	for _, p := range o.Parameters {
		if p.In == "path" {
			continue
		}
		kind, err := (&writer{}).kind("", p.Schema, false)
		if err != nil {
			return "", fmt.Errorf("%s: %w", p.Name, err)
		}
		fmt.Fprintf(&b, "%s %s `%s:%q` // %s\n", exported(p.Name), kind, p.In, p.Name, oneLine(p.Description))
	}
	return b.String(), nil
}

// parameterStruct is a struct of parameters that several operations have.
type parameterStruct struct {
	name  string
	apart bool // it has a name of its own, and is written beside them
}

// maxNamed is how many fields such a struct is named after at most; with more it has the name of the first operation.
const maxNamed = 4

// sharedParameters finds the structs that several operations have, by their fields.
func sharedParameters(list []operation) map[string]parameterStruct {
	first, shared := map[string]operation{}, map[string]parameterStruct{}
	for _, o := range list {
		fields, err := o.fields()
		if err != nil || !o.hasParameters() {
			continue // told where the method is written
		}
		before, several := first[fields]
		if !several {
			first[fields] = o
			continue
		}
		s := parameterStruct{name: exported(before.OperationID) + "Params"}
		if names := before.parameterNames(); len(names) <= maxNamed {
			s = parameterStruct{strings.Join(names, "") + "Params", true}
		}
		shared[fields] = s
	}
	return shared
}

func (o operation) parameterNames() (names []string) {
	for _, p := range o.Parameters {
		if p.In != "path" {
			names = append(names, exported(p.Name))
		}
	}
	return names
}

// parameterTypes writes the structs that have names of their own.
func (w *writer) parameterTypes() {
	for _, fields := range slices.Sorted(maps.Keys(w.shared)) {
		if s := w.shared[fields]; s.apart {
			w.print("// %s are parameters that several operations take; zero values are left out.\ntype %s struct {\n%s}\n\n", s.name, s.name, fields)
		}
	}
}

// body adds the argument of a body and gives what the call gets.
func (w *writer) body(name string, o operation, args *string) (string, error) {
	if o.RequestBody == nil {
		return "nil", nil
	}
	s := o.RequestBody.Content["application/json"].Schema
	_, csv := o.RequestBody.Content["text/csv"]
	kind := "io.Reader"
	if !csv {
		if s == nil {
			return "", fmt.Errorf("a body that is neither JSON nor CSV")
		}
		var err error
		if kind, err = w.kind(name+"Body", s, true); err != nil {
			return "", err
		}
	}
	*args += ", body " + kind
	return "body", nil
}

var inPath = regexp.MustCompile(`\{(\w+)\}`)

// path is an expression that gives the path with its arguments escaped.
func path(template string) string {
	expression := `"` + inPath.ReplaceAllStringFunc(template, func(p string) string {
		return `" + url.PathEscape(` + argument(strings.Trim(p, "{}")) + `) + "`
	}) + `"`
	return strings.TrimSuffix(expression, ` + ""`)
}

// argument is a parameter's name as an argument; some are words of Go.
func argument(name string) string {
	switch name {
	case "type":
		return "kind"
	case "ctx", "params", "body", "c":
		return name + "_"
	}
	return name
}

// initialisms are written in capitals (as in Go's own libraries).
var initialisms = map[string]string{"Id": "ID", "Ids": "IDs", "Url": "URL", "Html": "HTML", "Ip": "IP", "Dns": "DNS", "Dkim": "DKIM", "Spf": "SPF", "Dmarc": "DMARC", "Tls": "TLS", "Mx": "MX", "Ttl": "TTL", "Api": "API", "Ehlo": "EHLO", "Smtp": "SMTP", "Imap": "IMAP"}

var word = regexp.MustCompile(`[A-Z]+[a-z0-9]*|[a-z0-9]+`)

// exported is a name of the API as an exported name of Go.
func exported(name string) string {
	var b strings.Builder
	for _, part := range word.FindAllString(name, -1) {
		part = strings.ToUpper(part[:1]) + part[1:]
		if all, ok := initialisms[part]; ok {
			part = all
		}
		b.WriteString(part)
	}
	return b.String()
}
