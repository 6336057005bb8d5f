package peers

import (
	"errors"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// curl asks one thing with each run.
type curl struct {
	*client
	at      imapTarget
	program string
}

// ask runs curl over implicit TLS on a path with more options and wants success.
func (c curl) ask(path string, options ...string) string {
	c.t.Helper()
	return c.run("", c.program, c.args("imaps://localhost:"+c.at.TLSPort, path, options)...)
}

func (c curl) args(server, path string, options []string) []string {
	credentials := []string{"-sS", "--max-time", "20", "--cacert", c.at.CA, "-u", c.at.User + ":" + c.at.Password}
	return append(append(credentials, options...), server+path)
}

// code is how curl ends.
func (c curl) code(server, path string, options ...string) int {
	c.t.Helper()
	_, err := c.try("", c.program, c.args(server, path, options)...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return 0
}

// wants says what an answer has to hold.
func (c curl) wants(answer string, lines ...string) {
	c.t.Helper()
	for _, line := range lines {
		if !strings.Contains("\r\n"+answer, line) {
			c.t.Errorf("there is no %q in\n%s", line, tail(answer, 2000))
		}
	}
}

func TestCurlListsFetchesSearchesAndAppends(t *testing.T) {
	program := need(t, "curl")
	atEachIMAPServer(t, func(t *testing.T, at imapTarget) {
		w := dialIMAP(t, at)
		defer w.close()
		mails := testMails("in", 10)
		w.append("INBOX", mails...)
		deep := strings.ReplaceAll("Projects/Z&APw-rich", "/", at.Delimiter)
		w.must("CREATE", quoted(deep))
		w.append(deep, testMails("deep", 1)...)
		c := curl{newClient(t), at, program}

		c.wants(c.ask("/"), "\r\n* LIST (", deep, " INBOX\r\n", `\Trash`, `\Sent`)
		c.wants(c.ask("/", "-X", `STATUS INBOX (MESSAGES UIDNEXT UNSEEN)`), "* STATUS INBOX (", "MESSAGES 10", "UIDNEXT 11", "UNSEEN 4")
		c.wants(c.ask("/", "-X", "EXAMINE INBOX"), "* 10 EXISTS\r\n", "[PERMANENTFLAGS (", "[UIDVALIDITY ")
		c.wants(c.ask("/INBOX?UNSEEN"), "* SEARCH 1 3 6 8\r\n")
		c.wants(c.ask("/INBOX?"+url.PathEscape(`SUBJECT "in 0007"`)), "* SEARCH 7\r\n")
		c.wants(c.ask("/INBOX", "-X", "UID FETCH 2:4 (FLAGS)"), "* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n", "* 3 FETCH (UID 3 FLAGS ())\r\n", "* 4 FETCH (")
		for i, m := range mails {
			n := strconv.Itoa(i + 1)
			if got := c.ask("/INBOX;UID=" + n); got != m.Text {
				t.Errorf("message %s is\n%q, not\n%q", n, tail(got, 600), tail(m.Text, 600))
			}
		}
		if got := c.ask("/INBOX;MAILINDEX=1;SECTION=TEXT"); got != "Plain words of number 1.\r\n.a line with a dot\r\n-- \r\nAnn\r\n" {
			t.Errorf("the text is %q", got)
		}
		if got := c.ask("/INBOX;UID=1;SECTION=HEADER.FIELDS%20(SUBJECT)"); got != "Subject: in 0001\r\n\r\n" {
			t.Errorf("the header field is %q", got)
		}
		if got := c.ask("/" + url.PathEscape(deep) + ";UID=1"); !strings.Contains(got, "<deep.0001@sender.example>") {
			t.Errorf("the message in %s is %q", deep, got)
		}

		large := "Subject: Large\r\nMessage-ID: <large@curl.example>\r\n\r\n" + strings.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789\r\n", 40_000) // 3 MB
		c.ask("/Archive", "-T", c.write("large.eml", large))
		if got := c.ask("/Archive;UID=1"); got != large {
			t.Errorf("the large message has %d octets when it comes back, not %d", len(got), len(large))
		}
		c.ask("/INBOX", "-X", `UID STORE 1 +FLAGS (\Deleted)`)
		c.wants(c.ask("/INBOX", "-X", "EXPUNGE"), "* 1 EXPUNGE\r\n")
		c.wants(c.ask("/INBOX", "-X", "UID COPY 2:3 Archive"))
		c.wants(c.ask("/", "-X", "STATUS Archive (MESSAGES)"), "MESSAGES 3")
	})
}

func TestCurlLogsInInEachWay(t *testing.T) {
	program := need(t, "curl")
	atEachIMAPServer(t, func(t *testing.T, at imapTarget) {
		c := curl{newClient(t), at, program}
		plain, tls := "imap://localhost:"+at.Port, "imaps://localhost:"+at.TLSPort
		const (
			loginDenied        = 67
			remoteFileNotFound = 78
		)
		for _, way := range [][]string{{}, {"--login-options", "AUTH=PLAIN"}, {"--login-options", "AUTH=PLAIN", "--sasl-ir"}, {"--login-options", "AUTH=LOGIN"}} {
			for _, server := range []string{plain, tls} {
				if code := c.code(server, "/", append([]string{"--ssl-reqd"}, way...)...); code != 0 {
					t.Errorf("%s with %q ends with %d", server, way, code)
				}
			}
		}
		if at.Key != "" {
			args := []string{"-sS", "--max-time", "20", "--cacert", at.CA, "--oauth2-bearer", at.Key, "-u", at.User, "--login-options", "AUTH=OAUTHBEARER", "--sasl-ir", tls + "/"}
			if out := c.run("", program, args...); !strings.Contains(out, " INBOX\r\n") {
				t.Errorf("with a key as bearer token the list is %q", out)
			}
			if code := c.code(tls, "/", "-u", at.User+":"+at.Key); code != 0 {
				t.Errorf("a key as password ends with %d", code)
			}
		}
		if code := c.code(tls, "/", "--cacert", c.write("none.pem", "")); code == 0 {
			t.Error("it trusts a certificate that nobody signed")
		}
		if code := c.code(tls, "/Nowhere;UID=1"); code != loginDenied { // curl's code for a SELECT that is refused
			t.Errorf("a mailbox that is not there ends with %d", code)
		}
		if code := c.code(tls, "/INBOX;UIDVALIDITY=1;UID=1"); code != remoteFileNotFound {
			t.Errorf("another UIDVALIDITY ends with %d", code)
		}
		if code := c.code(tls, "/INBOX;UID=4711"); code != remoteFileNotFound {
			t.Errorf("a UID that is not there ends with %d", code)
		}
		if code := c.code(tls, "/", "-u", at.User+":wrong"); code != loginDenied {
			t.Errorf("a wrong password ends with %d", code)
		}
	})
}
