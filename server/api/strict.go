package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// unmarshal reads JSON as this interface takes it: UTF-8 without NUL, no name twice in one object, nothing behind the
// value, not too deep. Unknown names and names in another case are found against the schema.
func unmarshal(data []byte, v any) error {
	if err := checkJSON(data); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("the body must be UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var open []level
	for {
		token, err := dec.Token()
		if err == io.EOF && len(open) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the body must be one JSON value: %w", err)
		}
		switch t := token.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				check(open).value()
				if open = append(open, level{object: t == '{', names: map[string]bool{}}); len(open) > MaxDepth {
					return fmt.Errorf("the body may be nested %d levels deep", MaxDepth)
				}
			} else {
				open = open[:len(open)-1]
			}
		case string:
			if strings.ContainsRune(t, 0) {
				return errors.New("a string may not hold the character U+0000")
			}
			if err := check(open).text(t); err != nil {
				return err
			}
		default:
			check(open).value()
		}
	}
}

// level is one object or list that is open.
type level struct {
	object bool
	named  bool // a name came, its value is due
	names  map[string]bool
}

type check []level

func (c check) value() {
	if n := len(c); n > 0 {
		c[n-1].named = false
	}
}

// text is a name where a name is due, else a value.
func (c check) text(s string) error {
	n := len(c)
	if n == 0 || !c[n-1].object || c[n-1].named {
		c.value()
		return nil
	}
	if c[n-1].names[s] {
		return fmt.Errorf("the name %q stands twice in one object", s)
	}
	c[n-1].names[s], c[n-1].named = true, true
	return nil
}
