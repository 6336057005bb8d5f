package peers

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

// repeated is a request with an Idempotency-Key that is made until it is answered.
type repeated struct{ path, body, key string }

// try makes the request once. answered is false if the server ended meanwhile.
func (r repeated) try(s *server) (body string, status int, answered bool) {
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", s.HTTP+r.path, strings.NewReader(r.body))
	if err != nil {
		s.t.Error(err)
		return "", 0, false
	}
	req.Header.Set("X-API-Key", s.WorkspaceKey)
	req.Header.Set("Idempotency-Key", r.key)
	req.Header.Set("Content-Type", "application/json")
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", 0, false
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return string(text), res.StatusCode, err == nil
}

// The server is killed while a request is under way, or behind its answer; the client makes it again until it has one. What it asked
// for is there once, whichever moment it was.
func TestARequestThatIsMadeAgainAfterAKillIsDoneOnce(t *testing.T) {
	rounds := 5
	if testing.Short() {
		rounds = 2
	}
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	s := start(t, dir)
	list := "/v1/inboxes/" + s.Inbox.ID
	var d struct{ ID string }
	for i := range rounds {
		if status := s.call("POST", list+"/drafts", s.WorkspaceKey, map[string]any{"to": "ann@x.example", "subject": fmt.Sprintf("draft %d", i)}, &d); status != 201 {
			t.Fatalf("%d", status)
		}
		requests := []repeated{
			{list + "/messages", `{"to":"ann@x.example","subject":"sent"}`, fmt.Sprintf("send-%d", i)},
			{list + "/drafts", `{"to":"ann@x.example","subject":"made"}`, fmt.Sprintf("make-%d", i)},
			{list + "/drafts/" + d.ID + "/send", "", fmt.Sprintf("draft-%d", i)},
		}
		first := make([]string, len(requests)) // the answers that came before the kill
		done := make(chan struct{})
		go func() {
			defer close(done)
			for k, r := range requests {
				if body, status, answered := r.try(s); answered && status/100 == 2 {
					first[k] = body
				}
			}
		}()
		select { // the random moment
		case <-done:
		case <-time.After(time.Duration(rng.IntN(40)) * time.Millisecond):
		}
		s.kill()
		<-done
		s = start(t, dir)
		for k, r := range requests {
			body, status, answered := r.try(s)
			if !answered || status/100 != 2 || first[k] != "" && body != first[k] && !(k == 1 && sameID(body, first[k])) {
				t.Errorf("round %d, %s: %d %s, before %s", i, r.path, status, body, first[k])
			}
		}
	}
	var messages struct {
		Messages []struct{ Subject string }
	}
	s.call("GET", list+"/messages?limit=200", s.WorkspaceKey, nil, &messages)
	count := map[string]int{}
	for _, m := range messages.Messages {
		kind, _, _ := strings.Cut(m.Subject, " ")
		count[kind]++
	}
	for _, kind := range []string{"sent", "made", "draft"} {
		if count[kind] != rounds {
			t.Errorf("%d of %q, want %d", count[kind], kind, rounds)
		}
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

func sameID(a, b string) bool {
	var x, y struct{ ID string }
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && x.ID == y.ID
}

// What is scheduled outlives kills, and is sent once.
func TestWhatIsScheduledIsSentOnceThoughTheServerIsKilled(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	list := "/v1/inboxes/" + s.Inbox.ID
	at := time.Now().Add(3 * time.Second).UTC().Format(time.RFC3339Nano)
	for _, route := range []string{"/messages", "/drafts"} {
		if status := s.call("POST", list+route, s.WorkspaceKey, map[string]any{"to": s.Inbox.Address, "subject": "scheduled " + route, "sendAt": at}, nil); status/100 != 2 {
			t.Fatalf("%s: %d", route, status)
		}
	}
	s.kill()
	s = start(t, dir)
	for deadline := time.Now().Add(patience); s.scheduled() != "2 received, 2 delivered, 0 open"; {
		if time.Now().After(deadline) {
			t.Fatal(s.scheduled())
		}
		s.call("POST", list+"/wait", s.WorkspaceKey, map[string]any{"match": map[string]any{"subject": "nothing of the kind"}, "timeoutSeconds": 1}, nil)
	}
	s.kill()
	s = start(t, dir)
	s.call("POST", list+"/messages", s.WorkspaceKey, map[string]any{"to": s.Inbox.Address, "subject": "behind"}, nil)
	s.call("POST", list+"/wait", s.WorkspaceKey, map[string]any{"match": map[string]any{"subject": "behind", "after": "2020-01-01T00:00:00Z"}, "timeoutSeconds": 60}, nil)
	if got := s.scheduled(); got != "2 received, 2 delivered, 0 open" {
		t.Error(got)
	}
}

// scheduled tells what became of the messages that were scheduled.
func (s *server) scheduled() string {
	s.t.Helper()
	var list struct {
		Messages []struct {
			Subject, Status string
			Labels          []string
		}
	}
	s.call("GET", "/v1/inboxes/"+s.Inbox.ID+"/messages?limit=200", s.WorkspaceKey, nil, &list)
	received, delivered, open := 0, 0, 0
	for _, m := range list.Messages {
		switch {
		case !strings.HasPrefix(m.Subject, "scheduled"):
		case m.Labels[0] == "received":
			received++
		case m.Labels[0] == "sent" && m.Status == "delivered":
			delivered++
		default:
			open++
		}
	}
	return fmt.Sprintf("%d received, %d delivered, %d open", received, delivered, open)
}
