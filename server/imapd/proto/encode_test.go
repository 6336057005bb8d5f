package proto

import (
	"strings"
	"testing"
)

func TestStringsAreSentAsTheyCanBe(t *testing.T) {
	long := strings.Repeat("x", maxQuoted)
	for _, c := range []struct{ s, str, astr string }{
		{"", `""`, `""`},
		{"abc", `"abc"`, "abc"},
		{"a]b", `"a]b"`, "a]b"},
		{"NIL", `"NIL"`, `"NIL"`},
		{"nil", `"nil"`, `"nil"`},
		{"nile", `"nile"`, "nile"},
		{`a"b\c`, `"a\"b\\c"`, `"a\"b\\c"`},
		{"a b", `"a b"`, `"a b"`},
		{"a(", `"a("`, `"a("`},
		{"a{5}", `"a{5}"`, `"a{5}"`},
		{"%*", `"%*"`, `"%*"`},
		{"a\tb", "\"a\tb\"", "\"a\tb\""},
		{"a\x7f", "\"a\x7f\"", "\"a\x7f\""},
		{"a\rb", "{3}\r\na\rb", "{3}\r\na\rb"},
		{"a\nb", "{3}\r\na\nb", "{3}\r\na\nb"},
		{"a\x00b", "{3}\r\na\x80b", "{3}\r\na\x80b"},
		{"é", "{2}\r\né", "{2}\r\né"},
		{"\xff", "{1}\r\n\xff", "{1}\r\n\xff"},
		{long, `"` + long + `"`, long},
		{long + "y", "{1001}\r\n" + long + "y", "{1001}\r\n" + long + "y"},
	} {
		if got := string(AppendString([]byte("* "), c.s)); got != "* "+c.str {
			t.Errorf("string %q: %q", c.s, got)
		}
		if got := string(AppendAString([]byte("* "), c.s)); got != "* "+c.astr {
			t.Errorf("astring %q: %q", c.s, got)
		}
	}
}

func FuzzStrings(f *testing.F) {
	for _, s := range []string{"", "a b", `a"\`, "a\r\nb", "é", "\xff", "NIL", "{5}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, sent := range []string{string(AppendString(nil, s)), string(AppendAString(nil, s))} {
			text, literals := wire("a GETQUOTA " + sent + "\r\n")
			cmd, err := Parse(text, literals, Options{})
			if err != nil || cmd.Args.(*QuotaArgs).Root != strings.ReplaceAll(s, "\x00", "\x80") {
				t.Fatalf("%q: sent as %q, read as %s, %v", s, sent, dump(cmd), err)
			}
		}
	})
}
