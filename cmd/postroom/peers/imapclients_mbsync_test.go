package peers

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mbsyncFolders are mailboxes by their name on the server, in modified UTF-7, which is also their directory's.
var mbsyncFolders = []string{"INBOX", "Archive", "Projects", "Projects/Z&APw-rich &- Ben"}

// mbsync is an account and the maildirs beside it.
type mbsync struct {
	*client
	at      imapTarget
	program string
	config  string
}

func newMbsync(t *testing.T, at imapTarget) *mbsync {
	t.Helper()
	c := newClient(t)
	m := &mbsync{client: c, at: at, program: need(t, "mbsync")}
	m.config = c.write("mbsyncrc", at.vars("{home}", c.home).Replace(`FSync no

IMAPAccount account
Host localhost
Port {tlsport}
User {user}
Pass {password}
SSLType IMAPS
CertificateFile {ca}

IMAPStore far
Account account

MaildirStore near
Path {home}/mail/
Inbox {home}/mail/INBOX
SubFolders Verbatim

Channel both
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
`))
	c.write("mail/.keep", "")
	return m
}

var mbsyncCounters = regexp.MustCompile(`C: 1/1 +B: (\d+)/(\d+) +F: \+(\d+)/(\d+) \*(\d+)/(\d+) #(\d+)/(\d+) +N: \+(\d+)/(\d+) \*(\d+)/(\d+) #(\d+)/(\d+)`)

// moved are mbsync's own counters: messages added, flags changed and deletions, on the far and on the near side.
type moved struct{ farNew, farFlags, farGone, nearNew, nearFlags, nearGone int }

// sync runs mbsync on a terminal, where it prints its counters.
func (m *mbsync) sync() moved {
	m.t.Helper()
	out := m.terminal(m.program, "-c", m.config, "-a").wait()
	all := mbsyncCounters.FindAllStringSubmatch(out, -1)
	if all == nil {
		m.t.Fatalf("mbsync prints no counters:\n%s", tail(out, 2000))
	}
	last := all[len(all)-1]
	var n [14]int
	for i := range n {
		fmt.Sscan(last[i+1], &n[i])
	}
	for i := 0; i < len(n); i += 2 {
		if n[i] != n[i+1] {
			m.t.Errorf("mbsync did %d of %d: %s", n[i], n[i+1], last[0])
		}
	}
	return moved{n[2], n[4], n[6], n[8], n[10], n[12]}
}

func (m *mbsync) folder(name string) string { return filepath.Join(m.home, "mail", name) }

// compare holds the maildirs against the server. X-TUID is mbsync's own mark.
func (m *mbsync) compare(state map[string]map[string]serverMessage) {
	m.t.Helper()
	for _, folder := range mbsyncFolders {
		compareMaildir(m.t, folder, readMaildir(m.t, m.folder(folder)), state[strings.ReplaceAll(folder, "/", m.at.Delimiter)], "X-TUID")
	}
}

// names are all files of the maildirs.
func (m *mbsync) names() string {
	var names strings.Builder
	for _, folder := range mbsyncFolders {
		for _, sub := range []string{"new", "cur"} {
			files, err := os.ReadDir(filepath.Join(m.folder(folder), sub))
			if err != nil {
				m.t.Fatal(err)
			}
			for _, f := range files {
				names.WriteString(f.Name() + "\n")
			}
		}
	}
	return names.String()
}

func TestMbsyncKeepsALargeInboxEqualOnBothSides(t *testing.T) {
	need(t, "mbsync")
	atEachIMAPServer(t, func(t *testing.T, at imapTarget) {
		w := dialIMAP(t, at)
		defer w.close()
		for _, folder := range mbsyncFolders[2:] {
			w.must("CREATE", quoted(strings.ReplaceAll(folder, "/", at.Delimiter)))
		}
		inbox := testMails("in", 2000)
		w.append("INBOX", inbox...)
		w.append("Archive", testMails("archive", 3)...)
		w.append(strings.ReplaceAll(mbsyncFolders[3], "/", at.Delimiter), testMails("deep", 5)...)

		m := newMbsync(t, at)
		if got, want := m.sync(), (moved{nearNew: 2008}); got != want {
			t.Errorf("the first run moved %+v, not %+v", got, want)
		}
		before := serverState(t, at, "X-TUID")
		m.compare(before)

		names := m.names()
		if got := m.sync(); got != (moved{}) {
			t.Errorf("the second run moved %+v", got)
		}
		if m.names() != names {
			t.Error("the second run renamed files")
		}
		if after := serverState(t, at, "X-TUID"); !equalStates(before, after) {
			t.Error("the second run changed the server")
		}

		m.changeBothSides(w, inbox)
		want := moved{farNew: 20, farFlags: 82, nearNew: 20, nearFlags: 82} // a deletion is a flag before it is expunged
		if got := m.sync(); got != want {
			t.Errorf("the third run moved %+v, not %+v", got, want)
		}
		state := serverState(t, at, "X-TUID")
		m.compare(state)
		m.checkConflicts(state["INBOX"], inbox)
		if n := len(state["INBOX"]); n != 2000+20+20-31-31 {
			t.Errorf("the inbox holds %d messages", n)
		}
		if got := m.sync(); got != (moved{}) {
			t.Errorf("the fourth run moved %+v", got)
		}
	})
}

