package peers

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// Postfix from Debian takes mail from its own sendmail and relays it to us, and only over TLS that it can verify.
func TestPostfixRelaysToUsOverSTARTTLS(t *testing.T) {
	postfix := "/usr/sbin/postfix"
	if _, err := os.Stat(postfix); err != nil {
		absent(t, "postfix")
	}
	if os.Getuid() != 0 {
		absent(t, "root, which Postfix's master wants,")
	}
	if _, err := user.Lookup("postfix"); err != nil {
		absent(t, "the user postfix")
	}
	s := start(t, t.TempDir())
	_, port, _ := net.SplitHostPort(s.SMTP)
	dir, err := os.MkdirTemp("", "postfix") // a short path that the user postfix may walk: master's sockets lie below it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	conf, queue, data, log := filepath.Join(dir, "conf"), filepath.Join(dir, "queue"), filepath.Join(dir, "data"), filepath.Join(dir, "log")
	for _, d := range []string{conf, queue, data} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "", "chown", "postfix", data)
	ca, err := os.ReadFile(s.CA)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"ca.pem": string(ca),
		"main.cf": fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %s
data_directory = %s
maillog_file = %s
maillog_file_prefixes = %s
myhostname = relay.sender.example
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
relayhost = [localhost]:%s
smtp_host_lookup = native
smtp_tls_security_level = verify
smtp_tls_verify_cert_match = hostname
smtp_tls_CAfile = %s
smtp_tls_loglevel = 1
smtp_dns_support_level = disabled
`, queue, data, log, dir, port, filepath.Join(conf, "ca.pem")),
		"master.cf": `pickup    unix  n - n 1 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
flush     unix  n - n 1000? 0 flush
smtp      unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
`,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(conf, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(postfix, "-c", conf, "start").CombinedOutput(); err != nil {
		text, _ := os.ReadFile(log)
		t.Fatalf("postfix: %v\n%s%s", err, out, text)
	}
	t.Cleanup(func() { exec.Command(postfix, "-c", conf, "stop").Run() })
	mail := "From: Ann <ann@sender.example>\nTo: " + s.Inbox.Address + "\nSubject: Through Postfix\nMessage-ID: <pf@sender.example>\n\n.a line with a dot\nHello.\n"
	cmd := exec.Command("/usr/sbin/sendmail", "-C", conf, "-f", "ann@sender.example", s.Inbox.Address)
	cmd.Stdin = strings.NewReader(mail)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sendmail: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if t.Failed() {
			text, _ := os.ReadFile(log)
			t.Logf("Postfix's log:\n%s", text)
		}
	})
	id := s.waitFor(1)[0]
	raw := s.raw(id)
	for _, want := range []string{"Received: from relay.sender.example", "with ESMTPS", "by relay.sender.example (Postfix", "\r\n\r\n.a line with a dot\r\nHello.\r\n"} {
		if !strings.Contains(raw, want) {
			t.Errorf("the message has no %q:\n%s", want, raw)
		}
	}
}
