package peers

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/postroom/postroom/server/rspamd"
)

// scanner is a running rspamd from Debian.
type scanner struct {
	t    testing.TB
	dir  string
	URL  string
	Unix string // the same by a socket
}

// startRspamd runs rspamd with the configuration of testdata until the test ends: it rejects GTUBE, and adds a header to what
// has "buy now" in its subject.
func startRspamd(t testing.TB) *scanner {
	t.Helper()
	program := need(t, "rspamd")
	s := &scanner{t: t, dir: openDir(t)}
	port := strconv.Itoa(freePort(t))
	s.URL, s.Unix = "http://127.0.0.1:"+port, "unix:"+filepath.Join(s.dir, "worker")
	text := mustRead(t, filepath.Join("testdata", "rspamd", "rspamd.conf"))
	conf := filepath.Join(s.dir, "rspamd.conf")
	for path, text := range map[string]string{conf: strings.NewReplacer("{dir}", s.dir, "{port}", port).Replace(text), filepath.Join(s.dir, "tld"): "test\nexample\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(s.dir, "plugins"), 0o755); err != nil {
		t.Fatal(err)
	}
	out := &lockedBuffer{}
	cmd := exec.Command(program, "--no-fork", "--insecure", "--config", conf) // insecure: it may run as root
	cmd.Stdout, cmd.Stderr = lineWriter{out}, lineWriter{out}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it keeps nothing; it may have ended already
		<-ended
		if t.Failed() {
			t.Logf("rspamd's log:\n%s%s", out.tail(2000), tail(s.log(), 8000))
		}
	})
	probe := s.client(s.URL)
	until(t, "rspamd answers", func() bool {
		select {
		case <-ended:
			t.Fatal("rspamd ended")
		default:
		}
		_, err := probe.Check(t.Context(), rspamd.Session{}, strings.NewReader("\r\n"), 2)
		return err == nil
	})
	return s
}

func (s *scanner) log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Error(err)
	}
	return string(text)
}

func (s *scanner) client(address string) *rspamd.Client {
	s.t.Helper()
	c, err := rspamd.New(rspamd.Config{Address: address, Hostname: "mail.receiver.test", Timeout: patience})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// gtube is what every junk filter takes for junk.
const gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

func scanned(subject, text string) string {
	return "From: Ann <ann@sender.test>\r\nTo: bob@receiver.test\r\nSubject: " + subject + "\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <scanned@sender.test>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text + "\r\n"
}

// Our client understands rspamd, and rspamd our client: its verdicts come with all that they are made of, and what we say of the
// sender and the recipients is in its own log.
func TestRspamdSaysWhatItThinksOfAMessage(t *testing.T) {
	s := startRspamd(t)
	var many []string
	for i := range 2 * rspamd.MaxRecipients {
		many = append(many, fmt.Sprintf("%s%d@receiver.test", strings.Repeat("long-", 50), i))
	}
	one := rspamd.Session{IP: netip.MustParseAddr("192.0.2.1"), HELO: "mx.sender.test", Name: "mx.sender.test", Sender: "ann@sender.test", Recipients: []string{"bob@receiver.test"}, ID: "s7.1", TLS: "TLS 1.3 TLS_AES_128_GCM_SHA256"}
	cases := []struct {
		name    string
		session rspamd.Session
		message string
		action  rspamd.Action
		score   float64
		symbols string
	}{
		{"ordinary", one, scanned("Lunch", "At one?"), rspamd.NoAction, 0, "FROM_EQ_ENVFROM RCPT_COUNT_ONE TO_MATCH_ENVRCPT_ALL"},
		{"a word", one, scanned("Buy now!", "At one?"), rspamd.AddHeader, 7, "POSTROOM_WORD FROM_EQ_ENVFROM"},
		{"GTUBE", one, scanned("Lunch", gtube), rspamd.Reject, 15, "GTUBE"},
		{"with nothing known", rspamd.Session{}, scanned("Lunch", "At one?"), rspamd.NoAction, 0, "RCPT_COUNT_ONE"},
		{"IPv6", rspamd.Session{IP: netip.MustParseAddr("2001:db8::1"), HELO: "[IPv6:2001:db8::1]", Recipients: many}, scanned("Buy now", strings.Repeat("All work and no play makes Jack a dull boy.\r\n", 50_000)), rspamd.AddHeader, 7, "POSTROOM_WORD"},
		{"odd names", rspamd.Session{HELO: "\x00\r\n", Sender: "\"a b\"@sender.test", Recipients: []string{"grüße@receiver.test", "bob@[192.0.2.1]", "bob@[IPv6:2001:db8::1]", "a+b=c/d@receiver.test", "postmaster"}}, scanned("Lunch", "At one?"), rspamd.NoAction, 0, "FROM_NEQ_ENVFROM"},
		{"beyond ASCII", rspamd.Session{Sender: "grüße@sender.test", Recipients: []string{"grüße@receiver.test"}}, scanned("Lunch", "Grüße"), rspamd.NoAction, 0, ""},
		{"null sender", rspamd.Session{HELO: "mx.sender.test", Recipients: []string{"bob@receiver.test"}}, scanned("Lunch", "At one?"), rspamd.NoAction, 0, "TO_MATCH_ENVRCPT_ALL"},
		{"no message", one, "", rspamd.NoAction, 0, ""},
	}
	for _, address := range []string{s.URL, s.Unix} {
		client := s.client(address)
		for _, c := range cases {
			v, err := client.Check(t.Context(), c.session, strings.NewReader(c.message), int64(len(c.message)))
			if err != nil || v.Action != c.action || v.Score != c.score || v.Required != 15 {
				t.Errorf("%s by %s: %+v, %v", c.name, address, v, err)
			}
			for _, name := range strings.Fields(c.symbols) {
				if !slices.ContainsFunc(v.Symbols, func(symbol rspamd.Symbol) bool { return symbol.Name == name }) {
					t.Errorf("%s: no symbol %s in %+v", c.name, name, v.Symbols)
				}
			}
			if c.action == rspamd.AddHeader && (v.Symbols[0].Score != 7 || v.Symbols[0].Description != "A word of the test") {
				t.Errorf("%s: the first symbol is %+v", c.name, v.Symbols[0])
			}
			if c.action == rspamd.Reject && v.Message == "" {
				t.Errorf("%s: nothing is said to the client", c.name)
			}
		}
	}
	for _, want := range []string{"qid: <s7.1>", "ip: 192.0.2.1", "from: <ann@sender.test>", "rcpts: <bob@receiver.test>", "ip: 2001:db8::1"} {
		if !strings.Contains(s.log(), want) {
			t.Errorf("rspamd's log has no %q", want)
		}
	}
}
