package peers

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sdkPrograms are the programs of testdata/agentmail/sdk.mjs that need nothing but a server.
var sdkPrograms = []string{"pods", "inboxes", "messages", "threads", "across", "drafts", "search", "metrics", "sockets", "webhooks", "domains", "keys", "lists", "walls", "absent"}

// sdk is a program of testdata/agentmail/sdk.mjs against a server.
func sdk(t *testing.T, s *server, program string) *exec.Cmd {
	t.Helper()
	dir := filepath.Join("testdata", "agentmail")
	node := need(t, "node")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "agentmail")); err != nil {
		absent(t, "npm's agentmail (npm ci in cmd/postroom/peers/testdata/agentmail)")
	}
	cmd := exec.CommandContext(t.Context(), node, filepath.Join(dir, "sdk.mjs"), program)
	cmd.Env = append(os.Environ(), "POSTROOM_URL="+s.HTTP, "POSTROOM_KEY="+s.OperatorKey, "POSTROOM_POD_KEY="+s.WorkspaceKey)
	return cmd
}

// The SDK is the published package, told nothing but where the server is.
func TestAgentMailsSDKWorksWithNothingButItsBaseURL(t *testing.T) {
	s := start(t, t.TempDir())
	for _, program := range sdkPrograms {
		t.Run(program, func(t *testing.T) {
			if out, err := sdk(t, s, program).CombinedOutput(); err != nil || strings.Contains(string(out), "Failed to validate") {
				t.Errorf("%v\n%s\n%s", err, out, s.stderr)
			}
		})
	}
}

func TestAgentMailsSDKComesBackAfterARestart(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	cmd := sdk(t, s, "reconnect")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	next := func(step string) (line struct {
		Step, Subject string
		Code          int
	}) {
		t.Helper()
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &line) != nil || line.Step != step {
			t.Fatalf("not %s but %q", step, lines.Text())
		}
		return line
	}
	next("ready")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if code := next("close").Code; code != 1012 {
		t.Errorf("the socket was closed with %d", code)
	}
	again := startWith(t, dir, []string{"--http", strings.TrimPrefix(s.HTTP, "http://")})
	next("open")
	if code := again.call("POST", "/v1/inboxes/"+again.Inbox.ID+"/simulate", again.WorkspaceKey, map[string]string{"scenario": "message"}, nil); code != 201 {
		t.Fatalf("simulate answered %d", code)
	}
	if next("heard").Subject == "" {
		t.Error("the event has no subject")
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
