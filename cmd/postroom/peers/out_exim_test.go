package peers

import (
	"context"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postroom/postroom/server/courier/mxtest"
)

// eximUser is whom Debian's Exim becomes when it gives up root's rights; it does not start where there is none.
const eximUser = "Debian-exim"

// eximProgram finds Exim. Its package excludes Postfix's, so it is unpacked beside it if it is not installed.
func eximProgram(t testing.TB) string {
	t.Helper()
	if os.Getuid() != 0 {
		absent(t, "root, which Exim wants,")
	}
	const installed = "/usr/sbin/exim4"
	if _, err := os.Stat(installed); err == nil {
		return installed
	}
	dir := openDir(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	// Without its user it says so, and no more: its libraries are all there.
	const unpack = "apt-get -qq download exim4-daemon-light && dpkg -x exim4-daemon-light_*.deb . && ./usr/sbin/exim4 --version 2>&1 | grep -q 'Exim version\\|" + eximUser + "'"
	cmd := exec.CommandContext(ctx, "sh", "-c", unpack)
	cmd.Dir, cmd.WaitDelay = dir, 5*time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Logf("%v: %s", err, out)
		absent(t, "exim4-daemon-light, which apt-get download gives, or a library of it,")
	}
	return filepath.Join(dir, "usr", "sbin", "exim4")
}

// startExim runs Exim until the test ends, with the configuration of testdata/out. While the file later is in its
// directory it refuses a recipient of that name for now.
func startExim(t testing.TB, vars map[string]string) (dir string) {
	t.Helper()
	program := eximProgram(t)
	dir = openDir(t)
	if err := os.Mkdir(filepath.Join(dir, "spool"), 0o755); err != nil {
		t.Fatal(err)
	}
	text := mustRead(t, filepath.Join("testdata", "out", "exim.conf"))
	vars["exim"], vars["dir"] = program, dir
	for name, value := range vars {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	conf := filepath.Join(dir, "exim.conf")
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-C", conf, "-bdf", "-q2s")
	owner := eximUser
	if _, err := user.Lookup(eximUser); err != nil {
		owner = "64534:64534"
		cmd = withEximUser(t, dir, cmd)
	}
	run(t, "", "chown", owner, filepath.Join(dir, "spool"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 5 * time.Second
	out := &lockedBuffer{}
	cmd.Stdout, cmd.Stderr = lineWriter{out}, lineWriter{out}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		cmd.Wait()
		close(done)
	}()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) // it may have ended already
		<-done
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "spool", "mainlog"))
			t.Logf("Exim's log:\n%s%s", out.tail(4000), tail(string(log), 6000))
		}
	})
	until(t, "Exim listens", func() bool {
		select {
		case <-done:
			t.Fatalf("Exim ended: %s", out.tail(4000))
		default:
		}
		c, err := net.Dial("tcp", net.JoinHostPort(vars["offered"], vars["port"]))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return dir
}

// withEximUser has a command see the user that Exim wants: in a mount namespace of its own, with other lists of users.
func withEximUser(t testing.TB, dir string, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	for name, line := range map[string]string{"passwd": eximUser + ":x:64534:64534::/nonexistent:/usr/sbin/nologin\n", "group": eximUser + ":x:64534:\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(mustRead(t, "/etc/"+name)+line), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	unshare := need(t, "unshare")
	const script = `mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && exec "$@"`
	if err := exec.Command(unshare, "--mount", "--propagation", "private", "sh", "-c", script, dir, "true").Run(); err != nil {
		absent(t, "the user "+eximUser+", or the right to mount,")
	}
	return exec.Command(unshare, append([]string{"--mount", "--propagation", "private", "sh", "-c", script, dir}, cmd.Args...)...)
}

// lineWriter keeps what a program prints.
type lineWriter struct{ to *lockedBuffer }

// Write keeps it.
func (w lineWriter) Write(p []byte) (int, error) {
	w.to.add(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// Exim takes mail with TLS offered, required and absent, refuses one recipient of two and one for now; what it took it
// hands on unchanged, or reports that it could not.
func TestEximTakesWhatWeSend(t *testing.T) {
	s := newSending(t)
	sink := mxtest.Start(t, mxtest.Options{})
	addresses := map[string]string{"offered": "127.0.0.11", "required": "127.0.0.12", "absent": "127.0.0.13"}
	var names []string
	for name, address := range addresses {
		s.receiver(name+".test", address)
		names = append(names, "mx."+name+".test")
	}
	cert, key := s.ca.issue(time.Hour, names...)
	vars := map[string]string{"port": strconv.Itoa(s.port), "certificate": cert, "key": key}
	vars["sinkhost"], vars["sinkport"], _ = net.SplitHostPort(sink.Addr().String())
	for name, address := range addresses {
		vars[name] = address
	}
	for _, file := range []string{cert, key} {
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	refuser := mxtest.Start(t, mxtest.Options{Rcpt: func(_, _ string) string { return "550 5.1.1 there is nobody of that name" }})
	s.run()
	_, vars["refuserport"], _ = net.SplitHostPort(refuser.Addr().String())
	_, vars["homeport"], _ = net.SplitHostPort(s.SMTP)
	dir := startExim(t, vars)
	flag := filepath.Join(dir, "later")
	if err := os.WriteFile(flag, nil, 0o644); err != nil {
		t.Fatal(err)
	}

	later := s.send(nil, "later@offered.test")
	both := s.send(nil, "bob@offered.test", "nobody@offered.test")
	ids := map[string]string{"required": s.send(nil, "bob@required.test"), "absent": s.send(nil, "bob@absent.test")}
	gone := s.send(nil, "gone@offered.test")
	large := s.send(map[string]any{"text": strings.Repeat("All work and no play makes Jack a dull boy.\n", 4000)}, "large@offered.test")

	list := s.settled(both, "delivered bounced")
	if a := list[0].last(); !strings.HasPrefix(a.TLS, "TLS 1.") || a.Verified != "webpki" || !strings.Contains(a.Reply, "OK id=") {
		t.Errorf("offered: %+v", a)
	}
	if r := list[1]; r.Code != 550 || r.EnhancedCode != "5.1.1" || r.Reason != "userUnknown" {
		t.Errorf("the refused one is %+v", r)
	}
	s.bounceTold(t, "nobody@offered.test", "nobody of that name")
	for name, id := range ids {
		if a := s.settled(id, "delivered")[0].last(); (a.TLS != "") != (name == "required") {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if r := s.settled(large, "bounced")[0]; r.Code != 552 {
		t.Errorf("the large one is %+v", r)
	}
	if r := s.settled(gone, "bounced")[0]; r.Reason != "userUnknown" || r.EnhancedCode != "5.1.1" || r.last().Code != 250 || s.suppressed("gone@offered.test") != "bounce" {
		t.Errorf("the one that Exim could not hand on is %+v", r)
	}
	if r := s.settled(later, "deferred")[0]; r.Code != 451 || r.EnhancedCode != "4.7.1" {
		t.Errorf("the one for later is %+v", r)
	}
	if err := os.Remove(flag); err != nil {
		t.Fatal(err)
	}
	s.settled(later, "delivered")
	for _, domain := range []string{"required.test", "absent.test"} {
		onceEach(t, sink, domain, 1)
	}
	onceEach(t, sink, "offered.test", 2)
	v := newOpendkim(t, s, "sender.test")
	for _, m := range sink.Transactions() {
		v.want("through Exim to "+m.Recipients[0], string(m.Body), "pass")
	}
}
