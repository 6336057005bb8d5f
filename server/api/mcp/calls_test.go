package mcp

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/postroom/postroom/server/api/client"
)

// answer is a line of a server's.
type answer struct {
	ID     int
	Error  *struct{ Message string }
	Result json.RawMessage
}

// A batch, or a program gone wild, may ask for more than the memory holds.
func TestAKeyHasNoMoreCallsAtATimeThanItMay(t *testing.T) {
	release := make(chan struct{})
	var asked, most atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		most.Store(max(most.Load(), asked.Add(1)))
		<-release
		io.WriteString(w, `{"inboxes":[]}`)
	}))
	defer api.Close()
	in, ask := io.Pipe()
	told, out := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- Serve(t.Context(), Config{}, &Caller{API: &client.Client{URL: api.URL}}, in, out) }()
	lines := bufio.NewScanner(told)
	next := func() (a answer) {
		t.Helper()
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &a) != nil {
			t.Fatalf("answered %q, %v", lines.Text(), lines.Err())
		}
		return a
	}
	fmt.Fprintln(ask, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
	next()
	fmt.Fprintln(ask, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	go func() {
		for i := range MaxKeyCalls + 1 {
			fmt.Fprintf(ask, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"list_inboxes","arguments":{}}}`+"\n", i+2)
		}
	}()
	if a := next(); a.Error == nil || a.Error.Message != errManyCalls.Error() {
		t.Errorf("one too many: %+v", a)
	}
	close(release)
	for range MaxKeyCalls {
		if a := next(); a.Error != nil || len(a.Result) == 0 {
			t.Errorf("one that ran: %+v", a)
		}
	}
	ask.Close()
	if err := <-served; err != nil || most.Load() > MaxKeyCalls {
		t.Errorf("%d ran, %v", most.Load(), err)
	}
}
