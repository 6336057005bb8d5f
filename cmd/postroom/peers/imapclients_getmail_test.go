package peers

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestGetmailRetrievesEachMessageOnce(t *testing.T) {
	program := need(t, "getmail")
	atEachIMAPServer(t, func(t *testing.T, at imapTarget) {
		w := dialIMAP(t, at)
		defer w.close()
		nested := "Projects" + at.Delimiter + "Deep"
		w.must("CREATE", quoted(nested))
		mails := testMails("in", 30)
		w.append("INBOX", mails[:25]...)
		w.append(nested, mails[25:]...)

		c := newClient(t)
		drop := newMailDrop(c)
		c.write("getmail/getmailrc", at.vars("{store}", drop.program, "{nested}", nested).Replace(`[retriever]
type = SimpleIMAPSSLRetriever
server = localhost
port = {tlsport}
username = {user}
password = {password}
mailboxes = ("INBOX", "{nested}")
ca_certs = {ca}
use_peek = true

[destination]
type = MDA_external
path = {store}
allow_root_commands = true

[options]
read_all = false
delivered_to = false
received = false
verbose = 2
`))
		retrieve := func(want string) {
			t.Helper()
			if out := c.run("", program, "--getmaildir", filepath.Join(c.home, "getmail")); !strings.Contains(out, want) {
				t.Errorf("it does not say %q:\n%s", want, tail(out, 3000))
			}
		}
		const own = "X-getmail-retrieved-from-mailbox"
		before := serverState(t, at)
		retrieve("30 messages")
		drop.check(mails, own)
		if !equalStates(before, serverState(t, at)) {
			t.Error("to retrieve with BODY.PEEK changed the server")
		}
		retrieve("0 messages")
		more := testMails("more", 3)
		w.append("INBOX", more...)
		retrieve("3 messages")
		drop.check(append(mails, more...), own)
	})
}
