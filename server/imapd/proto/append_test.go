package proto

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// announced is wire for a command whose last literal has not been read.
func announced(command string) (text []byte, literals [][]byte) {
	text, literals = wire(command)
	size, _, _, ok := LiteralAt([]byte(cutLineEnd(string(text))))
	if ok && size == 0 && text[len(text)-1] == '\n' {
		literals = literals[:len(literals)-1] // nothing is left of the command, but that is the whole literal
	}
	return text, literals
}

func TestAMessageIsSeenBeforeItArrives(t *testing.T) {
	date := time.Date(2026, 2, 1, 13, 0, 0, 0, time.FixedZone("", 3600))
	for command, want := range map[string]*AppendArgs{
		"APPEND INBOX {5}":                                    {Mailbox: "INBOX", Size: 5},
		"append \"a b\" {5+}":                                 {Mailbox: "a b", Size: 5, NonSync: true},
		"APPEND {3}\r\na b {0}":                               {Mailbox: "a b"},
		"APPEND {3+}\r\na b {7}":                              {Mailbox: "a b", Size: 7},
		"APPEND 100% {7}":                                     {Mailbox: "100%", Size: 7},
		"APPEND x () {5}":                                     {Mailbox: "x", Flags: []string{}, Size: 5},
		"APPEND x (\\Seen \\SEEN a) {5}":                      {Mailbox: "x", Flags: []string{`\Seen`, "a"}, Size: 5},
		"APPEND x \" 1-Feb-2026 13:00:00 +0100\" {5}":         {Mailbox: "x", Date: date, Size: 5},
		"APPEND x  (a) \"01-Feb-2026 13:00:00 +0100\"  ~{5+}": {Mailbox: "x", Flags: []string{"a"}, Date: date, Size: 5, Binary: true, NonSync: true},
		"APPEND x UTF8 (~{5}":                                 {Mailbox: "x", Size: 5, Binary: true, UTF8: true},
		"APPEND x (a) utf8 (~{5+}":                            {Mailbox: "x", Flags: []string{"a"}, Size: 5, Binary: true, UTF8: true, NonSync: true},
		"APPEND x {9223372036854775807}":                      {Mailbox: "x", Size: math.MaxInt64},
		"APPEND x {99999999999999999999999+}":                 {Mailbox: "x", Size: math.MaxInt64, NonSync: true},
		"REPLACE 4 x {5}":                                     {Mailbox: "x", Number: 4, Size: 5},
		"UID REPLACE 4 {1}\r\nx (a) {5}":                      {Mailbox: "x", Number: 4, Flags: []string{"a"}, Size: 5},
		"REPLACE * x {5}":                                     {Mailbox: "x", Number: Star, Size: 5},
	} {
		for _, end := range []string{"", "\n", "\r\n"} {
			text, literals := announced("a " + command + end)
			cmd, atMessage, err := ParseAppend(text, literals, Options{})
			if err != nil || !atMessage {
				t.Errorf("%q: %v, %v", command, atMessage, err)
				continue
			}
			name, uid := strings.CutPrefix(command, "UID ")
			name, _, _ = strings.Cut(strings.ToUpper(name), " ")
			if cmd.Tag != "a" || cmd.Name != name || cmd.UID != uid || !reflect.DeepEqual(cmd.Args, want) {
				t.Errorf("%q:\ngot  %s\nwant %s", command, dump(cmd), dump(want))
			}
		}
	}
}

func TestOtherLiteralsAreNoMessage(t *testing.T) {
	for command, name := range map[string]string{
		"APPEND {5}":          "APPEND",
		"APPEND ~{5}":         "APPEND", // wrong, which Parse says once it is whole
		"UID REPLACE 3 {5+}":  "REPLACE",
		"SELECT {5}":          "SELECT",
		"LOGIN {2}\r\nme {5}": "LOGIN",
		"SEARCH TEXT {5}":     "SEARCH",
		"FOO x {5}":           "",
		"UID APPEND x {5}":    "",
	} {
		text, literals := announced("a " + command + "\r\n")
		cmd, atMessage, err := ParseAppend(text, literals, Options{})
		if err != nil || atMessage || cmd == nil || cmd.Tag != "a" || cmd.Name != name || cmd.Args != nil {
			t.Errorf("%q: %+v, %v, %v", command, cmd, atMessage, err)
		}
	}
	if cmd, atMessage, err := ParseAppend([]byte("{5}"), nil, Options{}); atMessage || err != nil || cmd.Tag != "" {
		t.Errorf("no tag: %+v, %v, %v", cmd, atMessage, err)
	}
}

