package peers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// BINARY of real messages, one conversation for each part. Where Dovecot refuses a part that cannot be decoded, or ends the connection,
// we may decode what can be decoded, but must stay (accepted difference broken-parts). Parts that hold parts are left out (accepted
// difference binary-multipart).
func TestDecodedPartsAgreeWithDovecot(t *testing.T) {
	theirs, ours := dovecotTarget(t), comparedTarget(t)
	mail := standardMail(t)
	if len(mail.sets["corpus"]) == 0 {
		absent(t, "shared/corpus")
	}
	compared := 0
	for _, m := range mail.sets["corpus"] {
		for part := 1; part <= 2; part++ {
			d := diffDialogue{title: fmt.Sprintf("%s/%d", m.name, part)}
			for _, line := range []string{
				"A: APPEND INBOX {=" + m.name + "}", "A: EXAMINE INBOX", fmt.Sprintf("A: FETCH 1 (BODY.PEEK[%d.MIME])", part), fmt.Sprintf("A: FETCH 1 (BINARY.SIZE[%d])", part),
				fmt.Sprintf("A: FETCH 1 (BINARY.PEEK[%d])", part), fmt.Sprintf("A: FETCH 1 (BINARY.PEEK[%d]<3.20>)", part), "A: NOOP",
			} {
				step, err := parseStep(line)
				if err != nil {
					t.Fatal(err)
				}
				d.steps = append(d.steps, step)
			}
			t.Run(d.title, func(t *testing.T) {
				if compareDecoded(t, theirs, ours, d) {
					compared++
				}
			})
		}
	}
	if compared < len(mail.sets["corpus"]) {
		t.Errorf("only %d parts were compared", compared)
	}
}

// compareDecoded reports whether both servers decoded the part.
func compareDecoded(t *testing.T, theirs, ours diffTarget, d diffDialogue) bool {
	a, b, err := bothSides(theirs, ours, d, standardMail(t))
	if err != nil {
		t.Fatal(err)
	}
	if mime := strings.ToLower(strings.Join(a.lines[2], "")); strings.Contains(mime, "multipart/") || strings.Contains(mime, "message/") {
		return false
	}
	if slices.ContainsFunc(a.lines[3:6], refused) {
		if last := b.lines[len(b.lines)-1]; !slices.Equal(last, []string{"tagged OK"}) && ours.name == "Postroom" {
			t.Errorf("after a part that cannot be decoded we answer %q", last)
		}
		return false
	}
	list, _ := differences(a, b)
	for _, difference := range list {
		t.Error(difference)
	}
	return true
}

func refused(lines []string) bool {
	return len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "tagged OK")
}
