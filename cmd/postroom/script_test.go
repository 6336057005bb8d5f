package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/smtp"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"postroom": main})
}

// The scripts run the real program. What they need beside it:
//
//	exits CODE program args...   runs it and wants this exit code
//	dev DIR                      starts 'postroom dev' on the directory; its line fills $HTTP, $SMTP, $WORKSPACE, $ADDRESS …
//	serve FILE                   starts 'postroom serve' with the configuration, and waits until it is ready
//	stop                         ends it with SIGTERM and wants a clean end
//	mail FILE rcpt...            sends a message in over SMTP
//	member NAME VARIABLE         puts a member of the JSON on the last stdout into a variable
//	first LIST NAME VARIABLE     the same for the first object of a list
func TestTheCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition: func(name string) (bool, error) {
			if name != "root" {
				return false, fmt.Errorf("there is no condition %s", name)
			}
			return os.Geteuid() == 0, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits, "dev": scriptDev, "serve": scriptServe, "stop": scriptStop, "mail": scriptMail, "member": scriptMember, "first": scriptFirst,
		},
	})
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE program args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("run: %v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// devProcess is a server that a script started.
type devProcess struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc
	ended  bool
}

func scriptDev(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: dev DIR")
	}
	p, ready, err := startDev(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { p.kill() })
	ts.SetCmd("stop", func(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(p.stop()) })
	for name, value := range map[string]string{
		"HTTP": ready.HTTP, "SMTP": ready.SMTP, "OPERATOR_KEY": ready.OperatorKey, "WORKSPACE": ready.WorkspaceID, "WORKSPACE_KEY": ready.WorkspaceKey,
		"INBOX": ready.Inbox.ID, "ADDRESS": ready.Inbox.Address, "PASSWORD": ready.Inbox.Password, "CA": ready.CA,
	} {
		ts.Setenv(name, value)
	}
	ts.Setenv("TOMORROW", time.Now().UTC().Add(24*time.Hour).Format("2006-01-02T15:04:05Z"))
}

func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serve FILE")
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &devProcess{cancel: cancel, cmd: exec.CommandContext(ctx, "postroom", "serve", "--config", ts.MkAbs(args[0]))}
	ts.Defer(func() { p.kill() })
	log, err := p.cmd.StderrPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	late := time.AfterFunc(devDeadline, cancel)
	defer late.Stop()
	lines := bufio.NewScanner(log)
	for ready := false; !ready; ready = strings.Contains(lines.Text(), "msg=ready") {
		if !lines.Scan() {
			ts.Fatalf("serve is not ready: %s", lines.Text())
		}
	}
	go io.Copy(io.Discard, log) // ends with the process
	ts.SetCmd("stop", func(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(p.stop()) })
}

// devDeadline is how long a server may take to start or to stop before a test gives up.
const devDeadline = 30 * time.Second

// startDev runs the test binary as postroom and waits for its line.
func startDev(dataDir string, more ...string) (*devProcess, devReady, error) {
	ctx, cancel := context.WithCancel(context.Background())
	p := &devProcess{cancel: cancel, cmd: exec.CommandContext(ctx, "postroom", append([]string{"dev", "--json", "--data", dataDir}, more...)...)}
	p.cmd.Stderr = os.Stderr
	var ready devReady
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, ready, err
	}
	late := time.AfterFunc(devDeadline, cancel)
	defer late.Stop()
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		p.kill()
		return nil, ready, err
	}
	return p, ready, nil
}

func (p *devProcess) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(devDeadline, p.cancel)
	defer late.Stop()
	p.ended = true
	return p.cmd.Wait()
}

func (p *devProcess) kill() {
	p.cancel()
	if !p.ended {
		p.ended = true
		p.cmd.Wait() // killed: its error says no more
	}
}

func scriptStop(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Fatalf("nothing runs: dev starts it")
}

func scriptMail(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: mail FILE rcpt...")
	}
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "\n", "\r\n")
	err := sendPlain(ts.Getenv("SMTP"), "ada@example.com", args[1:], []byte(text))
	if (err != nil) != neg {
		ts.Fatalf("sending in: %v", err)
	}
}

func scriptMember(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: member NAME VARIABLE")
	}
	var object map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &object))
	setMember(ts, object, args[0], args[1])
}

func scriptFirst(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: first LIST NAME VARIABLE")
	}
	var answer map[string]json.RawMessage
	var list []map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &answer))
	ts.Check(json.Unmarshal(answer[args[0]], &list))
	if len(list) == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
	setMember(ts, list[0], args[1], args[2])
}

func setMember(ts *testscript.TestScript, object map[string]json.RawMessage, name, variable string) {
	raw, ok := object[name]
	if !ok {
		ts.Fatalf("there is no %s", name)
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(bytes.TrimSpace(raw))
	}
	ts.Setenv(variable, text)
}

// sendPlain sends without TLS: the certificate is the demo's own.
func sendPlain(addr, from string, to []string, text []byte) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Mail(from); err != nil {
		return err
	}
	for _, rcpt := range to {
		if err := c.Rcpt(rcpt); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	return errors.Join(w.Close(), c.Quit())
}
