package peers

import (
	"bytes"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// withCRLF gives bytes line ends that SMTP can carry.
func withCRLF(raw []byte) []byte {
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	raw = bytes.ReplaceAll(raw, []byte("\x00"), nil)
	if !bytes.HasSuffix(raw, []byte("\n")) {
		raw = append(raw, '\n')
	}
	return bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
}

// Odd and broken messages are accepted, stored byte for byte behind our trace, listed and fetched with something
// sensible for subject, from and text.
func TestOddAndBrokenMessagesAreAcceptedStoredAndRead(t *testing.T) {
	dir := shared(t, filepath.Join("corpus", "mime"))
	var names []string
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !strings.HasPrefix(d.Name(), "LICENSE") && !strings.HasPrefix(d.Name(), "README") {
			names = append(names, path)
		}
		return err
	})
	if len(names) < 100 {
		t.Fatalf("the corpus has %d files", len(names))
	}
	s := start(t, t.TempDir())
	c, err := smtp.Dial(s.SMTP)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want := map[string][]byte{}
	var order []string
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		raw = withCRLF(raw)
		if err := transaction(c, s.Inbox.Address, string(raw)); err != nil {
			t.Errorf("%s was not accepted: %v", filepath.Base(name), err)
			continue
		}
		want[name] = raw
		order = append(order, name)
	}
	ids := s.waitFor(len(order))
	for i, name := range order { // one connection: the journal has their order
		raw := s.raw(ids[i])
		if !strings.HasSuffix(raw, string(want[name])) {
			t.Errorf("%s is not stored byte for byte", filepath.Base(name))
		}
		m := s.message(ids[i])
		if !utf8.ValidString(m.Text) || !utf8.ValidString(m.Subject) || strings.ContainsRune(m.Text+m.Subject+m.From.Name, 0) {
			t.Errorf("%s gives text that is none", filepath.Base(name))
		}
		head, _, _ := bytes.Cut(want[name], []byte("\r\n\r\n"))
		if has(head, "\nfrom:") && m.From.Address == "" && m.From.Name == "" {
			t.Logf("%s has a From that gives nobody", filepath.Base(name))
		}
		if has(head, "\nsubject: ") && m.Subject == "" {
			t.Logf("%s has a Subject that gives nothing", filepath.Base(name))
		}
	}
	var list struct{ Messages []struct{ ID string } }
	if code := s.call("GET", "/v1/inboxes/"+s.Inbox.ID+"/messages?limit=200", s.WorkspaceKey, nil, &list); code != 200 || len(list.Messages) != len(order) {
		t.Errorf("the list has %d of %d (%d)", len(list.Messages), len(order), code)
	}
}

func has(head []byte, field string) bool {
	return bytes.Contains(bytes.ToLower(append([]byte("\n"), head...)), []byte(field))
}
