package peers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for something that takes milliseconds on an idle machine.
const patience = 60 * time.Second

// need finds a peer, or skips the test by its name; in CI its absence is a failure.
func need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		absent(t, program)
	}
	return path
}

func absent(t testing.TB, what string) {
	t.Helper()
	Absent(t, what)
}

// shared finds the folder of common material beside the project.
func shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", name)
	if _, err := os.Stat(path); err != nil {
		absent(t, "shared/"+name)
	}
	return path
}

var built struct {
	sync.Once
	path string
	err  error
}

// binary builds the program once for all tests.
func binary(t testing.TB) string {
	t.Helper()
	built.Do(func() {
		dir, err := os.MkdirTemp("", "postroom-peers")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "postroom")
		cmd := exec.Command("go", "build", "-o", built.path, "github.com/postroom/postroom/cmd/postroom")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.path != "" {
		os.RemoveAll(filepath.Dir(built.path))
	}
	os.Exit(code)
}

// server is a running `postroom dev`, and the line that it printed.
type server struct {
	HTTP         string
	SMTP         string
	Submission   string
	Submissions  string
	IMAP, IMAPS  string
	OperatorKey  string
	WorkspaceID  string
	WorkspaceKey string
	Inbox        struct{ ID, Address, Password string }
	CA           string
	DataDir      string

	t      testing.TB
	cmd    *exec.Cmd
	stderr *bytes.Buffer
	done   chan struct{}
}

// start runs `postroom dev` over a data directory, under an optional wrapper such as strace, until the test ends.
func start(t testing.TB, dir string, wrapper ...string) *server {
	t.Helper()
	return startWith(t, dir, nil, wrapper...)
}

// startWith does the same with flags more.
func startWith(t testing.TB, dir string, flags []string, wrapper ...string) *server {
	t.Helper()
	args := append(append(wrapper, binary(t), "dev", "--json", "--data", dir), flags...)
	s := &server{t: t, cmd: exec.Command(args[0], args[1:]...), stderr: &bytes.Buffer{}, done: make(chan struct{})}
	s.cmd.Stderr = s.stderr
	s.cmd.WaitDelay = 5 * time.Second
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	go func() {
		io.Copy(io.Discard, out)
		s.cmd.Wait()
		close(s.done)
	}()
	if err != nil {
		<-s.done
		t.Fatalf("the server did not become ready: %v\n%s", err, s.stderr)
	}
	if err := json.Unmarshal(line, s); err != nil {
		t.Fatalf("the ready line is %q: %v", line, err)
	}
	return s
}

// kill ends the server as a power cut would end it, but for the page cache.
func (s *server) kill() {
	s.cmd.Process.Signal(syscall.SIGKILL)
	<-s.done
}

// stop asks the server to end and tells how it did.
func (s *server) stop() error {
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(patience):
		s.kill()
		return fmt.Errorf("it did not stop\n%s", s.stderr)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("exit code %d\n%s", code, s.stderr)
	}
	return nil
}

// call does one API call with a key and decodes the answer into out, if out is not nil.
func (s *server) call(method, path, key string, body, out any) int {
	s.t.Helper()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.HTTP+path, r)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-API-Key", key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	switch out := out.(type) {
	case nil:
	case *string:
		*out = string(raw)
	default:
		if err := json.Unmarshal(raw, out); err != nil {
			s.t.Fatalf("%s %s answered %d %q: %v", method, path, res.StatusCode, raw, err)
		}
	}
	return res.StatusCode
}

// message is what the tests look at.
type message struct {
	ID, Subject, Text, ExtractedText, DeliveredTo string
	From                                          struct{ Name, Address string }
}

// waitFor polls the journal, without sleeping, until n messages were received since the beginning.
func (s *server) waitFor(n int) []string {
	s.t.Helper()
	var ids []string
	cursor := ""
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		var page struct {
			Events []struct {
				Type string
				Data struct{ ID string }
			}
			NextCursor string
		}
		q := url.Values{"wait": {"5"}, "types": {"message.received"}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		if code := s.call("GET", "/v1/events?"+q.Encode(), s.WorkspaceKey, nil, &page); code != 200 {
			s.t.Fatalf("events answered %d", code)
		}
		for _, e := range page.Events {
			ids = append(ids, e.Data.ID)
		}
		if len(ids) >= n {
			return ids
		}
		cursor = page.NextCursor
	}
	s.t.Fatalf("%d of %d messages came\n%s", len(ids), n, s.stderr)
	return nil
}

func (s *server) message(id string) (m message) {
	s.t.Helper()
	if code := s.call("GET", "/v1/inboxes/"+s.Inbox.ID+"/messages/"+id, s.WorkspaceKey, nil, &m); code != 200 {
		s.t.Fatalf("message %s answered %d", id, code)
	}
	return m
}

func (s *server) raw(id string) (raw string) {
	s.t.Helper()
	if code := s.call("GET", "/v1/inboxes/"+s.Inbox.ID+"/messages/"+id+"/raw", s.WorkspaceKey, nil, &raw); code != 200 {
		s.t.Fatalf("raw of %s answered %d", id, code)
	}
	return raw
}

// run runs a peer with text on its standard input and gives what it printed.
func run(t testing.TB, input string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// runFailing runs a peer that has to fail and gives what it printed.
func runFailing(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err == nil {
		t.Fatalf("%s %q did not fail\n%s", name, args, out)
	}
	return string(out)
}
