package peers

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// imapAgainst chooses what is compared with Dovecot; "dovecot" is the control, in which nothing may differ.
var imapAgainst = flag.String("imapagainst", "postroom", "the IMAP server that is compared with Dovecot: postroom or dovecot")

// imapSeeds is how many streams of each kind are made by chance.
var imapSeeds = flag.Int("imapseeds", 3, "how many generated streams of each kind are compared with Dovecot")

// imapTranscript shows what Dovecot says, for those who write dialogues.
var imapTranscript = flag.Bool("imaptranscript", false, "print what Dovecot answers in each dialogue")

func comparedTarget(t testing.TB) diffTarget {
	t.Helper()
	if *imapAgainst == "dovecot" {
		return dovecotTarget(t)
	}
	return postroomTarget(t)
}

// difference is a step that two servers answer differently.
type difference struct {
	step        int
	text        string
	left, right []string
}

func (d difference) String() string {
	return fmt.Sprintf("step %d, %s\n%s", d.step+1, d.text, sideBySide(d.left, d.right))
}

// sideBySide shows what only one of the two has, with - for the left and + for the right, and what is common shortly.
func sideBySide(left, right []string) string {
	var b strings.Builder
	left, right = without(left, right), without(right, left)
	for len(left) > 0 || len(right) > 0 {
		l, r := "", ""
		if len(left) > 0 && (len(right) == 0 || subject(left[0]) == subject(right[0]) || len(left) >= len(right)) {
			l, left = left[0], left[1:]
		}
		if len(right) > 0 && (l == "" || subject(l) == subject(right[0])) {
			r, right = right[0], right[1:]
		}
		l, r = apart(l, r)
		if l != "" {
			fmt.Fprintf(&b, "  - %s\n", l)
		}
		if r != "" {
			fmt.Fprintf(&b, "  + %s\n", r)
		}
	}
	return b.String()
}

// without is what the first list has and the second has not; lines that come more than once count.
func without(list, other []string) []string {
	other = slices.Clone(other)
	var rest []string
	for _, line := range list {
		if at := slices.Index(other, line); at >= 0 {
			other = slices.Delete(other, at, at+1)
		} else {
			rest = append(rest, line)
		}
	}
	if len(rest) == 0 && len(other) == 0 && len(list) > 0 { // only their order differs
		return list
	}
	return rest
}

// subject is what a line is about: "* 5 FETCH".
func subject(line string) string {
	words := strings.SplitN(line, " ", 4)
	return strings.Join(words[:min(3, len(words))], " ")
}

// apart shortens two lines to where they differ.
func apart(l, r string) (string, string) {
	const around, most = 60, 1200
	begin, end := 0, 0
	for l != "" && r != "" && begin < min(len(l), len(r)) && l[begin] == r[begin] {
		begin++
	}
	for l != "" && r != "" && end < min(len(l), len(r))-begin && l[len(l)-1-end] == r[len(r)-1-end] {
		end++
	}
	begin, end = max(begin-around, 0), max(end-around, 0)
	cut := func(s string) string {
		if s == "" {
			return s
		}
		head, middle := s[:min(begin, 20)], s[begin:len(s)-end]
		if begin > 20 {
			head += " … "
		} else {
			middle = s[min(begin, 20) : len(s)-end]
		}
		if len(middle) > most {
			middle = middle[:most] + " …"
		}
		if end > 0 {
			middle += " …"
		}
		return head + middle
	}
	return cut(l), cut(r)
}

// bothSides has a dialogue with two servers at the same time.
func bothSides(left, right diffTarget, d diffDialogue, mail diffMail) (a, b transcript, err error) {
	type half struct {
		t   transcript
		err error
	}
	other := make(chan half)
	go func() {
		t, err := converse(right, d, mail)
		other <- half{t, err}
	}()
	a, err = converse(left, d, mail)
	h := <-other
	if err != nil {
		err = fmt.Errorf("%s: %w", left.name, err)
	} else if h.err != nil {
		err = fmt.Errorf("%s: %w", right.name, h.err)
	}
	return a, h.t, err
}

// differences compares what both servers said. Steps of a known difference are left out; those that turn out equal are told.
func differences(a, b transcript) (list []difference, stale []string) {
	for i, step := range a.steps {
		left, right := a.lines[i], b.lines[i]
		if a.server != b.server {
			left, right = accepted(commandWord(step.text), left, right)
		}
		equal := slices.Equal(left, right)
		switch {
		case step.accepted != "" && equal:
			stale = append(stale, fmt.Sprintf("step %d, %s", i+1, step))
		case step.accepted == "" && !equal:
			list = append(list, difference{step: i, text: step.String(), left: left, right: right})
		}
	}
	return list, stale
}

// compare has a dialogue with two servers and tells each difference; of a dialogue that changes things only the first, and how
// it can be had with less.
func compare(t *testing.T, left, right diffTarget, d diffDialogue, onlyFirst bool) {
	t.Helper()
	mail := standardMail(t)
	for _, step := range d.steps {
		if words := strings.Fields(step.text); step.session == "" && words[0] == "fill" && len(mail.sets[words[2]]) == 0 {
			absent(t, "shared/corpus")
		}
	}
	a, b, err := bothSides(left, right, d, mail)
	if err != nil {
		t.Fatal(err)
	}
	if *imapTranscript {
		for i, step := range a.steps {
			t.Logf("%s\n    %s", step, strings.Join(a.lines[i], "\n    "))
		}
	}
	list, stale := differences(a, b)
	for _, step := range stale {
		if left.name != right.name {
			t.Errorf("the difference is gone: %s", step)
		}
	}
	if len(list) == 0 {
		return
	}
	if !onlyFirst {
		for _, difference := range list {
			t.Error(difference)
		}
		return
	}
	short, first := shrink(left, right, d, list[0], mail)
	var steps strings.Builder
	for _, step := range short.steps {
		steps.WriteString("  " + step.String() + "\n")
	}
	t.Errorf("%s and %s disagree; the shortest dialogue found is\n%s%s", left.name, right.name, steps.String(), first)
}

func TestIMAPAgreesWithDovecot(t *testing.T) {
	theirs, ours := dovecotTarget(t), comparedTarget(t)
	for _, d := range readDialogues(t, filepath.Join("testdata", "imapdiff")) {
		t.Run(d.title, func(t *testing.T) { compare(t, theirs, ours, d, false) })
	}
	for kind := range diffStreams {
		for seed := range *imapSeeds {
			d := diffStream(kind, uint64(seed+1))
			onlyFirst := !strings.HasPrefix(d.title, "fetch") && !strings.HasPrefix(d.title, "search")
			t.Run(d.title, func(t *testing.T) { compare(t, theirs, ours, d, onlyFirst) })
		}
	}
}
