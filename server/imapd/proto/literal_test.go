package proto

import (
	"math"
	"strings"
	"testing"
)

func TestALineAnnouncesALiteral(t *testing.T) {
	for line, want := range map[string]marker{
		"a LOGIN {5}":                       {size: 5},
		"a LOGIN {5+}":                      {size: 5, nonSync: true},
		"a APPEND x ~{5}":                   {size: 5, binary: true},
		"a APPEND x UTF8 (~{5+}":            {size: 5, binary: true, nonSync: true},
		"a FETCH 1 BODY[HEADER.FIELDS ({0}": {},
		" {007}":                            {size: 7},
		" {4294967296}":                     {size: 1 << 32},
		" {9223372036854775807}":            {size: math.MaxInt64},
		" {9223372036854775808+}":           {size: math.MaxInt64, nonSync: true},
		" {9999999999999999999}":            {size: math.MaxInt64},
		" {10000000000000000000000000000}":  {size: math.MaxInt64},
		" {00000000000000000000}":           {size: math.MaxInt64}, // too many digits to be honest
		" \"x {3}":                          {size: 3},             // wrong, but the octets follow
	} {
		size, nonSync, binary, ok := LiteralAt([]byte(line))
		if !ok || size != want.size || nonSync != want.nonSync || binary != want.binary {
			t.Errorf("%q: %d %v %v %v", line, size, nonSync, binary, ok)
		}
	}
	for _, line := range []string{"", "}", "{}", " {}", " {+}", " {5", " 5}", " {5}\r", " {5} ", " {5++}", " {+5}", " {-5}", " {5-}", " {5a}", " { 5}", "{5}",
		"a LOGIN x{5}", "a LOGIN \"{5}", "a LOGIN x~{5}", "~{5}", " ~~{5}", " {{5}", " {5}}", "\"{5}\"", "+}", "5+}", "\t{5}"} {
		if size, nonSync, binary, ok := LiteralAt([]byte(line)); ok || size != 0 || nonSync || binary {
			t.Errorf("%q: %d %v %v %v", line, size, nonSync, binary, ok)
		}
	}
	if size, _, _, ok := LiteralAt([]byte("a {" + strings.Repeat("1", 1<<20) + "}")); !ok || size != math.MaxInt64 {
		t.Errorf("a million digits: %d %v", size, ok)
	}
}
