package generate

import (
	"fmt"
	"regexp"
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

// parameters writes the struct of what is in the query and the headers, and gives the method's arguments and what the
// call gets.
func (w *writer) parameters(name string, o operation) (args, params string, err error) {
	var fields []string
	for _, p := range o.Parameters {
		switch p.In {
		case "path":
			args += ", " + argument(p.Name) + " string"
		case "query", "header":
			kind, err := w.kind(name, p.Schema, false)
			if err != nil {
				return "", "", fmt.Errorf("%s: %w", p.Name, err)
			}
			fields = append(fields, fmt.Sprintf("%s %s `%s:%q` // %s\n", exported(p.Name), kind, p.In, p.Name, oneLine(p.Description)))
		}
	}
	if len(fields) == 0 {
		return args, "nil", nil
	}
	w.print("// %sParams are what %s may be told besides; zero values are left out.\ntype %sParams struct {\n%s}\n\n", name, name, name, strings.Join(fields, ""))
	return args + ", params " + name + "Params", "params", nil
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
