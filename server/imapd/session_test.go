package imapd

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore"
)

func TestADeliveredMessageShowsInIdleAtOnce(t *testing.T) {
	b := newBed(t, nil)
	c := b.login("ann@example.com")
	c.ok("SELECT INBOX")
	c.send("i IDLE\r\n")
	if got := c.line(); got != "+ idling" {
		t.Fatal(got)
	}
	b.deliver("ann@example.com", mail("news", "x"))
	if got := c.line(); got != "* 1 EXISTS" {
		t.Fatal(got)
	}
	c.send("DONE\r\n")
	if _, tagged := c.answers("i"); !strings.HasPrefix(tagged, "OK") {
		t.Fatal(tagged)
	}
}

func TestAFlagSetOverIMAPIsALabelInTheAPIAndTheOtherWay(t *testing.T) {
	b := newBed(t, nil)
	id := b.deliver("ann@example.com", mail("news", "x"))
	in := b.inbox("ann@example.com")
	c := b.login("ann@example.com")
	c.ok("SELECT INBOX")
	c.ok(`STORE 1 +FLAGS (\Seen \Flagged $Forwarded)`)
	m, err := in.Message(t.Context(), id)
	b.must(err)
	if want := []string{"received", "starred", "$forwarded"}; !slices.Equal(m.Labels, want) {
		t.Errorf("labels are %q, want %q", m.Labels, want)
	}
	_, err = in.ChangeMessage(t.Context(), id, mailstore.MessageChange{AddLabels: []string{"unread", "urgent"}, RemoveLabels: []string{"starred"}})
	b.must(err)
	got := c.ok("NOOP")
	if want := `* 1 FETCH (FLAGS ($Forwarded urgent \Recent))`; !slices.Contains(got, want) {
		t.Errorf("NOOP told %q, want %q", got, want)
	}
}

func TestWhatTheAPIMovesLeavesTheMailbox(t *testing.T) {
	b := newBed(t, nil)
	id := b.deliver("ann@example.com", mail("news", "x"))
	c := b.login("ann@example.com")
	c.ok("SELECT INBOX")
	_, err := b.inbox("ann@example.com").ChangeMessage(t.Context(), id, mailstore.MessageChange{AddLabels: []string{"trash"}})
	b.must(err)
	if got := c.ok("FETCH 1 (UID)"); !slices.Equal(got, []string{"* 1 FETCH (UID 1)"}) { // it counts until the client is told
		t.Errorf("FETCH told %q", got)
	}
	if got := c.want("FETCH 1 (BODY.PEEK[])", "NO [EXPUNGEISSUED]"); len(got) > 1 {
		t.Errorf("FETCH told %q", got)
	}
	if got := c.ok("NOOP"); !slices.Contains(got, "* 1 EXPUNGE") {
		t.Errorf("NOOP told %q", got)
	}
	if got := c.ok("STATUS Trash (MESSAGES)"); !slices.Contains(got, "* STATUS Trash (MESSAGES 1)") {
		t.Errorf("STATUS told %q", got)
	}
}

func TestHighestModseqDoesNotCoverAnExpungeThatWasNotTold(t *testing.T) {
	b := newBed(t, nil)
	for _, subject := range []string{"one", "two", "three"} {
		b.deliver("ann@example.com", mail(subject, "x"))
	}
	watcher, other := b.login("ann@example.com"), b.login("ann@example.com")
	watcher.ok("SELECT INBOX")
	other.ok("SELECT INBOX")
	other.ok(`STORE 2 +FLAGS (\Deleted)`)
	other.ok("EXPUNGE")
	watcher.ok("FETCH 1 (FLAGS)")
	told := watcher.ok("FETCH 1 (MODSEQ)")
	if got := watcher.ok("NOOP"); !slices.Contains(got, "* 2 EXPUNGE") {
		t.Fatalf("NOOP told %q", got)
	}
	var highest uint64
	for _, line := range told {
		if _, err := fmt.Sscanf(line, "* OK [HIGHESTMODSEQ %d]", &highest); err == nil {
			break
		}
	}
	if highest == 0 {
		t.Fatalf("FETCH told no HIGHESTMODSEQ: %q", told)
	}
	watcher.ok("ENABLE QRESYNC")
	validity := regexp.MustCompile(`UIDVALIDITY (\d+)`).FindStringSubmatch(strings.Join(watcher.ok("EXAMINE INBOX"), "\n"))
	if got := watcher.ok(fmt.Sprintf("SELECT INBOX (QRESYNC (%s %d))", validity[1], highest)); !slices.Contains(got, "* VANISHED (EARLIER) 2") {
		t.Errorf("who resynchronises from %d is told %q", highest, got)
	}
}
