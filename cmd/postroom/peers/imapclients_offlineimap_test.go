package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestOfflineIMAPSyncsAMaildirAndItsChangesBack(t *testing.T) {
	program := need(t, "offlineimap")
	atEachIMAPServer(t, func(t *testing.T, at imapTarget) {
		const far, near = "Projects/Z&APw-rich", "Projects.Zürich"
		w := dialIMAP(t, at)
		defer w.close()
		nested := strings.ReplaceAll(far, "/", at.Delimiter)
		w.must("CREATE", quoted(nested))
		w.must("SUBSCRIBE", quoted(nested))
		inbox := testMails("in", 60)
		w.append("INBOX", inbox...)
		w.append(nested, testMails("deep", 5)...)

		c := newClient(t)
		config := c.write("offlineimaprc", at.vars("{home}", c.home, "{compress}", strconv.FormatBool(*imapTap == "")).Replace(`[general]
accounts = account
metadata = {home}/metadata
ui = basic
fsync = false

[Account account]
localrepository = near
remoterepository = far
utf8foldernames = yes

[Repository near]
type = Maildir
localfolders = {home}/mail

[Repository far]
type = IMAP
remotehost = localhost
remoteport = {tlsport}
remoteuser = {user}
remotepass = {password}
ssl = yes
sslcacertfile = {ca}
usecompression = {compress}
`))
		sync := func() string {
			t.Helper()
			out := c.run("", program, "-c", config, "-o")
			if strings.Contains(out, "ERROR") {
				t.Fatalf("offlineimap reports errors:\n%s", out)
			}
			return out
		}
		folder := func(name string) string { return filepath.Join(c.home, "mail", name) }
		compare := func(boxes map[string]string) {
			t.Helper()
			state := serverState(t, at)
			for far, near := range boxes {
				compareMaildir(t, near, readMaildir(t, folder(near)), state[far], "X-OfflineIMAP")
			}
		}
		boxes := map[string]string{"INBOX": "INBOX", nested: near}
		sync()
		compare(boxes)
		if out := sync(); offlineIMAPMoves.MatchString(out) {
			t.Errorf("the second run moves something:\n%s", out)
		}

		here := readMaildir(t, folder("INBOX"))
		for n := 1; n <= 5; n++ {
			m := here[inbox[n-1].ID]
			m.flag(t, "D"+m.Flags)
		}
		for n := 11; n <= 15; n++ {
			if err := os.Remove(here[inbox[n-1].ID].Path); err != nil {
				t.Fatal(err)
			}
		}
		for i, mail := range testMails("near", 5) {
			addToMaildir(t, folder("INBOX"), fmt.Sprintf("1700000000_%d.1.here:2,", i), mail.Text)
		}
		for _, sub := range []string{"cur", "new", "tmp"} {
			if err := os.MkdirAll(filepath.Join(folder("Küche"), sub), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		addToMaildir(t, folder("Küche"), "1700000000_9.1.here:2,", testMails("cook", 1)[0].Text)
		w.must("SELECT", "INBOX")
		w.must("UID STORE", `21:25 +FLAGS.SILENT (\Draft)`)
		w.must("UID STORE", `31:35 +FLAGS.SILENT (\Deleted)`)
		w.must("EXPUNGE", "")
		w.append("INBOX", testMails("far", 5)...)

		boxes["K&APw-che"] = "Küche"
		sync()
		compare(boxes)
		if n := len(readMaildir(t, folder("INBOX"))); n != 60 {
			t.Errorf("the inbox holds %d messages", n)
		}
		if out := sync(); offlineIMAPMoves.MatchString(out) {
			t.Errorf("the last run moves something:\n%s", out)
		}
	})
}

// offlineIMAPMoves is what it says for each thing that it does.
var offlineIMAPMoves = regexp.MustCompile(`Copy message|Adding flags|Deleting|Deleted|Removing|Creating`)
