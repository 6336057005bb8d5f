package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// diffDialogue is what is said to both servers: steps by several sessions, one after the other, on an account of its own.
type diffDialogue struct {
	title string
	steps []diffStep
}

// countsChanges reports whether mod-sequences may come in the dialogue.
func (d diffDialogue) countsChanges() bool {
	return slices.ContainsFunc(d.steps, func(s diffStep) bool { return modseqWords.MatchString(s.text) })
}

var modseqWords = regexp.MustCompile(`(?i)modseq|condstore|qresync|changedsince`)

// diffStep is one line of a dialogue:
//
//	A: SELECT INBOX            session A, which logs in when it first speaks, sends a command and reads up to its answer
//	A: ~name STORE 1 ...       the same, where an accepted difference of that name is known
//	A: !idle                   sends IDLE and waits for the invitation; !wait TEXT reads up to a response with the text; !done ends
//	A: !connect                connects without logging in
//	A: !raw "text"             sends octets without a tag, then a NOOP, and reads up to its answer
//	A: !close                  closes the connection
//	fill MAILBOX SET           stores a set of messages
//	mark NAME MAILBOX          reads HIGHESTMODSEQ and UIDVALIDITY into $NAME and $NAMEv
//
// Within a command {"text"} is a literal, {+"text"} one that does not wait, {~"text"} a literal8; the texts are Go strings.
// {=name} is a literal with a message of the standard set.
type diffStep struct {
	session  string // "" for fill and mark
	accepted string // the name of an accepted difference, or ""
	text     string
}

func (s diffStep) String() string {
	switch {
	case s.session == "":
		return s.text
	case s.accepted != "":
		return s.session + ": ~" + s.accepted + " " + s.text
	}
	return s.session + ": " + s.text
}

var stepForm = regexp.MustCompile(`^([A-Z]): (?:~([a-z0-9-]+) )?(.*)$`)

// parseStep reads a line of a dialogue.
func parseStep(line string) (diffStep, error) {
	if strings.HasPrefix(line, "fill ") || strings.HasPrefix(line, "mark ") {
		return diffStep{text: line}, nil
	}
	m := stepForm.FindStringSubmatch(line)
	if m == nil {
		return diffStep{}, fmt.Errorf("%q is no step", line)
	}
	return diffStep{session: m[1], accepted: m[2], text: m[3]}, nil
}

// readDialogues reads the files of a folder; "== title" begins a dialogue, "# " a comment.
func readDialogues(t testing.TB, folder string) []diffDialogue {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogues in %s: %v", folder, err)
	}
	var list []diffDialogue
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		for i, line := range strings.Split(string(raw), "\n") {
			title, begins := strings.CutPrefix(line, "== ")
			switch {
			case begins:
				list = append(list, diffDialogue{title: name + "/" + strings.ReplaceAll(title, " ", "_")})
			case line == "" || strings.HasPrefix(line, "#"):
			case len(list) == 0:
				t.Fatalf("%s:%d: a step before the first title", file, i+1)
			default:
				step, err := parseStep(line)
				if err != nil {
					t.Fatalf("%s:%d: %v", file, i+1, err)
				}
				d := &list[len(list)-1]
				d.steps = append(d.steps, step)
			}
		}
	}
	return list
}

var literalForm = regexp.MustCompile(`\{([+~]?)("(?:[^"\\]|\\.)*")\}|\{=([a-z0-9._+-]+)\}`)

// pieces takes a command apart into text and literals.
func pieces(text string, messages map[string]diffMessage) ([]diffPiece, error) {
	var list []diffPiece
	rest := 0
	for _, m := range literalForm.FindAllStringSubmatchIndex(text, -1) {
		list = append(list, diffPiece{text: text[rest:m[0]]})
		rest = m[1]
		if m[6] >= 0 {
			message, ok := messages[text[m[6]:m[7]]]
			if !ok {
				return nil, fmt.Errorf("there is no message %q", text[m[6]:m[7]])
			}
			list = append(list, diffPiece{text: message.text, literal: true, form: "{%d+}"})
			continue
		}
		content, err := strconv.Unquote(text[m[4]:m[5]])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text[m[4]:m[5]], err)
		}
		form := map[string]string{"": "{%d}", "+": "{%d+}", "~": "~{%d}"}[text[m[2]:m[3]]]
		list = append(list, diffPiece{text: content, literal: true, form: form})
	}
	return append(list, diffPiece{text: text[rest:]}), nil
}
