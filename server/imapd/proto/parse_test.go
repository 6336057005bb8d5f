package proto

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// wire takes the literals out of a command as a session does: text and literals are what Parse gets. A literal that is cut
// off is left out.
func wire(command string) (text []byte, literals [][]byte) {
	for {
		line, rest, more := strings.Cut(command, "\n")
		text = append(text, line...)
		if !more {
			return text, literals
		}
		text = append(text, '\n')
		size, _, _, ok := LiteralAt([]byte(strings.TrimSuffix(line, "\r")))
		if ok {
			if size > int64(len(rest)) {
				return text, literals
			}
			literals = append(literals, []byte(rest[:size]))
			rest = rest[size:]
		} else if rest == "" {
			return text, literals
		}
		command = rest
	}
}

func parse(t *testing.T, command string) *Command {
	t.Helper()
	text, literals := wire(command + "\r\n")
	cmd, err := Parse(text, literals, Options{})
	if err != nil {
		t.Fatalf("%q: %v", command, err)
	}
	return cmd
}

// reads wants commands to have these arguments.
func reads(t *testing.T, want map[string]any) {
	t.Helper()
	for command, args := range want {
		cmd := parse(t, "a1 "+command)
		if !reflect.DeepEqual(cmd.Args, args) {
			t.Errorf("%q:\ngot  %s\nwant %s", command, dump(cmd.Args), dump(args))
		}
		first, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(command, "UID "), "uid "), " ")
		if cmd.Tag != "a1" || cmd.Name != strings.ToUpper(first) || cmd.UID != strings.EqualFold(command[:min(4, len(command))], "UID ") {
			t.Errorf("%q: tag %q, name %q, UID %v", command, cmd.Tag, cmd.Name, cmd.UID)
		}
	}
}

// refuses wants commands to be BAD with texts that hold these words.
func refuses(t *testing.T, want map[string]string) {
	t.Helper()
	for command, words := range want {
		text, literals := wire("a1 " + command + "\r\n")
		cmd, err := Parse(text, literals, Options{})
		var e *Error
		switch {
		case err == nil:
			t.Errorf("%q was taken: %s", command, dump(cmd.Args))
		case !errors.As(err, &e) || cmd != nil:
			t.Errorf("%q: %T, command %v", command, err, cmd)
		case e.Tag != "a1" || e.Kind != Bad || !strings.Contains(e.Text, words):
			t.Errorf("%q: %+v; want Bad with %q", command, *e, words)
		}
	}
}

func TestCommandsWithoutArguments(t *testing.T) {
	for _, name := range []string{"CAPABILITY", "noop", "LOGOUT", "StartTLS", "NAMESPACE", "CHECK", "CLOSE", "UNSELECT", "IDLE", "EXPUNGE"} {
		for _, end := range []string{"", "\n", "\r\n", " \r\n", "   "} {
			cmd, err := Parse([]byte("A-1.x "+name+end), nil, Options{})
			if err != nil || cmd.Tag != "A-1.x" || cmd.Name != strings.ToUpper(name) || cmd.UID || cmd.Args != nil {
				t.Errorf("%q: %+v, %v", name+end, cmd, err)
			}
		}
		refuses(t, map[string]string{name + " x": "Too many arguments, from x"})
	}
}

