package peers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// localMessage is a file of a client's maildir.
type localMessage struct {
	Path  string
	Flags string // the letters after ":2,", sorted
	Text  string // with CRLF
}

// maildirFlags are IMAP's flags and the letters for them in a maildir's file names.
var maildirFlags = []struct{ letter, flag string }{{"D", `\Draft`}, {"F", `\Flagged`}, {"R", `\Answered`}, {"S", `\Seen`}, {"T", `\Deleted`}}

// letters are a server's flags as a maildir writes them.
func (m serverMessage) letters() (s string) {
	for _, f := range maildirFlags {
		if m.has(f.flag) {
			s += f.letter
		}
	}
	return s
}

// readMaildir reads the messages in new and cur by their Message-ID.
func readMaildir(t testing.TB, dir string) map[string]localMessage {
	t.Helper()
	messages := map[string]localMessage{}
	for _, sub := range []string{"new", "cur"} {
		files, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			m := localMessage{Path: filepath.Join(dir, sub, f.Name())}
			raw, err := os.ReadFile(m.Path)
			if err != nil {
				t.Fatal(err)
			}
			m.Text = toCRLF(string(raw))
			if _, letters, ok := strings.Cut(f.Name(), ":2,"); ok {
				sorted := strings.Split(letters, "")
				slices.Sort(sorted)
				m.Flags = strings.Join(sorted, "")
			}
			id := messageID(raw)
			if _, twice := messages[id]; twice {
				t.Errorf("%s holds %s twice", dir, id)
			}
			messages[id] = m
		}
	}
	return messages
}

// compareMaildir wants the same messages with the same flags and octets here and there, but for a header field of the client's own.
func compareMaildir(t testing.TB, name string, near map[string]localMessage, far map[string]serverMessage, ownField string) {
	t.Helper()
	for id, there := range far {
		here, ok := near[id]
		switch {
		case !ok:
			t.Errorf("%s: %s is on the server only", name, id)
		case here.Flags != there.letters():
			t.Errorf("%s: %s has the flags %q here and %q there", name, id, here.Flags, there.letters())
		case sha(withoutField(here.Text, ownField)) != there.SHA:
			t.Errorf("%s: %s differs: %.600q", name, id, here.Text)
		}
	}
	for id := range near {
		if _, ok := far[id]; !ok {
			t.Errorf("%s: %s is here only", name, id)
		}
	}
}

// flag gives a message's file a name with other flags.
func (m *localMessage) flag(t testing.TB, letters string) {
	t.Helper()
	base, _, _ := strings.Cut(filepath.Base(m.Path), ":")
	path := filepath.Join(filepath.Dir(filepath.Dir(m.Path)), "cur", base+":2,"+letters)
	if err := os.Rename(m.Path, path); err != nil {
		t.Fatal(err)
	}
	m.Path, m.Flags = path, letters
}

// addToMaildir puts a new message into a maildir, with LF as a local client would.
func addToMaildir(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "new", name), []byte(toLF(text)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func toLF(s string) string   { return strings.ReplaceAll(s, "\r\n", "\n") }
func toCRLF(s string) string { return strings.ReplaceAll(toLF(s), "\n", "\r\n") }

func messageID(raw []byte) string {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	return m.Header.Get("Message-ID")
}

// withoutField removes all header fields of a name.
func withoutField(text, name string) string {
	head, body, found := strings.Cut(text, "\r\n\r\n")
	lines := strings.SplitAfter(head+"\r\n", "\r\n")
	var kept strings.Builder
	dropping := false
	for _, line := range lines {
		if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			dropping = len(line) > len(name) && strings.EqualFold(line[:len(name)+1], name+":")
		}
		if !dropping {
			kept.WriteString(line)
		}
	}
	if !found {
		return kept.String()
	}
	return kept.String() + "\r\n" + body
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
