package api

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/postroom/postroom/server/health"
)

func TestOnlyAnOperatorSeesHowTheServerDoes(t *testing.T) {
	check := health.New(health.Config{Hostname: "mail.host.net", Junk: func(context.Context) error { return errors.New("it is down") }})
	w := newWorld(t, Config{Health: check})
	var h serverHealth
	a := w.must(200, "GET", "/v1/health", w.operator, "", &h)
	if h.Status != "error" || len(h.Findings) != 2 || h.Findings[1].Name != "rspamd" || h.Findings[1].Advice == "" {
		t.Error(a.body)
	}
	if strings.Contains(a.body, w.a.domain) {
		t.Errorf("it tells of a tenant: %s", a.body)
	}
	for _, key := range []string{w.a.key, w.a.inboxKey} {
		w.must(403, "GET", "/v1/health", key, "", nil)
	}
}
