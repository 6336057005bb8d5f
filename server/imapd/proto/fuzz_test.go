package proto

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

// FuzzParse reads what a client sends as a session would, and checks what holds for all commands and all errors.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"a NOOP\r\n", "a LOGIN {2}\r\nme \"x\\\"y\"\r\n", "a ID (\"a\" NIL)\r\n", "a SELECT x (QRESYNC (1 2 3:4 (5 6)) CONDSTORE)\r\n",
		"a LIST (SUBSCRIBED) \"\" (a \"%\") RETURN (STATUS (UNSEEN))\r\n", "a UID FETCH 1:*,5 (FLAGS BODY.PEEK[1.HEADER.FIELDS (A {1+}\r\nB)]<0.5> PREVIEW (LAZY)) (CHANGEDSINCE 0 VANISHED)\r\n",
		"a UID SEARCH RETURN (PARTIAL -1:-5) CHARSET UTF-8 OR NOT (NEW UNSEEN) OR MODSEQ \"/flags/x\" all 1 SENTON 1-Feb-2026 HEADER x {3}\r\na\nb\r\n",
		"a UID STORE 1 (UNCHANGEDSINCE 5) -FLAGS.SILENT (\\Seen x)\r\n", "a SORT (REVERSE DATE) UTF-8 1\r\n", "a THREAD REFERENCES UTF-8 ALL\r\n",
		"a NOTIFY SET STATUS (SELECTED (MessageNew (UID) MessageExpunge)) (SUBTREE (a b) NONE)\r\n", "a AUTHENTICATE PLAIN AGEAYg==\r\n",
		"a APPEND x (\\Seen) \" 1-Feb-2026 00:00:00 +0000\" UTF8 (~{3+}\r\nabc) (x) {2}\r\nab\r\n", "a UID REPLACE * {1}\r\nx {3}\r\nabc\r\n",
		"a SETQUOTA \"\" (STORAGE 5)\r\n", "a CREATE x (USE (\\Sent))\r\n", "a FETCH 1 ALL\r\n",
	} {
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, sent []byte, asUTF8 bool) {
		o := Options{UTF8: asUTF8}
		text, literals := wire(string(sent))
		cmd, err := Parse(text, literals, o)
		checkParsed(t, cmd, err)
		cmd, atMessage, err := ParseAppend(text, literals, o)
		switch {
		case err != nil:
			checkError(t, err)
		case atMessage:
			next := cmd.Args.(*AppendArgs)
			for next != nil && err == nil {
				if next.Size < 0 {
					t.Fatalf("size %d", next.Size)
				}
				next, err = ParseAppendNext(cmd, next, text, o)
			}
			if err != nil {
				checkError(t, err)
			}
		}
	})
}

func checkParsed(t *testing.T, cmd *Command, err error) {
	t.Helper()
	if err != nil {
		checkError(t, err)
		return
	}
	if cmd.Tag == "" || commands[cmd.Name].stream || cmd.Name != strings.ToUpper(cmd.Name) {
		t.Fatalf("%s", dump(cmd))
	}
	switch a := cmd.Args.(type) {
	case *FetchArgs:
		checkSet(t, a.Set)
		for _, item := range a.Items {
			if p := item.Partial; p != nil && (p.Offset < 0 || p.Length < 1 && p.Offset < max63 || p.Offset+p.Length < 0) {
				t.Fatalf("partial %+v", p)
			}
		}
	case *StoreArgs:
		checkSet(t, a.Set)
	case *CopyArgs:
		checkSet(t, a.Set)
	case *SearchArgs:
		checkSearch(t, a.Key)
	case *SortArgs:
		checkSearch(t, a.Search)
	case *ThreadArgs:
		checkSearch(t, a.Search)
	}
}

func checkError(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !fitForReply(e.Text) || len(e.Tag) > MaxTag || strings.ContainsAny(e.Tag+e.Name, "\r\n\x00") {
		t.Fatalf("error %+v", err)
	}
}

// checkSet wants a set that is written out to be read as the same set.
func checkSet(t *testing.T, s Set) {
	t.Helper()
	again, err := Parse([]byte("a UID EXPUNGE "+s.String()), nil, Options{})
	if err != nil || again.Args.(*UIDExpungeArgs).Set.String() != s.String() {
		t.Fatalf("set %s: %v", s, err)
	}
	for _, r := range s.Ranges {
		if r.Last != Star && (r.First == Star || r.First > r.Last) {
			t.Fatalf("range %v", r)
		}
	}
}

