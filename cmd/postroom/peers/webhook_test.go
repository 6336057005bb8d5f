package peers

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// hookReceiver is a customer's program that gets webhooks, with the libraries that such programs use.
type hookReceiver struct {
	t     *testing.T
	lines *bufio.Scanner
	in    io.Writer
	url   string
}

// hookHeard is what the receiver tells of a request: true, or what a library has against it.
type hookHeard struct {
	Port                     int
	Secret                   bool
	Standard, Svix, Tampered any
	Signatures               int
	ID, Token                string
	Event                    struct {
		Type, ID string
		Test     bool
		Data     struct{ Subject, Text string }
	}
}

func startReceiver(t *testing.T) *hookReceiver {
	t.Helper()
	node := need(t, "node")
	dir := filepath.Join("testdata", "webhook")
	for _, library := range []string{"standardwebhooks", "svix"} {
		if _, err := os.Stat(filepath.Join(dir, "node_modules", library)); err != nil {
			absent(t, "npm's "+library+" (npm ci in cmd/postroom/peers/testdata/webhook)")
		}
	}
	cmd := exec.CommandContext(t.Context(), node, "receiver.mjs")
	cmd.Dir, cmd.Stderr, cmd.WaitDelay = dir, os.Stderr, 5*time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	r := &hookReceiver{t: t, lines: bufio.NewScanner(out), in: in}
	r.lines.Buffer(nil, 1<<20)
	r.url = fmt.Sprintf("http://127.0.0.1:%d/hook", r.hear().Port)
	return r
}

func (r *hookReceiver) hear() (h hookHeard) {
	r.t.Helper()
	if !r.lines.Scan() {
		r.t.Fatalf("the receiver ended: %v", r.lines.Err())
	}
	if err := json.Unmarshal(r.lines.Bytes(), &h); err != nil {
		r.t.Fatalf("%s: %v", r.lines.Text(), err)
	}
	return h
}

// knows gives the receiver the secret by which it checks from now on.
func (r *hookReceiver) knows(secret string) {
	r.t.Helper()
	fmt.Fprintln(r.in, secret)
	if !r.hear().Secret {
		r.t.Fatal("the receiver did not take the secret")
	}
}

// good checks that both libraries took a request, and would not take another body.
func (r *hookReceiver) good(what string, h hookHeard, signatures int) {
	r.t.Helper()
	if h.Standard != true || h.Svix != true || h.Tampered == true || h.Signatures != signatures || h.ID != h.Event.ID {
		r.t.Errorf("%s: %+v", what, h)
	}
}

// mail sends a message in; it is acknowledged if there is no error.
func (s *server) mail(subject string) error {
	c, err := smtp.Dial(s.SMTP)
	if err != nil {
		return err
	}
	defer c.Close()
	return transaction(c, s.Inbox.Address, "From: a@sender.example\r\nSubject: "+subject+"\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nhello — ünïcode\r\n")
}

// mailed is mail that must be acknowledged.
func (s *server) mailed(subject string) {
	s.t.Helper()
	if err := s.mail(subject); err != nil {
		s.t.Fatal(err)
	}
}