func TestAWrongAppendIsRefusedBeforeItsMessage(t *testing.T) {
	for command, words := range map[string]string{
		"APPEND x":                    "missing",
		"APPEND x y {5}":              "must be a literal",
		"APPEND x \"hello\"":          "date",
		"APPEND x (a {5}":             "flag",
		"APPEND x (\"a\") {5}":        "flag",
		"APPEND x (a){5}":             "space",
		"APPEND x \"1 Feb 2026\" {5}": "date",
		"APPEND x \"32-Feb-2026 13:00:00 +0100\" {5}": "date",
		"APPEND x (a) (b) {5}":                        "must be a literal",
		"APPEND x UTF8 ~{5}":                          "parentheses",
		"APPEND x UTF8 ({5}":                          "literal8",
		"APPEND x UTF8 (x {5}":                        "must be a literal",
		"APPEND x CATENATE (TEXT {5}":                 "must be a literal",
		"APPEND x {5} y":                              "must be a literal",
		"APPEND x {1}\r\ny {5}":                       "must be a literal",
		"REPLACE 0 x {5}":                             "0",
		"REPLACE x {5}":                               "set",
		"REPLACE 1:2 x {5}":                           "space",
	} {
		text, literals := announced("a " + command + "\r\n")
		cmd, atMessage, err := ParseAppend(text, literals, Options{})
		var e *Error
		if !errors.As(err, &e) || atMessage || !strings.Contains(e.Text, words) || e.Tag != "a" || e.Name == "" || !fitForReply(e.Text) {
			t.Errorf("%q: %+v, %v, %v; want %q", command, cmd, atMessage, err, words)
		}
	}
}

func TestWhatFollowsAMessage(t *testing.T) {
	plain, inUTF8 := &AppendArgs{Mailbox: "x"}, &AppendArgs{Mailbox: "x", UTF8: true}
	for _, c := range []struct {
		name string
		last *AppendArgs
		line string
		next *AppendArgs
		bad  string
	}{
		{"APPEND", plain, "", nil, ""},
		{"APPEND", plain, "  ", nil, ""},
		{"APPEND", inUTF8, ")", nil, ""},
		{"APPEND", inUTF8, " ) ", nil, ""},
		{"APPEND", plain, " {5}", &AppendArgs{Size: 5}, ""},
		{"APPEND", plain, ` (a \Seen) "01-Feb-2026 13:00:00 +0000" ~{6+}`,
			&AppendArgs{Flags: []string{"a", `\Seen`}, Date: time.Date(2026, 2, 1, 13, 0, 0, 0, time.FixedZone("", 0)), Size: 6, Binary: true, NonSync: true}, ""},
		{"APPEND", inUTF8, ") (a) UTF8 (~{5}", &AppendArgs{Flags: []string{"a"}, Size: 5, Binary: true, UTF8: true}, ""},
		{"APPEND", inUTF8, ") {5}", &AppendArgs{Size: 5}, ""},
		{"REPLACE", plain, "", nil, ""},
		{"REPLACE", inUTF8, ")", nil, ""},
		{"APPEND", plain, ")", nil, "Not understood"},
		{"APPEND", plain, "x", nil, "Not understood"},
		{"APPEND", plain, "{5}", nil, "Not understood"},
		{"APPEND", plain, " x {5}", nil, "must be a literal"},
		{"APPEND", plain, " (a)", nil, "missing"},
		{"APPEND", plain, " {5} ", nil, "must be a literal"},
		{"APPEND", plain, " {5}\r\n {6}", nil, "must be a literal"},
		{"APPEND", inUTF8, "", nil, "parenthesis"},
		{"APPEND", inUTF8, " {5}", nil, "parenthesis"},
		{"APPEND", inUTF8, ")x", nil, "Not understood"},
		{"REPLACE", plain, " {5}", nil, "Too many arguments"},
		{"REPLACE", inUTF8, ") (a) {5}", nil, "Too many arguments"},
	} {
		for _, end := range []string{"", "\n", "\r\n"} {
			cmd := &Command{Tag: "a", Name: c.name, Args: c.last}
			next, err := ParseAppendNext(cmd, c.last, []byte(c.line+end), Options{})
			if c.bad == "" {
				if err != nil || !reflect.DeepEqual(next, c.next) {
					t.Errorf("%s, UTF8 %v, %q: %s, %v", c.name, c.last.UTF8, c.line, dump(next), err)
				}
				continue
			}
			var e *Error
			if !errors.As(err, &e) || next != nil || e.Tag != "a" || e.Name != c.name || !strings.Contains(e.Text, c.bad) || !fitForReply(e.Text) {
				t.Errorf("%s, UTF8 %v, %q: %s, %v; want %q", c.name, c.last.UTF8, c.line, dump(next), err, c.bad)
			}
		}
	}
}

func TestAWholeAppendHasNoMessage(t *testing.T) {
	refuses(t, map[string]string{
		"APPEND x":              "must be a literal",
		"APPEND x \"hello\"":    "must be a literal",
		"APPEND x {5}\r\nhello": "must be a literal",
		"APPEND":                "missing",
		"REPLACE 1 x":           "must be a literal",
		"UID REPLACE 1 x":       "must be a literal",
	})
}

func TestANameBehindManySpacesIsNotLookedFor(t *testing.T) {
	for n, want := range map[int]bool{1: true, 200: true, 1 << 20: false} {
		_, atMessage, err := ParseAppend([]byte("a"+strings.Repeat(" ", n)+"APPEND x {5}\r\n"), nil, Options{})
		if atMessage != want || err != nil {
			t.Errorf("%d spaces: %v, %v", n, atMessage, err)
		}
	}
}
