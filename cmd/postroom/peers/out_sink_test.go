package peers

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// runSink runs smtp-sink, which comes with Postfix, until stop is called or the test ends. It writes what it takes into a
// directory.
func runSink(t testing.TB, address string, options ...string) (stop func()) {
	t.Helper()
	program := "/usr/sbin/smtp-sink"
	if _, err := os.Stat(program); err != nil {
		absent(t, "smtp-sink")
	}
	if os.Getuid() == 0 {
		options = append(options, "-u", "nobody")
	}
	cmd := exec.Command(program, append(options, address, "100")...)
	out := &lockedBuffer{}
	cmd.Stderr = lineWriter{out}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	t.Cleanup(stop)
	until(t, "smtp-sink listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return stop
}

// Servers that hang up at any step, refuse there or are slow: what they have not taken waits and tells why, what they
// refuse for good comes back, and when they behave each message arrives.
func TestServersThatHangUpGetTheMailLater(t *testing.T) {
	s := newSending(t)
	s.retry = "1h"
	large := strings.Repeat("All work and no play makes Jack a dull boy.\n", 50_000)
	cases := []struct {
		name, options string
		text          string
		first         string // status after the first try
		code          int
		enhanced      string
	}{
		{"greeting", "-q CONNECT", "x", "deferred", 451, "4.4.1"},
		{"hello", "-q EHLO", "x", "deferred", 451, "4.4.1"},
		{"mail", "-q MAIL", "x", "deferred", 451, "4.4.2"},
		{"data", "-q DATA", large, "deferred", 451, "4.4.2"},
		{"dot", "-q .", large, "deferred", 451, "4.4.2"},
		{"busy", "-Q MAIL", "x", "deferred", 421, ""},
		{"late", "-Q .", "x", "deferred", 421, ""},
		{"shut", "-f CONNECT", "x", "deferred", 400, ""}, // 5xx in a greeting is about us, not the message
		{"rcpt", "-f RCPT", "x", "bounced", 500, "5.3.0"},
		{"soft", "-r .", "x", "deferred", 450, "4.3.0"},
		{"hard", "-f .", "x", "bounced", 500, "5.3.0"},
		{"abort", "-A 0", large, "bounced", 550, ""},
		{"slow", "-w 1 -H 1", large, "delivered", 250, "2.0.0"},
		{"plain", "-e", "x", "delivered", 250, ""},
	}
	ids, stops := map[string]string{}, map[string]func(){}
	address := func(i int) string { return "127.0.0." + strconv.Itoa(11+i) }
	at := func(i int) string { return net.JoinHostPort(address(i), strconv.Itoa(s.port)) }
	for i, c := range cases {
		s.receiver(c.name+".test", address(i))
		stops[c.name] = runSink(t, at(i), strings.Fields(c.options)...)
	}
	s.run()
	for _, c := range cases {
		ids[c.name] = s.send(map[string]any{"text": c.text}, "bob@"+c.name+".test")
	}
	for i, c := range cases {
		r := s.settled(ids[c.name], c.first)[0]
		if r.last().Code != c.code || c.enhanced != "" && r.last().EnhancedCode != c.enhanced || len(r.AttemptsList) != 1 {
			t.Errorf("%s: %+v", c.name, r)
		}
		if c.first != "deferred" {
			continue
		}
		stops[c.name]()
		dump := filepath.Join(s.dir, "taken-"+c.name)
		if err := errors.Join(os.Mkdir(dump, 0o755), os.Chmod(dump, 0o777)); err != nil { // for the user that the sink becomes
			t.Fatal(err)
		}
		runSink(t, at(i), "-d", filepath.Join(dump, "mail."))
	}
	for _, c := range cases {
		if c.first != "deferred" {
			continue
		}
		s.tryNow(ids[c.name])
		s.settled(ids[c.name], "delivered")
		if got, err := filepath.Glob(filepath.Join(s.dir, "taken-"+c.name, "mail.*")); err != nil || len(got) != 1 {
			t.Errorf("%s: it is there %d times, %v", c.name, len(got), err)
		}
	}
}