func checkSearch(t *testing.T, k *SearchKey) {
	t.Helper()
	if h := height(k); h > MaxSearchDepth {
		t.Fatalf("%d levels", h)
	}
	var walk func(*SearchKey)
	walk = func(k *SearchKey) {
		want := 0
		switch k.Op {
		case SearchAnd:
			want = max(1, len(k.Keys))
		case SearchOr:
			want = 2
		case SearchNot:
			want = 1
		}
		if len(k.Keys) != want {
			t.Fatalf("op %d above %d keys", k.Op, len(k.Keys))
		}
		for _, sub := range k.Keys {
			walk(sub)
		}
	}
	walk(k)
}

// hostile are commands of about n octets that would be slow if any step went over them twice.
func hostile(n int) map[string]string {
	fill := func(s string) string { return strings.Repeat(s, n/len(s)) }
	return map[string]string{
		"whole sets":         "a FETCH " + fill("1:*,") + "1 FLAGS",
		"falling sets":       "a SEARCH " + fill("9:1,5,") + "1",
		"items":              "a FETCH 1 (" + fill("BODY[1] FLAGS ") + ")",
		"different items":    "a FETCH 1 (" + fill("BODY[1.2.3] BODY[]<0.1> BODY.PEEK[2] ") + ")",
		"parts":              "a FETCH 1 BODY[" + fill("1.") + "1]",
		"fields":             "a FETCH 1 BODY[HEADER.FIELDS (" + fill("Subject ") + ")]",
		"keys":               "a SEARCH " + fill("UNSEEN "),
		"choices":            "a SEARCH " + fill("OR SEEN ") + "SEEN",
		"nested choices":     "a SEARCH " + strings.Repeat("(OR "+strings.Repeat("OR SEEN ", n/8/90)+"SEEN ", 90) + "SEEN" + strings.Repeat(")", 90),
		"lists of lists":     "a SEARCH " + fill("(SEEN) (DRAFT)"),
		"open lists":         "a SEARCH " + fill("("),
		"flags":              "a STORE 1 FLAGS (" + fill("abc ") + ")",
		"bare flags":         "a STORE 1 FLAGS " + fill("a b ") + "c",
		"spaces":             "a NOOP" + fill(" "),
		"spaces in a list":   "a STORE 1 FLAGS (" + fill(" ") + ")",
		"quotes":             "a LOGIN x \"" + fill(`\"`) + "\"",
		"an endless quote":   "a LOGIN x \"" + fill(`\"`),
		"a long tag":         fill("a") + " NOOP",
		"a long name":        "a " + fill("X"),
		"literals":           "a SEARCH " + fill("TEXT {1+}\r\nx "),
		"empty literals":     "a ID (" + fill("{0}\r\n {0+}\r\n ") + ")",
		"fields of ID":       "a ID (" + fill(`"a" "b" `) + ")",
		"capabilities":       "a ENABLE " + fill("X ") + "X",
		"patterns":           "a LIST \"\" (" + fill("a b% ") + ")",
		"items of STATUS":    "a STATUS x (" + fill("UNSEEN SIZE ") + ")",
		"event groups":       "a NOTIFY SET " + fill("(PERSONAL NONE) "),
		"events":             "a NOTIFY SET (PERSONAL (" + fill("Foo Bar ") + "))",
		"names of mailboxes": "a NOTIFY SET (MAILBOXES (" + fill("a ") + ") NONE)",
		"sort criteria":      "a SORT (" + fill("REVERSE DATE ") + ") UTF-8 ALL",
		"digits":             "a FETCH " + fill("0") + "1 FLAGS",
		"quota":              "a SETQUOTA x (" + fill("X 1 ") + ")",
	}
}

// TestHostileCommandsTakeTimeAndMemoryInProportion: a step that went over the rest each time would take much longer for
// these megabytes, and a structure that grew faster than its input would show in what was allocated.
func TestHostileCommandsTakeTimeAndMemoryInProportion(t *testing.T) {
	const n = 1 << 20
	const mostSeconds = 10 // it takes well below one
	const mostMemory = 160 // octets allocated for each octet read: a search key of 7 octets is a node of 150 or two
	for name, command := range hostile(n) {
		text, literals := wire(command + "\r\n")
		start := time.Now()
		for i := range literals { // a session asks with each of them
			if _, atMessage, _ := ParseAppend(text, literals[:i], Options{}); atMessage {
				t.Fatal(name)
			}
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(text, literals, Options{})
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if took > mostSeconds*time.Second {
			t.Errorf("%s: %v (%v)", name, took, err)
		}
		if perOctet := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(command)); perOctet > mostMemory {
			t.Errorf("%s: %.0f octets for each", name, perOctet)
		} else {
			t.Logf("%-20s %8v %6.1f octets for each, %v", name, took.Round(time.Millisecond), perOctet, err)
		}
	}
}
