package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mutt is NeoMutt or Mutt on a terminal. Its status line is also written to a file, so that a test can read it.
type mutt struct {
	*client
	program string
	config  string
	counts  string // lines of "messages new flagged deleted"
}

// newMutt has an account in INBOX; more are lines for its configuration.
func newMutt(t *testing.T, at imapTarget, name, more string) *mutt {
	t.Helper()
	c := newClient(t)
	m := &mutt{client: c, program: need(t, name), counts: filepath.Join(c.home, "counts")}
	count := c.write("count", "#!/bin/sh\necho \"$@\" >>"+m.counts+"\n")
	send := c.write("send", "#!/bin/sh\ncat >/dev/null\n")
	m.config = c.write("muttrc", at.vars("{home}", c.home, "{count}", count, "{send}", send).Replace(`set imap_user="{user}"
set imap_pass="{password}"
set folder="imaps://localhost:{tlsport}/"
set spoolfile="=INBOX"
set ssl_ca_certificates_file="{ca}"
set certificate_file="{home}/certificates"
set charset="utf-8"
set send_charset="us-ascii:utf-8"
set from="{user}"
set realname="Ann Author"
set sendmail="{send}"
set record="=Sent"
set copy=yes
set postponed="=Drafts"
set confirmappend=no confirmcreate=no delete=yes quit=yes mark_old=no wait_key=no move=no
set sleep_time=0 mail_check=1 timeout=1
set status_format="{count} %m %n %F %d|"
`)+more)
	return m
}

// open types keys into the mailbox's index and returns when the program has ended by itself.
func (m *mutt) open(mailbox, keys string) {
	m.t.Helper()
	out := m.start(mailbox, keys).wait()
	for _, sign := range []string{"Connection to", "failed", "Fatal", "Error", "error in", "BAD"} {
		if strings.Contains(out, sign) {
			m.t.Errorf("%s says %q:\n%s", m.program, sign, tail(out, 3000))
		}
	}
}

func (m *mutt) start(mailbox, keys string) *terminal {
	m.t.Helper()
	os.Remove(m.counts)
	return m.terminal(m.program, "-n", "-F", m.config, "-f", mailbox, "-e", "push '"+keys+"'")
}

// count is one of the status lines, or an empty text as long as there is none.
func (m *mutt) count(last bool) string {
	raw, err := os.ReadFile(m.counts)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if last {
		return lines[len(lines)-1]
	}
	return lines[0]
}

func TestNeoMuttReadsChangesAndFilesMail(t *testing.T) { testMutt(t, "neomutt") }

func TestMuttReadsChangesAndFilesMail(t *testing.T) { testMutt(t, "mutt") }

func testMutt(t *testing.T, name string) {
	need(t, name)
	atEachIMAPServer(t, func(t *testing.T, at imapTarget) {
		w := dialIMAP(t, at)
		defer w.close()
		w.append("INBOX", testMails("in", 30)...)
		t.Run("tag delete copy move flag and search", func(t *testing.T) { muttActs(t, newMutt(t, at, name, ""), at) })
		t.Run("send and postpone", func(t *testing.T) { muttSends(t, newMutt(t, at, name, ""), at) })
		t.Run("a cached mailbox catches up", func(t *testing.T) { muttCatchesUp(t, at, name) })
		t.Run("new mail shows while it waits", func(t *testing.T) { muttWaits(t, at, name) })
	})
}

func muttActs(t *testing.T, m *mutt, at imapTarget) {
	before := serverState(t, at)["INBOX"]
	id := func(n int) string { return fmt.Sprintf("<in.%04d@sender.example>", n) }
	m.open("=INBOX", `<delete-pattern>~s 0002$<enter>`+
		`<tag-pattern>~s 000[345]$<enter><tag-prefix><copy-message>=Archive<enter><untag-pattern>~A<enter>`+
		`<search>~s 0006$<enter><flag-message>`+
		`<tag-pattern>~s 001[0-9]$<enter><tag-prefix><save-message>=Saved`+at.Delimiter+`Deep<enter><untag-pattern>~A<enter>`+
		`<search>~s 0008$<enter><set-flag>r`+
		`<tag-pattern>=b "words of number 21."<enter><tag-prefix><flag-message><untag-pattern>~A<enter>`+
		`<sync-mailbox><quit>`)
	if got := m.count(false); got != "30 12 6 0" {
		t.Errorf("at first the index counts %q messages, new, flagged, deleted", got)
	}
	if got := m.count(true); got != "19 7 6 0" {
		t.Errorf("at last the index counts %q messages, new, flagged, deleted", got)
	}
	after := serverState(t, at)
	inbox, archive, deep := after["INBOX"], after["Archive"], after["Saved"+at.Delimiter+"Deep"]
	if _, there := inbox[id(2)]; there || len(inbox) != 19 {
		t.Errorf("the inbox holds %d messages; the deleted one is there: %v", len(inbox), there)
	}
	if len(archive) != 3 || len(deep) != 10 {
		t.Errorf("%d were copied and %d were moved", len(archive), len(deep))
	}
	for n := 3; n <= 19; n++ {
		for _, box := range []map[string]serverMessage{inbox, archive, deep} {
			if m, ok := box[id(n)]; ok && m.SHA != before[id(n)].SHA {
				t.Errorf("message %d changed", n)
			}
		}
	}
	if !inbox[id(6)].has(`\Flagged`) || !inbox[id(8)].has(`\Answered`) || !inbox[id(21)].has(`\Flagged`) {
		t.Errorf("flags are %v, %v, %v", inbox[id(6)].Flags, inbox[id(8)].Flags, inbox[id(21)].Flags)
	}
}

