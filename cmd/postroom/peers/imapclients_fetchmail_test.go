package peers

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// fetchmail delivers into a mail drop.
type fetchmail struct {
	*client
	drop    mailDrop
	program string
}

func newFetchmail(t *testing.T) *fetchmail {
	c := newClient(t)
	return &fetchmail{client: c, drop: newMailDrop(c), program: need(t, "fetchmail")}
}

// config is a configuration over implicit TLS, or over STARTTLS; options are of the user.
func (f *fetchmail) config(at imapTarget, startTLS bool, options string) string {
	f.t.Helper()
	port, tls := at.TLSPort, "ssl"
	if startTLS {
		port, tls = at.Port, `sslproto "TLS1.2+"`
	}
	path := f.write("fetchmailrc", at.vars("{port}", port).Replace(`poll localhost service `+port+` protocol IMAP no dns
  user "{user}" password "{password}" `+tls+` sslcertck sslcertfile "{ca}"
  mda "`+f.drop.program+`" no rewrite pass8bits no mimedecode `+options+"\n"))
	if err := os.Chmod(path, 0o600); err != nil { // fetchmail refuses to read another
		f.t.Fatal(err)
	}
	return path
}

// fetch runs it once and says whether there was mail.
func (f *fetchmail) fetch(config string) bool {
	f.t.Helper()
	out, err := f.try("", f.program, "-f", config, "--invisible", "-v", "-v")
	const noMail = 1
	var exit *exec.ExitError
	switch {
	case err == nil:
		return true
	case errors.As(err, &exit) && exit.ExitCode() == noMail:
		return false
	}
	f.t.Fatalf("fetchmail: %v\n%s", err, tail(out, 6000))
	return false
}

func TestFetchmailFetchesEachMessageOnce(t *testing.T) {
	need(t, "fetchmail")
	atEachIMAPServer(t, func(t *testing.T, at imapTarget) {
		w := dialIMAP(t, at)
		defer w.close()
		mails := testMails("in", 30)
		w.append("INBOX", mails...)
		var unseen []testMail
		for _, m := range mails {
			if !strings.Contains(m.Flags, `\Seen`) {
				unseen = append(unseen, m)
			}
		}

		f := newFetchmail(t)
		keep := f.config(at, false, "keep")
		if !f.fetch(keep) {
			t.Error("it saw no mail")
		}
		f.drop.check(unseen, "")
		if f.fetch(keep) {
			t.Error("it saw the mail that it had kept again")
		}
		for id, m := range serverState(t, at)["INBOX"] {
			if !m.has(`\Seen`) {
				t.Errorf("%s was kept with the flags %v", id, m.Flags)
			}
		}

		f = newFetchmail(t)
		all := f.config(at, true, "fetchall expunge 7")
		if !f.fetch(all) {
			t.Error("it saw no mail over STARTTLS")
		}
		f.drop.check(mails, "")
		if n := w.status("INBOX", "MESSAGES"); n != 0 {
			t.Errorf("it left %d messages", n)
		}
		if f.fetch(all) {
			t.Error("it saw mail in an empty inbox")
		}
		fetchmailIdles(t, at, w)
	})
}

// fetchmailIdles has new mail fetched by a process that waits in IDLE, two times.
func fetchmailIdles(t *testing.T, at imapTarget, w *imapWire) {
	f := newFetchmail(t)
	ctx, cancel := context.WithTimeout(t.Context(), clientPatience)
	defer cancel()
	cmd := f.command(ctx, "", f.program, "-f", f.config(at, false, "idle"), "--invisible", "--nodetach", "-v", "-v")
	said := &strings.Builder{} // read after the end alone
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	mails := testMails("idle", 2)
	for i := range mails {
		mails[i].Flags = "()"
		w.append("INBOX", mails[i])
		until(t, "the new message is fetched", func() bool { return len(f.drop.messages()) > i || ctx.Err() != nil })
	}
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	if ctx.Err() != nil {
		t.Errorf("it did not fetch what came while it waited:\n%s", tail(said.String(), 4000))
	}
	f.drop.check(mails, "")
}