func TestThePublishedLibrariesTakeOurSignatures(t *testing.T) {
	r := startReceiver(t)
	s := start(t, t.TempDir())
	var hook struct{ ID, Secret string }
	if code := s.call("POST", "/v1/webhooks", s.WorkspaceKey, map[string]any{"url": r.url, "eventTypes": []string{"message.received"}, "headers": map[string]string{"X-Token": "hush"}}, &hook); code != 201 {
		t.Fatalf("a webhook answered %d", code)
	}
	r.knows(hook.Secret)
	s.mailed("first")
	h := r.hear()
	r.good("an event", h, 1)
	if h.Event.Type != "message.received" || h.Event.Data.Subject != "first" || strings.TrimSpace(h.Event.Data.Text) != "hello — ünïcode" || h.Token != "hush" {
		t.Errorf("the event is %+v", h)
	}
	if code := s.call("POST", "/v1/webhooks/"+hook.ID+"/test", s.WorkspaceKey, map[string]any{}, nil); code != 200 {
		t.Errorf("a test answered %d", code)
	}
	if h = r.hear(); !h.Event.Test {
		t.Errorf("a test is %+v", h)
	}
	r.good("a test", h, 1)
	old := hook.Secret
	if code := s.call("POST", "/v1/webhooks/"+hook.ID+"/rotate-secret", s.WorkspaceKey, nil, &hook); code != 201 || hook.Secret == old {
		t.Fatalf("a rotation answered %d", code)
	}
	s.mailed("second")
	r.good("with the old secret, in the overlap", r.hear(), 2)
	r.knows(hook.Secret)
	s.mailed("third")
	r.good("with the new secret", r.hear(), 2)
	r.knows("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	s.mailed("fourth")
	if h = r.hear(); h.Standard == true || h.Svix == true {
		t.Errorf("with another secret: %+v", h)
	}
}

// kills is how often the server is killed while it posts.
const kills = 20

// gathered is what an endpoint got over all kills.
type gathered struct {
	mu    sync.Mutex
	by    map[string]map[string]int // how often, by subject and event id
	posts int
	here  func(post int, answer func()) // what is done with a request; nil: it is answered
	came  chan string
}

// ServeHTTP notes a request.
func (g *gathered) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e struct {
		ID   string
		Data struct{ Subject string }
	}
	if json.NewDecoder(r.Body).Decode(&e) != nil || e.ID != r.Header.Get("Webhook-Id") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	if g.by[e.Data.Subject] == nil {
		g.by[e.Data.Subject] = map[string]int{}
	}
	g.by[e.Data.Subject][e.ID]++
	g.posts++
	here := g.here
	post := g.posts
	g.mu.Unlock()
	answer := func() { w.WriteHeader(http.StatusNoContent); http.NewResponseController(w).Flush() }
	if here != nil {
		here(post, answer)
	} else {
		answer()
	}
	select {
	case g.came <- e.Data.Subject:
	case <-r.Context().Done():
	}
}

// Between a post and the note of it there is a moment that a kill can fall into: then the same event comes again, under the same id.
func TestKilledWhileItPostsNoEventIsLostAndIDsDedupe(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: it starts and kills the server 20 times")
	}
	g := &gathered{by: map[string]map[string]int{}, came: make(chan string, 10_000)}
	endpoint := httptest.NewServer(g)
	defer endpoint.Close()
	dir := t.TempDir()
	s := start(t, dir)
	if code := s.call("POST", "/v1/webhooks", s.WorkspaceKey, map[string]any{"url": endpoint.URL, "eventTypes": []string{"message.received"}}, nil); code != 201 {
		t.Fatalf("a webhook answered %d", code)
	}
	var acknowledged []string
	mail := func(subject string) {
		if s.mail(subject) == nil {
			acknowledged = append(acknowledged, subject)
		}
	}
	for round := range kills {
		mail(fmt.Sprintf("before-%d", round))
		dead := make(chan struct{})
		var once sync.Once
		g.meet(func(post int, answer func()) {
			if post%2 == 0 { // the answer comes, and then the end
				answer()
			}
			once.Do(func() { s.kill(); close(dead) })
		})
		for i := range 3 { // the kill falls between
			mail(fmt.Sprintf("meanwhile-%d-%d", round, i))
		}
		select {
		case <-dead:
		case <-time.After(patience):
			t.Fatalf("round %d: nothing was posted\n%s", round, s.stderr)
		}
		g.meet(nil)
		s = start(t, dir)
	}
	deadline := time.After(patience)
	for missing := g.missing(acknowledged); missing != ""; missing = g.missing(acknowledged) {
		select {
		case <-g.came:
		case <-deadline:
			t.Fatalf("%s was acknowledged and never posted\n%s", missing, s.stderr)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	again := 0
	for subject, ids := range g.by {
		if len(ids) != 1 {
			t.Errorf("%s came under the ids %v", subject, ids)
		}
		for _, n := range ids {
			again += n - 1
		}
	}
	t.Logf("%d events over %d kills, %d of them came again", len(g.by), kills, again)
}

// meet says what is done with requests from now on.
func (g *gathered) meet(here func(post int, answer func())) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.here = here
}

// missing is a mail that has not come yet, "" if none is.
func (g *gathered) missing(mails []string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, subject := range mails {
		if len(g.by[subject]) == 0 {
			return subject
		}
	}
	return ""
}
