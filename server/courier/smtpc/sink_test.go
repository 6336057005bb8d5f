package smtpc_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/server/courier/smtpc"
)

// sink starts Postfix's smtp-sink and gives its address.
func sink(t *testing.T, args ...string) string {
	t.Helper()
	const path = "/usr/sbin/smtp-sink"
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is absent, and in CI no peer may be", path)
		}
		t.Skipf("%s is absent", path)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	var out strings.Builder
	if os.Getuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...)
	}
	cmd := exec.Command(path, append(args, addr, "16")...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-exited
		if t.Failed() {
			t.Logf("smtp-sink: %s", &out)
		}
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return addr
		}
		select {
		case <-tick.C:
		case <-exited:
			t.Fatal("smtp-sink has ended")
		}
	}
	t.Fatal("smtp-sink does not listen")
	return ""
}

func dialSink(t *testing.T, addr string) *smtpc.Client {
	t.Helper()
	c, err := smtpc.Dial(t.Context(), (&net.Dialer{}).DialContext, addr, smtpc.Config{Hostname: "client.example"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestSmtpSinkTakesAndKeepsWhatIsSent(t *testing.T) {
	for name, o := range map[string]struct {
		args                  []string
		pipelining, eightBits bool
	}{
		"all it offers":      {nil, true, true},
		"without pipelining": {[]string{"-p"}, false, true},
		"without 8BITMIME":   {[]string{"-8"}, true, false},
		"without ESMTP":      {[]string{"-e"}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for folder, mode := range map[string]os.FileMode{dir: 0o777, filepath.Dir(dir): 0o755} { // smtp-sink gives up root
				if err := os.Chmod(folder, mode); err != nil {
					t.Fatal(err)
				}
			}
			c := dialSink(t, sink(t, append(o.args, "-d", filepath.Join(dir, "mail."))...))
			if x := c.Extensions(); x.Pipelining != o.pipelining || x.EightBitMIME != o.eightBits {
				t.Errorf("it offers %+v", x)
			}
			body := "Subject: gr\xc3\xbc\xc3\x9fe\r\n\r\n.\r\n..dots\r\n" + strings.Repeat("x", 3000) + "\r\n"
			for range 3 {
				m := message(body, "bob@b.example", `"cy <d>"@b.example`)
				m.EightBit = true
				out, err := c.Send(t.Context(), m)
				if err != nil || !out.Recipients[0].Accepted() || !out.Recipients[1].Accepted() {
					t.Fatalf("%+v, %v", out, err)
				}
			}
			if err := c.Quit(t.Context()); err != nil || c.Sent() != 3 {
				t.Errorf("%d sent, %v", c.Sent(), err)
			}
			dumps, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil || len(dumps) != 3 {
				t.Fatalf("%d dumps, %v", len(dumps), err)
			}
			for _, dump := range dumps {
				b, err := os.ReadFile(dump)
				if err != nil {
					t.Fatal(err)
				}
				want := strings.ReplaceAll(body, "\r\n", "\n")
				if got := strings.TrimRight(string(b), "\n") + "\n"; !strings.HasSuffix(got, want) || !strings.Contains(got, `"cy <d>"@b.example`) ||
					o.eightBits != strings.Contains(got, "BODY=8BITMIME") {
					t.Errorf("%.400q", got)
				}
			}
		})
	}
}

func TestSmtpSinkRefusesInEveryWay(t *testing.T) {
	for flags, want := range map[string]string{
		"-f MAIL": "mail 500 5.3.0",
		"-r RCPT": "rcpt 450 4.3.0",
		"-f DATA": "data 500 5.3.0",
		"-r .":    "final 450 4.3.0",
		"-Q MAIL": "mail 421",
		"-Q RCPT": "rcpt 421",
		"-Q DATA": "data 421",
		"-Q .":    "final 421",
		"-q MAIL": "mail failed",
		"-q RCPT": "rcpt failed",
		"-q DATA": "data failed",
		"-q .":    "final failed, maybe accepted",
		"-A 0":    "body 550",
	} {
		t.Run(flags, func(t *testing.T) {
			c := dialSink(t, sink(t, strings.Fields(flags)...))
			m := message(strings.Repeat(text, 1000), "bob@b.example")
			if flags == "-A 0" {
				m = message(strings.Repeat(text, 1_000_000), "bob@b.example")
			}
			out, err := c.Send(t.Context(), m)
			r := out.Recipients[0]
			got := string(r.Step) + " " + r.Reply.String()
			if err != nil {
				e := stepOf(t, err)
				got = string(e.Step) + " failed"
				if e.MaybeAccepted() {
					got += ", maybe accepted"
				}
			}
			if !strings.HasPrefix(got, want) || r.Accepted() {
				t.Errorf("%s: %s (%v); want %s", flags, got, err, want)
			}
		})
	}
}
