package api

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/server/api/client"
	"github.com/postroom/postroom/server/api/client/generate"
)

var update = flag.Bool("update", false, "write the client anew")

func TestTheClientIsWrittenFromTheDocument(t *testing.T) {
	w := newWorld(t, Config{})
	files, err := generate.Client([]byte(w.do("GET", "/openapi.json", "", "").body))
	if err != nil {
		t.Fatal(err)
	}
	there, err := filepath.Glob("client/generated_*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range there {
		if _, wanted := files[filepath.Base(path)]; wanted {
			continue
		}
		if !*update {
			t.Errorf("%s is of a part that the document does not have", path)
		} else if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for name, source := range files {
		path := filepath.Join("client", name)
		if *update {
			if err := os.WriteFile(path, source, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if is, err := os.ReadFile(path); err != nil || !bytes.Equal(is, source) {
			t.Errorf("%s is not what the document says (%v): go test ./server/api -run Client -update", path, err)
		}
	}
}

func (w *world) client(key string) *client.Client { return &client.Client{URL: w.http.URL, Key: key} }

func TestTheClientDoesWhatTheDocumentTells(t *testing.T) {
	w := newWorld(t, Config{})
	c, ctx := w.client(w.a.key), t.Context()
	in, err := c.CreateInbox(ctx, client.CreateInboxParams{IdempotencyKey: "once"}, client.NewInboxBody{Username: "sales", Domain: w.a.domain, DisplayName: new("Sales & more")})
	if err != nil || in.Address != "sales@"+w.a.domain || in.DisplayName != "Sales & more" {
		t.Fatalf("made %+v: %v", in, err)
	}
	again, err := c.CreateInbox(ctx, client.CreateInboxParams{IdempotencyKey: "once"}, client.NewInboxBody{Username: "sales", Domain: w.a.domain, DisplayName: new("Sales & more")})
	if err != nil || again.ID != in.ID || again.Password != in.Password {
		t.Errorf("once more: %+v: %v", again, err)
	}
	sent, err := c.SendMessage(ctx, in.Address, client.SendMessageParams{}, client.NewMessageBody{To: []string{"ann@x.example"}, Subject: new("Hello"), Text: new("x")})
	if err != nil || sent.Status != "queued" {
		t.Fatalf("sent %+v: %v", sent, err)
	}
	list, err := c.ListMessages(ctx, in.ID, client.ListMessagesParams{Labels: []string{"sent", "read"}, After: time.Now().Add(-time.Hour), Limit: 1})
	if err != nil || len(list.Messages) != 1 || list.Messages[0].ID != sent.ID || list.Messages[0].SentAt.IsZero() {
		t.Errorf("listed %+v: %v", list, err)
	}
	if later, err := c.ListMessages(ctx, in.ID, client.ListMessagesParams{After: time.Now().Add(time.Hour)}); err != nil || len(later.Messages) != 0 {
		t.Errorf("listed %+v: %v", later, err)
	}
	raw, err := c.GetRawMessage(ctx, in.ID, sent.ID, client.GetRawMessageParams{})
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if text, err := io.ReadAll(raw); err != nil || !bytes.Contains(text, []byte("Subject: Hello\r\n")) {
		t.Errorf("raw %q: %v", text, err)
	}
	if err := c.DeleteInbox(ctx, in.ID, client.DeleteInboxParams{}); err != nil {
		t.Error(err)
	}
}

func TestTheClientEscapesWhatStandsInAPath(t *testing.T) {
	w := newWorld(t, Config{})
	problem := (*client.Problem)(nil)
	if in, err := w.client(w.a.key).GetInbox(t.Context(), "../workspaces/"+w.a.id+"?x=", client.GetInboxParams{}); !errors.As(err, &problem) || problem.Status != 404 || problem.Code != "not_found" {
		t.Errorf("got %+v: %v", in, err)
	}
}

// A proxy on the way may resolve dots before the server sees them.
func TestTheClientAsksNothingThatWouldArriveElsewhere(t *testing.T) {
	asked := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer proxy.Close()
	c, problem := &client.Client{URL: proxy.URL}, (*client.Problem)(nil)
	for _, id := range []string{"", ".", ".."} {
		if err := c.DeleteThread(t.Context(), "inb_1", id, client.DeleteThreadParams{}); !errors.As(err, &problem) || problem.Status != 404 {
			t.Errorf("the thread %q: %v", id, err)
		}
		if err := c.DeleteThread(t.Context(), id, "thr_1", client.DeleteThreadParams{}); !errors.As(err, &problem) || problem.Status != 404 {
			t.Errorf("the inbox %q: %v", id, err)
		}
	}
	if _, err := c.CreateInbox(t.Context(), client.CreateInboxParams{IdempotencyKey: "a\r\nX-API-Key: b"}, client.NewInboxBody{}); !errors.As(err, &problem) || problem.Status != 400 {
		t.Errorf("a key of two lines: %v", err)
	}
	if asked != 0 {
		t.Errorf("the server was asked %d times", asked)
	}
}

func TestTheClientTellsNullFromNothing(t *testing.T) {
	w := newWorld(t, Config{})
	c, ctx := w.client(w.a.key), t.Context()
	soon := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	for _, step := range []struct {
		change client.KeyChangeInput
		want   time.Time
	}{
		{client.KeyChangeInput{ExpiresAt: client.To(soon)}, soon},
		{client.KeyChangeInput{Name: new("renamed")}, soon},
		{client.KeyChangeInput{ExpiresAt: client.Null[time.Time]()}, time.Time{}},
	} {
		k, err := c.UpdateInboxKey(ctx, w.a.inbox, w.a.inboxKeyID, client.UpdateInboxKeyParams{}, step.change)
		if err != nil || !k.ExpiresAt.Equal(step.want) {
			t.Errorf("%+v gave %+v: %v", step.change, k, err)
		}
	}
}

func TestARefusalIsAProblemWithItsFields(t *testing.T) {
	w := newWorld(t, Config{})
	_, err := w.client(w.a.key).SendMessage(t.Context(), w.a.inbox, client.SendMessageParams{}, client.NewMessageBody{To: "no address", Subject: new("x")})
	problem := (*client.Problem)(nil)
	if !errors.As(err, &problem) || problem.Status != 400 || len(problem.Errors) != 1 || problem.RequestID == "" || !strings.Contains(err.Error(), problem.Errors[0].Path+": ") {
		t.Errorf("refused with %#v", err)
	}
}