// muttSends writes two messages: one is sent, with a copy in Sent, and one waits in Drafts and is sent later.
func muttSends(t *testing.T, m *mutt, at imapTarget) {
	edit := m.write("edit", "#!/bin/sh\nprintf 'Grüße,\\n.\\nFrom here on it is Ann.\\n' >>\"$1\"\n")
	file := m.write("data.bin", "\x00\x01\x02\xff")
	m.write("muttrc", mustRead(t, m.config)+"set editor=\""+edit+"\"\nset abort_nosubject=no abort_unmodified=no abort_noattach=no\n")
	m.open("=INBOX", `<mail>ben@elsewhere.example<enter>At once<enter><attach-file>`+file+`<enter><send-message>`+
		`<mail>ben@elsewhere.example<enter>Later<enter><postpone-message><quit>`)
	state := serverState(t, at)
	if len(state["Sent"]) != 1 || len(state["Drafts"]) != 1 {
		t.Fatalf("Sent holds %v, Drafts %v", state["Sent"], state["Drafts"])
	}
	for _, copy := range state["Sent"] {
		if !copy.has(`\Seen`) {
			t.Errorf("the sent copy has the flags %v", copy.Flags)
		}
		w := dialIMAP(t, at)
		defer w.close()
		w.must("EXAMINE", "Sent")
		structure := strings.Join(w.must("UID FETCH", fmt.Sprintf("%d BODYSTRUCTURE", copy.UID)), "\n")
		if !strings.Contains(strings.ToLower(structure), `"application" "octet-stream"`) {
			t.Errorf("the copy's structure is %s", structure)
		}
	}
	m.open("=INBOX", `<recall-message><send-message><quit>`)
	state = serverState(t, at)
	if len(state["Sent"]) != 2 || len(state["Drafts"]) != 0 {
		t.Errorf("after the recall Sent holds %v, Drafts %v", state["Sent"], state["Drafts"])
	}
}

// muttCatchesUp reopens a mailbox with a header cache, which CONDSTORE and QRESYNC bring up to date.
func muttCatchesUp(t *testing.T, at imapTarget, name string) {
	w := dialIMAP(t, at)
	defer w.close()
	w.must("CREATE", "Cached")
	mails := testMails("cached", 40)
	w.append("Cached", mails...)
	m := newMutt(t, at, name, "set imap_condstore=yes imap_qresync=yes\n")
	m.config = m.write("muttrc", mustRead(t, m.config)+"set header_cache=\""+m.home+"/headers\"\n")
	if err := os.MkdirAll(filepath.Join(m.home, "headers"), 0o700); err != nil {
		t.Fatal(err)
	}
	m.open("=Cached", `<quit>`)
	if got := m.count(true); got != "40 16 8 0" {
		t.Errorf("at first the index counts %q messages, new, flagged, deleted", got)
	}
	w.must("SELECT", "Cached")
	w.must("UID STORE", `1:10 +FLAGS (\Deleted)`) // 4 are new and 2 flagged
	w.must("EXPUNGE", "")
	w.must("UID STORE", `11,13,16 +FLAGS (\Seen \Flagged)`) // 3 new ones
	w.append("Cached", testMails("later", 5)...)            // 2 new, 1 flagged
	m.open("=Cached", `<quit>`)
	if got := m.count(true); got != "35 11 10 0" {
		t.Errorf("after the other client's changes the index counts %q messages, new, flagged, deleted", got)
	}
	w.must("UID STORE", `20:22 +FLAGS (\Deleted)`)
	w.must("EXPUNGE", "")
	m.open("=Cached", `<tag-pattern>~s "later 0001"<enter><tag-prefix><flag-message><sync-mailbox><quit>`)
	if got := m.count(true); got != "32 10 11 0" {
		t.Errorf("after more of them the index counts %q messages, new, flagged, deleted", got)
	}
	if m := serverState(t, at)["Cached"]["<later.0001@sender.example>"]; !m.has(`\Flagged`) {
		t.Errorf("the message has the flags %v", m.Flags)
	}
}

// muttWaits has new mail told by IDLE.
func muttWaits(t *testing.T, at imapTarget, name string) {
	w := dialIMAP(t, at)
	defer w.close()
	w.must("CREATE", "Waiting")
	w.append("Waiting", testMails("old", 2)...)
	m := newMutt(t, at, name, "set imap_idle=yes\n")
	program := m.start("=Waiting", "")
	until(t, "the index shows two messages", func() bool { return m.count(true) == "2 1 0 0" })
	w.append("Waiting", testMails("new", 1)...)
	until(t, "the index shows the third message", func() bool { return strings.HasPrefix(m.count(true), "3 2 ") })
	program.keys("q")
	program.wait()
}

func mustRead(t testing.TB, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
