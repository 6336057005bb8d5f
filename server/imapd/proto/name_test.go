package proto

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMailboxNames(t *testing.T) {
	for _, c := range []struct{ written, name string }{
		{"", ""}, {"a/b c", "a/b c"}, {"&-", "&"}, {"a&-b&-", "a&b&"}, {"&AOk-", "é"}, {"Entw&APw-rfe", "Entwürfe"}, {"&U,BTFw-", "台北"},
		{"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"}, {"&2D3eCg-", "😊"}, {"&AOkA6Q-", "éé"}, {"&AOk-&-", "é&"}, {"&-&AOk-", "&é"},
		{"&AOk--", "é-"}, {"\"\\[]%*", "\"\\[]%*"}, {"&AAo-", "\n"}, {"&AAA-", "\x00"}, {"&AH8-", "\x7f"}, {"&,,0-", "\ufffd"},
	} {
		name, err := DecodeMailbox(c.written, false)
		if err != nil || name != c.name {
			t.Errorf("%q: %q, %v; want %q", c.written, name, err, c.name)
		}
		if got := EncodeMailbox(c.name); got != c.written {
			t.Errorf("%q: encoded as %q, want %q", c.name, got, c.written)
		}
	}
}

func TestANameIsWrittenInOneWayOnly(t *testing.T) {
	for what, written := range map[string]string{
		"a shift without an end":      "a&",
		"base64 without an end":       "&AOk",
		"letters that need no base64": "&AGE-",
		"a letter behind others":      "&AOkAYQ-",
		"an ampersand in base64":      "&ACY-",
		"a tilde in base64":           "&AH4-",
		"two shifts in a row":         "&AOk-&AOk-",
		"base64 that is none":         "&A!k-",
		"a slash in base64":           "&U/BTFw-",
		"padding":                     "&AOk=-",
		"bits left over":              "&AOl-",
		"an octet too few":            "&AA-",
		"an octet too many":           "&AOkA-",
		"a character too few":         "&A-",
		"half a surrogate pair":       "&2D0-",
		"the other half":              "&3go-",
		"halves in the wrong order":   "&3grYPQ-",
		"half a pair and a letter":    "&2D0A6Q-",
		"a control character":         "a\x01",
		"a line end":                  "a\r\n",
		"a line end in base64":        "&AO\nk-",
		"DEL":                         "a\x7f",
		"NUL":                         "a\x00",
		"octets that are no UTF-8":    "\xff",
		"UTF-8 that is cut off":       "a\xc3",
		"overlong UTF-8":              "\xc0\xaf",
		"a surrogate in UTF-8":        "\xed\xa0\x80",
	} {
		if name, err := DecodeMailbox(written, false); !errors.Is(err, ErrName) || name != "" {
			t.Errorf("%s: %q became %q, %v", what, written, name, err)
		}
	}
}

func TestUTF8Names(t *testing.T) {
	for _, c := range []struct {
		written string
		asUTF8  bool
		name    string
		ok      bool
	}{
		{"é", false, "é", true}, {"é&b", false, "é&b", true}, {"é", true, "é", true}, {"&AOk-", true, "&AOk-", true}, {"a&", true, "a&", true},
		{"\xff", true, "", false}, {"é\xff", false, "", false}, {"inbox", true, "INBOX", true},
	} {
		name, err := DecodeMailbox(c.written, c.asUTF8)
		if name != c.name || (err == nil) != c.ok {
			t.Errorf("%q, %v: %q, %v", c.written, c.asUTF8, name, err)
		}
	}
}

func TestINBOXIsOneNameInAnyCase(t *testing.T) {
	for written, want := range map[string]string{
		"inbox": "INBOX", "InBoX": "INBOX", "inbox/Child": "INBOX/Child", "inbox/": "INBOX/", "inboxes": "inboxes", "a/inbox": "a/inbox", "inbo": "inbo",
		"inbox%": "inbox%", "inbox/*": "INBOX/*", "ınbox": "ınbox", "inbox&AOk-": "inboxé",
	} {
		if got, err := DecodeMailbox(written, false); err != nil || got != want {
			t.Errorf("%q: %q, %v", written, got, err)
		}
	}
}

func TestMailboxesAreAppendedAsTheClientReadsThem(t *testing.T) {
	for _, c := range []struct{ name, plain, asUTF8 string }{
		{"INBOX", "INBOX", "INBOX"},
		{"", `""`, `""`},
		{"nil", `"nil"`, `"nil"`},
		{"a b", `"a b"`, `"a b"`},
		{`a"\b`, `"a\"\\b"`, `"a\"\\b"`},
		{"a[b]c", "a[b]c", "a[b]c"},
		{"100%", `"100%"`, `"100%"`},
		{"a&b", "a&-b", "a&b"},
		{"é", "&AOk-", `"é"`},
		{"é\"", `"&AOk-\""`, `"é\""`},
		{"a\nb", "a&AAo-b", "{3}\r\na\nb"},
		{"é\r", "&AOkADQ-", "{3}\r\né\r"},
		{"\xff", "&,,0-", "\"\ufffd\""},
		{strings.Repeat("é", 600), "{1603}\r\n&" + strings.Repeat("AOkA6QDp", 200) + "-", "{1200}\r\n" + strings.Repeat("é", 600)},
	} {
		if got := string(AppendMailbox([]byte("x "), c.name, false)); got != "x "+c.plain && len(c.name) < 100 {
			t.Errorf("%q: %s", c.name, got)
		}
		if got := string(AppendMailbox([]byte("x "), c.name, true)); got != "x "+c.asUTF8 {
			t.Errorf("%q as UTF-8: %s", c.name, got)
		}
	}
}

func FuzzDecodeMailbox(f *testing.F) {
	for _, s := range []string{"", "INBOX", "inbox/x", "&AOk-", "&AOk-&AOk-", "a&-b", "&2D3eCg-", "&AAo-", "é", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, written string) {
		name, err := DecodeMailbox(written, false)
		if err == nil {
			if !utf8.ValidString(name) {
				t.Fatalf("%q became %q", written, name)
			}
			if got := EncodeMailbox(name); isASCII(written) && !strings.EqualFold(got[:min(5, len(got))], inbox) && got != written {
				t.Fatalf("%q became %q, which is written %q", written, name, got)
			}
		}
		// What the server tells, a client can use.
		for _, asUTF8 := range []bool{false, true} {
			sent := AppendMailbox([]byte("a SELECT "), written, asUTF8)
			text, literals := wire(string(sent) + "\r\n")
			cmd, err := Parse(text, literals, Options{UTF8: asUTF8})
			if asUTF8 && strings.Contains(written, "\x00") {
				continue // no way to write it
			}
			if err != nil {
				t.Fatalf("%q: sent as %q: %v", written, sent, err)
			}
			back, err := DecodeMailbox(cmd.Args.(*SelectArgs).Mailbox, asUTF8)
			if err != nil || back != upperInbox(strings.ToValidUTF8(written, "\ufffd")) && utf8.ValidString(written) {
				t.Fatalf("%q: sent as %q, read as %q, %v", written, sent, back, err)
			}
		}
	})
}