// changeBothSides does, on either side, 50 changed flags, 30 deletions and 20 new messages, and four conflicts.
func (m *mbsync) changeBothSides(w *imapWire, inbox []testMail) {
	m.t.Helper()
	near := readMaildir(m.t, m.folder("INBOX"))
	w.must("SELECT", "INBOX")
	w.must("UID STORE", `1:50 +FLAGS.SILENT (\Draft)`)
	w.must("UID STORE", `101:130 +FLAGS.SILENT (\Deleted)`)
	w.must("UID STORE", `301 +FLAGS (\Answered)`)
	w.must("UID STORE", `302 +FLAGS (\Draft)`)
	w.must("UID STORE", `303 +FLAGS (\Draft)`)
	w.must("UID STORE", `304 +FLAGS (\Deleted)`)
	w.must("EXPUNGE", "")
	w.append("INBOX", testMails("far", 20)...)

	change := func(number int, letters func(string) string) {
		message := near[inbox[number-1].ID]
		message.flag(m.t, letters(message.Flags))
	}
	drafted := func(old string) string { return "D" + old }
	trashed := func(old string) string { return old + "T" }
	for n := 51; n <= 100; n++ {
		change(n, drafted)
	}
	for n := 131; n <= 160; n++ {
		change(n, trashed)
	}
	change(301, drafted) // another flag than the server's
	change(302, drafted) // the same flag
	change(303, trashed) // gone here, changed there
	change(304, drafted) // changed here, gone there
	for i, mail := range testMails("near", 20) {
		addToMaildir(m.t, m.folder("INBOX"), fmt.Sprintf("1700000000.%d_1.here", i), mail.Text)
	}
}

// checkConflicts wants the union of different flags, and a deletion to be stronger than a changed flag.
func (m *mbsync) checkConflicts(state map[string]serverMessage, inbox []testMail) {
	m.t.Helper()
	if got := state[inbox[300].ID].letters(); got != "DR" {
		m.t.Errorf("the message with different flags on both sides has %q", got)
	}
	if got := state[inbox[301].ID]; !got.has(`\Draft`) {
		m.t.Errorf("the message with the same new flag on both sides has %v", got.Flags)
	}
	for _, n := range []int{303, 304} {
		if _, ok := state[inbox[n-1].ID]; ok {
			m.t.Errorf("message %d, deleted on one side and changed on the other, is still there", n)
		}
	}
}

func equalStates(a, b map[string]map[string]serverMessage) bool {
	return maps.EqualFunc(a, b, func(a, b map[string]serverMessage) bool {
		return maps.EqualFunc(a, b, func(a, b serverMessage) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
	})
}

// mbsync sends a whole message behind a literal that waits for nothing: what is refused has to be read to its end, and
// the session goes on.
func TestMbsyncGoesOnAfterAMessageThatIsTooLarge(t *testing.T) {
	need(t, "mbsync")
	atEachIMAPServer(t, func(t *testing.T, at imapTarget) {
		w := dialIMAP(t, at)
		defer w.close()
		capability := strings.Join(w.must("CAPABILITY", ""), " ")
		var limit int
		if _, after, ok := strings.Cut(capability, "APPENDLIMIT="); ok {
			fmt.Sscan(after, &limit)
		} else {
			t.Skipf("%s has no limit", at.Name)
		}
		m := newMbsync(t, at)
		m.sync()
		line := strings.Repeat("tag LOGOUT ", 7) + "\n" // which nobody may take for a command
		large := "Subject: Too large\nMessage-ID: <large@sender.example>\n\n" + strings.Repeat(line, limit/len(line)+1)
		addToMaildir(t, m.folder("INBOX"), "1700000000.1_1.here", large)
		addToMaildir(t, m.folder("Sent"), "1700000000.2_1.here", testMails("small", 1)[0].Text)
		if out := m.run("", m.program, "-c", m.config, "-a"); !strings.Contains(out, "TOOBIG") || !strings.Contains(out, "far side refuses to store message") {
			t.Errorf("mbsync says\n%s", tail(out, 2000))
		}
		state := serverState(t, at, "X-TUID")
		if len(state["INBOX"]) != 0 {
			t.Errorf("the inbox holds %v", state["INBOX"])
		}
		compareMaildir(t, "Sent", readMaildir(t, m.folder("Sent")), state["Sent"], "X-TUID")
	})
}
