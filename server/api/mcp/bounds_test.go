package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/postroom/postroom/server/api/client"
)

func TestAListHasNoMoreEntriesThanItMay(t *testing.T) {
	for asked, want := range map[int64]int64{-1: defaultListed, 0: defaultListed, 1: 1, maxListed: maxListed, maxListed + 1: maxListed, 1 << 40: maxListed} {
		if got := (page{Limit: asked}).limit(); got != want {
			t.Errorf("of %d that are asked for %d are listed, want %d", asked, got, want)
		}
	}
}

func TestATextIsCutBetweenCharacters(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
		cut  bool
	}{
		{strings.Repeat("x", maxAttachmentText), maxAttachmentText, false}, {strings.Repeat("x", maxAttachmentText+1), maxAttachmentText, true},
		{"x" + strings.Repeat("é", maxAttachmentText/2), maxAttachmentText - 1, true},
	} {
		if got, cut := clip(c.text); len(got) != c.want || cut != c.cut || !utf8.ValidString(got) {
			t.Errorf("%.5s…: %d octets, %v", c.text, len(got), cut)
		}
	}
}

// What is too large is not fetched: the server of this test has no attachment.
func TestWhatIsTooLargeIsNotRead(t *testing.T) {
	api := httptest.NewServer(http.NotFoundHandler())
	defer api.Close()
	s := newServer(Config{}, nil)
	for name, a := range map[string]client.Attachment{
		"a text":                  {ContentType: "text/plain", Size: maxDocument + 1},
		"a picture":               {ContentType: "image/png", Size: maxPicture + 1},
		"a PDF that nobody reads": {ContentType: "application/pdf", Size: 1},
	} {
		r, err := s.readAttachment(t.Context(), &Caller{API: &client.Client{URL: api.URL}}, attachmentRead{}, a)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text, _ := json.Marshal(r.(*mcp.CallToolResult).StructuredContent); !strings.Contains(string(text), "not given here") {
			t.Errorf("%s: %s", name, text)
		}
	}
	for name, a := range map[string]client.Attachment{"a text": {ContentType: "text/plain", Size: maxDocument}, "a picture": {ContentType: "image/png", Size: maxPicture}} {
		if _, err := s.readAttachment(t.Context(), &Caller{API: &client.Client{URL: api.URL}}, attachmentRead{}, a); err == nil {
			t.Errorf("%s that is just small enough was not asked for", name)
		}
	}
	for range maxReading {
		s.reading <- struct{}{}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.readAttachment(over, &Caller{API: &client.Client{URL: api.URL}}, attachmentRead{}, client.Attachment{ContentType: "text/plain"}); !errors.Is(err, over.Err()) {
		t.Errorf("beside all that may be read: %v", err)
	}
}

// connected are so many sessions of clients.
func (s *server) connected(t *testing.T, n int) (list []*mcp.ServerSession) {
	t.Helper()
	for range n {
		_, transport := mcp.NewInMemoryTransports()
		session, err := s.mcp.Connect(t.Context(), transport, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { session.Close() })
		list = append(list, session)
	}
	return list
}

func TestSessionsAreBoundedInAllAndForEachKey(t *testing.T) {
	s := newServer(Config{}, nil)
	list := s.connected(t, MaxSessions+2)
	for i, session := range list[:MaxSessions] {
		if err := s.watches.enter(session, fmt.Sprint("key", i/MaxKeySessions)); err != nil {
			t.Fatalf("session %d: %v", i, err)
		}
	}
	if err := s.watches.enter(list[0], "key0"); err != nil {
		t.Errorf("one that is counted already: %v", err)
	}
	if err := s.watches.enter(list[MaxSessions], "another"); !errors.Is(err, errManySessions) {
		t.Errorf("one more than all: %v", err)
	}
	list[MaxSessions-1].Close()
	for s.watches.count() == MaxSessions { // it is noticed soon
		runtime.Gosched()
	}
	if err := s.watches.enter(list[MaxSessions+1], "key0"); !errors.Is(err, errManySessions) {
		t.Errorf("one more of a key: %v", err)
	}
}

func (w *watches) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sessions)
}

func TestASessionSubscribesToNoMoreThreadsThanItMay(t *testing.T) {
	held := make(chan struct{})
	defer close(held)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("wait") != "" { // for news that do not come
			select {
			case <-held:
			case <-r.Context().Done():
			}
		}
		io.WriteString(w, `{"events":[],"nextCursor":"c","prompt":""}`)
	}))
	defer api.Close()
	s := newServer(Config{}, nil)
	defer s.watches.close()
	session := s.connected(t, 1)[0]
	ctx := context.WithValue(t.Context(), callerKey{}, &Caller{API: &client.Client{URL: api.URL}, ID: "key"})
	subscribe := func(i int) error {
		return s.watches.subscribe(ctx, &mcp.SubscribeRequest{Session: session, Params: &mcp.SubscribeParams{URI: fmt.Sprintf("%sinb/threads/thr%d", inboxesURI, i)}})
	}
	for i := range MaxWatched {
		if err := subscribe(i); err != nil {
			t.Fatalf("thread %d: %v", i, err)
		}
	}
	if err := subscribe(MaxWatched); !errors.Is(err, errManyWatched) {
		t.Errorf("one more: %v", err)
	}
	if err := s.watches.unsubscribe(ctx, &mcp.UnsubscribeRequest{Session: session, Params: &mcp.UnsubscribeParams{URI: inboxesURI + "inb/threads/thr0"}}); err != nil {
		t.Error(err)
	}
	if err := subscribe(MaxWatched); err != nil {
		t.Errorf("in the place of one that was left: %v", err)
	}
}
