package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// answering serves made-up answers on the socket of a data directory, to see how the commands show them. What the real
// API answers, the scripts test.
func answering(t *testing.T, answer http.HandlerFunc) (dataDir string) {
	t.Helper()
	dir := t.TempDir()
	ln, err := listenSocket(dir, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- httpService{listener: ln, handler: answer, grace: time.Second, log: quietLog()}.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return dir
}

// postroomRuns runs a command line in this process.
func postroomRuns(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = execute(t.Context(), terminal{in: strings.NewReader(""), out: &out, err: &err}, args)
	return code, out.String(), err.String()
}

func TestARefusalShowsSentenceFieldsAndRequest(t *testing.T) {
	dir := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(400)
		io.WriteString(w, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"The name is too long.","code":"invalid","requestId":"req_1","errors":[{"path":"body.name","message":"at most 200 characters"}]}`)
	})
	code, stdout, stderr := postroomRuns(t, "workspace", "create", "x", "--data", dir)
	want := "postroom: The name is too long.\n  body.name: at most 200 characters\n  request req_1\n"
	if code != 1 || stdout != "" || stderr != want {
		t.Errorf("code %d, out %q, err %q", code, stdout, stderr)
	}
}

func TestARefusalThatIsNoProblemIsShownByItsStatus(t *testing.T) {
	dir := answering(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", http.StatusBadGateway) })
	code, _, stderr := postroomRuns(t, "workspace", "list", "--data", dir)
	if code != 1 || !strings.Contains(stderr, "502 Bad Gateway") {
		t.Errorf("code %d, err %q", code, stderr)
	}
}

func TestNoServerSaysHowToStartOne(t *testing.T) {
	dir := t.TempDir()
	for _, prepare := range []func(){
		func() {},
		func() { // a crash left the socket behind
			ln, err := listenSocket(dir, quietLog())
			if err != nil {
				t.Fatal(err)
			}
			ln.(*peerListener).SetUnlinkOnClose(false)
			ln.Close()
			if _, err := os.Stat(socketPath(dir)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		prepare()
		code, _, stderr := postroomRuns(t, "workspace", "list", "--data", dir)
		if code != 1 || !strings.Contains(stderr, "no server runs on the data directory "+dir) || !strings.Contains(stderr, "postroom serve --config") {
			t.Errorf("code %d, err %q", code, stderr)
		}
	}
}

func TestAListNamesTheCursorOfTheNextPage(t *testing.T) {
	dir := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.RequestURI(); got != "/v1/inboxes?cursor=c1&limit=1&workspaceId=ws_1" {
			t.Errorf("asked for %s", got)
		}
		io.WriteString(w, `{"inboxes":[{"id":"inb_1","address":"a@b.example"}],"nextCursor":"c2"}`)
	})
	code, stdout, stderr := postroomRuns(t, "inbox", "list", "--workspace", "ws_1", "--limit", "1", "--cursor", "c1", "--data", dir)
	if code != 0 || stdout != "ID     ADDRESS      NAME  CREATED\ninb_1  a@b.example        \n" || stderr != "There are more: --cursor c2\n" {
		t.Errorf("code %d, out %q, err %q", code, stdout, stderr)
	}
}

func TestJSONIsTheAnswerAsItIs(t *testing.T) {
	const answer = `{"id":"ws_1", "name":"A — B", "extra":[1.50]}`
	dir := answering(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) })
	if code, stdout, _ := postroomRuns(t, "workspace", "show", "ws_1", "--json", "--data", dir); code != 0 || stdout != answer+"\n" {
		t.Errorf("code %d, out %q", code, stdout)
	}
}

func TestAnIdCannotLeadToAnotherRoute(t *testing.T) {
	dir := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.EscapedPath(); got != "/v1/workspaces/..%2Fdomains%3Fx" {
			t.Errorf("asked for %s", got)
		}
		w.WriteHeader(204)
	})
	if code, stdout, _ := postroomRuns(t, "workspace", "delete", "../domains?x", "--data", dir); code != 0 || stdout != "../domains?x is deleted.\n" {
		t.Errorf("code %d, out %q", code, stdout)
	}
}

func TestAKeyIsMadeForItsOwner(t *testing.T) {
	var path string
	var body map[string]any
	dir := answering(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.RequestURI()
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		io.WriteString(w, `{"id":"key_1","key":"pr_in_secret"}`)
	})
	code, stdout, stderr := postroomRuns(t, "key", "create", "--inbox", "a@b.example", "--name", "bot", "--permission", "read", "--permission", "draft", "--data", dir)
	if code != 0 || !strings.Contains(stdout, "pr_in_secret") || !strings.Contains(stderr, "keep it now") {
		t.Errorf("code %d, out %q, err %q", code, stdout, stderr)
	}
	if encoded, err := json.Marshal(body); err != nil || path != "/v1/inboxes/a@b.example/api-keys" || string(encoded) != `{"name":"bot","permissions":["read","draft"]}` {
		t.Errorf("asked %s with %s, %v", path, encoded, err)
	}
}

func TestAServerThatIsNotReadyFailsTheHealthcheck(t *testing.T) {
	status := 200
	dir := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(status)
		io.WriteString(w, `{"status":"ok"}`)
	})
	if code, stdout, _ := postroomRuns(t, "healthcheck", "--data", dir); code != 0 || stdout != "ready\n" {
		t.Errorf("code %d, out %q", code, stdout)
	}
	status = 503
	if code, _, stderr := postroomRuns(t, "healthcheck", "--data", dir); code != 1 || !strings.Contains(stderr, "the server is not ready") {
		t.Errorf("code %d, err %q", code, stderr)
	}
}
