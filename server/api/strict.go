package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unmarshal reads JSON as this interface takes it: UTF-8 without NUL and without half a surrogate pair, no name twice in
// one object, nothing behind the value, not too deep, no whole number that would be kept as another one (RFC 7493).
// Unknown names and names in another case are found against the schema.
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
	if halfSurrogate(data) {
		return errors.New("a string holds half of a surrogate pair, which is no character")
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
			if n, ok := t.(json.Number); ok && !kept(n) {
				return fmt.Errorf("the number %.40s is too large to be kept as it is; write it as a string", n)
			}
			check(open).value()
		}
	}
}

// exact is the largest whole number up to which a double holds every one.
const exact = 1 << 53

// kept reports whether a number comes back as it was written. Fractions are rounded, as everywhere in JSON.
func kept(n json.Number) bool {
	if strings.ContainsAny(n.String(), ".eE") {
		return true
	}
	i, err := n.Int64()
	return err == nil && -exact <= i && i <= exact
}

// halfSurrogate reports whether a \u escape in JSON text is half of a pair; the decoder would put U+FFFD for it.
func halfSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		r := escaped(data[i:])
		if i++; !utf16.IsSurrogate(r) {
			continue
		}
		if utf16.DecodeRune(r, escaped(data[i+5:])) == utf8.RuneError {
			return true
		}
		i += 10
	}
	return false
}

// escaped is the code unit of the \uXXXX that data begins with, or -1.
func escaped(data []byte) rune {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
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