func TestSessionCommands(t *testing.T) {
	reads(t, map[string]any{
		"ID NIL":                                 &IDArgs{},
		"ID nil":                                 &IDArgs{},
		"ID ()":                                  &IDArgs{Fields: [][2]string{}},
		`ID ("name" "x" "version" NIL)`:          &IDArgs{Fields: [][2]string{{"name", "x"}, {"version", ""}}},
		`ID ( "name"  {3}` + "\r\na\nb )":        &IDArgs{Fields: [][2]string{{"name", "a\nb"}}},
		"AUTHENTICATE plain":                     &AuthenticateArgs{Mechanism: "PLAIN"},
		"AUTHENTICATE PLAIN =":                   &AuthenticateArgs{Mechanism: "PLAIN", Initial: []byte{}},
		"AUTHENTICATE PLAIN AGEAYg==":            &AuthenticateArgs{Mechanism: "PLAIN", Initial: []byte("\x00a\x00b")},
		"AUTHENTICATE X +/+/ ":                   &AuthenticateArgs{Mechanism: "X", Initial: []byte{0xfb, 0xff, 0xbf}},
		"LOGIN me secret":                        &LoginArgs{User: "me", Password: "secret"},
		`LOGIN "a\"\\b" ""`:                      &LoginArgs{User: `a"\b`},
		`LOGIN "\"a" "\\"`:                       &LoginArgs{User: `"a`, Password: `\`},
		`LOGIN "a\b" x]`:                         &LoginArgs{User: "ab", Password: "x]"},
		"LOGIN \"m\xfcller\" \"\xfc\"":           &LoginArgs{User: "m\xfcller", Password: "\xfc"},
		"LOGIN {2}\r\nme {4+}\r\na\"b{":          &LoginArgs{User: "me", Password: `a"b{`},
		"LOGIN {2}\r\nme {0}\r\n":                &LoginArgs{User: "me"},
		"ENABLE CONDSTORE utf8=accept":           &EnableArgs{Capabilities: []string{"CONDSTORE", "UTF8=ACCEPT"}},
		"COMPRESS deflate":                       &CompressArgs{Mechanism: "DEFLATE"},
		`GETQUOTA ""`:                            &QuotaArgs{},
		"GETQUOTAROOT inbox":                     &MailboxArgs{Mailbox: "inbox"},
		`SETQUOTA "x y" (storage 512 MESSAGE 0)`: &QuotaArgs{Root: "x y", Limits: []QuotaLimit{{"STORAGE", 512}, {"MESSAGE", 0}}},
		"SETQUOTA x ()":                          &QuotaArgs{Root: "x"},
	})
	refuses(t, map[string]string{
		"ID":                          "missing",
		`ID ("name")`:                 "A space is missing",
		`ID ("name" "x"`:              "not closed",
		"AUTHENTICATE":                "missing",
		"AUTHENTICATE PLAIN AGEAYg":   "base64",
		"AUTHENTICATE PLAIN AGEAYh==": "base64", // bits are left over
		"AUTHENTICATE PLAIN ==":       "Not understood",
		"AUTHENTICATE PLAIN A B":      "base64",
		"LOGIN me":                    "missing",
		"LOGIN me ":                   "missing",
		"LOGIN me a b":                "Too many arguments, from what follows",
		"LOGIN m\xfcller x":           "above 127",
		`LOGIN me "x`:                 "no closing quote",
		`LOGIN me "x\`:                "no closing quote",
		"LOGIN me \"x\ry\"":           "no line end",
		"LOGIN me \"x\\\ry\"":         "no line end",
		"LOGIN me \"x\x00y\"":         "NUL",
		"LOGIN me {3}\r\na\x00b":      "NUL",
		"LOGIN me ~{1}\r\na":          "literal8",
		"LOGIN me {1}\r\nab":          "Not understood from what follows",
		"LOGIN me {1} x":              "line must end",
		"LOGIN me {x}":                "announced",
		"ENABLE":                      "missing",
		"ENABLE (X)":                  "atom",
		"COMPRESS":                    "missing",
		"SETQUOTA x (STORAGE)":        "A space is missing",
		"SETQUOTA x (STORAGE -1)":     "number",
		"SETQUOTA x STORAGE 1":        "parentheses",
	})
}

func TestQuotedStringsAreUTF8OnceThatIsEnabled(t *testing.T) {
	for _, enabled := range []bool{false, true} {
		o := Options{UTF8: enabled}
		if _, err := Parse([]byte("a LOGIN \"m\u00fcller\" x"), nil, o); err != nil {
			t.Errorf("UTF8 %v: %v", enabled, err)
		}
		for _, bad := range []string{"\"\xfc\"", "\"\\\xfc\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\""} {
			if _, err := Parse([]byte("a LOGIN x "+bad), nil, o); (err != nil) != enabled {
				t.Errorf("UTF8 %v: %q: %v", enabled, bad, err)
			}
		}
	}
}

func TestAnErrorTellsTheTagIfItCouldBeRead(t *testing.T) {
	for _, c := range []struct {
		command   string
		tag, name string
		kind      ErrorKind
		text      string
	}{
		{"", "", "", Bad, "begins with a tag"},
		{"\r\n", "", "", Bad, "begins with a tag"},
		{" a NOOP", "", "", Bad, "begins with a tag"},
		{"+ NOOP", "", "", Bad, "begins with a tag"},
		{"a+b NOOP", "", "", Bad, "begins with a tag"},
		{"* NOOP", "", "", Bad, "begins with a tag"},
		{"(a NOOP", "", "", Bad, "begins with a tag"},
		{"\x16\x03\x01 NOOP", "", "", Bad, "begins with a tag"},
		{strings.Repeat("x", MaxTag+1) + " NOOP", "", "", Bad, "begins with a tag"},
		{"a", "a", "", Bad, "name is missing"},
		{"a \r\n", "a", "", Bad, "name is missing"},
		{"a (", "a", "", Bad, "name is missing"},
		{"a UID", "a", "", Bad, "missing"},
		{"a UID ", "a", "", Bad, "missing"},
		{"a foo", "a", "", Unknown, "Unknown command FOO"},
		{"a foo bar {5}", "a", "", Unknown, "Unknown command FOO"},
		{"a uid Noop", "a", "", Unknown, "Unknown command UID NOOP"},
		{"a UID UID", "a", "", Unknown, "Unknown command UID UID"},
		{"a UNAUTHENTICATE", "a", "", Unknown, "Unknown command UNAUTHENTICATE"},
		{"a NOOP\"", "a", "NOOP", Bad, "Not understood"},
		{"a " + strings.Repeat("y", 1000), "a", "", Unknown, "Unknown command " + strings.Repeat("Y", maxShown) + "..."},
		{"a fetch x", "a", "FETCH", Bad, "set"},
		{"a uid fetch x", "a", "UID FETCH", Bad, "set"},
		{"a NOOP\r\nb LOGOUT", "a", "NOOP", Bad, "Not understood from ??b LOGOUT"},
		{"a NOOP \xff\x00", "a", "NOOP", Bad, "Too many arguments, from ??"},
	} {
		_, err := Parse([]byte(c.command), nil, Options{})
		var e *Error
		if !errors.As(err, &e) || e.Tag != c.tag || e.Name != c.name || e.Kind != c.kind || !strings.Contains(e.Text, c.text) {
			t.Errorf("%q: %+v", c.command, err)
		}
		if e != nil && !fitForReply(e.Text) {
			t.Errorf("%q: text %q", c.command, e.Text)
		}
	}
}

// fitForReply tells whether a text can stand in a reply.
func fitForReply(text string) bool {
	return text != "" && len(text) <= MaxErrorText && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

func TestALiteralOfAnotherLengthIsRefused(t *testing.T) {
	for _, literals := range [][][]byte{nil, {[]byte("ab")}, {[]byte("abcd")}} {
		if _, err := Parse([]byte("a SELECT {3}\r\n\r\n"), literals, Options{}); err == nil {
			t.Errorf("%q was taken", literals)
		}
	}
	cmd, err := Parse([]byte("a SELECT {3}\n\n"), [][]byte{[]byte("abc")}, Options{})
	if err != nil || cmd.Args.(*SelectArgs).Mailbox != "abc" {
		t.Errorf("bare LF: %v, %v", cmd, err)
	}
}

func TestExtraSpacesDoNoHarm(t *testing.T) {
	for _, c := range [][2]string{
		{"a  UID  FETCH  1:2   ( FLAGS  UID )  ( CHANGEDSINCE  5 )  ", "a UID FETCH 1:2 (FLAGS UID) (CHANGEDSINCE 5)"},
		{"a UID FETCH 1:2 (FLAGS UID)(CHANGEDSINCE 5)", "a UID FETCH 1:2 (FLAGS UID) (CHANGEDSINCE 5)"},
		{"a SEARCH ( SEEN )(DRAFT) ", "a SEARCH (SEEN) (DRAFT)"},
		{"a STORE 1  +FLAGS  ( a  b ) ", "a STORE 1 +FLAGS (a b)"},
		{"a STORE 1 FLAGS a  b ", "a STORE 1 FLAGS a b"},
		{"a LIST  (SUBSCRIBED )  \"\"  ( * )  RETURN  ( STATUS  ( MESSAGES ) ) ", "a LIST (SUBSCRIBED) \"\" (*) RETURN (STATUS (MESSAGES))"},
		{"a SORT ( DATE )  UTF-8  ALL ", "a SORT (DATE) UTF-8 ALL"},
		{"a SELECT x ( QRESYNC  ( 1  2  3:4  ( 5  6 ) ) ) ", "a SELECT x (QRESYNC (1 2 3:4 (5 6)))"},
		{"a FETCH 1 BODY[HEADER.FIELDS  ( From  To ) ]", "a FETCH 1 BODY[HEADER.FIELDS (From To)]"},
		{"a NOTIFY SET  ( SELECTED  ( MessageNew  ( UID ) MessageExpunge ) ) ", "a NOTIFY SET (SELECTED (MessageNew (UID) MessageExpunge))"},
	} {
		if spaced, tight := parse(t, c[0]), parse(t, c[1]); !reflect.DeepEqual(spaced, tight) {
			t.Errorf("%q:\ngot  %s\nwant %s", c[0], dump(spaced), dump(tight))
		}
	}
}
