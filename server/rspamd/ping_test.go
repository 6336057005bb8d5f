package rspamd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPingTellsWhetherRspamdIsThere(t *testing.T) {
	status := http.StatusOK
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ping" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(status)
		io.WriteString(w, "pong\r\n")
	}))
	c, err := New(Config{Address: there.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	status = http.StatusForbidden
	if err := c.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "403") {
		t.Error(err)
	}
	there.Close()
	if err := c.Ping(t.Context()); err == nil {
		t.Error("nobody is there")
	}
}
