package peers

import (
	"net/url"
	"os"
	"slices"
	"testing"
)

// aerc is driven by its own commands, typed on a terminal, and watched from the server's side.
func TestAercReadsFlagsCopiesMovesAndDeletes(t *testing.T) {
	program := need(t, "aerc")
	atEachIMAPServer(t, func(t *testing.T, at imapTarget) {
		w := dialIMAP(t, at)
		defer w.close()
		for i, m := range testMails("in", 8) {
			m.Flags = "()"
			if i == 7 {
				m.Flags = `(\Seen)`
			}
			w.append("INBOX", m)
		}
		c := newClient(t)
		account := c.write(".config/aerc/accounts.conf", "[Account]\nsource = imaps://"+url.QueryEscape(at.User)+":"+url.QueryEscape(at.Password)+
			"@localhost:"+at.TLSPort+"\nfrom = Ann <"+at.User+">\ndefault = INBOX\ncopy-to = Sent\noutgoing = /bin/true\ncheck-mail = 5s\n")
		if err := os.Chmod(account, 0o600); err != nil { // aerc refuses to read another
			t.Fatal(err)
		}
		c.env = append(c.env, "SSL_CERT_FILE="+at.CA, "XDG_CONFIG_HOME="+c.home+"/.config")
		tm := c.terminal(program)
		tm.shows("in 0001")
		tm.shows("in 0008")

		// The newest message is on top and selected.
		w.must("SELECT", "INBOX")
		changed := func(what, criteria string, uids ...int) {
			t.Helper()
			until(t, what, func() bool { return slices.Equal(w.uids(criteria), uids) })
		}
		tm.keys(":unread\r")
		changed("aerc took the mark of a read message away", "UNSEEN", 1, 2, 3, 4, 5, 6, 7, 8)
		tm.keys(":read\r")
		changed("aerc marked a message as read", "SEEN", 8)
		tm.keys(":next\r:flag\r")
		changed("aerc flagged a message", "FLAGGED", 7)
		tm.keys(":mark\r:next\r:mark\r:copy Archive\r")
		until(t, "aerc copied two messages", func() bool { return w.status("Archive", "MESSAGES") == 2 })
		tm.keys(":unmark -a\r:next\r:delete\r")
		changed("aerc deleted a message", "ALL", 1, 2, 3, 4, 6, 7, 8)
		tm.keys(":move -p Saved\r")
		until(t, "aerc moved a message", func() bool {
			_, status := w.command("STATUS", "Saved (MESSAGES)")
			return status[:2] == "OK" && w.status("Saved", "MESSAGES") == 1
		})
		changed("the moved message is gone", "ALL", 1, 2, 3, 6, 7, 8)
		w.append("INBOX", testMails("fresh", 1)...)
		tm.shows("fresh 0001")
		tm.keys(":quit\r")
		tm.wait()
	})
}
