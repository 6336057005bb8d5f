package compose

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore/message"
)

// pythonReader reads messages with a reader that is not ours, and tells what it found.
const pythonReader = `
import email, email.policy, glob, json, sys
found = {}
for path in sorted(glob.glob(sys.argv[1] + "/*.eml")):
    with open(path, "rb") as f:
        m = email.message_from_binary_file(f, policy=email.policy.default)
    defects = [repr(d) for p in m.walk() for d in p.defects]
    defects += [repr(d) for v in m.values() for d in getattr(v, "defects", [])]
    addresses = lambda name: [[a.display_name, a.addr_spec] for v in m.get_all(name, []) for a in v.addresses]
    files = []
    for p in m.walk():
        if p.get_content_disposition() or p.get_content_type() == "message/rfc822":
            content = p.get_payload(0).as_bytes() if p.get_content_type() == "message/rfc822" else p.get_payload(decode=True)
            files.append([p.get_filename() or "", (content or b"").hex()])
    text, html = m.get_body(("plain",)), m.get_body(("html",))
    found[path.split("/")[-1]] = {
        "Defects": defects, "Subject": m["subject"] or "", "From": addresses("from"), "To": addresses("to"), "Cc": addresses("cc"), "Files": files,
        "Text": text.get_content() if text else "", "HTML": html.get_content() if html else "", "Type": m.get_content_type(),
    }
json.dump(found, sys.stdout)
`

type pythonFound struct {
	Defects             []string
	Subject, Text, HTML string
	From, To, Cc        [][2]string
	Files               [][2]string
	Type                string
}

func readByPython(t *testing.T, messages map[string][]byte) map[string]pythonFound {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("python3 is absent, and in CI nothing may be")
		}
		t.Skip("peer absent: python3")
	}
	dir := t.TempDir()
	for name, raw := range messages {
		if err := os.WriteFile(filepath.Join(dir, name+".eml"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), python, "-c", pythonReader, dir).Output()
	if err != nil {
		if failed, ok := err.(*exec.ExitError); ok {
			t.Fatalf("python: %s", failed.Stderr)
		}
		t.Fatal(err)
	}
	found := map[string]pythonFound{}
	if err := json.Unmarshal(out, &found); err != nil || len(found) != len(messages) {
		t.Fatalf("%d of %d: %v", len(found), len(messages), err)
	}
	return found
}

func TestPythonReadsWhatIsWritten(t *testing.T) {
	drafts := shapes()
	for seed := range 100 {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 2822))}.draft()
		for _, list := range []*[]message.Address{{{}}, &d.To, &d.Cc, &d.Bcc, &d.ReplyTo} {
			*list = slices.DeleteFunc(*list, func(a message.Address) bool {
				return strings.ContainsAny(a.Address, "用[,") || strings.Contains(a.Address, "..")
			})
		}
		d.From.Address = "ann@example.com"
		drafts["random"+strconv.Itoa(seed)] = d
	}
	messages := map[string][]byte{}
	for name, d := range drafts {
		messages[name] = written(t, d)
	}
	for file, got := range readByPython(t, messages) {
		name := strings.TrimSuffix(file, ".eml")
		d := drafts[name]
		if len(got.Defects) > 0 {
			t.Errorf("%s: %v", name, got.Defects)
		}
		if want := strings.TrimSpace(d.Subject); got.Subject != want {
			t.Errorf("%s: subject %q, want %q", name, got.Subject, want)
		}
		for what, pair := range map[string][2]any{"From": {got.From, []message.Address{d.From}}, "To": {got.To, d.To}, "Cc": {got.Cc, d.Cc}} {
			var want [][2]string
			for _, a := range pair[1].([]message.Address) {
				address, _ := canonical(a.Address)
				want = append(want, [2]string{a.Name, address})
			}
			// Some versions keep the space between two encoded words of a phrase, which RFC 2047, 6.2 says to drop.
			spaceless := func(a, b [2]string) bool {
				return a[1] == b[1] && strings.ReplaceAll(a[0], " ", "") == strings.ReplaceAll(b[0], " ", "")
			}
			if !slices.EqualFunc(pair[0].([][2]string), want, spaceless) {
				t.Errorf("%s: %s is %q, want %q", name, what, pair[0], want)
			}
		}
		text := d.Text
		if text == "" && d.HTML != "" {
			text = message.TextOf(d.HTML)
		}
		for _, pair := range [][2]string{{got.Text, text}, {got.HTML, d.HTML}} {
			if plain := strings.NewReplacer("\r\n", "\n").Replace(pair[0]); strings.TrimRight(plain, "\n") != strings.TrimRight(pair[1], "\n") {
				t.Errorf("%s: body %.300q, want %.300q", name, plain, pair[1])
			}
		}
		for _, a := range d.Attachments {
			if want := (strings.TrimSpace(a.Filename)); !slices.ContainsFunc(got.Files, func(f [2]string) bool { return f[0] == want }) {
				t.Errorf("%s: no file %q in %q", name, want, got.Files)
			}
		}
		if t.Failed() {
			t.Fatalf("%.4000s", messages[name])
		}
	}
}

func TestPythonReadsNotices(t *testing.T) {
	messages := map[string][]byte{}
	for name, n := range notices() {
		messages[name] = n.Bytes()
	}
	for name, got := range readByPython(t, messages) {
		if len(got.Defects) > 0 || got.Type != "multipart/report" || !bytes.Contains([]byte(got.Text), []byte("bob@example.org")) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
