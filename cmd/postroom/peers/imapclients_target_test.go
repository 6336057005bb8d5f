package peers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// imapServers chooses what the clients talk to. Dovecot is the control: a test that fails there is wrong itself.
var imapServers = flag.String("imapservers", "postroom", "IMAP servers for the client tests: postroom, dovecot or both")

// clientPatience bounds one run of one client.
const clientPatience = 2 * time.Minute

// imapTarget is one account at one IMAP server, as a client's configuration names it. The certificate is for localhost.
type imapTarget struct {
	Name      string // of the server: postroom or dovecot
	Port      string // plain, with STARTTLS
	TLSPort   string
	User      string
	Password  string
	Key       string // an API key that covers the inbox; empty where there is none
	CA        string // path of the authority's certificate, PEM
	Delimiter string // of the mailbox hierarchy
}

// vars are what texts name in braces: configurations, scripts and conversations.
func (at imapTarget) vars(more ...string) *strings.Replacer {
	return strings.NewReplacer(append([]string{
		"{port}", at.Port, "{tlsport}", at.TLSPort, "{user}", at.User, "{password}", at.Password, "{key}", at.Key, "{ca}", at.CA, "{delimiter}", at.Delimiter,
	}, more...)...)
}

// atEachIMAPServer runs a test against the chosen servers, each fresh and empty.
func atEachIMAPServer(t *testing.T, test func(t *testing.T, at imapTarget)) {
	t.Helper()
	for _, name := range []string{"postroom", "dovecot"} {
		if *imapServers == name || *imapServers == "both" {
			t.Run(name, func(t *testing.T) { test(t, tapped(t, imapServer(t, name))) })
		}
	}
}

// imapServer starts a server by its name until the test ends.
func imapServer(t testing.TB, name string) imapTarget {
	t.Helper()
	at := imapTarget{Name: name}
	if name == "dovecot" {
		d := runDovecot(t)
		_, at.Port, _ = net.SplitHostPort(d.IMAP)
		_, at.TLSPort, _ = net.SplitHostPort(d.IMAPS)
		at.User, at.Password, at.CA = "ann@dovecot.localhost", dovecotPassword, d.CA
	} else {
		startPostroom(t, &at)
	}
	w := dialIMAP(t, at)
	defer w.close()
	untagged := w.must("LIST", `"" ""`)
	if parts := strings.Split(untagged[0], `"`); len(parts) > 1 {
		at.Delimiter = parts[1]
	}
	return at
}

func startPostroom(t testing.TB, at *imapTarget) {
	t.Helper()
	cmd := exec.Command(binary(t), "dev", "--json", "--data", t.TempDir())
	stderr := &bytes.Buffer{}
	cmd.Stderr = stderr
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-done
		if t.Failed() && stderr.Len() > 0 {
			t.Logf("the server says:\n%s", stderr)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	go func() {
		defer close(done)
		io.Copy(io.Discard, out)
		cmd.Wait()
	}()
	if err != nil {
		t.Fatalf("the server did not become ready: %v\n%s", err, stderr)
	}
	var ready struct {
		IMAP, IMAPS, CA, WorkspaceKey string
		Inbox                         struct{ Address, Password string }
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("the ready line is %q: %v", line, err)
	}
	if ready.IMAPS == "" {
		absent(t, "IMAP in postroom dev")
	}
	_, at.Port, _ = net.SplitHostPort(ready.IMAP)
	_, at.TLSPort, _ = net.SplitHostPort(ready.IMAPS)
	at.User, at.Password, at.Key, at.CA = ready.Inbox.Address, ready.Inbox.Password, ready.WorkspaceKey, ready.CA
}

// client is one run of a client program: it sees no network settings, no home and no secrets of who runs the tests.
type client struct {
	t    testing.TB
	home string
	env  []string
}

func newClient(t testing.TB) *client {
	home := t.TempDir()
	return &client{t: t, home: home, env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8", "TERM=xterm", "TZ=UTC"}}
}

// write puts a file into the client's home, for its owner alone, and gives its path.
func (c *client) write(name, text string) string {
	c.t.Helper()
	path := filepath.Join(c.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// command is a program that ends with the test at the latest.
func (c *client) command(ctx context.Context, input, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.Dir, cmd.Stdin = c.env, c.home, strings.NewReader(input)
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// try runs a program to its end and gives what it printed and how it ended.
func (c *client) try(input, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), clientPatience)
	defer cancel()
	out, err := c.command(ctx, input, name, args...).CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("cut off after %v: %w", clientPatience, err)
	}
	return string(out), err
}

// run is try, and a failure of the program ends the test.
func (c *client) run(input, name string, args ...string) string {
	c.t.Helper()
	out, err := c.try(input, name, args...)
	if err != nil {
		c.t.Fatalf("%s %q: %v\n%s", filepath.Base(name), args, err, tail(out, 12000))
	}
	return out
}

// script runs a script of testdata/imap, which finds the account in IMAP_TARGET. Debian's own interpreters have what
// Debian's packages install.
func (c *client) script(at imapTarget, interpreter, script string, args ...string) string {
	c.t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "imap", script))
	if err != nil {
		c.t.Fatal(err)
	}
	target, err := json.Marshal(at)
	if err != nil {
		c.t.Fatal(err)
	}
	c.env = append(c.env, "IMAP_TARGET="+string(target), "PYTHONDONTWRITEBYTECODE=1")
	return c.run("", interpreter, append([]string{path}, args...)...)
}

func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return "…" + s[len(s)-n:]
}

// serverMessage is what imaplib sees of a message.
type serverMessage struct {
	UID   int
	Flags []string // sorted, without \Recent
	ID    string   // its Message-ID
	SHA   string   // SHA-256 of its octets, hex; see serverState
	Size  int
}

func (m serverMessage) has(flag string) bool {
	for _, f := range m.Flags {
		if strings.EqualFold(f, flag) {
			return true
		}
	}
	return false
}

// serverState asks the server through Python's imaplib for all messages of all mailboxes, by name and Message-ID. The
// hashes leave out the header fields that are named.
func serverState(t testing.TB, at imapTarget, without ...string) map[string]map[string]serverMessage {
	t.Helper()
	out := newClient(t).script(at, need(t, "/usr/bin/python3"), "state.py", without...)
	var boxes map[string][]serverMessage
	if err := json.Unmarshal([]byte(out), &boxes); err != nil {
		t.Fatalf("state.py printed %.300q: %v", out, err)
	}
	state := map[string]map[string]serverMessage{}
	for name, messages := range boxes {
		state[name] = map[string]serverMessage{}
		for _, m := range messages {
			if _, twice := state[name][m.ID]; twice {
				t.Errorf("%s holds %s twice", name, m.ID)
			}
			state[name][m.ID] = m
		}
	}
	return state
}
