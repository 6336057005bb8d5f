package main

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// configFile walks a parsed TOML document against Config. The library stops at the first value that does not fit and
// takes keys in any case; here every key is looked at, each for itself, and must be spelled as it is.
type configFile struct {
	meta     toml.MetaData
	lines    map[string]int // full key to its line
	mistakes []mistake
}

// table is a TOML table whose values are not decoded yet.
type table map[string]toml.Primitive

// parseConfig lays the document over the defaults. lines says where each key was found. Where the document is not TOML
// at all, that is the only mistake and lines is nil: what comes behind it cannot be read.
func parseConfig(data []byte) (cfg Config, lines map[string]int, mistakes []mistake) {
	cfg = DefaultConfig()
	f := configFile{lines: map[string]int{}}
	var top table
	var err error
	if f.meta, err = toml.Decode(string(data), &top); err != nil {
		m := mistake{text: "this is not TOML: " + err.Error()}
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			m.line, m.text = syntax.Position.Line, "this is not TOML: "+syntax.Message
		}
		return cfg, nil, []mistake{m}
	}
	f.fill(nil, top, reflect.ValueOf(&cfg).Elem())
	return cfg, f.lines, f.mistakes
}

// fill sets the fields of a struct from a table and notes the keys that have none.
func (f *configFile) fill(path toml.Key, from table, into reflect.Value) {
	fields := map[string]reflect.Value{}
	for i := range into.NumField() {
		fields[into.Type().Field(i).Tag.Get("toml")] = into.Field(i)
	}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		key := append(slices.Clone(path), name)
		f.lines[key.String()] = f.line(key, from[name])
		field, known := fields[name]
		switch {
		case !known:
			f.wrong(key, "there is no such key; the keys here are %s", strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		case field.Kind() == reflect.Struct:
			f.fillTable(key, from[name], field)
		default:
			f.set(key, from[name], field)
		}
	}
}

func (f *configFile) fillTable(key toml.Key, value toml.Primitive, into reflect.Value) {
	var inner table
	if !f.isTable(key) {
		f.wrong(key, "this is a table: write [%s] on a line of its own, and its keys below", key)
	} else if err := f.meta.PrimitiveDecode(value, &inner); err != nil {
		f.wrong(key, "%v", err)
	} else {
		f.fill(key, inner, into)
	}
}

// isTable is true also for a table that only dotted keys speak of: the library gives that one no type.
func (f *configFile) isTable(key toml.Key) bool {
	found := f.meta.Type(key...)
	return found == "Hash" || found == ""
}

// set decodes one value, if it is of the kind that the field wants.
func (f *configFile) set(key toml.Key, value toml.Primitive, field reflect.Value) {
	want, say := wanted(field)
	if found := f.meta.Type(key...); found != want {
		f.wrong(key, "expected %s, found %s", say, kindName(found))
		return
	}
	var err error
	if field.Type() == reflect.TypeFor[time.Duration]() {
		err = f.setDuration(value, field)
	} else {
		err = f.meta.PrimitiveDecode(value, field.Addr().Interface())
	}
	if err != nil {
		f.wrong(key, "expected %s", say)
	}
}

func (f *configFile) setDuration(value toml.Primitive, field reflect.Value) error {
	var text string
	if err := f.meta.PrimitiveDecode(value, &text); err != nil {
		return err
	}
	d, err := time.ParseDuration(text)
	field.SetInt(int64(d))
	return err
}

func (f *configFile) wrong(key toml.Key, format string, args ...any) {
	f.mistakes = append(f.mistakes, mistake{line: f.lines[key.String()], key: key.String(), text: fmt.Sprintf(format, args...)})
}

// errProbe is what a probe answers always.
var errProbe = errors.New("probe")

// probe refuses to be decoded into: the library then tells where the value stands, which it tells in no other way.
type probe struct{}

// UnmarshalTOML implements toml.Unmarshaler.
func (probe) UnmarshalTOML(any) error { return errProbe }

// line is where a key stands; a table that has no line of its own stands where its first key does.
func (f *configFile) line(key toml.Key, value toml.Primitive) int {
	var refused toml.ParseError
	if errors.As(f.meta.PrimitiveDecode(value, &probe{}), &refused) && refused.Position.Line > 0 {
		return refused.Position.Line
	}
	var inner table
	if !f.isTable(key) || f.meta.PrimitiveDecode(value, &inner) != nil {
		return 0
	}
	first := math.MaxInt
	for name, v := range inner {
		if n := f.line(append(slices.Clone(key), name), v); n > 0 {
			first = min(first, n)
		}
	}
	return first % math.MaxInt
}

// wanted is the TOML type for a field, and how a person calls it.
func wanted(field reflect.Value) (tomlType, say string) {
	switch {
	case field.Type() == reflect.TypeFor[time.Duration]():
		return "String", `a duration in quotes such as "30s" or "5m"`
	case field.Kind() == reflect.Slice:
		return "Array", `a list of texts such as ["5m", "1h"]`
	case field.Kind() == reflect.Bool:
		return "Bool", "true or false"
	case field.CanInt():
		return "Integer", "a whole number without quotes"
	default:
		return "String", "text in quotes"
	}
}

// kindName is a TOML type in words.
func kindName(tomlType string) string {
	names := map[string]string{"String": "text", "Integer": "a whole number", "Float": "a number with a fraction", "Bool": "true or false",
		"Datetime": "a time", "Array": "a list", "Hash": "a table", "ArrayHash": "a list of tables"}
	if name, ok := names[tomlType]; ok {
		return name
	}
	return "something else"
}
